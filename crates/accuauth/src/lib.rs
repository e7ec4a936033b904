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
//!     None => println!("this person is not found"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Every look-up may be billed. A look-up that may have run, or that was refused for too many
//! requests, is retried only if [`retry_metered`](standing_core::ClientBuilder::retry_metered) allows
//! it. A person who is not found (`NOT_HIT`) is `None`, not an error; the [`Response`] has the request
//! id.
//!
//! Every request has the secret in a header. Three things are not documented:
//!
//! - The encoding of the body: choose with [`BodyEncoding`].
//! - The spelling of a number: [`normalize_mobile`] converts every spelling to one, and refuses a text
//!   that is no mobile number of Indonesia before it is billed.
//! - The form of a number before it is hashed: `mobile_md5` (feature `md5`) takes the form as an
//!   argument.

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
