//! The posts of the folder as the world knows them.

mod fate;

use std::borrow::{Borrow, Cow};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use self::fate::{Fate, dated, known_to_the_world};
use super::recognition::{Finding, Memory, recognise};
use super::record::PostRecord;
use super::{Id, Ledger};
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::post::{Changes, Each, Post, Visibility, Words};
use crate::source::by_parts;
use crate::time::Timestamp;

/// A file as it was last settled, found by its path.
#[derive(Debug)]
pub(super) struct File {
    pub(super) read: Arc<Post>,
    /// The post as the world knows it.
    pub(super) settled: Arc<Post>,
    pub(super) visibility: Visibility,
    /// Whether the post is one that is remembered, by the id that it was settled with.
    pub(super) is_known: bool,
    /// What its author should know, of few files.
    pub(super) doubt: Option<Box<Doubt>>,
}

/// What is not as its author may think.
#[derive(Debug)]
pub(super) struct Doubt {
    /// The remembered post whose place the post takes although it is another.
    pub(super) heir_of: Option<Id>,
    pub(super) remark: Diagnostic,
}

impl File {
    /// The id of the remembered post that it is.
    pub(super) fn id(&self) -> Option<&str> {
        self.is_known.then_some(self.settled.id())
    }

    /// Whether the world may read its post.
    pub(super) fn is_out(&self) -> bool {
        matches!(self.visibility, Visibility::Public | Visibility::Unlisted)
    }
}

// as a text, for to hash and compare a path part by part takes several times as long
impl Borrow<str> for File {
    fn borrow(&self) -> &str {
        self.read.source().as_str()
    }
}

impl Hash for File {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.read.source().as_str().hash(state);
    }
}

impl PartialEq for File {
    fn eq(&self, other: &File) -> bool {
        self.read.source() == other.read.source()
    }
}

