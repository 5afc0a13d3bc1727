//! Characters that nobody sees.

/// Whether `c` is left out of every output: what XML 1.0 forbids (section 2.2, `Char`), and the controls and noncharacters that it
/// discourages. Tabs and line feeds are not; a carriage return is, for XML makes a line feed of it (section 2.11).
pub fn is_forbidden(c: char) -> bool {
    let is_noncharacter = matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    is_noncharacter || (c.is_control() && !matches!(c, '\t' | '\n'))
}

/// Whether `c` takes no room and no part: byte order marks, joiners and marks of direction, which come along where a text is copied.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}
