//! The posts of the folder as the world knows them.

pub(super) mod match_posts;
mod publication_state;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use self::publication_state::{PublicationState, dated, known_to_the_world};
use super::files::File;
use super::record::{PostRecord, SiteRecord};
use super::{Id, Registry, place_of};
use crate::config::Config;
use crate::diagnostic::{Diagnostic, Severity};
use crate::post::{Changes, Post, Visibility, atom_id_for};
use crate::time::Timestamp;

/// What is not as its author may think.
#[derive(Debug)]
pub(super) struct MatchWarning {
    /// The remembered post whose place the post takes although it is another.
    pub(super) heir_of: Option<Id>,
    pub(super) remark: Diagnostic,
}

impl File {
    /// Gives its post what the world knows of it by `record`, and what comes of that.
    fn dress(&mut self, record: &PostRecord, site: &SiteRecord, config: &Config, now: Timestamp) -> PublicationState {
        let read = Arc::clone(&self.read);
        let post = dated(&read, record, now);
        self.visibility = post.visibility(now);
        let state = PublicationState::of(record)
            .with_date(record, self)
            .with_content(self, config, now)
            .in_lists(self, now);
        match known_to_the_world(post, record, &state, site, config) {
            Cow::Borrowed(_) => self.settled = read,
            Cow::Owned(settled) if *self.settled != settled => self.settled = Arc::new(settled),
            Cow::Owned(_) => {}
        }
        state
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

impl Settled {
    /// Takes in the post of `file`.
    fn take(&mut self, file: &File) {
        self.changes.posts.push(Arc::clone(&file.settled));
        if !file.is_known {
            self.newcomers.insert(file.read.source().to_path_buf());
        }
    }
}

/// A post that readers had, and that went from the lists because of what its file says.
#[derive(Clone, Debug, PartialEq)]
pub struct Withdrawal {
    /// The post, as it is now.
    pub post: Arc<Post>,
    /// Why it is in no list.
    pub visibility: Visibility,
    /// Whether its file is as it was when readers had it, so that nothing but how it is read is new.
    pub is_untouched: bool,
}

impl Withdrawal {
    /// Why readers do not have it any more, in words after "it": with what says so, where that is in the file.
    #[must_use]
    pub fn why(&self) -> String {
        let origin = &self.post.alike.origins.standing;
        match self.visibility {
            Visibility::Draft | Visibility::Private => format!("{} ({origin})", self.visibility.in_words()),
            other => other.in_words().to_owned(),
        }
    }

    fn of(file: &File, record: &PostRecord) -> Withdrawal {
        Withdrawal {
            post: Arc::clone(&file.settled),
            visibility: file.visibility,
            is_untouched: *record.source == *file.read.source() && record.is_of_file(&file.read),
        }
    }
}

/// What is known of the files of posts that cannot be read.
pub struct Whereabouts<'a> {
    /// Files that are not there, but not long enough to be believed gone.
    pub missing: &'a BTreeSet<Utf8PathBuf>,
    /// Whether there is a file that cannot be read, or not yet.
    pub is_there: &'a dyn Fn(&Utf8Path) -> bool,
}

impl Registry {
    /// The posts in the folder's files as the world knows them at `now`, after `changes`: those that changed, and those of which the
    /// ledger came to know something else. Posts that are due to appear or go count as changed.
    pub fn assign(&mut self, changes: &Changes, whereabouts: &Whereabouts, config: &Config, now: Timestamp) -> Settled {
        if changes.are_all {
            self.find_lost();
        }
        let mut settled = Settled::default();
        let mut concerned = std::mem::take(&mut self.touched);
        concerned.extend(self.resolve_id_clashes(config, now, &mut settled));
        for path in self.gone(changes) {
            self.forget_file(&path);
            concerned.insert(path);
        }
        if self.is_new {
            self.site.since = now;
        }
        let back = self.returned(whereabouts);
        let given = changes.posts.iter();
        let (known, others): (Vec<&Arc<Post>>, Vec<&Arc<Post>>) = given.partition(|post| self.is_known(post, whereabouts));
        let strangers = in_order(others, &back);
        self.match_files(&strangers, whereabouts, config, now, &mut settled);
        concerned.append(&mut self.touched);
        concerned.extend(known.iter().map(|post| post.source().to_path_buf()));
        // those who were met are in it already
        concerned.retain(|path| place_of(path, &strangers).is_none());
        for path in concerned {
            match self.settled(&path, config, now) {
                Some(file) => settled.take(file),
                None => settled.changes.gone.push(path),
            }
        }
        settled.changes.posts.sort_by(|a, b| a.by_source(b));
        if changes.are_all {
            settled.changes = Changes::all(settled.changes.posts);
        }
        settled
    }

