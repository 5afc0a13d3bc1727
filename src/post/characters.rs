//! Characters that are left out of every output, characters that are invisible, and the composed form of text.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Returns whether `c` is left out of every output: what XML 1.0 forbids (section 2.2, `Char`), and the controls and noncharacters
/// that it discourages. Tabs and line feeds are kept. A carriage return is not: XML turns it into a line feed (section 2.11).
pub fn is_forbidden(c: char) -> bool {
    let is_noncharacter = matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    is_noncharacter || (c.is_control() && !matches!(c, '\t' | '\n'))
}

/// Returns the first character of `text` that is left out of every output, with its byte offset.
pub fn first_forbidden(text: &str) -> Option<(usize, char)> {
    may_hold_forbidden(text)
        .then(|| text.char_indices().find(|&(_, c)| is_forbidden(c)))
        .flatten()
}

/// Whether two neighbouring bytes of `text` look like part of a forbidden character. It has no branches, so that the compiler can
/// check many bytes at once: every post is checked, and hardly any contains one.
#[expect(clippy::needless_bitwise_bool, reason = "each lazy operator would be a branch")]
fn may_hold_forbidden(text: &str) -> bool {
    let is_control = |byte: u8| (byte < b' ') & (byte != b'\t') & (byte != b'\n') | (byte == 0x7f);
    let bytes = text.as_bytes();
    let followed = bytes.iter().zip(bytes.get(1..).unwrap_or_default());
    let may_be = followed.fold(false, |may_be, (&byte, &next)| {
        // U+0080 to U+009F, U+FDD0 to U+FDEF, and code points that end in FFFE or FFFF
        let is_rare = (byte == 0xc2) & (next < 0xa0) | (byte == 0xef) & (next == 0xb7) | (byte == 0xbf) & (next >= 0xbe);
        may_be | is_control(byte) | is_rare
    });
    may_be | bytes.last().is_some_and(|&byte| is_control(byte))
}

/// Returns whether `c` has no width and no meaning of its own: byte order marks, joiners and direction marks, which are copied along
/// with text.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// Returns `text` in Unicode's composed form (NFC), in which equal letters are equal bytes.
pub fn composed(text: &str) -> Cow<'_, str> {
    if is_nfc(text) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_forbidden_character_is_found_and_no_other() {
        for c in '\0'..=char::MAX {
            let expected = is_forbidden(c).then_some((3, c));
            assert_eq!(
                first_forbidden(&format!("ab ÿ{c}").replace('ÿ', "")),
                expected,
                "{c:?} at the end"
            );
            let expected = is_forbidden(c).then_some((2, c));
            assert_eq!(first_forbidden(&format!("ÿ{c}ÿ\u{fffd}¿")), expected, "{c:?} among others");
        }
        assert_eq!(first_forbidden(""), None);
    }
}
