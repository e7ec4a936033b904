//! Signatures, clocks and keys.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use standing_core::clock::{Clock, Random, SystemRandom};
use standing_core::{
    Client, Credentials, CredentialsError, CredentialsFuture, ErrorKind, ProvideCredentials,
};
use standing_faults::clock::ManualClock;
use standing_faults::raw::{Raw, header, json, replying, responding, response};
use standing_faults::trial::{self, Ask, Change, Metered};
use standing_faults::watch::{KEY_ID, KEY_SECRET, MOBILE, TOKEN, Watch};
use standing_faults::{builder, failed, keys, metered, sandbox, search, tencent};
use standing_sandbox::{Key, Provider, fault};
use standing_tencent::Tencent;
use standing_tencent::ip::QueryCustomersCredit;
use time::macros::datetime;

#[tokio::test]
async fn g1_keys_that_are_wrong_cost_one_request() {
    let watch = Watch::new();
    let sandbox = sandbox().start().await.unwrap();
    for (id, secret) in [
        (KEY_ID, "sentinel-key-secret-but-wrong"),
        ("sentinel-key-id-of-no-account", KEY_SECRET),
    ] {
        let before = sandbox.report().total;
        let client = builder::<Tencent>(sandbox.endpoint(Provider::Tencent))
            .credentials(Credentials::new(id, secret))
            .build()
            .unwrap();
        let error = watch.refused(client.send(&search()).await);
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Auth, 1));
        assert_eq!(sandbox.report().total, before + 1);
    }
}

#[tokio::test]
async fn g4_a_refused_time_without_a_date_to_learn_from() {
    let watch = Watch::new();
    for date in [
        "",
        "date: yesterday\r\n",
        "date: Thu, 01 Jan 1970 00:00:00 GMT\r\n",
    ] {
        let bytes = response(200, date, &failed("AuthFailure.SignatureExpire"));
        let server = Raw::always(responding(bytes)).await;
        let client = tencent(server.endpoint(), &ManualClock::default());
        let error = watch.refused(client.send(&search()).await);
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Clock, 1));
        assert!(error.message().contains("check the clock"), "{error}");
    }
}

#[tokio::test]
async fn g5_a_clock_that_is_off_costs_one_more_request_once() {
    let watch = Watch::new();
    let sandbox = sandbox().start().await.unwrap();
    for off in [20 * 60, -20 * 60, 23 * 60 * 60] {
        let clock = ManualClock::default();
        clock.set(clock.utc() - time::Duration::seconds(off));
        let client = tencent(sandbox.endpoint(Provider::Tencent), &clock);
        assert_eq!(watch.fine(client.send(&search()).await).attempts(), 2);
        assert_eq!(watch.fine(client.send(&search()).await).attempts(), 1);
        clock.set(clock.utc() + time::Duration::seconds(off));
        assert_eq!(
            watch.fine(client.send(&search()).await).attempts(),
            2,
            "repaired"
        );
        assert_eq!(watch.fine(client.send(&search()).await).attempts(), 1);
    }
    let clock = ManualClock::default();
    clock.set(clock.utc() - time::Duration::hours(30));
    let client = tencent(sandbox.endpoint(Provider::Tencent), &clock);
    let error = watch.refused(client.send(&search()).await);
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Clock, 1),
        "not believed"
    );
}

/// The date of a response is that of a gateway, and signatures are checked by another clock.
#[tokio::test]
async fn g5b_a_date_that_is_off_costs_one_more_request_once() {
    let watch = Watch::new();
    for off in [20 * 60, -20 * 60] {
        let clock = ManualClock::default();
        let checked_by = clock.clone();
        let server = Raw::always(replying(move |request| {
            let now = checked_by.utc();
            let date = httpdate::fmt_http_date((now + time::Duration::seconds(off)).into());
            let head = format!("date: {date}\r\n");
            let signed: i64 = header(request, "x-time").unwrap().parse().unwrap();
            if (signed - now.unix_timestamp()).abs() > 300 {
                response(400, &head, &trial::failed("TIME"))
            } else {
                response(200, &head, trial::OK)
            }
        }))
        .await;
        let client = metered(server.endpoint(), &clock);
        let mut attempts = Vec::new();
        for _ in 0..4 {
            let response = watch.fine(client.send(&Change::new(MOBILE)).await);
            attempts.push(response.attempts());
        }
        assert_eq!(attempts, [1, 2, 1, 1], "{off}");

        // With a clock of this machine that is off, too, there is no right time to be found; nothing
        // is repeated for ever.
        let lagging = ManualClock::at(clock.utc() - time::Duration::seconds(off));
        let client = metered(server.endpoint(), &lagging);
        for _ in 0..3 {
            let error = watch.refused(client.send(&Change::new(MOBILE)).await);
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::Clock, 2));
            assert!(!error.is_retryable());
        }
    }
}

