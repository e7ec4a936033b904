//! The commands, run as a user runs them.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use common::Tree;

const GENERATED: &str = "crates/obstacle/src/operations/hard/nothing.rs";

#[test]
fn removed_files_are_generated_again_byte_by_byte() {
    let tree = Tree::obstacles();
    let before = tree.bytes();
    fs::remove_dir_all(tree.0.join("crates/obstacle/src/operations")).unwrap();
    fs::remove_file(tree.0.join("crates/obstacle/tests/generated.rs")).unwrap();
    let (code, stdout, _) = tree.xtask(&["codegen"]);
    assert_eq!(code, 0, "{stdout}");
    assert!(
        stdout.contains(&format!("created {GENERATED}")) && stdout.contains("13 files changed"),
        "{stdout}"
    );
    assert!(tree.bytes() == before, "a file changed");

    let (code, stdout, _) = tree.xtask(&["codegen"]);
    assert_eq!((code, stdout.as_str()), (0, "everything is up to date\n"));
    assert_eq!(tree.xtask(&["codegen", "--check"]).0, 0);
    assert!(tree.bytes() == before, "a file changed");
}

#[test]
fn missing_rustfmt_is_reported_with_the_command_that_installs_it() {
    let (tree, programs) = (Tree::obstacles(), Tree::empty());
    let check = |cargo: Option<&OsStr>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command
            .arg("--root")
            .arg(&tree.0)
            .args(["codegen", "--check"])
            .env("PATH", &programs.0)
            .env_remove("CARGO");
        if let Some(cargo) = cargo {
            command.env("CARGO", cargo);
        }
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), stderr)
    };
    let assert_refused = || {
        let (code, stderr) = check(None);
        let installs = stderr.contains("`rustup component add rustfmt` installs it");
        assert!(code == 2 && installs, "{code}: {stderr}");
    };
    assert_refused();
    // The command that rustup provides for a missing component fails like this one.
    #[cfg(unix)]
    {
        let fails = ["/bin/false", "/usr/bin/false"].map(Path::new);
        let fails = fails.into_iter().find(|path| path.exists()).unwrap();
        std::os::unix::fs::symlink(fails, programs.0.join("rustfmt")).unwrap();
        assert_refused();
    }
    // The rustfmt of the toolchain is found although it is not in `PATH`.
    let cargo = Path::new(env!("CARGO"));
    let (code, stderr) = check(Some(cargo.as_os_str()));
    assert_eq!(code, 0, "{stderr}");
}

