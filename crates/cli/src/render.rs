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

/// A text that a spreadsheet does not calculate and a terminal does not obey. Line breaks stay.
fn neutral(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(plain).collect();
    let clean = lines.join("\n");
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{clean}")
    } else {
        clean
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
            ("two\nlines", "two\nlines"),
            ("\u{1b}[31m", "\\u{1b}[31m"),
            ("plain", "plain"),
        ] {
            assert_eq!(neutral(text), neutralised);
        }
    }
}
