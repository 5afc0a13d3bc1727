//! Companions: files whose fields other posts inherit.
//!
//! A scan finds them by name ([`is_companion`]), like posts. `post::inherited` parses them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::left_out::{LeftOut, LeftOutReason};
use crate::config::Config;
use crate::post::inherited::{AUTHORS, Companion, CompanionKind, FOLDER_META, Inherited, RuleKind};
use crate::post::{self, Origin, ParsedPost, Status};
use crate::source::found_files::FoundFiles;
use crate::source::layout::{Layout, SITE_SETTINGS, Tool};
use crate::source::refusal::ReadError;
use crate::source_file::SourceFile;
use crate::source_file::file_type::markdown_stem;

/// The endings of scripts that compute data.
const SCRIPTS: [&str; 4] = [".11tydata.js", ".11tydata.cjs", ".11tydata.mjs", ".11tydata.ts"];

/// The posts that inherit from a companion.
#[derive(Clone, Debug, PartialEq, Eq)]
enum AppliesTo {
    /// All posts in this folder and below, or only those of one language.
    Folder(Utf8PathBuf, Option<String>),
    /// The posts with this name, with any ending and in any language.
    Named(Utf8PathBuf),
}

/// The meaning of a companion's name.
struct CompanionRole {
    applies_to: AppliesTo,
    kind: CompanionKind,
}

/// The companions that were read, and the fields that posts inherit from them.
#[derive(Clone, Debug, Default)]
pub struct Companions {
    known: BTreeMap<Utf8PathBuf, KnownCompanion>,
    of_folders: BTreeMap<Utf8PathBuf, Vec<Utf8PathBuf>>,
    of_names: BTreeMap<Utf8PathBuf, Vec<Utf8PathBuf>>,
    layout: Arc<Layout>,
    /// The name of the posts folder.
    root: String,
    /// The `_index.md` files, which identify Hugo and Zola.
    sections: BTreeSet<Utf8PathBuf>,
}

/// A companion that was read.
#[derive(Clone, Debug)]
struct KnownCompanion {
    companion: Arc<Companion>,
    applies_to: AppliesTo,
    is_bundle: bool,
    /// Whether it is a page with a date of its own.
    is_dated: bool,
    is_draft: bool,
}

/// Whether a file of this name in the folder at `folder` may be a companion.
#[must_use]
pub(in crate::source) fn may_be_companion(name: &str) -> bool {
    let is_of = |ending: &str| name.len() > ending.len() && name.as_bytes().ends_with(ending.as_bytes());
    name.starts_with("_index.")
        || SITE_SETTINGS.contains(&name)
        || FOLDER_META.contains(&name)
        || AUTHORS.contains(&name)
        || is_of(".json")
        || is_of(".meta")
        || (name.contains(".11tydata.") && SCRIPTS.iter().any(|ending| is_of(ending)))
}

/// Whether a change at `path` may change the posts in other files.
#[must_use]
pub fn is_companion(path: &Utf8Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    may_be_companion(name) || is_index(name)
}

/// Whether the post at `path` may inherit from the companion at `companion`, by their names. Settings above the posts folder are for all.
#[must_use]
pub fn may_apply(companion: &Utf8Path, path: &Utf8Path) -> bool {
    if companion.starts_with("..") {
        return true;
    }
    role(companion, |_| true).is_some_and(|role| match role.applies_to {
        AppliesTo::Folder(folder, _) => path.starts_with(folder),
        AppliesTo::Named(stem) => stems(path).contains(&stem),
    })
}

/// Whether a file of this name is the page of its folder.
pub(in crate::source) fn is_index(name: &str) -> bool {
    markdown_stem(name).is_some_and(|stem| stem == "index" || stem.strip_prefix("index.").is_some_and(|tag| !tag.contains('.')))
}

/// The folder with the posts that inherit from the companion at `path`: its own, or the one around a folder of data.
#[must_use]
pub fn folder_of_posts(path: &Utf8Path) -> &Utf8Path {
    let folder = path.parent().unwrap_or(Utf8Path::new(""));
    match folder.file_name() {
        Some("_data" | "data") if path.file_name().is_some_and(|name| AUTHORS.contains(&name)) => {
            folder.parent().unwrap_or(Utf8Path::new(""))
        }
        _ => folder,
    }
}

