//! Keys that expire, clocks that are wrong, and responses with a wrong `Date`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use standing_core::clock::Clock;
use standing_core::{
    Client, Credentials, CredentialsError, CredentialsFuture, ErrorKind, ProvideCredentials,
};
use standing_faults::clock::ManualClock;
use standing_faults::raw::{Raw, header, replying, response};
use standing_faults::trial::{self, Ask, LookUp, Metered};
use standing_faults::watch::{MOBILE, Watch};
use standing_faults::{builder, keys};
use time::OffsetDateTime;

const LIFETIME: Duration = Duration::from_secs(3600);
const HOUR: i64 = 3600;

/// Counts how often it is asked, and hands out keys that end at `.1`.
struct Counted(Arc<AtomicUsize>, OffsetDateTime);

impl ProvideCredentials for Counted {
    fn provide(&self) -> CredentialsFuture<'_> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let keys: Result<_, CredentialsError> = Ok(keys().expiring_at(self.1));
        Box::pin(std::future::ready(keys))
    }
}

/// A server that knows the right time, refuses requests that are signed more than five minutes off
/// it, and keys that end at `expiry`. `dates` gives the status and the error in seconds of the
/// `Date` for each request, counted from 0.
struct World {
    truth: ManualClock,
    server: Raw,
}

impl World {
    async fn new(
        expiry: Duration,
        dates: impl Fn(usize) -> (u16, i64) + Send + Sync + 'static,
    ) -> Self {
        let truth = ManualClock::default();
        let end = truth.utc() + expiry;
        let (clock, count) = (truth.clone(), AtomicUsize::new(0));
        let server = Raw::always(replying(move |request| {
            let (status, off) = dates(count.fetch_add(1, Ordering::SeqCst));
            let now = clock.utc();
            let date = httpdate::fmt_http_date((now + time::Duration::seconds(off)).into());
            let head = format!("date: {date}\r\n");
            let signed: i64 = header(request, "x-time").unwrap().parse().unwrap();
            if status != 200 {
                response(status, &head, "<html>a gateway</html>")
            } else if (signed - now.unix_timestamp()).abs() > 300 {
                response(400, &head, &trial::failed("TIME"))
            } else if now >= end {
                response(401, &head, &trial::failed("KEY_EXPIRED"))
            } else {
                response(200, &head, trial::OK)
            }
        }))
        .await;
        Self { truth, server }
    }

    /// A machine whose clock is off by so many seconds.
    fn machine(&self, off: i64) -> ManualClock {
        ManualClock::at(self.truth.utc() + time::Duration::seconds(off))
    }

    /// A client on that machine, with fixed keys or with a source of them.
    fn client(
        &self,
        clock: &ManualClock,
        fixed: bool,
        expiry: Duration,
    ) -> (Client<Metered>, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let end = self.truth.utc() + expiry;
        let builder = builder(self.server.endpoint()).clock(Arc::new(clock.clone()));
        let builder = match fixed {
            true => builder.credentials(keys().expiring_at(end)),
            false => builder.credentials_provider(Counted(asked.clone(), end)),
        };
        (builder.build().unwrap(), asked)
    }
}

#[tokio::test]
async fn one_wrong_date_is_corrected_by_the_next_response() {
    let watch = Watch::new();
    for hours in [2, 20, 23, -2, -20, -23] {
        for status in [200, 502] {
            for fixed in [true, false] {
                let wrong = move |n| {
                    (
                        if n == 0 { status } else { 200 },
                        i64::from(n == 0) * hours * HOUR,
                    )
                };
                let world = World::new(LIFETIME, wrong).await;
                let clock = world.machine(0);
                let (client, asked) = world.client(&clock, fixed, LIFETIME);
                let case = format!("{hours} h, HTTP {status}, fixed: {fixed}");
                let first = client.send(&LookUp::new(MOBILE)).await;
                assert_eq!(first.is_ok(), status == 200, "{case}");
                let mut attempts = Vec::new();
                for _ in 0..3 {
                    attempts.push(watch.fine(client.send(&Ask::new(MOBILE)).await).attempts());
                }
                assert_eq!(attempts, [2, 1, 1], "{case}");
                assert!(asked.load(Ordering::SeqCst) <= 3, "{case}");
            }
        }
    }
}

#[tokio::test]
async fn machine_clock_off_by_more_than_the_lifetime_sends_and_learns() {
    let watch = Watch::new();
    for hours in [2, 20, 23, -2, -20, -23] {
        for fixed in [true, false] {
            let world = World::new(LIFETIME, |_| (200, 0)).await;
            let clock = world.machine(hours * HOUR);
            let (client, asked) = world.client(&clock, fixed, LIFETIME);
            for attempts in [2, 1, 1] {
                let response = watch.fine(client.send(&Ask::new(MOBILE)).await);
                assert_eq!(response.attempts(), attempts, "{hours} h, fixed: {fixed}");
            }
            assert!(asked.load(Ordering::SeqCst) <= 2, "{hours} h");
        }
    }
}

