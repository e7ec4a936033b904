//! Walks the fixture folders and reads what providers and services say.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use crate::diag::{Problems, hint};
use crate::json::{self, File, Spot, Value};
use crate::model::{
    CodeKind, Doc, Enum, Envelope, ErrorCode, Lists, Method, Notes, Params, Provider, Service,
    Success, Type,
};
use crate::names;
use crate::operation;
use crate::read::{Object, keys, texts, wrong};
use crate::types;

/// Folders under `fixtures/` that describe no provider.
pub const OTHER_FOLDERS: &[&str] = &["schema", "signing"];

/// Names that mean a crate wherever the modules of services are in sight.
const NAMES_OF_CRATES: &[&str] = &["alloc", "core", "serde", "standing_core", "std"];

const PARAMS: [(&str, Params); 3] = [
    ("json", Params::Json),
    ("form", Params::Form),
    ("query", Params::Query),
];

const LISTS: [(&str, Lists); 2] = [("repeated", Lists::Repeated), ("numbered", Lists::Numbered)];

/// What a service or an operation inherits for its calls.
#[derive(Debug, Clone)]
pub struct Http {
    /// HTTP method.
    pub method: Method,
    /// Path.
    pub path: String,
    /// Where fields travel.
    pub params: Params,
    /// How lists are written.
    pub lists: Lists,
    /// Where all this is from.
    pub notes: Notes,
}

/// Everything that an operation takes from above.
#[derive(Debug)]
pub struct Inherited<'a> {
    /// Defaults for calls.
    pub http: &'a Http,
    /// The envelope that holds if the operation has none of its own.
    pub envelope: &'a Envelope,
    /// Codes of the service and of the provider, in the order in which they are searched.
    pub errors: [&'a [ErrorCode]; 2],
    /// Enumerations of the service.
    pub types: &'a [Enum],
    /// Whether the service is described without a mistake.
    pub is_sound: bool,
}

/// Reads every fixture under `root/fixtures`. The providers are worth using only if no problem was
/// found.
pub fn load(root: &Path, problems: &mut Problems) -> Vec<Provider> {
    let mut providers = Vec::new();
    let folder = root.join("fixtures");
    for name in entries(&folder, "fixtures", problems) {
        let path = folder.join(&name);
        if path.is_dir() && !OTHER_FOLDERS.contains(&name.as_str()) {
            providers.extend(provider(root, &name, problems));
        }
    }
    providers
}

/// The names in a folder, sorted, without what editors leave behind.
pub fn entries(folder: &Path, shown: &str, problems: &mut Problems) -> Vec<String> {
    let mut names = Vec::new();
    match fs::read_dir(folder) {
        Ok(entries) => {
            for entry in entries {
                match entry {
                    Ok(entry) => names.push(entry.file_name().to_string_lossy().into_owned()),
                    Err(error) => problems.file(shown, format!("cannot be listed: {error}")),
                }
            }
        }
        Err(error) => problems.file(shown, format!("cannot be listed: {error}")),
    }
    names.retain(|name| !name.starts_with('.') && !name.ends_with('~') && !name.ends_with(".swp"));
    names.sort();
    names
}

/// Reads one JSON file; `path` is relative to the root.
pub fn file(root: &Path, path: &str, problems: &mut Problems) -> Option<File> {
    match fs::read_to_string(root.join(path)) {
        Ok(text) => json::parse(path.to_owned(), text, problems),
        Err(error) => {
            problems.file(path, format!("cannot be read: {error}"));
            None
        }
    }
}

/// The envelope that an operation of a service would have.
pub fn envelope_of(
    root: &Path,
    provider: &str,
    service: &str,
    problems: &mut Problems,
) -> Option<Envelope> {
    let file = file(
        root,
        &format!("fixtures/{provider}/provider.json"),
        problems,
    )?;
    let object = Object::open(&Spot::root(&file), keys::PROVIDER, problems)?;
    let services = object
        .need("services", problems)
        .and_then(|spot| Object::open_any(&spot, problems))?;
    let Some(spot) = services.get(service) else {
        let known = services.members().map(|(member, _)| member.key.as_str());
        let hint = hint(service, known.collect::<Vec<_>>());
        let message = format!("there is no service {service:?}{hint}; a new one is declared here");
        problems.push(services.spot.problem(message));
        return None;
    };
    let service = Object::open(&spot, keys::SERVICE, problems)?;
    let envelope = service
        .get("envelope")
        .or_else(|| object.need("envelope", problems))?;
    read_envelope(&envelope, problems)
}

