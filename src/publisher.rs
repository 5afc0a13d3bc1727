//! The publishing loop: wait, scan, build, swap, report.
//!
//! [`FileTracker`](crate::source::tracker::FileTracker) decides what a change on disk means; this module has the clocks and threads. The
//! loop waits for the first of these: a hint of the watch, a pending file that becomes stable, a post that appears or expires, or a full
//! scan that is due. It then scans at once. Hints that arrive meanwhile form the next batch, so a burst of changes costs as many builds as
//! fit into its duration.
//!
//! Requests always get the last good [`Site`].

mod build_throttle;
mod change_event;
pub mod external_links;
mod health;
mod link_check;
mod link_watch;
mod parallel;
pub mod site_builder;
mod sizes;
mod snapshot;
mod stored_state;
mod theme_loader;

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::{Mutex, broadcast, mpsc, oneshot, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::config::{Config, WatchMode};
use crate::site::Site;
use crate::source::Source;
use crate::source::folder::templates::TemplateVersions;
use crate::source::watch::{Hints, SourceWatch, Watching};
use crate::storage::{Storage, StorageWriter};
use crate::time::Timestamp;

use self::build_throttle::BuildThrottle;
pub use self::change_event::ChangeEvent;
pub use self::health::Health;
pub use self::link_check::ExternalLink;
pub use self::link_watch::LinkWatch;
use self::site_builder::{CycleOutcome, SiteBuilder};
pub use self::snapshot::{WOULD_HOLD, WOULD_WITHDRAW, snapshot, snapshot_with_links, would_hold};
use self::stored_state::StoredState;
pub use crate::source::post_event::{LEDGER_EVENTS, PostEvent, PostEventKind};
pub use crate::source::progress::Progress;

/// The longest wait for a scheduled time: within it, a change of the system clock is noticed.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The capacity of the event channel: a listener that is slower misses the oldest events.
const WAITING_EVENTS: usize = 64;

/// Publishes the posts of one source. Dropping it stops the publishing loop; the sites already built stay valid.
#[derive(Debug)]
pub struct Publisher {
    shared: Arc<PublisherState>,
    running: Mutex<Option<JoinHandle<()>>>,
    reloads: mpsc::Sender<Reload>,
    stop: CancellationToken,
    _stop_when_dropped: DropGuard,
}

/// A request to publish with another configuration.
#[derive(Debug)]
struct Reload {
    config: Arc<Config>,
    source: Source,
    done: oneshot::Sender<io::Result<()>>,
}

/// The published state of the publishing loop.
#[derive(Debug)]
struct PublisherState {
    site: ArcSwap<Site>,
    health: ArcSwap<Health>,
    changes: broadcast::Sender<Arc<ChangeEvent>>,
    /// The writer of the storage in use; a reload replaces it.
    store: ArcSwapOption<StorageWriter>,
    /// The time for which the newest site was built.
    built: watch::Sender<Timestamp>,
}

/// The data of a published cycle that the publishing loop needs.
struct PublishedCycle {
    /// Whether it built a site.
    has_site: bool,
    again_in: Option<Duration>,
    has_failed: bool,
}

impl PublisherState {
    /// Publishes the outcome of a cycle, and notifies the listeners.
    fn publish(&self, outcome: CycleOutcome) -> PublishedCycle {
        let CycleOutcome {
            site,
            posts,
            feeds,
            health,
            again_in,
            has_failed,
        } = outcome;
        let has_site = site.is_some();
        if let Some(site) = site {
            let built = site.built();
            self.site.store(site);
            self.built.send_replace(built);
        }
        self.health.store(Arc::new(health));
        if has_site || !posts.is_empty() {
            let built = *self.built.borrow();
            // there may be no listener
            let _ = self.changes.send(Arc::new(ChangeEvent { built, posts, feeds }));
        }
        PublishedCycle {
            has_site,
            again_in,
            has_failed,
        }
    }

    /// Compresses and renders the rest of each new site in the background. If sites follow quickly, only the newest is finished.
    async fn finish(self: Arc<PublisherState>, mut built: watch::Receiver<Timestamp>, stop: CancellationToken) {
        while let Some(Ok(())) = stop.run_until_cancelled(built.changed()).await {
            let site = self.site.load_full();
            // a document that fails here is made when it is requested
            let _ = spawn_blocking(move || site.finish()).await;
        }
    }
}

impl Publisher {
    /// Publishes the posts in `source`. When this returns, the first site is built and the source is watched.
    ///
    /// # Errors
    ///
    /// The source cannot be scanned: its folder is missing, is not a folder, or cannot be read.
    pub async fn start(config: Arc<Config>, source: Source) -> io::Result<Publisher> {
        Publisher::start_counting(config, source, Arc::default()).await
    }

    /// Does the same as [`Publisher::start`], and counts the files found and read in `progress`.
    ///
    /// # Errors
    ///
    /// The same as those of [`Publisher::start`].
    pub async fn start_counting(config: Arc<Config>, source: Source, progress: Arc<Progress>) -> io::Result<Publisher> {
        let mut builder = SiteBuilder::of_source(&config, source, None, Timestamp::now());
        builder.tracker.count_in(Arc::clone(&progress));
        Publisher::start_builder(builder, config, progress).await
    }

    async fn start_builder(builder: SiteBuilder, config: Arc<Config>, progress: Arc<Progress>) -> io::Result<Publisher> {
        let begun = Instant::now();
        let settings = Arc::clone(&config);
        let starting = spawn_blocking(move || open_builder(builder, &settings, progress, begun));
        let (builder, first, watch) = starting.await.map_err(io::Error::other)??;
        let site = first
            .site
            .ok_or_else(|| io::Error::other("the first site could not be built"))?;
        let unfinished = Arc::clone(&site);
        spawn_blocking(move || unfinished.finish()).await.map_err(io::Error::other)?;
        let shared = Arc::new(PublisherState {
            built: watch::Sender::new(site.built()),
            site: ArcSwap::new(site),
            health: ArcSwap::from_pointee(first.health),
            changes: broadcast::Sender::new(WAITING_EVENTS),
            store: ArcSwapOption::new(builder.store.clone()),
        });
        let token = CancellationToken::new();
        tokio::spawn(Arc::clone(&shared).finish(shared.built.subscribe(), token.clone()));
        let (reloads, reload_requests) = mpsc::channel(1);
        let publish_loop = PublishLoop {
            reload_requests,
            templates: builder.theme.seen().cloned(),
            builder: Some(builder),
            watch,
            config,
            shared: Arc::clone(&shared),
            begun,
            again: first.again_in.map(|again_in| Instant::now() + again_in),
            has_failed: first.has_failed,
            rescan: Instant::now(),
            throttle: BuildThrottle::default(),
        };
        Ok(Publisher {
            shared,
            running: Mutex::new(Some(tokio::spawn(publish_loop.run(token.clone())))),
            reloads,
            stop: token.clone(),
            _stop_when_dropped: token.drop_guard(),
        })
    }

    /// Publishes with another configuration, and perhaps from another source. Until its first site is built requests get the site
    /// before it; all receivers stay valid.
    ///
    /// # Errors
    ///
    /// The source cannot be scanned, or the publisher has stopped. Then the configuration before stays.
    pub async fn reload(&self, config: Arc<Config>, source: Source) -> io::Result<()> {
        let (done, result) = oneshot::channel();
        let has_stopped = || io::Error::other("the publisher has stopped");
        let request = Reload { config, source, done };
        self.reloads.send(request).await.map_err(|_| has_stopped())?;
        result.await.map_err(|_| has_stopped())?
    }

    /// Returns the newest site. It neither waits nor fails, and a site never changes.
    pub fn site(&self) -> Arc<Site> {
        self.shared.site.load_full()
    }

    /// Returns a receiver of change events: one for each new site, sent after requests get that site, and one for events that
    /// change no site.
    pub fn changes(&self) -> broadcast::Receiver<Arc<ChangeEvent>> {
        self.shared.changes.subscribe()
    }

    /// Returns a receiver of the time for which the newest site was built. It skips sites if the receiver is slow.
    pub fn sites(&self) -> watch::Receiver<Timestamp> {
        self.shared.built.subscribe()
    }

    /// Returns the writer of the storage in use; `None` without storage.
    ///
    /// Ask for it each time: a reload closes it and opens another one. A closed one writes nothing, so write again what it did not
    /// acknowledge.
    pub fn store(&self) -> Option<Arc<StorageWriter>> {
        self.shared.store.load_full()
    }

    /// Returns the state of the publishing loop.
    pub fn health(&self) -> Arc<Health> {
        self.shared.health.load_full()
    }

    /// Whether the loop runs: it has neither stopped nor failed.
    pub async fn is_running(&self) -> bool {
        self.running.lock().await.as_ref().is_some_and(|task| !task.is_finished())
    }

    /// Stops the publishing loop, and waits until its cycle has ended and everything is stored.
    pub async fn stop(&self) {
        self.stop.cancel();
        let task = self.running.lock().await.take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!("the publisher failed: {error}");
        }
    }
}

