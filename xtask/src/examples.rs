//! Holds every example to the description: requests strictly, answers with their deviations counted.

use std::path::Path;

use crate::diag::{Problems, hint};
use crate::fixtures::{self, Inherited};
use crate::json::{File, Member, Node, Spot, Value};
use crate::model::{
    Answer, Envelope, ErrorCode, Example, Field, Format, Limits, Operation, Outcome, Place,
    RequestSample, Require, Struct, Success, Ty, Type,
};
use crate::names;
use crate::read::{Object, keys};

/// Departures from the description that a sample may declare. The decoder reports all but the last.
pub const DEVIATIONS: &[&str] = &[
    "single_for_list",
    "key_spelling",
    "text_for_number",
    "number_for_text",
    "other_for_flag",
    "unknown_field",
    "undeclared_null",
];

/// What the decoder does not report: null and absent are the same to it.
const NOT_REPORTED: &str = "undeclared_null";

const PARTS: [&str; 3] = ["request", "response", "error"];

/// How the generated tests of an example are called, after its name.
pub const TESTS: [&str; 5] = [
    "request_encodes",
    "reply_decodes",
    "reply_fails",
    "reply_is_no_record",
    "travels",
];

/// Reads the examples of an operation.
pub fn read(
    root: &Path,
    folder: &str,
    object: &Object<'_>,
    operation: &Operation,
    above: &Inherited<'_>,
    judge: bool,
    problems: &mut Problems,
) -> Vec<Example> {
    let files = sample_files(root, folder, problems);
    let entries = object
        .need("examples", problems)
        .and_then(|spot| Object::open_any(&spot, problems));
    let named: Vec<&str> = entries
        .iter()
        .flat_map(Object::members)
        .map(|(m, _)| m.key.as_str())
        .collect();
    for (name, part) in &files {
        if !named.contains(&name.as_str()) {
            let hint = hint(name, named.iter().copied());
            let message = format!("operation.json has no example {name:?}{hint}");
            problems.file(format!("{folder}/{name}.{part}.json"), message);
        }
    }
    let mut examples = Vec::new();
    for (member, spot) in entries.iter().flat_map(Object::members) {
        let name = member.key.as_str();
        if !names::is_snake(name) {
            let message = format!("{name:?} cannot name a test; write snake_case");
            problems.push(spot.problem(message));
        }
        let test_of = |other: &&str| {
            let rest = name
                .strip_prefix(*other)
                .and_then(|rest| rest.strip_prefix('_'));
            rest.is_some_and(|rest| TESTS.contains(&rest))
        };
        if let Some(other) = named.iter().copied().find(test_of) {
            let message =
                format!("{name:?} is what a test of {other:?} is called; name it otherwise");
            problems.push(spot.problem(message));
        }
        let parts: Vec<&str> = files
            .iter()
            .filter(|(n, _)| n == name)
            .map(|(_, p)| *p)
            .collect();
        if parts.is_empty() {
            problems.push(spot.problem(format!(
                "there is no file {name}.request.json, {name}.response.json or {name}.error.json"
            )));
        } else if parts.contains(&"response") && parts.contains(&"error") {
            problems.push(spot.problem("one call has one answer: split the example in two"));
        }
        let sampled = Sampled {
            root,
            folder,
            operation,
            above,
            name,
            parts,
        };
        examples.extend(sampled.read(&spot, judge, problems));
    }
    let judged = judge && entries.is_some();
    if judged && !files.iter().any(|(_, part)| *part == "request") {
        problems.push(
            object
                .spot
                .problem("no example has a request; the docs show one"),
        );
    }
    if judged && !files.iter().any(|(_, part)| *part == "response") {
        problems.push(
            object
                .spot
                .problem("no example has a response; nothing would test the answer"),
        );
    }
    examples
}

