//! What a new site changed.

use crate::site::ChangedFeed;
use crate::source::post_event::PostEvent;
use crate::time::Timestamp;

/// What a new site changed. It is sent once requests get the site; also without a new site, where something happened that changes none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeEvent {
    /// The instant that the newest site was built for.
    pub built: Timestamp,
    /// What happened to posts.
    pub posts: Vec<PostEvent>,
    /// The feeds whose bytes are not those that they had in the site before, ordered.
    pub feeds: Vec<ChangedFeed>,
}
