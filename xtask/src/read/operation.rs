//! One operation.

use std::collections::HashMap;
use std::path::Path;

use crate::check::samples::{self, SampleContext};
use crate::load::files;
use crate::load::located::Located;
use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::model::{
    Behavior, Doc, Effect, Enum, Envelope, ErrorCode, Http, NamedType, Operation, Provenance,
    RateLimit, Source, Struct,
};
use crate::names;

use super::conditions::conditions;
use super::doc;
use super::envelope::envelope;
use super::error_codes::{error_codes, no_record};
use super::fields::{Role, fields};
use super::http::http;
use super::pagination;
use super::places;
use super::types::{self, DeclaredKind, TypeNames, is_reserved};
use super::usage;

/// Everything that an operation inherits from its service and its provider.
#[derive(Debug)]
pub(super) struct Inherited<'a> {
    /// How calls are sent, unless the operation differs.
    pub http: &'a Http,
    /// The envelope of responses, unless the operation has its own.
    pub envelope: &'a Envelope,
    /// Codes of the service and of the provider, in the order in which they are searched.
    pub errors: [&'a [ErrorCode]; 2],
    /// Enumerations of the service.
    pub types: &'a [Enum],
    /// Whether the description of the service has no problems.
    pub has_no_problems: bool,
}

/// Reads the operation at a path, in a folder of its name. `taken` has the names that other
/// operations of the service use, with the operation that each belongs to.
pub(super) fn read(
    root: &Path,
    path: &str,
    folder: &str,
    inherited: &Inherited<'_>,
    taken: &mut HashMap<String, String>,
    problems: &mut Problems,
) -> Option<Operation> {
    let fixture_path = format!("{path}/operation.json");
    if !root.join(&fixture_path).is_file() {
        problems.push_for_file(
            fixture_path,
            "operation.json is missing: every folder of a service describes an operation",
        );
        return None;
    }
    let before = problems.len();
    let file = files::read_json(root, &fixture_path, problems)?;
    let object = Object::open(&Located::whole(&file), "operation", problems)?;
    let name = name(&object, folder, taken, problems)?;
    let doc = operation_doc(&object, problems);
    let access = object.prose("access", problems);
    let source = source(&object, problems);
    let http = object
        .get("http")
        .and_then(|located| Object::open(&located, "http", problems))
        .map_or_else(
            || inherited.http.clone(),
            |object| http(&object, inherited.http, problems),
        );
    let envelope = object
        .get("envelope")
        .and_then(|located| envelope(&located, problems));
    let behavior = behavior(&object, problems);
    let rate_limit = rate_limit(&object, problems);
    let errors = error_codes(&object, problems);
    let of_all: Vec<_> = errors
        .iter()
        .chain(inherited.errors.into_iter().flatten())
        .collect();
    let no_record = no_record(&object, &of_all, problems);

    // Fields need the names of the types, and types their fields. What follows needs both, each step
    // all of the steps before it: which types are parts of the request decides which fields are
    // optional, and that decides how pagination reads them.
    let names = TypeNames::collect(&object, inherited.types, Some(&name), taken, problems);
    let mut types = named_types(&names, problems);
    let input_fields = fields(&object, "input", &names, Role::Input, problems);
    let mut input = Struct {
        name: name.clone(),
        doc: Doc::default(),
        require: conditions(&object, &input_fields, problems),
        fields: input_fields,
        in_request: true,
        in_response: false,
    };
    let output = Struct {
        name: format!("{name}Output"),
        doc: Doc::default(),
        require: Vec::new(),
        fields: fields(&object, "output", &names, Role::Output, problems),
        in_request: false,
        in_response: true,
    };
    usage::resolve(&names, &input, &output, &mut types, problems);
    places::check(&object, &http, &input, problems);
    places::require_path_segments(&http, &mut input);
    let pagination = pagination::pagination(&object, &input, &output, &types, problems);

    let mut operation = Operation {
        name,
        module: folder.to_owned(),
        doc,
        access,
        source,
        http,
        behavior,
        rate_limit,
        pagination,
        no_record,
        input,
        output,
        types,
        errors,
        envelope,
        examples: Vec::new(),
        fixture_path,
    };
    let [of_service, of_provider] = inherited.errors;
    let context = SampleContext {
        operation: &operation,
        envelope: operation.envelope.as_ref().unwrap_or(inherited.envelope),
        errors: [&operation.errors, of_service, of_provider],
        has_no_problems: inherited.has_no_problems && problems.len() == before,
    };
    let examples = samples::read_and_check(root, path, &object, &context, problems);
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
    let located = object.get("operation")?;
    if !names::is_pascal(&name) {
        problems.push(located.problem(format!("{name:?} cannot name a type; use PascalCase")));
        return None;
    }
    let snake = names::snake(&name);
    if snake != folder {
        problems.push(located.problem(format!(
            "{name:?} belongs in the folder {snake:?}, not {folder:?}"
        )));
    }
    if let Some(problem) = name_problem(&name) {
        problems.push(located.problem(problem));
    } else if let Some(other) = taken.get(&name) {
        problems.push(located.problem(format!(
            "{other} uses the name {name:?}, and the service exports both; use another name there"
        )));
    }
    Some(name)
}

