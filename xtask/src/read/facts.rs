//! The facts that descriptions of providers, services and operations have in common.

use crate::load::json::Value;
use crate::load::object::{Object, texts, wrong};
use crate::load::problem::Problems;
use crate::load::spot::Spot;
use crate::model::{
    CodeKind, Doc, Enum, Envelope, ErrorCode, Lists, Method, Notes, Params, Success,
};
use crate::words::hint;

const PARAMS: [(&str, Params); 3] = [
    ("json", Params::Json),
    ("form", Params::Form),
    ("query", Params::Query),
];

const LISTS: [(&str, Lists); 2] = [("repeated", Lists::Repeated), ("numbered", Lists::Numbered)];

/// How a call is sent.
#[derive(Debug, Clone)]
pub(super) struct Http {
    /// HTTP method.
    pub method: Method,
    /// Path, possibly with `{field}`.
    pub path: String,
    /// Where fields without a place are sent.
    pub params: Params,
    /// How lists are encoded.
    pub lists: Lists,
    /// Their provenance.
    pub notes: Notes,
}

/// Everything that an operation inherits from its service and its provider.
#[derive(Debug)]
pub(super) struct Inherited<'a> {
    /// How calls are sent by default.
    pub http: &'a Http,
    /// The envelope of answers, unless the operation has its own.
    pub envelope: &'a Envelope,
    /// Codes of the service and of the provider, in the order in which they are searched.
    pub errors: [&'a [ErrorCode]; 2],
    /// Enumerations of the service.
    pub types: &'a [Enum],
    /// Whether the service is described without a mistake.
    pub is_sound: bool,
}

/// Reads the `http` of a provider.
pub(super) fn defaults(object: &Object<'_>, problems: &mut Problems) -> Option<Http> {
    let spot = object.get("http")?;
    let http = Object::open(&spot, "defaults", problems)?;
    let lists = http.choice("lists", &LISTS, problems);
    let defaults = Http {
        method: Method::Post,
        path: "/".to_owned(),
        params: Params::Json,
        lists: lists.unwrap_or(Lists::Repeated),
        notes: Notes::default(),
    };
    Some(self::http(&http, &defaults, problems))
}

/// Reads an `http` object, with the values that it does not replace.
pub(super) fn http(object: &Object<'_>, above: &Http, problems: &mut Problems) -> Http {
    let method = object.choice("method", &Method::ALL, problems);
    let path = object.text("path", problems);
    if path.as_deref().is_some_and(|path| !path.starts_with('/')) {
        let message = "a path starts with `/`";
        object.complain("path", message, problems);
    } else if path.as_deref().is_some_and(|path| !is_path(path)) {
        let message = "a path has letters, digits, `{field}` and the signs of a URL path; other \
                       characters are percent-encoded, and a query belongs in `in: query`";
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

/// Whether a path needs no change to be part of a URL.
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
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@%/".contains(c);
    fixed.chars().all(is_allowed) && !fixed.split('/').any(|part| matches!(part, "." | ".."))
}

/// Reads an envelope.
pub(super) fn envelope(spot: &Spot<'_>, problems: &mut Problems) -> Option<Envelope> {
    let object = Object::open(spot, "envelope", problems)?;
    let payload = pointer(object.get("payload"), problems);
    let code = pointer(object.get("code"), problems);
    let message = pointer(object.get("message"), problems);
    let request_id = object
        .get("request_id")
        .and_then(|spot| pointer(Some(spot), problems));
    let success = object
        .get("success")
        .and_then(|spot| Object::open(&spot, "success", problems))?;
    let success = if success.has("absent") {
        for key in ["at", "equals"] {
            if let Some(spot) = success.get(key) {
                problems.push(spot.problem("a success has either `absent`, or `at` and `equals`"));
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
    let text = spot.node.value.scalar_text();
    if text.is_none() {
        problems.push(wrong(spot, "a text, a number or a boolean"));
    }
    text
}

/// Reads the `errors` of a provider, a service or an operation.
pub(super) fn errors(object: &Object<'_>, problems: &mut Problems) -> Vec<ErrorCode> {
    let mut errors = Vec::new();
    let Some(all) = object
        .get("errors")
        .and_then(|spot| Object::open_any(&spot, problems))
    else {
        return errors;
    };
    for (member, spot) in all.members() {
        let Some(error) = Object::open(&spot, "error", problems) else {
            continue;
        };
        let status = error.count("status", problems);
        if let Some(status) = status.filter(|status| !(100..=999).contains(status)) {
            let message = format!("{status} is not an HTTP status");
            error.complain("status", message, problems);
        }
        let doc = doc(&error, problems);
        // A code with an unknown kind is still described, or its samples would be refused as well.
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

/// Reads the `doc` of an object, with its provenance.
pub(super) fn doc(object: &Object<'_>, problems: &mut Problems) -> Doc {
    Doc {
        text: object.prose("doc", problems).unwrap_or_default(),
        notes: notes(object, problems),
    }
}

/// Reads the provenance of an object.
pub(super) fn notes(object: &Object<'_>, problems: &mut Problems) -> Notes {
    Notes {
        assumed: object.prose("assumed", problems),
        source: object.prose("source", problems),
    }
}

/// Reads the codes that mean "no such record".
pub(super) fn no_record(
    object: &Object<'_>,
    known: &[&ErrorCode],
    problems: &mut Problems,
) -> Vec<String> {
    let Some(spot) = object.get("no_record") else {
        return Vec::new();
    };
    if matches!(&spot.node.value, Value::List(codes) if codes.is_empty()) {
        problems.push(spot.problem("an empty list has no effect; remove it"));
    }
    let mut codes = Vec::new();
    for (code, spot) in texts(&spot, problems) {
        if let Some(error) = known.iter().find(|error| error.code == code) {
            if error.status.is_none() {
                problems.push(spot.problem(format!(
                    "{code:?} means \"no such record\" under one HTTP status only; set its `status`"
                )));
            }
            codes.push(code);
        } else {
            let hint = hint(&code, known.iter().map(|error| error.code.as_str()));
            problems.push(spot.problem(format!("the error code {code:?} is not described{hint}")));
        }
    }
    codes
}
