//! What a content is known by again, without the content.
//!
//! Ledgers keep the values, so they never change.

use serde::{Deserialize, Serialize};

/// A text of fewer words is like any other: nothing is concluded from it.
const FEWEST_WORDS: usize = 12;
/// Later words add nothing to a likeness.
const MOST_WORDS: usize = 20_000;
/// Likenesses of one text before and after an edit differ in so many bits at the most.
const NEAR: u32 = 10;

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
        let Words { mut spaced, hashes } = Words::of(text);
        let text = blake3::hash(&spaced);
        let mut shown = blake3::Hasher::new();
        shown.update(text.as_bytes());
        spaced.clear();
        for part in parts {
            for word in part.split_whitespace() {
                spaced.extend_from_slice(word.as_bytes());
                spaced.push(b' ');
            }
            spaced.push(0);
        }
        shown.update(&spaced);
        Fingerprint {
            shown: shown.finalize().into(),
            text: text.into(),
            likeness: likeness(&hashes),
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

impl Digest {
    /// The digest of `content`.
    #[must_use]
    pub fn of(content: &[u8]) -> Digest {
        blake3::hash(content).into()
    }
}

impl From<blake3::Hash> for Digest {
    fn from(hash: blake3::Hash) -> Digest {
        let mut half = [0; 16];
        half.copy_from_slice(&hash.as_bytes()[..16]);
        Digest(half)
    }
}

/// What counts of a text, gathered in one pass: it is done for every post at every start.
struct Words {
    /// What white space separates, with one space after each.
    spaced: Vec<u8>,
    /// A hash of each word of letters and digits, in any case. Scripts without spaces are taken apart into characters.
    hashes: Vec<u64>,
}

/// What a byte is in UTF-8: a letter or digit of ASCII by its lower case, or one of these.
const CLASSES: [u8; 256] = {
    let mut classes = [SIGN; 256];
    let mut byte: u8 = 0;
    while byte < 0x80 {
        classes[byte as usize] = match byte {
            b'\t'..=b'\r' | b' ' => SPACE,
            _ if byte.is_ascii_alphanumeric() => byte.to_ascii_lowercase(),
            _ => SIGN,
        };
        byte += 1;
    }
    let mut byte = 0x80;
    while byte < 0x100 {
        classes[byte] = NOT_ASCII;
        byte += 1;
    }
    classes
};
const SIGN: u8 = 0;
const SPACE: u8 = 1;
const NOT_ASCII: u8 = 2;

impl Words {
    fn of(text: &str) -> Words {
        let mut spaced = Vec::with_capacity(text.len() + 1);
        // a word and its space are five bytes or more in most languages
        let mut hashes = Vec::with_capacity((text.len() / 5).min(MOST_WORDS));
        let mut word = Fnv::default();
        let bytes = text.as_bytes();
        // from where on nothing is written yet, and whether the last character was no white space
        let (mut start, mut in_word) = (0, false);
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let mut length = 1;
            let mut is_space = false;
            match CLASSES[usize::from(byte)] {
                SIGN => word.end(&mut hashes),
                SPACE => {
                    word.end(&mut hashes);
                    is_space = true;
                }
                NOT_ASCII => {
                    let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else {
                        break;
                    };
                    length = c.len_utf8();
                    is_space = c.is_whitespace();
                    if is_small_latin(c) {
                        word.push(u32::from(c));
                    } else if !is_han(c) && !c.is_alphanumeric() {
                        word.end(&mut hashes);
                    } else if is_ideograph(c) {
                        word.end(&mut hashes);
                        word.push(u32::from(c));
                        word.end(&mut hashes);
                    } else {
                        c.to_lowercase().for_each(|c| word.push(u32::from(c)));
                    }
                }
                lower => word.push(u32::from(lower)),
            }
            if is_space {
                // most white space is one space after a word, and stays as it is
                if !in_word || byte != b' ' {
                    spaced.extend_from_slice(bytes.get(start..at).unwrap_or_default());
                    if in_word {
                        spaced.push(b' ');
                    }
                    start = at + length;
                }
            }
            in_word = !is_space;
            at += length;
        }
        spaced.extend_from_slice(bytes.get(start..).unwrap_or_default());
        if in_word {
            spaced.push(b' ');
        }
        word.end(&mut hashes);
        Words { spaced, hashes }
    }
}

