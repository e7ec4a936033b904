//! The facts that describe an operation: its service, method, path, parameters, rate limit, error
//! codes and envelope. The trait [`Operation`](crate::Operation) of request types is in another file.

use std::fmt;

/// The HTTP method of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
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
    /// The method as it is sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the fields of an operation are encoded, and so where they are sent unless [`OperationInfo::places`] says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Params {
    /// One JSON object as the body.
    Json,
    /// An `application/x-www-form-urlencoded` body.
    Form,
    /// The query of the URL.
    Query,
}

/// Where a single field is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The body, in the encoding of the operation.
    Body,
    /// The query of the URL.
    Query,
    /// The `{Field}` of the path.
    Path,
    /// A header of that name.
    Header,
}

/// How lists are written in a query or a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lists {
    /// The name once for every item: `a=1&a=2`.
    Repeated,
    /// Counted from one: `a.1=1&a.2=2`, and `Tag.1.Key=…` for objects.
    Numbered,
}

/// Whether an operation changes anything at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// It only reads.
    Read,
    /// It changes something.
    Write,
}

/// A maximum number of requests in a window of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// The maximum number of requests in the window.
    pub requests: u32,
    /// The window in seconds.
    pub seconds: u32,
}

impl RateLimit {
    /// `requests` in any `seconds`.
    pub const fn new(requests: u32, seconds: u32) -> Self {
        Self { requests, seconds }
    }
}

/// What a provider's error code means. Where several kinds ask the same of a caller, they have one
/// [`ErrorKind`](crate::ErrorKind): `Token` and `Nonce` become `Auth`, `NoData` becomes `NotFound`, and
/// `Other` becomes `Service`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CodeKind {
    /// The keys are refused.
    Auth,
    /// The keys are known but may not do this.
    Permission,
    /// The request is refused as it is.
    InvalidRequest,
    /// Understood and answered: there is no such record. For an operation that has the code in
    /// [`OperationInfo::no_record`] this is a value; for the others, which may share the table of codes,
    /// it is an error.
    NoData,
    /// Something that the request names does not exist.
    NotFound,
    /// A quota is used up; waiting a moment does not help.
    Quota,
    /// Too many requests; rejected before any work.
    Throttled,
    /// The provider failed; it may or may not have done the work.
    Server,
    /// The time stamp is refused.
    Clock,
    /// The nonce was seen before.
    Nonce,
    /// A session or user token has expired and can be renewed.
    Token,
    /// Anything else.
    Other,
}

/// A documented error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorCode {
    /// The code; it also covers the codes below it: `A` covers `A.B`.
    pub code: &'static str,
    /// What it means for the caller.
    pub kind: CodeKind,
    /// What it says, in a sentence: the message of an error whose response has none.
    pub message: &'static str,
    /// The HTTP status it comes with, where documented.
    pub status: Option<u16>,
}

impl ErrorCode {
    /// A code, what it means, and its text.
    pub const fn new(code: &'static str, kind: CodeKind, message: &'static str) -> Self {
        Self {
            code,
            kind,
            message,
            status: None,
        }
    }

    /// The HTTP status that the code comes with.
    pub const fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }
}

/// How a response says that it is a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Success {
    /// A success has nothing (or null) at this pointer.
    Absent(&'static str),
    /// At this pointer, a success has this text.
    Equals(&'static str, &'static str),
}

impl Success {
    /// Where the flag is.
    pub(crate) const fn pointer(self) -> &'static str {
        match self {
            Self::Absent(pointer) | Self::Equals(pointer, _) => pointer,
        }
    }
}

/// Where a response has its payload, its error and its request id, as JSON pointers; `""` is the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    /// The object that is the operation's output.
    pub payload: &'static str,
    /// How a response marks a success.
    pub success: Success,
    /// The error code.
    pub code: &'static str,
    /// The error text.
    pub message: &'static str,
    /// The request id, where the body has one.
    pub request_id: Option<&'static str>,
}

impl Envelope {
    /// The body is the payload, and a `code` in it marks an error.
    pub const PLAIN: Self = Self {
        payload: "",
        success: Success::Absent("/code"),
        code: "/code",
        message: "/message",
        request_id: None,
    };

