//! What the fixtures say, resolved and checked: the only input of the emission.

mod facts;
mod operation;
mod types;

pub use facts::{
    Behavior, CodeKind, Doc, Envelope, ErrorCode, Lists, Method, Notes, Params, Place, Source,
    Success,
};
pub use operation::{
    Answer, Batch, Example, Operation, Outcome, PageStyle, Pagination, Provider, RequestSample,
    RowId, Service, Step,
};
pub use types::{Enum, Field, Format, Limits, Require, Struct, Ty, Type, Variant};
