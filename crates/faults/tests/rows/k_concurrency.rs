//! Many tasks, calls that are given up, and more than one runtime.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use standing_core::clock::{Clock, Random, Sleep, SystemClock};
use standing_core::operation::RateLimit;
use standing_core::{Client, CredentialsError, CredentialsFuture, ErrorKind, ProvideCredentials};
use standing_faults::clock::{ManualClock, Seeded};
use standing_faults::raw::{Raw, Step, json, replying, responding, response};
use standing_faults::trial::{self, Ask, Change, LookUp, Metered, Paced};
use standing_faults::watch::{MOBILE, Watch};
use standing_faults::{builder, found, keys, metered, search};
use standing_tencent::Tencent;
use tokio::runtime::Builder;
use tokio::sync::Notify;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn k1_ten_thousand_calls_of_two_hundred_tasks() {
    let _watch = Watch::new();
    // Every response holds the number of its request.
    let server = Raw::always(replying(|request| {
        let body = request.rsplit("\r\n").next().unwrap();
        let number: String = body.chars().filter(char::is_ascii_digit).collect();
        json(&trial::OK.replace('7', &number))
    }))
    .await;
    let client = metered(server.endpoint(), &ManualClock::default());
    let tasks: Vec<_> = (0..200_u64)
        .map(|task| {
            let client = client.clone();
            tokio::spawn(async move {
                for call in 0..50 {
                    let number = 1_000_000 + task * 50 + call;
                    let response = client.send(&Ask::new(number.to_string())).await.unwrap();
                    assert_eq!(response.number, number, "a response to another task");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(server.requests().len(), 10_000, "nothing is asked twice");
    // Connections are used again; some are opened while others come free.
    assert!(server.connections() <= 2000, "{}", server.connections());
}

#[test]
fn k2_what_can_be_shared_and_sent() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    fn sent<T: Send>(_: T) {}
    shared::<Client<Tencent>>();
    shared::<Client<Metered>>();
    async fn futures(client: &Client<Tencent>) {
        let _ = client.send(&search()).await;
        let _ = client.pages(search()).next().await;
    }
    let client = builder::<Tencent>("http://127.0.0.1:9").build().unwrap();
    sent(futures(&client));
    sent(Client::<Tencent>::builder());
}

#[tokio::test]
async fn k4_clones_share_connections_and_pace() {
    let watch = Watch::new();
    let server = Raw::always(responding(json(trial::OK))).await;
    let clock = ManualClock::default();
    let client = metered(server.endpoint(), &clock);
    for _ in 0..100 {
        watch.fine(client.clone().send(&Ask::new(MOBILE)).await);
    }
    assert_eq!(server.connections(), 1);
    let paced = builder::<Metered>(server.endpoint())
        .clock(Arc::new(clock.clone()))
        .rate(RateLimit::new(10, 1))
        .build()
        .unwrap();
    for _ in 0..10 {
        watch.fine(
            paced
                .clone()
                .with_deadline(Duration::from_secs(5))
                .send(&Ask::new(MOBILE))
                .await,
        );
    }
    assert_eq!(clock.pauses().len(), 9, "one queue for all clones");
}

#[tokio::test]
async fn k5_slow_call_does_not_delay_others() {
    let watch = Watch::new();
    let server = Raw::each(|connection| match connection {
        0 => vec![Step::Read, Step::Hold],
        _ => responding(json(trial::OK)),
    })
    .await;
    let client = metered(server.endpoint(), &ManualClock::default());
    let slow = tokio::spawn({
        let client = client.clone();
        async move { client.send(&LookUp::new(MOBILE)).await.is_ok() }
    });
    server.requested(1).await;
    for _ in 0..50 {
        watch.fine(client.send(&LookUp::new(MOBILE)).await);
    }
    assert!(!slow.is_finished());
    slow.abort();
}

/// A clock whose pauses never end, to give calls up in; it reports when one begins.
#[derive(Default)]
struct Stopped(Arc<Notify>);

impl Clock for Stopped {
    fn utc(&self) -> time::OffsetDateTime {
        SystemClock::default().utc()
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> Sleep {
        self.0.notify_one();
        Box::pin(std::future::pending())
    }
}

/// Gives a call up as soon as it waits for `reached`.
async fn given_up<T>(call: impl Future<Output = T>, reached: impl Future<Output = ()>) {
    tokio::select! {
        _ = call => panic!("the call is over"),
        () = reached => {}
    }
}

#[tokio::test]
async fn k6_given_up_while_waiting_for_a_slot() {
    let watch = Watch::new();
    let server = Raw::always(responding(json(trial::OK))).await;
    let clock = Stopped::default();
    let waits = clock.0.clone();
    let client: Client<Metered> = Client::builder()
        .credentials(keys())
        .endpoint(server.endpoint())
        .clock(Arc::new(clock))
        .build()
        .unwrap();
    watch.fine(client.send(&Paced::new(MOBILE)).await);
    // Fifty seconds of slots, at twenty a second, and every one of them comes back: another call
    // still finds one within its thirty seconds.
    for _ in 0..500 {
        given_up(client.send(&Paced::new(MOBILE)), waits.notified()).await;
    }
    let waiting: Vec<_> = (0..500)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.send(&Paced::new(MOBILE)).await.is_ok() })
        })
        .collect();
    tokio::task::yield_now().await;
    for task in &waiting {
        assert!(!task.is_finished());
        task.abort();
    }
    for task in waiting {
        assert!(task.await.unwrap_err().is_cancelled());
    }
    given_up(client.send(&Paced::new(MOBILE)), waits.notified()).await;
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn k7_given_up_while_waiting_for_keys() {
    struct FirstHangs(std::sync::atomic::AtomicBool);
    impl ProvideCredentials for FirstHangs {
        fn provide(&self) -> CredentialsFuture<'_> {
            Box::pin(async {
                if self.0.swap(false, std::sync::atomic::Ordering::SeqCst) {
                    std::future::pending::<Result<(), CredentialsError>>().await?;
                }
                Ok(keys())
            })
        }
    }
    let watch = Watch::new();
    let server = Raw::always(responding(json(trial::OK))).await;
    let client = builder::<Metered>(server.endpoint())
        .credentials_provider(FirstHangs(true.into()))
        .build()
        .unwrap();
    given_up(client.send(&LookUp::new(MOBILE)), tokio::task::yield_now()).await;
    assert_eq!(server.connections(), 0);
    watch.fine(client.send(&LookUp::new(MOBILE)).await);
}

#[tokio::test]
async fn k8_given_up_while_pausing() {
    let watch = Watch::new();
    let server = Raw::always(responding(response(503, "", ""))).await;
    let clock = Stopped::default();
    let pauses = clock.0.clone();
    let client = builder::<Metered>(server.endpoint())
        .clock(Arc::new(clock))
        .build()
        .unwrap();
    // Thirty-five further attempts are all that the budget pays for; none of these is made.
    for _ in 0..100 {
        given_up(client.send(&Ask::new(MOBILE)), pauses.notified()).await;
    }
    assert_eq!(server.requests().len(), 100);
    watch.debug(&client, &["Client"]);
}

#[tokio::test]
async fn k9_given_up_while_on_its_way() {
    let watch = Watch::new();
    let server = Raw::each(|connection| match connection {
        0..20 => vec![Step::Read, Step::Hold],
        _ => responding(json(trial::OK)),
    })
    .await;
    let client = metered(server.endpoint(), &ManualClock::default());
    for calls in 1..=20 {
        given_up(client.send(&LookUp::new(MOBILE)), server.requested(calls)).await;
        // The connection goes with the call: no other call gets any of its response.
        server.closed(calls).await;
    }
    watch.fine(client.send(&LookUp::new(MOBILE)).await);
    assert_eq!(server.requests().len(), 21, "no call asked for it again");
}

#[tokio::test]
async fn k10_given_up_while_the_response_comes() {
    let watch = Watch::new();
    let whole = json(trial::OK);
    let length = whole.len() - 10;
    let part = whole[..length].to_vec();
    let server = Raw::each(move |connection| match connection {
        0..10 => vec![Step::Read, Step::Write(part.clone()), Step::Hold],
        _ => responding(json(trial::OK)),
    })
    .await;
    let client = metered(server.endpoint(), &ManualClock::default());
    for calls in 1..=10 {
        let begun = async {
            while server.written() < calls * length {
                tokio::task::yield_now().await;
            }
        };
        given_up(client.send(&LookUp::new(MOBILE)), begun).await;
        server.closed(calls).await;
    }
    watch.fine(client.send(&LookUp::new(MOBILE)).await);
    assert_eq!(server.requests().len(), 11);
}

#[test]
fn k11_one_runtime_after_another() {
    let watch = Watch::new();
    let home = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let server = home.block_on(async { Raw::always(responding(json(&found()))).await });
    let client = builder::<Tencent>(server.endpoint()).build().unwrap();
    for _ in 0..12 {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        for _ in 0..2 {
            let response = watch.fine(runtime.block_on(client.send(&search())));
            assert_eq!(response.attempts(), 1);
        }
    }
    assert_eq!(server.connections(), 12);
}

#[test]
fn k12_two_runtimes_of_which_one_stands_still() {
    let watch = Watch::new();
    let home = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let server = home.block_on(async { Raw::always(responding(json(trial::OK))).await });
    let client = builder::<Metered>(server.endpoint()).build().unwrap();
    let runtimes = [(); 2].map(|()| Builder::new_current_thread().enable_all().build().unwrap());
    // The connections of a runtime stand still while the other one runs.
    for _ in 0..3 {
        for runtime in &runtimes {
            let response = watch.fine(runtime.block_on(client.send(&Ask::new(MOBILE))));
            assert_eq!(response.attempts(), 1);
        }
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn k13_clients_of_their_own_share_nothing() {
    let watch = Watch::new();
    let broken = Raw::always(responding(response(503, "", ""))).await;
    let fine = Raw::always(responding(json(trial::OK))).await;
    let first = metered(broken.endpoint(), &ManualClock::default());
    for _ in 0..60 {
        let error = watch.refused(first.send(&Ask::new(MOBILE)).await);
        assert_eq!(error.kind(), ErrorKind::Server);
    }
    let second = metered(fine.endpoint(), &ManualClock::default());
    watch.fine(second.send(&Ask::new(MOBILE)).await);
    let third = metered(broken.endpoint(), &ManualClock::default());
    let error = watch.refused(third.send(&Ask::new(MOBILE)).await);
    assert_eq!(error.attempts(), 3, "another's budget is another's");
}

/// Calls that are given up whenever it may be, through a server that breaks whatever can be broken:
/// nothing that may have run is sent again, and nothing of it is felt afterwards.
#[test]
fn k14_a_storm_of_writes_that_are_given_up_at_any_time() {
    const TASKS: u64 = 100;
    const CALLS: u64 = 20;
    let watch = Watch::new();
    let runtime = |threads| {
        Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()
            .unwrap()
    };
    let home = runtime(1);
    let stormy = Arc::new(AtomicBool::new(true));
    let storm = stormy.clone();
    let server = home.block_on(Raw::each(move |connection| {
        let storm = storm.clone();
        match connection % 5 {
            0 if storm.load(Ordering::Acquire) => vec![Step::Read, Step::Reset],
            1 if storm.load(Ordering::Acquire) => {
                vec![Step::Read, Step::Write(json(trial::OK)[..40].to_vec())]
            }
            2 if storm.load(Ordering::Acquire) => vec![Step::Read, Step::Hold],
            _ => replying(move |request| match request.len() % 2 {
                0 if storm.load(Ordering::Acquire) => response(503, "", ""),
                _ => json(trial::OK),
            }),
        }
    }));
    let client = builder::<Metered>(server.endpoint()).build().unwrap();
    let random = Seeded::new(14);
    let storms = [runtime(1), runtime(1)];
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let mut patience = [0; CALLS as usize];
            random.fill(&mut patience).unwrap();
            let client = client.clone();
            storms[(task % 2) as usize].spawn(async move {
                for (call, patience) in patience.into_iter().enumerate() {
                    let write = Change::new(format!("write-{task}-{call}-"));
                    let patience = Duration::from_micros(u64::from(patience) * 100);
                    // Whatever comes of it: the server has counted.
                    let _ = tokio::time::timeout(patience, client.send(&write)).await;
                }
            })
        })
        .collect();
    for task in tasks {
        home.block_on(task).unwrap();
    }
    let mut seen = HashSet::new();
    for request in server.requests() {
        let write = request.rsplit("\r\n").next().unwrap().to_owned();
        assert!(seen.insert(write.clone()), "{write} came twice");
    }
    assert!(!seen.is_empty());

    // Nothing of it is left: of the connections from before one may be broken, and no more.
    stormy.store(false, Ordering::Release);
    for runtime in &storms {
        let response = watch.fine(runtime.block_on(client.send(&Ask::new(MOBILE))));
        assert!(response.attempts() <= 2, "{}", response.attempts());
    }
}
