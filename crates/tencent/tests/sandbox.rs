//! The client against the sandbox, which checks every signature with code of its own.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed test is a panic"
)]

use std::time::Duration;

use standing_sandbox::fault::{provider_code, reset, status, throttle};
use standing_sandbox::{Provider, Sandbox};
use standing_tencent::{Client, Credentials, ErrorKind, Tencent, intlpartnersmgt, ip};

async fn sandbox() -> Sandbox {
    Sandbox::builder()
        .customers(60)
        .rate_limits(false)
        .start()
        .await
        .unwrap()
}

fn client(sandbox: &Sandbox) -> Client {
    let key = sandbox.key(Provider::Tencent);
    Client::builder()
        .endpoint(sandbox.endpoint(Provider::Tencent))
        .credentials(Credentials::new(key.id, key.secret))
        .unlimited_rate()
        .build()
        .unwrap()
}

#[tokio::test]
async fn both_services_accept_signed_searches_and_walks() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);

    let mut pages = client.pages(ip::QueryCustomersCredit::new().with_page_size(7));
    let mut seen = Vec::new();
    while let Some(page) = pages.next().await.transpose().unwrap() {
        assert_eq!(page.total, Some(60));
        seen.extend(
            page.items
                .into_iter()
                .filter_map(|customer| customer.client_uin),
        );
    }
    assert_eq!(seen.len(), 60);
    let mut unique = seen.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), 60, "no customer twice");
    assert_eq!(pages.cursor(), None);
    assert_eq!(
        sandbox.report().total,
        9,
        "60 rows in pages of 7, and not one page more"
    );

    let one = intlpartnersmgt::QueryCustomersCredit::new()
        .with_filter_type("ClientUin")
        .with_filter(seen[10].to_string());
    let found = client.send(&one).await.unwrap();
    assert_eq!(found.data.len(), 1);
    assert_eq!(found.data[0].client_uin, Some(seen[10]));

    let no_match = ip::QueryCustomersCredit::new()
        .with_filter_type("Name")
        .with_filter("云帆 \"x\" 😀");
    assert!(client.send(&no_match).await.unwrap().data.is_empty());
    sandbox.assert_all_verified();
}

#[tokio::test]
async fn resumed_walk_continues_where_it_stopped() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    let operation = ip::QueryCustomersCredit::new()
        .with_page_size(25)
        .with_order("asc");
    let mut pages = client.pages(operation.clone());
    let first = pages.next().await.unwrap().unwrap();
    let cursor = pages.cursor().unwrap();
    drop(pages);

    let mut resumed = client.pages(operation).resume(&cursor).unwrap();
    let mut rows = first.items;
    while let Some(page) = resumed.next().await.transpose().unwrap() {
        rows.extend(page.items);
    }
    let mut uins: Vec<_> = rows.iter().filter_map(|row| row.client_uin).collect();
    uins.sort_unstable();
    uins.dedup();
    assert_eq!((rows.len(), uins.len()), (60, 60));

    let foreign = client
        .pages(intlpartnersmgt::QueryCustomersCredit::new())
        .resume(&cursor)
        .unwrap_err();
    assert_eq!(foreign.kind(), ErrorKind::Paging);
    assert_eq!(foreign.attempts(), 0);
}

#[tokio::test]
async fn failed_walk_has_a_cursor_to_resume_from() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    let mut pages = client.pages(ip::QueryCustomersCredit::new().with_page_size(20));
    pages.next().await.unwrap().unwrap();
    sandbox.fault(provider_code("FailedOperation").times(1));
    let error = pages.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), Some("FailedOperation"));
    let mut resumed = client
        .pages(ip::QueryCustomersCredit::new().with_page_size(20))
        .resume(error.cursor().unwrap())
        .unwrap();
    assert_eq!(resumed.next().await.unwrap().unwrap().items.len(), 20);
    assert_eq!(resumed.next().await.unwrap().unwrap().items.len(), 20);
    assert!(resumed.next().await.is_none());
}

#[tokio::test]
async fn transient_faults_are_retried_with_a_new_signature() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    for (fault, attempts) in [
        (status(503).times(2), 3),
        (reset().times(1), 2),
        (throttle().times(1), 2),
        (provider_code("InternalError").times(1), 2),
    ] {
        sandbox.fault(fault);
        let page = client.send(&ip::QueryCustomersCredit::new()).await.unwrap();
        assert_eq!(page.attempts(), attempts);
    }
    sandbox.assert_all_verified();
}

