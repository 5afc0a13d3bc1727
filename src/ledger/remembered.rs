//! What is remembered of posts, held in little room.
//!
//! Most records say of their post what the post itself says, which is held anyway. Of these only the rest is kept, and the record is put
//! together again when somebody asks for it.

use std::borrow::{Borrow, Cow};
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use camino::Utf8Path;

use super::record::{Former, PostRecord};
use crate::post::{Origin, Post};
use crate::time::{Moment, Recent, Timestamp};

/// The records of posts, each found by its id.
#[derive(Debug, Default)]
pub(super) struct Remembered(HashSet<Kept>);

/// A record, in as little room as nearly all of them need.
#[derive(Debug)]
enum Kept {
    /// The post as it was published last says all but when it was first served.
    Said(Arc<Post>, Recent),
    Otherwise(Box<Otherwise>),
}

#[derive(Debug)]
enum Otherwise {
    /// The record as it is.
    Whole(Box<PostRecord>),
    /// The post as it was published last, when it was first served, and what else it does not say.
    Beside(Arc<Post>, Recent, Box<Rare>),
}

/// What is [`Kept`], however it is.
enum Told<'a> {
    Whole(&'a PostRecord),
    ByPost(&'a Arc<Post>, Recent, Option<&'a Rare>),
}

/// What a post does not say of itself.
#[derive(Debug)]
pub(super) struct Rest {
    first_served: Recent,
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
    taken_back: bool,
    never_listed: bool,
}

impl Remembered {
    /// What is remembered of the post with this id.
    pub(super) fn get(&self, id: &str) -> Option<Cow<'_, PostRecord>> {
        self.0.get(id).map(Kept::record)
    }

    /// The same, with the id.
    pub(super) fn get_with_id(&self, id: &str) -> Option<(&str, Cow<'_, PostRecord>)> {
        self.0.get(id).map(|kept| (kept.id(), kept.record()))
    }

    /// Where the file lay of the post with this id.
    pub(super) fn source(&self, id: &str) -> Option<&Utf8Path> {
        self.0.get(id).map(Kept::source)
    }

    /// Whether anything is remembered of the post with this id.
    pub(super) fn contains(&self, id: &str) -> bool {
        self.0.contains(id)
    }

    /// How many posts are remembered.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, more: usize) {
        self.0.reserve(more);
    }

    /// Remembers `record`, unless something is remembered of the post already; whether it does.
    pub(super) fn add(&mut self, record: Box<PostRecord>) -> bool {
        self.0.insert(Kept::whole(record))
    }

    /// Remembers `record`.
    pub(super) fn insert(&mut self, record: PostRecord) {
        self.0.replace(Kept::whole(Box::new(record)));
    }

    /// Remembers `record` of a post that is published as `post`.
    pub(super) fn insert_beside(&mut self, record: PostRecord, post: &Arc<Post>) {
        // nothing is left out that could not be put back
        self.0.replace(if record.is_said_by(post) {
            Kept::beside(post, Rest::of(&record, post))
        } else {
            Kept::whole(Box::new(record))
        });
    }

    /// Remembers of a post that is published as `post` for the first time what it says itself, and `rest`.
    pub(super) fn insert_new(&mut self, post: &Arc<Post>, rest: Rest) {
        self.0.replace(Kept::beside(post, rest));
    }

    /// Keeps only what `post`, as which it is published, does not say, if the record says all else just as the post does, and that its
    /// file asks for the address `wanted`; whether it does.
    pub(super) fn keep_beside(&mut self, post: &Arc<Post>, wanted: &str) -> bool {
        match self.0.get(post.id()).map(Kept::as_told) {
            Some(Told::ByPost(before, _, rare)) => Arc::ptr_eq(before, post) && wanted_of(before, rare) == wanted,
            Some(Told::Whole(record)) if record.wanted == wanted && record.is_said_by(post) => {
                let rest = Rest::of(record, post);
                self.0.replace(Kept::beside(post, rest));
                true
            }
            _ => false,
        }
    }

    /// The ids, in no order.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Kept::id)
    }

    /// The records, in no order.
    pub(super) fn records(&self) -> impl Iterator<Item = Cow<'_, PostRecord>> {
        self.0.iter().map(Kept::record)
    }
}

impl Kept {
    fn whole(record: Box<PostRecord>) -> Kept {
        Kept::Otherwise(Box::new(Otherwise::Whole(record)))
    }

    fn beside(post: &Arc<Post>, Rest { first_served, rare }: Rest) -> Kept {
        let post = Arc::clone(post);
        match rare {
            None => Kept::Said(post, first_served),
            Some(rare) => Kept::Otherwise(Box::new(Otherwise::Beside(post, first_served, rare))),
        }
    }

