//! `feedmill serve`: watch a folder of posts and serve it.

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

use super::settings::{Misconfigured, Settings, state_dir};
use super::{COULD_NOT_RUN, heap, log, terminal};
use crate::config::{Config, LogFormat, WatchMode};
use crate::diagnostic::{Diagnostic, plain_error};
use crate::http::admin::{self, ServerStatus, Watch};
use crate::http::fast_path::fast_path;
use crate::http::filter::filter;
use crate::http::media::Library;
use crate::http::preview::Preview;
use crate::http::preview::events::Events;
use crate::http::preview::key::Key;
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
pub(super) struct Arguments {
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

/// Runs the command until it is told to stop.
pub(super) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments {
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
    let config = remembering(&config, &root)?;
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
        Some(Misconfigured(diagnostic)) => log::diagnostic(diagnostic),
        None => tracing::error!("{}", terminal::error(error)),
    }
    ExitCode::from(COULD_NOT_RUN)
}

/// `config` with a folder for the ledger.
fn remembering(config: &Config, root: &Utf8Path) -> anyhow::Result<Arc<Config>> {
    let dir = state_dir(config, root)?;
    let mut config = config.clone();
    config.state.dir = Some(dir);
    Ok(Arc::new(config))
}

async fn serve(config: Arc<Config>, root: Utf8PathBuf, may_move: bool) -> anyhow::Result<()> {
    let begun = Instant::now();
    let voice = Voice(config.server.log);
    // the address first: whoever starts it twice should hear that at once, and not after a long look at the posts
    let listen = &config.server.listen;
    let bound = match server::bind(listen).await {
        Ok(bound) => bound,
        Err(error) => {
            let (why, fix) = unlistenable(&error);
            bail!("cannot listen at {listen}: {why}; {fix}");
        }
    };
    let preview = if config.server.preview {
        Some(bind_preview(&config.server.preview_listen, may_move).await?)
    } else {
        None
    };
    let config = at_address(config, &bound);
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
    let progress = Arc::new(Progress::default());
    let starting = Publisher::start_counting(Arc::clone(&config), root.clone(), Arc::clone(&progress));
    let publisher = voice
        .waiting(starting, &progress, begun)
        .await
        .with_context(|| format!("{root} cannot be served"))?;
    let publisher = Arc::new(publisher);
    let changes = publisher.changes();
    // from the welcome on, a signal means an orderly end; before it there is nothing to put in order
    let signals = Signals::catch();
    let ledger_folder = config.state.dir.clone();
    let ledger_warning = Storage::configured(&config).and_then(|storage| storage.durability_warning());
    let preview_url = preview.as_ref().map(|(_, key)| key.url());
    let said = terminal::Welcome {
        preview: preview_url.as_deref(),
        ledger_warning: ledger_warning.as_deref(),
    };
    let known = voice.welcome(&root, &config, &publisher, said);

    let stop = CancellationToken::new();
    match signals {
        Ok(signals) => drop(tokio::spawn(signals.stop(stop.clone(), config.server.drain_timeout, voice))),
        Err(error) => tracing::warn!("signals cannot be awaited, so only a kill ends the server: {error}"),
    }
    tokio::spawn(tell(voice, changes, root.clone(), Arc::clone(&publisher), known));
    tokio::spawn(give_back_now_and_then());
    let descriptors = Descriptors::raised_for(&config.server);
    if descriptors.connections < config.server.max_connections.min(FEW_CONNECTIONS) {
        tracing::warn!(
            connections = descriptors.connections,
            "the system allows so few files that only these connections can be open at once; raise `ulimit -n` (systemd: LimitNOFILE=)"
        );
    }
    // the other listeners are for one person each
    let mut for_one = config.server.clone();
    for_one.max_connections = for_one.max_connections.min(descriptors.side_connections);
    let metrics = Arc::new(Metrics::default());
    if let Some(admin) = voice.bind_admin(&config.server.admin).await {
        let asked = Arc::clone(&publisher);
        let ledger = (ledger_folder.map(Utf8PathBuf::into_string), ledger_warning);
        let status = move || status(&asked, begun, &ledger);
        let counted = Arc::clone(&metrics);
        let gauged = status.clone();
        let is_local = matches!(admin.address(), Address::Tcp(address) if address.ip().is_loopback());
        let routes = admin::routes(status, move || counted.text(&gauged().gauges()), is_local);
        let (settings, stop) = (for_one.clone(), stop.clone());
        tokio::spawn(async move { admin.serve(routes, &settings, stop).await });
    }
    let library = Library::new(Source::folder(root.clone(), &config.posts)).with_open_files(descriptors.files);
    prepare_search(Arc::clone(&publisher), root);
    let context = RequestContext::new(&config, library, metrics, stop.clone());
    let asked = Arc::clone(&publisher);
    let site = move || asked.site();
    if let Some((bound, key)) = preview {
        let events = Events::new(publisher.sites(), config.server.idle_timeout);
        let shown = filter(site.clone(), context.clone().previewing(Preview { events, key }));
        let (settings, stop) = (for_one, stop.clone());
        tokio::spawn(async move { bound.serve(shown, &settings, stop).await });
    }
    let fast_path = fast_path(site.clone(), context.clone());
    bound
        .serve_with_fast_path(fast_path, filter(site, context), &config.server, stop)
        .await;
    publisher.stop().await;
    voice.stopped();
    Ok(())
}

