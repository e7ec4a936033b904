//! One operation.

use std::collections::HashMap;
use std::path::Path;

use crate::check::samples::{self, Description};
use crate::load::files;
use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::load::spot::Spot;
use crate::model::{Behavior, Doc, Notes, Operation, Source, Type};
use crate::names;

use super::conditions::conditions;
use super::facts::{self, Inherited};
use super::fields::{Role, fields};
use super::paging;
use super::places;
use super::types::{self, Kind, Types, is_reserved};
use super::usage;

/// Reads the operation at a path, in a folder of its name. `taken` has the names that other
/// operations of the service use, with the operation that each belongs to.
pub(super) fn read(
    root: &Path,
    path: &str,
    folder: &str,
    above: &Inherited<'_>,
    taken: &mut HashMap<String, String>,
    problems: &mut Problems,
) -> Option<Operation> {
    let shown = format!("{path}/operation.json");
    if !root.join(&shown).is_file() {
        problems.file(
            shown,
            "operation.json is missing: every folder of a service describes an operation",
        );
        return None;
    }
    let file = files::file(root, &shown, problems)?;
    let object = Object::open(&Spot::root(&file), "operation", problems)?;
    let name = name(&object, folder, taken, problems)?;
    let before = problems.len();
    let doc = operation_doc(&object, problems);
    let access = object.prose("access", problems);
    let source = source(&object, problems);
    let http_object = object
        .get("http")
        .and_then(|spot| Object::open(&spot, "http", problems));
    let http = http_object.as_ref().map_or_else(
        || above.http.clone(),
        |object| facts::http(object, above.http, problems),
    );
    let envelope = object
        .get("envelope")
        .and_then(|spot| facts::envelope(&spot, problems));
    let behavior = behavior(&object, problems);
    let (rate_limit, rate_notes) = rate_limit(&object, problems);
    let errors = facts::errors(&object, problems);
    let known: Vec<_> = errors
        .iter()
        .chain(above.errors.into_iter().flatten())
        .collect();
    let no_record = facts::no_record(&object, &known, problems);

    let names = Types::declared(&object, above.types, &name, taken, problems);
    let mut input = fields(&object, "input", &names, Role::Input, problems);
    input.name.clone_from(&name);
    input.sent = true;
    input.require = conditions(&object, &input, problems);
    let mut output = fields(&object, "output", &names, Role::Output, problems);
    output.name = format!("{name}Output");
    output.received = true;
    let mut all = named_types(&names, problems);
    usage::resolve(&names, &mut input, &mut output, &mut all, problems);
    places::check(&object, &http, &mut input, problems);
    let (pagination, paging_notes) = paging::pagination(&object, &input, &output, &all, problems);

    let mut operation = Operation {
        name,
        module: folder.to_owned(),
        doc,
        access,
        source,
        method: http.method,
        path: http.path,
        params: http.params,
        http_notes: http.notes,
        behavior,
        rate_limit,
        rate_notes,
        pagination,
        paging_notes,
        no_record,
        input,
        output,
        types: all,
        errors,
        envelope,
        examples: Vec::new(),
        path_of_fixture: shown,
    };
    let [of_service, of_provider] = above.errors;
    let description = Description {
        operation: &operation,
        envelope: operation.envelope.as_ref().unwrap_or(above.envelope),
        errors: [&operation.errors, of_service, of_provider],
        is_sound: above.is_sound && problems.len() == before,
    };
    let examples = samples::read(root, path, &object, &description, problems);
    operation.examples = examples;
    Some(operation)
}

