//! Lays out tables, aligned by the width of text on a terminal.

use console::{Style, measure_text_width, truncate_str};

use crate::output::escape::plain;

/// Blanks between columns.
const GAP: usize = 2;
/// The width that a truncated column keeps while another column can wrap: the longest ids have 19
/// digits.
const CUT: usize = 19;
/// The width that a wrapped column keeps while another column can be omitted.
const WRAPPED: usize = 30;
/// The least width of a column that is truncated or wrapped.
const LEAST: usize = 8;

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    head: &'static str,
    right: bool,
    overflow: Overflow,
}

/// What happens to a column when the line is too narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Overflow {
    /// Its width stays.
    Keep,
    /// The column is omitted.
    Omit,
    /// Its cells are truncated.
    Truncate,
    /// Its cells continue on further lines; only for the last column.
    Wrap,
}

impl Column {
    pub(crate) const fn left(head: &'static str) -> Self {
        Self {
            head,
            right: false,
            overflow: Overflow::Keep,
        }
    }

    pub(crate) const fn right(head: &'static str) -> Self {
        Self {
            right: true,
            ..Self::left(head)
        }
    }

    /// Omits the column if the line is too narrow.
    pub(crate) const fn dispensable(mut self) -> Self {
        self.overflow = Overflow::Omit;
        self
    }

    /// Truncates the column if the line is too narrow.
    pub(crate) const fn cut(mut self) -> Self {
        self.overflow = Overflow::Truncate;
        self
    }

    /// Wraps the column, which must be the last one.
    pub(crate) const fn wraps(mut self) -> Self {
        self.overflow = Overflow::Wrap;
        self
    }
}

/// A cell: its escaped text and its style.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    width: usize,
    style: Option<Style>,
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        let text = plain(text.as_ref());
        Self {
            width: measure_text_width(&text),
            text,
            style: None,
        }
    }
}

impl Cell {
    pub(crate) fn styled(mut self, style: Option<Style>) -> Self {
        self.style = style;
        self
    }
}

/// Lays out a table in lines no wider than `width`, as far as the columns can shrink. Widths are
/// measured as on a terminal, where a Chinese character takes two columns.
pub(crate) fn table(
    columns: &[Column],
    rows: impl IntoIterator<Item = Vec<Cell>>,
    width: Option<usize>,
) -> String {
    let heads = columns.iter().map(|column| Cell::from(column.head));
    let mut lines = vec![heads.collect()];
    lines.extend(rows);
    let mut widths = vec![0; columns.len()];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.width.max(*width);
        }
    }
    if let Some(limit) = width {
        narrow(columns, &mut widths, limit);
    }
    let mut text = String::new();
    for line in &lines {
        write_line(&mut text, columns, line, &widths);
    }
    text
}

/// Writes a line of a table, and the continuation lines of its last column.
fn write_line(out: &mut String, columns: &[Column], cells: &[Cell], widths: &[usize]) {
    let (mut column_at, mut blanks) = (0, 0);
    let mut rest = None;
    for ((column, cell), width) in columns.iter().zip(cells).zip(widths.iter().copied()) {
        if width == 0 {
            continue;
        }
        let shown = match column.overflow {
            Overflow::Wrap => {
                let mut pieces = wrapped(&cell.text, width).into_iter();
                let first = pieces.next().unwrap_or_default();
                rest = Some((column_at, pieces));
                first.into()
            }
            _ => truncate_str(&cell.text, width, "…"),
        };
        column_at += width + GAP;
        let pad = width.saturating_sub(measure_text_width(&shown));
        let (before, after) = if column.right { (pad, 0) } else { (0, pad) };
        // Blanks are written only before further text, so that no line ends in blanks.
        if shown.is_empty() {
            blanks += pad + GAP;
            continue;
        }
        out.extend(std::iter::repeat_n(' ', blanks + before));
        match &cell.style {
            Some(style) => out.push_str(&style.apply_to(shown).to_string()),
            None => out.push_str(&shown),
        }
        blanks = after + GAP;
    }
    out.push('\n');
    if let Some((at, pieces)) = rest {
        for piece in pieces {
            out.extend(std::iter::repeat_n(' ', at));
            out.push_str(&piece);
            out.push('\n');
        }
    }
}

