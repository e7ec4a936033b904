//! Signed requests to each provider. The signers are written for these tests alone.

use std::time::UNIX_EPOCH;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};
use standing_sandbox::{Provider, Sandbox};

use crate::client::{Response, authority, plain, prefix, send};

/// 2026-01-01 in seconds since 1970. Tests that compare bytes or times stop the clock here.
pub(crate) const NEW_YEAR: u64 = 1_767_225_600;

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

pub(crate) fn hmac(key: &[u8], message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Signs and sends `QueryCustomersCredit`.
#[derive(Clone)]
pub(crate) struct Tencent {
    pub(crate) endpoint: String,
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) service: &'static str,
    pub(crate) version: &'static str,
    pub(crate) time: u64,
    pub(crate) extra: String,
}

impl Tencent {
    /// A request to the older product, signed at the sandbox's time.
    pub(crate) fn new(sandbox: &Sandbox) -> Self {
        let key = sandbox.key(Provider::Tencent);
        let time = sandbox
            .clock()
            .now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        Self {
            endpoint: sandbox.endpoint(Provider::Tencent),
            id: key.id,
            secret: key.secret,
            service: "ip",
            version: "2021-04-09",
            time,
            extra: String::new(),
        }
    }

    pub(crate) fn newer(self) -> Self {
        Self {
            service: "intlpartnersmgt",
            version: "2022-09-28",
            ..self
        }
    }

