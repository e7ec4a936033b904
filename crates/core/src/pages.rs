//! Walking a list that comes in pages.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::operation::RateLimit;
use crate::paginated::{Cursor, Paginated, PagingStyle};
use crate::provider::Provider;
use crate::response::Response;

/// The most pages asked for at a time, however long an answer takes.
const MOST_AT_A_TIME: u64 = 8;
/// With no rate to go by, so many pages are asked for at a time once the total is known.
const UNRATED_AT_A_TIME: u64 = 4;
/// Parts of a list asked for at a time, at the least.
const BATCHES_AT_A_TIME: u64 = 4;
/// How many rows back a repetition is noticed.
const ROWS_REMEMBERED: usize = 2048;

/// One page: its rows, and what is known of its call.
#[derive(Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The number of rows over all pages, where the provider tells it.
    pub total: Option<u64>,
    /// The id that the provider gave the request.
    pub request_id: Option<String>,
    /// How many attempts the page took.
    pub attempts: u32,
    /// The time from the last attempt to its answer.
    pub round_trip: Duration,
}

/// How a list changed while it was walked. Rows that come or go shift the others from page to page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drift {
    /// How often the total differed from that of the page before.
    pub totals_changed: u64,
    /// Rows that were delivered a second time, as far as a bounded memory tells.
    pub rows_repeated: u64,
    /// Pages that were read again because rows had gone before them.
    pub pages_read_again: u64,
}

impl Drift {
    /// Whether nothing of the kind was noticed.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A walk over the pages of an operation, in their order. It keeps no rows.
///
/// A walk ends when the total is reached; without a total, at the first empty page, which by offset
/// is the only proof of an end; by token, when there is no further one. It ends with an error when a
/// page repeats the one before it, when rows come past the total or run out before it, and when pages
/// or tokens come round in a circle. After an error, [`cursor`](Self::cursor) tells where to take the walk
/// up again.
///
/// When the total shrinks from one page to the next, rows have gone, and others may have slid from
/// this page onto those before: these are read again, so that a row that was there all the time is
/// not passed over. Rows may therefore come twice; [`drift`](Self::drift) tells. A row that comes
/// for every one that goes hides this, and so does a provider that tells no total.
///
/// By page number and by offset, as many pages are asked for at a time as the rate and the time of
/// an answer leave room for (at most 8), within the rate; dropping the walk drops them. By token
/// there is one at a time.
///
/// A request that names its rows in a list (see [`Paging::batch`](crate::Paging::batch)) is sent in
/// parts: as many items in each as a request may have and a page can answer, 4 to 8 parts at a time
/// within the rate. Each part is a page, in the order of the list; an item that the list repeats is
/// sent once. All parts are validated before the first one is sent. [`missing`](Self::missing) names
/// the items that no row came back for. A cursor of such a walk counts items of the list, and needs
/// the same list again. A request that also sets the position of its first page is not sent in parts.
///
/// ```no_run
/// # use standing_core::{Client, Error, Paginated, Provider};
/// # async fn walk<P: Provider, O: Paginated<Provider = P>>(client: Client<P>, operation: O) -> Result<(), Error> {
/// let mut pages = client.pages(operation);
/// while let Some(page) = pages.next().await.transpose()? {
///     println!("{} rows", page.items.len());
/// }
/// # Ok(())
/// # }
/// ```
pub struct Pages<O: Paginated> {
    client: Client<O::Provider>,
    operation: O,
    /// Where the next page begins; nothing once the walk is over.
    position: Option<Cursor>,
    /// Rows before the position.
    seen: u64,
    /// Rows of a full page, once it is known.
    size: Option<u64>,
    total: Option<u64>,
    round_trip: Duration,
    /// Pages that are asked for already, in their order.
    ahead: VecDeque<Asked<O>>,
    previous: Option<u64>,
    /// Where pages were last read again: once for a place, unless the total is lower than ever.
    reread_at: Option<u64>,
    /// The lowest total so far.
    lowest: Option<u64>,
    remembered: Remembered,
    drift: Drift,
    tokens: CycleDetector,
    contents: CycleDetector,
    /// Marks the cursors of walks with these parameters.
    mark: String,
    /// Nothing if the request names its rows in no list.
    batches: Option<Batches<O>>,
}

/// A request in parts. Positions of the walk count items of the list without repetitions.
struct Batches<O> {
    /// Items in each part but the last.
    size: usize,
    /// Items in all parts.
    total: u64,
    /// The position of the first part, and the parts, once they have been made and validated.
    parts: Option<(u64, Vec<O>)>,
    /// Items for which no row came back.
    missing: Vec<String>,
}

impl<O: Paginated> Batches<O> {
    fn of(operation: &O) -> Option<Self> {
        let batch = O::PAGING.batch?;
        let ids: HashSet<String> = operation.batch_ids().into_iter().collect();
        let begins = match operation.cursor() {
            None => true,
            Some(Cursor::Number(number)) => number == O::PAGING.first,
            Some(Cursor::Token(token)) => token.is_empty(),
        };
        if ids.is_empty() || !begins {
            return None;
        }
        let page = operation.page_size().or(O::PAGING.default_size);
        let page = page.and_then(|size| usize::try_from(size).ok());
        let sizes = [page, batch.max_items].into_iter().flatten();
        Some(Self {
            size: sizes.min().unwrap_or(ids.len()).max(1),
            total: ids.len() as u64,
            parts: None,
            missing: Vec::new(),
        })
    }

