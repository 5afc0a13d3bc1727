//! The JSON listing over HTTP.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::server::TestSite;

/// The example of the guide: 41 posts, the newest is number 41.
fn forty_one() -> TestSite {
    let files: Vec<(String, String)> = (1..=41)
        .map(|i| {
            let (section, author, language) = if i % 2 == 0 { ("notes/", "Ann Ott", "en") } else { ("", "Bob Bau", "de") };
            let tag = if i % 3 == 0 { "third, all of them" } else { "all of them" };
            let year = if i <= 20 { 2024 } else { 2025 };
            let text = format!(
                "---\ntitle: Post {i}\ndate: {year}-01-01T00:{i:02}:00Z\ntags: {tag}\nauthor: {author}\nlang: {language}\nsummary: Number {i}.\n---\nText.\n"
            );
            (format!("{section}post-{i}.md"), text)
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    TestSite::start(&files, "[site]\nbase_url = 'https://example.com'")
}

fn titles(listing: &Value) -> Vec<&str> {
    listing["posts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|post| post["title"].as_str().unwrap())
        .collect()
}

#[test]
fn forty_one_posts_at_eight_a_page_are_six_pages() {
    let site = forty_one();
    let fifth = site.get("/api/posts?page=5&per_page=8");
    assert_eq!((fifth.status, fifth.header("content-type")), (200, "application/json"));
    let listing = fifth.json();
    assert_eq!(
        (&listing["page"], &listing["pages"], &listing["per_page"], &listing["total"]),
        (&5.into(), &6.into(), &8.into(), &41.into())
    );
    let expected: Vec<String> = (2..=9).rev().map(|i| format!("Post {i}")).collect();
    assert_eq!(titles(&listing), expected);
    assert_eq!(listing["next"], "https://example.com/api/posts?page=6&per_page=8");
    assert_eq!(listing["prev"], "https://example.com/api/posts?page=4&per_page=8");
    assert_eq!(listing["first"], "https://example.com/api/posts?page=1&per_page=8");
    assert_eq!(listing["last"], "https://example.com/api/posts?page=6&per_page=8");
    for relation in ["first", "prev", "next", "last"] {
        let link = format!("<{}>; rel=\"{relation}\"", listing[relation].as_str().unwrap());
        assert!(
            fifth.header("link").contains(&link),
            "{link} is not in {}",
            fifth.header("link")
        );
    }
    let last = site.get("/api/posts?page=6").json();
    assert_eq!(titles(&last), ["Post 1"]);
    assert_eq!(last["next"], Value::Null);
}

#[test]
fn a_post_in_the_listing_has_all_documented_fields() {
    let site = forty_one();
    let post = site.get("/api/posts").json()["posts"][1].clone();
    assert_eq!(post["id"], "tag:example.com,2025-01-01:post-40");
    assert_eq!(post["slug"], "post-40");
    assert_eq!(post["url"], "https://example.com/posts/post-40");
    assert_eq!(post["summary"], "Number 40.");
    assert_eq!(post["date_published"], "2025-01-01T00:40:00Z");
    assert_eq!(post["date_modified"], "2025-01-01T00:40:00Z");
    assert_eq!(post["tags"], serde_json::json!(["all of them"]));
    assert_eq!(post["authors"], serde_json::json!([{ "name": "Ann Ott" }]));
    assert_eq!((&post["section"], &post["language"]), (&"notes".into(), &"en".into()));
}

#[test]
fn walking_the_pages_gives_each_post_exactly_once() {
    let site = forty_one();
    for per_page in [1, 7, 8, 40, 41, 200] {
        let mut seen = BTreeSet::new();
        let mut next = Some(format!("/api/posts?per_page={per_page}"));
        while let Some(path) = next {
            let listing = site.get(&path).json();
            for post in listing["posts"].as_array().unwrap() {
                assert!(
                    seen.insert(post["id"].as_str().unwrap().to_owned()),
                    "{} comes twice",
                    post["id"]
                );
            }
            next = listing["next"]
                .as_str()
                .map(|url| url.trim_start_matches("https://example.com").to_owned());
        }
        assert_eq!(seen.len(), 41, "{per_page} a page");
    }
}

#[test]
fn filters() {
    let site = forty_one();
    let cases = [
        ("tag=third", 13),
        ("tag=THIRD", 13),
        ("tag=all%20of%20them", 41),
        ("author=ann%20ott", 20),
        ("section=notes", 20),
        ("lang=de", 21),
        ("year=2024", 20),
        ("year=2024&tag=third&lang=de", 3),
        ("tag=none", 0),
        ("year=1999", 0),
    ];
    for (query, expected) in cases {
        let listing = site.get(&format!("/api/posts?{query}&per_page=200")).json();
        assert_eq!(listing["total"], expected, "{query}");
        assert_eq!(titles(&listing).len(), expected, "{query}");
    }
    let linked = site.get("/api/posts?tag=all%20of%20them&page=2").json();
    assert_eq!(
        linked["next"], "https://example.com/api/posts?page=3&per_page=8&tag=all+of+them",
        "links keep the filter"
    );
}

#[test]
fn past_the_end_is_empty_and_leads_back() {
    let site = forty_one();
    let past = site.get("/api/posts?page=7");
    assert_eq!(past.status, 200);
    let past = past.json();
    assert_eq!(titles(&past).len(), 0);
    assert_eq!(
        (&past["total"], &past["pages"], &past["next"]),
        (&41.into(), &6.into(), &Value::Null)
    );
    assert_eq!(past["prev"], "https://example.com/api/posts?page=6&per_page=8");
    let empty = TestSite::start(&[], "").get("/api/posts").json();
    assert_eq!(
        (&empty["total"], &empty["pages"], &empty["next"]),
        (&0.into(), &0.into(), &Value::Null)
    );
}

#[test]
fn an_invalid_query_is_explained() {
    let site = forty_one();
    for (query, detail) in [
        ("page=0", "`page` is a number from 1 on"),
        ("page=x", "`page` is a number from 1 on"),
        ("per_page=201", "`per_page` is a number from 1 to 200"),
        (
            "tga=x",
            "there are page, after, since, per_page, tag, author, section, lang, year, q, include",
        ),
    ] {
        let answer = site.get(&format!("/api/posts?{query}"));
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (400, "application/problem+json"),
            "{query}"
        );
        assert!(
            answer.json()["detail"].as_str().unwrap().contains(detail),
            "{query}: {}",
            answer.body
        );
    }
}

#[test]
fn an_unchanged_page_gets_a_304_and_only_get_and_head_are_allowed() {
    let site = forty_one();
    for path in ["/api/posts", "/rss.xml", "/tags/third/atom.xml", "/posts/post-1", "/"] {
        let answer = site.get(path);
        let etag = answer.header("etag");
        assert!(answer.status == 200 && etag.starts_with('"'), "{path}: {answer:?}");
        let again = site.get_with(path, &[("if-none-match", &format!("W/{etag}"))]);
        assert_eq!(
            (again.status, again.header("etag"), again.body.as_str()),
            (304, etag, ""),
            "{path}"
        );
        let head = site.request("HEAD", path, &[]);
        assert_eq!(
            (head.status, head.header("content-length")),
            (200, answer.body.len().to_string().as_str()),
            "{path}"
        );
        let post = site.request("DELETE", path, &[]);
        assert_eq!((post.status, post.header("allow")), (405, "GET, HEAD, OPTIONS"), "{path}");
    }
    assert_eq!(site.get("/nothing/here").status, 404);
    assert_eq!(site.get("/tags/none/rss.xml").status, 404);
    assert_eq!(site.get("/archive/9/rss.xml").status, 404);
}
