//! AccuAuth: a person's debts report.
//!
//! Operations:
//!
//! - [`check::CheckDebtsReport`] (metered)
//!
//! ```no_run
//! # async fn example() -> Result<(), standing_accuauth::Error> {
//! use standing_accuauth::{Client, check::CheckDebtsReport};
//!
//! let client = Client::from_env()?; // ACCUAUTH_API_ID, ACCUAUTH_API_SECRET
//! let answer = client.send(&CheckDebtsReport::for_mobile("+628123456789")).await?;
//! match answer.into_inner() {
//!     Some(found) => println!("{} reports", found.result.len()),
//!     None => println!("nothing is known about this person"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Every look-up may be billed, so none is repeated once it may have run, nor when it was refused
//! for coming too fast, unless
//! [`retry_metered`](standing_core::ClientBuilder::retry_metered) allows it. Nobody found
//! (`NOT_HIT`) is a value, not an error, and its request id is in the [`Response`].
//!
//! The secret travels in a header of every request. The documentation does not say how fields
//! travel: see [`BodyEncoding`]; nor how a number is spelt: [`normalize_mobile`] has one spelling for
//! all of a number, and refuses what is no mobile number of Indonesia before it is billed; nor how it
//! is written before it is hashed: with the feature `md5`, `mobile_md5` has the caller say it.

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
