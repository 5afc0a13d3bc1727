use super::*;

/// Texts with hidden parts: words in capitals are shown, `x` is hidden.
const HIDDEN: &[(&str, &str)] = &[
    ("HTML", "A <!-- x --> B\n\n<!--\nx\n\nx\n-->\nC"),
    ("HTML over lines of a paragraph", "A <!-- x\nx --> B\n\nC"),
    ("HTML over paragraphs, in HTML", "<div>A <!-- x\n\nx --> B\n</div>"),
    ("HTML in cells", "| A <!-- x --> | <!-- x --> B |\n| --- | --- |\n| C | D |"),
    ("HTML in a heading", "# A <!-- x --> B\n\nC"),
    ("HTML after an attribute", "<b title='<!--'>A</b> <!-- x --> B"),
    ("HTML without an end, a block", "A\n\n<!-- x\n\nx"),
    ("HTML without an end, in a quote", "> <!-- x\n> x\n\nB"),
    ("HTML without an end, in a quote before another", "> <!-- x\n\n> A"),
    ("HTML without an end, in a quote in a quote", "> > <!-- x\n> > x\n>\n> A"),
    ("HTML without an end, in an item in a quote", "> - <!-- x\n>\n>   x\n>\n> A"),
    ("HTML without an end, in a quote in an item", "- > <!-- x\n  > x\n\n  A"),
    ("HTML without an end, in an item", "- <!-- x\n\n  x\n\nB"),
    (
        "HTML without an end, in a quote, and another",
        "> <!-- x\n> x\n\nA\n\n<!--\nx\n-->\n\nB",
    ),
    (
        "HTML without an end, later in an item",
        "- A\n\n  <!-- x\n\n  x\n\nB <!-- x --> C",
    ),
    (
        "HTML without an end, in a nested item",
        "- A\n  - <!-- x\n\n    x\n\n  B\n\n<!-- x -->\n\nC",
    ),
    ("HTML without an end, in items", "- <!-- x\n- A\n- <!-- x -->\n- B"),
    (
        "HTML without an end, in a note",
        "A[^a]\n\n[^a]: <!-- x\n\n    x\n\nB <!-- x -->",
    ),
    ("HTML in a quote over lines", "> <!-- x\n> x\n>\n> x --> A\n\nB"),
    (
        "HTML in a quote over lines without marks",
        "> A <!-- x\nx --> B\n\n> <!-- x\nx -->\n\nC",
    ),
    ("HTML in an item that is not indented enough", "10. <!-- x\n\n  x -->\n\nA"),
    ("HTML in an item, later", "- A\n\n  B <!-- x\n  x --> C"),
    ("HTML after an item", "- A\n\nB <!-- x\nx --> C"),
    ("HTML after a fence without an end", "> ```\n> A\n\n<!-- x -->B"),
    ("HTML around items", "<!--\n- x\n  -->\n\n  A <!-- x\nx --> B"),
    ("an element in a quote", "> <div hidden>x\n> x\n\nA\n\n</div>\n\nB"),
    (
        "an element later in an item",
        "- A\n\n  <div hidden>\n\n  x\n\nB <i hidden>x</i>",
    ),
    ("a paragraph in a quote", "> <p hidden>x\n\nA</p>"),
    ("Obsidian's, in a quote without an end", "> %% A\n\nB\n\n%%\nx\n%%\n\nC"),
    ("Liquid's, over blocks", "> A {% comment %}\n> x\n\nx\n\n{% endcomment %} B"),
    ("Nunjucks', over blocks", "- A {# x\n\nx #} B"),
    ("Obsidian", "A %%x%% B\n\n%%\nx\n\nx\n%%\nC 100%% D%%"),
    ("Obsidian in a quote", "> A\n>\n> %%\n> x\n>\n> x\n> %%\n> B"),
    ("Nunjucks", "A {# x #} B {#- x\n\nx -#} C {# x {{ x }} x #} D"),
    (
        "Liquid",
        "A {% comment %} x\n\nx {% endcomment %} B {%- comment -%}x{%- endcomment -%} C",
    ),
    (
        "Liquid in Liquid",
        "A {% comment %}x{% comment %}x{% endcomment %}x{% endcomment %} B {% comment %}x{%comment%}x{% endcomment %} C",
    ),
    ("ERB", "A <%# x %> B <%-- x\n\nx --%> C"),
    ("Markdown", "A\n\n[//]: # (x)\n[comment]: <> (x)\n[//]: # \"x\"\n\nB"),
    (
        "Markdown, in all offsets",
        "[//]: # (x (x) x)\nA\n\n> [//]: # 'x'\n>\n> B\n\n- [Comment]: # (x\n  x)\n\nC",
    ),
    ("until it is found", "A <b hidden=until-found>x</b> B"),
    (
        "style in other words",
        "<p style='/**/display/**/:none'>x</p>A <b style='display&#58;none'>x</b> B <b style='di\\73play:none'>x</b> C",
    ),
    (
        "in <pre>, tags are tags",
        "<pre>\nA <!-- x\n\nx --> {# B #} <b hidden>x</b>\n</pre>\n\nC",
    ),
    ("in code, tags are tags", "<code>A <b hidden>x</b> <!-- x --></code> B"),
    ("Liquid in a line", "A {% # x %} B {%- # x -%} C"),
    ("Liquid in raw", "{% raw %}{# A #} {{/* B */}}{% endraw %} {# x #} C"),
    ("Hugo", "A {{/* x */}} B {{- /* x\n\nx */ -}} C"),
    (
        "Hugo's own",
        "A {{< comment >}} x {{< /comment >}} B {{% comment %}} x {{% /comment %}} C",
    ),
    ("Handlebars", "A {{!-- x {{x}} --}} B {{! x }} C"),
    (
        "kramdown",
        "A {::comment}x{:/comment} B\n\n{::comment}\nx\n\nx\n{:/}\n\nC {::nomarkdown}D{:/}",
    ),
    ("MDX", "A {/* x */} B {/* truncate */} C {/* x\n\nx */} D"),
    ("attribute", "A <span hidden>x <b>x</b></span> B"),
    ("nested", "<div hidden>\n\nx\n\n<div>x</div>\n\nx\n\n</div>\n\nB"),
    (
        "style",
        "<p style=\"display: none\">x</p>B <i style='visibility:hidden'>x</i> C",
    ),
    ("template", "<template>x</template> A <template> B"),
    ("paragraph left open", "<p hidden>x\n\nA"),
    (
        "an element closed at once in one of its kind",
        "<div style=\"display:none\">x\n\n<div />\n\nx</div>\n\nA",
    ),
    ("an inline element left open", "A <span style=\"display:none\"> x\nx\n\nB"),
    ("an inline element left open, in an item", "- A <b hidden> x\n- B\n\nC"),
    ("an inline element left open, first", "<span hidden>x\n\nB"),
    ("element left open", "A\n\n<div hidden>x\n\nx"),
    ("void", "A <img hidden alt=x> B <img alt=C>"),
    ("escaped", "A \\{# B #} \\<!-- C --> \\\\{# x #} D"),
    ("fence in a comment", "<!--\n```\nx\n-->\n\nB {# x #} C"),
];

