//! Limits how soon one build may follow another.
//!
//! A change after a pause is built at once. While changes continue, each build waits twice as long as the one before, so that renaming a
//! thousand files costs a few builds.

use std::time::{Duration, Instant};

/// The wait between the first and the second build of a burst.
const FIRST: Duration = Duration::from_millis(20);
/// The longest wait between two builds.
const LONGEST: Duration = Duration::from_millis(100);
/// A build that begins within this time after it became possible belongs to the same burst.
const AT_ONCE: Duration = Duration::from_millis(5);

/// Limits how soon one build may follow another.
#[derive(Debug, Default)]
pub(super) struct BuildThrottle {
    last: Option<Instant>,
    wait: Duration,
}

impl BuildThrottle {
    /// Records that a cycle that began at `begun` built a site at `now`.
    pub(super) fn built(&mut self, begun: Instant, now: Instant) {
        let has_waited = self.next().is_some_and(|next| begun <= next + AT_ONCE);
        self.wait = if has_waited { (self.wait * 2).min(LONGEST) } else { FIRST };
        self.last = Some(now);
    }

    /// When the next build may begin; `None` before the first build.
    pub(super) fn next(&self) -> Option<Instant> {
        self.last.map(|last| last + self.wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_of_a_burst_wait_longer_and_longer() {
        let start = Instant::now();
        let after = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut bursts = BuildThrottle::default();
        assert_eq!(bursts.next(), None);
        // each case: when a build begins and ends, and how long the next waits
        let cases = [
            ("the first", 0, 5, 20),
            ("as soon as it might", 25, 30, 40),
            ("again", 71, 80, 80),
            ("at the most", 160, 200, 100),
            ("still", 301, 310, 100),
            ("after a pause", 417, 420, 20),
            ("one save", 490, 500, 20),
            ("another", 560, 565, 20),
            ("that took long", 600, 900, 20),
        ];
        for (name, begun, ended, wait) in cases {
            bursts.built(after(begun), after(ended));
            assert_eq!(bursts.next(), Some(after(ended + wait)), "{name}");
        }
    }
}
