#![doc = include_str!("../README.md")]
//!
//! # In this crate
//!
//! Start with [`Client`]; its requests are in [`bss`], its hosts in [`Site`], and failures are [`Error`]s with an
//! [`ErrorKind`].

mod operations;
mod provider;
mod site;

pub use operations::*;
pub use provider::Alibaba;
pub use site::Site;
#[doc(inline)]
pub use standing_core::api::*;

/// A client of Alibaba Cloud.
pub type Client = standing_core::Client<Alibaba>;

/// The set-up of a client of Alibaba Cloud.
pub type ClientBuilder = standing_core::ClientBuilder<Alibaba>;
