//! Dates of real posts, and many posts at one instant.

use std::collections::BTreeSet;

use feedmill::diagnostic::{Diagnostic, Severity};
use feedmill::post::Visibility;

use super::{CONFIG, Odd};
use crate::still::{NOW, TestFolder, WRITTEN, get, listed, said};

/// A name; file; fields; the instant, its origin, and the codes of the diagnostics.
const DATES: [(&str, &str, &str, &str, &str, &str); 20] = [
    (
        "a day in the file's name",
        "2021-11-8-a.md",
        "",
        "2021-11-08T00:00:00Z",
        "file name",
        "",
    ),
    (
        "a day in a folder's name",
        "2021-11-08-a/index.md",
        "",
        "2021-11-08T00:00:00Z",
        "file name",
        "",
    ),
    (
        "a day in the folders",
        "2021/11/08/a.md",
        "",
        "2021-11-08T00:00:00Z",
        "file name",
        "",
    ),
    ("no day at all", "a.md", "", WRITTEN, "time of the file", "date-missing"),
    (
        "two days: the front matter's",
        "2021-11-08-a.md",
        "date: 2021-12-09",
        "2021-12-09T00:00:00Z",
        "front matter: date",
        "",
    ),
    (
        "a day that never was, and a file name",
        "2017-03-01-a.md",
        "date: 2017-02-29",
        "2017-03-01T00:00:00Z",
        "file name",
        "date-impossible",
    ),
    (
        "published on a day that never was",
        "2017-03-01-a.md",
        "published: 2017-02-29",
        "2017-03-01T00:00:00Z",
        "file name",
        "date-impossible",
    ),
    (
        "a date with a slip, and a file name",
        "2017-03-01-a.md",
        "date: 2017-03--01",
        "2017-03-01T00:00:00Z",
        "file name",
        "date-unknown",
    ),
    (
        "a year twice",
        "a.md",
        "date: 2023-01-29 18:30:22 2023 -0800",
        "2023-01-29T18:30:22-08:00",
        "front matter: date",
        "",
    ),
    (
        "an offset of one digit",
        "a.md",
        "date: 2013-04-05 06:07:08 -4",
        "2013-04-05T06:07:08-04:00",
        "front matter: date",
        "",
    ),
    (
        "a no-break space first",
        "a.md",
        "date: \u{a0}2013-04-05",
        "2013-04-05T00:00:00Z",
        "front matter: date",
        "",
    ),
    (
        "an hour of one digit",
        "a.md",
        "date: 2013-04-05 6:07",
        "2013-04-05T06:07:00Z",
        "front matter: date",
        "",
    ),
    (
        "the year 0",
        "2020-01-02-a.md",
        "date: 0000-01-01",
        "2020-01-02T00:00:00Z",
        "file name",
        "date-impossible",
    ),
    (
        "a year before",
        "2020-01-02-a.md",
        "date: -0001-01-01",
        "2020-01-02T00:00:00Z",
        "file name",
        "date-unknown",
    ),
    (
        "the year 1",
        "a.md",
        "date: 0001-01-02",
        "0001-01-02T00:00:00Z",
        "front matter: date",
        "",
    ),
    (
        "a leap second",
        "a.md",
        "date: 2016-12-31T23:59:60Z",
        "2016-12-31T23:59:59Z",
        "front matter: date",
        "",
    ),
    (
        "an offset that cannot be",
        "2020-01-02-a.md",
        "date: 2016-12-31T23:59:00+25:00",
        "2020-01-02T00:00:00Z",
        "file name",
        "date-impossible",
    ),
    (
        "an offset with seconds",
        "2020-01-02-a.md",
        "date: 2016-12-31T23:59:00+01:02:03",
        "2020-01-02T00:00:00Z",
        "file name",
        "date-unknown",
    ),
    (
        "an hour of 24",
        "2020-01-02-a.md",
        "date: 2016-12-31T24:00:00Z",
        "2020-01-02T00:00:00Z",
        "file name",
        "date-impossible",
    ),
    (
        "updated before it was published",
        "a.md",
        "date: 2020-01-02\nupdated: 2019-01-01",
        "2020-01-02T00:00:00Z",
        "front matter: date",
        "",
    ),
];

