//! What providers say in the envelope, under whatever status.

use standing_core::{Credentials, Error, ErrorKind};
use standing_faults::clock::ManualClock;
use standing_faults::raw::{Raw, json, responding, response};
use standing_faults::trial::{self, Ask, Change, LookUp};
use standing_faults::watch::{KEY_SECRET, MAIL, MOBILE, Watch};
use standing_faults::{builder, failed, found, metered, sandbox, search, tencent};
use standing_sandbox::{Provider, fault};

async fn refused(watch: &Watch, bytes: Vec<u8>) -> Error {
    let server = Raw::always(responding(bytes)).await;
    let client = tencent(server.endpoint(), &ManualClock::default());
    watch.refused(client.send(&search()).await)
}

#[tokio::test]
async fn f1_an_error_under_success() {
    let watch = Watch::new();
    let sandbox = sandbox().start().await.unwrap();
    sandbox.fault(fault::provider_code("FailedOperation"));
    let client = tencent(sandbox.endpoint(Provider::Tencent), &ManualClock::default());
    let error = watch.refused(client.send(&search()).await);
    assert_eq!(error.kind(), ErrorKind::Service);
    assert_eq!(
        (error.code(), error.status()),
        (Some("FailedOperation"), Some(200))
    );
    assert!(error.request_id().is_some());
    assert_eq!(sandbox.report().total, 1);
}

#[tokio::test]
async fn f2_an_error_beside_data() {
    let watch = Watch::new();
    let both = found().replace(
        "\"RequestId\"",
        "\"Error\":{\"Code\":\"FailedOperation\",\"Message\":\"no\"},\"RequestId\"",
    );
    let error = refused(&watch, json(&both)).await;
    assert_eq!(error.code(), Some("FailedOperation"));
}

/// A code of the provider with one operation of each class, and the status that it comes with: kind,
/// requests that a read, a change and a billed look-up make of it, and whether a look-up may have run.
#[tokio::test]
async fn f6_to_f9_codes_of_refusals() {
    let watch = Watch::new();
    use ErrorKind::*;
    for (code, status, kind, requests, may_have_run) in [
        ("RATE_LIMIT", 403, Throttled, [3, 3, 1], false),
        ("OUT_OF_QUOTA", 403, Quota, [1, 1, 1], false),
        ("KEY_EXPIRED", 401, Auth, [1, 1, 1], false),
        ("TOKEN_EXPIRED", 401, Auth, [1, 1, 1], false),
        ("TIME", 400, Clock, [1, 1, 1], false),
        ("NONCE", 400, Auth, [2, 1, 1], true),
        ("BROKEN", 500, Server, [3, 1, 1], true),
        ("UNHEARD_OF", 400, Service, [1, 1, 1], true),
        ("UNHEARD_OF", 403, Permission, [1, 1, 1], false),
        ("UNHEARD_OF", 429, Throttled, [3, 3, 1], false),
        ("UNHEARD_OF", 503, Server, [3, 1, 1], true),
    ] {
        let bytes = response(status, "", &trial::failed(code));
        let server = Raw::always(responding(bytes)).await;
        let client = metered(server.endpoint(), &ManualClock::default());
        let mut before = 0;
        let mut counted = |error: &Error| {
            let now = server.requests().len();
            let made = now - before;
            before = now;
            assert_eq!(made as u32, error.attempts(), "{error}");
            made
        };
        let read = watch.refused(client.send(&Ask::new(MOBILE)).await);
        let made = [
            counted(&read),
            counted(&watch.refused(client.send(&Change::new(MOBILE)).await)),
            {
                let billed = watch.refused(client.send(&LookUp::new(MOBILE)).await);
                assert_eq!(billed.may_have_run(), may_have_run, "{billed}");
                counted(&billed)
            },
        ];
        assert_eq!((read.kind(), made), (kind, requests), "{code} {status}");
        assert_eq!(read.code(), Some(code));
    }
}

#[tokio::test]
async fn f8_no_such_record_is_a_value() {
    let watch = Watch::new();
    let server = Raw::always(responding(response(400, "", &trial::failed("NOT_HIT")))).await;
    let client = metered(server.endpoint(), &ManualClock::default());
    let response = watch.fine(client.send(&LookUp::new(MOBILE)).await);
    assert!(response.is_none());
    assert_eq!(
        (
            response.request_id(),
            response.attempts(),
            response.status()
        ),
        (Some("r-1"), 1, 400)
    );
    // An operation that knows no such value takes it for the failure that it is.
    let error = watch.refused(client.send(&Ask::new(MOBILE)).await);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::NotFound, 1));
}

