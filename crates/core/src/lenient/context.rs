//! What all parts of one reading share.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

use super::deviation::{Deviation, DeviationKind};
use super::path::Path;

/// The most lists and objects inside each other that a type reads. Each takes about 8 KiB of stack in
/// a build without optimisation, and a thread may have no more than 256 KiB. What no type asks for,
/// and what is kept as text, may be nested in any depth.
pub(super) const DEEPEST: usize = 16;

/// More deviations than this are counted no further: a page of thousands of rows repeats itself.
pub(super) const MOST_DEVIATIONS: usize = 256;

#[derive(Default)]
pub(super) struct Context {
    pub(super) strict: bool,
    /// Holds all values of an object before it is read, to compare what comes twice.
    pub(super) compares: bool,
    pub(super) key_twice: Cell<bool>,
    /// How many lists and objects the reader is inside of. serde_json counts too, but anew for each
    /// value that is held for comparison.
    pub(super) levels: Cell<usize>,
    pub(super) deviations: RefCell<Vec<Deviation>>,
    /// The first failure is the innermost one.
    pub(super) failure: RefCell<Option<(String, Cow<'static, str>)>>,
}

impl Context {
    pub(super) fn note(&self, path: &Path<'_>, problem: impl Into<Cow<'static, str>>) {
        let mut failure = self.failure.borrow_mut();
        if failure.is_none() {
            *failure = Some((path.pointer(), problem.into()));
        }
    }

    pub(super) fn fail<E: serde::de::Error>(
        &self,
        path: &Path<'_>,
        problem: impl Into<Cow<'static, str>>,
    ) -> E {
        self.note(path, problem);
        E::custom("")
    }

    /// Goes one level down, until the result is dropped.
    pub(super) fn enter<E: serde::de::Error>(&self, path: &Path<'_>) -> Result<Level<'_>, E> {
        let levels = self.levels.get();
        if levels == DEEPEST {
            return Err(self.fail(path, "is nested too deeply"));
        }
        self.levels.set(levels + 1);
        Ok(Level(&self.levels))
    }

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

/// A list or an object that is being read.
pub(super) struct Level<'c>(pub(super) &'c Cell<usize>);

impl Drop for Level<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}
