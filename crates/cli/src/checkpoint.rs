//! How far a provider's sweep has come, so that a later run can continue it.

use std::collections::{BTreeMap, BTreeSet};

use crate::error_object::ErrorObject;
use crate::event::{Account, Event};
use crate::row::ReportRow;

/// How keys relate to the rows of a provider in a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The rows belong to these keys.
    Same,
    /// There are no rows.
    None,
    /// The account may be the same or another one; no metered call was made.
    Unknown,
    /// The account may be the same or another one, and metered calls were made.
    UnknownMetered,
    /// The rows belong to another account.
    Other,
}

/// How far the sweep of one provider has come. Its size grows with the failures, not with the rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Checkpoint {
    /// Where the list continues.
    pub(crate) cursor: Option<String>,
    /// The list has ended.
    pub(crate) over: bool,
    pub(crate) total: Option<u64>,
    /// Why calls about one customer failed.
    pub(crate) lost: BTreeMap<u64, ErrorObject>,
    /// Rows of the list.
    listed: u64,
    pub(crate) drift: bool,
    /// One more than the highest index of a customer with a row.
    with_row: u64,
    /// One more than the highest index of a customer who was queried.
    queried: u64,
    /// Metered calls without a result.
    pending: BTreeSet<u64>,
    /// Rows recorded after the row of a later customer, when a failed call was repeated.
    pub(crate) late: BTreeMap<u64, ReportRow>,
    /// A call succeeded.
    succeeded: bool,
    /// A metered call was announced.
    metered: bool,
    /// The keys, and how many keys the journal has had.
    keys: Option<Account>,
    pub(crate) changes_of_keys: u64,
}

/// What to do for a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Query,
    /// There is a row.
    Done,
    /// The call may have run without a response and must not be repeated.
    MayBeBilled,
}

impl Checkpoint {
    /// Applies an event.
    pub(crate) fn apply(&mut self, event: &Event) {
        match event {
            Event::Page {
                rows,
                total,
                next,
                drift,
            } => {
                self.listed += rows.len() as u64;
                self.total = total.or(self.total);
                self.cursor.clone_from(next);
                self.over = next.is_none();
                self.drift |= drift;
                self.succeeded = true;
            }
            Event::One { nth, row } => {
                self.succeeded = true;
                self.lost.remove(nth);
                self.add_row(*nth, row);
            }
            Event::Lost { nth, row, error } => {
                self.lost.insert(*nth, error.clone());
                self.add_row(*nth, row);
            }
            Event::Asked { nth } => {
                self.metered = true;
                self.pending.insert(*nth);
                self.queried = self.queried.max(nth.saturating_add(1));
            }
            Event::Keys(account) => {
                *self = Self {
                    keys: Some(account.clone()),
                    changes_of_keys: self.changes_of_keys.saturating_add(1),
                    ..Self::default()
                };
            }
        }
    }

    /// How keys relate to the rows so far.
    pub(crate) fn owner(&self, account: &Account) -> Owner {
        let may_have_run = self.lost.values().any(|error| error.may_have_run);
        let has_rows = self.succeeded || may_have_run || !self.pending.is_empty();
        match &self.keys {
            Some(keys) if keys == account => Owner::Same,
            _ if !has_rows => Owner::None,
            Some(keys) if keys.lasting && account.lasting => Owner::Other,
            Some(_) if !self.metered => Owner::Unknown,
            Some(_) => Owner::UnknownMetered,
            // A live report writes the mark before any row.
            None => Owner::Other,
        }
    }

    fn add_row(&mut self, nth: u64, row: &ReportRow) {
        self.pending.remove(&nth);
        self.queried = self.queried.max(nth.saturating_add(1));
        if nth < self.with_row {
            self.late.insert(nth, row.clone());
        } else {
            self.with_row = nth.saturating_add(1);
        }
    }

    /// Rows so far, repeated ones included.
    pub(crate) fn rows(&self) -> u64 {
        self.listed + self.with_row
    }

    /// What to do for a customer. With `retry`, calls that may have run are repeated.
    pub(crate) fn turn(&self, nth: u64, retry: bool) -> Turn {
        if nth >= self.queried {
            return Turn::Query;
        }
        if self.pending.contains(&nth) {
            return if retry {
                Turn::Query
            } else {
                Turn::MayBeBilled
            };
        }
        match self.lost.get(&nth) {
            Some(error) if retry || !error.may_have_run => Turn::Query,
            _ => Turn::Done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(mark: &str, lasting: bool) -> Account {
        let mark = mark.to_owned();
        Account { mark, lasting }
    }

    fn checkpoint(keys: &Account, events: &[Event]) -> Checkpoint {
        let mut checkpoint = Checkpoint::default();
        checkpoint.apply(&Event::Keys(keys.clone()));
        for event in events {
            checkpoint.apply(event);
        }
        checkpoint
    }

    fn page() -> Event {
        Event::Page {
            rows: Vec::new(),
            total: None,
            next: None,
            drift: false,
        }
    }

    #[test]
    fn owner_of_rows_with_other_keys_is_never_the_same() {
        let (lasting, other) = (account("a", true), account("b", true));
        let (token, renewed) = (account("c", false), account("d", false));
        let asked = || Event::Asked { nth: 0 };
        for (keys, events, now, want) in [
            (&lasting, vec![page()], &lasting, Owner::Same),
            (&lasting, vec![page()], &other, Owner::Other),
            (&lasting, vec![], &other, Owner::None),
            (&lasting, vec![asked()], &other, Owner::Other),
            (&token, vec![page()], &token, Owner::Same),
            (&token, vec![page()], &renewed, Owner::Unknown),
            (&token, vec![], &renewed, Owner::None),
            (&token, vec![page()], &lasting, Owner::Unknown),
            (&lasting, vec![page()], &token, Owner::Unknown),
            (&token, vec![asked()], &renewed, Owner::UnknownMetered),
            (&token, vec![asked()], &token, Owner::Same),
        ] {
            let checkpoint = checkpoint(keys, &events);
            assert_eq!(checkpoint.owner(now), want, "{keys:?} {events:?} {now:?}");
        }
        let mut unmarked = Checkpoint::default();
        assert_eq!(unmarked.owner(&token), Owner::None);
        unmarked.apply(&page());
        assert_eq!(unmarked.owner(&token), Owner::Other, "never silently");
    }
}
