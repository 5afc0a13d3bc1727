//! `[[redirect]]`: addresses that have moved for good (RFC 9110, section 15.4.2), and where the next step from an address leads.
//!
//! Whoever answers requests follows the steps to their end, so that clients take one; what posts and other things have moved is known
//! there and not here.

use std::collections::{HashMap, HashSet};

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use url::Url;

use super::Mistake;

/// One `[[redirect]]`.
///
/// Where `from` and `to` are both the address of a tag, an author or a section, all that is below it moves with it, feeds, archives and
/// pages: after `from = "/tags/golang"`, `to = "/tags/go"`, who asks for `/tags/golang/rss.xml` is sent to `/tags/go/rss.xml`. Any
/// other redirect is of the one address alone.
///
/// The query of a request goes along, unless `to` has one of its own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    /// The path that was, percent-encoded or not: `/old-feed.xml`. Goes before whatever else is at that address.
    pub from: String,
    /// The path or http(s) URL that is. It may itself have moved: who asks is sent to the end in one step.
    pub to: String,
}

/// All of them. Of two with one `from` the first counts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "Vec<Redirect>")]
pub struct Redirects {
    written: Vec<Redirect>,
    by_path: HashMap<String, usize>,
    by_scope: HashMap<ScopePath, usize>,
}

impl From<Vec<Redirect>> for Redirects {
    fn from(written: Vec<Redirect>) -> Redirects {
        let mut redirects = Redirects::default();
        for (at, redirect) in written.iter().enumerate() {
            redirects.by_path.entry(decoded(&redirect.from)).or_insert(at);
            if let Some(scope) = ScopePath::read(&redirect.from) {
                redirects.by_scope.entry(scope).or_insert(at);
            }
        }
        Redirects { written, ..redirects }
    }
}

impl Redirects {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.written.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// Where one of them leads from `path`, which is percent-encoded or not, on the site at `base`: a path from the site's root, perhaps
    /// with query and fragment, or a URL elsewhere.
    #[must_use]
    pub fn next(&self, path: &str, base: &str) -> Option<String> {
        if self.is_empty() {
            return None;
        }
        let to = |at: &usize| {
            let to = &self.written.get(*at)?.to;
            Some(path_on_site(to, base).unwrap_or(to))
        };
        if let Some(to) = self.by_path.get(&decoded(path)).and_then(to) {
            return Some(to.to_owned());
        }
        let (scope, rest) = ScopePath::split(path)?;
        let to = self.by_scope.get(&scope).and_then(to)?;
        ScopePath::read(to).map(|_| format!("{}{rest}", to.trim_end_matches('/')))
    }

    /// Whether each of them can be followed on the site at `base`, and to an end; else the first that cannot, and why.
    pub(super) fn checked(&self, base: &str) -> Result<(), Mistake> {
        let wrong = |at, message: String, fix: &str| {
            let mistake = Mistake::new("redirect", message, fix);
            Err(Mistake { at: Some(at), ..mistake })
        };
        for (at, Redirect { from, to }) in self.written.iter().enumerate() {
            let is_web = Url::parse(to).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            let is_path = to.starts_with('/') && !to.starts_with("//");
            if !from.starts_with('/') || from.contains(['?', '#']) {
                let message = format!("`from` of a redirect must be a path without `?` and `#`, and is `{from}`");
                return wrong(at, message, "write it like `from = \"/old\"`");
            }
            if !(is_web || is_path) {
                let message = format!("`to` of a redirect must be a path or an http address, and is `{to}`");
                return wrong(at, message, "write it like `to = \"/new\"`");
            }
        }
        // what leads to an end need not be followed again
        let mut good: HashSet<String> = HashSet::new();
        for (at, Redirect { from, .. }) in self.written.iter().enumerate() {
            let mut way = vec![from.clone()];
            let mut seen = HashSet::from([decoded(from)]);
            while let Some(next) = way
                .last()
                .and_then(|path| self.next(path, base))
                .filter(|next| next.starts_with('/'))
            {
                let path = next.split(['?', '#']).next().unwrap_or_default().to_owned();
                let place = decoded(&path);
                way.push(path);
                if good.contains(&place) {
                    break;
                }
                if !seen.insert(place) {
                    let message = format!("these redirects form a loop: `{}`", way.join("` → `"));
                    return wrong(at, message, "remove one of them");
                }
            }
            good.extend(seen);
        }
        Ok(())
    }
}

/// The path, with query and fragment, of `location` where it is on the site at `base`: a path as it is, or what a URL has below `base`.
#[must_use]
pub fn path_on_site<'a>(location: &'a str, base: &str) -> Option<&'a str> {
    if location.starts_with('/') {
        return Some(location);
    }
    match location.strip_prefix(base)? {
        "" => Some("/"),
        path => path.starts_with('/').then_some(path),
    }
}

/// The path of a tag, an author or a section, in one spelling: it stands for all that is below it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct ScopePath {
    kind: &'static str,
    name: String,
}

impl ScopePath {
    const KINDS: [&str; 3] = ["tags", "authors", "sections"];

    /// Reads `path` if it is one and nothing below it.
    fn read(path: &str) -> Option<ScopePath> {
        let (scope, rest) = ScopePath::split(path)?;
        (matches!(rest, "" | "/") && !path.contains(['?', '#'])).then_some(scope)
    }