    /// The part at a position.
    fn part(&self, position: u64) -> Option<&O> {
        let (start, parts) = self.parts.as_ref()?;
        let place = position.checked_sub(*start)? / self.size as u64;
        parts.get(usize::try_from(place).ok()?)
    }
}

impl<P: Provider> Client<P> {
    /// Walks the pages of an operation.
    pub fn pages<O: Paginated<Provider = P>>(&self, operation: O) -> Pages<O> {
        Pages::new(self.clone(), operation)
    }
}

impl<O: Paginated> Pages<O> {
    pub(crate) fn new(client: Client<O::Provider>, mut operation: O) -> Self {
        let paging = O::PAGING;
        // Without a size the provider takes a small one, and steps must match it.
        if operation.page_size().is_none()
            && let Some(size) = paging.max_size
        {
            operation.set_page_size(size);
        }
        let mark = mark(&operation);
        let batches = Batches::of(&operation);
        let begin = match batches {
            Some(_) => Some(Cursor::Number(0)),
            None => operation.cursor(),
        };
        let position = begin.unwrap_or(match paging.style {
            PagingStyle::Token => Cursor::Token(String::new()),
            PagingStyle::Page | PagingStyle::Offset => Cursor::Number(paging.first),
        });
        let asked = operation.page_size().or(paging.default_size);
        let seen = match &position {
            Cursor::Number(_) if batches.is_some() => 0,
            Cursor::Number(number) => {
                let steps = number.saturating_sub(paging.first);
                // Pages before the one that the caller begins with count, as far as is known.
                match paging.style {
                    PagingStyle::Page => steps.saturating_mul(asked.unwrap_or_default()),
                    _ => steps,
                }
            }
            Cursor::Token(_) => 0,
        };
        Self {
            client,
            operation,
            position: Some(position),
            seen,
            size: None,
            total: None,
            round_trip: Duration::ZERO,
            ahead: VecDeque::new(),
            previous: None,
            reread_at: None,
            lowest: None,
            remembered: Remembered::default(),
            drift: Drift::default(),
            tokens: CycleDetector::default(),
            contents: CycleDetector::default(),
            mark,
            batches,
        }
    }

