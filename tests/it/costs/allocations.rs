//! Counts the allocations of each thread and the bytes that stay allocated, in the system's allocator.
//!
//! It is the allocator of the whole test binary, because there can be only one. Other tests pay an addition for each allocation.

#![expect(
    unsafe_code,
    reason = "an allocator cannot be written without: each call goes on to the system's, with the very arguments it came with"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    // it exists before the first use and is never dropped, so that reading it allocates nothing
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static HELD: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The result of `work`, and the number of its allocations and reallocations on this thread.
pub fn counted<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = COUNT.get();
    let done = work();
    (done, COUNT.get() - before)
}

/// The result of `work`, and the bytes that it allocated on this thread and did not free.
pub fn held<T>(work: impl FnOnce() -> T) -> (T, isize) {
    let before = HELD.get();
    let done = work();
    (done, HELD.get() - before)
}

fn count() {
    // the count of a thread that ends may be gone
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
}

fn hold(bytes: usize) {
    let _ = HELD.try_with(|held| held.set(held.get().wrapping_add_unsigned(bytes)));
}

fn release(bytes: usize) {
    let _ = HELD.try_with(|held| held.set(held.get().wrapping_sub_unsigned(bytes)));
}

// SAFETY: every method passes its arguments to `System` and returns its result, which fulfils the contract of the trait.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        hold(layout.size());
        // SAFETY: the caller's promise about `layout` is the one that `System` needs.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        hold(layout.size());
        // SAFETY: as in `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        release(layout.size());
        hold(size);
        // SAFETY: `pointer` came from `System` with `layout`, like all of ours.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        release(layout.size());
        // SAFETY: as in `realloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}
