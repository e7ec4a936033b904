//! What the sandbox saw: counters for ever, and the last requests without anything worth hiding.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::Provider;

/// How many requests [`Sandbox::requests`](crate::Sandbox::requests) remembers; the counters go on.
const REMEMBERED: usize = 1024;

/// How a request's credentials fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Proof {
    /// The signature, token or secret was right, and in time.
    Verified,
    /// It was missing, malformed, unknown, wrong, used up or out of time.
    Refused,
}

/// One request as the log keeps it: names that the sandbox knows and numbers, never a value of the caller's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Counts the requests of the provider from 1.
    pub number: u64,
    /// Whose listener it reached.
    pub provider: Provider,
    /// The operation, or `unknown`.
    pub operation: &'static str,
    /// The page that it asked for, from 1.
    pub page: u64,
    /// Whether its credentials were right.
    pub proof: Proof,
    /// The HTTP status of the answer; none when the connection was dropped or kept silent.
    pub status: Option<u16>,
    /// The provider's code in the answer, `OK` when it was a success; `HTTP 503` or `none` where a fault took its place.
    pub code: String,
    /// The fault that was injected.
    pub fault: Option<&'static str>,
    /// How many bytes of body came with it.
    pub body_len: usize,
}

/// Counts of all requests since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Requests that arrived whole.
    pub total: u64,
    /// Of these, those whose credentials were right.
    pub verified: u64,
    /// Of these, those whose credentials were not.
    pub refused: u64,
    /// Requests that met an injected fault.
    pub faults: u64,
    /// Requests that were answered with success and without a fault.
    pub succeeded: u64,
    /// Requests by provider and code, as in [`Entry::code`].
    pub codes: BTreeMap<(Provider, String), u64>,
    /// Injected faults by name.
    pub injected: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    report: Report,
    last: VecDeque<Entry>,
}

impl Log {
    pub(crate) fn add(&self, entry: Entry) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let report = &mut kept.report;
        report.total += 1;
        match entry.proof {
            Proof::Verified => report.verified += 1,
            Proof::Refused => report.refused += 1,
        }
        if let Some(fault) = entry.fault {
            report.faults += 1;
            *report.injected.entry(fault).or_default() += 1;
        } else if entry.code == OK {
            report.succeeded += 1;
        }
        *report
            .codes
            .entry((entry.provider, entry.code.clone()))
            .or_default() += 1;
        if kept.last.len() == REMEMBERED {
            kept.last.pop_front();
        }
        kept.last.push_back(entry);
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.last.iter().cloned().collect()
    }

    pub(crate) fn report(&self) -> Report {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.report.clone()
    }
}

/// The code of an answer that is no failure.
pub(crate) const OK: &str = "OK";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_all_and_remembers_the_last() {
        let log = Log::default();
        for number in 1..=2_000 {
            log.add(Entry {
                number,
                provider: Provider::Tencent,
                operation: "unknown",
                page: 1,
                proof: if number % 2 == 0 {
                    Proof::Verified
                } else {
                    Proof::Refused
                },
                status: Some(200),
                code: OK.to_owned(),
                fault: (number % 4 == 0).then_some("reset"),
                body_len: 0,
            });
        }
        let report = log.report();
        assert_eq!(
            (report.total, report.verified, report.refused),
            (2_000, 1_000, 1_000)
        );
        assert_eq!(
            (report.faults, report.succeeded, report.injected["reset"]),
            (500, 1_500, 500)
        );
        assert_eq!(log.entries().len(), REMEMBERED);
        assert_eq!(log.entries()[0].number, 2_000 - 1_023);
    }
}
