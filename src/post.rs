//! Reads one file as one [`Post`].
//!
//! [`read`] parses a Markdown file: front matter (YAML, TOML or JSON, with the keys of Jekyll, Hugo, Zola, Eleventy, Astro and
//! others) and `CommonMark`. Fields that the front matter does not contain come from the file's name, its folder, its text or
//! the site's configuration; [`Origins`] says which of these, and `feedmill why` shows it. A post is always complete: a file
//! that is not a post gives a diagnostic.
//!
//! This module does not read a disk or a clock. It does not decide which known post a file is (`identity`)
//! or which of two posts gets an address (`index`).
//!
//! ```
//! use feedmill::config::Config;
//! use feedmill::post::{self, Status, Visibility};
//! use feedmill::source_file::SourceFile;
//!
//! let file = SourceFile {
//!     path: "2026-01-31-hello.md".into(),
//!     bytes: b"---\ntags: [first]\ndraft: true\n---\n# Hello, world\n\nA text.\n".as_slice().into(),
//!     modified: "2026-02-01T00:00:00Z".parse()?,
//! };
//! let post = post::read(&file, &Config::default()).unwrap().post;
//! assert_eq!((post.title.as_str(), post.slug.as_str()), ("Hello, world", "hello"));
//! assert_eq!(post.date.rfc3339(), "2026-01-31T00:00:00Z");
//! assert_eq!(*post.tags, ["first"]);
//! assert_eq!(post.status, Status::Draft);
//! assert_eq!(post.visibility("2026-03-01T00:00:00Z".parse()?), Visibility::Draft);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod aliases;
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
mod kind;
pub mod markdown;
mod node;
mod people;
mod picture;
mod reading;
pub mod reading_time;
pub mod reference;
mod remarks;
pub mod slug;
mod tags;
#[cfg(test)]
mod tests;
pub mod text;
mod unfinished;
mod unusable;
mod visibility;

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use camino::Utf8PathBuf;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

pub(crate) use self::address::is_reserved;
pub use self::address::page_key;
pub use self::atom_id::{atom_id_for, is_iri};
pub use self::changes::Changes;
pub use self::characters::{composed, first_forbidden, is_forbidden};
pub use self::direction::Direction;
pub use self::fingerprint::{Digest, Fingerprint, Likeness};
pub use self::kind::Kind;
pub(crate) use self::kind::{is_place_of_pages, not_found_addresses};
pub use self::reading::{LostClaims, ParsedPost, read, read_with};
pub use self::remarks::HELD_BACK;
pub use self::tags::key;
pub use self::text::{Text, Texts};
pub use crate::config::Person;
use crate::source_file::by_parts;
use crate::time::{CompactTimestamp, Moment, Timestamp};

