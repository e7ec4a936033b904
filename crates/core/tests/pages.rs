//! Walks over stable lists, changing lists and lists that never end.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failed test is a panic"
)]

use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use standing_core::generated::Violations;
use standing_core::operation::{Method, OperationInfo, Service};
use standing_core::paginated::{Batch, Cursor, Paging};
use standing_core::provider::{CredentialVariables, Provider, Request, SigningContext};
use standing_core::{
    Client, Credentials, CredentialsError, ErrorKind, InvalidRequest, Operation, Pages, Paginated,
};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Respond, ResponseTemplate};

#[derive(Default)]
struct Plain;

impl Provider for Plain {
    const NAME: &'static str = "plain";
    const VARIABLES: CredentialVariables = CredentialVariables::new("ID", "SECRET");

    fn sign(
        &self,
        _: &mut Request,
        _: &OperationInfo,
        _: &Credentials,
        _: &SigningContext,
    ) -> Result<(), CredentialsError> {
        Ok(())
    }
}

static LISTS: Service = Service::new("plain", "lists", "lists.example.com");

#[derive(Debug, Deserialize)]
struct Rows {
    #[serde(default)]
    rows: Vec<u64>,
    total: Option<u64>,
    next: Option<String>,
}

/// The same list by page number, by offset and by token.
macro_rules! list {
    ($name:ident, $paging:expr, $field:ident: $type:ty, $to:expr, $from:pat => $value:expr) => {
        #[derive(Debug, Clone, Default, Serialize, Deserialize)]
        struct $name {
            #[serde(skip_serializing_if = "Option::is_none")]
            $field: Option<$type>,
            #[serde(skip_serializing_if = "Option::is_none")]
            size: Option<u64>,
        }

        impl Operation for $name {
            type Provider = Plain;
            type Output = Rows;
            const INFO: OperationInfo =
                OperationInfo::new(&LISTS, stringify!($name), Method::Post, "/").reads();
        }

        impl Paginated for $name {
            type Item = u64;
            const PAGING: Paging = $paging;

            fn cursor(&self) -> Option<Cursor> {
                self.$field.clone().map($to)
            }

            fn set_cursor(&mut self, cursor: Cursor) {
                if let $from = cursor {
                    self.$field = Some($value);
                }
            }

            fn page_size(&self) -> Option<u64> {
                self.size
            }

            fn set_page_size(&mut self, size: u64) {
                self.size = Some(size);
            }

            fn total(output: &Rows) -> Option<u64> {
                output.total
            }

            fn next_token(output: &Rows) -> Option<String> {
                output.next.clone()
            }

            fn into_items(output: Rows) -> Vec<u64> {
                output.rows
            }
        }
    };
}

list!(ByPage, Paging::pages(1), page: u64, Cursor::Number, Cursor::Number(n) => n);
list!(ByOffset, Paging::offsets(0).default_size(10).max_size(200), offset: u64, Cursor::Number, Cursor::Number(n) => n);
list!(ByToken, Paging::tokens(), token: String, Cursor::Token, Cursor::Token(t) => t);

#[derive(Deserialize)]
struct Asked {
    page: Option<usize>,
    offset: Option<usize>,
    token: Option<String>,
    size: Option<usize>,
}

type Change = Box<dyn Fn(usize, &mut Vec<u64>) + Send + Sync>;

/// A list that changes before each response.
struct List {
    rows: Mutex<Vec<u64>>,
    responses: Mutex<usize>,
    change: Change,
    with_total: bool,
    largest_page: usize,
}

struct Served(Arc<List>);

impl Respond for Served {
    fn respond(&self, request: &wiremock::Request) -> ResponseTemplate {
        let asked: Asked = serde_json::from_slice(&request.body).unwrap();
        let list = &self.0;
        let mut rows = list.rows.lock().unwrap();
        let mut responses = list.responses.lock().unwrap();
        *responses += 1;
        (list.change)(*responses, &mut rows);
        let size = asked.size.unwrap_or(10).min(list.largest_page);
        let start = match (asked.page, asked.offset, &asked.token) {
            (Some(page), ..) => (page - 1) * size,
            (_, Some(offset), _) => offset,
            (.., Some(token)) => token.parse().unwrap(),
            _ => 0,
        };
        let page: Vec<u64> = rows.iter().skip(start).take(size).copied().collect();
        let mut body = serde_json::json!({"rows": page});
        if list.with_total {
            body["total"] = rows.len().into();
        }
        if start + size < rows.len() {
            body["next"] = (start + size).to_string().into();
        }
        ResponseTemplate::new(200).set_body_json(body)
    }
}

