//! Hashes of a post's content, by which an edited, renamed or moved file is recognised without storing the content.
//!
//! Ledgers store the values, so they must never change.

mod likeness;

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// The most bits in which the likenesses of a text before and after an edit differ. Those of unrelated texts differ in 30, give or take
/// four, so about one of a thousand unrelated pairs is taken for similar.
const SIMILAR: u32 = 16;

/// The most bits in which the likenesses of texts with nine of ten words in common differ.
const NEARLY_SAME: u32 = 10;

/// Hashes of a post's content. The default is that of no content, and similar to no other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Of everything that readers see: if it changes, the post was edited.
    pub shown: Digest,
    /// Of the text alone: if a file with another name has the same one, the file was renamed.
    pub text: Digest,
    /// Of the words of the text: those of similar texts differ in few bits.
    pub likeness: Likeness,
}

/// The first 128 bits of the BLAKE3 hash of a content, written as hexadecimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest([u8; 16]);

/// A 64-bit locality-sensitive hash (simhash), written as hexadecimal; 0 for a text too short to compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Likeness(pub u64);

impl Fingerprint {
    /// Returns the fingerprint of a post with this `text` and these other visible `parts`. White space does not matter.
    pub(super) fn of<'a>(text: &str, parts: impl Iterator<Item = &'a str>) -> Fingerprint {
        let words = separated_words(text);
        let likeness = likeness::likeness_of(&words);
        let text = blake3::hash(&words);
        let mut shown = blake3::Hasher::new();
        shown.update(text.as_bytes());
        for part in parts {
            shown.update(&separated_words(part)).update(&[0]);
        }
        Fingerprint {
            shown: shown.finalize().into(),
            text: text.into(),
            likeness,
        }
    }

    /// Returns the digest of an empty text.
    #[must_use]
    pub fn empty_text() -> Digest {
        static EMPTY: LazyLock<Digest> = LazyLock::new(|| Fingerprint::of("", std::iter::empty()).text);
        *EMPTY
    }

    /// Returns whether the texts are the same, and long enough for that to be evidence.
    #[must_use]
    pub fn is_same_text(&self, other: &Fingerprint) -> bool {
        self.text == other.text && self.likeness.0 != 0
    }

    /// Returns whether one text may be an edit of the other.
    #[must_use]
    pub fn is_similar(&self, other: &Fingerprint) -> bool {
        self.differs_by_at_most(other, SIMILAR)
    }

    /// Returns whether one text may be the other with a few words edited.
    #[must_use]
    pub fn is_nearly_same(&self, other: &Fingerprint) -> bool {
        self.differs_by_at_most(other, NEARLY_SAME)
    }

    fn differs_by_at_most(&self, other: &Fingerprint, bits: u32) -> bool {
        let (one, other) = (self.likeness.0, other.likeness.0);
        one != 0 && other != 0 && (one ^ other).count_ones() <= bits
    }
}

impl Digest {
    /// Returns the digest of `content`.
    #[must_use]
    pub fn of(content: &[u8]) -> Digest {
        blake3::hash(content).into()
    }

    /// Returns its bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl From<[u8; 16]> for Digest {
    fn from(bytes: [u8; 16]) -> Digest {
        Digest(bytes)
    }
}

impl From<blake3::Hash> for Digest {
    fn from(hash: blake3::Hash) -> Digest {
        let mut half = [0; 16];
        half.copy_from_slice(&hash.as_bytes()[..16]);
        Digest(half)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        format!("{:032x}", u128::from_be_bytes(digest.0))
    }
}

impl TryFrom<String> for Digest {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Digest, Self::Error> {
        u128::from_str_radix(&text, 16).map(|number| Digest(number.to_be_bytes()))
    }
}

impl From<Likeness> for String {
    fn from(likeness: Likeness) -> String {
        format!("{:016x}", likeness.0)
    }
}

impl TryFrom<String> for Likeness {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Likeness, Self::Error> {
        u64::from_str_radix(&text, 16).map(Likeness)
    }
}

/// The words of `text`, which are separated by white space, with one space after each.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "branches take longer: words are too short to predict them"
)]
fn separated_words(text: &str) -> Vec<u8> {
    // the first bytes of all white space outside ASCII; without an early end, the compiler checks many bytes at once
    let may_have_wide_space = text
        .bytes()
        .fold(false, |found, byte| found | matches!(byte, 0xc2 | 0xe1..=0xe3));
    if may_have_wide_space {
        let words = text.split_whitespace().flat_map(|word| [word, " "]);
        return words.collect::<String>().into_bytes();
    }
    let to_space = |byte| if matches!(byte, b'\t'..=b'\r') { b' ' } else { byte };
    let mut words: Vec<u8> = text.bytes().map(to_space).collect();
    words.push(b' ');
    let mut before = b' ';
    words.retain(|&byte| {
        let is_kept = (byte != b' ') | (before != b' ');
        before = byte;
        is_kept
    });
    words
}

/// In words. A shorter text may be mostly that of a template, so a similar text is not evidence of the same post.
const LONG_TEXT: usize = 40;

/// Returns whether `text` has so many words that a similar text is probably a version of it. In scripts without spaces between words,
/// each character counts as one.
pub(super) fn is_long(text: &str) -> bool {
    let mut is_after_space = true;
    let begins = text.chars().filter(|&c| {
        let is_wide = c.len_utf8() > 2 && c.is_alphanumeric();
        let begins = is_wide || is_after_space && !c.is_whitespace();
        is_after_space = c.is_whitespace();
        begins
    });
    begins.take(LONG_TEXT).count() == LONG_TEXT
}

#[cfg(test)]
mod tests;
