//! When documents last changed: over all sites of one run and, through the ledger, over restarts.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use jiff::SignedDuration;

use crate::identity::DocumentRecord;
use crate::time::Timestamp;

/// The most documents whose dates are stored.
const MOST_DOCUMENTS: usize = 20_000;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// The newest version of each feed document.
#[derive(Debug, Default)]
pub(super) struct FeedVersions(Mutex<Versions>);

#[derive(Debug, Default)]
struct Versions {
    versions: HashMap<String, FeedVersion>,
    changed: HashSet<String>,
}

#[derive(Debug)]
struct FeedVersion {
    record: DocumentRecord,
    /// Whether it is from an earlier run, which may have served later versions and then crashed.
    is_from_earlier_run: bool,
}

impl FeedVersions {
    pub(super) fn from_records(records: Vec<DocumentRecord>) -> FeedVersions {
        let version = |record: DocumentRecord| {
            let version = FeedVersion {
                record,
                is_from_earlier_run: true,
            };
            (version.record.path.clone(), version)
        };
        FeedVersions(Mutex::new(Versions {
            versions: records.into_iter().map(version).collect(),
            changed: HashSet::new(),
        }))
    }

    /// The latest change that the document at `path` contains.
    pub(super) fn updated(&self, path: &str) -> Option<Timestamp> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.versions.get(path).map(|version| version.record.updated)
    }

    /// Returns when the document at `path` last changed. Its bytes have the tag `tag`, and it contains changes up to `updated`.
    /// `last_change` is the date by the posts in it, which is the same on every replica.
    ///
    /// If that date is not at least a second later although the document changed (a post is gone, or two changes fell into one
    /// second), a later date is returned: a client that compares only dates would never see the change. (libcurl with a time
    /// condition discards the body of a 200 that is not newer.)
    pub(super) fn modified(
        &self,
        path: String,
        tag: &str,
        last_change: Timestamp,
        updated: Timestamp,
        now: Timestamp,
    ) -> Timestamp {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = state.versions.len() >= MOST_DOCUMENTS;
        let modified = match state.versions.get_mut(&path) {
            Some(version) if version.record.tag == tag => {
                version.is_from_earlier_run = false;
                return version.record.modified;
            }
            Some(FeedVersion {
                record,
                is_from_earlier_run,
            }) => {
                let since = record.modified;
                if last_change.as_second() > since.as_second() && !*is_from_earlier_run {
                    last_change
                } else {
                    now.max(since.saturating_add(SECOND).unwrap_or(since))
                }
            }
            None if is_full => return last_change,
            None => last_change,
        };
        let record = DocumentRecord {
            path: path.clone(),
            tag: tag.to_owned(),
            modified,
            updated,
        };
        state.changed.insert(path.clone());
        let version = FeedVersion {
            record,
            is_from_earlier_run: false,
        };
        state.versions.insert(path, version);
        modified
    }

    /// The records that changed since the last call.
    pub(super) fn take_changed(&self) -> Vec<DocumentRecord> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = std::mem::take(&mut state.changed);
        let records = changed.iter().filter_map(|path| state.versions.get(path));
        records.map(|version| version.record.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn dates_only_move_forward() {
        // each step: the tag, the date by the posts, the clock, and the expected date
        let steps = [
            ("the first", "a", 10, 100, 10),
            ("the same", "a", 10, 200, 10),
            ("an edit", "b", 150, 200, 150),
            ("another in its second", "c", 150, 200, 200),
            ("a post gone", "d", 90, 300, 300),
            ("under a clock that was put back", "e", 90, 50, 301),
        ];
        let versions = FeedVersions::default();
        let modified = |versions: &FeedVersions, tag, last_change, now| {
            versions.modified("/x".to_owned(), tag, at(last_change), at(last_change), at(now))
        };
        for (name, tag, last_change, now, expected) in steps {
            assert_eq!(modified(&versions, tag, last_change, now), at(expected), "{name}");
        }
        let kept = versions.take_changed();
        assert_eq!(kept.len(), 1);
        assert_eq!(versions.take_changed(), []);
        let after = FeedVersions::from_records(kept);
        assert_eq!(modified(&after, "e", 90, 400), at(301), "after a restart");
        assert_eq!(after.take_changed(), []);
        let after = FeedVersions::from_records(vec![DocumentRecord {
            path: "/x".to_owned(),
            tag: "e".to_owned(),
            modified: at(301),
            updated: at(90),
        }]);
        assert_eq!(
            modified(&after, "f", 302, 400),
            at(400),
            "a restart after a crash may have lost a later version"
        );
    }
}
