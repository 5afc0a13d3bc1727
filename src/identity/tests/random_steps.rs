//! Random steps: files are written, moved and removed, some cannot be read, a match panics, feedmill starts again.
//!
//! After each step the unmatched posts agree with the records, and every known post has a record.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::identity::known_files::KnownFile;

const PATHS: [&str; 3] = ["a.md", "b.md", "x/a.md"];
const HEADS: [&str; 10] = [
    "title: A",
    "title: A;id: x:1",
    "title: A;draft: true",
    "title: B;draft: true",
    "title: A;date: 2025-06-01",
    "title: A;id: x:1;draft: true",
    "title: A;visibility: unlisted",
    "title: A;slug: a",
    "title: B",
    "title: B;id: \"tag:localhost,2000:a\"",
];
const TEXTS: [&str; 4] = ["mill", "mill'", "lamp", "TODO"];
const PERMALINKS: [&str; 2] = ["/posts/{slug}", "/{year}/{slug}/"];

/// The front matter and the text of a file, by their positions in [`HEADS`] and [`TEXTS`].
type FileContent = (usize, usize);

/// What a scan finds at a path.
#[derive(Clone, Copy, Debug)]
enum TestFile {
    /// The same as the scan before.
    Same,
    /// A post with this one of the contents.
    Post(usize),
    /// What the scan before found at this path.
    Of(usize),
    Nothing,
    /// A file that cannot be read.
    Unreadable,
    /// No file, but not for long enough to be gone.
    Missing,
}

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each happens or not, whatever the others do")]
struct ScanStep {
    found: [TestFile; PATHS.len()],
    hours: i64,
    permalink: usize,
    is_restart: bool,
    /// Whether all posts are assigned, and not only changed ones.
    is_whole: bool,
    /// Whether the assignment panics, if it calls `is_there`.
    fails: bool,
    /// Whether absent posts are withdrawn.
    withdraws: bool,
    /// Whether a site is built and recorded.
    publishes: bool,
}

/// The posts that were read, because reading takes longer than all other steps.
type PostCache = RefCell<HashMap<(usize, FileContent, String), Arc<Post>>>;

/// A registry, and a folder as it was scanned last.
struct RandomFolder<'a> {
    cache: &'a PostCache,
    registry: Registry,
    config: Config,
    now: Timestamp,
    contents: Vec<FileContent>,
    found: [TestFile; PATHS.len()],
    given: BTreeMap<&'static str, Arc<Post>>,
    has_failed: bool,
}

impl RandomFolder<'_> {
    fn new<'a>(cache: &'a PostCache, contents: &[FileContent]) -> RandomFolder<'a> {
        RandomFolder {
            cache,
            registry: Registry::new(START),
            config: Config::default(),
            now: START,
            contents: contents.to_vec(),
            found: [TestFile::Nothing; PATHS.len()],
            given: BTreeMap::new(),
            has_failed: false,
        }
    }

    /// The post at this path with this content. An unchanged post is the same `Arc`.
    fn read(&self, path: usize, content: usize) -> Arc<Post> {
        let (head, body) = self.contents[content % self.contents.len()];
        let read = || {
            let head = HEADS[head].replace(';', "\n");
            let file = SourceFile {
                path: PATHS[path].into(),
                bytes: format!("---\n{head}\n---\n{}\n", text(TEXTS[body])).into_bytes().into(),
                modified: START,
            };
            Arc::new(post::read(&file, &self.config).unwrap().post)
        };
        let key = (path, (head, body), self.config.posts.permalink.clone());
        Arc::clone(self.cache.borrow_mut().entry(key).or_insert_with(read))
    }

    /// The changes in the folder, and the missing files.
    fn scan(&mut self, step: &ScanStep) -> (Changes, BTreeSet<Utf8PathBuf>) {
        let before = std::mem::take(&mut self.given);
        let mut missing = BTreeSet::new();
        let found = self.found;
        for (at, path) in PATHS.into_iter().enumerate() {
            self.found[at] = match step.found[at] {
                TestFile::Same => found[at],
                TestFile::Of(other) => found[other],
                other => other,
            };
            let known = before.get(path);
            let post = match self.found[at] {
                TestFile::Post(content) => Some(self.read(at, content)),
                TestFile::Missing => {
                    missing.extend(known.map(|_| path.into()));
                    known.map(Arc::clone)
                }
                _ => None,
            };
            self.given.extend(post.map(|post| (path, post)));
        }
        let mut posts: Vec<Arc<Post>> = self.given.values().cloned().collect();
        if step.is_whole || step.is_restart || self.has_failed {
            return (Changes::all(posts), missing);
        }
        posts.retain(|post| !before.values().any(|before| Arc::ptr_eq(before, post)));
        let gone = before.keys().filter(|path| !self.given.contains_key(*path));
        let gone = gone.map(|path| Utf8PathBuf::from(*path)).collect();
        let changes = Changes {
            posts,
            gone,
            are_all: false,
        };
        (changes, missing)
    }

    /// Scans, assigns, withdraws and records, and checks the registry.
    fn apply(&mut self, step: &ScanStep) {
        self.now += SignedDuration::from_hours(step.hours);
        PERMALINKS[step.permalink].clone_into(&mut self.config.posts.permalink);
        if step.is_restart {
            self.registry.change_all();
            let records: Vec<Record> = self.registry.take_changes().0.collect();
            self.registry = Registry::from_records(records, self.now);
        }
        let (changes, missing) = self.scan(step);
        let is_there = |path: &Utf8Path| {
            let at = PATHS.iter().position(|known| path == *known);
            at.is_some_and(|at| matches!(self.found[at], TestFile::Post(_) | TestFile::Unreadable))
        };
        let assigned = catch_unwind(AssertUnwindSafe(|| {
            let unreadable = UnreadableFiles {
                missing: &missing,
                is_there: &|path| {
                    if step.fails {
                        resume_unwind(Box::new(()));
                    }
                    is_there(path)
                },
            };
            self.registry.assign(&changes, &unreadable, &self.config, self.now)
        }));
        self.has_failed = assigned.is_err();
        if let Ok(assigned) = assigned {
            if step.withdraws {
                self.registry.withdraw(&self.registry.absent(&is_there), self.now);
            }
            self.registry.history(self.now, SignedDuration::from_hours(24 * 90));
            if step.publishes {
                self.registry.record_published(&assigned.changes.posts, self.now);
            }
            assert!(self.registry.unmatched.agrees_with(&self.registry.posts));
        }
        let known = self.registry.files.iter().filter_map(KnownFile::id);
        for id in known {
            assert!(self.registry.posts.contains(id), "{id} has no record");
        }
    }

    /// The id of each file that readers can read.
    fn ids(&self) -> BTreeMap<String, String> {
        let files = self.registry.files.iter().filter(|file| file.is_readable());
        files
            .filter_map(|file| Some((file.read.source.to_string(), file.id()?.to_owned())))
            .collect()
    }
}

