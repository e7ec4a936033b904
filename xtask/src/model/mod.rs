//! What the fixtures say, resolved and checked: the only input of the emission.

mod types;

use crate::load::json::Value;

pub use types::{Enum, Field, Format, Limits, Require, Struct, Ty, Type, Variant};

/// A provider: what all its operations share.
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

/// An operation: a request, an answer, and what is known about the call.
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

/// Prose with its provenance.
#[derive(Debug, Clone, Default)]
pub struct Doc {
    /// Markdown, whole sentences.
    pub text: String,
    /// Its provenance.
    pub notes: Notes,
}

/// The provenance of a fact that is not from the operation's page.
#[derive(Debug, Clone, Default)]
pub struct Notes {
    /// Why it is assumed, if no source states it.
    pub assumed: Option<String>,
    /// The source that states it.
    pub source: Option<String>,
}

impl Notes {
    /// The notes as sentences.
    pub fn sentences(&self) -> Vec<String> {
        self.labelled("").collect()
    }

    /// The notes as sentences that name the fact.
    pub fn about(&self, fact: &str) -> Vec<String> {
        self.labelled(&format!(" ({fact})")).collect()
    }

    fn labelled(&self, fact: &str) -> impl Iterator<Item = String> {
        [("Source", &self.source), ("Assumption", &self.assumed)]
            .into_iter()
            .filter_map(move |(label, text)| Some(format!("{label}{fact}: {}", text.as_ref()?)))
    }
}

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `DELETE`
    Delete,
}

impl Method {
    /// All methods with their spelling.
    pub const ALL: [(&'static str, Self); 4] = [
        ("GET", Self::Get),
        ("POST", Self::Post),
        ("PUT", Self::Put),
        ("DELETE", Self::Delete),
    ];

    /// The method as it is sent.
    pub fn name(self) -> String {
        format!("{self:?}").to_uppercase()
    }

    /// Whether a request has a body.
    pub fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put)
    }
}

/// The page that describes an operation.
#[derive(Debug, Default)]
pub struct Source {
    /// Title of the page.
    pub title: String,
    /// Who published it.
    pub publisher: String,
    /// When it was last changed.
    pub updated: Option<String>,
    /// Its address.
    pub url: Option<String>,
}

/// Where request fields without a place are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Params {
    /// In a JSON body.
    Json,
    /// In a form body.
    Form,
    /// In the query.
    Query,
}

impl Params {
    /// Where a field without a place is sent.
    pub fn place(self) -> Place {
        match self {
            Self::Query => Place::Query,
            Self::Json | Self::Form => Place::Body,
        }
    }
}

/// Where a request field is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the body.
    Body,
    /// In the query.
    Query,
    /// In the path.
    Path,
    /// As a header.
    Header,
}

/// How a list is written in a query or a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lists {
    /// `a=1&a=2`
    Repeated,
    /// `a.1=1&a.2=2`
    Numbered,
}

/// What a call does, and whether it may be retried.
#[derive(Debug, Default)]
pub struct Behavior {
    /// It changes nothing.
    pub reads: bool,
    /// It may be retried although it writes.
    pub idempotent: bool,
    /// It may be billed.
    pub metered: bool,
    /// Its provenance.
    pub notes: Notes,
}

/// Where the parts of an answer are, as JSON pointers.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The payload; empty for the whole body.
    pub payload: String,
    /// How a success differs from a failure.
    pub success: Success,
    /// The error code.
    pub code: String,
    /// The error text.
    pub message: String,
    /// The request id.
    pub request_id: Option<String>,
    /// Their provenance.
    pub notes: Notes,
}

/// How a success differs from a failure.
#[derive(Debug, Clone)]
pub enum Success {
    /// There is nothing at this pointer.
    Absent(String),
    /// The scalar at this pointer has this text.
    Equals(String, String),
}

impl Envelope {
    /// Names of the members of the payload that belong to the envelope.
    pub fn members_of_payload(&self) -> Vec<&str> {
        let success = match &self.success {
            Success::Absent(at) | Success::Equals(at, _) => at,
        };
        [
            Some(success),
            Some(&self.code),
            Some(&self.message),
            self.request_id.as_ref(),
        ]
        .into_iter()
        .flatten()
        .filter_map(|pointer| pointer.strip_prefix(&self.payload)?.strip_prefix('/'))
        .filter_map(|rest| rest.split('/').next())
        .collect()
    }
}

/// An error code and its meaning.
#[derive(Debug, Clone)]
pub struct ErrorCode {
    /// The code as the provider sends it. It covers `code.anything`, too.
    pub code: String,
    /// What it means for the caller.
    pub kind: CodeKind,
    /// What it means.
    pub doc: Doc,
    /// HTTP status it comes with.
    pub status: Option<u64>,
}

/// What an error code means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "described in the schema and in the core crate")]
pub enum CodeKind {
    Auth,
    Permission,
    InvalidRequest,
    NoData,
    NotFound,
    Quota,
    Throttled,
    Server,
    Clock,
    Nonce,
    Token,
    Other,
}

impl CodeKind {
    /// All kinds with their spelling in fixtures.
    pub const ALL: [(&'static str, Self); 12] = [
        ("auth", Self::Auth),
        ("permission", Self::Permission),
        ("invalid_request", Self::InvalidRequest),
        ("no_data", Self::NoData),
        ("not_found", Self::NotFound),
        ("quota", Self::Quota),
        ("throttled", Self::Throttled),
        ("server", Self::Server),
        ("clock", Self::Clock),
        ("nonce", Self::Nonce),
        ("token", Self::Token),
        ("other", Self::Other),
    ];
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelope_members_inside_the_payload_are_found() {
        let envelope = Envelope {
            payload: "/Response".to_owned(),
            success: Success::Absent("/Response/Error".to_owned()),
            code: "/Response/Error/Code".to_owned(),
            message: "/Response/Error/Message".to_owned(),
            request_id: Some("/Response/RequestId".to_owned()),
            notes: Notes::default(),
        };
        assert_eq!(
            envelope.members_of_payload(),
            ["Error", "Error", "Error", "RequestId"]
        );
    }
}
