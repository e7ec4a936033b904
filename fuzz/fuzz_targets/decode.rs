//! Bodies of successes: read or refused, never a panic, and what is refused is not quoted.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::{Deserialize, Serialize};
use standing_accuauth::AccuAuth;
use standing_core::Operation;
use standing_core::operation::{Method, OperationInfo, Service};
use standing_core::testing::parse_success;

static SERVICE: Service = Service::new("accuauth", "tree", "tree.invalid");

/// An operation whose answer has rows inside rows, which no provider here has yet.
#[derive(Clone, Serialize)]
struct Tree {}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(dead_code, reason = "it is only read")]
struct Row {
    id: Option<u64>,
    #[serde(default)]
    rows: Vec<Row>,
    below: Option<Box<Row>>,
}

impl Operation for Tree {
    type Provider = AccuAuth;
    type Output = Row;
    const INFO: OperationInfo = OperationInfo::new(&SERVICE, "Tree", Method::Post, "/");
}

fn check<O: Operation>(body: &[u8]) {
    if let Err(text) = parse_success::<O>(body) {
        assert!(text.len() < 1024, "{}", text.len());
    }
}

fuzz_target!(|body: &[u8]| {
    check::<Tree>(body);
    check::<standing_tencent::ip::QueryCustomersCredit>(body);
    check::<standing_huawei::bss::ListSubCustomerNewTag>(body);
    check::<standing_alibaba::bss::GetCustomerAccountInfo>(body);
    check::<standing_accuauth::check::CheckDebtsReport>(body);
});
