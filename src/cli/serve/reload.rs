//! A changed configuration takes effect while the program runs: at SIGHUP, or when its file was written.
//!
//! Requests go on meanwhile, and get the site before until the new one is built. A configuration with a mistake changes nothing. What
//! moves the site (`site.base_url`, `server.listen`, `state.dir`) changes at SIGHUP alone, so that a file that is only half edited never
//! moves it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use camino::{Utf8Path, Utf8PathBuf};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::ServeArgs;
use super::listening::{bind_problem, with_bound_address};
use super::reporter::Reporter;
use super::systemd;
use crate::cli::terminal::{self, ConfigError};
use crate::config::{Config, ServerSettings};
use crate::http::media::Library;
use crate::http::request_context::RequestContext;
use crate::http::server::{self, Bound};
use crate::publisher::Publisher;
use crate::source::Source;
use crate::storage::Storage;
use crate::time::Timestamp;

/// How often the file is looked at. It is read when it is the same twice, so that an editor has finished.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The configuration in use, and where it came from.
#[derive(Clone, Debug)]
pub(super) struct ActiveConfig {
    /// As the options and the file say.
    pub(super) given: Arc<Config>,
    /// The same with the actual address of the listener.
    pub(super) config: Arc<Config>,
    /// The file, if there is one.
    pub(super) file: Option<Utf8PathBuf>,
    /// When it was read.
    pub(super) since: Timestamp,
    /// Why the file as it is now is not in use.
    pub(super) problem: Option<String>,
    /// Why the ledger's folder does not outlive the container.
    pub(super) durability_warning: Option<String>,
}

impl ActiveConfig {
    /// The configuration `config`, read now. `given` is what options and file say, without the actual address.
    pub(super) fn new(given: Arc<Config>, config: Arc<Config>, file: Option<Utf8PathBuf>) -> ActiveConfig {
        ActiveConfig {
            durability_warning: Storage::configured(&config).and_then(|storage| storage.durability_warning()),
            given,
            config,
            file,
            since: Timestamp::now(),
            problem: None,
        }
    }
}

/// What tells one version of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConfigVersion {
    modified: SystemTime,
    length: u64,
}

impl ConfigVersion {
    /// The stamp of the file at `path`; `None` if there is none.
    pub(super) fn of(path: &Utf8Path) -> Option<ConfigVersion> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(ConfigVersion {
            modified: metadata.modified().ok()?,
            length: metadata.len(),
        })
    }
}

/// Why the configuration is read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReloadCause {
    /// The operator asked for it.
    Signal,
    /// The file was written.
    File,
}

/// Reads the configuration again when it may have changed.
pub(super) struct Reloader {
    pub(super) arguments: ServeArgs,
    pub(super) root: Utf8PathBuf,
    pub(super) in_use: Arc<ArcSwap<ActiveConfig>>,
    pub(super) publisher: Arc<Publisher>,
    pub(super) context: RequestContext,
    /// How many media files may be open at the same time.
    pub(super) open_files: usize,
    /// Takes a new listener.
    pub(super) listeners: mpsc::Sender<(Bound, ServerSettings)>,
    pub(super) reporter: Reporter,
}

impl Reloader {
    /// Reloads until the program ends. `hangups` are SIGHUPs, and `known` is the version of the file in use.
    pub(super) async fn run(self, mut hangups: Signal, mut known: Option<ConfigVersion>) {
        let path = self.arguments.settings.file().to_owned();
        let mut last = known;
        loop {
            let cause = tokio::select! {
                signal = hangups.recv() => match signal {
                    Some(()) => ReloadCause::Signal,
                    None => return,
                },
                () = tokio::time::sleep(LOOK_INTERVAL) => {
                    let now = ConfigVersion::of(&path);
                    let is_still = now == last;
                    last = now;
                    if !is_still || now == known {
                        continue;
                    }
                    // without its file the configuration stays until a SIGHUP: an editor may be about to write it
                    if now.is_none() {
                        known = None;
                        self.report_missing(&path);
                        continue;
                    }
                    ReloadCause::File
                }
            };
            last = ConfigVersion::of(&path);
            known = last;
            self.reload(cause).await;
        }
    }

    /// Says that the file at `path` is gone, which changes nothing yet.
    fn report_missing(&self, path: &Utf8Path) {
        let process = std::process::id();
        let problem = format!("{path} is gone; write it again, or send SIGHUP to go on without it: kill -HUP {process}");
        self.reporter.report_refused_config(&problem, None);
        self.in_use.store(Arc::new(ActiveConfig {
            problem: Some(problem),
            ..ActiveConfig::clone(&self.in_use.load())
        }));
    }

    /// Reads the configuration and uses it, or says why not.
    async fn reload(&self, cause: ReloadCause) {
        let before = self.in_use.load_full();
        systemd::reloading();
        match self.load(cause, &before).await {
            Ok(Some(notes)) => self.reporter.report_reload(&self.in_use.load(), &notes),
            Ok(None) if cause == ReloadCause::Signal => self.reporter.report_unchanged_config(),
            Ok(None) => {}
            Err(error) => {
                let problem = terminal::error_message(&error);
                self.reporter
                    .report_refused_config(&problem, error.downcast_ref().map(|ConfigError(diagnostic)| diagnostic));
                let first = problem.lines().next().unwrap_or_default().to_owned();
                self.in_use.store(Arc::new(ActiveConfig {
                    problem: Some(first),
                    ..ActiveConfig::clone(&before)
                }));
            }
        }
        systemd::ready();
    }

