//! New posts that were published under the id of a post without a file.

use std::sync::Arc;

use camino::Utf8PathBuf;

use super::Registry;
use crate::config::Config;
use crate::identity::assignment::AssignedPosts;
use crate::identity::known_files::named_id;
use crate::post::{Each, Origin, Post, Taken, Words};
use crate::time::Timestamp;

impl Registry {
    /// Whether new posts were published under the id of a post without a file. The next assignment resolves that.
    #[must_use]
    pub fn has_id_clashes(&self) -> bool {
        !self.id_clashes.is_empty()
    }

    /// Resolves the id clashes, and returns the files. If the front matter names the id, the file is that post. Otherwise the post gets
    /// another id: its day and slug happen to give that id, and nothing else says that it is that post.
    pub(super) fn resolve_id_clashes(
        &mut self,
        config: &Config,
        now: Timestamp,
        assigned: &mut AssignedPosts,
    ) -> Vec<Utf8PathBuf> {
        let mut resolved = Vec::new();
        for (path, id) in std::mem::take(&mut self.id_clashes) {
            let Some(file) = self.files.get(path.as_str()).filter(|file| file.id().is_none()) else {
                continue;
            };
            if named_id(&file.read) != Some(&*id) {
                let published = Arc::new(self.with_free_id(&file.published, config));
                if let Some(file) = self.files.get_mut(path.as_str()) {
                    file.published = published;
                }
                resolved.push(path);
            } else if self.unmatched.remove(&id, &self.posts)
                && let Some(file) = self.files.remove(path.as_str())
            {
                self.is_history_stale = true;
                if let Some(record) = self.posts.get_mut(&id).filter(|record| record.withdrawn == Some(now)) {
                    // it was withdrawn a moment ago, and no reader saw that
                    record.withdrawn = None;
                }
                self.set_file(&id, &path, false, assigned);
                let file = self.known_file(&file.read, Some(&id), config, now);
                self.files.insert(file);
                resolved.push(path);
            }
        }
        resolved
    }

    /// `post`, which is new, with an id made from its path that no known post has.
    fn with_free_id(&self, post: &Arc<Post>, config: &Config) -> Post {
        let hash = blake3::hash(post.source().as_str().as_bytes()).to_hex();
        let id_with = |end: &str| {
            let slug = format!("{}-{}{end}", post.slug(), &hash[..12]);
            let taken = Taken {
                id: true,
                address: false,
            };
            post.displaced(&slug, taken, config)
        };
        let mut number = 1;
        let mut with_id = id_with("");
        // an id that is taken is one of an earlier post at this path, so there are no more of them than records
        while self.posts.contains(with_id.id()) && number <= self.posts.len() {
            number += 1;
            with_id = id_with(&format!("-{number}"));
        }
        let mut given = Post::clone(post);
        given.words = Words::from(Each {
            id: with_id.id(),
            ..post.words.each()
        });
        given.set_atom_id(None);
        given.origins_mut().id = Origin::Displaced;
        given
    }
}
