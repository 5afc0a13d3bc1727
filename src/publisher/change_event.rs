//! The event about the changes of a new site.

use crate::site::ChangedFeed;
use crate::source::post_event::PostEvent;
use crate::time::Timestamp;

/// The changes of a new site. It is sent after requests get the site, and also for events that change no site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeEvent {
    /// The time for which the newest site was built.
    pub built: Timestamp,
    /// Events about posts.
    pub posts: Vec<PostEvent>,
    /// The feeds whose bytes differ from those in the previous site, ordered.
    pub feeds: Vec<ChangedFeed>,
}
