//! Reads one operation: the call, its behaviour, its paging. Structs and enumerations are read by
//! [`types`], examples by [`examples`].

use std::collections::HashMap;
use std::path::Path;

use crate::diag::{Problems, closest, hint};
use crate::examples;
use crate::fixtures::{self, Http, Inherited};
use crate::json::Spot;
use crate::model::{
    Behavior, Field, Lists, Notes, Operation, PageStyle, Pagination, Params, Place, Source, Step,
    Struct, Ty, Type,
};
use crate::names;
use crate::read::{Object, keys};
use crate::types::{self, Role, Types};

/// Headers that say how a request is sent.
const OWN_HEADERS: &[&str] = &[
    "connection",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
    "user-agent",
];

/// Reads the operation in a folder (relative to the root) of that name.
pub fn read(
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
    let file = fixtures::file(root, &shown, problems)?;
    let object = Object::open(&Spot::root(&file), keys::OPERATION, problems)?;
    let name = name(&object, folder, taken, problems)?;
    let before = problems.len();
    let doc = operation_doc(&object, problems);
    let access = object.prose("access", problems);
    let source = source(&object, problems);
    let http_object = object
        .get("http")
        .and_then(|spot| Object::open(&spot, keys::HTTP, problems));
    let http = http_object.as_ref().map_or_else(
        || above.http.clone(),
        |object| fixtures::read_http(object, above.http, problems),
    );
    let envelope = object
        .get("envelope")
        .and_then(|spot| fixtures::read_envelope(&spot, problems));
    let behavior = behavior(&object, problems);
    let (rate_limit, rate_notes) = rate_limit(&object, problems);
    let errors = fixtures::read_errors(&object, problems);
    let known: Vec<_> = errors
        .iter()
        .chain(above.errors.into_iter().flatten())
        .collect();
    let no_record = fixtures::no_record(&object, &known, problems);

    let names = Types::declared(&object, above.types, &name, taken, problems);
    let mut input = types::fields_of(&object, "input", &names, Role::Input, problems);
    input.name.clone_from(&name);
    input.sent = true;
    input.require = types::requires(&object, &input, problems);
    let mut output = types::fields_of(&object, "output", &names, Role::Output, problems);
    output.name = format!("{name}Output");
    output.received = true;
    let mut all = names.read(problems);
    types::resolve(&names, &mut input, &mut output, &mut all, problems);
    places(&object, &http, &mut input, problems);
    let (pagination, paging_notes) = pagination(&object, &input, &output, &all, problems);

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
    // A mistake in the description would be repeated by every sample that it describes.
    let samples_can_be_judged = above.is_sound && problems.len() == before;
    let examples = examples::read(
        root,
        path,
        &object,
        &operation,
        above,
        samples_can_be_judged,
        problems,
    );
    operation.examples = examples;
    Some(operation)
}

fn name(
    object: &Object<'_>,
    folder: &str,
    taken: &HashMap<String, String>,
    problems: &mut Problems,
) -> Option<String> {
    let name = object.need_text("operation", problems)?;
    let spot = object.get("operation")?;
    if !names::is_pascal(&name) {
        problems.push(spot.problem(format!("{name:?} cannot name a type; write PascalCase")));
        return None;
    }
    let snake = names::snake(&name);
    if snake != folder {
        problems.push(spot.problem(format!(
            "{name:?} belongs into the folder {snake:?}, not {folder:?}"
        )));
    }
    if let Some(complaint) = unusable(&name) {
        problems.push(spot.problem(complaint));
    } else if let Some(other) = taken.get(&name) {
        problems.push(spot.problem(format!(
            "{other} has a type {name:?}, and the service exports both; call that type otherwise"
        )));
    }
    Some(name)
}

/// Why the generated code could not have an operation of that name.
pub fn unusable(name: &str) -> Option<String> {
    let snake = names::snake(name);
    if types::RESERVED.contains(&name) {
        Some(format!(
            "the generated code uses the name {name:?} itself, so no operation can be called so"
        ))
    } else if snake == "standing_core" {
        Some("the crate that everything builds on has this name already".to_owned())
    } else if names::is_keyword(&snake) {
        Some(format!("{snake:?} is a keyword and cannot name a module"))
    } else {
        None
    }
}