/// One post, as its file describes it.
///
/// A site has all its posts in memory, so fields that few posts have are types without spare room. A [`SmolStr`] is a text that is stored
/// in place if it is short, and shared by its clones otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing about the post")]
pub struct Post {
    /// The file, relative to the posts folder.
    pub source: Utf8PathBuf,
    /// The id. It is the same in every format except Atom, which needs an IRI ([`Post::atom_id`]).
    pub id: SmolStr,
    /// The id in Atom, if it differs from [`Post::id`].
    pub atom_id: Option<Box<str>>,
    /// The other ids in the front matter.
    pub other_ids: Box<[String]>,
    /// The last part of the default address, unique on the site.
    pub slug: SmolStr,
    /// The address of its page: a path from the site's root (`/posts/hello`, not percent-encoded), or an absolute URL if the
    /// pages are on another site.
    pub address: SmolStr,
    /// Former addresses: paths from the site's root, not percent-encoded, without its current address.
    pub aliases: Box<[String]>,
    /// Other names in the front matter, as written; see [`Post::addresses_of_names`].
    pub names: Box<[String]>,
    /// The title as plain text; empty if there is none.
    pub title: SmolStr,
    /// One or two sentences as plain text; may be empty.
    pub summary: SmolStr,
    /// When it is published.
    pub date: Moment,
    /// When its content last changed for readers; never before `date`.
    pub updated: Option<Moment>,
    /// When it expires.
    pub expires: Option<Moment>,
    /// How its author wants it published.
    pub status: Status,
    /// Whether it is a post or a page.
    pub kind: Kind,
    /// Whether feeds contain it.
    pub in_feeds: bool,
    /// Whether its author says that the last edit is too small to report to readers; `None` if the file does not say.
    pub minor: Option<bool>,
    /// Its tags, each once without regard to case, in the author's order and spelling.
    pub tags: Arc<[SmolStr]>,
    /// Its authors.
    pub authors: Vec<Person>,
    /// The top folder below the posts folder that contains it.
    pub section: Option<Box<str>>,
    /// Its language (RFC 5646), if the file names one.
    pub language: Option<Box<str>>,
    /// The direction of its text.
    pub direction: Direction,
    /// Its picture: a URL, a path on the site, or a path relative to the file.
    pub image: Option<Box<str>>,
    /// The page that it is about, if that is elsewhere.
    pub link: Option<Box<str>>,
    /// Audio, video and other files that belong to it.
    pub enclosures: Box<[Enclosure]>,
    /// Front-matter keys that feedmill does not know, as written, if there are any.
    pub extra: Option<Box<serde_json::Map<String, serde_json::Value>>>,
    /// Where its properties came from.
    pub origins: Origins,
    /// The fingerprint of the content.
    pub content: Fingerprint,
    /// The digest of the whole file.
    pub file: Digest,
    /// The Markdown, without the front matter.
    pub text: Text,
    /// When the file was last written. Readers do not see it; it keeps `Last-Modified` moving.
    pub touched: CompactTimestamp,
    /// When readers last got something new about it: it appeared, changed or was added back. `None` if that is not known.
    pub last_news: Option<CompactTimestamp>,
    /// When it last appeared in lists, or came back to them. `None` if that is not known.
    pub appeared: Option<CompactTimestamp>,
    /// Whether readers have it although its date is in the future, because the clock was put back.
    pub is_out_already: bool,
    /// Whether it is held back: its file has a date or visibility that is not understood, or shows that its author had not
    /// finished. The diagnostics of the file give the reason.
    pub is_held: bool,
    /// Whether its text has so many words that a similar text is probably a version of it. A short text may be mostly that of a
    /// template.
    pub has_long_text: bool,
}

/// How the author wants a post published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Listed, for all readers.
    Published,
    /// Readable for people who know the address, but in no list and no feed.
    Unlisted,
    /// Not finished.
    Draft,
    /// Readable only by the author.
    Private,
}

/// A file that belongs to a post (RSS `enclosure`, Atom `rel="enclosure"`, JSON Feed `attachments`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Enclosure {
    /// A URL, a path on the site, or a path relative to the file.
    pub url: String,
    /// The media type; guessed from the ending if the file does not name it.
    pub media_type: String,
    /// Bytes; 0 if unknown.
    pub length: u64,
    /// Seconds, if the file says so.
    pub duration: Option<u64>,
    /// Its title, if the file names one.
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
    /// Of the status.
    pub status: Origin,
    /// Of the summary.
    pub summary: Origin,
}

/// The source of one property, as `Display` shows it to the author.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The front matter's key, as written.
    Field(SmolStr),
    /// The name of the file or of its folder.
    FileName,
    /// The first heading of the text.
    Heading,
    /// The body of the file.
    Text,
    /// When the file was last written.
    FileTime,
    /// The post's date and slug.
    DateAndSlug,
    /// The ledger: readers know the post by this value.
    Ledger,
    /// The default.
    Default,
    /// Changed, because another post owns the value that this post claimed.
    Displaced,
    /// Another file: its path, and the place in it.
    Inherited(Box<str>),
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
            Origin::Ledger => "ledger: readers know it by this",
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

/// Whether readers may see a post at an instant, and the reason if they may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Listed, and readable at its address.
    Public,
    /// A page: readable at its address, in the site map and found by the search, but in no list and no feed.
    Page,
    /// Readable at its address only.
    Unlisted,
    /// Not finished.
    Draft,
    /// Readable only by the author.
    Private,
    /// Held back: something in its file is not understood.
    Held,
    /// Scheduled: its date is in the future.
    Scheduled,
    /// Expired.
    Expired,
}

impl Visibility {
    /// Whether readers may read the post at its address.
    #[must_use]
    pub fn is_readable(self) -> bool {
        matches!(self, Visibility::Public | Visibility::Page | Visibility::Unlisted)
    }

