//! Work on many values on several threads.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Returns what `work` makes of each of `items`, in their order. An item for which it panics is left out.
pub(super) fn map_in_parallel<T: Sync, R: Send>(items: &[T], threads: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { return done };
            if let Ok(made) = catch_unwind(AssertUnwindSafe(|| work(item))) {
                done.push((at, made));
            }
        }
    };
    let mut all = thread::scope(|scope| {
        // if no thread can be started, this one does all
        let others = (1..threads).filter_map(|_| thread::Builder::new().spawn_scoped(scope, run).ok());
        let others: Vec<_> = others.collect();
        let mut all = run();
        all.extend(others.into_iter().filter_map(|other| other.join().ok()).flatten());
        all
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_items_and_a_panic_costs_only_its_item() {
        for (count, threads) in [(0, 2), (1, 0), (1, 4), (1000, 1), (1000, 4)] {
            let items: Vec<usize> = (0..count).collect();
            let work = |item: &usize| {
                assert_ne!(*item, 500);
                2 * item
            };
            let doubled: Vec<usize> = items.iter().filter(|item| **item != 500).map(|item| 2 * item).collect();
            assert_eq!(map_in_parallel(&items, threads, work), doubled, "{count} {threads}");
        }
    }
}
