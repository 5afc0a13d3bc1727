//! RSS 2.0, with the RSS Advisory Board's profile.
//!
//! It also uses these namespaces: `atom` (links), `content` (the whole text), `dc` (authors without an e-mail address), `fh`
//! (archives, RFC 5005), `media` (pictures), `source` (Markdown). `ttl` equals the lifetime in HTTP. There is no `cloud` and no
//! `skipHours`.

use rss::extension::atom::AtomExtension;
use rss::extension::dublincore::DublinCoreExtension;
use rss::extension::{Extension, ExtensionMap};
use rss::{Category, Channel, Enclosure, Guid, Image};

use super::super::clean::{PLACEHOLDERS, replace_placeholders};
use super::super::{CleanItem, FeedPage, Format, Item, Place, escaped};
use super::serialized_item::{find_element, with_items};
use crate::config::Person;

const HISTORY: (&str, &str) = ("fh", "http://purl.org/syndication/history/1.0");
const MEDIA: (&str, &str) = ("media", "http://search.yahoo.com/mrss/");
const SOURCE: (&str, &str) = ("source", "http://source.scripting.com/");

/// Serializes `page`, which is clean.
pub(in crate::render) fn write(page: &FeedPage) -> String {
    let items = page.items.iter().map(serialized_item);
    with_items(to_xml(&channel(page)), "item", items)
}

/// The element of `item` in a feed.
pub(in crate::render) fn serialized_item(item: &CleanItem) -> &str {
    item.serialized(Format::Rss, serialize_item)
}

fn serialize_item(item: &Item) -> String {
    let channel = Channel {
        items: vec![self::item(item)],
        ..Channel::default()
    };
    find_element(&to_xml(&channel), "item")
}

fn to_xml(channel: &Channel) -> String {
    let bytes = channel.write_to(Vec::new()).unwrap_or_default(); // writing into memory does not fail
    replace_placeholders(bytes, [("\u{fdd0}", "&#x26;"), ("\u{fdd1}", "&#x3C;")])
}

/// A plain text for an element whose text many readers interpret as HTML. The profile wants `&#x26;` and `&#x3C;` there
/// (section "Character data"), which the crate does not write. So placeholders are written, and replaced when the document is
/// finished.
fn character_data(text: &str) -> String {
    text.replace('&', PLACEHOLDERS[0].encode_utf8(&mut [0; 4]))
        .replace('<', PLACEHOLDERS[1].encode_utf8(&mut [0; 4]))
}

fn channel(page: &FeedPage) -> Channel {
    let byline = Byline::of(page.author.as_slice());
    let description = if page.description.is_empty() {
        &page.title
    } else {
        &page.description
    };
    let mut channel = Channel {
        title: character_data(&page.title),
        link: page.home(),
        description: character_data(description),
        language: Some(page.language.clone()).filter(|language| !language.is_empty()),
        copyright: page.copyright.as_deref().map(character_data),
        managing_editor: byline.address,
        dublin_core_ext: byline.creators,
        // an empty feed has no last change to report
        last_build_date: (!page.items.is_empty()).then(|| page.updated.rfc822()),
        generator: Some("feedmill".to_owned()),
        ttl: page.ttl.map(|minutes| minutes.to_string()),
        docs: Some("https://www.rssboard.org/rss-specification".to_owned()),
        image: image(page),
        items: placeholder(page).into_iter().collect(),
        atom_ext: Some(AtomExtension { links: links(page) }),
        ..Channel::default()
    };
    let mut declare = |(prefix, uri): (&str, &str)| channel.namespaces.insert(prefix.to_owned(), uri.to_owned());
    if matches!(page.place, Place::Archive(_)) {
        declare(HISTORY);
        extend(&mut channel.extensions, HISTORY.0, "archive", Extension::default());
    }
    if page.items.iter().any(|item| item.image.is_some()) {
        declare(MEDIA);
    }
    if page.items.iter().any(|item| item.markdown.is_some()) {
        declare(SOURCE);
    }
    channel
}

fn links(page: &FeedPage) -> Vec<atom_syndication::Link> {
    let link = |(relation, href): (&str, String)| atom_syndication::Link {
        href,
        rel: relation.to_owned(),
        mime_type: Some(Format::Rss.link_type().to_owned()),
        ..atom_syndication::Link::default()
    };
    let hub = |hub: &String| atom_syndication::Link {
        href: hub.clone(),
        rel: "hub".to_owned(),
        ..atom_syndication::Link::default()
    };
    let history = page.history(Format::Rss).into_iter().map(link);
    history.chain(page.hubs.iter().map(hub)).collect()
}

/// The channel's picture. RSS 2.0 allows only GIF, JPEG and PNG.
fn image(page: &FeedPage) -> Option<Image> {
    let is_raster = |url: &&String| {
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let ending = path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        matches!(ending.as_str(), "gif" | "jpeg" | "jpg" | "png")
    };
    let url = [&page.image, &page.icon].into_iter().flatten().find(is_raster)?;
    Some(Image {
        url: url.clone(),
        title: character_data(&page.title),
        link: page.home(),
        ..Image::default()
    })
}

