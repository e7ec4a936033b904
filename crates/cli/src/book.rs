//! The customer book: a CSV file with a line for each customer, a column `name`, and one column for
//! each provider with what the customer is called there.

use std::collections::HashSet;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use crate::failure::Failure;

/// What each provider calls its customers. The first column of a provider that is filled counts.
const COLUMNS: [(&str, &str); 5] = [
    ("tencent", "tencent_uin"),
    ("huawei", "huawei_id"),
    ("alibaba", "alibaba_uid"),
    ("accuauth", "mobile"),
    ("accuauth", HASHED),
];
const HASHED: &str = "mobile_md5";

/// A customer to ask about, or expected in a list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Whom {
    /// As the provider wants it: an id, a mobile number, or the MD5 of one.
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
    /// Reads a book. Messages name the line and repeat no value.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let bytes = std::fs::read(path)
            .map_err(|error| refused(format!("cannot be read: {}", error.kind())))?;
        let mark = b"\xef\xbb\xbf";
        let bytes: Arc<[u8]> = bytes.strip_prefix(mark).unwrap_or(&bytes).into();
        let mut lines = Lines::of(bytes.clone());
        let mut reader = records(bytes.clone());
        let no_heads = || refused("has no line of column names");
        let heads = reader.headers().map_err(|_| no_heads())?.clone();
        for (number, head) in (1..).zip(&heads) {
            let known = |name: &str| name.eq_ignore_ascii_case(head);
            if !known("name") && !COLUMNS.iter().any(|(_, column)| known(column)) {
                let columns = COLUMNS.map(|(_, column)| column).join(", ");
                return Err(refused(format!(
                    "has an unknown column, number {number}: there are name, {columns}, \
                     with commas between"
                )));
            }
            if heads.iter().take(number - 1).any(known) {
                return Err(refused(format!("has a column twice, number {number}")));
            }
        }
        for record in reader.records() {
            let record = record.map_err(|error| {
                let line = lines.up_to(error.position());
                refused(format!("is no CSV in line {line}"))
            })?;
            // A quote that is not closed takes the customers after it into its field.
            if record.iter().any(|field| field.contains(['\r', '\n'])) {
                let line = lines.up_to(record.position());
                return Err(refused(format!(
                    "has quotes in line {line} that are not closed there"
                )));
            }
        }
        Ok(Self { bytes, heads })
    }

    /// What it was at the time: rows of two books make no third one.
    pub(crate) fn digest(&self) -> String {
        standing_core::sign::sha256_hex(&self.bytes)
    }

    /// The customers of a provider; nothing if the book has no column for it.
    pub(crate) fn customers(&self, provider: &str) -> Option<Customers> {
        let place = |name: &str| {
            let mut heads = self.heads.iter();
            heads.position(|head| head.eq_ignore_ascii_case(name))
        };
        let of = COLUMNS.iter().filter(|(of, _)| *of == provider);
        let ids = of.filter_map(|(_, column)| Some((place(column)?, *column == HASHED)));
        let ids: Vec<(usize, bool)> = ids.collect();
        if ids.is_empty() {
            return None;
        }
        let (bytes, name) = (self.bytes.clone(), place("name"));
        let customers = move || {
            let ids = ids.clone();
            let mut lines = Lines::of(bytes.clone());
            let records = records(bytes.clone()).into_records();
            records.filter_map(move |record| {
                let record = record.ok()?;
                let line = lines.up_to(record.position());
                let filled = |place: usize| record.get(place).filter(|text| !text.is_empty());
                let mut ids = ids.iter();
                let (id, hashed) =
                    ids.find_map(|(place, hashed)| Some((filled(*place)?, *hashed)))?;
                Some(Whom {
                    id: id.to_owned(),
                    hashed,
                    name: name.and_then(filled).map(str::to_owned),
                    line: Some(line),
                })
            })
        };
        // Whoever is in the book twice is one customer, and asked about, and billed, once.
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
