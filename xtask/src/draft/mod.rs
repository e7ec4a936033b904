//! `cargo xtask new`: a draft of a fixture from samples. Facts that a sample does not show are marked
//! TODO, which codegen refuses.

mod scan;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::codegen::Failure;
use crate::emit::json_text;
use crate::load::json::{Member, Value};
use crate::load::object::Object;
use crate::load::parse::parse;
use crate::load::problem::Problems;
use crate::load::spot::{File, Spot};
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
    let request = draft.request.and_then(|path| sample(path, &mut problems));
    let response = draft.response.and_then(|path| sample(path, &mut problems));
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

    let mut text = String::new();
    text += "{\n  \"$schema\": \"../../../schema/operation.schema.json\",\n";
    text += &format!(
        "  \"operation\": {},\n  \"doc\": {},\n",
        json_text(operation),
        json_text(TODO)
    );
    text += &format!(
        "  \"source\": {{ \"title\": {}, \"publisher\": {} }},\n",
        json_text(operation),
        json_text(TODO)
    );
    text += "  \"behavior\": { \"effect\": \"TODO: read or write\" },\n";
    if bare.is_some() {
        let why = format!(
            "{TODO}: {} is not an object; use an envelope with the payload \"\" and describe it as a field",
            envelope.payload
        );
        text += &format!("  \"envelope\": {},\n", json_text(&why));
    }
    text += &pagination(&inputs, &outputs, &types);
    text += &format!("  \"input\": {},\n", object(&inputs, 2));
    text += &format!("  \"output\": {}", object(&outputs, 2));
    if !types.is_empty() {
        text += ",\n  \"types\": {\n";
        let types: Vec<String> = types
            .iter()
            .map(|(name, fields)| {
                format!(
                    "    {}: {{\n      \"doc\": {},\n      \"fields\": {}\n    }}",
                    json_text(name),
                    json_text(TODO),
                    object(fields, 6)
                )
            })
            .collect();
        text += &types.join(",\n");
        text += "\n  }";
    }
    let excuse = match deviations {
        0 => String::new(),
        count => format!(", \"deviations\": {{ \"key_spelling\": {count} }}"),
    };
    text += &format!(
        ",\n  \"examples\": {{\n    \"documented\": {{ \"origin\": \"documented\"{excuse} }}\n  }}\n}}\n"
    );

    let mut files = vec![(format!("{folder}/operation.json"), text)];
    for (part, file) in [("request", request), ("response", response)] {
        files.extend(file.map(|file| (format!("{folder}/documented.{part}.json"), file.text)));
    }
    fs::create_dir_all(root.join(&folder))?;
    for (path, text) in &files {
        fs::write(root.join(path), text)?;
    }
    Ok(files.into_iter().map(|(path, _)| path).collect())
}

fn sample(path: &Path, problems: &mut Problems) -> Option<File> {
    let shown = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => parse(shown, text, problems),
        Err(error) => {
            problems.file(shown, format!("cannot be read: {error}"));
            None
        }
    }
}

fn object(fields: &Fields, indent: usize) -> String {
    if fields.is_empty() {
        return "{}".to_owned();
    }
    let pad = " ".repeat(indent + 2);
    let lines: Vec<String> = fields
        .iter()
        .map(|(name, ty, more)| {
            let more: String = more
                .iter()
                .map(|(key, value)| format!(", \"{key}\": {value}"))
                .collect();
            format!(
                "{pad}{}: {{ \"type\": {}, \"doc\": {}{more} }}",
                json_text(name),
                json_text(ty),
                json_text(TODO)
            )
        })
        .collect();
    format!("{{\n{}\n{}}}", lines.join(",\n"), " ".repeat(indent))
}

/// Paging, as far as well-known names show it.
fn pagination(inputs: &Fields, outputs: &Fields, types: &BTreeMap<String, Fields>) -> String {
    let named = |known: &[&str]| {
        let mut names = inputs.iter().map(|(name, ..)| name);
        names.find(|name| known.contains(&names::snake(name).as_str()))
    };
    let (style, first, cursor) = if let Some(cursor) =
        named(&["page", "page_num", "page_no", "page_number", "current_page"])
    {
        ("page", ", \"first\": 1", cursor)
    } else if let Some(cursor) = named(&["offset"]) {
        ("offset", ", \"first\": 0", cursor)
    } else if let Some(cursor) = named(&["next_token"]) {
        ("token", ", \"next\": \"TODO\"", cursor)
    } else {
        return String::new();
    };
    let mut text = format!(
        "  \"pagination\": {{ \"style\": \"{style}\", \"cursor\": {}{first}",
        json_text(cursor)
    );
    if let Some(size) = named(&["page_size", "limit", "max_results"]) {
        text += &format!(", \"size\": {}", json_text(size));
    }
    // Rows and total are at the top or one level below.
    let below = outputs
        .iter()
        .filter_map(|(name, ty, _)| Some((name, types.get(ty)?)));
    let below = below.flat_map(|(name, fields)| {
        fields
            .iter()
            .map(move |(inner, ty, _)| (format!("{name}.{inner}"), ty))
    });
    let all: Vec<(String, &String)> = outputs
        .iter()
        .map(|(name, ty, _)| (name.clone(), ty))
        .chain(below)
        .collect();
    let items = all.iter().find(|(_, ty)| ty.starts_with("list<"));
    text += &format!(
        ", \"items\": {}",
        json_text(items.map_or(TODO, |(name, _)| name))
    );
    let totals = ["total", "total_count", "count", "total_num"];
    let is_total = |name: &str| {
        name.rsplit('.')
            .next()
            .is_some_and(|last| totals.contains(&names::snake(last).as_str()))
    };
    if let Some((name, _)) = all.iter().find(|(name, _)| is_total(name)) {
        text += &format!(", \"total\": {}", json_text(name));
    }
    text + " },\n"
}
