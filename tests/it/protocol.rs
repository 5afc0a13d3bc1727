//! HTTP by RFC 9110 and 9111, tested on the real server.

use std::io::Read;

use feedmill::http::request::Request;
use feedmill::http::routes::answer;
use feedmill::http::target::Target;
use feedmill::site::Site;
use feedmill::time::Timestamp;
use http::{HeaderName, HeaderValue};

use crate::server::{Answer, TestSite};

const CONFIG: &str = "[site]\nbase_url = 'https://example.com'\n[feed]\nlimit = 2\n";

fn site() -> TestSite {
    let body = "Words that are worth a coding. ".repeat(40);
    let post = |n: usize| {
        format!("---\ntitle: Post {n}\ndate: 2026-01-0{n}\ntags: [c++, 日本語, Field Notes]\nauthor: Ann\n---\n{body}\n")
    };
    let files: Vec<(String, String)> = (1..=5).map(|n| (format!("notes/p{n}.md"), post(n))).collect();
    let mut files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    files.push(("slashed.md", "---\ntitle: S\ndate: 2025-01-01\npath: /old/place/\n---\n"));
    TestSite::start(&files, CONFIG)
}

/// An address of every kind of document.
const DOCUMENTS: [&str; 8] = [
    "/rss.xml",
    "/atom.xml",
    "/feed.json",
    "/archive/1/rss.xml",
    "/tags/c%2B%2B/atom.xml",
    "/api/posts",
    "/posts/p1",
    "/",
];

/// Addresses that may be answered at once, and others that are similar.
const READY_OR_SIMILAR: [&str; 30] = [
    "/rss.xml",
    "/atom.xml",
    "/feed.json",
    "/rss.xml?",
    "/rss.xml?x=1",
    "/rss%2Exml",
    "//rss.xml",
    "/tags/c%2B%2B/atom.xml",
    "/tags/C++/atom.xml",
    "/archive/1/rss.xml",
    "/archive/9/rss.xml",
    "/",
    "/page/2",
    "/page/9",
    "/years",
    "/years/2026",
    "/tags",
    "/tags/c%2B%2B",
    "/subscribe",
    "/posts/p1",
    "/posts/p1?q=1",
    "/posts/p9",
    "/posts/hidden",
    "/old/place/",
    "/style.css",
    "/api/posts",
    "/api/posts?page=2&per_page=2&tag=c%2B%2B",
    "/api/posts?page=2&page=2",
    "/api/posts?q=words",
    "/healthz",
];

#[test]
fn a_document_that_exists_is_answered_as_if_it_were_made_now() {
    const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";
    let site = site();
    site.write(
        "hidden.md",
        "---\ntitle: H\ndate: 2026-01-06\nstatus: unlisted\n---\nKnown to few.\n",
    );
    site.wait_for("/posts/hidden", |answer| answer.status == 200);
    for path in READY_OR_SIMILAR {
        let tag = site.get(path).header("etag").to_owned();
        let requests: [&[(&str, &str)]; 11] = [
            &[],
            &[("accept-encoding", "br, gzip;q=0.5")],
            &[("accept-encoding", "identity;q=0, *;q=0")],
            &[("accept-encoding", "*;q=0"), ("accept", BROWSER)],
            &[("if-none-match", &tag)],
            &[("if-none-match", "\"a\", *")],
            &[("if-match", "\"a\"")],
            &[("if-modified-since", "Tue, 01 Jan 2999 00:00:00 GMT")],
            &[("accept", BROWSER)],
            &[
                ("accept", BROWSER),
                ("sec-fetch-dest", "document"),
                ("sec-fetch-mode", "navigate"),
            ],
            &[("a-im", "feed"), ("if-none-match", "\"a\"")],
        ];
        for headers in requests {
            let made = answer_without_ready(&site.site(), path, headers);
            let made_type = made.headers().get("content-type").map_or("", |value| value.to_str().unwrap());
            for method in ["GET", "HEAD"] {
                let mut served = site.request_bytes(method, path, headers);
                let id = served.headers.remove("x-request-id").unwrap();
                assert_eq!(id.len(), 16, "{path}");
                let name = format!("{method} {path} {headers:?}");
                assert_eq!(served.status, made.status().as_u16(), "{name}");
                // the server turns such an error into a page
                if headers.contains(&("accept", BROWSER)) && served.header("content-type") != made_type {
                    assert!(made.status().is_client_error(), "{name}");
                    continue;
                }
                for (field, value) in made.headers() {
                    if field != "x-request-id" {
                        assert_eq!(served.header(field.as_str()), value.to_str().unwrap(), "{name} {field}");
                    }
                }
                // what the server adds, and the length of what it does not send
                for (field, _) in &served.headers {
                    let is_added = [
                        "date",
                        "content-length",
                        "x-content-type-options",
                        "access-control-allow-origin",
                        "access-control-expose-headers",
                    ];
                    let is_error = made.status().is_client_error();
                    let is_expected =
                        is_error || made.headers().contains_key(field.as_str()) || is_added.contains(&field.as_str());
                    assert!(is_expected, "{name}: {field}");
                }
                if method == "GET" && !made.status().is_client_error() {
                    assert_eq!(served.body, made.body().as_ref(), "{name}");
                }
            }
        }
    }
}