/// The operation's own `source` is an object, so its doc is read without.
fn operation_doc(object: &Object<'_>, problems: &mut Problems) -> crate::model::Doc {
    object.need("doc", problems);
    crate::model::Doc {
        text: object.prose("doc", problems).unwrap_or_default(),
        notes: Notes {
            assumed: object.prose("assumed", problems),
            source: None,
        },
    }
}

fn source(object: &Object<'_>, problems: &mut Problems) -> Source {
    object
        .need("source", problems)
        .and_then(|spot| Object::open(&spot, keys::SOURCE, problems))
        .map(|source| Source {
            title: source.need_text("title", problems).unwrap_or_default(),
            publisher: source.need_text("publisher", problems).unwrap_or_default(),
            updated: source.text("updated", problems),
            url: source.text("url", problems),
        })
        .unwrap_or_default()
}

fn behavior(object: &Object<'_>, problems: &mut Problems) -> Behavior {
    let Some(object) = object
        .need("behavior", problems)
        .and_then(|spot| Object::open(&spot, keys::BEHAVIOR, problems))
    else {
        return Behavior::default();
    };
    object.need("effect", problems);
    let reads = object.choice("effect", &[("read", true), ("write", false)], problems);
    let reads = reads.unwrap_or(false);
    let idempotent = object.flag("idempotent", problems);
    if reads && idempotent {
        let message = "a read may be repeated anyway; `idempotent` is for writes";
        object.complain("idempotent", message, problems);
    }
    Behavior {
        reads,
        idempotent,
        metered: object.flag("metered", problems),
        notes: fixtures::notes(&object, problems),
    }
}

fn rate_limit(object: &Object<'_>, problems: &mut Problems) -> (Option<(u64, u64)>, Notes) {
    let Some(object) = object
        .get("rate_limit")
        .and_then(|spot| Object::open(&spot, keys::RATE_LIMIT, problems))
    else {
        return (None, Notes::default());
    };
    object.need("requests", problems);
    object.need("seconds", problems);
    let mut parts = ["requests", "seconds"].map(|key| {
        let count = object.count(key, problems)?;
        if (1..=u64::from(u32::MAX)).contains(&count) {
            return Some(count);
        }
        let message = format!("{count} {key} make no rate");
        object.complain(key, message, problems);
        None
    });
    let rate = match &mut parts {
        [Some(requests), Some(seconds)] => Some((*requests, *seconds)),
        _ => None,
    };
    (rate, fixtures::notes(&object, problems))
}

