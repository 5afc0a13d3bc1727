//! One file → one post: [`read`].
//!
//! A [`Post`] exists only complete. What its front matter left open has been filled from the file's name, its folder, its text or
//! the site's configuration, in an order that each field of [`Origins`] records and `feedmill why` tells.

mod address;
mod aliases;
mod alike;
mod atom_id;
mod authors;
mod changes;
mod characters;
pub mod date;
mod date_field;
mod dating;
mod direction;
mod enclosures;
mod fields;
mod fingerprint;
pub mod front_matter;
pub mod html;
pub mod inherited;
pub mod markdown;
mod node;
mod packed_strings;
mod rare;
mod reading;
pub mod reading_time;
pub mod reference;
mod remarks;
mod shared;
pub mod slug;
mod tags;
#[cfg(test)]
mod tests;
pub mod text;
mod unfinished;
mod visibility;

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use camino::Utf8Path;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use serde::Serialize;

pub use self::address::page_key;
pub use self::alike::Alike;
pub use self::atom_id::{atom_id_for, is_iri};
pub use self::changes::Changes;
pub use self::characters::{first_forbidden, is_forbidden};
pub use self::direction::Direction;
pub use self::fingerprint::{Digest, Fingerprint, Likeness};
pub use self::packed_strings::{Each, Words};
pub use self::rare::{Rare, RareFields};
pub use self::reading::{Reading, Taken, read, read_with};
pub use self::remarks::HELD_BACK;
pub use self::shared::Shared;
pub use self::tags::key;
pub use self::text::{Text, Texts};
pub use crate::config::Person;
use crate::source_file::by_parts;
use crate::time::{CompactTimestamp, Moment, Timestamp};

/// One post, complete.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing about the post")]
pub struct Post {
    /// The file it came from, its id, slug, address, title and summary.
    pub words: Words,
    /// When it was published.
    pub date: Moment,
    /// When its content last changed for readers; never before `date`.
    pub updated: Option<Moment>,
    /// What its author wants done with it.
    pub standing: Status,
    /// Whether feeds carry it.
    pub in_feeds: bool,
    /// Whether its author says of the last edit that it is too small to tell readers of; `None` where nothing is said.
    pub minor: Option<bool>,
    /// Subjects, each once without regard to case, in the author's order and spelling: a list that posts share ([`Shared`]), so that a
    /// pointer to it is all that each has.
    pub tags: Arc<Vec<Arc<str>>>,
    /// What it has like many others.
    pub alike: Arc<Alike>,
    /// In which direction its text runs.
    pub direction: Direction,
    /// What few posts have.
    pub rare: Rare,
    /// What its content is known by again, as its file has it.
    pub content: Fingerprint,
    /// What tells all that its file holds, byte by byte, from anything else.
    pub file: Digest,
    /// The Markdown, without the front matter.
    pub text: Text,
    /// When its file was last written. It says nothing to readers; it only keeps `Last-Modified` from standing still.
    pub touched: CompactTimestamp,
    /// When the world was last told of it: it appeared, changed or came back. `None` where nobody remembers.
    pub told: Option<CompactTimestamp>,
    /// Whether the world has it although its date lies ahead: the clock was put back.
    pub is_out_already: bool,
    /// Whether it is held back: its file says something about dates or visibility that is not understood, or shows that its author
    /// was not done. The diagnostics of its file say what.
    pub is_held: bool,
    /// Whether its text has so many words that a similar text is probably a version of it. A short one may be mostly a template's.
    pub has_long_text: bool,
}

/// What the author wants done with a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// To be read by all.
    Published,
    /// To be read by who knows the address: in no list and no feed.
    Unlisted,
    /// Not finished.
    Draft,
    /// Not to be read.
    Private,
}

/// A file that belongs to a post (RSS `enclosure`, Atom `rel="enclosure"`, JSON Feed `attachments`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Enclosure {
    /// A URL, a path on the site, or a path relative to the file.
    pub url: String,
    /// The media type; guessed from the ending where it is not named.
    pub media_type: String,
    /// Bytes; 0 where unknown.
    pub length: u64,
    /// Seconds, where named.
    pub duration: Option<u64>,
    /// What to call it, where named.
    pub title: Option<String>,
}

/// Where a post's properties came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Origins {
    /// Of the title.
    pub title: Origin,
    /// Of the id.
    pub id: Origin,
    /// Of the address.
    pub address: Origin,
    /// Of the date.
    pub date: Origin,
    /// Of the standing.
    pub standing: Origin,
    /// Of the summary.
    pub summary: Origin,
}

/// Where one property came from; `Display` tells it to the author.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The front matter's key, as written.
    Field(String),
    /// The name of the file or of its folder.
    FileName,
    /// The first heading of the text.
    Heading,
    /// The text.
    Text,
    /// When the file was last written.
    FileTime,
    /// The post's date and slug.
    DateAndSlug,
    /// What the world was told before.
    Ledger,
    /// Nothing said otherwise.
    Default,
    /// Another post has what this one would have had.
    Displaced,
    /// Another file than the post's own: which, and where in it.
    Inherited(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Origin::Field(key) => return write!(f, "front matter: {key}"),
            Origin::Inherited(place) => place,
            Origin::FileName => "file name",
            Origin::Heading => "first heading",
            Origin::Text => "text",
            Origin::FileTime => "time of the file",
            Origin::DateAndSlug => "date and slug",
            Origin::Ledger => "ledger: the world knows it by this",
            Origin::Default => "default",
            Origin::Displaced => "another post has the one it would have had",
        })
    }
}

