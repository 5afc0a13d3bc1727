//! `feedmill serve`: watch a folder of posts and serve it.

mod links;

use std::collections::HashSet;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

use super::settings::Settings;
use super::terminal::ConfigError;
use super::{heap, log, terminal};
use crate::config::{Config, LogFormat, ServerSettings, WatchMode};
use crate::diagnostic::{Diagnostic, plain_error};
use crate::http::admin::{self, ServerStatus, WatchStatus};
use crate::http::filter::filter;
use crate::http::media::Library;
use crate::http::network::is_loopback;
use crate::http::preview::Preview;
use crate::http::preview::events::Events;
use crate::http::preview::key::PreviewKey;
use crate::http::request_context::RequestContext;
use crate::http::server::{self, Address, Bound, Descriptors};
use crate::metrics::Metrics;
use crate::publisher::{ChangeEvent, PostEvent, Progress, Publisher};
use crate::site::Site;
use crate::source::Source;
use crate::source::watch::Watching;
use crate::storage::Storage;
use crate::time::Timestamp;

/// The options of `serve`.
#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// The folder of posts [default: posts]
    #[arg(env = "FEEDMILL_POSTS", hide_env_values = true)]
    posts: Option<Utf8PathBuf>,
    /// Where to listen: HOST:PORT, unix:PATH or systemd [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", env = "FEEDMILL_LISTEN", hide_env_values = true)]
    listen: Option<String>,
    /// Where /status and /metrics are served, for operators only [default: 127.0.0.1:8081]
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
    /// Show the author what is not published, at an address of its own with a key, on pages that reload when a file changes
    #[arg(long, env = "FEEDMILL_PREVIEW")]
    preview: bool,
    /// Where the preview listens, an address of this machine alone [default: 127.0.0.1:8082, or a free port if that is taken]
    #[arg(long, value_name = "ADDR", env = "FEEDMILL_PREVIEW_LISTEN", hide_env_values = true)]
    preview_listen: Option<String>,
    #[command(flatten)]
    settings: Settings,
}

