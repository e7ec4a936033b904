//! The named types of an operation: their names, known before any field is read, and enumerations.

use std::collections::HashMap;

use crate::load::json::Value;
use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::load::spot::Spot;
use crate::model::{Enum, Ty, Variant};
use crate::names;
use crate::words::{closest, list};

use super::facts;

/// Names that generated modules use themselves: those of `standing_core::generated`, those of the
/// standard prelude, and those of the constants of a module.
const RESERVED: &str = "\
    Amount BTreeMap Batch Box Clone CodeKind Cursor Debug Default Deserialize ENVELOPE ERRORS \
    Effect Envelope ErasedOperation Err ErrorCode Format From Hidden Into IntoIterator \
    InvalidRequest Json Lists Method None Ok Operation OperationInfo Option PLACES Paginated \
    Paging PagingStyle Params PartialEq Place Presence RateLimit Result SENSITIVE SERVICE \
    SUMMARY Self Serialize Service Some String Success UnknownNumber UnknownValue Vec \
    Violations";

/// Whether generated modules use a name themselves.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.split(' ').any(|reserved| reserved == name)
}

/// Names of types in other formats, with their spelling here.
const FOREIGN: &[(&str, &str)] = &[
    ("array", "`list<…>`"),
    ("boolean", "`bool`"),
    ("date", "`string` with `\"format\": \"date\"`"),
    ("datetime", "`string` with `\"format\": \"date_time\"`"),
    ("dict", "`map<…>`"),
    ("double", "`float` for a ratio and `decimal` for money"),
    ("enum", "the name of a type with `values`"),
    ("int32", "`int`"),
    ("int64", "`int`"),
    ("integer", "`int`"),
    ("long", "`int`"),
    ("number", "`decimal` for money and `float` for a ratio"),
    ("object", "the name of a type with `fields`"),
    ("str", "`string`"),
    ("text", "`string`"),
    ("uint64", "`uint`"),
    ("unsigned", "`uint`"),
];

/// The names of `types`, known before any field is read.
#[derive(Debug)]
pub(super) struct Types<'a> {
    pub(super) own: Vec<Declared<'a>>,
    /// Enumerations of the service.
    pub(super) shared: &'a [Enum],
}

/// A declared type.
#[derive(Debug)]
pub(super) struct Declared<'a> {
    pub(super) name: &'a str,
    pub(super) kind: Kind<'a>,
    pub(super) spot: Spot<'a>,
}

/// The kind of a declared type.
#[derive(Debug)]
pub(super) enum Kind<'a> {
    Struct,
    /// With the values on the wire, and whether they are numbers.
    Enum(Vec<&'a str>, bool),
    /// A mistake that is reported already.
    Broken,
}

impl<'a> Types<'a> {
    /// Collects the names. `taken` are those of other operations of the service, which exports the
    /// types of all of them, with the operation that each belongs to.
    pub(super) fn declared(
        object: &Object<'a>,
        shared: &'a [Enum],
        operation: &str,
        taken: &mut HashMap<String, String>,
        problems: &mut Problems,
    ) -> Self {
        let mut own: Vec<Declared<'a>> = Vec::new();
        let types = object
            .get("types")
            .and_then(|spot| Object::open_any(&spot, problems));
        let members = types.iter().flat_map(Object::members);
        for (member, spot) in members {
            let name = member.key.as_str();
            if !names::is_pascal(name) {
                let message = format!("{name:?} cannot name a type; use PascalCase");
                problems.push(spot.problem(message));
            } else if is_reserved(name) || name == operation || name == format!("{operation}Output")
            {
                problems.push(spot.problem(format!(
                    "the generated module uses the name {name:?} itself; use another name, which is \
                     not sent"
                )));
            } else if shared.iter().any(|known| known.name == name) {
                let message = format!("the service has a type {name:?}; use it, or another name");
                problems.push(spot.problem(message));
            } else if let Some(other) = taken.get(name) {
                problems.push(spot.problem(format!(
                    "{other} uses the name {name:?}, and the service exports both; use another name, \
                     or describe an enumeration under `types` of the service"
                )));
            }
            let value = &spot.node.value;
            let kind = match (value.member("fields"), value.member("values")) {
                (Some(_), None) => Kind::Struct,
                (None, Some(values)) => {
                    let of = value.member("type").map(|node| &node.value);
                    let of_numbers = matches!(of, Some(Value::Text(name)) if name == "int");
                    let values = match &values.value {
                        Value::Object(members) => members.iter().map(|m| m.key.as_str()).collect(),
                        _ => Vec::new(),
                    };
                    Kind::Enum(values, of_numbers)
                }
                _ => {
                    problems.push(spot.problem("a type has either `fields` or `values`"));
                    Kind::Broken
                }
            };
            own.push(Declared { name, kind, spot });
        }
        let names = own.iter().map(|declared| declared.name.to_owned());
        let names = names.chain([operation.to_owned(), format!("{operation}Output")]);
        taken.extend(names.map(|name| (name, operation.to_owned())));
        Self { own, shared }
    }

