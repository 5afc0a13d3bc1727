//! What the press has kept for the next start: the ledger in its store, and the last good versions of files.

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
    /// Notes what `site` publishes, and has it kept; whether the store had something that the site does not know.
    pub(super) fn note(&mut self, site: &Site, is_first: bool, now: Timestamp) -> bool {
        thread::scope(|scope| {
            if is_first {
                // nobody has the first site before its feeds have their codings: these are made while it is noted and kept. Where no
                // thread can be had, they are made later
                let finishing = thread::Builder::new().name("finishing".to_owned());
                let _ = finishing.spawn_scoped(scope, || site.finish());
            }
            self.ledger.record_published(site.changed().iter(), now);
            self.keep_in_time(site)
        })
    }

    /// Has the store remember what a crash must not forget before the world sees `site`; the rest a little later. That a feed is
    /// another is such a thing: its dates may not go back. Whether the store had something that `site` does not know.
    fn keep_in_time(&mut self, site: &Site) -> bool {
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
            // a disk that cannot keep it stops nothing: the store says so, and goes on trying
            let _ = store.write_now(changes, PATIENCE);
        } else {
            store.write(changes);
        }
        let has_found = self.take_late_records();
        if has_found {
            self.keep_all();
        }
        has_found
    }

    /// Learns what the store found late, or that its file is another one than it was; whether it was one of these. Then all that is
    /// known is to be kept anew.
    pub(super) fn take_late_records(&mut self) -> bool {
        let Some(found) = self.store.as_ref().and_then(StorageWriter::take_late_records) else {
            return false;
        };
        self.ledger.add(found);
        self.ledger.change_all();
        true
    }

    /// Has the store remember all that changed and was not handed to it.
    pub(super) fn keep_all(&mut self) {
        let (records, _) = self.ledger.take_changes();
        if let Some(store) = &self.store {
            let _ = store.write_now(records.map(RecordChange::Put), PATIENCE);
        }
    }

    /// Has the last good versions kept of files that lost them.
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

    /// Says, if it is the first site that is made, which posts readers do not have any more although nobody edited them: they are read
    /// otherwise than before.
    pub(super) fn tell_of_withdrawals(&mut self, is_first: bool) {
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

    /// Adds to the errors in `said` what becomes of a post that readers have.
    pub(super) fn tell_what_readers_have(&self, said: &mut Vec<Diagnostic>) {
        let waiting: BTreeSet<&Utf8Path> = self.ledger.held_files().collect();
        let is_error = |diagnostic: &&mut Diagnostic| diagnostic.severity == Severity::Error;
        let errors = said.iter_mut().filter(is_error);
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
            said.push(Diagnostic::new(Severity::Error, "emptied", path, message).mend(MEND_EMPTIED));
        }
    }

    /// Says once what keeps the store from remembering, and once that nothing does any more. What is wrong at the start is said with the
    /// rest of what is said then.
    pub(super) fn tell_of_trouble(&mut self) {
        let trouble = self.store.as_ref().and_then(StorageWriter::problem);
        match (&self.trouble, &trouble) {
            (before, Some(now)) if before.as_ref() != Some(now) && self.has_begun => tracing::warn!("{now}"),
            (Some(_), None) => tracing::info!(target: LEDGER_EVENTS, "the ledger is written again; nothing was lost"),
            _ => {}
        }
        self.trouble = trouble;
        self.has_begun = true;
    }

    /// Has the store remember when documents changed.
    pub(super) fn keep(&self) {
        let (Some(store), Some((site, _))) = (&self.store, &self.newest) else {
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

    /// Has everything written that is not, and ends. Whether all of it was.
    pub fn close(mut self) -> bool {
        self.keep();
        if self.take_late_records() {
            self.keep_all();
        }
        self.store.take().is_none_or(StorageWriter::close)
    }
}
