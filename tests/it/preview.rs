//! Unpublished posts: shown to their author under `--preview`, to guests of a shared draft, and to no one else.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use camino::Utf8Path;
use feedmill::http::shared_drafts::ShareToken;
use feedmill::storage::Storage;
use feedmill::time::Timestamp;
use tempfile::TempDir;

use crate::commands::{Serving, feedmill, folder, run};
use crate::server::{Answer, TestSite, write};

/// The longest wait for a condition. Only a failure takes this long.
const PATIENCE: Duration = Duration::from_secs(20);

const BROWSER: (&str, &str) = ("accept", "text/html,*/*;q=0.8");

/// A post of each kind. Each unpublished post contains a word of its own.
const FILES: [(&str, &str); 10] = [
    (
        "open.md",
        "---\ntitle: Open words\ndate: 2026-01-01\ntags: [sea]\n---\nText.\n",
    ),
    (
        "draft/index.md",
        "---\ntitle: Kelpie\ndate: 2026-01-02\ndraft: true\ntags: [sea, kelpies]\nauthor: Ann Ott\nimage: cover.png\n---\n\
         Kelpie ![x](cat.png) ![y](../other/dog.png) [z](../later.md)\n",
    ),
    ("draft/cat.png", "cat"),
    ("draft/cover.png", "cover"),
    ("other/index.md", "---\ntitle: Otherkelp\ndraft: true\n---\nOtherkelp.\n"),
    ("other/dog.png", "dog"),
    (
        "later.md",
        "---\ntitle: Laterkelp\ndate: 2999-01-02T09:00:00Z\n---\nLaterkelp.\n",
    ),
    (
        "gone.md",
        "---\ntitle: Gonekelp\ndate: 2026-01-02\nexpiryDate: 2026-01-03\n---\nGonekelp.\n",
    ),
    (
        "mine.md",
        "---\ntitle: Minekelp\ndate: 2026-01-02\nprivate: true\n---\nMinekelp.\n",
    ),
    ("site.png", "site"),
];

/// For each unpublished post: its word, its future address, and the notice above it.
const KEPT_BACK: [(&str, &str, &str); 5] = [
    ("Kelpie", "/posts/draft", "Draft (front matter: draft). Only you see this."),
    ("Otherkelp", "/posts/other", "Draft (front matter: draft). Only you see this."),
    (
        "Laterkelp",
        "/posts/later",
        "Scheduled for 2 January 2999, 09:00 UTC (front matter: date). Until then only you see this.",
    ),
    (
        "Gonekelp",
        "/posts/gone",
        "Expired on 3 January 2026, 00:00 UTC. Only you see this.",
    ),
    (
        "Minekelp",
        "/posts/mine",
        "Private (front matter: private). Only you see this.",
    ),
];

/// The public addresses.
const TOLD: [&str; 19] = [
    "/rss.xml",
    "/atom.xml",
    "/feed.json",
    "/tags/sea/rss.xml",
    "/tags/sea",
    "/tags",
    "/authors",
    "/years",
    "/years/2026",
    "/api/posts",
    "/api/posts?q=kelpie",
    "/api/posts?include=content&per_page=200",
    "/api/tags",
    "/search?q=laterkelp",
    "/sitemap.xml",
    "/feeds.opml",
    "/subscribe",
    "/posts/open",
    "/nothing/here",
];

fn assert_confidential(answer: &Answer, path: &str) {
    assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    assert_eq!(answer.header("x-robots-tag"), "noindex", "{path}");
    assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
    assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
}

