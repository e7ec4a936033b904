//! Standard output and standard error.

use std::io::{self, IsTerminal, Write};

/// The separator between facts.
const DOT: &str = " · ";

/// The width of the terminal on standard output; `None` without a terminal.
pub(crate) fn width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let (_, columns) = console::Term::stdout().size_checked()?;
    Some(columns.into())
}

/// Whether standard output shows colours.
pub(crate) fn colours() -> bool {
    io::stdout().is_terminal() && is_decorated()
}

/// Whether standard error shows progress bars.
pub(crate) fn bars() -> bool {
    io::stderr().is_terminal() && is_decorated()
}

/// Whether the environment allows more than plain text: see <https://no-color.org>.
fn is_decorated() -> bool {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb")
}

/// Writes a line of data.
pub(crate) fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Writes data that contains its own line ends.
pub(crate) fn block(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Buffered standard output; the caller must flush it.
pub(crate) fn data() -> impl Write {
    io::BufWriter::new(io::stdout().lock())
}

/// Writes a line for people to standard error. A write error is ignored: it could not be reported.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes facts for people to standard error, separated by dots, in lines that fit the terminal.
pub(crate) fn facts(text: &str) {
    let width = io::stderr()
        .is_terminal()
        .then(|| console::Term::stderr().size_checked())
        .flatten()
        .map_or(usize::MAX, |(_, columns)| columns.into());
    let mut line = String::new();
    for fact in text.split(DOT) {
        let joined = format!("{line}{DOT}{fact}");
        if line.is_empty() {
            fact.clone_into(&mut line);
        } else if console::measure_text_width(&joined) <= width {
            line = joined;
        } else {
            note(&line);
            fact.clone_into(&mut line);
        }
    }
    note(&line);
}

/// Logs every attempt to standard error: the events of the call loop, without those of the crates
/// below it, which may contain secrets.
pub(crate) fn log_attempts() {
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;

    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_target(false)
        .without_time();
    let targets = Targets::new().with_target("standing_core", LevelFilter::DEBUG);
    // This fails only if a subscriber exists, and the binary installs no other.
    let _ = tracing_subscriber::registry()
        .with(lines)
        .with(targets)
        .try_init();
}
