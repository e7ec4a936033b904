//! The state that all providers of one sandbox share.

use std::time::Duration;

use crate::clock::Clock;
use crate::injector::FaultInjector;
use crate::log::Log;
use crate::seed::Seed;

#[derive(Debug)]
pub(crate) struct SharedState {
    pub seed: Seed,
    pub customers: u64,
    pub clock: Clock,
    pub faults: FaultInjector,
    pub log: Log,
    pub rate_limits: bool,
    pub latency: Duration,
    /// The path before every route, without a slash at its end.
    pub prefix: String,
}
