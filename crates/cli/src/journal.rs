//! What a report has found, on disk: memory does not grow with the customers, and a report that was
//! cut short goes on from there.
//!
//! The first line tells of which report it is, and each further one what a call found. A line is
//! written whole when the call is answered, so that at worst the last one is torn. Each ends in a
//! seal that follows from it and all lines before it: one that was changed, left out, repeated or
//! moved is noticed.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use standing_core::sign::sha256_hex;

use crate::failure::{Failure, Telling};
use crate::row::Written;

/// The key of the first line, with the version of the format.
const FORMAT: &str = "standing report journal";
const VERSION: u64 = 1;
/// The key of the time; the last one of its line, so that all before it is the same at any time.
const WHEN: &str = "when it was begun";
/// Digits of a seal.
const SEAL: usize = 16;
/// How often the lock is tried, and how far apart.
const PATIENCE: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// What a call found, or that it is about to be made.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Found {
    /// A page of a list.
    Page {
        rows: Vec<Written>,
        total: Option<u64>,
        /// Where the list goes on; nothing once it is over.
        next: Option<String>,
        /// The list has changed, and rows may come twice.
        drift: bool,
    },
    /// One customer, by the place among those to ask about.
    One { nth: u64, row: Written },
    /// A call about one customer failed.
    Lost {
        nth: u64,
        row: Written,
        error: Telling,
    },
    /// A metered call is made: without an answer nobody knows whether it was billed.
    Asked { nth: u64 },
}

#[derive(Deserialize)]
struct Line {
    provider: String,
    found: Found,
}

/// How far the sweep of one provider has come. It grows with what failed, not with the rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    /// Where the list goes on.
    pub(crate) cursor: Option<String>,
    /// The list is over.
    pub(crate) over: bool,
    pub(crate) total: Option<u64>,
    /// Why calls about one customer failed.
    pub(crate) lost: BTreeMap<u64, Telling>,
    /// Rows of lists.
    listed: u64,
    drift: bool,
    /// One after the last customer who has a row.
    told: u64,
    /// One after the last customer who was asked about.
    asked: u64,
    /// Metered calls without an answer.
    open: BTreeSet<u64>,
    /// Rows that came when a later customer had one already.
    late: BTreeMap<u64, Written>,
}

/// What to do about a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Ask,
    /// There is a row.
    Done,
    /// The call may have run without an answer, and is not to be repeated.
    MayBeBilled,
}

impl Progress {
    pub(crate) fn take(&mut self, found: &Found) {
        match found {
            Found::Page {
                rows,
                total,
                next,
                drift,
            } => {
                self.listed += rows.len() as u64;
                self.total = total.or(self.total);
                self.cursor.clone_from(next);
                self.over = next.is_none();
                self.drift |= drift;
            }
            Found::One { nth, row } => {
                self.lost.remove(nth);
                self.row(*nth, row);
            }
            Found::Lost { nth, row, error } => {
                self.lost.insert(*nth, error.clone());
                self.row(*nth, row);
            }
            Found::Asked { nth } => {
                self.open.insert(*nth);
                self.asked = self.asked.max(nth.saturating_add(1));
            }
        }
    }

    fn row(&mut self, nth: u64, row: &Written) {
        self.open.remove(&nth);
        self.asked = self.asked.max(nth.saturating_add(1));
        if nth < self.told {
            self.late.insert(nth, row.clone());
        } else {
            self.told = nth.saturating_add(1);
        }
    }

    /// Rows so far; those that came twice count twice.
    pub(crate) fn rows(&self) -> u64 {
        self.listed + self.told
    }

    /// What to do about a customer; `again`: calls that may have run may be repeated.
    pub(crate) fn turn(&self, nth: u64, again: bool) -> Turn {
        if nth >= self.asked {
            return Turn::Ask;
        }
        if self.open.contains(&nth) {
            return if again { Turn::Ask } else { Turn::MayBeBilled };
        }
        match self.lost.get(&nth) {
            Some(error) if again || !error.may_have_run => Turn::Ask,
            _ => Turn::Done,
        }
    }
}

/// The file.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    /// Nothing if nobody is to take it up.
    path: Option<PathBuf>,
    /// When the report was begun.
    begun: String,
    /// The seal of the last line.
    seal: String,
}

