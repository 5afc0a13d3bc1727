//! The posts that a server shows in their last good version, because their files are broken now.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;

use camino::{Utf8Path, Utf8PathBuf};

use super::settings;
use crate::config::Config;
use crate::identity::Digest;

/// The most bytes of a file that is read to find out whether it was renamed.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// The last good versions in the state folder.
#[derive(Debug)]
pub(super) struct LastGood {
    root: Utf8PathBuf,
    /// Files whose last good version is stored.
    paths: BTreeSet<Utf8PathBuf>,
    /// Files that are no longer at their paths, each with the digest of its broken content.
    renamed: Vec<(Utf8PathBuf, Digest)>,
}

impl LastGood {
    /// Loads the last good versions of the posts in the folder `root`.
    pub(super) fn load(config: &Config, root: &Utf8Path) -> anyhow::Result<LastGood> {
        let mut paths = BTreeSet::new();
        let mut renamed = Vec::new();
        for version in settings::storage(config)?.last_good_versions() {
            if fs::symlink_metadata(root.join(&version.path)).is_ok() {
                paths.insert(version.path);
            } else {
                renamed.extend(version.refused.map(|refused| (version.path, refused)));
            }
        }
        Ok(LastGood {
            root: root.to_owned(),
            paths,
            renamed,
        })
    }

    /// Whether a version of the file at `path` is stored, perhaps under the path before a rename.
    pub(super) fn is_stored(&self, path: &Utf8Path) -> bool {
        self.paths.contains(path) || self.renamed_from(path).is_some()
    }

    /// The path of the file at `path` before it was renamed, if a version is stored under that path.
    pub(super) fn renamed_from(&self, path: &Utf8Path) -> Option<&Utf8Path> {
        if self.renamed.is_empty() {
            return None;
        }
        let path = self.root.join(path);
        if !fs::metadata(&path).ok()?.is_file() {
            return None;
        }
        let mut bytes = Vec::new();
        File::open(&path).ok()?.take(MOST_BYTES + 1).read_to_end(&mut bytes).ok()?;
        if bytes.is_empty() || u64::try_from(bytes.len()).ok()? > MOST_BYTES {
            return None;
        }
        let digest = Digest::of(&bytes);
        let found = self.renamed.iter().find(|(_, refused)| *refused == digest);
        found.map(|(from, _)| from.as_path())
    }
}
