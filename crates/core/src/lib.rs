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
mod attempt_error;
mod call;
mod catalogue;
mod classify;
mod client;
mod clock;
mod clock_skew;
mod credentials;
mod credentials_cache;
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
mod retry_budget;
mod scrub;
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
pub use model::{Json, UnknownNumber, UnknownValue, lower_case, non_empty};
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
pub mod generated {
    //! Everything that generated modules and the macros of this crate name.
    pub use std::collections::BTreeMap;
    pub use std::fmt;

    pub use serde::{self, Deserialize, Serialize};

    pub use crate::{
        Amount, Batch, CodeKind, Cursor, Entry, Envelope, ErrorCode, Format, Hidden,
        InvalidRequest, Json, Lists, Method, Operation, OperationInfo, Paginated, Paging, Params,
        Place, RateLimit, Service, Success, Violations, open_enum, wrapped_list,
    };
}
