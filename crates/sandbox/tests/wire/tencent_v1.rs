//! Version 1 of Tencent's signature, which the clients of this workspace do not use.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha1::Sha1;
use standing_sandbox::{Key, Provider, Sandbox, Verification};

use crate::client::{authority, prefix, send};
use crate::requests::{NEW_YEAR, hmac, tencent_code, tencent_response};

/// A sandbox whose clock is stopped, so that the limits of the time window are exact.
async fn sandbox() -> Sandbox {
    let builder = Sandbox::builder().key(
        Provider::Tencent,
        Key::new("AKIDTEMP", "temp-secret").with_session_token("temp+token/="),
    );
    let sandbox = builder.rate_limits(false).start().await.unwrap();
    sandbox
        .clock()
        .set(UNIX_EPOCH + Duration::from_secs(NEW_YEAR));
    sandbox
}

/// A request of `QueryCustomersCredit` under version 1.
#[derive(Clone)]
struct V1 {
    endpoint: String,
    method: &'static str,
    secret: String,
    /// The signed parameters, without the signature.
    form: BTreeMap<String, String>,
    /// Sent after the form, unsigned.
    unsigned: &'static str,
    path: String,
}

impl V1 {
    fn new(sandbox: &Sandbox, method: &'static str, hash: &str) -> Self {
        let key = sandbox.key(Provider::Tencent);
        let endpoint = sandbox.endpoint(Provider::Tencent);
        let form = [
            ("Action", "QueryCustomersCredit"),
            ("Version", "2021-04-09"),
            ("Timestamp", &NEW_YEAR.to_string()),
            ("Nonce", "11886"),
            ("SecretId", &key.id),
            ("SignatureMethod", hash),
        ];
        Self {
            path: prefix(&endpoint).to_owned(),
            endpoint,
            method,
            secret: key.secret,
            form: form
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            unsigned: "",
        }
    }

    fn with(&self, name: &str, value: &str) -> Self {
        let mut changed = self.clone();
        changed.form.insert(name.to_owned(), value.to_owned());
        changed
    }

    fn without(&self, name: &str) -> Self {
        let mut changed = self.clone();
        changed.form.remove(name);
        changed
    }

    /// Uses HmacSHA256 if `SignatureMethod` is exactly that, HmacSHA1 otherwise.
    fn signature(&self) -> String {
        let pairs: Vec<_> = self
            .form
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let host = authority(&self.endpoint);
        let text = format!("{}{host}/?{}", self.method, pairs.join("&"));
        let sha256 = self.form.get("SignatureMethod").map(String::as_str) == Some("HmacSHA256");
        STANDARD.encode(if sha256 {
            hmac(self.secret.as_bytes(), &text)
        } else {
            let mut mac = Hmac::<Sha1>::new_from_slice(self.secret.as_bytes()).unwrap();
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        })
    }

    fn request(&self, signature: &str) -> String {
        let pairs: Vec<_> = self
            .form
            .iter()
            .map(|(name, value)| format!("{name}={}", percent(value)))
            .collect();
        let form = format!(
            "{}&Signature={}{}",
            pairs.join("&"),
            percent(signature),
            self.unsigned
        );
        let (host, path) = (authority(&self.endpoint), &self.path);
        let content_type = "Content-Type: application/x-www-form-urlencoded";
        match self.method {
            "GET" => format!("GET {path}/?{form} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            method => format!(
                "{method} {path}/ HTTP/1.1\r\nHost: {host}\r\n{content_type}\r\n\
                 Content-Length: {}\r\n\r\n{form}",
                form.len()
            ),
        }
    }

    async fn call(&self) -> Value {
        tencent_response(&self.endpoint, &self.request(&self.signature())).await
    }

    async fn code(&self) -> String {
        tencent_code(&self.call().await)
    }
}

