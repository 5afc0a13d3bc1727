//! The lock of the one process that writes: an advisory lock (`flock`) on `ledger.lock`.
//!
//! The system releases it when the process ends, however that happens. The file is never deleted, because then two processes could
//! each lock a file of their own. It contains the process id of the holder, for people only.

use std::fs::File;
use std::io::{Read, Seek, Write};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::state_folder::{FileIdentity, StateFolder};
use crate::storage::error::StorageError;

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
                // the process id is a convenience: a full disk does not prevent the lock
                let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
                Ok(Lock { file })
            }
            Err(Errno::WOULDBLOCK) => Err(StorageError::Locked(holder(&mut file))),
            Err(error) => Err(fails(error.into())),
        }
    }

    /// Whether it still excludes others. If the file was deleted, another process can lock a new one.
    pub(super) fn holds(&self, folder: &StateFolder) -> bool {
        let held = self.file.metadata().map(|metadata| FileIdentity::from(&metadata));
        matches!((held, FileIdentity::of(folder.lock())), (Ok(held), Ok(Some(there))) if held == there)
    }
}

/// The process id in the file.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
