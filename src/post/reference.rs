//! Resolves the addresses in a post: to another post, to a file beside it, or else as RFC 3986, section 5, does.
//!
//! Authors write relative addresses from the folder of the file, but readers see them at the post's address: `picture.png` in
//! `notes/hello.md` is a file below `notes`, whatever the post's own address is. Files beside posts are published below [`MEDIA`], by
//! their path below the posts folder; posts at their own addresses. This module does not check that a file exists.
//!
//! ```
//! use feedmill::post::reference::{References, Role};
//!
//! let references = References::new("https://example.com", "https://example.com/posts/hello", "notes/hello.md".into());
//! let url = |reference, role| references.resolve(reference, role).map(String::from);
//! assert_eq!(url("cat.png", Role::Part).as_deref(), Some("https://example.com/media/notes/cat.png"));
//! assert_eq!(url("#part", Role::Link).as_deref(), Some("https://example.com/posts/hello#part"));
//! assert_eq!(url("/about", Role::Link).as_deref(), Some("https://example.com/about"));
//! ```

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use percent_encoding::{percent_decode_str, utf8_percent_encode};
use url::{ParseError, Position, Url};

use super::PATH_PART;
use crate::source_file::file_type::is_markdown_ending;

/// The path below the site's address at which files beside posts are published.
pub(crate) const MEDIA: &str = "/media/";

/// Extensions of pages. A relative link to one is another page of the site, as other tools publish them, not a file.
const PAGE_EXTENSIONS: [&str; 10] = ["html", "htm", "xhtml", "php", "asp", "aspx", "jsp", "xml", "json", "opml"];

/// How an address is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It is followed: to a page, a post or a file.
    Link,
    /// It is shown or fetched with the post: a file.
    Part,
}

/// Resolves the addresses in one post.
#[derive(Clone, Debug)]
pub struct References {
    base: Option<Url>,
    page: Option<Url>,
    source: Utf8PathBuf,
    posts: BTreeMap<Utf8PathBuf, String>,
}

impl References {
    /// Resolves addresses in the post read from `source` and published at `page`, an absolute URL, on the site at `base`.
    #[must_use]
    pub fn new(base: &str, page: &str, source: &Utf8Path) -> References {
        References {
            base: Url::parse(&format!("{}{MEDIA}", base.trim_end_matches('/'))).ok(),
            page: Url::parse(page).ok(),
            source: source.to_owned(),
            posts: BTreeMap::new(),
        }
    }

    /// Sets the absolute URLs of other posts, by their paths.
    #[must_use]
    pub fn with_posts(self, posts: BTreeMap<Utf8PathBuf, String>) -> References {
        References { posts, ..self }
    }

    /// Sets the absolute URL of the folder of media files, which ends in a slash.
    #[must_use]
    pub fn with_files(self, files: &str) -> References {
        References {
            base: Url::parse(files).ok(),
            ..self
        }
    }

    /// Returns the absolute URL of `reference`; `None` if it has none.
    #[must_use]
    pub fn resolve(&self, reference: &str, role: Role) -> Option<Url> {
        self.on_site(reference, role)
            .or_else(|| Url::options().base_url(self.page.as_ref()).parse(reference).ok())
    }

    /// Returns what to write for `reference` on the post's own page: a path for a post or a file of this site, so that the page works
    /// under every host of the site. `None` if it does not change.
    #[must_use]
    pub fn on_page(&self, reference: &str, role: Role) -> Option<String> {
        let url = self.on_site(reference, role)?;
        let is_here = self.base.as_ref().is_some_and(|base| base.origin() == url.origin());
        Some(if is_here {
            url[Position::BeforePath..].to_owned()
        } else {
            url.into()
        })
    }

    /// The URL of `reference` if it is a post or a file of this site.
    fn on_site(&self, reference: &str, role: Role) -> Option<Url> {
        match classify(&self.source, reference, role)? {
            RelativeReference::Post(path, rest) => Url::parse(self.posts.get(&path)?).ok()?.join(rest).ok(),
            RelativeReference::File(path) => {
                let media = self.base.as_ref()?;
                let url = media.join(&path).ok()?;
                url.as_str().starts_with(media.as_str()).then_some(url)
            }
        }
    }
}

