//! The folder of static files, which is served at the root of the site, and what wins where two things want one address.

use std::fs;
use std::os::unix::fs::symlink;

use crate::server::TestSite;
use crate::still::{TestFolder, codes, said};

const CONFIG: &str = "[site]\nbase_url = 'https://example.com'\n";
const POST: &str = "---\ntitle: Tides\ndate: 2026-01-02\n---\n![a](/img/a.png) [k](/keys.asc) ![n](/img/none.png)\n";

#[test]
fn static_files_are_served_at_the_root() {
    let files = [
        ("tides.md", POST),
        ("static/img/a.png", "0123456789"),
        ("static/img/a b.png", "space"),
        ("static/keys.asc", "key"),
        ("static/favicon.ico", "icon"),
        ("static/robots.txt", "User-agent: *\n"),
        ("static/.well-known/security.txt", "Contact: x"),
        ("static/.well-known/matrix/server", "{\"m.server\": \"x\"}"),
    ];
    let site = TestSite::start(&files, CONFIG);
    for (path, expected) in [
        ("/img/a.png", "0123456789"),
        ("/img/a%20b.png", "space"),
        ("/keys.asc", "key"),
        ("/favicon.ico", "icon"),
        ("/robots.txt", "User-agent: *\n"),
        ("/.well-known/security.txt", "Contact: x"),
        ("/.well-known/matrix/server", "{\"m.server\": \"x\"}"),
        ("/media/static/img/a.png", "0123456789"),
    ] {
        let answer = site.get(path);
        assert_eq!((answer.status, answer.body.as_str()), (200, expected), "{path}");
        assert!(
            !answer.header("etag").is_empty() && !answer.header("last-modified").is_empty(),
            "{path}"
        );
        assert_eq!(answer.header("cache-control"), "public, max-age=300", "{path}");
        assert_eq!(
            site.get_with(path, &[("If-None-Match", answer.header("etag"))]).status,
            304,
            "{path}"
        );
    }
    let part = site.get_with("/img/a.png", &[("Range", "bytes=2-4")]);
    assert_eq!(
        (part.status, part.body.as_str(), part.header("content-type")),
        (206, "234", "image/png")
    );
    assert_eq!(site.request("HEAD", "/img/a.png", &[]).header("content-length"), "10");
    // links to them are right as they are written
    let html = site.get("/posts/tides").body;
    assert!(
        html.contains(r#"src="/img/a.png""#) && html.contains(r#"href="/keys.asc""#),
        "{html}"
    );
    // a new one is there at once, a deleted one is gone
    site.write("static/new.txt", "new");
    site.wait_for("/new.txt", |answer| answer.body == "new");
    fs::remove_file(site.path().join("static/new.txt")).unwrap();
    site.wait_for("/new.txt", |answer| answer.status == 404);
}

#[test]
fn no_source_of_a_post_is_served_as_a_static_file() {
    let draft = "---\ntitle: Zwieback\ndraft: true\n---\nZwieback.\n";
    let files = [
        ("tides.md", POST),
        ("static/a.md", draft),
        ("static/a.txt", "of the draft a"),
        ("static/b.md.orig", draft),
        ("static/c.txt", draft),
        ("static/c.png", draft),
        ("static/d.html", "<p>x"),
        ("static/_e.txt", "x"),
        ("static/.hidden/f.txt", "x"),
        ("static/.g.txt", "x"),
        ("static/_drafts/h.txt", "x"),
        ("static/.well-known/i.md", draft),
        ("static/.well-known/j", draft),
        ("static/.well-known/.k", "x"),
        ("static/.well-known/.git/l.txt", "x"),
        (".well-known/m.txt", "x"),
        ("other/.well-known/n.txt", "x"),
        ("elsewhere.txt", "x"),
    ];
    let site = TestSite::start(&files, CONFIG);
    symlink("/etc/hostname", site.path().join("static/o.txt")).unwrap();
    site.write("static/last.txt", "last");
    site.wait_for("/last.txt", |answer| answer.status == 200);
    for path in [
        "/a.md",
        "/a.txt",
        "/b.md.orig",
        "/c.txt",
        "/c.png",
        "/d.html",
        "/_e.txt",
        "/.hidden/f.txt",
        "/.g.txt",
        "/_drafts/h.txt",
        "/.well-known/i.md",
        "/.well-known/j",
        "/.well-known/.k",
        "/.well-known/.git/l.txt",
        "/.well-known/m.txt",
        "/.well-known/n.txt",
        "/elsewhere.txt",
        "/o.txt",
        "/../elsewhere.txt",
        "/%2e%2e/elsewhere.txt",
        "//c.txt",
        "/static/last.txt",
    ] {
        let answer = site.get(path);
        assert!(
            matches!(answer.status, 404 | 400) && !answer.body.contains("Zwieback"),
            "{path}: {} {}",
            answer.status,
            answer.body
        );
    }
    assert!(
        !site
            .site()
            .all()
            .iter()
            .any(|post| post.source.as_str().contains(".well-known")),
        "no post is read there"
    );
}

#[test]
fn posts_in_the_folder_stay_posts_and_its_name_is_a_setting() {
    let files = [
        ("static/note.md", "---\ntitle: A note\ndate: 2026-01-01\n---\nx\n"),
        ("static/a.txt", "a"),
        ("public/b.txt", "b"),
    ];
    for (setting, a, b) in [
        ("", 200, 404),
        ("[posts]\nstatic = 'public'", 404, 200),
        ("[posts]\nstatic = ''", 404, 404),
    ] {
        let site = TestSite::start(&files, &format!("{CONFIG}{setting}"));
        assert_eq!((site.get("/a.txt").status, site.get("/b.txt").status), (a, b), "{setting}");
        assert_eq!(site.get("/posts/note").status, 200, "{setting}");
    }
}

#[test]
fn what_wins_an_address() {
    let files = [
        ("post.md", "---\ntitle: A post\ndate: 2026-01-02\npermalink: /a.txt\n---\nx\n"),
        ("pages/b.md", "---\ntitle: A page\npermalink: /b.txt\n---\nx\n"),
        (
            "old.md",
            "---\ntitle: An alias\ndate: 2026-01-01\naliases: [/c.txt, /e.txt, /f.txt]\n---\nx\n",
        ),
        ("gone.md", "---\ntitle: Redirected\ndate: 2026-01-01\n---\nx\n"),
        ("static/a.txt", "static a"),
        ("static/b.txt", "static b"),
        ("static/c.txt", "static c"),
        ("static/d.txt", "static d"),
        ("static/tags/x.txt", "static x"),
        ("static/feed.json", "static feed"),
    ];
    let redirects = "[[redirect]]\nfrom = '/d.txt'\nto = '/e.txt'\n[[redirect]]\nfrom = '/posts/gone'\nto = '/posts/an-alias'\n";
    let site = TestSite::start(&files, &format!("{CONFIG}{redirects}"));
    for (path, expected) in [("/a.txt", "A post"), ("/b.txt", "A page"), ("/c.txt", "static c")] {
        let answer = site.get(path);
        assert!(
            answer.status == 200 && answer.body.contains(expected),
            "{path}: {}",
            answer.body
        );
    }
    for (path, to) in [
        ("/d.txt?q=1", "/posts/old?q=1"),
        ("/e.txt?q=1", "/posts/old?q=1"),
        ("/f.txt", "/posts/old"),
        ("/posts/gone?q=1", "/posts/an-alias?q=1"),
    ] {
        let answer = site.get(path);
        assert_eq!(
            (answer.status, answer.header("location")),
            (301, &*format!("https://example.com{to}")),
            "{path}"
        );
    }
    assert_eq!(site.get("/tags/x.txt").status, 404);
    assert!(site.get("/feed.json").body.contains("https://jsonfeed.org/version/1.1"));
    for path in ["a.txt", "b.txt", "d.txt", "tags/x.txt", "feed.json"] {
        assert_eq!(site.get(&format!("/media/static/{path}")).status, 200, "{path}");
    }
    let site = site.site();
    for (path, code) in [
        ("static/a.txt", "static-file-hidden"),
        ("static/b.txt", "static-file-hidden"),
        ("static/d.txt", "static-file-hidden"),
        ("static/tags/x.txt", "static-file-hidden"),
        ("static/feed.json", "static-file-hidden"),
        ("old.md", "alias-taken"),
        ("gone.md", "address-redirected"),
    ] {
        assert_eq!(codes(&site, path), [code], "{path}");
    }
    assert_eq!(codes(&site, "static/c.txt"), [""; 0]);
    let message = said(&site, "static/a.txt").next().unwrap();
    assert_eq!(
        format!("{} ({})", message.message, message.mend),
        "it is not at /a.txt, but only at https://example.com/media/static/a.txt: post.md is there (rename the file, or write another \
         `slug` there)"
    );
}

#[test]
fn a_conflict_is_said_while_it_lasts() {
    let site = TestSite::start(&[("static/a.txt", "static"), ("static/b.txt", "static")], CONFIG);
    let hidden = |path: &str| codes(&site.site(), path).contains(&"static-file-hidden");
    site.write("post.md", "---\ntitle: A\ndate: 2026-01-02\npermalink: /a.txt\n---\nx\n");
    site.wait_for("/a.txt", |answer| answer.body.contains("<h1>A</h1>"));
    assert!(hidden("static/a.txt") && !hidden("static/b.txt"));
    site.write(
        "post.md",
        "---\ntitle: A\ndate: 2026-01-02\npermalink: /c.txt\naliases: /b.txt\n---\nx\n",
    );
    site.wait_for("/a.txt", |answer| answer.body == "static");
    assert!(!hidden("static/a.txt"));
    assert_eq!(codes(&site.site(), "post.md"), ["alias-taken"]);
    site.write("static/c.txt", "static");
    site.wait_for("/media/static/c.txt", |answer| answer.status == 200 && hidden("static/c.txt"));
    fs::remove_file(site.path().join("static/c.txt")).unwrap();
    site.wait_for("/media/static/c.txt", |answer| {
        answer.status == 404 && !hidden("static/c.txt")
    });
}

#[test]
fn links_to_static_files_are_checked() {
    let folder = TestFolder::new();
    folder.write("tides.md", POST);
    folder.write("static/img/a.png", "a");
    folder.write("static/keys.asc", "key");
    let site = folder.site(CONFIG);
    let unresolved: Vec<String> = said(&site, "tides.md").map(|found| found.message.clone()).collect();
    assert!(
        unresolved.len() == 1 && unresolved[0].contains("/img/none.png"),
        "{unresolved:?}"
    );
}

#[test]
fn an_enclosure_at_the_root_has_the_length_of_its_static_file() {
    let files = [
        ("talk.md", "---\ntitle: Talk\ndate: 2026-01-03\naudio: /talk.mp3\n---\nx\n"),
        ("static/talk.mp3", "0123456789"),
    ];
    let site = TestSite::start(&files, CONFIG);
    let feed = site.wait_for("/rss.xml", |feed| feed.body.contains(r#"length="10""#));
    assert!(feed.body.contains(r#"url="https://example.com/talk.mp3""#), "{}", feed.body);
}

#[test]
fn a_link_follows_a_static_file_that_appears() {
    let folder = [
        ("tides.md", "---\ntitle: Tides\ndate: 2026-01-02\n---\n![a](/chart.png)\n"),
        ("deep/chart.png", "a"),
    ];
    let site = TestSite::start(&folder, CONFIG);
    site.wait_for("/feed.json", |feed| {
        feed.body.contains("https://example.com/media/deep/chart.png")
    });
    site.write("static/chart.png", "b");
    site.wait_for("/feed.json", |feed| {
        feed.body.contains("\\\"https://example.com/chart.png\\\"")
    });
    fs::remove_file(site.path().join("static/chart.png")).unwrap();
    site.wait_for("/feed.json", |feed| {
        feed.body.contains("https://example.com/media/deep/chart.png")
    });
}
