//! The rules of the specifications and validators of each format, for every page.

mod atom;
mod json_feed;
mod rss;

use std::collections::BTreeSet;

use feedmill::render::{FeedPage, Format, Item, Place};
use jiff::Timestamp;
use roxmltree::{Document, Node};
use serde_json::Value;
use url::Url;

use super::{archive, moment, pages, written};

const ATOM: &str = "http://www.w3.org/2005/Atom";
const FH: &str = "http://purl.org/syndication/history/1.0";

/// The name of a rule, and whether a document follows it.
type XmlRule = (&'static str, fn(&Document<'_>) -> bool);
type JsonRule = (&'static str, fn(&Value) -> bool);

fn all<'a, 'd: 'a>(parent: Node<'a, 'd>, namespace: &'static str, name: &'static str) -> impl Iterator<Item = Node<'a, 'd>> {
    parent.children().filter(move |node| {
        node.is_element() && node.tag_name().name() == name && node.tag_name().namespace().unwrap_or("") == namespace
    })
}

fn text<'a>(parent: Node<'a, 'a>, namespace: &'static str, name: &'static str) -> Option<&'a str> {
    all(parent, namespace, name).next().map(|node| node.text().unwrap_or(""))
}

fn channel<'a>(rss: &'a Document) -> Node<'a, 'a> {
    all(rss.root_element(), "", "channel").next().unwrap()
}

fn is_once(parent: Node, namespace: &'static str, name: &'static str) -> bool {
    all(parent, namespace, name).count() == 1
}

fn is_absolute(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.has_host())
}

fn is_unique<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> bool {
    let mut seen = BTreeSet::new();
    values.into_iter().all(|value| value.is_some_and(|value| seen.insert(value)))
}

fn is_rfc3339(date: &str) -> bool {
    date.contains('T') && !date.contains(['t', 'z', ' ']) && date.parse::<Timestamp>().is_ok()
}

#[test]
fn every_page_follows_every_rule() {
    let mut broken = Vec::new();
    for (page_name, page) in pages() {
        for (format, rules) in [(Format::Rss, rss::RULES), (Format::Atom, atom::RULES)] {
            let xml = written(&page, format);
            let document = Document::parse(&xml).unwrap();
            let failed = rules.iter().filter(|(_, holds)| !holds(&document));
            broken.extend(failed.map(|(rule, _)| format!("{page_name} {format:?}: {rule}")));
        }
        let document: Value = serde_json::from_str(&written(&page, Format::Json)).unwrap();
        let failed = json_feed::RULES.iter().filter(|(_, holds)| !holds(&document));
        broken.extend(failed.map(|(rule, _)| format!("{page_name} JSON: {rule}")));
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn nothing_depends_on_when_it_was_made() {
    for (_, page) in pages() {
        for format in Format::ALL {
            assert_eq!(written(&page, format), written(&page, format));
        }
    }
}

#[test]
fn archives_4_3_are_chained_and_say_that_they_are_archives() {
    for format in [Format::Rss, Format::Atom] {
        let file = format.file_name();
        let at = |place: &str| format!("https://example.com/tags/c%2B%2B/{place}{file}");
        let cases = [
            (Place::Newest, vec![("self", at("")), ("prev-archive", at("archive/3/"))]),
            (
                Place::Archive(3),
                vec![
                    ("self", at("archive/3/")),
                    ("current", at("")),
                    ("prev-archive", at("archive/2/")),
                ],
            ),
            (
                Place::Archive(2),
                vec![
                    ("self", at("archive/2/")),
                    ("current", at("")),
                    ("prev-archive", at("archive/1/")),
                    ("next-archive", at("archive/3/")),
                ],
            ),
            (
                Place::Archive(1),
                vec![
                    ("self", at("archive/1/")),
                    ("current", at("")),
                    ("next-archive", at("archive/2/")),
                ],
            ),
        ];
        for (place, expected) in cases {
            let xml = written(&FeedPage { place, ..archive() }, format);
            let document = Document::parse(&xml).unwrap();
            let parent = if format == Format::Rss {
                channel(&document)
            } else {
                document.root_element()
            };
            let links: Vec<_> = all(parent, ATOM, "link")
                .map(|link| (link.attribute("rel").unwrap(), link.attribute("href").unwrap().to_owned()))
                .filter(|(relation, _)| *relation != "alternate")
                .collect();
            assert_eq!(links, expected, "{format:?} {place:?}");
            assert_eq!(
                all(parent, FH, "archive").count(),
                usize::from(place != Place::Newest),
                "{format:?} {place:?}"
            );
        }
    }
}

#[test]
fn an_edit_never_dates_from_before_the_post() {
    let mut page = archive();
    let modified = moment("1999-01-01T00:00:00Z", 0);
    page.items[0] = Item {
        modified,
        ..Item::clone(&page.items[0])
    }
    .into();
    let json: Value = serde_json::from_str(&written(&page, Format::Json)).unwrap();
    assert_eq!(json["items"][0]["date_modified"], json["items"][0]["date_published"]);
}
