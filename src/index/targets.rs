//! The posts and media files that an address may name, by path and by name.
//!
//! Everything is found by a key: the hash of a text and of the kind of thing that it names. Texts are compared without regard to case and
//! to the form in which Unicode composes letters ([`fold`]); who looks something up compares the exact texts itself. The keys of a change
//! ([`Index::changed_keys`](super::Index::changed_keys)) say which lookups may have another answer.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock};

use camino::{Utf8Path, Utf8PathBuf};
use smol_str::SmolStr;

use super::claims::ClaimChange;
use crate::post::{Person, Post, composed, key, page_key};
use crate::shared_vec::SharedVec;
use crate::source_file::file_type::markdown_stem;
use crate::source_file::{FileChanges, by_parts};
use crate::time::Timestamp;

/// The kind of thing that a text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum TargetKind {
    /// A post, by its path without the ending, or by its folder if its file is an `index`.
    PostPath,
    /// A post, by the name of its file, its slug, its title or another name.
    PostName,
    /// A page, by its address.
    Address,
    /// A media file, by its path.
    FilePath,
    /// A media file, by its name.
    FileName,
    /// A tag, by its key.
    Tag,
    /// An author, by the key of the name.
    Author,
    /// A section, by its key.
    Section,
    /// The posts in a folder of a section, by its path.
    Folder,
}

/// Hashes that cannot be predicted, so that many collisions cannot be produced on purpose. Documents keep keys from one site to the next.
static HASH: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// The key of what `text` names.
pub(super) fn target_key(kind: TargetKind, text: &str) -> u64 {
    HASH.hash_one((kind, text))
}

/// Returns `text` in the form in which names are compared: composed (NFC), in lower case, without white space around it.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let is_folded = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if is_folded {
        return Cow::Borrowed(text);
    }
    Cow::Owned(composed(text).to_lowercase())
}

/// The posts and media files that an address may name.
#[derive(Clone, Debug, Default)]
pub(super) struct TargetTable {
    /// All posts by path and by each name, in the order of the keys.
    posts: SharedVec<(u64, Arc<Post>)>,
    /// All media files by path and by name, in the order of the keys.
    files: SharedVec<(u64, Arc<Utf8Path>)>,
    /// The paths of all media files, in order.
    paths: SharedVec<Arc<Utf8Path>>,
}

