//! WordPress: what was not for everybody stays so, nothing is lost, and broken files are read as far as they can be.

use std::fs;

use serde_json::json;

use super::{check, counts, files_below, import, import_json, post, site};
use crate::commands::folder;
use crate::server::{TestSite, write};

/// An export with `items`. Its namespaces are those of WordPress after 2014, with https.
fn wxr(items: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:excerpt="https://wordpress.org/export/1.2/excerpt/" xmlns:content="http://purl.org/rss/1.0/modules/content/"
  xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="https://wordpress.org/export/1.2/">
<channel><title>Harbour notes</title><link>https://old.example</link><wp:wxr_version>1.2</wp:wxr_version>
<wp:author><wp:author_login>ada</wp:author_login><wp:author_display_name><![CDATA[Ada Example]]></wp:author_display_name></wp:author>
{items}
</channel></rss>"#
    )
}

/// An item with further elements in `more`.
fn item(id: u32, name: &str, status: &str, content: &str, more: &str) -> String {
    let kind = if more.contains("wp:post_type") {
        ""
    } else {
        "<wp:post_type>post</wp:post_type>"
    };
    format!(
        r#"<item><title>{name}</title><link>https://old.example/2013/01/{id:02}/{name}/</link><dc:creator>ada</dc:creator>
<guid isPermaLink="false">https://old.example/?p={id}</guid><content:encoded><![CDATA[{content}]]></content:encoded>
<wp:post_id>{id}</wp:post_id><wp:post_date>2013-01-{id:02} 10:00:00</wp:post_date><wp:post_date_gmt>2013-01-{id:02} 09:00:00</wp:post_date_gmt>
<wp:post_name>{name}</wp:post_name><wp:status>{status}</wp:status>{kind}{more}</item>
"#
    )
}

/// Words by which the text of each item is found again.
const PASSWORD: &str = "<wp:post_password>secret</wp:post_password>";

#[test]
fn what_was_not_for_everybody_is_in_no_document() {
    let page = "<wp:post_type>page</wp:post_type>";
    let future = "<wp:post_date>2199-01-01 10:00:00</wp:post_date>";
    let states = [
        item(1, "shown", "publish", "Everybody reads thewordshown.", ""),
        item(2, "locked", "publish", "Only those who know: thewordlocked.", PASSWORD),
        item(3, "pending", "pending", "thewordpending", ""),
        item(4, "draft", "draft", "theworddraft", ""),
        item(5, "trash", "trash", "thewordtrash", ""),
        item(6, "private", "private", "thewordprivate", ""),
        item(
            7,
            "late",
            "future",
            "thewordlate: its date passed before it was published",
            "",
        ),
        item(8, "auto", "auto-draft", "thewordauto", ""),
        item(9, "strange", "members-only", "thewordstrange", ""),
        item(10, "nothing", "", "thewordnothing", ""),
        item(11, "about", "publish", "thewordabout", page),
        item(12, "hidden-page", "private", "thewordhidden", page),
        item(
            13,
            "blank",
            "publish",
            "thewordblank",
            "<wp:post_password>  </wp:post_password>",
        ),
        item(
            14,
            "twice",
            "publish",
            "thewordtwice",
            &format!("<wp:post_password></wp:post_password>{PASSWORD}"),
        ),
        item(
            15,
            "menu",
            "publish",
            "thewordmenu",
            "<wp:post_type>nav_menu_item</wp:post_type>",
        ),
        item(16, "ahead", "future", "thewordahead", "").replace("2013-01-16", "2199-01-16"),
        future.to_owned(),
    ];
    let at = folder(&[("export.xml", &wxr(&states.concat()))]);
    let report = import_json(at.path(), &["export.xml", "posts"]);
    let expected = json!({
        "nav_menu_item publish → left out": 1, "page private → private": 1, "page publish → public": 1, "post  → draft": 1,
        "post auto-draft → draft": 1, "post draft → draft": 1, "post future → draft": 1, "post future → scheduled": 1,
        "post members-only → draft": 1, "post pending → draft": 1, "post private → private": 1, "post publish → public": 2,
        "post publish, password → private": 2, "post trash → draft": 1,
    });
    assert_eq!(json!(counts(&report)), expected, "{report:#}");
    check(at.path(), &[]);
    let texts: Vec<(String, String)> = files_below(&at.path().join("posts"))
        .into_iter()
        .map(|file| (file.clone(), post(at.path(), &file)))
        .collect();
    assert_eq!(texts.len(), 15);
    let files: Vec<(&str, &str)> = texts.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
    let served = TestSite::start(&files, "[site]\nbase_url = 'https://new.example'\n");
    let mut documents = String::new();
    for path in [
        "/rss.xml",
        "/atom.xml",
        "/feed.json",
        "/",
        "/sitemap.xml",
        "/api/posts?include=content&per_page=200",
        "/archive/1/rss.xml",
    ] {
        documents += &served.get(path).body;
    }
    for (word, is_public) in [("shown", true), ("blank", true)] {
        assert_eq!(documents.contains(&format!("theword{word}")), is_public, "{word}");
    }
    for (_, word) in texts.iter().filter_map(|(file, text)| {
        Some((
            file,
            text.split_once("theword")?.1.split(|c: char| !c.is_alphabetic()).next()?,
        ))
    }) {
        let is_public = matches!(word, "shown" | "blank");
        assert_eq!(documents.contains(&format!("theword{word}")), is_public, "{word}");
        let folder = if word == "about" { "" } else { "/posts" };
        let page = served.get(&format!("{folder}/{word}")).body;
        assert_eq!(
            page.contains(&format!("theword{word}")),
            is_public || word == "about",
            "{word}"
        );
    }
}

