//! Builder expressions: the Rust that makes the request of an example.

use crate::json::{Member, Value};
use crate::model::{Operation, Struct, Ty, Type};

use super::structs::rust_type;
use super::text::quoted;

/// Lines longer than this are broken in docs; elsewhere rustfmt decides.
const WIDTH: usize = 88;

/// Writes expressions for one operation.
pub(super) struct Expr<'a> {
    /// The operation.
    pub(super) operation: &'a Operation,
    /// What follows an expression that can fail: `?` or `.unwrap()`.
    pub(super) fallible: &'a str,
}

impl Expr<'_> {
    /// The expression for a request.
    pub(super) fn request(&self, value: &Value, indent: usize) -> String {
        self.make(&self.operation.input, value, indent)
    }

    /// `Name::new(required).with_field(value)…`, one call a line unless it is short.
    fn make(&self, of: &Struct, value: &Value, indent: usize) -> String {
        let given = |wire: &str| value.member(wire).map(|node| &node.value);
        let chosen = of.choice().and_then(|choice| {
            let mut fields = choice.iter().filter_map(|index| of.fields.get(*index));
            fields.find(|field| given(&field.wire).is_some())
        });
        let arguments = of.fields.iter().filter(|field| !of.is_optional(field));
        let arguments: Vec<String> = arguments
            .chain(chosen)
            .filter_map(|field| Some(self.value(&field.ty, given(&field.wire)?, false, indent + 4)))
            .collect();
        let constructor = chosen.map_or("new".to_owned(), |field| {
            format!("for_{}", field.rust.trim_end_matches('_'))
        });
        let mut calls = vec![format!(
            "{}::{constructor}({})",
            of.name,
            arguments.join(", ")
        )];
        let skipped = of.choice().unwrap_or_default();
        for (index, field) in of.fields.iter().enumerate() {
            if of.is_optional(field)
                && !skipped.contains(&index)
                && let Some(value) = given(&field.wire)
            {
                let value = self.value(&field.ty, value, false, indent + 4);
                calls.push(format!(
                    ".with_{}({value})",
                    field.rust.trim_end_matches('_')
                ));
            }
        }
        joined(&calls, "", indent + 4)
    }

    /// A value as an argument. `owned` is for places that convert nothing, inside of collections.
    fn value(&self, ty: &Ty, value: &Value, owned: bool, indent: usize) -> String {
        let fallible = self.fallible;
        match (ty, value) {
            (Ty::Struct(name), value) => Type::find(&self.operation.types, name)
                .map(|part| self.make(part, value, indent))
                .unwrap_or_default(),
            (Ty::Enum(name), Value::Text(text)) => Type::values(&self.operation.types, name)
                .iter()
                .find(|variant| variant.wire == *text)
                .map(|variant| format!("{name}::{}", variant.rust))
                .unwrap_or_default(),
            (Ty::List(item), Value::List(nodes)) => {
                let nodes = nodes.iter();
                let items = nodes.map(|node| {
                    self.value(item, &node.value, owned || !converts(item), indent + 4)
                });
                let items: Vec<String> = items.collect();
                match items.is_empty() {
                    true => format!("Vec::<{}>::new()", rust_type(item)),
                    false => listed(if owned { "vec![" } else { "[" }, &items, "]", indent),
                }
            }
            (Ty::Map(item), Value::Object(members)) => {
                let pair = |member: &Member| {
                    let value = self.value(
                        item,
                        &member.node.value,
                        owned || !converts(item),
                        indent + 4,
                    );
                    let key =
                        self.value(&Ty::String, &Value::Text(member.key.clone()), owned, indent);
                    format!("({key}, {value})")
                };
                let items: Vec<String> = members.iter().map(pair).collect();
                match (items.is_empty(), owned) {
                    (_, true) => listed("BTreeMap::from([", &items, "])", indent),
                    (true, _) => format!("Vec::<(String, {})>::new()", rust_type(item)),
                    (false, _) => listed("[", &items, "]", indent),
                }
            }
            (Ty::Decimal, Value::Number(text)) if text.parse::<i64>().is_ok() => {
                // An integer literal is an i32 unless it says otherwise.
                let suffix = if text.parse::<i32>().is_ok() {
                    ""
                } else {
                    "_i64"
                };
                let number = format!("{text}{suffix}");
                if owned {
                    format!("Amount::from({number})")
                } else {
                    number
                }
            }
            (Ty::Decimal, Value::Number(text)) => {
                format!("{}.parse::<Amount>(){fallible}", quoted(text))
            }
            (Ty::Json, value) => {
                format!(
                    "Json::try_from({}.to_owned()){fallible}",
                    quoted(&compact(value))
                )
            }
            (Ty::Float, Value::Number(text)) => float(text),
            (_, Value::Number(text)) => text.clone(),
            (_, Value::Bool(flag)) => flag.to_string(),
            (_, Value::Text(text)) if owned => format!("{}.to_owned()", quoted(text)),
            (_, Value::Text(text)) => quoted(text),
            _ => String::new(),
        }
    }
}

