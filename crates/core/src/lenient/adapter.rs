//! The structs of the adapter; their implementations are in `reader` and `visitor`.

use super::context::Context;
use super::path::Path;

/// A deserializer that adapts the JSON of `inner` to what the target type asks for.
pub(super) struct Reader<'c, D> {
    pub(super) inner: D,
    pub(super) path: Path<'c>,
    pub(super) context: &'c Context,
}

/// The shape that the target type asks for.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    Option,
    Newtype,
    List,
    Map,
    Struct(&'static [&'static str]),
    /// Any value: only its depth is checked.
    Any,
}

/// A visitor that compares each value with the shape that the target type asks for.
pub(super) struct Shaped<'c, V> {
    pub(super) visitor: V,
    pub(super) path: Path<'c>,
    pub(super) context: &'c Context,
    pub(super) shape: Shape,
}
