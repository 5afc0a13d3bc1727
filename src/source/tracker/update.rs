//! Decides which new versions of files are accepted in a scan, and accepts them.
//!
//! Files are accepted one by one, in the order of their paths. If there are many, they are read in advance.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use crate::diagnostic::{Diagnostic, Severity};
use crate::post::{Digest, ParsedPost, Post};
use crate::source::post_event::PostEventKind;
use crate::source::rules::companions::Companions;
use crate::source::watch::Hints;
use crate::source::{FileEntry, ReadError, Scan};

use super::pending::{Circumstances, Pending};
use super::prefetch::{DueVersion, Prefetched, Prefetcher, ReadVersion, VersionReader};
use super::rename_detector::RenameDetector;
use super::tracked_file::{FileState, LastGoodOutcome, RefusedVersion, TrackedFile, check_replacement, last_good_stays};
use super::{FileTracker, Instants, ScanOutcome};

/// Whether two versions of the same bytes look the same to readers. Their inherited fields may differ.
fn is_alike(one: &Post, other: &Post) -> bool {
    let fields = |post: &Post| {
        (
            post.status,
            post.kind,
            post.is_held,
            post.content,
            post.in_feeds,
            post.expires,
        )
    };
    fields(one) == fields(other) && one.title == other.title && one.tags == other.tags
}

/// The context shared by all files of one scan.
struct ScanContext<'a> {
    hints: &'a Hints,
    at: Instants,
    renames: RenameDetector,
    scan: &'a Scan,
    /// How long ago the last change must be for a close to count, and how long any other file has to be stable.
    waits: (Duration, Duration),
    /// Whether files that were stable for long enough are accepted in this scan.
    accepts_stable: bool,
    /// Whether texts are kept in memory. If there are more than fit, arbitrary ones would be kept.
    keeps_texts: bool,
}

/// The state of a file before the version that is being accepted.
struct FormerVersion {
    /// The newest good version.
    last_good: Option<Arc<Post>>,
    /// Whether it is public.
    is_public: bool,
    /// The old path of the file, if it was moved here.
    moved_from: Option<Utf8PathBuf>,
    /// Whether the last version was not published because of an error.
    was_broken: bool,
    /// Whether the version that is being accepted was refused before.
    is_refused_already: bool,
}

/// Whether the newest version of a file may be accepted.
enum Readiness {
    /// No: there are too many files.
    NoRoom,
    /// Not yet: it has to be stable first.
    Wait(Pending),
    /// Yes.
    Accept { was_stable: bool },
}

impl FileTracker {
    /// Accepts the new versions of the files that a scan found and that are finished.
    pub(super) fn update_files(&mut self, scan: &Scan, hints: &Hints, at: Instants, outcome: &mut ScanOutcome) {
        for path in scan.files.paths() {
            self.missing.remove(path);
        }
        let mut context = self.scan_context(scan, hints, at);
        let awaited = self.inheritance.awaited();
        let mut changed = Vec::new();
        for (path, entry) in scan.files.iter() {
            if awaited.contains(path) {
                // the time that it is stable counts meanwhile
                let pending = self.pending_now(path, entry, &context);
                self.inheritance.await_companions(path, pending);
            } else if self.is_unchanged(path, entry) {
                self.pending.remove(path);
                self.mark_readable(path, outcome);
            } else {
                changed.push((path, entry));
            }
        }
        let sizes = changed.iter().map(|(_, entry)| entry.version.size());
        context.keeps_texts = self.texts.has_room_for(sizes.sum());
        let due = changed.iter().filter(|(path, entry)| self.is_due(path, entry, &context));
        let due: Vec<DueVersion> = due.map(|(path, entry)| self.due_at(path, entry)).collect();
        self.progress.add_found(due.len());
        let (source, config, progress) = (self.source.clone(), Arc::clone(&self.config), Arc::clone(&self.progress));
        let companions = self.inheritance.companions();
        let reader = VersionReader {
            source: &source,
            config: &config,
            read: self.read,
            companions: &companions,
            keeps_texts: context.keeps_texts,
            progress: &progress,
        };
        let reading = Prefetcher::new(reader, due);
        thread::scope(|scope| {
            let mut prefetched = reading.begin(scope);
            for (path, entry) in changed {
                self.update_file(path, entry, &mut context, &mut prefetched, outcome);
            }
        });
        self.inheritance.retain_waiting(&awaited);
    }