/// The likeness of a text with these words: M. Charikar's simhash over words and pairs of neighbours. Texts that share most of them
/// get hashes that share most bits.
fn likeness(words: &[u64]) -> Likeness {
    if words.len() < FEWEST_WORDS {
        return Likeness(0);
    }
    let mut counts = Counts::default();
    let mut last = 0_u64;
    for &word in words {
        counts.add_two(word, mixed(last.rotate_left(17) ^ word));
        last = word;
    }
    Likeness(counts.more_than_half().max(1))
}

/// How many of the hashes had each bit set.
#[derive(Default)]
struct Counts {
    /// A number of [`PLANES`] digits for each bit, of which plane 0 holds the lowest for all bits.
    planes: [u64; PLANES],
    /// For each plane past 0 a digit that is still to be added to it: in plane 1 after every other pair, in plane 2 after two of four.
    /// So one carry in two reaches plane 1, and one in four plane 2.
    carried: [u64; PLANES],
    /// How many pairs of hashes were added.
    pairs: usize,
}

/// Binary digits of a count.
const PLANES: usize = 16;
const _: () = assert!(2 * MOST_WORDS < 1 << PLANES, "a word counts twice");

impl Counts {
    fn add_two(&mut self, one: u64, other: u64) {
        let mut carry = add(&mut self.planes[0], one, other);
        let mut place = 1;
        let mut before = self.pairs;
        while before & 1 == 1 && place < PLANES - 1 {
            carry = add(&mut self.planes[place], self.carried[place], carry);
            before >>= 1;
            place += 1;
        }
        self.carried[place] = carry;
        self.pairs += 1;
    }

    /// The bits that more than half of the hashes have.
    fn more_than_half(mut self) -> u64 {
        for place in 1..PLANES {
            if self.pairs >> (place - 1) & 1 == 1 {
                let mut carry = self.carried[place];
                for digits in &mut self.planes[place..] {
                    carry = add(digits, carry, 0);
                }
            }
        }
        // all counts are compared at once, from the highest digit down
        let (mut more, mut same) = (0, u64::MAX);
        for (place, digits) in self.planes.iter().enumerate().rev() {
            let half = u64::from(self.pairs >> place & 1 == 1).wrapping_neg();
            more |= same & digits & !half;
            same &= !(digits ^ half);
        }
        more
    }
}

/// Adds two binary digits to `digits`, 64 times side by side; what is carried.
fn add(digits: &mut u64, one: u64, other: u64) -> u64 {
    let differ = one ^ other;
    let carry = (one & other) | (*digits & differ);
    *digits ^= differ;
    carry
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
    fn push(&mut self, c: u32) {
        self.hash = (self.hash ^ u64::from(c)).wrapping_mul(0x0100_0000_01b3);
        self.is_empty = false;
    }

    /// Writes the hash of the word, if there is one, and starts another.
    fn end(&mut self, hashes: &mut Vec<u64>) {
        if !self.is_empty && hashes.len() < MOST_WORDS {
            hashes.push(mixed(std::mem::take(self).hash));
        }
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

/// Letters of Western Europe that are their own lower case: known without a look into the tables of Unicode.
fn is_small_latin(c: char) -> bool {
    matches!(c, 'ß'..='ö' | 'ø'..='ÿ')
}

/// Most of the Han, all of it letters.
fn is_han(c: char) -> bool {
    matches!(u32::from(c), 0x4e00..=0x9fff)
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

#[cfg(test)]
mod tests;
