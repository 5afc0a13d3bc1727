//! What readers were promised, and whether it still holds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use feedmill::post::Post;
use feedmill::time::{Moment, Timestamp};

use super::harness::Harness;
use super::model_post::{ModelPost, Status};

/// The result of a check: the reason if it fails.
type Checked = Result<(), String>;

macro_rules! holds {
    ($condition:expr, $($why:tt)+) => {
        if !$condition {
            return Err(format!($($why)+));
        }
    };
}

/// What readers know of one post.
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
    /// When it was last listed. Its tombstone is shown for some time after that.
    listed: Option<Timestamp>,
}

/// What readers know.
#[derive(Default)]
pub(super) struct Promises {
    posts: BTreeMap<String, Promise>,
    /// The last owner of each address.
    owners: BTreeMap<String, String>,
    /// The tag of each document, unless another was sent without a date since, and its last date.
    documents: BTreeMap<&'static str, (Option<String>, SystemTime)>,
    updated: Option<Timestamp>,
    /// The words of titles and texts that were ever public.
    words: BTreeSet<String>,
}

/// The effects of a step on what readers see.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// The posts that were changed for readers.
    pub(super) edited: Vec<usize>,
    /// The posts whose edit readers must see.
    pub(super) must_tell: Vec<usize>,
    /// Whether all records were lost.
    pub(super) is_forgotten: bool,
    /// Whether the last records may be lost.
    pub(super) is_crashed: bool,
    /// Whether other documents were served in between.
    pub(super) is_interrupted: bool,
}

impl Promises {
    /// Whether a post was ever served under `id`.
    pub(super) fn was_served(&self, id: &str) -> bool {
        self.posts.contains_key(id)
    }

    /// Checks all promises after a step with these effects.
    pub(super) fn check(&mut self, harness: &Harness, model_posts: &mut [ModelPost], effects: &Effects) -> Checked {
        if effects.is_forgotten {
            let words = std::mem::take(&mut self.words);
            *self = Promises {
                words,
                ..Promises::default()
            };
        }
        self.check_ids(harness, model_posts)?;
        self.check_entries(harness, model_posts, effects)?;
        self.check_documents(harness, effects)?;
        self.check_addresses(harness, model_posts)?;
        self.check_secrets(harness, model_posts)
    }

    /// Every post that the harness may read has the id that it had.
    fn check_ids(&mut self, harness: &Harness, model_posts: &mut [ModelPost]) -> Checked {
        let mut taken = BTreeSet::new();
        for at in 0..model_posts.len() {
            let model_post = &model_posts[at];
            let Some(post) = shown(harness, model_post) else {
                let is_hidden = model_post.standing == Status::Draft || model_post.is_over(harness.built);
                let was_out = model_post.id.is_some() && model_post.date.is_some() && model_post.date == model_post.is_out_from;
                let is_taken_back = model_post.is_there && !is_hidden && was_out;
                holds!(!is_taken_back, "{} was out, and a clock took it back", model_post.path);
                continue;
            };
            let path = &model_post.path;
            holds!(taken.insert(post.id.clone()), "two posts have the id {}", &post.id);
            if let Some(id) = &model_post.id {
                holds!(post.id == **id, "{path} had the id {id} and has {}", &post.id);
            }
            // an id of one post is never given to another that readers know
            let is_other = |other: &&ModelPost| other.number != at && other.had.contains(post.id.as_str());
            let is_served = model_posts
                .iter()
                .find(is_other)
                .filter(|_| !model_post.had.contains(post.id.as_str()));
            if let Some(other) = is_served.filter(|_| !model_post.had.is_empty()) {
                // copies that were moved cannot be distinguished
                let is_twin = model_post.id.is_none() && other.text == model_post.text;
                holds!(
                    is_twin,
                    "{path}, which had {:?}, came to {}, which {} had",
                    model_post.had,
                    &post.id,
                    other.path
                );
            }
            let before = model_posts.iter().position(|other| other.id.as_deref() == Some(&post.id));
            if let Some(other) = before.filter(|&other| other != at).map(|other| &model_posts[other]) {
                holds!(!other.is_there, "{path} took the id {} from {}", &post.id, other.path);
                let is_named = model_post.written_id == other.id;
                let is_like = other.path == *path || other.slug() == model_post.slug() || other.text == model_post.text;
                // day and slug may give exactly this id, also a slug that was changed because of another post
                let is_explained = is_named || is_like || post.id.ends_with(&format!(":{}", &post.slug));
                holds!(is_explained, "{path} came to the id {} of {}", &post.id, other.path);
            }
            if let Some(other) = before {
                model_posts[other].id = None;
            }
            let (is_undated, id) = (model_posts[at].date.is_none(), post.id.clone());
            let promise = self.posts.entry(id.to_string()).or_default();
            if let Some(date) = promise.date.filter(|_| is_undated && promise.number == at) {
                holds!(
                    post.date == date,
                    "the undated {id} was from {date:?} and is from {:?}",
                    post.date
                );
            }
            promise.date = is_undated.then_some(post.date);
            promise.seen = Some(harness.now);
            promise.addresses.insert(post.address.to_string());
            model_posts[at].had.insert(id.to_string());
            model_posts[at].id = Some(id.to_string());
            model_posts[at].last_title_seen = Some(model_posts[at].titles);
            model_posts[at].is_out_from = Some(post.date.timestamp());
        }
        Ok(())
    }

