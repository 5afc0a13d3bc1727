//! The names of authors and tags: keys whose names are in data files, names in mappings, and the old addresses of both.

use feedmill::site::Site;
use serde_json::Value;

use crate::still::{TestFolder, codes, get, listed};

const CONFIG: &str = "[site]\nbase_url = 'https://example.com'";

/// The names of `kind`, `authors` or `tags`, of the post with this title.
fn names(site: &Site, title: &str, kind: &str) -> Vec<String> {
    let posts = listed(site);
    let post = posts.iter().find(|post| post["title"] == title).unwrap();
    let name = |value: &Value| value.as_str().or(value["name"].as_str()).unwrap().to_owned();
    post[kind].as_array().unwrap().iter().map(name).collect()
}

/// Where `path` leads: the `Location` of a redirect, or the status.
fn leads(site: &Site, path: &str) -> String {
    let response = crate::server::ask(site, path, "");
    let location = response
        .headers()
        .get("location")
        .map(|location| location.to_str().unwrap().to_owned());
    location.unwrap_or_else(|| response.status().as_u16().to_string())
}

#[test]
fn an_author_is_shown_by_name_wherever_the_tool_keeps_it() {
    // the data file; the folder of posts; the post
    let cases = [
        (
            "blog/authors.yml",
            "ann: {name: Ann Ott, url: 'https://ann.example'}",
            "blog",
            "blog/2026-01-02-a/index.md",
            "authors: [ann]",
        ),
        (
            "docs/blog/.authors.yml",
            "authors:\n  ann: {name: Ann Ott}",
            "docs/blog/posts",
            "docs/blog/posts/a.md",
            "authors: [ann]",
        ),
        (
            "docs/blog/.authors.yml",
            "authors:\n  ann: {name: Ann Ott}",
            "docs",
            "docs/blog/posts/a.md",
            "authors: [ann]",
        ),
        (
            "_data/authors.yml",
            "ann: {name: Ann Ott}",
            "",
            "_posts/2026-01-02-a.md",
            "layout: post\nauthor: ann",
        ),
        (
            "_data/authors.yml",
            "ann: {display_name: Ann Ott}",
            "_posts",
            "_posts/2026-01-02-a.md",
            "author: ann",
        ),
        (
            "data/authors.toml",
            "[ann]\nname = 'Ann Ott'",
            "content/posts",
            "content/posts/a.md",
            "authors: ann",
        ),
        (
            "data/authors/ann.yml",
            "name: Ann Ott",
            "content/posts",
            "content/posts/a.md",
            "author: ann",
        ),
        (
            "content/authors/ann/_index.md",
            "---\ntitle: Ann Ott\n---\n",
            "content/posts",
            "content/posts/a.md",
            "authors: [ann]",
        ),
        (
            "src/content/authors/ann.json",
            "{\"name\": \"Ann Ott\"}",
            "src/content/blog",
            "src/content/blog/a.md",
            "author: ann",
        ),
        (
            "src/_data/authors.json",
            "[{\"key\": \"ann\", \"name\": \"Ann Ott\"}]",
            "src/posts",
            "src/posts/a.md",
            "author: ann",
        ),
    ];
    for (data, people, below, post, front_matter) in cases {
        let folder = TestFolder::new();
        folder.write(data, people);
        folder.write(post, format!("---\ntitle: A\ndate: 2026-01-02\n{front_matter}\n---\nText."));
        let site = folder.site_below(below, CONFIG);
        assert_eq!(names(&site, "A", "authors"), ["Ann Ott"], "{data} for {post}");
        assert_eq!(get(&site, "/authors/ann-ott").0, 200, "{data}");
        // the address that the author had by the key
        for (old, new) in [
            ("/authors/ann", "/authors/ann-ott"),
            ("/authors/Ann", "/authors/ann-ott"),
            ("/authors/ann/atom.xml", "/authors/ann-ott/atom.xml"),
            ("/authors/ann/feed", "/authors/ann-ott/feed"),
        ] {
            assert_eq!(leads(&site, old), format!("https://example.com{new}"), "{data}: {old}");
        }
        assert_eq!(leads(&site, "/authors/bob"), "404");
    }
}