/// The response of `site` to a GET request, made from nothing that exists.
fn answer_without_ready(site: &Site, address: &str, fields: &[(&str, &str)]) -> http::Response<bytes::Bytes> {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let headers = fields
        .iter()
        .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap()))
        .collect();
    let target = Target::parse(path);
    answer(site, &Request::new(target.as_ref(), path, query, &headers, Timestamp::now()))
}

#[test]
fn requests_that_are_answered_at_once_count_for_the_rate_limit() {
    let site = TestSite::start(&[("a.md", "A tide.\n")], "[pace]\nrequests_per_minute = 1\nburst = 1\n");
    assert_eq!(site.get("/rss.xml").status, 200);
    for path in ["/rss.xml", "/", "/posts/a", "/api/posts"] {
        let refused = site.get(path);
        assert_eq!(refused.status, 429, "{path}");
        assert!(!refused.header("retry-after").is_empty(), "{path}");
    }
}

#[test]
fn every_coding_has_its_own_strong_tag_and_the_same_content() {
    let site = site();
    for path in DOCUMENTS {
        let plain = site.get_bytes(path, &[]);
        let gzip = site.get_bytes(path, &[("accept-encoding", "gzip")]);
        let brotli = site.get_bytes(path, &[("accept-encoding", "gzip, br")]);
        let coding = |answer: &Answer<Vec<u8>>| answer.header("content-encoding").to_owned();
        assert_eq!([coding(&plain), coding(&gzip), coding(&brotli)], ["", "gzip", "br"], "{path}");
        for answer in [&plain, &gzip, &brotli] {
            assert!(answer.header("vary").contains("Accept-Encoding"), "{path}: {answer:?}");
            assert_eq!(answer.header("content-length"), answer.body.len().to_string(), "{path}");
            let tag = answer.header("etag");
            assert!(tag.starts_with('"') && tag.len() > 20, "{path}: {tag}");
        }
        let tags = std::collections::BTreeSet::from([plain.header("etag"), gzip.header("etag"), brotli.header("etag")]);
        assert_eq!(tags.len(), 3, "{path}");
        let mut decoded = Vec::new();
        flate2::read::GzDecoder::new(&*gzip.body).read_to_end(&mut decoded).unwrap();
        assert_eq!(decoded, plain.body, "{path}");
        decoded.clear();
        brotli::BrotliDecompress(&mut &*brotli.body, &mut decoded).unwrap();
        assert_eq!(decoded, plain.body, "{path}");
    }
    let refused = site.get_with("/rss.xml", &[("accept-encoding", "identity;q=0, *;q=0")]);
    assert_eq!((refused.status, refused.header("vary")), (406, "Accept-Encoding"));
}

