//! AccuAuth: a person's debts report.

#[cfg(feature = "md5")]
mod mobile;
mod operations;
mod profile;
mod provider;

#[cfg(feature = "md5")]
pub use mobile::{InvalidMobile, MobileForm, mobile_md5};
pub use operations::*;
pub use profile::{BodyEncoding, Site};
pub use provider::AccuAuth;
pub use standing_core::{
    Amount, Credentials, Error, ErrorKind, Page, Pages, ProvideCredentials, RateLimit, Response,
};

/// A client of AccuAuth.
pub type Client = standing_core::Client<AccuAuth>;
