//! One turn of the publisher: a look, and a site if anything changed; and the ledger is kept.
//!
//! It has neither clocks nor threads of its own: given the same disk and the same times it does the same.

mod keeping;

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};

use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::identity::{DocumentRecord, Registry, UnreadableFiles};
use crate::post::Changes;
use crate::site::{Site, SiteInput};
use crate::source::Source;
use crate::source::watch::{Hints, Watching};
use crate::storage::{OpenedStorage, Storage, StorageWriter};
use crate::time::Timestamp;

use super::absent_posts::AbsentPosts;
use super::health::Health;
use super::sizes::Sizes;
use super::stored_state::StoredState;
use super::theme_loader::ThemeLoader;
use crate::source::post_event::{PostEvent, PostEventKind, passage, with_effect};
use crate::source::tracker::{FileTracker, ScanOutcome};

/// How often in a row a site is made again because a post turned out to be one that was gone: each may bring on another.
const MOST_CLASHES: usize = 3;

/// Builds a site: [`Site::build`], but in tests of what happens when that fails.
pub(super) type BuildSite = fn(&Arc<Config>, SiteInput, Timestamp, Option<&Site>) -> Site;

/// How long to wait before trying again what failed.
const RETRY: Duration = Duration::from_secs(1);

/// How long the first site waits for files that have to hold still.
const LONGEST_OPENING: Duration = Duration::from_millis(1500);

/// How long a site waits at the most for the disk to remember what a crash must not forget.
const PATIENCE: Duration = Duration::from_secs(2);

/// The desk, and the newest site made of what is on it.
#[expect(clippy::struct_excessive_bools, reason = "each is set at another time")]
pub struct SiteBuilder {
    pub(super) tracker: FileTracker,
    config: Arc<Config>,
    ledger: Registry,
    /// What the ledger remembered of documents, until the first site has it.
    documents: Vec<DocumentRecord>,
    absences: AbsentPosts,
    /// Where the ledger is kept, if anywhere.
    store: Option<StorageWriter>,
    /// What kept it from being kept, when that was last told.
    trouble: Option<String>,
    /// Whether the first site was made.
    has_begun: bool,
    sizes: Sizes,
    pub(super) look: ThemeLoader,
    build: BuildSite,
    /// The newest site, and the instant it was built for.
    newest: Option<(Arc<Site>, Timestamp)>,
    /// Whether the next site is to be made of all posts, and not of what changed: there is none yet, or nothing is known for certain.
    is_whole: bool,
    /// What was said of the files last.
    said: Arc<[Diagnostic]>,
    /// Whether the site is to be built anew.
    is_stale: bool,
    /// Whether the last turn failed, so that nothing is known for certain.
    has_failed: bool,
    /// Reports that wait for the site they are about.
    reports: Vec<PostEvent>,
    last_full_scan: Option<Timestamp>,
    looks: u64,
    builds: u64,
    last_build: Option<Duration>,
}

/// What a turn came to.
pub struct CycleOutcome {
    /// A new site, if anything changed.
    pub site: Option<Arc<Site>>,
    /// What happened, post by post.
    pub reports: Vec<PostEvent>,
    /// How the publisher is.
    pub health: Health,
    /// When the next turn is due, whatever happens.
    pub again_in: Option<Duration>,
    /// Whether the turn failed.
    pub has_failed: bool,
}

impl SiteBuilder {
    /// Has seen nothing yet of the folder at `root`, and remembers what the store does that was opened, at `now`.
    #[must_use]
    pub fn new(config: &Arc<Config>, root: Utf8PathBuf, opened: Option<OpenedStorage>, now: Timestamp) -> SiteBuilder {
        SiteBuilder::of_source(config, Source::folder(root, &config.posts), opened, now)
    }

    /// A builder of sites from the posts in `source`, with what the storage knows that was opened at `now`.
    #[must_use]
    pub fn of_source(config: &Arc<Config>, source: Source, opened: Option<OpenedStorage>, now: Timestamp) -> SiteBuilder {
        SiteBuilder::building_with(Site::build, config, source, opened, now)
    }

