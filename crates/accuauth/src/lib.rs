#![doc = include_str!("../README.md")]
//!
//! # In this crate
//!
//! Start with [`Client`]; its requests are in [`check`], its hosts in [`Site`], and failures are [`Error`]s with an
//! [`ErrorKind`].

mod mobile;
mod operations;
mod provider;
mod site;

pub use mobile::{InvalidMobile, normalize_mobile};
#[cfg(feature = "md5")]
pub use mobile::{MobileForm, mobile_md5};
pub use operations::*;
pub use provider::AccuAuth;
pub use site::{BodyEncoding, Site};
#[doc(inline)]
pub use standing_core::api::*;

/// A client of AccuAuth.
pub type Client = standing_core::Client<AccuAuth>;

/// The set-up of a client of AccuAuth.
pub type ClientBuilder = standing_core::ClientBuilder<AccuAuth>;
