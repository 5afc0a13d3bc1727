//! Changes to the posts of a source.

use std::sync::Arc;

use camino::Utf8PathBuf;

use super::Post;

/// Posts that are new or changed. The other posts of the source stay as they were.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The posts that are new or changed, ordered by path.
    pub posts: Vec<Arc<Post>>,
    /// The files that no longer contain a post, ordered by path.
    pub gone: Vec<Utf8PathBuf>,
    /// Whether `posts` are all posts of the source, so that all others are gone.
    pub are_all: bool,
}

impl Changes {
    /// Changes after which a source has exactly these posts, which are ordered by path.
    #[must_use]
    pub fn all(posts: Vec<Arc<Post>>) -> Changes {
        Changes {
            posts,
            gone: Vec::new(),
            are_all: true,
        }
    }

    /// Adds `posts`, which are not in `gone`. A post whose file is already among the changes is not added.
    pub fn add(&mut self, mut posts: Vec<Arc<Post>>) {
        posts.retain(|post| self.posts.binary_search_by(|known| known.by_source(post)).is_err());
        if !posts.is_empty() {
            self.posts.append(&mut posts);
            self.posts.sort_by(|a, b| a.by_source(b));
        }
    }
}
