//! Responses that are not HTTP as it should be.

use standing_core::ErrorKind;
use standing_faults::clock::ManualClock;
use standing_faults::raw::{Raw, Step, json, responding, response};
use standing_faults::trial::{Ask, LookUp};
use standing_faults::watch::{MAIL, MOBILE, Watch};
use standing_faults::{found, metered, search, tencent};
use standing_tencent::ip::QueryCustomersCredit;

/// The kind of failure, attempts of a read and of a look-up that is billed, when every connection
/// sends these bytes and is closed.
async fn outcome(watch: &Watch, bytes: &[u8], last: Option<Step>) -> (ErrorKind, u32, u32) {
    let mut script = vec![Step::Read, Step::Write(bytes.to_vec())];
    script.extend(last);
    let server = Raw::always(script.clone()).await;
    let client = tencent(server.endpoint(), &ManualClock::default());
    let read = watch.refused(client.send(&search()).await);
    assert!(read.message().len() <= 1024);
    assert_eq!(server.requests().len() as u32, read.attempts());

    let server = Raw::always(script).await;
    let client = metered(server.endpoint(), &ManualClock::default());
    let billed = watch.refused(client.send(&LookUp::new(MOBILE)).await);
    assert_eq!(server.requests().len() as u32, billed.attempts());
    assert_eq!(read.kind(), billed.kind(), "{read} {billed}");
    assert!(billed.may_have_run() && !billed.is_retryable(), "{billed}");
    (read.kind(), read.attempts(), billed.attempts())
}

const BROKEN: (ErrorKind, u32, u32) = (ErrorKind::Transport, 3, 1);
const IMPROPER: (ErrorKind, u32, u32) = (ErrorKind::Protocol, 1, 1);

#[tokio::test]
async fn c1_body_shorter_than_its_length() {
    let watch = Watch::new();
    let whole = json(&found());
    for missing in [1, 20, found().len()] {
        let cut = &whole[..whole.len() - missing];
        assert_eq!(outcome(&watch, cut, None).await, BROKEN, "{missing}");
    }
}

#[tokio::test]
async fn c2_reset_in_the_body() {
    let watch = Watch::new();
    let whole = json(&found());
    let cut = &whole[..whole.len() - 20];
    assert_eq!(outcome(&watch, cut, Some(Step::Reset)).await, BROKEN);
}

fn chunked(chunks: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}").into_bytes()
}

#[tokio::test]
async fn c3_chunks_that_break_off() {
    let watch = Watch::new();
    for chunks in [
        "",
        "5",
        "5\r\n",
        "5\r\n{\"a\"",
        "9\r\n{\"a\": 1}\n\r\n",
        "9\r\n{\"a\": 1}\n\r\n0\r\n",
    ] {
        let bytes = chunked(chunks);
        assert_eq!(outcome(&watch, &bytes, None).await, BROKEN, "{chunks:?}");
    }
}

#[tokio::test]
async fn c4_chunks_of_no_size() {
    let watch = Watch::new();
    for chunks in ["xyz\r\n{}\r\n", "-1\r\n{}", "fffffffffffffffff\r\n{}"] {
        let bytes = chunked(chunks);
        assert_eq!(outcome(&watch, &bytes, None).await, IMPROPER, "{chunks:?}");
    }
}

#[tokio::test]
async fn c5_a_body_without_a_length_that_is_cut() {
    let watch = Watch::new();
    let body = found();
    for length in [0, 1, 40, body.len() - 1] {
        let bytes = format!("HTTP/1.0 200 OK\r\n\r\n{}", &body[..length]);
        let came = outcome(&watch, bytes.as_bytes(), None).await;
        assert_eq!(came, BROKEN, "{length}");
    }
    let whole = format!("HTTP/1.0 200 OK\r\n\r\n{body}");
    let server = Raw::always(vec![Step::Read, Step::Write(whole.into_bytes())]).await;
    let client = tencent(server.endpoint(), &ManualClock::default());
    assert_eq!(watch.fine(client.send(&search()).await).attempts(), 1);
}

