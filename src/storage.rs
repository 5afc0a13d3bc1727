//! What the ledger remembers, kept in a small SQLite file (`ledger.db` in the state folder) so that it outlives the program.
//!
//! The ledger lives in memory, and the [`Store`] writes after it: a change is handed over as its line of JSON, and one thread writes in
//! one transaction all that is there, and all of what is handed over in pieces. Whatever is wrong with the folder or the file (missing,
//! full, read-only, locked, damaged), nothing stops: what could not be written stays in memory, [`Store::trouble`] says why, and it is
//! tried again until it works.
//!
//! One process writes at a time: who holds the lock on `ledger.lock`. Any number may [`read`] meanwhile. WAL and
//! `synchronous=FULL`: what was acknowledged survives a loss of power (<https://www.sqlite.org/wal.html>, section 2.2).
//!
//! It knows nothing of posts: a record is a kind, a key and a line of JSON.

mod aside;
mod database;
mod failure;
mod lock;
mod pending;
mod place;
mod queue;
mod reading;
mod schema;
pub mod share_key;
pub mod versions;
pub mod volume;
mod writer;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use camino::Utf8Path;

pub use self::database::Contents;
use self::database::Database;
pub use self::failure::Failure;
use self::lock::Lock;
pub use self::pending::Change;
use self::pending::Pending;
use self::place::Place;
use self::queue::Queue;
pub use self::reading::{read, read_site};
use self::writer::{Pauses, Writer};
use crate::identity::record::Record;

/// The most bytes of JSON that one record may have.
pub const MAX_RECORD_BYTES: usize = 64 * 1024;
/// The most records that are read: a post for each of the most files that a folder may have, those that went, and documents.
pub const MAX_RECORDS: usize = 4_000_000;
/// How many records are handed to the thread that writes at once.
const PIECE: usize = 1024;
/// What the last writing may take before the program ends without it.
const LAST_WRITING: Duration = Duration::from_secs(5);

/// A store, and what it holds at the start.
#[derive(Debug)]
pub struct Opening {
    /// The store.
    pub store: Store,
    /// What it holds.
    pub records: Vec<Record>,
    /// What an operator should hear of: a damaged file that was moved aside, records that were not understood.
    pub notes: Vec<String>,
}

/// Keeps records on disk as well as it can.
#[derive(Debug)]
pub struct Store {
    place: Place,
    queue: Arc<Queue>,
}

impl Store {
    /// Opens the store in the folder `dir`, which is made if it is not there.
    ///
    /// That never fails. A store that could not be opened holds everything in memory, says why ([`Store::trouble`]), and goes on
    /// trying; what it finds once it gets there is for [`Store::take_found`].
    #[must_use]
    pub fn open(dir: &Utf8Path) -> Opening {
        Store::open_at(Place::new(dir), Pauses::default())
    }

    fn open_at(place: Place, pauses: Pauses) -> Opening {
        let queue = Arc::new(Queue::default());
        let mut writer = Writer::new(place.clone(), Arc::clone(&queue), pauses);
        let Contents { records, notes } = writer.open();
        let spawned = thread::Builder::new().name("store".to_owned()).spawn(move || writer.run());
        if let Err(error) = spawned {
            queue.never(Failure::Io(format!("no thread can be started to write it: {error}")));
        }
        Opening {
            store: Store { place, queue },
            records,
            notes,
        }
    }

    /// Takes `changes` over to be written soon. Of several for one key the last one counts.
    pub fn keep(&self, changes: impl IntoIterator<Item = Change>) {
        self.hand_over(changes);
    }

    /// Takes `changes` over and waits until they, and all before them, are on disk.
    ///
    /// `false` if they are not `patience` after the last was taken over, or as soon as it is clear that they cannot be now. They are
    /// written once they can.
    #[must_use = "what is not on disk may be forgotten"]
    pub fn keep_now(&self, changes: impl IntoIterator<Item = Change>, patience: Duration) -> bool {
        // to make a million takes longer than anybody should wait for a disk
        self.hand_over(changes) && self.queue.wait_until_written(Instant::now() + patience)
    }

    /// Has `changes` written as one, the first while the next are made. Whether none is too large for that.
    fn hand_over(&self, changes: impl IntoIterator<Item = Change>) -> bool {
        let mut changes = changes.into_iter().peekable();
        let _adding = self.queue.begin();
        let mut is_whole = true;
        loop {
            is_whole &= self.queue.add(Pending::of(changes.by_ref().take(PIECE)));
            if changes.peek().is_none() {
                return is_whole;
            }
        }
    }

    /// The folder that it is kept in.
    #[must_use]
    pub fn dir(&self) -> &Utf8Path {
        self.place.folder()
    }

    /// Whether the file could be had for writing when that was last tried: then no other feedmill has it.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.queue.failure().is_none()
    }

    /// What is wrong, what that means and how to fix it, in words for an operator; `None` while all is well.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let path = self.place.database();
        if let Some(failure) = self.queue.failure() {
            return Some(format!(
                "Cannot write the ledger {path}: {failure}. Feeds are still served, but renames and deletions made now are forgotten at \
                 the next restart. To fix this (no restart needed): {}.",
                failure.mend()
            ));
        }
        self.queue.refused().map(|(kind, key)| {
            format!(
                "Cannot write the {kind} `{key}` to the ledger {path}: it has more than {MAX_RECORD_BYTES} bytes. Shorten its title, tags \
                 and names."
            )
        })
    }

    /// Records that were found late: the file could not be opened before, or is now another one than it was.
    ///
    /// To be asked before each [`Store::keep`]. Where this answers `Some`, even of nothing, merge what was found into what is
    /// remembered, and keep all of that: none of it may be on disk. Until this was asked, nothing is written over what was found.
    #[must_use = "these are forgotten if nobody keeps them"]
    pub fn take_found(&self) -> Option<Vec<Record>> {
        self.queue.take_found()
    }

    /// Writes what was not written yet, and ends. `false` if something could not be, or not within five seconds.
    pub fn close(self) -> bool {
        self.queue.end(Instant::now() + LAST_WRITING)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.queue.end(Instant::now() + LAST_WRITING);
    }
}

/// The file, had alone: for commands that change what is remembered while no feedmill serves.
#[derive(Debug)]
pub struct Exclusive {
    database: Database,
    /// Held for as long as the file is open.
    _lock: Lock,
}

impl Exclusive {
    /// Opens the file in the folder `dir`, making both where they are not there, and gives what it holds.
    ///
    /// # Errors
    ///
    /// [`Failure::Locked`] where another feedmill has it; else why it cannot be had.
    pub fn open(dir: &Utf8Path) -> Result<(Exclusive, Contents), Failure> {
        let place = Place::new(dir);
        place.make_folder()?;
        let lock = Lock::take(&place)?;
        let mut notes = Vec::new();
        let database = Database::open_or_set_aside(&place, &mut notes)?;
        let mut contents = database.contents()?;
        notes.append(&mut contents.notes);
        let exclusive = Exclusive { database, _lock: lock };
        Ok((exclusive, Contents { notes, ..contents }))
    }

    /// Writes all of `changes`, or none.
    ///
    /// # Errors
    ///
    /// A record is too large, or why it cannot be written.
    pub fn write(&mut self, changes: Vec<Change>) -> Result<(), Failure> {
        let pending = Pending::of(changes);
        if let Some((kind, key)) = pending.too_large().first() {
            return Err(Failure::Io(format!("the {kind} `{key}` is over {MAX_RECORD_BYTES} bytes")));
        }
        self.database.write(&pending)
    }
}

#[cfg(test)]
mod tests;
