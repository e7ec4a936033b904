//! The tests that follow from the examples of a provider.

use std::fmt::Write as _;

use crate::json::{Member, Node, Value};
use crate::model::{
    Lists, Operation, Outcome, Params, Place, Provider, RequestSample, Service, Ty,
};

use crate::parallel;

use super::expr::{Expr, float, pretty};
use super::header;
use super::operation::example_imports;
use super::text::{docs, quoted};

/// Writes the test file of a provider.
pub(super) fn file(provider: &Provider) -> String {
    let mut out = header(&format!("fixtures/{}", provider.name));
    out.push('\n');
    docs(
        &mut out,
        0,
        "//!",
        "Every example of every operation: requests encode to it, answers decode from it with exactly \
         the declared deviations and are written back, errors open as their code; and each request \
         with its answer once over the wire.",
    );
    let mut all: Vec<(String, &Service, &Operation)> = Vec::new();
    for service in &provider.services {
        for operation in &service.operations {
            let mut name = format!("{}_{}", service.name, operation.module);
            // `a` and `b_c` read like `a_b` and `c`.
            while all.iter().any(|(taken, ..)| *taken == name) {
                name.push_str("_too");
            }
            all.push((name, service, operation));
        }
    }
    out.extend(parallel::map(&all, |(name, service, operation)| {
        module(provider, service, operation, name)
    }));
    out
}

fn module(provider: &Provider, service: &Service, operation: &Operation, name: &str) -> String {
    let (mut body, mut expressions) = (String::new(), String::new());
    let module = name;
    for example in &operation.examples {
        let name = &example.name;
        let upper = name.to_uppercase();
        if let Some(request) = &example.request {
            constant(
                &mut body,
                &format!("{upper}_REQUEST"),
                "&str",
                &include(&request.path),
            );
            let expression = expression(operation, request);
            let _ = writeln!(
                body,
                "fn {name}() -> {} {{\n{expression}\n}}\n",
                operation.name
            );
            expressions.push_str(&expression);
            let call = format!("testing::encodes(&{name}(), {upper}_REQUEST)");
            test(&mut body, &format!("{name}_request_encodes"), &call);
        }
        let Some(answer) = &example.answer else {
            continue;
        };
        let value = format!(
            "testing::Reply {{ status: {}, body: {}, expect: {} }}",
            answer.status,
            include(&answer.path),
            expectation(&answer.outcome)
        );
        constant(
            &mut body,
            &format!("{upper}_REPLY"),
            "testing::Reply<'_>",
            &value,
        );
        let verb = match &answer.outcome {
            Outcome::Payload(..) => "reply_decodes",
            Outcome::Failure(..) => "reply_fails",
            Outcome::NoRecord(..) => "reply_is_no_record",
        };
        let call = format!("testing::opens::<{}>(&{upper}_REPLY)", operation.name);
        test(&mut body, &format!("{name}_{verb}"), &call);
        if let Some(request) = &example.request {
            let wire = wire(&mut body, provider, operation, &upper, request);
            let call = format!("testing::travels(&{name}(), &{wire}, &{upper}_REPLY)");
            test(&mut body, &format!("{name}_travels"), &call);
        }
    }
    let mut out = format!("\n#[cfg(test)]\nmod {module} {{\n");
    for import in example_imports(&expressions) {
        let _ = writeln!(out, "{import}");
    }
    out.push_str("use standing_core::testing;\n");
    let _ = writeln!(
        out,
        "use standing_{}::{}::{}::*;\n",
        provider.name, service.name, operation.module
    );
    out + &body + "}\n"
}

fn expression(operation: &Operation, request: &RequestSample) -> String {
    let expr = Expr {
        operation,
        fallible: ".unwrap()",
    };
    expr.request(&request.value, 0)
}

fn constant(out: &mut String, name: &str, ty: &str, value: &str) {
    let _ = writeln!(out, "const {name}: {ty} = {value};\n");
}

fn test(out: &mut String, name: &str, call: &str) {
    let _ = writeln!(out, "#[test]\nfn {name}() {{\n{call};\n}}\n");
}

/// The sample itself; the path in two parts, for a long literal would keep rustfmt away.
fn include(path: &str) -> String {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    format!(
        "include_str!(concat!(\"../../../{folder}/\", {}))",
        quoted(file)
    )
}

/// A raw literal with as many `#` as it takes.
fn raw(text: &str) -> String {
    let mut hashes = "#".to_owned();
    while text.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    format!("r{hashes}\"{text}\"{hashes}")
}

