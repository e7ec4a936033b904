//! The table of faults in the README of this crate, and SECURITY.md, which refers to its rows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// The names of all tests under a folder.
fn tests_under(folder: &Path, into: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_under(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                    is_test = true;
                } else if let Some((_, name)) = line.split_once("fn ")
                    && std::mem::take(&mut is_test)
                {
                    into.insert(name.split('(').next().unwrap().to_owned());
                }
            }
        }
    }
}

/// The tests of a crate, by the name of its folder.
fn tests_of(name: &str) -> BTreeSet<String> {
    let folder = match name {
        "xtask" => root().join("xtask"),
        name => root().join("crates").join(name),
    };
    let mut tests = BTreeSet::new();
    for part in ["src", "tests"] {
        if folder.join(part).is_dir() {
            tests_under(&folder.join(part), &mut tests);
        }
    }
    assert!(!tests.is_empty(), "{name} has no tests");
    tests
}

/// The row that a test of the suite is named after: `B7b` of `b7b_…`.
fn row_of(test: &str) -> Option<String> {
    let (row, _) = test.split_once('_')?;
    is_row(row).then(|| row[..1].to_ascii_uppercase() + &row[1..])
}

/// A letter, a number, and perhaps another letter: `b7b`.
fn is_row(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(|first: char| first.is_ascii_lowercase()) else {
        return false;
    };
    let number = rest.trim_end_matches(|last: char| last.is_ascii_lowercase());
    !number.is_empty()
        && rest.len() - number.len() <= 1
        && number.bytes().all(|digit| digit.is_ascii_digit())
}

/// The texts between backticks, each with what follows it.
fn quoted(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts: Vec<&str> = text.split('`').collect();
    assert!(parts.len() % 2 == 1, "{text}");
    let pairs = parts[1..].chunks_exact(2).map(|pair| (pair[0], pair[1]));
    pairs.collect::<Vec<_>>().into_iter()
}

/// The rows of the table: their names, and the tests that they name with the crate of each.
fn rows() -> BTreeMap<String, Vec<(String, String)>> {
    let mut rows = BTreeMap::new();
    for line in read("crates/faults/README.md").lines() {
        let Some(cells) = line
            .strip_prefix("| ")
            .and_then(|row| row.strip_suffix(" |"))
        else {
            continue;
        };
        let cells: Vec<&str> = cells.split(" | ").collect();
        assert_eq!(cells.len(), 4, "{line}");
        if cells[0] == "Row" {
            continue;
        }
        let tests = quoted(cells[3]).map(|(test, after)| {
            let of = after
                .strip_prefix(" (")
                .and_then(|of| of.split_once(')'))
                .map_or("faults", |(of, _)| of);
            (test.to_owned(), of.to_owned())
        });
        let earlier = rows.insert(cells[0].to_owned(), tests.collect());
        assert!(earlier.is_none(), "two rows {}", cells[0]);
    }
    rows
}

#[test]
fn the_table_names_every_test_of_the_suite_and_no_other() {
    let rows = rows();
    assert!(rows.len() > 100, "{} rows", rows.len());
    let mut crates: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (row, tests) in &rows {
        assert!(!tests.is_empty(), "no test holds {row}");
        for (test, of) in tests {
            let exist = crates.entry(of).or_insert_with(|| tests_of(of));
            assert!(exist.contains(test), "{row}: {of} has no test {test}");
        }
    }
    for test in tests_of("faults") {
        let Some(row) = row_of(&test) else {
            continue;
        };
        let named = rows.get(&row).is_some_and(|tests| {
            let mut names = tests.iter().map(|(name, _)| name);
            names.any(|name| *name == test)
        });
        assert!(named, "README.md has no row {row} with {test}");
    }
}

#[test]
fn security_refers_to_rows_and_tests_that_exist() {
    let rows = rows();
    let mut all = BTreeSet::new();
    for folder in ["crates", "xtask"] {
        tests_under(&root().join(folder), &mut all);
    }
    let mut references = 0;
    for line in read("SECURITY.md").lines() {
        let Some(row) = line.strip_suffix(" |") else {
            continue;
        };
        for (name, _) in quoted(row.rsplit(" | ").next().unwrap()) {
            let exists = if is_row(name) {
                rows.contains_key(&(name[..1].to_ascii_uppercase() + &name[1..]))
            } else if name.contains('_') {
                all.contains(name)
            } else {
                continue;
            };
            assert!(exists, "SECURITY.md refers to {name}, which does not exist");
            references += 1;
        }
    }
    assert!(references > 40, "{references}");
}
