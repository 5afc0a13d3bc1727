//! Prefetched versions of files: which of them may be taken in a look, and what is made of what they hold.
//!
//! Files are taken one after the other, in the order of their paths. Where there are many, what they hold is read ahead.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use camino::Utf8Path;

use crate::diagnostic::{Diagnostic, Severity};
use crate::post::{Digest, Post, Reading};
use crate::source::folder::companions::Companions;
use crate::source::folder::{Entry, Scan, Stamp, Unread};
use crate::source::post_event::PostEventKind;
use crate::source::watch::Hints;

use super::pending::{Circumstances, Pending};
use super::prefetch::{Content, Due, Prefetched, Prefetcher, Reader};
use super::rename_detector::RenameDetector;
use super::tracked_file::{ParsedVersion, Refusal, Stays, TrackedFile, Version, last_good_stays, replacing};
use super::{FileTracker, Instants, ScanOutcome};

/// A stamp that no file has, and each path its own.
fn no_stamp(path: &Utf8Path) -> Stamp {
    let digest = Digest::of(path.as_str().as_bytes()).to_bytes();
    let (half, _) = digest.split_first_chunk().unwrap_or((&[0; 8], &[]));
    Stamp {
        device: u64::MAX,
        inode: u64::from_le_bytes(*half),
        ..Stamp::default()
    }
}

/// Whether two versions say the same to readers, for all that one can tell without the bytes: what they inherit may be another.
fn is_alike(one: &Post, other: &Post) -> bool {
    let said = |post: &Post| (post.standing, post.is_held, post.content, post.in_feeds, post.rare.expires);
    said(one) == said(other) && one.title() == other.title() && one.tags == other.tags
}

/// What bears on every file in a look.
struct ScanContext<'a> {
    hints: &'a Hints,
    at: Instants,
    renames: RenameDetector,
    scan: &'a Scan,
    /// How long a change must be past before a close is believed, and how long what nobody vouches for has to hold still.
    patience: (Duration, Duration),
    /// Whether files are taken that held still.
    takes_still: bool,
    /// Whether texts are kept in memory: of more than there is room for, chance would keep some that nobody asks for.
    keeps_texts: bool,
}

/// What is to be done about the newest version of a file.
enum Readiness {
    /// Nothing, for there are too many files.
    NoRoom,
    /// It has to hold still first.
    Wait(Pending),
    /// It may be taken.
    Take { held_still: bool },
}

impl FileTracker {
    /// Takes in the files that are there.
    pub(super) fn update_files(&mut self, scan: &Scan, hints: &Hints, at: Instants, outcome: &mut ScanOutcome) {
        for path in scan.files.paths() {
            self.missing.remove(path);
        }
        let missing = self.missing.paths().filter_map(|path| self.files.get(path));
        let displaced = scan.files.iter().filter_map(|(path, entry)| {
            let known = self.files.get(path)?;
            (!known.stamp.is_renamed(&entry.stamp)).then_some(known)
        });
        let renames = RenameDetector::of(missing).and_displaced(displaced);
        let polled = if self.is_polling {
            self.config.watch.poll
        } else {
            Duration::ZERO
        };
        let settle = self.config.watch.settle;
        let mut scan_context = ScanContext {
            hints,
            at,
            renames,
            scan,
            patience: (settle, settle.max(polled)),
            // files that come one after the other hold still one after the other: they are taken, and built, together
            takes_still: self.last_still.is_none_or(|last| at.tick.saturating_sub(last) >= settle),
            keeps_texts: true,
        };
        let mut others = Vec::new();
        let awaited = self.inheritance.awaited();
        for (path, entry) in scan.files.iter() {
            if awaited.has(path) {
                // it holds still meanwhile
                let pending = self.seen_now(path, entry, &scan_context);
                self.inheritance.await_companions(path, pending);
                continue;
            }
            let known = self.files.get(path);
            let is_same = known.is_some_and(|known| known.stamp == entry.stamp && !known.is_fresh);
            if is_same && self.has_by_now(path) == self.inheritance.hash_of(path) {
                self.pending.remove(path);
                self.is_readable_again(path, outcome);
            } else {
                others.push((path, entry));
            }
        }
        scan_context.keeps_texts = self
            .texts
            .has_room_for(others.iter().map(|(_, entry)| entry.stamp.size).sum());
        let due = others.iter().filter(|(path, entry)| self.is_due(path, entry, &scan_context));
        let due: Vec<Due> = due.map(|(path, entry)| self.due_at(path, entry)).collect();
        self.progress.add_found(due.len());
        let (folder, config, progress) = (self.folder.clone(), Arc::clone(&self.config), Arc::clone(&self.progress));
        let companions = self.inheritance.companions();
        let reader = Reader {
            folder: &folder,
            config: &config,
            read: self.read,
            companions: &companions,
            keeps_texts: scan_context.keeps_texts,
            progress: &progress,
        };
        let ahead = Prefetcher::new(reader, due);
        thread::scope(|scope| {
            let mut ahead = ahead.begin(scope);
            for (path, entry) in others {
                self.update_file(path, entry, &mut scan_context, &mut ahead, outcome);
            }
        });
        self.inheritance.let_go_of(&awaited);
    }

