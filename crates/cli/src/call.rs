//! `standing call`: calls one operation by its name, with JSON input and output.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use standing_core::catalogue::JsonPages;
use standing_core::operation::OperationInfo;
use standing_core::{ErrorKind, Json};

use crate::failure::Failure;
use crate::output::escape::plain;
use crate::output::stdio;
use crate::providers::{self, Connection, Settings};
use crate::signal::Signals;

/// The maximum size of parameters from a file or standard input: 64 MiB.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// The environment and the exit codes.
fn after_help() -> String {
    let mut text = "Keys from the environment:\n".to_owned();
    for provider in providers::PROVIDERS {
        let names = provider.variables();
        let _ = write!(
            text,
            "  {:<9} {}, {}",
            provider.name(),
            names.id,
            names.secret
        );
        if let Some(token) = names.session_tokens.first() {
            let _ = write!(text, ";\n            {token}");
        }
        if let Some(token) = names.token {
            let _ = write!(text, "\n            or {token} alone");
        }
        text.push('\n');
    }
    text.push_str(
        "Variables after a semicolon are for temporary keys.

Exit codes: 0 success; 1 the call failed; 2 nothing was sent, because the command line, the \
environment or a parameter is wrong; 130 ended by Ctrl-C or SIGTERM. The last line of standard error \
gives the reason, as one JSON object.",
    );
    text
}

/// Calls one operation and prints its output as JSON, with the provider's own names.
///
/// Keys come from the environment. Values are not masked.
#[derive(Debug, clap::Args)]
#[command(after_help = after_help())]
pub(crate) struct Arguments {
    /// The provider; `standing operations` lists them all
    provider: String,
    /// The operation: a name, or service/Name
    operation: String,
    /// The parameters, one object with the provider's own names; @FILE reads them from a file and -
    /// from standard input (at most 64 MiB), so that they do not appear in the list of processes
    #[arg(
        long,
        value_name = "JSON|@FILE|-",
        default_value = "{}",
        hide_default_value = true
    )]
    params: String,
    /// Sends the parameters without validation and prints the payload unchanged; also calls operations
    /// that are not listed, as service/Name, at providers whose operations differ only by name
    #[arg(long, conflicts_with_all = ["pages", "resume"])]
    raw: bool,
    /// The address to call, instead of the documented host; http only for this machine
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Walks all pages and prints each item on its own line as it arrives; splits a list of ids that
    /// exceeds the limit of one call, and names ids without an item on standard error
    #[arg(long)]
    pages: bool,
    /// Resumes a walk at the cursor in its error
    #[arg(long, value_name = "CURSOR", requires = "pages")]
    resume: Option<String>,
    /// Attempts after the first, where a retry is safe
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = count)]
    retries: u32,
    /// Retries a metered call even if it may have run and been billed
    #[arg(long)]
    retry_metered: bool,
    /// The deadline of the call with all its attempts; with --pages, of each page
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    deadline: Option<Duration>,
}

/// Parses a duration. The message repeats no value, so it can be shown.
pub(crate) fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().map_err(|_| "must be a number of seconds")?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err("must be more than 0 seconds, and at most the largest duration"),
    }
}

/// Parses a number. The message repeats no value, so it can be shown.
fn count(text: &str) -> Result<u32, &'static str> {
    text.parse().map_err(|_| "must be a whole number")
}

