//! Looks for secrets and personal data wherever text comes out.

#![allow(
    clippy::panic,
    clippy::print_stderr,
    reason = "a leak fails the test that finds it"
)]

use std::error::Error as StdError;
use std::fmt::{self, Debug, Display, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use standing_core::{Error, Response};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt;

/// The id of every key in the suite.
pub const KEY_ID: &str = "sentinel-key-id-3F8A";
/// The secret of every key in the suite.
pub const KEY_SECRET: &str = "sentinel-key-secret-77C1";
/// The session token, where there is one.
pub const TOKEN: &str = "sentinel-token-B20E";
/// A mail address in a request and in its response.
pub const MAIL: &str = "sentinel.person@example.com";
/// A mobile number in a request and in its response.
pub const MOBILE: &str = "6281277700031";
/// A name in a response.
pub const NAME: &str = "Sentinel Surname";

/// What must appear nowhere, in lower case; and the words that stand before a signature.
const NEEDLES: [&str; 8] = [
    "sentinel-key-id",
    "sentinel-key-secret",
    "sentinel-token",
    "sentinel.person",
    "6281277700031",
    "sentinel surname",
    "signature=",
    "credential=",
];

static INSTALLED: Once = Once::new();
static LEAKS: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// Events of the clients' own that named provider and operation.
static USEFUL: AtomicU64 = AtomicU64::new(0);
/// Events of other crates, the HTTP stack's among them.
static FOREIGN: AtomicU64 = AtomicU64::new(0);

/// The needle that a text holds.
pub fn leak(text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    // Nearly every text is clean, and these parts are quicker to look for than all of them.
    if !["sentinel", "62812777", "ure=", "ial="]
        .iter()
        .any(|part| text.contains(part))
    {
        return None;
    }
    NEEDLES.into_iter().find(|needle| text.contains(needle))
}

fn leaks() -> MutexGuard<'static, Vec<String>> {
    LEAKS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn look(place: &str, text: &str) {
    if let Some(needle) = leak(text) {
        leaks().push(format!("{place} holds {needle:?}: {text}"));
    }
}

/// A test under watch: every log line at every level of every crate, every panic, and every error
/// and response that it is shown. It fails the test when it ends, if anything leaked.
#[derive(Debug)]
pub struct Watch(());

impl Watch {
    /// Watches from now on.
    #[expect(
        clippy::new_without_default,
        reason = "it does something to the process"
    )]
    pub fn new() -> Self {
        INSTALLED.call_once(|| {
            Registry::default().with(Logs).init();
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                look("a panic", &panic.to_string());
                before(panic);
            }));
        });
        Self(())
    }

    /// Looks at any text.
    pub fn text(&self, place: &str, text: impl Display) {
        look(place, &text.to_string());
    }

    /// Looks at both forms of `Debug`, which must still tell what `useful` names.
    #[track_caller]
    pub fn debug(&self, value: &impl Debug, useful: &[&str]) {
        let shown = format!("{value:?}");
        look("Debug", &shown);
        look("pretty Debug", &format!("{value:#?}"));
        for word in useful {
            assert!(shown.contains(word), "{word} is missing in {shown}");
        }
    }

    /// Looks at an error and its causes, which must still tell what happened.
    #[track_caller]
    pub fn error(&self, error: Error) -> Error {
        let text = error.to_string();
        assert!(text.contains(error.kind().as_str()), "{text}");
        assert!(text.contains(error.provider()), "{text}");
        assert!(text.contains(error.code().unwrap_or_default()), "{text}");
        assert!(text.len() < 4096 && !text.contains('\n'), "{text}");
        self.debug(&error, &["kind", "attempts", error.provider()]);
        let mut cause: Option<&dyn StdError> = Some(&error);
        while let Some(error) = cause {
            look("an error", &error.to_string());
            cause = error.source();
        }
        error
    }

    /// The error of a call that must fail.
    #[track_caller]
    pub fn refused<T>(&self, outcome: Result<Response<T>, Error>) -> Error {
        match outcome {
            Ok(response) => panic!("a success after {} attempts", response.attempts()),
            Err(error) => self.error(error),
        }
    }

    /// The response of a call that must succeed.
    #[track_caller]
    pub fn fine<T: Debug>(&self, outcome: Result<Response<T>, Error>) -> Response<T> {
        match outcome {
            Ok(response) => {
                self.debug(&response, &["value", "attempts", "status"]);
                response
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// How many log events the clients and the crates below them wrote so far.
    pub fn events(&self) -> (u64, u64) {
        (
            USEFUL.load(Ordering::Relaxed),
            FOREIGN.load(Ordering::Relaxed),
        )
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let leaks = leaks();
        if !leaks.is_empty() && !std::thread::panicking() {
            for leak in leaks.iter() {
                // As plain output: the panic hook would take a panic that quotes a leak for another.
                eprintln!("{leak}");
            }
            panic!("{} leaks, listed above", leaks.len());
        }
    }
}

/// Reads every event of every crate at every level.
struct Logs;

impl<S: tracing::Subscriber> Layer<S> for Logs {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut text = Text::default();
        event.record(&mut text);
        let target = event.metadata().target();
        if target.starts_with("standing") {
            if text.0.contains("provider=") && text.0.contains("operation=") {
                USEFUL.fetch_add(1, Ordering::Relaxed);
            }
        } else {
            FOREIGN.fetch_add(1, Ordering::Relaxed);
        }
        look(target, &text.0);
    }

    fn on_new_span(
        &self,
        attributes: &tracing::span::Attributes<'_>,
        _: &tracing::span::Id,
        _: Context<'_, S>,
    ) {
        let mut text = Text::default();
        attributes.record(&mut text);
        look(attributes.metadata().target(), &text.0);
    }

    fn on_record(
        &self,
        _: &tracing::span::Id,
        values: &tracing::span::Record<'_>,
        _: Context<'_, S>,
    ) {
        let mut text = Text::default();
        values.record(&mut text);
        look("a span", &text.0);
    }
}

#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{}={value:?} ", field.name());
    }
}
