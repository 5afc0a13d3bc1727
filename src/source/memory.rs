//! A source whose files are in memory, for tests.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};

use super::found_files::FileEntry;
use super::media::{MediaContent, MediaFile};
use super::refusal::{ReadError, too_large, unreadable};
use super::rules::FileRules;
use super::rules::ignore::folders_above;
use super::scan::{FileKind, Scan, ScanBuilder, ScanScope, SourceIdentity, outermost};
use super::version::{FileId, Version};
use super::watch::{HintKind, HintSender, SourceWatch, StartingWatch};
use crate::config::PostSettings;
use crate::source_file::SourceFile;
use crate::time::Timestamp;

/// A source with files in memory. Clones share them.
#[derive(Clone, Debug)]
pub struct MemorySource {
    pub(super) rules: FileRules,
    state: Arc<Mutex<MemoryState>>,
}

#[derive(Debug, Default)]
struct MemoryState {
    files: BTreeMap<Utf8PathBuf, MemoryFile>,
    /// The number of the last change.
    changes: u64,
    /// The identity of the store; another one may replace it.
    identity: u64,
    /// Why the source cannot be scanned; `None` if it can.
    failure: Option<String>,
    watches: Vec<HintSender>,
}

#[derive(Clone, Debug)]
struct MemoryFile {
    bytes: Arc<[u8]>,
    version: Version,
    is_unreadable: bool,
}

impl MemorySource {
    /// Returns a source without files, with the rules in `posts`.
    #[must_use]
    pub fn new(posts: &PostSettings) -> MemorySource {
        MemorySource {
            rules: FileRules::new(posts),
            state: Arc::default(),
        }
    }

    /// Inserts or replaces the file at `path`, with these bytes and the content time `modified`.
    pub fn insert(&self, path: impl Into<Utf8PathBuf>, bytes: impl AsRef<[u8]>, modified: Timestamp) {
        let (path, bytes) = (path.into(), Arc::from(bytes.as_ref()));
        let mut state = self.lock();
        let number = state.next_number();
        let known = state.files.get(&path).map(|known| known.version.file());
        let file = known.unwrap_or(FileId(0, number));
        let modified = i64::try_from(modified.as_nanosecond()).unwrap_or(i64::MAX);
        let memory_file = MemoryFile {
            version: version(file, &bytes, modified, number),
            bytes,
            is_unreadable: false,
        };
        state.files.insert(path.clone(), memory_file);
        state.hint(&path, HintKind::Moved);
    }

    /// Removes the file at `path`, if there is one.
    pub fn remove(&self, path: impl AsRef<Utf8Path>) {
        let mut state = self.lock();
        state.files.remove(path.as_ref());
        state.hint(path.as_ref(), HintKind::Seen);
    }

    /// Moves the file at `from`, if there is one, to `to`.
    pub fn rename(&self, from: impl AsRef<Utf8Path>, to: impl Into<Utf8PathBuf>) {
        let (from, to) = (from.as_ref(), to.into());
        let mut state = self.lock();
        let number = state.next_number();
        if let Some(file) = state.files.remove(from) {
            let version = file.version.moved(number);
            state.files.insert(to.clone(), MemoryFile { version, ..file });
            state.hint(from, HintKind::Seen);
            state.hint(&to, HintKind::Moved);
        }
    }

    /// Makes the file at `path` unreadable, or readable again.
    pub fn set_unreadable(&self, path: impl AsRef<Utf8Path>, is_unreadable: bool) {
        let mut state = self.lock();
        let number = state.next_number();
        if let Some(file) = state.files.get_mut(path.as_ref()) {
            file.is_unreadable = is_unreadable;
            file.version = file.version.moved(number);
        }
        state.hint(path.as_ref(), HintKind::Seen);
    }

    /// Makes every scan fail with this message; `None` makes scans succeed again.
    pub fn set_failure(&self, failure: Option<&str>) {
        self.lock().failure = failure.map(str::to_owned);
    }

    /// Replaces the store with an empty one, as if another disk were mounted.
    pub fn replace(&self) {
        let mut state = self.lock();
        state.files.clear();
        state.identity += 1;
    }

