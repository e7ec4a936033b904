//! The request log: counters of all requests, and the last requests without secret or personal
//! data.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::provider::Provider;

/// How many requests [`Sandbox::requests`](crate::Sandbox::requests) returns. The counters have no
/// limit.
const CAPACITY: usize = 1024;

/// The code of a successful response.
pub(crate) const OK: &str = "OK";

/// Whether the credentials of a request were right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verification {
    /// The signature, token or secret is right and valid at this time.
    Verified,
    /// It is missing, malformed, unknown, wrong, used already or expired.
    Refused,
}

/// One request in the log: names that the sandbox knows and numbers, never a value from the
/// request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Counts the requests to the provider from 1.
    pub number: u64,
    /// The provider that received the request.
    pub provider: Provider,
    /// The operation, or `unknown`.
    pub operation: &'static str,
    /// The requested page; counts from 1.
    pub page: u64,
    /// Whether the credentials were right.
    pub verification: Verification,
    /// The HTTP status of the response; `None` if none was sent.
    pub status: Option<u16>,
    /// The provider's code in the response, `OK` for a success. If a fault replaced the response:
    /// `HTTP 503`, or `none` if nothing was sent.
    pub code: String,
    /// The injected fault.
    pub fault: Option<&'static str>,
    /// The length of the request's body in bytes.
    pub body_len: usize,
}

/// Counts of all requests since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Requests that arrived completely.
    pub total: u64,
    /// Those whose credentials were right.
    pub verified: u64,
    /// Those whose credentials were not.
    pub refused: u64,
    /// Those with an injected fault.
    pub faults: u64,
    /// Those that succeeded without a fault.
    pub succeeded: u64,
    /// Requests by provider and code, as in [`Entry::code`].
    pub codes: BTreeMap<(Provider, String), u64>,
    /// Injected faults by name.
    pub injected: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    report: Report,
    last: VecDeque<Entry>,
}

impl Log {
    pub(crate) fn add(&self, entry: Entry) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let report = &mut state.report;
        report.total += 1;
        match entry.verification {
            Verification::Verified => report.verified += 1,
            Verification::Refused => report.refused += 1,
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
        if state.last.len() == CAPACITY {
            state.last.pop_front();
        }
        state.last.push_back(entry);
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.last.iter().cloned().collect()
    }

    pub(crate) fn report(&self) -> Report {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.report.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_counts_all_requests_and_keeps_the_last() {
        let log = Log::default();
        for number in 1..=2_000 {
            log.add(Entry {
                number,
                provider: Provider::Tencent,
                operation: "unknown",
                page: 1,
                verification: if number % 2 == 0 {
                    Verification::Verified
                } else {
                    Verification::Refused
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
        assert_eq!(log.entries().len(), CAPACITY);
        assert_eq!(log.entries()[0].number, 2_000 - 1_023);
    }
}
