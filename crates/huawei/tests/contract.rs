//! Every known form of response of Huawei Cloud and its outcome; lists of customers; IAM tokens.

#![cfg(test)] // clippy.toml allows `unwrap` and panics under it alone

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use standing_core::testing::{self, Pauses, answering, json};
use standing_huawei::bss::ListSubCustomerNewTag;
use standing_huawei::clock::{Clock, SystemClock};
use standing_huawei::{
    Client, ClientBuilder, Credentials, CredentialsFuture, Error, ErrorKind, IamTokens,
    ProvideCredentials, tags_of,
};
use time::macros::datetime;
use wiremock::matchers::{any, body_partial_json};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

fn keys() -> Credentials {
    Credentials::new("HPUAcontract", "contract-secret")
}

async fn server(response: ResponseTemplate) -> (MockServer, Client) {
    let server = answering(response).await;
    let client = builder(&server).credentials(keys()).build().unwrap();
    (server, client)
}

fn client(server: &MockServer, keys: impl ProvideCredentials) -> Client {
    builder(server).credentials_provider(keys).build().unwrap()
}

fn builder(server: &MockServer) -> ClientBuilder {
    Client::builder()
        .endpoint(server.uri())
        .clock(Arc::new(Pauses::default()))
        .unlimited_rate()
        .max_attempts(2)
}

fn tags_of_one() -> ListSubCustomerNewTag {
    ListSubCustomerNewTag::new().with_customer_ids(["sentinel-id"])
}

/// The error of a call with this response, after a check that each attempt made one request.
async fn call_error(response: ResponseTemplate) -> Error {
    let (server, client) = server(response).await;
    testing::refused(&server, &client, &tags_of_one()).await
}

fn error_body(code: &str, text: &str) -> String {
    format!(r#"{{"error_code":"{code}","error_msg":"{text}"}}"#)
}

#[tokio::test]
async fn error_code_at_any_status_and_beside_data_is_an_error() {
    for status in [200, 201, 400, 403] {
        for body in [
            error_body("CBC.5002", "no such customer"),
            r#"{"new_customer_tags":[],"error_code":"CBC.5002","error_msg":"no such customer"}"#
                .to_owned(),
            r#"{"errorCode":"CBC.5002","errorMsg":"no such customer"}"#.to_owned(),
            r#"{"error_code ":" CBC.5002 ","error_msg":"no such customer"}"#.to_owned(),
        ] {
            let error = call_error(json(status, &body)).await;
            assert_eq!(
                (error.kind(), error.status()),
                (ErrorKind::NotFound, Some(status)),
                "{body}: {error}"
            );
            assert_eq!(
                (error.code(), error.message()),
                (Some("CBC.5002"), "no such customer"),
                "{body}"
            );
            assert_eq!(error.attempts(), 1);
        }
    }
}

#[tokio::test]
async fn error_of_each_source_has_its_code() {
    use ErrorKind::*;
    for (status, body, kind, code) in [
        (
            403,
            r#"{"error_msg":"domain_id has no access to this api."}"#,
            Permission,
            None,
        ),
        (
            200,
            r#"{"error_msg":"domain_id has no access to this api."}"#,
            Service,
            None,
        ),
        (
            404,
            r#"{"error_msg":"none","error_code":"APIGW.0101","request_id":"r"}"#,
            NotFound,
            Some("APIGW.0101"),
        ),
        (
            401,
            r#"{"error":{"code":401,"message":"no","title":"Unauthorized"}}"#,
            Auth,
            Some("401"),
        ),
        (
            404,
            r#"{"error":{"code":404,"message":"no","title":"Not Found"}}"#,
            NotFound,
            Some("404"),
        ),
        (
            403,
            r#"{"error":{"error_code":"CBC.0151","error_msg":"no"}}"#,
            Permission,
            Some("CBC.0151"),
        ),
        (
            400,
            r#"{"code":"CBC.0101","message":"no"}"#,
            InvalidRequest,
            Some("CBC.0101"),
        ),
        (
            400,
            r#"{"details":[1],"inner":{"code":"CBC.0101","message":"no"}}"#,
            InvalidRequest,
            Some("CBC.0101"),
        ),
        (400, r#"{"error_code":"","error_msg":"no"}"#, Service, None),
        (400, "{}", Service, None),
        (429, "Blocked by olc", Throttled, None),
        (494, "<html>headers too large</html>", Service, None),
        (502, "<html>gateway</html>", Server, None),
    ] {
        let error = call_error(json(status, body)).await;
        assert_eq!(
            (error.kind(), error.code()),
            (kind, code),
            "{body}: {error}"
        );
        assert_eq!(error.status(), Some(status));
    }
}

#[tokio::test]
async fn documented_code_decides_before_status() {
    use ErrorKind::*;
    // code, its status, kind, attempts of a read with two allowed, whether it may have run
    for (code, status, kind, attempts, may_have_run) in [
        ("CBC.0100", 400, InvalidRequest, 1, false),
        ("CBC.0101", 200, InvalidRequest, 1, false),
        ("CBC.0151", 403, Permission, 1, false),
        ("CBC.0155", 400, Permission, 1, false),
        ("CBC.0156", 403, Permission, 1, false),
        ("CBC.0250", 429, Throttled, 2, false),
        ("CBC.99007197", 400, Throttled, 2, false),
        ("CBC.0999", 500, Server, 2, true),
        ("CBC.0999", 200, Server, 2, true),
        ("CBC.12345678", 400, Service, 1, true),
        ("CBC.12345678", 200, Service, 1, true),
        ("CBC.12345678", 403, Permission, 1, false),
        ("CBC.12345678", 503, Server, 2, true),
        ("APIGW.0301", 401, Auth, 1, false),
        ("APIGW.0308", 429, Throttled, 2, false),
        ("APIGW.0203", 504, Server, 2, true),
    ] {
        let error = call_error(json(status, &error_body(code, "no"))).await;
        assert_eq!(
            (error.kind(), error.attempts()),
            (kind, attempts),
            "{status}: {error}"
        );
        assert_eq!(
            (error.may_have_run(), error.code()),
            (may_have_run, Some(code)),
            "{status}: {error}"
        );
    }
}

#[tokio::test]
async fn refused_signature_makes_one_request() {
    let text = "Incorrect IAM authentication information: verify aksk signature fail, \
                canonicalRequest:POST|/v2/|host:h||host|hash";
    let error = call_error(json(401, &error_body("APIGW.0301", text))).await;
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Auth, 1),
        "{error}"
    );
    assert!(!error.is_retryable() && !error.may_have_run());
}

