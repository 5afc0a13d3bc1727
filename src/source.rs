//! Where posts come from: the posts folder, the watch on it, and the state of each of its files.

pub mod folder;
pub mod post_event;
pub mod progress;
pub mod tracker;
pub mod watch;
