//! Checks of a sample of an answer: decodes it as the lenient decoder does, and counts deviations.

use crate::load::json::{Member, Node, Value};
use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::load::spot::Spot;
use crate::model::{Field, Limits, Operation, Struct, Ty, Type};
use crate::words::hint;

use super::value::{complaint, items_complaint};

/// Departures from the description that a sample may declare. The decoder reports all but the last.
pub(super) const DEVIATIONS: [&str; 7] = [
    "single_for_list",
    "key_spelling",
    "text_for_number",
    "number_for_text",
    "other_for_flag",
    "unknown_field",
    "undeclared_null",
];

/// What the decoder does not report, because it reads null as absent.
const NOT_REPORTED: &str = "undeclared_null";

/// Checks the payload of an answer against the deviations that its example declares. Returns the
/// output as it is written back, and the deviations that the decoder reports.
pub(super) fn check(
    operation: &Operation,
    payload: Spot<'_>,
    skip: &[&str],
    entry: &Object<'_>,
    declared: Option<&[(&'static str, u64)]>,
    problems: &mut Problems,
) -> (Value, Vec<(&'static str, u64)>) {
    let mut walk = Walk::new(operation, problems);
    walk.record(payload, &operation.output);
    let output = walk.object(payload, &operation.output, skip);
    let found = walk.found;
    if let Some(declared) = declared {
        compare(entry, declared, &found, problems);
    }
    let reported = DEVIATIONS.iter().filter(|kind| **kind != NOT_REPORTED);
    let reported = reported.filter_map(|kind| {
        let here = found.iter().filter(|deviation| deviation.kind == *kind);
        let count = here.count() as u64;
        (count > 0).then_some((*kind, count))
    });
    (output, reported.collect())
}

/// The deviations that an example declares, by kind.
pub(super) fn declared(entry: &Object<'_>, problems: &mut Problems) -> Vec<(&'static str, u64)> {
    let mut declared = Vec::new();
    let object = entry.get("deviations");
    let Some(object) = object.and_then(|spot| Object::open(&spot, "deviations", problems)) else {
        return declared;
    };
    for kind in DEVIATIONS.iter().filter(|kind| object.has(kind)) {
        match object.count(kind, problems) {
            Some(0) => object.complain(kind, "0 is the default; remove it", problems),
            count => declared.extend(count.map(|count| (*kind, count))),
        }
    }
    declared
}

/// Compares the deviations with the declared ones. They must be equal, or a corrected sample would
/// leave an exception behind.
fn compare(
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
        let mut excused = declared.iter().filter(|(known, _)| known == kind);
        let excused = excused.next().map_or(0, |(_, count)| *count);
        let count = here.len() as u64;
        if excused == count {
            continue;
        }
        if excused == 0 {
            let pointer = entry.spot.pointer();
            for deviation in &here {
                let message = &deviation.message;
                let end = if message.ends_with('?') {
                    " If"
                } else {
                    "; if"
                };
                let message = format!(
                    "{message}{end} the source does so, declare `\"deviations\": \
                     {{ \"{kind}\": {count} }}` at {pointer}"
                );
                problems.push(match deviation.key {
                    Some(member) => deviation.spot.problem_with_key(member, message),
                    None => deviation.spot.problem(message),
                });
            }
        } else if let Some(spot) = entry.get("deviations").and_then(|spot| {
            let node = spot.node.value.member(kind)?;
            Some(spot.with(node))
        }) {
            let remedy = match count {
                0 => "none; remove it".to_owned(),
                count => format!("{count}; write {count}"),
            };
            let message =
                format!("{kind} is declared {excused} times, and the sample has {remedy}");
            problems.push(spot.problem(message));
        }
    }
}

/// A departure of a sample from the description.
struct Deviation<'f> {
    kind: &'static str,
    spot: Spot<'f>,
    /// The member, if its key departs and not its value.
    key: Option<&'f Member>,
    message: String,
}

struct Walk<'a, 'f, 'p> {
    operation: &'a Operation,
    problems: &'p mut Problems,
    found: Vec<Deviation<'f>>,
}

impl<'a, 'f, 'p> Walk<'a, 'f, 'p> {
    fn new(operation: &'a Operation, problems: &'p mut Problems) -> Self {
        Self {
            operation,
            problems,
            found: Vec::new(),
        }
    }

