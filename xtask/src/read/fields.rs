//! Fields: their types, their names in Rust, and the keys that fit their role and type.

use std::collections::HashMap;

use crate::check::value::value_problem;
use crate::load::located::Located;
use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::model::{Field, Limits, Place, Type};
use crate::names;

use super::doc::doc;
use super::limits::limits;
use super::types::TypeNames;

const PLACES: [(&str, Place); 4] = [
    ("body", Place::Body),
    ("query", Place::Query),
    ("path", Place::Path),
    ("header", Place::Header),
];

/// Which struct a field belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The request.
    Input,
    /// The output.
    Output,
    /// A named type. Whether it is a part of the request, of the response or of both is not known yet,
    /// so it may have the keys of both.
    Named,
}

/// Reads the fields under a key.
pub(super) fn fields(
    object: &Object<'_>,
    key: &str,
    types: &TypeNames<'_>,
    role: Role,
    problems: &mut Problems,
) -> Vec<Field> {
    let mut all: Vec<Field> = Vec::new();
    let mut in_rust: HashMap<String, &str> = HashMap::new();
    let mut on_the_wire: HashMap<String, &String> = HashMap::new();
    let fields = object
        .get(key)
        .and_then(|located| Object::open_map(&located, problems));
    for (member, located) in fields.iter().flat_map(Object::members) {
        let Some(field) = field(&member.key, &located, types, role, problems) else {
            continue;
        };
        if let Some(twin) = in_rust.insert(field.rust.clone(), member.key.as_str()) {
            problems.push(located.problem(format!(
                "{twin:?} and {:?} are both `{}` in Rust; set another name for one of them with `rust`",
                field.wire, field.rust
            )));
        }
        for name in field.wire_names() {
            let other = *on_the_wire.entry(name.to_owned()).or_insert(&member.key);
            if *other != field.wire {
                problems.push(located.problem(format!(
                    "{name:?} would be read as {other:?} and as {:?}; an alias belongs to one field",
                    field.wire
                )));
            }
        }
        all.push(field);
    }
    all
}

fn field(
    wire: &str,
    located: &Located<'_>,
    types: &TypeNames<'_>,
    role: Role,
    problems: &mut Problems,
) -> Option<Field> {
    let object = Object::open(located, "field", problems)?;
    let ty = field_type(&object, types, problems);
    report_keys_of_other_roles(&object, role, problems);
    report_keys_of_other_types(&object, &ty, problems);
    let field = Field {
        wire: wire.to_owned(),
        rust: rust_name(wire, &object, problems),
        doc: doc(&object, problems),
        required: object.flag("required", problems),
        nullable: object.flag("nullable", problems),
        default: object
            .get("default")
            .map(|located| located.node.value.clone()),
        limits: limits(&object, &ty, problems),
        each: limits_of_items(&object, &ty, problems),
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
    report_default(&object, &field, types, problems);
    Some(field)
}

fn field_type(object: &Object<'_>, types: &TypeNames<'_>, problems: &mut Problems) -> Type {
    match object.text("type", problems).map(|text| types.parse(&text)) {
        Some(Ok(ty)) => ty,
        Some(Err(message)) => {
            object.report_if_present("type", message, problems);
            Type::Unknown
        }
        None => Type::Unknown,
    }
}

/// Reads `each`: the limits of each item of a list.
fn limits_of_items(object: &Object<'_>, ty: &Type, problems: &mut Problems) -> Limits {
    let Some(each) = object
        .get("each")
        .and_then(|located| Object::open(&located, "each", problems))
    else {
        return Limits::default();
    };
    match ty {
        Type::List(item) => limits(&each, item, problems),
        Type::Unknown => Limits::default(),
        _ => {
            let name = ty.spelling();
            let message = format!("`each` is for lists, but this is a `{name}`");
            problems.push(each.located.problem(message));
            Limits::default()
        }
    }
}

fn report_keys_of_other_roles(object: &Object<'_>, role: Role, problems: &mut Problems) {
    let misplaced: &[(&str, &str)] = match role {
        Role::Input => &[
            (
                "nullable",
                "a request omits a field instead of null; `nullable` is for responses",
            ),
            (
                "aliases",
                "a request has one name for a field; `aliases` are for responses",
            ),
            ("wrapper", "wrapped lists occur in responses only"),
        ],
        Role::Output => &[
            (
                "default",
                "a default is a value that the service assumes in a request",
            ),
            ("in", "only fields of the input have a place"),
        ],
        Role::Named => &[("in", "only fields of the input have a place")],
    };
    for (key, message) in misplaced {
        object.report_if_present(key, *message, problems);
    }
}

fn report_keys_of_other_types(object: &Object<'_>, ty: &Type, problems: &mut Problems) {
    for (key, fits, what) in [
        ("wrapper", matches!(ty, Type::List(_)), "lists"),
        ("default", ty.is_scalar(), "single values"),
    ] {
        if !fits && *ty != Type::Unknown {
            let message = format!("`{key}` is for {what}, but this is a `{}`", ty.spelling());
            object.report_if_present(key, message, problems);
        }
    }
    if object.has("wrapper") {
        let message = "a wrapped list is never promised to have items";
        object.report_if_present("min_items", message, problems);
    }
}

/// Reports a default that the field cannot have.
fn report_default(
    object: &Object<'_>,
    field: &Field,
    types: &TypeNames<'_>,
    problems: &mut Problems,
) {
    let Some(default) = &field.default else {
        return;
    };
    let values = field.ty.type_name().map(|name| types.values(name));
    let message = if field.required {
        Some("a required field has no default".to_owned())
    } else {
        let values = values.unwrap_or_default();
        value_problem(&field.ty, &field.limits, &values, default)
    };
    if let Some(message) = message {
        object.report_if_present("default", message, problems);
    }
}

fn rust_name(wire: &str, object: &Object<'_>, problems: &mut Problems) -> String {
    if let Some(rust) = object.text("rust", problems) {
        // A `_` at the end is for keywords; the names of setters omit it.
        let is_keyword = rust.strip_suffix('_').is_some_and(names::is_keyword);
        if !names::is_snake(&rust) && !is_keyword {
            let message = format!("{rust:?} cannot name a field; use snake_case and no keyword");
            object.report_if_present("rust", message, problems);
        }
        return rust;
    }
    let rust = names::field(wire);
    if rust.is_empty() {
        let message = format!("{wire:?} gives no name in Rust; set one with `rust`");
        problems.push(object.located.problem(message));
    }
    rust
}