/// Wraps the text to lines no wider than `width`, between words unless a word is wider.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if measure_text_width(line) + 1 + measure_text_width(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => {
                let (mut line, mut used) = (String::new(), 0);
                for character in word.chars() {
                    let wide = measure_text_width(character.encode_utf8(&mut [0; 4]));
                    if used + wide > width && used > 0 {
                        lines.push(std::mem::take(&mut line));
                        used = 0;
                    }
                    line.push(character);
                    used += wide;
                }
                lines.push(line);
            }
        }
    }
    lines
}

/// Shrinks the columns to fit: first omits columns that may be omitted, then repeatedly shrinks the
/// widest shrinkable column until all fit or none can shrink. Width 0 means omitted.
fn narrow(columns: &[Column], widths: &mut [usize], limit: usize) {
    let whole = |widths: &[usize]| -> usize {
        let shown = widths.iter().filter(|width| **width > 0);
        shown
            .map(|width| GAP + width)
            .sum::<usize>()
            .saturating_sub(GAP)
    };
    let enough = |column: &Column| match column.overflow {
        Overflow::Truncate => CUT,
        Overflow::Wrap => WRAPPED,
        Overflow::Keep | Overflow::Omit => usize::MAX,
    };
    let least = |column: &Column| match column.overflow {
        Overflow::Truncate | Overflow::Wrap => LEAST,
        Overflow::Keep | Overflow::Omit => usize::MAX,
    };
    for (place, column) in columns.iter().enumerate() {
        let flexible = columns.iter().zip(widths.iter());
        let narrowed: Vec<_> = flexible.map(|(c, width)| enough(c).min(*width)).collect();
        if column.overflow == Overflow::Omit
            && whole(&narrowed) > limit
            && let Some(width) = widths.get_mut(place)
        {
            *width = 0;
        }
    }
    let keeps: [&dyn Fn(&Column) -> usize; 2] = [&enough, &least];
    for keep in keeps {
        while whole(widths) > limit {
            let flexible = columns.iter().zip(widths.iter_mut());
            let widest = flexible
                .filter(|(column, width)| **width > keep(column))
                .max_by_key(|(_, width)| **width);
            match widest {
                Some((_, width)) => *width -= 1,
                None => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_by_terminal_width_and_shrink() {
        let columns = [
            Column::left("NAME").cut(),
            Column::right("OF").dispensable(),
            Column::right("LEFT"),
            Column::left("WHY").wraps(),
        ];
        let rows = || {
            [
                ["深圳云帆科技有限公司", "1000", "1", "one"],
                ["a\u{1b}[31m", "1000", "12.50", "one two three"],
                ["b", "2", "3", ""],
            ]
            .map(|row| row.map(Cell::from).to_vec())
        };
        assert_eq!(
            table(&columns, rows(), None),
            "\
NAME                    OF   LEFT  WHY
深圳云帆科技有限公司  1000      1  one
a\\u{1b}[31m           1000  12.50  one two three
b                        2      3
"
        );
        assert_eq!(
            table(&columns, rows(), Some(26)),
            "\
NAME        LEFT  WHY
深圳云帆…      1  one
a\\u{1b}[…  12.50  one two
                  three
b              3
"
        );
    }

    #[test]
    fn narrow_table_shrinks_both_columns_and_splits_words_last() {
        let columns = [Column::left("NAME").cut(), Column::left("WHY").wraps()];
        let rows = || {
            [[&"n".repeat(60), "why ".repeat(15).trim()]
                .map(Cell::from)
                .to_vec()]
        };
        let text = table(&columns, rows(), Some(82));
        let name = format!("{}…  why", "n".repeat(39));
        assert!(
            text.lines().all(|line| line.len() <= 84) && text.contains(&name),
            "{text}"
        );
        for (width, lines) in [
            (6, &["a", "123456", "7890", "云帆科", "技 b"][..]),
            (80, &["a 1234567890 云帆科技 b"]),
        ] {
            assert_eq!(wrapped("a 1234567890 云帆科技 b", width), lines);
        }
    }
}
