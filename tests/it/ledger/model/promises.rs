//! The promises made to readers, and whether they hold.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use feedmill::post::Post;
use feedmill::time::{Moment, Timestamp};

use super::manuscript::{Manuscript, Status};
use super::world::World;

/// The reason if a check fails.
type Checked = Result<(), String>;

macro_rules! holds {
    ($condition:expr, $($why:tt)+) => {
        if !$condition {
            return Err(format!($($why)+));
        }
    };
}

/// What readers know about one post.
#[derive(Clone, Debug, Default)]
struct Promise {
    addresses: BTreeSet<String>,
    /// The last `updated` of its entry.
    updated: Option<Timestamp>,
    /// When it was withdrawn, by its last tombstone.
    gone: Option<Timestamp>,
    /// Whether its entry was there at the last check.
    is_out: bool,
    /// Its date, if its file has none.
    date: Option<Moment>,
    /// The number of the post that has it.
    number: usize,
    /// When it was last readable.
    seen: Option<Timestamp>,
    /// When it was last listed: from then on it is announced as withdrawn for a while.
    listed: Option<Timestamp>,
}

/// What readers know.
#[derive(Default)]
pub(super) struct Promises {
    posts: BTreeMap<String, Promise>,
    /// The id of the last post at each address.
    owners: BTreeMap<String, String>,
    /// The tag of each document, unless other versions were sent without a date since, and its last date.
    documents: BTreeMap<&'static str, (Option<String>, SystemTime)>,
    updated: Option<Timestamp>,
    /// The words of titles and texts that were ever public.
    words: BTreeSet<String>,
}

/// The allowed effects of a step, besides those of every step.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// The posts that were changed for readers.
    pub(super) edited: Vec<usize>,
    /// The posts whose edit must be announced.
    pub(super) must_tell: Vec<usize>,
    /// Whether the ledger is lost.
    pub(super) is_forgotten: bool,
    /// Whether the latest changes are lost.
    pub(super) is_crashed: bool,
    /// Whether other documents were served meanwhile.
    pub(super) is_interrupted: bool,
}

impl Promises {
    /// Whether a post was ever served under `id`.
    pub(super) fn was_served(&self, id: &str) -> bool {
        self.posts.contains_key(id)
    }

    /// What is promised after a step whose effects were `effects`.
    pub(super) fn check(&mut self, world: &World, manuscripts: &mut [Manuscript], effects: &Effects) -> Checked {
        if effects.is_forgotten {
            let words = std::mem::take(&mut self.words);
            *self = Promises {
                words,
                ..Promises::default()
            };
        }
        self.check_ids(world, manuscripts)?;
        self.check_entries(world, manuscripts, effects)?;
        self.check_documents(world, effects)?;
        self.check_addresses(world, manuscripts)?;
        self.check_secrets(world, manuscripts)
    }

