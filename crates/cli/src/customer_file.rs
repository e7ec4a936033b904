//! The customer file: a CSV file with a line for each customer, a column `name`, and columns with the
//! customer's id at each provider.

use std::collections::{HashMap, HashSet};
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use standing_accuauth::{MobileForm, mobile_md5, normalize_mobile};

use crate::failure::Failure;

/// How many mistakes a message lists; further ones are counted.
const LISTED: usize = 10;

/// A column with the ids of a provider.
struct Column {
    provider: &'static str,
    name: &'static str,
    /// The column has MD5s of the values of the provider's other column.
    hashed: bool,
    /// Normalizes a cell, or returns why it is invalid. The reason repeats no value.
    read: fn(&str) -> Result<String, &'static str>,
}

/// The columns other than `name`. Of several columns of a provider, the first nonempty one counts.
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
    /// Normalizes a cell, or returns why it is invalid.
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

/// Whether a spreadsheet has shortened a long number to `6.28E+11` or `6,28E+11`.
fn is_shortened(cell: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((mantissa, exponent)) = cell.split_once(['E', 'e']) else {
        return false;
    };
    let power = exponent.strip_prefix(['+', '-']);
    let parts = mantissa.split_once(['.', ',']);
    // An id of hexadecimal digits may contain a single letter E, but neither a sign nor a point.
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

/// The MD5s of a mobile number in every known form.
fn digests(number: &str) -> impl Iterator<Item = String> {
    let forms = MobileForm::ALL.into_iter();
    forms.filter_map(move |form| mobile_md5(number, form).ok())
}

/// A customer to query, or to expect in a list.
#[derive(Debug, Clone, Default)]
pub(crate) struct CustomerRef {
    /// The value to send: an id, a mobile number such as `628123456789`, or its MD5 in lower case.
    pub(crate) id: String,
    /// The id is an MD5.
    pub(crate) hashed: bool,
    pub(crate) name: Option<String>,
    /// The line in the customer file.
    pub(crate) line: Option<u64>,
}

/// A restartable iterator over customers; the full list is never held in memory.
pub(crate) type Customers =
    Arc<dyn Fn() -> Box<dyn Iterator<Item = CustomerRef> + Send> + Send + Sync>;

/// A validated customer file.
pub(crate) struct CustomerFile {
    bytes: Arc<[u8]>,
    heads: csv::StringRecord,
}

fn refused(problem: impl std::fmt::Display) -> Failure {
    Failure::config(format!("the customer file {problem}"))
}

/// Reads the records after the line of column names.
fn records(bytes: Arc<[u8]>) -> csv::Reader<Cursor<Arc<[u8]>>> {
    csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(Cursor::new(bytes))
}

/// Counts the lines before a record. The CSV reader counts neither empty lines nor all line ends.
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

    /// The line of a record; records must be passed in order.
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

impl CustomerFile {
    /// Reads a customer file and validates every cell in the columns of these providers. Messages
    /// name the line and repeat no value.
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
                    "has an unknown column, number {number}: valid columns are name, {columns}, \
                     separated by commas"
                )));
            }
            if heads.iter().take(number - 1).any(known) {
                return Err(refused(format!("has a column twice, number {number}")));
            }
        }
        let file = Self { bytes, heads };
        file.check(reader, providers)?;
        Ok(file)
    }

    /// Validates every record before anything is sent: a call with an invalid number is billed too.
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
                refused(format!("is not valid CSV in line {line}"))
            })?;
            let line = lines.up_to(record.position());
            // An unclosed quote includes the following customers in its field.
            if record.iter().any(|field| field.contains(['\r', '\n'])) {
                return Err(refused(format!(
                    "has quotes in line {line} that are not closed there"
                )));
            }
            for (column, reason) in wrong_cells(&record, &columns) {
                if mistakes.len() < LISTED {
                    mistakes.push(format!(
                        "{column} in line {line} of the customer file {reason}"
                    ));
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

    /// The columns of a provider in this file, with their indices.
    fn columns(&self, provider: &str) -> Vec<(usize, &'static Column)> {
        let of = COLUMNS.iter().filter(|column| column.provider == provider);
        of.filter_map(|column| Some((self.place(column.name)?, column)))
            .collect()
    }

    fn place(&self, name: &str) -> Option<usize> {
        let mut heads = self.heads.iter();
        heads.position(|head| head.eq_ignore_ascii_case(name))
    }

    /// The digest of the content: the rows of two customer files must not be mixed.
    pub(crate) fn digest(&self) -> String {
        standing_core::sign::sha256_hex(&self.bytes)
    }

    /// The customers of a provider, each once; `None` if the file has no column for it. An MD5 is
    /// replaced by its number if the file has that number too.
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
                Some(CustomerRef {
                    id: column.read(cell).unwrap_or_else(|_| cell.to_owned()),
                    hashed: column.hashed,
                    name: name.and_then(filled).map(str::to_owned),
                    line: Some(line),
                })
            })
        };
        let mut numbers = HashMap::new();
        if may_meet {
            let hashed = listed()
                .filter(|customer| customer.hashed)
                .map(|customer| customer.id);
            let hashed: HashSet<String> = hashed.collect();
            for customer in listed().filter(|customer| !customer.hashed && !hashed.is_empty()) {
                let known = digests(&customer.id).filter(|digest| hashed.contains(digest));
                numbers.extend(known.map(|digest| (digest, customer.id.clone())));
            }
        }
        let numbers = Arc::new(numbers);
        let customers = move || {
            let numbers = numbers.clone();
            listed().map(move |mut customer| {
                // The form that an MD5 was taken over is unknown; a number is exact.
                if let Some(number) = numbers.get(&customer.id).filter(|_| customer.hashed) {
                    customer.id.clone_from(number);
                    customer.hashed = false;
                }
                customer
            })
        };
        // A repeated person or account is queried, and billed, once.
        let mut seen = HashSet::new();
        let places = (0..).zip(customers());
        let repeated = places.filter(|(_, customer)| !seen.insert(customer.id.to_lowercase()));
        let repeated: Arc<HashSet<u64>> = Arc::new(repeated.map(|(place, _)| place).collect());
        Some(Arc::new(move || {
            let repeated = repeated.clone();
            let places = (0..).zip(customers());
            let once = places.filter(move |(place, _)| !repeated.contains(place));
            Box::new(once.map(|(_, customer)| customer))
        }))
    }
}

/// The invalid cells of a record, each with its column and the reason.
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
        wrong.push((
            name,
            "is not the MD5 of the number beside it, in any known form",
        ));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cell_that_a_spreadsheet_corrupted_is_refused_in_every_column() {
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
    fn cell_is_normalized_to_one_spelling() {
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
