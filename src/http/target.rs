//! What an address asks for.

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
    /// What people look for.
    Search,
    /// How pages look.
    Style,
    /// The picture of the site.
    Icon,
    /// The same as PNG, for readers of feeds.
    RasterIcon,
    /// The JSON listing.
    Listing,
    /// One post of it, by its slug.
    Listed(String),
    /// All tags, authors or sections.
    Scopes(ScopeKind),
    /// What can be asked.
    Description,
    /// Whether the server lives.
    Health,
    /// Whether it is to be sent requests.
    Readiness,
    /// The outline of all feeds.
    Outline,
    /// The site map, or a part of it, from 1.
    Map(Option<usize>),
    /// What crawlers are told.
    Robots,
    /// A file beside posts, by its decoded path below the posts folder.
    Media(String),
    /// What is asked for has this path, percent-encoded.
    Moved(String),
    /// Anything else: perhaps a post, by its decoded path.
    Address(String),
}

/// Addresses under which other software serves feeds: readers try them, and subscriptions of old lead to them.
const ALIASES: [(&str, Format); 9] = [
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
    /// Reads `path`, as the request line has it. `None` if it is no UTF-8 or holds a control character once decoded.
    #[must_use]
    pub fn read(path: &str) -> Option<Target> {
        let whole = decoded(path)?;
        let parts: Vec<Cow<'_, str>> = path
            .strip_prefix('/')
            .unwrap_or(path)
            .split('/')
            .map(decoded)
            .collect::<Option<_>>()?;
        let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
        let target = match parts.as_slice() {
            [""] => Some(Target::Page(Scope::Site, 1)),
            // the slash at the end of WordPress's feeds is none too many
            ["feed", ""] => Some(Target::Moved(feed_path("", Place::Newest, Format::Rss))),
            [all @ .., ""] => Target::of(all).map(|target| match target {
                Target::Moved(path) => Target::Moved(path),
                // whether a file is there is not known here, and a folder is none
                Target::Media(_) => Target::Address(whole.clone().into_owned()),
                _ => Target::Moved(path.trim_end_matches('/').to_owned()),
            }),
            all => Target::of(all),
        };
        Some(target.unwrap_or_else(|| Target::Address(whole.into_owned())))
    }

    /// The scope that it belongs to, if any.
    #[must_use]
    pub fn scope(&self) -> Option<&Scope> {
        match self {
            Target::Feed(scope, ..) | Target::Subscription(scope) | Target::Subscribe(scope) | Target::Page(scope, _) => {
                Some(scope)
            }
            _ => None,
        }
    }

    fn of(parts: &[&str]) -> Option<Target> {
        match parts {
            ["api", "posts"] => Some(Target::Listing),
            ["api", "posts", slug] => Some(Target::Listed((*slug).to_owned())),
            ["api", name] => kind(name).map(Target::Scopes),
            ["openapi.json"] => Some(Target::Description),
            ["healthz"] => Some(Target::Health),
            ["readyz"] => Some(Target::Readiness),
            ["feeds.opml"] => Some(Target::Outline),
            ["robots.txt"] => Some(Target::Robots),
            ["sitemap.xml"] => Some(Target::Map(None)),
            [name] if map_part(name).is_some() => Some(Target::Map(map_part(name))),
            ["media", path @ ..] => file(path),
            ["style.css"] => Some(Target::Style),
            ["favicon.svg"] => Some(Target::Icon),
            ["icon.png"] => Some(Target::RasterIcon),
            ["favicon.ico"] => Some(Target::Moved("/favicon.svg".to_owned())),
            ["search"] => Some(Target::Search),
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

    /// What follows the path of a scope that has a name; in another spelling it is sent to the one that counts.
    fn below(scope: fn(String) -> Scope, name: &str, rest: &[&str]) -> Option<Target> {
        let canonical = key(name);
        // a name of nothing but space is none, and its address would be another one
        if canonical.is_empty() {
            return None;
        }
        let target = Target::within(scope(canonical.clone()), rest)?;
        if canonical == name {
            return Some(target);
        }
        Some(match target {
            Target::Feed(scope, place, format) => Target::Moved(feed_path(&scope.path(), place, format)),
            Target::Page(scope, 1) => Target::Moved(scope.path()),
            Target::Page(scope, n) => Target::Moved(format!("{}/page/{n}", scope.path())),
            Target::Subscription(scope) => Target::Moved(format!("{}/feed", scope.path())),
            Target::Subscribe(scope) => Target::Moved(format!("{}/subscribe", scope.path())),
            other => other,
        })
    }

    /// What follows a scope's own path.
    fn within(scope: Scope, rest: &[&str]) -> Option<Target> {
        let format = |name: &str| Format::ALL.into_iter().find(|format| format.file_name() == name);
        match *rest {
            [] if scope != Scope::Site => Some(Target::Page(scope, 1)),
            ["feed"] => Some(Target::Subscription(scope)),
            ["subscribe"] => Some(Target::Subscribe(scope)),
            [name] => match (format(name), ALIASES.iter().find(|(alias, _)| *alias == name)) {
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

/// `sitemap-3.xml`
fn map_part(name: &str) -> Option<usize> {
    number(name.strip_prefix("sitemap-")?.strip_suffix(".xml")?)
}

/// `tags`, `authors`, `sections`
fn kind(name: &str) -> Option<ScopeKind> {
    ScopeKind::ALL.into_iter().find(|kind| kind.name() == name)
}

/// A year as addresses write it: like any number, and one that a post can have.
fn calendar_year(text: &str) -> Option<i16> {
    i16::try_from(number(text)?).ok().filter(|year| *year <= 9999)
}

/// A path below the posts folder, in one spelling only: a slash parts it, and no part says where to go.
fn file(parts: &[&str]) -> Option<Target> {
    let is_name = |part: &&str| !matches!(*part, "" | "." | "..") && !part.contains(['/', '\\']);
    (!parts.is_empty() && parts.iter().all(is_name)).then(|| Target::Media(parts.join("/")))
}

/// A number as addresses write it: from 1, in one spelling only, so that nothing has two addresses.
fn number(text: &str) -> Option<usize> {
    let number: usize = text.parse().ok()?;
    (number > 0 && number.to_string() == text).then_some(number)
}

fn decoded(text: &str) -> Option<Cow<'_, str>> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    (!text.contains(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
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
            assert_eq!(Target::read(path), Some(expected), "{path}");
        }
        for path in ["/%ff", "/a%0ab", "/%00"] {
            assert_eq!(Target::read(path), None, "{path}");
        }
    }

    #[test]
    fn a_name_of_nothing_but_space_is_no_scope() {
        let address = |path: &str| Some(Target::Address(path.to_owned()));
        for (path, expected) in [
            ("/tags/ ", address("/tags/ ")),
            ("/tags/%20", address("/tags/ ")),
            ("/authors/ /", address("/authors/ /")),
            ("/sections/%C2%A0/rss.xml", address("/sections/\u{a0}/rss.xml")),
            ("/tags//rss.xml", address("/tags//rss.xml")),
            ("/tags/%20a%20/page/1", Some(Target::Moved("/tags/a".to_owned()))),
        ] {
            assert_eq!(Target::read(path), expected, "{path}");
        }
    }

    #[test]
    fn an_address_that_moved_leads_where_nothing_moves() {
        for path in [
            "/feed/",
            "/rss/",
            "/tags/C++/rss",
            "/tags/A/page/1",
            "/page/1",
            "/tags/A%20B/",
            "/Tags/x/",
        ] {
            if let Some(Target::Moved(to)) = Target::read(path) {
                assert!(!matches!(Target::read(&to), Some(Target::Moved(_)) | None), "{path} → {to}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_path_is_read_and_none_moves_twice(path in "/[a-zA-Z0-9/%+. -]{0,30}|/(tags|authors|page|feed|rss|archive)/[ -~]{0,20}|/(tags|authors|sections)/[ .Aé\u{a0}\u{200b}]{0,2}(/|/feed|/rss|/page/1|/page/2)?") {
            if let Some(Target::Moved(to)) = Target::read(&path) {
                proptest::prop_assert!(!matches!(Target::read(&to), Some(Target::Moved(_)) | None), "{} → {}", path, to);
            }
        }
    }
}
