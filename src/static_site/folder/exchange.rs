//! The exchange of the new folder for the old one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;

use camino::{Utf8Path, Utf8PathBuf};
use rustix::fs::{FlockOperation, flock};

use super::foreign_files::ForeignFile;
use super::{FileRecord, Manifest, WriteError};
use crate::static_site::manifest;

/// The new folder, where it cannot be beside the old one.
pub(super) const WORK: &str = ".feedmill-new";

/// The old folder, and the new one that replaces it.
#[derive(Debug)]
pub(super) struct FolderPair {
    /// The folder that readers see. It may not exist yet.
    pub(super) out: Utf8PathBuf,
    /// The new folder.
    pub(super) new: Utf8PathBuf,
    /// Whether the two can be exchanged.
    is_beside: bool,
    /// The folder that both are in, locked while this exists: only one run writes there.
    lock: File,
}

impl FolderPair {
    /// The new folder for `out`, which may be a symbolic link to a folder. It is not made yet.
    pub(super) fn begin(out: &Utf8Path) -> Result<FolderPair, WriteError> {
        let out = match out.canonicalize_utf8() {
            Ok(out) => out,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let out = absolute(out)?;
                if let Some(above) = out.parent() {
                    fs::create_dir_all(above)?;
                }
                out
            }
            Err(error) => return Err(error.into()),
        };
        let (Some(above), Some(name)) = (out.parent(), out.file_name()) else {
            return Err(io::Error::other("the root of the file system cannot be written").into());
        };
        if out.is_file() {
            return Err(io::Error::other(format!("{out} is a file; name a folder")).into());
        }
        let beside = above.join(format!(".{name}.feedmill-new"));
        let is_mount = out.exists() && fs::metadata(&out)?.dev() != fs::metadata(above)?.dev();
        let (new, locked) = match if is_mount { None } else { make_writable(above, &beside)? } {
            Some(()) => (beside, above.to_owned()),
            // it can still be written file by file
            None => (out.join(WORK), out.clone()),
        };
        let is_beside = locked != out;
        let lock = File::open(&locked)?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(WriteError::Busy(out));
        }
        Ok(FolderPair {
            out,
            new,
            is_beside,
            lock,
        })
    }

    /// Makes the new folder, empty.
    pub(super) fn make_new(&self) -> io::Result<()> {
        remove(&self.new)?;
        fs::create_dir(&self.new)
    }

    /// Puts the new folder with its `files`, and the files of `foreign_files`, in the place of the old one, whose files `before` lists.
    /// The old one is then where the new one was. Returns `false` if files were replaced one by one instead; then nothing is left there.
    pub(super) fn take(
        &self,
        files: &BTreeMap<Utf8PathBuf, FileRecord>,
        foreign_files: &[ForeignFile],
        before: &Manifest,
    ) -> io::Result<bool> {
        if self.is_beside {
            for foreign in foreign_files {
                foreign.keep(&self.out, &self.new)?;
            }
            if let Ok(metadata) = fs::metadata(&self.out) {
                fs::set_permissions(&self.new, metadata.permissions())?;
            }
            // all files at once: waiting for each of ten thousand would take minutes
            rustix::fs::syncfs(&self.lock)?;
            if self.exchange()? {
                rustix::fs::fsync(&self.lock)?;
                return Ok(true);
            }
        }
        self.replace_files(files, before)?;
        Ok(false)
    }

    /// Exchanges the two folders by one call. Returns whether the file system can.
    fn exchange(&self) -> io::Result<bool> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        if !self.out.exists() {
            fs::rename(&self.new, &self.out)?;
            return Ok(true);
        }
        match renameat_with(
            CWD,
            self.new.as_std_path(),
            CWD,
            self.out.as_std_path(),
            RenameFlags::EXCHANGE,
        ) {
            Ok(()) => Ok(true),
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::BUSY | Errno::XDEV) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Replaces the files one by one, so that no file links to a missing one, and removes old files last.
    fn replace_files(&self, files: &BTreeMap<Utf8PathBuf, FileRecord>, before: &Manifest) -> io::Result<()> {
        let mut ordered: Vec<&Utf8Path> = files.keys().map(|path| &**path).collect();
        ordered.sort_by_key(|path| rank(path));
        ordered.push(Utf8Path::new(manifest::NAME));
        for path in ordered {
            let to = self.out.join(path);
            if let Some(folder) = to.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::rename(self.new.join(path), to)?;
        }
        for path in our_files(&self.out, before)? {
            if !files.contains_key(&path) {
                remove_file(&self.out, &path)?;
            }
        }
        remove(&self.new)
    }
}

/// Removes the file at `path` in `folder`, if it is there, and the folders that are empty then.
pub(super) fn remove_file(folder: &Utf8Path, path: &Utf8Path) -> io::Result<()> {
    match fs::remove_file(folder.join(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let above = path.ancestors().skip(1).filter(|above| !above.as_str().is_empty());
    for above in above {
        // the first that is not empty stops this
        if fs::remove_dir(folder.join(above)).is_err() {
            break;
        }
    }
    Ok(())
}

/// The order in which files are replaced: what others name first, lists and feeds last.
fn rank(path: &Utf8Path) -> u8 {
    let is_feed = matches!(path.file_name(), Some("rss.xml" | "atom.xml" | "feed.json" | "sitemap.xml"));
    let in_archive = path.components().any(|part| part.as_str() == "archive");
    match path.components().next().map(|part| part.as_str()) {
        Some("media" | "style.css") => 0,
        _ if in_archive => 1,
        Some("posts") => 2,
        _ if is_feed => 4,
        _ => 3,
    }
}

/// The files in `out` that `before` lists.
fn our_files(out: &Utf8Path, before: &Manifest) -> io::Result<Vec<Utf8PathBuf>> {
    let (mut folders, mut found) = (vec![Utf8PathBuf::new()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in out.join(&folder).read_dir_utf8()? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if path == WORK {
                continue;
            }
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if before.get(&path).is_some() {
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// Whether a folder can be made at `new` in `above`: `None` if nothing can be written there.
fn make_writable(above: &Utf8Path, new: &Utf8Path) -> io::Result<Option<()>> {
    match fs::create_dir(new) {
        Ok(()) => Ok(Some(())),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Some(())),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(io::Error::new(error.kind(), format!("{above} cannot be written: {error}"))),
    }
}

/// Removes the folder `path`, if it is there.
pub(super) fn remove(path: &Utf8Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn absolute(path: &Utf8Path) -> io::Result<Utf8PathBuf> {
    let path = std::path::absolute(path)?;
    Utf8PathBuf::from_path_buf(path).map_err(|path| io::Error::other(format!("{} is not UTF-8", path.display())))
}
