//! The likeness of texts: M. Charikar's simhash over the words of a text. Texts with most words in common have hashes with most bits in
//! common.

use super::Likeness;

/// A text of fewer words is too short to compare.
const FEWEST_WORDS: usize = 12;
/// Later words are not counted, except those in the same [`BLOCK`].
const MOST_WORDS: usize = 20_000;
/// In bytes.
const BLOCK: usize = 64;

/// Returns the likeness of a text with one space after each word: each bit is set if more than half of the words' hashes have it set.
pub(super) fn likeness_of(text: &[u8]) -> Likeness {
    let mut hashes = word_hashes(text);
    if hashes.len() < FEWEST_WORDS {
        return Likeness(0);
    }
    // the values in ledgers were made from pairs of words: an odd last word is not counted
    hashes.truncate(hashes.len() / 2 * 2);
    let is_in_most = |count: usize| u64::from(count > hashes.len() / 2);
    let counts = count_bits(&hashes).into_iter().enumerate();
    let bits = counts.fold(0, |bits, (bit, count)| bits | is_in_most(count) << bit);
    Likeness(bits.max(1))
}

/// The hashes of all words. A word begins after a space or a control character, and in scripts without spaces between words, with each
/// character.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "branches take three times as long: words are too short to predict them"
)]
fn word_hashes(text: &[u8]) -> Vec<u64> {
    let mut hashes = Vec::with_capacity((text.len() / 2 + 1).min(MOST_WORDS));
    let mut before = b' ';
    for (number, block) in text.chunks(BLOCK).enumerate() {
        let mut starts = [0; BLOCK];
        let mut words = 0;
        for (place, &byte) in block.iter().enumerate() {
            starts[words] = number * BLOCK + place;
            // 0xe0 and above begin characters of three or four bytes: Han, kana, hangul, Thai and similar scripts, and symbols
            words += usize::from((byte > b' ') & (before <= b' ') | (byte >= 0xe0));
            before = byte;
        }
        hashes.extend(starts[..words].iter().map(|&start| hash(text, start)));
        if hashes.len() >= MOST_WORDS {
            break;
        }
    }
    hashes
}

/// A hash of the eight bytes at `start`, whether they are half a word or three words; of sixteen if the letters there take two bytes.
fn hash(text: &[u8], start: usize) -> u64 {
    let eight = eight_at(text, start);
    let is_wide = eight & 0xe0 == 0xc0;
    let more = if is_wide { mixed(lower(eight_at(text, start + 8))) } else { 0 };
    mixed(lower(eight) ^ more)
}

/// Eight bytes from `start`, with zeros after the end.
fn eight_at(text: &[u8], start: usize) -> u64 {
    let rest = text.get(start..).unwrap_or_default();
    let eight = rest.first_chunk().copied().unwrap_or_else(|| {
        let mut eight = [0; 8];
        eight[..rest.len()].copy_from_slice(rest);
        eight
    });
    u64::from_le_bytes(eight)
}

/// Eight bytes with ASCII letters in lower case. Other ASCII characters change too, each always to the same one.
fn lower(eight: u64) -> u64 {
    const HIGHEST_BITS: u64 = u64::from_le_bytes([0x80; 8]);
    eight | (!eight & HIGHEST_BITS) >> 2
}

/// Spreads differences over all bits, the same on every machine and in every version: combines both halves of a product.
#[expect(clippy::cast_possible_truncation, reason = "the lower half of the product")]
fn mixed(hash: u64) -> u64 {
    let product = u128::from(hash ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93;
    product as u64 ^ (product >> 64) as u64
}

/// The number of `hashes` that have each bit.
fn count_bits(hashes: &[u64]) -> [usize; 64] {
    const LOWEST_BITS: u64 = u64::from_le_bytes([1; 8]);
    let mut counts = [0; 64];
    // a byte can count up to 255
    for hashes in hashes.chunks(255) {
        // each number has eight counts of one byte: the first those of bits 0, 8, 16 …, the second those of bits 1, 9, 17 …
        let mut sums = [0; 8];
        for hash in hashes {
            for (shift, sum) in sums.iter_mut().enumerate() {
                *sum += hash >> shift & LOWEST_BITS;
            }
        }
        for (bit, count) in counts.iter_mut().enumerate() {
            *count += usize::from(u64::to_le_bytes(sums[bit % 8])[bit / 8]);
        }
    }
    counts
}
