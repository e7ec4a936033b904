//! What a call does, and how often it may be made.

use super::provenance::Provenance;

/// What a call does, and whether it may be retried.
#[derive(Debug, Default)]
pub struct Behavior {
    /// Whether it changes anything.
    pub effect: Effect,
    /// It may be retried although it writes: a repeated call changes nothing further.
    pub idempotent: bool,
    /// Every call may be billed.
    pub metered: bool,
    /// Its provenance.
    pub provenance: Provenance,
}

/// Whether a call changes anything at the provider.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It changes nothing.
    Read,
    /// It may change something.
    #[default]
    Write,
}

/// How often an operation may be called.
#[derive(Debug)]
pub struct RateLimit {
    /// This number of requests
    pub requests: u64,
    /// in this number of seconds.
    pub seconds: u64,
    /// Its provenance.
    pub provenance: Provenance,
}