fn name(
    object: &Object<'_>,
    folder: &str,
    taken: &HashMap<String, String>,
    problems: &mut Problems,
) -> Option<String> {
    let name = object.text("operation", problems)?;
    let spot = object.get("operation")?;
    if !names::is_pascal(&name) {
        problems.push(spot.problem(format!("{name:?} cannot name a type; use PascalCase")));
        return None;
    }
    let snake = names::snake(&name);
    if snake != folder {
        problems.push(spot.problem(format!(
            "{name:?} belongs in the folder {snake:?}, not {folder:?}"
        )));
    }
    if let Some(complaint) = unusable(&name) {
        problems.push(spot.problem(complaint));
    } else if let Some(other) = taken.get(&name) {
        problems.push(spot.problem(format!(
            "{other} uses the name {name:?}, and the service exports both; use another name there"
        )));
    }
    Some(name)
}

/// Why generated code cannot have an operation of a name.
pub fn unusable(name: &str) -> Option<String> {
    let snake = names::snake(name);
    if is_reserved(name) {
        Some(format!("the generated code uses the name {name:?} itself"))
    } else if snake == "standing_core" {
        Some(format!("{snake:?} is the name of the core crate"))
    } else if names::is_keyword(&snake) {
        Some(format!("{snake:?} is a keyword and cannot name a module"))
    } else {
        None
    }
}

/// Reads the doc. The `source` of an operation is an object and not part of it.
fn operation_doc(object: &Object<'_>, problems: &mut Problems) -> Doc {
    Doc {
        text: object.prose("doc", problems).unwrap_or_default(),
        notes: Notes {
            assumed: object.prose("assumed", problems),
            source: None,
        },
    }
}

fn source(object: &Object<'_>, problems: &mut Problems) -> Source {
    object
        .get("source")
        .and_then(|spot| Object::open(&spot, "source", problems))
        .map(|source| Source {
            title: source.text("title", problems).unwrap_or_default(),
            publisher: source.text("publisher", problems).unwrap_or_default(),
            updated: source.text("updated", problems),
            url: source.text("url", problems),
        })
        .unwrap_or_default()
}

fn behavior(object: &Object<'_>, problems: &mut Problems) -> Behavior {
    let Some(object) = object
        .get("behavior")
        .and_then(|spot| Object::open(&spot, "behavior", problems))
    else {
        return Behavior::default();
    };
    let reads = object.choice("effect", &[("read", true), ("write", false)], problems);
    let reads = reads.unwrap_or(false);
    let idempotent = object.flag("idempotent", problems);
    if reads && idempotent {
        let message = "reads are always retried; `idempotent` is for writes";
        object.complain("idempotent", message, problems);
    }
    Behavior {
        reads,
        idempotent,
        metered: object.flag("metered", problems),
        notes: facts::notes(&object, problems),
    }
}

fn rate_limit(object: &Object<'_>, problems: &mut Problems) -> (Option<(u64, u64)>, Notes) {
    let Some(object) = object
        .get("rate_limit")
        .and_then(|spot| Object::open(&spot, "rate_limit", problems))
    else {
        return (None, Notes::default());
    };
    let mut parts = ["requests", "seconds"].map(|key| {
        let count = object.count(key, problems)?;
        if (1..=u64::from(u32::MAX)).contains(&count) {
            return Some(count);
        }
        let message = format!("{count} {key} is not a rate");
        object.complain(key, message, problems);
        None
    });
    let rate = match &mut parts {
        [Some(requests), Some(seconds)] => Some((*requests, *seconds)),
        _ => None,
    };
    (rate, facts::notes(&object, problems))
}

/// Reads the types that the operation declares.
fn named_types(names: &Types<'_>, problems: &mut Problems) -> Vec<Type> {
    let read = names.own.iter().filter_map(|declared| match declared.kind {
        Kind::Broken => None,
        Kind::Enum(..) => types::enumeration(declared, problems).map(Type::Enum),
        Kind::Struct => {
            let object = Object::open(&declared.spot, "struct", problems)?;
            let mut part = fields(&object, "fields", names, Role::Part, problems);
            part.name = declared.name.to_owned();
            part.doc = facts::doc(&object, problems);
            part.require = conditions(&object, &part, problems);
            Some(Type::Struct(part))
        }
    });
    read.collect()
}
