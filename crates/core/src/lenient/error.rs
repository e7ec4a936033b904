//! The error of a reading, free of values.

use std::borrow::Cow;
use std::fmt;

use serde_json::error::Category;

use crate::amount::NOT_AN_AMOUNT;
use crate::model::EMPTY_LIST;

/// Where and why a text cannot be read. Contains no value of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DecodeError {
    pub(crate) pointer: String,
    pub(crate) problem: Cow<'static, str>,
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// Whether the text ended in the middle of a value.
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

/// A message for an error that serde or serde_json made, without the value that theirs may quote.
pub(super) fn safe_message(error: &serde_json::Error) -> Cow<'static, str> {
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
                None if text.starts_with(NOT_AN_AMOUNT) => {
                    "must be an amount that can be held exactly".into()
                }
                None if text.starts_with(EMPTY_LIST) => "must not be empty".into(),
                None => "has an unexpected type".into(),
            }
        }
    }
}
