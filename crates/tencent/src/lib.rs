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
//!
//! Another provider's operation does not compile:
//!
//! ```compile_fail
//! # async fn example(client: standing_tencent::Client) -> Result<(), standing_tencent::Error> {
//! use standing_core::{Credentials, CredentialsError, RawResponse, ResponseError, Method, Payload, Operation, OperationInfo};
//! use standing_core::{Provider, Request, Service, SigningContext};
//!
//! #[derive(Default)]
//! struct Other;
//! impl Provider for Other {
//!     const NAME: &'static str = "other";
//!     fn credentials(_: &dyn Fn(&str) -> Option<String>) -> Result<Credentials, CredentialsError> {
//!         Ok(Credentials::new("id", "secret"))
//!     }
//!     fn sign(&self, _: &mut Request, _: &OperationInfo, _: &Credentials, _: &SigningContext) -> Result<(), CredentialsError> {
//!         Ok(())
//!     }
//!     fn parse_response<'r>(&self, answer: &'r RawResponse, _: &OperationInfo) -> Result<Payload<'r>, ResponseError> {
//!         Ok(Payload { payload: answer.text(), request_id: None })
//!     }
//! }
//!
//! static SERVICE: Service = Service::new("other", "service", "example.com");
//! #[derive(Clone, serde::Serialize)]
//! struct Ask {}
//! impl Operation for Ask {
//!     type Provider = Other; // `standing_tencent::Tencent` here, and it compiles
//!     type Output = ();
//!     const INFO: OperationInfo = OperationInfo::new(&SERVICE, "Ask", Method::Post, "/");
//! }
//! client.send(&Ask {}).await?;
//! # Ok(())
//! # }
//! ```

mod operations;
mod provider;
mod site;

pub use operations::*;
pub use provider::Tencent;
pub use site::Site;
pub use standing_core::{
    Amount, Credentials, Decimal, Error, ErrorKind, Json, Page, Pages, ProvideCredentials,
    RateLimit, Response,
};

/// A client of Tencent Cloud.
pub type Client = standing_core::Client<Tencent>;
