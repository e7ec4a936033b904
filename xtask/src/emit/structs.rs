//! Structs and enumerations: fields, constructors, setters, checks, `Debug`.

use std::fmt::Write as _;

use crate::json::Value;
use crate::model::{Enum, Field, Format, Limits, Notes, Place, Require, Struct, Ty, Type};
use crate::names::Case;

use super::expr::{converts, float};
use super::text::{docs, literal, push_doc, quoted};

/// The Rust type of a value.
pub(super) fn rust_type(ty: &Ty) -> String {
    match ty {
        Ty::String | Ty::Unknown => "String".to_owned(),
        Ty::Bool => "bool".to_owned(),
        Ty::Int => "i64".to_owned(),
        Ty::Uint => "u64".to_owned(),
        Ty::Float => "f64".to_owned(),
        Ty::Decimal => "Amount".to_owned(),
        Ty::Json => "Json".to_owned(),
        Ty::List(item) => format!("Vec<{}>", rust_type(item)),
        Ty::Map(item) => format!("BTreeMap<String, {}>", rust_type(item)),
        Ty::Struct(name) | Ty::Enum(name) => name.clone(),
    }
}

/// The name in constructors and setters, which cannot clash with a keyword.
fn verb(field: &Field) -> &str {
    field.rust.trim_end_matches('_')
}

/// Writes the type itself. The doc of the struct is the caller's.
pub(super) fn declaration(out: &mut String, of: &Struct) {
    let mut derives = Vec::new();
    if !of.hides() {
        derives.push("Debug");
    }
    derives.push("Clone");
    if of.has_default() {
        derives.push("Default");
    }
    derives.extend(["PartialEq", "Serialize", "Deserialize"]);
    let case = Case::of_most(
        of.fields
            .iter()
            .map(|field| (field.rust.as_str(), field.wire.as_str())),
    );
    let _ = writeln!(out, "#[derive({})]", derives.join(", "));
    if let Some(rule) = case.rename_all() {
        let _ = writeln!(out, "#[serde(rename_all = \"{rule}\")]");
    }
    let _ = writeln!(out, "#[non_exhaustive]\npub struct {} {{", of.name);
    for (index, field) in of.fields.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        field_doc(out, of, field);
        let attributes = attributes(of, field, case);
        if !attributes.is_empty() {
            let _ = writeln!(out, "#[serde({})]", attributes.join(", "));
        }
        let _ = writeln!(out, "pub {}: {},", field.rust, field_type(of, field));
    }
    out.push_str("}\n\n");
}

fn field_type(of: &Struct, field: &Field) -> String {
    let inner = rust_type(&field.ty);
    let inner = if field.boxed {
        format!("Box<{inner}>")
    } else {
        inner
    };
    if of.is_optional(field) {
        format!("Option<{inner}>")
    } else {
        inner
    }
}

fn attributes(of: &Struct, field: &Field, case: Case) -> Vec<String> {
    let mut attributes = Vec::new();
    if case.apply(&field.rust) != field.wire {
        attributes.push(format!("rename = {}", quoted(&field.wire)));
    }
    attributes.extend(
        field
            .aliases
            .iter()
            .map(|alias| format!("alias = {}", quoted(alias))),
    );
    if of.is_optional(field) {
        attributes.push("skip_serializing_if = \"Option::is_none\"".to_owned());
    }
    if of.sent && field.limits.format == Some(Format::Md5) {
        attributes.push("serialize_with = \"standing_core::lower_case\"".to_owned());
    }
    if of.is_optional(field) {
        return attributes;
    }
    if let Some(key) = &field.wrapper {
        attributes.push(format!("with = \"{}\"", wrapper_module(key)));
    }
    if of.received && field.ty.is_collection() {
        if !field.required {
            attributes.push("default".to_owned());
        } else if field.limits.min_items.is_some_and(|min| min > 0) {
            attributes.push("deserialize_with = \"standing_core::non_empty\"".to_owned());
        }
    }
    attributes
}

