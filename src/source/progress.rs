//! Counts how many posts were found and read, for a progress display.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the posts that were found and that were read since the start. It may be read at any time.
#[derive(Debug, Default)]
pub struct Progress {
    found: AtomicUsize,
    read: AtomicUsize,
}

impl Progress {
    /// How many files were found that have to be read; 0 until the first scan.
    pub fn found(&self) -> usize {
        self.found.load(Ordering::Relaxed)
    }

    /// How many of them were read, or could not be read.
    pub fn read(&self) -> usize {
        self.read.load(Ordering::Relaxed)
    }

    /// Sets both counts to 0.
    pub(crate) fn begin_anew(&self) {
        self.found.store(0, Ordering::Relaxed);
        self.read.store(0, Ordering::Relaxed);
    }

    pub(crate) fn add_found(&self, files: usize) {
        self.found.fetch_add(files, Ordering::Relaxed);
    }

    pub(crate) fn add_read(&self) {
        self.read.fetch_add(1, Ordering::Relaxed);
    }
}
