//! Places of request fields: path, query, headers and body.

use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::model::{Field, Http, Lists, Params, Place, Struct, Type};
use crate::wording::closest;

/// Headers that the client sets itself.
const OWN_HEADERS: &[&str] = &[
    "connection",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
    "user-agent",
];

/// Checks the place of each request field, and that the path has a field for each slot.
pub(super) fn check(object: &Object<'_>, http: &Http, input: &Struct, problems: &mut Problems) {
    let Some(fields) = object
        .get("input")
        .and_then(|located| Object::open_map(&located, problems))
    else {
        return;
    };
    let slots = path_slots(&http.path);
    let mut filled = Vec::new();
    let mut headers = Vec::new();
    let mut body_is_reported = false;
    for field in &input.fields {
        let Some(located) = fields.get(&field.wire) else {
            continue;
        };
        let problem = match place(field, http) {
            Place::Body => {
                let problem = body_problem(field, http);
                // Without a body, the same is true for every other field.
                if !http.method.has_body() {
                    let is_repeated = std::mem::replace(&mut body_is_reported, true);
                    problem.filter(|_| !is_repeated)
                } else {
                    problem
                }
            }
            Place::Query => structure_problem(field, http.lists, "query"),
            Place::Header => header_problem(field, &mut headers),
            Place::Path => {
                // A misspelt slot has a field: it is not reported a second time.
                let slot = closest(&field.wire, slots.iter().map(String::as_str));
                filled.extend(slot);
                path_problem(field, &http.path, &slots, slot)
            }
        };
        if let Some(problem) = problem {
            problems.push(located.problem(problem));
        }
    }
    for slot in slots.iter().filter(|slot| !filled.contains(&slot.as_str())) {
        let located = object.get("http").unwrap_or(object.located);
        problems.push(located.problem(format!(
            "the path {:?} needs a field {slot:?} with `in: path`, which the input does not have",
            http.path
        )));
    }
}

/// Forbids empty texts in the path: an empty segment would give another path.
pub(super) fn require_path_segments(http: &Http, input: &mut Struct) {
    for field in &mut input.fields {
        if field.ty == Type::String && place(field, http) == Place::Path {
            field.limits.min_len.get_or_insert(1);
        }
    }
}

fn place(field: &Field, http: &Http) -> Place {
    field.place.unwrap_or(http.params.default_place())
}

/// What is wrong with a field in the body, if anything.
fn body_problem(field: &Field, http: &Http) -> Option<String> {
    if !http.method.has_body() {
        return Some(format!(
            "a {} has no body; set `http.params` to `query`, or `in` of the field",
            http.method.name()
        ));
    }
    match http.params {
        Params::Query => Some(
            "a body has one encoding; set `http.params` to `json` or `form`, and `in` of the other \
             fields to `query`"
                .to_owned(),
        ),
        Params::Form => structure_problem(field, http.lists, "form"),
        Params::Json => None,
    }
}

/// What is wrong with a field in the path, if anything. `closest` is the slot that it probably means.
fn path_problem(
    field: &Field,
    path: &str,
    slots: &[String],
    closest: Option<&str>,
) -> Option<String> {
    let wire = &field.wire;
    if !slots.contains(wire) {
        let hint = closest.map(|slot| format!("; did you mean `{{{slot}}}`?"));
        let hint = hint.unwrap_or_default();
        Some(format!("the path {path:?} has no `{{{wire}}}`{hint}"))
    } else if !field.ty.is_scalar() {
        Some("a path has single values, not structures".to_owned())
    } else if !field.required {
        Some("a field of the path must be `required`".to_owned())
    } else {
        None
    }
}

/// Why a field cannot be sent as a header of its name, if it cannot. `others` are the headers so far.
fn header_problem(field: &Field, others: &mut Vec<String>) -> Option<String> {
    if !field.ty.is_scalar() {
        return Some("a header has a single value, not a structure".to_owned());
    }
    let name = &field.wire;
    let folded = name.to_lowercase();
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(is_token) {
        return Some(format!(
            "{name:?} cannot name a header; use letters, digits and `-`"
        ));
    }
    if OWN_HEADERS.contains(&folded.as_str()) {
        return Some(format!("the client sets the header {name:?} itself"));
    }
    if others.contains(&folded) {
        return Some(format!(
            "another field is sent as the header {name:?}; headers ignore case"
        ));
    }
    others.push(folded);
    None
}

/// Why the type of a field cannot be written in a query or a form, if it cannot.
fn structure_problem(field: &Field, lists: Lists, part: &str) -> Option<String> {
    let fits = match (&field.ty, lists) {
        (Type::List(item), Lists::Repeated) => item.is_scalar(),
        (ty, Lists::Repeated) => ty.is_scalar(),
        (_, Lists::Numbered) => true,
    };
    (!fits).then(|| {
        format!(
            "a {part} of this provider has single values and lists of them; structures need \
             `lists: numbered` in provider.json"
        )
    })
}

/// The names in `{…}`.
fn path_slots(path: &str) -> Vec<String> {
    path.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(slot, _)| slot.to_owned())
        .collect()
}
