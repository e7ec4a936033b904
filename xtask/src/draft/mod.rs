//! `cargo xtask new`: a draft of a fixture from samples. Facts that a sample does not show are marked
//! TODO, which codegen refuses.

mod scan;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::codegen::Failure;
use crate::emit::pretty;
use crate::load::files;
use crate::load::json::{Member, Value};
use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::load::spot::Spot;
use crate::names;
use crate::read;

use scan::{Fields, Scan, TODO};

/// What is known about a new operation.
#[derive(Debug)]
pub struct Draft<'a> {
    /// `provider/service/Operation`
    pub name: &'a str,
    /// A sample request.
    pub request: Option<&'a Path>,
    /// A sample response.
    pub response: Option<&'a Path>,
}

/// Writes the folder of a new operation and returns the paths of its files.
///
/// # Errors
///
/// The name is not of that form, provider or service are not described, the folder exists, or a
/// sample is not JSON.
pub fn write(root: &Path, draft: &Draft<'_>) -> Result<Vec<String>, Failure> {
    let wrong = || Failure::Other("an operation is named provider/service/Operation".to_owned());
    let mut parts = draft.name.split('/');
    let (Some(provider), Some(service), Some(operation), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(wrong());
    };
    if !names::is_pascal(operation) {
        let message = format!("{operation:?} cannot name a type; use PascalCase");
        return Err(Failure::Other(message));
    }
    if let Some(complaint) = read::unusable(operation) {
        return Err(Failure::Other(complaint));
    }
    let mut problems = Problems::default();
    let envelope = read::envelope_of(root, provider, service, &mut problems);
    let mut sample = |path: Option<&Path>| {
        files::file(Path::new("."), &path?.display().to_string(), &mut problems)
    };
    let request = sample(draft.request);
    let response = sample(draft.response);
    if let Some(file) = &request {
        Object::open_any(&Spot::root(file), &mut problems);
    }
    if let (Some(file), Some(envelope)) = (&response, &envelope)
        && file.root.at_pointer(&envelope.payload).is_none()
    {
        let message = format!("there is no payload at {:?}", envelope.payload);
        problems.push(Spot::root(file).problem(message));
    }
    if !problems.is_empty() {
        return Err(Failure::Fixtures(problems.into_sorted()));
    }
    let envelope = envelope.ok_or_else(wrong)?;
    let folder = format!("fixtures/{provider}/{service}/{}", names::snake(operation));
    if root.join(&folder).exists() {
        return Err(Failure::Other(format!("{folder} exists already")));
    }

    let empty = Value::Object(Vec::new());
    let input = request.as_ref().map_or(&empty, |file| &file.root.value);
    let payload = response.as_ref().map(|file| &file.root);
    let payload = payload.and_then(|body| body.at_pointer(&envelope.payload));
    let own = envelope.members_of_payload();
    // A payload that is not an object is a field of the whole answer.
    let bare = payload.filter(|node| !matches!(node.value, Value::Object(_) | Value::Null));
    let output = match (bare, payload) {
        (Some(node), _) => {
            let key = envelope.payload.trim_start_matches('/');
            Value::Object(vec![Member::new(key, node.value.clone())])
        }
        (None, Some(node)) => node.value.without(&own),
        (None, None) => empty.clone(),
    };
    let mut scan = Scan::default();
    let inputs = scan.fields(input);
    scan.received = true;
    scan.trimmed_keys = 0;
    let outputs = scan.fields(&output);
    let (types, deviations) = (scan.types, scan.trimmed_keys);

    let todo = || text(TODO);
    let source = object([("title", text(operation)), ("publisher", todo())]);
    let effect = object([("effect", text("TODO: read or write"))]);
    let envelope = bare.map(|_| {
        text(&format!(
            "{TODO}: {} is not an object; use an envelope with the payload \"\" and describe it as a \
             field",
            envelope.payload
        ))
    });
    let paging = pagination(&inputs, &outputs, &types);
    let types = types.iter().map(|(name, fields)| {
        let described = object([("doc", todo()), ("fields", described(fields))]);
        Member::new(name, described)
    });
    let types = Value::Object(types.collect());
    let mut example = vec![Member::new("origin", text("documented"))];
    if deviations > 0 {
        let count = Value::Number(deviations.to_string());
        example.push(Member::new("deviations", object([("key_spelling", count)])));
    }
    let members = [
        (
            "$schema",
            Some(text("../../../schema/operation.schema.json")),
        ),
        ("operation", Some(text(operation))),
        ("doc", Some(todo())),
        ("source", Some(source)),
        ("behavior", Some(effect)),
        ("envelope", envelope),
        ("pagination", paging),
        ("input", Some(described(&inputs))),
        ("output", Some(described(&outputs))),
        (
            "types",
            Some(types).filter(|types| !types.members().is_empty()),
        ),
        (
            "examples",
            Some(object([("documented", Value::Object(example))])),
        ),
    ];
    let members = members.into_iter();
    let members = members.filter_map(|(key, value)| Some(Member::new(key, value?)));
    let draft = pretty(&Value::Object(members.collect()), 0) + "\n";

    let mut files = vec![(format!("{folder}/operation.json"), draft)];
    for (part, file) in [("request", request), ("response", response)] {
        files.extend(file.map(|file| (format!("{folder}/documented.{part}.json"), file.text)));
    }
    fs::create_dir_all(root.join(&folder))?;
    for (path, text) in &files {
        fs::write(root.join(path), text)?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let members = members.into_iter();
    Value::Object(
        members
            .map(|(key, value)| Member::new(key, value))
            .collect(),
    )
}

/// Fields as a fixture describes them.
fn described(fields: &Fields) -> Value {
    let fields = fields.iter().map(|(name, ty, more)| {
        let mut field = vec![
            Member::new("type", text(ty)),
            Member::new("doc", text(TODO)),
        ];
        field.extend(more.iter().map(|(key, value)| {
            let value = value.as_deref().map_or(Value::Bool(true), text);
            Member::new(key, value)
        }));
        Member::new(name, Value::Object(field))
    });
    Value::Object(fields.collect())
}

/// Paging, as far as well-known names show it.
fn pagination(
    inputs: &Fields,
    outputs: &Fields,
    types: &BTreeMap<String, Fields>,
) -> Option<Value> {
    let named = |known: &[&str]| {
        let mut names = inputs.iter().map(|(name, ..)| name.as_str());
        names.find(|name| known.contains(&names::snake(name).as_str()))
    };
    let number = |number: &str| Value::Number(number.to_owned());
    let pages = ["page", "page_num", "page_no", "page_number", "current_page"];
    let styles = [
        ("page", named(&pages), ("first", number("1"))),
        ("offset", named(&["offset"]), ("first", number("0"))),
        ("token", named(&["next_token"]), ("next", text(TODO))),
    ];
    let mut styles = styles.into_iter();
    let (style, cursor, more) =
        styles.find_map(|(style, cursor, more)| Some((style, cursor?, more)))?;
    // Rows and total are at the top or one level below.
    let mut all: Vec<(String, &String)> = Vec::new();
    for (name, ty, _) in outputs {
        all.push((name.clone(), ty));
    }
    for (name, ty, _) in outputs {
        let inner = types.get(ty).into_iter().flatten();
        all.extend(inner.map(|(inner, ty, _)| (format!("{name}.{inner}"), ty)));
    }
    let items = all.iter().find(|(_, ty)| ty.starts_with("list<"));
    let totals = ["total", "total_count", "count", "total_num"];
    let total = all.iter().find(|(name, _)| {
        let last = name.rsplit('.').next().unwrap_or(name);
        totals.contains(&names::snake(last).as_str())
    });
    let size = named(&["page_size", "limit", "max_results"]);
    let mut paging = vec![
        Member::new("style", text(style)),
        Member::new("cursor", text(cursor)),
        Member::new(more.0, more.1),
    ];
    paging.extend(size.map(|size| Member::new("size", text(size))));
    let items = items.map_or(TODO, |(name, _)| name);
    paging.push(Member::new("items", text(items)));
    paging.extend(total.map(|(name, _)| Member::new("total", text(name))));
    Some(Value::Object(paging))
}