/// The samples of a folder as name and part.
fn sample_files(root: &Path, folder: &str, problems: &mut Problems) -> Vec<(String, &'static str)> {
    let mut files = Vec::new();
    for entry in fixtures::entries(&root.join(folder), folder, problems) {
        let split = PARTS.into_iter().find_map(|part| {
            let name = entry
                .strip_suffix(".json")?
                .strip_suffix(part)?
                .strip_suffix('.')?;
            Some((name.to_owned(), part))
        });
        match split {
            Some(sample) => files.push(sample),
            None if entry == "operation.json" => {}
            None => {
                let message = "this file does not belong here; samples are called NAME.request.json, \
                     NAME.response.json and NAME.error.json";
                problems.file(format!("{folder}/{entry}"), message);
            }
        }
    }
    files
}

/// One entry of `examples` and what belongs to it.
struct Sampled<'a> {
    root: &'a Path,
    folder: &'a str,
    operation: &'a Operation,
    above: &'a Inherited<'a>,
    name: &'a str,
    parts: Vec<&'a str>,
}

impl Sampled<'_> {
    fn read(&self, spot: &Spot<'_>, judge: bool, problems: &mut Problems) -> Option<Example> {
        let entry = Object::open(spot, keys::EXAMPLE, problems)?;
        entry.need("origin", problems);
        let origins = ["documented", "recorded", "constructed"].map(|origin| (origin, ()));
        entry.choice("origin", &origins, problems);
        entry.prose("doc", problems);
        let status = entry.count("status", problems);
        let before = problems.len();
        let declared = declared_deviations(&entry, problems);
        // A mistake in the declaration is not repeated by what it fails to excuse.
        let declared = (problems.len() == before).then_some(declared);
        for (key, wants) in [("deviations", "response"), ("status", "response")] {
            let fits =
                self.parts.contains(&wants) || (key == "status" && self.parts.contains(&"error"));
            if let Some(spot) = entry.get(key).filter(|_| !fits) {
                problems.push(
                    spot.problem(format!("there is no {wants} for which `{key}` could hold")),
                );
            }
        }
        let file = |part: &str, problems: &mut Problems| {
            let path = format!("{}/{}.{part}.json", self.folder, self.name);
            let exists = self.parts.contains(&part);
            exists
                .then(|| fixtures::file(self.root, &path, problems))
                .flatten()
        };
        let request = file("request", problems);
        let response = file("response", problems);
        let error = file("error", problems);
        if !judge {
            return None;
        }
        let request = request.and_then(|file| self.request(file, problems));
        let answer = match (response, error) {
            (Some(file), None) => self.response(file, status, &entry, declared, problems),
            (None, Some(file)) => self.error(file, status, problems),
            _ => None,
        };
        Some(Example {
            name: self.name.to_owned(),
            request,
            answer,
        })
    }

    fn request(&self, file: File, problems: &mut Problems) -> Option<RequestSample> {
        let mut walk = Walk::new(self.operation, problems);
        walk.strict(Spot::root(&file), &self.operation.input);
        Some(RequestSample {
            path: file.path,
            value: file.root.value,
        })
    }

    fn response(
        &self,
        file: File,
        status: Option<u64>,
        entry: &Object<'_>,
        declared: Option<Vec<(&'static str, u64)>>,
        problems: &mut Problems,
    ) -> Option<Answer> {
        let envelope = self
            .operation
            .envelope
            .as_ref()
            .unwrap_or(self.above.envelope);
        let root = Spot::root(&file);
        if let Some(why) = failure(envelope, &file.root) {
            let message = format!(
                "by the envelope this is a failure: {why}; call it {}.error.json",
                self.name
            );
            problems.push(root.problem(message));
            return None;
        }
        let payload = file.root.at_pointer(&envelope.payload);
        let Some(payload) = payload.filter(|node| matches!(node.value, Value::Object(_))) else {
            let message = format!(
                "there is no payload: {:?} is not an object",
                envelope.payload
            );
            problems.push(root.problem(message));
            return None;
        };
        let spot = root.with(payload);
        let mut walk = Walk::new(self.operation, problems);
        let skip = envelope.members_of_payload();
        walk.record(spot, &self.operation.output);
        let corrected = walk.object(spot, &self.operation.output, &skip);
        let found = walk.found;
        if let Some(declared) = declared {
            compare(entry, &declared, &found, problems);
        }
        let reported = DEVIATIONS.iter().filter(|kind| **kind != NOT_REPORTED);
        let reported = reported.filter_map(|kind| {
            let count = found
                .iter()
                .filter(|deviation| deviation.kind == *kind)
                .count() as u64;
            (count > 0).then_some((*kind, count))
        });
        let deviations = reported.collect();
        let differs = !corrected.same(&without(&payload.value, &skip));
        Some(Answer {
            outcome: Outcome::Payload(differs.then_some(corrected), deviations),
            path: file.path,
            status: status.unwrap_or(200),
        })
    }

    fn error(&self, file: File, status: Option<u64>, problems: &mut Problems) -> Option<Answer> {
        let envelope = self
            .operation
            .envelope
            .as_ref()
            .unwrap_or(self.above.envelope);
        let root = Spot::root(&file);
        if failure(envelope, &file.root).is_none() {
            let message = format!(
                "by the envelope this is a success; call it {}.response.json",
                self.name
            );
            problems.push(root.problem(message));
            return None;
        }
        let code = file.root.at_pointer(&envelope.code);
        let Some((node, code)) = code.and_then(|node| Some((node, scalar_text(&node.value)?)))
        else {
            let message = format!("there is no error code at {:?}", envelope.code);
            problems.push(root.problem(message));
            return None;
        };
        let tables = || {
            [self.operation.errors.as_slice()]
                .into_iter()
                .chain(self.above.errors)
        };
        let covers = |error: &&ErrorCode| {
            let rest = code.strip_prefix(error.code.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let longest = |table: &'_ [ErrorCode]| {
            let covering = table.iter().filter(covers);
            covering.max_by_key(|error| error.code.len()).cloned()
        };
        let covering = tables().find_map(longest);
        let Some(covering) = covering else {
            let known = tables().flatten().map(|error| error.code.as_str());
            let hint = hint(&code, known);
            let message = format!("no error code {code:?} is described{hint}");
            problems.push(root.with(node).problem(message));
            return None;
        };
        let no_record = self.operation.no_record.contains(&code);
        Some(Answer {
            path: file.path,
            status: status.or(covering.status).unwrap_or(200),
            outcome: if no_record {
                Outcome::NoRecord(code)
            } else {
                Outcome::Failure(code, covering.kind)
            },
        })
    }
}

/// An object without some of its members.
pub fn without(value: &Value, skip: &[&str]) -> Value {
    match value {
        Value::Object(members) => {
            let members = members
                .iter()
                .filter(|member| !skip.contains(&member.key.as_str()));
            Value::Object(members.cloned().collect())
        }
        value => value.clone(),
    }
}

/// Why a body is a failure, or `None` for a success.
fn failure(envelope: &Envelope, body: &Node) -> Option<String> {
    match &envelope.success {
        Success::Absent(at) => {
            let found = body
                .at_pointer(at)
                .filter(|node| !matches!(node.value, Value::Null));
            found.map(|_| format!("there is something at {at:?}"))
        }
        Success::Equals(at, wanted) => {
            let found = body
                .at_pointer(at)
                .and_then(|node| scalar_text(&node.value));
            (found.as_ref() != Some(wanted)).then(|| match found {
                Some(found) => format!("{at:?} is {found:?}, not {wanted:?}"),
                None => format!("there is nothing at {at:?}"),
            })
        }
    }
}

/// The text of a scalar, as an envelope compares it.
pub fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) | Value::Number(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn declared_deviations(entry: &Object<'_>, problems: &mut Problems) -> Vec<(&'static str, u64)> {
    let mut declared = Vec::new();
    let object = entry
        .get("deviations")
        .and_then(|spot| Object::open(&spot, DEVIATIONS, problems));
    let Some(object) = object else {
        return declared;
    };
    for kind in DEVIATIONS.iter().filter(|kind| object.has(kind)) {
        match object.count(kind, problems) {
            Some(0) => {
                object.complain(kind, "0 is what holds without saying", problems);
            }
            count => declared.extend(count.map(|count| (*kind, count))),
        }
    }
    declared
}

/// Deviations must be exactly those that are declared, or a corrected sample would leave a stale
/// excuse behind.
fn compare(
    entry: &Object<'_>,
    declared: &[(&'static str, u64)],
    found: &[Deviation<'_>],
    problems: &mut Problems,
) {
    for kind in DEVIATIONS {
        let here: Vec<&Deviation<'_>> = found
            .iter()
            .filter(|deviation| deviation.kind == *kind)
            .collect();
        let excused = declared
            .iter()
            .find(|(known, _)| known == kind)
            .map_or(0, |(_, count)| *count);
        let count = here.len() as u64;
        if excused == count {
            continue;
        }
        if excused == 0 {
            let pointer = entry.spot.pointer();
            for deviation in &here {
                let message = format!(
                    "{}; if the source has it so, declare `\"deviations\": {{ \"{kind}\": {count} }}` \
                     at {pointer}",
                    deviation.message
                );
                problems.push(match deviation.key {
                    Some(member) => deviation.spot.problem_with_key(member, message),
                    None => deviation.spot.problem(message),
                });
            }
        } else if let Some(spot) = entry.get("deviations").and_then(|spot| {
            let node = spot.node.value.member(kind)?;
            Some(spot.with(node))
        }) {
            let remedy = match count {
                0 => "none; remove it".to_owned(),
                count => format!("{count}; say {count}"),
            };
            let message =
                format!("{kind} is declared {excused} times, and the sample has {remedy}");
            problems.push(spot.problem(message));
        }
    }
}

/// A departure of a sample from the description.
struct Deviation<'f> {
    kind: &'static str,
    spot: Spot<'f>,
    /// The member whose key departs, and not its value.
    key: Option<&'f Member>,
    message: String,
}

/// A walk over one sample.
struct Walk<'a, 'f, 'p> {
    operation: &'a Operation,
    problems: &'p mut Problems,
    found: Vec<Deviation<'f>>,
}

impl<'a, 'f, 'p> Walk<'a, 'f, 'p> {
    fn new(operation: &'a Operation, problems: &'p mut Problems) -> Self {
        Self {
            operation,
            problems,
            found: Vec::new(),
        }
    }

    fn part(&self, name: &str) -> Option<&'a Struct> {
        Type::find(&self.operation.types, name)
    }

    fn values(&self, ty: &Ty) -> Vec<&'a str> {
        let values = Type::values(&self.operation.types, ty.named().unwrap_or_default());
        values.iter().map(|value| value.wire.as_str()).collect()
    }

    fn complain(&mut self, spot: Spot<'_>, message: impl Into<String>) {
        self.problems.push(spot.problem(message));
    }

    fn deviates(&mut self, kind: &'static str, spot: Spot<'f>, message: impl Into<String>) {
        let message = message.into();
        self.found.push(Deviation {
            kind,
            spot,
            key: None,
            message,
        });
    }

    fn key_deviates(
        &mut self,
        kind: &'static str,
        spot: Spot<'f>,
        key: &'f Member,
        message: String,
    ) {
        self.found.push(Deviation {
            kind,
            spot,
            key: Some(key),
            message,
        });
    }

    /// A request, or a part of one: nothing is forgiven.
    fn strict(&mut self, spot: Spot<'f>, of: &Struct) {
        let Value::Object(members) = &spot.node.value else {
            let kind = spot.node.value.kind();
            self.complain(spot, format!("this is {kind}, and an object is described"));
            return;
        };
        for member in members {
            match of.fields.iter().find(|field| field.wire == member.key) {
                Some(field) => {
                    self.strict_value(spot.with(&member.node), field, &field.ty, &field.limits)
                }
                None => {
                    let known = of.fields.iter().map(|field| field.wire.as_str());
                    let hint = hint(&member.key, known);
                    let message = format!("{:?} is not described{hint}", member.key);
                    self.problems.push(spot.problem_with_key(member, message));
                }
            }
        }
        let has = |index: &usize| {
            let field = of.fields.get(*index);
            field.is_some_and(|field| members.iter().any(|member| member.key == field.wire))
        };
        for field in of
            .required()
            .filter(|field| members.iter().all(|m| m.key != field.wire))
        {
            self.complain(spot, format!("{:?} is required and missing", field.wire));
        }
        for require in &of.require {
            let (indexes, holds, wanted) = match require {
                Require::AnyOf(all) => (all, all.iter().any(has), "at least one of"),
                Require::OneOf(all) => (
                    all,
                    all.iter().filter(|i| has(i)).count() == 1,
                    "exactly one of",
                ),
                Require::Together(all) => {
                    let count = all.iter().filter(|index| has(index)).count();
                    (all, count == 0 || count == all.len(), "all or none of")
                }
                Require::Fits {
                    list,
                    size,
                    default,
                } => {
                    self.fits(spot, of, [*list, *size], *default);
                    continue;
                }
            };
            if !holds {
                let names: Vec<&str> = indexes
                    .iter()
                    .filter_map(|i| of.fields.get(*i))
                    .map(|f| f.wire.as_str())
                    .collect();
                self.complain(
                    spot,
                    format!("{wanted} {} must be given", crate::diag::list(&names)),
                );
            }
        }
    }

    /// The list of a request is no longer than the number says.
    fn fits(&mut self, spot: Spot<'f>, of: &Struct, fields: [usize; 2], default: u64) {
        let Value::Object(members) = &spot.node.value else {
            return;
        };
        let [list, size] = fields.map(|index| {
            let wire = of.fields.get(index).map(|field| &field.wire);
            let member = members.iter().find(|member| Some(&member.key) == wire);
            member.map(|member| &member.node.value)
        });
        let size = match size {
            Some(Value::Number(digits)) => digits.parse().unwrap_or(default),
            _ => default,
        };
        if let Some(Value::List(items)) = list
            && items.len() as u64 > size
        {
            let message = format!(
                "{} items, and only {size} of them are answered",
                items.len()
            );
            self.complain(spot, message);
        }
    }

    fn strict_value(&mut self, spot: Spot<'f>, field: &Field, ty: &Ty, limits: &Limits) {
        match (ty, &spot.node.value) {
            (_, Value::Null) => self.complain(spot, "a request leaves out what it does not say"),
            (Ty::String, Value::Text(text))
                if limits.format == Some(Format::Md5) && *text != text.to_lowercase() =>
            {
                self.complain(spot, "a hash is sent in lower case");
            }
            (_, Value::Text(text))
                if field.place == Some(Place::Header)
                    && (text.trim() != text || text.contains(char::is_control)) =>
            {
                let message = "a header has no line ends, and no blanks at either end";
                self.complain(spot, message);
            }
            (_, Value::Text(text))
                if field.place == Some(Place::Path) && matches!(text.as_str(), "." | "..") =>
            {
                self.complain(spot, "this part of the path would lead elsewhere");
            }
            (Ty::Decimal, Value::Text(_)) => {
                let message =
                    "an amount is sent as a number; if the service wants a text, it is a `string`";
                self.complain(spot, message);
            }
            (Ty::List(item), Value::List(nodes)) => {
                if let Some(message) = items_complaint(limits, nodes.len() as u64) {
                    self.complain(spot, message);
                }
                for node in nodes {
                    self.strict_value(spot.with(node), field, item, &field.each);
                }
            }
            (Ty::Map(item), Value::Object(members)) => {
                for member in members {
                    self.strict_value(spot.with(&member.node), field, item, &Limits::default());
                }
            }
            (Ty::Struct(name), _) => {
                if let Some(part) = self.part(name) {
                    self.strict(spot, part);
                }
            }
            (ty, value) => {
                if let Some(message) = complaint(ty, limits, &self.values(ty), value) {
                    self.complain(spot, message);
                }
            }
        }
    }

    /// The answer, or a row of it: without one described field it would pass for a row in which
    /// everything is absent, so the decoder refuses it.
    fn record(&mut self, spot: Spot<'f>, of: &Struct) {
        let Value::Object(members) = &spot.node.value else {
            return;
        };
        let known = |member: &Member| field_for(of, &member.key).is_some();
        if !of.fields.is_empty() && !members.iter().any(known) {
            self.complain(
                spot,
                "this has none of the described fields, which a decoder refuses",
            );
        }
    }

    fn row(&mut self, spot: Spot<'f>, field: &Field, item: &Ty) -> Value {
        if let Ty::Struct(name) = item
            && let Some(part) = self.part(name)
        {
            self.record(spot, part);
        }
        self.value(spot, field, item, &field.each)
    }

    /// An answer, or a part of one. Returns it as it is written back after decoding.
    fn object(&mut self, spot: Spot<'f>, of: &Struct, skip: &[&str]) -> Value {
        let Value::Object(members) = &spot.node.value else {
            let kind = spot.node.value.kind();
            self.complain(spot, format!("this is {kind}, and an object is described"));
            return Value::Object(Vec::new());
        };
        let mut found: Vec<(&Field, &Member)> = Vec::new();
        for member in members {
            if skip.contains(&member.key.as_str()) {
                continue;
            }
            let Some((field, exact)) = field_for(of, &member.key) else {
                let known = of.fields.iter().map(|field| field.wire.as_str());
                let hint = hint(&member.key, known);
                let message = format!("{:?} is not described{hint}", member.key);
                self.key_deviates("unknown_field", spot.with(&member.node), member, message);
                continue;
            };
            if let Some((_, first)) = found.iter().find(|(known, _)| known.wire == field.wire) {
                let message = format!("{:?} and {:?} are one field", first.key, member.key);
                self.problems.push(spot.problem_with_key(member, message));
                continue;
            }
            if !exact {
                let message = format!(
                    "the key {:?} is {:?} in the description",
                    member.key, field.wire
                );
                self.key_deviates("key_spelling", spot.with(&member.node), member, message);
            }
            found.push((field, member));
        }
        let mut corrected = Vec::new();
        for field in &of.fields {
            let node = found
                .iter()
                .find(|(known, _)| known.wire == field.wire)
                .map(|(_, member)| *member);
            let value = match node {
                Some(member) => self.present(spot.with(&member.node), field, of),
                None if field.required => {
                    let message = format!(
                        "{:?} is promised (`required`) and missing; a promise that the source breaks is none",
                        field.wire
                    );
                    self.complain(spot, message);
                    None
                }
                None => None,
            };
            let value = value.or_else(|| absent(field, of));
            corrected.extend(value.map(|value| Member {
                key: field.wire.clone(),
                at: 0,
                node: Node { at: 0, value },
            }));
        }
        Value::Object(corrected)
    }

    /// A field that the sample has; `None` if it reads as absent.
    fn present(&mut self, spot: Spot<'f>, field: &Field, of: &Struct) -> Option<Value> {
        // Only a JSON that is always there can be null itself.
        let is_itself = field.ty == Ty::Json && !of.is_optional(field);
        if matches!(spot.node.value, Value::Null) && !is_itself {
            let wire = &field.wire;
            if field.required
                && !of.is_optional(field)
                && !(field.ty.is_collection() && field.limits.min_items.is_none())
            {
                self.complain(
                    spot,
                    format!("{wire:?} is promised (`required`) and null here"),
                );
            } else if !field.nullable {
                self.deviates(
                    "undeclared_null",
                    spot,
                    format!("{wire:?} is null here and not `nullable`"),
                );
            }
            return None;
        }
        if let Some(key) = &field.wrapper {
            let Some(inner) = spot.node.value.member(key) else {
                let message = format!("this list is described as wrapped in {{ {key:?}: [ … ] }}");
                self.complain(spot, message);
                return None;
            };
            let list = self.value(spot.with(inner), field, &field.ty, &field.limits);
            return Some(wrap(key, list));
        }
        Some(self.value(spot, field, &field.ty, &field.limits))
    }

    fn value(&mut self, spot: Spot<'f>, field: &Field, ty: &Ty, limits: &Limits) -> Value {
        let value = &spot.node.value;
        match (ty, value) {
            (Ty::List(item), Value::List(nodes)) => {
                if let Some(message) = items_complaint(limits, nodes.len() as u64) {
                    self.complain(spot, message);
                }
                let nodes = nodes.iter().map(|node| Node {
                    at: 0,
                    value: self.row(spot.with(node), field, item),
                });
                Value::List(nodes.collect())
            }
            (Ty::List(item), Value::Object(_)) if !matches!(**item, Ty::List(_) | Ty::Json) => {
                self.deviates("single_for_list", spot, "a single object stands for a list");
                let value = self.row(spot, field, item);
                Value::List(vec![Node { at: 0, value }])
            }
            (Ty::Map(item), Value::Object(members)) => {
                let members = members.iter().map(|member| Member {
                    key: member.key.clone(),
                    at: 0,
                    node: Node {
                        at: 0,
                        value: self.value(spot.with(&member.node), field, item, &Limits::default()),
                    },
                });
                Value::Object(members.collect())
            }
            (Ty::Struct(name), _) => match self.part(name) {
                Some(part) => self.object(spot, part, &[]),
                None => value.clone(),
            },
            _ => self.scalar(spot, ty, limits),
        }
    }

    fn scalar(&mut self, spot: Spot<'f>, ty: &Ty, limits: &Limits) -> Value {
        let value = &spot.node.value;
        let bent = match (ty, value) {
            (Ty::Int | Ty::Uint | Ty::Float | Ty::IntEnum(_), Value::Text(text)) => {
                number_of(ty, text.trim()).map(|number| {
                    let message = "a text stands for a number";
                    ("text_for_number", message, Value::Number(number))
                })
            }
            (Ty::String | Ty::Enum(_), Value::Number(text)) => {
                let text = Value::Text(text.clone());
                Some(("number_for_text", "a number stands for a text", text))
            }
            (Ty::Bool, Value::Text(_) | Value::Number(_)) => {
                let flag = match value {
                    Value::Number(text) if text == "1" => Some(true),
                    Value::Number(text) if text == "0" => Some(false),
                    Value::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
                    Value::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
                    _ => None,
                };
                flag.map(|flag| {
                    (
                        "other_for_flag",
                        "something else stands for a boolean",
                        Value::Bool(flag),
                    )
                })
            }
            _ => None,
        };
        let straight = match bent {
            Some((kind, message, straight)) => {
                self.deviates(kind, spot, message);
                straight
            }
            None => value.clone(),
        };
        if let Some(message) = complaint(ty, limits, &self.values(ty), &straight) {
            self.complain(spot, message);
        }
        straight
    }
}

