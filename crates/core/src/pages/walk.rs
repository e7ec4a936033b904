//! The walk itself: requests pages, and delivers them in order.

use std::fmt;
use std::time::Duration;

use super::cursor::Scope;
use super::drift::Drift;
use super::parts::Parts;
use super::progress::{Decision, Progress};
use super::read_ahead::{PARTS_AT_A_TIME, ReadAhead, pages_at_a_time};
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::paginated::{Cursor, Paginated, PagingStyle};
use crate::provider::Provider;
use crate::response::Response;

/// One page: its items, and the facts of its call.
#[derive(Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The number of items over all pages, where the provider reports it.
    pub total: Option<u64>,
    /// The id that the provider gave the request.
    pub request_id: Option<String>,
    /// The number of attempts.
    pub attempts: u32,
    /// The time from the last attempt to its response.
    pub round_trip: Duration,
}

/// A walk over the pages of an operation, in order. It stores no items.
///
/// A walk ends when the total is reached. Without a total, it ends at the first empty page (by page
/// number or offset) or at the first page without a token for the next one. It fails with
/// [`ErrorKind::Paging`] if a page repeats the one before it, if there are more or fewer items than the
/// total, or if pages or tokens form a cycle. After an error, [`cursor`](Self::cursor) is the place at
/// which a new walk can [`resume`](Self::resume).
///
/// If the total falls from one page to the next, items were removed, and others may have moved from
/// this page to earlier ones. The walk reads those pages again, so that it misses no item that was in
/// the list all the time. An item may therefore be delivered twice; see [`drift`](Self::drift). The walk
/// cannot notice removed items if as many were added, or if the provider reports no total.
///
/// By page number and by offset, the walk requests pages ahead: as many at a time as the rate limit
/// admits during one round trip, at most 8. Dropping the walk cancels these requests. By token, it
/// requests one page at a time.
///
/// A request with a list of ids (see [`Paging::batch`](crate::paginated::Paging::batch)) is sent in parts. A part
/// has as many ids as a request may have and a page has items; 4 to 8 parts are requested at a time,
/// within the rate limit. Each part is a page, in the order of the list. A repeated id is sent once. All
/// parts are validated before the first one is sent. [`missing`](Self::missing) lists the ids for which
/// no item came back. A cursor of such a walk counts ids, and resumes only with the same list. A request
/// that also sets the position of its first page is not sent in parts.
///
/// ```no_run
/// # use standing_core::{Client, Error, Paginated};
/// # use standing_core::provider::Provider;
/// # async fn walk<P: Provider, O: Paginated<Provider = P>>(client: Client<P>, operation: O) -> Result<(), Error> {
/// let mut pages = client.pages(operation);
/// while let Some(page) = pages.next().await.transpose()? {
///     println!("{} items", page.items.len());
/// }
/// # Ok(())
/// # }
/// ```
pub struct Pages<O: Paginated> {
    client: Client<O::Provider>,
    operation: O,
    scope: Scope,
    progress: Progress,
    ahead: ReadAhead<O>,
    round_trip: Duration,
    /// The parts of the request, or `None` if it has no list of ids.
    parts: Option<Parts<O>>,
}

impl<P: Provider> Client<P> {
    /// Walks the pages of an operation.
    pub fn pages<O: Paginated<Provider = P>>(&self, operation: O) -> Pages<O> {
        Pages::new(self.clone(), operation)
    }
}

