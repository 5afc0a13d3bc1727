//! Performs operations on files and on feedmill, and updates the model.

use std::collections::BTreeSet;
use std::time::Duration;

use camino::Utf8PathBuf;
use jiff::SignedDuration;

use super::Model;
use super::model_post::{ModelPost, Status, in_folder, path_of, recased};
use super::operation::Operation;
use super::promises::{Effects, shown};

impl Model {
    /// Changes the file of the post selected by `number`.
    fn change(&mut self, number: u8, is_edit: bool, change: impl FnOnce(&mut ModelPost)) -> Effects {
        let Some(at) = self.pick(number, true) else {
            return Effects::default();
        };
        change(&mut self.model_posts[at]);
        self.write(at);
        Effects {
            edited: vec![at],
            must_tell: if is_edit { vec![at] } else { Vec::new() },
            ..Effects::default()
        }
    }

    /// Performs `operation`, if it is possible. Returns its effects on what readers see.
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

    /// Performs operations that write files without moving them.
    fn rewrite_files(&mut self, operation: Operation) -> Effects {
        use Operation as O;
        let now = self.harness.now;
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
                    self.harness.touch(&self.model_posts[at].path);
                }
            }
            O::Redate(post, ago) => effects = self.change(post, false, |m| m.date = Some(hours(ago))),
            O::Slug(post, slug) => {
                self.change(post, false, |m| {
                    m.slug = (!slug.is_multiple_of(4)).then(|| path_of(slug).file_stem().unwrap_or_default().to_owned());
                });
            }
            O::Checkout => {
                for at in 0..self.model_posts.len() {
                    if self.model_posts[at].is_there {
                        self.harness.remove(&self.model_posts[at].path);
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

    /// Performs operations that change the ids in files.
    fn write_ids(&mut self, operation: Operation) -> Effects {
        use Operation as O;
        let mut changed: Vec<(usize, Option<String>)> = Vec::new();
        match operation {
            O::SameId(post, other) => {
                let ids = self.pick(post, true).zip(self.pick(other, true));
                let ids = ids.filter(|(a, b)| a != b);
                changed.extend(ids.and_then(|(a, b)| Some((b, Some(self.model_posts[a].id.clone()?)))));
            }
            O::GoneId(post, other) => {
                let ids = self.pick(post, false).zip(self.pick(other, true));
                changed.extend(ids.and_then(|(a, b)| Some((b, Some(self.model_posts[a].had.last()?.clone())))));
            }
            O::SwapIds(post, other) => {
                if let Some((a, b)) = self.pick(post, true).zip(self.pick(other, true)).filter(|(a, b)| a != b) {
                    changed.push((a, self.model_posts[b].written_id.clone()));
                    changed.push((b, self.model_posts[a].written_id.clone()));
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
            self.model_posts[at].written_id = id;
            self.forget_claimed_ids(at);
            self.write(at);
            effects.edited.push(at);
        }
        effects
    }

    /// Edits the post after it was moved. If readers have not seen its title, it may not be recognised.
    fn rewrite(&mut self, at: usize) {
        let model_post = &mut self.model_posts[at];
        model_post.edits += 1;
        if model_post.last_title_seen.is_some_and(|seen| seen != model_post.titles) {
            model_post.id = None;
        }
    }

    /// Performs operations that move, copy or delete files.
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
                    let path = in_folder(&self.model_posts[at].path, folder);
                    self.relocate(at, path);
                }
            }
            O::Recase(post) => {
                if let Some(at) = self.pick(post, true) {
                    let path = recased(&self.model_posts[at].path);
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
                let before = self.pick(post, true).map(|at| (at, self.model_posts[at].path.clone()));
                if let Some((at, before)) = before
                    && self.relocate(at, path_of(path))
                {
                    self.rewrite(at);
                    if kind >= 128 {
                        self.model_posts[at].standing = Status::Draft;
                    }
                    self.write(at);
                    effects.edited.push(at);
                    effects.must_tell.push(at);
                    self.create(before, kind);
                }
            }
            O::Delete(post) => {
                if let Some(at) = self.pick(post, true) {
                    self.harness.remove(&self.model_posts[at].path);
                    self.model_posts[at].is_there = false;
                    self.forget_unclear_id(at);
                }
            }
            O::BringBack(post) => self.bring_back(post, None),
            O::BringBackAt(post, path) => self.bring_back(post, Some(path_of(path))),
            O::Copy(post, path) => {
                if let Some(at) = self.pick(post, true).filter(|_| self.is_free(&path_of(path))) {
                    let number = self.model_posts.len();
                    self.model_posts.push(ModelPost {
                        number,
                        path: path_of(path),
                        id: None,
                        had: BTreeSet::new(),
                        title: number,
                        last_title_seen: None,
                        is_out_from: None,
                        ..self.model_posts[at].clone()
                    });
                    self.forget_claimed_ids(number);
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
                    let (first, second) = (self.model_posts[a].path.clone(), self.model_posts[b].path.clone());
                    self.harness.rename(&first, &aside);
                    self.harness.rename(&second, &first);
                    self.harness.rename(&aside, &second);
                    (self.model_posts[a].path, self.model_posts[b].path) = (second, first);
                    self.forget_unclear_id(a);
                    self.forget_unclear_id(b);
                }
            }
            _ => {}
        }
        effects
    }

    /// Performs operations that change no file.
    fn disturb(&mut self, operation: Operation) -> Result<Effects, String> {
        use Operation as O;
        let mut effects = Effects::default();
        match operation {
            O::Permalink(number) => {
                self.harness.stop();
                self.harness.set_permalink(number);
            }
            O::Host(number) => {
                self.harness.stop();
                self.harness.set_host(number);
            }
            O::Unmount(is_restarted) => {
                self.unmount(is_restarted)?;
                effects.is_interrupted = true;
            }
            O::Break(post, how) => {
                self.break_file(post, how)?;
                effects.is_interrupted = true;
            }
            O::Clock(minutes) => self.harness.now += SignedDuration::from_mins(i64::from(minutes)),
            O::Wait(days) => self.harness.pass(Duration::from_hours(24 * u64::from(days))),
            O::Restart => self.harness.stop(),
            O::Crash => {
                self.harness.crash();
                effects.is_crashed = true;
                // the dates of documents are stored after they were served
                effects.is_interrupted = true;
            }
            O::LoseStore => {
                self.harness.lose_store();
                self.forget();
                effects.is_forgotten = true;
            }
            O::Carry => self.harness.carry(),
            _ => {}
        }
        Ok(effects)
    }

    /// Creates a file at `path`; `kind` selects the kind of post.
    fn create(&mut self, path: Utf8PathBuf, kind: u8) {
        if !self.is_free(&path) {
            return;
        }
        let hours = |hours: i16| self.harness.now - SignedDuration::from_hours(i64::from(hours));
        let number = self.model_posts.len();
        let mut model_post = ModelPost::new(number, path);
        // each post has another day
        let date = hours(i16::try_from(number).unwrap() * 30 + 1);
        model_post.date = (!kind.is_multiple_of(4)).then_some(date);
        if (kind / 4).is_multiple_of(4) {
            model_post.written_id = Some(format!("urn:made-up:{number}"));
        }
        match kind / 16 % 8 {
            0 => model_post.standing = Status::Draft,
            1 => model_post.standing = Status::Unlisted,
            2 => model_post.date = Some(hours(-3)),
            _ => {}
        }
        self.model_posts.push(model_post);
        self.write(number);
    }

    fn copy_folder(&mut self, from: u8, to: u8) {
        let folder = in_folder("a.md".into(), from);
        let all = self.model_posts.iter().skip(1);
        let all = all.filter(|m| m.is_there && m.path.parent() == folder.parent());
        let all: Vec<usize> = all.map(|m| m.number).collect();
        for at in all {
            self.copy_file(at, in_folder(&self.model_posts[at].path, to));
        }
    }

    /// Copies the file of a post to `path`.
    fn copy_file(&mut self, at: usize, path: Utf8PathBuf) {
        if self.is_free(&path) {
            let number = self.model_posts.len();
            self.model_posts.push(ModelPost {
                number,
                path,
                id: None,
                had: BTreeSet::new(),
                last_title_seen: None,
                is_out_from: None,
                ..self.model_posts[at].clone()
            });
            self.forget_claimed_ids(number);
            self.write(number);
        }
    }

    fn bring_back(&mut self, post: u8, path: Option<Utf8PathBuf>) {
        if let Some(at) = self.pick(post, false) {
            let path = path.unwrap_or_else(|| self.model_posts[at].path.clone());
            if self.is_free(&path) {
                self.model_posts[at].path = path;
                self.model_posts[at].is_there = true;
                self.forget_unclear_id(at);
                self.write(at);
            }
        }
    }

    /// Checks that no post is withdrawn while the folder is not mounted.
    fn unmount(&mut self, is_restarted: bool) -> Result<(), String> {
        let gone = |model: &Model| model.harness.get("/atom.xml").body.matches("deleted-entry").count();
        self.harness.start();
        self.harness.settle();
        let before = gone(self);
        if is_restarted {
            self.harness.stop();
        }
        self.harness.mount(false);
        self.harness.start();
        for _ in 0..3 {
            self.harness.turn();
            self.harness.pass(Duration::from_secs(if is_restarted { 3600 } else { 10 }));
        }
        let meanwhile = gone(self);
        self.harness.mount(true);
        if meanwhile > before {
            return Err(format!(
                "{before} tombstones, and {meanwhile} of a folder that is not mounted"
            ));
        }
        Ok(())
    }

    /// Updates the model after the ledger was lost.
    fn forget(&mut self) {
        let authority = self.harness.authority.clone();
        let slugs: Vec<(String, bool)> = self.model_posts.iter().map(|m| (m.slug(), m.is_there)).collect();
        let ids: Vec<Option<String>> = self.model_posts.iter().map(|m| m.written_id.clone()).collect();
        for model_post in &mut self.model_posts {
            let is_out = shown(&self.harness, model_post).is_some();
            model_post.is_out_from = None;
            let day = model_post
                .date
                .map_or("2000".to_owned(), |date| date.to_string()[..10].to_owned());
            let derived = format!("tag:{authority},{day}:{}", model_post.slug());
            let is_alone = slugs
                .iter()
                .filter(|(slug, is_there)| *slug == model_post.slug() && *is_there)
                .count()
                == 1;
            let is_derived = model_post.id.as_ref() == Some(&derived) && model_post.written_id.is_none() && is_alone;
            let is_written = model_post.written_id.is_some() && model_post.id == model_post.written_id;
            let is_claimed = ids
                .iter()
                .enumerate()
                .any(|(other, id)| other != model_post.number && *id == model_post.id);
            if !is_out || !(is_derived || is_written) || is_claimed {
                model_post.id = None;
            }
            model_post.had = model_post.id.iter().cloned().collect();
        }
    }
}
