#![doc = include_str!("../README.md")]
//!
//! # In this crate
//!
//! Start with [`Sandbox`] and its [`Builder`]; the functions in [`fault`] make faults. [`Provider`]
//! lists the assumptions.

mod accuauth;
mod alibaba;
mod builder;
mod chaos;
mod clock;
mod credentials;
mod customer;
mod digest;
mod encoding;
pub mod fault;
mod fault_stream;
mod handler;
mod huawei;
mod injector;
mod json;
mod log;
mod persona;
mod provider;
mod rate_limit;
mod request;
mod response;
mod sandbox;
mod seed;
mod server;
mod state;
mod tencent;

pub use builder::Builder;
pub use clock::Clock;
pub use credentials::{IamUser, Key};
#[doc(inline)]
pub use fault::Fault;
pub use log::{Entry, Report, Verification};
pub use persona::{Persona, Verdict};
pub use provider::Provider;
pub use sandbox::{Customer, Sandbox};
