//! Ids, slugs and addresses that several posts claim, or with unusual file names.

use std::collections::BTreeSet;

use feedmill::diagnostic::Severity;
use feedmill::identity::Registry;

use super::{CONFIG, Odd, assert_published, page_of, request_path};
use crate::still::{NOW, TestFolder, codes, get, listed, said};

#[test]
fn item_14_posts_with_one_slug_have_different_ids_and_addresses() {
    let folder = TestFolder::new();
    let paths = [
        "hello.md",
        "news/hello.md",
        "notes/2020-01-02-hello.md",
        "deep/er/hello/index.md",
        "hello.fr.md",
        "Hello!.md",
        "héllo.markdown",
    ];
    for path in paths {
        folder.write(
            path,
            format!("---\ntitle: Hello\ndate: 2020-01-02\n---\nThe text of {path}\n"),
        );
    }
    let site = folder.site(CONFIG);
    let listed = listed(&site);
    for key in ["id", "url", "slug"] {
        let distinct: BTreeSet<&str> = listed.iter().map(|post| post[key].as_str().unwrap()).collect();
        assert_eq!(distinct.len(), paths.len(), "{key}: {distinct:?}");
    }
    for path in paths {
        let post = site.post(path.into()).unwrap();
        assert_published(&site, path);
        let text = format!("<p>The text of {path}</p>");
        assert!(page_of(&site, post).contains(&text), "the address of {path} leads to it");
    }
}

#[test]
fn item_14_a_new_post_takes_no_id_or_address_from_an_old_one() {
    let folder = TestFolder::new();
    folder.write("m.md", "---\ntitle: Old\ndate: 2020-01-02\nslug: same\n---\n");
    let before = folder.site(CONFIG).post("m.md".into()).unwrap().clone();
    for (path, fields) in [
        ("a.md", "slug: same\ndate: 2021-01-02"),
        ("b.md", "permalink: /posts/same\ndate: 2022-01-02"),
        ("c.md", "id: 'tag:example.com,2020-01-02:same'\ndate: 2022-01-02"),
        ("d.md", "slug: same\ndate: 2020-01-02\ndraft: true"),
        ("z.md", "slug: same\ndate: 2020-01-02"),
    ] {
        folder.write(path, format!("---\ntitle: New\n{fields}\n---\n"));
    }
    let site = folder.site(CONFIG);
    let after = site.post("m.md".into()).unwrap();
    assert_eq!(
        (&after.id, &after.address, &after.slug),
        (&before.id, &before.address, &before.slug)
    );
    for (path, expected) in [
        ("a.md", "address-taken"),
        ("b.md", "address-taken"),
        ("c.md", "id-taken"),
        ("m.md", ""),
    ] {
        assert_eq!(codes(&site, path).join(" "), expected, "{path}");
    }
    assert_eq!(listed(&site).len(), 5, "all are published but the draft");
}

#[test]
fn item_14_a_taken_address_is_said_after_it_was_served_too() {
    let folder = TestFolder::new();
    folder.write("p1.md", "---\ntitle: Old\ndate: 2020-01-02\n---\n");
    folder.write("w2.md", "---\ntitle: New\ndate: 2021-01-02\nslug: p1\n---\n");
    let mut ledger = Registry::new(NOW.parse().unwrap());
    let published = folder.published(CONFIG, &mut ledger);
    assert_eq!(codes(&published, "w2.md").join(" "), "address-taken");
    for _ in 0..2 {
        let later = folder.published(CONFIG, &mut ledger);
        assert_eq!(later.post("w2.md".into()).unwrap().address, "/posts/p1-2021-01-02");
        let said: Vec<(Severity, &str)> = said(&later, "w2.md")
            .map(|said| (said.severity, said.message.as_str()))
            .collect();
        assert_eq!(
            said,
            [(
                Severity::Warning,
                "the address /posts/p1 belonged to another post when this one was published, so this post stays at /posts/p1-2021-01-02"
            )]
        );
        assert_eq!(codes(&later, "p1.md").join(" "), "");
    }
    // with another slug it moves, and nothing is left to say
    folder.write("w2.md", "---\ntitle: New\ndate: 2021-01-02\nslug: p2\n---\n");
    let moved = folder.published(CONFIG, &mut ledger);
    assert_eq!(moved.post("w2.md".into()).unwrap().address, "/posts/p2");
    assert_eq!(codes(&moved, "w2.md").join(" "), "");
    let later = folder.published(CONFIG, &mut ledger);
    assert_eq!(get(&later, "/posts/p1-2021-01-02").0, 301);
}

