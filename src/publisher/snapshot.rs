//! The site of a folder at one time, for commands that read the folder once.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::link_check::{ExternalLink, check_links, link_diagnostics};
use super::parallel::map_in_parallel;
use super::sizes::{self, EnclosedFiles, EnclosureLengths};
use super::theme_loader::ThemeLoader;
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Severity};
use crate::identity::{Registry, UnreadableFiles, Withdrawal};
use crate::post::{self, Changes, ParsedPost, Post, Visibility};
use crate::site::{Site, SiteInput};
use crate::source::post_event::{STAYS_PUBLISHED, add_outcome};
use crate::source::rules::companions::Companions;
use crate::source::rules::left_out;
use crate::source::tracker::read_post;
use crate::source::{FileEntry, FileTexts, ReadError, Scan, ScanScope, Source};
use crate::source_file::FileChanges;
use crate::time::Timestamp;

/// The current posts of a source, and their diagnostics.
struct ReadPosts {
    posts: Vec<Arc<Post>>,
    texts: FileTexts,
    diagnostics: Vec<Diagnostic>,
}

/// Builds the site of the posts in the folder at `root` at the time `now`, with their records in `ledger`. Files are read as they are:
/// there is no debouncing, and no missing post counts as removed.
///
/// # Errors
///
/// The folder is missing, is not a folder, or cannot be read.
pub fn snapshot(config: &Arc<Config>, root: &Utf8Path, ledger: &mut Registry, now: Timestamp) -> io::Result<Site> {
    snapshot_with_links(config, root, ledger, now).map(|(site, _)| site)
}

/// The same as [`snapshot`], with the links to other sites.
///
/// # Errors
///
/// The same as those of [`snapshot`].
pub fn snapshot_with_links(
    config: &Arc<Config>,
    root: &Utf8Path,
    ledger: &mut Registry,
    now: Timestamp,
) -> io::Result<(Site, Vec<ExternalLink>)> {
    let config = &ledger.with_first_address(config);
    let source = Source::folder(root, &config.posts);
    let scan = source.scan(&ScanScope::Everywhere, &|_| false)?;
    let ReadPosts {
        posts,
        texts,
        mut diagnostics,
    } = read_posts(&source, &scan, config);
    let mut changes = Changes::all(posts);
    let media = FileChanges {
        added: scan.media.paths().map(Arc::from).collect(),
        gone: Vec::new(),
        are_all: true,
    };
    let of_files =
        sizes::needs_site(&changes, &source).then(|| sizes::site_of_files(config, source.name().into(), media.clone(), now));
    let files = EnclosedFiles {
        source: &source,
        site: of_files.as_ref(),
    };
    EnclosureLengths::default().measure(&mut changes, files);
    let unreadable = UnreadableFiles {
        missing: &BTreeSet::new(),
        is_there: &|path| scan.files.contains(path) || scan.is_blind_to(path),
    };
    let assigned = ledger.assign(&changes, &unreadable, config, now);
    let held = changes.posts.iter().filter(|post| post.is_held);
    let held: BTreeSet<&Utf8Path> = held.map(|post| post.source.as_path()).collect();
    let readable = assigned.changes.posts.iter().filter(|post| post.is_readable(now));
    let readable: BTreeSet<&Utf8Path> = readable.map(|post| post.source.as_path()).collect();
    for diagnostic in &mut diagnostics {
        let path = &*diagnostic.path;
        if diagnostic.severity == Severity::Error && held.contains(path) && readable.contains(path) {
            add_outcome(&mut diagnostic.message, STAYS_PUBLISHED);
        }
    }
    compare(ledger, &unreadable, &mut diagnostics);
    let mut theme = ThemeLoader::new(Arc::clone(config));
    theme.refresh();
    diagnostics.extend(ledger.warnings().chain(theme.diagnostics()).cloned());
    diagnostics.sort();
    diagnostics.dedup();
    let input = SiteInput {
        changes: assigned.changes,
        new_files: assigned.new_posts,
        files: media,
        folder: Some(source.name().into()),
        diagnostics: diagnostics.into(),
        history: Some(ledger.history(now, config.state.withdrawn_for())),
        documents: Vec::new(),
        texts: Some(Arc::new(texts)),
    };
    let site = Site::build(config, input, now, None).with_theme(theme.theme());
    let posts: Vec<Arc<Post>> = site.all().iter().cloned().collect();
    let check = check_links(&site, &source, &posts, all_cores());
    let links = link_diagnostics(&site, &source, &check);
    Ok((site.with_more_diagnostics(&links), check.external))
}

