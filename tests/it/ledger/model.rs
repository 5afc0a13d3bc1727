//! Whatever is done to posts, to the configuration, to the clock and to feedmill: what was promised to readers holds after each step.
//!
//! The model knows which post is in which file, because it put it there, and nothing of how feedmill finds that out. It asserts an
//! id only where it is promised: not for the second of two files that claim one id, nor for which of two copies is which once
//! they were moved.

mod manuscript;
mod promises;
mod world;

use std::time::Duration;

use camino::Utf8PathBuf;
use feedmill::time::Timestamp;
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};

use self::manuscript::{Manuscript, Standing, in_folder, path_of, recased};
use self::promises::{Effects, Promises};
use self::world::World;

/// Something done. The first number picks a post, modulo how many there are.
#[derive(Clone, Copy, Debug)]
enum Operation {
    /// A file at the path of the first number; the second says what kind of post.
    Create(u8, u8),
    Edit(u8),
    Respace(u8),
    Reorder(u8),
    Touch(u8),
    Retitle(u8),
    /// Another date, so many hours ago.
    Redate(u8, i16),
    Slug(u8, u8),
    Rename(u8, u8),
    Move(u8, u8),
    Recase(u8),
    RenameAndEdit(u8, u8),
    Delete(u8),
    BringBack(u8),
    BringBackAt(u8, u8),
    Copy(u8, u8),
    Swap(u8, u8),
    Checkout,
    Stand(u8, u8),
    /// It goes in so many minutes, or stays after all.
    Expire(u8, u8),
    Permalink(u8),
    Host(u8),
    SameId(u8, u8),
    Unmount(bool),
    /// The clock is put by so many minutes.
    Clock(i16),
    Wait(u8),
    Restart,
    Crash,
    LoseStore,
    Carry,
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation as O;
    let post = any::<u8>;
    let two = || (any::<u8>(), any::<u8>());
    let files = prop_oneof![
        8 => two().prop_map(|(path, kind)| O::Create(path, kind)),
        3 => post().prop_map(O::Edit),
        1 => post().prop_map(O::Respace),
        1 => post().prop_map(O::Reorder),
        1 => post().prop_map(O::Touch),
        2 => post().prop_map(O::Retitle),
        2 => (post(), -48..4800_i16).prop_map(|(post, hours)| O::Redate(post, hours)),
        2 => two().prop_map(|(post, slug)| O::Slug(post, slug)),
        3 => two().prop_map(|(post, path)| O::Rename(post, path)),
        2 => two().prop_map(|(post, folder)| O::Move(post, folder)),
        1 => post().prop_map(O::Recase),
        2 => two().prop_map(|(post, path)| O::RenameAndEdit(post, path)),
        3 => post().prop_map(O::Delete),
        2 => post().prop_map(O::BringBack),
        2 => two().prop_map(|(post, path)| O::BringBackAt(post, path)),
        1 => two().prop_map(|(post, path)| O::Copy(post, path)),
        2 => two().prop_map(|(post, other)| O::Swap(post, other)),
        4 => two().prop_map(|(post, standing)| O::Stand(post, standing)),
        2 => two().prop_map(|(post, minutes)| O::Expire(post, minutes)),
        1 => two().prop_map(|(post, other)| O::SameId(post, other)),
    ];
    let others = prop_oneof![
        1 => Just(O::Checkout),
        1 => any::<u8>().prop_map(O::Permalink),
        1 => any::<u8>().prop_map(O::Host),
        1 => any::<bool>().prop_map(O::Unmount),
        3 => (-600..600_i16).prop_map(O::Clock),
        1 => any::<u8>().prop_map(O::Wait),
        2 => Just(O::Restart),
        2 => Just(O::Crash),
        1 => Just(O::LoseStore),
        1 => Just(O::Carry),
    ];
    prop_oneof![4 => files, 1 => others]
}

/// The world and what the model knows of it.
struct Model {
    world: World,
    manuscripts: Vec<Manuscript>,
    promises: Promises,
    /// The latest time that the clock showed.
    latest: Timestamp,
}

