//! The new folder, and how it takes the place of the old one.
//!
//! The new folder is beside the old one, on the same file system. Files that did not change, and files of others, are hard links to
//! the old ones. When everything is on the disk the two folders are exchanged by one call. The old one is removed, or is the beginning of
//! the next new one ([`SpareFolder`]). Where an exchange is not possible (the folder is a mount, or lies in one that cannot be written) the files are replaced one by one: first those that
//! others name, lists and feeds last.

mod exchange;
mod foreign_files;
mod spare;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::SignedDuration;

use self::exchange::{FolderPair, remove, remove_file};
use self::foreign_files::ForeignFile;
use self::spare::SpareContent;
pub(super) use self::spare::SpareFolder;
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
        /// Whether the site has no post any more.
        is_empty: bool,
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
            WriteError::TooManyDeletes {
                removed,
                of,
                is_empty: true,
            } => write!(
                f,
                "no post is left, as if the folder of posts were not there, and {removed} of {of} files would be removed, so nothing was \
                 changed; if that is right, add `--max-deletes {removed}`"
            ),
            WriteError::TooManyDeletes { removed, of, .. } => write!(
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
    /// What the new folder has from the beginning; `None` if it was empty.
    spare: Option<SpareContent>,
    made: Mutex<NewFiles>,
}

/// What is in the new folder so far.
#[derive(Debug, Default)]
struct NewFiles {
    folders: HashSet<Utf8PathBuf>,
    files: BTreeMap<Utf8PathBuf, FileRecord>,
    /// Those of them that are the same as in the old folder.
    linked: HashSet<Utf8PathBuf>,
    /// How many files differ from those of the last run.
    written: usize,
}