impl<O: Paginated> Pages<O> {
    fn new(client: Client<O::Provider>, mut operation: O) -> Self {
        let paging = O::PAGING;
        // The provider's default may be small, and the steps must match the size that it applies.
        if operation.page_size().is_none()
            && let Some(size) = paging.max_size
        {
            operation.set_page_size(size);
        }
        let parts = Parts::plan(&operation);
        let scope = Scope::new(&operation, parts.as_ref().map(Parts::total));
        let begin = match parts {
            Some(_) => Some(Cursor::Number(0)),
            None => operation.cursor(),
        };
        let position = begin.unwrap_or(match paging.style {
            PagingStyle::Token => Cursor::Token(String::new()),
            PagingStyle::Page | PagingStyle::Offset => Cursor::Number(paging.first),
        });
        let size = operation.page_size().or(paging.default_size);
        let seen = match &position {
            Cursor::Number(_) if parts.is_some() => 0,
            Cursor::Number(number) => {
                let steps = number.saturating_sub(paging.first);
                // Items before the caller's first page count, as far as the page size is known.
                match paging.style {
                    PagingStyle::Page => steps.saturating_mul(size.unwrap_or(0)),
                    _ => steps,
                }
            }
            Cursor::Token(_) => 0,
        };
        Self {
            client,
            operation,
            scope,
            progress: Progress::new(paging, size, position, seen),
            ahead: ReadAhead::new(),
            round_trip: Duration::ZERO,
            parts,
        }
    }