#[test]
fn items_10_11_and_12_every_date_comes_from_the_best_source() {
    let mut wrong = Vec::new();
    for (name, path, fields, instant, origin, codes) in DATES {
        let odd = Odd::new(path, format!("---\ntitle: x\n{fields}\n---\nText.\n"));
        let post = odd.post();
        let found = (post.date.rfc3339(), post.origins.date.to_string(), odd.codes());
        if found != (instant.to_owned(), origin.to_owned(), codes.to_owned()) || odd.listed().is_none() {
            wrong.push(format!("{name}: {found:?}, listed: {}", odd.listed().is_some()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A name; file; fields; the code of the diagnostic that holds the post back.
const HELD: [(&str, &str, &str, &str); 41] = [
    ("TBD, and a file name", "2017-03-01-a.md", "date: TBD", "date-unknown"),
    ("soon, and a file name", "2017-03-01-a.md", "date: soon", "date-unknown"),
    (
        "tomorrow, and a file name",
        "2017-03-01-a.md",
        "date: tomorrow",
        "date-unknown",
    ),
    ("words, and a file name", "2017-03-01-a.md", "date: next week", "date-unknown"),
    (
        "a form to fill in, and a file name",
        "2017-03-01-a.md",
        "date: YYYY-MM-DD",
        "date-unknown",
    ),
    (
        "half a form, and a file name",
        "2017-03-01-a.md",
        "date: 2017-03-XX",
        "date-unknown",
    ),
    (
        "question marks, and a file name",
        "2017-03-01-a.md",
        "date: 2017-??-??",
        "date-unknown",
    ),
    (
        "two dates, and a file name",
        "2017-03-01-a.md",
        "date: [2017-03-01, 2017-03-02]",
        "date-unknown",
    ),
    (
        "a mapping, and a file name",
        "2017-03-01-a.md",
        "date: {day: 1}",
        "date-unknown",
    ),
    (
        "a year alone, and a file name",
        "2017-03-01-a.md",
        "date: 2017",
        "date-unknown",
    ),
    (
        "words behind a date, and a file name",
        "2017-03-01-a.md",
        "date: 2017-03-01 or later",
        "date-unknown",
    ),
    ("a day that never was", "a.md", "date: 2017-02-29", "date-impossible"),
    (
        "beside a good key",
        "a.md",
        "date: 2017-02-29\npubDate: 2017-03-01",
        "date-impossible",
    ),
    (
        "in the file's name too",
        "2017-02-29-a.md",
        "date: 2017-02-30",
        "date-impossible",
    ),
    ("in the file's name alone", "2017-02-29-a.md", "tags: [a]", "date-impossible"),
    ("the year 10000", "2020-01-02-a.md", "date: 10000-01-01", "date-too-far"),
    (
        "a day to come that never will be",
        "2020-01-02-a.md",
        "date: 2027-02-30",
        "date-impossible",
    ),
    (
        "a file's name that lies ahead",
        "2099-01-02-a.md",
        "date: soon",
        "date-unknown",
    ),
    ("words", "a.md", "date: next week", "date-unknown"),
    ("TBD", "a.md", "date: TBD", "date-unknown"),
    ("tomorrow", "a.md", "date: tomorrow", "date-unknown"),
    ("without a year", "a.md", "date: Dec 24", "date-unknown"),
    ("a year alone", "a.md", "date: 2027", "date-unknown"),
    ("a month alone", "a.md", "date: 2027-05", "date-unknown"),
    ("two digits", "a.md", "date: 5/6/27", "date-unknown"),
    ("a list of two", "a.md", "date: [2020-01-01, 2021-01-01]", "date-unknown"),
    (
        "a mapping of other things",
        "a.md",
        "date: {day: 5, month: 6}",
        "date-unknown",
    ),
    ("a truth value", "a.md", "date: true", "date-unknown"),
    ("a publish date", "a.md", "date: 2020-01-01\npublishDate: TBD", "date-unknown"),
    (
        "a publish date and a file's name",
        "2020-01-01-a.md",
        "publishDate: TBD",
        "date-unknown",
    ),
    (
        "a publish date that never was",
        "a.md",
        "date: 2020-01-01\npublish_date: 2026-02-30",
        "date-impossible",
    ),
    ("Astro's", "a.md", "pubDatetime: soon", "date-unknown"),
    ("of JSON-LD", "a.md", "date: 2020-01-01\ndatePublished: soon", "date-unknown"),
    (
        "an embargo",
        "a.md",
        "date: 2020-01-01\nembargo_until: after the fair",
        "date-unknown",
    ),
    (
        "an expiry",
        "a.md",
        "date: 2020-01-01\nexpiryDate: when it is over",
        "date-unknown",
    ),
    (
        "an expiry and a file's name",
        "2020-01-01-a.md",
        "expires: 2020-02-30",
        "date-impossible",
    ),
    (
        "another expiry",
        "a.md",
        "date: 2020-01-01\nexpiryDate: 2099-01-01\nunpublish_date: soon",
        "date-unknown",
    ),
    ("only when it was begun", "a.md", "created: some day", "date-unknown"),
    ("a placeholder", "a.md", "date: '{{date}}'", "placeholder"),
    (
        "a placeholder and a file's name",
        "2020-01-01-a.md",
        "date: <% tp.date.now() %>",
        "placeholder",
    ),
    (
        "a publish date in a list",
        "a.md",
        "date: 2020-01-01\npublishDate: [TBD]",
        "date-unknown",
    ),
];

#[test]
fn a_date_that_is_not_understood_holds_the_post_back_with_its_position_and_a_fix() {
    let mut wrong = Vec::new();
    for (name, path, fields, code) in HELD {
        let odd = Odd::new(path, format!("---\ntitle: x\n{fields}\n---\nText.\n"));
        let errors: Vec<_> = said(&odd.site, path)
            .filter(|diagnostic| diagnostic.severity == Severity::Error)
            .collect();
        let has_place = |diagnostic: &Diagnostic| diagnostic.position.is_some() || !fields.contains("date");
        let is_reported = matches!(*errors, [error] if error.code == code && has_place(error) && !error.mend.is_empty());
        let visibility = odd.post().visibility(NOW.parse().unwrap());
        if !is_reported || visibility != Visibility::Held || odd.codes().contains("date-missing") {
            wrong.push(format!("{name}: {visibility:?}, {errors:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn other_fields_hold_nothing_back() {
    let cases = [
        ("nothing after it", "date:"),
        ("null", "date: null"),
        ("a tilde", "date: ~"),
        ("nothing in quotes", "date: ''"),
        ("nothing in a list", "date: []"),
        ("a publish date of nothing", "publishDate:\nexpiryDate: ~"),
        ("an edit that is not understood", "date: 2020-01-01\nupdated: soon"),
        ("a beginning that is not understood", "date: 2020-01-01\ncreated: some day"),
        ("an expiry of never", "date: 2020-01-01\nexpires: never"),
        ("an expiry beyond all years", "date: 2020-01-01\nexpires: 12000-01-01"),
        ("words of Eleventy's", "date: Last Modified"),
        ("a wikilink", "date: [[2020-05-06]]"),
        ("a mapping", "date: {created: 2020-05-06, updated: 2021-01-01}"),
        ("a month of another language", "date: 5. Januar 2024"),
        ("Go's", "date: 2024-05-06 00:00:00 +0000 UTC"),
    ];
    for (name, fields) in cases {
        let odd = Odd::new("a.md", format!("---\ntitle: x\n{fields}\n---\nText.\n"));
        assert!(odd.listed().is_some(), "{name}: {:?}", odd.codes());
    }
}

#[test]
fn dates_up_to_the_year_9999_are_in_the_future() {
    for day in [
        "2027-05-06",
        "2262-04-12",
        "9999-12-31",
        "31. Dezember 9999",
        "[[9999-12-31]]",
    ] {
        let odd = Odd::new("a.md", format!("---\ndate: \"{day}\"\n---\nText.\n"));
        assert_eq!(odd.post().visibility(NOW.parse().unwrap()), Visibility::Scheduled, "{day}");
        assert_eq!((odd.codes().as_str(), odd.listed()), ("", None), "{day}");
    }
}

#[test]
fn item_12_a_very_long_text_is_not_a_date() {
    let odd = Odd::new("2020-01-02-a.md", format!("---\ndate: {}\n---\n", "2020-".repeat(1000)));
    assert_eq!(
        (odd.post().origins.date.to_string(), odd.codes()),
        ("file name".to_owned(), "date-unknown".to_owned())
    );
}

#[test]
fn item_12_a_date_without_a_zone_is_in_the_zone_of_the_site() {
    let folder = TestFolder::new();
    folder.write("summer.md", "---\ndate: 2024-07-01 12:00\n---\n");
    folder.write("winter.md", "---\ndate: 2024-01-01\n---\n");
    folder.write("2024-05-06-name.md", "Text.\n");
    folder.write("written.md", "---\ndate: 2024-07-01 12:00 UTC\n---\n");
    let site = folder.site("[site]\ntimezone = 'Europe/Berlin'");
    for (path, expected) in [
        ("summer.md", "2024-07-01T12:00:00+02:00"),
        ("winter.md", "2024-01-01T00:00:00+01:00"),
        ("2024-05-06-name.md", "2024-05-06T00:00:00+02:00"),
        ("written.md", "2024-07-01T12:00:00Z"),
    ] {
        assert_eq!(site.post(path.into()).unwrap().date.rfc3339(), expected, "{path}");
    }
}

#[test]
fn item_13_hundreds_of_posts_at_one_instant_are_all_on_a_page() {
    let folder = TestFolder::new();
    for number in 0..437 {
        folder.write(
            format!("post-{number}.md"),
            format!("---\ntitle: Post {number}\ndate: 2020-01-02\n---\n"),
        );
    }
    let site = folder.site(CONFIG);
    let all = listed(&site);
    let again = listed(&folder.site(CONFIG));
    assert_eq!(all, again, "the order is the same after a restart");
    for per_page in [1, 7, 8, 200] {
        let mut walked = Vec::new();
        for page in 1..=437_usize.div_ceil(per_page) {
            let (_, text) = get(&site, &format!("/api/posts?per_page={per_page}&page={page}"));
            let listing: serde_json::Value = serde_json::from_str(&text).unwrap();
            walked.extend(listing["posts"].as_array().unwrap().clone());
        }
        assert_eq!(walked, all, "{per_page} a page");
    }
    let ids: BTreeSet<&str> = all.iter().map(|post| post["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 437);
}
