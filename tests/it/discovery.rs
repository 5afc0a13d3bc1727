//! The outline, the site map and `robots.txt`.

use crate::server::TestSite;

fn site() -> TestSite {
    TestSite::start(
        &[
            (
                "notes/hello.md",
                "---\ntitle: Hello\ndate: 2026-01-02\nupdated: 2026-03-04\ntags: [\"C & C++\"]\nauthor: Ann Ott\n---\nx",
            ),
            ("old.md", "---\ntitle: Old\ndate: 2025-01-02\n---\nx"),
            ("draft.md", "---\ntitle: Draft\ndraft: true\ntags: [hidden]\n---\nx"),
            ("later.md", "---\ntitle: Later\ndate: 2999-01-01\n---\nx"),
            ("gone.md", "---\ntitle: Gone\ndate: 2020-01-01\nexpires: 2021-01-01\n---\nx"),
            ("by-hand.md", "---\ntitle: By hand\nunlisted: true\ndate: 2020-01-01\n---\nx"),
        ],
        "[site]\ntitle = 'A & B'\nbase_url = 'https://example.com/blog'\nauthor = { name = 'Ann <Ott>', email = 'ann@example.com' }",
    )
}

#[test]
fn the_outline_names_every_feed_once() {
    let site = site();
    let answer = site.get("/feeds.opml");
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "text/x-opml; charset=utf-8")
    );
    let xml = roxmltree::Document::parse(&answer.body).unwrap();
    let root = xml.root_element();
    assert_eq!((root.tag_name().name(), root.attribute("version")), ("opml", Some("2.0")));
    let text = |name: &str| {
        xml.descendants()
            .find(|node| node.has_tag_name(name))
            .and_then(|node| node.text())
    };
    assert_eq!(text("title"), Some("A & B"));
    assert_eq!(text("dateModified"), Some("Wed, 04 Mar 2026 00:00:00 GMT"));
    assert_eq!(
        (text("ownerName"), text("ownerEmail")),
        (Some("Ann <Ott>"), Some("ann@example.com"))
    );
    let outlines: Vec<_> = xml.descendants().filter(|node| node.has_tag_name("outline")).collect();
    assert!(outlines.iter().all(|outline| outline.attribute("text").is_some()));
    let feeds: Vec<_> = outlines
        .iter()
        .filter_map(|outline| {
            Some((
                outline.attribute("title")?,
                outline.attribute("xmlUrl")?,
                outline.attribute("htmlUrl")?,
            ))
        })
        .collect();
    let base = "https://example.com/blog";
    let expected = [
        ("A & B", "/rss.xml", "/"),
        ("A & B: notes", "/sections/notes/rss.xml", "/sections/notes"),
        ("A & B: C & C++", "/tags/c-and-c%2B%2B/rss.xml", "/tags/c-and-c%2B%2B"),
        ("A & B: Ann Ott", "/authors/ann-ott/rss.xml", "/authors/ann-ott"),
    ];
    assert_eq!(feeds.len(), expected.len(), "{feeds:?}");
    for ((title, xml_url, html_url), expected) in feeds.into_iter().zip(expected) {
        assert_eq!(title, expected.0);
        let xml_path = xml_url.strip_prefix(base).unwrap();
        assert_eq!(site.get(xml_path).status, 200, "{xml_url} is a feed");
        assert_eq!(
            site.get(html_url.strip_prefix(base).unwrap()).status,
            200,
            "{html_url} is a page"
        );
    }
    assert!(
        outlines
            .iter()
            .filter(|outline| outline.attribute("xmlUrl").is_some())
            .all(|outline| outline.attribute("type") == Some("rss"))
    );
}

#[test]
fn the_map_lists_public_pages_with_their_dates() {
    let site = site();
    let answer = site.get("/sitemap.xml");
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "application/xml; charset=utf-8")
    );
    let xml = roxmltree::Document::parse(&answer.body).unwrap();
    let namespace = "http://www.sitemaps.org/schemas/sitemap/0.9";
    assert!(xml.root_element().has_tag_name((namespace, "urlset")));
    let text = |node: &roxmltree::Node<'_, '_>, name: &str| {
        let found = node.children().find(|child| child.has_tag_name((namespace, name)));
        found.and_then(|child| child.text()).unwrap_or_default().to_owned()
    };
    let urls: Vec<_> = xml
        .root_element()
        .children()
        .filter(roxmltree::Node::is_element)
        .map(|url| (text(&url, "loc"), text(&url, "lastmod")))
        .collect();
    let base = "https://example.com/blog";
    assert_eq!(urls[0], (format!("{base}/posts/old"), "2025-01-02T00:00:00Z".to_owned()));
    assert_eq!(urls[1], (format!("{base}/posts/hello"), "2026-03-04T00:00:00Z".to_owned()));
    assert_eq!(urls[2], (format!("{base}/"), "2026-03-04T00:00:00Z".to_owned()));
    for (address, _) in &urls {
        assert_eq!(site.get(address.strip_prefix(base).unwrap()).status, 200, "{address}");
    }
    for hidden in ["draft", "later", "gone", "by-hand", "hidden"] {
        assert!(!answer.body.contains(hidden), "{hidden} is in the map");
    }
    for path in ["/sitemap-1.xml", "/sitemap-0.xml", "/sitemap-x.xml"] {
        assert_eq!(site.get(path).status, 404, "{path}: one map has no parts");
    }
}

