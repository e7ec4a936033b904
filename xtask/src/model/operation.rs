//! Providers, services and operations, with their examples.

use crate::load::json::Value;

use super::behavior::{Behavior, RateLimit};
use super::envelope::Envelope;
use super::error_code::{CodeKind, ErrorCode};
use super::http::{Http, Lists};
use super::provenance::{Doc, Provenance, Source};
use super::types::{Enum, NamedType, Struct, Type};

/// A provider.
#[derive(Debug)]
pub struct Provider {
    /// Name of the folders under `fixtures/` and `crates/`; the package is called `standing-NAME`.
    pub name: String,
    /// The type of the crate that implements the core's `Provider` and ties requests to their client.
    pub marker: String,
    /// What it is.
    pub doc: String,
    /// How list parameters are written in a query or a form.
    pub lists: Lists,
    /// Where a response keeps its parts.
    pub envelope: Envelope,
    /// Codes that any operation may return.
    pub errors: Vec<ErrorCode>,
    /// The services, by name.
    pub services: Vec<Service>,
    /// Path of `provider.json`, for the header of generated files.
    pub fixture_path: String,
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

/// An operation: a request, a response, and the facts of the call.
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
    /// How it is sent.
    pub http: Http,
    /// Whether the call may be retried.
    pub behavior: Behavior,
    /// How often it may be called.
    pub rate_limit: Option<RateLimit>,
    /// How it returns long lists in pages.
    pub pagination: Option<Pagination>,
    /// Codes that mean "no such record".
    pub no_record: Vec<String>,
    /// The request; its type is called like the operation.
    pub input: Struct,
    /// The payload of the response; its type is called like the operation, with `Output`.
    pub output: Struct,
    /// Named types: its own in the order of the file, then the enumerations of the service that it uses.
    pub types: Vec<NamedType>,
    /// Codes of this operation, on top of the provider's and the service's.
    pub errors: Vec<ErrorCode>,
    /// The operation's own envelope.
    pub envelope: Option<Envelope>,
    /// Checked examples.
    pub examples: Vec<Example>,
    /// Path of `operation.json`, for the header of the generated file.
    pub fixture_path: String,
}

/// How an operation returns a long list in pages, and which fields the `pages` of a client read and set.
#[derive(Debug)]
pub struct Pagination {
    /// What the cursor is.
    pub style: PageStyle,
    /// Index of the input field that holds the cursor.
    pub cursor: usize,
    /// Index of the input field that holds the size of a page.
    pub size: Option<usize>,
    /// The list of items, as field names from the output down.
    pub items: Vec<Step>,
    /// The type of an item.
    pub item: Type,
    /// The number of items on all pages; empty if there is no such field.
    pub total: Vec<Step>,
    /// The token of the next page; empty if the style has none.
    pub next: Vec<Step>,
    /// The list of the request that names the items to return.
    pub batch: Option<Batch>,
    /// Its provenance.
    pub provenance: Provenance,
}

/// A list of ids in the request. As a page has no more items than this, `pages` sends a longer list in
/// several requests.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Index of the input field.
    pub list: usize,
    /// The field of an item that repeats its id from the list.
    pub id: Option<ItemId>,
}

/// The field of an item that has its id.
#[derive(Debug, Clone)]
pub struct ItemId {
    /// Name on the wire.
    pub wire: String,
    /// Name in Rust.
    pub rust: String,
    /// Whether it may be absent.
    pub optional: bool,
}

/// What the cursor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageStyle {
    /// A page number, from this one on.
    Pages(u64),
    /// A number of items to skip, from this one on.
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
}

/// An example that matches the description.
#[derive(Debug)]
pub struct Example {
    /// Name.
    pub name: String,
    /// The request, if the example has one.
    pub request: Option<RequestSample>,
    /// The response, if the example has one.
    pub response: Option<ResponseSample>,
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

/// The response of an example.
#[derive(Debug)]
pub struct ResponseSample {
    /// Path of the file.
    pub path: String,
    /// HTTP status.
    pub status: u64,
    /// What it means.
    pub expect: Expect,
}

/// What a response is expected to mean. The cases are those of `standing_core::testing::Expect`.
#[derive(Debug)]
pub enum Expect {
    /// A success: the output serializes to the payload of the sample, and the decoder reports these
    /// deviations.
    Payload(Vec<(&'static str, u64)>),
    /// A success: the output serializes to this value, which differs from the payload of the sample,
    /// and the decoder reports these deviations.
    Output(Value, Vec<(&'static str, u64)>),
    /// A failure with this code, of this kind.
    Error(String, CodeKind),
    /// A code that means "no such record".
    NoRecord(String),
}
