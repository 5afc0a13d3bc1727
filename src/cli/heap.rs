//! Returns memory that was needed only for a moment to the system.
//!
//! Compressing a feed takes some megabytes while it lasts. glibc adapts to the first such block and then retains freed memory up to
//! twice that size in the heap of each thread: about twenty megabytes that nothing uses. Fixed thresholds disable that adaptation.
//! They are above any block that a response needs, so responses are not slower.
//!
//! By itself glibc gives each thread a heap of its own, up to eight for each core, and reading ten thousand posts leaves four megabytes of
//! holes in them. Two heaps leave none that count.

/// Larger blocks come directly from the system and return to it when they are freed; so does free memory at the end of a heap.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: libc::c_int = 128 * 1024;

/// How many heaps all threads share.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const HEAPS: libc::c_int = 2;

/// Sets the thresholds of `malloc`. Call it before there are other threads.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "mallopt is a function of the C library")]
pub(super) fn limit_retained_memory() {
    // SAFETY: it takes numbers, and no other thread can be allocating yet
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, LARGE);
        libc::mallopt(libc::M_ARENA_MAX, HEAPS);
    }
}

/// Returns free memory between blocks in use: reading all posts leaves a hole for each text.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "malloc_trim is a function of the C library")]
pub(super) fn trim_heap() {
    // SAFETY: it takes a number, and may be called from any thread at any time
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other allocators do this by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn limit_retained_memory() {}

/// Other allocators do this by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn trim_heap() {}
