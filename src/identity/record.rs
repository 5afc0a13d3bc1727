//! The stored records: of the site, of each post that readers have had, and of each document.
//!
//! They are stored, and written by `feedmill ledger export`, as JSON with one object a line. A field that has its usual value is left
//! out. What an older feedmill wrote can be read for ever, so fields are only added, and a new one has a default.

use std::sync::Arc;

use camino::Utf8PathBuf;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use url::Url;

pub use crate::post::{Digest, Fingerprint, Likeness};
use crate::post::{Origin, Post};
use crate::time::{Moment, Timestamp};

/// One stored record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "lowercase")]
pub enum Record {
    /// The site.
    Site(SiteRecord),
    /// A post that readers have had.
    Post(Box<PostRecord>),
    /// A document that readers have had.
    Document(DocumentRecord),
}

/// The record of the site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SiteRecord {
    /// When recording began.
    pub since: Timestamp,
    /// The first address of the site that was configured. Ids are made from it, so it never changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Url>,
}

/// The record of one post: what readers know of it, and what its file is recognised by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a stored field")]
pub struct PostRecord {
    /// Its id.
    pub id: SmolStr,
    /// Its id in Atom, if that is another one. If this is `None` and the id is not an IRI, Atom had the id as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub atom_id: Option<Box<str>>,
    /// The id that its file asked for and did not get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted_id: Option<Box<str>>,
    /// The file that it was last read from, relative to the posts folder.
    pub source: Utf8PathBuf,
    /// Its title.
    pub title: SmolStr,
    /// Its slug.
    pub slug: SmolStr,
    /// The address that its file asked for.
    pub wanted: SmolStr,
    /// Its address, or its last one.
    pub address: SmolStr,
    /// Its former addresses, the last one at the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<FormerAddress>,
    /// Its date. If the file does not contain one, this one stays.
    pub date: Moment,
    /// Whether its file contains its date.
    pub is_dated: bool,
    /// When it was first served.
    pub first_served: Timestamp,
    /// When its content last changed for readers, if that was after it was first served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Timestamp>,
    /// Its content: what it showed when it could last be read, and the text that was last in its file. `None` for a post that was adopted
    /// from elsewhere and not served yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Fingerprint>,
    /// The digest of all bytes of its file, when it could last be read. `None` in records of an older feedmill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Digest>,
    /// The date of its last change as readers know it. `None` if they know of no change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<Moment>,
    /// When it left all lists. `None` while it is in one, and if it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Timestamp>,
    /// When it last came back after it was withdrawn. Readers that removed it need to see a later change than that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Timestamp>,
    /// When it was first in a list, if it could only be read at its address before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<Timestamp>,
    /// Whether it was made a draft, or private, after readers had it. Its title is not shown any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken_back: bool,
    /// Whether it was never in a list, and could only be read at its address.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub never_listed: bool,
    /// Its tags.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub tags: Arc<[SmolStr]>,
    /// The names of its authors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<SmolStr>,
    /// Its section.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<Box<str>>,
    /// Its language, if its file names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Box<str>>,
    /// Whether feeds contain it.
    pub in_feeds: bool,
}

/// An address that a post had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerAddress {
    /// The address.
    pub address: String,
    /// When the post left it.
    pub until: Timestamp,
}

/// The record of a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DocumentRecord {
    /// Its path: `/rss.xml`, `/tags/rust/atom.xml`.
    pub path: String,
    /// The entity tag of its bytes without a coding.
    pub tag: String,
    /// When its bytes last changed (`Last-Modified`).
    pub modified: Timestamp,
    /// The date of the last change that it contains.
    pub updated: Timestamp,
}

/// The first bytes of every stored record of a post.
const POST: &[u8] = br#"{"record":"post","#;

impl Record {
    /// The record in `json`.
    ///
    /// # Errors
    ///
    /// It is not a record.
    pub fn from_json(json: &[u8]) -> Result<Record, serde_json::Error> {
        // serde buffers all fields until it knows the tag; with the tag known the record is read directly, in half the time
        if json.starts_with(POST)
            && let Ok(post) = serde_json::from_slice(json)
        {
            return Ok(Record::Post(post));
        }
        serde_json::from_slice(json)
    }

