//! Every known form of answer of AccuAuth, and its outcome.

#![cfg(test)]

use standing_accuauth::check::CheckDebtsReport;
use standing_accuauth::{AccuAuth, BodyEncoding, Client, Credentials, Error, ErrorKind};
use standing_core::testing::{self, answering, json};
use wiremock::{MockServer, ResponseTemplate};

async fn server(answer: ResponseTemplate) -> (MockServer, Client) {
    let server = answering(answer).await;
    let client = client(&server, AccuAuth::default(), false);
    (server, client)
}

fn client(server: &MockServer, provider: AccuAuth, repeat: bool) -> Client {
    Client::builder()
        .provider(provider)
        .endpoint(server.uri())
        .credentials(Credentials::new("contract-id", "contract-secret"))
        .unlimited_rate()
        .max_attempts(2)
        .retry_metered(repeat)
        .build()
        .unwrap()
}

fn question() -> CheckDebtsReport {
    CheckDebtsReport::for_mobile("+6281200000000").with_email("sentinel@example.com")
}

/// Every failure is one request: a look-up may be billed.
async fn refused(answer: ResponseTemplate) -> Error {
    let (server, client) = server(answer).await;
    let error = testing::refused(&server, &client, &question()).await;
    assert_eq!(error.attempts(), 1, "{error}");
    error
}

fn error(status: &str) -> String {
    format!(
        r#"{{"status":"{status}","reason":"argument 'mobile': not found","request_id":"TID1"}}"#
    )
}

#[tokio::test]
async fn documented_code_decides_before_status() {
    use ErrorKind::*;
    // code, its status, kind, whether it may have run
    for (code, status, kind, may_have_run) in [
        ("INVALID_ARGUMENT", 400, InvalidRequest, false),
        ("UNAUTHORIZED", 401, Auth, false),
        ("KEY_EXPIRED", 401, Auth, false),
        ("NO_PERMISSION", 403, Permission, false),
        ("OUT_OF_QUOTA", 403, Quota, false),
        ("RATE_LIMIT_EXCEEDED", 403, Throttled, false),
        ("NOT_FOUND", 404, NotFound, false),
        ("INTERNAL_ERROR", 500, Server, true),
        ("WEIRD", 200, Service, true),
        ("WEIRD", 400, Service, true),
        ("WEIRD", 500, Server, true),
        ("ok", 200, Service, true),
    ] {
        let error = refused(json(status, &error(code))).await;
        assert_eq!(
            (error.kind(), error.code()),
            (kind, Some(code)),
            "{status}: {error}"
        );
        assert_eq!(
            (error.may_have_run(), error.status()),
            (may_have_run, Some(status)),
            "{error}"
        );
        assert_eq!(
            (error.request_id(), error.message()),
            (Some("TID1"), "argument 'mobile': not found")
        );
    }
}

