mod changes;
mod resolver;

use super::*;
use crate::post;
use crate::source_file::SourceFile;

fn posts(files: &[(&str, &str)]) -> Vec<Arc<Post>> {
    let read = |&(path, text): &(&str, &str)| {
        let file = SourceFile {
            path: path.into(),
            bytes: text.as_bytes().into(),
            modified: Timestamp::UNIX_EPOCH,
        };
        Arc::new(post::read(&file, &Config::default()).unwrap().post)
    };
    files.iter().map(read).collect()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn index(files: &[(&str, &str)], now: &str) -> (Index, Vec<String>) {
    let index = Index::build(
        posts(files),
        &HashSet::new(),
        &Config::default(),
        at(now),
        &SharedVec::default(),
    );
    let diagnostics = index.diagnostics().map(ToString::to_string).collect();
    (index, diagnostics)
}

fn sources<'a>(posts: impl IntoIterator<Item = &'a Arc<Post>>) -> Vec<&'a str> {
    posts.into_iter().map(|post| post.source.as_str()).collect()
}

const NOW: &str = "2026-06-01T00:00:00Z";

#[test]
fn newest_first_then_by_id_whatever_the_order_of_files() {
    let files = [
        ("a.md", "---\ndate: 2026-01-01\nid: x:2\n---\n"),
        ("b.md", "---\ndate: 2026-01-01\nid: x:1\n---\n"),
        ("c.md", "---\ndate: 2026-01-02\n---\n"),
        ("d.md", "---\ndate: 2025-01-01\n---\n"),
    ];
    let mut reversed = files;
    reversed.reverse();
    for files in [files, reversed] {
        assert_eq!(sources(index(&files, NOW).0.posts().iter()), ["c.md", "b.md", "a.md", "d.md"]);
    }
}

#[test]
fn only_public_posts_and_the_instant_of_the_next_change() {
    let files = [
        ("out.md", "---\ndate: 2026-01-01\n---\n"),
        ("draft.md", "---\ndate: 2026-01-01\ndraft: true\n---\n"),
        ("private.md", "---\ndate: 2026-01-01\nvisibility: private\n---\n"),
        ("unlisted.md", "---\ndate: 2026-01-01\nunlisted: true\n---\n"),
        ("later.md", "---\ndate: 2026-07-01\nexpiryDate: 2026-08-01\n---\n"),
        ("gone.md", "---\ndate: 2026-01-01\nexpiryDate: 2026-05-01\n---\n"),
        ("never.md", "---\ndate: 2026-06-10\nexpiryDate: 2026-06-05\n---\n"),
    ];
    let cases: [(&str, &[&str], Option<&str>); 4] = [
        (NOW, &["out.md"], Some("2026-06-05T00:00:00Z")),
        ("2026-07-01T00:00:00Z", &["later.md", "out.md"], Some("2026-08-01T00:00:00Z")),
        ("2026-08-01T00:00:00Z", &["out.md"], None),
        ("2026-02-01T00:00:00Z", &["gone.md", "out.md"], Some("2026-05-01T00:00:00Z")),
    ];
    for (now, expected, due) in cases {
        let (index, _) = index(&files, now);
        let mut found = sources(index.posts().iter());
        found.sort_unstable_by_key(|source| (*source != "later.md", *source));
        assert_eq!(found, expected, "at {now}");
        assert_eq!(index.next_due(), due.map(at), "after {now}");
        assert!(index.by_address("/posts/unlisted").is_some() && index.by_slug("unlisted").is_none());
        assert!(index.by_address("/posts/draft").is_none() && index.by_address("/posts/private").is_none());
    }
}

#[test]
fn scopes_have_a_key_and_the_oldest_spelling() {
    let (index, _) = index(
        &[
            (
                "notes/a.md",
                "---\ndate: 2026-01-01\ntags: [Field Notes, c++]\nauthor: Ann Ott\n---\n",
            ),
            (
                "notes/b.md",
                "---\ndate: 2026-01-02\ntags: [field notes]\nauthor: ann ott\nfeed: false\n---\n",
            ),
        ],
        NOW,
    );
    let found: Vec<_> = index
        .scopes()
        .map(|(scope, members)| (scope.path(), members.name.as_str(), members.posts.len()))
        .collect();
    let expected = [
        (String::new(), "", 2),
        ("/tags/c%2B%2B".to_owned(), "c++", 1),
        ("/tags/field-notes".to_owned(), "Field Notes", 2),
        ("/authors/ann-ott".to_owned(), "Ann Ott", 2),
        ("/sections/notes".to_owned(), "notes", 2),
    ];
    assert_eq!(found, expected);
    assert_eq!(
        index.members(&Scope::Site).unwrap().in_feeds().len(),
        1,
        "`feed: false` keeps it out of feeds alone"
    );
}

