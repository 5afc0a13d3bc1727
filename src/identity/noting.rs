//! How posts were published.

use std::borrow::Cow;
use std::sync::Arc;

use super::assigning::MatchWarning;
use super::matching::{named, refused};
use super::record::{Former, PostRecord};
use super::remembered::{Rest, Wanted};
use super::{Id, Registry, SECOND};
use crate::post::{Post, Visibility};
use crate::time::Timestamp;

/// Former addresses of one post that are remembered: the oldest past them are forgotten.
const MOST_ADDRESSES: usize = 200;

impl Registry {
    /// Whether new posts are published under the id of a post that is gone, so that they are that one: when it is settled anew, it comes
    /// back.
    #[must_use]
    pub fn has_clashed(&self) -> bool {
        !self.clashed.is_empty()
    }

    /// Notes how `posts` are published in a site built at `now`: those that it was built anew for.
    pub fn record_published<'a>(&mut self, posts: impl IntoIterator<Item = &'a Arc<Post>>, now: Timestamp) {
        self.is_new = false;
        let posts = posts.into_iter();
        if self.posts.len() == 0 {
            // it comes to this anyway, and step by step every post is looked up anew at each
            self.posts.reserve(posts.size_hint().0);
        }
        for post in posts {
            let Some(file) = self.files.get(post.source()) else {
                continue;
            };
            let is_out = file.is_out();
            if is_out && file.id() == Some(post.id()) && self.posts.keep_beside(post, &file.wanted()) {
                if post.address() != file.settled.address() {
                    self.moving.insert(post.id().into());
                }
                continue;
            }
            match file.id().map(Id::from) {
                Some(id) => {
                    let Some(before) = self.posts.get(&id).map(Cow::into_owned) else {
                        continue;
                    };
                    let record = if is_out {
                        let until = self.past.left_at(&before.address, &id, now);
                        rewritten(before.clone(), post, &file.wanted(), until)
                    } else {
                        PostRecord {
                            source: post.source().to_path_buf(),
                            ..before.clone()
                        }
                    };
                    if *record.address != *file.settled.address() {
                        self.moving.insert(Arc::clone(&id));
                    }
                    if record != before {
                        let is_elsewhere = record.address != before.address;
                        self.changes.is_urgent |= is_elsewhere || record.source != before.source;
                        self.is_past_stale |= is_elsewhere || record.source != before.source;
                        self.has_displaced |= is_elsewhere && *record.address != *file.settled.address();
                        self.moved.remove(&id);
                        self.tell_of(&record);
                        self.changes.posts.insert(id);
                    }
                    self.posts.insert_beside(record, post);
                }
                None if is_out => {
                    let id: Id = post.id().into();
                    if self.posts.contains(&id) {
                        // a clash brought it to this id, of a post that is gone, or that nothing is left of but the record
                        let path = post.source().to_path_buf();
                        if self.unmatched.contains(&id) {
                            self.clashed.insert(path, id);
                        } else {
                            self.touched.insert(path);
                        }
                        continue;
                    }
                    let mut earlier = Vec::new();
                    let heir_of = self.doubts.get(post.source()).and_then(|doubt| doubt.heir_of.as_ref());
                    let inherited = heir_of.and_then(|heir_of| self.posts.get(heir_of));
                    if let Some(former) = inherited.filter(|former| *former.address != *post.address()) {
                        earlier.clone_from(&former.earlier);
                        // later than the former one went, so that its address leads here
                        let until = now.saturating_add(SECOND).unwrap_or(now);
                        earlier.push(Former {
                            address: former.address.clone(),
                            until,
                        });
                        self.told.insert(Arc::clone(&id));
                    }
                    let never_listed = file.visibility == Visibility::Unlisted;
                    let wanted = Wanted {
                        address: file.read.address(),
                        id: named(&file.read).filter(|named| **named != *id),
                    };
                    let rest = Rest::new(post, &wanted, earlier, now, never_listed);
                    let remark = wanted
                        .id
                        .map(|named| refused(&file.read, self.posts.get(named).as_deref(), &id));
                    // from now on it has what it came to, and claims nothing else
                    if !Arc::ptr_eq(&file.settled, post) {
                        self.touched.insert(post.source().to_path_buf());
                    }
                    if let Some(remark) = remark {
                        self.doubts
                            .insert(post.source().to_path_buf(), MatchWarning { heir_of: None, remark });
                    }
                    if let Some(file) = self.files.get_mut(post.source()) {
                        file.settled = Arc::clone(post);
                        file.is_known = true;
                    }
                    self.posts.insert_new(post, rest);
                    self.changes.posts.insert(id);
                    self.changes.is_urgent = true;
                }
                None => {}
            }
        }
    }
}

/// `record` brought up to `post`, as it is published; the address that it had, it left at `until`.
fn rewritten(record: PostRecord, post: &Post, wanted: &Wanted, until: Timestamp) -> PostRecord {
    let mut earlier = record.earlier;
    if *record.address != *post.address() {
        earlier.retain(|earlier| earlier.address != record.address && *earlier.address != *post.address());
        earlier.push(Former {
            address: record.address,
            until,
        });
        let surplus = earlier.len().saturating_sub(MOST_ADDRESSES);
        earlier.drain(..surplus);
    }
    PostRecord {
        id: record.id,
        wanted: wanted.address.to_owned(),
        wanted_id: wanted.id.map(str::to_owned),
        earlier,
        changed: record.changed,
        content: record.content,
        withdrawn: record.withdrawn,
        returned: record.returned,
        taken_back: record.taken_back,
        never_listed: record.never_listed,
        ..PostRecord::of(post, record.first_served)
    }
}
