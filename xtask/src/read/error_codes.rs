//! Error codes, and those of them that mean "no such record".

use crate::load::json::Value;
use crate::load::object::{Object, texts};
use crate::load::problem::Problems;
use crate::model::{CodeKind, ErrorCode};
use crate::wording::hint;

use super::doc::doc;

/// Reads the `errors` of a provider, a service or an operation.
pub(super) fn error_codes(object: &Object<'_>, problems: &mut Problems) -> Vec<ErrorCode> {
    let mut errors = Vec::new();
    let Some(all) = object
        .get("errors")
        .and_then(|located| Object::open_map(&located, problems))
    else {
        return errors;
    };
    for (member, located) in all.members() {
        let Some(error) = Object::open(&located, "error", problems) else {
            continue;
        };
        let status = error.count("status", problems);
        if let Some(status) = status.filter(|status| !(100..=999).contains(status)) {
            let message = format!("{status} is not an HTTP status");
            error.report_if_present("status", message, problems);
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

/// Reads the codes that mean "no such record".
pub(super) fn no_record(
    object: &Object<'_>,
    described: &[&ErrorCode],
    problems: &mut Problems,
) -> Vec<String> {
    let Some(located) = object.get("no_record") else {
        return Vec::new();
    };
    if matches!(&located.node.value, Value::List(codes) if codes.is_empty()) {
        problems.push(located.problem("an empty list has no effect; remove it"));
    }
    let mut codes = Vec::new();
    for (code, located) in texts(&located, problems) {
        if let Some(error) = described.iter().find(|error| error.code == code) {
            if error.status.is_none() {
                problems.push(located.problem(format!(
                    "{code:?} means \"no such record\" under one HTTP status only; set its `status`"
                )));
            }
            codes.push(code);
        } else {
            let hint = hint(&code, described.iter().map(|error| error.code.as_str()));
            problems
                .push(located.problem(format!("the error code {code:?} is not described{hint}")));
        }
    }
    codes
}
