//! An Atom feed that is not one of the site's: without scope, archives and tombstones.

use atom_syndication::{Feed, Link, Person};

use super::atom::{date, generator, plain, serialized_item, to_xml};
use super::item::CleanItem;
use super::serialized_item::with_items;
use crate::render::xml_text::one_line;
use crate::time::Moment;

/// A feed for one reader. Its items have their ids in [`Item::atom_id`](super::item::Item::atom_id).
#[derive(Clone, Debug)]
pub struct PrivateFeed {
    /// Its id, an IRI.
    pub id: String,
    /// The title.
    pub title: String,
    /// A sentence about its content.
    pub subtitle: String,
    /// The address of the feed.
    pub address: String,
    /// The address of the page that it is about.
    pub home: String,
    /// The last change of its content.
    pub updated: Moment,
    /// The items, newest first.
    pub items: Vec<CleanItem>,
}

/// Serializes `feed` as Atom 1.0.
#[must_use]
pub fn write_private_feed(feed: &PrivateFeed) -> String {
    let link = |relation: &str, href: &str, media_type: &str| Link {
        href: one_line(href).into_owned(),
        rel: relation.to_owned(),
        mime_type: Some(media_type.to_owned()),
        ..Link::default()
    };
    let head = Feed {
        id: one_line(&feed.id).into_owned(),
        title: plain(&one_line(&feed.title), None),
        subtitle: Some(plain(&one_line(&feed.subtitle), None)),
        updated: date(feed.updated),
        // an entry without an author needs an author of the feed (RFC 4287, section 4.1.1)
        authors: vec![Person {
            name: "feedmill".to_owned(),
            ..Person::default()
        }],
        generator: Some(generator()),
        lang: Some("en".to_owned()),
        links: vec![
            link("self", &feed.address, "application/atom+xml"),
            link("alternate", &feed.home, "text/html"),
        ],
        // a placeholder for all entries
        entries: feed
            .items
            .first()
            .map(|_| atom_syndication::Entry::default())
            .into_iter()
            .collect(),
        ..Feed::default()
    };
    with_items(to_xml(&head), "entry", feed.items.iter().map(serialized_item))
}