    fn part(&self, name: &str) -> Option<&'a Struct> {
        Type::find(&self.operation.types, name)
    }

    fn complain(&mut self, spot: Spot<'_>, message: impl Into<String>) {
        self.problems.push(spot.problem(message));
    }

    fn deviates(&mut self, kind: &'static str, spot: Spot<'f>, message: impl Into<String>) {
        let message = message.into();
        self.found.push(Deviation {
            kind,
            spot,
            key: None,
            message,
        });
    }

    fn key_deviates(
        &mut self,
        kind: &'static str,
        spot: Spot<'f>,
        key: &'f Member,
        message: String,
    ) {
        self.found.push(Deviation {
            kind,
            spot,
            key: Some(key),
            message,
        });
    }

    /// Checks the answer, or a row of it. Without any described field it would look like a row in
    /// which every field is absent, so the decoder refuses it.
    fn record(&mut self, spot: Spot<'f>, of: &Struct) {
        let Value::Object(members) = &spot.node.value else {
            return;
        };
        let known = |member: &Member| field_for(of, &member.key).is_some();
        if !of.fields.is_empty() && !members.iter().any(known) {
            self.complain(
                spot,
                "this has none of the described fields, so the decoder refuses it",
            );
        }
    }

    fn row(&mut self, spot: Spot<'f>, field: &Field, item: &Ty) -> Value {
        if let Ty::Struct(name) = item
            && let Some(part) = self.part(name)
        {
            self.record(spot, part);
        }
        self.value(spot, field, item, &field.each)
    }

    /// Checks an answer, or a part of one. Returns it as it is written back after decoding.
    fn object(&mut self, spot: Spot<'f>, of: &Struct, skip: &[&str]) -> Value {
        let Value::Object(members) = &spot.node.value else {
            let kind = spot.node.value.kind();
            self.complain(spot, format!("this is {kind}, but an object is described"));
            return Value::Object(Vec::new());
        };
        let mut found: Vec<(&Field, &Member)> = Vec::new();
        for member in members {
            if skip.contains(&member.key.as_str()) {
                continue;
            }
            let Some((field, exact)) = field_for(of, &member.key) else {
                let known = of.fields.iter().map(|field| field.wire.as_str());
                let hint = hint(&member.key, known);
                let message = format!("{:?} is not described{hint}", member.key);
                self.key_deviates("unknown_field", spot.with(&member.node), member, message);
                continue;
            };
            if let Some((_, first)) = found.iter().find(|(known, _)| known.wire == field.wire) {
                let message = format!("{:?} and {:?} are one field", first.key, member.key);
                self.problems.push(spot.problem_with_key(member, message));
                continue;
            }
            if !exact {
                let message = format!("the key {:?} is described as {:?}", member.key, field.wire);
                self.key_deviates("key_spelling", spot.with(&member.node), member, message);
            }
            found.push((field, member));
        }
        let mut corrected = Vec::new();
        for field in &of.fields {
            let node = found
                .iter()
                .find(|(known, _)| known.wire == field.wire)
                .map(|(_, member)| *member);
            let value = match node {
                Some(member) => self.present(spot.with(&member.node), field, of),
                None if field.required => {
                    let message = format!(
                        "{:?} is promised (`required`) and missing; if the source omits it, remove `required`",
                        field.wire
                    );
                    self.complain(spot, message);
                    None
                }
                None => None,
            };
            let value = value.or_else(|| absent(field, of));
            corrected.extend(value.map(|value| Member {
                key: field.wire.clone(),
                at: 0,
                node: Node { at: 0, value },
            }));
        }
        Value::Object(corrected)
    }

    /// Checks a field that the sample has. Returns `None` if it reads as absent.
    fn present(&mut self, spot: Spot<'f>, field: &Field, of: &Struct) -> Option<Value> {
        // A required JSON can be null itself.
        let is_itself = field.ty == Ty::Json && !of.is_optional(field);
        if matches!(spot.node.value, Value::Null) && !is_itself {
            let wire = &field.wire;
            if field.required
                && !of.is_optional(field)
                && !(field.ty.is_collection() && field.limits.min_items.is_none())
            {
                self.complain(
                    spot,
                    format!("{wire:?} is promised (`required`) but null here"),
                );
            } else if !field.nullable {
                self.deviates(
                    "undeclared_null",
                    spot,
                    format!("{wire:?} is null here but not `nullable`"),
                );
            }
            return None;
        }
        if let Some(key) = &field.wrapper {
            let Some(inner) = spot.node.value.member(key) else {
                let message = format!("this list is described as wrapped in {{ {key:?}: [ … ] }}");
                self.complain(spot, message);
                return None;
            };
            let list = self.value(spot.with(inner), field, &field.ty, &field.limits);
            return Some(wrap(key, list));
        }
        Some(self.value(spot, field, &field.ty, &field.limits))
    }

    fn value(&mut self, spot: Spot<'f>, field: &Field, ty: &Ty, limits: &Limits) -> Value {
        let value = &spot.node.value;
        match (ty, value) {
            (Ty::List(item), Value::List(nodes)) => {
                if let Some(message) = items_complaint(limits, nodes.len() as u64) {
                    self.complain(spot, message);
                }
                let nodes = nodes.iter().map(|node| Node {
                    at: 0,
                    value: self.row(spot.with(node), field, item),
                });
                Value::List(nodes.collect())
            }
            (Ty::List(item), Value::Object(_)) if !matches!(**item, Ty::List(_) | Ty::Json) => {
                self.deviates(
                    "single_for_list",
                    spot,
                    "a single object in place of a list",
                );
                let value = self.row(spot, field, item);
                Value::List(vec![Node { at: 0, value }])
            }
            (Ty::Map(item), Value::Object(members)) => {
                let members = members.iter().map(|member| Member {
                    key: member.key.clone(),
                    at: 0,
                    node: Node {
                        at: 0,
                        value: self.value(spot.with(&member.node), field, item, &Limits::default()),
                    },
                });
                Value::Object(members.collect())
            }
            (Ty::Struct(name), _) => match self.part(name) {
                Some(part) => self.object(spot, part, &[]),
                None => value.clone(),
            },
            _ => self.scalar(spot, ty, limits),
        }
    }

    fn scalar(&mut self, spot: Spot<'f>, ty: &Ty, limits: &Limits) -> Value {
        let value = &spot.node.value;
        let bent = match (ty, value) {
            (Ty::Int | Ty::Uint | Ty::Float | Ty::IntEnum(_), Value::Text(text)) => {
                number_of(ty, text.trim()).map(|number| {
                    let message = "a text in place of a number";
                    ("text_for_number", message, Value::Number(number))
                })
            }
            (Ty::String | Ty::Enum(_), Value::Number(text)) => {
                let text = Value::Text(text.clone());
                Some(("number_for_text", "a number in place of a text", text))
            }
            (Ty::Bool, Value::Text(_) | Value::Number(_)) => {
                let flag = match value {
                    Value::Number(text) if text == "1" => Some(true),
                    Value::Number(text) if text == "0" => Some(false),
                    Value::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
                    Value::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
                    _ => None,
                };
                flag.map(|flag| {
                    (
                        "other_for_flag",
                        "another value in place of a boolean",
                        Value::Bool(flag),
                    )
                })
            }
            _ => None,
        };
        let straight = match bent {
            Some((kind, message, straight)) => {
                self.deviates(kind, spot, message);
                straight
            }
            None => value.clone(),
        };
        if let Some(message) = complaint(
            ty,
            limits,
            &Type::wire_values(&self.operation.types, ty),
            &straight,
        ) {
            self.complain(spot, message);
        }
        straight
    }
}