fn stable(rows: u64) -> List {
    changing(rows, |_, _| {})
}

fn changing(rows: u64, change: impl Fn(usize, &mut Vec<u64>) + Send + Sync + 'static) -> List {
    List {
        rows: Mutex::new((0..rows).collect()),
        responses: Mutex::new(0),
        change: Box::new(change),
        with_total: true,
        largest_page: 1000,
    }
}

async fn serve(list: List) -> (MockServer, Arc<List>, Client<Plain>) {
    let server = MockServer::start().await;
    let list = Arc::new(list);
    Mock::given(any())
        .respond_with(Served(list.clone()))
        .mount(&server)
        .await;
    let client = Client::builder()
        .endpoint(server.uri())
        .credentials(Credentials::new("id", "secret"))
        .unlimited_rate()
        .build()
        .unwrap();
    (server, list, client)
}

/// The items of a walk, its error if it failed, the number of responses, and the drift.
async fn walked<O: Paginated<Provider = Plain, Item = u64>>(
    list: List,
    operation: O,
) -> (
    Vec<u64>,
    Option<standing_core::Error>,
    usize,
    standing_core::paginated::Drift,
) {
    let (_server, list, client) = serve(list).await;
    let mut pages = client.pages(operation);
    let (mut rows, mut error) = (Vec::new(), None);
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => rows.extend(page.items),
            Err(failure) => {
                error = Some(failure);
                break;
            }
        }
        assert!(rows.len() < 10_000, "the walk does not end");
    }
    let responses = *list.responses.lock().unwrap();
    (rows, error, responses, pages.drift())
}

fn all(rows: u64) -> Vec<u64> {
    (0..rows).collect()
}

#[tokio::test]
async fn stable_list_is_walked_once_in_order_by_every_style() {
    for rows in [0, 1, 9, 10, 11, 95, 100] {
        let pages = usize::try_from(rows).unwrap().div_ceil(10).max(1);
        let (seen, error, responses, drift) = walked(
            stable(rows),
            ByPage {
                size: Some(10),
                ..ByPage::default()
            },
        )
        .await;
        assert_eq!((seen, responses), (all(rows), pages), "{rows} by page");
        assert!(error.is_none() && drift.is_none());
        let (seen, error, responses, _) = walked(stable(rows), ByPage::default()).await;
        assert_eq!(
            (seen, responses),
            (all(rows), pages),
            "{rows} by page, no size set"
        );
        assert!(error.is_none());
        let (seen, error, responses, _) = walked(
            stable(rows),
            ByOffset {
                size: Some(10),
                ..ByOffset::default()
            },
        )
        .await;
        assert_eq!((seen, responses), (all(rows), pages), "{rows} by offset");
        assert!(error.is_none());
        let (seen, error, responses, _) = walked(
            stable(rows),
            ByToken {
                size: Some(10),
                ..ByToken::default()
            },
        )
        .await;
        assert_eq!((seen, responses), (all(rows), pages), "{rows} by token");
        assert!(error.is_none());
    }
}

#[tokio::test]
async fn walk_without_a_total_ends_at_an_empty_page_after_at_most_one_extra_request() {
    for rows in [0, 10, 95, 1000] {
        let list = List {
            with_total: false,
            ..stable(rows)
        };
        let (seen, error, responses, _) = walked(
            list,
            ByOffset {
                size: Some(10),
                ..ByOffset::default()
            },
        )
        .await;
        assert_eq!(seen, all(rows));
        assert!(error.is_none());
        let needed = usize::try_from(rows).unwrap().div_ceil(10) + 1;
        assert!(
            (needed..=needed + 1).contains(&responses),
            "{rows}: {responses}"
        );
    }
}

#[tokio::test]
async fn walk_without_a_page_size_requests_the_documented_maximum() {
    let (seen, _, responses, _) = walked(stable(400), ByOffset::default()).await;
    assert_eq!((seen.len(), responses), (400, 2));
}

