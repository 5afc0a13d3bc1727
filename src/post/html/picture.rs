//! Which picture an `img` shows. Pages that load pictures late keep its address in other attributes, and in what stands in for it
//! where no script runs.

use super::token::{Tag, Token, Tokens};

/// Attributes that scripts take a picture's address from.
const LAZY: [&str; 9] = [
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

/// Attributes that hold one picture in several sizes.
pub(super) const SETS: [&str; 4] = ["srcset", "data-srcset", "data-lazy-srcset", "data-original-set"];

/// Parts of the names of pictures that stand in for others.
const STAND_INS: [&str; 9] = [
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

/// Of so many sizes the largest is looked for.
const MOST_SIZES: usize = 64;

/// The address of the picture that `tag` shows, as it is written. `twin` is the same picture for readers without scripts, and `source`
/// one of its alternatives.
pub(super) fn address<'a>(tag: &Tag<'a>, twin: Option<&Tag<'a>>, source: Option<&'a str>) -> Option<&'a str> {
    let own = tag.attribute("src").map(str::trim).filter(|src| is_some(src));
    if let Some(own) = own.filter(|own| !stands_in(own)) {
        return Some(own);
    }
    let lazy = LAZY.iter().filter_map(|name| Some(tag.attribute(name)?.trim()));
    let mut lazy = lazy.filter(|address| is_address(address));
    let sets = || SETS.iter().filter_map(|name| largest(tag.attribute(name)?));
    lazy.next()
        .or_else(|| sets().next())
        .or_else(|| address(twin?, None, None).filter(|address| is_address(address)))
        .or(source)
        .or(own)
}

/// The picture that stands for `tag` where no script runs, if what comes `after` is that: how many tokens it takes, and its tag.
pub(super) fn twin<'a>(after: &Tokens<'a>) -> Option<(usize, Tag<'a>)> {
    let mut picture = None;
    let mut is_within = false;
    // blanks, `noscript`, blanks, the picture, blanks, and the end
    for (token, number) in after.clone().zip(1..=6) {
        match token {
            Token::Text(text) if text.trim_ascii().is_empty() => {}
            Token::Start(tag) if tag.name == "noscript" && !is_within => is_within = true,
            Token::Start(tag) if tag.name == "img" && is_within && picture.is_none() => picture = Some(tag),
            Token::End(name) if name == "noscript" && is_within => return Some((number, picture?)),
            _ => return None,
        }
    }
    None
}

/// The largest picture of the set `set`.
pub(super) fn largest(set: &str) -> Option<&str> {
    let mut largest: Option<(f64, &str)> = None;
    for (address, size) in sizes(set).filter(|(address, _)| is_address(address)) {
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

/// The pictures of the set `set` (HTML standard, section 4.8.4.2.1): their addresses and sizes.
pub(super) fn sizes(set: &str) -> impl Iterator<Item = (&str, &str)> {
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

/// Whether `src` is the address of something.
fn is_some(src: &str) -> bool {
    !src.is_empty() && !src.starts_with('#') && !begins_with(src, "about:") && !begins_with(src, "javascript:")
}

/// Whether `text` may be the address of a picture that is to be fetched.
fn is_address(text: &str) -> bool {
    is_some(text) && !begins_with(text, "data:") && !text.contains(|c: char| c.is_whitespace() || matches!(c, '{' | '}' | '<'))
}

/// Whether the picture at `src` is shown until a script has fetched the real one.
fn stands_in(src: &str) -> bool {
    let path = src.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    begins_with(src, "data:") || STAND_INS.iter().any(|part| name.contains(part))
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
        let read = |set| sizes(set).collect::<Vec<_>>();
        assert_eq!(read("a 1x, b"), [("a", "1x"), ("b", "")]);
        assert_eq!(read(" a,,b , c 2x,"), [("a,,b", ""), ("c", "2x")]);
        assert_eq!(read("a, b"), [("a", ""), ("b", "")]);
        assert_eq!(read(" ,, "), []);
        assert_eq!(sizes(&"a 1x, ".repeat(1000)).count(), MOST_SIZES);
    }
}
