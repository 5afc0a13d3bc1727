//! Whether two texts begin alike.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many words of a text are compared: feeds often hold no more than its beginning.
const MOST_WORDS: usize = 150;
/// A text of fewer words is like too many others.
const FEWEST_WORDS: usize = 8;

/// The neighbouring pairs of words that a text begins with.
#[derive(Clone, Debug, Default)]
pub(super) struct Beginning(HashSet<u64>);

impl Beginning {
    pub(super) fn of(text: &str) -> Beginning {
        let words: Vec<String> = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .take(MOST_WORDS)
            .map(str::to_lowercase)
            .collect();
        if words.len() < FEWEST_WORDS {
            return Beginning::default();
        }
        let hashed = words.windows(2).map(|pair| {
            let mut hasher = DefaultHasher::new();
            pair.hash(&mut hasher);
            hasher.finish()
        });
        Beginning(hashed.collect())
    }

    /// Whether at least half of the shorter one is in the other.
    pub(super) fn is_like(&self, other: &Beginning) -> bool {
        let shorter = self.0.len().min(other.0.len());
        shorter > 0 && 2 * self.0.intersection(&other.0).count() >= shorter
    }
}
