//! The markup of other tools: for each kind of it, the HTML, the summary, and the tags that the author is told about.

use super::*;

/// Name, text, HTML, summary, tags without a translation.
type Case = (&'static str, &'static str, String, &'static str, &'static [&'static str]);

#[track_caller]
fn check_cases(cases: &[Case]) {
    let mut wrong = Vec::new();
    for (name, body, html, summary, tags) in cases {
        let outline = outline(body);
        let found = (
            render(body, "").html.trim_end().to_owned(),
            outline.summary().to_owned(),
            outline
                .unknown_tags()
                .iter()
                .map(|tag| tag.written.clone())
                .collect::<Vec<_>>(),
        );
        let expected = (
            html.clone(),
            (*summary).to_owned(),
            tags.iter().map(|&tag| tag.to_owned()).collect::<Vec<_>>(),
        );
        if found != expected {
            wrong.push(format!("{name}:\n{body}\n  is  {found:?}\n  not {expected:?}"));
        }
        for tag in outline.unknown_tags() {
            assert!(body[tag.offset..].starts_with(&tag.written), "{name}: {}", tag.written);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn alert(kind: &str, title: &str, content: &str) -> String {
    let title = match title {
        "" => String::new(),
        title => format!("<p class=\"markdown-alert-title\">{title}</p>\n"),
    };
    format!("<div class=\"markdown-alert markdown-alert-{kind}\">\n{title}{content}\n</div>")
}

fn p(text: &str) -> String {
    format!("<p>{text}</p>")
}

#[test]
fn admonitions() {
    let is = |name, body, html: String, summary| -> Case { (name, body, html, summary, &[]) };
    check_cases(&[
        is(
            "Python-Markdown",
            "!!! note\n    a *b*\n\nc",
            alert("note", "Note", "<p>a <em>b</em></p>") + "\n<p>c</p>",
            "c",
        ),
        is(
            "a title and several blocks",
            "!!! warning inline \"A `b`\"\n\n    a\n\n    - c\n\n    ```rust title=\"x\"\n    d\n\n        e\n    ```\nf",
            alert(
                "warning",
                "A <code>b</code>",
                "<p>a</p>\n<ul>\n<li>c</li>\n</ul>\n<pre title=\"x\"><code class=\"language-rust\">d\n\n    e\n</code></pre>",
            ) + "\n<p>f</p>",
            "f",
        ),
        is(
            "folded",
            "??? tip \"A\"\n    b\n\n???+ bug\n    c",
            alert("tip", "A", &p("b")) + "\n" + &alert("caution", "Bug", &p("c")),
            "",
        ),
        is("no title", "!!! info \"\"\n    a", alert("note", "", &p("a")), ""),
        is(
            "one in another",
            "!!! note\n    a\n\n    !!! tip\n        b\n\n    c",
            alert(
                "note",
                "Note",
                &format!("{}\n{}\n{}", p("a"), alert("tip", "Tip", &p("b")), p("c")),
            ),
            "",
        ),
        is(
            "in a list",
            "- a\n\n    !!! tip\n        b\n\n- c",
            format!(
                "<ul>\n<li>\n<p>a</p>\n  {}\n</li>\n<li>\n<p>c</p>\n</li>\n</ul>",
                alert("tip", "Tip", &p("b"))
                    .replace("\n<p class", "\n  <p class")
                    .replace("\n</div>", "\n  </div>")
            ),
            "a",
        ),
        is(
            "not one",
            "!!! wow\n\n!!! no, really\n    a\n\n    !!! note\n        b",
            "<p>!!! wow</p>\n<p>!!! no, really\na</p>\n<pre><code>!!! note\n    b\n</code></pre>".to_owned(),
            "!!! wow",
        ),
        is(
            "in code",
            "```\n!!! note\n    a\n:::tip\n```",
            "<pre><code>!!! note\n    a\n:::tip\n</code></pre>".to_owned(),
            "",
        ),
        is(
            "a tab without a body",
            "=== \"A\"\n\nb\n\n=== C\n",
            "<p><strong>A</strong></p>\n<p>b</p>\n<p>=== C</p>".to_owned(),
            "A",
        ),
        is(
            "tabs of Material",
            "=== \"A\"\n\n    b\n\n=== \"C\"\n\n    d\n\ne",
            "<p><strong>A</strong></p>\n<p>b</p>\n<p><strong>C</strong></p>\n<p>d</p>\n<p>e</p>".to_owned(),
            "A",
        ),
    ]);
}

#[test]
fn containers_and_callouts() {
    let is = |name, body, html: String, summary| -> Case { (name, body, html, summary, &[]) };
    check_cases(&[
        is(
            "Docusaurus",
            ":::tip[A *b*]{#x}\n\na\n\n:::\n\nc",
            alert("tip", "A <em>b</em>", &p("a")) + "\n<p>c</p>",
            "c",
        ),
        is(
            "VitePress",
            "::: danger Do `not`\na\n:::\nb",
            alert("caution", "Do <code>not</code>", &p("a")) + "\n<p>b</p>",
            "b",
        ),
        is(
            "one container in another",
            "::::info\na\n:::tip\nb\n:::\nc\n::::\nd",
            alert(
                "note",
                "Info",
                &format!("{}\n{}\n{}", p("a"), alert("tip", "Tip", &p("b")), p("c")),
            ) + "\n<p>d</p>",
            "d",
        ),
        is(
            "Pandoc",
            "::: {.warning #x}\na\n:::",
            alert("warning", "Warning", &p("a")),
            "",
        ),
        is(
            "details",
            "::: details Why `a`?\nb\n:::",
            "<details>\n<summary>Why <code>a</code>?</summary>\n<p>b</p>\n</details>".to_owned(),
            "b",
        ),
        is("another container", "::: columns\na\n:::\n", p("a"), "a"),
        is("a container without an end", ":::tip\na", p("a"), "a"),
        is(
            "in a list, indented",
            "1. a\n\n   :::note\n\n   b\n\n   :::\n\n2. c",
            format!(
                "<ol>\n<li>\n<p>a</p>\n{}\n</li>\n<li>\n<p>c</p>\n</li>\n</ol>",
                alert("note", "Note", &p("b"))
            ),
            "a",
        ),
        is(
            "Obsidian",
            "> [!tip]- **A** [b](c) `d`\n> e\n>\n> > [!bug] F\n> > g\n\nh",
            alert(
                "tip",
                "<strong>A</strong> <a href=\"c\">b</a> <code>d</code>",
                &format!("{}\n{}", p("e"), alert("caution", "F", &p("g"))),
            ) + "\n<p>h</p>",
            "h",
        ),
        is(
            "Obsidian, with code",
            "> ```md\n> a\n> ```\n\n> [!faq]- B\n> ```\n> c\n\n> [!bug] D\n> e",
            format!(
                "<blockquote>\n<pre><code class=\"language-md\">a\n</code></pre>\n</blockquote>\n{}\n{}",
                alert("note", "B", "<pre><code>c\n</code></pre>"),
                alert("caution", "D", &p("e"))
            ),
            "",
        ),
        is(
            "Obsidian in a list",
            "- > [!question]- Why `a`?\n  > b",
            format!("<ul>\n<li>\n{}\n</li>\n</ul>", alert("note", "Why <code>a</code>?", &p("b"))),
            "",
        ),
    ]);
}

#[test]
fn lines_and_pictures_of_other_tools() {
    let is = |name, body, html: &str, summary| -> Case { (name, body, html.to_owned(), summary, &[]) };
    check_cases(&[
        is(
            "components on one line",
            "<Tabs>\n<TabItem label=\"A\">*b*</TabItem>\n<Card title=\"C\">d</Card>\n</Tabs>\n\n<Aside>e</Aside>\n\nf <Badge text=\"g\" />",
            &format!(
                "<p><strong>A</strong></p>\n<p><em>b</em></p>\n<p><strong>C</strong></p>\n<p>d</p>\n{}\n<p>f g</p>",
                alert("note", "Aside", "<p>e</p>")
            ),
            "A",
        ),
        (
            "files of others",
            "a\n\n<<< @/b.js{1}\n\n--8<-- \"c.md\"\n\n<!--@include: ./d.md-->\n\n1 << 2",
            "<p>a</p>\n<p>1 &lt;&lt; 2</p>".to_owned(),
            "a",
            &["<<< @/b.js{1}", "--8<-- \"c.md\"", "<!--@include: ./d.md-->"],
        ),
        is(
            "pictures that are none",
            "![a|100x20](b.png) ![c](d.mp4) ![e](https://youtu.be/f) ![g | h](i.png)",
            "<p><img src=\"b.png\" alt=\"a\" /> <video controls src=\"d.mp4\"></video> <a href=\"https://youtu.be/f\">e</a> \
             <img src=\"i.png\" alt=\"g | h\" /></p>",
            "",
        ),
        is(
            "the language of indented code",
            "a\n\n    :::python\n    b\n\nc\n\n    #!sh\n    d\n\ne\n\n    #!/bin/sh\n    f",
            "<p>a</p>\n<pre><code class=\"language-python\">b\n</code></pre>\n<p>c</p>\n<pre><code class=\"language-sh\">d\n</code></pre>\n\
             <p>e</p>\n<pre><code>#!/bin/sh\nf\n</code></pre>",
            "a",
        ),
        is(
            "a label in a tab of Hexo",
            "a\n\n<!-- tab {% label info@B *c* %} -->\nd {% label e@f g %}\n<!-- endtab -->",
            "<p>a</p>\n<p><strong>B <em>c</em></strong></p>\n<p>d f g</p>",
            "a",
        ),
        is(
            "buttons of Hexo",
            "{% btn /a, b c, home, d %} {% btn #,, home, e %}{% btn #,, home %}\n\n{% subtabs a %}\nf\n{% endsubtabs %}",
            "<p><a href=\"/a\">b c</a> <a href=\"#\">e</a></p>\n<p>f</p>",
            "f",
        ),
        is(
            "tabs of Hexo",
            "a\n\n<!-- tab B@icon -->\nc\n<!-- endtab -->",
            "<p>a</p>\n<p><strong>B</strong></p>\n<p>c</p>",
            "a",
        ),
        is(
            "a link around blocks",
            "<Link to=\"/b\">\n\nc\n\n</Link>\n\nd",
            "<a href=\"/b\">\n<p>c</p>\n</a>\n<p>d</p>",
            "c",
        ),
        is(
            "the foot of a table",
            "| a |\n|---|\n| b |\n|===|\n| c |",
            "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>b</td>\n</tr>\n<tr>\n<td>c</td>\n</tr>\n</tbody>\n</table>",
            "",
        ),
    ]);
}

#[test]
fn mdx() {
    let is = |name, body, html: &str, summary| -> Case { (name, body, html.to_owned(), summary, &[]) };
    check_cases(&[
        is(
            "imports and exports",
            "import {\n  A,\n} from './a';\nimport B from './b'\n\nexport const c = {\n\n  d: 1,\n};\n\n# E\n\nf",
            "<h1 id=\"e\">E</h1>\n<p>f</p>",
            "f",
        ),
        is(
            "an import below a comment",
            "<!-- a -->\nimport B from './b'\n\nc",
            "<!-- -->\n<p>c</p>",
            "c",
        ),
        is(
            "an import in a sentence",
            "You\nimport data from 'a' here.",
            "<p>You\nimport data from 'a' here.</p>",
            "You import data from 'a' here.",
        ),
        is(
            "tabs",
            "<Tabs groupId=\"a\" values={[{x: 1}]}>\n  <TabItem value=\"b\" label=\"B\">\n\n    ```js\n    c\n    ```\n\n  </TabItem>\n  <TabItem value=\"d\">\n    *e*\n  </TabItem>\n</Tabs>\n\nf",
            "<p><strong>B</strong></p>\n<pre><code class=\"language-js\">c\n</code></pre>\n<p><strong>d</strong></p>\n<p><em>e</em></p>\n<p>f</p>",
            "B",
        ),
        is(
            "a picture",
            "a\n\n<img\n  src={require('./b.png').default}\n  style={{width: 1}}\n/>\n\nc",
            "<p>a</p>\n<img src=\"./b.png\">\n<p>c</p>",
            "a",
        ),
        is(
            "an element with braces",
            "<div style={{a: 'b'}}>\n*c*\n</div>",
            "<div>\n<p><em>c</em></p>\n</div>",
            "c",
        ),
        (
            "in a line",
            "a <b style={{c: 'd'}}>e</b>{' '}<F g={h} />i",
            "<p>a <b>e</b> i</p>".to_owned(),
            "a e i",
            &["<F g={h} />"],
        ),
        is(
            "links",
            "a <Link to=\"/b\">c *d*</Link>, <Link to={e}>f</Link>, <Link to='g'>h\n\ni",
            "<p>a <a href=\"/b\">c <em>d</em></a>, f</Link>, <Link to='g'>h</p>\n<p>i</p>",
            "a c d, f, h",
        ),
        is(
            "an aside",
            "<Aside type=\"caution\" title=\"A\">\nb\n</Aside>",
            &alert("caution", "A", "<p>b</p>"),
            "",
        ),
        is(
            "a video",
            "<YouTube id=\"a-b\" />",
            "<p><a class=\"embed\" href=\"https://www.youtube.com/watch?v=a-b\">YouTube</a></p>",
            "",
        ),
        is(
            "a picture in a line",
            "a <Image src=\"b.png\" alt=\"c\" /> <Image> d",
            "<p>a <img src=\"b.png\" alt=\"c\" /> <Image> d</p>",
            "a d",
        ),
        is(
            "in indented code",
            "a\n\n    <A b={c}>\n    import d from 'e'\n    </A>",
            "<p>a</p>\n<pre><code>&lt;A b={c}&gt;\nimport d from 'e'\n&lt;/A&gt;\n</code></pre>",
            "a",
        ),
        is(
            "types of a language",
            "A `Vec<T>` and Box<T> where T is.\n\n<T>x</T>",
            "<p>A <code>Vec&lt;T&gt;</code> and Box<T> where T is.</p>\n<p><T>x</T></p>",
            "A Vec<T> and Box where T is.",
        ),
        is(
            "in code",
            "```jsx\n<A b={{c: 1}}>\nimport d from 'e'\n```\n\n`<A b={c}/>`",
            "<pre><code class=\"language-jsx\">&lt;A b={{c: 1}}&gt;\nimport d from 'e'\n</code></pre>\n<p><code>&lt;A b={c}/&gt;</code></p>",
            "<A b={c}/>",
        ),
    ]);
    check_cases(&[(
        "another component",
        "a\n\n<Show entries={[\n  {a: 1},\n]} />\n\nb",
        "<p>a</p>\n<p>b</p>".to_owned(),
        "a",
        &["<Show"],
    )]);
}

#[test]
fn imports_on_one_line() {
    let is = |name, body, html: &str, summary| -> Case { (name, body, html.to_owned(), summary, &[]) };
    check_cases(&[is(
        "imports on one line and over two",
        "import A from 'a'; import B from 'b';\n\nimport C from './\\_c.md'; import\nD from 'd';\n\ne",
        "<p>e</p>",
        "e",
    )]);
}

#[test]
fn attributes_in_braces() {
    let is = |name, body, html: &str, summary| -> Case { (name, body, html.to_owned(), summary, &[]) };
    check_cases(&[
        is(
            "of headings",
            "## A {#b .c}\n## D {.e}\n## F { #g }\n{: .h}",
            "<h2 id=\"b\">A</h2>\n<h2 id=\"d\">D</h2>\n<h2 id=\"g\">F</h2>",
            "",
        ),
        is(
            "of a heading, on the next line",
            "## A\n{: #b}\n\nc",
            "<h2 id=\"b\">A</h2>\n<p>c</p>",
            "c",
        ),
        is(
            "of a paragraph",
            "a b\n{: .c #d}\n\ne {.f}\n\n{: .g\n  .h}\ni",
            "<p>a b</p>\n<div id=\"d\"></div>\n<p>e</p>\n<p>i</p>",
            "a b",
        ),
        is(
            "of spans",
            "![a](b.png){width=50%} [c](d){:target=\"_blank\" rel='x'} **e**{.f} `g`{.js #h}",
            "<p><img src=\"b.png\" alt=\"a\" /> <a href=\"d\">c</a> <strong>e</strong> <a id=\"h\"></a><code>g</code></p>",
            "c e g",
        ),
        is(
            "of a cell",
            "| a {.b} |\n|---|\n| c {: .d} |",
            "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>c</td>\n</tr>\n</tbody>\n</table>",
            "",
        ),
        is(
            "a mark in a cell",
            "| ^ab |\n|---|",
            "<table>\n<thead>\n<tr>\n<th>^ab</th>\n</tr>\n</thead>\n</table>",
            "",
        ),
        is(
            "of icons",
            "a :material-check:{ .green } b :octicons-heart-fill-24: c :smile:",
            "<p>a  b  c :smile:</p>",
            "a b c :smile:",
        ),
        is(
            "braces in a sentence",
            "a {:?} {x} {#each y} {b} c{.d}",
            "<p>a {:?} {x} {#each y} {b} c{.d}</p>",
            "a {:?} {x} {#each y} {b} c{.d}",
        ),
        is(
            "ids of Obsidian",
            "a ^b15695\n\n- c ^d-e\n\n^fg\n\nh 2^10",
            "<p><a id=\"^b15695\"></a>a</p>\n<ul>\n<li><a id=\"^d-e\"></a>c</li>\n</ul>\n<div id=\"^fg\"></div>\n<p>h 2^10</p>",
            "a",
        ),
    ]);
}

#[test]
fn template_tags() {
    let code = |tag: &str| format!("<code class=\"template-tag\">{tag}</code>");
    check_cases(&[
        (
            "in HTML",
            "<div>{{ \"a\" | team }}</div>",
            format!(
                "<div>{}</div>",
                "<code class=\"template-tag\">&#123;&#123; &#34;a&#34; &#124; team &#125;&#125;</code>"
            ),
            "",
            &["{{ \"a\" | team }}"],
        ),
        (
            "in indented code",
            "a\n\n    {{ b }} {% c %}",
            "<p>a</p>\n<pre><code>{{ b }} {% c %}\n</code></pre>".to_owned(),
            "a",
            &[],
        ),
        (
            "in an address",
            "[a *b*]({{ c.d }}/e) f",
            "<p><a href=\"%7B%7B%20c.d%20%7D%7D/e\">a <em>b</em></a> f</p>".to_owned(),
            "a b f",
            &["{{ c.d }}"],
        ),
        (
            "in an address after a sign",
            "[a](https://a.test/b?c={{ d.e }}) f",
            "<p><a href=\"https://a.test/b?c=%7B%7B%20d.e%20%7D%7D\">a</a> f</p>".to_owned(),
            "a f",
            &["{{ d.e }}"],
        ),
        (
            "in a definition",
            "[a][1]\n\n[1]: {{ b }}",
            "<p><a href=\"%7B%7B%20b%20%7D%7D\">a</a></p>".to_owned(),
            "a",
            &["{{ b }}"],
        ),
        (
            "control",
            "{% assign x = 1 %}\n{% if y %}\n\na\n\n{% else %}\n\nb\n\n{% endif %}{% capture z %}c{% endcapture %}",
            "<p>a</p>\n<p>b</p>".to_owned(),
            "a",
            &["{% assign x = 1 %}", "{% if y %}", "{% else %}"],
        ),
        (
            "unknown around text",
            "a {% b %}c{% endb %} d",
            format!("<p>a {}c{} d</p>", code("{% b %}"), code("{% endb %}")),
            "a c d",
            &["{% b %}"],
        ),
    ]);
}

#[test]
fn tags_around_content() {
    check_cases(&[
        ("a note of Hexo", "{% note info A *title* %}\nb\n\n- c\n{% endnote %}\nd", alert("note", "A <em>title</em>", "<p>b</p>\n<ul>\n<li>c</li>\n</ul>") + "\n<p>d</p>", "d", &[]),
        ("a notice of Hugo on one line", "{{< notice tip >}}a{{< /notice >}}\n\nb", alert("tip", "Tip", "<p>a</p>") + "\n<p>b</p>", "b", &[]),
        ("a note in a list", "- a\n\n  {{% tip %}}\n  b\n  {{% /tip %}}\n\n- c", format!("<ul>\n<li>\n<p>a</p>\n{}\n</li>\n<li>\n<p>c</p>\n</li>\n</ul>", alert("tip", "Tip", "<p>b</p>")), "a", &[]),
        ("a note in a quote", "> {% tip %}\n> a\n> {% endtip %}", format!("<blockquote>\n{}\n</blockquote>", alert("tip", "Tip", "<p>a</p>")), "a", &[]),
        ("a note in a sentence", "a {% tip %}b{% endtip %} c", "<p>a b c</p>".to_owned(), "a b c", &[]),
        ("a call of Zola", "{% tip(title=\"A\") %}\nb\n{% end %}", alert("tip", "A", "<p>b</p>"), "", &[]),
        ("a note without an end", "{% tip %}\na", "<p>a</p>".to_owned(), "a", &[]),
        ("tabs", "{{< tabs >}}\n{{% tab \"A\" %}}\nb\n{{% /tab %}}\n{{< /tabs >}}", "<p><strong>A</strong></p>\n<p>b</p>".to_owned(), "A", &[]),
        ("details", "{{< details \"A\" >}}\nb\n{{< /details >}}", "<details>\n<summary>A</summary>\n<p>b</p>\n</details>".to_owned(), "b", &[]),
        ("a button", "{{< button href=\"/a\" >}}b{{< /button >}}", "<p><a href=\"/a\">b</a></p>".to_owned(), "b", &[]),
        ("kramdown", "{::options x=\"y\" /}\n\na {::nomarkdown}<b>c</b>{:/} d\n\n| e | f |\n|---+---|\n| g | h |", "<p>a <b>c</b> d</p>\n<table>\n<thead>\n<tr>\n<th>e</th>\n<th>f</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>g</td>\n<td>h</td>\n</tr>\n</tbody>\n</table>".to_owned(), "a c d", &[]),
        ("Markdown in HTML", "<div class=\"x\" markdown=\"1\">\n*a*\n<div>\nb\n</div>\n</div>\n\nc", "<div class=\"x\">\n<p><em>a</em></p>\n<div>\nb\n</div>\n</div>\n<p>c</p>".to_owned(), "a", &[]),
        ("abbreviations", "The HTML.\n\n*[HTML]: Hyper Text", "<p>The HTML.</p>".to_owned(), "The HTML.", &[]),
    ]);
}

#[test]
fn signs_and_addresses() {
    let is = |name, body, html: &str, summary| -> Case { (name, body, html.to_owned(), summary, &[]) };
    check_cases(&[
        is("marked", "a ==b *c*== d", "<p>a <mark>b <em>c</em></mark> d</p>", "a b c d"),
        is(
            "raised and lowered",
            "x^2^ and H~2~O ~~e~~",
            "<p>x<sup>2</sup> and H<sub>2</sub>O <del>e</del></p>",
            "x2 and H2O e",
        ),
        is("struck out", "~a~ b ~~c~~", "<p><del>a</del> b <del>c</del></p>", "a b c"),
        is(
            "definitions",
            "A\n: b\n\nc",
            "<dl>\n<dt>A</dt>\n<dd>b</dd>\n</dl>\n<p>c</p>",
            "c",
        ),
        is(
            "money and a link",
            "from $5 [a](b/$c) *d*",
            "<p>from $5 <a href=\"b/$c\">a</a> <em>d</em></p>",
            "from $5 a d",
        ),
        is(
            "a formula beside a link",
            "$a$ [b](c)",
            "<p><span class=\"math\">$a$</span> <a href=\"c\">b</a></p>",
            "$a$ b",
        ),
        is(
            "an address in Chinese",
            "看https://a.test/b。后面（http://c.test）",
            "<p>看<a href=\"https://a.test/b\">https://a.test/b</a>。后面（<a href=\"http://c.test\">http://c.test</a>）</p>",
            "看https://a.test/b。",
        ),
        is(
            "an address in the text of a link",
            "**[https://a.test/][b].**\n\n[b]: /c",
            "<p><strong><a href=\"/c\">https://a.test/</a>.</strong></p>",
            "https://a.test/.",
        ),
        is(
            "an address before emphasis",
            "**https://a.test/b**后 https://c.test**d**",
            "<p><strong><a href=\"https://a.test/b\">https://a.test/b</a></strong>后 <a href=\"https://c.test\">https://c.test</a><strong>d</strong></p>",
            "https://a.test/b后 https://c.testd",
        ),
        is(
            "addresses of links",
            "[a](https://a.test/。b) <https://c.test/。d>",
            "<p><a href=\"https://a.test/%E3%80%82b\">a</a> <a href=\"https://c.test/%E3%80%82d\">https://c.test/。d</a></p>",
            "a https://c.test/。d",
        ),
        is(
            "words after a fence",
            "```rust,ignore {1,3}\na\n```",
            "<pre data-lines=\"1,3\"><code class=\"language-rust\">a\n</code></pre>",
            "",
        ),
    ]);
}

#[test]
fn classes_of_notices() {
    let is = |name, body, html: &str, summary| -> Case { (name, body, html.to_owned(), summary, &[]) };
    check_cases(&[
        is(
            "below a quote",
            "a\n\n> b\n> *c*\n{: .prompt-tip }\n\nd",
            &format!("<p>a</p>\n{}\n<p>d</p>", alert("tip", "Tip", "<p>b\n<em>c</em></p>")),
            "a",
        ),
        is(
            "above a quote",
            "a\n\n{: .warning }\n> b\n\nd",
            &format!("<p>a</p>\n{}\n<p>d</p>", alert("warning", "Warning", "<p>b</p>")),
            "a",
        ),
        is(
            "above a paragraph",
            "a\n\n{: .note }\n**b**\nc\n\nd",
            &format!(
                "<p>a</p>\n{}\n<p>d</p>",
                alert("note", "Note", "<p><strong>b</strong>\nc</p>")
            ),
            "a",
        ),
        is(
            "above something else",
            "a\n\n{: .note }\n- b\n\n{: .note }\n\nd",
            "<p>a</p>\n<ul>\n<li>b</li>\n</ul>\n<p>d</p>",
            "a",
        ),
        is(
            "below a paragraph",
            "a\n\n**b** c\n{: .notice--danger}\n\nd",
            "<p>a</p>\n<div class=\"markdown-alert markdown-alert-caution\">\n<p><strong>b</strong> c</p>\n</div>\n<p>d</p>",
            "a",
        ),
        is(
            "of something else",
            "> a\n{: .lead }\n\nb\n{: .note }",
            "<blockquote>\n<p>a</p>\n</blockquote>\n<p>b</p>",
            "b",
        ),
        is("in a quote", "> {: .b }\n> a", "<blockquote>\n<p>a</p>\n</blockquote>", "a"),
        is(
            "of a list",
            "- a\n{: .notice }\n\nb",
            "<ul>\n<li>a</li>\n</ul>\n<p>b</p>",
            "b",
        ),
    ]);
}

#[test]
fn calls_of_zola() {
    check_cases(&[
        (
            "with the content as an argument",
            "a\n\n{{ note(header=\"b\", body=\"*c*\") }}\n\nd {{ kbd(body=\"e\") }} f",
            format!(
                "<p>a</p>\n{}\n<p>d <kbd>e</kbd> f</p>",
                alert("note", "b", "<p><em>c</em></p>")
            ),
            "a",
            &[],
        ),
        (
            "without content",
            "{{ note(clickable=true) }} a\n\n{% note() %}\nb\n{% end %}",
            "<p><code class=\"template-tag\">{{ note(clickable=true) }}</code> a</p>\n".to_owned()
                + &alert("note", "Note", "<p>b</p>"),
            "a",
            &["{{ note(clickable=true) }}"],
        ),
        (
            "of code",
            "{% mermaid() %}\ngraph LR\n{% end %}\n\na",
            "<pre><code class=\"language-mermaid\">graph LR\n</code></pre>\n<p>a</p>".to_owned(),
            "a",
            &[],
        ),
    ]);
}

#[test]
fn quotes_with_their_sources() {
    let quoted = |footer: &str| format!("<blockquote>\n<p>a</p>\n<footer>{footer}</footer>\n</blockquote>");
    check_cases(&[
        (
            "an author",
            "{% blockquote Ann Ott, A book %}\na\n{% endblockquote %}",
            quoted("Ann Ott, A book"),
            "a",
            &[],
        ),
        (
            "an address",
            "{% blockquote Ann Ott https://a.test/b A *page* %}\na\n{% endblockquote %}",
            quoted("Ann Ott, <cite><a href=\"https://a.test/b\">A <em>page</em></a></cite>"),
            "a",
            &[],
        ),
        (
            "an address alone",
            "{% blockquote @ann https://a.test/b %}\na\n{% endblockquote %}",
            quoted("@ann, <cite><a href=\"https://a.test/b\">a.test/b</a></cite>"),
            "a",
            &[],
        ),
        (
            "names of arguments",
            "{{< quote author=\"Ann Ott\" source=\"A book\" >}}\na\n{{< /quote >}}",
            quoted("Ann Ott, <cite>A book</cite>"),
            "a",
            &[],
        ),
        (
            "no author",
            "{% blockquote %}\na\n{% endblockquote %}",
            "<blockquote>\n<p>a</p>\n</blockquote>".to_owned(),
            "a",
            &[],
        ),
    ]);
}

#[test]
fn keys_and_changes() {
    let is = |name, body, html: &str, summary| -> Case { (name, body, html.to_owned(), summary, &[]) };
    check_cases(&[
        is(
            "keys",
            "Press ++ctrl+c++ in C++.",
            "<p>Press <kbd>Ctrl</kbd>+<kbd>C</kbd> in C++.</p>",
            "Press Ctrl+C in C++.",
        ),
        is(
            "operators",
            "i++ and ++j, `++a++`",
            "<p>i++ and ++j, <code>++a++</code></p>",
            "i++ and ++j, ++a++",
        ),
        is(
            "changes",
            "a {++b *c*++}{--d--} {~~e~>f~~} {==g==}{>>why<<} h",
            "<p>a <ins>b <em>c</em></ins><del>d</del> <del>e</del><ins>f</ins> <mark>g</mark> h</p>",
            "a b cd ef g h",
        ),
        is(
            "no changes",
            "a {--b\n\nc--} `{++d++}`",
            "<p>a {--b</p>\n<p>c--} <code>{++d++}</code></p>",
            "a {--b",
        ),
    ]);
}

#[test]
fn taught_shortcodes() {
    let config = "[shortcodes]\nterm = '<b>{{ args[0] }}</b>'\nbox = \"<div>\\n\\n{{ inner }}\\n\\n</div>\"\n";
    let config = crate::config::Config::parse("feedmill.toml".into(), config);
    let shortcodes = config.unwrap().shortcodes;
    let cases = [
        (
            "a {{< term \"b < c\" >}} {% term d %} {{ term(\"e\") }}",
            "<p>a <b>b &lt; c</b> <b>d</b> <b>e</b></p>",
        ),
        ("{{< box >}}\n*a*\n{{< /box >}}", "<div>\n<p><em>a</em></p>\n</div>"),
        (
            "{{< box >}}\na {% term b %} [[c]] {{< figure src=\"d.png\" >}}\n{{< /box >}}",
            "<div>\n<p>a <b>b</b> <a href=\"wikilink:c\">c</a> <figure><img src=\"d.png\" alt=\"\"></figure></p>\n</div>",
        ),
        ("`{{< term a >}}`", "<p><code>{{&lt; term a &gt;}}</code></p>"),
        ("{% other %}", "<p><code class=\"template-tag\">{% other %}</code></p>"),
    ];
    for (body, html) in cases {
        assert_eq!(render_with(body, "", &shortcodes).html.trim_end(), html, "{body}");
    }
    let nested = "a {{< box >}}\n{% other %}\n{{< /box >}}";
    let outline = outline_with(nested, &shortcodes);
    let unknown: Vec<_> = outline
        .unknown_tags()
        .iter()
        .map(|tag| (tag.offset, tag.written.as_str()))
        .collect();
    assert_eq!(unknown, [(14, "{% other %}")]);
    // tags in tags are translated to a limit
    let deep = format!("{}a{}", "{{< box >}}\n".repeat(2000), "{{< /box >}}\n".repeat(2000));
    assert!(render_with(&deep, "", &shortcodes).html.contains('a'));
    // a template may write much, but not without end
    let many = "{{< term a >}} ".repeat(200_000);
    assert!(render_with(&many, "", &shortcodes).html.len() <= 2 * bound::html_length(&many));
}