fn provider(root: &Path, name: &str, problems: &mut Problems) -> Option<Provider> {
    let path = format!("fixtures/{name}/provider.json");
    let folder = root.join("fixtures").join(name);
    if !names::is_snake(name) {
        let message = "a provider's folder is a lower-case name: it becomes the name of a crate";
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
    let file = file(root, &path, problems)?;
    let spot = Spot::root(&file);
    let object = Object::open(&spot, keys::PROVIDER, problems)?;
    same_as_folder(&object, "provider", name, problems);
    if !root.join("crates").join(name).join("Cargo.toml").is_file() {
        let message = format!(
            "there is no crate in crates/{name}; a provider needs one, which signs its requests and \
             opens its answers"
        );
        object.complain("provider", message, problems);
    }
    let marker = object.need_text("marker", problems);
    if let Some(marker) = marker.as_deref().filter(|marker| !names::is_pascal(marker)) {
        let message = format!("{marker:?} cannot name a type; write PascalCase");
        object.complain("marker", message, problems);
    }
    let doc = object
        .need("doc", problems)
        .and_then(|_| object.prose("doc", problems));
    let http = http(&object, problems);
    let envelope = object
        .need("envelope", problems)
        .and_then(|spot| read_envelope(&spot, problems));
    let errors = read_errors(&object, problems);
    let declared = object
        .need("services", problems)
        .and_then(|spot| Object::open_any(&spot, problems))?;

    let folders: Vec<String> = entries(&folder, &format!("fixtures/{name}"), problems)
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
    // Without these two, nothing below could be judged fairly.
    let (http, envelope) = (http?, envelope?);
    let mut services = Vec::new();
    for (member, spot) in declared.members() {
        if !folders.contains(&member.key) {
            let message = format!("there is no folder fixtures/{name}/{}", member.key);
            problems.push(declared.spot.problem_with_key(member, message));
            continue;
        }
        let named = (member.key.as_str(), spot);
        services.extend(service(
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

fn service(
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
        let message = format!("{name:?} cannot name a module; write lower case");
        problems.push(spot.problem(message));
    }
    let source = root.join("crates").join(provider).join("src");
    if NAMES_OF_CRATES.contains(&name)
        || source.join(format!("{name}.rs")).is_file()
        || source.join(name).is_dir()
    {
        let message = format!("the crate of the provider has something else called {name:?}");
        problems.push(spot.problem(message));
    }
    let object = Object::open(&spot, keys::SERVICE, problems)?;
    let doc = doc(&object, problems);
    let host = object.need_text("host", problems);
    if host.as_deref().is_some_and(|host| host.contains('/')) {
        let message = "a host stands without scheme and path, as in \"ip.tencentcloudapi.com\"";
        object.complain("host", message, problems);
    }
    let version = object.text("version", problems);
    let own_errors = read_errors(&object, problems);
    let shared = types::shared(&object, problems);
    let own_envelope = object
        .get("envelope")
        .and_then(|spot| read_envelope(&spot, problems));

    let shown = format!("fixtures/{provider}/{name}");
    let folders = entries(&root.join(&shown), &shown, problems);
    if folders.is_empty() {
        problems.file(
            shown.clone(),
            "a service without an operation is of no use; remove it",
        );
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
    // An operation with a mistake may be the one that uses it.
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

fn http(object: &Object<'_>, problems: &mut Problems) -> Option<Http> {
    let spot = object.need("http", problems)?;
    let http = Object::open(&spot, keys::PROVIDER_HTTP, problems)?;
    http.need("method", problems);
    let defaults = Http {
        method: Method::Post,
        path: "/".to_owned(),
        params: Params::Json,
        lists: http
            .choice("lists", &LISTS, problems)
            .unwrap_or(Lists::Repeated),
        notes: Notes::default(),
    };
    Some(read_http(&http, &defaults, problems))
}

/// What an `http` object says, on top of what holds anyway.
pub fn read_http(object: &Object<'_>, above: &Http, problems: &mut Problems) -> Http {
    let method = object.choice("method", &Method::ALL, problems);
    let path = object.text("path", problems);
    if path.as_deref().is_some_and(|path| !path.starts_with('/')) {
        let message = "a path starts with `/`";
        object.complain("path", message, problems);
    } else if path.as_deref().is_some_and(|path| !is_path(path)) {
        let message = "a path has letters, digits, `{field}` and signs that an address may hold; \
                       anything else is written as `%20`, and what follows a `?` is the query";
        object.complain("path", message, problems);
    }
    let params = object.choice("params", &PARAMS, problems);
    Http {
        method: method.unwrap_or(above.method),
        path: path.unwrap_or_else(|| above.path.clone()),
        params: params.unwrap_or(above.params),
        lists: above.lists,
        notes: match notes(object, problems) {
            Notes {
                assumed: None,
                source: None,
            } => above.notes.clone(),
            own => own,
        },
    }
}

/// Whether a path reaches the service as it is written.
fn is_path(path: &str) -> bool {
    let mut fixed = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((_, after)) = after.split_once('}') else {
            return false;
        };
        fixed.push_str(before);
        fixed.push('x');
        rest = after;
    }
    fixed.push_str(rest);
    let may_stand = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@%/".contains(c);
    fixed.chars().all(may_stand) && !fixed.split('/').any(|part| matches!(part, "." | ".."))
}

/// Reads an envelope.
pub fn read_envelope(spot: &Spot<'_>, problems: &mut Problems) -> Option<Envelope> {
    let object = Object::open(spot, keys::ENVELOPE, problems)?;
    let payload = pointer(object.need("payload", problems), problems);
    let code = pointer(object.need("code", problems), problems);
    let message = pointer(object.need("message", problems), problems);
    let request_id = object
        .get("request_id")
        .and_then(|spot| pointer(Some(spot), problems));
    let success = object
        .need("success", problems)
        .and_then(|spot| Object::open(&spot, keys::SUCCESS, problems))?;
    let success = if success.has("absent") {
        for key in ["at", "equals"] {
            if let Some(spot) = success.get(key) {
                problems.push(spot.problem("a success is either `absent` or `at` with `equals`"));
            }
        }
        Success::Absent(pointer(success.get("absent"), problems)?)
    } else {
        let at = pointer(success.need("at", problems), problems);
        let equals = success.need("equals", problems)?;
        Success::Equals(at?, scalar_text(&equals, problems)?)
    };
    Some(Envelope {
        payload: payload?,
        success,
        code: code?,
        message: message?,
        request_id,
        notes: notes(&object, problems),
    })
}

fn pointer(spot: Option<Spot<'_>>, problems: &mut Problems) -> Option<String> {
    let spot = spot?;
    match spot.as_text() {
        Some(text) if text.is_empty() || text.starts_with('/') => Some(text.to_owned()),
        _ => {
            problems.push(wrong(&spot, "a JSON pointer such as \"/Response/Error\""));
            None
        }
    }
}

fn scalar_text(spot: &Spot<'_>, problems: &mut Problems) -> Option<String> {
    let text = crate::examples::scalar_text(&spot.node.value);
    if text.is_none() {
        problems.push(wrong(spot, "a text, a number or a boolean"));
    }
    text
}

/// Reads the `errors` of a provider, a service or an operation.
pub fn read_errors(object: &Object<'_>, problems: &mut Problems) -> Vec<ErrorCode> {
    let mut errors = Vec::new();
    let Some(all) = object
        .get("errors")
        .and_then(|spot| Object::open_any(&spot, problems))
    else {
        return errors;
    };
    for (member, spot) in all.members() {
        let Some(error) = Object::open(&spot, keys::ERROR, problems) else {
            continue;
        };
        error.need("kind", problems);
        let status = error.count("status", problems);
        if let Some(status) = status.filter(|status| !(100..=999).contains(status)) {
            let message = format!("{status} is no HTTP status");
            error.complain("status", message, problems);
        }
        let doc = doc(&error, problems);
        // A code of no known kind is still a code, or every sample of it would be refused as well.
        let kind = error.choice("kind", &CodeKind::ALL, problems);
        errors.push(ErrorCode {
            code: member.key.clone(),
            kind: kind.unwrap_or(CodeKind::Other),
            doc,
            status,
        });
    }
    errors
}

/// Reads `doc`, `assumed` and `source` of an object that must be documented.
pub fn doc(object: &Object<'_>, problems: &mut Problems) -> Doc {
    object.need("doc", problems);
    Doc {
        text: object.prose("doc", problems).unwrap_or_default(),
        notes: notes(object, problems),
    }
}

/// Reads `assumed` and `source` of an object.
pub fn notes(object: &Object<'_>, problems: &mut Problems) -> Notes {
    Notes {
        assumed: object.prose("assumed", problems),
        source: object.prose("source", problems),
    }
}

/// Reads the codes that mean "no such record".
pub fn no_record(
    object: &Object<'_>,
    known: &[&ErrorCode],
    problems: &mut Problems,
) -> Vec<String> {
    let Some(spot) = object.get("no_record") else {
        return Vec::new();
    };
    if matches!(&spot.node.value, Value::List(codes) if codes.is_empty()) {
        problems.push(spot.problem("an empty list says nothing; leave it out"));
    }
    let mut codes = Vec::new();
    for (code, spot) in texts(&spot, problems) {
        if known.iter().any(|error| error.code == code) {
            codes.push(code);
        } else {
            let hint = hint(&code, known.iter().map(|error| error.code.as_str()));
            problems.push(spot.problem(format!("no error code {code:?} is described{hint}")));
        }
    }
    codes
}

/// Refuses a description that stands in a folder of another name.
fn same_as_folder(object: &Object<'_>, key: &str, folder: &str, problems: &mut Problems) {
    let Some(name) = object.need_text(key, problems) else {
        return;
    };
    if name != folder {
        let message = format!("the folder is called {folder:?}, so {key:?} must be {folder:?}");
        object.complain(key, message, problems);
    }
}
