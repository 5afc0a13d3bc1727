//! The posts of the folder as the world knows them.

mod fate;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use self::fate::{Fate, dated, known_to_the_world};
use super::recognition::{Finding, Memory, recognise};
use super::record::PostRecord;
use super::{Id, Ledger, Place};
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::post::{Changes, Post, Visibility};
use crate::time::Timestamp;

/// A file as it was last settled.
#[derive(Debug)]
pub(super) struct File {
    pub(super) read: Arc<Post>,
    pub(super) settled: Arc<Post>,
    pub(super) id: Option<Id>,
    pub(super) heir_of: Option<Box<Id>>,
    pub(super) remark: Option<Box<Diagnostic>>,
    pub(super) visibility: Visibility,
    /// The post as it was last noted.
    pub(super) noted: Option<Arc<Post>>,
}

impl File {
    /// Whether the world may read its post.
    pub(super) fn is_out(&self) -> bool {
        matches!(self.visibility, Visibility::Public | Visibility::Unlisted)
    }
}

/// Posts of the folder as the world knows them.
#[derive(Debug, Default)]
pub struct Settled {
    /// The posts that may be others than before; the same one as before for each that is the same.
    pub changes: Changes,
    /// The files of those that the world does not know yet.
    pub newcomers: HashSet<Utf8PathBuf>,
    /// Files that turned out to be posts that were known under another path, and that path.
    pub moved: Vec<(Utf8PathBuf, Utf8PathBuf)>,
}

/// What is known of the files of posts that cannot be read.
pub struct Whereabouts<'a> {
    /// Files that are not there, but not long enough to be believed gone.
    pub missing: &'a BTreeSet<Utf8PathBuf>,
    /// Whether there is a file that cannot be read, or not yet.
    pub is_there: &'a dyn Fn(&Utf8Path) -> bool,
}

impl Ledger {
    /// The posts in the folder's files as the world knows them at `now`, after `changes`: those that changed, and those of which the
    /// ledger came to know something else. Posts that are due to appear or go count as changed.
    pub fn settle(&mut self, changes: &Changes, whereabouts: &Whereabouts, config: &Config, now: Timestamp) -> Settled {
        let mut concerned = std::mem::take(&mut self.touched);
        for path in self.gone(changes) {
            self.forget_file(&path);
            concerned.insert(path);
        }
        if self.is_new {
            self.site.since = now;
        }
        let back = self.returned(whereabouts);
        let given = changes.posts.iter().filter(|post| !self.is_known(post, whereabouts));
        let strangers: BTreeMap<&Utf8Path, &Arc<Post>> = given.chain(&back).map(|post| (post.source.as_path(), post)).collect();
        let strangers: Vec<&Arc<Post>> = strangers.into_values().collect();
        let mut settled = Settled::default();
        self.meet(&strangers, whereabouts, config, now, &mut settled);
        concerned.append(&mut self.touched);
        // made at once, for they come in order
        let mut others: BTreeSet<Utf8PathBuf> = changes
            .posts
            .iter()
            .chain(&back)
            .map(|post| post.source.to_path_buf())
            .collect();
        concerned.append(&mut others);
        for path in concerned {
            match self.settled(&path, config, now) {
                Some((post, is_new)) => {
                    settled.changes.posts.push(post);
                    if is_new {
                        settled.newcomers.insert(path);
                    }
                }
                None => settled.changes.gone.push(path),
            }
        }
        if changes.are_all {
            settled.changes = Changes::all(settled.changes.posts);
        }
        settled
    }

    /// The post in the file at `path` as the world knows it, and whether it does not know it yet.
    fn settled(&mut self, path: &Utf8Path, config: &Config, now: Timestamp) -> Option<(Arc<Post>, bool)> {
        let file = self.files.get(path.as_str())?;
        // its file is not there any more, and another one has turned out to be it
        let holder = file.id.as_ref().map(|id| self.holders.get(id));
        if holder.is_some_and(|holder| holder.is_none_or(|holder| **holder != *path.as_str())) {
            return None;
        }
        if file.settled.visibility(now) != file.visibility {
            self.dress(path, config, now);
        }
        let file = self.files.get(path.as_str())?;
        Some((Arc::clone(&file.settled), file.id.is_none()))
    }

