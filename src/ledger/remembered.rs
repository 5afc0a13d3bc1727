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
    /// What the post as it was published last does not say.
    Beside(Arc<Post>, Rest),
}

/// What a post does not say of itself.
#[derive(Debug)]
pub(super) struct Rest {
    first_served: Timestamp,
    /// Most posts have nothing of it.
    rare: Option<Box<Rare>>,
}

/// What few posts do not say of themselves.
#[derive(Debug, Default, PartialEq)]
struct Rare {
    /// Where it is another than the address of the post.
    wanted: Option<Box<str>>,
    earlier: Box<[Former]>,
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
    pub(super) fn insert_beside(&mut self, id: Id, mut record: PostRecord, post: &Arc<Post>) {
        // nothing is left out that could not be put back
        let kept = if record.is_said_by(post) {
            Kept::Beside(Arc::clone(post), Rest::of(&mut record, post))
        } else {
            Kept::Whole(Box::new(record))
        };
        self.0.insert(id, kept);
    }

    /// Remembers of a post that is published as `post` for the first time what it says itself, and `rest`.
    pub(super) fn insert_new(&mut self, id: Id, post: &Arc<Post>, rest: Rest) {
        self.0.insert(id, Kept::Beside(Arc::clone(post), rest));
    }

    /// Lets go of what `post`, as which the post with this id is published, says just as its record does. Whether that is all that was
    /// to be done, for the file asks for the address `wanted`, which the record says too.
    pub(super) fn is_as_published(&mut self, id: &str, post: &Arc<Post>, wanted: &str) -> bool {
        let Some(kept) = self.0.get_mut(id) else { return false };
        match kept {
            Kept::Beside(before, rest) => {
                let is_wanted = rest.wanted().unwrap_or(&before.address) == wanted;
                if !Arc::ptr_eq(before, post) || !is_wanted {
                    return false;
                }
            }
            Kept::Whole(record) => {
                if record.wanted != wanted || !record.is_said_by(post) {
                    return false;
                }
                let rest = Rest::of(record, post);
                *kept = Kept::Beside(Arc::clone(post), rest);
            }
        }
        true
    }

    /// Has `id`, which is one of theirs, be the very text that it is kept by.
    pub(super) fn keep_by(&mut self, id: &Id) {
        if let Some(kept) = self.0.remove(id) {
            self.0.insert(Arc::clone(id), kept);
        }
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
    /// Of a post that is first served at `now`, and asked for the address `wanted`; `earlier` are addresses that lead to it already.
    pub(super) fn new(post: &Post, wanted: &str, earlier: Vec<Former>, now: Timestamp, never_listed: bool) -> Rest {
        let rare = Rare {
            wanted: (*wanted != *post.address).then(|| wanted.into()),
            earlier: earlier.into(),
            never_listed,
            ..Rare::default()
        };
        rare.beside(now)
    }

    /// What `post` does not say of `record`, whose former addresses go over to it.
    fn of(record: &mut PostRecord, post: &Post) -> Rest {
        let rare = Rare {
            wanted: (*record.wanted != *post.address).then(|| record.wanted.as_str().into()),
            earlier: std::mem::take(&mut record.earlier).into(),
            changed: record.changed,
            withdrawn: record.withdrawn,
            returned: record.returned,
            never_listed: record.never_listed,
        };
        rare.beside(record.first_served)
    }

    /// The address that was asked for, where it is another than the address of the post.
    fn wanted(&self) -> Option<&str> {
        self.rare.as_ref()?.wanted.as_deref()
    }

    /// The record of `post`, as it is written when the post is published.
    fn and(&self, post: &Post) -> PostRecord {
        let record = PostRecord::of(post, self.first_served);
        let Some(rare) = &self.rare else { return record };
        PostRecord {
            wanted: rare.wanted.as_deref().unwrap_or(&post.address).to_owned(),
            earlier: rare.earlier.to_vec(),
            changed: rare.changed,
            withdrawn: rare.withdrawn,
            returned: rare.returned,
            never_listed: rare.never_listed,
            ..record
        }
    }
}

impl Rare {
    /// The rest of a post that was first served at `first_served`.
    fn beside(self, first_served: Timestamp) -> Rest {
        Rest {
            first_served,
            rare: (self != Rare::default()).then(|| Box::new(self)),
        }
    }
}

impl PostRecord {
    /// Whether `post` says of itself what it says, as far as posts do: [`PostRecord::of`] without a copy.
    fn is_said_by(&self, post: &Post) -> bool {
        let PostRecord {
            id,
            source,
            title,
            slug,
            address,
            date,
            is_dated,
            content,
            tags,
            authors,
            section,
            language,
            in_feeds,
            // these are kept beside it
            wanted: _,
            earlier: _,
            first_served: _,
            changed: _,
            withdrawn: _,
            returned: _,
            never_listed: _,
        } = self;
        *id == *post.id
            && *source == *post.source
            && *title == *post.title
            && *slug == *post.slug
            && *address == *post.address
            && *date == post.date.to_the_second()
            && *is_dated == is_dated_by(post)
            && *content == Some(post.content)
            && tags.iter().map(String::as_str).eq(post.tags.iter().map(AsRef::as_ref))
            && authors
                .iter()
                .map(String::as_str)
                .eq(post.authors.iter().map(|author| author.name.as_str()))
            && section.as_deref() == post.section.as_deref()
            && language.as_deref() == post.language.as_deref()
            && *in_feeds == post.in_feeds
    }

    /// What `post`, which is first served at `now`, says of itself.
    #[must_use]
    pub fn of(post: &Post, now: Timestamp) -> PostRecord {
        PostRecord {
            id: post.id.to_string(),
            source: post.source.to_path_buf(),
            title: post.title.to_string(),
            slug: post.slug.to_string(),
            wanted: post.address.to_string(),
            address: post.address.to_string(),
            earlier: Vec::new(),
            // what is kept must be what was kept after a restart
            date: post.date.to_the_second(),
            is_dated: is_dated_by(post),
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

/// Whether the file of `post` says when it is from.
fn is_dated_by(post: &Post) -> bool {
    !matches!(post.origins.date, Origin::FileTime | Origin::Ledger)
}
