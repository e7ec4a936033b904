//! What a report has found, on disk: memory does not grow with the customers, and a report that was
//! cut short goes on from there.
//!
//! The first line names the format and how many bytes were synced to disk. The second names the
//! report, and each further one what a call found. A line is written whole when the call is answered,
//! so that at worst the last one is torn. Each line but the first ends in a seal that follows from it
//! and all sealed lines before it: one that was changed, left out, repeated or moved is noticed.
//!
//! A live report syncs the journal to disk before a metered call is made, when a provider's sweep
//! ends, and when the report ends. A journal that is shorter than its first line says has lost its
//! end and is refused. A cut after that point is not noticed; it loses rows of lists, which are asked
//! for again, and answers to metered calls, which count as made without an answer. A file that was
//! emptied is not noticed either. A report on the sandbox syncs nothing.
//!
//! The rows of a provider follow a mark of the keys that they were asked for with. The mark of keys
//! that last is a hash of the key id (an id shorter than 16 characters is hashed with its secret).
//! The mark of temporary keys, or of a token alone, is a hash of the token, so it differs after each
//! renewal: nothing shows that the account is the same. Rows of other temporary keys are discarded
//! and asked for again, unless they include metered calls; then, and if keys that last belong to
//! another account, the journal is refused.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use standing_core::sign::sha256_hex;

use crate::failure::{Failure, Telling};
use crate::row::Written;

/// The first line: the version of the format and, between these two, how many bytes were synced.
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
/// No line is longer: answers end at 8 MiB.
const LONGEST_LINE: u64 = 64 * 1024 * 1024;
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
    /// Everything of the provider before this line is void, and what follows is of these keys.
    Keys(Account),
}

/// A mark of the keys that rows are asked for with. Neither they nor the id can be read from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) mark: String,
    /// The keys last, so the same account has the same mark the next time.
    pub(crate) lasting: bool,
}

