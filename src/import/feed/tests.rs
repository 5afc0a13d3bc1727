//! All formats, and the mistakes of real feeds.

use super::old_feed::LONGEST_ID;
use super::*;
use crate::render::Format;

fn feed(text: &str) -> OldFeed {
    let found = "https://old.example/feed".parse().unwrap();
    parse_feed(text.as_bytes(), Some(&found)).unwrap()
}

fn ids(feed: &OldFeed) -> Vec<&str> {
    feed.items.iter().map(|item| item.id.as_str()).collect()
}

fn urls(item: &OldItem) -> Vec<&str> {
    item.urls.iter().map(Url::as_str).collect()
}

const RSS: &str = r#"<?xml version="1.0"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/" xmlns:fb="http://rssnamespace.org/feedburner/ext/1.0">
<channel><title>Old &amp; gone</title><link>https://old.example/</link>
<atom:link rel="self" href="/feed.xml"/><atom:link rel="prev-archive" href="/feed-1.xml"/>
<image><title>Not the title</title><link>https://other.example/</link></image>
<item><media:title>Not this</media:title><guid>https://old.example/2026/01/one.html</guid><title>One &amp;amp; only</title>
  <link>https://old.example/2026/01/one.html?utm_source=rss#top</link><pubDate>Sat, 31 Jan 2026 09:00:00 +0100</pubDate>
  <description>short</description><content:encoded><![CDATA[<p>The whole <b>text</b></p>]]></content:encoded></item>
<item><link>/two</link><guid isPermaLink="false"> 17 at https://old.example </guid><dc:date>2026-01-30</dc:date>
  <atom:updated>2026-02-01T00:00:00Z</atom:updated></item>
<item><title>Caf&eacute;&#8217;s &unknown; & more</title><link>https://proxy.example/3</link><fb:origLink>https://old.example/three</fb:origLink></item>
<item><title>Nobody knows me</title></item>
<item><guid>https://old.example/2026/01/one.html</guid><link>https://old.example/once-more</link></item>
</channel></rss>"#;

#[test]
fn rss() {
    let feed = feed(RSS);
    assert_eq!((feed.format, feed.title.as_str()), (Format::Rss, "Old & gone"));
    assert_eq!(feed.home.as_ref().map(Url::as_str), Some("https://old.example/"));
    assert_eq!(feed.address.as_ref().map(Url::as_str), Some("https://old.example/feed.xml"));
    assert_eq!(feed.older.as_ref().map(Url::as_str), Some("https://old.example/feed-1.xml"));
    assert_eq!(
        ids(&feed),
        [
            "https://old.example/2026/01/one.html",
            "17 at https://old.example",
            "https://proxy.example/3"
        ]
    );
    let [one, two, three] = feed.items.as_slice() else { panic!() };
    assert_eq!((one.title.as_str(), one.text.as_str()), ("One & only", "The whole text"));
    assert_eq!(one.published.unwrap().rfc3339(), "2026-01-31T09:00:00+01:00");
    assert_eq!(
        urls(one),
        ["https://old.example/2026/01/one.html", "https://old.example/once-more"],
        "an id that comes twice is one item"
    );
    assert_eq!(
        urls(two),
        ["https://old.example/two"],
        "what is not a permalink is not an address"
    );
    assert!(two.published.is_some() && two.updated.is_some() && !two.id_is_link);
    assert_eq!(urls(three), ["https://proxy.example/3", "https://old.example/three"]);
    assert_eq!(three.title, "Café’s &unknown; & more");
    assert!(three.id_is_link);
    assert_eq!(feed.notes.len(), 1, "{:?}", feed.notes);
}

#[test]
fn older_rss() {
    let rdf = r#"<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
      xmlns:dc="http://purl.org/dc/elements/1.1/">
      <channel rdf:about="https://old.example/"><title>Old</title><link>https://old.example/</link></channel>
      <image><title>Logo</title><link>https://old.example/logo</link></image>
      <item rdf:about="https://old.example/a"><title>A</title><link>https://old.example/a</link><dc:date>2026-01-31T09:00:00Z</dc:date></item>
      </rdf:RDF>"#;
    for text in [
        rdf.to_owned(),
        rdf.replace("http://purl.org/rss/1.0/\"", "http://my.netscape.com/rdf/simple/0.9/\""),
        r#"<rss version="0.93"><channel><title>Old</title><link>https://old.example/</link>
           <item><title>A</title><link>https://old.example/a</link></item></channel></rss>"#
            .to_owned(),
        "<rss><channel><title>Old</title><item><title>A</title><link>https://old.example/a</link></item></channel></rss>"
            .to_owned(),
    ] {
        let feed = feed(&text);
        assert_eq!(
            (ids(&feed), feed.title.as_str()),
            (vec!["https://old.example/a"], "Old"),
            "{text}"
        );
        assert!(feed.items[0].id_is_link);
    }
}