impl NewFolder {
    /// Makes a folder that will take the place of `out`, from the `spare` one if that can be used. Files without a time of their own get the
    /// time `now`.
    pub(super) fn begin(
        out: &Utf8Path,
        takes_over: bool,
        now: Timestamp,
        spare: Option<SpareFolder>,
    ) -> Result<NewFolder, WriteError> {
        let place = FolderPair::begin(out)?;
        let before = match Manifest::read(&place.out)? {
            Some(manifest) => manifest,
            None if takes_over || foreign_files::is_empty(&place.out)? => Manifest::default(),
            None => return Err(WriteError::NotOurs(place.out.clone())),
        };
        let spare = spare.and_then(|spare| spare.take(&place.new, &before));
        if spare.is_none() {
            place.make_new()?;
        }
        Ok(NewFolder {
            place,
            before,
            takes_over,
            now,
            spare,
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
                        self.lock().linked.remove(&path);
                        // what a spare folder has is removed at the end, unless it is written
                        if self.spare.is_none() {
                            fs::remove_file(self.place.new.join(path))?;
                        }
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
        let is_there = |spare: &SpareContent| spare.paths.contains(path) && !spare.differing.contains(path);
        if !self.spare.as_ref().is_some_and(is_there) {
            self.make_room(path)?;
            self.make_folder_of(path)?;
            if fs::hard_link(&old, self.place.new.join(path)).is_err() {
                // a file system without hard links gets a copy
                return Ok(false);
            }
        }
        self.lock().linked.insert(path.to_owned());
        Ok(true)
    }

    fn create(&self, path: &Utf8Path) -> io::Result<File> {
        self.make_room(path)?;
        self.make_folder_of(path)?;
        File::create_new(self.place.new.join(path))
    }

    /// Removes what a spare folder has at `path`, and a file that is where a folder above has to be.
    fn make_room(&self, path: &Utf8Path) -> io::Result<()> {
        if self.spare.is_none() {
            return Ok(());
        }
        for at in path.ancestors().filter(|at| !at.as_str().is_empty()) {
            let there = self.place.new.join(at);
            match fs::symlink_metadata(&there) {
                Ok(metadata) if !metadata.is_dir() => fs::remove_file(there)?,
                Ok(_) if at == path => fs::remove_dir_all(there)?,
                _ => {}
            }
        }
        Ok(())
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

    /// Puts the new folder in the place of the old one, and completes `report`. `is_empty` says that the site has no post. With `keeps_spare`
    /// the folder with which the next run begins is returned.
    pub(super) fn finish(
        self,
        is_empty: bool,
        max_deletes: Option<usize>,
        keeps_spare: bool,
        report: &mut BuildReport,
    ) -> Result<Option<SpareFolder>, WriteError> {
        let NewFolder {
            place,
            before,
            takes_over,
            now,
            spare,
            made,
        } = self;
        let NewFiles {
            files, linked, written, ..
        } = made.into_inner().unwrap_or_else(PoisonError::into_inner);
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
        if let Some(spare) = &spare {
            remove_leftovers(&place.new, spare, &files)?;
        }
        let is_unchanged = written == 0 && removed == 0 && place.out.join(manifest::NAME).exists();
        let mut content = SpareContent {
            differing: files.keys().filter(|path| !linked.contains(*path)).cloned().collect(),
            ..SpareContent::default()
        };
        let mut has_old = is_unchanged;
        if !is_unchanged {
            let mut list = File::create_new(place.new.join(manifest::NAME))?;
            list.write_all(&manifest.text())?;
            list.set_modified(SystemTime::try_from(now).unwrap_or(SystemTime::UNIX_EPOCH))?;
            let foreign_files = foreign_files.into_iter().filter(|foreign| !files.contains_key(&foreign.path));
            let foreign_files: Vec<ForeignFile> = foreign_files.collect();
            let is_exchanged = place.take(&files, &foreign_files, &before)?;
            report.was_replaced_in_place = !is_exchanged;
            // the paths of the files in the old folder are only known of a run of this process
            if let Some(spare) = spare.filter(|_| is_exchanged) {
                content
                    .differing
                    .extend(spare.paths.into_iter().filter(|path| !files.contains_key(path)));
                content.foreign_files = foreign_files.into_iter().map(|foreign| foreign.path).collect();
                has_old = true;
            }
        }
        if !keeps_spare || report.was_replaced_in_place {
            remove(&place.new)?;
            return Ok(None);
        }
        content.paths = files.into_keys().collect();
        if !has_old {
            content = link_all(&place, content.paths)?;
        }
        Ok(SpareFolder::new(place.new, manifest, content).ok())
    }

    fn lock(&self) -> MutexGuard<'_, NewFiles> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes from the folder `new`, which had `spare` in the beginning, all that is not one of `files`.
fn remove_leftovers(new: &Utf8Path, spare: &SpareContent, files: &BTreeMap<Utf8PathBuf, FileRecord>) -> io::Result<()> {
    for path in spare.foreign_files.iter().filter(|path| !files.contains_key(*path)) {
        if fs::symlink_metadata(new.join(path)).is_ok_and(|metadata| metadata.is_dir()) {
            // it was empty
            let _ = fs::remove_dir(new.join(path));
        } else {
            remove_file(new, path)?;
        }
    }
    for path in spare.paths.union(&spare.differing).filter(|path| !files.contains_key(*path)) {
        remove_file(new, path)?;
    }
    remove_file(new, Utf8Path::new(manifest::NAME))
}

/// Makes the new folder of links to all files at `paths` that readers see.
fn link_all(place: &FolderPair, paths: HashSet<Utf8PathBuf>) -> io::Result<SpareContent> {
    place.make_new()?;
    let mut content = SpareContent::default();
    for path in paths {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(place.new.join(folder))?;
        }
        if fs::hard_link(place.out.join(&path), place.new.join(&path)).is_err() {
            content.differing.insert(path.clone());
        }
        content.paths.insert(path);
    }
    Ok(content)
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
        return Err(WriteError::TooManyDeletes { removed, of, is_empty });
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
