//! Generates the models from the fixtures.

fn main() {}
