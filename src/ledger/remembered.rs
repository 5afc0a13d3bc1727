//! What is remembered of posts, held in little room.
//!
//! Most records say of their post what the post itself says, which is held anyway. Of these only the rest is kept, and the record is put
//! together again when somebody asks for it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::Id;
use super::record::{Former, PostRecord};
use crate::post::{Origin, Post};
use crate::time::Timestamp;

/// The records of posts, by id.
#[derive(Debug, Default)]
pub(super) struct Remembered(HashMap<Id, Kept>);

#[derive(Debug)]
enum Kept {
    /// The record as it is.
    Whole(Box<PostRecord>),
    /// The post as it was published last, which it says the same of, and what the post does not say.
    Beside(Arc<Post>, Box<Rest>),
}

/// What a post does not say of itself.
#[derive(Debug)]
struct Rest {
    /// Where it is another than the address of the post.
    wanted: Option<Box<str>>,
    earlier: Box<[Former]>,
    first_served: Timestamp,
    changed: Option<Timestamp>,
    withdrawn: Option<Timestamp>,
    returned: Option<Timestamp>,
    never_listed: bool,
}

impl Remembered {
    /// What is remembered of the post with this id.
    pub(super) fn get(&self, id: &str) -> Option<Cow<'_, PostRecord>> {
        self.0.get(id).map(Kept::record)
    }

    /// The same, with the id.
    pub(super) fn get_key_value(&self, id: &str) -> Option<(&Id, Cow<'_, PostRecord>)> {
        self.0.get_key_value(id).map(|(id, kept)| (id, kept.record()))
    }

    /// Whether anything is remembered of the post with this id.
    pub(super) fn contains_key(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// Remembers `record`.
    pub(super) fn insert(&mut self, id: Id, record: PostRecord) {
        self.0.insert(id, Kept::Whole(Box::new(record)));
    }

    /// Remembers `record` of a post that is published as `post`.
    pub(super) fn insert_beside(&mut self, id: Id, record: PostRecord, post: &Arc<Post>) {
        let rest = Rest {
            wanted: (record.wanted != *post.address).then(|| record.wanted.as_str().into()),
            earlier: record.earlier.as_slice().into(),
            first_served: record.first_served,
            changed: record.changed,
            withdrawn: record.withdrawn,
            returned: record.returned,
            never_listed: record.never_listed,
        };
        // nothing is left out that could not be put back
        let kept = if rest.and(post) == record {
            Kept::Beside(Arc::clone(post), Box::new(rest))
        } else {
            Kept::Whole(Box::new(record))
        };
        self.0.insert(id, kept);
    }

    /// The ids, in no order.
    pub(super) fn ids(&self) -> impl Iterator<Item = &Id> {
        self.0.keys()
    }

    /// The records, in no order.
    pub(super) fn records(&self) -> impl Iterator<Item = Cow<'_, PostRecord>> {
        self.0.values().map(Kept::record)
    }
}

impl Kept {
    fn record(&self) -> Cow<'_, PostRecord> {
        match self {
            Kept::Whole(record) => Cow::Borrowed(record),
            Kept::Beside(post, rest) => Cow::Owned(rest.and(post)),
        }
    }
}

impl Rest {
    /// The record of `post`, as it is written when the post is published.
    fn and(&self, post: &Post) -> PostRecord {
        PostRecord {
            wanted: self.wanted.as_deref().unwrap_or(&post.address).to_owned(),
            earlier: self.earlier.to_vec(),
            changed: self.changed,
            content: Some(post.content),
            withdrawn: self.withdrawn,
            returned: self.returned,
            never_listed: self.never_listed,
            ..PostRecord::of(post, self.first_served)
        }
    }
}

impl PostRecord {
    /// What `post`, which is first served at `now`, says of itself.
    pub(super) fn of(post: &Post, now: Timestamp) -> PostRecord {
        PostRecord {
            id: post.id.clone(),
            source: post.source.clone(),
            title: post.title.clone(),
            slug: post.slug.clone(),
            wanted: post.address.clone(),
            address: post.address.clone(),
            earlier: Vec::new(),
            // what is kept must be what was kept after a restart
            date: post.date.to_the_second(),
            is_dated: !matches!(post.origins.date, Origin::FileTime | Origin::Ledger),
            first_served: now,
            changed: None,
            content: Some(post.content),
            withdrawn: None,
            returned: None,
            never_listed: false,
            tags: post.tags.iter().map(ToString::to_string).collect(),
            authors: post.authors.iter().map(|author| author.name.clone()).collect(),
            section: post.section.as_deref().map(str::to_owned),
            language: post.language.as_deref().map(str::to_owned),
            in_feeds: post.in_feeds,
        }
    }
}
