//! What the fixtures say, resolved and checked: the only thing that emission sees.

use crate::json::Value;

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
    /// What it is, with the notes on where that is from.
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
    /// Where all this was read.
    pub source: Source,
    /// HTTP method.
    pub method: Method,
    /// Path, possibly with `{Field}`.
    pub path: String,
    /// Where a field travels that says nothing else.
    pub params: Params,
    /// Where method, path and places are from.
    pub http_notes: Notes,
    /// How the call behaves when repeated.
    pub behavior: Behavior,
    /// Requests and seconds.
    pub rate_limit: Option<(u64, u64)>,
    /// Where the rate is from.
    pub rate_notes: Notes,
    /// How to walk the pages.
    pub pagination: Option<Pagination>,
    /// Where the paging is from.
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
    /// Where it is from.
    pub notes: Notes,
}

/// Where a fact is from, if not from the operation's page.
#[derive(Debug, Clone, Default)]
pub struct Notes {
    /// What no source says, and why it is believed.
    pub assumed: Option<String>,
    /// Where it was read.
    pub source: Option<String>,
}

impl Notes {
    /// The notes as sentences.
    pub fn sentences(&self) -> Vec<String> {
        self.labelled("").collect()
    }

    /// The notes as sentences that say which fact they belong to.
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

/// The page that an operation was described from.
#[derive(Debug, Default)]
pub struct Source {
    /// Title of the page.
    pub title: String,
    /// Who published it.
    pub publisher: String,
    /// When it was changed last.
    pub updated: Option<String>,
    /// Where it is.
    pub url: Option<String>,
}

/// Where request fields travel by default.
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
    /// Where a field travels that says nothing else.
    pub fn place(self) -> Place {
        match self {
            Self::Query => Place::Query,
            Self::Json | Self::Form => Place::Body,
        }
    }
}

/// Where one request field travels.
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

/// What a call does, and whether it may be repeated.
#[derive(Debug, Default)]
pub struct Behavior {
    /// It changes nothing.
    pub reads: bool,
    /// It may be repeated although it writes.
    pub idempotent: bool,
    /// It may be billed.
    pub metered: bool,
    /// Where this is from.
    pub notes: Notes,
}

/// Where an answer keeps its parts, as JSON pointers.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The payload; empty for the whole body.
    pub payload: String,
    /// How a success is told from a failure.
    pub success: Success,
    /// The error code.
    pub code: String,
    /// The error text.
    pub message: String,
    /// The request id.
    pub request_id: Option<String>,
    /// Where all this is from.
    pub notes: Notes,
}

/// How a success is told from a failure.
#[derive(Debug, Clone)]
pub enum Success {
    /// Nothing stands at this pointer.
    Absent(String),
    /// The scalar at this pointer reads so.
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

/// An error code and what it means.
#[derive(Debug, Clone)]
pub struct ErrorCode {
    /// The code as the provider sends it; covers `code.anything` too.
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

/// A named type of an operation.
#[derive(Debug)]
pub enum Type {
    /// Fields.
    Struct(Struct),
    /// Values.
    Enum(Enum),
}

impl Type {
    /// The struct, if it is one.
    pub fn part(&self) -> Option<&Struct> {
        match self {
            Self::Struct(part) => Some(part),
            Self::Enum(_) => None,
        }
    }

    /// The struct of a name.
    pub fn find<'t>(types: &'t [Self], name: &str) -> Option<&'t Struct> {
        types
            .iter()
            .filter_map(Self::part)
            .find(|part| part.name == name)
    }

    /// The values of the enumeration of a name.
    pub fn values<'t>(types: &'t [Self], name: &str) -> &'t [Variant] {
        let found = types.iter().find_map(|ty| match ty {
            Self::Enum(known) if known.name == name => Some(known.values.as_slice()),
            _ => None,
        });
        found.unwrap_or_default()
    }
}

/// A struct: the request, the answer, or a part of one.
#[derive(Debug, Default)]
pub struct Struct {
    /// Name of the type.
    pub name: String,
    /// What it is.
    pub doc: Doc,
    /// The fields in the order of the file.
    pub fields: Vec<Field>,
    /// Conditions over several fields.
    pub require: Vec<Require>,
    /// It is, or is a part of, the request.
    pub sent: bool,
    /// It is, or is a part of, the answer.
    pub received: bool,
}

