//! The listing as an API: cursors, copies and search.

mod description;

use serde_json::{Value, json};

use self::description::Description;
use crate::server::{Answer, TestSite};

const BASE: &str = "https://example.com";

fn site(files: &[(&str, &str)]) -> TestSite {
    TestSite::start(
        files,
        "[site]\nbase_url = 'https://example.com'\n[feed]\nlimit = 2\n[list]\nper_page = 2\n",
    )
}

fn garden() -> TestSite {
    site(&[
        (
            "shore/kelp.md",
            "---\ntitle: Kelp\ndate: 2026-01-01\nupdated: 2026-03-01\ntags: [Sea, Green]\nauthor: Ann Ott\nimage: kelp.png\nmood: calm\n---\nKelp *grows* in [cold water](deep).\n",
        ),
        (
            "dulse.md",
            "---\ntitle: Dulse\ndate: 2026-01-02\ntags: Sea\nlang: en-IE\nauthor: Bob Bau\nlink: https://elsewhere.example/\n---\nRed, and good with bread.\n",
        ),
        (
            "nori.md",
            "---\ntitle: Nori\ndate: 2026-01-03\ntags: c++\nauthor: Ann Ott\n---\n海苔は海のもの。 Émile likes it.\n",
        ),
        ("shore/kelp.png", "no real picture"),
        ("later.md", "---\ntitle: Later\ndate: 2999-01-01\n---\nNot yet: xyzzy.\n"),
        ("draft.md", "---\ntitle: Draft\ndraft: true\n---\nNot ever: xyzzy.\n"),
        (
            "unlisted.md",
            "---\ntitle: Hidden\ndate: 2026-01-01\nunlisted: true\n---\nFor few: xyzzy.\n",
        ),
    ])
}

