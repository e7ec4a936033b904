//! Rules of the workspace as a whole: its layers, its lints, its oldest compiler.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed test is a panic"
)]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

fn cargo(arguments: &[&str]) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn metadata(of: &[&str]) -> Vec<Value> {
    let arguments = ["metadata", "--format-version", "1", "--locked", "--offline"];
    let text = cargo(&[&arguments, of].concat());
    let mut metadata: Value = serde_json::from_slice(&text).unwrap();
    let Value::Array(packages) = metadata["packages"].take() else {
        panic!("no packages");
    };
    packages
}

/// The packages of the workspace, read from their manifests alone.
fn members() -> Vec<Value> {
    metadata(&["--no-deps"])
}

/// The packages that the workspace is built and tested with on this platform. Those of other
/// platforms are in the lock file, but no build on this machine downloads them.
fn packages() -> Vec<Value> {
    let version = String::from_utf8(cargo(&["-vV"])).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    metadata(&["--filter-platform", host.unwrap()])
}

/// The names of a package's normal dependencies.
fn dependencies(package: &Value) -> Vec<&str> {
    let dependencies = package["dependencies"].as_array().unwrap().iter();
    dependencies
        .filter(|dependency| dependency["kind"].is_null())
        .map(|dependency| dependency["name"].as_str().unwrap())
        .collect()
}

const PROVIDERS: [&str; 4] = [
    "standing-tencent",
    "standing-huawei",
    "standing-alibaba",
    "standing-accuauth",
];

#[test]
fn packages_outside_core_do_not_depend_on_network_time_or_hashes() {
    for package in &members() {
        let name = package["name"].as_str().unwrap();
        let normal = dependencies(package);
        if name != "standing-core" {
            assert!(!normal.contains(&"reqwest"), "{name} depends on reqwest");
        }
        if PROVIDERS.contains(&name) {
            let allowed = ["standing-core", "serde", "serde_json", "md-5"];
            let foreign: Vec<_> = normal
                .iter()
                .filter(|dependency| !allowed.contains(dependency))
                .collect();
            assert!(foreign.is_empty(), "{name} depends on {foreign:?}");
        }
        if name == "standing-sandbox" {
            // Its verifier must not share a mistake with the signer.
            let ours: Vec<_> = normal
                .iter()
                .filter(|dependency| dependency.starts_with("standing"))
                .collect();
            assert!(ours.is_empty(), "the sandbox depends on {ours:?}");
        }
    }
}

#[test]
fn features_of_serde_json_do_not_change_its_reading_for_others() {
    for package in &members() {
        for dependency in package["dependencies"].as_array().unwrap() {
            if dependency["name"] != "serde_json" {
                continue;
            }
            for feature in dependency["features"].as_array().unwrap() {
                let global = ["arbitrary_precision", "preserve_order", "unbounded_depth"];
                assert!(
                    !global.contains(&feature.as_str().unwrap()),
                    "{}: {feature}",
                    package["name"]
                );
            }
        }
    }
}

#[test]
fn members_have_the_workspace_lints_and_dependencies_the_oldest_compiler() {
    let number = |text: &str| -> Vec<u32> {
        let mut parts: Vec<u32> = text.split('.').map(|part| part.parse().unwrap()).collect();
        parts.resize(3, 0);
        parts
    };
    let mut oldest = None;
    for package in &members() {
        let manifest = std::fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap();
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{} has lints of its own",
            package["name"]
        );
        oldest = package["rust_version"].as_str().map(number);
    }
    let oldest = oldest.unwrap();
    for package in &packages() {
        if let Some(needed) = package["rust_version"].as_str() {
            assert!(
                number(needed) <= oldest,
                "{} needs Rust {needed}",
                package["name"]
            );
        }
    }
}
