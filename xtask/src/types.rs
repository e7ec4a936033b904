//! Reads fields, structs and enumerations, and works out what follows from how they are used.

use std::collections::HashMap;

use crate::diag::{Problems, closest, hint, list};
use crate::examples::complaint;
use crate::fixtures::doc;
use crate::json::{Spot, Value};
use crate::model::{Enum, Field, Format, Limits, Place, Require, Struct, Ty, Type, Variant};
use crate::names;
use crate::read::{Object, items, keys};

/// Names that generated modules use themselves: those of `standing_core::generated`, those of the
/// standard prelude, and those of the constants of a module.
pub const RESERVED: &[&str] = &[
    "Amount",
    "BTreeMap",
    "Box",
    "Clone",
    "CodeKind",
    "Cursor",
    "Debug",
    "Default",
    "Deserialize",
    "ENVELOPE",
    "ERRORS",
    "Entry",
    "Envelope",
    "Err",
    "ErrorCode",
    "Format",
    "From",
    "Hidden",
    "Into",
    "IntoIterator",
    "InvalidRequest",
    "Json",
    "Lists",
    "Method",
    "None",
    "Ok",
    "Operation",
    "OperationInfo",
    "Option",
    "PLACES",
    "Paginated",
    "Paging",
    "Params",
    "PartialEq",
    "Place",
    "RateLimit",
    "Result",
    "SENSITIVE",
    "SERVICE",
    "SUMMARY",
    "Self",
    "Serialize",
    "Service",
    "Some",
    "String",
    "Success",
    "Vec",
    "Violations",
];

/// What other formats call a type, and what it is called here.
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

const PLACES: [(&str, Place); 4] = [
    ("body", Place::Body),
    ("query", Place::Query),
    ("path", Place::Path),
    ("header", Place::Header),
];

const SCALARS: &[(&str, Ty)] = &[
    ("string", Ty::String),
    ("bool", Ty::Bool),
    ("int", Ty::Int),
    ("uint", Ty::Uint),
    ("float", Ty::Float),
    ("decimal", Ty::Decimal),
    ("json", Ty::Json),
];

/// Which struct a field belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The request.
    Input,
    /// The answer.
    Output,
    /// A named type.
    Part,
}

/// The names of `types`, known before any field is read.
#[derive(Debug)]
pub struct Types<'a> {
    own: Vec<Declared<'a>>,
    /// Enumerations of the service.
    shared: &'a [Enum],
}

#[derive(Debug)]
struct Declared<'a> {
    name: &'a str,
    kind: Kind<'a>,
    spot: Spot<'a>,
}

#[derive(Debug)]
enum Kind<'a> {
    Struct,
    /// With the values on the wire, and whether they are numbers.
    Enum(Vec<&'a str>, bool),
    /// Already complained about; nothing follows from it.
    Broken,
}

