use super::*;
use crate::post::html::token;

fn page(markdown: &str) -> String {
    let references = References::new("https://site.test", "https://site.test/posts/one", "one.md".into());
    add_page_markup(&html::for_page(&markdown::render(markdown, "").html, &references))
}

fn feed(markdown: &str) -> String {
    let references = References::new("https://site.test", "https://site.test/posts/one", "one.md".into());
    html::for_feed(&markdown::render(markdown, "").html, &references)
}

fn check(cases: &[(&str, &str, &str)]) {
    for (name, markdown, expected) in cases {
        assert_eq!(page(markdown).trim_end(), *expected, "{name}");
    }
}

#[test]
fn headings_link_to_themselves() {
    check(&[
        (
            "one",
            "## Low *tide*",
            r##"<h2 id="low-tide"><a class="anchor" href="#low-tide">Low <em>tide</em></a></h2>"##,
        ),
        (
            "two of a name",
            "## Tide\n\n## Tide",
            "<h2 id=\"tide\"><a class=\"anchor\" href=\"#tide\">Tide</a></h2>\n\
             <h2 id=\"tide-1\"><a class=\"anchor\" href=\"#tide-1\">Tide</a></h2>",
        ),
        (
            "one with a link of its own",
            "## [Tide](/t)",
            r##"<h2 id="tide"><a href="/t">Tide</a><a class="anchor" href="#tide" aria-label="#"></a></h2>"##,
        ),
        (
            "raw, without an id",
            "<h3>Ebb &amp; Flow</h3>",
            r##"<h3 id="ebb--flow"><a class="anchor" href="#ebb--flow">Ebb &amp; Flow</a></h3>"##,
        ),
        ("without a letter", "## ***", "<h2>***</h2>"),
        ("empty", "<h2 id=x></h2>", r#"<h2 id="x"></h2>"#),
        (
            "within a link",
            "<div><a href=/t><h2>Tide</h2></a></div>",
            r#"<div><a href="/t"><h2 id="tide">Tide</h2></a></div>"#,
        ),
        (
            "of another script",
            "## مد و جزر",
            r##"<h2 id="مد-و-جزر"><a class="anchor" href="#مد-و-جزر">مد و جزر</a></h2>"##,
        ),
        (
            "an id with signs",
            "<h2 id='50%&amp;more'>Half</h2>",
            r##"<h2 id="50%&amp;more"><a class="anchor" href="#50%25&amp;more">Half</a></h2>"##,
        ),
    ]);
    assert_eq!(
        feed("## Tide"),
        "<h2 id=\"tide\">Tide</h2>\n",
        "feeds do not have the markup of pages"
    );
}

#[test]
fn ids_are_unique_and_valid() {
    check(&[
        (
            "of any element",
            "<p id=x>a</p><p id=x>b</p><p id='y z'>c</p><p id=''>d</p>",
            "<p id=\"x\">a</p><p>b</p><p>c</p><p>d</p>",
        ),
        (
            "one of the page around it",
            "<p id='page:main'>a</p>\n\n<h2 id='page:main'>Tide</h2>",
            "<p>a</p>\n<h2 id=\"tide\"><a class=\"anchor\" href=\"#tide\">Tide</a></h2>",
        ),
        (
            "a heading's after another element's",
            "<p id=tide>a</p>\n\n## Tide",
            "<p id=\"tide\">a</p>\n<h2 id=\"tide-1\"><a class=\"anchor\" href=\"#tide-1\">Tide</a></h2>",
        ),
    ]);
}

#[test]
fn tables_scroll_in_a_named_region() {
    let table = "<table><thead><tr><th>Name</th><th>Use</th></tr></thead><tbody><tr><td>a</td><td>b</td></tr></tbody></table>";
    let page_html = page(&format!("{table}\n\n{table}"));
    let region =
        |label: &str| format!("<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"{label}\"><table><thead>");
    assert!(page_html.contains(&region("Name, Use")), "{page_html}");
    assert!(page_html.contains(&region("Name, Use (2)")), "{page_html}");
    assert_eq!(page_html.matches("</table></div>").count(), 2);
    check(&[
        (
            "a caption",
            "<table><caption>Tides <i>&amp; \"winds\"</i></caption><tr><td>a</td></tr></table>",
            "<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"Tides &amp; &quot;winds&quot;\"><table><caption>Tides \
             <i>&amp; \"winds\"</i></caption><tbody><tr><td>a</td></tr></tbody></table></div>",
        ),
        (
            "a table in a table",
            "<table><tr><td><table><tr><td>a</td></tr></table></td></tr></table>",
            "<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"Table\"><table><tbody><tr><td><table><tbody><tr><td>a</td>\
             </tr></tbody></table></td></tr></tbody></table></div>",
        ),
    ]);
}

#[test]
fn pictures_load_late_and_titled_ones_are_figures() {
    check(&[
        (
            "the first and the next",
            "![a](/a.png) ![b](/b.png)",
            "<p><img src=\"/a.png\" alt=\"a\" decoding=\"async\"> \
             <img src=\"/b.png\" alt=\"b\" decoding=\"async\" loading=\"lazy\"></p>",
        ),
        (
            "an author's word",
            "<img src=/a.png><img src=/b.png loading=eager alt=b>",
            "<p><img src=\"/a.png\" decoding=\"async\" alt=\"\"><img src=\"/b.png\" loading=\"eager\" alt=\"b\" decoding=\"async\"></p>",
        ),
        (
            "a title",
            "![a](/a.png \"Kelp & <b> \\\"co\\\"\")",
            "<figure><img src=\"/a.png\" alt=\"a\" decoding=\"async\"><figcaption>Kelp &amp; &lt;b&gt; &quot;co&quot;</figcaption></figure>",
        ),
        (
            "a title and a link",
            "[![a](/a.png \"Kelp\")](/k)",
            "<figure><a href=\"/k\"><img src=\"/a.png\" alt=\"a\" decoding=\"async\"></a><figcaption>Kelp</figcaption></figure>",
        ),
        (
            "a title beside text",
            "![a](/a.png \"Kelp\") b",
            "<p><img src=\"/a.png\" alt=\"a\" title=\"Kelp\" decoding=\"async\"> b</p>",
        ),
        (
            "two in a paragraph",
            "![a](/a.png \"A\")\n![b](/b.png \"B\")",
            "<p><img src=\"/a.png\" alt=\"a\" title=\"A\" decoding=\"async\">\n\
             <img src=\"/b.png\" alt=\"b\" title=\"B\" decoding=\"async\" loading=\"lazy\"></p>",
        ),
    ]);
}

#[test]
fn code_is_highlighted_only_on_pages() {
    let fence = "```rust\nlet a = \"<b>\";\n```";
    check(&[
        (
            "a known language",
            fence,
            "<pre><code class=\"language-rust\"><span class=\"hl-keyword\">let</span> a <span class=\"hl-operator\">=</span> \
             <span class=\"hl-string\">\"&lt;b&gt;\"</span>;\n</code></pre>",
        ),
        (
            "an unknown language",
            "```brainfog\nlet &amp;\n```",
            "<pre><code class=\"language-brainfog\">let &amp;amp;\n</code></pre>",
        ),
        ("no language", "```\nlet a\n```", "<pre><code>let a\n</code></pre>"),
        (
            "markup within",
            "<pre><code class='language-rust'>let <b>a</b></code></pre>",
            "<pre><code class=\"language-rust\">let <b>a</b></code></pre>",
        ),
        (
            "an author's own classes",
            "<span class='hl-keyword anchor'>let</span>",
            "<p><span>let</span></p>",
        ),
    ]);
    assert!(feed(fence).contains("<code class=\"language-rust\">let a = \"&lt;b&gt;\";"));
    let much = format!("```rust\n{}```\n\n", "let a = 1;\n".repeat(5000)).repeat(6);
    let page_html = page(&much);
    let plain = page_html.matches("<code class=\"language-rust\">let a").count();
    assert_eq!(plain, 2, "what is over the bound of a page stays plain");
}

#[test]
fn the_label_of_a_checkbox_is_the_text_after_it() {
    check(&[
        (
            "tasks",
            "- [x] grease *it*\n- [ ] dress\n  - [ ] them",
            "<ul class=\"contains-task-list\">\n\
             <li class=\"task-list-item\"><label><input type=\"checkbox\" checked=\"\" disabled=\"\"> grease <em>it</em></label></li>\n\
             <li class=\"task-list-item\"><label><input type=\"checkbox\" disabled=\"\"> dress\n</label>\
             <ul class=\"contains-task-list\">\n\
             <li class=\"task-list-item\"><label><input type=\"checkbox\" disabled=\"\"> them</label></li>\n</ul>\n</li>\n</ul>",
        ),
        (
            "two in a row",
            "<input type=checkbox> a <input type=checkbox> b",
            "<p><label><input type=\"checkbox\" disabled=\"\"> a </label><label><input type=\"checkbox\" disabled=\"\"> b</label></p>",
        ),
    ]);
}

#[test]
fn wide_code_can_be_scrolled_by_keyboard() {
    let line = "x".repeat(NARROWEST);
    check(&[
        (
            "short",
            &format!("```\n{line}\n{line}\n```"),
            &format!("<pre><code>{line}\n{line}\n</code></pre>"),
        ),
        (
            "long",
            &format!("```\n{line}\n{line}x\n```"),
            &format!("<pre tabindex=\"0\"><code>{line}\n{line}x\n</code></pre>"),
        ),
    ]);
}

#[test]
fn footnotes_link_in_both_directions() {
    for name in ["1", "note", "é%", "n\"<&"] {
        let page_html = page(&format!("a[^{name}] b[^{name}]\n\n[^{name}]: note"));
        let mut ids = Vec::new();
        let mut targets = Vec::new();
        for token in token::tokens(&page_html) {
            if let Token::Start(tag) = token {
                ids.extend(tag.attribute("id").map(str::to_owned));
                targets.extend(
                    tag.attribute("href")
                        .and_then(|href| href.strip_prefix('#'))
                        .map(str::to_owned),
                );
            }
        }
        assert!(targets.len() >= 4, "{name}: {page_html}");
        assert!(targets.iter().all(|target| ids.contains(target)), "{name}: {page_html}");
    }
}

#[test]
fn mathematics_is_marked_and_unchanged() {
    assert_eq!(page("So $a_1 < b$."), "<p>So <span class=\"math\">$a_1 &lt; b$</span>.</p>\n");
}

#[test]
fn page_markup_changes_no_text() {
    let text =
        "# A\n\n## B [c](/c)\n\n| d | e |\n|-|-|\n| f | `g` |\n\n```js\nconst h = `<i>&amp;` // j\n```\n\n$k^2$[^1]\n\n[^1]: l";
    let references = References::new("https://site.test", "https://site.test/posts/one", "one.md".into());
    let clean = html::for_page(&markdown::render(text, "").html, &references);
    assert_eq!(html::text(&add_page_markup(&clean)), html::text(&clean));
}

mod hostile {
    use proptest::prelude::*;

    use super::*;

    fn balanced(html: &str) -> bool {
        let mut open = Vec::new();
        for token in token::tokens(html) {
            match token {
                Token::Start(tag)
                    if ["br", "col", "hr", "img", "input", "source", "track", "wbr"].contains(&tag.name.as_str()) => {}
                Token::Start(tag) => open.push(tag.name),
                Token::End(name) if open.pop() != Some(name.clone()) => return false,
                _ => {}
            }
        }
        open.is_empty()
    }

    proptest! {
        #[test]
        fn page_markup_is_balanced_and_clean(pieces in proptest::collection::vec(
            prop_oneof![
                "</?(h1|h2|a href=x|a|p|ul|input type=checkbox|br|table|tr|td|th|caption|img title=x|img src=y|pre|code class=language-js|code|summary|details|li|b id=x)>",
                "[ a-c<>&;\"\n]{0,5}",
            ], 0..24)) {
            let references = References::new("https://site.test", "https://site.test/posts/one", "one.md".into());
            let clean = html::for_page(&pieces.concat(), &references);
            let page_html = add_page_markup(&clean);
            prop_assert!(balanced(&page_html), "{} → {}", clean, page_html);
            if !page_html.contains("<figcaption>") {
                prop_assert_eq!(html::text(&page_html), html::text(&clean));
            }
        }
    }
}

#[test]
fn lines_of_code_are_marked_on_pages_alone() {
    check(&[
        (
            "of a known language",
            "```rust title=\"a.rs\" {2}\n// a\n// b\n```",
            "<pre title=\"a.rs\"><code class=\"language-rust\"><span class=\"hl-comment\">// a\n</span><mark><span class=\"hl-comment\">// b</span></mark>\n</code></pre>",
        ),
        (
            "of an unknown language",
            "```xyz {1}\n<a>\nb\n```",
            "<pre><code class=\"language-xyz\"><mark>&lt;a&gt;</mark>\nb\n</code></pre>",
        ),
        (
            "of no language",
            "```\na\nb // [!code highlight]\n```",
            "<pre><code>a\n<mark>b</mark>\n</code></pre>",
        ),
        ("none", "```xyz\na\n```", "<pre><code class=\"language-xyz\">a\n</code></pre>"),
    ]);
    assert_eq!(
        feed("```rust {1} title=\"a.rs\"\na\n```").trim_end(),
        "<pre title=\"a.rs\"><code class=\"language-rust\">a\n</code></pre>"
    );
}
