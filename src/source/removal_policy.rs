//! Decides when a missing post counts as removed.
//!
//! A missing file is not always a deleted one. One file is missing for a moment whenever an editor replaces it. Many are missing at once
//! when a disk is not mounted, a synchroniser starts over or a checkout is half done, and every reader would see a feed that is empty for a
//! minute.
//! [`wait_for`] is the whole rule. [`MissingFiles`] applies it to files that were found while feedmill runs, [`AbsentPosts`] to posts
//! in the ledger that had no file at the start.

use std::collections::{BTreeMap, BTreeSet};

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use smol_str::SmolStr;

use super::degraded::Degraded;
use crate::config;

/// The most posts whose removal counts as made by hand, even if they are all posts.
const FEW: usize = 3;
/// The number of missing posts from which they are waited for together if the folder may have been replaced.
const CROWD: usize = 3;

/// The circumstances in which posts are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RemovalSituation {
    /// Files disappeared while feedmill runs.
    Running {
        /// The number of posts before.
        posts: usize,
        /// Whether the source is empty.
        is_empty: bool,
        /// Whether the folder of the files was replaced by another.
        is_replaced: bool,
    },
    /// Posts in the ledger have no file at the start.
    Starting {
        /// The number of other posts.
        present: usize,
    },
}

/// How long missing posts stay before they count as removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// For this time, each by itself.
    Each(Duration),
    /// For this time after the last change among them, all together.
    Together(Duration),
    /// Until there is any post; then for this time, all together.
    UntilAnyPost(Duration),
}

/// Returns how long `missing` posts stay before they count as removed.
fn wait_for(missing: usize, situation: RemovalSituation, config: &config::WatchSettings) -> Wait {
    let are_most = |posts: usize| missing * 2 > posts;
    match situation {
        RemovalSituation::Running {
            posts,
            is_empty,
            is_replaced,
        } => {
            let are_many = if is_replaced {
                is_empty || posts >= CROWD
            } else {
                missing > FEW
            };
            if are_many && (is_empty || are_most(posts)) {
                Wait::Together(config.vanish_grace)
            } else {
                Wait::Each(config.delete_grace)
            }
        }
        RemovalSituation::Starting { present: 0 } => Wait::UntilAnyPost(config.vanish_grace),
        RemovalSituation::Starting { present } => {
            let posts = present + missing;
            let is_crowd = posts >= CROWD && are_most(posts);
            Wait::Together(if is_crowd { config.vanish_grace } else { config.delete_grace })
        }
    }
}

/// Missing posts that count as removed together. Times are of the monotonic clock.
#[derive(Debug)]
struct WaitingTogether<K> {
    missing: BTreeSet<K>,
    since: Duration,
    wait: Wait,
}

impl<K> WaitingTogether<K> {
    /// When all of them count as removed.
    fn due(&self) -> Option<Duration> {
        match self.wait {
            Wait::Each(grace) | Wait::Together(grace) => Some(self.since.saturating_add(grace)),
            Wait::UntilAnyPost(_) => None,
        }
    }

    fn is_over(&self, tick: Duration) -> bool {
        self.due().is_some_and(|due| due <= tick)
    }
}

/// Files that disappeared while feedmill runs. Times are of the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct MissingFiles {
    since: BTreeMap<Utf8PathBuf, Duration>,
    together: Option<WaitingTogether<Utf8PathBuf>>,
    /// The number of posts when nothing was missing last. Posts that came since say nothing about those that are missing.
    posts_before: Option<usize>,
    /// Whether the folder of the files was replaced by another since files are missing.
    is_replaced: bool,
}

impl MissingFiles {
    pub(super) fn add(&mut self, path: Utf8PathBuf, tick: Duration) {
        self.since.entry(path).or_insert(tick);
    }

    pub(super) fn remove(&mut self, path: &Utf8Path) {
        self.since.remove(path);
    }

