//! Index → documents: one standard a file.
//!
//! A [`FeedPage`] is what a feed says, in no format; [`feed`] writes the same one as RSS, Atom and JSON Feed. Every text in it is free
//! of what XML 1.0 forbids, every address in it is absolute, and nothing in it depends on when it was made.

mod address;

pub mod article;
mod clean;
pub mod encode;
pub mod feeds;
mod highlight;
pub mod listing;
pub mod openapi;
pub mod pages;

use std::sync::Arc;

use crate::config::Person;
use crate::post::Enclosure;
use crate::time::{Moment, Timestamp};
pub use address::post_url;
pub use clean::{CleanItem, xml_safe};
pub use feeds::item::item;

/// A format of feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// RSS 2.0
    Rss,
    /// Atom 1.0 (RFC 4287)
    Atom,
    /// JSON Feed 1.1
    Json,
}

impl Format {
    /// All of them.
    pub const ALL: [Format; 3] = [Format::Rss, Format::Atom, Format::Json];

    /// The last part of the address of such a feed.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Format::Rss => "rss.xml",
            Format::Atom => "atom.xml",
            Format::Json => "feed.json",
        }
    }

    /// The media type with its character set, as the `Content-Type` of an answer.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Rss => "application/rss+xml; charset=utf-8",
            Format::Atom => "application/atom+xml; charset=utf-8",
            Format::Json => "application/feed+json; charset=utf-8",
        }
    }

    /// The media type alone, as the `type` of a link.
    #[must_use]
    pub fn link_type(self) -> &'static str {
        match self {
            Format::Rss => "application/rss+xml",
            Format::Atom => "application/atom+xml",
            Format::Json => "application/feed+json",
        }
    }
}

/// Where in a scope's history a feed document stands (RFC 5005).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The subscription document: the newest posts.
    Newest,
    /// Archive document `k`, 1 the oldest.
    Archive(usize),
}

/// What one feed document says, in no format.
#[derive(Clone, Debug)]
pub struct FeedPage {
    /// The scope's path, percent-encoded: empty for the site, else `/tags/rust`.
    pub scope_path: String,
    /// Where in its history this document stands.
    pub place: Place,
    /// How many full archive documents there are.
    pub archives: usize,
    /// The address of the site, without a slash at its end.
    pub base: String,
    /// The title.
    pub title: String,
    /// A sentence about it.
    pub description: String,
    /// Its language (RFC 5646).
    pub language: String,
    /// Who wrote items that name no author.
    pub author: Option<Person>,
    /// The copyright notice.
    pub copyright: Option<String>,
    /// A small square picture: the site's own, else the built-in one.
    pub icon: Option<String>,
    /// A larger picture.
    pub image: Option<String>,
    /// Minutes that a reader may wait before it asks again (RSS `ttl`); `None` where nothing is said.
    pub ttl: Option<u32>,
    /// When anything in it last changed; a fixed instant where it is empty and always was.
    pub updated: Moment,
    /// What the id of the feed begins with, where a format has one: the address that the site is known by.
    pub identity: String,
    /// Posts of the scope that went, the latest last.
    pub withdrawn: Vec<Withdrawn>,
    /// Newest first.
    pub items: Vec<CleanItem>,
}

/// A post that went (RFC 6721).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Withdrawn {
    /// Its id in Atom.
    pub atom_id: String,
    /// When it went.
    pub at: Timestamp,
}

/// The whole text of a post, for feeds and for the listing.
#[derive(Clone, Debug)]
pub struct Content {
    /// As clean HTML with absolute addresses.
    pub html: Arc<str>,
    /// As its author wrote it.
    pub markdown: Arc<str>,
}

