mod other_tools;

use proptest::prelude::*;

use super::*;
use crate::post::html;
use crate::post::reference::References;

fn references() -> References {
    References::new("https://site.test", "https://site.test/a", "a.md".into())
}

fn html_of(body: &str) -> String {
    render(body, "").html
}

#[track_caller]
fn check(cases: &[(&str, &str, &str)]) {
    for (name, body, expected) in cases {
        assert_eq!(html_of(body).trim_end(), *expected, "{name}");
    }
}

#[test]
fn markdown_as_on_github() {
    check(&[
        (
            "emphasis",
            "*a* **b** ~~c~~",
            "<p><em>a</em> <strong>b</strong> <del>c</del></p>",
        ),
        ("quotes and dashes stay", "\"a\" -- b...", "<p>&quot;a&quot; -- b...</p>"),
        (
            "bare links",
            "see https://a.test/b",
            "<p>see <a href=\"https://a.test/b\">https://a.test/b</a></p>",
        ),
        (
            "raw HTML",
            "a <kbd>b</kbd>\n\n<div>c</div>",
            "<p>a <kbd>b</kbd></p>\n<div>c</div>",
        ),
        (
            "code",
            "```rust\na < b\n```",
            "<pre><code class=\"language-rust\">a &lt; b\n</code></pre>",
        ),
        (
            "heading ids",
            "## A b\n## A b\n## Ünï!\n## ?\n## 何\n## Don't",
            "<h2 id=\"a-b\">A b</h2>\n<h2 id=\"a-b-1\">A b</h2>\n<h2 id=\"ünï\"><span id=\"uni\"></span>Ünï!</h2>\n<h2>?</h2>\n\
             <h2 id=\"何\">何</h2>\n<h2 id=\"dont\"><span id=\"don-t\"></span>Don't</h2>",
        ),
        (
            "explicit heading ids",
            "## A {#So_1}\n## B {#So_1}\n## C {x}",
            "<h2 id=\"So_1\">A</h2>\n<h2 id=\"b\">B</h2>\n<h2 id=\"c-x\">C {x}</h2>",
        ),
        (
            "mathematics as typed",
            "$a_1 * b_2 * \\{c\\}$ and $$x*y*z$$",
            "<p><span class=\"math\">$a_1 * b_2 * \\{c\\}$</span> and <span class=\"math math-display\">$$x*y*z$$</span></p>",
        ),
        (
            "a formula's name",
            "let $n$ be",
            "<p>let <span class=\"math\">$n$</span> be</p>",
        ),
        (
            "a sum in two currencies",
            "for $5, or US$, *now*",
            "<p>for $5, or US$, <em>now</em></p>",
        ),
        (
            "paths of a shell",
            "put $HOME/bin:$PATH first",
            "<p>put $HOME/bin:$PATH first</p>",
        ),
        ("signs in a formula", "$a<b$", "<p><span class=\"math\">$a&lt;b$</span></p>"),
        ("money", "from $5 to $6 *only*", "<p>from $5 to $6 <em>only</em></p>"),
        (
            "alerts",
            "> [!NOTE]\n> a",
            "<div class=\"markdown-alert markdown-alert-note\">\n<p class=\"markdown-alert-title\">Note</p>\n<p>a</p>\n</div>",
        ),
        (
            "callouts of other kinds",
            "> [!bug]- Oh & no\n> a",
            "<div class=\"markdown-alert markdown-alert-caution\">\n<p class=\"markdown-alert-title\">Oh &amp; no</p>\n<p>a</p>\n</div>",
        ),
        (
            "a table",
            "|a|\n|-:|\n|b|",
            "<table>\n<thead>\n<tr>\n<th align=\"right\">a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td align=\"right\">b</td>\n</tr>\n</tbody>\n</table>",
        ),
        (
            "a task",
            "- [x] a",
            "<ul class=\"contains-task-list\">\n<li class=\"task-list-item\"><input type=\"checkbox\" class=\"task-list-item-checkbox\" checked=\"\" disabled=\"\" /> a</li>\n</ul>",
        ),
        (
            "emphasis beside Chinese",
            "**中文（括号）**后",
            "<p><strong>中文（括号）</strong>后</p>",
        ),
    ]);
    let notes = html_of("a[^1] b^[inline]\n\n[^1]: note");
    for part in ["id=\"fnref-1\"", "<li id=\"fn-1\">", "inline", "class=\"footnote-backref\""] {
        assert!(notes.contains(part), "{part} in {notes}");
    }
}

