//! Reading versions of files: one at its turn, or of many a batch ahead on all cores.
//!
//! What a file holds depends on nothing but the file, so it does not matter when, or on which thread, it is read. What is made of it
//! does depend on what was made of others, and is not decided here.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use camino::Utf8Path;

use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::folder::{Entry, Folder, Unread};
use crate::post::{Digest, Reading};
use crate::publisher::progress::Progress;
use crate::source::SourceFile;

use super::known::{ReadPost, read_post};

/// How many files are read ahead of what is done with them: the posts of a batch are held twice at the most, and a batch keeps
/// every core busy.
pub(super) const BATCH: usize = 256;

/// From how many files on it is worth starting threads.
const MANY: usize = 64;

/// More threads than this wait for the disk and for each other.
const MOST_THREADS: usize = 8;

/// What reading takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    pub(super) folder: &'a Folder,
    pub(super) config: &'a Config,
    pub(super) read: ReadPost,
    pub(super) progress: &'a Progress,
}

/// A version of a file that is to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due<'a> {
    pub(super) path: &'a Utf8Path,
    pub(super) entry: &'a Entry,
    /// What the file holds if it is the version that was taken last, where it may be.
    pub(super) known: Option<Digest>,
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) digest: Digest,
    /// What it was read as; `None` where it is the version that was taken last.
    pub(super) reading: Option<Result<Reading, Diagnostic>>,
}

/// Versions that were read ahead, by path.
pub(super) type Ahead<'a> = HashMap<&'a str, Result<Content, Unread>>;

impl Reader<'_> {
    /// Reads one version.
    pub(super) fn read(self, due: Due) -> Result<Content, Unread> {
        self.content(due, self.folder.read(due.path, due.entry))
    }

    fn content(self, due: Due, source: Result<SourceFile, Unread>) -> Result<Content, Unread> {
        let content = source.map(|source| {
            let digest = Digest::of(&source.bytes);
            let is_known = due.known == Some(digest);
            let reading = (!is_known).then(|| read_post(self.read, &source, self.config));
            Content { digest, reading }
        });
        self.progress.add_read();
        content
    }

    /// Reads a batch on all cores, if it is worth that. What is missing in the answer is still to be read.
    pub(super) fn read_ahead<'a>(self, batch: &[Due<'a>]) -> Ahead<'a> {
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST_THREADS);
        if batch.len() <= MANY || threads == 1 {
            return Ahead::new();
        }
        let Ok(folder) = self.folder.open() else {
            return Ahead::new();
        };
        let next = AtomicUsize::new(0);
        let read_some = || {
            let take_next = || batch.get(next.fetch_add(1, Ordering::Relaxed));
            std::iter::from_fn(take_next)
                .map(|due| (due.path.as_str(), self.content(*due, folder.read(due.path, due.entry))))
                .collect::<Vec<_>>()
        };
        thread::scope(|scope| {
            // where no thread can be had, the others read its part
            let others: Vec<_> = (1..threads)
                .map_while(|_| {
                    thread::Builder::new()
                        .name("reading".to_owned())
                        .spawn_scoped(scope, read_some)
                        .ok()
                })
                .collect();
            let mut ahead = Ahead::with_capacity(batch.len());
            ahead.extend(read_some());
            for other in others {
                // what made it fail will make its reader fail at its turn
                ahead.extend(other.join().unwrap_or_default());
            }
            ahead
        })
    }
}