#[test]
fn an_item_that_is_cut_is_a_draft_and_the_others_are_read() {
    let whole = |n: u32| item(n, &format!("post-{n}"), "publish", &format!("Text number{n}."), "");
    let cut = |text: &str| {
        let at = text.find("<wp:status>").unwrap();
        text[..at].to_owned()
    };
    let endless = item(3, "post-3", "publish", "Text number3.", "").replace("]]>", "");
    let late = item(5, "post-5", "publish", "Text number5.", "").replace("</item>", "");
    let items = [whole(1), cut(&whole(2)), endless, whole(4), late, whole(6)].concat();
    let text = wxr(&items).replace("Text number1", "Text\u{b}\u{c} number1 &nbsp; & more");
    let at = folder(&[("export.xml", &text)]);
    let (status, out, err) = import(at.path(), &["export.xml", "posts"]);
    assert_eq!(status, 1, "{out}{err}");
    assert!(
        out.contains("mistakes in the export:\n") && out.contains("    line "),
        "{out}"
    );
    check(at.path(), &[]);
    let site = site(at.path());
    let in_feeds = site.index.members(&feedmill::index::Scope::Site).unwrap().in_feeds().clone();
    let public: Vec<&str> = in_feeds.iter().map(|post| post.title.as_str()).collect();
    assert_eq!(public, ["post-6", "post-1"], "those without a mistake\n{out}");
    for n in [1, 4, 6] {
        assert!(
            post(at.path(), &format!("post-{n}.md")).contains(&format!("number{n}")),
            "{n}"
        );
    }
    // the text of the third has no end, and takes the fourth with it
    for n in [2, 4, 5] {
        assert!(post(at.path(), &format!("post-{n}.md")).contains("draft: true"), "{n}");
    }
}

