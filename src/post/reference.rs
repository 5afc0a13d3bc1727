//! Resolves the addresses in a post: to another post, to a file, or else as RFC 3986, section 5, does.
//!
//! Authors write relative addresses from the folder of the file, but readers see them at the post's address: `picture.png` in
//! `notes/hello.md` is a file below `notes`, whatever the post's own address is. Files beside posts are published below [`MEDIA`], by
//! their path below the posts folder; posts at their own addresses.
//!
//! What is on the site is not known here: [`FindTarget`] finds the post or the file that an address names. An address that names
//! nothing leads where its form says, so that a missing file has the address that it would have beside the post.
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

mod parsed;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use percent_encoding::{percent_decode_str, utf8_percent_encode};
use url::{ParseError, Position, Url};

use super::PATH_PART;
use crate::source_file::file_type::{is_markdown, is_markdown_ending};
pub(crate) use parsed::WIKILINK;
pub use parsed::{ParsedReference, ReferenceForm};

/// The path below the site's address at which files beside posts are published.
pub(crate) const MEDIA: &str = "/media/";

/// Extensions of pages. A relative link to one is another page of the site, as other tools publish them, not a file.
pub(crate) const PAGE_EXTENSIONS: [&str; 10] = ["html", "htm", "xhtml", "php", "asp", "aspx", "jsp", "xml", "json", "opml"];

/// How an address is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It is followed: to a page, a post or a file.
    Link,
    /// It is shown or fetched with the post: a file.
    Part,
}

/// What an address leads to on the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A page, at the address as it is written.
    AsWritten,
    /// A page, at this absolute URL.
    Page(String),
    /// The media file at this path below the posts folder.
    File(Utf8PathBuf),
    /// A post that is not public. It gets no link.
    NotPublic,
}

/// The place in which an address is written.
#[derive(Clone, Copy, Debug)]
pub struct LinkPlace<'a> {
    /// The path of the post's file below the posts folder.
    pub source: &'a Utf8Path,
    /// The absolute URL of the post.
    pub page: &'a Url,
}

/// What was found for an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundDestination {
    /// What it leads to, if there is anything.
    pub target: Option<Destination>,
    /// The keys of all that was looked up. Only a change of something with one of these keys can change the target.
    pub keys: Vec<u64>,
}

/// Finds what addresses lead to on one site.
pub trait FindTarget: fmt::Debug + Send + Sync {
    /// Finds what `reference`, used as `role` says, leads to.
    fn find(&self, place: LinkPlace<'_>, reference: &ParsedReference<'_>, role: Role) -> FoundDestination;

    /// A number that differs for two sites if an address may lead elsewhere in one of them.
    fn generation(&self) -> u64;
}

/// What addresses lead to: on a site, or nowhere.
#[derive(Clone, Debug, Default)]
pub struct Targets(Option<Arc<dyn FindTarget>>);

impl Targets {
    /// Finds targets by `find`.
    #[must_use]
    pub fn new(find: Arc<dyn FindTarget>) -> Targets {
        Targets(Some(find))
    }

    /// A number that differs from that of other targets if an address may lead elsewhere.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.as_ref().map_or(0, |find| find.generation())
    }
}

/// The addresses of a post that were resolved, each with what it led to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// By role and reference.
    pub targets: BTreeMap<(Role, String), Option<Destination>>,
    /// The keys of all that was looked up ([`FoundDestination::keys`]).
    pub keys: BTreeSet<u64>,
}

/// Resolves the addresses in one post.
#[derive(Clone, Debug)]
pub struct References {
    base: Option<Url>,
    page: Option<Url>,
    source: Utf8PathBuf,
    targets: Targets,
    answers: Arc<Mutex<Answers>>,
}

