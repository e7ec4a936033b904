//! Every form of response that Acme is known to give, and what the client makes of it.

#![cfg(test)]

use standing_acme::{Client, Credentials, ErrorKind, partners::ListBalances};
use wiremock::matchers::{header_exists, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

async fn server(status: u16, body: &str) -> (MockServer, Client) {
    let server = MockServer::start().await;
    let response = ResponseTemplate::new(status).set_body_raw(body, "application/json");
    Mock::given(path("/v1/balances"))
        .and(header_exists("x-acme-signature"))
        .respond_with(response)
        .mount(&server)
        .await;
    let client = Client::builder()
        .endpoint(server.uri())
        .credentials(Credentials::new("contract-id", "contract-secret"))
        .max_attempts(1)
        .build()
        .unwrap();
    (server, client)
}

#[tokio::test]
async fn codes_are_classified_before_statuses() {
    for (code, status, kind) in [
        ("KEY_UNKNOWN", 401, ErrorKind::Auth),
        ("KEY_UNKNOWN", 200, ErrorKind::Auth),
        ("SLOW_DOWN", 429, ErrorKind::Throttled),
        ("SOMETHING_NEW", 500, ErrorKind::Server),
    ] {
        let body = format!(r#"{{"code":"{code}","message":"m","request_id":"r"}}"#);
        let (_server, client) = server(status, &body).await;
        let error = client.send(&ListBalances::new()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{code} {status}");
        assert_eq!(error.request_id(), Some("r"));
    }
}

#[tokio::test]
async fn success_without_data_is_an_error() {
    let (_server, client) = server(200, r#"{"code":"OK"}"#).await;
    let error = client.send(&ListBalances::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}
