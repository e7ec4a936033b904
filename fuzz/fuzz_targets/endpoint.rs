//! Endpoints: what is taken is taken alike when it is written out and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use standing_core::provider::Endpoint;

fuzz_target!(|text: &str| {
    match Endpoint::parse(text) {
        Ok(endpoint) => {
            let again =
                Endpoint::parse(&endpoint.to_string()).expect("what was taken is taken again");
            assert_eq!(again, endpoint);
            assert!(endpoint.is_secure() || endpoint.is_loopback());
        }
        Err(error) => assert!(error.message().len() < 200),
    }
});
