//! The examples of an operation: their files, their entries, and whether the two agree with the
//! description.

use std::path::Path;

use crate::load::files;
use crate::load::json::{Node, Value};
use crate::load::located::{JsonFile, Located};
use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::model::{
    Envelope, ErrorCode, Example, Expect, Operation, RequestSample, ResponseSample, Success,
};
use crate::names;
use crate::wording::hint;

use super::{deviations, request, response};

/// The files that an example may have: `NAME.PART.json`.
const PARTS: [&str; 3] = ["request", "response", "error"];

/// What the samples of an operation are checked against.
#[derive(Debug)]
pub struct SampleContext<'a> {
    /// The operation.
    pub operation: &'a Operation,
    /// The envelope of its responses.
    pub envelope: &'a Envelope,
    /// The tables of error codes, in the order in which they are searched.
    pub errors: [&'a [ErrorCode]; 3],
    /// Whether the operation and its service have no problems. If they have, samples are not compared:
    /// each would show the same problem again.
    pub has_no_problems: bool,
}

/// Reads the examples of an operation from its description and its folder, and checks them.
pub fn read_and_check(
    root: &Path,
    folder: &str,
    description: &Object<'_>,
    context: &SampleContext<'_>,
    problems: &mut Problems,
) -> Vec<Example> {
    let files = sample_files(root, folder, problems);
    let entries = description.get("examples");
    let entries = entries.and_then(|located| Object::open_map(&located, problems));
    let members = || entries.iter().flat_map(Object::members);
    let names: Vec<&str> = members().map(|(member, _)| member.key.as_str()).collect();
    for (name, part) in &files {
        if !names.contains(&name.as_str()) {
            let hint = hint(name, names.iter().copied());
            let message = format!("operation.json has no example {name:?}{hint}");
            problems.push_for_file(format!("{folder}/{name}.{part}.json"), message);
        }
    }
    let mut examples = Vec::new();
    for (member, located) in members() {
        let name = member.key.as_str();
        if !names::is_snake(name) {
            let message = format!("{name:?} cannot name a test; use snake_case");
            problems.push(located.problem(message));
        }
        let parts = files.iter().filter(|(other, _)| other == name);
        let parts: Vec<&str> = parts.map(|(_, part)| *part).collect();
        if parts.is_empty() {
            problems.push(located.problem(format!(
                "there is no file {name}.request.json, {name}.response.json or {name}.error.json"
            )));
        } else if parts.contains(&"response") && parts.contains(&"error") {
            problems.push(located.problem("a call has one response; split the example in two"));
        }
        let files = ExampleFiles {
            root,
            folder,
            context,
            name,
            parts,
        };
        examples.extend(files.read_and_check(&located, problems));
    }
    for (part, why) in [
        ("request", "the documentation shows one"),
        ("response", "nothing would test the output"),
    ] {
        let is_missing = !files.iter().any(|(_, other)| *other == part);
        if is_missing && context.has_no_problems && entries.is_some() {
            let message = format!("no example has a {part}; {why}");
            problems.push(description.located.problem(message));
        }
    }
    examples
}

/// The files of samples in a folder, each as the name of its example and its part.
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
                problems.push_for_file(format!("{folder}/{entry}"), message);
            }
        }
    }
    samples
}

/// The files of one example.
struct ExampleFiles<'a> {
    root: &'a Path,
    folder: &'a str,
    context: &'a SampleContext<'a>,
    name: &'a str,
    parts: Vec<&'a str>,
}

