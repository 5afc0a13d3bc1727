//! Serialized items, and documents that contain them.
//!
//! Most items of a feed were in the previous version of it, and serializing them takes longer than everything else that a
//! change causes. So each item is serialized alone, by the same crate as the document, and the result is kept with the item.

use std::sync::OnceLock;

use super::super::Format;

/// An item in each format, serialized on the first request.
#[derive(Debug, Default)]
pub(in crate::render) struct SerializedItem {
    rss: OnceLock<Box<str>>,
    atom: OnceLock<Box<str>>,
    json: OnceLock<Box<str>>,
}

impl SerializedItem {
    /// The item in `format`. `write` serializes it on the first call only.
    pub(in crate::render) fn get_or_write(&self, format: Format, write: impl FnOnce() -> String) -> &str {
        let kept = match format {
            Format::Rss => &self.rss,
            Format::Atom => &self.atom,
            Format::Json => &self.json,
        };
        kept.get_or_init(|| write().into())
    }
}

/// Splits `document` into the elements `name`, from the first to the end of the last, and the text before and after them. No
/// other element of that name may surround them.
fn split_at_elements<'a>(document: &'a str, name: &str) -> Option<[&'a str; 3]> {
    let end = format!("</{name}>");
    let from = document.find(&format!("<{name}>"))?;
    let to = document.rfind(&end)? + end.len();
    Some([document.get(..from)?, document.get(from..to)?, document.get(to..)?])
}

/// The only element `name` of `document`.
pub(in crate::render) fn find_element(document: &str, name: &str) -> String {
    split_at_elements(document, name).map_or_else(String::new, |[_, element, _]| element.to_owned())
}

/// `document` with `items` in place of the element `name`, which is a placeholder for all of them; unchanged if it has no such
/// element.
pub(in crate::render) fn with_items<'a>(document: String, name: &str, items: impl Iterator<Item = &'a str> + Clone) -> String {
    match split_at_elements(&document, name) {
        Some([head, _, tail]) => join_items(head, items, "", tail),
        None => document,
    }
}

/// `head`, then `items` separated by `separator`, then `tail`.
pub(in crate::render) fn join_items<'a>(
    head: &str,
    items: impl Iterator<Item = &'a str> + Clone,
    separator: &str,
    tail: &str,
) -> String {
    let room: usize = items.clone().map(|item| item.len() + separator.len()).sum();
    let mut document = String::with_capacity(head.len() + room + tail.len());
    document.push_str(head);
    for (number, item) in items.enumerate() {
        if number > 0 {
            document.push_str(separator);
        }
        document.push_str(item);
    }
    document.push_str(tail);
    document
}

#[cfg(test)]
pub(in crate::render) mod tests {
    use proptest::prelude::*;

    use crate::config::Person;
    use crate::render::{CleanItem, FeedPage, Item, Place, Withdrawn};
    use crate::time::{Moment, Timestamp};

    /// A text that may look like the markup around it.
    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            "\\PC{0,8}",
            prop::sample::select(vec![
                "<item>", "</item>", "<entry>", "</entry>", "]]>", "]}", "&", "\u{fdd0}", ""
            ])
            .prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
    }

    fn item() -> impl Strategy<Value = CleanItem> {
        let texts = (text(), text(), text(), prop::option::of(text()), prop::option::of(text()));
        let lists = (prop::collection::vec(text(), 0..3), prop::collection::vec(text(), 0..2));
        (texts, lists).prop_map(|((id, title, summary, content, image), (tags, authors))| {
            let author = |name: String| Person {
                email: name.contains('&').then(|| "a@example.com".to_owned()),
                name,
                ..Person::default()
            };
            let item = Item {
                atom_id: format!("x:{id}"),
                id,
                url: "https://example.com/a".to_owned(),
                title,
                summary,
                markdown: content.as_deref().map(Into::into),
                content: content.map(Into::into),
                published: Moment::utc(Timestamp::UNIX_EPOCH),
                modified: Moment::utc(Timestamp::UNIX_EPOCH),
                authors: authors.into_iter().map(author).collect(),
                tags,
                language: None,
                image: image.map(|image| format!("https://example.com/{image}")),
                link: None,
                enclosures: Vec::new(),
            };
            item.into()
        })
    }

    /// A page without anything that could break a document.
    pub(in super::super) fn page() -> impl Strategy<Value = FeedPage> {
        (prop::collection::vec(item(), 0..4), text(), text(), any::<bool>()).prop_map(|(items, title, id, is_archive)| {
            let page = FeedPage {
                scope_path: String::new(),
                place: if is_archive { Place::Archive(1) } else { Place::Newest },
                archives: 2,
                base: "https://example.com".to_owned(),
                description: title.clone(),
                copyright: Some(title.clone()),
                title,
                language: "en".to_owned(),
                author: None,
                icon: None,
                image: None,
                hubs: vec!["https://hub.example/?a&b".to_owned()],
                ttl: Some(5),
                updated: Moment::utc(Timestamp::UNIX_EPOCH),
                identity: "https://example.com".to_owned(),
                withdrawn: vec![Withdrawn {
                    atom_id: id,
                    at: Timestamp::UNIX_EPOCH,
                }],
                items,
            };
            page.cleaned()
        })
    }
}
