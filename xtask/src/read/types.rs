//! The named types of an operation: their names, which fields need, and enumerations.

use std::collections::HashMap;

use crate::load::json::Value;
use crate::load::located::Located;
use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::model::{Enum, Type, Variant};
use crate::names;
use crate::wording::{and_list, closest};

use super::doc::doc;

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

/// The names under `types`, collected before any field is read.
#[derive(Debug)]
pub(super) struct TypeNames<'a> {
    pub(super) own: Vec<Declaration<'a>>,
    /// Enumerations of the service.
    pub(super) shared: &'a [Enum],
}

/// An entry of `types`, not yet read.
#[derive(Debug)]
pub(super) struct Declaration<'a> {
    pub(super) name: &'a str,
    pub(super) kind: DeclaredKind<'a>,
    pub(super) located: Located<'a>,
}

/// The kind of a declared type.
#[derive(Debug)]
pub(super) enum DeclaredKind<'a> {
    Struct,
    /// With the values on the wire, and whether they are numbers.
    Enum(Vec<&'a str>, bool),
    /// Neither, which is reported already.
    Broken,
}

impl<'a> TypeNames<'a> {
    /// Collects the names that an object declares under `types`, and reports those that cannot be used.
    /// `operation` is the operation that declares them, unless its service does. `taken` are those of
    /// other operations of the service, which exports the types of all of them, with the operation that
    /// each belongs to; the names found are added.
    pub(super) fn collect(
        object: &Object<'a>,
        shared: &'a [Enum],
        operation: Option<&str>,
        taken: &mut HashMap<String, String>,
        problems: &mut Problems,
    ) -> Self {
        let mut own: Vec<Declaration<'a>> = Vec::new();
        let output = operation.map(|operation| format!("{operation}Output"));
        let of_module = [operation, output.as_deref()];
        let types = object
            .get("types")
            .and_then(|located| Object::open_map(&located, problems));
        let members = types.iter().flat_map(Object::members);
        for (member, located) in members {
            let name = member.key.as_str();
            if !names::is_pascal(name) {
                let message = format!("{name:?} cannot name a type; use PascalCase");
                problems.push(located.problem(message));
            } else if is_reserved(name) || of_module.contains(&Some(name)) {
                problems.push(located.problem(format!(
                    "the generated module uses the name {name:?} itself; use another name, which is \
                     not sent"
                )));
            } else if shared.iter().any(|shared| shared.name == name) {
                let message = format!("the service has a type {name:?}; use it, or another name");
                problems.push(located.problem(message));
            } else if let Some(other) = taken.get(name) {
                problems.push(located.problem(format!(
                    "{other} uses the name {name:?}, and the service exports both; use another name, \
                     or describe an enumeration under `types` of the service"
                )));
            }
            let value = &located.node.value;
            let kind = match (value.member("fields"), value.member("values")) {
                (Some(_), None) => DeclaredKind::Struct,
                (None, Some(values)) => {
                    let ty = value.member("type").map(|node| &node.value);
                    let of_numbers = matches!(ty, Some(Value::Text(name)) if name == "int");
                    let values = match &values.value {
                        Value::Object(members) => members.iter().map(|m| m.key.as_str()).collect(),
                        _ => Vec::new(),
                    };
                    DeclaredKind::Enum(values, of_numbers)
                }
                _ => {
                    problems.push(located.problem("a type has either `fields` or `values`"));
                    DeclaredKind::Broken
                }
            };
            own.push(Declaration {
                name,
                kind,
                located,
            });
        }
        if let Some(operation) = operation {
            let names = own.iter().map(|declared| declared.name);
            let names = names.chain(of_module.into_iter().flatten());
            taken.extend(names.map(|name| (name.to_owned(), operation.to_owned())));
        }
        Self { own, shared }
    }

