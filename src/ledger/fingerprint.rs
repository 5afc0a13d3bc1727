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
        let mut text = blake3::Hasher::new();
        let mut likeness = Simhash::default();
        for word in post.body.split_whitespace() {
            text.update(word.as_bytes());
            text.update(b" ");
            likeness.add(word);
        }
        let text = text.finalize();
        let mut shown = blake3::Hasher::new();
        shown.update(text.as_bytes());
        let summary = matches!(post.origins.summary, Origin::Field(_)).then_some(&post.summary);
        let parts = [Some(&post.title), summary, post.link.as_ref(), post.image.as_ref()];
        let files = post.enclosures.iter().map(|enclosure| Some(&enclosure.url));
        for part in parts.into_iter().chain(files) {
            let part = part.map_or("", String::as_str);
            for word in part.split_whitespace() {
                shown.update(word.as_bytes());
                shown.update(b" ");
            }
            shown.update(b"\0");
        }
        Fingerprint {
            shown: digest(&shown.finalize()),
            text: digest(&text),
            likeness: likeness.finish(),
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

/// M. Charikar's simhash over words and pairs of neighbours: texts that share most of them get hashes that share most bits.
struct Simhash {
    weights: [i32; 64],
    last: u64,
    words: usize,
}

impl Default for Simhash {
    fn default() -> Simhash {
        Simhash {
            weights: [0; 64],
            last: 0,
            words: 0,
        }
    }
}

impl Simhash {
    /// Takes in a run of characters without white space: letters and digits count, in any case. Scripts without spaces are taken
    /// apart into characters.
    fn add(&mut self, run: &str) {
        let mut word = Fnv::default();
        for c in run.chars() {
            if !c.is_alphanumeric() {
                self.end(&mut word);
            } else if is_ideograph(c) {
                self.end(&mut word);
                word.push(c);
                self.end(&mut word);
            } else {
                c.to_lowercase().for_each(|c| word.push(c));
            }
        }
        self.end(&mut word);
    }

    fn end(&mut self, word: &mut Fnv) {
        if word.is_empty || self.words >= MOST_WORDS {
            return;
        }
        let hash = std::mem::take(word).finish();
        self.words += 1;
        self.weigh(hash);
        self.weigh(mixed(self.last.rotate_left(17) ^ hash));
        self.last = hash;
    }

    fn weigh(&mut self, hash: u64) {
        for (bit, weight) in self.weights.iter_mut().enumerate() {
            *weight += if hash >> bit & 1 == 1 { 1 } else { -1 };
        }
    }

    fn finish(self) -> Likeness {
        if self.words < FEWEST_WORDS {
            return Likeness(0);
        }
        let bits = self.weights.iter().enumerate();
        let hash = bits.fold(0, |hash, (bit, &weight)| hash | u64::from(weight > 0) << bit);
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
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::post;
    use crate::source::SourceFile;
    use crate::time::Timestamp;

    fn fingerprint(text: &str) -> Fingerprint {
        let file = SourceFile {
            path: "a.md".into(),
            bytes: text.as_bytes().into(),
            modified: Timestamp::UNIX_EPOCH,
        };
        Fingerprint::of(&post::read(&file, &Config::default()).unwrap().post)
    }

    const TEXT: &str = "The tide mill stands where the creek bends, and its wheel has turned twice a day for longer than the \
        village can remember. When the water falls the miller opens the sluice, and the stones begin to grind barley for bread.";

    #[test]
    fn what_is_an_edit_and_what_is_a_rename() {
        let written = |head: &str, body: &str| fingerprint(&format!("---\n{head}\n---\n{body}\n"));
        let before = written("title: Tides\ntags: a\nlayout: x", TEXT);
        let cases = [
            (
                "white space",
                written("title: Tides\ntags: a\nlayout: x", &TEXT.replace(' ', "\n")),
                true,
                true,
            ),
            (
                "order of keys",
                written("layout: x\ntags: a\ntitle:  Tides", TEXT),
                true,
                true,
            ),
            (
                "a key that is not shown",
                written("title: Tides\ntags: [b]\nlayout: y", TEXT),
                true,
                true,
            ),
            ("another title", written("title: Ebbs", TEXT), false, true),
            ("a summary", written("title: Tides\nsummary: Of mills", TEXT), false, true),
            (
                "a word",
                written("title: Tides", &TEXT.replace("twice", "thrice")),
                false,
                false,
            ),
        ];
        for (name, after, same_shown, same_text) in cases {
            assert_eq!(before.shown == after.shown, same_shown, "{name}: shown");
            assert_eq!(before.is_same_text(&after), same_text, "{name}: text");
            assert!(before.is_like(&after), "{name}: likeness");
        }
    }

    #[test]
    fn texts_of_other_things_are_not_alike() {
        let other = "A lighthouse keeper counts the ships that pass, writes each of them into a ledger, and trims the lamp before \
            the fog comes in from the northern banks. Nobody reads what was written, but the keeper goes on all the same.";
        assert!(!fingerprint(TEXT).is_like(&fingerprint(other)));
        assert!(
            !fingerprint("潮が引くと水車小屋の番人は水門を開けて大麦を挽き始める。")
                .is_like(&fingerprint("灯台守は通り過ぎる船を数えて一隻ずつ帳面に書き留めている。"))
        );
        assert!(!fingerprint("A stub.").is_like(&fingerprint("A stub.")), "too short to tell");
        assert!(
            !fingerprint("A stub.").is_same_text(&fingerprint("A stub.")),
            "too short to tell"
        );
    }
}
