//! Parses paths: what a request asks for.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::index::Scope;
use crate::post::key;
use crate::render::listing::scopes::ScopeKind;
use crate::render::{Format, Place, feed_path};

/// What a path asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A feed.
    Feed(Scope, Place, Format),
    /// The feed of a scope in the format that the client prefers, or the page that explains feeds.
    Subscription(Scope),
    /// The page that explains feeds.
    Subscribe(Scope),
    /// A page of the list for people, from 1.
    Page(Scope, usize),
    /// A page of the posts of a year, from 1.
    Year(i16, usize),
    /// All years, for people.
    Years,
    /// All tags, authors or sections, for people.
    Directory(ScopeKind),
    /// The search, for people.
    Search,
    /// The hub, to which subscribers send forms.
    Hub,
    /// The style sheet.
    Style,
    /// The icon of the site.
    Icon,
    /// The same as PNG, for feed readers.
    RasterIcon,
    /// The JSON listing.
    Listing,
    /// One post of the listing, by its slug.
    Listed(String),
    /// All tags, authors or sections.
    Scopes(ScopeKind),
    /// The stream of events about posts.
    Events,
    /// The description of the API (`OpenAPI`).
    Description,
    /// Whether the server runs.
    Health,
    /// Whether requests should be sent to it.
    Readiness,
    /// The outline of all feeds.
    Outline,
    /// The site map, or a part of it, from 1.
    Map(Option<usize>),
    /// The rules for crawlers.
    Robots,
    /// A media file, by its decoded path below the posts folder.
    Media(String),
    /// Another path, percent-encoded.
    Moved(String),
    /// Any other decoded path; a post may have it.
    Address(String),
}

/// Paths at which other software serves feeds: feed readers try them, and old subscriptions use them.
pub(crate) const FEED_ALIASES: [(&str, Format); 9] = [
    ("feed.xml", Format::Rss),
    ("index.xml", Format::Rss),
    ("feed.rss", Format::Rss),
    ("index.rss", Format::Rss),
    ("rss", Format::Rss),
    ("feed.atom", Format::Atom),
    ("index.atom", Format::Atom),
    ("atom", Format::Atom),
    ("index.json", Format::Json),
];

impl Target {
    /// Parses the path of a request line. Returns `None` if the decoded path is not UTF-8 or contains a control character.
    #[must_use]
    pub fn parse(path: &str) -> Option<Target> {
        let relative = path.strip_prefix('/').unwrap_or(path);
        // most requests are for one of these
        if let Some(format) = format(relative) {
            return Some(Target::Feed(Scope::Site, Place::Newest, format));
        }
        let whole = decode(path)?;
        let parts = decode_parts(relative)?;
        let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
        let target = match parts.as_slice() {
            [""] => Some(Target::Page(Scope::Site, 1)),
            // WordPress's own feed ends in a slash
            ["feed", ""] => Some(Target::Moved(feed_path("", Place::Newest, Format::Rss))),
            [all @ .., ""] => Target::parse_parts(all).map(|target| match target {
                Target::Moved(path) => Target::Moved(path),
                // a folder is not served
                Target::Media(_) => Target::Address(whole.clone().into_owned()),
                _ => Target::Moved(path.trim_end_matches('/').to_owned()),
            }),
            all => Target::parse_parts(all),
        };
        Some(target.unwrap_or_else(|| Target::Address(whole.into_owned())))
    }

    /// The scope of a feed or a page.
    #[must_use]
    pub fn scope(&self) -> Option<&Scope> {
        match self {
            Target::Feed(scope, ..) | Target::Subscription(scope) | Target::Subscribe(scope) | Target::Page(scope, _) => {
                Some(scope)
            }
            _ => None,
        }
    }

