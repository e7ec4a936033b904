//! What one call costs in requests, by fault and provider, counted by the server.

use std::sync::Arc;
use std::time::Duration;

use standing_core::clock::Clock;
use standing_core::{Error, Operation, Response};
use standing_faults::clock::ManualClock;
use standing_faults::watch::{KEY_ID, Watch};
use standing_faults::{builder, sandbox};
use standing_sandbox::{Provider, Sandbox, fault};

/// How a call came out, and what it cost.
#[derive(Debug, PartialEq, Eq)]
enum Came {
    Fine,
    Failed(&'static str),
}

async fn cost<O>(
    operation: &O,
    provider: Provider,
    set_up: impl Fn(&Sandbox, &ManualClock) -> bool,
) -> (u64, Came)
where
    O: Operation<Output: std::fmt::Debug>,
{
    let watch = Watch::new();
    let sandbox = sandbox().start().await.unwrap();
    let clock = ManualClock::default();
    let right = set_up(&sandbox, &clock);
    let builder = builder::<O::Provider>(sandbox.endpoint(provider)).clock(Arc::new(clock));
    let builder = if right {
        builder
    } else {
        builder.credentials(standing_core::Credentials::new(
            KEY_ID,
            "sentinel-key-secret-but-wrong",
        ))
    };
    let outcome: Result<Response<O::Output>, Error> =
        builder.build().unwrap().send(operation).await;
    let came = match &outcome {
        Ok(_) => Came::Fine,
        Err(error) => Came::Failed(error.kind().as_str()),
    };
    let attempts = match outcome {
        Ok(response) => watch.fine(Ok(response)).attempts(),
        Err(error) => watch.error(error).attempts(),
    };
    assert_eq!(sandbox.report().total, u64::from(attempts));
    (sandbox.report().total, came)
}

/// In this order: 503 three times, throttled once, reset once, cut once, a wrong secret, a clock that
/// is 20 minutes slow.
async fn costs<O>(operation: &O, provider: Provider) -> Vec<(u64, Came)>
where
    O: Operation<Output: std::fmt::Debug>,
{
    let with = |fault: fn() -> standing_sandbox::Fault| {
        cost(operation, provider, move |sandbox, _| {
            sandbox.fault(fault());
            true
        })
    };
    vec![
        with(|| fault::status(503).times(3)).await,
        with(|| fault::throttle().times(1)).await,
        with(|| fault::reset().times(1)).await,
        with(|| fault::cut_body_after(20).times(1)).await,
        cost(operation, provider, |_, _| false).await,
        cost(operation, provider, |_, clock| {
            clock.set(clock.utc() - Duration::from_secs(20 * 60));
            true
        })
        .await,
    ]
}

/// What an unbilled read costs at a provider that signs the time.
fn of_a_signed_read() -> Vec<(u64, Came)> {
    vec![
        (3, Came::Failed("server")),
        (2, Came::Fine),
        (2, Came::Fine),
        (2, Came::Fine),
        (1, Came::Failed("auth")),
        (2, Came::Fine),
    ]
}

#[tokio::test]
async fn costs_at_tencent() {
    let search = standing_tencent::ip::QueryCustomersCredit::new();
    assert_eq!(costs(&search, Provider::Tencent).await, of_a_signed_read());
    let unknown = search.with_filter_type("Uin").with_filter("1");
    let came = cost(&unknown, Provider::Tencent, |_, _| true).await;
    assert_eq!(came, (1, Came::Fine));
}

#[tokio::test]
async fn costs_at_huawei() {
    let list = standing_huawei::bss::ListSubCustomerNewTag::new();
    assert_eq!(costs(&list, Provider::Huawei).await, of_a_signed_read());
}

#[tokio::test]
async fn costs_at_alibaba() {
    let info = standing_alibaba::bss::GetCustomerAccountInfo::new();
    assert_eq!(costs(&info, Provider::Alibaba).await, of_a_signed_read());
    let came = cost(&info, Provider::Alibaba, |sandbox, _| {
        sandbox.fault(fault::provider_code("VnoNoDataError"));
        true
    })
    .await;
    assert_eq!(came, (1, Came::Fine), "a call without a record succeeds");
}

#[tokio::test]
async fn costs_at_accuauth() {
    let report = standing_accuauth::check::CheckDebtsReport::for_mobile("6281200000001");
    // Every look-up may be billed, so nothing is asked twice; and no time is signed.
    assert_eq!(
        costs(&report, Provider::AccuAuth).await,
        [
            (1, Came::Failed("server")),
            (1, Came::Failed("throttled")),
            (1, Came::Failed("transport")),
            (1, Came::Failed("transport")),
            (1, Came::Failed("auth")),
            (1, Came::Fine),
        ]
    );
    let came = cost(&report, Provider::AccuAuth, |sandbox, _| {
        sandbox.fault(fault::provider_code("NOT_HIT"));
        true
    })
    .await;
    assert_eq!(came, (1, Came::Fine), "a call without a record succeeds");
}
