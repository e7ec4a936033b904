//! Constructors and setters of the structs that callers make.

use std::fmt::Write as _;

use crate::model::{Field, Struct, Type};

use super::comment::Comment;
use super::rust_type::{rust_type, takes_into};

/// Writes the constructors and setters of a struct; `noun` is what they create.
pub(super) fn write(out: &mut String, structure: &Struct, noun: &str) {
    let _ = writeln!(out, "impl {} {{", structure.name);
    let required = arguments(structure);
    let choice = structure.choice();
    for &field in &choice {
        let others = choice.iter().filter(|other| other.wire != field.wire);
        let others: Vec<String> = others.map(|other| format!("`{}`", other.rust)).collect();
        let name = &field.rust;
        Comment::outer(4)
            .text(&format!(
                "Creates a {noun} with [`{name}`](Self::{name}), which excludes {}.",
                others.join(" and ")
            ))
            .write(out);
        constructor(
            out,
            structure,
            &constructor_name(Some(field)),
            &required,
            Some(field),
        );
    }
    // The constructors above choose a field each; without a choice, there is one constructor.
    if choice.is_empty() && structure.has_default() {
        let doc = format!("Creates an empty {noun}.");
        Comment::outer(4).text(&doc).write(out);
        out.push_str("pub fn new() -> Self {\nSelf::default()\n}\n\n");
    } else if choice.is_empty() {
        let doc = format!("Creates a {noun} with the required fields.");
        Comment::outer(4).text(&doc).write(out);
        constructor(out, structure, &constructor_name(None), &required, None);
    }
    for field in &structure.fields {
        let is_chosen = choice.iter().any(|chosen| chosen.wire == field.wire);
        if structure.is_optional(field) && !is_chosen {
            setter(out, field);
        }
    }
    out.truncate(out.trim_end().len());
    out.push_str("\n}\n\n");
}

/// The fields that are arguments of every constructor.
pub(super) fn arguments(structure: &Struct) -> Vec<&Field> {
    let fields = structure.fields.iter();
    fields
        .filter(|field| !structure.is_optional(field))
        .collect()
}

/// The name of a constructor: of the one that chooses a field, or of the only one.
pub(super) fn constructor_name(chosen: Option<&Field>) -> String {
    chosen.map_or("new".to_owned(), |field| {
        format!("for_{}", without_underscore(field))
    })
}

/// The name of the setter of a field.
pub(super) fn setter_name(field: &Field) -> String {
    format!("with_{}", without_underscore(field))
}

/// The name of a field behind `for_` or `with_`, where it cannot be a keyword: without the `_` that
/// distinguishes it from one.
fn without_underscore(field: &Field) -> &str {
    field.rust.trim_end_matches('_')
}

fn constructor(
    out: &mut String,
    structure: &Struct,
    name: &str,
    required: &[&Field],
    chosen: Option<&Field>,
) {
    let fields = required.iter().copied().chain(chosen);
    let parameters: Vec<String> = fields
        .map(|field| match &field.ty {
            // With `impl Into`, a text meant for another argument would be accepted here.
            Type::Enum(name) | Type::IntEnum(name) => format!("{}: {name}", field.rust),
            ty => format!("{}: {}", field.rust, parameter(ty)),
        })
        .collect();
    let parameters = parameters.join(", ");
    let _ = writeln!(out, "pub fn {name}({parameters}) -> Self {{\nSelf {{");
    for field in &structure.fields {
        let is = |other: &Field| other.wire == field.wire;
        let value = match &field.ty {
            Type::Enum(_) | Type::IntEnum(_) => field.rust.clone(),
            _ => converted(field),
        };
        let value = if required.iter().any(|other| is(other)) {
            value
        } else if chosen.is_some_and(is) {
            format!("Some({value})")
        } else {
            "None".to_owned()
        };
        if value == field.rust {
            let _ = writeln!(out, "{value},");
        } else {
            let _ = writeln!(out, "{}: {value},", field.rust);
        }
    }
    out.push_str("}\n}\n\n");
}

fn setter(out: &mut String, field: &Field) {
    let name = &field.rust;
    Comment::outer(4)
        .text(&format!("Sets [`{name}`](Self::{name})."))
        .write(out);
    let _ = writeln!(
        out,
        "#[must_use]
        pub fn {}(mut self, {name}: {}) -> Self {{
            self.{name} = Some({});
            self
        }}\n",
        setter_name(field),
        parameter(&field.ty),
        converted(field)
    );
}

/// The type of an argument: everything that converts to the field's type.
fn parameter(ty: &Type) -> String {
    let item_type = |item: &Type| match takes_into(item) {
        true => format!("impl Into<{}>", rust_type(item)),
        false => rust_type(item),
    };
    match ty {
        Type::String | Type::Enum(_) | Type::IntEnum(_) | Type::Decimal => {
            format!("impl Into<{}>", rust_type(ty))
        }
        Type::List(item) => format!("impl IntoIterator<Item = {}>", item_type(item)),
        Type::Map(item) => format!(
            "impl IntoIterator<Item = (impl Into<String>, {})>",
            item_type(item)
        ),
        ty => rust_type(ty),
    }
}

/// The argument as the field keeps it.
fn converted(field: &Field) -> String {
    let name = &field.rust;
    let value = match &field.ty {
        Type::String | Type::Enum(_) | Type::IntEnum(_) | Type::Decimal => format!("{name}.into()"),
        Type::List(item) if takes_into(item) => {
            format!("{name}.into_iter().map(Into::into).collect()")
        }
        Type::List(_) => format!("{name}.into_iter().collect()"),
        Type::Map(item) => {
            let into = if takes_into(item) { ".into()" } else { "" };
            format!("{name}.into_iter().map(|(key, value)| (key.into(), value{into})).collect()")
        }
        _ => name.clone(),
    };
    match field.boxed {
        true => format!("Box::new({value})"),
        false => value,
    }
}
