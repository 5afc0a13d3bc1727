//! Random steps: files are written, moved and removed, some cannot be read, a match panics, feedmill starts again.
//!
//! After each step the unmatched posts are those that the records say, every file of a known post has a record, and no two files are one
//! post.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, RngAlgorithm, TestRng, TestRunner};

use super::*;

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

/// What a file says: its front matter and its text.
type Content = (usize, usize);

/// What a look finds at a path.
#[derive(Clone, Copy, Debug)]
enum Found {
    /// What it found last.
    Same,
    /// A post of this content, one of a few.
    Post(usize),
    /// What it found last at this path.
    Of(usize),
    Nothing,
    /// A file that cannot be read.
    Unreadable,
    /// Nothing, which is not believed yet.
    Missing,
}

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each happens or not, whatever the others do")]
struct Step {
    found: [Found; PATHS.len()],
    hours: i64,
    permalink: usize,
    is_restart: bool,
    /// Whether all posts are given, and not just those that changed.
    is_whole: bool,
    /// Whether the settling is broken off, if it asks for what cannot be read.
    fails: bool,
    /// Whether it is believed that what is absent has gone.
    believes: bool,
    /// Whether a site is built.
    publishes: bool,
}

/// Posts that were read, for reading takes longer than all else.
type Shelf = RefCell<HashMap<(usize, Content, String), Arc<Post>>>;

/// A folder as it is looked at, and the ledger.
struct World<'a> {
    shelf: &'a Shelf,
    ledger: Registry,
    config: Config,
    now: Timestamp,
    contents: Vec<Content>,
    found: [Found; PATHS.len()],
    given: BTreeMap<&'static str, Arc<Post>>,
    has_failed: bool,
}

