//! What an address asks for.

use percent_encoding::percent_decode_str;

use crate::index::Scope;
use crate::render::{Format, Place};

/// What a path asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A feed.
    Feed(Scope, Place, Format),
    /// A page of the list for people, from 1.
    Page(Scope, usize),
    /// The JSON listing.
    Listing,
    /// Whether the server lives.
    Health,
    /// Anything else: perhaps a post, by its decoded path.
    Address(String),
}

impl Target {
    /// Reads `path`, as the request line has it. `None` if it is no UTF-8 or holds a control character once decoded.
    #[must_use]
    pub fn read(path: &str) -> Option<Target> {
        let decoded = decoded(path)?;
        let parts: Vec<String> = path
            .trim_start_matches('/')
            .split('/')
            .map(self::decoded)
            .collect::<Option<_>>()?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let target = match parts.as_slice() {
            ["api", "posts"] => Some(Target::Listing),
            ["healthz"] => Some(Target::Health),
            ["tags", key, rest @ ..] => Target::within(Scope::Tag((*key).to_owned()), rest),
            ["authors", key, rest @ ..] => Target::within(Scope::Author((*key).to_owned()), rest),
            ["sections", key, rest @ ..] => Target::within(Scope::Section((*key).to_owned()), rest),
            [""] => Some(Target::Page(Scope::Site, 1)),
            rest => Target::within(Scope::Site, rest),
        };
        Some(target.unwrap_or(Target::Address(decoded)))
    }

    /// What follows a scope's own path.
    fn within(scope: Scope, rest: &[&str]) -> Option<Target> {
        let format = |name: &str| Format::ALL.into_iter().find(|format| format.file_name() == name);
        match *rest {
            [] if scope != Scope::Site => Some(Target::Page(scope, 1)),
            [name] => Some(Target::Feed(scope, Place::Newest, format(name)?)),
            ["archive", k, name] => Some(Target::Feed(scope, Place::Archive(number(k)?), format(name)?)),
            ["page", n] => Some(Target::Page(scope, number(n)?)),
            _ => None,
        }
    }
}

/// A number as addresses write it: from 1, in one spelling only, so that nothing has two addresses.
fn number(text: &str) -> Option<usize> {
    let number: usize = text.parse().ok()?;
    (number > 0 && number.to_string() == text).then_some(number)
}

fn decoded(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    (!text.contains(char::is_control)).then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let tag = |key: &str| Scope::Tag(key.to_owned());
        let cases = [
            ("/", Target::Page(Scope::Site, 1)),
            ("/page/2", Target::Page(Scope::Site, 2)),
            ("/rss.xml", Target::Feed(Scope::Site, Place::Newest, Format::Rss)),
            (
                "/archive/3/atom.xml",
                Target::Feed(Scope::Site, Place::Archive(3), Format::Atom),
            ),
            ("/tags/c%2B%2B", Target::Page(tag("c++"), 1)),
            ("/tags/a%2Fb/feed.json", Target::Feed(tag("a/b"), Place::Newest, Format::Json)),
            ("/tags/%E6%97%A5%E6%9C%AC%E8%AA%9E/page/2", Target::Page(tag("日本語"), 2)),
            (
                "/authors/ann/archive/1/rss.xml",
                Target::Feed(Scope::Author("ann".into()), Place::Archive(1), Format::Rss),
            ),
            (
                "/sections/notes/rss.xml",
                Target::Feed(Scope::Section("notes".into()), Place::Newest, Format::Rss),
            ),
            ("/api/posts", Target::Listing),
            ("/posts/caf%C3%A9", Target::Address("/posts/café".into())),
            ("/page/0", Target::Address("/page/0".into())),
            ("/page/01", Target::Address("/page/01".into())),
            (
                "/page/99999999999999999999999",
                Target::Address("/page/99999999999999999999999".into()),
            ),
            ("/archive/0/rss.xml", Target::Address("/archive/0/rss.xml".into())),
            ("/tags/a/b/c", Target::Address("/tags/a/b/c".into())),
            ("/rss.xml/", Target::Address("/rss.xml/".into())),
        ];
        for (path, expected) in cases {
            assert_eq!(Target::read(path), Some(expected), "{path}");
        }
        for path in ["/%ff", "/a%0ab", "/%00"] {
            assert_eq!(Target::read(path), None, "{path}");
        }
    }
}