fn percent(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes()
        .map(|byte| match plain(&byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect()
}

const MODES: [(&str, &str); 4] = [
    ("POST", "HmacSHA1"),
    ("POST", "HmacSHA256"),
    ("GET", "HmacSHA1"),
    ("GET", "HmacSHA256"),
];

#[tokio::test]
async fn version_1_request_in_every_mode_is_answered_by_both_products() {
    let sandbox = sandbox().await;
    for (method, hash) in MODES {
        let older = V1::new(&sandbox, method, hash);
        let newer = older.with("Version", "2022-09-28");
        for call in [&older, &newer, &newer.with("Region", "ap-singapore")] {
            let call = call
                .with("Page", "2")
                .with("PageSize", "7")
                .with("Order", "asc")
                .with("Language", "zh-CN")
                .with("RequestClient", "SDK_NODEJS 1; é")
                .with("Token", "any");
            let json = call.call().await;
            assert_eq!(json["Total"], 60, "{method} {hash} {json}");
            let customers = sandbox.customers(Provider::Tencent).skip(7);
            let expected: Vec<_> = customers.take(7).map(|customer| customer.id).collect();
            let rows = json["Data"].as_array().unwrap();
            let ids: Vec<_> = rows
                .iter()
                .map(|row| row["ClientUin"].to_string())
                .collect();
            assert_eq!(ids, expected);
        }
        let found = older.with("FilterType", "Name").with("Filter", "云帆");
        assert_eq!(found.call().await["Total"], 1);
        let page = older.with("Page", "7").call().await["Data"].clone();
        assert_eq!(page, json!(null));
        let page = newer.with("Page", "7").call().await["Data"].clone();
        assert_eq!(page, json!([]));
    }
    sandbox.assert_all_verified();
    let last = sandbox.requests().pop().unwrap();
    assert_eq!(
        (last.operation, last.page, last.verification),
        ("QueryCustomersCredit", 7, Verification::Verified)
    );
}

#[tokio::test]
async fn version_1_without_a_signature_method_or_with_an_unknown_one_is_verified_with_sha1() {
    let sandbox = sandbox().await;
    let call = V1::new(&sandbox, "POST", "HmacSHA1");
    for call in [
        call.without("SignatureMethod"),
        call.with("SignatureMethod", "HmacSHA512"),
        call.with("SignatureMethod", "hmacsha256"),
    ] {
        assert_eq!(call.code().await, "OK");
    }
    // Signed with another hash than `SignatureMethod` names.
    for (named, signed) in [("HmacSHA1", "HmacSHA256"), ("HmacSHA256", "HmacSHA1")] {
        let call = V1::new(&sandbox, "POST", named);
        let signature = call.with("SignatureMethod", signed).signature();
        let json = tencent_response(&call.endpoint, &call.request(&signature)).await;
        assert_eq!(tencent_code(&json), "AuthFailure.SignatureFailure");
    }
}

#[tokio::test]
async fn version_1_with_bad_credentials_is_refused() {
    let sandbox = sandbox().await;
    let mut refused = 0;
    for (method, hash) in MODES {
        let good = V1::new(&sandbox, method, hash);
        let at = |seconds: u64| good.with("Timestamp", &seconds.to_string());
        let temporary = V1 {
            secret: "temp-secret".to_owned(),
            ..good.with("SecretId", "AKIDTEMP")
        };
        let wrong = V1 {
            secret: "wrong".to_owned(),
            ..good.clone()
        };
        for (call, expected) in [
            (good.clone(), "OK"),
            // Sent again: no documented code rejects a used nonce.
            (good.clone(), "OK"),
            (at(NEW_YEAR - 300), "OK"),
            (at(NEW_YEAR + 300), "OK"),
            (at(NEW_YEAR - 301), "AuthFailure.SignatureExpire"),
            (at(NEW_YEAR + 301), "AuthFailure.SignatureExpire"),
            (wrong, "AuthFailure.SignatureFailure"),
            (
                good.with("SecretId", "other"),
                "AuthFailure.SecretIdNotFound",
            ),
            (temporary.clone(), "AuthFailure.TokenFailure"),
            (temporary.with("Token", "wrong"), "AuthFailure.TokenFailure"),
            (temporary.with("Token", "temp+token/="), "OK"),
            (good.without("Timestamp"), "MissingParameter"),
            (good.without("Nonce"), "MissingParameter"),
            (good.without("SecretId"), "MissingParameter"),
            (good.with("SecretId", ""), "MissingParameter"),
            (good.with("Timestamp", "now"), "InvalidParameter"),
            (good.with("Timestamp", "+1"), "InvalidParameter"),
            (
                good.with("Timestamp", "99999999999999999999"),
                "InvalidParameter",
            ),
            (good.with("Nonce", "-1"), "InvalidParameter"),
            (good.with("Nonce", "1.5"), "InvalidParameter"),
        ] {
            let json = call.call().await;
            assert_eq!(tencent_code(&json), expected, "{method} {hash} {json}");
            refused += u64::from(expected != "OK");
        }
        for (unsigned, expected) in [
            ("&Page=2", "AuthFailure.SignatureFailure"),
            ("&A.0=2", "AuthFailure.SignatureFailure"),
            ("&Nonce=11886", "InvalidParameter"),
            ("&Signature=", "InvalidParameter"),
            ("&x", "InvalidParameter"),
            ("&x=%FF", "InvalidParameter"),
        ] {
            let call = V1 {
                unsigned,
                ..good.clone()
            };
            assert_eq!(call.code().await, expected, "{unsigned}");
            refused += 1;
        }
        for (signature, expected) in [
            ("", "MissingParameter"),
            ("AAAA", "AuthFailure.SignatureFailure"),
            ("not base64", "AuthFailure.SignatureFailure"),
            (
                good.signature().trim_end_matches('='),
                "AuthFailure.SignatureFailure",
            ),
        ] {
            let json = tencent_response(&good.endpoint, &good.request(signature)).await;
            assert_eq!(tencent_code(&json), expected);
            refused += 1;
        }
    }
    assert_eq!(sandbox.report().refused, refused);
}

#[tokio::test]
async fn version_1_with_bad_parameters_is_refused() {
    let sandbox = sandbox().await;
    let good = V1::new(&sandbox, "POST", "HmacSHA256");
    for (call, expected) in [
        (good.with("Pages", "1"), "UnknownParameter"),
        (good.with("Pages.0.Key", "1"), "UnknownParameter"),
        (good.with("Page", "one"), "InvalidParameter"),
        (good.with("Page", "1.5"), "InvalidParameter"),
        (good.with("Page", ""), "InvalidParameter"),
        (good.with("Page.0", "1"), "InvalidParameter"),
        (good.with("Filter.0.Key", "1"), "InvalidParameter"),
        (
            good.with("Page", "1").with("Page.0", "1"),
            "InvalidParameter",
        ),
        (good.with("Page", "0"), "InvalidParameterValue"),
        (
            good.with("Page", "0").with("Version", "2022-09-28"),
            "InvalidParameter.Page",
        ),
        (good.with("PageSize", "1001"), "InvalidParameterValue"),
        (good.with("Order", "up"), "InvalidParameterValue"),
        (good.with("FilterType", "Uin"), "InvalidParameterValue"),
        (good.with("Action", "QueryCustomersDebit"), "InvalidAction"),
        (good.with("Version", "2020-01-01"), "NoSuchVersion"),
        (good.without("Action"), "MissingParameter"),
        (good.without("Version"), "MissingParameter"),
    ] {
        assert_eq!(call.code().await, expected, "{:?}", call.form);
    }
    sandbox.assert_all_verified();
}

#[tokio::test]
async fn version_1_under_a_path_prefix_is_signed_for_the_root() {
    let builder = Sandbox::builder().path_prefix("/gw");
    let sandbox = builder.start().await.unwrap();
    sandbox
        .clock()
        .set(UNIX_EPOCH + Duration::from_secs(NEW_YEAR));
    for (method, hash) in MODES {
        assert_eq!(V1::new(&sandbox, method, hash).code().await, "OK");
    }
}

#[tokio::test]
async fn version_1_request_beyond_the_documented_sizes_is_refused() {
    let sandbox = sandbox().await;
    let call = V1::new(&sandbox, "POST", "HmacSHA256");
    let form = call.with("RequestClient", &"a".repeat((1 << 20) - 400));
    assert_eq!(form.code().await, "OK");
    let form = call.with("RequestClient", &"a".repeat(1 << 20));
    assert_eq!(form.code().await, "AuthFailure.SignatureFailure");
    let call = V1::new(&sandbox, "GET", "HmacSHA256");
    let query = call.with("RequestClient", &"a".repeat((32 << 10) - 400));
    assert_eq!(query.code().await, "OK");
    let query = call.with("RequestClient", &"a".repeat(32 << 10));
    assert_eq!(query.code().await, "RequestSizeLimitExceeded");
}

#[tokio::test]
async fn version_1_retry_with_a_new_nonce_is_the_same_request_to_chaos() {
    let sandbox = Sandbox::builder().chaos(100).start().await.unwrap();
    sandbox
        .clock()
        .set(UNIX_EPOCH + Duration::from_secs(NEW_YEAR));
    for (method, hash) in MODES {
        let call = V1::new(&sandbox, method, hash);
        let mut succeeded = false;
        for nonce in ["1", "2", "3"] {
            let call = call.with("Nonce", nonce);
            let response = send(&call.endpoint, call.request(&call.signature()).as_bytes()).await;
            succeeded = response.is_ok_and(|response| {
                response.whole && response.status == 200 && response.body.contains("\"Total\":60")
            });
        }
        assert!(succeeded, "{method} {hash}");
    }
}