/// The module that reads and writes lists wrapped under a key.
pub(super) fn wrapper_module(key: &str) -> String {
    let snake = crate::names::snake(key);
    if crate::names::pascal(key) == key {
        return format!("wrapped_{snake}");
    }
    // Another key may give the same name; no other has the same bytes.
    let bytes: String = key.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("wrapped_{snake}_{bytes}").replace("__", "_")
}

fn field_doc(out: &mut String, of: &Struct, field: &Field) {
    docs(out, 4, "///", &field.doc.text);
    let mut facts = Vec::new();
    if of.sent && field.required {
        facts.push("Required.".to_owned());
    }
    facts.extend(limits_text(&field.limits, ""));
    facts.extend(limits_text(&field.each, " each"));
    if let Some(unit) = &field.unit {
        facts.push(format!("In {unit}."));
    }
    if let Some(default) = &field.default {
        let text = crate::examples::scalar_text(default).unwrap_or_default();
        facts.push(format!("Left out, the service takes `{text}`."));
    }
    match field.place {
        Some(Place::Query) => facts.push("Travels in the query.".to_owned()),
        Some(Place::Path) => facts.push("Travels in the path.".to_owned()),
        Some(Place::Header) => facts.push(format!("Travels as the header `{}`.", field.wire)),
        Some(Place::Body) | None => {}
    }
    if field.nullable && !of.sent {
        let reads = if of.is_optional(field) {
            "absent"
        } else {
            "empty"
        };
        facts.push(format!("May be null, which reads as {reads}."));
    }
    paragraph(out, 4, &facts.join(" "));
    if let Some(instead) = &field.deprecated {
        paragraph(out, 4, &format!("Deprecated: {instead}"));
    }
    provenance(out, 4, &field.doc.notes);
}

