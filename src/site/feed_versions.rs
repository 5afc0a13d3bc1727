//! When documents last changed, over all the sites of one run and, by the ledger, over runs.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use jiff::SignedDuration;

use crate::identity::DocumentRecord;
use crate::time::Timestamp;

/// The dates of more documents are not remembered.
const MOST_DOCUMENTS: usize = 20_000;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// The newest edition of each document.
#[derive(Debug, Default)]
pub(super) struct FeedVersions(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    editions: HashMap<String, FeedVersion>,
    changed: HashSet<String>,
}

#[derive(Debug)]
struct FeedVersion {
    record: DocumentRecord,
    /// Whether it is from an earlier run, which may have made later ones without living to tell.
    is_from_before: bool,
}

impl FeedVersions {
    pub(super) fn remembering(records: Vec<DocumentRecord>) -> FeedVersions {
        let edition = |record: DocumentRecord| {
            let edition = FeedVersion {
                record,
                is_from_before: true,
            };
            (edition.record.path.clone(), edition)
        };
        FeedVersions(Mutex::new(Known {
            editions: records.into_iter().map(edition).collect(),
            changed: HashSet::new(),
        }))
    }

    /// The latest change that the document at `path` told of.
    pub(super) fn updated(&self, path: &str) -> Option<Timestamp> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.editions.get(path).map(|edition| edition.record.updated)
    }

    /// When the document at `path` last changed, whose bytes have the tag `tag` and which tells of changes up to `updated`. `told` is
    /// when it did by the posts in it, as another replica would find too.
    ///
    /// Where that does not move forward by a second although the document is another (a post is gone, or two changes fell into one
    /// second), it is moved: whoever goes by dates alone would never hear of the change. (libcurl, asked to heed a date, throws the
    /// body of a 200 away that is not newer.)
    pub(super) fn modified(&self, path: String, tag: &str, told: Timestamp, updated: Timestamp, now: Timestamp) -> Timestamp {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = known.editions.len() >= MOST_DOCUMENTS;
        let modified = match known.editions.get_mut(&path) {
            Some(edition) if edition.record.tag == tag => {
                edition.is_from_before = false;
                return edition.record.modified;
            }
            Some(FeedVersion { record, is_from_before }) => {
                let since = record.modified;
                if told.as_second() > since.as_second() && !*is_from_before {
                    told
                } else {
                    now.max(since.saturating_add(SECOND).unwrap_or(since))
                }
            }
            None if is_full => return told,
            None => told,
        };
        let record = DocumentRecord {
            path: path.clone(),
            tag: tag.to_owned(),
            modified,
            updated,
        };
        known.changed.insert(path.clone());
        let edition = FeedVersion {
            record,
            is_from_before: false,
        };
        known.editions.insert(path, edition);
        modified
    }

    /// What is to be remembered and was not handed out yet.
    pub(super) fn take_changed(&self) -> Vec<DocumentRecord> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = std::mem::take(&mut known.changed);
        let records = changed.iter().filter_map(|path| known.editions.get(path));
        records.map(|edition| edition.record.clone()).collect()
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
        // each step: the tag, what the posts tell, the clock, and the date
        let steps = [
            ("the first", "a", 10, 100, 10),
            ("the same", "a", 10, 200, 10),
            ("an edit", "b", 150, 200, 150),
            ("another in its second", "c", 150, 200, 200),
            ("a post gone", "d", 90, 300, 300),
            ("under a clock that was put back", "e", 90, 50, 301),
        ];
        let editions = FeedVersions::default();
        let modified =
            |editions: &FeedVersions, tag, told, now| editions.modified("/x".to_owned(), tag, at(told), at(told), at(now));
        for (name, tag, told, now, expected) in steps {
            assert_eq!(modified(&editions, tag, told, now), at(expected), "{name}");
        }
        let kept = editions.take_changed();
        assert_eq!(kept.len(), 1);
        assert_eq!(editions.take_changed(), []);
        let after = FeedVersions::remembering(kept);
        assert_eq!(modified(&after, "e", 90, 400), at(301), "after a restart");
        assert_eq!(after.take_changed(), []);
        let after = FeedVersions::remembering(vec![DocumentRecord {
            path: "/x".to_owned(),
            tag: "e".to_owned(),
            modified: at(301),
            updated: at(90),
        }]);
        assert_eq!(
            modified(&after, "f", 302, 400),
            at(400),
            "a restart after a crash may have lost a later edition"
        );
    }
}
