//! The module of one operation.

use std::fmt::Write as _;

use crate::model::{
    Doc, Notes, Operation, PageStyle, Pagination, Params, Place, Provider, Service, Step, Struct,
    Type,
};

use super::expr::Expr;
use super::structs::{self, paragraph, provenance, rust_type};
use super::text::{code_words, docs, literal, push_doc, quoted};
use super::{envelope, error_codes, header};

/// What core offers to generated modules.
const FROM_CORE: &[&str] = &[
    "Amount",
    "Batch",
    "CodeKind",
    "Cursor",
    "Envelope",
    "ErrorCode",
    "Format",
    "Hidden",
    "InvalidRequest",
    "Json",
    "Method",
    "Operation",
    "OperationInfo",
    "Paginated",
    "Paging",
    "Params",
    "Place",
    "RateLimit",
    "Success",
    "Violations",
    "open_enum",
    "wrapped_list",
];

/// Writes the module of an operation, unformatted.
pub(super) fn module(provider: &Provider, service: &Service, operation: &Operation) -> String {
    let mut body = String::new();
    request(&mut body, provider, service, operation);
    implementation(&mut body, provider, operation);
    constants(&mut body, operation);
    if let Some(pagination) = &operation.pagination {
        paginated(&mut body, operation, pagination);
    }
    output(&mut body, operation);
    for ty in &operation.types {
        match ty {
            Type::Struct(part) => named(&mut body, operation, part),
            Type::Enum(values) => structs::enumeration(&mut body, values),
        }
    }
    wrappers(&mut body, operation);

    let mut out = header(&operation.path_of_fixture);
    let _ = writeln!(out, "\n//! [`{}`] and its types.\n", operation.name);
    imports(&mut out, &body);
    out.push_str(&body);
    out
}

/// Imports what the body uses.
fn imports(out: &mut String, body: &str) {
    let words = code_words(body);
    let has = |name: &str| words.contains(name);
    if has("BTreeMap") {
        out.push_str("use std::collections::BTreeMap;\n");
    }
    // A field may be called so, too.
    if has("fmt") && body.contains("fmt::Formatter") {
        out.push_str("use std::fmt;\n");
    }
    out.push_str("\nuse serde::{Deserialize, Serialize};\n");
    let names: Vec<&str> = FROM_CORE.iter().copied().filter(|name| has(name)).collect();
    let _ = writeln!(out, "use standing_core::{{{}}};\n", names.join(", "));
}

fn request(out: &mut String, provider: &Provider, service: &Service, operation: &Operation) {
    docs(out, 0, "///", &operation.doc.text);
    push_doc(out, 0, "///", "");
    for fact in facts(service, operation) {
        docs(out, 0, "///", &format!("- {fact}"));
    }
    provenance(out, 0, &operation.doc.notes);
    errors(out, service, operation);
    example(out, provider, service, operation);
    paragraph(out, 0, &format!("Source: {}", source(operation)));
    hidden(out, &operation.input);
    structs::declaration(out, &operation.input);
    structs::debug(out, &operation.input);
    structs::builder(out, &operation.input);
}

