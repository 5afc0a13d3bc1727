//! The publishing loop: wait, scan, build, swap, report.
//!
//! [`FileTracker`](crate::source::tracker::FileTracker) decides what a change on disk means; this module has the clocks and threads. The
//! loop waits for whatever comes first: a hint of the watch, a file that must hold still before it is read, the time at which a post
//! appears or expires, or the time of a full scan. It then scans at once. Hints that arrive meanwhile are the next batch, so a burst of
//! changes costs as many builds as fit into its time.
//!
//! Requests get the last good [`Site`], whatever happens here.

mod build_throttle;
mod change_event;
mod health;
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

use arc_swap::ArcSwap;
use camino::Utf8PathBuf;
use tokio::sync::{Mutex, broadcast, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::config::{Config, WatchMode};
use crate::site::Site;
use crate::source::folder::templates::TemplateVersions;
use crate::source::watch::{Hints, SourceWatch, Watching};
use crate::storage::Storage;
use crate::time::Timestamp;

use self::build_throttle::BuildThrottle;
pub use self::change_event::ChangeEvent;
pub use self::health::Health;
use self::site_builder::{CycleOutcome, SiteBuilder};
pub use self::snapshot::{WOULD_HOLD, WOULD_WITHDRAW, snapshot, would_hold};
use self::stored_state::StoredState;
pub use crate::source::post_event::{LEDGER_EVENTS, PostEvent, PostEventKind};
pub use crate::source::progress::Progress;

/// How long the clock is trusted to go on as it does: a clock that was set is noticed within it.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How many events wait for a listener that is busy; it misses the oldest past them.
const WAITING_EVENTS: usize = 64;

/// A publisher of one source. Dropping it stops the engine; the sites that were built stay.
#[derive(Debug)]
pub struct Publisher {
    shared: Arc<PublisherState>,
    engine: Mutex<Option<JoinHandle<()>>>,
    stop: CancellationToken,
    _stop_when_dropped: DropGuard,
}

/// What the engine publishes.
#[derive(Debug)]
struct PublisherState {
    site: ArcSwap<Site>,
    health: ArcSwap<Health>,
    changes: broadcast::Sender<Arc<ChangeEvent>>,
    /// The instant that the newest site was built for.
    built: watch::Sender<Timestamp>,
}

/// What the engine needs to know of a cycle whose outcome is published.
struct PublishedCycle {
    /// Whether it built a site.
    has_site: bool,
    again_in: Option<Duration>,
    has_failed: bool,
}

impl PublisherState {
    /// Publishes the outcome of a cycle, and tells the listeners.
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
            // nobody may be listening
            let _ = self.changes.send(Arc::new(ChangeEvent { built, posts, feeds }));
        }
        PublishedCycle {
            has_site,
            again_in,
            has_failed,
        }
    }

    /// Finishes each site after requests get it; where sites come fast, only the newest.
    async fn finish(self: Arc<PublisherState>, mut built: watch::Receiver<Timestamp>, stop: CancellationToken) {
        while let Some(Ok(())) = stop.run_until_cancelled(built.changed()).await {
            let site = self.site.load_full();
            // what fails here is made when it is requested
            let _ = spawn_blocking(move || site.finish()).await;
        }
    }
}

impl Publisher {
    /// Publishes the posts in the folder at `root`. When this returns, the first site is built and the folder is watched.
    ///
    /// # Errors
    ///
    /// The folder is missing, is none, or cannot be read.
    pub async fn start(config: Arc<Config>, root: impl Into<Utf8PathBuf>) -> io::Result<Publisher> {
        Publisher::start_counting(config, root, Arc::default()).await
    }

    /// [`Publisher::start`], which counts in `progress` the posts that it finds and reads.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn start_counting(
        config: Arc<Config>,
        root: impl Into<Utf8PathBuf>,
        progress: Arc<Progress>,
    ) -> io::Result<Publisher> {
        let mut builder = SiteBuilder::new(&config, root.into(), None, Timestamp::now());
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
        });
        let token = CancellationToken::new();
        tokio::spawn(Arc::clone(&shared).finish(shared.built.subscribe(), token.clone()));
        let engine = Engine {
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
            engine: Mutex::new(Some(tokio::spawn(engine.run(token.clone())))),
            stop: token.clone(),
            _stop_when_dropped: token.drop_guard(),
        })
    }

    /// The newest site. This neither waits nor fails, and a site never changes.
    pub fn site(&self) -> Arc<Site> {
        self.shared.site.load_full()
    }

    /// What changes from now on: one event for each site, sent after requests get the site.
    pub fn changes(&self) -> broadcast::Receiver<Arc<ChangeEvent>> {
        self.shared.changes.subscribe()
    }

    /// The instant that the newest site was built for: of all events of [`Publisher::changes`], only the last.
    pub fn sites(&self) -> watch::Receiver<Timestamp> {
        self.shared.built.subscribe()
    }

    /// The state of the engine.
    pub fn health(&self) -> Arc<Health> {
        self.shared.health.load_full()
    }

    /// Stops the engine, and waits until its cycle has ended and everything is stored.
    pub async fn stop(&self) {
        self.stop.cancel();
        let engine = self.engine.lock().await.take();
        if let Some(engine) = engine
            && let Err(error) = engine.await
        {
            tracing::error!("the publisher ended badly: {error}");
        }
    }
}