const EXPIRED: &str = "calc aksk signature fail:signature expired, signature time:20211217T064303Z,\
                       server time:20211217T065804Z";

#[tokio::test]
async fn expired_signature_corrects_the_clock_once() {
    let body = error_body("APIGW.0301", EXPIRED);
    for date in ["", "yesterday", "Sat, 21 Nov 1026 25:61:00 GMT"] {
        let error = call_error(json(401, &body).insert_header("date", date)).await;
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Clock, 1),
            "{error}"
        );
        assert!(error.message().starts_with("check the clock"), "{error}");
    }
    // The server is an hour ahead and stays so: one correction, and no second one.
    let ahead =
        std::time::SystemTime::from(SystemClock::default().utc()) + Duration::from_secs(3600);
    let date = httpdate(ahead);
    let error = call_error(json(401, &body).insert_header("date", date)).await;
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Clock, 2),
        "{error}"
    );
}

fn httpdate(time: std::time::SystemTime) -> String {
    let form = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    time::OffsetDateTime::from(time).format(form).unwrap()
}

#[tokio::test]
async fn success_code_is_a_success() {
    for head in [
        "\"error_code\":\"CBC.0000\",\"error_msg\":\"Success\",",
        "\"error_code\":null,",
        "\"error_code\":\"\",",
    ] {
        let body = format!(r#"{{{head}"new_customer_tags":[{{"customer_id":"a"}}]}}"#);
        let (_server, client) = server(json(200, &body).insert_header("X-Request-Id", "r-1")).await;
        let tags = client.send(&tags_of_one()).await.unwrap();
        assert_eq!(tags.new_customer_tags.len(), 1, "{head}");
        assert_eq!(tags.request_id(), Some("r-1"));
    }
    // A code alone is no error, nor is one inside of another object.
    let body = r#"{"code":"voucher","inner":{"code":"c","message":"m"},"error":{},"Error":null,"new_customer_tags":[]}"#;
    let (_server, client) = server(json(200, body)).await;
    client.send(&tags_of_one()).await.unwrap();
    // A status of failure is one, whatever the body says.
    let error = call_error(json(
        403,
        r#"{"error_code":"CBC.0000","new_customer_tags":[]}"#,
    ))
    .await;
    assert_eq!(error.kind(), ErrorKind::Permission);
}

#[tokio::test]
async fn error_of_another_form_beside_a_list_is_an_error() {
    for list in ["[]", r#"[{"customer_id":"a"}]"#] {
        for (form, kind, code) in [
            (
                r#""error":{"code":"CBC.0151","message":"no"}"#,
                ErrorKind::Permission,
                Some("CBC.0151"),
            ),
            (
                r#""Error":{"error_code":"CBC.0151","error_msg":"no"}"#,
                ErrorKind::Permission,
                Some("CBC.0151"),
            ),
            (
                r#""error":{"Code":500,"title":"x"}"#,
                ErrorKind::Service,
                Some("500"),
            ),
            (r#""error":{"message":"no"}"#, ErrorKind::Service, None),
            (
                r#""code":"CBC.0151","message":"no""#,
                ErrorKind::Permission,
                Some("CBC.0151"),
            ),
            (
                r#""Code":"CBC.0151","Message":"no""#,
                ErrorKind::Permission,
                Some("CBC.0151"),
            ),
            (
                r#""Error_Code":"CBC.0151","error_msg":"no""#,
                ErrorKind::Permission,
                Some("CBC.0151"),
            ),
            (
                r#""errorcode":"CBC.0151""#,
                ErrorKind::Permission,
                Some("CBC.0151"),
            ),
            (
                r#""error_code":"CBC.0000","errorCode":"CBC.0151""#,
                ErrorKind::Permission,
                Some("CBC.0151"),
            ),
            (r#""error":"no access""#, ErrorKind::Decode, None),
            (r#""error":[1]"#, ErrorKind::Decode, None),
            (
                r#""error_code":"CBC.0000","Error_Code":"CBC.0151""#,
                ErrorKind::Decode,
                None,
            ),
        ] {
            for body in [
                format!(r#"{{{form},"new_customer_tags":{list}}}"#),
                format!(r#"{{"new_customer_tags":{list},{form}}}"#),
            ] {
                let error = call_error(json(200, &body)).await;
                assert_eq!(
                    (error.kind(), error.code()),
                    (kind, code),
                    "{body}: {error}"
                );
            }
        }
    }
}

#[tokio::test]
async fn success_without_the_documented_list_is_an_error() {
    for body in [
        "",
        "{}",
        "[]",
        "null",
        "\"x\"",
        "7",
        "{\"error_code\":\"CBC.0000\"}",
        "{\"new_customer_tags\":\"sentinel\"}",
        "{\"new_customer_tags\":7}",
        "{\"new_customer_tags\":[[]]}",
        "{\"new_customer_tags\":[{}]}",
        "{\"new_customer_tags\":[]",
        "{\"customer_tags\":[]}",
        // Whatever these codes say, they are not that of a success.
        "{\"new_customer_tags\":[],\"error_code\":[\"CBC.0151\"]}",
        "{\"new_customer_tags\":[],\"error_code\":{\"code\":\"CBC.0151\"}}",
        "{\"new_customer_tags\":[],\"error_code\":\"CBC.0000\",\"error_code\":\"CBC.0151\"}",
        "<html>sentinel</html>",
    ] {
        let error = call_error(json(200, body)).await;
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}: {error}");
        assert!(error.may_have_run() && error.attempts() == 1);
        assert!(
            !format!("{error} {error:?}").contains("sentinel"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn request_id_header_is_read() {
    let answer = || json(403, &error_body("CBC.0151", "no"));
    assert_eq!(call_error(answer()).await.request_id(), None);
    let error = call_error(answer().insert_header("X-IAM-Trace-Id", "r-2")).await;
    assert_eq!(error.request_id(), Some("r-2"));
    let error = call_error(ResponseTemplate::new(502).insert_header("X-Request-Id", "r-3")).await;
    assert_eq!(
        error.request_id(),
        Some("r-3"),
        "not even an envelope is needed"
    );
    let error = call_error(json(200, "{}").insert_header("X-Request-Id", "r-4")).await;
    assert_eq!(error.request_id(), Some("r-4"));
    let body = r#"{"error_code":"APIGW.0304","error_msg":"no","request_id":"r-5"}"#;
    let error = call_error(json(403, body).insert_header("X-Request-Id", "r-6")).await;
    assert_eq!(error.request_id(), Some("r-5"));
}

#[tokio::test]
async fn rate_window_of_the_message_delays_the_retry() {
    for (text, wait) in [
        ("policy user over ratelimit,limit:10,time:1 second", 1),
        ("policy ip over ratelimit,limit:10,time:2 minutes", 120),
        ("policy api over ratelimit,limit:10,time:soon", 0),
        ("try again at time:5 second", 0),
    ] {
        let pauses = Arc::new(Pauses::default());
        let body = error_body(
            "APIGW.0308",
            &format!("The throttling threshold has been reached: {text}"),
        );
        let server = answering(json(429, &body)).await;
        let client = Client::builder()
            .endpoint(server.uri())
            .credentials(keys())
            .clock(pauses.clone())
            .unlimited_rate()
            .max_attempts(2)
            .deadline(Duration::from_secs(600))
            .build()
            .unwrap();
        client.send(&tags_of_one()).await.unwrap_err();
        let waited = pauses.taken()[0];
        // The wait that the provider asks for extends the pause by at most five seconds.
        let least = Duration::from_secs(wait.min(5));
        assert!(
            waited >= least && waited <= Duration::from_secs(6),
            "{text}: {waited:?}"
        );
    }
}

#[tokio::test]
async fn unusual_but_unambiguous_response_is_decoded() {
    let body = "\u{feff}{\"new_customer_tags\":{\"customer_id \":1,\"new_customer_tag\":\"\",\"expire_time\":null,\"more\":1},\"count\":1}";
    let (_server, client) = server(json(200, body)).await;
    let tags = client.send(&tags_of_one()).await.unwrap();
    let row = &tags.new_customer_tags[0];
    assert_eq!(row.customer_id.as_deref(), Some("1"));
    assert_eq!(
        row.new_customer_tag.as_ref().map(|tag| tag.as_str()),
        Some("")
    );
    assert_eq!(
        (&row.effective_time, &row.expire_time),
        (&None, &None),
        "absent is absent"
    );
    assert!(
        tags.deviations()
            .iter()
            .any(|found| found.pointer == "/count")
    );
    // A list that is null is there, and empty.
    let (_server, client) = server(json(200, "{\"new_customer_tags\":null}")).await;
    assert!(
        client
            .send(&tags_of_one())
            .await
            .unwrap()
            .new_customer_tags
            .is_empty()
    );
}

async fn server_without_customers() -> (MockServer, Client) {
    server(json(200, "{\"new_customer_tags\":[]}")).await
}

#[tokio::test]
async fn empty_id_list_is_not_sent() {
    let (server, client) = server_without_customers().await;
    let no_ids = ListSubCustomerNewTag::new().with_customer_ids(Vec::<String>::new());
    let error = client.send(&no_ids).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::InvalidRequest, 0),
        "{error}"
    );
    let tags = tags_of(&client, &ListSubCustomerNewTag::new(), Vec::<String>::new())
        .await
        .unwrap();
    assert!(tags.by_id.is_empty() && tags.missing.is_empty());
    assert_eq!(server.received_requests().await.unwrap().len(), 0);

    let everybody = client.send(&ListSubCustomerNewTag::new()).await.unwrap();
    assert!(everybody.new_customer_tags.is_empty());
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].body, b"{}", "the key is left out");
}

#[tokio::test]
async fn broken_limit_sends_nothing_and_shows_no_value() {
    let (server, client) = server_without_customers().await;
    let long = "sentinel".repeat(9);
    for (request, problem) in [
        (ListSubCustomerNewTag::new().with_limit(0), "limit"),
        (ListSubCustomerNewTag::new().with_limit(201), "limit"),
        (ListSubCustomerNewTag::new().with_offset(1 << 31), "offset"),
        (
            ListSubCustomerNewTag::new().with_customer_ids(vec!["id"; 201]),
            "customer_ids",
        ),
        (
            ListSubCustomerNewTag::new().with_customer_ids(["id", ""]),
            "customer_ids[1]",
        ),
        (
            ListSubCustomerNewTag::new().with_customer_ids([&long]),
            "customer_ids[0]",
        ),
        (
            ListSubCustomerNewTag::new().with_indirect_partner_id(&long),
            "indirect_partner_id",
        ),
    ] {
        let error = client.send(&request).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::InvalidRequest, 0)
        );
        assert!(error.message().starts_with(problem), "{error}");
        assert!(!error.to_string().contains("sentinel"), "{error}");
    }
    // A wrong id among the last is found before the first are asked for.
    let ids = (0..401).map(|number| {
        if number == 400 {
            String::new()
        } else {
            number.to_string()
        }
    });
    let failed = tags_of(&client, &ListSubCustomerNewTag::new(), ids)
        .await
        .unwrap_err();
    assert_eq!(failed.unanswered.len(), 401);
    assert!(failed.tags.by_id.is_empty());
    let error = Error::from(failed);
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(error.message().starts_with("customer_ids[400] "), "{error}");
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
}

/// Responds with one row for every id, but for those that end in 7.
fn rows_response(request: &Request) -> ResponseTemplate {
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    let ids = body["customer_ids"].as_array().unwrap();
    let limit = usize::try_from(body["limit"].as_u64().unwrap_or(10)).unwrap();
    let ours = ids
        .iter()
        .filter(|id| !id.as_str().unwrap().ends_with('7'))
        .take(limit);
    // In an order of its own.
    let mut rows: Vec<_> = ours
        .map(|id| serde_json::json!({"customer_id": id}))
        .collect();
    rows.reverse();
    ResponseTemplate::new(200).set_body_json(serde_json::json!({"new_customer_tags": rows}))
}

#[tokio::test]
async fn ids_beyond_one_call_are_requested_in_chunks() {
    let server = MockServer::start().await;
    Mock::given(body_partial_json(
        serde_json::json!({"limit": 200, "offset": 0, "indirect_partner_id": "p"}),
    ))
    .respond_with(rows_response)
    .mount(&server)
    .await;
    let client = client(&server, keys());
    // Each of 450 ids, and the first 50 of them again.
    let ids: Vec<String> = (0..450)
        .chain(0..50)
        .map(|number| format!("id-{number}"))
        .collect();
    let request = ListSubCustomerNewTag::new()
        .with_indirect_partner_id("p")
        .with_limit(3)
        .with_offset(9);
    let tags = tags_of(&client, &request, &ids).await.unwrap();

    let order: Vec<_> = tags.by_id.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(order, ids, "answered for each, in order");
    for (id, rows) in &tags.by_id {
        assert_eq!(rows.len(), usize::from(!id.ends_with('7')), "{id}");
        assert!(rows.iter().all(|row| row.customer_id.as_ref() == Some(id)));
    }
    assert_eq!(tags.missing.len(), 45);
    assert_eq!(tags.missing[..2], ["id-7", "id-17"]);

    let requests = server.received_requests().await.unwrap();
    let mut sizes: Vec<usize> = requests.iter().map(id_count).collect();
    // Several are under way together.
    sizes.sort_unstable();
    assert_eq!(sizes, [50, 200, 200]);
}

#[tokio::test]
async fn failed_chunk_keeps_the_tags_of_those_before_it() {
    let server = MockServer::start().await;
    Mock::given(body_partial_json(serde_json::json!({"limit": 200})))
        .respond_with(|request: &Request| {
            let body = String::from_utf8_lossy(&request.body);
            if body.contains("\"id-555\"") {
                return ResponseTemplate::new(400)
                    .set_body_string(r#"{"error_code":"CBC.0101","error_msg":"no"}"#);
            }
            rows_response(request)
        })
        .mount(&server)
        .await;
    let client = client(&server, keys());
    let ids: Vec<String> = (0..700)
        .chain([650, 3])
        .map(|number| format!("id-{number}"))
        .collect();
    let failed = tags_of(&client, &ListSubCustomerNewTag::new(), &ids)
        .await
        .unwrap_err();
    assert_eq!(failed.error.code(), Some("CBC.0101"));
    assert_eq!(failed.unanswered, ids[400..700]);
    let answered: Vec<_> = failed.tags.by_id.iter().map(|(id, _)| id.clone()).collect();
    let mut want = ids[..400].to_vec();
    want.push("id-3".to_owned());
    assert_eq!(answered, want);
    assert_eq!(failed.tags.missing.len(), 40);
    assert!(failed.tags.by_id[399].1.len() == 1);
}

fn id_count(request: &Request) -> usize {
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    body["customer_ids"].as_array().unwrap().len()
}

/// Gives tokens that last, and counts them.
struct Tokens(AtomicU32);

impl ProvideCredentials for Tokens {
    fn provide(&self) -> CredentialsFuture<'_> {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        let token = Credentials::token_only(format!("token-{number}"));
        Box::pin(std::future::ready(Ok(
            token.expiring_at(datetime!(9999-01-01 0:00 UTC))
        )))
    }
}

async fn tokens_sent(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.unwrap();
    let token = |request: &Request| request.headers["x-auth-token"].to_str().unwrap().to_owned();
    requests.iter().map(token).collect()
}

#[tokio::test]
async fn refused_token_is_renewed_once() {
    let texts = "Incorrect IAM authentication information: ";
    for (status, code, text) in [
        (401, "APIGW.0307", "The token must be updated.".to_owned()),
        (
            401,
            "APIGW.0301",
            format!("{texts}token expires, expires_at: 2020-01-04T09:05:22.701000Z"),
        ),
        (401, "APIG.0301", format!("{texts}decrypt token fail")),
        (401, "CBC.0154", "x_auth_token is expired".to_owned()),
        (403, "CBC.0154", "x_auth_token is expired".to_owned()),
    ] {
        let answer = json(status, &error_body(code, &text));
        let server = MockServer::start().await;
        Mock::given(any())
            .respond_with(answer.clone())
            .up_to_n_times(1)
            .mount(&server)
            .await;
        Mock::given(any())
            .respond_with(json(200, "{\"new_customer_tags\":[]}"))
            .mount(&server)
            .await;
        let tags = client(&server, Tokens(AtomicU32::new(0)))
            .send(&tags_of_one())
            .await
            .unwrap();
        assert_eq!(tags.attempts(), 2, "{code}");
        assert_eq!(tokens_sent(&server).await, ["token-0", "token-1"]);

        let server = answering(answer.clone()).await;
        let error = client(&server, Tokens(AtomicU32::new(0)))
            .send(&tags_of_one())
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Auth, 2),
            "once and not again: {error}"
        );
        assert!(!format!("{error} {error:?}").contains("token-"), "{error}");

        // There is no other token, or none was used at all.
        for keys in [
            Credentials::token_only("lone"),
            keys(),
            keys().with_token("session"),
        ] {
            let server = answering(answer.clone()).await;
            let fixed = builder(&server).credentials(keys.clone()).build().unwrap();
            let error = fixed.send(&tags_of_one()).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.attempts()),
                (ErrorKind::Auth, 1),
                "{error}"
            );
            let signed = keys.token().is_none();
            let error = client(&server, keys)
                .send(&tags_of_one())
                .await
                .unwrap_err();
            assert_eq!(error.attempts(), if signed { 1 } else { 2 }, "{error}");
        }
    }
}