#[tokio::test]
async fn wrong_clock_is_corrected_once_for_all_calls() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    sandbox.clock().advance(Duration::from_secs(20 * 60));
    let first = client.send(&ip::QueryCustomersCredit::new()).await.unwrap();
    assert_eq!(first.attempts(), 2);
    let second = client.send(&ip::QueryCustomersCredit::new()).await.unwrap();
    assert_eq!(second.attempts(), 1);
    // The server's clock is right again, so an old correction would be wrong.
    sandbox.clock().real();
    let third = client.send(&ip::QueryCustomersCredit::new()).await.unwrap();
    assert_eq!(third.attempts(), 2);
    assert_eq!(
        client
            .send(&ip::QueryCustomersCredit::new())
            .await
            .unwrap()
            .attempts(),
        1
    );
}

#[tokio::test]
async fn wrong_keys_make_one_request() {
    let sandbox = sandbox().await;
    let key = sandbox.key(Provider::Tencent);
    for (id, secret, code) in [
        (
            key.id.as_str(),
            "another-secret",
            "AuthFailure.SignatureFailure",
        ),
        (
            "AKIDnobody",
            key.secret.as_str(),
            "AuthFailure.SecretIdNotFound",
        ),
    ] {
        let client = Client::builder()
            .endpoint(sandbox.endpoint(Provider::Tencent))
            .credentials(Credentials::new(id, secret))
            .build()
            .unwrap();
        let error = client
            .send(&ip::QueryCustomersCredit::new())
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.code(), error.attempts()),
            (ErrorKind::Auth, Some(code), 1)
        );
        assert!(!error.is_retryable() && !error.may_have_run());
        assert!(!error.to_string().contains(id), "{error}");
    }
    assert_eq!(sandbox.report().total, 2);
}

#[tokio::test]
async fn session_token_region_and_path_prefix_are_accepted() {
    let sandbox = Sandbox::builder()
        .path_prefix("/gw/%7Ebss")
        .start()
        .await
        .unwrap();
    let key = sandbox.key(Provider::Tencent);
    let client = Client::builder()
        .provider(
            Tencent::default()
                .with_region("ap-singapore")
                .with_language("zh-CN"),
        )
        .endpoint(sandbox.endpoint(Provider::Tencent))
        .credentials(Credentials::new(key.id, key.secret).with_token("session-token-for-tests"))
        .build()
        .unwrap();
    let page = client
        .send(&ip::QueryCustomersCredit::new().with_page_size(1))
        .await
        .unwrap();
    assert_eq!(page.data.len(), 1);
    sandbox.assert_all_verified();
}

#[tokio::test]
async fn raw_call_is_accepted() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    use standing_tencent::operation::{Method, OperationInfo};
    let info = OperationInfo::new(&ip::SERVICE, "QueryCustomersCredit", Method::Post, "/").reads();
    let parameters = serde_json::json!({"PageSize": 2});
    let answer = client.raw(&info, &parameters).await.unwrap();
    assert!(
        answer.as_str().contains("\"Total\":60"),
        "{} bytes",
        answer.as_str().len()
    );
    let error = client
        .raw(&info, &serde_json::json!({"Nonsense": 1}))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("UnknownParameter"));
}

#[tokio::test]
async fn broken_limit_sends_nothing() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    let error = client
        .send(
            &ip::QueryCustomersCredit::new()
                .with_page(0)
                .with_filter("x"),
        )
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::InvalidRequest, 0)
    );
    assert!(
        error.message().contains("Page must be at least 1"),
        "{error}"
    );
    assert!(
        error
            .message()
            .contains("FilterType, Filter must be given together"),
        "{error}"
    );
    assert_eq!(sandbox.report().total, 0);
}

#[tokio::test]
async fn two_hundred_tasks_with_one_client_get_their_own_responses() {
    let sandbox = sandbox().await;
    let client = client(&sandbox);
    let uins: Vec<u64> = client
        .send(&ip::QueryCustomersCredit::new().with_page_size(60))
        .await
        .unwrap()
        .data
        .iter()
        .filter_map(|customer| customer.client_uin)
        .collect();
    let tasks: Vec<_> = (0..200)
        .map(|task| {
            let (client, uin) = (client.clone(), uins[task % uins.len()]);
            tokio::spawn(async move {
                let search = ip::QueryCustomersCredit::new()
                    .with_filter_type("Uin")
                    .with_filter(uin.to_string());
                for _ in 0..3 {
                    assert_eq!(
                        client.send(&search).await.unwrap().data[0].client_uin,
                        Some(uin)
                    );
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    sandbox.assert_all_verified();
}