/// The role of the file at `path` as a companion. `has_post` returns whether a post has a path, apart from the ending.
fn role(path: &Utf8Path, has_post: impl Fn(&Utf8Path) -> bool) -> Option<CompanionRole> {
    let (name, folder) = (path.file_name()?, path.parent()?);
    let of_folder = |kind| {
        Some(CompanionRole {
            applies_to: AppliesTo::Folder(folder.to_owned(), None),
            kind,
        })
    };
    if let Some(rest) = name.strip_prefix("_index.") {
        let language = markdown_stem(rest)
            .filter(|language| !language.contains('.'))
            .map(str::to_owned);
        let is_section = markdown_stem(name).is_some();
        return is_section.then(|| CompanionRole {
            applies_to: AppliesTo::Folder(folder.to_owned(), language),
            kind: CompanionKind::Section,
        });
    }
    if SITE_SETTINGS.contains(&name) {
        let is_at_top = folder.as_str().is_empty();
        let settings = CompanionKind::SiteSettings { below: String::new() };
        return is_at_top.then(|| of_folder(settings)).flatten();
    }
    if FOLDER_META.contains(&name) {
        return of_folder(CompanionKind::FolderMeta);
    }
    if AUTHORS.contains(&name) {
        return Some(CompanionRole {
            applies_to: AppliesTo::Folder(folder_of_posts(path).to_owned(), None),
            kind: CompanionKind::People { is_of_one: false },
        });
    }
    if is_index(name) {
        let is_of_posts = |name: &str| matches!(name.to_ascii_lowercase().as_str(), "_posts" | "_drafts" | "drafts");
        let is_bundle = folder.file_name().is_some_and(|name| !is_of_posts(name));
        return is_bundle
            .then(|| of_folder(CompanionKind::Bundle { is_draft: false }))
            .flatten();
    }
    let of_named = |stem: &str, kind| {
        let named = folder.join(stem);
        has_post(&named).then_some(CompanionRole {
            applies_to: AppliesTo::Named(named),
            kind,
        })
    };
    if let Some(stem) = name.strip_suffix(".meta") {
        return of_named(stem, CompanionKind::Meta);
    }
    let is_certain = name.contains(".11tydata.");
    let script = SCRIPTS.iter().find_map(|ending| name.strip_suffix(ending));
    let data = name.strip_suffix(".11tydata.json").or_else(|| name.strip_suffix(".json"));
    let (stem, kind) = match (script, data) {
        (Some(stem), _) => (stem, CompanionKind::Script),
        (None, Some(stem)) => (stem, CompanionKind::Data { is_certain }),
        (None, None) => return None,
    };
    if folder.file_name() == Some(stem) {
        return of_folder(kind);
    }
    of_named(stem, kind)
}

/// Whether the file at `path` is a companion of any of the posts in `files`.
pub(in crate::source) fn is_for_posts(path: &Utf8Path, files: &FoundFiles) -> bool {
    role(path, |stem| has_post(files, stem)).is_some()
}

impl Companions {
    /// Returns an empty set of companions, for a posts folder called `name` with this `layout`.
    #[must_use]
    pub fn new(name: &str, layout: Arc<Layout>) -> Companions {
        Companions {
            layout,
            root: name.to_owned(),
            ..Companions::default()
        }
    }

    /// Reads the file at `path`, given the posts in `files`. Returns whether the inherited fields may have changed.
    pub fn insert(
        &mut self,
        path: &Utf8Path,
        source: Result<SourceFile, ReadError>,
        files: &FoundFiles,
        config: &Config,
    ) -> bool {
        let has_post = |stem: &Utf8Path| has_post(files, stem);
        let Some(role) = role(path, has_post) else {
            return self.remove(path);
        };
        let mut is_draft = false;
        let mut is_dated = false;
        let is_bundle = matches!(role.kind, CompanionKind::Bundle { .. });
        let is_section = role.kind == CompanionKind::Section;
        let companion = match source {
            Ok(source) if is_bundle => {
                let reading = post::read(&source, config);
                is_dated = reading
                    .as_ref()
                    .is_ok_and(|parsed| parsed.post.origins.date != Origin::FileTime);
                is_draft = !matches!(
                    &reading,
                    Ok(ParsedPost { post, .. }) if !post.is_held && matches!(post.status, Status::Published | Status::Unlisted)
                );
                // only its front matter counts, not its text
                let head = SourceFile {
                    bytes: Arc::from([]),
                    ..source
                };
                Companion::parse(&head, CompanionKind::Bundle { is_draft })
            }
            Ok(source) => Companion::parse(&source, role.kind),
            Err(ReadError::Gone) => return self.remove(path),
            // it existed a moment ago: the next scan finds its new state
            Err(ReadError::Changed) => return false,
            // a large file whose name is that of data for posts is data of another kind
            Err(ReadError::Refused(error))
                if error.code == "too-large" && role.kind == (CompanionKind::Data { is_certain: false }) =>
            {
                return self.remove(path);
            }
            Err(ReadError::Refused(error)) => {
                is_draft = is_bundle;
                Companion::unreadable(path, &role.kind, error)
            }
        };
        self.remove(path);
        if is_section {
            self.sections.insert(path.to_owned());
        }
        // a companion without fields need not be looked up
        if companion.is_empty() && !is_bundle {
            return true;
        }
        let list = match &role.applies_to {
            AppliesTo::Folder(folder, _) => self.of_folders.entry(folder.clone()).or_default(),
            AppliesTo::Named(stem) => self.of_names.entry(stem.clone()).or_default(),
        };
        list.push(path.to_owned());
        list.sort();
        let known = KnownCompanion {
            companion: Arc::new(companion),
            applies_to: role.applies_to,
            is_bundle,
            is_dated,
            is_draft,
        };
        self.known.insert(path.to_owned(), known);
        true
    }

