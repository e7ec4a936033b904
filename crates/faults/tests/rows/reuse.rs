//! Connections that are used again: unsolicited responses, and runtimes that come and go.

use std::time::Duration;

use standing_core::{Client, ErrorKind, Operation};
use standing_faults::raw::{Raw, Step, json, responding};
use standing_faults::trial::{Ask, ByPage, LookUp, Metered};
use standing_faults::watch::{MOBILE, Watch};
use standing_faults::{builder, child, keys};
use tokio::runtime::{Builder, Runtime};

const MS: Duration = Duration::from_millis(1);

/// The response to the request that was sent, and the one that belongs to another call.
const OWN: &str = r#"{"status":"OK","id":"r-1","result":{"number":7}}"#;
const SURPLUS: &str = r#"{"status":"OK","id":"r-0","result":{"number":666}}"#;

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn multi_thread(workers: usize) -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()
        .unwrap()
}

/// How the surplus response comes in.
#[derive(Clone, Copy, Debug)]
enum Pieces {
    One,
    Two,
    /// The second piece follows when the next request has come.
    Late,
}

/// A first call, then work that blocks while a surplus response arrives, then a second call.
async fn second_number(
    client: Client<Metered>,
    server: &Raw,
    expected: usize,
    billed: bool,
) -> u64 {
    async fn number(client: &Client<Metered>, billed: bool) -> u64 {
        if billed {
            let response = client.send(&LookUp::new(MOBILE)).await.unwrap();
            response.as_ref().unwrap().number
        } else {
            client.send(&Ask::new(MOBILE)).await.unwrap().number
        }
    }
    assert_eq!(number(&client, billed).await, 7);
    // The server cannot write to the connection of a billed look-up once the client has closed it.
    let most = if billed {
        30 * MS
    } else {
        Duration::from_secs(20)
    };
    let mut waited = Duration::ZERO;
    while server.written() < expected && waited < most {
        std::thread::sleep(MS);
        waited += MS;
    }
    number(&client, billed).await
}

/// No surplus response is taken, in 20 tries each.
fn surplus(runtime: &Runtime, spawned: bool, name: &str) {
    let servers = multi_thread(1);
    for pieces in [Pieces::One, Pieces::Two, Pieces::Late] {
        for billed in [false, true] {
            for try_number in 0..20 {
                let (own, surplus) = (json(OWN), json(SURPLUS));
                let (first, second) = surplus.split_at(surplus.len() / 3);
                let (first, second) = (first.to_vec(), second.to_vec());
                let (rest, early) = match pieces {
                    Pieces::One => (vec![Step::Write(surplus.clone())], surplus.len()),
                    Pieces::Two => (
                        vec![Step::Write(first), Step::Wait(2 * MS), Step::Write(second)],
                        surplus.len(),
                    ),
                    Pieces::Late => {
                        let length = first.len();
                        let late = vec![Step::Write(first), Step::Read, Step::Write(second)];
                        (late, length)
                    }
                };
                let expected = own.len() + early;
                let mut script = vec![Step::Read, Step::Write(own.clone()), Step::Wait(5 * MS)];
                script.extend(rest);
                script.extend(responding(own.clone()).into_iter().take(2));
                script.push(Step::Hold);
                let server = servers.block_on(Raw::each(move |connection| match connection {
                    0 => script.clone(),
                    _ => responding(own.clone()),
                }));
                let client = builder::<Metered>(server.endpoint()).build().unwrap();
                let work = async move { second_number(client, &server, expected, billed).await };
                let number = if spawned {
                    let task = runtime.spawn(work);
                    runtime.block_on(task).unwrap()
                } else {
                    runtime.block_on(work)
                };
                assert_eq!(
                    number, 7,
                    "{name}, {pieces:?}, billed: {billed}, spawned: {spawned}, try {try_number}"
                );
            }
        }
    }
}

