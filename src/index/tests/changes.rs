//! An index after changes equals the index built from all posts.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Front matter of posts that claim the same values.
fn head() -> impl Strategy<Value = String> {
    let line = |key: &'static str, values: &'static [&'static str]| {
        let line = (0..values.len()).prop_map(move |at| format!("{key}: {}\n", values[at]));
        proptest::option::weighted(0.4, line).prop_map(Option::unwrap_or_default)
    };
    let date = (1..6).prop_map(|day| format!("date: 2026-06-0{day}\n"));
    (
        date,
        line("slug", &["a", "b", "c", "a-b"]),
        // some of them end in a slug
        line("id", &["x:1", "x:a", "x:b"]),
        line("permalink", &["/p/a", "/p/b", "/posts/a"]),
        line("aliases", &["[/p/a, /old]", "[/p/a.md, old/b]", "[/posts/a/, /posts/b]"]),
        line("tags", &["[One, two]", "[two]", "[ONE]", "[three, Two]"]),
        line("author", &["Ann Ott", "ann ott"]),
        line("draft", &["true"]),
        line("unlisted", &["true"]),
        line("feed", &["false"]),
        line("updated", &["2026-06-02T13:00:00Z", "2026-06-04"]),
        line("expiryDate", &["2026-06-03", "2026-06-05"]),
    )
        .prop_map(
            |(date, slug, id, permalink, aliases, tags, author, draft, unlisted, feed, updated, expiry)| {
                [
                    date, slug, id, permalink, aliases, tags, author, draft, unlisted, feed, updated, expiry,
                ]
                .concat()
            },
        )
}

const PATHS: [&str; 8] = [
    "a.md",
    "a.en.md",
    "b.md",
    "c.md",
    "one/a.md",
    "one/b.md",
    "two/a.fr.md",
    "two/index.md",
];

#[derive(Clone, Debug)]
enum IndexStep {
    /// Writes these files, or deletes them if there is no text. The flag says whether the post is new.
    Write(Vec<(usize, Option<(String, bool)>)>),
    /// Moves the clock by this many hours.
    Pass(i64),
}

fn step() -> impl Strategy<Value = IndexStep> {
    let file = (0..PATHS.len(), proptest::option::weighted(0.8, (head(), any::<bool>())));
    prop_oneof![
        4 => proptest::collection::vec(file, 1..4).prop_map(IndexStep::Write),
        1 => (1_i64..30).prop_map(IndexStep::Pass),
    ]
}

/// All that the index returns.
fn described(index: &Index) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::new();
    for post in index.all().iter() {
        facts.insert(
            format!("post {}", &post.source),
            format!("{} {} {}", &post.id, &post.slug, &post.address),
        );
        let found = [
            index.by_slug(&post.slug).map(|found| &found.source),
            index.by_address(&post.address).map(|found| &found.source),
            index.post(&post.source).map(|found| &found.source),
        ];
        facts.insert(format!("found {}", &post.source), format!("{found:?}"));
    }
    for (scope, members) in index.scopes() {
        let posts = sources(members.posts.iter());
        let in_feeds = sources(members.in_feeds().iter());
        facts.insert(format!("{scope:?}"), format!("{} {posts:?} {in_feeds:?}", members.name));
    }
    for address in ["/p/a", "/p/a.md", "/old", "/posts/old/b", "/old/b", "/posts/a", "/posts/b"] {
        let found = index.by_alias(address).map(|post| &post.source);
        facts.insert(format!("alias {address}"), format!("{found:?}"));
    }
    let changed = index.changed_since(&Filter::default(), Timestamp::MIN, usize::MAX).posts;
    facts.insert("by change".to_owned(), format!("{:?}", sources(&changed)));
    let mut warnings: Vec<String> = index.diagnostics().map(ToString::to_string).collect();
    warnings.sort();
    facts.insert("warnings".to_owned(), format!("{warnings:#?}"));
    facts.insert("due".to_owned(), format!("{:?}", index.next_due()));
    facts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn an_index_after_changes_equals_the_one_of_all_posts(steps in proptest::collection::vec(step(), 1..12)) {
        let config = Config::default();
        let mut now = at("2026-06-02T12:00:00Z");
        let mut files: BTreeMap<Utf8PathBuf, (Arc<Post>, bool)> = BTreeMap::new();
        let all = |files: &BTreeMap<Utf8PathBuf, (Arc<Post>, bool)>| -> Vec<Arc<Post>> {
            files.values().map(|(post, _)| Arc::clone(post)).collect()
        };
        let mut touched: BTreeMap<Utf8PathBuf, Option<Arc<Post>>> = BTreeMap::new();
        let mut index = Index::build(Vec::new(), &HashSet::new(), &config, now, &SharedVec::default());
        for step in steps {
            let mut changes = std::mem::take(&mut touched);
            match step {
                IndexStep::Pass(hours) => now += jiff::SignedDuration::from_hours(hours),
                IndexStep::Write(written) => {
                    for (path, text) in written {
                        let path = Utf8PathBuf::from(PATHS[path]);
                        let post = text.map(|(head, is_new)| {
                            (posts(&[(path.as_str(), format!("---\n{head}---\n").as_str())]).remove(0), is_new)
                        });
                        changes.insert(path.clone(), post.as_ref().map(|(post, _)| Arc::clone(post)));
                        match post {
                            Some(post) => drop(files.insert(path, post)),
                            None => drop(files.remove(&path)),
                        }
                    }
                }
            }
            let new_files: HashSet<Utf8PathBuf> =
                files.iter().filter(|(_, (_, is_new))| *is_new).map(|(path, _)| path.clone()).collect();
            let changes = Changes {
                gone: changes.iter().filter(|(_, post)| post.is_none()).map(|(path, _)| path.clone()).collect(),
                posts: changes.into_values().flatten().collect(),
                are_all: false,
            };
            let (after, affected) = index.after_changes(changes, &new_files, &config, now);
            let whole = Index::build(all(&files), &new_files, &config, now, &SharedVec::default());
            prop_assert_eq!(described(&after), described(&whole));
            for post in after.all().iter() {
                let is_the_same = index.post(&post.source).is_some_and(|before| Arc::ptr_eq(before, post));
                let is_reported = affected.iter().any(|affected| Arc::ptr_eq(affected, post));
                prop_assert!(is_the_same || is_reported, "{} changed and is not among the affected posts", &post.source);
            }
            // a post that is readable is known from then on, with the values it was published with
            for (path, (post, is_new)) in &mut files {
                let Some(given) = after.post(path).filter(|given| *is_new && given.is_readable(now)) else {
                    continue;
                };
                *is_new = false;
                if !Arc::ptr_eq(post, given) {
                    *post = Arc::clone(given);
                    touched.insert(path.clone(), Some(Arc::clone(given)));
                }
            }
            index = after;
        }
    }
}
