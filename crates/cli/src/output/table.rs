//! Rows as a table, the worst first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use console::Style;

use crate::output::layout::{Cell, Column, table};
use crate::output::stdio;
use crate::row::ReportRow;
use crate::summary::Summary;
use crate::verdict::Verdict;

/// Rows of the table without `--all`.
const SAMPLE: usize = 12;
/// A table at least this wide has a column for ids.
const ROOMY: usize = 120;

/// The rows of a table, the worst first; rows of one verdict keep their order.
#[derive(Debug, Default)]
pub(crate) struct WorstFirst {
    rows: BTreeMap<Reverse<Verdict>, Vec<ReportRow>>,
    count: usize,
}

impl WorstFirst {
    /// Adds a row. Without `all`, keeps no more rows of each verdict than the table can show.
    pub(crate) fn add(&mut self, row: ReportRow, all: bool) {
        self.count += 1;
        let rows = self.rows.entry(Reverse(row.verdict)).or_default();
        if all || rows.len() < SAMPLE {
            rows.push(row);
        }
    }
}

/// Renders the rows as a table, only the worst ones unless `all`, and below it a table of the
/// providers.
pub(crate) fn render(sorted: WorstFirst, all: bool, summary: &Summary) -> String {
    let count = sorted.count;
    let mut rows: Vec<ReportRow> = sorted.rows.into_values().flatten().collect();
    if !all {
        rows.truncate(SAMPLE);
    }
    let shown = rows.len();
    let (width, colours) = (stdio::width(), stdio::colours());
    // Without a column for ids, an id replaces an unknown name.
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
        .map(|row| {
            let style = colour(row.verdict, colours);
            let id = row.id.map(shortened);
            let stand_in = if with_ids { row.email } else { id.clone() };
            vec![
                text(row.name.or(stand_in).or(row.mobile)),
                text(id),
                row.provider.as_ref().into(),
                Cell::from(row.verdict.as_str()).styled(style),
                text(row.credit),
                text(row.left),
                row.why.into(),
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

/// The style of a verdict, if colours are wanted.
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

/// Shortens a long id to `0bb43f…b581`. Ids that are numbers are short enough to be shown in full.
fn shortened(id: String) -> String {
    let count = id.chars().count();
    if count <= 20 {
        return id;
    }
    let start: String = id.chars().take(6).collect();
    let end: String = id.chars().skip(count - 4).collect();
    format!("{start}…{end}")
}
