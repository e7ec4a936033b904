//! The effect of every fault on a client that uses a bare socket.

use std::io::{self, ErrorKind};
use std::time::Duration;

use crate::client::{Connection, Response, send};
use crate::requests::{NEW_YEAR, Tencent};
use serde_json::json;
use standing_sandbox::{Fault, Provider, Sandbox, fault};
use tokio::time::timeout;

async fn sandbox(fault: Fault) -> Sandbox {
    let sandbox = Sandbox::builder().rate_limits(false).start().await.unwrap();
    sandbox.fault(fault.on("QueryCustomersCredit").times(1));
    sandbox
}

/// The responses to the first request, which meets the fault, and to the second, which does not.
async fn twice(sandbox: &Sandbox) -> (io::Result<Response>, Response) {
    let tencent = Tencent::new(sandbox);
    let first = send(&tencent.endpoint, &tencent.request("{}")).await;
    let second = send(&tencent.endpoint, &tencent.request("{}"))
        .await
        .unwrap();
    assert_eq!(second.json()["Response"]["Total"], 60);
    let report = sandbox.report();
    assert_eq!(
        (report.total, report.faults, report.verified),
        (2, 1, 2),
        "{report:?}"
    );
    (first, second)
}

#[tokio::test]
async fn status_replaces_the_response() {
    let sandbox = sandbox(fault::status(503)).await;
    let first = twice(&sandbox).await.0.unwrap();
    assert_eq!((first.status, first.body.as_str()), (503, ""));
    assert!(first.header("date").is_some());
}

#[tokio::test]
async fn throttle_returns_the_providers_error_and_the_time_to_wait() {
    let sandbox = sandbox(fault::throttle_for(Duration::from_secs(2))).await;
    let first = twice(&sandbox).await.0.unwrap();
    assert_eq!(
        first.json()["Response"]["Error"]["Code"],
        "RequestLimitExceeded"
    );
    assert_eq!(
        (first.status, first.header("retry-after")),
        (200, Some("2"))
    );
}

#[tokio::test]
async fn provider_code_is_in_the_providers_envelope() {
    let sandbox = sandbox(fault::provider_code("FailedOperation")).await;
    let first = twice(&sandbox).await.0.unwrap();
    assert_eq!(first.json()["Response"]["Error"]["Code"], "FailedOperation");
    assert!(first.json()["Response"]["RequestId"].is_string());
    assert_eq!(
        sandbox.report().codes[&(Provider::Tencent, "FailedOperation".to_owned())],
        1
    );
}

#[tokio::test]
async fn latency_delays_the_response() {
    let sandbox = sandbox(fault::latency(Duration::from_millis(300))).await;
    let tencent = Tencent::new(&sandbox);
    let request = tencent.request("{}");
    let mut slow = Box::pin(send(&tencent.endpoint, &request));
    let early = timeout(Duration::from_millis(100), &mut slow).await;
    assert!(early.is_err());
    assert_eq!(slow.await.unwrap().status, 200);
}

#[tokio::test]
async fn drop_before_response_closes_the_connection_without_a_byte() {
    let sandbox = sandbox(fault::drop_before_response()).await;
    assert_eq!(
        twice(&sandbox).await.0.unwrap_err().kind(),
        ErrorKind::UnexpectedEof
    );
    assert_eq!(sandbox.requests()[0].status, None);
}

