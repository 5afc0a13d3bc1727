//! Why nothing, or not everything, that was seen is believed.

use std::fmt;
use std::io;
use std::mem::discriminant;
use std::time::Duration;

/// Why what is published may not be what the folder holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The folder cannot be looked at.
    Unreadable(String),
    /// It is empty, and on another device than it was.
    Unmounted,
    /// So many posts are missing together, and are believed to be gone when that has lasted so long.
    Exodus(usize, Duration),
}

impl Trouble {
    pub(super) fn unreadable(error: &io::Error) -> Trouble {
        Trouble::Unreadable(error.to_string())
    }

    /// Whether it is the same trouble as `before`, if perhaps with other numbers: no news.
    pub(super) fn goes_on_from(&self, before: Option<&Trouble>) -> bool {
        before.is_some_and(|before| discriminant(before) == discriminant(self))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Unreadable(error) => write!(f, "the posts folder cannot be read: {error}"),
            Trouble::Unmounted => write!(f, "the posts folder is empty and on another device: its disk is not mounted"),
            Trouble::Exodus(1, grace) => write!(
                f,
                "the last post is gone, which is believed once it has been so for {grace:?}"
            ),
            Trouble::Exodus(posts, grace) => {
                write!(
                    f,
                    "{posts} posts are gone at once, which is believed once it has been so for {grace:?}"
                )
            }
        }
    }
}