impl TargetTable {
    /// Builds the table of `posts` and `files`.
    pub(super) fn build<'a>(posts: impl Iterator<Item = &'a Arc<Post>>, files: Vec<Arc<Utf8Path>>) -> TargetTable {
        let mut by_key: Vec<(u64, Arc<Post>)> = Vec::new();
        for post in posts {
            by_key.extend(keys_of_post(post).into_iter().map(|key| (key, Arc::clone(post))));
        }
        by_key.sort_by_key(|(key, _)| *key);
        let mut table = TargetTable {
            posts: by_key.into_iter().collect(),
            ..TargetTable::default()
        };
        table.set_files(files);
        table
    }

    /// Replaces all media files by `files`.
    pub(super) fn set_files(&mut self, mut files: Vec<Arc<Utf8Path>>) {
        files.sort_by(|one, other| by_parts(one, other));
        files.dedup();
        let mut by_key: Vec<(u64, Arc<Utf8Path>)> = Vec::with_capacity(2 * files.len());
        for path in &files {
            by_key.extend(keys_of_file(path).map(|key| (key, Arc::clone(path))));
        }
        by_key.sort_by_key(|(key, _)| *key);
        self.files = by_key.into_iter().collect();
        self.paths = files.into_iter().collect();
    }

    /// Replaces all media files by those of `other`.
    pub(super) fn set_files_of(&mut self, other: &TargetTable) {
        self.files = other.files.clone();
        self.paths = other.paths.clone();
    }

    /// Updates the posts after `changes`.
    pub(super) fn update_posts<'a>(&mut self, changes: impl Iterator<Item = &'a ClaimChange> + Clone) {
        for before in changes.clone().filter_map(|change| change.before.as_ref()) {
            for key in keys_of_post(before) {
                self.posts.remove_value(key, |other| Arc::ptr_eq(other, before));
            }
        }
        for after in changes.filter_map(|change| change.after.as_ref()) {
            for key in keys_of_post(after) {
                self.posts.add(key, Arc::clone(after));
            }
        }
    }

    /// Updates the media files after `changes`, which are not all files.
    pub(super) fn update_files(&mut self, changes: &FileChanges) {
        for path in &changes.gone {
            let at = self.paths.partition_point(|other| by_parts(other, path).is_lt());
            if self.paths.get(at).is_some_and(|other| other == path) {
                self.paths.remove(at);
                for key in keys_of_file(path) {
                    self.files.remove_value(key, |other| other == path);
                }
            }
        }
        for path in &changes.added {
            let at = self.paths.partition_point(|other| by_parts(other, path).is_lt());
            if self.paths.get(at).is_none_or(|other| other != path) {
                self.paths.insert(at, Arc::clone(path));
                for key in keys_of_file(path) {
                    self.files.add(key, Arc::clone(path));
                }
            }
        }
    }

    /// The paths of all media files, in order.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Arc<Utf8Path>> {
        self.paths.iter()
    }

    /// The paths of the media files at or below `folder`, in order.
    pub(super) fn paths_below<'a>(&'a self, folder: &'a Utf8Path) -> impl Iterator<Item = &'a Arc<Utf8Path>> {
        let start = self.paths.partition_point(|path| by_parts(path, folder).is_lt());
        self.paths.iter_from(start).take_while(move |path| path.starts_with(folder))
    }

    /// The posts that `text` may name.
    pub(super) fn posts(&self, key: u64) -> impl Iterator<Item = &Arc<Post>> {
        self.posts.values_of(key)
    }

    /// The media files that `text` may name.
    pub(super) fn files(&self, key: u64) -> impl Iterator<Item = &Arc<Utf8Path>> {
        self.files.values_of(key)
    }

    /// The keys of all that may be found in another way after `changes` to the posts between the instants `then` and `now`. The table
    /// is the one after the changes.
    pub(super) fn changed_posts<'a>(
        &self,
        changes: impl Iterator<Item = &'a ClaimChange>,
        (then, now): (Timestamp, Timestamp),
    ) -> BTreeSet<u64> {
        let mut keys = BTreeSet::new();
        for ClaimChange { before, after } in changes {
            let fields = |post: &'a Option<Arc<Post>>, at| post.as_deref().map(|post| LookupFields::of(post, at));
            if fields(before, then) == fields(after, now) {
                continue;
            }
            for post in before.iter().chain(after) {
                keys.extend(keys_of_post(post));
                keys.extend(keys_of_addresses(post));
                keys.extend(keys_of_scopes(post));
                self.add_keys_of_own_files(&post.source, &mut keys);
            }
            let source = |post: &'a Option<Arc<Post>>| post.as_deref().map(|post| &post.source);
            if source(before) != source(after) {
                for source in source(before).into_iter().chain(source(after)) {
                    self.add_keys_of_freed_folders(source, &mut keys);
                }
            }
        }
        keys
    }

    /// The keys of the files that belong, or may belong, to the posts at `sources`.
    pub(super) fn keys_of_own_files<'a>(&self, sources: impl Iterator<Item = &'a Utf8Path>) -> BTreeSet<u64> {
        let mut keys = BTreeSet::new();
        for source in sources {
            self.add_keys_of_own_files(source, &mut keys);
            self.add_keys_of_freed_folders(source, &mut keys);
        }
        keys
    }

    /// Adds the keys of the files that are only served while the post at `source` is readable.
    fn add_keys_of_own_files(&self, source: &Utf8Path, keys: &mut BTreeSet<u64>) {
        let Some(name) = source.file_name() else { return };
        let stem = name.split('.').next().unwrap_or_default();
        let folder = source.parent().unwrap_or(Utf8Path::new(""));
        // files of the same name, and the folder of that name
        let named = folder.join(stem);
        let start = self.paths.partition_point(|path| **path < *named);
        let alike = self.paths.iter_from(start);
        for path in alike.take_while(|path| path.as_str().starts_with(named.as_str())) {
            keys.extend(keys_of_file(path));
        }
        if stem == "index" && !folder.as_str().is_empty() {
            for path in self.paths_below(folder) {
                keys.extend(keys_of_file(path));
            }
        }
    }

    /// Adds the keys of the files in folders above `source` that have the name of a post's file: they belong to that post only while no post
    /// is in the folder.
    fn add_keys_of_freed_folders(&self, source: &Utf8Path, keys: &mut BTreeSet<u64>) {
        for folder in source.ancestors().skip(1).filter(|folder| !folder.as_str().is_empty()) {
            let key = target_key(TargetKind::PostPath, &fold(folder.as_str()));
            if self.posts(key).any(|post| !post.source.starts_with(folder)) {
                keys.extend(self.paths_below(folder).flat_map(|path| keys_of_file(path)));
            }
        }
    }
}

