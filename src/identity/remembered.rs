//! What is remembered of posts, held in little room.
//!
//! Most records say of their post what the post itself says, which is held anyway. Of these only the rest is kept, and the record is put
//! together again when somebody asks for it.

use std::borrow::{Borrow, Cow};
use std::collections::{HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use camino::Utf8Path;

use super::Id;
use super::record::{Former, PostRecord};
use crate::post::{Fingerprint, Origin, Post};
use crate::time::{CompactTimestamp, Moment, Timestamp};

/// The records of posts, each found by its id.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    records: HashSet<Kept>,
    /// The ids of those that have another id in Atom, by that.
    by_atom_id: HashMap<Box<str>, Id>,
}

/// A record, in as little room as nearly all of them need.
#[derive(Debug)]
enum Kept {
    /// The post as it was published last says all but when it was first served.
    Said(Arc<Post>, CompactTimestamp),
    Otherwise(Box<Otherwise>),
}

#[derive(Debug)]
enum Otherwise {
    /// The record as it is.
    Whole(Box<PostRecord>),
    /// The post as it was published last, when it was first served, and what else it does not say.
    Beside(Arc<Post>, CompactTimestamp, Box<Rare>),
}

/// What is [`Kept`], however it is.
enum Told<'a> {
    Whole(&'a PostRecord),
    ByPost(&'a Arc<Post>, CompactTimestamp, Option<&'a Rare>),
}

/// What a post does not say of itself.
#[derive(Debug)]
pub(super) struct Rest {
    first_served: CompactTimestamp,
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
    wanted_id: Option<Box<str>>,
}