/// Checks where request fields travel, and that the path finds what it needs.
fn places(object: &Object<'_>, http: &Http, input: &mut Struct, problems: &mut Problems) {
    let Some(fields) = object
        .get("input")
        .and_then(|spot| Object::open_any(&spot, problems))
    else {
        return;
    };
    let mut slots = path_slots(&http.path);
    let has_body = http.method.has_body();
    let mut told = false;
    let mut headers = Vec::new();
    for field in &mut input.fields {
        let Some(spot) = fields.get(&field.wire) else {
            continue;
        };
        let place = field.place.unwrap_or(http.params.place());
        let complaint = match place {
            // Once is enough: the same holds for every other field.
            Place::Body if !has_body => (!std::mem::replace(&mut told, true)).then(|| {
                format!(
                    "a {} has no body; set `http.params` to `query`, or say `in` here",
                    http.method.name()
                )
            }),
            Place::Body if http.params == Params::Query => Some(
                "one body has one encoding; set `http.params` to `json` or `form` and say \
                 `in: query` at the fields of the query"
                    .to_owned(),
            ),
            Place::Body if http.params == Params::Form => flat(field, http.lists, "form"),
            Place::Body => None,
            Place::Query => flat(field, http.lists, "query"),
            Place::Header if !field.ty.is_scalar() => {
                Some("a header takes a single value, not a structure".to_owned())
            }
            Place::Header => header(&field.wire, &mut headers),
            Place::Path => {
                // An empty part would make another path.
                let least = (field.ty == Ty::String).then_some(1);
                field.limits.min_len = field.limits.min_len.or(least);
                let known = slots.contains(&field.wire);
                let meant =
                    closest(&field.wire, slots.iter().map(String::as_str)).map(str::to_owned);
                slots.retain(|slot| Some(slot) != meant.as_ref());
                if !known {
                    let hint = meant.map(|slot| format!("; did you mean `{{{slot}}}`?"));
                    let (path, wire) = (&http.path, &field.wire);
                    Some(format!(
                        "the path {path:?} has no `{{{wire}}}`{}",
                        hint.unwrap_or_default()
                    ))
                } else if !field.ty.is_scalar() {
                    Some("a path takes a single value, not a structure".to_owned())
                } else if !field.required {
                    Some("a part of the path cannot be left out: it is `required`".to_owned())
                } else {
                    None
                }
            }
        };
        if let Some(complaint) = complaint {
            problems.push(spot.problem(complaint));
        }
    }
    for slot in slots {
        let at = object.get("http").unwrap_or(object.spot);
        problems.push(at.problem(format!(
            "the path {:?} wants {slot:?}, and no field of the input says `in: path` under that name",
            http.path
        )));
    }
}

/// Why a field cannot travel as a header of its name.
fn header(name: &str, others: &mut Vec<String>) -> Option<String> {
    let folded = name.to_lowercase();
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(is_token) {
        return Some(format!(
            "{name:?} cannot name a header; letters, digits and `-` can"
        ));
    }
    if OWN_HEADERS.contains(&folded.as_str()) {
        return Some(format!("the client sets the header {name:?} itself"));
    }
    if others.contains(&folded) {
        return Some(format!(
            "another field travels as the header {name:?}; case says nothing there"
        ));
    }
    others.push(folded);
    None
}

fn flat(field: &Field, lists: Lists, what: &str) -> Option<String> {
    let fits = match (&field.ty, lists) {
        (Ty::List(item), Lists::Repeated) => item.is_scalar(),
        (ty, Lists::Repeated) => ty.is_scalar(),
        (_, Lists::Numbered) => true,
    };
    (!fits).then(|| {
        format!(
            "a {what} of this provider takes single values and lists of them; structures need \
             `lists: numbered` in provider.json"
        )
    })
}

fn path_slots(path: &str) -> Vec<String> {
    path.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(slot, _)| slot.to_owned())
        .collect()
}

