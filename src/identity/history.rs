//! What a site says of what was: where posts used to be, and which ones went.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use camino::Utf8PathBuf;
use jiff::SignedDuration;

use super::files::File;
use super::record::PostRecord;
use super::{Id, Registry, SECOND};
use crate::post::{Alike, Direction, Each, Origin, Origins, Person, Post, Rare, RareFields, Status, Visibility, Words, page_key};
use crate::time::{Moment, Timestamp};

/// More departures than this are not told of: the oldest are left out, and what is told then begins later.
pub const MOST_DEPARTURES: usize = 10_000;

/// The next instant there is.
const JUST_AFTER: SignedDuration = SignedDuration::from_nanos(1);

/// A post that the world could see and no longer can.
#[derive(Clone, Debug)]
pub struct Departure {
    /// The post, as far as it is remembered: it has no text.
    pub post: Arc<Post>,
    /// When it went.
    pub at: Timestamp,
}

/// What is told of the past.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The instant from which on all departures are told.
    pub known_from: Timestamp,
    /// The earliest first.
    pub(super) departures: Vec<Departure>,
    /// Who had an address, and no longer has; by [`page_key`] address.
    pub(super) addresses: HashMap<String, FormerOwner>,
    /// The addresses by slug, made when a slug is first looked for.
    slugs: OnceLock<HashMap<String, String>>,
}

/// Who had an address last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormerOwner {
    /// The post's id.
    pub id: Arc<str>,
    /// The file it was last read from.
    pub source: Utf8PathBuf,
    /// The post's title.
    pub title: String,
    /// When it left.
    pub until: Timestamp,
    /// Whether it is not to be had, although nobody took it away.
    pub is_awaited: bool,
}

impl History {
    /// Nothing, known from `now` on.
    #[must_use]
    pub fn none(now: Timestamp) -> History {
        History {
            known_from: now,
            ..History::default()
        }
    }

    /// The departures at `instant` or later, the earliest first.
    #[must_use]
    pub fn since(&self, instant: Timestamp) -> &[Departure] {
        let first = self.departures.partition_point(|departure| departure.at < instant);
        self.departures.get(first..).unwrap_or_default()
    }

    /// The post that had `address` last, if it is still told of: it has another one now, went, or cannot be read.
    #[must_use]
    pub fn tenant(&self, address: &str) -> Option<&FormerOwner> {
        self.addresses.get(page_key(address))
    }

    /// The post that had `slug` last and no longer has it: its slug when it was withdrawn, or the last part of a former address.
    #[must_use]
    pub fn tenant_of_slug(&self, slug: &str) -> Option<&FormerOwner> {
        self.addresses.get(self.slugs.get_or_init(|| self.by_slug()).get(slug)?)
    }

    fn by_slug(&self) -> HashMap<String, String> {
        let mut latest: HashMap<&str, (&FormerOwner, &str)> = HashMap::new();
        let mut note = |slug, address: &str| {
            let Some((address, tenant)) = self.addresses.get_key_value(address) else {
                return;
            };
            let is_later = |(known, _): &(&FormerOwner, &str)| (tenant.until, &tenant.id) > (known.until, &known.id);
            if latest.get(slug).is_none_or(is_later) {
                latest.insert(slug, (tenant, address));
            }
        };
        for address in self.addresses.keys() {
            let name = address.rsplit('/').next().unwrap_or(address);
            note(name.strip_suffix(".html").unwrap_or(name), address);
        }
        for Departure { post, .. } in &self.departures {
            let address = page_key(post.address());
            if self.addresses.get(address).is_some_and(|tenant| *tenant.id == *post.id()) {
                note(post.slug(), address);
            }
        }
        let owned = latest
            .into_iter()
            .map(|(slug, (_, address))| (slug.to_owned(), address.to_owned()));
        owned.collect()
    }

    /// When the post with this `id` leaves `address` at `now`: after every other that left it, and not before it
    /// did so last, though the clock was put back since.
    pub(super) fn left_at(&self, address: &str, id: &str, now: Timestamp) -> Timestamp {
        let Some(last) = self.tenant(address) else { return now };
        let after_others = last.until.saturating_add(SECOND).unwrap_or(last.until);
        now.max(if *last.id == *id { last.until } else { after_others })
    }

    /// Puts the departures in order, and leaves the oldest out of too many.
    fn order(&mut self, now: Timestamp) {
        self.departures.sort_by(|a, b| (a.at, a.post.id()).cmp(&(b.at, b.post.id())));
        let forgotten = self.departures.len().saturating_sub(MOST_DEPARTURES);
        if forgotten > 0 {
            // others of the last one's instant may be left, so not even that instant is known in full
            let last = self
                .departures
                .drain(..forgotten)
                .next_back()
                .map_or(now, |departure| departure.at);
            self.known_from = self.known_from.max(last.saturating_add(JUST_AFTER).unwrap_or(last));
        }
    }

