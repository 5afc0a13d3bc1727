//! A feed alone, and the exports of Blogger, which are feeds.

use std::collections::BTreeMap;

use serde_json::json;

use super::{check, counts, files_below, import, import_json, post, site};
use crate::commands::folder;
use crate::server::TestSite;

/// Posts with everything that all formats can say.
const POSTS: [(&str, &str); 5] = [
    (
        "a.md",
        "---\ntitle: Fish & \"chips\"\ndate: 2026-01-31T09:00:00+01:00\nupdated: 2026-02-01T09:00:00Z\nauthors: [Ada Example, Bo]\ntags: [tide, Sea life]\nguid: x:1\n---\nSome *text* <b>here</b> & there.\n\n- One\n- Two\n",
    ),
    (
        "b.md",
        "---\ntitle: Second\ndate: 2026-01-30T09:00:00Z\nid: 'https://example.com/old/2'\n---\nSee [the first](a.md).\n\n> Quote\n",
    ),
    (
        "c.md",
        "---\ntitle: Third\ndate: 2026-01-29\ntags: [tide]\n---\n```rust\nfn main() {}\n```\n\n| A | B |\n|---|---|\n| 1 | 2 |\n",
    ),
    ("d.md", "---\ndate: 2026-01-28\n---\nA note without a title.\n"),
    ("e.md", "---\ntitle: Hidden\ndate: 2026-01-27\ndraft: true\n---\nA draft.\n"),
];

/// Title, date, tags and authors.
type Facts = (String, String, Vec<String>, Vec<String>);

/// What readers see of each post, by id.
fn seen(site: &feedmill::site::Site) -> BTreeMap<String, Facts> {
    let posts = site.index.members(&feedmill::index::Scope::Site).unwrap().in_feeds().clone();
    let names = |post: &feedmill::post::Post| {
        let tags = post.tags.iter().map(ToString::to_string).collect();
        let authors = post.authors.iter().map(|author| author.name.clone()).collect();
        (post.title.to_string(), post.date.timestamp().to_string(), tags, authors)
    };
    posts.iter().map(|post| (post.id.to_string(), names(post))).collect()
}

#[test]
fn feeds_of_feedmill_come_back_with_the_same_ids_dates_titles_tags_and_authors() {
    let config = "[site]\nbase_url = 'https://example.com'\ntimezone = 'UTC'\n[feed]\nlimit = 2\n";
    let served = TestSite::start(&POSTS, config);
    let first = folder(
        &POSTS
            .map(|(name, text)| (format!("posts/{name}"), text))
            .each_ref()
            .map(|(name, text)| (name.as_str(), *text)),
    );
    let before = seen(&site(first.path()));
    assert_eq!(before.len(), 4);
    for path in ["rss.xml", "atom.xml", "feed.json"] {
        let at = folder(&[]);
        // the archives that the feed links to are at its public address
        let documents: Vec<String> = match path {
            "feed.json" => vec!["feed.json", "archive/1/feed.json"],
            "rss.xml" => vec!["rss.xml", "archive/1/rss.xml"],
            _ => vec!["atom.xml", "archive/1/atom.xml"],
        }
        .into_iter()
        .map(|path| served.get(&format!("/{path}")).body)
        .collect();
        for document in documents {
            std::fs::write(at.path().join("feed"), document).unwrap();
            import_json(at.path(), &["feed", "posts"]);
        }
        check(at.path(), &["atom-id"]);
        let after = seen(&site(at.path()));
        let ids = |all: &BTreeMap<String, Facts>| all.keys().cloned().collect::<Vec<_>>();
        // the test's folder has no base URL, so ids that feedmill makes have another host there
        let made = |id: &String| id.replace("tag:localhost,", "tag:example.com,");
        let expected: Vec<String> = ids(&before).iter().map(made).collect();
        let mut expected_sorted = expected.clone();
        expected_sorted.sort();
        if path == "atom.xml" {
            // an id that is not an IRI is another one in Atom, and the ledger knows which
            assert_eq!(ids(&after).len(), expected_sorted.len(), "{path}");
        } else {
            assert_eq!(ids(&after), expected_sorted, "{path}");
        }
        for (id, facts) in &before {
            if let Some(found) = after.get(&made(id)) {
                assert_eq!(found, facts, "{path} {id}");
            }
        }
    }
}