#[tokio::test]
async fn wrong_date_on_a_machine_with_a_wrong_clock_is_corrected_by_the_next_response() {
    let watch = Watch::new();
    for (machine, date) in [
        (2, 4),
        (20, 2),
        (20, 20),
        (-20, 2),
        (-2, -20),
        (2, -20),
        (23, 23),
    ] {
        for status in [200, 502] {
            for fixed in [true, false] {
                // Requests 0 and 1 are the first call, which learns the right time.
                let wrong = move |n| {
                    (
                        if n == 2 { status } else { 200 },
                        i64::from(n == 2) * date * HOUR,
                    )
                };
                let world = World::new(LIFETIME, wrong).await;
                let clock = world.machine(machine * HOUR);
                let (client, _) = world.client(&clock, fixed, LIFETIME);
                let case = format!("{machine} h, {date} h, HTTP {status}, fixed: {fixed}");
                assert_eq!(
                    watch.fine(client.send(&Ask::new(MOBILE)).await).attempts(),
                    2,
                    "{case}"
                );
                let _ = client.send(&LookUp::new(MOBILE)).await;
                for _ in 0..2 {
                    watch.fine(client.send(&Ask::new(MOBILE)).await);
                }
                let last = watch.fine(client.send(&Ask::new(MOBILE)).await);
                assert_eq!(last.attempts(), 1, "{case}");
            }
        }
    }
}

#[tokio::test]
async fn expired_keys_are_refused_locally_while_the_clock_is_confirmed() {
    let watch = Watch::new();
    for fixed in [true, false] {
        let ended = Duration::ZERO;
        let world = World::new(ended, |_| (200, 0)).await;
        world.truth.advance(LIFETIME);
        let clock = world.machine(0);
        let asked = Arc::new(AtomicUsize::new(0));
        let keys: Credentials = keys().expiring_at(clock.utc() - LIFETIME);
        let end = keys.expires_at().unwrap();
        let builder = builder(world.server.endpoint()).clock(Arc::new(clock.clone()));
        let client: Client<Metered> = match fixed {
            true => builder.credentials(keys),
            false => builder.credentials_provider(Counted(asked.clone(), end)),
        }
        .build()
        .unwrap();
        let error = watch.refused(client.send(&Ask::new(MOBILE)).await);
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Auth, 1));
        for _ in 0..20 {
            let error = watch.refused(client.send(&Ask::new(MOBILE)).await);
            assert_eq!(
                (error.kind(), error.attempts()),
                (ErrorKind::Credentials, 0)
            );
            assert!(error.message().contains("expired"), "{error}");
        }
        assert_eq!(world.server.requests().len(), 1);
        assert!(asked.load(Ordering::SeqCst) <= 2, "{asked:?}");
        for clock in [&clock, &world.truth] {
            clock.advance(Duration::from_secs(61));
        }
        let error = watch.refused(client.send(&Ask::new(MOBILE)).await);
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Auth, 1));
        assert_eq!(
            world.server.requests().len(),
            2,
            "one a minute, to learn the time"
        );
    }
}

#[tokio::test]
async fn source_that_returns_ending_keys_is_asked_once_in_ten_seconds() {
    let watch = Watch::new();
    // A gateway whose dates are always two hours ahead, and a provider that checks no time.
    for off in [2 * HOUR, HOUR - 60] {
        let truth = ManualClock::default();
        let clock = truth.clone();
        let server = Raw::always(replying(move |_| {
            let date = (clock.utc() + time::Duration::seconds(off)).into();
            let head = format!("date: {}\r\n", httpdate::fmt_http_date(date));
            response(200, &head, trial::OK)
        }))
        .await;
        let asked = Arc::new(AtomicUsize::new(0));
        let client: Client<Metered> = builder(server.endpoint())
            .credentials_provider(Counted(asked.clone(), truth.utc() + LIFETIME))
            .clock(Arc::new(truth.clone()))
            .build()
            .unwrap();
        for _ in 0..20 {
            watch.fine(client.send(&Ask::new(MOBILE)).await);
        }
        assert_eq!(asked.load(Ordering::SeqCst), 2, "{off}");
        truth.advance(Duration::from_secs(11));
        for _ in 0..20 {
            watch.fine(client.send(&Ask::new(MOBILE)).await);
        }
        assert_eq!(asked.load(Ordering::SeqCst), 3, "{off}");
    }
}

/// Keys that really end while the source fails: they are not sent again and again.
#[tokio::test]
async fn source_that_fails_leaves_keys_in_use_until_they_are_known_to_have_ended() {
    struct Once(AtomicUsize, OffsetDateTime);
    impl ProvideCredentials for Once {
        fn provide(&self) -> CredentialsFuture<'_> {
            let first = self.0.fetch_add(1, Ordering::SeqCst) == 0;
            let keys = first.then(|| keys().expiring_at(self.1));
            let keys = keys.ok_or_else(|| CredentialsError::new("no keys today"));
            Box::pin(std::future::ready(keys))
        }
    }
    let watch = Watch::new();
    let world = World::new(LIFETIME, |_| (200, 0)).await;
    let clock = world.machine(0);
    let client: Client<Metered> = builder(world.server.endpoint())
        .credentials_provider(Once(AtomicUsize::new(0), world.truth.utc() + LIFETIME))
        .clock(Arc::new(clock.clone()))
        .build()
        .unwrap();
    let pass = |time| {
        world.truth.advance(time);
        clock.advance(time);
    };
    watch.fine(client.send(&Ask::new(MOBILE)).await);
    pass(LIFETIME - Duration::from_secs(60));
    watch.fine(client.send(&Ask::new(MOBILE)).await);
    pass(Duration::from_secs(50));
    watch.fine(client.send(&Ask::new(MOBILE)).await);
    pass(Duration::from_secs(20));
    for _ in 0..3 {
        let error = watch.refused(client.send(&Ask::new(MOBILE)).await);
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Credentials, 0)
        );
        assert_eq!(error.message(), "no keys today");
    }
    assert_eq!(world.server.requests().len(), 3);
}