impl Model {
    fn new() -> Model {
        let world = World::new();
        // one post stays as it is: an empty folder may just not be mounted
        let keeper = Manuscript::new(0, "keeper.md".into());
        world.write(&keeper.path, &keeper.file());
        Model {
            latest: world.now,
            world,
            manuscripts: vec![keeper],
            promises: Promises::default(),
        }
    }

    fn step(&mut self, operation: Operation, is_asleep: bool) -> Result<(), String> {
        self.world.pass(Duration::from_secs(10));
        if is_asleep {
            self.world.stop();
        }
        let effects = self.perform(operation)?;
        self.world.start();
        self.world.settle();
        self.latest = self.latest.max(self.world.now);
        self.promises.check(&self.world, &mut self.manuscripts, &effects)
    }

    /// The number of a post whose file is there, or is not.
    fn pick(&self, number: u8, is_there: bool) -> Option<usize> {
        let all: Vec<usize> = self
            .manuscripts
            .iter()
            .skip(1)
            .filter(|m| m.is_there == is_there)
            .map(|m| m.number)
            .collect();
        all.get(usize::from(number) % all.len().max(1)).copied()
    }

    fn is_free(&self, path: &Utf8PathBuf) -> bool {
        !self.manuscripts.iter().any(|m| m.is_there && m.path == *path)
    }

    fn write(&mut self, at: usize) {
        let manuscript = &self.manuscripts[at];
        self.world.write(&manuscript.path, &manuscript.file());
    }

    /// Takes back what is not promised of a post that is found elsewhere, or gone, while another might be taken for it.
    fn unsettle(&mut self, at: usize) {
        let manuscript = &self.manuscripts[at];
        let is_twin = |other: &Manuscript| other.number != at && other.text == manuscript.text;
        let is_claimed =
            |other: &Manuscript| other.number != at && other.written_id.is_some() && other.written_id == manuscript.id;
        if self.manuscripts.iter().any(|other| is_twin(other) || is_claimed(other)) {
            self.manuscripts[at].id = None;
        }
    }

    fn relocate(&mut self, at: usize, path: Utf8PathBuf) -> bool {
        if !self.is_free(&path) {
            return false;
        }
        self.world.rename(&self.manuscripts[at].path, &path);
        self.manuscripts[at].path = path;
        self.unsettle(at);
        true
    }

    /// Changes the file of the post picked by `number`.
    fn change(&mut self, number: u8, is_edit: bool, change: impl FnOnce(&mut Manuscript)) -> Effects {
        let Some(at) = self.pick(number, true) else {
            return Effects::default();
        };
        change(&mut self.manuscripts[at]);
        self.write(at);
        Effects {
            edited: vec![at],
            must_tell: if is_edit { vec![at] } else { Vec::new() },
            ..Effects::default()
        }
    }