fn refused(what: &str, error: &io::Error) -> Failure {
    Failure::config(format!("the journal cannot be {what}: {}", error.kind()))
}

fn damaged(line: u64) -> Failure {
    Failure::config(format!("the journal is damaged in line {line}"))
}

fn foreign() -> Failure {
    Failure::config("the file to resume from is no journal of a report, or of another version")
}

/// The seal of a line, given that of the line before.
fn seal(before: &str, line: &[u8]) -> String {
    let mut digest = sha256_hex(&[before.as_bytes(), line].concat());
    digest.truncate(SEAL);
    digest
}

/// The lines of a journal, as long as each follows from those before it.
struct Lines<'f> {
    reader: BufReader<&'f File>,
    bytes: Vec<u8>,
    number: u64,
    /// Bytes of the lines so far.
    length: u64,
    seal: String,
}

impl<'f> Lines<'f> {
    fn of(mut file: &'f File) -> Result<Self, Failure> {
        file.rewind().map_err(|error| refused("read", &error))?;
        Ok(Self {
            reader: BufReader::new(file),
            bytes: Vec::new(),
            number: 0,
            length: 0,
            seal: String::new(),
        })
    }

    /// The next line, without its seal; nothing after the last one that was written whole. A torn
    /// one is left in `bytes`.
    fn next(&mut self) -> Result<Option<&[u8]>, Failure> {
        self.bytes.clear();
        let read = self.reader.read_until(b'\n', &mut self.bytes);
        let read = read.map_err(|error| refused("read", &error))?;
        let Some(text) = self.bytes.strip_suffix(b"\n") else {
            return Ok(None);
        };
        self.number += 1;
        let parts = text.split_at_checked(text.len().saturating_sub(SEAL));
        let whole = parts.and_then(|(line, told)| {
            let seal = seal(&self.seal, line);
            (seal.as_bytes() == told).then_some((line, seal))
        });
        match whole {
            Some((line, seal)) => {
                self.length += read as u64;
                self.seal = seal;
                Ok(Some(line))
            }
            None if self.number == 1 => Err(foreign()),
            None => Err(damaged(self.number)),
        }
    }
}

impl Journal {
    /// A journal that nobody takes up: its file has no name and goes with the process.
    pub(crate) fn temporary(now: String) -> Result<Self, Failure> {
        let file = tempfile::tempfile().map_err(|error| {
            let kind = error.kind();
            Failure::config(format!(
                "no temporary file can be made for the rows: {kind}"
            ))
        })?;
        Ok(Self {
            file,
            path: None,
            begun: now,
            seal: String::new(),
        })
    }

    /// Opens the journal of the report with these facts, or begins one at this time. `took` is given
    /// every line that is there. A file that is something else is left as it is.
    pub(crate) fn open(
        path: &Path,
        facts: &Value,
        now: String,
        mut took: impl FnMut(&str, &Found) -> bool,
    ) -> Result<Self, Failure> {
        // Opening a pipe or a device may wait, and reading it never end.
        if std::fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            return Err(foreign());
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(path)
            .map_err(|error| refused("opened", &error))?;
        lock(&file)?;
        let head = serde_json::json!({FORMAT: VERSION, "report": facts, WHEN: now});
        let (length, seal, begun) = replay(&file, &head, &mut took)?;
        let mut journal = Self {
            file,
            path: Some(path.to_owned()),
            begun: begun.unwrap_or(now),
            seal,
        };
        let ready = journal.file.set_len(length);
        let ready = ready.and_then(|()| journal.file.seek(SeekFrom::End(0)));
        ready
            .and_then(|_| match length {
                0 => journal.write(&head),
                _ => Ok(()),
            })
            .map_err(|error| refused("written", &error))?;
        Ok(journal)
    }