    /// The scope that `path` begins with, and what is below it, from its `/` on.
    fn split(path: &str) -> Option<(ScopePath, &str)> {
        let (kind, below) = path.strip_prefix('/')?.split_once('/')?;
        let kind = ScopePath::KINDS.into_iter().find(|known| *known == kind)?;
        let (name, rest) = below.split_at(below.find('/').unwrap_or(below.len()));
        // addresses compare names so: in lower case, and joined by `-`
        let words: Vec<String> = decoded(name).split_whitespace().map(str::to_lowercase).collect();
        let name = words.join("-");
        (!name.is_empty()).then_some((ScopePath { kind, name }, rest))
    }
}

/// `path` as people read it: some write it so, and clients send it percent-encoded.
fn decoded(path: &str) -> String {
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://example.com/blog";

    fn redirects(pairs: &[(&str, &str)]) -> Redirects {
        let redirect = |&(from, to): &(&str, &str)| Redirect {
            from: from.to_owned(),
            to: to.to_owned(),
        };
        pairs.iter().map(redirect).collect::<Vec<_>>().into()
    }

    #[test]
    fn one_step() {
        let redirects = redirects(&[
            ("/old", "/new?a=b#c"),
            ("/old", "/never"),
            ("/%C3%A9t%C3%A9", "/x"),
            ("/hiver é", "/y"),
            ("/away", "https://elsewhere.example/x"),
            ("/here", "https://example.com/blog/z"),
            ("/tags/golang", "/tags/go"),
            ("/tags/Field%20Notes/", "/sections/notes/"),
            ("/authors/ann", "https://example.com/blog/authors/ann-ott"),
            ("/sections/old", "/new"),
            ("/tags/one", "/tags/two?x"),
            ("/tags/golang/feed", "/feed"),
        ]);
        let cases = [
            ("/old", Some("/new?a=b#c")),
            ("/old/", None),
            ("/%6Fld", Some("/new?a=b#c")),
            ("/été", Some("/x")),
            ("/hiver%20%C3%A9", Some("/y")),
            ("/away", Some("https://elsewhere.example/x")),
            ("/here", Some("/z")),
            ("/tags/golang", Some("/tags/go")),
            ("/tags/golang/", Some("/tags/go/")),
            ("/tags/GoLang/rss.xml", Some("/tags/go/rss.xml")),
            ("/tags/golang/archive/3/atom.xml", Some("/tags/go/archive/3/atom.xml")),
            ("/tags/golang/feed", Some("/feed")),
            ("/tags/golang-x/rss.xml", None),
            ("/tags/field-notes/page/2", Some("/sections/notes/page/2")),
            ("/tags/Field%20Notes/page/2", Some("/sections/notes/page/2")),
            ("/authors/ann/feed.json", Some("/authors/ann-ott/feed.json")),
            ("/sections/old", Some("/new")),
            ("/sections/old/rss.xml", None),
            ("/tags/one", Some("/tags/two?x")),
            ("/tags/one/rss.xml", None),
            ("/tags", None),
            ("/", None),
        ];
        for (path, expected) in cases {
            assert_eq!(redirects.next(path, BASE).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        let cases: [(&[(&str, &str)], &str); 14] = [
            (&[("/a", "/b"), ("/b", "/c"), ("/c", "/d?x")], ""),
            (&[("/a", "/b"), ("/c", "/b"), ("/b", "https://elsewhere.example/a")], ""),
            (&[("/tags/a", "/tags/b"), ("/tags/b/rss.xml", "/rss.xml")], ""),
            (&[("a", "/b")], "`from` of a redirect must be a path"),
            (&[("/a?b", "/b")], "`from` of a redirect must be a path"),
            (&[("/a", "//b")], "`to` of a redirect must be a path"),
            (&[("/a", "ftp://b")], "`to` of a redirect must be a path"),
            (&[("/a", "/a")], "these redirects form a loop: `/a` → `/a`"),
            (
                &[("/a", "/b"), ("/b", "/a?x")],
                "these redirects form a loop: `/a` → `/b` → `/a`",
            ),
            (&[("/é", "/%C3%A9")], "these redirects form a loop: `/é` → `/%C3%A9`"),
            (
                &[("/a", "https://example.com/blog/a")],
                "these redirects form a loop: `/a` → `/a`",
            ),
            (
                &[("/x", "/a"), ("/a", "/b"), ("/b", "/a")],
                "these redirects form a loop: `/x` → `/a` → `/b` → `/a`",
            ),
            (
                &[("/tags/a", "/tags/b"), ("/tags/B", "/tags/A")],
                "these redirects form a loop: `/tags/a` → `/tags/b` → `/tags/A` → `/tags/b`",
            ),
            (
                &[("/tags/a", "/tags/b"), ("/tags/b/feed", "/tags/a/feed")],
                "these redirects form a loop: `/tags/b/feed` → `/tags/a/feed` → `/tags/b/feed`",
            ),
        ];
        for (pairs, expected) in cases {
            let said = redirects(pairs)
                .checked(BASE)
                .err()
                .map(|mistake| mistake.message)
                .unwrap_or_default();
            assert!(
                said.starts_with(expected) && said.is_empty() == expected.is_empty(),
                "{pairs:?}: {said}"
            );
        }
    }
}
