//! The JSON Schemas of the fixtures: for editors, and for the reader the keys that an object may have
//! and those that it must have.

use std::sync::LazyLock;

use super::json::{Node, Value};
use super::parse::parse;
use super::problem::Problems;

/// The keys that a kind of object has, and those that are required.
#[derive(Debug)]
pub struct ObjectSchema {
    name: String,
    /// The keys in the order of the schema.
    pub keys: Vec<String>,
    /// The keys that must be there.
    pub required: Vec<String>,
}

static OBJECTS: LazyLock<Vec<ObjectSchema>> = LazyLock::new(|| {
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
        .flat_map(|(name, text)| objects(name, text))
        .collect()
});

/// The keys of the objects of a name, which is `operation`, `provider`, or one of the `$defs` of either
/// schema: no name occurs in both with other keys.
#[expect(
    clippy::expect_used,
    reason = "only the code of the generator gives names"
)]
pub fn object_schema(name: &str) -> &'static ObjectSchema {
    let found = OBJECTS.iter().find(|object| object.name == name);
    found.expect("the schemas have every object that is read")
}

#[expect(clippy::expect_used, reason = "the schemas are compiled in")]
fn objects(name: &str, text: &str) -> Vec<ObjectSchema> {
    let file = parse(name.to_owned(), text.to_owned(), &mut Problems::default());
    let schema = file.expect("the schemas are JSON").node.value;
    let defs = schema.member("$defs").map(|defs| defs.value.members());
    let defs = defs.unwrap_or_default().iter();
    let defs = defs.map(|member| (member.key.as_str(), &member.node.value));
    let all = defs.chain([(name, &schema)]);
    let objects = all.filter_map(|(name, schema)| {
        let properties = schema.member("properties")?.value.members().iter();
        Some(ObjectSchema {
            name: name.to_owned(),
            keys: properties.map(|member| member.key.clone()).collect(),
            required: schema.member("required").map(texts).unwrap_or_default(),
        })
    });
    objects.collect()
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
