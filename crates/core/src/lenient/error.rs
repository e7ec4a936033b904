//! Why a text cannot be read, without a value of it.

use std::borrow::Cow;
use std::fmt;

use serde_json::error::Category;

/// Why a text could not be read; holds no value of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DecodeError {
    pub(crate) pointer: String,
    pub(crate) problem: Cow<'static, str>,
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// The text ended in the middle of a value.
    pub(crate) cut: bool,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = if self.pointer.is_empty() {
            "the payload"
        } else {
            &self.pointer
        };
        write!(
            f,
            "{pointer} {} (line {}, column {})",
            self.problem, self.line, self.column
        )
    }
}

impl std::error::Error for DecodeError {}

/// What may be passed on of serde_json's own text.
pub(super) fn told(error: &serde_json::Error) -> Cow<'static, str> {
    match error.classify() {
        Category::Eof => "ends too early".into(),
        Category::Syntax | Category::Io => "is not valid JSON".into(),
        Category::Data => {
            let text = error.to_string();
            let field = text
                .strip_prefix("missing field `")
                .and_then(|rest| rest.split_once('`'))
                .map(|(field, _)| field);
            match field {
                Some(field) => format!("lacks {field}").into(),
                None if text.starts_with("not an amount") => {
                    "must be an amount that can be held exactly".into()
                }
                None if text.starts_with("an empty list") => "must not be empty".into(),
                None => "does not fit".into(),
            }
        }
    }
}