#[test]
fn the_title_is_not_repeated() {
    let cases = [
        ("# A *title*\n\nb", "a  Title", "<p>b</p>\n"),
        ("A `title`\n===\nb", "A title", "<p>b</p>\n"),
        ("\n\n# A title {#x}\nb", "A title {#x}", "<p>b</p>\n"),
        ("# Another\nb", "A title", "<h1 id=\"another\">Another</h1>\n<p>b</p>\n"),
        ("## A title\nb", "A title", "<h2 id=\"a-title\">A title</h2>\n<p>b</p>\n"),
        ("a\n# A title", "A title", "<p>a</p>\n<h1 id=\"a-title\">A title</h1>\n"),
    ];
    for (body, title, expected) in cases {
        assert_eq!(render(body, title).html, expected, "{body}");
    }
}

#[test]
fn obsidian() {
    check(&[
        (
            "link",
            "see [[A note]] and [[C#\\#Two parts|*that*]]: x",
            "<p>see <a href=\"wikilink:A%20note\">A note</a> and <a href=\"wikilink:C#two-parts\"><em>that</em></a>: x</p>",
        ),
        (
            "link to a part",
            "[[Note#Part#Inner]] [[#Here it is]] [[Note#^a1]]",
            "<p><a href=\"wikilink:Note#inner\">Note &gt; Part &gt; Inner</a> \
             <a href=\"#here-it-is\">Here it is</a> <a href=\"wikilink:Note\">Note &gt; a1</a></p>",
        ),
        (
            "code in a link",
            "[[#`a b`|c]] [[Note#d|`e`]] [[`f]] `g]]",
            "<p><a href=\"#a-b\">c</a> <a href=\"wikilink:Note#d\"><code>e</code></a> [[<code>f]] </code>g]]</p>",
        ),
        (
            "sound, video and a document",
            "![[a b.mp3]] ![[c.webm]] ![[d.pdf]]",
            "<p><audio controls src=\"a%20b.mp3\"></audio> <video controls src=\"c.webm\"></video> \
             <a href=\"wikilink:d.pdf\">d.pdf</a></p>",
        ),
        (
            "defined link",
            "[[Bug #1]] x\n\n[bug  #1]: https://b.test",
            "<p>[<a href=\"https://b.test\">Bug #1</a>] x</p>",
        ),
        (
            "link of Markdown",
            "[[1]](https://a.test) [[1,2],[3]]",
            "<p><a href=\"https://a.test\">[1]</a> [[1,2],[3]]</p>",
        ),
        (
            "picture",
            "![[My pic.png|300]]",
            "<p><img src=\"My%20pic.png\" alt=\"My pic.png\" /></p>",
        ),
        (
            "picture with words",
            "![[a.PNG|A cat]]",
            "<p><img src=\"a.PNG\" alt=\"A cat\" /></p>",
        ),
        (
            "note in a note",
            "![[Other note]]",
            "<p><a href=\"wikilink:Other%20note\">Other note</a></p>",
        ),
        (
            "comments",
            "a %%hidden%% b\n\n%%\nhidden\n\nhidden\n%%\nc 100%% d%%",
            "<p>a  b</p>\n<p>c 100%% d%%</p>",
        ),
        ("a comment without an end", "%% a\n\nb", "<p>%% a</p>\n<p>b</p>"),
        (
            "code stays",
            "`[[a]]` `%%b%%`\n\n    [[c]]",
            "<p><code>[[a]]</code> <code>%%b%%</code></p>\n<pre><code>[[c]]\n</code></pre>",
        ),
    ]);
}