/// What is known of the call, as list items.
fn facts(service: &Service, operation: &Operation) -> Vec<String> {
    let version = service
        .version
        .as_ref()
        .map(|version| format!(", version {version}"));
    let with_notes = |fact: String, notes: &Notes| match notes.sentences() {
        sentences if sentences.is_empty() => fact,
        sentences => format!("{fact}. {}", sentences.join(" ")),
    };
    let call = format!(
        "Call: `{} https://{}{}`{}",
        operation.method,
        service.host,
        operation.path,
        version.unwrap_or_default()
    );
    let mut facts = vec![with_notes(call, &operation.http_notes)];
    facts.extend(
        operation
            .access
            .as_ref()
            .map(|access| format!("Access: {access}")),
    );
    facts.extend(operation.rate_limit.map(|(requests, seconds)| {
        let per = if seconds == 1 {
            "second".to_owned()
        } else {
            format!("{seconds} seconds")
        };
        let noun = if requests == 1 { "request" } else { "requests" };
        with_notes(
            format!("Rate limit: {requests} {noun} per {per}"),
            &operation.rate_notes,
        )
    }));
    let behavior = &operation.behavior;
    let retries = if behavior.metered {
        "Billing: every call may be billed, so it is sent once; only what surely never ran is repeated"
    } else if behavior.reads {
        "Retries: safe, it only reads"
    } else if behavior.idempotent {
        "Retries: safe, repeating it changes nothing further"
    } else {
        "Retries: it writes, so only what surely never ran is repeated"
    };
    facts.push(with_notes(retries.to_owned(), &behavior.notes));
    facts.extend(operation.pagination.as_ref().map(|pagination| {
        let style = match pagination.style {
            PageStyle::Pages(first) => format!("Pages: by number, from {first}"),
            PageStyle::Offsets(first) => {
                format!("Pages: by the number of rows to skip, from {first}")
            }
            PageStyle::Tokens => "Pages: by the token of the page before".to_owned(),
        };
        let list = pagination.batch.as_ref();
        let list = list.and_then(|batch| operation.input.fields.get(batch.list));
        let style = match list {
            Some(list) => format!(
                "{style}; a walk sends `{}` in parts that fit a page",
                list.wire
            ),
            None => style,
        };
        with_notes(style, &operation.paging_notes)
    }));
    if !operation.no_record.is_empty() {
        let codes = crate::diag::list(&operation.no_record).replace(" and ", " or ");
        facts.push(format!("No such record: {codes} is answered with `None`"));
    }
    facts
}

fn errors(out: &mut String, service: &Service, operation: &Operation) {
    push_doc(out, 0, "///", "");
    push_doc(out, 0, "///", "# Errors");
    push_doc(out, 0, "///", "");
    // A service with codes of its own repeats the provider's.
    let shared = match service.errors.is_empty() {
        true => "crate::ERRORS".to_owned(),
        false => format!("crate::{}::ERRORS", service.name),
    };
    if operation.errors.is_empty() {
        docs(
            out,
            0,
            "///",
            &format!("The codes of [`ERRORS`]({shared})."),
        );
        return;
    }
    for error in &operation.errors {
        let status = error
            .status
            .map(|status| format!(" (HTTP {status})"))
            .unwrap_or_default();
        let Doc { text, notes } = &error.doc;
        let text = [text.clone()]
            .into_iter()
            .chain(notes.sentences())
            .collect::<Vec<_>>()
            .join(" ");
        docs(
            out,
            0,
            "///",
            &format!("- `{}`{status}: {text}", error.code),
        );
    }
    paragraph(out, 0, &format!("And the codes of [`ERRORS`]({shared})."));
}

fn example(out: &mut String, provider: &Provider, service: &Service, operation: &Operation) {
    // The first request that says something shows more than the first one.
    let requests = operation
        .examples
        .iter()
        .filter_map(|example| example.request.as_ref());
    let telling = requests
        .clone()
        .find(|request| super::expr::compact(&request.value) != "{}");
    let Some(request) = telling.or(requests.clone().next()) else {
        return;
    };
    let expr = Expr {
        operation,
        fallible: "?",
    };
    let code = expr.request(&request.value, 0);
    let Provider { name, marker, .. } = provider;
    let (service, module) = (&service.name, &operation.module);
    let mut lines = vec![
        "# Example".to_owned(),
        String::new(),
        "```".to_owned(),
        format!("use standing_{name}::{service}::{module}::*;"),
    ];
    lines.extend(example_imports(&code));
    lines.extend([
        String::new(),
        format!("# async fn example(client: &standing_core::Client<standing_{name}::{marker}>)"),
        "#     -> Result<(), Box<dyn std::error::Error>> {".to_owned(),
    ]);
    let mut statement = format!("let request = {code};");
    if operation.pagination.is_some() {
        statement += "\nlet mut pages = client.pages(request);\nwhile let Some(page) = pages.next().await {\n    let page = page?;\n    // …\n}";
    } else {
        statement += "\nlet answer = client.send(&request).await?;";
    }
    lines.extend(statement.lines().map(str::to_owned));
    lines.extend(["# Ok(())", "# }", "```"].map(str::to_owned));
    push_doc(out, 0, "///", "");
    for line in lines {
        push_doc(out, 0, "///", &line);
    }
}

