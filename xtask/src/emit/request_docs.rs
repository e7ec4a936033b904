//! The documentation of a request: what the operation does, its facts, an example, its errors, and
//! where all this is from.

use crate::model::{Effect, NamedType, Operation, PageStyle, Provider, Service, Struct, Type};

use super::comment::Comment;
use super::example_request::ExampleRequest;
use super::types;

/// The doc comment of a request.
pub(super) fn comment(provider: &Provider, service: &Service, operation: &Operation) -> Comment {
    Comment::outer(0)
        .text(&operation.doc.text)
        .list(facts_of_call(service, operation))
        .verbatim(example(provider, service, operation))
        .section("Errors", errors(service, operation))
        .provenance(provenance(operation))
}

fn facts_of_call(service: &Service, operation: &Operation) -> Vec<String> {
    let version = service.version.as_ref();
    let version = version.map(|version| format!(", version {version}"));
    let mut facts = vec![format!(
        "Call: `{} https://{}{}`{}",
        operation.http.method.name(),
        service.host,
        operation.http.path,
        version.unwrap_or_default()
    )];
    facts.extend(
        operation
            .access
            .as_ref()
            .map(|who| format!("Access: {who}")),
    );
    facts.extend(operation.rate_limit.as_ref().map(|rate| {
        let (requests, seconds) = (rate.requests, rate.seconds);
        let noun = if requests == 1 { "request" } else { "requests" };
        match seconds {
            1 => format!("Rate limit: {requests} {noun} per second"),
            _ => format!("Rate limit: {requests} {noun} per {seconds} seconds"),
        }
    }));
    let behavior = &operation.behavior;
    if behavior.metered {
        facts.push("Billing: every call may be billed".to_owned());
    }
    facts.push(if behavior.metered {
        "Retries: only if the request was not sent, because every call may be billed".to_owned()
    } else if behavior.effect == Effect::Read {
        "Retries: whenever one can help, because this operation only reads".to_owned()
    } else if behavior.idempotent {
        "Retries: whenever one can help, because a repeated call changes nothing further".to_owned()
    } else {
        "Retries: only if the request was not sent, or was rejected before any work, because this \
         operation writes"
            .to_owned()
    });
    let pages = operation.pagination.as_ref();
    facts.extend(pages.map(|pagination| {
        let style = match pagination.style {
            PageStyle::Pages(first) => format!("Pages: by number, starting at {first}"),
            PageStyle::Offsets(first) => format!("Pages: by offset, starting at {first}"),
            PageStyle::Tokens => "Pages: by the token of the previous page".to_owned(),
        };
        let batch = pagination.batch.as_ref();
        match batch.map(|batch| operation.input.field(batch.list)) {
            Some(list) => format!(
                "{style}; `pages` sends a longer `{}` in parts that fit a page",
                list.wire
            ),
            None => style,
        }
    }));
    if !operation.no_record.is_empty() {
        let codes = crate::wording::or_list(&operation.no_record);
        facts.push(format!("No such record: {codes} returns `None`"));
    }
    facts.extend(types::redaction(&operation.input));
    facts
}

fn errors(service: &Service, operation: &Operation) -> Vec<String> {
    let own = operation.errors.iter().map(|error| {
        let status = error.status.map(|status| format!(" (HTTP {status})"));
        let status = status.unwrap_or_default();
        format!("`{}`{status}: {}", error.code, error.doc.text)
    });
    let of_service = format!("[`ERRORS` of the service](crate::{}::ERRORS)", service.name);
    let of_service = (!service.errors.is_empty()).then_some(of_service);
    let of_provider = "[`ERRORS` of the provider](crate::ERRORS)".to_owned();
    own.chain(of_service).chain([of_provider]).collect()
}

fn provenance(operation: &Operation) -> Vec<String> {
    let source = &operation.source;
    let updated = source.updated.as_ref();
    let updated = updated.map(|updated| format!(", updated {updated}"));
    let url = source.url.as_ref().map(|url| format!(", {url}"));
    let mut all = vec![format!(
        "Source: \"{}\", {}{}{}.",
        source.title,
        source.publisher,
        updated.unwrap_or_default(),
        url.unwrap_or_default()
    )];
    all.extend(operation.doc.provenance.sentences());
    all.extend(operation.http.provenance.sentences_about("call"));
    if let Some(rate) = &operation.rate_limit {
        all.extend(rate.provenance.sentences_about("rate limit"));
    }
    all.extend(operation.behavior.provenance.sentences_about("retries"));
    if let Some(pagination) = &operation.pagination {
        all.extend(pagination.provenance.sentences_about("pages"));
    }
    for error in &operation.errors {
        all.extend(
            error
                .doc
                .provenance
                .sentences_about(&format!("`{}`", error.code)),
        );
    }
    all
}