/// Reads the storage and the source, and builds the first site. The returned watch is installed.
fn open_builder(
    mut builder: SiteBuilder,
    config: &Arc<Config>,
    progress: Arc<Progress>,
    begun: Instant,
) -> io::Result<(SiteBuilder, CycleOutcome, SourceWatch)> {
    // reading raises an event on each file, so the watch starts after it; later changes are found by the scan with which the publishing loop
    // begins
    let expected = match config.watch.mode {
        WatchMode::Poll => Watching::Poll,
        WatchMode::Auto | WatchMode::Native => Watching::Native,
    };
    let storage = Storage::configured(config);
    // the identity of the site, which reading posts needs, is loaded first; all other records are loaded while posts are read
    if let Some(site) = storage.as_ref().and_then(StoredState::load_site)
        && builder.use_stored(config, site)
    {
        builder.tracker.count_in(Arc::clone(&progress));
    }
    let (stored, scanned) = thread::scope(|scope| {
        let storage = storage.as_ref();
        let thread = || thread::Builder::new().name("ledger".to_owned());
        let loading = storage.and_then(|storage| thread().spawn_scoped(scope, || StoredState::open(storage)).ok());
        let scanned = builder.scan_first(expected, begun);
        // without a thread, one is done after the other
        let stored = match loading {
            Some(loading) => loading.join().map(Some),
            None => Ok(storage.map(StoredState::open)),
        };
        (stored, scanned)
    });
    scanned?;
    let stored = stored.map_err(|_| io::Error::other("the ledger could not be read, which is a fault in feedmill"))?;
    if stored.is_some_and(|stored| builder.use_stored(config, stored)) {
        progress.reset();
        builder.tracker.count_in(progress);
        builder.scan_first(expected, begun)?;
    }
    let watch = builder.tracker.source().watch(&config.watch);
    let mut first = builder.publish_first(expected, begun);
    let watch = watch.ready();
    first.health.watching = watch.watching();
    Ok((builder, first, watch))
}

