//! What is remembered, as it is kept and as `feedmill ledger export` writes it: one JSON object a line.

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::post::Post;
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
#[expect(clippy::struct_excessive_bools, reason = "each is a field of what is kept")]
pub struct PostRecord {
    /// Its id.
    pub id: String,
    /// Its id in Atom, where that is another one. Where this is `None` and the id is no IRI, Atom had the id as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub atom_id: Option<String>,
    /// The id that its file asked for and did not get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted_id: Option<String>,
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
    /// What its content was: what it showed when it could last be seen, and its text as it was last read. `None` for a post adopted from
    /// elsewhere that was not served yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Fingerprint>,
    /// What its file held, byte by byte, when it could last be seen. `None` where an older feedmill wrote the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Digest>,
    /// When its content last changed, as readers were told last; `None` where they were told of no change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<Moment>,
    /// Since when it is in no list any more; `None` while it is in one, and if it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Timestamp>,
    /// When it last came back after it was withdrawn: readers that let go of it need to see a later change than that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Timestamp>,
    /// Whether it was made a draft, or private, after readers had it: nobody is told its title any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken_back: bool,
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

/// How every record of a post begins that was written here.
const POST: &[u8] = br#"{"record":"post","#;

impl Record {
    /// The record that `json` is.
    ///
    /// # Errors
    ///
    /// It is none.
    pub fn from_json(json: &[u8]) -> Result<Record, serde_json::Error> {
        // where the kind comes first nothing need be held until it is known, which takes half the time
        if json.starts_with(POST)
            && let Ok(post) = serde_json::from_slice(json)
        {
            return Ok(Record::Post(post));
        }
        serde_json::from_slice(json)
    }

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
    /// Whether the past tells of its post: it went, or had other addresses.
    pub(super) fn is_told_of(&self) -> bool {
        self.withdrawn.is_some() || !self.earlier.is_empty()
    }

    /// Whether its file, when it could last be seen, held what the file of `post` holds. Of a record without the digest of a file, what
    /// the post says decides.
    #[must_use]
    pub fn is_of_file(&self, post: &Post) -> bool {
        match (self.file, self.content) {
            (Some(file), _) => file == post.file,
            (None, Some(content)) => (content.text, content.shown) == (post.content.text, post.content.shown),
            (None, None) => false,
        }
    }

    /// Whether readers have its post, and nothing took it from them.
    #[must_use]
    pub fn is_with_readers(&self) -> bool {
        self.content.is_some() && self.withdrawn.is_none()
    }

    /// The id in Atom of its post, given what Atom would have for this id if it had never had another (`None`: the id itself).
    pub(super) fn served_atom_id<'a>(&'a self, otherwise: Option<&'a str>) -> Option<&'a str> {
        let was_in_atom = self.content.is_some() && !self.never_listed;
        match &self.atom_id {
            Some(atom_id) => Some(atom_id.as_str()).filter(|atom_id| *atom_id != self.id),
            None if was_in_atom => None,
            None => otherwise,
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &str = r#""id":"x:a","source":"a.md","title":"A","slug":"a","wanted":"/posts/a","address":"/posts/a","date":"2026-01-31T09:00:00+01:00","is_dated":true,"first_served":"2026-02-01T00:00:00Z","earlier":[{"address":"/posts/b","until":"2026-03-01T00:00:00Z"}],"content":{"shown":"0123456789abcdef0123456789abcdef","text":"00000000000000000000000000000001","likeness":"00000000000000ff"},"tags":["tide"],"in_feeds":true"#;

    #[test]
    fn a_record_is_the_same_wherever_its_kind_stands() {
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
