//! What is taken over from an old feed: ids and addresses, for each post; and what of that is to be remembered.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use url::Url;

use super::matching::{Match, Matching};
use super::{OldFeed, OldItem, address};
use crate::config::Config;
use crate::identity::{FormerAddress, PostRecord, Record};
use crate::post::{Origin, Post, atom_id_for};
use crate::render::Format;
use crate::time::{Moment, Timestamp};

/// What one post takes over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// The post's file, relative to the posts folder.
    pub source: Utf8PathBuf,
    /// The id that readers know it by.
    pub id: String,
    /// Whether an Atom feed has that id.
    pub is_in_atom: bool,
    /// Paths on the old site that should lead to it, not percent-encoded.
    pub urls: Vec<String>,
    /// When the old site published it.
    pub published: Option<Timestamp>,
    /// When the old site last changed it.
    pub updated: Option<Timestamp>,
}

/// Whose id a matched post has in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The old item's: nothing appears new.
    Adopted,
    /// Another one, which its file says. It stands.
    InFile(String),
    /// Another one, which it took over from a feed before this one. It stands.
    Before(String),
}

/// What is taken over from several feeds, and what each match came to.
#[derive(Debug, Default)]
pub struct Settled {
    /// What each post takes over, ordered by file.
    pub adoptions: Vec<Adoption>,
    /// For each feed, in the order of its matches.
    pub verdicts: Vec<Vec<Verdict>>,
}

/// Settles what `posts` (with the ids of the ledger) take over from `feeds`, of which the first has the first word.
#[must_use]
pub fn settled(feeds: &[(&OldFeed, &Matching)], posts: &[Arc<Post>], known: &Known, config: &Config) -> Settled {
    let mut adoptions: BTreeMap<&Utf8Path, Adoption> = BTreeMap::new();
    let mut settled = Settled::default();
    for (feed, matching) in feeds {
        let sites = OwnSites::of(feed, config);
        let verdicts = matching.matched.iter().map(|Match { item, post, .. }| {
            let verdict = match adoptions.get(post.source.as_path()) {
                Some(first) if first.id != item.id && *item.id != *post.atom_id() => Verdict::Before(first.id.clone()),
                Some(_) => Verdict::Adopted,
                None => known.verdict(item, post),
            };
            if verdict == Verdict::Adopted {
                let adoption = adoptions.entry(&post.source).or_insert_with(|| adoption(feed, item, post));
                adoption.urls.extend(item.urls.iter().filter_map(|url| sites.path(url)));
            }
            verdict
        });
        settled.verdicts.push(verdicts.collect());
    }
    settled.adoptions = adoptions.into_values().collect();
    keep_clear_paths(&mut settled.adoptions, posts);
    settled
}

fn adoption(feed: &OldFeed, item: &OldItem, post: &Post) -> Adoption {
    Adoption {
        source: post.source.clone(),
        // its own Atom feed may be the old one
        id: if *item.id == *post.atom_id() {
            post.id.clone()
        } else {
            item.id.clone()
        },
        is_in_atom: feed.format == Format::Atom,
        urls: Vec::new(),
        published: item.published.map(Moment::timestamp),
        updated: item.updated.map(Moment::timestamp),
    }
}

/// Leaves the paths that lead to one post alone and are no post's own address already.
fn keep_clear_paths(adoptions: &mut [Adoption], posts: &[Arc<Post>]) {
    let addresses: HashSet<&str> = posts.iter().map(|post| post.address.as_str()).collect();
    let mut claims: HashMap<String, usize> = HashMap::new();
    for adoption in &mut *adoptions {
        let urls: BTreeSet<String> = adoption.urls.drain(..).collect();
        adoption.urls = urls.into_iter().filter(|path| !addresses.contains(path.as_str())).collect();
        for path in &adoption.urls {
            *claims.entry(path.clone()).or_default() += 1;
        }
    }
    for adoption in adoptions {
        adoption.urls.retain(|path| claims.get(path) == Some(&1));
    }
}

/// Sites whose paths may be asked for here: this one's own, and the old one's, once its name leads here.
struct OwnSites<'a> {
    base: Option<&'a Url>,
    hosts: BTreeSet<String>,
}

impl<'a> OwnSites<'a> {
    fn of(feed: &OldFeed, config: &'a Config) -> OwnSites<'a> {
        OwnSites {
            base: config.site.base_url.as_ref(),
            hosts: address::own_hosts(feed),
        }
    }

    /// The path below this site that `url` is asked for by; `None` where it is never asked for here.
    fn path(&self, url: &Url) -> Option<String> {
        let path = address::path(url).filter(|path| path.len() > 1)?;
        let host = address::host(url)?;
        match self.base {
            Some(base) if address::host(base) == Some(host) => {
                let below = path.strip_prefix(base.path().trim_end_matches('/'))?;
                (below.len() > 1 && below.starts_with('/')).then(|| below.to_owned())
            }
            _ => self.hosts.contains(host).then_some(path),
        }
    }
}

/// What is remembered of posts from before.
#[derive(Debug)]
pub struct Known {
    posts: Vec<PostRecord>,
    /// How ids begin that were made here, and so say nothing that an old feed should not overrule (RFC 4151).
    minted: Vec<String>,
    /// What ids are made of now.
    authority: String,
}

impl Known {
    /// What `records` say of posts that are published as `config` says.
    #[must_use]
    pub fn new(records: Vec<Record>, config: &Config) -> Known {
        let mut known = Known {
            posts: Vec::new(),
            minted: ["localhost", config.authority()].map(minted_by).into(),
            authority: config.authority().to_owned(),
        };
        for record in records {
            match record {
                Record::Post(post) => known.posts.push(*post),
                Record::Site(site) => {
                    if let Some(host) = site.identity.as_ref().and_then(Url::host_str) {
                        known.minted.push(minted_by(host));
                        host.clone_into(&mut known.authority);
                    }
                }
                Record::Document(_) => {}
            }
        }
        known
    }

