//! What the publisher says of its work, for terminals and operators.

use std::time::Duration;

use camino::Utf8PathBuf;
use serde::Serialize;

use crate::post::{Post, Visibility};
use crate::time::Timestamp;
use crate::watch::Watching;

/// Something that happened to a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The file, relative to the posts folder; empty where it is about the folder as a whole.
    pub path: Utf8PathBuf,
    /// The post's address, where it has one.
    pub address: Option<String>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What can happen to a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// A file was read for the first time.
    Added,
    /// A new version of it was read.
    Changed,
    /// It has another path.
    Moved {
        /// Its former path.
        from: Utf8PathBuf,
    },
    /// It is gone.
    Removed,
    /// Something speaks against believing what was seen, so nothing was changed.
    Held {
        /// What.
        why: String,
    },
    /// Its time has come: the world can see it.
    Appeared,
    /// Its time is over: the world no longer can.
    Expired,
    /// Its newest version cannot be published.
    Broken {
        /// Why.
        why: String,
    },
    /// It, or the folder, is well again.
    Mended,
}

impl Event {
    /// Its name, and what there is to say beside it: why, or from where.
    #[must_use]
    pub fn in_words(&self) -> (&'static str, Option<&str>) {
        match self {
            Event::Added => ("added", None),
            Event::Changed => ("changed", None),
            Event::Moved { from } => ("moved", Some(from.as_str())),
            Event::Removed => ("removed", None),
            Event::Held { why } => ("held", Some(why)),
            Event::Appeared => ("appeared", None),
            Event::Expired => ("expired", None),
            Event::Broken { why } => ("broken", Some(why)),
            Event::Mended => ("mended", None),
        }
    }
}

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

/// What time did to `post` from `then` to `now`.
pub(super) fn passage(post: &Post, then: Timestamp, now: Timestamp) -> Option<Report> {
    let event = match (post.visibility(then), post.visibility(now)) {
        (Visibility::Scheduled, Visibility::Public | Visibility::Unlisted) => Event::Appeared,
        (Visibility::Public | Visibility::Unlisted, Visibility::Expired) => Event::Expired,
        _ => return None,
    };
    Some(Report {
        path: post.source().to_path_buf(),
        address: Some(post.address().to_string()),
        event,
    })
}
