//! The pages for people: content, navigation, heads and themes.

use std::fs;
use std::sync::Arc;

use feedmill::config::Config;
use feedmill::http::request::Request;
use feedmill::http::routes::answer;
use feedmill::http::target::Target;
use feedmill::identity::Registry;
use feedmill::publisher::snapshot;
use serde_json::Value;

use crate::server::{Answer, TestSite};
use crate::still::{NOW, TestFolder};

const CONFIG: &str = "[site]\ntitle = 'The mill'\nbase_url = 'https://example.com'\naccent = '#ffee00'\nfooter = 'By *us* <script>x</script>'\n\
                      [[site.nav]]\nname = 'About'\nurl = '/about'\n";

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
const GOES_THERE: [(&str, &str); 3] = [BROWSER, ("sec-fetch-dest", "document"), ("sec-fetch-mode", "navigate")];

/// 41 posts, with a few words each.
fn posts() -> Vec<(String, String)> {
    let post = |n: usize| {
        let tag = if n.is_multiple_of(2) { "even" } else { "odd" };
        let text = format!(
            "---\ntitle: Post {n} & co\ndate: {}-01-{:02}\ntags: [{tag}, c++]\nauthor: Ann Ott\nsummary: Sentence {n} <b>.\n---\nKelp {n}.\n",
            2024 + n / 20,
            1 + n % 20
        );
        (format!("notes/p{n}.md"), text)
    };
    (1..=41).map(post).collect()
}

fn mill(config: &str) -> TestSite {
    let posts = posts();
    let files: Vec<(&str, &str)> = posts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    TestSite::start(&files, config)
}

/// Everything in `text` between `before` and `after`.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    text.split(before)
        .skip(1)
        .filter_map(|rest| rest.split(after).next())
        .collect()
}

/// The addresses to which `page` links with `rel`.
fn related<'a>(page: &'a str, rel: &str) -> Vec<&'a str> {
    between(page, &format!("<link rel=\"{rel}\" "), ">")
        .into_iter()
        .filter_map(|tag| between(tag, "href=\"", "\"").first().copied())
        .collect()
}

#[test]
fn lists_have_the_same_posts_and_numbers_as_the_listing() {
    let site = mill(CONFIG);
    let lists = [
        ("/", ""),
        ("/tags/odd", "&tag=odd"),
        ("/authors/ann-ott", "&author=Ann+Ott"),
        ("/years/2025", "&year=2025"),
    ];
    for (path, filter) in lists {
        let pages = site.get(&format!("/api/posts?per_page=8{filter}")).json()["pages"]
            .as_u64()
            .unwrap();
        for n in 1..=pages {
            let address = match n {
                1 => path.to_owned(),
                n => format!("{}/page/{n}", path.trim_end_matches('/')),
            };
            let page = site.get(&address);
            let listing = site.get(&format!("/api/posts?per_page=8&page={n}{filter}")).json();
            let titles: Vec<String> = listing["posts"]
                .as_array()
                .unwrap()
                .iter()
                .map(|post| post["title"].as_str().unwrap().replace('&', "&amp;"))
                .collect();
            let shown: Vec<_> = between(&page.body, "<h2><a href=\"", "</a>")
                .into_iter()
                .map(|link| link.split_once('>').unwrap().1)
                .collect();
            assert_eq!(shown, titles, "{address}");
            let total = &listing["total"];
            assert!(
                page.body.contains(&format!("Page {n} / {pages} · {total} posts")),
                "{address}"
            );
            assert!(page.body.contains(&format!("{total} posts so far")), "{address}");
        }
        let past = format!("{}/page/{}", path.trim_end_matches('/'), pages + 1);
        assert_eq!(site.get(&past).status, 404, "{past}");
    }
}

