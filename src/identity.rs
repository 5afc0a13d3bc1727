//! The ledger: which post a file is, whatever its name, and what readers were told of it. Files cannot say either.
//!
//! The [`Registry`] reads no clock and no disk. Its caller stores the changes that it returns, and passes it all records at the next
//! start.
//!
//! `matching` finds the known post of a file. [`Registry::assign`] then gives the post the id, the date and the address that readers
//! know. When a site is built, [`Registry::record_published`] records what it shows. [`History`] is what the registry knows of posts that
//! moved or were withdrawn.

mod assigning;
mod files;
mod history;
mod matching;
mod noting;
pub mod record;
mod remembered;
mod unmatched;

use std::borrow::{Borrow, Cow};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::SignedDuration;

use self::assigning::MatchWarning;
pub use self::assigning::{Settled, Whereabouts, Withdrawal};
use self::files::{File, Files};
pub use self::history::{Departure, FormerOwner, History, MOST_DEPARTURES};
pub use self::record::{Digest, DocumentRecord, Fingerprint, Former, Likeness, PostRecord, Record, SiteRecord};
use self::remembered::Remembered;
use self::unmatched::UnmatchedPosts;
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::post::Post;
use crate::source_file::by_parts;
use crate::time::Timestamp;

type Id = Arc<str>;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// What is remembered of all posts, and which file is which of them.
#[derive(Debug)]
pub struct Registry {
    site: SiteRecord,
    posts: Remembered,
    /// The files that are there.
    files: Files,
    /// The posts that no file is. Every other is the file that it was last in, or one of `moved`.
    unmatched: UnmatchedPosts,
    /// The files of posts that are in another one than what is remembered of them says, until that is noted.
    moved: HashMap<Id, Utf8PathBuf>,
    /// The files that another one was taken for.
    supplanted: BTreeSet<Utf8PathBuf>,
    /// The files of whose posts something else is known than when they were last settled.
    touched: BTreeSet<Utf8PathBuf>,
    /// The files of new posts that a clash brought to the id of a stray: from the next settling on they are that one.
    clashed: BTreeMap<Utf8PathBuf, Id>,
    /// What is not as an author may think, by the file.
    doubts: BTreeMap<Utf8PathBuf, MatchWarning>,
    /// What is to be said of ids that Atom has although they are no IRIs, by the file.
    unfit_for_atom: BTreeMap<Utf8PathBuf, Diagnostic>,
    /// The posts that may have another address by now than the one they were published at.
    moving: BTreeSet<Id>,
    /// The posts that readers have, and whose files are not understood as they are now.
    waiting: BTreeSet<Id>,
    /// The posts that went from the lists because of what their files say, until somebody asks.
    withdrawals: Vec<Withdrawal>,
    /// The posts of which the past tells.
    told: BTreeSet<Id>,
    past: Arc<History>,
    is_past_stale: bool,
    /// Whether a post was noted at an address that nobody knew it would have, so that the site does not know that it left its own.
    has_displaced: bool,
    /// Whether it has not noted anything yet, and was not handed anything.
    is_new: bool,
    /// What is to be kept and was not handed out yet.
    changes: Changes,
}

/// Records that are others than before.
#[derive(Debug, Default)]
struct Changes {
    /// The posts, by id.
    posts: BTreeSet<Id>,
    site: bool,
    /// Whether a crash before they are kept could break a promise.
    is_urgent: bool,
}

