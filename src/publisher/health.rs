//! The state of the publisher, for terminals and operators.

use std::time::Duration;

use serde::Serialize;

use crate::source::watch::Watching;
use crate::time::Timestamp;

/// The state of the publisher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Why the site may differ from the folder; `None` without a problem.
    pub degraded: Option<String>,
    /// How changes are noticed.
    pub watching: Watching,
    /// When the whole folder was last scanned.
    pub last_full_scan: Option<Timestamp>,
    /// The number of scans.
    #[serde(rename = "looks")]
    pub scans: u64,
    /// The number of sites built.
    pub builds: u64,
    /// The duration of the last build.
    pub last_build: Option<Duration>,
    /// Why the ledger cannot be written; `None` if it can, or if there is no ledger.
    pub ledger: Option<String>,
}
