//! Problems: what is wrong, what would be right, and where.

use std::borrow::Cow;
use std::fmt;

/// One mistake in one fixture.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Path of the file, relative to the root, with forward slashes.
    pub file: String,
    /// Line, from 1; 0 for a problem of the file as a whole.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// JSON pointer of the value at fault; `None` for a problem of the file as a whole.
    pub pointer: Option<String>,
    /// What is wrong and what would be right.
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

/// The longest message that is told whole, in characters.
const LONGEST: usize = 1000;

/// A message without its middle, if a fixture made it longer than anybody reads.
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

/// A text on one line, with an escape for what would bend a terminal or not be seen.
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

/// Characters that rustc and clippy refuse because a reader would not see them.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Everything found so far. A mistake never ends the reading, so that one run tells all.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Notes a problem.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Notes a problem of a file or folder as a whole.
    pub fn file(&mut self, file: impl Into<String>, message: impl Into<String>) {
        self.push(Problem {
            file: file.into(),
            line: 0,
            column: 0,
            pointer: None,
            message: message.into(),
        });
    }

    /// Takes over what another one found.
    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problems by file and line, each once.
    pub fn into_sorted(mut self) -> Vec<Problem> {
        self.0.sort();
        self.0.dedup();
        self.0
    }
}

/// The candidate that was probably meant.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = word.trim().to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&folded, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, candidate)| {
            // One slip in three letters; more makes the guess noise.
            let length = candidate.chars().count();
            *distance < length && *distance <= word.chars().count().max(length).div_ceil(3)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `; did you mean "x"?`, or what there is to choose from, or nothing.
pub fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(meant) = closest(word, candidates.clone()) {
        return format!("; did you mean {meant:?}?");
    }
    let all: Vec<&str> = candidates.into_iter().collect();
    if all.is_empty() || all.len() > 12 {
        return String::new();
    }
    format!("; there is {}", list(&all))
}

/// `a`, `a and b`, `a, b and c`, each in back-ticks.
pub fn list<S: AsRef<str>>(words: &[S]) -> String {
    let mut text = String::new();
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            text.push_str(if index + 1 == words.len() {
                " and "
            } else {
                ", "
            });
        }
        text.push_str(&format!("`{}`", word.as_ref()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_word_is_guessed_only_when_it_is_close() {
        assert_eq!(closest("sevice", ["service", "device"]), Some("service"));
        assert_eq!(closest("Limit ", ["limit"]), Some("limit"));
        assert_eq!(
            closest("requierd", ["required", "nullable"]),
            Some("required")
        );
        assert_eq!(closest("foo", ["required", "nullable"]), None);
        assert_eq!(closest("anything", []), None);
    }

    #[test]
    fn a_hint_names_the_choices_when_nothing_is_close() {
        assert_eq!(
            hint("zzz", ["read", "write"]),
            "; there is `read` and `write`"
        );
        assert_eq!(hint("raed", ["read", "write"]), "; did you mean \"read\"?");
        assert_eq!(hint("zzz", []), "");
    }
}