impl Struct {
    /// Fields that a caller must give.
    pub fn required(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.required)
    }

    /// Whether required fields are arguments of the constructors. If there are more than three, or
    /// two that a caller could swap unnoticed, all have setters instead, and `validate` reports
    /// those that are missing.
    pub fn required_are_arguments(&self) -> bool {
        let mut kinds: Vec<Ty> = Vec::new();
        for field in self.required() {
            let kind = field.ty.argument();
            if kinds.contains(&kind) {
                return !self.sent;
            }
            kinds.push(kind);
        }
        let chosen = self.choice().unwrap_or_default().iter();
        let mut chosen = chosen.filter_map(|index| self.fields.get(*index));
        !self.sent
            || (kinds.len() <= 3 && !chosen.any(|field| kinds.contains(&field.ty.argument())))
    }

    /// Whether a field is kept in an `Option`.
    pub fn is_optional(&self, field: &Field) -> bool {
        let absent = !field.required || !self.required_are_arguments();
        // A list in an answer is empty when it is absent; in a request the two differ.
        absent && (self.sent || !field.ty.is_collection())
    }

    /// The fields of which one is to be chosen by the constructor.
    pub fn choice(&self) -> Option<&[usize]> {
        let mut choices = self.require.iter().filter_map(|require| match require {
            Require::OneOf(fields) => Some(fields.as_slice()),
            _ => None,
        });
        let only = choices.next();
        if choices.next().is_some() { None } else { only }
    }

    /// Whether there is a value of this type without any argument.
    pub fn has_default(&self) -> bool {
        self.choice().is_none()
            && self
                .fields
                .iter()
                .all(|field| self.is_optional(field) || (!self.sent && field.ty.is_collection()))
    }

    /// Whether `Debug` has something to hide.
    pub fn hides(&self) -> bool {
        self.fields.iter().any(|field| field.sensitive)
    }
}

/// A condition over several fields, by index.
#[derive(Debug)]
pub enum Require {
    /// At least one of them.
    AnyOf(Vec<usize>),
    /// Exactly one of them.
    OneOf(Vec<usize>),
    /// All or none of them.
    Together(Vec<usize>),
    /// The list is no longer than the number, which has a default.
    Fits {
        /// The list.
        list: usize,
        /// The number.
        size: usize,
        /// What the service takes for the number when it is left out.
        default: u64,
    },
}

/// A field of a struct.
#[derive(Debug)]
pub struct Field {
    /// Name on the wire.
    pub wire: String,
    /// Name in Rust.
    pub rust: String,
    /// Type.
    pub ty: Ty,
    /// What it is.
    pub doc: Doc,
    /// It must be given, or is always there.
    pub required: bool,
    /// It may be null.
    pub nullable: bool,
    /// What the service takes when it is left out, as text and as a number.
    pub default: Option<Value>,
    /// Limits of the value.
    pub limits: Limits,
    /// Limits of each item of a list.
    pub each: Limits,
    /// What it is counted in.
    pub unit: Option<String>,
    /// It is nobody else's business.
    pub sensitive: bool,
    /// Where it travels, if not where the others do.
    pub place: Option<Place>,
    /// Other names under which an answer was seen to hold it.
    pub aliases: Vec<String>,
    /// The key of the object that a list is wrapped in.
    pub wrapper: Option<String>,
    /// What to use instead.
    pub deprecated: Option<String>,
    /// The type holds itself here and needs a box.
    pub boxed: bool,
}

impl Field {
    /// Every name under which an answer may hold it.
    pub fn wire_names(&self) -> impl Iterator<Item = &str> {
        let aliases = self.aliases.iter().map(String::as_str);
        std::iter::once(self.wire.as_str()).chain(aliases)
    }
}

/// What a value may be.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// Least value.
    pub min: Option<String>,
    /// Greatest value.
    pub max: Option<String>,
    /// Fewest characters.
    pub min_len: Option<u64>,
    /// Most characters.
    pub max_len: Option<u64>,
    /// Fewest items.
    pub min_items: Option<u64>,
    /// Most items.
    pub max_items: Option<u64>,
    /// How a text is written.
    pub format: Option<Format>,
}

impl Limits {
    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// 32 hexadecimal digits.
    Md5,
    /// `YYYY-MM`
    Month,
    /// `YYYY-MM-DD`
    Date,
    /// `YYYY-MM-DD hh:mm:ss`
    DateTime,
    /// `YYYY-MM-DDThh:mm:ssZ`
    Utc,
}

impl Format {
    /// All formats with their spelling in fixtures.
    pub const ALL: [(&'static str, Self); 5] = [
        ("md5", Self::Md5),
        ("month", Self::Month),
        ("date", Self::Date),
        ("date_time", Self::DateTime),
        ("utc", Self::Utc),
    ];

    /// What a reader is told.
    pub fn shape(self) -> &'static str {
        match self {
            Self::Md5 => "32 hexadecimal digits",
            Self::Month => "`YYYY-MM`",
            Self::Date => "`YYYY-MM-DD`",
            Self::DateTime => "`YYYY-MM-DD hh:mm:ss`",
            Self::Utc => "`YYYY-MM-DDThh:mm:ssZ`",
        }
    }