impl<'a> Types<'a> {
    /// Collects the names. `taken` are those of other operations of the service, which exports the
    /// types of all of them, with the operation that each belongs to.
    pub fn declared(
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
                let message = format!("{name:?} cannot name a type; write PascalCase");
                problems.push(spot.problem(message));
            } else if RESERVED.contains(&name)
                || name == operation
                || name == format!("{operation}Output")
            {
                problems.push(spot.problem(format!(
                    "the generated module uses the name {name:?} itself; call the type otherwise, \
                     its name does not travel"
                )));
            } else if shared.iter().any(|known| known.name == name) {
                let message = format!(
                    "the service has a type {name:?} already; use it, or call this one otherwise"
                );
                problems.push(spot.problem(message));
            } else if let Some(other) = taken.get(name) {
                problems.push(spot.problem(format!(
                    "{other} has the name {name:?} already, and the service exports both; call the \
                     type otherwise, or describe an enumeration under `types` of the service"
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

    /// Reads the types themselves.
    pub fn read(&self, problems: &mut Problems) -> Vec<Type> {
        let read = self.own.iter().filter_map(|declared| match declared.kind {
            Kind::Broken => None,
            Kind::Enum(..) => enumeration(declared, problems).map(Type::Enum),
            Kind::Struct => {
                let object = Object::open(&declared.spot, keys::STRUCT, problems)?;
                let mut part = fields_of(&object, "fields", self, Role::Part, problems);
                part.name = declared.name.to_owned();
                part.doc = doc(&object, problems);
                part.require = requires(&object, &part, problems);
                Some(Type::Struct(part))
            }
        });
        read.collect()
    }

    /// Understands a type's spelling.
    fn parse(&self, text: &str) -> Result<Ty, String> {
        let text = text.trim();
        if let Some((_, ty)) = SCALARS.iter().find(|(name, _)| *name == text) {
            return Ok(ty.clone());
        }
        if let Some(inner) = text
            .strip_prefix("list<")
            .and_then(|rest| rest.strip_suffix('>'))
        {
            return Ok(Ty::List(Box::new(self.parse(inner)?)));
        }
        if let Some(inner) = text
            .strip_prefix("map<")
            .and_then(|rest| rest.strip_suffix('>'))
        {
            return Ok(Ty::Map(Box::new(self.parse(inner)?)));
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
            return Err(format!("what is `{text}` elsewhere is {here} here"));
        }
        let known = || {
            let scalars = SCALARS.iter().map(|(name, _)| *name);
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
                let scalars: Vec<&str> = SCALARS.iter().map(|(name, _)| *name).collect();
                format!(
                    "there is no type {text:?}; there is {}, `list<…>`, `map<…>` and the names \
                     under `types`",
                    list(&scalars).replace(" and ", ", ")
                )
            }
        })
    }

    fn find(&self, name: &str) -> Option<&Declared<'a>> {
        self.own.iter().find(|declared| declared.name == name)
    }

    /// The values of an enumeration.
    fn values(&self, name: &str) -> Vec<&'a str> {
        if let Some(Kind::Enum(values, _)) = self.find(name).map(|declared| &declared.kind) {
            return values.clone();
        }
        let shared = self.shared.iter().filter(|known| known.name == name);
        let values = shared.flat_map(|known| &known.values);
        values.map(|value| value.wire.as_str()).collect()
    }

    /// Notes a problem of a type as a whole.
    fn complain(&self, name: &str, message: String, problems: &mut Problems) {
        if let Some(declared) = self.find(name) {
            problems.push(declared.spot.problem(message));
        }
    }
}

/// How a fixture spells a type.
pub fn spelling(ty: &Ty) -> String {
    match ty {
        Ty::List(inner) => format!("list<{}>", spelling(inner)),
        Ty::Map(inner) => format!("map<{}>", spelling(inner)),
        Ty::Struct(name) | Ty::Enum(name) | Ty::IntEnum(name) => name.clone(),
        _ => {
            let known = SCALARS.iter().find(|(_, scalar)| scalar == ty);
            known.map_or("?", |(name, _)| name).to_owned()
        }
    }
}

/// Reads the fields that stand under a key.
pub fn fields_of(
    object: &Object<'_>,
    key: &str,
    types: &Types<'_>,
    role: Role,
    problems: &mut Problems,
) -> Struct {
    let mut found: Vec<Field> = Vec::new();
    let mut in_rust: HashMap<String, &str> = HashMap::new();
    let mut on_the_wire: HashMap<String, &String> = HashMap::new();
    let fields = object
        .need(key, problems)
        .and_then(|spot| Object::open_any(&spot, problems));
    for (member, spot) in fields.iter().flat_map(Object::members) {
        let Some(field) = field(&member.key, &spot, types, role, problems) else {
            continue;
        };
        if let Some(twin) = in_rust.insert(field.rust.clone(), member.key.as_str()) {
            problems.push(spot.problem(format!(
                "{twin:?} and {:?} are both `{}` in Rust; give one of them another name with `rust`",
                field.wire, field.rust
            )));
        }
        for name in field.wire_names() {
            let other = *on_the_wire.entry(name.to_owned()).or_insert(&member.key);
            if *other != field.wire {
                problems.push(spot.problem(format!(
                    "{name:?} would be read both as {other:?} and as {:?}; an alias belongs to one \
                     field",
                    field.wire
                )));
            }
        }
        found.push(field);
    }
    Struct {
        fields: found,
        ..Struct::default()
    }
}

