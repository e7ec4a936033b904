//! The journal: all events of a report, on disk. Memory does not grow with the number of customers,
//! and an interrupted report can be resumed.
//!
//! The first line has the format version and how many bytes were synced to disk. The second line
//! describes the report. Each further line is an event, written in one piece when the call
//! ends, so that at most the last line is torn. Each line but the first ends in a seal: a hash of
//! the line and the seal before it. A line that was changed, removed, repeated or moved is detected.
//!
//! A live report syncs the journal to disk before each metered call, at the end of each provider's
//! sweep, and at the end of the report. A journal that is shorter than its first line says has lost
//! its end and is refused. A cut after that point is not detected; it loses rows of lists, which are
//! requested again, and results of metered calls, which then count as calls without a result. An
//! emptied file is not detected either. A report on the sandbox syncs nothing.
//!
//! The rows of a provider follow a mark of the keys that they were requested with. The mark of
//! permanent keys is a hash of the key id (an id shorter than 16 characters is hashed with its
//! secret). The mark of temporary keys, or of a token alone, is a hash of the token, so it differs
//! after each renewal, and whether the account is the same is unknown. Rows of other temporary keys
//! are discarded and requested again. If they include metered calls, or if permanent keys belong to
//! another account, the journal is refused.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use standing_core::sign::sha256_hex;

use crate::checkpoint::Checkpoint;
use crate::event::Event;
use crate::failure::Failure;
use crate::row::ReportRow;

mod lock;

use lock::{is_removable, locked, narrow, refused, stream_into};

/// The first line: the format version and, between these two, how many bytes were synced.
const FORMAT: &str = "{\"standing report journal\":2,\"synced\":\"";
const FORMAT_END: &str = "\"}\n";
/// Hexadecimal digits of the number of synced bytes.
const SYNCED: usize = 16;
/// Bytes of the first line.
const FIRST: usize = FORMAT.len() + SYNCED + FORMAT_END.len();
/// The keys of the second line.
const REPORT: &str = "report";
const WHEN: &str = "when it was begun";
/// Digits of a seal.
const SEAL: usize = 16;
/// The maximum length of a line; clients accept responses of at most 8 MiB.
const LONGEST_LINE: u64 = 64 * 1024 * 1024;

#[derive(Deserialize)]
struct Line {
    provider: String,
    event: Event,
}

/// An open journal.
#[derive(Debug)]
pub(crate) struct Journal {
    file: Arc<File>,
    /// `None` if the journal cannot be resumed.
    path: Option<PathBuf>,
    /// When the report was begun.
    begun: String,
    /// The seal of the last line.
    seal: String,
    /// The offset of the first sealed line.
    start: u64,
    /// The end of the last complete line; equal to `start` if there is nothing to keep.
    length: u64,
    /// The journal is synced to disk before metered calls.
    durable: bool,
}

fn damaged(line: u64) -> Failure {
    Failure::config(format!("the journal is damaged in line {line}"))
}

fn foreign() -> Failure {
    Failure::config("the file to resume from is no journal of a report, or of another version")
}

fn cut_off() -> Failure {
    Failure::config(
        "the journal has lost its end: it is shorter than it was when it was last synced to disk",
    )
}

/// The seal of a line, given the seal before it.
fn seal(before: &str, line: &[u8]) -> String {
    let mut digest = sha256_hex(&[before.as_bytes(), line].concat());
    digest.truncate(SEAL);
    digest
}

/// Reads the lines of a journal and verifies their seals.
struct Lines<'f> {
    reader: BufReader<&'f File>,
    bytes: Vec<u8>,
    number: u64,
    /// Bytes of the lines so far.
    length: u64,
    seal: String,
}

impl<'f> Lines<'f> {
    fn of(mut file: &'f File, start: u64) -> Result<Self, Failure> {
        let position = file.seek(SeekFrom::Start(start));
        position.map_err(|error| refused("read", &error))?;
        Ok(Self {
            reader: BufReader::new(file),
            bytes: Vec::new(),
            number: u64::from(start > 0),
            length: start,
            seal: String::new(),
        })
    }

    /// The next line, without its seal; `None` after the last complete line. A torn line remains in
    /// `bytes`.
    fn next(&mut self) -> Result<Option<&[u8]>, Failure> {
        self.bytes.clear();
        let mut reader = self.reader.by_ref().take(LONGEST_LINE);
        let read = reader.read_until(b'\n', &mut self.bytes);
        let read = read.map_err(|error| refused("read", &error))?;
        let Some(text) = self.bytes.strip_suffix(b"\n") else {
            return match reader.limit() {
                0 => Err(damaged(self.number + 1)),
                _ => Ok(None),
            };
        };
        self.number += 1;
        let parts = text.split_at_checked(text.len().saturating_sub(SEAL));
        let whole = parts.and_then(|(line, written)| {
            let seal = seal(&self.seal, line);
            (seal.as_bytes() == written).then_some((line, seal))
        });
        match whole {
            Some((line, seal)) => {
                self.length += read as u64;
                self.seal = seal;
                Ok(Some(line))
            }
            None => Err(damaged(self.number)),
        }
    }
}

