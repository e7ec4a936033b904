//! JSON text.

use crate::load::json::{Member, Value};

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
