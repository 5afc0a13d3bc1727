//! The effects of operations on files, feedmill and promises.

use std::collections::BTreeSet;
use std::time::Duration;

use camino::Utf8PathBuf;
use jiff::SignedDuration;

use super::Model;
use super::manuscript::{Manuscript, Status, in_folder, path_of, recased};
use super::operation::Operation;
use super::promises::{Effects, shown};

impl Model {
    /// Changes the file of the post selected by `number`.
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

    /// Performs `operation` as far as possible. Returns its allowed effects on promises.
    pub(super) fn perform(&mut self, operation: Operation) -> Result<Effects, String> {
        use Operation as O;
        match operation {
            O::Create(..)
            | O::Edit(_)
            | O::Retitle(_)
            | O::Respace(_)
            | O::Reorder(_)
            | O::Touch(_)
            | O::Redate(..)
            | O::Slug(..)
            | O::Stand(..)
            | O::Expire(..)
            | O::SameId(..)
            | O::OwnId(..)
            | O::SwapIds(..)
            | O::GoneId(..)
            | O::Checkout => Ok(self.rewrite_files(operation)),
            O::Rename(..)
            | O::Move(..)
            | O::Recase(_)
            | O::RenameAndEdit(..)
            | O::Supplant(..)
            | O::Delete(_)
            | O::BringBack(_)
            | O::BringBackAt(..)
            | O::Copy(..)
            | O::CopyFile(..)
            | O::CopyFolder(..)
            | O::Swap(..) => Ok(self.relocate_files(operation)),
            _ => self.disturb(operation),
        }
    }

