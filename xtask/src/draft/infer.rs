//! Types, as far as a sample shows them.

use std::collections::BTreeMap;

use crate::load::json::{Member, Node, Value};
use crate::names;

/// Marks what a person must fill in.
pub(super) const TODO: &str = "TODO";

/// A field, and the keys of its description that can be guessed.
#[derive(Clone, PartialEq)]
pub(super) struct InferredField {
    pub(super) name: String,
    pub(super) ty: String,
    pub(super) wrapper: Option<String>,
    pub(super) nullable: bool,
    pub(super) sensitive: bool,
}

/// What a sample is of.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Role {
    Request,
    /// Only responses have wrapped lists and nulls.
    Response,
}

/// Infers types from one sample.
pub(super) struct Inference<'t> {
    /// The structs of all samples of the operation, by name.
    types: &'t mut BTreeMap<String, Vec<InferredField>>,
    role: Role,
    /// How many keys had blanks around them.
    pub(super) trimmed_keys: usize,
}

impl<'t> Inference<'t> {
    /// Adds the structs that the sample shows to `types`.
    pub(super) fn new(types: &'t mut BTreeMap<String, Vec<InferredField>>, role: Role) -> Self {
        Self {
            types,
            role,
            trimmed_keys: 0,
        }
    }

    /// The fields of an object.
    pub(super) fn fields(&mut self, value: &Value) -> Vec<InferredField> {
        let mut fields = Vec::new();
        for Member { key, node, .. } in value.members() {
            let name = key.trim();
            self.trimmed_keys += usize::from(name != key);
            let is_response = self.role == Role::Response;
            let wrapped = wrapped(name, &node.value).filter(|_| is_response);
            let (item_name, value) = wrapped.unwrap_or((name, &node.value));
            fields.push(InferredField {
                ty: self.ty(item_name, value),
                wrapper: wrapped.map(|(key, _)| key.to_owned()),
                nullable: is_response && matches!(node.value, Value::Null),
                sensitive: is_personal(name),
                name: name.to_owned(),
            });
        }
        fields
    }

    fn ty(&mut self, name: &str, value: &Value) -> String {
        match value {
            Value::Null => TODO.to_owned(),
            Value::Bool(_) => "bool".to_owned(),
            Value::Text(_) => "string".to_owned(),
            Value::Number(_) if is_money(name) => "decimal".to_owned(),
            Value::Number(text) if text.contains(['.', 'e', 'E']) => "float".to_owned(),
            Value::Number(text) if text.starts_with('-') => "int".to_owned(),
            Value::Number(_) => "uint".to_owned(),
            Value::List(nodes) => match nodes.as_slice() {
                [] => format!("list<{TODO}>"),
                [first, ..] if matches!(first.value, Value::Object(_)) => {
                    format!("list<{}>", self.declare(name, nodes))
                }
                [first, ..] => format!("list<{}>", self.ty(name, &first.value)),
            },
            Value::Object(_) => self.declare(name, &[Node::new(value.clone())]),
        }
    }

    /// Declares a struct with the fields of all nodes, since each may lack some; returns its name.
    fn declare(&mut self, name: &str, nodes: &[Node]) -> String {
        let mut all: Vec<InferredField> = Vec::new();
        for node in nodes {
            for field in self.fields(&node.value) {
                match all.iter_mut().find(|other| other.name == field.name) {
                    Some(other) => other.merge(field),
                    None => all.push(field),
                }
            }
        }
        let name = names::pascal(name);
        let singular = name
            .strip_suffix('s')
            .filter(|rest| !rest.ends_with('s'))
            .unwrap_or(&name);
        let mut name = singular.to_owned();
        while self.types.get(&name).is_some_and(|other| *other != all) {
            name.push_str("Item");
        }
        self.types.insert(name.clone(), all);
        name
    }
}

impl InferredField {
    /// Adds what another item of the same list shows of the field.
    fn merge(&mut self, other: Self) {
        if self.ty.contains(TODO) {
            self.ty = other.ty;
        }
        self.wrapper = self.wrapper.take().or(other.wrapper);
        self.nullable |= other.nullable;
        self.sensitive |= other.sensitive;
    }
}

/// The inner key and the list of `"Items": {"Item": […]}`.
fn wrapped<'v>(name: &str, value: &'v Value) -> Option<(&'v str, &'v Value)> {
    let Value::Object(members) = value else {
        return None;
    };
    match members.as_slice() {
        [Member { key, node, .. }]
            if matches!(node.value, Value::List(_)) && name.starts_with(key.as_str()) =>
        {
            Some((key, &node.value))
        }
        _ => None,
    }
}

/// Samples often have money as an integer, which looks like a count.
fn is_money(name: &str) -> bool {
    let name = name.to_lowercase();
    let words = [
        "amount", "balance", "cost", "credit", "fee", "price", "quota", "cash", "tax", "discount",
    ];
    words.iter().any(|word| name.contains(word)) && !name.contains("type") && !name.ends_with("id")
}

fn is_personal(name: &str) -> bool {
    let name = name.to_lowercase();
    let words = [
        "mobile", "phone", "email", "mail", "idcard", "bankcard", "password",
    ];
    words.iter().any(|word| name.contains(word))
}
