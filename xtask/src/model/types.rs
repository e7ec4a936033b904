//! Structs, enumerations, fields and their limits.

use crate::load::json::Value;

use super::http::Place;
use super::provenance::Doc;

/// A named type of an operation.
#[derive(Debug)]
pub enum NamedType {
    /// Fields.
    Struct(Struct),
    /// Values.
    Enum(Enum),
}

impl NamedType {
    /// The struct, if it is one.
    pub fn as_struct(&self) -> Option<&Struct> {
        match self {
            Self::Struct(found) => Some(found),
            Self::Enum(_) => None,
        }
    }

    /// The struct of a name.
    pub fn find<'t>(types: &'t [Self], name: &str) -> Option<&'t Struct> {
        types
            .iter()
            .filter_map(Self::as_struct)
            .find(|found| found.name == name)
    }

    /// The values of an enumerated type, as on the wire.
    pub fn wire_values<'t>(types: &'t [Self], ty: &Type) -> Vec<&'t str> {
        let values = Self::values(types, ty.type_name().unwrap_or_default()).iter();
        values.map(|value| value.wire.as_str()).collect()
    }

    /// The values of the enumeration of a name.
    pub fn values<'t>(types: &'t [Self], name: &str) -> &'t [Variant] {
        let found = types.iter().find_map(|ty| match ty {
            Self::Enum(found) if found.name == name => Some(found.values.as_slice()),
            _ => None,
        });
        found.unwrap_or_default()
    }
}

/// A struct: the request, the output, or a named type.
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
    /// It is the request, or the request refers to it.
    pub in_request: bool,
    /// It is the output, or the output refers to it.
    pub in_response: bool,
}

impl Struct {
    /// Fields that a caller must give.
    pub fn required(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.required)
    }

    /// Whether required fields of a request are arguments of the constructors. If there are more than
    /// three, or two that a caller could swap unnoticed, all have setters instead, and `validate`
    /// reports those that are missing. Structs of responses alone have no constructors.
    pub fn required_are_arguments(&self) -> bool {
        if !self.in_request {
            return true;
        }
        let mut kinds: Vec<Type> = Vec::new();
        for field in self.required() {
            let kind = field.ty.kind_of_argument();
            if kinds.contains(&kind) {
                return false;
            }
            kinds.push(kind);
        }
        let mut chosen = self.choice().into_iter();
        kinds.len() <= 3 && !chosen.any(|field| kinds.contains(&field.ty.kind_of_argument()))
    }

    /// Whether a field is kept in an `Option`.
    pub fn is_optional(&self, field: &Field) -> bool {
        let absent = !field.required || !self.required_are_arguments();
        // In a response, an absent list is an empty one; in a request the two differ.
        absent && (self.in_request || !field.ty.is_collection())
    }

    /// The fields of which the constructor chooses one. With several such conditions there are none:
    /// each combination would need a constructor, so the fields have setters, which `validate` checks.
    pub fn choice(&self) -> Vec<&Field> {
        let mut choices = self.require.iter().filter_map(|require| match require {
            Require::OneOf(fields) => Some(fields),
            _ => None,
        });
        match (choices.next(), choices.next()) {
            (Some(only), None) => only.iter().map(|index| self.field(*index)).collect(),
            _ => Vec::new(),
        }
    }

    /// The field with an index that a condition or the pagination has.
    #[expect(
        clippy::expect_used,
        reason = "the reader takes such indexes from these fields"
    )]
    pub fn field(&self, index: usize) -> &Field {
        self.fields.get(index).expect("an index of the fields")
    }

    /// Whether a value of this type needs no argument.
    pub fn has_default(&self) -> bool {
        self.choice().is_empty()
            && self.fields.iter().all(|field| {
                self.is_optional(field) || (!self.in_request && field.ty.is_collection())
            })
    }
}

