//! Bodies: too large, in another encoding, and JSON that is nearly right.

use std::time::Duration;

use standing_core::{ErrorKind, Response};
use standing_faults::clock::ManualClock;
use standing_faults::raw::{Raw, Step, json, responding, response};
use standing_faults::trial::{LookUp, Metered};
use standing_faults::watch::{MAIL, MOBILE, Watch};
use standing_faults::{builder, found, search, tencent};
use standing_tencent::Error;
use standing_tencent::ip::QueryCustomersCreditOutput;

/// The most bytes that the system may hold unread in the buffers of two sockets.
const BUFFERS: usize = 24 << 20;

type Outcome = Result<Response<QueryCustomersCreditOutput>, Error>;

async fn came(bytes: Vec<u8>) -> Outcome {
    let server = Raw::always(responding(bytes)).await;
    let client = tencent(server.endpoint(), &ManualClock::default());
    let outcome = client.send(&search()).await;
    let attempts = match &outcome {
        Ok(response) => response.attempts(),
        Err(error) => error.attempts(),
    };
    assert_eq!(server.requests().len() as u32, attempts);
    outcome
}

/// One row, its members given, in Tencent's envelope.
async fn row(members: &str) -> Outcome {
    let body = format!(r#"{{"Response":{{"Total":1,"Data":[{{{members}}}],"RequestId":"r-1"}}}}"#);
    came(json(&body)).await
}

#[track_caller]
fn assert_unread(watch: &Watch, outcome: Outcome, place: &str) {
    let error = watch.refused(outcome);
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Decode, 1));
    assert!(error.message().contains(place), "{place}: {error}");
    assert!(error.may_have_run() && !error.is_retryable());
    assert!(error.request_id().is_none_or(|id| id == "r-1"), "{error}");
}

#[tokio::test]
async fn e1_a_length_above_the_limit() {
    let watch = Watch::new();
    for length in [9 << 20, 1_u64 << 40] {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        let script = vec![
            Step::Read,
            Step::Write(head.into_bytes()),
            Step::Endless(vec![b' '; 4096]),
        ];
        let server = Raw::always(script).await;
        let client = tencent(server.endpoint(), &ManualClock::default());
        let error = watch.refused(client.send(&search()).await);
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::TooLarge, 1));
        assert_eq!(error.status(), Some(200));
        server.closed(1).await;
        assert!(server.written() < BUFFERS, "{}", server.written());
    }
}

#[tokio::test]
async fn e2_a_body_without_an_end() {
    let watch = Watch::new();
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000)).into_bytes();
    let unmarked = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    for (head, body) in [(head, chunk), (unmarked, vec![b' '; 4096])] {
        let server = Raw::always(vec![Step::Read, Step::Write(head), Step::Endless(body)]).await;
        let client = tencent(server.endpoint(), &ManualClock::default());
        let error = watch.refused(client.send(&search()).await);
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::TooLarge, 1));
        server.closed(1).await;
        assert!(
            server.written() < (8 << 20) + BUFFERS,
            "{}",
            server.written()
        );
    }
}

