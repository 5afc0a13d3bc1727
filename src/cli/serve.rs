//! `feedmill serve`: watch a folder of posts and serve it.

mod links;
mod listening;
mod push;
mod reload;
mod reporter;
mod systemd;

use std::convert::Infallible;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use arc_swap::ArcSwap;
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use warp::{Filter, Reply};

use self::listening::{admin_url, bind_preview, bind_problem, with_bound_address};
use self::reload::{ActiveConfig, ConfigVersion, Reloader, hangups};
use self::reporter::Reporter;
use super::settings::Settings;
use super::terminal::ConfigError;
use super::{heap, log, terminal};
use crate::config::{AccessLogFormat, Config, LogFormat, ServerSettings, WatchMode};
use crate::diagnostic::Diagnostic;
use crate::http::admin::{self, ConfigStatus, ProblemFeed, ServerStatus, WatchStatus};
use crate::http::events::PostEvents;
use crate::http::filter::filter;
use crate::http::media::Library;
use crate::http::network::is_loopback;
use crate::http::preview::Preview;
use crate::http::preview::events::Events;
use crate::http::preview::key::PreviewKey;
use crate::http::request_context::RequestContext;
use crate::http::server::{self, Address, Bound, Descriptors};
use crate::metrics::Metrics;
use crate::publisher::{ChangeEvent, Progress, Publisher};
use crate::push::Timing;
use crate::push::hub::Hub;
use crate::site::Site;
use crate::source::Source;
use crate::source::watch::Watching;
use crate::storage::Storage;
use crate::time::Timestamp;

