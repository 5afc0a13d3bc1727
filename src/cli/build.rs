//! `feedmill build`: write the site to a folder, for a host that has only files.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::settings::Settings;
use super::terminal::{self, counted};
use crate::config::Config;
use crate::diagnostic::{Severity, one_line};
use crate::publisher::{ChangeEvent, Publisher};
use crate::site::Site;
use crate::source::Source;
use crate::static_site::hosts::Host;
use crate::static_site::{self, BuildReport, FileLayout, Options, WriteError, WrittenSite};
use crate::time::Timestamp;

/// How often a post whose file changes during the build is tried again.
const TRIES: usize = 3;
/// How long a build waits for the site with that change.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How long a build waits until a few files that are missing count as deleted.
const DELETION_WAIT: Duration = Duration::from_secs(2);
/// How often the line of progress is drawn.
const REDRAW_INTERVAL: Duration = Duration::from_millis(200);

/// The options of `build`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(super) struct BuildArgs {
    /// The folder that is written. It is made if it is not there
    out: Utf8PathBuf,
    /// The folder of posts [default: posts]
    #[arg(long, value_name = "DIR", env = "FEEDMILL_POSTS", hide_env_values = true)]
    posts: Option<Utf8PathBuf>,
    /// Write the files with redirects and headers that this host reads; may be given several times
    #[arg(long = "for", value_name = "HOST", value_delimiter = ',')]
    hosts: Vec<Host>,
    /// What is written
    #[arg(long, value_enum, default_value_t = BuildProfile::Static)]
    profile: BuildProfile,
    /// The file of the page `/posts/x`: `posts/x.html` or `posts/x/index.html`
    #[arg(long, value_enum, default_value_t = FileLayout::Html)]
    layout: FileLayout,
    /// Write compressed copies (.gz, .br) beside files, for servers that send them
    #[arg(long)]
    compress: bool,
    /// Leave out the Markdown of posts, where a host limits the number of files
    #[arg(long)]
    no_markdown: bool,
    /// Leave out the pages and feeds of tags, authors and sections
    #[arg(long)]
    no_scopes: bool,
    /// Allow that this many files are removed
    #[arg(long, value_name = "N")]
    max_deletes: Option<usize>,
    /// Write into a folder that has other files. They stay, but those with the same name as one of the site are replaced
    #[arg(long)]
    force: bool,
    /// Go on: write again after each change, until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// Fail if a post has an error
    #[arg(long)]
    strict: bool,
    /// Print nothing but problems
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    settings: Settings,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum BuildProfile {
    /// Only what a host of files can answer, and links to nothing else.
    Static,
    /// Byte for byte what `serve` answers.
    Serve,
}

