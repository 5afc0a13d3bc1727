//! Parses lists of old addresses: site maps (sitemaps.org), and files with one address on each line.

use std::sync::Arc;

use url::Url;

use super::old_feed::OldFeed;
use crate::import::export::xml::{Input, XmlPart, XmlParts};

/// The most bytes of a line.
const LONGEST_LINE: usize = 4096;

/// The list in the site map `bytes`; `None` if it is not a site map.
pub(super) fn parse_site_map(bytes: &[u8], found: Option<&Url>) -> Option<OldFeed> {
    let mut parts = XmlParts::open(Input::Memory(Arc::new(bytes.to_vec()))).ok()?;
    let (mut addresses, mut maps) = (Vec::new(), Vec::new());
    while let Some(part) = parts.next_part() {
        let XmlPart::Element(element) = part else { continue };
        match element.name.as_str() {
            "url" => addresses.push(element.text_of("loc")),
            "sitemap" => maps.extend(Url::options().base_url(found).parse(&element.text_of("loc")).ok()),
            _ => return None,
        }
    }
    if addresses.is_empty() && maps.is_empty() {
        return None;
    }
    let mut list = OldFeed::of_addresses(addresses, found);
    list.parts = maps;
    Some(list)
}

/// The list in `bytes`, if each line is an address or empty; `None` if one is not.
pub(super) fn parse_lines(bytes: &[u8], found: Option<&Url>) -> Option<OldFeed> {
    let text = std::str::from_utf8(bytes).ok()?;
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let is_address = |line: &&str| line.len() <= LONGEST_LINE && (line.starts_with("http://") || line.starts_with("https://"));
    if lines.is_empty() || !lines.iter().all(is_address) {
        return None;
    }
    Some(OldFeed::of_addresses(lines.into_iter().map(str::to_owned).collect(), found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_addresses() {
        let map = br#"<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>https://a.example/x</loc></url>
            <url><loc> https://a.example/y?p=1 </loc><lastmod>2020-01-01</lastmod></url></urlset>"#;
        let urls = |list: &OldFeed| {
            list.items
                .iter()
                .flat_map(|item| item.urls.iter().map(Url::to_string))
                .collect::<Vec<_>>()
        };
        let list = parse_site_map(map, None).unwrap();
        assert_eq!(urls(&list), ["https://a.example/x", "https://a.example/y?p=1"]);
        assert_eq!(list.home.unwrap().as_str(), "https://a.example/x");
        let index = b"<sitemapindex><sitemap><loc>https://a.example/1.xml</loc></sitemap></sitemapindex>";
        assert_eq!(parse_site_map(index, None).unwrap().parts.len(), 1);
        assert_eq!(
            parse_site_map(b"<rss><channel><item><title>x</title></item></channel></rss>", None),
            None
        );
        let lines = parse_lines(b"# old\nhttps://a.example/x\n\nhttps://a.example/z\n", None).unwrap();
        assert_eq!(urls(&lines), ["https://a.example/x", "https://a.example/z"]);
        assert_eq!(parse_lines(b"words\nhttps://a.example/x", None), None);
        assert_eq!(parse_lines(b"\n", None), None);
    }
}
