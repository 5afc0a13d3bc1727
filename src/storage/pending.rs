//! What is to be written, and was not yet.

use std::collections::BTreeMap;

use super::MAX_RECORD_BYTES;
use crate::identity::record::Record;

/// One thing to be written.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Remember this, in the place of what was remembered under its key.
    Put(Record),
    /// Remember nothing under this kind and key any more.
    Forget(&'static str, String),
}

/// A kind and a key.
pub(super) type Key = (&'static str, String);

/// Changes by key, the last one of each: the JSON to put there, or `None` to forget what is there.
#[derive(Debug, Default)]
pub(super) struct Pending {
    changes: BTreeMap<Key, Option<Box<str>>>,
    too_large: Vec<Key>,
}

impl Pending {
    pub(super) fn of(changes: impl IntoIterator<Item = Change>) -> Pending {
        let mut too_large = Vec::new();
        let mut all = Vec::new();
        // each is copied out of one place: a first start waits with the records of all posts, which leave no room unused
        let mut written = Vec::new();
        for change in changes {
            let (key, json) = match change {
                Change::Forget(kind, key) => ((kind, key), None),
                Change::Put(record) => {
                    let (kind, key) = record.key();
                    let key = (kind, key.to_owned());
                    written.clear();
                    let is_written = serde_json::to_writer(&mut written, &record).is_ok() && written.len() <= MAX_RECORD_BYTES;
                    let Some(json) = str::from_utf8(&written).ok().filter(|_| is_written) else {
                        too_large.push(key);
                        continue;
                    };
                    (key, Some(json.into()))
                }
            };
            all.push((key, json));
        }
        Pending {
            // made at once, for most come in order; of one key the last counts
            changes: all.into_iter().collect(),
            too_large,
        }
    }

    /// Lays `newer` over it.
    pub(super) fn add(&mut self, newer: Pending) {
        if self.is_empty() {
            self.changes = newer.changes;
        } else {
            self.changes.extend(newer.changes);
        }
    }

    /// Those that are too large to be kept.
    pub(super) fn too_large(&self) -> &[Key] {
        &self.too_large
    }

    pub(super) fn len(&self) -> usize {
        self.changes.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Each key, with what is to be put there.
    pub(super) fn changes(&self) -> impl Iterator<Item = (&Key, Option<&str>)> {
        self.changes.iter().map(|(key, json)| (key, json.as_deref()))
    }

    /// Whether `record` is about to be forgotten.
    pub(super) fn forgets(&self, record: &Record) -> bool {
        let (kind, key) = record.key();
        matches!(self.changes.get(&(kind, key.to_owned())), Some(None))
    }

    /// Leaves out what would be written over `record`; whether there was something.
    pub(super) fn spare(&mut self, record: &Record) -> bool {
        let (kind, key) = record.key();
        self.changes.remove(&(kind, key.to_owned())).is_some()
    }
}

/// Each laid over those before it.
impl FromIterator<Pending> for Pending {
    fn from_iter<I: IntoIterator<Item = Pending>>(pieces: I) -> Pending {
        Pending {
            changes: pieces.into_iter().flat_map(|piece| piece.changes).collect(),
            too_large: Vec::new(),
        }
    }
}