    /// Validates the request, as the walk does before it sends anything.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let Err(invalid) = self.operation.validate() else {
            return Ok(());
        };
        // Each part has an allowed number of ids, whatever the length of the whole list.
        let invalid = match (&self.parts, O::PAGING.batch) {
            (Some(_), Some(batch)) => invalid.without(batch.field),
            _ => Some(invalid),
        };
        invalid.map_or(Ok(()), |invalid| {
            Err(self.client.invalid_request(&O::INFO, &invalid))
        })
    }

    /// The ids of the request for which no item has come back so far, each once: see
    /// [`Paging::batch`](crate::paginated::Paging::batch). Always empty if the request has no list of ids, or if
    /// items do not repeat their id.
    pub fn missing(&self) -> &[String] {
        self.parts.as_ref().map_or(&[], Parts::missing)
    }

    /// Resumes an earlier walk at its cursor.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Paging`] if the cursor is damaged, or is from another provider, another operation or
    /// a walk with other parameters.
    pub fn resume(mut self, cursor: &str) -> Result<Self, Error> {
        let place = self.scope.decode(cursor).ok_or_else(|| {
            let text = "the cursor is damaged, or of another operation, or of other parameters";
            self.stuck(text)
        })?;
        self.progress.resume(place);
        self.ahead.clear();
        if let Some(parts) = &mut self.parts {
            parts.reset();
        }
        Ok(self)
    }

    /// The place of the next page, as a text for [`resume`](Self::resume) on a walk of the same
    /// operation with the same parameters. `None` once the walk has ended.
    pub fn cursor(&self) -> Option<String> {
        self.scope.encode(&self.progress.place()?)
    }

    /// How the list has changed during the walk so far.
    pub fn drift(&self) -> Drift {
        self.progress.drift()
    }

    /// Returns the next page, or `None` once the walk has ended.
    pub async fn next(&mut self) -> Option<Result<Page<O::Item>, Error>> {
        loop {
            let position = self.progress.position()?.clone();
            let outcome = match self.response(&position).await {
                Ok(response) => {
                    let (id, status, attempts) = (
                        response.request_id().map(str::to_owned),
                        response.status(),
                        response.attempts(),
                    );
                    self.take(position, response).map_err(|problem| {
                        // The provider answered, even if the page makes no sense.
                        self.stuck(problem).with(|parts| {
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

    /// Takes a response: returns its page, or `None` if pages before it must be read again.
    fn take(
        &mut self,
        position: Cursor,
        response: Response<O::Output>,
    ) -> Result<Option<Page<O::Item>>, &'static str> {
        let total = O::total(&response);
        let token = O::next_token(&response).filter(|token| !token.is_empty());
        self.round_trip = response.round_trip();
        let (request_id, attempts) = (
            response.request_id().map(str::to_owned),
            response.attempts(),
        );
        let items = O::into_items(response.into_inner());
        let total = match (&mut self.parts, &position) {
            (Some(parts), Cursor::Number(number)) => {
                let page_size = self.progress.requested_size();
                parts.take(*number, &items, page_size, total, token.is_some())?;
                let next = number.saturating_add(parts.size());
                self.progress.take_part(next, parts.total());
                // The total of a part is not the total of the walk.
                None
            }
            _ => match self.progress.take(position, total, token, &items)? {
                Decision::Deliver => total,
                Decision::GoBack => return Ok(None),
            },
        };
        Ok(Some(Page {
            items,
            total,
            request_id,
            attempts,
            round_trip: self.round_trip,
        }))
    }

    /// Makes and validates the parts of the request, unless they are made.
    fn make_parts(&mut self, position: &Cursor) -> Result<(), Error> {
        if self.parts.as_ref().is_none_or(Parts::are_made) {
            return Ok(());
        }
        self.check()?;
        let (Some(parts), Cursor::Number(start)) = (&mut self.parts, position) else {
            return Ok(());
        };
        let mut plan = parts.make(&self.operation, *start).iter();
        if let Err(error) = plan.try_for_each(|part| self.client.check(part)) {
            parts.reset();
            return Err(error);
        }
        self.progress
            .begin_parts(*start, parts.size(), parts.total());
        Ok(())
    }

    /// The response for a position: the one that is requested ahead, or that of a new request.
    async fn response(&mut self, position: &Cursor) -> Result<Response<O::Output>, Error> {
        self.make_parts(position)?;
        let Cursor::Number(number) = *position else {
            // The request for the first page by token has no token.
            if *position != Cursor::Token(String::new()) {
                self.operation.set_cursor(position.clone());
            }
            return self.client.send(&self.operation).await;
        };
        if self.ahead.first() != Some(number) {
            self.ahead.clear();
            self.request(number)?;
        }
        self.request_ahead()?;
        match self.ahead.next().await {
            Ok(outcome) => outcome,
            Err(problem) => Err(self.stuck(problem)),
        }
    }

    fn request(&mut self, number: u64) -> Result<(), Error> {
        let operation = match &self.parts {
            Some(parts) => parts
                .part(number)
                .ok_or_else(|| self.stuck("the list of ids ends before this position"))?
                .clone(),
            None => {
                let mut operation = self.operation.clone();
                operation.set_cursor(Cursor::Number(number));
                operation
            }
        };
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| {
            self.client
                .error(&O::INFO, ErrorKind::Config, "no Tokio runtime is running")
        })?;
        self.ahead
            .request(&runtime, self.client.clone(), operation, number);
        Ok(())
    }

    /// Requests further pages: as many as save time, and none past the total.
    fn request_ahead(&mut self) -> Result<(), Error> {
        let Some(size) = self.progress.size().filter(|size| *size > 0) else {
            return Ok(());
        };
        let total = self.progress.total();
        let rate = self.client.rate_limit(&O::INFO);
        let room = pages_at_a_time(rate, self.round_trip, total.is_some());
        let room = match self.parts {
            Some(_) => room.max(PARTS_AT_A_TIME),
            None => room,
        };
        while self.ahead.len() < room
            && let Some(last) = self.ahead.last()
        {
            let before = size.saturating_mul(self.ahead.len());
            let before = self.progress.seen().saturating_add(before);
            if total.is_some_and(|total| before >= total) {
                break;
            }
            self.request(self.step(last))?;
        }
        Ok(())
    }

    /// The position after that at `number`.
    fn step(&self, number: u64) -> u64 {
        match &self.parts {
            Some(parts) => number.saturating_add(parts.size()),
            None => self.progress.step(number),
        }
    }

    fn stuck(&self, problem: &str) -> Error {
        self.client.error(&O::INFO, ErrorKind::Paging, problem)
    }
}

impl<O: Paginated> fmt::Debug for Pages<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("operation", &O::INFO.name)
            .field("seen", &self.progress.seen())
            .field("total", &self.progress.total())
            .field("requested_ahead", &self.ahead.len())
            .field("drift", &self.progress.drift())
            .finish_non_exhaustive()
    }
}
