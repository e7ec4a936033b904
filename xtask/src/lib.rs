//! The generator behind `cargo xtask codegen`: fixtures in, Rust out.
//!
//! ```text
//! fixtures/**.json ─ load ─▶ JSON values with positions ─ read ─▶ model
//!        (if there are problems, all of them are reported, and nothing is written)
//! model ─ emit ─▶ Rust ─ rustfmt ─▶ files ─ disk ─▶ compare, write, remove
//! ```
//!
//! `codegen` runs these stages. `check` is no stage: `read` calls it for the defaults and limits of a
//! field, and for the samples of an operation as soon as that is read. `draft` (`cargo xtask new`) and
//! `assumptions` are commands of their own.
//!
//! `load` depends on none of the others, `model` on the JSON values of `load`, `check` on both, `read`
//! on all three, `emit` on `model` and JSON values. `names`, `wording` and `characters` are for all.

pub mod assumptions;
pub mod characters;
pub mod check;
pub mod codegen;
pub mod disk;
pub mod draft;
pub mod emit;
pub mod load;
pub mod model;
pub mod names;
pub mod read;
pub mod rustfmt;
pub mod wording;