#[test]
fn robots_txt_names_the_map() {
    let answer = site().get("/robots.txt");
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "text/plain; charset=utf-8")
    );
    assert!(
        answer.body.contains("\nSitemap: https://example.com/blog/sitemap.xml\n"),
        "{}",
        answer.body
    );
    assert!(!answer.body.contains("Disallow"));
}

#[test]
fn unchanged_documents_get_a_304() {
    let site = site();
    for path in ["/feeds.opml", "/sitemap.xml", "/robots.txt", "/posts/old.md"] {
        let etag = site.get(path).header("etag").to_owned();
        assert_eq!(site.get_with(path, &[("if-none-match", &etag)]).status, 304, "{path}");
        assert_eq!(site.request("HEAD", path, &[]).status, 200, "{path}");
    }
}

#[test]
fn an_empty_site_has_these_documents_too() {
    let site = TestSite::start(&[], "");
    for path in ["/feeds.opml", "/sitemap.xml"] {
        let answer = site.get(path);
        assert_eq!(answer.status, 200, "{path}");
        roxmltree::Document::parse(&answer.body).unwrap();
    }
}

/// The icons that the feeds name: RSS, Atom, JSON Feed.
fn icons(site: &TestSite) -> [Option<String>; 3] {
    let [rss, atom] = ["/rss.xml", "/atom.xml"].map(|path| site.get(path).body);
    let between = |text: &str, start: &str, end: &str| {
        let (_, rest) = text.split_once(start)?;
        rest.split_once(end).map(|(found, _)| found.to_owned())
    };
    let json = site.get("/feed.json").json();
    [
        between(&rss, "<image><url>", "</url>"),
        between(&atom, "<icon>", "</icon>"),
        json["favicon"].as_str().map(str::to_owned),
    ]
}

#[test]
fn feeds_name_an_icon_that_exists() {
    let files = [("kelp.md", "---\ndate: 2026-01-01\n---\nKelp.\n")];
    let address = "site.base_url = 'https://example.com/notes'\n";
    let built_in = || Some("https://example.com/notes/icon.png".to_owned());
    let site = TestSite::start(&files, address);
    assert_eq!(icons(&site), [built_in(), built_in(), built_in()]);
    let picture = site.get_bytes("/icon.png", &[]);
    assert_eq!((picture.status, picture.header("content-type")), (200, "image/png"));
    assert!(picture.body.starts_with(b"\x89PNG\r\n\x1a\n"));
    // 144 pixels are the most that RSS 2.0 allows for the width
    assert_eq!(picture.body[16..24], [0, 0, 0, 144, 0, 0, 0, 144]);

    let own = |name: &str| format!("{address}site.icon = 'https://example.com/{name}'\n");
    let site = TestSite::start(&files, &own("own.png"));
    let own_icon = || Some("https://example.com/own.png".to_owned());
    assert_eq!(icons(&site), [own_icon(), own_icon(), own_icon()]);
    let moved = site.get_bytes("/icon.png", &[]);
    assert_eq!((moved.status, moved.header("location")), (301, "https://example.com/own.png"));

    // RSS has no place for an SVG, and another picture would not be the site's
    let site = TestSite::start(&files, &own("own.svg"));
    let own_icon = || Some("https://example.com/own.svg".to_owned());
    assert_eq!(icons(&site), [None, own_icon(), own_icon()]);
}

#[test]
fn rss_contains_markdown_only_if_configured() {
    let files = [("kelp.md", "---\ndate: 2026-01-01\n---\nKelp *grows*.\n")];
    for (config, expected) in [("", false), ("feed.markdown = false", false), ("feed.markdown = true", true)] {
        let rss = TestSite::start(&files, config).get("/rss.xml").body;
        assert_eq!(rss.contains("<source:markdown>Kelp *grows*."), expected, "{config:?}");
        assert_eq!(rss.contains("xmlns:source"), expected, "{config:?}");
    }
}
