use proptest::prelude::*;

use super::{ParsedPost, Post, Status, Visibility, read};
use crate::config::Config;
use crate::diagnostic::Severity;
use crate::source_file::SourceFile;

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: path.into(),
        bytes: text.as_bytes().into(),
        modified: "2026-01-01T00:00:00Z".parse().unwrap(),
    }
}

fn reading(path: &str, text: &str) -> ParsedPost {
    read(&file(path, text), &Config::default()).unwrap()
}

fn post(text: &str) -> Post {
    reading("a.md", text).post
}

#[test]
fn a_post_held_back_in_any_spelling_is_not_public() {
    let held_back = [
        ("a publish date", "date: 2020-01-01\npublishDate: 2099-01-01"),
        ("with an underscore", "date: 2020-01-01\npublish_date: 2099-01-01"),
        ("with a dash", "date: 2020-01-01\nPublish-Date: 2099-01-01"),
        ("Astro's", "date: 2020-01-01\npubDate: 2099-01-01"),
        ("a date for a truth value", "date: 2020-01-01\npublished: 2099-01-01"),
        ("two spellings", "date: 2020-01-01\nDraft: false\ndraft: true"),
        ("below a list", "date: 2020-01-01\ntags: [a, b]\n  draft: true"),
        ("drawn into the title", "title: x\n draft:true\ndate: 2020-01-01"),
        ("drawn into a text", "description: |\n  a\n draft: true\ndate: 2020-01-01"),
        ("below another key", "date: 2020-01-01\npost:\n  draft: true"),
        ("drawn into a quoted text", ":\n- '\ndraft: true\n'"),
        ("with a bracket behind it", "date: 2020-01-01\na:\ndraft: true\n]"),
    ];
    for (name, fields) in held_back {
        let visibility = post(&format!("---\n{fields}\n---\n")).visibility("2026-01-01T00:00:00Z".parse().unwrap());
        assert!(
            matches!(visibility, Visibility::Draft | Visibility::Scheduled | Visibility::Held),
            "{name}: {visibility:?}"
        );
    }
    let toml = post("+++\ndate = 2020-01-01\n[taxonomies]\ntags = [\"a\"]\ndraft = true\n+++\n");
    assert_eq!(toml.visibility("2026-01-01T00:00:00Z".parse().unwrap()), Visibility::Draft);
}

#[test]
fn a_post_scheduled_for_its_date_is_published_on_it() {
    let scheduled = post("---\nstatus: scheduled\ndate: 2026-02-01\n---\n");
    assert_eq!(
        scheduled.visibility("2026-01-31T23:59:59Z".parse().unwrap()),
        Visibility::Scheduled
    );
    assert_eq!(
        scheduled.visibility("2026-02-01T00:00:00Z".parse().unwrap()),
        Visibility::Public
    );
}

#[test]
fn front_matter_is_found_after_invisible_characters_and_comments() {
    let cases = [
        ("a space", " ---\ntitle: x\ndraft: true\n---\nText.\n"),
        (
            "two byte order marks",
            "\u{feff}\u{feff}---\ntitle: x\ndraft: true\n---\nText.\n",
        ),
        ("a zero-width space", "\n\u{200b}+++\ntitle = 'x'\ndraft = true\n+++\nText.\n"),
        (
            "a comment",
            "<!-- lint off -->\n<!-- a\nb -->\n\n---\ntitle: x\ndraft: true\n---\nText.\n",
        ),
        ("both", " \u{200b} ---\ntitle: x\ndraft: true\n---\nText.\n"),
        (
            "one line with a comment",
            "<!-- lint off --> ---\ntitle: x\ndraft: true\n---\nText.\n",
        ),
        ("long dashes", "—\ntitle: x\ndraft: true\n—\nText.\n"),
        ("long dashes above", "—-\ntitle: x\ndraft: true\n---\nText.\n"),
        ("two dashes", "--\ntitle: x\ndraft: true\n--\nText.\n"),
    ];
    for (name, text) in cases {
        let post = post(text);
        assert_eq!((post.status, post.title.as_str()), (Status::Draft, "x"), "{name}");
        assert_eq!(post.text.loaded().unwrap().trim(), "Text.", "{name}");
    }
    let texts = [
        "—\n\nA text begins with a dash.\n",
        "--\nNote: it is a text.\n",
        "<!-- a note -->\n\nText.\n\n---\n\nMore: text.\n",
        "    ---\n    code\n",
        "<!-- never ends\n---\ntitle: x\n---\n",
    ];
    for text in texts {
        assert_eq!(&**post(text).text.loaded().unwrap(), text);
    }
    let described = post("<!-- title: x -->\n---\nText.\n---\n");
    assert_eq!(
        (described.title.as_str(), &**described.text.loaded().unwrap()),
        ("x", "---\nText.\n---\n")
    );
}

