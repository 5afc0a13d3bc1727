//! Renders posts of an index as documents: feeds, site maps, the JSON listing and pages.
//!
//! The formats are RSS 2.0, Atom 1.0 (RFC 4287) with archives (RFC 5005) and tombstones (RFC 6721), JSON Feed 1.1, OPML 2.0 and
//! the sitemaps.org protocol 0.9. [`item`] makes a feed item from a post: plain text, absolute addresses, and no character that
//! XML 1.0 forbids. A [`FeedPage`] contains the items and metadata of a feed document; [`feed`] serializes it in each [`Format`].
//!
//! A document depends only on its input: this module does not read files or a clock, and does not choose the posts of a page.
//!
//! ```
//! use std::collections::HashSet;
//! use std::sync::Arc;
//!
//! use feedmill::config::Config;
//! use feedmill::index::{Index, Scope};
//! use feedmill::post::{self, reference::References};
//! use feedmill::render::feeds::feed_page::{FeedState, feed_page};
//! use feedmill::render::{Format, Place, feed, item, post_url};
//! use feedmill::shared_vec::SharedVec;
//! use feedmill::source_file::SourceFile;
//! use feedmill::time::Timestamp;
//!
//! let config = Config::default();
//! let file = SourceFile {
//!     path: "kelp.md".into(),
//!     bytes: "---\ntitle: Kelp & co\ndate: 2026-01-31\n---\nGreen.\n".as_bytes().into(),
//!     modified: Timestamp::UNIX_EPOCH,
//! };
//! let posts = vec![Arc::new(post::read(&file, &config).unwrap().post)];
//! let now = "2026-05-01T09:00:00Z".parse()?;
//! let index = Index::build(posts, &HashSet::new(), &config, now, &SharedVec::default());
//!
//! let members = index.members(&Scope::Site).unwrap();
//! let state = FeedState { now, updated: None, withdrawn: &[] };
//! let short = |post: &Arc<post::Post>| {
//!     let page = post_url(&config.base(), &post.address);
//!     item(post, &config, &References::new(&config.base(), &page, &post.source), None)
//! };
//! let whole = |post: &Arc<post::Post>| Some(short(post));
//! let page = feed_page(&Scope::Site, members, Place::Newest, &config, state, whole, short).unwrap();
//! let rss = String::from_utf8(feed(&page, Format::Rss))?;
//! let json = String::from_utf8(feed(&page, Format::Json))?;
//! assert!(rss.contains("<title>Kelp &#x26; co</title>"));
//! assert!(json.contains(r#""title":"Kelp & co""#));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;

pub mod article;
mod clean;
pub mod encode;
pub mod feeds;
mod highlight;
pub mod listing;
pub mod openapi;
pub mod pages;
mod xml_text;

use std::sync::Arc;

use crate::config::Person;
use crate::time::{Moment, Timestamp};
pub use address::{post_url, references};
pub use feeds::item::{CleanItem, Item, item};
pub use xml_text::xml_safe;

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

    /// The file name in the address of such a feed.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Format::Rss => "rss.xml",
            Format::Atom => "atom.xml",
            Format::Json => "feed.json",
        }
    }

    /// The media type with its character set, for `Content-Type`.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Rss => "application/rss+xml; charset=utf-8",
            Format::Atom => "application/atom+xml; charset=utf-8",
            Format::Json => "application/feed+json; charset=utf-8",
        }
    }

    /// The media type alone, for the `type` of a link.
    #[must_use]
    pub fn link_type(self) -> &'static str {
        match self {
            Format::Rss => "application/rss+xml",
            Format::Atom => "application/atom+xml",
            Format::Json => "application/feed+json",
        }
    }
}

/// A document of a feed's history (RFC 5005).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The subscription document: the newest posts.
    Newest,
    /// Archive document `k`, 1 the oldest.
    Archive(usize),
}

/// The content of one feed document, without a format.
#[derive(Clone, Debug)]
pub struct FeedPage {
    /// The scope's path, percent-encoded: empty for the site, else `/tags/rust`.
    pub scope_path: String,
    /// This document's place in the feed's history.
    pub place: Place,
    /// The number of full archive documents.
    pub archives: usize,
    /// The address of the site, without a slash at its end.
    pub base: String,
    /// The title.
    pub title: String,
    /// A sentence about the feed.
    pub description: String,
    /// Its language (RFC 5646).
    pub language: String,
    /// The author of items that name none.
    pub author: Option<Person>,
    /// The copyright notice.
    pub copyright: Option<String>,
    /// A small square picture: the site's own, or the built-in one.
    pub icon: Option<String>,
    /// A larger picture.
    pub image: Option<String>,
    /// The hubs that subscribers of this feed can use (`WebSub`). An archive has none.
    pub hubs: Vec<String>,
    /// Minutes that a reader may wait before its next request (RSS `ttl`), if configured.
    pub ttl: Option<u32>,
    /// The last change of its content; a fixed instant for a feed that never had posts.
    pub updated: Moment,
    /// The prefix of the feed's id, in formats that have one: the first address of the site.
    pub identity: String,
    /// Withdrawn posts of the scope, the latest last.
    pub withdrawn: Vec<Withdrawn>,
    /// The items, newest first.
    pub items: Vec<CleanItem>,
}

/// A withdrawn post (RFC 6721).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Withdrawn {
    /// Its id in Atom.
    pub atom_id: String,
    /// When it was withdrawn.
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

    /// The links of this document in `format` to itself and to other documents of its history: relation and address (RFC 5005,
    /// section 4).
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

/// Serializes `page` in `format`. It is cleaned again, so no text can break the document.
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

/// The part of a feed in `format` that contains `item`.
#[must_use]
pub fn item_in(item: &CleanItem, format: Format) -> &str {
    match format {
        Format::Rss => feeds::rss::serialized_item(item),
        Format::Atom => feeds::atom::serialized_item(item),
        Format::Json => feeds::json_feed::serialized_item(item),
    }
}

/// Escapes the characters of `text` that are markup in HTML and XML, for element content and quoted attributes.
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