    fn parse_parts(parts: &[&str]) -> Option<Target> {
        match parts {
            ["api", "posts"] => Some(Target::Listing),
            ["api", "posts", slug] => Some(Target::Listed((*slug).to_owned())),
            ["api", "events"] => Some(Target::Events),
            ["api", name] => kind(name).map(Target::Scopes),
            ["openapi.json"] => Some(Target::Description),
            ["healthz"] => Some(Target::Health),
            ["readyz"] => Some(Target::Readiness),
            ["feeds.opml"] => Some(Target::Outline),
            ["robots.txt"] => Some(Target::Robots),
            ["sitemap.xml"] => Some(Target::Map(None)),
            [name] if map_part(name).is_some() => Some(Target::Map(map_part(name))),
            ["media", path @ ..] => file_path(path).map(Target::Media),
            ["style.css"] => Some(Target::Style),
            ["favicon.svg"] => Some(Target::Icon),
            ["icon.png"] => Some(Target::RasterIcon),
            ["favicon.ico"] => Some(Target::Moved("/favicon.svg".to_owned())),
            ["search"] => Some(Target::Search),
            ["hub"] => Some(Target::Hub),
            ["years"] => Some(Target::Years),
            ["years", year] => Some(Target::Year(calendar_year(year)?, 1)),
            ["years", year, "page", "1"] => Some(Target::Moved(format!("/years/{}", calendar_year(year)?))),
            ["years", year, "page", n] => Some(Target::Year(calendar_year(year)?, number(n)?)),
            [name] if kind(name).is_some() => kind(name).map(Target::Directory),
            ["tags", name, rest @ ..] => Target::below(Scope::Tag, name, rest),
            ["authors", name, rest @ ..] => Target::below(Scope::Author, name, rest),
            ["sections", name, rest @ ..] => Target::below(Scope::Section, name, rest),
            rest => Target::within(Scope::Site, rest),
        }
    }

    /// Parses the path of a scope with this `name`. Another spelling of a name moves to the canonical one.
    fn below(scope: fn(String) -> Scope, name: &str, rest: &[&str]) -> Option<Target> {
        let canonical = key(name);
        // a name of spaces has no address
        if canonical.is_empty() {
            return None;
        }
        let target = Target::within(scope(canonical.clone()), rest)?;
        if canonical == name {
            return Some(target);
        }
        Some(
            target
                .scope()
                .and_then(|scope| target.path_in(scope))
                .map_or(target, Target::Moved),
        )
    }

    /// Returns the path of the same document in another scope; `None` if it is not in a scope.
    #[must_use]
    pub fn path_in(&self, scope: &Scope) -> Option<String> {
        let base = scope.path();
        Some(match self {
            Target::Feed(_, place, format) => feed_path(&base, *place, *format),
            Target::Page(_, 1) => base,
            Target::Page(_, n) => format!("{base}/page/{n}"),
            Target::Subscription(_) => format!("{base}/feed"),
            Target::Subscribe(_) => format!("{base}/subscribe"),
            _ => return None,
        })
    }

    /// Parses the rest of a path after that of its scope.
    fn within(scope: Scope, rest: &[&str]) -> Option<Target> {
        match *rest {
            [] if scope != Scope::Site => Some(Target::Page(scope, 1)),
            ["feed"] => Some(Target::Subscription(scope)),
            ["subscribe"] => Some(Target::Subscribe(scope)),
            [name] => match (format(name), FEED_ALIASES.iter().find(|(alias, _)| *alias == name)) {
                (Some(format), _) => Some(Target::Feed(scope, Place::Newest, format)),
                (None, Some((_, format))) => Some(Target::Moved(feed_path(&scope.path(), Place::Newest, *format))),
                (None, None) => None,
            },
            ["archive", k, name] => Some(Target::Feed(scope, Place::Archive(number(k)?), format(name)?)),
            ["page", "1"] => Some(Target::Moved(if scope == Scope::Site {
                "/".to_owned()
            } else {
                scope.path()
            })),
            ["page", n] => Some(Target::Page(scope, number(n)?)),
            _ => None,
        }
    }
}

/// The format of a feed with this file name.
fn format(file_name: &str) -> Option<Format> {
    Format::ALL.into_iter().find(|format| format.file_name() == file_name)
}

/// The number in `sitemap-3.xml`.
fn map_part(name: &str) -> Option<usize> {
    number(name.strip_prefix("sitemap-")?.strip_suffix(".xml")?)
}

/// The kind named `tags`, `authors` or `sections`.
fn kind(name: &str) -> Option<ScopeKind> {
    ScopeKind::ALL.into_iter().find(|kind| kind.name() == name)
}

/// Parses a year: a number up to 9999.
fn calendar_year(text: &str) -> Option<i16> {
    i16::try_from(number(text)?).ok().filter(|year| *year <= 9999)
}

/// Parses the percent-encoded path of a media file below the posts folder.
pub(super) fn media_path(path: &str) -> Option<String> {
    let parts = decode_parts(path)?;
    file_path(&parts.iter().map(AsRef::as_ref).collect::<Vec<_>>())
}