#[test]
fn other_tools() {
    check(&[
        (
            "attribute lists",
            "a\n{: .wide}\n\n[b](c){:target=\"_blank\"} d",
            "<p>a</p>\n<p><a href=\"c\">b</a> d</p>",
        ),
        ("braces that are not a tag", "a {:?} b", "<p>a {:?} b</p>"),
        ("contents", "* TOC\n{:toc}\n\n[TOC]\n\na", "<p>a</p>"),
        (
            "MDX",
            "import A from './a'\nimport 'b'\n\nexport const c = {\n  d: 1,\n}\n\n{/* e */}text",
            "<p>text</p>",
        ),
        ("JSX", "<Tabs>\n\na\n\n</Tabs>", "<p>a</p>"),
        (
            "containers",
            ":::tip[Try]\na\n:::\nb",
            "<div class=\"markdown-alert markdown-alert-tip\">\n<p class=\"markdown-alert-title\">Try</p>\n<p>a</p>\n</div>\n<p>b</p>",
        ),
        (
            "more markers",
            "a\n\n<!-- More -->\nb <!--truncate--> c {{more}}d\n\n# more\n\ne",
            "<p>a</p>\n<p>b  c d</p>\n<p>e</p>",
        ),
    ]);
}

#[test]
fn shortcodes() {
    check(&[
        (
            "known",
            "{{< youtube abc >}}",
            "<p><a class=\"embed\" href=\"https://www.youtube.com/watch?v=abc\">YouTube</a></p>",
        ),
        (
            "unknown",
            "a {{< plot x=\"`\" >}}b{{< /plot >}}",
            "<p>a <code class=\"template-tag\">{{&lt; plot x=&quot;`&quot; &gt;}}</code>b<code class=\"template-tag\">{{&lt; /plot &gt;}}</code></p>",
        ),
        (
            "in a link",
            "[a]({{ site.baseurl }}/b) [c]({{ \"/d\" | url }})",
            "<p><a href=\"/b\">a</a> <a href=\"/d\">c</a></p>",
        ),
        ("in a tag", "<img src=\"{{ x }}\">", "<img src=\"{{ x }}\">"),
        (
            "in code",
            "`{{< a >}}`\n```\n{% b %}\n```",
            "<p><code>{{&lt; a &gt;}}</code></p>\n<pre><code>{% b %}\n</code></pre>",
        ),
        (
            "raw",
            "{% raw %}{{ a }} `{% b %}`{% endraw %} c",
            "<p>{{ a }} <code>{% b %}</code> c</p>",
        ),
        ("raw in code", "`{% raw %}{{{% endraw %} a }}`", "<p><code>{{ a }}</code></p>"),
        (
            "raw around code",
            "{% raw %}\n```\n{{ a }}\n```\n{% endraw %}",
            "<pre><code>{{ a }}\n</code></pre>",
        ),
        (
            "highlight",
            "a\n{% highlight ruby linenos %}\nputs '*`*'\n\n{{ x }}\n{% endhighlight %}\nb",
            "<p>a</p>\n<pre><code class=\"language-ruby\">puts '*`*'\n\n{{ x }}\n</code></pre>\n<p>b</p>",
        ),
        (
            "highlight in a list",
            "- a\n\n  {{< highlight go >}}\n  b\n  {{< /highlight >}}",
            "<ul>\n<li>\n<p>a</p>\n<pre><code class=\"language-go\">b\n</code></pre>\n</li>\n</ul>",
        ),
        (
            "comment",
            "a{% comment %}\n\nsecret\n{% endcomment %}b {{/* c */}}",
            "<p>ab</p>",
        ),
        (
            "shown as Hugo shows them",
            "{{</* a */>}}",
            "<p><code>{{&lt; a &gt;}}</code></p>",
        ),
        (
            "not a template's",
            "${{ a.b }} <B c={{d: 1}}/> {{{ \\{{ e }}",
            "<p>${{ a.b }}  {{{ {{ e }}</p>",
        ),
        (
            "a picture alone",
            "{% image \"a.png\" \"An *a*\" %}",
            "<p><img src=\"a.png\" alt=\"An *a*\" /></p>",
        ),
        (
            "a figure in a list",
            "- a\n\n  {{< figure src=\"a.png\" caption=\"b\" >}}\n\n- c",
            "<ul>\n<li>\n<p>a</p>\n<figure><img src=\"a.png\" alt=\"\"><figcaption>b</figcaption></figure>\n</li>\n<li>\n<p>c</p>\n</li>\n</ul>",
        ),
    ]);
}

