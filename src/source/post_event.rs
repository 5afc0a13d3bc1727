//! What happened to a post, for terminals and logs.

use camino::Utf8PathBuf;
use serde::Serialize;

use crate::post::{HELD_BACK, Post, Visibility};
use crate::time::Timestamp;

/// The target of what the log says of the ledger that is no warning.
pub const LEDGER_EVENTS: &str = "feedmill::ledger_events";

/// Added to an error about a post that readers have, from a file that did not change: what is not understood is no edit.
pub(crate) const STAYS_PUBLISHED: &str = "; readers have this post, so it stays published as it is until its file is edited";
/// Added to an error about a post that readers have, and whose last good version was not kept.
pub(crate) const WAITING: &str = "; readers have this post, and its address answers 503 until this is mended";

/// Adds to `message`, an error about a post that readers have, what becomes of the post. Nothing is held back then.
pub(crate) fn add_outcome(message: &mut String, outcome: &str) {
    message.truncate(message.trim_end_matches(HELD_BACK).len());
    message.push_str(outcome);
}

/// Something that happened to a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PostEvent {
    /// The file, relative to the posts folder; empty where it is about the folder as a whole.
    pub path: Utf8PathBuf,
    /// The post's address, where it has one.
    pub address: Option<String>,
    /// What happened.
    #[serde(flatten)]
    pub event: PostEventKind,
}

/// What can happen to a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum PostEventKind {
    /// A file was read for the first time, and readers have its post.
    Added,
    /// A file was read for the first time, and readers do not have its post.
    Found {
        /// Why.
        why: String,
    },
    /// A new version of it was read.
    Changed,
    /// It has another path.
    Moved {
        /// Its former path.
        from: Utf8PathBuf,
    },
    /// Its file is gone, and readers did not have it.
    Removed,
    /// An edit made it public, or unlisted.
    Published,
    /// Readers no longer have it: an edit took it back, or its file is gone.
    Withdrawn {
        /// Why.
        why: String,
    },
    /// Of a post: it is held back, because something in its file is not understood. Of the folder: what was seen may not be true, so
    /// nothing was changed.
    Held {
        /// What.
        why: String,
    },
    /// Its time has come: readers have it.
    Appeared,
    /// Its time is over: readers no longer have it.
    Expired,
    /// Its newest version cannot be published.
    Broken {
        /// Why.
        why: String,
    },
    /// It, or the folder, is good again.
    Mended,
}

impl PostEventKind {
    /// Its name, and a detail: why, or from where.
    #[must_use]
    pub fn in_words(&self) -> (&'static str, Option<&str>) {
        match self {
            PostEventKind::Added => ("added", None),
            PostEventKind::Found { why } => ("found", Some(why)),
            PostEventKind::Changed => ("changed", None),
            PostEventKind::Moved { from } => ("moved", Some(from.as_str())),
            PostEventKind::Removed => ("removed", None),
            PostEventKind::Published => ("published", None),
            PostEventKind::Withdrawn { why } => ("withdrawn", Some(why)),
            PostEventKind::Held { why } => ("held", Some(why)),
            PostEventKind::Appeared => ("appeared", None),
            PostEventKind::Expired => ("expired", None),
            PostEventKind::Broken { why } => ("broken", Some(why)),
            PostEventKind::Mended => ("mended", None),
        }
    }
}

/// Returns `event`, or the events in its place, after its effect on readers: they had the post as `before` and have it as `after`.
pub(crate) fn with_effect(mut event: PostEvent, before: Option<Visibility>, after: Option<Visibility>) -> Vec<PostEvent> {
    let is_out = |visibility: Option<Visibility>| matches!(visibility, Some(Visibility::Public | Visibility::Unlisted));
    let effect = match (is_out(before), is_out(after)) {
        (true, false) => PostEventKind::Withdrawn {
            why: format!("it {}", after.map_or("is gone", Visibility::in_words)),
        },
        (false, true) => PostEventKind::Published,
        (_, false) if event.event == PostEventKind::Added => {
            let why = after.map_or("is gone", Visibility::in_words);
            event.event = PostEventKind::Found {
                why: format!("it {why}"),
            };
            return vec![event];
        }
        _ => return vec![event],
    };
    match (&event.event, &effect) {
        // a post that is back under another name was not there to be moved
        (PostEventKind::Moved { .. }, PostEventKind::Published) if before.is_none() => {
            event.event = effect;
            vec![event]
        }
        // where it came from is part of the news
        (PostEventKind::Moved { .. }, _) => {
            let second = PostEvent {
                event: effect,
                ..event.clone()
            };
            vec![event, second]
        }
        // the first events say as much; and what is not understood took the post from nobody: its last good version, or its address, stays
        (PostEventKind::Added | PostEventKind::Appeared | PostEventKind::Expired | PostEventKind::Broken { .. }, _)
        | (PostEventKind::Held { .. }, PostEventKind::Withdrawn { .. }) => {
            vec![event]
        }
        _ => {
            event.event = effect;
            vec![event]
        }
    }
}

/// The event by which time alone changed the visibility of `post` from `then` to `now`.
pub(crate) fn passage(post: &Post, then: Timestamp, now: Timestamp) -> Option<PostEvent> {
    let event = match (post.visibility(then), post.visibility(now)) {
        (Visibility::Scheduled, Visibility::Public | Visibility::Unlisted) => PostEventKind::Appeared,
        (Visibility::Public | Visibility::Unlisted, Visibility::Expired) => PostEventKind::Expired,
        _ => return None,
    };
    Some(PostEvent {
        path: post.source.clone(),
        address: Some(post.address.clone()),
        event,
    })
}
