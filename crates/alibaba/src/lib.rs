//! Alibaba Cloud BSS: the account of a partner's customer.

mod operations;
mod profile;
mod provider;

pub use operations::*;
pub use profile::Site;
pub use provider::Alibaba;
pub use standing_core::{
    Amount, Credentials, Error, ErrorKind, Page, Pages, ProvideCredentials, RateLimit, Response,
};

/// A client of Alibaba Cloud.
pub type Client = standing_core::Client<Alibaba>;