#[test]
fn a_misplaced_draft_is_reported_and_one_in_the_text_ignored() {
    let ParsedPost { post, remarks, .. } = reading("a.md", "---\npost:\n  draft: true\n---\n");
    assert_eq!(post.origins.status.to_string(), "front matter: draft");
    let astray = remarks.iter().find(|remark| remark.code == "draft-astray").unwrap();
    assert!(
        astray
            .to_string()
            .starts_with("a.md:3:3: warning: `draft: true` stands within"),
        "{astray}"
    );
    for published in [
        "---\ntitle: x\n---\ndraft: true\n",
        "---\ndraft: false\na: {b: 1}\n---\n",
        "A line of YAML is\n\ndraft: true\n",
    ] {
        assert_eq!(reading("a.md", published).post.status, Status::Published, "{published}");
    }
}

#[test]
fn a_hidden_post_may_have_no_date() {
    let cases = [
        ("title: x", Severity::Warning),
        ("unlisted: true", Severity::Warning),
        ("draft: true", Severity::Note),
        ("visibility: private", Severity::Note),
        // held back
        ("expires: some day", Severity::Note),
    ];
    for (fields, expected) in cases {
        let remarks = reading("a.md", &format!("---\n{fields}\n---\nText.\n")).remarks;
        let missing = remarks.iter().find(|remark| remark.code == "date-missing").unwrap();
        assert_eq!(missing.severity, expected, "{fields}");
    }
}

#[test]
fn an_empty_file_is_held_back() {
    for text in [
        "---\n---\n",
        "\n",
        "  \n\u{feff}\n",
        "---\ntitle:\ndate:\n---\n",
        "---\ntags: [a]\n---\n \n",
    ] {
        let ParsedPost { post, remarks, held } = reading("a.md", text);
        assert!(post.is_held, "{text:?}");
        assert_eq!(
            remarks.iter().filter(|remark| remark.severity == Severity::Error).count(),
            1,
            "{text:?}"
        );
        assert_eq!(held.unwrap().code, "nothing-written", "{text:?}");
    }
    for (path, text) in [
        ("a.md", "Text.\n"),
        ("a.md", "---\ntitle: x\n---\n"),
        ("a.md", "---\ndate: 2020-01-01\n---\n"),
        ("2020-01-01-a.md", "\n"),
        ("a.md", "---\nlink: https://example.com/\n---\n"),
        ("a.md", "---\nimage: a.png\n---\n"),
        ("a.md", "---\naudio: a.mp3\n---\n"),
    ] {
        assert!(!reading(path, text).post.is_held, "{path}: {text:?}");
    }
    assert!(!post("---\ntitle: x\n---\n").is_empty() && !post("Text.\n").is_empty());
}

#[test]
fn an_incomplete_title_is_text() {
    let cases = [
        ("title: [broken", "[broken"),
        ("title: {broken", "{broken"),
        ("title: [broken\ntags: [a]", "[broken"),
        ("title: [WIP] Hello", "[WIP] Hello"),
        ("title: [broken # a comment", "[broken"),
        ("Title: [a, b", "[a, b"),
        ("title: [a, b]", "A"),
    ];
    for (fields, expected) in cases {
        let ParsedPost { post, remarks, held } = reading("a.md", &format!("---\n{fields}\ndate: 2020-01-01\n---\nText.\n"));
        assert_eq!((post.title.as_str(), held), (expected, None), "{fields}");
        assert_eq!(
            remarks.first().map(|remark| remark.severity),
            Some(Severity::Warning),
            "{fields}"
        );
    }
}

#[test]
fn the_id_of_an_old_feed_takes_precedence() {
    let cases = [
        ("id: a\nguid: b\nuuid: c", "b"),
        ("uuid: c\nid: a", "a"),
        ("UUID: c", "c"),
        ("Id: a\nGUID: b", "b"),
        ("guid: ''\nid: a", "a"),
        ("guid: \"a\\nb\"\nid: a", "a"),
        (
            "uuid: 0F9CEB9B-1D4D-4B4F-9E0B-000000000001",
            "0F9CEB9B-1D4D-4B4F-9E0B-000000000001",
        ),
    ];
    for (fields, expected) in cases {
        assert_eq!(post(&format!("---\n{fields}\n---\nText.\n")).id, expected, "{fields}");
    }
}

#[test]
fn a_blank_key_does_not_hide_another_spelling() {
    let post = post(
        "---\nsummary: ''\ndescription: Told.\nid: ''\nguid: kept\nlastmod: ''\nmodified: 2099-01-02\nslug: ''\nlang: [x]\nlocale: fr\n---\nText.\n",
    );
    assert_eq!((post.summary.as_str(), post.id.as_str()), ("Told.", "kept"));
    assert_eq!(post.updated.unwrap().rfc3339(), "2099-01-02T00:00:00Z");
    assert_eq!((post.slug.as_str(), post.language.as_deref()), ("a", Some("fr")));
}

