//! Links and pictures of posts of other tools: where they lead, and that they follow their targets.

use std::fs;

use feedmill::site::Site;

use crate::server::TestSite;
use crate::still::{TestFolder, get, said};

const CONFIG: &str = "[site]\nbase_url = 'https://example.com'\n";

/// A site of `files`; a post without front matter gets a date.
fn folder(files: &[(&str, &str)]) -> TestFolder {
    let folder = TestFolder::new();
    for (path, text) in files {
        folder.write(path, text);
    }
    folder
}

/// The HTML of the post with this slug in the listing.
fn html(site: &Site, slug: &str) -> String {
    let (status, text) = get(site, &format!("/api/posts/{slug}"));
    assert_eq!(status, 200, "{slug}: {text}");
    let post: serde_json::Value = serde_json::from_str(&text).unwrap();
    post["content_html"].as_str().unwrap().to_owned()
}

/// Checks the HTML of each line of Markdown in the post in the file `path`, whose slug is `slug`, beside `files`.
fn check(files: &[(&str, &str)], (path, slug): (&str, &str), head: &str, lines: &[(&str, &str)]) {
    let folder = folder(files);
    let body: Vec<&str> = lines.iter().map(|(written, _)| *written).collect();
    folder.write(path, format!("---\n{head}\n---\n{}\n", body.join("\n\n")));
    let site = folder.site(CONFIG);
    let html = html(&site, slug);
    let shown: Vec<&str> = html.lines().collect();
    let expected: Vec<String> = lines.iter().map(|(_, expected)| format!("<p>{expected}</p>")).collect();
    assert_eq!(shown, expected);
    // the page has the same addresses, from the root
    let (status, page) = get(&site, site.index.by_slug(slug).unwrap().address.as_str());
    assert_eq!(status, 200);
    for (_, expected) in lines
        .iter()
        .filter(|(_, expected)| expected.contains("<a href=\"https://example.com"))
    {
        let address = expected.split('"').nth(1).unwrap();
        let address = address.strip_prefix("https://example.com").unwrap_or(address);
        assert!(page.contains(&format!("href=\"{address}\"")), "{address} is not on the page");
    }
}

fn link(path: &str, text: &str) -> String {
    format!("<a href=\"https://example.com{path}\">{text}</a>")
}

fn picture(path: &str, alt: &str) -> String {
    format!("<img src=\"https://example.com{path}\" alt=\"{alt}\">")
}

