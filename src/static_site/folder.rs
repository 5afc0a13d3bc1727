//! The new folder, and how it takes the place of the old one.
//!
//! The new folder is beside the old one, on the same file system. Files that did not change, and files of others, are hard links to
//! the old ones. When everything is on the disk the two folders are exchanged by one call, and the old one is removed. Where that is
//! not possible (the folder is a mount, or is in one that cannot be written) the files are replaced one by one: first those that
//! others name, lists and feeds last.

mod exchange;
mod foreign_files;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::SignedDuration;

use self::exchange::FolderPair;
use super::BuildReport;
use super::manifest::{self, FileRecord, Manifest, hash_of};
use crate::source::MediaFile;
use crate::time::Timestamp;

/// More files than this are not removed by one run, unless its user allows it.
const MOST_DELETES: usize = 256;
/// Nor is more than this part of the files, in percent, if there are more than a few.
const MOST_DELETES_PERCENT: usize = 20;
const FEW_DELETES: usize = 32;

/// The bytes that are read from a media file at a time.
const BLOCK: usize = 64 * 1024;

/// Why the folder is as it was before.
#[derive(Debug)]
pub enum WriteError {
    /// A folder with files of others is not taken over.
    NotOurs(Utf8PathBuf),
    /// A file of others has the path of one that would be written.
    ForeignFile(Utf8PathBuf),
    /// Another run writes to the folder now.
    Busy(Utf8PathBuf),
    /// More files would be removed than one run may remove.
    TooManyDeletes {
        /// How many would be removed.
        removed: usize,
        /// How many files there were.
        of: usize,
    },
    /// The text of the post at this address cannot be read now: its file has just changed.
    Unreadable(String),
    /// The disk.
    Io(io::Error),
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::NotOurs(path) => write!(
                f,
                "{path} has files, and none of them was written by `feedmill build`; name an empty or a new folder, or add `--force`, \
                 which keeps these files and replaces only those with the same name"
            ),
            WriteError::ForeignFile(path) => write!(
                f,
                "{path} was not written by `feedmill build`, and the site has a file of that name; move it away, or add `--force` to replace it"
            ),
            WriteError::Busy(path) => write!(f, "another `feedmill build` is writing to {path}; wait until it has ended"),
            WriteError::TooManyDeletes { removed, of } => write!(
                f,
                "{removed} of {of} files would be removed, so nothing was changed; if that is right, add `--max-deletes {removed}`"
            ),
            WriteError::Unreadable(address) => {
                write!(
                    f,
                    "the text of {address} cannot be read now; its file has just changed or is gone"
                )
            }
            WriteError::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for WriteError {}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> WriteError {
        WriteError::Io(error)
    }
}

/// A folder that will take the place of another one.
#[derive(Debug)]
pub(super) struct NewFolder {
    place: FolderPair,
    /// What the last run wrote.
    before: Manifest,
    /// Whether files of others are replaced.
    takes_over: bool,
    /// The time of files that have none of their own, if they are new.
    now: Timestamp,
    made: Mutex<NewFiles>,
}

/// What is in the new folder so far.
#[derive(Debug, Default)]
struct NewFiles {
    folders: HashSet<Utf8PathBuf>,
    files: BTreeMap<Utf8PathBuf, FileRecord>,
    /// How many files differ from those of the last run.
    written: usize,
}

impl NewFolder {
    /// Makes an empty folder that will take the place of `out`. Files without a time of their own get the time `now`.
    pub(super) fn begin(out: &Utf8Path, takes_over: bool, now: Timestamp) -> Result<NewFolder, WriteError> {
        let place = FolderPair::begin(out)?;
        let before = match Manifest::read(&place.out)? {
            Some(manifest) => manifest,
            None if takes_over || foreign_files::is_empty(&place.out)? => Manifest::default(),
            None => return Err(WriteError::NotOurs(place.out.clone())),
        };
        Ok(NewFolder {
            place,
            before,
            takes_over,
            now,
            made: Mutex::default(),
        })
    }