#[test]
fn atom() {
    let feed = feed(
        r#"<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://old.example/blog/"><id>urn:feed</id>
        <title type="html">Old &lt;i&gt;blog&lt;/i&gt;</title><link href="."/><link rel="next" href="?page=2"/>
        <entry><id>tag:old.example,2026:1</id><title>One</title><link rel="edit" href="edit/1"/><link href="one/"/>
          <published>2026-01-31T09:00:00Z</published><updated>2026-02-03T09:00:00Z</updated>
          <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Some</p><p>words</p></div></content>
          <source><id>urn:other</id><title>Other</title></source></entry>
        <entry><id>tag:old.example,2026:2</id><content type="html"></content></entry></feed>"#,
    );
    assert_eq!((feed.id.as_deref(), feed.title.as_str()), (Some("urn:feed"), "Old blog"));
    assert_eq!(feed.home.as_ref().map(Url::as_str), Some("https://old.example/blog/"));
    assert_eq!(feed.older.as_ref().map(Url::as_str), Some("https://old.example/blog/?page=2"));
    assert_eq!(ids(&feed), ["tag:old.example,2026:1", "tag:old.example,2026:2"]);
    let one = &feed.items[0];
    assert_eq!(
        (urls(one), one.title.as_str(), one.text.as_str()),
        (vec!["https://old.example/blog/one/"], "One", "Some words")
    );
    assert_eq!(one.updated.unwrap().rfc3339(), "2026-02-03T09:00:00Z");
}

#[test]
fn json_feed() {
    let feed = feed(
        r#"{"version": "https://jsonfeed.org/version/1", "title": "Old", "home_page_url": "https://old.example/", "next_url": "/2.json",
        "items": [{"id": 17, "url": "https://old.example/a", "date_published": "2026-01-31T09:00:00Z", "content_text": "words"},
                  {"id": "b", "external_url": "https://other.example/"}, {"url": "https://old.example/c"}, {"title": "lost"}, 3]}"#,
    );
    assert_eq!(ids(&feed), ["17", "b", "https://old.example/c"]);
    assert_eq!(feed.older.as_ref().map(Url::as_str), Some("https://old.example/2.json"));
    assert!(feed.items[1].urls.is_empty(), "what an item is about is not where it is");
}

#[test]
fn encodings() {
    let latin = b"<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><rss><channel><title>Caf\xe9</title></channel></rss>";
    let utf16: Vec<u8> = "\u{feff}<rss><channel><title>Café</title></channel></rss>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for bytes in [
        latin.as_slice(),
        &utf16,
        "\u{feff}\n <rss><channel><title>Café</title></channel></rss>".as_bytes(),
    ] {
        assert_eq!(parse_feed(bytes, None).unwrap().title, "Café");
    }
}