#[test]
fn a_304_renews_a_kept_response_and_head_has_the_header_of_get() {
    let site = site();
    for path in DOCUMENTS {
        for accepted in ["identity", "gzip", "br"] {
            let get = site.get_bytes(path, &[("accept-encoding", accepted)]);
            let conditional = [("accept-encoding", accepted), ("if-none-match", get.header("etag"))];
            let unchanged = site.get_bytes(path, &conditional);
            assert_eq!((unchanged.status, unchanged.body.len()), (304, 0), "{path} {accepted}");
            for name in ["etag", "vary", "cache-control", "access-control-allow-origin"] {
                assert_eq!(unchanged.header(name), get.header(name), "{path} {accepted}: {name}");
            }
            // fields of the document are not sent again (RFC 9110, section 15.4.5)
            for name in [
                "content-type",
                "content-encoding",
                "last-modified",
                "link",
                "access-control-expose-headers",
            ] {
                assert_eq!(unchanged.header(name), "", "{path} {accepted}: {name}");
            }
            let head = site.request("HEAD", path, &[("accept-encoding", accepted)]);
            for name in [
                "etag",
                "vary",
                "content-type",
                "content-length",
                "content-encoding",
                "cache-control",
                "last-modified",
                "link",
            ] {
                assert_eq!(head.header(name), get.header(name), "{path} {accepted}: {name}");
            }
            assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
            assert_eq!(site.request("HEAD", path, &conditional).status, 304, "{path}");
        }
        // another coding is another representation
        let gzip = site.get_bytes(path, &[("accept-encoding", "gzip")]);
        assert_eq!(
            site.get_with(path, &[("if-none-match", gzip.header("etag"))]).status,
            200,
            "{path}"
        );
        assert_eq!(site.get_with(path, &[("if-match", "\"other\"")]).status, 412, "{path}");
    }
}

#[test]
fn last_modified_is_in_the_past_and_is_compared() {
    let site = site();
    let feed = site.get("/rss.xml");
    let modified = httpdate::parse_http_date(feed.header("last-modified")).unwrap();
    assert!(modified <= httpdate::parse_http_date(feed.header("date")).unwrap());
    assert_eq!(
        site.get_with("/rss.xml", &[("if-modified-since", feed.header("last-modified"))])
            .status,
        304
    );
    let before = httpdate::fmt_http_date(modified - std::time::Duration::from_secs(1));
    assert_eq!(site.get_with("/rss.xml", &[("if-modified-since", &before)]).status, 200);
    // without its newest post the feed has changed, and must not look older
    std::fs::remove_file(site.path().join("notes/p5.md")).unwrap();
    let is_after = |answer: &Answer| answer.header("etag") != feed.header("etag") && !answer.header("last-modified").is_empty();
    let after = site.wait_for("/rss.xml", is_after);
    assert!(httpdate::parse_http_date(after.header("last-modified")).unwrap() > modified);
}

#[test]
fn two_changes_in_one_second_have_two_dates() {
    let site = site();
    let mut dates = Vec::new();
    let mut tags = Vec::new();
    for version in 0..3 {
        site.write(
            "notes/p5.md",
            &format!("---\ntitle: Version {version}\ndate: 2026-01-05\n---\n"),
        );
        let changed = site.wait_for("/atom.xml", |answer| answer.body.contains(&format!("Version {version}")));
        tags.push(changed.header("etag").to_owned());
        // a date ahead of the clock is not sent until the clock reaches it
        let shown = site.wait_for("/atom.xml", |answer| !answer.header("last-modified").is_empty());
        assert_eq!(shown.header("etag"), changed.header("etag"));
        dates.push(httpdate::parse_http_date(shown.header("last-modified")).unwrap());
    }
    assert!(
        dates.is_sorted_by(|one, next| one < next) && tags[0] != tags[1] && tags[1] != tags[2],
        "{dates:?} {tags:?}"
    );
}

#[test]
fn methods() {
    let site = site();
    for path in ["/rss.xml", "/nothing", "/api/posts"] {
        for (method, status) in [
            ("POST", 405),
            ("PUT", 405),
            ("DELETE", 405),
            ("PATCH", 405),
            ("FOO", 501),
            ("OPTIONS", 204),
        ] {
            let answer = site.request(method, path, &[("content-length", "0")]);
            assert_eq!(
                (answer.status, answer.header("allow")),
                (status, "GET, HEAD, OPTIONS"),
                "{method} {path}"
            );
        }
    }
}

