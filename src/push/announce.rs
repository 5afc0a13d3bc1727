//! Which feeds have to be announced.
//!
//! A feed is announced if its [`FeedState`] is news after the one that was announced last. That one is stored, so what changed while the
//! program was down is announced at the next start, and nothing else: not an upgrade that changes the bytes of every feed.
//!
//! A scope whose feeds nobody was told of before is remembered and not announced.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::index::Scope;
use crate::site::{FeedState, Site};
use crate::storage::{PushKind, PushRow};

/// The states that were announced last.
#[derive(Debug, Default)]
pub struct Announced {
    /// By the path of the scope.
    states: HashMap<String, FeedState>,
}

/// What has to be announced.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct News {
    /// The scopes whose feeds, in every format, have to be announced.
    pub scopes: Vec<Scope>,
    /// What to store: in the same transaction as the deliveries that follow from `scopes`, or after them.
    pub rows: Vec<PushRow>,
}

impl Announced {
    /// Adds what `row` stores, if it is a state and none of its scope is known.
    pub fn load(&mut self, row: &PushRow) {
        let value = row.value.as_deref().filter(|_| row.kind == PushKind::Announced);
        if let Some(state) = value.and_then(|value| serde_json::from_str(value).ok()) {
            self.states.entry(row.key.clone()).or_insert(state);
        }
    }

    /// The rows of all states.
    pub fn rows(&self) -> impl Iterator<Item = PushRow> {
        self.states.iter().map(|(path, state)| row(path, state))
    }

    /// What of `scopes` is news on `site`. From now on it counts as announced.
    pub fn take_news<'a>(&mut self, site: &Site, scopes: impl IntoIterator<Item = &'a Scope>) -> News {
        let mut news = News::default();
        for scope in scopes {
            let Some(state) = site.feed_state(scope) else { continue };
            let path = scope.path();
            match self.states.entry(path) {
                Entry::Occupied(known) if !state.is_news_after(known.get()) => {}
                Entry::Occupied(mut known) => {
                    news.scopes.push(scope.clone());
                    news.rows.push(row(known.key(), &state));
                    known.insert(state);
                }
                Entry::Vacant(new) => {
                    news.rows.push(row(new.key(), &state));
                    new.insert(state);
                }
            }
        }
        news
    }

    /// Takes the state of `scope` on `site` for announced, because the first one to be told of it is about to fetch it. Returns what to
    /// store.
    pub fn begin(&mut self, site: &Site, scope: &Scope) -> Option<PushRow> {
        let state = site.feed_state(scope)?;
        let path = scope.path();
        let row = row(&path, &state);
        self.states.insert(path, state);
        Some(row)
    }

    /// Forgets `scope`, of which nobody is told any more. Returns what to store.
    pub fn forget(&mut self, scope: &Scope) -> Option<PushRow> {
        let path = scope.path();
        self.states.remove(&path).map(|_| PushRow::delete(PushKind::Announced, path))
    }
}

fn row(path: &str, state: &FeedState) -> PushRow {
    // two texts: these can always be written
    PushRow::put(PushKind::Announced, path, serde_json::to_string(state).unwrap_or_default())
}

#[cfg(test)]
mod tests;
