//! What editors are told agrees with what the reader does, and the generator with its place among
//! the crates.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use xtask::diag::Problems;
use xtask::examples::DEVIATIONS;
use xtask::fixtures;
use xtask::json::{File, Node, Value};
use xtask::model::{CodeKind, Format};
use xtask::read::keys;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn schema(name: &str) -> File {
    let mut problems = Problems::default();
    let path = format!("fixtures/schema/{name}.schema.json");
    let file = fixtures::file(root(), &path, &mut problems);
    assert!(problems.is_empty(), "{:?}", problems.into_sorted());
    file.unwrap()
}

fn keys_of<'s>(schema: &'s File, pointer: &str) -> BTreeSet<&'s str> {
    let node = schema.root.at_pointer(&format!("{pointer}/properties"));
    let Some(Node {
        value: Value::Object(members),
        ..
    }) = node
    else {
        panic!("{pointer} has no properties");
    };
    members.iter().map(|member| member.key.as_str()).collect()
}

fn words_of<'s>(schema: &'s File, pointer: &str) -> Vec<&'s str> {
    let node = schema.root.at_pointer(&format!("{pointer}/enum"));
    let Some(Node {
        value: Value::List(words),
        ..
    }) = node
    else {
        panic!("{pointer} has no words");
    };
    let text = |node: &'s Node| match &node.value {
        Value::Text(text) => text.as_str(),
        other => panic!("{other:?}"),
    };
    words.iter().map(text).collect()
}

#[test]
fn the_schemas_know_the_keys_that_the_reader_asks_for() {
    let (operation, provider) = (schema("operation"), schema("provider"));
    for (schema, pointer, keys) in [
        (&operation, "", keys::OPERATION),
        (&operation, "/$defs/source", keys::SOURCE),
        (&operation, "/$defs/http", keys::HTTP),
        (&operation, "/$defs/behavior", keys::BEHAVIOR),
        (&operation, "/$defs/rate_limit", keys::RATE_LIMIT),
        (&operation, "/$defs/pagination", keys::PAGINATION),
        (&operation, "/$defs/field", keys::FIELD),
        (&operation, "/$defs/each", keys::EACH),
        (&operation, "/$defs/condition", keys::REQUIRE),
        (&operation, "/$defs/struct", keys::STRUCT),
        (&operation, "/$defs/enum", keys::ENUM),
        (&operation, "/$defs/value", keys::VALUE),
        (&operation, "/$defs/error", keys::ERROR),
        (&operation, "/$defs/envelope", keys::ENVELOPE),
        (&operation, "/$defs/success", keys::SUCCESS),
        (&operation, "/$defs/example", keys::EXAMPLE),
        (&operation, "/$defs/deviations", DEVIATIONS),
        (&provider, "", keys::PROVIDER),
        (&provider, "/$defs/http", keys::PROVIDER_HTTP),
        (&provider, "/$defs/service", keys::SERVICE),
    ] {
        let known: BTreeSet<&str> = keys.iter().copied().collect();
        assert_eq!(keys_of(schema, pointer), known, "{pointer}");
    }
}

#[test]
fn the_schemas_know_the_words_that_the_reader_takes() {
    let operation = schema("operation");
    assert_eq!(
        words_of(&operation, "/$defs/error/properties/kind"),
        CodeKind::ALL.map(|(name, _)| name)
    );
    let formats = Format::ALL.map(|(name, _)| name);
    for of in ["field", "each"] {
        assert_eq!(
            words_of(&operation, &format!("/$defs/{of}/properties/format")),
            formats
        );
    }
}

/// The packages that a part of the workspace is compiled with, without its own.
fn packages(of: &[&str]) -> BTreeSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(root())
        .args(["tree", "--edges", "normal", "--prefix", "none"]);
    let output = cargo
        .args(["--format", "{p}", "--offline"])
        .args(of)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let tree = String::from_utf8(output.stdout).unwrap();
    let outside = tree.lines().filter(|line| !line.contains("(/"));
    outside
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

/// Features are unified over a workspace: what the generator switched on in a package that the SDK
/// crates use, they would use without knowing.
#[test]
fn the_generator_shares_no_package_with_what_it_generates() {
    let own = packages(&["--package", "xtask"]);
    assert!(
        own.iter().eq(["jsonc-parser", "similar", "strsim"]),
        "{own:?}"
    );
    let core = packages(&["--package", "standing-core", "--all-features"]);
    assert!(own.is_disjoint(&core), "{core:?}");
}
