//! Rows as a table, CSV or JSON.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

use console::Style;
use serde::Serialize;

use crate::output::{self, plain};
use crate::row::Written;
use crate::table::{Cell, Column, table};
use crate::tally::Summary;
use crate::verdict::Verdict;

/// Rows of the table unless all are asked for.
const SAMPLE: usize = 12;
/// A table this wide has room for names and ids.
const ROOMY: usize = 120;

/// The rows for a table, the worst first; within a verdict they keep their order.
#[derive(Debug, Default)]
pub(crate) struct Worst {
    rows: BTreeMap<Reverse<Verdict>, Vec<Written>>,
    count: usize,
}

impl Worst {
    /// Adds a row; of each verdict, no more are kept than a sample may show.
    pub(crate) fn add(&mut self, row: Written, all: bool) {
        self.count += 1;
        let rows = self.rows.entry(Reverse(row.verdict)).or_default();
        if all || rows.len() < SAMPLE {
            rows.push(row);
        }
    }
}

/// The rows as a table, a sample unless all are asked for, and a table of the providers below.
pub(crate) fn as_table(worst: Worst, all: bool, summary: &Summary) -> String {
    let count = worst.count;
    let mut rows: Vec<Written> = worst.rows.into_values().flatten().collect();
    if !all {
        rows.truncate(SAMPLE);
    }
    let shown = rows.len();
    let (width, colours) = (output::width(), output::colours());
    // Where there is no room for ids, they stand in for names that are not known.
    let with_ids = width.is_none_or(|width| width >= ROOMY);
    let mut columns = vec![
        Column::left("CUSTOMER").cut(),
        Column::left("ID"),
        Column::left("PROVIDER"),
        Column::left("VERDICT"),
        Column::right("CREDIT").dispensable(),
        Column::right("LEFT"),
        Column::left("WHY").wraps(),
    ];
    let text = |text: Option<String>| Cell::from(text.as_deref().unwrap_or("-"));
    let mut cells: Vec<Vec<Cell>> = rows
        .into_iter()
        .map(|written| {
            let looks = colour(written.verdict, colours);
            let id = written.id.map(shortened);
            let stand_in = if with_ids { written.email } else { id.clone() };
            vec![
                text(written.name.or(stand_in).or(written.mobile)),
                text(id),
                written.provider.as_ref().into(),
                Cell::from(written.verdict.as_str()).styled(looks),
                text(written.credit),
                text(written.left),
                written.why.into(),
            ]
        })
        .collect();
    if !with_ids {
        columns.remove(1);
        for line in &mut cells {
            line.remove(1);
        }
    }
    let mut out = table(&columns, cells, width);
    if shown < count {
        out.push_str(&format!(
            "… {shown} of {count} shown; --all for every row\n"
        ));
    }
    out.push('\n');
    let columns = [
        Column::left("PROVIDER"),
        Column::right("CUSTOMERS"),
        Column::right("OK"),
        Column::right("WATCH"),
        Column::right("BLOCKED"),
        Column::right("UNKNOWN"),
        Column::right("MISSING"),
    ];
    let number = |number: u64| Cell::from(number.to_string());
    let lines = summary.providers.iter().map(|line| {
        let counts = line.counts;
        vec![
            line.provider.into(),
            number(counts.customers),
            number(counts.ok),
            number(counts.watch),
            number(counts.blocked),
            number(counts.unknown),
            counts.missing.map_or_else(|| "?".into(), number),
        ]
    });
    out.push_str(&table(&columns, lines, None));
    out
}

/// How a verdict looks where colours are wanted.
fn colour(verdict: Verdict, wanted: bool) -> Option<Style> {
    let style = Style::new().force_styling(true);
    wanted.then(|| match verdict {
        Verdict::Ok => style.green(),
        Verdict::Unknown => style.magenta(),
        Verdict::Watch => style.yellow(),
        Verdict::Blocked => style.red().bold(),
        Verdict::Missing => style.red().reverse(),
    })
}

/// `0bb43f…b581`: a long id as a table shows it. Numbers are shown whole, they differ anywhere.
fn shortened(id: String) -> String {
    let count = id.chars().count();
    if count <= 20 {
        return id;
    }
    let start: String = id.chars().take(6).collect();
    let end: String = id.chars().skip(count - 4).collect();
    format!("{start}…{end}")
}

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

    pub(crate) fn add(&mut self, row: &Written) -> io::Result<()> {
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

/// Texts, numbers and lists of them can always be written.
pub(crate) fn as_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
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
