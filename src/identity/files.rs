//! The files that there are posts in.

use std::cell::Cell;
use std::cmp::Ordering;
use std::sync::Arc;

use camino::Utf8Path;

use super::matching::named;
use super::remembered::Wanted;
use crate::post::{Post, Visibility};
use crate::shared_vec::SharedVec;
use crate::source_file::by_parts;

/// A file as it was last settled.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) read: Arc<Post>,
    /// The post as the world knows it.
    pub(super) settled: Arc<Post>,
    pub(super) visibility: Visibility,
    /// Whether the post is one that is remembered, by the id that it was settled with.
    pub(super) is_known: bool,
}

impl File {
    /// The id of the remembered post that it is.
    pub(super) fn id(&self) -> Option<&str> {
        self.is_known.then_some(self.settled.id())
    }

    /// What it asks for.
    pub(super) fn wanted(&self) -> Wanted<'_> {
        Wanted {
            address: self.read.address(),
            id: named(&self.read).filter(|named| **named != *self.settled.id()),
        }
    }

    /// Whether the world may read its post.
    pub(super) fn is_out(&self) -> bool {
        matches!(self.visibility, Visibility::Public | Visibility::Unlisted)
    }
}

/// Files ordered by path, each found by its own.
#[derive(Debug, Default)]
pub(super) struct Files {
    row: SharedVec<File>,
    /// Where one was found last.
    last: Cell<usize>,
}

impl Files {
    pub(super) fn is_empty(&self) -> bool {
        self.row.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &File> {
        self.row.iter()
    }

    pub(super) fn get(&self, path: impl AsRef<Utf8Path>) -> Option<&File> {
        self.row.get(self.find(path.as_ref())?)
    }

    pub(super) fn contains(&self, path: impl AsRef<Utf8Path>) -> bool {
        self.find(path.as_ref()).is_some()
    }

    /// The file at `path`, to be changed; it stays where it is.
    pub(super) fn get_mut(&mut self, path: impl AsRef<Utf8Path>) -> Option<&mut File> {
        self.row.get_mut(self.find(path.as_ref())?)
    }

    pub(super) fn take(&mut self, path: impl AsRef<Utf8Path>) -> Option<File> {
        self.row.remove(self.find(path.as_ref())?)
    }

    /// Takes in `file`, in the place of the one at its path if there is one.
    pub(super) fn insert(&mut self, file: File) {
        let place = self.place(file.read.source());
        match self
            .row
            .get_mut(place)
            .filter(|other| other.read.source() == file.read.source())
        {
            Some(other) => *other = file,
            None => self.row.insert(place, file),
        }
    }

    fn find(&self, path: &Utf8Path) -> Option<usize> {
        let place = self.place(path);
        let file = self.row.get(place)?;
        (file.read.source().as_str() == path.as_str()).then_some(place)
    }

    /// How many stand before `path`.
    fn place(&self, path: &Utf8Path) -> usize {
        let order = |file: &File| by_parts(file.read.source(), path);
        let last = self.last.get();
        let mut near = self.row.iter_from(last);
        // where there are many to be found they come in order, and to look for one takes a dozen comparisons
        let place = match near.next().map(order) {
            Some(Ordering::Equal) => last,
            Some(Ordering::Less) if near.next().is_none_or(|file| order(file).is_ge()) => last + 1,
            _ => self.row.partition_point(|file| order(file).is_lt()),
        };
        self.last.set(place);
        place
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use camino::Utf8PathBuf;
    use proptest::prelude::*;

    use super::*;
    use crate::config::Config;
    use crate::post;
    use crate::source_file::SourceFile;
    use crate::time::Timestamp;

    fn file(path: &str) -> File {
        let source = SourceFile {
            path: path.into(),
            bytes: b"Reeds.\n".as_slice().into(),
            modified: Timestamp::UNIX_EPOCH,
        };
        let post = Arc::new(post::read(&source, &Config::default()).unwrap().post);
        File {
            read: Arc::clone(&post),
            settled: post,
            visibility: Visibility::Public,
            is_known: true,
        }
    }

    proptest! {
        #[test]
        fn each_is_found_in_whatever_order_they_are_asked_for(steps in proptest::collection::vec((0..3, "[ab]{0,2}(/[ab])?"), 0..40)) {
            let (mut files, mut expected) = (Files::default(), BTreeMap::new());
            for (step, path) in steps {
                let path = format!("c{path}.md");
                match step {
                    0 => {
                        let file = file(&path);
                        expected.insert(Utf8PathBuf::from(&path), Arc::clone(&file.read));
                        files.insert(file);
                    }
                    1 => {
                        let taken = files.take(&path).map(|file| file.read);
                        prop_assert_eq!(taken, expected.remove(Utf8Path::new(&path)));
                    }
                    _ => prop_assert_eq!(files.get(&path).map(|file| &file.read), expected.get(Utf8Path::new(&path))),
                }
                prop_assert!(files.iter().map(|file| file.read.source()).eq(expected.keys()));
            }
        }
    }
}