    /// Adds the file at `path` with these bytes. Returns its time: `modified`, or one that is later than that of other bytes at this
    /// path before, because web servers make ETags of it.
    pub(super) fn put(&self, path: &Utf8Path, bytes: &[u8], modified: Option<Timestamp>) -> io::Result<Timestamp> {
        let (hash, length) = (hash_of(bytes), bytes.len() as u64);
        let before = self.before.get(path);
        let modified = modified.unwrap_or_else(|| match before {
            Some(before) if before.hash == hash => before.modified,
            Some(before) => self.now.max(a_second_after(before.modified)),
            None => self.now,
        });
        // whole seconds, as web servers compare them
        let modified = Timestamp::from_second(modified.as_second()).unwrap_or(modified);
        let record = FileRecord { length, hash, modified };
        if before != Some(&record) || !self.link_unchanged(path, &record)? {
            let mut file = self.create(path)?;
            file.write_all(bytes)?;
            file.set_modified(SystemTime::try_from(modified).unwrap_or(SystemTime::UNIX_EPOCH))?;
            self.lock().written += 1;
        }
        self.lock().files.insert(path.to_owned(), record);
        Ok(modified)
    }

    /// Adds the file at `path` as the last run wrote it, and its copies with the endings `copies`. Returns whether that could be done: it
    /// cannot if somebody changed or removed it since.
    pub(super) fn keep(&self, path: &Utf8Path, copies: &[&str]) -> io::Result<bool> {
        let copies = copies.iter().map(|ending| Utf8PathBuf::from(format!("{path}.{ending}")));
        // not every file has compressed copies
        let copies = copies.filter(|copy| self.before.get(copy).is_some());
        let mut kept = Vec::new();
        for path in std::iter::once(path.to_owned()).chain(copies) {
            match self.before.get(&path) {
                Some(record) if self.link_unchanged(&path, record)? => kept.push((path, record.clone())),
                _ => {
                    // all of them are written anew
                    for (path, _) in kept {
                        fs::remove_file(self.place.new.join(path))?;
                    }
                    return Ok(false);
                }
            }
        }
        self.lock().files.extend(kept);
        Ok(true)
    }

    /// Adds a copy of `media` at `path`.
    pub(super) fn put_media(&self, path: &Utf8Path, media: &MediaFile) -> io::Result<()> {
        let (length, modified) = (media.version.size(), media.version.modified());
        // a file that was written a moment ago may have been written again at the same time
        let is_settled = !media.version.is_recent(Timestamp::now());
        if let Some(before) = self.before.get(path)
            && is_settled
            && (before.length, before.modified) == (length, modified)
            && self.link_unchanged(path, before)?
        {
            self.lock().files.insert(path.to_owned(), before.clone());
            return Ok(());
        }
        let mut file = self.create(path)?;
        let (mut hasher, mut buffer, mut at) = (blake3::Hasher::new(), vec![0; BLOCK], 0);
        loop {
            let read = media.read_at(&mut buffer, at)?;
            let part = buffer.get(..read).unwrap_or_default();
            if part.is_empty() {
                break;
            }
            hasher.update(part);
            file.write_all(part)?;
            at += read as u64;
        }
        file.set_modified(SystemTime::try_from(modified).unwrap_or(SystemTime::UNIX_EPOCH))?;
        let record = FileRecord {
            length: at,
            hash: hasher.finalize().to_hex().to_string(),
            modified,
        };
        let mut made = self.lock();
        made.written += usize::from(self.before.get(path).is_none_or(|before| before.hash != record.hash));
        made.files.insert(path.to_owned(), record);
        Ok(())
    }

    /// Links the file at `path` that the last run wrote, if it is still as `record` says. Returns whether it did.
    fn link_unchanged(&self, path: &Utf8Path, record: &FileRecord) -> io::Result<bool> {
        let old = self.place.out.join(path);
        let Ok(metadata) = fs::symlink_metadata(&old) else {
            return Ok(false);
        };
        let is_same = metadata.is_file()
            && metadata.len() == record.length
            && metadata.modified().ok().and_then(|at| Timestamp::try_from(at).ok()) == Some(record.modified);
        if !is_same {
            return Ok(false);
        }
        self.make_folder_of(path)?;
        // a file system without hard links gets a copy
        Ok(fs::hard_link(&old, self.place.new.join(path)).is_ok())
    }