#[test]
fn links_lead_through_all_posts() {
    let site = mill(CONFIG);
    let mut seen = Vec::new();
    let mut at = Some("/".to_owned());
    while let Some(path) = at {
        let page = site.get(&path).body;
        seen.push(path);
        at = between(&page, "<a rel=\"next\" href=\"", "\"")
            .first()
            .map(|&next| next.to_owned());
        assert_eq!(related(&page, "next").first().copied(), at.as_deref());
    }
    assert_eq!(seen, ["/", "/page/2", "/page/3", "/page/4", "/page/5", "/page/6"]);
    let page = site.get("/page/2").body;
    assert_eq!(related(&page, "canonical"), ["https://example.com/page/2"]);
    assert_eq!(related(&page, "prev"), ["/"]);
    assert_eq!(related(&site.get("/").body, "canonical"), ["https://example.com/"]);
}

#[test]
fn heads_name_the_feeds_of_their_scope_first_and_have_valid_json_ld() {
    let site = mill(CONFIG);
    let feeds = |page: &str| -> Vec<String> { related(page, "alternate").into_iter().map(str::to_owned).collect() };
    let of = |path: &str| ["rss.xml", "atom.xml", "feed.json"].map(|name| format!("https://example.com{path}/{name}"));
    assert_eq!(feeds(&site.get("/").body), of(""));
    assert_eq!(feeds(&site.get("/tags/c%2B%2B").body), [of("/tags/c%2B%2B"), of("")].concat());
    let data = |path: &str| -> Value {
        let page = site.get(path).body;
        serde_json::from_str(between(&page, "<script type=\"application/ld+json\">", "</script>")[0]).unwrap()
    };
    let post = data("/posts/p7");
    assert_eq!(post["@type"], "BlogPosting");
    assert_eq!(post["headline"], "Post 7 & co");
    assert_eq!(post["author"][0]["name"], "Ann Ott");
    assert_eq!(data("/")["@type"], "Blog");
}

#[test]
fn a_search_finds_the_same_as_the_listing() {
    let site = mill(CONFIG);
    let page = site.get("/search?q=kelp&page=2&utm_source=x");
    assert_eq!((page.status, page.header("x-robots-tag")), (200, "noindex"));
    assert!(page.body.contains("41 posts found") && page.body.contains("Page 2 / 6 · 41 posts"));
    assert!(page.body.contains("href=\"/search?q=kelp&amp;page=3\""));
    let first = site.get("/api/posts?q=kelp&per_page=8").json()["posts"][0]["title"]
        .as_str()
        .unwrap()
        .replace('&', "&amp;");
    assert!(site.get("/search?q=kelp").body.contains(&first));
    let cases = [
        ("/search", 200, "Search the posts"),
        ("/search?q=+", 200, "Search the posts"),
        ("/search?q=nothinglikethis", 200, "Nothing was found"),
        ("/search?q=a+b+c+d+e+f+g+h+i", 200, "A search has at most 8 words."),
        ("/search?q=%3Cscript%3E%22", 200, "value=\"&lt;script&gt;&quot;\""),
        ("/search?q=kelp&page=7", 404, ""),
        ("/search?q=kelp&page=0", 404, ""),
        ("/search?q=kelp&page=x", 404, ""),
    ];
    for (path, status, text) in cases {
        let answer = site.get(path);
        assert!(answer.status == status && answer.body.contains(text), "{path}: {answer:?}");
        assert!(!answer.body.contains("<script>"), "{path}");
    }
}

#[test]
fn tags_authors_sections_and_years_are_listed_with_counts() {
    let site = mill(CONFIG);
    let cases = [
        (
            "/tags",
            "<a href=\"/tags/odd\"><bdi>odd</bdi></a> <span class=\"about\">21 posts</span>",
        ),
        (
            "/authors",
            "<a href=\"/authors/ann-ott\"><bdi>Ann Ott</bdi></a> <span class=\"about\">41 posts</span>",
        ),
        ("/sections", "<a href=\"/sections/notes\"><bdi>notes</bdi></a>"),
        (
            "/years",
            "<a href=\"/years/2026\"><bdi>2026</bdi></a> <span class=\"about\">2 posts</span>",
        ),
    ];
    for (path, expected) in cases {
        let page = site.get(path);
        assert!(page.status == 200 && page.body.contains(expected), "{path}: {}", page.body);
    }
    assert_eq!(site.get("/years/1999").status, 404);
    assert_eq!(TestSite::start(&[], "").get("/tags").status, 200);
}