#[test]
fn scripts_of_other_sites_may_read_responses() {
    let site = site();
    for path in ["/feed.json", "/api/posts", "/api/posts?page=0", "/nothing"] {
        let answer = site.get_with(path, &[("origin", "https://reader.example")]);
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        for name in ["ETag", "Link", "Retry-After"] {
            assert!(
                answer.header("access-control-expose-headers").contains(name),
                "{path}: {name}"
            );
        }
    }
    let asked = [
        ("origin", "https://reader.example"),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "if-none-match"),
    ];
    let preflight = site.request("OPTIONS", "/feed.json", &asked);
    assert_eq!(
        (preflight.status, preflight.header("access-control-allow-methods")),
        (204, "GET, HEAD")
    );
    for name in ["If-None-Match", "If-Modified-Since", "A-IM"] {
        assert!(preflight.header("access-control-allow-headers").contains(name), "{name}");
    }
    let tag = site.get("/feed.json").header("etag").to_owned();
    // a script that sent a condition sees the 304 itself
    let unchanged = site.get_with("/feed.json", &[("origin", "https://reader.example"), ("if-none-match", &tag)]);
    assert_eq!(
        (unchanged.status, unchanged.header("access-control-allow-origin")),
        (304, "*")
    );
    for name in ["ETag", "Link", "X-Request-Id"] {
        assert!(unchanged.header("access-control-expose-headers").contains(name), "{name}");
    }
    assert_ne!((unchanged.header("etag"), unchanged.header("link")), ("", ""));
}

#[test]
fn a_304_has_the_date_for_clients_that_compare_dates() {
    let site = site();
    for path in DOCUMENTS {
        let get = site.get(path);
        let modified = get.header("last-modified");
        if modified.is_empty() {
            continue;
        }
        let unchanged = site.get_with(path, &[("if-modified-since", modified)]);
        assert_eq!(
            (unchanged.status, unchanged.header("last-modified")),
            (304, modified),
            "{path}"
        );
        assert_eq!(unchanged.header("content-type"), "", "{path}");
    }
}

#[test]
fn moved_paths_redirect_in_one_hop() {
    let config = format!(
        "{CONFIG}[[redirect]]\nfrom = '/old-feed'\nto = '/rss.xml'\n[[redirect]]\nfrom = '/away'\nto = 'https://elsewhere.example/x'\n\
         [[redirect]]\nfrom = '/été'\nto = '/posts/a'\n"
    );
    let site = TestSite::start(
        &[
            ("a.md", "---\ndate: 2026-01-01\ntags: [Field Notes, été]\n---\n"),
            ("s.md", "---\ndate: 2025-01-01\npath: /old/place/\n---\n"),
        ],
        &config,
    );
    let cases = [
        ("/feed.xml", "/rss.xml"),
        ("/feed/", "/rss.xml"),
        ("/atom", "/atom.xml"),
        ("/index.json", "/feed.json"),
        ("/tags/Field%20Notes", "/tags/field-notes"),
        ("/tags/FIELD-NOTES/rss.xml", "/tags/field-notes/rss.xml"),
        ("/tags/field-notes/", "/tags/field-notes"),
        ("/page/1", "/"),
        ("/posts/a/", "/posts/a"),
        ("/old/place", "/old/place/"),
        ("/old-feed", "/rss.xml"),
        ("/%C3%A9t%C3%A9", "/posts/a"),
        ("/api/posts/?tag=none&per_page=3", "/api/posts?tag=none&per_page=3"),
        ("/posts/a/?from=a%20reader", "/posts/a?from=a%20reader"),
        ("/tags/été/?é", "/tags/%C3%A9t%C3%A9?%C3%A9"),
    ];
    for (from, to) in cases {
        let answer = site.get(from);
        assert_eq!(
            (answer.status, answer.header("location")),
            (301, format!("https://example.com{to}").as_str()),
            "{from}"
        );
        assert_eq!(site.get(to).status, 200, "{to}");
    }
    assert_eq!(site.get("/away").header("location"), "https://elsewhere.example/x");
}

#[test]
fn the_address_feed_is_negotiated() {
    let site = site();
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let cases = [
        ("*/*", "application/rss+xml; charset=utf-8", "/rss.xml"),
        ("application/atom+xml", "application/atom+xml; charset=utf-8", "/atom.xml"),
        ("application/feed+json", "application/feed+json; charset=utf-8", "/feed.json"),
        (browser, "text/html; charset=utf-8", "/subscribe"),
    ];
    for scope in ["", "/tags/c%2B%2B"] {
        for (accepted, media_type, path) in cases {
            let answer = site.get_with(&format!("{scope}/feed"), &[("accept", accepted)]);
            assert_eq!(
                (answer.status, answer.header("content-type")),
                (200, media_type),
                "{scope} {accepted}"
            );
            assert_eq!(answer.header("content-location"), format!("https://example.com{scope}{path}"));
            assert_eq!(answer.header("vary"), "Accept-Encoding, Accept, A-IM");
            assert_eq!(answer.body, site.get(&format!("{scope}{path}")).body);
            let known = [("accept", accepted), ("if-none-match", answer.header("etag"))];
            let unchanged = site.get_with(&format!("{scope}/feed"), &known);
            let place = |answer: &Answer| answer.header("content-location").to_owned();
            assert_eq!(
                (unchanged.status, place(&unchanged)),
                (304, place(&answer)),
                "{scope} {accepted}"
            );
        }
    }
    assert_eq!(site.get("/tags/none/feed").status, 404);
    let refused = site.get_with("/feed", &[("accept-encoding", "identity;q=0")]);
    assert_eq!((refused.status, refused.header("content-location")), (406, ""));
}

