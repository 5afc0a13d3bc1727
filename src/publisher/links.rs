//! Files that posts link to, or show, and that are not served: for who checks a folder.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::post::Post;
use crate::post::html::linked_addresses;
use crate::post::reference::file_beside;
use crate::source::Source;
use crate::source_file::SourceFile;

/// How many files of one post are named.
const MOST: usize = 20;

/// The files in `source` that `post`, which was read from `file` and rendered as `html`, links to or names in its front matter, and that
/// are there and not served.
pub(super) fn not_served(source: &Source, post: &Post, html: &str, file: &SourceFile) -> Vec<Diagnostic> {
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
        .take(MOST)
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
