//! Tracks the state of each file of a source: the version that was accepted, the one that is pending, and whether the file is missing.
//!
//! A tracker has no clocks and no threads of its own. The same files and times give the same result, so every rule about writers, editors
//! and unmounted disks is tested without waiting. A hint only says where to scan; the scan decides.

mod files;
mod inheritance;
mod last_good;
mod media_files;
mod pending;
mod pinned_texts;
mod prefetch;
mod refused;
mod rename_detector;
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
use crate::source_file::FileChanges;
use crate::storage::StoredVersion;
use crate::time::Timestamp;

use self::files::{TrackedFiles, below};
use self::inheritance::Inheritance;
use self::last_good::LastGoodVersions;
use self::media_files::MediaFiles;
use self::pending::Pending;
use self::pinned_texts::PinnedTexts;
use self::refused::Refused;
pub(crate) use self::tracked_file::{EMPTIED, MEND_EMPTIED, read_post};
use self::tracked_file::{ReadPost, TrackedFile};
use super::degraded::Degraded;
use super::post_event::{PostEvent, PostEventKind};
use super::progress::Progress;
use super::removal_policy::MissingFiles;

/// How long to wait before another scan of a source that could not be scanned.
const RETRY: Duration = Duration::from_secs(1);

/// Tracks the state of each file of a source.
#[derive(Debug)]
pub struct FileTracker {
    config: Arc<Config>,
    source: Source,
    /// The texts of the posts. `Post` itself does not contain them here.
    texts: Arc<FileTexts>,
    pinned_texts: PinnedTexts,
    last_good: LastGoodVersions,
    /// The files of posts that are held back by the rules but already public.
    released: BTreeSet<Utf8PathBuf>,
    read: ReadPost,
    /// Counts the files that are found and read.
    progress: Arc<Progress>,
    files: TrackedFiles,
    media: MediaFiles,
    /// What posts inherit from other files.
    inheritance: Inheritance,
    /// Files whose newest version is not accepted yet.
    pending: BTreeMap<Utf8PathBuf, Pending>,
    /// Files whose newest version could not be read.
    unread: BTreeMap<Utf8PathBuf, (Version, Diagnostic)>,
    /// Files of posts that are missing and do not count as removed yet.
    missing: MissingFiles,
    /// The diagnostics of refused files, by path.
    refused: Refused,
    /// When a file was last accepted because it was stable.
    last_settled: Option<Duration>,
    /// Why the posts may differ from those in the source.
    degraded: Option<Degraded>,
    /// The identity of the source in the last scan that was trusted.
    identity: Option<SourceIdentity>,
    /// Whether a change at one path may affect posts at other paths.
    has_aliases: bool,
    is_polling: bool,
    /// Whether a change may have been missed, so that the next scan is a full one.
    may_have_missed: bool,
}

/// The time of a scan, by the wall clock and by the monotonic clock, and whether it is the first scan.
#[derive(Clone, Copy)]
struct Instants {
    now: Timestamp,
    tick: Duration,
    is_first: bool,
}

/// The result of a scan.
#[derive(Debug, Default)]
pub struct ScanOutcome {
    /// Whether posts or diagnostics changed.
    pub changed: bool,
    /// The time until the next scan is due; `None` if none is due.
    pub again_in: Option<Duration>,
    /// Events about posts.
    pub events: Vec<PostEvent>,
    /// Whether everything was scanned.
    pub scanned_everywhere: bool,
    /// Whether events are dropped.
    is_quiet: bool,
}

impl ScanOutcome {
    fn report(&mut self, path: &Utf8Path, post: Option<&Post>, event: PostEventKind) {
        if self.is_quiet {
            return;
        }
        self.events.push(PostEvent {
            path: path.to_owned(),
            address: post.map(|post| post.address.to_string()),
            event,
        });
    }
}

impl FileTracker {
    /// Returns a tracker for the folder at `root`, without any files yet.
    #[must_use]
    pub fn new(config: Arc<Config>, root: impl Into<Utf8PathBuf>) -> FileTracker {
        let source = Source::folder(root, &config.posts);
        FileTracker::of_source(config, source)
    }

    /// Returns a tracker for `source`, without any files yet.
    #[must_use]
    pub fn of_source(config: Arc<Config>, source: Source) -> FileTracker {
        FileTracker::reading_with(post::read_with, config, source)
    }