#[test]
fn unknown_shortcodes_are_reported_with_their_offsets() {
    let body = "é {{< a >}}b{{< /a >}} `{{< c >}}` {{< youtube d >}} <img src=\"{{ e }}\">{% f\n%}";
    let unknown = outline(body).unknown_tags().to_vec();
    let texts: Vec<&str> = unknown.iter().map(|tag| tag.written.as_str()).collect();
    assert_eq!(texts, ["{{< a >}}", "{{ e }}", "{% f\n%}"]);
    for tag in &unknown {
        assert!(body[tag.offset..].starts_with(tag.written.as_str()));
    }
}

#[test]
fn summaries() {
    let cases = [
        (
            "first sentence",
            "# A\n\n![](a.png)\n\n> b\n\n- c\n\nFirst *one*, &amp; [so][1]. Second.\n\n[1]: https://a.test",
            "First one, & so.",
        ),
        ("over lines", "One\nsentence.\nTwo.", "One sentence."),
        ("marker", "One. Two.\n\n## B\n\nThree.\n<!--more-->\nFour.", "One. Two."),
        ("marker of Zola, in a line", "One. Two <!-- more --> three.", "One. Two"),
        ("marker of Blot", "One.\n\n{{more}}\n\nTwo.", "One."),
        ("marker in code", "One. `<!--more-->` Two.", "One."),
        ("marker before all", "<!-- excerpt -->\n\nOne. Two.", "One."),
        ("footnotes", "One[^1] two^[x].\n\n[^1]: Note.", "One two."),
        (
            "tags and alerts first",
            "{{< toc2 >}}\n\n> [!note]\n> a\n\n[TOC]\n\n<div>b</div>\n\n| c |\n|-|\n\n```\nd\n```\n\nOne.",
            "One.",
        ),
        ("comments", "%%no%% One.", "One."),
        ("mathematics", "Let $a_b$ be. Two.", "Let $a_b$ be."),
        (
            "a script in a line",
            "One <script>alert(\"x *y*\")</script>two. Three.",
            "One two.",
        ),
        (
            "a style sheet in a line",
            "One <STYLE>b { c: d }</STYLE> two. Three.",
            "One two.",
        ),
        ("a drawing in a line", "One <svg><text>x</text></svg> two. Three.", "One two."),
        ("a script alone", "<b></b><script>x</script>\n\nOne. Two.", "One."),
        (
            "a script before a marker",
            "One <script>x()</script> two.\n\n<!-- more -->\n\nThree.",
            "One two.",
        ),
        ("a word about scripts", "The <script> element. Two.", "The <script> element."),
        (
            "code about scripts",
            "Write `<script>a</script>`. Two.",
            "Write <script>a</script>.",
        ),
        (
            "no space between lines of Chinese",
            "你好\n世界,\nand 再\n见。再见。",
            "你好世界, and 再见。",
        ),
        ("an address alone", "https://a.test/b\n\n<https://c.test>\n\nOne.", "One."),
        ("a list of links", "[a](/a) | [b](/b) · [c](/c)\n\nOne.", "One."),
        ("one link", "[Read it there](https://a.test/b).", "Read it there."),
        ("a picture in a link", "[![a b](c.png)](d)\n\nOne.", "One."),
        (
            "a video with a fallback",
            "<video src=\"a.mp4\">No *video*.</video>\n\nOne.",
            "One.",
        ),
        (
            "a video over blocks",
            "<div>\n<video>\n\nNo video.\n\n</video></div>\n\nOne.",
            "One.",
        ),
        (
            "a style sheet over blocks",
            "<style>\n\nb { c: d }\n\n</style>\n\nOne.",
            "One.",
        ),
        (
            "a figure",
            "<figure>\n\n![](a.png)\n\n<figcaption>\n\nA caption.\n\n</figcaption></figure>\n\nOne.",
            "One.",
        ),
        (
            "an aside without an end tag of a paragraph",
            "<aside><p>\n\nA.\n\n</aside>\n\nOne.",
            "One.",
        ),
        ("HTML that is prose", "<div>\n\nOne.\n\n</div>", "One."),
        ("a tag in a sentence", "One {% icon \"a b\" %} two. Three.", "One two."),
        (
            "a tag in an address",
            "See [the *talk*]({{ external_url }}). Two.",
            "See the talk.",
        ),
        ("a tag in a definition", "See [it][1]. Two.\n\n[1]: {{ site.x }}/a", "See it."),
        ("code about tags", "Write `{% x %}`. Two.", "Write {% x %}."),
        (
            "two beginnings",
            "To upgrade:\n\n    a\n\nTo install:\n\n<!-- more -->",
            "To upgrade:",
        ),
        ("empty", "", ""),
    ];
    check_summaries(&cases);
}

