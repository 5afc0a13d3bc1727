//! What the publisher says of its work, for terminals and operators.

use std::time::Duration;

use camino::Utf8PathBuf;
use serde::Serialize;

use crate::post::{Post, Visibility};
use crate::time::Timestamp;
use crate::watch::Watching;

/// What is added to an error about a post that readers have, from a file that did not change: what is not understood is no edit.
pub(super) const STAYS_PUBLISHED: &str = "; readers have this post, so it stays published";
/// What is added to an error about a post that readers have, and whose last good version was not kept.
pub(super) const WAITING: &str = "; readers have this post, and its address answers 503 until this is mended";

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
    /// Its file is gone, and the world did not have it.
    Removed,
    /// An edit made it public, or unlisted.
    Published,
    /// The world no longer has it: an edit took it back, or its file is gone.
    Withdrawn {
        /// Why.
        why: String,
    },
    /// Of a post: it is held back, because something that its file says is not understood. Of the folder: something speaks against
    /// believing what was seen, so nothing was changed.
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
            Event::Published => ("published", None),
            Event::Withdrawn { why } => ("withdrawn", Some(why)),
            Event::Held { why } => ("held", Some(why)),
            Event::Appeared => ("appeared", None),
            Event::Expired => ("expired", None),
            Event::Broken { why } => ("broken", Some(why)),
            Event::Mended => ("mended", None),
        }
    }
}

/// `report` with what its event did to the world, which had the post as `before` and has it as `after`.
pub(super) fn with_effect(mut report: Report, before: Option<Visibility>, after: Option<Visibility>) -> Vec<Report> {
    let is_out = |visibility: Option<Visibility>| matches!(visibility, Some(Visibility::Public | Visibility::Unlisted));
    let effect = match (is_out(before), is_out(after)) {
        (true, false) => Event::Withdrawn {
            why: format!("it {}", after.map_or("is gone", Visibility::in_words)),
        },
        (false, true) => Event::Published,
        _ => return vec![report],
    };
    match (&report.event, &effect) {
        // where it came from is to be told, too
        (Event::Moved { .. }, _) => {
            let second = Report {
                event: effect,
                ..report.clone()
            };
            vec![report, second]
        }
        // that it is new says as much; and what is not understood took it from nobody: its last good version, or its address, stays
        (Event::Added | Event::Appeared | Event::Expired | Event::Broken { .. }, _)
        | (Event::Held { .. }, Event::Withdrawn { .. }) => {
            vec![report]
        }
        _ => {
            report.event = effect;
            vec![report]
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