    fn create(&self, path: &Utf8Path) -> io::Result<File> {
        self.make_folder_of(path)?;
        File::create_new(self.place.new.join(path))
    }

    fn make_folder_of(&self, path: &Utf8Path) -> io::Result<()> {
        let Some(folder) = path.parent().filter(|folder| !folder.as_str().is_empty()) else {
            return Ok(());
        };
        if !self.lock().folders.contains(folder) {
            fs::create_dir_all(self.place.new.join(folder))?;
            self.lock().folders.insert(folder.to_owned());
        }
        Ok(())
    }

    /// Puts the new folder in the place of the old one, and completes `report`. `is_empty` says that the site has no post.
    pub(super) fn finish(self, is_empty: bool, max_deletes: Option<usize>, report: &mut BuildReport) -> Result<(), WriteError> {
        let NewFolder {
            place,
            before,
            takes_over,
            now,
            made,
        } = self;
        let NewFiles { files, written, .. } = made.into_inner().unwrap_or_else(PoisonError::into_inner);
        let kept = files.keys().filter(|path| before.get(path).is_some()).count();
        let removed = before.len() - kept;
        check_deletes(removed, before.len(), is_empty, max_deletes)?;
        let foreign_files = foreign_files::list(&place.out, &before)?;
        for foreign in &foreign_files {
            if files.contains_key(&foreign.path) && !takes_over {
                return Err(WriteError::ForeignFile(place.out.join(&foreign.path)));
            }
        }
        let manifest = Manifest::of(files.iter().map(|(path, record)| (&**path, record.clone())));
        report.files = files.len();
        report.bytes = files.values().map(|record| record.length).sum();
        (report.written, report.removed) = (written, removed);
        let is_unchanged = written == 0 && removed == 0 && place.out.join(manifest::NAME).exists();
        if is_unchanged {
            return Ok(place.discard()?);
        }
        let mut list = File::create_new(place.new.join(manifest::NAME))?;
        list.write_all(&manifest.text())?;
        list.set_modified(SystemTime::try_from(now).unwrap_or(SystemTime::UNIX_EPOCH))?;
        let foreign_files = foreign_files.into_iter().filter(|foreign| !files.contains_key(&foreign.path));
        report.was_replaced_in_place = place.take(&files, foreign_files, &before)?;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, NewFiles> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks that no more than `max` files are removed, or than is usual. `is_empty` says that the site has no post, as when the folder
/// of posts is not mounted.
fn check_deletes(removed: usize, of: usize, is_empty: bool, max: Option<usize>) -> Result<(), WriteError> {
    let is_too_many = match max {
        Some(max) => removed > max,
        None => {
            removed > MOST_DELETES
                || removed > FEW_DELETES && removed * 100 > of * MOST_DELETES_PERCENT
                || is_empty && removed > 0
        }
    };
    if is_too_many {
        return Err(WriteError::TooManyDeletes { removed, of });
    }
    Ok(())
}

fn a_second_after(at: Timestamp) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(1)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_would_empty_the_folder_is_stopped() {
        for (removed, of, is_empty, max, is_allowed) in [
            (0, 100, true, None, true),
            (1, 100, true, None, false),
            (1, 100, true, Some(1), true),
            (32, 33, false, None, true),
            (33, 100, false, None, false),
            (33, 1000, false, None, true),
            (256, 100_000, false, None, true),
            (257, 100_000, false, None, false),
            (257, 100_000, false, Some(300), true),
            (5, 10, false, Some(4), false),
        ] {
            let result = check_deletes(removed, of, is_empty, max);
            assert_eq!(result.is_ok(), is_allowed, "{removed} of {of}, {is_empty}, {max:?}");
        }
    }
}
