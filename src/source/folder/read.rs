//! Reading one file, once, whole and unchanged.

use std::io::{self, ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::diagnostic::{Diagnostic, Severity};
use crate::source_file::SourceFile;
use crate::time::Timestamp;

use super::beneath;
use super::walk::too_large;
use super::{Entry, Folder, Stamp};

/// Why a file was not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// It is no longer what the look found, or changed while it was read: look again.
    Changed,
    /// It is gone.
    Gone,
    /// It cannot be read.
    Refused(Diagnostic),
}

/// The posts folder, open: to read many files of it.
#[derive(Debug)]
pub struct Open<'a> {
    folder: &'a Folder,
    root: OwnedFd,
}

pub(super) fn open(folder: &Folder) -> io::Result<Open<'_>> {
    let root = beneath::open_folder(&folder.root)?;
    Ok(Open { folder, root })
}

impl Open<'_> {
    /// Reads the post at `path` that a look found as `entry`.
    ///
    /// # Errors
    ///
    /// See [`Unread`]: it is no longer what was found, or cannot be read.
    pub fn read(&self, path: &Utf8Path, entry: &Entry) -> Result<SourceFile, Unread> {
        let refuse = |error: io::Error| refused(path, &error);
        if entry.stamp.size > self.folder.max_file_bytes {
            return Err(Unread::Refused(too_large(self.folder, path)));
        }
        let on_disk = entry.target.as_deref().unwrap_or(path);
        let mut file = beneath::open_in(&self.root, on_disk).map_err(refuse)?;
        let size = usize::try_from(entry.stamp.size).unwrap_or(0);
        let mut bytes: Arc<[u8]> = std::iter::repeat_n(0, size).collect();
        let read = file.read_exact(Arc::get_mut(&mut bytes).unwrap_or_default());
        // one question when it has been read tells both whether it was that file, and whether it changed, or grew, meanwhile
        let after = file.metadata().map_err(refuse)?;
        if !after.is_file() || Stamp::of(&after) != entry.stamp {
            return Err(Unread::Changed);
        }
        match read {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(Unread::Changed),
            read => read.map_err(refuse)?,
        }
        Ok(SourceFile {
            path: path.to_owned(),
            bytes,
            modified: modified(&entry.stamp),
        })
    }
}

/// Why the file at `path` was not read, of which the system says `error`.
pub(super) fn refused(path: &Utf8Path, error: &io::Error) -> Unread {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Unread::Gone,
        _ => Unread::Refused(unreadable(path, error)),
    }
}

/// Reads what the post's file at `path` holds now, whatever a look found there; of a post that is found through a link, what that leads
/// to below the folder.
///
/// # Errors
///
/// `NotFound` where there is no regular file below the folder, `FileTooLarge` where there is too large a one; else what the system says.
pub(super) fn now(folder: &Folder, path: &Utf8Path) -> io::Result<SourceFile> {
    let file = match beneath::open(&folder.root, path) {
        // a link is in its place or on the way, if anything is
        Err(error) if error.kind() == ErrorKind::NotFound => beneath::open(&folder.root, &led_to(folder, path)?)?,
        opened => opened?,
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(ErrorKind::NotFound.into());
    }
    let stamp = Stamp::of(&metadata);
    let mut bytes = Vec::with_capacity(usize::try_from(stamp.size.min(folder.max_file_bytes)).unwrap_or(0));
    file.take(folder.max_file_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > folder.max_file_bytes {
        return Err(ErrorKind::FileTooLarge.into());
    }
    Ok(SourceFile {
        path: path.to_owned(),
        bytes: bytes.into(),
        modified: modified(&stamp),
    })
}

/// Where below the folder the links lead that are at `path` or on the way there.
fn led_to(folder: &Folder, path: &Utf8Path) -> io::Result<Utf8PathBuf> {
    let root = folder.root.canonicalize_utf8()?;
    let target = folder.root.join(path).canonicalize_utf8()?;
    let below = target.strip_prefix(&root).map_err(|_| ErrorKind::NotFound)?;
    Ok(below.to_owned())
}

fn modified(stamp: &Stamp) -> Timestamp {
    Timestamp::from_nanosecond(stamp.modified.into()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The diagnostic for what cannot be read.
pub(super) fn unreadable(path: &Utf8Path, error: &io::Error) -> Diagnostic {
    let reason = match error.kind() {
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string().to_lowercase(),
    };
    Diagnostic::new(Severity::Error, "unreadable", path, format!("cannot be read: {reason}"))
        .mend("give feedmill the right to read it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PostSettings;
    use crate::source::folder::ScanScope;

    fn looked(max_file_bytes: u64, content: &str) -> (tempfile::TempDir, Folder, Entry) {
        let temporary = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(temporary.path().to_owned()).unwrap();
        std::fs::write(root.join("a.md"), content).unwrap();
        let posts = PostSettings {
            max_file_bytes,
            ..PostSettings::default()
        };
        let folder = Folder::new(root, &posts);
        let entry = folder
            .look(&ScanScope::Everywhere)
            .unwrap()
            .files
            .get(Utf8Path::new("a.md"))
            .cloned()
            .unwrap();
        (temporary, folder, entry)
    }

    #[test]
    fn what_the_look_found_is_read() {
        let (_keep, folder, entry) = looked(100, "# A");
        let source = folder.read("a.md".into(), &entry).unwrap();
        assert_eq!(&*source.bytes, b"# A");
        assert_eq!(source.modified.as_nanosecond(), i128::from(entry.stamp.modified));
    }

    #[test]
    fn anything_else_is_not() {
        let (_keep, folder, entry) = looked(100, "# A");
        let path = folder.root().join("a.md");
        std::fs::write(&path, "# A, longer").unwrap();
        assert_eq!(folder.read("a.md".into(), &entry), Err(Unread::Changed), "another version");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(folder.read("a.md".into(), &entry), Err(Unread::Gone), "no file");
        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        assert_eq!(
            folder.read("a.md".into(), &entry),
            Err(Unread::Gone),
            "a link put in its place"
        );
        std::fs::remove_file(&path).unwrap();
        let pipe = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, path.as_std_path(), pipe, rustix::fs::Mode::RUSR, 0).unwrap();
        assert_eq!(
            folder.read("a.md".into(), &entry),
            Err(Unread::Changed),
            "a pipe put in its place"
        );
    }

    #[test]
    fn a_folder_on_the_way_may_not_become_a_link() {
        let (_keep, folder, _) = looked(100, "");
        let root = folder.root();
        std::fs::create_dir_all(root.join("in")).unwrap();
        std::fs::write(root.join("in/b.md"), "# B").unwrap();
        let entry = folder
            .look(&ScanScope::Everywhere)
            .unwrap()
            .files
            .get(Utf8Path::new("in/b.md"))
            .cloned()
            .unwrap();
        std::fs::rename(root.join("in"), root.join("was")).unwrap();
        std::os::unix::fs::symlink("was", root.join("in")).unwrap();
        assert_eq!(folder.read("in/b.md".into(), &entry), Err(Unread::Gone));
    }
}
