//! Real posts of other sites. They are beside the checkout; if not, these tests report that and are skipped.

mod oracle;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use feed_rs::model::Feed;
use feedmill::config::Config;
use feedmill::diagnostic::Severity;
use feedmill::identity::Registry;
use feedmill::index::Scope;
use feedmill::publisher::snapshot;
use feedmill::render::feeds::feed_page;
use feedmill::render::{Format, Place};
use feedmill::site::Site;
use feedmill::time::Timestamp;
use serde_json::Value;

use self::oracle::Expected;
use crate::feeds::round_trip::{agree, parsed};
use crate::server::ask;

const CORPORA: [&str; 3] = ["18f", "cordova", "rust-blog"];

fn corpus(name: &str) -> Option<Utf8PathBuf> {
    let path = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora").join(name);
    if path.is_dir() {
        return Some(path);
    }
    println!("SKIPPED: there is no {path}");
    None
}

fn site(path: &Utf8Path, config: &str) -> Site {
    let config = Config::parse("feedmill.toml".into(), config).unwrap();
    let now = Timestamp::now();
    snapshot(&Arc::new(config), path, &mut Registry::new(now), now).unwrap()
}

/// All posts of the listing, from all its pages.
fn walked(site: &Site, per_page: usize) -> Vec<Value> {
    let mut posts = Vec::new();
    let mut query = format!("per_page={per_page}");
    loop {
        let response = ask(site, "/api/posts", &query);
        assert_eq!(response.status(), 200);
        let listing: Value = serde_json::from_slice(response.body()).unwrap();
        posts.extend(listing["posts"].as_array().unwrap().iter().cloned());
        match listing["next"].as_str() {
            Some(next) => next.split_once('?').unwrap().1.clone_into(&mut query),
            None => return posts,
        }
    }
}

#[test]
fn every_publishable_post_is_in_the_listing_once_with_its_title_date_and_tags() {
    for name in CORPORA {
        let Some(path) = corpus(name) else { continue };
        let site = site(&path, "");
        let expected: BTreeMap<String, Expected> = oracle::posts(&path);
        assert!(expected.len() > 300, "{name}: the corpus is there");
        let listed = walked(&site, 200);
        let ids: BTreeSet<&str> = listed.iter().map(|post| post["id"].as_str().unwrap()).collect();
        let urls: BTreeSet<&str> = listed.iter().map(|post| post["url"].as_str().unwrap()).collect();
        assert_eq!(
            (ids.len(), urls.len()),
            (listed.len(), listed.len()),
            "{name}: nothing comes twice"
        );
        assert_eq!(walked(&site, 7), listed, "{name}: however many a page");

        let by_id: BTreeMap<&str, &Value> = listed.iter().map(|post| (post["id"].as_str().unwrap(), post)).collect();
        let mut wrong = Vec::new();
        for (source, expected) in &expected {
            let Some(post) = site.post(Utf8Path::new(source)) else {
                wrong.push(format!("{source}: was not read"));
                continue;
            };
            match by_id.get(post.id.as_str()) {
                Some(listed) => wrong.extend(expected.differences(source, listed)),
                None if expected.is_hidden => {}
                None => wrong.push(format!("{source}: is not listed")),
            }
        }
        assert!(wrong.is_empty(), "{name}: {} of {}: {wrong:#?}", wrong.len(), expected.len());
        assert_eq!(
            listed.len(),
            expected.values().filter(|post| !post.is_hidden).count(),
            "{name}: and nothing else is listed"
        );
    }
}

#[test]
fn check_explains_every_file_it_refuses() {
    for name in CORPORA {
        let Some(path) = corpus(name) else { continue };
        let site = site(&path, "");
        for diagnostic in site
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Error)
        {
            assert!(
                !diagnostic.mend.is_empty() && diagnostic.position.is_some(),
                "{name}: {diagnostic}"
            );
        }
        let read: BTreeSet<&Utf8Path> = site.all().iter().map(|post| post.source.as_path()).collect();
        let explained: BTreeSet<&Utf8Path> = site.diagnostics.iter().map(|diagnostic| diagnostic.path.as_path()).collect();
        for source in oracle::files(&path).iter().filter(|source| !source.ends_with("_index.md")) {
            let source = Utf8Path::new(source);
            assert!(
                read.contains(source) || explained.contains(source),
                "{name}: nothing is said about {source}"
            );
        }
    }
}

