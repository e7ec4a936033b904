//! The generator behind `cargo xtask codegen`: fixtures in, Rust out.
//!
//! ```text
//! fixtures/**.json ─ load ─▶ values with places ─ read ─▶ model ─ check ─▶ model with samples
//!               (if there are problems, all of them are reported, and nothing is written)
//! model ─ emit ─▶ text ─ rustfmt ─▶ files ─ tree ─▶ compare, write, remove
//! ```
//!
//! `load` depends on nothing else, `check` and `model` on `load`, `read` on all three, `emit` on the
//! model and on JSON values.

pub mod assumptions;
pub mod check;
pub mod codegen;
pub mod draft;
pub mod emit;
pub mod load;
pub mod model;
pub mod names;
pub mod read;
pub mod rustfmt;
pub mod tree;
pub mod words;