/// Makes the search index in the background, if the posts are not too large together.
///
/// It has a thread of its own: nothing waits for it, neither requests nor the end of the program.
fn prepare_search(publisher: Arc<Publisher>, root: Utf8PathBuf) {
    let prepare = move || {
        std::thread::sleep(SEARCH_PREPARED_AFTER);
        let site = publisher.site();
        let mut left = SEARCHED_AHEAD;
        let fits = site.index.posts().iter().all(|post| {
            let bytes = std::fs::metadata(root.join(post.source())).map_or(0, |metadata| metadata.len());
            left = left.saturating_sub(bytes);
            left > 0
        });
        if fits {
            let begun = Instant::now();
            site.prepare_search();
            tracing::debug!(took = ?begun.elapsed(), "the search index is made");
        }
    };
    if let Err(error) = std::thread::Builder::new().name("search-index".to_owned()).spawn(prepare) {
        tracing::warn!("the search index is made at the first search, because no thread can be started: {error}");
    }
}

/// Gives back what is free, soon after the start, which takes most, and then about once a minute: to ask where there is nothing to give
/// takes a tenth of a millisecond.
async fn give_back_now_and_then() {
    let mut pause = Duration::from_millis(250);
    loop {
        let _ = tokio::task::spawn_blocking(heap::give_back_holes).await;
        tokio::time::sleep(pause).await;
        pause = (pause * 4).min(Duration::from_mins(1));
    }
}

/// How what happens is told: in words to a person, or as events where a machine collects them.
#[derive(Clone, Copy)]
struct Voice(LogFormat);

impl Voice {
    /// Waits for `starting`; a person at a terminal is shown meanwhile how far it is, on one line that is gone afterwards.
    async fn waiting<T>(self, starting: impl Future<Output = T>, progress: &Progress, begun: Instant) -> T {
        if self.0 != LogFormat::Text || !io::stderr().is_terminal() {
            return starting.await;
        }
        let mut starting = std::pin::pin!(starting);
        let mut width = 0;
        loop {
            if let Ok(started) = tokio::time::timeout(REDRAWN, &mut starting).await {
                if width > 0 {
                    terminal::say(&format!("\r{:width$}\r", ""));
                }
                return started;
            }
            if let Some(line) = terminal::progress(progress.found(), progress.read(), begun.elapsed()) {
                // blanks cover what a longer line left
                width = width.max(line.len());
                terminal::say(&format!("\r{line:width$}"));
            }
        }
    }

    /// Says what was found at the start. Returns the diagnostics that are told by it.
    fn welcome(self, root: &Utf8Path, config: &Config, publisher: &Publisher, said: terminal::Welcome) -> Arc<[Diagnostic]> {
        let (site, health) = (publisher.site(), publisher.health());
        match self.0 {
            LogFormat::Text => terminal::say(&terminal::welcome(root, config, &site, &health, said)),
            LogFormat::Json => {
                tracing::info!(
                    version = env!("CARGO_PKG_VERSION"),
                    folder = root.as_str(),
                    base_url = config.base(),
                    listen = config.server.listen,
                    ledger = config.state.dir.as_ref().map(|dir| dir.as_str()),
                    preview = said.preview,
                    posts = site.index.posts().len(),
                    problems = site.diagnostics.len(),
                    watching = %health.watching,
                    "started"
                );
                for warning in health.ledger.as_deref().into_iter().chain(said.ledger_warning) {
                    tracing::warn!("{warning}");
                }
                site.diagnostics.iter().for_each(log::diagnostic);
            }
        }
        Arc::clone(&site.diagnostics)
    }

    /// Logs the diagnostics of `site` that were not among those of the site before.
    fn diagnostics(self, before: &[Diagnostic], site: &Site) {
        if self.0 == LogFormat::Json {
            let before: HashSet<&Diagnostic> = before.iter().collect();
            let new = site.diagnostics.iter().filter(|diagnostic| !before.contains(diagnostic));
            new.for_each(log::diagnostic);
        }
    }

