//! The lengths of enclosed files: feeds contain them, and only the source knows them.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8PathBuf;

use crate::config::Config;
use crate::post::reference::{ParsedReference, file_beside};
use crate::post::{Changes, Enclosure, Post};
use crate::site::{Site, SiteInput};
use crate::source::Source;
use crate::source_file::FileChanges;
use crate::time::Timestamp;

/// The lengths found last, by the file of the post. A post whose enclosures did not change keeps the same `Arc`.
#[derive(Debug, Default)]
pub(super) struct EnclosureLengths {
    known: BTreeMap<Utf8PathBuf, MeasuredPost>,
}

#[derive(Debug)]
struct MeasuredPost {
    read: Arc<Post>,
    lengths: Vec<u64>,
    post: Arc<Post>,
}

impl EnclosureLengths {
    /// Returns the posts, ordered by path, with an enclosure whose length changed since the last call. Unless all files `may_differ`, only
    /// those are looked for that were not found.
    pub(super) fn refresh(&mut self, files: EnclosedFiles<'_>, may_differ: bool) -> Vec<Arc<Post>> {
        let due = self
            .known
            .values_mut()
            .filter(|measured| may_differ || measured.lengths.contains(&0));
        let others = due.filter_map(|measured| {
            let lengths = lengths(&measured.read, files).filter(|lengths| *lengths != measured.lengths)?;
            *measured = MeasuredPost::new(&measured.read, lengths);
            Some(Arc::clone(&measured.post))
        });
        others.collect()
    }

    /// Sets the lengths of enclosures beside the posts in `changes`, if the posts do not contain them.
    pub(super) fn measure(&mut self, changes: &mut Changes, files: EnclosedFiles<'_>) {
        let mut known = if changes.are_all {
            std::mem::take(&mut self.known)
        } else {
            BTreeMap::new()
        };
        changes.gone.iter().for_each(|path| drop(self.known.remove(path)));
        for post in &mut changes.posts {
            let before = self.known.remove(&post.source).or_else(|| known.remove(&post.source));
            if let Some(lengths) = lengths(post, files) {
                let same = before.filter(|before| Arc::ptr_eq(&before.read, post) && before.lengths == lengths);
                let measured = same.unwrap_or_else(|| MeasuredPost::new(post, lengths));
                let path = post.source.clone();
                *post = Arc::clone(&measured.post);
                self.known.insert(path, measured);
            }
        }
    }
}

impl MeasuredPost {
    fn new(read: &Arc<Post>, lengths: Vec<u64>) -> MeasuredPost {
        let mut post = Post::clone(read);
        for (enclosure, &length) in post.enclosures.iter_mut().zip(&lengths) {
            enclosure.length = length;
        }
        MeasuredPost {
            read: Arc::clone(read),
            lengths,
            post: Arc::new(post),
        }
    }
}

/// Whether an enclosure of a post in `changes` names a file that is not beside the post, so that only a site knows where it is.
pub(super) fn needs_site(changes: &Changes, source: &Source) -> bool {
    let files = EnclosedFiles { source, site: None };
    let lacks = |post: &Arc<Post>| lengths(post, files).is_some_and(|lengths| lengths.contains(&0));
    changes.posts.iter().any(lacks)
}

/// A site of `files` alone: with it the first build finds the files that are not beside their posts.
pub(super) fn site_of_files(config: &Arc<Config>, folder: Arc<str>, files: FileChanges, now: Timestamp) -> Site {
    let input = SiteInput {
        changes: Changes::all(Vec::new()),
        files,
        folder: Some(folder),
        ..SiteInput::default()
    };
    Site::build(config, input, now, None)
}

/// The files that enclosures may name.
#[derive(Clone, Copy)]
pub(super) struct EnclosedFiles<'a> {
    pub(super) source: &'a Source,
    /// The newest site, which knows the files that are not beside a post.
    pub(super) site: Option<&'a Site>,
}

impl EnclosedFiles<'_> {
    /// The length of the file that `url` names in `post`.
    fn length(self, post: &Post, url: &str) -> Option<u64> {
        let open = |path: Utf8PathBuf| self.source.open_media(&path).ok();
        let beside = file_beside(&post.source, url).and_then(open);
        let elsewhere = || self.site?.file_of(post, url).and_then(open);
        Some(beside.or_else(elsewhere)?.version.size())
    }
}

/// The lengths of the enclosures of `post`; `None` if the post itself contains all that can be known.
fn lengths(post: &Post, files: EnclosedFiles<'_>) -> Option<Vec<u64>> {
    let mut open = post.enclosures.iter().filter(|enclosure| enclosure.length == 0);
    let is_open = open.any(|enclosure| ParsedReference::parse(&enclosure.url).is_some());
    is_open.then(|| {
        let length = |enclosure: &Enclosure| match enclosure.length {
            0 => files.length(post, &enclosure.url).unwrap_or(0),
            named => named,
        };
        post.enclosures.iter().map(length).collect()
    })
}