    /// Validates the request, as the walk does before anything is sent.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let Err(invalid) = self.operation.validate() else {
            return Ok(());
        };
        // The parts fit, whatever the length of the whole list.
        let invalid = match (&self.batches, O::PAGING.batch) {
            (Some(_), Some(batch)) => invalid.without(batch.field),
            _ => Some(invalid),
        };
        invalid.map_or(Ok(()), |invalid| {
            Err(self.client.invalid(&O::INFO, &invalid))
        })
    }

    /// The items of the request's list for which no row came back so far, each once: see
    /// [`Paging::batch`](crate::Paging::batch). Always empty if the request has no such list, or if
    /// rows do not say for which item they are.
    pub fn missing(&self) -> &[String] {
        match &self.batches {
            Some(batches) => &batches.missing,
            None => &[],
        }
    }

    /// Takes a walk up again at a cursor of an earlier one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Paging`] for a cursor of another provider or operation, of a walk with other
    /// parameters, or a damaged one.
    pub fn resume(mut self, cursor: &str) -> Result<Self, Error> {
        let place = self.read(cursor).ok_or_else(|| {
            let text = "the cursor is damaged, or of another operation, or of other parameters";
            self.client.failed(&O::INFO, ErrorKind::Paging, text)
        })?;
        self.position = Some(place.position);
        self.seen = place.seen;
        self.size = place.size;
        // Rows that went since then are noticed like those that go between two pages.
        self.total = place.total;
        self.lowest = place.total;
        self.ahead.clear();
        if let Some(batches) = &mut self.batches {
            batches.parts = None;
            batches.missing.clear();
        }
        Ok(self)
    }

    /// Where the walk goes on: a text that only this operation of this provider understands.
    /// Nothing once the walk is over.
    pub fn cursor(&self) -> Option<String> {
        let (mark, position) = match self.position.as_ref()? {
            Cursor::Number(number) if self.batches.is_some() => ('i', number.to_string()),
            Cursor::Number(number) => ('n', number.to_string()),
            Cursor::Token(token) => ('t', token.clone()),
        };
        let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |n| n.to_string());
        Some(encode_cursor(&format!(
            "{} {} {} {} {} {mark}{position}",
            scope::<O>(),
            self.mark,
            self.seen,
            number(self.size),
            number(self.total),
        )))
    }

    fn read(&self, cursor: &str) -> Option<Place> {
        let text = decode_cursor(cursor)?;
        let rest = text.strip_prefix(&scope::<O>())?.strip_prefix(' ')?;
        let mut words = rest.splitn(5, ' ');
        if words.next()? != self.mark {
            return None;
        }
        let seen = words.next()?.parse().ok()?;
        let mut number = || match words.next()? {
            "-" => Some(None),
            number => number.parse().ok().map(Some),
        };
        let (size, total) = (number()?, number()?);
        let by_token = O::PAGING.style == PagingStyle::Token;
        let position = match (words.next()?.split_at_checked(1)?, &self.batches) {
            (("i", number), Some(batches)) => {
                let number = number.parse().ok().filter(|place| *place < batches.total);
                Cursor::Number(number?)
            }
            (("n", number), None) if !by_token => Cursor::Number(number.parse().ok()?),
            (("t", token), None) if by_token => Cursor::Token(token.to_owned()),
            _ => return None,
        };
        Some(Place {
            position,
            seen,
            size,
            total,
        })
    }

    /// How the list changed so far while it was walked.
    pub fn drift(&self) -> Drift {
        self.drift
    }

    /// The rows one by one.
    pub fn items(self) -> Items<O> {
        Items {
            pages: self,
            rows: Vec::new().into_iter(),
            begun_at: None,
        }
    }

    /// The next page; nothing once the walk is over.
    pub async fn next(&mut self) -> Option<Result<Page<O::Item>, Error>> {
        loop {
            let position = self.position.clone()?;
            let outcome = match self.response(&position).await {
                Ok(response) => {
                    // A page that makes no sense has been answered all the same.
                    let (id, status, attempts) = (
                        response.request_id().map(str::to_owned),
                        response.status(),
                        response.attempts(),
                    );
                    self.take(position, response).map_err(|error| {
                        error.with(|parts| {
                            parts.request_id = id;
                            parts.status = Some(status);
                            parts.attempts = attempts;
                            parts.may_have_run = true;
                        })
                    })
                }
                Err(error) => Err(error),
            };
            match outcome {
                Ok(Some(page)) => return Some(Ok(page)),
                Ok(None) => {}
                Err(error) => {
                    self.ahead.clear();
                    let cursor = self.cursor();
                    return Some(Err(error.with(|parts| parts.cursor = cursor)));
                }
            }
        }
    }

    /// Makes the parts of a request from a position on, unless there are some.
    fn make_batches(&mut self, position: &Cursor) -> Result<(), Error> {
        if self.batches.as_ref().is_none_or(|it| it.parts.is_some()) {
            return Ok(());
        }
        self.check()?;
        let (Some(batches), Cursor::Number(start)) = (&mut self.batches, position) else {
            return Ok(());
        };
        let skip = usize::try_from(*start).unwrap_or(usize::MAX);
        let mut parts = self.operation.batches(skip, batches.size);
        for part in &mut parts {
            if O::PAGING.style != PagingStyle::Token {
                part.set_cursor(Cursor::Number(O::PAGING.first));
            }
            self.client.check(part)?;
        }
        batches.parts = Some((*start, parts));
        self.size = Some(batches.size as u64);
        self.total = Some(batches.total);
        self.seen = *start;
        Ok(())
    }

    /// The answer for a position: the one that is on its way, or a new one.
    async fn response(&mut self, position: &Cursor) -> Result<Response<O::Output>, Error> {
        self.make_batches(position)?;
        let Cursor::Number(number) = *position else {
            // The first page by token is asked for without one.
            if *position != Cursor::Token(String::new()) {
                self.operation.set_cursor(position.clone());
            }
            return self.client.send(&self.operation).await;
        };
        if self
            .ahead
            .front()
            .is_none_or(|asked| asked.number != number)
        {
            self.ahead.clear();
            self.ahead.push_back(self.ask(number)?);
        }
        self.ask_ahead()?;
        let Some(mut asked) = self.ahead.pop_front() else {
            return Err(self.stuck("no page was asked for"));
        };
        match (&mut asked.task).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.stuck("the runtime ended while a page was on its way")),
        }
    }

    fn ask(&self, number: u64) -> Result<Asked<O>, Error> {
        let client = self.client.clone();
        let operation = match &self.batches {
            Some(batches) => batches
                .part(number)
                .ok_or_else(|| self.stuck("the list of the request ends before this position"))?
                .clone(),
            None => {
                let mut operation = self.operation.clone();
                operation.set_cursor(Cursor::Number(number));
                operation
            }
        };
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| {
            self.client
                .failed(&O::INFO, ErrorKind::Config, "no Tokio runtime is running")
        })?;
        let task = runtime.spawn(async move { client.send(&operation).await });
        Ok(Asked { number, task })
    }

    /// Asks for further pages: as many as are worth it, and only such as the total allows.
    fn ask_ahead(&mut self) -> Result<(), Error> {
        let Some(size) = self.size.filter(|size| *size > 0) else {
            return Ok(());
        };
        let room = at_a_time(
            self.client.rate_of(&O::INFO),
            self.round_trip,
            self.total.is_some(),
        );
        // It is known from the beginning how many there are, and the rate spaces them.
        let room = match self.batches {
            Some(_) => room.max(BATCHES_AT_A_TIME),
            None => room,
        };
        while (self.ahead.len() as u64) < room {
            let Some(last) = self.ahead.back().map(|asked| asked.number) else {
                return Ok(());
            };
            let rows_before = self
                .seen
                .saturating_add(size.saturating_mul(self.ahead.len() as u64));
            if self.total.is_some_and(|total| rows_before >= total) {
                return Ok(());
            }
            let asked = self.ask(self.step(last))?;
            self.ahead.push_back(asked);
        }
        Ok(())
    }

    /// The number of the page after that at `number`.
    fn step(&self, number: u64) -> u64 {
        if let Some(batches) = &self.batches {
            return number.saturating_add(batches.size as u64);
        }
        number.saturating_add(match O::PAGING.style {
            PagingStyle::Offset => self.asked_size().or(self.size).unwrap_or(1),
            _ => 1,
        })
    }

    fn asked_size(&self) -> Option<u64> {
        self.operation.page_size().or(O::PAGING.default_size)
    }

    /// Takes an answer in: a page, or nothing if pages before it must be read again.
    fn take(
        &mut self,
        position: Cursor,
        response: Response<O::Output>,
    ) -> Result<Option<Page<O::Item>>, Error> {
        let total = O::total(&response);
        let token = O::next_token(&response).filter(|token| !token.is_empty());
        self.round_trip = response.round_trip();
        let (request_id, attempts) = (
            response.request_id().map(str::to_owned),
            response.attempts(),
        );
        let items = O::into_items(response.into_inner());
        let received = items.len() as u64;
        if let Cursor::Number(number) = position
            && self.batches.is_some()
        {
            self.take_batch(number, &items, total, token.is_some())?;
            return Ok(Some(Page {
                items,
                total: None,
                request_id,
                attempts,
                round_trip: self.round_trip,
            }));
        }

        let gone = match (self.total, total) {
            (Some(before), Some(now)) => {
                self.drift.totals_changed += u64::from(before != now);
                before.saturating_sub(now)
            }
            _ => 0,
        };
        let unchanged = self.total == total;
        self.total = total;
        if !unchanged {
            self.contents = CycleDetector::default();
        }
        let lower = total.is_some_and(|now| self.lowest.is_none_or(|lowest| now < lowest));
        self.lowest = if lower { total } else { self.lowest };
        if let Cursor::Number(number) = position
            && self.goes_back(number, gone, lower)
        {
            return Ok(None);
        }

        let fingerprint = fingerprint(&items);
        if received > 0 && unchanged && self.previous == Some(fingerprint) {
            return Err(self.stuck("a page repeats the one before it, so the walk would never end"));
        }
        let next = match position {
            Cursor::Token(before) => match token {
                Some(token) if token == before => {
                    return Err(self.stuck("the token of the next page is that of this one"));
                }
                Some(token) if self.tokens.met(self::fingerprint(&[&token])) > 0 => {
                    return Err(self.stuck("the tokens of the pages lead in a circle"));
                }
                token => token.map(Cursor::Token),
            },
            // Rows that move may bring a page back once or twice.
            Cursor::Number(_) if received > 0 && self.contents.met(fingerprint) > 2 => {
                return Err(self.stuck("the pages come round in a circle"));
            }
            Cursor::Number(number) => self.after(number, received)?.map(Cursor::Number),
        };
        self.previous = Some(fingerprint);
        self.drift.rows_repeated += self.remembered.repeated(&items);
        self.seen = match (&next, O::PAGING.style) {
            (Some(Cursor::Number(offset)), PagingStyle::Offset) => {
                offset.saturating_sub(O::PAGING.first)
            }
            (Some(Cursor::Number(_)), _) => self.seen.saturating_add(self.size.unwrap_or(received)),
            _ => self.seen.saturating_add(received),
        };
        self.position = next;
        Ok(Some(Page {
            items,
            total,
            request_id,
            attempts,
            round_trip: self.round_trip,
        }))
    }

    /// Takes in the answer to a part of the request.
    fn take_batch(
        &mut self,
        position: u64,
        items: &[O::Item],
        total: Option<u64>,
        goes_on: bool,
    ) -> Result<(), Error> {
        let received = items.len() as u64;
        let ids = self.batches.as_ref().and_then(|it| it.part(position));
        let ids = ids.map(O::batch_ids).unwrap_or_default();
        // A page that is full of more rows than were asked for may have been cut.
        let full = self.asked_size().is_some_and(|size| received >= size);
        if goes_on
            || total.is_some_and(|total| total > received)
            || (full && items.len() > ids.len())
        {
            return Err(self.stuck("the answer to a part of the list does not end with its page"));
        }
        let next = self.step(position);
        if let Some(batches) = &mut self.batches {
            if O::PAGING.batch.is_some_and(|batch| batch.item_id.is_some()) {
                let came: HashSet<String> = items.iter().filter_map(O::item_id).collect();
                let missing = ids.into_iter().filter(|id| !came.contains(id));
                batches.missing.extend(missing);
            }
            self.position = (next < batches.total).then_some(Cursor::Number(next));
            self.seen = next.min(batches.total);
        }
        Ok(())
    }

    /// Steps back over the pages onto which rows may have slid.
    fn goes_back(&mut self, number: u64, gone: u64, lower: bool) -> bool {
        let (Some(size), true) = (self.size.filter(|size| *size > 0), gone > 0) else {
            return false;
        };
        // A total cannot fall for ever, and a place is passed but once: there is an end to it.
        let again = self.reread_at.is_some_and(|place| number <= place);
        if number <= O::PAGING.first || (again && !lower) {
            return false;
        }
        self.reread_at = self.reread_at.max(Some(number));
        let pages = gone.div_ceil(size);
        let back = match O::PAGING.style {
            PagingStyle::Offset => gone,
            _ => pages,
        };
        let target = number.saturating_sub(back).max(O::PAGING.first);
        let rows = match O::PAGING.style {
            PagingStyle::Offset => number - target,
            _ => (number - target).saturating_mul(size),
        };
        self.drift.pages_read_again += pages;
        self.seen = self.seen.saturating_sub(rows);
        self.position = Some(Cursor::Number(target));
        self.previous = None;
        true
    }

    /// The position after a page; nothing if that was the last one.
    fn after(&mut self, number: u64, received: u64) -> Result<Option<u64>, Error> {
        let asked = self.asked_size();
        let Some(total) = self.total else {
            // Rows may be left out of a page after it was cut: only an empty page ends the list. But
            // after a page that is not full the end is near, and nothing is asked for beyond it.
            self.size = asked.or(Some(received)).filter(|size| received >= *size);
            return Ok((received > 0).then(|| self.step(number)));
        };
        if received > 0 && self.seen.saturating_add(received) > total {
            return Err(self.stuck("there are more rows than the total that the provider tells"));
        }
        if received == 0 {
            // Where pages hold fewer rows than were asked for, the total is reached by what was asked.
            let steps = number.saturating_sub(O::PAGING.first);
            let covered = match (O::PAGING.style, asked) {
                (PagingStyle::Page, Some(asked)) => steps.saturating_mul(asked),
                _ => self.seen,
            };
            return if covered.max(self.seen) >= total {
                Ok(None)
            } else {
                Err(self.stuck("the rows run out before the total that the provider tells"))
            };
        }
        // A provider may hand out smaller pages than it was asked for.
        let size = *self.size.get_or_insert(match asked {
            Some(asked) if self.seen.saturating_add(received) >= total => asked.max(received),
            _ => received,
        });
        let covered = match O::PAGING.style {
            PagingStyle::Offset => self.step(number).saturating_sub(O::PAGING.first),
            _ => self.seen.saturating_add(size),
        };
        Ok((covered < total).then(|| self.step(number)))
    }

    fn stuck(&self, text: &str) -> Error {
        self.client.failed(&O::INFO, ErrorKind::Paging, text)
    }
}

