//! The emulation of AccuAuth over a real socket.

use std::time::Duration;

use md5::{Digest, Md5};
use serde_json::json;
use standing_sandbox::{Persona, Provider, Sandbox, fault};

use crate::client::{Response, plain, send};
use crate::requests::{NEW_YEAR, debts_report};

async fn sandbox() -> Sandbox {
    Sandbox::builder().start().await.unwrap()
}

#[tokio::test]
async fn report_of_every_customer_fits_its_persona() {
    let sandbox = sandbox().await;
    for customer in sandbox.customers(Provider::AccuAuth) {
        let response = debts_report(&sandbox, &format!("mobile=%2B{}", customer.id)).await;
        let json = response.json();
        let id = json["request_id"].as_str().unwrap();
        assert!(id.starts_with("TID") && id.len() == 35, "{id}");
        if customer.persona == Persona::NoRecord {
            assert_eq!((response.status, &json["status"]), (400, &json!("NOT_HIT")));
            continue;
        }
        assert_eq!(
            (response.status, &json["status"]),
            (200, &json!("OK")),
            "{customer:?}"
        );
        let result = &json["result"];
        let report = result
            .as_array()
            .map_or(result, |reports| &reports[0])
            .as_object()
            .unwrap();
        assert_eq!(report.len(), 16);
        let loans = report
            .iter()
            .find(|(key, _)| key.trim() == "loan_total_num")
            .unwrap()
            .1;
        match customer.persona {
            Persona::Nulls => assert!(loans.is_null()),
            Persona::Arrears => assert!(loans.as_u64().unwrap() >= 10),
            Persona::HugeNumbers => assert!(loans.as_u64().unwrap() > 1 << 53),
            _ => assert!(loans.as_u64().unwrap() < 10),
        }
    }
    sandbox.assert_all_verified();
}

#[tokio::test]
async fn number_and_md5_in_form_and_json_return_the_same_report() {
    let sandbox = sandbox().await;
    let result = |response: Response| response.json()["result"].clone();
    // The first customer has a report.
    let number = sandbox.customers(Provider::AccuAuth).next().unwrap().id;
    let national = number.strip_prefix("62").unwrap();
    let expected = result(debts_report(&sandbox, &format!("mobile={number}")).await);
    assert!(!expected.is_null());
    let md5: String = Md5::digest(&number)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    for fields in [
        format!("mobile=0{national}"),
        format!("mobile={national}"),
        format!("mobile=%2B{number}&email=a%40b.c"),
        format!("mobile_md5={md5}"),
    ] {
        assert_eq!(
            result(debts_report(&sandbox, &fields).await),
            expected,
            "{fields}"
        );
    }
    let key = sandbox.key(Provider::AccuAuth);
    let headers = format!(
        "X-DF-API-ID: {}\r\nX-DF-API-SECRET: {}\r\nContent-Type: application/json\r\n",
        key.id, key.secret
    );
    let endpoint = sandbox.endpoint(Provider::AccuAuth);
    for (body, status) in [
        (json!({"mobile": number, "gaid": null}), "OK"),
        (json!({"mobile": 628_123_456_004_u64}), "INVALID_ARGUMENT"),
        (json!([number]), "INVALID_ARGUMENT"),
    ] {
        let request = plain(
            &endpoint,
            "/check/debts_report",
            &headers,
            &body.to_string(),
        );
        let json = send(&endpoint, &request).await.unwrap().json();
        assert_eq!(json["status"], status, "{body}");
        if status == "OK" {
            assert_eq!(json["result"], expected);
        }
    }
}

#[tokio::test]
async fn bad_arguments_are_invalid_arguments() {
    let sandbox = sandbox().await;
    for (fields, reason) in [
        ("", "argument 'mobile': not found"),
        ("email=a%40b.c", "argument 'mobile': not found"),
        ("mobile=", "argument 'mobile': invalid"),
        // In a form, a plus that is not percent-encoded is a blank.
        ("mobile=+628123456789", "argument 'mobile': invalid"),
        ("mobile=abcdefgh", "argument 'mobile': invalid"),
        ("mobile_md5=abc", "argument 'mobile_md5': invalid"),
        (
            "mobile=628123456789&mobile_md5=900150983cd24fb0d6963f7d28e17f72",
            "argument 'mobile_md5': given together with 'mobile'",
        ),
    ] {
        let response = debts_report(&sandbox, fields).await;
        let json = response.json();
        assert_eq!(
            (response.status, &json["status"], &json["reason"]),
            (400, &json!("INVALID_ARGUMENT"), &json!(reason))
        );
    }
}

