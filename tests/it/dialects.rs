//! Posts of other tools work unchanged: one file of each tool, all in one folder.
//!
//! The table lists the expected values of each post; the snapshots contain all its data, including the HTML in feeds.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use camino::Utf8Path;
use feedmill::diagnostic::Diagnostic;
use feedmill::index::Scope;
use feedmill::post::Post;
use feedmill::render::{Format, Place};
use feedmill::site::Site;
use serde_json::{Value, json};

use crate::still::{TestFolder, files, fixtures, get, listed, said};

const CONFIG: &str = "[site]\nbase_url = 'https://example.com'";

/// The fixtures have neither the pictures nor the other pages of their sites.
fn is_about_links(said: &Diagnostic) -> bool {
    matches!(said.code, "link-nowhere" | "picture-missing" | "enclosure-missing")
}

/// The codes of the diagnostics for `path`, without those about links.
fn codes_of(site: &Site, path: &str) -> Vec<&'static str> {
    let said = said(site, path).filter(|said| !is_about_links(said));
    said.map(|diagnostic| diagnostic.code).collect()
}

type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

/// File; title; instant; tags, separated by `|`; address; the codes of its diagnostics.
const EXPECTED: [Row; 19] = [
    (
        "Obsidian Vault/Field notes on moss.md",
        "Field notes on moss",
        "2022-03-04T07:08:00Z",
        "nature/moss|field notes",
        "/posts/field-notes-on-moss",
        &[],
    ),
    (
        "_posts/2021-11-8-release-notes.markdown",
        "Release 2.0: what is new",
        "2021-11-08T00:00:00Z",
        "release|tools|news",
        "/posts/release-notes",
        &["yaml-syntax"],
    ),
    (
        "astro/coral-reef.mdx",
        "Coral reef",
        "2022-07-08T00:00:00Z",
        "sea|animals",
        "/posts/coral-reef",
        &["tag-left-out"],
    ),
    (
        "blot/2020-02-14 letter.md",
        "A letter, never sent",
        "2021-01-23T00:00:00Z",
        "letters|Winter",
        "/letters/first",
        &[],
    ),
    (
        "blot/shelf.md",
        "The shelf",
        "2021-01-23T00:00:00Z",
        "wood|tools",
        "/posts/shelf",
        &[],
    ),
    (
        "docusaurus/2021-08-26-welcome-aboard/index.md",
        "Welcome aboard",
        "2021-08-26T00:00:00Z",
        "hello|boats",
        "/posts/welcome-aboard",
        &[],
    ),
    (
        "eleventy/2019-07-04-beach-picnic/index.md",
        "Beach picnic",
        "2019-07-04T00:00:00Z",
        "food",
        "/posts/beach-picnic",
        &["address-unusable"],
    ),
    (
        "hexo/winter-bread.md",
        "Winter bread",
        "2013-07-13T20:46:25Z",
        "bread|rye|Kitchen|Baking|Seasons",
        "/posts/winter-bread",
        &[],
    ),
    (
        "hugo/2022-05-06-sel-de-mer.fr.md",
        "Sel de mer",
        "2022-05-06T00:00:00Z",
        "cuisine|mer",
        "/fr/posts/sel-de-mer",
        &[],
    ),
    (
        "hugo/harbour-lights.md",
        "Harbour lights: a walk",
        "2023-10-16T08:00:00-07:00",
        "Night walks|harbour|Travel",
        "/posts/harbour-lights-walk",
        &[],
    ),
    (
        "hugo/tide-tables/index.md",
        "Tide tables",
        "2022-03-04T06:30:00Z",
        "tides|C++|Reference",
        "/posts/tide-tables",
        &[],
    ),
    (
        "nikola/lighthouse-paint.md",
        "Lighthouse paint",
        "2016-03-30T23:00:00-03:00",
        "paint|sea|Upkeep",
        "/posts/lighthouse-paint",
        &[],
    ),
    (
        "pelican/old-radio.md",
        "Old radio: a repair",
        "2010-12-03T10:20:00Z",
        "valves, solder|not a separator|Workshop",
        "/posts/old-radio",
        &[],
    ),
    (
        "pico/boats.md",
        "Boats",
        "2014-01-16T00:00:00Z",
        "sails|oars",
        "/posts/boats",
        &[],
    ),
    (
        "plain/2018-11-02-just-text.md",
        "Only a heading",
        "2018-11-02T00:00:00Z",
        "",
        "/posts/just-text",
        &[],
    ),
    (
        "plain/shopping list.md",
        "shopping list",
        "2026-01-02T03:04:05Z",
        "",
        "/posts/shopping-list",
        &["date-missing"],
    ),
    (
        "publ/sound-of-rain.md",
        "The sound of rain",
        "2018-04-05T06:07:08-07:00",
        "weather",
        "/posts/sound-of-rain",
        &[],
    ),
    (
        "weekly/2015-06-01-this-week-82.md",
        "This Week 82",
        "2015-06-01T00:00:00Z",
        "This Week",
        "/posts/this-week-82",
        &[],
    ),
    (
        "zola/2024-02-29_leap-day.md",
        "Leap day",
        "2024-02-29T00:00:00Z",
        "calendar|Rust & co|notes",
        "/posts/leap-day",
        &[],
    ),
];

