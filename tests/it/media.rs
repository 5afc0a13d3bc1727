//! Media files over HTTP.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use crate::server::TestSite;

const POST: &str = "---\ntitle: Hello\ndate: 2026-01-02\n---\n";
const DRAFT: &str = "---\ntitle: Not yet\ndraft: true\n---\nx";
const TEXT: &str = "0123456789abcdefghij";

fn site(files: &[(&str, &str)]) -> TestSite {
    let config = "[site]\nbase_url = 'https://example.com/blog'\n[posts]\nmedia = ['html', 'unknown-ending']";
    let site = TestSite::start(files, config);
    // a file that was just written may change again without a new time stamp
    let then = SystemTime::now() - Duration::from_hours(1);
    for (path, _) in files {
        fs::File::options()
            .write(true)
            .open(site.path().join(path))
            .unwrap()
            .set_modified(then)
            .unwrap();
    }
    site
}

#[test]
fn files_of_a_post_are_served_at_the_addresses_in_the_post() {
    let text = format!(
        "{POST}![cat](pic/a%20cat.png) [paper](../paper.pdf) [other](other.md#end) [web](https://example.org/x.png) ![root](/r.png)\n"
    );
    let hello = text.replace("title: Hello\n", "title: Hello\nimage: pic/a cat.png\naudio: talk.mp3\n");
    let site = site(&[
        ("notes/hello.md", &hello),
        ("notes/other.md", "---\ntitle: Other\nslug: another\ndate: 2026-01-01\n---\n"),
        ("notes/pic/a cat.png", TEXT),
        ("notes/talk.mp3", TEXT),
        ("paper.pdf", TEXT),
    ]);
    let feed = site.get("/feed.json").json();
    let item = &feed["items"][0];
    let html = item["content_html"].as_str().unwrap();
    for address in [
        "https://example.com/blog/media/notes/pic/a%20cat.png",
        "https://example.com/blog/media/paper.pdf",
        "https://example.com/blog/posts/another#end",
        "https://example.org/x.png",
        "https://example.com/r.png",
    ] {
        assert!(html.contains(&format!("\"{address}\"")), "{address} is not in {html}");
    }
    assert_eq!(item["image"], "https://example.com/blog/media/notes/pic/a%20cat.png");
    let attachment = &item["attachments"][0];
    assert_eq!(attachment["url"], "https://example.com/blog/media/notes/talk.mp3");
    assert_eq!(attachment["size_in_bytes"], 20, "the length is the file's");
    let page = site.get("/posts/hello").body;
    assert!(page.contains("src=\"/blog/media/notes/pic/a%20cat.png\""), "{page}");
    for path in ["/media/notes/pic/a%20cat.png", "/media/notes/talk.mp3", "/media/paper.pdf"] {
        assert_eq!((site.get(path).status, site.get(path).body.as_str()), (200, TEXT), "{path}");
    }
}

