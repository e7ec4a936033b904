//! Standard output and standard error. A reader that has gone is no failure of ours.

use std::io::{self, IsTerminal, Write};

/// What stands between facts.
const DOT: &str = " · ";

/// The width of the terminal that standard output is; nothing if it is none.
pub(crate) fn width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let (_, columns) = console::Term::stdout().size_checked()?;
    Some(columns.into())
}

/// Whether standard output takes colours.
pub(crate) fn colours() -> bool {
    io::stdout().is_terminal() && is_wanted()
}

/// Whether standard error takes lines that are written over again.
pub(crate) fn bars() -> bool {
    io::stderr().is_terminal() && is_wanted()
}

/// Nobody asked for plain text: see <https://no-color.org>.
fn is_wanted() -> bool {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb")
}

/// Writes a line of data.
pub(crate) fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

/// Writes data that brings its own line ends.
pub(crate) fn block(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Standard output for more than a line; it must be flushed.
pub(crate) fn data() -> impl Write {
    io::BufWriter::new(io::stdout().lock())
}

/// Writes a line for people. If it cannot be written there is nobody to tell.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes facts for people, with dots between them, in lines that fit the terminal if it is one.
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

/// Tells on standard error of every attempt: what the call loop traces, and nothing of the crates
/// below it, which may trace more than is good.
pub(crate) fn tell_of_attempts() {
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::util::SubscriberInitExt;

    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_target(false)
        .without_time();
    let targets = Targets::new().with_target("standing_core", LevelFilter::DEBUG);
    // It fails only if somebody traces already, and nobody does.
    let _ = tracing_subscriber::registry()
        .with(lines)
        .with(targets)
        .try_init();
}
