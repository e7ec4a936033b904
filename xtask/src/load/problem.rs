//! Problems: what is wrong, the correction, and the position.

use std::borrow::Cow;
use std::fmt;

use crate::characters::is_invisible;

/// One mistake in one fixture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Path of the file, relative to the root, with forward slashes.
    pub file: String,
    /// Line, from 1; 0 for a problem of the file as a whole.
    pub line: usize,
    /// Column in characters, from 1; 0 for a problem of the file as a whole.
    pub column: usize,
    /// JSON pointer of the wrong value; `None` for a problem of the file as a whole.
    pub pointer: Option<String>,
    /// What is wrong, and the correction.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", shortened(&visible(&self.message)))?;
        let file = visible(&self.file);
        if self.line == 0 {
            writeln!(f, "  --> {file}")?;
        } else {
            writeln!(f, "  --> {file}:{}:{}", self.line, self.column)?;
        }
        match self.pointer.as_deref() {
            Some("") => writeln!(f, "   at the root"),
            Some(pointer) => writeln!(f, "   at {}", visible(pointer)),
            None => Ok(()),
        }
    }
}

/// The longest message that is printed in full, in characters.
const LONGEST: usize = 1000;

/// A message without its middle, if a fixture made it too long to read.
fn shortened(message: &str) -> Cow<'_, str> {
    let half = LONGEST / 2;
    let length = message.chars().count();
    if length <= LONGEST {
        return message.into();
    }
    let start: String = message.chars().take(half).collect();
    let end: String = message.chars().skip(length - half).collect();
    format!("{start} … {end}").into()
}

/// A text on one line, with control and invisible characters escaped.
fn visible(text: &str) -> Cow<'_, str> {
    let odd = |c: char| c.is_control() || is_invisible(c);
    if !text.contains(odd) {
        return text.into();
    }
    let escaped = text.chars().map(|c| match c {
        c if odd(c) => c.escape_default().to_string(),
        c => c.to_string(),
    });
    escaped.collect::<String>().into()
}

/// The problems found so far. Reading goes on after a mistake as far as what follows can still be
/// judged, so that one run reports as many as possible.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds a problem.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Adds a problem of a file or folder as a whole.
    pub fn push_for_file(&mut self, file: impl Into<String>, message: impl Into<String>) {
        self.push(Problem {
            file: file.into(),
            line: 0,
            column: 0,
            pointer: None,
            message: message.into(),
        });
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problems by file and line, each once: several readers open some keys, such as `input`, and
    /// each of them reports a wrong kind of value.
    pub fn into_sorted(mut self) -> Vec<Problem> {
        self.0.sort();
        self.0.dedup();
        self.0
    }
}
