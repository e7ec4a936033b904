//! What a report knows so far: how each sweep fares, and every row, on disk.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::ProgressBar;
use serde::Serialize;
use standing_core::{Error, ErrorKind};
use tokio::sync::Notify;

use crate::book::Customers;
use crate::failure::{Failure, Telling};
use crate::journal::{Account, Found, Journal, Progress};
use crate::row::{Row, Written};
use crate::verdict::{Below, Judged, Verdict};

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
    Lost { nth: u64, row: Row, error: Telling },
    /// A metered call is about to be made.
    Asked { nth: u64 },
    /// The sweep is over.
    End(Result<(), Error>),
}

/// How the sweep of one provider fares.
pub(crate) struct Tally {
    pub(crate) provider: &'static str,
    pub(crate) progress: Progress,
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
    pub(crate) end: Option<Result<(), Telling>>,
    pub(crate) bar: ProgressBar,
}

impl Tally {
    pub(crate) fn new(provider: &'static str) -> Self {
        Self {
            provider,
            progress: Progress::default(),
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

    fn total(&self) -> Option<u64> {
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
pub(crate) struct Board {
    findings: Mutex<Option<Findings>>,
    /// The journal cannot be written.
    pub(crate) full: Notify,
    /// How many bytes of the journal are on disk.
    synced: tokio::sync::Mutex<u64>,
}

impl Board {
    /// Opens the board; it must have been given the findings before anything is told.
    pub(crate) fn open(&self, findings: Findings) {
        *self.lock() = Some(findings);
    }

    /// What was told by now; nothing is taken down any more.
    pub(crate) fn close(&self) -> Option<Findings> {
        self.lock().take()
    }

    fn fail(&self, findings: &mut Findings, error: io::Error) {
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

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Findings>> {
        self.findings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the report what a sweep finds.
#[derive(Clone)]
pub(crate) struct Teller {
    /// The place of the provider in the report.
    pub(crate) place: usize,
    pub(crate) board: Arc<Board>,
    pub(crate) below: Arc<Below>,
}

impl Teller {
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
pub(crate) struct Findings {
    pub(crate) journal: Journal,
    pub(crate) tallies: Vec<Tally>,
    /// Why the journal cannot be written.
    pub(crate) failure: Option<io::Error>,
    /// Why sweeps did not end.
    pub(crate) cut_short: &'static str,
    pub(crate) show_personal: bool,
}

impl Findings {
    fn take(&mut self, place: usize, event: Event) -> io::Result<()> {
        let Some(tally) = self.tallies.get_mut(place) else {
            return Ok(());
        };
        let show_personal = self.show_personal;
        let written = |row: &Row| Written::new(row, show_personal);
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
                    let telling = Telling::from(&error);
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
    fn told(
        &self,
        tally: &Tally,
        take: &mut dyn FnMut(Written) -> Result<(), Failure>,
    ) -> Result<u64, Failure> {
        let provider = tally.provider;
        let expected = || tally.expected.iter().flat_map(|customers| customers());
        let mut absent: HashMap<String, Option<String>> =
            expected().map(|whom| (whom.id, whom.name)).collect();
        let mut told = 0;
        let each = &mut |mut row: Written| {
            told += 1;
            if let Some(name) = row.id.as_ref().and_then(|id| absent.remove(id)) {
                row.name = row.name.or(name);
            }
            take(row)
        };
        self.journal.each(provider, &tally.progress, each)?;
        if tally.progress.over {
            for whom in expected() {
                if let Some(name) = absent.remove(&whom.id) {
                    let verdict = Verdict::Unknown;
                    let why = "in the book, but not in the provider's list".to_owned();
                    let row = Row {
                        id: whom.id,
                        name,
                        ..Row::new(provider, Judged { verdict, why })
                    };
                    take(Written::new(&row, self.show_personal))?;
                }
            }
        }
        Ok(told)
    }
}

/// What was found, counted.
pub(crate) struct Outcome {
    pub(crate) findings: Findings,
    counts: Vec<Counts>,
}

impl Outcome {
    pub(crate) fn new(findings: Findings) -> Result<Self, Failure> {
        let count = |tally: &Tally| {
            let mut counts = Counts::default();
            let mut lost = 0;
            let told = findings.told(tally, &mut |row| {
                *match row.verdict {
                    Verdict::Ok => &mut counts.ok,
                    Verdict::Watch => &mut counts.watch,
                    Verdict::Blocked => &mut counts.blocked,
                    Verdict::Unknown => &mut counts.unknown,
                    Verdict::Missing => &mut lost,
                } += 1;
                Ok(())
            })?;
            counts.customers = counts.ok + counts.watch + counts.blocked + counts.unknown;
            let untold = tally.total().map(|total| total.saturating_sub(told));
            let untold = match untold {
                // A list that breaks off where it should end may go on.
                None | Some(0) if tally.asked_about.is_none() => tally.progress.over.then_some(0),
                untold => untold,
            };
            counts.missing = untold.map(|untold| untold + lost);
            counts.untold = untold;
            Ok(counts)
        };
        let counts = findings.tallies.iter().map(count);
        let counts = counts.collect::<Result<_, Failure>>()?;
        Ok(Self { findings, counts })
    }

    fn counted(&self) -> impl Iterator<Item = (&Tally, &Counts)> {
        self.findings.tallies.iter().zip(&self.counts)
    }

    /// The row that stands for all customers of a provider who have none, if there are any.
    fn rest(&self, tally: &Tally, counts: &Counts) -> Option<Written> {
        let why = match &tally.end {
            Some(Err(error)) => error.in_short(),
            _ if counts.untold == Some(0) => return None,
            Some(Ok(())) => "the provider counts more customers than it lists".to_owned(),
            None => self.findings.cut_short.to_owned(),
        };
        let why = match counts.untold {
            // Whoever is asked about has a row of their own.
            Some(0) if tally.asked_about.is_some() => return None,
            Some(0) | None => format!("all rows from here on: {why}"),
            Some(1) => format!("1 row: {why}"),
            Some(untold) => format!("{untold} rows: {why}"),
        };
        let verdict = Verdict::Missing;
        let row = Row::new(tally.provider, Judged { verdict, why });
        Some(Written::new(&row, true))
    }

    /// Every row; of each provider first what is missing, it must not be overlooked.
    pub(crate) fn each(
        &self,
        take: &mut dyn FnMut(Written) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for (tally, counts) in self.counted() {
            self.rest(tally, counts).map_or(Ok(()), &mut *take)?;
            self.findings.told(tally, take)?;
        }
        Ok(())
    }

    /// Why rows are missing.
    pub(crate) fn errors(&self) -> Vec<Telling> {
        let of = |(tally, counts): (&Tally, &Counts)| {
            let mut errors: Vec<Telling> = tally.progress.lost.values().cloned().collect();
            match (&tally.end, self.rest(tally, counts)) {
                (Some(Err(error)), _) if errors.contains(error) => {}
                (Some(Err(error)), _) => errors.insert(0, error.clone()),
                (end, Some(rest)) => {
                    let kind = match end {
                        Some(_) => ErrorKind::Paging,
                        None => ErrorKind::Timeout,
                    };
                    let telling = Telling::new(kind, rest.why);
                    errors.insert(0, telling.of(tally.provider, None));
                }
                _ => {}
            }
            errors
        };
        self.counted().flat_map(of).collect()
    }

    pub(crate) fn summary(&self) -> Summary {
        let providers = self.counted().map(|(tally, counts)| ProviderCounts {
            provider: tally.provider,
            counts: *counts,
        });
        let none = Counts {
            missing: Some(0),
            ..Counts::default()
        };
        let all = self.counts.iter().fold(none, |sum, one| Counts {
            customers: sum.customers + one.customers,
            ok: sum.ok + one.ok,
            watch: sum.watch + one.watch,
            blocked: sum.blocked + one.blocked,
            unknown: sum.unknown + one.unknown,
            missing: sum.missing.zip(one.missing).map(|(a, b)| a + b),
            untold: None,
        });
        let providers = providers.collect();
        Summary { all, providers }
    }
}

/// Counts of verdicts, over all and by provider.
#[derive(Default, Serialize)]
pub(crate) struct Summary {
    #[serde(flatten)]
    pub(crate) all: Counts,
    pub(crate) providers: Vec<ProviderCounts>,
}

#[derive(Serialize)]
pub(crate) struct ProviderCounts {
    pub(crate) provider: &'static str,
    #[serde(flatten)]
    pub(crate) counts: Counts,
}

#[derive(Clone, Copy, Default, Serialize)]
pub(crate) struct Counts {
    pub(crate) customers: u64,
    pub(crate) ok: u64,
    pub(crate) watch: u64,
    pub(crate) blocked: u64,
    pub(crate) unknown: u64,
    /// Nothing if nobody knows how many.
    pub(crate) missing: Option<u64>,
    /// Of the missing those who have no row of their own.
    #[serde(skip)]
    untold: Option<u64>,
}