    pub(super) fn building_with(
        build: BuildSite,
        config: &Arc<Config>,
        source: Source,
        opened: Option<OpenedStorage>,
        now: Timestamp,
    ) -> SiteBuilder {
        let StoredState {
            store,
            mut ledger,
            documents,
        } = StoredState::from_opened(opened, now);
        let config = ledger.with_first_address(config);
        let mut tracker = FileTracker::of_source(Arc::clone(&config), source);
        if let Some(store) = &store {
            tracker.find_versions(store.storage().last_good_versions());
        }
        SiteBuilder {
            tracker,
            look: ThemeLoader::new(Arc::clone(&config)),
            config,
            ledger,
            documents,
            absences: AbsentPosts::default(),
            store,
            trouble: None,
            has_begun: false,
            sizes: Sizes::default(),
            build,
            newest: None,
            is_whole: true,
            said: Arc::default(),
            is_stale: true,
            has_failed: false,
            reports: Vec::new(),
            last_full_scan: None,
            looks: 0,
            builds: 0,
            last_build: None,
        }
    }

    /// Remembers what `memory` does, of the site that is configured as `given`. Before, it remembered nothing, and read posts as those
    /// of a new site: where the site was known by another address than that, they are to be read anew, and this says so.
    pub(super) fn remember(&mut self, given: &Arc<Config>, memory: StoredState) -> bool {
        self.ledger = memory.ledger;
        self.store = memory.store;
        self.documents = memory.documents;
        let config = self.ledger.with_first_address(given);
        let is_other = config.site.identity != self.config.site.identity;
        if is_other {
            self.tracker = FileTracker::of_source(Arc::clone(&config), self.tracker.source().clone());
            self.look = ThemeLoader::new(Arc::clone(&config));
            self.config = config;
            self.reports.clear();
            self.looks = 0;
        }
        is_other
    }

    /// The first turn. Files that were written just now get the time to show that they hold still.
    ///
    /// # Errors
    ///
    /// The folder is missing, is none, or cannot be read.
    pub fn open(&mut self, watching: Watching, begun: Instant) -> io::Result<CycleOutcome> {
        self.look_first(watching, begun)?;
        Ok(self.publish_first(watching, begun))
    }

    /// The first look, which reads every post.
    ///
    /// # Errors
    ///
    /// The folder is missing, is none, or cannot be read.
    pub(super) fn look_first(&mut self, watching: Watching, begun: Instant) -> io::Result<()> {
        self.tracker.set_polling(watching == Watching::Poll);
        self.delete_obsolete();
        if let Some(storage) = Storage::configured(&self.config) {
            self.tracker.find_versions(storage.last_good_versions());
        }
        let again_in = self.look(&Hints::everything(), Timestamp::now(), begun.elapsed());
        if let Some(trouble) = self.tracker.trouble() {
            return Err(io::Error::other(trouble));
        }
        // an empty file, or one that a slow poll must vouch for, is worth no wait: it joins the others when it is due
        if let Some(wait) = again_in.filter(|&wait| wait <= LONGEST_OPENING) {
            std::thread::sleep(wait);
        }
        Ok(())
    }

    /// The first site, of what the first look found and what came since.
    pub(super) fn publish_first(&mut self, watching: Watching, begun: Instant) -> CycleOutcome {
        let mut cycle = self.turn(&Hints::default(), watching, Timestamp::now(), begun.elapsed());
        // what was there before feedmill is no news
        cycle.reports.clear();
        cycle
    }

