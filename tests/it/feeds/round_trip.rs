//! A feed parser reads the same from the three formats.

use std::fmt::Write;

use feed_rs::model::{Entry, Feed};
use feedmill::post::is_iri;
use feedmill::render::{FeedPage, Format, Item, Place, Withdrawn, feed};
use feedmill::time::Moment;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{HOSTILE, enclosure, pages, person};

/// Parses a feed document with the crate `feed-rs`.
pub fn parsed(bytes: &[u8]) -> Feed {
    let parser = feed_rs::parser::Builder::new().sanitize_content(false).build();
    parser
        .parse(bytes)
        .unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(bytes)))
}

fn read(page: &FeedPage, format: Format) -> Feed {
    parsed(&feed(page, format))
}

fn title(entry: &Entry) -> &str {
    entry.title.as_ref().map_or("", |title| title.content.trim())
}

fn summary(entry: &Entry) -> String {
    entry.summary.as_ref().map_or("", |summary| summary.content.trim()).to_owned()
}

fn unescaped(html: &str) -> String {
    html.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

fn html(entry: &Entry) -> Option<&str> {
    let content = entry.content.as_ref()?;
    (content.content_type.subty() == "html").then(|| content.body.as_deref().unwrap_or("").trim())
}

fn check(page: &FeedPage) {
    let feeds = Format::ALL.map(|format| read(page, format));
    assert_eq!(feeds[0].entries.len(), page.items.len());
    agree(&feeds);
}

/// Checks what must be equal in the three formats of one page.
pub fn agree([rss, atom, json]: &[Feed; 3]) {
    let feed_title = |feed: &Feed| {
        feed.title
            .as_ref()
            .map_or(String::new(), |title| title.content.trim().to_owned())
    };
    assert_eq!(feed_title(rss), feed_title(json));
    assert_eq!(feed_title(atom), feed_title(json));
    for feed in [rss, atom] {
        assert_eq!(feed.entries.len(), json.entries.len());
    }
    for (index, json) in json.entries.iter().enumerate() {
        let (rss, atom) = (&rss.entries[index], &atom.entries[index]);
        assert_eq!(rss.id, json.id);
        // Atom has an IRI instead of an id that is not one
        if is_iri(&json.id) || !is_iri(&atom.id) {
            assert_eq!(atom.id, json.id);
        }
        assert_eq!(title(rss), title(json));
        assert_eq!(title(atom), title(json));
        assert_eq!(summary(atom), summary(json));
        assert_eq!(rss.published, json.published);
        assert_eq!(atom.published, json.published);
        assert_eq!(atom.updated, json.updated);
        assert!(json.published.is_some() && json.updated >= json.published);
        assert_eq!(rss.links[0].href, json.links[0].href);
        assert_eq!(atom.links[0].href, json.links[0].href);
        let tags = |entry: &Entry| entry.categories.iter().map(|tag| tag.term.clone()).collect::<Vec<_>>();
        assert_eq!(tags(rss), tags(json));
        assert_eq!(tags(atom), tags(json));
        // where there is neither text nor summary, Atom has an empty text
        let is_empty = |html: &&str| html.is_empty() || html.starts_with("<div xmlns=") && html.ends_with("></div>");
        assert_eq!(html(atom).filter(|html| !is_empty(html)), html(json));
        match html(json) {
            // without a summary, the description is the whole text
            Some(html) if json.summary.is_none() => assert_eq!(summary(rss), html),
            whole => {
                assert_eq!(html(rss), whole);
                assert_eq!(unescaped(&summary(rss)), summary(json));
            }
        }
    }
}

#[test]
fn the_formats_have_the_same_content() {
    for (_, page) in pages() {
        check(&page);
    }
}

#[test]
fn hostile_texts_are_read_unchanged() {
    for format in Format::ALL {
        let feed = read(&super::hostile(), format);
        let entry = &feed.entries[0];
        assert_eq!(entry.id, HOSTILE, "{format:?}");
        assert_eq!(title(entry), HOSTILE, "{format:?}");
        assert_eq!(entry.categories[0].term, HOSTILE, "{format:?}");
        assert_eq!(entry.authors[0].name.as_deref(), Some(HOSTILE), "{format:?}");
        assert_eq!(html(entry), Some(&*format!("<p>{HOSTILE}</p>")), "{format:?}");
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        vec(any::<char>(), 0..12).prop_map(String::from_iter),
        "[<>&;'\"#x\\]\\[! a-c\r\n\t-]{0,16}",
        "[\u{0}-\u{20}\u{7f}-\u{a0}\u{fdd0}\u{fdd1}\u{fffd}-\u{ffff}]{0,6}",
        Just(HOSTILE.to_owned()),
        Just("<![CDATA[ ]]> <!-- --> &#x0; &nbsp;".to_owned()),
    ]
}

fn url() -> impl Strategy<Value = String> {
    text().prop_map(|path| format!("https://example.com/{path}"))
}

fn address() -> impl Strategy<Value = String> {
    prop_oneof![text(), url()]
}

fn instant() -> impl Strategy<Value = Moment> {
    // the years 0001 to 9998, with fractions of seconds
    (-62_135_596_800_i64..253_370_764_800, 0..1_000_000_000).prop_map(|(seconds, nanoseconds)| {
        Moment::utc(jiff::Timestamp::new(seconds, nanoseconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH))
    })
}

prop_compose! {
    fn any_item()(
        texts in [text(), text(), text(), text(), text()],
        addresses in (url(), address(), address()),
        (content, markdown) in (option::of(text()), option::of(text())),
        (published, modified) in (instant(), instant()),
        tags in vec(text(), 0..3),
        (language, image, link, file_title) in (option::of(text()), option::of(address()), option::of(address()), option::of(text())),
        (length, duration) in any::<(u64, Option<u64>)>(),
    ) -> Item {
        let [title, summary, name, email, media_type] = texts;
        let (url, file, author_url) = addresses;
        let mut file = enclosure(&file, &media_type, length);
        (file.title, file.duration) = (file_title, duration);
        Item {
            id: String::new(),
            atom_id: String::new(),
            url,
            title,
            summary,
            content: content.map(Into::into),
            markdown: markdown.map(Into::into),
            published,
            modified,
            authors: vec![person(&name, Some(&email), Some(&author_url))],
            tags,
            language,
            image,
            link,
            enclosures: vec![file],
        }
    }
}

prop_compose! {
    fn any_page()(
        texts in [text(), text(), text(), text(), text(), text()],
        (icon, image, copyright) in (option::of(address()), option::of(address()), option::of(text())),
        updated in instant(),
        (place, archives) in (0_usize..4, 0_usize..4),
        items in vec((any_item(), text()), 0..4),
        went in vec(text(), 0..3),
    ) -> FeedPage {
        let [scope_path, base, title, description, language, author] = texts;
        let with_id = |(index, (mut item, id)): (usize, (Item, String))| {
            let _ = write!(item.id, "urn:{index}:{id}");
            item.atom_id.clone_from(&item.id);
            item.into()
        };
        FeedPage {
            scope_path,
            place: if place == 0 { Place::Newest } else { Place::Archive(place) },
            archives,
            base: base.clone(),
            title,
            description,
            language,
            author: Some(person(&author, None, None)),
            copyright,
            icon,
            image,
            hubs: vec![format!("https://hub.example/?{}", archives)],
            ttl: None,
            updated,
            identity: base.clone(),
            withdrawn: went.into_iter().map(|atom_id| Withdrawn { atom_id, at: updated.timestamp() }).collect(),
            items: items.into_iter().enumerate().map(with_id).collect(),
        }
    }
}

proptest! {
    #[test]
    fn documents_of_any_page_are_well_formed_and_equal(page in any_page()) {
        for format in [Format::Rss, Format::Atom] {
            let xml = String::from_utf8(feed(&page, format)).unwrap();
            prop_assert!(roxmltree::Document::parse(&xml).is_ok(), "{}", xml);
        }
        prop_assert!(serde_json::from_slice::<serde_json::Value>(&feed(&page, Format::Json)).is_ok());
        check(&page);
        for format in Format::ALL {
            prop_assert_eq!(feed(&page, format), feed(&page.clone(), format));
        }
    }
}
