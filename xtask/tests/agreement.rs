//! The generator agrees with the schemas that editors use, with the prelude that generated code
//! imports, and with its place in the workspace.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use xtask::model::{CodeKind, Format, Method};
use xtask::read::is_reserved;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

#[test]
fn words_of_the_schemas_are_those_of_the_reader() {
    let schema = |name: &str| -> Value {
        let path = root().join(format!("fixtures/schema/{name}.schema.json"));
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    };
    let (operation, provider) = (schema("operation"), schema("provider"));
    let formats = Format::ALL.map(|(name, _)| name);
    let methods = Method::ALL.map(|(name, _)| name);
    for (schema, property, words) in [
        (
            &operation,
            "error/properties/kind",
            &CodeKind::ALL.map(|(name, _)| name)[..],
        ),
        (&operation, "field/properties/format", &formats),
        (&operation, "each/properties/format", &formats),
        (&operation, "http/properties/method", &methods),
        (&provider, "provider_http/properties/method", &methods),
    ] {
        let pointer = format!("/$defs/{property}/enum");
        let known = schema.pointer(&pointer).and_then(Value::as_array).unwrap();
        assert!(known.iter().eq(words), "{pointer}");
    }
}

#[test]
fn names_of_the_prelude_are_reserved() {
    let core = fs::read_to_string(root().join("crates/core/src/lib.rs")).unwrap();
    let (_, prelude) = core.split_once("pub mod generated {").unwrap();
    let is_name = |word: &&str| word.starts_with(|c: char| c.is_ascii_uppercase());
    let code = prelude
        .lines()
        .filter(|line| !line.trim().starts_with("//"));
    let words = code.flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric()));
    let names: Vec<&str> = words.filter(is_name).collect();
    assert!(names.contains(&"Violations"), "{names:?}");
    for name in names {
        assert!(is_reserved(name), "{name}");
    }
}

/// The packages outside the workspace that a part of it is compiled with.
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

/// Features are unified over a workspace: the SDK crates would silently use those that the generator
/// enables in a package of theirs.
#[test]
fn packages_of_the_generator_are_not_those_of_core() {
    let own = packages(&["--package", "xtask"]);
    assert!(
        own.iter().eq(["jsonc-parser", "similar", "strsim"]),
        "{own:?}"
    );
    let core = packages(&["--package", "standing-core", "--all-features"]);
    assert!(own.is_disjoint(&core), "{core:?}");
}