#[tokio::test]
async fn g6_every_attempt_is_another_request() {
    let watch = Watch::new();
    let server = Raw::each(|_| responding(response(503, "", ""))).await;
    let clock = ManualClock::default();
    let other = clock.clone();
    let clock = clock.with_hook(move |_| other.advance(Duration::from_secs(1)));
    let client = metered(server.endpoint(), &clock);
    watch.refused(client.send(&Ask::new(MOBILE)).await);
    watch.refused(client.send(&Ask::new(MOBILE)).await);
    let requests = server.requests();
    assert_eq!(requests.len(), 6);
    let nonces: HashSet<_> = requests
        .iter()
        .map(|r| header(r, "x-nonce").unwrap())
        .collect();
    assert_eq!(nonces.len(), 6);
    for call in requests.chunks(3) {
        let times: HashSet<_> = call.iter().map(|r| header(r, "x-time").unwrap()).collect();
        assert_eq!(times.len(), 3);
    }
    let sandbox = sandbox().start().await.unwrap();
    sandbox.fault(fault::status(503).times(2));
    let client = tencent(sandbox.endpoint(Provider::Tencent), &ManualClock::default());
    assert_eq!(watch.fine(client.send(&search()).await).attempts(), 3);
    sandbox.assert_all_verified();
}

#[test]
fn g7_nonces_of_many_threads() {
    let threads: Vec<_> = (0..16)
        .map(|_| {
            std::thread::spawn(|| {
                let draw = |_| {
                    let mut nonce = [0; 16];
                    SystemRandom.fill(&mut nonce).unwrap();
                    nonce
                };
                (0..6250).map(draw).collect::<Vec<[u8; 16]>>()
            })
        })
        .collect();
    let nonces: HashSet<_> = threads
        .into_iter()
        .flat_map(|t| t.join().unwrap())
        .collect();
    assert_eq!(nonces.len(), 100_000);
}

#[tokio::test]
async fn g9_dates_at_their_edges() {
    let watch = Watch::new();
    let sandbox = sandbox().start().await.unwrap();
    for utc in [
        datetime!(2028-02-29 00:00:00 UTC),
        datetime!(2028-02-29 23:59:59 UTC),
        datetime!(2026-12-31 23:59:59 UTC),
        datetime!(2027-01-01 00:00:00 UTC),
        datetime!(2100-02-28 23:59:59.999 UTC),
        datetime!(2038-01-19 03:14:08 UTC),
    ] {
        sandbox.clock().set(SystemTime::from(utc));
        let client = tencent(sandbox.endpoint(Provider::Tencent), &ManualClock::at(utc));
        assert_eq!(
            watch.fine(client.send(&search()).await).attempts(),
            1,
            "{utc}"
        );
    }
    sandbox.assert_all_verified();
}

