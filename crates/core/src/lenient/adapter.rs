//! The two wrappers that lead to each other: a deserializer and a visitor.

use super::context::Context;
use super::path::Path;

pub(super) struct Reader<'c, D> {
    pub(super) inner: D,
    pub(super) path: Path<'c>,
    pub(super) context: &'c Context,
}

/// The shape that the target type asked for.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    Option,
    Newtype,
    List,
    Map,
    Struct(&'static [&'static str]),
    /// Any value; only the levels are counted.
    Any,
}

/// A visitor that holds what comes against the shape that was asked for.
pub(super) struct Shaped<'c, V> {
    pub(super) visitor: V,
    pub(super) path: Path<'c>,
    pub(super) context: &'c Context,
    pub(super) shape: Shape,
}
