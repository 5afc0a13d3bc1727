//! What a content is known by again, without the content.
//!
//! Ledgers keep the values, so they never change.

mod likeness;

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

/// Likenesses of one text before and after an edit differ in so many bits at the most; those of texts that have nothing to do with each
/// other in 30, give or take four, so that of some thousand such pairs one is taken for alike.
const NEAR: u32 = 16;

/// Likenesses of texts that have nine of ten words in common differ in so many bits at the most.
const NEARLY_SAME: u32 = 10;

/// What a content was, without the content. The default is of no text at all, and like no other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Of all that a reader is shown: another one is an edit.
    pub shown: Digest,
    /// Of the text alone: the same one under another name is a rename.
    pub text: Digest,
    /// Of the text's words: likenesses that differ in few bits are of similar texts.
    pub likeness: Likeness,
}

/// What tells one content from another: the first 128 bits of its BLAKE3 hash, written as hexadecimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest([u8; 16]);

/// A 64-bit locality-sensitive hash (simhash), written as hexadecimal; 0 for a text too short to be like another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Likeness(pub u64);

impl Fingerprint {
    /// The fingerprint of a post that shows `text`, and beside it `parts`. White space counts for nothing.
    pub(super) fn of<'a>(text: &str, parts: impl Iterator<Item = &'a str>) -> Fingerprint {
        let words = separated_words(text);
        let likeness = likeness::of(&words);
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

    /// What a text that says nothing is known by.
    #[must_use]
    pub fn of_nothing() -> Digest {
        static NOTHING: LazyLock<Digest> = LazyLock::new(|| Fingerprint::of("", std::iter::empty()).text);
        *NOTHING
    }

    /// Whether the texts are the same, and long enough for that to mean something.
    #[must_use]
    pub fn is_same_text(&self, other: &Fingerprint) -> bool {
        self.text == other.text && self.likeness.0 != 0
    }

    /// Whether one text may be an edit of the other.
    #[must_use]
    pub fn is_like(&self, other: &Fingerprint) -> bool {
        self.differs_by_at_most(other, NEAR)
    }

    /// Whether one text may be an edit of a few words of the other.
    #[must_use]
    pub fn is_near(&self, other: &Fingerprint) -> bool {
        self.differs_by_at_most(other, NEARLY_SAME)
    }

    fn differs_by_at_most(&self, other: &Fingerprint, bits: u32) -> bool {
        let (one, other) = (self.likeness.0, other.likeness.0);
        one != 0 && other != 0 && (one ^ other).count_ones() <= bits
    }
}

impl Digest {
    /// The digest of `content`.
    #[must_use]
    pub fn of(content: &[u8]) -> Digest {
        blake3::hash(content).into()
    }

    /// Its bytes.
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

/// The words of `text`, which white space separates, with one space after each.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "branches take longer: words are too short to predict them"
)]
fn separated_words(text: &str) -> Vec<u8> {
    // what all white space outside ASCII begins with; without an early end, many bytes are looked at at once
    let may_hold_wide_space = text
        .bytes()
        .fold(false, |found, byte| found | matches!(byte, 0xc2 | 0xe1..=0xe3));
    if may_hold_wide_space {
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

/// A text of fewer words than this may be mostly a template's: similar texts are then no sign of the same post.
const LONG: usize = 40;

/// Whether `text` has so many words that a similar text is probably a version of it. In scripts that put no spaces between words, a
/// character counts as one.
pub(super) fn is_long(text: &str) -> bool {
    let mut is_after_space = true;
    let begins = text.chars().filter(|&c| {
        let is_wide = c.len_utf8() > 2 && c.is_alphanumeric();
        let begins = is_wide || is_after_space && !c.is_whitespace();
        is_after_space = c.is_whitespace();
        begins
    });
    begins.take(LONG).count() == LONG
}

#[cfg(test)]
mod tests;