    /// Takes the version of the file at `path` that was seen as `entry`, or has it wait.
    fn update_file(
        &mut self,
        path: &Utf8Path,
        entry: &Entry,
        scan_context: &mut ScanContext,
        ahead: &mut Prefetched,
        outcome: &mut ScanOutcome,
    ) {
        match self.turn(path, entry, scan_context) {
            Readiness::NoRoom => {}
            Readiness::Wait(pending) => {
                self.hold_text(path);
                self.pending.insert(path.to_owned(), pending);
                if !self.files.contains(path) {
                    // its last good version from before the start is shown while it has to hold still
                    self.outlive_unread(path, scan_context.at);
                }
            }
            Readiness::Take { held_still } => {
                if held_still {
                    self.last_still = Some(scan_context.at.tick);
                }
                // what it was known by may have gone to another file of this look since it was read ahead
                let is_right = |content: &Result<Content, Unread>| match content {
                    Ok(Content {
                        digest, reading: None, ..
                    }) => self.files.get(path).is_some_and(|known| known.digest() == *digest),
                    _ => true,
                };
                let content = ahead.take(path).filter(is_right).unwrap_or_else(|| {
                    let companions = self.inheritance.companions();
                    self.reader(&companions, scan_context.keeps_texts)
                        .read(self.due_at(path, entry))
                });
                self.take(path, entry, content, scan_context, outcome);
            }
        }
    }

    fn turn(&self, path: &Utf8Path, entry: &Entry, scan_context: &ScanContext) -> Readiness {
        let known = self.files.get(path);
        let is_seen_again = known.is_some_and(|known| known.stamp == entry.stamp)
            || self.unread.get(path).is_some_and(|(stamp, _)| *stamp == entry.stamp);
        if is_seen_again {
            return Readiness::Take { held_still: false };
        }
        if known.is_none() && self.files.len() >= self.config.posts.max_files {
            return Readiness::NoRoom;
        }
        let at = scan_context.at;
        let pending = self.seen_now(path, entry, scan_context);
        if pending.due() > at.tick || (pending.is_waiting() && !scan_context.takes_still) {
            return Readiness::Wait(pending);
        }
        Readiness::Take {
            held_still: pending.is_waiting(),
        }
    }

    /// What is pending of the file at `path` that is seen as `entry` now.
    fn seen_now(&self, path: &Utf8Path, entry: &Entry, scan_context: &ScanContext) -> Pending {
        let known = self.files.get(path);
        let at = scan_context.at;
        let circumstances = Circumstances {
            how: scan_context.hints.paths.get(path).copied(),
            age: known.map(|known| known.taken.age(at.tick)),
            is_certain: (at.is_first && !entry.stamp.is_fresh(at.now)) || scan_context.renames.are_renamed_to(&entry.stamp),
        };
        let before = self.pending.get(path).or_else(|| self.inheritance.waiting(path)).cloned();
        Pending::see(before, entry.stamp, circumstances, at.tick, scan_context.patience)
    }

    fn is_due(&self, path: &Utf8Path, entry: &Entry, scan_context: &ScanContext) -> bool {
        matches!(self.turn(path, entry, scan_context), Readiness::Take { .. })
    }

    fn due_at<'a>(&self, path: &'a Utf8Path, entry: &'a Entry) -> Due<'a> {
        let known = self.files.get(path);
        let known = known
            .filter(|known| known.stamp.modified == entry.stamp.modified)
            .filter(|_| self.has_by_now(path) == self.inheritance.hash_of(path));
        Due {
            path,
            entry,
            known: known.map(TrackedFile::digest),
        }
    }