#[test]
fn every_post_is_listed_with_its_title_date_tags_and_address() {
    let site = TestFolder::of_fixtures("dialects").site(CONFIG);
    let listed: BTreeMap<String, Value> = listed(&site)
        .into_iter()
        .map(|post| (post["id"].as_str().unwrap().to_owned(), post))
        .collect();
    let paths: Vec<String> = files(&fixtures("dialects")).into_iter().map(String::from).collect();
    assert_eq!(
        EXPECTED.map(|expected| expected.0).as_slice(),
        paths,
        "every fixture has its row"
    );
    assert_eq!(listed.len(), EXPECTED.len(), "every post is listed, with an id of its own");
    let mut wrong = Vec::new();
    for (path, title, date, tags, address, said) in EXPECTED {
        let post = site
            .post(Utf8Path::new(path))
            .unwrap_or_else(|| panic!("{path} was not read"));
        let entry = &listed[post.id.as_str()];
        let expected = json!([title, date, tags, format!("https://example.com{address}"), said]);
        let listed_tags: Vec<&str> = entry["tags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tag| tag.as_str().unwrap())
            .collect();
        let found = json!([
            entry["title"],
            entry["date_published"],
            listed_tags.join("|"),
            entry["url"],
            codes_of(&site, path)
        ]);
        if found != expected {
            wrong.push(format!("{path}\n  is     {found}\n  not as {expected}"));
        }
        assert_eq!(get(&site, address).0, 200, "{address}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn old_addresses_in_fields_of_other_tools_redirect_to_the_post() {
    let site = TestFolder::of_fixtures("dialects").site(CONFIG);
    let cases = [
        ("/2021/11/release", "_posts/2021-11-8-release-notes.markdown"),
        ("/rain.php", "publ/sound-of-rain.md"),
        ("/posts/Moss", "Obsidian Vault/Field notes on moss.md"),
        ("/old/harbour", "hugo/harbour-lights.md"),
    ];
    for (old, source) in cases {
        let found = site.moved(old);
        assert_eq!(
            found.as_deref(),
            site.post(Utf8Path::new(source)).map(|post| post.address.as_str()),
            "{old}"
        );
    }
}

#[test]
fn snapshots_of_all_values() {
    let site = TestFolder::of_fixtures("dialects").site(&format!("{CONFIG}\n[feed]\nlimit = 100"));
    let feed: Value = serde_json::from_slice(site.feed(&Scope::Site, Place::Newest, Format::Json).unwrap().bytes()).unwrap();
    for post in site.all().iter() {
        let item = feed["items"].as_array().unwrap().iter().find(|item| item["id"] == *post.id);
        let name = post.source.as_str().replace(['/', ' '], "-");
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!(name, describe(&site, post, &item.unwrap()["content_html"]));
        });
    }
}

/// All data of `post`, for people: the diagnostics of its file, its properties, its HTML.
fn describe(site: &Site, post: &Post, html: &Value) -> String {
    let mut text = String::new();
    for diagnostic in said(site, post.source.as_str()).filter(|said| !is_about_links(said)) {
        let _ = writeln!(text, "{diagnostic}");
    }
    let properties = json!({
        "id": &post.id,
        "slug": &post.slug,
        "address": &post.address,
        "title": &post.title,
        "summary": &post.summary,
        "date": post.date,
        "updated": post.updated,
        "expires": post.expires,
        "status": post.status,
        "in_feeds": post.in_feeds,
        "tags": post.tags,
        "authors": post.authors,
        "section": post.section,
        "language": post.language,
        "image": post.image,
        "link": post.link,
        "enclosures": post.enclosures,
        "extra": post.extra.clone().unwrap_or_default(),
        "origins": post.origins,
    });
    let _ = write!(text, "{properties:#}\n\n{}", html.as_str().unwrap_or("(no HTML)"));
    text
}
