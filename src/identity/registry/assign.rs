//! Gives the posts of a folder the ids, addresses and dates that readers know.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::Registry;
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Severity};
use crate::identity::assignment::{AssignedPosts, UnreadableFiles};
use crate::identity::known_files::{KnownFile, position_of};
use crate::identity::match_warning::address_not_used;
use crate::identity::post_records::PostId;
use crate::identity::publication_state::{PublicationState, publish_as};
use crate::identity::withdrawal::Withdrawal;
use crate::post::{Changes, Origin, Post, Visibility, atom_id_for};
use crate::time::Timestamp;

impl Registry {
    /// The posts in the folder's files after `changes`, as readers know them at `now`. It contains the posts that changed, those about which
    /// more is known now, and those that are due to appear or to expire.
    pub fn assign(&mut self, changes: &Changes, unreadable: &UnreadableFiles, config: &Config, now: Timestamp) -> AssignedPosts {
        if changes.are_all {
            self.repair_unmatched();
        }
        let mut assigned = AssignedPosts::default();
        let mut outdated = std::mem::take(&mut self.outdated);
        outdated.extend(self.resolve_id_clashes(config, now, &mut assigned));
        for path in self.removed_files(changes) {
            self.remove_file(&path);
            outdated.insert(path);
        }
        if self.is_new {
            self.site.since = now;
        }
        let back = self.files_back(unreadable);
        let given = changes.posts.iter();
        let (same, to_match): (Vec<&Arc<Post>>, Vec<&Arc<Post>>) = given.partition(|post| self.is_unchanged(post, unreadable));
        let to_match = ordered_by_path(to_match, &back);
        self.match_files(&to_match, *unreadable, config, now, &mut assigned);
        outdated.append(&mut self.outdated);
        outdated.extend(same.iter().map(|post| post.source.clone()));
        // matched files are in `assigned` already
        outdated.retain(|path| position_of(path, &to_match).is_none());
        for path in outdated {
            match self.updated_file(&path, config, now) {
                Some(file) => assigned.add(file),
                None => assigned.changes.gone.push(path),
            }
        }
        assigned.changes.posts.sort_by(|a, b| a.by_source(b));
        if changes.are_all {
            assigned.changes = Changes::all(assigned.changes.posts);
        }
        assigned
    }

    /// Repairs the unmatched posts after an assignment that panicked.
    fn repair_unmatched(&mut self) {
        // at a start all posts are unmatched
        if self.live() == 0 {
            return;
        }
        let is_lost = |id: &&PostId| !self.unmatched.contains(id) && self.file(id).and_then(KnownFile::id) != Some(&***id);
        let lost: Vec<PostId> = self.posts.ids().filter(is_lost).cloned().collect();
        for id in lost {
            self.set_unmatched(id);
        }
    }

    /// Makes the post with this id a post without a file.
    pub(super) fn set_unmatched(&mut self, id: PostId) {
        self.moved.remove(&id);
        self.moving.remove(&id);
        self.held.remove(&id);
        self.is_history_stale |= self.unmatched.insert(id, &self.posts);
    }

    /// The file at `path` with its post as readers know it at `now`. `None` if the post was matched to another file.
    fn updated_file(&mut self, path: &Utf8Path, config: &Config, now: Timestamp) -> Option<&KnownFile> {
        let file = self.files.get(path.as_str())?;
        if file.id().is_some_and(|id| !self.is_at(id, path)) {
            return None;
        }
        if file.published.visibility(now) != file.visibility
            && let Some(file) = self.files.remove(path.as_str())
        {
            let file = self.with_known_values(file, config, now);
            self.files.insert(file);
        }
        self.files.get(path.as_str())
    }

    /// Whether `post` is the one that was matched last, and no other file was matched to the same known post.
    fn is_unchanged(&self, post: &Arc<Post>, unreadable: &UnreadableFiles) -> bool {
        let file = self.files.get(post.source.as_str());
        file.is_some_and(|file| Arc::ptr_eq(&file.read, post) && self.is_in_place(file, unreadable))
    }

    /// Whether no other file was matched to the post in `file`. While the file is missing, that does not count.
    fn is_in_place(&self, file: &KnownFile, unreadable: &UnreadableFiles) -> bool {
        let path = &file.read.source;
        file.id().is_none_or(|id| self.is_at(id, path)) || unreadable.missing.contains(path)
    }

    /// The posts in files that are back after another file was matched to the same known post.
    fn files_back(&mut self, unreadable: &UnreadableFiles) -> Vec<Arc<Post>> {
        let files = &self.files;
        self.replaced.retain(|path| files.contains(path.as_str()));
        let replaced = self.replaced.iter().filter_map(|path| self.files.get(path.as_str()));
        let back = replaced.filter(|file| !self.is_in_place(file, unreadable));
        back.map(|file| Arc::clone(&file.read)).collect()
    }

    /// The files without a post after `changes`.
    fn removed_files(&self, changes: &Changes) -> Vec<Utf8PathBuf> {
        if !changes.are_all {
            return changes.gone.clone();
        }
        let known = self.files.iter().map(|file| file.read.source.as_path());
        let removed = known.filter(|path| position_of(path, &changes.posts).is_none());
        removed.map(Utf8Path::to_path_buf).collect()
    }