    /// The type that a text spells.
    pub(super) fn parse(&self, text: &str) -> Result<Type, String> {
        let text = text.trim();
        if let Some((_, ty)) = Type::BUILT_IN.into_iter().find(|(name, _)| *name == text) {
            return Ok(ty);
        }
        for (open, collection) in [("list<", Type::List as fn(_) -> _), ("map<", Type::Map)] {
            let inner = text.strip_prefix(open);
            if let Some(inner) = inner.and_then(|rest| rest.strip_suffix('>')) {
                return Ok(collection(Box::new(self.parse(inner)?)));
            }
        }
        if let Some(declared) = self.find(text) {
            let name = text.to_owned();
            return Ok(match declared.kind {
                DeclaredKind::Struct => Type::Struct(name),
                DeclaredKind::Enum(_, false) => Type::Enum(name),
                DeclaredKind::Enum(_, true) => Type::IntEnum(name),
                DeclaredKind::Broken => Type::Unknown,
            });
        }
        if let Some(shared) = self.shared.iter().find(|shared| shared.name == text) {
            let name = text.to_owned();
            return Ok(if shared.of_numbers {
                Type::IntEnum(name)
            } else {
                Type::Enum(name)
            });
        }
        if let Some((_, here)) = FOREIGN.iter().find(|(name, _)| *name == text) {
            return Err(format!("the type `{text}` of other formats is {here} here"));
        }
        let candidates = || {
            let built_in = Type::BUILT_IN.into_iter().map(|(name, _)| name);
            let own = self.own.iter().map(|declared| declared.name);
            let shared = self.shared.iter().map(|shared| shared.name.as_str());
            built_in.chain(own).chain(shared)
        };
        if names::is_pascal(text) && closest(text, candidates()).is_none() {
            return Err(format!(
                "there is no type {text:?}; describe it under `types`"
            ));
        }
        Err(match closest(text, candidates()) {
            Some(meant) => format!("there is no type {text:?}; did you mean {meant:?}?"),
            None => {
                let built_in = Type::BUILT_IN.into_iter().map(|(name, _)| name);
                let all: Vec<&str> = built_in.chain(["list<…>", "map<…>"]).collect();
                format!(
                    "there is no type {text:?}; the types are {}, and the names under `types`",
                    and_list(&all)
                )
            }
        })
    }

    fn find(&self, name: &str) -> Option<&Declaration<'a>> {
        self.own.iter().find(|declared| declared.name == name)
    }

    /// The values of an enumeration.
    pub(super) fn values(&self, name: &str) -> Vec<&'a str> {
        if let Some(DeclaredKind::Enum(values, _)) = self.find(name).map(|declared| &declared.kind)
        {
            return values.clone();
        }
        let shared = self.shared.iter().filter(|shared| shared.name == name);
        let values = shared.flat_map(|shared| &shared.values);
        values.map(|value| value.wire.as_str()).collect()
    }

    /// Reports a problem of a type that this operation declares, as a whole.
    pub(super) fn report(&self, name: &str, message: String, problems: &mut Problems) {
        if let Some(declared) = self.find(name) {
            problems.push(declared.located.problem(message));
        }
    }
}

/// Reads an enumeration.
pub(super) fn enumeration(declared: &Declaration<'_>, problems: &mut Problems) -> Option<Enum> {
    let object = Object::open(&declared.located, "enum", problems)?;
    let of_numbers = object.choice("type", &[("string", false), ("int", true)], problems);
    let of_numbers = of_numbers.unwrap_or(false);
    let mut variants: Vec<Variant> = Vec::new();
    let values = object
        .get("values")
        .and_then(|located| Object::open_map(&located, problems))?;
    for (member, located) in values.members() {
        let Some(value) = Object::open(&located, "value", problems) else {
            continue;
        };
        let wire = member.key.clone();
        let number = wire.parse::<i64>().map(|number| number.to_string());
        if of_numbers && number.as_ref() != Ok(&wire) {
            let message = format!("{wire:?} is not a whole number, but the type has whole numbers");
            problems.push(values.located.problem_with_key(member, message));
        }
        let rust = value
            .text("name", problems)
            .unwrap_or_else(|| names::pascal(&wire));
        if !names::is_pascal(&rust) || rust == "Unknown" {
            problems.push(located.problem(format!(
                "the value {wire:?} gives no usable name in Rust ({rust:?}); set `name`, in PascalCase"
            )));
        }
        if let Some(twin) = variants.iter().find(|other| other.rust == rust) {
            problems.push(located.problem(format!(
                "{:?} and {wire:?} are both `{rust}` in Rust; set another `name` for one of them",
                twin.wire
            )));
        }
        variants.push(Variant {
            wire,
            rust,
            doc: doc(&value, problems),
        });
    }
    if variants.is_empty() {
        let message = "an enumeration needs values; without them, use `string` or `int`";
        problems.push(values.located.problem(message));
    }
    Some(Enum {
        name: declared.name.to_owned(),
        doc: doc(&object, problems),
        of_numbers,
        shared: false,
        values: variants,
    })
}

/// Reads the enumerations that the operations of a service share.
pub(super) fn shared(object: &Object<'_>, problems: &mut Problems) -> Vec<Enum> {
    let names = TypeNames::collect(object, &[], None, &mut HashMap::new(), problems);
    let mut shared = Vec::new();
    for declared in &names.own {
        match declared.kind {
            DeclaredKind::Enum(..) => shared.extend(enumeration(declared, problems)),
            DeclaredKind::Struct => problems.push(declared.located.problem(
                "operations share only enumerations; describe this type in the operation that uses it",
            )),
            DeclaredKind::Broken => {}
        }
    }
    for one in &mut shared {
        one.shared = true;
    }
    shared
}