impl World<'_> {
    fn new<'a>(shelf: &'a Shelf, contents: &[Content]) -> World<'a> {
        World {
            shelf,
            ledger: Registry::new(START),
            config: Config::default(),
            now: START,
            contents: contents.to_vec(),
            found: [Found::Nothing; PATHS.len()],
            given: BTreeMap::new(),
            has_failed: false,
        }
    }

    /// The post at the path of this number with this content: one that is as it was is the very same.
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
        Arc::clone(self.shelf.borrow_mut().entry(key).or_insert_with(read))
    }

    /// What changed in the folder, and which files are missing.
    fn look(&mut self, step: &Step) -> (Changes, BTreeSet<Utf8PathBuf>) {
        let before = std::mem::take(&mut self.given);
        let mut missing = BTreeSet::new();
        let found = self.found;
        for (at, path) in PATHS.into_iter().enumerate() {
            self.found[at] = match step.found[at] {
                Found::Same => found[at],
                Found::Of(other) => found[other],
                other => other,
            };
            let known = before.get(path);
            let post = match self.found[at] {
                Found::Post(content) => Some(self.read(at, content)),
                Found::Missing => {
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
            ..Changes::all(Vec::new())
        };
        (
            Changes {
                are_all: false,
                ..changes
            },
            missing,
        )
    }

    fn take(&mut self, step: &Step) -> Option<Settled> {
        self.now += SignedDuration::from_hours(step.hours);
        PERMALINKS[step.permalink].clone_into(&mut self.config.posts.permalink);
        if step.is_restart {
            self.ledger.change_all();
            let records: Vec<Record> = self.ledger.take_changes().0.collect();
            self.ledger = Registry::remembering(records, self.now);
        }
        let (changes, missing) = self.look(step);
        let is_there = |path: &Utf8Path| {
            let at = PATHS.iter().position(|known| path == *known);
            at.is_some_and(|at| matches!(self.found[at], Found::Post(_) | Found::Unreadable))
        };
        let settled = catch_unwind(AssertUnwindSafe(|| {
            let whereabouts = Whereabouts {
                missing: &missing,
                is_there: &|path| {
                    if step.fails {
                        resume_unwind(Box::new(()));
                    }
                    is_there(path)
                },
            };
            self.ledger.assign(&changes, &whereabouts, &self.config, self.now)
        }));
        self.has_failed = settled.is_err();
        let settled = settled.ok()?;
        let absent = self.ledger.absent(&is_there);
        if step.believes {
            self.ledger.withdraw(&absent, self.now);
        }
        self.ledger.past(self.now, SignedDuration::from_hours(24 * 90));
        if step.publishes {
            self.ledger.record_published(&settled.changes.posts, self.now);
        }
        assert!(self.ledger.unmatched.are_found(&self.ledger.posts));
        Some(settled)
    }

    /// The id of each file that readers can read, as the registry has it.
    fn ids(&self) -> BTreeMap<String, String> {
        let files = self.ledger.files.iter().filter(|file| file.is_out());
        files
            .filter_map(|file| Some((file.read.source().to_string(), file.id()?.to_owned())))
            .collect()
    }

    fn check(&self) {
        assert!(self.ledger.unmatched.are_found(&self.ledger.posts));
        let mut seen = BTreeMap::new();
        for file in self.ledger.files.iter() {
            let Some(id) = file.id() else { continue };
            assert!(self.ledger.posts.contains(id), "{id} has no record");
            // two files are one post only while one of them waits to be matched again
            if self.ledger.is_at(id, file.read.source()) {
                assert_eq!(seen.insert(id.to_owned(), file.read.source()), None, "{id}");
            }
        }
    }
}

fn found() -> impl Strategy<Value = Found> {
    prop_oneof![
        4 => Just(Found::Same),
        4 => (0..3_usize).prop_map(Found::Post),
        2 => (0..PATHS.len()).prop_map(Found::Of),
        2 => Just(Found::Nothing),
        1 => Just(Found::Unreadable),
        1 => Just(Found::Missing),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let hours = prop_oneof![6 => 0..5_i64, 1 => -5..0_i64, 1 => Just(24 * 100_i64)];
    let chances = [0.35, 0.3, 0.25, 0.4, 0.75].map(prop::bool::weighted);
    let permalink = prop_oneof![5 => Just(0_usize), 1 => Just(1_usize)];
    (prop::array::uniform3(found()), hours, permalink, chances).prop_map(|(found, hours, permalink, chances)| {
        let [is_restart, is_whole, fails, believes, publishes] = chances;
        Step {
            found,
            hours,
            permalink,
            is_restart,
            is_whole,
            fails,
            believes,
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
    let shelf = Shelf::default();
    // what a post is mistaken for has its text, and another id
    let head = prop_oneof![4 => Just(0), 3 => Just(1), 8 => 0..HEADS.len()];
    let body = prop_oneof![2 => Just(0), 1 => 0..TEXTS.len()];
    let contents = prop::collection::vec((head, body), 1..4);
    let steps = prop::collection::vec(step(), 2..8);
    let outcome = runner.run(&(contents, steps), |(contents, steps)| {
        let mut world = World::new(&shelf, &contents);
        for step in &steps {
            world.take(step);
            world.check();
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

/// A name, what files say, which of that each scan finds at the first two paths, whether feedmill starts again before the last scan, and
/// the ids after it. Nothing is withdrawn.
type Situation = (
    &'static str,
    &'static [Content],
    &'static [[Option<usize>; 2]],
    bool,
    &'static [(&'static str, &'static str)],
);

#[test]
fn the_last_post_at_a_path_is_matched_there() {
    const PLAIN: Content = (0, 0);
    const WITH_ID: Content = (1, 0);
    const DRAFT: Content = (2, 0);
    const OTHER_DRAFT: Content = (3, 2);
    let situations: [Situation; 3] = [
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
    let shelf = Shelf::default();
    for (name, contents, scans, is_restart, expected) in situations {
        let mut world = World::new(&shelf, contents);
        for (at, scan) in scans.iter().enumerate() {
            let [a, b] = scan.map(|content| content.map_or(Found::Nothing, Found::Post));
            world.take(&Step {
                found: [a, b, Found::Nothing],
                hours: 3,
                permalink: 0,
                is_restart: is_restart && at == scans.len() - 1,
                is_whole: false,
                fails: false,
                believes: false,
                publishes: true,
            });
            world.check();
        }
        let expected = expected.iter().map(|&(path, id)| (path.to_owned(), id.to_owned()));
        assert_eq!(world.ids(), expected.collect(), "{name}");
    }
}