    /// Whether a pointer into the payload leads to a part of the envelope, or to an object with such a
    /// part; it may stand beside the output.
    pub(crate) fn is_part_or_parent(&self, pointer: &str) -> bool {
        [
            Some(self.success.pointer()),
            Some(self.code),
            Some(self.message),
            self.request_id,
        ]
        .into_iter()
        .flatten()
        .filter_map(|part| part.strip_prefix(self.payload)?.strip_prefix(pointer))
        .any(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether the payload itself has the parts of the envelope among its members.
    pub(crate) fn has_parts_in_payload(&self) -> bool {
        self.code
            .strip_prefix(self.payload)
            .is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether a member of the payload is a part of the envelope, in whatever letter case.
    pub(crate) fn is_member_name(&self, name: &str) -> bool {
        [
            Some(self.success.pointer()),
            Some(self.code),
            Some(self.message),
            self.request_id,
        ]
        .into_iter()
        .flatten()
        .filter_map(|part| part.strip_prefix(self.payload)?.split('/').nth(1))
        .any(|part| part.eq_ignore_ascii_case(name.trim()))
    }
}

/// A service of a provider: what its operations share.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Service {
    /// The provider's name in lower case.
    pub provider: &'static str,
    /// The service's name; where a scheme signs a service name, it is this one.
    pub name: &'static str,
    /// The host that the documentation names.
    pub host: &'static str,
    /// The version that the operations are called with; empty where there is none.
    pub version: &'static str,
    /// How lists are written in queries and forms.
    pub lists: Lists,
    /// Codes that any operation of any service of the provider may return.
    pub provider_errors: &'static [ErrorCode],
    /// Codes that any operation of this service may return, in addition to the provider's.
    pub errors: &'static [ErrorCode],
    /// The envelope of its responses; without one, [`Provider::ENVELOPE`](crate::provider::Provider::ENVELOPE).
    pub own_envelope: Option<&'static Envelope>,
}

impl Service {
    /// A service by its provider, name and host.
    pub const fn new(provider: &'static str, name: &'static str, host: &'static str) -> Self {
        Self {
            provider,
            name,
            host,
            version: "",
            lists: Lists::Repeated,
            provider_errors: &[],
            errors: &[],
            own_envelope: None,
        }
    }

    /// The version that the operations are called with.
    pub const fn version(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    /// How lists are written in queries and forms.
    pub const fn lists(mut self, lists: Lists) -> Self {
        self.lists = lists;
        self
    }

    /// Codes that any operation of any service of the provider may return.
    pub const fn provider_errors(mut self, errors: &'static [ErrorCode]) -> Self {
        self.provider_errors = errors;
        self
    }

    /// Codes that any operation of this service may return, in addition to the provider's.
    pub const fn errors(mut self, errors: &'static [ErrorCode]) -> Self {
        self.errors = errors;
        self
    }

    /// The envelope of its responses; the provider's unless set.
    pub const fn envelope(mut self, envelope: &'static Envelope) -> Self {
        self.own_envelope = Some(envelope);
        self
    }
}

/// The facts about an operation apart from its fields, as a chain of `const` calls.
///
/// ```
/// use standing_core::operation::{Method, OperationInfo, RateLimit, Service};
///
/// static PEOPLE: Service = Service::new("example", "people", "people.example.com");
/// const LIST: OperationInfo = OperationInfo::new(&PEOPLE, "ListPeople", Method::Post, "/")
///     .reads()
///     .rate_limit(RateLimit::new(20, 1));
/// assert!(!LIST.metered);
/// ```
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct OperationInfo {
    /// The service it belongs to.
    pub service: &'static Service,
    /// Its name at the provider.
    pub name: &'static str,
    /// Its HTTP method.
    pub method: Method,
    /// Its path, with `{Field}` for each field that is sent in it.
    pub path: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// Where its fields are sent, apart from [`places`](Self::places).
    pub params: Params,
    /// Fields that are sent elsewhere.
    pub places: &'static [(&'static str, Place)],
    /// Whether it changes anything.
    pub effect: Effect,
    /// Whether repeating it is the same as doing it once.
    pub idempotent: bool,
    /// Whether every call may be billed.
    pub metered: bool,
    /// Whether it answers in pages.
    pub paged: bool,
    /// The rate limit, documented or assumed.
    pub rate: Option<RateLimit>,
    /// Its own error codes.
    pub errors: &'static [ErrorCode],
    /// The codes that mean "no such record", each under the HTTP status of its [`ErrorCode`].
    pub no_record: &'static [&'static str],
    /// The fields of its response's payload, under every name that they may have.
    pub output_fields: &'static [&'static str],
    /// Request fields with personal data.
    pub sensitive: &'static [&'static str],
    /// The envelope of its responses, where it differs from the service's.
    pub own_envelope: Option<&'static Envelope>,
}

impl OperationInfo {
    /// Describes an operation by its service, name, method and path. By default it is a write, which
    /// is not retried if it may have run.
    pub const fn new(
        service: &'static Service,
        name: &'static str,
        method: Method,
        path: &'static str,
    ) -> Self {
        Self {
            service,
            name,
            method,
            path,
            summary: "",
            params: Params::Json,
            places: &[],
            effect: Effect::Write,
            idempotent: false,
            metered: false,
            paged: false,
            rate: None,
            errors: &[],
            no_record: &[],
            output_fields: &[],
            sensitive: &[],
            own_envelope: None,
        }
    }