#[test]
fn g10_keys_that_no_header_carries() {
    let watch = Watch::new();
    let build = |credentials: Credentials| {
        builder::<Tencent>("http://127.0.0.1:9")
            .credentials(credentials)
            .build()
    };
    for (credentials, field) in [
        (Credentials::new("", KEY_SECRET), "key id"),
        (Credentials::new(KEY_ID, ""), "secret"),
        (Credentials::new(format!(" {KEY_ID}"), KEY_SECRET), "key id"),
        (
            Credentials::new(KEY_ID, format!("{KEY_SECRET}\n")),
            "secret",
        ),
        (
            Credentials::new(KEY_ID, format!("{KEY_SECRET}\r\nx: y")),
            "secret",
        ),
        (Credentials::new(KEY_ID, format!("{KEY_SECRET}é")), "secret"),
        (
            Credentials::new(KEY_ID, format!("{KEY_SECRET}\0")),
            "secret",
        ),
        (keys().with_token(""), "token"),
        (keys().with_token(format!("{TOKEN}\u{7f}")), "token"),
    ] {
        let error = watch.error(build(credentials).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains(field), "{error}");
    }
    let error = Client::<Tencent>::builder().build().unwrap_err();
    assert_eq!(watch.error(error).kind(), ErrorKind::Credentials);
}

#[tokio::test]
async fn g11_text_of_every_kind_is_signed_as_it_is_sent() {
    let watch = Watch::new();
    let sandbox = sandbox().start().await.unwrap();
    let client = tencent(sandbox.endpoint(Provider::Tencent), &ManualClock::default());
    for text in [
        "é",
        "\"",
        "\\",
        "\u{2028}x",
        "😀",
        "a\tb\n",
        "a\0b",
        "云帆",
        "</script>",
        "%2B+ ",
    ] {
        let search = QueryCustomersCredit::new()
            .with_filter_type("Name")
            .with_filter(text);
        assert_eq!(
            watch.fine(client.send(&search).await).attempts(),
            1,
            "{text:?}"
        );
    }
    sandbox.assert_all_verified();
}

#[tokio::test]
async fn g16_a_session_token_goes_along() {
    let watch = Watch::new();
    let key = Key::new("sentinel-key-id-2", KEY_SECRET).with_session_token(TOKEN);
    let sandbox = sandbox().key(Provider::Tencent, key).start().await.unwrap();
    let with = |credentials| {
        builder::<Tencent>(sandbox.endpoint(Provider::Tencent))
            .credentials(credentials)
            .build()
            .unwrap()
    };
    let keys = || Credentials::new("sentinel-key-id-2", KEY_SECRET);
    watch.fine(with(keys().with_token(TOKEN)).send(&search()).await);
    let error = watch.refused(with(keys()).send(&search()).await);
    assert_eq!(error.code(), Some("AuthFailure.TokenFailure"));
    assert_eq!(error.attempts(), 1, "there is no other token to come");
}

/// Keys from a source that a test directs.
struct Sourced<F>(Arc<AtomicUsize>, F);

impl<F> ProvideCredentials for Sourced<F>
where
    F: Fn(usize) -> Result<Credentials, CredentialsError> + Send + Sync + 'static,
{
    fn provide(&self) -> CredentialsFuture<'_> {
        Box::pin(async {
            tokio::task::yield_now().await;
            (self.1)(self.0.fetch_add(1, Ordering::SeqCst))
        })
    }
}

fn sourced(
    endpoint: String,
    clock: &ManualClock,
    keys: impl Fn(usize) -> Result<Credentials, CredentialsError> + Send + Sync + 'static,
) -> (Client<Metered>, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let client = builder(endpoint)
        .credentials_provider(Sourced(asked.clone(), keys))
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();
    (client, asked)
}

#[tokio::test]
async fn g15_a_source_of_keys_that_fails() {
    let watch = Watch::new();
    let server = Raw::always(responding(json(trial::OK))).await;
    let clock = ManualClock::default();
    let (client, asked) = sourced(server.endpoint(), &clock, |time| match time {
        0 => Err(CredentialsError::new(format!(
            "no keys today\n{}",
            "x".repeat(100_000)
        ))),
        1 => Ok(Credentials::new(" sentinel-key-id", KEY_SECRET)),
        _ => Ok(keys()),
    });
    let error = watch.refused(client.send(&Ask::new(MOBILE)).await);
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Credentials, 0)
    );
    assert!(error.message().len() <= 1024 && error.message().starts_with("no keys today"));
    let error = watch.refused(client.send(&Ask::new(MOBILE)).await);
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Credentials, 0)
    );
    watch.fine(client.send(&Ask::new(MOBILE)).await);
    watch.fine(client.send(&Ask::new(MOBILE)).await);
    assert_eq!(
        asked.load(Ordering::SeqCst),
        3,
        "a failure is never remembered, keys are"
    );
    assert_eq!(server.requests().len(), 2);
}

