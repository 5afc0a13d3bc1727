//! Looking at the folder: which files are posts, and what is refused.
//!
//! Symbolic links are looked at last, when everything that is there by itself has been found. A link is followed only to what lies
//! inside the folder and would not be found without it: Kubernetes mounts posts as links into a hidden folder (`a.md` →
//! `..data/a.md`), and there the link's path is the post's. A link to a post that has a path of its own adds nothing.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, FileType, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use crate::diagnostic::{Diagnostic, Severity};

use super::companions::{is_for_posts, may_be_companion};
use super::ignore::Name;
use super::read::unreadable;
use super::{Entry, Files, Folder, Scan, ScanScope, Stamp};

/// Files of feedmill's own in the folder, which do not make it less empty.
const OWN_FILES: &str = ".feedmill-";

pub(super) fn look(folder: &Folder, places: &ScanScope, is_known: &dyn Fn(&Utf8Path) -> bool) -> io::Result<Scan> {
    let root = fs::metadata(&folder.root)?;
    if !root.is_dir() {
        return Err(ErrorKind::NotADirectory.into());
    }
    if let ScanScope::At(paths) = places {
        let mut walk = Walk::new(folder, is_known, places.clone(), &root);
        for path in outermost(paths) {
            walk.place(path);
        }
        walk.drain();
        if walk.links.is_empty() && !paths.contains(Utf8Path::new("")) {
            return Ok(walk.into_sight());
        }
    }
    folder.look_at_layout();
    let mut walk = Walk::new(folder, is_known, ScanScope::Everywhere, &root);
    walk.scan.is_empty = fs::read_dir(&folder.root)?
        .filter_map(Result::ok)
        .all(|entry| entry.file_name().to_string_lossy().starts_with(OWN_FILES));
    walk.folders.push(Below::root());
    walk.drain();
    walk.follow_links()?;
    Ok(walk.into_sight())
}

/// `paths` without those that lie below another of them.
fn outermost(paths: &BTreeSet<Utf8PathBuf>) -> Vec<&Utf8Path> {
    let mut kept: Vec<&Utf8Path> = Vec::new();
    for path in paths {
        if kept.last().is_none_or(|last| !path.starts_with(last)) {
            kept.push(path);
        }
    }
    kept
}

/// A file or folder below the root: by the path it has as a post, and by where it is.
#[derive(Clone)]
struct Below {
    path: Utf8PathBuf,
    /// Where it is below the root, where that differs.
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

struct Walk<'a> {
    folder: &'a Folder,
    is_known: &'a dyn Fn(&Utf8Path) -> bool,
    scan: Scan,
    folders: Vec<Below>,
    links: BTreeMap<Utf8PathBuf, Below>,
    /// What links have led to so far: two links to one file are one post, and a link that leads back ends there.
    reached: HashSet<Utf8PathBuf>,
    is_full: bool,
}

