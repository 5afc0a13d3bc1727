//! Finds the ends of elements that are not shown.

use std::collections::HashMap;

use super::token::{RAW_TEXT, Tag, Token, is_void, tokens};

/// Elements that are left out with their content.
pub(super) const HIDDEN: [&str; 7] = ["applet", "canvas", "frameset", "head", "svg", "template", "datalist"];

/// Elements that end where the next one of the same kind begins.
const WITH_SIBLINGS: [&str; 10] = ["li", "dt", "dd", "td", "th", "tr", "option", "rt", "rp", "p"];

/// Returns whether the element that `tag` begins is not shown.
pub(super) fn is_left_out(tag: &Tag<'_>) -> bool {
    HIDDEN.contains(&tag.name.as_str()) || tag.is_hidden()
}

/// An open element.
struct OpenElement<'a> {
    name: String,
    number: usize,
    tag: Option<Tag<'a>>,
}

/// Returns the extents of the elements in `html` that are not shown: for the number of the token that begins one, the number of the token
/// after it. An element that is left out by its name and is not closed is missing: it is a word in a sentence. One that its author hides
/// ends with the element that contains it.
///
/// `ends_paragraph` returns whether an element ends an open paragraph.
pub(super) fn extents(html: &str, ends_paragraph: impl Fn(&str) -> bool) -> HashMap<usize, usize> {
    let mut extents = HashMap::new();
    let mut open: Vec<OpenElement<'_>> = Vec::new();
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut raw = None;
    let mut number = 0;
    let mut close = |open: &mut Vec<OpenElement<'_>>, counts: &mut HashMap<String, usize>, end: usize, is_own: bool| {
        if let Some(element) = open.pop() {
            if let Some(count) = counts.get_mut(&element.name) {
                *count -= 1;
            }
            if element.tag.is_some_and(|tag| is_own || tag.is_hidden()) {
                extents.insert(element.number, end);
            }
        }
    };
    let mut leaves = Vec::new();
    for token in tokens(html) {
        match token {
            Token::Start(tag) => {
                let top = open.last().map(|top| top.name.as_str());
                let is_sibling = top == Some(&tag.name) && WITH_SIBLINGS.contains(&tag.name.as_str());
                if is_sibling || (top == Some("p") && ends_paragraph(&tag.name)) {
                    close(&mut open, &mut counts, number, false);
                }
                let is_left_out = is_left_out(&tag);
                if RAW_TEXT.contains(&tag.name.as_str()) || tag.closes_itself || is_void(&tag.name) {
                    if is_left_out {
                        leaves.push((number, number + 1));
                    }
                    raw = is_left_out.then_some(number);
                } else {
                    *counts.entry(tag.name.clone()).or_default() += 1;
                    open.push(OpenElement {
                        name: tag.name.clone(),
                        number,
                        tag: is_left_out.then_some(tag),
                    });
                }
            }
            Token::Raw(_) => leaves.extend(raw.take().map(|start| (start, number + 1))),
            Token::End(name) if counts.get(&name).is_some_and(|&count| count > 0) => {
                while open.last().is_some_and(|top| top.name != name) {
                    close(&mut open, &mut counts, number, false);
                }
                close(&mut open, &mut counts, number + 1, true);
            }
            Token::End(_) | Token::Text(_) => {}
        }
        number += 1;
    }
    while !open.is_empty() {
        close(&mut open, &mut counts, number, false);
    }
    extents.extend(leaves);
    extents
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts of `html` that are shown.
    fn shown(html: &str) -> String {
        let extents = extents(html, |name| name == "div");
        let mut shown = String::new();
        let mut until = 0;
        for (number, token) in tokens(html).enumerate() {
            until = extents.get(&number).copied().unwrap_or(0).max(until);
            if let Token::Text(text) = token
                && number >= until
            {
                shown.push_str(text);
            }
        }
        shown
    }

    #[test]
    fn elements_that_are_not_shown_end_correctly() {
        let cases = [
            ("nothing", "a<b>b</b>c", "abc"),
            ("a drawing", "a<svg><text>x</text><svg></svg>x</svg>b", "ab"),
            ("one that does not end", "a<svg>b<template>c", "abc"),
            ("one that does not end, inside one that does", "<div><template>b</div>c", "bc"),
            ("closed at once", "a<svg/>b<canvas />c", "abc"),
            ("hidden", "a<div hidden>x<div>x</div>x</div>b", "ab"),
            ("hidden in a part", "<div>a<b hidden>x</div>b", "ab"),
            ("hidden, without an end", "a<b hidden>x<i>x", "a"),
            ("a paragraph, without an end", "<p hidden>x<p>a", "a"),
            ("a paragraph before a block", "<p hidden>x<div>a", "a"),
            ("an item, without an end", "<ul><li hidden>x<li>a</ul>b", "ab"),
            ("a picture", "a<img hidden>b<br style='display:none'>c", "abc"),
            ("raw text", "a<textarea hidden>x</textarea>b", "ab"),
            ("crossed", "<b><i hidden>x</b>a</i>b", "ab"),
            ("an end of nothing", "</div>a<div hidden>x</div>b</svg>c", "abc"),
            (
                "an end of nothing in what is hidden",
                "<div></div><p hidden>x</div>x</p>b",
                "b",
            ),
        ];
        for (name, html, expected) in cases {
            assert_eq!(shown(html), expected, "{name}");
        }
    }

    #[test]
    fn extents_end_after_the_end_tag() {
        let cases: [(&str, &[(usize, usize)]); 6] = [
            ("<img hidden>a", &[(0, 1)]),
            ("a<br hidden><hr hidden>b", &[(1, 2), (2, 3)]),
            ("a<svg/>b", &[(1, 2)]),
            // a start tag and its raw text
            ("a<textarea hidden>x</textarea>b", &[(1, 3)]),
            ("<div>a<div hidden>x</div>b</div>", &[(2, 5)]),
            ("<div>a<b hidden>x</div>b", &[(2, 4)]),
        ];
        for (html, expected) in cases {
            let found = extents(html, |name| name == "div");
            assert_eq!(found, expected.iter().copied().collect(), "{html}");
        }
    }
}
