//! Every known form of answer of Alibaba Cloud, and its outcome.

#![cfg(test)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use standing_alibaba::bss::{AccountType, GetCustomerAccountInfo};
use standing_alibaba::operation::{Envelope, Method, OperationInfo, Service, Success};
use standing_alibaba::{Client, Credentials, Error, ErrorKind};
use standing_core::testing::{self, Pauses, answering, json};
use wiremock::{MockServer, ResponseTemplate};

async fn server(answer: ResponseTemplate) -> (MockServer, Client) {
    let server = answering(answer).await;
    let client = client(&server, Arc::default());
    (server, client)
}

fn client(server: &MockServer, pauses: Arc<Pauses>) -> Client {
    Client::builder()
        .endpoint(server.uri())
        .credentials(Credentials::new("LTAIcontract", "contract-secret"))
        .clock(pauses)
        .unlimited_rate()
        .max_attempts(2)
        .build()
        .unwrap()
}

fn question() -> GetCustomerAccountInfo {
    GetCustomerAccountInfo::new().with_owner_id(1_234_567_890_123_456)
}

async fn refused(answer: ResponseTemplate) -> Error {
    let (server, client) = server(answer).await;
    testing::refused(&server, &client, &question()).await
}

/// The gateway's form.
fn error(code: &str) -> String {
    format!(
        r#"{{"RequestId":"R-1","HostId":"business.aliyuncs.com","Code":"{code}","Message":"no","Recommend":"https://example.com/?q={code}"}}"#
    )
}

const DATA: &str = r#"{"Mpk":1051360339779133,"AccountType":"1"}"#;

