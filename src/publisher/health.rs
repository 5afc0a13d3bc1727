//! The state of the publisher, for terminals and operators.

use std::time::Duration;

use serde::Serialize;

use crate::source::watch::Watching;
use crate::time::Timestamp;

/// The state of the publisher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Why the site may not show the posts of the folder; `None` while all is well.
    pub degraded: Option<String>,
    /// How changes are noticed.
    pub watching: Watching,
    /// When the whole folder was last scanned.
    pub last_full_scan: Option<Timestamp>,
    /// How many scans there were.
    pub looks: u64,
    /// How many sites were built.
    pub builds: u64,
    /// How long the last of them took.
    pub last_build: Option<Duration>,
    /// Why the ledger cannot be written; `None` while it can, and where there is none.
    pub ledger: Option<String>,
}
