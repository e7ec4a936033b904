//! Tests of the sandbox with a client that uses a bare socket.
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
mod requests;
mod robustness;
mod tencent;
mod tencent_tc3;
mod tencent_v1;
