//! The ids and addresses that posts take over from an old feed, and the resulting changes to the ledger.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use url::Url;

use super::address;
use super::feed::{OldFeed, OldItem};
use super::matching::{Match, Matching};
use crate::config::Config;
use crate::identity::{FormerAddress, PostRecord, Record};
use crate::post::{Origin, Post, atom_id_for};
use crate::render::Format;
use crate::time::{Moment, Timestamp};

/// The id and addresses that one post takes over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// The post's file, relative to the posts folder.
    pub source: Utf8PathBuf,
    /// The id that readers know.
    pub id: String,
    /// Whether an Atom feed has that id.
    pub is_in_atom: bool,
    /// Percent-decoded paths on the old site that should redirect to the post.
    pub urls: Vec<String>,
    /// When the old site published it.
    pub published: Option<Timestamp>,
    /// When the old site last changed it.
    pub updated: Option<Timestamp>,
}

/// The id that a matched post has after the import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MatchResult {
    /// The old item's id: the post does not appear new.
    Adopted,
    /// Another id, which the post's file contains. It stays.
    InFile(String),
    /// Another id, which the post took over from an earlier feed. It stays.
    Before(String),
}

/// What is taken over from several feeds, and the result of each match.
#[derive(Debug, Default)]
pub struct AdoptionPlan {
    /// The adoptions, ordered by file.
    pub adoptions: Vec<Adoption>,
    /// The results for each feed, in the order of its matches.
    pub results: Vec<Vec<MatchResult>>,
}

/// Plans what `posts`, which have the ids of the ledger, take over from `feeds`. If feeds disagree, the first one wins.
#[must_use]
pub(crate) fn plan_adoptions(
    feeds: &[(&OldFeed, &Matching)],
    posts: &[Arc<Post>],
    known: &KnownPosts,
    config: &Config,
) -> AdoptionPlan {
    let mut adoptions: BTreeMap<&Utf8Path, Adoption> = BTreeMap::new();
    let mut plan = AdoptionPlan::default();
    for (feed, matching) in feeds {
        let sites = OwnSites::new(feed, config);
        let results = matching.matched.iter().map(|Match { item, post, .. }| {
            if feed.is_list {
                // an id that is made before the site has an address would stay
                if has_own_id(post) || config.site.base_url.is_some() || known.has_file(&post.source) {
                    let adoption = adoptions.entry(&post.source).or_insert_with(|| adoption_of_addresses(post));
                    adoption.urls.extend(item.urls.iter().filter_map(|url| sites.path(url)));
                }
                return MatchResult::Adopted;
            }
            let result = match adoptions.get(post.source.as_path()) {
                Some(first) if first.id != item.id && *item.id != *post.atom_id() => MatchResult::Before(first.id.clone()),
                Some(_) => MatchResult::Adopted,
                None => known.result(item, post),
            };
            if result == MatchResult::Adopted {
                let adoption = adoptions.entry(&post.source).or_insert_with(|| adoption(feed, item, post));
                adoption.urls.extend(item.urls.iter().filter_map(|url| sites.path(url)));
            }
            result
        });
        plan.results.push(results.collect());
    }
    plan.adoptions = adoptions.into_values().collect();
    remove_ambiguous_paths(&mut plan.adoptions, posts);
    plan
}

fn adoption(feed: &OldFeed, item: &OldItem, post: &Post) -> Adoption {
    Adoption {
        source: post.source.clone(),
        // the old feed may be feedmill's own Atom feed
        id: if *item.id == *post.atom_id() {
            post.id.to_string()
        } else {
            item.id.clone()
        },
        is_in_atom: feed.format == Format::Atom,
        urls: Vec::new(),
        published: item.published.map(Moment::timestamp),
        updated: item.updated.map(Moment::timestamp),
    }
}

/// What a post takes over from a list of addresses: it keeps its id.
fn adoption_of_addresses(post: &Post) -> Adoption {
    Adoption {
        source: post.source.clone(),
        id: post.id.to_string(),
        is_in_atom: false,
        urls: Vec::new(),
        published: None,
        updated: None,
    }
}

/// Removes paths that are the address of a post, or that several posts claim.
fn remove_ambiguous_paths(adoptions: &mut [Adoption], posts: &[Arc<Post>]) {
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

/// The sites whose paths can be requested here: this one, and the old one once its host name leads here.
struct OwnSites<'a> {
    base: Option<&'a Url>,
    hosts: BTreeSet<String>,
}