    fn reading_with(read: ReadPost, config: Arc<Config>, source: Source) -> FileTracker {
        FileTracker {
            texts: Arc::new(FileTexts::new(source.clone())),
            source,
            pinned_texts: PinnedTexts::default(),
            last_good: LastGoodVersions::default(),
            released: BTreeSet::new(),
            config,
            read,
            progress: Arc::default(),
            files: TrackedFiles::default(),
            media: MediaFiles::default(),
            inheritance: Inheritance::default(),
            pending: BTreeMap::new(),
            unread: BTreeMap::new(),
            missing: MissingFiles::default(),
            refused: Refused::default(),
            last_settled: None,
            degraded: None,
            identity: None,
            has_aliases: false,
            is_polling: false,
            may_have_missed: true,
        }
    }

    /// Reads posts with `read` from now on.
    #[cfg(test)]
    pub(crate) fn read_with(&mut self, read: ReadPost) {
        self.read = read;
    }

    /// Returns this tracker with a limit of `bytes` for texts in memory.
    #[must_use]
    pub fn with_cache_limit(self, bytes: u64) -> FileTracker {
        FileTracker {
            texts: Arc::new(FileTexts::with_cache_limit(bytes, self.source.clone())),
            ..self
        }
    }

    /// Sets whether changes are noticed by polling. A file then counts as stable only after a whole interval.
    pub fn set_polling(&mut self, is_polling: bool) {
        self.is_polling = is_polling;
    }

    /// Sets the counters for the files that are found and read.
    pub fn count_in(&mut self, progress: Arc<Progress>) {
        self.progress = progress;
    }

    /// The source of the files.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The texts of the posts, which may be read from files.
    #[must_use]
    pub fn texts(&self) -> Arc<dyn Texts> {
        Arc::<FileTexts>::clone(&self.texts)
    }

    /// All posts, ordered by path: the newest good version of each file, without its text.
    pub fn posts(&self) -> impl Iterator<Item = &Arc<Post>> {
        self.files.posts()
    }

    /// Returns all posts as changed.
    pub fn take_all(&mut self) -> Changes {
        self.files.take_all()
    }

    /// Returns the posts that may have changed since the last call of this method or of [`FileTracker::take_all`].
    pub fn take_changes(&mut self) -> Changes {
        self.files.take_changes()
    }

    /// Returns all media files as changed.
    pub fn take_all_media(&mut self) -> FileChanges {
        self.media.take_all()
    }

    /// Returns the media files that changed since the last call of this method or of [`FileTracker::take_all_media`].
    pub fn take_media_changes(&mut self) -> FileChanges {
        self.media.take_changes()
    }

    /// The post in the file at `path`.
    pub fn post(&self, path: &Utf8Path) -> Option<&Arc<Post>> {
        self.files.post(path)
    }

    /// The files that are missing and do not count as removed yet, and the old paths of renamed files where another file is pending.
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

    /// Whether the last scan of `path` found a file. One that is pending or cannot be read counts too.
    #[must_use]
    pub fn is_there(&self, path: &Utf8Path) -> bool {
        // the ledger waits for a missing file with a post, because it knows the post
        let is_known = self
            .files
            .get(path)
            .is_some_and(|known| known.post().is_none() || !self.missing.contains(path));
        let is_waiting = self.pending.contains_key(path) || self.inheritance.waiting(path).is_some();
        is_known || is_waiting || self.unread.contains_key(path) || self.refused.covers(path)
    }

    /// Removes the missing file at `path` before it counts as removed, because its post was found in another file.
    pub fn remove_missing(&mut self, path: &Utf8Path) {
        if self.missing.contains(path) {
            self.forget(path);
        }
    }

