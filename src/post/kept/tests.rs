use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::tz::Offset;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::post::{self, Alike, Each, Enclosure, Fingerprint, Likeness, Origins, Person, Post, Rare, RareFields, Text, Words};
use crate::source_file::SourceFile;
use crate::time::{Moment, Timestamp};

fn kept(post: &Post) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(post, &mut bytes);
    bytes
}

fn read_file(path: &str, text: &[u8]) -> Option<Post> {
    let file = SourceFile {
        path: path.into(),
        bytes: text.into(),
        modified: Timestamp::constant(1_767_225_600, 123_456_789),
    };
    post::read(&file, &Config::default()).ok().map(|reading| reading.post)
}

fn files_below(folder: &Utf8Path, found: &mut Vec<Utf8PathBuf>) {
    for entry in folder.read_dir_utf8().unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            files_below(entry.path(), found);
        } else {
            found.push(entry.into_path());
        }
    }
}

#[test]
fn posts_of_every_dialect_are_kept_whole() {
    let root = Utf8PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for folder in ["tests/fixtures", "posts"] {
        files_below(&root.join(folder), &mut paths);
    }
    let mut count = 0;
    for path in paths {
        let Some(post) = read_file(path.as_str(), &std::fs::read(&path).unwrap()) else {
            continue;
        };
        count += 1;
        let again = read(post.source(), &kept(&post)).unwrap();
        assert_eq!(again, post);
        assert!(again.text.held().is_none(), "{path}: the text is the file's");
        assert_eq!(
            serde_json::to_string(&again.rare.extra).unwrap(),
            serde_json::to_string(&post.rare.extra).unwrap(),
            "{path}: in the order in which they were written"
        );
    }
    assert!(count > 100, "{count}");
}

#[test]
fn nothing_an_author_can_say_is_lost() {
    let text = "---\ntitle: One\ndate: 2026-01-31 09:00:00.25 -03:30\nupdated: 2026-02-01\nexpires: 2027-01-01\ndraft: true\n\
        feed: false\nminor: true\ntags: [a, ü]\nauthors: [{name: Ada, email: a@example.com, url: 'https://example.com'}, Bo]\n\
        lang: he\naliases: [/old, older name]\nimage: a.png\nlink: https://example.com/b\n\
        enclosure: {url: a.mp3, length: 5000000000, duration: 90, title: T}\n\
        mood: {a: [1, -2, 0.1, 18446744073709551615, 1e300, ~, true, false, 'x', []], b: {}}\n---\nWords.\n";
    let post = read_file("notes/one.md", text.as_bytes()).unwrap();
    assert_eq!(read("notes/one.md".into(), &kept(&post)), Some(post.clone()));
    let rare = &post.rare;
    assert!(
        !(rare.aliases.is_empty() || rare.names.is_empty() || rare.enclosures.is_empty() || rare.extra.is_empty()),
        "{rare:?}"
    );
    assert!(rare.image.is_some() && rare.link.is_some() && rare.expires.is_some() && post.updated.is_some());
    assert!(
        !post.in_feeds && post.minor.is_some() && post.alike.section.is_some() && post.alike.authors.len() == 2,
        "{post:?}"
    );
}

#[test]
fn what_reading_depends_on_and_nothing_else_is_the_ground() {
    let of = |toml: &str| ground(&Config::parse("feedmill.toml".into(), toml).unwrap());
    let others = [
        "[site]\nbase_url = 'https://example.com'",
        "[site]\nidentity = 'https://example.com'",
        "[site]\ntimezone = 'Europe/Paris'",
        "[site]\nlanguage = 'he'",
        "[posts]\nday_first = true",
        "[posts]\nsplit_tags = 'space'",
        "[posts]\ndrop_tags = []",
        "[posts]\npermalink = '/{year}/{slug}'",
        "[posts]\nmax_file_bytes = 5",
        "[server]\nlisten = '127.0.0.1:1'",
    ];
    for (at, toml) in others.iter().enumerate() {
        assert!(others[..at].iter().chain(&[""]).all(|other| of(other) != of(toml)), "{toml}");
        assert_eq!(of(toml), of(toml), "{toml}");
    }
    let redirects = "[[redirect]]\nfrom = '/a'\nto = '/b'\n[[redirect]]\nfrom = '/c'\nto = '/d'\n[server]\nmax_headers = 50";
    assert_eq!(of(""), of(redirects));
}

