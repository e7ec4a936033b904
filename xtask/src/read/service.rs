//! One service.

use std::collections::HashMap;
use std::path::Path;

use crate::load::files;
use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::load::spot::Spot;
use crate::model::{Envelope, ErrorCode, Service, Type};
use crate::names;

use super::facts::{self, Http, Inherited};
use super::operation;
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

/// Reads a service: its entry in `provider.json` and its operations.
pub(super) fn read(
    root: &Path,
    provider: &str,
    (name, spot): (&str, Spot<'_>),
    http: &Http,
    envelope: &Envelope,
    errors: &[ErrorCode],
    problems: &mut Problems,
) -> Option<Service> {
    let before = problems.len();
    if !names::is_snake(name) {
        let message = format!("{name:?} cannot name a module; use lower case");
        problems.push(spot.problem(message));
    }
    let source = root.join("crates").join(provider).join("src");
    if TAKEN.contains(&name)
        || source.join(format!("{name}.rs")).is_file()
        || source.join(name).is_dir()
    {
        let message = format!("the crate of the provider already has an item {name:?}");
        problems.push(spot.problem(message));
    }
    let object = Object::open(&spot, "service", problems)?;
    let doc = facts::doc(&object, problems);
    let host = object.text("host", problems);
    if host.as_deref().is_some_and(|host| host.contains('/')) {
        let message = "a host has no scheme and no path, as in \"ip.tencentcloudapi.com\"";
        object.complain("host", message, problems);
    }
    let version = object.text("version", problems);
    let own_errors = facts::errors(&object, problems);
    let shared = types::shared(&object, problems);
    let own_envelope = object
        .get("envelope")
        .and_then(|spot| facts::envelope(&spot, problems));

    let shown = format!("fixtures/{provider}/{name}");
    let folders = files::entries(root, &shown, problems);
    if folders.is_empty() {
        problems.file(shown.clone(), "this service has no operation; remove it");
    }
    let inherited = Inherited {
        http,
        envelope: own_envelope.as_ref().unwrap_or(envelope),
        errors: [&own_errors, errors],
        types: &shared,
        is_sound: problems.len() == before,
    };
    let before = problems.len();
    let mut operations = Vec::new();
    let mut taken = HashMap::new();
    for folder in &folders {
        let path = format!("{shown}/{folder}");
        if root.join(&path).is_dir() {
            operations.extend(operation::read(
                root, &path, folder, &inherited, &mut taken, problems,
            ));
        } else {
            let message = "this file does not belong here: a service has one folder per operation";
            problems.file(path, message);
        }
    }
    let used = |name: &str| {
        let mut types = operations.iter().flat_map(|operation| &operation.types);
        types.any(|ty| matches!(ty, Type::Enum(known) if known.shared && known.name == name))
    };
    // An operation with a mistake may use it.
    let all_are_read = problems.len() == before;
    for known in shared
        .iter()
        .filter(|known| all_are_read && !used(&known.name))
    {
        let message = format!(
            "nothing uses the type {:?}; use it or remove it",
            known.name
        );
        object.complain("types", message, problems);
    }
    Some(Service {
        name: name.to_owned(),
        host: host?,
        version,
        doc,
        errors: own_errors,
        types: shared,
        envelope: own_envelope,
        operations,
    })
}
