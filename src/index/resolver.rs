//! Finds the post, the page or the media file that an address in a post names.
//!
//! The steps are tried in order, and the first that finds something counts:
//!
//! 1. The address as it is written is one of this site.
//! 2. A file beside the post's file.
//! 3. A file in the folder with the name of the post's file.
//! 4. A file in a folder above, up to the posts folder itself, with or without the name of the posts folder in front.
//! 5. Steps 2 to 4 without regard to case.
//! 6. A file with this name that is the only one, or the only one in a folder of the name that is written.
//! 7. A post by its slug, title, other name or old address.
//!
//! A wikilink has no address, so step 1 is left out; a name that it gives may also be that of a post. Posts that are not public are not
//! found by their names, and files that belong to them are found only beside the post that names them.

use std::cmp::Reverse;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::targets::{TargetKind, fold, post_path, target_key};
use super::{Index, Scope};
use crate::post::reference::{Destination, FoundDestination, PAGE_EXTENSIONS, ParsedReference, ReferenceForm, Role};
use crate::post::slug::slugify;
use crate::post::{Post, composed, is_reserved, key, page_key};
use crate::source_file::file_type::{is_markdown, markdown_stem};

/// More posts or files with one name are not compared: a name that so many have says nothing.
const MOST_ALIKE: usize = 256;

/// Parts of old addresses that are not parts of a post's path.
const COMMON_PARTS: [&str; 14] = [
    "article", "articles", "archive", "archives", "blog", "entries", "entry", "latest", "news", "next", "p", "post", "posts",
    "_posts",
];

/// Documents of feedmill below `/api/`.
const API: [&str; 5] = ["", "authors", "posts", "sections", "tags"];

/// The site on which an address is looked for.
#[derive(Clone, Copy)]
pub struct LookupSite<'a> {
    /// The path of the site's address, without a slash at its end: empty, or `/blog`.
    pub base_path: &'a str,
    /// The name of the posts folder; empty if it is not known.
    pub folder: &'a str,
    /// The folder whose files are also at the root of the site; empty if there is none.
    pub static_folder: &'a Utf8Path,
    /// Whether all posts are shown, also those that are not public.
    pub shows_all: bool,
    /// Whether readers may get the media file at a path.
    pub may_read_file: &'a dyn Fn(&Utf8Path) -> bool,
    /// Whether an address leads elsewhere by the configuration.
    pub is_redirected: &'a dyn Fn(&str) -> bool,
}

impl Index {
    /// Finds what `reference`, used as `role` in the post at `source` with the path `page`, leads to.
    #[must_use]
    pub fn find_target(
        &self,
        (source, page): (&Utf8Path, &str),
        reference: &ParsedReference<'_>,
        role: Role,
        lookup_site: LookupSite<'_>,
    ) -> FoundDestination {
        let mut finder = Finder {
            index: self,
            lookup_site,
            source,
            reference,
            role,
            keys: Vec::new(),
        };
        let target = finder.find(page);
        FoundDestination {
            target: target.map(|target| match target {
                FoundTarget::AsWritten => Destination::AsWritten,
                FoundTarget::Address(address) => Destination::Page(address),
                FoundTarget::Post(post) if finder.is_shown(&post) => Destination::Page(post.address.to_string()),
                FoundTarget::Post(_) => Destination::NotPublic,
                FoundTarget::File(path) => Destination::File(path.to_path_buf()),
            }),
            keys: finder.keys,
        }
    }
}

/// What a step found.
enum FoundTarget {
    AsWritten,
    /// A page of this site that is not a post.
    Address(String),
    Post(Arc<Post>),
    File(Arc<Utf8Path>),
}

/// How exactly two paths have to be equal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Exactness {
    Exact,
    AnyCase,
}

struct Finder<'a> {
    index: &'a Index,
    lookup_site: LookupSite<'a>,
    source: &'a Utf8Path,
    reference: &'a ParsedReference<'a>,
    role: Role,
    /// The keys that were looked up.
    keys: Vec<u64>,
}