/// Names that an expression uses besides the operation's own.
pub(super) fn example_imports(code: &str) -> Vec<String> {
    let words = code_words(code);
    let mut imports = Vec::new();
    if words.contains("BTreeMap") {
        imports.push("use std::collections::BTreeMap;".to_owned());
    }
    let core: Vec<&str> = ["Amount", "Json"]
        .into_iter()
        .filter(|name| words.contains(*name))
        .collect();
    match core.as_slice() {
        [] => {}
        [one] => imports.push(format!("use standing_core::{one};")),
        all => imports.push(format!("use standing_core::{{{}}};", all.join(", "))),
    }
    imports
}

fn source(operation: &Operation) -> String {
    let source = &operation.source;
    let mut text = format!("\"{}\", {}", source.title, source.publisher);
    if let Some(updated) = &source.updated {
        let _ = write!(text, ", updated {updated}");
    }
    if let Some(url) = &source.url {
        let _ = write!(text, ", {url}");
    }
    text + "."
}

fn hidden(out: &mut String, of: &Struct) {
    let hidden: Vec<&str> = of
        .fields
        .iter()
        .filter(|f| f.sensitive)
        .map(|f| f.rust.as_str())
        .collect();
    if !hidden.is_empty() {
        paragraph(
            out,
            0,
            &format!("`Debug` output hides {}.", crate::diag::list(&hidden)),
        );
    }
}

fn implementation(out: &mut String, provider: &Provider, operation: &Operation) {
    let Operation {
        name, method, path, ..
    } = operation;
    let output = match operation.no_record.is_empty() {
        true => operation.output.name.clone(),
        false => format!("Option<{}>", operation.output.name),
    };
    let method = match method.as_str() {
        "GET" => "Get",
        "PUT" => "Put",
        "DELETE" => "Delete",
        _ => "Post",
    };
    let _ = writeln!(
        out,
        "impl Operation for {name} {{\ntype Provider = crate::{};\ntype Output = {output};\n",
        provider.marker
    );
    let _ = write!(
        out,
        "const INFO: OperationInfo = OperationInfo::new(&super::SERVICE, {}, Method::{method}, {})",
        quoted(name),
        literal(path)
    );
    for fact in info(operation) {
        out.push_str(&fact);
    }
    out.push_str(";\n");
    let checks = structs::checks(&operation.input, &operation.types);
    if !checks.is_empty() {
        let _ = writeln!(
            out,
            "\nfn validate(&self) -> Result<(), InvalidRequest> {{\nViolations::new(){}.finish()\n}}",
            checks.concat()
        );
    }
    out.push_str("}\n\n");
}

/// The calls on `OperationInfo`.
fn info(operation: &Operation) -> Vec<String> {
    let behavior = &operation.behavior;
    let mut calls = vec![format!(
        ".summary({})",
        literal(&summary(&operation.doc.text))
    )];
    match operation.params {
        Params::Json => {}
        Params::Form => calls.push(".params(Params::Form)".to_owned()),
        Params::Query => calls.push(".params(Params::Query)".to_owned()),
    }
    let flags = [
        (!places(operation).is_empty(), ".places(PLACES)"),
        (behavior.reads, ".reads()"),
        (behavior.idempotent, ".idempotent()"),
        (behavior.metered, ".metered()"),
        (operation.pagination.is_some(), ".paged()"),
    ];
    calls.extend(
        flags
            .iter()
            .filter(|(holds, _)| *holds)
            .map(|(_, call)| (*call).to_owned()),
    );
    if let Some((requests, seconds)) = operation.rate_limit {
        calls.push(format!(
            ".rate_limit(RateLimit::new({requests}, {seconds}))"
        ));
    }
    let constants = [
        (!operation.errors.is_empty(), ".errors(ERRORS)"),
        (!operation.no_record.is_empty(), ".no_record(NO_RECORD)"),
        (
            !operation.output.fields.is_empty(),
            ".output_fields(OUTPUT_FIELDS)",
        ),
        (!sensitive(operation).is_empty(), ".sensitive(SENSITIVE)"),
        (operation.envelope.is_some(), ".envelope(&ENVELOPE)"),
    ];
    calls.extend(
        constants
            .iter()
            .filter(|(holds, _)| *holds)
            .map(|(_, call)| (*call).to_owned()),
    );
    calls
}