#[tokio::test]
async fn f8b_no_record_under_another_status_is_an_error() {
    let watch = Watch::new();
    for (status, kind) in [
        (200, ErrorKind::Service),
        (301, ErrorKind::Redirect),
        (401, ErrorKind::Auth),
        (403, ErrorKind::Permission),
        (404, ErrorKind::NotFound),
        (408, ErrorKind::Server),
        (418, ErrorKind::Service),
        (429, ErrorKind::Throttled),
        (500, ErrorKind::Server),
        (502, ErrorKind::Server),
        (503, ErrorKind::Server),
    ] {
        let server = Raw::always(responding(response(status, "", &trial::failed("NOT_HIT")))).await;
        let client = metered(server.endpoint(), &ManualClock::default());
        let error = watch.refused(client.send(&LookUp::new(MOBILE)).await);
        assert_eq!(
            (error.kind(), error.attempts()),
            (kind, 1),
            "{status}: {error}"
        );
        assert!(
            error.may_have_run() && !error.is_retryable(),
            "{status}: {error}"
        );
        assert_eq!(
            (error.code(), error.status()),
            (Some("NOT_HIT"), Some(status))
        );
        assert!(error.message().contains("HTTP 400"), "{status}: {error}");
    }
}

#[tokio::test]
async fn f8c_no_record_beside_a_contradiction_is_an_error() {
    let watch = Watch::new();
    let with = |more: &str| format!(r#"{{"status":"NOT_HIT","id":"r-1","reason":"none",{more}}}"#);
    for more in [
        r#""result":{"number":70}"#,
        r#""Result":{"number":70}"#,
        r#""result ":[1]"#,
        r#""result":"70""#,
        r#""result":null,"RESULT":70"#,
        r#""Status":"OK""#,
        r#""STATUS":"RATE_LIMIT""#,
        r#""status ":"OK""#,
    ] {
        let server = Raw::always(responding(response(400, "", &with(more)))).await;
        let client = metered(server.endpoint(), &ManualClock::default());
        let error = watch.refused(client.send(&LookUp::new(MOBILE)).await);
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Service, 1),
            "{more}: {error}"
        );
        assert!(error.may_have_run(), "{more}: {error}");
    }
    for more in [
        r#""result":null"#,
        r#""result":{}"#,
        r#""Result":[]"#,
        r#""result":"""#,
        r#""result":{"rows":[],"name":null}"#,
        r#""Status":"NOT_HIT""#,
        r#""took_ms":12"#,
    ] {
        let server = Raw::always(responding(response(400, "", &with(more)))).await;
        let client = metered(server.endpoint(), &ManualClock::default());
        let response = watch.fine(client.send(&LookUp::new(MOBILE)).await);
        assert!(response.is_none(), "{more}");
    }
}

#[tokio::test]
async fn f16c_envelope_members_that_differ_by_case_must_agree() {
    let watch = Watch::new();
    for (status, body) in [
        (
            200,
            r#"{"status":"OK","Status":"NOT_HIT","result":{"number":7}}"#,
        ),
        (
            200,
            r#"{"Status":"OK","status":"RATE_LIMIT","result":{"number":7}}"#,
        ),
        (
            200,
            r#"{"status":"OK","result":{"number":7},"Result":{"number":8}}"#,
        ),
    ] {
        let server = Raw::always(responding(response(status, "", body))).await;
        let client = metered(server.endpoint(), &ManualClock::default());
        let error = watch.refused(client.send(&LookUp::new(MOBILE)).await);
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Decode, 1),
            "{body}"
        );
        assert!(error.may_have_run(), "{body}");
    }
    let error = failed("FailedOperation");
    let error = error
        .strip_prefix('{')
        .unwrap()
        .replacen("Response", "response", 1);
    let both = format!("{},{error}", found().strip_suffix('}').unwrap());
    let error = refused(&watch, json(&both)).await;
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Decode, 1),
        "{error}"
    );
    // The older form of an error, and an error in the wrong place, beside data.
    for more in [
        r#""code":4500,"codeDesc":"FailedOperation","message":"no""#,
        r#""Code":"FailedOperation","message":"no""#,
        r#""Error":{"Code":"FailedOperation","Message":"no"}"#,
    ] {
        let both = format!("{},{more}}}", found().strip_suffix('}').unwrap());
        let error = refused(&watch, json(&both)).await;
        assert_eq!(error.code(), Some("FailedOperation"), "{more}");
    }
}

