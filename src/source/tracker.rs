//! What is known of every file, and what a look at the disk changes in it: the publisher without its clocks and threads.
//!
//! Given the same disk and the same times it does the same, so every rule about writers, editors and vanishing disks is tested
//! without waiting. A hint only says where to look; nothing changes but by what the disk then shows.

mod degraded;
mod files;
mod inheritance;
mod last_good;
mod missing_files;
mod pending;
mod pinned_texts;
mod prefetch;
mod refused;
mod removals;
mod rename_detector;
mod scan_outcome;
mod tracked_file;
mod update;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::post::{self, Changes, Post, Texts};
use crate::source::watch::Hints;
use crate::source::{FileId, FileTexts, Scan, ScanDoubt, ScanScope, Source, SourceIdentity, Version};
use crate::storage::StoredVersion;
use crate::time::Timestamp;

use self::degraded::Degraded;
use self::files::TrackedFiles;
use self::inheritance::Inheritance;
use self::last_good::LastGoodVersions;
use self::missing_files::MissingFiles;
use self::pending::Pending;
use self::pinned_texts::PinnedTexts;
use self::refused::Refused;
pub use self::scan_outcome::ScanOutcome;
use self::tracked_file::ReadPost;
pub(crate) use self::tracked_file::{EMPTIED, MEND_EMPTIED, read_post};
use super::post_event::PostEventKind;
use super::progress::Progress;

/// How long to wait before looking at a folder that cannot be looked at.
const TROUBLED: Duration = Duration::from_secs(1);

/// What is known of every file.
#[derive(Debug)]
pub struct FileTracker {
    config: Arc<Config>,
    source: Source,
    /// The texts of its posts, which they do not hold.
    texts: Arc<FileTexts>,
    holding: PinnedTexts,
    versions: LastGoodVersions,
    /// The files of posts that are held back as they are read, and which readers have all the same.
    released: BTreeSet<Utf8PathBuf>,
    read: ReadPost,
    /// Who waits for files to be read sees here how far it is.
    progress: Arc<Progress>,
    files: TrackedFiles,
    /// What posts have from other files than their own.
    inheritance: Inheritance,
    /// Files whose newest version is not taken yet.
    pending: BTreeMap<Utf8PathBuf, Pending>,
    /// Files whose newest version could not be read.
    unread: BTreeMap<Utf8PathBuf, (Version, Diagnostic)>,
    /// Files with a post that are not there, and not yet believed to be gone.
    missing: MissingFiles,
    /// What the folder refused, by path.
    refused: Refused,
    /// When files were last taken because they held still.
    last_still: Option<Duration>,
    /// Why nothing, or not everything, that was seen is believed.
    trouble: Option<Degraded>,
    /// The identity of the source in the last scan that was believed.
    identity: Option<SourceIdentity>,
    /// Whether a change at one path may concern posts at others.
    has_aliases: bool,
    is_polling: bool,
    /// Whether something may have been missed.
    is_in_doubt: bool,
}

/// When a look is: by the calendar, by the monotonic clock, and whether it is the first.
#[derive(Clone, Copy)]
struct Instants {
    now: Timestamp,
    tick: Duration,
    is_first: bool,
}

impl FileTracker {
    /// A tracker that knows nothing yet of the folder at `root`.
    #[must_use]
    pub fn new(config: Arc<Config>, root: impl Into<Utf8PathBuf>) -> FileTracker {
        let source = Source::folder(root, &config.posts);
        FileTracker::of_source(config, source)
    }

    /// A tracker that knows nothing yet of the files in `source`.
    #[must_use]
    pub fn of_source(config: Arc<Config>, source: Source) -> FileTracker {
        FileTracker::reading_with(post::read_with, config, source)
    }

    fn reading_with(read: ReadPost, config: Arc<Config>, source: Source) -> FileTracker {
        FileTracker {
            texts: Arc::new(FileTexts::new(source.clone())),
            source,
            holding: PinnedTexts::default(),
            versions: LastGoodVersions::default(),
            released: BTreeSet::new(),
            config,
            read,
            progress: Arc::default(),
            files: TrackedFiles::default(),
            inheritance: Inheritance::default(),
            pending: BTreeMap::new(),
            unread: BTreeMap::new(),
            missing: MissingFiles::default(),
            refused: Refused::default(),
            last_still: None,
            trouble: None,
            identity: None,
            has_aliases: false,
            is_polling: false,
            is_in_doubt: true,
        }
    }

    /// Has `read` read posts from now on.
    #[cfg(test)]
    pub(crate) fn read_with(&mut self, read: ReadPost) {
        self.read = read;
    }

    /// The same, which keeps at most `bytes` of texts in memory.
    #[must_use]
    pub fn keeping(self, bytes: u64) -> FileTracker {
        FileTracker {
            texts: Arc::new(FileTexts::keeping(bytes, self.source.clone())),
            ..self
        }
    }

    /// Whether changes are noticed by looks alone, which then vouch for a file's stillness only over a whole poll.
    pub fn set_polling(&mut self, is_polling: bool) {
        self.is_polling = is_polling;
    }

