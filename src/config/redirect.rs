//! `[[redirect]]`: permanent redirects (RFC 9110, section 15.4.2).
//!
//! The server follows redirects to their end, so that a client needs only one. Redirects of moved posts are not handled here.

use std::collections::{HashMap, HashSet};

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use url::Url;

use super::explain::InvalidSetting;

/// One `[[redirect]]`.
///
/// If `from` and `to` are both the address of a tag, an author or a section, all addresses below it move too: feeds, archives and
/// pages. With `from = "/tags/golang"` and `to = "/tags/go"`, `/tags/golang/rss.xml` redirects to `/tags/go/rss.xml`. Any other
/// redirect is for one address only.
///
/// The query of a request is kept, unless `to` has its own. `from` may end with one parameter of a query, `/?p=123`: then a request must
/// have it, whatever else its query has, and the query is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    /// The old path, percent-encoded or not: `/old-feed.xml`, `/?p=123`. It takes precedence over anything else at that address.
    pub from: String,
    /// The new path or http(s) URL. It may itself be redirected: clients are sent to the end in one step.
    pub to: String,
}

/// All redirects. Of two with the same `from` the first is used.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "Vec<Redirect>")]
pub struct Redirects {
    written: Vec<Redirect>,
    by_path: HashMap<String, usize>,
    by_scope: HashMap<ScopePath, usize>,
    /// Whether any has a query in `from`.
    has_queries: bool,
}

impl From<Vec<Redirect>> for Redirects {
    fn from(written: Vec<Redirect>) -> Redirects {
        let mut redirects = Redirects::default();
        for (at, redirect) in written.iter().enumerate() {
            redirects.by_path.entry(decoded(&redirect.from)).or_insert(at);
            redirects.has_queries |= redirect.from.contains('?');
            if let Some(scope) = ScopePath::parse(&redirect.from) {
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

    /// The paths that redirects are from, decoded.
    pub fn sources(&self) -> impl Iterator<Item = String> {
        self.written.iter().map(|redirect| decoded(&redirect.from))
    }

    /// The target of the redirect from `path`, which is percent-encoded or not, on the site at `base`: a path on the site, perhaps with
    /// query and fragment, or a URL elsewhere.
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
        ScopePath::parse(to).map(|_| format!("{}{rest}", to.trim_end_matches('/')))
    }

    /// The target of the redirect from `path` with one of the parameters of `query`. See [`Redirects::next`].
    #[must_use]
    pub fn next_with_query(&self, path: &str, query: &str, base: &str) -> Option<String> {
        if !self.has_queries {
            return None;
        }
        addresses_with_parameters(path, query).find_map(|address| {
            let to = &self.written.get(*self.by_path.get(&address)?)?.to;
            Some(path_on_site(to, base).unwrap_or(to).to_owned())
        })
    }

    /// Checks that every redirect is valid on the site at `base`, and that they form no loop.
    pub(super) fn validate(&self, base: &str) -> Result<(), InvalidSetting> {
        let wrong = |at, message: String, fix: &str| {
            let mistake = InvalidSetting::new("redirect", message, fix);
            Err(InvalidSetting { at: Some(at), ..mistake })
        };
        for (at, Redirect { from, to }) in self.written.iter().enumerate() {
            let is_web = Url::parse(to).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            let is_path = to.starts_with('/') && !to.starts_with("//");
            let (path, query) = from
                .split_once('?')
                .map_or((from.as_str(), None), |(path, query)| (path, Some(query)));
            if !path.starts_with('/') || path.contains('#') || query.is_some_and(|query| !is_parameter(query)) {
                let message =
                    format!("`from` of a redirect must be a path without `#`, with at most one parameter, and is `{from}`");
                return wrong(at, message, "write it like `from = \"/old\"` or `from = \"/?p=123\"`");
            }
            if !(is_web || is_path) {
                let message = format!("`to` of a redirect must be a path or an http address, and is `{to}`");
                return wrong(at, message, "write it like `to = \"/new\"`");
            }
        }
        // paths that are known to lead to an end
        let mut checked: HashSet<String> = HashSet::new();
        for (at, Redirect { from, .. }) in self.written.iter().enumerate() {
            let mut chain = vec![from.clone()];
            let mut seen = HashSet::from([decoded(from)]);
            while let Some(next) = chain
                .last()
                .and_then(|path| self.next(path, base))
                .filter(|next| next.starts_with('/'))
            {
                let path = next.split(['?', '#']).next().unwrap_or_default().to_owned();
                let key = decoded(&path);
                chain.push(path);
                if checked.contains(&key) {
                    break;
                }
                if !seen.insert(key) {
                    let message = format!("these redirects form a loop: `{}`", chain.join("` → `"));
                    return wrong(at, message, "remove one of them");
                }
            }
            checked.extend(seen);
        }
        Ok(())
    }
}

/// The path, with query and fragment, of `location` on the site at `base`; `None` if it is elsewhere.
#[must_use]
pub(crate) fn path_on_site<'a>(location: &'a str, base: &str) -> Option<&'a str> {
    if location.starts_with('/') {
        return Some(location);
    }
    match location.strip_prefix(base)? {
        "" => Some("/"),
        path => path.starts_with('/').then_some(path),
    }
}

