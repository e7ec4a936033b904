//! Runs the binary, with a sandbox in this process beside it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use standing_core::provider::Provider as _;
use standing_sandbox::{Builder, Provider, Sandbox};

/// Every key that the error object has, always.
pub(crate) const KEYS: [&str; 11] = [
    "attempts",
    "code",
    "cursor",
    "kind",
    "may_have_run",
    "message",
    "operation",
    "provider",
    "request_id",
    "retryable",
    "status",
];

/// A secret that no stream may show, whatever goes wrong.
pub(crate) const WRONG_SECRET: &str = "hunter2-is-the-secret-that-must-not-leak";

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.stdin(Stdio::null()).output().unwrap();
        let ran = Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        for secret in [WRONG_SECRET, "secret-that-opens-nothing"] {
            assert!(!ran.out.contains(secret), "{ran:?}");
            assert!(!ran.err.contains(secret), "{ran:?}");
        }
        assert!(
            !ran.err.contains('\u{1b}'),
            "no terminal, no colours: {ran:?}"
        );
        ran
    }

    /// Checks for success and returns standard output.
    #[track_caller]
    pub(crate) fn fine(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// Checks for success and reads standard output as JSON.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        let out = self.fine();
        assert!(out.ends_with('\n'));
        serde_json::from_str(&out).unwrap()
    }

    /// Checks for a failure with this code and nothing on standard output; returns the error.
    #[track_caller]
    pub(crate) fn failed(self, code: i32) -> Value {
        assert_eq!(self.out, "", "{self:?}");
        self.failed_midway(code)
    }

    /// The same, with whatever had been printed by then.
    #[track_caller]
    pub(crate) fn failed_midway(self, code: i32) -> Value {
        assert_eq!(self.code, Some(code), "{self:?}");
        let line = self.err.lines().last().unwrap_or_default();
        let mut object: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{self:?}"));
        let mut keys: Vec<_> = object["error"].as_object().unwrap().keys().collect();
        keys.sort();
        assert_eq!(keys, KEYS, "{line}");
        assert_eq!(object.as_object().unwrap().len(), 1, "{line}");
        object["error"].take()
    }
}

/// The binary with nothing in its environment.
pub(crate) fn standing(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_standing"));
    command.args(arguments).env_clear();
    command
}

pub(crate) fn run(arguments: &[&str]) -> Ran {
    Ran::of(&mut standing(arguments))
}

/// A sandbox, and what it takes to call it.
pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    _runtime: tokio::runtime::Runtime,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::of(Sandbox::builder().customers(25))
    }

    pub(crate) fn of(builder: Builder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        Self {
            sandbox: runtime.block_on(builder.start()).unwrap(),
            _runtime: runtime,
        }
    }

    /// The binary with the sandbox's keys in its environment.
    pub(crate) fn keyed(&self, arguments: &[&str]) -> Command {
        let mut command = standing(arguments);
        for (provider, names) in [
            (Provider::Tencent, standing_tencent::Tencent::VARIABLES),
            (Provider::Huawei, standing_huawei::Huawei::VARIABLES),
            (Provider::Alibaba, standing_alibaba::Alibaba::VARIABLES),
            (Provider::AccuAuth, standing_accuauth::AccuAuth::VARIABLES),
        ] {
            let key = self.sandbox.key(provider);
            command.env(names.id, key.id).env(names.secret, key.secret);
        }
        command
    }

    pub(crate) fn endpoint(&self) -> String {
        self.sandbox.endpoint(Provider::Tencent)
    }

    /// `standing call PROVIDER …` against the sandbox.
    pub(crate) fn call_to(&self, provider: Provider, arguments: &[&str]) -> Ran {
        let mut command = self.keyed(&["call", provider.name()]);
        command
            .args(arguments)
            .args(["--endpoint", &self.sandbox.endpoint(provider)]);
        Ran::of(&mut command)
    }

    /// `standing call tencent …` against the sandbox.
    pub(crate) fn call_command(&self, arguments: &[&str]) -> Command {
        let mut command = self.keyed(&["call", "tencent"]);
        command
            .args(arguments)
            .args(["--endpoint", &self.endpoint()]);
        command
    }

    pub(crate) fn call(&self, arguments: &[&str]) -> Ran {
        Ran::of(&mut self.call_command(arguments))
    }
}

impl Ran {
    /// Sends a signal, by its name, and waits for the end.
    #[cfg(unix)]
    pub(crate) fn ended_by(signal: &str, child: std::process::Child) -> Self {
        let id = child.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status();
        assert!(sent.unwrap().success());
        let output = child.wait_with_output().unwrap();
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Waits for what another process does.
#[track_caller]
pub(crate) fn until(done: impl Fn() -> bool) {
    for _ in 0..60_000 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("it does not happen");
}

/// A unique path, whose file is removed on drop.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("standing-{}-{number}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // There may be none.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A port of this machine without a listener.
pub(crate) fn closed() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
