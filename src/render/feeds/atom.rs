//! Atom 1.0 (RFC 4287), with archives (RFC 5005), tombstones (RFC 6721) and pictures (Media RSS).
//!
//! The feed's id is the first address of its subscription document in this format. Archive documents have the same id, because
//! they are parts of one feed, and it stays when the site moves.

use atom_syndication::extension::{Extension, ExtensionMap};
use atom_syndication::{Category, Content, Entry, Feed, FixedDateTime, Generator, Link, Text};

use super::super::clean::{PLACEHOLDERS, replace_placeholders};
use super::super::{CleanItem, FeedPage, Format, Item, Place, Withdrawn, escaped, feed_path};
use super::serialized_item::{find_element, with_items};
use crate::config::Person;
use crate::post::Enclosure;
use crate::time::Moment;

const HISTORY: (&str, &str) = ("fh", "http://purl.org/syndication/history/1.0");
const TOMBSTONES: (&str, &str) = ("at", "http://purl.org/atompub/tombstones/1.0");
const MEDIA: (&str, &str) = ("media", "http://search.yahoo.com/mrss/");

/// Serializes `page`, which is clean.
pub(in crate::render) fn write(page: &FeedPage) -> String {
    let entries = page.items.iter().map(serialized_item);
    with_items(move_archive_mark(to_xml(&feed(page))), "entry", entries)
}

/// Moves the mark of an archive before the entries, as the schema of RFC 5005 (appendix B) has it. The crate writes extensions
/// after them.
fn move_archive_mark(document: String) -> String {
    const ARCHIVE: &str = "<fh:archive></fh:archive>";
    match (document.find("<entry>"), document.rfind(ARCHIVE)) {
        (Some(entries), Some(archive)) if entries < archive => {
            let (head, entries, tail) = (
                &document[..entries],
                &document[entries..archive],
                &document[archive + ARCHIVE.len()..],
            );
            [head, "<fh:archive/>", entries, tail].concat()
        }
        _ => document,
    }
}

/// The element of `item` in a feed.
pub(in crate::render) fn serialized_item(item: &CleanItem) -> &str {
    item.serialized(Format::Atom, serialize_item)
}

fn serialize_item(item: &Item) -> String {
    let feed = Feed {
        entries: vec![entry(item)],
        ..Feed::default()
    };
    find_element(&to_xml(&feed), "entry")
}

pub(super) fn to_xml(feed: &Feed) -> String {
    let bytes = feed.write_to(Vec::new()).unwrap_or_default(); // writing into memory does not fail
    replace_placeholders(bytes, [("xml:base=\"\u{fdd0}\"", "type=\"text\"")])
}

/// A text construct of type `text`. That type is the default and the crate does not write it, but readers that guess interpret
/// `<b>` as markup if the type is missing. So a placeholder is written, and replaced when the document is finished.
pub(super) fn plain(text: &str, language: Option<&str>) -> Text {
    Text {
        base: Some(PLACEHOLDERS[0].to_string()),
        lang: language.map(str::to_owned),
        ..Text::plain(text)
    }
}

fn feed(page: &FeedPage) -> Feed {
    let nameless = Person {
        name: page.title.clone(),
        ..Person::default()
    };
    let mut feed = Feed {
        id: format!(
            "{}{}",
            page.identity,
            feed_path(&page.scope_path, Place::Newest, Format::Atom)
        ),
        title: plain(&page.title, None),
        subtitle: (!page.description.is_empty()).then(|| plain(&page.description, None)),
        updated: date(page.updated),
        // an entry without an author needs an author of the feed (section 4.1.1)
        authors: vec![person(page.author.as_ref().unwrap_or(&nameless))],
        generator: Some(generator()),
        icon: page.icon.clone(),
        logo: page.image.clone(),
        rights: page.copyright.as_deref().map(|copyright| plain(copyright, None)),
        lang: Some(page.language.clone()).filter(|language| !language.is_empty()),
        links: links(page),
        // a placeholder for all entries
        entries: page.items.first().map(|_| Entry::default()).into_iter().collect(),
        ..Feed::default()
    };
    let mut declare = |(prefix, uri): (&str, &str)| feed.namespaces.insert(prefix.to_owned(), uri.to_owned());
    if matches!(page.place, Place::Archive(_)) {
        declare(HISTORY);
        feed.extensions = extension(HISTORY.0, "archive", &[]);
    }
    if page.items.iter().any(|item| item.image.is_some()) {
        declare(MEDIA);
    }
    if !page.withdrawn.is_empty() {
        declare(TOMBSTONES);
        let tombstones = page.withdrawn.iter().rev().map(tombstone).collect();
        let of_prefix = [("deleted-entry".to_owned(), tombstones)].into();
        feed.extensions.insert(TOMBSTONES.0.to_owned(), of_prefix);
    }
    feed
}