#[test]
fn a_file_that_is_no_xml_at_all_is_refused_with_what_is_known() {
    for (name, content, expected) in [
        (
            "export.xml",
            "just words",
            "it is not an export that feedmill knows; known are",
        ),
        (
            "export.xml",
            "<html><body>Not here</body></html>",
            "it is neither a feed nor an export",
        ),
        ("export.json", "{\"some\": 1}", "it is not an export that feedmill knows"),
        ("export.json", "{\"db\": ", "it is broken JSON"),
        ("export.zip", "PK\u{3}\u{4} and no more", "it is a broken archive"),
        ("export.xml", "", "it is not an export"),
    ] {
        let at = folder(&[(name, content)]);
        let (status, _, err) = import(at.path(), &[name, "posts"]);
        assert!(status == 2 && err.contains(expected), "{content}: {status} {err}");
        assert!(!at.path().join("posts").exists(), "{content}");
    }
    let at = folder(&[("notes/a.md", "# A")]);
    let (status, _, err) = import(at.path(), &["notes", "posts"]);
    assert!(
        status == 2 && err.contains("`feedmill serve FOLDER` reads them as they are"),
        "{err}"
    );
    let (status, _, err) = import(at.path(), &[]);
    assert!(
        status == 2 && err.contains("name an export of another tool or a feed"),
        "{err}"
    );
}

#[test]
fn a_second_import_writes_nothing_and_nothing_is_overwritten() {
    let items = [1, 2, 3]
        .map(|n| item(n, "same-name", "publish", &format!("Text {n}."), ""))
        .concat();
    let at = folder(&[("export.xml", &wxr(&items)), ("posts/same-name.md", "# My own\n")]);
    let dry = import(at.path(), &["export.xml", "posts", "--dry-run"]);
    assert!(
        dry.0 == 0 && dry.2.contains("without --dry-run, 3 files would be written in posts"),
        "{}",
        dry.2
    );
    assert_eq!(files_below(&at.path().join("posts")), ["same-name.md"]);
    let (status, out, err) = import(at.path(), &["export.xml", "posts"]);
    assert!(status == 0 && err.starts_with("3 files written in posts\n"), "{out}{err}");
    assert_eq!(post(at.path(), "same-name.md"), "# My own\n");
    let names = ["same-name-2.md", "same-name-3.md", "same-name-4.md", "same-name.md"];
    assert_eq!(files_below(&at.path().join("posts")), names);
    // an author edited one, moved another and deleted the third: only that one comes back
    let edited = post(at.path(), "same-name-2.md").replace("Text 1.", "Mine now.");
    write(at.path(), "posts/same-name-2.md", &edited);
    fs::create_dir(at.path().join("posts/moved")).unwrap();
    fs::rename(at.path().join("posts/same-name-3.md"), at.path().join("posts/moved/other.md")).unwrap();
    let again = import(at.path(), &["export.xml", "posts"]);
    assert!(
        again
            .2
            .starts_with("0 files written in posts; 3 posts here already and left alone\n"),
        "{}",
        again.2
    );
    fs::remove_file(at.path().join("posts/same-name-4.md")).unwrap();
    let again = import(at.path(), &["export.xml", "posts"]);
    assert!(
        again
            .2
            .starts_with("1 file written in posts; 2 posts here already and left alone\n"),
        "{}",
        again.2
    );
    assert!(post(at.path(), "same-name-2.md").contains("Mine now."));
    assert!(
        post(at.path(), "same-name-3.md").contains("Text 3."),
        "the name is free again"
    );
}

