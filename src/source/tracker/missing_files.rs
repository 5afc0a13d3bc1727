//! When a file that is missing is gone.
//!
//! One file is missing for a moment whenever an editor replaces it. Many are missing at once when a disk is not mounted, a
//! synchroniser starts over or a checkout is half done, and a feed that lost its posts for a minute tells every reader so.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use crate::config;

/// The files that are missing and were not before. Times are of the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct MissingFiles {
    since: BTreeMap<Utf8PathBuf, Duration>,
    exodus: Option<MassRemoval>,
    /// Whether the folder is another one than it was, by device and inode, since files are missing.
    is_suspect: bool,
}

/// Many files missing together.
#[derive(Debug)]
struct MassRemoval {
    paths: BTreeSet<Utf8PathBuf>,
    since: Duration,
}

/// So many posts are deleted by hand, be they all that there are, where the folder is the one that it was.
const FEW: usize = 3;
/// In a folder that is another one than it was, fewer posts than this are no crowd.
const CROWD: usize = 3;

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
        self.since.is_empty()
    }

    /// Notes that the folder is another one than it was.
    pub(super) fn suspect(&mut self) {
        self.is_suspect = true;
    }

    /// Whether so many of `posts` posts are missing that only a look at everything tells whether the folder is empty.
    pub(super) fn is_majority(&self, posts: usize) -> bool {
        self.since.len() * 2 > posts
    }

    /// The files that are gone by now, of a folder that had `posts` posts and now is empty if `is_empty`.
    pub(super) fn gone(
        &mut self,
        posts: usize,
        is_empty: bool,
        tick: Duration,
        config: &config::WatchSettings,
    ) -> Vec<Utf8PathBuf> {
        // what is believed of a folder that another one took the place of, where nothing is missing from it, is believed of the next
        self.is_suspect &= !self.since.is_empty();
        let are_many = if self.is_suspect {
            is_empty || posts >= CROWD
        } else {
            self.since.len() > FEW
        };
        let is_crowd = are_many && (is_empty || self.is_majority(posts));
        if self.since.is_empty() || !is_crowd {
            if self.exodus.take().is_some() {
                // some came back, so the others may: they are counted from now
                self.since.values_mut().for_each(|since| *since = tick);
            }
            let is_gone = |since: &Duration| tick.saturating_sub(*since) >= config.delete_grace;
            return self
                .since
                .iter()
                .filter(|(_, since)| is_gone(since))
                .map(|(path, _)| path.clone())
                .collect();
        }
        match &self.exodus {
            Some(exodus) if exodus.paths.iter().eq(self.since.keys()) => {
                if tick.saturating_sub(exodus.since) < config.vanish_grace {
                    return Vec::new();
                }
                self.exodus = None;
                self.is_suspect = false;
                self.since.keys().cloned().collect()
            }
            // it is believed when it has looked the same for a while
            _ => {
                let paths = self.since.keys().cloned().collect();
                self.exodus = Some(MassRemoval { paths, since: tick });
                Vec::new()
            }
        }
    }

    /// How many files are missing together and not believed to be gone.
    pub(super) fn held(&self) -> Option<usize> {
        self.exodus.as_ref().map(|exodus| exodus.paths.len())
    }

    /// When to look at the missing files again.
    pub(super) fn due(&self, config: &config::WatchSettings) -> Option<Duration> {
        match &self.exodus {
            Some(exodus) => Some(exodus.since.saturating_add(config.vanish_grace)),
            None => self
                .since
                .values()
                .min()
                .map(|since| since.saturating_add(config.delete_grace)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each case: posts there were, whether the folder is empty, whether it is another one, then by second the files missing and those
    /// believed gone.
    #[test]
    fn who_is_gone_when() {
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
                missing.suspect();
            }
            for &(second, absent, expected) in steps {
                let tick = Duration::from_secs(second);
                let absent: Vec<Utf8PathBuf> = absent.chars().map(|c| c.to_string().into()).collect();
                missing.since.retain(|path, _| absent.contains(path));
                for path in absent {
                    missing.add(path, tick);
                }
                let gone: String = missing
                    .gone(posts, is_empty, tick, &config)
                    .iter()
                    .map(|path| path.as_str())
                    .collect();
                assert_eq!(gone, expected, "{name}, second {second}");
            }
        }
    }
}
