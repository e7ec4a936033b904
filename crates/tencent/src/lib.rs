//! Tencent Cloud International partner API: customers' credit and forced stops.
//!
//! Operations:
//!
//! - [`intlpartnersmgt::ForceQN`] (write)
//! - [`intlpartnersmgt::QueryCustomersCredit`]
//! - [`ip::QueryCustomersCredit`]
//!
//! ```no_run
//! # async fn example() -> Result<(), standing_tencent::Error> {
//! use standing_tencent::{Client, ip::QueryCustomersCredit};
//!
//! let client = Client::from_env()?; // TENCENTCLOUD_SECRET_ID, TENCENTCLOUD_SECRET_KEY
//! let page = client.send(&QueryCustomersCredit::new().with_page_size(50)).await?;
//! for customer in &page.data {
//!     println!("{:?}: {:?} left of {:?}", customer.client_uin, customer.remaining_credit, customer.credit);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! `QueryCustomersCredit` exists in two dialects, as two services: [`ip`] (version 2021-04-09, 20
//! requests a second) and [`intlpartnersmgt`] (version 2022-09-28, 5 requests a second). Requests
//! are signed with TC3-HMAC-SHA256; `Response.Error` is an error at any HTTP status.

mod operations;
mod provider;
mod site;

pub use operations::*;
pub use provider::Tencent;
pub use site::Site;
#[doc(inline)]
pub use standing_core::api::*;

/// A client of Tencent Cloud.
pub type Client = standing_core::Client<Tencent>;

/// The set-up of a client of Tencent Cloud.
pub type ClientBuilder = standing_core::ClientBuilder<Tencent>;
