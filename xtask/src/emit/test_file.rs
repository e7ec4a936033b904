//! `tests/generated.rs` of a provider crate: the tests that follow from its examples.

use std::fmt::Write as _;

use crate::model::{Example, Expect, Operation, Provider, Service};

use super::comment::Comment;
use super::example_request::ExampleRequest;
use super::json::pretty;
use super::literal::{quoted, raw};
use super::wire;

/// The test file of a provider.
pub(super) fn write(provider: &Provider) -> String {
    let mut out = String::new();
    Comment::inner()
        .text(
            "Every example of every operation: a request encodes to its sample; a response decodes \
             with exactly the declared deviations (but for `unexpected_null`, which decodes as \
             absent) and serializes to its payload, or to the expected output where the two differ; \
             an error has its code; and each request with its response goes over HTTP once.",
        )
        .write(&mut out);
    let mut names: Vec<String> = Vec::new();
    for service in &provider.services {
        for operation in &service.operations {
            let mut name = format!("{}_{}", service.name, operation.module);
            // The service `a` with the operation `b_c` gives the name of `a_b` with `c`.
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
    let expr = ExampleRequest::new(operation, ".unwrap()");
    let mut body = String::new();
    for example in &operation.examples {
        write_example(&mut body, provider, operation, &expr, example);
    }
    // Lints allow `unwrap` in `cfg(test)`, not in all files under tests/.
    let _ = writeln!(out, "\n#[cfg(test)]\nmod {name} {{");
    if expr.has_map() {
        out.push_str("use std::collections::BTreeMap;\n\n");
    }
    for core in expr.core_types() {
        let _ = writeln!(out, "use standing_core::{core};");
    }
    let (folder, _) = operation.fixture_path.rsplit_once('/').unwrap_or_default();
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

fn write_example(
    out: &mut String,
    provider: &Provider,
    operation: &Operation,
    expr: &ExampleRequest<'_>,
    example: &Example,
) {
    let Example { name, .. } = example;
    let request_name = format!("{name}_request");
    let response_name = format!("{}_RESPONSE", name.to_uppercase());
    if let Some(request) = &example.request {
        let _ = writeln!(
            out,
            "fn {request_name}() -> {} {{\n{}\n}}\n",
            operation.name,
            expr.request(request)
        );
        let call = format!(
            "assert_request_encodes(&{request_name}(), {})",
            sample(&request.path)
        );
        test(out, &format!("{request_name}_encodes"), &call);
    }
    let Some(response) = &example.response else {
        return;
    };
    let _ = writeln!(
        out,
        "const {response_name}: testing::ResponseSample<'_> = testing::ResponseSample {{
            status: {},
            body: {},
            expect: testing::Expect::{},
        }};\n",
        response.status,
        sample(&response.path),
        expectation(&response.expect)
    );
    let result = match &response.expect {
        Expect::Payload(..) | Expect::Output(..) => "decodes",
        Expect::Error(..) => "is_an_error",
        Expect::NoRecord(..) => "is_no_record",
    };
    let call = format!(
        "assert_response_parses::<{}>(&{response_name})",
        operation.name
    );
    test(out, &format!("{name}_response_{result}"), &call);
    if let Some(request) = &example.request {
        let wire = wire::expected(provider, operation, request, &sample(&request.path));
        let call = format!("assert_round_trip(&{request_name}(), &{wire}, &{response_name})");
        test(out, &format!("{name}_makes_the_round_trip"), &call);
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

fn expectation(expect: &Expect) -> String {
    let counts = |deviations: &[(&str, u64)]| {
        let counts = deviations.iter();
        let counts = counts.map(|(kind, count)| format!("({}, {count})", quoted(kind)));
        format!("&[{}]", counts.collect::<Vec<_>>().join(", "))
    };
    match expect {
        Expect::Payload(deviations) => format!("Payload({})", counts(deviations)),
        Expect::Output(output, deviations) => {
            format!(
                "Output({}, {})",
                raw(&pretty(output, 0)),
                counts(deviations)
            )
        }
        Expect::Error(code, kind) => {
            format!("Error({}, testing::CodeKind::{kind:?})", quoted(code))
        }
        Expect::NoRecord(code) => format!("NoRecord({})", quoted(code)),
    }
}