impl Eq for File {}

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
        if changes.are_all {
            self.find_lost();
        }
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
        let strangers: BTreeMap<&Utf8Path, &Arc<Post>> = given.chain(&back).map(|post| (post.source(), post)).collect();
        let strangers: Vec<&Arc<Post>> = strangers.into_values().collect();
        let mut settled = Settled::default();
        self.meet(&strangers, whereabouts, config, now, &mut settled);
        concerned.append(&mut self.touched);
        // made at once, for they come in order
        let mut others: BTreeSet<Utf8PathBuf> = changes
            .posts
            .iter()
            .chain(&back)
            .map(|post| post.source().to_path_buf())
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
        if file.id().is_some_and(|id| !self.is_at(id, path)) {
            return None;
        }
        if file.settled.visibility(now) != file.visibility {
            self.dress(path, config, now);
        }
        let file = self.files.get(path.as_str())?;
        Some((Arc::clone(&file.settled), !file.is_known))
    }

    /// Whether the post that was read is the very one that was settled, and still in the file that it is known in.
    fn is_known(&self, post: &Arc<Post>, whereabouts: &Whereabouts) -> bool {
        let file = self
            .files
            .get(post.source().as_str())
            .filter(|file| Arc::ptr_eq(&file.read, post));
        file.is_some_and(|file| self.is_itself(file, post.source(), whereabouts))
    }

    /// One that is back after another file was taken for it is a stranger again.
    fn is_itself(&self, file: &File, path: &Utf8Path, whereabouts: &Whereabouts) -> bool {
        let is_elsewhere = |id: &str| !self.is_at(id, path) && !self.strays.contains(id);
        !file.id().is_some_and(is_elsewhere) || whereabouts.missing.contains(path)
    }

    /// The posts in files that are there again after another one was taken for them.
    fn returned(&mut self, whereabouts: &Whereabouts) -> Vec<Arc<Post>> {
        let files = &self.files;
        self.supplanted.retain(|path| files.contains(path.as_str()));
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
        let read: HashSet<&str> = changes.posts.iter().map(|post| post.source().as_str()).collect();
        let known = self.files.iter().map(|file| file.read.source());
        let gone = known.filter(|path| !read.contains(path.as_str()));
        gone.map(Utf8Path::to_path_buf).collect()
    }

    /// Lets go of the file at `path`: the post stays, and is a stray.
    fn forget_file(&mut self, path: &Utf8Path) {
        self.remarked.remove(path);
        if let Some(id) = self.take_held(path) {
            self.moved.remove(&id);
            self.strays.insert(id);
            self.is_past_stale = true;
        }
    }

    /// Takes out the file at `path`; the post that it was, if it was one, and no other file has turned out to be that since.
    fn take_held(&mut self, path: &Utf8Path) -> Option<Id> {
        let file = self.files.take(path.as_str())?;
        file.id().filter(|id| self.is_at(id, path)).map(Id::from)
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
        // for now nothing is known of them, and these posts are nobody
        let mut at: HashMap<&str, Id> = HashMap::new();
        let mut loose: HashSet<Id> = HashSet::new();
        for post in changed {
            if let Some(id) = self.take_held(post.source()) {
                at.insert(post.source().as_str(), Arc::clone(&id));
                loose.insert(id);
            }
        }
        self.find_strays_at(changed, &loose, &mut at);
        let is_stranger = |path: &Utf8Path| changed.binary_search_by(|post| by_parts(post.source(), path)).is_ok();
        // where its file lay another post may be by now
        let is_gone = |path: &Utf8Path| {
            whereabouts.missing.contains(path) || !(whereabouts.is_there)(path) || self.files.contains(path.as_str())
        };
        // who lay last where a stranger lies is found by that
        let is_stray = |id: &str, path: &Utf8Path| match at.get(path.as_str()) {
            Some(found) => **found != *id,
            None => is_stranger(path) || is_gone(path),
        };
        let missing = whereabouts
            .missing
            .iter()
            .filter_map(|path| self.files.get(path.as_str())?.id());
        let strays = self
            .strays
            .iter()
            .map(AsRef::as_ref)
            .chain(missing)
            .filter_map(|id| self.posts.get_with_id(id));
        let strays: BTreeMap<&str, Cow<PostRecord>> = strays.filter(|(id, record)| is_stray(id, &record.source)).collect();
        let is_held = |id: &str| {
            let is_there = |place: &Utf8Path| self.files.contains(place.as_str()) && !whereabouts.missing.contains(place);
            self.place(id).is_some_and(is_there) && !loose.contains(id) && !self.strays.contains(id)
        };
        let findings = recognise(
            changed,
            Memory {
                posts: &self.posts,
                at,
                strays,
                is_held: &is_held,
            },
        );
        self.files.reserve(changed.len());
        for (post, finding) in changed.iter().zip(findings) {
            let Finding { id, heir_of, remark } = finding;
            if let Some(id) = &id {
                let was_stray = self.strays.remove(id);
                self.is_past_stale |= was_stray;
                let was_loose = loose.remove(id);
                self.lodge(id, post.source(), !was_stray && !was_loose, settled);
            }
            match remark {
                Some(_) => self.remarked.insert(post.source().to_path_buf()),
                None => self.remarked.remove(post.source()),
            };
            let is_known = id.is_some();
            let known_as = match id {
                Some(id) if *id != *post.id() => Arc::new(Post {
                    words: Words::from(Each {
                        id: &id,
                        ..post.words.each()
                    }),
                    ..Post::clone(post)
                }),
                _ => Arc::clone(post),
            };
            let file = File {
                read: Arc::clone(post),
                settled: known_as,
                visibility: post.visibility(now),
                is_known,
                doubt: remark.map(|remark| Box::new(Doubt { heir_of, remark })),
            };
            let file = self.dressed(file, config, now);
            self.files.insert(file);
        }
        // who lost its post to nobody leaves it a stray
        for id in loose {
            self.moved.remove(&id);
            self.is_past_stale |= self.strays.insert(id);
        }
    }

    /// Finds out which strays lay last where one of `changed` lies, and no post in `loose` did; of several it is the one that is
    /// awaited, or went last.
    fn find_strays_at<'a>(&self, changed: &[&'a Arc<Post>], loose: &HashSet<Id>, at: &mut HashMap<&'a str, Id>) {
        if self.strays.is_empty() {
            return;
        }
        let strangers: HashSet<&str> = changed.iter().map(|post| post.source().as_str()).collect();
        let until = |id: &Id| {
            let record = self.posts.get(id)?;
            Some(record.withdrawn.unwrap_or(Timestamp::MAX))
        };
        for id in &self.strays {
            let path = self.posts.source(id).and_then(|path| strangers.get(path.as_str()));
            let Some(path) = path else { continue };
            let is_later = |other: &Id| !loose.contains(other) && until(other) <= until(id);
            if at.get(path).is_none_or(is_later) {
                at.insert(path, Arc::clone(id));
            }
        }
    }

    /// Has the post with this id be the file at `path`, where it may have been another one, and `has_other` says whether that has it still.
    fn lodge(&mut self, id: &Id, path: &Utf8Path, has_other: bool, settled: &mut Settled) {
        if let Some(before) = self.place(id).filter(|before| has_other && *before != path) {
            let before = before.to_owned();
            self.touched.insert(before.clone());
            self.supplanted.insert(before);
        }
        let Some(source) = self.posts.source(id) else { return };
        if path == source {
            self.moved.remove(id);
        } else {
            settled.moved.push((path.to_owned(), source.to_owned()));
            self.moved.insert(Arc::clone(id), path.to_owned());
            self.is_past_stale = true;
        }
    }

    /// Gives the post in the file at `path` what the world knows of it, and notes what is new of it.
    fn dress(&mut self, path: &Utf8Path, config: &Config, now: Timestamp) {
        if let Some(file) = self.files.take(path.as_str()) {
            let file = self.dressed(file, config, now);
            self.files.insert(file);
        }
    }

    /// `file` with what the world knows of its post, and notes what is new of that.
    fn dressed(&mut self, mut file: File, config: &Config, now: Timestamp) -> File {
        let Some(id) = file.id() else {
            file.visibility = file.read.visibility(now);
            // a new post is told of from now on; what was there before the ledger was is none
            let is_new = now > self.site.since && file.is_out();
            if is_new && file.settled.told.is_none() {
                let mut post = Post::clone(&file.read);
                post.told = Some(now.into());
                file.settled = Arc::new(post);
            }
            return file;
        };
        let Some(record) = self.posts.get(id) else { return file };
        let read = Arc::clone(&file.read);
        let post = dated(&read, &record, now);
        file.visibility = post.visibility(now);
        let before = Fate::of(&record);
        let fate = before
            .with_date(&record, &file)
            .with_content(&file, config, now)
            .in_lists(&file, now);
        match known_to_the_world(post, &record, &fate, &self.site, config) {
            Cow::Borrowed(_) => file.settled = read,
            Cow::Owned(settled) if *file.settled != settled => file.settled = Arc::new(settled),
            Cow::Owned(_) => {}
        }
        let is_elsewhere = *file.settled.address() != *record.address;
        if is_elsewhere {
            self.moving.insert(record.id.as_str().into());
        } else {
            self.moving.remove(record.id.as_str());
        }
        self.is_past_stale |= is_elsewhere;
        if fate != before {
            let is_withdrawal = fate.withdrawn != before.withdrawn;
            self.changes.is_urgent |= is_withdrawal;
            self.is_past_stale |= is_withdrawal;
            let record = fate.noted_in(record.into_owned());
            self.tell_of(&record);
            self.changes.posts.insert(record.id.as_str().into());
            self.posts.insert(record);
        }
        file
    }
}