/// Checks the summaries of texts, also of each with more text after it.
#[track_caller]
fn check_summaries(cases: &[(&str, &str, &str)]) {
    for (name, body, expected) in cases {
        assert_eq!(outline(body).summary(), *expected, "{name}");
        // the rest changes nothing, even if it is long
        let rest = "And so on, _et cetera_.";
        let followed = format!("{body}\n\n{}", format!("{rest}\n\n").repeat(40));
        let expected = if expected.is_empty() {
            "And so on, et cetera."
        } else {
            expected
        };
        assert_eq!(outline(&followed).summary(), expected, "{name}, and so on");
    }
}

#[test]
fn summaries_without_a_paragraph_of_prose() {
    let others = [
        ("a heading and a list", "# A\n\n- *b*. C.\n- d", "b."),
        ("contents and a list", "- [A](#a)\n- [B](#b)\n\n## A\n\n- c", "c"),
        ("contents before an item", "- [A](#a)\n- c d", "c d"),
        ("a quote", "> b\n\n## A", "b"),
        ("an alert", "> [!note]\n> b", ""),
        ("an alert in a quote", "> > [!note]\n> > b", ""),
    ];
    for (name, body, expected) in others {
        assert_eq!(outline(body).summary(), expected, "{name}");
        let followed = format!("{body}\n\n## H\n\nOne.");
        assert_eq!(outline(&followed).summary(), "One.", "{name}, and prose");
    }
}

#[test]
fn long_summaries_are_cut() {
    let long = "word ".repeat(100);
    for body in [long.clone(), format!("{long}<!--more-->")] {
        let summary = outline(&body).summary().to_owned();
        assert!(summary.ends_with("word…") && summary.chars().count() <= 301, "{summary}");
    }
    let far = format!("{}\n\n[a]: https://a.test", "See [b][a]. ".repeat(2000));
    assert_eq!(outline(&far).summary(), "See b.", "definitions count wherever they stand");
}

#[test]
fn headings() {
    let heading = |body| outline(body).heading().map(str::to_owned);
    assert_eq!(heading("# A `b` &amp; *c* {#d}\n").as_deref(), Some("A b & c"));
    assert_eq!(heading("import a from 'b'\n\nA\n===").as_deref(), Some("A"));
    assert_eq!(heading("## A"), None);
    assert_eq!(heading("a\n\n# A"), None);
    assert_eq!(heading("#"), None);
}

