//! Huawei Cloud partner API: new-customer tags, grants to customers, and balances.
//!
//! Operations:
//!
//! - [`bss::ListPartnerAdjustRecords`]
//! - [`bss::ListPartnerBalances`]
//! - [`bss::ListSubCustomerNewTag`]
//!
//! ```no_run
//! # async fn example() -> Result<(), standing_huawei::Error> {
//! use standing_huawei::{Client, bss::ListSubCustomerNewTag};
//!
//! let client = Client::from_env()?; // HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK
//! let mut pages = client.pages(ListSubCustomerNewTag::new());
//! while let Some(page) = pages.next().await.transpose()? {
//!     println!("{:?}", page.items);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Without ids, `ListSubCustomerNewTag` returns the tags of all customers of the partner. [`tags_of`]
//! requests any number of ids, and sends nothing if there are none. That operation exists on the
//! mainland only.
//!
//! Requests are signed with SDK-HMAC-SHA256, or carry a token instead of a signature: one of your
//! own ([`Credentials::token_only`], or `HUAWEICLOUD_X_AUTH_TOKEN`, which comes before the keys), or
//! those that [`IamTokens`] gets for a user or an agency:
//!
//! ```no_run
//! # fn example() -> Result<(), standing_huawei::Error> {
//! use standing_huawei::{Client, IamTokens};
//!
//! let tokens = IamTokens::password(Client::builder(), "account", "user", "password")?;
//! let client = Client::builder().credentials_provider(tokens).build()?;
//! # Ok(())
//! # }
//! ```
//!
//! More than five wrong signatures in a row lock a key for five minutes, so a call with keys that are
//! refused makes one request. `error_code` is an error at any HTTP status.

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
