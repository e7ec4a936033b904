//! Tables in lines, aligned by what a terminal shows.

use console::{Style, measure_text_width, truncate_str};

use crate::output::escape::plain;

/// Columns of a table stand this far apart.
const GAP: usize = 2;
/// A column that may be cut keeps this much while another one can wrap: the longest ids have 19
/// digits.
const CUT: usize = 19;
/// A column that wraps keeps this much while another one can be left out.
const WRAPPED: usize = 30;
/// A column that gives way keeps this much in any case.
const LEAST: usize = 8;

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    head: &'static str,
    right: bool,
    narrow: Overflow,
}

/// What becomes of a column where the line is too narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Overflow {
    /// It stays.
    Stays,
    /// It is left out.
    Goes,
    /// It is cut short.
    Cut,
    /// It goes on in further lines; for the last column.
    Wraps,
}

impl Column {
    pub(crate) const fn left(head: &'static str) -> Self {
        Self {
            head,
            right: false,
            narrow: Overflow::Stays,
        }
    }

    pub(crate) const fn right(head: &'static str) -> Self {
        Self {
            right: true,
            ..Self::left(head)
        }
    }

    /// A column that can be done without.
    pub(crate) const fn dispensable(mut self) -> Self {
        self.narrow = Overflow::Goes;
        self
    }

    /// A column that may be cut short.
    pub(crate) const fn cut(mut self) -> Self {
        self.narrow = Overflow::Cut;
        self
    }

    /// The last column, which may go on in further lines.
    pub(crate) const fn wraps(mut self) -> Self {
        self.narrow = Overflow::Wraps;
        self
    }
}

/// A cell: its text, without anything that could drive a terminal, and its looks.
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

/// A table in lines no wider than `width`, if columns can give way so far. Widths are those on a
/// terminal: a Chinese character takes two columns.
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

/// Writes a line of a table, and the lines in which its last column goes on.
fn write_line(out: &mut String, columns: &[Column], cells: &[Cell], widths: &[usize]) {
    let (mut column_at, mut blanks) = (0, 0);
    let mut rest = None;
    for ((column, cell), width) in columns.iter().zip(cells).zip(widths.iter().copied()) {
        if width == 0 {
            continue;
        }
        let shown = match column.narrow {
            Overflow::Wraps => {
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
        // Blanks are written when something follows, so that no line ends in them.
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

/// The text in lines no wider than `width`, which end between words unless a word is wider.
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

/// Makes the columns fit: those go that can be done without, then the widest of those that give
/// way gives, until all fit or none has any to give. A column of no width is left out.
fn narrow(columns: &[Column], widths: &mut [usize], limit: usize) {
    let whole = |widths: &[usize]| -> usize {
        let shown = widths.iter().filter(|width| **width > 0);
        shown
            .map(|width| GAP + width)
            .sum::<usize>()
            .saturating_sub(GAP)
    };
    let enough = |column: &Column| match column.narrow {
        Overflow::Cut => CUT,
        Overflow::Wraps => WRAPPED,
        Overflow::Stays | Overflow::Goes => usize::MAX,
    };
    let least = |column: &Column| match column.narrow {
        Overflow::Cut | Overflow::Wraps => LEAST,
        Overflow::Stays | Overflow::Goes => usize::MAX,
    };
    for (place, column) in columns.iter().enumerate() {
        let flexible = columns.iter().zip(widths.iter());
        let narrowed: Vec<_> = flexible.map(|(c, width)| enough(c).min(*width)).collect();
        if column.narrow == Overflow::Goes
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
    fn columns_are_aligned_by_width_and_give_way() {
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
    fn names_and_reasons_give_way_alike_and_words_only_at_last() {
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
