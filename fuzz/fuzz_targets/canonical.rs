//! Canonical requests: a line for everything, whatever the texts, and an encoding that can be undone.

#![no_main]

use libfuzzer_sys::fuzz_target;
use standing_core::sign::{canonical, percent, percent_decoded};

fuzz_target!(|texts: (&str, &str, &str)| {
    let (name, value, query) = texts;
    let encoded = percent(query);
    assert_eq!(percent_decoded(&encoded), query);
    assert!(encoded.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~%".contains(&b)));
    let headers = [("host", "example.com"), (name, value)];
    let canonical = canonical("post", "/", &encoded, &headers, "hash");
    assert!(canonical.text.starts_with("POST\n/\n"));
    assert!(canonical.text.ends_with(&format!("\n\n{}\nhash", canonical.signed_headers)));
    assert_eq!(canonical.hash().len(), 64);
});
