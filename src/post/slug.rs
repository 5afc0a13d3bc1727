//! stub
use camino::Utf8Path;

/// What the path of a post says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathName {
    /// The date in the file's name or path, as text that `date::parse` reads: `2026-01-31`, `2026-01-31T10:20:30`.
    pub date: Option<String>,
    /// The name without date, language and ending, as written: `Hello World`.
    pub name: String,
    /// The slug made of it.
    pub slug: String,
    /// The language in the file's name: `fr` of `hello.fr.md`.
    pub language: Option<String>,
    /// The top folder, where that is a subject: neither `_posts` nor a date, nor a bundle's own folder.
    pub section: Option<String>,
    /// Whether it lies in a folder of drafts (`_drafts`, `Drafts`).
    pub draft: bool,
}

/// Reads the path of a post, relative to the posts folder.
#[must_use]
pub fn read_path(path: &Utf8Path) -> PathName {
    PathName {
        date: None,
        name: path.as_str().to_owned(),
        slug: slugify(path.as_str()),
        language: None,
        section: None,
        draft: false,
    }
}

/// `text` as a slug: ASCII, lower case, words joined by `-`; empty if nothing is left.
#[must_use]
pub fn slugify(text: &str) -> String {
    text.to_owned()
}
