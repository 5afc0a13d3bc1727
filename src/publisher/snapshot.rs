//! The site that a folder makes at one instant, for commands that look once and end.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use camino::Utf8Path;

use super::desk::read_post;
use super::look::Look;
use super::sizes::Sizes;
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::folder::{FileTexts, Folder, Places, Unread};
use crate::ledger::{Ledger, Whereabouts};
use crate::post::html::{self, Removed};
use crate::post::{self, Changes, Reading, markdown};
use crate::site::{Material, Site};
use crate::source::SourceFile;
use crate::time::Timestamp;

/// The site that the posts in the folder at `root` make at `now`, as far as `ledger` knows them. Files are taken as they are: nothing
/// is waited for, and no post is taken for gone.
///
/// # Errors
///
/// The folder is missing, is none, or cannot be read.
pub fn snapshot(config: &Arc<Config>, root: &Utf8Path, ledger: &mut Ledger, now: Timestamp) -> io::Result<Site> {
    let config = &ledger.identified(config);
    let folder = Folder::new(root, &config.posts);
    let sight = folder.look(&Places::Everywhere)?;
    let texts = FileTexts::new(folder.clone());
    let mut posts = Vec::new();
    let mut diagnostics = sight.diagnostics.clone();
    for (path, entry) in sight.files.iter() {
        let read = folder.read(path, entry).map_err(|unread| match unread {
            Unread::Refused(diagnostic) => diagnostic,
            Unread::Changed | Unread::Gone => {
                Diagnostic::new(Severity::Note, "being-written", path, "changed while it was read").mend("look again")
            }
        });
        let reading = read.and_then(|source| Ok((read_post(post::read, &source, config)?, source)));
        match reading {
            Ok((Reading { mut post, remarks, .. }, source)) => {
                // what serves has no time to render every post to say this
                diagnostics.extend(
                    post.text
                        .held()
                        .into_iter()
                        .flat_map(|text| losses(&source, text, post.title())),
                );
                texts.take_from(&mut post);
                posts.push(Arc::new(post));
                diagnostics.extend(remarks);
            }
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    let mut changes = Changes::all(posts);
    Sizes::default().measure(&mut changes, &folder);
    let whereabouts = Whereabouts {
        missing: &BTreeSet::new(),
        is_there: &|path| sight.files.contains(path) || sight.is_blind_to(path),
    };
    let settled = ledger.settle(&changes, &whereabouts, config, now);
    let mut look = Look::new(Arc::clone(config));
    look.refresh();
    diagnostics.extend(ledger.remarks().chain(look.diagnostics()).cloned());
    diagnostics.sort();
    let material = Material {
        changes: settled.changes,
        newcomers: settled.newcomers,
        diagnostics: diagnostics.into(),
        past: Some(ledger.past(now, config.state.told_for())),
        documents: Vec::new(),
        texts: Some(Arc::new(texts)),
    };
    Ok(Site::build(config, material, now, None).dressed(look.theme()))
}

/// What of `text`, that of the post in `file`, no reader will see.
fn losses(file: &SourceFile, text: &str, title: &str) -> Vec<Diagnostic> {
    let mut losses = Vec::new();
    let rendered = markdown::render(text, title);
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
