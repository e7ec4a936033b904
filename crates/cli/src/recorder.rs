//! Records what the sweeps find: progress in memory, rows in the journal.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::ProgressBar;
use standing_core::Error;
use tokio::sync::Notify;

use crate::checkpoint::Checkpoint;
use crate::customer_file::Customers;
use crate::error_object::ErrorObject;
use crate::event::{Account, CallStats, Event};
use crate::failure::Failure;
use crate::journal::Journal;
use crate::row::{ReportRow, Standing};
use crate::verdict::{Judged, Verdict};

/// The progress of one provider's sweep.
pub(crate) struct Progress {
    pub(crate) provider: &'static str,
    pub(crate) checkpoint: Checkpoint,
    /// The mark of the keys, until the journal has it.
    pub(crate) account: Option<Account>,
    /// How many customers there are, where the plan lists them.
    pub(crate) planned: Option<u64>,
    /// The customers who are expected in the provider's list.
    pub(crate) expected: Option<Customers>,
    /// Calls that were made, whatever their result.
    pub(crate) calls: u64,
    /// Calls that failed.
    pub(crate) failed: u64,
    /// Attempts of the calls that failed.
    pub(crate) failed_attempts: u64,
    /// Attempts after the first, of calls that succeeded.
    pub(crate) retries: u64,
    /// Histogram: successful calls by milliseconds.
    round_trips: BTreeMap<u128, u64>,
    /// The sweep's result; `None` while it runs.
    pub(crate) end: Option<Result<(), ErrorObject>>,
    pub(crate) bar: ProgressBar,
}

impl Progress {
    pub(crate) fn new(provider: &'static str) -> Self {
        Self {
            provider,
            checkpoint: Checkpoint::default(),
            account: None,
            planned: None,
            expected: None,
            calls: 0,
            failed: 0,
            failed_attempts: 0,
            retries: 0,
            round_trips: BTreeMap::new(),
            end: None,
            bar: ProgressBar::hidden(),
        }
    }

    /// How many customers there are, if that is known.
    pub(crate) fn total(&self) -> Option<u64> {
        self.planned.or(self.checkpoint.total)
    }

    /// Updates the progress bar.
    pub(crate) fn show(&self) {
        if let Some(total) = self.total() {
            self.bar.set_length(total);
        }
        self.bar.set_position(self.checkpoint.rows());
    }

    fn count_success(&mut self, stats: CallStats) {
        self.calls += 1;
        self.retries += u64::from(stats.attempts.saturating_sub(1));
        let milliseconds = stats.round_trip.as_millis();
        *self.round_trips.entry(milliseconds).or_default() += 1;
    }

    /// Counts a failed call; one without an attempt was not made.
    fn count_failure(&mut self, attempts: u32) {
        if attempts > 0 {
            self.calls += 1;
            self.failed += 1;
            self.failed_attempts += u64::from(attempts);
        }
    }

