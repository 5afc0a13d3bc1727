//! The site that a folder makes at one instant, for commands that look once and end.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::links;
use super::sizes::Sizes;
use super::theme_loader::ThemeLoader;
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::identity::{Registry, UnreadableFiles, Withdrawal};
use crate::post::html::{self, Removed};
use crate::post::markdown::{self, Rendered};
use crate::post::{self, Changes, ParsedPost, Visibility};
use crate::site::{Site, SiteInput};
use crate::source::post_event::{STAYS_PUBLISHED, add_outcome};
use crate::source::rules::companions::Companions;
use crate::source::rules::left_out;
use crate::source::tracker::read_post;
use crate::source::{FileTexts, ReadError, ScanScope, Source};
use crate::source_file::SourceFile;
use crate::time::Timestamp;

/// The site that the posts in the folder at `root` make at `now`, as far as `ledger` knows them. Files are taken as they are: nothing
/// is waited for, and no post is taken for gone.
///
/// # Errors
///
/// The folder is missing, is none, or cannot be read.
pub fn snapshot(config: &Arc<Config>, root: &Utf8Path, ledger: &mut Registry, now: Timestamp) -> io::Result<Site> {
    let config = &ledger.with_first_address(config);
    let source = Source::folder(root, &config.posts);
    let scan = source.scan(&ScanScope::Everywhere, &|_| false)?;
    let texts = FileTexts::new(source.clone());
    let mut companions = Companions::new(&source.name(), source.layout());
    for (path, entry) in scan.companion_candidates(|_| false) {
        companions.take(path, source.read(path, entry), &scan.files, config);
    }
    let mut left_out = BTreeMap::new();
    let mut posts = Vec::new();
    let mut diagnostics = scan.diagnostics.clone();
    for (path, entry) in scan.files.iter() {
        let read = source.read(path, entry).map_err(|unread| match unread {
            ReadError::Refused(diagnostic) => diagnostic,
            ReadError::Changed | ReadError::Gone => {
                Diagnostic::new(Severity::Note, "being-written", path, "changed while it was read").mend("look again")
            }
        });
        let why = source.left_out(path);
        let (inherited, resource) = companions.inherited(path, why.as_ref());
        if let Some(why) = why.or(resource) {
            left_out.insert(path.to_owned(), why);
        }
        let read = read.and_then(|file| {
            let reading = read_post(post::read_with, &file, &inherited, config)?;
            Ok((reading, file))
        });
        match read {
            Ok((ParsedPost { mut post, remarks, .. }, file)) => {
                // what serves has no time to render every post to say this
                if let Some(text) = post.text.loaded() {
                    let rendered = markdown::render(text, &post.title);
                    diagnostics.extend(links::not_served(&source, &post, &rendered.html, &file));
                    diagnostics.extend(losses(&file, text, rendered));
                }
                texts.take_from(&mut post);
                posts.push(Arc::new(post));
                diagnostics.extend(remarks);
            }
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    let mut changes = Changes::all(posts);
    Sizes::default().measure(&mut changes, &source);
    let unreadable = UnreadableFiles {
        missing: &BTreeSet::new(),
        is_there: &|path| scan.files.contains(path) || scan.is_blind_to(path),
    };
    let settled = ledger.assign(&changes, &unreadable, config, now);
    let held: BTreeSet<&Utf8Path> = changes
        .posts
        .iter()
        .filter(|post| post.is_held)
        .map(|post| post.source.as_path())
        .collect();
    let readable = settled.changes.posts.iter().filter(|post| post.is_readable(now));
    let released: BTreeSet<&Utf8Path> = readable
        .map(|post| post.source.as_path())
        .filter(|path| held.contains(path))
        .collect();
    for diagnostic in &mut diagnostics {
        if diagnostic.severity == Severity::Error && released.contains(&*diagnostic.path) {
            add_outcome(&mut diagnostic.message, STAYS_PUBLISHED);
        }
    }
    compare(ledger, &unreadable, &mut diagnostics);
    let mut look = ThemeLoader::new(Arc::clone(config));
    look.refresh();
    diagnostics.extend(left_out::diagnostics(
        left_out.iter().map(|(path, why)| (path.as_path(), why)),
    ));
    diagnostics.extend(ledger.warnings().chain(look.diagnostics()).cloned());
    diagnostics.sort();
    diagnostics.dedup();
    let material = SiteInput {
        changes: settled.changes,
        new_files: settled.new_posts,
        diagnostics: diagnostics.into(),
        history: Some(ledger.history(now, config.state.withdrawn_for())),
        documents: Vec::new(),
        texts: Some(Arc::new(texts)),
    };
    Ok(Site::build(config, material, now, None).with_theme(look.theme()))
}

/// What no reader will see of `text`, that of the post in `file`, which was rendered as `rendered`.
fn losses(file: &SourceFile, text: &str, rendered: Rendered) -> Vec<Diagnostic> {
    let mut losses = Vec::new();
    // what is not whole is held back, which is said when it is read
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

/// The code of what is said of a post that readers have, and that a start would take from them.
pub const WOULD_WITHDRAW: &str = "would-withdraw";
/// The code of what is said of a post that readers have, and that a start could not show.
pub const WOULD_HOLD: &str = "would-hold";

/// What is said of the post in the file at `path`, which readers have, and of which a start could show at most the last good version.
#[must_use]
pub fn would_hold(path: &Utf8Path) -> Diagnostic {
    let message = "readers have this post, and a start could not show what its file holds now: that is not understood";
    Diagnostic::new(Severity::Warning, WOULD_HOLD, path, message).mend("mend the file first")
}

/// Says which posts, of those that readers have by `ledger`, a start would withdraw or not show.
fn compare(ledger: &mut Registry, unreadable: &UnreadableFiles, diagnostics: &mut Vec<Diagnostic>) {
    for withdrawal in ledger.take_withdrawals() {
        let why = withdrawal.reason();
        let Withdrawal {
            post,
            visibility,
            is_untouched,
        } = withdrawal;
        // that its time is over was to be expected
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
