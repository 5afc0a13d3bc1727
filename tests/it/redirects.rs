//! Old addresses: redirects of authors and operators, tested on the real server.

use crate::server::TestSite;

const BASE: &str = "https://example.com/blog";

fn config(more: &str) -> String {
    format!("[site]\nbase_url = '{BASE}'\n{more}")
}

fn redirects(pairs: &[(&str, &str)]) -> String {
    let tables = pairs
        .iter()
        .map(|(from, to)| format!("[[redirect]]\nfrom = '{from}'\nto = '{to}'\n"));
    config(&tables.collect::<String>())
}

/// Asserts that each path is redirected (301) to the other, which exists.
fn lead(site: &TestSite, cases: &[(&str, &str)]) {
    for (from, to) in cases {
        let answer = site.get(from);
        assert_eq!(
            (answer.status, answer.header("location")),
            (301, format!("{BASE}{to}").as_str()),
            "{from}"
        );
        assert_eq!(site.get(to).status, 200, "{from} → {to}");
        assert_eq!(
            site.request("HEAD", from, &[]).header("location"),
            answer.header("location"),
            "HEAD {from}"
        );
    }
}

fn lead_nowhere(site: &TestSite, paths: &[&str]) {
    let nothing = site.get("/posts/that-never-was");
    for path in paths {
        let answer = site.get(path);
        assert_eq!((answer.status, answer.header("location")), (404, ""), "{path}");
        let unlike = |name: &str| answer.header(name) != nothing.header(name);
        let headers = ["content-type", "cache-control", "content-length", "link", "x-robots-tag"];
        assert_eq!(
            headers.into_iter().find(|name| unlike(name)),
            None,
            "{path} is as unknown as any other"
        );
    }
}

#[test]
fn aliases_lead_to_the_post_in_one_hop() {
    let site = TestSite::start(
        &[
            (
                "new.md",
                "---\ndate: 2026-01-01\naliases: [/2014/old/, /old.html, releases/1.0, /café, ./earlier]\nredirect_from: /o\n---\nText.",
            ),
            (
                "folder.md",
                "---\ndate: 2026-01-01\nurl: /essays/kelp/\naliases: [./weed, ../wrack, /a b]\n---\nText.",
            ),
            (
                "hidden.md",
                "---\ndate: 2026-01-01\nunlisted: true\naliases: /whispered\n---\nText.",
            ),
            (
                "note.md",
                "---\ndate: 2026-01-01\naliases: [Kelp, sea-weed, Two words, folder]\n---\nText.",
            ),
        ],
        &config(""),
    );
    lead(
        &site,
        &[
            ("/2014/old", "/posts/new"),
            ("/2014/old/", "/posts/new"),
            ("/2014/old/index.html", "/posts/new"),
            ("/2014/old?utm=a%20b&c", "/posts/new?utm=a%20b&c"),
            ("/2014/old.md", "/posts/new.md"),
            ("/2014/old/.md", "/posts/new.md"),
            ("/old.html", "/posts/new"),
            ("/old.html.md", "/posts/new.md"),
            ("/%6fld.html", "/posts/new"),
            ("/releases/1.0", "/posts/new"),
            ("/caf%C3%A9", "/posts/new"),
            ("/posts/earlier/", "/posts/new"),
            ("/o", "/posts/new"),
            ("/posts/new/", "/posts/new"),
            ("/posts/new/index.html", "/posts/new"),
            ("/essays/kelp", "/essays/kelp/"),
            ("/essays/kelp/index.html?x", "/essays/kelp/?x"),
            ("/essays/weed", "/essays/kelp/"),
            ("/essays/weed.md", "/essays/kelp.md"),
            ("/wrack", "/essays/kelp/"),
            ("/a%20b", "/essays/kelp/"),
            ("/whispered", "/posts/hidden"),
            ("/posts/Kelp", "/posts/note"),
            ("/sea-weed", "/posts/note"),
        ],
    );
    lead_nowhere(
        &site,
        &[
            "/old",
            "/2014",
            "/2014/OLD",
            "/posts/kelp",
            "/posts/Two%20words",
            "/posts/Two",
            "/posts/new/index.html/x",
            "/o.md.md",
        ],
    );
    for path in [
        "/sitemap.xml",
        "/rss.xml",
        "/atom.xml",
        "/feed.json",
        "/feeds.opml",
        "/api/posts",
    ] {
        let body = site.get(path).body;
        assert!(
            !body.contains("2014/old") && !body.contains("sea-weed"),
            "{path} lists an old address"
        );
    }
}

