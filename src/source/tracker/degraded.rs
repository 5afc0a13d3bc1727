//! Why nothing, or not everything, that was seen is believed.

use std::fmt;
use std::io;
use std::mem::discriminant;
use std::time::Duration;

/// Why what is published may not be what the folder holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Degraded {
    /// The folder cannot be looked at.
    Unreadable(String),
    /// It is empty, and on another device than it was.
    Unmounted,
    /// So many posts are missing together, and are believed to be gone when that has lasted so long.
    MassRemoval(usize, Duration),
}

impl Degraded {
    pub(super) fn unreadable(error: &io::Error) -> Degraded {
        Degraded::Unreadable(error.to_string())
    }

    /// Whether it is the same trouble as `before`, if perhaps with other numbers: no news.
    pub(super) fn goes_on_from(&self, before: Option<&Degraded>) -> bool {
        before.is_some_and(|before| discriminant(before) == discriminant(self))
    }
}

impl fmt::Display for Degraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Degraded::Unreadable(error) => write!(f, "the posts folder cannot be read: {error}"),
            Degraded::Unmounted => write!(f, "the posts folder is empty and on another device: its disk is not mounted"),
            Degraded::MassRemoval(1, grace) => write!(
                f,
                "the last post is gone, which is believed once it has been so for {grace:?}"
            ),
            Degraded::MassRemoval(posts, grace) => {
                write!(
                    f,
                    "{posts} posts are gone at once, which is believed once it has been so for {grace:?}"
                )
            }
        }
    }
}
