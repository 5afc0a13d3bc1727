//! Builds sites. One cycle scans the source, and builds a site if anything changed.
//!
//! A builder has no clocks and no threads of its own: the same files and times give the same result.

mod storing;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};

use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::identity::{AssignedPosts, DocumentRecord, Registry, UnreadableFiles};
use crate::post::Changes;
use crate::site::{ChangedFeed, Site, SiteInput};
use crate::source::post_event::{PostEvent, PostEventKind, event_by_time, with_effect};
use crate::source::tracker::{FileTracker, ScanOutcome};
use crate::source::watch::{Hints, Watching};
use crate::source::{AbsentPosts, Source};
use crate::source_file::file_type::is_markdown;
use crate::storage::{OpenedStorage, Storage, StorageWriter};
use crate::time::Timestamp;

use super::health::Health;
use super::sizes::{self, EnclosedFiles, EnclosureLengths};
use super::stored_state::StoredState;
use super::theme_loader::ThemeLoader;

/// The most builds of a site in one cycle. A site is built again if a post was matched to a withdrawn one, which may cause more matches.
const MOST_CLASHES: usize = 3;

/// The function that builds a site: [`Site::build`], except in tests of its failure.
pub(super) type BuildSite = fn(&Arc<Config>, SiteInput, Timestamp, Option<&Site>) -> Site;

/// How long to wait before a failed cycle is repeated.
const RETRY: Duration = Duration::from_secs(1);

/// How long the first site waits for files that are not stable yet.
const LONGEST_OPENING: Duration = Duration::from_millis(1500);

/// How long a site waits at most until storage has the records that a crash must not lose.
const PATIENCE: Duration = Duration::from_secs(2);

/// Builds sites from the posts of a source and their records in the ledger.
#[expect(clippy::struct_excessive_bools, reason = "each is set at another time")]
pub struct SiteBuilder {
    pub(super) tracker: FileTracker,
    config: Arc<Config>,
    ledger: Registry,
    /// The stored records of documents, until the first site takes them.
    documents: Vec<DocumentRecord>,
    absent_posts: AbsentPosts,
    /// The storage of the ledger, if there is one.
    pub(super) store: Option<Arc<StorageWriter>>,
    /// The last reported reason why the ledger could not be stored.
    storage_problem: Option<String>,
    /// Whether a cycle has ended.
    has_begun: bool,
    sizes: EnclosureLengths,
    /// Whether a file whose length a feed contains may differ: something else than posts was scanned.
    may_be_resized: bool,
    pub(super) theme: ThemeLoader,
    build: BuildSite,
    newest: Option<Arc<Site>>,
    /// Whether the next site is built from all posts instead of the changes: there is no site yet, or the state is uncertain.
    takes_all: bool,
    /// The diagnostics of the newest site.
    diagnostics: Arc<[Diagnostic]>,
    /// Whether the site has to be built again.
    is_stale: bool,
    /// Whether the last cycle failed, so that the state is uncertain.
    has_failed: bool,
    /// Events to be sent with the next site.
    events: Vec<PostEvent>,
    /// The changed feeds that are not announced yet.
    changed_feeds: BTreeSet<ChangedFeed>,
    last_full_scan: Option<Timestamp>,
    scans: u64,
    builds: u64,
    last_build: Option<Duration>,
}

/// The result of one publishing cycle.
pub struct CycleOutcome {
    /// The new site, if one was built.
    pub site: Option<Arc<Site>>,
    /// Events about posts.
    pub posts: Vec<PostEvent>,
    /// The feeds that differ from those of the previous site.
    pub feeds: Vec<ChangedFeed>,
    /// The state of the publisher.
    pub health: Health,
    /// When the next cycle is due.
    pub again_in: Option<Duration>,
    /// Whether the cycle failed.
    pub has_failed: bool,
}

impl SiteBuilder {
    /// Returns a builder for the posts in the folder at `root`, with the records in `opened`, a storage opened at `now`.
    #[must_use]
    pub fn new(config: &Arc<Config>, root: Utf8PathBuf, opened: Option<OpenedStorage>, now: Timestamp) -> SiteBuilder {
        SiteBuilder::of_source(config, Source::folder(root, &config.posts), opened, now)
    }