    /// The key that it is stored under: its kind, and its name within that kind.
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
    /// The record of `post`, first served at `first_served`.
    #[must_use]
    pub fn of(post: &Post, first_served: Timestamp) -> PostRecord {
        PostRecord {
            id: post.id.clone(),
            atom_id: post.atom_id.clone(),
            wanted_id: None,
            source: post.source.clone(),
            title: post.title.clone(),
            slug: post.slug.clone(),
            wanted: post.address.clone(),
            address: post.address.clone(),
            earlier: Vec::new(),
            // a record that was stored and read again must be equal
            date: post.date.to_the_second(),
            is_dated: !matches!(post.origins.date, Origin::FileTime | Origin::Ledger),
            first_served,
            changed: None,
            content: Some(post.content),
            file: Some(post.file),
            updated: post.updated.map(Moment::to_the_second),
            withdrawn: None,
            returned: None,
            listed: None,
            taken_back: false,
            never_listed: false,
            tags: Arc::clone(&post.tags),
            authors: post.authors.iter().map(|author| author.name.as_str().into()).collect(),
            section: post.section.clone(),
            language: post.language.clone(),
            in_feeds: post.in_feeds,
        }
    }

    /// Whether [`History`](super::History) contains the post: it was withdrawn, or had other addresses.
    pub(super) fn has_history(&self) -> bool {
        self.withdrawn.is_some() || !self.earlier.is_empty()
    }

    /// Whether the file of `post` contains the same bytes as the post's file when it could last be read. A record without the digest
    /// of a file compares what the post shows.
    #[must_use]
    pub(super) fn matches_file(&self, post: &Post) -> bool {
        match (self.file, self.content) {
            (Some(file), _) => file == post.file,
            (None, Some(content)) => (content.text, content.shown) == (post.content.text, post.content.shown),
            (None, None) => false,
        }
    }

    /// Whether readers have the post: it was served, and was not withdrawn.
    #[must_use]
    pub(super) fn is_with_readers(&self) -> bool {
        self.content.is_some() && self.withdrawn.is_none()
    }

    /// The id in Atom of the post, if that is another one than its id. `made` is the one that a post which never was in Atom gets.
    pub(super) fn served_atom_id<'a>(&'a self, made: Option<&'a str>) -> Option<&'a str> {
        let was_in_atom = self.content.is_some() && !self.never_listed;
        match self.atom_id.as_deref() {
            Some(atom_id) => Some(atom_id).filter(|atom_id| *atom_id != self.id),
            None if was_in_atom => None,
            None => made,
        }
    }

    /// The latest date that readers have seen of the post. Its `updated` never goes back behind it.
    #[must_use]
    pub fn last_seen_change(&self) -> Timestamp {
        let dates = [self.changed, self.returned];
        dates.into_iter().flatten().fold(self.date.timestamp(), Timestamp::max)
    }

    /// The title, if it may be shown.
    pub(super) fn public_title(&self) -> SmolStr {
        if self.taken_back {
            SmolStr::default()
        } else {
            self.title.clone()
        }
    }
}

/// One second after `at`: the smallest difference that HTTP dates and the dates in feeds can show.
pub(super) fn second_after(at: Timestamp) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(1)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = r#""id":"x:a","source":"a.md","title":"A","slug":"a","wanted":"/posts/a","address":"/posts/a","date":"2026-01-31T09:00:00+01:00","is_dated":true,"first_served":"2026-02-01T00:00:00Z","earlier":[{"address":"/posts/b","until":"2026-03-01T00:00:00Z"}],"content":{"shown":"0123456789abcdef0123456789abcdef","text":"00000000000000000000000000000001","likeness":"00000000000000ff"},"tags":["tide"],"in_feeds":true"#;

    #[test]
    fn a_record_is_read_wherever_its_kind_is() {
        let cases = [
            ("first", format!(r#"{{"record":"post",{REST}}}"#), true),
            ("last", format!(r#"{{{REST},"record":"post"}}"#), true),
            ("after a space", format!(r#"{{ "record": "post", {REST}}}"#), true),
            (
                "with what a later version adds",
                format!(r#"{{"record":"post",{REST},"mood":[1]}}"#),
                true,
            ),
            ("no kind", format!("{{{REST}}}"), false),
            ("another kind", format!(r#"{{"record":"site",{REST}}}"#), false),
            ("not all of a post", r#"{"record":"post","id":"x:a"}"#.to_owned(), false),
            ("cut off", format!(r#"{{"record":"post",{REST}"#), false),
            ("and more", format!(r#"{{"record":"post",{REST}}} {{}}"#), false),
        ];
        for (name, json, is_post) in cases {
            let read = Record::from_json(json.as_bytes()).map_err(|error| error.to_string());
            let expected = serde_json::from_str(&json).map_err(|error| error.to_string());
            assert_eq!(read, expected, "{name}");
            assert_eq!(read.is_ok_and(|record| record.key() == ("post", "x:a")), is_post, "{name}");
        }
    }

    #[test]
    fn a_record_is_written_with_its_kind_first() {
        let record: Record = serde_json::from_str(&format!(r#"{{"record":"post",{REST}}}"#)).unwrap();
        assert!(serde_json::to_vec(&record).unwrap().starts_with(POST));
    }
}