impl Journal {
    /// Creates a journal that cannot be resumed: its file has no name and ends with the process.
    pub(crate) fn temporary(now: String) -> Result<Self, Failure> {
        let file = tempfile::tempfile().map_err(|error| {
            let kind = error.kind();
            Failure::config(format!(
                "no temporary file can be made for the rows: {kind}"
            ))
        })?;
        Ok(Self {
            file: Arc::new(file),
            path: None,
            begun: now,
            seal: String::new(),
            start: 0,
            length: 0,
            durable: false,
        })
    }

    /// Opens or creates the journal at a path and locks it, without writing.
    pub(crate) fn open(path: &Path, durable: bool) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Err(Failure::config(
                "--resume needs the name of a file; ./- is a file with the name -",
            ));
        }
        if let Ok(existing) = std::fs::metadata(path) {
            if let Some(stream) = stream_into(&existing) {
                return Err(Failure::config(format!(
                    "the journal cannot be the file that {stream} goes to"
                )));
            }
            // Opening a pipe or a device may block, and reading it may never end.
            if !existing.is_file() {
                return Err(foreign());
            }
        }
        Ok(Self {
            file: Arc::new(locked(path)?),
            path: Some(path.to_owned()),
            begun: String::new(),
            seal: String::new(),
            start: FIRST as u64,
            length: FIRST as u64,
            durable,
        })
    }

    /// Reads the journal of the report with these facts and passes each event to `apply`, which
    /// returns whether it knows the provider. Does not change the file.
    pub(crate) fn replay(
        &mut self,
        facts: &Value,
        mut apply: impl FnMut(&str, &Event) -> bool,
    ) -> Result<(), Failure> {
        if !self.is_begun()? {
            return Ok(());
        }
        let mut lines = Lines::of(&self.file, self.start)?;
        let Some(head) = lines.next()? else {
            return Ok(());
        };
        let head: Value = serde_json::from_slice(head).map_err(|_| damaged(2))?;
        while let Some(bytes) = lines.next()? {
            let line: Option<Line> = serde_json::from_slice(bytes).ok();
            let number = lines.number;
            // A journal without events may be reused for another report.
            if number == 3 {
                is_of_this_report(&head, facts)?;
            }
            if !line.is_some_and(|line| apply(&line.provider, &line.event)) {
                return Err(damaged(number));
            }
        }
        if lines.number > 2 {
            let begun = head.get(WHEN).and_then(Value::as_str);
            begun.ok_or_else(|| damaged(2))?.clone_into(&mut self.begun);
            (self.length, self.seal) = (lines.length, lines.seal);
        }
        Ok(())
    }

    /// Whether the first line is complete. Refuses a file that is shorter than it says.
    fn is_begun(&self) -> Result<bool, Failure> {
        let unread = |error| refused("read", &error);
        let mut file = &*self.file;
        let mut first = Vec::with_capacity(FIRST);
        file.rewind().map_err(unread)?;
        let read = file.take(FIRST as u64).read_to_end(&mut first);
        read.map_err(unread)?;
        let (format, rest) = first.split_at(first.len().min(FORMAT.len()));
        let (synced, end) = rest.split_at(rest.len().min(SYNCED));
        let is_ours = FORMAT.as_bytes().starts_with(format)
            && synced.iter().all(u8::is_ascii_hexdigit)
            && FORMAT_END.as_bytes().starts_with(end);
        if !is_ours {
            return Err(foreign());
        }
        // If the file ends within the digits, a digit other than zero counts bytes that are lost.
        let digits = format!("{:0<SYNCED$}", String::from_utf8_lossy(synced));
        let synced = u64::from_str_radix(&digits, 16).map_err(|_| foreign())?;
        let length = self.file.metadata().map_err(unread)?.len();
        if length < synced {
            return Err(cut_off());
        }
        Ok(first.len() == FIRST)
    }

    /// Prepares the journal for writing: restricts it to its owner and removes a torn line. If there
    /// is nothing to resume, writes the first two lines.
    pub(crate) fn begin(&mut self, facts: &Value, now: String) -> Result<(), Failure> {
        narrow(&self.file)?;
        let unwritten = |error: io::Error| refused("written", &error);
        let is_new = self.length == self.start;
        let keep = if is_new { 0 } else { self.length };
        self.file.set_len(keep).map_err(unwritten)?;
        let mut file = &*self.file;
        file.seek(SeekFrom::End(0)).map_err(unwritten)?;
        if !is_new {
            return Ok(());
        }
        let head = serde_json::json!({REPORT: facts, WHEN: now});
        self.begun = now;
        self.seal.clear();
        let first = format!("{FORMAT}{:0SYNCED$x}{FORMAT_END}", 0);
        self.length = 0;
        self.write(first.into_bytes(), &head).map_err(unwritten)?;
        self.file.sync_all().map_err(unwritten)?;
        // The name of a new file is on disk once its folder is synced, which some file systems cannot do.
        #[cfg(unix)]
        if let Some(folder) = self.path.as_deref().and_then(Path::parent) {
            let here = Path::new(".");
            let folder = if folder == Path::new("") {
                here
            } else {
                folder
            };
            let _ = File::open(folder).and_then(|folder| folder.sync_all());
        }
        Ok(())
    }

    /// Appends an event.
    pub(crate) fn add(&mut self, provider: &str, event: &Event) -> io::Result<()> {
        #[derive(Serialize)]
        struct Line<'l> {
            provider: &'l str,
            event: &'l Event,
        }
        self.write(Vec::new(), &Line { provider, event })
    }

    /// Appends these bytes, then a line.
    fn write(&mut self, mut bytes: Vec<u8>, line: &impl Serialize) -> io::Result<()> {
        let line = serde_json::to_vec(line)?;
        let seal = seal(&self.seal, &line);
        bytes.extend_from_slice(&line);
        bytes.extend_from_slice(seal.as_bytes());
        bytes.push(b'\n');
        (&*self.file).write_all(&bytes)?;
        self.seal = seal;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// The file and its length, if the journal is durable.
    pub(crate) fn unsynced(&self) -> Option<(Arc<File>, u64)> {
        self.durable.then(|| (self.file.clone(), self.length))
    }

    /// Records that `length` bytes are on disk. The number itself reaches the disk with the next
    /// sync, so it never counts bytes that a power failure can still lose.
    pub(crate) fn synced(&mut self, length: u64) -> io::Result<()> {
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(FORMAT.len() as u64))?;
        file.write_all(format!("{length:0SYNCED$x}").as_bytes())?;
        file.seek(SeekFrom::End(0))?;
        Ok(())
    }

    /// Syncs everything to disk, including the number of bytes.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        if let Some((file, length)) = self.unsynced() {
            file.sync_data()?;
            self.synced(length)?;
            file.sync_data()?;
        }
        Ok(())
    }

    /// Passes on every row of a provider, in the order of its list or of the planned customers.
    pub(crate) fn each_row(
        &self,
        provider: &str,
        checkpoint: &Checkpoint,
        take: &mut dyn FnMut(ReportRow) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mine = format!("{{\"provider\":\"{provider}\",");
        // Only a list that changed during the walk repeats rows, so otherwise no id is remembered.
        let mut known = checkpoint.drift.then(HashSet::new);
        let mut next = 0;
        let mut changes_of_keys = 0;
        let mut lines = Lines::of(&self.file, self.start)?;
        while let Some(bytes) = lines.next()? {
            if !bytes.starts_with(mine.as_bytes()) {
                continue;
            }
            let line = serde_json::from_slice(bytes);
            let line: Line = line.map_err(|_| damaged(lines.number))?;
            match line.event {
                Event::Keys(_) => changes_of_keys += 1,
                _ if changes_of_keys != checkpoint.changes_of_keys => {}
                Event::Page { rows, .. } => {
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
                Event::One { nth, row } | Event::Lost { nth, row, .. } if nth >= next => {
                    take(checkpoint.late.get(&nth).cloned().unwrap_or(row))?;
                    next = nth.saturating_add(1);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// When the report was begun; no row is older.
    pub(crate) fn begun(&self) -> &str {
        &self.begun
    }

    /// The file to resume from.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Removes the file of a complete report.
    pub(crate) fn remove(&self) -> io::Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        // If the folder forbids removal, an empty file has the same effect.
        self.file.set_len(0)?;
        let own = self.file.metadata()?;
        // Another file at the path belongs to another report.
        if std::fs::symlink_metadata(path).is_ok_and(|other| is_removable(&own, &other)) {
            let _ = std::fs::remove_file(path);
        }
        Ok(())
    }
}

/// Refuses the journal of another report: the rows of two reports must not be mixed.
fn is_of_this_report(head: &Value, facts: &Value) -> Result<(), Failure> {
    let theirs = head.get(REPORT).unwrap_or(&Value::Null);
    let mut facts = facts.as_object().into_iter().flatten();
    match facts.find(|(key, fact)| theirs.get(key) != Some(fact)) {
        Some((key, _)) => Err(Failure::config(format!(
            "the journal is of a report with another {key}"
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn replaced_journal_does_not_remove_its_successor() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let facts = serde_json::json!({});
        let first = Journal::open(&path, false).unwrap();
        std::fs::remove_file(&path).unwrap();
        let mut second = Journal::open(&path, false).unwrap();
        second.begin(&facts, String::new()).unwrap();
        first.remove().unwrap();
        assert!(std::fs::metadata(&path).unwrap().len() > 0);
        second.remove().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn journal_with_another_or_no_fact_is_of_another_report() {
        let facts = serde_json::json!({"--only": ["tencent"]});
        let of_this_report = |recorded: Value| {
            let head = serde_json::json!({REPORT: recorded});
            is_of_this_report(&head, &facts).is_ok()
        };
        assert!(of_this_report(serde_json::json!({"--only": ["tencent"]})));
        assert!(!of_this_report(serde_json::json!({"--only": ["huawei"]})));
        assert!(!of_this_report(serde_json::json!({})));
    }
}