    fn reader<'a>(&'a self, companions: &'a Companions, keeps_texts: bool) -> Reader<'a> {
        Reader {
            companions,
            folder: &self.folder,
            config: &self.config,
            read: self.read,
            keeps_texts,
            progress: &self.progress,
        }
    }

    /// Takes the version of the file at `path` that was seen as `entry` and holds `content`.
    fn take(
        &mut self,
        path: &Utf8Path,
        entry: &Entry,
        content: Result<Content, Unread>,
        scan_context: &mut ScanContext,
        outcome: &mut ScanOutcome,
    ) {
        let at = scan_context.at;
        self.pending.remove(path);
        let Content {
            digest,
            reading,
            bytes,
            had,
        } = match content {
            Ok(content) => content,
            Err(Unread::Changed | Unread::Gone) => {
                // the next look shows what it is now
                let settle = self.config.watch.settle;
                let pending = Pending::see(None, entry.stamp, Circumstances::default(), at.tick, (settle, settle));
                self.pending.insert(path.to_owned(), pending);
                return;
            }
            Err(Unread::Refused(diagnostic)) => {
                // other rights or times are no news while it still cannot be read
                if self.unread.get(path).is_none_or(|(_, before)| *before != diagnostic) {
                    outcome.changed = true;
                    self.report_broken(path, &diagnostic, outcome);
                }
                self.hold_text(path);
                self.unread.insert(path.to_owned(), (entry.stamp, diagnostic));
                self.outlive_unread(path, at);
                return;
            }
        };
        let was_unread = self.is_readable_again(path, outcome);
        let is_fresh = entry.stamp.is_fresh(at.now);
        let Some(reading) = reading else {
            self.note_seen_again(path, entry, is_fresh, was_unread, outcome);
            return;
        };
        outcome.changed = true;
        self.inheritance.note(path, had);
        let before = self.files.remove(path);
        let was_public = before.as_ref().is_some_and(|before| self.is_public(before, at.now));
        let refused = before.as_ref().and_then(TrackedFile::refusal);
        let was_broken = was_unread || refused.is_some_and(|refused| refused.why.severity == Severity::Error);
        let was_refused_already = refused.is_some_and(|refused| refused.digest == digest);
        let last_good = before.and_then(TrackedFile::into_good);
        let found = if last_good.is_none() { self.found_version(path) } else { None };
        let mut is_public = was_public || found.is_some();
        let mut last_good = last_good.or(found);
        let mut moved_from = None;
        if last_good.is_none()
            && let Some((good, from, is_with_readers)) =
                self.moved_version(path, digest, &mut scan_context.renames, scan_context.scan, at.now)
        {
            is_public |= is_with_readers;
            last_good = Some(good);
            moved_from = from;
        }
        let (version, said) = match reading.and_then(|reading| replacing(reading, last_good.as_ref(), is_public)) {
            Ok(Reading { post, remarks, held }) => {
                let event = match (held, &last_good, was_broken) {
                    // a file that was only touched is no news
                    (_, Some(good), false) if good.post.file == post.file && is_alike(&good.post, &post) => None,
                    (Some(held), ..) if post.is_held => Some(PostEventKind::Held { why: held.message }),
                    (_, _, true) => Some(PostEventKind::Mended),
                    (_, Some(_), false) => Some(PostEventKind::Changed),
                    (_, None, false) => Some(PostEventKind::Added),
                };
                let event = match scan_context.renames.take(digest) {
                    // it is here now, so it goes from there at once
                    Some(from) => {
                        self.forget(&from);
                        Some(PostEventKind::Moved { from })
                    }
                    None => event,
                };
                if let Some(event) = event {
                    outcome.report(path, Some(&post), event);
                }
                self.holding.release(path);
                self.released.remove(path);
                let post = self.put_away(post, bytes.as_deref());
                (Version::Parsed(ParsedVersion { post }), remarks)
            }
            Err(error) => {
                let post = last_good.as_ref().map(|good| &*good.post);
                // a file that was only touched is no news
                if let Some(from) = moved_from {
                    self.forget(&from);
                    outcome.report(path, post, PostEventKind::Moved { from });
                } else if !was_refused_already && (error.severity == Severity::Error || post.is_some()) {
                    let why = error.message.clone();
                    outcome.report(path, post, PostEventKind::Broken { why });
                }
                self.refused(path, (digest, entry.stamp.changed), (last_good, is_public), error)
            }
        };
        let known = TrackedFile {
            stamp: entry.stamp,
            is_fresh,
            taken: at.tick.into(),
            version,
        };
        self.files.insert(known, said);
    }