/// Why the loop goes on.
enum WakeReason {
    /// A cycle is due, for these paths.
    Cycle(Hints),
    /// Another configuration is to be used.
    Reload(Reload),
}

/// The publishing loop.
struct PublishLoop {
    reload_requests: mpsc::Receiver<Reload>,
    /// `None` while it runs on another thread.
    builder: Option<SiteBuilder>,
    watch: SourceWatch,
    config: Arc<Config>,
    shared: Arc<PublisherState>,
    begun: Instant,
    /// When the next cycle is due.
    again: Option<Instant>,
    /// Whether the last cycle failed: then nothing is due before the retry.
    has_failed: bool,
    /// When the next full scan is due.
    rescan: Instant,
    /// The versions of the templates when they were last checked.
    templates: Option<TemplateVersions>,
    throttle: BuildThrottle,
}

impl PublishLoop {
    async fn run(mut self, stop: CancellationToken) {
        self.rescan = Instant::now() + jittered(self.config.watch.rescan);
        // the first scan was before the watch was installed
        self.run_cycle(Hints::everything()).await;
        while let Some(woken) = stop.run_until_cancelled(self.wake()).await {
            match woken {
                WakeReason::Cycle(hints) => self.run_cycle(hints).await,
                WakeReason::Reload(reload) => self.reload(reload).await,
            }
        }
        if let Some(builder) = self.builder.take() {
            // a failure of the disk was reported before
            let _ = spawn_blocking(move || builder.close()).await;
        }
    }