impl References {
    /// Resolves addresses in the post read from `source` and published at `page`, an absolute URL, on the site at `base`.
    #[must_use]
    pub fn new(base: &str, page: &str, source: &Utf8Path) -> References {
        References {
            base: Url::parse(&format!("{}{MEDIA}", base.trim_end_matches('/'))).ok(),
            page: Url::parse(page).ok(),
            source: source.to_owned(),
            targets: Targets::default(),
            answers: Arc::default(),
        }
    }

    /// Sets what addresses lead to.
    #[must_use]
    pub fn with_targets(self, targets: &Targets) -> References {
        References {
            targets: targets.clone(),
            ..self
        }
    }

    /// Sets the absolute URL of the folder of media files, which ends in a slash.
    #[must_use]
    pub fn with_files(self, files: &str) -> References {
        References {
            base: Url::parse(files).ok(),
            ..self
        }
    }

    /// Returns what was resolved so far.
    #[must_use]
    pub fn answers(&self) -> Answers {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether `answers` are what would be found now.
    #[must_use]
    pub fn would_answer(&self, answers: &Answers) -> bool {
        answers
            .targets
            .iter()
            .all(|((role, reference), target)| self.find(reference, *role).target == *target)
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

    /// Returns what `reference` leads to on this site: `Some(None)` if that is nothing, and `None` if it leads to another site or to a
    /// part of the same page, or if the site is not known.
    #[must_use]
    pub fn target_of(&self, reference: &str, role: Role) -> Option<Option<Destination>> {
        ParsedReference::parse(reference)?;
        self.targets.0.as_ref()?;
        Some(self.find(reference, role).target)
    }

    /// Whether `reference` is a link to a Markdown file of this site that is not a public post: readers get its text alone.
    #[must_use]
    pub fn is_lost(&self, reference: &str, role: Role) -> bool {
        let names_markdown = || ParsedReference::parse(reference).is_some_and(|written| is_markdown(&written.path));
        role == Role::Link
            && names_markdown()
            && matches!(self.target_of(reference, role), Some(None | Some(Destination::NotPublic)))
    }

    /// What `reference` leads to; nothing if it leads to another site or to a part of the same page.
    fn find(&self, reference: &str, role: Role) -> FoundDestination {
        let (Some(targets), Some(page)) = (&self.targets.0, &self.page) else {
            return FoundDestination::default();
        };
        let place = LinkPlace {
            source: &self.source,
            page,
        };
        let written = ParsedReference::parse(reference);
        written.map_or_else(FoundDestination::default, |written| targets.find(place, &written, role))
    }

    /// The URL of `reference` if it is a page or a file of this site that does not have the address as written.
    fn on_site(&self, reference: &str, role: Role) -> Option<Url> {
        let found = self.find(reference, role);
        if !found.keys.is_empty() {
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.keys.extend(found.keys);
            answers.targets.insert((role, reference.to_owned()), found.target.clone());
        }
        let by_form = file_by_form(&self.source, reference, role);
        match found.target {
            Some(Destination::AsWritten) => None,
            Some(Destination::Page(url)) => {
                let rest = ParsedReference::parse(reference).map_or("", |written| written.rest);
                Url::parse(&url).ok()?.join(rest).ok()
            }
            // keeps the author's spelling of the path
            Some(Destination::File(path)) => match by_form.filter(|by_form| decoded_path(by_form).as_ref() == Some(&path)) {
                Some(by_form) => self.file(&by_form),
                None => {
                    let rest = ParsedReference::parse(reference).map_or("", |written| written.rest);
                    self.file(&format!("{}{rest}", encoded(&path)))
                }
            },
            Some(Destination::NotPublic) | None => self.file(&by_form?),
        }
    }

    /// The URL of the media file at `path`, which is percent-encoded.
    fn file(&self, path: &str) -> Option<Url> {
        let media = self.base.as_ref()?;
        let url = media.join(path).ok()?;
        url.as_str().starts_with(media.as_str()).then_some(url)
    }
}

/// Returns the path (below the posts folder) of the file that `reference` names by its form, in the post read from `source`.
#[must_use]
pub(crate) fn file_beside(source: &Utf8Path, reference: &str) -> Option<Utf8PathBuf> {
    decoded_path(&file_by_form(source, reference, Role::Part)?)
}

/// The path of the file that `reference` names by its form, in the post read from `source`: percent-encoded, with query and fragment.
/// `None` if it is not a path relative to the file, or names a post.
fn file_by_form(source: &Utf8Path, reference: &str, role: Role) -> Option<String> {
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
    let mut parts: Vec<String> = folder.components().map(|part| encoded_part(part.as_str())).collect();
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
    let is_file = match role {
        _ if is_markdown_ending(&ending) => false,
        Role::Part => !name.as_str().is_empty(),
        Role::Link => !PAGE_EXTENSIONS.contains(&ending.as_str()) && mime_guess::from_ext(&ending).first().is_some(),
    };
    is_file.then(|| format!("{path}{rest}"))
}

/// The path in `path`, which is percent-encoded, with query and fragment.
fn decoded_path(path: &str) -> Option<Utf8PathBuf> {
    decoded(path.split(['?', '#']).next()?)
}

fn decoded(path: &str) -> Option<Utf8PathBuf> {
    Some(percent_decode_str(path).decode_utf8().ok()?.into_owned().into())
}

/// `path`, percent-encoded.
fn encoded(path: &Utf8Path) -> String {
    let parts: Vec<String> = path.as_str().split('/').map(encoded_part).collect();
    parts.join("/")
}

fn encoded_part(part: &str) -> String {
    utf8_percent_encode(part, PATH_PART).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Finds targets by the path as it is written.
    #[derive(Debug)]
    struct Known;

    impl FindTarget for Known {
        fn find(&self, _: LinkPlace<'_>, reference: &ParsedReference<'_>, _: Role) -> FoundDestination {
            let target = match reference.path.as_str() {
                "../other.md" => Some(Destination::Page("https://example.com/blog/posts/other".to_owned())),
                "top.md" => Some(Destination::Page("https://elsewhere.example/top".to_owned())),
                "../img/cat (1).png" => Some(Destination::File("notes/img/cat (1).png".into())),
                "elsewhere.png" => Some(Destination::File("a b/elsewhere.png".into())),
                "next" => Some(Destination::AsWritten),
                "draft.md" => Some(Destination::NotPublic),
                _ => None,
            };
            FoundDestination { target, keys: vec![1] }
        }

        fn generation(&self) -> u64 {
            1
        }
    }

    fn references() -> References {
        References::new(
            "https://example.com/blog",
            "https://example.com/blog/posts/hello",
            "notes/day 1/hello.md".into(),
        )
        .with_targets(&Targets::new(Arc::new(Known)))
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
            (
                Role::Part,
                "elsewhere.png?v=2",
                "https://example.com/blog/media/a%20b/elsewhere.png?v=2".to_owned(),
            ),
            // the author's spelling of a path stays
            (Role::Part, "../img/cat%20(1).png", media("img/cat%20(1).png")),
            (Role::Link, "draft.md", "https://example.com/blog/posts/draft.md".to_owned()),
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
    }

    #[test]
    fn answers_are_compared_with_those_of_another_site() {
        let references = references();
        for reference in ["../other.md", "missing.md", "https://elsewhere.example"] {
            assert!(references.resolve(reference, Role::Link).is_some());
        }
        let answers = references.answers();
        assert_eq!(answers.targets.len(), 2);
        assert!(references.would_answer(&answers));
        assert!(!references.with_targets(&Targets::default()).would_answer(&answers));
    }

    proptest::proptest! {
        #[test]
        fn every_file_is_below_the_media_folder(reference in "[a./%2eE\\\\@:?# -]{0,20}") {
            if file_by_form("b/c.md".into(), &reference, Role::Part).is_some()
                && let Some(url) = references().on_site(&reference, Role::Part)
            {
                proptest::prop_assert!(url.path().starts_with("/blog/media/"), "{}", url);
            }
        }
    }
}
