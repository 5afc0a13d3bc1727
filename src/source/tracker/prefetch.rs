//! Reads versions of files: one when it is accepted, or many in advance on all cores ([`Prefetcher`]).
//!
//! The content of a file depends only on the file, so it may be read at any time and on any thread. Whether a version is accepted depends
//! on other files, and is decided elsewhere (`super::update`).

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

use super::inheritance::InheritedState;
use super::tracked_file::{ReadPost, read_post};

/// How many files are passed between threads at once: waking a thread for each one would take as long as reading a few.
const BATCH: usize = 16;

/// How many batches are read in advance: enough for every core, and few, because posts read in advance use memory twice.
const WINDOW: usize = 16;

/// The number of files above which threads are started.
const MANY: usize = 64;

/// The most threads: more would wait for the disk and for each other.
const MOST_THREADS: usize = 8;

/// Reads versions of files.
#[derive(Clone, Copy, Debug)]
pub(super) struct VersionReader<'a> {
    pub(super) source: &'a Source,
    pub(super) config: &'a Config,
    pub(super) read: ReadPost,
    pub(super) companions: &'a Companions,
    /// Whether posts keep their texts.
    pub(super) keeps_texts: bool,
    pub(super) progress: &'a Progress,
}

/// A version of a file to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct DueVersion<'a> {
    pub(super) path: &'a Utf8Path,
    pub(super) entry: &'a FileEntry,
    /// The digest of the version accepted last, if this may be the same one.
    pub(super) known: Option<Digest>,
}

/// A version of a file that was read.
#[derive(Debug)]
pub(super) struct ReadVersion {
    pub(super) digest: Digest,
    /// The post, or the error; `None` if this is the version accepted last.
    pub(super) reading: Option<Result<ParsedPost, Diagnostic>>,
    /// The bytes of the file, if texts are kept in memory.
    pub(super) bytes: Option<Arc<[u8]>>,
    /// The inherited fields of the post.
    pub(super) inherited_state: InheritedState,
}

impl VersionReader<'_> {
    /// Reads one version of a file.
    pub(super) fn read(self, due: DueVersion) -> Result<ReadVersion, ReadError> {
        let file = self.source.read(due.path, due.entry);
        let version = file.map(|file| self.parse(due, file));
        self.progress.add_read();
        version
    }

    fn parse(self, due: DueVersion, file: SourceFile) -> ReadVersion {
        let known = due.known.filter(|&known| Digest::of(&file.bytes) == known);
        if let Some(digest) = known {
            return ReadVersion {
                digest,
                reading: None,
                bytes: None,
                inherited_state: InheritedState::default(),
            };
        }
        let left_out = self.source.left_out(due.path);
        let (inherited, resource) = self.companions.inherited(due.path, left_out.as_ref());
        let inherited_state = InheritedState {
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
            inherited_state,
        }
    }
}

/// Reads versions in advance on all cores: on threads of its own, and on the thread that accepts them while it waits for one. Versions are
/// passed between threads in batches of [`BATCH`].
pub(super) struct Prefetcher<'a> {
    reader: VersionReader<'a>,
    /// In the order in which they are accepted.
    due: Vec<DueVersion<'a>>,
    /// The number of reading threads; 0 if there are too few files for them.
    threads: usize,
    state: Mutex<PrefetchState>,
    /// Signals that a batch was read or accepted.
    changed: Condvar,
}

/// Versions that were read; `None` for each one whose reading panicked.
type Batch = Vec<Option<Result<ReadVersion, ReadError>>>;

/// Progress, counted in batches.
#[derive(Debug, Default)]
struct PrefetchState {
    /// The first batch that no thread reads yet.
    next: usize,
    /// The first batch that is not accepted yet.
    taken: usize,
    /// Batches that were read and are not accepted yet.
    read: HashMap<usize, Batch>,
    /// The number of threads that wait for a change.
    waiting: usize,
    has_ended: bool,
}

/// Returns the versions that are read in advance. Dropping it stops the reading.
pub(super) struct Prefetched<'a, 'b> {
    prefetcher: &'a Prefetcher<'b>,
    /// The position of the first version that is not accepted yet.
    at: usize,
    /// The rest of the current batch; empty before the batch is fetched.
    batch: vec::IntoIter<Option<Result<ReadVersion, ReadError>>>,
}

impl Drop for Prefetched<'_, '_> {
    fn drop(&mut self) {
        self.prefetcher.state().has_ended = true;
        self.prefetcher.changed.notify_all();
    }
}