/// The options of `serve`.
#[derive(Clone, Debug, Args)]
pub(super) struct ServeArgs {
    /// The folder of posts [default: posts]
    #[arg(env = "FEEDMILL_POSTS", hide_env_values = true)]
    posts: Option<Utf8PathBuf>,
    /// Where to listen: HOST:PORT, unix:PATH or systemd [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", env = "FEEDMILL_LISTEN", hide_env_values = true)]
    listen: Option<String>,
    /// The port to listen on; the host is that of `--listen`, or 127.0.0.1
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// Where /status and /metrics are served, for operators only, or `off` [default: 127.0.0.1:8081]
    #[arg(long, value_name = "ADDR", env = "FEEDMILL_ADMIN", hide_env_values = true)]
    admin: Option<String>,
    /// How changes are noticed [default: auto]
    #[arg(long, value_name = "MODE", env = "FEEDMILL_WATCH", hide_env_values = true)]
    watch: Option<WatchMode>,
    /// The format of messages and logs [default: text]
    #[arg(long, value_name = "FORMAT", env = "FEEDMILL_LOG_FORMAT")]
    log: Option<LogFormat>,
    /// Log each request, with client addresses shortened to networks and without search words
    #[arg(long, env = "FEEDMILL_ACCESS_LOG")]
    access_log: bool,
    /// How requests are logged: `combined` writes the format of Apache and nginx to the standard output, with the addresses of clients
    #[arg(long, value_name = "FORMAT", env = "FEEDMILL_ACCESS_LOG_FORMAT")]
    access_log_format: Option<AccessLogFormat>,
    /// Show the author what is not published, at an address of its own with a key, on pages that reload when a file changes
    #[arg(long, env = "FEEDMILL_PREVIEW")]
    preview: bool,
    /// Where the preview listens, an address of this machine alone [default: 127.0.0.1:8082, or a free port if that is taken]
    #[arg(long, value_name = "ADDR", env = "FEEDMILL_PREVIEW_LISTEN", hide_env_values = true)]
    preview_listen: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

/// The address `listen` with another `port`, if one is given.
fn with_port(listen: Option<String>, port: Option<u16>) -> Option<String> {
    let Some(port) = port else { return listen };
    let is_network = |listen: &&str| !listen.starts_with("unix:");
    let host = listen
        .as_deref()
        .filter(is_network)
        .and_then(|listen| listen.rsplit_once(':'));
    Some(format!("{}:{port}", host.map_or("127.0.0.1", |(host, _)| host)))
}

impl ServeArgs {
    /// Reads the configuration. Returns it with the folder of posts, and its file if there is one.
    fn load(&self) -> anyhow::Result<(Arc<Config>, Utf8PathBuf, Option<Utf8PathBuf>)> {
        let ServeArgs {
            posts,
            listen,
            port,
            admin,
            watch,
            log,
            access_log,
            access_log_format,
            preview,
            preview_listen,
            settings,
        } = self.clone();
        let listen = with_port(listen, port);
        let file = Some(settings.file().to_owned()).filter(|file| file.exists());
        let (config, root) = settings.load(posts, |config| {
            let Config {
                server, watch: watching, ..
            } = config;
            server.listen = listen.unwrap_or_else(|| std::mem::take(&mut server.listen));
            server.admin = admin.unwrap_or_else(|| std::mem::take(&mut server.admin));
            server.log = log.unwrap_or(server.log);
            server.access_log |= access_log;
            server.access_log_format = access_log_format.unwrap_or(server.access_log_format);
            server.preview = preview;
            server.preview_listen = preview_listen.unwrap_or_else(|| std::mem::take(&mut server.preview_listen));
            watching.mode = watch.unwrap_or(watching.mode);
        })?;
        Ok((config, root, file))
    }
}

/// Runs the command until a signal stops it.
pub(super) fn run(arguments: ServeArgs) -> anyhow::Result<ExitCode> {
    // looked at before it is read: a later version is noticed
    let seen = ConfigVersion::of(arguments.settings.file());
    let loaded = match arguments.load() {
        Ok(loaded) => loaded,
        Err(error) if arguments.log == Some(LogFormat::Json) => {
            log::start(LogFormat::Json, None);
            return Ok(failed(&error));
        }
        Err(error) => return Err(error),
    };
    let settings = &loaded.0.server;
    let format = settings.log;
    let is_logged = settings.access_log || settings.access_log_format == AccessLogFormat::Combined;
    log::start(format, is_logged.then_some(settings.access_log_format));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("threads cannot be started")?;
    match runtime.block_on(serve(arguments, loaded, seen)) {
        Err(error) if format == LogFormat::Json => Ok(failed(&error)),
        ended => ended.map(|()| ExitCode::SUCCESS),
    }
}

/// Logs `error`, which ends the program, as one event.
fn failed(error: &anyhow::Error) -> ExitCode {
    match error.downcast_ref() {
        Some(ConfigError(diagnostic)) => log::diagnostic(diagnostic),
        None => tracing::error!("{}", terminal::error_message(error)),
    }
    ExitCode::from(terminal::COULD_NOT_RUN)
}

async fn serve(
    arguments: ServeArgs,
    (config, root, file): (Arc<Config>, Utf8PathBuf, Option<Utf8PathBuf>),
    seen: Option<ConfigVersion>,
) -> anyhow::Result<()> {
    let may_move = arguments.preview_listen.is_none();
    let started = Instant::now();
    let reporter = Reporter(config.server.log);
    // the address comes first: a second start by mistake should fail at once, not after reading the posts
    let listen = &config.server.listen;
    let bound = match server::bind(listen).await {
        Ok(bound) => bound,
        Err(error) => {
            let (why, fix) = bind_problem(&error);
            bail!("cannot listen at {listen}: {why}; {fix}");
        }
    };
    let preview = if config.server.preview {
        Some(bind_preview(&config.server.preview_listen, may_move).await?)
    } else {
        None
    };
    let given = Arc::clone(&config);
    let config = with_bound_address(config, &bound);
    check_is_folder(&root)?;
    let progress = Arc::new(Progress::default());
    let source = Source::folder(root.clone(), &config.posts);
    let starting = Publisher::start_counting(Arc::clone(&config), source, Arc::clone(&progress));
    let publisher = reporter
        .show_progress(starting, &progress, started)
        .await
        .with_context(|| format!("{root} cannot be served"))?;
    let publisher = Arc::new(publisher);
    let service = Service {
        hub: push::hub_of(&publisher, Timing::default()),
        in_use: Arc::new(ArcSwap::from_pointee(ActiveConfig::new(given, Arc::clone(&config), file))),
        publisher,
        stop: CancellationToken::new(),
        config,
        root,
        reporter,
        started,
        arguments,
        seen,
    };
    // from here on a signal means an orderly stop; before it there is nothing to finish
    let signals = Signals::catch();
    let admin = match service.config.server.admin.as_str() {
        ADMIN_OFF => None,
        address => reporter.bind_admin(address).await,
    };
    let addresses = (preview.as_ref().map(|(_, key)| key.url()), admin.as_ref().map(Bound::address));
    service.start_reporting(signals, addresses.0.as_deref(), addresses.1);
    service.serve(bound, preview, admin).await;
    systemd::stopping();
    // what was sent is noted before the storage is closed
    let hub = Arc::clone(&service.hub);
    let _ = tokio::task::spawn_blocking(move || hub.stop(HUB_PATIENCE)).await;
    service.publisher.stop().await;
    reporter.report_stopped();
    Ok(())
}

/// Checks that `root` is there and is a folder.
fn check_is_folder(root: &Utf8Path) -> anyhow::Result<()> {
    if !root.exists() {
        bail!("there is no folder {root}; create it, or name another: feedmill serve FOLDER");
    }
    if root.is_file() {
        let folder = root
            .parent()
            .filter(|folder| !folder.as_str().is_empty())
            .unwrap_or(Utf8Path::new("."));
        bail!("{root} is a file; name the folder that it is in: feedmill serve {folder}");
    }
    Ok(())
}

/// A running publisher, and what its listeners need.
struct Service {
    arguments: ServeArgs,
    /// The version of the configuration file that was read.
    seen: Option<ConfigVersion>,
    /// The configuration that the listeners were started with.
    config: Arc<Config>,
    in_use: Arc<ArcSwap<ActiveConfig>>,
    root: Utf8PathBuf,
    publisher: Arc<Publisher>,
    hub: Arc<Hub>,
    reporter: Reporter,
    started: Instant,
    /// Cancelled when the program is to end.
    stop: CancellationToken,
}

impl Service {
    /// Prints the startup message, and starts the tasks that report events, stop at a signal and free memory.
    fn start_reporting(&self, signals: io::Result<Signals>, preview_url: Option<&str>, admin: Option<&Address>) {
        let changes = self.publisher.changes();
        let in_use = self.in_use.load();
        let info = terminal::StartupInfo {
            preview: preview_url,
            admin,
            file: in_use.file.as_deref(),
            durability_warning: in_use.durability_warning.as_deref(),
        };
        let known = self.reporter.report_start(&self.root, &self.config, &self.publisher, info);
        match signals {
            Ok(signals) => {
                let drain = self.config.server.drain_timeout;
                drop(tokio::spawn(signals.stop(self.stop.clone(), drain, self.reporter)));
            }
            Err(error) => tracing::warn!("signals cannot be awaited, so only a kill ends the server: {error}"),
        }
        tokio::spawn(systemd::feed_watchdog(Arc::clone(&self.publisher)));
        let (root, publisher) = (self.root.clone(), Arc::clone(&self.publisher));
        tokio::spawn(report_events(self.reporter, changes, root, publisher, known));
        tokio::spawn(push::announce_changes(Arc::clone(&self.hub), self.publisher.changes()));
        let (hub, publisher) = (Arc::clone(&self.hub), Arc::clone(&self.publisher));
        tokio::spawn(push::ping_hubs(hub, publisher, self.stop.clone()));
        tokio::spawn(trim_heap_periodically());
    }

