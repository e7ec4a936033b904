//! TC3 as other clients use it, such as the vendor's Node SDK: hosts without a port, scopes that
//! name the endpoint, and forms.

use std::time::{Duration, UNIX_EPOCH};

use standing_sandbox::{Provider, Sandbox};

use crate::client::authority;
use crate::requests::{NEW_YEAR, hex, hmac, sha256, tencent_code, tencent_response};

/// A sandbox whose clock is stopped.
async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::builder().rate_limits(false).start().await.unwrap();
    sandbox
        .clock()
        .set(UNIX_EPOCH + Duration::from_secs(NEW_YEAR));
    sandbox
}

/// A request under TC3 whose parts may contradict each other.
#[derive(Clone)]
struct Tc3 {
    endpoint: String,
    secret: String,
    id: String,
    method: &'static str,
    query: &'static str,
    body: String,
    service: String,
    version: &'static str,
    content_type: &'static str,
    signed_host: String,
    host: String,
}

impl Tc3 {
    fn new(sandbox: &Sandbox) -> Self {
        let key = sandbox.key(Provider::Tencent);
        let endpoint = sandbox.endpoint(Provider::Tencent);
        Self {
            secret: key.secret,
            id: key.id,
            method: "POST",
            query: "",
            body: "{}".to_owned(),
            service: "ip".to_owned(),
            version: "2021-04-09",
            content_type: "application/json",
            signed_host: authority(&endpoint).to_owned(),
            host: authority(&endpoint).to_owned(),
            endpoint,
        }
    }

    async fn code(&self) -> String {
        let Self {
            method,
            query,
            body,
            service,
            content_type,
            host,
            signed_host,
            version,
            id,
            ..
        } = self;
        let canonical = format!(
            "{method}\n/\n{query}\ncontent-type:{content_type}\nhost:{signed_host}\n\n\
             content-type;host\n{}",
            sha256(body.as_bytes())
        );
        let day = "2026-01-01";
        let text = format!(
            "TC3-HMAC-SHA256\n{NEW_YEAR}\n{day}/{service}/tc3_request\n{}",
            sha256(canonical.as_bytes())
        );
        let key = hmac(format!("TC3{}", self.secret).as_bytes(), day);
        let signature = hex(&hmac(&hmac(&hmac(&key, service), "tc3_request"), &text));
        let request = format!(
            "{method} /?{query} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {content_type}\r\n\
             Content-Length: {}\r\n\
             X-TC-Action: QueryCustomersCredit\r\nX-TC-Version: {version}\r\n\
             X-TC-Timestamp: {NEW_YEAR}\r\n\
             Authorization: TC3-HMAC-SHA256 Credential={id}/{day}/{service}/tc3_request, \
             SignedHeaders=content-type;host, Signature={signature}\r\n\r\n{body}",
            body.len()
        );
        tencent_code(&tencent_response(&self.endpoint, &request).await)
    }
}

#[tokio::test]
async fn tc3_body_beyond_the_documented_size_is_refused() {
    let sandbox = sandbox().await;
    let call = Tc3 {
        body: format!("{{}}{}", " ".repeat(10 << 20)),
        ..Tc3::new(&sandbox)
    };
    assert_eq!(call.code().await, "RequestSizeLimitExceeded");
}

#[tokio::test]
async fn tc3_host_is_accepted_with_and_without_its_port_only() {
    let sandbox = sandbox().await;
    let good = Tc3::new(&sandbox);
    let port = authority(&good.endpoint).rsplit_once(':').unwrap().1;
    let wrong = "AuthFailure.SignatureFailure";
    for (host, signed_host, expected) in [
        (
            format!("127.0.0.1:{port}"),
            format!("127.0.0.1:{port}"),
            "OK",
        ),
        (format!("127.0.0.1:{port}"), "127.0.0.1".to_owned(), "OK"),
        (format!("localhost:{port}"), "localhost".to_owned(), "OK"),
        (format!("[::1]:{port}"), "[::1]".to_owned(), "OK"),
        (format!("127.0.0.1:{port}"), "localhost".to_owned(), wrong),
        (format!("127.0.0.1:{port}"), "127.0.0.1:1".to_owned(), wrong),
        (format!("127.0.0.1:{port}"), "127.0.0.1:".to_owned(), wrong),
        (format!("127.0.0.1:{port}"), String::new(), wrong),
        ("127.0.0.1".to_owned(), format!("127.0.0.1:{port}"), wrong),
    ] {
        let call = Tc3 {
            host: host.clone(),
            signed_host: signed_host.clone(),
            ..good.clone()
        };
        assert_eq!(call.code().await, expected, "{host} {signed_host}");
    }
}

