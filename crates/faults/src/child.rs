//! Tests in a process of their own: with another environment, or alone with their sockets.

#![allow(clippy::expect_used, reason = "a test that cannot start has failed")]

use std::process::{Command, Output};

/// The variables that a child inherits: what finds files of the system. Keys, proxies and settings of
/// a developer are not among them.
const INHERITED: [&str; 6] = [
    "PATH",
    "RUST_BACKTRACE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "SYSTEMROOT",
    "TMPDIR",
];

/// The variable by which a child process knows that it is one.
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
    let inherited = INHERITED.iter();
    let inherited = inherited.filter_map(|name| Some((name, std::env::var_os(name)?)));
    command
        .env_clear()
        .envs(inherited)
        .env(MARK, test)
        .envs(environment.iter().copied())
        .output()
        .expect("a process")
}