    fn perform(&mut self, operation: Operation) -> Result<Effects, String> {
        use Operation as O;
        let now = self.world.now;
        let hours = |hours: i16| now - SignedDuration::from_hours(i64::from(hours));
        let mut effects = Effects::default();
        match operation {
            O::Create(path, kind) => {
                let path = path_of(path);
                if self.is_free(&path) {
                    let number = self.manuscripts.len();
                    let mut manuscript = Manuscript::new(number, path);
                    // a day of its own
                    let date = hours(i16::try_from(number).unwrap() * 30 + 1);
                    manuscript.date = (kind % 4 > 0).then_some(date);
                    if kind / 4 % 4 == 0 {
                        manuscript.written_id = Some(format!("urn:made-up:{number}"));
                    }
                    match kind / 16 % 8 {
                        0 => manuscript.standing = Standing::Draft,
                        1 => manuscript.standing = Standing::Unlisted,
                        2 => manuscript.date = Some(hours(-3)),
                        _ => {}
                    }
                    self.manuscripts.push(manuscript);
                    self.write(number);
                }
            }
            O::Edit(post) => effects = self.change(post, true, |m| m.edits += 1),
            O::Retitle(post) => effects = self.change(post, true, |m| m.titles += 1),
            O::Respace(post) => {
                self.change(post, false, |m| m.is_spaced = !m.is_spaced);
            }
            O::Reorder(post) => {
                self.change(post, false, |m| m.is_reordered = !m.is_reordered);
            }
            O::Touch(post) => {
                if let Some(at) = self.pick(post, true) {
                    self.world.touch(&self.manuscripts[at].path);
                }
            }
            O::Redate(post, ago) => effects = self.change(post, false, |m| m.date = Some(hours(ago))),
            O::Slug(post, slug) => {
                self.change(post, false, |m| {
                    m.slug = (slug % 4 > 0).then(|| path_of(slug).file_stem().unwrap_or_default().to_owned())
                });
            }
            O::Rename(post, path) => {
                if let Some(at) = self.pick(post, true) {
                    self.relocate(at, path_of(path));
                }
            }
            O::Move(post, folder) => {
                if let Some(at) = self.pick(post, true) {
                    let path = in_folder(&self.manuscripts[at].path, folder);
                    self.relocate(at, path);
                }
            }
            O::Recase(post) => {
                if let Some(at) = self.pick(post, true) {
                    let path = recased(&self.manuscripts[at].path);
                    self.relocate(at, path);
                }
            }
            O::RenameAndEdit(post, path) => {
                if let Some(at) = self.pick(post, true)
                    && self.relocate(at, path_of(path))
                {
                    self.manuscripts[at].edits += 1;
                    self.write(at);
                    effects.edited.push(at);
                    effects.must_tell.push(at);
                }
            }
            O::Delete(post) => {
                if let Some(at) = self.pick(post, true) {
                    self.world.remove(&self.manuscripts[at].path);
                    self.manuscripts[at].is_there = false;
                    self.unsettle(at);
                }
            }
            O::BringBack(post) => self.bring_back(post, None),
            O::BringBackAt(post, path) => self.bring_back(post, Some(path_of(path))),
            O::Copy(post, path) => {
                if let Some(at) = self.pick(post, true).filter(|_| self.is_free(&path_of(path))) {
                    let number = self.manuscripts.len();
                    let original = &self.manuscripts[at];
                    let copy = Manuscript {
                        number,
                        path: path_of(path),
                        id: None,
                        is_out_from: None,
                        ..original.clone()
                    };
                    self.world.write(&copy.path, &original.file());
                    self.manuscripts.push(Manuscript { titles: 0, ..copy });
                    self.write(number);
                }
            }
            O::Swap(post, other) => {
                if let (Some(a), Some(b)) = (self.pick(post, true), self.pick(other, true))
                    && a != b
                {
                    let aside = Utf8PathBuf::from(".aside");
                    let (first, second) = (self.manuscripts[a].path.clone(), self.manuscripts[b].path.clone());
                    self.world.rename(&first, &aside);
                    self.world.rename(&second, &first);
                    self.world.rename(&aside, &second);
                    (self.manuscripts[a].path, self.manuscripts[b].path) = (second, first);
                    self.unsettle(a);
                    self.unsettle(b);
                }
            }
            O::Checkout => (0..self.manuscripts.len())
                .filter(|&at| self.manuscripts[at].is_there)
                .collect::<Vec<_>>()
                .into_iter()
                .for_each(|at| {
                    self.world.remove(&self.manuscripts[at].path);
                    self.write(at);
                }),
            O::Stand(post, standing) => {
                self.change(post, false, |m| {
                    m.standing = match standing % 4 {
                        0 => Standing::Draft,
                        1 => Standing::Unlisted,
                        _ => Standing::Published,
                    }
                });
            }
            O::Expire(post, minutes) => {
                self.change(post, false, |m| {
                    m.expires = match m.expires {
                        Some(_) => None,
                        None => Some(now + Duration::from_mins(u64::from(minutes))),
                    }
                });
            }
            O::SameId(post, other) => {
                if let (Some(a), Some(b)) = (self.pick(post, true), self.pick(other, true))
                    && a != b
                    && let Some(id) = self.manuscripts[a].id.clone()
                {
                    self.manuscripts[b].written_id = Some(id);
                    self.manuscripts[b].id = None;
                    self.write(b);
                    effects.edited.push(b);
                }
            }
            O::Permalink(number) => {
                self.world.stop();
                self.world.set_permalink(number);
            }
            O::Host(number) => {
                self.world.stop();
                self.world.set_host(number);
            }
            O::Unmount(is_restarted) => {
                self.unmount(is_restarted)?;
                effects.is_interrupted = true;
            }
            O::Clock(minutes) => self.world.now += SignedDuration::from_mins(i64::from(minutes)),
            O::Wait(days) => self.world.pass(Duration::from_hours(24 * u64::from(days))),
            O::Restart => self.world.stop(),
            // what is lost under a clock that was put back cannot be known to be later
            O::Crash if now < self.latest => self.world.stop(),
            O::Crash => {
                self.world.crash();
                effects.is_crashed = true;
            }
            O::LoseStore => {
                self.world.lose_store();
                self.forget();
                effects.is_forgotten = true;
            }
            O::Carry => self.world.carry(),
        }
        Ok(effects)
    }