fn found() -> impl Strategy<Value = TestFile> {
    prop_oneof![
        4 => Just(TestFile::Same),
        4 => (0..3_usize).prop_map(TestFile::Post),
        2 => (0..PATHS.len()).prop_map(TestFile::Of),
        2 => Just(TestFile::Nothing),
        1 => Just(TestFile::Unreadable),
        1 => Just(TestFile::Missing),
    ]
}

fn step() -> impl Strategy<Value = ScanStep> {
    let hours = prop_oneof![6 => 0..5_i64, 1 => -5..0_i64, 1 => Just(24 * 100_i64)];
    let chances = [0.35, 0.3, 0.25, 0.4, 0.75].map(prop::bool::weighted);
    let permalink = prop_oneof![5 => Just(0_usize), 1 => Just(1_usize)];
    (prop::array::uniform3(found()), hours, permalink, chances).prop_map(|(found, hours, permalink, chances)| {
        let [is_restart, is_whole, fails, withdraws, publishes] = chances;
        ScanStep {
            found,
            hours,
            permalink,
            is_restart,
            is_whole,
            fails,
            withdraws,
            publishes,
        }
    })
}

#[test]
fn files_and_records_agree_after_random_steps() {
    let cases = Cases {
        cases: 4000,
        failure_persistence: None,
        ..Cases::default()
    };
    let mut runner = TestRunner::new_with_rng(cases, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let cache = PostCache::default();
    // posts are confused if they have the same text and different ids
    let head = prop_oneof![4 => Just(0), 3 => Just(1), 8 => 0..HEADS.len()];
    let body = prop_oneof![2 => Just(0), 1 => 0..TEXTS.len()];
    let contents = prop::collection::vec((head, body), 1..4);
    let steps = prop::collection::vec(step(), 2..8);
    let outcome = runner.run(&(contents, steps), |(contents, steps)| {
        let mut folder = RandomFolder::new(&cache, &contents);
        for step in &steps {
            folder.apply(step);
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

/// A name, contents, which of them each scan finds at the first two paths, whether feedmill starts again before the last scan, and the ids
/// after it. Nothing is withdrawn.
type PathCase = (
    &'static str,
    &'static [FileContent],
    &'static [[Option<usize>; 2]],
    bool,
    &'static [(&'static str, &'static str)],
);

#[test]
fn the_last_post_at_a_path_is_matched_there() {
    const PLAIN: FileContent = (0, 0);
    const WITH_ID: FileContent = (1, 0);
    const DRAFT: FileContent = (2, 0);
    const OTHER_DRAFT: FileContent = (3, 2);
    let situations: [PathCase; 3] = [
        (
            "another post was there until now",
            &[PLAIN, WITH_ID],
            &[[Some(0), None], [Some(1), None], [Some(0), None]],
            false,
            &[("a.md", "x:1")],
        ),
        (
            "another post was there later",
            &[PLAIN, WITH_ID],
            &[[Some(0), None], [Some(1), None], [Some(0), None]],
            true,
            &[("a.md", "x:1")],
        ),
        (
            "a draft has another text, and its own is elsewhere",
            &[PLAIN, DRAFT, OTHER_DRAFT],
            &[[Some(0), None], [Some(1), None], [Some(2), Some(0)]],
            true,
            &[("b.md", "tag:localhost,2000:a")],
        ),
    ];
    let cache = PostCache::default();
    for (name, contents, scans, is_restart, expected) in situations {
        let mut folder = RandomFolder::new(&cache, contents);
        for (at, scan) in scans.iter().enumerate() {
            let [a, b] = scan.map(|content| content.map_or(TestFile::Nothing, TestFile::Post));
            folder.apply(&ScanStep {
                found: [a, b, TestFile::Nothing],
                hours: 3,
                permalink: 0,
                is_restart: is_restart && at == scans.len() - 1,
                is_whole: false,
                fails: false,
                withdraws: false,
                publishes: true,
            });
        }
        let expected = expected.iter().map(|&(path, id)| (path.to_owned(), id.to_owned()));
        assert_eq!(folder.ids(), expected.collect(), "{name}");
    }
}
