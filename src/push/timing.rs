//! When the hub tries again.

use std::time::Duration;

/// The pauses of the hub. Tests shorten them.
#[derive(Clone, Debug)]
pub struct Timing {
    /// The pause after each failed delivery; after the last, the subscriber waits for the next news.
    pub retries: Vec<Duration>,
    /// The pause before the second and last attempt of a verification.
    pub verify_again: Duration,
    /// How often a host that fails again and again is asked.
    pub probe: Duration,
    /// How long a request may take.
    pub request: Duration,
    /// How long a topic must be gone before its subscribers are told: a tag can lose its only post for a moment.
    pub gone: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            retries: [15, 60, 300, 1800, 7200, 21_600, 86_400].map(Duration::from_secs).to_vec(),
            verify_again: Duration::from_mins(1),
            probe: Duration::from_mins(1),
            request: Duration::from_secs(10),
            gone: Duration::from_mins(10),
        }
    }
}

/// The longest `Retry-After` that is honoured.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(24);

impl Timing {
    /// The pause after a delivery that failed and had failed `tries` times before; `None` if it is not tried again. `random` changes it by
    /// up to a fifth, so that subscribers that failed together are not called together.
    pub(super) fn retry_pause(&self, tries: u8, retry_after: Option<Duration>, random: u64) -> Option<Duration> {
        let pause = *self.retries.get(usize::from(tries))?;
        let percent = 80 + u32::try_from(random % 41).unwrap_or(20);
        let pause = pause * percent / 100;
        Some(pause.max(retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_day_and_end() {
        let timing = Timing::default();
        for (tries, seconds) in [15, 60, 300, 1800, 7200, 21_600, 86_400].into_iter().enumerate() {
            let pause = |random| timing.retry_pause(u8::try_from(tries).unwrap(), None, random).unwrap();
            let whole = Duration::from_secs(seconds);
            assert_eq!(
                (pause(0), pause(20), pause(40)),
                (whole * 4 / 5, whole, whole * 6 / 5),
                "{tries}"
            );
        }
        assert_eq!(timing.retry_pause(7, None, 0), None);
        assert_eq!(timing.retry_pause(7, Some(Duration::from_secs(1)), 0), None);
    }

    #[test]
    fn a_retry_after_makes_a_pause_longer_and_never_shorter() {
        let timing = Timing::default();
        let pause = |seconds| {
            timing
                .retry_pause(0, Some(Duration::from_secs(seconds)), 20)
                .unwrap()
                .as_secs()
        };
        assert_eq!((pause(1), pause(100), pause(1_000_000)), (15, 100, 86_400));
    }
}