#[test]
fn what_is_no_feed_says_why_and_what_breaks_is_read_up_to_there() {
    let cases = [
        ("", "it is empty"),
        ("hello", "neither XML nor JSON"),
        ("<html><body>x</body></html>", "neither RSS nor Atom"),
        ("<!DOCTYPE html><p>x<br>", "it is not XML"),
        ("{\"items\": []}", "no JSON Feed"),
        ("{\"version\": ", "it is not JSON"),
        ("{\"version\": \"https://jsonfeed.org/version/1.1\"}", "without `items`"),
        ("<rss><channel><item><title>x", "it is broken"),
    ];
    for (text, expected) in cases {
        let error = parse_feed(text.as_bytes(), None).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let cut = RSS.split_once("<item><title>Nobody").unwrap().0;
    let feed = feed(cut);
    assert_eq!(feed.items.len(), 3);
    assert!(feed.notes[0].contains("read up to there"), "{:?}", feed.notes);
    let deep = format!("<rss><channel>{}", "<a>".repeat(300));
    assert!(parse_feed(deep.as_bytes(), None).unwrap_err().contains("deep"));
}

#[test]
fn an_id_that_cannot_be_stored_is_noted() {
    let long = "x".repeat(LONGEST_ID + 1);
    let feed = feed(&format!(
        "<rss><channel><item><guid>{long}</guid></item><item><guid>a\nb</guid></item><item><guid>c</guid></item></channel></rss>"
    ));
    assert_eq!(ids(&feed), ["c"]);
    assert!(feed.notes[0].starts_with("2 of its items"), "{:?}", feed.notes);
}

proptest::proptest! {
    #[test]
    fn nothing_makes_it_panic(text in r#"(<(rss|channel|item|feed xmlns="http://www.w3.org/2005/Atom"|entry|guid|link href="x"|title|id)>|</(item|entry|guid|title|channel)>|<!\[CDATA\[|\]\]>|&[a-z#0-9]{0,5};?|[a-z<&é \x00]{0,3}){0,40}"#) {
        let _ = parse_feed(text.as_bytes(), None);
        let _ = parse_feed(format!("<rss><channel>{text}").as_bytes(), None);
    }
}

#[test]
fn an_item_whose_id_is_unresolved_is_skipped() {
    let item = |inner: &str| format!("<item><title>One</title>{inner}</item>");
    let entry = |inner: &str| format!("<entry><title>One</title>{inner}</entry>");
    let declared = r#"<!DOCTYPE rss [<!ENTITY site "old.example"><!ENTITY two "&site;/2">]>"#;
    // the text before the feed, the item, and its id or the unresolved reference
    let cases = [
        ("", item("<guid>a&amp;b&#99;</guid>"), Ok("a&bc")),
        ("", item("<guid>?a=1&b=2</guid>"), Ok("?a=1&b=2")),
        ("", item("<guid>a&x;</guid>"), Err("&x;")),
        (
            "",
            item("<guid>a&nbsp;b</guid><link>https://old.example/1</link>"),
            Err("&nbsp;"),
        ),
        ("", item("<link>https://old.example/&x;</link>"), Err("&x;")),
        (
            "",
            item("<guid>1</guid><link>https://old.example/&x;</link><description>&y;</description>"),
            Ok("1"),
        ),
        (
            "",
            item("<guid> </guid><link>https://old.example/1</link>"),
            Ok("https://old.example/1"),
        ),
        (declared, item("<guid>https://&site;/1</guid>"), Ok("https://old.example/1")),
        (declared, item("<guid>https://&two;</guid>"), Err("&two;")),
        (declared, item("<guid><![CDATA[a&x;]]></guid>"), Ok("a&x;")),
        ("", entry("<id>tag:&x;</id>"), Err("&x;")),
        ("", entry(r#"<link href="https://old.example/?a=1&amp;b=&x;"/>"#), Err("&x;")),
        (
            "",
            entry(r#"<link href="https://old.example/?a=1&amp;b"/>"#),
            Ok("https://old.example/?a=1&b"),
        ),
    ];
    for (before, item, expected) in cases {
        let text = if item.starts_with("<item") {
            format!("{before}<rss><channel>{item}</channel></rss>")
        } else {
            format!(r#"{before}<feed xmlns="http://www.w3.org/2005/Atom">{item}</feed>"#)
        };
        let feed = feed(&text);
        match expected {
            Ok(id) => assert_eq!((ids(&feed), feed.notes.len()), (vec![id], 0), "{item}: {:?}", feed.notes),
            Err(reference) => {
                assert!(feed.items.is_empty(), "{item}");
                let is_said = feed.notes.len() == 1 && feed.notes[0].contains(&format!("`{reference}`, of \"One\""));
                assert!(is_said, "{item}: {:?}", feed.notes);
            }
        }
    }
}

#[test]
fn recursive_entities_are_not_expanded() {
    let mut text = r#"<!DOCTYPE rss [<!ENTITY l0 "lol">"#.to_owned();
    for level in 1..100 {
        let laughs = format!("&l{};", level - 1).repeat(10);
        text.extend(["<!ENTITY l", &level.to_string(), " \"", &laughs, "\">"]);
    }
    text += "]><rss><channel><item><title>&l99;</title><guid>&l99;</guid></item><item><title>&l0;</title><guid>&l0;</guid></item></channel></rss>";
    let feed = feed(&text);
    assert_eq!((ids(&feed), feed.items[0].title.as_str()), (vec!["lol"], "lol"));
}
