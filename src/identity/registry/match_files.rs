//! Matches changed files to known posts, and updates which file each post is in.

use std::sync::Arc;

use camino::Utf8Path;

use super::Registry;
use crate::config::Config;
use crate::identity::assignment::{AssignedPosts, UnreadableFiles};
use crate::identity::known_files::KnownFile;
use crate::identity::matching::{Candidates, FileMatch, Unassigned, match_posts};
use crate::identity::post_records::PostId;
use crate::post::Post;
use crate::time::Timestamp;

impl Registry {
    /// Matches the posts in `changed` files, which are ordered by path, and adds them to `assigned`.
    pub(super) fn match_files(
        &mut self,
        changed: &[&Arc<Post>],
        unreadable: UnreadableFiles,
        config: &Config,
        now: Timestamp,
        assigned: &mut AssignedPosts,
    ) {
        if changed.is_empty() {
            return;
        }
        let mut unassigned = self.unassign(changed);
        let candidates = Candidates::new(self, changed, &unassigned, unreadable, now);
        let matches = match_posts(changed, candidates);
        assigned.changes.posts.reserve(changed.len());
        for (&post, FileMatch { id, warning }) in changed.iter().zip(matches) {
            if let Some(id) = &id {
                let was_unmatched = self.unmatched.remove(id, &self.posts);
                self.is_history_stale |= was_unmatched;
                let was_unassigned = unassigned.ids.remove(id);
                self.set_file(id, &post.source, !was_unmatched && !was_unassigned, assigned);
            }
            match warning {
                Some(warning) => self.match_warnings.insert(post.source.clone(), *warning),
                None => self.match_warnings.remove(&post.source),
            };
            let file = self.known_file(post, id.as_deref(), config, now);
            assigned.add(&file);
            self.files.insert(file);
        }
        for id in unassigned.ids {
            self.set_unmatched(id);
        }
    }

    /// Unassigns the posts in these files.
    fn unassign<'a>(&mut self, changed: &[&'a Arc<Post>]) -> Unassigned<'a> {
        let mut unassigned = Unassigned::default();
        if self.files.is_empty() {
            return unassigned;
        }
        for post in changed {
            if let Some(id) = self.take_file(&post.source) {
                unassigned.by_path.insert(post.source.as_str(), id.clone());
                unassigned.ids.insert(id);
            }
        }
        unassigned
    }

    /// Sets the file of the post with this id to the one at `path`. `is_in_other_file` says whether it is still assigned to another one.
    pub(super) fn set_file(&mut self, id: &PostId, path: &Utf8Path, is_in_other_file: bool, assigned: &mut AssignedPosts) {
        if let Some(before) = self.place(id).filter(|before| is_in_other_file && *before != path) {
            let before = before.to_owned();
            self.outdated.insert(before.clone());
            self.replaced.insert(before);
        }
        let Some(source) = self.posts.get(id).map(|record| &record.source) else {
            return;
        };
        if path == source {
            self.moved.remove(id);
        } else {
            assigned.moved.push((path.to_owned(), source.clone()));
            self.moved.insert(id.clone(), path.to_owned());
            self.is_history_stale = true;
        }
    }

    /// The file of `post`, which is the known post with this id, or a new post.
    pub(super) fn known_file(&mut self, post: &Arc<Post>, id: Option<&str>, config: &Config, now: Timestamp) -> KnownFile {
        let published = match id {
            Some(id) if *id != post.id => Arc::new(Post {
                id: id.into(),
                ..Post::clone(post)
            }),
            _ => Arc::clone(post),
        };
        let file = KnownFile {
            read: Arc::clone(post),
            published,
            visibility: post.visibility(now),
            is_known: id.is_some(),
        };
        self.with_known_values(file, config, now)
    }
}
