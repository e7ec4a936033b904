//! The generator behind `cargo xtask codegen`: fixtures in, Rust out.
//!
//! ```text
//! fixtures/**.json ─ json ─▶ nodes ─ read ─▶ typed access ─ fixtures, operation, types ─▶ model
//!                                                    samples held to it by examples
//!          any problem? all of them are told, and nothing is written
//! model ─ emit ─▶ text ─ rustfmt ─▶ files ─ tree ─▶ compare, write, remove
//! ```

pub mod assumptions;
pub mod codegen;
pub mod diag;
pub mod draft;
pub mod emit;
pub mod examples;
pub mod fixtures;
pub mod json;
pub mod model;
pub mod names;
pub mod operation;
pub mod read;
pub mod rustfmt;
pub mod tree;
pub mod types;