#[test]
fn hostile_texts_stay_small_and_shallow() {
    let n = 40 * 1024;
    let fill = |piece: &str| piece.repeat(n / piece.len());
    let texts = [
        fill(">"),
        fill("> "),
        format!("{}a\n{}", fill("> "), fill("\n")),
        fill("["),
        fill("!["),
        fill("[a]("),
        fill("*"),
        fill("*a **a "),
        fill("_a"),
        fill("~~a"),
        fill("<div>"),
        fill("<b>"),
        fill("<!--"),
        fill("- "),
        fill("- - - -\n"),
        (0..400)
            .map(|depth| format!("{}- a\n", "  ".repeat(depth)))
            .collect::<Vec<_>>()
            .concat(),
        fill("1. "),
        fill("`"),
        (1..400).map(|length| "`".repeat(length) + "a").collect::<Vec<_>>().concat(),
        fill("{{"),
        fill("{% a "),
        fill("{% raw %}"),
        fill("{% highlight a %}"),
        fill("{{< a >}}"),
        fill("[[a"),
        fill("%%"),
        fill(" %%a"),
        fill("$a"),
        fill("&"),
        fill("\\"),
        fill(":::a\n"),
        fill(":::tip\n"),
        fill(":::tip\n:::\n"),
        fill("!!! a\n    "),
        (0..400)
            .map(|depth| format!("{}!!! a\n", "    ".repeat(depth)))
            .collect::<Vec<_>>()
            .concat(),
        fill("<A b={"),
        fill("<A>\n"),
        fill("<A b={1}>\n</A>\n"),
        fill("{{< tip >}}\n"),
        fill("{{< tip >}}\na\n{{< /tip >}}\n"),
        fill("export const a = {\n"),
        fill("import {\n"),
        fill("==a== "),
        fill("{++a"),
        fill("{>>a"),
        fill("++a "),
        fill("++a++ "),
        fill("> a\n{: .prompt-tip }\n\n"),
        fill("a\n{: .notice }\n"),
        fill("- a\n{: .notice }\n"),
        fill("a^2^"),
        fill("a~2~"),
        fill("a\n: b\n"),
        fill("a {#b}\n\n"),
        fill("http://a。"),
        fill("$a](b)"),
        fill("^[a"),
        fill("[^a]: "),
        fill("http://a.b "),
        fill("<pre>"),
        fill("# a {#b}\n"),
        format!("|{}\n|{}\n{}", "a|".repeat(300), "-|".repeat(300), "|a\n".repeat(n / 4)),
        (0..10_000)
            .map(|i| format!("[^{i}]\n\n[^{i}]: a\n\n"))
            .collect::<Vec<_>>()
            .concat(),
        format!("{}\n\n[^a]: b", fill("[^a] ")),
    ];
    for text in texts {
        let name: String = text.chars().take(20).collect();
        let rendered = render(&text, "a");
        assert!(rendered.html.len() <= bound::html_length(&text), "{name}");
        let has_few_headings = bound::count_headings(&rendered.html) <= bound::MAX_HEADINGS;
        let is_shown = rendered.is_whole && has_few_headings;
        assert_eq!(overflow(&text, "a", &Shortcodes::default()).is_none(), is_shown, "{name}");
        let page = html::for_page(&rendered.html, &references());
        let feed = html::for_feed(&rendered.html, &references());
        let cleaned_limit = 3 * bound::html_length(&text);
        assert!(
            page.len() <= cleaned_limit && feed.len() <= cleaned_limit,
            "{name}: {} {}",
            page.len(),
            feed.len()
        );
        assert!(outline(&text).summary().chars().count() <= 301, "{name}");
    }
}