/// Values in other letter case beyond ASCII, as they stand in the body that was sent, and short ones
/// of fields that are personal data.
#[tokio::test]
async fn f13e_values_in_other_case_escaped_and_short_are_scrubbed() {
    let watch = Watch::new();
    for (asked, reason) in [
        ("Édouard Ünal", "no ÉDOUARD ÜNAL, no édouard ünal"),
        ("СЕРГЕЙ", "no Сергей, no сергей"),
        ("Straße", "no STRASSE, no straße"),
        ("ΟΔΟΣ", "no Οδος, no οδοσ"),
        (r#"a"b\c"d"#, r#"no a\\\"b\\\\c\\\"d, no a\"b\\c\"d"#),
        ("云帆", r"no \\u4e91\\u5E06, no 云帆"),
        ("云帆", "no 云帆, no 云帆"),
        ("李", "no 李, no 李"),
        ("Li", "no Li, no LI"),
        ("42", "no 42, no 42"),
    ] {
        let body = format!(r#"{{"status":"UNHEARD_OF","reason":"{reason}; line 421"}}"#);
        let server = Raw::always(responding(response(400, "", &body))).await;
        let client = metered(server.endpoint(), &ManualClock::default());
        let error = watch.refused(client.send(&LookUp::new(asked)).await);
        assert_eq!(error.message(), "no […], no […]; line 421", "{asked}");
    }
}

/// An id is the key to a trace: a short value that happens to stand in it spoils it for nothing.
#[tokio::test]
async fn f13f_an_id_keeps_what_only_looks_like_a_value() {
    let watch = Watch::new();
    let id = "7c9e6679-7425-40de-944b-e07fc12345ae";
    let search = search().with_order("12345");
    for (id, want) in [(id, id), ("id-12345-end", "id-[…]-end"), ("12345", "[…]")] {
        let server = Raw::always(responding(json(&found().replace("r-1", id)))).await;
        let client = tencent(server.endpoint(), &ManualClock::default());
        let page = watch.fine(client.send(&search).await);
        assert_eq!(page.request_id(), Some(want));
    }
}

#[tokio::test]
async fn f10_success_in_the_body_under_failure() {
    let watch = Watch::new();
    for (status, kind) in [
        (500, ErrorKind::Server),
        (400, ErrorKind::Service),
        (307, ErrorKind::Redirect),
        (403, ErrorKind::Permission),
        (404, ErrorKind::NotFound),
        (429, ErrorKind::Throttled),
    ] {
        let server = Raw::always(responding(response(status, "", trial::OK))).await;
        let client = metered(server.endpoint(), &ManualClock::default());
        for error in [
            watch.refused(client.send(&LookUp::new(MOBILE)).await),
            watch.refused(client.send(&Change::new(MOBILE)).await),
        ] {
            assert_eq!((error.kind(), error.attempts()), (kind, 1));
            assert!(error.may_have_run() && !error.is_retryable(), "{error}");
        }
        assert_eq!(server.requests().len(), 2);
    }
}

#[tokio::test]
async fn f11_failure_in_the_body_under_success() {
    let watch = Watch::new();
    for status in ["WEIRD", "ok", "", "true"] {
        let server = Raw::always(responding(json(&trial::failed(status)))).await;
        let client = metered(server.endpoint(), &ManualClock::default());
        let error = watch.refused(client.send(&LookUp::new(MOBILE)).await);
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Service, 1));
        assert_eq!(error.code(), Some(status).filter(|code| !code.is_empty()));
    }
}

#[tokio::test]
async fn f12_a_code_that_is_not_known() {
    let watch = Watch::new();
    for (status, attempts) in [(200, 1), (400, 1), (503, 3)] {
        let error = refused(&watch, response(status, "", &failed("Never.HeardOf"))).await;
        assert_eq!(error.attempts(), attempts, "{error}");
        assert_eq!(error.code(), Some("Never.HeardOf"));
    }
}

