//! A finished report: its rows, counts and errors.

use serde::Serialize;
use standing_core::ErrorKind;

use crate::error_object::ErrorObject;
use crate::failure::Failure;
use crate::recorder::{Progress, Records};
use crate::row::{ReportRow, Standing};
use crate::verdict::{Judged, Verdict};

/// The records of a report, and how many rows each provider has by verdict.
pub(crate) struct Report {
    pub(crate) records: Records,
    counts: Vec<Counts>,
}

impl Report {
    /// Counts the rows.
    pub(crate) fn new(records: Records) -> Result<Self, Failure> {
        let count = |progress: &Progress| {
            let mut counts = Counts::default();
            let mut lost = 0;
            let rows = records.each_row(progress, &mut |row| {
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
            let without_row = progress.total().map(|total| total.saturating_sub(rows));
            let without_row = match without_row {
                // If a list stops early, it may continue beyond its total.
                None | Some(0) if progress.planned.is_none() => {
                    progress.checkpoint.over.then_some(0)
                }
                without_row => without_row,
            };
            counts.missing = without_row.map(|count| count + lost);
            counts.without_row = without_row;
            Ok(counts)
        };
        let counts = records.sweeps.iter().map(count);
        let counts = counts.collect::<Result<_, Failure>>()?;
        Ok(Self { records, counts })
    }

    fn counted(&self) -> impl Iterator<Item = (&Progress, &Counts)> {
        self.records.sweeps.iter().zip(&self.counts)
    }

    /// One placeholder row for all customers of a provider that have no row of their own, if any.
    fn placeholder(&self, progress: &Progress, counts: &Counts) -> Option<ReportRow> {
        let why = match &progress.end {
            Some(Err(error)) => error.in_short(),
            _ if counts.without_row == Some(0) => return None,
            Some(Ok(())) => "the provider counts more customers than it lists".to_owned(),
            None => self.records.stopped_by.to_owned(),
        };
        let why = match counts.without_row {
            // Every planned customer has a row.
            Some(0) if progress.planned.is_some() => return None,
            Some(0) | None => format!("all rows from here on: {why}"),
            Some(1) => format!("1 row: {why}"),
            Some(count) => format!("{count} rows: {why}"),
        };
        let verdict = Verdict::Missing;
        let standing = Standing::new(progress.provider, Judged { verdict, why });
        Some(ReportRow::new(&standing, true))
    }

    /// Passes on every row. The placeholder comes first within its provider, so that readers do not
    /// overlook missing rows.
    pub(crate) fn each_row(
        &self,
        take: &mut dyn FnMut(ReportRow) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for (progress, counts) in self.counted() {
            self.placeholder(progress, counts)
                .map_or(Ok(()), &mut *take)?;
            self.records.each_row(progress, take)?;
        }
        Ok(())
    }

    /// Why rows are missing.
    pub(crate) fn errors(&self) -> Vec<ErrorObject> {
        let of = |(progress, counts): (&Progress, &Counts)| {
            let mut errors: Vec<_> = progress.checkpoint.lost.values().cloned().collect();
            match (&progress.end, self.placeholder(progress, counts)) {
                (Some(Err(error)), _) if errors.contains(error) => {}
                (Some(Err(error)), _) => errors.insert(0, error.clone()),
                (end, Some(placeholder)) => {
                    let kind = match end {
                        Some(_) => ErrorKind::Paging,
                        None => ErrorKind::Timeout,
                    };
                    let error = ErrorObject::new(kind, placeholder.why);
                    errors.insert(0, error.of(progress.provider, None));
                }
                _ => {}
            }
            errors
        };
        self.counted().flat_map(of).collect()
    }

    pub(crate) fn summary(&self) -> Summary {
        let providers = self.counted().map(|(progress, counts)| ProviderCounts {
            provider: progress.provider,
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
            without_row: None,
        });
        let providers = providers.collect();
        Summary { all, providers }
    }
}

/// Counts of verdicts, in total and by provider.
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
    /// `None` if the number is unknown.
    pub(crate) missing: Option<u64>,
    /// The missing customers without a row of their own.
    #[serde(skip)]
    without_row: Option<u64>,
}