fn field(
    wire: &str,
    spot: &Spot<'_>,
    types: &Types<'_>,
    role: Role,
    problems: &mut Problems,
) -> Option<Field> {
    let object = Object::open(spot, keys::FIELD, problems)?;
    object.need("type", problems);
    let ty = match object.text("type", problems).map(|text| types.parse(&text)) {
        Some(Ok(ty)) => ty,
        Some(Err(message)) => {
            object.complain("type", message, problems);
            Ty::Unknown
        }
        None => Ty::Unknown,
    };
    let rust = rust_name(wire, &object, problems);
    let limits = limits(&object, &ty, problems);
    let each = object
        .get("each")
        .and_then(|spot| Object::open(&spot, keys::EACH, problems))
        .map(|each| match &ty {
            Ty::List(item) => self::limits(&each, item, problems),
            Ty::Unknown => Limits::default(),
            _ => {
                let name = spelling(&ty);
                problems.push(
                    each.spot
                        .problem(format!("`each` is for lists, and this is a `{name}`")),
                );
                Limits::default()
            }
        })
        .unwrap_or_default();
    let misplaced: &[(&str, &str)] = match role {
        Role::Input => &[
            (
                "nullable",
                "a request leaves out what it does not say; `nullable` is for answers",
            ),
            (
                "aliases",
                "a request has one name for a field; `aliases` are for answers",
            ),
            ("wrapper", "wrapped lists occur in answers only"),
        ],
        Role::Output => &[
            (
                "default",
                "a default is what the service takes for a request",
            ),
            ("in", "only fields of the input travel in different places"),
        ],
        Role::Part => &[("in", "only fields of the input travel in different places")],
    };
    for (key, message) in misplaced {
        object.complain(key, *message, problems);
    }
    for (key, fits, what) in [
        ("wrapper", matches!(ty, Ty::List(_)), "lists"),
        ("default", ty.is_scalar(), "single values"),
    ] {
        if !fits && ty != Ty::Unknown {
            let message = format!("`{key}` is for {what}, and this is a `{}`", spelling(&ty));
            object.complain(key, message, problems);
        }
    }
    if object.has("wrapper") {
        let message = "a wrapped list is never promised to hold something";
        object.complain("min_items", message, problems);
    }
    let field = Field {
        wire: wire.to_owned(),
        rust,
        doc: doc(&object, problems),
        required: object.flag("required", problems),
        nullable: object.flag("nullable", problems),
        default: object.get("default").map(|spot| spot.node.value.clone()),
        limits,
        each,
        unit: object.text("unit", problems),
        sensitive: object.flag("sensitive", problems),
        place: object.choice("in", &PLACES, problems),
        aliases: object
            .texts("aliases", problems)
            .into_iter()
            .map(|(text, _)| text)
            .collect(),
        wrapper: object.text("wrapper", problems),
        deprecated: object.prose("deprecated", problems),
        boxed: false,
        ty,
    };
    if let Some(spot) = object.get("default") {
        let values = field
            .ty
            .named()
            .map(|name| types.values(name))
            .unwrap_or_default();
        if field.required {
            problems.push(spot.problem("what is required has no default"));
        } else if let Some(message) = complaint(&field.ty, &field.limits, &values, &spot.node.value)
        {
            problems.push(spot.problem(message));
        }
    }
    Some(field)
}

fn rust_name(wire: &str, object: &Object<'_>, problems: &mut Problems) -> String {
    if let Some(rust) = object.text("rust", problems) {
        // A `_` at the end is for keywords, and does not get into the names of setters.
        let is_bent = rust.strip_suffix('_').is_some_and(names::is_keyword);
        if !names::is_snake(&rust) && !is_bent {
            let message = format!("{rust:?} cannot name a field; write snake_case and no keyword");
            object.complain("rust", message, problems);
        }
        return rust;
    }
    let rust = names::field(wire);
    if rust.is_empty() {
        let message = format!("{wire:?} gives no name in Rust; give one with `rust`");
        problems.push(object.spot.problem(message));
    }
    rust
}

