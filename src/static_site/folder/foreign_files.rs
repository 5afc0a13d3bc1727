//! Files in the old folder that this program did not write: `.git`, `CNAME`, what another tool puts beside the site. They stay.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;

use camino::{Utf8Path, Utf8PathBuf};

use super::Manifest;
use super::exchange::WORK;
use crate::static_site::manifest;

/// The deepest nesting of folders: the walk is recursive.
const DEEPEST: usize = 200;

/// A file, a symbolic link or an empty folder that this program did not write.
#[derive(Debug)]
pub(super) struct ForeignFile {
    /// Its path in the folder.
    pub(super) path: Utf8PathBuf,
    kind: ForeignFileKind,
}

#[derive(Clone, Copy, Debug)]
enum ForeignFileKind {
    File,
    Link,
    Folder,
}

/// Whether there is no folder `out`, or nothing in it.
pub(super) fn is_empty(out: &Utf8Path) -> io::Result<bool> {
    match fs::read_dir(out) {
        Ok(entries) => Ok(entries.flatten().all(|entry| entry.file_name() == WORK)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// All that is in `out` and not in `manifest`.
pub(super) fn list(out: &Utf8Path, manifest: &Manifest) -> io::Result<Vec<ForeignFile>> {
    let mut found = Vec::new();
    if out.exists() {
        add_of(out, Utf8Path::new(""), manifest, &mut found, DEEPEST)?;
    }
    Ok(found)
}

/// Adds what is in `folder` of `out`. Returns whether something of this program was found there.
fn add_of(
    out: &Utf8Path,
    folder: &Utf8Path,
    manifest: &Manifest,
    found: &mut Vec<ForeignFile>,
    deepest: usize,
) -> io::Result<bool> {
    let (mut is_ours, count) = (false, found.len());
    for entry in out.join(folder).read_dir_utf8()? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if path == WORK {
            continue;
        }
        let file_type = entry.file_type()?;
        if file_type.is_dir() {
            if deepest == 0 {
                return Err(io::Error::other(format!(
                    "folders are nested too deep in {}",
                    out.join(&path)
                )));
            }
            is_ours |= add_of(out, &path, manifest, found, deepest - 1)?;
            continue;
        }
        if manifest.get(&path).is_some() || path == manifest::NAME {
            is_ours = true;
            continue;
        }
        let kind = if file_type.is_symlink() {
            ForeignFileKind::Link
        } else if file_type.is_file() {
            ForeignFileKind::File
        } else {
            return Err(io::Error::other(format!(
                "{} is neither a file nor a folder and cannot be kept; move it away",
                out.join(&path)
            )));
        };
        found.push(ForeignFile { path, kind });
    }
    let is_bare = found.len() == count && !is_ours;
    if is_bare && !folder.as_str().is_empty() {
        found.push(ForeignFile {
            path: folder.to_owned(),
            kind: ForeignFileKind::Folder,
        });
    }
    Ok(is_ours)
}

impl ForeignFile {
    /// Adds it to the folder `new`: a file as a hard link, so that a program that has it open keeps writing to it.
    pub(super) fn keep(&self, out: &Utf8Path, new: &Utf8Path) -> io::Result<()> {
        let (old, kept) = (out.join(&self.path), new.join(&self.path));
        if let Some(folder) = kept.parent() {
            fs::create_dir_all(folder)?;
        }
        match self.kind {
            ForeignFileKind::Folder => fs::create_dir_all(&kept),
            ForeignFileKind::Link => symlink(fs::read_link(&old)?, &kept),
            ForeignFileKind::File => match fs::hard_link(&old, &kept) {
                Ok(()) => Ok(()),
                // it went away meanwhile
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                Err(_) => fs::copy(&old, &kept).map(|_| ()),
            },
        }
    }
}
