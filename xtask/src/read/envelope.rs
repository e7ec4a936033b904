//! Envelopes of responses.

use crate::load::located::Located;
use crate::load::object::{Object, wrong_kind};
use crate::load::problem::Problems;
use crate::model::{Envelope, Success};

use super::doc::provenance;

/// Reads an envelope.
pub(super) fn envelope(located: &Located<'_>, problems: &mut Problems) -> Option<Envelope> {
    let object = Object::open(located, "envelope", problems)?;
    let payload = pointer(object.get("payload"), problems);
    let code = pointer(object.get("code"), problems);
    let message = pointer(object.get("message"), problems);
    let request_id = object
        .get("request_id")
        .and_then(|located| pointer(Some(located), problems));
    let success = object
        .get("success")
        .and_then(|located| Object::open(&located, "success", problems))?;
    let success = if success.has("absent") {
        for key in ["at", "equals"] {
            if let Some(located) = success.get(key) {
                problems
                    .push(located.problem("a success has either `absent`, or `at` and `equals`"));
            }
        }
        Success::Absent(pointer(success.get("absent"), problems)?)
    } else {
        let at = pointer(success.require("at", problems), problems);
        let equals = success.require("equals", problems)?;
        Success::Equals(at?, scalar_text(&equals, problems)?)
    };
    Some(Envelope {
        payload: payload?,
        success,
        code: code?,
        message: message?,
        request_id,
        provenance: provenance(&object, problems),
    })
}

fn pointer(located: Option<Located<'_>>, problems: &mut Problems) -> Option<String> {
    let located = located?;
    match located.as_text() {
        Some(text) if text.is_empty() || text.starts_with('/') => Some(text.to_owned()),
        _ => {
            problems.push(wrong_kind(
                &located,
                "a JSON pointer such as \"/Response/Error\"",
            ));
            None
        }
    }
}

fn scalar_text(located: &Located<'_>, problems: &mut Problems) -> Option<String> {
    let text = located.node.value.scalar_text();
    if text.is_none() {
        problems.push(wrong_kind(located, "a text, a number or a boolean"));
    }
    text
}
