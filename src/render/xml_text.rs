//! Text that is safe in XML 1.0.

use std::borrow::Cow;

use crate::post::{first_forbidden, is_forbidden};

/// `text` without the characters that XML 1.0 forbids or discourages ([`is_forbidden`]). Its lines end in a line feed, as an
/// XML parser would convert them (section 2.11).
#[must_use]
pub fn xml_safe(text: &str) -> Cow<'_, str> {
    if first_forbidden(text).is_some() {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        Cow::Owned(text.replace(is_forbidden, ""))
    } else {
        Cow::Borrowed(text)
    }
}

/// `text` as one line, safe for XML: trimmed, without line breaks, tabs and repeated spaces.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    let text = xml_safe(text);
    if text.trim().len() == text.len() && !text.contains(['\t', '\n']) && !text.contains("  ") {
        text
    } else {
        Cow::Owned(text.trim().split_ascii_whitespace().collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn characters_that_xml_forbids_are_removed() {
        let cases = [
            ("plain text", "plain text"),
            ("tab\tand\nline", "tab\tand\nline"),
            ("nul\0 bell\u{7} escape\u{1b}[1m form\u{c}feed", "nul bell escape[1m formfeed"),
            ("dos\r\nmac\rend", "dos\nmac\nend"),
            ("noncharacters \u{fffe}\u{ffff}\u{fdd0}\u{1ffff}", "noncharacters "),
            ("c1 \u{85}\u{9b}", "c1 "),
            ("kept \u{a0}é日😀\u{fffd}\u{2028}", "kept \u{a0}é日😀\u{fffd}\u{2028}"),
        ];
        for (text, expected) in cases {
            assert_eq!(xml_safe(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_line_has_no_breaks_and_keeps_its_no_break_spaces() {
        let cases = [
            ("A title", "A title"),
            ("  A\n\ttitle \r\n", "A title"),
            ("Bonjour\u{a0}!", "Bonjour\u{a0}!"),
            ("\u{a0}\u{2003}\0", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(one_line(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn cleaning_twice_changes_nothing(text in any::<String>()) {
            let (safe, line) = (xml_safe(&text).into_owned(), one_line(&text).into_owned());
            prop_assert_eq!(xml_safe(&safe), &*safe);
            prop_assert_eq!(one_line(&line), &*line);
        }
    }
}
