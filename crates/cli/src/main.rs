//! Asks providers for a customer's standing, from the command line.

fn main() {}
