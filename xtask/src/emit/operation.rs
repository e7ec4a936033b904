//! The module of one operation.

use std::fmt::Write as _;

use crate::model::{Effect, Field, NamedType, Operation, Params, Place, Provider, Service, Struct};

use super::comment::Comment;
use super::literal::{self, quoted};
use super::module_files::IMPORTS;
use super::{checks, constructors, paginated, request_docs, tables, types};

/// The module of an operation.
pub(super) fn module(provider: &Provider, service: &Service, operation: &Operation) -> String {
    let mut out = IMPORTS.to_owned();
    let shared = operation.types.iter().filter_map(|ty| match ty {
        NamedType::Enum(shared) if shared.shared => Some(shared.name.as_str()),
        _ => None,
    });
    let shared: Vec<&str> = shared.collect();
    if !shared.is_empty() {
        let _ = writeln!(out, "use super::{{{}}};\n", shared.join(", "));
    }
    let doc = request_docs::comment(provider, service, operation);
    types::structure(&mut out, doc, &operation.input);
    constructors::write(&mut out, &operation.input, "request");
    operation_impl(&mut out, provider, operation);
    constants(&mut out, operation);
    if let Some(pagination) = &operation.pagination {
        paginated::write(&mut out, operation, pagination);
    }
    let doc = Comment::outer(0)
        .verbatim(vec![format!("The output of [`{}`].", operation.name)])
        .list(types::redaction(&operation.output));
    types::structure(&mut out, doc, &operation.output);
    for ty in &operation.types {
        match ty {
            NamedType::Struct(structure) => named_struct(&mut out, operation, structure),
            // The module of the service declares it.
            NamedType::Enum(shared) if shared.shared => {}
            NamedType::Enum(own) => types::enumeration(&mut out, own),
        }
    }
    let parts = operation.types.iter().filter_map(NamedType::as_struct);
    types::wrapped_lists(&mut out, parts.chain([&operation.output]));
    out
}

fn operation_impl(out: &mut String, provider: &Provider, operation: &Operation) {
    let name = &operation.name;
    let output = &operation.output.name;
    let output = match operation.no_record.is_empty() {
        true => output.clone(),
        false => format!("Option<{output}>"),
    };
    let _ = write!(
        out,
        "impl Operation for {name} {{
            type Provider = crate::{};
            type Output = {output};

            const INFO: OperationInfo =
                OperationInfo::new(&super::SERVICE, {}, Method::{:?}, {})",
        provider.marker,
        quoted(name),
        operation.http.method,
        quoted(&operation.http.path)
    );
    for fact in info(operation) {
        let _ = write!(out, ".{fact}");
    }
    out.push_str(";\n");
    let checks = checks::checks(&operation.input, &operation.types);
    if !checks.is_empty() {
        let _ = writeln!(
            out,
            "\nfn validate(&self) -> Result<(), InvalidRequest> {{
                Violations::new(){}.finish()
            }}",
            checks.concat()
        );
    }
    out.push_str("}\n\n");
}

/// The calls on `OperationInfo`.
fn info(operation: &Operation) -> Vec<String> {
    let behavior = &operation.behavior;
    let mut calls = vec!["summary(SUMMARY)".to_owned()];
    if operation.http.params != Params::Json {
        calls.push(format!("params(Params::{:?})", operation.http.params));
    }
    let flag = |holds: bool, call: &str| holds.then(|| call.to_owned());
    calls.extend(flag(!places(operation).is_empty(), "places(PLACES)"));
    calls.extend(flag(behavior.effect == Effect::Read, "reads()"));
    calls.extend(flag(behavior.idempotent, "idempotent()"));
    calls.extend(flag(behavior.metered, "metered()"));
    calls.extend(flag(operation.pagination.is_some(), "paged()"));
    if let Some(rate) = &operation.rate_limit {
        let (requests, seconds) = (rate.requests, rate.seconds);
        calls.push(format!("rate_limit(RateLimit::new({requests}, {seconds}))"));
    }
    calls.extend(flag(!operation.errors.is_empty(), "errors(ERRORS)"));
    if !operation.no_record.is_empty() {
        let codes = operation.no_record.iter().map(String::as_str);
        calls.push(format!("no_record({})", literal::strings(codes)));
    }
    let has_output = !operation.output.fields.is_empty();
    calls.extend(flag(has_output, "output_fields(OUTPUT_FIELDS)"));
    calls.extend(flag(
        !sensitive(operation).is_empty(),
        "sensitive(SENSITIVE)",
    ));
    calls.extend(flag(operation.envelope.is_some(), "envelope(&ENVELOPE)"));
    calls
}