    /// A percentile of the round-trip times, in milliseconds.
    pub(crate) fn percentile(&self, percent: u64) -> Option<u128> {
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

/// Takes the events of all sweeps of a report.
pub(crate) struct Recorder {
    /// `None` once the report has ended.
    records: Mutex<Option<Records>>,
    /// Notified when the journal cannot be written.
    journal_failed: Notify,
    /// How many bytes of the journal are on disk.
    synced: tokio::sync::Mutex<u64>,
}

impl Recorder {
    pub(crate) fn new(records: Records) -> Self {
        Self {
            records: Mutex::new(Some(records)),
            journal_failed: Notify::new(),
            synced: tokio::sync::Mutex::default(),
        }
    }

    /// The recorder of the sweep with this index.
    pub(crate) fn sweep(self: &Arc<Self>, index: usize) -> SweepRecorder {
        SweepRecorder {
            index,
            recorder: self.clone(),
        }
    }

    /// Returns when the journal cannot be written.
    pub(crate) async fn journal_failed(&self) {
        self.journal_failed.notified().await;
    }

    /// Ends the recording and returns the records. Later events are ignored.
    pub(crate) fn close(&self) -> Option<Records> {
        self.lock().take()
    }

    /// Applies a change to the records. Returns whether that succeeded: a closed recorder takes no
    /// change, nor does one whose journal failed and may end in half a line.
    fn update(&self, change: impl FnOnce(&mut Records) -> io::Result<()>) -> bool {
        let mut records = self.lock();
        let writable = |records: &&mut Records| records.journal_error.is_none();
        let Some(records) = records.as_mut().filter(writable) else {
            return false;
        };
        match change(records) {
            Ok(()) => true,
            Err(error) => {
                records.journal_error = Some(error);
                self.journal_failed.notify_one();
                false
            }
        }
    }

    /// Syncs the journal to disk if it is durable, and returns whether that succeeded. Sweeps that
    /// wait at the same time share a sync.
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
        // Look again: other sweeps have written while this one waited for the lock.
        let Some(Some((file, length))) = self.unsynced() else {
            return false;
        };
        let outcome = tokio::task::spawn_blocking(move || file.sync_data()).await;
        let outcome = outcome.unwrap_or_else(|error| Err(io::Error::other(error)));
        let is_synced = self.update(|records| {
            outcome?;
            records.journal.synced(length)
        });
        if is_synced {
            *synced = length;
        }
        is_synced
    }

    /// The file to sync and its length, if the journal is durable; the outer `None` if the recorder
    /// is closed or its journal failed.
    fn unsynced(&self) -> Option<Option<(Arc<File>, u64)>> {
        let records = self.lock();
        let records = records
            .as_ref()
            .filter(|records| records.journal_error.is_none());
        records.map(|records| records.journal.unsynced())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Records>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the events of one sweep.
#[derive(Clone)]
pub(crate) struct SweepRecorder {
    index: usize,
    recorder: Arc<Recorder>,
}

impl SweepRecorder {
    /// Records an event and, of a successful call, what it took. Returns whether that succeeded.
    pub(crate) fn record(&self, event: &Event, stats: Option<CallStats>) -> bool {
        let add = |records: &mut Records| records.add(self.index, event, stats);
        self.recorder.update(add)
    }

    /// Records that a metered call is about to be made. Returns whether the record is on disk.
    pub(crate) async fn announce(&self, nth: u64) -> bool {
        self.record(&Event::Asked { nth }, None) && self.recorder.sync().await
    }

    /// Records the sweep's result, and syncs everything before it to disk.
    pub(crate) async fn end(&self, end: Result<(), Error>) {
        let record = |records: &mut Records| {
            records.end(self.index, end);
            Ok(())
        };
        if self.recorder.update(record) {
            self.recorder.sync().await;
        }
    }
}

/// What the sweeps have found.
pub(crate) struct Records {
    pub(crate) journal: Journal,
    /// By the index of the sweep.
    pub(crate) sweeps: Vec<Progress>,
    /// Why the journal cannot be written.
    pub(crate) journal_error: Option<io::Error>,
    /// Why sweeps have no result.
    pub(crate) stopped_by: &'static str,
    pub(crate) show_personal: bool,
}

impl Records {
    fn add(&mut self, index: usize, event: &Event, stats: Option<CallStats>) -> io::Result<()> {
        let Some(progress) = self.sweeps.get_mut(index) else {
            return Ok(());
        };
        if let Some(stats) = stats {
            progress.count_success(stats);
        }
        if let Event::Lost { error, .. } = event {
            progress.count_failure(error.attempts);
        }
        progress.checkpoint.apply(event);
        progress.show();
        if let Some(account) = progress.account.take() {
            self.journal.add(progress.provider, &Event::Keys(account))?;
        }
        self.journal.add(progress.provider, event)
    }

    fn end(&mut self, index: usize, end: Result<(), Error>) {
        let Some(progress) = self.sweeps.get_mut(index) else {
            return;
        };
        let end = end.map_err(|error| ErrorObject::from(&error));
        if let Err(error) = &end {
            // A failed call about one customer has been counted with its own event.
            let mut lost = progress.checkpoint.lost.values();
            if !lost.any(|counted| counted == error) {
                progress.count_failure(error.attempts);
            }
        } else {
            // Where the provider reports no total, it is known only now.
            progress.bar.set_length(progress.checkpoint.rows());
        }
        progress.end = Some(end);
        progress.bar.abandon();
    }

    /// Passes on the rows of a provider's sweep, then a row for each customer who was expected in
    /// its list and is absent. Returns the number of the former.
    pub(crate) fn each_row(
        &self,
        progress: &Progress,
        take: &mut dyn FnMut(ReportRow) -> Result<(), Failure>,
    ) -> Result<u64, Failure> {
        let provider = progress.provider;
        let expected = || progress.expected.iter().flat_map(|customers| customers());
        let mut absent: HashMap<String, Option<String>> = expected()
            .map(|customer| (customer.id, customer.name))
            .collect();
        let mut count = 0;
        let each = &mut |mut row: ReportRow| {
            count += 1;
            if let Some(name) = row.id.as_ref().and_then(|id| absent.remove(id)) {
                row.name = row.name.or(name);
            }
            take(row)
        };
        self.journal
            .each_row(provider, &progress.checkpoint, each)?;
        if progress.checkpoint.over {
            for customer in expected() {
                if let Some(name) = absent.remove(&customer.id) {
                    let verdict = Verdict::Unknown;
                    let why = "in the customer file, but not in the provider's list".to_owned();
                    let standing = Standing {
                        id: customer.id,
                        name,
                        ..Standing::new(provider, Judged { verdict, why })
                    };
                    take(ReportRow::new(&standing, self.show_personal))?;
                }
            }
        }
        Ok(count)
    }
}