    /// Uses the configuration as it is now. Returns what of it is not used, and why; `None` if it has not changed.
    async fn load(&self, cause: ReloadCause, before: &ActiveConfig) -> anyhow::Result<Option<Vec<String>>> {
        let (given, root, file) = self.arguments.load()?;
        let mut given = Config::clone(&given);
        let mut notes = Vec::new();
        if root != self.root {
            // the ledger's usual folder is named after that of the posts, and belongs to them
            given.state.dir.clone_from(&before.given.state.dir);
            given.posts.dir.clone_from(&before.given.posts.dir);
            notes.push("`posts.dir` is used after a restart".to_owned());
        }
        if cause == ReloadCause::File {
            notes.extend(keep_what_moves_the_site(&mut given, &before.given));
        }
        notes.extend(needs_restart(&before.given.server, &given.server));
        if given == *before.given {
            let is_noted = !notes.is_empty() || before.problem.is_some();
            self.in_use.store(Arc::new(ActiveConfig::new(
                Arc::clone(&before.given),
                Arc::clone(&before.config),
                file,
            )));
            return Ok(is_noted.then_some(notes));
        }
        let bound = if given.server.listen == before.given.server.listen {
            None
        } else {
            Some(bind(&given.server.listen).await?)
        };
        let config = with_address(&given, bound.as_ref(), before);
        let source = Source::folder(self.root.clone(), &config.posts);
        let posts_before = self.publisher.site().index.posts().len();
        self.publisher.reload(Arc::clone(&config), source.clone()).await?;
        notes.extend(fewer_posts(posts_before, self.publisher.site().index.posts().len()));
        self.context
            .configure(&config, Library::new(source).with_open_files(self.open_files));
        if let Some(bound) = bound {
            // the receiver ends with the program
            let _ = self.listeners.send((bound, config.server.clone())).await;
        }
        self.in_use.store(Arc::new(ActiveConfig::new(Arc::new(given), config, file)));
        Ok(Some(notes))
    }
}

/// Catches SIGHUP from now on.
pub(super) fn hangups() -> std::io::Result<Signal> {
    signal(SignalKind::hangup())
}

async fn bind(listen: &str) -> anyhow::Result<Bound> {
    server::bind(listen).await.map_err(|error| {
        let (why, _) = bind_problem(&error);
        anyhow::anyhow!("cannot listen at {listen}: {why}; the address before stays")
    })
}

/// `given` with the actual address of `bound`, or that of the listener before.
fn with_address(given: &Config, bound: Option<&Bound>, before: &ActiveConfig) -> Arc<Config> {
    let mut config = given.clone();
    if bound.is_none() {
        config.server.listen.clone_from(&before.config.server.listen);
    }
    match bound {
        Some(bound) => with_bound_address(Arc::new(config), bound),
        None => Arc::new(config),
    }
}

/// Gives `given` the values of `before` that only SIGHUP changes. Returns a sentence for each that differs.
fn keep_what_moves_the_site(given: &mut Config, before: &Config) -> Vec<String> {
    let mut kept = Vec::new();
    let mut keep = |differs: bool, key: &str| {
        if differs {
            kept.push(format!(
                "`{key}` has changed, which moves the site; send SIGHUP to use it: kill -HUP {}",
                std::process::id()
            ));
        }
    };
    keep(given.site.base_url != before.site.base_url, "site.base_url");
    keep(given.server.listen != before.server.listen, "server.listen");
    keep(given.state.dir != before.state.dir, "state.dir");
    given.site.base_url.clone_from(&before.site.base_url);
    given.server.listen.clone_from(&before.server.listen);
    given.state.dir.clone_from(&before.state.dir);
    kept
}

/// A sentence if fewer posts are public than before.
fn fewer_posts(before: usize, now: usize) -> Option<String> {
    let gone = before.checked_sub(now).filter(|gone| *gone > 0)?;
    let posts = terminal::counted(gone, "post");
    let are = if gone == 1 { "is" } else { "are" };
    Some(format!(
        "{posts} {are} no longer public with this configuration ({before} before, {now} now)"
    ))
}

/// The settings that differ and are read at a start only.
fn needs_restart(before: &ServerSettings, now: &ServerSettings) -> Option<String> {
    let without_listen = |settings: &ServerSettings| ServerSettings {
        listen: String::new(),
        ..settings.clone()
    };
    let has_changed = without_listen(before) != without_listen(now);
    has_changed.then(|| "the changes in `[server]` need a restart; only `listen` does not".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        Config::parse("feedmill.toml".into(), text).unwrap()
    }

    #[test]
    fn a_file_does_not_move_the_site() {
        let before = config("[site]\nbase_url = 'https://one.example'\n[server]\nlisten = '127.0.0.1:1'\n[state]\ndir = 'one'\n");
        let mut given = config(
            "[site]\ntitle = 'New'\nbase_url = 'https://two.example'\n[server]\nlisten = '127.0.0.1:2'\n[state]\ndir = 'two'\n",
        );
        let notes = keep_what_moves_the_site(&mut given, &before);
        assert_eq!(notes.len(), 3, "{notes:?}");
        assert_eq!(given.site.title, "New");
        given.site.title = before.site.title.clone();
        assert_eq!(given, before);
        assert!(keep_what_moves_the_site(&mut given, &before).is_empty());
    }

    #[test]
    fn limits_need_a_restart() {
        let before = config("").server;
        assert_eq!(needs_restart(&before, &before), None);
        assert_eq!(
            needs_restart(&before, &config("[server]\nlisten = '127.0.0.1:2'\n").server),
            None
        );
        assert!(needs_restart(&before, &config("[server]\nmax_connections = 7\n").server).is_some());
    }
}
