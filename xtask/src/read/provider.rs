//! One provider.

use std::path::Path;

use crate::load::files;
use crate::load::located::Located;
use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::model::{Envelope, Provider};
use crate::names;
use crate::wording::hint;

use super::envelope::envelope;
use super::error_codes::error_codes;
use super::http::provider_http;
use super::service::{self, Defaults};

/// Reads the provider in a folder of `fixtures/`.
pub(super) fn read(root: &Path, name: &str, problems: &mut Problems) -> Option<Provider> {
    let path = format!("fixtures/{name}/provider.json");
    let folder = root.join("fixtures").join(name);
    if !names::is_snake(name) {
        let message =
            "the folder of a provider has a lower-case name, which is the name of its crate";
        problems.push_for_file(format!("fixtures/{name}"), message);
        return None;
    }
    if !folder.join("provider.json").is_file() {
        problems.push_for_file(
            path,
            "provider.json is missing: every folder of fixtures describes a provider",
        );
        return None;
    }
    let file = files::read_json(root, &path, problems)?;
    let located = Located::whole(&file);
    let object = Object::open(&located, "provider", problems)?;
    report_other_than_folder(&object, "provider", name, problems);
    if !root.join("crates").join(name).join("Cargo.toml").is_file() {
        let message = format!(
            "there is no crate in crates/{name}; a provider needs one that signs its requests"
        );
        object.report_if_present("provider", message, problems);
    }
    let marker = object.text("marker", problems);
    if let Some(marker) = marker.as_deref().filter(|marker| !names::is_pascal(marker)) {
        let message = format!("{marker:?} cannot name a type; use PascalCase");
        object.report_if_present("marker", message, problems);
    }
    let doc = object.prose("doc", problems);
    let http = provider_http(&object, problems);
    let envelope = object
        .get("envelope")
        .and_then(|located| envelope(&located, problems));
    let errors = error_codes(&object, problems);
    let services = object
        .get("services")
        .and_then(|located| Object::open_map(&located, problems))?;

    let folders: Vec<String> = files::entries(root, &format!("fixtures/{name}"), problems)
        .into_iter()
        .filter(|entry| entry != "provider.json")
        .collect();
    let declared: Vec<&str> = services.members().map(|(m, _)| m.key.as_str()).collect();
    for entry in &folders {
        let path = format!("fixtures/{name}/{entry}");
        if !folder.join(entry).is_dir() {
            problems.push_for_file(
                path,
                "this file does not belong here: a provider has provider.json and services",
            );
        } else if !declared.contains(&entry.as_str()) {
            let hint = hint(entry, declared.iter().copied());
            let message = format!("provider.json declares no service {entry:?}{hint}");
            problems.push_for_file(path, message);
        }
    }
    // Operations are checked against these two: without them, correct samples would be reported. The
    // marker and the doc change nothing below, so their absence does not keep problems of operations
    // from being found.
    let defaults = Defaults {
        provider: name,
        http: http?,
        envelope: envelope?,
        errors,
    };
    let mut read = Vec::new();
    for (member, located) in services.members() {
        if !folders.contains(&member.key) {
            let message = format!("there is no folder fixtures/{name}/{}", member.key);
            problems.push(services.located.problem_with_key(member, message));
            continue;
        }
        read.extend(service::read(
            root,
            &defaults,
            &member.key,
            located,
            problems,
        ));
    }
    read.sort_by(|a, b| a.name.cmp(&b.name));
    Some(Provider {
        name: name.to_owned(),
        marker: marker?,
        doc: doc?,
        lists: defaults.http.lists,
        envelope: defaults.envelope,
        errors: defaults.errors,
        services: read,
        fixture_path: path,
    })
}

/// The envelope that a new operation of a service would have, for a draft of it: `provider.json` is read
/// only as far as that needs.
pub fn envelope_for_new_operation(
    root: &Path,
    provider: &str,
    service: &str,
    problems: &mut Problems,
) -> Option<Envelope> {
    let file = files::read_json(
        root,
        &format!("fixtures/{provider}/provider.json"),
        problems,
    )?;
    let object = Object::open(&Located::whole(&file), "provider", problems)?;
    let services = object
        .get("services")
        .and_then(|located| Object::open_map(&located, problems))?;
    let Some(located) = services.get(service) else {
        let declared = services.members().map(|(member, _)| member.key.as_str());
        let hint = hint(service, declared.collect::<Vec<_>>());
        let message = format!("there is no service {service:?}{hint}; declare a new one here");
        problems.push(services.located.problem(message));
        return None;
    };
    let service = Object::open(&located, "service", problems)?;
    let own = service.get("envelope").or_else(|| object.get("envelope"))?;
    envelope(&own, problems)
}

/// Reports a name that differs from that of the folder.
fn report_other_than_folder(object: &Object<'_>, key: &str, folder: &str, problems: &mut Problems) {
    let Some(name) = object.text(key, problems) else {
        return;
    };
    if name != folder {
        let message = format!("the folder is called {folder:?}, so {key:?} must be {folder:?}");
        object.report_if_present(key, message, problems);
    }
}