    fn scan_context<'a>(&self, scan: &'a Scan, hints: &'a Hints, at: Instants) -> ScanContext<'a> {
        let missing = self.missing.paths().filter_map(|path| self.files.get(path));
        let displaced = scan.files.iter().filter_map(|(path, entry)| {
            let known = self.files.get(path)?;
            let is_same = known
                .version
                .is_some_and(|version| version.is_same_file_moved(&entry.version));
            (!is_same).then_some(known)
        });
        let settle = self.config.watch.settle;
        let polled = if self.is_polling {
            self.config.watch.poll
        } else {
            Duration::ZERO
        };
        ScanContext {
            hints,
            at,
            renames: RenameDetector::of(missing).with_displaced(displaced),
            scan,
            waits: (settle, settle.max(polled)),
            // files that are written one by one become stable one by one: they are accepted, and built, together
            accepts_stable: self.last_settled.is_none_or(|last| at.tick.saturating_sub(last) >= settle),
            keeps_texts: true,
        }
    }

    /// Whether the file at `path`, found as `entry`, and its inherited fields are unchanged since it was accepted.
    fn is_unchanged(&self, path: &Utf8Path, entry: &FileEntry) -> bool {
        let known = self.files.get(path);
        let is_same = known.is_some_and(|known| known.version == Some(entry.version) && !known.is_recent);
        is_same && self.inherited_hash(path) == self.inheritance.hash_of(path)
    }

    /// Accepts the version of the file at `path` that was found as `entry`, or makes it wait.
    fn update_file(
        &mut self,
        path: &Utf8Path,
        entry: &FileEntry,
        context: &mut ScanContext,
        prefetched: &mut Prefetched,
        outcome: &mut ScanOutcome,
    ) {
        match self.readiness(path, entry, context) {
            Readiness::NoRoom => {}
            Readiness::Wait(pending) => {
                self.pin_text(path);
                self.pending.insert(path.to_owned(), pending);
                if !self.files.contains(path) {
                    // until it is stable, its last good version from before the start is published
                    self.keep_or_restore_version(path, context.at);
                }
            }
            Readiness::Accept { was_stable } => {
                if was_stable {
                    self.last_settled = Some(context.at.tick);
                }
                // since it was read in advance, the version that it was compared with may have moved to another file of this scan
                let is_valid = |read: &Result<ReadVersion, ReadError>| match read {
                    Ok(ReadVersion {
                        digest, reading: None, ..
                    }) => self.files.get(path).is_some_and(|known| known.digest() == *digest),
                    _ => true,
                };
                let read = prefetched.take_version(path).filter(is_valid).unwrap_or_else(|| {
                    let companions = self.inheritance.companions();
                    self.reader(&companions, context.keeps_texts).read(self.due_at(path, entry))
                });
                self.accept_read(path, entry, read, context, outcome);
            }
        }
    }

    fn readiness(&self, path: &Utf8Path, entry: &FileEntry, context: &ScanContext) -> Readiness {
        let known = self.files.get(path);
        let is_seen_again = known.is_some_and(|known| known.version == Some(entry.version))
            || self.unread.get(path).is_some_and(|(version, _)| *version == entry.version);
        if is_seen_again {
            return Readiness::Accept { was_stable: false };
        }
        if known.is_none() && self.files.len() >= self.config.posts.max_files {
            return Readiness::NoRoom;
        }
        let at = context.at;
        let pending = self.pending_now(path, entry, context);
        if pending.due() > at.tick || (pending.is_waiting() && !context.accepts_stable) {
            return Readiness::Wait(pending);
        }
        Readiness::Accept {
            was_stable: pending.is_waiting(),
        }
    }

    /// The pending state of the file at `path` that was found as `entry` in this scan.
    fn pending_now(&self, path: &Utf8Path, entry: &FileEntry, context: &ScanContext) -> Pending {
        let known = self.files.get(path);
        let at = context.at;
        let circumstances = Circumstances {
            hint: context.hints.paths.get(path).copied(),
            age: known.map(|known| known.taken.age(at.tick)),
            is_certain: (at.is_first && !entry.version.is_recent(at.now)) || context.renames.contains_moved(&entry.version),
        };
        let before = self.pending.get(path).or_else(|| self.inheritance.waiting(path)).cloned();
        Pending::new(before, entry.version, circumstances, at.tick, context.waits)
    }

    fn is_due(&self, path: &Utf8Path, entry: &FileEntry, context: &ScanContext) -> bool {
        matches!(self.readiness(path, entry, context), Readiness::Accept { .. })
    }

    fn due_at<'a>(&self, path: &'a Utf8Path, entry: &'a FileEntry) -> DueVersion<'a> {
        let known = self.files.get(path);
        let known = known
            .filter(|known| {
                known
                    .version
                    .is_some_and(|version| version.modified() == entry.version.modified())
            })
            .filter(|_| self.inherited_hash(path) == self.inheritance.hash_of(path));
        DueVersion {
            path,
            entry,
            known: known.map(TrackedFile::digest),
        }
    }

