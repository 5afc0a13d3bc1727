//! Exports that are archives or JSON: Ghost, Substack, Medium, micro.blog. Archives are hostile.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{check, counts, files_below, import, import_json, post, site};
use crate::commands::folder;

fn zip(path: &Path, files: &[(&str, &[u8])]) {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    for (name, content) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap();
}

const TABLE: &str = "post_id,post_date,is_published,email_sent_at,type,audience,title,subtitle,podcast_url
101.open,2022-08-12T12:11:23.230Z,TRUE,,newsletter,everyone,Open &#x2019; letter,A subtitle,
102.paid,2022-08-13T12:11:23.230Z,TRUE,,newsletter,only_paid,Paid,,
103.draft,2022-08-14T12:11:23.230Z,FALSE,,newsletter,everyone,Draft,,
104.wall,2022-08-15T12:11:23.230Z,TRUE,,newsletter,everyone,Wall,,
105.newest,2022-08-16T12:11:23.230Z,TRUE,,newsletter,everyone,Newest,,
106.about,2022-08-17T12:11:23.230Z,TRUE,,page,everyone,About,,
107.odd,2022-08-18T12:11:23.230Z,TRUE,,newsletter,founding,Odd,,
108.ahead,2199-08-18T12:11:23.230Z,TRUE,,newsletter,everyone,Ahead,,
";

#[test]
fn substack() {
    let at = folder(&[]);
    let page = |word: &str| {
        format!(
            "<p>The {word} text.</p><div class=\"subscription-widget-wrap\"><div class=\"subscription-widget\"><p>Subscribe now</p></div></div><p>The end. <img \
             src=\"https://substackcdn.com/image/fetch/w_1456/https%3A%2F%2Fbucket.example%2Fx.png\"></p>"
        )
    };
    let wall = format!("{}<div class=\"paywall-jump\"></div><p>For those who pay.</p>", page("wall"));
    let pages: Vec<(String, String)> = ["101.open", "102.paid", "103.draft", "106.about", "107.odd", "108.ahead"]
        .map(|name| (format!("posts/{name}.html"), page(name)))
        .into_iter()
        .chain([("posts/104.wall.html".to_owned(), wall)])
        .collect();
    let mut files: Vec<(&str, &[u8])> = pages.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    files.push(("posts.csv", TABLE.as_bytes()));
    zip(&at.path().join("export.zip"), &files);
    let report = import_json(at.path(), &["export.zip", "posts", "--from-url", "https://letters.example"]);
    let expected = json!({
        "newsletter published, everyone → left out": 1, "page published, everyone → public": 1, "post draft, everyone → draft": 1,
        "post published, everyone → draft": 1, "post published, everyone → private": 1, "post published, everyone → public": 1,
        "post published, founding → private": 1, "post published, only_paid → private": 1,
    });
    assert_eq!(json!(counts(&report)), expected, "{report:#}");
    let open = post(at.path(), "open.md");
    assert!(
        open.starts_with("---\ntitle: \"Open ’ letter\"\nguid: \"https://letters.example/p/open\"\n"),
        "{open}"
    );
    assert!(
        !open.contains("Subscribe") && open.contains("![](https://bucket.example/x.png)"),
        "{open}"
    );
    assert!(open.contains("aliases: [\"/p/open\"]"), "{open}");
    assert_eq!(
        site(at.path())
            .index
            .members(&feedmill::index::Scope::Site)
            .unwrap()
            .in_feeds()
            .iter()
            .count(),
        1
    );
    check(at.path(), &[]);
    assert_eq!(
        import_json(at.path(), &["export.zip", "posts", "--from-url", "https://letters.example"])["written"],
        json!([])
    );
}

const STORY: &str = r#"<!DOCTYPE html><html><body><article class="h-entry"><header><h1 class="p-name">Night boats</h1></header>
<section data-field="subtitle" class="p-summary">What sails at night</section>
<section data-field="body" class="e-content"><section class="section"><div class="section-content"><h3 class="graf graf--title">Night boats</h3>
<p class="graf">The first <strong>word</strong>.</p><pre class="graf">code</pre></div></section></section>
<footer><p>Tagged in <a class="p-tag">Boats</a></p><p>By <a class="p-author h-card">Ada Example</a> on
<time class="dt-published" datetime="2018-08-11T11:23:34.123Z">x</time></p>
<p><a href="https://medium.com/@ada/night-boats-efefef121212" class="p-canonical">Canonical link</a></p></footer></article></body></html>"#;