#[test]
fn the_author_reads_unpublished_posts_at_their_future_addresses() {
    let site = TestSite::preview(&FILES, "");
    for (word, address, why) in KEPT_BACK {
        let page = site.get_with(address, &[("accept-encoding", "br"), ("if-none-match", "*")]);
        assert_eq!(page.status, 200, "{address}");
        assert_confidential(&page, address);
        assert!(page.body.contains(word), "{address}");
        assert!(
            page.body.contains(&format!(">{why}</aside>")) && page.body.contains("<script src=\"/preview.js\""),
            "{address}: {}",
            page.body
        );
        let policy = page.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.ends_with("; script-src 'self'; connect-src 'self'"),
            "{policy}"
        );
        let source = site.get(&format!("{address}.md"));
        assert!(source.status == 200 && source.body.contains(word), "{source:?}");
        assert_confidential(&source, address);
    }
    let draft = site.get("/posts/draft").body;
    assert!(
        draft.contains("src=\"/media/draft/cat.png\"") && draft.contains("href=\"/posts/later\""),
        "{draft}"
    );
    for (path, body) in [("draft/cat.png", "cat"), ("other/dog.png", "dog"), ("site.png", "site")] {
        let file = site.get(&format!("/media/{path}"));
        assert_eq!((file.status, file.body.as_str()), (200, body), "{path}");
        assert_confidential(&file, path);
    }
    let home = site.get("/");
    assert_confidential(&home, "/");
    let (_, kept_back) = home.body.split_once(">Not published</h2>").unwrap();
    let (kept_back, public) = kept_back.split_once("</section>").unwrap();
    for (word, address, why) in KEPT_BACK {
        let state = why.split([' ', ',']).next().unwrap();
        assert!(
            kept_back.contains(&format!("<a href=\"{address}\">{word}</a>"))
                && kept_back.contains(&format!("<strong>{state}</strong>")),
            "{kept_back}"
        );
    }
    assert!(
        public.contains("Open words") && home.body.contains("1 post so far"),
        "{public}"
    );
}

#[test]
fn everything_else_in_a_preview_is_as_public() {
    let (public, preview) = (TestSite::start(&FILES, ""), TestSite::preview(&FILES, ""));
    let tidy = |text: &str| {
        let lines = text.lines().filter(|line| !line.starts_with("<script src="));
        lines.collect::<Vec<_>>().join("\n")
    };
    for path in TOLD {
        let (expected, shown) = (public.get_with(path, &[BROWSER]), preview.get_with(path, &[BROWSER]));
        assert_eq!(
            (shown.status, tidy(&shown.body)),
            (expected.status, tidy(&expected.body)),
            "{path}"
        );
        for (word, ..) in KEPT_BACK {
            assert!(!shown.body.replace("q=kelpie", "").contains(word), "{path}: {word}");
        }
    }
    let feed = preview.get("/rss.xml");
    let again = preview.get_with("/rss.xml", &[("if-none-match", feed.header("etag"))]);
    assert_eq!((again.status, feed.header("access-control-allow-origin")), (304, "*"));
}

#[test]
fn the_public_listener_shows_no_draft_whatever_the_request() {
    let public = TestSite::start(&FILES, "");
    let preview = TestSite::preview(&FILES, "");
    let cookie = ("cookie", preview.cookie());
    let (_, key) = preview.cookie().split_once('=').unwrap();
    // the first is what a proxy that passes on only the path sends: to feedmill it is this machine
    let headers: [&[(&str, &str)]; 6] = [
        &[BROWSER],
        &[BROWSER, ("host", "127.0.0.1:8080")],
        &[BROWSER, ("host", "localhost")],
        &[BROWSER, ("host", "rebound.example")],
        &[BROWSER, cookie],
        &[BROWSER, cookie, ("host", "localhost:8082")],
    ];
    for headers in headers {
        let hidden = ["/preview.js", "/preview/events", "/media/draft/cat.png", "/posts/mine.md"];
        for path in hidden.into_iter().chain(KEPT_BACK.map(|(_, address, _)| address)) {
            for answer in [
                public.get_with(path, headers),
                preview.get_public(path, headers),
                preview.get_public(&format!("{path}?key={key}"), headers),
            ] {
                assert!(matches!(answer.status, 404 | 410), "{headers:?} {path}: {answer:?}");
                assert_eq!(answer.header("set-cookie"), "");
            }
        }
        for path in TOLD.into_iter().chain(["/"]) {
            let page = preview.get_public(path, headers);
            assert_eq!(page.status, public.get_with(path, &[BROWSER]).status, "{path}");
            assert!(
                !page.body.contains("<script src=") && !page.body.contains("Not published"),
                "{headers:?} {path}"
            );
            assert!(
                !page.header("content-security-policy").contains("script-src"),
                "{headers:?} {path}"
            );
            for (word, ..) in KEPT_BACK {
                assert!(!page.body.contains(word), "{headers:?} {path}: {word}");
            }
        }
    }
}