#[test]
fn surplus_response_on_an_idle_connection_is_never_taken_on_one_thread() {
    surplus(&current_thread(), false, "one thread");
    surplus(&current_thread(), true, "one thread");
}

#[test]
fn surplus_response_on_an_idle_connection_is_never_taken_on_many_threads() {
    surplus(&multi_thread(2), false, "many threads");
    surplus(&multi_thread(1), true, "one worker");
    surplus(&multi_thread(2), true, "many threads");
}

/// The runtime's only thread blocks, and the call is made on another one.
#[test]
fn surplus_response_is_never_taken_by_a_call_from_outside_a_busy_runtime() {
    let runtime = current_thread();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let handle = runtime.handle().clone();
    let driving = std::thread::spawn(move || {
        runtime.block_on(async {
            let mut stopped = stopped;
            while stopped.try_recv().is_err() {
                std::thread::sleep(MS);
                tokio::task::yield_now().await;
            }
        });
    });
    let servers = multi_thread(1);
    for try_number in 0..20 {
        let (own, surplus) = (json(OWN), json(SURPLUS));
        let expected = own.len() + surplus.len();
        let first = vec![
            Step::Read,
            Step::Write(own.clone()),
            Step::Wait(5 * MS),
            Step::Write(surplus),
            Step::Read,
            Step::Write(own.clone()),
            Step::Hold,
        ];
        let server = servers.block_on(Raw::each(move |connection| match connection {
            0 => first.clone(),
            _ => responding(own.clone()),
        }));
        let client = builder::<Metered>(server.endpoint()).build().unwrap();
        let number = handle.block_on(second_number(client, &server, expected, false));
        assert_eq!(number, 7, "try {try_number}");
    }
    stop.send(()).unwrap();
    driving.join().unwrap();
}

#[tokio::test]
async fn calls_that_cannot_be_repeated_never_share_a_connection() {
    async fn connections<O: Operation<Provider = Metered>>(operation: O) -> usize {
        let server = Raw::always(responding(json(OWN))).await;
        let client = builder::<Metered>(server.endpoint()).build().unwrap();
        for _ in 0..5 {
            client.send(&operation).await.unwrap();
        }
        server.connections()
    }
    assert_eq!(connections(LookUp::new(MOBILE)).await, 5);
    assert_eq!(
        connections(standing_faults::trial::Change::new(MOBILE)).await,
        5
    );
    assert_eq!(connections(Ask::new(MOBILE)).await, 1);
}

#[test]
fn a_runtime_that_comes_back_finds_its_connection_however_many_there_are() {
    let watch = Watch::new();
    let servers = multi_thread(1);
    let rows = r#"{"status":"OK","id":"r-1","result":{"rows":[],"total":0}}"#;
    let server = servers.block_on(Raw::always(responding(json(rows))));
    let client = builder::<Metered>(server.endpoint()).build().unwrap();
    let runtimes: Vec<_> = (0..24).map(|_| current_thread()).collect();
    for _ in 0..3 {
        for runtime in &runtimes {
            watch.fine(runtime.block_on(client.send(&ByPage::default())));
        }
    }
    assert_eq!(server.connections(), runtimes.len());
}

#[test]
fn runtime_without_drivers_is_a_configuration_error() {
    // What a panic would print is looked at, too.
    if !child::is_alone(
        "reuse::runtime_without_drivers_is_a_configuration_error",
        &[],
    ) {
        return;
    }
    let client: Client<Metered> = Client::builder().credentials(keys()).build().unwrap();
    let mut without = [
        Builder::new_current_thread(),
        Builder::new_current_thread(),
        Builder::new_current_thread(),
    ];
    without[1].enable_time();
    without[2].enable_io();
    for builder in &mut without {
        let runtime = builder.build().unwrap();
        for _ in 0..2 {
            let error = runtime
                .block_on(client.send(&LookUp::new(MOBILE)))
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
            assert!(error.message().contains("enable_all"), "{error}");
            assert_eq!((error.attempts(), error.may_have_run()), (0, false));
        }
    }
}
