//! Names, TCP, and connections that are used again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use standing_core::{Client, ErrorKind};
use standing_faults::clock::{Largest, ManualClock};
use standing_faults::raw::{Raw, Step, header, json, responding};
use standing_faults::trial::{self, Ask, ByPage, LookUp, Metered};
use standing_faults::watch::{MOBILE, Watch};
use standing_faults::{builder, child, found, keys, metered, search, tencent};
use standing_tencent::Tencent;
use tokio::net::{TcpSocket, TcpStream};

const MS: Duration = Duration::from_millis(1);

/// An address that is taken and refuses connections: no other test can come to listen there.
fn refusing() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let endpoint = format!("http://{}", socket.local_addr().unwrap());
    (socket, endpoint)
}

#[tokio::test]
async fn a1_connection_refused() {
    let watch = Watch::new();
    let (_socket, endpoint) = refusing();
    let clock = ManualClock::default();
    let client = builder::<Tencent>(&endpoint)
        .clock(Arc::new(clock.clone()))
        .random(Arc::new(Largest))
        .build()
        .unwrap();
    let error = watch.refused(client.send(&search()).await);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 3));
    assert!(error.is_retryable() && !error.may_have_run());
    assert!(error.message().contains("127.0.0.1"), "{error}");
    let pauses = clock.pauses();
    assert!(pauses[0] <= 50 * MS && pauses[0] > 49 * MS, "{pauses:?}");
    assert!(pauses[1] <= 100 * MS && pauses[1] > 99 * MS, "{pauses:?}");

    // Nothing was sent, so a look-up that is billed is tried again as well.
    let clock = ManualClock::default();
    let outcome = metered(&endpoint, &clock).send(&LookUp::new(MOBILE)).await;
    let error = watch.refused(outcome);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 3));
    assert!(error.is_retryable() && !error.may_have_run());
    assert_eq!(clock.pauses().len(), 2);
}

#[tokio::test]
async fn a2_refused_twice_then_up() {
    let watch = Watch::new();
    let (socket, endpoint) = refusing();
    let (socket, server) = (Mutex::new(Some(socket)), Arc::new(Mutex::new(None)));
    let started = server.clone();
    let clock = ManualClock::default().with_hook(move |pause| {
        if pause == 2 {
            let socket = socket.lock().unwrap().take().unwrap();
            let server = Raw::on(socket.listen(8).unwrap(), |_| responding(json(trial::OK)));
            *started.lock().unwrap() = Some(server);
        }
    });
    let response = metered(&endpoint, &clock).send(&LookUp::new(MOBILE)).await;
    assert_eq!(watch.fine(response).attempts(), 3);
    let server = server.lock().unwrap().take().unwrap();
    assert_eq!(server.requests().len(), 1, "billed once");
}

#[tokio::test]
async fn a3_name_does_not_resolve() {
    let watch = Watch::new();
    // No label may be so long: the resolver says no without asking anybody.
    let name = "a".repeat(64);
    let clock = ManualClock::default();
    let client = tencent(format!("https://{name}.invalid"), &clock);
    let error = watch.refused(client.send(&search()).await);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 3));
    assert!(error.message().contains(&name), "{error}");
    assert!(!error.may_have_run());
}

#[tokio::test]
async fn a4_a_name_with_several_addresses() {
    let watch = Watch::new();
    let server = Raw::always(responding(json(&found()))).await;
    let endpoint = format!("http://localhost:{}", server.address().port());
    let client = tencent(endpoint, &ManualClock::default());
    let response = watch.fine(client.send(&search()).await);
    assert_eq!(response.attempts(), 1);
}

#[tokio::test]
async fn a5_connect_never_completes() {
    let watch = Watch::new();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while waiting.len() < 64 {
        match tokio::time::timeout(150 * MS, TcpStream::connect(address)).await {
            Ok(stream) => waiting.push(stream.unwrap()),
            Err(_) => break,
        }
    }
    assert!(waiting.len() < 64, "the backlog is never full");
    let client = builder::<Metered>(format!("http://{address}"))
        .clock(Arc::new(ManualClock::default()))
        .connect_timeout(200 * MS)
        .build()
        .unwrap();
    let error = watch.refused(client.send(&LookUp::new(MOBILE)).await);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 3));
    assert!(!error.may_have_run() && error.is_retryable(), "{error}");
    drop(listener);
}