    fn changes(self, batch: &[PostEvent], root: &Utf8Path, site: &Site) {
        match self.0 {
            LogFormat::Text => terminal::say(&terminal::changes(batch, root, site)),
            LogFormat::Json => {
                for report in batch {
                    let (event, why) = report.event.in_words();
                    let (path, address) = (report.path.as_str(), report.address.as_deref());
                    tracing::info!(path, address, event, why, "post");
                }
            }
        }
    }

    fn missed(self, batches: u64) {
        match self.0 {
            LogFormat::Text => terminal::say(&format!("… {batches} groups of changes are not shown\n")),
            LogFormat::Json => tracing::warn!(batches, "changes are not logged: there were too many at once"),
        }
    }

    /// Listens at the operator's address. Nothing depends on it, so an address that is taken stops nothing.
    async fn bind_admin(self, address: &str) -> Option<Bound> {
        match server::bind(address).await {
            Ok(bound) => {
                tracing::info!(address = %bound.address(), "operator's address");
                Some(bound)
            }
            Err(error) => {
                let (why, _) = unlistenable(&error);
                let text = format!(
                    "/status and /metrics are not served: cannot listen at {address}: {why}; choose another address with --admin"
                );
                match self.0 {
                    LogFormat::Text => terminal::say(&terminal::warning(&text)),
                    LogFormat::Json => tracing::warn!("{text}"),
                }
                None
            }
        }
    }

    /// Says that the end waits for open connections.
    fn stopping(self, drain: Duration) {
        match self.0 {
            LogFormat::Text => terminal::say(&format!(
                "stopping: open connections get up to {drain:?} to finish; press Ctrl-C again to stop at once\n"
            )),
            LogFormat::Json => tracing::info!(seconds = drain.as_secs_f64(), "stopping: open connections are finished first"),
        }
    }

    fn stopped(self) {
        match self.0 {
            LogFormat::Text => terminal::say("stopped\n"),
            LogFormat::Json => tracing::info!("stopped"),
        }
    }
}

/// `config` with the address that is really listened at: port 0 is any free one, and `systemd` whatever it says.
fn at_address(config: Arc<Config>, bound: &Bound) -> Arc<Config> {
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

/// Why an address cannot be listened at, and what to do about it.
fn unlistenable(error: &io::Error) -> (String, &'static str) {
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

/// Listens at `address` for the preview, or at a free port if `may_move` and that one is taken, and makes its key.
async fn bind_preview(address: &str, may_move: bool) -> anyhow::Result<(Bound, Key)> {
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
    let key = Key::new(*listening).context("no key can be made for the preview")?;
    Ok((bound, key))
}

/// Tells the terminal what happens, for as long as anything can.
async fn tell(
    voice: Voice,
    mut changes: Receiver<Arc<ChangeEvent>>,
    root: Utf8PathBuf,
    publisher: Arc<Publisher>,
    mut known: Arc<[Diagnostic]>,
) {
    loop {
        let site = publisher.site();
        if !Arc::ptr_eq(&known, &site.diagnostics) {
            voice.diagnostics(&known, &site);
            known = Arc::clone(&site.diagnostics);
        }
        match changes.recv().await {
            Ok(change) if change.posts.is_empty() => {}
            Ok(change) => voice.changes(&change.posts, &root, &publisher.site()),
            Err(RecvError::Lagged(events)) => voice.missed(events),
            Err(RecvError::Closed) => return,
        }
    }
}

/// Up to so many bytes of posts the search index is made after the start; of more, at the first search.
const SEARCHED_AHEAD: u64 = 64 * 1024 * 1024;

/// So long after the start the search index is made: it takes a whole core, and who waited for the start needs that first.
const SEARCH_PREPARED_AFTER: Duration = Duration::from_secs(2);

/// Fewer connections than this are worth a warning.
const FEW_CONNECTIONS: usize = 64;

/// How often it is shown how far a start has come.
const REDRAWN: Duration = Duration::from_millis(200);

/// How long a stop may take before a word is said about it.
const SILENT_STOP: Duration = Duration::from_millis(500);

/// The signals that ask for an end. They are caught from the moment this is made.
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

    /// Cancels `stop` at the first signal; at the second the process ends where it stands.
    async fn stop(mut self, stop: CancellationToken, drain: Duration, voice: Voice) {
        self.next().await;
        stop.cancel();
        if tokio::time::timeout(SILENT_STOP, self.next()).await.is_err() {
            voice.stopping(drain);
            self.next().await;
        }
        std::process::exit(130);
    }
}

/// The status of `publisher`; `ledger` is the folder of the ledger, and why that will not stay.
fn status(publisher: &Publisher, begun: Instant, ledger: &(Option<String>, Option<String>)) -> ServerStatus {
    let health = publisher.health();
    let watch = Watch {
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
    ServerStatus::of(&publisher.site(), watch, begun.elapsed(), Timestamp::now())
}
