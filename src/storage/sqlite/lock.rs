//! One process writes: who holds an advisory lock (`flock`) on `ledger.lock`.
//!
//! The system lets go of it when the process ends, however that ends. The file stays: were it deleted, two could each hold a lock of
//! their own. It holds the process id of who has it, for people only.

use std::fs::File;
use std::io::{Read, Seek, Write};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::state_folder::{FileIdentity, StateFolder};
use crate::storage::StorageError;

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock without waiting for it.
    pub(super) fn take(folder: &StateFolder) -> Result<Lock, StorageError> {
        let path = folder.lock();
        let fails = |error| StorageError::from_io(&format!("{path} cannot be locked"), &error);
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(fails)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                // a convenience: a full disk is no reason not to have the lock
                let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
                Ok(Lock { file })
            }
            Err(Errno::WOULDBLOCK) => Err(StorageError::Locked(holder(&mut file))),
            Err(error) => Err(fails(error.into())),
        }
    }

    /// Whether it still keeps others out: the file may have been deleted, and then another process can lock a new one.
    pub(super) fn holds(&self, folder: &StateFolder) -> bool {
        let held = self.file.metadata().map(|metadata| FileIdentity::from(&metadata));
        matches!((held, FileIdentity::of(folder.lock())), (Ok(held), Ok(Some(there))) if held == there)
    }
}

/// The process id in the lock's file.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