    pub(super) fn scan(&self, scope: &ScanScope, is_known: &dyn Fn(&Utf8Path) -> bool) -> io::Result<Scan> {
        let state = self.lock();
        if let Some(failure) = &state.failure {
            return Err(io::Error::other(failure.clone()));
        }
        let everywhere = [Utf8Path::new("")];
        let (scope, roots) = match scope {
            ScanScope::At(paths) if !paths.contains(Utf8Path::new("")) => (scope.clone(), outermost(paths)),
            _ => (ScanScope::Everywhere, everywhere.to_vec()),
        };
        let identity = SourceIdentity {
            device: state.identity,
            folder: 0,
        };
        let mut found = ScanBuilder::new(&self.rules, is_known, scope.clone(), identity);
        for root in roots {
            let below = state
                .files
                .range(root.to_owned()..)
                .take_while(|(path, _)| path.starts_with(root));
            for (path, file) in below {
                add(&mut found, path, file);
            }
        }
        let mut scan = found.finish();
        scan.is_empty = scope == ScanScope::Everywhere && state.files.is_empty();
        Ok(scan)
    }

    pub(super) fn read(&self, path: &Utf8Path, entry: &FileEntry) -> Result<SourceFile, ReadError> {
        let state = self.lock();
        let file = state.files.get(path).ok_or(ReadError::Gone)?;
        if entry.version.size() > self.rules.max_file_bytes {
            return Err(ReadError::Refused(too_large(path, self.rules.max_file_bytes)));
        }
        if file.is_unreadable {
            let error = ErrorKind::PermissionDenied.into();
            return Err(ReadError::Refused(unreadable(path, &error)));
        }
        if file.version != entry.version {
            return Err(ReadError::Changed);
        }
        Ok(file.source(path))
    }

    pub(super) fn read_latest(&self, path: &Utf8Path) -> Option<SourceFile> {
        let state = self.lock();
        let file = state.files.get(path).filter(|file| !file.is_unreadable)?;
        (file.version.size() <= self.rules.max_file_bytes).then(|| file.source(path))
    }

    pub(super) fn open_file(&self, path: &Utf8Path) -> io::Result<MediaFile> {
        let state = self.lock();
        let file = state.files.get(path).ok_or(ErrorKind::NotFound)?;
        if file.is_unreadable {
            return Err(ErrorKind::PermissionDenied.into());
        }
        Ok(MediaFile {
            version: file.version,
            content: MediaContent::Memory(Arc::clone(&file.bytes)),
        })
    }

    pub(super) fn watch(&self) -> StartingWatch {
        let (sender, watch) = SourceWatch::manual();
        self.lock().watches.push(sender);
        watch
    }

    fn lock(&self) -> MutexGuard<'_, MemoryState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryState {
    fn next_number(&mut self) -> u64 {
        self.changes += 1;
        self.changes
    }

    fn hint(&self, path: &Utf8Path, kind: HintKind) {
        self.watches.iter().for_each(|watch| watch.send(path.to_owned(), kind));
    }
}

impl MemoryFile {
    fn source(&self, path: &Utf8Path) -> SourceFile {
        SourceFile {
            path: path.to_owned(),
            bytes: Arc::clone(&self.bytes),
            modified: self.version.modified(),
        }
    }
}

fn version(file: FileId, bytes: &[u8], modified: i64, number: u64) -> Version {
    Version::new(file, bytes.len() as u64, modified, i64::try_from(number).unwrap_or(i64::MAX))
}

/// Adds the file at `path` to the scan, if its folders are scanned.
fn add(found: &mut ScanBuilder, path: &Utf8Path, file: &MemoryFile) {
    let Some(name) = path.file_name() else { return };
    for (depth, folder) in folders_above(path).into_iter().enumerate() {
        if !found.enters(folder, depth + 1) {
            return;
        }
    }
    let entry = FileEntry {
        version: file.version,
        target: None,
    };
    match found.kind(path, name) {
        FileKind::Post => found.add_post(path.to_owned(), entry),
        FileKind::Companion => {
            found.add_media(path);
            found.add_companion(path.to_owned(), entry);
        }
        FileKind::Other => found.add_media(path),
    }
}