/// A condition over several fields of a struct, which are meant by their index.
#[derive(Debug)]
pub enum Require {
    /// At least one of them.
    AnyOf(Vec<usize>),
    /// Exactly one of them.
    OneOf(Vec<usize>),
    /// All or none of them.
    Together(Vec<usize>),
    /// The list is no longer than the page of its response.
    Fits {
        /// The list.
        list: usize,
        /// The field with the size of the page.
        size: usize,
        /// The size that the service assumes without that field.
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
    pub ty: Type,
    /// What it is.
    pub doc: Doc,
    /// It must be given, or is always there.
    pub required: bool,
    /// It may be null.
    pub nullable: bool,
    /// What the service assumes without it.
    pub default: Option<Value>,
    /// Limits of the value.
    pub limits: Limits,
    /// Limits of each item of a list.
    pub each: Limits,
    /// What it is counted in.
    pub unit: Option<String>,
    /// It is personal data.
    pub sensitive: bool,
    /// Where it is sent, if not where the others are.
    pub place: Option<Place>,
    /// Other names that responses use.
    pub aliases: Vec<String>,
    /// The key of the object that a list is wrapped in.
    pub wrapper: Option<String>,
    /// What to use instead.
    pub deprecated: Option<String>,
    /// The type contains itself here, so the field is boxed.
    pub boxed: bool,
}

impl Field {
    /// Every name that a response may use.
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
    /// Format of a text.
    pub format: Option<Format>,
}

impl Limits {
    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The format of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// 32 hexadecimal digits.
    Md5,
    /// A telephone number of any country.
    Phone,
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
    pub const ALL: [(&'static str, Self); 6] = [
        ("md5", Self::Md5),
        ("phone", Self::Phone),
        ("month", Self::Month),
        ("date", Self::Date),
        ("date_time", Self::DateTime),
        ("utc", Self::Utc),
    ];

    /// The pattern, for documentation and messages.
    pub fn shape(self) -> &'static str {
        match self {
            Self::Md5 => "32 hexadecimal digits",
            Self::Phone => {
                "a telephone number of 7 to 15 digits, optionally with a leading `+` and separators"
            }
            Self::Month => "`YYYY-MM`",
            Self::Date => "`YYYY-MM-DD`",
            Self::DateTime => "`YYYY-MM-DD hh:mm:ss`",
            Self::Utc => "`YYYY-MM-DDThh:mm:ssZ`",
        }
    }

    /// Whether `validate` checks it in a request. Dates are left to the service, which may accept more.
    pub fn is_validated(self) -> bool {
        matches!(self, Self::Md5 | Self::Phone)
    }

    /// Whether a text has this format.
    pub fn matches(self, text: &str) -> bool {
        // `0` in the pattern matches any digit; other characters match themselves.
        let pattern = match self {
            Self::Md5 => {
                return text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            }
            Self::Phone => {
                let number = text.strip_prefix('+').unwrap_or(text);
                let digits = number.bytes().filter(u8::is_ascii_digit).count();
                let is_allowed = |byte: u8| byte.is_ascii_digit() || b" -.()".contains(&byte);
                return (7..=15).contains(&digits) && number.bytes().all(is_allowed);
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

/// The type of a value, as it is used; [`NamedType`] is what declares a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
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
    List(Box<Type>),
    /// An object with keys that are data.
    Map(Box<Type>),
    /// A struct of `types`.
    Struct(String),
    /// An enumeration of texts.
    Enum(String),
    /// An enumeration of whole numbers.
    IntEnum(String),
    /// The fixture's type was refused. That is reported once, so every check accepts values of it.
    Unknown,
}

impl Type {
    /// The types without a declaration, with their spelling in fixtures.
    pub const BUILT_IN: [(&'static str, Self); 7] = [
        ("string", Self::String),
        ("bool", Self::Bool),
        ("int", Self::Int),
        ("uint", Self::Uint),
        ("float", Self::Float),
        ("decimal", Self::Decimal),
        ("json", Self::Json),
    ];

    /// How a fixture spells the type.
    pub fn spelling(&self) -> String {
        match self {
            Self::List(inner) => format!("list<{}>", inner.spelling()),
            Self::Map(inner) => format!("map<{}>", inner.spelling()),
            ty => {
                let mut built_in = Self::BUILT_IN.iter();
                let found = built_in.find(|(_, built_in)| built_in == ty);
                let name = found.map(|(name, _)| *name).or(ty.type_name());
                name.unwrap_or("?").to_owned()
            }
        }
    }

    /// A list or a map.
    pub fn is_collection(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map(_))
    }

    /// A single value, or a type that was refused: not a collection, a struct or any JSON.
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
    pub fn type_name(&self) -> Option<&str> {
        match self {
            Self::List(inner) | Self::Map(inner) => inner.type_name(),
            Self::Struct(name) | Self::Enum(name) | Self::IntEnum(name) => Some(name),
            _ => None,
        }
    }

    /// A type that stands for all whose arguments a caller could swap for this one unnoticed. The
    /// literal `1` fits every kind of number, and `["a"]` fits lists of texts and of enumerated texts,
    /// whose items convert. A single enumeration fits no other argument: constructors take it by its
    /// own type.
    fn kind_of_argument(&self) -> Self {
        match self {
            Self::Int | Self::Uint | Self::Decimal => Self::Int,
            Self::List(item) => Self::List(Box::new(item.kind_of_item())),
            Self::Map(item) => Self::Map(Box::new(item.kind_of_item())),
            ty => ty.clone(),
        }
    }

    fn kind_of_item(&self) -> Self {
        match self {
            Self::Enum(_) => Self::String,
            ty => ty.kind_of_argument(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_matches_its_format_only() {
        for (format, good, bad) in [
            (Format::Md5, "0123456789abcdefABCDEF0123456789", "0123"),
            (Format::Phone, "+62 812-0000-0001", "6.28E+11"),
            (Format::Phone, "1234567", "123456"),
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
}
