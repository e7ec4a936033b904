//! Where a walk is, and where each page leads it.

use serde::Serialize;

use super::cursor::Place;
use super::cycle::CycleDetector;
use super::drift::{Drift, RecentItems, fingerprint, hash};
use crate::paginated::{Cursor, Paging, PagingStyle};

/// The state of a walk.
///
/// [`take`](Self::take) decides from the style, the reported total and the number of received items
/// what comes after a page. The first line that applies counts:
///
/// | style | total | received | next |
/// |---|---|---|---|
/// | page, offset | fell since the page before | any | goes back by the removed items, in pages or offsets |
/// | any | same as before | a non-empty page equal to the one before | error |
/// | token | any | no token | end |
/// | token | any | the token of this page, or tokens in a cycle | error |
/// | token | any | another token | that token |
/// | page, offset | any | pages in a cycle | error |
/// | page, offset | unknown | none | end |
/// | page, offset | unknown | some | next position |
/// | page, offset | known | none, positions before this one cover the total | end |
/// | page, offset | known | none, total not covered | error |
/// | page, offset | known | more than the total, with all before | error |
/// | page, offset | known | some, positions up to the next one cover the total | end |
/// | page, offset | known | some, total not covered | next position |
///
/// A position covers the items that full pages before it have room for, because a provider may leave
/// items out of a page after it has cut it. A walk goes back from the same position only once, unless
/// the total is lower than ever: a total cannot fall without end, so the walk ends.
///
/// Invariants: `seen` counts the items before `position`; `lowest` is at most `total`; `size` is the
/// step in items from page to page, and is known before any page is requested ahead.
pub(super) struct Progress {
    paging: Paging,
    /// Items of a page as the request, or the provider's default, sets them.
    requested_size: Option<u64>,
    /// The position of the next page, or `None` once the walk has ended.
    position: Option<Cursor>,
    /// Items before the position.
    seen: u64,
    /// Items of a full page, once it is known.
    size: Option<u64>,
    /// The total of the page before.
    total: Option<u64>,
    /// The lowest total so far.
    lowest: Option<u64>,
    /// The last position from which the walk went back.
    went_back_at: Option<u64>,
    /// The fingerprint of the page before.
    previous: Option<u64>,
    recent: RecentItems,
    drift: Drift,
    tokens: CycleDetector,
    contents: CycleDetector,
}

/// What to do with a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Deliver it.
    Deliver,
    /// Drop it, because pages before it must be read again.
    GoBack,
}

impl Progress {
    pub(super) fn new(
        paging: Paging,
        requested_size: Option<u64>,
        position: Cursor,
        seen: u64,
    ) -> Self {
        Self {
            paging,
            requested_size,
            position: Some(position),
            seen,
            size: None,
            total: None,
            lowest: None,
            went_back_at: None,
            previous: None,
            recent: RecentItems::default(),
            drift: Drift::default(),
            tokens: CycleDetector::default(),
            contents: CycleDetector::default(),
        }
    }

    pub(super) fn position(&self) -> Option<&Cursor> {
        self.position.as_ref()
    }

    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    pub(super) fn size(&self) -> Option<u64> {
        self.size
    }

    pub(super) fn total(&self) -> Option<u64> {
        self.total
    }

    pub(super) fn requested_size(&self) -> Option<u64> {
        self.requested_size
    }

    pub(super) fn drift(&self) -> Drift {
        self.drift
    }

    pub(super) fn place(&self) -> Option<Place> {
        Some(Place {
            position: self.position.clone()?,
            seen: self.seen,
            size: self.size,
            total: self.total,
        })
    }

    pub(super) fn resume(&mut self, place: Place) {
        self.position = Some(place.position);
        self.seen = place.seen;
        self.size = place.size;
        // Items that were removed since then are noticed like those removed between two pages.
        self.total = place.total;
        self.lowest = place.total;
    }

    /// Begins a walk over parts of a list of ids, at an id.
    pub(super) fn begin_parts(&mut self, start: u64, size: u64, total: u64) {
        self.size = Some(size);
        self.total = Some(total);
        self.seen = start;
    }

    /// Moves on by one part of a list of ids.
    pub(super) fn take_part(&mut self, next: u64, total: u64) {
        self.position = (next < total).then_some(Cursor::Number(next));
        self.seen = next.min(total);
    }

    /// The position after `number`.
    pub(super) fn step(&self, number: u64) -> u64 {
        number.saturating_add(match self.paging.style {
            PagingStyle::Offset => self.requested_size.or(self.size).unwrap_or(1),
            _ => 1,
        })
    }

