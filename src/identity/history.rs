//! The addresses that posts had, and the posts that were withdrawn.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use camino::Utf8PathBuf;
use jiff::SignedDuration;
use smol_str::SmolStr;

use super::record::second_after;
use crate::post::{Post, page_key};
use crate::time::Timestamp;

/// More departures than this are not kept: the oldest are left out, and the history begins later.
pub const MOST_DEPARTURES: usize = 10_000;

/// The resolution of timestamps.
const NANOSECOND: SignedDuration = SignedDuration::from_nanos(1);

/// A post that readers had and no longer have.
#[derive(Clone, Debug)]
pub struct Departure {
    /// The post, as far as its record says. It has no text.
    pub post: Arc<Post>,
    /// When it was withdrawn.
    pub at: Timestamp,
}

/// The addresses that posts had, and the posts that were withdrawn, as a site shows them.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The instant since which all departures are known.
    pub known_from: Timestamp,
    /// The earliest first.
    pub(super) departures: Vec<Departure>,
    /// The last owner of each address that has none now, by [`page_key`] address.
    pub(super) addresses: HashMap<String, FormerOwner>,
    /// Addresses by slug, made when a slug is first looked up.
    slugs: OnceLock<HashMap<String, String>>,
}

/// The post that had an address last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormerOwner {
    /// The post's id.
    pub id: SmolStr,
    /// The file that it was last read from.
    pub source: Utf8PathBuf,
    /// The post's title; empty if it must not be shown.
    pub title: String,
    /// When the post left the address.
    pub until: Timestamp,
    /// Whether the post was not withdrawn, so that it is expected back if it cannot be read now.
    pub is_expected_back: bool,
}

impl History {
    /// A history without departures and addresses, known from `now` on.
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

    /// The addresses that posts had and left, each with the post that had it last.
    pub(crate) fn former_owners(&self) -> impl Iterator<Item = (&str, &FormerOwner)> {
        self.addresses.iter().map(|(address, owner)| (&**address, owner))
    }

    /// The post that had `address` last: it has another address now, was withdrawn, or cannot be read.
    #[must_use]
    pub fn former_owner(&self, address: &str) -> Option<&FormerOwner> {
        self.addresses.get(page_key(address))
    }

    /// The post that had `slug` last: the slug of a withdrawn post, or the last part of a former address.
    #[must_use]
    pub fn former_owner_of_slug(&self, slug: &str) -> Option<&FormerOwner> {
        let slugs = self.slugs.get_or_init(|| self.addresses_by_slug());
        self.addresses.get(slugs.get(slug)?)
    }

    fn addresses_by_slug(&self) -> HashMap<String, String> {
        let mut latest: HashMap<&str, (&FormerOwner, &str)> = HashMap::new();
        let mut add = |slug, address: &str| {
            let Some((address, owner)) = self.addresses.get_key_value(address) else {
                return;
            };
            let is_later = |(known, _): &(&FormerOwner, &str)| owner.is_later_than(known);
            if latest.get(slug).is_none_or(is_later) {
                latest.insert(slug, (owner, address));
            }
        };
        for address in self.addresses.keys() {
            let name = address.rsplit('/').next().unwrap_or(address);
            add(name.strip_suffix(".html").unwrap_or(name), address);
        }
        for Departure { post, .. } in &self.departures {
            let address = page_key(&post.address);
            if self.addresses.get(address).is_some_and(|owner| *owner.id == post.id) {
                add(&post.slug, address);
            }
        }
        let owned = latest
            .into_iter()
            .map(|(slug, (_, address))| (slug.to_owned(), address.to_owned()));
        owned.collect()
    }

    /// When the post with this id leaves `address`, if it does so at `now`: later than every other post that left it, and not before it
    /// last left it itself, although the clock may have been put back since.
    pub(super) fn left_at(&self, address: &str, id: &str, now: Timestamp) -> Timestamp {
        match self.former_owner(address) {
            Some(last) if *last.id == *id => now.max(last.until),
            Some(last) => now.max(second_after(last.until)),
            None => now,
        }
    }

    /// Orders the departures by time, and leaves out the oldest if there are too many.
    pub(super) fn order_departures(&mut self, now: Timestamp) {
        self.departures.sort_by(|a, b| (a.at, &a.post.id).cmp(&(b.at, &b.post.id)));
        let surplus = self.departures.len().saturating_sub(MOST_DEPARTURES);
        if surplus > 0 {
            // others of the same instant may be kept, so the history is complete only after that instant
            let last = self
                .departures
                .drain(..surplus)
                .next_back()
                .map_or(now, |departure| departure.at);
            self.known_from = self.known_from.max(last.saturating_add(NANOSECOND).unwrap_or(last));
        }
    }

    /// Adds `owner` as the last owner of `address`, unless another post had it later.
    pub(super) fn add_owner(&mut self, address: &str, owner: FormerOwner) {
        let address = page_key(address);
        if self.addresses.get(address).is_none_or(|known| owner.is_later_than(known)) {
            self.addresses.insert(address.to_owned(), owner);
        }
    }
}

impl FormerOwner {
    fn is_later_than(&self, other: &FormerOwner) -> bool {
        (self.until, &self.id) > (other.until, &other.id)
    }
}