/// What is wrong with the name of an operation, if generated code cannot use it.
pub fn name_problem(name: &str) -> Option<String> {
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
        provenance: Provenance {
            assumed: object.prose("assumed", problems),
            source: None,
        },
    }
}

fn source(object: &Object<'_>, problems: &mut Problems) -> Source {
    object
        .get("source")
        .and_then(|located| Object::open(&located, "source", problems))
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
        .and_then(|located| Object::open(&located, "behavior", problems))
    else {
        return Behavior::default();
    };
    let effects = [("read", Effect::Read), ("write", Effect::Write)];
    let effect = object.choice("effect", &effects, problems);
    let effect = effect.unwrap_or_default();
    let idempotent = object.flag("idempotent", problems);
    if effect == Effect::Read && idempotent {
        let message = "reads are always retried; `idempotent` is for writes";
        object.report_if_present("idempotent", message, problems);
    }
    Behavior {
        effect,
        idempotent,
        metered: object.flag("metered", problems),
        provenance: doc::provenance(&object, problems),
    }
}

fn rate_limit(object: &Object<'_>, problems: &mut Problems) -> Option<RateLimit> {
    let object = object
        .get("rate_limit")
        .and_then(|located| Object::open(&located, "rate_limit", problems))?;
    let [requests, seconds] = ["requests", "seconds"].map(|key| {
        let count = object.count(key, problems)?;
        if (1..=u64::from(u32::MAX)).contains(&count) {
            return Some(count);
        }
        let message = format!("{count} {key} is not a rate");
        object.report_if_present(key, message, problems);
        None
    });
    let provenance = doc::provenance(&object, problems);
    Some(RateLimit {
        requests: requests?,
        seconds: seconds?,
        provenance,
    })
}

/// Reads the types that the operation declares.
fn named_types(names: &TypeNames<'_>, problems: &mut Problems) -> Vec<NamedType> {
    let read = names.own.iter().filter_map(|declared| match declared.kind {
        DeclaredKind::Broken => None,
        DeclaredKind::Enum(..) => types::enumeration(declared, problems).map(NamedType::Enum),
        DeclaredKind::Struct => {
            let object = Object::open(&declared.located, "struct", problems)?;
            let fields = fields(&object, "fields", names, Role::Named, problems);
            Some(NamedType::Struct(Struct {
                name: declared.name.to_owned(),
                doc: doc::doc(&object, problems),
                require: conditions(&object, &fields, problems),
                fields,
                // `usage` sets both.
                in_request: false,
                in_response: false,
            }))
        }
    });
    read.collect()
}