    fn by_source(&self) -> HashMap<&Utf8Path, &PostRecord> {
        self.posts.iter().map(|record| (record.source.as_path(), record)).collect()
    }

    fn by_id(&self) -> HashMap<&str, &PostRecord> {
        self.posts.iter().map(|record| (record.id.as_str(), record)).collect()
    }

    /// The id in Atom of a post that takes over the id in `adoption`, where that is no IRI. Readers of an old Atom feed have it as it is;
    /// else it is made when the post is first served, or now where it was served before.
    fn atom_id(&self, adoption: &Adoption, was_served: bool) -> Option<String> {
        let made = atom_id_for(&adoption.id, &self.authority)?;
        if adoption.is_in_atom {
            Some(adoption.id.clone())
        } else {
            was_served.then_some(made)
        }
    }

    /// Whose id `post` has once it was found to be `item`.
    fn verdict(&self, item: &OldItem, post: &Post) -> Verdict {
        let is_minted = self.minted.iter().any(|beginning| post.id.starts_with(beginning));
        if *item.id == post.id || *item.id == *post.atom_id() {
            Verdict::Adopted
        } else if says_id(post) {
            Verdict::InFile(post.id.clone())
        } else if is_minted {
            Verdict::Adopted
        } else {
            Verdict::Before(post.id.clone())
        }
    }
}

fn minted_by(authority: &str) -> String {
    format!("tag:{authority},")
}

fn says_id(post: &Post) -> bool {
    matches!(post.origins.id, Origin::Field(_))
}

/// What is to be remembered, and what no longer.
#[derive(Debug, Default, PartialEq)]
pub struct Changes {
    /// Records to keep.
    pub put: Vec<PostRecord>,
    /// Ids to forget: posts that were served here under an id of feedmill's own before.
    pub forget: Vec<String>,
}

/// What `adoptions` change in what is `known` of `posts`; nothing where all of it is known already.
#[must_use]
pub fn changes(adoptions: &[Adoption], posts: &[Arc<Post>], known: &Known, now: Timestamp) -> Changes {
    let (by_id, by_source) = (known.by_id(), known.by_source());
    let by_path: HashMap<&Utf8Path, &Arc<Post>> = posts.iter().map(|post| (post.source.as_path(), post)).collect();
    let mut changes = Changes::default();
    for adoption in adoptions {
        let Some(post) = by_path.get(adoption.source.as_path()) else {
            continue;
        };
        let record = match (by_id.get(adoption.id.as_str()), by_source.get(adoption.source.as_path())) {
            (Some(record), _) => (*record).clone(),
            (None, Some(record)) => {
                changes.forget.push(record.id.clone());
                PostRecord {
                    id: adoption.id.clone(),
                    atom_id: known.atom_id(adoption, true),
                    ..(*record).clone()
                }
            }
            (None, None) => PostRecord {
                atom_id: known.atom_id(adoption, false),
                ..new_record(adoption, post, now)
            },
        };
        let record = with_paths(record, &adoption.urls, now);
        if by_id.get(adoption.id.as_str()) != Some(&&record) {
            changes.put.push(record);
        }
    }
    changes
}

/// `record`, remembering that `paths` led to its post as well.
fn with_paths(mut record: PostRecord, paths: &[String], now: Timestamp) -> PostRecord {
    for path in paths {
        let is_known = record.earlier.iter().any(|former| former.address == *path);
        if *path != record.address && !is_known {
            record.earlier.push(FormerAddress {
                address: path.clone(),
                until: now,
            });
        }
    }
    record
}

fn new_record(adoption: &Adoption, post: &Post, now: Timestamp) -> PostRecord {
    let first_served = adoption.published.unwrap_or(now);
    let is_dated = post.origins.date != Origin::FileTime;
    let published = adoption.published.map(Moment::utc).filter(|_| !is_dated);
    PostRecord {
        id: adoption.id.clone(),
        source: adoption.source.clone(),
        // where the file does not say when it is from, the old feed does
        date: published.unwrap_or(post.date),
        is_dated,
        changed: adoption.updated.filter(|&updated| updated > first_served),
        content: None,
        file: None,
        updated: None,
        ..PostRecord::of(post, first_served)
    }
}
