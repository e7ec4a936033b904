//! Contracts, signing primitives and the one call loop under the `standing` provider crates.
//!
//! Users depend on a provider crate and get this one with it. What they meet here: [`Client`] and
//! its [`ClientBuilder`], [`Response`], [`Error`], [`Credentials`], [`Pages`] and [`Amount`]. The
//! rest is the contract that generated models ([`Operation`]) and providers ([`Provider`]) meet.
//!
//! A [`Provider`] is a set of functions over values, above all [`Provider::sign`] and
//! [`Provider::parse_response`]. Everything that waits, reads a clock or touches a socket is in the call loop
//! of this crate.

mod activity;
mod amount;
mod builder;
mod call;
mod catalogue;
mod client;
mod clock;
mod credentials;
mod encode;
mod endpoint;
mod envelope;
mod error;
mod lenient;
mod model;
mod operation;
mod pages;
mod paginated;
mod provider;
mod rate_limit;
mod raw_response;
mod redact;
mod request;
mod response;
mod retry;
pub mod sign;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;
mod validate;

pub use activity::Activity;
pub use amount::{Amount, ParseAmountError};
pub use builder::ClientBuilder;
pub use catalogue::{Entry, Rows};
pub use client::Client;
pub use clock::{Clock, Random, Sleep, SystemClock, SystemRandom};
pub use credentials::{Credentials, CredentialsError, CredentialsFuture, ProvideCredentials};
pub use endpoint::Endpoint;
pub use envelope::RawObject;
pub use error::{Error, ErrorKind};
pub use lenient::{Deviation, DeviationKind};
pub use model::{Json, UnknownValue, lower_case, non_empty};
pub use operation::{
    CodeKind, Effect, Envelope, ErrorCode, Lists, Method, Operation, OperationInfo, Params, Place,
    RateLimit, Service, Success,
};
pub use pages::{Drift, Items, Page, Pages};
pub use paginated::{Batch, Cursor, Paginated, Paging, PagingStyle, batches};
pub use provider::{
    Limits, Payload, Provider, RawResponse, ResponseError, ServiceError, SigningContext,
};
pub use redact::{Hidden, Presence, Secret};
pub use request::{Body, Request};
pub use response::Response;
pub use rust_decimal::Decimal;
pub use validate::{Format, InvalidRequest, Violation, Violations};

#[doc(hidden)]
pub mod export {
    //! What the macros of this crate expand to.
    pub use serde;
}