fn moment() -> impl Strategy<Value = Moment> {
    let at = (-62_000_000_000_i64..253_000_000_000, 0..1_000_000_000_i32);
    (at, -1500..1500_i32).prop_filter_map("cannot be written", |((second, nanosecond), minutes)| {
        let at = Timestamp::new(second, nanosecond).unwrap();
        Moment::new(at, Offset::from_seconds(minutes * 60).unwrap())
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((".*", inner), 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn rare() -> impl Strategy<Value = Rare> {
    let enclosure = (".*", ".*", any::<u64>(), option::of(any::<u64>()), option::of(".*"));
    let enclosure = enclosure.prop_map(|(url, media_type, length, duration, title)| Enclosure {
        url,
        media_type,
        length,
        duration,
        title,
    });
    let words = || vec(".*", 0..3);
    let extra = vec((".*", value()), 0..3).prop_map(|map| map.into_iter().collect());
    let fields = (
        (words(), words(), option::of(".*"), words()),
        option::of(moment()),
        option::of(".*"),
        option::of(".*"),
        vec(enclosure, 0..3),
        extra,
    );
    fields.prop_map(
        |((aliases, names, atom_id, other_ids), expires, image, link, enclosures, extra)| {
            Rare::from(RareFields {
                aliases,
                names,
                atom_id,
                other_ids,
                expires,
                image,
                link,
                enclosures,
                extra,
            })
        },
    )
}

fn origin() -> impl Strategy<Value = Origin> {
    (0..ORIGINS.len(), ".*").prop_map(|(place, key)| match ORIGINS[place].clone() {
        Origin::Field(_) => Origin::Field(key),
        other => other,
    })
}

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 16]>().prop_map(Digest::from)
}

prop_compose! {
    fn any_post()(
        texts in [".*", ".*", ".*", ".*", ".*"],
        moments in (moment(), option::of(moment())),
        choices in (0..STANDINGS.len(), any::<bool>(), option::of(any::<bool>()), 0..DIRECTIONS.len()),
        tags in vec(".*", 0..3),
        people in vec((".*", option::of(".*"), option::of(".*")), 0..3),
        words in (option::of(".*"), option::of(".*")),
        rare in rare(),
        digests in (digest(), digest(), any::<u64>(), digest(), digest()),
        touched in moment(),
        origins in [origin(), origin(), origin(), origin(), origin(), origin()],
    ) -> Post {
        let [id, slug, address, title, summary] = texts;
        let (standing, in_feeds, minor, direction) = choices;
        let (shown, text, likeness, of_text, of_file) = digests;
        let person = |(name, email, url)| Person { name, email, url };
        let [of_title, of_id, of_address, of_date, of_standing, of_summary] = origins;
        Post {
            words: Words::from(Each { source: "a/b.md".into(), id: &id, slug: &slug, address: &address, title: &title, summary: &summary }),
            date: moments.0,
            updated: moments.1,
            standing: STANDINGS[standing],
            in_feeds,
            minor,
            tags: Arc::new(tags.into_iter().map(Arc::from).collect()),
            alike: Arc::new(Alike {
                authors: people.into_iter().map(person).collect(),
                section: words.0.map(Arc::from),
                language: words.1.map(Arc::from),
                origins: Arc::new(Origins {
                    title: of_title,
                    id: of_id,
                    address: of_address,
                    date: of_date,
                    standing: of_standing,
                    summary: of_summary,
                }),
            }),
            direction: DIRECTIONS[direction],
            rare,
            content: Fingerprint { shown, text, likeness: Likeness(likeness) },
            file: of_file,
            text: Text::from(of_text),
            touched: touched.timestamp().into(),
            told: None,
            is_out_already: false,
            is_held: false,
        }
    }
}

proptest! {
    #[test]
    fn every_post_comes_back_as_it_was(post in any_post()) {
        let bytes = kept(&post);
        let again = read("a/b.md".into(), &bytes);
        // an offset is no part of what makes two moments equal
        prop_assert_eq!(format!("{again:?}"), format!("{:?}", Some(&post)));
        prop_assert_eq!(again, Some(post));
    }

    #[test]
    fn bytes_that_are_cut_or_changed_give_another_post_or_none(post in any_post(), at in any::<prop::sample::Index>(), byte: u8) {
        let mut bytes = kept(&post);
        let at = at.index(bytes.len());
        prop_assert_eq!(read("a/b.md".into(), &bytes[..at]), None);
        bytes[at] = byte;
        let _ = read("a/b.md".into(), &bytes);
        bytes.push(byte);
        let _ = read("a/b.md".into(), &bytes);
    }

    #[test]
    fn any_bytes_give_a_post_or_none(bytes: Vec<u8>) {
        let _ = read("a/b.md".into(), &bytes);
        // of these more come to a list
        let _ = read("a/b.md".into(), &[&[0; 5][..], &bytes].concat());
    }
}

#[test]
fn what_claims_to_be_large_or_deep_is_refused_at_once() {
    let post = read_file("a.md", b"---\nmood: DEEP\n---\n").unwrap();
    let bytes = kept(&post);
    let huge = [&[0xff; 9][..], &[0x01]].concat();
    for length in [&huge[..], &[0xff; 9], &[0xff; 11]] {
        assert_eq!(read("a.md".into(), length), None);
        assert_eq!(read("a.md".into(), &[length, &bytes].concat()), None);
    }
    let text = [&[kind::TEXT, 4][..], b"DEEP"].concat();
    let at = bytes.windows(text.len()).position(|window| window == text).unwrap();
    let with = |value: &[u8]| read("a.md".into(), &[&bytes[..at], value, &bytes[at + text.len()..]].concat());
    let lists = |depth: usize| [&[kind::LIST, 1].repeat(depth)[..], &[kind::NULL]].concat();
    assert!(with(&lists(20)).is_some());
    assert!(with(&lists(100_000)).is_none());
    assert!(with(&[kind::MAP, 1, 0].repeat(100_000)).is_none());
    assert!(with(&[&[kind::LIST][..], &huge].concat()).is_none());
}
