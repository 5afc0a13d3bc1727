use proptest::prelude::*;

use super::*;

/// The pieces that have a class, as `class:text`.
fn marked(language: &str, code: &str) -> Vec<String> {
    let html = html(code, language).unwrap();
    html.split("<span class=\"hl-")
        .skip(1)
        .filter_map(|span| {
            let (class, rest) = span.split_once("\">")?;
            Some(format!("{class}:{}", rest.split_once("</span>")?.0.trim_end()))
        })
        .collect()
}

#[test]
fn html_is_spans_and_escaped_text() {
    assert_eq!(
        html("if a < b { \"&\" }", "Rust,ignore").unwrap(),
        "<span class=\"hl-keyword\">if</span> a <span class=\"hl-operator\">&lt;</span> b { <span class=\"hl-string\">\"&amp;\"</span> }"
    );
    assert_eq!(html("", "rust").unwrap(), "");
}

#[test]
fn what_is_unknown_or_too_much_stays_plain() {
    assert!(html("a", "").is_none() && html("a", "brainfog").is_none() && html("a", "text").is_none());
    assert!(html(&"a\n".repeat(MAX_BLOCK / 2), "rust").is_some());
    assert!(html(&"a\n".repeat(MAX_BLOCK / 2 + 1), "rust").is_none());
    assert!(html(&"a".repeat(MAX_LINE), "rust").is_some());
    assert!(html(&format!("b\n{}", "a".repeat(MAX_LINE + 1)), "rust").is_none());
}

