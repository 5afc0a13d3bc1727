//! The history that a site shows, made from the records.

use std::sync::Arc;

use jiff::SignedDuration;

use super::Registry;
use crate::identity::history::{Departure, FormerOwner, History};
use crate::identity::known_files::KnownFile;
use crate::identity::post_records::PostId;
use crate::identity::record::PostRecord;
use crate::post::{Origin, Person, Post, Visibility};
use crate::time::{Moment, Timestamp};

impl Registry {
    /// The history at `now`: departures not older than `span`, and the former addresses of all posts that are not withdrawn.
    pub fn history(&mut self, now: Timestamp, span: SignedDuration) -> Arc<History> {
        let horizon = now.checked_sub(span).unwrap_or(Timestamp::MIN);
        let is_over = self
            .history
            .departures
            .first()
            .is_some_and(|departure| departure.at < horizon);
        if self.is_history_stale || is_over {
            self.history = Arc::new(self.history_since(horizon, now));
            self.is_history_stale = false;
        }
        Arc::clone(&self.history)
    }

    /// The history at `now`, if the published site does not have all of it: since it was built, another post was given the address of one
    /// of its posts.
    pub fn history_of_displaced(&mut self, now: Timestamp, span: SignedDuration) -> Option<Arc<History>> {
        std::mem::take(&mut self.has_displaced).then(|| self.history(now, span))
    }

    fn history_since(&self, horizon: Timestamp, now: Timestamp) -> History {
        let mut history = History::none(self.site.since.max(horizon));
        for id in &self.with_history {
            if let Some(record) = self.posts.get(id) {
                self.add_record_to_history(&mut history, id, record, horizon);
            }
        }
        for (id, record) in self.temporarily_without_address() {
            let until = history.left_at(&record.address, id, now);
            let owner = FormerOwner {
                is_expected_back: true,
                ..self.former_owner(id, record, until)
            };
            history.add_owner(&record.address, owner);
        }
        history.order_departures(now);
        history
    }

    /// Adds the departure of the post in `record`, if it was after `horizon`, and the addresses that it left.
    fn add_record_to_history(&self, history: &mut History, id: &PostId, record: &PostRecord, horizon: Timestamp) {
        if let Some(at) = record.withdrawn {
            if at >= horizon {
                history.add_owner(&record.address, self.former_owner(id, record, at));
                if !record.never_listed {
                    let post = Arc::new(post_of(record));
                    history.departures.push(Departure { post, at });
                }
            } else if !self.file(id).is_some_and(KnownFile::is_readable) {
                // a withdrawn post that is unlisted can still be read, and keeps its former addresses
                return;
            }
        }
        for former in &record.earlier {
            history.add_owner(&former.address, self.former_owner(id, record, former.until));
        }
    }

    /// The posts that do not have the address in their record now, although they were not withdrawn.
    fn temporarily_without_address(&self) -> impl Iterator<Item = (&PostId, &PostRecord)> {
        // a post on the way to another address has it only when it is published there
        let moving = self.moving.iter().filter_map(|id| {
            let file = self.file(id)?;
            let record = self.posts.get(id)?;
            let is_shown = record.withdrawn.is_none() || file.is_readable();
            (is_shown && file.published.address != *record.address).then_some((id, record))
        });
        let held = self.held.iter().filter_map(|id| {
            let is_held = self.file(id)?.visibility == Visibility::Held;
            let record = self.posts.get(id)?;
            (is_held && record.withdrawn.is_none()).then_some((id, record))
        });
        let unmatched = self.unmatched.live().filter_map(|id| Some((id, self.posts.get(id)?)));
        moving.chain(held).chain(unmatched)
    }

    /// The post of `record` as the owner of an address that it left at `until`.
    fn former_owner(&self, id: &PostId, record: &PostRecord, until: Timestamp) -> FormerOwner {
        FormerOwner {
            id: id.clone(),
            source: self.place(id).unwrap_or(&record.source).to_owned(),
            title: record.public_title().to_string(),
            until,
            is_expected_back: record.withdrawn.is_none(),
        }
    }
}

/// The post of `record`, with what the record says of it and without a text.
fn post_of(record: &PostRecord) -> Post {
    let authors = record.authors.iter().map(|name| Person {
        name: name.to_string(),
        ..Person::default()
    });
    Post {
        id: record.id.clone(),
        atom_id: record.served_atom_id(None).map(Into::into),
        slug: record.slug.clone(),
        address: record.address.clone(),
        title: record.public_title(),
        date: record.date,
        updated: record.changed.max(record.returned).map(Moment::utc),
        in_feeds: record.in_feeds,
        tags: record.tags.clone(),
        authors: authors.collect(),
        section: record.section.as_deref().map(Into::into),
        language: record.language.as_deref().map(Into::into),
        content: record.content.unwrap_or_default(),
        file: record.file.unwrap_or_default(),
        touched: record.first_served.into(),
        ..Post::unknown(record.source.clone(), Origin::Ledger)
    }
}
