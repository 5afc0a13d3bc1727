//! The state of the publisher at the start: the records in storage.

use std::sync::Arc;

use crate::identity::{DocumentRecord, Record, Registry};
use crate::storage::{OpenedStorage, Storage, StorageWriter};
use crate::time::Timestamp;

/// The stored records at the start, and the writer of storage.
#[derive(Debug)]
pub(super) struct StoredState {
    pub(super) store: Option<Arc<StorageWriter>>,
    pub(super) ledger: Registry,
    pub(super) documents: Vec<DocumentRecord>,
}

impl StoredState {
    /// Reads the record of the site alone, if that is fast.
    pub(super) fn load_site(storage: &Storage) -> Option<StoredState> {
        let site = storage.load_site()?;
        Some(StoredState {
            store: None,
            ledger: Registry::from_records(vec![site], Timestamp::now()),
            documents: Vec::new(),
        })
    }

    /// Opens `storage` for writing, and reads all its records.
    pub(super) fn open(storage: &Storage) -> StoredState {
        let opened = storage.open();
        for note in &opened.notes {
            tracing::warn!("{note}");
        }
        StoredState::from_opened(Some(opened), Timestamp::now())
    }

    /// Returns the state in a storage that was opened at `now`; empty without storage.
    pub(super) fn from_opened(opened: Option<OpenedStorage>, now: Timestamp) -> StoredState {
        let (store, records) = opened.map_or((None, Vec::new()), |opened| (Some(Arc::new(opened.writer)), opened.records));
        let document = |record: &Record| match record {
            Record::Document(document) => Some(document.clone()),
            _ => None,
        };
        StoredState {
            store,
            documents: records.iter().filter_map(document).collect(),
            ledger: Registry::from_records(records, now),
        }
    }
}