#[tokio::test]
async fn response_without_success_true_is_an_error() {
    for code in [
        "\"Success\"",
        "\"success\"",
        "\"200\"",
        "200",
        "201",
        "\"299\"",
        "null",
        "\"\"",
    ] {
        for success in ["true", "\"true\"", "\"True\""] {
            let body = format!(
                r#"{{"Code":{code},"Message":"m","RequestId":"R-1","Success":{success},"Data":{DATA}}}"#
            );
            let (_server, client) = server(json(200, &body)).await;
            let account = client.send(&question()).await.unwrap();
            assert_eq!(account.request_id(), Some("R-1"));
            let account = account.into_inner().unwrap();
            assert_eq!(account.mpk, Some(1_051_360_339_779_133), "{code} {success}");
            assert_eq!(account.account_type, Some(AccountType::Enterprise));
        }
        for success in ["false", "\"false\"", "null", "0", "\"yes\"", "{}"] {
            let body = format!(
                r#"{{"Code":{code},"Message":"m","RequestId":"R-1","Success":{success},"Data":{DATA}}}"#
            );
            let error = refused(json(200, &body)).await;
            assert_ne!(error.kind(), ErrorKind::Decode, "{body}: {error}");
            assert_eq!((error.message(), error.request_id()), ("m", Some("R-1")));
        }
    }
    // Without the member nothing is believed either.
    let error = refused(json(
        200,
        &format!(r#"{{"Code":"Success","Message":"m","Data":{DATA}}}"#),
    ))
    .await;
    assert_eq!(error.kind(), ErrorKind::Service);
    let error = refused(json(200, &format!(r#"{{"Data":{DATA}}}"#))).await;
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn documented_error_code_beside_success_is_an_error() {
    let body = format!(
        r#"{{"Code":"NotAuthorized","Message":"m","RequestId":"R-1","Success":true,"Data":{DATA}}}"#
    );
    let error = refused(json(200, &body)).await;
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Permission, 1));
    assert_eq!(error.request_id(), Some("R-1"));
}

#[tokio::test]
async fn success_false_under_status_200_is_an_error() {
    let body = r#"{"Code":"INSUFFICIENT.AVAILABLE.QUOTA","Message":"no","RequestId":"R-1","Success":false}"#;
    let error = refused(json(200, body)).await;
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Quota, 1));
    assert_eq!(error.code(), Some("INSUFFICIENT.AVAILABLE.QUOTA"));
    assert_eq!(
        (error.request_id(), error.status()),
        (Some("R-1"), Some(200))
    );
    for code in ["-116", "\"-116\""] {
        let body = format!(r#"{{"Code":{code},"Message":"no","Success":false}}"#);
        assert_eq!(refused(json(200, &body)).await.code(), Some("-116"));
    }
}

#[tokio::test]
async fn not_found_returns_none_with_request_id() {
    let bodies = [
        (401, error("VnoNoDataError")),
        (401, error("VnoNoDataError ")),
        (
            401,
            r#"{"Code":"VnoNoDataError","Message":"m","RequestId":"R-1","Success":false,"Data":{}}"#
                .to_owned(),
        ),
        (
            401,
            r#"{"code":"VnoNoDataError","message":"m","requestId":"R-1"}"#.to_owned(),
        ),
    ];
    for (status, body) in bodies {
        let (server, client) = server(json(status, &body)).await;
        let answer = client.send(&question()).await.unwrap();
        assert_eq!(*answer, None, "{body}");
        assert_eq!(
            (answer.request_id(), answer.attempts()),
            (Some("R-1"), 1),
            "{body}"
        );
        assert_eq!(server.received_requests().await.unwrap().len(), 1);
    }
    // Another 401 is about the keys.
    assert_eq!(
        refused(json(401, &error("NeverHeardOf"))).await.kind(),
        ErrorKind::Auth
    );
}

#[tokio::test]
async fn no_data_under_another_status_or_beside_data_is_an_error() {
    for (status, kind) in [
        (200, ErrorKind::Service),
        (301, ErrorKind::Redirect),
        (400, ErrorKind::Service),
        (403, ErrorKind::Permission),
        (429, ErrorKind::Throttled),
        (500, ErrorKind::Server),
        (503, ErrorKind::Server),
    ] {
        let error = refused(json(status, &error("VnoNoDataError"))).await;
        assert_eq!(error.kind(), kind, "{status}: {error}");
        assert_eq!(
            (error.code(), error.may_have_run()),
            (Some("VnoNoDataError"), true)
        );
    }
    for more in [
        format!(r#""Data":{DATA}"#),
        format!(r#""data":{DATA}"#),
        format!(r#""Data":null,"DATA":{DATA}"#),
        r#""Data":"x""#.to_owned(),
        r#""Success":true"#.to_owned(),
        r#""success":"True""#.to_owned(),
        format!(r#""Success":false,"success":true,"Data":{DATA}"#),
        r#""code":"Success""#.to_owned(),
    ] {
        let body = format!(r#"{{"Code":"VnoNoDataError","Message":"m","RequestId":"R-1",{more}}}"#);
        for status in [200, 401] {
            let (_server, client) = server(json(status, &body)).await;
            let error = client.send(&question()).await.unwrap_err();
            assert_eq!(error.attempts(), 1, "{more}: {error}");
            assert!(error.may_have_run(), "{status} {more}: {error}");
            assert!(
                matches!(error.kind(), ErrorKind::Service | ErrorKind::Decode),
                "{status} {more}: {error}"
            );
        }
    }
}

#[tokio::test]
async fn success_beside_a_code_of_no_success_is_an_error() {
    for code in [
        "\"Unheard.Of\"",
        "\"100\"",
        "300",
        "\"2000\"",
        "-1",
        "true",
        "\"Successful\"",
    ] {
        for (name, success) in [("Code", "Success"), ("code", "success")] {
            let body = format!(
                r#"{{"{name}":{code},"Message":"m","RequestId":"R-1","{success}":true,"Data":{DATA}}}"#
            );
            let error = refused(json(200, &body)).await;
            assert_eq!(
                (error.kind(), error.may_have_run()),
                (ErrorKind::Service, true),
                "{code}"
            );
        }
    }
    for code in ["{}", "[\"x\"]", "{\"x\":1}"] {
        let body = format!(r#"{{"Code":{code},"RequestId":"R-1","Success":true,"Data":{DATA}}}"#);
        assert_eq!(
            refused(json(200, &body)).await.kind(),
            ErrorKind::Decode,
            "{code}"
        );
    }
    // What differs by letter case must agree.
    for more in [
        r#""Success":true,"success":false"#,
        r#""Success":true,"Code":"Success","code":"NotAuthorized""#,
        r#""Success":true,"data":{"Mpk":7}"#,
    ] {
        let body = format!(r#"{{"RequestId":"R-1",{more},"Data":{DATA}}}"#);
        let error = refused(json(200, &body)).await;
        assert_eq!(
            (error.kind(), error.may_have_run()),
            (ErrorKind::Decode, true),
            "{more}"
        );
    }
}

#[tokio::test]
async fn success_without_an_account_is_an_error() {
    for data in [
        "null",
        "\"\"",
        "[]",
        "{}",
        "7",
        "true",
        "\"sentinel\"",
        "{\"sentinel\":1}",
        "[{}]",
        "{\"Mpk\":\"sentinel\"}",
    ] {
        let body = format!(
            r#"{{"Code":"Success","Message":"m","RequestId":"R-1","Success":true,"Data":{data}}}"#
        );
        let error = refused(json(200, &body)).await;
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Decode, 1),
            "{data}: {error}"
        );
        assert!(error.may_have_run());
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
        "\"x\"",
        "{\"Success\":true}",
        "{\"Success\":true,\"Data\":{\"Mpk\":1}",
        "<html>sentinel</html>",
    ] {
        let error = refused(json(200, body).insert_header("x-acs-request-id", "R-2")).await;
        assert_eq!(
            (error.kind(), error.request_id()),
            (ErrorKind::Decode, Some("R-2")),
            "{body}: {error}"
        );
    }
}

#[tokio::test]
async fn documented_code_decides_before_status() {
    use ErrorKind::*;
    // code, its status, kind, attempts of a read with two allowed, whether it may have run
    for (code, status, kind, attempts, may_have_run) in [
        ("NotAuthorized", 400, Permission, 1, false),
        ("NoPermission", 400, Permission, 1, false),
        ("Forbidden.RAM", 403, Permission, 1, false),
        ("InvalidOwner", 400, Permission, 1, false),
        ("SignatureDoesNotMatch", 400, Auth, 1, false),
        ("InvalidAccessKeyId.NotFound", 404, Auth, 1, false),
        ("InvalidAccessKeyId.Inactive", 403, Auth, 1, false),
        ("InvalidSecurityToken.Malformed", 400, Auth, 1, false),
        ("SignatureNonceUsed", 400, Auth, 2, true),
        ("Throttling", 400, Throttled, 2, false),
        ("Throttling.User", 400, Throttled, 2, false),
        ("Throttling.Api", 503, Throttled, 2, false),
        ("InvalidApi.NotFound", 404, NotFound, 1, false),
        ("InvalidParameter.OwnerId", 400, InvalidRequest, 1, false),
        ("OwnerIdInvalid", 400, InvalidRequest, 1, false),
        ("InternalError", 500, Server, 2, true),
        ("InternalError\\t", 400, Server, 2, true),
        (" UndefinedError", 500, Server, 2, true),
        ("ServiceUnavailable", 503, Server, 2, true),
        ("NeverHeardOf", 400, Service, 1, true),
        ("NeverHeardOf", 503, Server, 2, true),
    ] {
        let error = refused(json(status, &error(code))).await;
        assert_eq!(
            (error.kind(), error.attempts()),
            (kind, attempts),
            "{status}: {error}"
        );
        assert_eq!(error.may_have_run(), may_have_run, "{status}: {error}");
        assert_eq!(error.code(), Some(code.trim_end_matches("\\t").trim()));
        assert_eq!((error.message(), error.request_id()), ("no", Some("R-1")));
    }
}

#[tokio::test]
async fn error_of_another_form_has_its_code() {
    let lower =
        r#"{"code":"NotAuthorized","message":"no","requestId":"R-1","accessDeniedDetail":{}}"#;
    let error = refused(json(400, lower)).await;
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Permission, Some("NotAuthorized"))
    );
    assert_eq!((error.message(), error.request_id()), ("no", Some("R-1")));
    let xml = "<?xml version='1.0'?><Error><Code>NotAuthorized</Code></Error>";
    for (status, body, kind) in [
        (400, xml, ErrorKind::Service),
        (502, "<html>", ErrorKind::Server),
        (503, "", ErrorKind::Server),
        (403, "[]", ErrorKind::Permission),
    ] {
        let answer = json(status, body).insert_header("x-acs-request-id", "R-2");
        let error = refused(answer).await;
        assert_eq!((error.kind(), error.code()), (kind, None), "{body}");
        assert_eq!(
            (error.status(), error.request_id()),
            (Some(status), Some("R-2"))
        );
    }
    // A status of failure is one, whatever the body says.
    let body = format!(r#"{{"Success":true,"RequestId":"R-1","Data":{DATA}}}"#);
    let error = refused(json(500, &body)).await;
    assert_eq!(
        (error.kind(), error.request_id()),
        (ErrorKind::Server, Some("R-1"))
    );
}

#[tokio::test]
async fn requested_wait_delays_the_retry() {
    for (header, value, least) in [
        ("x-acs-retry-after", "1500", 1500),
        (
            "x-ratelimit-user-api",
            "Limit:10,Remain:0,TimeLeft:2500",
            2500,
        ),
        ("x-ratelimit-user", "TimeLeft:3500", 3500),
        ("x-acs-retry-after", "99999999", 5000),
        ("retry-after", "2", 2000),
        ("x-acs-retry-after", "-1", 0),
    ] {
        // A gateway can ask for a wait without a body that names an error.
        for answer in [json(400, &error("Throttling.User")), json(429, "")] {
            let server = answering(answer.insert_header(header, value)).await;
            let pauses = Arc::new(Pauses::default());
            client(&server, pauses.clone())
                .send(&question())
                .await
                .unwrap_err();
            let waited = pauses.taken()[0];
            let least = Duration::from_millis(least);
            // At most five seconds more than the pause that was due.
            assert!(
                waited >= least && waited <= Duration::from_secs(6),
                "{header}: {waited:?}"
            );
        }
    }
}

#[tokio::test]
async fn each_attempt_has_its_own_date_nonce_and_signature() {
    let (server, client) =
        server(json(503, &error("ServiceUnavailable")).insert_header("x-acs-retry-after", "1100"))
            .await;
    for _ in 0..20 {
        client.send(&question()).await.unwrap_err();
    }
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 40);
    let values = |name: &str| -> Vec<String> {
        let value =
            |request: &wiremock::Request| request.headers[name].to_str().unwrap().to_owned();
        requests.iter().map(value).collect()
    };
    for name in ["x-acs-signature-nonce", "authorization"] {
        assert_eq!(
            values(name).into_iter().collect::<BTreeSet<_>>().len(),
            40,
            "{name}"
        );
    }
    let dates = values("x-acs-date");
    assert!(
        dates[0] < dates[1],
        "the second attempt came over a second later"
    );
    for request in &requests {
        assert_eq!(request.headers["accept"], "application/json");
        assert_eq!(request.headers["x-acs-action"], "GetCustomerAccountInfo");
        assert_eq!(request.headers["x-acs-version"], "2017-12-14");
        assert!(request.headers.get("content-type").is_none() && request.body.is_empty());
        assert_eq!(request.url.query(), Some("OwnerId=1234567890123456"));
        let signed = "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,";
        assert!(
            request.headers["authorization"]
                .to_str()
                .unwrap()
                .contains(signed)
        );
    }
}

#[tokio::test]
async fn refused_timestamp_without_server_date_is_a_clock_error_without_retry() {
    for code in ["InvalidTimeStamp.Expired", "IllegalTimestamp"] {
        for date in ["", "yesterday", "Sat, 21 Nov 1026 25:61:00 GMT"] {
            let error = refused(json(400, &error(code)).insert_header("date", date)).await;
            assert_eq!(
                (error.kind(), error.attempts()),
                (ErrorKind::Clock, 1),
                "{error}"
            );
            assert!(error.message().starts_with("check the clock"), "{error}");
        }
    }
}

static BSS: Service = Service::new("alibaba", "bss", "business.aliyuncs.com").version("2023-09-30");

#[tokio::test]
async fn operation_envelope_selects_the_payload() {
    const fn keeping(payload: &'static str) -> Envelope {
        Envelope {
            payload,
            success: Success::Equals("/Success", "true"),
            code: "/Code",
            message: "/Message",
            request_id: Some("/RequestId"),
        }
    }
    static WHOLE: Envelope = keeping("");
    static BESIDE: Envelope = keeping("/Dto");
    let (_server, client) =
        server(json(200, r#"{"Success":true,"Dto":{"Mpk":"1"},"Total":1}"#)).await;
    let info = OperationInfo::new(&BSS, "CreateThings", Method::Post, "/").reads();
    let nothing = serde_json::json!({});
    let whole = client.raw(&info.envelope(&WHOLE), &nothing).await.unwrap();
    assert!(whole.as_str().ends_with("\"Total\":1}"));
    let beside = client.raw(&info.envelope(&BESIDE), &nothing).await.unwrap();
    assert_eq!(beside.as_str(), r#"{"Mpk":"1"}"#);
    let error = client
        .raw(&info.envelope(&standing_alibaba::ENVELOPE), &nothing)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);

    // Some operations return a list or a flag, which a call without a type accepts; an account is
    // neither.
    for data in ["[1,2]", "true", "\"12.50\""] {
        let body = format!(r#"{{"Success":true,"Data":{data}}}"#);
        let (_server, client) = server(json(200, &body)).await;
        let info = info.envelope(&standing_alibaba::ENVELOPE);
        let payload = client.raw(&info, &nothing).await.unwrap();
        assert_eq!(payload.as_str(), data);
        let error = client.send(&question()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    }
}

#[tokio::test]
async fn unusual_but_unambiguous_response_is_decoded() {
    let body = "\u{feff}{\"success\":true,\"data\":{\"Mpk\":\"6210322125051645960\",\"AccountType\":0,\"IsCertified\":\"true\",\
                \"HostingStatus\":\"TrusteeshipCancel\",\"LoginEmail\":null,\"More\":1},\"requestId\":\"R-1\"}";
    let (_server, client) = server(json(200, body)).await;
    let answer = client.send(&question()).await.unwrap();
    let account = answer.as_ref().unwrap();
    assert_eq!(account.mpk, Some(6_210_322_125_051_645_960));
    assert_eq!(account.account_type, Some(AccountType::Individual));
    assert_eq!(account.is_certified, Some(true));
    assert_eq!(account.login_email, None);
    assert_eq!(
        serde_json::to_value(account).unwrap()["HostingStatus"],
        "TrusteeshipCancel"
    );
    assert!(
        answer
            .deviations()
            .iter()
            .any(|found| found.pointer == "/More")
    );
}

#[tokio::test]
async fn error_message_has_no_secret() {
    let body = error("NotAuthorized").replace(
        "\"no\"",
        "\"for LTAIcontract contract-secret 1234567890123456\"",
    );
    let error = refused(json(400, &body)).await;
    for secret in ["LTAIcontract", "contract-secret", "1234567890123456"] {
        assert!(!format!("{error} {error:?}").contains(secret), "{error}");
    }
    let token = Credentials::token_only("invented-token");
    let client = Client::builder()
        .credentials(token)
        .endpoint("http://127.0.0.1:9")
        .build()
        .unwrap();
    let error = client.send(&question()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Credentials, 0),
        "{error}"
    );
}