#[test]
fn hidden_parts_are_removed() {
    for &(name, text) in HIDDEN {
        let words = |text: &str, wanted: fn(char) -> bool| -> String {
            let words = text.split(|c: char| !c.is_alphanumeric());
            words.filter(|word| word.len() == 1 && word.starts_with(wanted)).collect()
        };
        let left = without_hidden(text);
        assert_eq!(words(&left, |c| c == 'x'), "", "{name}: {left}");
        let is_shown = |c: char| c.is_ascii_uppercase();
        assert_eq!(words(&left, is_shown), words(text, is_shown), "{name}: {left}");
        assert_eq!(without_hidden(&left), left, "{name}: nothing is left to hide");
    }
}

#[test]
fn nothing_else_is_hidden() {
    let texts = [
        "a b % c {d} <e@f.g> <https://h.i>",
        "a\n\n<!-- more -->\n\nb <!--truncate--> c <!-- -->",
        "a <!-- b",
        "a <!-- b\n\nc --> d",
        "* a <!-- b\n\n* c d --> e",
        "- a <!--\n- b -->",
        "> a <!-- b\n\nc\n\n> d --> e",
        "# a <!-- b\n\nc\n\n# d --> e",
        "# a <!-- b\nc --> d",
        "a <!-- b\n===\nc --> d",
        "| a | b |\n| - | - |\n| <!-- | c |\n| --> | d |",
        "| a <!-- | b --> |\n| --- | --- |\n| c | d |",
        "a <!-- b\n# c --> d",
        "<b title='<!--'>a</b>\n\nb -->",
        "5 %% 3 = a, 7 %% 2",
        "<pre><code>{# a #} %% b %%</code></pre>",
        "<code>{% comment %}c{% endcomment %}</code> <pre>a {{/* b */}}</pre>",
        "a\n[//]: # (b)\n\n[//]: # b c\n\n`[//]: # (d)`\n\n[e]: # (f)",
        "%% a\n\nb",
        "50 %% of a\n\nb %%",
        "## a {#b}\n\n[c](d){#e .f g=\"h\"} ${#i[@]} \\{# j #} {# k",
        "## a {#b} c\n\n## d {#e}\n\nf #}",
        "a {% comment %} b",
        "{% highlight js %}\n{# a #} <!-- b -->\n{% endhighlight %}\nc",
        "a {{</* b */>}} {{%/* c */%}} {{ d }}",
        "{::comment}\na",
        "> a <!-- b\n\nc -->\n\nd",
        "- a\n\n  b <!-- c\n\nd -->\n\ne",
        "> {::comment}\n> a\n\nb {:/comment}",
        "- a {/* b\n\nc */}",
        "`<!-- a -->` `%%b%%`\n\n```\n{# c #}\n<div hidden>\n```\n\n    {/* d */}\n\ne",
        "<div class=hidden>a</div> <p hidden={false}>b</p>",
    ];
    for text in texts {
        assert_eq!(without_hidden(text), text);
    }
}

