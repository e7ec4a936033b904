//! A walk item by item.

use std::fmt;

use super::drift::Drift;
use super::walk::Pages;
use crate::error::Error;
use crate::paginated::Paginated;

/// A walk item by item; see [`Pages::items`].
pub struct Items<O: Paginated> {
    pages: Pages<O>,
    items: std::vec::IntoIter<O::Item>,
    /// The cursor of the page that the current items are from.
    page_cursor: Option<String>,
}

impl<O: Paginated> Pages<O> {
    /// Turns the walk over pages into one over their items.
    pub fn items(self) -> Items<O> {
        Items {
            pages: self,
            items: Vec::new().into_iter(),
            page_cursor: None,
        }
    }
}

impl<O: Paginated> Items<O> {
    /// Returns the next item, or `None` once the walk has ended.
    pub async fn next(&mut self) -> Option<Result<O::Item, Error>> {
        loop {
            if let Some(item) = self.items.next() {
                return Some(Ok(item));
            }
            self.page_cursor = self.pages.cursor();
            match self.pages.next().await? {
                Ok(page) => self.items = page.items.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// The cursor with which a later walk resumes. In the middle of a page it leads to the beginning of
    /// that page, so the items of the page are delivered again.
    pub fn cursor(&self) -> Option<String> {
        if self.items.as_slice().is_empty() {
            self.pages.cursor()
        } else {
            self.page_cursor.clone()
        }
    }

    /// How the list has changed during the walk so far.
    pub fn drift(&self) -> Drift {
        self.pages.drift()
    }

    /// The ids of the request for which no item has come back so far: see [`Pages::missing`].
    pub fn missing(&self) -> &[String] {
        self.pages.missing()
    }
}

impl<O: Paginated> fmt::Debug for Items<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("pages", &self.pages)
            .field("items", &self.items.as_slice().len())
            .finish_non_exhaustive()
    }
}