    /// What is known of the file at `path` whose newest version, with this digest and time of change, is refused because of `error`.
    fn refused(
        &mut self,
        path: &Utf8Path,
        (digest, changed): (Digest, i64),
        (last_good, is_public): (Option<ParsedVersion>, bool),
        error: Diagnostic,
    ) -> (Version, Vec<Diagnostic>) {
        let (why, last_good) = match last_good {
            Some(good) => {
                let (why, good) = self.outlive(path, good, is_public, (digest, changed, error));
                (why, Some(good))
            }
            None => (error, None),
        };
        let said = vec![why.clone()];
        let refusal = Refusal {
            path: path.to_owned(),
            digest,
            why,
            last_good,
        };
        (Version::Refused(Box::new(refusal)), said)
    }

    /// The file at `path` holds what it held, and is seen as `entry` now.
    fn note_seen_again(&mut self, path: &Utf8Path, entry: &Entry, is_fresh: bool, was_unread: bool, outcome: &mut ScanOutcome) {
        if let Some(known) = self.files.get_mut(path) {
            known.stamp = entry.stamp;
            known.is_fresh = is_fresh;
            if was_unread {
                let post = known.post().map(|post| &**post);
                outcome.report(path, post, PostEventKind::Mended);
            }
        }
    }

    /// What the last good version of the file at `path` becomes whose newest version is refused because of `error`: it stays, if readers
    /// have it (`is_public`), also over a restart. Of one that readers do not have yet nobody knows whether they are to get it.
    fn outlive(
        &mut self,
        path: &Utf8Path,
        good: ParsedVersion,
        is_public: bool,
        (refused, changed, error): (Digest, i64, Diagnostic),
    ) -> (Diagnostic, ParsedVersion) {
        let has_text = self.holding.save(path, &good.post, &self.texts);
        if is_public {
            self.keep_version(path, &good, Some(refused), Some(changed));
            let stays = if has_text { Stays::Whole } else { Stays::WithoutText };
            return (last_good_stays(error, stays), good);
        }
        let post = Arc::new(Post {
            is_held: true,
            ..Post::clone(&good.post)
        });
        (last_good_stays(error, Stays::HeldBack), ParsedVersion { post })
    }

    /// Has what readers have of the file at `path`, which cannot be read, outlive a restart; and what was kept before this start come back.
    pub(super) fn outlive_unread(&mut self, path: &Utf8Path, at: Instants) {
        match self.files.get(path) {
            Some(known) => {
                if self.is_public(known, at.now)
                    && let Some(good) = known.good().cloned()
                {
                    self.keep_version(path, &good, None, None);
                }
            }
            None => {
                if let Some(good) = self.found_version(path) {
                    let known = TrackedFile {
                        stamp: no_stamp(path),
                        is_fresh: true,
                        taken: at.tick.into(),
                        version: Version::Parsed(good),
                    };
                    self.files.insert(known, Vec::new());
                }
            }
        }
    }

    /// `post`, whose file holds the bytes `file`, as it is kept: without its text, and sharing with others what they have alike.
    fn put_away(&mut self, mut post: Post, file: Option<&[u8]>) -> Arc<Post> {
        self.texts.take_with(&mut post, file);
        self.shared.share(&mut post);
        Arc::new(post)
    }

    /// The newest version of the file at `path` is not taken, because of `diagnostic`.
    pub(super) fn report_broken(&self, path: &Utf8Path, diagnostic: &Diagnostic, outcome: &mut ScanOutcome) {
        let last_good = self.files.post(path);
        let why = diagnostic.message.clone();
        outcome.report(path, last_good.map(|post| &**post), PostEventKind::Broken { why });
    }

    /// The file at `path` can be read; says whether it could not be until now.
    fn is_readable_again(&mut self, path: &Utf8Path, outcome: &mut ScanOutcome) -> bool {
        let was_unread = self.unread.remove(path).is_some();
        outcome.changed |= was_unread;
        was_unread
    }
}