impl Finder<'_> {
    fn find(&mut self, page: &str) -> Option<FoundTarget> {
        if self.reference.form == ReferenceForm::Top {
            return Some(FoundTarget::Address("/".to_owned()));
        }
        let scope_key = key(&self.reference.path);
        match self.reference.form {
            ReferenceForm::Tag => {
                self.key(TargetKind::Tag, &scope_key);
                return self.scope_page(&Scope::Tag(scope_key));
            }
            ReferenceForm::Author => {
                self.key(TargetKind::Author, &scope_key);
                return self.scope_page(&Scope::Author(scope_key));
            }
            _ => {}
        }
        if self.reference.form == ReferenceForm::Address
            && let Some(seen) = self.as_written(page)
        {
            return Some(seen);
        }
        let candidates = self.candidates();
        for exactness in [Exactness::Exact, Exactness::AnyCase] {
            for path in &candidates {
                if let Some(seen) = self.at(path, exactness) {
                    return Some(seen);
                }
            }
        }
        self.section_page(&candidates)
            .or_else(|| self.file_by_name().map(FoundTarget::File))
            .or_else(|| self.post_by_name())
            .or_else(|| self.post_by_old_address())
            .or_else(|| self.section_by_address(&candidates))
    }

    fn key(&mut self, kind: TargetKind, text: &str) -> u64 {
        let key = target_key(kind, text);
        self.keys.push(key);
        key
    }

    fn is_shown(&self, post: &Post) -> bool {
        self.lookup_site.shows_all || post.is_readable(self.index.now)
    }

    fn is_shown_file(&self, path: &Utf8Path) -> bool {
        self.lookup_site.shows_all || (self.lookup_site.may_read_file)(path)
    }

    /// Whether the address is that of a page, by its form: it has no ending, or that of a page.
    fn may_be_page(&self) -> bool {
        let extension = self.reference.extension();
        let is_file = is_markdown(&self.reference.path) || mime_guess::from_ext(&extension).first().is_some();
        self.role == Role::Link && (!is_file || PAGE_EXTENSIONS.contains(&extension.as_str()))
    }

    /// Step 1: the address is one of this site.
    fn as_written(&mut self, page: &str) -> Option<FoundTarget> {
        if self.reference.is_from_root {
            let path = format!("/{}", self.reference.path);
            if let Some(rest) = path
                .strip_prefix(self.lookup_site.base_path)
                .filter(|rest| rest.starts_with('/'))
            {
                return self.page_at(rest, self.reference.is_address);
            }
            return self.page_at(&path, false);
        }
        if !self.may_be_page() {
            return None;
        }
        let path = joined(Utf8Path::new(page.trim_start_matches('/')).parent()?, &self.reference.path)?;
        let path = format!("/{path}");
        let path = path.strip_prefix(self.lookup_site.base_path)?;
        self.page_at(path, true)
    }

    /// The page at `path` below the site's address; `is_whole` says whether it is there by the address as it is written.
    fn page_at(&mut self, path: &str, is_whole: bool) -> Option<FoundTarget> {
        let as_written = |address: &str| {
            if is_whole {
                FoundTarget::AsWritten
            } else {
                FoundTarget::Address(address.to_owned())
            }
        };
        self.key(TargetKind::Address, page_key(path));
        if page_key(path).is_empty() || is_own_document(path) || (self.lookup_site.is_redirected)(path) {
            return Some(as_written(path));
        }
        if let Some(file) = path.strip_prefix("/media/") {
            let key = self.key(TargetKind::FilePath, &fold(file));
            let is_there = self.index.targets.files(key).any(|known| known.as_str() == file);
            return is_there.then(|| as_written(path));
        }
        if self.index.by_address(path).is_some() {
            return Some(as_written(path));
        }
        // the Markdown of a post
        if markdown_stem(path).is_some_and(|stem| self.index.by_address(stem).is_some()) && self.role == Role::Link {
            return Some(as_written(path));
        }
        if self.is_static_file(path) {
            return Some(as_written(path));
        }
        self.index.by_alias(path).map(|post| FoundTarget::Post(Arc::clone(post)))
    }

    /// Whether there is a static file for the address `path`.
    fn is_static_file(&mut self, path: &str) -> bool {
        let folder = self.lookup_site.static_folder;
        if folder.as_str().is_empty() {
            return false;
        }
        let file = folder.join(path.trim_start_matches('/'));
        self.key(TargetKind::FilePath, &fold(file.as_str()));
        self.index.has_file(&file)
    }

    /// The paths below the posts folder that the address may name, in the order of the steps 2 to 4.
    fn candidates(&self) -> Vec<Utf8PathBuf> {
        let path = self.reference.path.as_str();
        let mut found: Vec<Utf8PathBuf> = Vec::new();
        let mut add = |path: Option<Utf8PathBuf>| {
            if let Some(path) = path.filter(|path| !path.as_str().is_empty() && !found.contains(path)) {
                found.push(path);
            }
        };
        let folder = self.source.parent().unwrap_or(Utf8Path::new(""));
        if !self.reference.is_from_root {
            add(joined(folder, path));
            let stem = markdown_stem(self.source.as_str()).unwrap_or(self.source.as_str());
            add(joined(Utf8Path::new(stem), path));
            for above in folder.ancestors().skip(1) {
                add(joined(above, path));
            }
        }
        let from_root = joined(Utf8Path::new(""), path.trim_start_matches("../"));
        let below_name = from_root.as_ref().and_then(|path| self.below_folder_name(path));
        if self.reference.is_from_root {
            // Docusaurus writes the folder of its static files
            let in_static = from_root.as_ref().and_then(|path| path.strip_prefix("static").ok());
            let in_static = in_static.map(Utf8Path::to_owned);
            add(from_root);
            add(in_static);
        }
        add(below_name);
        found
    }

    /// `path` without the name of the posts folder and all that is before it: `x.md` of `en/_posts/x.md`.
    fn below_folder_name(&self, path: &Utf8Path) -> Option<Utf8PathBuf> {
        let mut parts = path.components();
        let name = self.lookup_site.folder;
        parts.by_ref().find(|part| !name.is_empty() && part.as_str() == name)?;
        Some(parts.as_path().to_owned())
    }

    /// The file or the post at `path`.
    fn at(&mut self, path: &Utf8Path, exactness: Exactness) -> Option<FoundTarget> {
        let text = path.as_str();
        if !is_markdown(text) {
            let key = self.key(TargetKind::FilePath, &fold(text));
            let files = self.index.targets.files(key).take(MOST_ALIKE);
            let mut alike = files.filter(|known| exactness == Exactness::AnyCase || composed(known.as_str()) == composed(text));
            // a file beside the post needs no permission: its address is what the author wrote
            if let Some(file) = alike.next() {
                return Some(FoundTarget::File(Arc::clone(file)));
            }
        }
        if self.role == Role::Part || !(is_markdown(text) || self.may_be_page() || self.reference.form != ReferenceForm::Address)
        {
            return None;
        }
        self.post_at(text, exactness).map(FoundTarget::Post)
    }

    /// The post whose file is at `path`, with or without an ending.
    fn post_at(&mut self, path: &str, exactness: Exactness) -> Option<Arc<Post>> {
        let stem = markdown_stem(path).or_else(|| path.strip_suffix(".html")).unwrap_or(path);
        let bare = post_path_of_stem(stem.trim_end_matches('/'));
        let key = self.key(TargetKind::PostPath, &fold(bare));
        let posts = self.index.targets.posts(key).take(MOST_ALIKE);
        let is_at = |post: &&Arc<Post>| {
            let own = post_path(&post.source).as_str();
            match exactness {
                Exactness::Exact => composed(own) == composed(bare),
                Exactness::AnyCase => fold(own) == fold(bare),
            }
        };
        // of two with different endings, the one that is written
        let alike = posts.filter(is_at);
        alike.min_by_key(|post| (post.source != *path, &post.source)).map(Arc::clone)
    }

    /// The page of the section whose `_index.md` is at one of `candidates`, or the first page of the site.
    fn section_page(&mut self, candidates: &[Utf8PathBuf]) -> Option<FoundTarget> {
        for path in candidates {
            if path.file_name().and_then(markdown_stem) != Some("_index") {
                continue;
            }
            let Some(top) = path.parent()?.components().next() else {
                return Some(FoundTarget::Address("/".to_owned()));
            };
            let key = key(top.as_str());
            self.key(TargetKind::Section, &key);
            if let Some(seen) = self.scope_page(&Scope::Section(key)) {
                return Some(seen);
            }
        }
        None
    }

    /// The page of the section that other tools have at this address: `/notes/`. A folder within a section has no page of its own, so
    /// `/notes/rust/` is that of the section too.
    fn section_by_address(&mut self, candidates: &[Utf8PathBuf]) -> Option<FoundTarget> {
        if self.reference.form != ReferenceForm::Address || !self.reference.is_from_root || !self.may_be_page() {
            return None;
        }
        candidates.iter().find_map(|folder| {
            let mut parts = folder.components();
            let section = key(parts.next()?.as_str());
            if parts.next().is_some() {
                let key = self.key(TargetKind::Folder, &fold(folder.as_str()));
                self.index.targets.posts(key).next()?;
            }
            self.key(TargetKind::Section, &section);
            self.scope_page(&Scope::Section(section))
        })
    }

    fn scope_page(&self, scope: &Scope) -> Option<FoundTarget> {
        let members = self.index.members(scope)?;
        (!members.posts.is_empty()).then(|| FoundTarget::Address(scope.path()))
    }

    /// Step 6, for media files.
    fn file_by_name(&mut self) -> Option<Arc<Utf8Path>> {
        let path = self.reference.path.trim_end_matches('/');
        let name = path
            .rsplit('/')
            .next()
            .filter(|name| name.contains('.') && !is_markdown(name))?;
        let key = self.key(TargetKind::FileName, &fold(name));
        let files: Vec<&Arc<Utf8Path>> = self.index.targets.files(key).take(MOST_ALIKE).collect();
        let files = files.into_iter().filter(|file| {
            let is_it = fold(file.file_name().unwrap_or_default()) == fold(name);
            is_it && self.is_shown_file(file)
        });
        only_best(files, |file| common_parts(file.as_str(), path)).map(Arc::clone)
    }

    /// Steps 6 and 7: the post that has the name of the address.
    fn post_by_name(&mut self) -> Option<FoundTarget> {
        if self.role == Role::Part {
            return None;
        }
        let written = self.reference.path.trim_end_matches('/');
        let stem = markdown_stem(written)
            .or_else(|| written.strip_suffix(".html"))
            .unwrap_or(written);
        let path = post_path_of_stem(stem);
        let is_file = is_markdown(written) || self.reference.form == ReferenceForm::File;
        let is_name = self.reference.form == ReferenceForm::Name;
        if !is_file && !is_name && (path.contains('/') || !self.may_be_page()) {
            return None;
        }
        let last = path.rsplit('/').next().unwrap_or_default();
        // a title may contain a slash
        let mut words = vec![fold(last), fold(path)];
        words.dedup();
        for word in words {
            if let Some(post) = self.post_named(&word, path) {
                return Some(FoundTarget::Post(post));
            }
        }
        // Quartz and others write the slug of a title
        let slug = slugify(last);
        self.post_named(&slug, path).map(FoundTarget::Post)
    }

    /// The post with the name `word`, already folded; of several, the one whose path is most like `path`.
    fn post_named(&mut self, word: &str, path: &str) -> Option<Arc<Post>> {
        if word.is_empty() {
            return None;
        }
        let key = self.key(TargetKind::PostName, word);
        let posts = self.index.targets.posts(key).take(MOST_ALIKE);
        let named: Vec<(usize, &Arc<Post>)> = posts.filter_map(|post| Some((rank(post, word)?, post))).collect();
        let shown = named.iter().filter(|(_, post)| self.is_shown(post));
        let folder = self.source.parent();
        let best = only_best(shown, |(rank, post)| {
            let own = post_path(&post.source);
            (common_parts(own.as_str(), path), Reverse(*rank), own.parent() == folder)
        });
        if best.is_some() || named.iter().any(|(_, post)| self.is_shown(post)) {
            return best.map(|(_, post)| Arc::clone(post));
        }
        // a name of posts that are not public
        named.first().map(|(_, post)| Arc::clone(post))
    }

    /// Step 7: the post that has this address by a usual pattern of other tools: `/2020/03/05/title/`.
    fn post_by_old_address(&mut self) -> Option<FoundTarget> {
        if self.reference.form != ReferenceForm::Address || !self.may_be_page() {
            return None;
        }
        let path = self.reference.path.trim_end_matches('/');
        let path = path.strip_suffix("/index.html").unwrap_or(path);
        let path = path
            .strip_suffix(".html")
            .or_else(|| path.strip_suffix(".htm"))
            .unwrap_or(path);
        let mut parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect();
        let last = parts.pop()?;
        if parts.is_empty() && !self.reference.is_from_root {
            return None;
        }
        // other tools keep dots and underscores in a slug
        let (word, slug) = (fold(last), slugify(last));
        let mut words = vec![word.as_ref(), slug.as_str()];
        words.dedup();
        words.into_iter().find_map(|word| self.post_with_old_slug(word, path, &parts))
    }

    /// The post that had `word` at the end of its address `path`, after `parts`.
    fn post_with_old_slug(&mut self, word: &str, path: &str, parts: &[&str]) -> Option<FoundTarget> {
        if word.is_empty() {
            return None;
        }
        let key = self.key(TargetKind::PostName, word);
        let posts = self.index.targets.posts(key).take(MOST_ALIKE);
        let named: Vec<(usize, &Arc<Post>)> = posts.filter_map(|post| Some((rank(post, word)?, post))).collect();
        let has_address = |post: &&Arc<Post>| may_have_parts(post, parts, self.lookup_site.folder);
        let mut alike: Vec<&Arc<Post>> = named.iter().map(|(_, post)| *post).filter(has_address).collect();
        if alike.is_empty() && self.may_be_moved(word) {
            let by_slug = named.iter().filter(|(rank, _)| *rank == SLUG_RANK || *rank == FILE_RANK);
            alike = by_slug
                .map(|(_, post)| *post)
                .filter(|post| may_have_numbers(post, parts))
                .collect();
        }
        let shown = alike.iter().filter(|post| self.is_shown(post));
        let best = only_best(shown, |post| common_parts(post_path(&post.source).as_str(), path));
        // of posts that are not public, it is enough that there is one
        let hidden = || alike.first().filter(|_| !alike.iter().any(|post| self.is_shown(post)));
        best.or_else(hidden).map(|post| FoundTarget::Post(Arc::clone(post)))
    }

    /// Whether the slug `word` below unknown folders is that of a post of this site: it has several words, so that another page has not the
    /// same by chance, and nothing else may be at the address.
    fn may_be_moved(&self, word: &str) -> bool {
        let path = format!("/{}", self.reference.path);
        let is_here = path
            .strip_prefix(self.lookup_site.base_path)
            .is_some_and(|rest| rest.starts_with('/') && !is_reserved(rest));
        let words = word.split('-').filter(|part| part.chars().any(char::is_alphabetic));
        self.reference.is_from_root && is_here && words.count() >= 2
    }
}