    /// One turn. Whatever fails in it, the last site stays, and everything is looked at again a little later.
    pub fn turn(&mut self, hints: &Hints, watching: Watching, now: Timestamp, tick: Duration) -> CycleOutcome {
        self.tracker.set_polling(watching == Watching::Poll);
        let doubtful = Hints::everything();
        let hints = if self.has_failed { &doubtful } else { hints };
        self.is_whole |= self.has_failed;
        let builds = self.builds;
        let worked = catch_unwind(AssertUnwindSafe(|| {
            if self.has_failed {
                // what was on its way to the store may be lost
                self.ledger.change_all();
            }
            self.is_stale |= self.take_late_records();
            let again_in = self.look(hints, now, tick);
            self.build(now, tick);
            self.keep();
            self.tell_of_trouble();
            let absent_due = self
                .absences
                .due()
                .map(|due| due.saturating_sub(tick).max(Duration::from_millis(1)));
            let unfinished = (self.is_stale || self.trouble.is_some()).then_some(RETRY);
            [again_in, absent_due, unfinished].into_iter().flatten().min()
        }));
        self.has_failed = worked.is_err();
        let again_in = worked.unwrap_or(Some(RETRY));
        let degraded = if self.has_failed {
            Some("a fault in feedmill keeps the site from being built".to_owned())
        } else {
            self.tracker.trouble().or_else(|| self.absences.trouble(&self.config.watch))
        };
        CycleOutcome {
            site: self
                .newest
                .as_ref()
                .filter(|_| self.builds > builds)
                .map(|(site, _)| Arc::clone(site)),
            // what could not be published is not announced either
            reports: if self.has_failed {
                Vec::new()
            } else {
                std::mem::take(&mut self.reports)
            },
            health: Health {
                degraded,
                watching,
                last_full_scan: self.last_full_scan,
                looks: self.looks,
                builds: self.builds,
                last_build: self.last_build,
                ledger: self.trouble.clone(),
            },
            again_in,
            has_failed: self.has_failed,
        }
    }

    fn look(&mut self, hints: &Hints, now: Timestamp, tick: Duration) -> Option<Duration> {
        self.looks += 1;
        let outcome = if self.newest.is_some() {
            self.tracker.look(hints, now, tick)
        } else {
            self.tracker.look_quietly(hints, now, tick)
        };
        let ScanOutcome {
            changed,
            again_in,
            reports,
            looked_everywhere,
            ..
        } = outcome;
        self.is_stale |= changed;
        self.reports.extend(reports);
        if looked_everywhere {
            self.last_full_scan = Some(now);
        }
        self.keep_versions();
        again_in
    }

    fn build(&mut self, now: Timestamp, tick: Duration) {
        let shown = self.newest.as_ref().map(|(site, at)| (Arc::clone(site), *at));
        let is_due = shown
            .as_ref()
            .and_then(|(site, _)| site.next_due())
            .is_some_and(|due| due <= now);
        let others = self.sizes.refresh(self.tracker.source());
        // kept until a site is built, should this one fail
        self.is_stale |= !others.is_empty();
        self.is_stale |= self.look.refresh();
        let is_decided = self.absences.due().is_some_and(|due| due <= tick);
        if !self.is_stale && !is_due && !is_decided {
            return;
        }
        let begun = Instant::now();
        let previous = shown.as_ref().map(|(site, _)| &**site);
        // a clock that was put back hides other posts than those that change
        self.is_whole |= shown.as_ref().is_some_and(|(_, at)| *at > now);
        let mut changes = if self.is_whole {
            self.tracker.take_all()
        } else {
            self.tracker.take_changes()
        };
        let due = previous.into_iter().flat_map(|site| site.index.due_by(now));
        changes.add(due.filter_map(|post| self.tracker.post(&post.source).cloned()).collect());
        self.sizes.measure(&mut changes, self.tracker.source());
        changes.add(others);
        let mut site = self.make(&changes, now, tick, previous);
        self.is_whole = false;
        let is_first = self.newest.is_none();
        self.tell_of_withdrawals(is_first);
        let mut is_behind = self.note(&site, is_first, now);
        // who turned out to be a post that was gone is shown as that one from the first
        for _ in 0..MOST_CLASHES {
            if !self.ledger.has_id_clashes() {
                break;
            }
            site = self.make(&Changes::default(), now, tick, Some(&site));
            is_behind |= self.note(&site, false, now);
        }
        self.absences.see(self.ledger.live(), tick);
        if let Some(past) = self.ledger.history_of_displaced(now, self.config.state.withdrawn_for()) {
            site = site.with_history(past);
        }
        if let Some((before, at)) = &shown
            && is_due
        {
            self.reports
                .extend(before.index.due_by(now).filter_map(|post| passage(post, *at, now)));
        }
        if let Some((before, at)) = &shown {
            let visibility = |site: &Site, path: &Utf8Path, at| Some(site.post(path)?.visibility(at));
            let reports = std::mem::take(&mut self.reports).into_iter();
            let with_effect = reports.flat_map(|report| {
                let from = match &report.event {
                    PostEventKind::Moved { from } => from,
                    _ => &report.path,
                };
                let (before, after) = (visibility(before, from, *at), visibility(&site, &report.path, now));
                with_effect(report, before, after)
            });
            self.reports = with_effect.collect();
        }
        // the site may have given a post another address than it asked for
        for report in &mut self.reports {
            if let Some(post) = site.post(&report.path) {
                report.address = Some(post.address.clone());
            }
        }
        self.newest = Some((Arc::new(site), now));
        self.is_stale = is_behind || self.ledger.has_id_clashes();
        self.builds += 1;
        self.last_build = Some(begun.elapsed());
    }
}

