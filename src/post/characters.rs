//! Characters that nobody sees.

/// Whether `c` is left out of every output: what XML 1.0 forbids (section 2.2, `Char`), and the controls and noncharacters that it
/// discourages. Tabs and line feeds are not; a carriage return is, for XML makes a line feed of it (section 2.11).
pub fn is_forbidden(c: char) -> bool {
    let is_noncharacter = matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    is_noncharacter || (c.is_control() && !matches!(c, '\t' | '\n'))
}

/// The first character of `text` that is left out of every output, and at which byte it stands.
pub fn first_forbidden(text: &str) -> Option<(usize, char)> {
    may_hold_forbidden(text)
        .then(|| text.char_indices().find(|&(_, c)| is_forbidden(c)))
        .flatten()
}

/// Whether two neighbouring bytes of `text` look like a part of a forbidden character. Without branches, so that many are looked at at
/// once: every post is, and hardly any holds one.
#[expect(clippy::needless_bitwise_bool, reason = "each lazy operator would be a branch")]
fn may_hold_forbidden(text: &str) -> bool {
    let is_control = |byte: u8| (byte < b' ') & (byte != b'\t') & (byte != b'\n') | (byte == 0x7f);
    let bytes = text.as_bytes();
    let followed = bytes.iter().zip(bytes.get(1..).unwrap_or_default());
    let may_be = followed.fold(false, |may_be, (&byte, &next)| {
        // U+0080 to U+009F, U+FDD0 to U+FDEF, and what ends in FFFE or FFFF
        let is_rare = (byte == 0xc2) & (next < 0xa0) | (byte == 0xef) & (next == 0xb7) | (byte == 0xbf) & (next >= 0xbe);
        may_be | is_control(byte) | is_rare
    });
    may_be | bytes.last().is_some_and(|&byte| is_control(byte))
}

/// Whether `c` takes no room and no part: byte order marks, joiners and marks of direction, which come along where a text is copied.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
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