#[test]
fn item_15_ids_and_addresses_of_the_author_are_used() {
    // fields; id, path of the address, codes; empty for the default
    let cases = [
        (
            "uuid",
            "uuid: 5b0d3ea1-97b4-4d7a-8c13-2f5a1c9d1e60",
            "5b0d3ea1-97b4-4d7a-8c13-2f5a1c9d1e60",
            "",
            "",
        ),
        (
            "guid that is an address",
            "guid: https://old.example/?p=12",
            "https://old.example/?p=12",
            "",
            "",
        ),
        ("number", "id: 007", "007", "", ""),
        ("over two lines", "id: \"one\\ntwo\"", "", "", "id-unusable"),
        (
            "slug",
            "slug: Own-Slug",
            "tag:example.com,2020-01-02:Own-Slug",
            "/posts/Own-Slug",
            "",
        ),
        (
            "permalink",
            "permalink: /own/place/",
            "tag:example.com,2020-01-02:place",
            "/own/place/",
            "",
        ),
        (
            "url",
            "url: /2014/old.html",
            "tag:example.com,2020-01-02:old",
            "/2014/old.html",
            "",
        ),
        ("path", "path: notes/own", "tag:example.com,2020-01-02:own", "/notes/own", ""),
        (
            "encoded",
            "permalink: /caf%C3%A9/",
            "tag:example.com,2020-01-02:caf%C3%A9",
            "/caf%C3%A9/",
            "",
        ),
        ("pattern", "permalink: /:year/:title/", "", "", "address-unusable"),
        ("elsewhere", "url: https://elsewhere.example/a", "", "", "address-unusable"),
        ("upward", "path: ../../etc/passwd", "", "", "address-unusable"),
        ("of feedmill", "permalink: /rss.xml", "", "", "address-unusable"),
        ("of an episode", "episode_guid: 12", "", "", ""),
    ];
    for (name, fields, id, address, codes) in cases {
        let odd = Odd::new("a.md", format!("---\ntitle: x\ndate: 2020-01-02\n{fields}\n---\n"));
        let id = if id.is_empty() { "tag:example.com,2020-01-02:a" } else { id };
        let address = if address.is_empty() { "/posts/a" } else { address };
        let found = (odd.post().id.as_str(), request_path(&odd.site, odd.post()), odd.codes());
        assert_eq!(found, (id, address.to_owned(), codes.to_owned()), "{name}");
        assert_published(&odd.site, "a.md");
    }
}

#[test]
fn item_16_files_of_any_name_have_addresses_that_work() {
    let names = [
        "@home.md",
        "a,b.md",
        "c++.md",
        "C#.md",
        "2.10.0.md",
        "foo.aspx.markdown",
        "UPPER Case.MD",
        "  spaces  around  .md",
        "100%.md",
        "a%2Fb.md",
        "what?.md",
        "a&b=c;d.md",
        "quote\"s and 'these'.md",
        "<b>.md",
        "back\\slash.md",
        "שלום עולם.md",
        "日本語.md",
        "emoji 🎉.md",
        "🎉.md",
        "!!!.md",
        "---.md",
        "cafe\u{301}.md",
        "crates.io.md",
        "page.md",
        "api.md",
        "rss.xml.md",
        "index.md",
    ];
    let folder = TestFolder::new();
    for (number, name) in names.iter().enumerate() {
        folder.write(
            name,
            format!("---\ndate: 2020-01-02\ntitle: x\n---\nThe text of number {number}.\n"),
        );
    }
    let long = format!("{}.md", "long-".repeat(50));
    folder.write(&long, "---\ndate: 2020-01-02\n---\n");
    let site = folder.site(CONFIG);
    let mistakes: Vec<_> = site
        .diagnostics
        .iter()
        .filter(|said| said.severity != Severity::Note)
        .collect();
    assert!(mistakes.is_empty(), "none of these names is a mistake: {mistakes:?}");
    for (number, &name) in names.iter().enumerate() {
        let post = site.post(name.into()).unwrap_or_else(|| panic!("{name} was not read"));
        assert_published(&site, name);
        let text = format!("The text of number {number}.");
        assert!(page_of(&site, post).contains(&text), "the address of {name} leads to it");
        assert!(
            post.slug.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
            "{name}: {}",
            &post.slug
        );
    }
    assert_published(&site, &long);
}

#[test]
fn item_16_copies_for_other_programs_are_not_listed_twice() {
    let folder = TestFolder::new();
    for name in [
        "analysis.md",
        "analysis.Rmd",
        "analysis.html",
        "analysis.md.bak",
        "analysis.txt",
    ] {
        folder.write(name, "---\ntitle: Analysis\ndate: 2020-01-02\n---\n");
    }
    assert_eq!(listed(&folder.site(CONFIG)).len(), 1);
}

#[test]
fn item_27_descriptions_of_folders_are_not_posts() {
    let folder = TestFolder::new();
    for path in [
        "README.md",
        "notes/readme.md",
        "_index.md",
        "notes/_index.md",
        "notes/_template.md",
        ".obsidian/a.md",
    ] {
        folder.write(path, "---\ntitle: No post\ndate: 2020-01-02\n---\n");
    }
    folder.write("notes/post.md", "---\ntitle: A post\ndate: 2020-01-02\n---\n");
    folder.write("notes/bundle/index.md", "---\ntitle: A bundle\ndate: 2020-01-02\n---\n");
    let site = folder.site(CONFIG);
    assert_eq!(site.all().len(), 2);
    assert_eq!(*site.diagnostics, []);
    assert_eq!(get(&site, "/posts/readme").0, 404);
    let with = folder.site("[posts]\nignore = []");
    assert!(
        with.post("README.md".into()).is_some(),
        "a README is a post where that is wanted"
    );
}
