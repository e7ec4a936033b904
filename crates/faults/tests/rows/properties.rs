//! Properties of requests, responses and lists of every kind, tested with random ones.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use serde_json::Value;
use standing_core::clock::Clock;
use standing_core::operation::{OperationInfo, Place};
use standing_core::provider::Provider as Contract;
use standing_core::{Client, ErrorKind, Operation, Paginated};
use standing_faults::clock::ManualClock;
use standing_faults::raw::{Raw, json, replying, responding, response};
use standing_faults::trial::{ByOffset, ByPage, LookUp, Metered};
use standing_faults::watch::{KEY_SECRET, MAIL, MOBILE, NAME, Watch};
use standing_faults::{builder, found, metered, sandbox, search, tencent};
use standing_sandbox::{Provider, Sandbox};
use standing_tencent::ip::QueryCustomersCredit;
use standing_tencent::ip::QueryCustomersCreditOutput;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// Checks a property over so many cases, always the same ones, in a runtime.
fn holds<S: Strategy>(
    cases: u32,
    strategy: S,
    property: impl Fn(&Runtime, S::Value) -> Result<(), TestCaseError>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    if let Err(error) = runner.run(&strategy, |case| property(&runtime, case)) {
        panic!("{error}");
    }
}

/// Texts with all that an encoding can get wrong.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,20}",
        "\\PC{0,12}",
        any::<String>(),
        Just("~*+ %2F/中\u{2028}&=#?\"\\".to_owned()),
    ]
}

fn parameters() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map(text(), text(), 0..5)
}

/// Whether the sandbox found the credentials of all these requests right, whatever it made of the
/// parameters.
fn accepted<P: Contract>(
    provider: Provider,
    info: &OperationInfo,
    values: impl Strategy<Value = BTreeMap<String, String>>,
) {
    let _watch = Watch::new();
    let home = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let sandbox = home.block_on(async { sandbox().start().await.unwrap() });
    let client = builder::<P>(sandbox.endpoint(provider))
        .random(Arc::new(standing_core::clock::SystemRandom))
        .build()
        .unwrap();
    holds(64, values, |runtime, values| {
        let outcome = runtime.block_on(client.raw(info, &values));
        // What cannot be sent is refused here; everything else is signed as it is sent.
        if let Err(error) = outcome {
            prop_assert!(error.kind() != ErrorKind::Auth, "{error}");
        }
        prop_assert_eq!(sandbox.report().refused, 0);
        Ok(())
    });
    assert!(sandbox.report().verified >= 60, "{:?}", sandbox.report());
}

#[test]
fn p1_what_is_signed_is_accepted() {
    let query = [
        ("a", Place::Query),
        ("中 ~*", Place::Query),
        ("A", Place::Query),
    ];
    accepted::<standing_tencent::Tencent>(
        Provider::Tencent,
        &QueryCustomersCredit::INFO,
        parameters(),
    );
    accepted::<standing_alibaba::Alibaba>(
        Provider::Alibaba,
        &standing_alibaba::bss::GetCustomerAccountInfo::INFO,
        parameters(),
    );
    static QUERY: [(&str, Place); 3] = [
        ("a", Place::Query),
        ("中 ~*", Place::Query),
        ("A", Place::Query),
    ];
    assert_eq!(query, QUERY);
    let info = standing_huawei::bss::ListSubCustomerNewTag::INFO.places(&QUERY);
    let names = prop_oneof![
        Just("a"),
        Just("中 ~*"),
        Just("A"),
        Just("offset"),
        Just("b")
    ];
    let values = btree_map(names.prop_map(str::to_owned), text(), 0..5);
    accepted::<standing_huawei::Huawei>(Provider::Huawei, &info, values);
}

/// The bytes of a request that a client has signed, sent to a server that only looks.
async fn signed<O: Operation>(operation: &O) -> Vec<u8> {
    let server = Raw::always(responding(response(400, "", ""))).await;
    let client = builder::<O::Provider>(server.endpoint())
        .random(Arc::new(standing_core::clock::SystemRandom))
        .build()
        .unwrap();
    let _ = client.send(operation).await;
    server.requests().swap_remove(0).into_bytes()
}

/// Sends a request as it is, and waits for a response or the end of the connection.
async fn replay(sandbox: &Sandbox, provider: Provider, request: &[u8]) {
    let address = sandbox.endpoint(provider).replace("http://", "");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
}

