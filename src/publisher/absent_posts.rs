//! When a post that the ledger remembers, and of which there was no file at the start, has gone.
//!
//! While the program runs the desk sees files go and decides when to believe it. Of what went before, only the ledger knows; and a folder
//! that lost most of its posts between two runs is more likely not mounted than cleared out.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::config;

/// The posts that were absent at the first look. Times are of the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct AbsentPosts {
    has_looked: bool,
    awaited: Option<Awaited>,
}

#[derive(Debug)]
struct Awaited {
    ids: BTreeSet<Arc<str>>,
    since: Duration,
    grace: Grace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grace {
    /// For so long.
    For(Duration),
    /// Until there is any post at all.
    UntilAny(Duration),
}

/// Fewer posts than this are no crowd.
const CROWD: usize = 3;

impl AbsentPosts {
    /// Which of the `absent` posts have gone, where `live` posts are there.
    pub(super) fn gone(
        &mut self,
        absent: BTreeSet<Arc<str>>,
        live: usize,
        tick: Duration,
        config: &config::WatchSettings,
    ) -> BTreeSet<Arc<str>> {
        if !std::mem::replace(&mut self.has_looked, true) && !absent.is_empty() {
            let all = live + absent.len();
            let is_crowd = all >= CROWD && absent.len() * 2 > all;
            self.awaited = Some(Awaited {
                grace: match (live, is_crowd) {
                    (0, _) => Grace::UntilAny(config.vanish_grace),
                    (_, true) => Grace::For(config.vanish_grace),
                    (_, false) => Grace::For(config.delete_grace),
                },
                ids: absent.clone(),
                since: tick,
            });
        }
        self.see(live, tick);
        let Some(awaited) = &mut self.awaited else { return absent };
        let still: BTreeSet<Arc<str>> = awaited.ids.intersection(&absent).cloned().collect();
        if still.len() < awaited.ids.len() {
            // some came back, so the others may: they are counted from now
            awaited.since = tick;
            awaited.ids = still;
        }
        if awaited.ids.is_empty() || awaited.due().is_some_and(|due| due <= tick) {
            self.awaited = None;
            return absent;
        }
        absent.difference(&awaited.ids).cloned().collect()
    }

    /// Notes that `live` posts are there: where there was none, those that are absent have gone unless they come soon.
    pub(super) fn see(&mut self, live: usize, tick: Duration) {
        if let Some(awaited) = &mut self.awaited
            && let Grace::UntilAny(grace) = awaited.grace
            && live > 0
        {
            awaited.grace = Grace::For(grace);
            awaited.since = tick;
        }
    }

    /// When the absence is believed.
    pub(super) fn due(&self) -> Option<Duration> {
        self.awaited.as_ref().and_then(Awaited::due)
    }

    /// Why they are not believed to have gone, where that is not a matter of moments.
    pub(super) fn trouble(&self, config: &config::WatchSettings) -> Option<String> {
        let awaited = self.awaited.as_ref()?;
        (awaited.grace != Grace::For(config.delete_grace)).then(|| awaited.to_string())
    }
}

impl Awaited {
    fn due(&self) -> Option<Duration> {
        match self.grace {
            Grace::For(grace) => Some(self.since.saturating_add(grace)),
            Grace::UntilAny(_) => None,
        }
    }
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let posts = self.ids.len();
        match self.grace {
            Grace::UntilAny(_) => write!(
                f,
                "the posts folder is empty, but {posts} published posts are remembered: its disk may not be mounted, and nothing is \
                 withdrawn until there is a post"
            ),
            Grace::For(grace) => write!(
                f,
                "{posts} published posts are not in the folder any more, more than half of them all, which is believed once it has \
                 been so for {grace:?}"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each case: by second the posts absent, how many are there, and those believed gone.
    #[test]
    fn who_has_gone_since_the_last_run() {
        type Step = (u64, &'static str, usize, &'static str);
        let cases: [(&str, &[Step]); 6] = [
            ("one of many", &[(0, "a", 8, ""), (1, "a", 8, "a"), (2, "b", 8, "b")]),
            (
                "more than half",
                &[(0, "abc", 2, ""), (59, "abc", 2, ""), (60, "abc", 2, "abc")],
            ),
            ("more than half, and others later", &[(0, "abc", 2, ""), (9, "abcd", 1, "d")]),
            (
                "half came back",
                &[(0, "abc", 2, ""), (50, "a", 4, ""), (60, "a", 4, ""), (110, "a", 4, "a")],
            ),
            (
                "all",
                &[
                    (0, "abc", 0, ""),
                    (9000, "abc", 0, ""),
                    (9001, "ab", 1, ""),
                    (9061, "ab", 1, "ab"),
                ],
            ),
            ("none", &[(0, "", 8, ""), (1, "abcdefg", 1, "abcdefg")]),
        ];
        let config = config::WatchSettings::default();
        for (name, steps) in cases {
            let mut absences = AbsentPosts::default();
            for &(second, absent, live, expected) in steps {
                let absent = absent.chars().map(|c| Arc::from(c.to_string())).collect();
                let gone = absences.gone(absent, live, Duration::from_secs(second), &config);
                assert_eq!(
                    gone.iter().map(AsRef::as_ref).collect::<String>(),
                    expected,
                    "{name}, second {second}"
                );
            }
        }
    }

    #[test]
    fn where_all_went_and_others_came_it_is_believed_in_time() {
        let mut absences = AbsentPosts::default();
        let (config, second) = (config::WatchSettings::default(), Duration::from_secs);
        let absent = BTreeSet::from([Arc::from("a")]);
        assert!(absences.gone(absent.clone(), 0, second(0), &config).is_empty());
        absences.see(0, second(0));
        assert_eq!(absences.due(), None, "there is nothing yet");
        // they are new ones, so they were not there for the ledger before
        absences.see(2, second(0));
        assert_eq!(absences.due(), Some(config.vanish_grace));
        assert_eq!(absences.gone(absent.clone(), 2, config.vanish_grace, &config), absent);
    }
}
