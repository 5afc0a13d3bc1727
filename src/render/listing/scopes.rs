//! All tags, authors or sections as JSON, those with the most posts first.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::index::{Members, Scope};
use crate::render::{Format, Place, feed_path, xml_text};

/// A kind of scope, with the name of a filter of the listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScopeKind {
    /// Tags.
    Tags,
    /// Authors.
    Authors,
    /// Top folders.
    Sections,
}

impl ScopeKind {
    /// All kinds.
    pub const ALL: [ScopeKind; 3] = [ScopeKind::Tags, ScopeKind::Authors, ScopeKind::Sections];

    /// The kind's name in addresses and documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ScopeKind::Tags => "tags",
            ScopeKind::Authors => "authors",
            ScopeKind::Sections => "sections",
        }
    }

    /// Whether `scope` is of this kind.
    #[must_use]
    pub fn holds(self, scope: &Scope) -> bool {
        self.key(scope).is_some()
    }

    /// The key of `scope`, if it is of this kind.
    fn key(self, scope: &Scope) -> Option<&str> {
        match (self, scope) {
            (ScopeKind::Tags, Scope::Tag(key))
            | (ScopeKind::Authors, Scope::Author(key))
            | (ScopeKind::Sections, Scope::Section(key)) => Some(key),
            _ => None,
        }
    }
}

#[derive(Serialize)]
struct ListedScope<'a> {
    name: String,
    key: &'a str,
    count: usize,
    url: String,
    feeds: ScopeFeeds,
}

#[derive(Serialize)]
struct ScopeFeeds {
    rss: String,
    atom: String,
    json: String,
}

/// The document of the scopes of `kind` among `scopes`, on the site at `base`: ordered by the number of posts, then by name.
#[must_use]
pub fn json<'a>(scopes: impl Iterator<Item = (&'a Scope, &'a Members)>, kind: ScopeKind, base: &str) -> Vec<u8> {
    let mut listed: Vec<ListedScope> = scopes
        .filter_map(|(scope, members)| {
            let path = scope.path();
            let feed = |format| format!("{base}{}", feed_path(&path, Place::Newest, format));
            Some(ListedScope {
                key: kind.key(scope)?,
                name: xml_text::one_line(&members.name).into_owned(),
                count: members.posts.len(),
                feeds: ScopeFeeds {
                    rss: feed(Format::Rss),
                    atom: feed(Format::Atom),
                    json: feed(Format::Json),
                },
                url: format!("{base}{path}"),
            })
        })
        .collect();
    listed.sort_by(|a, b| (b.count.cmp(&a.count)).then_with(|| (&a.name, a.key).cmp(&(&b.name, b.key))));
    serde_json::to_vec(&BTreeMap::from([(kind.name(), listed)])).unwrap_or_default() // nothing that JSON cannot say
}