    /// Checks the entries in feeds and in the listing, and their dates.
    fn check_entries(&mut self, harness: &Harness, model_posts: &[ModelPost], effects: &Effects) -> Checked {
        let listed = model_posts
            .iter()
            .filter(|model_post| model_post.standing == Status::Published);
        let listed = listed.filter_map(|model_post| Some((shown(harness, model_post)?.id.to_string(), model_post.number)));
        let numbers: BTreeMap<String, usize> = listed.collect();
        let expected: Vec<&String> = numbers.keys().collect();
        let atom = harness.get("/atom.xml").body;
        let atom = Atom::read(&atom);
        for (format, mut ids) in [
            ("Atom", atom.entries.keys().cloned().collect::<Vec<_>>()),
            ("RSS", rss_ids(&harness.get("/rss.xml").body)),
            ("JSON Feed", json_ids(&harness.get("/feed.json").body, "items")),
            ("the listing", json_ids(&harness.get("/api/posts?per_page=200").body, "posts")),
        ] {
            ids.sort();
            holds!(
                ids.iter().eq(expected.iter().copied()),
                "{format} has {ids:?} and not {expected:?}"
            );
        }
        holds!(atom.count == expected.len(), "an id is twice in Atom");
        for (id, promise) in &mut self.posts {
            let shown_since = Timestamp::from_second(harness.now.as_second() - 90 * 86_400).unwrap();
            let is_shown = promise.listed.is_some_and(|listed| listed > shown_since);
            match (atom.entries.get(id), atom.tombstones.get(id)) {
                (Some(_), Some(_)) => return Err(format!("{id} is there and gone")),
                (Some(&updated), None) => {
                    let before = promise.updated.unwrap_or(Timestamp::MIN);
                    holds!(updated >= before, "{id} was updated {before} and now {updated}");
                    holds!(
                        promise.gone.is_none_or(|gone| updated > gone),
                        "{id} is back, and not dated after its withdrawal"
                    );
                    let number = numbers[id];
                    let has_twin = |one: &ModelPost| model_posts.iter().any(|m| m.number != one.number && m.text == one.text);
                    let is_same = promise.number == number && !has_twin(&model_posts[number]);
                    let is_certain = is_same && !effects.is_crashed;
                    let is_quiet = promise.is_out && !effects.edited.contains(&number) && is_certain;
                    holds!(
                        !is_quiet || updated == before,
                        "{id} was updated {before}, and unedited {updated}"
                    );
                    let is_loud = promise.is_out && effects.must_tell.contains(&number) && is_certain;
                    holds!(!is_loud || updated > before, "an edit of {id} is not shown");
                    *promise = Promise {
                        updated: Some(updated),
                        gone: None,
                        is_out: true,
                        number,
                        listed: Some(harness.now),
                        ..promise.clone()
                    };
                }
                (None, Some(&gone)) => {
                    holds!(
                        promise.updated.is_some_and(|updated| gone >= updated),
                        "{id} was withdrawn before its last update"
                    );
                    holds!(
                        promise.gone.is_none_or(|before| gone == before),
                        "{id} has two dates of withdrawal"
                    );
                    *promise = Promise {
                        gone: Some(gone),
                        is_out: false,
                        ..promise.clone()
                    };
                }
                (None, None) => {
                    holds!(!is_shown, "no tombstone shows that {id} was withdrawn");
                    promise.is_out = false;
                }
            }
        }
        let unknown = atom.tombstones.keys().find(|id| !self.posts.contains_key(*id));
        holds!(unknown.is_none(), "{unknown:?} was withdrawn, and never served");
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
    fn check_documents(&mut self, harness: &Harness, effects: &Effects) -> Checked {
        for path in ["/rss.xml", "/atom.xml", "/feed.json"] {
            let answer = harness.get(path);
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

    /// Checks that every address leads to its post, or answers that it was withdrawn.
    fn check_addresses(&mut self, harness: &Harness, model_posts: &[ModelPost]) -> Checked {
        let shown: BTreeMap<&str, &Post> = model_posts
            .iter()
            .filter_map(|model_post| shown(harness, model_post))
            .map(|post| (post.id.as_str(), post))
            .collect();
        for post in shown.values() {
            self.owners.insert(post.address.to_string(), post.id.to_string());
        }
        let standing: BTreeSet<&str> = shown.values().map(|post| post.address.as_str()).collect();
        let forgotten = Timestamp::from_second(harness.now.as_second() - 90 * 86_400).unwrap();
        for (id, promise) in &self.posts {
            for address in &promise.addresses {
                let answer = harness.get(address);
                let status = answer.status;
                if standing.contains(address.as_str()) {
                    holds!(status == 200, "{address} answers {status}");
                    continue;
                }
                let owner = self.owners.get(address).and_then(|id| shown.get(id.as_str()));
                // of several posts that had it, one that came back may count as the last
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
                            status == 301 && *to == post.address,
                            "{address} of {id} answers {status} {to:?} and not {}",
                            &post.address
                        );
                    }
                    (Some(_), _) | (None, true) => holds!(matches!(status, 301 | 410), "{address} of {id} answers {status}"),
                    (None, false) if promise.listed.or(promise.seen).is_some_and(|last| last > forgotten) => {
                        holds!(
                            matches!(status, 301 | 410),
                            "{address} of {id}, which was withdrawn, answers {status}"
                        );
                    }
                    (None, false) => holds!(matches!(status, 301 | 404 | 410), "{address} answers {status}"),
                }
            }
        }
        Ok(())
    }