    /// Serves requests until it is stopped.
    async fn serve(&self, bound: Bound, preview: Option<(Bound, PreviewKey)>, admin: Option<Bound>) {
        let descriptors = Descriptors::raised_for(&self.config.server);
        if descriptors.connections < self.config.server.max_connections.min(FEW_CONNECTIONS) {
            tracing::warn!(
                connections = descriptors.connections,
                "the system allows so few files that only these connections can be open at once; raise `ulimit -n` (systemd: LimitNOFILE=)"
            );
        }
        // each of the other listeners is for one person
        let mut side_settings = self.config.server.clone();
        side_settings.max_connections = side_settings.max_connections.min(descriptors.side_connections);
        let metrics = Arc::new(Metrics::default());
        if let Some(admin) = admin {
            self.start_admin(admin, &metrics, &side_settings);
        }
        let source = Source::folder(self.root.clone(), &self.config.posts);
        let library = Library::new(source.clone()).with_open_files(descriptors.files);
        links::report_links(Arc::clone(&self.publisher), self.root.clone(), source, self.reporter);
        prepare_search(Arc::clone(&self.publisher), self.root.clone());
        let publisher = Arc::clone(&self.publisher);
        let site = move || publisher.site();
        let events = PostEvents::new(site.clone(), self.publisher.sites(), self.config.server.idle_timeout);
        let context = RequestContext::new(&self.config, library, metrics, self.stop.clone())
            .with_events(events)
            .with_hub(Arc::clone(&self.hub));
        if let Some((bound, key)) = preview {
            let events = Events::new(self.publisher.sites(), self.config.server.idle_timeout);
            let shown = filter(site.clone(), context.clone().with_preview(Preview { events, key }));
            let stop = self.stop.clone();
            tokio::spawn(async move { bound.serve(shown, &side_settings, stop).await });
        }
        let listeners = self.start_reloading(&context, descriptors.files);
        // systemd starts what comes after this service; the listener accepts connections already
        systemd::ready();
        self.serve_public(bound, &filter(site, context), listeners).await;
    }