fn expectation(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Payload(output, deviations) => {
            let pair = |(kind, count): &(&str, u64)| format!("({}, {count})", quoted(kind));
            let deviations: Vec<String> = deviations.iter().map(pair).collect();
            let deviations = format!("&[{}]", deviations.join(", "));
            match output {
                Some(output) => {
                    format!(
                        "testing::Expect::Output({}, {deviations})",
                        raw(&pretty(output, 0))
                    )
                }
                None => format!("testing::Expect::Payload({deviations})"),
            }
        }
        Outcome::Failure(code, kind) => {
            let kind = crate::names::pascal(kind);
            format!(
                "testing::Expect::Error({}, standing_core::CodeKind::{kind})",
                quoted(code)
            )
        }
        Outcome::NoRecord(code) => format!("testing::Expect::NoRecord({})", quoted(code)),
    }
}

/// What the server must see, worked out from the fixture and not by the code that is tested. A body
/// that is not the whole sample becomes a constant.
fn wire(
    out: &mut String,
    provider: &Provider,
    operation: &Operation,
    upper: &str,
    request: &RequestSample,
) -> String {
    let mut path = operation.path.clone();
    let (mut query, mut headers, mut body) = (Vec::new(), Vec::new(), Vec::new());
    let members = match &request.value {
        Value::Object(members) => members.as_slice(),
        _ => &[],
    };
    for member in members {
        let field = operation
            .input
            .fields
            .iter()
            .find(|field| field.wire == member.key);
        let usual = if operation.params == Params::Query {
            Place::Query
        } else {
            Place::Body
        };
        let text = field.map(|field| &field.ty).filter(|ty| **ty == Ty::Float);
        let text = text.and_then(|_| crate::examples::scalar_text(&member.node.value));
        // A float travels with as few digits as it takes, whatever the sample has.
        let member = &match text {
            Some(text) => Member {
                node: Node {
                    at: 0,
                    value: Value::Number(sent(&text)),
                },
                ..member.clone()
            },
            None => member.clone(),
        };
        let text = crate::examples::scalar_text(&member.node.value).unwrap_or_default();
        match field.and_then(|field| field.place).unwrap_or(usual) {
            Place::Path => path = path.replace(&format!("{{{}}}", member.key), &percent(&text)),
            Place::Header => headers.push((member.key.to_lowercase(), text)),
            Place::Query => flatten(&member.key, &member.node.value, provider.lists, &mut query),
            Place::Body => body.push(member.clone()),
        }
    }
    let has_body = matches!(operation.method.as_str(), "POST" | "PUT");
    let body = match operation.params {
        Params::Form => {
            let mut form = Vec::new();
            for member in &body {
                flatten(&member.key, &member.node.value, provider.lists, &mut form);
            }
            format!("testing::WireBody::Form({})", pairs(&form))
        }
        Params::Json if has_body && body.len() == members.len() => {
            format!("testing::WireBody::Json({upper}_REQUEST)")
        }
        Params::Json if has_body => {
            let name = format!("{upper}_BODY");
            constant(out, &name, "&str", &raw(&pretty(&Value::Object(body), 0)));
            format!("testing::WireBody::Json({name})")
        }
        Params::Json | Params::Query => "testing::WireBody::Empty".to_owned(),
    };
    let mut parts = Vec::new();
    for (name, values) in [("query", query), ("headers", headers)] {
        if !values.is_empty() {
            parts.push(format!("{name}: {}", pairs(&values)));
        }
    }
    if body != "testing::WireBody::Empty" {
        parts.push(format!("body: {body}"));
    }
    let plain = format!(
        "testing::Wire::new({}, {})",
        quoted(&operation.method),
        quoted(&path)
    );
    if parts.is_empty() {
        plain
    } else {
        format!("testing::Wire {{ {}, ..{plain} }}", parts.join(", "))
    }
}

/// A float as it is sent.
fn sent(text: &str) -> String {
    float(text).replace('e', "e+").replace("e+-", "e-")
}

fn pairs(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("({}, {})", quoted(name), quoted(value)))
        .collect();
    format!("&[{}]", pairs.join(", "))
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
        value => pairs.push((
            name.to_owned(),
            crate::examples::scalar_text(value).unwrap_or_default(),
        )),
    }
}

/// RFC 3986, for a part of a path.
fn percent(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    });
    encoded.collect()
}
