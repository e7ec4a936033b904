//! What networks and providers do to the clients, and what must come of it.
//!
//! The rows are tests, named after them, in `tests/rows`; this is what they are made of: a server
//! that follows a script ([`raw`]), a clock whose pauses take no time ([`clock`]), a watch for secrets
//! and personal data ([`watch`]), and a provider of one operation of each class ([`trial`]). Faults
//! inside a stream are scripts that write a part and then close, reset, drip or fall silent. The table
//! of all rows, with the tests that hold them, is the README of this crate.

#![allow(
    clippy::expect_used,
    reason = "a harness that cannot be set up fails its test"
)]

pub mod child;
pub mod clock;
pub mod raw;
pub mod trial;
pub mod watch;

use std::sync::Arc;

use standing_core::provider::Provider;
use standing_core::{Client, ClientBuilder, Credentials};
use standing_sandbox::{Builder, Key, Sandbox};
use standing_tencent::Tencent;
use standing_tencent::ip::QueryCustomersCredit;

use clock::{ManualClock, Seeded};
use trial::Metered;
use watch::{KEY_ID, KEY_SECRET, MAIL, MOBILE, NAME};

/// The keys that every client of the suite has.
pub fn keys() -> Credentials {
    Credentials::new(KEY_ID, KEY_SECRET)
}

/// A client of any provider, with keys that are watched for, that keeps to no rate.
pub fn builder<P: Provider>(endpoint: impl Into<String>) -> ClientBuilder<P> {
    Client::builder()
        .credentials(keys())
        .endpoint(endpoint)
        .unlimited_rate()
        .random(Arc::new(Seeded::new(7)))
}

/// A client of Tencent that pauses without waiting.
pub fn tencent(endpoint: impl Into<String>, clock: &ManualClock) -> Client<Tencent> {
    let builder = builder(endpoint).clock(Arc::new(clock.clone()));
    builder.build().expect("a client")
}

/// A client of the provider with a billed look-up that pauses without waiting.
pub fn metered(endpoint: impl Into<String>, clock: &ManualClock) -> Client<Metered> {
    let builder = builder(endpoint).clock(Arc::new(clock.clone()));
    builder.build().expect("a client")
}

/// A search at Tencent with personal data in it.
pub fn search() -> QueryCustomersCredit {
    QueryCustomersCredit::new()
        .with_filter_type("Remark")
        .with_filter(MAIL)
}

/// A success of Tencent's with personal data in it.
pub fn found() -> String {
    format!(
        r#"{{"Response":{{"Total":1,"Data":[{{"ClientUin":200000000001,"Name":"{NAME}","Mobile":"{MOBILE}","Email":"{MAIL}"}}],"RequestId":"r-1"}}}}"#
    )
}

/// A failure of Tencent's, with a message that repeats what was asked and with what.
pub fn failed(code: &str) -> String {
    format!(
        r#"{{"Response":{{"Error":{{"Code":"{code}","Message":"no {MAIL} for {KEY_ID} and {KEY_SECRET}"}},"RequestId":"r-1"}}}}"#
    )
}

/// A sandbox that knows the keys of the suite and refuses no rate.
pub fn sandbox() -> Builder {
    standing_sandbox::Provider::ALL.into_iter().fold(
        Sandbox::builder().rate_limits(false),
        |builder, provider| builder.key(provider, Key::new(KEY_ID, KEY_SECRET)),
    )
}

/// The README's examples, so that they compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