    /// Whether the post that was read is the very one that was settled, and still in the file that it is known in.
    fn is_known(&self, post: &Arc<Post>, whereabouts: &Whereabouts) -> bool {
        let file = self
            .files
            .get(post.source.as_str())
            .filter(|file| Arc::ptr_eq(&file.read, post));
        file.is_some_and(|file| self.is_itself(file, &post.source, whereabouts))
    }

    /// One that is back after another file was taken for it is a stranger again.
    fn is_itself(&self, file: &File, path: &Utf8Path, whereabouts: &Whereabouts) -> bool {
        let holder = file.id.as_ref().and_then(|id| self.holders.get(id));
        holder.is_none_or(|holder| **holder == *path.as_str()) || whereabouts.missing.contains(path)
    }

    /// The posts in files that are there again after another one was taken for them.
    fn returned(&mut self, whereabouts: &Whereabouts) -> Vec<Arc<Post>> {
        let files = &self.files;
        self.supplanted.retain(|path| files.contains_key(path.as_str()));
        let supplanted = self
            .supplanted
            .iter()
            .filter_map(|path| Some((path, self.files.get(path.as_str())?)));
        let back = supplanted.filter(|(path, file)| !self.is_itself(file, path, whereabouts));
        back.map(|(_, file)| Arc::clone(&file.read)).collect()
    }

    /// The files that there are posts in no more.
    fn gone(&self, changes: &Changes) -> Vec<Utf8PathBuf> {
        if !changes.are_all {
            return changes.gone.clone();
        }
        let read: HashSet<&str> = changes.posts.iter().map(|post| post.source.as_str()).collect();
        let gone = self.files.keys().filter(|place| !read.contains(&***place));
        gone.map(|place| Utf8PathBuf::from(&**place)).collect()
    }

    /// Lets go of the file at `path`: the post stays, and is a stray.
    fn forget_file(&mut self, path: &Utf8Path) {
        self.remarked.remove(path);
        let id = self.files.remove(path.as_str()).and_then(|file| file.id);
        if let Some(id) = id.filter(|id| self.holders.get(id).is_some_and(|holder| **holder == *path.as_str())) {
            self.holders.remove(&id);
            self.strays.insert(id);
            self.is_past_stale = true;
        }
    }

    /// Finds out who the posts are whose files are others than before.
    fn meet(
        &mut self,
        changed: &[&Arc<Post>],
        whereabouts: &Whereabouts,
        config: &Config,
        now: Timestamp,
        settled: &mut Settled,
    ) {
        if changed.is_empty() {
            return;
        }
        // for now nothing is known of them
        let mut before: HashMap<Place, File> = HashMap::new();
        for post in changed {
            if let Some((place, file)) = self.files.remove_entry(post.source.as_str()) {
                if let Some(id) = file.id.as_ref().filter(|id| self.holders.get(*id) == Some(&place)) {
                    self.holders.remove(id);
                }
                before.insert(place, file);
            }
        }
        let is_stranger = |path: &Utf8Path| changed.binary_search_by(|post| post.source.as_path().cmp(path)).is_ok();
        // where its file lay another post may be by now
        let is_gone = |path: &Utf8Path| {
            whereabouts.missing.contains(path) || !(whereabouts.is_there)(path) || self.files.contains_key(path.as_str())
        };
        // who lay last where a stranger lies is found by that
        let is_stray = |id: &Id, path: &Utf8Path| {
            if is_stranger(path) {
                self.by_source.get(path.as_str()) != Some(id)
            } else {
                is_gone(path)
            }
        };
        let missing = whereabouts
            .missing
            .iter()
            .filter_map(|path| self.files.get(path.as_str())?.id.as_ref());
        let strays = self
            .strays
            .iter()
            .chain(missing)
            .filter_map(|id| self.posts.get_key_value(id));
        let strays: BTreeMap<Id, Cow<PostRecord>> = strays
            .filter(|(id, record)| is_stray(id, &record.source))
            .map(|(id, record)| (Arc::clone(id), record))
            .collect();
        let holders = &self.holders;
        let is_held = |id: &str| {
            holders
                .get(id)
                .is_some_and(|place| !whereabouts.missing.contains(Utf8Path::new(place)))
        };
        let findings = recognise(
            changed,
            Memory {
                posts: &self.posts,
                by_source: &self.by_source,
                strays,
                is_held: &is_held,
            },
        );
        for (post, finding) in changed.iter().zip(findings) {
            let Finding { id, heir_of, remark } = finding;
            let id = id.map(|id| self.shared_with(post, id));
            if let Some(record) = id.as_ref().and_then(|id| self.posts.get(id))
                && post.source != record.source
            {
                settled.moved.push((post.source.to_path_buf(), record.source.clone()));
                self.is_past_stale = true;
            }
            let place = Place::from(&post.source);
            let known = before.remove(&place);
            // whoever lost its post to another path is nobody's any more
            let lost = known.and_then(|file| file.id).filter(|old| Some(old) != id.as_ref());
            if let Some(old) = lost.filter(|old| !self.holders.contains_key(old)) {
                self.is_past_stale |= self.strays.insert(old);
            }
            if let Some(id) = &id {
                self.is_past_stale |= self.strays.remove(id);
                let before = self.holders.insert(Arc::clone(id), Arc::clone(&place));
                if let Some(before) = before.filter(|before| *before != place) {
                    self.touched.insert(Utf8PathBuf::from(&*before));
                    self.supplanted.insert(Utf8PathBuf::from(&*before));
                }
            }
            match remark {
                Some(_) => self.remarked.insert(post.source.to_path_buf()),
                None => self.remarked.remove(post.source.as_path()),
            };
            let file = File {
                read: Arc::clone(post),
                settled: Arc::clone(post),
                id,
                heir_of: heir_of.map(Box::new),
                remark: remark.map(Box::new),
                visibility: post.visibility(now),
                noted: None,
            };
            self.files.insert(place, file);
            self.dress(&post.source, config, now);
        }
    }

