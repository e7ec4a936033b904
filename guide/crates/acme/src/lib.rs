//! An async client for Acme, an invented provider: the worked example of the guide in
//! `CONTRIBUTING.md`.

mod operations;
mod provider;
mod site;

pub use operations::*;
pub use provider::Acme;
pub use site::Site;
pub use standing_core::{
    Amount, Credentials, Decimal, Error, ErrorKind, Page, Pages, ProvideCredentials, RateLimit,
    Response,
};

/// A client of Acme.
pub type Client = standing_core::Client<Acme>;
