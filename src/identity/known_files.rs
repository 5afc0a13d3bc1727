//! The files that contain posts, and which known post each of them is.

use std::borrow::Borrow;
use std::cell::Cell;
use std::cmp::Ordering;
use std::sync::Arc;

use camino::Utf8Path;

use crate::post::{Origin, Post, Visibility};
use crate::shared_vec::SharedVec;
use crate::source_file::by_parts;

/// A file with a post, as of the last time it was matched.
#[derive(Clone, Debug)]
pub(super) struct KnownFile {
    /// The post as it is in the file.
    pub(super) read: Arc<Post>,
    /// The post with the id, address and dates that readers know.
    pub(super) published: Arc<Post>,
    pub(super) visibility: Visibility,
    /// Whether the post has a record, under the id of `published`.
    pub(super) is_known: bool,
}

impl KnownFile {
    /// The id of the post, if it has a record.
    pub(super) fn id(&self) -> Option<&str> {
        self.is_known.then_some(self.published.id.as_str())
    }

    /// The id that the file asks for, if the post has another one.
    pub(super) fn wanted_id(&self) -> Option<&str> {
        named_id(&self.read).filter(|named| **named != self.published.id)
    }

    /// Whether readers can read the post, listed or not.
    pub(super) fn is_readable(&self) -> bool {
        self.visibility.is_readable()
    }
}

/// All files with posts, ordered by path.
#[derive(Debug, Default)]
pub(super) struct KnownFiles {
    files: SharedVec<KnownFile>,
    /// The position that was found last.
    last: Cell<usize>,
}

impl KnownFiles {
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &KnownFile> {
        self.files.iter()
    }

    pub(super) fn get(&self, path: impl AsRef<Utf8Path>) -> Option<&KnownFile> {
        self.files.get(self.find(path.as_ref())?)
    }

    pub(super) fn contains(&self, path: impl AsRef<Utf8Path>) -> bool {
        self.find(path.as_ref()).is_some()
    }

    /// The file at `path`, to be changed. Its path must stay as it is.
    pub(super) fn get_mut(&mut self, path: impl AsRef<Utf8Path>) -> Option<&mut KnownFile> {
        self.files.get_mut(self.find(path.as_ref())?)
    }

    pub(super) fn remove(&mut self, path: impl AsRef<Utf8Path>) -> Option<KnownFile> {
        self.files.remove(self.find(path.as_ref())?)
    }

    /// Adds `file`, in place of the one at the same path if there is one.
    pub(super) fn insert(&mut self, file: KnownFile) {
        let path = &file.read.source;
        let position = self.position(path);
        match self.files.get_mut(position).filter(|other| other.read.source == *path) {
            Some(other) => *other = file,
            None => self.files.insert(position, file),
        }
    }

    fn find(&self, path: &Utf8Path) -> Option<usize> {
        let position = self.position(path);
        let file = self.files.get(position)?;
        (file.read.source.as_str() == path.as_str()).then_some(position)
    }

    /// How many files are before `path`.
    fn position(&self, path: &Utf8Path) -> usize {
        let order = |file: &KnownFile| by_parts(&file.read.source, path);
        let last = self.last.get();
        let mut next = self.files.iter_from(last);
        // many files are looked up in order, so the last position or the next one is tried before a search of a dozen comparisons
        let position = match next.next().map(order) {
            Some(Ordering::Equal) => last,
            Some(Ordering::Less) if next.next().is_none_or(|file| order(file).is_ge()) => last + 1,
            _ => self.files.partition_point(|file| order(file).is_lt()),
        };
        self.last.set(position);
        position
    }
}

/// The id in the front matter of `post`.
pub(super) fn named_id(post: &Post) -> Option<&str> {
    matches!(post.origins.id, Origin::Field(_)).then_some(post.id.as_str())
}

/// The position of the post from the file at `path` in `posts`, which are ordered by path.
pub(super) fn position_of(path: &Utf8Path, posts: &[impl Borrow<Arc<Post>>]) -> Option<usize> {
    let order = |post: &Arc<Post>| by_parts(&post.source, path);
    posts.binary_search_by(|post| order(post.borrow())).ok()
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

    fn file(path: &str) -> KnownFile {
        let source = SourceFile {
            path: path.into(),
            bytes: b"Reeds.\n".as_slice().into(),
            modified: Timestamp::UNIX_EPOCH,
        };
        let post = Arc::new(post::read(&source, &Config::default()).unwrap().post);
        KnownFile {
            read: Arc::clone(&post),
            published: post,
            visibility: Visibility::Public,
            is_known: true,
        }
    }

    proptest! {
        #[test]
        fn files_are_found_in_whatever_order_they_are_looked_up(steps in proptest::collection::vec((0..3, "[ab]{0,2}(/[ab])?"), 0..40)) {
            let (mut files, mut expected) = (KnownFiles::default(), BTreeMap::new());
            for (step, path) in steps {
                let path = format!("c{path}.md");
                match step {
                    0 => {
                        let file = file(&path);
                        expected.insert(Utf8PathBuf::from(&path), Arc::clone(&file.read));
                        files.insert(file);
                    }
                    1 => {
                        let removed = files.remove(&path).map(|file| file.read);
                        prop_assert_eq!(removed, expected.remove(Utf8Path::new(&path)));
                    }
                    _ => prop_assert_eq!(files.get(&path).map(|file| &file.read), expected.get(Utf8Path::new(&path))),
                }
                prop_assert!(files.iter().map(|file| &file.read.source).eq(expected.keys()));
            }
        }
    }
}