#[test]
fn a_link_to_a_post_follows_it() {
    let site = site(&[
        ("a.md", "---\ndate: 2026-01-02\n---\n[b](b.md)\n"),
        ("b.md", "---\ndraft: true\nslug: secret-name\n---\nx"),
    ]);
    let feed = site.get("/feed.json").body;
    assert!(feed.contains("<p>b</p>") && !feed.contains("secret-name"), "{feed}");
    site.write("b.md", "---\ndate: 2026-01-01\nslug: first-name\n---\nx");
    site.wait_for("/feed.json", |feed| {
        feed.body.contains(r#"href=\"https://example.com/blog/posts/first-name\""#)
    });
    site.write("b.md", "---\ndate: 2026-01-01\nslug: second-name\n---\nx");
    site.wait_for("/feed.json", |feed| {
        feed.body.contains(r#"href=\"https://example.com/blog/posts/second-name\""#)
    });
}

#[test]
fn the_length_of_an_enclosure_follows_its_file() {
    let site = site(&[("a.md", "---\ndate: 2026-01-02\naudio: talk.mp3\n---\nx")]);
    // an enclosure without its file would be a dead link
    assert!(!site.get("/rss.xml").body.contains("<enclosure"));
    site.write("talk.mp3", "12345");
    site.wait_for("/rss.xml", |feed| feed.body.contains("length=\"5\""));
    site.write("talk.mp3", "1234567");
    site.wait_for("/rss.xml", |feed| feed.body.contains("length=\"7\""));
}

#[test]
fn the_first_site_has_the_lengths_of_files_that_are_not_beside_their_posts() {
    let folder = crate::still::TestFolder::new();
    folder.write("notes/a.md", "---\ndate: 2026-01-02\naudio: /talk.mp3\n---\nx");
    folder.write("notes/b.md", "---\ndate: 2026-01-02\naudio: show.mp3\n---\nx");
    folder.write("static/talk.mp3", "12345");
    folder.write("sound/show.mp3", "1234567");
    let site = folder.site("[site]\nbase_url = 'https://example.com'");
    let (_, feed) = crate::still::get(&site, "/rss.xml");
    for (address, length) in [("/talk.mp3", 5), ("/media/sound/show.mp3", 7)] {
        let enclosure = format!("<enclosure url=\"https://example.com{address}\" length=\"{length}\"");
        assert!(feed.contains(&enclosure), "{enclosure}: {feed}");
    }
}

#[test]
fn media_types_are_sent_and_active_content_is_sandboxed() {
    let site = site(&[
        ("a.png", TEXT),
        ("a.txt", "é"),
        ("a.svg", "<svg/>"),
        ("a.html", "<p>x"),
        ("a.xml", "<x/>"),
        ("a.pdf", TEXT),
        ("a.mp3", TEXT),
        ("a.unknown-ending", TEXT),
    ]);
    let cases = [
        ("a.png", "image/png", false, ""),
        ("a.txt", "text/plain; charset=utf-8", false, ""),
        ("a.svg", "image/svg+xml", true, ""),
        ("a.html", "text/html; charset=utf-8", true, "attachment"),
        ("a.xml", "text/xml; charset=utf-8", true, ""),
        ("a.pdf", "application/pdf", false, ""),
        ("a.mp3", "audio/mpeg", false, ""),
        ("a.unknown-ending", "application/octet-stream", false, ""),
    ];
    for (name, media_type, is_locked_in, disposition) in cases {
        let answer = site.get(&format!("/media/{name}"));
        assert_eq!((answer.status, answer.header("content-type")), (200, media_type), "{name}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{name}");
        assert_eq!(
            answer.header("content-security-policy").contains("sandbox"),
            is_locked_in,
            "{name}"
        );
        assert_eq!(answer.header("content-disposition"), disposition, "{name}");
        assert_eq!(answer.header("accept-ranges"), "bytes", "{name}");
    }
}

#[test]
fn sources_of_posts_are_never_served_as_media() {
    let text = "---\ntitle: Idea\ndraft: true\n---\nNot yet.\n";
    let copies = [
        "idea.md",
        "idea.md.orig",
        "idea.md.rej",
        "idea.md.save",
        "idea.BASE",
        "idea.md.BASE",
        "idea.md.txt",
        "idea.md.gz",
        "idea.mkd",
        "idea.mdown",
        "idea.mdtext",
        "idea.org",
        "idea.rst",
        "idea.adoc",
        "idea.htm",
        "idea.html",
        "copy.txt",
        "copy.csv",
        "copy.json",
        "copy.xml",
        "copy.png",
        "copy.pdf",
        "copy.vtt",
        "_copy.png",
        "_archive/copy.png",
        "_drafts/copy.png",
        "Templates/copy.png",
        "copy.yaml",
        "copy.pem",
        "copy.js",
    ];
    let mut files: Vec<(&str, &str)> = copies.iter().map(|path| (*path, text)).collect();
    files.extend([
        (".obsidian/app.json", "{}"),
        ("hello.md", POST),
        ("hello.txt", "Words of a transcript."),
        ("plan.md", DRAFT),
        ("plan.txt", "Words of a plan."),
        ("plan.mp3", TEXT),
        ("pelican.txt", "Title: Idea\nStatus: draft\n\nNot yet.\n"),
        ("heading.txt", "# Idea\n\nNot yet.\n"),
        ("table.csv", "name,age\nAda,36\n"),
        ("data.json", "{\"a\": 1}"),
    ]);
    let site = site(&files);
    let hidden = copies.iter().chain(&["plan.txt", "plan.mp3", "pelican.txt", "heading.txt"]);
    for path in hidden {
        assert_eq!(site.get(&format!("/media/{path}")).status, 404, "{path}");
    }
    for path in ["hello.txt", "table.csv", "data.json"] {
        assert_eq!(site.get(&format!("/media/{path}")).status, 200, "{path}");
    }
}

#[test]
fn only_media_of_visible_posts_are_served() {
    let site = site(&[
        ("hello.md", POST),
        ("draft.md", DRAFT),
        ("beside.png", TEXT),
        ("draft/asset.png", TEXT),
        ("bundle/index.md", DRAFT),
        ("bundle/a.png", TEXT),
        ("bundle/deep/a.png", TEXT),
        ("later/index.md", "---\ndate: 2999-01-01\n---\nx"),
        ("later/a.png", TEXT),
        ("gone/index.md", "---\ndate: 2020-01-01\nexpires: 2021-01-01\n---\nx"),
        ("gone/a.png", TEXT),
        ("private/index.md", "---\nvisibility: private\ndate: 2020-01-01\n---\nx"),
        ("private/a.png", TEXT),
        ("broken/index.md", "---\ntitle: [\ndate: {\n---\nx"),
        ("broken/a.png", TEXT),
        ("_drafts/a.png", TEXT),
        (".hidden/a.png", TEXT),
        (".a.png", TEXT),
        ("feedmill.toml", "x"),
        ("open/index.md", POST),
        ("open/a.png", TEXT),
    ]);
    symlink("/etc/hostname", site.path().join("out.png")).unwrap();
    symlink("beside.png", site.path().join("in.png")).unwrap();
    symlink("/etc", site.path().join("etc")).unwrap();
    for path in ["/media/beside.png", "/media/open/a.png"] {
        assert_eq!(site.get(path).status, 200, "{path}");
    }
    for path in [
        "/media",
        "/media/",
        "/media/bundle",
        "/media/bundle/",
        "/media/nothing.png",
        "/media/hello.md",
        "/media/draft.md",
        "/media/draft/asset.png",
        "/media/bundle/a.png",
        "/media/bundle/deep/a.png",
        "/media/later/a.png",
        "/media/gone/a.png",
        "/media/private/a.png",
        "/media/_drafts/a.png",
        "/media/.hidden/a.png",
        "/media/.a.png",
        "/media/feedmill.toml",
        "/media/out.png",
        "/media/in.png",
        "/media/etc/hostname",
        "/media/%2e%2e/hostname",
        "/media/open/%2e%2e/beside.png",
        "/media/open%2Fa.png",
        "/media/open/%2E/a.png",
        "/media//beside.png",
        "/media/open%5Ca.png",
        "/media/%252e%252e/hostname",
        "/media/beside.png/",
        "/posts/draft.md",
        "/posts/later.md",
    ] {
        let answer = site.get(path);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (404, "application/problem+json"),
            "{path}: {}",
            answer.body
        );
    }
    assert_eq!(site.get("/media/a%00.png").status, 400, "a control character");
    // the files of a bundle are served only while it is public
    site.write("bundle/index.md", POST);
    site.wait_for("/media/bundle/a.png", |answer| answer.status == 200);
    site.write("bundle/index.md", DRAFT);
    site.wait_for("/media/bundle/a.png", |answer| answer.status == 404);
}

#[test]
fn unnormalised_paths_lead_nowhere() {
    let site = site(&[("a.png", TEXT)]);
    for path in [
        "/media/../a.png",
        "/media/../../etc/passwd",
        "/media/./a.png",
        "/../media/a.png",
    ] {
        let answer = raw(&site, &format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
}

#[test]
fn a_folder_swapped_for_a_link_never_leads_out() {
    let site = site(&[("in/a.png", "inside"), ("out/a.png", "inside")]);
    let secret = tempfile::tempdir().unwrap();
    fs::write(secret.path().join("a.png"), "secret").unwrap();
    let (root, stop) = (site.path(), AtomicBool::new(false));
    let mut seen = [0; 2];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                fs::rename(root.join("in"), root.join("was")).unwrap();
                symlink(secret.path(), root.join("in")).unwrap();
                fs::remove_file(root.join("in")).unwrap();
                fs::rename(root.join("was"), root.join("in")).unwrap();
            }
        });
        for _ in 0..1500 {
            let answer = site.get("/media/in/a.png");
            match answer.status {
                200 => assert_eq!(answer.body, "inside"),
                status => assert_eq!(status, 404),
            }
            seen[usize::from(answer.status == 200)] += 1;
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(seen[0] > 0 && seen[1] > 0, "both states were met: {seen:?}");
}

type Headers<'a> = &'a [(&'a str, &'a str)];

#[test]
fn validators() {
    let site = site(&[("a.png", TEXT)]);
    let first = site.get("/media/a.png");
    let (etag, modified) = (first.header("etag"), first.header("last-modified"));
    assert!(etag.starts_with('"') && modified.ends_with("GMT"), "{first:?}");
    let cases: [(&str, Headers, u16); 7] = [
        ("the tag", &[("if-none-match", etag)], 304),
        ("any", &[("if-none-match", "*")], 304),
        (
            "another tag",
            &[("if-none-match", "\"x\""), ("if-modified-since", modified)],
            200,
        ),
        ("the date", &[("if-modified-since", modified)], 304),
        ("no date", &[("if-modified-since", "today")], 200),
        ("if-match", &[("if-match", "\"x\"")], 412),
        ("304 before ranges", &[("if-none-match", etag), ("range", "bytes=0-1")], 304),
    ];
    for (name, headers, status) in cases {
        let answer = site.get_with("/media/a.png", headers);
        assert_eq!(answer.status, status, "{name}");
        if status == 304 {
            assert_eq!((answer.header("etag"), answer.body.as_str()), (etag, ""), "{name}");
            assert_eq!(answer.header("cache-control"), first.header("cache-control"), "{name}");
            assert_eq!(answer.header("content-length"), "", "{name}");
        }
    }
    let head = site.request("HEAD", "/media/a.png", &[("range", "bytes=0-1")]);
    assert_eq!(
        (head.status, head.header("content-length"), head.header("etag")),
        (200, "20", etag)
    );
    // the same length and time: only the content differs
    let then = fs::metadata(site.path().join("a.png")).unwrap().modified().unwrap();
    site.write("a.png", "9876543210abcdefghij");
    fs::File::options()
        .write(true)
        .open(site.path().join("a.png"))
        .unwrap()
        .set_modified(then)
        .unwrap();
    let second = site.get_with("/media/a.png", &[("if-none-match", etag)]);
    assert_eq!(second.status, 200);
    assert_ne!(second.header("etag"), etag);
}

#[test]
fn ranges() {
    let site = site(&[("a.bin", TEXT), ("empty.bin", "")]);
    let cases: [(&str, u16, &str, &str); 9] = [
        ("bytes=0-4", 206, "bytes 0-4/20", "01234"),
        ("bytes=-3", 206, "bytes 17-19/20", "hij"),
        ("bytes=15-", 206, "bytes 15-19/20", "fghij"),
        ("bytes=0-99", 206, "bytes 0-19/20", TEXT),
        ("bytes=0-4,3-8", 206, "bytes 0-8/20", "012345678"),
        ("bytes=20-", 416, "bytes */20", ""),
        ("bytes=-0", 416, "bytes */20", ""),
        ("bytes=4-2", 200, "", TEXT),
        ("lines=1-2", 200, "", TEXT),
    ];
    for (range, status, content_range, body) in cases {
        let answer = site.get_with("/media/a.bin", &[("range", range)]);
        assert_eq!(
            (answer.status, answer.header("content-range")),
            (status, content_range),
            "{range}"
        );
        if status != 416 {
            assert_eq!(answer.body, body, "{range}");
            assert_eq!(answer.header("content-length"), body.len().to_string(), "{range}");
        }
    }
    let empty = site.get_with("/media/empty.bin", &[("range", "bytes=0-")]);
    assert_eq!((empty.status, empty.header("content-range")), (416, "bytes */0"));
    let whole = site.get("/media/empty.bin");
    assert_eq!((whole.status, whole.header("content-length")), (200, "0"));
}

#[test]
fn several_ranges_are_sent_as_multipart() {
    let site = site(&[("a.txt", TEXT)]);
    let answer = site.get_with("/media/a.txt", &[("range", "bytes=10-12, 0-1, -1")]);
    assert_eq!((answer.status, answer.header("content-range")), (206, ""));
    let boundary = answer
        .header("content-type")
        .strip_prefix("multipart/byteranges; boundary=")
        .unwrap();
    let part = |range: &str, body: &str| {
        format!("\r\n--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes {range}/20\r\n\r\n{body}")
    };
    let expected = [part("10-12", "abc"), part("0-1", "01"), part("19-19", "j")].concat() + &format!("\r\n--{boundary}--\r\n");
    assert_eq!(answer.body, expected);
    assert_eq!(answer.header("content-length"), expected.len().to_string());
    let many = format!("bytes={}", (0..17).map(|n| format!("{n}-{n}")).collect::<Vec<_>>().join(","));
    assert_eq!(
        site.get_with("/media/a.txt", &[("range", &many)]).status,
        200,
        "too many ranges get the whole"
    );
}

#[test]
fn a_range_of_another_version_gets_the_whole() {
    let site = site(&[("a.bin", TEXT)]);
    let first = site.get("/media/a.bin");
    let (etag, modified) = (first.header("etag").to_owned(), first.header("last-modified").to_owned());
    let weak = format!("W/{etag}");
    let cases = [
        ("the tag", etag.as_str(), 206),
        ("the date", &modified, 206),
        ("the tag, weak", &weak, 200),
        ("another tag", "\"x\"", 200),
        ("a later date", "Fri, 01 Jan 2999 00:00:00 GMT", 200),
        ("nothing", "", 200),
    ];
    for (name, if_range, status) in cases {
        let answer = site.get_with("/media/a.bin", &[("range", "bytes=0-1"), ("if-range", if_range)]);
        assert_eq!(answer.status, status, "{name}");
    }
}

#[test]
fn large_files_are_sent_whole_and_in_parts() {
    let text = (0..600_000).map(|n| format!("{n:09}")).collect::<Vec<_>>().join("\n");
    let site = site(&[("a.bin", &text)]);
    let whole = site.get("/media/a.bin");
    assert!(
        whole.body == text && whole.header("etag").starts_with('"'),
        "6 MB come as they are"
    );
    let part = site.get_with(
        "/media/a.bin",
        &[("range", "bytes=300000-4299999"), ("if-range", whole.header("etag"))],
    );
    assert!(part.status == 206 && part.body == text[300_000..4_300_000]);
    // a file that was just written may change without a new stamp: its tag is weak, and its parts are not combined
    site.write("a.bin", &text);
    let fresh = site.get("/media/a.bin");
    assert!(fresh.header("etag").starts_with("W/\""), "{}", fresh.header("etag"));
    let part = site.get_with("/media/a.bin", &[("range", "bytes=0-1"), ("if-range", fresh.header("etag"))]);
    assert_eq!(part.status, 200);
}

#[test]
fn a_file_truncated_while_it_is_sent_ends_the_response() {
    let site = site(&[("a.bin", &"x".repeat(32 << 20))]);
    let mut stream = TcpStream::connect(site.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(b"GET /media/a.bin HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut start = [0; 1000];
    stream.read_exact(&mut start).unwrap();
    fs::File::options()
        .write(true)
        .open(site.path().join("a.bin"))
        .unwrap()
        .set_len(1000)
        .unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(rest.len() < 32 << 20, "what is not there is not sent");
    assert_eq!(site.get("/healthz").status, 200);
}

#[test]
fn the_source_of_a_post_is_its_markdown() {
    let site = site(&[
        (
            "hello.md",
            "---\ntitle: Hello\ndate: 2026-01-02\nnote: to myself\n---\nSome *text*.\n",
        ),
        ("slashed.md", "---\npermalink: /a/b/\ndate: 2026-01-02\n---\nSlashed.\n"),
    ]);
    let source = site.get("/posts/hello.md");
    assert_eq!(
        (source.status, source.header("content-type")),
        (200, "text/markdown; charset=utf-8")
    );
    assert_eq!(source.body.trim(), "Some *text*.", "keys of the front matter may be private");
    assert_eq!(site.get("/a/b.md").body.trim(), "Slashed.");
}

fn raw(site: &TestSite, request: &str) -> String {
    let mut stream = TcpStream::connect(site.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
