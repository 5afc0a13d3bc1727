//! The documents of the three formats.

pub mod round_trip;
mod rules;

use feedmill::config::Person;
use feedmill::post::Enclosure;
use feedmill::render::{FeedPage, Format, Item, Place, Withdrawn, feed};
use feedmill::time::Moment;
use jiff::tz::Offset;

const HOSTILE: &str = r#"AT&T <b> 5 < 6 ]]> "q" 'a' 😀"#;

fn moment(text: &str, hours: i8) -> Moment {
    Moment::new(text.parse().unwrap(), Offset::constant(hours)).unwrap()
}

fn person(name: &str, email: Option<&str>, url: Option<&str>) -> Person {
    Person {
        name: name.to_owned(),
        email: email.map(str::to_owned),
        url: url.map(str::to_owned),
        known_as: None,
    }
}

fn enclosure(url: &str, media_type: &str, length: u64) -> Enclosure {
    Enclosure {
        url: url.to_owned(),
        media_type: media_type.to_owned(),
        length,
        duration: None,
        title: None,
    }
}

/// An item with what every item has.
fn item(name: &str, published: Moment) -> Item {
    Item {
        id: format!("tag:example.com,2026:{name}"),
        atom_id: format!("tag:example.com,2026:{name}"),
        url: format!("https://example.com/posts/{name}"),
        title: format!("The {name}"),
        summary: format!("About the {name}."),
        content: Some(format!("<p>All about the {name}.</p>\n").into()),
        markdown: Some(format!("All about the {name}.\n").into()),
        published,
        modified: published,
        authors: Vec::new(),
        tags: Vec::new(),
        language: None,
        image: None,
        link: None,
        enclosures: Vec::new(),
    }
}

/// A feed without items and with nothing configured.
fn empty() -> FeedPage {
    FeedPage {
        scope_path: String::new(),
        place: Place::Newest,
        archives: 0,
        base: "https://example.com".to_owned(),
        title: "Notes".to_owned(),
        description: String::new(),
        language: "en".to_owned(),
        author: None,
        copyright: None,
        icon: None,
        image: None,
        hubs: Vec::new(),
        ttl: Some(5),
        updated: moment("2000-01-01T00:00:00Z", 0),
        identity: "https://example.com".to_owned(),
        withdrawn: Vec::new(),
        items: Vec::new(),
    }
}

/// A feed with all fields.
fn rich() -> FeedPage {
    let mut whole = item("harbour", moment("2026-03-02T08:30:00Z", 2));
    whole.modified = moment("2026-03-05T20:00:00Z", 0);
    whole.authors = vec![
        person("Ada Quill", Some("ada@example.com"), Some("https://example.com/ada")),
        person("Ben Ink", None, None),
    ];
    whole.tags = vec!["boats".to_owned(), "R&D".to_owned(), " ".to_owned()];
    whole.language = Some("de".to_owned());
    whole.image = Some("https://example.com/harbour.jpg?w=800&h=600".to_owned());
    whole.link = Some("https://elsewhere.example/a?b=c&d=e".to_owned());
    whole.enclosures = vec![
        enclosure("https://example.com/plan.pdf", "application/pdf", 0),
        Enclosure {
            duration: Some(754),
            title: Some("Part \"one\"".to_owned()),
            ..enclosure("https://example.com/one.mp3", "audio/mpeg", 1_234_567)
        },
    ];
    let mut shortened = item("lighthouse", moment("2026-03-01T00:00:00Z", 0));
    shortened.content = None;
    "If 1 < 2, then Vec<T> & more.".clone_into(&mut shortened.summary);
    shortened.authors = vec![person("Ada Quill", Some("ada@example.com"), None)];
    let mut permanent = item("pier", moment("2026-02-28T23:59:59Z", -5));
    permanent.id.clone_from(&permanent.url);
    permanent.atom_id.clone_from(&permanent.url);
    permanent.summary = String::new();
    FeedPage {
        archives: 3,
        description: "Notes from the coast, R&D <included>".to_owned(),
        author: Some(person("Ada Quill", Some("ada@example.com"), Some("https://example.com/ada"))),
        copyright: Some("© 2026 Ada Quill".to_owned()),
        icon: Some("https://example.com/icon.svg".to_owned()),
        image: Some("https://example.com/logo.png".to_owned()),
        ttl: Some(5),
        updated: moment("2026-03-05T20:00:00Z", 0),
        // it has moved, and two posts were withdrawn
        identity: "https://first.example".to_owned(),
        withdrawn: [
            ("tag:example.com,2026-02-01:spam&co", "2026-03-01T10:00:00Z"),
            ("x:2", "2026-03-04T10:00:00Z"),
        ]
        .map(|(id, at)| Withdrawn {
            atom_id: id.to_owned(),
            at: at.parse().unwrap(),
        })
        .into(),
        items: vec![whole.into(), shortened.into(), permanent.into()],
        ..empty()
    }
}

