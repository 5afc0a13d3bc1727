//! Debouncing: when a changed file counts as finished.
//!
//! A file system shows in two ways only that a writer is finished: the file is renamed into place, or the writer closes it. The first is
//! certain. The second may be one close of many (`echo … >> a.md`), so it counts where it is likely. Otherwise the file has to be stable
//! for some time.

use std::time::Duration;

use crate::source::Version;
use crate::source::watch::HintKind;

/// How long a file must be stable that is open for writing, or empty: the next write may take a while.
pub(super) const WRITERS_PAUSE: Duration = Duration::from_secs(2);

/// A version of a file that was seen and is not yet accepted. Times are of the monotonic clock.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    version: Version,
    since: Duration,
    is_being_written: bool,
    /// How long it has to be stable.
    wait: Duration,
}

/// What is known about a file besides its version.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Circumstances {
    /// The last hint about the file, if any.
    pub(super) hint: Option<HintKind>,
    /// How long ago the version before this one was accepted, if any.
    pub(super) age: Option<Duration>,
    /// Whether the file is certainly finished: it did not change for long before the start, or it is a known file that was renamed.
    pub(super) is_certain: bool,
}

impl Pending {
    /// Returns the pending state of a file that has the version `version` at `tick`; `before` is its last pending state. `settle` is how
    /// long ago the last change must be for a close to count; `stable` is how long any other file has to be stable.
    pub(super) fn new(
        before: Option<Pending>,
        version: Version,
        circumstances: Circumstances,
        tick: Duration,
        (settle, stable): (Duration, Duration),
    ) -> Pending {
        let was_being_written = before.as_ref().is_some_and(|before| before.is_being_written);
        let since = before
            .filter(|before| before.version == version)
            .map_or(tick, |before| before.since);
        let is_being_written = match circumstances.hint {
            Some(HintKind::Modified) => true,
            Some(HintKind::Closed | HintKind::Moved) => false,
            Some(HintKind::Seen) | None => was_being_written,
        };
        let is_closed_once = circumstances.hint == Some(HintKind::Closed) && circumstances.age.is_some_and(|age| age >= settle);
        let wait = if version.size() == 0 {
            WRITERS_PAUSE
        } else if circumstances.hint == Some(HintKind::Moved) || is_closed_once || circumstances.is_certain {
            Duration::ZERO
        } else if is_being_written {
            WRITERS_PAUSE.max(stable)
        } else {
            stable
        };
        Pending {
            version,
            since,
            is_being_written,
            wait,
        }
    }

    /// The version seen last.
    pub(super) fn version(&self) -> &Version {
        &self.version
    }

    /// Whether it has to be stable for some time.
    pub(super) fn is_waiting(&self) -> bool {
        !self.wait.is_zero()
    }

    /// When it may be accepted, if it is stable until then.
    pub(super) fn due(&self) -> Duration {
        self.since.saturating_add(self.wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    const SETTLE: Duration = Duration::from_millis(100);

    fn version(size: u64) -> Version {
        Version::new(FileId(1, 1), size, 0, 0)
    }

    #[test]
    fn a_version_has_to_be_stable_for_a_time() {
        let long_ago = Some(Duration::from_secs(10));
        let just_now = Some(Duration::from_millis(50));
        let cases = [
            ("renamed into place", HintKind::Moved, None, 5, 0),
            ("a known file closed", HintKind::Closed, long_ago, 5, 0),
            ("a known file closed again at once", HintKind::Closed, just_now, 5, 100),
            ("a new file closed", HintKind::Closed, None, 5, 100),
            ("a file seen", HintKind::Seen, long_ago, 5, 100),
            ("a file being written", HintKind::Modified, long_ago, 5, 2000),
            ("an empty file", HintKind::Moved, long_ago, 0, 2000),
        ];
        for (name, hint, age, size, expected) in cases {
            let circumstances = Circumstances {
                hint: Some(hint),
                age,
                is_certain: false,
            };
            let tick = Duration::from_secs(10);
            let pending = Pending::new(None, version(size), circumstances, tick, (SETTLE, SETTLE));
            assert_eq!(pending.due(), tick + Duration::from_millis(expected), "{name}");
        }
    }

    #[test]
    fn every_change_restarts_the_wait() {
        let see = |before, size, tick| {
            let tick = Duration::from_millis(tick);
            Pending::new(before, version(size), Circumstances::default(), tick, (SETTLE, SETTLE))
        };
        let first = see(None, 1, 0);
        let same = see(Some(first.clone()), 1, 60);
        assert_eq!(same.due(), Duration::from_millis(100));
        let grown = see(Some(same), 2, 90);
        assert_eq!(grown.due(), Duration::from_millis(190));
    }

    #[test]
    fn a_file_counts_as_being_written_until_it_is_closed() {
        let see = |before, hint| {
            let circumstances = Circumstances {
                hint,
                ..Circumstances::default()
            };
            Pending::new(before, version(1), circumstances, Duration::ZERO, (SETTLE, SETTLE))
        };
        let written = see(None, Some(HintKind::Modified));
        let scanned = see(Some(written), None);
        assert_eq!(scanned.due(), WRITERS_PAUSE);
        assert_eq!(see(Some(scanned), Some(HintKind::Closed)).due(), SETTLE);
    }
}