#[test]
fn a_browser_gets_the_subscribe_page_and_a_reader_the_feed() {
    let site = mill(CONFIG);
    for path in ["/rss.xml", "/atom.xml", "/tags/odd/rss.xml"] {
        let person = site.get_with(path, &GOES_THERE);
        assert_eq!(person.header("content-type"), "text/html; charset=utf-8", "{path}");
        assert!(
            person.body.contains(&format!("<code>https://example.com{path}</code>")),
            "{path}"
        );
        assert_eq!(person.header("cache-control"), "private, no-cache", "{path}");
        let plain = site.get(path);
        let readers: [&[(&str, &str)]; 4] = [
            &[],
            &[BROWSER],
            &GOES_THERE[1..],
            &[BROWSER, ("sec-fetch-dest", "empty"), ("sec-fetch-mode", "cors")],
        ];
        for headers in readers {
            let reader = site.get_with(path, headers);
            assert_eq!(
                (reader.header("etag"), &reader.body),
                (plain.header("etag"), &plain.body),
                "{path} {headers:?}"
            );
        }
        for answer in [&person, &plain] {
            for name in ["Accept-Encoding", "Accept", "Sec-Fetch-Dest", "Sec-Fetch-Mode"] {
                assert!(
                    answer.header("vary").split(", ").any(|varied| varied == name),
                    "{path}: {name}"
                );
            }
        }
        let again = [&GOES_THERE[..], &[("if-none-match", person.header("etag"))]].concat();
        assert_eq!(site.get_with(path, &again).status, 304, "{path}");
    }
    assert!(
        site.get_with("/feed.json", &GOES_THERE)
            .header("content-type")
            .starts_with("application/feed+json")
    );
    assert!(
        site.get_with("/archive/1/rss.xml", &GOES_THERE)
            .header("content-type")
            .starts_with("application/rss+xml")
    );
}

#[test]
fn errors_are_pages_for_people_and_data_for_programs() {
    let site = mill(CONFIG);
    let missing = site.get_with("/no/such/post", &[BROWSER]);
    assert_eq!((missing.status, missing.header("cache-control")), (404, "no-store"));
    assert_eq!(
        (missing.header("content-type"), missing.header("vary")),
        ("text/html; charset=utf-8", "Accept")
    );
    assert!(
        missing.body.contains("role=\"search\"") && missing.body.contains("Post 41"),
        "{}",
        missing.body
    );
    assert!(missing.header("content-security-policy").starts_with("default-src 'none'"));
    let programs: [(&str, &[(&str, &str)]); 4] = [
        ("/no/such/post", &[]),
        ("/no/such/post", &[("accept", "application/json")]),
        ("/api/posts/none", &[BROWSER]),
        ("/api/posts?page=0", &[BROWSER]),
    ];
    for (path, headers) in programs {
        assert_eq!(
            site.get_with(path, headers).header("content-type"),
            "application/problem+json",
            "{path}"
        );
    }
    let bad = site.get_with("/%ff", &[BROWSER]);
    assert!(
        bad.status == 400 && bad.body.contains("<h1>This request cannot be answered</h1>"),
        "{bad:?}"
    );
    assert!(bad.header("x-request-id").len() == 16);
}

