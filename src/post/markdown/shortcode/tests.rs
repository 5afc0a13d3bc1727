use super::*;

#[test]
fn tags() {
    let cases = [
        (
            "youtube w7Ft2ymGmfc",
            "<a class=\"embed\" href=\"https://www.youtube.com/watch?v=w7Ft2ymGmfc\">YouTube</a>",
        ),
        (
            "youtube id=\"a-b_c\" autoplay=\"true\"",
            "<a class=\"embed\" href=\"https://www.youtube.com/watch?v=a-b_c\">YouTube</a>",
        ),
        (
            "vimeo 146022717",
            "<a class=\"embed\" href=\"https://vimeo.com/146022717\">Vimeo</a>",
        ),
        (
            "gist ann 50a7482715eac222e230d1e64dd9a89b",
            "<a class=\"embed\" href=\"https://gist.github.com/ann/50a7482715eac222e230d1e64dd9a89b\">Gist</a>",
        ),
        (
            "gist ann/12 file.rb",
            "<a class=\"embed\" href=\"https://gist.github.com/ann/12\">Gist</a>",
        ),
        (
            "tweet user=ann id=12",
            "<a class=\"embed\" href=\"https://twitter.com/ann/status/12\">X</a>",
        ),
        ("embed \"https://a.test/(x)\"", "<https://a.test/%28x%29>"),
        ("image \"a b.png\" \"A [fine] *day*\"", "![A \\[fine\\] \\*day\\*](a%20b.png)"),
        ("img assets/a.png", "![](/assets/a.png)"),
        ("image './a.png', 'A'", "![A](./a.png)"),
        ("image_with_class \"a.png\" \"wide\" \"A\"", "![A](a.png)"),
        ("asset_img wide a.png 100 200 \"'A title' 'A day'\"", "![A day](a.png)"),
        ("asset_img sub/a.png \"A title\" \"A day\"", "![A day](sub/a.png)"),
        ("img left round /images/a.png 100 A", "![A](/images/a.png)"),
        ("link \"A page\" https://a.test/b", "[A page](https://a.test/b)"),
        ("post_link notes/hello", "[notes\\/hello](wikilink:notes%2Fhello)"),
        ("post_link hello 'Well, hello' true", "[Well\\, hello](wikilink:hello)"),
        ("asset_link a.pdf \"The paper\"", "[The paper](a.pdf)"),
        (
            "figure src=\"/a.png\" title=\"One\" caption=\"a < b\" alt='\"x\"'",
            "<figure><img src=\"/a.png\" alt=\"&quot;x&quot;\"><figcaption>One. a &lt; b</figcaption></figure>",
        ),
        (
            "figure src=a.png link=\"https://b.test\"",
            "<figure><a href=\"https://b.test\"><img src=\"a.png\" alt=\"\"></a></figure>",
        ),
    ];
    for (written, expected) in cases {
        assert_eq!(
            parse_tag(written).meaning(),
            Meaning::Markdown(expected.to_owned()),
            "{written}"
        );
    }
    let addresses = [
        ("post_url 2020-01-02-hello", "2020-01-02-hello.md", "2020-01-02-hello"),
        (
            "post_url /sub/2020-01-02-hello.md",
            "/sub/2020-01-02-hello.md",
            "2020-01-02-hello",
        ),
        ("relref \"../a.md#x\"", "../a.md#x", "../a.md#x"),
        ("ref path=\"a b.md\" lang=\"de\"", "a%20b.md", "a b.md"),
        (
            "link _posts/2020-01-02-hello.md",
            "_posts/2020-01-02-hello.md",
            "_posts/2020-01-02-hello.md",
        ),
        ("asset_path a.pdf", "a.pdf", "a.pdf"),
        ("post_path hello", "hello.md", "hello"),
        ("get_url(path=\"@/blog/a.md\")", "@/blog/a.md", "@/blog/a.md"),
    ];
    for (written, address, shown) in addresses {
        let (address, shown) = (address.to_owned(), shown.to_owned());
        assert_eq!(parse_tag(written).meaning(), Meaning::Address { address, shown }, "{written}");
    }
    for unknown in [
        "",
        "include a.html",
        "youtube \"><script>\"",
        "youtube",
        "embed javascript:x",
        "gallery a",
        "include gallery.html",
        "gist",
    ] {
        assert_eq!(parse_tag(unknown).meaning(), Meaning::Unknown, "{unknown}");
    }
    assert_eq!(parse_tag("- raw -").meaning(), Meaning::Raw);
    assert_eq!(parse_tag("highlight c++ linenos").meaning(), Meaning::Code("c++".to_owned()));
    assert_eq!(parse_tag("codeblock lang:js").meaning(), Meaning::Code("js".to_owned()));
    for control in ["if a == b", "else", "endif", "assign a = 1", "for a in b", "set x = 1"] {
        assert_eq!(parse_tag(control).meaning(), Meaning::LeftOut, "{control}");
    }
    assert!(parse_tag("endhighlight").closes && parse_tag("/highlight").closes);
}

