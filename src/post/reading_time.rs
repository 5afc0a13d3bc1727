//! How long a text takes to read: [`minutes`].
//!
//! Adults read about 238 words of English a minute in silence (Brysbaert 2019, "How many words do we read per minute?"), and about 500
//! characters of Chinese or Japanese. Scripts that have no spaces between words and are not ideograms (Thai, Lao, Khmer, Burmese) are
//! counted in characters too, five for a word. The text is plain: markup would be counted as words.
//!
//! ```
//! use feedmill::post::reading_time::minutes;
//!
//! assert_eq!(minutes("Hello, world."), 1);
//! assert_eq!(minutes(&"word ".repeat(239)), 2);
//! assert_eq!(minutes(&"字".repeat(1_500)), 3);
//! ```

/// Words a minute, in scripts with spaces between words.
const WORDS_A_MINUTE: usize = 238;

/// Characters a minute, in scripts where each is a syllable or a word.
const IDEOGRAMS_A_MINUTE: usize = 500;

/// Characters a minute, in alphabets without spaces between words.
const LETTERS_A_MINUTE: usize = WORDS_A_MINUTE * 5;

/// Returns the minutes that the plain text `text` takes to read, rounded up, at least one.
#[must_use]
pub fn minutes(text: &str) -> usize {
    let (mut words, mut ideograms, mut letters) = (0_usize, 0_usize, 0_usize);
    let mut in_word = false;
    for c in text.chars() {
        in_word = match c {
            // Kana, ideograms of the basic plane and of the planes beyond
            '\u{3041}'..='\u{30ff}'
            | '\u{31f0}'..='\u{31ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{ff66}'..='\u{ff9f}'
            | '\u{20000}'..='\u{3ffff}' => {
                ideograms += 1;
                false
            }
            // Thai and Lao, Burmese, Khmer
            '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' => {
                letters += 1;
                false
            }
            c if c.is_alphanumeric() => {
                words += usize::from(!in_word);
                true
            }
            // a mark within a word (`don't`, `x-y`) does not end it, and does not begin one
            c => in_word && !c.is_whitespace(),
        };
    }
    // a common denominator, so that a text in two scripts adds up
    let total = words * IDEOGRAMS_A_MINUTE * LETTERS_A_MINUTE
        + ideograms * WORDS_A_MINUTE * LETTERS_A_MINUTE
        + letters * WORDS_A_MINUTE * IDEOGRAMS_A_MINUTE;
    total.div_ceil(WORDS_A_MINUTE * IDEOGRAMS_A_MINUTE * LETTERS_A_MINUTE).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn minutes_by_script() {
        let cases = [
            ("nothing", String::new(), 1),
            ("a word", "Hello".to_owned(), 1),
            ("a minute of words", "word ".repeat(238), 1),
            ("a word more", "word ".repeat(239), 2),
            ("marks are not words", "word — … * ".repeat(238), 1),
            ("a word with marks in it is one word", "well-kept, don't ".repeat(119), 1),
            ("Arabic", "كلمة ".repeat(477), 3),
            ("Korean, which has spaces", "단어 ".repeat(238), 1),
            ("Chinese", "字".repeat(1500), 3),
            ("Japanese", "かなカナ漢字。".repeat(100), 2),
            ("Thai", "ก".repeat(1190), 1),
            (
                "two scripts add up",
                format!("{}{}", "word ".repeat(119), "字".repeat(250)),
                1,
            ),
            (
                "two scripts and one more",
                format!("{}{}", "word ".repeat(119), "字".repeat(251)),
                2,
            ),
        ];
        for (name, text, expected) in cases {
            assert_eq!(minutes(&text), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn more_text_takes_no_less_time(text in "\\PC{0,400}", more in "\\PC{0,400}") {
            let both = minutes(&format!("{text} {more}"));
            prop_assert!(both >= minutes(&text).max(minutes(&more)));
            prop_assert!(both <= minutes(&text) + minutes(&more));
        }
    }
}