    /// The words after "it": "is a draft".
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Visibility::Public => "is public",
            Visibility::Page => "is a page",
            Visibility::Unlisted => "is unlisted",
            Visibility::Draft => "is a draft",
            Visibility::Private => "is private",
            Visibility::Held => "is held back: `feedmill why` says why",
            Visibility::Scheduled => "is scheduled",
            Visibility::Expired => "has expired",
        }
    }
}

impl Post {
    /// A private post at `source` with empty fields. `origin` is the origin of all its properties.
    pub(crate) fn unknown(source: Utf8PathBuf, origin: Origin) -> Post {
        Post {
            source,
            id: SmolStr::default(),
            atom_id: None,
            other_ids: Box::default(),
            slug: SmolStr::default(),
            address: SmolStr::default(),
            aliases: Box::default(),
            names: Box::default(),
            title: SmolStr::default(),
            summary: SmolStr::default(),
            date: Moment::utc(Timestamp::UNIX_EPOCH),
            updated: None,
            expires: None,
            status: Status::Private,
            kind: Kind::Post,
            in_feeds: false,
            minor: None,
            tags: Arc::default(),
            authors: Vec::new(),
            section: None,
            language: None,
            direction: Direction::default(),
            image: None,
            link: None,
            enclosures: Box::default(),
            extra: None,
            origins: Origins {
                title: origin.clone(),
                id: origin.clone(),
                address: origin.clone(),
                date: origin.clone(),
                status: origin.clone(),
                summary: origin,
            },
            content: Fingerprint::default(),
            file: Digest::default(),
            text: "".into(),
            touched: Timestamp::UNIX_EPOCH.into(),
            last_news: None,
            appeared: None,
            is_out_already: false,
            is_held: false,
            has_long_text: false,
        }
    }

    /// The order of posts by the paths of their files.
    #[must_use]
    pub fn by_source(&self, other: &Post) -> Ordering {
        by_parts(&self.source, &other.source)
    }

    /// Whether its author gave it a title in the front matter or a heading. A title from the file's name does not count.
    #[must_use]
    pub fn has_title(&self) -> bool {
        matches!(self.origins.title, Origin::Field(_) | Origin::Heading) && !self.title.is_empty()
    }

    /// Whether its text contains more than white space.
    #[must_use]
    pub fn has_text(&self) -> bool {
        self.content.text != Fingerprint::empty_text()
    }

    /// Whether it has no content: no title, text, picture, link or enclosure.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let shows_more = self.image.is_some() || self.link.is_some() || !self.enclosures.is_empty();
        !self.has_title() && !self.has_text() && !shows_more
    }

    /// Whether readers may see the post at `now`. All code that publishes uses this function and nothing else.
    #[must_use]
    pub fn visibility(&self, now: Timestamp) -> Visibility {
        match self.status {
            Status::Draft => Visibility::Draft,
            Status::Private => Visibility::Private,
            _ if self.is_held => Visibility::Held,
            _ if self.expires.is_some_and(|expires| expires.timestamp() <= now) => Visibility::Expired,
            _ if self.date.timestamp() > now && !self.is_out_already => Visibility::Scheduled,
            Status::Unlisted => Visibility::Unlisted,
            Status::Published => match self.kind {
                Kind::Post => Visibility::Public,
                Kind::Page | Kind::PageByPlace => Visibility::Page,
                Kind::NotFound => Visibility::Unlisted,
            },
        }
    }

    /// Whether readers may read it at its address at `now`.
    #[must_use]
    pub fn is_readable(&self, now: Timestamp) -> bool {
        self.visibility(now).is_readable()
    }

    /// The next instant after `now` at which [`Post::visibility`] changes.
    #[must_use]
    pub fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        if self.is_held || matches!(self.status, Status::Draft | Status::Private) {
            return None;
        }
        let expires = self.expires.map(Moment::timestamp);
        let date = Some(self.date.timestamp()).filter(|&date| expires.is_none_or(|expires| date < expires));
        [date, expires].into_iter().flatten().filter(|&at| at > now).min()
    }

    /// When its content last changed for readers.
    #[must_use]
    pub fn modified(&self) -> Moment {
        self.updated.unwrap_or(self.date)
    }
}

/// The characters that are percent-encoded in one part of a path: all but letters, digits and marks that have no meaning there
/// (RFC 3986, section 3.3).
pub const PATH_PART: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@')
    .remove(b':')
    .remove(b',');