impl Remembered {
    /// What is remembered of the post with this id.
    pub(super) fn get(&self, id: &str) -> Option<Cow<'_, PostRecord>> {
        self.records.get(id).map(Kept::record)
    }

    /// The same, with the id.
    pub(super) fn get_with_id(&self, id: &str) -> Option<(&str, Cow<'_, PostRecord>)> {
        self.records.get(id).map(|kept| (kept.id(), kept.record()))
    }

    /// The id that is remembered, and is `id`, or is the one that has `id` or `atom_id` in Atom.
    pub(super) fn find(&self, id: &str, atom_id: &str) -> Option<&str> {
        let known = self.records.get(id).map(Kept::id);
        let in_atom = || {
            [id, atom_id]
                .into_iter()
                .find_map(|id| self.by_atom_id.get(id))
                .map(AsRef::as_ref)
        };
        known.or_else(in_atom).or_else(|| self.records.get(atom_id).map(Kept::id))
    }

    /// Where the file lay of the post with this id.
    pub(super) fn source(&self, id: &str) -> Option<&Utf8Path> {
        self.records.get(id).map(Kept::source)
    }

    /// Whether anything is remembered of the post with this id.
    pub(super) fn contains(&self, id: &str) -> bool {
        self.records.contains(id)
    }

    /// How many posts are remembered.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, more: usize) {
        self.records.reserve(more);
    }

    /// Remembers `record`, unless something is remembered of the post already; whether it does.
    pub(super) fn add(&mut self, record: Box<PostRecord>) -> bool {
        self.find_in_atom(&record.id, record.atom_id.as_deref());
        self.records.insert(Kept::whole(record))
    }

    /// Remembers `record`.
    pub(super) fn insert(&mut self, record: PostRecord) {
        self.find_in_atom(&record.id, record.atom_id.as_deref());
        self.records.replace(Kept::whole(Box::new(record)));
    }

    /// Remembers `record` of a post that is published as `post`.
    pub(super) fn insert_beside(&mut self, record: PostRecord, post: &Arc<Post>) {
        self.find_in_atom(&record.id, record.atom_id.as_deref());
        // nothing is left out that could not be put back
        self.records.replace(if record.is_said_by(post) {
            Kept::beside(post, Rest::of(&record, post))
        } else {
            Kept::whole(Box::new(record))
        });
    }

    /// Remembers of a post that is published as `post` for the first time what it says itself, and `rest`.
    pub(super) fn insert_new(&mut self, post: &Arc<Post>, rest: Rest) {
        self.find_in_atom(post.id(), post.rare.atom_id.as_deref());
        self.records.replace(Kept::beside(post, rest));
    }

    /// Has the post with this id be found by its id in Atom, too.
    fn find_in_atom(&mut self, id: &str, atom_id: Option<&str>) {
        if let Some(atom_id) = atom_id.filter(|atom_id| *atom_id != id && !self.by_atom_id.contains_key(*atom_id)) {
            self.by_atom_id.insert(atom_id.into(), id.into());
        }
    }

    /// Keeps only what `post`, as which it is published, does not say, if the record says all else just as the post does, and that its
    /// file asks for `wanted`; whether it does.
    pub(super) fn keep_beside(&mut self, post: &Arc<Post>, wanted: &Wanted) -> bool {
        match self.records.get(post.id()).map(Kept::as_told) {
            Some(Told::ByPost(before, _, rare)) => Arc::ptr_eq(before, post) && Wanted::of(before, rare) == *wanted,
            Some(Told::Whole(record))
                if record.wanted == wanted.address && record.wanted_id.as_deref() == wanted.id && record.is_said_by(post) =>
            {
                let rest = Rest::of(record, post);
                self.records.replace(Kept::beside(post, rest));
                true
            }
            _ => false,
        }
    }

    /// The ids, in no order.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.records.iter().map(Kept::id)
    }

    /// The title and the content of each post, and whether it is withdrawn, in no order.
    pub(super) fn titles_and_texts(&self) -> impl Iterator<Item = (&str, Option<Fingerprint>, bool)> {
        self.records.iter().map(|kept| match kept.as_told() {
            Told::Whole(record) => (record.title.as_str(), record.content, record.withdrawn.is_some()),
            Told::ByPost(post, _, rare) => {
                let is_withdrawn = rare.is_some_and(|rare| rare.withdrawn.is_some());
                (post.title(), Some(post.content), is_withdrawn)
            }
        })
    }

    /// The records, in no order.
    pub(super) fn records(&self) -> impl Iterator<Item = Cow<'_, PostRecord>> {
        self.records.iter().map(Kept::record)
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
    /// Of a post that is first served at `now`, and whose file asked for `wanted`; `earlier` are addresses that lead to it already.
    pub(super) fn new(post: &Post, wanted: &Wanted, earlier: Vec<Former>, now: Timestamp, never_listed: bool) -> Rest {
        let rare = Rare {
            wanted: (*wanted.address != *post.address()).then(|| wanted.address.into()),
            wanted_id: wanted.id.map(Into::into),
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
            wanted_id: record.wanted_id.as_deref().map(Into::into),
        };
        rare.beside(record.first_served)
    }
}

/// What a file asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted<'a> {
    /// The address.
    pub(super) address: &'a str,
    /// The id, where its post has another one.
    pub(super) id: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    /// What the file of `post` asked for.
    fn of(post: &'a Post, rare: Option<&'a Rare>) -> Wanted<'a> {
        Wanted {
            address: rare.and_then(|rare| rare.wanted.as_deref()).unwrap_or(post.address()),
            id: rare.and_then(|rare| rare.wanted_id.as_deref()),
        }
    }
}

/// The record of `post`, as it is written when the post is published.
fn record_of(post: &Post, first_served: CompactTimestamp, rare: Option<&Rare>) -> PostRecord {
    let record = PostRecord::of(post, first_served.timestamp());
    let Some(rare) = rare else { return record };
    PostRecord {
        wanted: Wanted::of(post, Some(rare)).address.to_owned(),
        wanted_id: rare.wanted_id.as_deref().map(str::to_owned),
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
            atom_id,
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
            wanted_id: _,
        } = self;
        *id == *post.id()
            && *atom_id == post.rare.atom_id
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
            && CompactTimestamp::can_hold(*first_served)
    }

    /// What `post`, which is first served at `now`, says of itself.
    #[must_use]
    pub fn of(post: &Post, now: Timestamp) -> PostRecord {
        PostRecord {
            id: post.id().to_string(),
            atom_id: post.rare.atom_id.clone(),
            wanted_id: None,
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