#[test]
fn feeds_link_to_themselves_and_related_documents() {
    let site = site();
    let newest = site.get("/atom.xml");
    let links = newest.header("link");
    for link in [
        "<https://example.com/atom.xml>; rel=\"self\"; type=\"application/atom+xml\"",
        "<https://example.com/rss.xml>; rel=\"alternate\"; type=\"application/rss+xml\"",
        "<https://example.com/>; rel=\"alternate\"; type=\"text/html\"",
        "<https://example.com/archive/3/atom.xml>; rel=\"prev-archive\"",
    ] {
        assert!(links.contains(link), "{link} is not in {links}");
    }
    let archive = site.get("/archive/2/atom.xml");
    for link in [
        "/archive/1/atom.xml>; rel=\"prev-archive\"",
        "/archive/3/atom.xml>; rel=\"next-archive\"",
        "/atom.xml>; rel=\"current\"",
    ] {
        assert!(
            archive.header("link").contains(link),
            "{link} is not in {}",
            archive.header("link")
        );
    }
    assert!(
        site.get("/")
            .header("link")
            .contains("<https://example.com/feed.json>; rel=\"alternate\"")
    );
}

#[test]
fn cache_control_has_the_configured_lifetimes() {
    let site = site();
    assert_eq!(
        site.get("/rss.xml").header("cache-control"),
        "public, max-age=300, stale-while-revalidate=600, stale-if-error=86400"
    );
    assert_eq!(site.get("/posts/p1").header("cache-control"), "no-cache");
    for path in ["/nothing", "/api/posts?page=0"] {
        assert_eq!(site.get(path).header("cache-control"), "no-store", "{path}");
    }
    // no cache keeps a response past a scheduled post
    let soon = feedmill::time::Timestamp::now() + jiff::SignedDuration::from_secs(60);
    let scheduled = TestSite::start(
        &[("later.md", &format!("---\ndate: {soon}\n---\n"))],
        "[cache]\nfeeds = 3600\n",
    );
    let answer = scheduled.get("/rss.xml");
    let max_age = answer
        .header("cache-control")
        .split_once("max-age=")
        .unwrap()
        .1
        .split(',')
        .next()
        .unwrap()
        .parse::<u32>()
        .unwrap();
    assert!((1..=60).contains(&max_age), "{answer:?}");
    let never = TestSite::start(&[], "[cache]\nfeeds = 0\n");
    assert_eq!(never.get("/rss.xml").header("cache-control"), "no-cache");
}

#[test]
fn addresses_are_decoded_once() {
    let site = site();
    for path in [
        "/tags/c%2B%2B",
        "/tags/c%2b%2b/rss.xml",
        "/tags/%E6%97%A5%E6%9C%AC%E8%AA%9E/feed.json",
        "/tags/field-notes",
        "/authors/ann",
    ] {
        assert_eq!(site.get(path).status, 200, "{path}");
    }
    for path in [
        "/tags/c%252B%252B",
        "/tags/none",
        "/posts/none",
        "/archive/99/rss.xml",
        "/archive/0/rss.xml",
        "/tags/%2e%2e/rss.xml",
    ] {
        let answer = site.get(path);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (404, "application/problem+json"),
            "{path}"
        );
        assert_eq!(answer.json()["status"], 404);
    }
    assert_eq!(site.get("/%ff").status, 400);
    assert_eq!(site.get(&format!("/{}", "x".repeat(5000))).status, 414);
}

