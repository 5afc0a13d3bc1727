//! Why the posts that are published may not be those that the source holds.

use std::fmt;
use std::io;
use std::mem::discriminant;
use std::time::Duration;

/// Why the posts that are published may not be those that the source holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Degraded {
    /// The folder cannot be scanned.
    Unreadable(String),
    /// It is empty, and on another device than it was.
    Unmounted,
    /// So many posts are missing together, and count as removed when that has lasted so long.
    ManyMissing(usize, Duration),
    /// There was no post at the start, and so many are known.
    AllAbsent(usize),
    /// So many known posts were not there at the start, more than half of all, and count as removed when that has lasted so long.
    MostAbsent(usize, Duration),
}

impl Degraded {
    pub(super) fn unreadable(error: &io::Error) -> Degraded {
        Degraded::Unreadable(error.to_string())
    }

    /// Whether it is the same as `before`, perhaps with other numbers.
    pub(super) fn is_like(&self, before: Option<&Degraded>) -> bool {
        before.is_some_and(|before| discriminant(before) == discriminant(self))
    }
}

impl fmt::Display for Degraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Degraded::Unreadable(error) => write!(f, "the posts folder cannot be read: {error}"),
            Degraded::Unmounted => write!(f, "the posts folder is empty and on another device: its disk is not mounted"),
            Degraded::ManyMissing(1, grace) => write!(
                f,
                "the last post is gone, which is believed once it has been so for {grace:?}"
            ),
            Degraded::ManyMissing(posts, grace) => write!(
                f,
                "{posts} posts are gone at once, which is believed once it has been so for {grace:?}"
            ),
            Degraded::AllAbsent(posts) => write!(
                f,
                "the posts folder is empty, but {posts} published posts are remembered: its disk may not be mounted, and nothing is \
                 withdrawn until there is a post"
            ),
            Degraded::MostAbsent(posts, grace) => write!(
                f,
                "{posts} published posts are not in the folder any more, more than half of them all, which is believed once it has \
                 been so for {grace:?}"
            ),
        }
    }
}
