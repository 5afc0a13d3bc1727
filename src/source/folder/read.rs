//! Reads a whole file, and checks that it did not change meanwhile.

use std::io::{self, ErrorKind, Read};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Folder, beneath, stamp};
use crate::source::found_files::FileEntry;
use crate::source::refusal::{ReadError, too_large};
use crate::source_file::SourceFile;

impl Folder {
    /// Reads the file at `path` that a scan found as `entry`.
    ///
    /// # Errors
    ///
    /// The file is no longer the version that was found, or it cannot be read.
    pub fn read(&self, path: &Utf8Path, entry: &FileEntry) -> Result<SourceFile, ReadError> {
        let refuse = |error: io::Error| ReadError::of(path, &error);
        let version = &entry.version;
        if version.size() > self.rules.max_file_bytes {
            return Err(ReadError::Refused(too_large(path, self.rules.max_file_bytes)));
        }
        let on_disk = entry.target.as_deref().unwrap_or(path);
        let mut file = beneath::open(&self.root, on_disk).map_err(refuse)?;
        let size = usize::try_from(version.size()).unwrap_or(0);
        let mut bytes: Arc<[u8]> = std::iter::repeat_n(0, size).collect();
        let read = file.read_exact(Arc::get_mut(&mut bytes).unwrap_or_default());
        // one check after reading shows both whether it was the right version and whether it changed or grew meanwhile
        let after = file.metadata().map_err(refuse)?;
        if !after.is_file() || stamp::version(&after) != *version {
            return Err(ReadError::Changed);
        }
        match read {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(ReadError::Changed),
            read => read.map_err(refuse)?,
        }
        Ok(SourceFile {
            path: path.to_owned(),
            bytes,
            modified: version.modified(),
        })
    }

    /// Reads the current content of the file at `path`, even if it changed since the scan. A symbolic link is followed if its target is
    /// below the folder.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is no regular file below the folder, `FileTooLarge` if it is too large; otherwise the system's error.
    pub fn read_latest(&self, path: &Utf8Path) -> io::Result<SourceFile> {
        let file = match beneath::open(&self.root, path) {
            // if there is a file, a part of its path is a link
            Err(error) if error.kind() == ErrorKind::NotFound => beneath::open(&self.root, &self.link_target(path)?)?,
            opened => opened?,
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(ErrorKind::NotFound.into());
        }
        let version = stamp::version(&metadata);
        let most = self.rules.max_file_bytes;
        let mut bytes = Vec::with_capacity(usize::try_from(version.size().min(most)).unwrap_or(0));
        file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most {
            return Err(ErrorKind::FileTooLarge.into());
        }
        Ok(SourceFile {
            path: path.to_owned(),
            bytes: bytes.into(),
            modified: version.modified(),
        })
    }

    /// The target below the folder of `path`, with all links in it resolved.
    fn link_target(&self, path: &Utf8Path) -> io::Result<Utf8PathBuf> {
        let root = self.root.canonicalize_utf8()?;
        let target = self.root.join(path).canonicalize_utf8()?;
        let below = target.strip_prefix(&root).map_err(|_| ErrorKind::NotFound)?;
        Ok(below.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PostSettings;
    use crate::source::scan::ScanScope;

    fn scanned(max_file_bytes: u64, content: &str) -> (tempfile::TempDir, Folder, FileEntry) {
        let temporary = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(temporary.path().to_owned()).unwrap();
        std::fs::write(root.join("a.md"), content).unwrap();
        let posts = PostSettings {
            max_file_bytes,
            ..PostSettings::default()
        };
        let folder = Folder::new(root, &posts);
        let entry = folder
            .scan(&ScanScope::Everywhere, &|_| false)
            .unwrap()
            .files
            .get(Utf8Path::new("a.md"))
            .cloned()
            .unwrap();
        (temporary, folder, entry)
    }

    #[test]
    fn the_version_that_was_found_is_read() {
        let (_keep, folder, entry) = scanned(100, "# A");
        let source = folder.read("a.md".into(), &entry).unwrap();
        assert_eq!(&*source.bytes, b"# A");
        assert_eq!(source.modified, entry.version.modified());
    }

    #[test]
    fn another_version_is_not_read() {
        let (_keep, folder, entry) = scanned(100, "# A");
        let path = folder.root().join("a.md");
        std::fs::write(&path, "# A, longer").unwrap();
        assert_eq!(folder.read("a.md".into(), &entry), Err(ReadError::Changed), "another version");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(folder.read("a.md".into(), &entry), Err(ReadError::Gone), "no file");
        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        assert_eq!(
            folder.read("a.md".into(), &entry),
            Err(ReadError::Gone),
            "a link put in its place"
        );
        std::fs::remove_file(&path).unwrap();
        let pipe = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, path.as_std_path(), pipe, rustix::fs::Mode::RUSR, 0).unwrap();
        assert_eq!(
            folder.read("a.md".into(), &entry),
            Err(ReadError::Changed),
            "a pipe put in its place"
        );
    }

    #[test]
    fn a_folder_on_the_way_may_not_become_a_link() {
        let (_keep, folder, _) = scanned(100, "");
        let root = folder.root();
        std::fs::create_dir_all(root.join("in")).unwrap();
        std::fs::write(root.join("in/b.md"), "# B").unwrap();
        let entry = folder
            .scan(&ScanScope::Everywhere, &|_| false)
            .unwrap()
            .files
            .get(Utf8Path::new("in/b.md"))
            .cloned()
            .unwrap();
        std::fs::rename(root.join("in"), root.join("was")).unwrap();
        std::os::unix::fs::symlink("was", root.join("in")).unwrap();
        assert_eq!(folder.read("in/b.md".into(), &entry), Err(ReadError::Gone));
    }
}