/// The number that a decoder reads off a text, as JSON has it.
fn number_of(ty: &Ty, text: &str) -> Option<String> {
    match ty {
        Ty::Int | Ty::IntEnum(_) => text.parse::<i64>().ok().map(|number| number.to_string()),
        Ty::Uint => text.parse::<u64>().ok().map(|number| number.to_string()),
        _ => {
            let number = text.parse::<f64>().ok();
            let number = number.filter(|number| {
                number.is_finite() && text.ends_with(|c: char| c.is_ascii_digit())
            });
            number.map(|number| format!("{number:?}"))
        }
    }
}

/// The field that a key of an answer belongs to, and whether the key is spelt as described.
fn field_for<'f>(of: &'f Struct, key: &str) -> Option<(&'f Field, bool)> {
    let named = |key: &str| {
        let mut fields = of.fields.iter();
        fields.find(|field| field.wire == key || field.aliases.iter().any(|alias| alias == key))
    };
    if let Some(field) = named(key) {
        return Some((field, true));
    }
    let folded = |field: &&Field| field.wire.eq_ignore_ascii_case(key.trim());
    let bent = named(key.trim()).or_else(|| of.fields.iter().find(folded));
    bent.map(|field| (field, false))
}

/// What an absent field is written back as.
fn absent(field: &Field, of: &Struct) -> Option<Value> {
    if of.is_optional(field) {
        return None;
    }
    let empty = match &field.ty {
        Ty::List(_) => Value::List(Vec::new()),
        Ty::Map(_) => Value::Object(Vec::new()),
        _ => return None,
    };
    Some(match &field.wrapper {
        Some(key) => wrap(key, empty),
        None => empty,
    })
}