/// The rank of a post by the name of its file.
const FILE_RANK: usize = 0;

/// The rank of a post by its slug.
const SLUG_RANK: usize = 3;

/// How well `word`, already folded, names `post`: 0 is best.
fn rank(post: &Post, word: &str) -> Option<usize> {
    let file = post_path(&post.source).file_name().unwrap_or_default();
    let own = [file, &post.title].into_iter().position(|name| fold(name) == word);
    let other = || post.names.iter().any(|name| fold(name) == word).then_some(2);
    own.or_else(other).or_else(|| (fold(&post.slug) == word).then_some(SLUG_RANK))
}

/// Whether `path` is the address of one of feedmill's own documents, which is none of a file.
fn is_own_document(path: &str) -> bool {
    let mut parts = path.trim_start_matches('/').split('/');
    let second = parts.nth(1).unwrap_or_default();
    match path.trim_start_matches('/').split('/').next() {
        Some("media") => false,
        Some("api") => API.contains(&second),
        _ => is_reserved(path),
    }
}

/// Whether the numbers in `parts` are those of the date of `post`.
fn may_have_numbers(post: &Post, parts: &[&str]) -> bool {
    let date = post.date.date();
    let numbers: Vec<i16> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    [date.year(), i16::from(date.month()), i16::from(date.day())].starts_with(&numbers)
}