impl Prefetched<'_, '_> {
    /// Returns the version at `path`, which must come after those returned before; `None` if the caller has to read it.
    pub(super) fn take_version(&mut self, path: &Utf8Path) -> Option<Result<ReadVersion, ReadError>> {
        let prefetcher = self.prefetcher;
        if prefetcher.threads == 0 {
            return None;
        }
        // some were read and not accepted
        while by_parts(prefetcher.due.get(self.at)?.path, path).is_lt() {
            self.next_version();
        }
        let is_due = prefetcher.due.get(self.at)?.path.as_str() == path.as_str();
        is_due.then(|| self.next_version()).flatten()
    }

    /// Returns the next version.
    fn next_version(&mut self) -> Option<Result<ReadVersion, ReadError>> {
        if self.batch.as_slice().is_empty() {
            self.batch = self.prefetcher.take_batch(self.at / BATCH).into_iter();
        }
        self.at += 1;
        self.batch.next()?
    }
}

impl<'a> Prefetcher<'a> {
    /// Returns a prefetcher of the versions in `due`, in the order in which they are accepted. Nothing is read yet.
    pub(super) fn new(reader: VersionReader<'a>, due: Vec<DueVersion<'a>>) -> Prefetcher<'a> {
        let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST_THREADS);
        let is_worthwhile = due.len() > MANY && threads > 1;
        Prefetcher {
            reader,
            due,
            threads: if is_worthwhile { threads } else { 0 },
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Starts the threads, if there are enough files for them. They end when the returned value is dropped.
    pub(super) fn begin<'s>(&'s self, scope: &'s Scope<'s, '_>) -> Prefetched<'s, 'a> {
        let others = self.threads.saturating_sub(1);
        for _ in 0..others {
            let thread = thread::Builder::new().name("reading".to_owned());
            // if no thread can be started, the others read its part
            if thread.spawn_scoped(scope, || self.read_ahead()).is_err() {
                break;
            }
        }
        Prefetched {
            prefetcher: self,
            at: 0,
            batch: Vec::new().into_iter(),
        }
    }

    /// Returns the batch with this `number`, which must follow the batch returned before.
    fn take_batch(&self, number: usize) -> Batch {
        let mut state = self.state();
        loop {
            if let Some(batch) = state.read.remove(&number) {
                state.taken = number + 1;
                self.notify(&state);
                return batch;
            }
            // this thread reads the batch itself, or a later one while another thread reads it
            state = match self.next(&mut state) {
                Some(next) => self.read_batch(state, next, &mut |due| self.reader.read(due)),
                None => self.wait(state),
            };
        }
    }

    fn read_ahead(&self) {
        let mut read = |due: DueVersion| self.reader.read(due);
        let mut state = self.state();
        while !state.has_ended && state.next * BATCH < self.due.len() {
            state = match self.next(&mut state) {
                Some(next) => self.read_batch(state, next, &mut read),
                None => self.wait(state),
            };
        }
    }

    /// Returns the number of the next batch, if it may be read now.
    fn next(&self, state: &mut PrefetchState) -> Option<usize> {
        let next = state.next;
        let may_be = next * BATCH < self.due.len() && next < state.taken + WINDOW;
        may_be.then(|| {
            state.next += 1;
            next
        })
    }

    /// Reads the batch with this `number` with `read`. The state is not locked meanwhile.
    fn read_batch<'s>(
        &'s self,
        state: MutexGuard<'s, PrefetchState>,
        number: usize,
        read: &mut dyn FnMut(DueVersion) -> Result<ReadVersion, ReadError>,
    ) -> MutexGuard<'s, PrefetchState> {
        drop(state);
        let due = self.due.iter().skip(number * BATCH).take(BATCH);
        // a version whose reading panics here is read again, and panics again, when it is accepted
        let batch = due.map(|due| catch_unwind(AssertUnwindSafe(|| read(*due))).ok()).collect();
        let mut state = self.state();
        state.read.insert(number, batch);
        self.notify(&state);
        state
    }

    fn state(&self) -> MutexGuard<'_, PrefetchState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the waiting threads. Most of the time there is none, and a needless call of the kernel takes longer than this check.
    fn notify(&self, state: &PrefetchState) {
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    fn wait<'s>(&self, mut state: MutexGuard<'s, PrefetchState>) -> MutexGuard<'s, PrefetchState> {
        state.waiting += 1;
        let mut state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state
    }
}
