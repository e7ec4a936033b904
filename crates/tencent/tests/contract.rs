//! Every known form of answer of Tencent Cloud, and its outcome.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed test is a panic"
)]

use standing_core::testing::{self, answering, json};
use standing_tencent::ip::QueryCustomersCredit;
use standing_tencent::{Client, Credentials, Error, ErrorKind};
use wiremock::{MockServer, ResponseTemplate};

async fn server(answer: ResponseTemplate) -> (MockServer, Client) {
    let server = answering(answer).await;
    let client = Client::builder()
        .endpoint(server.uri())
        .credentials(Credentials::new("AKIDcontract", "contract-secret"))
        .unlimited_rate()
        .max_attempts(2)
        .build()
        .unwrap();
    (server, client)
}

async fn refused(answer: ResponseTemplate) -> Error {
    let (server, client) = server(answer).await;
    let search = QueryCustomersCredit::new()
        .with_filter_type("Email")
        .with_filter("sentinel@example.com");
    testing::refused(&server, &client, &search).await
}

fn error(code: &str) -> String {
    format!(r#"{{"Response":{{"Error":{{"Code":{code},"Message":"no"}},"RequestId":"r-1"}}}}"#)
}

#[tokio::test]
async fn error_member_at_any_status_and_content_type_is_an_error() {
    let body = r#"{"Response":{"Error":{"Code":"FailedOperation","Message":"no"},"Data":[],"Total":0,"RequestId":"r-1"}}"#;
    for status in [200, 201, 400, 403, 404] {
        for content_type in [
            "application/json",
            "text/plain",
            "text/html",
            "application/json; charset=UTF-8",
        ] {
            let error =
                refused(ResponseTemplate::new(status).set_body_raw(body, content_type)).await;
            assert_eq!(
                error.kind(),
                ErrorKind::Service,
                "{status} {content_type}: {error}"
            );
            assert_eq!(error.code(), Some("FailedOperation"));
            assert_eq!(error.request_id(), Some("r-1"));
            assert_eq!(error.status(), Some(status));
            assert_eq!(error.attempts(), 1);
        }
    }
}

#[tokio::test]
async fn code_of_a_family_has_the_kind_of_the_family() {
    use ErrorKind::*;
    // code, kind, attempts of a read with two allowed, whether it may have run
    for (code, kind, attempts, may_have_run) in [
        ("AuthFailure.SignatureFailure", Auth, 1, false),
        ("AuthFailure.SecretIdNotFound", Auth, 1, false),
        ("AuthFailure.SomethingNew", Auth, 1, false),
        ("AuthFailure.UnauthorizedOperation", Permission, 1, false),
        ("UnauthorizedOperation.UinNoAuth", Permission, 1, false),
        ("RequestLimitExceeded", Throttled, 2, false),
        ("RequestLimitExceeded.IPLimitExceeded", Throttled, 2, false),
        ("LimitExceeded", Quota, 1, false),
        ("InternalError", Server, 2, true),
        ("InternalError.DbError", Server, 2, true),
        ("OperationDenied", Permission, 1, false),
        ("OperationDenied.ServiceBusy", Server, 2, true),
        ("InvalidParameter.Page", InvalidRequest, 1, false),
        ("UnknownParameter", InvalidRequest, 1, false),
        ("ResourceNotFound", NotFound, 1, false),
        ("FailedOperation", Service, 1, true),
        ("NeverHeardOf.It", Service, 1, true),
    ] {
        let error = refused(json(200, &error(&format!("\"{code}\"")))).await;
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(error.attempts(), attempts, "{error}");
        assert_eq!(error.may_have_run(), may_have_run, "{error}");
        assert_eq!(error.code(), Some(code));
    }
}

#[tokio::test]
async fn refused_timestamp_without_server_date_is_a_clock_error_without_retry() {
    let body = error("\"AuthFailure.SignatureExpire\"");
    for date in ["", "yesterday", "Sat, 21 Nov 1026 25:61:00 GMT"] {
        let mut answer = json(200, &body);
        if !date.is_empty() {
            answer = answer.insert_header("date", date);
        }
        let error = refused(answer).await;
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Clock, 1),
            "{error}"
        );
        assert!(error.message().starts_with("check the clock"), "{error}");
    }
}

#[tokio::test]
async fn numeric_code_and_request_id_header_are_read() {
    assert_eq!(
        refused(json(200, &error("4500"))).await.code(),
        Some("4500")
    );
    let bare = r#"{"Response":{"Error":{"Code":"FailedOperation","Message":"no"}}}"#;
    let error = refused(json(200, bare).insert_header("X-TC-RequestId", "r-2")).await;
    assert_eq!(error.request_id(), Some("r-2"));
    assert_eq!(refused(json(200, bare)).await.request_id(), None);
}

#[tokio::test]
async fn legacy_error_form_is_an_error() {
    let body = r#"{"code":4100,"message":"no","codeDesc":"AuthFailure"}"#;
    let error = refused(json(200, body)).await;
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Auth, Some("AuthFailure"))
    );
    let error = refused(json(200, r#"{"code":4100,"message":"no","codeDesc":""}"#)).await;
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Service, Some("4100"))
    );
}