    /// Writes down what a call found.
    pub(crate) fn add(&mut self, provider: &str, found: &Found) -> io::Result<()> {
        #[derive(Serialize)]
        struct Line<'l> {
            provider: &'l str,
            found: &'l Found,
        }
        self.write(&Line { provider, found })
    }

    fn write(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        let seal = seal(&self.seal, &bytes);
        bytes.extend_from_slice(seal.as_bytes());
        bytes.push(b'\n');
        self.file.write_all(&bytes)?;
        self.seal = seal;
        Ok(())
    }

    /// Every row of a provider, in the order of its list, or of the customers asked about.
    pub(crate) fn each(
        &self,
        provider: &str,
        progress: &Progress,
        take: &mut dyn FnMut(Written) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mine = format!("{{\"provider\":\"{provider}\",");
        // A list that does not change tells no row twice, and nothing need be remembered.
        let mut known = progress.drift.then(HashSet::new);
        let mut told = 0;
        let mut lines = Lines::of(&self.file)?;
        while let Some(bytes) = lines.next()? {
            if !bytes.starts_with(mine.as_bytes()) {
                continue;
            }
            let line = serde_json::from_slice(bytes);
            let line: Line = line.map_err(|_| damaged(lines.number))?;
            match line.found {
                Found::Page { rows, .. } => {
                    for row in rows {
                        let again = match (&mut known, &row.id) {
                            (Some(known), Some(id)) => !known.insert(id.clone()),
                            _ => false,
                        };
                        if !again {
                            take(row)?;
                        }
                    }
                }
                Found::One { nth, row } | Found::Lost { nth, row, .. } if nth >= told => {
                    take(progress.late.get(&nth).cloned().unwrap_or(row))?;
                    told = nth.saturating_add(1);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// When the report was begun: no row is older.
    pub(crate) fn begun(&self) -> &str {
        &self.begun
    }

    /// Where the report can be taken up.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Removes the file: there is nothing left to go on with, and the next report is a new one.
    pub(crate) fn done(&self) -> io::Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        self.file.set_len(0)?;
        // An empty file is as good as none, where its folder lets nothing be removed.
        let _ = std::fs::remove_file(path);
        Ok(())
    }
}

/// Reads what is there. Returns its length without a torn last line, its last seal, and when it was
/// begun; a length of zero if there is nothing to keep.
fn replay(
    file: &File,
    head: &Value,
    took: &mut dyn FnMut(&str, &Found) -> bool,
) -> Result<(u64, String, Option<String>), Failure> {
    let nothing = || (0, String::new(), None);
    let mut lines = Lines::of(file)?;
    let Some(first) = lines.next()? else {
        let text = head.to_string();
        let fixed = text.split(WHEN).next().unwrap_or_default().as_bytes();
        let torn = &lines.bytes;
        let is_ours = fixed.starts_with(torn) || torn.starts_with(fixed);
        return if is_ours {
            Ok(nothing())
        } else {
            Err(foreign())
        };
    };
    let there: Value = serde_json::from_slice(first).unwrap_or_default();
    if there.get(FORMAT) != head.get(FORMAT) {
        return Err(foreign());
    }
    while let Some(bytes) = lines.next()? {
        let line: Option<Line> = serde_json::from_slice(bytes).ok();
        let number = lines.number;
        if number == 2 {
            is_of_this_report(&there, head)?;
        }
        if !line.is_some_and(|line| took(&line.provider, &line.found)) {
            return Err(damaged(number));
        }
    }
    if lines.number == 1 {
        // It was begun, and nothing was found: that binds nobody.
        return Ok(nothing());
    }
    let begun = there.get(WHEN).and_then(Value::as_str).map(str::to_owned);
    Ok((lines.length, lines.seal, begun))
}

/// Keeps other reports away. One that was killed a moment ago may not be gone yet.
fn lock(file: &File) -> Result<(), Failure> {
    for _ in 0..PATIENCE {
        match fs4::FileExt::try_lock(file) {
            Ok(()) => return Ok(()),
            Err(fs4::TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(fs4::TryLockError::Error(error)) => return Err(refused("locked", &error)),
        }
    }
    Err(Failure::config("another report is writing the journal"))
}

/// Refuses the journal of another report: rows of two reports make no third one.
fn is_of_this_report(there: &Value, head: &Value) -> Result<(), Failure> {
    let of = |head: &Value| head.get("report").and_then(Value::as_object).cloned();
    let (theirs, ours) = (of(there).unwrap_or_default(), of(head).unwrap_or_default());
    let mut facts = ours.iter();
    match facts.find(|(key, fact)| theirs.get(*key) != Some(fact)) {
        Some((key, _)) => Err(Failure::config(format!(
            "the journal is of a report with another {key}"
        ))),
        None => Ok(()),
    }
}