#[test]
fn languages() {
    #[rustfmt::skip]
    let cases: &[(&str, &str, &[&str])] = &[
        ("rust", "#[derive(Debug)]\npub fn f<'a>(x: &'a str) -> u8 { b'\\n'; 'x'; r#\"a\"b\"#; println!(\"{x}\"); 0xff_u8 }",
            &["attribute:#[derive(Debug)]", "keyword:pub fn", "function:f", "operator:&lt;", "variable:'a", "operator:&gt;", "operator:&amp;",
              "variable:'a", "type:str", "operator:-&gt;", "type:u8", "string:b'\\n'", "string:'x'", "string:r#\"a\"b\"#",
              "function:println!", "string:\"{x}\"", "number:0xff_u8"]),
        ("rs", "/* a /* b */ c */ x // y\nVec::<Self>::MAX.get()", &["comment:/* a /* b */ c */", "comment:// y", "type:Vec",
            "operator:&lt;", "type:Self", "operator:&gt;", "constant:MAX", "function:get"]),
        ("c", "#include <stdio.h>\nint main(void) { return '\\''; }", &["attribute:#include", "string:&lt;stdio.h&gt;", "type:int",
            "function:main", "type:void", "keyword:return", "string:'\\''"]),
        ("c++", "template <class T> auto x = 1.5e-3;", &["keyword:template", "operator:&lt;", "keyword:class", "type:T", "operator:&gt;",
            "keyword:auto", "operator:=", "number:1.5e-3"]),
        ("go", "func (s *S) Get() error { return `a\n\\` }", &["keyword:func", "operator:*", "type:S", "type:Get", "type:error",
            "keyword:return", "string:`a\n\\`"]),
        ("python", "@app.route('/')\ndef f(x): # c\n  \"\"\"a\n  b\"\"\"\n  return rb'\\' or None", &["attribute:@app.route", "string:'/'",
            "keyword:def", "function:f", "comment:# c", "string:\"\"\"a\n  b\"\"\"", "keyword:return", "string:rb'\\'", "keyword:or",
            "constant:None"]),
        ("js", "const a = /[/]x/g.test(b) / 2; x.default(`a\n${b}`)", &["keyword:const", "operator:=", "string:/[/]x/g", "function:test",
            "operator:/", "number:2", "function:default", "string:`a\n${b}`"]),
        ("ts", "type A = string | null; a ?? b", &["keyword:type", "type:A", "operator:=", "type:string", "operator:|", "constant:null",
            "operator:??"]),
        ("java", "@Override public int f() { return 'c'; }", &["attribute:@Override", "keyword:public", "type:int", "function:f",
            "keyword:return", "string:'c'"]),
        ("kotlin", "fun f(): String = \"\"\"a\"b\"\"\"", &["keyword:fun", "function:f", "type:String", "operator:=", "string:\"\"\"a\"b\"\"\""]),
        ("swift", "guard let x = y else { return nil }", &["keyword:guard let", "operator:=", "keyword:else", "keyword:return", "constant:nil"]),
        ("ruby", "def ok?\n  @a ||= :b # c\nend", &["keyword:def", "function:ok?", "variable:@a", "operator:||=", "constant::b", "comment:# c",
            "keyword:end"]),
        ("php", "<?php echo $a['b']; // c\n?>", &["tag:&lt;?php", "keyword:echo", "variable:$a", "string:'b'", "comment:// c", "tag:?&gt;"]),
        ("sql", "SELECT count(*) FROM t WHERE a = 'it''s' -- b", &["keyword:SELECT", "function:count", "operator:*", "keyword:FROM",
            "keyword:WHERE", "operator:=", "string:'it''s'", "comment:-- b"]),
        ("lua", "local a = [[b\nc]] --[[ d\ne ]] -- f", &["keyword:local", "operator:=", "string:[[b\nc]]", "comment:--[[ d\ne ]] -- f"]),
        ("haskell", "f' :: Maybe a -> Int -- c", &["type:Maybe", "operator:-&gt;", "type:Int", "comment:-- c"]),
        ("json", "{\"a\": [1, true, \"b\"]}", &["attribute:\"a\"", "number:1", "constant:true", "string:\"b\""]),
        ("yaml", "a: b # c\n- d: \"e\"\n  f: |\n    g: h\n  i: 12\nj: yes", &["attribute:a", "comment:# c", "punctuation:-", "attribute:d",
            "string:\"e\"", "attribute:f", "operator:|", "string:g: h", "attribute:i", "number:12", "attribute:j", "constant:yes"]),
        ("toml", "# a\n[b.c]\nd = \"e\" # f\ng = [1, true, { h = 2 }]", &["comment:# a", "heading:[b.c]", "attribute:d", "operator:=",
            "string:\"e\"", "comment:# f", "attribute:g", "operator:=", "number:1", "constant:true", "attribute:h", "operator:=", "number:2"]),
        ("html", "<!-- a --><p class=\"b\" hidden>c &amp; d</p><script>let e</script>", &["comment:&lt;!-- a --&gt;", "punctuation:&lt;",
            "tag:p", "attribute:class", "operator:=", "string:\"b\"", "attribute:hidden", "punctuation:&gt;", "constant:&amp;amp;",
            "punctuation:&lt;/", "tag:p", "punctuation:&gt;&lt;", "tag:script", "punctuation:&gt;", "keyword:let", "punctuation:&lt;/",
            "tag:script", "punctuation:&gt;"]),
        ("xml", "<?xml version=\"1.0\"?><a:b/>", &["keyword:&lt;?xml version=\"1.0\"?&gt;", "punctuation:&lt;", "tag:a:b",
            "punctuation:/&gt;"]),
        ("css", "@media print { a.b:hover { color: #fff; --x: 1px } } /* c */", &["keyword:@media", "tag:a", "attribute:.b", "keyword:hover",
            "attribute:color", "number:#fff", "variable:--x", "number:1px", "comment:/* c */"]),
        ("diff", "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n z", &["heading:--- a\n+++ b\n@@ -1 +1 @@", "deleted:-x", "inserted:+y"]),
        ("md", "# A\n- `b` **c**\n```\nd\n```", &["heading:# A", "punctuation:-", "string:`b`", "keyword:**c**", "punctuation:```", "string:d",
            "punctuation:```"]),
        ("bash", "FOO=1 cargo build --release | grep -v \"$x\" # c\nif [ -n ${y} ]; then echo 'z'; fi", &["variable:FOO", "operator:=",
            "function:cargo", "attribute:--release", "operator:|", "function:grep", "attribute:-v", "string:\"$x\"", "comment:# c",
            "keyword:if", "attribute:-n", "variable:${y}", "operator:;", "keyword:then echo", "string:'z'", "operator:;", "keyword:fi"]),
        ("console", "$ cargo test\nrunning 1 test", &["punctuation:$", "function:cargo"]),
        ("dockerfile", "# a\nFROM rust:1 AS build\nRUN cargo build", &["comment:# a", "keyword:FROM", "keyword:AS", "keyword:RUN",
            "function:cargo"]),
        ("makefile", "CC := gcc\nall: a.o # b\n\t$(CC) -o all", &["variable:CC", "operator:=", "function:all", "comment:# b", "operator:$(",
            "function:CC", "attribute:-o"]),
    ];
    let mut wrong = Vec::new();
    for (language, code, expected) in cases {
        let found = marked(language, code);
        if found != *expected {
            wrong.push(format!("{language}: {code}\n  found    {found:?}\n  expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn class_names_are_those_of_the_style_sheet() {
    for class in Class::ALL {
        assert!(
            class
                .name()
                .strip_prefix("hl-")
                .is_some_and(|name| name.bytes().all(|b| b.is_ascii_lowercase()))
        );
    }
}

const LANGUAGES: [&str; 40] = [
    "rust",
    "c",
    "cpp",
    "objc",
    "csharp",
    "go",
    "python",
    "js",
    "java",
    "kotlin",
    "scala",
    "swift",
    "dart",
    "ruby",
    "php",
    "perl",
    "elixir",
    "sql",
    "lua",
    "haskell",
    "json",
    "r",
    "zig",
    "hcl",
    "proto",
    "graphql",
    "nix",
    "html",
    "css",
    "yaml",
    "toml",
    "md",
    "diff",
    "bash",
    "console",
    "dockerfile",
    "makefile",
    "ini",
    "scss",
    "xml",
];

proptest! {
    #[test]
    fn no_character_is_changed(
        language in proptest::sample::select(&LANGUAGES[..]),
        code in "([-a-zA-Z0-9é語 \\n\\t\"'`/*#<>{}()\\[\\]$@:;=|&!\\\\.,_~+%?]|//|/\\*|\"\"\"|r#\"|<!--|<script>|- |: |\\$\\{){0,60}",
    ) {
        let spans = spans(&code, language).unwrap();
        prop_assert_eq!(spans.iter().map(|(_, text)| *text).collect::<String>(), code.as_str());
        let html = html(&code, language).unwrap();
        let mut text = String::new();
        for part in html.split('<') {
            text.push_str(part.split_once('>').map_or(part, |(tag, after)| {
                assert!(tag == "/span" || tag.starts_with("span class=\"hl-"), "{tag}");
                after
            }));
        }
        prop_assert_eq!(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"), code);
    }
}
