//! What a content is known by again, without the content.

use super::record::{Digest, Fingerprint, Likeness};
use crate::post::{Origin, Post};

/// A text of fewer words is like any other: nothing is concluded from it.
const FEWEST_WORDS: usize = 12;
/// Later words add nothing to a likeness.
const MOST_WORDS: usize = 20_000;
/// Likenesses of one text before and after an edit differ in so many bits at the most.
const NEAR: u32 = 10;

impl Fingerprint {
    /// The fingerprint of `post` as its file has it. White space counts for nothing, nor does what is not shown.
    #[must_use]
    pub fn of(post: &Post) -> Fingerprint {
        let mut words = String::with_capacity(post.body.len() + 1);
        push_words(&mut words, &post.body);
        let text = blake3::hash(words.as_bytes());
        let mut shown = blake3::Hasher::new();
        shown.update(text.as_bytes());
        let summary = matches!(post.origins.summary, Origin::Field(_)).then_some(&post.summary);
        let parts = [Some(&post.title), summary, post.link.as_ref(), post.image.as_ref()];
        let files = post.enclosures.iter().map(|enclosure| Some(&enclosure.url));
        words.clear();
        for part in parts.into_iter().chain(files) {
            push_words(&mut words, part.map_or("", String::as_str));
            words.push('\0');
        }
        shown.update(words.as_bytes());
        Fingerprint {
            shown: digest(&shown.finalize()),
            text: digest(&text),
            likeness: likeness(&post.body),
        }
    }

    /// Whether the texts are the same, and long enough for that to mean something.
    #[must_use]
    pub fn is_same_text(&self, other: &Fingerprint) -> bool {
        self.text == other.text && self.likeness.0 != 0
    }

    /// Whether one text may be an edit of the other.
    #[must_use]
    pub fn is_like(&self, other: &Fingerprint) -> bool {
        let (one, other) = (self.likeness.0, other.likeness.0);
        one != 0 && other != 0 && (one ^ other).count_ones() <= NEAR
    }
}

fn digest(hash: &blake3::Hash) -> Digest {
    let mut half = [0; 16];
    half.copy_from_slice(&hash.as_bytes()[..16]);
    Digest(u128::from_be_bytes(half))
}

/// Writes the words of `text`, each with a space after it.
fn push_words(words: &mut String, text: &str) {
    for word in text.split_whitespace() {
        words.push_str(word);
        words.push(' ');
    }
}

/// The likeness of `text`: letters and digits count, in any case. Scripts without spaces are taken apart into characters.
fn likeness(text: &str) -> Likeness {
    let mut simhash = Simhash::default();
    let mut word = Fnv::default();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        } else if c.is_ascii() || !c.is_alphanumeric() {
            simhash.end(&mut word);
        } else if is_ideograph(c) {
            simhash.end(&mut word);
            word.push(c);
            simhash.end(&mut word);
        } else {
            c.to_lowercase().for_each(|c| word.push(c));
        }
        if simhash.words == MOST_WORDS {
            break;
        }
    }
    simhash.end(&mut word);
    simhash.finish()
}

/// M. Charikar's simhash over words and pairs of neighbours: texts that share most of them get hashes that share most bits.
#[derive(Default)]
struct Simhash {
    /// For each bit of a hash, how many had it set: a number of [`PLANES`] digits, of which plane 0 holds the lowest for all bits.
    counts: [u64; PLANES],
    last: u64,
    words: usize,
}

/// Binary digits of a count.
const PLANES: usize = 16;
const _: () = assert!(2 * MOST_WORDS < 1 << PLANES, "a word counts twice");

impl Simhash {
    /// Takes in `word`, if there is one, and starts another.
    fn end(&mut self, word: &mut Fnv) {
        if word.is_empty || self.words >= MOST_WORDS {
            return;
        }
        let hash = std::mem::take(word).finish();
        self.words += 1;
        self.count(hash, mixed(self.last.rotate_left(17) ^ hash));
        self.last = hash;
    }

    /// Adds two hashes to the counts: a full adder for the lowest digits, half adders for what is carried.
    fn count(&mut self, one: u64, other: u64) {
        let [lowest, higher @ ..] = &mut self.counts;
        let differ = one ^ other;
        let mut carry = (one & other) | (*lowest & differ);
        *lowest ^= differ;
        for digit in higher {
            let sum = *digit ^ carry;
            carry &= *digit;
            *digit = sum;
        }
    }

    /// The bits that more than half of the hashes have.
    fn finish(self) -> Likeness {
        if self.words < FEWEST_WORDS {
            return Likeness(0);
        }
        let count = |bit: usize| {
            let digits = self.counts.iter().enumerate();
            digits.fold(0, |count, (place, digits)| count | ((digits >> bit & 1) as usize) << place)
        };
        let hash = (0..64).fold(0, |hash, bit| hash | u64::from(count(bit) > self.words) << bit);
        Likeness(hash.max(1))
    }
}

/// A hash of characters that is the same on every machine and in every version (FNV-1a).
struct Fnv {
    hash: u64,
    is_empty: bool,
}

impl Default for Fnv {
    fn default() -> Fnv {
        Fnv {
            hash: 0xcbf2_9ce4_8422_2325,
            is_empty: true,
        }
    }
}

impl Fnv {
    fn push(&mut self, c: char) {
        self.hash = (self.hash ^ u64::from(u32::from(c))).wrapping_mul(0x0100_0000_01b3);
        self.is_empty = false;
    }

    fn finish(self) -> u64 {
        mixed(self.hash)
    }
}

/// Spreads what differs over all bits (the finalizer of `MurmurHash3`).
fn mixed(mut hash: u64) -> u64 {
    hash = (hash ^ hash >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ hash >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ hash >> 33
}

/// Han, kana, hangul, Thai and their like: scripts that put no spaces between words.
fn is_ideograph(c: char) -> bool {
    matches!(u32::from(c), 0x0e00..=0x0eff | 0x1100..=0x11ff | 0x3040..=0x30ff | 0x3400..=0x9fff | 0xac00..=0xd7af | 0x2_0000..=0x3_ffff)
}

#[cfg(test)]
mod tests;
