//! The same work on many things, shared between the processors.

use std::num::NonZero;
use std::thread;

/// How many there are.
pub fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// What `work` makes of each item, in the order of the items.
pub fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let share = items.len().div_ceil(processors()).max(1);
    thread::scope(|scope| {
        let work = &work;
        let mut threads = Vec::new();
        for part in items.chunks(share) {
            threads.push(scope.spawn(move || part.iter().map(work).collect::<Vec<R>>()));
        }
        let outcomes = threads.into_iter().map(|thread| match thread.join() {
            Ok(outcome) => outcome,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        outcomes.flatten().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_kept() {
        let items: Vec<u32> = (0..1000).collect();
        assert_eq!(
            map(&items, |item| item * 2),
            items.iter().map(|item| item * 2).collect::<Vec<_>>()
        );
        assert_eq!(map(&[] as &[u32], |item| *item), []);
    }
}
