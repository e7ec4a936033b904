//! `standing call`: one operation by its name, JSON in and JSON out.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use standing_core::{ErrorKind, Json, OperationInfo, Rows};

use crate::failure::Failure;
use crate::output;
use crate::providers::{self, Connection, Settings};
use crate::signal::Signals;

/// The most bytes of parameters from a file or standard input: 64 MiB.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Calls one operation and prints its output as JSON, in the provider's own names.
///
/// Keys come from the environment. Values are not masked.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Keys from the environment:
  tencent   TENCENTCLOUD_SECRET_ID, TENCENTCLOUD_SECRET_KEY; TENCENTCLOUD_TOKEN
  huawei    HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK; HUAWEICLOUD_SDK_SECURITY_TOKEN
            or HUAWEICLOUD_X_AUTH_TOKEN alone
  alibaba   ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET;
            ALIBABA_CLOUD_SECURITY_TOKEN
  accuauth  ACCUAUTH_API_ID, ACCUAUTH_API_SECRET
What stands behind a semicolon comes with temporary keys.

Exit codes: 0 done; 1 the call failed; 2 nothing was sent, because the command line, the \
environment or a parameter is wrong; 130 ended by Ctrl-C or SIGTERM. The last line of standard error \
gives the reason, as one JSON object.")]
pub(crate) struct Arguments {
    /// Whom to ask; `standing operations` lists them all
    provider: String,
    /// What to ask: a name, or service/Name
    operation: String,
    /// The parameters, one object in the provider's own names; @FILE reads them from a file and - from
    /// standard input, at most 64 MiB, so that they are not in the list of processes
    #[arg(
        long,
        value_name = "JSON|@FILE|-",
        default_value = "{}",
        hide_default_value = true
    )]
    params: String,
    /// Sends the parameters unchecked and prints the payload as it came; takes operations that are
    /// not listed too, as service/Name, where a name is all that a call needs
    #[arg(long, conflicts_with_all = ["pages", "resume"])]
    raw: bool,
    /// Where to send it, in place of the documented host; plain http for this machine only
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// Walks all pages and prints each item as one line, as they come; a list of ids that is longer
    /// than a call takes is sent in parts, and ids that did not come back are named on standard error
    #[arg(long)]
    pages: bool,
    /// Takes a walk up again at the cursor that its error named
    #[arg(long, value_name = "CURSOR", requires = "pages")]
    resume: Option<String>,
    /// Attempts after the first, where it is safe to repeat the call
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = count)]
    retries: u32,
    /// Repeats a metered look-up too, although it may have run and been billed
    #[arg(long)]
    retry_metered: bool,
    /// The longest that the call may take with all its attempts; with --pages, each page
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    deadline: Option<Duration>,
}

/// A text that repeats no value: it may be shown.
pub(crate) fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().map_err(|_| "must be a number of seconds")?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err("must be more than 0 seconds, and no more than can be counted"),
    }
}

/// A text that repeats no value: it may be shown.
fn count(text: &str) -> Result<u32, &'static str> {
    text.parse().map_err(|_| "must be a whole number")
}

