//! `cargo xtask new`: a draft of a fixture from samples. Facts that a sample does not show are marked
//! TODO, which codegen refuses.

mod infer;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::codegen::Failure;
use crate::emit::pretty;
use crate::load::files;
use crate::load::json::{Member, Node, Value};
use crate::load::located::{JsonFile, Located};
use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::model::Envelope;
use crate::names;
use crate::read;

use infer::{Inference, InferredField, Role, TODO};

/// The operation to draft.
#[derive(Debug)]
pub struct NewOperation<'a> {
    /// `provider/service/Operation`
    pub name: &'a str,
    /// A file with a sample of its request, relative to the current folder.
    pub request: Option<&'a Path>,
    /// A file with a sample of its response, relative to the current folder.
    pub response: Option<&'a Path>,
}

/// Writes the folder of a new operation under `root` and returns the paths of its files.
///
/// # Errors
///
/// The name is not of that form, provider or service are not described, the folder exists, or a
/// sample is not JSON.
pub fn write(root: &Path, new: &NewOperation<'_>) -> Result<Vec<String>, Failure> {
    let (provider, service, operation) = split_name(new.name)?;
    let mut problems = Problems::default();
    let envelope = read::envelope_for_new_operation(root, provider, service, &mut problems);
    let request = read_sample(new.request, &mut problems);
    let response = read_sample(new.response, &mut problems);
    if let Some(file) = &request {
        Object::open_map(&Located::whole(file), &mut problems);
    }
    if let (Some(file), Some(envelope)) = (&response, &envelope)
        && file.node.at_pointer(&envelope.payload).is_none()
    {
        let message = format!("there is no payload at {:?}", envelope.payload);
        problems.push(Located::whole(file).problem(message));
    }
    let envelope = match envelope {
        Some(envelope) if problems.is_empty() => envelope,
        _ => return Err(Failure::Fixtures(problems.into_sorted())),
    };
    let folder = format!("fixtures/{provider}/{service}/{}", names::snake(operation));
    if root.join(&folder).exists() {
        return Err(Failure::Other(format!("{folder} exists already")));
    }

    let description = describe(
        operation,
        &envelope,
        request.as_ref().map(|file| &file.node.value),
        response.as_ref().map(|file| &file.node),
    );
    let description = pretty(&description, 0) + "\n";
    let mut files = vec![(format!("{folder}/operation.json"), description)];
    for (part, file) in [("request", request), ("response", response)] {
        files.extend(file.map(|file| (format!("{folder}/documented.{part}.json"), file.text)));
    }
    fs::create_dir_all(root.join(&folder))?;
    for (path, text) in &files {
        fs::write(root.join(path), text)?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

/// Provider, service and operation.
fn split_name(name: &str) -> Result<(&str, &str, &str), Failure> {
    let mut parts = name.split('/');
    let (Some(provider), Some(service), Some(operation), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        let message = "an operation is named provider/service/Operation";
        return Err(Failure::Other(message.to_owned()));
    };
    if !names::is_pascal(operation) {
        let message = format!("{operation:?} cannot name a type; use PascalCase");
        return Err(Failure::Other(message));
    }
    match read::name_problem(operation) {
        Some(problem) => Err(Failure::Other(problem)),
        None => Ok((provider, service, operation)),
    }
}

fn read_sample(path: Option<&Path>, problems: &mut Problems) -> Option<JsonFile> {
    files::read_json(Path::new("."), &path?.display().to_string(), problems)
}

/// The description of an operation, as far as its samples show it.
fn describe(
    operation: &str,
    envelope: &Envelope,
    request: Option<&Value>,
    response: Option<&Node>,
) -> Value {
    let empty = Value::Object(Vec::new());
    let payload = response.and_then(|body| body.at_pointer(&envelope.payload));
    // A payload that is a list or a scalar has no fields. It is drafted as a field of an output that
    // consists of the whole body, and the TODO at `envelope` asks for the envelope that this needs.
    let not_an_object =
        payload.filter(|node| !matches!(node.value, Value::Object(_) | Value::Null));
    let output = match (not_an_object, payload) {
        (Some(node), _) => {
            let key = envelope.payload.trim_start_matches('/');
            Value::Object(vec![Member::new(key, node.value.clone())])
        }
        (None, Some(node)) => node.value.without(&envelope.members_inside_payload()),
        (None, None) => empty.clone(),
    };
    let mut types = BTreeMap::new();
    let input = Inference::new(&mut types, Role::Request).fields(request.unwrap_or(&empty));
    let mut inference = Inference::new(&mut types, Role::Response);
    let output = inference.fields(&output);
    let misspelt_keys = inference.trimmed_keys;

    let todo = || text(TODO);
    let source = object([("title", text(operation)), ("publisher", todo())]);
    let effect = object([("effect", text("TODO: read or write"))]);
    let envelope = not_an_object.map(|_| {
        text(&format!(
            "{TODO}: {} is not an object; use an envelope with the payload \"\" and describe it as a \
             field",
            envelope.payload
        ))
    });
    let pagination = pagination(&input, &output, &types);
    let types = types.iter().map(|(name, fields)| {
        let described = object([("doc", todo()), ("fields", described(fields))]);
        Member::new(name, described)
    });
    let types = Value::Object(types.collect());
    let mut example = vec![Member::new("origin", text("documented"))];
    if misspelt_keys > 0 {
        let count = Value::Number(misspelt_keys.to_string());
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
        ("pagination", pagination),
        ("input", Some(described(&input))),
        ("output", Some(described(&output))),
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
    Value::Object(members.collect())
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
fn described(fields: &[InferredField]) -> Value {
    let fields = fields.iter().map(|field| {
        let mut members = vec![
            Member::new("type", text(&field.ty)),
            Member::new("doc", text(TODO)),
        ];
        if let Some(key) = &field.wrapper {
            members.push(Member::new("wrapper", text(key)));
        }
        for (key, holds) in [("nullable", field.nullable), ("sensitive", field.sensitive)] {
            if holds {
                members.push(Member::new(key, Value::Bool(true)));
            }
        }
        Member::new(&field.name, Value::Object(members))
    });
    Value::Object(fields.collect())
}

/// Pagination, as far as well-known names show it.
fn pagination(
    input: &[InferredField],
    output: &[InferredField],
    types: &BTreeMap<String, Vec<InferredField>>,
) -> Option<Value> {
    let find_input = |well_known: &[&str]| {
        let mut names = input.iter().map(|field| field.name.as_str());
        names.find(|name| well_known.contains(&names::snake(name).as_str()))
    };
    let number = |number: &str| Value::Number(number.to_owned());
    let pages = ["page", "page_num", "page_no", "page_number", "current_page"];
    let styles = [
        ("page", find_input(&pages), ("first", number("1"))),
        ("offset", find_input(&["offset"]), ("first", number("0"))),
        ("token", find_input(&["next_token"]), ("next", text(TODO))),
    ];
    let mut styles = styles.into_iter();
    let (style, cursor, (key, value)) =
        styles.find_map(|(style, cursor, member)| Some((style, cursor?, member)))?;
    // Items and total are at the top or one level below.
    let mut all: Vec<(String, &str)> = Vec::new();
    for field in output {
        all.push((field.name.clone(), &field.ty));
    }
    for field in output {
        let inner = types.get(&field.ty).into_iter().flatten();
        all.extend(inner.map(|inner| (format!("{}.{}", field.name, inner.name), &*inner.ty)));
    }
    let items = all.iter().find(|(_, ty)| ty.starts_with("list<"));
    let totals = ["total", "total_count", "count", "total_num"];
    let total = all.iter().find(|(name, _)| {
        let last = name.rsplit('.').next().unwrap_or(name);
        totals.contains(&names::snake(last).as_str())
    });
    let size = find_input(&["page_size", "limit", "max_results"]);
    let mut members = vec![
        Member::new("style", text(style)),
        Member::new("cursor", text(cursor)),
        Member::new(key, value),
    ];
    members.extend(size.map(|size| Member::new("size", text(size))));
    let items = items.map_or(TODO, |(name, _)| name);
    members.push(Member::new("items", text(items)));
    members.extend(total.map(|(name, _)| Member::new("total", text(name))));
    Some(Value::Object(members))
}