/// The JSON number that the decoder reads from a text.
fn number_of(ty: &Ty, text: &str) -> Option<String> {
    match ty {
        Ty::Int | Ty::IntEnum(_) => text.parse::<i64>().ok().map(|number| number.to_string()),
        Ty::Uint => text.parse::<u64>().ok().map(|number| number.to_string()),
        _ => {
            let number = text.parse::<f64>().ok();
            let number = number.filter(|number| {
                number.is_finite() && text.ends_with(|c: char| c.is_ascii_digit())
            });
            number.map(|number| format!("{number:?}"))
        }
    }
}

/// The field of a key of an answer, and whether the key is spelt as described.
fn field_for<'f>(of: &'f Struct, key: &str) -> Option<(&'f Field, bool)> {
    let named = |key: &str| {
        let mut fields = of.fields.iter();
        fields.find(|field| field.wire == key || field.aliases.iter().any(|alias| alias == key))
    };
    if let Some(field) = named(key) {
        return Some((field, true));
    }
    let folded = |field: &&Field| field.wire.eq_ignore_ascii_case(key.trim());
    let bent = named(key.trim()).or_else(|| of.fields.iter().find(folded));
    bent.map(|field| (field, false))
}

/// What an absent field is written back as.
fn absent(field: &Field, of: &Struct) -> Option<Value> {
    if of.is_optional(field) {
        return None;
    }
    let empty = match &field.ty {
        Ty::List(_) => Value::List(Vec::new()),
        Ty::Map(_) => Value::Object(Vec::new()),
        _ => return None,
    };
    Some(match &field.wrapper {
        Some(key) => wrap(key, empty),
        None => empty,
    })
}

fn wrap(key: &str, list: Value) -> Value {
    Value::Object(vec![Member {
        key: key.to_owned(),
        at: 0,
        node: Node { at: 0, value: list },
    }])
}
