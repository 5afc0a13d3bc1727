//! Dates as posts really have them, and many posts of one instant.

use std::collections::BTreeSet;

use super::{CONFIG, Odd};
use crate::still::{TestFolder, WRITTEN, get, listed};

/// A name; file; fields; the instant, where it came from, what is said.
const DATES: [(&str, &str, &str, &str, &str, &str); 25] = [
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
        "a day that never was, and no file name",
        "a.md",
        "date: 2017-02-29",
        WRITTEN,
        "time of the file",
        "date-missing date-impossible",
    ),
    (
        "a day that never was, and another key",
        "a.md",
        "date: 2017-02-29\npubDate: 2017-03-01",
        "2017-03-01T00:00:00Z",
        "front matter: pubDate",
        "date-impossible",
    ),
    (
        "a day that never was in both",
        "2017-02-29-a.md",
        "date: 2017-02-30",
        WRITTEN,
        "time of the file",
        "date-impossible date-missing date-impossible",
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
        "not a date",
        "2017-03-01-a.md",
        "date: soon",
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
        "the year 10000",
        "2020-01-02-a.md",
        "date: 10000-01-01",
        "2020-01-02T00:00:00Z",
        "file name",
        "date-impossible",
    ),
    (
        "the year 9999",
        "2020-01-02-a.md",
        "date: 9999-12-31",
        "2020-01-02T00:00:00Z",
        "file name",
        "date-impossible",
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
fn items_10_11_and_12_every_date_falls_to_what_says_it_best() {
    let mut wrong = Vec::new();
    for (name, path, fields, instant, origin, codes) in DATES {
        let odd = Odd::new(path, format!("---\ntitle: x\n{fields}\n---\nText.\n"));
        let post = odd.post();
        let found = (post.date.rfc3339(), post.alike.origins.date.to_string(), odd.codes());
        if found != (instant.to_owned(), origin.to_owned(), codes.to_owned()) || odd.listed().is_none() {
            wrong.push(format!("{name}: {found:?}, listed: {}", odd.listed().is_some()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn item_12_a_very_long_text_is_no_date() {
    let odd = Odd::new("2020-01-02-a.md", format!("---\ndate: {}\n---\n", "2020-".repeat(1000)));
    assert_eq!(
        (odd.post().alike.origins.date.to_string(), odd.codes()),
        ("file name".to_owned(), "date-unknown".to_owned())
    );
}

#[test]
fn item_12_a_date_without_a_zone_is_in_the_sites() {
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
fn item_13_hundreds_of_posts_of_one_instant_page_without_loss() {
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