/// Where the request holds what its signature covers: the value of each of these headers, the
/// query and the body.
fn covered(request: &[u8], headers: &[&str]) -> Vec<usize> {
    let text = String::from_utf8(request.to_vec()).unwrap();
    let head = text.find("\r\n\r\n").unwrap();
    let mut places: Vec<usize> = (head + 4..text.len()).collect();
    let mut start = 0;
    for line in text[..head].split_inclusive("\r\n") {
        let name = line.split(':').next().unwrap().to_ascii_lowercase();
        if headers.contains(&&*name) {
            let value = line.find(':').unwrap() + 2;
            places.extend(start + value..start + line.trim_end().len());
        } else if start == 0
            && let Some(query) = line.find('?')
        {
            places.extend(query + 1..line.rfind(' ').unwrap());
        }
        start += line.len();
    }
    places
}

async fn every_byte_counts<O: Operation>(operation: &O, provider: Provider, headers: &[&str]) {
    let _watch = Watch::new();
    let sandbox = sandbox().start().await.unwrap();
    let request = signed(operation).await;
    let places = covered(&request, headers);
    assert!(places.len() > 100, "{}", places.len());
    for place in places {
        let mut changed = request.clone();
        changed[place] = if changed[place] == b'0' { b'1' } else { b'0' };
        replay(&sandbox, provider, &changed).await;
        assert_eq!(
            sandbox.report().verified,
            0,
            "byte {place} of {}",
            String::from_utf8_lossy(&changed)
        );
    }
    replay(&sandbox, provider, &request).await;
    assert_eq!(sandbox.report().verified, 1, "as it was signed it is right");
}

#[tokio::test]
async fn p2_every_changed_byte_is_refused() {
    let search = search().with_page(7);
    every_byte_counts(
        &search,
        Provider::Tencent,
        &["host", "content-type", "x-tc-timestamp", "authorization"],
    )
    .await;
    // Wrong signatures lock a key of this provider, so the lock is what refuses most of them; the
    // sandbox holds its verifier against every byte by itself.
    let info = standing_alibaba::bss::GetCustomerAccountInfo::new();
    every_byte_counts(
        &info,
        Provider::Alibaba,
        &[
            "host",
            "x-acs-action",
            "x-acs-version",
            "x-acs-date",
            "x-acs-signature-nonce",
            "x-acs-content-sha256",
            "authorization",
        ],
    )
    .await;
}

/// The outcome of a search whose response has this body.
fn outcome(runtime: &Runtime, body: Vec<u8>) -> Result<String, standing_core::Error> {
    runtime.block_on(async {
        let mut bytes =
            format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
        bytes.extend(body);
        let server = Raw::always(responding(bytes)).await;
        let client = tencent(server.endpoint(), &ManualClock::default());
        let page = client.send(&search()).await?;
        Ok(serde_json::to_string(&*page).unwrap())
    })
}

/// A success has to be there before it can be read: an object with something that was promised.
fn is_no_empty_success(body: &[u8]) -> bool {
    let Ok(body) = serde_json::from_str::<Value>(&String::from_utf8_lossy(body)) else {
        return false;
    };
    let member = |value: &Value, name: &str| {
        value.as_object().and_then(|members| {
            members
                .iter()
                .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
                .map(|(_, value)| value.clone())
        })
    };
    member(&body, "Response").is_some_and(|response| {
        member(&response, "Error").is_none_or(|error| error.is_null())
            && (member(&response, "Data").is_some() || member(&response, "Total").is_some())
    })
}

#[test]
fn p3_responses_of_any_bytes() {
    let watch = Watch::new();
    let bytes = prop_oneof![
        vec(any::<u8>(), 0..200),
        "[\\[\\]{}\",:0-9a-zR ]{0,80}".prop_map(String::into_bytes),
        (0..found().len(), vec(any::<u8>(), 0..6)).prop_map(|(at, more)| {
            let mut body = found().into_bytes();
            body.splice(at..at, more);
            body
        }),
        (0..found().len(), 0..40_usize).prop_map(|(at, gone)| {
            let mut body = found().into_bytes();
            let end = (at + gone).min(body.len());
            body.drain(at..end);
            body
        }),
    ];
    holds(200, bytes, |runtime, body| {
        match outcome(runtime, body.clone()) {
            Ok(_) => {
                let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body);
                prop_assert!(
                    is_no_empty_success(body),
                    "{}",
                    String::from_utf8_lossy(body)
                );
            }
            Err(error) => {
                prop_assert!(
                    matches!(error.kind(), ErrorKind::Decode | ErrorKind::Service),
                    "{error}"
                );
                watch.error(error);
            }
        }
        Ok(())
    });
}