fn pairs<'a>(lines: &'a [(&'a str, String)]) -> Vec<(&'a str, &'a str)> {
    lines
        .iter()
        .map(|(written, expected)| (*written, expected.as_str()))
        .collect()
}

#[test]
fn jekyll() {
    let files = [
        ("_posts/2020-03-05-first-post.md", "---\nlayout: post\ntitle: First\n---\nx"),
        ("_posts/sub/2021-01-02-second.md", "---\nlayout: post\ntitle: Second\n---\nx"),
        ("assets/img/cat.png", "x"),
        ("assets/paper.pdf", "x"),
    ];
    let lines = [
        ("[a]({% post_url 2020-03-05-first-post %})", link("/posts/first-post", "a")),
        (
            "[b]({{ site.baseurl }}{% post_url 2021-01-02-second %}#part)",
            link("/posts/second#part", "b"),
        ),
        (
            "See {% post_url 2020-03-05-first-post %}.",
            format!("See {}.", link("/posts/first-post", "2020-03-05-first-post")),
        ),
        (
            "[c]({% link _posts/2020-03-05-first-post.md %})",
            link("/posts/first-post", "c"),
        ),
        ("[d]({% link assets/paper.pdf %})", link("/media/assets/paper.pdf", "d")),
        (
            "[e]({{ site.baseurl }}/2020/03/05/first-post.html)",
            link("/posts/first-post", "e"),
        ),
        (
            "[f]({{ '/2020/03/05/first-post/' | relative_url }})",
            link("/posts/first-post", "f"),
        ),
        ("[g][g]\n\n[g]: {% post_url 2021-01-02-second %}", link("/posts/second", "g")),
        (
            "![h]({{ '/assets/img/cat.png' | absolute_url }})",
            picture("/media/assets/img/cat.png", "h"),
        ),
        ("![i](/assets/img/cat.png)", picture("/media/assets/img/cat.png", "i")),
        (
            "<a href=\"{% post_url 2020-03-05-first-post %}\">j</a> k",
            format!("{} k", link("/posts/first-post", "j")),
        ),
    ];
    check(
        &files,
        ("_posts/2022-01-01-links.md", "links"),
        "layout: post\ntitle: Links",
        &pairs(&lines),
    );
}

#[test]
fn hexo() {
    let files = [
        ("first.md", "---\ntitle: First post\ndate: 2020-03-05\n---\nx"),
        ("links/cat.png", "x"),
        ("links/paper.pdf", "x"),
        ("images/dog.png", "x"),
    ];
    let lines = [
        ("{% asset_img cat.png A cat %}", picture("/media/links/cat.png", "cat")),
        (
            "{% asset_img wide cat.png 300 \"A cat\" %}",
            picture("/media/links/cat.png", "A cat"),
        ),
        (
            "{% img round /images/dog.png 100 100 A %}",
            picture("/media/images/dog.png", "A"),
        ),
        ("![a](cat.png)", picture("/media/links/cat.png", "a")),
        ("{% post_link first %}", link("/posts/first", "first")),
        ("{% post_link first 'The first' %}", link("/posts/first", "The first")),
        ("{% post_link missing 'Nothing' %}", "Nothing".to_owned()),
        (
            "{% asset_link paper.pdf \"Paper\" %}",
            link("/media/links/paper.pdf", "Paper"),
        ),
        ("[b]({% asset_path paper.pdf %})", link("/media/links/paper.pdf", "b")),
        (
            "{% link Elsewhere https://a.test/ %}",
            "<a href=\"https://a.test/\">Elsewhere</a>".to_owned(),
        ),
        ("[c](/2020/03/05/first/)", link("/posts/first", "c")),
    ];
    check(
        &files,
        ("links.md", "links"),
        "title: Links\ndate: 2021-01-01",
        &pairs(&lines),
    );
}

#[test]
fn hugo() {
    let files = [
        ("blog/first/index.md", "---\ntitle: First\ndate: 2020-03-05\n---\nx"),
        (
            "blog/second.md",
            "---\ntitle: Second\ndate: 2020-03-06\naliases: [/old/second/]\n---\nx",
        ),
        ("notes/third.md", "---\ntitle: Third\ndate: 2020-03-07\n---\nx"),
        ("blog/links/cat.png", "x"),
    ];
    let lines = [
        ("[a]({{< ref \"second.md\" >}})", link("/posts/second", "a")),
        ("[b]({{< relref \"/notes/third.md#x\" >}})", link("/posts/third#x", "b")),
        ("[c]({{% ref \"first\" %}})", link("/posts/first", "c")),
        ("[d]({{< ref \"blog/first/index.md\" >}})", link("/posts/first", "d")),
        ("[e](../first/)", link("/posts/first", "e")),
        ("[f](/blog/second/)", link("/posts/second", "f")),
        ("[g](/old/second/)", link("/posts/second", "g")),
        ("![h](cat.png)", picture("/media/blog/links/cat.png", "h")),
        ("{{< ref \"second.md\" >}}", link("/posts/second", "second.md")),
    ];
    check(
        &files,
        ("blog/links/index.md", "links"),
        "title: Links\ndate: 2021-01-01",
        &pairs(&lines),
    );
}

#[test]
fn obsidian() {
    let files = [
        (
            "Deep/Folder/Field notes.md",
            "---\ntitle: Field notes\ndate: 2020-03-05\n---\n## A heading\n",
        ),
        (
            "Other.md",
            "---\ntitle: Another title\ndate: 2020-03-06\naliases: [Second name]\n---\nx",
        ),
        (
            "Secret plans.md",
            "---\ntitle: Secret title\ndraft: true\nslug: the-slug\n---\nx",
        ),
        ("Files/cat.png", "x"),
        ("Files/talk.mp3", "x"),
        ("Files/paper.pdf", "x"),
    ];
    let lines = [
        (
            "[[Field notes]] x",
            format!("{} x", link("/posts/field-notes", "Field notes")),
        ),
        ("[[field notes|text]] x", format!("{} x", link("/posts/field-notes", "text"))),
        (
            "[[Field notes#A heading]] x",
            format!("{} x", link("/posts/field-notes#a-heading", "Field notes &gt; A heading")),
        ),
        (
            "[[Deep/Folder/Field notes|a]]: b",
            format!("{}: b", link("/posts/field-notes", "a")),
        ),
        ("[[Another title]] [[Second name]]", {
            format!(
                "{} {}",
                link("/posts/other", "Another title"),
                link("/posts/other", "Second name")
            )
        }),
        // not public, or nowhere: the same
        ("[[Secret plans]] x", "Secret plans x".to_owned()),
        ("[[Secret title|a *plan*]] x", "a <em>plan</em> x".to_owned()),
        ("[[the-slug]] [[Nothing]]", "the-slug Nothing".to_owned()),
        ("![[Secret plans]]", "Secret plans".to_owned()),
        ("![[cat.png|300]]", picture("/media/Files/cat.png", "cat.png")),
        (
            "![[Field notes]] x",
            format!("{} x", link("/posts/field-notes", "Field notes")),
        ),
        (
            "![[talk.mp3]]",
            "<audio controls=\"\" src=\"https://example.com/media/Files/talk.mp3\"></audio>".to_owned(),
        ),
        (
            "![[paper.pdf]] x",
            format!("{} x", link("/media/Files/paper.pdf", "paper.pdf")),
        ),
        ("[a](Other.md)", link("/posts/other", "a")),
    ];
    check(
        &files,
        ("Links.md", "links"),
        "title: Links\ndate: 2021-01-01",
        &pairs(&lines),
    );
}

#[test]
fn pelican() {
    let files = [
        ("news/first.md", "Title: First\nDate: 2020-03-05\n\nx"),
        ("news/my post.md", "Title: Mine\nDate: 2020-03-06\nTags: sea\n\nx"),
        ("images/cat.png", "x"),
        ("news/my pic.png", "x"),
    ];
    let lines = [
        ("[a]({filename}first.md)", link("/posts/first", "a")),
        ("[b]({filename}/news/first.md#x)", link("/posts/first#x", "b")),
        ("[c](|filename|first.md)", link("/posts/first", "c")),
        ("[d]({filename}my post.md)", link("/posts/my-post", "d")),
        ("![e]({static}/images/cat.png)", picture("/media/images/cat.png", "e")),
        ("![f]({attach}../images/cat.png)", picture("/media/images/cat.png", "f")),
        ("![g](my pic.png)", picture("/media/news/my%20pic.png", "g")),
        ("[h]({tag}sea)", link("/tags/sea", "h")),
    ];
    check(
        &files,
        ("news/links.md", "links"),
        "title: Links\ndate: 2021-01-01",
        &pairs(&lines),
    );
}

#[test]
fn zola_docusaurus_and_ghost() {
    let files = [
        ("blog/first.md", "---\ntitle: First\ndate: 2020-03-05\n---\nx"),
        ("blog/deep/second.md", "---\ntitle: Second\ndate: 2020-03-06\n---\nx"),
        ("blog/_index.md", "---\ntitle: The blog\n---\n"),
        ("content/images/cat.png", "x"),
        ("blog/first.html.png", "x"),
    ];
    let lines = [
        ("[a](@/blog/first.md#x)", link("/posts/first#x", "a")),
        ("[b](@/blog/_index.md)", link("/sections/blog", "b")),
        ("[c](./first.html)", link("/posts/first", "c")),
        ("[d](../first/)", link("/posts/first", "d")),
        ("[e](deep/second)", link("/posts/second", "e")),
        ("[f](./deep/second.md)", link("/posts/second", "f")),
        ("[g](/blog/deep/second)", link("/posts/second", "g")),
        (
            "![h](__GHOST_URL__/content/images/cat.png)",
            picture("/media/content/images/cat.png", "h"),
        ),
        ("[i](__GHOST_URL__/first/)", link("/posts/first", "i")),
        (
            "<img src=\"cat.png\" alt=\"j\"> k",
            format!("{} k", picture("/media/content/images/cat.png", "j")),
        ),
    ];
    check(
        &files,
        ("blog/links.md", "links"),
        "title: Links\ndate: 2021-01-01",
        &pairs(&lines),
    );
}

#[test]
fn pictures_in_front_matter() {
    let site = folder(&[
        ("a.md", "---\ndate: 2026-01-01\nimage: /img/cat.png\naudio: talk.mp3\n---\nx"),
        ("files/img/cat.png", "x"),
        ("files/talk.mp3", "x"),
    ])
    .site(CONFIG);
    let (_, feed) = get(&site, "/feed.json");
    let feed: serde_json::Value = serde_json::from_str(&feed).unwrap();
    assert_eq!(feed["items"][0]["image"], "https://example.com/media/files/img/cat.png");
    assert_eq!(
        feed["items"][0]["attachments"][0]["url"],
        "https://example.com/media/files/talk.mp3"
    );
    let (_, listed) = get(&site, "/api/posts");
    assert!(listed.contains("/media/files/img/cat.png"), "{listed}");
    let (_, page) = get(&site, "/posts/a");
    assert!(page.contains("/media/files/img/cat.png"), "{page}");
}

#[test]
fn links_follow_their_targets() {
    let site = TestSite::start(
        &[
            (
                "a.md",
                "---\ntitle: Links\ndate: 2026-01-02\n---\n![p](pic.png) [[Other]] [o](/blog/other/)\n",
            ),
            (
                "c.md",
                "---\ntitle: Plain\ndate: 2026-01-01\n---\n[x](https://elsewhere.example)\n",
            ),
        ],
        CONFIG,
    );
    let wait = |wanted: &str, is_there: bool| {
        site.wait_for("/feed.json", |answer| {
            let feed = answer.json();
            let items = feed["items"].as_array().unwrap();
            let links = items.iter().find(|item| item["title"] == "Links").unwrap();
            links["content_html"].as_str().unwrap().contains(wanted) == is_there
        });
        // the page is made of the same site
        let wanted = wanted.replace("https://example.com", "");
        assert_eq!(site.get("/posts/a").body.contains(&wanted), is_there, "{wanted}");
    };
    assert!(site.get("/feed.json").body.contains("example.com/media/pic.png"));
    // a picture appears in another folder, and goes
    site.write("img/pic.png", "x");
    wait("https://example.com/media/img/pic.png", true);
    fs::remove_file(site.path().join("img/pic.png")).unwrap();
    wait("https://example.com/media/img/pic.png", false);
    // a post appears, moves, becomes a draft, and comes back
    let other = |head: &str| format!("---\ntitle: Other\ndate: 2026-01-01\n{head}---\nOther text\n");
    assert!(!site.get("/feed.json").body.contains("/posts/other"));
    site.write("deep/other.md", &other(""));
    wait("https://example.com/posts/other\">Other</a>", true);
    site.write("deep/other.md", &other("slug: moved\n"));
    wait("https://example.com/posts/moved\">Other</a>", true);
    site.write("deep/other.md", &other("slug: moved\ndraft: true\n"));
    wait("https://example.com/posts/moved", false);
    let (feed, page) = (site.get("/feed.json").body, site.get("/posts/a").body);
    for hidden in ["moved", "deep", "Other text"] {
        assert!(!feed.contains(hidden) && !page.contains(hidden), "{hidden}");
    }
    site.write("deep/other.md", &other(""));
    wait("https://example.com/posts/other\">Other</a>", true);
    fs::remove_file(site.path().join("deep/other.md")).unwrap();
    wait("https://example.com/posts/other\">Other</a>", false);
}

#[test]
fn a_change_makes_only_what_points_to_it_anew() {
    let site = TestSite::start(
        &[
            ("tags/a.md", "---\ndate: 2026-01-02\ntags: [linked]\n---\n![p](pic.png)\n"),
            (
                "tags/b.md",
                "---\ndate: 2026-01-01\ntags: [other]\n---\n![p](elsewhere.png)\n",
            ),
        ],
        CONFIG,
    );
    let tag = |path: &str| site.get(path).header("etag").to_owned();
    let before = [tag("/tags/linked/rss.xml"), tag("/tags/other/rss.xml")];
    site.write("x/pic.png", "x");
    site.wait_for("/tags/linked/rss.xml", |answer| answer.body.contains("/media/x/pic.png"));
    let after = [tag("/tags/linked/rss.xml"), tag("/tags/other/rss.xml")];
    assert!(before[0] != after[0] && before[1] == after[1], "{before:?} {after:?}");
}

/// The diagnostics of the post in the file `path`: line, column, severity, code, message and fix.
fn problems(site: &Site, path: &str) -> Vec<String> {
    let problems = said(site, path).map(|problem| {
        let place = problem
            .position
            .map_or("-".to_owned(), |place| format!("{}:{}", place.line, place.column));
        let severity = format!("{:?}", problem.severity).to_lowercase();
        format!("{place} {severity} {}: {} ({})", problem.code, problem.message, problem.mend)
    });
    problems.collect()
}

#[test]
fn check_names_what_leads_nowhere() {
    let post = "---\ntitle: A\ndate: 2026-01-01\nimage: covr.jpg\naudio: talk.mp3\n---\n\
                [a](kelp.md) ![b](kat.png) [c](other.md#part) [d](other.md#here) [e](draft.md)\n\
                [f](#nothing) [g](#own) [[Absent]] [h](/tags/none) [i](/tags/sea) [j](script.py)\n\
                [k](https://elsewhere.example/x) [l](https://example.com/posts/gone) [m](/posts/other) [n](mailto:a@b.example)\n\n\
                ## Own\n";
    let site = folder(&[
        ("a.md", post),
        ("other.md", "---\ntitle: Other\ndate: 2026-01-02\ntags: [Sea]\n---\n## Here\n"),
        ("help.md", "---\ntitle: Help\ndate: 2026-01-02\n---\nx\n"),
        ("draft.md", "---\ntitle: Draft\ndraft: true\n---\n[x](nowhere.md)\n"),
        ("img/cat.png", "x"),
        ("cover.jpg", "x"),
        ("script.py", "x"),
    ])
    .site(CONFIG);
    let correct = "correct the address, or remove the link";
    let expected = [
        "4:8 warning picture-missing: `covr.jpg` is not shown: there is no such file (did you mean `cover.jpg`?)".to_owned(),
        "5:8 warning enclosure-missing: the enclosure `talk.mp3` leads nowhere: there is no such file \
         (put the file beside the post, or correct the address)"
            .to_owned(),
        "7:5 warning link-nowhere: `kelp.md` leads nowhere: the site has no such post, page or file (did you mean `help.md`?)"
            .to_owned(),
        "7:19 warning picture-missing: `kat.png` is not shown: there is no such file (did you mean `img/cat.png`?)".to_owned(),
        "7:32 warning link-part-missing: `other.md#part` leads to the top of the page: it has no such part \
         (link to the id of a heading: its words in lower case, joined by `-`)"
            .to_owned(),
        "7:70 note link-not-public: `draft.md` leads to a post that is not public, so readers get no link \
         (publish the post, or remove the link)"
            .to_owned(),
        "8:5 warning link-part-missing: `#nothing` leads to the top of the page: it has no such part \
         (link to the id of a heading: its words in lower case, joined by `-`)"
            .to_owned(),
        format!("8:25 warning link-nowhere: `[[Absent]]` is only text: no post or file has this name ({correct})"),
        format!("8:40 warning link-nowhere: `/tags/none` leads nowhere: the site has no such post, page or file ({correct})"),
        "8:71 warning media-not-served: links to script.py, which is not served: files of this kind are not \
         (put it into a .zip file, or write `posts.media = [\"py\"]` in feedmill.toml)"
            .to_owned(),
        format!(
            "9:38 warning link-nowhere: `https://example.com/posts/gone` leads nowhere: \
             the site has no such post, page or file ({correct})"
        ),
    ];
    assert_eq!(problems(&site, "a.md"), expected);
    let draft = problems(&site, "draft.md");
    assert!(
        draft.iter().any(|problem| problem.starts_with("5:5 note link-nowhere")),
        "{draft:?}"
    );
    assert_eq!(problems(&site, "other.md"), [""; 0]);
}

#[test]
fn a_link_to_a_file_of_no_public_post_is_text() {
    let post = "[a](gone.md) *[b](draft.md#x)* [c](other.md) [d](@/gone.md) [e](/gone/) ![f](gone.png)";
    let files = [
        ("other.md", "---\ndate: 2026-01-01\n---\nx"),
        ("draft.md", "---\ndraft: true\n---\nx"),
    ];
    let expected = "a <em>b</em> <a href=\"https://example.com/posts/other\">c</a> d <a href=\"https://example.com/gone/\">e</a>";
    check(
        &files,
        ("a.md", "a"),
        "date: 2026-01-02",
        &pairs(&[(
            post,
            format!("{expected} <img src=\"https://example.com/media/gone.png\" alt=\"f\">"),
        )]),
    );
}

#[test]
fn check_knows_the_addresses_of_feedmill_itself() {
    let post =
        "---\ndate: 2026-01-01\n---\n[a](../robots.txt) [b](/robots.txt) [c](../sitemap.xml) [d](/feed.json) [e](../robot.txt)\n";
    let site = folder(&[("a.md", post)]).site(CONFIG);
    let found = problems(&site, "a.md");
    assert!(
        found.len() == 1 && found[0].contains("`../robot.txt` leads nowhere"),
        "{found:?}"
    );
}

#[test]
fn check_reads_the_links_that_an_authors_shortcode_makes() {
    let config = format!("{CONFIG}[shortcodes]\ndoc = '<a href=\"{{{{ args[0] }}}}\">x</a>'\n");
    let post = "---\ndate: 2026-01-01\n---\nSee {{< doc \"b.md\" >}} and {{< doc \"gone.md\" >}}.\n";
    let site = folder(&[("a.md", post), ("b.md", "---\ndate: 2026-01-02\n---\nx\n")]).site(&config);
    let found = problems(&site, "a.md");
    assert!(found.len() == 1 && found[0].contains("`gone.md` leads nowhere"), "{found:?}");
}

#[test]
fn check_says_once_what_many_have_in_common() {
    let mut files: Vec<(String, String)> = Vec::new();
    for n in 1..=5 {
        let day = format!("2020-03-0{n}");
        let links =
            format!("[a](/2020/03/0{n}/p{n}/) [b](/about/) ![c](/images/a{n}.png) ![d](/images/b{n}.png) ![e](/images/c{n}.png)");
        files.push((
            format!("{day}-p{n}.md"),
            format!("---\ntitle: P{n}\n---\n{links} [f](/2019/01/0{n}/gone/)\n"),
        ));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let site = folder(&files).site(CONFIG);
    let with = |code: &str| -> Vec<&str> {
        let found = site.diagnostics.iter().filter(|problem| problem.code == code);
        found.map(|problem| problem.message.as_str()).collect()
    };
    assert_eq!(
        with("old-addresses"),
        [
            "10 links look like `/2020/03/01/p1/`: `posts.permalink = \"/{year}/{month}/{day}/{slug}/\"` would make 5 of them right"
        ]
    );
    assert_eq!(
        with("picture-missing"),
        ["15 pictures begin with `/images/` and lead nowhere, this one first"]
    );
    let about: Vec<&str> = with("link-nowhere")
        .into_iter()
        .filter(|message| message.contains("/about/"))
        .collect();
    assert_eq!(
        about,
        ["`/about/` leads nowhere: the site has no such post, page or file; 4 more posts have it too"]
    );
    // with that setting, nothing is left to suggest
    let site = folder(&files).site(&format!(
        "{CONFIG}[posts]\npermalink = '/{{year}}/{{month}}/{{day}}/{{slug}}/'\n"
    ));
    assert!(site.diagnostics.iter().all(|problem| problem.code != "old-addresses"));
}

#[test]
fn check_says_which_links_were_guessed() {
    let post = |slug: &str, text: &str| format!("---\ntitle: {slug}\ndate: 2026-01-01\n---\n{text}\n");
    let files = [
        (
            "one-post.md",
            post("One", "[a](/web/two-posts/) [b](/web/three-posts) [c](/posts/two-posts)"),
        ),
        ("two-posts.md", post("Two", "[a](/web/three-posts/) [b](/other/one-post/)")),
        ("three-posts.md", post("Three", "[a](/web/one-post/) [b](/web/none-of-them/)")),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let site = folder(&files).site(CONFIG);
    let found: Vec<String> = site
        .diagnostics
        .iter()
        .filter(|problem| matches!(problem.code, "old-addresses" | "link-guessed" | "link-nowhere"))
        .map(|problem| format!("{} {}", problem.code, problem.message))
        .collect();
    for expected in [
        "old-addresses 3 links look like `/web/two-posts/`: `posts.permalink = \"/web/{slug}/\"` would make 3 of them right",
        "link-guessed `/other/one-post/` is taken for the post with this slug",
        "link-guessed `/web/three-posts` is taken for the post with this slug",
        "link-nowhere `/web/none-of-them/` leads nowhere: the site has no such post, page or file",
    ] {
        assert!(found.iter().any(|found| found == expected), "{expected}: {found:?}");
    }
    assert_eq!(found.len(), 4, "{found:?}");
}

#[test]
fn check_knows_the_static_files_of_another_tool_beside_the_folder() {
    let folder = folder(&[
        ("hugo.toml", "baseURL = 'https://example.com'"),
        ("static/img/a.png", "x"),
        (
            "content/a.md",
            "---\ndate: 2026-01-01\n---\n![a](/img/a.png) ![b](@site/static/img/a.png) ![c](/img/b.png) ![d](/../hugo.toml)\n",
        ),
    ]);
    let site = folder.site_below("content", CONFIG);
    let found = problems(&site, "a.md");
    let with = "the file is in `../static`, which is not in the posts folder";
    assert_eq!(found.iter().filter(|problem| problem.contains(with)).count(), 2, "{found:?}");
    assert_eq!(found.len(), 4, "{found:?}");
    // what the fix says makes it right
    folder.write("content/static/img/a.png", "x");
    let site = folder.site_below("content", CONFIG);
    assert_eq!(problems(&site, "a.md").len(), 2);
}

#[test]
fn a_watch_says_each_new_link_that_leads_nowhere() {
    let site = TestSite::start(
        &[
            ("a.md", "---\ntitle: A\ndate: 2026-01-02\n---\n[b](b.md) ![p](pic.png)\n"),
            ("b.md", "---\ntitle: B\ndate: 2026-01-01\n---\nx\n"),
        ],
        CONFIG,
    );
    let root = camino::Utf8Path::from_path(site.path()).unwrap();
    let source = feedmill::source::Source::folder(root, &feedmill::config::Config::default().posts);
    let mut watch = feedmill::publisher::LinkWatch::begin(&site.site(), &source);
    assert_eq!(watch.count(), 1);
    // a post that another one links to goes
    fs::remove_file(site.path().join("b.md")).unwrap();
    site.wait_for("/posts/b", |answer| answer.status == 410);
    let new = watch.update(&site.site(), &source, ["b.md".into()].into_iter());
    let new: Vec<String> = new.iter().map(ToString::to_string).collect();
    assert_eq!(new.len(), 1, "{new:?}");
    assert!(new[0].starts_with("a.md:5:5: warning: `b.md` leads nowhere"), "{new:?}");
    assert_eq!(watch.count(), 2);
    // the picture appears
    site.write("pic.png", "x");
    site.write("c.md", "---\ntitle: C\ndate: 2026-01-01\n---\n[x](none.md)\n");
    site.wait_for("/posts/c", |answer| answer.status == 200);
    let new = watch.update(&site.site(), &source, ["c.md".into(), "a.md".into()].into_iter());
    let new: Vec<String> = new.iter().map(ToString::to_string).collect();
    assert!(
        matches!(new.as_slice(), [new] if new.starts_with("c.md:5:5: warning: `none.md`")),
        "{new:?}"
    );
    assert_eq!(watch.count(), 2);
}