/// Returns the path (below the posts folder) of the post that `reference` links to, in the post read from `source`.
#[must_use]
pub(crate) fn linked_post(source: &Utf8Path, reference: &str) -> Option<Utf8PathBuf> {
    match classify(source, reference, Role::Link)? {
        RelativeReference::Post(path, _) => Some(path),
        RelativeReference::File(_) => None,
    }
}

/// Returns the path (below the posts folder) of the file that `reference` names, in the post read from `source`.
#[must_use]
pub(crate) fn file_beside(source: &Utf8Path, reference: &str) -> Option<Utf8PathBuf> {
    match classify(source, reference, Role::Part)? {
        RelativeReference::Post(..) => None,
        RelativeReference::File(path) => decoded(path.split(['?', '#']).next()?),
    }
}

/// A reference relative to the post's file.
enum RelativeReference<'a> {
    /// The post at this path, and the query and fragment after it.
    Post(Utf8PathBuf, &'a str),
    /// The file at this path, percent-encoded, with query and fragment.
    File(String),
}

/// Classifies `reference`, in the post read from `source`, by its form alone; `None` if it is not a path relative to the file.
fn classify<'a>(source: &Utf8Path, reference: &'a str, role: Role) -> Option<RelativeReference<'a>> {
    let reference = reference.trim();
    let is_relative = Url::parse(reference) == Err(ParseError::RelativeUrlWithoutBase);
    if !is_relative || reference.starts_with(['/', '#', '?']) || reference.contains('\\') {
        return None;
    }
    let (path, rest) = reference.split_at(reference.find(['?', '#']).unwrap_or(reference.len()));
    // in Zola, `@/` is the posts folder
    let (folder, path) = match path.strip_prefix("@/") {
        Some(path) => (Utf8Path::new(""), path),
        None => (source.parent()?, path),
    };
    let mut parts: Vec<String> = folder
        .components()
        .map(|part| utf8_percent_encode(part.as_str(), PATH_PART).to_string())
        .collect();
    for part in path.split('/') {
        match part.to_ascii_lowercase().replace("%2e", ".").as_str() {
            "." => {}
            ".." => drop(parts.pop()?),
            _ => parts.push(part.to_owned()),
        }
    }
    let path = parts.join("/");
    let name = decoded(parts.last()?)?;
    let ending = name.extension().unwrap_or_default().to_ascii_lowercase();
    if is_markdown_ending(&ending) {
        return Some(RelativeReference::Post(decoded(&path)?, rest));
    }
    let is_file = match role {
        Role::Part => !name.as_str().is_empty(),
        Role::Link => !PAGE_EXTENSIONS.contains(&ending.as_str()) && mime_guess::from_ext(&ending).first().is_some(),
    };
    is_file.then(|| RelativeReference::File(format!("{path}{rest}")))
}

