//! Places of request fields: path, query, headers and body.

use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::model::{Field, Lists, Params, Place, Struct, Ty};
use crate::words::closest;

use super::facts::Http;

/// Headers that the client sets itself.
const OWN_HEADERS: &[&str] = &[
    "connection",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
    "user-agent",
];

/// Checks the places of request fields, and that the path has a field for each slot.
pub(super) fn check(object: &Object<'_>, http: &Http, input: &mut Struct, problems: &mut Problems) {
    let Some(fields) = object
        .get("input")
        .and_then(|spot| Object::open_any(&spot, problems))
    else {
        return;
    };
    let mut slots = path_slots(&http.path);
    let has_body = http.method.has_body();
    let mut body_is_reported = false;
    let mut headers = Vec::new();
    for field in &mut input.fields {
        let Some(spot) = fields.get(&field.wire) else {
            continue;
        };
        let place = field.place.unwrap_or(http.params.place());
        let complaint = match place {
            // Reported once: the same is true for every other field.
            Place::Body if !has_body => {
                (!std::mem::replace(&mut body_is_reported, true)).then(|| {
                    format!(
                        "a {} has no body; set `http.params` to `query`, or `in` of the field",
                        http.method.name()
                    )
                })
            }
            Place::Body if http.params == Params::Query => Some(
                "a body has one encoding; set `http.params` to `json` or `form`, and `in` of the \
                 other fields to `query`"
                    .to_owned(),
            ),
            Place::Body if http.params == Params::Form => flat(field, http.lists, "form"),
            Place::Body => None,
            Place::Query => flat(field, http.lists, "query"),
            Place::Header if !field.ty.is_scalar() => {
                Some("a header has a single value, not a structure".to_owned())
            }
            Place::Header => header(&field.wire, &mut headers),
            Place::Path => {
                // An empty segment would give another path.
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
                    Some("a path has single values, not structures".to_owned())
                } else if !field.required {
                    Some("a field of the path must be `required`".to_owned())
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
            "the path {:?} needs a field {slot:?} with `in: path`, which the input does not have",
            http.path
        )));
    }
}

/// Why a field cannot be sent as a header of its name.
fn header(name: &str, others: &mut Vec<String>) -> Option<String> {
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

fn flat(field: &Field, lists: Lists, what: &str) -> Option<String> {
    let fits = match (&field.ty, lists) {
        (Ty::List(item), Lists::Repeated) => item.is_scalar(),
        (ty, Lists::Repeated) => ty.is_scalar(),
        (_, Lists::Numbered) => true,
    };
    (!fits).then(|| {
        format!(
            "a {what} of this provider has single values and lists of them; structures need \
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