    /// Removes the file at `path`. Its post is without a file then.
    fn remove_file(&mut self, path: &Utf8Path) {
        self.match_warnings.remove(path);
        if let Some(id) = self.take_file(path) {
            self.set_unmatched(id);
        }
    }

    /// Removes the file at `path`. Returns the id of its post, if that has a record and is in no other file.
    pub(super) fn take_file(&mut self, path: &Utf8Path) -> Option<PostId> {
        let file = self.files.remove(path.as_str())?;
        self.atom_id_warnings.remove(path);
        self.address_warnings.remove(path);
        file.id().filter(|id| self.is_at(id, path)).map(PostId::from)
    }

    /// `file` with its post as readers know it at `now`. Updates the record.
    pub(super) fn with_known_values(&mut self, mut file: KnownFile, config: &Config, now: Timestamp) -> KnownFile {
        let Some(id) = file.id() else {
            self.set_first_told(&mut file, now);
            return file;
        };
        let Some(record) = self.posts.get(id) else { return file };
        let id: PostId = id.into();
        let before = PublicationState::of(record);
        let state = publish_as(&mut file, record, &self.site, config, now);
        if before.withdrawn.is_none() && state.withdrawn.is_some() {
            self.withdrawals.push(Withdrawal::of(&file, record));
        }
        let is_moving = file.published.address != *record.address;
        self.set_moving(&id, is_moving);
        match atom_id_warning(&file, config) {
            Some(warning) => self.atom_id_warnings.insert(file.read.source.clone(), warning),
            None => self.atom_id_warnings.remove(&file.read.source),
        };
        self.warn_about_address(&file);
        if state != before {
            self.store_state(&id, &state, &before, &file);
        }
        self.set_held(&id, file.visibility == Visibility::Held && state.withdrawn.is_none());
        file
    }

    /// Warns the author of `file` if its post stays at another address than the file asks for.
    pub(super) fn warn_about_address(&mut self, file: &KnownFile) {
        let (read, published) = (&file.read, &file.published);
        if file.is_readable() && published.origins.address == Origin::Displaced && published.address != read.address {
            let warning = address_not_used(read, published);
            self.address_warnings.insert(read.source.clone(), warning);
        } else {
            self.address_warnings.remove(&read.source);
        }
    }

    /// Sets the visibility of the new post in `file`, and when readers first hear of it. Posts that are older than the registry are not
    /// news.
    fn set_first_told(&self, file: &mut KnownFile, now: Timestamp) {
        file.visibility = file.read.visibility(now);
        let is_news = now > self.site.since && file.is_readable();
        if is_news && file.published.last_news.is_none() {
            let mut post = Post::clone(&file.read);
            post.last_news = Some(now.into());
            post.appeared = post.last_news;
            file.published = Arc::new(post);
        }
    }

    /// Writes `state` to the record with this id.
    fn store_state(&mut self, id: &PostId, state: &PublicationState, before: &PublicationState, file: &KnownFile) {
        let Some(record) = self.posts.get_mut(id) else { return };
        state.write_to(record, file);
        if record.has_history() {
            self.with_history.insert(id.clone());
        }
        let is_withdrawal = state.withdrawn != before.withdrawn;
        self.unstored.is_urgent |= is_withdrawal;
        self.is_history_stale |= is_withdrawal;
        self.unstored.posts.insert(id.clone());
    }

    fn set_moving(&mut self, id: &PostId, is_moving: bool) {
        let was_moving = self.moving.remove(id);
        if is_moving {
            self.moving.insert(id.clone());
        }
        self.is_history_stale |= is_moving || was_moving;
    }

    fn set_held(&mut self, id: &PostId, is_held: bool) {
        let was_held = self.held.remove(id);
        if is_held {
            self.held.insert(id.clone());
        }
        self.is_history_stale |= is_held != was_held;
    }
}

/// The warning that Atom has the id of the post in `file` although it is not an IRI. It was served in that way before feedmill checked
/// this, and an id never changes by itself.
fn atom_id_warning(file: &KnownFile, config: &Config) -> Option<Diagnostic> {
    let (read, post) = (&file.read, &file.published);
    let has_other_atom_id = post.atom_id.is_some();
    // whether the id in the file is an IRI is checked when the file is read
    let is_checked = read.atom_id.is_none() && read.id == post.id;
    if has_other_atom_id || is_checked || !file.is_readable() || !post.in_feeds {
        return None;
    }
    let id = &post.id;
    let fit = atom_id_for(id, config.authority())?;
    let message =
        format!("Atom has the id `{id}`, which is not an IRI (RFC 4287, section 4.2.6), because readers know the post by it");
    let mend = format!("leave it as it is, or write `id: \"{fit}\"`: then all readers see the post as a new one");
    Some(Diagnostic::new(Severity::Warning, "atom-id", &read.source, message).mend(mend))
}

/// `posts` and those that are `back`, ordered by path. If both contain a file, the one in `posts` is used.
fn ordered_by_path<'a>(mut posts: Vec<&'a Arc<Post>>, back: &'a [Arc<Post>]) -> Vec<&'a Arc<Post>> {
    if !back.is_empty() {
        let all = back.iter().chain(posts).map(|post| (&post.source, post));
        posts = all.collect::<BTreeMap<_, _>>().into_values().collect();
    }
    posts
}