#[test]
fn a_feed_at_an_address_is_read_with_its_archives() {
    let served = TestSite::start(&POSTS, "[feed]\nlimit = 2\n");
    // without a base URL the feed names the address at which it is served
    let at = folder(&[]);
    let address = format!("http://{}/feed.json", served.address().trim_start_matches("http://"));
    let (status, out, err) = import(at.path(), &[&address, "posts"]);
    assert!(status < 2, "{out}{err}");
    assert!(files_below(&at.path().join("posts")).len() >= 2, "{out}{err}");
}

#[test]
fn an_empty_feed_is_not_taken_for_another_file() {
    for (content, expected) in [
        (
            "<feed xmlns='http://www.w3.org/2005/Atom'><title>T</title><link href='https://a.example/'/></feed>",
            "it is a feed without items",
        ),
        (
            "<svg xmlns='http://www.w3.org/2000/svg'><title>T</title></svg>",
            "it is neither a feed nor an export",
        ),
    ] {
        let at = folder(&[("file.xml", content)]);
        let (status, _, err) = import(at.path(), &["file.xml", "posts"]);
        assert!(status == 2 && err.contains(expected), "{err}");
    }
}

#[test]
fn summaries_are_refused_unless_they_are_wanted() {
    let item = |n: u32| {
        format!(
            "<item><title>T{n}</title><link>https://old.example/{n}</link><description>The start of it […]</description></item>"
        )
    };
    let items = [1, 2, 3, 4].map(item).concat();
    let feed =
        format!("<rss version=\"2.0\"><channel><title>Old</title><link>https://old.example/</link>{items}</channel></rss>");
    let at = folder(&[("feed.xml", &feed)]);
    let (status, _, err) = import(at.path(), &["feed.xml", "posts"]);
    assert!(
        status == 2 && err.contains("4 of its 4 items have only the beginning of their text"),
        "{err}"
    );
    let (status, out, err) = import(at.path(), &["feed.xml", "posts", "--summaries"]);
    assert!(
        status == 0 && err.contains("4 of 4 keep their id; 0 would appear as new"),
        "{out}{err}"
    );
    assert_eq!(out.matches("the export has no date of it").count(), 4, "{out}");
    assert_eq!(files_below(&at.path().join("posts")).len(), 4);
}

#[test]
fn atom_with_xhtml_and_every_construct() {
    let feed = r#"<?xml version="1.0"?><a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:title>Old</a:title><a:link href="https://old.example/"/>
<a:author><a:name>Ada</a:name></a:author>
<a:entry><a:id>urn:uuid:1</a:id><a:title type="html">Fish &amp;amp; &lt;b&gt;chips&lt;/b&gt;</a:title><a:link href="https://old.example/fish"/>
<a:published>2020-01-02T03:04:05Z</a:published><a:updated>2020-01-03T03:04:05Z</a:updated><a:category term="tide" label="Tide"/>
<a:content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>One <em>two</em><br/>three &amp; four</p><ul><li>x</li></ul></div></a:content></a:entry>
<a:entry><a:id>urn:uuid:2</a:id><a:title>A &lt;tag&gt;</a:title><a:updated>2020-01-03T03:04:05Z</a:updated><a:content>Plain &lt;text&gt;</a:content></a:entry></a:feed>"#;
    let at = folder(&[("feed.xml", feed)]);
    import_json(at.path(), &["feed.xml", "posts"]);
    let fish = post(at.path(), "fish.md");
    assert!(
        fish.contains("title: \"Fish & chips\"") && fish.contains("authors: [\"Ada\"]") && fish.contains("tags: [\"Tide\"]"),
        "{fish}"
    );
    assert!(fish.contains("One *two*\\\nthree & four\n\n- x"), "{fish}");
    let tag = post(at.path(), "a-tag.md");
    assert!(
        tag.contains("title: \"A <tag>\"") && tag.contains("Plain \\<text>") || tag.contains("Plain &lt;text"),
        "{tag}"
    );
    check(at.path(), &[]);
}

