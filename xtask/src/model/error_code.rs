//! Error codes.

use super::provenance::Doc;

/// An error code and its meaning.
#[derive(Debug, Clone)]
pub struct ErrorCode {
    /// The code as the provider sends it. It covers `code.anything`, too.
    pub code: String,
    /// What it means for the caller.
    pub kind: CodeKind,
    /// What it means.
    pub doc: Doc,
    /// The HTTP status of responses with this code.
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