#[test]
fn no_header_of_a_request_is_in_a_response() {
    let site = site();
    let hostile = [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "gopher"),
        ("forwarded", "host=evil.example"),
    ];
    for path in DOCUMENTS.into_iter().chain(["/feed", "/feed/", "/posts/p1/"]) {
        let (plain, forwarded) = (site.get(path), site.get_with(path, &hostile));
        assert_eq!(plain.body, forwarded.body, "{path}");
        assert_eq!(plain.header("location"), forwarded.header("location"), "{path}");
        assert!(!format!("{:?}", forwarded.headers).contains("evil"), "{path}");
    }
}

#[test]
fn a_delta_has_only_the_changes_since_the_clients_version() {
    let post = |n: usize, text: &str| format!("---\ntitle: Post {n}\ndate: 2026-01-0{n}\n---\n{text}\n");
    let site = TestSite::start(&[("p1.md", &post(1, "One.")), ("p2.md", &post(2, "Two."))], "");
    for path in ["/rss.xml", "/atom.xml", "/feed.json"] {
        site.get(path);
    }
    let first = site.get("/rss.xml").header("etag").to_owned();
    let gzipped = site
        .get_bytes("/rss.xml", &[("accept-encoding", "gzip")])
        .header("etag")
        .to_owned();
    let ask = |headers: &[(&str, &str)]| site.get_with("/rss.xml", headers);
    assert_eq!(
        ask(&[("a-im", "feed"), ("if-none-match", &first)]).status,
        304,
        "what is held is whole"
    );

    site.write("p3.md", &post(3, "Three."));
    let whole = site.wait_for("/rss.xml", |answer| answer.body.contains("Three."));
    let delta = ask(&[("a-im", "feed"), ("if-none-match", &first)]);
    assert_eq!(
        (delta.status, delta.header("im"), delta.header("etag")),
        (226, "feed", whole.header("etag"))
    );
    assert_eq!(
        (delta.header("cache-control"), delta.header("delta-base")),
        ("no-store, im", "")
    );
    assert_eq!(delta.header("vary"), "Accept-Encoding, A-IM, If-None-Match");
    let negotiated = site.get_with("/feed", &[("a-im", "feed"), ("if-none-match", &first)]);
    assert_eq!(
        (negotiated.status, negotiated.header("vary"), &negotiated.body),
        (226, "Accept-Encoding, Accept, A-IM, If-None-Match", &delta.body)
    );
    assert!(
        delta.body.contains("Three.") && !delta.body.contains("Two."),
        "{}",
        delta.body
    );
    assert_eq!(crate::feeds::round_trip::parsed(delta.body.as_bytes()).entries.len(), 1);
    assert_eq!(
        ask(&[("a-im", "vcdiff, feed;q=0.5"), ("if-none-match", &gzipped)]).status,
        226,
        "whichever coding was held"
    );
    let both = ask(&[("a-im", "feed"), ("if-none-match", &format!("\"unknown\", {first}"))]);
    assert_eq!((both.status, both.header("delta-base")), (226, first.as_str()));

    // an edit is a change too; an older version is still known
    site.write("p1.md", &post(1, "One, edited."));
    site.wait_for("/rss.xml", |answer| answer.body.contains("edited"));
    let delta = ask(&[("a-im", "feed"), ("if-none-match", &first)]);
    assert!(
        delta.status == 226 && delta.body.contains("edited") && delta.body.contains("Three.") && !delta.body.contains("Two.")
    );

    let plain: [(&str, &[(&str, &str)]); 5] = [
        ("no A-IM", &[("if-none-match", &first)]),
        ("another manipulation", &[("a-im", "vcdiff"), ("if-none-match", &first)]),
        ("refused", &[("a-im", "feed;q=0"), ("if-none-match", &first)]),
        ("an unknown version", &[("a-im", "feed"), ("if-none-match", "\"unknown\"")]),
        (
            "a date alone",
            &[("a-im", "feed"), ("if-modified-since", "Sat, 31 Jan 2026 09:00:00 GMT")],
        ),
    ];
    for (why, headers) in plain {
        let answer = ask(headers);
        assert_eq!((answer.status, answer.header("im")), (200, ""), "{why}");
        assert!(answer.body.contains("Two."), "{why}");
    }
    // a removal alone has no delta: the whole feed shows that the post is gone
    let before = ask(&[]).header("etag").to_owned();
    std::fs::remove_file(site.path().join("p3.md")).unwrap();
    site.wait_for("/rss.xml", |answer| !answer.body.contains("Three."));
    assert_eq!(ask(&[("a-im", "feed"), ("if-none-match", &before)]).status, 200);
}

