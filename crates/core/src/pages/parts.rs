//! A request that names the wanted items in a long list of ids, sent as several requests.

use std::collections::HashSet;

use crate::paginated::{Cursor, Paginated, PagingStyle};

/// A request in parts. The positions of such a walk count the ids of the list without repetitions.
pub(super) struct Parts<O> {
    /// Ids in each part but the last.
    size: usize,
    /// Ids in all parts.
    total: u64,
    /// The position of the first part, and the parts, once they have been made.
    made: Option<(u64, Vec<O>)>,
    /// Ids for which no item came back.
    missing: Vec<String>,
}

impl<O: Paginated> Parts<O> {
    /// Plans the parts of a request, or returns `None` if the request has no list of ids, or sets the
    /// position of its first page itself.
    pub(super) fn plan(operation: &O) -> Option<Self> {
        let batch = O::PAGING.batch?;
        let ids: HashSet<String> = operation.batch_ids().into_iter().collect();
        let from_the_start = match operation.cursor() {
            None => true,
            Some(Cursor::Number(number)) => number == O::PAGING.first,
            Some(Cursor::Token(token)) => token.is_empty(),
        };
        if ids.is_empty() || !from_the_start {
            return None;
        }
        let page = operation.page_size().or(O::PAGING.default_size);
        let page = page.and_then(|size| usize::try_from(size).ok());
        let sizes = [page, batch.max_items].into_iter().flatten();
        Some(Self {
            size: sizes.min().unwrap_or(ids.len()).max(1),
            total: ids.len() as u64,
            made: None,
            missing: Vec::new(),
        })
    }

    pub(super) fn size(&self) -> u64 {
        self.size as u64
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    pub(super) fn missing(&self) -> &[String] {
        &self.missing
    }

    pub(super) fn are_made(&self) -> bool {
        self.made.is_some()
    }

    /// Makes the parts from a position on.
    pub(super) fn make(&mut self, operation: &O, position: u64) -> &[O] {
        let skip = usize::try_from(position).unwrap_or(usize::MAX);
        let mut parts = operation.batches(skip, self.size);
        if O::PAGING.style != PagingStyle::Token {
            for part in &mut parts {
                part.set_cursor(Cursor::Number(O::PAGING.first));
            }
        }
        &self.made.insert((position, parts)).1
    }

    /// Forgets the parts and the missing ids, for a walk from another position.
    pub(super) fn reset(&mut self) {
        self.made = None;
        self.missing.clear();
    }

    /// The part at a position.
    pub(super) fn part(&self, position: u64) -> Option<&O> {
        let (start, parts) = self.made.as_ref()?;
        let index = position.checked_sub(*start)? / self.size();
        parts.get(usize::try_from(index).ok()?)
    }

    /// Takes the page for a part: checks that the page is complete, and notes the ids
    /// without an item.
    pub(super) fn take(
        &mut self,
        position: u64,
        items: &[O::Item],
        page_size: Option<u64>,
        total: Option<u64>,
        has_next: bool,
    ) -> Result<(), &'static str> {
        let received = items.len() as u64;
        let part = self.part(position);
        let ids = part.ok_or("the list of ids ends before this position")?;
        let ids = ids.batch_ids();
        // A full page with more items than ids may have been cut off.
        let full = page_size.is_some_and(|size| received >= size);
        if has_next
            || total.is_some_and(|total| total > received)
            || (full && items.len() > ids.len())
        {
            return Err("the response to a part of the list of ids continues on another page");
        }
        if O::PAGING.batch.is_some_and(|batch| batch.item_id.is_some()) {
            let found: HashSet<String> = items.iter().filter_map(O::item_id).collect();
            let missing = ids.into_iter().filter(|id| !found.contains(id));
            self.missing.extend(missing);
        }
        Ok(())
    }
}