/// What keys have to do with the rows of a provider in a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The rows are of these keys.
    Same,
    /// There are no rows.
    None,
    /// The account may be the same one or another one; nothing was metered.
    Unknown,
    /// The account may be the same one or another one, and metered calls were made.
    UnknownMetered,
    /// The rows are of another account.
    Other,
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
    /// There is an answer.
    answered: bool,
    /// A metered call was made.
    metered: bool,
    /// The keys, and how many there were up to these.
    keys: Option<Account>,
    changes_of_keys: u64,
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
                self.answered = true;
            }
            Found::One { nth, row } => {
                self.answered = true;
                self.lost.remove(nth);
                self.row(*nth, row);
            }
            Found::Lost { nth, row, error } => {
                self.lost.insert(*nth, error.clone());
                self.row(*nth, row);
            }
            Found::Asked { nth } => {
                self.metered = true;
                self.open.insert(*nth);
                self.asked = self.asked.max(nth.saturating_add(1));
            }
            Found::Keys(account) => {
                *self = Self {
                    keys: Some(account.clone()),
                    changes_of_keys: self.changes_of_keys.saturating_add(1),
                    ..Self::default()
                };
            }
        }
    }

    /// What keys have to do with the rows so far.
    pub(crate) fn owner(&self, account: &Account) -> Owner {
        let may_have_run = self.lost.values().any(|error| error.may_have_run);
        let has_rows = self.answered || may_have_run || !self.open.is_empty();
        match &self.keys {
            Some(keys) if keys == account => Owner::Same,
            _ if !has_rows => Owner::None,
            Some(keys) if keys.lasting && account.lasting => Owner::Other,
            Some(_) if !self.metered => Owner::Unknown,
            Some(_) => Owner::UnknownMetered,
            // No live report writes rows before the mark.
            None => Owner::Other,
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
    file: Arc<File>,
    /// Nothing if nobody is to take it up.
    path: Option<PathBuf>,
    /// When the report was begun.
    begun: String,
    /// The seal of the last line.
    seal: String,
    /// Where the sealed lines begin.
    start: u64,
    /// Where the whole lines end; the start if there is nothing to keep.
    length: u64,
    /// It is synced to disk before metered calls are made.
    durable: bool,
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

fn cut_off() -> Failure {
    Failure::config(
        "the journal has lost its end: it is shorter than it was when it was last synced to disk",
    )
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
    fn of(mut file: &'f File, start: u64) -> Result<Self, Failure> {
        let there = file.seek(SeekFrom::Start(start));
        there.map_err(|error| refused("read", &error))?;
        Ok(Self {
            reader: BufReader::new(file),
            bytes: Vec::new(),
            number: u64::from(start > 0),
            length: start,
            seal: String::new(),
        })
    }

    /// The next line, without its seal; nothing after the last one that was written whole. A torn
    /// one is left in `bytes`.
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
            file: Arc::new(file),
            path: None,
            begun: now,
            seal: String::new(),
            start: 0,
            length: 0,
            durable: false,
        })
    }

    /// Opens or creates the journal at a path and locks it. Nothing is written.
    pub(crate) fn open(path: &Path, durable: bool) -> Result<Self, Failure> {
        if path == Path::new("-") {
            return Err(Failure::config(
                "--resume needs the name of a file; ./- is a file with the name -",
            ));
        }
        if let Ok(there) = std::fs::metadata(path) {
            if let Some(stream) = stream_into(&there) {
                return Err(Failure::config(format!(
                    "the journal cannot be the file that {stream} goes to"
                )));
            }
            // Opening a pipe or a device may wait, and reading it never end.
            if !there.is_file() {
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

    /// Reads the journal of the report with these facts: `took` is given every line that is there.
    /// The file is left as it is.
    pub(crate) fn replay(
        &mut self,
        facts: &Value,
        mut took: impl FnMut(&str, &Found) -> bool,
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
            // Until something was found, the journal is not bound to a report.
            if number == 3 {
                is_of_this_report(&head, facts)?;
            }
            if !line.is_some_and(|line| took(&line.provider, &line.found)) {
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

    /// Whether the first line is there, and at least as many bytes as it says.
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
        // In a file that ends within the digits, one that is not zero counts bytes that are gone.
        let digits = format!("{:0<SYNCED$}", String::from_utf8_lossy(synced));
        let synced = u64::from_str_radix(&digits, 16).map_err(|_| foreign())?;
        let length = self.file.metadata().map_err(unread)?.len();
        if length < synced {
            return Err(cut_off());
        }
        Ok(first.len() == FIRST)
    }

    /// Makes the journal ready to be written to: readable by its owner only, without a torn line,
    /// begun at this time if there is nothing to go on with.
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
        // The name of a new file is on disk once its folder is. Not every file system can do that.
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

    /// Writes down what a call found.
    pub(crate) fn add(&mut self, provider: &str, found: &Found) -> io::Result<()> {
        #[derive(Serialize)]
        struct Line<'l> {
            provider: &'l str,
            found: &'l Found,
        }
        self.write(Vec::new(), &Line { provider, found })
    }

    /// Writes a line after these bytes.
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

    /// The file and its length, if it is to be synced to disk.
    pub(crate) fn unsynced(&self) -> Option<(Arc<File>, u64)> {
        self.durable.then(|| (self.file.clone(), self.length))
    }

    /// Writes down that so many bytes are on disk. The number itself gets there with the next sync,
    /// so it never counts bytes that a power failure can still take.
    pub(crate) fn synced(&mut self, length: u64) -> io::Result<()> {
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(FORMAT.len() as u64))?;
        file.write_all(format!("{length:0SYNCED$x}").as_bytes())?;
        file.seek(SeekFrom::End(0))?;
        Ok(())
    }

    /// Syncs everything to disk, the number of bytes included.
    pub(crate) fn keep(&mut self) -> io::Result<()> {
        if let Some((file, length)) = self.unsynced() {
            file.sync_data()?;
            self.synced(length)?;
            file.sync_data()?;
        }
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
        let mut changes_of_keys = 0;
        let mut lines = Lines::of(&self.file, self.start)?;
        while let Some(bytes) = lines.next()? {
            if !bytes.starts_with(mine.as_bytes()) {
                continue;
            }
            let line = serde_json::from_slice(bytes);
            let line: Line = line.map_err(|_| damaged(lines.number))?;
            match line.found {
                Found::Keys(_) => changes_of_keys += 1,
                _ if changes_of_keys != progress.changes_of_keys => {}
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
        // An empty file is as good as none, where its folder lets nothing be removed.
        self.file.set_len(0)?;
        let own = self.file.metadata()?;
        // Another file at the path is of another report.
        if std::fs::symlink_metadata(path).is_ok_and(|there| is_removable(&own, &there)) {
            let _ = std::fs::remove_file(path);
        }
        Ok(())
    }
}

/// Opens the journal at a path, or creates it, and keeps other reports away. One that was killed a
/// moment ago may not be gone yet, and one that ends removes its file: a lock on a file that the path
/// no longer names keeps nobody away.
fn locked(path: &Path) -> Result<File, Failure> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    for _ in 0..PATIENCE {
        let file = options
            .open(path)
            .map_err(|error| refused("opened", &error))?;
        match fs4::FileExt::try_lock(&file) {
            Ok(()) => {
                let own = file.metadata().map_err(|error| refused("read", &error))?;
                if std::fs::metadata(path).is_ok_and(|there| is_same(&own, &there)) {
                    return Ok(file);
                }
            }
            Err(fs4::TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(fs4::TryLockError::Error(error)) => return Err(refused("locked", &error)),
        }
    }
    Err(Failure::config("another report is writing the journal"))
}

/// Whether two names are of one file.
#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Whether the name at a path is that of the file itself.
#[cfg(unix)]
fn is_removable(own: &Metadata, there: &Metadata) -> bool {
    is_same(own, there)
}

/// Without a number that identifies a file, journals are emptied and never removed, so that a path
/// names one file for all reports.
#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    true
}

#[cfg(not(unix))]
fn is_removable(_: &Metadata, _: &Metadata) -> bool {
    false
}

/// The name of the standard stream that goes to a file, if one does.
#[cfg(unix)]
fn stream_into(there: &Metadata) -> Option<&'static str> {
    use std::os::fd::AsFd;
    let goes_there = |stream: io::Result<std::os::fd::OwnedFd>| {
        let stream = stream.and_then(|stream| File::from(stream).metadata());
        stream.is_ok_and(|stream| is_same(&stream, there))
    };
    if goes_there(io::stdout().as_fd().try_clone_to_owned()) {
        return Some("standard output");
    }
    goes_there(io::stderr().as_fd().try_clone_to_owned()).then_some("standard error")
}

/// The lock on the journal keeps a standard stream from being written to it.
#[cfg(not(unix))]
fn stream_into(_: &Metadata) -> Option<&'static str> {
    None
}

