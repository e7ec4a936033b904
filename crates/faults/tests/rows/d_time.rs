//! Servers that are slow, and limits that are odd.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use standing_core::ErrorKind;
use standing_core::clock::{Clock, SystemClock};
use standing_faults::clock::ManualClock;
use standing_faults::raw::{Raw, Step, json, responding, response};
use standing_faults::trial::{Ask, LookUp, Metered};
use standing_faults::watch::{MOBILE, Watch};
use standing_faults::{builder, found, keys, search};
use standing_tencent::Tencent;

const MS: Duration = Duration::from_millis(1);

/// How a read fares under a script, with 150 ms for an attempt and 400 ms for all; and for how long.
async fn slow(watch: &Watch, script: Vec<Step>) -> (ErrorKind, u32, Duration) {
    let server = Raw::always(script).await;
    let client = builder::<Tencent>(server.endpoint())
        .attempt_timeout(150 * MS)
        .deadline(400 * MS)
        .build()
        .unwrap();
    let clock = SystemClock::default();
    let error = watch.refused(client.send(&search()).await);
    assert!(error.may_have_run());
    (error.kind(), error.attempts(), clock.elapsed())
}

/// The attempts that there is time for: pauses are random, and machines are slow.
#[track_caller]
fn assert_in_time((kind, attempts, time): (ErrorKind, u32, Duration)) {
    assert_eq!(kind, ErrorKind::Timeout);
    assert!((2..=3).contains(&attempts), "{attempts}");
    assert!(time >= 150 * MS && time <= 400 * 3 * MS, "{time:?}");
}

#[tokio::test]
async fn d1_silence() {
    let watch = Watch::new();
    assert_in_time(slow(&watch, vec![Step::Read, Step::Hold]).await);
}

#[tokio::test]
async fn d2_a_head_that_drips() {
    let watch = Watch::new();
    let drip = Step::Drip(json(&found()), 50 * MS);
    assert_in_time(slow(&watch, vec![Step::Read, drip]).await);
}

#[tokio::test]
async fn d3_a_body_that_drips() {
    let watch = Watch::new();
    let whole = json(&found());
    let (head, body) = whole.split_at(80);
    let script = vec![
        Step::Read,
        Step::Write(head.to_vec()),
        Step::Drip(body.to_vec(), 50 * MS),
    ];
    assert_in_time(slow(&watch, script).await);
}

#[tokio::test]
async fn d4_a_failure_that_drips_is_still_that_failure() {
    let watch = Watch::new();
    let whole = response(401, "", &found());
    let (head, body) = whole.split_at(whole.len() - 40);
    let script = vec![
        Step::Read,
        Step::Write(head.to_vec()),
        Step::Drip(body.to_vec(), 50 * MS),
    ];
    let server = Raw::always(script).await;
    let client = builder::<Metered>(server.endpoint())
        .attempt_timeout(150 * MS)
        .build()
        .unwrap();
    let error = watch.refused(client.send(&Ask::new(MOBILE)).await);
    // Keys that are refused must not be refused twice: accounts are locked for less.
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Auth, 1));
}

#[tokio::test]
async fn d5_the_deadline_ends_every_wait() {
    let watch = Watch::new();
    let server = Raw::always(vec![Step::Hold]).await;
    let client = builder::<Metered>(server.endpoint())
        .deadline(100 * MS)
        .build()
        .unwrap();
    let clock = SystemClock::default();
    let error = watch.refused(client.send(&Ask::new(MOBILE)).await);
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(clock.elapsed() < 1000 * MS, "{:?}", clock.elapsed());
    let clock = SystemClock::default();
    let patient = builder::<Metered>(server.endpoint()).build().unwrap();
    let error = watch.refused(
        patient
            .with_deadline(100 * MS)
            .send(&Ask::new(MOBILE))
            .await,
    );
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(clock.elapsed() < 1000 * MS, "{:?}", clock.elapsed());
}

#[tokio::test]
async fn d6_slow_first_and_fast_second() {
    let watch = Watch::new();
    let server = Raw::each(|connection| match connection {
        0 => vec![Step::Read, Step::Hold],
        _ => responding(json(&found())),
    })
    .await;
    let client = builder::<Tencent>(server.endpoint())
        .attempt_timeout(200 * MS)
        .build()
        .unwrap();
    assert_eq!(watch.fine(client.send(&search()).await).attempts(), 2);
}

#[tokio::test]
async fn d7_no_attempt_begins_after_the_deadline() {
    let watch = Watch::new();
    let server = Raw::always(responding(response(503, "", ""))).await;
    // Every pause takes the whole of the time that is left.
    let clock = ManualClock::default();
    let other = clock.clone();
    let clock = clock.with_hook(move |_| other.advance(Duration::from_secs(29)));
    let client = builder::<Metered>(server.endpoint())
        .clock(Arc::new(clock))
        .max_attempts(10)
        .build()
        .unwrap();
    let error = watch.refused(client.send(&Ask::new(MOBILE)).await);
    assert_eq!(
        error.status(),
        Some(503),
        "the failure, not the lack of time"
    );
    assert!(error.attempts() <= 3, "{error}");
    assert_eq!(server.requests().len() as u32, error.attempts());
}

