//! The failure of a command: the last line of standard error, and the exit code.

use std::error::Error as _;
use std::io;

use clap::error::{ContextKind, ContextValue};
use serde::Serialize;
use standing_core::text::nearest;
use standing_core::{Activity, Error, ErrorKind};

use crate::error_object::ErrorObject;
use crate::output::escape::plain;
use crate::output::stdio;
use crate::output::to_json::as_json;

/// The exit code of a failed call.
const FAILED: u8 = 1;
/// The exit code of a command that sent nothing, because its input is wrong.
const REFUSED: u8 = 2;
/// The exit code of a command that Ctrl-C or SIGTERM ended.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why a command ends without success.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An error to report, and the exit code.
    Reported(Box<ErrorObject>, u8),
    /// The reader has closed standard output, which is not a failure.
    Unread,
}

impl Failure {
    /// A wrong command line or environment. The text must repeat no value.
    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::refused(ErrorKind::Config, message)
    }

    /// An error before anything was sent. The text must repeat no value.
    pub(crate) fn refused(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::Reported(Box::new(ErrorObject::new(kind, message)), REFUSED)
    }

    /// The journal cannot be written.
    pub(crate) fn journal(error: &io::Error) -> Self {
        let text = format!("the journal cannot be written: {}", error.kind());
        Self::incomplete(ErrorObject::new(ErrorKind::Config, text))
    }

    /// A report that lacks rows because of this error.
    pub(crate) fn incomplete(error: ErrorObject) -> Self {
        Self::Reported(Box::new(error), FAILED)
    }

    /// A report that lacks rows because a signal ended it.
    pub(crate) fn interrupted(error: ErrorObject) -> Self {
        Self::Reported(Box::new(error), INTERRUPTED)
    }

    /// A call that a signal ended, with what it had sent by then.
    pub(crate) fn interrupted_call(sent: Activity) -> Self {
        let error = ErrorObject {
            attempts: sent.attempts(),
            may_have_run: sent.may_have_run(),
            ..ErrorObject::new(ErrorKind::Timeout, "interrupted before the call ended")
        };
        Self::interrupted(error)
    }

    /// The same failure, found after calls had been made.
    pub(crate) fn after_calls(self) -> Self {
        match self {
            Self::Reported(error, _) => Self::Reported(error, FAILED),
            Self::Unread => Self::Unread,
        }
    }

    /// Output that cannot be written, after a call that may have been billed.
    pub(crate) fn unwritten(error: io::Error) -> Self {
        match Self::from(error) {
            Self::Reported(mut error, code) => {
                // The real number is in the output that could not be written; 0 would be wrong.
                error.attempts = 1;
                error.may_have_run = true;
                Self::Reported(error, code)
            }
            Self::Unread => Self::Unread,
        }
    }

    /// The same failure, of a provider and an operation.
    pub(crate) fn of(self, provider: &str, operation: Option<&str>) -> Self {
        match self {
            Self::Reported(error, code) => {
                Self::Reported(Box::new(error.of(provider, operation)), code)
            }
            Self::Unread => Self::Unread,
        }
    }

    /// The same failure, with an addition to its message.
    pub(crate) fn adding(mut self, text: &str) -> Self {
        if let Self::Reported(error, _) = &mut self {
            error.message.push_str(text);
        }
        self
    }

    /// A call that failed after requests of an earlier page had been sent.
    pub(crate) fn midway(error: &Error) -> Self {
        Self::Reported(Box::new(error.into()), FAILED)
    }

    /// A usage error. The text of clap repeats words of the command line, which may be misplaced
    /// secrets, so this gives a text of its own.
    pub(crate) fn usage(error: &clap::Error) -> Self {
        stdio::note("usage: standing report|call|operations|sandbox …; see --help");
        Self::config(usage(error))
    }

    /// Writes the error object to standard error and returns the exit code.
    pub(crate) fn report(self) -> u8 {
        match self {
            Self::Reported(error, code) => {
                #[derive(Serialize)]
                struct Line {
                    error: ErrorObject,
                }
                let line = Line { error: *error };
                stdio::note(&as_json(&line));
                code
            }
            Self::Unread => 0,
        }
    }
}

/// A call that failed, before or after anything was sent.
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
        Self::Reported(
            Box::new((&error).into()),
            if unsent { REFUSED } else { FAILED },
        )
    }
}

/// Standard output cannot be written.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::Unread;
        }
        let text = format!("the output cannot be written: {}", error.kind());
        Self::Reported(Box::new(ErrorObject::new(ErrorKind::Config, text)), FAILED)
    }
}

/// A suggestion for a misspelled name, to append to a message; empty if no name is similar.
pub(crate) fn did_you_mean<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    nearest(word, names).map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

fn usage(error: &clap::Error) -> String {
    use clap::error::ErrorKind as Kind;
    let text = |kind| error.get(kind).map(words).unwrap_or_default();
    let argument = text(ContextKind::InvalidArg);
    let meant = |kind| match text(kind) {
        name if name.is_empty() => String::new(),
        name => format!("; did you mean {name}?"),
    };
    match error.kind() {
        Kind::UnknownArgument if argument.starts_with('-') => {
            let flag = argument.split('=').next().unwrap_or_default();
            let meant = meant(ContextKind::SuggestedArg);
            format!("there is no flag {}{meant}", plain(flag))
        }
        Kind::UnknownArgument => "there is an argument too many".to_owned(),
        Kind::InvalidSubcommand => format!(
            "there is no such command{}",
            meant(ContextKind::SuggestedSubcommand)
        ),
        Kind::InvalidValue | Kind::ValueValidation => {
            let why = match (text(ContextKind::ValidValue), error.source()) {
                (values, _) if !values.is_empty() => format!("must be one of {values}"),
                // The value parsers of this program repeat no value.
                (_, Some(source)) => source.to_string(),
                _ => "needs a value".to_owned(),
            };
            format!("{argument} {why}{}", meant(ContextKind::SuggestedValue))
        }
        Kind::MissingRequiredArgument => format!("missing: {argument}"),
        Kind::ArgumentConflict => format!(
            "{argument} cannot be used with {}",
            text(ContextKind::PriorArg)
        ),
        Kind::DisplayHelpOnMissingArgumentOrSubcommand | Kind::MissingSubcommand => {
            "there is no command: report, call, operations or sandbox".to_owned()
        }
        Kind::InvalidUtf8 => "an argument is not UTF-8".to_owned(),
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
    fn similar_name_is_suggested_and_distant_one_is_not() {
        let names = ["tencent", "huawei", "alibaba", "accuauth"];
        assert_eq!(did_you_mean("tencnet", names), "; did you mean tencent?");
        assert_eq!(did_you_mean("HUAWEI", names), "; did you mean huawei?");
        assert_eq!(did_you_mean("x", names), "");
        assert_eq!(did_you_mean("", names), "");
    }
}
