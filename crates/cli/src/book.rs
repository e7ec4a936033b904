//! The customer book: a CSV file with a line for each customer, a column `name`, and one column for
//! each provider with what the customer is called there.

use std::collections::{HashMap, HashSet};
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use standing_accuauth::{MobileForm, mobile_md5, normalize_mobile};

use crate::failure::Failure;

/// Mistakes that a message lists; the others are counted.
const LISTED: usize = 10;

/// A column with what a provider calls its customers.
struct Column {
    provider: &'static str,
    name: &'static str,
    /// It has MD5s of what the provider's other column has.
    hashed: bool,
    /// A cell in its one spelling, or the reason why it cannot be meant. The reason repeats no value.
    read: fn(&str) -> Result<String, &'static str>,
}

/// The columns, apart from the name. The first column of a provider that is filled counts.
static COLUMNS: [Column; 5] = [
    Column {
        provider: "tencent",
        name: "tencent_uin",
        hashed: false,
        // A UIN is a uint64.
        read: |cell| whole_number(cell, u64::MAX),
    },
    Column {
        provider: "huawei",
        name: "huawei_id",
        hashed: false,
        read: text_id,
    },
    Column {
        provider: "alibaba",
        name: "alibaba_uid",
        hashed: false,
        // A UID is an int64.
        read: |cell| whole_number(cell, i64::MAX.unsigned_abs()),
    },
    Column {
        provider: "accuauth",
        name: "mobile",
        hashed: false,
        read: |cell| normalize_mobile(cell).map_err(|invalid| invalid.reason()),
    },
    Column {
        provider: "accuauth",
        name: "mobile_md5",
        hashed: true,
        read: md5,
    },
];

impl Column {
    /// A cell in its one spelling, or the reason why it cannot be meant.
    fn read(&self, cell: &str) -> Result<String, &'static str> {
        let placeholders = [
            "null",
            "nil",
            "none",
            "nan",
            "n/a",
            "na",
            "undefined",
            "-",
            "?",
        ];
        let is_placeholder = |word: &&str| cell.eq_ignore_ascii_case(word);
        if cell.starts_with('#') || placeholders.iter().any(is_placeholder) {
            return Err("is a placeholder: leave the cell empty");
        }
        if is_shortened(cell) {
            return Err("is a number that a spreadsheet has shortened: format the column as text");
        }
        (self.read)(cell)
    }
}

/// Whether a spreadsheet has written a long number so: `6.28E+11`, or `6,28E+11`.
fn is_shortened(cell: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((mantissa, exponent)) = cell.split_once(['E', 'e']) else {
        return false;
    };
    let power = exponent.strip_prefix(['+', '-']);
    let parts = mantissa.split_once(['.', ',']);
    // An id of hexadecimal digits may have a single letter, too, but neither sign nor point.
    (power.is_some() || parts.is_some())
        && digits(power.unwrap_or(exponent))
        && parts.map_or_else(
            || digits(mantissa),
            |(whole, fraction)| digits(whole) && digits(fraction),
        )
}

fn whole_number(cell: &str, max: u64) -> Result<String, &'static str> {
    if !cell.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("is not digits only");
    }
    match cell.parse::<u64>() {
        Ok(0) => Err("must not be 0"),
        Ok(number) if number <= max => Ok(number.to_string()),
        _ => Err("is too long"),
    }
}

fn text_id(cell: &str) -> Result<String, &'static str> {
    if !cell.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("must have ASCII letters, digits and signs only");
    }
    if cell.len() > 64 {
        return Err("must have at most 64 characters");
    }
    Ok(cell.to_owned())
}

fn md5(cell: &str) -> Result<String, &'static str> {
    if cell.len() != 32 || !cell.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("must be 32 hexadecimal digits");
    }
    Ok(cell.to_ascii_lowercase())
}

/// The MD5s of a mobile number, in every form that it may have been hashed in.
fn digests(number: &str) -> impl Iterator<Item = String> {
    let forms = MobileForm::ALL.into_iter();
    forms.filter_map(move |form| mobile_md5(number, form).ok())
}

/// A customer to ask about, or expected in a list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Whom {
    /// As it is sent: an id, a mobile number as `628123456789`, or the MD5 of one in lower case.
    pub(crate) id: String,
    /// The id is an MD5.
    pub(crate) hashed: bool,
    pub(crate) name: Option<String>,
    /// The line of the book.
    pub(crate) line: Option<u64>,
}

/// Customers one after the other, as often as they are wanted; nobody holds them all.
pub(crate) type Customers = Arc<dyn Fn() -> Box<dyn Iterator<Item = Whom> + Send> + Send + Sync>;

/// A book that can be read to its end.
pub(crate) struct Book {
    bytes: Arc<[u8]>,
    heads: csv::StringRecord,
}

