//! Memory that work took for a moment goes back to the system.
//!
//! Compressing a feed takes some megabytes for as long as it lasts. glibc takes the first such block for the usual, and from then on keeps
//! what is freed up to twice that size, in each of the threads' heaps: some twenty megabytes that nothing uses. Named thresholds end
//! that guessing. They lie above any block that an answer takes, so answers pay nothing for it.

/// A larger block is asked of the system, and given back when it is freed; so is what is free at the end of a heap.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: libc::c_int = 128 * 1024;

/// Has what is freed given back. To be called before there are threads.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "mallopt is a function of the C library")]
pub(super) fn give_back() {
    // SAFETY: it takes two numbers; no other thread can be allocating yet
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, LARGE);
    }
}

/// Gives back what is free between blocks in use: reading all posts leaves a hole where each text was.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "malloc_trim is a function of the C library")]
pub(super) fn give_back_holes() {
    // SAFETY: it takes a number, and may be called from any thread at any time
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Other allocators give it back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn give_back() {}

/// Other allocators give it back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn give_back_holes() {}
