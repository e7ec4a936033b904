#![doc = include_str!("../README.md")]
//!
//! # In this crate
//!
//! Users depend on a provider crate, which re-exports what its callers need from here. The root has the
//! names that callers use: [`Client`], [`Response`], [`Error`], [`Credentials`],
//! [`Pages`], [`Amount`], …; the modules have the rest:
//!
//! - [`operation`]: the facts that describe an operation, for calls by [`Client::raw`]
//! - [`paginated`]: how operations page, and how a list changed under a walk
//! - [`catalogue`]: operations without their types, JSON in and JSON out
//! - [`clock`]: time and randomness, which a test can replace
//! - [`provider`]: the contract of a provider, for a new provider crate
//! - [`sign`]: signing primitives for providers
//!
//! A [`Provider`](provider::Provider) is a set of functions over values, above all [`sign`](provider::Provider::sign).
//! This crate parses responses by the [`Envelope`](operation::Envelope) of the operation.
//! Everything that waits, reads a clock or touches a socket is in this crate, around its call loop.

mod activity;
mod amount;
mod attempt_error;
mod builder;
mod call;
pub mod catalogue;
mod classify;
mod client;
pub mod clock;
mod clock_skew;
mod credentials;
mod credentials_cache;
#[cfg(doctest)]
mod doctests;
mod encode;
mod endpoint;
mod envelope;
mod error;
mod lenient;
mod model;
pub mod operation;
mod pages;
pub mod paginated;
pub mod provider;
mod rate_limit;
mod raw_object;
mod raw_response;
mod request;
mod response;
mod retry;
mod retry_budget;
mod scrub;
mod secret;
pub mod sign;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;
mod typed;
mod validate;

pub use builder::ClientBuilder;
pub use client::Client;

#[doc(inline)]
pub use api::*;

#[doc(hidden)]
pub mod api {
    //! What callers use, except the client and its builder, which every provider crate names with its
    //! own provider. The root of this crate and of every provider crate has it all.

    pub use rust_decimal::Decimal;

    pub use crate::activity::Activity;
    pub use crate::amount::{Amount, ParseAmountError};
    pub use crate::credentials::{
        Credentials, CredentialsError, CredentialsFuture, ProvideCredentials,
    };
    pub use crate::error::{Error, ErrorKind};
    pub use crate::lenient::{Deviation, DeviationKind};
    pub use crate::model::{Json, UnknownNumber, UnknownValue};
    pub use crate::pages::{Items, Page, Pages};
    pub use crate::paginated::Paginated;
    pub use crate::response::Response;
    pub use crate::secret::Secret;
    pub use crate::typed::Operation;
    pub use crate::validate::{InvalidRequest, Violation};
    pub use crate::{catalogue, clock, operation, paginated};
}

#[doc(hidden)]
pub mod text {
    //! What the binary and this crate do alike with texts.
    pub use crate::lenient::nearest;
    pub use crate::scrub::is_invisible;
}

#[doc(hidden)]
pub mod generated {
    //! Everything that generated modules and the macros of this crate name.
    pub use std::collections::BTreeMap;
    pub use std::fmt;

    pub use serde::{self, Deserialize, Serialize};

    pub use crate::catalogue::ErasedOperation;
    pub use crate::model::{Json, UnknownNumber, UnknownValue, lower_case, non_empty};
    pub use crate::operation::{
        CodeKind, Effect, Envelope, ErrorCode, Lists, Method, OperationInfo, Params, Place,
        RateLimit, Service, Success,
    };
    pub use crate::paginated::{Batch, Cursor, Paginated, Paging, PagingStyle, batches};
    pub use crate::secret::{Hidden, Presence};
    pub use crate::typed::Operation;
    pub use crate::validate::{Format, InvalidRequest, Violations};
    pub use crate::{Amount, open_enum, wrapped_list};
}