/// The first sentence of a doc, on one line.
fn summary(doc: &str) -> String {
    let line = doc.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = line.match_indices(". ").map(|(at, _)| at + 1).find(|end| {
        // "e.g. " does not end a sentence.
        line.get(end + 1..)
            .is_some_and(|rest| rest.starts_with(|c: char| !c.is_lowercase()))
    });
    line.get(..end.unwrap_or(line.len()))
        .unwrap_or(&line)
        .to_owned()
}

/// The fields that are sent elsewhere than `params` says.
fn places(operation: &Operation) -> Vec<(&str, Place)> {
    let usual = operation.http.params.default_place();
    let fields = operation.input.fields.iter();
    let elsewhere = fields.filter_map(|field| {
        let place = field.place.filter(|place| *place != usual)?;
        Some((field.wire.as_str(), place))
    });
    elsewhere.collect()
}

/// The paths of request fields with personal data.
fn sensitive(operation: &Operation) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<(String, &Struct, Vec<&str>)> =
        vec![(String::new(), &operation.input, Vec::new())];
    while let Some((prefix, structure, ancestors)) = open.pop() {
        for field in &structure.fields {
            let path = format!("{prefix}{}", field.wire);
            if field.sensitive {
                found.push(path);
                continue;
            }
            let next = field.ty.type_name();
            let next = next.and_then(|name| NamedType::find(&operation.types, name));
            // A recursive type would never end.
            if let Some(next) = next.filter(|next| !ancestors.contains(&next.name.as_str())) {
                let mut ancestors = ancestors.clone();
                ancestors.push(&next.name);
                open.push((format!("{path}."), next, ancestors));
            }
        }
    }
    found.sort();
    found
}

fn constants(out: &mut String, operation: &Operation) {
    let summary = quoted(&summary(&operation.doc.text));
    let _ = writeln!(out, "const SUMMARY: &str = {summary};\n");
    let doc = "The codes that this operation may return, in addition to those of its service and its provider.";
    tables::errors(out, "", doc, &operation.errors);
    let places = places(operation);
    if !places.is_empty() {
        let places = places.iter();
        let places = places.map(|(wire, place)| format!("({}, Place::{place:?})", quoted(wire)));
        let places = places.collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            out,
            "/// Fields that are sent elsewhere than the others.
            const PLACES: &[(&str, Place)] = &[{places}];\n"
        );
    }
    let output = &operation.output.fields;
    if !output.is_empty() {
        let fields = literal::strings(output.iter().flat_map(Field::wire_names));
        let _ = writeln!(
            out,
            "/// Fields of the payload, under every name that they may have.
            const OUTPUT_FIELDS: &[&str] = {fields};\n"
        );
    }
    let sensitive = sensitive(operation);
    if !sensitive.is_empty() {
        let fields = literal::strings(sensitive.iter().map(String::as_str));
        let _ = writeln!(
            out,
            "/// Request fields with personal data.
            const SENSITIVE: &[&str] = {fields};\n"
        );
    }
    if let Some(own) = &operation.envelope {
        let doc = "Where the response keeps its payload, its error and its request id.";
        tables::envelope(out, "", doc, own);
    }
}

fn named_struct(out: &mut String, operation: &Operation, structure: &Struct) {
    let doc = Comment::outer(0)
        .text(&structure.doc.text)
        .list(types::redaction(structure))
        .provenance(structure.doc.provenance.sentences());
    types::structure(out, doc, structure);
    if !structure.in_request {
        return;
    }
    constructors::write(out, structure, "value");
    if checks::is_checked(&structure.name, &operation.types, &mut Vec::new()) {
        let _ = writeln!(
            out,
            "impl {} {{
                fn check(&self, violations: Violations) -> Violations {{
                    violations{}
                }}
            }}\n",
            structure.name,
            checks::checks(structure, &operation.types).concat()
        );
    }
}