fn all_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Reads the posts that `scan` found in `source`.
fn read_posts(source: &Source, scan: &Scan, config: &Config) -> ReadPosts {
    let texts = FileTexts::new(source.clone());
    let mut companions = Companions::new(&source.name(), source.layout());
    for (path, entry) in scan.companion_candidates(|_| false) {
        companions.insert(path, source.read(path, entry), &scan.files, config);
    }
    let entries: Vec<(&Utf8Path, &FileEntry)> = scan.files.iter().collect();
    let read = map_in_parallel(&entries, all_cores(), |(path, entry)| {
        let why = source.left_out(path);
        let (inherited, resource) = companions.inherited(path, why.as_ref());
        let file = source.read(path, entry).map_err(|error| match error {
            ReadError::Refused(diagnostic) => diagnostic,
            ReadError::Changed | ReadError::Gone => {
                Diagnostic::new(Severity::Note, "being-written", path, "changed while it was read").mend("look again")
            }
        });
        let mut reading = file.and_then(|file| read_post(post::read_with, &file, &inherited, config));
        if let Ok(parsed) = &mut reading {
            texts.cache_text(&mut parsed.post);
        }
        (*path, why.or(resource), reading)
    });
    let mut left_out = BTreeMap::new();
    let mut posts = Vec::new();
    let mut diagnostics = scan.diagnostics.clone();
    for (path, why, reading) in read {
        left_out.extend(why.map(|why| (path.to_owned(), why)));
        match reading {
            Ok(ParsedPost { post, remarks, .. }) => {
                posts.push(Arc::new(post));
                diagnostics.extend(remarks);
            }
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    let left_out = left_out.iter().map(|(path, why)| (path.as_path(), why));
    diagnostics.extend(left_out::diagnostics(left_out));
    ReadPosts {
        posts,
        texts,
        diagnostics,
    }
}

/// The code of the diagnostic about a public post that a start would withdraw.
pub const WOULD_WITHDRAW: &str = "would-withdraw";
/// The code of the diagnostic about a public post that a start could not show.
pub const WOULD_HOLD: &str = "would-hold";

/// Returns the diagnostic for the public post in the file at `path`, of which a start could show at most the last good version.
#[must_use]
pub fn would_hold(path: &Utf8Path) -> Diagnostic {
    let message = "readers have this post, and its file has an error now";
    Diagnostic::new(Severity::Warning, WOULD_HOLD, path, message).mend("mend the file first")
}

/// Adds diagnostics about posts that are public according to `ledger`, and that a start would withdraw or could not show.
fn compare(ledger: &mut Registry, unreadable: &UnreadableFiles, diagnostics: &mut Vec<Diagnostic>) {
    for withdrawal in ledger.take_withdrawals() {
        let why = withdrawal.reason();
        let Withdrawal {
            post,
            visibility,
            is_untouched,
        } = withdrawal;
        // an expired post is expected to be withdrawn
        let severity = if visibility == Visibility::Expired {
            Severity::Note
        } else {
            Severity::Warning
        };
        let since = if is_untouched && severity == Severity::Warning {
            ", by rules that are new, for its file did not change"
        } else {
            ""
        };
        let message = format!("readers have this post, and a start would withdraw it: it {why}{since}");
        let diagnostic = Diagnostic::new(severity, WOULD_WITHDRAW, &post.source, message);
        diagnostics.push(diagnostic.mend("change that to keep it public; where it is meant, start feedmill"));
    }
    let is_broken = |diagnostic: &Diagnostic| diagnostic.severity == Severity::Error || diagnostic.code == "empty";
    let mut held: BTreeSet<Utf8PathBuf> = ledger.held_files().map(Utf8Path::to_path_buf).collect();
    let awaited: BTreeSet<&Utf8Path> = ledger.missing_files().collect();
    let broken = diagnostics.iter().filter(|diagnostic| is_broken(diagnostic));
    let broken = broken.filter(|diagnostic| awaited.contains(&*diagnostic.path));
    held.extend(broken.map(|broken| broken.path.clone()));
    for path in held {
        diagnostics.push(would_hold(&path));
    }
    for id in ledger.absent(unreadable.is_there) {
        let Some(record) = ledger.post(&id) else { continue };
        let message = "readers have this post, and a start would withdraw it: its file is gone";
        diagnostics.push(Diagnostic::new(Severity::Note, WOULD_WITHDRAW, &record.source, message));
    }
}
