//! What is remembered, as it is kept and as `feedmill ledger export` writes it: one JSON object a line.

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use url::Url;

pub use crate::post::{Digest, Fingerprint, Likeness};
use crate::time::{Moment, Timestamp};

/// One thing remembered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "lowercase")]
pub enum Record {
    /// The site.
    Site(SiteRecord),
    /// A post that the world has seen.
    Post(Box<PostRecord>),
    /// A document that the world has seen.
    Document(DocumentRecord),
}

/// What is remembered of the site as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SiteRecord {
    /// The instant from which on everything that happened is known.
    pub since: Timestamp,
    /// The first address of the site that was configured: ids are made of it for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Url>,
}

/// What is remembered of a post.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PostRecord {
    /// Its id.
    pub id: String,
    /// The file it was last read from, relative to the posts folder.
    pub source: Utf8PathBuf,
    /// Its title.
    pub title: String,
    /// Its slug.
    pub slug: String,
    /// The address that its file asked for.
    pub wanted: String,
    /// The address it has, or last had.
    pub address: String,
    /// Every other address it had, the one it left last at the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Former>,
    /// When it is from. Where its file says nothing of that, this decides.
    pub date: Moment,
    /// Whether its file says when it is from.
    pub is_dated: bool,
    /// When it was first served.
    pub first_served: Timestamp,
    /// When its content last changed for readers, where that was after it was first served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Timestamp>,
    /// What its content was; `None` for a post adopted from elsewhere that was not served yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Fingerprint>,
    /// Since when it is in no list any more; `None` while it is in one, and if it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Timestamp>,
    /// When it last came back after it was withdrawn: readers that let go of it need to see a later change than that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Timestamp>,
    /// Whether it was only ever read by who knew its address.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub never_listed: bool,
    /// Its tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The names of its authors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// Its section.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// The language it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Whether feeds carry it.
    pub in_feeds: bool,
}

/// An address that a post had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Former {
    /// The address.
    pub address: String,
    /// When the post left it.
    pub until: Timestamp,
}

/// What is remembered of a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DocumentRecord {
    /// Its path: `/rss.xml`, `/tags/rust/atom.xml`.
    pub path: String,
    /// The entity tag of its bytes as they are.
    pub tag: String,
    /// When its bytes last changed (`Last-Modified`).
    pub modified: Timestamp,
    /// When it says that anything in it last changed.
    pub updated: Timestamp,
}

impl Record {
    /// What it is about: with its kind the key that it is kept under.
    #[must_use]
    pub fn key(&self) -> (&'static str, &str) {
        match self {
            Record::Site(_) => ("site", ""),
            Record::Post(post) => ("post", &post.id),
            Record::Document(document) => ("document", &document.path),
        }
    }
}

impl PostRecord {
    /// The latest instant that readers were told of: its `updated` has been that, and never goes back behind it.
    #[must_use]
    pub fn last_told(&self) -> Timestamp {
        last_told(self.date.timestamp(), self.changed, self.returned)
    }
}

/// [`PostRecord::last_told`] of a post of this `date`, which changed and came back then.
pub(super) fn last_told(date: Timestamp, changed: Option<Timestamp>, returned: Option<Timestamp>) -> Timestamp {
    [changed, returned].into_iter().flatten().fold(date, Timestamp::max)
}