fn wrap(key: &str, list: Value) -> Value {
    Value::Object(vec![Member {
        key: key.to_owned(),
        at: 0,
        node: Node { at: 0, value: list },
    }])
}

fn items_complaint(limits: &Limits, count: u64) -> Option<String> {
    match (limits.min_items, limits.max_items) {
        (Some(min), _) if count < min => Some(format!("{count} items are fewer than {min}")),
        (_, Some(max)) if count > max => Some(format!("{count} items are more than {max}")),
        _ => None,
    }
}

/// What is wrong with a single value of a type.
pub fn complaint(ty: &Ty, limits: &Limits, values: &[&str], value: &Value) -> Option<String> {
    let fits = match (ty, value) {
        (Ty::Unknown | Ty::Json, _) => return None,
        (Ty::String, Value::Text(text)) => return text_complaint(limits, text),
        (Ty::Enum(name), Value::Text(text)) | (Ty::IntEnum(name), Value::Number(text)) => {
            return (!values.contains(&text.as_str())).then(|| {
                let hint = hint(text, values.iter().copied());
                let shown = match ty {
                    Ty::IntEnum(_) => text.clone(),
                    _ => format!("{text:?}"),
                };
                format!("{shown} is not among the values of {name}{hint}")
            });
        }
        (Ty::Bool, Value::Bool(_)) => true,
        (Ty::Float, Value::Number(text)) => text.parse().is_ok_and(f64::is_finite),
        // There is no negative zero among whole numbers, so it would not come back.
        (Ty::Int, Value::Number(text)) => text.parse::<i64>().is_ok() && text != "-0",
        (Ty::Uint, Value::Number(text)) => text.parse::<u64>().is_ok(),
        (Ty::Decimal, Value::Number(text) | Value::Text(text)) => is_decimal(text),
        _ => false,
    };
    if !fits {
        let name = crate::types::spelling(ty);
        if let (Ty::Int | Ty::Uint | Ty::Float | Ty::Decimal, Value::Number(text)) = (ty, value) {
            return Some(format!("{text} does not fit a `{name}`"));
        }
        let shown = scalar_text(value).filter(|_| !matches!(value, Value::Null));
        let shown = shown.map_or("this".to_owned(), |text| format!("{text:?}"));
        return Some(format!(
            "{shown} is {}, and a `{name}` is described",
            value.kind()
        ));
    }
    let number: f64 = match value {
        Value::Number(text) | Value::Text(text) => text.replace(',', "").parse().ok()?,
        _ => return None,
    };
    let limit = |text: &Option<String>| text.as_ref().and_then(|text| text.parse::<f64>().ok());
    match (limit(&limits.min), limit(&limits.max)) {
        (Some(min), _) if number < min => Some(format!("{number} is below {min}")),
        (_, Some(max)) if number > max => Some(format!("{number} is above {max}")),
        _ => None,
    }
}