#[test]
fn filters_and_pages() {
    let files: Vec<(String, String)> = (1..=41)
        .map(|i| {
            let (year, tag) = if i <= 10 { (2024, "old") } else { (2025, "new") };
            let language = if i % 2 == 0 { "lang: en-GB\n" } else { "lang: de\n" };
            (
                format!("{i:02}.md"),
                format!("---\ndate: {year}-01-01T00:{i:02}:00Z\ntags: [{tag}, all posts]\n{language}---\n"),
            )
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let (index, _) = index(&files, NOW);
    let any = Filter::default();
    assert_eq!(
        sources(&index.page(&any, 5, 8).0),
        ["09.md", "08.md", "07.md", "06.md", "05.md", "04.md", "03.md", "02.md"]
    );
    assert_eq!(sources(&index.page(&any, 6, 8).0), ["01.md"]);
    assert_eq!(index.page(&any, 7, 8).0.len(), 0);
    assert_eq!(index.page(&any, usize::MAX, 200).1, 41);
    let year = Filter {
        year: Some(2024),
        ..Filter::default()
    };
    assert_eq!(index.page(&year, 1, 8).1, 10);
    let english = Filter {
        language: Some("EN".to_owned()),
        tag: Some("Old".to_owned()),
        ..Filter::default()
    };
    assert_eq!(sources(&index.page(&english, 1, 3).0), ["10.md", "08.md", "06.md"]);
    assert_eq!(index.page(&english, 1, 3).1, 5);
    let none = Filter {
        tag: Some("none".to_owned()),
        ..Filter::default()
    };
    assert_eq!(index.page(&none, 1, 8).1, 0);
}

#[test]
fn a_year_is_that_of_the_author_s_calendar() {
    let files = [
        ("new.md", "---\ndate: 2025-01-01T00:30:00+14:00\n---\n"),
        ("old.md", "---\ndate: 2024-12-31T23:30:00-12:00\n---\n"),
        ("first.md", "---\ndate: 2024-01-01T00:30:00+14:00\n---\n"),
        ("before.md", "---\ndate: 2023-12-31T23:30:00-12:00\n---\n"),
    ];
    let (index, _) = index(&files, NOW);
    for (year, expected) in [
        (2025, &["new.md"][..]),
        (2024, &["old.md", "first.md"]),
        (2023, &["before.md"]),
        (2022, &[]),
        (i16::MAX, &[]),
    ] {
        let filter = Filter {
            year: Some(year),
            ..Filter::default()
        };
        assert_eq!(sources(&index.page(&filter, 1, 8).0), expected, "{year}");
    }
}

#[test]
fn every_post_has_a_unique_id_slug_and_address() {
    let files = [
        ("b/hello.md", "---\ndate: 2026-01-01\n---\n"),
        ("a/hello.md", "---\ndate: 2026-01-01\n---\n"),
        ("hello.md", "---\ndate: 2026-02-01\n---\n"),
        ("hello.fr.md", "---\ndate: 2026-02-01\n---\n"),
        ("x.md", "---\ndate: 2026-01-01\nid: mine\npath: /p\n---\n"),
        ("y.md", "---\ndate: 2026-01-02\nid: mine\npath: /p\n---\n"),
        ("draft.md", "---\ndate: 2020-01-01\nslug: hello\ndraft: true\n---\n"),
    ];
    let (index, diagnostics) = index(&files, NOW);
    let mut found: Vec<String> = index
        .posts()
        .iter()
        .map(|post| format!("{} {} {} {}", &post.source, &post.slug, &post.address, &post.id))
        .collect();
    found.sort();
    let expected = [
        "a/hello.md hello /posts/hello tag:localhost,2026-01-01:hello",
        "b/hello.md b-hello /posts/b-hello tag:localhost,2026-01-01:b-hello",
        "hello.fr.md hello-fr /fr/posts/hello tag:localhost,2026-02-01:hello-fr",
        "x.md p /p mine",
    ];
    for line in expected {
        assert!(found.contains(&line.to_owned()), "{line} is not in {found:#?}");
    }
    let hello = found.iter().find(|line| line.starts_with("hello.md")).unwrap();
    assert!(
        hello.contains(" /posts/hello-") && hello.ends_with("tag:localhost,2026-02-01:hello"),
        "{hello}"
    );
    let y = found.iter().find(|line| line.starts_with("y.md")).unwrap();
    assert!(y.contains("/posts/p-") && y.contains("tag:localhost,2026-01-02:p-"), "{y}");
    assert!(
        diagnostics
            .iter()
            .any(|warning| warning.starts_with("y.md: warning: the id `mine` belongs to x.md")),
        "{diagnostics:?}"
    );
    assert!(
        diagnostics
            .iter()
            .any(|warning| warning.starts_with("y.md: warning: the address /p belongs to x.md")),
        "{diagnostics:?}"
    );
    assert!(
        !diagnostics.iter().any(|warning| warning.starts_with("a/hello.md")),
        "the first one keeps its claim"
    );
}

#[test]
fn a_post_that_lost_a_claim_is_shared_while_it_does_not_change() {
    let text = "---\ndate: 2026-01-01\n---\n";
    let mut files = posts(&[("a/hello.md", text), ("b/hello.md", text)]);
    let build = |files: &[Arc<Post>], before: &SharedVec<Arc<Post>>| {
        let index = Index::build(files.to_vec(), &HashSet::new(), &Config::default(), at(NOW), before);
        index.all().clone()
    };
    let other = |posts: &SharedVec<Arc<Post>>| Arc::clone(posts.get(1).unwrap());
    let first = build(&files, &SharedVec::default());
    assert_ne!(other(&first).slug, "hello");
    let second = build(&files, &first);
    assert!(Arc::ptr_eq(&other(&first), &other(&second)));
    files[1] = posts(&[("b/hello.md", "---\ndate: 2026-01-01\n---\nMore.\n")]).remove(0);
    let third = build(&files, &second);
    assert!(!Arc::ptr_eq(&other(&second), &other(&third)) && other(&third).text.loaded().unwrap().contains("More."));
}

/// Pages through posts, several of each instant, while other posts are added and removed.
#[test]
fn paging_neither_skips_nor_repeats_while_posts_are_added_and_removed() {
    let text = |i: usize| {
        format!(
            "---\ndate: 2026-01-{:02}\nid: 'x:{i:02}'\ntags: [t{}]\n---\n",
            i / 5 + 1,
            i % 2
        )
    };
    let written = |numbers: &[usize]| -> Vec<Arc<Post>> {
        let files: Vec<_> = numbers.iter().map(|i| (format!("{i:02}.md"), text(*i))).collect();
        posts(
            &files
                .iter()
                .map(|(path, text)| (path.as_str(), text.as_str()))
                .collect::<Vec<_>>(),
        )
    };
    let index = |numbers: &[usize]| {
        Index::build(
            written(numbers),
            &HashSet::new(),
            &Config::default(),
            at(NOW),
            &SharedVec::default(),
        )
    };
    let steady: Vec<usize> = (0..40).filter(|i| i % 4 != 0).collect();
    let tagged = Filter::for_scope(&Scope::Tag("t1".to_owned()));
    for (filter, expected) in [(Filter::default(), 30), (tagged, 20)] {
        for newest_first in [true, false] {
            let mut seen = Vec::new();
            let mut position = None;
            for step in 0.. {
                // other posts are there in every second step, before and after the position
                let mut numbers = steady.clone();
                if step % 2 == 0 {
                    numbers.extend((0..40).filter(|i| i % 4 == 0));
                }
                let index = index(&numbers);
                let range = match (&position, newest_first) {
                    (None, true) => PostRange {
                        posts: index.page(&filter, 1, 3).0,
                        following: usize::MAX,
                    },
                    (None, false) => index.changed_since(&filter, Timestamp::MIN, 3),
                    (Some(position), true) => index.after(&filter, position, 3),
                    (Some(position), false) => index.changed_after(&filter, position, 3),
                };
                assert!(range.following >= range.posts.len());
                let Some(last) = range.posts.last() else { break };
                position = Some(cursor::CursorPosition {
                    at: last.date.timestamp(),
                    id: last.id.to_string(),
                });
                seen.extend(range.posts.iter().map(|post| post.id.to_string()));
            }
            let mut sorted = seen.clone();
            sorted.sort();
            sorted.dedup();
            assert_eq!(sorted.len(), seen.len(), "no repetition, newest first: {newest_first}");
            let missed: Vec<_> = steady
                .iter()
                .map(|i| format!("x:{i:02}"))
                .filter(|id| filter.tag.is_none() || id.as_bytes()[3] % 2 == 1)
                .filter(|id| !seen.contains(id))
                .collect();
            assert!(
                missed.is_empty() && seen.len() >= expected,
                "newest first: {newest_first}, missed {missed:?}"
            );
        }
    }
}

#[test]
fn changes_are_ordered_by_the_later_date_but_never_by_a_future_one() {
    let files = [
        ("old.md", "---\ndate: 2026-01-01\n---\n"),
        ("edited.md", "---\ndate: 2026-01-02\nupdated: 2026-05-01\n---\n"),
        ("ahead.md", "---\ndate: 2026-01-03\nupdated: 2027-01-01\n---\n"),
        ("new.md", "---\ndate: 2026-04-01\n---\n"),
    ];
    let index = index(&files, NOW).0;
    let since = |text: &str| sources(&index.changed_since(&Filter::default(), at(text), 9).posts).join(" ");
    assert_eq!(since("2026-01-01T00:00:00Z"), "old.md ahead.md new.md edited.md");
    assert_eq!(since("2026-04-01T00:00:00Z"), "new.md edited.md");
    assert_eq!(since("2026-05-01T00:00:01Z"), "");
    let range = index.changed_since(&Filter::default(), at("2026-01-01T00:00:00Z"), 1);
    assert_eq!((range.posts.len(), range.following), (1, 4));
}

#[test]
fn an_alias_belongs_to_the_first_readable_post_and_is_no_live_address() {
    let files = [
        (
            "old.md",
            "---\ndate: 2024-01-01\naliases: [/both, /posts/new/, word, /posts/old.md]\n---\n",
        ),
        (
            "new.md",
            "---\ndate: 2025-01-01\naliases: [/both/, /both/index.html, /posts/draft, /word, /posts/gone, /posts/old.md]\n---\n",
        ),
        (
            "draft.md",
            "---\ndate: 2023-01-01\ndraft: true\naliases: [/both, /hidden, hidden-word]\n---\n",
        ),
        (
            "gone.md",
            "---\ndate: 2023-01-01\nexpiryDate: 2024-01-01\naliases: [/both, /ended]\n---\n",
        ),
        ("later.md", "---\ndate: 2026-07-01\naliases: [/soon]\n---\n"),
        ("unlisted.md", "---\ndate: 2026-01-01\nunlisted: true\naliases: /quiet\n---\n"),
    ];
    let cases = [
        ("/both", Some("old.md")),
        ("/both/", Some("old.md")),
        ("/both/index.html", Some("old.md")),
        ("/posts/new/", Some("new.md")),
        ("/posts/new", Some("new.md")),
        ("/posts/draft", Some("new.md")),
        ("/posts/gone/", Some("new.md")),
        ("/word", Some("new.md")),
        ("/posts/word", Some("old.md")),
        ("/quiet", Some("unlisted.md")),
        ("/hidden", None),
        ("/hidden-word", None),
        ("/ended", None),
        ("/soon", None),
        ("/posts/later/", None),
        ("/", None),
        ("", None),
    ];
    let mut reversed = files;
    reversed.reverse();
    for files in [files, reversed] {
        let (index, warnings) = index(&files, NOW);
        for (address, expected) in cases {
            let found = index.by_alias(address).map(|post| post.source.as_str());
            assert_eq!(found, expected, "{address}");
        }
        assert_eq!(
            warnings,
            [
                "old.md: warning: the alias `/posts/new/` does not lead here: it is the address of new.md (remove it from one of the two posts)",
                "new.md: warning: the alias `/both/` does not lead here: it is an alias of old.md (remove it from one of the two posts)",
                "new.md: warning: the alias `/posts/old.md` does not lead here: it is the Markdown of old.md (remove it from one of the two posts)",
                "draft.md: warning: the alias `/both` does not lead here: it is an alias of old.md (remove it from one of the two posts)",
            ]
        );
    }
    let (index, _) = index(&files, "2026-07-02T00:00:00Z");
    assert_eq!(index.by_alias("/soon").map(|post| post.source.as_str()), Some("later.md"));
}