#[test]
fn cut_texts_are_reported() {
    assert_eq!(render("a", "").cut, None);
    let deep = render(&format!("{}a\n\nb", "> ".repeat(300)), "");
    assert!(deep.cut.is_some_and(|cut| cut.contains("100 levels")));
    assert!(deep.html.contains('a') && deep.html.ends_with("<p>b</p>\n"));
    let emphatic = render(&format!("{}a{}", "*a ".repeat(300), "*".repeat(300)), "");
    assert!(emphatic.cut.is_some_and(|cut| cut.contains("100 levels")));
    let wide = format!("|{}\n|{}\n{}", "a|".repeat(300), "-|".repeat(300), "|a\n".repeat(9000));
    let long = render(&wide, "");
    assert!(long.cut.is_some_and(|cut| cut.contains("ends early")) && long.html.ends_with('>'));
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "[ a-cé字\n.#>*_`~|\\[\\](){}<!%:$&;^-]{0,8}",
        1 => "(!!! tip\n    |\\?\\?\\? note \"a\"\n    |=== \"a\"\n    |:::tip b\n|:::\n|<A b=\\{\\{c: 1\\}\\}>\n|</A>\n|\\{#a .b\\}|\\{: .c\\}\n| \\^abc\n|==a==|x\\^2\\^|H~2~O|http://a。|[$])",
        1 => "(\\{\\{<? ?|>?\\}\\}|\\{% ?| ?%\\}|raw|endraw|highlight|endhighlight|figure src=a|more|site.baseurl)",
        1 => "(\n\n|\n|    |- |1. |```\n|~~~\n|> \\[!x\\]|\\[\\[|\\]\\]|!\\[\\[|%%|<!--|-->|:::|\\{:|\\[\\^1\\]:? ?|import a from 'b')",
    ];
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_rendered(body in text(), title in "[a-c ]{0,3}") {
        let rendered = render(&body, &title);
        prop_assert!(rendered.html.len() <= bound::html_length(&body));
        let feed = html::for_feed(&rendered.html, &references());
        prop_assert_eq!(&feed, &html::for_feed(&feed, &references()));
        let outline = outline(&body);
        for tag in outline.unknown_tags() {
            prop_assert!(body.is_char_boundary(tag.offset));
            // a comment in a tag is in the text, but not in the summary
            if hidden::without_hidden(&body) == body && !tag.written.contains('\n') {
                prop_assert!(body[tag.offset..].starts_with(tag.written.as_str()));
            }
        }
        let single = outline.summary().split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert_eq!(outline.summary(), &single);
        let heading_said = outline.heading().map(|heading| render(&body, heading).html);
        prop_assert!(heading_said.is_none_or(|html| html.len() < render(&body, "another").html.len()));
    }

    /// `filling` is about as long as the first lines that are tried.
    #[test]
    fn the_first_lines_give_the_same_outline(
        lead in text(),
        filling in "([a-c .]{60}\n){3,5}|[a-c .\n]{230,280}",
        rest in text(),
        end in "\n?\n|\n\n\\[a\\]: b\n\n",
    ) {
        for body in [format!("{lead}{filling}{rest}{end}"), format!("{filling}{lead}{end}{rest}\n\n{lead}")] {
            if let Some(first) = outline_first_lines(&body, signs::find(&body)) {
                prop_assert_eq!(first, outline_start(&body, body.len(), Part::Start, signs::find(&body)));
            }
        }
    }

    #[test]
    fn text_without_signs_needs_no_translator(body in text()) {
        // the comment makes the translator run
        let translated = format!("{body}\n\n<!-- -->");
        if matches!(dialect::translate(&body, &Shortcodes::default()).markdown, std::borrow::Cow::Borrowed(_)) {
            prop_assert_eq!(&*dialect::translate(&translated, &Shortcodes::default()).markdown, &translated);
        }
    }

    #[test]
    fn plain_markdown_passes_through(body in "[ a-c\n.#>*_`~|-]{0,60}") {
        prop_assert_eq!(&*dialect::translate(&body, &Shortcodes::default()).markdown, &body);
        // a sign at the end makes the translator run, which changes nothing here
        let translated = format!("{body}\n\n<!-- -->");
        prop_assert_eq!(&*dialect::translate(&translated, &Shortcodes::default()).markdown, &translated);
    }
}
