//! Load, malformed requests, and settings that affect all providers.

use std::time::{Duration, UNIX_EPOCH};

use crate::client::{Connection, authority, plain, send};
use crate::requests::{Alibaba, Huawei, NEW_YEAR, Tencent, debts_report};
use serde_json::json;
use standing_sandbox::{Provider, Sandbox};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_tasks_receive_their_own_responses() {
    let sandbox = Sandbox::builder()
        .customers(500)
        .rate_limits(false)
        .start()
        .await
        .unwrap();
    let ids: Vec<_> = sandbox
        .customers(Provider::Tencent)
        .map(|customer| customer.id)
        .collect();
    let tencent = Tencent::new(&sandbox);
    let tasks: Vec<_> = ids
        .into_iter()
        .take(200)
        .map(|id| {
            let tencent = tencent.clone();
            tokio::spawn(async move {
                let mut connection = Connection::open(&tencent.endpoint).await;
                for _ in 0..10 {
                    let body = json!({"FilterType": "Uin", "Filter": id}).to_string();
                    let json = connection
                        .send(&tencent.request(&body))
                        .await
                        .unwrap()
                        .json();
                    assert_eq!(json["Response"]["Data"][0]["ClientUin"].to_string(), id);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    sandbox.assert_all_verified();
    assert_eq!(sandbox.report().succeeded, 2_000);
}

/// The responses of all providers, with their heads.
async fn all_responses(sandbox: &Sandbox) -> String {
    let mut seen = Vec::new();
    let tencent = Tencent::new(sandbox);
    for page in 1..=3 {
        let request = tencent.request(&json!({ "Page": page }).to_string());
        seen.push(send(&tencent.endpoint, &request).await.unwrap());
    }
    let huawei = Huawei::new(sandbox);
    seen.push(huawei.call(r#"{"limit":200}"#).await);
    let alibaba = Alibaba::new(sandbox);
    for customer in sandbox.customers(Provider::Alibaba).take(20) {
        let query = format!("OwnerId={}", customer.id);
        seen.push(alibaba.nonce(&customer.id).call(&query).await);
    }
    for customer in sandbox.customers(Provider::AccuAuth).take(20) {
        seen.push(debts_report(sandbox, &format!("mobile={}", customer.id)).await);
    }
    seen.iter()
        .map(|response| format!("{}\n{}\n", response.head, response.body))
        .collect()
}

#[tokio::test]
async fn equal_seeds_give_equal_bytes() {
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let sandbox = Sandbox::builder().seed(seed).start().await.unwrap();
        sandbox
            .clock()
            .set(UNIX_EPOCH + Duration::from_secs(NEW_YEAR));
        runs.push(all_responses(&sandbox).await);
        sandbox.assert_all_verified();
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn request_ids_are_unique() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let id = |value: &serde_json::Value| {
            let id = value.as_str().unwrap();
            id.trim_start_matches("TID").replace('-', "").to_lowercase()
        };
        ids.push(id(&Tencent::new(&sandbox).call("{}").await["RequestId"]));
        ids.push(id(
            &Alibaba::new(&sandbox).call("").await.json()["RequestId"],
        ));
        ids.push(id(&debts_report(&sandbox, "").await.json()["request_id"]));
        ids.push(
            Huawei::new(&sandbox)
                .call("")
                .await
                .header("x-request-id")
                .unwrap()
                .to_owned(),
        );
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 12);
}

#[tokio::test]
async fn random_bytes_do_not_stop_the_server() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let mut state = 1_u64;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u8::try_from(state >> 56).unwrap()
    };
    for provider in Provider::ALL {
        let endpoint = sandbox.endpoint(provider);
        for round in 0..60 {
            let mut bytes: Vec<u8> = (0..round * 7).map(|_| random()).collect();
            if round % 2 == 0 {
                // Valid HTTP, so that the bytes reach the handlers.
                let mut printable = |count: usize| -> String {
                    (0..count)
                        .map(|_| char::from(b'!' + random() % 94))
                        .collect()
                };
                let (path, query, authorization) = (printable(9), printable(30), printable(60));
                let length = bytes.len();
                let mut request = format!(
                    "POST /{path}?{query} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\
                     X-TC-Timestamp: {}\r\nX-Sdk-Date: {}\r\nX-Acs-Date: {}\r\nX-DF-API-ID: {}\r\n\
                     Content-Length: {length}\r\n\r\n",
                    printable(10),
                    printable(16),
                    printable(20),
                    printable(5),
                )
                .into_bytes();
                request.append(&mut bytes);
                bytes = request;
            }
            let mut stream = TcpStream::connect(authority(&endpoint)).await.unwrap();
            // The server may close the connection before it has read everything.
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            let mut received = Vec::new();
            let read = timeout(Duration::from_secs(60), stream.read_to_end(&mut received)).await;
            assert!(read.is_ok(), "no end after round {round}");
        }
    }
    assert_eq!(Tencent::new(&sandbox).code("{}").await, "OK");
    assert_eq!(sandbox.report().verified, 1);
}

#[tokio::test]
async fn body_beyond_every_limit_is_refused() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let endpoint = sandbox.endpoint(Provider::Tencent);
    let response = send(&endpoint, &plain(&endpoint, "/", "", &" ".repeat(13 << 20))).await;
    // The server may close the connection before the client has written everything.
    assert!(response.is_err() || response.is_ok_and(|response| response.status == 413));
    assert_eq!(sandbox.report().refused, 1);
}

#[tokio::test]
async fn path_prefix_is_required_in_every_path() {
    let sandbox = Sandbox::builder()
        .path_prefix("/gw/%7Ebss/")
        .start()
        .await
        .unwrap();
    let tencent = Tencent::new(&sandbox);
    assert!(tencent.endpoint.ends_with("/gw/%7Ebss"));
    assert_eq!(tencent.code("{}").await, "OK");
    let huawei = Huawei::new(&sandbox);
    assert_eq!(huawei.code("{}").await.1, "OK");
    assert_eq!(Alibaba::new(&sandbox).code("").await.0, 200);
    assert!(
        debts_report(&sandbox, "")
            .await
            .body
            .contains("INVALID_ARGUMENT")
    );
    let bare = tencent.endpoint.replace("/gw/%7Ebss", "");
    assert_eq!(
        Tencent {
            endpoint: bare,
            ..tencent
        }
        .code("{}")
        .await,
        "UnsupportedProtocol"
    );
}

#[tokio::test]
async fn sandbox_without_customers_returns_empty_lists() {
    let sandbox = Sandbox::builder().customers(0).start().await.unwrap();
    let tencent = Tencent::new(&sandbox);
    let json = tencent.call("{}").await;
    assert_eq!((&json["Total"], &json["Data"]), (&json!(0), &json!(null)));
    assert_eq!(tencent.newer().call("{}").await["Data"], json!([]));
    let json = Huawei::new(&sandbox).call("{}").await.json();
    assert_eq!(json, json!({"new_customer_tags": []}));
    assert_eq!(
        Alibaba::new(&sandbox).code("").await,
        (401, "VnoNoDataError".to_owned())
    );
}

#[tokio::test]
async fn dropping_the_sandbox_closes_listener_and_connections() {
    let sandbox = Sandbox::builder().start().await.unwrap();
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
    drop(sandbox);
    // The runtime closes them when it next runs the aborted tasks.
    assert!(connection.send(&tencent.request("{}")).await.is_err());
    assert!(
        TcpStream::connect(authority(&tencent.endpoint))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn description_uses_the_providers_names_of_keys() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let other = Sandbox::builder().seed(99).start().await.unwrap();
    let (one, two): (serde_json::Value, serde_json::Value) = (
        serde_json::from_str(&sandbox.describe()).unwrap(),
        serde_json::from_str(&other.describe()).unwrap(),
    );
    let keys = |value: &serde_json::Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    for (provider, expected) in [
        ("tencent", vec!["endpoint", "secret_id", "secret_key"]),
        ("huawei", vec!["ak", "endpoint", "sk", "x_auth_token"]),
        (
            "alibaba",
            vec!["access_key_id", "access_key_secret", "endpoint"],
        ),
        ("accuauth", vec!["api_id", "api_secret", "endpoint"]),
    ] {
        assert_eq!(keys(&one[provider]), expected);
    }
    assert_eq!(one.as_object().unwrap().len(), 4);
    assert_eq!(one["tencent"]["secret_key"], two["tencent"]["secret_key"]);
    assert_ne!(one["tencent"]["endpoint"], two["tencent"]["endpoint"]);
}
