//! Finds the address of the picture of an `img`. Pages that load pictures lazily have it in other attributes, and in a `noscript` after the
//! `img`.

use super::token::{Tag, Token, Tokens};

/// Attributes from which scripts load a picture.
const LAZY_ATTRIBUTES: [&str; 9] = [
    "data-src",
    "data-original",
    "data-lazy-src",
    "data-lazy",
    "data-original-src",
    "data-orig-file",
    "data-echo",
    "data-url",
    "data-actualsrc",
];

/// Attributes with one picture in several sizes.
pub(super) const SET_ATTRIBUTES: [&str; 4] = ["srcset", "data-srcset", "data-lazy-srcset", "data-original-set"];

/// Parts of the names of placeholder pictures.
const PLACEHOLDERS: [&str; 9] = [
    "placeholder",
    "blank",
    "spacer",
    "transparent",
    "1x1",
    "lazyload",
    "loading.",
    "grey.gif",
    "clear.gif",
];

/// Further sizes of a picture are ignored.
const MOST_SIZES: usize = 64;

/// Returns the address of the picture that `tag` shows, as it is written. `fallback` is the same picture for readers without scripts, and
/// `source` one of its alternatives.
pub(super) fn address<'a>(tag: &Tag<'a>, fallback: Option<&Tag<'a>>, source: Option<&'a str>) -> Option<&'a str> {
    let own = tag.attribute("src").map(str::trim).filter(|src| is_usable(src));
    if let Some(own) = own.filter(|own| !is_placeholder(own)) {
        return Some(own);
    }
    let lazy = LAZY_ATTRIBUTES.iter().filter_map(|name| Some(tag.attribute(name)?.trim()));
    let mut lazy = lazy.filter(|address| is_address(address));
    let sets = || SET_ATTRIBUTES.iter().filter_map(|name| largest(tag.attribute(name)?));
    lazy.next()
        .or_else(|| sets().next())
        .or_else(|| address(fallback?, None, None).filter(|address| is_address(address)))
        .or(source)
        .or(own)
}

/// Returns the picture in a `noscript` at the start of `after`, the tokens after an `img`: the number of its tokens, and its tag.
pub(super) fn noscript_picture<'a>(after: &Tokens<'a>) -> Option<(usize, Tag<'a>)> {
    let mut picture = None;
    let mut is_in_noscript = false;
    // white space, `noscript`, white space, the picture, white space, and the end tag
    for (token, number) in after.clone().zip(1..=6) {
        match token {
            Token::Text(text) if text.trim_ascii().is_empty() => {}
            Token::Start(tag) if tag.name == "noscript" && !is_in_noscript => is_in_noscript = true,
            Token::Start(tag) if tag.name == "img" && is_in_noscript && picture.is_none() => picture = Some(tag),
            Token::End(name) if name == "noscript" && is_in_noscript => return Some((number, picture?)),
            _ => return None,
        }
    }
    None
}

/// Returns the largest picture of the set `set`.
pub(super) fn largest(set: &str) -> Option<&str> {
    let mut largest: Option<(f64, &str)> = None;
    for (address, size) in parse_set(set).filter(|(address, _)| is_address(address)) {
        let size = size
            .trim_end_matches(|c: char| c.is_ascii_alphabetic())
            .parse()
            .unwrap_or(1.0);
        if largest.is_none_or(|(known, _)| size > known) {
            largest = Some((size, address));
        }
    }
    largest.map(|(_, address)| address)
}

/// Returns the addresses and sizes of the pictures of `set` (HTML standard, section 4.8.4.2.1).
pub(super) fn parse_set(set: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = set;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ',');
        let end = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
        let (address, after) = rest.split_at(end);
        if address.is_empty() {
            return None;
        }
        let bare = address.trim_end_matches(',');
        if bare.len() < address.len() {
            rest = after;
            return Some((bare, ""));
        }
        let (size, after) = after.split_once(',').unwrap_or((after, ""));
        rest = after;
        Some((bare, size.trim()))
    })
    .take(MOST_SIZES)
}

/// Whether `src` may be the address of a picture.
fn is_usable(src: &str) -> bool {
    !src.is_empty() && !src.starts_with('#') && !begins_with(src, "about:") && !begins_with(src, "javascript:")
}

/// Whether `text` may be the address of a picture to fetch.
fn is_address(text: &str) -> bool {
    is_usable(text) && !begins_with(text, "data:") && !text.contains(|c: char| c.is_whitespace() || matches!(c, '{' | '}' | '<'))
}

/// Whether the picture at `src` is shown only until a script has loaded the real one.
fn is_placeholder(src: &str) -> bool {
    let path = src.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    begins_with(src, "data:") || PLACEHOLDERS.iter().any(|part| name.contains(part))
}

fn begins_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}

#[cfg(test)]
mod tests {
    use super::super::token::tokens;
    use super::*;

    #[test]
    fn addresses() {
        let cases = [
            ("<img src=a.png>", Some("a.png")),
            ("<img src=a.png data-src=b.png>", Some("a.png")),
            ("<img src=a.png srcset='b.png 2x'>", Some("a.png")),
            ("<img data-src=b.png>", Some("b.png")),
            ("<img src='' data-original=b.png>", Some("b.png")),
            ("<img src='data:image/gif;base64,R0' data-lazy-src=b.png>", Some("b.png")),
            ("<img src=/img/placeholder.gif data-src=b.png>", Some("b.png")),
            ("<img src=/img/placeholder.gif>", Some("/img/placeholder.gif")),
            ("<img srcset='a.png 1x, b.png 2x, c.png 1.5x'>", Some("b.png")),
            ("<img srcset='a.png, b.png'>", Some("a.png")),
            ("<img data-srcset='a.png 320w,\nb.png 1280w, c.png 640w'>", Some("b.png")),
            (
                "<img data-src='{x}' data-srcset='data:image/gif;base64,R0 9x, a.png'>",
                Some("a.png"),
            ),
            ("<img src='#' data-src='#'>", None),
            ("<img src='data:image/png;base64,R0'>", Some("data:image/png;base64,R0")),
            ("<img src=' '>", None),
            ("<img>", None),
        ];
        for (html, expected) in cases {
            let Some(Token::Start(tag)) = tokens(html).next() else {
                panic!("{html}");
            };
            assert_eq!(address(&tag, None, None), expected, "{html}");
        }
    }

    #[test]
    fn sets() {
        let pictures = |set| parse_set(set).collect::<Vec<_>>();
        assert_eq!(pictures("a 1x, b"), [("a", "1x"), ("b", "")]);
        assert_eq!(pictures(" a,,b , c 2x,"), [("a,,b", ""), ("c", "2x")]);
        assert_eq!(pictures("a, b"), [("a", ""), ("b", "")]);
        assert_eq!(pictures(" ,, "), []);
        assert_eq!(parse_set(&"a 1x, ".repeat(1000)).count(), MOST_SIZES);
    }
}
