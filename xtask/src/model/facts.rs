//! The facts of calls: provenance, HTTP, envelopes, error codes.

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
    /// The HTTP status of answers with this code.
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