struct Hangs;

impl ProvideCredentials for Hangs {
    fn provide(&self) -> CredentialsFuture<'_> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn g15b_a_source_of_keys_that_hangs() {
    let watch = Watch::new();
    let server = Raw::always(responding(json(trial::OK))).await;
    let client = builder::<Metered>(server.endpoint())
        .credentials_provider(Hangs)
        .deadline(Duration::from_millis(100))
        .build()
        .unwrap();
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.send(&Ask::new(MOBILE)).await })
        })
        .collect();
    for task in tasks {
        let error = watch.refused(task.await.unwrap());
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Credentials, 0)
        );
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn g17_keys_that_expire_between_attempts() {
    let watch = Watch::new();
    let server = Raw::each(|_| responding(response(503, "", ""))).await;
    let clock = ManualClock::default();
    let other = clock.clone();
    let clock = clock.with_hook(move |_| other.advance(Duration::from_secs(8)));
    let now = clock.utc();
    let (client, asked) = sourced(server.endpoint(), &clock, move |time| {
        let ends = now + Duration::from_secs(125 + 1000 * u64::from(time > 0));
        Ok(Credentials::new(format!("{KEY_ID}-{time}"), KEY_SECRET).expiring_at(ends))
    });
    watch.refused(client.send(&Ask::new(MOBILE)).await);
    let ids: Vec<_> = server
        .requests()
        .iter()
        .map(|r| header(r, "x-id").unwrap().to_owned())
        .collect();
    assert_eq!(
        ids,
        [
            format!("{KEY_ID}-0"),
            format!("{KEY_ID}-1"),
            format!("{KEY_ID}-1")
        ]
    );
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn g17b_keys_that_are_refused_are_asked_for_anew() {
    let watch = Watch::new();
    // The token is refused: the same call tries once more with another.
    let server = Raw::always(responding(response(
        401,
        "",
        &trial::failed("TOKEN_EXPIRED"),
    )))
    .await;
    let (client, asked) = sourced(server.endpoint(), &ManualClock::default(), |time| {
        Ok(keys().with_token(format!("{TOKEN}-{time}")))
    });
    let error = watch.refused(client.send(&Ask::new(MOBILE)).await);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Auth, 2));
    let tokens: HashSet<_> = server
        .requests()
        .iter()
        .map(|r| header(r, "x-token").unwrap().to_owned())
        .collect();
    assert_eq!(tokens.len(), 2);
    assert_eq!(asked.load(Ordering::SeqCst), 2);

    // The key itself is refused: this call ends, for accounts are locked; the next one asks again.
    let server = Raw::always(responding(response(401, "", &trial::failed("KEY_EXPIRED")))).await;
    let (client, asked) = sourced(server.endpoint(), &ManualClock::default(), |time| {
        Ok(Credentials::new(format!("{KEY_ID}-{time}"), KEY_SECRET))
    });
    for calls in [1, 2] {
        let error = watch.refused(client.send(&Ask::new(MOBILE)).await);
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Auth, 1));
        assert_eq!(asked.load(Ordering::SeqCst), calls);
        assert_eq!(server.requests().len(), calls);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g17c_two_hundred_tasks_ask_for_keys_once() {
    let watch = Watch::new();
    let server = Raw::always(responding(json(trial::OK))).await;
    let clock = ManualClock::default();
    let now = clock.utc();
    let (client, asked) = sourced(server.endpoint(), &clock, move |time| {
        let ends = now + Duration::from_secs(600 * (1 + time as u64));
        Ok(keys().expiring_at(ends))
    });
    for round in 1..=3 {
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.send(&Ask::new(MOBILE)).await.map(|_| ()) })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(asked.load(Ordering::SeqCst), round);
        clock.advance(Duration::from_secs(590));
    }
    watch.debug(&client, &["Client", "metered"]);
}
