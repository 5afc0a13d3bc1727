//! What became of the posts of a folder.

use std::sync::Arc;

use camino::Utf8PathBuf;

use super::Post;

/// Posts that are others than before, of a folder whose other posts are as they were.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The posts that are new or others, ordered by path.
    pub posts: Vec<Arc<Post>>,
    /// The files, ordered by path, in which there is no post any more.
    pub gone: Vec<Utf8PathBuf>,
    /// Whether these posts are all there are, so that any other one is gone.
    pub are_all: bool,
}

impl Changes {
    /// All posts of a folder, ordered by path.
    #[must_use]
    pub fn all(posts: Vec<Arc<Post>>) -> Changes {
        Changes {
            posts,
            gone: Vec::new(),
            are_all: true,
        }
    }

    /// Adds `posts`, of which none is gone; what it has already of one stays.
    pub fn add(&mut self, mut posts: Vec<Arc<Post>>) {
        posts.retain(|post| self.posts.binary_search_by(|known| known.by_source(post)).is_err());
        if !posts.is_empty() {
            self.posts.append(&mut posts);
            self.posts.sort_by(|a, b| a.by_source(b));
        }
    }
}