    /// Rewrites files at their paths.
    fn rewrite_files(&mut self, operation: Operation) -> Effects {
        use Operation as O;
        let now = self.world.now;
        let hours = |hours: i16| now - SignedDuration::from_hours(i64::from(hours));
        let mut effects = Effects::default();
        match operation {
            O::Create(path, kind) => self.create(path_of(path), kind),
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
                    m.slug = (!slug.is_multiple_of(4)).then(|| path_of(slug).file_stem().unwrap_or_default().to_owned());
                });
            }
            O::Checkout => {
                for at in 0..self.manuscripts.len() {
                    if self.manuscripts[at].is_there {
                        self.world.remove(&self.manuscripts[at].path);
                        self.write(at);
                    }
                }
            }
            O::Stand(post, standing) => {
                self.change(post, false, |m| {
                    m.standing = match standing % 4 {
                        0 => Status::Draft,
                        1 => Status::Unlisted,
                        _ => Status::Published,
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
            O::SameId(..) | O::OwnId(..) | O::SwapIds(..) | O::GoneId(..) => effects = self.write_ids(operation),
            _ => {}
        }
        effects
    }

    /// Writes other ids into files.
    fn write_ids(&mut self, operation: Operation) -> Effects {
        use Operation as O;
        let mut changed: Vec<(usize, Option<String>)> = Vec::new();
        match operation {
            O::SameId(post, other) => {
                let ids = self.pick(post, true).zip(self.pick(other, true));
                let ids = ids.filter(|(a, b)| a != b);
                changed.extend(ids.and_then(|(a, b)| Some((b, Some(self.manuscripts[a].id.clone()?)))));
            }
            O::GoneId(post, other) => {
                let ids = self.pick(post, false).zip(self.pick(other, true));
                changed.extend(ids.and_then(|(a, b)| Some((b, Some(self.manuscripts[a].had.last()?.clone())))));
            }
            O::SwapIds(post, other) => {
                if let Some((a, b)) = self.pick(post, true).zip(self.pick(other, true)).filter(|(a, b)| a != b) {
                    changed.push((a, self.manuscripts[b].written_id.clone()));
                    changed.push((b, self.manuscripts[a].written_id.clone()));
                }
            }
            O::OwnId(post, is_written) => {
                self.made_up += 1;
                let id = is_written.then(|| format!("urn:made-up:own:{}", self.made_up));
                changed.extend(self.pick(post, true).map(|at| (at, id)));
            }
            _ => {}
        }
        let mut effects = Effects::default();
        for (at, id) in changed {
            self.manuscripts[at].written_id = id;
            self.claim(at);
            self.write(at);
            effects.edited.push(at);
        }
        effects
    }

    /// Edits the post at a path at which readers do not know it. A title that was never public is no evidence.
    fn rewrite(&mut self, at: usize) {
        let manuscript = &mut self.manuscripts[at];
        manuscript.edits += 1;
        if manuscript.titles_shown.is_some_and(|shown| shown != manuscript.titles) {
            manuscript.id = None;
        }
    }

    /// Moves or deletes files.
    fn relocate_files(&mut self, operation: Operation) -> Effects {
        use Operation as O;
        let mut effects = Effects::default();
        match operation {
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
                    self.rewrite(at);
                    self.write(at);
                    effects.edited.push(at);
                    effects.must_tell.push(at);
                }
            }
            O::Supplant(post, path, kind) => {
                let before = self.pick(post, true).map(|at| (at, self.manuscripts[at].path.clone()));
                if let Some((at, before)) = before
                    && self.relocate(at, path_of(path))
                {
                    self.rewrite(at);
                    if kind >= 128 {
                        self.manuscripts[at].standing = Status::Draft;
                    }
                    self.write(at);
                    effects.edited.push(at);
                    effects.must_tell.push(at);
                    self.create(before, kind);
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
                    self.manuscripts.push(Manuscript {
                        number,
                        path: path_of(path),
                        id: None,
                        had: BTreeSet::new(),
                        title: number,
                        titles_shown: None,
                        is_out_from: None,
                        ..self.manuscripts[at].clone()
                    });
                    self.claim(number);
                    self.write(number);
                }
            }
            O::CopyFile(post, path) => {
                if let Some(at) = self.pick(post, true) {
                    self.copy_file(at, path_of(path));
                }
            }
            O::CopyFolder(from, to) => self.copy_folder(from, to),
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
            _ => {}
        }
        effects
    }

    /// Changes feedmill or its configuration, and no file.
    fn disturb(&mut self, operation: Operation) -> Result<Effects, String> {
        use Operation as O;
        let mut effects = Effects::default();
        match operation {
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
            O::Break(post, how) => {
                self.break_file(post, how)?;
                effects.is_interrupted = true;
            }
            O::Clock(minutes) => self.world.now += SignedDuration::from_mins(i64::from(minutes)),
            O::Wait(days) => self.world.pass(Duration::from_hours(24 * u64::from(days))),
            O::Restart => self.world.stop(),
            O::Crash => {
                self.world.crash();
                effects.is_crashed = true;
                // the date of a document is stored after it was served
                effects.is_interrupted = true;
            }
            O::LoseStore => {
                self.world.lose_store();
                self.forget();
                effects.is_forgotten = true;
            }
            O::Carry => self.world.carry(),
            _ => {}
        }
        Ok(effects)
    }

    /// A new file at `path`; `kind` selects the kind of post.
    fn create(&mut self, path: Utf8PathBuf, kind: u8) {
        if !self.is_free(&path) {
            return;
        }
        let hours = |hours: i16| self.world.now - SignedDuration::from_hours(i64::from(hours));
        let number = self.manuscripts.len();
        let mut manuscript = Manuscript::new(number, path);
        // a unique day
        let date = hours(i16::try_from(number).unwrap() * 30 + 1);
        manuscript.date = (!kind.is_multiple_of(4)).then_some(date);
        if (kind / 4).is_multiple_of(4) {
            manuscript.written_id = Some(format!("urn:made-up:{number}"));
        }
        match kind / 16 % 8 {
            0 => manuscript.standing = Status::Draft,
            1 => manuscript.standing = Status::Unlisted,
            2 => manuscript.date = Some(hours(-3)),
            _ => {}
        }
        self.manuscripts.push(manuscript);
        self.write(number);
    }

    fn copy_folder(&mut self, from: u8, to: u8) {
        let folder = in_folder("a.md".into(), from);
        let all = self.manuscripts.iter().skip(1);
        let all = all.filter(|m| m.is_there && m.path.parent() == folder.parent());
        let all: Vec<usize> = all.map(|m| m.number).collect();
        for at in all {
            self.copy_file(at, in_folder(&self.manuscripts[at].path, to));
        }
    }

    /// A copy of the file of a post at `path`.
    fn copy_file(&mut self, at: usize, path: Utf8PathBuf) {
        if self.is_free(&path) {
            let number = self.manuscripts.len();
            self.manuscripts.push(Manuscript {
                number,
                path,
                id: None,
                had: BTreeSet::new(),
                titles_shown: None,
                is_out_from: None,
                ..self.manuscripts[at].clone()
            });
            self.claim(number);
            self.write(number);
        }
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

    /// Unmounts the folder, which withdraws nothing.
    fn unmount(&mut self, is_restarted: bool) -> Result<(), String> {
        let gone = |model: &Model| model.world.get("/atom.xml").body.matches("deleted-entry").count();
        self.world.start();
        self.world.settle();
        let before = gone(self);
        if is_restarted {
            self.world.stop();
        }
        self.world.mount(false);
        self.world.start();
        for _ in 0..3 {
            self.world.turn();
            self.world.pass(Duration::from_secs(if is_restarted { 3600 } else { 10 }));
        }
        let meanwhile = gone(self);
        self.world.mount(true);
        if meanwhile > before {
            return Err(format!(
                "{before} tombstones, and {meanwhile} of a folder that is not mounted"
            ));
        }
        Ok(())
    }

    /// Loses the ledger.
    fn forget(&mut self) {
        let authority = self.world.authority.clone();
        let slugs: Vec<(String, bool)> = self.manuscripts.iter().map(|m| (m.slug(), m.is_there)).collect();
        let ids: Vec<Option<String>> = self.manuscripts.iter().map(|m| m.written_id.clone()).collect();
        for manuscript in &mut self.manuscripts {
            let is_out = shown(&self.world, manuscript).is_some();
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
            let is_claimed = ids
                .iter()
                .enumerate()
                .any(|(other, id)| other != manuscript.number && *id == manuscript.id);
            if !is_out || !(is_derived || is_written) || is_claimed {
                manuscript.id = None;
            }
            manuscript.had = manuscript.id.iter().cloned().collect();
        }
    }
}