/// What a server may do to a request that it has read, and what must come of it for a read and for
/// a look-up that is billed.
async fn breaks(watch: &Watch, script: Vec<Step>, what: &str) {
    let server = Raw::always(script.clone()).await;
    let client = tencent(server.endpoint(), &ManualClock::default());
    let error = watch.refused(client.send(&search()).await);
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Transport, 3),
        "{what}: {error}"
    );
    assert!(error.may_have_run() && error.is_retryable(), "{what}");
    assert_eq!(server.requests().len(), 3, "{what}");

    let server = Raw::always(script).await;
    let client = metered(server.endpoint(), &ManualClock::default());
    let error = watch.refused(client.send(&LookUp::new(MOBILE)).await);
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Transport, 1),
        "{what}: {error}"
    );
    assert!(error.may_have_run() && !error.is_retryable(), "{what}");
    assert_eq!(server.requests().len(), 1, "{what}: billed once at most");
}

#[tokio::test]
async fn a6_closed_without_a_byte() {
    let watch = Watch::new();
    breaks(&watch, vec![Step::Read], "closed").await;
}

#[tokio::test]
async fn a7_reset_without_a_byte() {
    let watch = Watch::new();
    breaks(&watch, vec![Step::Read, Step::Reset], "reset").await;
}

#[tokio::test]
async fn a8_broken_off_inside_the_head() {
    let watch = Watch::new();
    let whole = json(&found());
    for length in [1, 10, 17, 30] {
        let begun = Step::Write(whole[..length].to_vec());
        let what = format!("{length} bytes, then closed");
        breaks(&watch, vec![Step::Read, begun.clone()], &what).await;
        let what = format!("{length} bytes, then reset");
        breaks(&watch, vec![Step::Read, begun, Step::Reset], &what).await;
    }
}

#[tokio::test]
async fn a9_idle_connection_closed_by_the_server() {
    let watch = Watch::new();
    let server = Raw::each(|connection| match connection {
        0 => vec![Step::Read, Step::Write(json(trial::OK)), Step::Finish],
        _ => responding(json(trial::OK)),
    })
    .await;
    let client = metered(server.endpoint(), &ManualClock::default());
    for connections in [1, 2] {
        let response = watch.fine(client.send(&Ask::new(MOBILE)).await);
        assert_eq!(response.attempts(), 1);
        assert_eq!(server.connections(), connections);
        // The client closes its side as soon as it notices.
        server.closed(1).await;
    }
}

#[tokio::test]
async fn a10_closed_when_the_next_request_arrives() {
    let watch = Watch::new();
    let server = Raw::each(|connection| match connection {
        0 => vec![Step::Read, Step::Write(json(&found())), Step::Read],
        _ => responding(json(&found())),
    })
    .await;
    let clock = ManualClock::default();
    let other = clock.clone();
    let clock = clock.with_hook(move |_| other.advance(Duration::from_secs(2)));
    let client = tencent(server.endpoint(), &clock);
    assert_eq!(watch.fine(client.send(&search()).await).attempts(), 1);
    assert_eq!(watch.fine(client.send(&search()).await).attempts(), 2);
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    for name in ["authorization", "x-tc-timestamp"] {
        let sent = |at: usize| header(&requests[at], name).unwrap();
        assert_ne!(sent(1), sent(2), "{name}: every attempt is signed afresh");
    }
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a11_idle_longer_than_the_pool_keeps() {
    let watch = Watch::new();
    let server = Raw::always(responding(json(trial::OK))).await;
    let client = builder::<Metered>(server.endpoint())
        .idle_timeout(50 * MS)
        .build()
        .unwrap();
    for connections in [1, 2] {
        watch.fine(client.send(&Ask::new(MOBILE)).await);
        assert_eq!(server.connections(), connections);
        tokio::time::sleep(200 * MS).await;
    }
}

#[tokio::test]
async fn a12_every_reused_connection_dies() {
    let watch = Watch::new();
    let all_there = Arc::new(tokio::sync::Barrier::new(8));
    let first = || vec![Step::Read, Step::Write(json(&found())), Step::Read];
    let server = Raw::each(move |_| first()).await;
    let client = tencent(server.endpoint(), &ManualClock::default());
    let warm: Vec<_> = (0..8)
        .map(|_| {
            let (client, all_there) = (client.clone(), all_there.clone());
            tokio::spawn(async move {
                all_there.wait().await;
                client.send(&search()).await.unwrap().attempts()
            })
        })
        .collect();
    for task in warm {
        assert!(task.await.unwrap() <= 2);
    }
    for _ in 0..20 {
        let response = watch.fine(client.send(&search()).await);
        assert!(response.attempts() <= 2, "never two old ones in a row");
    }
}

#[tokio::test]
async fn a13_a_proxy_in_the_environment() {
    let watch = Watch::new();
    let proxy = "http://sentinel.person:sentinel-token-in-proxy@127.0.0.1:1";
    let environment = [
        ("HTTP_PROXY", proxy),
        ("http_proxy", proxy),
        ("HTTPS_PROXY", proxy),
        ("ALL_PROXY", proxy),
    ];
    if !child::is_alone(
        "a_connections::a13_a_proxy_in_the_environment",
        &environment,
    ) {
        return;
    }
    let server = Raw::always(responding(json(&found()))).await;
    let client = tencent(server.endpoint(), &ManualClock::default());
    watch.fine(client.send(&search()).await);

    let client: Client<Tencent> = Client::builder()
        .credentials(keys())
        .clock(Arc::new(ManualClock::default()))
        .build()
        .unwrap();
    let error = watch.refused(client.send(&search()).await);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 3));
    assert!(error.message().contains("proxy"), "{error}");
    assert!(!error.may_have_run());
}

