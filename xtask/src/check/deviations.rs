//! Deviations: where the sample of a response departs from the description, by kind.

use crate::load::json::Member;
use crate::load::located::Located;
use crate::load::object::Object;
use crate::load::problem::Problems;

/// The kinds that an example may declare. The decoder reports all but the last.
const DEVIATIONS: [&str; 7] = [
    "single_for_list",
    "key_spelling",
    "text_for_number",
    "number_for_text",
    "other_for_flag",
    "unknown_field",
    "unexpected_null",
];

/// The decoder does not report it, because it reads null as absent.
const NOT_REPORTED: &str = "unexpected_null";

/// A departure of a sample from the description.
pub(super) struct Deviation<'f> {
    pub(super) kind: &'static str,
    pub(super) located: Located<'f>,
    /// The member, if its key departs and not its value.
    pub(super) key: Option<&'f Member>,
    pub(super) message: String,
}

/// The deviations that the decoder reports, by kind.
pub(super) fn reported(found: &[Deviation<'_>]) -> Vec<(&'static str, u64)> {
    let kinds = DEVIATIONS.iter().filter(|kind| **kind != NOT_REPORTED);
    let counts = kinds.map(|kind| {
        let here = found.iter().filter(|deviation| deviation.kind == *kind);
        (*kind, here.count() as u64)
    });
    counts.filter(|(_, count)| *count > 0).collect()
}

/// The deviations that an example declares, by kind.
pub(super) fn declared(entry: &Object<'_>, problems: &mut Problems) -> Vec<(&'static str, u64)> {
    let mut declared = Vec::new();
    let object = entry.get("deviations");
    let Some(object) = object.and_then(|located| Object::open(&located, "deviations", problems))
    else {
        return declared;
    };
    for kind in DEVIATIONS.iter().filter(|kind| object.has(kind)) {
        match object.count(kind, problems) {
            Some(0) => object.report_if_present(kind, "0 is the default; remove it", problems),
            count => declared.extend(count.map(|count| (*kind, count))),
        }
    }
    declared
}

/// Compares the deviations with the declared ones. They must be equal, or a corrected sample would
/// leave an exception behind.
pub(super) fn compare(
    entry: &Object<'_>,
    declared: &[(&'static str, u64)],
    found: &[Deviation<'_>],
    problems: &mut Problems,
) {
    for kind in &DEVIATIONS {
        let here: Vec<&Deviation<'_>> = found
            .iter()
            .filter(|deviation| deviation.kind == *kind)
            .collect();
        let mut counts = declared.iter().filter(|(other, _)| other == kind);
        let declared_count = counts.next().map_or(0, |(_, count)| *count);
        let count = here.len() as u64;
        if declared_count == count {
            continue;
        }
        if declared_count == 0 {
            // The sample may be wrong, so each place of it is reported; otherwise the count is.
            let pointer = entry.located.pointer();
            for deviation in &here {
                let message = &deviation.message;
                let message = format!(
                    "{message} (if the source does so, declare `\"deviations\": \
                     {{ \"{kind}\": {count} }}` at {pointer})"
                );
                problems.push(match deviation.key {
                    Some(member) => deviation.located.problem_with_key(member, message),
                    None => deviation.located.problem(message),
                });
            }
        } else if let Some(located) = entry.get("deviations").and_then(|located| {
            let node = located.node.value.member(kind)?;
            Some(located.in_same_file(node))
        }) {
            let remedy = match count {
                0 => "none; remove it".to_owned(),
                count => format!("{count}; write {count}"),
            };
            let message =
                format!("{kind} is declared {declared_count} times, and the sample has {remedy}");
            problems.push(located.problem(message));
        }
    }
}