    /// Notes that `tenant` had `address`, unless another post had it later.
    pub(super) fn had(&mut self, address: &str, tenant: FormerOwner) {
        let is_later = |known: &FormerOwner| (tenant.until, &tenant.id) > (known.until, &known.id);
        let address = page_key(address);
        if self.addresses.get(address).is_none_or(is_later) {
            self.addresses.insert(address.to_owned(), tenant);
        }
    }
}

impl Registry {
    /// What is told of the past at `now`: of departures no older than `span`, and of every address of posts that are there.
    pub fn past(&mut self, now: Timestamp, span: SignedDuration) -> Arc<History> {
        let horizon = now.checked_sub(span).unwrap_or(Timestamp::MIN);
        let is_over = self.past.departures.first().is_some_and(|departure| departure.at < horizon);
        if self.is_past_stale || is_over {
            self.past = Arc::new(self.past_at(now, horizon));
            self.is_past_stale = false;
        }
        Arc::clone(&self.past)
    }

    /// What is told of the past, where the site that was noted last does not know all of it: another post got the address that one of its
    /// posts had.
    pub fn past_of_displaced(&mut self, now: Timestamp, span: SignedDuration) -> Option<Arc<History>> {
        std::mem::take(&mut self.has_displaced).then(|| self.past(now, span))
    }

    fn past_at(&self, now: Timestamp, horizon: Timestamp) -> History {
        let mut past = History::none(self.site.since.max(horizon));
        for id in &self.told {
            let Some(record) = self.posts.get(id) else { continue };
            let tenant = |until| self.tenant(id, &record, until);
            let file = self.file(id);
            match record.withdrawn {
                // one that is in no list may still be read
                Some(at) if at < horizon && !file.is_some_and(File::is_out) => continue,
                Some(at) if at >= horizon => {
                    past.had(&record.address, tenant(at));
                    if !record.never_listed {
                        past.departures.push(Departure {
                            post: Arc::new(record.remembered()),
                            at,
                        });
                    }
                }
                _ => {}
            }
            for former in &record.earlier {
                past.had(&former.address, tenant(former.until));
            }
        }
        // those on the way to another address have it only once they are published there
        let on_their_way = self.moving.iter().filter_map(|id| {
            let file = self.file(id)?;
            let record = self.posts.get(id)?;
            let is_told = record.withdrawn.is_none() || file.is_out();
            (is_told && *file.settled.address() != *record.address).then_some((id, record))
        });
        let waiting = self.waiting.iter().filter_map(|id| {
            let is_held = self.file(id)?.visibility == Visibility::Held;
            let record = self.posts.get(id)?;
            (is_held && record.withdrawn.is_none()).then_some((id, record))
        });
        let lost = self.unmatched.awaited().filter_map(|id| Some((id, self.posts.get(id)?)));
        for (id, record) in on_their_way.chain(waiting).chain(lost) {
            let until = past.left_at(&record.address, id, now);
            let tenant = FormerOwner {
                is_awaited: true,
                ..self.tenant(id, &record, until)
            };
            past.had(&record.address, tenant);
        }
        past.order(now);
        past
    }

    /// The post of `record`, which left an address at `until`.
    fn tenant(&self, id: &Id, record: &PostRecord, until: Timestamp) -> FormerOwner {
        FormerOwner {
            id: Arc::clone(id),
            source: self.place(id).unwrap_or(&record.source).to_owned(),
            title: record.told_title().to_owned(),
            until,
            is_awaited: record.withdrawn.is_none(),
        }
    }
}

impl PostRecord {
    /// The title, where it may be told.
    fn told_title(&self) -> &str {
        if self.taken_back { "" } else { &self.title }
    }

    /// The post, as far as it is remembered.
    pub(super) fn remembered(&self) -> Post {
        Post {
            words: Words::from(Each {
                source: &self.source,
                id: &self.id,
                slug: &self.slug,
                address: &self.address,
                title: self.told_title(),
                summary: "",
            }),
            date: self.date,
            updated: self.changed.max(self.returned).map(Moment::utc),
            standing: Status::Private,
            in_feeds: self.in_feeds,
            minor: None,
            tags: Arc::new(self.tags.iter().map(|tag| tag.as_str().into()).collect()),
            alike: Arc::new(Alike {
                authors: self
                    .authors
                    .iter()
                    .map(|name| Person {
                        name: name.clone(),
                        ..Person::default()
                    })
                    .collect(),
                section: self.section.as_deref().map(Arc::from),
                language: self.language.as_deref().map(Arc::from),
                origins: Arc::new(Origins {
                    title: Origin::Ledger,
                    id: Origin::Ledger,
                    address: Origin::Ledger,
                    date: Origin::Ledger,
                    standing: Origin::Ledger,
                    summary: Origin::Ledger,
                }),
            }),
            direction: Direction::default(),
            rare: Rare::from(RareFields {
                atom_id: self.served_atom_id(None).map(str::to_owned),
                ..RareFields::default()
            }),
            content: self.content.unwrap_or_default(),
            file: self.file.unwrap_or_default(),
            text: "".into(),
            touched: self.first_served.into(),
            told: None,
            is_out_already: false,
            is_held: false,
            has_long_text: false,
        }
    }
}
