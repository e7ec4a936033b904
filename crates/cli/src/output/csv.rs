//! Rows as CSV.

use std::io::{self, Write};

use crate::output::escape::plain;
use crate::row::ReportRow;

/// Rows as CSV (RFC 4180).
pub(crate) struct Sheet<W: Write>(csv::Writer<W>);

impl<W: Write> Sheet<W> {
    /// Writes the column names.
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
        let text = |text: &Option<String>| text.as_deref().map(neutralized).unwrap_or_default();
        // Amounts consist of digits by their type; a leading minus is not a formula.
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
            &neutralized(&row.why),
        ];
        self.0.write_record(record).map_err(unwritten)
    }

    pub(crate) fn end(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Extracts the I/O error, so that a closed reader is still recognized.
fn unwritten(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        kind => io::Error::other(format!("{kind:?}")),
    }
}

/// Characters that begin a formula in some spreadsheet, or that hide such a character.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n'];

/// Neutralizes a text: no spreadsheet calculates it and it controls no terminal. Line breaks stay.
///
/// A `'` precedes each part that would be a formula. Parts begin at the start of the text, and after
/// each `;` and line break, where a spreadsheet with `;` as its separator begins a cell. Blanks, quotes
/// and `'` before a formula do not hide it, so a text that begins with `'=` gets another `'`. Removing
/// the first `'` of each such part restores the text.
fn neutralized(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    let mut rest = text;
    loop {
        let shown = rest.trim_start_matches(|character: char| {
            matches!(character, '\'' | '"')
                || (character.is_whitespace() && !FORMULA.contains(&character))
        });
        if shown.starts_with(FORMULA) {
            out.push('\'');
        }
        let Some(end) = rest.find([';', '\n']) else {
            out.push_str(&plain(rest));
            return out;
        };
        let (part, after) = rest.split_at(end);
        out.push_str(&plain(part));
        // Both separators are a single byte.
        let (separator, after) = after.split_at(1);
        out.push_str(separator);
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formula_in_a_sheet_is_neutralized() {
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
            assert_eq!(neutralized(text), neutralised);
        }
    }

    /// Restores a text as documented: removes the first `'` of each part that has one before a formula.
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
    fn neutralized_text_is_restored_exactly() {
        let pieces = ["=", "'", "\"", ";", " ", "a", "－", "\n"];
        for number in 0..pieces.len().pow(5) {
            let digits = (0..5).map(|place| number / pieces.len().pow(place) % pieces.len());
            let text: String = digits.map(|digit| pieces[digit]).collect();
            assert_eq!(restored(&neutralized(&text)), text);
        }
    }
}
