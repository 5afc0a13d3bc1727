//! Why the published posts may differ from those in the source.

use std::fmt;
use std::io;
use std::mem::discriminant;
use std::time::Duration;

/// Why the published posts may differ from those in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Degraded {
    /// The folder cannot be scanned.
    Unreadable(String),
    /// The folder is empty and on another device than before.
    Unmounted,
    /// This number of posts is missing together, and will count as removed after this time.
    ManyMissing(usize, Duration),
    /// There was no post at the start, but this number is known.
    AllAbsent(usize),
    /// This number of known posts was missing at the start, more than half of all, and will count as removed after this time.
    MostAbsent(usize, Duration),
}

impl Degraded {
    pub(super) fn unreadable(error: &io::Error) -> Degraded {
        Degraded::Unreadable(error.to_string())
    }

    /// Whether it is the same variant as `before`, perhaps with other numbers.
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
