//! Why a command ends without success, as the last line of standard error and the exit code.

use std::error::Error as _;
use std::{fmt, io};

use clap::error::{ContextKind, ContextValue};
use serde::{Deserialize, Serialize};
use standing_core::{Activity, Error, ErrorKind};

use crate::output;

/// Exit code of a call that failed.
const FAILED: u8 = 1;
/// Exit code of a command that could not be carried out: nothing was sent.
const REFUSED: u8 = 2;
/// Exit code of a command that Ctrl-C or SIGTERM ended.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why a command ends without success.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something to be told, with the exit code.
    Told(Box<Telling>, u8),
    /// Nobody reads our output any more. They have had enough, which is no failure.
    Unread,
}

/// The error object; every key is always there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Telling {
    provider: Option<String>,
    operation: Option<String>,
    kind: String,
    code: Option<String>,
    message: String,
    request_id: Option<String>,
    status: Option<u16>,
    pub(crate) attempts: u32,
    retryable: bool,
    pub(crate) may_have_run: bool,
    /// Where a walk over pages goes on.
    cursor: Option<String>,
}

impl Telling {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind: kind.as_str().to_owned(),
            message: message.into(),
            ..Self::default()
        }
    }

    /// A metered call of an earlier run of which nobody knows whether it ran.
    pub(crate) fn may_be_billed() -> Self {
        Self {
            may_have_run: true,
            ..Self::new(
                ErrorKind::Transport,
                "the report was cut short before the answer, which may have been billed; \
                 --retry-metered asks again",
            )
        }
    }

    /// In a few words, for the row of whom it is about.
    pub(crate) fn in_short(&self) -> String {
        let code = self.code.as_ref().map(|code| format!(" {code}"));
        format!(
            "{}{}: {} (attempts: {})",
            self.kind,
            code.unwrap_or_default(),
            self.message,
            self.attempts
        )
    }

    /// The same, of a provider and an operation.
    pub(crate) fn of(mut self, provider: &str, operation: Option<&str>) -> Self {
        self.provider.get_or_insert_with(|| provider.to_owned());
        if let Some(operation) = operation {
            self.operation.get_or_insert_with(|| operation.to_owned());
        }
        self
    }
}

impl From<&Error> for Telling {
    fn from(error: &Error) -> Self {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Self {
            provider: some(error.provider()),
            operation: some(error.operation()),
            kind: error.kind().as_str().to_owned(),
            code: error.code().map(str::to_owned),
            message: error.message().to_owned(),
            request_id: error.request_id().map(str::to_owned),
            status: error.status(),
            attempts: error.attempts(),
            retryable: error.is_retryable(),
            may_have_run: error.may_have_run(),
            cursor: error.cursor().map(str::to_owned),
        }
    }
}

/// In one line, for people.
impl fmt::Display for Telling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for text in [&self.provider, &self.operation].into_iter().flatten() {
            write!(f, "{text} ")?;
        }
        f.write_str(&self.kind)?;
        if let Some(status) = self.status {
            write!(f, " (HTTP {status})")?;
        }
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        Ok(())
    }
}

impl Failure {
    /// A command line or an environment that is wrong. The text repeats no value.
    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::refused(ErrorKind::Config, message)
    }

    /// Something wrong before anything was sent. The text repeats no value.
    pub(crate) fn refused(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::Told(Box::new(Telling::new(kind, message)), REFUSED)
    }

    /// What was found cannot be written down.
    pub(crate) fn journal(error: &io::Error) -> Self {
        let text = format!("the journal cannot be written: {}", error.kind());
        Self::incomplete(Telling::new(ErrorKind::Config, text))
    }

    /// A report that lacks rows, for this reason.
    pub(crate) fn incomplete(why: Telling) -> Self {
        Self::Told(Box::new(why), FAILED)
    }

    /// A report that lacks rows because a signal ended it.
    pub(crate) fn interrupted(why: Telling) -> Self {
        Self::Told(Box::new(why), INTERRUPTED)
    }

    /// A call that a signal ended, with what was sent by then.
    pub(crate) fn interrupted_call(sent: Activity) -> Self {
        let telling = Telling {
            attempts: sent.attempts(),
            may_have_run: sent.may_have_run(),
            ..Telling::new(ErrorKind::Timeout, "interrupted before the call ended")
        };
        Self::interrupted(telling)
    }

    /// The same, noticed after calls had been made.
    pub(crate) fn too_late(self) -> Self {
        match self {
            Self::Told(telling, _) => Self::Told(telling, FAILED),
            Self::Unread => Self::Unread,
        }
    }

    /// An output that cannot be written although the call was made, and perhaps billed.
    pub(crate) fn unwritten(error: io::Error) -> Self {
        match Self::from(error) {
            Self::Told(mut telling, code) => {
                // How many there were is in what could not be written; none would be wrong.
                telling.attempts = 1;
                telling.may_have_run = true;
                Self::Told(telling, code)
            }
            Self::Unread => Self::Unread,
        }
    }

    /// The same, of a provider and an operation.
    pub(crate) fn of(self, provider: &str, operation: Option<&str>) -> Self {
        match self {
            Self::Told(telling, code) => {
                Self::Told(Box::new(telling.of(provider, operation)), code)
            }
            Self::Unread => Self::Unread,
        }
    }

    /// The same, with something to add to its message.
    pub(crate) fn adding(mut self, text: &str) -> Self {
        if let Self::Told(telling, _) = &mut self {
            telling.message.push_str(text);
        }
        self
    }

    /// A call that failed after requests of an earlier page had been sent.
    pub(crate) fn midway(error: &Error) -> Self {
        Self::Told(Box::new(error.into()), FAILED)
    }

    /// What clap has to say. Its own text repeats the words of the command line, which may be
    /// secrets that went astray, so it is put in other words.
    pub(crate) fn usage(error: &clap::Error) -> Self {
        output::note("usage: standing report|call|operations|sandbox …; see --help");
        Self::config(usage(error))
    }

    /// Writes the error object and returns the exit code.
    pub(crate) fn tell(self) -> u8 {
        match self {
            Self::Told(telling, code) => {
                #[derive(Serialize)]
                struct Line {
                    error: Telling,
                }
                let line = Line { error: *telling };
                // An object of texts and numbers can always be written.
                output::note(&serde_json::to_string(&line).unwrap_or_default());
                code
            }
            Self::Unread => 0,
        }
    }
}