#[test]
fn medium() {
    let at = folder(&[]);
    let answer = STORY
        .replace("<h3 class=\"graf graf--title\">Night boats</h3>", "")
        .replace("<pre class=\"graf\">code</pre>", "")
        .replace("Night boats</h1>", "The first word.</h1>")
        .replace("night-boats-efefef121212", "the-first-efefef121213");
    zip(
        &at.path().join("medium.zip"),
        &[
            ("README.html", b"<p>x</p>"),
            ("posts/2018-08-11_Night-boats-efefef121212.html", STORY.as_bytes()),
            ("posts/2018-08-12_The-first-efefef121213.html", answer.as_bytes()),
            (
                "posts/draft_Later-efefef121214.html",
                STORY
                    .replace("Night boats", "Later")
                    .replace("efefef121212", "efefef121214")
                    .as_bytes(),
            ),
        ],
    );
    let report = import_json(at.path(), &["medium.zip", "posts"]);
    assert_eq!(
        json!(counts(&report)),
        json!({"comment published → left out": 1, "post draft → draft": 1, "post published → public": 1})
    );
    let expected = r#"---
title: "Night boats"
guid: "https://medium.com/p/efefef121212"
date: 2018-08-11T11:23:34Z
authors: ["Ada Example"]
tags: ["Boats"]
aliases: ["/@ada/night-boats-efefef121212"]
summary: "What sails at night"
---

The first **word**.

```
code
```
"#;
    assert!(
        post(at.path(), "night-boats.md").starts_with(expected),
        "{}",
        post(at.path(), "night-boats.md")
    );
    check(at.path(), &[]);
}

#[test]
fn ghost() {
    let text = |n: u32, status: &str, visibility: &str, html: &str| {
        json!({"id": format!("5a8e13b6cf646d6629d6d{n:03}"), "title": format!("Post {n}"), "slug": format!("post-{n}"), "html": html, "status": status,
            "visibility": visibility, "type": "post", "published_at": "2021-03-24T00:55:47.000Z", "updated_at": "2021-03-25T00:55:47.000Z"})
    };
    let mut posts = vec![
        text(
            1,
            "published",
            "public",
            "<p>See <a href=\"__GHOST_URL__/post-2/\">two</a>.</p><!--kg-card-begin: html--><p>Card</p>",
        ),
        text(2, "published", "members", "<p>Members.</p>"),
        text(3, "published", "paid", "<p>Paid.</p>"),
        text(4, "draft", "public", "<p>Draft.</p>"),
        text(5, "sent", "public", "<p>Mail.</p>"),
        text(6, "scheduled", "public", "<p>Late.</p>"),
        text(
            7,
            "published",
            "public",
            "<!--kg-gated-block:begin nonMember:false memberSegment:\"\" --><p>Gated.</p><!--kg-gated-block:end-->",
        ),
        text(8, "published", "tiers", "<p>Tiers.</p>"),
        text(9, "published", "public", ""),
    ];
    posts[8]["lexical"] = json!("{\"root\":{\"children\":[{\"children\":[{\"text\":\"Only lexical words\"}]}]}}");
    let export = json!({"db": [{"meta": {}, "data": {"posts": posts,
        "tags": [{"id": "t1", "name": "Boats"}, {"id": "t2", "name": "#internal", "visibility": "internal"}],
        "posts_tags": [{"post_id": "5a8e13b6cf646d6629d6d001", "tag_id": "t2", "sort_order": 0}, {"post_id": "5a8e13b6cf646d6629d6d001", "tag_id": "t1", "sort_order": 1}],
        "users": [{"id": "u1", "name": "Ada Example"}], "posts_authors": [{"post_id": "5a8e13b6cf646d6629d6d001", "author_id": "u1"}],
        "settings": [{"key": "title", "value": "Harbour"}]}}]});
    let at = folder(&[("export.json", &export.to_string())]);
    let report = import_json(at.path(), &["export.json", "posts"]);
    let expected = json!({
        "post draft, public → draft": 1, "post published, members → private": 1, "post published, paid → private": 1, "post published, public → private": 1,
        "post published, public → public": 2, "post published, tiers → private": 1, "post scheduled, public → draft": 1, "post sent, public → private": 1,
    });
    assert_eq!(json!(counts(&report)), expected, "{report:#}");
    let first = post(at.path(), "post-1.md");
    assert!(
        first.contains("guid: \"5a8e13b6cf646d6629d6d001\"")
            && first.contains("tags: [\"Boats\"]")
            && first.contains("See [two](post-2.md)."),
        "{first}"
    );
    assert!(post(at.path(), "post-9.md").contains("Only lexical words"));
    assert_eq!(report["title"], "Harbour");
    // the link to a post for members
    check(at.path(), &["link-not-public"]);
}

