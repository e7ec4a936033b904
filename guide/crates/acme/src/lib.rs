//! An async client for Acme, an invented provider: the worked example of the guide in
//! `CONTRIBUTING.md`.

mod operations;
mod provider;
mod site;

pub use operations::*;
pub use provider::Acme;
pub use site::Site;
#[doc(inline)]
pub use standing_core::api::*;

/// A client of Acme.
pub type Client = standing_core::Client<Acme>;