#[tokio::test]
async fn bad_credentials_and_paths_are_refused() {
    let sandbox = sandbox().await;
    let endpoint = sandbox.endpoint(Provider::AccuAuth);
    let key = sandbox.key(Provider::AccuAuth);
    for (path, headers, status, code) in [
        ("/check/debts_report", String::new(), 401, "UNAUTHORIZED"),
        (
            "/check/debts_report",
            format!("X-DF-API-ID: {}\r\nX-DF-API-SECRET: x\r\n", key.id),
            401,
            "UNAUTHORIZED",
        ),
        (
            "/check/debts_report",
            format!("X-DF-API-ID: x\r\nX-DF-API-SECRET: {}\r\n", key.secret),
            401,
            "UNAUTHORIZED",
        ),
        ("/check/risk_report", String::new(), 404, "NOT_FOUND"),
    ] {
        let request = plain(&endpoint, path, &headers, "mobile=628123456789");
        let response = send(&endpoint, &request).await.unwrap();
        assert_eq!(
            (response.status, &response.json()["status"]),
            (status, &json!(code))
        );
    }
    assert_eq!(sandbox.report().refused, 4);
}

#[tokio::test]
async fn look_up_uses_quota_only_if_it_runs_even_if_the_response_is_lost() {
    let sandbox = Sandbox::builder().quota(3).start().await.unwrap();
    let endpoint = sandbox.endpoint(Provider::AccuAuth);
    sandbox.fault(fault::throttle().times(1));
    sandbox.fault(fault::drop_before_response().times(1));
    let status = async |fields: &str| debts_report(&sandbox, fields).await.json()["status"].clone();
    assert_eq!(status("mobile=628123456789").await, "RATE_LIMIT_EXCEEDED");
    let key = sandbox.key(Provider::AccuAuth);
    let headers = format!(
        "X-DF-API-ID: {}\r\nX-DF-API-SECRET: {}\r\n",
        key.id, key.secret
    );
    let request = plain(
        &endpoint,
        "/check/debts_report",
        &headers,
        "mobile=628123456789",
    );
    assert!(send(&endpoint, &request).await.is_err());
    assert_eq!(status("mobile=x").await, "INVALID_ARGUMENT");
    for _ in 0..2 {
        let status = status("mobile=628123456789").await;
        assert!(status == "OK" || status == "NOT_HIT", "{status}");
    }
    assert_eq!(status("mobile=628123456789").await, "OUT_OF_QUOTA");
}

#[tokio::test]
async fn rate_limit_and_injected_codes_have_their_http_status() {
    let sandbox = Sandbox::builder()
        .rate(Provider::AccuAuth, 1)
        .start()
        .await
        .unwrap();
    sandbox
        .clock()
        .set(std::time::UNIX_EPOCH + Duration::from_secs(NEW_YEAR));
    debts_report(&sandbox, "mobile=628123456789").await;
    let response = debts_report(&sandbox, "mobile=628123456789").await;
    assert_eq!(
        (response.status, &response.json()["status"]),
        (403, &json!("RATE_LIMIT_EXCEEDED"))
    );
    for (code, status) in [
        ("KEY_EXPIRED", 401),
        ("NO_PERMISSION", 403),
        ("QUERY_FAILED", 400),
        ("SOURCE_SERVICE_TIMEOUT", 513),
        ("INTERNAL_ERROR", 500),
    ] {
        sandbox.fault(fault::provider_code(code).on("CheckDebtsReport").times(1));
        let response = debts_report(&sandbox, "mobile=628123456789").await;
        assert_eq!(
            (response.status, &response.json()["status"]),
            (status, &json!(code))
        );
    }
}

#[tokio::test]
async fn chaos_only_delays_look_ups() {
    let sandbox = Sandbox::builder().chaos(100).start().await.unwrap();
    for customer in sandbox.customers(Provider::AccuAuth).take(10) {
        let response = debts_report(&sandbox, &format!("mobile={}", customer.id)).await;
        assert!(matches!(response.status, 200 | 400));
    }
    assert_eq!(
        sandbox
            .report()
            .injected
            .keys()
            .copied()
            .collect::<Vec<_>>(),
        ["latency"]
    );
}

#[tokio::test]
async fn log_holds_no_personal_data() {
    let sandbox = sandbox().await;
    debts_report(&sandbox, "mobile=628123456789&email=canary%40example.com").await;
    let everything = format!(
        "{:?} {:?} {sandbox:?}",
        sandbox.requests(),
        sandbox.report()
    );
    for secret in [
        "628123456789",
        "canary",
        &sandbox.key(Provider::AccuAuth).secret,
    ] {
        assert!(!everything.contains(secret), "{secret}");
    }
}