    /// The file at `path` with the post in it as the world knows it.
    fn settled(&mut self, path: &Utf8Path, config: &Config, now: Timestamp) -> Option<&File> {
        let file = self.files.get(path.as_str())?;
        // its file is not there any more, and another one has turned out to be it
        if file.id().is_some_and(|id| !self.is_at(id, path)) {
            return None;
        }
        if file.settled.visibility(now) != file.visibility {
            self.dress(path, config, now);
        }
        self.files.get(path.as_str())
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
        file.id().is_none_or(|id| self.is_at(id, path)) || whereabouts.missing.contains(path)
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
        let known = self.files.iter().map(|file| file.read.source());
        let gone = known.filter(|path| place_of(path, &changes.posts).is_none());
        gone.map(Utf8Path::to_path_buf).collect()
    }

    /// Lets go of the file at `path`: the post stays, and is a stray.
    fn forget_file(&mut self, path: &Utf8Path) {
        self.doubts.remove(path);
        if let Some(id) = self.take_held(path) {
            self.lose(id);
        }
    }

    /// Takes out the file at `path`; the post that it was, if it was one, and no other file has turned out to be that since.
    fn take_held(&mut self, path: &Utf8Path) -> Option<Id> {
        let file = self.files.take(path.as_str())?;
        self.unfit_for_atom.remove(path);
        file.id().filter(|id| self.is_at(id, path)).map(Id::from)
    }

    /// Notes whether readers have the post that `file` is, and cannot read it because it is held back.
    pub(super) fn note_waiting(&mut self, file: &File, is_withdrawn: bool) {
        let Some(id) = file.id() else { return };
        self.is_past_stale |= if file.visibility == Visibility::Held && !is_withdrawn {
            self.waiting.insert(id.into())
        } else {
            self.waiting.remove(id)
        };
    }

    /// The files of the posts that readers have and cannot read, because what is in them now is not understood.
    pub fn waiting(&self) -> impl Iterator<Item = &Utf8Path> {
        let files = self.waiting.iter().filter_map(|id| self.file(id));
        files
            .filter(|file| file.visibility == Visibility::Held)
            .map(|file| file.read.source())
    }

    /// The posts that went from the lists because of what their files say, since this was last asked.
    pub fn take_withdrawals(&mut self) -> Vec<Withdrawal> {
        std::mem::take(&mut self.withdrawals)
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
        let before = PublicationState::of(&record);
        let state = file.dress(&record, &self.site, config, now);
        match unfit_for_atom(&file, config) {
            Some(remark) => self.unfit_for_atom.insert(file.read.source().to_owned(), remark),
            None => self.unfit_for_atom.remove(file.read.source()),
        };
        let is_elsewhere = *file.settled.address() != *record.address;
        let was_moving = if is_elsewhere {
            !self.moving.insert(record.id.as_str().into())
        } else {
            self.moving.remove(record.id.as_str())
        };
        self.is_past_stale |= is_elsewhere || was_moving;
        if before.withdrawn.is_none() && state.withdrawn.is_some() {
            self.withdrawals.push(Withdrawal::of(&file, &record));
        }
        if state != before {
            let is_withdrawal = state.withdrawn != before.withdrawn;
            self.changes.is_urgent |= is_withdrawal;
            self.is_past_stale |= is_withdrawal;
            let record = state.noted_in(record.into_owned(), &file);
            self.tell_of(&record);
            self.changes.posts.insert(record.id.as_str().into());
            self.posts.insert(record);
        }
        self.note_waiting(&file, state.withdrawn.is_some());
        file
    }
}

/// What the author of the post in `file` should know if Atom has its id although that is no IRI: it was served so before this was looked
/// after, and an id never changes by itself.
pub(super) fn unfit_for_atom(file: &File, config: &Config) -> Option<Diagnostic> {
    let (read, post) = (&file.read, &file.settled);
    let is_made_for_atom = post.rare.atom_id.is_some();
    // reading says of the file's own id whether it is an IRI
    let is_known_to_be_fit = read.rare.atom_id.is_none() && *read.id() == *post.id();
    if is_made_for_atom || is_known_to_be_fit || !file.is_out() || !post.in_feeds {
        return None;
    }
    let id = post.id();
    let fit = atom_id_for(id, config.authority())?;
    let message =
        format!("Atom has the id `{id}`, which is no IRI (RFC 4287, section 4.2.6), because readers know the post by it");
    let mend = format!("leave it as it is, or write `id: \"{fit}\"`: then all readers see the post as a new one");
    Some(Diagnostic::new(Severity::Warning, "atom-id", read.source(), message).mend(mend))
}

/// `posts` and those that are `back`, ordered by path; of one that is both the one that was read now.
fn in_order<'a>(mut posts: Vec<&'a Arc<Post>>, back: &'a [Arc<Post>]) -> Vec<&'a Arc<Post>> {
    if !back.is_empty() {
        let all = back.iter().chain(posts).map(|post| (post.source(), post));
        posts = all.collect::<BTreeMap<_, _>>().into_values().collect();
    }
    posts
}
