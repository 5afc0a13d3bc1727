//! Decodes character references as the HTML standard does (section 13.2.5.72), in one pass.
//!
//! The parser of the cleaner needs time with the square of their number (a megabyte of `&` took a minute), so its input has none:
//! [`shape`](super::shape) decodes them, and writes a mark, which no text contains, for each sign that must be escaped.

use std::borrow::Cow;

use super::super::characters::is_forbidden;

/// The marks for the signs with a meaning in HTML. They are noncharacters, which are removed from every text before.
const MARKS: [(char, char, &str); 4] = [
    ('&', '\u{fdd2}', "&amp;"),
    ('<', '\u{fdd3}', "&lt;"),
    ('>', '\u{fdd4}', "&gt;"),
    ('"', '\u{fdd5}', "&quot;"),
];

/// The first two bytes of each mark in UTF-8; they are rare in texts.
const MARK_START: [u8; 2] = [0xef, 0xb7];

/// Names that need no semicolon after them.
#[rustfmt::skip]
const WITHOUT_SEMICOLON: [&str; 106] = [
    "AElig", "AMP", "Aacute", "Acirc", "Agrave", "Aring", "Atilde", "Auml", "COPY", "Ccedil", "ETH", "Eacute", "Ecirc", "Egrave",
    "Euml", "GT", "Iacute", "Icirc", "Igrave", "Iuml", "LT", "Ntilde", "Oacute", "Ocirc", "Ograve", "Oslash", "Otilde", "Ouml",
    "QUOT", "REG", "THORN", "Uacute", "Ucirc", "Ugrave", "Uuml", "Yacute", "aacute", "acirc", "acute", "aelig", "agrave", "amp",
    "aring", "atilde", "auml", "brvbar", "ccedil", "cedil", "cent", "copy", "curren", "deg", "divide", "eacute", "ecirc", "egrave",
    "eth", "euml", "frac12", "frac14", "frac34", "gt", "iacute", "icirc", "iexcl", "igrave", "iquest", "iuml", "laquo", "lt", "macr",
    "micro", "middot", "nbsp", "not", "ntilde", "oacute", "ocirc", "ograve", "ordf", "ordm", "oslash", "otilde", "ouml", "para",
    "plusmn", "pound", "quot", "raquo", "reg", "sect", "shy", "sup1", "sup2", "sup3", "szlig", "thorn", "times", "uacute", "ucirc",
    "ugrave", "uml", "uuml", "yacute", "yen", "yuml",
];

/// The longest name, with its semicolon.
const LONGEST_NAME: usize = 32;

/// The characters for the numbers 128 to 159: those of Windows-1252.
const WINDOWS: [u16; 32] = [
    0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d, 0x8f,
    0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
];

/// The position of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextPosition {
    /// Between tags.
    Content,
    /// In an attribute's value, where a name without a semicolon may be text: `?a=1&copy=2`.
    Attribute,
}

/// Returns `text` with its character references decoded, without the characters that are left out of every output.
pub(super) fn decode(text: &str, position: TextPosition) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        match parse_reference(after, position) {
            Some((decoded, length)) => {
                out.extend(decoded.chars().filter(|&c| !is_forbidden(c)));
                rest = after.get(length..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Returns the character of the reference whose `&` comes before `text`, and its length without the `&`.
fn parse_reference(text: &str, position: TextPosition) -> Option<(Cow<'static, str>, usize)> {
    let bytes = text.as_bytes();
    if bytes.first() == Some(&b'#') {
        return parse_numeric(text);
    }
    let length = bytes
        .iter()
        .take(LONGEST_NAME)
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count();
    let name = text.get(..length).filter(|name| !name.is_empty())?;
    if bytes.get(length) == Some(&b';')
        && let Some(decoded) = decode_name(name)
    {
        return Some((decoded, length + 1));
    }
    let known = (2..=length.min(6)).rev().filter_map(|end| text.get(..end));
    let name = known.into_iter().find(|name| WITHOUT_SEMICOLON.binary_search(name).is_ok())?;
    let continues = bytes
        .get(name.len())
        .is_some_and(|&next| next.is_ascii_alphanumeric() || next == b'=');
    if position == TextPosition::Attribute && continues {
        return None;
    }
    Some((decode_name(name)?, name.len()))
}

/// The characters with this name.
fn decode_name(name: &str) -> Option<Cow<'static, str>> {
    let common = match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "nbsp" => "\u{a0}",
        _ => "",
    };
    if !common.is_empty() {
        return Some(common.into());
    }
    let written = format!("&{name};");
    let decoded = html_escape::decode_html_entities(&written);
    (decoded != written).then(|| decoded.into_owned().into())
}

/// The character with the number after `#`, and the length of the reference.
fn parse_numeric(text: &str) -> Option<(Cow<'static, str>, usize)> {
    let (digits, radix, mark) = match text.as_bytes() {
        [_, b'x' | b'X', digits @ ..] => (digits, 16, 2),
        [_, digits @ ..] => (digits, 10, 1),
        [] => return None,
    };
    let mut number = 0_u32;
    let mut length = 0;
    for digit in digits.iter().map_while(|&byte| char::from(byte).to_digit(radix)) {
        number = number.saturating_mul(radix).saturating_add(digit);
        length += 1;
    }
    if length == 0 {
        return None;
    }
    let number = number
        .checked_sub(0x80)
        .and_then(|at| WINDOWS.get(usize::try_from(at).ok()?))
        .map_or(number, |&number| number.into());
    let decoded = char::from_u32(number).filter(|&c| c != '\0').unwrap_or('\u{fffd}');
    let semicolon = usize::from(digits.get(length) == Some(&b';'));
    Some((decoded.to_string().into(), mark + length + semicolon))
}

/// Writes the decoded `text` with marks for the signs that have a meaning in HTML at this `position`.
pub(super) fn push_marked(out: &mut String, text: &str, position: TextPosition) {
    let has_meaning = |byte: u8| matches!(byte, b'&' | b'<' | b'>') || (byte == b'"' && position == TextPosition::Attribute);
    let mut rest = text;
    while let Some(at) = rest.bytes().position(has_meaning) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let mark = MARKS.iter().find(|(sign, ..)| after.starts_with(*sign));
        out.extend(mark.map(|&(_, mark, _)| mark));
        rest = after.get(1..).unwrap_or_default();
    }
    out.push_str(rest);
}

