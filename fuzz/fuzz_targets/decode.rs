//! Bodies of successes: read or refused, never a panic, and what is refused is not quoted.

#![no_main]

use libfuzzer_sys::fuzz_target;
use standing_core::Operation;
use standing_core::testing::reads;

fn check<O: Operation>(body: &[u8]) {
    if let Err(told) = reads::<O>(body) {
        assert!(told.len() < 1024, "{}", told.len());
    }
}

fuzz_target!(|body: &[u8]| {
    check::<standing_tencent::ip::QueryCustomersCredit>(body);
    check::<standing_huawei::bss::ListSubCustomerNewTag>(body);
    check::<standing_alibaba::bss::GetCustomerAccountInfo>(body);
    check::<standing_accuauth::check::CheckDebtsReport>(body);
});
