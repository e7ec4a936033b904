//! The examples of an operation: their files, their entries, and whether the two agree with the
//! description.

use std::path::Path;

use crate::load::files;
use crate::load::json::{Node, Value};
use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::load::spot::{File, Spot};
use crate::model::{
    Answer, Envelope, ErrorCode, Example, Operation, Outcome, RequestSample, Success,
};
use crate::names;
use crate::words::hint;

use super::{deviations, request, response};

const PARTS: [&str; 3] = ["request", "response", "error"];

/// The names of the generated tests of an example, after its own name.
const TESTS: [&str; 5] = [
    "request_encodes",
    "reply_decodes",
    "reply_fails",
    "reply_is_no_record",
    "travels",
];

/// What the samples of an operation are checked against.
#[derive(Debug)]
pub struct Description<'a> {
    /// The operation.
    pub operation: &'a Operation,
    /// The envelope of its answers.
    pub envelope: &'a Envelope,
    /// The tables of error codes, in the order in which they are searched.
    pub errors: [&'a [ErrorCode]; 3],
    /// Whether it is described without a mistake; if not, every sample would repeat the mistake.
    pub is_sound: bool,
}

/// Reads and checks the examples of an operation. `object` is the description, in `folder`.
pub fn read(
    root: &Path,
    folder: &str,
    object: &Object<'_>,
    description: &Description<'_>,
    problems: &mut Problems,
) -> Vec<Example> {
    let files = sample_files(root, folder, problems);
    let entries = object.get("examples");
    let entries = entries.and_then(|spot| Object::open_any(&spot, problems));
    let members = || entries.iter().flat_map(Object::members);
    let names: Vec<&str> = members().map(|(member, _)| member.key.as_str()).collect();
    for (name, part) in &files {
        if !names.contains(&name.as_str()) {
            let hint = hint(name, names.iter().copied());
            let message = format!("operation.json has no example {name:?}{hint}");
            problems.file(format!("{folder}/{name}.{part}.json"), message);
        }
    }
    let mut examples = Vec::new();
    for (member, spot) in members() {
        let name = member.key.as_str();
        if !names::is_snake(name) {
            let message = format!("{name:?} cannot name a test; use snake_case");
            problems.push(spot.problem(message));
        }
        if let Some(other) = names.iter().find(|other| is_test_of(name, other)) {
            let message = format!("{name:?} is the name of a test of {other:?}; use another name");
            problems.push(spot.problem(message));
        }
        let parts = files.iter().filter(|(known, _)| known == name);
        let parts: Vec<&str> = parts.map(|(_, part)| *part).collect();
        if parts.is_empty() {
            problems.push(spot.problem(format!(
                "there is no file {name}.request.json, {name}.response.json or {name}.error.json"
            )));
        } else if parts.contains(&"response") && parts.contains(&"error") {
            problems.push(spot.problem("a call has one answer; split the example in two"));
        }
        let sample = Sample {
            root,
            folder,
            description,
            name,
            parts,
        };
        examples.extend(sample.read(&spot, problems));
    }
    for (part, why) in [
        ("request", "the documentation shows one"),
        ("response", "nothing would test the answer"),
    ] {
        let is_missing = !files.iter().any(|(_, known)| *known == part);
        if is_missing && description.is_sound && entries.is_some() {
            let message = format!("no example has a {part}; {why}");
            problems.push(object.spot.problem(message));
        }
    }
    examples
}

/// Whether an example is called like a test of another example.
fn is_test_of(name: &str, other: &str) -> bool {
    let rest = name.strip_prefix(other);
    let rest = rest.and_then(|rest| rest.strip_prefix('_'));
    rest.is_some_and(|rest| TESTS.contains(&rest))
}

/// The samples of a folder as name and part.
fn sample_files(root: &Path, folder: &str, problems: &mut Problems) -> Vec<(String, &'static str)> {
    let mut samples = Vec::new();
    for entry in files::entries(root, folder, problems) {
        let split = PARTS.into_iter().find_map(|part| {
            let name = entry.strip_suffix(".json")?.strip_suffix(part)?;
            Some((name.strip_suffix('.')?.to_owned(), part))
        });
        match split {
            Some(sample) => samples.push(sample),
            None if entry == "operation.json" => {}
            None => {
                let message = "this file does not belong here; samples are called \
                               NAME.request.json, NAME.response.json and NAME.error.json";
                problems.file(format!("{folder}/{entry}"), message);
            }
        }
    }
    samples
}

/// One example and its files.
struct Sample<'a> {
    root: &'a Path,
    folder: &'a str,
    description: &'a Description<'a>,
    name: &'a str,
    parts: Vec<&'a str>,
}

