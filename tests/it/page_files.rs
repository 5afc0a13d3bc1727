//! Pages that are not posts: they have an address, are searched and in the site map, and are in no feed and no list.

use std::fs;

use crate::server::TestSite;
use crate::still::{TestFolder, codes, get, listed};

const CONFIG: &str = "[site]\nbase_url = 'https://example.com'\n";
const POST: &str = "---\ntitle: Tides\ndate: 2026-01-02\ntags: [sea]\n---\nHigh water. [About](about.md)\n";
const ABOUT: &str =
    "---\ntitle: About me\ndate: 2026-01-03\ntags: [sea]\nauthor: Ada\n---\nI live by the zwieback harbour. [Tides](tides.md)\n";

/// The addresses of all lists and feeds of a site with the posts above.
const LISTS: [&str; 14] = [
    "/",
    "/rss.xml",
    "/atom.xml",
    "/feed.json",
    "/api/posts?include=content",
    "/api/posts?q=zwieback",
    "/api/tags",
    "/api/authors",
    "/tags",
    "/tags/sea",
    "/tags/sea/feed.json",
    "/years/2026",
    "/feeds.opml",
    "/posts/tides",
];

#[test]
fn a_page_has_an_address_and_is_in_no_list() {
    let site = TestSite::start(&[("tides.md", POST), ("about.md", ABOUT)], CONFIG);
    let page = site.get_with("/about", &[("Accept", "text/html")]);
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("<h1>About me</h1>") && page.body.contains("zwieback harbour"),
        "{}",
        page.body
    );
    assert!(page.body.contains(r#"href="/posts/tides""#), "its links lead to posts");
    for absent in [
        "3 January 2026",
        "min read",
        "Older",
        "Newer",
        "Related",
        "article:published_time",
        "BlogPosting",
    ] {
        assert!(!page.body.contains(absent), "{absent}");
    }
    assert_eq!(page.header("x-robots-tag"), "", "search engines may have it");
    for path in LISTS {
        let body = site.get(path).body;
        assert!(
            !body.contains("zwieback") && !body.contains("About me") && !body.contains("Ada"),
            "{path}: {body}"
        );
    }
    for path in ["/api/posts/about", "/authors/ada", "/posts/about", "/authors/ada/rss.xml"] {
        assert_eq!(site.get(path).status, 404, "{path}");
    }
    assert_eq!(site.get("/api/posts").json()["total"], 1);
    assert!(
        site.get("/posts/tides").body.contains(r#"href="/about""#),
        "a post may link to it"
    );
    assert!(site.get("/sitemap.xml").body.contains("<loc>https://example.com/about</loc>"));
    let found = site.get("/search?q=zwieback").body;
    assert!(
        found.contains(r#"<a href="/about">About me</a>"#) && !found.contains("3 January"),
        "{found}"
    );
    assert_eq!(
        site.get("/about.md").body,
        "I live by the zwieback harbour. [Tides](tides.md)\n"
    );
    assert_eq!(site.get("/about/").status, 301);
    let at_once = site.get_with("/about", &[("If-None-Match", page.header("etag"))]);
    assert_eq!(at_once.status, 304);
}

#[test]
fn a_change_of_a_page_shows_at_once_and_its_old_addresses_lead_to_it() {
    let post = POST.replace("[About](about.md)", "");
    let site = TestSite::start(&[("tides.md", &post), ("about.md", ABOUT)], CONFIG);
    let feed = site.get("/rss.xml").header("etag").to_owned();
    site.write("about.md", &ABOUT.replace("harbour", "lighthouse"));
    site.wait_for("/about", |page| page.body.contains("zwieback lighthouse"));
    site.write("about.md", &ABOUT.replace("author: Ada", "slug: who"));
    let moved = site.wait_for("/about", |page| page.status == 301);
    assert_eq!(moved.header("location"), "https://example.com/who");
    assert_eq!(site.get("/about?from=x").header("location"), "https://example.com/who?from=x");
    site.write("about.md", &ABOUT.replace("author: Ada", "draft: true"));
    site.wait_for("/who", |page| page.status == 410);
    assert!(!site.get("/sitemap.xml").body.contains("/who"));
    site.write("about.md", ABOUT);
    site.wait_for("/about", |page| page.status == 200);
    fs::remove_file(site.path().join("about.md")).unwrap();
    site.wait_for("/about", |page| page.status == 410);
    assert_eq!(site.get("/about.md").status, 410);
    assert_eq!(site.get("/rss.xml").header("etag"), feed, "no feed was touched");
    assert!(
        !site.get("/atom.xml").body.contains("deleted-entry"),
        "readers of feeds never had it"
    );
}

#[test]
fn a_file_becomes_a_page_and_a_post_again() {
    let other = "---\ntitle: Kelp\ndate: 2026-01-03\n---\nGreen kelp.\n";
    let site = TestSite::start(&[("tides.md", POST), ("kelp.md", other)], CONFIG);
    let id = site.get("/api/posts/kelp").json()["id"].clone();
    // by an edit
    site.write("kelp.md", &other.replace("title", "type: page\ntitle"));
    site.wait_for("/kelp", |page| page.status == 200);
    assert_eq!(site.get("/posts/kelp").header("location"), "https://example.com/kelp");
    assert!(!site.get("/feed.json").body.contains("Green kelp"));
    assert!(site.get("/atom.xml").body.contains("deleted-entry"), "it left the feeds");
    // and back
    site.write("kelp.md", other);
    site.wait_for("/posts/kelp", |page| page.status == 200);
    assert_eq!(site.get("/kelp").header("location"), "https://example.com/posts/kelp");
    assert_eq!(site.get("/api/posts/kelp").json()["id"], id, "its id stays");
    // by a move into the folder of pages, and back
    fs::create_dir(site.path().join("pages")).unwrap();
    fs::rename(site.path().join("kelp.md"), site.path().join("pages/kelp.md")).unwrap();
    site.wait_for("/kelp", |page| page.status == 200);
    assert!(!site.get("/feed.json").body.contains("Green kelp"));
    fs::rename(site.path().join("pages/kelp.md"), site.path().join("kelp.md")).unwrap();
    site.wait_for("/posts/kelp", |page| page.status == 200);
    assert_eq!(site.get("/api/posts/kelp").json()["id"], id);
    assert!(site.get("/feed.json").body.contains("Green kelp"));
}

#[test]
fn what_is_held_back_of_a_page_is_nowhere() {
    let draft = "---\ntype: page\ntitle: Zwieback\ndraft: true\nslug: secret\n---\nZwieback.\n";
    let held = "---\ntype: page\ntitle: Zwieback\ndate: TBD\nslug: secret\n---\nZwieback.\n";
    for text in [draft, held] {
        let site = TestSite::start(&[("tides.md", POST), ("a.md", text)], CONFIG);
        for path in LISTS
            .into_iter()
            .chain(["/search?q=zwieback", "/sitemap.xml", "/secret", "/secret.md", "/nowhere"])
        {
            let body = site.get(path).body;
            assert!(
                !body.contains("Zwieback") && !body.contains("<loc>https://example.com/secret"),
                "{path}: {body}"
            );
        }
        assert_eq!(site.get("/secret").status, 404);
    }
}

#[test]
fn the_text_of_the_answer_where_there_is_nothing() {
    let own = "---\ntitle: Lost at sea\n---\nTry the [tides](tides.md).\n";
    let html = [("Accept", "text/html")];
    for (path, text) in [
        ("404.md", own.to_owned()),
        ("pages/lost.md", own.replace("---\nTry", "permalink: /404.html\n---\nTry")),
    ] {
        let site = TestSite::start(&[("tides.md", POST), (path, &text)], CONFIG);
        let answer = site.get_with("/nowhere", &html);
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.body.contains("<h1>Lost at sea</h1>"), "{path}: {}", answer.body);
        assert!(
            answer.body.contains(r#"Try the <a href="/posts/tides">tides</a>"#),
            "{path}: {}",
            answer.body
        );
        assert!(answer.body.contains("noindex") && answer.body.contains("The newest posts"));
        let sitemap = site.get("/sitemap.xml").body;
        assert!(!sitemap.contains("404"), "{path}: {sitemap}");
        assert!(!site.get("/search?q=lost").body.contains("/404"));
        site.write(path, &text.replace("Try", "Look at"));
        let changed = || site.get_with("/nowhere", &html).body.contains("Look at the");
        site.wait_for("/api/posts", |_| changed());
        fs::remove_file(site.path().join(path)).unwrap();
        site.wait_for("/api/posts", |_| {
            site.get_with("/nowhere", &html)
                .body
                .contains("There is nothing at this address")
        });
    }
}

#[test]
fn files_that_are_no_posts_are_not_in_feeds() {
    let folder = TestFolder::new();
    folder.write("tides.md", POST);
    for path in [
        "about.md",
        "index.md",
        "404.md",
        "impressum.md",
        "pages/now.md",
        "_pages/uses.md",
        "_index.md",
        "README.md",
    ] {
        folder.write(path, "# A title\n\nA text.\n");
    }
    for (path, text) in [
        ("archives.md", "---\ntitle: Archive\nlayout: archives\n---\n"),
        ("tags.md", "---\ntitle: Tags\nlayout: page\n---\n"),
    ] {
        folder.write(path, text);
    }
    let site = folder.site(CONFIG);
    assert_eq!(listed(&site).len(), 1);
    for (path, address) in [
        ("about.md", "/about"),
        ("index.md", "/index"),
        ("impressum.md", "/impressum"),
        ("pages/now.md", "/now"),
        ("_pages/uses.md", "/uses"),
    ] {
        assert_eq!(get(&site, address).0, 200, "{path}");
    }
    for address in ["/archives", "/posts/archives", "/pages/tags"] {
        assert_eq!(get(&site, address).0, 404, "{address}");
    }
    assert_eq!(codes(&site, "about.md"), ["page-guessed"]);
    assert_eq!(codes(&site, "pages/now.md"), [""; 0]);
    assert!(codes(&site, "tags.md").contains(&"template-only"));
}

#[test]
fn a_post_wins_an_address_over_a_page() {
    let folder = TestFolder::new();
    folder.write("about.md", "About.\n");
    folder.write(
        "post.md",
        "---\ntitle: A post\ndate: 2026-01-02\npermalink: /about\n---\nText.\n",
    );
    let site = folder.site(CONFIG);
    assert!(get(&site, "/about").1.contains("<h1>A post</h1>"));
    assert!(
        codes(&site, "about.md").contains(&"address-taken"),
        "{:?}",
        codes(&site, "about.md")
    );
    let page = site.post("about.md".into()).unwrap();
    assert_eq!(get(&site, &page.address).0, 200, "it is at {}", page.address);
}
