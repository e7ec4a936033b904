//! Rows as CSV.

use std::io::{self, Write};

use crate::output::escape::plain;
use crate::row::ReportRow;

/// Rows as CSV (RFC 4180).
pub(crate) struct Sheet<W: Write>(csv::Writer<W>);

impl<W: Write> Sheet<W> {
    /// Begins with the names of the columns.
    pub(crate) fn new(out: W) -> io::Result<Self> {
        let mut writer = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(out);
        writer
            .write_record([
                "provider", "id", "name", "mobile", "email", "verdict", "credit", "left", "why",
            ])
            .map_err(unwritten)?;
        Ok(Self(writer))
    }

    pub(crate) fn add(&mut self, row: &ReportRow) -> io::Result<()> {
        let text = |text: &Option<String>| text.as_deref().map(neutral).unwrap_or_default();
        // Amounts are digits by their type; a minus before one is no formula.
        let amount = |amount: &Option<String>| amount.clone().unwrap_or_default();
        let record = [
            &row.provider,
            &*text(&row.id),
            &text(&row.name),
            &text(&row.mobile),
            &text(&row.email),
            row.verdict.as_str(),
            &amount(&row.credit),
            &amount(&row.left),
            &neutral(&row.why),
        ];
        self.0.write_record(record).map_err(unwritten)
    }

    pub(crate) fn end(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// What the file said: as part of another error it would not be known for a reader that has gone.
fn unwritten(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        kind => io::Error::other(format!("{kind:?}")),
    }
}

/// Begins a formula, in a spreadsheet of some country; or hides what does.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n'];

/// A text that a spreadsheet does not calculate and a terminal does not obey. Line breaks stay.
///
/// A `'` goes before each part that would be a formula. A part begins with the text, and after each `;`
/// and line break, where a spreadsheet that takes `;` for the comma begins a cell. Blanks, quotes and
/// `'` before the formula do not hide it, so a text that begins with `'=` gets another `'`, and without
/// the first `'` of each such part, the text is what it was.
fn neutral(text: &str) -> String {
    let mut neutral = String::with_capacity(text.len() + 1);
    let mut rest = text;
    loop {
        let shown = rest.trim_start_matches(|character: char| {
            matches!(character, '\'' | '"')
                || (character.is_whitespace() && !FORMULA.contains(&character))
        });
        if shown.starts_with(FORMULA) {
            neutral.push('\'');
        }
        let Some(end) = rest.find([';', '\n']) else {
            neutral.push_str(&plain(rest));
            return neutral;
        };
        let (part, after) = rest.split_at(end);
        neutral.push_str(&plain(part));
        // Either is a single byte.
        let (separator, after) = after.split_at(1);
        neutral.push_str(separator);
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_sheet_is_calculated() {
        for (text, neutralised) in [
            ("=1+1", "'=1+1"),
            ("+62", "'+62"),
            ("-", "'-"),
            ("@x", "'@x"),
            ("\t=1", "'\\u{9}=1"),
            ("\r=1", "'\\u{d}=1"),
            ("\n=1", "'\n'=1"),
            ("two\nlines", "two\nlines"),
            ("two\n=lines", "two\n'=lines"),
            ("a;=1+1", "a;'=1+1"),
            ("a; +1;-2", "a;' +1;'-2"),
            ("a;\"=1+1;", "a;'\"=1+1;"),
            (" =1", "' =1"),
            ("＝1", "'＝1"),
            ("＋1", "'＋1"),
            ("a;－1", "a;'－1"),
            ("\u{3000}＠x", "'\u{3000}＠x"),
            ("'=1", "''=1"),
            ("'t Hooft", "'t Hooft"),
            ("24 % left; not -5", "24 % left; not -5"),
            ("\u{1b}[31m", "\\u{1b}[31m"),
            ("plain", "plain"),
        ] {
            assert_eq!(neutral(text), neutralised);
        }
    }

    /// The text without the first `'` of each part that has one before a formula, as documented.
    fn restored(text: &str) -> String {
        let parts = text.split_inclusive([';', '\n']).map(|part| {
            let hidden = |character: char| {
                matches!(character, '\'' | '"' | ' ' | '\u{3000}') && !FORMULA.contains(&character)
            };
            let shown = part.trim_start_matches(hidden);
            match part.strip_prefix('\'') {
                Some(rest) if shown.starts_with(FORMULA) => rest,
                _ => part,
            }
        });
        parts.collect()
    }

    #[test]
    fn neutralised_text_is_restored_exactly() {
        let pieces = ["=", "'", "\"", ";", " ", "a", "－", "\n"];
        for number in 0..pieces.len().pow(5) {
            let digits = (0..5).map(|place| number / pieces.len().pow(place) % pieces.len());
            let text: String = digits.map(|digit| pieces[digit]).collect();
            assert_eq!(restored(&neutral(&text)), text);
        }
    }
}