    /// Whether a text is written so.
    pub fn matches(self, text: &str) -> bool {
        // A digit in the pattern stands for any digit, anything else for itself.
        let pattern = match self {
            Self::Md5 => {
                return text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            }
            Self::Month => "0000-00",
            Self::Date => "0000-00-00",
            Self::DateTime => "0000-00-00 00:00:00",
            Self::Utc => "0000-00-00T00:00:00Z",
        };
        text.len() == pattern.len()
            && pattern.bytes().zip(text.bytes()).all(|(want, got)| {
                if want == b'0' {
                    got.is_ascii_digit()
                } else {
                    got == want
                }
            })
    }
}

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ty {
    /// Text.
    String,
    /// `true` or `false`.
    Bool,
    /// A signed whole number.
    Int,
    /// An unsigned whole number.
    Uint,
    /// A ratio.
    Float,
    /// Money, exact.
    Decimal,
    /// Any JSON.
    Json,
    /// A list.
    List(Box<Ty>),
    /// An object with keys that are data.
    Map(Box<Ty>),
    /// A struct of `types`.
    Struct(String),
    /// An enumeration of texts.
    Enum(String),
    /// An enumeration of whole numbers.
    IntEnum(String),
    /// The fixture's type was refused; said once, and nothing follows from it.
    Unknown,
}

impl Ty {
    /// A list or a map.
    pub fn is_collection(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map(_))
    }

    /// Neither a collection nor a struct nor any JSON.
    pub fn is_scalar(&self) -> bool {
        !matches!(
            self,
            Self::List(_) | Self::Map(_) | Self::Struct(_) | Self::Json
        )
    }

    /// Refused, itself or at the bottom of lists and maps.
    pub fn is_unknown(&self) -> bool {
        match self {
            Self::List(inner) | Self::Map(inner) => inner.is_unknown(),
            ty => *ty == Self::Unknown,
        }
    }

    /// The named type at the bottom of lists and maps.
    pub fn named(&self) -> Option<&str> {
        match self {
            Self::List(inner) | Self::Map(inner) => inner.named(),
            Self::Struct(name) | Self::Enum(name) | Self::IntEnum(name) => Some(name),
            _ => None,
        }
    }

    /// The kind of argument that this type is: a caller could swap two arguments of one kind. A
    /// literal such as `1` fits every kind of number, and a text every list of enumerated texts;
    /// constructors take a single enumeration by its own type.
    fn argument(&self) -> Self {
        match self {
            Self::Int | Self::Uint | Self::Decimal => Self::Int,
            Self::List(item) => Self::List(Box::new(item.item())),
            Self::Map(item) => Self::Map(Box::new(item.item())),
            ty => ty.clone(),
        }
    }

    fn item(&self) -> Self {
        match self {
            Self::Enum(_) => Self::String,
            ty => ty.argument(),
        }
    }
}

/// An open enumeration.
#[derive(Debug, Clone)]
pub struct Enum {
    /// Name of the type.
    pub name: String,
    /// What it is.
    pub doc: Doc,
    /// Its values are whole numbers, not texts.
    pub of_numbers: bool,
    /// It is declared by the service, not by the operation.
    pub shared: bool,
    /// The known values.
    pub values: Vec<Variant>,
}

/// A known value of an open enumeration.
#[derive(Debug, Clone)]
pub struct Variant {
    /// Value on the wire.
    pub wire: String,
    /// Name in Rust.
    pub rust: String,
    /// What it means.
    pub doc: Doc,
}

/// An example that agrees with the description.
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
    /// A success: the output as it is written back, if that differs from the payload as it came, and
    /// the deviations that the decoder reports.
    Payload(Option<Value>, Vec<(&'static str, u64)>),
    /// A failure with this code, of this kind.
    Failure(String, CodeKind),
    /// The code says that there is no such record.
    NoRecord(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_recognised() {
        for (format, good, bad) in [
            (Format::Md5, "0123456789abcdefABCDEF0123456789", "0123"),
            (Format::Month, "2022-09", "2022-9"),
            (Format::Date, "2021-08-18", "2021-08-18 "),
            (
                Format::DateTime,
                "2022-10-13 20:09:03",
                "2022-10-13T20:09:03",
            ),
            (
                Format::Utc,
                "2022-10-13T20:09:03Z",
                "2022-10-13T20:09:03+08:00",
            ),
        ] {
            assert!(format.matches(good) && !format.matches(bad), "{format:?}");
        }
    }

    #[test]
    fn the_envelope_knows_its_members_of_the_payload() {
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
