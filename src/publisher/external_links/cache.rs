//! What an earlier check found, for some days.
//!
//! Only what will probably be the same tomorrow is kept: not the errors of servers, and not what could not be reached.

use std::collections::BTreeMap;
use std::io;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use url::Url;

use super::LinkState;
use crate::storage::{Cache, Storage};
use crate::time::Timestamp;

/// How long a working or moved address is not asked for again.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long an address at which nothing is is not asked for again.
const GONE_FOR: SignedDuration = SignedDuration::from_hours(24);

/// The addresses that were checked, with what was there and when.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LinkCache(BTreeMap<String, CachedLink>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct CachedLink {
    state: LinkState,
    at: Timestamp,
}

impl CachedLink {
    fn is_fresh(&self, now: Timestamp) -> bool {
        let for_time = match self.state {
            LinkState::Alive | LinkState::Moved(_) => GOOD_FOR,
            LinkState::Gone(_) => GONE_FOR,
            LinkState::ServerError(_) | LinkState::Unreachable(_) | LinkState::Unjudged(_) => SignedDuration::ZERO,
        };
        // a clock that was wrong must not keep an entry for ever
        let age = now.duration_since(self.at);
        !age.is_negative() && age < for_time
    }
}

impl LinkCache {
    /// Reads what is stored. A cache that is missing or damaged is empty.
    #[must_use]
    pub fn load(storage: &Storage) -> LinkCache {
        let content = storage.read_cache(Cache::Links).ok().flatten();
        content
            .and_then(|content| serde_json::from_slice(&content).ok())
            .unwrap_or_default()
    }

    /// Stores what is fresh at `now`.
    ///
    /// # Errors
    ///
    /// Why it cannot be written.
    pub fn store(&self, storage: &Storage, now: Timestamp) -> io::Result<()> {
        let fresh = self.0.iter().filter(|(_, link)| link.is_fresh(now));
        let content = serde_json::to_vec(&fresh.collect::<BTreeMap<_, _>>())?;
        storage.write_cache(Cache::Links, &content)
    }

    pub(super) fn get(&self, url: &Url, now: Timestamp) -> Option<&LinkState> {
        let link = self.0.get(url.as_str())?;
        link.is_fresh(now).then_some(&link.state)
    }

    pub(super) fn insert(&mut self, url: &Url, state: &LinkState, at: Timestamp) {
        let link = CachedLink {
            state: state.clone(),
            at,
        };
        self.0.insert(url.to_string(), link);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_is_kept_for_some_days() {
        let storage = Storage::memory();
        let url: Url = "https://example.org/a?b".parse().unwrap();
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let checked = at("2026-01-10T12:00:00Z");
        for (state, hours_kept) in [
            (LinkState::Alive, 7 * 24),
            (LinkState::Moved("https://example.org/c".to_owned()), 7 * 24),
            (LinkState::Gone(410), 24),
            (LinkState::ServerError(502), 0),
            (LinkState::Unreachable("why".to_owned()), 0),
            (LinkState::Unjudged(403), 0),
        ] {
            let mut cache = LinkCache::default();
            cache.insert(&url, &state, checked);
            cache.store(&storage, checked).unwrap();
            let cache = LinkCache::load(&storage);
            let kept = |now: Timestamp| cache.get(&url, now) == Some(&state);
            for (hours, expected) in [(hours_kept - 1, hours_kept > 0), (hours_kept, false), (-1, false)] {
                let now = checked + SignedDuration::from_hours(hours);
                assert_eq!(kept(now), expected && hours >= 0, "{state:?} after {hours} hours");
            }
        }
        storage.write_cache(Cache::Links, b"{\"https://example.org/\": 7").unwrap();
        assert_eq!(LinkCache::load(&storage), LinkCache::default());
    }
}