impl<O: Paginated> fmt::Debug for Pages<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("operation", &O::INFO.name)
            .field("seen", &self.seen)
            .field("total", &self.total)
            .field("on_their_way", &self.ahead.len())
            .field("drift", &self.drift)
            .finish_non_exhaustive()
    }
}

/// What a cursor tells.
struct Place {
    position: Cursor,
    /// Rows before the position.
    seen: u64,
    size: Option<u64>,
    total: Option<u64>,
}

/// A page that is on its way; given up when dropped.
struct Asked<O: Paginated> {
    number: u64,
    task: tokio::task::JoinHandle<Result<Response<O::Output>, Error>>,
}

impl<O: Paginated> Drop for Asked<O> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How many pages to have on their way: what the rate lets out while one is waited for, and one.
fn at_a_time(rate: Option<RateLimit>, round_trip: Duration, total_known: bool) -> u64 {
    let room = match rate {
        Some(rate) => {
            let meanwhile = round_trip
                .as_millis()
                .saturating_mul(u128::from(rate.requests))
                / (u128::from(rate.seconds.max(1)) * 1000);
            u64::try_from(meanwhile)
                .unwrap_or(MOST_AT_A_TIME)
                .saturating_add(1)
                .min(MOST_AT_A_TIME)
        }
        None => UNRATED_AT_A_TIME,
    };
    // Without a total, what is asked for ahead may lie past the end.
    if total_known { room } else { room.min(2) }
}