#[test]
fn more_embeds() {
    let link = |url: &str, label: &str| format!("<a class=\"embed\" href=\"{url}\">{label}</a>");
    let cases = [
        (
            "youtube id=\"a\" title=\"A <film>\"",
            link("https://www.youtube.com/watch?v=a", "A &lt;film&gt;"),
        ),
        (
            "include youtube.html id=\"a\"",
            link("https://www.youtube.com/watch?v=a", "YouTube"),
        ),
        ("twitter ann 12", link("https://twitter.com/ann/status/12", "X")),
        (
            "tweet https://twitter.com/ann/status/12",
            link("https://twitter.com/ann/status/12", "X"),
        ),
        ("codepen ann AbC", link("https://codepen.io/ann/pen/AbC", "CodePen")),
        (
            "codepen user=\"ann\" id=\"AbC\"",
            link("https://codepen.io/ann/pen/AbC", "CodePen"),
        ),
        ("bilibili BV1x", link("https://www.bilibili.com/video/BV1x", "bilibili")),
        (
            "iframe src=\"https://a.test/\" title=\"A map\"",
            link("https://a.test/", "A map"),
        ),
        ("video src=\"a.mp4\"", "<video controls src=\"a.mp4\"></video>".to_owned()),
        (
            "include figure image_path=\"/a.png\" caption=\"b\"",
            "<figure><img src=\"/a.png\" alt=\"\"><figcaption>b</figcaption></figure>".to_owned(),
        ),
        ("kbd \"Ctrl\"", "<kbd>Ctrl</kbd>".to_owned()),
        ("icon \"far:copy\"", String::new()),
    ];
    for (written, expected) in cases {
        assert_eq!(parse_tag(written).meaning(), Meaning::Markdown(expected), "{written}");
    }
}

#[test]
fn blocks() {
    let alert = |kind: &str, title: &str| {
        format!("<div class=\"markdown-alert markdown-alert-{kind}\">\n<p class=\"markdown-alert-title\">{title}</p>")
    };
    let cases = [
        ("note info A title", alert("note", "A title"), "</div>"),
        ("note", alert("note", "Note"), "</div>"),
        ("notice tip \"A *title*\"", alert("tip", "A <em>title</em>"), "</div>"),
        ("hint type=danger", alert("caution", "Danger"), "</div>"),
        ("alert title=\"x\" color=\"warning\"", alert("warning", "x"), "</div>"),
        ("tip \"Try, then buy\"", alert("tip", "Try, then buy"), "</div>"),
        (
            "details Why, oh why",
            "<details>\n<summary>Why, oh why</summary>".to_owned(),
            "</details>",
        ),
        (
            "details summary=\"a\" open=true",
            "<details>\n<summary>a</summary>".to_owned(),
            "</details>",
        ),
        (
            "quote Ann, A Book",
            "<blockquote>".to_owned(),
            "<footer>Ann, A Book</footer>\n</blockquote>",
        ),
        ("tab \"One\"", "**One**".to_owned(), ""),
        ("tabs", String::new(), ""),
    ];
    for (written, start, end) in cases {
        let end = end.to_owned();
        assert_eq!(parse_tag(written).meaning(), Meaning::Block { start, end }, "{written}");
    }
}

#[test]
fn names() {
    let cases = [
        ("{{< gallery \"a\" >}}", "gallery"),
        ("{% a_b c %}", "a_b"),
        ("{%- endx -%}", "endx"),
        ("{{ page.title | x }}", "page.title"),
        ("{{< /x >}}", "x"),
        ("<Show", "Show"),
    ];
    for (written, name) in cases {
        assert_eq!(name_of(written), name, "{written}");
    }
}

#[test]
fn expressions() {
    let cases = [
        (" site.baseurl ", ""),
        ("\"/about/\" | url", "/about/"),
        (" '/a b' | relative_url ", "/a%20b"),
        ("'/x' | prepend: site.baseurl", "/x"),
        ("\"https://a.test/b\" | player: \"A film\"", "<https://a.test/b>"),
        ("/* a note */", ""),
        (
            "youtube(id=\"abc\")",
            "<a class=\"embed\" href=\"https://www.youtube.com/watch?v=abc\">YouTube</a>",
        ),
    ];
    for (written, expected) in cases {
        assert_eq!(parse_expression(written), Meaning::Markdown(expected.to_owned()), "{written}");
    }
    for unknown in ["page.title", "\"ann\" | team_link", "gallery(text=\"x\")", ""] {
        assert_eq!(parse_expression(unknown), Meaning::Unknown, "{unknown}");
    }
}