impl Registry {
    /// A ledger that remembers nothing from before `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Registry {
        Registry::remembering(Vec::new(), now)
    }

    /// The ledger that these records make; where none is about the site, it begins at `now`.
    #[must_use]
    pub fn remembering(records: Vec<Record>, now: Timestamp) -> Registry {
        let mut ledger = Registry {
            site: SiteRecord {
                since: now,
                identity: None,
            },
            posts: Remembered::default(),
            files: Files::default(),
            unmatched: UnmatchedPosts::default(),
            moved: HashMap::new(),
            supplanted: BTreeSet::new(),
            touched: BTreeSet::new(),
            clashed: BTreeMap::new(),
            doubts: BTreeMap::new(),
            unfit_for_atom: BTreeMap::new(),
            moving: BTreeSet::new(),
            waiting: BTreeSet::new(),
            withdrawals: Vec::new(),
            told: BTreeSet::new(),
            past: Arc::new(History::none(now)),
            is_past_stale: true,
            has_displaced: false,
            is_new: true,
            changes: Changes {
                site: true,
                ..Changes::default()
            },
        };
        ledger.add(records);
        ledger
    }

    /// Takes in `records` of posts that nothing is known of yet, and of the site.
    pub fn add(&mut self, records: Vec<Record>) {
        self.posts.reserve(records.len());
        let (mut awaited, mut withdrawn) = (Vec::with_capacity(records.len()), Vec::new());
        for record in records {
            match record {
                Record::Site(site) => {
                    self.changes.site = false;
                    self.is_new = false;
                    self.site = site;
                }
                Record::Post(post) => {
                    let id: Id = post.id.as_str().into();
                    let is_told = post.is_told_of();
                    let unmatched = match post.withdrawn {
                        Some(_) => &mut withdrawn,
                        None => &mut awaited,
                    };
                    if self.posts.add(post) {
                        if is_told {
                            self.told.insert(Arc::clone(&id));
                        }
                        unmatched.push(id);
                    }
                }
                Record::Document(_) => {}
            }
        }
        self.unmatched.add(awaited, withdrawn);
        self.is_past_stale = true;
    }

    fn tell_of(&mut self, post: &PostRecord) {
        if post.is_told_of() {
            self.told.insert(post.id.as_str().into());
        }
    }

    /// The file that the post with this id is in, or was in last.
    fn place(&self, id: &str) -> Option<&Utf8Path> {
        let moved = self.moved.get(id).map(Utf8PathBuf::as_path);
        moved.or_else(|| self.posts.source(id))
    }

    /// Whether the post with this id is the file at `path`.
    fn is_at(&self, id: &str, path: &Utf8Path) -> bool {
        self.place(id).is_some_and(|place| place.as_str() == path.as_str()) && !self.unmatched.contains(id)
    }

    /// The file that the post with this id is.
    fn file(&self, id: &str) -> Option<&File> {
        let place = self.place(id).filter(|_| !self.unmatched.contains(id))?;
        self.files.get(place.as_str())
    }

    /// Has those posts be unmatched, too, that a fault kept from it when it broke off a settling.
    fn find_lost(&mut self) {
        // at a start all of them are
        if self.live() == 0 {
            return;
        }
        let is_lost = |id: &&str| !self.unmatched.contains(id) && self.file(id).and_then(File::id) != Some(*id);
        let lost: Vec<Id> = self.posts.ids().filter(is_lost).map(Id::from).collect();
        for id in lost {
            self.lose(id);
        }
    }

    /// Has the post with this id be a stray.
    fn lose(&mut self, id: Id) {
        self.moved.remove(&id);
        self.moving.remove(&id);
        self.waiting.remove(&id);
        self.is_past_stale |= self.unmatched.insert(id, &self.posts);
    }

    /// What is remembered of the site.
    #[must_use]
    pub fn site(&self) -> &SiteRecord {
        &self.site
    }

    /// `config` with the first address that the site was given, of which its ids are made for ever.
    pub fn identified(&mut self, config: &Arc<Config>) -> Arc<Config> {
        if self.site.identity.is_none() {
            self.site.identity = config.site.identity.clone().or_else(|| config.site.base_url.clone());
            self.changes.site |= self.site.identity.is_some();
        }
        if config.site.identity.is_some() || config.site.identity == self.site.identity {
            return Arc::clone(config);
        }
        let mut config = Config::clone(config);
        config.site.identity.clone_from(&self.site.identity);
        Arc::new(config)
    }

    /// What is remembered of the post with this id.
    #[must_use]
    pub fn post(&self, id: &str) -> Option<Cow<'_, PostRecord>> {
        self.posts.get(id)
    }

    /// All records of posts, in no order.
    pub fn posts(&self) -> impl Iterator<Item = Cow<'_, PostRecord>> {
        self.posts.records()
    }

    /// The live posts that no file is and whose file `is_there` says is not just unreadable: they have gone, if what was seen of the
    /// folder is to be believed.
    pub fn absent(&self, is_there: &dyn Fn(&Utf8Path) -> bool) -> BTreeSet<Arc<str>> {
        // where its file lay another post may be by now
        let is_gone = |path: &Utf8Path| !is_there(path) || self.files.contains(path.as_str());
        let is_absent = |id: &&Id| self.posts.source(id).is_some_and(is_gone);
        self.unmatched.awaited().filter(is_absent).cloned().collect()
    }

    /// The files in which live posts were last that no file is now, where there is no other post.
    pub fn awaited(&self) -> impl Iterator<Item = &Utf8Path> {
        let sources = self.unmatched.awaited().filter_map(|id| self.posts.source(id));
        sources.filter(|path| !self.files.contains(path.as_str()))
    }

    /// What the authors of posts should know.
    pub fn remarks(&self) -> impl Iterator<Item = &Diagnostic> {
        let doubts = self.doubts.values().map(|doubt| &doubt.remark);
        doubts.chain(self.unfit_for_atom.values())
    }

    /// How many posts are neither withdrawn nor absent.
    #[must_use]
    pub fn live(&self) -> usize {
        self.posts.len() - self.unmatched.len()
    }

    /// Notes that the posts with these ids have gone.
    pub fn withdraw(&mut self, ids: &BTreeSet<Arc<str>>, now: Timestamp) {
        for id in ids {
            let Some(record) = self.posts.get(id).filter(|record| record.withdrawn.is_none()) else {
                continue;
            };
            let record = PostRecord {
                withdrawn: Some(after_all(&record, now)),
                ..record.into_owned()
            };
            self.posts.insert(record);
            self.unmatched.withdraw(id);
            self.told.insert(Arc::clone(id));
            self.changes.posts.insert(Arc::clone(id));
            self.changes.is_urgent = true;
            self.is_past_stale = true;
        }
    }

    /// The records that are others than when this was last asked, each made when it is asked for, and whether a crash before they are
    /// kept could break a promise.
    pub fn take_changes(&mut self) -> (impl Iterator<Item = Record>, bool) {
        let Changes { posts, site, is_urgent } = std::mem::take(&mut self.changes);
        let known = &self.posts;
        let posts = posts.into_iter().filter_map(|id| Some(known.get(&id)?.into_owned()));
        let site = site.then(|| Record::Site(self.site.clone()));
        (posts.map(|post| Record::Post(Box::new(post))).chain(site), is_urgent)
    }

    /// Has everything handed out anew with the next changes, for who may have lost it.
    pub fn change_all(&mut self) {
        self.changes.posts.extend(self.posts.ids().map(Id::from));
        self.changes.site = true;
        self.changes.is_urgent = true;
    }
}

/// Which of `posts`, ordered by path, lies at `path`.
fn place_of(path: &Utf8Path, posts: &[impl Borrow<Arc<Post>>]) -> Option<usize> {
    let lies = |post: &Arc<Post>| by_parts(post.source(), path);
    posts.binary_search_by(|post| lies(post.borrow())).ok()
}

/// `now`, or the last instant that readers were told of the post in `record` if that is later (RFC 6721, section 3: what went before it
/// was changed has not gone).
fn after_all(record: &PostRecord, now: Timestamp) -> Timestamp {
    record.last_told().max(now)
}

#[cfg(test)]
mod tests;