/// Returns `text` with the signs in place of their marks.
pub(super) fn marks_to_signs(text: &str) -> Cow<'_, str> {
    replace_marks(text, |out, sign, _| out.push(sign))
}

/// Returns `html` with character references in place of the marks.
pub(super) fn marks_to_references(html: String) -> String {
    match replace_marks(&html, |out, _, reference| out.push_str(reference)) {
        Cow::Owned(written) => written,
        Cow::Borrowed(_) => html,
    }
}

/// `text` with what `write` writes for each mark.
fn replace_marks(text: &str, write: impl Fn(&mut String, char, &str)) -> Cow<'_, str> {
    let mut offsets = memchr::memmem::find_iter(text.as_bytes(), &MARK_START).peekable();
    if offsets.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut done = 0;
    for offset in offsets {
        let found = text.get(offset..).and_then(|text| text.chars().next());
        if let Some(&(sign, mark, reference)) = MARKS.iter().find(|(_, mark, _)| found == Some(*mark)) {
            out.push_str(text.get(done..offset).unwrap_or_default());
            write(&mut out, sign, reference);
            done = offset + mark.len_utf8();
        }
    }
    out.push_str(text.get(done..).unwrap_or_default());
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use ammonia::Builder;
    use proptest::prelude::*;

    use super::*;

    /// Decodes `text`, which has no tags, with the parser of a browser.
    fn decode_as_browsers(text: &str) -> String {
        let mut builder = Builder::empty();
        builder.link_rel(None);
        let text = builder.clean(text).to_string().replace("&nbsp;", "\u{a0}");
        text.replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&")
            .replace(is_forbidden, "")
    }

    #[test]
    fn references_are_decoded() {
        let cases = [
            ("a &amp; b &AMP c", "a & b & c"),
            ("&lt;&gt;&quot;&nbsp;", "<>\"\u{a0}"),
            ("&#65;&#x42;&#X43;&#68", "ABCD"),
            ("&#0;&#xd800;&#99999999999;", "\u{fffd}\u{fffd}\u{fffd}"),
            ("&#150;&#1;", "–"),
            ("&notit; &notin; &not", "¬it; ∉ ¬"),
            ("&; & &# &#; &#x; &x", "&; & &# &#; &#x; &x"),
            ("&CounterClockwiseContourIntegral;&fjlig;", "∳fj"),
            ("&&amp;&", "&&&"),
        ];
        for (text, expected) in cases {
            assert_eq!(decode(text, TextPosition::Content), expected, "{text}");
            assert_eq!(decode_as_browsers(text), expected, "{text}");
        }
        assert_eq!(
            decode("?a=1&copy=2&notit=3&amp=4&amp;b&lt", TextPosition::Attribute),
            "?a=1&copy=2&notit=3&amp=4&b<"
        );
    }

    #[test]
    fn names_without_a_semicolon_are_decoded_as_in_browsers() {
        for name in WITHOUT_SEMICOLON {
            assert_eq!(
                decode(&format!("&{name} x"), TextPosition::Content),
                decode_as_browsers(&format!("&{name} x")),
                "{name}"
            );
        }
    }

    #[test]
    fn the_time_grows_with_the_length() {
        // quadratic time would be minutes
        let text = "&".repeat(1024 * 1024);
        assert_eq!(decode(&text, TextPosition::Content), text);
    }

    proptest! {
        #[test]
        fn references_are_decoded_as_in_browsers(text in "([a-z ;&#]|&(amp|lt|not|notin|copy|Aacute|fjlig|nbsp|frac1|frac12|#x?[0-9a-f]{1,6});?){0,12}") {
            prop_assert_eq!(&*decode(&text, TextPosition::Content), &decode_as_browsers(&text));
        }

        #[test]
        fn marks_can_be_replaced_by_signs_and_references(text in "[a-c&<>\"é\u{fd3f}\u{fdf0}]{0,12}") {
            let mut marked = String::new();
            push_marked(&mut marked, &text, TextPosition::Attribute);
            prop_assert!(!marked.contains(['&', '<', '>', '"']));
            prop_assert_eq!(&*marks_to_signs(&marked), &text);
            let html = marks_to_references(marked);
            prop_assert_eq!(&*decode(&html, TextPosition::Attribute), &text);
        }
    }
}