/// The first sentence of a doc, on one line.
fn summary(doc: &str) -> String {
    let line = doc.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = line.match_indices(". ").map(|(at, _)| at + 1).find(|end| {
        // "e.g. " ends no sentence.
        line.get(end + 1..)
            .is_some_and(|rest| rest.starts_with(|c: char| !c.is_lowercase()))
    });
    line.get(..end.unwrap_or(line.len()))
        .unwrap_or(&line)
        .to_owned()
}

/// The fields that do not travel where the others do.
fn places(operation: &Operation) -> Vec<(&str, &'static str)> {
    let usual = match operation.params {
        Params::Query => Place::Query,
        Params::Json | Params::Form => Place::Body,
    };
    let fields = operation.input.fields.iter();
    let elsewhere = fields.filter_map(|field| {
        let place = field.place.filter(|place| *place != usual)?;
        let place = match place {
            Place::Body => "Body",
            Place::Query => "Query",
            Place::Path => "Path",
            Place::Header => "Header",
        };
        Some((field.wire.as_str(), place))
    });
    elsewhere.collect()
}

/// The ways to request fields with personal data.
fn sensitive(operation: &Operation) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<(String, &Struct, Vec<&str>)> =
        vec![(String::new(), &operation.input, Vec::new())];
    while let Some((prefix, part, above)) = open.pop() {
        for field in &part.fields {
            let path = format!("{prefix}{}", field.wire);
            if field.sensitive {
                found.push(path.clone());
                continue;
            }
            let next = field
                .ty
                .named()
                .and_then(|name| Type::find(&operation.types, name));
            // A recursive type repeats itself for ever; once is enough.
            if let Some(next) = next.filter(|next| !above.contains(&next.name.as_str())) {
                let mut above = above.clone();
                above.push(&next.name);
                open.push((format!("{path}."), next, above));
            }
        }
    }
    found.sort();
    found
}

fn constants(out: &mut String, operation: &Operation) {
    if !operation.errors.is_empty() {
        docs(
            out,
            0,
            "///",
            "Errors that the documentation lists for this operation.",
        );
        let _ = writeln!(
            out,
            "const ERRORS: &[ErrorCode] = {};\n",
            error_codes(&operation.errors)
        );
    }
    if !operation.no_record.is_empty() {
        docs(out, 0, "///", "Codes that mean \"no such record\".");
        let codes = structs::literals(operation.no_record.iter().map(String::as_str));
        let _ = writeln!(out, "const NO_RECORD: &[&str] = {codes};\n");
    }
    if !operation.output.fields.is_empty() {
        docs(
            out,
            0,
            "///",
            "Fields of the answer's payload, under every name that they may have.",
        );
        let fields = operation
            .output
            .fields
            .iter()
            .flat_map(|field| std::iter::once(&field.wire).chain(&field.aliases));
        let fields = structs::literals(fields.map(String::as_str));
        let _ = writeln!(out, "const OUTPUT_FIELDS: &[&str] = {fields};\n");
    }
    let places = places(operation);
    if !places.is_empty() {
        docs(
            out,
            0,
            "///",
            "Fields that do not travel where the others do.",
        );
        let pairs: Vec<String> = places
            .iter()
            .map(|(wire, place)| format!("({}, Place::{place})", quoted(wire)))
            .collect();
        let _ = writeln!(
            out,
            "const PLACES: &[(&str, Place)] = &[{}];\n",
            pairs.join(", ")
        );
    }
    let sensitive = sensitive(operation);
    if !sensitive.is_empty() {
        docs(out, 0, "///", "Request fields with personal data.");
        let fields = structs::literals(sensitive.iter().map(String::as_str));
        let _ = writeln!(out, "const SENSITIVE: &[&str] = {fields};\n");
    }
    if let Some(own) = &operation.envelope {
        docs(
            out,
            0,
            "///",
            "Where the answer keeps its parts, other than in its service.",
        );
        provenance(out, 0, &own.notes);
        let _ = writeln!(out, "static ENVELOPE: Envelope = {};\n", envelope(own));
    }
}

