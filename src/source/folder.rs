//! The posts folder on the disk: what is there, and what a file holds.
//!
//! [`Folder::look`] says which files are posts and what they looked like ([`Stamp`]), and [`Folder::read`] reads one of them.
//! Neither remembers anything, and neither trusts anything: a name, a link, a size or a pipe that could hurt is a [`Diagnostic`], and
//! the look goes on. Nothing outside the folder is ever read.
//!
//! It does not say what changed, nor what to do about it: that is the publisher's.

mod beneath;
pub mod companions;
mod files;
pub mod ignore;
pub mod layout;
pub mod left_out;
mod media;
mod post_source;
mod read;
pub mod templates;
mod texts;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use camino::{Utf8Path, Utf8PathBuf};

use crate::config::PostSettings;
use crate::diagnostic::Diagnostic;
use crate::time::Timestamp;

pub use self::files::Files;
use self::ignore::Ignore;
use self::layout::Layout;
pub use self::media::Media;
pub use self::read::{Open, Unread};
pub use self::texts::FileTexts;

/// The posts folder.
#[derive(Clone, Debug)]
pub struct Folder {
    root: Utf8PathBuf,
    ignore: Ignore,
    /// Which tools' trees it is a part of, as that was last looked at. Copies of this share it.
    layout: Arc<ArcSwap<Layout>>,
    max_file_bytes: u64,
    max_depth: usize,
    max_files: usize,
}

/// What tells one version of a file from another without reading it.
///
/// Two writes within one tick of the file system's clock may leave the same stamp: see [`Stamp::is_fresh`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stamp {
    /// The device.
    pub device: u64,
    /// The file on it.
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// When the content changed, in nanoseconds since 1970; at the latest in the year 2262.
    pub modified: i64,
    /// When the content, the name or the rights changed, in nanoseconds since 1970.
    pub changed: i64,
}

/// The coarsest clock of a file system, in nanoseconds: FAT counts in steps of two seconds.
const COARSEST_CLOCK: i128 = 2_000_000_000;

/// How far another machine's clock may be ahead, in nanoseconds: a day. A file dated later than that was dated so by hand.
const LARGEST_SKEW: i128 = 86_400_000_000_000;

impl Stamp {
    fn of(metadata: &Metadata) -> Stamp {
        let nanoseconds = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        Stamp {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether the content changed so shortly before `now` that another change may hide behind the same stamp, as in Git's
    /// "racy" index entries.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        is_recent(self.modified, now)
    }

    /// Whether the content, the name or the rights changed so shortly before `now`: then the time of the content, which programs can
    /// set, does not tell two versions apart.
    #[must_use]
    pub fn has_fresh_change(&self, now: Timestamp) -> bool {
        is_recent(self.changed, now)
    }

    /// Whether `other` is the same file with the same content under another name.
    #[must_use]
    pub fn is_renamed(&self, other: &Stamp) -> bool {
        let content = |stamp: &Stamp| (stamp.device, stamp.inode, stamp.size, stamp.modified);
        content(self) == content(other)
    }
}

fn is_recent(nanosecond: i64, now: Timestamp) -> bool {
    let age = now.as_nanosecond() - i128::from(nanosecond);
    (-LARGEST_SKEW..=COARSEST_CLOCK).contains(&age)
}

/// A post's file, as a look found it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it looked like.
    pub stamp: Stamp,
    /// Where its content lies below the folder, for a post that is found through a symbolic link.
    pub target: Option<Utf8PathBuf>,
}

/// Where to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanScope {
    /// Everywhere.
    Everywhere,
    /// At these paths below the folder, and below those of them that are folders.
    At(BTreeSet<Utf8PathBuf>),
}

/// What a look found.
#[derive(Clone, Debug)]
pub struct Scan {
    /// Where was looked. A look at a few places becomes one everywhere where symbolic links are met, for they join distant places.
    pub places: ScanScope,
    /// The posts' files, by their path below the folder.
    pub files: Files,
    /// Files that may say something about posts other than themselves ([`companions`]), by their path below the folder.
    pub companions: BTreeMap<Utf8PathBuf, Entry>,
    /// Files and folders of which nothing could be learned: what was known of them, and of all below them, still holds.
    pub blind: Vec<Utf8PathBuf>,
    /// What was refused, and why.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether symbolic links that stay inside the folder were met.
    pub has_links: bool,
    /// Whether the folder holds nothing at all, as an empty mount point does; only known after a look everywhere.
    pub is_empty: bool,
    /// The device that the folder is on.
    pub device: u64,
    /// Its inode.
    pub inode: u64,
}

impl Scan {
    /// Whether nothing is known of `path`: it could not be seen, or lies below what could not be.
    #[must_use]
    pub fn is_blind_to(&self, path: &Utf8Path) -> bool {
        self.blind.iter().any(|blind| path.starts_with(blind))
    }
}

impl Folder {
    /// The folder at `root`, read as `posts` says. Nothing is touched yet.
    #[must_use]
    pub fn new(root: impl Into<Utf8PathBuf>, posts: &PostSettings) -> Folder {
        Folder {
            root: root.into(),
            ignore: Ignore::configured(posts),
            layout: Arc::default(),
            max_file_bytes: posts.max_file_bytes,
            max_depth: posts.max_depth,
            max_files: posts.max_files,
        }
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// Whether a change at `path` can matter to any post, symbolic links apart: whether no part of it is hidden or ignored, unless it is
    /// a companion of posts with a hidden name.
    #[must_use]
    pub fn concerns(&self, path: &Utf8Path) -> bool {
        let is_companion = || {
            let is_hidden = path.file_name().is_some_and(|name| self.ignore.is_hidden_companion(name));
            is_hidden && path.parent().is_none_or(|folder| self.ignore.enters_all(folder))
        };
        self.ignore.enters_all(path) || is_companion()
    }

    /// Which tools' trees it is a part of. A look at the whole folder finds that out anew, and so does who asks a minute later.
    #[must_use]
    pub fn layout(&self) -> Arc<Layout> {
        let layout = self.layout.load_full();
        if layout.is_old() { self.look_at_layout() } else { layout }
    }

    fn look_at_layout(&self) -> Arc<Layout> {
        let layout = Arc::new(Layout::look(&self.root));
        self.layout.store(Arc::clone(&layout));
        layout
    }

    /// Looks at `places`.
    ///
    /// # Errors
    ///
    /// The folder itself is missing, is none, or cannot be read. Nothing is then known of what is in it.
    pub fn look(&self, places: &ScanScope) -> io::Result<Scan> {
        self.look_again(places, &|_| false)
    }

    /// The same, for who knows some of its files: of those none is left out because there are too many.
    ///
    /// # Errors
    ///
    /// As before.
    pub fn look_again(&self, places: &ScanScope, is_known: &dyn Fn(&Utf8Path) -> bool) -> io::Result<Scan> {
        walk::look(self, places, is_known)
    }

    /// Opens the folder, for who reads many files: they are then all of the folder that lies at its path now.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn open(&self) -> io::Result<Open<'_>> {
        read::open(self)
    }

    /// Reads the post at `path` that a look found as `entry`.
    ///
    /// # Errors
    ///
    /// See [`Unread`]: it is no longer what was found, or cannot be read.
    pub fn read(&self, path: &Utf8Path, entry: &Entry) -> Result<crate::source_file::SourceFile, Unread> {
        let open = self.open().map_err(|error| read::refused(path, &error))?;
        open.read(path, entry)
    }
}