    /// Waits until a cycle is due, or a reload is requested.
    async fn wake(&mut self) -> WakeReason {
        let due = self.shared.site.load().next_due().filter(|_| !self.has_failed).map(|due| {
            let wait = due.duration_since(Timestamp::now());
            Instant::now() + Duration::try_from(wait).unwrap_or(Duration::ZERO).min(LONGEST_WAIT)
        });
        let again = [self.again, due].into_iter().flatten().min();
        let next = self.throttle.next();
        let hinted = async {
            if let Some(next) = next {
                tokio::time::sleep_until(next.into()).await;
            }
            self.watch.next().await
        };
        WakeReason::Cycle(tokio::select! {
            Some(reload) = self.reload_requests.recv() => return WakeReason::Reload(reload),
            hints = hinted => hints,
            () = sleep_until(again) => Hints::default(),
            () = theme_loader::changed(self.config.site.templates.as_deref(), &mut self.templates) => Hints::default(),
            () = sleep_until(Some(self.rescan)) => {
                self.rescan = Instant::now() + jittered(self.config.watch.rescan);
                Hints::everything()
            }
        })
    }

    /// Starts again with another configuration. What is stored is closed first and then opened again, as at a start.
    async fn reload(&mut self, reload: Reload) {
        let Reload { config, source, done } = reload;
        let Some(builder) = self.builder.take() else {
            let _ = done.send(Err(io::Error::other("the publisher has stopped")));
            return;
        };
        let before = (Arc::clone(&self.config), builder.tracker.source().clone());
        let _ = spawn_blocking(move || builder.close()).await;
        let result = match self.open(config, source).await {
            Ok(()) => Ok(()),
            Err(error) => {
                // the folder was readable with this configuration before
                if let Err(error) = self.open(before.0, before.1).await {
                    self.report_stopped(&error);
                }
                Err(error)
            }
        };
        let _ = done.send(result);
    }

    /// Opens `source` with `config`, and publishes its first site.
    async fn open(&mut self, config: Arc<Config>, source: Source) -> io::Result<()> {
        let begun = self.begun;
        let builder = SiteBuilder::of_source(&config, source, None, Timestamp::now());
        let settings = Arc::clone(&config);
        let opening = spawn_blocking(move || open_builder(builder, &settings, Arc::default(), begun));
        let (builder, mut first, watch) = opening.await.map_err(io::Error::other)??;
        if first.site.is_none() {
            return Err(io::Error::other("the first site could not be built"));
        }
        // at a start no post counts as new
        first.posts.clear();
        self.templates = builder.theme.seen().cloned();
        self.shared.store.store(builder.store.clone());
        self.builder = Some(builder);
        (self.watch, self.config) = (watch, config);
        let published = self.shared.publish(first);
        self.has_failed = published.has_failed;
        self.again = published.again_in.map(|again_in| Instant::now() + again_in);
        self.rescan = Instant::now();
        Ok(())
    }

    fn report_stopped(&mut self, error: &dyn std::fmt::Display) {
        let health = Health {
            degraded: Some(format!("the publisher has stopped: {error}")),
            ..Health::clone(&self.shared.health.load())
        };
        tracing::error!("the publisher has stopped: {error}");
        self.shared.health.store(Arc::new(health));
        self.has_failed = true;
        self.again = None;
    }

    /// Runs one cycle on a thread of its own, so that requests are answered meanwhile.
    async fn run_cycle(&mut self, hints: Hints) {
        let Some(mut builder) = self.builder.take() else { return };
        let started = Instant::now();
        let (watching, begun) = (self.watch.watching(), self.begun);
        let shared = Arc::clone(&self.shared);
        let working = spawn_blocking(move || {
            let outcome = builder.run_cycle(&hints, watching, Timestamp::now(), begun.elapsed());
            // published on this thread, because waking the waiting task takes time
            let published = shared.publish(outcome);
            (builder, published)
        });
        // the builder catches panics, so it is returned; if it were lost, the last site would stay, and health would report that
        match working.await {
            Ok((builder, published)) => {
                self.builder = Some(builder);
                if published.has_site {
                    self.throttle.built(started, Instant::now());
                }
                if published.has_failed && !self.has_failed {
                    tracing::error!("a fault in feedmill keeps the site from being built; the last good one stays");
                }
                self.has_failed = published.has_failed;
                self.again = published.again_in.map(|again_in| Instant::now() + again_in);
            }
            Err(error) => self.report_stopped(&error),
        }
    }
}

async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}

/// Returns a random time between three and five quarters of `span`, so that replicas do not scan a shared disk at the same time.
fn jittered(span: Duration) -> Duration {
    let random = RandomState::new().hash_one(0_u8);
    let per_mille = u32::try_from(random % 501).unwrap_or(0) + 750;
    span * per_mille / 1000
}

#[cfg(test)]
mod tests;