/// Lets only the owner read a journal that was there before, with whatever mode.
fn narrow(file: &File) -> Result<(), Failure> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let there = file.metadata().map_err(|error| refused("read", &error))?;
        if there.permissions().mode() & 0o077 != 0 {
            let mode = std::fs::Permissions::from_mode(0o600);
            file.set_permissions(mode)
                .map_err(|error| refused("kept from other users", &error))?;
        }
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

/// Refuses the journal of another report: rows of two reports make no third one.
fn is_of_this_report(head: &Value, facts: &Value) -> Result<(), Failure> {
    let theirs = head.get(REPORT).unwrap_or(&Value::Null);
    let mut facts = facts.as_object().into_iter().flatten();
    match facts.find(|(key, fact)| theirs.get(key.as_str()) != Some(fact)) {
        Some((key, _)) => Err(Failure::config(format!(
            "the journal is of a report with another {key}"
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(mark: &str, lasting: bool) -> Account {
        let mark = mark.to_owned();
        Account { mark, lasting }
    }

    fn progress(keys: &Account, found: &[Found]) -> Progress {
        let mut progress = Progress::default();
        progress.take(&Found::Keys(keys.clone()));
        for found in found {
            progress.take(found);
        }
        progress
    }

    fn page() -> Found {
        Found::Page {
            rows: Vec::new(),
            total: None,
            next: None,
            drift: false,
        }
    }

    #[test]
    fn rows_of_other_keys_are_never_of_the_same_owner() {
        let (lasting, other) = (account("a", true), account("b", true));
        let (token, renewed) = (account("c", false), account("d", false));
        let asked = || Found::Asked { nth: 0 };
        for (keys, found, now, want) in [
            (&lasting, vec![page()], &lasting, Owner::Same),
            (&lasting, vec![page()], &other, Owner::Other),
            (&lasting, vec![], &other, Owner::None),
            (&lasting, vec![asked()], &other, Owner::Other),
            (&token, vec![page()], &token, Owner::Same),
            (&token, vec![page()], &renewed, Owner::Unknown),
            (&token, vec![], &renewed, Owner::None),
            (&token, vec![page()], &lasting, Owner::Unknown),
            (&lasting, vec![page()], &token, Owner::Unknown),
            (&token, vec![asked()], &renewed, Owner::UnknownMetered),
            (&token, vec![asked()], &token, Owner::Same),
        ] {
            let progress = progress(keys, &found);
            assert_eq!(progress.owner(now), want, "{keys:?} {found:?} {now:?}");
        }
        let mut unmarked = Progress::default();
        assert_eq!(unmarked.owner(&token), Owner::None);
        unmarked.take(&page());
        assert_eq!(unmarked.owner(&token), Owner::Other, "never silently");
    }

    #[cfg(unix)]
    #[test]
    fn journal_at_the_path_of_a_replaced_one_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let facts = serde_json::json!({});
        let first = Journal::open(&path, false).unwrap();
        std::fs::remove_file(&path).unwrap();
        let mut second = Journal::open(&path, false).unwrap();
        second.begin(&facts, String::new()).unwrap();
        first.done().unwrap();
        assert!(std::fs::metadata(&path).unwrap().len() > 0);
        second.done().unwrap();
        assert!(!path.exists());
    }
}
