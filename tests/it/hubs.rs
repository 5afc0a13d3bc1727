//! The hubs that feeds name (`WebSub`, section 4).

use roxmltree::Document;

use crate::server::TestSite;

const HUBS: [&str; 2] = ["https://hub.example/", "https://b.example/?a=1&b=2"];

fn config(base_url: &str) -> String {
    format!("[site]\nbase_url = '{base_url}'\n[feed]\nlimit = 1\n[push]\nhub = false\nhubs = {HUBS:?}\n")
}

/// The targets in `link` with this relation.
fn targets(link: &str, relation: &str) -> Vec<String> {
    let links = link
        .split(", <")
        .map(|link| link.trim_start_matches('<').split_once('>').unwrap());
    let related = links.filter(|(_, parameters)| parameters.contains(&format!("rel=\"{relation}\"")));
    related.map(|(target, _)| target.to_owned()).collect()
}

/// The hubs in a feed document.
fn in_body(body: &str) -> Vec<String> {
    if body.starts_with('{') {
        let feed: serde_json::Value = serde_json::from_str(body).unwrap();
        let hubs = feed["hubs"].as_array().cloned().unwrap_or_default();
        assert!(hubs.iter().all(|hub| hub["type"] == "WebSub"), "{body}");
        return hubs.iter().map(|hub| hub["url"].as_str().unwrap().to_owned()).collect();
    }
    let feed = Document::parse(body).unwrap();
    let links = feed
        .descendants()
        .filter(|node| node.tag_name().name() == "link" && node.attribute("rel") == Some("hub"));
    links
        .map(|link| {
            assert_eq!(link.tag_name().namespace(), Some("http://www.w3.org/2005/Atom"));
            link.attribute("href").unwrap().to_owned()
        })
        .collect()
}

const FILES: [(&str, &str); 2] = [
    (
        "a.md",
        "---\ntitle: A\ndate: 2026-01-01\ntags: sea\n---\n<link rel=\"hub\" href=\"https://evil.example/\">\n",
    ),
    ("b.md", "---\ntitle: B\ndate: 2026-01-02\ntags: sea\n---\nText.\n"),
];

#[test]
fn every_feed_names_its_hubs_in_header_and_body_alike_and_no_archive_does() {
    let site = TestSite::start(&FILES, &config("https://example.com/blog"));
    for scope in ["", "/tags/sea"] {
        for name in ["rss.xml", "atom.xml", "feed.json"] {
            let path = format!("{scope}/{name}");
            let answer = site.get(&path);
            assert_eq!(targets(answer.header("link"), "hub"), HUBS, "{path}");
            assert_eq!(
                targets(answer.header("link"), "self"),
                [format!("https://example.com/blog{path}")],
                "exactly one"
            );
            let head = site.request("HEAD", &path, &[]);
            assert_eq!(head.header("link"), answer.header("link"), "{path}");
            assert_eq!(in_body(&answer.body), HUBS, "{path}");
            let archive = format!("{scope}/archive/1/{name}");
            let answer = site.get(&archive);
            assert_eq!(answer.status, 200, "{archive}");
            assert!(targets(answer.header("link"), "hub").is_empty(), "{archive}");
            assert!(in_body(&answer.body).is_empty(), "{archive}");
        }
        // the address that answers in several formats names a feed with one
        let negotiated = site.get_with(&format!("{scope}/feed"), &[("accept", "application/atom+xml")]);
        assert_eq!(targets(negotiated.header("link"), "hub"), HUBS);
        assert_eq!(
            targets(negotiated.header("link"), "self"),
            [format!("https://example.com/blog{scope}/atom.xml")]
        );
    }
}

#[test]
fn no_hub_is_named_that_cannot_be_told() {
    for config in [config("http://localhost:8080"), config("http://192.168.1.2"), String::new()] {
        let site = TestSite::start(&FILES, &config);
        for path in ["/rss.xml", "/atom.xml", "/feed.json"] {
            let answer = site.get(path);
            assert!(targets(answer.header("link"), "hub").is_empty(), "{config}{path}");
            assert!(in_body(&answer.body).is_empty(), "{config}{path}");
        }
    }
}