    /// The type that a text spells.
    pub(super) fn parse(&self, text: &str) -> Result<Ty, String> {
        let text = text.trim();
        if let Some((_, ty)) = Ty::SCALARS.into_iter().find(|(name, _)| *name == text) {
            return Ok(ty);
        }
        for (open, collection) in [("list<", Ty::List as fn(_) -> _), ("map<", Ty::Map)] {
            let inner = text.strip_prefix(open);
            if let Some(inner) = inner.and_then(|rest| rest.strip_suffix('>')) {
                return Ok(collection(Box::new(self.parse(inner)?)));
            }
        }
        if let Some(declared) = self.find(text) {
            let name = text.to_owned();
            return Ok(match declared.kind {
                Kind::Struct => Ty::Struct(name),
                Kind::Enum(_, false) => Ty::Enum(name),
                Kind::Enum(_, true) => Ty::IntEnum(name),
                Kind::Broken => Ty::Unknown,
            });
        }
        if let Some(known) = self.shared.iter().find(|known| known.name == text) {
            let name = text.to_owned();
            return Ok(if known.of_numbers {
                Ty::IntEnum(name)
            } else {
                Ty::Enum(name)
            });
        }
        if let Some((_, here)) = FOREIGN.iter().find(|(name, _)| *name == text) {
            return Err(format!("the type `{text}` of other formats is {here} here"));
        }
        let known = || {
            let scalars = Ty::SCALARS.into_iter().map(|(name, _)| name);
            let own = self.own.iter().map(|declared| declared.name);
            let shared = self.shared.iter().map(|known| known.name.as_str());
            scalars.chain(own).chain(shared)
        };
        if names::is_pascal(text) && closest(text, known()).is_none() {
            return Err(format!(
                "there is no type {text:?}; describe it under `types`"
            ));
        }
        Err(match closest(text, known()) {
            Some(meant) => format!("there is no type {text:?}; did you mean {meant:?}?"),
            None => {
                let scalars = Ty::SCALARS.map(|(name, _)| name);
                let scalars = list(&scalars).replace(" and ", ", ");
                format!(
                    "there is no type {text:?}; the types are {scalars}, `list<…>`, `map<…>` and \
                     the names under `types`"
                )
            }
        })
    }

    fn find(&self, name: &str) -> Option<&Declared<'a>> {
        self.own.iter().find(|declared| declared.name == name)
    }

    /// The values of an enumeration.
    pub(super) fn values(&self, name: &str) -> Vec<&'a str> {
        if let Some(Kind::Enum(values, _)) = self.find(name).map(|declared| &declared.kind) {
            return values.clone();
        }
        let shared = self.shared.iter().filter(|known| known.name == name);
        let values = shared.flat_map(|known| &known.values);
        values.map(|value| value.wire.as_str()).collect()
    }

    /// Adds a problem of a type as a whole.
    pub(super) fn complain(&self, name: &str, message: String, problems: &mut Problems) {
        if let Some(declared) = self.find(name) {
            problems.push(declared.spot.problem(message));
        }
    }
}

/// Reads an enumeration.
pub(super) fn enumeration(declared: &Declared<'_>, problems: &mut Problems) -> Option<Enum> {
    let object = Object::open(&declared.spot, "enum", problems)?;
    let of_numbers = object.choice("type", &[("string", false), ("int", true)], problems);
    let of_numbers = of_numbers.unwrap_or(false);
    let mut variants: Vec<Variant> = Vec::new();
    let values = object
        .get("values")
        .and_then(|spot| Object::open_any(&spot, problems))?;
    for (member, spot) in values.members() {
        let Some(value) = Object::open(&spot, "value", problems) else {
            continue;
        };
        let wire = member.key.clone();
        let number = wire.parse::<i64>().map(|number| number.to_string());
        if of_numbers && number.as_ref() != Ok(&wire) {
            let message = format!("{wire:?} is not a whole number, but the type has whole numbers");
            problems.push(values.spot.problem_with_key(member, message));
        }
        let rust = value
            .text("name", problems)
            .unwrap_or_else(|| names::pascal(&wire));
        if !names::is_pascal(&rust) || rust == "Unknown" {
            problems.push(spot.problem(format!(
                "the value {wire:?} gives no usable name in Rust ({rust:?}); set `name`, in PascalCase"
            )));
        }
        if let Some(twin) = variants.iter().find(|other| other.rust == rust) {
            problems.push(spot.problem(format!(
                "{:?} and {wire:?} are both `{rust}` in Rust; set another `name` for one of them",
                twin.wire
            )));
        }
        let doc = facts::doc(&value, problems);
        variants.push(Variant { wire, rust, doc });
    }
    if variants.is_empty() {
        let message = "an enumeration needs values; without them, use `string` or `int`";
        problems.push(values.spot.problem(message));
    }
    Some(Enum {
        name: declared.name.to_owned(),
        doc: facts::doc(&object, problems),
        of_numbers,
        shared: false,
        values: variants,
    })
}

/// Reads the enumerations that the operations of a service share.
pub(super) fn shared(object: &Object<'_>, problems: &mut Problems) -> Vec<Enum> {
    let names = Types::declared(object, &[], "", &mut HashMap::new(), problems);
    let mut shared = Vec::new();
    for declared in &names.own {
        match declared.kind {
            Kind::Enum(..) => shared.extend(enumeration(declared, problems)),
            Kind::Struct => problems.push(declared.spot.problem(
                "operations share only enumerations; describe this type in the operation that uses it",
            )),
            Kind::Broken => {}
        }
    }
    for known in &mut shared {
        known.shared = true;
    }
    shared
}