    /// Since when the file at `path` is missing.
    pub(super) fn since(&self, path: &Utf8Path) -> Option<Duration> {
        self.since.get(path).copied()
    }

    pub(super) fn contains(&self, path: &Utf8Path) -> bool {
        self.since.contains_key(path)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &Utf8PathBuf> {
        self.since.keys()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.since.is_empty() && self.together.is_none()
    }

    /// Records the number of `posts` before a scan.
    pub(super) fn note_posts(&mut self, posts: usize) {
        if self.is_empty() {
            self.posts_before = Some(posts);
        }
    }

    /// Records that the folder of the files was replaced by another.
    pub(super) fn note_replaced(&mut self) {
        self.is_replaced = true;
    }

    /// The files that count as removed at `tick`, given the number of `posts`, missing ones included, and whether the source is empty now.
    pub(super) fn removed(
        &mut self,
        posts: usize,
        is_empty: bool,
        tick: Duration,
        config: &config::WatchSettings,
    ) -> Vec<Utf8PathBuf> {
        // a folder from which nothing is missing is trusted from then on
        self.is_replaced &= !self.since.is_empty();
        let situation = RemovalSituation::Running {
            posts: self.posts_before.map_or(posts, |before| before.min(posts)),
            is_empty,
            is_replaced: self.is_replaced,
        };
        let wait = match wait_for(self.since.len(), situation, config) {
            Wait::Each(grace) => return self.removed_each(grace, tick),
            _ if self.since.is_empty() => return self.removed_each(config.delete_grace, tick),
            wait => wait,
        };
        match &self.together {
            Some(together) if together.missing.iter().eq(self.since.keys()) => {
                if !together.is_over(tick) {
                    return Vec::new();
                }
                self.together = None;
                self.is_replaced = false;
                self.since.keys().cloned().collect()
            }
            // the wait begins when two scans find the same files missing
            _ => {
                self.together = Some(WaitingTogether {
                    missing: self.since.keys().cloned().collect(),
                    since: tick,
                    wait,
                });
                Vec::new()
            }
        }
    }

    fn removed_each(&mut self, grace: Duration, tick: Duration) -> Vec<Utf8PathBuf> {
        if self.together.take().is_some() {
            // some came back, so the others may too: their wait starts again
            self.since.values_mut().for_each(|since| *since = tick);
        }
        let is_removed = |since: Duration| tick.saturating_sub(since) >= grace;
        let removed = self.since.iter().filter(|(_, since)| is_removed(**since));
        removed.map(|(path, _)| path.clone()).collect()
    }

    /// Why they do not count as removed, if many are missing together.
    pub(super) fn degraded(&self, config: &config::WatchSettings) -> Option<Degraded> {
        let together = self.together.as_ref()?;
        Some(Degraded::ManyMissing(together.missing.len(), config.vanish_grace))
    }

    /// When some of them may count as removed.
    pub(super) fn due(&self, config: &config::WatchSettings) -> Option<Duration> {
        match &self.together {
            Some(together) => together.due(),
            None => Some(self.since.values().min()?.saturating_add(config.delete_grace)),
        }
    }
}

/// Posts in the ledger that had no file at the start. Times are of the monotonic clock.
#[derive(Debug, Default)]
pub struct AbsentPosts {
    has_started: bool,
    together: Option<WaitingTogether<SmolStr>>,
}

impl AbsentPosts {
    /// The ids in `absent` that count as removed at `tick`, given the number of `present` posts.
    pub fn removed(
        &mut self,
        absent: BTreeSet<SmolStr>,
        present: usize,
        tick: Duration,
        config: &config::WatchSettings,
    ) -> BTreeSet<SmolStr> {
        if !std::mem::replace(&mut self.has_started, true) && !absent.is_empty() {
            self.together = Some(WaitingTogether {
                wait: wait_for(absent.len(), RemovalSituation::Starting { present }, config),
                missing: absent.clone(),
                since: tick,
            });
        }
        self.note_present(present, tick);
        let Some(together) = &mut self.together else { return absent };
        let still: BTreeSet<SmolStr> = together.missing.intersection(&absent).cloned().collect();
        if still.len() < together.missing.len() {
            // some came back, so the others may too: their wait starts again
            together.since = tick;
            together.missing = still;
        }
        if together.missing.is_empty() || together.is_over(tick) {
            self.together = None;
            return absent;
        }
        absent.difference(&together.missing).cloned().collect()
    }