/// The rows of a walk one by one.
pub struct Items<O: Paginated> {
    pages: Pages<O>,
    rows: std::vec::IntoIter<O::Item>,
    /// The cursor of the page whose rows are being handed out.
    begun_at: Option<String>,
}

impl<O: Paginated> Items<O> {
    /// The next row; nothing once the walk is over.
    pub async fn next(&mut self) -> Option<Result<O::Item, Error>> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(Ok(row));
            }
            self.begun_at = self.pages.cursor();
            match self.pages.next().await? {
                Ok(page) => self.rows = page.items.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Where the walk goes on. In the middle of a page that is its beginning: its rows come again.
    pub fn cursor(&self) -> Option<String> {
        if self.rows.as_slice().is_empty() {
            self.pages.cursor()
        } else {
            self.begun_at.clone()
        }
    }

    /// How the list changed so far while it was walked.
    pub fn drift(&self) -> Drift {
        self.pages.drift()
    }

    /// The items of the request's list for which no row came back so far: see [`Pages::missing`].
    pub fn missing(&self) -> &[String] {
        self.pages.missing()
    }
}

impl<O: Paginated> fmt::Debug for Items<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("pages", &self.pages)
            .field("rows", &self.rows.as_slice().len())
            .finish_non_exhaustive()
    }
}