#[test]
fn tags_that_would_hide_the_rest_are_repaired() {
    let cases = [
        ("the <title> element", "the &lt;title> element"),
        ("a <title>b</title> c", "a <title>b</title> c"),
        ("a <script> b\n\nc </script>", "a &lt;script> b\n\nc </script>"),
        ("<script>\n\nb\n\n</script>", "<script>\n\nb\n\n</script>"),
        ("<script>\n\nb", "&lt;script>\n\nb"),
        ("- <style>\n\nb", "- &lt;style>\n\nb"),
        (
            "a <select> b <template> c <plaintext>",
            "a &lt;select> b &lt;template> c &lt;plaintext>",
        ),
        ("<script src='a' />\n\nb", "<script src='a' ></script>\n\nb"),
        ("<pre/>\nb", "<pre></pre>\nb"),
        ("<iframe src='a'>\n\nb", "<iframe src='a'></iframe>\n\nb"),
        ("<iframe src='a'>\n\n</iframe>", "<iframe src='a'>\n\n</iframe>"),
        ("> <script> a\n\nb </script>", "> &lt;script> a\n\nb </script>"),
        (
            "- <textarea>\n\n  a\n\nb </textarea>",
            "- &lt;textarea>\n\n  a\n\nb </textarea>",
        ),
        ("> <?php a\n\nb ?>", "> &lt;?php a\n\nb ?>"),
        ("<![CDATA[ a\n\nb", "&lt;![CDATA[ a\n\nb"),
        ("<?php a\n\nb", "&lt;?php a\n\nb"),
        ("<?php a ?>\n\nb", "<?php a ?>\n\nb"),
        ("`<title>` a", "`<title>` a"),
        ("<title> `</title>` a", "&lt;title> `</title>` a"),
    ];
    for (text, expected) in cases {
        assert_eq!(find_edits(text).apply_repairs(text), expected, "{text}");
        assert_eq!(without_hidden(text), text, "nothing is hidden");
    }
}

#[test]
fn remarks_have_offsets() {
    let remarks = |text: &str| -> Vec<(&'static str, usize)> {
        find_edits(text)
            .remarks
            .iter()
            .map(|remark| (remark.code, remark.offset))
            .collect()
    };
    assert_eq!(
        remarks("a <title> b <xmp> <video src=x />"),
        [("html-unclosed", 2), ("html-self-closed", 18)]
    );
    assert_eq!(remarks("a\n\n<!-- b"), [("comment-unclosed", 3)]);
    assert_eq!(remarks("a {% comment %} b"), [("comment-unclosed", 2)]);
    assert_eq!(remarks("a <b hidden> b\n\nc"), [("hidden-unclosed", 2)]);
    assert_eq!(remarks("a\n\n<div hidden> b"), [("hidden-unclosed", 3)]);
    assert_eq!(remarks("<img /> <br/> <Card /> <p></p> <!-- a -->"), []);
}

#[test]
fn offsets_are_those_of_the_original_text() {
    let text = "a {# b #}{{ c }} <!-- d --> <title> e {{ f }}";
    let edits = find_edits(text);
    let repaired = edits.apply_repairs(text);
    let signs = ["{{ c }}", "e {{", "{{ f }}"];
    let mut offsets = signs.map(|sign| repaired.find(sign).unwrap());
    edits.to_original_offsets(offsets.iter_mut());
    assert_eq!(offsets, signs.map(|sign| text.find(sign).unwrap()));
}

#[test]
fn scripts_and_style_sheets_are_not_searched() {
    let cases = [
        ("a <script>b</script> c", "a   c"),
        ("a <STYLE media=x>b</STYLE > c", "a   c"),
        ("<script>\nb\n\nc\n</script>\nd", " \nd"),
        ("a <script> is an element", "a <script> is an element"),
        ("`<script>a</script>`", "`<script>a</script>`"),
        ("```\n<style>a</style>\n```\n", "```\n<style>a</style>\n```\n"),
        ("a {# b #}<style>c</style>{# d #}", "a  "),
    ];
    for (text, expected) in cases {
        assert_eq!(searchable(text), expected, "{text}");
        assert_eq!(without_hidden(text).contains("<s"), text.contains("<s"), "{text}");
    }
}
