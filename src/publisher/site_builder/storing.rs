//! Stores the state that the next start needs: the ledger, and the last good versions of files.

use std::collections::BTreeSet;
use std::thread;

use camino::Utf8Path;

use super::{PATIENCE, SiteBuilder};
use crate::diagnostic::{Diagnostic, Severity, printable};
use crate::identity::Record;
use crate::post::Visibility;
use crate::site::Site;
use crate::source::post_event::{LEDGER_EVENTS, STAYS_PUBLISHED, WAITING, add_outcome};
use crate::source::tracker::{EMPTIED, MEND_EMPTIED};
use crate::storage::{RecordChange, StorageWriter};
use crate::time::Timestamp;

impl SiteBuilder {
    /// Records in the ledger what `site` publishes, and stores the ledger. Returns whether storage had records that the site does not
    /// include.
    pub(super) fn record(&mut self, site: &Site, is_first: bool, now: Timestamp) -> bool {
        thread::scope(|scope| {
            if is_first {
                // the first site is not served before its feeds are compressed: this is done while it is recorded. Without a thread, it is
                // done later
                let finishing = thread::Builder::new().name("finishing".to_owned());
                let _ = finishing.spawn_scoped(scope, || site.finish());
            }
            self.ledger.record_published(site.changed().iter(), now);
            self.store_changes(site)
        })
    }

    /// Stores the records that a crash must not lose before `site` is served, and the rest a little later. A changed feed is such a record:
    /// its dates must not go back. Returns whether storage had records that `site` does not include.
    fn store_changes(&mut self, site: &Site) -> bool {
        let (records, is_urgent) = self.ledger.take_changes();
        let Some(store) = &self.store else { return false };
        let documents = site.take_changed_documents();
        let is_urgent = is_urgent || !documents.is_empty();
        let documents = documents.into_iter().map(Record::Document);
        let mut changes = records.chain(documents).map(RecordChange::Put).peekable();
        if changes.peek().is_none() {
            return false;
        }
        if is_urgent {
            // a failing disk stops nothing: storage reports the failure and tries again
            let _ = store.write_now(changes, PATIENCE);
        } else {
            store.write(changes);
        }
        let has_found = self.take_late_records();
        if has_found {
            self.store_all();
        }
        has_found
    }

    /// Adds the records that storage found late to the ledger. Returns whether there were any, or whether the storage file was replaced:
    /// then everything has to be stored again.
    pub(super) fn take_late_records(&mut self) -> bool {
        let Some(found) = self.store.as_deref().and_then(StorageWriter::take_late_records) else {
            return false;
        };
        self.ledger.add(found);
        self.ledger.change_all();
        true
    }

    /// Stores all changes that are not stored yet.
    pub(super) fn store_all(&mut self) {
        let (records, _) = self.ledger.take_changes();
        if let Some(store) = &self.store {
            let _ = store.write_now(records.map(RecordChange::Put), PATIENCE);
        }
    }

    /// Stores the last good versions of files whose newest version is refused.
    pub(super) fn keep_versions(&mut self) {
        let Some(store) = &self.store else { return };
        let changes = self.tracker.take_versions();
        if changes.is_empty() || !store.is_writable() {
            return;
        }
        let storage = store.storage();
        for (path, version) in changes {
            let kept = match version {
                Some(version) => storage.put_last_good_version(&version),
                None => storage.delete_last_good_version(&path),
            };
            if let Err(error) = kept {
                let path = printable(path.as_str());
                tracing::warn!(%path, "its last good version cannot be kept for a restart: {error}");
            }
        }
    }

    /// Reports, for the first site, the posts that new rules withdrew although they were not edited.
    pub(super) fn report_withdrawals(&mut self, is_first: bool) {
        let withdrawals = self.ledger.take_withdrawals();
        if !is_first {
            return;
        }
        let untouched = withdrawals.iter().filter(|withdrawal| withdrawal.is_untouched);
        let unannounced = untouched.filter(|withdrawal| withdrawal.visibility != Visibility::Expired);
        for withdrawal in unannounced {
            let file = printable(withdrawal.post.source.as_str());
            let why = withdrawal.reason();
            tracing::warn!(%file, "now held back by the new rules: {file} {why} (its file did not change)");
        }
    }

    /// Adds to the errors about public posts among `diagnostics` what readers get now.
    pub(super) fn add_outcomes(&self, diagnostics: &mut Vec<Diagnostic>) {
        let waiting: BTreeSet<&Utf8Path> = self.ledger.held_files().collect();
        let is_error = |diagnostic: &&mut Diagnostic| diagnostic.severity == Severity::Error;
        let errors = diagnostics.iter_mut().filter(is_error);
        let awaited: BTreeSet<&Utf8Path> = self.ledger.missing_files().collect();
        let mut unreported = waiting.clone();
        for error in errors {
            if self.tracker.is_released(&error.path) && !self.tracker.is_refused(&error.path) {
                add_outcome(&mut error.message, STAYS_PUBLISHED);
            } else if waiting.contains(&*error.path) || awaited.contains(&*error.path) {
                add_outcome(&mut error.message, WAITING);
                unreported.remove(&*error.path);
            }
        }
        // parsing them alone shows no error
        for path in unreported {
            let message = format!("{EMPTIED}{WAITING}");
            diagnostics.push(Diagnostic::new(Severity::Error, "emptied", path, message).mend(MEND_EMPTIED));
        }
    }

    /// Reports once why the ledger cannot be stored, and once that it can be again. A problem at the start is part of the startup message.
    pub(super) fn report_storage_problem(&mut self) {
        let problem = self.store.as_deref().and_then(StorageWriter::problem);
        match (&self.storage_problem, &problem) {
            (before, Some(now)) if before.as_ref() != Some(now) && self.has_begun => tracing::warn!("{now}"),
            (Some(_), None) => tracing::info!(target: LEDGER_EVENTS, "the ledger is written again; nothing was lost"),
            _ => {}
        }
        self.storage_problem = problem;
        self.has_begun = true;
    }

    /// Stores the times at which documents changed.
    pub(super) fn keep(&self) {
        let (Some(store), Some(site)) = (&self.store, &self.newest) else {
            return;
        };
        let documents = site.take_changed_documents();
        if !documents.is_empty() {
            let changes = documents
                .into_iter()
                .map(|document| RecordChange::Put(Record::Document(document)));
            store.write(changes);
        }
    }

    /// Deletes records of earlier versions that this one does not use.
    pub(super) fn delete_obsolete(&self) {
        if let Some(store) = self.store.as_ref().filter(|store| store.is_writable()) {
            store.storage().delete_obsolete();
        }
    }

    /// Stores all changes that are not stored yet, and closes the storage. Returns whether that succeeded.
    pub fn close(mut self) -> bool {
        self.keep();
        if self.take_late_records() {
            self.store_all();
        }
        self.store.take().is_none_or(|store| store.close())
    }
}