    /// Checks that every readable post has the same id as before.
    fn check_ids(&mut self, world: &World, manuscripts: &mut [Manuscript]) -> Checked {
        let mut taken = BTreeSet::new();
        for at in 0..manuscripts.len() {
            let manuscript = &manuscripts[at];
            let Some(post) = shown(world, manuscript) else {
                let is_hidden = manuscript.standing == Status::Draft || manuscript.is_over(world.built);
                let was_out = manuscript.id.is_some() && manuscript.date.is_some() && manuscript.date == manuscript.is_out_from;
                let is_taken_back = manuscript.is_there && !is_hidden && was_out;
                holds!(!is_taken_back, "{} was out, and a clock took it back", manuscript.path);
                continue;
            };
            let path = &manuscript.path;
            holds!(taken.insert(post.id().to_string()), "two posts have the id {}", post.id());
            if let Some(id) = &manuscript.id {
                holds!(*post.id() == **id, "{path} had the id {id} and has {}", post.id());
            }
            // the id of one post is never that of another that readers know
            let is_other = |other: &&Manuscript| other.number != at && other.had.contains(post.id());
            let is_served = manuscripts
                .iter()
                .find(is_other)
                .filter(|_| !manuscript.had.contains(post.id()));
            if let Some(other) = is_served.filter(|_| !manuscript.had.is_empty()) {
                // copies that were moved cannot be distinguished
                let is_twin = manuscript.id.is_none() && other.text == manuscript.text;
                holds!(
                    is_twin,
                    "{path}, which had {:?}, came to {}, which {} had",
                    manuscript.had,
                    post.id(),
                    other.path
                );
            }
            let before = manuscripts.iter().position(|other| other.id.as_deref() == Some(post.id()));
            if let Some(other) = before.filter(|&other| other != at).map(|other| &manuscripts[other]) {
                holds!(!other.is_there, "{path} took the id {} from {}", post.id(), other.path);
                let is_named = manuscript.written_id == other.id;
                let is_like = other.path == *path || other.slug() == manuscript.slug() || other.text == manuscript.text;
                // day and slug may generate the same id, also with the slug that it got beside another post
                let is_heir = is_named || is_like || post.id().ends_with(&format!(":{}", post.slug()));
                holds!(is_heir, "{path} came to the id {} of {}", post.id(), other.path);
            }
            if let Some(other) = before {
                manuscripts[other].id = None;
            }
            let (is_undated, id) = (manuscripts[at].date.is_none(), post.id().to_string());
            let promise = self.posts.entry(id.clone()).or_default();
            if let Some(date) = promise.date.filter(|_| is_undated && promise.number == at) {
                holds!(
                    post.date == date,
                    "the undated {id} was from {date:?} and is from {:?}",
                    post.date
                );
            }
            promise.date = is_undated.then_some(post.date);
            promise.seen = Some(world.now);
            promise.addresses.insert(post.address().to_string());
            manuscripts[at].had.insert(id.clone());
            manuscripts[at].id = Some(id);
            manuscripts[at].titles_shown = Some(manuscripts[at].titles);
            manuscripts[at].is_out_from = Some(post.date.timestamp());
        }
        Ok(())
    }

    /// Checks the entries of posts in feeds and listing, and the dates of edits and withdrawals.
    fn check_entries(&mut self, world: &World, manuscripts: &[Manuscript], effects: &Effects) -> Checked {
        let listed = manuscripts
            .iter()
            .filter(|manuscript| manuscript.standing == Status::Published);
        let listed = listed.filter_map(|manuscript| Some((shown(world, manuscript)?.id().to_string(), manuscript.number)));
        let numbers: BTreeMap<String, usize> = listed.collect();
        let expected: Vec<&String> = numbers.keys().collect();
        let atom = world.get("/atom.xml").body;
        let atom = Atom::read(&atom);
        for (format, mut ids) in [
            ("Atom", atom.entries.keys().cloned().collect::<Vec<_>>()),
            ("RSS", rss_ids(&world.get("/rss.xml").body)),
            ("JSON Feed", json_ids(&world.get("/feed.json").body, "items")),
            ("the listing", json_ids(&world.get("/api/posts?per_page=200").body, "posts")),
        ] {
            ids.sort();
            holds!(
                ids.iter().eq(expected.iter().copied()),
                "{format} has {ids:?} and not {expected:?}"
            );
        }
        holds!(atom.count == expected.len(), "an id is twice in Atom");
        for (id, promise) in &mut self.posts {
            let withdrawn_for = Timestamp::from_second(world.now.as_second() - 90 * 86_400).unwrap();
            let is_told = promise.listed.is_some_and(|listed| listed > withdrawn_for);
            match (atom.entries.get(id), atom.tombstones.get(id)) {
                (Some(_), Some(_)) => return Err(format!("{id} is there and gone")),
                (Some(&updated), None) => {
                    let before = promise.updated.unwrap_or(Timestamp::MIN);
                    holds!(updated >= before, "{id} was updated {before} and now {updated}");
                    holds!(
                        promise.gone.is_none_or(|gone| updated > gone),
                        "{id} is back and no later than it went"
                    );
                    let number = numbers[id];
                    let has_twin = |one: &Manuscript| manuscripts.iter().any(|m| m.number != one.number && m.text == one.text);
                    let is_same = promise.number == number && !has_twin(&manuscripts[number]);
                    let is_certain = is_same && !effects.is_crashed;
                    let is_quiet = promise.is_out && !effects.edited.contains(&number) && is_certain;
                    holds!(
                        !is_quiet || updated == before,
                        "{id} was updated {before}, and unedited {updated}"
                    );
                    let is_loud = promise.is_out && effects.must_tell.contains(&number) && is_certain;
                    holds!(!is_loud || updated > before, "an edit of {id} is not told");
                    *promise = Promise {
                        updated: Some(updated),
                        gone: None,
                        is_out: true,
                        number,
                        listed: Some(world.now),
                        ..promise.clone()
                    };
                }
                (None, Some(&gone)) => {
                    holds!(
                        promise.updated.is_some_and(|updated| gone >= updated),
                        "{id} went before it was updated"
                    );
                    holds!(promise.gone.is_none_or(|before| gone == before), "{id} went twice");
                    *promise = Promise {
                        gone: Some(gone),
                        is_out: false,
                        ..promise.clone()
                    };
                }
                (None, None) => {
                    holds!(!is_told, "nothing tells that {id} went");
                    promise.is_out = false;
                }
            }
        }
        let unknown = atom.tombstones.keys().find(|id| !self.posts.contains_key(*id));
        holds!(unknown.is_none(), "{unknown:?} went, and never was");
        let before = self.updated.unwrap_or(Timestamp::MIN);
        holds!(
            atom.updated >= before,
            "the feed was updated {before} and now {}",
            atom.updated
        );
        self.updated = Some(atom.updated);
        Ok(())
    }