    /// Starts the task that reads the configuration again. Returns what receives a new listener.
    fn start_reloading(&self, context: &RequestContext, open_files: usize) -> mpsc::Receiver<(Bound, ServerSettings)> {
        let (listeners, received) = mpsc::channel(1);
        let reloader = Reloader {
            arguments: self.arguments.clone(),
            root: self.root.clone(),
            in_use: Arc::clone(&self.in_use),
            publisher: Arc::clone(&self.publisher),
            context: context.clone(),
            open_files,
            listeners,
            reporter: self.reporter,
        };
        match hangups() {
            Ok(hangups) => drop(tokio::spawn(reloader.run(hangups, self.seen))),
            Err(error) => tracing::warn!("SIGHUP cannot be awaited, so a changed configuration needs a restart: {error}"),
        }
        received
    }

    /// Answers requests at `bound` until the program is stopped. A listener that is received takes its place: it answers before the old one
    /// finishes its requests.
    async fn serve_public<F>(&self, bound: Bound, filter: &F, mut listeners: mpsc::Receiver<(Bound, ServerSettings)>)
    where
        F: Filter<Error = Infallible> + Clone + Send + Sync + 'static,
        F::Extract: Reply,
        F::Future: Send,
    {
        let mut serving = JoinSet::new();
        let start = |bound: Bound, settings: ServerSettings, serving: &mut JoinSet<()>| {
            let (filter, stop) = (filter.clone(), self.stop.child_token());
            let stopped = stop.clone();
            serving.spawn(async move { bound.serve(filter, &settings, stopped).await });
            stop
        };
        let mut newest = start(bound, self.config.server.clone(), &mut serving);
        loop {
            tokio::select! {
                Some((bound, settings)) = listeners.recv() => {
                    let before = std::mem::replace(&mut newest, start(bound, settings, &mut serving));
                    before.cancel();
                }
                ended = serving.join_next() => if ended.is_none() {
                    return;
                },
            }
        }
    }