    /// Takes the page at `position` and moves to the next one, by the table above.
    pub(super) fn take<T: Serialize>(
        &mut self,
        position: Cursor,
        total: Option<u64>,
        token: Option<String>,
        items: &[T],
    ) -> Result<Decision, &'static str> {
        let received = items.len() as u64;
        let removed = match (self.total, total) {
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
        let lowest_yet = total.is_some_and(|now| self.lowest.is_none_or(|lowest| now < lowest));
        if lowest_yet {
            self.lowest = total;
        }
        if let Cursor::Number(number) = position
            && self.goes_back(number, removed, lowest_yet)
        {
            return Ok(Decision::GoBack);
        }

        let fingerprints: Option<Vec<u64>> = items.iter().map(fingerprint).collect();
        let fingerprints = fingerprints
            .ok_or("an item cannot be written as JSON, so repetitions would go unnoticed")?;
        let page = hash(&fingerprints);
        if received > 0 && unchanged && self.previous == Some(page) {
            return Err("a page repeats the one before it, so the walk would never end");
        }
        let next = match position {
            Cursor::Token(this) => match token {
                Some(token) if token == this => {
                    return Err("the token of the next page is the token of this page");
                }
                Some(token) if self.tokens.met(hash(&token)) > 0 => {
                    return Err("the tokens of the pages form a cycle");
                }
                token => token.map(Cursor::Token),
            },
            // Items that move between pages may bring a page back once or twice.
            Cursor::Number(_) if received > 0 && self.contents.met(page) > 2 => {
                return Err("the pages form a cycle");
            }
            Cursor::Number(number) => self.after(number, received)?.map(Cursor::Number),
        };
        self.previous = Some(page);
        self.drift.items_repeated += self.recent.repeated(&fingerprints);
        self.seen = match (&next, self.paging.style) {
            (Some(Cursor::Number(offset)), PagingStyle::Offset) => {
                offset.saturating_sub(self.paging.first)
            }
            (Some(Cursor::Number(_)), _) => self.seen.saturating_add(self.size.unwrap_or(received)),
            _ => self.seen.saturating_add(received),
        };
        self.position = next;
        Ok(Decision::Deliver)
    }

    /// Steps back over the pages onto which items may have moved, if items were removed.
    fn goes_back(&mut self, number: u64, removed: u64, lowest_yet: bool) -> bool {
        let (Some(size), true) = (self.size.filter(|size| *size > 0), removed > 0) else {
            return false;
        };
        let again = self.went_back_at.is_some_and(|place| number <= place);
        if number <= self.paging.first || (again && !lowest_yet) {
            return false;
        }
        self.went_back_at = self.went_back_at.max(Some(number));
        let pages = removed.div_ceil(size);
        let back = match self.paging.style {
            PagingStyle::Offset => removed,
            _ => pages,
        };
        let target = number.saturating_sub(back).max(self.paging.first);
        let items = match self.paging.style {
            PagingStyle::Offset => number - target,
            _ => (number - target).saturating_mul(size),
        };
        self.drift.pages_read_again += pages;
        self.seen = self.seen.saturating_sub(items);
        self.position = Some(Cursor::Number(target));
        self.previous = None;
        true
    }

    /// The position after a page by number or offset, or `None` if that was the last page.
    fn after(&mut self, number: u64, received: u64) -> Result<Option<u64>, &'static str> {
        let requested = self.requested_size;
        let Some(total) = self.total else {
            // A provider may leave items out of a page after it has cut it, so only an empty page ends
            // the list. But after a page that is not full the end is near: request nothing ahead.
            self.size = requested
                .or(Some(received))
                .filter(|size| received >= *size);
            return Ok((received > 0).then(|| self.step(number)));
        };
        if received > 0 && self.seen.saturating_add(received) > total {
            return Err("there are more items than the reported total");
        }
        if received == 0 {
            // Where pages hold fewer items than requested, the requested sizes cover the total.
            let steps = number.saturating_sub(self.paging.first);
            let covered = match (self.paging.style, requested) {
                (PagingStyle::Page, Some(requested)) => steps.saturating_mul(requested),
                _ => self.seen,
            };
            return if covered.max(self.seen) >= total {
                Ok(None)
            } else {
                Err("the items run out before the reported total")
            };
        }
        // A provider may return smaller pages than requested.
        let size = *self.size.get_or_insert(match requested {
            Some(requested) if self.seen.saturating_add(received) >= total => {
                requested.max(received)
            }
            _ => received,
        });
        let covered = match self.paging.style {
            PagingStyle::Offset => self.step(number).saturating_sub(self.paging.first),
            _ => self.seen.saturating_add(size),
        };
        Ok((covered < total).then(|| self.step(number)))
    }
}
