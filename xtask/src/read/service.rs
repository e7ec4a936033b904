//! One service.

use std::collections::HashMap;
use std::path::Path;

use crate::load::files;
use crate::load::located::Located;
use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::model::{Envelope, ErrorCode, Http, NamedType, Operation, Service};
use crate::names;

use super::doc::doc;
use super::envelope::envelope;
use super::error_codes::error_codes;
use super::operation::{self, Inherited};
use super::types;

/// Names of crates that generated code uses, and of the modules of core that a provider crate
/// re-exports.
const TAKEN: &[&str] = &[
    "alloc",
    "catalogue",
    "clock",
    "core",
    "operation",
    "paginated",
    "serde",
    "standing_core",
    "std",
];

/// What a provider sets for all its services.
pub(super) struct Defaults<'a> {
    /// Name of the provider.
    pub(super) provider: &'a str,
    /// How calls are sent.
    pub(super) http: Http,
    /// The envelope of responses.
    pub(super) envelope: Envelope,
    /// Codes that any operation may return.
    pub(super) errors: Vec<ErrorCode>,
}

/// Reads a service: its entry in `provider.json` and its operations.
pub(super) fn read(
    root: &Path,
    defaults: &Defaults<'_>,
    name: &str,
    located: Located<'_>,
    problems: &mut Problems,
) -> Option<Service> {
    let Defaults { provider, .. } = defaults;
    let before_service = problems.len();
    if !names::is_snake(name) {
        let message = format!("{name:?} cannot name a module; use lower case");
        problems.push(located.problem(message));
    }
    // The crate declares a module for each service, beside those that are written by hand.
    let source = root.join("crates").join(provider).join("src");
    if TAKEN.contains(&name)
        || source.join(format!("{name}.rs")).is_file()
        || source.join(name).is_dir()
    {
        let message = format!("the crate of the provider already has a module {name:?}");
        problems.push(located.problem(message));
    }
    let object = Object::open(&located, "service", problems)?;
    let doc = doc(&object, problems);
    let host = object.text("host", problems);
    if host.as_deref().is_some_and(|host| host.contains('/')) {
        let message = "a host has no scheme and no path, as in \"ip.tencentcloudapi.com\"";
        object.report_if_present("host", message, problems);
    }
    let version = object.text("version", problems);
    let errors = error_codes(&object, problems);
    let shared = types::shared(&object, problems);
    let own_envelope = object
        .get("envelope")
        .and_then(|located| envelope(&located, problems));
    let inherited = Inherited {
        http: &defaults.http,
        envelope: own_envelope.as_ref().unwrap_or(&defaults.envelope),
        errors: [&errors, &defaults.errors],
        types: &shared,
        has_no_problems: problems.len() == before_service,
    };

    let before_operations = problems.len();
    let path = format!("fixtures/{provider}/{name}");
    let operations = operations(root, &path, &inherited, problems);
    let is_used = |name: &str| {
        let mut types = operations.iter().flat_map(|operation| &operation.types);
        types.any(|ty| matches!(ty, NamedType::Enum(used) if used.shared && used.name == name))
    };
    // An operation that could not be read may use any of the shared types.
    if problems.len() == before_operations {
        for unused in shared.iter().filter(|shared| !is_used(&shared.name)) {
            let message = format!(
                "nothing uses the type {:?}; use it or remove it",
                unused.name
            );
            object.report_if_present("types", message, problems);
        }
    }
    Some(Service {
        name: name.to_owned(),
        host: host?,
        version,
        doc,
        errors,
        types: shared,
        envelope: own_envelope,
        operations,
    })
}

/// Reads the operations in the folder of a service.
fn operations(
    root: &Path,
    path: &str,
    inherited: &Inherited<'_>,
    problems: &mut Problems,
) -> Vec<Operation> {
    let folders = files::entries(root, path, problems);
    if folders.is_empty() {
        problems.push_for_file(path, "this service has no operation; remove it");
    }
    let mut operations = Vec::new();
    let mut taken = HashMap::new();
    for folder in &folders {
        let path = format!("{path}/{folder}");
        if root.join(&path).is_dir() {
            operations.extend(operation::read(
                root, &path, folder, inherited, &mut taken, problems,
            ));
        } else {
            let message = "this file does not belong here: a service has one folder per operation";
            problems.push_for_file(path, message);
        }
    }
    operations
}
