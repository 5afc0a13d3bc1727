//! A text with its white space evened out. It is done for every post at every start, so many bytes are looked at at once.

/// The words of `text`, what white space separates, with one space after each.
pub(super) fn spaced(text: &str) -> Vec<u8> {
    let mut spaced = Vec::with_capacity(text.len() + 1);
    if may_hold_wide_space(text.as_bytes()) {
        push_words(text, &mut spaced);
    } else {
        let even = |byte| if matches!(byte, b'\t'..=b'\r') { b' ' } else { byte };
        spaced.extend(text.bytes().map(even));
        spaced.push(b' ');
        drop_repeated_spaces(&mut spaced);
    }
    spaced
}

/// Adds the words of `text` to `spaced`, one by one.
pub(super) fn push_words(text: &str, spaced: &mut Vec<u8>) {
    for word in text.split_whitespace() {
        spaced.extend_from_slice(word.as_bytes());
        spaced.push(b' ');
    }
}

/// Whether three neighbouring bytes look like white space that is not ASCII. Without branches, so that many are looked at at once.
fn may_hold_wide_space(text: &[u8]) -> bool {
    let is = u8::from;
    let from = |start| text.get(start..).unwrap_or_default();
    let threes = text.iter().zip(from(1)).zip(from(2));
    let found = threes.fold(0, |found, ((&first, &second), &third)| {
        let is_general = is(third < 0x8b) | is(matches!(third, 0xa8 | 0xa9 | 0xaf));
        // U+0085 and U+00A0, U+1680, U+2000 to U+200A and three more, U+205F, U+3000
        let latin = is(first == 0xc2) & (is(second == 0x85) | is(second == 0xa0));
        let ogham = is(first == 0xe1) & is(second == 0x9a) & is(third == 0x80);
        let general = is(second == 0x80) & is_general | is(second == 0x81) & is(third == 0x9f);
        let ideographic = is(first == 0xe3) & is(second == 0x80) & is(third == 0x80);
        found | latin | ogham | is(first == 0xe2) & general | ideographic
    });
    found != 0 || text.ends_with("\u{85}".as_bytes()) || text.ends_with("\u{a0}".as_bytes())
}

/// So many bytes are moved at once where no two of them are spaces in a row.
const STRETCH: usize = 32;

/// Leaves one space of several in a row, and none at the start.
fn drop_repeated_spaces(text: &mut Vec<u8>) {
    let (mut at, mut length, mut last) = (0, 0, b' ');
    while at < text.len() {
        if let Some(&stretch) = text[at..].first_chunk::<STRETCH>()
            && !has_two_spaces(last, &stretch)
        {
            text[length..length + STRETCH].copy_from_slice(&stretch);
            length += STRETCH;
            last = stretch[STRETCH - 1];
            at += STRETCH;
            continue;
        }
        for place in at..text.len().min(at + STRETCH) {
            let byte = text[place];
            text[length] = byte;
            length += usize::from(byte != b' ' || last != b' ');
            last = byte;
        }
        at += STRETCH;
    }
    text.truncate(length);
}

/// Whether there are two spaces in a row in `stretch`, which follows `last`. Eight bytes are looked at at once.
fn has_two_spaces(last: u8, stretch: &[u8; STRETCH]) -> bool {
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    let (mut before, mut found) = (u64::from(last == b' ') << 7, 0);
    for &eight in stretch.as_chunks().0 {
        let others = u64::from_le_bytes(eight) ^ u64::from_le_bytes([b' '; 8]);
        // a byte of which nothing is left does not carry into its highest bit
        let spaces = !(((others & !HIGH) + !HIGH) | others) & HIGH;
        found |= spaces & (spaces << 8 | before);
        before = spaces >> 56;
    }
    found != 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn word_by_word(text: &str) -> Vec<u8> {
        let mut spaced = Vec::new();
        push_words(text, &mut spaced);
        spaced
    }

    proptest! {
        #[test]
        fn white_space_counts_for_nothing(text in r"([a-zà-ö,.潮\u{200b}]{0,3}[ \n\t\u{b}\u{85}\u{a0}\u{2028}]{0,3}){0,12}") {
            prop_assert_eq!(spaced(&text), word_by_word(&text));
        }

        #[test]
        fn nor_does_any_in_ascii(text in r"[ \n]{0,70}([a-zà-ö,.潮\x00\x08\x0e\x1f\x7f]{0,40}[ \n\t\x0b]{0,3}){0,12}") {
            prop_assert_eq!(spaced(&text), word_by_word(&text));
        }
    }

    #[test]
    fn wide_spaces_are_known() {
        for c in '\0'..=char::MAX {
            let is_wide = c.is_whitespace() && !c.is_ascii();
            for text in [format!("{c}"), format!("{c}a"), format!("ab{c}é")] {
                assert_eq!(may_hold_wide_space(text.as_bytes()), is_wide, "{c:?}");
            }
        }
    }
}