#[tokio::test]
async fn not_found_returns_none_with_request_id() {
    for body in [
        r#"{"status":"NOT_HIT","request_id":"TID1"}"#.to_owned(),
        r#"{"status":"NOT_HIT","request_id":"TID1","result":[],"took_ms":12}"#.to_owned(),
        error("NOT_HIT"),
    ] {
        let (server, client) = server(json(400, &body)).await;
        let answer = client.send(&question()).await.unwrap();
        assert_eq!(*answer, None, "{body}");
        assert_eq!((answer.request_id(), answer.attempts()), (Some("TID1"), 1));
        assert_eq!(answer.status(), 400);
        assert_eq!(server.received_requests().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn not_hit_under_another_status_is_an_error() {
    for (status, kind) in [
        (200, ErrorKind::Service),
        (301, ErrorKind::Redirect),
        (401, ErrorKind::Auth),
        (404, ErrorKind::NotFound),
        (429, ErrorKind::Throttled),
        (500, ErrorKind::Server),
        (503, ErrorKind::Server),
    ] {
        let error = refused(json(status, &error("NOT_HIT"))).await;
        assert_eq!(
            (error.kind(), error.code()),
            (kind, Some("NOT_HIT")),
            "{error}"
        );
        assert!(error.may_have_run(), "{error}");
    }
}

#[tokio::test]
async fn not_hit_beside_a_report_is_an_error() {
    for more in [
        r#""result":{"loan_total_num ":70}"#,
        r#""Result":[{"loan_total_num":70}]"#,
        r#""result ":{"loan_total_num":70}"#,
        r#""result":true"#,
        r#""result":7"#,
        r#""Status":"OK""#,
    ] {
        let body = format!(r#"{{"status":"NOT_HIT","request_id":"TID1",{more}}}"#);
        let error = refused(json(400, &body)).await;
        assert_eq!(error.kind(), ErrorKind::Service, "{more}: {error}");
        assert!(error.may_have_run(), "{error}");
        let body = format!(
            r#"{{"status":"NOT_HIT","Status":"OK","result":{{"loan_total_num":70}},"x":{{{more}}}}}"#
        );
        let error = refused(json(200, &body)).await;
        assert_eq!(error.kind(), ErrorKind::Decode, "{more}: {error}");
    }
}

#[tokio::test]
async fn metered_call_that_was_sent_is_retried_only_if_allowed() {
    for (answer, kind) in [
        (json(500, &error("INTERNAL_ERROR")), ErrorKind::Server),
        (
            json(403, &error("RATE_LIMIT_EXCEEDED")),
            ErrorKind::Throttled,
        ),
        (json(502, "<html>"), ErrorKind::Server),
    ] {
        let error = refused(answer.clone()).await;
        assert_eq!(error.kind(), kind, "{error}");
        let server = answering(answer).await;
        let error = client(&server, AccuAuth::default(), true)
            .send(&question())
            .await
            .unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (kind, 2), "{error}");
    }
    // Repeats cannot help here, and repeated parameters are themselves an offence.
    for (status, code) in [
        (403, "OUT_OF_QUOTA"),
        (401, "KEY_EXPIRED"),
        (400, "ABNORMAL_BEHAVIOURS_DETECTED"),
    ] {
        let server = answering(json(status, &error(code))).await;
        let error = client(&server, AccuAuth::default(), true)
            .send(&question())
            .await
            .unwrap_err();
        assert_eq!(error.attempts(), 1, "{error}");
    }
}

/// The page's own sample: an object where a list is promised, and keys that end in a blank.
const SAMPLE: &str = r#"{"status":"OK","result":{"reg_total_num":24,"apply_total_num ":6,"apply_amount_min ":4000,
    "platform_apply_total":4,"platform_loan_total ":2},"request_id":"TID591cb9fb0e284cf296912a4d0ffea889"}"#;

#[tokio::test]
async fn reports_with_any_key_spelling_are_read() {
    let (_server, client) = server(json(200, SAMPLE)).await;
    let answer = client.send(&question()).await.unwrap();
    assert_eq!(
        answer.request_id(),
        Some("TID591cb9fb0e284cf296912a4d0ffea889")
    );
    let reports = &answer.as_ref().unwrap().result;
    assert_eq!(
        (
            reports.len(),
            reports[0].apply_total_num,
            reports[0].platform_loan_total
        ),
        (1, Some(6), Some(2))
    );
    assert_eq!(
        reports[0].apply_amount_min.as_ref().unwrap().to_string(),
        "4000"
    );
    assert_eq!(reports[0].loan_total_num, None, "absent is not zero");

    for (result, count) in [
        (
            r#"[{"reg_total_num":"24","loan_amount_max":"1234567890123456.70"}]"#,
            1,
        ),
        (
            r#"[{"reg_total_num":24.0,"loan_amount_max":1234567890123456.70,"new":[1]},{"reg_total_num":0}]"#,
            2,
        ),
    ] {
        let body = format!(r#"{{"status ":"OK","request_id":"TID1","result ":{result}}}"#);
        let (_server, client) = server(json(200, &body)).await;
        let answer = client.send(&question()).await.unwrap();
        let reports = &answer.as_ref().unwrap().result;
        assert_eq!((reports.len(), reports[0].reg_total_num), (count, Some(24)));
        assert_eq!(
            reports[0].loan_amount_max.as_ref().unwrap().to_string(),
            "1234567890123456.70"
        );
    }
}

#[tokio::test]
async fn ok_without_a_report_is_an_error() {
    for result in [
        "[]",
        "null",
        "\"\"",
        "\"sentinel\"",
        "0",
        "true",
        "{}",
        "[{}]",
        "[null]",
        "[[]]",
        "[[24,6]]",
        "{\"sentinel\":1}",
        "{\"reg_total_num\":-1}",
        "{\"reg_total_num\":1,\"reg_total_num \":2}",
        "{\"loan_amount_max\":\"sentinel\"}",
    ] {
        let error = refused(json(
            200,
            &format!(r#"{{"status":"OK","result":{result},"request_id":"TID1"}}"#),
        ))
        .await;
        assert_eq!(
            (error.kind(), error.request_id()),
            (ErrorKind::Decode, Some("TID1")),
            "{result}: {error}"
        );
        assert!(error.may_have_run(), "it may have been billed");
        assert!(
            !format!("{error} {error:?}").contains("sentinel"),
            "{error}"
        );
    }
    for body in [
        "",
        "{}",
        "[]",
        "null",
        "\"OK\"",
        "{\"status\":\"OK\"}",
        "{\"status\":null,\"result\":{}}",
        "{\"status\":{}}",
        "{\"status\":\"OK\",\"result\":{\"reg_total_num\":1}",
        "<html>sentinel</html>",
    ] {
        let error = refused(json(200, body)).await;
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}: {error}");
    }
}

#[tokio::test]
async fn failure_status_with_any_body_is_an_error() {
    for (status, kind) in [
        (301, ErrorKind::Redirect),
        (400, ErrorKind::Service),
        (403, ErrorKind::Permission),
        (500, ErrorKind::Server),
        (512, ErrorKind::Server),
        (513, ErrorKind::Server),
    ] {
        let error = refused(json(status, SAMPLE)).await;
        assert_eq!(
            (error.kind(), error.code()),
            (kind, None),
            "{status}: {error}"
        );
        assert_eq!(
            error.request_id(),
            Some("TID591cb9fb0e284cf296912a4d0ffea889")
        );
        assert_eq!(refused(json(status, "<html>")).await.kind(), kind);
    }
}

#[tokio::test]
async fn body_encoding_selects_form_or_json() {
    let (server, form) = server(json(200, SAMPLE)).await;
    let json = client(
        &server,
        AccuAuth::default().with_encoding(BodyEncoding::Json),
        false,
    );
    form.send(&question()).await.unwrap();
    json.send(&question()).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    for request in &requests {
        assert_eq!(
            (
                request.method.as_str(),
                request.url.path(),
                request.url.query()
            ),
            ("POST", "/check/debts_report", None)
        );
        assert_eq!(request.headers["x-df-api-id"], "contract-id");
        assert_eq!(request.headers["x-df-api-secret"], "contract-secret");
        assert!(request.headers.get("authorization").is_none());
    }
    assert_eq!(
        requests[0].headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(
        requests[0].body,
        b"mobile=%2B6281200000000&email=sentinel%40example.com"
    );
    assert_eq!(requests[1].headers["content-type"], "application/json");
    assert_eq!(
        requests[1].body,
        br#"{"mobile":"+6281200000000","email":"sentinel@example.com"}"#
    );
}

#[tokio::test]
async fn invalid_look_up_is_not_sent() {
    let (server, client) = server(json(200, SAMPLE)).await;
    let md5 = "d41d8cd98f00b204e9800998ecf8427e";
    let neither: CheckDebtsReport = serde_json::from_str("{}").unwrap();
    let both: CheckDebtsReport =
        serde_json::from_value(serde_json::json!({"mobile": "628120000000", "mobile_md5": md5}))
            .unwrap();
    for (request, problem) in [
        (neither, "mobile, mobile_md5 are all missing"),
        (both, "mobile, mobile_md5 exclude each other"),
        (CheckDebtsReport::for_mobile(""), "mobile "),
        (CheckDebtsReport::for_mobile(" \t"), "mobile "),
        (
            CheckDebtsReport::for_mobile("6.28E+11"),
            "mobile must be a telephone number of 7 to 15 digits",
        ),
        (
            CheckDebtsReport::for_mobile("NULL"),
            "mobile must be a telephone number of 7 to 15 digits",
        ),
        (CheckDebtsReport::for_mobile_md5(""), "mobile_md5 "),
        (
            CheckDebtsReport::for_mobile_md5(&md5[1..]),
            "mobile_md5 must be 32 hexadecimal digits",
        ),
        (
            CheckDebtsReport::for_mobile_md5(md5.replace('d', "g")),
            "mobile_md5 must be 32 hexadecimal digits",
        ),
        (question().with_email(" "), "email "),
        (question().with_idcard(""), "idcard "),
        (question().with_bankcard(""), "bankcard "),
        (question().with_gaid(""), "gaid "),
    ] {
        let error = client.send(&request).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::InvalidRequest, 0)
        );
        assert!(error.message().starts_with(problem), "{problem}: {error}");
        assert!(!error.may_have_run());
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
    client
        .send(&CheckDebtsReport::for_mobile_md5(md5.to_uppercase()))
        .await
        .unwrap();
}

#[tokio::test]
async fn error_and_debug_have_no_personal_data() {
    let question = question()
        .with_idcard("sentinel-idcard")
        .with_bankcard("sentinel-card")
        .with_gaid("sentinel-gaid");
    let shown = format!("{question:?}");
    assert!(
        shown.contains("mobile") && !shown.contains("sentinel") && !shown.contains("62812"),
        "{shown}"
    );
    let reason =
        "for +6281200000000 %2B6281200000000 sentinel@example.com contract-secret contract-id";
    let body = error("INVALID_ARGUMENT").replace("argument 'mobile': not found", reason);
    let error = refused(json(400, &body)).await;
    for secret in ["62812", "sentinel", "contract-"] {
        assert!(!format!("{error} {error:?}").contains(secret), "{error}");
    }
    assert_eq!(
        error.full_message(),
        Some(reason),
        "whole for who asks for it"
    );
}

#[tokio::test]
async fn default_timeouts_are_30_s_an_attempt_and_60_s_a_call() {
    let (_server, client) = server(json(200, SAMPLE)).await;
    let shown = format!("{client:?}");
    assert!(
        shown.contains("attempt_timeout: 30s") && shown.contains("deadline: 60s"),
        "{shown}"
    );
}