fn pagination(
    object: &Object<'_>,
    input: &Struct,
    output: &Struct,
    types: &[Type],
    problems: &mut Problems,
) -> (Option<Pagination>, Notes) {
    let Some(paging) = object
        .get("pagination")
        .and_then(|spot| Object::open(&spot, keys::PAGINATION, problems))
    else {
        return (None, Notes::default());
    };
    let notes = fixtures::notes(&paging, problems);
    paging.need("style", problems);
    let styles = ["page", "offset", "token"].map(|style| (style, style));
    let style = paging.choice("style", &styles, problems);
    let is_token = style == Some("token");
    for (key, belongs) in [("first", !is_token), ("next", is_token)] {
        if style.is_none() {
            // What it is to have is anybody's guess.
        } else if belongs {
            paging.need(key, problems);
        } else if let (Some(spot), Some(style)) = (paging.get(key), style) {
            problems.push(spot.problem(format!("paging by {style} has no {key:?}")));
        }
    }
    let first = paging.count("first", problems);
    let cursor_type = match style {
        Some("token") => Ty::String,
        Some(_) => Ty::Uint,
        None => Ty::Unknown,
    };
    paging.need("cursor", problems);
    let cursor = paging_input(&paging, "cursor", &cursor_type, input, problems);
    let size = paging_input(&paging, "size", &Ty::Uint, input, problems);
    paging.need("items", problems);
    let items = paging_output(&paging, "items", output, types, problems);
    let total = paging_output(&paging, "total", output, types, problems);
    let next = paging_output(&paging, "next", output, types, problems);
    let mut complain = |key: &str, ty: Option<&Ty>, fits: fn(&Ty) -> bool, wanted: &str| {
        if let Some(ty) = ty.filter(|ty| **ty != Ty::Unknown && !fits(ty))
            && let Some(spot) = paging.get(key)
        {
            let name = types::spelling(ty);
            problems.push(spot.problem(format!("this is a `{name}`, and {key:?} is {wanted}")));
        }
    };
    complain(
        "items",
        items.as_ref().map(|(_, ty)| ty),
        |ty| matches!(ty, Ty::List(_)),
        "a `list<…>`",
    );
    complain(
        "total",
        total.as_ref().map(|(_, ty)| ty),
        |ty| *ty == Ty::Uint,
        "a `uint`",
    );
    complain(
        "next",
        next.as_ref().map(|(_, ty)| ty),
        |ty| *ty == Ty::String,
        "a `string`",
    );
    let style = match style {
        Some("page") => first.map(PageStyle::Pages),
        Some("offset") => first.map(PageStyle::Offsets),
        _ => Some(PageStyle::Tokens),
    };
    let pagination = style
        .zip(cursor)
        .zip(items)
        .and_then(|((style, cursor), (items, ty))| {
            let Ty::List(item) = ty else {
                return None;
            };
            Some(Pagination {
                style,
                cursor,
                size,
                items,
                item: *item,
                total: total.map(|(steps, _)| steps).unwrap_or_default(),
                next: next.map(|(steps, _)| steps).unwrap_or_default(),
            })
        });
    (pagination, notes)
}

/// The input field that a key of `pagination` names.
fn paging_input(
    paging: &Object<'_>,
    key: &str,
    wanted: &Ty,
    input: &Struct,
    problems: &mut Problems,
) -> Option<usize> {
    let name = paging.text(key, problems)?;
    let spot = paging.get(key)?;
    let Some(index) = input.fields.iter().position(|field| field.wire == name) else {
        let hint = hint(&name, input.fields.iter().map(|field| field.wire.as_str()));
        problems.push(spot.problem(format!("the input has no field {name:?}{hint}")));
        return None;
    };
    let ty = &input.fields.get(index)?.ty;
    if ty != wanted && !matches!((ty, wanted), (Ty::Unknown, _) | (_, Ty::Unknown)) {
        let (is, wanted) = (types::spelling(ty), types::spelling(wanted));
        problems.push(spot.problem(format!("{name:?} is a `{is}`, and {key:?} is a `{wanted}`")));
        return None;
    }
    Some(index)
}

/// The way to the output field that a key of `pagination` names, and its type.
fn paging_output(
    paging: &Object<'_>,
    key: &str,
    output: &Struct,
    types: &[Type],
    problems: &mut Problems,
) -> Option<(Vec<Step>, Ty)> {
    let path = paging.text(key, problems)?;
    let spot = paging.get(key)?;
    let mut steps = Vec::new();
    let mut here = output;
    let mut found = Ty::Unknown;
    for (index, name) in path.split('.').enumerate() {
        if index > 0 {
            let Some(next) = found
                .named()
                .filter(|_| !found.is_collection())
                .and_then(|name| Type::find(types, name))
            else {
                if found != Ty::Unknown {
                    let is = types::spelling(&found);
                    problems.push(spot.problem(format!("{name:?} cannot be in a `{is}`")));
                }
                return None;
            };
            here = next;
        }
        let Some(field) = here.fields.iter().find(|field| field.wire == name) else {
            let hint = hint(name, here.fields.iter().map(|field| field.wire.as_str()));
            let place = if index == 0 {
                "the output"
            } else {
                here.name.as_str()
            };
            problems.push(spot.problem(format!("{place} has no field {name:?}{hint}")));
            return None;
        };
        found = field.ty.clone();
        steps.push(Step {
            rust: field.rust.clone(),
            optional: here.is_optional(field),
            boxed: field.boxed,
        });
    }
    Some((steps, found))
}