/// Whether `parts` may be before the slug of `post` in an address of another tool: its date, the folders of its file, the posts folder
/// `folder`, its tags, or a word such as `blog`.
fn may_have_parts(post: &Post, parts: &[&str], folder: &str) -> bool {
    let date = post.date.date();
    let is_known = |part: &&str| {
        let part = fold(part);
        let is_number = part.parse::<i16>().is_ok();
        let is_like = |own: &str| fold(own) == part || slugify(own) == part;
        is_number
            || COMMON_PARTS.contains(&&*part)
            || fold(folder) == part
            || post.source.components().any(|own| is_like(own.as_str()))
            || post.tags.iter().any(|tag| is_like(tag))
            || post.language.as_deref().is_some_and(is_like)
            || date.to_string() == *part
    };
    may_have_numbers(post, parts) && parts.iter().all(is_known)
}

/// The number of equal parts at the ends of two paths, without regard to case.
fn common_parts(one: &str, other: &str) -> usize {
    let (one, other) = (fold(one), fold(other));
    one.rsplit('/')
        .zip(other.rsplit('/'))
        .take_while(|(one, other)| one == other)
        .count()
}

/// The value with the greatest `measure`, if no other has the same.
fn only_best<T, M: Ord>(values: impl Iterator<Item = T>, measure: impl Fn(&T) -> M) -> Option<T> {
    let mut best: Option<(M, T)> = None;
    let mut is_only = true;
    for value in values {
        let own = measure(&value);
        match &best {
            Some((known, _)) if own < *known => {}
            Some((known, _)) if own == *known => is_only = false,
            _ => {
                best = Some((own, value));
                is_only = true;
            }
        }
    }
    best.filter(|_| is_only).map(|(_, value)| value)
}

/// A path without its ending; the folder of an `index`.
fn post_path_of_stem(stem: &str) -> &str {
    stem.strip_suffix("/index").unwrap_or(stem)
}

/// `path`, which may contain `.` and `..`, from `folder`; `None` if it leads out of the posts folder.
fn joined(folder: &Utf8Path, path: &str) -> Option<Utf8PathBuf> {
    let mut parts: Vec<&str> = folder.as_str().split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/").into())
}
