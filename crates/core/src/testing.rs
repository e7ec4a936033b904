//! What the tests of the provider crates share: assertions for generated tests here, the server of
//! contract tests in `contract`, signing vectors in `signing`. Each assertion panics with the difference.

#![allow(
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a failed check of a test is a panic"
)]

mod contract;
mod signing;

use std::collections::BTreeMap;
use std::fmt::Debug;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::classify::{PayloadSpan, locate_payload};
use crate::client::Client;
use crate::credentials::Credentials;
use crate::envelope;
use crate::lenient::{self, Deviation};
pub use crate::operation::CodeKind;
use crate::operation::Envelope;
use crate::provider::{Provider, RawResponse, ResponseError};
use crate::typed::Operation;

pub use self::contract::{Pauses, answering, json, refused};
pub use self::signing::{SigningStages, SigningVector, assert_stages, signed};

/// A response, and what it is expected to mean.
#[derive(Debug, Clone, Copy)]
pub struct ResponseSample<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: &'a str,
    /// What it means.
    pub expect: Expect<'a>,
}

/// What a response is expected to mean.
#[derive(Debug, Clone, Copy)]
pub enum Expect<'a> {
    /// A success: the output encodes to the payload without the members of the envelope, with this
    /// number of deviations of each kind.
    Payload(&'a [(&'a str, usize)]),
    /// A success: the output encodes to this text, with this number of deviations of each kind.
    Output(&'a str, &'a [(&'a str, usize)]),
    /// A failure with this code, of this kind.
    Error(&'a str, CodeKind),
    /// This code, which means that there is no such record.
    NoRecord(&'a str),
}

/// The request that a server is expected to receive.
#[derive(Debug, Clone, Copy)]
pub struct Wire<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The path, percent-encoded.
    pub path: &'a str,
    /// Every pair of the query, in any order.
    pub query: &'a [(&'a str, &'a str)],
    /// Headers that carry fields.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: WireBody<'a>,
}

impl<'a> Wire<'a> {
    /// A method and a path, and nothing else.
    pub const fn new(method: &'a str, path: &'a str) -> Self {
        Self {
            method,
            path,
            query: &[],
            headers: &[],
            body: WireBody::Empty,
        }
    }
}

/// The body that a server is expected to receive.
#[derive(Debug, Clone, Copy)]
pub enum WireBody<'a> {
    /// Nothing.
    Empty,
    /// This JSON.
    Json(&'a str),
    /// These pairs, in any order.
    Form(&'a [(&'a str, &'a str)]),
}

/// Asserts that the operation keeps its limits, encodes to the sample, decodes from it, and shows no
/// personal data in its `Debug`.
///
/// # Panics
///
/// If the assertion fails.
pub fn assert_request_encodes<O>(operation: &O, sample: &str)
where
    O: Operation + Debug + DeserializeOwned,
{
    operation.validate().expect("the sample keeps the limits");
    let read: O = lenient::decode_strict(sample).expect("the sample can be read");
    let sample: Value = serde_json::from_str(sample).expect("the sample is JSON");
    for operation in [operation, &read] {
        let written = serde_json::to_value(operation).expect("an operation is JSON");
        assert_same(&written, &sample);
    }
    let mut marked = sample;
    for field in O::INFO.sensitive {
        mark(&mut marked, field);
    }
    let marked: O = serde_json::from_value(marked).expect("the marked sample can be read");
    let shown = format!("{marked:?}");
    assert!(
        !shown.contains(CANARY),
        "`Debug` shows personal data: {shown}"
    );
}

/// Stands for personal data; it occurs nowhere else.
const CANARY: &str = "canary-8d1f";

/// Writes the canary into the texts of a field, at any depth.
fn mark(value: &mut Value, field: &str) {
    let (name, rest) = field
        .split_once('.')
        .map_or((field, None), |(n, r)| (n, Some(r)));
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| mark(item, field)),
        Value::Object(members) => match (members.get_mut(name), rest) {
            (Some(inner), Some(rest)) => mark(inner, rest),
            (Some(Value::String(text)), None) => CANARY.clone_into(text),
            _ => {}
        },
        _ => {}
    }
}

/// Parses and decodes a body under status 200, as a client does.
///
/// # Errors
///
/// The text of the error that a caller would see.
pub fn parse_success<O: Operation>(body: &[u8]) -> Result<O::Output, String> {
    let raw = RawResponse::new(200, HeaderMap::new(), body);
    let (payload, _) = locate_payload(&O::Provider::default(), &raw, &O::INFO)
        .map_err(|fault| fault.to_string())?;
    envelope::decode_payload(payload_text(&payload, &raw), envelope_of::<O>())
        .map(|decoded| decoded.value)
        .map_err(|error| error.to_string())
}

/// Asserts that the response is parsed and decoded as expected.
///
/// # Panics
///
/// If the assertion fails.
pub fn assert_response_parses<O>(response: &ResponseSample<'_>)
where
    O: Operation<Output: Serialize>,
{
    let info = O::INFO;
    let raw = raw_response(response);
    match (
        locate_payload(&O::Provider::default(), &raw, &info),
        &response.expect,
    ) {
        (Ok((PayloadSpan::Within(bytes), _)), Expect::Payload(_) | Expect::Output(..)) => {
            let payload = payload_text(&PayloadSpan::Within(bytes), &raw);
            let decoded = envelope::decode_payload::<O::Output>(payload, envelope_of::<O>())
                .unwrap_or_else(|error| panic!("the response cannot be read: {error}"));
            assert_output::<O>(&decoded.value, &decoded.deviations, response);
        }
        (Err(ResponseError::Service(error)), Expect::Error(code, kind)) => {
            assert_eq!(error.code.as_deref(), Some(*code));
            assert!(error.message.is_some(), "{code} comes with a message");
            let known = info.error_code(code).map(|known| known.kind);
            assert_eq!(error.kind.or(known), Some(*kind), "the kind of {code}");
            assert!(!info.no_record.contains(code), "{code} is a failure");
        }
        (Ok((PayloadSpan::NoRecord, _)), Expect::NoRecord(code)) => {
            assert!(info.no_record.contains(code), "{code} means no record");
        }
        (parsed, expect) => panic!("parsed as {parsed:?}, expected {expect:?}"),
    }
}

fn envelope_of<O: Operation>() -> &'static Envelope {
    O::INFO.effective_envelope(O::Provider::ENVELOPE)
}

fn payload_text<'r>(payload: &PayloadSpan, response: &'r RawResponse) -> &'r str {
    match payload {
        PayloadSpan::Within(bytes) => response
            .text()
            .get(bytes.clone())
            .expect("the payload is a part of the response"),
        PayloadSpan::NoRecord => "null",
    }
}