    /// Removes the file at `path`. Returns whether posts inherited anything from it.
    pub fn remove(&mut self, path: &Utf8Path) -> bool {
        let was_section = self.sections.remove(path);
        let Some(known) = self.known.remove(path) else {
            return was_section;
        };
        let (map, key) = match &known.applies_to {
            AppliesTo::Folder(folder, _) => (&mut self.of_folders, folder),
            AppliesTo::Named(stem) => (&mut self.of_names, stem),
        };
        if let Some(list) = map.get_mut(key) {
            list.retain(|listed| listed != path);
            if list.is_empty() {
                map.remove(key);
            }
        }
        true
    }

    /// Sets the tools that keep files beside the posts.
    pub fn set_layout(&mut self, layout: Arc<Layout>) {
        self.layout = layout;
    }

    /// The path prefixes of the possible `index.md` files beside or above the post at `path`.
    pub fn pages_above(path: &Utf8Path) -> impl Iterator<Item = String> {
        let folders = path.ancestors().skip(1).filter(|folder| !folder.as_str().is_empty());
        folders.map(|folder| format!("{folder}/index."))
    }

    /// Returns the fields that the post at `path` inherits, and why it is left out if a companion is the reason.
    #[must_use]
    pub fn inherited(&self, path: &Utf8Path, left_out: Option<&LeftOut>) -> (Inherited, Option<LeftOut>) {
        let mut inherited = Inherited::default();
        if let Some(left_out) = left_out {
            inherited.set_hold(left_out.hold(), left_out);
        }
        inherited.set_splits_tags(splits_tags(&self.layout, &self.root, path));
        if self.known.is_empty() && self.layout.settings.is_empty() {
            return (inherited, None);
        }
        let is_of_tool = self.layout.has(Tool::Hugo) || self.layout.has(Tool::Zola);
        // a folder inside the folder of a page may be another page in Zola
        let is_own_page = self.layout.has(Tool::Zola) && !self.layout.has(Tool::Hugo) && path.file_name().is_some_and(is_index);
        // in Hugo a section that is a draft hides only its own page
        let hides_sections = !self.layout.has(Tool::Hugo);
        let applies = |kind: RuleKind| kind != RuleKind::Section || hides_sections;
        for known in stems(path).iter().flat_map(|stem| self.listed(self.of_names.get(stem))) {
            inherited.add(&known.companion, path, &self.root, applies);
        }
        let mut resource = None;
        let mut was_in_bundle = false;
        for folder in path.ancestors().skip(1) {
            let all = || self.listed(self.of_folders.get(folder));
            let mut bundles = all().filter(|known| known.is_bundle).peekable();
            let is_in_bundle = bundles.peek().is_some();
            // where only an `_index.md` says what tool it is, the `index.md` of a folder of posts has no date
            let has_bundles = is_of_tool || !self.sections.is_empty() && all().any(|known| known.is_bundle && known.is_dated);
            let is_page = path.parent() == Some(folder) && path.file_name().is_some_and(is_index);
            if is_in_bundle && !is_page && (has_bundles || !was_in_bundle) {
                // of a page in several languages, one public version is enough
                let is_draft = bundles.clone().all(|known| known.is_draft);
                if let Some(known) = bundles.next().filter(|_| is_draft) {
                    inherited.add(&known.companion, path, &self.root, applies);
                }
                if has_bundles && resource.is_none() && !is_own_page {
                    resource = Some(LeftOut {
                        place: folder.to_owned(),
                        why: LeftOutReason::Resource,
                    });
                }
            }
            was_in_bundle |= is_in_bundle;
            for known in all().filter(|known| !known.is_bundle) {
                let is_of_language = match &known.applies_to {
                    AppliesTo::Folder(_, Some(language)) => {
                        let name = path.file_name().unwrap_or_default();
                        markdown_stem(name).is_some_and(|stem| stem.ends_with(&format!(".{language}")))
                    }
                    _ => true,
                };
                if is_of_language {
                    inherited.add(&known.companion, path, &self.root, applies);
                }
            }
        }
        for settings in &self.layout.settings {
            inherited.add(settings, path, &self.root, applies);
        }
        let resource = resource.filter(|_| left_out.is_none());
        if let Some(resource) = &resource {
            inherited.set_hold(resource.hold(), resource);
        }
        (inherited, resource)
    }