#[tokio::test]
async fn c6_two_different_lengths() {
    let watch = Watch::new();
    let bytes = response(200, "content-length: 5\r\n", &found());
    assert_eq!(outcome(&watch, &bytes, None).await, IMPROPER);
}

#[tokio::test]
async fn c7_length_and_chunks_at_once() {
    let watch = Watch::new();
    let body = found();
    let bytes = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    let server = Raw::each(move |connection| match connection {
        0 => vec![
            Step::Read,
            Step::Write(bytes.clone().into_bytes()),
            Step::Again,
        ],
        _ => responding(json(&found())),
    })
    .await;
    let client = tencent(server.endpoint(), &ManualClock::default());
    for _ in 0..3 {
        match client.send(&search()).await {
            Ok(page) => assert_eq!(page.data.len(), 1),
            Err(error) => assert_eq!(watch.error(error).kind(), ErrorKind::Protocol),
        }
    }
}

#[tokio::test]
async fn c8_two_responses_to_one_request() {
    let watch = Watch::new();
    let stale = json(r#"{"Response":{"Total":666,"Data":[],"RequestId":"stale"}}"#);
    let twice = [json(&found()), stale].concat();
    let server = Raw::each(move |connection| match connection {
        0 => vec![Step::Read, Step::Write(twice.clone()), Step::Finish],
        _ => responding(json(&found())),
    })
    .await;
    let client = tencent(server.endpoint(), &ManualClock::default());
    for _ in 0..2 {
        let page = watch.fine(client.send(&search()).await);
        assert_eq!(
            page.total,
            Some(1),
            "an unsolicited response belongs to no call"
        );
    }
}

#[tokio::test]
async fn c9_no_http_at_all() {
    let watch = Watch::new();
    let noise: Vec<u8> = (0..512_u32).map(|i| (i * 37 % 251) as u8).collect();
    for bytes in [
        b"SSH-2.0-OpenSSH_9.9\r\n".to_vec(),
        format!("{MAIL} \x1b[31m\r\n\r\n").into_bytes(),
        b"220 smtp.example.com ESMTP\r\n".to_vec(),
        b"HTTP/3.0 200 OK\r\n\r\n".to_vec(),
        noise,
    ] {
        assert_eq!(outcome(&watch, &bytes, None).await, IMPROPER);
    }
}

#[tokio::test]
async fn c10_heads_without_measure() {
    let watch = Watch::new();
    let many: String = (0..150).map(|i| format!("x-{i}: y\r\n")).collect();
    let bytes = response(200, &many, &found());
    assert_eq!(outcome(&watch, &bytes, Some(Step::Hold)).await, IMPROPER);
    let long = format!("x-long: {}\r\n", "y".repeat(600_000));
    let bytes = response(200, &long, &found());
    assert_eq!(outcome(&watch, &bytes, Some(Step::Hold)).await, IMPROPER);
}

#[tokio::test]
async fn c11_informational_responses_first() {
    let watch = Watch::new();
    let mut bytes =
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".to_vec();
    bytes.extend(json(&found()));
    let server = Raw::always(responding(bytes)).await;
    let client = tencent(server.endpoint(), &ManualClock::default());
    for _ in 0..2 {
        assert_eq!(watch.fine(client.send(&search()).await).attempts(), 1);
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn c12_statuses_that_do_not_exist() {
    let watch = Watch::new();
    for status in [101, 600, 999] {
        let bytes = response(status, "", &found());
        let (kind, read, billed) = outcome(&watch, &bytes, None).await;
        assert_eq!((kind, read, billed), IMPROPER, "{status}");
    }
    // An informational response and nothing after it is a connection that broke.
    let bytes = response(199, "", "");
    assert_eq!(outcome(&watch, &bytes, None).await, BROKEN);
    for line in [
        "HTTP/1.1 20 OK",
        "HTTP/1.1 2000 OK",
        "HTTP/1.1 abc OK",
        "HTTP/1.1 -20 OK",
    ] {
        let bytes = format!("{line}\r\ncontent-length: 2\r\n\r\n{{}}");
        assert_eq!(
            outcome(&watch, bytes.as_bytes(), None).await,
            IMPROPER,
            "{line}"
        );
    }
}

#[tokio::test]
async fn c13_success_without_a_body() {
    let watch = Watch::new();
    for bytes in [
        response(200, "", ""),
        b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
    ] {
        let came = outcome(&watch, &bytes, None).await;
        assert_eq!(came, (ErrorKind::Decode, 1, 1));
        let server = Raw::always(responding(bytes.clone())).await;
        let client = tencent(server.endpoint(), &ManualClock::default());
        let error = watch.refused(client.send(&search()).await);
        assert!(error.message().contains("is empty"), "{error}");
        assert!(matches!(error.status(), Some(200 | 204)));
    }
}

#[tokio::test]
async fn c14_one_byte_at_a_time() {
    let watch = Watch::new();
    let script = vec![
        Step::Read,
        Step::Drip(json(&found()), std::time::Duration::ZERO),
        Step::Again,
    ];
    let server = Raw::always(script).await;
    let client = tencent(server.endpoint(), &ManualClock::default());
    for _ in 0..2 {
        assert_eq!(watch.fine(client.send(&search()).await).attempts(), 1);
    }
}

#[tokio::test]
async fn c15_response_before_the_request_was_read() {
    let watch = Watch::new();
    let server = Raw::always(vec![
        Step::ReadHead,
        Step::Write(response(413, "connection: close\r\n", "")),
        Step::Hold,
    ])
    .await;
    let client = tencent(server.endpoint(), &ManualClock::default());
    let large = QueryCustomersCredit::new()
        .with_filter_type("Remark")
        .with_filter(MAIL.repeat(200_000));
    let error = watch.refused(client.send(&large).await);
    assert_eq!(
        (error.kind(), error.status(), error.attempts()),
        (ErrorKind::InvalidRequest, Some(413), 1),
        "{error}"
    );
}

#[tokio::test]
async fn c16_a_failure_whose_body_breaks_is_still_that_failure() {
    let watch = Watch::new();
    use ErrorKind::*;
    for (status, kind, attempts) in [
        (401, Auth, 1),
        (403, Permission, 1),
        (404, NotFound, 1),
        (307, Redirect, 1),
        (503, Server, 3),
        (429, Throttled, 3),
        // This may be anything, a refusal that passes among them.
        (400, Transport, 3),
    ] {
        let whole = response(status, "retry-after: 1\r\n", "{\"a\": 1}");
        let cut = whole[..whole.len() - 4].to_vec();
        for last in [None, Some(Step::Reset)] {
            let mut script = vec![Step::Read, Step::Write(cut.clone())];
            script.extend(last);
            let server = Raw::always(script).await;
            let clock = ManualClock::default();
            let client = metered(server.endpoint(), &clock);
            let error = watch.refused(client.send(&Ask::new(MOBILE)).await);
            assert_eq!(
                (error.kind(), error.attempts(), error.status()),
                (kind, attempts, Some(status)),
                "{error}"
            );
            if kind != Transport {
                let heeded = clock.pauses().iter().all(|pause| pause.as_secs() >= 1);
                assert!(heeded, "the hint was read");
            }
        }
    }
}

#[tokio::test]
async fn c17_a_response_before_any_request() {
    let watch = Watch::new();
    // It belongs to no call, and the request never left.
    let server = Raw::always(vec![Step::Write(json(&found())), Step::Hold]).await;
    let client = metered(server.endpoint(), &ManualClock::default());
    match client.send(&LookUp::new(MOBILE)).await {
        Ok(_) => panic!("a response that was there before the request"),
        Err(error) => assert_ne!(watch.error(error).kind(), ErrorKind::Decode),
    }
}