/// Reads the limits of a value of a type; only those that can hold for it are allowed.
fn limits(object: &Object<'_>, ty: &Ty, problems: &mut Problems) -> Limits {
    let is_number = matches!(ty, Ty::Int | Ty::Uint | Ty::Float | Ty::Decimal);
    let groups: [(&[&str], bool, &str); 4] = [
        (&["min", "max"], is_number, "numbers"),
        (&["min_len", "max_len"], *ty == Ty::String, "texts"),
        (
            &["min_items", "max_items"],
            matches!(ty, Ty::List(_)),
            "lists",
        ),
        (&["format"], *ty == Ty::String, "texts"),
    ];
    for (keys, fits, what) in groups {
        if fits || *ty == Ty::Unknown {
            continue;
        }
        for key in keys {
            let name = spelling(ty);
            let message = format!("`{key}` is a limit for {what}, and this is a `{name}`");
            object.complain(key, message, problems);
        }
    }
    let limits = Limits {
        min: object.number("min", problems),
        max: object.number("max", problems),
        min_len: object.count("min_len", problems),
        max_len: object.count("max_len", problems),
        min_items: object.count("min_items", problems),
        max_items: object.count("max_items", problems),
        format: object.choice("format", &Format::ALL, problems),
    };
    for (key, number) in [("min", &limits.min), ("max", &limits.max)] {
        if let Some(message) = number
            .as_ref()
            .and_then(|text| complaint(ty, &Limits::default(), &[], &Value::Number(text.clone())))
        {
            object.complain(key, message, problems);
        }
    }
    for (key, number) in [("min", &limits.min), ("max", &limits.max)] {
        let is_whole = number
            .as_ref()
            .is_none_or(|text| text.parse::<i64>().is_ok());
        if let Some(spot) = object.get(key).filter(|_| *ty == Ty::Decimal && !is_whole) {
            problems.push(spot.problem("the limits of a `decimal` are whole numbers"));
        }
    }
    let number = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<f64>().ok());
    let crossed = [
        (
            "max",
            "min",
            number(&limits.min)
                .zip(number(&limits.max))
                .is_some_and(|(min, max)| min > max),
        ),
        (
            "max_len",
            "min_len",
            limits
                .min_len
                .zip(limits.max_len)
                .is_some_and(|(min, max)| min > max),
        ),
        (
            "max_items",
            "min_items",
            limits
                .min_items
                .zip(limits.max_items)
                .is_some_and(|(min, max)| min > max),
        ),
    ];
    for (max, min, _) in crossed.iter().filter(|(.., crossed)| *crossed) {
        object.complain(max, format!("`{max}` is below `{min}`"), problems);
    }
    if crossed.iter().any(|(.., crossed)| *crossed) {
        // No value could keep them.
        return Limits::default();
    }
    limits
}

