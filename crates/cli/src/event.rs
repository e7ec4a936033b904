//! What a sweep finds, as the journal has it.

use serde::{Deserialize, Serialize};

use crate::error_object::ErrorObject;
use crate::row::ReportRow;

/// What a call found, or that it is about to be made.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Found {
    /// A page of a list.
    Page {
        rows: Vec<ReportRow>,
        total: Option<u64>,
        /// Where the list goes on; nothing once it is over.
        next: Option<String>,
        /// The list has changed, and rows may come twice.
        drift: bool,
    },
    /// One customer, by the place among those to ask about.
    One { nth: u64, row: ReportRow },
    /// A call about one customer failed.
    Lost {
        nth: u64,
        row: ReportRow,
        error: ErrorObject,
    },
    /// A metered call is made: without an answer nobody knows whether it was billed.
    Asked { nth: u64 },
    /// Everything of the provider before this line is void, and what follows is of these keys.
    Keys(Account),
}

/// A mark of the keys that rows are asked for with. Neither they nor the id can be read from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) mark: String,
    /// The keys last, so the same account has the same mark the next time.
    pub(crate) lasting: bool,
}