#[test]
fn micro_blog_brings_its_pictures() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice();
    let feed = json!({"version": "https://jsonfeed.org/version/1", "title": "Ada", "home_page_url": "https://ada.example/", "items": [
        {"id": "https://ada.example/2017/11/24/a.html", "url": "https://ada.example/2017/11/24/a.html", "date_published": "2017-11-24T10:00:00-06:00",
         "content_html": "<p>A note without a title. <img src=\"uploads/2017/boat.png\" alt=\"Boat\"></p>"}]});
    let at = folder(&[]);
    zip(
        &at.path().join("ada.bar"),
        &[
            ("feed.json", feed.to_string().as_bytes()),
            ("index.html", b"<html></html>"),
            ("uploads/2017/boat.png", png),
        ],
    );
    let report = import_json(at.path(), &["ada.bar", "posts", "--media", "fetch"]);
    assert_eq!(
        (&report["format"], &report["media_fetched"]),
        (&json!("micro.blog"), &json!(1)),
        "{report:#}"
    );
    assert_eq!(files_below(&at.path().join("posts")), ["a/boat.png", "a/index.md"]);
    assert!(
        post(at.path(), "a/index.md").contains("A note without a title. ![Boat](boat.png)"),
        "{}",
        post(at.path(), "a/index.md")
    );
    check(at.path(), &[]);
}

#[test]
fn hostile_archives_write_nothing_outside_and_are_bounded() {
    let at = folder(&[]);
    let bomb = vec![b' '; 70 * 1024 * 1024];
    let table = "post_id,post_date,is_published,type,audience,title\n../../evil.x,2022-08-12T12:11:23.230Z,TRUE,newsletter,everyone,Evil\n\
                 1.big,2022-08-12T12:11:23.230Z,TRUE,newsletter,everyone,Big\n";
    zip(
        &at.path().join("bad.zip"),
        &[
            ("posts.csv", table.as_bytes()),
            ("posts/../../evil.x.html", b"<p>Evil</p>"),
            ("../../../escaped.md", b"escaped"),
            ("/etc/escaped.md", b"escaped"),
            ("posts/1.big.html", &bomb),
        ],
    );
    let report = import_json(at.path(), &["bad.zip", "posts"]);
    let why = report["counts"].to_string();
    assert!(why.contains("it has more than 67108864 bytes"), "{why}");
    let below = files_below(at.path());
    assert!(
        below
            .iter()
            .all(|file| file.starts_with("posts/") || file.starts_with("state/") || file == "bad.zip"),
        "{below:?}"
    );
    assert!(below.iter().all(|file| !file.contains("escaped")), "{below:?}");
    // an encrypted file says so: bit 0 of the flags, in both headers
    let plain = at.path().join("plain.zip");
    zip(&plain, &[("posts.csv", b"post_id\n1.a\n"), ("posts/1.a.html", b"<p>A</p>")]);
    let mut bytes = std::fs::read(&plain).unwrap();
    for (mark, offset) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let starts: Vec<usize> = bytes
            .windows(4)
            .enumerate()
            .filter(|(_, window)| window == mark)
            .map(|(at, _)| at)
            .collect();
        for start in starts {
            bytes[start + offset] |= 1;
        }
    }
    std::fs::write(at.path().join("locked.zip"), bytes).unwrap();
    let (status, _, err) = import(at.path(), &["locked.zip", "posts"]);
    assert!(status == 2 && err.contains("posts.csv: it is encrypted"), "{err}");
}