fn paginated(out: &mut String, operation: &Operation, pagination: &Pagination) {
    let field = |index: usize| operation.input.fields.get(index);
    let Some(cursor) = field(pagination.cursor) else {
        return;
    };
    let size = pagination.size.and_then(field);
    let mut paging = match pagination.style {
        PageStyle::Pages(first) => format!("Paging::pages({first})"),
        PageStyle::Offsets(first) => format!("Paging::offsets({first})"),
        PageStyle::Tokens => "Paging::tokens()".to_owned(),
    };
    if let Some(default) = size.and_then(|size| structs::whole_number(size.default.as_ref()?)) {
        let _ = write!(paging, ".default_size({default})");
    }
    if let Some(max) = size.and_then(|size| size.limits.max.as_ref()) {
        let _ = write!(paging, ".max_size({max})");
    }
    let batch = pagination.batch.as_ref();
    let list = batch.and_then(|batch| field(batch.list));
    if let Some(list) = list {
        let _ = write!(paging, ".batch(Batch::new({})", quoted(&list.wire));
        if let Some(max) = list.limits.max_items {
            let _ = write!(paging, ".max_items({max})");
        }
        if let Some(id) = batch.and_then(|batch| batch.id.as_ref()) {
            let _ = write!(paging, ".item_id({})", quoted(&id.wire));
        }
        paging.push(')');
    }
    let (variant, clone) = match pagination.style {
        PageStyle::Tokens => ("Token", ".clone()"),
        PageStyle::Pages(_) | PageStyle::Offsets(_) => ("Number", ""),
    };
    let name = &cursor.rust;
    let (get, set) = if operation.input.is_optional(cursor) {
        (
            format!("self.{name}{clone}.map(Cursor::{variant})"),
            format!("Some({name})"),
        )
    } else {
        (
            format!("Some(Cursor::{variant}(self.{name}{clone}))"),
            name.clone(),
        )
    };
    let (page_size, set_page_size) = match size {
        None => ("None".to_owned(), String::new()),
        Some(size) => {
            let name = &size.rust;
            let optional = operation.input.is_optional(size);
            let (get, set) = if optional {
                (format!("self.{name}"), "Some(size)")
            } else {
                (format!("Some(self.{name})"), "size")
            };
            (get, format!("self.{name} = {set};"))
        }
    };
    let ignored = if size.is_none() { "_" } else { "" };
    let _ = write!(
        out,
        "impl Paginated for {} {{\ntype Item = {};\n\nconst PAGING: Paging = {paging};\n\n\
         fn cursor(&self) -> Option<Cursor> {{\n{get}\n}}\n\n\
         fn set_cursor(&mut self, cursor: Cursor) {{\nif let Cursor::{variant}({name}) = cursor {{\nself.{name} = {set};\n}}\n}}\n\n\
         fn page_size(&self) -> Option<u64> {{\n{page_size}\n}}\n\n\
         fn set_page_size(&mut self, {ignored}size: u64) {{\n{set_page_size}\n}}\n\n",
        operation.name,
        rust_type(&pagination.item)
    );
    let maybe = !operation.no_record.is_empty();
    let unwrap = if maybe {
        "let output = output.as_ref()?;\n"
    } else {
        ""
    };
    if !pagination.total.is_empty() {
        let total = by_reference(&pagination.total, "");
        let _ = writeln!(
            out,
            "fn total(output: &Self::Output) -> Option<u64> {{\n{unwrap}{total}\n}}\n"
        );
    }
    if !pagination.next.is_empty() {
        let next = by_reference(&pagination.next, ".clone()");
        let _ = writeln!(
            out,
            "fn next_token(output: &Self::Output) -> Option<String> {{\n{unwrap}{next}\n}}\n"
        );
    }
    let mut items = by_value(&pagination.items);
    if maybe {
        let always = !pagination.items.iter().any(|step| step.optional);
        items = match always {
            true => format!("output.map(|output| {items}).unwrap_or_default()"),
            false => format!("output.and_then(|output| {items}).unwrap_or_default()"),
        };
    } else if pagination.items.iter().any(|step| step.optional) {
        items.push_str(".unwrap_or_default()");
    }
    let _ = writeln!(
        out,
        "fn into_items(output: Self::Output) -> Vec<Self::Item> {{\n{items}\n}}\n"
    );
    if let Some(list) = list {
        let list = &list.rust;
        let _ = writeln!(
            out,
            "fn batch_ids(&self) -> Vec<String> {{\nself.{list}.iter().flatten().map(ToString::to_string).collect()\n}}\n\n\
             fn batches(&self, skip: usize, size: usize) -> Vec<Self> {{\n\
             let mut rest = self.clone();\n\
             let list = rest.{list}.take().unwrap_or_default();\n\
             let parts = standing_core::batches(list, skip, size).into_iter();\n\
             parts.map(|part| Self {{ {list}: Some(part), ..rest.clone() }}).collect()\n}}\n"
        );
    }
    if let Some(id) = batch.and_then(|batch| batch.id.as_ref()) {
        let name = &id.rust;
        let id = if id.optional {
            format!("item.{name}.as_ref().map(ToString::to_string)")
        } else {
            format!("Some(item.{name}.to_string())")
        };
        let _ = writeln!(
            out,
            "fn item_id(item: &Self::Item) -> Option<String> {{\n{id}\n}}\n"
        );
    }
    out.push_str("}\n\n");
}

