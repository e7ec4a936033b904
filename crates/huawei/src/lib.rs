#![doc = include_str!("../README.md")]
//!
//! # In this crate
//!
//! Start with [`Client`]; its requests are in [`bss`], its hosts in [`Site`], tokens in [`IamTokens`], and failures
//! are [`Error`]s with an [`ErrorKind`]. [`tags_of`] handles any number of ids.

mod iam;
mod operations;
mod provider;
mod site;
mod tags;

pub use iam::IamTokens;
pub use operations::*;
pub use provider::Huawei;
pub use site::Site;
#[doc(inline)]
pub use standing_core::api::*;
pub use tags::{Tags, TagsError, tags_of};

/// A client of Huawei Cloud.
pub type Client = standing_core::Client<Huawei>;

/// The set-up of a client of Huawei Cloud.
pub type ClientBuilder = standing_core::ClientBuilder<Huawei>;
