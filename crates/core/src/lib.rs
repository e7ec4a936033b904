#![doc = include_str!("../README.md")]
//!
//! # In this crate
//!
//! Users meet [`Client`] and [`ClientBuilder`], [`Response`], [`Error`], [`Credentials`], [`Pages`]
//! and [`Amount`]. The rest is the contract between generated requests ([`Operation`]), providers
//! ([`Provider`], above all [`Provider::sign`] and [`Provider::parse_response`]) and the call loop,
//! which alone waits, reads a clock and touches a socket.

mod activity;
mod amount;
mod call;
mod catalogue;
mod client;
mod clock;
mod credentials;
mod encode;
mod envelope;
mod error;
mod lenient;
mod model;
mod operation;
mod pages;
mod provider;
mod rate_limit;
mod redact;
mod request;
mod retry;
pub mod sign;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;
mod validate;

pub use activity::Activity;
pub use amount::{Amount, ParseAmountError};
pub use catalogue::{Entry, Rows};
pub use client::{Client, ClientBuilder, Response};
pub use clock::{Clock, Random, Sleep, SystemClock, SystemRandom};
pub use credentials::{Credentials, CredentialsError, CredentialsFuture, ProvideCredentials};
pub use envelope::RawObject;
pub use error::{Error, ErrorKind};
pub use lenient::{Deviation, DeviationKind};
pub use model::{Json, UnknownValue, lower_case, non_empty};
pub use operation::{
    Batch, CodeKind, Cursor, Effect, Envelope, ErrorCode, Lists, Method, Operation, OperationInfo,
    Paginated, Paging, PagingStyle, Params, Place, RateLimit, Service, Success, batches,
};
pub use pages::{Drift, Items, Page, Pages};
pub use provider::{
    Limits, Payload, Provider, RawResponse, ResponseError, ServiceError, SigningContext,
};
pub use redact::{Hidden, Presence, Secret};
pub use request::{Body, Endpoint, Request};
pub use rust_decimal::Decimal;
pub use validate::{Format, InvalidRequest, Violation, Violations};

#[doc(hidden)]
pub mod export {
    //! What the macros of this crate expand to.
    pub use serde;
}