#[test]
fn fields_arrive_as_feedmill_reads_them() {
    let more = r#"<category domain="category" nicename="boats"><![CDATA[Boats &amp; Ships]]></category>
<category domain="category" nicename="uncategorized">Uncategorized</category><category domain="post_tag" nicename="tide">Tide</category>
<category domain="nav_menu" nicename="top">Top</category><excerpt:encoded><![CDATA[A <b>short</b> text]]></excerpt:encoded>
<wp:postmeta><wp:meta_key>_thumbnail_id</wp:meta_key><wp:meta_value>90</wp:meta_value></wp:postmeta>
<wp:postmeta><wp:meta_key>_wp_old_slug</wp:meta_key><wp:meta_value>first-name</wp:meta_value></wp:postmeta>
<wp:postmeta><wp:meta_key>enclosure</wp:meta_key><wp:meta_value>https://old.example/a.mp3
1234
audio/mpeg
a:1:{s:8:"duration";s:5:"12:00";}</wp:meta_value></wp:postmeta>"#;
    let picture = "<wp:post_type>attachment</wp:post_type><wp:attachment_url>https://old.example/up/boat.jpg</wp:attachment_url>";
    let items = item(1, "boats", "publish", "Text.", more) + &item(90, "boat", "inherit", "", picture);
    let at = folder(&[("export.xml", &wxr(&items))]);
    import_json(at.path(), &["export.xml", "posts"]);
    let expected = r#"---
title: "boats"
guid: "https://old.example/?p=1"
date: 2013-01-01T10:00:00+01:00
authors: ["Ada Example"]
tags: ["Boats & Ships", "Tide"]
aliases: ["/2013/01/01/boats/", "/?p=1", "/2013/01/01/first-name/"]
summary: "A short text"
image: "https://old.example/up/boat.jpg"
enclosures: [{"url": "https://old.example/a.mp3", "type": "audio/mpeg", "length": 1234}]
---

Text.
"#;
    assert_eq!(post(at.path(), "boats.md"), expected);
    check(at.path(), &[]);
    let site = site(at.path());
    let read = site.post("boats.md".into()).unwrap();
    assert_eq!(read.id, "https://old.example/?p=1");
    assert_eq!(read.enclosures.len(), 1);
    assert_eq!(read.aliases.len(), 3);
}

#[test]
fn bodies_become_markdown() {
    let cases = [
        ("Two\n\nparagraphs\nand a line.", "Two\n\nparagraphs\\\nand a line."),
        (
            "[caption id=\"a\" align=\"left\" width=\"3\"]<a href=\"https://old.example/up/a.jpg\"><img src=\"https://old.example/up/a-3x2.jpg\" alt=\"A\" /></a> The <em>caption</em>[/caption]",
            "The <em>caption</em></figcaption></figure>",
        ),
        ("[gallery ids=\"90,91\"]", "![boat](https://old.example/up/boat.jpg)"),
        ("[embed]https://video.example/x[/embed]", "](https://video.example/x)"),
        ("https://video.example/y", "](https://video.example/y)"),
        (
            "[audio src=\"https://old.example/a.mp3\"]",
            "<audio src=\"https://old.example/a.mp3\" controls",
        ),
        (
            "See [contact-form to=\"me\"] and [[gallery]].",
            "See \\[contact-form to=\"me\"\\] and \\[gallery\\].",
        ),
        ("Before.<!--more-->After.", "Before.\n\n<!--more-->\n\nAfter."),
        ("Before.<!--nextpage-->After.", "Before.\n\nAfter."),
        (
            "<!-- wp:paragraph -->\n<p>A block.</p>\n<!-- /wp:paragraph -->\n\n<!-- wp:list -->\n<ul><li>One</li></ul>\n<!-- /wp:list -->",
            "A block.\n\n- One",
        ),
        ("<pre class=\"brush:php;\">a\n\nb</pre>", "```php\na\n\nb\n```"),
        (
            "See <a href=\"http://www.old.example/2013/01/02/b/#x\">b</a> and <a href=\"/?p=2\">it</a>.",
            "See [b](b-2.md#x) and [it](b-2.md).",
        ),
        (
            "{{ braces }} and {% if %} and %%x%%",
            "&#123;{ braces }} and &#123;% if %} and &#37;%x&#37;%",
        ),
        (
            "<script>alert(1)</script><p onclick=\"x()\" style=\"color:red\" class=\"y\">Plain.</p>",
            "Plain.",
        ),
    ];
    for (content, expected) in cases {
        let pictures: String = [(90, "boat"), (91, "crew")]
            .map(|(id, name)| {
                let more = format!("<wp:post_type>attachment</wp:post_type><wp:attachment_url>https://old.example/up/{name}.jpg</wp:attachment_url>");
                item(id, name, "inherit", "", &more)
            })
            .concat();
        let items = item(1, "a", "publish", content, "")
            + &item(2, "b", "publish", "B.", "").replace("<wp:post_name>b", "<wp:post_name>b-2")
            + &pictures;
        let at = folder(&[("export.xml", &wxr(&items))]);
        let report = import_json(at.path(), &["export.xml", "posts"]);
        let written = post(at.path(), "a.md");
        assert!(written.contains(expected), "{content}\n{written}");
        let is_unknown = content.contains("contact-form");
        assert_eq!(
            report["shortcodes"]["contact-form"].as_u64(),
            is_unknown.then_some(1),
            "{report:#}"
        );
    }
}

