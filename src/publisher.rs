//! The publishing loop: wait, scan, build, swap, report.
//!
//! [`FileTracker`](crate::source::tracker::FileTracker) decides what a change on disk means; this module has the clocks and threads. The
//! loop waits for whatever comes first: a hint of the watch, a file that must hold still before it is read, the time at which a post
//! appears or expires, or the time of a full scan. It then scans at once. Hints that arrive meanwhile are the next batch, so a burst of
//! changes costs as many builds as fit into its time.
//!
//! Requests get the last good [`Site`], whatever happens here.

mod absent_posts;
mod build_throttle;
mod health;
mod links;
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
use tokio::sync::{Mutex, Notify, broadcast, watch};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::config::{Config, WatchMode};
use crate::site::Site;
use crate::source::folder::templates::TemplateVersions;
use crate::source::watch::{Hints, Watch, Watching};
use crate::storage::Storage;
use crate::time::Timestamp;

use self::build_throttle::BuildThrottle;
pub use self::health::Health;
use self::site_builder::{CycleOutcome, SiteBuilder};
pub use self::snapshot::{WOULD_HOLD, WOULD_WITHDRAW, snapshot, would_hold};
use self::stored_state::StoredState;
pub use crate::source::post_event::{LEDGER_EVENTS, PostEvent, PostEventKind};
pub use crate::source::progress::Progress;

/// How long the calendar is trusted to go on as it does: a clock that was set is noticed within it.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How many batches of reports wait for a listener that is busy; it misses the oldest past them.
const WAITING_REPORTS: usize = 64;

/// A folder being published. Dropping it stops the engine; the sites it gave stay.
#[derive(Debug)]
pub struct Publisher {
    shared: Arc<Shared>,
    engine: Mutex<Option<JoinHandle<()>>>,
    stop: CancellationToken,
    _stop_when_dropped: DropGuard,
}

/// What the engine shows.
#[derive(Debug)]
struct Shared {
    site: ArcSwap<Site>,
    health: ArcSwap<Health>,
    reports: broadcast::Sender<Arc<[PostEvent]>>,
    /// When the site was built for that can be had.
    built: watch::Sender<Timestamp>,
    look_again: Notify,
}

/// What the engine needs to know of an edition that is shown.
struct Shown {
    /// Whether it came with another site.
    has_site: bool,
    again_in: Option<Duration>,
    has_failed: bool,
}