    fn reader<'a>(&'a self, companions: &'a Companions, keeps_texts: bool) -> VersionReader<'a> {
        VersionReader {
            companions,
            source: &self.source,
            config: &self.config,
            read: self.read,
            keeps_texts,
            progress: &self.progress,
        }
    }

    /// Accepts the version of the file at `path` that was found as `entry` and read as `read`.
    fn accept_read(
        &mut self,
        path: &Utf8Path,
        entry: &FileEntry,
        read: Result<ReadVersion, ReadError>,
        context: &mut ScanContext,
        outcome: &mut ScanOutcome,
    ) {
        self.pending.remove(path);
        match read {
            Ok(read) => self.accept_version(path, entry, read, context, outcome),
            Err(ReadError::Changed | ReadError::Gone) => {
                // the next scan finds its new version
                let settle = self.config.watch.settle;
                let tick = context.at.tick;
                let pending = Pending::new(None, entry.version, Circumstances::default(), tick, (settle, settle));
                self.pending.insert(path.to_owned(), pending);
            }
            Err(ReadError::Refused(diagnostic)) => {
                // changed permissions or times are not reported while it still cannot be read
                if self.unread.get(path).is_none_or(|(_, before)| *before != diagnostic) {
                    outcome.changed = true;
                    self.report_broken(path, &diagnostic, outcome);
                }
                self.pin_text(path);
                self.unread.insert(path.to_owned(), (entry.version, diagnostic));
                self.keep_or_restore_version(path, context.at);
            }
        }
    }

    fn accept_version(
        &mut self,
        path: &Utf8Path,
        entry: &FileEntry,
        read: ReadVersion,
        context: &mut ScanContext,
        outcome: &mut ScanOutcome,
    ) {
        let was_unread = self.mark_readable(path, outcome);
        let is_recent = entry.version.is_recent(context.at.now);
        let Some(reading) = read.reading else {
            self.record_same_content(path, entry, is_recent, was_unread, outcome);
            return;
        };
        outcome.changed = true;
        self.inheritance.record(path, read.inherited_state);
        let former = self.take_former(path, read.digest, was_unread, context);
        let reading = reading.and_then(|reading| check_replacement(reading, former.last_good.as_deref(), former.is_public));
        let (state, diagnostics) = match reading {
            Ok(reading) => {
                let event = event_of(&reading, &former);
                let event = match context.renames.take_by_content(read.digest) {
                    // the file moved here, so its old path is removed
                    Some(from) => {
                        self.forget(&from);
                        Some(PostEventKind::Moved { from })
                    }
                    None => event,
                };
                if let Some(event) = event {
                    outcome.report(path, Some(&reading.post), event);
                }
                self.pinned_texts.release(path);
                self.released.remove(path);
                (
                    FileState::Post(self.cache_text(reading.post, read.bytes.as_deref())),
                    reading.remarks,
                )
            }
            Err(error) => self.refuse_version(path, entry, read.digest, former, error, outcome),
        };
        let known = TrackedFile {
            version: Some(entry.version),
            is_recent,
            taken: context.at.tick.into(),
            state,
        };
        self.files.insert(known, diagnostics);
    }

    /// Removes and returns the state of the file at `path`, whose version with this digest is being accepted.
    fn take_former(&mut self, path: &Utf8Path, digest: Digest, was_unread: bool, context: &mut ScanContext) -> FormerVersion {
        let now = context.at.now;
        let known = self.files.remove(path);
        let was_public = known.as_ref().is_some_and(|known| self.is_public(known, now));
        let refusal = known.as_ref().and_then(TrackedFile::refusal);
        let mut former = FormerVersion {
            was_broken: was_unread || refusal.is_some_and(|refusal| refusal.why.severity == Severity::Error),
            is_refused_already: refusal.is_some_and(|refusal| refusal.digest == digest),
            is_public: was_public,
            last_good: known.and_then(TrackedFile::into_post),
            moved_from: None,
        };
        if former.last_good.is_none() {
            former.last_good = self.found_version(path);
            former.is_public |= former.last_good.is_some();
        }
        if former.last_good.is_none()
            && let Some((good, from, is_public)) = self.moved_version(path, digest, &mut context.renames, context.scan, now)
        {
            former.is_public |= is_public;
            former.last_good = Some(good);
            former.moved_from = from;
        }
        former
    }

