//! Huawei Cloud partner API: the new-customer tags of a partner's customers.

mod iam;
mod operations;
mod profile;
mod provider;

pub use iam::IamTokens;
pub use operations::*;
pub use profile::Site;
pub use provider::Huawei;
pub use standing_core::{
    Amount, Credentials, Error, ErrorKind, Page, Pages, ProvideCredentials, RateLimit, Response,
};

/// A client of Huawei Cloud.
pub type Client = standing_core::Client<Huawei>;