#[cfg(feature = "stream")]
mod stream {
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    use futures_core::Stream;

    use super::{Error, Items, Paginated};

    type Step<O> = (Items<O>, Option<Result<<O as Paginated>::Item, Error>>);

    enum State<O: Paginated> {
        Waiting(Pin<Box<dyn Future<Output = Step<O>> + Send>>),
        Over,
    }

    struct Rows<O: Paginated>(State<O>);

    fn step<O: Paginated>(mut items: Items<O>) -> State<O> {
        State::Waiting(Box::pin(async move {
            let row = items.next().await;
            (items, row)
        }))
    }

    impl<O: Paginated> Stream for Rows<O> {
        type Item = Result<O::Item, Error>;

        fn poll_next(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Self::Item>> {
            let State::Waiting(waiting) = &mut self.0 else {
                return Poll::Ready(None);
            };
            let (items, row) = ready!(waiting.as_mut().poll(context));
            self.0 = match row {
                Some(Ok(_)) => step(items),
                // Whoever wants to go on after an error has its cursor.
                Some(Err(_)) | None => State::Over,
            };
            Poll::Ready(row)
        }
    }

    impl<O: Paginated> Items<O> {
        /// The rows as a stream, which ends after an error.
        pub fn into_stream(self) -> impl Stream<Item = Result<O::Item, Error>> + Send + Unpin {
            Rows(step(self))
        }
    }
}

/// The rows of late, by what they are compared by.
#[derive(Debug, Default)]
struct Remembered {
    order: VecDeque<u64>,
    known: HashSet<u64>,
}

impl Remembered {
    /// Remembers rows; tells how many were known.
    fn repeated<T: Serialize>(&mut self, items: &[T]) -> u64 {
        let mut repeated = 0;
        for item in items {
            let row = fingerprint(std::slice::from_ref(item));
            if !self.known.insert(row) {
                repeated += 1;
                continue;
            }
            self.order.push_back(row);
            if self.order.len() > ROWS_REMEMBERED
                && let Some(oldest) = self.order.pop_front()
            {
                self.known.remove(&oldest);
            }
        }
        repeated
    }
}

/// Finds a circle in a row of things, however long, and keeps one of them: the one kept is replaced
/// after twice as many steps each time, so at last it is one of the circle, and stays while that comes
/// round and round.
#[derive(Debug, Default)]
struct CycleDetector {
    kept: Option<u64>,
    met: u32,
    steps: u64,
    until: u64,
}

impl CycleDetector {
    /// How often the one kept was met again.
    fn met(&mut self, next: u64) -> u32 {
        self.steps += 1;
        if self.kept == Some(next) {
            self.met = self.met.saturating_add(1);
        } else if self.steps >= self.until {
            self.kept = Some(next);
            self.met = 0;
            self.steps = 0;
            self.until = self.until.saturating_mul(2).max(1);
        }
        self.met
    }
}

/// A mark of the parameters without the position: by page number, another size would pass over rows.
/// It is short on purpose: enough to notice, too little to find out values by trying.
fn mark<O: Paginated>(operation: &O) -> String {
    let mut operation = operation.clone();
    match O::PAGING.style {
        PagingStyle::Token => operation.set_cursor(Cursor::Token(String::new())),
        PagingStyle::Page => operation.set_cursor(Cursor::Number(0)),
        PagingStyle::Offset => {
            operation.set_cursor(Cursor::Number(0));
            operation.set_page_size(1);
        }
    }
    let text = serde_json::to_vec(&operation).unwrap_or_default();
    let mut sum = crate::sign::sha256_hex(&text);
    sum.truncate(3);
    sum
}

fn scope<O: Paginated>() -> String {
    format!(
        "{} {}/{}",
        <O::Provider as Provider>::NAME,
        O::INFO.service.name,
        O::INFO.name
    )
}

/// The text with a checksum, so that a damaged cursor is noticed, in URL-safe letters.
fn encode_cursor(text: &str) -> String {
    let sum = crate::sign::sha256_hex(text.as_bytes());
    URL_SAFE_NO_PAD.encode(format!("{} {text}", sum.get(..8).unwrap_or_default()))
}

fn decode_cursor(cursor: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (_, inside) = text.split_once(' ')?;
    (encode_cursor(inside) == cursor).then(|| inside.to_owned())
}

/// What rows are compared by: how they are written.
fn fingerprint<T: Serialize>(items: &[T]) -> u64 {
    let mut hasher = DefaultHasher::new();
    serde_json::to_vec(items)
        .unwrap_or_default()
        .hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_url_safe_and_notices_damage() {
        let cursor = encode_cursor("tencent ip/QueryCustomersCredit 7 n42");
        assert!(
            cursor
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
        assert_eq!(
            decode_cursor(&cursor).as_deref(),
            Some("tencent ip/QueryCustomersCredit 7 n42")
        );
        for at in 0..cursor.len() {
            let mut damaged = cursor.clone().into_bytes();
            damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(
                decode_cursor(&String::from_utf8(damaged).unwrap()),
                None,
                "{at}"
            );
        }
        for text in ["", "n42", "%%%", "dGV4dA"] {
            assert_eq!(decode_cursor(text), None);
        }
    }

    #[test]
    fn as_many_pages_as_the_rate_lets_out_meanwhile() {
        let rate = |requests| Some(RateLimit::new(requests, 1));
        let ms = Duration::from_millis;
        for (rate, round_trip, total_known, want) in [
            (rate(20), ms(3), true, 1),
            (rate(20), ms(100), true, 3),
            (rate(20), ms(100), false, 2),
            (rate(5), ms(100), true, 1),
            (rate(20), ms(60_000), true, MOST_AT_A_TIME),
            (None, ms(3), true, UNRATED_AT_A_TIME),
            (None, ms(3), false, 2),
        ] {
            assert_eq!(
                at_a_time(rate, round_trip, total_known),
                want,
                "{rate:?} {round_trip:?}"
            );
        }
    }

    #[test]
    fn repetitions_are_noticed_in_bounded_memory() {
        let mut remembered = Remembered::default();
        assert_eq!(remembered.repeated(&[1, 2, 3, 2]), 1);
        let many: Vec<u32> = (10..10 + 2 * ROWS_REMEMBERED as u32).collect();
        assert_eq!(remembered.repeated(&many), 0);
        assert_eq!(remembered.known.len(), ROWS_REMEMBERED);
        assert_eq!(remembered.repeated(&[1]), 0, "too long ago");
    }
}