    /// Records the number of `present` posts. If there was none before, the wait for the absent ones starts now.
    pub fn note_present(&mut self, present: usize, tick: Duration) {
        if let Some(together) = &mut self.together
            && let Wait::UntilAnyPost(grace) = together.wait
            && present > 0
        {
            together.wait = Wait::Together(grace);
            together.since = tick;
        }
    }

    /// When they count as removed.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        self.together.as_ref()?.due()
    }

    /// Why they do not count as removed, if that takes longer than a moment.
    #[must_use]
    pub fn degraded(&self, config: &config::WatchSettings) -> Option<Degraded> {
        let together = self.together.as_ref()?;
        let posts = together.missing.len();
        match together.wait {
            Wait::UntilAnyPost(_) => Some(Degraded::AllAbsent(posts)),
            Wait::Together(grace) if grace != config.delete_grace => Some(Degraded::MostAbsent(posts, grace)),
            Wait::Together(_) | Wait::Each(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_posts_stay_for_a_time() {
        let config = config::WatchSettings::default();
        let (short, long) = (config.delete_grace, config.vanish_grace);
        let running = |posts, is_empty, is_replaced| RemovalSituation::Running {
            posts,
            is_empty,
            is_replaced,
        };
        let starting = |present| RemovalSituation::Starting { present };
        let cases = [
            ("one of many", 1, running(9, false, false), Wait::Each(short)),
            ("all of three", 3, running(3, true, false), Wait::Each(short)),
            ("all of four", 4, running(4, true, false), Wait::Together(long)),
            ("four of seven", 4, running(7, false, false), Wait::Together(long)),
            ("four of eight", 4, running(8, false, false), Wait::Each(short)),
            ("one of two, another folder", 1, running(2, false, true), Wait::Each(short)),
            (
                "two of three, another folder",
                2,
                running(3, false, true),
                Wait::Together(long),
            ),
            (
                "the only one, another folder is empty",
                1,
                running(1, true, true),
                Wait::Together(long),
            ),
            ("one of many at the start", 1, starting(8), Wait::Together(short)),
            ("half at the start", 4, starting(4), Wait::Together(short)),
            ("most at the start", 3, starting(2), Wait::Together(long)),
            ("all at the start", 1, starting(0), Wait::UntilAnyPost(long)),
        ];
        for (name, missing, situation, expected) in cases {
            assert_eq!(wait_for(missing, situation, &config), expected, "{name}");
        }
    }

    #[test]
    fn posts_that_come_meanwhile_do_not_end_the_wait_for_missing_ones() {
        let config = config::WatchSettings::default();
        for added in [0, 2, 5, 100] {
            let mut missing = MissingFiles::default();
            missing.note_posts(8);
            for second in [0, 1, 59, 60] {
                for path in ["a", "b", "c", "d", "e"] {
                    missing.add(path.into(), Duration::ZERO);
                }
                missing.note_posts(8 + added);
                let gone = missing.removed(8 + added, false, Duration::from_secs(second), &config);
                assert_eq!(gone.len(), if second == 60 { 5 } else { 0 }, "{added} added, second {second}");
            }
        }
    }

    /// Each case: the posts before, whether the folder is empty, whether it was replaced; then by second the missing files and the removed
    /// ones.
    #[test]
    fn files_that_are_missing_count_as_removed_in_time() {
        type Step = (u64, &'static str, &'static str);
        let cases: [(&str, usize, bool, bool, &[Step]); 11] = [
            ("one of many", 9, false, false, &[(0, "a", ""), (1, "a", "a")]),
            (
                "one that came back",
                9,
                false,
                false,
                &[(0, "a", ""), (1, "", ""), (2, "a", ""), (3, "a", "a")],
            ),
            (
                "more than half",
                7,
                false,
                false,
                &[(0, "abcd", ""), (59, "abcd", ""), (60, "abcd", "abcd")],
            ),
            (
                "more than half, but few",
                5,
                false,
                false,
                &[(0, "abc", ""), (1, "abc", "abc")],
            ),
            (
                "more than half, but few, of another folder",
                5,
                false,
                true,
                &[(0, "abc", ""), (59, "abc", ""), (60, "abc", "abc")],
            ),
            (
                "more and more",
                8,
                false,
                false,
                &[
                    (0, "abcde", ""),
                    (30, "abcdef", ""),
                    (60, "abcdef", ""),
                    (90, "abcdef", "abcdef"),
                ],
            ),
            (
                "half came back",
                5,
                false,
                false,
                &[(0, "abcd", ""), (50, "a", ""), (51, "a", "a")],
            ),
            (
                "the only one, and the folder is empty",
                1,
                true,
                false,
                &[(0, "a", ""), (1, "a", "a")],
            ),
            (
                "the only one, and another folder is empty",
                1,
                true,
                true,
                &[(0, "a", ""), (59, "a", ""), (60, "a", "a")],
            ),
            ("all three", 3, true, false, &[(0, "abc", ""), (1, "abc", "abc")]),
            (
                "all four",
                4,
                true,
                false,
                &[(0, "abcd", ""), (59, "abcd", ""), (60, "abcd", "abcd")],
            ),
        ];
        let config = config::WatchSettings::default();
        for (name, posts, is_empty, is_another, steps) in cases {
            let mut missing = MissingFiles::default();
            if is_another {
                missing.note_replaced();
            }
            for &(second, absent, expected) in steps {
                let tick = Duration::from_secs(second);
                let absent: Vec<Utf8PathBuf> = absent.chars().map(|c| c.to_string().into()).collect();
                missing.since.retain(|path, _| absent.contains(path));
                for path in absent {
                    missing.add(path, tick);
                }
                let gone: String = missing
                    .removed(posts, is_empty, tick, &config)
                    .iter()
                    .map(|path| path.as_str())
                    .collect();
                assert_eq!(gone, expected, "{name}, second {second}");
            }
        }
    }

    /// Each case: by second the absent posts, the number of present ones, and the removed ones.
    #[test]
    fn posts_without_a_file_at_the_start_count_as_removed_in_time() {
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
            let mut absent_posts = AbsentPosts::default();
            for &(second, absent, live, expected) in steps {
                let absent = absent.chars().map(|c| SmolStr::from(c.to_string())).collect();
                let gone = absent_posts.removed(absent, live, Duration::from_secs(second), &config);
                assert_eq!(
                    gone.iter().map(SmolStr::as_str).collect::<String>(),
                    expected,
                    "{name}, second {second}"
                );
            }
        }
    }

    #[test]
    fn the_wait_for_absent_posts_begins_with_the_first_present_one() {
        let mut absent_posts = AbsentPosts::default();
        let (config, second) = (config::WatchSettings::default(), Duration::from_secs);
        let absent = BTreeSet::from([SmolStr::from("a")]);
        assert!(absent_posts.removed(absent.clone(), 0, second(0), &config).is_empty());
        absent_posts.note_present(0, second(0));
        assert_eq!(absent_posts.due(), None, "there is nothing yet");
        // they are new posts, which the ledger did not contain
        absent_posts.note_present(2, second(0));
        assert_eq!(absent_posts.due(), Some(config.vanish_grace));
        assert_eq!(absent_posts.removed(absent.clone(), 2, config.vanish_grace, &config), absent);
    }
}