/// An item that is a placeholder for all items of `page`. It has the elements for which the crate declares a namespace.
fn placeholder(page: &FeedPage) -> Option<rss::Item> {
    let has = |part: fn(&Item) -> bool| page.items.iter().any(|item| part(item));
    (!page.items.is_empty()).then(|| rss::Item {
        content: has(is_whole_beside_a_description).then(String::new),
        dublin_core_ext: has(|item| Byline::of(&item.authors).creators.is_some()).then(DublinCoreExtension::default),
        ..rss::Item::default()
    })
}

fn item(item: &Item) -> rss::Item {
    let byline = Byline::of(&item.authors);
    let (description, content) = texts(item);
    let mut extensions = ExtensionMap::new();
    if let Some(url) = &item.image {
        let attrs = [("medium", "image"), ("url", url)];
        let picture = Extension {
            attrs: attrs.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            ..Extension::default()
        };
        extend(&mut extensions, MEDIA.0, "content", picture);
    }
    if let Some(markdown) = &item.markdown {
        let markdown = Extension {
            value: Some(markdown.to_string()),
            ..Extension::default()
        };
        extend(&mut extensions, SOURCE.0, "markdown", markdown);
    }
    rss::Item {
        title: Some(character_data(&item.title)).filter(|title| !title.is_empty()),
        link: Some(item.url.clone()),
        description,
        author: byline.address,
        dublin_core_ext: byline.creators,
        categories: item.tags.iter().map(|tag| Category::from(character_data(tag))).collect(),
        enclosure: enclosure(item),
        guid: Some(Guid {
            value: item.id.clone(),
            permalink: item.id == item.url,
        }),
        pub_date: Some(item.published.rfc822()),
        content,
        extensions,
        ..rss::Item::default()
    }
}

/// Whether `item` has a whole text and a description: a whole text is only written beside a description.
fn is_whole_beside_a_description(item: &Item) -> bool {
    item.content.is_some() && !item.summary.is_empty()
}

/// The description and the whole text of `item`, both as HTML. RSS requires a title or a description.
fn texts(item: &Item) -> (Option<String>, Option<String>) {
    let content = item.content.as_ref().map(ToString::to_string);
    match (item.summary.is_empty(), content) {
        (false, content) => (Some(escaped(&item.summary)), content),
        (true, Some(content)) => (Some(content), None),
        (true, None) => (item.title.is_empty().then(String::new), None),
    }
}

/// The one enclosure that all RSS readers support: the first audio or video file, else the first file.
fn enclosure(item: &Item) -> Option<Enclosure> {
    let plays = |media_type: &str| media_type.starts_with("audio/") || media_type.starts_with("video/");
    let first = item.enclosures.iter().find(|enclosure| plays(&enclosure.media_type));
    first.or(item.enclosures.first()).map(|enclosure| Enclosure {
        url: enclosure.url.clone(),
        length: enclosure.length.to_string(),
        mime_type: enclosure.media_type.clone(),
    })
}

/// The elements that name authors. RSS 2.0 has one author with an e-mail address; all others are in `dc:creator` of Dublin
/// Core. Never both, because readers would show the author twice.
///
/// Several authors are in one `dc:creator`. The profile allows several elements, but Miniflux and Python's feedparser show only
/// the last of them, and `FreshRSS`, `WordPress`, rss-parser and node-feedparser only the first. With one element every reader
/// shows all names. Atom and JSON Feed have one element for each author.
struct Byline {
    address: Option<String>,
    creators: Option<DublinCoreExtension>,
}

impl Byline {
    fn of(authors: &[Person]) -> Byline {
        if let [author] = authors
            && let Some(email) = &author.email
        {
            return Byline {
                address: Some(format!("{email} ({})", author.name)),
                creators: None,
            };
        }
        let creators = DublinCoreExtension {
            creators: vec![joined(authors)],
            ..DublinCoreExtension::default()
        };
        Byline {
            address: None,
            creators: (!authors.is_empty()).then_some(creators),
        }
    }
}

/// The names of `authors` in one line, separated by semicolons if one of them contains a comma, else by commas.
fn joined(authors: &[Person]) -> String {
    let names: Vec<&str> = authors.iter().map(|author| author.name.as_str()).collect();
    names.join(if names.iter().any(|name| name.contains(',')) {
        "; "
    } else {
        ", "
    })
}

/// Adds the element `prefix:name`.
fn extend(extensions: &mut ExtensionMap, prefix: &str, name: &str, mut extension: Extension) {
    extension.name = format!("{prefix}:{name}");
    let of_prefix = extensions.entry(prefix.to_owned()).or_default();
    of_prefix.entry(name.to_owned()).or_default().push(extension);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::serialized_item::tests::page;
    use super::*;

    #[test]
    fn several_authors_are_named_in_one_line() {
        let cases: [(&[&str], &str); 3] = [
            (&["Ada Quill"], "Ada Quill"),
            (&["Ada Quill", "Ben Ink"], "Ada Quill, Ben Ink"),
            (&["Quill, Ada", "Ben Ink"], "Quill, Ada; Ben Ink"),
        ];
        for (names, expected) in cases {
            let person = |name: &&str| Person {
                name: (*name).to_owned(),
                ..Person::default()
            };
            let authors: Vec<Person> = names.iter().map(person).collect();
            assert_eq!(joined(&authors), expected);
        }
    }

    proptest! {
        #[test]
        fn items_serialized_alone_give_the_same_document(page in page()) {
            let whole = Channel { items: page.items.iter().map(|post| item(post)).collect(), ..channel(&page) };
            prop_assert_eq!(write(&page), to_xml(&whole));
        }
    }
}
