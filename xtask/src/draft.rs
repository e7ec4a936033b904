//! `cargo xtask new`: from samples to a fixture that is nearly there. What a sample cannot tell says
//! TODO, which codegen refuses.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::codegen::Failure;
use crate::diag::Problems;
use crate::examples;
use crate::fixtures;
use crate::json::{self, File, Member, Node, Spot, Value};
use crate::names;
use crate::operation;
use crate::read::Object;

/// A person's guess is wanted where this stands.
const TODO: &str = "TODO";

/// What is known of a new operation.
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
        let message = format!("{operation:?} cannot name a type; write PascalCase");
        return Err(Failure::Other(message));
    }
    if let Some(complaint) = operation::unusable(operation) {
        return Err(Failure::Other(complaint));
    }
    let mut problems = Problems::default();
    let envelope = fixtures::envelope_of(root, provider, service, &mut problems);
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

    let mut types = BTreeMap::new();
    let empty = Value::Object(Vec::new());
    let input = request.as_ref().map_or(&empty, |file| &file.root.value);
    let payload = response.as_ref().map(|file| &file.root);
    let payload = payload.and_then(|body| body.at_pointer(&envelope.payload));
    let own = envelope.members_of_payload();
    // What is no object has no fields: it is one itself, of the whole answer.
    let bare = payload.filter(|node| !matches!(node.value, Value::Object(_) | Value::Null));
    let output = match (bare, payload) {
        (Some(node), _) => Value::Object(vec![Member {
            key: envelope.payload.trim_start_matches('/').to_owned(),
            at: 0,
            node: node.clone(),
        }]),
        (None, Some(node)) => examples::without(&node.value, &own),
        (None, None) => empty.clone(),
    };
    let mut scan = Scan {
        types: &mut types,
        bent_keys: 0,
        received: false,
    };
    let inputs = scan.fields(input);
    let in_input = scan.bent_keys;
    scan.received = true;
    let outputs = scan.fields(&output);
    let deviations = scan.bent_keys - in_input;

    let mut text = String::new();
    let json = |value: &str| crate::emit::json_text(value);
    text += "{\n  \"$schema\": \"../../../schema/operation.schema.json\",\n";
    text += &format!(
        "  \"operation\": {},\n  \"doc\": {},\n",
        json(operation),
        json(TODO)
    );
    text += &format!(
        "  \"source\": {{ \"title\": {}, \"publisher\": {} }},\n",
        json(operation),
        json(TODO)
    );
    text += "  \"behavior\": { \"effect\": \"TODO: read or write\" },\n";
    if bare.is_some() {
        let why = format!(
            "{TODO}: {} is no object; an envelope with the payload \"\" has it as a field",
            envelope.payload
        );
        text += &format!("  \"envelope\": {},\n", json(&why));
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
                    json(name),
                    json(TODO),
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
        Ok(text) => json::parse(shown, text, problems),
        Err(error) => {
            problems.file(shown, format!("cannot be read: {error}"));
            None
        }
    }
}