#[tokio::test]
async fn f13_messages_without_measure() {
    let watch = Watch::new();
    let message = format!(
        "{MAIL} {KEY_SECRET} \\u001b[31m\\r\\n\\u202e {}",
        "云".repeat(350_000)
    );
    let body =
        format!(r#"{{"Response":{{"Error":{{"Code":"FailedOperation","Message":"{message}"}}}}}}"#);
    let error = refused(&watch, json(&body)).await;
    assert!(error.message().len() <= 1024, "{}", error.message().len());
    for character in ['\u{1b}', '\n', '\r', '\u{202e}'] {
        assert!(!error.to_string().contains(character));
    }
    assert!(error.message().contains("\\u{1b}"), "{error}");
    assert!(error.full_message().unwrap().len() > 1_000_000);
    assert!(
        error.full_message().unwrap().starts_with(MAIL),
        "as it came, for who asks"
    );
}

#[tokio::test]
async fn f13b_codes_and_ids_without_measure() {
    let watch = Watch::new();
    let code = format!("{MAIL}\\n{}", "C".repeat(100_000));
    let body = format!(
        r#"{{"Response":{{"Error":{{"Code":"{code}","Message":"no"}},"RequestId":"{code}"}}}}"#
    );
    let error = refused(&watch, json(&body)).await;
    assert!(error.code().unwrap().chars().count() <= 64);
    assert!(error.request_id().unwrap().chars().count() <= 128);
    let long = found().replace("r-1", &format!("\\u001b[31m\\n{}", "i".repeat(100_000)));
    let server = Raw::always(responding(json(&long))).await;
    let client = tencent(server.endpoint(), &ManualClock::default());
    let page = watch.fine(client.send(&search()).await);
    let id = page.request_id().unwrap();
    assert!(
        id.chars().count() <= 128 && !id.contains(['\n', '\u{1b}']),
        "{} bytes",
        id.len()
    );
}

/// The id of a request is the provider's to choose, so it may repeat what was sent.
#[tokio::test]
async fn f13c_ids_that_repeat_what_was_sent() {
    let watch = Watch::new();
    let echo = format!("id-{KEY_SECRET}-{MAIL}-end");
    let unreadable = r#"{"Response":{"Data":7}}"#;
    for bytes in [
        json(&unreadable.replace('7', &format!(r#"7,"RequestId":"{echo}""#))),
        response(200, &format!("x-tc-requestid: {echo}\r\n"), unreadable),
    ] {
        let error = refused(&watch, bytes).await;
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert_eq!(error.request_id(), Some("id-[…]-[…]-end"));
    }
    let long = format!("x-tc-requestid: {}\r\n", "i".repeat(9000));
    let error = refused(&watch, response(200, &long, unreadable)).await;
    assert_eq!(error.request_id().map(str::len), Some(128));

    // What is shown of a content type ends in the middle of this one's secret.
    let kind = format!("content-type: {}{KEY_SECRET}\r\n", "k".repeat(40));
    let error = refused(&watch, response(200, &kind, "")).await;
    assert!(error.message().contains("kkk[…]"), "{error}");

    let server = Raw::always(responding(json(&found().replace("r-1", &echo)))).await;
    let client = tencent(server.endpoint(), &ManualClock::default());
    let page = watch.fine(client.send(&search()).await);
    assert_eq!(page.request_id(), Some("id-[…]-[…]-end"));
}

/// A provider may repeat values in a spelling of its own.
#[tokio::test]
async fn f13d_values_in_other_spellings() {
    let watch = Watch::new();
    let own = &MOBILE[5..];
    for asked in [
        MOBILE.to_owned(),
        format!("+{MOBILE}"),
        format!("0{}", &MOBILE[2..]),
        format!("+62 {}-{}", &MOBILE[2..5], own),
    ] {
        let reason = format!("{MOBILE} +{MOBILE} 0{} {asked} is no number", &MOBILE[2..]);
        let body = format!(r#"{{"status":"UNHEARD_OF","reason":"{reason}"}}"#);
        let server = Raw::always(responding(response(400, "", &body))).await;
        let client = metered(server.endpoint(), &ManualClock::default());
        let error = watch.refused(client.send(&LookUp::new(&*asked)).await);
        assert!(!error.message().contains(own), "{asked}: {error}");
        assert!(error.message().ends_with("[…] is no number"), "{error}");
    }

    let secret = "invented/secret+of=one";
    let spelt = [
        "invented%2Fsecret%2Bof%3Done",
        "aW52ZW50ZWQvc2VjcmV0K29mPW9uZQ==",
        "696e76656e7465642f7365637265742b6f663d6f6e65",
        "INVENTED/SECRET+OF=ONE",
    ];
    for spelling in spelt {
        let body = trial::failed("UNHEARD_OF").replace(KEY_SECRET, &format!("{spelling} of ours"));
        let server = Raw::always(responding(response(400, "", &body))).await;
        let client = builder::<trial::Metered>(server.endpoint())
            .credentials(Credentials::new("id", secret))
            .build()
            .unwrap();
        let error = watch.refused(client.send(&LookUp::new(MOBILE)).await);
        let padding = if spelling.ends_with("==") { "==" } else { "" };
        let want = format!("no […] for […]{padding} of ours");
        assert_eq!(error.message(), want, "{spelling}");
    }
}

#[tokio::test]
async fn f14_a_request_id_in_a_header_or_nowhere() {
    let watch = Watch::new();
    let bare = r#"{"Response":{"Error":{"Code":"FailedOperation","Message":"no"}}}"#;
    let error = refused(&watch, response(200, "x-tc-requestid: r-2\r\n", bare)).await;
    assert_eq!(error.request_id(), Some("r-2"));
    let error = refused(&watch, json(bare)).await;
    assert_eq!(error.request_id(), None);
    assert!(error.to_string().contains("FailedOperation: no"), "{error}");
}

#[tokio::test]
async fn f15_an_error_that_is_not_json() {
    let watch = Watch::new();
    for body in [
        format!("<html>{MAIL}</html>"),
        MAIL.to_owned(),
        String::new(),
    ] {
        let error = refused(&watch, response(403, "", &body)).await;
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Permission, 1));
        assert_eq!(error.full_message(), None);
    }
}

#[tokio::test]
async fn f16_envelopes_of_another_form() {
    let watch = Watch::new();
    for body in [
        "{}",
        "[]",
        "\"x\"",
        "null",
        "7",
        r#"{"Response":7}"#,
        r#"{"Response":{}}"#,
    ] {
        let error = refused(&watch, json(body)).await;
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Decode, 1),
            "{body}"
        );
    }
    for body in [
        "{}",
        "[]",
        "null",
        r#"{"status":7}"#,
        r#"{"status":"OK"}"#,
        r#"{"status":"OK","result":null}"#,
        r#"{"status":"OK","result":[]}"#,
        r#"{"status":"OK","result":{}}"#,
        r#"{"status":"OK","result":"x"}"#,
        r#"{"status":{"a":"OK"},"result":{"number":7}}"#,
    ] {
        let server = Raw::always(responding(json(body))).await;
        let client = metered(server.endpoint(), &ManualClock::default());
        let error = watch.refused(client.send(&LookUp::new(MOBILE)).await);
        assert!(
            matches!(error.kind(), ErrorKind::Decode | ErrorKind::Service),
            "{body}: {error}"
        );
        assert_eq!(
            error.attempts(),
            1,
            "never an empty success, never asked twice"
        );
    }
}

#[tokio::test]
async fn f16b_envelopes_that_contradict_themselves() {
    let watch = Watch::new();
    for body in [
        r#"{"status":"OK","status":"NOT_HIT","result":{"number":7}}"#,
        r#"{"status":"NOT_HIT","status":"OK","result":{"number":7}}"#,
        r#"{"status":"OK","status ":"RATE_LIMIT","result":{"number":7}}"#,
        r#"{"status":"OK","result":{"number":7},"result":{"number":8}}"#,
    ] {
        let server = Raw::always(responding(json(body))).await;
        let client = metered(server.endpoint(), &ManualClock::default());
        let error = watch.refused(client.send(&LookUp::new(MOBILE)).await);
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Decode, 1),
            "{body}"
        );
        assert!(error.may_have_run(), "{body}");
    }
    let (found, failed) = (found(), failed("FailedOperation"));
    for (body, kind) in [
        (
            format!("{},{}", found.strip_suffix('}').unwrap(), &failed[1..]),
            ErrorKind::Decode,
        ),
        (
            found.replace(
                "\"Total\"",
                r#""Error":null,"Error":{"Code":"Late"},"Total""#,
            ),
            ErrorKind::Service,
        ),
        (
            found.replace(
                "\"Total\"",
                r#""Error":null,"error":{"Code":"Late"},"Total""#,
            ),
            ErrorKind::Service,
        ),
    ] {
        let error = refused(&watch, json(&body)).await;
        assert_eq!((error.kind(), error.attempts()), (kind, 1), "{error}");
    }
}

#[tokio::test]
async fn f17_a_code_that_is_a_number() {
    let watch = Watch::new();
    let body = r#"{"Response":{"Error":{"Code":4500,"Message":"no"}}}"#;
    assert_eq!(refused(&watch, json(body)).await.code(), Some("4500"));
}
