//! Random operations on posts, on the configuration, on the clock and on feedmill. All promises to readers hold after each step.
//!
//! The model knows which post is in which file, because it wrote the files, and nothing about how feedmill finds that out. It asserts an
//! id only if it is promised: not which of two moved copies is which, and not that a post is recognised whose id was given to a new post
//! while it was gone. But no post gets an id by which readers know another post.

mod atom_ids;
mod breaking;
mod clashes;
mod harness;
mod model_post;
mod operation;
mod perform;
mod promises;

use std::time::Duration;

use camino::Utf8PathBuf;
use feedmill::time::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, RngAlgorithm, TestRng, TestRunner};

use self::harness::Harness;
use self::model_post::ModelPost;
use self::operation::{Operation, Operation as O, operation};
use self::promises::Promises;

/// Feedmill with its folder, and what the model knows.
struct Model {
    harness: Harness,
    model_posts: Vec<ModelPost>,
    promises: Promises,
    /// How many ids were invented.
    made_up: usize,
    /// The latest time of the clock.
    latest: Timestamp,
}

impl Model {
    fn new() -> Model {
        let harness = Harness::new();
        // one post is never changed, because an empty folder counts as not mounted
        let keeper = ModelPost::new(0, "keeper.md".into());
        harness.write(&keeper.path, &keeper.file());
        Model {
            latest: harness.now,
            harness,
            model_posts: vec![keeper],
            promises: Promises::default(),
            made_up: 0,
        }
    }

    fn step(&mut self, operation: Operation, is_asleep: bool) -> Result<(), String> {
        self.harness.pass(Duration::from_secs(10));
        let is_asleep = is_asleep && !matches!(operation, Operation::Clock(_));
        if is_asleep || operation.restarts() {
            // after the clock is put back files seem to be written just now, and a start waits for them; the model does not
            self.harness.pass(
                self.latest
                    .max(self.harness.now)
                    .duration_since(self.harness.now)
                    .unsigned_abs(),
            );
        }
        if is_asleep {
            self.harness.stop();
        }
        let effects = self.perform(operation)?;
        self.harness.start();
        self.harness.settle();
        self.latest = self.latest.max(self.harness.now);
        self.promises.check(&self.harness, &mut self.model_posts, &effects)
    }

    /// Selects a post whose file exists, or does not exist.
    fn pick(&self, number: u8, is_there: bool) -> Option<usize> {
        let all: Vec<usize> = self
            .model_posts
            .iter()
            .skip(1)
            .filter(|m| m.is_there == is_there)
            .map(|m| m.number)
            .collect();
        all.get(usize::from(number) % all.len().max(1)).copied()
    }

    fn is_free(&self, path: &Utf8PathBuf) -> bool {
        !self.model_posts.iter().any(|m| m.is_there && m.path == *path)
    }

    fn write(&mut self, at: usize) {
        let model_post = &self.model_posts[at];
        self.harness.write(&model_post.path, &model_post.file());
    }

    /// Forgets the id of a post that was moved or deleted, if another post may be matched to it.
    fn forget_unclear_id(&mut self, at: usize) {
        let model_post = &self.model_posts[at];
        let is_twin = |other: &ModelPost| other.number != at && other.text == model_post.text;
        let is_claimed = |other: &ModelPost| {
            let named = other.written_id.as_ref();
            // a post that readers know by another id never gets this one
            other.number != at && other.had.is_empty() && named.is_some_and(|named| model_post.had.contains(named))
        };
        if self.model_posts.iter().any(|other| is_twin(other) || is_claimed(other)) {
            self.model_posts[at].id = None;
        }
    }

    /// Forgets the ids that may change because a post names an id. The post keeps its own id only if the named one belongs to another post.
    /// If readers do not know the post, it may get the id of a post without a file.
    fn forget_claimed_ids(&mut self, at: usize) {
        let model_post = &self.model_posts[at];
        let Some(named) = model_post.written_id.clone() else { return };
        let is_served = self.promises.was_served(&named);
        if !is_served {
            self.model_posts[at].id = None;
        } else if model_post.had.is_empty() {
            for other in self
                .model_posts
                .iter_mut()
                .filter(|other| other.number != at && !other.is_there)
            {
                if other.had.contains(&named) {
                    other.id = None;
                }
            }
        }
    }

    fn relocate(&mut self, at: usize, path: Utf8PathBuf) -> bool {
        if !self.is_free(&path) {
            return false;
        }
        self.harness.rename(&self.model_posts[at].path, &path);
        self.model_posts[at].path = path;
        self.forget_unclear_id(at);
        true
    }
}

fn run(steps: &[(Operation, bool)]) -> Result<(), TestCaseError> {
    let mut model = Model::new();
    for (count, (operation, is_asleep)) in steps.iter().enumerate() {
        if let Err(why) = model.step(*operation, *is_asleep) {
            return Err(TestCaseError::fail(format!("step {count}, {operation:?}: {why}")));
        }
    }
    model.harness.stop();
    Ok(())
}

