//! Says what happens: as messages for a person, or as JSON events in the log.

use std::collections::HashSet;
use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use camino::Utf8Path;

use super::listening::bind_problem;
use super::reload::ActiveConfig;
use crate::cli::{log, terminal};
use crate::config::{Config, LogFormat};
use crate::diagnostic::{Diagnostic, one_line};
use crate::http::server::{self, Bound};
use crate::publisher::{PostEvent, Progress, Publisher};
use crate::site::Site;

/// How often the progress of a start is shown.
const REDRAW_INTERVAL: Duration = Duration::from_millis(200);

/// Reports what happens: as messages for a person, or as JSON events in the log.
#[derive(Clone, Copy)]
pub(super) struct Reporter(pub(super) LogFormat);

impl Reporter {
    /// Waits for `starting`. On a terminal, one line shows the progress meanwhile, and is erased afterwards.
    pub(super) async fn show_progress<T>(self, starting: impl Future<Output = T>, progress: &Progress, started: Instant) -> T {
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
    pub(super) fn report_start(
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
    pub(super) fn report_diagnostics(self, before: &[Diagnostic], site: &Site) {
        if self.0 == LogFormat::Json {
            let before: HashSet<&Diagnostic> = before.iter().collect();
            let new = site.diagnostics.iter().filter(|diagnostic| !before.contains(diagnostic));
            new.for_each(log::diagnostic);
        }
    }

    pub(super) fn report_changes(self, batch: &[PostEvent], root: &Utf8Path, site: &Site) {
        match self.0 {
            LogFormat::Text => terminal::print_message(&terminal::change_lines(batch, root, site)),
            LogFormat::Json => {
                for report in batch {
                    let (event, why) = report.event.in_words();
                    let (path, address) = (report.path.as_str(), report.address.as_deref());
                    let kind = match site.post(&report.path) {
                        _ if path.is_empty() => "posts folder",
                        Some(post) => post.kind.name(),
                        None => "post",
                    };
                    tracing::info!(path, address, event, why, "{kind}");
                }
            }
        }
    }

    pub(super) fn report_missed(self, batches: u64) {
        match self.0 {
            LogFormat::Text => terminal::print_message(&format!("… {batches} groups of changes are not shown\n")),
            LogFormat::Json => tracing::warn!(batches, "changes are not logged: there were too many at once"),
        }
    }

    /// Listens at the operator's address. If that fails there is a warning, because nothing depends on it.
    pub(super) async fn bind_admin(self, address: &str) -> Option<Bound> {
        match server::bind(address).await {
            Ok(bound) => Some(bound),
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
    pub(super) fn report_stopping(self, drain: Duration) {
        match self.0 {
            LogFormat::Text => terminal::print_message(&format!(
                "stopping: open connections get up to {drain:?} to finish; press Ctrl-C again to stop at once\n"
            )),
            LogFormat::Json => tracing::info!(seconds = drain.as_secs_f64(), "stopping: open connections are finished first"),
        }
    }

    pub(super) fn report_stopped(self) {
        match self.0 {
            LogFormat::Text => terminal::print_message("stopped\n"),
            LogFormat::Json => tracing::info!("stopped"),
        }
    }

    /// Reports that the configuration `in_use` was read again, and what of it is not used.
    pub(super) fn report_reload(self, in_use: &ActiveConfig, notes: &[String]) {
        let file = in_use.file.as_deref().map_or("the defaults", Utf8Path::as_str);
        match self.0 {
            LogFormat::Text => {
                let mut text = format!("the configuration is in use: {}\n", one_line(file));
                for note in notes {
                    text.push_str(&terminal::warning_line(note));
                }
                terminal::print_message(&text);
            }
            LogFormat::Json => {
                tracing::info!(file, "the configuration is in use");
                for note in notes {
                    tracing::warn!("{note}");
                }
            }
        }
    }

    /// Reports that a signal found the configuration as it was.
    pub(super) fn report_unchanged_config(self) {
        match self.0 {
            LogFormat::Text => terminal::print_message("the configuration has not changed\n"),
            LogFormat::Json => tracing::info!("the configuration has not changed"),
        }
    }

    /// Reports that the configuration as it is now is not used, and why.
    pub(super) fn report_refused_config(self, problem: &str, diagnostic: Option<&Diagnostic>) {
        match self.0 {
            LogFormat::Text => terminal::print_message(&format!("{problem}\nthe configuration before stays in use\n")),
            LogFormat::Json => {
                match diagnostic {
                    Some(diagnostic) => log::diagnostic(diagnostic),
                    None => tracing::error!("{problem}"),
                }
                tracing::warn!("the configuration before stays in use");
            }
        }
    }
}