fn refused(problem: impl std::fmt::Display) -> Failure {
    Failure::config(format!("the book {problem}"))
}

/// Reads records after the line of column names.
fn records(bytes: Arc<[u8]>) -> csv::Reader<Cursor<Arc<[u8]>>> {
    csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(Cursor::new(bytes))
}

/// Counts lines up to records. The reader itself counts neither empty ones nor all line ends.
struct Lines {
    bytes: Arc<[u8]>,
    at: usize,
    line: u64,
}

impl Lines {
    fn of(bytes: Arc<[u8]>) -> Self {
        let (at, line) = (0, 1);
        Self { bytes, at, line }
    }

    /// The line of a record that is not before the last one.
    fn up_to(&mut self, record: Option<&csv::Position>) -> u64 {
        let start = record.map_or(0, |position| position.byte() as usize);
        while let Some(byte) = self.bytes.get(self.at) {
            let next = self.bytes.get(self.at + 1);
            let ends = *byte == b'\n' || (*byte == b'\r' && next != Some(&b'\n'));
            if self.at >= start && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(ends);
            self.at += 1;
        }
        self.line
    }
}

impl Book {
    /// Reads a book, and looks at every cell that these providers would be asked about. Messages name
    /// the line and repeat no value.
    pub(crate) fn open(path: &Path, providers: &[&str]) -> Result<Self, Failure> {
        let bytes = std::fs::read(path)
            .map_err(|error| refused(format!("cannot be read: {}", error.kind())))?;
        let mark = b"\xef\xbb\xbf";
        let bytes: Arc<[u8]> = bytes.strip_prefix(mark).unwrap_or(&bytes).into();
        let no_heads = || refused("has no line of column names");
        let mut reader = records(bytes.clone());
        let heads = reader.headers().map_err(|_| no_heads())?.clone();
        for (number, head) in (1..).zip(&heads) {
            let known = |name: &str| name.eq_ignore_ascii_case(head);
            if !known("name") && !COLUMNS.iter().any(|column| known(column.name)) {
                let columns = COLUMNS.each_ref().map(|column| column.name).join(", ");
                return Err(refused(format!(
                    "has an unknown column, number {number}: there are name, {columns}, \
                     with commas between"
                )));
            }
            if heads.iter().take(number - 1).any(known) {
                return Err(refused(format!("has a column twice, number {number}")));
            }
        }
        let book = Self { bytes, heads };
        book.check(reader, providers)?;
        Ok(book)
    }

    /// Looks at every record before anything is sent: a look-up by what is no number is billed too.
    fn check(
        &self,
        mut reader: csv::Reader<Cursor<Arc<[u8]>>>,
        providers: &[&str],
    ) -> Result<(), Failure> {
        let columns: Vec<_> = providers.iter().flat_map(|of| self.columns(of)).collect();
        let mut lines = Lines::of(self.bytes.clone());
        let (mut mistakes, mut further) = (Vec::new(), 0_u64);
        for record in reader.records() {
            let record = record.map_err(|error| {
                let line = lines.up_to(error.position());
                refused(format!("is no CSV in line {line}"))
            })?;
            let line = lines.up_to(record.position());
            // A quote that is not closed takes the customers after it into its field.
            if record.iter().any(|field| field.contains(['\r', '\n'])) {
                return Err(refused(format!(
                    "has quotes in line {line} that are not closed there"
                )));
            }
            for (column, reason) in wrong_cells(&record, &columns) {
                if mistakes.len() < LISTED {
                    mistakes.push(format!("{column} in line {line} of the book {reason}"));
                } else {
                    further += 1;
                }
            }
        }
        if further > 0 {
            mistakes.push(format!("and {further} more"));
        }
        match mistakes.is_empty() {
            true => Ok(()),
            false => Err(Failure::config(mistakes.join("; "))),
        }
    }

    /// The columns that the book has for a provider, with their places.
    fn columns(&self, provider: &str) -> Vec<(usize, &'static Column)> {
        let of = COLUMNS.iter().filter(|column| column.provider == provider);
        of.filter_map(|column| Some((self.place(column.name)?, column)))
            .collect()
    }

    fn place(&self, name: &str) -> Option<usize> {
        let mut heads = self.heads.iter();
        heads.position(|head| head.eq_ignore_ascii_case(name))
    }

    /// What it was at the time: rows of two books make no third one.
    pub(crate) fn digest(&self) -> String {
        standing_core::sign::sha256_hex(&self.bytes)
    }

