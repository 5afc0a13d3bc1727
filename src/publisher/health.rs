//! How the publisher is, for terminals and operators.

use std::time::Duration;

use serde::Serialize;

use crate::source::watch::Watching;
use crate::time::Timestamp;

/// How the publisher is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Why the site may not show what the folder holds; `None` while all is well.
    pub degraded: Option<String>,
    /// How changes are noticed.
    pub watching: Watching,
    /// When the whole folder was last looked at.
    pub last_full_scan: Option<Timestamp>,
    /// How often the folder, or a part of it, was looked at.
    pub looks: u64,
    /// How many sites were built.
    pub builds: u64,
    /// How long the last of them took.
    pub last_build: Option<Duration>,
    /// Why the ledger cannot be written; `None` while it can, and where nobody asked for one.
    pub ledger: Option<String>,
}
