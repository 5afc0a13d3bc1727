//! The site map for crawlers: the sitemaps.org protocol 0.9, as one map or as an index of parts.
//!
//! It contains public posts, pages, and the lists of scopes, each with its last change. Posts are ordered oldest first and parts are
//! cut from the oldest on, so a new post changes only the last part.

use std::fmt::Write as _;
use std::sync::Arc;

use super::super::{escaped, post_url};
use crate::config::Config;
use crate::index::{Index, Members};
use crate::post::Post;
use crate::shared_vec::SharedVec;
use crate::time::Moment;

/// The media type.
pub const MEDIA_TYPE: &str = "application/xml; charset=utf-8";
/// The most addresses in one map. The protocol allows 50,000 in 50 MB. This many stay below both, even with the longest
/// addresses.
const PER_MAP: usize = 20_000;
/// The protocol allows addresses of less than 2,048 characters.
const LONGEST_ADDRESS: usize = 2047;
const XMLNS: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";

/// The addresses of a site, in order.
#[derive(Debug)]
pub struct Map<'a> {
    base: String,
    posts: &'a SharedVec<Arc<Post>>,
    pages: &'a SharedVec<Arc<Post>>,
    scopes: Vec<(String, &'a Members)>,
    per_map: usize,
}

impl<'a> Map<'a> {
    /// The site map of `index`.
    #[must_use]
    pub fn new(config: &Config, index: &'a Index) -> Map<'a> {
        Map::of_parts(config, index, PER_MAP)
    }

    fn of_parts(config: &Config, index: &'a Index, per_map: usize) -> Map<'a> {
        Map {
            base: config.base(),
            posts: index.posts(),
            pages: index.pages(),
            scopes: index.scopes().map(|(scope, members)| (scope.path(), members)).collect(),
            per_map,
        }
    }

    pub(crate) fn parts(&self) -> usize {
        (self.posts.len() + self.pages.len() + self.scopes.len())
            .div_ceil(self.per_map)
            .max(1)
    }

    /// The map itself, or the index of its parts if it needs several.
    #[must_use]
    pub fn whole(&self) -> String {
        if self.parts() == 1 {
            return self.urls(1);
        }
        let mut xml = head("sitemapindex");
        for part in 1..=self.parts() {
            let changed = self.entries(part).filter_map(|(_, changed)| changed).max();
            let address = format!("{}/sitemap-{part}.xml", self.base);
            push(&mut xml, "sitemap", &address, changed);
        }
        xml.push_str("</sitemapindex>\n");
        xml
    }

    /// Part `part`, from 1; `None` past the end, and if the map has only one part.
    #[must_use]
    pub fn part(&self, part: usize) -> Option<String> {
        let parts = self.parts();
        (parts > 1 && (1..=parts).contains(&part)).then(|| self.urls(part))
    }

    fn urls(&self, part: usize) -> String {
        let mut xml = head("urlset");
        for (address, changed) in self.entries(part) {
            // a map may only contain addresses of its own host
            let is_own = address.strip_prefix(&self.base).is_some_and(|path| path.starts_with('/'));
            if is_own && address.len() <= LONGEST_ADDRESS {
                push(&mut xml, "url", &address, changed);
            }
        }
        xml.push_str("</urlset>\n");
        xml
    }

    /// The addresses of a part, each with its last change.
    fn entries(&self, part: usize) -> impl Iterator<Item = (String, Option<Moment>)> {
        let posts = self.posts.iter().rev().chain(self.pages.iter().rev());
        let posts = posts.map(|post| (post_url(&self.base, &post.address), Some(post.modified())));
        let scopes = self.scopes.iter().map(|(path, members)| {
            let slash = if path.is_empty() { "/" } else { "" };
            (format!("{}{path}{slash}", self.base), changed(members))
        });
        posts.chain(scopes).skip((part - 1) * self.per_map).take(self.per_map)
    }
}

/// When a page of a scope last changed; `None` if it has no posts.
fn changed(members: &Members) -> Option<Moment> {
    members.posts.iter().map(|post| post.modified()).max()
}

fn head(element: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{element} xmlns=\"{XMLNS}\">\n")
}

fn push(xml: &mut String, element: &str, address: &str, changed: Option<Moment>) {
    let _ = write!(xml, "<{element}><loc>{}</loc>", escaped(address));
    if let Some(changed) = changed {
        let _ = write!(xml, "<lastmod>{}</lastmod>", changed.rfc3339());
    }
    let _ = writeln!(xml, "</{element}>");
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::render::feeds::item::tests::post;

    fn index(posts: usize, config: &Config) -> Index {
        let posts = (1..=posts).map(|n| {
            let mut post = post();
            post.source = format!("p{n}.md").into();
            post.id = format!("tag:example.com,2026:{n}").into();
            post.slug = format!("p{n}").into();
            post.address = format!("/p{n}?&").into();
            post.date = Moment::utc(format!("2026-01-02T03:04:{n:02}Z").parse().unwrap());
            post.section = None;
            Arc::new(post)
        });
        Index::build(
            posts.collect(),
            &HashSet::new(),
            config,
            "2026-06-01T00:00:00Z".parse().unwrap(),
            &SharedVec::default(),
        )
    }

    fn addresses(xml: &str) -> Vec<String> {
        let document = roxmltree::Document::parse(xml).unwrap();
        let is_loc = |node: &roxmltree::Node<'_, '_>| node.has_tag_name((XMLNS, "loc"));
        let text = |node: roxmltree::Node<'_, '_>| node.text().unwrap().trim_start_matches("https://example.com").to_owned();
        document.descendants().filter(is_loc).map(text).collect()
    }

    #[test]
    fn one_map_or_an_index_of_parts() {
        let mut config = Config::default();
        config.site.base_url = Some("https://example.com".parse().unwrap());
        let index = index(3, &config);
        let whole = Map::new(&config, &index);
        let all = ["/p1%3F&", "/p2%3F&", "/p3%3F&", "/", "/tags/sea", "/authors/ada-quill"];
        assert_eq!(addresses(&whole.whole()), all);
        assert_eq!(whole.part(1), None, "one map has no parts");
        assert!(whole.whole().contains("<lastmod>2026-01-02T03:04:03Z</lastmod>"));
        let parted = Map::of_parts(&config, &index, 4);
        assert_eq!(addresses(&parted.whole()), ["/sitemap-1.xml", "/sitemap-2.xml"]);
        assert_eq!(addresses(&parted.part(1).unwrap()), all[..4]);
        assert_eq!(addresses(&parted.part(2).unwrap()), all[4..]);
        assert_eq!((parted.part(0), parted.part(3)), (None, None));
    }

    #[test]
    fn an_empty_site_has_its_home_and_another_host_is_left_out() {
        let mut config = Config::default();
        config.site.base_url = Some("https://example.com".parse().unwrap());
        assert_eq!(addresses(&Map::new(&config, &index(0, &config)).whole()), ["/"]);
        for host in [
            "https://elsewhere.example",
            "https://example.com.elsewhere.example",
            "https://example.community",
        ] {
            let mut elsewhere = post();
            elsewhere.address = format!("{host}/p").into();
            let index = Index::build(
                vec![Arc::new(elsewhere)],
                &HashSet::new(),
                &config,
                "2026-06-01T00:00:00Z".parse().unwrap(),
                &SharedVec::default(),
            );
            assert!(!Map::new(&config, &index).whole().contains(host), "{host}");
        }
    }
}
