//! Changes that are not written yet, as JSON by key.

use std::collections::BTreeMap;

use super::data::{MAX_RECORD_BYTES, RecordChange};
use super::error::StorageError;
use super::jobs::JobRow;
use super::push_rows::{PushKind, PushRow};
use crate::identity::record::Record;

/// A kind and a key.
pub(super) type RecordKey = (&'static str, String);

/// Changes by key, the last one of each: the new JSON, or `None` to delete the record.
#[derive(Debug, Default)]
pub(super) struct PendingWrites {
    changes: BTreeMap<RecordKey, Option<Box<str>>>,
    /// The same for jobs, by id.
    jobs: BTreeMap<String, Option<Box<str>>>,
    /// The same for rows of push.
    push: BTreeMap<(PushKind, String), Option<Box<str>>>,
    too_large: Vec<RecordKey>,
}

impl PendingWrites {
    pub(super) fn from_changes(changes: impl IntoIterator<Item = RecordChange>) -> PendingWrites {
        let mut too_large = Vec::new();
        let mut all = Vec::new();
        // each record is copied out of one buffer, so none has spare capacity: a first start holds the records of all posts here
        let mut written = Vec::new();
        for change in changes {
            let (key, json) = match change {
                RecordChange::Delete(kind, key) => ((kind, key), None),
                RecordChange::Put(record) => {
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
        PendingWrites {
            // built at once, because most come in order; the last change of a key wins
            changes: all.into_iter().collect(),
            too_large,
            ..PendingWrites::default()
        }
    }

    /// The changes of these rows. Rows that are too large are left out; returns whether there are none.
    pub(super) fn from_push_rows(rows: impl IntoIterator<Item = PushRow>) -> (PendingWrites, bool) {
        let mut push = BTreeMap::new();
        let mut is_whole = true;
        for row in rows {
            if row.is_small() {
                push.insert((row.kind, row.key), row.value);
            } else {
                is_whole = false;
            }
        }
        let pending = PendingWrites {
            push,
            ..PendingWrites::default()
        };
        (pending, is_whole)
    }

    /// Adds `newer`, which wins where both change a key.
    pub(super) fn add(&mut self, newer: PendingWrites) {
        if self.changes.is_empty() {
            self.changes = newer.changes;
        } else {
            self.changes.extend(newer.changes);
        }
        self.jobs.extend(newer.jobs);
        self.push.extend(newer.push);
    }

    /// Adds the row of a job.
    pub(super) fn add_job_row(&mut self, (id, json): JobRow) {
        self.jobs.insert(id, json);
    }

    /// The id of each job with its new JSON, or `None` to delete it.
    pub(super) fn job_rows(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.jobs.iter().map(|(id, json)| (id.as_str(), json.as_deref()))
    }

    /// The kind and key of each row of push with its new value, or `None` to delete it.
    pub(super) fn push_rows(&self) -> impl Iterator<Item = (&(PushKind, String), Option<&str>)> {
        self.push.iter().map(|(key, value)| (key, value.as_deref()))
    }

    /// Whether the job with this id is about to be deleted.
    pub(super) fn deletes_job(&self, id: &str) -> bool {
        matches!(self.jobs.get(id), Some(None))
    }

    /// An error if a record is too large to be stored.
    pub(super) fn check_sizes(&self) -> Result<(), StorageError> {
        let error = |(kind, key): &RecordKey| StorageError::Io(format!("the {kind} `{key}` is over {MAX_RECORD_BYTES} bytes"));
        self.too_large.first().map(error).map_or(Ok(()), Err)
    }

    /// The records that are too large to be stored.
    pub(super) fn too_large(&self) -> &[RecordKey] {
        &self.too_large
    }

    pub(super) fn len(&self) -> usize {
        self.changes.len() + self.jobs.len() + self.push.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.jobs.is_empty() && self.push.is_empty()
    }

    /// Each key with its new JSON.
    pub(super) fn changes(&self) -> impl Iterator<Item = (&RecordKey, Option<&str>)> {
        self.changes.iter().map(|(key, json)| (key, json.as_deref()))
    }

    /// Whether `record` is about to be deleted.
    pub(super) fn deletes(&self, record: &Record) -> bool {
        let (kind, key) = record.key();
        matches!(self.changes.get(&(kind, key.to_owned())), Some(None))
    }

    /// Removes the change of `record`, if there is one. Returns whether there was one.
    pub(super) fn remove(&mut self, record: &Record) -> bool {
        let (kind, key) = record.key();
        self.changes.remove(&(kind, key.to_owned())).is_some()
    }
}

/// Later pieces win.
impl FromIterator<PendingWrites> for PendingWrites {
    fn from_iter<I: IntoIterator<Item = PendingWrites>>(pieces: I) -> PendingWrites {
        let (mut jobs, mut push) = (BTreeMap::new(), BTreeMap::new());
        let changes = pieces.into_iter().flat_map(|mut piece| {
            jobs.append(&mut piece.jobs);
            push.append(&mut piece.push);
            piece.changes
        });
        PendingWrites {
            changes: changes.collect(),
            jobs,
            push,
            too_large: Vec::new(),
        }
    }
}
