//! Rows as a table, the worst first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use console::Style;

use crate::output::layout::{Cell, Column, table};
use crate::output::stdio;
use crate::row::ReportRow;
use crate::summary::Summary;
use crate::verdict::Verdict;

/// Rows of the table unless all are asked for.
const SAMPLE: usize = 12;
/// A table this wide has room for names and ids.
const ROOMY: usize = 120;

/// The rows for a table, the worst first; within a verdict they keep their order.
#[derive(Debug, Default)]
pub(crate) struct Worst {
    rows: BTreeMap<Reverse<Verdict>, Vec<ReportRow>>,
    count: usize,
}

impl Worst {
    /// Adds a row; of each verdict, no more are kept than a sample may show.
    pub(crate) fn add(&mut self, row: ReportRow, all: bool) {
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
    let mut rows: Vec<ReportRow> = worst.rows.into_values().flatten().collect();
    if !all {
        rows.truncate(SAMPLE);
    }
    let shown = rows.len();
    let (width, colours) = (stdio::width(), stdio::colours());
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
