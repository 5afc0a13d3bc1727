//! How soon one site may follow another.
//!
//! The first change after a pause is built at once. Where changes go on coming, each build waits a little longer than the one before for
//! more of them, so that a thousand files that are renamed together cost a handful of builds and not one for every few of them.

use std::time::{Duration, Instant};

/// How long the second build of a burst waits after the first.
const FIRST: Duration = Duration::from_millis(20);
/// How long a build waits after the one before at the most.
const LONGEST: Duration = Duration::from_millis(100);
/// Changes that come so much later than they could have been built are no burst.
const PAUSE: Duration = Duration::from_millis(50);

/// When sites were built.
#[derive(Debug, Default)]
pub(super) struct Bursts {
    last: Option<Instant>,
    wait: Duration,
}

impl Bursts {
    /// Notes that a site is built at `now`.
    pub(super) fn built(&mut self, now: Instant) {
        let goes_on = self.next().is_some_and(|next| now < next + PAUSE);
        self.wait = if goes_on { (self.wait * 2).min(LONGEST) } else { FIRST };
        self.last = Some(now);
    }

    /// From when on what changes is built; `None` where nothing was built yet.
    pub(super) fn next(&self) -> Option<Instant> {
        self.last.map(|last| last + self.wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_of_a_burst_wait_longer_and_longer() {
        let begun = Instant::now();
        let mut bursts = Bursts::default();
        assert_eq!(bursts.next(), None);
        // each case: when a site is built, and how long the next waits
        let cases = [
            (0, 20),
            (25, 40),
            (70, 80),
            (155, 100),
            (260, 100),
            (513, 20),
            (613, 20),
            (700, 20),
            (725, 40),
        ];
        for (at, expected) in cases {
            let now = begun + Duration::from_millis(at);
            bursts.built(now);
            assert_eq!(bursts.next(), Some(now + Duration::from_millis(expected)), "built at {at} ms");
        }
    }
}
