//! Counts of the files found and read, for a progress display.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts of the files found and read since the start. They may be read at any time.
#[derive(Debug, Default)]
pub struct Progress {
    found: AtomicUsize,
    read: AtomicUsize,
}

impl Progress {
    /// The number of files that have to be read; 0 until the first scan.
    pub fn found(&self) -> usize {
        self.found.load(Ordering::Relaxed)
    }

    /// The number of those that were read, or could not be read.
    pub fn read(&self) -> usize {
        self.read.load(Ordering::Relaxed)
    }

    /// Sets both counts to 0.
    pub(crate) fn reset(&self) {
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