/// Runs the command.
pub(super) fn run(arguments: BuildArgs) -> anyhow::Result<ExitCode> {
    let BuildArgs {
        out,
        posts,
        hosts,
        profile,
        layout,
        compress,
        no_markdown,
        no_scopes,
        max_deletes,
        force,
        watch,
        strict,
        quiet,
        settings,
    } = arguments;
    let (config, root) = settings.load(posts, |config| config.is_static = profile == BuildProfile::Static)?;
    if config.site.base_url.is_none() {
        bail!(
            "the site needs the address at which it will be, because feeds and links name it; add `--base-url https://example.com`"
        );
    }
    if let Some((one, other)) = Host::conflict(&hosts) {
        let (one, other) = (one.name(), other.name());
        bail!("{one} and {other} read the same files, each in a way of its own; build a folder for each");
    }
    check_apart(&out, &root, "the folder of posts")?;
    if let Some(ledger) = config.state.dir.as_deref().filter(|dir| dir.is_dir()) {
        check_apart(&out, ledger, "the folder of the ledger")?;
    }
    let builder = SiteWriter {
        options: Options {
            hosts,
            layout,
            compresses: compress,
            omits_markdown: no_markdown,
            omits_scopes: no_scopes,
            max_deletes,
            takes_over: force,
            writes_again: watch,
        },
        source: Source::folder(root.clone(), &config.posts),
        out,
        root,
        is_quiet: quiet,
        last: None,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("threads cannot be started")?;
    runtime.block_on(builder.run(config, watch, strict))
}

/// Checks that neither folder contains the other: what is written must not be read as posts, nor replace them.
fn check_apart(out: &Utf8Path, root: &Utf8Path, what: &str) -> anyhow::Result<()> {
    if !root.is_dir() {
        bail!("there is no folder {root}; name the folder of posts with `--posts`");
    }
    let root = root.canonicalize_utf8().with_context(|| format!("{root} cannot be read"))?;
    let absolute = std::path::absolute(out).with_context(|| format!("`{out}` is not a path"))?;
    // what is there is resolved, what will be made is not
    let there = absolute.ancestors().find_map(|folder| {
        let resolved = folder.canonicalize().ok()?;
        Some(resolved.join(absolute.strip_prefix(folder).ok()?))
    });
    let resolved = there.unwrap_or(absolute);
    if resolved.starts_with(&root) || root.as_std_path().starts_with(&resolved) {
        bail!("{out} and {what}, {root}, contain one another; write the site to a folder beside it");
    }
    Ok(())
}

struct SiteWriter {
    options: Options,
    source: Source,
    out: Utf8PathBuf,
    root: Utf8PathBuf,
    is_quiet: bool,
    /// What was written last.
    last: Option<Arc<WrittenSite>>,
}

impl SiteWriter {
    /// Writes the site once, or until the program is stopped.
    async fn run(mut self, config: Arc<Config>, watches: bool, is_strict: bool) -> anyhow::Result<ExitCode> {
        let publisher = Publisher::start(config, self.source.clone())
            .await
            .with_context(|| format!("{} cannot be read", self.root))?;
        let result = self.write_and_watch(&publisher, watches, is_strict).await;
        publisher.stop().await;
        result
    }

    async fn write_and_watch(&mut self, publisher: &Publisher, watches: bool, is_strict: bool) -> anyhow::Result<ExitCode> {
        let mut changes = publisher.changes();
        if let Some(why) = publisher.health().ledger.as_deref() {
            terminal::print_message(&terminal::warning_line(why));
        }
        if publisher.site().is_missing_posts() {
            // files that went away since the last run are taken as deleted after a moment
            let _ = tokio::time::timeout(DELETION_WAIT, changes.recv()).await;
        }
        let (site, report) = self.write_newest(publisher, &mut changes).await?;
        self.report_limits(&report, watches);
        let problems = terminal::problems(&site, &self.root);
        terminal::print_message(&problems);
        let errors = site.diagnostics.iter().filter(|found| found.severity == Severity::Error);
        let has_errors = errors.count() > 0;
        if !watches {
            return Ok(if is_strict && has_errors {
                ExitCode::FAILURE
            } else {
                ExitCode::SUCCESS
            });
        }
        self.say(&format!("Watching {}. Ctrl-C ends it.\n", one_line(self.root.as_str())));
        let mut interrupted = signal(SignalKind::interrupt())?;
        let mut terminated = signal(SignalKind::terminate())?;
        loop {
            tokio::select! {
                _ = interrupted.recv() => return Ok(ExitCode::SUCCESS),
                _ = terminated.recv() => return Ok(ExitCode::SUCCESS),
                event = changes.recv() => match event {
                    Ok(event) => {
                        self.say(&terminal::change_lines(&event.posts, &self.root, &publisher.site()));
                        self.write_again(publisher, &mut changes).await;
                    }
                    Err(RecvError::Lagged(_)) => self.write_again(publisher, &mut changes).await,
                    Err(RecvError::Closed) => return Ok(ExitCode::SUCCESS),
                },
            }
        }
    }

    /// Writes the site after a change. A failure is printed, and the folder stays as it is.
    async fn write_again(&mut self, publisher: &Publisher, changes: &mut Receiver<Arc<ChangeEvent>>) {
        if let Err(error) = self.write_newest(publisher, changes).await {
            terminal::print_message(&format!("feedmill: {}\n", terminal::error_message(&error)));
        }
    }

    /// Writes the newest site, and reports how much was written. A post that cannot be read now is tried again with the site after it.
    async fn write_newest(
        &mut self,
        publisher: &Publisher,
        changes: &mut Receiver<Arc<ChangeEvent>>,
    ) -> anyhow::Result<(Arc<Site>, BuildReport)> {
        let started = Instant::now();
        let mut tries = 1;
        loop {
            let site = publisher.site();
            match self.write(&site).await? {
                Ok((report, written)) => {
                    self.last = Some(Arc::new(written));
                    self.report_counts(&report, started.elapsed());
                    return Ok((site, report));
                }
                Err(WriteError::Unreadable(_)) if tries < TRIES => {
                    tries += 1;
                    let _ = tokio::time::timeout(LONGEST_WAIT, changes.recv()).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Writes `site`, and shows the progress on a terminal.
    async fn write(&self, site: &Arc<Site>) -> anyhow::Result<Result<(BuildReport, WrittenSite), WriteError>> {
        let done = Arc::new(AtomicUsize::new(0));
        let writing = tokio::task::spawn_blocking({
            let (site, source) = (Arc::clone(site), self.source.clone());
            let (out, options, done) = (self.out.clone(), self.options.clone(), Arc::clone(&done));
            let last = self.last.clone();
            move || static_site::write(&site, last.as_deref(), &source, &out, &options, &done)
        });
        tokio::pin!(writing);
        let is_shown = !self.is_quiet && io::stderr().is_terminal();
        let mut width = 0;
        loop {
            if let Ok(written) = tokio::time::timeout(REDRAW_INTERVAL, &mut writing).await {
                if width > 0 {
                    terminal::print_message(&format!("\r{:width$}\r", ""));
                }
                return written.context("the site could not be written, which is a fault in feedmill");
            }
            if is_shown {
                let line = format!("{} written", counted(done.load(Ordering::Relaxed), "address"));
                width = width.max(line.len());
                terminal::print_message(&format!("\r{line:width$}"));
            }
        }
    }

    fn report_counts(&self, report: &BuildReport, took: Duration) {
        self.say(&format!(
            "{}: {}, {}; {} written, {} removed, in {:.1} s\n",
            one_line(self.out.as_str()),
            counted(report.files, "file"),
            size(report.bytes),
            report.written,
            report.removed,
            took.as_secs_f64()
        ));
    }

    /// Says what the folder lacks, and when it has to be written again unless the program `watches`.
    fn report_limits(&self, report: &BuildReport, watches: bool) {
        let mut text = String::new();
        for note in &report.notes {
            let _ = writeln!(text, "  {}", one_line(note));
        }
        if report.was_replaced_in_place {
            text.push_str("  the files were replaced one by one, because the folder cannot be exchanged at once\n");
        }
        if let Some(due) = report.next_due {
            let due = Timestamp::from_second(due.as_second()).unwrap_or(due);
            let fix = if watches { "" } else { ": build again then" };
            let _ = writeln!(text, "  the next scheduled change is due {due}{fix}");
        }
        self.say(&text);
    }

    fn say(&self, text: &str) {
        if !self.is_quiet {
            terminal::print_message(text);
        }
    }
}

/// `12.3 MB`.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => counted(usize::try_from(bytes).unwrap_or(usize::MAX), "byte"),
        1_000..1_000_000 => format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (bytes, expected) in [
            (1, "1 byte"),
            (999, "999 bytes"),
            (1_500, "1.5 kB"),
            (999_999, "999.9 kB"),
            (12_345_678, "12.3 MB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }

    #[test]
    fn the_two_folders_are_apart() {
        let dir = tempfile::tempdir().unwrap();
        let dir = Utf8Path::from_path(dir.path()).unwrap();
        let posts = dir.join("posts");
        std::fs::create_dir_all(posts.join("sub")).unwrap();
        std::os::unix::fs::symlink(&posts, dir.join("link")).unwrap();
        for (out, is_apart) in [
            ("out", true),
            ("posts-out", true),
            ("new/out", true),
            ("posts", false),
            ("posts/out", false),
            ("posts/sub/out", false),
            ("link/out", false),
            ("", false),
        ] {
            assert_eq!(
                check_apart(&dir.join(out), &posts, "the folder of posts").is_ok(),
                is_apart,
                "{out}"
            );
        }
    }
}