#[test]
fn pages_of_withdrawn_and_missing_posts() {
    let folder = TestFolder::new();
    folder.write("a.md", "---\ntitle: Kelp & <co>\ndate: 2026-01-01\n---\n");
    folder.write("b.md", "---\ntitle: Wrack\ndate: 2026-01-02\n---\n");
    let config = Arc::new(Config::default());
    let now = NOW.parse().unwrap();
    let mut ledger = Registry::new(now);
    let look = |ledger: &mut Registry| snapshot(&config, folder.root(), ledger, now).unwrap();
    let first = look(&mut ledger);
    ledger.record_published(first.all().iter(), now);
    fs::remove_file(folder.root().join("a.md")).unwrap();
    let mut headers = http::HeaderMap::new();
    headers.insert("accept", http::HeaderValue::from_static("text/html"));
    let response = |ledger: &mut Registry| {
        let target = Target::parse("/posts/a");
        let request = Request::new(target.as_ref(), "/posts/a", "", &headers, now);
        let answer = answer(&look(ledger), &request);
        let page = String::from_utf8(answer.body().to_vec()).unwrap();
        (answer.status().as_u16(), page)
    };
    let (status, away) = response(&mut ledger);
    assert!(
        status == 503 && away.contains("<h1>This post is away for a moment</h1>"),
        "{away}"
    );
    let gone = first.post("a.md".into()).unwrap().id.as_str().into();
    ledger.withdraw(&[gone].into(), now);
    let (status, withdrawn) = response(&mut ledger);
    assert!(
        status == 410 && withdrawn.contains("<q><bdi>Kelp &amp; &lt;co&gt;</bdi></q> was published here"),
        "{withdrawn}"
    );
    // while its file exists, its author holds the title back too
    for kept_back in ["draft: true", "visibility: private"] {
        folder.write(
            "a.md",
            format!("---\ntitle: Kelp & <co>\ndate: 2026-01-01\n{kept_back}\n---\n"),
        );
        let (status, page) = response(&mut ledger);
        assert!(
            status == 410 && page.contains("A post was published here") && !page.contains("Kelp"),
            "{kept_back}: {page}"
        );
    }
    for page in [away, withdrawn] {
        assert!(page.contains("role=\"search\"") && page.contains("Wrack"), "{page}");
    }
}

#[test]
fn the_style_sheet_is_cached_for_long_and_the_first_page_is_small() {
    let site = mill(CONFIG);
    let page = site.get("/").body;
    let style = related(&page, "stylesheet")[0];
    assert_eq!(site.get(style).header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(site.get("/style.css").header("cache-control"), "no-cache");
    assert_eq!(site.get("/style.css?v=other").header("cache-control"), "no-cache");
    // an accent that is not legible on light paper is darkened there, and unchanged on dark paper
    let sheet = site.get(style).body;
    assert!(
        sheet.contains("(prefers-color-scheme: dark) { :root { --accent: #ffee00; } }")
            && !sheet.contains("screen { :root { --accent: #ffee00;")
    );
    let bytes = |path: &str| site.get_bytes(path, &[("accept-encoding", "br")]).body.len();
    let first = bytes("/") + bytes(style) + bytes("/favicon.svg");
    assert!(first <= 20_000, "the first page is {first} bytes");
    for reference in between(&page, "src=\"", "\"") {
        assert!(reference.starts_with('/'), "{reference}");
    }
}

#[test]
fn configured_texts_are_on_every_page() {
    let site = mill(CONFIG);
    for path in ["/", "/posts/p1", "/tags", "/search", "/subscribe"] {
        let page = site.get(path).body;
        assert!(page.contains("<a href=\"/about\">About</a>"), "{path}");
        assert!(page.contains("<p>By <em>us</em>"), "{path}: {page}");
        assert!(!page.contains("<script>"), "{path}");
    }
}

#[test]
fn the_page_of_a_post_has_language_direction_and_neighbours() {
    let files = [
        ("a.md", "---\ntitle: First\ndate: 2026-01-01\n---\nText.\n"),
        (
            "b.md",
            "---\ntitle: מים\ndate: 2026-01-02\nupdated: 2026-02-03\nlang: he\n---\nטקסט.\n",
        ),
        (
            "c.md",
            "---\ntitle: Third\ndate: 2026-01-03\nimage: c.png\nlink: https://elsewhere.example/x\nenclosure: c.mp3\n---\nText.\n",
        ),
        ("c.mp3", "a sound"),
        (
            "d.md",
            "---\ntitle: Hidden\ndate: 2026-01-04\nvisibility: unlisted\n---\nText.\n",
        ),
    ];
    let site = TestSite::start(&files, CONFIG);
    let middle = site.get("/posts/b").body;
    for expected in [
        "<html lang=\"he\" dir=\"rtl\">",
        "<header class=\"site\" lang=\"en\" dir=\"ltr\">",
        "<bdi>1 min read</bdi>",
        "<bdi>updated <time datetime=\"2026-02-03T00:00:00Z\">3 February 2026</time></bdi>",
        "<a rel=\"prev\" href=\"/posts/a\"",
        "<a rel=\"next\" href=\"/posts/c\"",
        "<a href=\"/posts/b.md\" type=\"text/markdown\">",
    ] {
        assert!(middle.contains(expected), "{expected}: {middle}");
    }
    assert!(site.get("/").body.contains("<article lang=\"he\" dir=\"rtl\">"));
    let last = site.get("/posts/c").body;
    for expected in [
        "<img class=\"cover\" src=\"/media/c.png\" alt=\"\">",
        "<audio controls",
        "<a href=\"https://elsewhere.example/x\">elsewhere.example</a>",
        "og:image",
    ] {
        assert!(last.contains(expected), "{expected}: {last}");
    }
    assert!(!last.contains("Hidden") && !site.get("/posts/d").body.contains("rel=\"prev\""));
    assert_eq!(site.get("/posts/d").header("x-robots-tag"), "noindex");
}

#[test]
fn every_page_has_one_title_heading_no_script_and_unique_ids() {
    let site = mill(CONFIG);
    for path in [
        "/",
        "/page/3",
        "/posts/p9",
        "/tags",
        "/tags/odd",
        "/years",
        "/years/2024",
        "/search?q=kelp",
        "/subscribe",
        "/tags/odd/subscribe",
        "/none",
    ] {
        let Answer { body, .. } = site.get_with(path, &[BROWSER]);
        assert_eq!(body.matches("<h1>").count(), 1, "{path}");
        assert_eq!(body.matches("<main ").count(), 1, "{path}");
        assert!(
            !body.contains("<style") && !body.contains(" style=") && !body.contains("<script>"),
            "{path}"
        );
        let mut ids = between(&body, " id=\"", "\"");
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "{path}: {ids:?}");
        let levels: Vec<u8> = body
            .match_indices("<h")
            .filter_map(|(at, _)| body[at + 2..].bytes().next())
            .filter(u8::is_ascii_digit)
            .collect();
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{path}: {levels:?}");
    }
}

