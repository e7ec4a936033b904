//! What a server must see of a request: derived from the fixture, not by the code under test.

use crate::load::json::{Member, Node, Value};
use crate::model::{Lists, Operation, Params, Place, Provider, RequestSample, Type};

use super::json::pretty;
use super::literal::{float, pairs, quoted, raw};

/// The expression for what a server must see; `sample` is the expression for the sample's text.
pub(super) fn expected(
    provider: &Provider,
    operation: &Operation,
    request: &RequestSample,
    sample: &str,
) -> String {
    let mut path = operation.http.path.clone();
    let (mut query, mut headers, mut body) = (Vec::new(), Vec::new(), Vec::new());
    let members = match &request.value {
        Value::Object(members) => members.as_slice(),
        _ => &[],
    };
    for member in members {
        let mut fields = operation.input.fields.iter();
        let field = fields.find(|field| field.wire == member.key);
        let mut member = member.clone();
        if let Value::Number(text) = &mut member.node.value
            && field.is_some_and(|field| field.ty == Type::Float)
        {
            *text = float_as_sent(text);
        }
        let text = member.node.value.scalar_text().unwrap_or_default();
        let place = field.and_then(|field| field.place);
        match place.unwrap_or(operation.http.params.default_place()) {
            Place::Path => path = path.replace(&format!("{{{}}}", member.key), &percent(&text)),
            Place::Header => headers.push((member.key.to_lowercase(), text)),
            Place::Query => flatten(&member.key, &member.node.value, provider.lists, &mut query),
            Place::Body => body.push(member),
        }
    }
    let method = operation.http.method;
    let body = match operation.http.params {
        Params::Form => {
            let mut form = Vec::new();
            for member in &body {
                flatten(&member.key, &member.node.value, provider.lists, &mut form);
            }
            Some(format!("Form({})", pairs(&form)))
        }
        Params::Json if method.has_body() && body.len() == members.len() => {
            Some(format!("Json({sample})"))
        }
        Params::Json if method.has_body() => {
            let text = pretty(&Value::Object(body), 0);
            Some(format!("Json({})", raw(&text)))
        }
        Params::Json | Params::Query => None,
    };
    let mut parts = Vec::new();
    for (name, values) in [("query", query), ("headers", headers)] {
        if !values.is_empty() {
            parts.push(format!("{name}: {}", pairs(&values)));
        }
    }
    parts.extend(body.map(|body| format!("body: testing::WireBody::{body}")));
    let plain = format!(
        "testing::Wire::new({}, {})",
        quoted(method.name()),
        quoted(&path)
    );
    match parts.is_empty() {
        true => plain,
        false => format!("testing::Wire {{ {}, ..{plain} }}", parts.join(", ")),
    }
}

/// A float as serde_json writes it: as a literal of Rust, but with the sign of a positive exponent.
fn float_as_sent(text: &str) -> String {
    float(text).replace('e', "e+").replace("e+-", "e-")
}

fn flatten(name: &str, value: &Value, lists: Lists, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::List(nodes) => {
            for (index, Node { value, .. }) in nodes.iter().enumerate() {
                match lists {
                    Lists::Repeated => flatten(name, value, lists, pairs),
                    Lists::Numbered => {
                        flatten(&format!("{name}.{}", index + 1), value, lists, pairs)
                    }
                }
            }
        }
        Value::Object(members) => {
            for Member { key, node, .. } in members {
                flatten(&format!("{name}.{key}"), &node.value, lists, pairs);
            }
        }
        value => pairs.push((name.to_owned(), value.scalar_text().unwrap_or_default())),
    }
}

/// Percent-encoding (RFC 3986) of a segment of a path.
fn percent(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    });
    encoded.collect()
}