    fn bring_back(&mut self, post: u8, path: Option<Utf8PathBuf>) {
        if let Some(at) = self.pick(post, false) {
            let path = path.unwrap_or_else(|| self.manuscripts[at].path.clone());
            if self.is_free(&path) {
                self.manuscripts[at].path = path;
                self.manuscripts[at].is_there = true;
                self.unsettle(at);
                self.write(at);
            }
        }
    }

    /// A folder that is not mounted takes nothing away.
    fn unmount(&mut self, is_restarted: bool) -> Result<(), String> {
        self.world.start();
        self.world.settle();
        if is_restarted {
            self.world.stop();
        }
        self.world.mount(false);
        self.world.start();
        for _ in 0..3 {
            self.world.turn();
            self.world.pass(Duration::from_secs(if is_restarted { 3600 } else { 10 }));
        }
        let gone = self.world.get("/atom.xml").body.matches("deleted-entry").count();
        self.world.mount(true);
        self.world.settle();
        let after = self.world.get("/atom.xml").body.matches("deleted-entry").count();
        if gone > after {
            return Err(format!("{gone} tombstones of a folder that was not mounted"));
        }
        Ok(())
    }

    /// What the files say without what was remembered.
    fn forget(&mut self) {
        let authority = self.world.authority.clone();
        let slugs: Vec<(String, bool)> = self.manuscripts.iter().map(|m| (m.slug(), m.is_there)).collect();
        let ids: Vec<Option<String>> = self.manuscripts.iter().map(|m| m.written_id.clone()).collect();
        for manuscript in &mut self.manuscripts {
            manuscript.is_out_from = None;
            let day = manuscript
                .date
                .map_or("2000".to_owned(), |date| date.to_string()[..10].to_owned());
            let derived = format!("tag:{authority},{day}:{}", manuscript.slug());
            let is_alone = slugs
                .iter()
                .filter(|(slug, is_there)| *slug == manuscript.slug() && *is_there)
                .count()
                == 1;
            let is_derived = manuscript.id.as_ref() == Some(&derived) && manuscript.written_id.is_none() && is_alone;
            let is_written = manuscript.written_id.is_some() && manuscript.id == manuscript.written_id;
            let is_claimed_once = ids.iter().filter(|id| **id == manuscript.id).count() <= 1;
            if !manuscript.is_there || !(is_derived || is_written) || !is_claimed_once {
                manuscript.id = None;
            }
        }
    }
}

fn run(steps: &[(Operation, bool)]) -> Result<(), TestCaseError> {
    let mut model = Model::new();
    for (count, (operation, is_asleep)) in steps.iter().enumerate() {
        if let Err(why) = model.step(*operation, *is_asleep) {
            return Err(TestCaseError::fail(format!("step {count}, {operation:?}: {why}")));
        }
    }
    model.world.stop();
    Ok(())
}

#[test]
fn whatever_is_done_promises_hold() {
    const LENGTH: usize = 40;
    let operations = std::env::var("FEEDMILL_TEST_OPERATIONS").ok();
    let operations = operations.and_then(|text| text.parse().ok()).unwrap_or(600);
    let cases = Cases {
        cases: u32::try_from(operations / LENGTH).unwrap().max(1),
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Cases::default()
    };
    let is_asleep = prop::bool::weighted(0.15);
    let sequences = prop::collection::vec((operation(), is_asleep), 1..LENGTH);
    if let Err(error) = TestRunner::new(cases).run(&sequences, |steps| run(&steps)) {
        panic!("{error}");
    }
}
