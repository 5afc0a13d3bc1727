use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;

#[test]
fn names_and_dates() {
    let cases = [
        ("hello.md", None, "hello", "hello"),
        ("Hello World.md", None, "Hello World", "hello-world"),
        ("2026-01-31-hello.md", Some("2026-01-31"), "hello", "hello"),
        ("2026-01-31_hello.md", Some("2026-01-31"), "hello", "hello"),
        ("2026-01-31 Hello World.md", Some("2026-01-31"), "Hello World", "hello-world"),
        ("2026-01-31 - Hello.md", Some("2026-01-31"), "Hello", "hello"),
        ("2021-11-8-x.markdown", Some("2021-11-08"), "x", "x"),
        ("2026-01-31-10-20-30-hello.md", Some("2026-01-31T10:20:30"), "hello", "hello"),
        (
            "2026-01-31T10:20:30Z-hello.md",
            Some("2026-01-31T10:20:30Z"),
            "hello",
            "hello",
        ),
        (
            "2026-01-31T10:20:30+02:00_hello.md",
            Some("2026-01-31T10:20:30+02:00"),
            "hello",
            "hello",
        ),
        (
            "2026-01-31T10:20:30-02:00-hello.md",
            Some("2026-01-31T10:20:30-02:00"),
            "hello",
            "hello",
        ),
        ("2026-01-31T10-20-30-hello.md", Some("2026-01-31T10:20:30"), "hello", "hello"),
        ("2026-01-31-10-things.md", Some("2026-01-31"), "10-things", "10-things"),
        ("2026-01-31-25-20-30-x.md", Some("2026-01-31"), "25-20-30-x", "25-20-30-x"),
        ("2026-01-31.md", Some("2026-01-31"), "2026-01-31", "2026-01-31"),
        ("2026-01-31-.md", None, "2026-01-31-", "2026-01-31"),
        ("08-12-31-hello.md", Some("2008-12-31"), "hello", "hello"),
        ("98-1-2-hello.md", Some("1998-01-02"), "hello", "hello"),
        ("98-1-2.md", None, "98-1-2", "98-1-2"),
        ("10-20-30-tips.md", None, "10-20-30-tips", "10-20-30-tips"),
        ("2020-20-20-vision.md", None, "2020-20-20-vision", "2020-20-20-vision"),
        ("2017-02-29-never.md", Some("2017-02-29"), "never", "never"),
        ("2026-01-311-x.md", None, "2026-01-311-x", "2026-01-311-x"),
        ("2026-01-31a.md", None, "2026-01-31a", "2026-01-31a"),
        ("2.10.0.md", None, "2.10.0", "2-10-0"),
        ("foo.aspx.markdown", None, "foo.aspx", "foo-aspx"),
        ("no-ending", None, "no-ending", "no-ending"),
        (".md", None, ".md", "md"),
        ("2018-01-01-dir/index.md", Some("2018-01-01"), "dir", "dir"),
        ("dir/index.md", None, "dir", "dir"),
        ("dir/index.fr.md", None, "dir", "dir"),
        ("index.md", None, "index", "index"),
        ("_posts/index.md", None, "index", "index"),
        ("2026-01-31/index.md", Some("2026-01-31"), "2026-01-31", "2026-01-31"),
        ("2026-01-31/hello.md", Some("2026-01-31"), "hello", "hello"),
        ("2024/05/06/x.md", Some("2024-05-06"), "x", "x"),
        ("blog/2024/5/6/x.md", Some("2024-05-06"), "x", "x"),
        ("2024/05/06/index.md", Some("2024-05-06"), "2024-05-06", "2024-05-06"),
        ("2024/05/06/dir/index.md", Some("2024-05-06"), "dir", "dir"),
        ("2024/05/x.md", None, "x", "x"),
        ("2024/index.md", None, "2024", "2024"),
        ("2024/05/06/2025-01-02-x.md", Some("2025-01-02"), "x", "x"),
    ];
    for (path, date, name, slug) in cases {
        let parsed = parse_path(path.into());
        assert_eq!(
            (parsed.date.as_deref(), &*parsed.name, &*parsed.slug),
            (date, name, slug),
            "{path:?}"
        );
    }
}