/// The documents of one place in the three formats, parsed by another parser.
fn three(site: &Site, scope: &Scope, place: Place) -> [Feed; 3] {
    Format::ALL.map(|format| {
        let document = site.feed(scope, place, format).unwrap();
        if format != Format::Json {
            let text = std::str::from_utf8(document.bytes()).unwrap();
            roxmltree::Document::parse(text).unwrap_or_else(|error| panic!("{scope:?} {place:?} {format:?}: {error}"));
        }
        parsed(document.bytes())
    })
}

/// Checks that every feed of every scope of the folder at `path` is well-formed and equal in all formats, and that all feeds of a
/// scope together contain all of its posts.
fn every_feed_agrees(name: &str, path: &Utf8Path) {
    let site = site(path, "[site]\nbase_url = 'https://example.com'\n");
    let mut documents = 0;
    for (scope, members) in site.index.scopes() {
        let archives = feed_page::archives(members.in_feeds().len(), site.config().feed.limit);
        let mut held = BTreeSet::new();
        for place in std::iter::once(Place::Newest).chain((1..=archives).map(Place::Archive)) {
            let feeds = three(&site, scope, place);
            agree(&feeds);
            held.extend(feeds[2].entries.iter().map(|entry| entry.id.clone()));
            documents += 3;
        }
        let all: BTreeSet<_> = members.in_feeds().iter().map(|post| post.id.to_string()).collect();
        assert_eq!(
            held, all,
            "{name}: the newest feed of {scope:?} and its archives hold every post"
        );
    }
    assert!(documents > 3, "{name} has scopes");
    println!("{name}: {documents} documents");
}

#[test]
fn every_feed_of_every_scope_is_well_formed_and_equal_in_all_formats() {
    for name in CORPORA {
        let Some(path) = corpus(name) else { continue };
        every_feed_agrees(name, &path);
    }
}

#[test]
fn every_feed_of_the_fixtures_and_the_guide_agrees_too() {
    for name in ["tests/fixtures/dialects", "tests/fixtures/broken", "posts"] {
        every_feed_agrees(name, &Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join(name));
    }
}