/// What is limited, in sentences.
fn limits_text(limits: &Limits, each: &str) -> Vec<String> {
    let bounds = |min: Option<&str>, max: Option<&str>, unit: &str| match (min, max) {
        (Some(min), Some(max)) => Some(format!("{min} to {max}{unit}{each}.")),
        (Some(min), None) => Some(format!("At least {min}{unit}{each}.")),
        (None, Some(max)) => Some(format!("At most {max}{unit}{each}.")),
        (None, None) => None,
    };
    // "At least one" is how a fixture says that something must not be empty.
    let count = |min: Option<u64>, max: Option<u64>, unit: &str| {
        if min == Some(1) && max.is_none() {
            return Some(format!("Not empty{each}."));
        }
        let unit = if max == Some(1) {
            unit.trim_end_matches('s')
        } else {
            unit
        };
        let [min, max] = [min, max].map(|number| number.map(|number| number.to_string()));
        bounds(min.as_deref(), max.as_deref(), unit)
    };
    [
        count(limits.min_items, limits.max_items, " items"),
        bounds(limits.min.as_deref(), limits.max.as_deref(), ""),
        count(limits.min_len, limits.max_len, " characters"),
        limits
            .format
            .map(|format| format!("Written as {}{each}.", format.shape())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Writes a further paragraph of a doc comment, if there is anything to say.
pub(super) fn paragraph(out: &mut String, indent: usize, text: &str) {
    if !text.is_empty() {
        push_doc(out, indent, "///", "");
        docs(out, indent, "///", text);
    }
}

/// Writes where a fact is from, if not from the operation's page.
pub(super) fn provenance(out: &mut String, indent: usize, notes: &Notes) {
    for sentence in notes.sentences() {
        paragraph(out, indent, &sentence);
    }
}

/// Writes constructors and setters of a struct that callers make.
pub(super) fn builder(out: &mut String, of: &Struct) {
    let required: Vec<&Field> = of
        .fields
        .iter()
        .filter(|field| !of.is_optional(field))
        .collect();
    let _ = writeln!(out, "impl {} {{", of.name);
    if let Some(choice) = of.choice() {
        let chosen: Vec<&Field> = choice
            .iter()
            .filter_map(|index| of.fields.get(*index))
            .collect();
        for (index, field) in chosen.iter().enumerate() {
            let others: Vec<String> = chosen
                .iter()
                .filter(|other| other.wire != field.wire)
                .map(|other| format!("`{}`", other.rust))
                .collect();
            if index > 0 {
                out.push('\n');
            }
            let name = &field.rust;
            docs(
                out,
                4,
                "///",
                &format!(
                    "By [`{name}`](Self::{name}). The service takes either it or {}.",
                    others.join(" or ")
                ),
            );
            constructor(
                out,
                of,
                &format!("for_{}", verb(field)),
                &required,
                Some(field),
            );
        }
    } else if of.has_default() {
        docs(out, 4, "///", "Nothing set.");
        out.push_str("pub fn new() -> Self {\nSelf::default()\n}\n");
    } else {
        docs(
            out,
            4,
            "///",
            "With what is required, and nothing else set.",
        );
        constructor(out, of, "new", &required, None);
    }
    for (index, field) in of.fields.iter().enumerate() {
        if of.is_optional(field) && !of.choice().unwrap_or_default().contains(&index) {
            setter(out, field);
        }
    }
    out.push_str("}\n\n");
}

fn constructor(
    out: &mut String,
    of: &Struct,
    name: &str,
    required: &[&Field],
    chosen: Option<&Field>,
) {
    let parameters: Vec<String> = required
        .iter()
        .copied()
        .chain(chosen)
        .map(|field| format!("{}: {}", field.rust, parameter(&field.ty)))
        .collect();
    let _ = writeln!(
        out,
        "pub fn {name}({}) -> Self {{\nSelf {{",
        parameters.join(", ")
    );
    for field in &of.fields {
        let is = |other: &Field| other.wire == field.wire;
        let value = if required.iter().any(|other| is(other)) {
            converted(field)
        } else if chosen.is_some_and(is) {
            format!("Some({})", converted(field))
        } else {
            "None".to_owned()
        };
        if value == field.rust {
            let _ = writeln!(out, "{value},");
        } else {
            let _ = writeln!(out, "{}: {value},", field.rust);
        }
    }
    out.push_str("}\n}\n");
}

fn setter(out: &mut String, field: &Field) {
    let name = &field.rust;
    out.push('\n');
    docs(out, 4, "///", &format!("Sets [`{name}`](Self::{name})."));
    let _ = writeln!(
        out,
        "#[must_use]\npub fn with_{}(mut self, {name}: {}) -> Self {{\nself.{name} = Some({});\nself\n}}",
        verb(field),
        parameter(&field.ty),
        converted(field)
    );
}

/// The type of an argument: whatever converts.
fn parameter(ty: &Ty) -> String {
    let item_type = |item: &Ty| {
        let name = rust_type(item);
        if converts(item) {
            format!("impl Into<{name}>")
        } else {
            name
        }
    };
    match ty {
        Ty::String | Ty::Enum(_) | Ty::Decimal => format!("impl Into<{}>", rust_type(ty)),
        Ty::List(item) => format!("impl IntoIterator<Item = {}>", item_type(item)),
        Ty::Map(item) => {
            format!(
                "impl IntoIterator<Item = (impl Into<String>, {})>",
                item_type(item)
            )
        }
        ty => rust_type(ty),
    }
}

/// The argument as the field keeps it.
fn converted(field: &Field) -> String {
    let name = &field.rust;
    let value = match &field.ty {
        Ty::String | Ty::Enum(_) | Ty::Decimal => format!("{name}.into()"),
        Ty::List(item) if converts(item) => format!("{name}.into_iter().map(Into::into).collect()"),
        Ty::List(_) => format!("{name}.into_iter().collect()"),
        Ty::Map(item) => {
            let value = if converts(item) {
                "value.into()"
            } else {
                "value"
            };
            format!("{name}.into_iter().map(|(key, value)| (key.into(), {value})).collect()")
        }
        _ => name.clone(),
    };
    if field.boxed {
        format!("Box::new({value})")
    } else {
        value
    }
}

/// Writes `Debug` for a struct with something to hide.
pub(super) fn debug(out: &mut String, of: &Struct) {
    if !of.hides() {
        return;
    }
    let _ = writeln!(
        out,
        "impl fmt::Debug for {} {{\nfn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{\nf.debug_struct({})",
        of.name,
        quoted(&of.name)
    );
    for field in &of.fields {
        let name = &field.rust;
        let value = match (field.sensitive, &field.ty) {
            (false, _) => format!("&self.{name}"),
            // Only the presence is looked at.
            (true, Ty::Enum(_) | Ty::Struct(_)) if !of.is_optional(field) => {
                format!("&Hidden::of(&Some(&self.{name}))")
            }
            (true, _) => format!("&Hidden::of(&self.{name})"),
        };
        let _ = writeln!(out, ".field({}, {value})", quoted(name));
    }
    out.push_str(".finish()\n}\n}\n\n");
}

/// The calls on `Violations` that check a struct, in the order of its fields.
pub(super) fn checks(of: &Struct, types: &[Type]) -> Vec<String> {
    let mut calls = Vec::new();
    for field in &of.fields {
        field_checks(&mut calls, of, field, types);
    }
    for require in &of.require {
        let (method, indexes) = match require {
            Require::AnyOf(indexes) => ("any_of", indexes),
            Require::OneOf(indexes) => ("one_of", indexes),
            Require::Together(indexes) => ("together", indexes),
            Require::Fits {
                list,
                size,
                default,
            } => {
                if let (Some(list), Some(size)) = (of.fields.get(*list), of.fields.get(*size)) {
                    calls.push(format!(
                        ".fits({}, self.{}.as_ref().map(Vec::len), {}, self.{}.unwrap_or({default}), {})",
                        quoted(&list.wire),
                        list.rust,
                        quoted(&size.wire),
                        size.rust,
                        size.limits.max.as_deref().unwrap_or("None"),
                    ));
                }
                continue;
            }
        };
        let pairs: Vec<String> = indexes
            .iter()
            .filter_map(|index| of.fields.get(*index))
            .map(|field| format!("({}, self.{}.is_some())", quoted(&field.wire), field.rust))
            .collect();
        calls.push(format!(".{method}(&[{}])", pairs.join(", ")));
    }
    calls
}

fn field_checks(calls: &mut Vec<String>, of: &Struct, field: &Field, types: &[Type]) {
    let optional = of.is_optional(field);
    let (wire, name) = (quoted(&field.wire), &field.rust);
    if field.required && optional {
        calls.push(format!(".required({wire}, self.{name}.is_some())"));
    }
    let whole = if optional {
        format!("self.{name}.as_ref()")
    } else {
        format!("Some(&self.{name})")
    };
    let text = if optional {
        format!("self.{name}.as_deref()")
    } else {
        format!("Some(self.{name}.as_str())")
    };
    let all = if optional {
        format!("self.{name}.as_deref().unwrap_or_default()")
    } else {
        format!("&self.{name}")
    };
    match &field.ty {
        Ty::String => {
            if let Some(range) = lengths(field.limits.min_len, field.limits.max_len) {
                calls.push(format!(".length({wire}, {text}, {range})"));
            }
            if let Some(format) = field.limits.format.and_then(Format::checked) {
                calls.push(format!(".format({wire}, {text}, {format})"));
            }
        }
        Ty::Struct(target) if is_checked(target, types, &mut Vec::new()) => {
            let value = if field.boxed {
                format!("self.{name}.as_deref()")
            } else {
                whole
            };
            calls.push(format!(".within({wire}, {value}, {target}::check)"));
        }
        Ty::List(item) => {
            if let Some(range) = lengths(field.limits.min_items, field.limits.max_items) {
                let count = if optional {
                    format!("self.{name}.as_ref().map(Vec::len)")
                } else {
                    format!("self.{name}.len()")
                };
                calls.push(format!(".items({wire}, {count}, {range})"));
            }
            match item.as_ref() {
                Ty::String => {
                    if let Some(range) = lengths(field.each.min_len, field.each.max_len) {
                        calls.push(format!(".each_length({wire}, {all}, {range})"));
                    }
                }
                Ty::Struct(target) if is_checked(target, types, &mut Vec::new()) => {
                    calls.push(format!(".within_each({wire}, {all}, {target}::check)"));
                }
                item => {
                    if let Some(range) = numbers(item, &field.each) {
                        calls.push(format!(".each_range({wire}, {all}, {range})"));
                    }
                }
            }
        }
        ty => {
            if let Some(range) = numbers(ty, &field.limits) {
                calls.push(format!(".range({wire}, {whole}, {range})"));
            }
        }
    }
}

/// Whether a struct has anything to check, itself or within.
pub(super) fn is_checked(name: &str, types: &[Type], seen: &mut Vec<String>) -> bool {
    let unseen = !seen.iter().any(|known| known == name);
    let Some(part) = Type::find(types, name).filter(|_| unseen) else {
        return false;
    };
    seen.push(name.to_owned());
    !part.require.is_empty()
        || part.fields.iter().any(|field| {
            let limited = |limits: &Limits, ty: &Ty| {
                lengths(limits.min_len, limits.max_len).is_some()
                    || lengths(limits.min_items, limits.max_items).is_some()
                    || limits.format.and_then(Format::checked).is_some()
                    || numbers(ty, limits).is_some()
            };
            let item = match &field.ty {
                Ty::List(item) => item,
                ty => ty,
            };
            (field.required && part.is_optional(field))
                || limited(&field.limits, &field.ty)
                || limited(&field.each, item)
                || matches!(item, Ty::Struct(next) if is_checked(next, types, seen))
        })
}

fn lengths(min: Option<u64>, max: Option<u64>) -> Option<String> {
    match (min.filter(|min| *min > 0), max) {
        (None, None) => None,
        (Some(min), None) => Some(format!("{min}..")),
        (None, Some(max)) => Some(format!("..={max}")),
        (Some(min), Some(max)) => Some(format!("{min}..={max}")),
    }
}

fn numbers(ty: &Ty, limits: &Limits) -> Option<String> {
    let number = |text: &String| match ty {
        Ty::Float => float(text),
        Ty::Decimal => format!("Amount::from({text}_i64)"),
        _ => text.clone(),
    };
    if !matches!(ty, Ty::Int | Ty::Uint | Ty::Float | Ty::Decimal) {
        return None;
    }
    // Every uint is at least 0.
    let min = limits
        .min
        .as_ref()
        .filter(|min| !(*ty == Ty::Uint && *min == "0"))
        .map(number);
    match (min, limits.max.as_ref().map(number)) {
        (None, None) => None,
        (Some(min), None) => Some(format!("{min}..")),
        (None, Some(max)) => Some(format!("..={max}")),
        (Some(min), Some(max)) => Some(format!("{min}..={max}")),
    }
}

/// Writes an open enumeration.
pub(super) fn enumeration(out: &mut String, of: &Enum) {
    out.push_str("open_enum! {\n");
    docs(out, 4, "///", &of.doc.text);
    provenance(out, 4, &of.doc.notes);
    let _ = writeln!(out, "    pub enum {} {{", of.name);
    for value in &of.values {
        docs(out, 8, "///", &value.doc.text);
        provenance(out, 8, &value.doc.notes);
        let _ = writeln!(out, "        {} = {},", value.rust, quoted(&value.wire));
    }
    out.push_str("    }\n}\n\n");
}

/// The default that paging steps by.
pub(super) fn whole_number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(text) => text.parse().ok(),
        _ => None,
    }
}

/// A `const` list of string literals.
pub(super) fn literals<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(literal).collect();
    format!("&[{}]", texts.join(", "))
}