impl Shared {
    fn show(&self, outcome: CycleOutcome) -> Shown {
        let CycleOutcome {
            site,
            reports,
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
        if !reports.is_empty() {
            // nobody may be listening
            let _ = self.reports.send(reports.into());
        }
        Shown {
            has_site,
            again_in,
            has_failed,
        }
    }

    /// Finishes each site after it can be had, or where they come fast, the newest.
    async fn finish(self: Arc<Shared>, mut built: watch::Receiver<Timestamp>, stop: CancellationToken) {
        while let Some(Ok(())) = stop.run_until_cancelled(built.changed()).await {
            let site = self.site.load_full();
            // what fails here is made when it is asked for
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
        Publisher::start_press(builder, config, progress).await
    }

    async fn start_press(mut builder: SiteBuilder, config: Arc<Config>, progress: Arc<Progress>) -> io::Result<Publisher> {
        let begun = Instant::now();
        let setting_up = spawn_blocking(move || {
            // reading raises an event on each file, so the watch goes up after it; what changed since is found by the look that the
            // engine begins with
            let expected = match config.watch.mode {
                WatchMode::Poll => Watching::Poll,
                WatchMode::Auto | WatchMode::Native => Watching::Native,
            };
            let storage = Storage::configured(&config);
            // under which identity posts are read, the ledger says at once; all else of it is read beside them
            if let Some(site) = storage.as_ref().and_then(StoredState::load_site)
                && builder.remember(&config, site)
            {
                builder.tracker.count_in(Arc::clone(&progress));
            }
            let (memory, looked) = thread::scope(|scope| {
                let storage = storage.as_ref();
                let thread = || thread::Builder::new().name("ledger".to_owned());
                let remembering = storage.and_then(|storage| thread().spawn_scoped(scope, || StoredState::open(storage)).ok());
                let looked = builder.look_first(expected, begun);
                // where no thread can be had, one comes after the other
                let memory = match remembering {
                    Some(remembering) => remembering.join().map(Some),
                    None => Ok(storage.map(StoredState::open)),
                };
                (memory, looked)
            });
            looked?;
            let memory =
                memory.map_err(|_| io::Error::other("what is remembered could not be read, which is a fault in feedmill"))?;
            if memory.is_some_and(|memory| builder.remember(&config, memory)) {
                progress.begin_anew();
                builder.tracker.count_in(progress);
                builder.look_first(expected, begun)?;
            }
            let watch = builder.tracker.source().watch(&config.watch);
            let mut first = builder.publish_first(expected, begun);
            let watch = watch.ready();
            first.health.watching = watch.watching();
            Ok::<_, io::Error>((builder, first, watch, config))
        });
        let (builder, first, watch, config) = setting_up.await.map_err(io::Error::other)??;
        let site = first
            .site
            .ok_or_else(|| io::Error::other("the first site could not be built"))?;
        let site = {
            let (finished, site) = (Arc::clone(&site), site);
            spawn_blocking(move || finished.finish()).await.map_err(io::Error::other)?;
            site
        };
        let shared = Arc::new(Shared {
            built: watch::Sender::new(site.built()),
            site: ArcSwap::new(site),
            health: ArcSwap::from_pointee(first.health),
            reports: broadcast::Sender::new(WAITING_REPORTS),
            look_again: Notify::new(),
        });
        let token = CancellationToken::new();
        tokio::spawn(Arc::clone(&shared).finish(shared.built.subscribe(), token.clone()));
        let engine = Engine {
            templates: builder.look.seen().cloned(),
            builder: Some(builder),
            watch,
            config,
            shared: Arc::clone(&shared),
            begun,
            again: first.again_in.map(|again_in| Instant::now() + again_in),
            has_failed: first.has_failed,
            rescan: Instant::now(),
            bursts: BuildThrottle::default(),
        };
        Ok(Publisher {
            shared,
            engine: Mutex::new(Some(tokio::spawn(engine.run(token.clone())))),
            stop: token.clone(),
            _stop_when_dropped: token.drop_guard(),
        })
    }

    /// The site as it is now. It neither waits nor fails, and what it gives never changes.
    pub fn site(&self) -> Arc<Site> {
        self.shared.site.load_full()
    }

    /// What happens from now on, as one batch for each site; told after the site can be had.
    pub fn reports(&self) -> broadcast::Receiver<Arc<[PostEvent]>> {
        self.shared.reports.subscribe()
    }

    /// The instant that the newest site was built for; told of each site after it can be had.
    pub fn sites(&self) -> watch::Receiver<Timestamp> {
        self.shared.built.subscribe()
    }

    /// How the engine is.
    pub fn health(&self) -> Arc<Health> {
        self.shared.health.load_full()
    }

    /// Has the whole folder looked at soon.
    pub fn look_again(&self) {
        self.shared.look_again.notify_one();
    }

    /// Stops the engine, and waits until the look it is at has ended and what is to be remembered is kept.
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

/// The loop.
struct Engine {
    /// Away while it works.
    builder: Option<SiteBuilder>,
    watch: Watch,
    config: Arc<Config>,
    shared: Arc<Shared>,
    begun: Instant,
    /// When something that is waited for is due.
    again: Option<Instant>,
    /// Whether the last turn failed: then nothing is due before it is tried again.
    has_failed: bool,
    /// When everything is looked at, whatever was hinted.
    rescan: Instant,
    /// What the templates looked like when they were last looked at.
    templates: Option<TemplateVersions>,
    bursts: BuildThrottle,
}

impl Engine {
    async fn run(mut self, stop: CancellationToken) {
        self.rescan = Instant::now() + jittered(self.config.watch.rescan);
        // the first look was before the watch
        self.turn(Hints::everything()).await;
        while let Some(hints) = stop.run_until_cancelled(self.wake()).await {
            self.turn(hints).await;
        }
        if let Some(builder) = self.builder.take() {
            // a disk that does not take it was told of before
            let _ = spawn_blocking(move || builder.close()).await;
        }
    }

    /// Waits for the next reason to work; returns where to look.
    async fn wake(&mut self) -> Hints {
        let due = self.shared.site.load().next_due().filter(|_| !self.has_failed).map(|due| {
            let wait = due.duration_since(Timestamp::now());
            Instant::now() + Duration::try_from(wait).unwrap_or(Duration::ZERO).min(LONGEST_WAIT)
        });
        let again = [self.again, due].into_iter().flatten().min();
        let next = self.bursts.next();
        let hinted = async {
            if let Some(next) = next {
                tokio::time::sleep_until(next.into()).await;
            }
            self.watch.next().await
        };
        tokio::select! {
            hints = hinted => hints,
            () = self.shared.look_again.notified() => Hints::everything(),
            () = sleep_until(again) => Hints::default(),
            () = theme_loader::changed(self.config.site.templates.as_deref(), &mut self.templates) => Hints::default(),
            () = sleep_until(Some(self.rescan)) => {
                self.rescan = Instant::now() + jittered(self.config.watch.rescan);
                Hints::everything()
            }
        }
    }

    /// Looks, builds, swaps and announces. Requests are answered meanwhile: all of it is done on a thread of its own.
    async fn turn(&mut self, hints: Hints) {
        let Some(mut builder) = self.builder.take() else { return };
        let turned = Instant::now();
        let (watching, begun) = (self.watch.watching(), self.begun);
        let shared = Arc::clone(&self.shared);
        let working = spawn_blocking(move || {
            let outcome = builder.turn(&hints, watching, Timestamp::now(), begun.elapsed());
            // shown from here, for who waits for it has to wake up first
            let shown = shared.show(outcome);
            (builder, shown)
        });
        // the press catches what fails in it, so it comes back; were it lost, the last site would stay and health tell
        match working.await {
            Ok((builder, shown)) => {
                self.builder = Some(builder);
                if shown.has_site {
                    self.bursts.built(turned, Instant::now());
                }
                if shown.has_failed && !self.has_failed {
                    tracing::error!("a fault in feedmill keeps the site from being built; the last good one stays");
                }
                self.has_failed = shown.has_failed;
                self.again = shown.again_in.map(|again_in| Instant::now() + again_in);
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

/// Between three and five quarters of `span`, so that replicas do not all look at a shared disk at once.
fn jittered(span: Duration) -> Duration {
    let random = RandomState::new().hash_one(0_u8);
    let per_mille = u32::try_from(random % 501).unwrap_or(0) + 750;
    span * per_mille / 1000
}

#[cfg(test)]
#[path = "publisher/tests.rs"]
mod tests;
