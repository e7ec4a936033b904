//! Structs and enumerations: their declaration and their `Debug`.

use std::fmt::Write as _;

use crate::load::json::Value;
use crate::model::{Enum, Field, Format, Limits, Place, Struct, Type};
use crate::names::{self, Case};

use super::comment::Comment;
use super::literal::quoted;
use super::rust_type::rust_type;

/// Writes a struct.
pub(super) fn structure(out: &mut String, doc: Comment, of: &Struct) {
    doc.write(out);
    let debug_derive = if hides(of) { "" } else { "Debug, " };
    let default = if of.has_default() { "Default, " } else { "" };
    let _ = writeln!(
        out,
        "#[derive({debug_derive}Clone, {default}PartialEq, Serialize, Deserialize)]"
    );
    let names = of.fields.iter();
    let names = names.map(|field| (field.rust.as_str(), field.wire.as_str()));
    let case = Case::of_most(names);
    if let Some(rule) = case.rename_all() {
        let _ = writeln!(out, "#[serde(rename_all = \"{rule}\")]");
    }
    let _ = writeln!(out, "#[non_exhaustive]\npub struct {} {{", of.name);
    for (index, field) in of.fields.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        field_doc(of, field).write(out);
        let attributes = attributes(of, field, case);
        if !attributes.is_empty() {
            let _ = writeln!(out, "#[serde({})]", attributes.join(", "));
        }
        let _ = writeln!(out, "pub {}: {},", field.rust, field_type(of, field));
    }
    out.push_str("}\n\n");
    if hides(of) {
        debug(out, of);
    }
}

/// The fact that `Debug` hides some fields, if it does.
pub(super) fn redaction(of: &Struct) -> Option<String> {
    let hidden = of.fields.iter().filter(|field| field.sensitive);
    let hidden: Vec<&str> = hidden.map(|field| field.rust.as_str()).collect();
    (!hidden.is_empty()).then(|| format!("`Debug` redacts {}", crate::wording::and_list(&hidden)))
}

fn hides(of: &Struct) -> bool {
    of.fields.iter().any(|field| field.sensitive)
}

fn field_type(of: &Struct, field: &Field) -> String {
    let inner = rust_type(&field.ty);
    let inner = match field.boxed {
        true => format!("Box<{inner}>"),
        false => inner,
    };
    match of.is_optional(field) {
        true => format!("Option<{inner}>"),
        false => inner,
    }
}

fn attributes(of: &Struct, field: &Field, case: Case) -> Vec<String> {
    let mut attributes = Vec::new();
    if case.apply(&field.rust) != field.wire {
        attributes.push(format!("rename = {}", quoted(&field.wire)));
    }
    for alias in &field.aliases {
        attributes.push(format!("alias = {}", quoted(alias)));
    }
    if of.is_optional(field) {
        attributes.push("skip_serializing_if = \"Option::is_none\"".to_owned());
    }
    if of.in_request && field.limits.format == Some(Format::Md5) {
        attributes.push("serialize_with = \"lower_case\"".to_owned());
    }
    if of.is_optional(field) {
        return attributes;
    }
    if let Some(key) = &field.wrapper {
        attributes.push(format!("with = \"{}\"", wrapper_module(key)));
    }
    if of.in_response && field.ty.is_collection() {
        if !field.required {
            attributes.push("default".to_owned());
        } else if field.limits.min_items.is_some_and(|min| min > 0) {
            attributes.push("deserialize_with = \"non_empty\"".to_owned());
        }
    }
    attributes
}

/// Writes the modules that read and write the wrapped lists of some structs.
pub(super) fn wrapped_lists<'s>(out: &mut String, structs: impl Iterator<Item = &'s Struct>) {
    let fields = structs.flat_map(|of| &of.fields);
    let mut keys: Vec<&String> = fields.filter_map(|field| field.wrapper.as_ref()).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let module = wrapper_module(key);
        let _ = writeln!(out, "wrapped_list!(mod {module} = {});\n", quoted(key));
    }
}

fn wrapper_module(key: &str) -> String {
    let snake = names::snake(key);
    if names::pascal(key) == key {
        return format!("wrapped_{snake}");
    }
    // Two keys may give the same name; their bytes differ.
    let bytes: String = key.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("wrapped_{snake}_{bytes}").replace("__", "_")
}

