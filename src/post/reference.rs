//! What an address in a post means: another post, a file beside it, or whatever the web makes of it (RFC 3986, section 5).
//!
//! Authors write relative addresses from where the file lies, and readers meet them where the post is published: `picture.png` in
//! `notes/hello.md` is a file below `notes`, whatever the post's own address. Files beside posts are published below
//! [`MEDIA`], by their path below the posts folder; posts at their own addresses.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use percent_encoding::{percent_decode_str, utf8_percent_encode};
use url::{ParseError, Position, Url};

use super::PATH_PART;
use crate::source_file::file_type::is_markdown_ending;

/// Where files beside posts are published, below the site's address.
pub const MEDIA: &str = "/media/";

/// Endings of pages: a relative link to one means another page of the site, as other tools publish them.
const PAGES: [&str; 10] = ["html", "htm", "xhtml", "php", "asp", "aspx", "jsp", "xml", "json", "opml"];

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// To be followed: it may mean a page, a post or a file.
    Link,
    /// To be shown or fetched with the post: it means a file.
    Part,
}

/// What the addresses in one post mean.
#[derive(Clone, Debug)]
pub struct References {
    base: Option<Url>,
    page: Option<Url>,
    source: Utf8PathBuf,
    posts: BTreeMap<Utf8PathBuf, String>,
}

impl References {
    /// Of the post read from `source` and published at `page`, an absolute URL, on the site at `base`.
    #[must_use]
    pub fn new(base: &str, page: &str, source: &Utf8Path) -> References {
        References {
            base: Url::parse(&format!("{}{MEDIA}", base.trim_end_matches('/'))).ok(),
            page: Url::parse(page).ok(),
            source: source.to_owned(),
            posts: BTreeMap::new(),
        }
    }

    /// The same, where the posts with these paths are published at these absolute URLs.
    #[must_use]
    pub fn with_posts(self, posts: BTreeMap<Utf8PathBuf, String>) -> References {
        References { posts, ..self }
    }

    /// The same, where files of this site are below the absolute URL `files`, which ends in a slash.
    #[must_use]
    pub fn with_files(self, files: &str) -> References {
        References {
            base: Url::parse(files).ok(),
            ..self
        }
    }

    /// The absolute URL that `reference` means; `None` where it means none.
    #[must_use]
    pub fn resolved(&self, reference: &str, role: Role) -> Option<Url> {
        self.on_site(reference, role)
            .or_else(|| Url::options().base_url(self.page.as_ref()).parse(reference).ok())
    }

    /// What to write for `reference` on the post's own page: a path where it means a post or a file of this site, so that the page
    /// is right wherever the site is reached; else `None`, and it stays as it is.
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

    /// The URL of the post or file of this site that `reference` means.
    fn on_site(&self, reference: &str, role: Role) -> Option<Url> {
        match meant(&self.source, reference, role)? {
            Meant::Post(path, rest) => Url::parse(self.posts.get(&path)?).ok()?.join(rest).ok(),
            Meant::File(path) => {
                let media = self.base.as_ref()?;
                let url = media.join(&path).ok()?;
                url.as_str().starts_with(media.as_str()).then_some(url)
            }
        }
    }
}

/// The path below the posts folder of the post that `reference`, in the post read from `source`, is a link to, if it is one.
#[must_use]
pub fn linked_post(source: &Utf8Path, reference: &str) -> Option<Utf8PathBuf> {
    match meant(source, reference, Role::Link)? {
        Meant::Post(path, _) => Some(path),
        Meant::File(_) => None,
    }
}

/// The path below the posts folder of the file that `reference`, in the post read from `source`, is.
#[must_use]
pub fn file_beside(source: &Utf8Path, reference: &str) -> Option<Utf8PathBuf> {
    match meant(source, reference, Role::Part)? {
        Meant::Post(..) => None,
        Meant::File(path) => decoded(path.split(['?', '#']).next()?),
    }
}

/// What a relative reference means.
enum Meant<'a> {
    /// The post read from this path, and the query and fragment after it.
    Post(Utf8PathBuf, &'a str),
    /// The file at this path, percent-encoded, with query and fragment.
    File(String),
}

/// What `reference` in the post read from `source` means, by its form alone; `None` where it is no path from the file.
fn meant<'a>(source: &Utf8Path, reference: &'a str, role: Role) -> Option<Meant<'a>> {
    let reference = reference.trim();
    let is_relative = Url::parse(reference) == Err(ParseError::RelativeUrlWithoutBase);
    if !is_relative || reference.starts_with(['/', '#', '?']) || reference.contains('\\') {
        return None;
    }
    let (path, rest) = reference.split_at(reference.find(['?', '#']).unwrap_or(reference.len()));
    // Zola's `@/` is the posts folder
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
        return Some(Meant::Post(decoded(&path)?, rest));
    }
    let is_file = match role {
        Role::Part => !name.as_str().is_empty(),
        Role::Link => !PAGES.contains(&ending.as_str()) && mime_guess::from_ext(&ending).first().is_some(),
    };
    is_file.then(|| Meant::File(format!("{path}{rest}")))
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
    fn what_addresses_mean() {
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
            // past the posts folder nothing is published: it is left to the web
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
            let url = references().resolved(reference, role).map(String::from);
            assert_eq!(url.as_deref(), Some(expected.as_str()), "{role:?} {reference}");
        }
        let top = References::new("http://a.example", "http://a.example/x", "x.md".into());
        let url = top.resolved("cat.png", Role::Part).unwrap();
        assert_eq!(url.as_str(), "http://a.example/media/cat.png");
    }

    #[test]
    fn on_a_page_only_what_is_of_this_site_changes() {
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
        fn no_reference_leads_out_of_the_media_folder(reference in "[a./%2eE\\\\@:?# -]{0,20}") {
            if let Some(Meant::File(_)) = meant("b/c.md".into(), &reference, Role::Part)
                && let Some(url) = references().on_site(&reference, Role::Part)
            {
                proptest::prop_assert!(url.path().starts_with("/blog/media/"), "{}", url);
            }
        }
    }
}
