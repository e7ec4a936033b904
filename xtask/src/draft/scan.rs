//! Types, as far as a sample shows them.

use std::collections::BTreeMap;

use crate::load::json::{Member, Node, Value};
use crate::names;

/// Marks what a person must fill in.
pub(super) const TODO: &str = "TODO";

/// Fields of a struct: name, type, and other keys that can be guessed.
pub(super) type Fields = Vec<(String, String, Vec<(&'static str, Option<String>)>)>;

/// Infers types from a sample.
#[derive(Default)]
pub(super) struct Scan {
    /// The structs, by name.
    pub(super) types: BTreeMap<String, Fields>,
    /// How many keys had blanks around them.
    pub(super) trimmed_keys: usize,
    /// Whether this is an answer: only answers have wrapped lists.
    pub(super) received: bool,
}

impl Scan {
    /// The fields of an object.
    pub(super) fn fields(&mut self, value: &Value) -> Fields {
        let Value::Object(members) = value else {
            return Vec::new();
        };
        let mut fields = Vec::new();
        for Member { key, node, .. } in members {
            let name = key.trim();
            self.trimmed_keys += usize::from(name != key);
            let mut more = Vec::new();
            let (item, value) = match wrapped(name, &node.value).filter(|_| self.received) {
                Some((inner, list)) => {
                    more.push(("wrapper", Some(inner.to_owned())));
                    (inner, list)
                }
                None => (name, &node.value),
            };
            if self.received && matches!(node.value, Value::Null) {
                more.push(("nullable", None));
            }
            if is_personal(name) {
                more.push(("sensitive", None));
            }
            let ty = self.ty(item, value);
            fields.push((name.to_owned(), ty, more));
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
                    format!("list<{}>", self.named(name, nodes))
                }
                [first, ..] => format!("list<{}>", self.ty(name, &first.value)),
            },
            Value::Object(_) => self.named(name, &[Node::new(value.clone())]),
        }
    }

    /// Declares a struct with the fields of all nodes, since each may lack some.
    fn named(&mut self, name: &str, nodes: &[Node]) -> String {
        let mut all: Fields = Vec::new();
        for node in nodes {
            for field in self.fields(&node.value) {
                let Some(known) = all.iter_mut().find(|known| known.0 == field.0) else {
                    all.push(field);
                    continue;
                };
                if known.1.contains(TODO) {
                    known.1 = field.1;
                }
                for more in field.2 {
                    if !known.2.contains(&more) {
                        known.2.push(more);
                    }
                }
            }
        }
        let name = names::pascal(name);
        let singular = name
            .strip_suffix('s')
            .filter(|rest| !rest.ends_with('s'))
            .unwrap_or(&name);
        let mut name = singular.to_owned();
        while self.types.get(&name).is_some_and(|known| *known != all) {
            name.push_str("Item");
        }
        self.types.insert(name.clone(), all);
        name
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
