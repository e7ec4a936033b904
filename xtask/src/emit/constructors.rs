//! Constructors and setters of the structs that callers make.

use std::fmt::Write as _;

use crate::model::{Field, Struct, Ty};

use super::comment::Comment;
use super::value::{converts, rust_type};

/// Writes the constructors and setters of a struct; `noun` is what they create.
pub(super) fn implementation(out: &mut String, of: &Struct, noun: &str) {
    let _ = writeln!(out, "impl {} {{", of.name);
    let required = arguments(of);
    let choice = of.choice().unwrap_or_default();
    let chosen = choice.iter().filter_map(|index| of.fields.get(*index));
    for field in chosen.clone() {
        let others = chosen.clone().filter(|other| other.wire != field.wire);
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
            of,
            &constructor_name(Some(field)),
            &required,
            Some(field),
        );
    }
    if !choice.is_empty() {
        // Each of the constructors above chooses one.
    } else if of.has_default() {
        let doc = format!("Creates an empty {noun}.");
        Comment::outer(4).text(&doc).write(out);
        out.push_str("pub fn new() -> Self {\nSelf::default()\n}\n\n");
    } else {
        let doc = format!("Creates a {noun} with the required fields.");
        Comment::outer(4).text(&doc).write(out);
        constructor(out, of, &constructor_name(None), &required, None);
    }
    for (index, field) in of.fields.iter().enumerate() {
        if of.is_optional(field) && !choice.contains(&index) {
            setter(out, field);
        }
    }
    out.truncate(out.trim_end().len());
    out.push_str("\n}\n\n");
}

/// The fields that are arguments of every constructor.
pub(super) fn arguments(of: &Struct) -> Vec<&Field> {
    let fields = of.fields.iter();
    fields.filter(|field| !of.is_optional(field)).collect()
}

/// The name of a constructor: of the one that chooses a field, or of the only one.
pub(super) fn constructor_name(chosen: Option<&Field>) -> String {
    chosen.map_or("new".to_owned(), |field| format!("for_{}", verb(field)))
}

/// The name of the setter of a field.
pub(super) fn setter_name(field: &Field) -> String {
    format!("with_{}", verb(field))
}

/// The name of a field behind a verb, where it cannot clash with a keyword.
fn verb(field: &Field) -> &str {
    field.rust.trim_end_matches('_')
}

fn constructor(
    out: &mut String,
    of: &Struct,
    name: &str,
    required: &[&Field],
    chosen: Option<&Field>,
) {
    let fields = required.iter().copied().chain(chosen);
    let parameters: Vec<String> = fields
        .map(|field| match &field.ty {
            // Anything that converts to it could be taken for another argument.
            Ty::Enum(name) | Ty::IntEnum(name) => format!("{}: {name}", field.rust),
            ty => format!("{}: {}", field.rust, parameter(ty)),
        })
        .collect();
    let parameters = parameters.join(", ");
    let _ = writeln!(out, "pub fn {name}({parameters}) -> Self {{\nSelf {{");
    for field in &of.fields {
        let is = |other: &Field| other.wire == field.wire;
        let value = match &field.ty {
            Ty::Enum(_) | Ty::IntEnum(_) => field.rust.clone(),
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
fn parameter(ty: &Ty) -> String {
    let item_type = |item: &Ty| match converts(item) {
        true => format!("impl Into<{}>", rust_type(item)),
        false => rust_type(item),
    };
    match ty {
        Ty::String | Ty::Enum(_) | Ty::IntEnum(_) | Ty::Decimal => {
            format!("impl Into<{}>", rust_type(ty))
        }
        Ty::List(item) => format!("impl IntoIterator<Item = {}>", item_type(item)),
        Ty::Map(item) => format!(
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
        Ty::String | Ty::Enum(_) | Ty::IntEnum(_) | Ty::Decimal => format!("{name}.into()"),
        Ty::List(item) if converts(item) => format!("{name}.into_iter().map(Into::into).collect()"),
        Ty::List(_) => format!("{name}.into_iter().collect()"),
        Ty::Map(item) => {
            let into = if converts(item) { ".into()" } else { "" };
            format!("{name}.into_iter().map(|(key, value)| (key.into(), value{into})).collect()")
        }
        _ => name.clone(),
    };
    match field.boxed {
        true => format!("Box::new({value})"),
        false => value,
    }
}
