//! What a sweep finds, as the journal stores it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error_object::ErrorObject;
use crate::row::ReportRow;

/// The result of a call, or the announcement of one. The names of variants and fields are part of
/// the journal's format.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    /// A page of a list.
    Page {
        rows: Vec<ReportRow>,
        /// How many customers the provider counts, where it reports that.
        total: Option<u64>,
        /// Where the list continues; `None` after the last page.
        next: Option<String>,
        /// The list has changed during the walk, so rows may repeat.
        drift: bool,
    },
    /// The row of one customer, by the customer's index in the plan.
    One { nth: u64, row: ReportRow },
    /// A call about one customer failed.
    Lost {
        nth: u64,
        row: ReportRow,
        error: ErrorObject,
    },
    /// A metered call is about to be made. Without a result it may have been billed.
    Asked { nth: u64 },
    /// Voids all earlier events of the provider; the following ones belong to these keys.
    Keys(Account),
}

/// A mark of the keys that rows are requested with. It reveals neither the keys nor their id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) mark: String,
    /// The keys are permanent, so the same account always has the same mark.
    pub(crate) lasting: bool,
}

/// What a successful call took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallStats {
    pub(crate) attempts: u32,
    pub(crate) round_trip: Duration,
}
