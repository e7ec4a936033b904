//! Tests in a process of their own: with another environment, or alone with their sockets.

#![allow(clippy::expect_used, reason = "a test that cannot start has failed")]

use std::process::{Command, Output};

/// Variables that would change where a client goes.
const PROXIES: [&str; 8] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
];

/// Runs an ignored test of this binary in a process of its own, and returns what it printed.
///
/// # Panics
///
/// If it fails.
#[track_caller]
pub fn run(test: &str, environment: &[(&str, &str)]) -> String {
    let output = start(test, environment);
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{test} failed:\n{text}");
    assert!(text.contains("1 passed"), "{test} is no test:\n{text}");
    text
}

fn start(test: &str, environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(std::env::current_exe().expect("a binary"));
    command.args([test, "--exact", "--ignored", "--nocapture"]);
    for name in PROXIES {
        command.env_remove(name);
    }
    command
        .envs(environment.iter().copied())
        .output()
        .expect("a process")
}