#[tokio::test]
async fn pages_smaller_than_requested_lose_no_item() {
    let list = List {
        largest_page: 7,
        ..stable(50)
    };
    let (seen, error, ..) = walked(
        list,
        ByPage {
            size: Some(1000),
            ..ByPage::default()
        },
    )
    .await;
    assert_eq!(seen, all(50));
    assert!(error.is_none());
}

#[tokio::test]
async fn removed_items_make_the_walk_miss_no_other_item() {
    let going = |response: usize, rows: &mut Vec<u64>| {
        if response == 3 {
            rows.drain(2..5);
        }
    };
    let (seen, error, _, drift) = walked(
        changing(60, going),
        ByPage {
            size: Some(10),
            ..ByPage::default()
        },
    )
    .await;
    assert!(error.is_none());
    for row in (0..2).chain(5..60) {
        assert!(seen.contains(&row), "{row} was there all the time");
    }
    assert!(
        drift.totals_changed == 1 && drift.pages_read_again >= 1,
        "{drift:?}"
    );

    let (seen, error, _, drift) = walked(
        changing(60, going),
        ByOffset {
            size: Some(10),
            ..ByOffset::default()
        },
    )
    .await;
    assert!(error.is_none());
    assert!((0..2).chain(5..60).all(|row| seen.contains(&row)));
    assert!(!drift.is_none());
}

#[tokio::test]
async fn added_items_are_counted_as_drift_when_others_repeat() {
    let coming = |response: usize, rows: &mut Vec<u64>| {
        if response == 2 {
            rows.splice(0..0, [900, 901]);
        }
    };
    let (seen, error, _, drift) = walked(
        changing(40, coming),
        ByPage {
            size: Some(10),
            ..ByPage::default()
        },
    )
    .await;
    assert!(error.is_none());
    assert!((0..40).all(|row| seen.contains(&row)));
    assert_eq!((drift.totals_changed, drift.items_repeated), (1, 2));
}

#[tokio::test]
async fn list_that_shrinks_with_every_response_still_ends() {
    let (_, _, responses, drift) = walked(
        changing(100, |_, rows| {
            rows.pop();
        }),
        ByPage {
            size: Some(10),
            ..ByPage::default()
        },
    )
    .await;
    // One page is read again for every removed item.
    assert!(responses <= 100 + 10, "{responses}");
    assert!(drift.totals_changed > 0);
}