impl<'a> Walk<'a> {
    fn new(folder: &'a Folder, is_known: &'a dyn Fn(&Utf8Path) -> bool, places: ScanScope, root: &Metadata) -> Walk<'a> {
        Walk {
            folder,
            is_known,
            scan: Scan {
                places,
                files: Files::default(),
                companions: BTreeMap::new(),
                blind: Vec::new(),
                diagnostics: Vec::new(),
                has_links: false,
                is_empty: false,
                device: root.dev(),
                inode: root.ino(),
            },
            folders: Vec::new(),
            links: BTreeMap::new(),
            reached: HashSet::new(),
            is_full: false,
        }
    }

    fn say(&mut self, diagnostic: Diagnostic) {
        self.scan.diagnostics.push(diagnostic);
    }

    /// Nothing could be learned of `path`, because of `error`.
    fn blind(&mut self, path: &Utf8Path, error: &io::Error) {
        self.say(unreadable(path, error));
        self.scan.blind.push(path.to_owned());
    }

    /// Looks at one path that may be anything, or nothing any more.
    fn place(&mut self, path: &Utf8Path) {
        let mut below = Below::root();
        let mut parts = path.components().peekable();
        while let Some(part) = parts.next() {
            // `..` and `/` lead out
            let Utf8Component::Normal(name) = part else { return };
            below = below.child(name);
            let metadata = match fs::symlink_metadata(self.folder.root.join(&below.path)) {
                Ok(metadata) => metadata,
                Err(error) => {
                    if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) {
                        self.blind(path, &error);
                    }
                    return;
                }
            };
            let is_last = parts.peek().is_none();
            if is_last || metadata.is_symlink() {
                self.add_entry(below, name, metadata.file_type(), || Ok(metadata));
                return;
            }
            if !metadata.is_dir() || !self.may_enter(&below, name) {
                return;
            }
        }
    }

    /// What was found.
    fn into_sight(mut self) -> Scan {
        self.scan.files.sort();
        let files = &self.scan.files;
        self.scan.companions.retain(|path, _| is_for_posts(path, files));
        if self.scan.files.len() > self.folder.max_files && !self.is_full {
            let new = self.scan.files.paths().filter(|path| !(self.is_known)(path));
            let new = new.last().map(Utf8Path::to_path_buf);
            if let Some(path) = new {
                self.leave_out(&path);
            }
        }
        self.scan
    }

    /// Looks at everything below the folders that are still to be looked at.
    fn drain(&mut self) {
        while let Some(folder) = self.folders.pop() {
            let entries = match fs::read_dir(self.folder.root.join(folder.on_disk())) {
                Ok(entries) => entries,
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => {
                    self.blind(&folder.path, &error);
                    continue;
                }
            };
            for entry in entries {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        self.blind(&folder.path, &error);
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
                    // to ask the folder spares the way to it
                    Ok(file_type) => self.add_entry(folder.child(name), name, file_type, || entry.metadata()),
                    Err(error) => self.blind(&folder.path.join(name), &error),
                }
            }
        }
    }

    /// Sorts one entry of a folder into files, folders and links; `metadata` is of the entry itself, not of what a link leads to.
    fn add_entry(&mut self, below: Below, name: &str, file_type: FileType, metadata: impl FnOnce() -> io::Result<Metadata>) {
        if file_type.is_symlink() {
            // Emacs locks a file by a hidden link that leads nowhere
            if self.folder.ignore.enters(name) || self.folder.ignore.is_hidden_companion(name) {
                self.links.insert(below.path.clone(), below);
            }
        } else if file_type.is_dir() {
            if self.may_enter(&below, name) {
                self.folders.push(below);
            }
        } else if self.folder.ignore.is_hidden_companion(name) || (may_be_companion(name) && self.folder.ignore.enters(name)) {
            match metadata() {
                Ok(metadata) => self.companion(below, &metadata),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => self.blind(&below.path, &error),
            }
        } else if self.is_post(&below.path, name) {
            match metadata() {
                Ok(metadata) => self.file(below, &metadata),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => self.blind(&below.path, &error),
            }
        }
    }

    fn may_enter(&mut self, below: &Below, name: &str) -> bool {
        if !self.folder.ignore.enters(name) {
            return false;
        }
        let is_too_deep = below.depth > self.folder.max_depth;
        if is_too_deep {
            let message = format!("is more than {} folders deep and is not looked into", self.folder.max_depth);
            let diagnostic = Diagnostic::new(Severity::Warning, "too-deep", &below.path, message);
            self.say(diagnostic.mend("move it up, or raise posts.max_depth"));
        }
        !is_too_deep
    }

    fn is_post(&mut self, path: &Utf8Path, name: &str) -> bool {
        match self.folder.ignore.file(name) {
            Name::Post => true,
            Name::Ignored => false,
            Name::Conflict => {
                let message = "was left by a synchroniser and is not published";
                let diagnostic = Diagnostic::new(Severity::Warning, "conflict-copy", path, message);
                self.say(diagnostic.mend("merge it into the post it belongs to, then delete it"));
                false
            }
        }
    }

    fn file(&mut self, below: Below, metadata: &Metadata) {
        let Below { path, target, .. } = below;
        if !metadata.is_file() {
            let message = "has a post's name but is no regular file";
            let diagnostic = Diagnostic::new(Severity::Warning, "not-a-file", &path, message);
            self.say(diagnostic.mend("put a file in its place"));
        } else if metadata.len() > self.folder.max_file_bytes {
            self.say(too_large(self.folder, &path));
            self.scan.blind.push(path);
        } else if self.scan.files.len() < self.folder.max_files || (self.is_known)(&path) {
            let stamp = Stamp::of(metadata);
            self.scan.files.push(&path, Entry { stamp, target });
        } else if !self.is_full {
            // which files came first is the disk's whim, and of those that are left out nothing is known
            self.is_full = true;
            self.scan.blind.push(Utf8PathBuf::new());
            self.leave_out(&path);
        }
    }

    /// A file that may say something about posts other than itself. What is none, or too large, says nothing.
    fn companion(&mut self, below: Below, metadata: &Metadata) {
        if metadata.is_file() {
            let Below { path, target, .. } = below;
            let stamp = Stamp::of(metadata);
            self.scan.companions.insert(path, Entry { stamp, target });
        }
    }

    /// The file at `path` is one of too many.
    fn leave_out(&mut self, path: &Utf8Path) {
        let message = format!("is one post more than the {} that are read", self.folder.max_files);
        let diagnostic = Diagnostic::new(Severity::Error, "too-many-files", path, message);
        self.say(diagnostic.mend("raise posts.max_files"));
    }

    fn refuse_name(&mut self, folder: &Utf8Path, name: &str, is_folder: bool) {
        let path = folder.join(name);
        let ignore = &self.folder.ignore;
        // what would be ignored anyway is not worth a word
        if ignore.file(name) != Name::Ignored || (is_folder && ignore.enters(name)) {
            let message = "its name is not UTF-8, or holds a control character";
            let diagnostic = Diagnostic::new(Severity::Warning, "file-name", &path, message);
            self.say(diagnostic.mend("rename it"));
        }
    }

    /// Looks at what the links lead to, in the order of their paths, until they lead nowhere new.
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
        let has_post_name = self.folder.ignore.file(&name) == Name::Post;
        let on_disk = self.folder.root.join(link.on_disk());
        let (target, metadata) = match on_disk.canonicalize().and_then(|target| Ok((fs::metadata(&target)?, target))) {
            Ok((metadata, target)) => (target, metadata),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return self.blind(&link.path, &error),
            Err(_) if has_post_name => {
                let message = "is a link that leads nowhere";
                let diagnostic = Diagnostic::new(Severity::Warning, "link-dangling", &link.path, message);
                return self.say(diagnostic.mend("point it at a post, or delete it"));
            }
            Err(_) => return,
        };
        let is_companion = may_be_companion(&name);
        let is_of_use = metadata.is_dir() || has_post_name;
        let Some(target) = Utf8Path::from_path(&target).and_then(|target| target.strip_prefix(root).ok()) else {
            if is_of_use {
                let message = "is a link that leads out of the posts folder and is not followed";
                let diagnostic = Diagnostic::new(Severity::Warning, "link-outside", &link.path, message);
                self.say(diagnostic.mend("copy what it points at into the folder"));
            }
            return;
        };
        // data that is a link is looked at when everything is: there may be many that are none of ours
        if is_of_use || (is_companion && link.path.extension() != Some("json")) {
            self.scan.has_links = true;
        }
        let linked = Below {
            target: Some(target.to_owned()),
            ..link
        };
        if metadata.is_dir() {
            let is_found_without = self.folder.ignore.enters_all(target);
            if !is_found_without && self.reached.insert(target.to_owned()) && self.may_enter(&linked, &name) {
                self.folders.push(linked);
            }
        } else if is_companion {
            self.companion(linked, &metadata);
        } else if has_post_name && !self.folder.ignore.is_post(target) && self.reached.insert(target.to_owned()) {
            self.file(linked, &metadata);
        }
    }
}

/// The diagnostic for a file of too many bytes.
pub(super) fn too_large(folder: &Folder, path: &Utf8Path) -> Diagnostic {
    let message = format!("is larger than {} bytes and is not read", folder.max_file_bytes);
    Diagnostic::new(Severity::Error, "too-large", path, message).mend("shorten it, or raise posts.max_file_bytes")
}
