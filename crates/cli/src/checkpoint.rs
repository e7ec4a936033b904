//! How far the sweep of a provider has come.

use std::collections::{BTreeMap, BTreeSet};

use crate::error_object::ErrorObject;
use crate::event::{Account, Found};
use crate::row::ReportRow;

/// What keys have to do with the rows of a provider in a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The rows are of these keys.
    Same,
    /// There are no rows.
    None,
    /// The account may be the same one or another one; nothing was metered.
    Unknown,
    /// The account may be the same one or another one, and metered calls were made.
    UnknownMetered,
    /// The rows are of another account.
    Other,
}

/// How far the sweep of one provider has come. It grows with what failed, not with the rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Checkpoint {
    /// Where the list goes on.
    pub(crate) cursor: Option<String>,
    /// The list is over.
    pub(crate) over: bool,
    pub(crate) total: Option<u64>,
    /// Why calls about one customer failed.
    pub(crate) lost: BTreeMap<u64, ErrorObject>,
    /// Rows of lists.
    listed: u64,
    pub(crate) drift: bool,
    /// One after the last customer who has a row.
    told: u64,
    /// One after the last customer who was asked about.
    asked: u64,
    /// Metered calls without an answer.
    open: BTreeSet<u64>,
    /// Rows that came when a later customer had one already.
    pub(crate) late: BTreeMap<u64, ReportRow>,
    /// There is an answer.
    answered: bool,
    /// A metered call was made.
    metered: bool,
    /// The keys, and how many there were up to these.
    keys: Option<Account>,
    pub(crate) changes_of_keys: u64,
}

/// What to do about a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Ask,
    /// There is a row.
    Done,
    /// The call may have run without an answer, and is not to be repeated.
    MayBeBilled,
}

impl Checkpoint {
    pub(crate) fn take(&mut self, found: &Found) {
        match found {
            Found::Page {
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
                self.answered = true;
            }
            Found::One { nth, row } => {
                self.answered = true;
                self.lost.remove(nth);
                self.row(*nth, row);
            }
            Found::Lost { nth, row, error } => {
                self.lost.insert(*nth, error.clone());
                self.row(*nth, row);
            }
            Found::Asked { nth } => {
                self.metered = true;
                self.open.insert(*nth);
                self.asked = self.asked.max(nth.saturating_add(1));
            }
            Found::Keys(account) => {
                *self = Self {
                    keys: Some(account.clone()),
                    changes_of_keys: self.changes_of_keys.saturating_add(1),
                    ..Self::default()
                };
            }
        }
    }

    /// What keys have to do with the rows so far.
    pub(crate) fn owner(&self, account: &Account) -> Owner {
        let may_have_run = self.lost.values().any(|error| error.may_have_run);
        let has_rows = self.answered || may_have_run || !self.open.is_empty();
        match &self.keys {
            Some(keys) if keys == account => Owner::Same,
            _ if !has_rows => Owner::None,
            Some(keys) if keys.lasting && account.lasting => Owner::Other,
            Some(_) if !self.metered => Owner::Unknown,
            Some(_) => Owner::UnknownMetered,
            // No live report writes rows before the mark.
            None => Owner::Other,
        }
    }

    fn row(&mut self, nth: u64, row: &ReportRow) {
        self.open.remove(&nth);
        self.asked = self.asked.max(nth.saturating_add(1));
        if nth < self.told {
            self.late.insert(nth, row.clone());
        } else {
            self.told = nth.saturating_add(1);
        }
    }

    /// Rows so far; those that came twice count twice.
    pub(crate) fn rows(&self) -> u64 {
        self.listed + self.told
    }

    /// What to do about a customer; `again`: calls that may have run may be repeated.
    pub(crate) fn turn(&self, nth: u64, again: bool) -> Turn {
        if nth >= self.asked {
            return Turn::Ask;
        }
        if self.open.contains(&nth) {
            return if again { Turn::Ask } else { Turn::MayBeBilled };
        }
        match self.lost.get(&nth) {
            Some(error) if again || !error.may_have_run => Turn::Ask,
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

    fn progress(keys: &Account, found: &[Found]) -> Checkpoint {
        let mut progress = Checkpoint::default();
        progress.take(&Found::Keys(keys.clone()));
        for found in found {
            progress.take(found);
        }
        progress
    }

    fn page() -> Found {
        Found::Page {
            rows: Vec::new(),
            total: None,
            next: None,
            drift: false,
        }
    }

    #[test]
    fn rows_of_other_keys_are_never_of_the_same_owner() {
        let (lasting, other) = (account("a", true), account("b", true));
        let (token, renewed) = (account("c", false), account("d", false));
        let asked = || Found::Asked { nth: 0 };
        for (keys, found, now, want) in [
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
            let progress = progress(keys, &found);
            assert_eq!(progress.owner(now), want, "{keys:?} {found:?} {now:?}");
        }
        let mut unmarked = Checkpoint::default();
        assert_eq!(unmarked.owner(&token), Owner::None);
        unmarked.take(&page());
        assert_eq!(unmarked.owner(&token), Owner::Other, "never silently");
    }
}