/// Joins the parts of a path below the posts folder. No part is empty, contains a slash, or leads to another folder.
fn file_path(parts: &[&str]) -> Option<String> {
    let is_name = |part: &&str| !matches!(*part, "" | "." | "..") && !part.contains(['/', '\\']);
    (!parts.is_empty() && parts.iter().all(is_name)).then(|| parts.join("/"))
}

/// Returns the addresses of the posts whose Markdown may be at `address`: without `.md`, with or without a slash at the end.
pub(crate) fn markdown_addresses(address: &str) -> impl Iterator<Item = String> {
    let post = address.strip_suffix(".md").into_iter();
    post.flat_map(|post| [post.to_owned(), format!("{post}/")])
}

/// Parses a number from 1, in one spelling only, so that no document has two addresses.
fn number(text: &str) -> Option<usize> {
    let number: usize = text.parse().ok()?;
    (number > 0 && number.to_string() == text).then_some(number)
}

fn decode_parts(path: &str) -> Option<Vec<Cow<'_, str>>> {
    path.split('/').map(decode).collect()
}

fn decode(text: &str) -> Option<Cow<'_, str>> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    (!text.contains(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let tag = |key: &str| Scope::Tag(key.to_owned());
        let moved = |path: &str| Target::Moved(path.to_owned());
        let cases = [
            ("/", Target::Page(Scope::Site, 1)),
            ("/page/2", Target::Page(Scope::Site, 2)),
            ("/page/1", moved("/")),
            ("/tags/a/page/1", moved("/tags/a")),
            ("/rss.xml", Target::Feed(Scope::Site, Place::Newest, Format::Rss)),
            (
                "/archive/3/atom.xml",
                Target::Feed(Scope::Site, Place::Archive(3), Format::Atom),
            ),
            ("/tags/c%2B%2B", Target::Page(tag("c++"), 1)),
            ("/tags/a%2Fb/feed.json", Target::Feed(tag("a/b"), Place::Newest, Format::Json)),
            ("/tags/%E6%97%A5%E6%9C%AC%E8%AA%9E/page/2", Target::Page(tag("日本語"), 2)),
            ("/tags/Rust", moved("/tags/rust")),
            (
                "/tags/Field%20Notes/archive/2/rss.xml",
                moved("/tags/field-notes/archive/2/rss.xml"),
            ),
            ("/tags/C++/rss", moved("/tags/c%2B%2B/rss.xml")),
            (
                "/authors/ann/archive/1/rss.xml",
                Target::Feed(Scope::Author("ann".into()), Place::Archive(1), Format::Rss),
            ),
            (
                "/sections/notes/rss.xml",
                Target::Feed(Scope::Section("notes".into()), Place::Newest, Format::Rss),
            ),
            ("/api/posts", Target::Listing),
            ("/api/posts/caf%C3%A9", Target::Listed("café".into())),
            ("/api/tags", Target::Scopes(ScopeKind::Tags)),
            ("/api/events", Target::Events),
            ("/api/events/", moved("/api/events")),
            ("/api/nothing", Target::Address("/api/nothing".into())),
            ("/openapi.json", Target::Description),
            ("/search", Target::Search),
            ("/search/", moved("/search")),
            ("/tags", Target::Directory(ScopeKind::Tags)),
            ("/authors/", moved("/authors")),
            ("/years", Target::Years),
            ("/years/2026", Target::Year(2026, 1)),
            ("/years/2026/", moved("/years/2026")),
            ("/years/2026/page/1", moved("/years/2026")),
            ("/years/2026/page/2", Target::Year(2026, 2)),
            ("/years/02026", Target::Address("/years/02026".into())),
            ("/years/32768", Target::Address("/years/32768".into())),
            ("/years/2026/rss.xml", Target::Address("/years/2026/rss.xml".into())),
            ("/style.css", Target::Style),
            ("/favicon.svg", Target::Icon),
            ("/icon.png", Target::RasterIcon),
            ("/favicon.ico", moved("/favicon.svg")),
            ("/feeds.opml", Target::Outline),
            ("/robots.txt", Target::Robots),
            ("/sitemap.xml", Target::Map(None)),
            ("/sitemap-12.xml", Target::Map(Some(12))),
            ("/sitemap-0.xml", Target::Address("/sitemap-0.xml".into())),
            ("/media/notes/a%20b.png", Target::Media("notes/a b.png".into())),
            ("/media/a%252e.png", Target::Media("a%2e.png".into())),
            ("/media/", Target::Address("/media/".into())),
            ("//media/a.png", Target::Address("//media/a.png".into())),
            ("/media/../a.png", Target::Address("/media/../a.png".into())),
            ("/media/%2e%2e/a.png", Target::Address("/media/../a.png".into())),
            ("/media/a%2Fb.png", Target::Address("/media/a/b.png".into())),
            ("/media/a//b.png", Target::Address("/media/a//b.png".into())),
            ("/media/a%5Cb.png", Target::Address("/media/a\\b.png".into())),
            ("/feed", Target::Subscription(Scope::Site)),
            ("/tags/a/feed", Target::Subscription(tag("a"))),
            ("/subscribe", Target::Subscribe(Scope::Site)),
            ("/feed.xml", moved("/rss.xml")),
            ("/index.xml", moved("/rss.xml")),
            ("/rss", moved("/rss.xml")),
            ("/rss/", moved("/rss.xml")),
            ("/feed/", moved("/rss.xml")),
            ("/feed.rss", moved("/rss.xml")),
            ("/atom", moved("/atom.xml")),
            ("/atom/", moved("/atom.xml")),
            ("/feed.atom", moved("/atom.xml")),
            ("/index.json", moved("/feed.json")),
            ("/rss.xml/", moved("/rss.xml")),
            ("/tags/a/", moved("/tags/a")),
            ("/api/posts/", moved("/api/posts")),
            ("/posts/caf%C3%A9", Target::Address("/posts/café".into())),
            ("/posts/x/", Target::Address("/posts/x/".into())),
            ("/page/0", Target::Address("/page/0".into())),
            ("/page/01", Target::Address("/page/01".into())),
            (
                "/page/99999999999999999999999",
                Target::Address("/page/99999999999999999999999".into()),
            ),
            ("/archive/0/rss.xml", Target::Address("/archive/0/rss.xml".into())),
            ("/tags/a/b/c", Target::Address("/tags/a/b/c".into())),
            ("//", Target::Address("//".into())),
        ];
        for (path, expected) in cases {
            assert_eq!(Target::parse(path), Some(expected), "{path}");
        }
        for path in ["/%ff", "/a%0ab", "/%00"] {
            assert_eq!(Target::parse(path), None, "{path}");
        }
    }

    #[test]
    fn the_hub_has_one_address() {
        assert_eq!(Target::parse("/hub"), Some(Target::Hub));
        assert_eq!(Target::parse("/hub/"), Some(Target::Moved("/hub".to_owned())));
        assert_eq!(Target::parse("/hub/x"), Some(Target::Address("/hub/x".to_owned())));
    }

    #[test]
    fn a_name_of_spaces_is_no_scope() {
        let address = |path: &str| Some(Target::Address(path.to_owned()));
        for (path, expected) in [
            ("/tags/ ", address("/tags/ ")),
            ("/tags/%20", address("/tags/ ")),
            ("/authors/ /", address("/authors/ /")),
            ("/sections/%C2%A0/rss.xml", address("/sections/\u{a0}/rss.xml")),
            ("/tags//rss.xml", address("/tags//rss.xml")),
            ("/tags/%20a%20/page/1", Some(Target::Moved("/tags/a".to_owned()))),
        ] {
            assert_eq!(Target::parse(path), expected, "{path}");
        }
    }

    #[test]
    fn a_moved_path_leads_to_a_path_that_does_not_move() {
        for path in [
            "/feed/",
            "/rss/",
            "/tags/C++/rss",
            "/tags/A/page/1",
            "/page/1",
            "/tags/A%20B/",
            "/Tags/x/",
        ] {
            if let Some(Target::Moved(to)) = Target::parse(path) {
                assert!(!matches!(Target::parse(&to), Some(Target::Moved(_)) | None), "{path} → {to}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_path_is_parsed_and_none_moves_twice(path in "/[a-zA-Z0-9/%+. -]{0,30}|/(tags|authors|page|feed|rss|archive)/[ -~]{0,20}|/(tags|authors|sections)/[ .Aé\u{a0}\u{200b}]{0,2}(/|/feed|/rss|/page/1|/page/2)?") {
            if let Some(Target::Moved(to)) = Target::parse(&path) {
                proptest::prop_assert!(!matches!(Target::parse(&to), Some(Target::Moved(_)) | None), "{} → {}", path, to);
            }
        }
    }
}
