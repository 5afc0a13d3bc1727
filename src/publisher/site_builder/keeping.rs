//! Stores what the next start needs: the ledger, and the last good versions of files.

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
    /// Records in the ledger what `site` publishes, and stores that. Returns whether storage had something that the site does not know.
    pub(super) fn record(&mut self, site: &Site, is_first: bool, now: Timestamp) -> bool {
        thread::scope(|scope| {
            if is_first {
                // nobody gets the first site before its feeds have their codings: these are made while it is recorded. Where no thread can
                // be had, they are made later
                let finishing = thread::Builder::new().name("finishing".to_owned());
                let _ = finishing.spawn_scoped(scope, || site.finish());
            }
            self.ledger.record_published(site.changed().iter(), now);
            self.store_changes(site)
        })
    }

    /// Stores what a crash must not lose before readers see `site`, and the rest a little later. That a feed changed is such a thing: its
    /// dates may not go back. Returns whether storage had something that `site` does not know.
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
            // a disk that does not take it stops nothing: storage reports that, and goes on trying
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

    /// Adds the records that storage found late to the ledger. Returns whether there were any, or whether the file of storage is another
    /// one than before: then everything is to be stored again.
    pub(super) fn take_late_records(&mut self) -> bool {
        let Some(found) = self.store.as_ref().and_then(StorageWriter::take_late_records) else {
            return false;
        };
        self.ledger.add(found);
        self.ledger.change_all();
        true
    }

    /// Stores all that changed and was not stored.
    pub(super) fn store_all(&mut self) {
        let (records, _) = self.ledger.take_changes();
        if let Some(store) = &self.store {
            let _ = store.write_now(records.map(RecordChange::Put), PATIENCE);
        }
    }

    /// Stores the last good versions of files that lost them.
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

    /// Reports, where the site is the first one, the posts that readers do not have any more although nobody edited them: by new rules.
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

    /// Adds to the errors among `diagnostics` what becomes of a post that readers have.
    pub(super) fn add_what_readers_have(&self, diagnostics: &mut Vec<Diagnostic>) {
        let waiting: BTreeSet<&Utf8Path> = self.ledger.held_files().collect();
        let is_error = |diagnostic: &&mut Diagnostic| diagnostic.severity == Severity::Error;
        let errors = diagnostics.iter_mut().filter(is_error);
        let awaited: BTreeSet<&Utf8Path> = self.ledger.missing_files().collect();
        let mut unsaid = waiting.clone();
        for error in errors {
            if self.tracker.is_released(&error.path) && !self.tracker.is_refused(&error.path) {
                add_outcome(&mut error.message, STAYS_PUBLISHED);
            } else if waiting.contains(&*error.path) || awaited.contains(&*error.path) {
                add_outcome(&mut error.message, WAITING);
                unsaid.remove(&*error.path);
            }
        }
        // reading them alone does not show what is wrong with them
        for path in unsaid {
            let message = format!("{EMPTIED}{WAITING}");
            diagnostics.push(Diagnostic::new(Severity::Error, "emptied", path, message).mend(MEND_EMPTIED));
        }
    }

    /// Reports once why the ledger cannot be stored, and once that it can be again. A problem at the start is reported with the rest of
    /// what is said then.
    pub(super) fn report_storage_problem(&mut self) {
        let problem = self.store.as_ref().and_then(StorageWriter::problem);
        match (&self.storage_problem, &problem) {
            (before, Some(now)) if before.as_ref() != Some(now) && self.has_begun => tracing::warn!("{now}"),
            (Some(_), None) => tracing::info!(target: LEDGER_EVENTS, "the ledger is written again; nothing was lost"),
            _ => {}
        }
        self.storage_problem = problem;
        self.has_begun = true;
    }

    /// Stores when documents changed.
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

    /// Deletes what earlier versions stored and this one does not use.
    pub(super) fn delete_obsolete(&self) {
        if let Some(store) = self.store.as_ref().filter(|store| store.is_writable()) {
            store.storage().delete_obsolete();
        }
    }

    /// Stores everything that is not stored, and ends. Returns whether all of it could be stored.
    pub fn close(mut self) -> bool {
        self.keep();
        if self.take_late_records() {
            self.store_all();
        }
        self.store.take().is_none_or(StorageWriter::close)
    }
}
