//! Trying again: how often, how long after, and what that costs.

use std::sync::Arc;
use std::time::Duration;

use standing_core::clock::Random;
use standing_core::operation::RateLimit;
use standing_core::{Client, Credentials, CredentialsFuture, ErrorKind, ProvideCredentials};
use standing_faults::clock::{Largest, ManualClock};
use standing_faults::raw::{Raw, Step, json, responding, response};
use standing_faults::trial::{self, Ask, Change, LookUp, Metered, Paced};
use standing_faults::watch::{MOBILE, Watch};
use standing_faults::{builder, keys, metered, sandbox, search, tencent};
use standing_sandbox::{Provider, fault};
use standing_tencent::Tencent;

const MS: Duration = Duration::from_millis(1);

#[tokio::test]
async fn h1_broken_twice_then_fine() {
    let watch = Watch::new();
    let sandbox = sandbox().start().await.unwrap();
    sandbox.fault(fault::status(503).times(2));
    let clock = ManualClock::default();
    let client = tencent(sandbox.endpoint(Provider::Tencent), &clock);
    assert_eq!(watch.fine(client.send(&search()).await).attempts(), 3);
    let pauses = clock.pauses();
    assert!(pauses[0] <= 50 * MS && pauses[1] <= 100 * MS, "{pauses:?}");
    assert_eq!(pauses.len(), 2);
}

#[tokio::test]
async fn h2_broken_three_times() {
    let watch = Watch::new();
    let sandbox = sandbox().start().await.unwrap();
    sandbox.fault(fault::status(503).times(1));
    sandbox.fault(fault::provider_code("InternalError").times(1));
    sandbox.fault(fault::html_502());
    let client = tencent(sandbox.endpoint(Provider::Tencent), &ManualClock::default());
    let error = watch.refused(client.send(&search()).await);
    assert_eq!((error.attempts(), error.status()), (3, Some(502)));
    assert!(
        error
            .to_string()
            .contains("before: HTTP 503, InternalError"),
        "{error}"
    );
    assert_eq!(sandbox.report().total, 3);
}

#[tokio::test]
async fn h3_throttled_twice() {
    let watch = Watch::new();
    let sandbox = sandbox().start().await.unwrap();
    sandbox.fault(fault::throttle_for(Duration::from_secs(2)).times(2));
    let clock = ManualClock::default();
    let client = builder::<Tencent>(sandbox.endpoint(Provider::Tencent))
        .clock(Arc::new(clock.clone()))
        .random(Arc::new(Largest))
        .build()
        .unwrap();
    assert_eq!(watch.fine(client.send(&search()).await).attempts(), 3);
    for pause in clock.pauses() {
        assert!(pause >= 1999 * MS && pause <= 2001 * MS, "{pause:?}");
    }
}

#[tokio::test]
async fn h4_hints_of_every_form() {
    let watch = Watch::new();
    for (hint, least, most) in [
        ("2", 2000, 2000),
        ("date", 2000, 4000),
        ("0", 999, 1000),
        ("-1", 999, 1000),
        ("abc", 999, 1000),
        ("315360000", 5999, 6000),
        ("99999999999999999999", 5999, 6000),
    ] {
        let clock = ManualClock::default();
        // This machine is a quarter of an hour behind: dates go by the provider's clock.
        let now = std::time::SystemTime::from(standing_core::clock::Clock::utc(&clock));
        clock.set((now - Duration::from_secs(900)).into());
        let date = httpdate::fmt_http_date(now + Duration::from_secs(3));
        let hint = if hint == "date" { &date } else { hint };
        let head = format!(
            "retry-after: {hint}\r\ndate: {}\r\n",
            httpdate::fmt_http_date(now)
        );
        let server = Raw::each(move |connection| match connection {
            0 => vec![Step::Read, Step::Write(response(429, &head, ""))],
            _ => responding(json(trial::OK)),
        })
        .await;
        let client = builder::<Metered>(server.endpoint())
            .clock(Arc::new(clock.clone()))
            .random(Arc::new(Largest))
            .build()
            .unwrap();
        watch.fine(client.send(&Ask::new(MOBILE)).await);
        let pause = clock.pauses()[0].as_millis();
        assert!((least..=most).contains(&pause), "{hint}: {pause}");
    }
}

