//! How posts were published.

use std::sync::Arc;

use super::record::{Fingerprint, Former, PostRecord};
use super::{Id, Ledger, SECOND};
use crate::post::{Origin, Post, Visibility};
use crate::time::Timestamp;

/// Former addresses of one post that are remembered: the oldest past them are forgotten.
const MOST_ADDRESSES: usize = 200;

impl Ledger {
    /// Notes how `posts` are published in a site built at `now`: those that it was built anew for.
    pub fn note<'a>(&mut self, posts: impl IntoIterator<Item = &'a Arc<Post>>, now: Timestamp) {
        self.is_new = false;
        for post in posts {
            let Some(file) = self.files.get_mut(post.source.as_str()) else {
                continue;
            };
            let is_out = file.is_out();
            if file.noted.as_ref().is_some_and(|noted| Arc::ptr_eq(noted, post)) && (file.id.is_some() || !is_out) {
                continue;
            }
            file.noted = Some(Arc::clone(post));
            let wanted = file.read.address.clone();
            match file.id.clone() {
                Some(id) => {
                    let Some(record) = self.posts.get_mut(&id) else { continue };
                    let before = record.clone();
                    if is_out {
                        rewrite(record, post, wanted, self.past.left_at(&record.address, &id, now));
                    } else {
                        record.source.clone_from(&post.source);
                    }
                    if record.address != file.settled.address {
                        self.moving.insert(Arc::clone(&id));
                    }
                    if *record != before {
                        let is_elsewhere = record.address != before.address;
                        self.changes.is_urgent |= is_elsewhere || record.source != before.source;
                        self.is_past_stale |= is_elsewhere || record.source != before.source;
                        if record.source != before.source && self.by_source.get(&before.source) == Some(&id) {
                            self.by_source.remove(&before.source);
                        }
                        self.by_source.insert(post.source.clone(), Arc::clone(&id));
                        let record = record.clone();
                        self.tell_of(&id, &record);
                        self.changes.posts.insert(id);
                    }
                }
                None if is_out => {
                    let id: Id = post.id.as_str().into();
                    // it came to this id by a clash with a post that nothing is left of but the record
                    if self.posts.contains_key(&id) && self.holders.contains_key(&id) {
                        self.touched.insert(post.source.clone());
                        continue;
                    }
                    let mut record = first_record(post, wanted, file.read.content, now);
                    record.never_listed = file.visibility == Visibility::Unlisted;
                    let inherited = file.heir_of.as_ref().and_then(|heir_of| self.posts.get(heir_of));
                    if let Some(former) = inherited.filter(|former| former.address != record.address) {
                        record.earlier.clone_from(&former.earlier);
                        // later than the former one went, so that its address leads here
                        let until = now.saturating_add(SECOND).unwrap_or(now);
                        record.earlier.push(Former {
                            address: former.address.clone(),
                            until,
                        });
                    }
                    file.id = Some(Arc::clone(&id));
                    // from now on it has what it came to, and claims nothing else
                    if !Arc::ptr_eq(&file.settled, post) {
                        file.settled = Arc::clone(post);
                        self.touched.insert(post.source.clone());
                    }
                    self.by_source.insert(post.source.clone(), Arc::clone(&id));
                    self.holders.insert(Arc::clone(&id), post.source.clone());
                    self.strays.remove(&id);
                    self.tell_of(&id, &record);
                    self.posts.insert(Arc::clone(&id), record);
                    self.changes.posts.insert(id);
                    self.changes.is_urgent = true;
                }
                None => {}
            }
        }
    }
}

/// Brings `record` up to `post`, as it is published; the address that it had, it left at `until`.
fn rewrite(record: &mut PostRecord, post: &Post, wanted: String, until: Timestamp) {
    if record.address != post.address {
        let former = std::mem::replace(&mut record.address, post.address.clone());
        record
            .earlier
            .retain(|earlier| earlier.address != former && earlier.address != post.address);
        record.earlier.push(Former { address: former, until });
        let surplus = record.earlier.len().saturating_sub(MOST_ADDRESSES);
        record.earlier.drain(..surplus);
    }
    record.wanted = wanted;
    record.source.clone_from(&post.source);
    record.title.clone_from(&post.title);
    record.slug.clone_from(&post.slug);
    // what is kept must be what was kept after a restart
    record.date = post.date.to_the_second();
    record.is_dated = !matches!(post.origins.date, Origin::FileTime | Origin::Ledger);
    record.tags.clone_from(&post.tags);
    record.authors = post.authors.iter().map(|author| author.name.clone()).collect();
    record.section.clone_from(&post.section);
    record.language.clone_from(&post.language);
    record.in_feeds = post.in_feeds;
}

fn first_record(post: &Post, wanted: String, content: Fingerprint, now: Timestamp) -> PostRecord {
    let mut record = PostRecord {
        id: post.id.clone(),
        source: post.source.clone(),
        title: String::new(),
        slug: String::new(),
        wanted: String::new(),
        address: post.address.clone(),
        earlier: Vec::new(),
        date: post.date,
        is_dated: false,
        first_served: now,
        changed: None,
        content: Some(content),
        withdrawn: None,
        returned: None,
        never_listed: false,
        tags: Vec::new(),
        authors: Vec::new(),
        section: None,
        language: None,
        in_feeds: true,
    };
    rewrite(&mut record, post, wanted, now);
    record
}