impl SiteBuilder {
    /// The site of `changes` to the one that was made before it.
    fn make(&mut self, changes: &Changes, now: Timestamp, tick: Duration, before: Option<&Site>) -> Site {
        let material = self.material(changes, now, tick);
        (self.build)(&self.config, material, now, before).with_theme(self.look.theme())
    }

    /// What a site is made of: the posts as they were read, with what the ledger knows of them.
    fn material(&mut self, changes: &Changes, now: Timestamp, tick: Duration) -> SiteInput {
        let is_there = |path: &Utf8Path| self.tracker.is_there(path);
        let unreadable = UnreadableFiles {
            missing: &self.tracker.missing(),
            is_there: &is_there,
        };
        let settled = self.ledger.assign(changes, &unreadable, &self.config, now);
        let released = settled.changes.posts.iter().filter_map(|post| {
            let is_held = self.tracker.post(&post.source)?.is_held;
            let is_released = is_held && post.is_readable(now);
            (is_released != self.tracker.is_released(&post.source)).then(|| (post.source.clone(), is_released))
        });
        let released: Vec<(Utf8PathBuf, bool)> = released.collect();
        let mut absent = self.ledger.absent(&is_there);
        // readers would be told that a post is deleted, and it may only be renamed
        let may_be_elsewhere = self.tracker.may_be_elsewhere();
        absent.retain(|id| {
            let record = self.ledger.post(id);
            record.is_none_or(|record| !may_be_elsewhere.contains(&record.source))
        });
        let gone = self.absences.gone(absent, self.ledger.live(), tick, &self.config.watch);
        self.ledger.withdraw(&gone, now);
        for (path, is_released) in released {
            self.tracker.release(&path, is_released);
        }
        settled.moved.iter().for_each(|(_, from)| self.tracker.let_go(from));
        let moved: HashMap<Utf8PathBuf, Utf8PathBuf> = settled.moved.into_iter().collect();
        for report in self.reports.iter_mut().filter(|report| report.event == PostEventKind::Added) {
            if let Some(from) = moved.get(&report.path) {
                report.event = PostEventKind::Moved { from: from.clone() };
            }
        }
        SiteInput {
            changes: settled.changes,
            new_files: settled.new_posts,
            diagnostics: self.said(),
            history: Some(self.ledger.history(now, self.config.state.withdrawn_for())),
            documents: std::mem::take(&mut self.documents),
            texts: Some(self.tracker.texts()),
        }
    }

    /// What is to be said of the files.
    fn said(&mut self) -> Arc<[Diagnostic]> {
        let mut said = self.tracker.diagnostics();
        self.tell_what_readers_have(&mut said);
        said.extend(self.ledger.warnings().chain(self.look.diagnostics()).cloned());
        said.sort();
        if *self.said != *said {
            self.said = said.into();
        }
        Arc::clone(&self.said)
    }

    /// What is remembered.
    #[must_use]
    pub fn ledger(&self) -> &Registry {
        &self.ledger
    }
}