/// The lines of the example.
fn example(provider: &Provider, service: &Service, operation: &Operation) -> Vec<String> {
    let expr = ExampleRequest::new(operation, "?");
    let requests = operation.examples.iter();
    let mut requests = requests.filter_map(|example| example.request.as_ref());
    let first = requests.clone().next();
    // A request with fields shows more.
    let Some(request) = requests.find(|request| !request.is_empty()).or(first) else {
        return Vec::new();
    };
    let request = expr.request(request);
    let name = &provider.name;
    let types = match expr.own_types().as_slice() {
        [only] => only.clone(),
        types => format!("{{{}}}", types.join(", ")),
    };
    let mut imports = expr.core_types();
    imports.push("Client".to_owned());
    imports.sort();
    let imports = imports.join(", ");
    let mut lines = vec!["# Example".to_owned(), String::new(), "```".to_owned()];
    if expr.has_map() {
        lines.extend(["use std::collections::BTreeMap;".to_owned(), String::new()]);
    }
    let import = format!(
        "use standing_{name}::{{{imports}, {}::{types}}};",
        service.name
    );
    if import.len() <= 96 {
        lines.push(import);
    } else {
        lines.push(format!("use standing_{name}::{}::{types};", service.name));
        lines.push(match imports.contains(',') {
            true => format!("use standing_{name}::{{{imports}}};"),
            false => format!("use standing_{name}::{imports};"),
        });
    }
    lines.push(String::new());
    lines.push(
        "# async fn example(client: &Client) -> Result<(), Box<dyn std::error::Error>> {"
            .to_owned(),
    );
    lines.extend(
        format!("let request = {request};")
            .lines()
            .map(str::to_owned),
    );
    lines.extend(call(operation));
    lines.extend(["# Ok(())", "# }", "```"].map(str::to_owned));
    lines
}

/// The statements that send the request and print something of the response.
fn call(operation: &Operation) -> Vec<String> {
    let types = &operation.types;
    if let Some(pagination) = &operation.pagination {
        let mut lines = vec![
            "let mut pages = client.pages(request);".to_owned(),
            "while let Some(page) = pages.next().await {".to_owned(),
            "    for item in page?.items {".to_owned(),
        ];
        lines.extend(indented(indented(print("item", &pagination.item, types))));
        lines.extend(["    }", "}"].map(str::to_owned));
        return lines;
    }
    let output = &operation.output;
    if output.fields.is_empty() {
        return vec!["client.send(&request).await?;".to_owned()];
    }
    if operation.no_record.is_empty() {
        let mut lines = vec!["let response = client.send(&request).await?;".to_owned()];
        lines.extend(print_fields("response", output, types));
        return lines;
    }
    let mut lines = vec![
        "let response = client.send(&request).await?;".to_owned(),
        "if let Some(found) = response.into_inner() {".to_owned(),
    ];
    lines.extend(indented(print_fields("found", output, types)));
    lines.push("}".to_owned());
    lines
}

/// The statements that print a value, or something of it.
fn print(value: &str, ty: &Type, types: &[NamedType]) -> Vec<String> {
    match ty.type_name().and_then(|name| NamedType::find(types, name)) {
        Some(structure) if !ty.is_collection() => print_fields(value, structure, types),
        _ => vec![format!("println!(\"{{:?}}\", {value});")],
    }
}

/// The statements that print the first field of a struct, which is usually its id or its name, and its
/// first amount.
fn print_fields(value: &str, structure: &Struct, types: &[NamedType]) -> Vec<String> {
    let shown = || structure.fields.iter().filter(|field| !field.sensitive);
    let Some(first) = shown().next().or(structure.fields.first()) else {
        return Vec::new();
    };
    let path = format!("{value}.{}", first.rust);
    match &first.ty {
        Type::List(item) if !structure.is_optional(first) => {
            let mut lines = vec![format!("for item in &{path} {{")];
            lines.extend(indented(print("item", item, types)));
            lines.push("}".to_owned());
            lines
        }
        _ => {
            let amount = shown().find(|field| field.ty == Type::Decimal);
            match amount.filter(|amount| amount.wire != first.wire) {
                Some(amount) => {
                    vec![format!(
                        "println!(\"{{:?}}: {{:?}}\", {path}, {value}.{});",
                        amount.rust
                    )]
                }
                None => vec![format!("println!(\"{{:?}}\", {path});")],
            }
        }
    }
}

fn indented(lines: Vec<String>) -> Vec<String> {
    lines
        .into_iter()
        .map(|line| format!("    {line}"))
        .collect()
}