/// Any JSON, with values that must not be repeated.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        prop_oneof![Just(MAIL), Just(MOBILE), Just(NAME), Just(KEY_SECRET)].prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map("\\PC{0,6}", inner, 0..4).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

/// Every place in a JSON value, as pointers.
fn places(value: &Value, here: &str, into: &mut Vec<String>) {
    into.push(here.to_owned());
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                places(value, &format!("{here}/{key}"), into);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                places(value, &format!("{here}/{index}"), into);
            }
        }
        _ => {}
    }
}

fn documented() -> Vec<Value> {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/tencent");
    // Every sample is decoded as the output of this operation.
    let mut folders = ["ip", "intlpartnersmgt"]
        .map(|service| {
            std::path::Path::new(fixtures)
                .join(service)
                .join("query_customers_credit")
        })
        .to_vec();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(".response.json") {
                found.push(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap());
            }
        }
    }
    assert!(found.len() > 2);
    found
}

#[test]
fn p4_documented_responses_with_one_thing_changed() {
    let watch = Watch::new();
    let samples = documented();
    let strategy = (0..samples.len(), any::<prop::sample::Index>(), anything());
    holds(200, strategy, |runtime, (sample, place, value)| {
        let mut body = samples[sample].clone();
        let mut all = Vec::new();
        places(&body, "", &mut all);
        *body.pointer_mut(&all[place.index(all.len())]).unwrap() = value;
        let body = body.to_string().into_bytes();
        match outcome(runtime, body.clone()) {
            Ok(_) => prop_assert!(
                is_no_empty_success(&body),
                "{}",
                String::from_utf8_lossy(&body)
            ),
            Err(error) => drop(watch.error(error)),
        }
        Ok(())
    });
}

#[test]
fn e21_unknown_fields_are_ignored() {
    let watch = Watch::new();
    let strategy = ("[a-z+0-9]{1,12}", anything(), any::<prop::sample::Index>());
    holds(150, strategy, |runtime, (name, value, place)| {
        let mut body: Value = serde_json::from_str(&found()).unwrap();
        let objects = ["/Response", "/Response/Data/0"];
        let known = [
            "total",
            "data",
            "error",
            "requestid",
            "name",
            "email",
            "mobile",
            "type",
            "force",
            "remark",
            "credit",
            "arrears",
        ];
        prop_assume!(!known.contains(&&*name));
        let object = body.pointer_mut(objects[place.index(2)]).unwrap();
        object[format!("zz{name}")] = value;
        let text = body.to_string();
        let plain = outcome(runtime, found().into_bytes()).unwrap();
        match outcome(runtime, text.into_bytes()) {
            Ok(same) => prop_assert_eq!(same, plain),
            Err(error) => return Err(TestCaseError::fail(watch.error(error).to_string())),
        }
        Ok(())
    });
}

#[test]
fn e22_every_field_missing_in_its_turn() {
    let _watch = Watch::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for sample in documented() {
        let Some(rows) = sample.pointer("/Response/Data").and_then(Value::as_array) else {
            continue;
        };
        let Some(row) = rows.first().and_then(Value::as_object) else {
            continue;
        };
        for missing in row.keys() {
            let mut body = sample.clone();
            body.pointer_mut("/Response/Data/0")
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove(missing);
            outcome(&runtime, body.to_string().into_bytes()).unwrap();
        }
    }
}

