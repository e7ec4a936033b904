//! What a report knows of each provider's customers so far, and what is missing.

use std::collections::HashSet;
use std::time::Duration;

use indicatif::ProgressBar;
use serde::Serialize;
use standing_core::{Error, ErrorKind};

use crate::failure::Telling;
use crate::providers::Provider;
use crate::sweep::{Event, Row};
use crate::verdict::{Judged, Verdict};

/// What is known of one provider's customers so far.
pub(crate) struct Tally {
    pub(crate) provider: &'static dyn Provider,
    pub(crate) rows: Vec<Row>,
    total: Option<u64>,
    /// Attempts beyond the first of calls that succeeded.
    pub(crate) repeated: u64,
    pub(crate) round_trips: Vec<Duration>,
    /// Why calls about one customer failed.
    lost: Vec<Error>,
    /// The ids of the rows: a list that changes while it is walked may tell a row twice.
    known: HashSet<String>,
    /// How it ended; nothing while it goes on.
    end: Option<Result<(), Error>>,
    pub(crate) bar: ProgressBar,
}

impl Tally {
    pub(crate) fn new(provider: &'static dyn Provider) -> Self {
        Self {
            provider,
            rows: Vec::new(),
            total: None,
            repeated: 0,
            round_trips: Vec::new(),
            lost: Vec::new(),
            known: HashSet::new(),
            end: None,
            bar: ProgressBar::hidden(),
        }
    }

    pub(crate) fn take(&mut self, event: Event) {
        match event {
            Event::Call {
                rows,
                total,
                attempts,
                round_trip,
            } => {
                self.repeated += u64::from(attempts.saturating_sub(1));
                self.round_trips.push(round_trip);
                self.grow(rows, total);
            }
            Event::Lost { row, total, error } => {
                self.lost.push(error);
                self.grow(vec![row], total);
            }
            Event::End(end) => {
                if end.is_ok() {
                    // Without a total it is known only now.
                    self.bar.set_length(self.rows.len() as u64);
                }
                self.end = Some(end);
                self.bar.abandon();
            }
        }
    }

    fn grow(&mut self, rows: Vec<Row>, total: Option<u64>) {
        for row in rows {
            if row.id.is_empty() || self.known.insert(row.id.clone()) {
                self.rows.push(row);
            }
        }
        self.total = total.or(self.total);
        if let Some(total) = self.total {
            self.bar.set_length(total);
        }
        self.bar.set_position(self.rows.len() as u64);
    }

    /// Calls that were made, however they ended.
    pub(crate) fn calls(&self) -> u64 {
        self.round_trips.len() as u64 + self.failed()
    }

    /// Calls that failed.
    pub(crate) fn failed(&self) -> u64 {
        let at_the_end = matches!(&self.end, Some(Err(_)));
        self.lost.len() as u64 + u64::from(at_the_end)
    }

    /// Attempts of the calls that failed.
    pub(crate) fn fatal_attempts(&self) -> u64 {
        let at_the_end = self.end.iter().filter_map(|end| end.as_ref().err());
        let errors = self.lost.iter().chain(at_the_end);
        errors.map(|error| u64::from(error.attempts())).sum()
    }

    fn count(&self, verdict: Verdict) -> u64 {
        let rows = self.rows.iter();
        rows.filter(|row| row.judged.verdict == verdict).count() as u64
    }

    /// How many customers have no row at all; nothing if the provider has not said how many there
    /// are.
    pub(crate) fn untold(&self) -> Option<u64> {
        match (self.total, &self.end) {
            (Some(total), _) => Some(total.saturating_sub(self.rows.len() as u64)),
            (None, Some(Ok(()))) => Some(0),
            (None, _) => None,
        }
    }

    /// The row that stands for all that have none, if there are any.
    fn rest(&self) -> Option<Row> {
        let untold = self.untold();
        let why = match &self.end {
            Some(Ok(())) if untold == Some(0) => return None,
            Some(Ok(())) => "the provider counts more customers than it lists".to_owned(),
            Some(Err(error)) => Judged::missing(error).why,
            None => "interrupted".to_owned(),
        };
        let why = match untold {
            Some(1) => format!("1 row: {why}"),
            Some(untold) => format!("{untold} rows: {why}"),
            None => format!("all rows from here on: {why}"),
        };
        let verdict = Verdict::Missing;
        Some(Row::new(self.provider.name(), Judged { verdict, why }))
    }

    /// All rows; what is missing comes first, it must not be overlooked.
    pub(crate) fn all(&self) -> impl Iterator<Item = Row> {
        self.rest().into_iter().chain(self.rows.iter().cloned())
    }

    /// Why rows are missing.
    pub(crate) fn errors(&self) -> Vec<Telling> {
        let mut errors: Vec<Telling> = self.lost.iter().map(Telling::from).collect();
        match (&self.end, self.rest()) {
            (Some(Err(error)), _) => errors.insert(0, error.into()),
            (end, Some(rest)) => {
                let kind = match end {
                    Some(_) => ErrorKind::Paging,
                    None => ErrorKind::Timeout,
                };
                let telling = Telling::new(kind, rest.judged.why);
                errors.insert(0, telling.of(self.provider.name(), None));
            }
            _ => {}
        }
        errors
    }
}

/// Counts of verdicts, over all and by provider.
#[derive(Serialize)]
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
}

impl Counts {
    fn of(tally: &Tally) -> Self {
        let lost = tally.count(Verdict::Missing);
        Self {
            customers: tally.rows.len() as u64 - lost,
            ok: tally.count(Verdict::Ok),
            watch: tally.count(Verdict::Watch),
            blocked: tally.count(Verdict::Blocked),
            unknown: tally.count(Verdict::Unknown),
            missing: tally.untold().map(|untold| untold + lost),
        }
    }
}

impl Summary {
    pub(crate) fn new(tallies: &[Tally]) -> Self {
        let providers: Vec<_> = tallies
            .iter()
            .map(|tally| ProviderCounts {
                provider: tally.provider.name(),
                counts: Counts::of(tally),
            })
            .collect();
        let none = Counts {
            missing: Some(0),
            ..Counts::default()
        };
        let all = providers.iter().fold(none, |sum, one| Counts {
            customers: sum.customers + one.counts.customers,
            ok: sum.ok + one.counts.ok,
            watch: sum.watch + one.counts.watch,
            blocked: sum.blocked + one.counts.blocked,
            unknown: sum.unknown + one.counts.unknown,
            missing: sum.missing.zip(one.counts.missing).map(|(a, b)| a + b),
        });
        Self { all, providers }
    }
}