#[test]
fn a_gallery_whose_pictures_are_not_in_the_export_is_reported() {
    let picture = "<wp:post_type>attachment</wp:post_type><wp:attachment_url>https://old.example/up/boat.jpg</wp:attachment_url>";
    let items = item(1, "none", "publish", "Before.\n\n[gallery ids=\"5,6\"]", "")
        + &item(2, "bare", "publish", "Before.\n\n[gallery]", "")
        + &item(3, "some", "publish", "Before.\n\n[gallery ids=\"90,6\"]", "")
        + &item(90, "boat", "inherit", "", picture);
    let at = folder(&[("export.xml", &wxr(&items))]);
    let report = import_json(at.path(), &["export.xml", "posts"]);
    assert!(
        post(at.path(), "none.md").contains("\\[gallery ids=\"5,6\"\\]"),
        "{}",
        post(at.path(), "none.md")
    );
    assert!(post(at.path(), "bare.md").contains("\\[gallery\\]"));
    assert!(post(at.path(), "some.md").contains("![boat](https://old.example/up/boat.jpg)"));
    assert_eq!(report["shortcodes"]["gallery"], 2, "{report:#}");
    let losses = report["losses"].as_array().unwrap();
    assert!(
        losses.len() == 1
            && losses[0]["what"]
                .as_str()
                .unwrap()
                .starts_with("1 of the 2 pictures of a gallery"),
        "{losses:#?}"
    );
}

#[test]
fn a_table_without_a_header_row_is_shown_as_a_table() {
    let block = "<!-- wp:table -->\n<figure class=\"wp-block-table\"><table><tbody><tr><td>aa</td><td>bb</td></tr><tr><td>cc</td><td>dd</td></tr></tbody></table></figure>\n<!-- /wp:table -->";
    let at = folder(&[("export.xml", &wxr(&item(1, "table", "publish", block, "")))]);
    import_json(at.path(), &["export.xml", "posts"]);
    let text = post(at.path(), "table.md");
    assert!(
        text.contains("<tr><td>aa</td><td>bb</td></tr>") && !text.contains("| aa"),
        "{text}"
    );
    check(at.path(), &[]);
}

#[test]
fn two_posts_with_one_id_are_two_and_a_repeated_file_is_one() {
    let other = item(2, "b", "publish", "B.", "").replace("/?p=2", "/?p=1");
    let text = wxr(&(item(1, "a", "publish", "A.", "") + &other));
    let at = folder(&[("export.xml", &(text.clone() + "\n" + &text))]);
    let report = import_json(at.path(), &["export.xml", "posts"]);
    assert_eq!(counts(&report)["post publish → public"], 2, "{report:#}");
    assert_eq!(counts(&report)["post publish → left out"], 2, "{report:#}");
    assert!(post(at.path(), "b.md").contains("guid: \"urn:uuid:"));
    check(at.path(), &[]);
}