#[test]
fn promises_hold_after_random_operations() {
    const LENGTH: usize = 40;
    let asked: Option<usize> = std::env::var("FEEDMILL_TEST_OPERATIONS")
        .ok()
        .and_then(|text| text.parse().ok());
    let operations = asked.unwrap_or(600);
    let cases = Cases {
        cases: u32::try_from(operations / LENGTH).unwrap().max(1),
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Cases::default()
    };
    // always the same sequences; random ones if a number of operations is set
    let mut runner = match asked {
        None => TestRunner::new_with_rng(cases, TestRng::deterministic_rng(RngAlgorithm::ChaCha)),
        Some(_) => TestRunner::new(cases),
    };
    let is_asleep = prop::bool::weighted(0.15);
    let sequences = prop::collection::vec((operation(), is_asleep), 1..LENGTH);
    if let Err(error) = runner.run(&sequences, |steps| run(&steps)) {
        panic!("{error}");
    }
}

/// Sequences that broke a promise in an earlier version.
const BROKEN_ONCE: [(&str, &[O]); 18] = [
    ("an earlier date", &[O::Create(0, 48), O::Redate(0, 1)]),
    (
        "another slug for a withdrawn post",
        &[O::Create(0, 48), O::Stand(0, 0), O::Slug(0, 9), O::Touch(0)],
    ),
    (
        "names swapped by undated posts",
        &[O::Create(0, 0), O::Create(1, 52), O::Swap(0, 1)],
    ),
    (
        "a clock put back before an edit",
        &[O::Create(0, 88), O::Clock(-1), O::Edit(0), O::Clock(-60), O::Restart],
    ),
    (
        "a rename and an edit of an unlisted post",
        &[O::Create(0, 48), O::Slug(0, 97), O::Stand(0, 1), O::RenameAndEdit(0, 1)],
    ),
    (
        "a copy that wants the same slug",
        &[O::Create(106, 53), O::Slug(0, 130), O::Copy(0, 24), O::Retitle(0)],
    ),
    (
        "the id of another post, written into a known post",
        &[O::Create(3, 48), O::Create(4, 52), O::SameId(0, 1), O::Restart],
    ),
    (
        "an address that two posts had, with the clock put back between them",
        &[
            O::Create(92, 48),
            O::Slug(0, 41),
            O::Clock(-1),
            O::Create(116, 16),
            O::Permalink(13),
        ],
    ),
    (
        "a new post that claims the id of a draft that was public",
        &[
            O::Create(0, 16),
            O::Stand(0, 0),
            O::Copy(0, 1),
            O::Stand(1, 1),
            O::Stand(0, 2),
        ],
    ),
    (
        "a clock put back before an unlisted post",
        &[O::Create(1, 48), O::Stand(0, 1), O::Clock(-1), O::Create(2, 0)],
    ),
    (
        "an expired post that asks for the address of another",
        &[
            O::Create(0, 32),
            O::Rename(0, 172),
            O::Create(40, 48),
            O::Create(0, 57),
            O::Expire(20, 0),
            O::Checkout,
            O::Swap(3, 8),
        ],
    ),
    (
        "an edit to the text of a deleted copy",
        &[O::Create(0, 68), O::Copy(0, 1), O::Edit(1), O::Delete(1), O::Edit(0)],
    ),
    (
        "an id clash that ends at the id of a deleted post",
        &[
            O::Create(31, 124),
            O::Create(7, 204),
            O::Delete(1),
            O::Create(0, 0),
            O::Copy(0, 7),
        ],
    ),
    (
        "a draft that was public, and is moved after two edits",
        &[
            O::Create(1, 52),
            O::Stand(0, 0),
            O::Edit(0),
            O::Retitle(0),
            O::Rename(0, 12),
            O::Stand(0, 2),
        ],
    ),
    (
        "an unlisted post that becomes a draft at an address that it did not ask for",
        &[
            O::Create(0, 48),
            O::Stand(0, 1),
            O::Create(13, 53),
            O::Slug(0, 13),
            O::Stand(0, 0),
        ],
    ),
    (
        "a touch of a post that names an id which an expired post keeps",
        &[
            O::Create(1, 64),
            O::Expire(0, 0),
            O::Create(0, 52),
            O::SameId(0, 1),
            O::LoseStore,
            O::Respace(1),
        ],
    ),
    (
        "old addresses of a post that has long been unlisted",
        &[
            O::Create(14, 48),
            O::Stand(0, 1),
            O::Slug(0, 17),
            O::Wait(90),
            O::Create(0, 0),
        ],
    ),
    (
        "a post is emptied, and another one has its text",
        &[
            O::Create(0, 0),
            O::Create(95, 16),
            O::Copy(0, 8),
            O::Create(24, 0),
            O::CopyFile(57, 1),
            O::Create(2, 0),
            O::Reorder(44),
            O::Reorder(79),
            O::Create(3, 0),
            O::Retitle(5),
            O::Break(221, 56),
        ],
    ),
];

#[test]
fn promises_hold_after_operations_that_broke_them_once() {
    for (name, operations) in BROKEN_ONCE {
        let mut model = Model::new();
        for (count, operation) in operations.iter().enumerate() {
            let kept = model.step(*operation, false);
            assert_eq!(kept, Ok(()), "{name}: step {count}, {operation:?}");
        }
    }
}

#[test]
fn a_post_deleted_while_stopped_is_withdrawn_even_if_all_files_are_new() {
    // after the clock is put back the keeper seems to be written just now, and is not served before the restart
    let kept = run(&[(O::Clock(-1), false), (O::Create(0, 16), false), (O::Delete(0), true)]);
    assert_eq!(kept.map_err(|why| why.to_string()), Ok(()));
}
