//! Checks of the sample of a response: decodes it as the lenient decoder does, and records deviations.

use crate::load::json::{Member, Node, Value};
use crate::load::located::Located;
use crate::load::object::Object;
use crate::load::problem::Problems;
use crate::model::{Field, Limits, NamedType, Operation, Struct, Type};
use crate::wording::hint;

use super::deviations::{self, Deviation};
use super::lenient;
use super::value::{items_problem, value_problem};

/// Checks a payload, and that it has the deviations that its example declares. Returns the output as it
/// serializes after decoding, and the deviations that the decoder reports.
pub(super) fn check(
    operation: &Operation,
    payload: Located<'_>,
    envelope_members: &[&str],
    entry: &Object<'_>,
    declared: Option<&[(&'static str, u64)]>,
    problems: &mut Problems,
) -> (Value, Vec<(&'static str, u64)>) {
    let mut check = ResponseCheck {
        operation,
        problems,
        found: Vec::new(),
    };
    check.refuse_without_known_field(payload, &operation.output);
    let output = check.object(payload, &operation.output, envelope_members);
    let found = check.found;
    if let Some(declared) = declared {
        deviations::compare(entry, declared, &found, problems);
    }
    (output, deviations::reported(&found))
}

struct ResponseCheck<'a, 'f, 'p> {
    operation: &'a Operation,
    problems: &'p mut Problems,
    found: Vec<Deviation<'f>>,
}

impl<'a, 'f, 'p> ResponseCheck<'a, 'f, 'p> {
    fn find_struct(&self, name: &str) -> Option<&'a Struct> {
        NamedType::find(&self.operation.types, name)
    }

    fn report(&mut self, located: Located<'_>, message: impl Into<String>) {
        self.problems.push(located.problem(message));
    }

    fn record(&mut self, kind: &'static str, located: Located<'f>, message: &str) {
        self.found.push(Deviation {
            kind,
            located,
            key: None,
            message: message.to_owned(),
        });
    }

    fn record_key(
        &mut self,
        kind: &'static str,
        located: Located<'f>,
        key: &'f Member,
        message: String,
    ) {
        self.found.push(Deviation {
            kind,
            located,
            key: Some(key),
            message,
        });
    }

    /// Reports an output, or an item of a list, without any described field. It would look like one in
    /// which every field is absent, so the decoder refuses it.
    fn refuse_without_known_field(&mut self, located: Located<'f>, structure: &Struct) {
        let Value::Object(members) = &located.node.value else {
            return;
        };
        let is_described = |member: &Member| lenient::field_for(structure, &member.key).is_some();
        if !structure.fields.is_empty() && !members.iter().any(is_described) {
            let message = "this has none of the described fields, so the decoder refuses it";
            self.report(located, message);
        }
    }

    fn item(&mut self, located: Located<'f>, field: &Field, item: &Type) -> Value {
        if let Type::Struct(name) = item
            && let Some(structure) = self.find_struct(name)
        {
            self.refuse_without_known_field(located, structure);
        }
        self.value(located, field, item, &field.each)
    }

    /// Checks an object, and returns it as it serializes after decoding.
    fn object(
        &mut self,
        located: Located<'f>,
        structure: &Struct,
        envelope_members: &[&str],
    ) -> Value {
        let Value::Object(members) = &located.node.value else {
            let kind = located.node.value.kind();
            self.report(
                located,
                format!("this is {kind}, but an object is described"),
            );
            return Value::Object(Vec::new());
        };
        let mut found: Vec<(&Field, &Member)> = Vec::new();
        for member in members {
            if envelope_members.contains(&member.key.as_str()) {
                continue;
            }
            let Some((field, exact)) = lenient::field_for(structure, &member.key) else {
                let described = structure.fields.iter().map(|field| field.wire.as_str());
                let hint = hint(&member.key, described);
                let message = format!("{:?} is not described{hint}", member.key);
                self.record_key(
                    "unknown_field",
                    located.in_same_file(&member.node),
                    member,
                    message,
                );
                continue;
            };
            if let Some((_, first)) = found.iter().find(|(other, _)| other.wire == field.wire) {
                let message = format!("{:?} and {:?} are one field", first.key, member.key);
                self.problems
                    .push(located.problem_with_key(member, message));
                continue;
            }
            if !exact {
                let message = format!("the key {:?} is described as {:?}", member.key, field.wire);
                self.record_key(
                    "key_spelling",
                    located.in_same_file(&member.node),
                    member,
                    message,
                );
            }
            found.push((field, member));
        }
        let mut decoded = Vec::new();
        for field in &structure.fields {
            let member = found.iter().find(|(other, _)| other.wire == field.wire);
            if member.is_none() && field.required {
                let message = format!(
                    "{:?} is promised (`required`) and missing; if the source omits it, remove \
                     `required`",
                    field.wire
                );
                self.report(located, message);
            }
            let value = member.and_then(|(_, member)| {
                self.field(located.in_same_file(&member.node), field, structure)
            });
            let value = value.or_else(|| absent(field, structure));
            decoded.extend(value.map(|value| Member::new(&field.wire, value)));
        }
        Value::Object(decoded)
    }

    /// Checks the value of a field. Returns `None` for a null, which reads as absent.
    fn field(&mut self, located: Located<'f>, field: &Field, structure: &Struct) -> Option<Value> {
        let is_optional = structure.is_optional(field);
        // A field of any JSON that is no `Option` keeps null as its value.
        let null_is_a_value = field.ty == Type::Json && !is_optional;
        if matches!(located.node.value, Value::Null) && !null_is_a_value {
            let wire = &field.wire;
            let is_read_as_empty = field.ty.is_collection() && field.limits.min_items.is_none();
            if field.required && !is_optional && !is_read_as_empty {
                let message = format!("{wire:?} is promised (`required`) but null here");
                self.report(located, message);
            } else if !field.nullable {
                let message = format!("{wire:?} is null here but not `nullable`");
                self.record("unexpected_null", located, &message);
            }
            return None;
        }
        if let Some(key) = &field.wrapper {
            let Some(inner) = located.node.value.member(key) else {
                let message = format!("this list is described as wrapped in {{ {key:?}: [ … ] }}");
                self.report(located, message);
                return None;
            };
            let list = self.value(located.in_same_file(inner), field, &field.ty, &field.limits);
            return Some(wrap(key, list));
        }
        Some(self.value(located, field, &field.ty, &field.limits))
    }

    fn value(&mut self, located: Located<'f>, field: &Field, ty: &Type, limits: &Limits) -> Value {
        let value = &located.node.value;
        match (ty, value) {
            (Type::List(item), Value::List(nodes)) => {
                if let Some(message) = items_problem(limits, nodes.len() as u64) {
                    self.report(located, message);
                }
                let items = nodes
                    .iter()
                    .map(|node| self.item(located.in_same_file(node), field, item));
                Value::List(items.map(Node::new).collect())
            }
            (Type::List(item), Value::Object(_))
                if !matches!(**item, Type::List(_) | Type::Json) =>
            {
                let message = "a single object in place of a list";
                self.record("single_for_list", located, message);
                Value::List(vec![Node::new(self.item(located, field, item))])
            }
            (Type::Map(item), Value::Object(members)) => {
                let limits = Limits::default();
                let members = members.iter().map(|member| {
                    let value =
                        self.value(located.in_same_file(&member.node), field, item, &limits);
                    Member::new(&member.key, value)
                });
                Value::Object(members.collect())
            }
            (Type::Struct(name), _) => match self.find_struct(name) {
                Some(structure) => self.object(located, structure, &[]),
                None => value.clone(),
            },
            _ => self.scalar(located, ty, limits),
        }
    }

    fn scalar(&mut self, located: Located<'f>, ty: &Type, limits: &Limits) -> Value {
        let mut value = located.node.value.clone();
        if let Some(accepted) = lenient::accepted(ty, &value) {
            self.record(accepted.kind, located, accepted.message);
            value = accepted.value;
        }
        let values = NamedType::wire_values(&self.operation.types, ty);
        if let Some(message) = value_problem(ty, limits, &values, &value) {
            self.report(located, message);
        }
        value
    }
}

/// What an absent field serializes as after decoding, if it does.
fn absent(field: &Field, structure: &Struct) -> Option<Value> {
    if structure.is_optional(field) {
        return None;
    }
    let empty = match &field.ty {
        Type::List(_) => Value::List(Vec::new()),
        Type::Map(_) => Value::Object(Vec::new()),
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