#[test]
fn the_preview_shows_nothing_without_its_key_through_a_proxy_or_under_another_name() {
    let preview = TestSite::preview(&FILES, "");
    let other = TestSite::preview(&FILES, "");
    let cookie = ("cookie", preview.cookie());
    let without = ("cookie", "a=b");
    let cases: [(&str, Vec<(&str, &str)>); 7] = [
        ("no cookie", vec![without]),
        ("the cookie of another preview", vec![("cookie", other.cookie())]),
        ("a foreign name", vec![cookie, ("host", "rebound.example")]),
        ("the site's name", vec![cookie, ("host", "example.com")]),
        ("a proxy", vec![cookie, ("x-forwarded-for", "127.0.0.1")]),
        ("another proxy", vec![cookie, ("x-real-ip", "127.0.0.1")]),
        ("a third", vec![cookie, ("forwarded", "for=127.0.0.1")]),
    ];
    let paths = [
        "/",
        "/rss.xml",
        "/preview.js",
        "/preview/events",
        "/media/draft/cat.png",
        "/media/site.png",
        "/nothing",
    ];
    for (name, headers) in cases {
        for path in paths.into_iter().chain(KEPT_BACK.map(|(_, address, _)| address)) {
            for with in [headers.clone(), [headers.clone(), vec![BROWSER]].concat()] {
                let answer = preview.get_with(path, &with);
                assert_eq!(answer.status, 403, "{name} {path}: {answer:?}");
                assert_confidential(&answer, path);
                for word in KEPT_BACK.map(|(word, ..)| word).into_iter().chain(["Open words"]) {
                    assert!(!answer.body.contains(word), "{name} {path}: {word}");
                }
            }
        }
    }
    let other_method = preview.request("POST", "/posts/draft", &[without]);
    assert!(
        other_method.status >= 400 && !other_method.body.contains("Kelpie"),
        "{other_method:?}"
    );
}

#[test]
fn redirects_of_a_preview_stay_on_this_machine() {
    let site = TestSite::preview(&FILES, "[site]\nbase_url = 'https://example.com'\n");
    fs::rename(site.path().join("open.md"), site.path().join("wide-open.md")).unwrap();
    let moved = site.wait_for("/posts/open", |answer| answer.status == 301);
    assert_eq!(moved.header("location"), "/posts/wide-open");
    assert_confidential(&moved, "/posts/open");
}

/// The lines of `/preview/events`.
struct Stream(BufReader<TcpStream>);

impl Stream {
    fn open(address: &str, cookie: &str) -> Stream {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(
            stream,
            "GET /preview/events HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\nAccept: text/event-stream\r\n\r\n"
        )
        .unwrap();
        Stream(BufReader::new(stream))
    }

    /// Returns the first line for which `wanted` is true; `None` at the end of the stream.
    fn next(&mut self, wanted: impl Fn(&str) -> bool) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if wanted(line.trim_end()) {
                return Some(line.trim_end().to_owned());
            }
        }
    }

    /// Returns the instant in the next event.
    fn site(&mut self) -> Option<Timestamp> {
        let line = self.next(|line| line.starts_with("data: "))?;
        Some(line.trim_start_matches("data: ").parse().unwrap())
    }
}

/// Returns the instant in `page`.
fn site_of(page: &str) -> Timestamp {
    let (_, rest) = page.split_once("data-site=\"").unwrap();
    rest.split('"').next().unwrap().parse().unwrap()
}