/// What a post is found by.
#[derive(PartialEq)]
struct LookupFields<'a> {
    source: &'a Utf8PathBuf,
    address: &'a str,
    aliases: &'a [String],
    names: &'a [String],
    title: &'a str,
    slug: &'a str,
    day: jiff::civil::Date,
    tags: &'a [SmolStr],
    authors: &'a [Person],
    language: Option<&'a str>,
    is_readable: bool,
    is_listed: bool,
}

impl LookupFields<'_> {
    fn of(post: &Post, at: Timestamp) -> LookupFields<'_> {
        LookupFields {
            source: &post.source,
            address: &post.address,
            aliases: &post.aliases,
            names: &post.names,
            title: &post.title,
            slug: &post.slug,
            day: post.date.date(),
            tags: &post.tags,
            authors: &post.authors,
            language: post.language.as_deref(),
            is_readable: post.is_readable(at),
            is_listed: super::is_public(post, at),
        }
    }
}

/// `path` without its Markdown ending; if its file is an `index`, its folder.
pub(super) fn post_path(path: &Utf8Path) -> &Utf8Path {
    let stem = Utf8Path::new(markdown_stem(path.as_str()).unwrap_or(path.as_str()));
    match (stem.file_name(), stem.parent()) {
        (Some("index"), Some(folder)) if !folder.as_str().is_empty() => folder,
        _ => stem,
    }
}

/// The keys by which `post` is found, each once.
fn keys_of_post(post: &Post) -> Vec<u64> {
    let path = post_path(&post.source);
    let path_key = target_key(TargetKind::PostPath, &fold(path.as_str()));
    let names = [path.file_name().unwrap_or_default(), &post.slug, &post.title];
    let names = names.into_iter().chain(post.names.iter().map(String::as_str));
    let names = names.filter(|name| !name.is_empty());
    let mut keys: Vec<u64> = names.map(|name| target_key(TargetKind::PostName, &fold(name))).collect();
    keys.push(path_key);
    let folders = post
        .source
        .ancestors()
        .skip(1)
        .filter(|folder| folder.components().nth(1).is_some());
    keys.extend(folders.map(|folder| target_key(TargetKind::Folder, &fold(folder.as_str()))));
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The keys of the pages that list `post`.
fn keys_of_scopes(post: &Post) -> impl Iterator<Item = u64> {
    let tags = post.tags.iter().map(|tag| target_key(TargetKind::Tag, &key(tag)));
    let authors = post
        .authors
        .iter()
        .map(|author| target_key(TargetKind::Author, &key(&author.name)));
    let section = post.section.as_deref();
    tags.chain(authors)
        .chain(section.map(|section| target_key(TargetKind::Section, &key(section))))
}

/// The keys of the addresses of `post`, also of the former ones.
fn keys_of_addresses(post: &Post) -> impl Iterator<Item = u64> {
    let own = std::iter::once(post.address.to_string());
    let all = own.chain(post.aliases.iter().cloned()).chain(post.addresses_of_names());
    all.map(|address| target_key(TargetKind::Address, page_key(&address)))
}

/// The keys of all that may be found in another way after `files`.
pub(super) fn changed_files(files: &FileChanges) -> impl Iterator<Item = u64> {
    files.added.iter().chain(&files.gone).flat_map(|path| keys_of_file(path))
}

/// The keys by which the media file at `path` is found.
fn keys_of_file(path: &Utf8Path) -> impl Iterator<Item = u64> {
    let name = path.file_name().unwrap_or_default();
    [
        target_key(TargetKind::FilePath, &fold(path.as_str())),
        target_key(TargetKind::FileName, &fold(name)),
    ]
    .into_iter()
}