#[test]
fn the_old_feed_decides_the_ids_and_old_addresses_lead_to_the_posts() {
    let feed = r#"<rss version="2.0"><channel><title>Harbour notes</title><link>https://old.example</link>
<item><title>a</title><link>https://old.example/2013/01/01/a/</link><guid isPermaLink="false">imported-from-blogger-17</guid></item>
<item><title>b</title><link>https://old.example/2013/01/02/b/</link><guid isPermaLink="false">https://old.example/?p=2</guid></item>
</channel></rss>"#;
    let items = item(1, "a", "publish", "A.", "") + &item(2, "b", "publish", "B.", "");
    let at = folder(&[("export.xml", &wxr(&items)), ("feed.xml", feed)]);
    let (status, out, err) = import(at.path(), &["export.xml", "posts", "--adopt", "feed.xml"]);
    assert!(
        status == 0 && err.contains("2 of 2 keep their id; 0 would appear as new\n"),
        "{out}{err}"
    );
    let ids: Vec<String> = site(at.path()).all().iter().map(|post| post.id.to_string()).collect();
    assert!(
        ids.contains(&"imported-from-blogger-17".to_owned()) && ids.contains(&"https://old.example/?p=2".to_owned()),
        "{ids:?}"
    );
    // without the feed, the report says how to go on
    let other = folder(&[("export.xml", &wxr(&items))]);
    let (_, _, err) = import(other.path(), &["export.xml", "posts"]);
    assert!(
        err.ends_with("feedmill import --adopt https://old.example/feed/ posts\n"),
        "{err}"
    );
    let texts = ["a.md", "b.md"].map(|file| (file, post(at.path(), file)));
    let files: Vec<(&str, &str)> = texts.iter().map(|(file, text)| (*file, text.as_str())).collect();
    let served = TestSite::start(&files, "[site]\nbase_url = 'https://new.example'\n");
    for (old, new) in [
        ("/?p=1", "/posts/a"),
        ("/?utm_source=x&p=2", "/posts/b"),
        ("/2013/01/02/b/", "/posts/b"),
    ] {
        let answer = served.get(old);
        assert_eq!(
            (answer.status, answer.header("location")),
            (301, format!("https://new.example{new}").as_str()),
            "{old}"
        );
    }
    for path in ["/", "/?p=3", "/?q=1", "/?p"] {
        assert_eq!(served.get(path).status, 200, "{path}");
    }
}

#[test]
fn the_html_of_the_export_is_kept_beside_the_post_and_not_served() {
    let html = "<p>One<br>two</p>\n<table><tr><td colspan=2>wide</td></tr></table>";
    let sticky = "<wp:is_sticky>1</wp:is_sticky>";
    let items = [
        item(1, "pinned", "publish", html, sticky),
        item(2, "draft", "draft", "<p>theworddraft</p>", "<wp:is_sticky>0</wp:is_sticky>"),
    ];
    let dir = folder(&[("export.xml", &wxr(&items.concat()))]);
    for (options, count) in [(&["--dry-run"][..], 0), (&[], 4), (&[], 4)] {
        let (status, out, err) = import(dir.path(), &[&["export.xml", "posts", "--keep-html"], options].concat());
        assert_eq!(status, 0, "{out}{err}");
        let written = files_below(&dir.path().join("posts"));
        assert_eq!(written.len(), count, "{written:?}");
    }
    let posts = dir.path().join("posts");
    let kept = fs::read_to_string(posts.join("pinned.original.html")).unwrap();
    assert_eq!(kept.trim(), html);
    assert!(
        fs::read_to_string(posts.join("pinned.md"))
            .unwrap()
            .contains("\npinned: true\n")
    );
    assert!(!fs::read_to_string(posts.join("draft.md")).unwrap().contains("pinned"));
    let site = TestSite::start(&[], "");
    for name in ["pinned.md", "pinned.original.html", "draft.md", "draft.original.html"] {
        site.write(name, &fs::read_to_string(posts.join(name)).unwrap());
    }
    site.wait_for("/posts/pinned", |answer| answer.status == 200);
    for name in ["pinned.original.html", "draft.original.html", "draft.md"] {
        assert_eq!(site.get(&format!("/media/{name}")).status, 404, "{name}");
    }
}