/// Runs the command until a signal stops it.
pub(super) fn run(arguments: ServeArgs) -> anyhow::Result<ExitCode> {
    let ServeArgs {
        posts,
        listen,
        admin,
        watch,
        log,
        access_log,
        preview,
        preview_listen,
        settings,
    } = arguments;
    let may_move = preview_listen.is_none();
    let loaded = settings.load(posts, |config| {
        let Config {
            server, watch: watching, ..
        } = config;
        server.listen = listen.unwrap_or_else(|| std::mem::take(&mut server.listen));
        server.admin = admin.unwrap_or_else(|| std::mem::take(&mut server.admin));
        server.log = log.unwrap_or(server.log);
        server.access_log |= access_log;
        server.preview = preview;
        server.preview_listen = preview_listen.unwrap_or_else(|| std::mem::take(&mut server.preview_listen));
        watching.mode = watch.unwrap_or(watching.mode);
    });
    let (config, root) = match loaded {
        Ok(loaded) => loaded,
        Err(error) if log == Some(LogFormat::Json) => {
            log::start(LogFormat::Json, false);
            return Ok(failed(&error));
        }
        Err(error) => return Err(error),
    };
    let format = config.server.log;
    log::start(format, config.server.access_log);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("threads cannot be started")?;
    match runtime.block_on(serve(config, root, may_move)) {
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

async fn serve(config: Arc<Config>, root: Utf8PathBuf, may_move: bool) -> anyhow::Result<()> {
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
    let config = with_bound_address(config, &bound);
    check_is_folder(&root)?;
    let progress = Arc::new(Progress::default());
    let source = Source::folder(root.clone(), &config.posts);
    let starting = Publisher::start_counting(Arc::clone(&config), source, Arc::clone(&progress));
    let publisher = reporter
        .show_progress(starting, &progress, started)
        .await
        .with_context(|| format!("{root} cannot be served"))?;
    let service = Service {
        durability_warning: Storage::configured(&config).and_then(|storage| storage.durability_warning()),
        publisher: Arc::new(publisher),
        stop: CancellationToken::new(),
        config,
        root,
        reporter,
        started,
    };
    service.start_reporting(preview.as_ref().map(|(_, key)| key.url()).as_deref());
    service.serve(bound, preview).await;
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
    config: Arc<Config>,
    root: Utf8PathBuf,
    publisher: Arc<Publisher>,
    reporter: Reporter,
    started: Instant,
    /// Cancelled when the program is to end.
    stop: CancellationToken,
    /// Why the ledger's folder does not outlive the container.
    durability_warning: Option<String>,
}

impl Service {
    /// Prints the startup message, and starts the tasks that report events, stop at a signal and free memory.
    fn start_reporting(&self, preview_url: Option<&str>) {
        let changes = self.publisher.changes();
        // after the startup message, a signal means an orderly stop; before it there is nothing to finish
        let signals = Signals::catch();
        let info = terminal::StartupInfo {
            preview: preview_url,
            durability_warning: self.durability_warning.as_deref(),
        };
        let known = self.reporter.report_start(&self.root, &self.config, &self.publisher, info);
        match signals {
            Ok(signals) => {
                let drain = self.config.server.drain_timeout;
                drop(tokio::spawn(signals.stop(self.stop.clone(), drain, self.reporter)));
            }
            Err(error) => tracing::warn!("signals cannot be awaited, so only a kill ends the server: {error}"),
        }
        let (root, publisher) = (self.root.clone(), Arc::clone(&self.publisher));
        tokio::spawn(report_events(self.reporter, changes, root, publisher, known));
        tokio::spawn(trim_heap_periodically());
    }

    /// Serves requests until it is stopped.
    async fn serve(&self, bound: Bound, preview: Option<(Bound, PreviewKey)>) {
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
        self.start_admin(&metrics, &side_settings).await;
        let source = Source::folder(self.root.clone(), &self.config.posts);
        let library = Library::new(source.clone()).with_open_files(descriptors.files);
        links::report_links(Arc::clone(&self.publisher), self.root.clone(), source, self.reporter);
        prepare_search(Arc::clone(&self.publisher), self.root.clone());
        let context = RequestContext::new(&self.config, library, metrics, self.stop.clone());
        let publisher = Arc::clone(&self.publisher);
        let site = move || publisher.site();
        if let Some((bound, key)) = preview {
            let events = Events::new(self.publisher.sites(), self.config.server.idle_timeout);
            let shown = filter(site.clone(), context.clone().with_preview(Preview { events, key }));
            let stop = self.stop.clone();
            tokio::spawn(async move { bound.serve(shown, &side_settings, stop).await });
        }
        bound
            .serve(filter(site, context), &self.config.server, self.stop.clone())
            .await;
    }

    /// Starts the listener for `/status` and `/metrics`.
    async fn start_admin(&self, metrics: &Arc<Metrics>, settings: &ServerSettings) {
        let Some(bound) = self.reporter.bind_admin(&self.config.server.admin).await else {
            return;
        };
        let (publisher, started) = (Arc::clone(&self.publisher), self.started);
        let dir = self.config.state.dir.clone().map(Utf8PathBuf::into_string);
        let ledger = (dir, self.durability_warning.clone());
        let status = move || status(&publisher, started, &ledger);
        let (metrics, status_for_gauges) = (Arc::clone(metrics), status.clone());
        let text = move || metrics.text(&status_for_gauges().gauges());
        let is_local = matches!(bound.address(), Address::Tcp(address) if is_loopback(address.ip()));
        let routes = admin::routes(status, text, is_local);
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

/// Reports what happens: as messages for a person, or as JSON events in the log.
#[derive(Clone, Copy)]
struct Reporter(LogFormat);

impl Reporter {
    /// Waits for `starting`. On a terminal, one line shows the progress meanwhile, and is erased afterwards.
    async fn show_progress<T>(self, starting: impl Future<Output = T>, progress: &Progress, started: Instant) -> T {
        if self.0 != LogFormat::Text || !io::stderr().is_terminal() {
            return starting.await;
        }
        let mut starting = std::pin::pin!(starting);
        let mut width = 0;
        loop {
            if let Ok(output) = tokio::time::timeout(REDRAW_INTERVAL, &mut starting).await {
                if width > 0 {
                    terminal::print_message(&format!("\r{:width$}\r", ""));
                }
                return output;
            }
            if let Some(line) = terminal::progress_line(progress.found(), progress.read(), started.elapsed()) {
                // blanks erase the rest of a longer line
                width = width.max(line.len());
                terminal::print_message(&format!("\r{line:width$}"));
            }
        }
    }

    /// Reports the start. Returns the diagnostics that this includes.
    fn report_start(
        self,
        root: &Utf8Path,
        config: &Config,
        publisher: &Publisher,
        info: terminal::StartupInfo,
    ) -> Arc<[Diagnostic]> {
        let (site, health) = (publisher.site(), publisher.health());
        match self.0 {
            LogFormat::Text => terminal::print_message(&terminal::startup_message(root, config, &site, &health, info)),
            LogFormat::Json => {
                tracing::info!(
                    version = env!("CARGO_PKG_VERSION"),
                    folder = root.as_str(),
                    base_url = config.base(),
                    listen = config.server.listen,
                    ledger = config.state.dir.as_ref().map(|dir| dir.as_str()),
                    preview = info.preview,
                    posts = site.index.posts().len(),
                    pages = site.index.pages().len(),
                    problems = site.diagnostics.len(),
                    watching = %health.watching,
                    "started"
                );
                for warning in health.ledger.as_deref().into_iter().chain(info.durability_warning) {
                    tracing::warn!("{warning}");
                }
                site.diagnostics.iter().for_each(log::diagnostic);
            }
        }
        Arc::clone(&site.diagnostics)
    }

    /// Logs the diagnostics of `site` that are not in `before`.
    fn report_diagnostics(self, before: &[Diagnostic], site: &Site) {
        if self.0 == LogFormat::Json {
            let before: HashSet<&Diagnostic> = before.iter().collect();
            let new = site.diagnostics.iter().filter(|diagnostic| !before.contains(diagnostic));
            new.for_each(log::diagnostic);
        }
    }

    fn report_changes(self, batch: &[PostEvent], root: &Utf8Path, site: &Site) {
        match self.0 {
            LogFormat::Text => terminal::print_message(&terminal::change_lines(batch, root, site)),
            LogFormat::Json => {
                for report in batch {
                    let (event, why) = report.event.in_words();
                    let (path, address) = (report.path.as_str(), report.address.as_deref());
                    let kind = site.post(&report.path).map_or("post", |post| post.kind.name());
                    tracing::info!(path, address, event, why, "{kind}");
                }
            }
        }
    }

    fn report_missed(self, batches: u64) {
        match self.0 {
            LogFormat::Text => terminal::print_message(&format!("… {batches} groups of changes are not shown\n")),
            LogFormat::Json => tracing::warn!(batches, "changes are not logged: there were too many at once"),
        }
    }

    /// Listens at the operator's address. If that fails there is a warning, because nothing depends on it.
    async fn bind_admin(self, address: &str) -> Option<Bound> {
        match server::bind(address).await {
            Ok(bound) => {
                tracing::info!(address = %bound.address(), "operator's address");
                Some(bound)
            }
            Err(error) => {
                let (why, _) = bind_problem(&error);
                let text = format!(
                    "/status and /metrics are not served: cannot listen at {address}: {why}; choose another address with --admin"
                );
                match self.0 {
                    LogFormat::Text => terminal::print_message(&terminal::warning_line(&text)),
                    LogFormat::Json => tracing::warn!("{text}"),
                }
                None
            }
        }
    }

    /// Reports that open connections are finished first.
    fn report_stopping(self, drain: Duration) {
        match self.0 {
            LogFormat::Text => terminal::print_message(&format!(
                "stopping: open connections get up to {drain:?} to finish; press Ctrl-C again to stop at once\n"
            )),
            LogFormat::Json => tracing::info!(seconds = drain.as_secs_f64(), "stopping: open connections are finished first"),
        }
    }

    fn report_stopped(self) {
        match self.0 {
            LogFormat::Text => terminal::print_message("stopped\n"),
            LogFormat::Json => tracing::info!("stopped"),
        }
    }
}

/// `config` with the actual address of `bound`: port 0 means any free port, and `systemd` means the socket that it passes.
fn with_bound_address(config: Arc<Config>, bound: &Bound) -> Arc<Config> {
    let listen = &config.server.listen;
    match bound.address() {
        Address::Tcp(address) if listen.ends_with(":0") || listen == "systemd" => {
            let mut config = Config::clone(&config);
            config.server.listen = address.to_string();
            Arc::new(config)
        }
        _ => config,
    }
}

/// Why an address cannot be listened at, and how to fix that.
fn bind_problem(error: &io::Error) -> (String, &'static str) {
    let why = plain_error(error);
    match error.kind() {
        io::ErrorKind::AddrInUse => (
            String::from("another program uses this address"),
            "stop it, or take a free port with `--listen 127.0.0.1:0`",
        ),
        io::ErrorKind::PermissionDenied => (why, "ports below 1024 are often reserved; try `--listen 127.0.0.1:8080`"),
        io::ErrorKind::InvalidInput => (
            String::from("this is not HOST:PORT, unix:PATH or systemd"),
            "write it like `--listen 127.0.0.1:8080`",
        ),
        io::ErrorKind::AddrNotAvailable => (
            String::from("this machine does not have this address"),
            "write it like `--listen 127.0.0.1:8080`, with an address of this machine",
        ),
        _ => (
            why,
            "write it like `--listen 127.0.0.1:8080`, with an address of this machine",
        ),
    }
}

/// Listens at `address` for the preview, and makes its key. If the port is taken and it `may_move`, it gets a free port.
async fn bind_preview(address: &str, may_move: bool) -> anyhow::Result<(Bound, PreviewKey)> {
    let mut bound = server::bind(address).await;
    if may_move && bound.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse) {
        bound = server::bind("127.0.0.1:0").await;
    }
    let bound = bound.map_err(|error| {
        anyhow::anyhow!("cannot listen at {address} for the preview: {error}; `--preview-listen 127.0.0.1:0` takes a free port")
    })?;
    let Address::Tcp(listening) = bound.address() else {
        bail!("the preview needs an address with a port; write `--preview-listen 127.0.0.1:8082`");
    };
    if !bound.address().is_local() {
        bail!(
            "{listening} can be reached from other machines, and --preview shows what is not published; write \
             `--preview-listen 127.0.0.1:8082`"
        );
    }
    let key = PreviewKey::new(*listening).context("no key can be made for the preview")?;
    Ok((bound, key))
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

/// Fewer connections than this are worth a warning.
const FEW_CONNECTIONS: usize = 64;

/// How often the progress of a start is shown.
const REDRAW_INTERVAL: Duration = Duration::from_millis(200);

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

/// The status of `publisher`. `ledger` is the folder of the ledger, and why that does not outlive the container.
fn status(publisher: &Publisher, started: Instant, ledger: &(Option<String>, Option<String>)) -> ServerStatus {
    let health = publisher.health();
    let watch = WatchStatus {
        mode: match health.watching {
            Watching::Native => "native",
            Watching::Poll => "poll",
        },
        degraded: health.degraded.clone(),
        ledger: health.ledger.clone(),
        ledger_folder: ledger.0.clone(),
        ledger_warning: ledger.1.clone(),
        last_full_scan: health.last_full_scan,
        looks: health.looks,
        builds: health.builds,
        last_build: health.last_build,
    };
    ServerStatus::new(&publisher.site(), watch, started.elapsed(), Timestamp::now())
}