#[test]
fn blogger_in_both_dialects() {
    let kind = |kind: &str| {
        format!(
            "<category scheme='http://schemas.google.com/g/2005#kind' term='http://schemas.google.com/blogger/2008/kind#{kind}'/>"
        )
    };
    let entry = |n: u32, kind: &str, more: &str| {
        format!(
            "<entry><id>tag:blogger.com,1999:blog-1.post-{n}</id><published>2020-01-0{n}T10:00:00.000-08:00</published>{kind}<title type='text'>Entry {n}</title>\
             <content type='html'>&lt;p&gt;Words of {n}&lt;/p&gt;</content>{more}</entry>"
        )
    };
    let link =
        |n: u32| format!("<link rel='alternate' type='text/html' href='https://old.blogspot.example/2020/01/entry-{n}.html'/>");
    let draft = "<app:control xmlns:app='http://purl.org/atom/app#'><app:draft>yes</app:draft></app:control>";
    let old = [
        entry(1, &kind("post"), &link(1)),
        entry(2, &kind("post"), &format!("{draft}{}", link(2))),
        entry(3, &kind("post"), ""),
        entry(4, &kind("settings"), ""),
        entry(5, &kind("template"), ""),
        entry(6, &kind("comment"), &link(6)),
        entry(7, &kind("page"), &link(7)),
    ]
    .concat();
    let feed = |entries: &str| {
        format!(
            "<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom' xmlns:blogger='http://schemas.google.com/blogger/2018'><title>Old</title>{entries}</feed>"
        )
    };
    let at = folder(&[("blog.xml", &feed(&old))]);
    let report = import_json(at.path(), &["blog.xml", "posts"]);
    let expected = json!({"comment  → left out": 1, "page published → public": 1, "post draft → draft": 2, "post published → public": 1,
        "settings  → left out": 1, "template  → left out": 1});
    assert_eq!(json!(counts(&report)), expected, "{report:#}");
    assert_eq!(report["format"], "Blogger");
    assert!(post(at.path(), "entry-1.md").contains("guid: \"tag:blogger.com,1999:blog-1.post-1\""));
    let takeout = |n: u32, kind: &str, status: &str| {
        let more = format!(
            "<blogger:type>{kind}</blogger:type><blogger:status>{status}</blogger:status><blogger:filename>/2020/01/entry-{n}.html</blogger:filename>"
        );
        entry(n, "", &more)
    };
    let new = [
        takeout(1, "POST", "LIVE"),
        takeout(2, "POST", "DRAFT"),
        takeout(3, "POST", "SOFT_TRASHED"),
        takeout(4, "COMMENT", "LIVE"),
        takeout(5, "PAGE", "LIVE"),
        takeout(6, "POST", "SOMETHING_NEW"),
    ]
    .concat();
    let at = folder(&[("feed.atom", &feed(&new))]);
    let report = import_json(at.path(), &["feed.atom", "posts"]);
    let expected = json!({"comment LIVE → left out": 1, "page LIVE → public": 1, "post DRAFT → draft": 1, "post LIVE → public": 1,
        "post SOFT_TRASHED → draft": 1, "post SOMETHING_NEW → draft": 1});
    assert_eq!(json!(counts(&report)), expected, "{report:#}");
    assert!(post(at.path(), "entry-1.md").contains("aliases: [\"/2020/01/entry-1.html\"]"));
    check(at.path(), &[]);
}
