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

/// Tells a child that it is one.
const MARK: &str = "STANDING_FAULTS_CHILD";

/// Whether this is the process that `test` has to itself. If not, it is started here, with these
/// variables, and has passed when this returns: the test is over then.
///
/// # Panics
///
/// If the test fails there.
#[must_use]
#[track_caller]
pub fn is_alone(test: &str, environment: &[(&str, &str)]) -> bool {
    if std::env::var_os(MARK).is_some_and(|name| name == test) {
        return true;
    }
    let output = start(test, environment);
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{test} failed:\n{text}");
    assert!(text.contains("1 passed"), "{test} is no test:\n{text}");
    false
}

fn start(test: &str, environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(std::env::current_exe().expect("a binary"));
    command.args([test, "--exact", "--nocapture"]);
    for name in PROXIES {
        command.env_remove(name);
    }
    command
        .env(MARK, test)
        .envs(environment.iter().copied())
        .output()
        .expect("a process")
}
