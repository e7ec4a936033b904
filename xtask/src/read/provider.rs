//! One provider.

use std::path::Path;

use crate::load::files;
use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::load::spot::Spot;
use crate::model::{Envelope, Provider};
use crate::names;
use crate::words::hint;

use super::facts;
use super::service;

/// Reads the provider in a folder of `fixtures/`.
pub(super) fn read(root: &Path, name: &str, problems: &mut Problems) -> Option<Provider> {
    let path = format!("fixtures/{name}/provider.json");
    let folder = root.join("fixtures").join(name);
    if !names::is_snake(name) {
        let message =
            "the folder of a provider has a lower-case name, which is the name of its crate";
        problems.file(format!("fixtures/{name}"), message);
        return None;
    }
    if !folder.join("provider.json").is_file() {
        problems.file(
            path,
            "provider.json is missing: every folder of fixtures describes a provider",
        );
        return None;
    }
    let file = files::file(root, &path, problems)?;
    let spot = Spot::root(&file);
    let object = Object::open(&spot, "provider", problems)?;
    same_as_folder(&object, "provider", name, problems);
    if !root.join("crates").join(name).join("Cargo.toml").is_file() {
        let message = format!(
            "there is no crate in crates/{name}; a provider needs one that signs its requests and \
             parses its answers"
        );
        object.complain("provider", message, problems);
    }
    let marker = object.text("marker", problems);
    if let Some(marker) = marker.as_deref().filter(|marker| !names::is_pascal(marker)) {
        let message = format!("{marker:?} cannot name a type; use PascalCase");
        object.complain("marker", message, problems);
    }
    let doc = object.prose("doc", problems);
    let http = facts::defaults(&object, problems);
    let envelope = object
        .get("envelope")
        .and_then(|spot| facts::envelope(&spot, problems));
    let errors = facts::errors(&object, problems);
    let declared = object
        .get("services")
        .and_then(|spot| Object::open_any(&spot, problems))?;

    let folders: Vec<String> = files::entries(root, &format!("fixtures/{name}"), problems)
        .into_iter()
        .filter(|entry| entry != "provider.json")
        .collect();
    let known: Vec<&str> = declared.members().map(|(m, _)| m.key.as_str()).collect();
    for entry in &folders {
        let shown = format!("fixtures/{name}/{entry}");
        if !folder.join(entry).is_dir() {
            problems.file(
                shown,
                "this file does not belong here: a provider has provider.json and services",
            );
        } else if !known.contains(&entry.as_str()) {
            let hint = hint(entry, known.iter().copied());
            let message = format!("provider.json declares no service {entry:?}{hint}");
            problems.file(shown, message);
        }
    }
    // Without these two, everything below would be reported wrongly.
    let (http, envelope) = (http?, envelope?);
    let mut services = Vec::new();
    for (member, spot) in declared.members() {
        if !folders.contains(&member.key) {
            let message = format!("there is no folder fixtures/{name}/{}", member.key);
            problems.push(declared.spot.problem_with_key(member, message));
            continue;
        }
        let named = (member.key.as_str(), spot);
        services.extend(service::read(
            root, name, named, &http, &envelope, &errors, problems,
        ));
    }
    services.sort_by(|a, b| a.name.cmp(&b.name));
    Some(Provider {
        name: name.to_owned(),
        marker: marker?,
        doc: doc?,
        lists: http.lists,
        envelope,
        errors,
        services,
        path,
    })
}

/// The envelope of a new operation of a service.
pub fn envelope_of(
    root: &Path,
    provider: &str,
    service: &str,
    problems: &mut Problems,
) -> Option<Envelope> {
    let file = files::file(
        root,
        &format!("fixtures/{provider}/provider.json"),
        problems,
    )?;
    let object = Object::open(&Spot::root(&file), "provider", problems)?;
    let services = object
        .get("services")
        .and_then(|spot| Object::open_any(&spot, problems))?;
    let Some(spot) = services.get(service) else {
        let known = services.members().map(|(member, _)| member.key.as_str());
        let hint = hint(service, known.collect::<Vec<_>>());
        let message = format!("there is no service {service:?}{hint}; declare a new one here");
        problems.push(services.spot.problem(message));
        return None;
    };
    let service = Object::open(&spot, "service", problems)?;
    let envelope = service.get("envelope").or_else(|| object.get("envelope"))?;
    facts::envelope(&envelope, problems)
}

/// Reports a description whose folder has another name.
fn same_as_folder(object: &Object<'_>, key: &str, folder: &str, problems: &mut Problems) {
    let Some(name) = object.text(key, problems) else {
        return;
    };
    if name != folder {
        let message = format!("the folder is called {folder:?}, so {key:?} must be {folder:?}");
        object.complain(key, message, problems);
    }
}