    /// Counts the files that are found and read in `progress` from now on.
    pub fn count_in(&mut self, progress: Arc<Progress>) {
        self.progress = progress;
    }

    /// Where its files come from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The texts of its posts. They read files.
    #[must_use]
    pub fn texts(&self) -> Arc<dyn Texts> {
        Arc::<FileTexts>::clone(&self.texts)
    }

    /// Every post, ordered by path: the newest version of each file that is one, without its text.
    pub fn posts(&self) -> impl Iterator<Item = &Arc<Post>> {
        self.files.posts()
    }

    /// Every post, as if all had changed.
    pub fn take_all(&mut self) -> Changes {
        self.files.take_all()
    }

    /// The posts that may be others than when this, or [`FileTracker::take_all`], was last asked.
    pub fn take_changes(&mut self) -> Changes {
        self.files.take_changes()
    }

    /// The post in the file at `path`.
    pub fn post(&self, path: &Utf8Path) -> Option<&Arc<Post>> {
        self.files.post(path)
    }

    /// The files that are not there, and not yet believed to be gone; and those that were renamed while what lies in their place is
    /// not yet taken.
    #[must_use]
    pub fn missing(&self) -> BTreeSet<Utf8PathBuf> {
        let mut displaced: HashMap<FileId, (&Utf8Path, &Version)> = HashMap::new();
        for (path, pending) in &self.pending {
            if let Some(before) = self.files.get(path).and_then(|known| known.version.as_ref())
                && before.file() != pending.version().file()
            {
                displaced.insert(before.file(), (path.as_path(), before));
            }
        }
        if displaced.is_empty() {
            return self.missing.paths().cloned().collect();
        }
        let renamed = self.files.iter().filter_map(|known| {
            let version = known.version.as_ref()?;
            let (from, before) = displaced.get(&version.file())?;
            (known.path() != *from && before.is_same_file_moved(version)).then(|| from.to_path_buf())
        });
        self.missing.paths().cloned().chain(renamed).collect()
    }

    /// Whether there is a file at `path`, as far as could be seen: one that cannot be read, or not yet, is there too.
    #[must_use]
    pub fn is_there(&self, path: &Utf8Path) -> bool {
        // what is no post is waited for here, and a post by who knows which one it is
        let is_known = self
            .files
            .get(path)
            .is_some_and(|known| known.post().is_none() || !self.missing.contains(path));
        let is_waiting = self.pending.contains_key(path) || self.inheritance.waiting(path).is_some();
        is_known || is_waiting || self.unread.contains_key(path) || self.refused.covers(path)
    }

    /// Lets go of the file at `path` before it is believed to be gone: its post turned out to be in another one.
    pub fn let_go(&mut self, path: &Utf8Path) {
        if self.missing.contains(path) {
            self.forget(path);
        }
    }