impl Serialize for Origin {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Whether the world may see a post at an instant, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Listed, and read at its address.
    Public,
    /// Read at its address alone.
    Unlisted,
    /// Not finished.
    Draft,
    /// Not to be read.
    Private,
    /// Held back, because something that its file says is not understood.
    Held,
    /// Not yet: its date lies ahead.
    Scheduled,
    /// No longer.
    Expired,
}

impl Visibility {
    /// What it means, in words after "it".
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Visibility::Public => "is public",
            Visibility::Unlisted => "is unlisted",
            Visibility::Draft => "is a draft",
            Visibility::Private => "is private",
            Visibility::Held => "is held back, because its file is not understood",
            Visibility::Scheduled => "is to appear later",
            Visibility::Expired => "has expired",
        }
    }
}

impl Post {
    /// The file it came from, relative to the posts folder.
    #[must_use]
    pub fn source(&self) -> &Utf8Path {
        self.words.source()
    }

    /// The order of the files that posts came from.
    #[must_use]
    pub fn by_source(&self, other: &Post) -> Ordering {
        by_parts(self.source(), other.source())
    }

    /// The id, for ever: the same in every format but Atom, where it has to be an IRI ([`Post::atom_id`]).
    #[must_use]
    pub fn id(&self) -> &str {
        self.words.id()
    }

    /// The last part of the default address, unique on the site.
    #[must_use]
    pub fn slug(&self) -> &str {
        self.words.slug()
    }

    /// Where the post is read: a path from the site's root (`/posts/hello`, not percent-encoded), or an absolute URL where the
    /// pages live elsewhere.
    #[must_use]
    pub fn address(&self) -> &str {
        self.words.address()
    }

    /// The title as plain text; empty for a post that has none.
    #[must_use]
    pub fn title(&self) -> &str {
        self.words.title()
    }

    /// One or two sentences as plain text; may be empty.
    #[must_use]
    pub fn summary(&self) -> &str {
        self.words.summary()
    }

    /// Whether its author gave it a title: the front matter or a heading, not the file's name.
    #[must_use]
    pub fn has_title(&self) -> bool {
        matches!(self.alike.origins.title, Origin::Field(_) | Origin::Heading) && !self.title().is_empty()
    }

    /// Whether there is anything but white space in its text.
    #[must_use]
    pub fn has_text(&self) -> bool {
        self.content.text != Fingerprint::empty_text()
    }

    /// Whether there is nothing in it to be read or shown: neither a title nor a text, nor a picture, a link or another file.
    #[must_use]
    pub fn is_hollow(&self) -> bool {
        let RareFields {
            image, link, enclosures, ..
        } = &*self.rare;
        !self.has_title() && !self.has_text() && image.is_none() && link.is_none() && enclosures.is_empty()
    }

    /// Where what it says of itself came from, to be changed.
    pub(crate) fn origins_mut(&mut self) -> &mut Origins {
        Arc::make_mut(&mut Arc::make_mut(&mut self.alike).origins)
    }

    /// Whether the world may see the post at `now`. Everything that publishes asks this and nothing else.
    #[must_use]
    pub fn visibility(&self, now: Timestamp) -> Visibility {
        match self.standing {
            Status::Draft => Visibility::Draft,
            Status::Private => Visibility::Private,
            _ if self.is_held => Visibility::Held,
            _ if self.rare.expires.is_some_and(|expires| expires.timestamp() <= now) => Visibility::Expired,
            _ if self.date.timestamp() > now && !self.is_out_already => Visibility::Scheduled,
            Status::Unlisted => Visibility::Unlisted,
            Status::Published => Visibility::Public,
        }
    }

    /// Whether the world may read it at its address at `now`, listed or not.
    #[must_use]
    pub fn is_readable(&self, now: Timestamp) -> bool {
        matches!(self.visibility(now), Visibility::Public | Visibility::Unlisted)
    }

    /// The next instant after `now` at which the answer of [`Post::visibility`] changes.
    #[must_use]
    pub fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        if self.is_held || matches!(self.standing, Status::Draft | Status::Private) {
            return None;
        }
        let expires = self.rare.expires.map(Moment::timestamp);
        let date = Some(self.date.timestamp()).filter(|&date| expires.is_none_or(|expires| date < expires));
        [date, expires].into_iter().flatten().filter(|&at| at > now).min()
    }

    /// When its content last changed for readers.
    #[must_use]
    pub fn modified(&self) -> Moment {
        self.updated.unwrap_or(self.date)
    }
}

/// What is percent-encoded in one part of a path: all but letters, digits and marks that mean nothing anywhere (RFC 3986, 3.3).
pub const PATH_PART: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@')
    .remove(b':')
    .remove(b',');