impl Sample<'_> {
    fn read(&self, spot: &Spot<'_>, problems: &mut Problems) -> Option<Example> {
        let entry = Object::open(spot, "example", problems)?;
        let origins = ["documented", "recorded", "constructed"].map(|origin| (origin, ()));
        entry.choice("origin", &origins, problems);
        entry.prose("doc", problems);
        let status = entry.count("status", problems);
        let before = problems.len();
        let declared = deviations::declared(&entry, problems);
        // A mistake in the declaration is not repeated by the deviations that it fails to declare.
        let declared = (problems.len() == before).then_some(declared);
        let has = |part| self.parts.contains(&part);
        for (key, belongs) in [
            ("deviations", has("response")),
            ("status", has("response") || has("error")),
        ] {
            if !belongs {
                entry.complain(key, format!("`{key}` needs a response"), problems);
            }
        }
        let file = |part: &str, problems: &mut Problems| {
            let path = format!("{}/{}.{part}.json", self.folder, self.name);
            let exists = self.parts.contains(&part);
            exists
                .then(|| files::file(self.root, &path, problems))
                .flatten()
        };
        let request = file("request", problems);
        let response = file("response", problems);
        let error = file("error", problems);
        if !self.description.is_sound {
            return None;
        }
        let request = request.map(|file| {
            request::check(self.description.operation, Spot::root(&file), problems);
            RequestSample {
                path: file.path,
                value: file.root.value,
            }
        });
        let answer = match (response, error) {
            (Some(file), None) => {
                let declared = declared.as_deref();
                self.response(file, status, &entry, declared, problems)
            }
            (None, Some(file)) => self.error(file, status, problems),
            _ => None,
        };
        Some(Example {
            name: self.name.to_owned(),
            request,
            answer,
        })
    }

    fn response(
        &self,
        file: File,
        status: Option<u64>,
        entry: &Object<'_>,
        declared: Option<&[(&'static str, u64)]>,
        problems: &mut Problems,
    ) -> Option<Answer> {
        let envelope = self.description.envelope;
        let root = Spot::root(&file);
        if let Some(why) = failure(envelope, &file.root) {
            let name = self.name;
            problems.push(root.problem(format!(
                "by the envelope, this is a failure: {why}; call it {name}.error.json"
            )));
            return None;
        }
        let payload = file.root.at_pointer(&envelope.payload);
        let Some(payload) = payload.filter(|node| matches!(node.value, Value::Object(_))) else {
            let pointer = &envelope.payload;
            let message = format!("there is no payload: {pointer:?} is not an object");
            problems.push(root.problem(message));
            return None;
        };
        let skip = envelope.members_of_payload();
        let operation = self.description.operation;
        let spot = root.with(payload);
        let (output, deviations) =
            response::check(operation, spot, &skip, entry, declared, problems);
        let differs = !output.same(&payload.value.without(&skip));
        Some(Answer {
            outcome: Outcome::Payload(differs.then_some(output), deviations),
            path: file.path,
            status: status.unwrap_or(200),
        })
    }

    fn error(&self, file: File, status: Option<u64>, problems: &mut Problems) -> Option<Answer> {
        let Description {
            operation,
            envelope,
            errors,
            ..
        } = self.description;
        let root = Spot::root(&file);
        if failure(envelope, &file.root).is_none() {
            let name = self.name;
            let message =
                format!("by the envelope, this is a success; call it {name}.response.json");
            problems.push(root.problem(message));
            return None;
        }
        let node = file.root.at_pointer(&envelope.code);
        let Some((node, code)) = node.and_then(|node| Some((node, node.value.scalar_text()?)))
        else {
            let message = format!("there is no error code at {:?}", envelope.code);
            problems.push(root.problem(message));
            return None;
        };
        let covers = |error: &&ErrorCode| {
            let rest = code.strip_prefix(error.code.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let covering = errors.iter().find_map(|table| {
            let covering = table.iter().filter(covers);
            covering.max_by_key(|error| error.code.len())
        });
        let Some(covering) = covering else {
            let known = errors.iter().copied().flatten();
            let hint = hint(&code, known.map(|error| error.code.as_str()));
            let message = format!("the error code {code:?} is not described{hint}");
            problems.push(root.with(node).problem(message));
            return None;
        };
        let no_record = operation.no_record.contains(&code);
        let statuses = status.zip(covering.status);
        if let Some((given, documented)) = statuses.filter(|(a, b)| no_record && a != b) {
            problems.push(root.with(node).problem(format!(
                "{code:?} means \"no such record\" under HTTP {documented} only, but this is HTTP {given}"
            )));
            return None;
        }
        Some(Answer {
            path: file.path,
            status: status.or(covering.status).unwrap_or(200),
            outcome: match no_record {
                true => Outcome::NoRecord(code),
                false => Outcome::Failure(code, covering.kind),
            },
        })
    }
}

/// Why a body is a failure, or `None` for a success.
fn failure(envelope: &Envelope, body: &Node) -> Option<String> {
    match &envelope.success {
        Success::Absent(at) => {
            let found = body.at_pointer(at);
            let found = found.filter(|node| !matches!(node.value, Value::Null));
            found.map(|_| format!("there is something at {at:?}"))
        }
        Success::Equals(at, wanted) => {
            match body
                .at_pointer(at)
                .and_then(|node| node.value.scalar_text())
            {
                Some(found) if found == *wanted => None,
                Some(found) => Some(format!("{at:?} is {found:?}, not {wanted:?}")),
                None => Some(format!("there is nothing at {at:?}")),
            }
        }
    }
}