    /// All diagnostics, ordered by path and position.
    #[must_use]
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let unread = self.unread.values().map(|(_, diagnostic)| diagnostic);
        let refused = self.refused.iter();
        let mut all: Vec<Diagnostic> = self.files.diagnostics().chain(unread).chain(refused).cloned().collect();
        all.extend(self.inheritance.diagnostics());
        all.sort();
        all.dedup();
        all
    }

    /// Sets whether the post in the file at `path` is public although the rules hold it back.
    pub fn release(&mut self, path: &Utf8Path, is_public: bool) {
        if is_public {
            self.released.insert(path.to_owned());
        } else {
            self.released.remove(path);
        }
    }

    /// Whether the post in the file at `path` is public although the rules hold it back.
    #[must_use]
    pub fn is_released(&self, path: &Utf8Path) -> bool {
        self.released.contains(path)
    }

    /// Whether the newest version of the file at `path` is refused.
    #[must_use]
    pub fn is_refused(&self, path: &Utf8Path) -> bool {
        self.files.get(path).is_some_and(|known| known.refusal().is_some())
    }

    /// Why the posts may differ from those in the source.
    #[must_use]
    pub fn degraded_reason(&self) -> Option<String> {
        self.degraded.as_ref().map(ToString::to_string)
    }

    /// Scans the paths in `hints` and all pending paths, at the time `now`; `tick` is the time of the monotonic clock.
    pub fn scan(&mut self, hints: &Hints, now: Timestamp, tick: Duration) -> ScanOutcome {
        self.scan_for(ScanOutcome::default(), hints, now, tick)
    }

    /// Does the same as [`FileTracker::scan`] without events, for the files that exist before the start.
    pub fn scan_quietly(&mut self, hints: &Hints, now: Timestamp, tick: Duration) -> ScanOutcome {
        let outcome = ScanOutcome {
            is_quiet: true,
            ..ScanOutcome::default()
        };
        self.scan_for(outcome, hints, now, tick)
    }

    fn scan_for(&mut self, mut outcome: ScanOutcome, hints: &Hints, now: Timestamp, tick: Duration) -> ScanOutcome {
        let at = Instants {
            now,
            tick,
            is_first: false,
        };
        if let Err(degraded) = self.take_scan(hints, at, &mut outcome) {
            // the scan says nothing about the source, so the state from before stays
            self.may_have_missed = true;
            self.set_degraded(Some(degraded), &mut outcome);
            outcome.again_in = Some(RETRY);
            return outcome;
        }
        let degraded = self.missing.degraded(&self.config.watch);
        self.set_degraded(degraded, &mut outcome);
        outcome.again_in = self.due().map(|due| due.saturating_sub(tick).max(Duration::from_millis(1)));
        outcome
    }

    /// Scans the paths in `hints`, and updates the files with the result.
    fn take_scan(&mut self, hints: &Hints, at: Instants, outcome: &mut ScanOutcome) -> Result<(), Degraded> {
        let (scan, absent) = self.scan_source(hints)?;
        let doubt = self.identity.and_then(|before| scan.doubt(before));
        if doubt == Some(ScanDoubt::Unmounted) && self.files.post_count() > 0 {
            return Err(Degraded::Unmounted);
        }
        if doubt.is_some() {
            self.missing.note_replaced();
        }
        self.missing.note_posts(self.files.post_count());
        let is_first = self.identity.replace(scan.identity).is_none();
        outcome.scanned_everywhere = scan.scope == ScanScope::Everywhere;
        if outcome.scanned_everywhere {
            self.has_aliases = scan.has_aliases;
            self.may_have_missed = false;
        }
        outcome.changed |= self.media.update(&scan, doubt.is_some());
        self.refuse(&scan, at, outcome);
        for path in absent {
            self.mark_missing(path, at.tick, outcome);
        }
        let at = Instants { is_first, ..at };
        self.settle_companions(&scan, hints, at, outcome);
        self.update_files(&scan, hints, at, outcome);
        if !self.missing.is_empty() {
            let gone = self
                .missing
                .removed(self.files.post_count(), scan.is_empty, at.tick, &self.config.watch);
            for path in gone {
                self.drop_post(&path, PostEventKind::Removed, outcome);
            }
        }
        self.release_texts();
        self.forget_versions();
        Ok(())
    }

    /// Scans the paths in `hints`, or everywhere if most posts are missing there. Returns also the tracked files that were not found.
    fn scan_source(&self, hints: &Hints) -> Result<(Scan, Vec<Utf8PathBuf>), Degraded> {
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

    /// Unpins the texts that can be read from their files again.
    fn release_texts(&mut self) {
        let is_refused = |path: &Utf8Path| self.files.get(path).is_some_and(|known| known.refusal().is_some());
        let needs_pin = |path: &Utf8Path| {
            let is_there = !self.missing.contains(path) && !self.refused.covers(path);
            !is_there || self.pending.contains_key(path) || self.unread.contains_key(path) || is_refused(path)
        };
        self.pinned_texts.retain(needs_pin);
    }

    /// Pins the text of the post in the file at `path`, if it is in memory.
    fn pin_text(&mut self, path: &Utf8Path) {
        if let Some(post) = self.files.post(path) {
            self.pinned_texts.pin(path, post, &self.texts);
        }
    }

    /// The paths to scan: those in `hints`, and all that are pending or missing.
    fn scan_scope(&self, hints: &Hints) -> ScanScope {
        let affects_others = self.has_aliases && !hints.is_empty();
        if hints.everything || affects_others || self.may_have_missed {
            return ScanScope::Everywhere;
        }
        let hinted = hints.paths.keys().filter(|path| self.source.rules().concerns(path));
        let hinted: BTreeSet<Utf8PathBuf> = hinted
            .chain(self.pending.keys())
            .chain(self.missing.paths())
            .cloned()
            .collect();
        let inherited = self.inheritance_scope(&hinted);
        ScanScope::At(hinted.into_iter().chain(inherited).collect())
    }

    fn due(&self) -> Option<Duration> {
        let together = self
            .last_settled
            .map_or(Duration::ZERO, |last| last.saturating_add(self.config.watch.settle));
        let pending = self.pending.values().map(Pending::due).min().map(|due| due.max(together));
        let missing = self.missing.due(&self.config.watch);
        [pending, missing, self.inheritance.due()].into_iter().flatten().min()
    }

    fn set_degraded(&mut self, degraded: Option<Degraded>, outcome: &mut ScanOutcome) {
        let folder = Utf8Path::new("");
        match &degraded {
            Some(degraded) if !degraded.is_like(self.degraded.as_ref()) => {
                let why = degraded.to_string();
                outcome.report(folder, None, PostEventKind::Held { why });
            }
            None if self.degraded.is_some() => outcome.report(folder, None, PostEventKind::Mended),
            _ => {}
        }
        self.degraded = degraded;
    }

    /// The tracked files in the scope of `scan` that it did not find.
    fn absent(&self, scan: &Scan) -> Vec<Utf8PathBuf> {
        let is_absent = |path: &Utf8Path| !scan.files.contains(path) && !scan.is_blind_to(path);
        let mut absent = BTreeSet::new();
        let roots = match &scan.scope {
            ScanScope::Everywhere => &BTreeSet::from([Utf8PathBuf::new()]),
            ScanScope::At(paths) => paths,
        };
        for root in roots {
            let others = below(&self.pending, root).chain(below(&self.unread, root));
            let all = self.files.below(root).chain(others.map(Utf8PathBuf::as_path));
            absent.extend(all.filter(|path| is_absent(path)));
        }
        absent.into_iter().map(Utf8Path::to_path_buf).collect()
    }

    /// Records the files that the scan refused.
    fn refuse(&mut self, scan: &Scan, at: Instants, outcome: &mut ScanOutcome) {
        let change = self.refused.replace(scan);
        outcome.changed |= change.differs;
        for path in &scan.unreadable {
            self.pin_text(path);
            self.keep_or_restore_version(path, at);
        }
        for diagnostic in change.new {
            self.report_broken(&diagnostic.path, &diagnostic, outcome);
        }
        for path in change.opened {
            outcome.report(&path, None, PostEventKind::Mended);
        }
    }

    /// Records that the file at `path` is missing.
    fn mark_missing(&mut self, path: Utf8PathBuf, tick: Duration, outcome: &mut ScanOutcome) {
        self.pending.remove(&path);
        outcome.changed |= self.unread.remove(&path).is_some();
        // a file that is not tracked is left to the ledger: its post may be known from before the start
        if self.files.contains(&path) {
            self.pin_text(&path);
            self.missing.add(path, tick);
        }
    }

    /// Removes the file at `path`, and reports `event` if it had a post.
    fn drop_post(&mut self, path: &Utf8Path, event: PostEventKind, outcome: &mut ScanOutcome) {
        if let Some(known) = self.forget(path) {
            if let Some(post) = known.post() {
                outcome.report(path, Some(post), event);
            }
            outcome.changed = true;
        }
    }

    /// Removes the file at `path`.
    fn forget(&mut self, path: &Utf8Path) -> Option<TrackedFile> {
        if let Some(since) = self.missing.since(path) {
            self.note_missing(path, since);
        }
        self.missing.remove(path);
        self.inheritance.forget(path);
        self.released.remove(path);
        self.files.remove(path)
    }
}

#[cfg(test)]
mod tests;
