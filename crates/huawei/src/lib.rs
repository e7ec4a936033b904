//! Huawei Cloud partner API: the new-customer tags of a partner's customers.
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
//! Without ids the request means all customers of the partner. [`tags_of`] asks for any number of
//! ids, and for nobody if there are none. The operation exists on the mainland only:
//! [`Site::Europe`] is for operations that have no type yet.
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
mod profile;
mod provider;
mod tags;

pub use iam::IamTokens;
pub use operations::*;
pub use profile::Site;
pub use provider::Huawei;
pub use standing_core::{
    Amount, Credentials, Decimal, Error, ErrorKind, Json, Page, Pages, ProvideCredentials,
    RateLimit, Response,
};
pub use tags::{Tags, tags_of};

/// A client of Huawei Cloud.
pub type Client = standing_core::Client<Huawei>;
