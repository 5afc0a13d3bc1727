//! The registry: the records of all posts, and which file each known post is.

mod assign;
mod history;
mod id_clashes;
mod match_files;
mod record_published;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use smol_str::SmolStr;

use super::history::History;
use super::known_files::{KnownFile, KnownFiles};
use super::match_warning::MatchWarning;
use super::post_records::{PostId, PostRecords};
use super::record::{PostRecord, Record, SiteRecord};
use super::unmatched_posts::UnmatchedPosts;
use super::withdrawal::Withdrawal;
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::post::Visibility;
use crate::time::Timestamp;

/// The records of all posts, and which file each known post is.
///
/// It reads no clock and no disk. Its caller stores the records that [`Registry::take_changes`] returns, and passes all stored records to
/// [`Registry::from_records`] at the next start.
#[derive(Debug)]
pub struct Registry {
    site: SiteRecord,
    pub(super) posts: PostRecords,
    /// The files with posts.
    pub(super) files: KnownFiles,
    /// The posts without a file. Every other post is in the file that its record names, or in the one in `moved`.
    pub(super) unmatched: UnmatchedPosts,
    /// The files of posts that are not in the file in their record, until that is recorded.
    moved: HashMap<PostId, Utf8PathBuf>,
    /// Files whose post was matched to another file.
    replaced: BTreeSet<Utf8PathBuf>,
    /// Files whose posts have to be assigned again, because more is known about them now.
    outdated: BTreeSet<Utf8PathBuf>,
    /// Files of new posts that were published under the id of a post without a file. The next assignment resolves it.
    id_clashes: BTreeMap<Utf8PathBuf, PostId>,
    /// Warnings about how files were matched.
    match_warnings: BTreeMap<Utf8PathBuf, MatchWarning>,
    /// Warnings about ids that Atom has although they are not IRIs.
    atom_id_warnings: BTreeMap<Utf8PathBuf, Diagnostic>,
    /// Warnings about posts that stay at another address than their file asks for.
    address_warnings: BTreeMap<Utf8PathBuf, Diagnostic>,
    /// Posts that may have another address now than the one in their record.
    moving: BTreeSet<PostId>,
    /// Posts that readers have, and whose files are not understood now.
    held: BTreeSet<PostId>,
    /// Posts that were withdrawn because of their files' content, until they are taken.
    withdrawals: Vec<Withdrawal>,
    /// Posts that the history contains.
    with_history: BTreeSet<PostId>,
    history: Arc<History>,
    is_history_stale: bool,
    /// Whether a post was recorded at an address that the site which shows it did not expect, so that its history lacks the former one.
    has_displaced: bool,
    /// Whether there are no records from before and nothing was recorded yet.
    is_new: bool,
    unstored: UnstoredRecords,
}

/// The records that have to be stored.
#[derive(Debug, Default)]
struct UnstoredRecords {
    posts: BTreeSet<PostId>,
    site: bool,
    /// Whether an id, address or removal would be lost in a crash before they are stored.
    is_urgent: bool,
}

impl Registry {
    /// An empty registry, which records from `now` on.
    #[must_use]
    pub fn new(now: Timestamp) -> Registry {
        Registry::from_records(Vec::new(), now)
    }

    /// The registry with these records. If none is about the site, it records from `now` on.
    #[must_use]
    pub fn from_records(records: Vec<Record>, now: Timestamp) -> Registry {
        let mut registry = Registry {
            site: SiteRecord {
                since: now,
                identity: None,
            },
            posts: PostRecords::default(),
            files: KnownFiles::default(),
            unmatched: UnmatchedPosts::default(),
            moved: HashMap::new(),
            replaced: BTreeSet::new(),
            outdated: BTreeSet::new(),
            id_clashes: BTreeMap::new(),
            match_warnings: BTreeMap::new(),
            atom_id_warnings: BTreeMap::new(),
            address_warnings: BTreeMap::new(),
            moving: BTreeSet::new(),
            held: BTreeSet::new(),
            withdrawals: Vec::new(),
            with_history: BTreeSet::new(),
            history: Arc::new(History::none(now)),
            is_history_stale: true,
            has_displaced: false,
            is_new: true,
            unstored: UnstoredRecords {
                site: true,
                ..UnstoredRecords::default()
            },
        };
        registry.add(records);
        registry
    }

    /// Adds the record of the site, and records of posts that have none yet.
    pub fn add(&mut self, records: Vec<Record>) {
        self.posts.reserve(records.len());
        let (mut live, mut withdrawn) = (Vec::with_capacity(records.len()), Vec::new());
        for record in records {
            match record {
                Record::Site(site) => {
                    self.unstored.site = false;
                    self.is_new = false;
                    self.site = site;
                }
                Record::Post(post) if self.posts.contains(&post.id) => {}
                Record::Post(post) => {
                    let id = post.id.clone();
                    self.add_to_history(&post);
                    match post.withdrawn {
                        Some(_) => withdrawn.push(id),
                        None => live.push(id),
                    }
                    self.posts.insert(post);
                }
                Record::Document(_) => {}
            }
        }
        self.unmatched.add(live, withdrawn);
        self.is_history_stale = true;
    }

    /// Adds the post to the history, if it belongs there.
    fn add_to_history(&mut self, post: &PostRecord) {
        if post.has_history() {
            self.with_history.insert(post.id.as_str().into());
        }
    }

