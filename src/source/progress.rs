//! How far the reading of posts has come, for whoever waits for it to end.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts of posts to read and of posts read, since they were first handed to a publisher. They may be asked for at any time, and
/// what is done about them is not the publisher's concern.
#[derive(Debug, Default)]
pub struct Progress {
    found: AtomicUsize,
    read: AtomicUsize,
}

impl Progress {
    /// How many files were found that have to be read; 0 until the folder was looked at.
    pub fn found(&self) -> usize {
        self.found.load(Ordering::Relaxed)
    }

    /// How many of them were read, or turned out not to be readable.
    pub fn read(&self) -> usize {
        self.read.load(Ordering::Relaxed)
    }

    /// Nothing was found yet after all.
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