#[test]
fn each_new_site_is_sent_to_open_pages_and_streams_are_kept_alive() {
    let site = TestSite::preview(&FILES, "[server]\nidle_timeout = 1\nwrite_timeout = 1\n");
    let mut stream = Stream::open(site.address(), site.cookie());
    assert_eq!(stream.next(|line| line.starts_with("HTTP/")).unwrap(), "HTTP/1.1 200 OK");
    assert_eq!(
        stream.next(|line| line.starts_with("content-type")).unwrap(),
        "content-type: text/event-stream"
    );
    let first = stream.site().unwrap();
    assert!(first <= site_of(&site.get("/").body));
    // longer than the idle timeout
    for _ in 0..4 {
        stream.next(|line| line == ":").unwrap();
    }
    let since = Instant::now();
    site.write("draft/index.md", "---\ntitle: Kelpie\ndraft: true\n---\nOther words.\n");
    let second = stream.site().unwrap();
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    assert!(second > first, "{second} after {first}");
    let page = site.get("/posts/draft").body;
    assert!(
        page.contains("Other words") && site_of(&page) >= second,
        "the announced site can be read"
    );
    let script = site.get("/preview.js");
    assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
}

#[test]
fn the_number_of_streams_is_limited_and_permits_are_returned() {
    let site = TestSite::preview(&FILES, "");
    let open = || {
        let mut stream = Stream::open(site.address(), site.cookie());
        let status = stream.next(|line| line.starts_with("HTTP/")).unwrap();
        (stream, status)
    };
    let mut streams = Vec::new();
    let refused = loop {
        let (stream, status) = open();
        if !status.contains("200") {
            break status;
        }
        streams.push(stream);
        assert!(streams.len() < 200, "there is no end of them");
    };
    assert!(refused.contains("503"), "{refused}");
    drop(streams);
    let since = Instant::now();
    while !open().1.contains("200") {
        assert!(since.elapsed() < PATIENCE, "no place came back");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Returns the address of the preview in `welcome`, with its key.
fn printed(welcome: &[String]) -> &str {
    let line = welcome.iter().find(|line| line.starts_with("  preview  ")).unwrap();
    line.trim_start_matches("  preview  ")
}

#[test]
fn serve_prints_the_address_of_its_preview_and_ends_at_once() {
    let site = folder(&[("posts/a.md", "---\ntitle: A\ndate: 2026-01-01\n---\n")]);
    let refused = |address: &str| {
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--preview", "--preview-listen", address];
        run(&mut feedmill(site.path(), &arguments))
    };
    for (address, expected) in [
        ("0.0.0.0:0", "can be reached from other machines"),
        ("unix:preview.sock", "needs an address with a port"),
        ("nonsense", "cannot listen at nonsense for the preview"),
    ] {
        let (status, _, err) = refused(address);
        assert!(status == 2 && err.contains(expected), "{address}: {err}");
    }

    let mut serving = Serving::start(site.path(), &["--preview"]);
    let welcome = serving.until("Ctrl-C ends it");
    let url = printed(&welcome).to_owned();
    let (address, key) = url.strip_prefix("http://").unwrap().split_once("/?key=").unwrap();
    assert!(address.starts_with("127.0.0.1:") && key.len() == 43, "{url}");
    let read = welcome.iter().find(|line| line.starts_with("  read")).unwrap();
    assert_ne!(read.split('/').nth(2).unwrap(), address);
    write(site.path(), "posts/b.md", "---\ntitle: B\ndraft: true\n---\n");
    let line = serving.until("+ b.md").pop().unwrap();
    assert_eq!(line, "+ b.md is a draft (front matter: draft), in the preview at /posts/b");
    let agent: ureq::Agent = ureq::Agent::config_builder().max_redirects(0).build().into();
    let led = agent.get(&url).call().unwrap();
    let cookie = led.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let page = agent
        .get(format!("http://{address}/posts/b"))
        .header("cookie", &cookie)
        .call()
        .unwrap();
    assert_eq!(page.status(), 200);
    let mut stream = Stream::open(address, &cookie);
    stream.site().unwrap();
    let since = Instant::now();
    serving.signal(rustix::process::Signal::TERM);
    assert_eq!(stream.site(), None, "the stream ends with the server");
    assert_eq!(serving.ended(), Some(0));
    assert!(since.elapsed() < Duration::from_secs(5), "it waited for the stream");

    // the next start has another key, and another port if the default port is taken
    let holder = std::net::TcpListener::bind("127.0.0.1:8082");
    let serving = Serving::start(site.path(), &["--preview"]);
    let again = printed(&serving.until("Ctrl-C ends it")).to_owned();
    assert!(again.contains("/?key=") && !again.contains(key), "{again}");
    drop((holder, serving));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (status, _, err) = refused(&taken.local_addr().unwrap().to_string());
    assert!(status == 2 && err.contains("for the preview"), "{err}");
}

/// Starts a site with its state in a temporary folder.
fn sharing() -> (TestSite, TempDir) {
    let state = TempDir::new().unwrap();
    let config = format!("[state]\ndir = '{}'\n", state.path().display());
    (TestSite::start(&FILES, &config), state)
}

fn token(state: &TempDir, source: &str) -> String {
    let key = Storage::sqlite(Utf8Path::from_path(state.path()).unwrap())
        .get_or_create_share_key()
        .unwrap();
    ShareToken::create(&key, source.into(), 7, Timestamp::now()).unwrap().0
}

#[test]
fn a_shared_draft_is_served_with_its_files_and_nothing_else() {
    let (site, state) = sharing();
    let token = token(&state, "draft/index.md");
    let address = format!("/shared/{token}");
    let page = site.get(&address);
    assert_eq!(page.status, 200, "{page:?}");
    for (name, value) in [
        ("cache-control", "no-store, private"),
        ("x-robots-tag", "noindex, nofollow, noarchive"),
        ("referrer-policy", "no-referrer"),
        ("access-control-allow-origin", ""),
        ("link", ""),
        ("etag", ""),
    ] {
        assert_eq!(page.header(name), value, "{name}");
    }
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    assert!(
        page.body.contains(">A draft, shared with you until ") && page.body.contains("Please do not pass it on.</aside>"),
        "{}",
        page.body
    );
    for absent in [
        "rel=\"alternate\"",
        "rel=\"canonical\"",
        "rel=\"prev\"",
        "rel=\"next\"",
        "application/ld+json",
        "<script",
        "og:",
        "/posts/draft",
        "Laterkelp",
    ] {
        assert!(!page.body.contains(absent), "{absent}");
    }
    let own = format!("{address}/draft/cat.png");
    assert!(page.body.contains(&format!("src=\"{own}\"")), "{}", page.body);
    assert!(
        page.body.contains(&format!("src=\"{address}/draft/cover.png\"")),
        "{}",
        page.body
    );
    let part = site.get_with(&own, &[("range", "bytes=1-")]);
    assert_eq!((part.status, part.body.as_str()), (206, "at"));
    assert_eq!(part.header("cache-control"), "no-store, private");
    let cases = [
        ("draft/cat.png", 200),
        ("site.png", 200),
        ("other/dog.png", 404),
        ("draft/none.png", 404),
        ("draft/index.md", 404),
        ("draft/../other/dog.png", 404),
    ];
    for (path, status) in cases {
        assert_eq!(site.get(&format!("{address}/{path}")).status, status, "{path}");
    }
    // the public site is unchanged
    for path in TOLD.into_iter().chain(["/", "/posts/draft", "/media/draft/cat.png"]) {
        assert!(!site.get_with(path, &[BROWSER]).body.contains("Kelpie"), "{path}");
    }
}

#[test]
fn addresses_without_a_valid_token_are_unknown() {
    let (site, state) = sharing();
    let good = token(&state, "draft/index.md");
    let key = Storage::sqlite(Utf8Path::from_path(state.path()).unwrap())
        .get_or_create_share_key()
        .unwrap();
    let long_ago = Timestamp::now() - jiff::SignedDuration::from_hours(24 * 8);
    let of = |key, path: &str, now| ShareToken::create(key, path.into(), 7, now).unwrap().0;
    let cases = [
        ("expired", of(&key, "draft/index.md", long_ago)),
        ("by another key", of(&[1; 32], "draft/index.md", Timestamp::now())),
        ("of no file", of(&key, "never.md", Timestamp::now())),
        (
            "forged",
            format!("{}{}", &good[..37], if good.ends_with('A') { 'Q' } else { 'A' }),
        ),
        ("cut", good[..37].to_owned()),
        ("made up", "A".repeat(38)),
    ];
    for headers in [&[BROWSER][..], &[]] {
        let said = |path: &str| {
            let mut answer = site.get_with(path, headers);
            let id = answer.header("x-request-id").to_owned();
            answer.headers.remove("x-request-id");
            answer.headers.remove("date");
            (answer.status, format!("{:?}", answer.headers), answer.body.replace(&id, "ID"))
        };
        let unknown = said("/nothing/here");
        assert_eq!(unknown.0, 404);
        for (name, token) in &cases {
            assert_eq!(said(&format!("/shared/{token}")), unknown, "{name}");
            assert_eq!(said(&format!("/shared/{token}/draft/cat.png")), unknown, "{name}");
        }
        assert_eq!(said(&format!("/shared/{good}/other/dog.png")), unknown);
        assert_eq!(said(&format!("/shared/{good}/")), unknown);
    }
    assert_eq!(site.get(&format!("/shared/{good}")).status, 200);
}

#[test]
fn a_published_draft_redirects_and_a_renamed_or_revoked_one_is_unknown() {
    let (site, state) = sharing();
    let addresses = ["draft/index.md", "mine.md", "other/index.md"].map(|path| format!("/shared/{}", token(&state, path)));
    let [draft, mine, other] = &addresses;
    for address in &addresses {
        assert_eq!(site.get(address).status, 200);
    }
    site.write("draft/index.md", "---\ntitle: Kelpie\ndate: 2026-01-02\n---\nPublic.\n");
    let led = site.wait_for(draft, |answer| answer.status != 200);
    assert_eq!((led.status, led.header("cache-control")), (303, "no-store, private"));
    assert!(led.header("location").ends_with("/posts/draft"), "{led:?}");
    fs::rename(site.path().join("mine.md"), site.path().join("still-mine.md")).unwrap();
    site.wait_for(mine, |answer| answer.status == 404);
    Storage::sqlite(Utf8Path::from_path(state.path()).unwrap())
        .replace_share_key()
        .unwrap();
    assert_eq!(site.get(other).status, 404);
}

#[test]
fn share_prints_an_address_that_a_later_serve_answers_and_no_log_contains() {
    let site = folder(&[
        ("posts/open.md", "---\ntitle: Open\ndate: 2026-01-01\n---\n"),
        ("posts/draft.md", "---\ntitle: Kelpie\ndraft: true\n---\nKelpie.\n"),
    ]);
    let (status, out, err) = run(&mut feedmill(site.path(), &["share", "posts/draft.md", "--days", "3"]));
    assert_eq!(status, 0, "{err}");
    assert!(
        err.contains("can read the draft until ") && err.contains("--base-url"),
        "{err}"
    );
    let token = out.trim_end().strip_prefix("http://127.0.0.1:8080/shared/").unwrap();
    let serving = Serving::start(site.path(), &["--access-log"]);
    let welcome = serving.until("Ctrl-C ends it");
    let read = welcome.iter().find(|line| line.starts_with("  read")).unwrap();
    let url = format!("http://{}/shared/{token}", read.split('/').nth(2).unwrap());
    let page = ureq::get(&url).call().unwrap().body_mut().read_to_string().unwrap();
    assert!(page.contains("Kelpie"));
    let logged = serving.until("/shared/…");
    assert!(!logged.iter().any(|line| line.contains(token)), "{logged:#?}");

    let (status, out, err) = run(&mut feedmill(site.path(), &["share", "--revoke-all"]));
    assert_eq!((status, out.as_str()), (0, ""), "{err}");
    assert!(ureq::get(&url).call().is_err(), "it holds no more");

    let cases: [(&[&str], &str); 5] = [
        (&["share"], "FILE"),
        (
            &["share", "posts/open.md"],
            "is public already, at http://127.0.0.1:8080/posts/open",
        ),
        (&["share", "posts/none.md"], "there is no file posts/none.md"),
        (&["share", "posts/draft.md", "--days", "91"], "a whole number from 1 to 90"),
        (&["share", "posts/draft.md", "--revoke-all"], "cannot be used with"),
    ];
    for (arguments, expected) in cases {
        let (status, out, err) = run(&mut feedmill(site.path(), arguments));
        assert!(
            status == 2 && out.is_empty() && err.contains(expected),
            "{arguments:?}: {err}"
        );
    }
}