#[test]
fn a_post_keeps_its_address_over_an_alias() {
    let site = TestSite::start(
        &[
            (
                "a.md",
                "---\ndate: 2024-01-01\naliases: [/posts/b, /rss.xml, /posts/a, /same, '/']\n---\nThe first.",
            ),
            (
                "b.md",
                "---\ndate: 2025-01-01\naliases: [/same/, /posts/a/]\n---\nThe second.",
            ),
            ("c.md", "---\ndate: 2026-01-01\naliases: [b]\n---\nThe third."),
        ],
        &config(""),
    );
    for (path, text) in [
        ("/posts/a", "The first"),
        ("/posts/b", "The second"),
        ("/rss.xml", "<rss"),
        ("/", "The third"),
    ] {
        let answer = site.get(path);
        assert!(
            answer.status == 200 && (path == "/" || answer.body.contains(text)),
            "{path}: {answer:?}"
        );
    }
    lead(
        &site,
        &[
            ("/same", "/posts/a"),
            ("/posts/a/", "/posts/a"),
            ("/posts/b/", "/posts/b"),
            ("/b", "/posts/c"),
        ],
    );
}

#[test]
fn aliases_of_unpublished_posts_lead_nowhere() {
    let site = TestSite::start(
        &[
            (
                "draft.md",
                "---\ndate: 2020-01-01\ndraft: true\naliases: [/d, /shared, d-name]\n---\n",
            ),
            ("private.md", "---\ndate: 2020-01-01\nvisibility: private\naliases: /p\n---\n"),
            ("later.md", "---\ndate: 2999-01-01\naliases: [/l, /shared]\n---\n"),
            (
                "gone.md",
                "---\ndate: 2020-01-01\nexpiryDate: 2021-01-01\naliases: [/g, /shared]\n---\n",
            ),
            ("out.md", "---\ndate: 2026-01-01\naliases: /shared\n---\n"),
        ],
        &config(""),
    );
    lead_nowhere(
        &site,
        &[
            "/d",
            "/d/",
            "/d.md",
            "/p",
            "/l",
            "/l.md",
            "/g",
            "/d-name",
            "/posts/d-name",
            "/posts/draft/",
        ],
    );
    lead(&site, &[("/shared", "/posts/out")]);
    site.write("draft.md", "---\ndate: 2020-01-01\naliases: [/d]\n---\n");
    site.wait_for("/d", |answer| answer.status == 301);
    site.write("draft.md", "---\ndate: 2020-01-01\n---\n");
    site.wait_for("/d", |answer| answer.status == 404);
}

#[test]
fn a_withdrawn_post_with_another_slug_is_gone_from_its_old_address() {
    let site = TestSite::start(&[("a.md", "---\ndate: 2026-01-01\n---\nText.")], "");
    site.write("a.md", "---\ndate: 2026-01-01\nslug: other\ndraft: true\n---\nText.");
    site.wait_for("/posts/a", |answer| answer.status == 410);
    assert_eq!(site.get("/posts/other").status, 404);
}

