//! The site that a folder makes at one instant, for commands that look once and end.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use camino::Utf8Path;

use super::desk::read_post;
use super::links;
use super::look::Look;
use super::sizes::Sizes;
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Severity};
use crate::folder::companions::Companions;
use crate::folder::{FileTexts, Folder, Places, Unread, left_out};
use crate::ledger::{Ledger, Whereabouts};
use crate::post::{self, Changes, Reading, markdown};
use crate::site::{Material, Site};
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
    let companions = Companions::of_sight(&folder, &sight, config);
    let mut left_out = BTreeMap::new();
    let mut posts = Vec::new();
    let mut diagnostics = sight.diagnostics.clone();
    for (path, entry) in sight.files.iter() {
        let read = folder.read(path, entry).map_err(|unread| match unread {
            Unread::Refused(diagnostic) => diagnostic,
            Unread::Changed | Unread::Gone => {
                Diagnostic::new(Severity::Note, "being-written", path, "changed while it was read").mend("look again")
            }
        });
        let why = folder.left_out(path);
        let (inherited, resource) = companions.inherited(path, why.as_ref());
        if let Some(why) = why.or(resource) {
            left_out.insert(path.to_owned(), why);
        }
        let read = read.and_then(|source| {
            let reading = read_post(post::read_with, &source, &inherited, config)?;
            Ok((reading, source))
        });
        match read {
            Ok((Reading { mut post, remarks, .. }, source)) => {
                // what serves has no time to render every post to say this
                let rendered = post.text.held().map(|text| markdown::render(text, post.title()));
                if let Some(rendered) = rendered {
                    diagnostics.extend(links::not_served(&folder, &post, &rendered.html, &source));
                    if let Some(cut) = rendered.cut {
                        let diagnostic = Diagnostic::new(Severity::Warning, "too-complex", path, cut);
                        diagnostics.push(diagnostic.mend("write it shorter and flatter, or as several posts"));
                    }
                }
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
    diagnostics.extend(left_out::diagnostics(
        left_out.iter().map(|(path, why)| (path.as_path(), why)),
    ));
    diagnostics.extend(ledger.remarks().chain(look.diagnostics()).cloned());
    diagnostics.sort();
    diagnostics.dedup();
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
