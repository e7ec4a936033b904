//! The commands, run as people run them.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use std::fs;

use common::Tree;

const GENERATED: &str = "crates/obstacle/src/operations/hard/nothing.rs";

#[test]
fn everything_comes_back_byte_by_byte() {
    let tree = Tree::obstacles();
    let before = tree.bytes();
    fs::remove_dir_all(tree.0.join("crates/obstacle/src/operations")).unwrap();
    fs::remove_file(tree.0.join("crates/obstacle/tests/generated.rs")).unwrap();
    let (code, told, _) = tree.xtask(&["codegen"]);
    assert_eq!(code, 0, "{told}");
    assert!(
        told.contains(&format!("created {GENERATED}")) && told.contains("12 files changed"),
        "{told}"
    );
    assert_eq!(tree.bytes(), before);

    let (code, told, _) = tree.xtask(&["codegen"]);
    assert_eq!((code, told.as_str()), (0, "everything is up to date\n"));
    assert_eq!(tree.xtask(&["codegen", "--check"]).0, 0);
    assert_eq!(tree.bytes(), before);
}

#[test]
fn two_trees_get_the_same_bytes() {
    let text = |tree: &Tree| {
        let files = xtask::codegen::generate(&tree.0).unwrap();
        files
            .into_iter()
            .map(|file| (file.path, file.text))
            .collect::<Vec<_>>()
    };
    assert_eq!(text(&Tree::obstacles()), text(&Tree::obstacles()));
}

#[test]
fn a_check_tells_what_is_stale_missing_or_orphaned_and_writes_nothing() {
    let tree = Tree::obstacles();
    let text = tree.read(GENERATED);
    tree.write(GENERATED, &text.replace("Does something.", "Does nothing."));
    fs::remove_file(tree.0.join("crates/obstacle/src/operations/other/mod.rs")).unwrap();
    tree.write("crates/obstacle/src/operations/hard/orphan.rs", &text);
    tree.write("crates/obstacle/src/operations/gone/mod.rs", &text);
    tree.write("crates/other/tests/generated.rs", &text);
    tree.write(
        "crates/obstacle/src/operations/hard/by_hand.rs",
        "// Nobody generated this.\n",
    );
    let before = tree.bytes();
    let (code, _, told) = tree.xtask(&["codegen", "--check"]);
    assert_eq!(code, 1);
    for line in [
        "crates/obstacle/src/operations/hard/nothing.rs is out of date",
        "-/// Does nothing.",
        "+/// Does something.",
        "crates/obstacle/src/operations/other/mod.rs is missing",
        "crates/obstacle/src/operations/hard/orphan.rs has no fixture",
        "crates/obstacle/src/operations/gone/mod.rs has no fixture",
        "crates/other/tests/generated.rs has no fixture",
        "run `cargo xtask codegen` and commit what it writes",
    ] {
        assert!(told.lines().any(|told| told == line), "{line}\n{told}");
    }
    assert!(!told.contains("by_hand"), "{told}");
    assert_eq!(tree.bytes(), before);

    let (code, told, _) = tree.xtask(&["codegen"]);
    assert_eq!(code, 0);
    assert!(
        told.contains("removed crates/obstacle/src/operations/gone/mod.rs"),
        "{told}"
    );
    assert!(!tree.0.join("crates/obstacle/src/operations/gone").exists());
    assert!(
        tree.0
            .join("crates/obstacle/src/operations/hard/by_hand.rs")
            .exists()
    );
    assert_eq!(tree.xtask(&["codegen", "--check"]).0, 0);
}

