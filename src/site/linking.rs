//! What the addresses in rendered posts led to, and which posts a change of the site may concern.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use camino::{Utf8Path, Utf8PathBuf};

use crate::post::reference::{Answers, References, Targets};

/// The addresses in one rendered post, each with what it led to.
#[derive(Debug)]
pub(super) struct LinkAnswers {
    references: References,
    answers: Answers,
    /// The last generation of targets in which the answers were found to be the same.
    current_in: AtomicU64,
}

impl LinkAnswers {
    /// What `references` resolved with `targets`.
    pub(super) fn new(references: &References, targets: &Targets) -> LinkAnswers {
        LinkAnswers {
            answers: references.answers(),
            references: references.clone().with_targets(&Targets::default()),
            current_in: AtomicU64::new(targets.generation()),
        }
    }

    /// Whether there are not addresses that depend on the site.
    pub(super) fn is_empty(&self) -> bool {
        self.answers.targets.is_empty()
    }

    /// The keys of all that was looked up.
    pub(super) fn keys(&self) -> impl Iterator<Item = u64> {
        self.answers.keys.iter().copied()
    }

    /// Whether all addresses still lead where they led.
    pub(super) fn are_current(&self, targets: &Targets) -> bool {
        let generation = targets.generation();
        if self.is_empty() || self.current_in.load(Ordering::Relaxed) == generation {
            return true;
        }
        let are_current = self.references.clone().with_targets(targets).would_answer(&self.answers);
        if are_current {
            self.current_in.store(generation, Ordering::Relaxed);
        }
        are_current
    }
}

/// The rendered posts by the keys that their addresses looked up. Some may have lost the address since.
#[derive(Debug, Default)]
pub(crate) struct Linking {
    /// The keys, each with the number of a post.
    by_key: BTreeSet<(u64, u32)>,
    numbers: HashMap<Arc<Utf8Path>, u32>,
    posts: Vec<Arc<Utf8Path>>,
}

impl Linking {
    /// Records that addresses in the post at `source` looked up `keys`.
    pub(crate) fn record(&mut self, source: &Utf8Path, keys: impl Iterator<Item = u64>) {
        let number = match self.numbers.get(source) {
            Some(number) => *number,
            None => {
                let Ok(number) = u32::try_from(self.posts.len()) else { return };
                let source: Arc<Utf8Path> = source.into();
                self.posts.push(Arc::clone(&source));
                self.numbers.insert(source, number);
                number
            }
        };
        self.by_key.extend(keys.map(|key| (key, number)));
    }

    /// The posts that looked up one of `keys`; any, if `keys` are not known.
    pub(crate) fn looking_up(&self, keys: Option<&BTreeSet<u64>>) -> BTreeSet<Utf8PathBuf> {
        let Some(keys) = keys else {
            return self.posts.iter().map(|source| source.to_path_buf()).collect();
        };
        let found = keys.iter().flat_map(|&key| self.by_key.range((key, 0)..=(key, u32::MAX)));
        let found = found.filter_map(|(_, number)| self.posts.get(usize::try_from(*number).ok()?));
        found.map(|source| source.to_path_buf()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_by_the_keys_that_they_looked_up() {
        let mut linking = Linking::default();
        linking.record("a.md".into(), [1, 2].into_iter());
        linking.record("b.md".into(), [2, u64::MAX].into_iter());
        linking.record("a.md".into(), [3].into_iter());
        let cases = [
            (Some(vec![1]), vec!["a.md"]),
            (Some(vec![2, 3]), vec!["a.md", "b.md"]),
            (Some(vec![u64::MAX]), vec!["b.md"]),
            (Some(vec![0, 4]), vec![]),
            (Some(vec![]), vec![]),
            (None, vec!["a.md", "b.md"]),
        ];
        for (keys, expected) in cases {
            let keys = keys.map(BTreeSet::from_iter);
            let found: Vec<_> = linking.looking_up(keys.as_ref()).into_iter().collect();
            assert_eq!(found, expected, "{keys:?}");
        }
    }
}