#[test]
fn redirects_lead_to_the_final_address_in_one_hop() {
    let site = TestSite::start(
        &[
            (
                "a.md",
                "---\ndate: 2026-01-01\ntags: [Go, été]\nauthor: Ann Ott\naliases: /old-a\n---\nText.",
            ),
            ("notes/b.md", "---\ndate: 2026-01-02\ntags: [golang]\nurl: /b/\n---\nText."),
        ],
        &redirects(&[
            ("/one", "/two"),
            ("/two", "/three?own=1"),
            ("/three", "/old-a"),
            ("/feeds", "/feed.xml"),
            ("/slash", "/posts/a/"),
            ("/shout", "/tags/GO/atom"),
            ("/posts/hidden", "/b"),
            ("/robots.txt", "/posts/a#part"),
            ("/with space", "/old-a?a b"),
            ("/same-site", "https://example.com/blog/one"),
            ("/away", "https://elsewhere.example/x?y#z"),
            ("/to-away", "/away"),
            ("/hiver", "/tags/été"),
            ("/%C3%BCber", "/posts/a"),
        ]),
    );
    lead(
        &site,
        &[
            ("/one", "/posts/a?own=1"),
            ("/one?mine", "/posts/a?own=1"),
            ("/three?mine", "/posts/a?mine"),
            ("/same-site", "/posts/a?own=1"),
            ("/feeds", "/rss.xml"),
            ("/feeds/", "/rss.xml"),
            ("/slash?x=1", "/posts/a?x=1"),
            ("/shout", "/tags/go/atom.xml"),
            ("/posts/hidden", "/b/"),
            ("/posts/hidden/", "/b/"),
            ("/posts/hidden.md", "/b.md"),
            ("/with%20space?z", "/posts/a?a%20b"),
            ("/hiver", "/tags/%C3%A9t%C3%A9"),
            ("/%C3%BCber", "/posts/a"),
            ("/%c3%bcber", "/posts/a"),
        ],
    );
    let cases = [
        ("/robots.txt?x", "https://example.com/blog/posts/a?x#part"),
        ("/away", "https://elsewhere.example/x?y#z"),
        ("/away?mine", "https://elsewhere.example/x?y#z"),
        ("/to-away", "https://elsewhere.example/x?y#z"),
    ];
    for (from, to) in cases {
        let answer = site.get(from);
        assert_eq!((answer.status, answer.header("location")), (301, to), "{from}");
    }
    lead_nowhere(&site, &["/feeds.md", "/away.md", "/tags/none/", "/tags/None/rss.xml"]);
}

#[test]
fn a_renamed_scope_redirects_all_below_it() {
    let posts: Vec<(String, String)> = (1..=5)
        .map(|n| {
            let text = format!("---\ndate: 2026-01-0{n}\ntags: [go]\nauthor: Ann Ott\n---\nText.");
            (format!("notes/{n}.md"), text)
        })
        .collect();
    let files: Vec<(&str, &str)> = posts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let config = redirects(&[
        ("/tags/golang", "/tags/Go"),
        ("/tags/go-lang", "/tags/golang"),
        ("/authors/ann", "/authors/ann-ott/"),
        ("/sections/old%20notes", "/sections/notes"),
        ("/tags/notes", "/sections/notes"),
        ("/tags/golang/subscribe", "/subscribe"),
    ]);
    let site = TestSite::start(&files, &format!("{config}[feed]\nlimit = 2\n[list]\nper_page = 2\n"));
    lead(
        &site,
        &[
            ("/tags/golang", "/tags/go"),
            ("/tags/golang/", "/tags/go"),
            ("/tags/GOLANG/rss.xml", "/tags/go/rss.xml"),
            ("/tags/golang/atom.xml?x=1", "/tags/go/atom.xml?x=1"),
            ("/tags/golang/archive/2/feed.json", "/tags/go/archive/2/feed.json"),
            ("/tags/golang/page/3", "/tags/go/page/3"),
            ("/tags/golang/page/1", "/tags/go"),
            ("/tags/golang/feed", "/tags/go/feed"),
            ("/tags/golang/feed.xml", "/tags/go/rss.xml"),
            ("/tags/golang/subscribe", "/subscribe"),
            ("/tags/go-lang/subscribe", "/subscribe"),
            ("/tags/go-lang/rss.xml", "/tags/go/rss.xml"),
            ("/authors/ann/rss.xml", "/authors/ann-ott/rss.xml"),
            ("/authors/Ann/page/2/", "/authors/ann-ott/page/2"),
            ("/sections/Old%20Notes/atom", "/sections/notes/atom.xml"),
            ("/sections/old-notes/rss.xml", "/sections/notes/rss.xml"),
            ("/tags/notes/rss.xml", "/sections/notes/rss.xml"),
        ],
    );
}
