//! Events about posts, for terminals and logs.

use camino::Utf8PathBuf;
use serde::Serialize;

use crate::post::{HELD_BACK, Post, Visibility};
use crate::time::Timestamp;

/// The log target of messages about the ledger that are not warnings.
pub const LEDGER_EVENTS: &str = "feedmill::ledger_events";

/// Added to an error about a public post whose file did not change: new rules are not an edit.
pub(crate) const STAYS_PUBLISHED: &str = "; readers have this post, so it stays published as it is until its file is edited";
/// Added to an error about a public post whose last good version was not stored.
pub(crate) const WAITING: &str = "; readers have this post, and its address answers 503 until this is fixed";

/// Replaces the "held back" ending of `message`, an error about a public post, with `outcome`.
pub(crate) fn add_outcome(message: &mut String, outcome: &str) {
    message.truncate(message.trim_end_matches(HELD_BACK).len());
    message.push_str(outcome);
}

/// An event about a post or about the folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PostEvent {
    /// The file, relative to the posts folder; empty for an event about the folder as a whole.
    pub path: Utf8PathBuf,
    /// The post's address, if it has one.
    pub address: Option<String>,
    /// What happened.
    #[serde(flatten)]
    pub event: PostEventKind,
}

/// The kind of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum PostEventKind {
    /// A file was read for the first time, and its post is public or unlisted.
    Added,
    /// A file was read for the first time, and its post is not public.
    Found {
        /// Why.
        why: String,
    },
    /// A new version of the file was read.
    Changed,
    /// The file has a new path.
    Moved {
        /// Its old path.
        from: Utf8PathBuf,
    },
    /// The file of a post that was not public is gone.
    Removed,
    /// An edit made the post public or unlisted.
    Published,
    /// The post is no longer public: an edit hid it, or its file is gone.
    Withdrawn {
        /// Why.
        why: String,
    },
    /// A post is held back because a field in its file is not understood; or, for the folder, a scan is not trusted, so nothing was
    /// changed.
    Held {
        /// Why.
        why: String,
    },
    /// A scheduled post became public.
    Appeared,
    /// The post expired.
    Expired,
    /// The newest version of the file cannot be published.
    Broken {
        /// Why.
        why: String,
    },
    /// The file or the folder has no error any more.
    Mended,
}

impl PostEventKind {
    /// The name of the event, and its reason or old path.
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

/// Returns the events that replace `event`, given the visibility of the post `before` and `after` it.
pub(crate) fn with_effect(mut event: PostEvent, before: Option<Visibility>, after: Option<Visibility>) -> Vec<PostEvent> {
    let is_out = |visibility: Option<Visibility>| visibility.is_some_and(Visibility::is_readable);
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
        // a post that returns under another name was not public before, so it did not move
        (PostEventKind::Moved { .. }, PostEventKind::Published) if before.is_none() => {
            event.event = effect;
            vec![event]
        }
        // the old path is part of the message
        (PostEventKind::Moved { .. }, _) => {
            let second = PostEvent {
                event: effect,
                ..event.clone()
            };
            vec![event, second]
        }
        // the first four events already state the effect; a held post is not withdrawn: its last good version, or its address, stays
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

/// The event for a `post` whose visibility changed between `then` and `now` by time alone, if it did.
pub(crate) fn event_by_time(post: &Post, then: Timestamp, now: Timestamp) -> Option<PostEvent> {
    let event = match (post.visibility(then), post.visibility(now)) {
        (Visibility::Scheduled, after) if after.is_readable() => PostEventKind::Appeared,
        (before, Visibility::Expired) if before.is_readable() => PostEventKind::Expired,
        _ => return None,
    };
    Some(PostEvent {
        path: post.source.clone(),
        address: Some(post.address.to_string()),
        event,
    })
}
