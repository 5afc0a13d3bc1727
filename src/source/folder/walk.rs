//! Walks the folder to find the files of posts.
//!
//! Symbolic links are followed last, after all other files are found. A link is followed only to a target inside the folder that would not
//! be found without it: Kubernetes mounts posts as links into a hidden folder (`a.md` → `..data/a.md`), and there the path of the link is
//! that of the post. A link to a post that is found under its own path adds nothing.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, FileType, Metadata};
use std::io::{self, ErrorKind};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::{Folder, stamp};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::found_files::FileEntry;
use crate::source::rules::companions::may_be_companion;
use crate::source::rules::ignore::NameKind;
use crate::source::scan::{FileKind, Scan, ScanBuilder, ScanScope, outermost};

/// feedmill's own files in the folder, which are ignored: a folder with these only counts as empty.
const OWN_FILES: &str = ".feedmill-";

/// Scans `folder` in `scope`; see [`Folder::scan`].
pub(super) fn scan(folder: &Folder, scope: &ScanScope, is_known: &dyn Fn(&Utf8Path) -> bool) -> io::Result<Scan> {
    let root = fs::metadata(&folder.root)?;
    if !root.is_dir() {
        return Err(ErrorKind::NotADirectory.into());
    }
    if let ScanScope::At(paths) = scope {
        let mut walk = FolderWalk::new(folder, is_known, scope.clone(), &root);
        for path in outermost(paths) {
            walk.visit(path);
        }
        walk.drain();
        if walk.links.is_empty() && !paths.contains(Utf8Path::new("")) {
            return Ok(walk.found.finish());
        }
    }
    folder.look_up_layout();
    let mut walk = FolderWalk::new(folder, is_known, ScanScope::Everywhere, &root);
    walk.found.scan.is_empty = fs::read_dir(&folder.root)?
        .filter_map(Result::ok)
        .all(|entry| entry.file_name().to_string_lossy().starts_with(OWN_FILES));
    walk.folders.push(Below::root());
    walk.drain();
    walk.follow_links()?;
    Ok(walk.found.finish())
}

/// A file or folder below the root.
#[derive(Clone)]
struct Below {
    /// Its path as a post.
    path: Utf8PathBuf,
    /// Its real path below the root, if that differs.
    target: Option<Utf8PathBuf>,
    depth: usize,
}

impl Below {
    fn root() -> Below {
        Below {
            path: Utf8PathBuf::new(),
            target: None,
            depth: 0,
        }
    }

    fn child(&self, name: &str) -> Below {
        Below {
            path: self.path.join(name),
            target: self.target.as_ref().map(|target| target.join(name)),
            depth: self.depth + 1,
        }
    }

    fn on_disk(&self) -> &Utf8Path {
        self.target.as_deref().unwrap_or(&self.path)
    }
}

struct FolderWalk<'a> {
    folder: &'a Folder,
    found: ScanBuilder<'a>,
    folders: Vec<Below>,
    links: BTreeMap<Utf8PathBuf, Below>,
    /// The targets of links so far: two links to one file are one post, and a loop of links ends.
    reached: HashSet<Utf8PathBuf>,
}

