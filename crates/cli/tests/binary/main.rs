//! The built binary, as a shell sees it: exit codes, standard output, standard error.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test helpers"
)]

mod bench;
mod call;
mod page;
mod report;
mod resume;
mod schema;
mod serve;
mod usage;
