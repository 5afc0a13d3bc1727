//! The site of a folder at one time, for commands that read the folder once.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::sizes::Sizes;
use super::theme_loader::ThemeLoader;
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::identity::{Registry, UnreadableFiles, Withdrawal};
use crate::post::html::{self, Removed, linked_addresses};
use crate::post::markdown::{self, Rendered};
use crate::post::reference::file_beside;
use crate::post::{self, Changes, ParsedPost, Post, Visibility};
use crate::site::{Site, SiteInput};
use crate::source::post_event::{STAYS_PUBLISHED, add_outcome};
use crate::source::rules::companions::Companions;
use crate::source::rules::left_out;
use crate::source::tracker::read_post;
use crate::source::{FileTexts, ReadError, Scan, ScanScope, Source};
use crate::source_file::SourceFile;
use crate::time::Timestamp;

/// The most links of one post to files that are not served for which there are diagnostics.
const MOST_LINKS: usize = 20;

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
    let config = &ledger.with_first_address(config);
    let source = Source::folder(root, &config.posts);
    let scan = source.scan(&ScanScope::Everywhere, &|_| false)?;
    let ReadPosts {
        posts,
        texts,
        mut diagnostics,
    } = read_posts(&source, &scan, config);
    let mut changes = Changes::all(posts);
    Sizes::default().measure(&mut changes, &source);
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
        diagnostics: diagnostics.into(),
        history: Some(ledger.history(now, config.state.withdrawn_for())),
        documents: Vec::new(),
        texts: Some(Arc::new(texts)),
    };
    Ok(Site::build(config, input, now, None).with_theme(theme.theme()))
}

/// Reads the posts that `scan` found in `source`.
fn read_posts(source: &Source, scan: &Scan, config: &Config) -> ReadPosts {
    let texts = FileTexts::new(source.clone());
    let mut companions = Companions::new(&source.name(), source.layout());
    for (path, entry) in scan.companion_candidates(|_| false) {
        companions.insert(path, source.read(path, entry), &scan.files, config);
    }
    let mut left_out = BTreeMap::new();
    let mut posts = Vec::new();
    let mut diagnostics = scan.diagnostics.clone();
    for (path, entry) in scan.files.iter() {
        let why = source.left_out(path);
        let (inherited, resource) = companions.inherited(path, why.as_ref());
        if let Some(why) = why.or(resource) {
            left_out.insert(path.to_owned(), why);
        }
        let file = source.read(path, entry).map_err(|error| match error {
            ReadError::Refused(diagnostic) => diagnostic,
            ReadError::Changed | ReadError::Gone => {
                Diagnostic::new(Severity::Note, "being-written", path, "changed while it was read").mend("look again")
            }
        });
        let reading = file.and_then(|file| Ok((read_post(post::read_with, &file, &inherited, config)?, file)));
        match reading {
            Ok((ParsedPost { mut post, remarks, .. }, file)) => {
                // the server does not check this, because it would have to render every post
                if let Some(text) = post.text.loaded() {
                    let rendered = markdown::render(text, &post.title);
                    diagnostics.extend(links_not_served(source, &post, &rendered.html, &file));
                    diagnostics.extend(hidden_parts(&file, text, rendered));
                }
                texts.cache_text(&mut post);
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

/// Returns diagnostics for the files in `source` that exist but are not served, and to which `post` links in its text or front matter. The
/// post was read from `file` and rendered as `html`.
fn links_not_served(source: &Source, post: &Post, html: &str, file: &SourceFile) -> Vec<Diagnostic> {
    let named = post.enclosures.iter().map(|enclosure| enclosure.url.clone());
    let named = named.chain(post.image.as_deref().map(str::to_owned));
    let mut files: BTreeMap<Utf8PathBuf, String> = BTreeMap::new();
    for address in linked_addresses(html).into_iter().chain(named) {
        if let Some(path) = file_beside(&post.source, &address) {
            files.entry(path).or_insert(address);
        }
    }
    let not_served = files
        .into_iter()
        .filter(|(path, _)| source.has_file(path) && source.open_media(path).is_err());
    not_served
        .take(MOST_LINKS)
        .map(|(path, address)| {
            let ending = path.extension().unwrap_or_default();
            let (why, mend) = if source.is_media_name(&path) {
                (
                    "it looks like the source of a post",
                    "give it the content of what it is called, or take out the link".to_owned(),
                )
            } else if source.rules().is_kind_served(&path) {
                (
                    "its folder or its name is one that is left out",
                    "move it beside the post".to_owned(),
                )
            } else {
                (
                    "files of this kind are not",
                    format!("put it into a .zip file, or write `posts.media = [\"{ending}\"]` in feedmill.toml"),
                )
            };
            let message = format!("links to {path}, which is not served: {why}");
            let diagnostic = Diagnostic::new(Severity::Warning, "media-not-served", &post.source, message).mend(mend);
            match file.text() {
                Ok(text) => match text.find(&address) {
                    Some(offset) => diagnostic.at(&text, Position::of(&text, offset), address.chars().count()),
                    None => diagnostic,
                },
                Err(_) => diagnostic,
            }
        })
        .collect()
}

/// Returns diagnostics about parts of `text` that are not shown to readers. It is the text of the post in `file`, rendered as `rendered`.
fn hidden_parts(file: &SourceFile, text: &str, rendered: Rendered) -> Vec<Diagnostic> {
    let mut losses = Vec::new();
    // an incomplete post is held back, which is reported when it is read
    if let Some(cut) = rendered.cut.filter(|_| rendered.is_whole) {
        let diagnostic = Diagnostic::new(Severity::Warning, "too-complex", &file.path, cut);
        losses.push(diagnostic.mend("write it shorter and flatter, or as several posts"));
    }
    if let Some(Removed { count, first }) = html::removed(&rendered.html) {
        let message = match count {
            1 => format!("`{first}` is taken out"),
            2 => format!("`{first}` and one thing more like it are taken out"),
            count => format!("`{first}` and {} things more like it are taken out", count - 1),
        };
        let diagnostic = Diagnostic::new(Severity::Note, "html-removed", &file.path, message)
            .mend("leave it out, or put it into a template: pages and feeds carry no scripts, styles and forms of a post");
        let whole = file.text().unwrap_or_default();
        let at = text.to_ascii_lowercase().find(&first);
        losses.push(match at.filter(|_| whole.ends_with(text)) {
            Some(at) => {
                let position = Position::of(&whole, whole.len() - text.len() + at);
                diagnostic.at(&whole, position, first.chars().count())
            }
            None => diagnostic,
        });
    }
    losses
}

/// The code of the diagnostic about a public post that a start would withdraw.
pub const WOULD_WITHDRAW: &str = "would-withdraw";
/// The code of the diagnostic about a public post that a start could not show.
pub const WOULD_HOLD: &str = "would-hold";

/// Returns the diagnostic for the public post in the file at `path`, of which a start could show at most the last good version.
#[must_use]
pub fn would_hold(path: &Utf8Path) -> Diagnostic {
    let message = "readers have this post, and a start could not show what its file holds now: that is not understood";
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