impl<'a> OwnSites<'a> {
    fn new(feed: &OldFeed, config: &'a Config) -> OwnSites<'a> {
        OwnSites {
            base: config.site.base_url.as_ref(),
            hosts: address::own_hosts(feed),
        }
    }

    /// The path on this site at which `url` is requested; `None` if it is never requested here.
    fn path(&self, url: &Url) -> Option<String> {
        let path = address::decoded_path(url).filter(|path| path.len() > 1);
        let path = path.or_else(|| address::address_with_parameter(url))?;
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

/// What the ledger stores about posts.
#[derive(Debug)]
pub struct KnownPosts {
    posts: Vec<PostRecord>,
    /// The starts of ids that feedmill generated (RFC 4151). An old feed's id replaces such an id.
    generated: Vec<String>,
    /// The authority of ids that are generated now.
    authority: String,
}

impl KnownPosts {
    /// The contents of `records`.
    #[must_use]
    pub fn new(records: Vec<Record>, config: &Config) -> KnownPosts {
        let mut known = KnownPosts {
            posts: Vec::new(),
            generated: ["localhost", config.authority()].map(generated_prefix).into(),
            authority: config.authority().to_owned(),
        };
        for record in records {
            match record {
                Record::Post(post) => known.posts.push(*post),
                Record::Site(site) => {
                    if let Some(host) = site.identity.as_ref().and_then(Url::host_str) {
                        known.generated.push(generated_prefix(host));
                        host.clone_into(&mut known.authority);
                    }
                }
                Record::Document(_) => {}
            }
        }
        known
    }

    fn has_file(&self, source: &Utf8Path) -> bool {
        self.posts.iter().any(|record| record.source == source)
    }

    fn by_source(&self) -> HashMap<&Utf8Path, &PostRecord> {
        self.posts.iter().map(|record| (record.source.as_path(), record)).collect()
    }

    fn by_id(&self) -> HashMap<&str, &PostRecord> {
        self.posts.iter().map(|record| (record.id.as_str(), record)).collect()
    }

    /// The id in Atom of a post whose id in `adoption` is not an IRI. Readers of an old Atom feed have that id unchanged. Otherwise it is
    /// generated when the post is first served, or now if it was served before.
    fn atom_id(&self, adoption: &Adoption, was_served: bool) -> Option<String> {
        let made = atom_id_for(&adoption.id, &self.authority)?;
        if adoption.is_in_atom {
            Some(adoption.id.clone())
        } else {
            was_served.then_some(made)
        }
    }

    /// The id that `post` has after it was matched to `item`.
    fn result(&self, item: &OldItem, post: &Post) -> MatchResult {
        let is_generated = self.generated.iter().any(|beginning| post.id.starts_with(beginning));
        if *item.id == post.id || *item.id == *post.atom_id() {
            MatchResult::Adopted
        } else if has_own_id(post) {
            MatchResult::InFile(post.id.to_string())
        } else if is_generated {
            MatchResult::Adopted
        } else {
            MatchResult::Before(post.id.to_string())
        }
    }
}

fn generated_prefix(authority: &str) -> String {
    format!("tag:{authority},")
}

fn has_own_id(post: &Post) -> bool {
    matches!(post.origins.id, Origin::Field(_))
}

/// Changes to the ledger.
#[derive(Debug, Default, PartialEq)]
pub struct LedgerChanges {
    /// Records to store.
    pub put: Vec<PostRecord>,
    /// Ids of records to delete: posts that were served here under a generated id before.
    pub delete: Vec<String>,
}

/// The changes that `adoptions` make to the `known` records of `posts`.
#[must_use]
pub(crate) fn ledger_changes(adoptions: &[Adoption], posts: &[Arc<Post>], known: &KnownPosts, now: Timestamp) -> LedgerChanges {
    let (by_id, by_source) = (known.by_id(), known.by_source());
    let by_path: HashMap<&Utf8Path, &Arc<Post>> = posts.iter().map(|post| (post.source.as_path(), post)).collect();
    let mut changes = LedgerChanges::default();
    for adoption in adoptions {
        let Some(post) = by_path.get(adoption.source.as_path()) else {
            continue;
        };
        let record = match (by_id.get(adoption.id.as_str()), by_source.get(adoption.source.as_path())) {
            (Some(record), _) => (*record).clone(),
            (None, Some(record)) => {
                changes.delete.push(record.id.to_string());
                PostRecord {
                    id: adoption.id.as_str().into(),
                    atom_id: known.atom_id(adoption, true).map(Into::into),
                    ..(*record).clone()
                }
            }
            (None, None) => PostRecord {
                atom_id: known.atom_id(adoption, false).map(Into::into),
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

/// `record` with `paths` as former addresses of its post.
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
        id: adoption.id.as_str().into(),
        source: adoption.source.clone(),
        // the old feed's date is better than a guess
        date: published.unwrap_or(post.date),
        is_dated,
        changed: adoption.updated.filter(|&updated| updated > first_served),
        content: None,
        file: None,
        updated: None,
        ..PostRecord::of(post, first_served)
    }
}
