//! Records posts as a site shows them.

use std::sync::Arc;

use super::Registry;
use crate::identity::known_files::{KnownFile, named_id};
use crate::identity::match_warning::{MatchWarning, id_not_used};
use crate::identity::post_records::PostId;
use crate::identity::record::{FormerAddress, PostRecord, second_after};
use crate::post::{Post, Visibility};
use crate::time::Timestamp;

/// Former addresses of one post that are kept. The oldest of more are forgotten.
const MOST_ADDRESSES: usize = 200;

impl Registry {
    /// Records how `posts` are shown by a site that was built at `now`.
    pub fn record_published<'a>(&mut self, posts: impl IntoIterator<Item = &'a Arc<Post>>, now: Timestamp) {
        self.is_new = false;
        let posts = posts.into_iter();
        if self.posts.is_empty() {
            // a table that grows step by step hashes every id again at each step
            self.posts.reserve(posts.size_hint().0);
        }
        for post in posts {
            let Some(file) = self.files.get(&post.source).cloned() else {
                continue;
            };
            match file.id() {
                Some(id) => self.update_record(id, &file, post, now),
                None if file.is_readable() => self.add_record(&file, post, now),
                None => {}
            }
        }
    }

    /// Updates the record of the post with this id, which is in `file` and shown as `post`.
    fn update_record(&mut self, id: &str, file: &KnownFile, post: &Arc<Post>, now: Timestamp) {
        let Some(before) = self.posts.get(id) else { return };
        let record = if file.is_readable() {
            updated_record(before, file, post, self.history.left_at(&before.address, id, now))
        } else {
            PostRecord {
                source: post.source.clone(),
                ..before.clone()
            }
        };
        let id: PostId = id.into();
        let is_displaced = *record.address != file.published.address;
        if is_displaced {
            self.moving.insert(id.clone());
        }
        if record == *before {
            // the record that was loaded is equal, but has texts of its own; this one shares those of the post
            if let Some(before) = self.posts.get_mut(&id) {
                *before = record;
            }
            return;
        }
        let has_new_address = record.address != before.address;
        let is_moved = has_new_address || record.source != before.source;
        self.unstored.is_urgent |= is_moved;
        self.is_history_stale |= is_moved;
        self.has_displaced |= has_new_address && is_displaced;
        self.moved.remove(&id);
        self.add_to_history(&record);
        self.unstored.posts.insert(id);
        self.posts.insert(record);
    }

    /// Adds a record of the new post in `file`, which is shown as `post` for the first time.
    fn add_record(&mut self, file: &KnownFile, post: &Arc<Post>, now: Timestamp) {
        let id = post.id.clone();
        let path = &post.source;
        if self.posts.contains(&id) {
            // the site gave it the id of another post
            if self.unmatched.contains(&id) {
                self.id_clashes.insert(path.to_path_buf(), id);
            } else {
                self.outdated.insert(path.to_path_buf());
            }
            return;
        }
        let record = self.new_record(file, post, now);
        self.add_to_history(&record);
        // from now on the post keeps what it has, and does not ask for another id or address
        if !Arc::ptr_eq(&file.published, post) {
            self.outdated.insert(path.to_path_buf());
        }
        if let Some(wanted) = &record.wanted_id {
            let warning = id_not_used(&file.read, self.posts.get(wanted), &id);
            self.match_warnings.insert(path.to_path_buf(), MatchWarning::new(warning));
        }
        if let Some(file) = self.files.get_mut(path) {
            file.published = Arc::clone(post);
            file.is_known = true;
        }
        if let Some(file) = self.files.get(path).cloned() {
            self.warn_about_address(&file);
        }
        self.posts.insert(record);
        self.unstored.posts.insert(id);
        self.unstored.is_urgent = true;
    }

    /// The record of the new post in `file`, which is shown as `post`. If it replaces a known post, it has that one's addresses as former
    /// addresses.
    fn new_record(&self, file: &KnownFile, post: &Post, now: Timestamp) -> PostRecord {
        let mut record = PostRecord {
            wanted: file.read.address.clone(),
            wanted_id: named_id(&file.read).filter(|named| **named != post.id).map(Into::into),
            never_listed: file.visibility != Visibility::Public,
            ..PostRecord::of(post, now)
        };
        let warning = self.match_warnings.get(&post.source);
        let predecessor = warning.and_then(|warning| self.posts.get(warning.predecessor.as_ref()?));
        if let Some(predecessor) = predecessor.filter(|predecessor| predecessor.address != record.address) {
            record.earlier.clone_from(&predecessor.earlier);
            record.earlier.push(FormerAddress {
                address: predecessor.address.to_string(),
                // later than the predecessor left it, so that the address leads to this post
                until: second_after(now),
            });
        }
        record
    }
}

/// The record `before` with what is new in `post`, which is in `file`. If the post has another address now, it left the old one at
/// `left_at`.
fn updated_record(before: &PostRecord, file: &KnownFile, post: &Post, left_at: Timestamp) -> PostRecord {
    let mut earlier = before.earlier.clone();
    if *before.address != post.address {
        earlier.retain(|earlier| earlier.address != before.address && *earlier.address != post.address);
        earlier.push(FormerAddress {
            address: before.address.to_string(),
            until: left_at,
        });
        let surplus = earlier.len().saturating_sub(MOST_ADDRESSES);
        earlier.drain(..surplus);
    }
    PostRecord {
        id: before.id.clone(),
        wanted: file.read.address.clone(),
        wanted_id: file.wanted_id().map(Into::into),
        earlier,
        changed: before.changed,
        content: before.content,
        withdrawn: before.withdrawn,
        returned: before.returned,
        listed: before.listed,
        taken_back: before.taken_back,
        never_listed: before.never_listed,
        ..PostRecord::of(post, before.first_served)
    }
}
