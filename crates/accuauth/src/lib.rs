//! AccuAuth: a person's debts report.

mod profile;
mod provider;

pub use profile::{BodyEncoding, Site};
pub use provider::AccuAuth;
pub use standing_core::{
    Amount, Credentials, Error, ErrorKind, Page, Pages, ProvideCredentials, RateLimit, Response,
};

/// A client of AccuAuth.
pub type Client = standing_core::Client<AccuAuth>;
