//! JSON Feed 1.1.
//!
//! Keys are in the order of the specification. `feed_url` names the feed, so in archive documents too it is the address of the
//! subscription document. `next_url` leads from there to the newest full archive document, and on to the oldest. JSON Feed has
//! no field for e-mail addresses.

use serde::Serialize;

use super::super::{CleanItem, FeedPage, Format, Item, Place};
use super::serialized_item::join_items;
use crate::config::Person;
use crate::post::Enclosure;
use crate::time::Moment;

#[derive(Serialize)]
struct JsonFeed<'a> {
    version: &'static str,
    title: &'a str,
    home_page_url: String,
    feed_url: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    favicon: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    language: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hubs: Vec<Hub<'a>>,
    /// Always empty: items are serialized separately.
    items: [(); 0],
}

#[derive(Serialize)]
struct Hub<'a> {
    #[serde(rename = "type")]
    protocol: &'static str,
    url: &'a str,
}

#[derive(Serialize)]
struct DocumentItem<'a> {
    id: &'a str,
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_url: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_html: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_text: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    summary: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
    date_published: Moment,
    date_modified: Moment,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<Author<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<Attachment<'a>>,
}

#[derive(Serialize)]
struct Author<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
}

#[derive(Serialize)]
struct Attachment<'a> {
    url: &'a str,
    mime_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_in_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_in_seconds: Option<u64>,
}

/// Serializes `page`, which is clean.
pub(in crate::render) fn write(page: &FeedPage) -> String {
    let document = json(&document(page));
    let items = page.items.iter().map(serialized_item);
    join_items(document.strip_suffix(END).unwrap_or_default(), items, ",", END)
}

/// The object of `item` in a feed.
pub(in crate::render) fn serialized_item(item: &CleanItem) -> &str {
    item.serialized(Format::Json, |item| json(&self::item(item)))
}

/// The end of every document: its items come last.
const END: &str = "]}";

fn json(value: &impl Serialize) -> String {
    // these types can always be written as JSON, and writing to memory does not fail
    serde_json::to_string(value).unwrap_or_default()
}

fn document(page: &FeedPage) -> JsonFeed<'_> {
    JsonFeed {
        version: "https://jsonfeed.org/version/1.1",
        title: &page.title,
        home_page_url: page.home(),
        feed_url: page.address(Place::Newest, Format::Json),
        description: &page.description,
        next_url: page.previous().map(|place| page.address(place, Format::Json)),
        icon: page.image.as_deref().or(page.icon.as_deref()),
        favicon: page.icon.as_deref(),
        authors: page.author.iter().map(author).collect(),
        language: &page.language,
        hubs: page.hubs.iter().map(|url| Hub { protocol: "WebSub", url }).collect(),
        items: [],
    }
}

fn item(item: &Item) -> DocumentItem<'_> {
    let shortened = if item.summary.is_empty() { &item.title } else { &item.summary };
    DocumentItem {
        id: &item.id,
        url: &item.url,
        external_url: item.link.as_deref(),
        title: &item.title,
        content_html: item.content.as_deref(),
        // every item needs one of the two
        content_text: item.content.is_none().then_some(shortened),
        summary: &item.summary,
        image: item.image.as_deref(),
        date_published: item.published,
        date_modified: item.modified,
        authors: item.authors.iter().map(author).collect(),
        tags: &item.tags,
        language: item.language.as_deref(),
        attachments: item.enclosures.iter().map(attachment).collect(),
    }
}

fn author(person: &Person) -> Author<'_> {
    Author {
        name: &person.name,
        url: person.url.as_deref(),
    }
}

fn attachment(enclosure: &Enclosure) -> Attachment<'_> {
    Attachment {
        url: &enclosure.url,
        mime_type: &enclosure.media_type,
        title: enclosure.title.as_deref(),
        size_in_bytes: Some(enclosure.length).filter(|&length| length > 0 && is_exact(length)),
        duration_in_seconds: enclosure.duration.filter(|&seconds| is_exact(seconds)),
    }
}

/// Whether readers that store numbers as floating point get `number` exactly (RFC 8259, section 6).
fn is_exact(number: u64) -> bool {
    number < 1 << 53
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::serialized_item::tests::page;
    use super::*;

    proptest! {
        #[test]
        fn joined_items_are_json_with_every_item(page in page()) {
            let document: serde_json::Value = serde_json::from_str(&write(&page)).unwrap();
            let items: Vec<serde_json::Value> = page.items.iter().map(|post| serde_json::to_value(item(post)).unwrap()).collect();
            prop_assert_eq!(&document["items"], &serde_json::Value::from(items));
            prop_assert_eq!(&document["title"], &page.title);
        }
    }
}
