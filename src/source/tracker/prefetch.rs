//! Reads versions of files: one when it is taken, or many in advance on all cores ([`Prefetcher`]).
//!
//! The content of a file depends on nothing but the file, so it may be read at any time and on any thread. Whether it is taken depends on
//! other files, and is not decided here.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};
use std::vec;

use camino::Utf8Path;

use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::post::{Digest, ParsedPost};
use crate::source::progress::Progress;
use crate::source::rules::companions::Companions;
use crate::source::{FileEntry, ReadError, Source};
use crate::source_file::{SourceFile, by_parts};

use super::inheritance::Had;
use super::tracked_file::{ReadPost, read_post};

/// How many files pass from one thread to another at once: to wake a thread for each takes as long as to read some.
const BATCH: usize = 16;

/// How many batches are read in advance: their posts are held twice, and every core is kept busy.
const WINDOW: usize = 16;

/// From how many files on it is worth starting threads.
const MANY: usize = 64;

/// More threads than this wait for the disk and for each other.
const MOST_THREADS: usize = 8;

/// Reads versions of files.
#[derive(Clone, Copy, Debug)]
pub(super) struct VersionReader<'a> {
    pub(super) source: &'a Source,
    pub(super) config: &'a Config,
    pub(super) read: ReadPost,
    pub(super) companions: &'a Companions,
    /// Whether posts come with their texts.
    pub(super) keeps_texts: bool,
    pub(super) progress: &'a Progress,
}

/// A version of a file that is to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due<'a> {
    pub(super) path: &'a Utf8Path,
    pub(super) entry: &'a FileEntry,
    /// The digest of the version that was taken last, where this may be the same one.
    pub(super) known: Option<Digest>,
}

/// A version of a file, as it was read.
#[derive(Debug)]
pub(super) struct ReadVersion {
    pub(super) digest: Digest,
    /// The post or why there is none; `None` where it is the version that was taken last.
    pub(super) reading: Option<Result<ParsedPost, Diagnostic>>,
    /// Its bytes, where texts are kept in memory.
    pub(super) bytes: Option<Arc<[u8]>>,
    /// What the post inherits.
    pub(super) had: Had,
}

impl VersionReader<'_> {
    /// Reads one version of a file.
    pub(super) fn read(self, due: Due) -> Result<ReadVersion, ReadError> {
        let file = self.source.read(due.path, due.entry);
        let version = file.map(|file| self.parse(due, file));
        self.progress.add_read();
        version
    }

    fn parse(self, due: Due, file: SourceFile) -> ReadVersion {
        let known = due.known.filter(|&known| Digest::of(&file.bytes) == known);
        if let Some(digest) = known {
            return ReadVersion {
                digest,
                reading: None,
                bytes: None,
                had: Had::default(),
            };
        }
        let left_out = self.source.left_out(due.path);
        let (inherited, resource) = self.companions.inherited(due.path, left_out.as_ref());
        let had = Had {
            hash: inherited.hash(),
            left_out: left_out.or(resource),
        };
        let mut reading = read_post(self.read, &file, &inherited, self.config);
        let digest = match &mut reading {
            Ok(ParsedPost { post, .. }) => {
                if !self.keeps_texts {
                    post.text.unload();
                }
                post.file
            }
            Err(_) => Digest::of(&file.bytes),
        };
        ReadVersion {
            digest,
            reading: Some(reading),
            bytes: self.keeps_texts.then_some(file.bytes),
            had,
        }
    }
}

/// Reads versions in advance on all cores: on threads of its own, and on the thread that takes them while that has nothing to take. They
/// pass from one thread to another by the [`BATCH`].
pub(super) struct Prefetcher<'a> {
    reader: VersionReader<'a>,
    /// In the order in which they are taken.
    due: Vec<Due<'a>>,
    /// How many threads read; 0 where there are too few files for it to be worth that.
    threads: usize,
    state: Mutex<PrefetchState>,
    /// Something was read, or taken.
    news: Condvar,
}

/// Versions that were read; `None` for each of which reading panicked.
type Batch = Vec<Option<Result<ReadVersion, ReadError>>>;

/// In numbers of batches.
#[derive(Debug, Default)]
struct PrefetchState {
    /// The first that is not being read yet.
    next: usize,
    /// The first that was not taken yet.
    taken: usize,
    /// What was read and not taken.
    read: HashMap<usize, Batch>,
    /// How many threads wait for news.
    waiting: usize,
    has_ended: bool,
}

/// The versions that are read in advance. Dropping it ends the reading.
pub(super) struct Prefetched<'a, 'b> {
    ahead: &'a Prefetcher<'b>,
    /// The place of the first that was not taken yet.
    at: usize,
    /// The first that was not taken, and those that follow in its batch; empty where the batch was not fetched yet.
    batch: vec::IntoIter<Option<Result<ReadVersion, ReadError>>>,
}