#[tokio::test]
async fn reset_resets_the_connection_without_a_byte() {
    let sandbox = sandbox(fault::reset()).await;
    assert_eq!(
        twice(&sandbox).await.0.unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
}

#[tokio::test]
async fn cut_body_after_sends_exactly_that_many_bytes() {
    for bytes in [0, 1, 120] {
        let sandbox = sandbox(fault::cut_body_after(bytes)).await;
        let (first, second) = twice(&sandbox).await;
        let first = first.unwrap();
        assert!(!first.whole);
        assert_eq!(first.body, second.body[..bytes]);
    }
}

#[tokio::test]
async fn reset_body_after_truncates_the_response() {
    let sandbox = sandbox(fault::reset_body_after(50)).await;
    let (first, _) = twice(&sandbox).await;
    // The reset may discard bytes that were sent before it.
    match first {
        Ok(response) => assert!(!response.whole),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
}

#[tokio::test]
async fn cut_beyond_the_body_leaves_the_connection_usable() {
    let sandbox = sandbox(fault::cut_body_after(1_000_000)).await;
    let tencent = Tencent::new(&sandbox);
    let mut connection = Connection::open(&tencent.endpoint).await;
    for _ in 0..3 {
        assert!(connection.send(&tencent.request("{}")).await.unwrap().whole);
    }
}

#[tokio::test]
async fn drip_sends_the_response_slowly_but_completely() {
    let sandbox = sandbox(fault::drip(Duration::from_millis(40))).await;
    let tencent = Tencent::new(&sandbox);
    let request = tencent.request("{}");
    let mut slow = Box::pin(send(&tencent.endpoint, &request));
    // At this rate the response takes minutes.
    assert!(
        timeout(Duration::from_millis(300), &mut slow)
            .await
            .is_err()
    );
    drop(slow);
    let quick = Sandbox::builder().start().await.unwrap();
    quick.fault(fault::drip(Duration::from_micros(1)).times(1));
    let tencent = Tencent::new(&quick);
    let response = send(&tencent.endpoint, &tencent.request(r#"{"PageSize":1}"#))
        .await
        .unwrap();
    assert_eq!(response.json()["Response"]["Total"], 60);
}

#[tokio::test]
async fn silent_sends_nothing() {
    let sandbox = sandbox(fault::silent()).await;
    let tencent = Tencent::new(&sandbox);
    let request = tencent.request("{}");
    let waiting = send(&tencent.endpoint, &request);
    assert!(timeout(Duration::from_millis(300), waiting).await.is_err());
    assert_eq!(sandbox.report().injected["silent"], 1);
}

#[tokio::test]
async fn stale_keepalive_closes_the_connection_at_its_second_request() {
    let sandbox = sandbox(fault::stale_keepalive()).await;
    let tencent = Tencent::new(&sandbox);
    let mut connection = Connection::open(&tencent.endpoint).await;
    assert_eq!(
        connection
            .send(&tencent.request("{}"))
            .await
            .unwrap()
            .status,
        200
    );
    let second = connection.send(&tencent.request("{}")).await;
    assert_eq!(second.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(
        send(&tencent.endpoint, &tencent.request("{}"))
            .await
            .unwrap()
            .status,
        200
    );
    let logged = &sandbox.requests()[1];
    assert_eq!((logged.status, logged.code.as_str()), (None, "none"));
}

#[tokio::test]
async fn wrong_clock_refuses_the_signature_but_counts_it_as_verified() {
    for (fault, date) in [
        (
            fault::wrong_clock(Duration::from_secs(3600)),
            "Thu, 01 Jan 2026 01:00:00 GMT",
        ),
        (
            fault::clock_behind(Duration::from_secs(3600)),
            "Wed, 31 Dec 2025 23:00:00 GMT",
        ),
    ] {
        let sandbox = sandbox(fault).await;
        sandbox
            .clock()
            .set(std::time::UNIX_EPOCH + Duration::from_secs(NEW_YEAR));
        let (first, second) = twice(&sandbox).await;
        let first = first.unwrap();
        assert_eq!(
            first.json()["Response"]["Error"]["Code"],
            "AuthFailure.SignatureExpire"
        );
        assert_eq!(first.header("date"), Some(date));
        assert_eq!(second.header("date"), Some("Thu, 01 Jan 2026 00:00:00 GMT"));
        // The clock is at fault, so the signature counts as verified.
        sandbox.assert_all_verified();
    }
}

#[tokio::test]
async fn html_502_and_not_json_replace_the_body() {
    let html = sandbox(fault::html_502()).await;
    let first = twice(&html).await.0.unwrap();
    assert_eq!(
        (first.status, first.header("content-type")),
        (502, Some("text/html"))
    );
    let garbled = sandbox(fault::not_json()).await;
    let first = twice(&garbled).await.0.unwrap();
    assert_eq!(
        (first.status, first.header("content-type")),
        (200, Some("application/json"))
    );
    assert!(serde_json::from_str::<serde_json::Value>(&first.body).is_err());
}

#[tokio::test]
async fn redirect_has_its_status_and_location() {
    for status in [301, 302, 303, 307, 308] {
        let sandbox = sandbox(fault::redirect_with(status, "http://127.0.0.1:9/else")).await;
        let first = twice(&sandbox).await.0.unwrap();
        assert_eq!(
            (first.status, first.header("location")),
            (status, Some("http://127.0.0.1:9/else"))
        );
    }
}

#[tokio::test]
async fn mutate_between_pages_adds_a_customer_before_the_second_page() {
    let sandbox = Sandbox::builder().rate_limits(false).start().await.unwrap();
    sandbox.fault(fault::mutate_between_pages());
    let tencent = Tencent::new(&sandbox);
    let first = tencent.call(r#"{"Page":1}"#).await;
    let second = tencent.call(r#"{"Page":2}"#).await;
    assert_eq!(
        (&first["Total"], &second["Total"]),
        (&json!(60), &json!(61))
    );
    assert_eq!(
        first["Data"][9]["ClientUin"],
        second["Data"][0]["ClientUin"]
    );
}

#[tokio::test]
async fn fault_applies_only_to_its_page_and_provider() {
    let sandbox = Sandbox::builder().rate_limits(false).start().await.unwrap();
    sandbox.fault(fault::status(500).on_page(2).at(Provider::Tencent));
    let tencent = Tencent::new(&sandbox);
    let mut seen = Vec::new();
    for page in [1, 2, 3, 2] {
        let request = tencent.request(&json!({ "Page": page }).to_string());
        seen.push(send(&tencent.endpoint, &request).await.unwrap().status);
    }
    assert_eq!(seen, [200, 500, 200, 500]);
    sandbox.clear_faults();
    assert_eq!(tencent.code(r#"{"Page":2}"#).await, "OK");
}

#[tokio::test]
async fn chaos_lets_one_of_three_attempts_succeed() {
    let sandbox = Sandbox::builder()
        .customers(1_000)
        .chaos(40)
        .start()
        .await
        .unwrap();
    sandbox
        .clock()
        .set(std::time::UNIX_EPOCH + Duration::from_secs(NEW_YEAR));
    let tencent = Tencent::new(&sandbox);
    for page in 1..=100 {
        let body = json!({ "Page": page }).to_string();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let response = send(&tencent.endpoint, &tencent.request(&body)).await;
            let good = response.is_ok_and(|response| {
                response.status == 200
                    && response.whole
                    && response.json()["Response"]["Error"].is_null()
            });
            if good {
                break;
            }
            assert!(attempts < 3, "page {page}");
            // Stays below the rate limit, which would be a further failure.
            sandbox.clock().advance(Duration::from_secs(1));
        }
        sandbox.clock().advance(Duration::from_secs(1));
    }
    sandbox.assert_all_verified();
    let report = sandbox.report();
    assert!((30..120).contains(&report.faults), "{report:?}");
    assert!(report.injected.len() >= 5, "{report:?}");
    assert_eq!(report.succeeded, 100);
}