    /// What is to be said about the files, ordered by path and place.
    #[must_use]
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let unread = self.unread.values().map(|(_, diagnostic)| diagnostic);
        let refused = self.refused.iter();
        let mut all: Vec<Diagnostic> = self.files.said().chain(unread).chain(refused).cloned().collect();
        all.extend(self.inheritance.diagnostics());
        all.sort();
        all.dedup();
        all
    }

    /// Notes whether readers have the post in the file at `path`, which is held back as it is read.
    pub fn release(&mut self, path: &Utf8Path, is_with_readers: bool) {
        if is_with_readers {
            self.released.insert(path.to_owned());
        } else {
            self.released.remove(path);
        }
    }

    /// Whether readers have the post in the file at `path` although it is held back as it is read.
    #[must_use]
    pub fn is_released(&self, path: &Utf8Path) -> bool {
        self.released.contains(path)
    }

    /// Whether the newest version of the file at `path` is refused.
    #[must_use]
    pub fn is_refused(&self, path: &Utf8Path) -> bool {
        self.files.get(path).is_some_and(|known| known.refusal().is_some())
    }

    /// Why the posts may not be what the folder holds.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.trouble.as_ref().map(ToString::to_string)
    }

    /// Looks where `hints` say, and where something is waited for, at the instant `now`; `tick` is the monotonic clock.
    pub fn look(&mut self, hints: &Hints, now: Timestamp, tick: Duration) -> ScanOutcome {
        self.look_for(ScanOutcome::default(), hints, now, tick)
    }

    /// The same, and notes nothing of what happened to posts: what was there before feedmill is no news.
    pub fn look_quietly(&mut self, hints: &Hints, now: Timestamp, tick: Duration) -> ScanOutcome {
        let outcome = ScanOutcome {
            is_quiet: true,
            ..ScanOutcome::default()
        };
        self.look_for(outcome, hints, now, tick)
    }

    fn look_for(&mut self, mut outcome: ScanOutcome, hints: &Hints, now: Timestamp, tick: Duration) -> ScanOutcome {
        let at = Instants {
            now,
            tick,
            is_first: false,
        };
        if let Err(trouble) = self.see(hints, at, &mut outcome) {
            // nothing is known of what the folder holds, so all that was known still holds
            self.is_in_doubt = true;
            self.set_trouble(Some(trouble), &mut outcome);
            outcome.again_in = Some(TROUBLED);
            return outcome;
        }
        let held = self.missing.held();
        let trouble = held.map(|held| Degraded::MassRemoval(held, self.config.watch.vanish_grace));
        self.set_trouble(trouble, &mut outcome);
        outcome.again_in = self.due().map(|due| due.saturating_sub(tick).max(Duration::from_millis(1)));
        outcome
    }

    fn see(&mut self, hints: &Hints, at: Instants, outcome: &mut ScanOutcome) -> Result<(), Degraded> {
        let (scan, absent) = self.scan(hints)?;
        let doubt = self.identity.and_then(|before| scan.doubt(before));
        if doubt == Some(ScanDoubt::Unmounted) && self.files.post_count() > 0 {
            return Err(Degraded::Unmounted);
        }
        if doubt.is_some() {
            self.missing.suspect();
        }
        let is_first = self.identity.replace(scan.identity).is_none();
        outcome.looked_everywhere = scan.scope == ScanScope::Everywhere;
        if outcome.looked_everywhere {
            self.has_aliases = scan.has_aliases;
            self.is_in_doubt = false;
        }
        self.refuse(&scan, at, outcome);
        for path in absent {
            self.mark_missing(path, at.tick, outcome);
        }
        let at = Instants { is_first, ..at };
        self.settle_companions(&scan, hints, at, outcome);
        self.update_files(&scan, hints, at, outcome);
        if !self.missing.is_empty() || self.missing.held().is_some() {
            let gone = self
                .missing
                .gone(self.files.post_count(), scan.is_empty, at.tick, &self.config.watch);
            for path in gone {
                self.drop_post(&path, PostEventKind::Removed, outcome);
            }
        }
        self.let_go_of_texts();
        self.forget_versions();
        Ok(())
    }

    /// Scans where `hints` say, or everywhere if most posts are missing there; returns also the known files that are not there.
    fn scan(&self, hints: &Hints) -> Result<(Scan, Vec<Utf8PathBuf>), Degraded> {
        let is_known = |path: &Utf8Path| self.files.contains(path);
        let scan_in = |scope: &ScanScope| {
            let scan = self.source.scan(scope, &is_known);
            scan.map_err(|error| Degraded::unreadable(&error))
        };
        let scan = scan_in(&self.scan_scope(hints))?;
        let absent = self.absent(&scan);
        if scan.scope == ScanScope::Everywhere || absent.is_empty() || absent.len() * 2 <= self.files.post_count() {
            return Ok((scan, absent));
        }
        let scan = scan_in(&ScanScope::Everywhere)?;
        let absent = self.absent(&scan);
        Ok((scan, absent))
    }

    /// Lets go of the texts of files that have them.
    fn let_go_of_texts(&mut self) {
        let is_refused = |path: &Utf8Path| self.files.get(path).is_some_and(|known| known.refusal().is_some());
        let has_lost_it = |path: &Utf8Path| {
            let is_there = !self.missing.contains(path) && !self.refused.covers(path);
            !is_there || self.pending.contains_key(path) || self.unread.contains_key(path) || is_refused(path)
        };
        self.holding.retain(has_lost_it);
    }

    /// Holds on to the text of the post in the file at `path`, if it is in memory.
    fn hold_text(&mut self, path: &Utf8Path) {
        if let Some(post) = self.files.post(path) {
            self.holding.hold(path, post, &self.texts);
        }
    }

    /// Where to look: where `hints` say, and wherever something is waited for.
    fn scan_scope(&self, hints: &Hints) -> ScanScope {
        let concerns_others = self.has_aliases && !hints.is_empty();
        if hints.everything || concerns_others || self.is_in_doubt {
            return ScanScope::Everywhere;
        }
        let hinted = hints.paths.keys().filter(|path| self.source.rules().concerns(path));
        let hinted: BTreeSet<Utf8PathBuf> = hinted
            .chain(self.pending.keys())
            .chain(self.missing.paths())
            .cloned()
            .collect();
        let of_companions = self.places_of_companions(&hinted);
        ScanScope::At(hinted.into_iter().chain(of_companions).collect())
    }

    fn due(&self) -> Option<Duration> {
        let together = self
            .last_still
            .map_or(Duration::ZERO, |last| last.saturating_add(self.config.watch.settle));
        let pending = self.pending.values().map(Pending::due).min().map(|due| due.max(together));
        let missing = self.missing.due(&self.config.watch);
        [pending, missing, self.inheritance.due()].into_iter().flatten().min()
    }

    fn set_trouble(&mut self, trouble: Option<Degraded>, outcome: &mut ScanOutcome) {
        let folder = Utf8Path::new("");
        match &trouble {
            Some(trouble) if !trouble.goes_on_from(self.trouble.as_ref()) => {
                let why = trouble.to_string();
                outcome.report(folder, None, PostEventKind::Held { why });
            }
            None if self.trouble.is_some() => outcome.report(folder, None, PostEventKind::Mended),
            _ => {}
        }
        self.trouble = trouble;
    }
}

#[cfg(test)]
mod tests;