#[tokio::test]
async fn h5_the_budget_dries_up_and_first_attempts_go_on() {
    let watch = Watch::new();
    let server = Raw::always(responding(response(503, "", ""))).await;
    let client = metered(server.endpoint(), &ManualClock::default());
    let clones = [client.clone(), client.clone(), client];
    let mut requests = 0;
    for call in 0..60 {
        let error = watch.refused(clones[call % 3].send(&Ask::new(MOBILE)).await);
        requests += error.attempts();
    }
    // 500 tokens pay for 35 further attempts, whichever clone makes them.
    assert_eq!(requests, 60 + 35);
    assert_eq!(server.requests().len(), 60 + 35);
}

#[tokio::test]
async fn h6_the_budget_recovers() {
    let watch = Watch::new();
    let sandbox = sandbox().start().await.unwrap();
    let client = tencent(sandbox.endpoint(Provider::Tencent), &ManualClock::default());
    // A retry that succeeds costs nothing in the end.
    for _ in 0..100 {
        sandbox.fault(fault::status(503).times(1));
        assert_eq!(watch.fine(client.send(&search()).await).attempts(), 2);
    }
}

#[tokio::test]
async fn h8_a_single_attempt_is_one() {
    let watch = Watch::new();
    for script in [
        vec![Step::Read],
        vec![Step::Read, Step::Reset],
        responding(response(503, "", "")),
        responding(response(429, "", "")),
        responding(response(401, "", &trial::failed("TOKEN_EXPIRED"))),
        responding(response(400, "", &trial::failed("NONCE"))),
    ] {
        let server = Raw::always(script).await;
        let client = builder::<Metered>(server.endpoint())
            .max_attempts(1)
            .retry_metered(true)
            .retry_writes(true)
            .build()
            .unwrap();
        let error = watch.refused(client.send(&LookUp::new(MOBILE)).await);
        assert_eq!(error.attempts(), 1);
        watch.refused(client.send(&Change::new(MOBILE)).await);
        watch.refused(client.send(&Ask::new(MOBILE)).await);
        assert_eq!(server.requests().len(), 3);
    }
}

#[tokio::test]
async fn h9_the_word_of_the_caller() {
    let watch = Watch::new();
    type Set = fn(standing_core::ClientBuilder<Metered>) -> standing_core::ClientBuilder<Metered>;
    // Requests of a change and of a billed look-up when the connection breaks each time.
    let words: [(Set, [u32; 2]); 3] = [
        (|builder| builder, [1, 1]),
        (|builder| builder.retry_metered(true), [1, 3]),
        (|builder| builder.retry_writes(true), [3, 1]),
    ];
    for (word, requests) in words {
        let server = Raw::always(vec![Step::Read]).await;
        let client = word(builder(server.endpoint()))
            .clock(Arc::new(ManualClock::default()))
            .build()
            .unwrap();
        let change = watch.refused(client.send(&Change::new(MOBILE)).await);
        let billed = watch.refused(client.send(&LookUp::new(MOBILE)).await);
        assert_eq!([change.attempts(), billed.attempts()], requests);
        assert!(change.may_have_run() && billed.may_have_run());
    }
}

#[tokio::test]
async fn h12_a_rest_is_no_stock() {
    let watch = Watch::new();
    let server = Raw::always(responding(json(trial::OK))).await;
    let clock = ManualClock::default();
    let client: Client<Metered> = Client::builder()
        .credentials(keys())
        .endpoint(server.endpoint())
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();
    watch.fine(client.send(&Paced::new(MOBILE)).await);
    clock.advance(Duration::from_secs(100));
    for _ in 0..10 {
        watch.fine(client.clone().send(&Paced::new(MOBILE)).await);
    }
    // Twenty a second and a little air; the first one need not wait.
    assert_eq!(clock.pauses(), [51 * MS; 9]);
}

