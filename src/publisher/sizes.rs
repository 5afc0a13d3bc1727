//! How long the files are that posts carry: what a feed has to say of an enclosure, and only the disk knows.

use std::collections::HashMap;
use std::sync::Arc;

use camino::Utf8PathBuf;

use crate::folder::Folder;
use crate::post::reference::file_beside;
use crate::post::{Enclosure, Post};

/// What was found last, by the post's file. A post whose files did not change stays the very same post.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    known: HashMap<Utf8PathBuf, Measured>,
}

#[derive(Debug)]
struct Measured {
    read: Arc<Post>,
    lengths: Vec<u64>,
    post: Arc<Post>,
}

impl Sizes {
    /// `posts` with the lengths of the files beside them that they carry, where they do not name them, and whether any of these
    /// is another than the last time.
    pub(super) fn measure<'a>(&mut self, posts: impl Iterator<Item = &'a Arc<Post>>, folder: &Folder) -> (Vec<Arc<Post>>, bool) {
        let mut known = HashMap::new();
        let mut has_changed = false;
        let posts = posts
            .map(|read| {
                let Some(lengths) = lengths(read, folder) else {
                    return Arc::clone(read);
                };
                let before = self.known.remove(&read.source);
                let measured = match before.filter(|before| Arc::ptr_eq(&before.read, read) && before.lengths == lengths) {
                    Some(same) => same,
                    None => {
                        has_changed = true;
                        Measured::new(read, lengths)
                    }
                };
                let post = Arc::clone(&measured.post);
                known.insert(read.source.clone(), measured);
                post
            })
            .collect();
        self.known = known;
        (posts, has_changed)
    }
}

impl Measured {
    fn new(read: &Arc<Post>, lengths: Vec<u64>) -> Measured {
        let mut post = Post::clone(read);
        for (enclosure, &length) in post.enclosures.iter_mut().zip(&lengths) {
            enclosure.length = length;
        }
        Measured {
            read: Arc::clone(read),
            lengths,
            post: Arc::new(post),
        }
    }
}

/// The lengths of what `post` carries; `None` where the post names all that can be known.
fn lengths(post: &Post, folder: &Folder) -> Option<Vec<u64>> {
    let beside = |url: &str| file_beside(&post.source, url);
    let is_open = post
        .enclosures
        .iter()
        .any(|enclosure| enclosure.length == 0 && beside(&enclosure.url).is_some());
    is_open.then(|| {
        let length = |enclosure: &Enclosure| match enclosure.length {
            0 => beside(&enclosure.url)
                .and_then(|path| folder.media_length(&path))
                .unwrap_or(0),
            named => named,
        };
        post.enclosures.iter().map(length).collect()
    })
}