#[tokio::test]
async fn unreadable_body_under_success_status_is_a_decode_error() {
    let forms = [
        "",
        " ",
        "{}",
        "[]",
        "null",
        "\"x\"",
        "7",
        "{\"Response\":null}",
        "{\"Response\":[]}",
        "{\"Response\":\"x\"}",
        "{\"Response\":{}}",
        "{\"Response\":{\"RequestId\":\"r\"}}",
        "{\"Response\":{\"Error\":[]}}",
        "{\"Response\":{\"Data\":{},\"Total\":1}}",
        "{\"Response\":{\"Data\":[{}],\"Total\":1}}",
        "{\"Response\":{\"Data\":[[]],\"Total\":1}}",
        "{\"Response\":{\"Data\":\"sentinel@example.com\",\"Total\":1}}",
        "{\"Response\":{\"Total\":\"sentinel@example.com\"}}",
        "{\"Response\":{\"Total\":1}",
        "{\"code\":0}",
        "<html>sentinel@example.com</html>",
    ];
    for body in forms {
        let error = refused(json(200, body)).await;
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}: {error}");
        assert_eq!((error.status(), error.attempts()), (Some(200), 1), "{body}");
        assert!(error.may_have_run());
        assert!(
            !format!("{error} {error:?}").contains("sentinel@"),
            "{error}"
        );
    }
    let error = refused(ResponseTemplate::new(204)).await;
    assert_eq!(
        (error.kind(), error.status()),
        (ErrorKind::Decode, Some(204))
    );
}

#[tokio::test]
async fn gateway_page_has_the_kind_of_its_status() {
    use ErrorKind::*;
    for (status, kind, attempts) in [
        (301, Redirect, 1),
        (307, Redirect, 1),
        (400, Service, 1),
        (401, Auth, 1),
        (403, Permission, 1),
        (404, NotFound, 1),
        (413, InvalidRequest, 1),
        (429, Throttled, 2),
        (500, Server, 2),
        (502, Server, 2),
        (503, Server, 2),
        (504, Server, 2),
        (600, Protocol, 1),
    ] {
        let page = ResponseTemplate::new(status).set_body_raw("<html>gateway</html>", "text/html");
        let error = refused(page).await;
        assert_eq!(
            (error.kind(), error.attempts()),
            (kind, attempts),
            "{status}: {error}"
        );
        assert_eq!((error.status(), error.code()), (Some(status), None));
        // A success in the body changes nothing.
        let success = r#"{"Response":{"Total":0,"Data":[],"RequestId":"r-1"}}"#;
        let error = refused(json(status, success)).await;
        assert_eq!(
            (error.kind(), error.attempts()),
            (kind, attempts),
            "{status}: {error}"
        );
        assert_eq!(error.request_id(), Some("r-1"));
    }
}

#[tokio::test]
async fn error_message_is_bounded_and_has_no_secret() {
    let message = format!(
        "for AKIDcontract contract-secret sentinel@example.com \\u001b[31m {}",
        "x".repeat(1 << 20)
    );
    let body = error("\"FailedOperation\"").replace("\"no\"", &format!("\"{message}\""));
    let error = refused(json(200, &body)).await;
    assert!(error.message().len() <= 1024);
    assert!(error.message().contains("\\u{1b}"));
    for secret in [
        "AKIDcontract",
        "contract-secret",
        "sentinel@example.com",
        "\u{1b}",
    ] {
        assert!(!format!("{error} {error:?}").contains(secret), "{error}");
    }
    assert_eq!(
        error.full_message().unwrap().len(),
        message.len() - 5,
        "whole for who asks for it"
    );
}

#[tokio::test]
async fn unusual_but_unambiguous_response_is_decoded() {
    let (_server, client) = server(json(
        200,
        "\u{feff}{\"Response\":{\"Total\":\"1\",\"Data\":[{\"ClientUin\":\"100012345678\",\"Credit\":100,\
         \"RemainingCredit\":\"1,828.72\",\"Unheard\":{}}],\"DeprecatedWarning\":\"soon\",\"RequestId\":\"r\"}}",
    ))
    .await;
    let page = client.send(&QueryCustomersCredit::new()).await.unwrap();
    assert_eq!(page.total, Some(1));
    assert_eq!(page.data[0].client_uin, Some(100_012_345_678));
    assert_eq!(page.data[0].credit.as_ref().unwrap().to_string(), "100");
    assert_eq!(
        page.data[0].remaining_credit.as_ref().unwrap().to_string(),
        "1828.72"
    );
    assert_eq!(page.data[0].force, None, "absent is not zero");
    let unknown: Vec<_> = page
        .deviations()
        .iter()
        .filter(|d| d.kind.as_str() == "unknown_field")
        .map(|d| &*d.pointer)
        .collect();
    assert_eq!(unknown, ["/Data/0/Unheard", "/DeprecatedWarning"]);
    assert!(page.raw().contains("soon"));
}

#[tokio::test]
async fn unusable_page_error_has_its_request_id() {
    let body =
        r#"{"Response":{"Data":[{"ClientUin":1},{"ClientUin":2}],"Total":1,"RequestId":"r-1"}}"#;
    let (_server, client) = server(json(200, body)).await;
    let mut pages = client.pages(QueryCustomersCredit::new());
    let error = pages.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Paging);
    assert_eq!(error.request_id(), Some("r-1"));
    assert_eq!((error.status(), error.attempts()), (Some(200), 1));
    assert!(error.may_have_run() && error.cursor().is_some());
}