    /// Returns the new state and diagnostics of the file at `path`, whose version with this digest, found as `entry`, is refused because of
    /// `error`.
    fn refuse_version(
        &mut self,
        path: &Utf8Path,
        entry: &FileEntry,
        digest: Digest,
        former: FormerVersion,
        error: Diagnostic,
        outcome: &mut ScanOutcome,
    ) -> (FileState, Vec<Diagnostic>) {
        let post = former.last_good.as_deref();
        if let Some(from) = former.moved_from {
            self.forget(&from);
            outcome.report(path, post, PostEventKind::Moved { from });
        // a file whose time only changed is not reported
        } else if !former.is_refused_already && (error.severity == Severity::Error || post.is_some()) {
            let why = error.message.clone();
            outcome.report(path, post, PostEventKind::Broken { why });
        }
        let (why, last_good) = match former.last_good {
            Some(good) => {
                let touched = entry.version.touched();
                let (why, good) = self.keep_last_good(path, good, former.is_public, (digest, touched, error));
                (why, Some(good))
            }
            None => (error, None),
        };
        let diagnostics = vec![why.clone()];
        let refusal = RefusedVersion {
            path: path.to_owned(),
            digest,
            why,
            last_good,
        };
        (FileState::Refused(Box::new(refusal)), diagnostics)
    }

    /// Records that the file at `path`, found as `entry`, has the same content as before.
    fn record_same_content(
        &mut self,
        path: &Utf8Path,
        entry: &FileEntry,
        is_recent: bool,
        was_unread: bool,
        outcome: &mut ScanOutcome,
    ) {
        if let Some(known) = self.files.get_mut(path) {
            known.version = Some(entry.version);
            known.is_recent = is_recent;
            if was_unread {
                let post = known.post().map(|post| &**post);
                outcome.report(path, post, PostEventKind::Mended);
            }
        }
    }

    /// Keeps or holds back the last good version of the file at `path`, whose newest version is refused because of `error`. If it is public
    /// (`is_public`), it stays published, also after a restart. If not, it is held back: the refused version may say that it is private.
    fn keep_last_good(
        &mut self,
        path: &Utf8Path,
        good: Arc<Post>,
        is_public: bool,
        (refused, touched, error): (Digest, i64, Diagnostic),
    ) -> (Diagnostic, Arc<Post>) {
        let has_text = self.pinned_texts.pin_or_read(path, &good, &self.texts);
        if is_public {
            self.keep_version(path, &good, Some(refused), Some(touched));
            let stays = if has_text {
                LastGoodOutcome::Whole
            } else {
                LastGoodOutcome::WithoutText
            };
            return (last_good_stays(error, stays), good);
        }
        let post = Arc::new(Post {
            is_held: true,
            ..Post::clone(&good)
        });
        (last_good_stays(error, LastGoodOutcome::HeldBack), post)
    }

    /// Stores the public version of the file at `path`, which cannot be read, for a restart; or restores the version stored before the
    /// start.
    pub(super) fn keep_or_restore_version(&mut self, path: &Utf8Path, at: Instants) {
        match self.files.get(path) {
            Some(known) => {
                if self.is_public(known, at.now)
                    && let Some(good) = known.post().cloned()
                {
                    self.keep_version(path, &good, None, None);
                }
            }
            None => {
                if let Some(good) = self.found_version(path) {
                    let known = TrackedFile {
                        version: None,
                        is_recent: true,
                        taken: at.tick.into(),
                        state: FileState::Post(good),
                    };
                    self.files.insert(known, Vec::new());
                }
            }
        }
    }

    /// Moves the text of `post` into the cache. `file` is the whole content of its file.
    fn cache_text(&mut self, mut post: Post, file: Option<&[u8]>) -> Arc<Post> {
        self.texts.cache_text_and_file(&mut post, file);
        Arc::new(post)
    }

    /// Reports that the newest version of the file at `path` is refused because of `diagnostic`.
    pub(super) fn report_broken(&self, path: &Utf8Path, diagnostic: &Diagnostic, outcome: &mut ScanOutcome) {
        let last_good = self.files.post(path);
        let why = diagnostic.message.clone();
        outcome.report(path, last_good.map(|post| &**post), PostEventKind::Broken { why });
    }

    /// Records that the file at `path` can be read. Returns whether it could not be read before.
    fn mark_readable(&mut self, path: &Utf8Path, outcome: &mut ScanOutcome) -> bool {
        let was_unread = self.unread.remove(path).is_some();
        outcome.changed |= was_unread;
        was_unread
    }
}

/// The event for the post that was read, if there is one.
fn event_of(reading: &ParsedPost, former: &FormerVersion) -> Option<PostEventKind> {
    let post = &reading.post;
    match (&reading.held, &former.last_good, former.was_broken) {
        // a file whose time only changed is not reported
        (_, Some(good), false) if good.file == post.file && is_alike(good, post) => None,
        (Some(held), ..) if post.is_held => Some(PostEventKind::Held {
            why: held.message.clone(),
        }),
        (_, _, true) => Some(PostEventKind::Mended),
        (_, Some(_), false) => Some(PostEventKind::Changed),
        (_, None, false) => Some(PostEventKind::Added),
    }
}
