//! Walking a list that comes in pages.

use std::hash::{DefaultHasher, Hash, Hasher};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::client::{Client, Response};
use crate::error::{Error, ErrorKind};
use crate::operation::{Cursor, Paginated, PagingStyle};
use crate::provider::Provider;

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
}

/// A walk over the pages of an operation. It keeps no rows.
///
/// A walk ends when the total is reached; without a total, at the first empty page, which by offset
/// is the only proof of an end. A page that repeats the one before is an error: it would never end.
/// After an error, [`cursor`](Self::cursor) tells where to take the walk up again.
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
#[derive(Debug)]
pub struct Pages<O: Paginated> {
    client: Client<O::Provider>,
    operation: O,
    /// Where the next page begins; nothing once the walk is over.
    position: Option<Cursor>,
    seen: u64,
    previous: Option<u64>,
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
        let position = operation.cursor().unwrap_or(match paging.style {
            PagingStyle::Token => Cursor::Token(String::new()),
            PagingStyle::Page | PagingStyle::Offset => Cursor::Number(paging.first),
        });
        let seen = match (
            &position,
            paging.style,
            operation.page_size().or(paging.default_size),
        ) {
            // Pages before the one that the caller begins with count as seen, as far as is known.
            (Cursor::Number(page), PagingStyle::Page, Some(size)) => {
                page.saturating_sub(paging.first).saturating_mul(size)
            }
            _ => 0,
        };
        Self {
            client,
            operation,
            position: Some(position),
            seen,
            previous: None,
        }
    }

    /// Takes a walk up again at a cursor of an earlier one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Paging`] for a cursor of another provider or operation, or a damaged one.
    pub fn resume(mut self, cursor: &str) -> Result<Self, Error> {
        let (position, seen) = self.read(cursor).ok_or_else(|| {
            let text = "the cursor is damaged, or of another operation";
            self.client.failed(&O::INFO, ErrorKind::Paging, text)
        })?;
        self.position = Some(position);
        self.seen = seen;
        self.previous = None;
        Ok(self)
    }

    /// Where the walk goes on: a text that only this operation of this provider understands.
    /// Nothing once the walk is over.
    pub fn cursor(&self) -> Option<String> {
        let (mark, position) = match self.position.as_ref()? {
            Cursor::Number(number) => ('n', number.to_string()),
            Cursor::Token(token) => ('t', token.clone()),
        };
        Some(sealed(&format!(
            "{} {} {mark}{position}",
            scope::<O>(),
            self.seen
        )))
    }

    /// The position and the rows before it.
    fn read(&self, cursor: &str) -> Option<(Cursor, u64)> {
        let text = unsealed(cursor)?;
        let (seen, position) = text
            .strip_prefix(&scope::<O>())?
            .strip_prefix(' ')?
            .split_once(' ')?;
        let by_token = O::PAGING.style == PagingStyle::Token;
        let position = match position.split_at_checked(1)? {
            ("n", number) if !by_token => Cursor::Number(number.parse().ok()?),
            ("t", token) if by_token => Cursor::Token(token.to_owned()),
            _ => return None,
        };
        Some((position, seen.parse().ok()?))
    }

    /// The next page; nothing once the walk is over.
    pub async fn next(&mut self) -> Option<Result<Page<O::Item>, Error>> {
        let position = self.position.clone()?;
        let outcome = self.fetch(position).await;
        let cursor = self.cursor();
        Some(outcome.map_err(|error| error.with(|parts| parts.cursor = cursor)))
    }

    async fn fetch(&mut self, position: Cursor) -> Result<Page<O::Item>, Error> {
        // The first page by token is asked for without one.
        if position != Cursor::Token(String::new()) {
            self.operation.set_cursor(position.clone());
        }
        let response: Response<O::Output> = self.client.send(&self.operation).await?;
        let total = O::total(&response);
        let token = O::next_token(&response).filter(|token| !token.is_empty());
        let (request_id, attempts) = (
            response.request_id().map(str::to_owned),
            response.attempts(),
        );
        let items = O::into_items(response.into_inner());
        let stuck = |text: &str| self.client.failed(&O::INFO, ErrorKind::Paging, text);
        let fingerprint = fingerprint(&items);
        if !items.is_empty() && self.previous == Some(fingerprint) {
            return Err(stuck(
                "a page repeats the one before it, so the walk would never end",
            ));
        }
        let received = items.len() as u64;
        let next = match position {
            Cursor::Token(before) => match token {
                Some(token) if token == before => {
                    return Err(stuck("the token of the next page is that of this one"));
                }
                Some(token) => Some(Cursor::Token(token)),
                None => None,
            },
            Cursor::Number(number) => self.after(number, received, total).map(Cursor::Number),
        };
        self.previous = Some(fingerprint);
        self.seen += received;
        self.position = next;
        Ok(Page {
            items,
            total,
            request_id,
            attempts,
        })
    }

    /// The position after a page; nothing if that was the last one.
    fn after(&self, number: u64, received: u64, total: Option<u64>) -> Option<u64> {
        if received == 0 {
            return None;
        }
        let size = self.operation.page_size().or(O::PAGING.default_size);
        let (next, covered) = match O::PAGING.style {
            // Rows may be left out of a page after it was cut, so steps go by the size asked for.
            PagingStyle::Offset => {
                let next = number.saturating_add(size.unwrap_or(received));
                (next, next.saturating_sub(O::PAGING.first))
            }
            _ => (number.saturating_add(1), self.seen + received),
        };
        match total {
            Some(total) => (covered < total).then_some(next),
            None => Some(next),
        }
    }
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
fn sealed(text: &str) -> String {
    let sum = crate::sign::sha256_hex(text.as_bytes());
    URL_SAFE_NO_PAD.encode(format!("{} {text}", sum.get(..8).unwrap_or_default()))
}

fn unsealed(cursor: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (_, inside) = text.split_once(' ')?;
    (sealed(inside) == cursor).then(|| inside.to_owned())
}

/// What two pages are compared by: the rows as they are written.
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
        let cursor = sealed("tencent ip/QueryCustomersCredit n42");
        assert!(
            cursor
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
        assert_eq!(
            unsealed(&cursor).as_deref(),
            Some("tencent ip/QueryCustomersCredit n42")
        );
        for at in 0..cursor.len() {
            let mut damaged = cursor.clone().into_bytes();
            damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(unsealed(&String::from_utf8(damaged).unwrap()), None, "{at}");
        }
        for text in ["", "n42", "%%%", "dGV4dA"] {
            assert_eq!(unsealed(text), None);
        }
    }
}