/// Reads what is stored and what the source has, and builds the first site. The watch that is returned is in place.
fn open_builder(
    mut builder: SiteBuilder,
    config: &Arc<Config>,
    progress: Arc<Progress>,
    begun: Instant,
) -> io::Result<(SiteBuilder, CycleOutcome, SourceWatch)> {
    // reading raises an event on each file, so the watch starts after it; what changed since is found by the scan that the engine
    // begins with
    let expected = match config.watch.mode {
        WatchMode::Poll => Watching::Poll,
        WatchMode::Auto | WatchMode::Native => Watching::Native,
    };
    let storage = Storage::configured(config);
    // the identity under which posts are read is loaded at once; everything else is loaded while they are read
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
        // where no thread can be had, one comes after the other
        let stored = match loading {
            Some(loading) => loading.join().map(Some),
            None => Ok(storage.map(StoredState::open)),
        };
        (stored, scanned)
    });
    scanned?;
    let stored = stored.map_err(|_| io::Error::other("what is remembered could not be read, which is a fault in feedmill"))?;
    if stored.is_some_and(|stored| builder.use_stored(config, stored)) {
        progress.begin_anew();
        builder.tracker.count_in(progress);
        builder.scan_first(expected, begun)?;
    }
    let watch = builder.tracker.source().watch(&config.watch);
    let mut first = builder.publish_first(expected, begun);
    let watch = watch.ready();
    first.health.watching = watch.watching();
    Ok((builder, first, watch))
}

/// The loop.
struct Engine {
    /// `None` while it works on another thread.
    builder: Option<SiteBuilder>,
    watch: SourceWatch,
    config: Arc<Config>,
    shared: Arc<PublisherState>,
    begun: Instant,
    /// When the next cycle is due at the latest.
    again: Option<Instant>,
    /// Whether the last cycle failed: then nothing is due before it is tried again.
    has_failed: bool,
    /// When everything is scanned, whatever was hinted.
    rescan: Instant,
    /// The versions of the templates when they were last checked.
    templates: Option<TemplateVersions>,
    throttle: BuildThrottle,
}

impl Engine {
    async fn run(mut self, stop: CancellationToken) {
        self.rescan = Instant::now() + jittered(self.config.watch.rescan);
        // the first scan was before the watch
        self.run_cycle(Hints::everything()).await;
        while let Some(hints) = stop.run_until_cancelled(self.wake()).await {
            self.run_cycle(hints).await;
        }
        if let Some(builder) = self.builder.take() {
            // a disk that does not take it was reported before
            let _ = spawn_blocking(move || builder.close()).await;
        }
    }

    /// Waits for the next reason for a cycle; returns where to look.
    async fn wake(&mut self) -> Hints {
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
        tokio::select! {
            hints = hinted => hints,
            () = sleep_until(again) => Hints::default(),
            () = theme_loader::changed(self.config.site.templates.as_deref(), &mut self.templates) => Hints::default(),
            () = sleep_until(Some(self.rescan)) => {
                self.rescan = Instant::now() + jittered(self.config.watch.rescan);
                Hints::everything()
            }
        }
    }

    /// Runs one cycle, on a thread of its own: requests are answered meanwhile.
    async fn run_cycle(&mut self, hints: Hints) {
        let Some(mut builder) = self.builder.take() else { return };
        let started = Instant::now();
        let (watching, begun) = (self.watch.watching(), self.begun);
        let shared = Arc::clone(&self.shared);
        let working = spawn_blocking(move || {
            let outcome = builder.run_cycle(&hints, watching, Timestamp::now(), begun.elapsed());
            // published from here: the task that waits for it has to wake up first
            let published = shared.publish(outcome);
            (builder, published)
        });
        // the builder catches what panics in it, so it comes back; were it lost, the last site would stay, and health would say so
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
            Err(error) => {
                let health = Health {
                    degraded: Some(format!("the publisher has stopped: {error}")),
                    ..Health::clone(&self.shared.health.load())
                };
                tracing::error!("the publisher has stopped: {error}");
                self.shared.health.store(Arc::new(health));
                self.has_failed = true;
                self.again = None;
            }
        }
    }
}

async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}

/// Between three and five quarters of `span`, so that replicas do not all scan a shared disk at once.
fn jittered(span: Duration) -> Duration {
    let random = RandomState::new().hash_one(0_u8);
    let per_mille = u32::try_from(random % 501).unwrap_or(0) + 750;
    span * per_mille / 1000
}

#[cfg(test)]
#[path = "publisher/tests.rs"]
mod tests;