#[test]
fn sections_and_drafts() {
    let cases = [
        ("hello.md", None, false),
        ("news/hello.md", Some("news"), false),
        ("News and more/deep/hello.md", Some("News and more"), false),
        ("posts/hello.md", Some("posts"), false),
        ("_posts/hello.md", None, false),
        ("news/_posts/hello.md", Some("news"), false),
        ("_posts/news/hello.md", Some("news"), false),
        ("_drafts/hello.md", None, true),
        ("Drafts/hello.md", None, true),
        ("news/drafts/deep/hello.md", Some("news"), true),
        ("drafts.md", None, false),
        ("drafts-of-wine/hello.md", Some("drafts-of-wine"), false),
        ("drafts/index.md", None, true),
        ("2024/05/06/hello.md", None, false),
        ("2024/news/hello.md", Some("news"), false),
        ("2024-05-06/hello.md", None, false),
        ("2024-05-06-trip/photos.md", Some("2024-05-06-trip"), false),
        ("hello/index.md", None, false),
        ("news/hello/index.md", Some("news"), false),
        ("fr/hello.md", Some("fr"), false),
    ];
    for (path, section, draft) in cases {
        let parsed = parse_path(path.into());
        assert_eq!((parsed.section.as_deref(), parsed.draft), (section, draft), "{path:?}");
    }
}

#[test]
fn languages() {
    let cases = [
        ("hello.fr.md", Some("fr"), "hello"),
        ("hello.pt-br.md", Some("pt-BR"), "hello"),
        ("hello.zh-hans.md", Some("zh-Hans"), "hello"),
        ("dir/index.de.md", Some("de"), "dir"),
        ("2026-01-31-hello.fr.md", Some("fr"), "hello"),
        ("2.10.0.fr.md", Some("fr"), "2.10.0"),
        ("hello.xx.md", None, "hello.xx"),
        ("hello.FR.md", None, "hello.FR"),
        ("hello.fr-more.md", None, "hello.fr-more"),
        ("hello.fr-words.md", None, "hello.fr-words"),
        ("crates.io.md", None, "crates.io"),
        ("node.js.md", None, "node.js"),
        ("fr.md", None, "fr"),
        (".fr.md", None, ".fr"),
    ];
    for (path, language, name) in cases {
        let parsed = parse_path(path.into());
        assert_eq!((parsed.language.as_deref(), &*parsed.name), (language, name), "{path:?}");
    }
}

#[test]
fn slugs() {
    let long = "word ".repeat(40);
    let cases = [
        ("Hello, World!", "hello-world"),
        ("  --a__b--  ", "a-b"),
        ("Straße nach Øresund", "strasse-nach-oresund"),
        ("Don’t panic: it's fine", "dont-panic-its-fine"),
        ("北京", "bei-jing"),
        ("שלום", "shlvm"),
        ("a@b,c+d 2.10.0", "a-b-c-d-2-10-0"),
        ("../../etc/passwd", "etc-passwd"),
        ("\0\u{202e}", ""),
        ("!!!", ""),
        ("", ""),
        (&long, &"word-".repeat(24)[..119]),
        (&"x".repeat(300), &"x".repeat(120)),
    ];
    for (text, slug) in cases {
        assert_eq!(slugify(text), slug, "{text:?}");
    }
}

#[test]
fn a_name_without_letters_has_a_slug_of_its_own() {
    let (first, second) = (parse_path("!!!.md".into()).slug, parse_path("???.md".into()).slug);
    assert_eq!(first.len(), 12);
    assert_ne!(first, second);
    assert_eq!(first, parse_path("deeper/!!!.md".into()).slug);
}

#[test]
fn titles() {
    let cases = [
        ("hello-world", "Hello world"),
        ("hello_big--world", "Hello big world"),
        ("iPhone-and-macOS", "iPhone and macOS"),
        ("éclairs", "Éclairs"),
        ("A title - with a dash", "A title - with a dash"),
        ("2026-01-31", "2026-01-31"),
        ("2.10.0", "2.10.0"),
        ("", ""),
    ];
    for (name, title) in cases {
        assert_eq!(title_from_name(name), title, "{name:?}");
    }
}

proptest! {
    #[test]
    fn slugs_are_words_joined_by_dashes(text in any::<String>()) {
        let slug = slugify(&text);
        prop_assert!(slug.len() <= LONGEST_SLUG);
        prop_assert!(slug.is_empty() || slug.split('-').all(|word| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        }), "{}", slug);
        prop_assert_eq!(slugify(&slug), slug, "a slug is its own slug");
    }

    #[test]
    fn every_path_is_parsed(path in "([0-9]{1,4}|[-_. TZ:+]|index|fr|md|/|[^/]){0,20}\\.md") {
        let parsed = parse_path(path.as_str().into());
        prop_assert!(!parsed.slug.is_empty());
        prop_assert!(!parsed.name.is_empty());
        if let Some(date) = &parsed.date {
            prop_assert_ne!(
                crate::post::date::parse(date, &TimeZone::UTC, false),
                Err(crate::post::date::NoDate::Unknown),
                "{}", date
            );
        }
    }
}