#[test]
fn next_url_leads_from_the_newest_feed_to_every_post() {
    let Some(path) = corpus("18f") else { return };
    let site = site(&path, "[site]\nbase_url = 'https://example.com'");
    let (mut at, mut visited, mut ids) = ("/feed.json".to_owned(), BTreeSet::new(), BTreeSet::new());
    loop {
        assert!(visited.insert(at.clone()), "{at} comes twice");
        let feed: Value = serde_json::from_slice(ask(&site, &at, "").body()).unwrap();
        ids.extend(
            feed["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        match feed["next_url"].as_str() {
            Some(next) => next.trim_start_matches("https://example.com").clone_into(&mut at),
            None => break,
        }
    }
    assert_eq!(ids.len(), site.index.posts().len());
}

#[test]
fn the_newest_posts_of_cordova_are_those_of_its_site() {
    let (Some(path), Some(published)) = (corpus("cordova"), corpus("cordova-published")) else {
        return;
    };
    let site = site(&path, "[feed]\nlimit = 10");
    let ours = parsed(site.feed(&Scope::Site, Place::Newest, Format::Rss).unwrap().bytes());
    let theirs = parsed(&fs::read(PathBuf::from(published).join("feed.xml")).unwrap());
    let titles_and_dates = |feed: &Feed| {
        let titles_and_dates =
            |entry: &feed_rs::model::Entry| (entry.title.as_ref().unwrap().content.clone(), entry.published.unwrap());
        feed.entries.iter().map(titles_and_dates).collect::<Vec<_>>()
    };
    assert_eq!(titles_and_dates(&ours), titles_and_dates(&theirs)[..10]);
}

#[test]
fn no_content_of_a_feed_has_relative_addresses_or_active_content() {
    for name in CORPORA {
        let Some(path) = corpus(name) else { continue };
        let site = site(
            &path,
            "[site]\nbase_url = 'https://example.com'\n[feed]\nlimit = 1000\nmax_bytes = 100000000",
        );
        let feed = parsed(site.feed(&Scope::Site, Place::Newest, Format::Atom).unwrap().bytes());
        assert!(feed.entries.len() > 300);
        for entry in &feed.entries {
            let html = entry
                .content
                .as_ref()
                .and_then(|content| content.body.as_deref())
                .unwrap_or_default();
            for address in addresses(html) {
                let is_absolute = [
                    "http:", "https:", "mailto:", "tel:", "ftp:", "irc:", "ircs:", "xmpp:", "sms:", "news:", "magnet:", "geo:",
                ]
                .iter()
                .any(|scheme| address.to_ascii_lowercase().starts_with(scheme));
                assert!(is_absolute, "{name}: {}: {address:?}", entry.id);
            }
            for forbidden in ["<script", "<style", "<iframe", "<object", "<form", "srcset=", "javascript:"] {
                assert!(
                    !tags(html).any(|tag| tag.to_ascii_lowercase().contains(forbidden)),
                    "{name}: {}: {forbidden}",
                    entry.id
                );
            }
        }
    }
}

/// The aliases in the front matter of `text`, found without feedmill.
fn old_addresses(text: &str) -> Vec<String> {
    if let Some((front_matter, _)) = text.strip_prefix("+++\n").and_then(|text| text.split_once("\n+++")) {
        let table: toml::Table = front_matter.parse().unwrap();
        let aliases = table
            .get("aliases")
            .and_then(toml::Value::as_array)
            .cloned()
            .unwrap_or_default();
        return aliases.iter().map(|alias| format!("/{}", alias.as_str().unwrap())).collect();
    }
    let mut lines = text.lines();
    let Some(key) = lines.find(|line| line.starts_with("redirect_from:")) else {
        return Vec::new();
    };
    let list = lines.map_while(|line| line.trim_start().strip_prefix("- ")).map(str::trim);
    let one = key.trim_start_matches("redirect_from:").trim();
    [one]
        .into_iter()
        .chain(list)
        .filter(|path| !path.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_old_address_leads_to_its_post() {
    for (name, least) in [("18f", 8), ("rust-blog", 700)] {
        let Some(path) = corpus(name) else { continue };
        let site = site(&path, "[site]\nbase_url = 'https://example.com'");
        let mut count = 0;
        for post in site.all().iter() {
            for old in old_addresses(&fs::read_to_string(path.join(&post.source)).unwrap()) {
                // an existing page, or the Markdown of a post, takes precedence over an alias
                if old.strip_suffix(".md").unwrap_or(&old) == post.address {
                    continue;
                }
                let expected = format!("https://example.com{}", post.address.replace('@', "%40"));
                let answer = ask(&site, &old, "");
                let location = answer
                    .headers()
                    .get("location")
                    .map(|location| location.to_str().unwrap().replace('@', "%40"));
                assert_eq!(
                    (answer.status().as_u16(), location),
                    (301, Some(expected)),
                    "{name}: {old} of {}",
                    &post.source
                );
                count += 1;
            }
        }
        assert!(count >= least, "{name}: {count}");
        println!("{name}: {count} old addresses");
    }
}

/// The tags of `html`, from `<` to `>`.
fn tags(html: &str) -> impl Iterator<Item = &str> {
    html.split('<')
        .skip(1)
        .filter_map(|rest| rest.split_once('>'))
        .map(|(tag, _)| tag)
}

fn addresses(html: &str) -> Vec<&str> {
    let value = |tag: &'_ str, name: &str| -> Option<(usize, usize)> {
        let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
        Some((start, start + tag[start..].find('"')?))
    };
    let mut found = Vec::new();
    for tag in tags(html) {
        for name in ["href", "src", "poster", "cite"] {
            if let Some((start, end)) = value(tag, name) {
                found.push(&tag[start..end]);
            }
        }
    }
    found
}
