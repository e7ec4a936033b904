//! What the fixtures say, resolved and checked: all that `emit` knows of them.

mod behavior;
mod envelope;
mod error_code;
mod http;
mod operation;
mod provenance;
mod types;

pub use behavior::{Behavior, Effect, RateLimit};
pub use envelope::{Envelope, Success};
pub use error_code::{CodeKind, ErrorCode};
pub use http::{Http, Lists, Method, Params, Place};
pub use operation::{
    Batch, Example, Expect, ItemId, Operation, PageStyle, Pagination, Provider, RequestSample,
    ResponseSample, Service, Step,
};
pub use provenance::{Doc, Provenance, Source};
pub use types::{Enum, Field, Format, Limits, NamedType, Require, Struct, Type, Variant};
