//! What the Markdown files claim about the repository, held against the repository.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed test is a panic"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// Every Markdown file of the repository, by its path.
fn markdown() -> BTreeMap<String, String> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !name(&path).starts_with('.') && name(&path) != "target" {
                    walk(&path, found);
                }
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(root(), &mut found);
    let paths = found.iter().map(|path| path.strip_prefix(root()).unwrap());
    let paths = paths.map(|path| path.to_str().unwrap().to_owned());
    paths.map(|path| (path.clone(), read(&path))).collect()
}

/// The text of each fenced block with the text before it.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    let parts: Vec<&str> = text.split("```").collect();
    let pairs = parts.chunks_exact(2);
    pairs
        .map(|pair| (pair[0], pair[1].split_once('\n').unwrap().1))
        .collect()
}

#[test]
fn every_link_to_a_file_has_a_target() {
    let files = markdown();
    assert!(files.len() > 10, "{:?}", files.keys());
    for (path, text) in &files {
        let folder = root().join(path).parent().unwrap().to_owned();
        for link in text.split("](").skip(1) {
            let (target, _) = link.split_once(')').unwrap();
            let (target, _) = target.split_once('#').unwrap_or((target, ""));
            if !target.is_empty() && !target.contains("://") {
                assert!(folder.join(target).exists(), "{path}: {target}");
            }
        }
    }
}

#[test]
fn every_excerpt_of_the_guide_is_in_its_file() {
    let guide = read("CONTRIBUTING.md");
    let (_, guide) = guide.split_once("## Adding a provider").unwrap();
    let (guide, _) = guide.split_once("\n## ").unwrap();
    let mut compared = 0;
    for (before, block) in blocks(guide) {
        let (_, after) = before.rsplit_once("`guide/").unwrap();
        let (path, _) = after.split_once('`').unwrap();
        let file = read(&format!("guide/{path}"));
        assert!(
            file.contains(block),
            "guide/{path} does not contain:\n{block}"
        );
        compared += 1;
    }
    assert!(compared >= 4, "{compared}");
}

#[test]
fn the_guide_names_every_file_of_its_example_that_is_written_by_hand() {
    let guide = read("CONTRIBUTING.md");
    let example = root().join("guide/crates/acme");
    for folder in ["", "src", "tests"] {
        for entry in fs::read_dir(example.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && name(&path) != "generated.rs" {
                let path = path.strip_prefix(root()).unwrap().to_str().unwrap();
                assert!(guide.contains(path), "{path}");
            }
        }
    }
}

/// The rows of the first table whose first column has this title, cell by cell.
fn table<'t>(text: &'t str, title: &str) -> Vec<Vec<&'t str>> {
    let head = format!("| {title} |");
    let lines = text.lines().skip_while(|line| !line.starts_with(&head));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells = row.trim_matches('|').split('|');
        cells.map(str::trim).collect()
    })
    .collect()
}

/// What a table of operations says of an operation: effect, rate, pages.
fn facts(operation: &Value) -> [String; 3] {
    let behavior = &operation["behavior"];
    let effect = match behavior["effect"].as_str().unwrap() {
        "write" => "**write**".to_owned(),
        effect => effect.to_owned(),
    };
    let metered = match behavior["metered"].as_bool() {
        Some(true) => ", metered",
        _ => "",
    };
    let rate = &operation["rate_limit"];
    let assumed = if rate["assumed"].is_null() {
        ""
    } else {
        " (assumed)"
    };
    let rate = match (rate["requests"].as_u64(), rate["seconds"].as_u64()) {
        (Some(requests), Some(1)) => format!("{requests}/s{assumed}"),
        (Some(requests), Some(seconds)) => format!("{requests} in {seconds} s{assumed}"),
        _ => "none documented".to_owned(),
    };
    let pages = match operation["pagination"]["style"].as_str() {
        None => "-",
        Some("page") => "by page number",
        Some("offset") => "by offset",
        Some("token") => "by token",
        Some(other) => panic!("{other}"),
    };
    [format!("{effect}{metered}"), rate, pages.to_owned()]
}

/// The facts of every operation of the fixtures, by provider and by `service::Name`.
fn operations() -> BTreeMap<String, BTreeMap<String, [String; 3]>> {
    let mut all: BTreeMap<String, BTreeMap<_, _>> = BTreeMap::new();
    for provider in folders(&root().join("fixtures")) {
        if !provider.join("provider.json").exists() {
            continue;
        }
        for service in folders(&provider) {
            for operation in folders(&service) {
                let operation = json(&operation.join("operation.json"));
                let name_of = operation["operation"].as_str().unwrap();
                let path = format!("{}::{name_of}", name(&service));
                let of_provider = all.entry(name(&provider).to_owned()).or_default();
                of_provider.insert(path, facts(&operation));
            }
        }
    }
    all
}

