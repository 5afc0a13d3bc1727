//! `feedmill serve`: watch a folder of posts and serve it.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use camino::Utf8PathBuf;
use clap::Args;
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

use super::settings::Settings;
use super::terminal;
use crate::config::{Config, WatchMode};
use crate::http::server::{self, Bound};
use crate::http::{admin, routes};
use crate::publisher::{Publisher, Report};

/// The options of `serve`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The folder of posts [default: posts]
    #[arg(env = "FEEDMILL_POSTS", hide_env_values = true)]
    posts: Option<Utf8PathBuf>,
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", env = "FEEDMILL_LISTEN", hide_env_values = true)]
    listen: Option<String>,
    /// Where the operator's address listens [default: 127.0.0.1:8081]
    #[arg(long, value_name = "ADDR", env = "FEEDMILL_ADMIN", hide_env_values = true)]
    admin: Option<String>,
    /// The folder for what files cannot remember; nothing is kept there yet
    #[arg(long, value_name = "DIR", env = "FEEDMILL_STATE", hide_env_values = true)]
    state: Option<Utf8PathBuf>,
    /// How changes are noticed [default: auto]
    #[arg(long, value_name = "MODE", env = "FEEDMILL_WATCH", hide_env_values = true)]
    watch: Option<WatchMode>,
    #[command(flatten)]
    settings: Settings,
}

/// Runs the command until it is told to stop.
pub(super) fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments {
        posts,
        listen,
        admin,
        state,
        watch,
        settings,
    } = arguments;
    let (config, root) = settings.load(posts, |config| {
        let Config {
            server,
            watch: watching,
            state: kept,
            ..
        } = config;
        server.listen = listen.unwrap_or_else(|| std::mem::take(&mut server.listen));
        server.admin = admin.unwrap_or_else(|| std::mem::take(&mut server.admin));
        watching.mode = watch.unwrap_or(watching.mode);
        kept.dir = state.or_else(|| kept.dir.take());
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("threads cannot be started")?;
    runtime.block_on(serve(config, root))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: Arc<Config>, root: Utf8PathBuf) -> anyhow::Result<()> {
    // the address first: whoever starts it twice should hear that at once, and not after a long look at the posts
    let listen = &config.server.listen;
    let bound = match server::bind(listen).await {
        Ok(bound) => bound,
        Err(error) => bail!("cannot listen at {listen}: {error}; {}", where_else(&error)),
    };
    let config = at_address(config, &bound);
    if !root.exists() {
        bail!("there is no folder {root}; make it, or name another: feedmill serve FOLDER");
    }
    let publisher = Publisher::start(Arc::clone(&config), root.clone())
        .await
        .with_context(|| format!("{root} cannot be served"))?;
    let publisher = Arc::new(publisher);
    let reports = publisher.reports();
    // from the welcome on, a signal means an orderly end; before it there is nothing to put in order
    let signals = Signals::catch();
    terminal::say(&terminal::welcome(&root, &config, &publisher.site(), &publisher.health()));

    let stop = CancellationToken::new();
    match signals {
        Ok(signals) => drop(tokio::spawn(signals.stop(stop.clone(), config.server.drain_timeout))),
        Err(error) => tracing::warn!("signals cannot be awaited, so only a kill ends the server: {error}"),
    }
    tokio::spawn(tell(reports, root, Arc::clone(&publisher)));
    if let Some(admin) = bind_admin(&config.server.admin).await {
        let asked = Arc::clone(&publisher);
        let (settings, stop) = (config.server.clone(), stop.clone());
        tokio::spawn(async move { admin.serve(admin::routes(move || status(&asked)), &settings, stop).await });
    }
    let asked = Arc::clone(&publisher);
    bound.serve(routes::routes(move || asked.site()), &config.server, stop).await;
    terminal::say("stopped\n");
    Ok(())
}

/// `config` with the address that is really listened at, for port 0 is any free one.
fn at_address(config: Arc<Config>, bound: &Bound) -> Arc<Config> {
    if config.site.base_url.is_none() && config.server.listen.ends_with(":0") {
        let mut config = Config::clone(&config);
        config.server.listen = bound.address().to_string();
        return Arc::new(config);
    }
    config
}

/// What to do about an address that cannot be listened at.
fn where_else(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => "something else runs there; `--listen 127.0.0.1:0` takes a free port",
        io::ErrorKind::PermissionDenied => "ports below 1024 are often reserved; try `--listen 127.0.0.1:8080`",
        _ => "write it like `--listen 127.0.0.1:8080`, with an address of this machine",
    }
}

/// The operator's address is a convenience: that it is taken stops nothing.
async fn bind_admin(address: &str) -> Option<Bound> {
    match server::bind(address).await {
        Ok(bound) => Some(bound),
        Err(error) => {
            terminal::say(&format!(
                "feedmill: no operator's address: {address}: {error}; `--admin ADDR` names another\n"
            ));
            None
        }
    }
}

/// Tells the terminal what happens, for as long as anything can.
async fn tell(mut reports: Receiver<Arc<[Report]>>, root: Utf8PathBuf, publisher: Arc<Publisher>) {
    loop {
        match reports.recv().await {
            Ok(batch) => terminal::say(&terminal::changes(&batch, &root, &publisher.site())),
            Err(RecvError::Lagged(batches)) => terminal::say(&format!("… {batches} batches of changes went by untold\n")),
            Err(RecvError::Closed) => return,
        }
    }
}

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
    async fn stop(mut self, stop: CancellationToken, drain: Duration) {
        self.next().await;
        stop.cancel();
        if tokio::time::timeout(SILENT_STOP, self.next()).await.is_err() {
            terminal::say(&format!(
                "stopping: open connections get {drain:?} to end; Ctrl-C again does not wait for them\n"
            ));
            self.next().await;
        }
        std::process::exit(130);
    }
}

fn status(publisher: &Publisher) -> serde_json::Value {
    let site = publisher.site();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "posts": terminal::counts(&site),
        "next_due": site.next_due().map(|due| due.to_string()),
        "watching": publisher.health(),
        "problems": site.diagnostics,
    })
}