/// The most parameters of a request that are looked at.
const MOST_PARAMETERS: usize = 16;

/// Whether `query` is one parameter with a value: `p=123`.
#[must_use]
pub(crate) fn is_parameter(query: &str) -> bool {
    let is_plain = |text: &str| !text.is_empty() && !text.contains(['&', '#', '?', '=']) && !text.contains(char::is_control);
    query
        .split_once('=')
        .is_some_and(|(name, value)| is_plain(name) && is_plain(value))
}

/// `path` with each of the parameters of `query`, decoded: `/?p=123`.
pub(crate) fn addresses_with_parameters<'a>(path: &'a str, query: &'a str) -> impl Iterator<Item = String> + 'a {
    let path = decoded(path);
    let parameters = query
        .split('&')
        .filter(|parameter| is_parameter(parameter))
        .take(MOST_PARAMETERS);
    parameters.map(move |parameter| format!("{path}?{}", decoded(parameter)))
}

/// The path of a tag, an author or a section, in a canonical spelling.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct ScopePath {
    kind: &'static str,
    name: String,
}

impl ScopePath {
    const KINDS: [&str; 3] = ["tags", "authors", "sections"];

    /// Parses `path` if it is a scope's own path and not one below it.
    fn parse(path: &str) -> Option<ScopePath> {
        let (scope, rest) = ScopePath::split(path)?;
        (matches!(rest, "" | "/") && !path.contains(['?', '#'])).then_some(scope)
    }

    /// The scope with which `path` begins, and the rest of the path from its `/` on.
    fn split(path: &str) -> Option<(ScopePath, &str)> {
        let (kind, below) = path.strip_prefix('/')?.split_once('/')?;
        let kind = ScopePath::KINDS.into_iter().find(|known| *known == kind)?;
        let (name, rest) = below.split_at(below.find('/').unwrap_or(below.len()));
        // addresses have names in lower case, joined by `-`
        let words: Vec<String> = decoded(name).split_whitespace().map(str::to_lowercase).collect();
        let name = words.join("-");
        (!name.is_empty()).then_some((ScopePath { kind, name }, rest))
    }
}

/// `path` without percent-encoding: some people write it so, and clients send it encoded.
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
    fn targets_of_redirects() {
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
    fn invalid_redirects_and_loops_are_refused() {
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
            let message = redirects(pairs)
                .validate(BASE)
                .err()
                .map(|mistake| mistake.message)
                .unwrap_or_default();
            assert!(
                message.starts_with(expected) && message.is_empty() == expected.is_empty(),
                "{pairs:?}: {message}"
            );
        }
    }
}
