//! The files of posts that a scan found.

use camino::{Utf8Path, Utf8PathBuf};

use super::version::Version;
use crate::source_file::by_parts;

/// A file that a scan found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEntry {
    /// The version of the file.
    pub version: Version,
    /// Where the source keeps the content, if not at the file's path.
    pub(super) target: Option<Utf8PathBuf>,
}

/// The files of posts that a scan found, ordered by path.
///
/// All paths are in one string. A folder of a million files is scanned every minute, and one block of memory is returned to the system as
/// a whole: a map of paths would leave a million holes in the heap.
#[derive(Clone, Debug, Default)]
pub struct FoundFiles {
    paths: String,
    files: Vec<FoundFile>,
}

#[derive(Clone, Debug)]
struct FoundFile {
    /// The start of its path.
    start: usize,
    /// The end of its path.
    end: usize,
    entry: FileEntry,
}

impl FoundFiles {
    /// The number of files.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are no files.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The entry of the file at `path`.
    #[must_use]
    pub fn get(&self, path: &Utf8Path) -> Option<&FileEntry> {
        let found = self.files.get(self.place(path))?;
        (self.path(found) == path).then_some(&found.entry)
    }

    /// Whether there is a file at `path`.
    #[must_use]
    pub fn contains(&self, path: &Utf8Path) -> bool {
        self.get(path).is_some()
    }

    /// All files, ordered by path.
    pub fn iter(&self) -> impl Iterator<Item = (&Utf8Path, &FileEntry)> {
        self.files.iter().map(|file| (self.path(file), &file.entry))
    }

    /// The paths.
    pub fn paths(&self) -> impl Iterator<Item = &Utf8Path> {
        self.files.iter().map(|file| self.path(file))
    }

    /// The paths at and below `root`.
    pub fn below(&self, root: &Utf8Path) -> impl Iterator<Item = &Utf8Path> {
        let from_root = self.files.get(self.place(root)..).unwrap_or_default();
        let paths = from_root.iter().map(|file| self.path(file));
        paths.take_while(move |path| path.starts_with(root))
    }

    /// The paths that begin with the text `prefix`.
    pub fn starting_with<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a Utf8Path> {
        let from_first = self.files.get(self.place(Utf8Path::new(prefix))..).unwrap_or_default();
        let paths = from_first.iter().map(|file| self.path(file));
        paths.take_while(move |path| path.as_str().starts_with(prefix))
    }

    /// Adds the file at `path`, in any order.
    pub(super) fn push(&mut self, path: &Utf8Path, entry: FileEntry) {
        let start = self.paths.len();
        self.paths.push_str(path.as_str());
        let end = self.paths.len();
        self.files.push(FoundFile { start, end, entry });
    }

    /// Sorts the files. A folder that changes while it is read may list a file twice: the last entry counts.
    pub(super) fn sort(&mut self) {
        let paths = &self.paths;
        self.files
            .sort_by(|one, other| by_parts(path_in(paths, one), path_in(paths, other)));
        self.files.dedup_by(|later, file| {
            let is_again = path_in(paths, later) == path_in(paths, file);
            if is_again {
                std::mem::swap(later, file);
            }
            is_again
        });
    }

    fn path(&self, file: &FoundFile) -> &Utf8Path {
        path_in(&self.paths, file)
    }

    /// The number of files before `path`.
    fn place(&self, path: &Utf8Path) -> usize {
        self.files.partition_point(|file| by_parts(self.path(file), path).is_lt())
    }
}

fn path_in<'a>(paths: &'a str, file: &FoundFile) -> &'a Utf8Path {
    Utf8Path::new(paths.get(file.start..file.end).unwrap_or_default())
}

/// Paths that a scan found, in order. All of them are in one string, as in [`FoundFiles`].
#[derive(Clone, Debug, Default)]
pub struct FoundPaths {
    text: String,
    /// The start and the end of each path.
    ranges: Vec<(usize, usize)>,
}

impl FoundPaths {
    /// The number of paths.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Whether there are no paths.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// All paths, in order.
    pub fn paths(&self) -> impl Iterator<Item = &Utf8Path> {
        self.ranges.iter().map(|range| self.path(*range))
    }

    /// Whether `path` is one of them.
    #[must_use]
    pub fn contains(&self, path: &Utf8Path) -> bool {
        let found = self.ranges.binary_search_by(|range| by_parts(self.path(*range), path));
        found.is_ok()
    }

    /// Adds `path`, in any order.
    pub(super) fn push(&mut self, path: &Utf8Path) {
        let start = self.text.len();
        self.text.push_str(path.as_str());
        self.ranges.push((start, self.text.len()));
    }

    /// Sorts the paths, and removes repeated ones.
    pub(super) fn sort(&mut self) {
        let text = &self.text;
        let path = |(start, end): (usize, usize)| Utf8Path::new(text.get(start..end).unwrap_or_default());
        self.ranges.sort_by(|one, other| by_parts(path(*one), path(*other)));
        self.ranges.dedup_by(|one, other| path(*one) == path(*other));
    }

    fn path(&self, (start, end): (usize, usize)) -> &Utf8Path {
        Utf8Path::new(self.text.get(start..end).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::version::FileId;

    fn entry(inode: u64) -> FileEntry {
        let version = Version::new(FileId(1, inode), 1, 0, 0);
        FileEntry { version, target: None }
    }

    #[test]
    fn paths_are_sorted_and_found() {
        let mut found = FoundPaths::default();
        for path in ["b.png", "a/c.png", "a.png", "b.png"] {
            found.push(path.into());
        }
        found.sort();
        let paths: Vec<_> = found.paths().map(Utf8Path::as_str).collect();
        assert_eq!(paths, ["a/c.png", "a.png", "b.png"]);
        assert!(found.contains("a.png".into()) && !found.contains("c.png".into()));
    }

    #[test]
    fn a_file_that_was_added_twice_is_kept_as_added_last() {
        let mut files = FoundFiles::default();
        for (path, inode) in [("b.md", 1), ("a/c.md", 2), ("a.md", 3), ("b.md", 4), ("a.md", 5), ("b.md", 6)] {
            files.push(path.into(), entry(inode));
        }
        files.sort();
        let found: Vec<_> = files
            .iter()
            .map(|(path, entry)| (path.as_str(), entry.version.file().1))
            .collect();
        assert_eq!(found, [("a/c.md", 2), ("a.md", 5), ("b.md", 6)]);
        assert_eq!(files.len(), 3);
        for (prefix, expected) in [
            ("a", vec!["a/c.md", "a.md"]),
            ("a.", vec!["a.md"]),
            ("a/", vec!["a/c.md"]),
            ("x", vec![]),
        ] {
            let found: Vec<_> = files.starting_with(prefix).map(Utf8Path::as_str).collect();
            assert_eq!(found, expected, "{prefix}");
        }
    }
}
