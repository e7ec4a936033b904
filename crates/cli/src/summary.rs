//! A report that has ended: its rows, counts and errors.

use serde::Serialize;
use standing_core::ErrorKind;

use crate::error_object::ErrorObject;
use crate::failure::Failure;
use crate::recorder::{Progress, Records};
use crate::row::{ReportRow, Row};
use crate::verdict::{Judged, Verdict};

/// What was found, counted.
pub(crate) struct Outcome {
    pub(crate) findings: Records,
    counts: Vec<Counts>,
}

impl Outcome {
    pub(crate) fn new(findings: Records) -> Result<Self, Failure> {
        let count = |tally: &Progress| {
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

    fn counted(&self) -> impl Iterator<Item = (&Progress, &Counts)> {
        self.findings.tallies.iter().zip(&self.counts)
    }

    /// The row that stands for all customers of a provider who have none, if there are any.
    fn rest(&self, tally: &Progress, counts: &Counts) -> Option<ReportRow> {
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
        Some(ReportRow::new(&row, true))
    }

    /// Every row; of each provider first what is missing, it must not be overlooked.
    pub(crate) fn each(
        &self,
        take: &mut dyn FnMut(ReportRow) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        for (tally, counts) in self.counted() {
            self.rest(tally, counts).map_or(Ok(()), &mut *take)?;
            self.findings.told(tally, take)?;
        }
        Ok(())
    }

    /// Why rows are missing.
    pub(crate) fn errors(&self) -> Vec<ErrorObject> {
        let of = |(tally, counts): (&Progress, &Counts)| {
            let mut errors: Vec<ErrorObject> = tally.progress.lost.values().cloned().collect();
            match (&tally.end, self.rest(tally, counts)) {
                (Some(Err(error)), _) if errors.contains(error) => {}
                (Some(Err(error)), _) => errors.insert(0, error.clone()),
                (end, Some(rest)) => {
                    let kind = match end {
                        Some(_) => ErrorKind::Paging,
                        None => ErrorKind::Timeout,
                    };
                    let telling = ErrorObject::new(kind, rest.why);
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