#[test]
fn p5_what_is_written_is_read_again() {
    let _watch = Watch::new();
    let request = (
        proptest::option::of(text()),
        proptest::option::of(text()),
        any::<Option<u64>>(),
        any::<Option<u64>>(),
        proptest::option::of(text()),
    );
    holds(200, request, |_, (kind, filter, page, size, order)| {
        let mut request = QueryCustomersCredit::new();
        request.filter_type = kind;
        request.filter = filter;
        request.page = page;
        request.page_size = size;
        request.order = order.map(Into::into);
        let written = serde_json::to_string(&request).unwrap();
        prop_assert_eq!(
            serde_json::from_str::<QueryCustomersCredit>(&written).unwrap(),
            request
        );
        Ok(())
    });
    let row = (
        any::<u64>(),
        proptest::option::of(text()),
        proptest::option::of(-1_000_000_000_000_i64..1_000_000_000_000),
        any::<Option<i64>>(),
    );
    holds(100, vec(row, 0..4), |runtime, rows| {
        let rows: Vec<Value> = rows
            .into_iter()
            .map(|(uin, name, cents, force)| {
                let credit = cents.map(|cents| format!("{}.{:02}", cents / 100, cents.abs() % 100));
                serde_json::json!({"ClientUin": uin, "Name": name, "Credit": credit, "Force": force})
            })
            .collect();
        let body = |rows: &str| format!(r#"{{"Response":{{"Total":1,"Data":{rows}}}}}"#);
        let rows = serde_json::to_string(&rows).unwrap();
        let once = outcome(runtime, body(&rows).into_bytes()).unwrap();
        let output: QueryCustomersCreditOutput = serde_json::from_str(&once).unwrap();
        let again = format!(
            r#"{{"Response":{}}}"#,
            serde_json::to_string(&output).unwrap()
        );
        prop_assert_eq!(outcome(runtime, again.into_bytes()).unwrap(), once);
        Ok(())
    });
}

/// What happens to a list before a page of it is read.
#[derive(Debug, Clone)]
enum Event {
    Nothing,
    Comes(prop::sample::Index),
    Goes(prop::sample::Index),
    Moves(prop::sample::Index, prop::sample::Index),
    Twice,
    WrongTotal(u64),
    NoTotal,
}

#[derive(Debug)]
struct History {
    rows: Vec<u64>,
    events: Vec<Event>,
    pages: usize,
    next: u64,
}

/// Walks a list while its history goes on; the rows that came, and how the walk ended.
fn walked<O>(
    runtime: &Runtime,
    operation: O,
    rows: u64,
    events: Vec<Event>,
    step: u64,
) -> (Vec<u64>, Option<ErrorKind>, usize, Vec<u64>)
where
    O: Paginated<Provider = Metered, Item = u64>,
{
    let history = Arc::new(Mutex::new(History {
        rows: (0..rows).collect(),
        events,
        pages: 0,
        next: 1_000,
    }));
    let shared = history.clone();
    let (came, ended) = runtime.block_on(async move {
        let server = Raw::always(replying(move |request| {
            page(&mut shared.lock().unwrap(), request, step)
        }))
        .await;
        let client: Client<Metered> = metered(server.endpoint(), &ManualClock::default());
        let mut pages = client.pages(operation);
        let (mut came, mut count) = (Vec::new(), 0);
        loop {
            count += 1;
            assert!(count < 500, "the walk never ends");
            match pages.next().await {
                None => return (came, None),
                Some(Ok(page)) => came.extend(page.items),
                Some(Err(error)) => {
                    assert!(error.cursor().is_some(), "{error}");
                    return (came, Some(error.kind()));
                }
            }
        }
    });
    let history = history.lock().unwrap();
    (came, ended, history.pages, history.rows.clone())
}

fn page(history: &mut History, request: &str, step: u64) -> Vec<u8> {
    let body = request.split("\r\n\r\n").nth(1).unwrap_or_default();
    let asked: Value = serde_json::from_str(body).unwrap();
    let (at, size) = (
        asked["at"].as_u64().unwrap(),
        asked["size"].as_u64().unwrap(),
    );
    let event = history
        .events
        .get(history.pages)
        .cloned()
        .unwrap_or(Event::Nothing);
    history.pages += 1;
    let mut total = None;
    let mut twice = false;
    let count = history.rows.len();
    match event {
        Event::Comes(index) => {
            history.next += 1;
            let row = history.next;
            history.rows.insert(index.index(count + 1), row);
        }
        Event::Goes(index) if count > 0 => drop(history.rows.remove(index.index(count))),
        Event::Moves(from, to) if count > 0 => {
            let row = history.rows.remove(from.index(count));
            history.rows.insert(to.index(count), row);
        }
        Event::Twice => twice = true,
        Event::WrongTotal(wrong) => total = Some(Some(wrong)),
        Event::NoTotal => total = Some(None),
        _ => {}
    }
    let start = if step == 0 { (at - 1) * size } else { at };
    let mut rows: Vec<u64> = history
        .rows
        .iter()
        .skip(start as usize)
        .take(size as usize)
        .copied()
        .collect();
    if twice && let Some(row) = rows.first().copied() {
        rows.insert(0, row);
    }
    let total = total.unwrap_or(Some(history.rows.len() as u64));
    json(
        &serde_json::json!({"status": "OK", "id": "r", "result": {"rows": rows, "total": total}})
            .to_string(),
    )
}

fn index() -> impl Strategy<Value = prop::sample::Index> {
    any::<prop::sample::Index>()
}

#[test]
fn i12_any_history_of_a_list_comes_to_an_end() {
    let _watch = Watch::new();
    let event = prop_oneof![
        3 => Just(Event::Nothing),
        1 => index().prop_map(Event::Comes),
        1 => index().prop_map(Event::Goes),
        1 => (index(), index()).prop_map(|(from, to)| Event::Moves(from, to)),
        1 => Just(Event::Twice),
        1 => (0..80_u64).prop_map(Event::WrongTotal),
        1 => Just(Event::NoTotal),
    ];
    let strategy = (0..40_u64, 1..9_u64, vec(event, 0..20), any::<bool>());
    holds(150, strategy, |runtime, (rows, size, events, by_page)| {
        let (_, ended, pages, _) = if by_page {
            walked(runtime, ByPage { at: None, size }, rows, events, 0)
        } else {
            walked(runtime, ByOffset { at: None, size }, rows, events, 1)
        };
        prop_assert!(matches!(ended, None | Some(ErrorKind::Paging)), "{ended:?}");
        prop_assert!(pages < 400, "{pages} pages");
        Ok(())
    });
}

/// A row that is there from the first page to the last, and is not moved by hand, comes; or the walk
/// ends with an error that says so.
#[test]
fn i13_rows_that_were_there_all_the_time_come() {
    let _watch = Watch::new();
    let comes = prop_oneof![2 => Just(Event::Nothing), 1 => index().prop_map(Event::Comes)];
    let goes = prop_oneof![4 => Just(Event::Nothing), 1 => index().prop_map(Event::Goes)];
    let events = prop_oneof![vec(comes, 0..20), vec(goes, 0..20)];
    let strategy = (0..40_u64, 1..9_u64, events, any::<bool>());
    holds(200, strategy, |runtime, (rows, size, events, by_page)| {
        let (came, ended, _, left) = if by_page {
            walked(runtime, ByPage { at: None, size }, rows, events, 0)
        } else {
            walked(runtime, ByOffset { at: None, size }, rows, events, 1)
        };
        if ended.is_some() {
            return Ok(());
        }
        for row in left.iter().filter(|row| **row < rows) {
            prop_assert!(
                came.contains(row),
                "row {row} of {rows} in pages of {size} was passed over: {came:?}"
            );
        }
        Ok(())
    });
}

#[test]
fn d11_any_limits_and_any_fault() {
    let watch = Watch::new();
    let strategy = (1..4_u32, 0..6_usize, any::<bool>());
    holds(60, strategy, |runtime, (attempts, fault, billed_again)| {
        runtime.block_on(async {
            let bytes = [
                response(503, "", ""),
                response(429, "retry-after: 1\r\n", ""),
                b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_vec(),
                response(400, "", r#"{"status":"NOT_HIT"}"#),
                b"x\r\n\r\n".to_vec(),
                Vec::new(),
            ];
            let script = vec![
                standing_faults::raw::Step::Read,
                standing_faults::raw::Step::Write(bytes[fault].clone()),
            ];
            let server = Raw::always(script).await;
            let clock = ManualClock::default();
            let begun = clock.elapsed();
            let client = builder::<Metered>(server.endpoint())
                .clock(Arc::new(clock.clone()))
                .max_attempts(attempts)
                .retry_metered(billed_again)
                .build()
                .unwrap();
            let made = match client.send(&LookUp::new(MOBILE)).await {
                Ok(response) => response.attempts(),
                Err(error) => watch.error(error).attempts(),
            };
            assert!(
                made <= attempts && (billed_again || made == 1),
                "{made} of {attempts}"
            );
            assert_eq!(server.requests().len() as u32, made);
            assert!((clock.elapsed() - begun).as_secs() < 60);
        });
        Ok(())
    });
}