/// A call that failed, or could not even begin.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let unsent = error.attempts() == 0
            && matches!(
                error.kind(),
                ErrorKind::Config
                    | ErrorKind::InvalidRequest
                    | ErrorKind::Credentials
                    | ErrorKind::Paging
            );
        Self::Told(
            Box::new((&error).into()),
            if unsent { REFUSED } else { FAILED },
        )
    }
}

/// Standard output that cannot be written.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::Unread;
        }
        let text = format!("the output cannot be written: {}", error.kind());
        Self::Told(Box::new(Telling::new(ErrorKind::Config, text)), FAILED)
    }
}

/// The name that may have been meant, for the end of a message.
pub(crate) fn did_you_mean<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    let lower = word.to_lowercase();
    names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(&name.to_lowercase(), &lower), name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map_or_else(String::new, |(_, name)| format!("; did you mean {name}?"))
}

fn usage(error: &clap::Error) -> String {
    use clap::error::ErrorKind as Kind;
    let of = |kind| error.get(kind).map(words).unwrap_or_default();
    let argument = of(ContextKind::InvalidArg);
    let meant = |kind| match of(kind) {
        name if name.is_empty() => String::new(),
        name => format!("; did you mean {name}?"),
    };
    match error.kind() {
        Kind::UnknownArgument if argument.starts_with('-') => {
            let flag = argument.split('=').next().unwrap_or_default();
            let meant = meant(ContextKind::SuggestedArg);
            format!("there is no flag {}{meant}", output::plain(flag))
        }
        Kind::UnknownArgument => "there is a word too many".to_owned(),
        Kind::InvalidSubcommand => format!(
            "there is no such command{}",
            meant(ContextKind::SuggestedSubcommand)
        ),
        Kind::InvalidValue | Kind::ValueValidation => {
            let why = match (of(ContextKind::ValidValue), error.source()) {
                (values, _) if !values.is_empty() => format!("must be one of {values}"),
                // The readers of values in this program repeat none.
                (_, Some(source)) => source.to_string(),
                _ => "needs a value".to_owned(),
            };
            format!("{argument} {why}{}", meant(ContextKind::SuggestedValue))
        }
        Kind::MissingRequiredArgument => format!("missing: {argument}"),
        Kind::ArgumentConflict => format!(
            "{argument} cannot be used with {}",
            of(ContextKind::PriorArg)
        ),
        Kind::DisplayHelpOnMissingArgumentOrSubcommand | Kind::MissingSubcommand => {
            "there is no command: report, call, operations or sandbox".to_owned()
        }
        Kind::InvalidUtf8 => "a word is not UTF-8".to_owned(),
        kind => kind
            .as_str()
            .unwrap_or("the command line cannot be used")
            .to_owned(),
    }
}

fn words(value: &ContextValue) -> String {
    match value {
        ContextValue::String(word) => word.clone(),
        ContextValue::Strings(words) => words.join(", "),
        ContextValue::StyledStr(word) => word.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_offered_and_far_ones_are_not() {
        let names = ["tencent", "huawei", "alibaba", "accuauth"];
        assert_eq!(did_you_mean("tencnet", names), "; did you mean tencent?");
        assert_eq!(did_you_mean("HUAWEI", names), "; did you mean huawei?");
        assert_eq!(did_you_mean("x", names), "");
        assert_eq!(did_you_mean("", names), "");
    }
}