impl ExampleFiles<'_> {
    fn read_and_check(&self, located: &Located<'_>, problems: &mut Problems) -> Option<Example> {
        let entry = Object::open(located, "example", problems)?;
        let origins = ["documented", "recorded", "constructed"].map(|origin| (origin, ()));
        // Both are for readers of the fixture: only their form is checked.
        entry.choice("origin", &origins, problems);
        entry.prose("doc", problems);
        let status = entry.count("status", problems);
        let before = problems.len();
        let declared = deviations::declared(&entry, problems);
        // If the declaration has a problem, the sample is not compared with it.
        let declared = (problems.len() == before).then_some(declared);
        let has = |part| self.parts.contains(&part);
        for (key, belongs) in [
            ("deviations", has("response")),
            ("status", has("response") || has("error")),
        ] {
            if !belongs {
                entry.report_if_present(key, format!("`{key}` needs a response"), problems);
            }
        }
        let file = |part: &str, problems: &mut Problems| {
            let path = format!("{}/{}.{part}.json", self.folder, self.name);
            let exists = self.parts.contains(&part);
            exists
                .then(|| files::read_json(self.root, &path, problems))
                .flatten()
        };
        let request = file("request", problems);
        let response = file("response", problems);
        let error = file("error", problems);
        if !self.context.has_no_problems {
            return None;
        }
        let request = request.map(|file| {
            request::check(self.context.operation, Located::whole(&file), problems);
            RequestSample {
                path: file.path,
                value: file.node.value,
            }
        });
        let response = match (response, error) {
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
            response,
        })
    }

    fn response(
        &self,
        file: JsonFile,
        status: Option<u64>,
        entry: &Object<'_>,
        declared: Option<&[(&'static str, u64)]>,
        problems: &mut Problems,
    ) -> Option<ResponseSample> {
        let envelope = self.context.envelope;
        let body = Located::whole(&file);
        if let Some(why) = why_failure(envelope, &file.node) {
            let name = self.name;
            problems.push(body.problem(format!(
                "by the envelope, this is a failure: {why}; call it {name}.error.json"
            )));
            return None;
        }
        let payload = file.node.at_pointer(&envelope.payload);
        let Some(payload) = payload.filter(|node| matches!(node.value, Value::Object(_))) else {
            let pointer = &envelope.payload;
            let message = format!("there is no payload: {pointer:?} is not an object");
            problems.push(body.problem(message));
            return None;
        };
        let envelope_members = envelope.members_inside_payload();
        let operation = self.context.operation;
        let located = body.in_same_file(payload);
        let (output, deviations) = response::check(
            operation,
            located,
            &envelope_members,
            entry,
            declared,
            problems,
        );
        let is_payload = output.same(&payload.value.without(&envelope_members));
        Some(ResponseSample {
            expect: match is_payload {
                true => Expect::Payload(deviations),
                false => Expect::Output(output, deviations),
            },
            path: file.path,
            status: status.unwrap_or(200),
        })
    }

    fn error(
        &self,
        file: JsonFile,
        status: Option<u64>,
        problems: &mut Problems,
    ) -> Option<ResponseSample> {
        let SampleContext {
            operation,
            envelope,
            errors,
            ..
        } = self.context;
        let body = Located::whole(&file);
        if why_failure(envelope, &file.node).is_none() {
            let name = self.name;
            let message =
                format!("by the envelope, this is a success; call it {name}.response.json");
            problems.push(body.problem(message));
            return None;
        }
        let node = file.node.at_pointer(&envelope.code);
        let Some((node, code)) = node.and_then(|node| Some((node, node.value.scalar_text()?)))
        else {
            let message = format!("there is no error code at {:?}", envelope.code);
            problems.push(body.problem(message));
            return None;
        };
        let covers = |error: &&ErrorCode| {
            let rest = code.strip_prefix(error.code.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        // The first table with a code that covers this one decides, and in it the longest such code.
        let covering = errors.iter().find_map(|table| {
            let covering = table.iter().filter(covers);
            covering.max_by_key(|error| error.code.len())
        });
        let Some(covering) = covering else {
            let described = errors.iter().copied().flatten();
            let hint = hint(&code, described.map(|error| error.code.as_str()));
            let message = format!("the error code {code:?} is not described{hint}");
            problems.push(body.in_same_file(node).problem(message));
            return None;
        };
        let no_record = operation.no_record.contains(&code);
        let statuses = status.zip(covering.status);
        if let Some((given, documented)) = statuses.filter(|(a, b)| no_record && a != b) {
            problems.push(body.in_same_file(node).problem(format!(
                "{code:?} means \"no such record\" under HTTP {documented} only, but this is HTTP {given}"
            )));
            return None;
        }
        Some(ResponseSample {
            path: file.path,
            status: status.or(covering.status).unwrap_or(200),
            expect: match no_record {
                true => Expect::NoRecord(code),
                false => Expect::Error(code, covering.kind),
            },
        })
    }
}

/// Why a body is a failure, or `None` for a success.
fn why_failure(envelope: &Envelope, body: &Node) -> Option<String> {
    match &envelope.success {
        Success::Absent(pointer) => {
            let found = body.at_pointer(pointer);
            let found = found.filter(|node| !matches!(node.value, Value::Null));
            found.map(|_| format!("there is something at {pointer:?}"))
        }
        Success::Equals(pointer, wanted) => {
            match body
                .at_pointer(pointer)
                .and_then(|node| node.value.scalar_text())
            {
                Some(found) if found == *wanted => None,
                Some(found) => Some(format!("{pointer:?} is {found:?}, not {wanted:?}")),
                None => Some(format!("there is nothing at {pointer:?}")),
            }
        }
    }
}
