//! Fixtures: read or refused, never a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use xtask::load::problem::Problems;

fuzz_target!(|text: &str| {
    let mut problems = Problems::default();
    let _ = xtask::load::parse::parse("fixture.json".to_owned(), text.to_owned(), &mut problems);
});