/// Makes the call and prints what came of it.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let provider = providers::find(&arguments.provider)?;
    let info = providers::operation(provider, &arguments.operation, arguments.raw)?;
    let of_it = |failure: Failure| failure.of(provider.name(), Some(info.name));
    let parameters = parameters(arguments.params).await.map_err(of_it)?;
    let settings = Settings {
        endpoint: arguments.endpoint,
        attempts: Some(arguments.retries.saturating_add(1)),
        retry_metered: arguments.retry_metered,
        deadline: arguments.deadline,
        ..Settings::default()
    };
    let connection = provider
        .connect(&settings)
        .map_err(|error| of_it(error.into()))?;
    let connection: Arc<dyn Connection> = connection.into();
    let signals = Signals::new()?;
    exit_on_signal(signals, provider.name(), info.name, connection.clone());
    let text = parameters.as_str();
    let print = |text: &str| output::line(text).map_err(|error| of_it(Failure::unwritten(error)));

    if arguments.raw {
        print(&connection.raw(&info, &parameters).await?)?;
    } else if arguments.pages {
        let cursor = arguments.resume.as_deref();
        let Some(rows) = connection.walk(&info, text, cursor) else {
            return Err(of_it(no_type()));
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
            return Err(of_it(no_type()));
        };
        match call.await {
            Ok(output) => print(&output)?,
            // A walk may take what is too much for a call.
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

/// From now on a signal ends the process with the error object, while the answer is awaited or cannot
/// be printed.
fn exit_on_signal(
    mut signals: Signals,
    provider: &'static str,
    operation: &'static str,
    connection: Arc<dyn Connection>,
) {
    tokio::spawn(async move {
        signals.next().await;
        let failure = Failure::interrupted_call(connection.activity());
        let code = failure.of(provider, Some(operation)).tell();
        std::process::exit(code.into());
    });
}

/// The parameters as the command line has them, or the file or standard input that it names.
async fn parameters(argument: String) -> Result<Json, Failure> {
    let source = match argument.strip_prefix('@') {
        Some("") => return Err(Failure::config("--params @ needs the name of a file")),
        Some(path) => Some((
            format!("in {}", output::plain(path)),
            Some(PathBuf::from(path)),
        )),
        None if argument == "-" => Some(("on standard input".to_owned(), None)),
        None => None,
    };
    let Some((place, path)) = source else {
        return object(&argument, "");
    };
    let bad = |problem: &str| Failure::config(format!("the parameters {place} {problem}"));
    // Reading may wait for another process.
    let read = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        let limit = MOST_BYTES + 1;
        match path {
            Some(path) => File::open(path)?.take(limit).read_to_end(&mut bytes)?,
            None => io::stdin().lock().take(limit).read_to_end(&mut bytes)?,
        };
        Ok::<_, io::Error>(bytes)
    });
    let read = read.await.map_err(|_| bad("cannot be read"))?;
    let bytes = read.map_err(|error| bad(&format!("cannot be read: {}", error.kind())))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(bad("are larger than 64 MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let byte = error.utf8_error().valid_up_to() + 1;
        bad(&format!("are not UTF-8 at byte {byte}"))
    })?;
    // Editors of Windows begin a file with this mark.
    object(text.trim_start_matches('\u{feff}'), &format!(" {place}"))
}

/// One JSON object, or the place of the first mistake.
fn object(text: &str, place: &str) -> Result<Json, Failure> {
    let refused = |position: &str| {
        let text = format!("the parameters{place} must be one JSON object{position}");
        Failure::refused(ErrorKind::InvalidRequest, text)
    };
    // Blanks before it count: a position is that of the whole text.
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let (line, column) = (error.line(), error.column());
        return Err(refused(&format!(" (line {line}, column {column})")));
    }
    let parameters = Json::try_from(text.trim().to_owned()).ok();
    let parameters = parameters.filter(|parameters| parameters.as_str().starts_with('{'));
    parameters.ok_or_else(|| refused(""))
}

/// Names the items of the request's list that did not come back, or counts them if they are personal.
fn note_missing(info: &OperationInfo, rows: &Rows) {
    let Some((field, missing)) = rows.missing().filter(|(_, missing)| !missing.is_empty()) else {
        return;
    };
    let count = missing.len();
    let named = match info.sensitive.contains(&field) {
        true => String::new(),
        false => format!(": {}", output::plain(&missing.join(", "))),
    };
    output::note(&format!("{count} of the {field} did not come back{named}"));
}

fn no_type() -> Failure {
    Failure::config("the operation has no type yet; --raw calls it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_take_fractions_and_are_more_than_nothing() {
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(seconds("0.05"), Ok(Duration::from_millis(50)));
        for text in ["0", "0.0", "-1", "NaN", "inf", "1e400", "1e-12", "", "one"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