    /// `id`, which is that of `post`, by the very text that the post has of it: of each one is kept, not two.
    fn shared_with(&mut self, post: &Post, id: Id) -> Id {
        if id != post.id || Arc::ptr_eq(&id, &post.id) {
            return id;
        }
        self.posts.keep_by(&post.id);
        let place = Place::from(&post.source);
        if self.by_source.get(&place) == Some(&id) {
            self.by_source.remove(&place);
            self.by_source.insert(place, Arc::clone(&post.id));
        }
        Arc::clone(&post.id)
    }

    /// Gives the post in the file at `path` what the world knows of it, and notes what is new of it.
    fn dress(&mut self, path: &Utf8Path, config: &Config, now: Timestamp) {
        let Some(file) = self.files.get_mut(path.as_str()) else {
            return;
        };
        let Some(id) = file.id.clone() else {
            file.visibility = file.read.visibility(now);
            // a new post is told of from now on; what was there before the ledger was is none
            let is_new = now > self.site.since && file.is_out();
            if is_new && file.settled.told.is_none() {
                let mut post = Post::clone(&file.read);
                post.told = Some(now);
                file.settled = Arc::new(post);
            }
            return;
        };
        let Some(record) = self.posts.get(&id) else { return };
        let read = Arc::clone(&file.read);
        let post = dated(&read, &record, now);
        file.visibility = post.visibility(now);
        let before = Fate::of(&record);
        let fate = before
            .with_date(&record, file)
            .with_content(file, config, now)
            .in_lists(file, now);
        match known_to_the_world(post, &record, &fate, &self.site, config) {
            Cow::Borrowed(_) => file.settled = read,
            Cow::Owned(settled) if *file.settled != settled => file.settled = Arc::new(settled),
            Cow::Owned(_) => {}
        }
        let is_elsewhere = *file.settled.address != *record.address;
        if is_elsewhere {
            self.moving.insert(Arc::clone(&id));
        } else {
            self.moving.remove(&id);
        }
        self.is_past_stale |= is_elsewhere;
        if fate != before {
            let is_withdrawal = fate.withdrawn != before.withdrawn;
            self.changes.is_urgent |= is_withdrawal;
            self.is_past_stale |= is_withdrawal;
            let record = fate.noted_in(record.into_owned());
            self.tell_of(&id, &record);
            self.changes.posts.insert(Arc::clone(&id));
            self.posts.insert(id, record);
        }
    }
}
