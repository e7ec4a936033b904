//! The state that all adapters of one reading share.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use super::deviation::{Deviation, DeviationKind};
use super::path::Path;

/// The deepest nesting of lists and objects that a type reads. A level takes about 8 KiB of stack in an
/// unoptimised build, and a thread may have only 256 KiB. A value that no type reads, or that is kept
/// as text, may be nested to any depth.
pub(super) const DEEPEST: usize = 16;

/// The most deviations that are recorded: a page of thousands of items has the same ones in each.
pub(super) const MOST_DEVIATIONS: usize = 256;

pub(super) struct Context {
    /// Whether a deviation is an error.
    pub(super) strict: bool,
    /// Whether the values of an object are collected before it is read, to compare repeated keys.
    pub(super) buffered: bool,
    /// Whether a key was repeated.
    pub(super) repeated_key: Cell<bool>,
    /// The lists and objects that enclose the current value. serde_json counts them as well, but from
    /// zero for each collected value.
    levels: Cell<usize>,
    pub(super) deviations: RefCell<Vec<Deviation>>,
    /// Pointer and problem of the first failure, which is the innermost one.
    pub(super) failure: RefCell<Option<(String, Cow<'static, str>)>>,
}

impl Context {
    pub(super) fn new(strict: bool, buffered: bool) -> Self {
        Self {
            strict,
            buffered,
            repeated_key: Cell::new(false),
            levels: Cell::new(0),
            deviations: RefCell::default(),
            failure: RefCell::default(),
        }
    }

    /// Records a failure, unless one is recorded.
    pub(super) fn note(&self, path: &Path<'_>, problem: impl Into<Cow<'static, str>>) {
        let mut failure = self.failure.borrow_mut();
        if failure.is_none() {
            *failure = Some((path.pointer(), problem.into()));
        }
    }

    /// Records a failure and returns the empty error that stands for it.
    pub(super) fn fail<E: serde::de::Error>(
        &self,
        path: &Path<'_>,
        problem: impl Into<Cow<'static, str>>,
    ) -> E {
        self.note(path, problem);
        E::custom("")
    }

    /// Enters a list or an object, until the returned guard is dropped.
    pub(super) fn enter<E: serde::de::Error>(&self, path: &Path<'_>) -> Result<Level<'_>, E> {
        let levels = self.levels.get();
        if levels == DEEPEST {
            return Err(self.fail(path, "is nested too deeply"));
        }
        self.levels.set(levels + 1);
        Ok(Level(&self.levels))
    }

    /// Records a deviation, or fails if the reading is strict.
    pub(super) fn deviate<E: serde::de::Error>(
        &self,
        kind: DeviationKind,
        path: &Path<'_>,
    ) -> Result<(), E> {
        if self.strict {
            return Err(self.fail(path, kind.refusal()));
        }
        let mut deviations = self.deviations.borrow_mut();
        if deviations.len() < MOST_DEVIATIONS {
            deviations.push(Deviation {
                kind,
                pointer: path.pointer(),
            });
        }
        Ok(())
    }
}

/// The guard of an entered list or object.
pub(super) struct Level<'c>(&'c Cell<usize>);

impl Drop for Level<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}