#[test]
fn a_new_operation_is_one_folder() {
    let tree = Tree::obstacles();
    let before = tree.bytes();
    tree.write(
        "request.json",
        r#"{ "Page": 1, "PageSize": 10, "Mobile": "0000" }"#,
    );
    tree.write(
        "response.json",
        r#"{ "Ok": true, "RequestId": "r", "Data": { "Bills ": { "Bill": [
            { "Cost": 1, "Paid": true }, { "Cost": 2, "Days": [{ "Day": "x" }], "None": null }
        ] }, "TotalCount": 2 } }"#,
    );
    let path = |name: &str| tree.0.join(name).display().to_string();
    let (code, told, error) = tree.xtask(&[
        "new",
        "obstacle/hard/ListBills",
        "--request",
        &path("request.json"),
        "--response",
        &path("response.json"),
    ]);
    assert_eq!(code, 0, "{error}");
    let folder = "fixtures/obstacle/hard/list_bills";
    assert!(
        told.contains(&format!("created {folder}/operation.json")),
        "{told}"
    );
    let draft = tree.read(&format!("{folder}/operation.json"));
    for line in [
        r#""pagination": { "style": "page", "cursor": "Page", "first": 1, "size": "PageSize", "items": "Bills", "total": "TotalCount" },"#,
        r#""Mobile": { "type": "string", "doc": "TODO", "sensitive": true }"#,
        r#""Bills": { "type": "list<Bill>", "doc": "TODO", "wrapper": "Bill" },"#,
        r#""Cost": { "type": "decimal", "doc": "TODO" },"#,
        r#""Days": { "type": "list<Day>", "doc": "TODO" },"#,
        r#""None": { "type": "TODO", "doc": "TODO", "nullable": true }"#,
        r#""documented": { "origin": "documented", "deviations": { "key_spelling": 1 } }"#,
    ] {
        assert!(draft.contains(line), "{line}\n{draft}");
    }

    let (code, _, told) = tree.xtask(&["codegen"]);
    assert_eq!(code, 2);
    assert!(
        told.contains("this is not finished: it says TODO"),
        "{told}"
    );

    let finished = draft
        .replace("TODO: read or write", "read")
        .replace(r#""type": "TODO""#, r#""type": "json""#)
        .replace(r#""doc": "TODO""#, r#""doc": "Something.""#)
        .replace("TODO", "Nobody");
    tree.write(&format!("{folder}/operation.json"), &finished);
    let (code, told, error) = tree.xtask(&["codegen"]);
    assert_eq!(code, 0, "{error}");
    assert!(
        told.contains("created crates/obstacle/src/operations/hard/list_bills.rs"),
        "{told}"
    );
    let mut changed: Vec<String> = Vec::new();
    for (path, bytes) in tree.bytes() {
        if before.get(&path) != Some(&bytes) {
            changed.push(path.strip_prefix(&tree.0).unwrap().display().to_string());
        }
    }
    assert_eq!(
        changed,
        [
            "crates/obstacle/src/operations/hard/list_bills.rs",
            "crates/obstacle/src/operations/hard/mod.rs",
            "crates/obstacle/src/operations/mod.rs",
            "crates/obstacle/tests/generated.rs",
            "fixtures/obstacle/hard/list_bills/documented.request.json",
            "fixtures/obstacle/hard/list_bills/documented.response.json",
            "fixtures/obstacle/hard/list_bills/operation.json",
            "request.json",
            "response.json",
        ]
    );
}

#[test]
fn a_payload_that_is_no_object_is_not_lost_in_a_draft() {
    let tree = Tree::obstacles();
    tree.write(
        "response.json",
        r#"{ "Ok": true, "RequestId": "r", "Data": "300" }"#,
    );
    let response = tree.0.join("response.json").display().to_string();
    let (code, _, error) = tree.xtask(&["new", "obstacle/hard/ShowQuota", "--response", &response]);
    assert_eq!(code, 0, "{error}");
    let draft = tree.read("fixtures/obstacle/hard/show_quota/operation.json");
    for line in [
        r#""envelope": "TODO: /Data is no object; an envelope with the payload \"\" has it as a field","#,
        r#""Data": { "type": "string", "doc": "TODO" }"#,
    ] {
        assert!(draft.contains(line), "{line}\n{draft}");
    }
    let (code, _, told) = tree.xtask(&["codegen"]);
    assert_eq!(code, 2);
    assert!(told.contains("TODO"), "{told}");
}

#[test]
fn a_draft_is_refused_where_it_has_no_place() {
    let tree = Tree::obstacles();
    let before = tree.bytes();
    tree.write("broken.json", "{ \"a\": }");
    tree.write("list.json", "[1]");
    let broken = tree.0.join("broken.json").display().to_string();
    let list = tree.0.join("list.json").display().to_string();
    for (arguments, message) in [
        (
            vec!["new", "obstacle/hard"],
            "an operation is named provider/service/Operation",
        ),
        (
            vec!["new", "obstacle/hard/lower"],
            "\"lower\" cannot name a type; write PascalCase",
        ),
        (
            vec!["new", "obstacle/hart/List"],
            "there is no service \"hart\"; did you mean \"hard\"?",
        ),
        (
            vec!["new", "nobody/hard/List"],
            "fixtures/nobody/provider.json",
        ),
        (
            vec!["new", "obstacle/hard/Nothing"],
            "fixtures/obstacle/hard/nothing exists already",
        ),
        (
            vec!["new", "obstacle/hard/List", "--request", &broken],
            "this is not JSON",
        ),
        (
            vec!["new", "obstacle/hard/Option"],
            "the generated code uses the name \"Option\" itself",
        ),
        (
            vec!["new", "obstacle/hard/List", "--request", &list],
            "this is a list, and an object is wanted",
        ),
        (
            vec!["new", "obstacle/hard/List", "--response", &list],
            "there is no payload at \"/Data\"",
        ),
        (
            vec!["new", "obstacle/hard/List", "--requst", &broken],
            "cargo xtask new",
        ),
        (vec!["codegne"], "cargo xtask codegen"),
    ] {
        let (code, _, told) = tree.xtask(&arguments);
        assert_eq!(code, 2, "{arguments:?}");
        assert!(told.contains(message), "{arguments:?}\n{told}");
    }
    fs::remove_file(broken).unwrap();
    fs::remove_file(list).unwrap();
    assert_eq!(tree.bytes(), before);
}

#[test]
fn what_the_crate_has_already_is_no_service_and_a_provider_has_a_crate() {
    let tree = Tree::obstacles();
    let provider = "fixtures/obstacle/provider.json";
    let declared = tree.read(provider);
    tree.write(provider, &declared.replace("\"other\": {", "\"std\": {"));
    let folder = |name: &str| tree.0.join("fixtures/obstacle").join(name);
    fs::rename(folder("other"), folder("std")).unwrap();
    let (code, _, told) = tree.xtask(&["codegen"]);
    assert_eq!(code, 2);
    let clash = "the crate of the provider has something else called \"std\"";
    assert!(told.contains(clash), "{told}");

    let tree = Tree::obstacles();
    fs::remove_file(tree.0.join("crates/obstacle/Cargo.toml")).unwrap();
    let before = tree.bytes();
    let (code, _, told) = tree.xtask(&["codegen"]);
    assert_eq!(code, 2);
    assert!(
        told.starts_with("error: there is no crate in crates/obstacle"),
        "{told}"
    );
    assert_eq!(tree.bytes(), before);
}

#[test]
fn a_file_that_cannot_be_written_leaves_the_others_as_they_were() {
    let tree = Tree::obstacles();
    let operations = "crates/obstacle/src/operations";
    tree.write(&format!("{operations}/hard/nothing.rs"), "old");
    fs::remove_dir_all(tree.0.join(operations).join("other")).unwrap();
    tree.write(
        &format!("{operations}/other"),
        "a file in place of a folder",
    );
    let before = tree.bytes();
    let (code, _, told) = tree.xtask(&["codegen"]);
    assert_eq!(code, 2);
    assert!(told.contains(&format!("{operations}/other/")), "{told}");
    assert_eq!(tree.bytes(), before);
}

#[test]
fn many_mistakes_are_each_told_with_their_pointer() {
    let tree = Tree::obstacles();
    let members: Vec<String> = (0..20_000).map(|n| format!("\"k{n}\": 1")).collect();
    let sample = "fixtures/obstacle/hard/nothing/plain.request.json";
    tree.write(sample, &format!("{{{}}}", members.join(", ")));
    let (code, _, told) = tree.xtask(&["codegen"]);
    assert_eq!(code, 2);
    assert!(told.ends_with("20000 problems; nothing was written.\n"));
    assert!(told.contains("   at /k19999\n"));
}

#[test]
fn assumptions_are_listed_with_their_place() {
    let (code, told, _) = Tree::obstacles().xtask(&["assumptions"]);
    assert_eq!(code, 0);
    assert!(told.contains("fixtures/obstacle/provider.json:"), "{told}");
    assert!(
        told.contains("   at /services/hard\n   Nobody said so.\n"),
        "{told}"
    );
    assert!(
        told.contains("   at /types/Colour\n   More may come.\n"),
        "{told}"
    );
    assert!(told.ends_with(" assumptions\n"), "{told}");
}

#[test]
fn no_line_of_code_is_too_long() {
    for file in xtask::codegen::generate(&common::obstacles()).unwrap() {
        let mut in_raw = false;
        for line in file.text.lines() {
            in_raw ^= line.contains("r#\"") != line.contains("\"#");
            // A code or a summary is one line, however long its sentence is.
            let is_sentence = ["//", "ErrorCode::new(", "const SUMMARY", "\""]
                .iter()
                .any(|start| line.trim_start().starts_with(start));
            let is_prose = is_sentence || in_raw;
            assert!(
                is_prose || line.chars().count() <= 100,
                "{}: {line}",
                file.path
            );
        }
    }
}