#[tokio::test]
async fn e2b_an_announced_length_is_only_a_claim() {
    let watch = Watch::new();
    for length in [
        "4611686018427387904",
        "9223372036854775807",
        "18446744073709551615",
    ] {
        let bytes = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{{");
        let server = Raw::always(vec![Step::Read, Step::Write(bytes.into_bytes())]).await;
        let client = builder::<Metered>(server.endpoint())
            .body_limit(usize::MAX)
            .build()
            .unwrap();
        let error = watch.refused(client.send(&LookUp::new(MOBILE)).await);
        assert!(
            matches!(error.kind(), ErrorKind::Transport | ErrorKind::Protocol),
            "{error}"
        );
    }
}

#[tokio::test]
async fn e3_unrequested_compression_is_refused() {
    let watch = Watch::new();
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0";
    let mut bytes = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        gzip.len()
    )
    .into_bytes();
    bytes.extend(gzip);
    assert_unread(&watch, came(bytes).await, "content-encoding");
}

#[tokio::test]
async fn e5_a_page_under_success() {
    let watch = Watch::new();
    let page = response(
        200,
        "content-type: text/html\r\n",
        &format!("<html>{MAIL}</html>"),
    );
    assert_unread(&watch, came(page).await, "text/html");
}

#[tokio::test]
async fn e6_a_page_of_a_gateway() {
    let watch = Watch::new();
    for status in [502, 504] {
        let page = response(
            status,
            "content-type: text/html\r\n",
            "<html>gateway</html>",
        );
        let error = watch.refused(came(page).await);
        assert_eq!(
            (error.kind(), error.attempts(), error.status()),
            (ErrorKind::Server, 3, Some(status))
        );
    }
}

#[tokio::test]
async fn e7_a_byte_order_mark() {
    let watch = Watch::new();
    assert_eq!(
        watch
            .fine(came(json(&format!("\u{feff}{}", found()))).await)
            .total,
        Some(1)
    );
}

#[tokio::test]
async fn e8_bytes_that_are_not_utf_8() {
    let watch = Watch::new();
    let with = |name: &[u8], other: &[u8]| {
        let body = [
            b"{\"Response\":{\"Data\":[{\"Name\":\"".as_slice(),
            name,
            b"\",\"Other\":\"",
            other,
            b"\"}]}}",
        ]
        .concat();
        let mut bytes =
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
        bytes.extend(body);
        bytes
    };
    assert_unread(&watch, came(with(b"\xff", b"")).await, "/Data/0/Name");
    assert_eq!(watch.fine(came(with(b"x", b"\xff")).await).data.len(), 1);
}

#[tokio::test]
async fn e9_half_a_character_and_none() {
    let watch = Watch::new();
    assert_unread(&watch, row(r#""Name":"\ud800""#).await, "/Data/0/Name");
    let page = watch.fine(row(r#""Name":"a\u0000b""#).await);
    assert_eq!(page.data[0].name.as_deref(), Some("a\0b"));
}

#[tokio::test]
async fn e10_another_charset() {
    let watch = Watch::new();
    for charset in ["GBK", "utf-16", "\"iso-8859-1\""] {
        let head = format!("content-type: application/json; charset={charset}\r\n");
        assert_unread(
            &watch,
            came(response(200, &head, &found())).await,
            "charset",
        );
    }
    let fine = response(200, "content-type: text/plain; charset=utf8\r\n", &found());
    watch.fine(came(fine).await);
}

#[tokio::test]
async fn e14_more_than_one_document() {
    let watch = Watch::new();
    for more in ["{}", "x", ",", "\0", "]"] {
        let outcome = came(json(&format!("{}{more}", found()))).await;
        assert_unread(&watch, outcome, "is not JSON");
    }
}

#[tokio::test]
async fn e15_scalars_of_another_kind() {
    let watch = Watch::new();
    for (members, fine) in [
        (r#""ClientUin":"200000000001""#, true),
        (r#""ClientUin":200000000001.0"#, true),
        (r#""ClientUin":" 7 ""#, true),
        (r#""ClientUin":true"#, false),
        (r#""ClientUin":"""#, false),
        (r#""ClientUin":"seven""#, false),
        (r#""ClientUin":-1"#, false),
        (r#""ClientUin":[7]"#, false),
        (r#""ClientUin":{"a":7}"#, false),
        (r#""Name":7"#, true),
        (r#""Name":true"#, false),
        (r#""Name":["x"]"#, false),
        (r#""Credit":"1,828.72""#, true),
        (r#""Credit":12.50"#, true),
        (r#""Credit":"x""#, false),
        (r#""Credit":{}"#, false),
        (r#""Force":"1""#, true),
        (r#""Force":-0"#, true),
        (r#""Force":1.5"#, false),
    ] {
        let outcome = row(members).await;
        if fine {
            watch.fine(outcome);
        } else {
            assert_unread(&watch, outcome, "/Data/0/");
        }
    }
}

#[tokio::test]
async fn e17_numbers_that_no_type_holds() {
    let watch = Watch::new();
    for members in [
        r#""ClientUin":18446744073709551616"#,
        r#""ClientUin":1e400"#,
        r#""ClientUin":NaN"#,
        r#""Credit":1e400"#,
        r#""Credit":"NaN""#,
        r#""Credit":0.12345678901234567890123456789012"#,
    ] {
        let error = watch.refused(row(members).await);
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Decode, 1),
            "{members}"
        );
    }
    assert_eq!(
        watch.fine(row(r#""ClientUin":-0"#).await).data[0].client_uin,
        Some(0)
    );
}

#[tokio::test]
async fn e18_lists_that_are_none() {
    let watch = Watch::new();
    let with = |data: &str| format!(r#"{{"Response":{{"Total":0{data},"RequestId":"r-1"}}}}"#);
    for data in ["", r#","Data":null"#, r#","Data":[]"#] {
        assert!(watch.fine(came(json(&with(data))).await).data.is_empty());
    }
    for data in [
        r#","Data":{}"#,
        r#","Data":"""#,
        r#","Data":[null]"#,
        r#","Data":[[]]"#,
    ] {
        assert_unread(&watch, came(json(&with(data))).await, "/Data");
    }
}

#[tokio::test]
async fn e19_nesting_without_measure() {
    let watch = Watch::new();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let page = watch.fine(row(&format!(r#""Name":"x","Deep":{deep}"#)).await);
    assert_eq!(page.data.len(), 1);
    for member in ["Name", "ClientUin", "Credit"] {
        let error = watch.refused(row(&format!(r#""{member}":{deep}"#)).await);
        assert_eq!(error.kind(), ErrorKind::Decode, "{member}");
    }
    let error = watch.refused(came(json(&deep)).await);
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn e20_words_that_are_not_documented() {
    standing_core::open_enum! {
        /// A state.
        enum State {
            /// Frozen.
            Freeze = "FREEZE",
        }
    }
    let read = |text: &str| serde_json::from_str::<State>(text).unwrap();
    assert_eq!(read("\"FREEZE\""), State::Freeze);
    assert_eq!(read("\"Suspended\"").as_str(), "Suspended");
    assert_eq!(read("\"freeze\"").as_str(), "freeze");
    assert_eq!(read("\"freeze\"").folded(), State::Freeze);
}

#[tokio::test]
async fn e23_very_many_rows() {
    let watch = Watch::new();
    let rows =
        vec![r#"{"ClientUin":200000000001,"Name":"x","Credit":12.50,"Other":[1,2]}"#; 20_000];
    let body = format!(
        r#"{{"Response":{{"Total":20000,"Data":[{}]}}}}"#,
        rows.join(",")
    );
    let server = Raw::always(responding(json(&body))).await;
    let client = builder::<standing_tencent::Tencent>(server.endpoint())
        .attempt_timeout(Duration::from_secs(60))
        .deadline(Duration::from_secs(60))
        .build()
        .unwrap();
    let page = client.send(&search()).await.unwrap();
    assert_eq!(page.data.len(), 20_000);
    watch.text("a count", page.deviations().len());
    assert!(
        page.deviations().len() < 1000,
        "they are counted to a bound"
    );
}