/// A post as a feed shows it, with absolute addresses. A document takes it only cleaned, as a [`CleanItem`].
#[derive(Clone, Debug)]
pub struct Item {
    /// The id in RSS and JSON Feed.
    pub id: String,
    /// The id in Atom, an IRI.
    pub atom_id: String,
    /// The post's own address.
    pub url: String,
    /// The title; may be empty.
    pub title: String,
    /// The summary as plain text; may be empty.
    pub summary: String,
    /// The whole text as clean HTML; `None` where the feed carries summaries, its budget is spent, or the text cannot be had.
    pub content: Option<Arc<str>>,
    /// The whole text as Markdown; `None` where `content` is, and where the feed is not to carry it.
    pub markdown: Option<Arc<str>>,
    /// When it was published.
    pub published: Moment,
    /// When it last changed; not before `published`.
    pub modified: Moment,
    /// Its authors.
    pub authors: Vec<Person>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Its language, where it names one.
    pub language: Option<String>,
    /// Its picture.
    pub image: Option<String>,
    /// What it links to.
    pub link: Option<String>,
    /// What it carries; `url` absolute.
    pub enclosures: Vec<Enclosure>,
}

impl FeedPage {
    /// The absolute address of the document at `place` of this scope in `format`.
    #[must_use]
    pub fn address(&self, place: Place, format: Format) -> String {
        format!("{}{}", self.base, feed_path(&self.scope_path, place, format))
    }

    /// The absolute address of the scope's page for people.
    #[must_use]
    pub fn home(&self) -> String {
        if self.scope_path.is_empty() {
            format!("{}/", self.base)
        } else {
            format!("{}{}", self.base, self.scope_path)
        }
    }

    /// The archive document that precedes this one in time, if any (RFC 5005, `prev-archive`).
    #[must_use]
    pub fn previous(&self) -> Option<Place> {
        match self.place {
            Place::Newest => (self.archives > 0).then_some(Place::Archive(self.archives)),
            Place::Archive(k) => (k > 1).then(|| Place::Archive(k - 1)),
        }
    }

    /// The archive document that follows this one, if any (`next-archive`).
    #[must_use]
    pub fn next(&self) -> Option<Place> {
        match self.place {
            Place::Archive(k) if k < self.archives => Some(Place::Archive(k + 1)),
            _ => None,
        }
    }

    /// The links of this document in `format` to itself and along its history: relation and address (RFC 5005, section 4).
    fn history(&self, format: Format) -> Vec<(&'static str, String)> {
        let current = matches!(self.place, Place::Archive(_)).then_some(Place::Newest);
        [
            ("self", Some(self.place)),
            ("current", current),
            ("prev-archive", self.previous()),
            ("next-archive", self.next()),
        ]
        .into_iter()
        .filter_map(|(relation, place)| Some((relation, self.address(place?, format))))
        .collect()
    }
}

/// The path of a feed document: `/tags/rust/archive/3/atom.xml`.
#[must_use]
pub fn feed_path(scope_path: &str, place: Place, format: Format) -> String {
    match place {
        Place::Newest => format!("{scope_path}/{}", format.file_name()),
        Place::Archive(k) => format!("{scope_path}/archive/{k}/{}", format.file_name()),
    }
}

/// Writes `page` in `format`, cleaned again: a text that would break a document never reaches one.
#[must_use]
pub fn feed(page: &FeedPage, format: Format) -> Vec<u8> {
    let page = page.cleaned();
    let document = match format {
        Format::Rss => feeds::rss::write(&page),
        Format::Atom => feeds::atom::write(&page),
        Format::Json => feeds::json_feed::write(&page),
    };
    document.into_bytes()
}

/// The part of a feed in `format` that is about `item`.
#[must_use]
pub fn item_in(item: &CleanItem, format: Format) -> &str {
    match format {
        Format::Rss => feeds::rss::written_item(item),
        Format::Atom => feeds::atom::written_item(item),
        Format::Json => feeds::json_feed::written_item(item),
    }
}

/// `text` with what is markup in HTML and XML escaped, for element content and quoted attributes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            _ => escaped.push(c),
        }
    }
    escaped
}
