//! What a report knows so far: how each sweep fares, and every row, on disk.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::ProgressBar;
use standing_core::Error;
use tokio::sync::Notify;

use crate::checkpoint::Checkpoint;
use crate::customer_file::Customers;
use crate::error_object::ErrorObject;
use crate::event::{Account, Found};
use crate::failure::Failure;
use crate::journal::Journal;
use crate::row::{ReportRow, Row};
use crate::verdict::{Judged, Thresholds, Verdict};

/// What a sweep tells while it runs.
#[derive(Debug)]
pub(crate) enum Event {
    /// A page of a list.
    Page {
        rows: Vec<Row>,
        /// How many customers there are, where the provider says so.
        total: Option<u64>,
        /// Where the list goes on.
        next: Option<String>,
        /// The list has changed, and rows may come twice.
        drift: bool,
        attempts: u32,
        round_trip: Duration,
    },
    /// An answer about one customer.
    One {
        nth: u64,
        row: Row,
        attempts: u32,
        round_trip: Duration,
    },
    /// There is none; the others go on.
    Lost {
        nth: u64,
        row: Row,
        error: ErrorObject,
    },
    /// A metered call is about to be made.
    Asked { nth: u64 },
    /// The sweep is over.
    End(Result<(), Error>),
}

/// How the sweep of one provider fares.
pub(crate) struct Progress {
    pub(crate) provider: &'static str,
    pub(crate) progress: Checkpoint,
    /// The keys, until the journal names them.
    pub(crate) keys: Option<Account>,
    /// How many customers there are to ask about, where each is asked about.
    pub(crate) asked_about: Option<u64>,
    /// Who is expected in a list.
    pub(crate) expected: Option<Customers>,
    /// Calls that were made, however they ended.
    pub(crate) calls: u64,
    /// Calls that failed.
    pub(crate) failed: u64,
    /// Attempts of the calls that failed.
    pub(crate) fatal_attempts: u64,
    /// Attempts beyond the first of calls that succeeded.
    pub(crate) repeated: u64,
    /// How many answers took how many milliseconds.
    pub(crate) round_trips: BTreeMap<u128, u64>,
    /// How it ended; nothing while it goes on.
    pub(crate) end: Option<Result<(), ErrorObject>>,
    pub(crate) bar: ProgressBar,
}

impl Progress {
    pub(crate) fn new(provider: &'static str) -> Self {
        Self {
            provider,
            progress: Checkpoint::default(),
            keys: None,
            asked_about: None,
            expected: None,
            calls: 0,
            failed: 0,
            fatal_attempts: 0,
            repeated: 0,
            round_trips: BTreeMap::new(),
            end: None,
            bar: ProgressBar::hidden(),
        }
    }

    pub(crate) fn total(&self) -> Option<u64> {
        self.asked_about.or(self.progress.total)
    }

    /// Moves the bar.
    pub(crate) fn show(&self) {
        if let Some(total) = self.total() {
            self.bar.set_length(total);
        }
        self.bar.set_position(self.progress.rows());
    }

    fn answered(&mut self, attempts: u32, round_trip: Duration) {
        self.calls += 1;
        self.repeated += u64::from(attempts.saturating_sub(1));
        *self.round_trips.entry(round_trip.as_millis()).or_default() += 1;
    }

    fn failed(&mut self, attempts: u32) {
        self.calls += 1;
        self.failed += 1;
        self.fatal_attempts += u64::from(attempts);
    }

    /// The time within which this percentage of the answers came.
    pub(crate) fn share(&self, percent: u64) -> Option<u128> {
        let count: u64 = self.round_trips.values().sum();
        let wanted = (count * percent).div_ceil(100);
        let mut sum = 0;
        let mut times = self.round_trips.iter();
        let time = times.find(|(_, count)| {
            sum += **count;
            sum >= wanted
        });
        time.map(|(time, _)| *time)
    }
}

/// What all sweeps tell and the report reads.
#[derive(Default)]
pub(crate) struct Shared {
    findings: Mutex<Option<Records>>,
    /// The journal cannot be written.
    pub(crate) full: Notify,
    /// How many bytes of the journal are on disk.
    synced: tokio::sync::Mutex<u64>,
}

impl Shared {
    /// Opens the board; it must have been given the findings before anything is told.
    pub(crate) fn open(&self, findings: Records) {
        *self.lock() = Some(findings);
    }

    /// What was told by now; nothing is taken down any more.
    pub(crate) fn close(&self) -> Option<Records> {
        self.lock().take()
    }

    fn fail(&self, findings: &mut Records, error: io::Error) {
        findings.failure = Some(error);
        self.full.notify_one();
    }

    /// Returns whether everything that was taken down is on disk, or need not be. Sweeps that wait
    /// at the same time share a sync.
    async fn sync(&self) -> bool {
        let Some(unsynced) = self.unsynced() else {
            return false;
        };
        let Some((_, wanted)) = unsynced else {
            return true;
        };
        let mut synced = self.synced.lock().await;
        if *synced >= wanted {
            return true;
        }
        // With what other sweeps have written meanwhile.
        let Some(Some((file, length))) = self.unsynced() else {
            return false;
        };
        let outcome = tokio::task::spawn_blocking(move || file.sync_data()).await;
        let outcome = outcome.unwrap_or_else(|error| Err(io::Error::other(error)));
        let mut findings = self.lock();
        let Some(findings) = findings.as_mut() else {
            return false;
        };
        match outcome.and_then(|()| findings.journal.synced(length)) {
            Ok(()) => {
                *synced = length;
                true
            }
            Err(error) => {
                self.fail(findings, error);
                false
            }
        }
    }