/// The expression that moves a value out of `output`, some fields down.
fn by_value(steps: &[Step]) -> String {
    let mut code = "output".to_owned();
    let mut optional = false;
    for Step {
        rust,
        optional: may_be_absent,
        ..
    } in steps
    {
        code = match (optional, may_be_absent) {
            (false, _) => format!("{code}.{rust}"),
            (true, true) => format!("{code}.and_then(|part| part.{rust})"),
            (true, false) => format!("{code}.map(|part| part.{rust})"),
        };
        optional |= may_be_absent;
    }
    code
}

/// The expression for an `Option` of a value in `output`, some fields down; `copy` is how the value
/// is taken from a reference.
fn by_reference(steps: &[Step], copy: &str) -> String {
    let mut code = "output".to_owned();
    let mut optional = false;
    for (
        index,
        Step {
            rust,
            optional: may_be_absent,
            ..
        },
    ) in steps.iter().enumerate()
    {
        let is_last = index + 1 == steps.len();
        let end = if is_last { copy } else { ".as_ref()" };
        code = match (optional, may_be_absent) {
            (false, true) => format!("{code}.{rust}{end}"),
            (false, false) if is_last => format!("Some({code}.{rust}{end})"),
            (false, false) => format!("{code}.{rust}"),
            (true, true) => format!("{code}.and_then(|part| part.{rust}{end})"),
            (true, false) if is_last => format!("{code}.map(|part| part.{rust}{end})"),
            (true, false) => format!("{code}.map(|part| &part.{rust})"),
        };
        optional |= may_be_absent;
    }
    code
}

fn output(out: &mut String, operation: &Operation) {
    push_doc(
        out,
        0,
        "///",
        &format!("What [`{}`] returns.", operation.name),
    );
    hidden(out, &operation.output);
    structs::declaration(out, &operation.output);
    structs::debug(out, &operation.output);
}

fn named(out: &mut String, operation: &Operation, part: &Struct) {
    docs(out, 0, "///", &part.doc.text);
    provenance(out, 0, &part.doc.notes);
    hidden(out, part);
    structs::declaration(out, part);
    structs::debug(out, part);
    if !part.sent {
        return;
    }
    structs::builder(out, part);
    if structs::is_checked(&part.name, &operation.types, &mut Vec::new()) {
        let checks = structs::checks(part, &operation.types).concat();
        let _ = writeln!(
            out,
            "impl {} {{\nfn check(&self, violations: Violations) -> Violations {{\nviolations{checks}\n}}\n}}\n",
            part.name
        );
    }
}

/// The modules that read and write wrapped lists.
fn wrappers(out: &mut String, operation: &Operation) {
    let parts = operation.types.iter().filter_map(Type::part);
    let fields = parts
        .chain([&operation.output])
        .flat_map(|part| &part.fields);
    let mut keys: Vec<&String> = fields.filter_map(|field| field.wrapper.as_ref()).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let module = structs::wrapper_module(key);
        let _ = writeln!(out, "wrapped_list!(mod {module} = {});\n", quoted(key));
    }
}