    /// Checks that `Last-Modified` changes with the bytes, and only forward.
    fn check_documents(&mut self, world: &World, effects: &Effects) -> Checked {
        for path in ["/rss.xml", "/atom.xml", "/feed.json"] {
            let answer = world.get(path);
            let before = self.documents.remove(path);
            // a date in the future must not be sent (RFC 9110, section 8.8.2.1)
            let Some(modified) = answer.modified else {
                self.documents.extend(before.map(|(_, before)| (path, (None, before))));
                continue;
            };
            if let Some((tag, before)) = before {
                let is_as_expected = match tag {
                    Some(tag) if tag != answer.tag => modified > before,
                    Some(_) if !effects.is_interrupted => modified == before,
                    _ => modified >= before,
                };
                holds!(is_as_expected, "Last-Modified of {path} was {before:?} and is {modified:?}");
            }
            self.documents.insert(path, (Some(answer.tag), modified));
        }
        Ok(())
    }

    /// Checks that every former address redirects to its post, or answers 410.
    fn check_addresses(&mut self, world: &World, manuscripts: &[Manuscript]) -> Checked {
        let shown: BTreeMap<&str, &Post> = manuscripts
            .iter()
            .filter_map(|manuscript| shown(world, manuscript))
            .map(|post| (post.id(), post))
            .collect();
        for post in shown.values() {
            self.owners.insert(post.address().to_string(), post.id().to_string());
        }
        let standing: BTreeSet<&str> = shown.values().map(|post| post.address()).collect();
        let forgotten = Timestamp::from_second(world.now.as_second() - 90 * 86_400).unwrap();
        for (id, promise) in &self.posts {
            for address in &promise.addresses {
                let answer = world.get(address);
                let status = answer.status;
                if standing.contains(address.as_str()) {
                    holds!(status == 200, "{address} answers {status}");
                    continue;
                }
                let owner = self.owners.get(address).and_then(|id| shown.get(id.as_str()));
                // of several posts that had it, one that returned may count as the last
                let is_own = self
                    .posts
                    .values()
                    .filter(|promise| promise.addresses.contains(address))
                    .count()
                    == 1;
                match (owner, shown.contains_key(id.as_str())) {
                    (Some(post), _) if is_own => {
                        let to = answer
                            .location
                            .rsplit_once(".example")
                            .map_or(answer.location.as_str(), |(_, path)| path);
                        holds!(
                            status == 301 && *to == *post.address(),
                            "{address} of {id} answers {status} {to:?} and not {}",
                            post.address()
                        );
                    }
                    (Some(_), _) | (None, true) => holds!(matches!(status, 301 | 410), "{address} of {id} answers {status}"),
                    (None, false) if promise.listed.or(promise.seen).is_some_and(|last| last > forgotten) => {
                        holds!(matches!(status, 301 | 410), "{address} of {id}, which went, answers {status}");
                    }
                    (None, false) => holds!(matches!(status, 301 | 404 | 410), "{address} answers {status}"),
                }
            }
        }
        Ok(())
    }

