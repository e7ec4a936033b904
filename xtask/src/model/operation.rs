//! Providers, services and operations, with their examples.

use crate::load::json::Value;

use super::facts::{
    Behavior, CodeKind, Doc, Envelope, ErrorCode, Lists, Method, Notes, Params, Source,
};
use super::types::{Enum, Struct, Ty, Type};

/// A provider.
#[derive(Debug)]
pub struct Provider {
    /// Folder, crate and module name.
    pub name: String,
    /// The marker type of the crate that ties requests to their client.
    pub marker: String,
    /// What it is.
    pub doc: String,
    /// How list parameters are written in a query or a form.
    pub lists: Lists,
    /// Where an answer keeps its parts.
    pub envelope: Envelope,
    /// Codes that any operation may return.
    pub errors: Vec<ErrorCode>,
    /// The services, by name.
    pub services: Vec<Service>,
    /// Path of the description, for the header of generated files.
    pub path: String,
}

/// A service: a host, a version, a module.
#[derive(Debug)]
pub struct Service {
    /// Folder and module name.
    pub name: String,
    /// Host without scheme.
    pub host: String,
    /// Version of the interface, where the provider asks for one.
    pub version: Option<String>,
    /// What it is.
    pub doc: Doc,
    /// Codes that any operation of this service may return, in addition to the provider's.
    pub errors: Vec<ErrorCode>,
    /// Enumerations that operations of this service share.
    pub types: Vec<Enum>,
    /// The service's own envelope.
    pub envelope: Option<Envelope>,
    /// The operations, by folder.
    pub operations: Vec<Operation>,
}

/// An operation: a request, an answer, and the facts of the call.
#[derive(Debug)]
pub struct Operation {
    /// Name as the provider has it, and name of the request type.
    pub name: String,
    /// Folder and module name.
    pub module: String,
    /// What it does.
    pub doc: Doc,
    /// Who may call it.
    pub access: Option<String>,
    /// The page that describes it.
    pub source: Source,
    /// HTTP method.
    pub method: Method,
    /// Path, possibly with `{Field}`.
    pub path: String,
    /// Where a field without a place is sent.
    pub params: Params,
    /// Provenance of method, path and places.
    pub http_notes: Notes,
    /// Whether the call may be retried.
    pub behavior: Behavior,
    /// Requests and seconds.
    pub rate_limit: Option<(u64, u64)>,
    /// Provenance of the rate.
    pub rate_notes: Notes,
    /// How to walk the pages.
    pub pagination: Option<Pagination>,
    /// Provenance of the paging.
    pub paging_notes: Notes,
    /// Codes that mean "no such record".
    pub no_record: Vec<String>,
    /// The request; its type is called like the operation.
    pub input: Struct,
    /// The answer; its type is called like the operation, with `Output`.
    pub output: Struct,
    /// Named types in the order of the file.
    pub types: Vec<Type>,
    /// Codes of this operation, on top of the provider's and the service's.
    pub errors: Vec<ErrorCode>,
    /// The operation's own envelope.
    pub envelope: Option<Envelope>,
    /// Checked examples.
    pub examples: Vec<Example>,
    /// Path of the description, for the header of the generated file.
    pub path_of_fixture: String,
}

/// How to walk the pages of an operation.
#[derive(Debug)]
pub struct Pagination {
    /// What the cursor is.
    pub style: PageStyle,
    /// Index of the input field that holds the cursor.
    pub cursor: usize,
    /// Index of the input field that holds the size of a page.
    pub size: Option<usize>,
    /// The list of rows, as field names from the output down.
    pub items: Vec<Step>,
    /// The type of a row.
    pub item: Ty,
    /// The number of rows over all pages.
    pub total: Vec<Step>,
    /// The token of the next page.
    pub next: Vec<Step>,
    /// The list of the request that names the rows to return.
    pub batch: Option<Batch>,
}

/// A list of the request that a walk sends in parts, because a page has at most as many rows.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Index of the input field.
    pub list: usize,
    /// The field of a row that repeats an item of the list.
    pub id: Option<RowId>,
}

/// A field of a row.
#[derive(Debug, Clone)]
pub struct RowId {
    /// Name on the wire.
    pub wire: String,
    /// Name in Rust.
    pub rust: String,
    /// Whether it may be absent.
    pub optional: bool,
}

/// What the cursor of a walk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageStyle {
    /// A page number, from this one on.
    Pages(u64),
    /// A number of rows to skip, from this one on.
    Offsets(u64),
    /// A token from the page before.
    Tokens,
}

/// One step from a struct to a field of it.
#[derive(Debug, Clone)]
pub struct Step {
    /// Name of the field.
    pub rust: String,
    /// Whether it may be absent.
    pub optional: bool,
    /// Whether it is boxed.
    pub boxed: bool,
}

/// An example that matches the description.
#[derive(Debug)]
pub struct Example {
    /// Name.
    pub name: String,
    /// The request, if the example has one.
    pub request: Option<RequestSample>,
    /// The answer, if the example has one.
    pub answer: Option<Answer>,
}

/// A request of an example.
#[derive(Debug)]
pub struct RequestSample {
    /// Path of the file.
    pub path: String,
    /// The fields by wire name.
    pub value: Value,
}

impl RequestSample {
    /// Whether it has no fields.
    pub fn is_empty(&self) -> bool {
        matches!(&self.value, Value::Object(members) if members.is_empty())
    }
}

/// An answer of an example.
#[derive(Debug)]
pub struct Answer {
    /// Path of the file.
    pub path: String,
    /// HTTP status.
    pub status: u64,
    /// What it means.
    pub outcome: Outcome,
}

/// What an answer means.
#[derive(Debug)]
pub enum Outcome {
    /// A success: the output as it is written back, if that differs from the payload, and the
    /// deviations that the decoder reports.
    Payload(Option<Value>, Vec<(&'static str, u64)>),
    /// A failure with this code, of this kind.
    Failure(String, CodeKind),
    /// A code that means "no such record".
    NoRecord(String),
}