fn decoded(path: &str) -> Option<Utf8PathBuf> {
    Some(percent_decode_str(path).decode_utf8().ok()?.into_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references() -> References {
        let posts = [
            ("notes/other.md", "https://example.com/blog/posts/other"),
            ("top.md", "https://elsewhere.example/top"),
            ("notes/old.mkd", "https://example.com/blog/posts/old"),
        ];
        let posts = posts.map(|(path, url)| (path.into(), url.to_owned()));
        References::new(
            "https://example.com/blog",
            "https://example.com/blog/posts/hello",
            "notes/day 1/hello.md".into(),
        )
        .with_posts(posts.into())
    }

    #[test]
    fn references_are_resolved() {
        const MEDIA: &str = "https://example.com/blog/media/notes/";
        let media = |path: &str| format!("{MEDIA}{path}");
        let cases = [
            (Role::Part, "cat.png", media("day%201/cat.png")),
            (Role::Part, "./cat.png", media("day%201/cat.png")),
            (Role::Part, "../img/cat 1.png", media("img/cat%201.png")),
            (Role::Part, "../img/cat%201.png?v=2#x", media("img/cat%201.png?v=2#x")),
            (Role::Part, "日本.png", media("day%201/%E6%97%A5%E6%9C%AC.png")),
            (Role::Part, "picture", media("day%201/picture")),
            (Role::Part, "/img/cat.png", "https://example.com/img/cat.png".to_owned()),
            (Role::Part, "//cdn.example/cat.png", "https://cdn.example/cat.png".to_owned()),
            (
                Role::Part,
                "https://cdn.example/cat.png",
                "https://cdn.example/cat.png".to_owned(),
            ),
            // nothing above the posts folder is published: resolved as a web address
            (Role::Part, "../../../cat.png", "https://example.com/cat.png".to_owned()),
            (
                Role::Part,
                "%2e%2e/%2E%2e/../cat.png",
                "https://example.com/cat.png".to_owned(),
            ),
            (Role::Link, "paper.pdf", media("day%201/paper.pdf")),
            (Role::Link, "../other.md", "https://example.com/blog/posts/other".to_owned()),
            (
                Role::Link,
                "../other.md#part",
                "https://example.com/blog/posts/other#part".to_owned(),
            ),
            (Role::Link, "@/top.md", "https://elsewhere.example/top".to_owned()),
            (Role::Link, "../old.mkd", "https://example.com/blog/posts/old".to_owned()),
            (
                Role::Link,
                "missing.md",
                "https://example.com/blog/posts/missing.md".to_owned(),
            ),
            (Role::Link, "next", "https://example.com/blog/posts/next".to_owned()),
            (Role::Link, "../rss.xml", "https://example.com/blog/rss.xml".to_owned()),
            (Role::Link, "page.html", "https://example.com/blog/posts/page.html".to_owned()),
            (
                Role::Link,
                "version-1.95.0",
                "https://example.com/blog/posts/version-1.95.0".to_owned(),
            ),
            (Role::Link, "#part", "https://example.com/blog/posts/hello#part".to_owned()),
            (Role::Link, "?q", "https://example.com/blog/posts/hello?q".to_owned()),
            (Role::Link, "mailto:a@example.com", "mailto:a@example.com".to_owned()),
        ];
        for (role, reference, expected) in cases {
            let url = references().resolve(reference, role).map(String::from);
            assert_eq!(url.as_deref(), Some(expected.as_str()), "{role:?} {reference}");
        }
        let top = References::new("http://a.example", "http://a.example/x", "x.md".into());
        let url = top.resolve("cat.png", Role::Part).unwrap();
        assert_eq!(url.as_str(), "http://a.example/media/cat.png");
    }

    #[test]
    fn on_a_page_only_references_to_this_site_change() {
        let cases = [
            (Role::Part, "cat.png", Some("/blog/media/notes/day%201/cat.png")),
            (Role::Link, "../other.md#a", Some("/blog/posts/other#a")),
            (Role::Link, "@/top.md", Some("https://elsewhere.example/top")),
            (Role::Link, "missing.md", None),
            (Role::Link, "#a", None),
            (Role::Part, "https://cdn.example/cat.png", None),
        ];
        for (role, reference, expected) in cases {
            assert_eq!(references().on_page(reference, role).as_deref(), expected, "{reference}");
        }
    }

    #[test]
    fn files_by_their_path() {
        let source = Utf8Path::new("notes/hello.md");
        assert_eq!(file_beside(source, "a%20b.mp3?x"), Some("notes/a b.mp3".into()));
        assert_eq!(file_beside(source, "../a.mp3"), Some("a.mp3".into()));
        for reference in ["https://example.com/a.mp3", "/a.mp3", "other.md", "../../a.mp3", ""] {
            assert_eq!(file_beside(source, reference), None, "{reference}");
        }
        assert_eq!(linked_post(source, "a%20b.md#x"), Some("notes/a b.md".into()));
        assert_eq!(linked_post(source, "https://example.com/a.md"), None);
    }

    proptest::proptest! {
        #[test]
        fn every_file_is_below_the_media_folder(reference in "[a./%2eE\\\\@:?# -]{0,20}") {
            if let Some(RelativeReference::File(_)) = classify("b/c.md".into(), &reference, Role::Part)
                && let Some(url) = references().on_site(&reference, Role::Part)
            {
                proptest::prop_assert!(url.path().starts_with("/blog/media/"), "{}", url);
            }
        }
    }
}
