//! The rows of the fault table, each a test that is named after its row.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "what helps a test fails with it"
)]

mod a_connections;
mod b_tls;
mod c_framing;
mod costs;
mod d_time;
mod e_bodies;
mod expiry;
mod f_envelopes;
mod g_signing;
mod h_retries;
mod j_secrets;
mod k_concurrency;
mod properties;
mod reuse;
mod table;
