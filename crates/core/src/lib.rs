//! Contracts, signing primitives and the one call loop under the provider crates.