#[test]
fn equal_fixtures_give_equal_bytes() {
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
fn check_reports_stale_missing_and_orphaned_files_and_writes_nothing() {
    let tree = Tree::obstacles();
    let text = tree.read(GENERATED);
    tree.write(GENERATED, &text.replace("Does something.", "Does nothing."));
    fs::remove_file(tree.0.join("crates/obstacle/src/operations/other/mod.rs")).unwrap();
    tree.write("crates/obstacle/src/operations/hard/orphan.rs", &text);
    tree.write("crates/obstacle/src/operations/gone/mod.rs", &text);
    tree.write("crates/other/tests/generated.rs", &text);
    tree.write(
        "crates/obstacle/src/operations/hard/by_hand.rs",
        "// Written by hand.\n",
    );
    let before = tree.bytes();
    let (code, _, stderr) = tree.xtask(&["codegen", "--check"]);
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
        assert!(
            stderr.lines().any(|known| known == line),
            "{line}\n{stderr}"
        );
    }
    assert!(!stderr.contains("by_hand"), "{stderr}");
    assert!(tree.bytes() == before, "a file changed");

    let (code, stdout, _) = tree.xtask(&["codegen"]);
    assert_eq!(code, 0);
    assert!(
        stdout.contains("removed crates/obstacle/src/operations/gone/mod.rs"),
        "{stdout}"
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
fn new_operation_changes_no_file_of_another() {
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
    let (code, stdout, stderr) = tree.xtask(&[
        "new",
        "obstacle/hard/ListBills",
        "--request",
        &path("request.json"),
        "--response",
        &path("response.json"),
    ]);
    assert_eq!(code, 0, "{stderr}");
    let folder = "fixtures/obstacle/hard/list_bills";
    assert!(
        stdout.contains(&format!("created {folder}/operation.json")),
        "{stdout}"
    );
    let draft = tree.read(&format!("{folder}/operation.json"));
    for line in [
        r#""cursor": "Page","#,
        r#""first": 1,"#,
        r#""size": "PageSize","#,
        r#""items": "Bills","#,
        r#""total": "TotalCount""#,
        r#""Mobile": { "type": "string", "doc": "TODO", "sensitive": true }"#,
        r#""Bills": { "type": "list<Bill>", "doc": "TODO", "wrapper": "Bill" },"#,
        r#""Cost": { "type": "decimal", "doc": "TODO" },"#,
        r#""Days": { "type": "list<Day>", "doc": "TODO" },"#,
        r#""None": { "type": "TODO", "doc": "TODO", "nullable": true }"#,
        r#""documented": { "origin": "documented", "deviations": { "key_spelling": 1 } }"#,
    ] {
        assert!(draft.contains(line), "{line}\n{draft}");
    }

    let (code, _, stderr) = tree.xtask(&["codegen"]);
    assert_eq!(code, 2);
    assert!(
        stderr.contains("this is not finished: it contains TODO"),
        "{stderr}"
    );

    let finished = draft
        .replace("TODO: read or write", "read")
        .replace(r#""type": "TODO""#, r#""type": "json""#)
        .replace(r#""doc": "TODO""#, r#""doc": "Something.""#)
        .replace("TODO", "A publisher");
    tree.write(&format!("{folder}/operation.json"), &finished);
    let (code, stdout, stderr) = tree.xtask(&["codegen"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        stdout.contains("created crates/obstacle/src/operations/hard/list_bills.rs"),
        "{stdout}"
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
fn draft_keeps_a_payload_that_is_not_an_object() {
    let tree = Tree::obstacles();
    tree.write(
        "response.json",
        r#"{ "Ok": true, "RequestId": "r", "Data": "300" }"#,
    );
    let response = tree.0.join("response.json").display().to_string();
    let (code, _, stderr) =
        tree.xtask(&["new", "obstacle/hard/ShowQuota", "--response", &response]);
    assert_eq!(code, 0, "{stderr}");
    let draft = tree.read("fixtures/obstacle/hard/show_quota/operation.json");
    for line in [
        r#""envelope": "TODO: /Data is not an object; use an envelope with the payload \"\" and describe it as a field","#,
        r#""Data": { "type": "string", "doc": "TODO" }"#,
    ] {
        assert!(draft.contains(line), "{line}\n{draft}");
    }
    let (code, _, stderr) = tree.xtask(&["codegen"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("TODO"), "{stderr}");
}

#[test]
fn draft_with_a_wrong_name_or_sample_is_refused() {
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
            "\"lower\" cannot name a type; use PascalCase",
        ),
        (
            vec!["new", "obstacle/hart/List"],
            "there is no service \"hart\"; did you mean \"hard\"?",
        ),
        (
            vec!["new", "missing/hard/List"],
            "fixtures/missing/provider.json",
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
            "this is a list, but an object is expected",
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
        let (code, _, stderr) = tree.xtask(&arguments);
        assert_eq!(code, 2, "{arguments:?}");
        assert!(stderr.contains(message), "{arguments:?}\n{stderr}");
    }
    fs::remove_file(broken).unwrap();
    fs::remove_file(list).unwrap();
    assert!(tree.bytes() == before, "a file changed");
}

#[test]
fn service_with_the_name_of_a_crate_and_provider_without_a_crate_are_refused() {
    let tree = Tree::obstacles();
    let provider = "fixtures/obstacle/provider.json";
    let declared = tree.read(provider);
    tree.write(provider, &declared.replace("\"other\": {", "\"std\": {"));
    let folder = |name: &str| tree.0.join("fixtures/obstacle").join(name);
    fs::rename(folder("other"), folder("std")).unwrap();
    let (code, _, stderr) = tree.xtask(&["codegen"]);
    assert_eq!(code, 2);
    let clash = "the crate of the provider already has a module \"std\"";
    assert!(stderr.contains(clash), "{stderr}");

    let tree = Tree::obstacles();
    fs::remove_file(tree.0.join("crates/obstacle/Cargo.toml")).unwrap();
    let before = tree.bytes();
    let (code, _, stderr) = tree.xtask(&["codegen"]);
    assert_eq!(code, 2);
    assert!(
        stderr.starts_with("error: there is no crate in crates/obstacle"),
        "{stderr}"
    );
    assert!(tree.bytes() == before, "a file changed");
}

#[test]
fn unwritable_file_leaves_the_others_unchanged() {
    let tree = Tree::obstacles();
    let operations = "crates/obstacle/src/operations";
    tree.write(&format!("{operations}/hard/nothing.rs"), "old");
    fs::remove_dir_all(tree.0.join(operations).join("other")).unwrap();
    tree.write(
        &format!("{operations}/other"),
        "a file in place of a folder",
    );
    let before = tree.bytes();
    let (code, _, stderr) = tree.xtask(&["codegen"]);
    assert_eq!(code, 2);
    assert!(stderr.contains(&format!("{operations}/other/")), "{stderr}");
    assert!(tree.bytes() == before, "a file changed");
}

#[test]
fn many_mistakes_are_reported_each_with_its_pointer() {
    let tree = Tree::obstacles();
    let members: Vec<String> = (0..20_000).map(|n| format!("\"k{n}\": 1")).collect();
    let sample = "fixtures/obstacle/hard/nothing/plain.request.json";
    tree.write(sample, &format!("{{{}}}", members.join(", ")));
    let (code, _, stderr) = tree.xtask(&["codegen"]);
    assert_eq!(code, 2);
    assert!(stderr.ends_with("20000 problems; nothing was written.\n"));
    assert!(stderr.contains("   at /k19999\n"));
}

#[test]
fn assumptions_are_listed_with_their_places() {
    let (code, stdout, _) = Tree::obstacles().xtask(&["assumptions"]);
    assert_eq!(code, 0);
    assert!(
        stdout.contains("fixtures/obstacle/provider.json:"),
        "{stdout}"
    );
    assert!(
        stdout.contains("   at /services/hard\n   No source says so.\n"),
        "{stdout}"
    );
    assert!(
        stdout.contains("   at /types/Colour\n   More may come.\n"),
        "{stdout}"
    );
    assert!(stdout.ends_with(" assumptions\n"), "{stdout}");
}

#[test]
fn generated_lines_of_code_fit_the_width() {
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

#[test]
fn shared_enumeration_with_the_name_of_a_part_of_operations_is_accepted() {
    let tree = Tree::obstacles();
    for (file, old, new) in [
        ("provider.json", "\"Grade\": {", "\"Output\": {"),
        (
            "hard/everything_at_once/operation.json",
            "\"type\": \"Grade\"",
            "\"type\": \"Output\"",
        ),
    ] {
        let path = format!("fixtures/obstacle/{file}");
        let text = tree.read(&path);
        assert!(text.contains(old), "{file}");
        let text = text.replace(old, new).replace("<Grade>", "<Output>");
        tree.write(&path, &text);
    }
    let (code, _, error) = tree.xtask(&["codegen"]);
    assert_eq!((code, error.as_str()), (0, ""));
}