struct Fixed(&'static str);

impl Respond for Fixed {
    fn respond(&self, _: &wiremock::Request) -> ResponseTemplate {
        ResponseTemplate::new(200).set_body_raw(self.0, "application/json")
    }
}

async fn stuck<O: Paginated<Provider = Plain>>(body: &'static str, operation: O) -> String {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(Fixed(body))
        .mount(&server)
        .await;
    let client = Client::builder()
        .endpoint(server.uri())
        .credentials(Credentials::new("id", "secret"))
        .build()
        .unwrap();
    let mut pages = client.pages(operation.clone());
    for _ in 0..5 {
        if let Some(Err(error)) = pages.next().await {
            assert_eq!(error.kind(), ErrorKind::Paging);
            assert!(
                client
                    .pages(operation)
                    .resume(error.cursor().unwrap())
                    .is_ok()
            );
            return error.message().to_owned();
        }
    }
    panic!("the walk does not fail");
}

#[tokio::test]
async fn walk_over_contradictory_pages_fails_with_a_cursor() {
    let repeats = stuck(r#"{"rows":[1,2],"total":9}"#, ByPage::default()).await;
    assert!(repeats.contains("repeats the one before"), "{repeats}");
    let repeats = stuck(r#"{"rows":[1,2]}"#, ByOffset::default()).await;
    assert!(repeats.contains("repeats the one before"), "{repeats}");
    let cycle = stuck(r#"{"rows":[1],"next":"x"}"#, ByToken::default()).await;
    assert!(
        cycle.contains("repeats") || cycle.contains("token"),
        "{cycle}"
    );
    let cycle = stuck(r#"{"rows":[],"next":"x"}"#, ByToken::default()).await;
    assert!(cycle.contains("token of the next page"), "{cycle}");
    let more = stuck(r#"{"rows":[1,2,3],"total":2}"#, ByPage::default()).await;
    assert!(
        more.contains("more items than the reported total"),
        "{more}"
    );
    let fewer = stuck(r#"{"rows":[],"total":2}"#, ByPage::default()).await;
    assert!(
        fewer.contains("run out before the reported total"),
        "{fewer}"
    );
}

/// A list whose tokens lead from each page to the next, and from the last page back to the second.
struct TokenCycle(u64);

impl Respond for TokenCycle {
    fn respond(&self, request: &wiremock::Request) -> ResponseTemplate {
        let asked: Asked = serde_json::from_slice(&request.body).unwrap();
        let page: u64 = asked.token.map_or(0, |token| token.parse().unwrap());
        let next = if page == self.0 { 1 } else { page + 1 };
        ResponseTemplate::new(200)
            .set_body_string(format!(r#"{{"rows":[{page}],"next":"{next}"}}"#))
    }
}

#[tokio::test]
async fn token_cycle_of_any_length_is_an_error() {
    for length in [2, 3, 7, 40] {
        let server = MockServer::start().await;
        let cycle = Mock::given(any()).respond_with(TokenCycle(length));
        cycle.mount(&server).await;
        let client: Client<Plain> = Client::builder()
            .endpoint(server.uri())
            .credentials(Credentials::new("id", "secret"))
            .build()
            .unwrap();
        let mut pages = client.pages(ByToken::default());
        let mut read = 0;
        let error = loop {
            match pages.next().await.unwrap() {
                Ok(_) => read += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::Paging);
        assert!(error.message().contains("cycle"), "{error}");
        assert!((length..=4 * length).contains(&read), "{read} of {length}");
    }
}

/// A list that ignores the requested position and returns its pages in turn.
struct Turns(Mutex<u64>, u64);

impl Respond for Turns {
    fn respond(&self, _: &wiremock::Request) -> ResponseTemplate {
        let mut turn = self.0.lock().unwrap();
        *turn += 1;
        let row = *turn % self.1;
        ResponseTemplate::new(200).set_body_string(format!(r#"{{"rows":[{row}]}}"#))
    }
}

#[tokio::test]
async fn page_cycle_of_any_length_is_an_error() {
    for length in [2, 3, 10] {
        let server = MockServer::start().await;
        let turns = Mock::given(any()).respond_with(Turns(Mutex::default(), length));
        turns.mount(&server).await;
        let client: Client<Plain> = Client::builder()
            .endpoint(server.uri())
            .credentials(Credentials::new("id", "secret"))
            .unlimited_rate()
            .build()
            .unwrap();
        let mut pages = client.pages(ByPage::default());
        let error = loop {
            if let Err(error) = pages.next().await.unwrap() {
                break error;
            }
            assert!(server.received_requests().await.unwrap().len() < 100);
        };
        assert_eq!(error.kind(), ErrorKind::Paging);
        assert!(error.message().contains("cycle"), "{error}");
    }
}

#[tokio::test]
async fn cursor_of_other_parameters_is_refused() {
    let (_server, _, client) = serve(stable(30)).await;
    let by_page = |size| ByPage {
        size: Some(size),
        ..ByPage::default()
    };
    let mut pages = client.pages(by_page(10));
    pages.next().await.unwrap().unwrap();
    let cursor = pages.cursor().unwrap();
    // The second page of five rows begins where the first of ten has not ended.
    let error = client.pages(by_page(5)).resume(&cursor).unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Paging, 0));
    let begun_later = ByPage {
        page: Some(3),
        ..by_page(10)
    };
    assert!(client.pages(begun_later).resume(&cursor).is_ok());

    // A record's offset is the same whatever the size.
    let by_offset = |size| ByOffset {
        size: Some(size),
        ..ByOffset::default()
    };
    let mut pages = client.pages(by_offset(10));
    pages.next().await.unwrap().unwrap();
    let cursor = pages.cursor().unwrap();
    let mut rest = client.pages(by_offset(7)).resume(&cursor).unwrap();
    assert_eq!(rest.next().await.unwrap().unwrap().items[0], 10);
}

#[tokio::test]
async fn item_walk_resumes_at_the_beginning_of_its_page() {
    let (_server, _, client) = serve(stable(25)).await;
    let operation = ByPage {
        size: Some(10),
        ..ByPage::default()
    };
    let mut items = client.pages(operation.clone()).items();
    for want in 0..13 {
        assert_eq!(items.next().await.unwrap().unwrap(), want);
    }
    let mut again = client
        .pages(operation)
        .resume(&items.cursor().unwrap())
        .unwrap()
        .items();
    let mut rest = Vec::new();
    while let Some(row) = again.next().await {
        rest.push(row.unwrap());
    }
    assert_eq!(rest, (10..25).collect::<Vec<u64>>());
    assert_eq!(again.cursor(), None);
}

#[tokio::test]
async fn resumed_walk_misses_no_item_after_others_were_removed() {
    async fn rest<O: Paginated<Provider = Plain, Item = u64>>(operation: O) -> Vec<u64> {
        let (_server, list, client) = serve(stable(50)).await;
        let mut pages = client.pages(operation.clone());
        let mut rows = pages.next().await.unwrap().unwrap().items;
        rows.extend(pages.next().await.unwrap().unwrap().items);
        assert_eq!(rows, all(20));
        let cursor = pages.cursor().unwrap();
        drop(pages);
        // Items move onto pages that were read.
        list.rows.lock().unwrap().drain(0..7);
        let mut pages = client.pages(operation).resume(&cursor).unwrap();
        while let Some(page) = pages.next().await {
            rows.extend(page.unwrap().items);
        }
        assert!(!pages.drift().is_none());
        rows.sort_unstable();
        rows.dedup();
        rows
    }
    let (by_page, by_offset) = (ByPage::default(), ByOffset::default());
    let size = Some(10);
    assert_eq!(rest(ByPage { size, ..by_page }).await, all(50));
    assert_eq!(rest(ByOffset { size, ..by_offset }).await, all(50));
}

#[cfg(feature = "stream")]
#[tokio::test]
async fn item_stream_ends_after_an_error() {
    use std::future::poll_fn;
    use std::pin::Pin;

    use futures_core::Stream;

    async fn rows(list: List) -> Vec<Option<u64>> {
        let (_server, _, client) = serve(list).await;
        let operation = ByPage {
            size: Some(10),
            ..ByPage::default()
        };
        let mut stream = client.pages(operation).items().into_stream();
        let mut rows = Vec::new();
        while let Some(row) = poll_fn(|context| Pin::new(&mut stream).poll_next(context)).await {
            rows.push(row.ok());
        }
        rows
    }
    assert_eq!(
        rows(stable(25)).await,
        (0..25).map(Some).collect::<Vec<_>>()
    );
    let repeating = changing(25, |response, rows| {
        if response > 1 {
            rows.copy_within(0..10, 10);
        }
    });
    let seen = rows(repeating).await;
    assert_eq!(seen.len(), 11);
    assert_eq!(seen.last(), Some(&None), "the error comes last");
}

/// A request with a list of ids.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct ByIds {
    #[serde(skip_serializing_if = "Option::is_none")]
    ids: Option<Vec<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
}

impl ByIds {
    fn new(ids: impl IntoIterator<Item = u64>) -> Self {
        Self {
            ids: Some(ids.into_iter().collect()),
            ..Self::default()
        }
    }

    fn size(mut self, size: u64) -> Self {
        self.size = Some(size);
        self
    }
}

impl Operation for ByIds {
    type Provider = Plain;
    type Output = Rows;
    const INFO: OperationInfo = OperationInfo::new(&LISTS, "ByIds", Method::Post, "/").reads();

    fn validate(&self) -> Result<(), InvalidRequest> {
        let ids = self.ids.as_ref().map(Vec::len);
        Violations::new()
            .items("ids", ids, 1..=20)
            .each_range("ids", self.ids.as_deref().unwrap_or_default(), ..=9999)
            .range("size", self.size.as_ref(), 1..=20)
            .fits("ids", ids, "size", self.size.unwrap_or(10), 20)
            .finish()
    }
}

impl Paginated for ByIds {
    type Item = u64;
    const PAGING: Paging = Paging::offsets(0)
        .default_size(10)
        .max_size(20)
        .batch(Batch::new("ids").max_items(20).item_id("id"));

    fn cursor(&self) -> Option<Cursor> {
        self.offset.map(Cursor::Number)
    }

    fn set_cursor(&mut self, cursor: Cursor) {
        if let Cursor::Number(offset) = cursor {
            self.offset = Some(offset);
        }
    }

    fn page_size(&self) -> Option<u64> {
        self.size
    }

    fn set_page_size(&mut self, size: u64) {
        self.size = Some(size);
    }

    fn total(output: &Rows) -> Option<u64> {
        output.total
    }

    fn into_items(output: Rows) -> Vec<u64> {
        output.rows
    }

    fn batch_ids(&self) -> Vec<String> {
        self.ids.iter().flatten().map(ToString::to_string).collect()
    }

    fn batches(&self, skip: usize, size: usize) -> Vec<Self> {
        let parts =
            standing_core::paginated::batches(self.ids.clone().unwrap_or_default(), skip, size);
        let part = |ids| Self {
            ids: Some(ids),
            ..self.clone()
        };
        parts.into_iter().map(part).collect()
    }

    fn item_id(item: &u64) -> Option<String> {
        Some(item.to_string())
    }
}

fn by_ids(request: &wiremock::Request) -> ByIds {
    serde_json::from_slice(&request.body).unwrap()
}

/// Returns an item for every id but the multiples of 7, and fails for a list with 666.
fn named_rows(request: &wiremock::Request) -> ResponseTemplate {
    let asked = by_ids(request);
    let ids = asked.ids.unwrap();
    if ids.contains(&666) {
        return ResponseTemplate::new(500);
    }
    let offset = usize::try_from(asked.offset.unwrap_or(0)).unwrap();
    let size = usize::try_from(asked.size.unwrap_or(10)).unwrap();
    let rows = ids.iter().filter(|id| !id.is_multiple_of(7));
    let rows: Vec<_> = rows.skip(offset).take(size).collect();
    ResponseTemplate::new(200).set_body_json(serde_json::json!({"rows": rows}))
}

async fn named(respond: impl Respond + 'static) -> (MockServer, Client<Plain>) {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(respond)
        .mount(&server)
        .await;
    let client = Client::builder()
        .endpoint(server.uri())
        .credentials(Credentials::new("id", "secret"))
        .max_attempts(1)
        .build()
        .unwrap();
    (server, client)
}

/// The ids of each request, sorted, because parts are sent concurrently.
async fn parts_sent(server: &MockServer) -> Vec<Vec<u64>> {
    let requests = server.received_requests().await.unwrap();
    let mut parts: Vec<_> = requests
        .iter()
        .map(|request| by_ids(request).ids.unwrap())
        .collect();
    parts.sort();
    parts
}

async fn all_rows(pages: &mut Pages<ByIds>) -> Vec<u64> {
    let mut rows = Vec::new();
    while let Some(page) = pages.next().await.transpose().unwrap() {
        rows.extend(page.items);
    }
    rows
}

#[tokio::test]
async fn long_list_is_sent_in_parts_and_ids_without_an_item_are_missing() {
    let (server, client) = named(named_rows).await;
    // Some ids are repeated, within a part and in a later one.
    let ids = [2, 2].into_iter().chain(1..=45).chain([3, 44]);
    let mut pages = client.pages(ByIds::new(ids));
    let rows = all_rows(&mut pages).await;
    let want: Vec<u64> = [2, 1]
        .into_iter()
        .chain(3..=45)
        .filter(|id: &u64| !id.is_multiple_of(7))
        .collect();
    assert_eq!(rows, want, "in the order of the list, each once");
    assert_eq!(pages.missing(), ["7", "14", "21", "28", "35", "42"]);
    assert!(pages.cursor().is_none() && pages.drift().is_none());
    let sizes: Vec<usize> = parts_sent(&server).await.iter().map(Vec::len).collect();
    assert_eq!(sizes.len(), 3);
    assert_eq!(sizes.iter().sum::<usize>(), 45);
    for request in server.received_requests().await.unwrap() {
        let asked = by_ids(&request);
        assert_eq!((asked.offset, asked.size), (Some(0), Some(20)));
    }
}

#[tokio::test]
async fn page_size_below_the_list_makes_smaller_parts() {
    let (server, client) = named(named_rows).await;
    let mut pages = client.pages(ByIds::new(101..=125).size(10));
    assert_eq!(all_rows(&mut pages).await.len(), 25 - 3);
    let parts = parts_sent(&server).await;
    let want: Vec<Vec<u64>> = vec![
        (101..=110).collect(),
        (111..=120).collect(),
        (121..=125).collect(),
    ];
    assert_eq!(parts, want);
}

#[tokio::test]
async fn failed_part_keeps_earlier_parts_and_resumes_at_its_cursor() {
    let (_server, client) = named(named_rows).await;
    let ids: Vec<u64> = (100..150).chain([666]).chain(200..230).collect();
    let mut pages = client.pages(ByIds::new(ids.clone()));
    let mut rows = Vec::new();
    let error = loop {
        match pages.next().await.unwrap() {
            Ok(page) => rows.extend(page.items),
            Err(error) => break error,
        }
    };
    let before = |id: &&u64| !id.is_multiple_of(7);
    let want: Vec<u64> = ids[..40].iter().filter(before).copied().collect();
    assert_eq!(rows, want);
    assert_eq!(error.kind(), ErrorKind::Server);
    let cursor = error.cursor().unwrap().to_owned();

    // The server has recovered. Parts of another size begin within the earlier ones.
    let (server, client) = named(|request: &wiremock::Request| {
        let ids = by_ids(request).ids.unwrap();
        ResponseTemplate::new(200).set_body_json(serde_json::json!({"rows": ids}))
    })
    .await;
    let mut pages = client
        .pages(ByIds::new(ids.clone()).size(7))
        .resume(&cursor)
        .unwrap();
    assert_eq!(all_rows(&mut pages).await, ids[40..]);
    assert_eq!(parts_sent(&server).await.len(), 6);

    for (request, why) in [
        (ByIds::new(100..149), "another list"),
        (ByIds::default(), "no list"),
    ] {
        let error = client.pages(request).resume(&cursor).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Paging, "{why}");
    }
}

#[tokio::test]
async fn parts_are_requested_four_at_a_time() {
    let (server, client) = named(
        ResponseTemplate::new(200)
            .set_body_json(serde_json::json!({"rows": []}))
            .set_delay(std::time::Duration::from_secs(600)),
    )
    .await;
    let mut pages = client.pages(ByIds::new(1..=400));
    let arrived = async {
        while server.received_requests().await.unwrap().len() < 4 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        server.received_requests().await.unwrap().len()
    };
    tokio::select! {
        page = pages.next() => panic!("{page:?}"),
        count = arrived => assert_eq!(count, 4),
    }
}

#[tokio::test]
async fn request_with_an_invalid_item_in_its_last_part_sends_nothing() {
    let (server, client) = named(named_rows).await;
    for (request, expected) in [
        (
            ByIds::new((1..=50).chain([10_000])),
            "ids[50] must be at most 9999",
        ),
        (ByIds::new([]), "ids must have 1 to 20 items, has 0"),
        (ByIds::new(1..=50).size(21), "size must be 1 to 20"),
        (ByIds::new(1..=50).size(0), "size must be 1 to 20"),
    ] {
        let error = client.pages(request).next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert_eq!(error.message(), expected);
        assert_eq!(error.attempts(), 0);
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn list_with_a_position_of_its_own_is_not_sent_in_parts() {
    let (server, client) = named(named_rows).await;
    let mut request = ByIds::new(1..=15);
    request.offset = Some(5);
    let mut pages = client.pages(request.clone());
    assert_eq!(all_rows(&mut pages).await, [6, 8, 9, 10, 11, 12, 13, 15]);
    assert!(pages.missing().is_empty());
    let first = by_ids(&server.received_requests().await.unwrap()[0]);
    assert_eq!((first.offset, first.size), (Some(5), Some(20)));
    request.ids = Some((1..=30).collect());
    let error = client.pages(request).next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn part_whose_response_continues_on_another_page_is_an_error() {
    for body in [
        serde_json::json!({"rows": [1, 2], "total": 3}),
        serde_json::json!({"rows": (1..=20).collect::<Vec<_>>()}),
    ] {
        let (_server, client) = named(ResponseTemplate::new(200).set_body_json(body)).await;
        let mut pages = client.pages(ByIds::new(1..=5));
        let error = pages.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Paging);
        assert!(error.cursor().is_some() && error.may_have_run());
    }
}