    pub(crate) fn request(&self, body: &str) -> Vec<u8> {
        let Self {
            endpoint,
            id,
            secret,
            service,
            version,
            time,
            extra,
        } = self;
        let (host, prefix) = (authority(endpoint), prefix(endpoint));
        let day = i64::try_from(*time).unwrap();
        let day = time::OffsetDateTime::from_unix_timestamp(day)
            .unwrap()
            .date()
            .to_string();
        let canonical = format!(
            "POST\n/\n\ncontent-type:application/json\nhost:{host}\n\ncontent-type;host\n{}",
            sha256(body.as_bytes())
        );
        let text = format!(
            "TC3-HMAC-SHA256\n{time}\n{day}/{service}/tc3_request\n{}",
            sha256(canonical.as_bytes())
        );
        let key = hmac(
            &hmac(&hmac(format!("TC3{secret}").as_bytes(), &day), service),
            "tc3_request",
        );
        let signature = hex(&hmac(&key, &text));
        format!(
            "POST {prefix}/ HTTP/1.1\r\nHost: {host}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\
             X-TC-Action: QueryCustomersCredit\r\nX-TC-Version: {version}\r\n\
             X-TC-Timestamp: {time}\r\n{extra}\
             Authorization: TC3-HMAC-SHA256 Credential={id}/{day}/{service}/tc3_request, \
             SignedHeaders=content-type;host, Signature={signature}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    /// The `Response` member.
    pub(crate) async fn call(&self, body: &str) -> Value {
        tencent_response(&self.endpoint, &self.request(body)).await
    }

    pub(crate) async fn code(&self, body: &str) -> String {
        tencent_code(&self.call(body).await)
    }
}

/// Sends a signed request and returns the `Response` member.
pub(crate) async fn tencent_response(endpoint: &str, request: impl AsRef<[u8]>) -> Value {
    let response = send(endpoint, request.as_ref()).await.unwrap();
    assert_eq!(
        (response.status, response.header("content-type")),
        (200, Some("application/json"))
    );
    response.json()["Response"].take()
}

/// The code of the error, or `OK`.
pub(crate) fn tencent_code(response: &Value) -> String {
    let code = response["Error"]["Code"].as_str();
    code.unwrap_or("OK").to_owned()
}

/// Signs and sends `ListSubCustomerNewTag`.
#[derive(Clone)]
pub(crate) struct Huawei {
    pub(crate) endpoint: String,
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) time: u64,
    /// Headers to send and sign.
    pub(crate) extra: Vec<(&'static str, String)>,
}

pub(crate) const TAGS: &str = "/v2/partners/sub-customers/new-customers-tags/batch-query";

impl Huawei {
    pub(crate) fn new(sandbox: &Sandbox) -> Self {
        let key = sandbox.key(Provider::Huawei);
        let time = sandbox
            .clock()
            .now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let endpoint = sandbox.endpoint(Provider::Huawei);
        Self {
            endpoint,
            id: key.id,
            secret: key.secret,
            time,
            extra: Vec::new(),
        }
    }

    pub(crate) fn request(&self, body: &str) -> Vec<u8> {
        let Self {
            endpoint,
            id,
            secret,
            time,
            ..
        } = self;
        let (host, path) = (authority(endpoint), format!("{}{TAGS}", prefix(endpoint)));
        let date = digits(*time);
        let mut headers = vec![
            ("content-type", "application/json".to_owned()),
            ("host", host.to_owned()),
            ("x-sdk-date", date.clone()),
        ];
        headers.extend(self.extra.iter().cloned());
        headers.sort();
        let block: String = headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        // The path prefixes of the tests have no other encoded character.
        let signed_path = path.replace("%7E", "~");
        let canonical = format!(
            "POST\n{signed_path}/\n\n{block}\n{names}\n{}",
            sha256(body.as_bytes())
        );
        let text = format!("SDK-HMAC-SHA256\n{date}\n{}", sha256(canonical.as_bytes()));
        let signature = hex(&hmac(secret.as_bytes(), &text));
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\n{lines}Content-Length: {length}\r\n\
             Authorization: SDK-HMAC-SHA256 Access={id}, SignedHeaders={names}, \
             Signature={signature}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    pub(crate) async fn call(&self, body: &str) -> Response {
        send(&self.endpoint, &self.request(body)).await.unwrap()
    }

    /// The status and the code, `OK` for a success.
    pub(crate) async fn code(&self, body: &str) -> (u16, String) {
        let response = self.call(body).await;
        (
            response.status,
            response.json()["error_code"]
                .as_str()
                .unwrap_or("OK")
                .to_owned(),
        )
    }
}

/// A time such as `20260101T000000Z`.
pub(crate) fn digits(time: u64) -> String {
    let time = time::OffsetDateTime::from_unix_timestamp(i64::try_from(time).unwrap()).unwrap();
    let (date, (hour, minute, second)) = (time.date().to_string().replace('-', ""), time.to_hms());
    format!("{date}T{hour:02}{minute:02}{second:02}Z")
}

/// Signs and sends `GetCustomerAccountInfo`.
#[derive(Clone)]
pub(crate) struct Alibaba {
    pub(crate) endpoint: String,
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) time: u64,
    pub(crate) nonce: String,
    pub(crate) method: &'static str,
    pub(crate) body: &'static str,
    /// Headers to send and sign.
    pub(crate) extra: Vec<(&'static str, String)>,
}

impl Alibaba {
    pub(crate) fn new(sandbox: &Sandbox) -> Self {
        let key = sandbox.key(Provider::Alibaba);
        Self {
            endpoint: sandbox.endpoint(Provider::Alibaba),
            id: key.id,
            secret: key.secret,
            time: sandbox
                .clock()
                .now()
                .duration_since(UNIX_EPOCH)
                .unwrap()
                .as_secs(),
            nonce: "one".to_owned(),
            method: "POST",
            body: "",
            extra: Vec::new(),
        }
    }

    pub(crate) fn nonce(&self, nonce: impl ToString) -> Self {
        Self {
            nonce: nonce.to_string(),
            ..self.clone()
        }
    }

    /// `query` is sent as it is signed.
    pub(crate) fn request(&self, query: &str) -> Vec<u8> {
        let Self {
            endpoint,
            id,
            secret,
            time,
            nonce,
            method,
            body,
            ..
        } = self;
        let (host, path) = (authority(endpoint), format!("{}/", prefix(endpoint)));
        let (date, clock) = (
            digits(*time)[..8].to_owned(),
            digits(*time)[9..15].to_owned(),
        );
        let date = format!(
            "{}-{}-{}T{}:{}:{}Z",
            &date[..4],
            &date[4..6],
            &date[6..],
            &clock[..2],
            &clock[2..4],
            &clock[4..]
        );
        let payload = sha256(body.as_bytes());
        let mut headers = vec![
            ("host", host.to_owned()),
            ("x-acs-action", "GetCustomerAccountInfo".to_owned()),
            ("x-acs-content-sha256", payload.clone()),
            ("x-acs-date", date),
            ("x-acs-signature-nonce", nonce.clone()),
            ("x-acs-version", "2017-12-14".to_owned()),
        ];
        headers.extend(self.extra.iter().cloned());
        headers.sort();
        let block: String = headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let canonical = format!("{method}\n{path}\n{query}\n{block}\n{names}\n{payload}");
        let text = format!("ACS3-HMAC-SHA256\n{}", sha256(canonical.as_bytes()));
        let signature = hex(&hmac(secret.as_bytes(), &text));
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let (mark, length) = (if query.is_empty() { "" } else { "?" }, body.len());
        format!(
            "{method} {path}{mark}{query} HTTP/1.1\r\n{lines}Content-Length: {length}\r\n\
             Authorization: ACS3-HMAC-SHA256 Credential={id},SignedHeaders={names},\
             Signature={signature}\r\n\r\n{body}"
        )
        .into_bytes()
    }

    pub(crate) async fn call(&self, query: &str) -> Response {
        send(&self.endpoint, &self.request(query)).await.unwrap()
    }

    /// The status and the code.
    pub(crate) async fn code(&self, query: &str) -> (u16, String) {
        let response = self.call(query).await;
        (
            response.status,
            response.json()["Code"].as_str().unwrap().to_owned(),
        )
    }
}

/// Sends `check/debts_report` with these fields as a form.
pub(crate) async fn debts_report(sandbox: &Sandbox, fields: &str) -> Response {
    let key = sandbox.key(Provider::AccuAuth);
    let headers = format!(
        "X-DF-API-ID: {}\r\nX-DF-API-SECRET: {}\r\n\
         Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n",
        key.id, key.secret
    );
    let endpoint = sandbox.endpoint(Provider::AccuAuth);
    send(
        &endpoint,
        &plain(&endpoint, "/check/debts_report", &headers, fields),
    )
    .await
    .unwrap()
}
