//! Checks that the generated tests of the provider crates are made of.
