#![doc = include_str!("../README.md")]
//!
//! # In this crate
//!
//! Start with [`Client`]; its requests are in [`ip`] and [`intlpartnersmgt`], its hosts in [`Site`], and failures
//! are [`Error`]s with an [`ErrorKind`].

mod operations;
mod provider;
mod site;

pub use operations::*;
pub use provider::Tencent;
pub use site::Site;
#[doc(inline)]
pub use standing_core::api::*;

/// A client of Tencent Cloud.
pub type Client = standing_core::Client<Tencent>;

/// The set-up of a client of Tencent Cloud.
pub type ClientBuilder = standing_core::ClientBuilder<Tencent>;
