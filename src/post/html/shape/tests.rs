use super::*;

fn repair(html: &str, html_use: HtmlUse) -> String {
    entities::marks_to_references(super::repair(html, html_use))
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn repairs() {
    let cases = [
        ("crossed tags", "<b><i>x</b></i>", "<b><i>x</i></b>"),
        ("unclosed", "<div><p>x", "<div><p>x</p></div>"),
        ("paragraph after paragraph", "<p>a<p>b", "<p>a</p><p>b</p>"),
        (
            "block in a paragraph",
            "<p>a<b>c<div>d</div>e</p>",
            "<p>a<b>c</b></p><div>d</div>e",
        ),
        ("items", "<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
        (
            "nested items",
            "<ul><li>a<ul><li>b</ul><li>c</ul>",
            "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>",
        ),
        (
            "items across formatting",
            "<ul><li><b>a<li>b</ul>",
            "<ul><li><b>a</b></li><li>b</li></ul>",
        ),
        (
            "items across a division",
            "<ul><li><div>a<li>b</ul>",
            "<ul><li><div>a</div></li><li>b</li></ul>",
        ),
        ("a column outside a table", "<div><col>a</div>", "<div>a</div>"),
        (
            "columns",
            "<table><col span=2><tr><td>a</table>",
            "<table><col span=\"2\"><tr><td>a</td></tr></table>",
        ),
        (
            "a picture between the parts of a table",
            "<table><img src=a><tr><td>b</table>",
            "<table><tr><td>b</td></tr></table>",
        ),
        ("a track outside a video", "<p><track src=x><source src=y>a", "<p>a</p>"),
        (
            "a film's files",
            "<video><source src=a><track src=b></video>",
            "<video controls=\"\"><source src=\"a\"><track src=\"b\"></video>",
        ),
        (
            "alternatives of the picture before",
            "<picture><source srcset=b><img src=a></picture><picture><img alt=c></picture>",
            "<picture><img src=\"a\"></picture><picture>c</picture>",
        ),
        (
            "names of attributes",
            "<a aria-label=b c\"d=e f<g=h i1=j>k</a>",
            "<a aria-label=\"b\">k</a>",
        ),
        ("terms", "<dl><dt>a<dd>b<dt>c</dl>", "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>"),
        (
            "rows and cells",
            "<table><tr><td>a<td>b<tr><td>c</table>d",
            "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>d",
        ),
        ("a cell outside a table", "<td>a</td>", "a"),
        (
            "an end across a cell",
            "<div><table><tr><td></div>x",
            "<div><table><tr><td>x</td></tr></table></div>",
        ),
        ("link in a link", "<a>x<a>y</a>", "<a>x</a><a>y</a>"),
        ("heading after heading", "<h2>a<h3>b</h2>c", "<h2>a</h2><h3>b</h3>c"),
        ("an end of nothing", "</p></div>x</b>", "x"),
        ("unknown elements", "<Card title=x>y</Card>", "y"),
        ("drawings", "a<svg><title>t</title><svg></svg>b</svg>c", "ac"),
        (
            "text between the parts of a table",
            "<table>a <tr>b<td>c</td><tbody>d<colgroup>e",
            "<table><tr><td>a </td></tr><tr><td>b</td><td>c</td></tr><tbody><tr><td>d</td></tr></tbody><colgroup></colgroup><tr><td>e</td></tr></table>",
        ),
        (
            "blanks between the parts of a table",
            "<table> <tr> <td>a</td></tr></table>",
            "<table> <tr> <td>a</td></tr></table>",
        ),
        ("raw text", "a<xmp><b>&</xmp>c", "a&lt;b&gt;&amp;c"),
        (
            "closed at once",
            "<p>a<video src=x />b<div/>c</p>d",
            "<p>a<video src=\"x\" controls=\"\"></video>b</p><div></div>cd",
        ),
        (
            "a frame closed at once",
            "<iframe src='https://a.test/' />b<p>c",
            "<a href=\"https://a.test/\">a.test/</a>b<p>c</p>",
        ),
        (
            "a script that embeds",
            "<script src='https://gist.github.com/a/1.js'></script>b<script src='https://a.test/x.js'>c</script>",
            "<a href=\"https://gist.github.com/a/1\">gist.github.com/a/1</a>b",
        ),
        (
            "words about elements",
            "<p>the <template> or <title> or <select> c</p><p>d",
            "<p>the &lt;template&gt; or &lt;title&gt; or  c</p><p>d</p>",
        ),
        ("a list to choose from", "<select><option>a<option>b</select>c", " a bc"),
        ("a title", "<title>a &amp; <b></title>c", "a &amp; &lt;b&gt;c"),
        ("hidden", "a<div hidden>x<p>x</p></div><p style='display:none'>x</p>b", "ab"),
        ("drawings that do not end", "a<svg><p>b", "a<p>b</p>"),
        (
            "a script after a title closed at once",
            "a<title/>b<script>c</script>d",
            "abd",
        ),
        ("a style after a sample closed at once", "a<xmp/>b<style>c</style>d", "abd"),
        ("scripts", "a<script>b</script><style>c</style>d", "ad"),
        (
            "frame",
            "<iframe src='//www.youtube.com/embed/abc?rel=0' title='A film'>x</iframe>",
            "<a href=\"https://www.youtube.com/watch?v=abc\">A film</a>",
        ),
        (
            "frame without a title",
            "<iframe src=https://maps.test/x></iframe>",
            "<a href=\"https://maps.test/x\">maps.test/x</a>",
        ),
        (
            "frame with several films",
            "<iframe src='https://www.youtube.com/embed/videoseries?list=x' title=a></iframe>",
            "<a href=\"https://www.youtube.com/embed/videoseries?list=x\">a</a>",
        ),
        (
            "frame with no film",
            "<iframe src='https://www.youtube.com/embed/?x' title=a></iframe>",
            "<a href=\"https://www.youtube.com/embed/?x\">a</a>",
        ),
        (
            "frame of nothing",
            "<iframe src=about:blank title=x></iframe><embed src='' title=x>a",
            "a",
        ),
        (
            "players without controls",
            "<audio src=a></audio><video src=b controls></video>",
            "<audio src=\"a\" controls=\"\"></audio><video src=\"b\" controls=\"\"></video>",
        ),
        ("controls", "<form><input value=x><input type=checkbox checked></form>", "☑"),
    ];
    for (name, html, expected) in cases {
        assert_eq!(repair(html, HtmlUse::Feed), expected, "{name}");
    }
}

#[test]
fn depth_is_bounded_and_content_kept() {
    for tag in ["div", "b", "blockquote", "ul><li", "table><tr><td", "span"] {
        let deep = repair(&format!("{}text", format!("<{tag}>").repeat(20_000)), HtmlUse::Page);
        assert!(deep.matches('<').count() <= 2 * (MAX_DEPTH + 2), "{tag}"); // two more for a cell
        assert!(deep.contains("text"), "{tag}");
    }
    let at_once = repair(
        &format!("{}<b/>x{}<p>y</p>", "<div>".repeat(200), "</div>".repeat(200)),
        HtmlUse::Page,
    );
    assert!(
        at_once.ends_with("</div><p>y</p>"),
        "what is closed at once is not waited for"
    );
    let closed = repair(
        &format!("{}x{}<p>y</p>", "<div>".repeat(500), "</div>".repeat(500)),
        HtmlUse::Page,
    );
    assert!(closed.ends_with("</div><p>y</p>"), "what follows is not drawn in");
    // of 150 that were begun 60 end: 50 that were left out, and 10
    let half = repair(
        &format!("{}x{}<p>y</p>", "<div>".repeat(150), "</div>".repeat(60)),
        HtmlUse::Page,
    );
    let (before, _) = half.split_once("<p>y</p>").unwrap();
    assert_eq!(
        before.matches("</div>").count(),
        10,
        "the ends of those left out end no other"
    );
    for (depth, expected) in [(MAX_DEPTH - 1, true), (MAX_DEPTH, false)] {
        for picture in ["<img src=a>", "<object data=a.png></object>"] {
            let repaired = repair(&format!("{}{picture}", "<div>".repeat(depth)), HtmlUse::Page);
            assert_eq!(repaired.contains("<img"), expected, "{picture} {depth}");
        }
    }
}

#[test]
fn cards_that_open_and_close() {
    let card = "<div class=\"kg-card kg-toggle-card\"><div class=\"kg-toggle-heading\"><h4 class=\"kg-toggle-heading-text\">Why?</h4>\
                <button class=\"kg-toggle-card-icon\"><b>+</b></button></div><div class=\"kg-toggle-content\"><div>x</div></div></div><p>y</p>";
    let repaired = repair(card, HtmlUse::Feed).replace('"', "'");
    let bare: String = tokens(&repaired)
        .map(|token| match token {
            Token::Text(text) => text.to_owned(),
            Token::Start(tag) => format!("<{}>", tag.name),
            Token::End(name) => format!("</{name}>"),
            Token::Raw(_) => String::new(),
        })
        .collect();
    assert_eq!(
        bare,
        "<details><summary><span>Why?</span></summary><div><div>x</div></div></details><p>y</p>"
    );
    // a button that does not end, and a card in a card
    let open = repair("<button class='kg-toggle-card-icon'>a<p>b", HtmlUse::Feed);
    assert!(open.contains('a') && open.contains("<p>b</p>"), "{open}");
    let nested = repair(&"<div class='kg-toggle-card'>x</div>".repeat(2), HtmlUse::Feed);
    assert_eq!(nested.matches("</details>").count(), 2);
}