fn raw_response(response: &ResponseSample<'_>) -> RawResponse {
    let json = (
        HeaderName::from_static("content-type"),
        HeaderValue::from_static("application/json"),
    );
    RawResponse::new(
        response.status,
        HeaderMap::from_iter([json]),
        response.body.as_bytes(),
    )
}

/// Asserts that a client sends the operation as described and reads the response as expected, over HTTP.
///
/// # Panics
///
/// If the assertion fails.
pub fn assert_round_trip<O>(operation: &O, wire: &Wire<'_>, response: &ResponseSample<'_>)
where
    O: Operation<Output: Serialize>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let server = MockServer::start().await;
        let template =
            ResponseTemplate::new(response.status).set_body_raw(response.body, "application/json");
        Mock::given(any())
            .respond_with(template)
            .mount(&server)
            .await;
        let client = Client::<O::Provider>::builder()
            .credentials(Credentials::new("invented-key-id", "invented-key-secret"))
            .endpoint(server.uri())
            .max_attempts(1)
            .build()
            .expect("a client");
        match (client.send(operation).await, &response.expect) {
            (Ok(parsed), Expect::Payload(_) | Expect::Output(..)) => {
                assert_output::<O>(&parsed, parsed.deviations(), response);
                assert_eq!(parsed.status(), response.status);
            }
            (Ok(parsed), Expect::NoRecord(_)) => {
                let written = serde_json::to_value(&*parsed).expect("an output is JSON");
                assert_eq!(written, Value::Null);
            }
            (Err(error), Expect::Error(code, _)) => assert_eq!(error.code(), Some(*code)),
            (outcome, expect) => {
                let outcome = outcome.map(|_| "a success");
                panic!("came out as {outcome:?}, expected {expect:?}");
            }
        }
        let requests = server.received_requests().await.unwrap_or_default();
        let [request] = requests.as_slice() else {
            panic!("{} requests came", requests.len());
        };
        assert_wire(request, wire);
    });
}