    /// Checks that unpublished texts are in no document.
    fn check_secrets(&mut self, world: &World, manuscripts: &[Manuscript]) -> Checked {
        let addresses: BTreeSet<&str> = manuscripts
            .iter()
            .filter_map(|manuscript| Some(shown(world, manuscript)?.address()))
            .collect();
        let mut secrets = Vec::new();
        for manuscript in manuscripts.iter().filter(|manuscript| manuscript.is_there) {
            if shown(world, manuscript).is_some() {
                self.words.extend([manuscript.title_word(), manuscript.text_word()]);
                continue;
            }
            secrets.extend([manuscript.title_word(), manuscript.text_word()]);
            let post = world
                .site
                .post(&manuscript.path)
                .ok_or_else(|| format!("{} is not read", manuscript.path))?;
            let status = world.get(post.address()).status;
            holds!(
                addresses.contains(post.address()) || status != 200,
                "{} leaks",
                post.address()
            );
        }
        secrets.retain(|word| !self.words.contains(word));
        for path in [
            "/atom.xml",
            "/rss.xml",
            "/feed.json",
            "/api/posts?per_page=200&include=content",
            "/api/posts?since=2000-01-01T00:00:00Z&per_page=200",
            "/",
            "/sitemap.xml",
        ] {
            let body = world.get(path).body;
            let leak = secrets.iter().find(|word| body.contains(word.as_str()));
            holds!(leak.is_none(), "{leak:?} leaks in {path}");
        }
        Ok(())
    }
}

/// The readable post of `manuscript`.
pub(super) fn shown<'a>(world: &'a World, manuscript: &Manuscript) -> Option<&'a Post> {
    let post = world.site.post(&manuscript.path).filter(|_| manuscript.is_there)?;
    let date = manuscript.date.unwrap_or(post.date.timestamp());
    let is_due = date <= world.built || post.is_out_already;
    (manuscript.standing != Status::Draft && is_due && !manuscript.is_over(world.built)).then_some(post)
}

struct Atom {
    updated: Timestamp,
    count: usize,
    entries: BTreeMap<String, Timestamp>,
    tombstones: BTreeMap<String, Timestamp>,
}

impl Atom {
    fn read(xml: &str) -> Atom {
        let document = roxmltree::Document::parse(xml).unwrap();
        let feed = document.root_element();
        let text = |node: roxmltree::Node, name: &str| {
            let child = node.children().find(|child| child.has_tag_name((ATOM, name)));
            child.and_then(|child| child.text()).unwrap().to_owned()
        };
        let entries = feed.children().filter(|node| node.has_tag_name((ATOM, "entry")));
        let tombstones = feed
            .children()
            .filter(|node| node.has_tag_name((TOMBSTONES, "deleted-entry")));
        let entries: Vec<(String, Timestamp)> = entries
            .map(|entry| (text(entry, "id"), text(entry, "updated").parse().unwrap()))
            .collect();
        let tombstones = tombstones.map(|node| {
            let attribute = |name| node.attribute(name).unwrap();
            (attribute("ref").to_owned(), attribute("when").parse().unwrap())
        });
        Atom {
            updated: text(feed, "updated").parse().unwrap(),
            count: entries.len(),
            tombstones: tombstones.collect(),
            entries: entries.into_iter().collect(),
        }
    }
}

const ATOM: &str = "http://www.w3.org/2005/Atom";
const TOMBSTONES: &str = "http://purl.org/atompub/tombstones/1.0";

fn rss_ids(xml: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(xml).unwrap();
    let guids = document.descendants().filter(|node| node.has_tag_name("guid"));
    guids.map(|guid| guid.text().unwrap().to_owned()).collect()
}

fn json_ids(json: &str, list: &str) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    let items = value[list].as_array().unwrap().iter();
    items.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}