/// An archive document with one before it and one after it.
fn archive() -> FeedPage {
    FeedPage {
        scope_path: "/tags/c%2B%2B".to_owned(),
        place: Place::Archive(2),
        archives: 3,
        ttl: Some(5),
        updated: moment("2025-11-02T12:00:00Z", 0),
        items: vec![
            item("second", moment("2025-11-02T12:00:00Z", 0)).into(),
            item("first", moment("2025-11-01T12:00:00Z", 0)).into(),
        ],
        ..empty()
    }
}

/// Items without a title, without a text, and without both.
fn untitled() -> FeedPage {
    let mut micro = item("micro", moment("2026-01-03T00:00:00Z", 0));
    micro.title.clear();
    let mut bare = item("bare", moment("2026-01-02T00:00:00Z", 0));
    (bare.summary, bare.content) = (String::new(), None);
    let mut nothing = item("nothing", moment("2026-01-01T00:00:00Z", 0));
    (nothing.title, nothing.summary, nothing.content) = (String::new(), String::new(), Some(" \n".into()));
    FeedPage {
        ttl: Some(5),
        updated: micro.modified,
        items: vec![micro.into(), bare.into(), nothing.into()],
        ..empty()
    }
}

/// A hostile text in every field.
fn hostile() -> FeedPage {
    let text = || format!("\u{0}{HOSTILE}\u{b}\u{fffe}\u{fdd0}\u{9b}");
    let mut item = item("hostile", moment("2026-01-01T00:00:00Z", 0));
    item.id = text();
    item.atom_id = text();
    item.title = format!("{}\r\n", text());
    item.summary = text();
    item.content = Some(format!("<p>{}</p>", text()).into());
    item.markdown = Some(text().into());
    item.authors = vec![person(&text(), Some(&text()), Some(&text()))];
    item.tags = vec![text()];
    item.language = Some(text());
    item.image = Some(format!("https://example.com/{}", text()));
    item.link = Some("javascript:alert(1)".to_owned());
    item.enclosures = vec![enclosure(&format!("https://example.com/{}", text()), &text(), u64::MAX)];
    FeedPage {
        title: text(),
        description: text(),
        language: text(),
        author: Some(person(&text(), None, None)),
        copyright: Some(text()),
        icon: Some(text()),
        image: Some(format!("https://example.com/{}.png", text())),
        ttl: Some(5),
        updated: item.modified,
        items: vec![item.into()],
        ..empty()
    }
}

fn pages() -> [(&'static str, FeedPage); 5] {
    [
        ("rich", rich()),
        ("empty", empty()),
        ("archive", archive()),
        ("untitled", untitled()),
        ("hostile", hostile()),
    ]
}

fn written(page: &FeedPage, format: Format) -> String {
    String::from_utf8(feed(page, format)).unwrap()
}

/// The documents, with line breaks between the tags for readable differences.
#[test]
fn snapshots() {
    for (name, page) in pages() {
        insta::assert_snapshot!(format!("{name}.rss"), written(&page, Format::Rss).replace("><", ">\n<"));
        insta::assert_snapshot!(format!("{name}.atom"), written(&page, Format::Atom).replace("><", ">\n<"));
        insta::assert_snapshot!(
            format!("{name}.json"),
            written(&page, Format::Json).replace(",\"", ",\n\"").replace("{\"", "{\n\"")
        );
    }
}