    /// The path of the file that the post with this id is in, or was in last.
    pub(super) fn place(&self, id: &str) -> Option<&Utf8Path> {
        let moved = self.moved.get(id).map(Utf8PathBuf::as_path);
        moved.or_else(|| Some(&self.posts.get(id)?.source))
    }

    /// Whether the post with this id is in the file at `path`.
    fn is_at(&self, id: &str, path: &Utf8Path) -> bool {
        self.place(id).is_some_and(|place| place.as_str() == path.as_str()) && !self.unmatched.contains(id)
    }

    /// The file that the post with this id is in.
    fn file(&self, id: &str) -> Option<&KnownFile> {
        let place = self.place(id).filter(|_| !self.unmatched.contains(id))?;
        self.files.get(place.as_str())
    }

    /// The record of the site.
    #[must_use]
    pub fn site(&self) -> &SiteRecord {
        &self.site
    }

    /// `config` with the first address that was configured for the site. Ids are made from that address for ever.
    pub fn with_first_address(&mut self, config: &Arc<Config>) -> Arc<Config> {
        if self.site.identity.is_none() {
            self.site.identity = config.site.identity.clone().or_else(|| config.site.base_url.clone());
            self.unstored.site |= self.site.identity.is_some();
        }
        if config.site.identity.is_some() || config.site.identity == self.site.identity {
            return Arc::clone(config);
        }
        let mut config = Config::clone(config);
        config.site.identity.clone_from(&self.site.identity);
        Arc::new(config)
    }

    /// The record of the post with this id.
    #[must_use]
    pub fn post(&self, id: &str) -> Option<&PostRecord> {
        self.posts.get(id)
    }

    /// The records of all posts, in no order.
    pub fn posts(&self) -> impl Iterator<Item = &PostRecord> {
        self.posts.iter()
    }

    /// The ids of the posts that are gone: not withdrawn, without a file, and `is_there` does not say that their file is only unreadable.
    pub fn absent(&self, is_there: &dyn Fn(&Utf8Path) -> bool) -> BTreeSet<SmolStr> {
        // another post may be in the last file of this one
        let is_gone = |path: &Utf8Path| !is_there(path) || self.files.contains(path.as_str());
        let is_absent = |id: &&PostId| self.posts.get(id).is_some_and(|record| is_gone(&record.source));
        self.unmatched.live().filter(is_absent).cloned().collect()
    }

    /// The last files of the posts that have no file and are not withdrawn, without those that contain another post now.
    pub fn missing_files(&self) -> impl Iterator<Item = &Utf8Path> {
        let records = self.unmatched.live().filter_map(|id| self.posts.get(id));
        let files = records.map(|record| record.source.as_path());
        files.filter(|path| !self.files.contains(path.as_str()))
    }

    /// Warnings for the authors of posts.
    pub fn warnings(&self) -> impl Iterator<Item = &Diagnostic> {
        let match_warnings = self.match_warnings.values().map(|warning| &warning.diagnostic);
        match_warnings
            .chain(self.atom_id_warnings.values())
            .chain(self.address_warnings.values())
    }

    /// How many posts have a file.
    #[must_use]
    pub fn live(&self) -> usize {
        self.posts.len() - self.unmatched.len()
    }

    /// Withdraws the posts with these ids.
    pub fn withdraw(&mut self, ids: &BTreeSet<SmolStr>, now: Timestamp) {
        for id in ids {
            let Some(record) = self.posts.get_mut(id).filter(|record| record.withdrawn.is_none()) else {
                continue;
            };
            // not before the last change: otherwise readers keep the post (RFC 6721, section 3)
            record.withdrawn = Some(record.last_seen_change().max(now));
            self.unmatched.withdraw(id);
            self.with_history.insert(id.clone());
            self.unstored.posts.insert(id.clone());
            self.unstored.is_urgent = true;
            self.is_history_stale = true;
        }
    }

    /// The records that changed since this was last called, each made when it is needed, and whether they are urgent: a crash before they
    /// are stored could give a post another id or address.
    pub fn take_changes(&mut self) -> (impl Iterator<Item = Record>, bool) {
        let UnstoredRecords { posts, site, is_urgent } = std::mem::take(&mut self.unstored);
        let known = &self.posts;
        let posts = posts.into_iter().filter_map(|id| known.get(&id));
        let posts = posts.map(|post| Record::Post(Box::new(post.clone())));
        let site = site.then(|| Record::Site(self.site.clone()));
        (posts.chain(site), is_urgent)
    }

    /// Marks all records as changed, because stored ones may be lost.
    pub fn change_all(&mut self) {
        self.unstored.posts.extend(self.posts.ids().cloned());
        self.unstored.site = true;
        self.unstored.is_urgent = true;
    }

    /// The files of the posts that readers have and cannot read, because the files are not understood now.
    pub fn held_files(&self) -> impl Iterator<Item = &Utf8Path> {
        let files = self.held.iter().filter_map(|id| self.file(id));
        files
            .filter(|file| file.visibility == Visibility::Held)
            .map(|file| file.read.source.as_path())
    }

    /// The posts that were withdrawn because of their files' content since this was last called.
    pub fn take_withdrawals(&mut self) -> Vec<Withdrawal> {
        std::mem::take(&mut self.withdrawals)
    }
}