/// Reads the conditions over several fields of a struct.
pub fn requires(object: &Object<'_>, of: &Struct, problems: &mut Problems) -> Vec<Require> {
    let mut all = Vec::new();
    let Some(spot) = object.get("require") else {
        return all;
    };
    for item in items(&spot, problems) {
        let Some(require) = Object::open(&item, keys::REQUIRE, problems) else {
            continue;
        };
        let mut kinds = keys::REQUIRE.iter().filter(|key| require.has(key));
        let (Some(kind), None) = (kinds.next(), kinds.next()) else {
            problems.push(
                item.problem("a condition is one of `any_of`, `one_of`, `together` and `fits`"),
            );
            continue;
        };
        let mut indexes = Vec::new();
        for (name, spot) in require.texts(kind, problems) {
            match of.fields.iter().position(|field| field.wire == name) {
                Some(index) if of.fields.get(index).is_some_and(|field| field.required) => {
                    problems.push(spot.problem(format!("{name:?} is required anyway")));
                }
                Some(index) if indexes.contains(&index) => {
                    problems.push(spot.problem(format!("{name:?} stands twice")));
                }
                Some(index) => indexes.push(index),
                None => {
                    let hint = hint(&name, of.fields.iter().map(|field| field.wire.as_str()));
                    problems.push(spot.problem(format!("there is no field {name:?}{hint}")));
                }
            }
        }
        let wanted = require
            .get(kind)
            .map(|spot| items(&spot, problems).len())
            .unwrap_or_default();
        if wanted < 2 {
            problems.push(item.problem("a condition holds between two fields or more"));
        }
        all.push(match *kind {
            "any_of" => Require::AnyOf(indexes),
            "one_of" => Require::OneOf(indexes),
            "fits" => match fits(of, &indexes) {
                Some(fits) => fits,
                None => {
                    problems.push(item.problem(
                        "`fits` holds between a list and a uint that has a default, in this order",
                    ));
                    continue;
                }
            },
            _ => Require::Together(indexes),
        });
    }
    all
}

/// A list that must not be longer than the number of rows an answer may have.
fn fits(of: &Struct, indexes: &[usize]) -> Option<Require> {
    let &[list, size] = indexes else {
        return None;
    };
    let (list_field, size_field) = (of.fields.get(list)?, of.fields.get(size)?);
    let default = match size_field.default.as_ref()? {
        Value::Number(digits) => digits.parse().ok()?,
        _ => return None,
    };
    let fine = matches!(list_field.ty, Ty::List(_)) && matches!(size_field.ty, Ty::Uint);
    fine.then_some(Require::Fits {
        list,
        size,
        default,
    })
}

