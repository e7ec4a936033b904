//! What is committed is what the fixtures ask for.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::path::Path;

use xtask::codegen::{Failure, differences};

fn assert_up_to_date(root: &Path, command: &str) {
    match differences(root) {
        Ok(differences) if differences.is_empty() => {}
        Ok(differences) => {
            let all: Vec<String> = differences
                .iter()
                .map(|difference| difference.explain())
                .collect();
            panic!("{}\nrun `{command}`", all.join("\n"));
        }
        Err(Failure::Fixtures(problems)) => {
            let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
            panic!("{}", all.join("\n"));
        }
        Err(Failure::Other(message)) => panic!("{message}"),
    }
}

#[test]
fn the_sdk_crates_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    assert_up_to_date(root, "cargo xtask codegen");
}

#[test]
fn the_obstacle_course_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("obstacles");
    assert_up_to_date(&root, "cargo xtask --root xtask/obstacles codegen");
}

#[test]
fn the_example_of_the_guide_is_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guide");
    assert_up_to_date(&root, "cargo xtask --root guide codegen");
}
