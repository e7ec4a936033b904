//! Chaos: random faults from which a client with three attempts recovers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::fault::FaultKind;
use crate::provider::Provider;
use crate::request::Target;
use crate::seed::{Seed, Stream, splitmix64};

/// A client with three attempts survives this many failures.
const MAX_FAILURES_IN_A_ROW: u8 = 2;
/// Failed requests that are never retried are all forgotten when there are more than this.
const MAX_FAILING_REQUESTS: usize = 65_536;
const VISIT_BUCKETS: usize = 4_096;

/// Chooses the random faults of one sandbox.
#[derive(Debug)]
pub(crate) struct Chaos {
    seed: Seed,
    /// The share of requests with a fault.
    percent: u8,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The failures in a row of each failing request, by fingerprint; a success removes it.
    failures: HashMap<u64, u8>,
    /// Counts requests by fingerprint, so that equal requests get different random numbers.
    visits: Vec<u32>,
}

impl Chaos {
    pub(crate) fn new(seed: Seed, percent: u8) -> Self {
        let state = State {
            failures: HashMap::new(),
            visits: vec![0; VISIT_BUCKETS],
        };
        Self {
            seed,
            percent: percent.min(100),
            state: Mutex::new(state),
        }
    }

    /// The random fault for this request, if any.
    pub(crate) fn select(&self, target: &Target) -> Option<FaultKind> {
        if self.percent == 0 {
            return None;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = (target.fingerprint % VISIT_BUCKETS as u64) as usize;
        let visit = state.visits.get_mut(bucket)?;
        *visit = visit.wrapping_add(1);
        let word = self.seed.draw(
            Stream::Chaos,
            splitmix64(target.fingerprint) ^ u64::from(*visit),
        );
        if word % 100 >= u64::from(self.percent) || state.must_succeed(target) {
            return None;
        }
        Some(recoverable(target.provider, splitmix64(word)))
    }

    /// Whether this request must not fail, even if it exceeds a rate limit: under chaos, another
    /// failure would be one too many for the client.
    pub(crate) fn must_succeed(&self, target: &Target) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.percent > 0 && state.must_succeed(target)
    }

    /// Records whether the request failed in a way that a client retries.
    pub(crate) fn record(&self, target: &Target, failed: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if failed {
            if state.failures.len() >= MAX_FAILING_REQUESTS {
                state.failures.clear();
            }
            let count = state.failures.entry(target.fingerprint).or_default();
            *count = count.saturating_add(1);
        } else {
            state.failures.remove(&target.fingerprint);
        }
    }

    #[cfg(test)]
    pub(crate) fn failing_requests(&self) -> usize {
        self.state.lock().unwrap().failures.len()
    }
}

impl State {
    fn must_succeed(&self, target: &Target) -> bool {
        let failures = self.failures.get(&target.fingerprint);
        failures.is_some_and(|failures| *failures >= MAX_FAILURES_IN_A_ROW)
    }
}

/// A fault from which a client must recover by itself. A look-up at AccuAuth is metered, so a
/// client must not retry it by default: there, a response is only late.
fn recoverable(provider: Provider, word: u64) -> FaultKind {
    let detail = word >> 32;
    if provider == Provider::AccuAuth {
        return FaultKind::Latency(Duration::from_millis(5 + detail % 20));
    }
    match word % 20 {
        0..=5 => FaultKind::Status(503),
        6..=8 => FaultKind::Throttle(None),
        9..=11 => FaultKind::Drop,
        12..=13 => FaultKind::Reset,
        14..=16 => FaultKind::CutBody((detail % 20) as usize),
        17..=18 => FaultKind::Html502,
        _ => FaultKind::Code(transient_code(provider).to_owned(), None),
    }
}

/// The provider's code for an internal error that a retry gets over.
fn transient_code(provider: Provider) -> &'static str {
    match provider {
        Provider::Tencent => "InternalError",
        Provider::Huawei => "CBC.0999",
        Provider::Alibaba => "ServiceUnavailable",
        Provider::AccuAuth => "INTERNAL_ERROR",
    }
}