/// Whether setters of collections convert such items.
pub(super) fn converts(item: &Ty) -> bool {
    matches!(item, Ty::String | Ty::Enum(_))
}

/// Calls of one chain: on one line if they are few and short.
fn joined(calls: &[String], separator: &str, indent: usize) -> String {
    let line = calls.join(separator);
    if calls.len() < 3 && !line.contains('\n') && indent + line.len() <= WIDTH {
        return line;
    }
    calls.join(&format!("\n{}", " ".repeat(indent)))
}

fn listed(open: &str, items: &[String], close: &str, indent: usize) -> String {
    let line = format!("{open}{}{close}", items.join(", "));
    if !line.contains('\n') && indent + line.len() <= WIDTH {
        return line;
    }
    let inner = " ".repeat(indent + 4);
    let items: String = items
        .iter()
        .map(|item| format!("{inner}{item},\n"))
        .collect();
    format!("{open}\n{items}{}{close}", " ".repeat(indent))
}

/// JSON on one line.
pub(super) fn compact(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(text) => text.clone(),
        Value::Text(text) => json_text(text),
        Value::List(nodes) => {
            let items: Vec<String> = nodes.iter().map(|node| compact(&node.value)).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(members) => {
            let pair = |member: &Member| {
                format!("{}:{}", json_text(&member.key), compact(&member.node.value))
            };
            let members: Vec<String> = members.iter().map(pair).collect();
            format!("{{{}}}", members.join(","))
        }
    }
}

/// A number as a literal that Rust takes for a float.
pub(super) fn float(text: &str) -> String {
    // As few digits as it takes: clippy minds those that say nothing.
    let number = text.parse::<f64>();
    number.map_or_else(|_| text.to_owned(), |number| format!("{number:?}"))
}

/// JSON, indented.
pub(super) fn pretty(value: &Value, indent: usize) -> String {
    let inner = " ".repeat(indent + 2);
    let outer = " ".repeat(indent);
    match value {
        Value::List(nodes) if !nodes.is_empty() => {
            let items: Vec<String> = nodes
                .iter()
                .map(|node| format!("{inner}{}", pretty(&node.value, indent + 2)))
                .collect();
            format!("[\n{}\n{outer}]", items.join(",\n"))
        }
        Value::Object(members) if !members.is_empty() => {
            let member = |member: &Member| {
                format!(
                    "{inner}{}: {}",
                    json_text(&member.key),
                    pretty(&member.node.value, indent + 2)
                )
            };
            let members: Vec<String> = members.iter().map(member).collect();
            format!("{{\n{}\n{outer}}}", members.join(",\n"))
        }
        value => compact(value),
    }
}

/// A JSON text literal.
pub fn json_text(text: &str) -> String {
    let escape = |c: char| match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        c if c < ' ' => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}
