//! Which posts a server shows in their last good version, because what their files hold now is not understood.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;

use camino::{Utf8Path, Utf8PathBuf};

use super::settings;
use crate::config::Config;
use crate::identity::Digest;

/// A larger file is not read to find out whether it is one that was renamed.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// The last good versions that are kept in the state folder.
#[derive(Debug)]
pub(super) struct LastGood {
    root: Utf8PathBuf,
    /// The files that they are of.
    paths: BTreeSet<Utf8PathBuf>,
    /// Files that are not where they were any more, with what they hold now.
    renamed: Vec<(Utf8PathBuf, Digest)>,
}

impl LastGood {
    /// Those that are kept for the posts in the folder `root`.
    pub(super) fn of(config: &Config, root: &Utf8Path) -> anyhow::Result<LastGood> {
        let mut paths = BTreeSet::new();
        let mut renamed = Vec::new();
        for version in settings::storage(config, root)?.last_good_versions() {
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

    /// Whether one is kept of the file at `path`, or of the one that it was renamed from.
    pub(super) fn is_kept(&self, path: &Utf8Path) -> bool {
        self.paths.contains(path) || self.renamed_from(path).is_some()
    }

    /// Where the file at `path` was that one is kept of, if it was renamed since.
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