#[tokio::test]
async fn iam_request_has_the_documented_form() {
    let answer = json(
        201,
        r#"{"token":{"expires_at":"2999-01-04T09:05:22.701000Z"}}"#,
    );
    let answer = answer.insert_header("X-Subject-Token", "token");
    let iam = answering(answer).await;
    let user = IamTokens::password(builder(&iam), "account", "user", "secret word").unwrap();
    let own = Credentials::token_only("own-token");
    let agency = IamTokens::agency(builder(&iam), "account", "agency", own).unwrap();
    user.provide().await.unwrap();
    let token = agency.provide().await.unwrap();
    assert!(token.is_token_only() && token.expires_at().unwrap().year() == 2999);

    let scope = serde_json::json!({"domain": {"name": "account"}});
    let user = serde_json::json!({"domain": {"name": "account"}, "name": "user", "password": "secret word"});
    let role = serde_json::json!({"domain_name": "account", "agency_name": "agency"});
    let requests = iam.received_requests().await.unwrap();
    for (request, identity, token) in [
        (
            &requests[0],
            serde_json::json!({"methods": ["password"], "password": {"user": user}}),
            None,
        ),
        (
            &requests[1],
            serde_json::json!({"methods": ["assume_role"], "assume_role": role}),
            Some("own-token"),
        ),
    ] {
        assert_eq!(request.method.as_str(), "POST");
        assert_eq!(
            (request.url.path(), request.url.query()),
            ("/v3/auth/tokens", Some("nocatalog=true"))
        );
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(
            body,
            serde_json::json!({"auth": {"identity": identity, "scope": scope}})
        );
        let sent = request
            .headers
            .get("x-auth-token")
            .map(|token| token.to_str().unwrap());
        assert_eq!(sent, token);
        assert!(
            request.headers.get("authorization").is_none(),
            "nothing is signed"
        );
    }
}

