//! A site whose address has a path, with a proxy that takes the path off and one that does not.

use crate::commands::{Serving, folder};
use crate::server::TestSite;

const CONFIG: &str = "[site]\nbase_url = 'https://example.org/blog/'\n[[redirect]]\nfrom = '/blog/kept'\nto = '/posts/a'\n";
const POST: &str = "---\ntitle: A\ndate: 2026-01-31\n---\n![](a.png)\n";

fn site() -> TestSite {
    TestSite::start(
        &[
            (
                "a.md",
                "---\ntitle: A\ndate: 2026-01-31\nslug: a\naliases: [/old]\n---\n![](a.png)\n",
            ),
            ("a.png", "picture"),
            (
                "own.md",
                "---\ntitle: Own\ndate: 2026-01-30\npermalink: /blog/own\n---\nOwn.\n",
            ),
            (
                "nested.md",
                "---\ntitle: Nested\ndate: 2026-01-29\npermalink: /own\n---\nNested.\n",
            ),
        ],
        CONFIG,
    )
}

#[test]
fn a_request_with_the_base_path_answers_as_one_without() {
    let site = site();
    for path in [
        "/",
        "/rss.xml",
        "/feed.json",
        "/feed.xml",
        "/posts/a",
        "/posts/a.md",
        "/old",
        "/media/a.png",
        "/api/posts?per_page=1",
        "/api/posts/a",
        "/search?q=own",
        "/style.css",
        "/tags",
        "/none",
        "/healthz",
        "/%ff",
    ] {
        let (short, long) = (site.get(path), site.get(&format!("/blog{path}")));
        assert_eq!((short.status, &short.body.len()), (long.status, &long.body.len()), "{path}");
        for field in ["location", "etag", "content-type", "link", "cache-control"] {
            assert_eq!(short.header(field), long.header(field), "{path}: {field}");
        }
    }
    let moved = site.get("/blog/feed.xml");
    assert_eq!(
        (moved.status, moved.header("location")),
        (301, "https://example.org/blog/rss.xml")
    );
    let etag = site.get("/rss.xml").header("etag").to_owned();
    assert_eq!(site.get_with("/blog/rss.xml", &[("if-none-match", &etag)]).status, 304);
    assert_eq!(site.get("/blog").body, site.get("/").body);
    // only a whole part of a path is the base
    for path in ["/blogger/rss.xml", "/blog.xml", "/Blog/rss.xml"] {
        assert_eq!(site.get(path).status, 404, "{path}");
    }
}

#[test]
fn what_the_site_has_at_an_address_wins() {
    let site = site();
    assert!(site.get("/blog/own").body.contains("Own."));
    assert!(site.get("/own").body.contains("Nested."));
    assert_eq!(site.get("/blog/blog/own").body, site.get("/blog/own").body);
    let kept = site.get("/blog/kept");
    assert_eq!(
        (kept.status, kept.header("location")),
        (301, "https://example.org/blog/posts/a")
    );
}

#[test]
fn requests_with_the_base_path_are_noted_once() {
    let site = folder(&[("posts/a.md", POST)]);
    let serving = Serving::start(site.path(), &["--base-url", "https://example.org/blog", "--access-log"]);
    let lines = serving.until("Ctrl-C ends it");
    let address = lines
        .iter()
        .find_map(|line| line.trim().strip_prefix("listens"))
        .unwrap()
        .trim()
        .to_owned();
    let get = |path: &str| assert_eq!(ureq::get(format!("{address}{path}")).call().unwrap().status(), 200, "{path}");
    get("/rss.xml");
    // a line is written once its response was sent
    let said = serving.until("address=\"/rss.xml\"").join("\n");
    assert!(!said.contains("requests come with"), "{said}");
    for path in ["/blog/rss.xml", "/blog/atom.xml", "/blog/feed.json"] {
        get(path);
    }
    let said = serving.until("address=\"/blog/feed.json\"").join("\n");
    assert_eq!(said.matches("requests come with /blog").count(), 1, "{said}");
}