#[tokio::test]
async fn h13_one_provider_throttled() {
    let watch = Watch::new();
    let sandbox = sandbox().start().await.unwrap();
    sandbox.fault(fault::throttle().at(Provider::Tencent));
    let other = Raw::always(responding(json(trial::OK))).await;
    let (slow, quick) = (ManualClock::default(), ManualClock::default());
    let throttled = tencent(sandbox.endpoint(Provider::Tencent), &slow);
    let fine = metered(other.endpoint(), &quick);
    for _ in 0..5 {
        watch.refused(throttled.send(&search()).await);
        watch.fine(fine.send(&Ask::new(MOBILE)).await);
    }
    assert!(!slow.pauses().is_empty());
    assert!(quick.pauses().is_empty(), "no other call waits");
}

#[tokio::test]
async fn h14_a_slot_that_comes_too_late() {
    let watch = Watch::new();
    let server = Raw::always(responding(json(trial::OK))).await;
    let client = builder::<Metered>(server.endpoint())
        .rate(RateLimit::new(1, 60))
        .build()
        .unwrap();
    watch.fine(client.send(&Ask::new(MOBILE)).await);
    let error = watch.refused(client.send(&Ask::new(MOBILE)).await);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 0));
    assert!(error.is_retryable() && !error.may_have_run(), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn h15_many_fail_together_and_come_back_one_by_one() {
    let _watch = Watch::new();
    let server = Raw::always(responding(response(503, "", ""))).await;
    let clock = ManualClock::default();
    let tasks: Vec<_> = (0..100)
        .map(|seed| {
            let client = builder::<Metered>(server.endpoint())
                .clock(Arc::new(clock.clone()))
                .random(Arc::new(standing_faults::clock::Seeded::new(seed)))
                .max_attempts(2)
                .build()
                .unwrap();
            tokio::spawn(async move { client.send(&Ask::new(MOBILE)).await.is_err() })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap());
    }
    let mut quarters = [0; 4];
    for pause in clock.pauses() {
        quarters[(pause.as_micros() as usize * 4 / 50_000).min(3)] += 1;
    }
    assert_eq!(quarters.iter().sum::<i32>(), 100);
    assert!(quarters.iter().all(|count| *count >= 10), "{quarters:?}");
}

/// Panics once, then behaves.
struct Panics(std::sync::atomic::AtomicBool);

impl Panics {
    fn maybe(&self) {
        if self.0.swap(false, std::sync::atomic::Ordering::SeqCst) {
            panic!("a hook of the caller's own");
        }
    }
}

impl ProvideCredentials for Panics {
    fn provide(&self) -> CredentialsFuture<'_> {
        Box::pin(async {
            self.maybe();
            Ok(keys())
        })
    }
}

impl Random for Panics {
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()> {
        self.maybe();
        bytes.fill(7);
        Ok(())
    }
}

#[tokio::test]
async fn h16_what_the_caller_supplied_panics() {
    let watch = Watch::new();
    let server = Raw::always(responding(json(trial::OK))).await;
    let panics = || Panics(true.into());
    for client in [
        builder::<Metered>(server.endpoint())
            .credentials_provider(panics())
            .build()
            .unwrap(),
        builder::<Metered>(server.endpoint())
            .random(Arc::new(panics()))
            .build()
            .unwrap(),
    ] {
        let first = client.clone();
        let task = tokio::spawn(async move { first.send(&LookUp::new(MOBILE)).await.is_ok() });
        assert!(task.await.unwrap_err().is_panic());
        watch.fine(client.send(&LookUp::new(MOBILE)).await);
    }
    struct NoRandom;
    impl Random for NoRandom {
        fn fill(&self, _: &mut [u8]) -> std::io::Result<()> {
            Err(std::io::Error::other("none"))
        }
    }
    let client = builder::<Metered>(server.endpoint())
        .random(Arc::new(NoRandom))
        .credentials(Credentials::clone(&keys()))
        .build()
        .unwrap();
    let error = watch.refused(client.send(&LookUp::new(MOBILE)).await);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Config, 0));
    assert_eq!(server.requests().len(), 2);
}