    /// Returns a builder for the posts in `source`, with the records in `opened`, a storage opened at `now`.
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
            theme: ThemeLoader::new(Arc::clone(&config)),
            config,
            ledger,
            documents,
            absent_posts: AbsentPosts::default(),
            store,
            storage_problem: None,
            has_begun: false,
            sizes: EnclosureLengths::default(),
            may_be_resized: true,
            build,
            newest: None,
            takes_all: true,
            diagnostics: Arc::default(),
            is_stale: true,
            has_failed: false,
            events: Vec::new(),
            changed_feeds: BTreeSet::new(),
            last_full_scan: None,
            scans: 0,
            builds: 0,
            last_build: None,
        }
    }

    /// Uses the stored `state` for the site with the configuration `given`. Before this call the builder reads posts as those of a new
    /// site. Returns whether the stored site has another address: then the posts have to be read again.
    pub(super) fn use_stored(&mut self, given: &Arc<Config>, state: StoredState) -> bool {
        self.ledger = state.ledger;
        self.store = state.store;
        self.documents = state.documents;
        let config = self.ledger.with_first_address(given);
        let is_other = config.site.identity != self.config.site.identity;
        if is_other {
            self.tracker = FileTracker::of_source(Arc::clone(&config), self.tracker.source().clone());
            self.theme = ThemeLoader::new(Arc::clone(&config));
            self.config = config;
            self.events.clear();
            self.scans = 0;
        }
        is_other
    }

    /// Runs the first cycle. It waits for recently written files to become stable.
    ///
    /// # Errors
    ///
    /// The folder is missing, is not a folder, or cannot be read.
    pub fn open(&mut self, watching: Watching, begun: Instant) -> io::Result<CycleOutcome> {
        self.scan_first(watching, begun)?;
        Ok(self.publish_first(watching, begun))
    }

    /// Runs the first scan, which reads every post.
    ///
    /// # Errors
    ///
    /// The folder is missing, is not a folder, or cannot be read.
    pub(super) fn scan_first(&mut self, watching: Watching, begun: Instant) -> io::Result<()> {
        self.tracker.set_polling(watching == Watching::Poll);
        self.delete_obsolete();
        if let Some(storage) = Storage::configured(&self.config) {
            self.tracker.find_versions(storage.last_good_versions());
        }
        let again_in = self.scan(&Hints::everything(), Timestamp::now(), begun.elapsed());
        if let Some(reason) = self.tracker.degraded_reason() {
            return Err(io::Error::other(reason));
        }
        // the start does not wait for an empty file, or for one that needs a slow poll: these are published when they are due
        if let Some(wait) = again_in.filter(|&wait| wait <= LONGEST_OPENING) {
            std::thread::sleep(wait);
        }
        Ok(())
    }

    /// Builds the first site, from the first scan and later changes.
    pub(super) fn publish_first(&mut self, watching: Watching, begun: Instant) -> CycleOutcome {
        let mut cycle = self.run_cycle(&Hints::default(), watching, Timestamp::now(), begun.elapsed());
        // posts that exist before the start are not reported
        cycle.posts.clear();
        cycle
    }

    /// Runs one cycle. If it fails, the last site stays, and everything is scanned again a little later.
    pub fn run_cycle(&mut self, hints: &Hints, watching: Watching, now: Timestamp, tick: Duration) -> CycleOutcome {
        self.tracker.set_polling(watching == Watching::Poll);
        let everything = Hints::everything();
        let hints = if self.has_failed { &everything } else { hints };
        self.takes_all |= self.has_failed;
        let builds = self.builds;
        let again_in = catch_unwind(AssertUnwindSafe(|| self.scan_and_build(hints, now, tick)));
        self.has_failed = again_in.is_err();
        let (posts, feeds) = if self.has_failed {
            // the pending events are sent with the next site
            Default::default()
        } else {
            (std::mem::take(&mut self.events), std::mem::take(&mut self.changed_feeds))
        };
        CycleOutcome {
            site: self.newest.clone().filter(|_| self.builds > builds),
            posts,
            feeds: feeds.into_iter().collect(),
            health: self.health(watching),
            again_in: again_in.unwrap_or(Some(RETRY)),
            has_failed: self.has_failed,
        }
    }

    /// Scans, and builds a site if anything changed. Returns the time until the next cycle is due.
    fn scan_and_build(&mut self, hints: &Hints, now: Timestamp, tick: Duration) -> Option<Duration> {
        if self.has_failed {
            // records not yet handed to storage may be lost
            self.ledger.change_all();
        }
        self.is_stale |= self.take_late_records();
        let again_in = self.scan(hints, now, tick);
        self.build(now, tick);
        self.keep();
        self.report_storage_problem();
        let absent_due = self.absent_posts.due();
        let absent_due = absent_due.map(|due| due.saturating_sub(tick).max(Duration::from_millis(1)));
        let unfinished = (self.is_stale || self.storage_problem.is_some()).then_some(RETRY);
        [again_in, absent_due, unfinished].into_iter().flatten().min()
    }

    fn health(&self, watching: Watching) -> Health {
        let absent = self.absent_posts.degraded(&self.config.watch);
        let degraded = if self.has_failed {
            Some("a fault in feedmill keeps the site from being built".to_owned())
        } else {
            self.tracker
                .degraded_reason()
                .or_else(|| absent.map(|absent| absent.to_string()))
        };
        Health {
            degraded,
            watching,
            last_full_scan: self.last_full_scan,
            scans: self.scans,
            builds: self.builds,
            last_build: self.last_build,
            ledger: self.storage_problem.clone(),
        }
    }

    fn scan(&mut self, hints: &Hints, now: Timestamp, tick: Duration) -> Option<Duration> {
        self.scans += 1;
        let outcome = if self.newest.is_some() {
            self.tracker.scan(hints, now, tick)
        } else {
            self.tracker.scan_quietly(hints, now, tick)
        };
        let ScanOutcome {
            changed,
            again_in,
            events,
            scanned_everywhere,
            ..
        } = outcome;
        self.is_stale |= changed;
        self.may_be_resized |= scanned_everywhere || hints.paths.keys().any(|path| !is_markdown(path.as_str()));
        self.events.extend(events);
        if scanned_everywhere {
            self.last_full_scan = Some(now);
        }
        self.keep_versions();
        again_in
    }

    /// Builds a site, if anything in it may have changed.
    fn build(&mut self, now: Timestamp, tick: Duration) {
        let before = self.newest.clone();
        let before = before.as_deref();
        let is_due = before.and_then(Site::next_due).is_some_and(|due| due <= now);
        let source = self.tracker.source().clone();
        let files = EnclosedFiles {
            source: &source,
            site: before,
        };
        let resized = self.sizes.refresh(files, std::mem::take(&mut self.may_be_resized));
        // kept until a site is built, because this build may fail
        self.is_stale |= !resized.is_empty();
        self.is_stale |= self.theme.refresh();
        let is_decided = self.absent_posts.due().is_some_and(|due| due <= tick);
        if !self.is_stale && !is_due && !is_decided {
            return;
        }
        let begun = Instant::now();
        let mut changes = self.take_changes(before, now);
        let of_files = (before.is_none() && sizes::needs_site(&changes, &source))
            .then(|| sizes::site_of_files(&self.config, source.name().into(), self.tracker.take_all_media(), now));
        let site = before.or(of_files.as_ref());
        self.sizes.measure(&mut changes, EnclosedFiles { site, ..files });
        changes.add(resized);
        let (site, is_behind) = self.build_of(&changes, before, now, tick);
        if let Some(before) = before {
            self.changed_feeds.extend(site.changed_feeds(before));
            self.finish_events(before, &site);
        }
        self.name_addresses(&site);
        self.newest = Some(Arc::new(site));
        self.is_stale = is_behind || self.ledger.has_id_clashes();
        self.builds += 1;
        self.last_build = Some(begun.elapsed());
    }

    /// Returns the posts that may differ from those in the site `before`; all posts without one.
    fn take_changes(&mut self, before: Option<&Site>, now: Timestamp) -> Changes {
        // a clock that was set back may hide posts that did not change
        self.takes_all |= before.is_some_and(|before| before.built() > now);
        let mut changes = if self.takes_all {
            self.tracker.take_all()
        } else {
            self.tracker.take_changes()
        };
        let due = before.into_iter().flat_map(|before| before.index.due_by(now));
        changes.add(due.filter_map(|post| self.tracker.post(&post.source).cloned()).collect());
        changes
    }

    /// Builds the site after `changes` and records it in the ledger. Returns also whether storage had records that the site does not
    /// include.
    fn build_of(&mut self, changes: &Changes, before: Option<&Site>, now: Timestamp, tick: Duration) -> (Site, bool) {
        let mut site = self.build_once(changes, now, tick, before);
        self.takes_all = false;
        let is_first = self.newest.is_none();
        self.report_withdrawals(is_first);
        let mut is_behind = self.record(&site, is_first, now);
        // a post that was matched to a withdrawn one is published with that one's id from the beginning
        for _ in 0..MOST_CLASHES {
            if !self.ledger.has_id_clashes() {
                break;
            }
            let next = self.build_once(&Changes::default(), now, tick, Some(&site));
            site = next.with_changes_of(site);
            is_behind |= self.record(&site, false, now);
        }
        self.absent_posts.note_present(self.ledger.live(), tick);
        if let Some(past) = self.ledger.history_of_displaced(now, self.config.state.withdrawn_for()) {
            site = site.with_history(past);
        }
        (site, is_behind)
    }

    /// Adds the events of posts that changed by time alone, and the effect on readers of each event between the sites `before` and `site`.
    fn finish_events(&mut self, before: &Site, site: &Site) {
        let (then, now) = (before.built(), site.built());
        let due = before.index.due_by(now).filter_map(|post| event_by_time(post, then, now));
        self.events.extend(due);
        let visibility = |site: &Site, path: &Utf8Path| Some(site.post(path)?.visibility(site.built()));
        let events = std::mem::take(&mut self.events).into_iter();
        let with_effect = events.flat_map(|event| {
            let from = match &event.event {
                PostEventKind::Moved { from } => from,
                _ => &event.path,
            };
            let (before, after) = (visibility(before, from), visibility(site, &event.path));
            with_effect(event, before, after)
        });
        self.events = with_effect.collect();
    }

    /// Sets the addresses in the events to those in `site`, which may differ from the ones requested in front matter.
    fn name_addresses(&mut self, site: &Site) {
        for event in &mut self.events {
            if let Some(post) = site.post(&event.path) {
                event.address = Some(post.address.to_string());
            }
        }
    }

    /// Builds the site after `changes` to the site `before`.
    fn build_once(&mut self, changes: &Changes, now: Timestamp, tick: Duration, before: Option<&Site>) -> Site {
        let input = self.site_input(changes, now, tick);
        (self.build)(&self.config, input, now, before).with_theme(self.theme.theme())
    }

    /// Returns the input of a build: the posts with their records in the ledger.
    fn site_input(&mut self, changes: &Changes, now: Timestamp, tick: Duration) -> SiteInput {
        let is_there = |path: &Utf8Path| self.tracker.is_there(path);
        let unreadable = UnreadableFiles {
            missing: &self.tracker.missing(),
            is_there: &is_there,
        };
        let assigned = self.ledger.assign(changes, &unreadable, &self.config, now);
        let mut absent = self.ledger.absent(&is_there);
        // such a post may only be renamed, so feeds must not list it as deleted yet
        let may_be_elsewhere = self.tracker.may_be_elsewhere();
        absent.retain(|id| {
            let record = self.ledger.post(id);
            record.is_none_or(|record| !may_be_elsewhere.contains(&record.source))
        });
        let removed = self
            .absent_posts
            .removed(absent, self.ledger.live(), tick, &self.config.watch);
        self.ledger.withdraw(&removed, now);
        self.note_assigned(&assigned, now);
        let (files, folder) = if self.takes_all {
            (self.tracker.take_all_media(), Some(self.tracker.source().name().into()))
        } else {
            (self.tracker.take_media_changes(), None)
        };
        SiteInput {
            changes: assigned.changes,
            new_files: assigned.new_posts,
            files,
            folder,
            diagnostics: self.all_diagnostics(),
            history: Some(self.ledger.history(now, self.config.state.withdrawn_for())),
            documents: std::mem::take(&mut self.documents),
            texts: Some(self.tracker.texts()),
        }
    }

    /// Passes to the tracker which held posts are public, and which posts moved to another file. An added file is then reported as moved.
    fn note_assigned(&mut self, assigned: &AssignedPosts, now: Timestamp) {
        for post in &assigned.changes.posts {
            let path = &post.source;
            if let Some(read) = self.tracker.post(path) {
                let is_released = read.is_held && post.is_readable(now);
                self.tracker.release(path, is_released);
            }
        }
        let moved: HashMap<&Utf8Path, &Utf8Path> = assigned.moved.iter().map(|(to, from)| (&**to, &**from)).collect();
        assigned.moved.iter().for_each(|(_, from)| self.tracker.remove_missing(from));
        for event in self.events.iter_mut().filter(|event| event.event == PostEventKind::Added) {
            if let Some(from) = moved.get(&*event.path) {
                event.event = PostEventKind::Moved {
                    from: (*from).to_owned(),
                };
            }
        }
    }

    /// The diagnostics of all files; the same `Arc` as before if nothing changed.
    fn all_diagnostics(&mut self) -> Arc<[Diagnostic]> {
        let mut diagnostics = self.tracker.diagnostics();
        self.add_outcomes(&mut diagnostics);
        diagnostics.extend(self.ledger.warnings().chain(self.theme.diagnostics()).cloned());
        diagnostics.sort();
        if *self.diagnostics != *diagnostics {
            self.diagnostics = diagnostics.into();
        }
        Arc::clone(&self.diagnostics)
    }

    /// The registry of posts: the ledger.
    #[must_use]
    pub fn ledger(&self) -> &Registry {
        &self.ledger
    }
}