pub(super) fn generator() -> Generator {
    Generator {
        value: "feedmill".to_owned(),
        uri: None,
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
    }
}

/// The alternate link comes last: some readers take the last link of a feed for its home page.
fn links(page: &FeedPage) -> Vec<Link> {
    let atom = |(relation, href): (&str, String)| link(relation, href, Some(Format::Atom.link_type()));
    let mut links: Vec<Link> = page.history(Format::Atom).into_iter().map(atom).collect();
    links.extend(page.hubs.iter().map(|hub| link("hub", hub.clone(), None)));
    links.push(link("alternate", page.home(), Some("text/html")));
    links
}

fn link(relation: &str, href: String, media_type: Option<&str>) -> Link {
    Link {
        href,
        rel: relation.to_owned(),
        mime_type: media_type.map(str::to_owned),
        ..Link::default()
    }
}

fn entry(item: &Item) -> Entry {
    let language = item.language.as_deref();
    let mut links = vec![link("alternate", item.url.clone(), Some("text/html"))];
    links.extend(item.link.clone().map(|href| link("related", href, None)));
    links.extend(item.enclosures.iter().map(enclosure));
    Entry {
        id: item.atom_id.clone(),
        title: plain(&item.title, language),
        updated: date(item.modified),
        published: Some(date(item.published)),
        authors: item.authors.iter().map(person).collect(),
        categories: item.tags.iter().map(|tag| category(tag)).collect(),
        links,
        summary: (!item.summary.is_empty()).then(|| plain(&item.summary, language)),
        content: content(item),
        extensions: match &item.image {
            Some(url) => extension(MEDIA.0, "content", &[("medium", "image"), ("url", url)]),
            None => ExtensionMap::new(),
        },
        ..Entry::default()
    }
}

/// The whole text of `item`. If it has no text and no summary the content is empty, because readers expect one of the two. If
/// it has only a summary there is no content, because readers would show the empty one. Empty content is an empty `div`: the
/// validator of the W3C warns about an element without content.
fn content(item: &Item) -> Option<Content> {
    const EMPTY: &str = r#"<div xmlns="http://www.w3.org/1999/xhtml"></div>"#;
    let (content_type, value) = match &item.content {
        Some(html) => ("html", html.to_string()),
        None if item.summary.is_empty() => ("xhtml", EMPTY.to_owned()),
        None => return None,
    };
    Some(Content {
        lang: item.language.clone(),
        value: Some(value),
        content_type: Some(content_type.to_owned()),
        ..Content::default()
    })
}

fn tombstone(withdrawn: &Withdrawn) -> Extension {
    let when = Moment::utc(withdrawn.at).rfc3339();
    let attributes = [("ref", withdrawn.atom_id.as_str()), ("when", when.as_str())];
    element(TOMBSTONES.0, "deleted-entry", &attributes)
}

fn person(person: &Person) -> atom_syndication::Person {
    atom_syndication::Person {
        name: person.name.clone(),
        email: person.email.clone(),
        uri: person.url.clone(),
        ..atom_syndication::Person::default()
    }
}

fn category(tag: &str) -> Category {
    Category {
        term: tag.to_owned(),
        ..Category::default()
    }
}

fn enclosure(enclosure: &Enclosure) -> Link {
    Link {
        title: enclosure.title.clone(),
        length: (enclosure.length > 0).then(|| enclosure.length.to_string()),
        ..link("enclosure", enclosure.url.clone(), Some(&enclosure.media_type))
    }
}

/// An empty element `prefix:name`. The crate does not escape the attributes of extensions, so they are escaped here.
fn extension(prefix: &str, name: &str, attributes: &[(&str, &str)]) -> ExtensionMap {
    let of_prefix = [(name.to_owned(), vec![element(prefix, name, attributes)])].into();
    [(prefix.to_owned(), of_prefix)].into()
}

fn element(prefix: &str, name: &str, attributes: &[(&str, &str)]) -> Extension {
    let escape = |&(name, value): &(&str, &str)| (name.to_owned(), escaped(value));
    Extension {
        name: format!("{prefix}:{name}"),
        attrs: attributes.iter().map(escape).collect(),
        ..Extension::default()
    }
}

/// The years of a [`Moment`] are all in the range of RFC 3339 and chrono.
pub(super) fn date(moment: Moment) -> FixedDateTime {
    FixedDateTime::parse_from_rfc3339(&moment.rfc3339()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::serialized_item::tests::page;
    use super::*;

    proptest! {
        #[test]
        fn items_serialized_alone_give_the_same_document(page in page()) {
            let whole = Feed { entries: page.items.iter().map(|post| entry(post)).collect(), ..feed(&page) };
            prop_assert_eq!(write(&page), move_archive_mark(to_xml(&whole)));
        }
    }
}