fn enumeration(declared: &Declared<'_>, problems: &mut Problems) -> Option<Enum> {
    let object = Object::open(&declared.spot, keys::ENUM, problems)?;
    let of_numbers = object.choice("type", &[("string", false), ("int", true)], problems);
    let of_numbers = of_numbers.unwrap_or(false);
    let mut variants: Vec<Variant> = Vec::new();
    let values = object
        .get("values")
        .and_then(|spot| Object::open_any(&spot, problems))?;
    for (member, spot) in values.members() {
        let Some(value) = Object::open(&spot, keys::VALUE, problems) else {
            continue;
        };
        let wire = member.key.clone();
        let number = wire.parse::<i64>().map(|number| number.to_string());
        if of_numbers && number.as_ref() != Ok(&wire) {
            let message = format!("{wire:?} is not a whole number, and this is a type of numbers");
            problems.push(values.spot.problem_with_key(member, message));
        }
        let rust = value
            .text("name", problems)
            .unwrap_or_else(|| names::pascal(&wire));
        if !names::is_pascal(&rust) || rust == "Unknown" {
            problems.push(spot.problem(format!(
                "the value {wire:?} gives no usable name in Rust ({rust:?}); give one with `name`, \
                 in PascalCase"
            )));
        }
        if let Some(twin) = variants.iter().find(|other| other.rust == rust) {
            problems.push(spot.problem(format!(
                "{:?} and {wire:?} are both `{rust}` in Rust; give one of them another `name`",
                twin.wire
            )));
        }
        let doc = doc(&value, problems);
        variants.push(Variant { wire, rust, doc });
    }
    if variants.is_empty() {
        let message =
            "an enumeration has values; without them, the field is a `string` or an `int`";
        problems.push(values.spot.problem(message));
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
pub fn shared(object: &Object<'_>, problems: &mut Problems) -> Vec<Enum> {
    let names = Types::declared(object, &[], "", &mut HashMap::new(), problems);
    let mut shared = Vec::new();
    for declared in &names.own {
        match declared.kind {
            Kind::Enum(..) => shared.extend(enumeration(declared, problems)),
            Kind::Struct => problems.push(declared.spot.problem(
                "operations of a service share enumerations only; describe this type where it is used",
            )),
            Kind::Broken => {}
        }
    }
    for known in &mut shared {
        known.shared = true;
    }
    shared
}

/// Works out which structs are sent and received and which fields need a box, and finds types that
/// nothing uses or that could never end.
pub fn resolve(
    names: &Types<'_>,
    input: &mut Struct,
    output: &mut Struct,
    types: &mut Vec<Type>,
    problems: &mut Problems,
) {
    let sent = reachable(input, types);
    let received = reachable(output, types);
    // A type that was misspelt where it is used is not unused.
    let all_known = {
        let parts = types
            .iter()
            .filter_map(Type::part)
            .chain([&*input, &*output]);
        !parts
            .flat_map(|part| &part.fields)
            .any(|field| field.ty.is_unknown())
    };
    for ty in types.iter_mut() {
        let name = match ty {
            Type::Struct(part) => {
                part.sent = sent.contains(&part.name);
                part.received = received.contains(&part.name);
                let wrapped = part.fields.iter().find(|field| field.wrapper.is_some());
                if let Some(field) = wrapped.filter(|_| part.sent) {
                    let message = format!(
                        "the request uses this type, and {:?} is a wrapped list, which occurs in \
                         answers only",
                        field.wire
                    );
                    names.complain(&part.name, message, problems);
                }
                &part.name
            }
            Type::Enum(values) => &values.name,
        };
        if all_known && !sent.contains(name) && !received.contains(name) {
            let message = format!("nothing uses the type {name:?}; use it or remove it");
            names.complain(name, message, problems);
        }
    }
    boxes(names, types, problems);
    let is_used = |known: &&Enum| sent.contains(&known.name) || received.contains(&known.name);
    let shared = names.shared.iter().filter(is_used).cloned();
    types.extend(shared.map(Type::Enum));
}

/// The names of all types that a struct leads to.
fn reachable(from: &Struct, types: &[Type]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open: Vec<&Struct> = vec![from];
    while let Some(here) = open.pop() {
        for name in here.fields.iter().filter_map(|field| field.ty.named()) {
            if found.iter().any(|known| known == name) {
                continue;
            }
            found.push(name.to_owned());
            open.extend(Type::find(types, name));
        }
    }
    found
}

/// A struct that holds itself without a list or a map between needs a box there, and must not need
/// itself to exist.
fn boxes(names: &Types<'_>, types: &mut [Type], problems: &mut Problems) {
    let mut marks = Vec::new();
    for (index, ty) in types.iter().enumerate() {
        let Type::Struct(part) = ty else { continue };
        for (position, field) in part.fields.iter().enumerate() {
            let Ty::Struct(target) = &field.ty else {
                continue;
            };
            if leads_to(types, target, &part.name, |_, _| true) {
                marks.push((index, position));
            }
        }
        let must = |part: &Struct, field: &Field| !part.is_optional(field);
        let endless = part.fields.iter().any(|field| match &field.ty {
            Ty::Struct(target) => must(part, field) && leads_to(types, target, &part.name, must),
            _ => false,
        });
        if endless {
            let message = format!(
                "a {:?} needs another one to exist; one of the fields on the way cannot be required",
                part.name
            );
            names.complain(&part.name, message, problems);
        }
    }
    for (index, position) in marks {
        if let Some(Type::Struct(part)) = types.get_mut(index)
            && let Some(field) = part.fields.get_mut(position)
        {
            field.boxed = true;
        }
    }
}

fn leads_to(
    types: &[Type],
    from: &str,
    to: &str,
    follow: impl Fn(&Struct, &Field) -> bool,
) -> bool {
    let mut seen: Vec<&str> = Vec::new();
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        if name == to {
            return true;
        }
        let Some(part) = Type::find(types, name).filter(|_| !seen.contains(&name)) else {
            continue;
        };
        seen.push(&part.name);
        open.extend(part.fields.iter().filter_map(|field| match &field.ty {
            Ty::Struct(next) if follow(part, field) => Some(next.as_str()),
            _ => None,
        }));
    }
    false
}
