//! An emulator of the four providers on loopback: it verifies signatures from the raw bytes,
//! answers as the providers do, and fails on demand.
//!
//! It shares no code with the clients, so a mistake in a client's canonical request cannot pass on
//! both sides. It connects to nothing, listens on 127.0.0.1 only, has no global state, and ends
//! when the [`Sandbox`] is dropped.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use standing_sandbox::{Provider, Sandbox, fault};
//!
//! let sandbox = Sandbox::builder().seed(7).customers(500).start().await?;
//! let endpoint = sandbox.endpoint(Provider::Tencent); // http://127.0.0.1:PORT
//! let key = sandbox.key(Provider::Tencent); // the same in every sandbox, valid nowhere else
//! sandbox.fault(fault::throttle().on("QueryCustomersCredit").times(2));
//! // … configure a client with `endpoint`, `key.id` and `key.secret`, and call it …
//! assert!(endpoint.starts_with("http://127.0.0.1:"));
//! assert!(!format!("{key:?}").contains(&key.secret));
//! sandbox.assert_all_verified();
//! # Ok(())
//! # }
//! ```
//!
//! Where a provider's documentation says nothing, the sandbox makes an assumption; the
//! [`Provider`] lists them.
//!
//! # Limits
//!
//! The sandbox has no TLS, no storage and no web interface, and it does not prove that the live
//! service behaves in the same way.

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
pub use fault::Fault;
pub use log::{Entry, Report, Verification};
pub use persona::{Persona, Verdict};
pub use provider::Provider;
pub use sandbox::{Customer, Sandbox};
