//! RSS 2.0 and the RSS Advisory Board's profile.

use std::collections::BTreeSet;

use feedmill::render::Format;
use roxmltree::{Document, Node};

use super::super::{empty, hostile, rich, written};
use super::{ATOM, XmlRule, all, channel, is_absolute, is_once, is_unique, text};

const CONTENT: &str = "http://purl.org/rss/1.0/modules/content/";
const DC: &str = "http://purl.org/dc/elements/1.1/";

fn items<'a>(rss: &'a Document) -> impl Iterator<Item = Node<'a, 'a>> {
    all(channel(rss), "", "item")
}

fn is_rfc822(date: &str) -> bool {
    date.ends_with(" GMT") && jiff::fmt::rfc2822::parse(date).is_ok()
}

pub(super) const RULES: &[XmlRule] = &[
    ("1.1 one channel of version 2.0 with title, link, description", |rss| {
        let once = |name| is_once(channel(rss), "", name);
        rss.root_element().attribute("version") == Some("2.0")
            && is_once(rss.root_element(), "", "channel")
            && ["title", "link", "description"].into_iter().all(once)
    }),
    ("1.2 every item has a title or a description", |rss| {
        items(rss).all(|item| all(item, "", "title").chain(all(item, "", "description")).next().is_some())
    }),
    ("1.3 dates are RFC 822, in GMT, with the right weekday", |rss| {
        items(rss).all(|item| text(item, "", "pubDate").is_some_and(is_rfc822))
            && text(channel(rss), "", "lastBuildDate").is_none_or(is_rfc822)
    }),
    (
        "1.4 guids are there, unique, and permalinks only where they are the link",
        |rss| {
            is_unique(items(rss).map(|item| text(item, "", "guid")))
                && items(rss).flat_map(|item| all(item, "", "guid")).all(|guid| {
                    let is_link = guid.text() == text(guid.parent().unwrap(), "", "link");
                    guid.attribute("isPermaLink") == if is_link { None } else { Some("false") }
                })
        },
    ),
    (
        "1.5 at most one enclosure, with an absolute url, a length and a type",
        |rss| {
            items(rss).all(|item| all(item, "", "enclosure").count() <= 1)
                && items(rss).flat_map(|item| all(item, "", "enclosure")).all(|enclosure| {
                    enclosure.attribute("url").is_some_and(is_absolute)
                        && enclosure
                            .attribute("length")
                            .is_some_and(|length| length.parse::<u64>().is_ok())
                        && enclosure.attribute("type").is_some_and(|media_type| !media_type.is_empty())
                })
        },
    ),
    ("1.6 one absolute self link of the right type", |rss| {
        let links: Vec<_> = all(channel(rss), ATOM, "link")
            .filter(|link| link.attribute("rel") == Some("self"))
            .collect();
        links.len() == 1
            && links[0].attribute("href").is_some_and(is_absolute)
            && links[0].attribute("type") == Some("application/rss+xml")
    }),
    ("1.9 a whole text comes after a description", |rss| {
        items(rss).all(|item| {
            let position = |name, namespace| all(item, namespace, name).next().map(|node| node.range().start);
            position("encoded", CONTENT).is_none_or(|whole| position("description", "").is_some_and(|short| short < whole))
        })
    }),
    ("1.10 an author is an e-mail address with a name, or a creator", |rss| {
        items(rss).all(|item| {
            let author = text(item, "", "author");
            author.is_none_or(|author| author.contains('@') && author.ends_with(')') && text(item, DC, "creator").is_none())
        })
    }),
    ("1.11 the language is not blank", |rss| {
        text(channel(rss), "", "language").is_none_or(|language| !language.is_empty())
    }),
    ("1.13 nothing that XML forbids or discourages", |rss| {
        rss.descendants()
            .filter_map(|node| node.text())
            .all(|text| feedmill::render::xml_safe(text) == text)
    }),
    ("1.16 newest first", |rss| {
        let date = |item| {
            jiff::fmt::rfc2822::parse(text(item, "", "pubDate").unwrap())
                .unwrap()
                .timestamp()
        };
        items(rss).map(date).is_sorted_by(|newer, older| newer >= older)
    }),
    ("no element of an item twice but category", |rss| {
        items(rss).all(|item| {
            let mut seen = BTreeSet::new();
            let mut names = item.children().filter(Node::is_element).map(|node| node.tag_name());
            names.all(|name| name.name() == "category" || seen.insert((name.namespace(), name.name())))
        })
    }),
    ("no blank category", |rss| {
        items(rss)
            .flat_map(|item| all(item, "", "category"))
            .all(|tag| tag.text().is_some_and(|tag| !tag.trim().is_empty()))
    }),
    (
        "the picture is a raster one and has the title and the link of the channel",
        |rss| {
            all(channel(rss), "", "image").all(|image| {
                text(image, "", "url").is_some_and(|url| url.contains(".png"))
                    && ["title", "link"]
                        .into_iter()
                        .all(|name| text(image, "", name) == text(channel(rss), "", name))
            })
        },
    ),
];

#[test]
fn an_empty_feed_has_no_build_date() {
    assert!(!written(&empty(), Format::Rss).contains("lastBuildDate"));
}

#[test]
fn plain_texts_are_written_with_hexadecimal_references() {
    let xml = written(&hostile(), Format::Rss);
    for (element, times) in [("title", 3), ("category", 1), ("copyright", 1)] {
        let written = format!("<{element}>AT&#x26;T &#x3C;b&gt; 5 &#x3C; 6 ]]&gt;");
        assert_eq!(xml.matches(&written).count(), times, "{element}");
        assert_eq!(xml.matches(&format!("<{element}>")).count(), times, "{element}");
    }
}

#[test]
fn a_plain_summary_is_escaped_twice() {
    let xml = written(&rich(), Format::Rss);
    assert!(xml.contains("<description><![CDATA[If 1 &lt; 2, then Vec&lt;T&gt; &amp; more.]]></description>"));
}

#[test]
fn the_enclosure_is_the_one_that_plays() {
    let xml = written(&rich(), Format::Rss);
    let document = Document::parse(&xml).unwrap();
    let enclosure = items(&document).flat_map(|item| all(item, "", "enclosure")).next().unwrap();
    assert_eq!(enclosure.attribute("url"), Some("https://example.com/one.mp3"));
}