#[tokio::test]
async fn tc3_scope_may_name_the_endpoint_in_place_of_the_product() {
    let sandbox = sandbox().await;
    let good = Tc3::new(&sandbox);
    let host = good.host.clone();
    let (newer, wrong) = ("2022-09-28", "AuthFailure.SignatureFailure");
    for (host, service, version, expected) in [
        (host.as_str(), "127", good.version, "OK"),
        (&host, "127", newer, "OK"),
        ("localhost:8080", "localhost:8080", newer, "OK"),
        (&host, "ip", newer, wrong),
        (&host, "intlpartnersmgt", good.version, wrong),
        (&host, "128", good.version, wrong),
        (&host, "cvm", good.version, wrong),
        (&host, "", good.version, wrong),
        ("cvm.tencentcloudapi.com", "cvm", good.version, wrong),
        ("ip.tencentcloudapi.com:8080", "ip", good.version, "OK"),
    ] {
        let call = Tc3 {
            host: host.to_owned(),
            signed_host: host.to_owned(),
            service: service.to_owned(),
            version,
            ..good.clone()
        };
        assert_eq!(call.code().await, expected, "{host} {service}");
    }
}

#[tokio::test]
async fn tc3_takes_json_in_a_body_and_a_form_in_a_query_only() {
    let sandbox = sandbox().await;
    let good = Tc3::new(&sandbox);
    let form = "application/x-www-form-urlencoded";
    for (method, query, body, content_type, expected) in [
        ("POST", "", "{}", "application/json; charset=utf-8", "OK"),
        ("GET", "Page=1&PageSize=5", "", form, "OK"),
        ("GET", "Page=x", "", form, "InvalidParameter"),
        ("GET", "Page", "", form, "InvalidParameter"),
        ("GET", "Filter.0.Key=x", "", form, "InvalidParameter"),
        ("GET", "Filters.0.Key=x", "", form, "UnknownParameter"),
        ("GET", "", "", "application/json", "UnsupportedProtocol"),
        ("POST", "", "Page=1", form, "UnsupportedProtocol"),
        ("POST", "", "{}", form, "UnsupportedProtocol"),
        (
            "POST",
            "",
            "--b--",
            "multipart/form-data; boundary=b",
            "UnsupportedProtocol",
        ),
        (
            "POST",
            "",
            "{}",
            "application/octet-stream",
            "UnsupportedProtocol",
        ),
    ] {
        let call = Tc3 {
            method,
            query,
            body: body.to_owned(),
            content_type,
            ..good.clone()
        };
        assert_eq!(
            call.code().await,
            expected,
            "{method} {query} {content_type}"
        );
    }
    sandbox.assert_all_verified();
}

#[tokio::test]
async fn json_body_without_an_authorization_header_is_invalid_authorization() {
    let sandbox = sandbox().await;
    let endpoint = sandbox.endpoint(Provider::Tencent);
    for (content_type, expected) in [
        ("application/json", "AuthFailure.InvalidAuthorization"),
        ("application/x-www-form-urlencoded", "MissingParameter"),
    ] {
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nContent-Type: {content_type}\r\n\
             Content-Length: 0\r\n\r\n",
            authority(&endpoint)
        );
        assert_eq!(
            tencent_code(&tencent_response(&endpoint, &request).await),
            expected
        );
    }
    assert_eq!(sandbox.report().refused, 2);
}