fn assert_wire(request: &wiremock::Request, wire: &Wire<'_>) {
    assert_eq!(request.method.as_str(), wire.method);
    assert_eq!(request.url.path(), wire.path);
    let pairs = |url: &wiremock::http::Url| {
        let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        pairs.sort();
        pairs
    };
    assert_eq!(pairs(&request.url), sorted(wire.query), "the query");
    for (name, value) in wire.headers {
        let sent = request.headers.get(*name).map(|value| value.as_bytes());
        assert_eq!(sent, Some(value.as_bytes()), "the header {name}");
    }
    match wire.body {
        WireBody::Empty => assert!(request.body.is_empty(), "there is no body"),
        WireBody::Json(expected) => {
            let sent: Value = serde_json::from_slice(&request.body).expect("the body is JSON");
            let expected = serde_json::from_str(expected).expect("the sample is JSON");
            assert_same(&sent, &expected);
        }
        WireBody::Form(expected) => {
            // A form is encoded like a query, which `Url` decodes.
            let mut url = request.url.clone();
            url.set_query(Some(&String::from_utf8_lossy(&request.body)));
            assert_eq!(pairs(&url), sorted(expected), "the form");
        }
    }
}

fn sorted(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    pairs.sort();
    pairs
}

fn assert_output<O>(value: &O::Output, deviations: &[Deviation], response: &ResponseSample<'_>)
where
    O: Operation<Output: Serialize>,
{
    let (output, declared) = match response.expect {
        Expect::Payload(declared) => (bare_payload::<O>(response), declared),
        Expect::Output(output, declared) => {
            let output = serde_json::from_str(output).expect("the expected output is JSON");
            (output, declared)
        }
        expect => panic!("a success, expected {expect:?}"),
    };
    let written = serde_json::to_value(value).expect("an output is JSON");
    assert_same(&written, &output);
    let mut counts = BTreeMap::new();
    for deviation in deviations {
        *counts.entry(deviation.kind.as_str()).or_insert(0) += 1;
    }
    assert_eq!(counts, declared.iter().copied().collect(), "{deviations:?}");
}

/// The payload without the members of the envelope.
fn bare_payload<O: Operation>(response: &ResponseSample<'_>) -> Value {
    let raw = raw_response(response);
    let parsed = envelope::parse(&O::Provider::default(), &raw, &O::INFO);
    let payload = parsed.expect("the response is a success").json;
    let mut payload: Value = serde_json::from_str(payload).expect("the payload is JSON");
    if let Some(members) = payload.as_object_mut() {
        let envelope = envelope_of::<O>();
        members.retain(|name, _| !envelope.is_part_or_parent(&format!("/{name}")));
    }
    payload
}

/// Compares JSON; numbers are compared by value.
fn assert_same(written: &Value, expected: &Value) {
    assert!(
        same(written, expected),
        "written: {written:#}\nexpected: {expected:#}"
    );
}

fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}