    fn listed<'a>(&'a self, paths: Option<&'a Vec<Utf8PathBuf>>) -> impl Iterator<Item = &'a KnownCompanion> + Clone {
        paths.into_iter().flatten().filter_map(|path| self.known.get(path))
    }
}

/// Whether the tool of the post at `path` separates tags by spaces, in a posts folder called `root`: Jekyll does, Hexo, which has the same
/// folders, does not. `None` if the tool is not known.
pub(super) fn splits_tags(layout: &Layout, root: &str, path: &Utf8Path) -> Option<bool> {
    if layout.has(Tool::Hexo) {
        return Some(false);
    }
    (layout.has(Tool::Jekyll) || is_in_folder_of_jekyll(root, path)).then_some(true)
}

/// Whether the post at `path` is in a folder that has a name of Jekyll, in a posts folder called `root`.
pub(super) fn is_in_folder_of_jekyll(root: &str, path: &Utf8Path) -> bool {
    let is_of_posts = |name: &str| matches!(name, "_posts" | "_drafts");
    is_of_posts(root) || path.components().any(|part| is_of_posts(part.as_str()))
}

/// Whether there are other posts in the folder of the file at `path`, or below it.
pub(in crate::source) fn has_sibling_posts(files: &FoundFiles, path: &Utf8Path) -> bool {
    path.parent().is_some_and(|folder| files.below(folder).nth(1).is_some())
}

/// Whether there is a post called `stem`, with any ending and in any language.
fn has_post(files: &FoundFiles, stem: &Utf8Path) -> bool {
    let prefix = format!("{stem}.");
    let mut alike = files.starting_with(&prefix);
    alike.any(|path| stems(path).iter().any(|known| known == stem))
}

/// The possible paths of companions of the post at `path` alone.
pub fn beside(path: &Utf8Path) -> impl Iterator<Item = Utf8PathBuf> {
    let endings = [".meta", ".json", ".11tydata.json"].into_iter().chain(SCRIPTS);
    endings.flat_map(move |ending| stems(path).into_iter().map(move |stem| format!("{stem}{ending}").into()))
}

/// The names of the post at `path` for its companions: with its language, and without it.
fn stems(path: &Utf8Path) -> Vec<Utf8PathBuf> {
    let Some(stem) = markdown_stem(path.as_str()) else {
        return Vec::new();
    };
    let mut stems = vec![Utf8PathBuf::from(stem)];
    if let (Some(folder), Some((name, _))) = (
        path.parent(),
        Utf8Path::new(stem).file_name().and_then(|name| name.rsplit_once('.')),
    ) {
        stems.push(folder.join(name));
    }
    stems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_companion_applies_by_its_name_and_place() {
        for (companion, post, expected) in [
            ("a.json", "a.md", true),
            ("a.json", "b.md", false),
            ("a.meta", "a.fr.md", true),
            ("a.11tydata.js", "notes/a.md", false),
            ("notes/notes.json", "notes/a.md", true),
            ("notes/notes.json", "a.md", false),
            ("_index.md", "notes/a.md", true),
            ("notes/_index.md", "a.md", false),
            ("notes/.meta.yml", "notes/deep/a.md", true),
            ("../_config.yml", "a.md", true),
            ("picture.png", "picture.md", false),
        ] {
            assert_eq!(may_apply(companion.into(), post.into()), expected, "{companion} {post}");
        }
    }
}