#[test]
fn the_nearest_data_counts_and_what_the_post_says_counts_more() {
    let folder = TestFolder::new();
    folder.write(
        "authors.yml",
        "ann: {name: Far}\nbob: {name: Bob Ink, url: 'https://bob.example'}",
    );
    folder.write("blog/authors.yml", "ann: {name: Near}");
    let post = |path: &str, authors: &str| {
        let text = format!("---\ntitle: {path}\ndate: 2026-01-02\nauthors: {authors}\n---\nText of {path}.");
        folder.write(path, text);
    };
    post("blog/a.md", "[ann, bob]");
    post("b.md", "[ann, {name: Bob Ink, url: 'https://own.example'}]");
    post("c.md", "[{key: bob, title: Guest}, unknown]");
    let site = folder.site(CONFIG);
    assert_eq!(names(&site, "blog/a.md", "authors"), ["Near", "Bob Ink"]);
    assert_eq!(names(&site, "b.md", "authors"), ["Far", "Bob Ink"]);
    assert_eq!(names(&site, "c.md", "authors"), ["Bob Ink", "unknown"]);
    let own = listed(&site).into_iter().find(|post| post["title"] == "b.md").unwrap();
    assert_eq!(own["authors"][1]["url"], "https://own.example/");
}

#[test]
fn a_broken_data_file_is_said_and_holds_no_post_back() {
    let folder = TestFolder::new();
    folder.write("authors.yml", "ann: {name: [broken");
    folder.write("a.md", "---\ntitle: A\ndate: 2026-01-02\nauthor: ann\n---\nText.");
    folder.write("b.md", "---\ntitle: B\ndate: 2026-01-02\nauthor: ann\n---\nOther text.");
    let site = folder.site(CONFIG);
    assert_eq!(names(&site, "A", "authors"), ["ann"]);
    assert_eq!(codes(&site, "authors.yml"), ["yaml-syntax"], "once");
}

#[test]
fn a_tag_keeps_its_old_address() {
    let folder = TestFolder::new();
    folder.write(
        "a.md",
        "---\ntitle: 'A &amp; B'\ndate: 2026-01-02\ntags: [Q &amp; A, {name: Rust lang, slug: rust}, \"Cafe\\u0301\"]\n---\nText.",
    );
    let site = folder.site(CONFIG);
    assert_eq!(names(&site, "A & B", "tags"), ["Q & A", "Rust lang", "Caf\u{e9}"]);
    assert_eq!(leads(&site, "/tags/q-&amp;-a"), "https://example.com/tags/q-%26-a");
    assert_eq!(leads(&site, "/tags/cafe%CC%81"), "https://example.com/tags/caf%C3%A9");
}

#[test]
fn tags_of_jekyll_are_split_at_spaces_and_those_of_hexo_are_not() {
    // a sign of the tool; the folder of posts; the post
    let cases: [(&str, &str, &str, &[&str]); 5] = [
        ("_config.yml", "", "_posts/2026-01-02-a.md", &["release", "tools"]),
        ("_config.yml", "_posts", "_posts/2026-01-02-a.md", &["release", "tools"]),
        ("readme.txt", "_posts", "_posts/2026-01-02-a.md", &["release", "tools"]),
        (
            "scaffolds/post.md",
            "source/_posts",
            "source/_posts/2026-01-02-a.md",
            &["release tools"],
        ),
        ("readme.txt", "", "posts/2026-01-02-a.md", &["release tools"]),
    ];
    for (sign, below, post, expected) in cases {
        let folder = TestFolder::new();
        folder.write(sign, "title: x\n");
        folder.write(post, "---\ntitle: A\ntags: release tools\n---\nText.");
        assert_eq!(
            names(&folder.site_below(below, CONFIG), "A", "tags"),
            expected,
            "{sign} {post}"
        );
    }
}

#[test]
fn a_post_without_a_title_on_purpose_gets_none_from_its_file() {
    let cases = [
        ("2026/01/02/153000.md", "title: ''\nmicroblog: true", ""),
        ("2026/01/02/went-for-a.md", "microblog: true", ""),
        ("2026/01/02/went-for-a.md", "type: status", ""),
        ("2026-01-02.md", "title:", ""),
        ("2026-01-02-hello-world.md", "title:", "Hello world"),
        ("hello-world.md", "layout: post", "Hello world"),
    ];
    for (path, front_matter, expected) in cases {
        let folder = TestFolder::new();
        folder.write(path, format!("---\ndate: 2026-01-02\n{front_matter}\n---\nWent for a walk."));
        let site = folder.site(CONFIG);
        let posts = listed(&site);
        assert_eq!(posts[0]["title"], expected, "{path} {front_matter}");
        assert!(posts[0]["summary"] == "Went for a walk.");
    }
}