#[test]
fn templates_are_replaced_file_by_file_and_the_last_good_ones_stay() {
    let folder = tempfile::TempDir::new().unwrap();
    let templates = folder.path().join("templates");
    let config = format!("{CONFIG}[list]\nper_page = 3\n").replacen(
        "[site]",
        &format!("[site]\ntemplates = '{}'", templates.display()),
        1,
    );
    let site = mill(&config);
    assert!(site.get("/").body.contains("41 posts so far"), "no folder is needed");
    fs::create_dir(&templates).unwrap();
    let own = "{% extends 'layout.html' %}{% block main %}<h1>My {{ page.title }}: {% for post in page.posts[:1] %}{{ post.title }}{% endfor %}</h1>{% include 'more.html' %}{% endblock %}";
    fs::write(templates.join("more.html"), "<p>{{ site.title }}</p>").unwrap();
    fs::write(templates.join("list.html"), own).unwrap();
    let page = site.wait_for("/", |answer| {
        answer.body.contains("<h1>My All posts: Post 41 &amp; co</h1><p>The mill</p>")
    });
    assert!(
        page.body.contains("<a class=\"skip\""),
        "the layout is still the one compiled in"
    );
    // a broken template is not used; the next good version is
    fs::write(templates.join("list.html"), "{{ page.titel }}").unwrap();
    fs::write(templates.join("style.css"), "body { color: red }").unwrap();
    site.write("new.md", "---\ntitle: Another\ndate: 2026-06-01\n---\n");
    site.wait_for("/posts/new", |answer| answer.status == 200);
    assert!(site.get("/").body.contains("<h1>My All posts: Another</h1>"));
    fs::remove_file(templates.join("list.html")).unwrap();
    site.wait_for("/", |answer| answer.body.contains("42 posts so far"));
    assert!(site.get("/style.css").body.starts_with("body { color: red }"));
}