impl Drop for Prefetched<'_, '_> {
    fn drop(&mut self) {
        self.ahead.state().has_ended = true;
        self.ahead.news.notify_all();
    }
}

impl Prefetched<'_, '_> {
    /// The version at `path`, which comes after those that were taken before; `None` where it is still to be read.
    pub(super) fn take(&mut self, path: &Utf8Path) -> Option<Result<ReadVersion, ReadError>> {
        let ahead = self.ahead;
        if ahead.threads == 0 {
            return None;
        }
        // some were read and not taken
        while by_parts(ahead.due.get(self.at)?.path, path).is_lt() {
            self.pass();
        }
        let is_due = ahead.due.get(self.at)?.path.as_str() == path.as_str();
        is_due.then(|| self.pass()).flatten()
    }

    /// The next version.
    fn pass(&mut self) -> Option<Result<ReadVersion, ReadError>> {
        if self.batch.as_slice().is_empty() {
            self.batch = self.ahead.take_batch(self.at / BATCH).into_iter();
        }
        self.at += 1;
        self.batch.next()?
    }
}

impl<'a> Prefetcher<'a> {
    /// A prefetcher of the versions that are `due`, in the order in which they are taken. Nothing is read yet.
    pub(super) fn new(reader: VersionReader<'a>, due: Vec<Due<'a>>) -> Prefetcher<'a> {
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST_THREADS);
        let is_worth_it = due.len() > MANY && threads > 1;
        Prefetcher {
            reader,
            due,
            threads: if is_worth_it { threads } else { 0 },
            state: Mutex::default(),
            news: Condvar::new(),
        }
    }

    /// Begins to read, if it is worth that, until the returned value is dropped.
    pub(super) fn begin<'s>(&'s self, scope: &'s Scope<'s, '_>) -> Prefetched<'s, 'a> {
        let others = self.threads.saturating_sub(1);
        for _ in 0..others {
            let thread = thread::Builder::new().name("reading".to_owned());
            // where no thread can be had, the others read its part
            if thread.spawn_scoped(scope, || self.read_ahead()).is_err() {
                break;
            }
        }
        Prefetched {
            ahead: self,
            at: 0,
            batch: Vec::new().into_iter(),
        }
    }

    /// The batch with this `number`, which follows the batch that was taken before.
    fn take_batch(&self, number: usize) -> Batch {
        let mut state = self.state();
        loop {
            if let Some(batch) = state.read.remove(&number) {
                state.taken = number + 1;
                self.tell(&state);
                return batch;
            }
            // reads this batch itself, or helps with later ones while another thread reads it
            state = match self.next(&mut state) {
                Some(next) => self.read_batch(state, next, &mut |due| self.reader.read(due)),
                None => self.wait(state),
            };
        }
    }

    fn read_ahead(&self) {
        let mut read = |due: Due| self.reader.read(due);
        let mut state = self.state();
        while !state.has_ended && state.next * BATCH < self.due.len() {
            state = match self.next(&mut state) {
                Some(next) => self.read_batch(state, next, &mut read),
                None => self.wait(state),
            };
        }
    }

    /// The next batch to be read, if it may be read now.
    fn next(&self, state: &mut PrefetchState) -> Option<usize> {
        let next = state.next;
        let may_be = next * BATCH < self.due.len() && next < state.taken + WINDOW;
        may_be.then(|| {
            state.next += 1;
            next
        })
    }

    /// Reads the batch with this `number` by `read`, while others have the state.
    fn read_batch<'s>(
        &'s self,
        state: MutexGuard<'s, PrefetchState>,
        number: usize,
        read: &mut dyn FnMut(Due) -> Result<ReadVersion, ReadError>,
    ) -> MutexGuard<'s, PrefetchState> {
        drop(state);
        let due = self.due.iter().skip(number * BATCH).take(BATCH);
        // what panics here will panic again when it is read to be taken
        let batch = due.map(|due| catch_unwind(AssertUnwindSafe(|| read(*due))).ok()).collect();
        let mut state = self.state();
        state.read.insert(number, batch);
        self.tell(&state);
        state
    }

    fn state(&self) -> MutexGuard<'_, PrefetchState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the threads that wait: most of the time there is none, and to find that out in the kernel takes longer.
    fn tell(&self, state: &PrefetchState) {
        if state.waiting > 0 {
            self.news.notify_all();
        }
    }

    fn wait<'s>(&self, mut state: MutexGuard<'s, PrefetchState>) -> MutexGuard<'s, PrefetchState> {
        state.waiting += 1;
        let mut state = self.news.wait(state).unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state
    }
}
