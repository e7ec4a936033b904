//! Rows as a table, CSV or JSON.

use console::{Style, measure_text_width, truncate_str};
use serde::Serialize;
use standing_core::Amount;

use crate::output::plain;
use crate::sweep::Row;
use crate::verdict::Verdict;

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
    narrow: Narrow,
}

/// What becomes of a column where the line is too narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Narrow {
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
            narrow: Narrow::Stays,
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
        self.narrow = Narrow::Goes;
        self
    }

    /// A column that may be cut short.
    pub(crate) const fn cut(mut self) -> Self {
        self.narrow = Narrow::Cut;
        self
    }

    /// The last column, which may go on in further lines.
    pub(crate) const fn wraps(mut self) -> Self {
        self.narrow = Narrow::Wraps;
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
            Narrow::Wraps => {
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

/// The text in lines no wider than `width`, unless a word is.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if measure_text_width(line) + 1 + measure_text_width(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
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
    let enough = |widths: &[usize]| -> usize {
        let each = columns.iter().zip(widths).map(|(column, width)| {
            (*width).min(match column.narrow {
                Narrow::Cut => CUT,
                Narrow::Wraps => WRAPPED,
                Narrow::Stays | Narrow::Goes => usize::MAX,
            })
        });
        whole(&each.collect::<Vec<_>>())
    };
    for (place, column) in columns.iter().enumerate() {
        if column.narrow == Narrow::Goes
            && enough(widths) > limit
            && let Some(width) = widths.get_mut(place)
        {
            *width = 0;
        }
    }
    // What is cut is lost, but most of a name will do; what wraps is only moved.
    let steps = [
        (CUT, &[Narrow::Cut][..]),
        (LEAST, &[Narrow::Cut, Narrow::Wraps]),
    ];
    for (keep, ways) in steps {
        while whole(widths) > limit {
            let flexible = columns.iter().zip(widths.iter_mut());
            let widest = flexible
                .filter(|(column, width)| ways.contains(&column.narrow) && **width > keep)
                .max_by_key(|(_, width)| **width);
            match widest {
                Some((_, width)) => *width -= 1,
                None => break,
            }
        }
    }
}

/// How a verdict looks where colours are wanted.
pub(crate) fn colour(verdict: Verdict, wanted: bool) -> Option<Style> {
    let style = Style::new().force_styling(true);
    wanted.then(|| match verdict {
        Verdict::Ok => style.green(),
        Verdict::Unknown => style.magenta(),
        Verdict::Watch => style.yellow(),
        Verdict::Blocked => style.red().bold(),
        Verdict::Missing => style.red().reverse(),
    })
}

/// A row as it is written: with what is personal masked, unless it was asked for.
#[derive(Debug, Serialize)]
pub(crate) struct Written {
    pub(crate) provider: &'static str,
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) mobile: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) verdict: &'static str,
    pub(crate) credit: Option<String>,
    pub(crate) left: Option<String>,
    pub(crate) why: String,
}

impl Written {
    pub(crate) fn new(row: &Row, show_personal: bool) -> Self {
        let masked = |text: &Option<String>, mask: fn(&str) -> String| {
            let text = text.as_deref().filter(|text| !text.is_empty());
            text.map(|text| {
                if show_personal {
                    text.to_owned()
                } else {
                    mask(text)
                }
            })
        };
        Self {
            provider: row.provider,
            id: Some(row.id.clone()).filter(|id| !id.is_empty()),
            // A name may be an e-mail address.
            name: masked(&row.name, |name| {
                if name.contains('@') {
                    email(name)
                } else {
                    name.to_owned()
                }
            }),
            mobile: masked(&row.mobile, mobile),
            email: masked(&row.email, email),
            verdict: row.judged.verdict.as_str(),
            credit: row.credit.as_ref().map(Amount::to_string),
            left: row.left.as_ref().map(Amount::to_string),
            why: row.judged.why.clone(),
        }
    }
}

/// `0bb43f…b581`: a long id as a table shows it. Numbers are shown whole, they differ anywhere.
pub(crate) fn shortened(id: String) -> String {
    let count = id.chars().count();
    if count <= 20 {
        return id;
    }
    let start: String = id.chars().take(6).collect();
    let end: String = id.chars().skip(count - 4).collect();
    format!("{start}…{end}")
}

/// `+62…6789`: country and the last digits, if enough are hidden between them.
fn mobile(number: &str) -> String {
    let characters: Vec<char> = number.trim().chars().collect();
    let head = if characters.first() == Some(&'+') {
        3
    } else {
        2
    };
    let (head, tail) = if characters.len() >= head + 4 + 4 {
        (head, 4)
    } else {
        (0, 2.min(characters.len() / 4))
    };
    let kept = |characters: &[char]| characters.iter().collect::<String>();
    let (start, rest) = characters.split_at(head.min(characters.len()));
    let (_, end) = rest.split_at(rest.len().saturating_sub(tail));
    format!("{}…{}", kept(start), kept(end))
}

/// `a…@x.com`.
fn email(address: &str) -> String {
    match address.trim().rsplit_once('@') {
        Some((local, domain)) => {
            let first = local.chars().next().filter(|_| local.chars().count() > 1);
            format!("{}…@{domain}", first.map(String::from).unwrap_or_default())
        }
        None => "…".to_owned(),
    }
}

/// The rows as CSV (RFC 4180).
pub(crate) fn csv(rows: &[Written]) -> Result<String, csv::Error> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record([
        "provider", "id", "name", "mobile", "email", "verdict", "credit", "left", "why",
    ])?;
    for row in rows {
        let text = |text: &Option<String>| text.as_deref().map(neutral).unwrap_or_default();
        // Amounts are digits by their type; a minus before one is no formula.
        let amount = |amount: &Option<String>| amount.clone().unwrap_or_default();
        writer.write_record([
            row.provider,
            &text(&row.id),
            &text(&row.name),
            &text(&row.mobile),
            &text(&row.email),
            row.verdict,
            &amount(&row.credit),
            &amount(&row.left),
            &neutral(&row.why),
        ])?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8(bytes).unwrap_or_default())
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
    fn what_is_personal_is_masked() {
        for (number, masked) in [
            ("+6281234566789", "+62…6789"),
            ("081234566789", "08…6789"),
            ("112****0042", "11…0042"),
            ("12345678", "…78"),
            ("123", "…"),
            ("", "…"),
            ("电话号码", "…码"),
        ] {
            assert_eq!(mobile(number), masked);
        }
        for (address, masked) in [
            ("anna@x.com", "a…@x.com"),
            ("a@x.com", "…@x.com"),
            ("a@b@x.com", "a…@x.com"),
            ("nobody", "…"),
        ] {
            assert_eq!(email(address), masked);
        }
    }

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
