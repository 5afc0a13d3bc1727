//! All tags, authors, sections or years, each with its number of posts.

use serde::Serialize;

use super::address::Addresses;
use super::head::Head;
use super::page::Page;
use crate::config::Config;
use crate::index::{Members, Scope};
use crate::render::listing::scopes::ScopeKind;
use crate::render::xml_text::one_line;

/// The most links on a page. The others, those with the fewest posts, are only counted.
const MOST_NAMED: usize = 2000;

/// A year and its number of posts.
pub type Counted = (i16, usize);

#[derive(Serialize)]
struct DirectoryBody {
    title: &'static str,
    links: Vec<CountedLink>,
    /// The number of scopes without a link.
    more: usize,
}

#[derive(Serialize)]
struct CountedLink {
    name: String,
    url: String,
    count: usize,
}

/// The page of all scopes of `kind` among `scopes`, in the order of their names.
#[must_use]
pub(crate) fn directory<'a>(config: &Config, kind: ScopeKind, scopes: impl Iterator<Item = (&'a Scope, &'a Members)>) -> Page {
    let addresses = Addresses::new(config);
    let mut links: Vec<CountedLink> = scopes
        .filter(|(scope, _)| kind.holds(scope))
        .map(|(scope, members)| CountedLink {
            name: one_line(&members.name).into_owned(),
            url: addresses.local(&scope.path()),
            count: members.posts.len(),
        })
        .collect();
    let more = links.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        links.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.url.cmp(&b.url)));
        links.truncate(MOST_NAMED);
    }
    links.sort_by_cached_key(|link| (link.name.to_lowercase(), link.url.clone()));
    let title = match kind {
        ScopeKind::Tags => "Tags",
        ScopeKind::Authors => "Authors",
        ScopeKind::Sections => "Sections",
    };
    page(config, &addresses, title, kind.name(), links, more)
}

/// The page of all `years`.
#[must_use]
pub fn years(config: &Config, years: &[Counted]) -> Page {
    let addresses = Addresses::new(config);
    let link = |&(year, count): &Counted| CountedLink {
        name: year.to_string(),
        url: addresses.local(&format!("/years/{year}")),
        count,
    };
    let links = years.iter().map(link).collect();
    page(config, &addresses, "Years", "years", links, 0)
}

fn page(config: &Config, addresses: &Addresses, title: &'static str, path: &str, links: Vec<CountedLink>, more: usize) -> Page {
    let head = Head::new(
        config,
        addresses,
        title,
        Some(addresses.absolute(&format!("/{path}"))),
        ("", ""),
    )
    .of_website(config);
    Page::new("directory.html", head, DirectoryBody { title, links, more })
}
