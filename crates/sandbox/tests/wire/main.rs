//! The sandbox as a client on a bare socket sees it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test helpers"
)]

mod accuauth;
mod alibaba;
mod client;
mod faults;
mod huawei;
mod robustness;
mod tencent;
mod tencent_signatures;