#[test]
fn a_delta_has_posts_whose_links_changed() {
    let linking = ("a.md", "---\ntitle: A\ndate: 2026-01-01\n---\nSee [b](b.md).\n");
    let site = TestSite::start(&[linking, ("b.md", "---\ndate: 2026-01-02\n---\nB.\n")], "");
    let first = site.get("/rss.xml").header("etag").to_owned();
    site.write("b.md", "---\ndate: 2026-01-02\nslug: moved\n---\nB.\n");
    let whole = site.wait_for("/rss.xml", |answer| answer.body.contains("/posts/moved"));
    let answer = site.get_with("/rss.xml", &[("a-im", "feed"), ("if-none-match", &first)]);
    assert_eq!((answer.status, &answer.body), (200, &whole.body), "a itself was not touched");
}

#[test]
fn unlisted_posts_are_hidden_from_crawlers() {
    let site = TestSite::start(
        &[
            ("a.md", "---\ndate: 2026-01-01\n---\n"),
            ("b.md", "---\ndate: 2026-01-01\nvisibility: unlisted\n---\n"),
        ],
        "",
    );
    for (path, expected) in [
        ("/posts/a", ""),
        ("/posts/a.md", ""),
        ("/posts/b", "noindex"),
        ("/posts/b.md", "noindex"),
    ] {
        let answer = site.get(path);
        assert_eq!((answer.status, answer.header("x-robots-tag")), (200, expected), "{path}");
    }
}

#[test]
fn a_problem_has_the_unique_id_of_its_request() {
    let site = site();
    let ids: Vec<String> = ["/nothing", "/nothing", "/api/posts?page=0"]
        .iter()
        .map(|path| {
            let answer = site.get(path);
            let id = answer.header("x-request-id").to_owned();
            assert_eq!(answer.json()["instance"], format!("urn:feedmill:request:{id}"), "{path}");
            id
        })
        .collect();
    assert!(
        ids[0] != ids[1] && ids[1] != ids[2] && ids.iter().all(|id| id.len() == 16),
        "{ids:?}"
    );
    assert!(!site.get("/rss.xml").header("x-request-id").is_empty());
}

#[test]
fn unconditional_requests_are_limited_and_conditional_ones_never() {
    let config = "[pace]\nrequests_per_minute = 1\nburst = 3\n";
    let site = TestSite::start(&[("a.md", "---\ndate: 2026-01-01\n---\n")], config);
    let etag = site.get("/rss.xml").header("etag").to_owned();
    for _ in 0..2 {
        assert_eq!(site.get("/rss.xml").status, 200);
    }
    let refused = site.get("/rss.xml");
    assert_eq!(
        (refused.status, refused.header("content-type")),
        (429, "application/problem+json")
    );
    let said = refused.json()["detail"].as_str().unwrap().to_owned();
    let wait = format!("try again in {} second", refused.header("retry-after"));
    assert!(
        said.starts_with("too many requests from your address") && said.contains(&wait),
        "{said}"
    );
    assert!(
        (1..=60).contains(&refused.header("retry-after").parse::<u32>().unwrap()),
        "{refused:?}"
    );
    assert_eq!(refused.header("access-control-allow-origin"), "*");
    for probe in ["/healthz", "/readyz"] {
        assert_eq!(site.get(probe).status, 200, "{probe}: probes of operators are not limited");
    }
    for _ in 0..10 {
        assert_eq!(site.get_with("/rss.xml", &[("if-none-match", &etag)]).status, 304);
    }
    for path in ["/healthz", "/readyz", "/feed.xml"] {
        assert!([200, 301].contains(&site.get(path).status), "{path}");
    }
    // a forwarded address counts only from a trusted proxy
    assert_eq!(site.get_with("/rss.xml", &[("x-forwarded-for", "198.51.100.7")]).status, 429);
    let behind = format!("{config}trusted_proxies = ['127.0.0.0/8']\n");
    let site = TestSite::start(&[("a.md", "---\ndate: 2026-01-01\n---\n")], &behind);
    for client in 0..10 {
        let named = format!("198.51.100.{client}");
        assert_eq!(
            site.get_with("/rss.xml", &[("x-forwarded-for", &named)]).status,
            200,
            "{named}"
        );
    }
}