    /// What is to be synced, if anything is; nothing once the report has ended or its journal failed.
    fn unsynced(&self) -> Option<Option<(Arc<File>, u64)>> {
        let findings = self.lock();
        let findings = findings.as_ref().filter(|board| board.failure.is_none());
        findings.map(|findings| findings.journal.unsynced())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Records>> {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the report what a sweep finds.
#[derive(Clone)]
pub(crate) struct Recorder {
    /// The place of the provider in the report.
    pub(crate) place: usize,
    pub(crate) board: Arc<Shared>,
    pub(crate) below: Arc<Thresholds>,
}

impl Recorder {
    /// Returns whether it was taken down: a report that has ended takes nothing down any more, nor
    /// does one whose journal could not be written, which may end in half a line.
    pub(crate) fn tell(&self, event: Event) -> bool {
        let mut board = self.board.lock();
        let Some(findings) = board.as_mut().filter(|board| board.failure.is_none()) else {
            return false;
        };
        match findings.take(self.place, event) {
            Ok(()) => true,
            Err(error) => {
                self.board.fail(findings, error);
                false
            }
        }
    }

    /// Takes down that a metered call is about to be made, and returns whether that is on disk.
    pub(crate) async fn ask(&self, nth: u64) -> bool {
        self.tell(Event::Asked { nth }) && self.board.sync().await
    }

    /// Takes down how the sweep ended, with everything before it on disk.
    pub(crate) async fn end(&self, end: Result<(), Error>) {
        if self.tell(Event::End(end)) {
            self.board.sync().await;
        }
    }
}

/// What was found.
pub(crate) struct Records {
    pub(crate) journal: Journal,
    pub(crate) tallies: Vec<Progress>,
    /// Why the journal cannot be written.
    pub(crate) failure: Option<io::Error>,
    /// Why sweeps did not end.
    pub(crate) cut_short: &'static str,
    pub(crate) show_personal: bool,
}

impl Records {
    fn take(&mut self, place: usize, event: Event) -> io::Result<()> {
        let Some(tally) = self.tallies.get_mut(place) else {
            return Ok(());
        };
        let show_personal = self.show_personal;
        let written = |row: &Row| ReportRow::new(row, show_personal);
        let found = match event {
            Event::Page {
                rows,
                total,
                next,
                drift,
                attempts,
                round_trip,
            } => {
                tally.answered(attempts, round_trip);
                Found::Page {
                    rows: rows.iter().map(written).collect(),
                    total,
                    next,
                    drift,
                }
            }
            Event::One {
                nth,
                row,
                attempts,
                round_trip,
            } => {
                tally.answered(attempts, round_trip);
                Found::One {
                    nth,
                    row: written(&row),
                }
            }
            Event::Lost { nth, row, error } => {
                if error.attempts > 0 {
                    tally.failed(error.attempts);
                }
                Found::Lost {
                    nth,
                    row: written(&row),
                    error,
                }
            }
            Event::Asked { nth } => Found::Asked { nth },
            Event::End(end) => {
                tally.end = Some(end.map_err(|error| {
                    // A call about one customer was told of by then.
                    let telling = ErrorObject::from(&error);
                    let told = tally.progress.lost.values().any(|lost| *lost == telling);
                    if !told && error.attempts() > 0 {
                        tally.failed(error.attempts());
                    }
                    telling
                }));
                // Without a total it is known only now.
                if matches!(tally.end, Some(Ok(()))) {
                    tally.bar.set_length(tally.progress.rows());
                }
                tally.bar.abandon();
                return Ok(());
            }
        };
        tally.progress.take(&found);
        tally.show();
        if let Some(keys) = tally.keys.take() {
            self.journal.add(tally.provider, &Found::Keys(keys))?;
        }
        self.journal.add(tally.provider, &found)
    }

    /// Hands out the rows that a provider's sweep told, then those of customers who were expected in
    /// its list and are not there. Returns how many were told.
    pub(crate) fn told(
        &self,
        tally: &Progress,
        take: &mut dyn FnMut(ReportRow) -> Result<(), Failure>,
    ) -> Result<u64, Failure> {
        let provider = tally.provider;
        let expected = || tally.expected.iter().flat_map(|customers| customers());
        let mut absent: HashMap<String, Option<String>> = expected()
            .map(|customer| (customer.id, customer.name))
            .collect();
        let mut told = 0;
        let each = &mut |mut row: ReportRow| {
            told += 1;
            if let Some(name) = row.id.as_ref().and_then(|id| absent.remove(id)) {
                row.name = row.name.or(name);
            }
            take(row)
        };
        self.journal.each(provider, &tally.progress, each)?;
        if tally.progress.over {
            for customer in expected() {
                if let Some(name) = absent.remove(&customer.id) {
                    let verdict = Verdict::Unknown;
                    let why = "in the book, but not in the provider's list".to_owned();
                    let row = Row {
                        id: customer.id,
                        name,
                        ..Row::new(provider, Judged { verdict, why })
                    };
                    take(ReportRow::new(&row, self.show_personal))?;
                }
            }
        }
        Ok(told)
    }
}