fn slugs(answer: &Answer) -> Vec<String> {
    let listing = answer.json();
    assert_eq!(answer.status, 200, "{}", answer.body);
    listing["posts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|post| post["slug"].as_str().unwrap().to_owned())
        .collect()
}

fn path(url: &Value) -> Option<String> {
    url.as_str().map(|url| url.strip_prefix(BASE).unwrap().to_owned())
}

fn cursor(answer: &Answer) -> String {
    answer.json()["cursor"].as_str().unwrap().to_owned()
}

#[test]
fn a_client_with_a_cursor_gets_each_post_once_while_others_are_added_and_removed() {
    let text = |day: usize| format!("---\ndate: 2026-01-{day:02}\n---\n");
    let files: Vec<(String, String)> = (10..=20).map(|day| (format!("p{day}.md"), text(day))).collect();
    let site = site(
        &files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect::<Vec<_>>(),
    );
    let first = site.get("/api/posts");
    let mut seen = slugs(&first);
    assert_eq!(seen, ["p20", "p19"]);
    // a newer post is added, and the one that the cursor names is removed
    site.write("p21.md", &text(21));
    std::fs::remove_file(site.path().join("p19.md")).unwrap();
    site.wait_for("/api/posts?per_page=200", |answer| {
        !answer.body.contains("p19") && answer.body.contains("p21")
    });
    let mut next = Some(format!("/api/posts?after={}", cursor(&first)));
    while let Some(path_) = next {
        let answer = site.get(&path_);
        let listing = answer.json();
        assert_eq!(
            (&listing["page"], &listing["prev"], &listing["last"]),
            (&Value::Null, &Value::Null, &Value::Null)
        );
        assert_eq!(path(&listing["first"]).as_deref(), Some("/api/posts?page=1&per_page=2"));
        seen.extend(slugs(&answer));
        next = path(&listing["next"]);
        let linked = answer.header("link").contains("rel=\"next\"");
        assert_eq!(linked, next.is_some(), "the header says what the body says");
        assert!(
            next.as_deref().is_none_or(|next| next.starts_with("/api/posts?after=")),
            "{next:?}"
        );
    }
    let expected: Vec<String> = (10..=20).rev().map(|day| format!("p{day}")).collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_cursor_is_valid_after_a_restart_and_only_for_its_filter() {
    let other = garden();
    let sea = other.get("/api/posts?tag=sea&per_page=1");
    let after = cursor(&sea);
    drop(other);
    let site = garden();
    assert_eq!(
        slugs(&site.get(&format!("/api/posts?tag=SEA&per_page=1&after={after}"))),
        ["kelp"]
    );
    let since = cursor(&site.get("/api/posts?since=2026-01-01T00:00:00Z"));
    let made_up = after.replace(&after[..2], "zz");
    let long = "A".repeat(5000);
    for (query, status, detail) in [
        (format!("after={after}"), 400, "another query"),
        (format!("tag=green&after={after}"), 400, "another query"),
        (format!("tag=sea&since={after}"), 400, "another query"),
        (format!("after={since}"), 400, "another query"),
        (format!("tag=sea&after={made_up}"), 400, "`after` is the `cursor`"),
        (format!("tag=sea&after={after}&page=1"), 400, "only one of"),
        (format!("after={long}"), 414, "4096"),
    ] {
        let answer = site.get(&format!("/api/posts?{query}"));
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, "application/problem+json"),
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
fn a_client_with_a_copy_gets_every_dated_change_once() {
    let site = garden();
    let mut copy = Vec::new();
    let mut next = Some("/api/posts?since=0001-01-01T00:00:00Z".to_owned());
    let mut at = String::new();
    while let Some(path_) = next {
        let answer = site.get(&path_);
        copy.extend(slugs(&answer));
        at = cursor(&answer);
        next = path(&answer.json()["next"]);
    }
    assert_eq!(copy, ["dulse", "nori", "kelp"], "oldest change first");
    let again = format!("/api/posts?since={at}");
    let nothing = site.get(&again);
    assert_eq!((slugs(&nothing).len(), cursor(&nothing)), (0, at.clone()));
    assert_eq!(nothing.json()["total"], 0);
    site.write(
        "dulse.md",
        "---\ntitle: Dulse\ndate: 2026-01-02\nupdated: 2026-04-01\n---\nChanged.\n",
    );
    let changed = site.wait_for(&again, |answer| answer.body.contains("dulse"));
    assert_eq!(slugs(&changed), ["dulse"]);
    // the change is dated now, whatever date its author wrote
    for (instant, expected) in [
        ("2026-03-01T00:00:00Z", "kelp dulse"),
        ("2026-03-01T02:00:00%2B02:00", "kelp dulse"),
        ("2026-03-01T00:00:01Z", "dulse"),
        ("2026-04-02T00:00:00Z", "dulse"),
        ("2999-01-01T00:00:00Z", ""),
    ] {
        assert_eq!(
            slugs(&site.get(&format!("/api/posts?since={instant}"))).join(" "),
            expected,
            "{instant}"
        );
    }
}

#[test]
fn the_whole_text_is_in_the_listing_and_in_one_post() {
    let site = garden();
    let listing = site.get("/api/posts?include=content&page=2").json();
    let kelp = &listing["posts"][0];
    let html = kelp["content_html"].as_str().unwrap();
    assert!(
        html.contains("<em>grows</em>") && html.contains("href=\"https://example.com/posts/deep\""),
        "{html}"
    );
    assert_eq!(
        kelp["content_markdown"].as_str().unwrap().trim(),
        "Kelp *grows* in [cold water](deep)."
    );
    assert!(path(&listing["prev"]).unwrap().ends_with("&include=content"), "links keep it");
    assert_eq!(site.get("/api/posts").json()["posts"][0].get("content_html"), None);

    let one = site.get("/api/posts/kelp").json();
    for (name, value) in kelp.as_object().unwrap() {
        assert_eq!(&one[name], value, "{name}");
    }
    let neighbours = |slug: &str| {
        let post = site.get(&format!("/api/posts/{slug}")).json();
        (post["newer"].clone(), post["older"].clone())
    };
    assert_eq!(neighbours("kelp"), (json!("dulse"), Value::Null));
    assert_eq!(neighbours("dulse"), (json!("nori"), json!("kelp")));
    assert_eq!(neighbours("nori"), (Value::Null, json!("dulse")));
    for slug in ["none", "draft", "later", "unlisted", "hidden", "..%2Fkelp"] {
        assert_eq!(site.get(&format!("/api/posts/{slug}")).status, 404, "{slug}");
    }
}

#[test]
fn tags_authors_and_sections_by_their_number_of_posts() {
    let site = garden();
    let named = |kind: &str| -> Vec<String> {
        let all = site.get(&format!("/api/{kind}")).json();
        let line = |one: &Value| {
            format!(
                "{} {} {}",
                one["name"].as_str().unwrap(),
                one["key"].as_str().unwrap(),
                one["count"]
            )
        };
        all[kind].as_array().unwrap().iter().map(line).collect()
    };
    assert_eq!(named("tags"), ["Sea sea 2", "Green green 1", "c++ c++ 1"]);
    assert_eq!(named("authors"), ["Ann Ott ann-ott 2", "Bob Bau bob-bau 1"]);
    assert_eq!(named("sections"), ["shore shore 1"]);
    for kind in ["tags", "authors", "sections"] {
        for scope in site.get(&format!("/api/{kind}")).json()[kind].as_array().unwrap() {
            let feeds = scope["feeds"].as_object().unwrap().values();
            for url in feeds.chain([&scope["url"]]) {
                assert_eq!(site.get(&path(url).unwrap()).status, 200, "{url}");
            }
        }
    }
    assert_eq!(self::site(&[]).get("/api/tags").json(), json!({"tags": []}));
}

#[test]
fn search() {
    let site = garden();
    for (query, expected) in [
        ("kelp", "kelp"),
        ("GOOD%20bread", "dulse"),
        ("gro", "kelp"),
        ("%22cold+water%22", "kelp"),
        ("%22water+cold%22", ""),
        ("emile", "nori"),
        ("%E6%B5%B7", "nori"),
        ("c%2B%2B", "nori"),
        ("sea", "dulse kelp"),
        ("sea&lang=en-IE", "dulse"),
        ("sea&author=ann+ott&year=2026", "kelp"),
        ("sea&tag=c%2B%2B", ""),
        ("xyzzy", ""),
    ] {
        assert_eq!(
            slugs(&site.get(&format!("/api/posts?q={query}"))).join(" "),
            expected,
            "{query}"
        );
    }
    let second = site.get("/api/posts?q=sea&page=2&per_page=1");
    assert_eq!(slugs(&second), ["kelp"]);
    let second = second.json();
    assert_eq!(
        (&second["pages"], &second["total"], &second["cursor"]),
        (&json!(2), &json!(2), &Value::Null)
    );
    assert_eq!(path(&second["first"]).as_deref(), Some("/api/posts?page=1&per_page=1&q=sea"));
    // a new post is found, and a removed one is not
    site.write("new.md", "---\ntitle: New\ndate: 2026-02-01\n---\nplugh\n");
    site.wait_for("/api/posts?q=plugh", |answer| answer.json()["total"] == 1);
    site.write("new.md", "---\ntitle: New\ndate: 2026-02-01\n---\nanother\n");
    site.wait_for("/api/posts?q=plugh", |answer| answer.json()["total"] == 0);
    for (query, detail) in [
        (format!("q={}", "x".repeat(201)), "at most 200 characters"),
        ("q=1+2+3+4+5+6+7+8+9".to_owned(), "at most 8 words"),
        ("q=%22%22".to_owned(), "needs a word"),
        ("q=sea&since=2026-01-01T00:00:00Z".to_owned(), "goes with `page` alone"),
    ] {
        let answer = site.get(&format!("/api/posts?{query}"));
        assert_eq!(answer.status, 400, "{query}");
        assert!(
            answer.json()["detail"].as_str().unwrap().contains(detail),
            "{query}: {}",
            answer.body
        );
    }
}

#[test]
fn a_client_with_a_copy_gets_withdrawn_posts_and_the_start_of_that_list() {
    let site = garden();
    let since = site.get("/api/posts?since=2026-01-01T00:00:00Z");
    let from = since.json()["deleted_from"].as_str().unwrap().to_owned();
    assert_eq!(since.json()["deleted"], json!([]));
    assert!(
        site.get("/api/posts").json().get("deleted").is_none(),
        "only requests for changes get it"
    );
    let last = cursor(&site.get("/api/posts?since=2026-01-01T00:00:00Z&per_page=200"));

    std::fs::remove_file(site.path().join("dulse.md")).unwrap();
    site.write("nori.md", "---\ntitle: Nori\ndate: 2026-01-03\ndraft: true\n---\n");
    site.wait_for("/api/posts?per_page=200", |answer| answer.json()["total"] == 1);
    let gone = |query: &str| -> Vec<String> {
        let listing = site.get(&format!("/api/posts?{query}")).json();
        assert_eq!(listing["deleted_from"], from.as_str(), "{query}");
        let mut ids: Vec<String> = listing["deleted"]
            .as_array()
            .unwrap()
            .iter()
            .map(|post| post["id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    };
    let (dulse, nori) = (
        "tag:example.com,2026-01-02:dulse".to_owned(),
        "tag:example.com,2026-01-03:nori".to_owned(),
    );
    assert_eq!(gone("since=2026-01-01T00:00:00Z"), [dulse.clone(), nori.clone()]);
    assert_eq!(gone(&format!("since={last}")), [dulse.clone(), nori.clone()]);
    assert_eq!(gone("since=2026-01-01T00:00:00Z&tag=sea"), std::slice::from_ref(&dulse));
    assert_eq!(gone("since=2999-01-01T00:00:00Z"), Vec::<String>::new());
    // a post that comes back is no longer among them
    site.write("nori.md", "---\ntitle: Nori\ndate: 2026-01-03\n---\n");
    site.wait_for("/api/posts?per_page=200", |answer| answer.json()["total"] == 2);
    assert_eq!(gone("since=2026-01-01T00:00:00Z"), [dulse]);
    Description::of(&site).check(
        "/api/posts",
        "/api/posts?since=2026-01-01T00:00:00Z",
        &site.get("/api/posts?since=2026-01-01T00:00:00Z"),
    );
}

#[test]
fn an_old_slug_redirects_to_the_post_or_answers_that_it_was_withdrawn() {
    let config = "[site]\nbase_url = 'https://example.com/blog'\n[watch]\ndelete_grace = 0.1\n";
    let files = [
        ("a.md", "---\ntitle: A\ndate: 2026-01-01\nslug: erste-höhe\n---\nText.\n"),
        ("b.md", "---\ntitle: B\ndate: 2026-01-02\n---\nText.\n"),
        (
            "c.md",
            "---\ntitle: C\ndate: 2026-01-03\nurl: /elsewhere/see.html\n---\nText.\n",
        ),
        ("never.md", "---\ntitle: N\ndraft: true\nslug: never\n---\nText.\n"),
    ];
    let site = TestSite::start(&files, config);
    for slug in ["erste-h%C3%B6he", "b", "see"] {
        assert_eq!(site.get(&format!("/api/posts/{slug}")).status, 200, "{slug}");
    }
    site.write("a.md", "---\ntitle: A\ndate: 2026-01-01\nslug: zweite-höhe\n---\nText.\n");
    let moved = site.wait_for("/api/posts/erste-h%C3%B6he", |answer| answer.status != 200);
    let there = "https://example.com/blog/api/posts/zweite-h%C3%B6he";
    assert_eq!((moved.status, moved.header("location")), (301, there));
    let asked = site.get("/api/posts/erste-h%C3%B6he?x=1&y=a%20b");
    assert_eq!(asked.header("location"), format!("{there}?x=1&y=a%20b"));
    assert_eq!(site.get("/api/posts/zweite-h%C3%B6he").json()["title"], "A");
    // several renames are one redirect
    site.write("a.md", "---\ntitle: A\ndate: 2026-01-01\nslug: third\n---\nText.\n");
    site.wait_for("/api/posts/third", |answer| answer.status == 200);
    for old in ["erste-h%C3%B6he", "zweite-h%C3%B6he", "zweite-h%C3%B6he/"] {
        let moved = site.get(&format!("/api/posts/{old}"));
        assert_eq!(
            (moved.status, moved.header("location")),
            (301, "https://example.com/blog/api/posts/third"),
            "{old}"
        );
    }
    // deleted, or made a draft: both are gone, at their own slug and at the older ones
    std::fs::remove_file(site.path().join("b.md")).unwrap();
    std::fs::remove_file(site.path().join("c.md")).unwrap();
    site.write(
        "a.md",
        "---\ntitle: A\ndate: 2026-01-01\nslug: third\ndraft: true\n---\nText.\n",
    );
    for gone in ["b", "see", "third", "zweite-h%C3%B6he"] {
        let gone = site.wait_for(&format!("/api/posts/{gone}"), |answer| answer.status == 410);
        assert_eq!(gone.header("content-type"), "application/problem+json");
    }
    for unknown in ["never", "nothing", "posts", "c", "see.html", ""] {
        assert_eq!(
            site.get(&format!("/api/posts/{unknown}?")).status,
            if unknown.is_empty() { 301 } else { 404 },
            "{unknown}"
        );
    }
    // another post has the slug now
    site.write("d.md", "---\ntitle: D\ndate: 2026-01-04\nslug: b\n---\nText.\n");
    site.wait_for("/api/posts/b", |answer| answer.status == 200 && answer.json()["title"] == "D");
}

#[test]
fn a_post_that_was_taken_back_is_gone_without_its_title() {
    const CONFIG: &str = "[watch]\ndelete_grace = 0.1\n";
    let cases = [
        ("draft", "draft: true"),
        ("private", "visibility: private"),
        ("unpublished", "published: false"),
        ("expired", "expiryDate: 2026-01-03"),
        ("scheduled", "publishDate: 2999-01-01"),
    ];
    for (name, more) in cases {
        let post = |more: &str| format!("---\ntitle: Kelpie\ndate: 2026-01-02\nslug: a\ntags: [sea]\n{more}\n---\nWrackword.\n");
        let site = TestSite::start(
            &[("a.md", &post("")), ("b.md", "---\ntitle: B\ndate: 2026-01-01\n---\n")],
            CONFIG,
        );
        let start = site.get("/api/posts?since=2020-01-01T00:00:00Z").json();
        assert_eq!(start["total"], 2, "{name}");
        site.write("a.md", &post(more));
        let gone = site.wait_for("/posts/a", |answer| answer.status != 200);
        assert_eq!(gone.status, 410, "{name}");
        let paths = [
            "/posts/a",
            "/posts/a.md",
            "/api/posts/a",
            "/api/posts?since=2020-01-01T00:00:00Z",
            "/api/posts?q=kelpie",
            "/api/posts?include=content",
            "/api/tags",
            "/atom.xml",
            "/rss.xml",
            "/feed.json",
            "/sitemap.xml",
            "/feeds.opml",
            "/",
            "/years/2026",
            "/search?q=wrackword",
            "/nothing",
        ];
        for path in paths {
            for accept in ["*/*", "text/html", "application/problem+json"] {
                let answer = site.get_with(path, &[("accept", accept)]);
                let body = answer.body.replace("q=kelpie", "").replace("wrackword", "");
                assert!(
                    !body.contains("Kelpie") && !body.contains("Wrackword"),
                    "{name} {path} {accept}: {body}"
                );
                if path.ends_with("/a") || path.ends_with("/a.md") {
                    assert_eq!(answer.status, 410, "{name} {path} {accept}");
                }
            }
        }
        let deleted = site.get("/api/posts?since=2020-01-01T00:00:00Z").json();
        let deleted = deleted["deleted"].as_array().unwrap();
        assert_eq!(deleted.len(), 1, "{name}: {deleted:?}");
        let keys: Vec<&str> = deleted[0].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["id", "url", "date_deleted"], "{name}");
        let tombstone = site.get("/atom.xml").body;
        assert!(tombstone.contains("<at:deleted-entry ref="), "{name}: {tombstone}");
    }
}

#[test]
fn searches_have_their_own_limit() {
    let files = [("a.md", "---\ntitle: Sea\ndate: 2026-01-01\ntags: [sea]\n---\nThe sea.\n")];
    let site = TestSite::start(&files, "");
    let searches = ["/api/posts?q=sea", "/search?q=sea"];
    let pages = ["/", "/tags/sea", "/api/posts?tag=sea", "/search", "/rss.xml"];
    let all = u32::try_from(site.context().searches.available_permits()).unwrap();
    let held = site.context().searches.try_acquire_many(all).unwrap();
    for path in searches {
        let busy = site.get(path);
        assert_eq!((busy.status, busy.header("retry-after")), (503, "1"), "{path}: {busy:?}");
        assert!(busy.body.contains("try again in a second"), "{path}: {}", busy.body);
    }
    for path in pages {
        assert_eq!(site.get(path).status, 200, "{path}");
    }
    drop(held);
    // slow pages do not delay a search
    let all = u32::try_from(site.context().render_pool.available_permits()).unwrap();
    let held = site.context().render_pool.try_acquire_many(all).unwrap();
    for path in searches {
        assert_eq!(site.get(path).status, 200, "{path}");
    }
    drop(held);
}

#[test]
fn a_held_post_is_in_no_answer_and_in_the_status() {
    use std::sync::Arc;

    use feedmill::config::Config;
    use feedmill::http::admin::{ServerStatus, WatchStatus};
    use feedmill::post::{self, Changes};
    use feedmill::site::{Site, SiteInput};
    use feedmill::source_file::SourceFile;
    use feedmill::time::Timestamp;

    let config = Arc::new(Config::default());
    let now: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
    let read = |path: &str, text: &str| {
        let file = SourceFile {
            path: path.into(),
            bytes: text.as_bytes().into(),
            modified: now,
        };
        post::read(&file, &config).unwrap().post
    };
    let mut held = read(
        "a.md",
        "---\ntitle: Kelpie\ndate: 2026-01-02\ntags: [sea, kelpies]\nauthor: Ann Kelpie\naliases: [/old]\n---\nKelpie.\n",
    );
    let open = read("b.md", "---\ntitle: Open\ndate: 2026-01-01\ntags: [sea]\n---\n[x](a.md)\n");
    let build = |held: &feedmill::post::Post| {
        let input = SiteInput {
            changes: Changes::all(vec![Arc::new(held.clone()), Arc::new(open.clone())]),
            ..SiteInput::default()
        };
        Site::build(&config, input, now, None)
    };
    let paths = [
        "/posts/a",
        "/posts/a.md",
        "/old",
        "/api/posts/a",
        "/tags/kelpies",
        "/tags/kelpies/rss.xml",
        "/authors/ann-kelpie",
        "/api/posts",
        "/api/tags",
        "/api/authors",
        "/rss.xml",
        "/atom.xml",
        "/feed.json",
        "/tags/sea/atom.xml",
        "/",
        "/tags",
        "/years/2026",
        "/sitemap.xml",
        "/feeds.opml",
        "/posts/b",
    ];
    let response = |site: &Site, path: &str| {
        let answer = crate::server::ask(site, path, "");
        let body = String::from_utf8(answer.body().to_vec()).unwrap();
        (answer.status().as_u16(), body.to_lowercase().contains("kelpie"))
    };
    let shown = build(&held);
    held.is_held = true;
    let site = build(&held);
    for (n, path) in paths.into_iter().enumerate() {
        let (status, has_word) = response(&site, path);
        assert!(!has_word, "{path}");
        assert_eq!(status, if n < 7 { 404 } else { 200 }, "{path}");
        assert_ne!(response(&shown, path).0, 404, "{path}: this would prove nothing");
    }
    for query in ["q=kelpie", "since=2000-01-01T00:00:00Z", "include=content"] {
        let answer = crate::server::ask(&site, "/api/posts", query);
        assert!(
            !String::from_utf8(answer.body().to_vec()).unwrap().contains("Kelpie"),
            "{query}"
        );
    }
    let status = ServerStatus::new(&site, WatchStatus::default(), std::time::Duration::ZERO, now).json();
    assert_eq!((&status["posts"]["held"], &status["posts"]["public"]), (&1.into(), &1.into()));
    assert_eq!(status["held_back"][0]["path"], "a.md");
    assert!(status["held_back"][0]["why"].as_str().unwrap().contains("held back"));
}
