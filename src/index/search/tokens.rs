//! Splits text into search tokens.
//!
//! Words are lower-cased and lose their accents, and other alphabets are written in Latin letters (deunicode), so that `Čapek`,
//! `capek` and `CAPEK` are one token. Scripts without spaces between words become overlapping pairs of characters, as in
//! Lucene's `CJKAnalyzer`. `C++`, `C#` and the like are tokens as well. Web addresses are left out. There is no stemming: it
//! depends on the language.

use deunicode::deunicode_char;

/// The most bytes of a word; longer ones are cut, since they are never typed.
const LONGEST: usize = 64;

/// What the tokens are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// For the index. The last character of a run without spaces is also a token of its own: together with the pairs that begin
    /// with it, it lets a search for a single character match.
    Index,
    /// For a query.
    Query,
}

/// Calls `found` with each token of `text`, in order.
pub(super) fn tokens(text: &str, purpose: Purpose, mut found: impl FnMut(&str)) {
    let mut word = String::new();
    let mut run = Run::default();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c.is_ascii_alphanumeric() {
            run.end(purpose, &mut found);
            // nearly all text is this: process whole runs at once
            let length = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
            let (letters, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
            let start = word.len();
            word.push_str(letters);
            if let Some(added) = word.get_mut(start..) {
                added.make_ascii_lowercase();
            }
            rest = after;
            continue;
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        if is_unspaced(c) {
            end(&mut word, &mut found);
            run.add(c, &mut found);
        } else if !c.is_ascii() && (c.is_alphanumeric() || is_accent(c)) {
            run.end(purpose, &mut found);
            if !is_accent(c) {
                fold(c, &mut word);
            }
        } else {
            run.end(purpose, &mut found);
            if c == ':' && rest.starts_with("//") && matches!(word.as_str(), "http" | "https") {
                word.clear();
                let ends = |c: char| c.is_whitespace() || matches!(c, ')' | ']' | '>' | '<' | '"' | '\'');
                rest = rest.find(ends).and_then(|end| rest.get(end..)).unwrap_or_default();
            }
            let sign = match c {
                '#' => "#",
                '+' if rest.starts_with('+') => "++",
                _ => "",
            };
            let named = Some(sign)
                .filter(|sign| word.len() == 1 && !sign.is_empty())
                .map(|sign| format!("{word}{sign}"));
            end(&mut word, &mut found);
            if let Some(named) = named {
                found(&named);
            }
        }
    }
    run.end(purpose, &mut found);
    end(&mut word, &mut found);
}

fn end(word: &mut String, found: &mut impl FnMut(&str)) {
    if word.len() > LONGEST {
        word.truncate((0..=LONGEST).rev().find(|&end| word.is_char_boundary(end)).unwrap_or(0));
    }
    if !word.is_empty() {
        found(word);
        word.clear();
    }
}

/// Consecutive characters of a script without spaces.
#[derive(Default)]
struct Run {
    last: Option<char>,
    has_pair: bool,
}

impl Run {
    fn add(&mut self, c: char, found: &mut impl FnMut(&str)) {
        if let Some(last) = self.last.replace(c) {
            self.has_pair = true;
            found(&String::from_iter([last, c]));
        }
    }

    fn end(&mut self, purpose: Purpose, found: &mut impl FnMut(&str)) {
        if let Some(last) = self.last.take()
            && (purpose == Purpose::Index || !self.has_pair)
        {
            found(last.encode_utf8(&mut [0; 4]));
        }
        self.has_pair = false;
    }
}

fn fold(c: char, word: &mut String) {
    match deunicode_char(c) {
        Some(folded) => word.extend(
            folded
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .map(|c| c.to_ascii_lowercase()),
        ),
        None => word.extend(c.to_lowercase()),
    }
}

/// Whether `c` belongs to a script that is written without spaces, or to Hangul, whose words have suffixes.
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0e00..=0x0eff // Thai, Lao
        | 0x1000..=0x109f // Burmese
        | 0x1780..=0x17ff // Khmer
        | 0x3005..=0x3007 | 0x3041..=0x3096 | 0x30a1..=0x30fa | 0x30fc..=0x30fe | 0x31f0..=0x31ff // kana
        | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff // Han
        | 0xac00..=0xd7a3) // Hangul
}

/// Whether `c` is an accent on the letter before it (Unicode, combining diacritical marks).
fn is_accent(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, purpose: Purpose) -> Vec<String> {
        let mut all = Vec::new();
        tokens(text, purpose, |token| all.push(token.to_owned()));
        all
    }

    #[test]
    fn words_in_any_script() {
        let long = "x".repeat(100);
        let cases: [(&str, &[&str]); 16] = [
            ("Kelp & Co.", &["kelp", "co"]),
            ("Čapek ČAPEK c\u{30c}apek", &["capek", "capek", "capek"]),
            ("Straße, smørrebrød, Łódź", &["strasse", "smorrebrod", "lodz"]),
            ("Москва", &["moskva"]),
            ("don't l'été", &["don", "t", "l", "ete"]),
            ("日本語", &["日本", "本語", "語"]),
            ("海", &["海"]),
            ("Rust言語2024", &["rust", "言語", "語", "2024"]),
            ("カメラ・レンズ", &["カメ", "メラ", "ラ", "レン", "ンズ", "ズ"]),
            ("C++, C# and F#!", &["c", "c++", "c", "c#", "and", "f", "f#"]),
            ("a+b, vec#", &["a", "b", "vec"]),
            ("[see](https://example.com/a-b?c=d) this", &["see", "this"]),
            ("http: https://x", &["http"]),
            ("v1.2_3", &["v1", "2", "3"]),
            ("🦀 \u{0} --- ***", &[]),
            (&long, &[&long[..64]]),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text, Purpose::Index), expected, "{text}");
        }
    }

    #[test]
    fn a_query_has_pairs_or_a_single_character() {
        assert_eq!(read("日本語", Purpose::Query), ["日本", "本語"]);
        assert_eq!(read("海 日本", Purpose::Query), ["海", "日本"]);
    }

    proptest! {
        #[test]
        fn the_terms_of_a_query_are_in_the_text_it_was_taken_from(text in "\\PC{0,80}|[日本a+#:/ ]{0,40}") {
            let (indexed, queried) = (read(&text, Purpose::Index), read(&text, Purpose::Query));
            prop_assert!(queried.iter().all(|token| indexed.contains(token)), "{queried:?} of {indexed:?}");
            prop_assert!(indexed.iter().all(|token| !token.is_empty() && token.len() <= LONGEST));
        }
    }
}
