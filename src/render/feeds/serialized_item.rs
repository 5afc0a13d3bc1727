//! Items as formats write them, and documents put together of these.
//!
//! Most items of a feed were in the feed before it, and to write them takes longer than all else that a change asks for. So each is
//! written alone, by the same crate as the document, and what was written stays with it.

use std::sync::OnceLock;

use super::super::Format;

/// An item in each format, written when it is first asked for.
#[derive(Debug, Default)]
pub(in crate::render) struct SerializedItem {
    rss: OnceLock<Box<str>>,
    atom: OnceLock<Box<str>>,
    json: OnceLock<Box<str>>,
}

impl SerializedItem {
    /// The item in `format`, as `write` writes it alone.
    pub(in crate::render) fn get_or_write(&self, format: Format, write: impl FnOnce() -> String) -> &str {
        let kept = match format {
            Format::Rss => &self.rss,
            Format::Atom => &self.atom,
            Format::Json => &self.json,
        };
        kept.get_or_init(|| write().into())
    }
}

/// The elements `name` of `document`, from the first to the end of the last, with what stands before and after them. In what they
/// stand in nothing is marked up like them.
fn parted<'a>(document: &'a str, name: &str) -> Option<[&'a str; 3]> {
    let end = format!("</{name}>");
    let from = document.find(&format!("<{name}>"))?;
    let to = document.rfind(&end)? + end.len();
    Some([document.get(..from)?, document.get(from..to)?, document.get(to..)?])
}

/// The one element `name` of `document`.
pub(in crate::render) fn cut_out(document: &str, name: &str) -> String {
    parted(document, name).map_or_else(String::new, |[_, element, _]| element.to_owned())
}

/// `document` with `items` in the place of the element `name`, which stands for all of them; as it is where there is none.
pub(in crate::render) fn with_items<'a>(document: String, name: &str, items: impl Iterator<Item = &'a str> + Clone) -> String {
    match parted(&document, name) {
        Some([head, _, tail]) => put_together(head, items, "", tail),
        None => document,
    }
}

/// `head`, then `items` with `separator` between them, then `tail`.
pub(in crate::render) fn put_together<'a>(
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

    /// A text that may look like what stands around it.
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
                url: None,
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

    /// A page with nothing in it that could break a document.
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