    fn as_told(&self) -> Told<'_> {
        match self {
            Kept::Said(post, first_served) => Told::ByPost(post, *first_served, None),
            Kept::Otherwise(otherwise) => match &**otherwise {
                Otherwise::Whole(record) => Told::Whole(record),
                Otherwise::Beside(post, first_served, rare) => Told::ByPost(post, *first_served, Some(rare)),
            },
        }
    }

    fn record(&self) -> Cow<'_, PostRecord> {
        match self.as_told() {
            Told::Whole(record) => Cow::Borrowed(record),
            Told::ByPost(post, first_served, rare) => Cow::Owned(record_of(post, first_served, rare)),
        }
    }

    fn id(&self) -> &str {
        match self.as_told() {
            Told::Whole(record) => &record.id,
            Told::ByPost(post, ..) => post.id(),
        }
    }

    fn source(&self) -> &Utf8Path {
        match self.as_told() {
            Told::Whole(record) => &record.source,
            Told::ByPost(post, ..) => post.source(),
        }
    }
}

impl Borrow<str> for Kept {
    fn borrow(&self) -> &str {
        self.id()
    }
}

impl Hash for Kept {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Kept) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Kept {}

impl Rest {
    /// Of a post that is first served at `now`, and asked for the address `wanted`; `earlier` are addresses that lead to it already.
    pub(super) fn new(post: &Post, wanted: &str, earlier: Vec<Former>, now: Timestamp, never_listed: bool) -> Rest {
        let rare = Rare {
            wanted: (*wanted != *post.address()).then(|| wanted.into()),
            earlier: earlier.into(),
            never_listed,
            ..Rare::default()
        };
        rare.beside(now)
    }

    /// What `post` does not say of `record`.
    fn of(record: &PostRecord, post: &Post) -> Rest {
        let rare = Rare {
            wanted: (*record.wanted != *post.address()).then(|| record.wanted.as_str().into()),
            earlier: record.earlier.as_slice().into(),
            changed: record.changed,
            withdrawn: record.withdrawn,
            returned: record.returned,
            taken_back: record.taken_back,
            never_listed: record.never_listed,
        };
        rare.beside(record.first_served)
    }
}

/// The address that the file of `post` asked for.
fn wanted_of<'a>(post: &'a Post, rare: Option<&'a Rare>) -> &'a str {
    rare.and_then(|rare| rare.wanted.as_deref()).unwrap_or(post.address())
}

/// The record of `post`, as it is written when the post is published.
fn record_of(post: &Post, first_served: Recent, rare: Option<&Rare>) -> PostRecord {
    let record = PostRecord::of(post, first_served.timestamp());
    let Some(rare) = rare else { return record };
    PostRecord {
        wanted: wanted_of(post, Some(rare)).to_owned(),
        earlier: rare.earlier.to_vec(),
        changed: rare.changed,
        withdrawn: rare.withdrawn,
        returned: rare.returned,
        taken_back: rare.taken_back,
        never_listed: rare.never_listed,
        ..record
    }
}

impl Rare {
    /// The rest of a post that was first served at `first_served`.
    fn beside(self, first_served: Timestamp) -> Rest {
        Rest {
            first_served: first_served.into(),
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
            file,
            updated,
            tags,
            authors,
            section,
            language,
            in_feeds,
            first_served,
            // these are kept beside it
            wanted: _,
            earlier: _,
            changed: _,
            withdrawn: _,
            returned: _,
            taken_back: _,
            never_listed: _,
        } = self;
        *id == *post.id()
            && *source == *post.source()
            && *title == *post.title()
            && *slug == *post.slug()
            && *address == *post.address()
            && *date == post.date.to_the_second()
            && *is_dated == is_dated_by(post)
            && *content == Some(post.content)
            && *file == Some(post.file)
            && *updated == post.updated.map(Moment::to_the_second)
            && tags.iter().map(String::as_str).eq(post.tags.iter().map(AsRef::as_ref))
            && authors
                .iter()
                .map(String::as_str)
                .eq(post.alike.authors.iter().map(|author| author.name.as_str()))
            && section.as_deref() == post.alike.section.as_deref()
            && language.as_deref() == post.alike.language.as_deref()
            && *in_feeds == post.in_feeds
            && Recent::holds(*first_served)
    }

    /// What `post`, which is first served at `now`, says of itself.
    #[must_use]
    pub fn of(post: &Post, now: Timestamp) -> PostRecord {
        PostRecord {
            id: post.id().to_string(),
            source: post.source().to_path_buf(),
            title: post.title().to_string(),
            slug: post.slug().to_string(),
            wanted: post.address().to_string(),
            address: post.address().to_string(),
            earlier: Vec::new(),
            // what is kept must be what was kept after a restart
            date: post.date.to_the_second(),
            is_dated: is_dated_by(post),
            first_served: now,
            changed: None,
            content: Some(post.content),
            file: Some(post.file),
            updated: post.updated.map(Moment::to_the_second),
            withdrawn: None,
            returned: None,
            taken_back: false,
            never_listed: false,
            tags: post.tags.iter().map(ToString::to_string).collect(),
            authors: post.alike.authors.iter().map(|author| author.name.clone()).collect(),
            section: post.alike.section.as_deref().map(str::to_owned),
            language: post.alike.language.as_deref().map(str::to_owned),
            in_feeds: post.in_feeds,
        }
    }
}

/// Whether the file of `post` says when it is from.
fn is_dated_by(post: &Post) -> bool {
    !matches!(post.alike.origins.date, Origin::FileTime | Origin::Ledger)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_takes_two_words() {
        assert_eq!(size_of::<Kept>(), 2 * size_of::<usize>());
    }
}