    /// Checks that posts which readers must not see are shown nowhere.
    fn check_secrets(&mut self, harness: &Harness, model_posts: &[ModelPost]) -> Checked {
        let addresses: BTreeSet<&str> = model_posts
            .iter()
            .filter_map(|model_post| Some(shown(harness, model_post)?.address.as_str()))
            .collect();
        let mut secrets = Vec::new();
        for model_post in model_posts.iter().filter(|model_post| model_post.is_there) {
            if shown(harness, model_post).is_some() {
                self.words.extend([model_post.title_word(), model_post.text_word()]);
                continue;
            }
            secrets.extend([model_post.title_word(), model_post.text_word()]);
            let post = harness
                .site
                .post(&model_post.path)
                .ok_or_else(|| format!("{} is not read", model_post.path))?;
            let status = harness.get(&post.address).status;
            holds!(
                addresses.contains(post.address.as_str()) || status != 200,
                "{} leaks",
                &post.address
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
            let body = harness.get(path).body;
            let leak = secrets.iter().find(|word| body.contains(word.as_str()));
            holds!(leak.is_none(), "{leak:?} leaks in {path}");
        }
        Ok(())
    }
}

/// The post of `model_post`, if readers may see it.
pub(super) fn shown<'a>(harness: &'a Harness, model_post: &ModelPost) -> Option<&'a Post> {
    let post = harness.site.post(&model_post.path).filter(|_| model_post.is_there)?;
    let date = model_post.date.unwrap_or(post.date.timestamp());
    let is_due = date <= harness.built || post.is_out_already;
    (model_post.standing != Status::Draft && is_due && !model_post.is_over(harness.built)).then_some(post)
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