/// Fields of a struct: name, type, and what else can be guessed.
type Fields = Vec<(String, String, Vec<(&'static str, String)>)>;

/// Reads types off a sample.
struct Scan<'a> {
    types: &'a mut BTreeMap<String, Fields>,
    /// Keys that were trimmed.
    bent_keys: usize,
    /// Whether this is an answer: wrapped lists occur nowhere else.
    received: bool,
}

impl Scan<'_> {
    fn fields(&mut self, value: &Value) -> Fields {
        let Value::Object(members) = value else {
            return Vec::new();
        };
        let mut fields = Vec::new();
        for Member { key, node, .. } in members {
            let name = key.trim();
            self.bent_keys += usize::from(name != key);
            let mut more = Vec::new();
            let (item, value) = match wrapped(name, &node.value).filter(|_| self.received) {
                Some((inner, list)) => {
                    more.push(("wrapper", crate::emit::json_text(inner)));
                    (inner, list)
                }
                None => (name, &node.value),
            };
            if self.received && matches!(node.value, Value::Null) {
                more.push(("nullable", "true".to_owned()));
            }
            if is_personal(name) {
                more.push(("sensitive", "true".to_owned()));
            }
            let ty = self.ty(item, value);
            fields.push((name.to_owned(), ty, more));
        }
        fields
    }

    fn ty(&mut self, name: &str, value: &Value) -> String {
        match value {
            Value::Null => TODO.to_owned(),
            Value::Bool(_) => "bool".to_owned(),
            Value::Text(_) => "string".to_owned(),
            Value::Number(_) if is_money(name) => "decimal".to_owned(),
            Value::Number(text) if text.contains(['.', 'e', 'E']) => "float".to_owned(),
            Value::Number(text) if text.starts_with('-') => "int".to_owned(),
            Value::Number(_) => "uint".to_owned(),
            Value::List(nodes) => match nodes.as_slice() {
                [] => format!("list<{TODO}>"),
                [first, ..] if matches!(first.value, Value::Object(_)) => {
                    format!("list<{}>", self.named(name, nodes))
                }
                [first, ..] => format!("list<{}>", self.ty(name, &first.value)),
            },
            Value::Object(_) => {
                let node = Node {
                    at: 0,
                    value: value.clone(),
                };
                self.named(name, &[node])
            }
        }
    }

    /// A struct with the fields of all nodes; one of them may have what another lacks.
    fn named(&mut self, name: &str, nodes: &[Node]) -> String {
        let mut all: Fields = Vec::new();
        for node in nodes {
            for field in self.fields(&node.value) {
                let Some(known) = all.iter_mut().find(|known| known.0 == field.0) else {
                    all.push(field);
                    continue;
                };
                if known.1.contains(TODO) {
                    known.1 = field.1;
                }
                for more in field.2 {
                    if !known.2.contains(&more) {
                        known.2.push(more);
                    }
                }
            }
        }
        let name = names::pascal(name);
        let singular = name
            .strip_suffix('s')
            .filter(|rest| !rest.ends_with('s'))
            .unwrap_or(&name);
        let mut name = singular.to_owned();
        while self.types.get(&name).is_some_and(|known| *known != all) {
            name.push_str("Item");
        }
        self.types.insert(name.clone(), all);
        name
    }
}

/// The key and the list of `"Items": {"Item": […]}`.
fn wrapped<'v>(name: &str, value: &'v Value) -> Option<(&'v str, &'v Value)> {
    let Value::Object(members) = value else {
        return None;
    };
    match members.as_slice() {
        [Member { key, node, .. }]
            if matches!(node.value, Value::List(_)) && name.starts_with(key.as_str()) =>
        {
            Some((key, &node.value))
        }
        _ => None,
    }
}

/// Money is written as an integer often enough to be mistaken for a count.
fn is_money(name: &str) -> bool {
    let name = name.to_lowercase();
    let words = [
        "amount", "balance", "cost", "credit", "fee", "price", "quota", "cash", "tax", "discount",
    ];
    words.iter().any(|word| name.contains(word)) && !name.contains("type") && !name.ends_with("id")
}

fn is_personal(name: &str) -> bool {
    let name = name.to_lowercase();
    let words = [
        "mobile", "phone", "email", "mail", "idcard", "bankcard", "password",
    ];
    words.iter().any(|word| name.contains(word))
}

fn object(fields: &Fields, indent: usize) -> String {
    if fields.is_empty() {
        return "{}".to_owned();
    }
    let pad = " ".repeat(indent + 2);
    let json = |value: &str| crate::emit::json_text(value);
    let lines: Vec<String> = fields
        .iter()
        .map(|(name, ty, more)| {
            let more: String = more
                .iter()
                .map(|(key, value)| format!(", \"{key}\": {value}"))
                .collect();
            format!(
                "{pad}{}: {{ \"type\": {}, \"doc\": {}{more} }}",
                json(name),
                json(ty),
                json(TODO)
            )
        })
        .collect();
    format!("{{\n{}\n{}}}", lines.join(",\n"), " ".repeat(indent))
}

/// Paging, as far as well-known names give it away.
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
    let json = |value: &str| crate::emit::json_text(value);
    let mut text = format!(
        "  \"pagination\": {{ \"style\": \"{style}\", \"cursor\": {}{first}",
        json(cursor)
    );
    if let Some(size) = named(&["page_size", "limit", "max_results"]) {
        text += &format!(", \"size\": {}", json(size));
    }
    // Rows and total stand at the top or one level below.
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
        json(items.map_or(TODO, |(name, _)| name))
    );
    let totals = ["total", "total_count", "count", "total_num"];
    let is_total = |name: &str| {
        name.rsplit('.')
            .next()
            .is_some_and(|last| totals.contains(&names::snake(last).as_str()))
    };
    if let Some((name, _)) = all.iter().find(|(name, _)| is_total(name)) {
        text += &format!(", \"total\": {}", json(name));
    }
    text + " },\n"
}
