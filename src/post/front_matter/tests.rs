use std::fmt::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::mapping::MOST_WARNINGS;
use super::parts::LARGEST_FRONT_MATTER;
use super::*;
use crate::diagnostic::Severity;

fn parse_post(text: &str) -> Result<Parts<'_>, Diagnostic> {
    parse("post.md".into(), text)
}

/// The fields on one line: plain scalars as they are, other scalars quoted, `~` for null.
fn shown(fields: &[(String, Node)]) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|(key, node)| format!("{key}={}", shown_value(&node.value)))
        .collect();
    fields.join(" ")
}

fn shown_value(value: &Value) -> String {
    match value {
        Value::Null => "~".to_owned(),
        Value::Scalar { text, plain: true } => text.clone(),
        Value::Scalar { text, plain: false } => format!("{text:?}"),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| shown_value(&item.value)).collect();
            format!("[{}]", items.join(","))
        }
        Value::Map(fields) => format!("{{{}}}", shown(fields)),
    }
}

#[track_caller]
fn check(text: &str, dialect: Dialect, fields: &str, body: &str) {
    let parts = parse_post(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    let remarks: Vec<String> = parts.remarks.iter().map(ToString::to_string).collect();
    assert_eq!(
        (
            parts.dialect,
            shown(&parts.fields).as_str(),
            parts.body,
            remarks.join("\n").as_str()
        ),
        (dialect, fields, body, ""),
        "{text:?}"
    );
}

#[test]
fn long_dashes_are_fences_with_a_warning() {
    for text in ["—-\ndraft: true\n—-\nbody", "———\ndraft: true\n---\nbody"] {
        let parts = parse_post(text).unwrap();
        assert_eq!(
            (shown(&parts.fields).as_str(), parts.body),
            ("draft=true", "body"),
            "{text:?}"
        );
        assert_eq!(parts.remarks[0].code, "front-matter-dashes");
    }
    check("—- he said\n\nbody", Dialect::None, "", "—- he said\n\nbody");
}

#[test]
fn all_values_of_keys_of_visibility_count() {
    for (text, fields, message) in [
        (
            "---\ndraft: true\ndraft: false\n---\n",
            "draft=true draft=false",
            "the stricter counts",
        ),
        (
            "---\nDraft: true\ndraft: false\n---\n",
            "Draft=true draft=false",
            "the stricter counts",
        ),
        ("---\ndraft: false\ndraft: false\n---\n", "draft=false", "the stricter counts"),
        ("---\ntitle: a\ntitle: b\n---\n", "title=b", "this one counts"),
    ] {
        let parts = parse_post(text).unwrap();
        assert_eq!(shown(&parts.fields), fields, "{text:?}");
        assert!(parts.remarks[0].message.contains(message), "{text:?}: {}", parts.remarks[0]);
    }
}

#[test]
fn delimiters() {
    let cases = [
        ("---\na: 1\n---\nbody\n", Dialect::Yaml, "a=1", "body\n"),
        ("---\na: 1\n...\nbody\n", Dialect::Yaml, "a=1", "body\n"),
        ("\n\n--- \na: 1\n---\t \n\nbody", Dialect::Yaml, "a=1", "\nbody"),
        ("---\na: 1\n---", Dialect::Yaml, "a=1", ""),
        ("-----\na: 1\n-----\nbody", Dialect::Yaml, "a=1", "body"),
        ("---yaml\na: 1\n---\nbody", Dialect::Yaml, "a=1", "body"),
        ("  ---\n  title: 1\n  ---\nbody", Dialect::Yaml, "title=1", "body"),
        ("\u{feff}---\na: 1\n---\nbody", Dialect::Yaml, "a=1", "body"),
        ("\u{200b}\n---\na: 1\n---\nbody", Dialect::Yaml, "a=1", "body"),
        ("---\na:\t1\n---\nbody", Dialect::Yaml, "a=1", "body"),
        ("---\na: |\n  ---\nb: 2\n---\nbody", Dialect::Yaml, "a=\"---\\n\" b=2", "body"),
        (
            "---\na: 1\n---\nbody\n\n---\n\nb: 2\n---\n",
            Dialect::Yaml,
            "a=1",
            "body\n\n---\n\nb: 2\n---\n",
        ),
        ("---\n---\nbody", Dialect::Yaml, "", "body"),
        ("---\n# nothing yet\n---\nbody", Dialect::Yaml, "", "body"),
        ("---\nunknown: 1\n---\nbody", Dialect::Yaml, "unknown=1", "body"),
        ("---\n{title: x, draft: true}\n---\n", Dialect::Yaml, "title=x draft=true", ""),
        (
            "title: x\ntags:\n- a\n- b\n---\nbody\n---\n",
            Dialect::Yaml,
            "title=x tags=[a,b]",
            "body\n---\n",
        ),
        (
            "title: x\n\ndraft: true\n---\nbody",
            Dialect::Yaml,
            "title=x draft=true",
            "body",
        ),
        ("+++\na = 1\n+++\nbody", Dialect::Toml, "a=1", "body"),
        ("---toml\na = 1\n---\nbody", Dialect::Toml, "a=1", "body"),
        ("{\n  \"a\": [1, \"b\"]\n}\n\nbody", Dialect::Json, "a=[1,\"b\"]", "\nbody"),
        ("{\"a\": {\"b\": null}}", Dialect::Json, "a={b=~}", ""),
        ("{}\nbody", Dialect::Json, "", "body"),
        ("---json\n{\"a\": 1.5}\n---\nbody", Dialect::Json, "a=1.5", "body"),
        ("---\n{\"a\": true}\n---\nbody", Dialect::Json, "a=true", "body"),
        (
            ";;;\n\"a\": 1,\n\"b\": \"\\ud83e\\udd80\"\n;;;\nbody",
            Dialect::Json,
            "a=1 b=\"🦀\"",
            "body",
        ),
        (";;;\n{\"a\": 1}\n;;;\nbody", Dialect::Json, "a=1", "body"),
        (
            "Title: A: \"B\" # c\nTags: a, b\n\nbody",
            Dialect::Header,
            "Title=A: \"B\" # c Tags=a, b",
            "body",
        ),
        (
            "Title: long\n  and longer\n\nbody",
            Dialect::Header,
            "Title=long and longer",
            "body",
        ),
        ("Title: alone", Dialect::Header, "Title=alone", ""),
        ("Link: /about\n\nbody", Dialect::Header, "Link=/about", "body"),
        (
            "<!-- title: x -->\n<!-- date: y -->\nbody",
            Dialect::Header,
            "title=x date=y",
            "body",
        ),
        (
            "<!--\n.. title: x\n\n.. slug: y\n-->\n\nbody",
            Dialect::Header,
            "title=x slug=y",
            "\nbody",
        ),
        (
            ".. title: x\n.. status: draft\n.. link:\n\nbody",
            Dialect::Header,
            "title=x status=draft link=~",
            "\nbody",
        ),
        (".. title: x\nbody: text", Dialect::Header, "title=x", "body: text"),
        (".. date: y", Dialect::Header, "date=y", ""),
    ];
    for (text, dialect, fields, body) in cases {
        check(text, dialect, fields, body);
    }
}

#[test]
fn text_that_only_looks_like_front_matter() {
    let cases = [
        "",
        "\n\n",
        "plain\n",
        "---",
        "---\n\nA rule, and then text.\n",
        "---\n\nNote: a rule, and then text.\n",
        "Note: this is text.\n\nMore.\n",
        ".. image:: a.png\n\nMore.\n",
        ".. Mood: calm\n\nMore.\n",
        ".. and so on\n\nMore.\n",
        "Summary: this is text.\n\nMore.\n",
        "Title: a sentence\nthat goes on.\n\nMore.\n",
        "A heading\n---\n\ntext\n",
        "std::env is a module\n---\n",
        "{% raw %}\ntext\n",
        "{{< figure >}}\n",
        "{: .class}\n",
        "{\"quoted\"} braces\n",
        "<!-- more -->\ntext\n",
        "<!-- a thought: this -->\ntext\n",
        "+++ that was it\n",
        "---\n- a list\n- of two\n",
    ];
    for text in cases {
        check(text, Dialect::None, "", text);
    }
    let text = "---\n\nText between rules.\n\n---\n\nMore.\n";
    let parts = parse_post(text).unwrap();
    assert_eq!((parts.dialect, parts.body), (Dialect::None, text));
    assert_eq!(
        parts.remarks.first().map(|remark| (remark.code, remark.severity)),
        Some(("front-matter-none", Severity::Note))
    );
}

#[test]
fn yaml_keeps_its_spelling() {
    let cases = [
        (
            "a: 1.10\nb: no\nc: 007\nd: 2024-01-01\ne: 1_000",
            "a=1.10 b=no c=007 d=2024-01-01 e=1_000",
        ),
        ("a:\nb: ~\nc: null\nd: \"\"\ne: '~'", "a=~ b=~ c=~ d=\"\" e=\"~\""),
        (
            "a: \"1\"\nb: 'it''s'\nc: !!str 2\nd: \"\\u00e9\"",
            "a=\"1\" b=\"it's\" c=\"2\" d=\"é\"",
        ),
        ("a: |\n  x\n  y\nb: >-\n  x\n  y", "a=\"x\\ny\\n\" b=\"x y\""),
        (
            "a: [x, 'y']\nb: {c: d}\ne:\n  - f: g\n    h: i",
            "a=[x,\"y\"] b={c=d} e=[{f=g h=i}]",
        ),
        ("a: x # comment\n# b: y\nc: z", "a=x c=z"),
        ("a: &one [1, 2]\nb: *one", "a=[1,2] b=[1,2]"),
        (
            "a: \"over\nlines\"\ntags:\n- \"and\nhere\"",
            "a=\"over lines\" tags=[\"and here\"]",
        ),
    ];
    for (yaml, fields) in cases {
        check(&format!("---\n{yaml}\n---\n"), Dialect::Yaml, fields, "");
    }
}

#[test]
fn toml_keeps_its_spelling() {
    let toml =
        "z = 1_000\nh = 0x1F\ndate = 2024-01-01\nt = 2024-01-01T10:00:00-04:00\ns = '1'\nb = true\n[extra]\na = [1.50, \"x\"]";
    let fields = "z=1_000 h=0x1F date=2024-01-01 t=2024-01-01T10:00:00-04:00 s=\"1\" b=true extra={a=[1.50,\"x\"]}";
    check(&format!("+++\n{toml}\n+++\n"), Dialect::Toml, fields, "");
}

#[test]
fn every_node_has_its_position() {
    let place = |text: &str, key: &str| {
        let parts = parse_post(text).unwrap();
        let (_, node) = parts
            .fields
            .iter()
            .find(|(name, _)| name == key)
            .unwrap_or_else(|| panic!("{text:?}: {:?}", parts.fields));
        let node = if let Value::List(items) = &node.value {
            items.last().unwrap()
        } else {
            node
        };
        (node.position.line, node.position.column)
    };
    assert_eq!(place("---\na: 1\né: x\n---\n", "é"), (3, 4));
    assert_eq!(place("\n---\na:\n  - 1\n  - 2\n---\n", "a"), (5, 5));
    assert_eq!(place("---\ntitle: A: B\nb: 1\n---\n", "b"), (3, 4));
    assert_eq!(place("---\ntitle: A: B\n---\n", "title"), (2, 8));
    assert_eq!(place("---\na:\n\t- 1\n---\n", "a"), (3, 4));
    assert_eq!(place("+++\na = 1\né = [1, \"x\"]\n+++\n", "a"), (2, 5));
    assert_eq!(place("+++\na = ['é', 'x']\n+++\n", "a"), (2, 11));
    assert_eq!(place("\nTitle: x\nDate:  y\n\n", "Date"), (3, 8));
    assert_eq!(place("<!-- title: x -->\n", "title"), (1, 13));
    assert_eq!(place("\n{\"a\": 1}\n", "a"), (2, 7));
    assert_eq!(
        place("{\"é\": [1, {\"b\\\"{\": null}],\n \"a\": [true, \"x\"]}\n", "a"),
        (2, 14)
    );
    assert_eq!(place("---json\n{\n\t\"a\": -1.5e3\n}\n---\n", "a"), (3, 7));
    assert_eq!(place(";;;\n\"a\": 1,\n\"b\": 2\n;;;\n", "b"), (3, 6));
}

/// Text, fields, and the first warning.
#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases is as long as there are cases")]
fn a_mistake_costs_one_key_and_a_warning() {
    let cases = [
        (
            "---\ntitle: A: B\ndraft: yes # really\nauthor:\n  name: X\n---\n",
            "title=A: B draft=yes author={name=X}",
            "post.md:2:9: warning: a value without quotes may not hold `: `; `title` is read as `A: B` \
             (quote the value: title: \"A: B\")",
        ),
        (
            "---\ntitle: \"A\" and \"B\n---\n",
            "title=\"A\" and \"B",
            "post.md:2:12: warning: text follows the closing quote; `title` is read as `\"A\" and \"B` \
             (quote the value: title: \"\\\"A\\\" and \\\"B\")",
        ),
        (
            "---\ntags:\n- a: b: c\n- d\n---\n",
            "tags=[a: b: c,d]",
            "post.md:3:7: warning: a value without quotes may not hold `: `; `tags` is read as a list of 2 \
             (write the list as tags: [\"…\", \"…\"])",
        ),
        (
            "---\ntags: [a, 'b, c'\nx: 1\n---\n",
            "tags=[a,\"b, c\"] x=1",
            "post.md:2:7: warning: a list is opened with `[` and not closed; `tags` is read as a list of 2 \
             (write the list as tags: [\"…\", \"…\"])",
        ),
        (
            "---\nsummary: %x\n  and y\n---\n",
            "summary=%x and y",
            "post.md:2:10: warning: a value without quotes may not begin with `%`; `summary` is read as `%x and y` \
             (quote the value: summary: \"%x and y\")",
        ),
        (
            "---\nauthor:\n\tname: X\n---\n",
            "author={name=X}",
            "post.md:3:2: warning: a tab stands where YAML wants spaces; it is read as one space (write spaces instead of tabs)",
        ),
        (
            "---\ntitle: x\na: 1\ntitle: y\n---\n",
            "title=y a=1",
            "post.md:4:1: warning: `title` is written a second time; this one counts (delete one of the two)",
        ),
        (
            "---\na: {b: 1, b: 2}\n---\n",
            "a={b=2}",
            "post.md:2:11: warning: `b` is written a second time; this one counts (delete one of the two)",
        ),
        (
            "---\ndraft:true\n---\n",
            "draft=true",
            "post.md:2:1: warning: a space is missing after `:`; `draft` is read as `true` (write `draft: ` and the value)",
        ),
        (
            "---\ntitle = 'x'\ndraft = true\n---\n",
            "title=\"x\" draft=true",
            "post.md:2:1: warning: `=` is not YAML; `title` is read as `x` (write `title: ` and the value)",
        ),
        (
            "---\ntitle：你好\n---\n",
            "title=你好",
            "post.md:2:1: warning: `：` is not the colon of YAML; `title` is read as `你好` (write `title: ` and the value)",
        ),
        (
            "---\ntitle: x\n draft: true\n---\n",
            "title=x draft=true",
            "post.md:3:2: warning: the key `draft` is not at the start of its line; each key is read by itself \
             (write each key at the start of a line)",
        ),
        (
            "---\n\ttitle: x\ndraft: true\n---\n",
            "title=x draft=true",
            "post.md:2:2: warning: the key `title` is not at the start of its line; each key is read by itself \
             (write each key at the start of a line)",
        ),
        (
            "---\ntitle: \"x\ndraft: true\nsummary: \"y\"\n---\n",
            "title=\"x\" draft=true summary=\"y\"",
            "post.md:2:8: warning: a quote is opened and never closed; `title` is read as `x` \
             (quote the value: title: \"x\")",
        ),
        (
            "+++\ntitle = A: B\ndraft = true\n[extra]\nx = 1\n+++\n",
            "title=A: B draft=true extra={x=1}",
            "post.md:2:9: warning: this is not TOML: string values must be quoted, expected literal string; \
             `title` is read as `A: B` (quote the value: title = \"A: B\")",
        ),
        (
            "+++\ntitle = 'x'\ntitle = 'y'\n+++\n",
            "title=\"y\"",
            "post.md:3:1: warning: `title` is written a second time; this one counts (delete one of the two)",
        ),
        (
            "{\"a\": 1,\n\"a\": 2}\n",
            "a=2",
            "post.md:2:1: warning: `a` is written a second time; this one counts (delete one of the two)",
        ),
        (
            "Title: x\nDraft: yes\nand text\n",
            "Title=x Draft=yes",
            "post.md:3:1: warning: the header ends here, because this is not a key with a value \
             (put an empty line between header and text)",
        ),
    ];
    for (text, fields, remark) in cases {
        let parts = parse_post(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(shown(&parts.fields), fields, "{text:?}");
        assert_eq!(
            parts.remarks.first().map(ToString::to_string).as_deref(),
            Some(remark),
            "{text:?}"
        );
    }
}

#[test]
fn errors_have_positions() {
    let cases = [
        (
            "---\ntitle: x\n\nbody\n",
            "post.md:1:1: error: the front matter that begins here is never closed by a line of `---`",
        ),
        (
            "\n+++\ntitle = 'x'\n\nbody\n",
            "post.md:2:1: error: the front matter that begins here is never closed by a line of `+++`",
        ),
        (
            "---\ntitle: x\nand text\n---\n",
            "post.md:3:1: error: this line of the front matter is neither a key",
        ),
        (
            "---\nsome text\n\ndraft: true\n---\n",
            "post.md:2:1: error: this line of the front matter is neither a key",
        ),
        (
            "+++\ntitle = 'x'\n]]\n+++\n",
            "post.md:3:1: error: this line of the front matter is neither a key",
        ),
        (
            "{\n  \"title\": \"x\"\n  \"n\": 1\n}\n",
            "post.md:3:3: error: this is not JSON: expected `,` or `}`",
        ),
        ("{title: x}\n", "post.md:1:2: error: this is not JSON: key must be a string"),
        (";;;\n\"a\": ?\n;;;\n", "post.md:2:6: error: this is not JSON: expected value"),
        ("---json\n[1]\n---\n", "post.md:2:"),
        (
            "---js\nmodule.exports = {}\n---\n",
            "post.md:1:1: error: front matter in `js` is a program",
        ),
    ];
    for (text, expected) in cases {
        match parse_post(text) {
            Ok(parts) => panic!("{text:?} gave {parts:?}"),
            Err(error) => {
                assert!(error.to_string().starts_with(expected), "{text:?} gave {error}");
                assert!(!error.mend.is_empty(), "{text:?}");
            }
        }
    }
}

/// Ten aliases of ten aliases of …, nine times.
fn alias_bomb() -> String {
    let mut yaml = "---\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let alias = format!("*a{}", level - 1);
        writeln!(yaml, "a{level}: &a{level} [{}]", [alias.as_str(); 10].join(", ")).unwrap();
    }
    yaml + "---\nbody"
}

#[test]
fn bombs_are_refused_at_once() {
    let deep = |open: &str| open.repeat(30_000);
    let mut chain = "---\n".to_owned();
    for link in 1..900 {
        writeln!(chain, "k{link}: &a{link} [[[[[[[[[[[[*a{}]]]]]]]]]]]]", link - 1).unwrap();
    }
    let chain = chain.replacen("*a0", "x", 1);
    let cases = [
        ("aliases of aliases", alias_bomb(), "front-matter-too-complex"),
        ("a chain of aliases", chain + "---\n", "front-matter-too-complex"),
        (
            "flow lists",
            format!("---\na: {}\n---\n", deep("[")),
            "front-matter-too-complex",
        ),
        (
            "flow mappings",
            format!("---\na: {}\n---\n", deep("{a")),
            "front-matter-too-complex",
        ),
        (
            "block lists",
            format!("---\na:\n  {}\n---\n", deep("- ")),
            "front-matter-too-complex",
        ),
        (
            "TOML arrays",
            format!("+++\na = {}\n+++\n", deep("[")),
            "front-matter-too-complex",
        ),
        (
            "TOML keys",
            format!("+++\nt = 1\n{}a = 1\n+++\n", deep("a.")),
            "front-matter-too-complex",
        ),
        (
            "TOML tables",
            format!("+++\nt = 1\n[{}a]\n+++\n", deep("a.")),
            "front-matter-too-complex",
        ),
        ("JSON lists", format!("{{\"a\": {}", deep("[")), "front-matter-too-complex"),
        (
            "JSON lists below the parser's limit",
            format!("{{\"a\": {}{}}}", "[".repeat(40), "]".repeat(40)),
            "front-matter-too-complex",
        ),
        (
            "one value",
            format!("---\na: {}\n---\n", "x".repeat(LARGEST_FRONT_MATTER)),
            "front-matter-too-large",
        ),
        (
            "one JSON text",
            format!("{{\"a\": \"{}\"}}", "x".repeat(LARGEST_FRONT_MATTER)),
            "front-matter-too-large",
        ),
        (
            "a header",
            format!("Title: x\n{}\n\n", "a: b\n".repeat(LARGEST_FRONT_MATTER / 5)),
            "front-matter-too-large",
        ),
    ];
    for (name, text, code) in cases {
        let start = Instant::now();
        let refused = parse_post(&text).map(|parts| parts.dialect).map_err(|error| error.code);
        assert_eq!(refused, Err(code), "{name}");
        assert!(start.elapsed() < Duration::from_secs(2), "{name} took {:?}", start.elapsed());
    }
}

#[test]
fn the_number_of_warnings_is_limited() {
    for line in ["a: b: c\n", "a: 1\n", "a: [\n", "a: \"\n", "a:b\n"] {
        let text = format!("---\n{}---\nbody", line.repeat(8000));
        let parts = parse_post(&text).unwrap();
        assert_eq!((parts.fields.len(), parts.body), (1, "body"), "{line:?}");
        assert!(parts.remarks.len() <= 2 * MOST_WARNINGS, "{line:?}");
    }
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in any::<String>()) {
        if let Ok(parts) = parse_post(&text) {
            prop_assert!(text.ends_with(parts.body));
        }
    }

    #[test]
    fn anything_like_front_matter_is_parsed_or_refused(
        text in "(---|\\+\\+\\+|;;;|\\{|<!--|)\n?(([a-z]{1,3}|title|draft)?( ?[:=] ?)?[-\\[\\]{}'\"|>&*!%@#:,.~ \t\0\u{e9}a-c\\\\]{0,8}\n){0,6}(---|\\+\\+\\+|;;;|\\}|-->)?\n?[a-z]{0,3}"
    ) {
        if let Ok(parts) = parse_post(&text) {
            prop_assert!(text.ends_with(parts.body));
        }
    }

    #[test]
    fn quoted_values_are_parsed_back(values in proptest::collection::vec("\\PC*", 0..6)) {
        let mut yaml = "---\n".to_owned();
        for (number, value) in values.iter().enumerate() {
            writeln!(yaml, "k{number}: '{}'", value.replace('\'', "''")).unwrap();
        }
        yaml.push_str("---\nbody");
        let parts = parse_post(&yaml).unwrap();
        let read: Vec<Value> = parts.fields.into_iter().map(|(_, node)| node.value).collect();
        let written: Vec<Value> = values.into_iter().map(|text| Value::Scalar { text, plain: false }).collect();
        prop_assert_eq!(read, written);
        prop_assert_eq!(parts.body, "body");
    }
}
