//! Fields: their types, their names in Rust, and the keys that fit their role.

use std::collections::HashMap;

use crate::check::value::complaint;
use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::load::spot::Spot;
use crate::model::{Field, Limits, Place, Struct, Ty};
use crate::names;

use super::facts;
use super::limits::limits;
use super::types::Types;

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
    /// The answer.
    Output,
    /// A named type.
    Part,
}

/// Reads the fields under a key.
pub(super) fn fields(
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
        .get(key)
        .and_then(|spot| Object::open_any(&spot, problems));
    for (member, spot) in fields.iter().flat_map(Object::members) {
        let Some(field) = field(&member.key, &spot, types, role, problems) else {
            continue;
        };
        if let Some(twin) = in_rust.insert(field.rust.clone(), member.key.as_str()) {
            problems.push(spot.problem(format!(
                "{twin:?} and {:?} are both `{}` in Rust; set another name for one of them with `rust`",
                field.wire, field.rust
            )));
        }
        for name in field.wire_names() {
            let other = *on_the_wire.entry(name.to_owned()).or_insert(&member.key);
            if *other != field.wire {
                problems.push(spot.problem(format!(
                    "{name:?} would be read as {other:?} and as {:?}; an alias belongs to one field",
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
    let object = Object::open(spot, "field", problems)?;
    let ty = match object.text("type", problems).map(|text| types.parse(&text)) {
        Some(Ok(ty)) => ty,
        Some(Err(message)) => {
            object.complain("type", message, problems);
            Ty::Unknown
        }
        None => Ty::Unknown,
    };
    let rust = rust_name(wire, &object, problems);
    let own_limits = limits(&object, &ty, problems);
    let each = object
        .get("each")
        .and_then(|spot| Object::open(&spot, "each", problems))
        .map(|each| match &ty {
            Ty::List(item) => limits(&each, item, problems),
            Ty::Unknown => Limits::default(),
            _ => {
                let name = ty.spelling();
                problems.push(
                    each.spot
                        .problem(format!("`each` is for lists, but this is a `{name}`")),
                );
                Limits::default()
            }
        })
        .unwrap_or_default();
    let misplaced: &[(&str, &str)] = match role {
        Role::Input => &[
            (
                "nullable",
                "a request omits a field instead of null; `nullable` is for answers",
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
                "a default is a value that the service assumes in a request",
            ),
            ("in", "only fields of the input have a place"),
        ],
        Role::Part => &[("in", "only fields of the input have a place")],
    };
    for (key, message) in misplaced {
        object.complain(key, *message, problems);
    }
    for (key, fits, what) in [
        ("wrapper", matches!(ty, Ty::List(_)), "lists"),
        ("default", ty.is_scalar(), "single values"),
    ] {
        if !fits && ty != Ty::Unknown {
            let message = format!("`{key}` is for {what}, but this is a `{}`", ty.spelling());
            object.complain(key, message, problems);
        }
    }
    if object.has("wrapper") {
        let message = "a wrapped list is never promised to have items";
        object.complain("min_items", message, problems);
    }
    let field = Field {
        wire: wire.to_owned(),
        rust,
        doc: facts::doc(&object, problems),
        required: object.flag("required", problems),
        nullable: object.flag("nullable", problems),
        default: object.get("default").map(|spot| spot.node.value.clone()),
        limits: own_limits,
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
            problems.push(spot.problem("a required field has no default"));
        } else if let Some(message) = complaint(&field.ty, &field.limits, &values, &spot.node.value)
        {
            problems.push(spot.problem(message));
        }
    }
    Some(field)
}

fn rust_name(wire: &str, object: &Object<'_>, problems: &mut Problems) -> String {
    if let Some(rust) = object.text("rust", problems) {
        // A `_` at the end is for keywords; the names of setters omit it.
        let is_bent = rust.strip_suffix('_').is_some_and(names::is_keyword);
        if !names::is_snake(&rust) && !is_bent {
            let message = format!("{rust:?} cannot name a field; use snake_case and no keyword");
            object.complain("rust", message, problems);
        }
        return rust;
    }
    let rust = names::field(wire);
    if rust.is_empty() {
        let message = format!("{wire:?} gives no name in Rust; set one with `rust`");
        problems.push(object.spot.problem(message));
    }
    rust
}