#[tokio::test]
async fn d8_limits_at_their_ends() {
    let watch = Watch::new();
    type Set = fn(
        standing_core::ClientBuilder<Metered>,
        Duration,
    ) -> standing_core::ClientBuilder<Metered>;
    let limits: [(&str, Set); 4] = [
        ("connect", |builder, time| builder.connect_timeout(time)),
        ("attempt", |builder, time| builder.attempt_timeout(time)),
        ("deadline", |builder, time| builder.deadline(time)),
        ("idle", |builder, time| builder.idle_timeout(time)),
    ];
    let server = Raw::always(responding(json(standing_faults::trial::OK))).await;
    for (name, set) in limits {
        let with = |time| set(builder(server.endpoint()), time).build();
        let error = watch.error(with(Duration::ZERO).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Config, "{name}");
        assert!(error.message().contains(name), "{error}");
        for time in [Duration::MAX, Duration::MAX - Duration::from_secs(1)] {
            watch.fine(with(time).unwrap().send(&LookUp::new(MOBILE)).await);
        }
        // So little time may do or not.
        if let Err(error) = with(Duration::from_nanos(1))
            .unwrap()
            .send(&LookUp::new(MOBILE))
            .await
        {
            assert_eq!(watch.error(error).kind(), ErrorKind::Timeout, "{name}");
        }
    }
    let all = builder::<Metered>(server.endpoint())
        .connect_timeout(Duration::MAX)
        .attempt_timeout(Duration::MAX)
        .deadline(Duration::MAX)
        .body_limit(usize::MAX)
        .max_attempts(u32::MAX)
        .build()
        .unwrap();
    watch.fine(all.send(&LookUp::new(MOBILE)).await);
    for error in [
        builder::<Metered>(server.endpoint())
            .max_attempts(0)
            .build()
            .unwrap_err(),
        builder::<Metered>(server.endpoint())
            .body_limit(0)
            .build()
            .unwrap_err(),
        builder::<Metered>(server.endpoint())
            .rate(standing_core::operation::RateLimit::new(0, 1))
            .build()
            .unwrap_err(),
    ] {
        assert_eq!(watch.error(error).kind(), ErrorKind::Config);
    }
}

#[tokio::test]
async fn d9_a_clock_that_jumps() {
    let watch = Watch::new();
    let server = Raw::always(responding(json(&found()))).await;
    let clock = ManualClock::default();
    let client = builder::<Tencent>(server.endpoint())
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();
    // The time of day is for signatures; limits go by another clock.
    for year in [1971, 2100, 1999] {
        clock.set(
            time::Date::from_calendar_date(year, time::Month::March, 1)
                .unwrap()
                .midnight()
                .assume_utc(),
        );
        watch.fine(client.send(&search()).await);
    }
}

#[test]
fn d10_polled_outside_a_runtime() {
    let watch = Watch::new();
    let client = builder::<Tencent>("http://127.0.0.1:9").build().unwrap();
    let operation = search();
    let mut call = pin!(client.send(&operation));
    let Poll::Ready(outcome) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("it waits for a runtime");
    };
    let error = watch.refused(outcome);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Config, 0));
    assert!(error.message().contains("runtime"), "{error}");
    let _ = keys();
}

/// Whatever keeps a call from another attempt is named beside the failure that it ended with.
#[tokio::test]
async fn d12_a_deadline_or_a_budget_that_leaves_no_retry_is_named() {
    let watch = Watch::new();
    let busy = || response(503, "retry-after: 20\r\n", "");
    let server = Raw::always(responding(busy())).await;
    let client =
        |clock: &ManualClock| builder::<Tencent>(server.endpoint()).clock(Arc::new(clock.clone()));
    let clock = ManualClock::default();
    let short = client(&clock)
        .deadline(Duration::from_secs(3))
        .build()
        .unwrap();
    let error = watch.refused(short.send(&search()).await);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Server, 1));
    let message = error.message();
    assert!(
        message.ends_with("; the deadline left no time for a retry"),
        "{message}"
    );

    // The pause is over when the deadline is: the attempt after it is not made.
    let clock = ManualClock::default();
    let other = clock.clone();
    let clock = clock.with_hook(move |_| other.advance(Duration::from_secs(60)));
    let late = client(&clock)
        .deadline(Duration::from_secs(30))
        .build()
        .unwrap();
    let error = watch.refused(late.send(&search()).await);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Server, 1));
    let message = error.message();
    assert!(
        message.ends_with("; the deadline left no time for a retry"),
        "{message}"
    );

    let clock = ManualClock::default();
    let poor = client(&clock).retry_budget(1).build().unwrap();
    let error = watch.refused(poor.send(&search()).await);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Server, 1));
    assert!(
        error.message().ends_with("; the retry budget is spent"),
        "{error}"
    );

    // Attempts that are used up need no remark.
    let clock = ManualClock::default();
    let error = watch.refused(client(&clock).build().unwrap().send(&search()).await);
    assert_eq!(error.attempts(), 3);
    assert!(!error.message().contains(';'), "{error}");
}
