//! The likeness of texts: M. Charikar's simhash over what stands where their words begin. Texts that share most of that get hashes that
//! share most bits.

use super::Likeness;

/// A text of fewer words is like any other: nothing is concluded from it.
const FEWEST_WORDS: usize = 12;
/// Later words add nothing, give or take a [`BLOCK`] of them.
const MOST_WORDS: usize = 20_000;

/// The likeness of a text with one space after each of its words. A word is what begins there, and in scripts that put no spaces between
/// words, a character.
///
/// Of a word counts what stands in eight bytes from its beginning on, be that half of a word or three. So neither its end is looked
/// for nor its letters one by one, and words that are nothing but grammar count with what they stand before.
pub(super) fn of(spaced: &[u8]) -> Likeness {
    let mut counts = Counts::default();
    let (mut words, mut held) = (0, None);
    let mut is_after_space = 1;
    let (blocks, rest) = spaced.as_chunks::<BLOCK>();
    let mut last = [b' '; BLOCK];
    last[..rest.len()].copy_from_slice(rest);
    for (number, block) in blocks.iter().chain([&last]).enumerate() {
        let Marks { spaces, wide } = Marks::of(block);
        let mut begins = !spaces & (spaces << 1 | is_after_space) | wide;
        is_after_space = spaces >> (BLOCK - 1);
        while begins != 0 {
            let word = hash(spaced, number * BLOCK + begins.trailing_zeros() as usize);
            begins &= begins - 1;
            words += 1;
            match held.take() {
                Some(before) => counts.add_two(before, word),
                None => held = Some(word),
            }
        }
        if words >= MOST_WORDS {
            break;
        }
    }
    if words < FEWEST_WORDS {
        return Likeness(0);
    }
    Likeness(counts.more_than_half().max(1))
}

/// So many bytes are looked at at once, a bit for each.
const BLOCK: usize = 64;

/// The highest bit of each byte.
const HIGH: u64 = u64::from_le_bytes([0x80; 8]);

/// What the bytes of a block are: a bit for each, the first one's the lowest.
struct Marks {
    /// A space, or a sign that nobody sees.
    spaces: u64,
    /// The first of three or four of one character: Han, kana, hangul, Thai and their like, and signs.
    wide: u64,
}

impl Marks {
    fn of(block: &[u8; BLOCK]) -> Marks {
        let mut marks = Marks { spaces: 0, wide: 0 };
        for (place, &eight) in block.as_chunks().0.iter().enumerate() {
            let eight = u64::from_le_bytes(eight);
            // what is greater than a space carries into the highest bit of its byte
            let spaces = !(((eight & !HIGH) + u64::from_le_bytes([0x7f - b' '; 8])) | eight);
            let wide = eight & eight << 1 & eight << 2;
            marks.spaces |= gathered(spaces) << (8 * place);
            marks.wide |= gathered(wide) << (8 * place);
        }
        marks
    }
}

/// The highest bits of eight bytes, in one.
fn gathered(eight: u64) -> u64 {
    ((eight & HIGH) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// A hash of what begins at byte `at`: of twice as much where it is in a script whose letters take two bytes.
fn hash(text: &[u8], at: usize) -> u64 {
    let eight = eight_at(text, at);
    if eight & 0xe0 == 0xc0 {
        mixed(lower(eight) ^ mixed(lower(eight_at(text, at + 8))))
    } else {
        mixed(lower(eight))
    }
}

/// Eight bytes from byte `at` on, and zeros past the end.
fn eight_at(text: &[u8], at: usize) -> u64 {
    let rest = text.get(at..).unwrap_or_default();
    match rest.first_chunk() {
        Some(&eight) => u64::from_le_bytes(eight),
        None => rest.iter().rev().fold(0, |eight, &byte| eight << 8 | u64::from(byte)),
    }
}

/// Eight bytes with letters of ASCII in lower case, and other signs of ASCII in whatever becomes of them.
fn lower(eight: u64) -> u64 {
    eight | (!eight & HIGH) >> 2
}

/// Spreads what differs over all bits, the same on every machine and in every version: both halves of a product.
#[expect(clippy::cast_possible_truncation, reason = "a half is meant")]
fn mixed(hash: u64) -> u64 {
    let product = u128::from(hash ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93;
    product as u64 ^ (product >> 64) as u64
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
const _: () = assert!(MOST_WORDS + BLOCK < 1 << PLANES);

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_likeness_has_the_bits_of_more_than_half(hashes in proptest::collection::vec(any::<(u64, u64)>(), 0..300)) {
            let mut counts = Counts::default();
            for &(one, other) in &hashes {
                counts.add_two(one, other);
            }
            let with = |bit: u32| hashes.iter().flat_map(|&(one, other)| [one, other]).filter(|hash| hash >> bit & 1 == 1).count();
            let expected = (0..64).fold(0, |bits, bit| bits | u64::from(with(bit) > hashes.len()) << bit);
            prop_assert_eq!(counts.more_than_half(), expected);
        }
    }
}
