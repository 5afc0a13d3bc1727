//! Compares the beginnings of two texts.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The most words that are compared: feeds often contain only the beginning of a text.
const MOST_WORDS: usize = 150;
/// A text with fewer words is similar to too many others.
const FEWEST_WORDS: usize = 8;

/// The pairs of neighbouring words at the beginning of a text.
#[derive(Clone, Debug, Default)]
pub(super) struct Beginning(HashSet<u64>);

impl Beginning {
    pub(super) fn new(text: &str) -> Beginning {
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

    /// Whether at least half of the shorter beginning is in the other.
    pub(super) fn is_similar(&self, other: &Beginning) -> bool {
        let shorter = self.0.len().min(other.0.len());
        shorter > 0 && 2 * self.0.intersection(&other.0).count() >= shorter
    }
}
