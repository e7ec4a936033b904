//! Alibaba Cloud BSS: customers' accounts and credit quotas, and invoice items.
//!
//! Operations:
//!
//! - [`bss::GetCustomerAccountInfo`]
//! - [`bss::QueryEvaluateList`]
//! - [`bss::QueryResellerAvailableQuota`]
//!
//! ```no_run
//! # async fn example() -> Result<(), standing_alibaba::Error> {
//! use standing_alibaba::{Client, bss::GetCustomerAccountInfo};
//!
//! let client = Client::from_env()?; // ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET
//! let request = GetCustomerAccountInfo::new().with_owner_id(1_234_567_890_123_456);
//! match client.send(&request).await?.into_inner() {
//!     Some(account) => println!("{:?}", account.credit_limit_status),
//!     None => println!("there is no record of this customer"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Accounts of the China site and of the international one have hosts of their own: see [`Site`].
//! Requests are signed with ACS3-HMAC-SHA256, every attempt with a nonce of its own. Whether an
//! answer of HTTP 200 is a success is decided by its `Success`, whatever its `Code` says.

mod operations;
mod provider;
mod site;

pub use operations::*;
pub use provider::Alibaba;
pub use site::Site;
#[doc(inline)]
pub use standing_core::api::*;

/// A client of Alibaba Cloud.
pub type Client = standing_core::Client<Alibaba>;

/// The set-up of a client of Alibaba Cloud.
pub type ClientBuilder = standing_core::ClientBuilder<Alibaba>;