/// Makes the call and prints its output.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let provider = providers::find(&arguments.provider)?;
    let info = providers::operation(provider, &arguments.operation, arguments.raw)?;
    let in_context = |failure: Failure| failure.of(provider.name(), Some(info.name));
    let parameters = parameters(arguments.params).await.map_err(in_context)?;
    let settings = Settings {
        endpoint: arguments.endpoint,
        attempts: Some(arguments.retries.saturating_add(1)),
        retry_metered: arguments.retry_metered,
        deadline: arguments.deadline,
        ..Settings::default()
    };
    let connection = provider
        .connect(&settings)
        .map_err(|error| in_context(error.into()))?;
    let connection: Arc<dyn Connection> = connection.into();
    let signals = Signals::new()?;
    exit_on_signal(signals, provider.name(), info.name, connection.clone());
    let text = parameters.as_str();
    let print =
        |text: &str| stdio::line(text).map_err(|error| in_context(Failure::unwritten(error)));

    if arguments.raw {
        print(&connection.raw(&info, &parameters).await?)?;
    } else if arguments.pages {
        let cursor = arguments.resume.as_deref();
        let Some(rows) = connection.walk(&info, text, cursor) else {
            return Err(in_context(no_type()));
        };
        let mut rows = rows?;
        let mut begun = false;
        let mut failed = None;
        while let Some(page) = rows.next().await {
            match page {
                Ok(items) => items.iter().try_for_each(|item| print(item))?,
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
            begun = true;
        }
        note_missing(&info, &rows);
        match failed {
            Some(error) if begun => return Err(Failure::midway(&error)),
            Some(error) => return Err(error.into()),
            None => {}
        }
    } else {
        let Some(call) = connection.call(&info, text) else {
            return Err(in_context(no_type()));
        };
        match call.await {
            Ok(output) => print(&output)?,
            // A walk may accept a list that is too long for one call.
            Err(error)
                if error.kind() == ErrorKind::InvalidRequest
                    && error.attempts() == 0
                    && matches!(connection.walk(&info, text, None), Some(Ok(_))) =>
            {
                return Err(Failure::from(error).adding(", or use `--pages`"));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// From now on a signal ends the process with the error object, even while output is blocked.
fn exit_on_signal(
    mut signals: Signals,
    provider: &'static str,
    operation: &'static str,
    connection: Arc<dyn Connection>,
) {
    tokio::spawn(async move {
        signals.next().await;
        let failure = Failure::interrupted_call(connection.activity());
        let code = failure.of(provider, Some(operation)).report();
        std::process::exit(code.into());
    });
}

/// Reads the parameters from the command line, a file or standard input.
async fn parameters(argument: String) -> Result<Json, Failure> {
    let source = match argument.strip_prefix('@') {
        Some("") => return Err(Failure::config("--params @ needs the name of a file")),
        Some(path) => Some((format!("in {}", plain(path)), Some(PathBuf::from(path)))),
        None if argument == "-" => Some(("on standard input".to_owned(), None)),
        None => None,
    };
    let Some((place, path)) = source else {
        return object(&argument, "");
    };
    let bad = |problem: &str| Failure::config(format!("the parameters {place} {problem}"));
    // Reading may block on another process.
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        let limit = MAX_BYTES + 1;
        match path {
            Some(path) => File::open(path)?.take(limit).read_to_end(&mut bytes)?,
            None => io::stdin().lock().take(limit).read_to_end(&mut bytes)?,
        };
        Ok::<_, io::Error>(bytes)
    });
    let read = read.await.map_err(|_| bad("cannot be read"))?;
    let bytes = read.map_err(|error| bad(&format!("cannot be read: {}", error.kind())))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(bad("are larger than 64 MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let byte = error.utf8_error().valid_up_to() + 1;
        bad(&format!("are not UTF-8 at byte {byte}"))
    })?;
    // Some editors begin a file with a byte order mark.
    object(text.trim_start_matches('\u{feff}'), &format!(" {place}"))
}

/// Parses one JSON object, or reports the position of the first mistake.
fn object(text: &str, place: &str) -> Result<Json, Failure> {
    let refused = |position: &str| {
        let text = format!("the parameters{place} must be one JSON object{position}");
        Failure::refused(ErrorKind::InvalidRequest, text)
    };
    // Parse before trimming: the position counts leading blanks.
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let (line, column) = (error.line(), error.column());
        return Err(refused(&format!(" (line {line}, column {column})")));
    }
    let parameters = Json::try_from(text.trim().to_owned()).ok();
    let parameters = parameters.filter(|parameters| parameters.as_str().starts_with('{'));
    parameters.ok_or_else(|| refused(""))
}

/// Names the requested ids that have no item, or counts them if they are personal.
fn note_missing(info: &OperationInfo, rows: &JsonPages) {
    let Some((field, missing)) = rows.missing().filter(|(_, missing)| !missing.is_empty()) else {
        return;
    };
    let count = missing.len();
    let named = match info.sensitive.contains(&field) {
        true => String::new(),
        false => format!(": {}", plain(&missing.join(", "))),
    };
    stdio::note(&format!("{count} of the {field} did not come back{named}"));
}

fn no_type() -> Failure {
    Failure::config("the operation has no type yet; --raw calls it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadline_may_be_a_fraction_and_must_be_positive() {
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(seconds("0.05"), Ok(Duration::from_millis(50)));
        for text in ["0", "0.0", "-1", "NaN", "inf", "1e400", "1e-12", "", "one"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