#[tokio::test]
async fn a_proxy_that_is_not_used_is_not_named() {
    let watch = Watch::new();
    let environment = [
        ("HTTPS_PROXY", "http://sentinel-token-in-proxy@127.0.0.1:1"),
        ("NO_PROXY", ".invalid"),
    ];
    let test = "a_connections::a_proxy_that_is_not_used_is_not_named";
    if !child::is_alone(test, &environment) {
        return;
    }
    let name = "a".repeat(64);
    let failed = |host: String| {
        let client = tencent(format!("https://{host}"), &ManualClock::default());
        async move { client.send(&search()).await }
    };
    let error = watch.refused(failed(format!("{name}.invalid")).await);
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(!error.message().contains("proxy"), "{error}");
    let error = watch.refused(failed(format!("{name}.example")).await);
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.message().contains("proxy"), "{error}");
}

#[test]
fn a_malformed_proxy_is_a_configuration_error_that_names_the_variable() {
    let environment = [
        (
            "HTTPS_PROXY",
            "http://sentinel.person:sentinel-token-in-proxy@[::1",
        ),
        ("ALL_PROXY", "http://127.0.0.1:1"),
    ];
    let test = "a_connections::a_malformed_proxy_is_a_configuration_error_that_names_the_variable";
    if !child::is_alone(test, &environment) {
        return;
    }
    let built = Client::<Tencent>::builder().credentials(keys()).build();
    let error = built.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.message().contains("HTTPS_PROXY"), "{error}");
    assert!(
        !format!("{error} {error:?}").contains("sentinel"),
        "{error}"
    );
    // No proxy is ever used on this machine.
    assert!(builder::<Tencent>("http://127.0.0.1:9").build().is_ok());
}

#[tokio::test]
async fn a14_accepted_and_never_read() {
    let watch = Watch::new();
    let server = Raw::always(vec![Step::Hold]).await;
    let client = builder::<Metered>(server.endpoint())
        .attempt_timeout(200 * MS)
        .build()
        .unwrap();
    let error = watch.refused(client.send(&LookUp::new(MOBILE)).await);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1));
    assert!(error.may_have_run());
}

#[tokio::test]
async fn a15_ten_thousand_calls_one_after_another() {
    let watch = Watch::new();
    // Sockets are counted by the process.
    if !child::is_alone(
        "a_connections::a15_ten_thousand_calls_one_after_another",
        &[],
    ) {
        return;
    }
    let rows = r#"{"status":"OK","id":"r-1","result":{"rows":[],"total":0}}"#;
    let server = Raw::always(responding(json(rows))).await;
    let client = metered(server.endpoint(), &ManualClock::default());
    let list = ByPage::default();
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    watch.fine(client.send(&list).await);
    let before = open();
    for _ in 0..10_000 {
        assert_eq!(client.send(&list).await.unwrap().attempts(), 1);
    }
    // Both ends of a connection are in this process.
    assert!(open() <= before + 2 * 8, "{before}, now {}", open());
    assert!(server.connections() <= 8, "{}", server.connections());
    assert_eq!(server.requests().len(), 10_001);
}