    /// What it does, in a sentence.
    pub const fn summary(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    /// Where its fields are sent.
    pub const fn params(mut self, params: Params) -> Self {
        self.params = params;
        self
    }

    /// Fields that are sent elsewhere.
    pub const fn places(mut self, places: &'static [(&'static str, Place)]) -> Self {
        self.places = places;
        self
    }

    /// It changes nothing.
    pub const fn reads(mut self) -> Self {
        self.effect = Effect::Read;
        self
    }

    /// Repeating it is the same as doing it once.
    pub const fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Every call may be billed.
    pub const fn metered(mut self) -> Self {
        self.metered = true;
        self
    }

    /// It answers in pages.
    pub const fn paged(mut self) -> Self {
        self.paged = true;
        self
    }

    /// The rate limit, documented or assumed.
    pub const fn rate_limit(mut self, rate: RateLimit) -> Self {
        self.rate = Some(rate);
        self
    }

    /// Its own error codes.
    pub const fn errors(mut self, errors: &'static [ErrorCode]) -> Self {
        self.errors = errors;
        self
    }

    /// The codes that mean "no such record". A code counts only under the HTTP status that its
    /// [`ErrorCode`] documents; without one, or under another status, it is an error.
    pub const fn no_record(mut self, codes: &'static [&'static str]) -> Self {
        self.no_record = codes;
        self
    }

    /// The fields of its response's payload, under every name that they may have.
    pub const fn output_fields(mut self, fields: &'static [&'static str]) -> Self {
        self.output_fields = fields;
        self
    }

    /// Whether its response's payload has such a field, in whatever letter case.
    pub fn has_output_field(&self, name: &str) -> bool {
        self.output_fields
            .iter()
            .any(|field| field.trim().eq_ignore_ascii_case(name.trim()))
    }

    /// Request fields with personal data.
    pub const fn sensitive(mut self, fields: &'static [&'static str]) -> Self {
        self.sensitive = fields;
        self
    }

    /// The envelope of its responses; the service's unless set.
    pub const fn envelope(mut self, envelope: &'static Envelope) -> Self {
        self.own_envelope = Some(envelope);
        self
    }

    /// The envelope of its responses: its own, else the service's, else the provider's.
    pub(crate) fn effective_envelope(&self, provider: &'static Envelope) -> &'static Envelope {
        let own = self.own_envelope.or(self.service.own_envelope);
        own.unwrap_or(provider)
    }

    /// Looks a code up in the tables of the operation, its service and its provider, in this order.
    /// The first table that covers the code decides; within a table, the longest dotted prefix wins.
    pub fn error_code(&self, code: &str) -> Option<&'static ErrorCode> {
        [
            self.errors,
            self.service.errors,
            self.service.provider_errors,
        ]
        .into_iter()
        .find_map(|table| {
            table
                .iter()
                .filter(|known| covers(known.code, code))
                .max_by_key(|known| known.code.len())
        })
    }

    /// Whether a repeat is harmless however far the first attempt got.
    pub const fn repeatable(&self) -> bool {
        !self.metered && self.repeat_changes_nothing()
    }

    /// Whether a repeat changes nothing more at the provider, apart from what it bills.
    pub(crate) const fn repeat_changes_nothing(&self) -> bool {
        self.idempotent || matches!(self.effect, Effect::Read)
    }
}

fn covers(known: &str, code: &str) -> bool {
    code.strip_prefix(known)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelope_owns_only_its_own_members_of_the_payload() {
        let envelope = Envelope {
            payload: "/Response",
            success: Success::Absent("/Response/Error"),
            code: "/Response/Error/Code",
            message: "/Response/Error/Message",
            request_id: Some("/Response/RequestId"),
        };
        assert!(envelope.is_part_or_parent("/RequestId") && envelope.is_part_or_parent("/Error"));
        assert!(
            !envelope.is_part_or_parent("/Data")
                && !envelope.is_part_or_parent("/Request")
                && !envelope.is_part_or_parent("/Data/Error")
        );
    }

    #[test]
    fn error_code_is_the_longest_prefix_of_the_first_table_that_covers_it() {
        const PROVIDER: &[ErrorCode] = &[
            ErrorCode::new("Auth", CodeKind::Auth, ""),
            ErrorCode::new("Auth.Expired", CodeKind::Clock, ""),
            ErrorCode::new("Limit", CodeKind::Quota, ""),
            ErrorCode::new("Data.None", CodeKind::NoData, ""),
        ];
        const SHARED: &[ErrorCode] = &[
            ErrorCode::new("Data", CodeKind::Server, ""),
            ErrorCode::new("Limit", CodeKind::Other, ""),
        ];
        static SERVICE: Service = Service::new("p", "s", "h")
            .provider_errors(PROVIDER)
            .errors(SHARED);
        const OWN: &[ErrorCode] = &[ErrorCode::new("Limit", CodeKind::Throttled, "")];
        let info = OperationInfo::new(&SERVICE, "O", Method::Post, "/").errors(OWN);
        let kind = |code| info.error_code(code).map(|known| known.kind);
        assert_eq!(kind("Auth.Other"), Some(CodeKind::Auth));
        assert_eq!(kind("Auth.Expired"), Some(CodeKind::Clock));
        assert_eq!(kind("Auth.Expired.Sub"), Some(CodeKind::Clock));
        assert_eq!(kind("Authority"), None);
        assert_eq!(kind("Limit"), Some(CodeKind::Throttled));
        assert_eq!(kind("Data.None"), Some(CodeKind::Server));
    }
}