#[test]
fn a_description_keeps_unknown_tags_as_text() {
    let cases = [
        ("Why Vec<T> and HashMap<K, V> grow", "Why Vec<T> and HashMap<K, V> grow"),
        ("`Box<dyn Error>` and Box<dyn Error>", "Box<dyn Error> and Box<dyn Error>"),
        ("A <b>bold</b> word<br>and <!-- no --> more", "A bold word and more"),
        ("<span class='x'>Text</span> 1 < 2", "Text 1 < 2"),
        ("See <https://example.com/a>", "See https://example.com/a"),
        ("<T>", "<T>"),
        ("a <script>b()</script> c", "a c"),
    ];
    for (written, expected) in cases {
        let post = post(&format!("---\ndescription: >-\n  {written}\n---\n"));
        assert_eq!(post.summary, expected);
    }
}

#[test]
fn a_boolean_is_not_a_picture() {
    let cases = [
        ("image: false", None),
        ("cover: true", None),
        ("cover: false\nthumbnail: a.png", Some("a.png")),
        ("image: {path: a.png, alt: x}", Some("a.png")),
        ("images: [a.png, b.png]", Some("a.png")),
    ];
    for (fields, expected) in cases {
        assert_eq!(post(&format!("---\n{fields}\n---\n")).image.as_deref(), expected, "{fields}");
    }
}

#[test]
fn an_id_has_no_forbidden_characters() {
    for id in ["a\\uFFFE", "\\uFDD0", "a\\nb", "a\\u0085b"] {
        let ParsedPost { post, remarks, .. } = reading("a.md", &format!("---\nid: \"{id}\"\n---\n"));
        assert_eq!(post.id, "tag:localhost,2000:a", "{id}");
        assert!(remarks.iter().any(|remark| remark.code == "id-unusable"), "{id}");
    }
}

proptest! {
    /// A line `draft: true` holds the post back, even if the lines around it have mistakes.
    #[test]
    fn no_draft_is_overlooked(
        before in "(( {0,2}|- )([a-z]{1,3}|title)?(: ?)?[-\\[\\]{}'\"|>&*!%@#:,~ a-c]{0,6}\n){0,4}",
        after in "(( {0,2}|- )([a-z]{1,3}|title)?(: ?)?[-\\[\\]{}'\"|>&*!%@#:,~ a-c]{0,6}\n){0,4}",
    ) {
        prop_assume!(!format!("{before}{after}").lines().any(|line| line.trim_end() == "---" || line.contains("draft")));
        let text = format!("---\n{before}draft: true\n{after}---\nbody\n");
        if let Ok(ParsedPost { post, .. }) = read(&file("a.md", &text), &Config::default()) {
            prop_assert!(post.status == Status::Draft || post.is_held, "{}", text);
        }
    }
}

#[test]
fn unknown_tags_are_named_and_counted() {
    let said = |body: &str| -> Vec<String> {
        let remarks = reading("a.md", &format!("---\ndate: 2026-01-01\n---\n{body}")).remarks;
        let line = |remark: &crate::diagnostic::Diagnostic| remark.position.map_or(0, |position| position.line);
        let said = remarks.iter().map(|remark| {
            let (severity, code) = (remark.severity, remark.code);
            format!("{}: {severity:?}: {code}: {}", line(remark), remark.message)
        });
        said.collect()
    };
    let cases: [(&str, &[&str]); 5] = [
        ("{{< youtube a >}} {% note %} ::: `{% x %}`", &[]),
        (
            "a\n\n{{< plot x >}}",
            &["6: Warning: shortcode-unknown: `{{< plot x >}}` is another tool's, and shown as code"],
        ),
        (
            "{{< plot a >}}b{{< /plot >}} {{< plot c >}}\n\n!!! tip\n    {% x %}",
            &[
                "4: Warning: shortcode-unknown: `{{< plot a >}}` and 2 more like it are another tool's, and shown as code: `plot` 2 times, `x`",
            ],
        ),
        (
            "a\n{% if b %}c{% endif %}",
            &[
                "5: Note: tag-left-out: `{% if b %}` is another tool's, and left out, because only its program could tell what it shows",
            ],
        ),
        (
            "<Show a={b} />\n\n<Show a={c} />\n\nd",
            &[
                "4: Note: tag-left-out: `<Show` and one more like it are another tool's, and left out, because only its program could tell what it shows: `Show` 2 times",
            ],
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(said(body), expected, "{body}");
    }
}
