//! The tests that follow from the examples of a provider.

use std::fmt::Write as _;

use crate::model::{Example, Operation, Outcome, Provider, Service};

use super::comment::Comment;
use super::expr::Expr;
use super::json::pretty;
use super::literal::{quoted, raw};
use super::wire;

/// The test file of a provider.
pub(super) fn file(provider: &Provider) -> String {
    let mut out = String::new();
    Comment::inner()
        .text(
            "Every example of every operation: a request encodes to its sample; an answer decodes \
             with exactly the declared deviations and is written back; an error has its code; and \
             each request with its answer travels once over HTTP.",
        )
        .write(&mut out);
    let mut names: Vec<String> = Vec::new();
    for service in &provider.services {
        for operation in &service.operations {
            let mut name = format!("{}_{}", service.name, operation.module);
            // `a` with `b_c` reads like `a_b` with `c`.
            while names.contains(&name) {
                name.push_str("_too");
            }
            module(&mut out, &name, provider, service, operation);
            names.push(name);
        }
    }
    out
}

fn module(
    out: &mut String,
    name: &str,
    provider: &Provider,
    service: &Service,
    operation: &Operation,
) {
    let expr = Expr::new(operation, ".unwrap()");
    let mut body = String::new();
    for sample in &operation.examples {
        example(&mut body, provider, operation, &expr, sample);
    }
    let _ = writeln!(out, "\n#[cfg(test)]\nmod {name} {{");
    if expr.has_map() {
        out.push_str("use std::collections::BTreeMap;\n\n");
    }
    for core in expr.core_types() {
        let _ = writeln!(out, "use standing_core::{core};");
    }
    let (folder, _) = operation
        .path_of_fixture
        .rsplit_once('/')
        .unwrap_or_default();
    let _ = write!(
        out,
        "use standing_core::testing;
        use standing_{}::{}::*;

        macro_rules! sample {{
            ($file:literal) => {{
                include_str!(concat!(\"../../../{folder}/\", $file))
            }};
        }}

        {body}}}\n",
        provider.name, service.name
    );
}

fn example(
    out: &mut String,
    provider: &Provider,
    operation: &Operation,
    expr: &Expr<'_>,
    example: &Example,
) {
    let Example { name, .. } = example;
    let reply = name.to_uppercase();
    if let Some(request) = &example.request {
        let _ = writeln!(
            out,
            "fn {name}() -> {} {{\n{}\n}}\n",
            operation.name,
            expr.request(request)
        );
        let call = format!(
            "assert_request_encodes(&{name}(), {})",
            sample(&request.path)
        );
        test(out, &format!("{name}_request_encodes"), &call);
    }
    let Some(answer) = &example.answer else {
        return;
    };
    let _ = writeln!(
        out,
        "const {reply}: testing::Reply<'_> = testing::Reply {{
            status: {},
            body: {},
            expect: testing::Expect::{},
        }};\n",
        answer.status,
        sample(&answer.path),
        expectation(&answer.outcome)
    );
    let verb = match &answer.outcome {
        Outcome::Payload(..) => "reply_decodes",
        Outcome::Failure(..) => "reply_fails",
        Outcome::NoRecord(..) => "reply_is_no_record",
    };
    let call = format!("assert_response_parses::<{}>(&{reply})", operation.name);
    test(out, &format!("{name}_{verb}"), &call);
    if let Some(request) = &example.request {
        let wire = wire::expected(provider, operation, request, &sample(&request.path));
        let call = format!("assert_round_trip(&{name}(), &{wire}, &{reply})");
        test(out, &format!("{name}_travels"), &call);
    }
}

fn test(out: &mut String, name: &str, call: &str) {
    let _ = writeln!(out, "#[test]\nfn {name}() {{\ntesting::{call};\n}}\n");
}

/// The text of a sample, by its file in the folder of the operation.
fn sample(path: &str) -> String {
    let file = path.rsplit_once('/').map_or(path, |(_, file)| file);
    format!("sample!({})", quoted(file))
}

fn expectation(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Payload(output, deviations) => {
            let counts = deviations.iter();
            let counts = counts.map(|(kind, count)| format!("({}, {count})", quoted(kind)));
            let counts = format!("&[{}]", counts.collect::<Vec<_>>().join(", "));
            match output {
                Some(output) => format!("Output({}, {counts})", raw(&pretty(output, 0))),
                None => format!("Payload({counts})"),
            }
        }
        Outcome::Failure(code, kind) => {
            format!("Error({}, testing::CodeKind::{kind:?})", quoted(code))
        }
        Outcome::NoRecord(code) => format!("NoRecord({})", quoted(code)),
    }
}
