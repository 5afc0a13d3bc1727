//! What is remembered when the publisher starts.

use camino::Utf8Path;

use crate::identity::{DocumentRecord, Record, Registry};
use crate::storage::{self, Opening, Store};
use crate::time::Timestamp;

/// What is remembered at the start, and where it is kept.
#[derive(Debug)]
pub(super) struct StoredState {
    pub(super) store: Option<Store>,
    pub(super) ledger: Registry,
    pub(super) documents: Vec<DocumentRecord>,
}

impl StoredState {
    /// What is remembered of the site alone in the folder `dir`, where that is quick to learn.
    pub(super) fn of_site(dir: &Utf8Path) -> Option<StoredState> {
        let site = storage::read_site(dir)?;
        Some(StoredState {
            store: None,
            ledger: Registry::remembering(vec![site], Timestamp::now()),
            documents: Vec::new(),
        })
    }

    /// What is remembered in the folder `dir`.
    pub(super) fn kept_in(dir: &Utf8Path) -> StoredState {
        let opening = Store::open(dir);
        for note in &opening.notes {
            tracing::warn!("{note}");
        }
        StoredState::of(Some(opening), Timestamp::now())
    }

    /// What the store does that was opened, at `now`.
    pub(super) fn of(opening: Option<Opening>, now: Timestamp) -> StoredState {
        let (store, records) = opening.map_or((None, Vec::new()), |opening| (Some(opening.store), opening.records));
        let document = |record: &Record| match record {
            Record::Document(document) => Some(document.clone()),
            _ => None,
        };
        StoredState {
            store,
            documents: records.iter().filter_map(document).collect(),
            ledger: Registry::remembering(records, now),
        }
    }
}