fn field_doc(of: &Struct, field: &Field) -> Comment {
    let mut facts = Vec::new();
    let mut constraints = Vec::new();
    if of.in_request && field.required {
        facts.push("Required.".to_owned());
    }
    constraints.extend(limits(&field.limits, ""));
    constraints.extend(limits(&field.each, "each "));
    if !constraints.is_empty() {
        facts.push(format!("Constraints: {}.", constraints.join(", ")));
    }
    if let Some(unit) = &field.unit {
        facts.push(format!("Unit: {unit}."));
    }
    if let Some(default) = field.default.as_ref().and_then(Value::scalar_text) {
        facts.push(format!("Default: `{default}`."));
    }
    match field.place {
        Some(Place::Query) => facts.push("Sent in the query.".to_owned()),
        Some(Place::Path) => facts.push("Sent in the path.".to_owned()),
        Some(Place::Header) => facts.push(format!("Sent as the header `{}`.", field.wire)),
        Some(Place::Body) | None => {}
    }
    if field.nullable && !of.in_request {
        facts.push(match of.is_optional(field) {
            true => "`null` reads as absent.".to_owned(),
            false => "`null` reads as empty.".to_owned(),
        });
    }
    let deprecated = field.deprecated.as_ref();
    let deprecated = deprecated.map(|instead| format!("**Deprecated:** {instead}"));
    Comment::outer(4)
        .text(&field.doc.text)
        .text(&deprecated.unwrap_or_default())
        .text(&facts.join(" "))
        .inline_provenance(&field.doc.provenance)
}

fn limits(limits: &Limits, each: &str) -> Vec<String> {
    let bounds = |min: Option<&str>, max: Option<&str>, unit: &str| match (min, max) {
        (Some(min), Some(max)) => Some(format!("{each}{min} to {max}{unit}")),
        (Some(min), None) => Some(format!("{each}at least {min}{unit}")),
        (None, Some(max)) => Some(format!("{each}at most {max}{unit}")),
        (None, None) => None,
    };
    // "At least one" means "not empty".
    let count = |min: Option<u64>, max: Option<u64>, unit: &str| {
        if min == Some(1) && max.is_none() {
            return Some(format!("{each}not empty"));
        }
        let unit = match max {
            Some(1) => unit.trim_end_matches('s'),
            _ => unit,
        };
        let [min, max] = [min, max].map(|number| number.map(|number| number.to_string()));
        bounds(min.as_deref(), max.as_deref(), unit)
    };
    let format = limits
        .format
        .map(|format| format!("{each}{}", format.shape()));
    [
        count(limits.min_items, limits.max_items, " items"),
        bounds(limits.min.as_deref(), limits.max.as_deref(), ""),
        count(limits.min_len, limits.max_len, " characters"),
        format,
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn debug(out: &mut String, of: &Struct) {
    let name = &of.name;
    let _ = writeln!(
        out,
        "impl fmt::Debug for {name} {{
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{
                f.debug_struct({})",
        quoted(name)
    );
    for field in &of.fields {
        let name = &field.rust;
        let value = match (field.sensitive, &field.ty) {
            (false, _) => format!("&self.{name}"),
            (true, Type::Enum(_) | Type::IntEnum(_) | Type::Struct(_))
                if !of.is_optional(field) =>
            {
                format!("&Hidden::of(&Some(&self.{name}))")
            }
            (true, _) => format!("&Hidden::of(&self.{name})"),
        };
        let _ = writeln!(out, ".field({}, {value})", quoted(name));
    }
    out.push_str(".finish()\n}\n}\n\n");
}

/// Writes an open enumeration.
pub(super) fn enumeration(out: &mut String, of: &Enum) {
    out.push_str("open_enum! {\n");
    Comment::outer(4)
        .text(&of.doc.text)
        .provenance(of.doc.provenance.sentences())
        .write(out);
    let wire = if of.of_numbers { ": i64" } else { "" };
    let _ = writeln!(out, "    pub enum {}{wire} {{", of.name);
    for value in &of.values {
        Comment::outer(8)
            .text(&value.doc.text)
            .inline_provenance(&value.doc.provenance)
            .write(out);
        let wire = match of.of_numbers {
            true => value.wire.clone(),
            false => quoted(&value.wire),
        };
        let _ = writeln!(out, "        {} = {wire},", value.rust);
    }
    out.push_str("    }\n}\n\n");
}