    /// The customers of a provider, each once, as `open` has looked at them; nothing if the book has
    /// no column for it. An MD5 whose number is in the book too is replaced by the number.
    pub(crate) fn customers(&self, provider: &str) -> Option<Customers> {
        let columns = self.columns(provider);
        if columns.is_empty() {
            return None;
        }
        let hashed = columns.iter().filter(|(_, column)| column.hashed).count();
        let may_meet = (1..columns.len()).contains(&hashed);
        let (bytes, name) = (self.bytes.clone(), self.place("name"));
        let listed = move || {
            let columns = columns.clone();
            let mut lines = Lines::of(bytes.clone());
            let records = records(bytes.clone()).into_records();
            records.filter_map(move |record| {
                let record = record.ok()?;
                let line = lines.up_to(record.position());
                let filled = |place: usize| record.get(place).filter(|text| !text.is_empty());
                let mut columns = columns.iter();
                let (cell, column) =
                    columns.find_map(|(place, column)| Some((filled(*place)?, *column)))?;
                Some(Whom {
                    id: column.read(cell).unwrap_or_else(|_| cell.to_owned()),
                    hashed: column.hashed,
                    name: name.and_then(filled).map(str::to_owned),
                    line: Some(line),
                })
            })
        };
        let mut numbers = HashMap::new();
        if may_meet {
            let hashed = listed().filter(|whom| whom.hashed).map(|whom| whom.id);
            let hashed: HashSet<String> = hashed.collect();
            for whom in listed().filter(|whom| !whom.hashed && !hashed.is_empty()) {
                let known = digests(&whom.id).filter(|digest| hashed.contains(digest));
                numbers.extend(known.map(|digest| (digest, whom.id.clone())));
            }
        }
        let numbers = Arc::new(numbers);
        let customers = move || {
            let numbers = numbers.clone();
            listed().map(move |mut whom| {
                // Which form an MD5 is of is a guess, a number is none.
                if let Some(number) = numbers.get(&whom.id).filter(|_| whom.hashed) {
                    whom.id.clone_from(number);
                    whom.hashed = false;
                }
                whom
            })
        };
        // A person or account that comes again is asked about, and billed, once.
        let mut known = HashSet::new();
        let places = (0..).zip(customers());
        let again = places.filter(|(_, whom)| !known.insert(whom.id.to_lowercase()));
        let again: Arc<HashSet<u64>> = Arc::new(again.map(|(place, _)| place).collect());
        Some(Arc::new(move || {
            let again = again.clone();
            let places = (0..).zip(customers());
            let once = places.filter(move |(place, _)| !again.contains(place));
            Box::new(once.map(|(_, whom)| whom))
        }))
    }
}

/// The cells of a record that cannot be meant, each with its column and the reason.
fn wrong_cells(
    record: &csv::StringRecord,
    columns: &[(usize, &'static Column)],
) -> Vec<(&'static str, &'static str)> {
    let mut wrong = Vec::new();
    let (mut number, mut hash) = (None, None);
    for (place, column) in columns {
        let Some(cell) = record.get(*place).filter(|cell| !cell.is_empty()) else {
            continue;
        };
        match column.read(cell) {
            Err(reason) => wrong.push((column.name, reason)),
            Ok(id) if column.name == "mobile" => number = Some(id),
            Ok(id) if column.hashed => hash = Some((column.name, id)),
            Ok(_) => {}
        }
    }
    if let (Some(number), Some((name, hash))) = (number, hash)
        && !digests(&number).any(|digest| digest == hash)
    {
        wrong.push((name, "is not of the number beside it, in any known form"));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cell_of_a_spreadsheet_accident_is_refused_in_every_column() {
        for column in &COLUMNS {
            for cell in [
                "6.28E+11",
                "6,28E+11",
                "6E+11",
                "1.2e5",
                "NULL",
                "null",
                "N/A",
                "#N/A",
                "#VALUE!",
                "-",
                "NaN",
                "\0",
                "12\u{0}34",
                "\u{ff11}\u{ff12}",
            ] {
                let refused = column.read(cell);
                assert!(refused.is_err(), "{} {cell:?}: {refused:?}", column.name);
            }
        }
    }

    #[test]
    fn cell_is_read_in_one_spelling() {
        let hex = "0123456789ABCDEF0123456789abcdef";
        for (column, cell, id) in [
            (0, "0203479861350", Some("203479861350")),
            (0, "18446744073709551615", Some("18446744073709551615")),
            (0, "18446744073709551616", None),
            (0, "0", None),
            (1, "05377f", Some("05377f")),
            (1, "12345e67", Some("12345e67")),
            (2, "9223372036854775807", Some("9223372036854775807")),
            (2, "9223372036854775808", None),
            (2, "1 2", None),
            (3, "+62 812-0000-0001", Some("6281200000001")),
            (3, "0812", None),
            (4, hex, Some("0123456789abcdef0123456789abcdef")),
            (4, "0123", None),
        ] {
            assert_eq!(COLUMNS[column].read(cell).ok().as_deref(), id, "{cell}");
        }
        assert!(text_id(&"x".repeat(64)).is_ok() && text_id(&"x".repeat(65)).is_err());
    }
}
