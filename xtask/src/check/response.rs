//! Checks of a sample of an answer: decodes it as the lenient decoder does, and records deviations.

use crate::load::json::{Member, Node, Value};
use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::load::spot::Spot;
use crate::model::{Field, Limits, Operation, Struct, Ty, Type};
use crate::words::hint;

use super::deviations::{self, Deviation};
use super::lenient;
use super::value::{complaint, items_complaint};

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
        deviations::compare(entry, declared, &found, problems);
    }
    (output, deviations::reported(&found))
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

    fn deviates(&mut self, kind: &'static str, spot: Spot<'f>, message: &str) {
        self.found.push(Deviation {
            kind,
            spot,
            key: None,
            message: message.to_owned(),
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
        let known = |member: &Member| lenient::field_for(of, &member.key).is_some();
        if !of.fields.is_empty() && !members.iter().any(known) {
            let message = "this has none of the described fields, so the decoder refuses it";
            self.complain(spot, message);
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
            let Some((field, exact)) = lenient::field_for(of, &member.key) else {
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
            let member = found.iter().find(|(known, _)| known.wire == field.wire);
            if member.is_none() && field.required {
                let message = format!(
                    "{:?} is promised (`required`) and missing; if the source omits it, remove \
                     `required`",
                    field.wire
                );
                self.complain(spot, message);
            }
            let value =
                member.and_then(|(_, member)| self.present(spot.with(&member.node), field, of));
            let value = value.or_else(|| absent(field, of));
            corrected.extend(value.map(|value| Member::new(&field.wire, value)));
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
                let message = format!("{wire:?} is promised (`required`) but null here");
                self.complain(spot, message);
            } else if !field.nullable {
                let message = format!("{wire:?} is null here but not `nullable`");
                self.deviates("undeclared_null", spot, &message);
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
                let rows = nodes
                    .iter()
                    .map(|node| self.row(spot.with(node), field, item));
                Value::List(rows.map(Node::new).collect())
            }
            (Ty::List(item), Value::Object(_)) if !matches!(**item, Ty::List(_) | Ty::Json) => {
                let message = "a single object in place of a list";
                self.deviates("single_for_list", spot, message);
                Value::List(vec![Node::new(self.row(spot, field, item))])
            }
            (Ty::Map(item), Value::Object(members)) => {
                let limits = Limits::default();
                let members = members.iter().map(|member| {
                    let value = self.value(spot.with(&member.node), field, item, &limits);
                    Member::new(&member.key, value)
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
        let mut value = spot.node.value.clone();
        if let Some((kind, message, accepted)) = lenient::accepted(ty, &value) {
            self.deviates(kind, spot, message);
            value = accepted;
        }
        let values = Type::wire_values(&self.operation.types, ty);
        if let Some(message) = complaint(ty, limits, &values, &value) {
            self.complain(spot, message);
        }
        value
    }
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
    Value::Object(vec![Member::new(key, list)])
}
