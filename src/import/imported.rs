//! A post as an export or a feed has it: the plain struct between the readers of formats and the writer of files.

use std::fmt;

use jiff::civil::DateTime;
use serde::Serialize;
use url::Url;

use crate::time::Moment;

/// A post or page of another tool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportedPost {
    /// Post or page.
    pub kind: ImportedKind,
    /// Where it is in the source: a line of a file, or the name of a file in an archive.
    pub place: String,
    /// The tool's own word for its state, such as `publish`.
    pub state: String,
    /// Who may read it.
    pub audience: Audience,
    /// The id that readers of the old feed know; empty if it is not known.
    pub id: String,
    /// What identifies it in its source, if `id` is empty.
    pub source_key: String,
    /// The name in its address; may be empty.
    pub slug: String,
    /// Plain text; may be empty.
    pub title: String,
    /// When it was published.
    pub date: Option<ImportedDate>,
    /// When it last changed.
    pub updated: Option<ImportedDate>,
    /// Whether it stands above the others in lists.
    pub is_pinned: bool,
    /// Names of authors.
    pub authors: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Plain text; may be empty.
    pub summary: String,
    /// The address of its picture.
    pub image: Option<String>,
    /// Its language, if the source says it of this post.
    pub language: String,
    /// Its address on the old site.
    pub url: Option<Url>,
    /// Further old addresses: paths, or `/?p=123`.
    pub aliases: Vec<String>,
    /// A page elsewhere that the post is about.
    pub external_url: Option<String>,
    /// Sound and video.
    pub enclosures: Vec<ImportedEnclosure>,
    /// The text as HTML.
    pub html: String,
    /// What could not be kept, in words.
    pub losses: Vec<String>,
    /// The names of shortcodes that stay in the text.
    pub shortcodes: Vec<String>,
    /// The number of its comments, which are not imported.
    pub comments: usize,
}

/// Post or page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ImportedKind {
    /// A post, which is in feeds.
    #[default]
    Post,
    /// A page, which has an address and is in no feed.
    Page,
}

impl ImportedKind {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ImportedKind::Post => "post",
            ImportedKind::Page => "page",
        }
    }
}

/// Who may read a post. What was not for everybody must not become public.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// Not published, or it is not known whether it was.
    #[default]
    Draft,
    /// Published for some people only: members, or those who know a password.
    Private,
    /// For everybody.
    Everybody,
}

/// A date as a source has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ImportedDate {
    /// An instant with an offset.
    Zoned(Moment),
    /// A date and time in the zone of the site, which the source does not name.
    Local(DateTime),
}

impl ImportedDate {
    /// The instant, if it is known.
    #[must_use]
    pub fn moment(self) -> Option<Moment> {
        match self {
            ImportedDate::Zoned(moment) => Some(moment),
            ImportedDate::Local(_) => None,
        }
    }
}

impl fmt::Display for ImportedDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImportedDate::Zoned(moment) => f.write_str(&moment.rfc3339()),
            ImportedDate::Local(at) => write!(f, "{}", at.strftime("%Y-%m-%d %H:%M:%S")),
        }
    }
}

/// A sound or video file of a post.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportedEnclosure {
    /// Its address.
    pub url: String,
    /// Its media type; may be empty.
    pub media_type: String,
    /// Its size in bytes; 0 if it is not known.
    pub length: u64,
}

/// What a reader finds in a source.
#[derive(Clone, Debug)]
pub enum FoundItem {
    /// A post or page.
    Post(Box<ImportedPost>),
    /// Something that is not imported.
    LeftOut {
        /// Its type in the words of the tool, such as `attachment`.
        kind: String,
        /// Its state in the words of the tool; may be empty.
        state: String,
        /// Why it is left out; empty if that is usual for its type.
        why: String,
    },
    /// A mistake in the source.
    Mistake {
        /// The line or the file.
        place: String,
        /// What is wrong.
        message: String,
    },
}

/// What a source says about its site.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SiteFacts {
    /// Its title.
    pub title: String,
    /// The address of its first page.
    pub home: Option<Url>,
    /// The address at which its feed usually is.
    pub feed: Option<Url>,
}
