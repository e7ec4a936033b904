//! JSON text.

use crate::load::json::{Member, Value};

/// Objects and lists that fit into such a line are not broken.
const WIDTH: usize = 100;

/// JSON on one line, without blanks.
pub(super) fn compact(value: &Value) -> String {
    line(value, [",", ":", "{", "}"])
}

/// JSON, indented; what fits into a line is on one.
pub fn pretty(value: &Value, indent: usize) -> String {
    let flat = line(value, [", ", ": ", "{ ", " }"]);
    // An object as a whole is easier to compare with a sample if its members have lines of their own.
    if flat.len() + indent <= WIDTH && (indent > 0 || !matches!(value, Value::Object(_))) {
        return flat;
    }
    let inner = " ".repeat(indent + 2);
    let outer = " ".repeat(indent);
    match value {
        Value::List(nodes) if !nodes.is_empty() => {
            let items = nodes.iter();
            let items = items.map(|node| format!("{inner}{}", pretty(&node.value, indent + 2)));
            format!("[\n{}\n{outer}]", items.collect::<Vec<_>>().join(",\n"))
        }
        Value::Object(members) if !members.is_empty() => {
            let members = members.iter().map(|Member { key, node, .. }| {
                format!("{inner}{}: {}", text(key), pretty(&node.value, indent + 2))
            });
            format!("{{\n{}\n{outer}}}", members.collect::<Vec<_>>().join(",\n"))
        }
        _ => flat,
    }
}

/// JSON on one line; `signs` are the comma, the colon and the braces of an object with members.
fn line(value: &Value, signs: [&str; 4]) -> String {
    let [comma, colon, open, close] = signs;
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(text) => text.clone(),
        Value::Text(value) => text(value),
        Value::List(nodes) => {
            let items = nodes.iter().map(|node| line(&node.value, signs));
            format!("[{}]", items.collect::<Vec<_>>().join(comma))
        }
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let members = members.iter();
            let members =
                members.map(|member| text(&member.key) + colon + &line(&member.node.value, signs));
            let members = members.collect::<Vec<_>>().join(comma);
            format!("{open}{members}{close}")
        }
    }
}

/// A JSON text literal.
fn text(text: &str) -> String {
    let escape = |c: char| match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        c if c < ' ' => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}