    /// Answers `/status`, `/status.atom` and `/metrics` at `bound`.
    fn start_admin(&self, bound: Bound, metrics: &Arc<Metrics>, settings: &ServerSettings) {
        tracing::info!(address = %bound.address(), "operator's address");
        let (publisher, started) = (Arc::clone(&self.publisher), self.started);
        let in_use = Arc::clone(&self.in_use);
        let hub = Arc::clone(&self.hub);
        let status = move || {
            let outside = hub.pings().status(publisher.site().config());
            let status = status(&publisher, started, &in_use.load());
            status.with_push(hub.status()).with_outside_hubs(outside)
        };
        let (metrics, status_for_gauges) = (Arc::clone(metrics), status.clone());
        let text = move || metrics.text(&status_for_gauges().gauges());
        let is_local = matches!(bound.address(), Address::Tcp(address) if is_loopback(address.ip()));
        let problems = ProblemFeed::new(admin_url(bound.address()), Storage::configured(&self.config));
        let routes = admin::routes(status, text, Arc::new(problems), Some(Arc::clone(&self.hub)), is_local);
        let (settings, stop) = (settings.clone(), self.stop.clone());
        tokio::spawn(async move { bound.serve(routes, &settings, stop).await });
    }
}

/// Makes the search index in the background, unless the posts together are too large.
///
/// It has its own thread, because neither requests nor the end of the program should wait for it.
fn prepare_search(publisher: Arc<Publisher>, root: Utf8PathBuf) {
    let prepare = move || {
        std::thread::sleep(SEARCH_INDEX_DELAY);
        let site = publisher.site();
        if are_small(&site, &root) {
            let started = Instant::now();
            site.prepare_search();
            heap::trim_heap();
            tracing::debug!(took = ?started.elapsed(), "the search index is made");
        }
    };
    if let Err(error) = std::thread::Builder::new().name("search-index".to_owned()).spawn(prepare) {
        tracing::warn!("the search index is made at the first search, because no thread can be started: {error}");
    }
}

/// Whether the public posts and pages of `site`, whose files are below `root`, together are so small that all of them may be read in the background.
fn are_small(site: &Site, root: &Utf8Path) -> bool {
    let mut left = MAX_PREPARED_BYTES;
    site.index.searched().iter().all(|post| {
        let bytes = std::fs::metadata(root.join(&post.source)).map_or(0, |metadata| metadata.len());
        left = left.saturating_sub(bytes);
        left > 0
    })
}

/// Returns free memory to the system: soon after the start, which uses the most, then about once a minute. If there is nothing to
/// return this takes a tenth of a millisecond.
async fn trim_heap_periodically() {
    let mut pause = Duration::from_millis(250);
    loop {
        let _ = tokio::task::spawn_blocking(heap::trim_heap).await;
        tokio::time::sleep(pause).await;
        pause = (pause * 4).min(Duration::from_mins(1));
    }
}

/// Reports events until the publisher ends.
async fn report_events(
    reporter: Reporter,
    mut changes: Receiver<Arc<ChangeEvent>>,
    root: Utf8PathBuf,
    publisher: Arc<Publisher>,
    mut known: Arc<[Diagnostic]>,
) {
    loop {
        let site = publisher.site();
        if !Arc::ptr_eq(&known, &site.diagnostics) {
            reporter.report_diagnostics(&known, &site);
            known = Arc::clone(&site.diagnostics);
        }
        match changes.recv().await {
            Ok(change) if change.posts.is_empty() => {}
            Ok(change) => reporter.report_changes(&change.posts, &root, &publisher.site()),
            Err(RecvError::Lagged(events)) => reporter.report_missed(events),
            Err(RecvError::Closed) => return,
        }
    }
}

/// If the posts have more bytes than this, the search index is made at the first search, and links are not followed.
const MAX_PREPARED_BYTES: u64 = 64 * 1024 * 1024;

/// When the search index is made after the start: it takes a whole core, which the first requests need.
const SEARCH_INDEX_DELAY: Duration = Duration::from_secs(2);

/// The operator's address if there is to be none.
pub(super) const ADMIN_OFF: &str = "off";

/// Fewer connections than this are worth a warning.
const FEW_CONNECTIONS: usize = 64;

/// How long the stop waits for deliveries that are in flight.
const HUB_PATIENCE: Duration = Duration::from_secs(2);

/// How long a stop may take without a message.
const SILENT_STOP_TIME: Duration = Duration::from_millis(500);

/// The signals that stop the program. They are caught from its creation on.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn catch() -> io::Result<Signals> {
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Cancels `stop` at the first signal. At the second the process ends at once.
    async fn stop(mut self, stop: CancellationToken, drain: Duration, reporter: Reporter) {
        self.next().await;
        stop.cancel();
        if tokio::time::timeout(SILENT_STOP_TIME, self.next()).await.is_err() {
            reporter.report_stopping(drain);
            self.next().await;
        }
        std::process::exit(130);
    }
}

/// The status of `publisher`, whose configuration is `in_use`.
fn status(publisher: &Publisher, started: Instant, in_use: &ActiveConfig) -> ServerStatus {
    let health = publisher.health();
    let watch = WatchStatus {
        mode: match health.watching {
            Watching::Native => "native",
            Watching::Poll => "poll",
        },
        degraded: health.degraded.clone(),
        ledger: health.ledger.clone(),
        ledger_folder: in_use.config.state.dir.clone().map(Utf8PathBuf::into_string),
        ledger_warning: in_use.durability_warning.clone(),
        config: ConfigStatus {
            file: in_use.file.clone().map(Utf8PathBuf::into_string),
            since: in_use.since,
            problem: in_use.problem.clone(),
        },
        last_full_scan: health.last_full_scan,
        scans: health.scans,
        builds: health.builds,
        last_build: health.last_build,
    };
    ServerStatus::new(&publisher.site(), watch, started.elapsed(), Timestamp::now())
}