impl<'a> FolderWalk<'a> {
    fn new(folder: &'a Folder, is_known: &'a dyn Fn(&Utf8Path) -> bool, scope: ScanScope, root: &Metadata) -> FolderWalk<'a> {
        FolderWalk {
            folder,
            found: ScanBuilder::new(&folder.rules, is_known, scope, stamp::identity(root)).with_layout(folder.layout()),
            folders: Vec::new(),
            links: BTreeMap::new(),
            reached: HashSet::new(),
        }
    }

    /// Visits one path, at which there may be a file, a folder or nothing.
    fn visit(&mut self, path: &Utf8Path) {
        let mut below = Below::root();
        let mut parts = path.components().peekable();
        while let Some(part) = parts.next() {
            // `..` and `/` lead outside
            let Utf8Component::Normal(name) = part else { return };
            below = below.child(name);
            let metadata = match fs::symlink_metadata(self.folder.root.join(&below.path)) {
                Ok(metadata) => metadata,
                Err(error) => {
                    if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) {
                        self.found.add_unreadable(path, &error);
                    }
                    return;
                }
            };
            let is_last = parts.peek().is_none();
            if is_last || metadata.is_symlink() {
                self.add_entry(below, name, metadata.file_type(), || Ok(metadata));
                return;
            }
            if !metadata.is_dir() || !self.found.enters(&below.path, below.depth) {
                return;
            }
        }
    }

    /// Visits everything below the folders that were not visited yet.
    fn drain(&mut self) {
        while let Some(folder) = self.folders.pop() {
            let entries = match fs::read_dir(self.folder.root.join(folder.on_disk())) {
                Ok(entries) => entries,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => {
                    self.found.add_unreadable(&folder.path, &error);
                    continue;
                }
            };
            for entry in entries {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        self.found.add_unreadable(&folder.path, &error);
                        break;
                    }
                };
                let name = entry.file_name();
                let Some(name) = name.to_str().filter(|name| !name.contains(char::is_control)) else {
                    let is_folder = entry.file_type().is_ok_and(|file_type| file_type.is_dir());
                    self.refuse_name(&folder.path, &name.to_string_lossy(), is_folder);
                    continue;
                };
                match entry.file_type() {
                    // asking the open folder avoids resolving the whole path
                    Ok(file_type) => self.add_entry(folder.child(name), name, file_type, || entry.metadata()),
                    Err(error) => self.found.add_unreadable(&folder.path.join(name), &error),
                }
            }
        }
    }

    /// Adds one entry of a folder to the files, folders or links. `metadata` is that of the entry itself, not of a link's target.
    fn add_entry(&mut self, below: Below, name: &str, file_type: FileType, metadata: impl FnOnce() -> io::Result<Metadata>) {
        if file_type.is_symlink() {
            // Emacs locks a file with a hidden link that has no target
            if self.folder.rules.ignore.enters(name) || self.folder.rules.ignore.is_hidden_companion(name) {
                self.links.insert(below.path.clone(), below);
            }
        } else if file_type.is_dir() {
            if self.found.enters(&below.path, below.depth) {
                self.folders.push(below);
            }
        } else {
            let kind = self.found.kind(&below.path, name);
            // nothing is served through a symbolic link
            if kind != FileKind::Post && file_type.is_file() && below.target.is_none() {
                self.found.add_media(&below.path);
            }
            if kind == FileKind::Other {
                return;
            }
            match metadata() {
                Ok(metadata) => self.add_file(kind, below, &metadata),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => self.found.add_unreadable(&below.path, &error),
            }
        }
    }

    /// Adds a file with the name of a post or a companion. A companion that is not a regular file is ignored.
    fn add_file(&mut self, kind: FileKind, below: Below, metadata: &Metadata) {
        let Below { path, target, .. } = below;
        let version = stamp::version(metadata);
        let entry = FileEntry { version, target };
        match kind {
            FileKind::Post if metadata.is_file() => self.found.add_post(path, entry),
            FileKind::Post => {
                let message = "it has a post's name but is not a regular file";
                let diagnostic = Diagnostic::new(Severity::Warning, "not-a-file", &path, message);
                self.found.refuse(diagnostic.mend("put a file in its place"));
            }
            FileKind::Companion if metadata.is_file() => self.found.add_companion(path, entry),
            FileKind::Companion | FileKind::Other => {}
        }
    }

    fn refuse_name(&mut self, folder: &Utf8Path, name: &str, is_folder: bool) {
        let path = folder.join(name);
        let ignore = &self.folder.rules.ignore;
        // a name that would be ignored needs no diagnostic
        if ignore.file(name) != NameKind::Ignored || (is_folder && ignore.enters(name)) {
            let message = "its name is not UTF-8, or contains a control character";
            let diagnostic = Diagnostic::new(Severity::Warning, "file-name", &path, message);
            self.found.refuse(diagnostic.mend("rename it"));
        }
    }

    /// Follows the links, in the order of their paths, until there is no new target.
    fn follow_links(&mut self) -> io::Result<()> {
        if self.links.is_empty() {
            return Ok(());
        }
        let root = self.folder.root.canonicalize_utf8()?;
        while let Some((_, link)) = self.links.pop_first() {
            self.follow(&root, link);
            self.drain();
        }
        Ok(())
    }

    fn follow(&mut self, root: &Utf8Path, link: Below) {
        let Some(name) = link.path.file_name().map(str::to_owned) else {
            return;
        };
        let has_post_name = self.folder.rules.ignore.file(&name) == NameKind::Post;
        let on_disk = self.folder.root.join(link.on_disk());
        let (target, metadata) = match on_disk.canonicalize().and_then(|target| Ok((fs::metadata(&target)?, target))) {
            Ok((metadata, target)) => (target, metadata),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return self.found.add_unreadable(&link.path, &error),
            Err(_) if has_post_name => {
                let message = "it is a link that leads nowhere";
                let diagnostic = Diagnostic::new(Severity::Warning, "link-dangling", &link.path, message);
                return self.found.refuse(diagnostic.mend("point it at a post, or delete it"));
            }
            Err(_) => return,
        };
        let is_companion = may_be_companion(&name);
        let is_of_use = metadata.is_dir() || has_post_name;
        let Some(target) = Utf8Path::from_path(&target).and_then(|target| target.strip_prefix(root).ok()) else {
            if is_of_use {
                let message = "it is a link that leads out of the posts folder and is not followed";
                let diagnostic = Diagnostic::new(Severity::Warning, "link-outside", &link.path, message);
                self.found.refuse(diagnostic.mend("copy what it points at into the folder"));
            }
            return;
        };
        // a link to a data file is followed only in a full scan: there may be many that are not companions
        if is_of_use || (is_companion && link.path.extension() != Some("json")) {
            self.found.scan.has_aliases = true;
        }
        let linked = Below {
            target: Some(target.to_owned()),
            ..link
        };
        if metadata.is_dir() {
            let is_found_without = self.folder.rules.ignore.enters_all(target);
            if !is_found_without && self.reached.insert(target.to_owned()) && self.found.enters(&linked.path, linked.depth) {
                self.folders.push(linked);
            }
        } else if is_companion {
            self.add_file(FileKind::Companion, linked, &metadata);
        } else if has_post_name && !self.folder.rules.ignore.is_post(target) && self.reached.insert(target.to_owned()) {
            self.add_file(FileKind::Post, linked, &metadata);
        }
    }
}