fn text_complaint(limits: &Limits, text: &str) -> Option<String> {
    let length = text.chars().count() as u64;
    if limits.min_len.is_some_and(|min| min > 0) && text.trim().is_empty() {
        return Some(format!("{text:?} is blank"));
    }
    if let Some(min) = limits.min_len.filter(|min| length < *min) {
        return Some(format!(
            "{text:?} has {length} characters, fewer than {min}"
        ));
    }
    if let Some(max) = limits.max_len.filter(|max| length > *max) {
        return Some(format!("{text:?} has {length} characters, more than {max}"));
    }
    let format = limits.format.filter(|format| !format.matches(text))?;
    Some(format!("{text:?} is not written as {}", format.shape()))
}

/// `12`, `-12.50`, `1,828.72`, `4.5e3`, with no more digits than an amount holds exactly.
fn is_decimal(text: &str) -> bool {
    let plain = text.trim().replace(',', "").to_lowercase();
    let (mantissa, exponent) = plain.split_once('e').unwrap_or((&plain, "0"));
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    let shift = exponent.parse::<i8>().map(i8::unsigned_abs);
    mantissa
        .trim_start_matches('-')
        .starts_with(|c: char| c.is_ascii_digit())
        && plain.parse::<f64>().is_ok()
        && shift.is_ok_and(|shift| digits + usize::from(shift) <= 28)
}