#[tokio::test]
async fn iam_response_of_each_form_has_its_outcome() {
    let fine = r#"{"token":{"expires_at":"2999-01-04T09:05:22.701000Z"}}"#;
    let with_token =
        |status, body| json(status, body).insert_header("X-Subject-Token", "sentinel-token");
    for (answer, problem, requests) in [
        (with_token(201, fine), "", 1),
        (json(201, fine), "lacks the token", 1),
        (
            with_token(201, r#"{"token":{}}"#),
            "lacks the token or its end",
            1,
        ),
        (
            with_token(201, r#"{"token":{"expires_at":"soon"}}"#),
            "the time of expiry cannot be read",
            1,
        ),
        (
            json(
                401,
                r#"{"error":{"code":401,"message":"The username or password is wrong.","title":"Unauthorized"}}"#,
            ),
            "is wrong",
            1,
        ),
        (
            json(401, r#"{"error_code":"IAM.0061","error_msg":"locked"}"#),
            "locked",
            1,
        ),
        (json(503, "<html>"), "HTTP 503", 2),
    ] {
        let iam = answering(answer).await;
        let (bss, _) = server_without_customers().await;
        let builder = Client::builder()
            .endpoint(iam.uri())
            .max_attempts(2)
            .clock(Arc::new(Pauses::default()));
        let tokens =
            IamTokens::password(builder, "account", "sentinel-user", "sentinel-password").unwrap();
        assert!(!format!("{tokens:?}").contains("sentinel"), "{tokens:?}");
        let client = client(&bss, tokens);
        match client.send(&tags_of_one()).await {
            Ok(tags) => assert!(problem.is_empty() && tags.attempts() == 1),
            Err(error) => {
                assert_eq!(
                    (error.kind(), error.attempts()),
                    (ErrorKind::Credentials, 0),
                    "{error}"
                );
                assert!(
                    error.message().contains(problem) && !problem.is_empty(),
                    "{error}"
                );
                assert!(
                    !format!("{error} {error:?}").contains("sentinel"),
                    "{error}"
                );
            }
        }
        assert_eq!(
            iam.received_requests().await.unwrap().len(),
            requests,
            "{problem}"
        );
    }
}

/// The clock of this machine may be wrong, so a token that seems to have expired is sent once; when
/// the answer has confirmed the clock, it is not sent again.
#[tokio::test]
async fn token_that_seems_expired_is_sent_until_the_clock_is_confirmed() {
    let answer = json(
        201,
        r#"{"token":{"expires_at":"2020-01-04T09:05:22.701000Z"}}"#,
    );
    let answer = answer.insert_header("X-Subject-Token", "sentinel-token");
    let iam = answering(answer).await;
    let (server, _) = server_without_customers().await;
    let tokens = IamTokens::password(builder(&iam), "account", "user", "password").unwrap();
    let client = client(&server, tokens);
    client.send(&tags_of_one()).await.unwrap();
    for _ in 0..3 {
        let error = client.send(&tags_of_one()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Credentials, 0),
            "{error}"
        );
        assert!(error.message().contains("have expired"), "{error}");
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
    assert_eq!(iam.received_requests().await.unwrap().len(), 1);
}
