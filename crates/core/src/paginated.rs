//! The contract of operations with pages, and the facts about how they page.

use std::collections::BTreeSet;

use serde::Serialize;

pub use crate::pages::Drift;
use crate::typed::Operation;

/// A position in a list that comes in pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// A page number or a record offset.
    Number(u64),
    /// A token from the previous page.
    Token(String),
}

/// How an operation pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Paging {
    /// Whether positions are pages, record offsets or tokens.
    pub style: PagingStyle,
    /// The position of the first page.
    pub first: u64,
    /// The page size of a request that sets none.
    pub default_size: Option<u64>,
    /// The largest page size.
    pub max_size: Option<u64>,
    /// The list of the request that names the rows to return, where there is one.
    pub batch: Option<Batch>,
}

/// A list of a request that names the rows to return. All rows of a list that is no longer than a page
/// come in one page, so a walk sends a longer list in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Batch {
    /// The field of the request that has the list.
    pub field: &'static str,
    /// The most items that one request may have.
    pub max_items: Option<usize>,
    /// The field of a row that repeats its item of the list.
    pub item_id: Option<&'static str>,
}

impl Batch {
    /// A list by its field.
    pub const fn new(field: &'static str) -> Self {
        Self {
            field,
            max_items: None,
            item_id: None,
        }
    }

    /// The most items that one request may have.
    pub const fn max_items(mut self, items: usize) -> Self {
        self.max_items = Some(items);
        self
    }

    /// The field of a row that repeats its item of the list.
    pub const fn item_id(mut self, field: &'static str) -> Self {
        self.item_id = Some(field);
        self
    }
}

/// The three ways to page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PagingStyle {
    /// By page number.
    Page,
    /// By record offset.
    Offset,
    /// By the token of the previous page.
    Token,
}

impl Paging {
    const fn new(style: PagingStyle, first: u64) -> Self {
        Self {
            style,
            first,
            default_size: None,
            max_size: None,
            batch: None,
        }
    }

    /// By page number, counted from `first`.
    pub const fn pages(first: u64) -> Self {
        Self::new(PagingStyle::Page, first)
    }

    /// By record offset, counted from `first`.
    pub const fn offsets(first: u64) -> Self {
        Self::new(PagingStyle::Offset, first)
    }

    /// By token.
    pub const fn tokens() -> Self {
        Self::new(PagingStyle::Token, 0)
    }

    /// The page size of a request that sets none.
    pub const fn default_size(mut self, size: u64) -> Self {
        self.default_size = Some(size);
        self
    }

    /// The largest page size.
    pub const fn max_size(mut self, size: u64) -> Self {
        self.max_size = Some(size);
        self
    }

    /// The list of the request that names the rows to return.
    pub const fn batch(mut self, batch: Batch) -> Self {
        self.batch = Some(batch);
        self
    }
}

/// An operation with pages, which [`Pages`](crate::Pages) walks.
pub trait Paginated: Operation {
    /// One row.
    type Item: Serialize + Send;

    /// How it pages.
    const PAGING: Paging;

    /// The requested position, if any.
    fn cursor(&self) -> Option<Cursor>;

    /// Sets the requested position.
    fn set_cursor(&mut self, cursor: Cursor);

    /// The requested page size, if any.
    fn page_size(&self) -> Option<u64>;

    /// Sets the requested page size.
    fn set_page_size(&mut self, size: u64);

    /// The number of rows over all pages, if the response has it.
    fn total(_output: &Self::Output) -> Option<u64> {
        None
    }

    /// The token of the next page, if the response has one.
    fn next_token(_output: &Self::Output) -> Option<String> {
        None
    }

    /// The rows of a page.
    fn into_items(output: Self::Output) -> Vec<Self::Item>;

    /// The items of the list of [`Paging::batch`], as text; none if the request has no such list.
    fn batch_ids(&self) -> Vec<String> {
        Vec::new()
    }

    /// The request in parts: the list of [`Paging::batch`] without the first `skip` items, at most
    /// `size` items in each part, in their order. A repeated item counts once.
    fn batches(&self, _skip: usize, _size: usize) -> Vec<Self> {
        Vec::new()
    }

    /// What a row has in the field of [`Batch::item_id`], as text.
    fn item_id(_item: &Self::Item) -> Option<String> {
        None
    }
}

/// The list without repetitions and without the first `skip` items, in parts of at most `size`: for
/// [`Paginated::batches`].
pub fn batches<T: Ord + Clone>(list: Vec<T>, skip: usize, size: usize) -> Vec<Vec<T>> {
    let mut seen = BTreeSet::new();
    let once = list.iter().filter(|item| seen.insert(*item));
    let rest: Vec<&T> = once.skip(skip).collect();
    rest.chunks(size.max(1))
        .map(|part| part.iter().copied().cloned().collect())
        .collect()
}