/// The rows of a table of operations: the path, and the columns after "what it does".
fn listed(text: &str) -> BTreeMap<String, Vec<String>> {
    let rows = table(text, "operation");
    let count = rows.len();
    let rows: BTreeMap<_, _> = rows
        .into_iter()
        .map(|row| {
            let facts = row[2..].iter().map(|&cell| cell.to_owned()).collect();
            (row[0].trim_matches('`').to_owned(), facts)
        })
        .collect();
    assert_eq!(rows.len(), count, "an operation is listed twice");
    rows
}

/// The names in a cell, each in backticks and separated by commas.
fn names(cell: &str) -> Vec<String> {
    let names = cell.split(", ").filter(|&name| name != "-");
    names
        .map(|name| name.trim_matches('`').to_owned())
        .collect()
}

#[test]
fn every_table_of_operations_equals_the_fixtures() {
    let mut all: BTreeMap<String, [Vec<String>; 2]> = BTreeMap::new();
    for (provider, operations) in operations() {
        let path = format!("crates/{provider}/README.md");
        let expected: BTreeMap<_, _> = operations
            .iter()
            .map(|(path, facts)| (path.clone(), facts.to_vec()))
            .collect();
        assert_eq!(listed(&read(&path)), expected, "{path}");
        for (path, [effect, ..]) in operations {
            let (service, operation) = path.split_once("::").unwrap();
            let module = all.entry(format!("`standing_{provider}::{service}`"));
            module.or_default()[usize::from(effect != "read")].push(operation.to_owned());
        }
    }
    assert!(all.len() >= 5, "{all:?}");
    let readme = read("README.md");
    let modules = table(&readme, "module").into_iter();
    let modules: BTreeMap<_, _> = modules
        .map(|row| (row[0].to_owned(), [names(row[1]), names(row[2])]))
        .collect();
    assert_eq!(modules, all, "README.md");
}

/// The text of every Rust file of the crates.
fn sources() -> String {
    fn walk(folder: &Path, text: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, text);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut text = String::new();
    walk(&root().join("crates"), &mut text);
    text
}

#[test]
fn every_row_and_test_that_security_md_names_exists() {
    let security = read("SECURITY.md");
    let rows = table(&security, "Promise");
    let sources = sources();
    // The names of rows; a test of the suite holds its table against its tests.
    let faults = read("crates/faults/README.md");
    assert!(rows.len() > 10, "{rows:?}");
    for row in rows {
        let held_by = row.last().unwrap();
        for name in held_by.split('`').skip(1).step_by(2) {
            let (letter, number) = name.split_at(1);
            let row = format!("\n| {}{number} |", letter.to_uppercase());
            let found = match name.strip_suffix("::*") {
                Some(module) => sources.contains(&format!("mod {module};")),
                None => faults.contains(&row) || sources.contains(&format!("fn {name}(")),
            };
            assert!(found, "SECURITY.md names {name}");
        }
    }
}

#[test]
fn readme_is_short_and_begins_the_report_as_the_binary_does() {
    let readme = read("README.md");
    assert!(readme.lines().count() <= 150);
    let (_, excerpt) = readme.split_once("```text\n").unwrap();
    let (excerpt, _) = excerpt.split_once("```").unwrap();
    let excerpt = excerpt.strip_suffix("…\n").unwrap();
    // A test of the binary compares this one with what is printed.
    let full = read("crates/cli/README.md");
    assert!(full.contains(&format!("```text\n{excerpt}")), "{excerpt}");
}

#[test]
fn published_packages_have_what_a_registry_shows() {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
            "--manifest-path",
        ])
        .arg(root().join("Cargo.toml"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let script = read(".ci/packages");
    let (_, packaged) = script.split_once("published=(").unwrap();
    let (packaged, _) = packaged.split_once(')').unwrap();
    let packaged: BTreeSet<_> = packaged.split_whitespace().collect();
    let mut published = BTreeSet::new();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        // `publish = false` is an empty list.
        if package["publish"].is_array() {
            continue;
        }
        published.insert(name);
        for member in ["description", "documentation", "license", "readme"] {
            assert!(package[member].is_string(), "{name} has no {member}");
        }
        assert!(
            (1..=5).contains(&package["keywords"].as_array().unwrap().len()),
            "{name}"
        );
        assert!(
            !package["categories"].as_array().unwrap().is_empty(),
            "{name}"
        );
        let folder = Path::new(package["manifest_path"].as_str().unwrap())
            .parent()
            .unwrap();
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            let text = fs::read_to_string(folder.join(licence)).unwrap();
            assert_eq!(text, read(licence), "{name}");
        }
    }
    assert_eq!(published, packaged, ".ci/packages");
}
