//! The JSON Schemas of the fixtures: for editors, and for the reader the keys that an object may have
//! and those that it must have.

use std::sync::LazyLock;

use super::json::{Node, Value};
use super::parse::parse;
use super::problem::Problems;

/// A kind of object: its keys, and those that are required.
#[derive(Debug)]
pub struct Kind {
    name: String,
    /// The keys in the order of the schema.
    pub keys: Vec<String>,
    /// The keys that must be there.
    pub required: Vec<String>,
}

static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let texts = [
        (
            "operation",
            include_str!("../../../fixtures/schema/operation.schema.json"),
        ),
        (
            "provider",
            include_str!("../../../fixtures/schema/provider.schema.json"),
        ),
    ];
    texts
        .into_iter()
        .flat_map(|(name, text)| kinds(name, text))
        .collect()
});

/// The kind of a name: of a schema itself, or of one of its `$defs`.
#[expect(
    clippy::expect_used,
    reason = "only the code of the generator names kinds"
)]
pub fn kind(name: &str) -> &'static Kind {
    let found = KINDS.iter().find(|kind| kind.name == name);
    found.expect("the schemas have every kind that is read")
}

#[expect(clippy::expect_used, reason = "the schemas are compiled in")]
fn kinds(name: &str, text: &str) -> Vec<Kind> {
    let file = parse(name.to_owned(), text.to_owned(), &mut Problems::default());
    let schema = file.expect("the schemas are JSON").root.value;
    let defs = schema.member("$defs").map(|defs| defs.value.members());
    let defs = defs.unwrap_or_default().iter();
    let defs = defs.map(|member| (member.key.as_str(), &member.node.value));
    let all = defs.chain([(name, &schema)]);
    let kinds = all.filter_map(|(name, schema)| {
        let properties = schema.member("properties")?.value.members().iter();
        Some(Kind {
            name: name.to_owned(),
            keys: properties.map(|member| member.key.clone()).collect(),
            required: schema.member("required").map(texts).unwrap_or_default(),
        })
    });
    kinds.collect()
}

fn texts(node: &Node) -> Vec<String> {
    match &node.value {
        Value::List(items) => items
            .iter()
            .filter_map(|item| item.value.scalar_text())
            .collect(),
        _ => Vec::new(),
    }
}
