//! HTML text → tokens, as the HTML standard's tokenizer (section 13.2.5) would cut it, without its states for documents.
//!
//! It never fails and never looks at a byte twice. Comments, doctypes and processing instructions are left out. Character references
//! are left as they are written.
//!
//! In two things it differs from browsers, so that no text disappears: `<iframe … />` is closed where it stands, as JSX and XHTML mean
//! it; and a tag that begins what never ends (`<script>` in a sentence, a tag without its `>`) is text.

use super::entities::{self, Place};

/// Elements whose content is text, whatever it looks like (section 13.1.2, raw text and escapable raw text).
pub(in crate::post) const RAW_TEXT: [&str; 8] = ["iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"];

/// Elements that have no content (section 13.1.2, void elements, and some that browsers read alike).
#[rustfmt::skip]
const VOID: [&str; 18] = [
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen", "link", "meta", "param",
    "source", "track", "wbr",
];

/// Attributes of one tag past this number are left out: readers compare each with each.
const MAX_ATTRIBUTES: usize = 32;

/// A piece of HTML.
#[derive(Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// Text, its character references unread.
    Text(&'a str),
    /// A start tag.
    Start(Tag<'a>),
    /// An end tag's name, in lower case.
    End(String),
    /// The content of the element whose start tag came before, where that content is text by definition. Its end tag is left out.
    Raw(&'a str),
}

/// A start tag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tag<'a> {
    /// The name, in lower case.
    pub name: String,
    /// Names in lower case, values with their character references unread; the first of each name counts.
    pub attributes: Vec<(String, &'a str)>,
    /// Whether it says that it is closed at once: `<p />`.
    pub closes_itself: bool,
    /// All of it, as it is written.
    pub written: &'a str,
}

impl<'a> Tag<'a> {
    /// The value of the attribute `name`.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&'a str> {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|&(_, value)| value)
    }

    /// Whether the author says that browsers are not to show the element: `hidden`, `style="display: none"`.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        let by_attribute = self.attribute("hidden").is_some_and(|value| !value.starts_with('{'));
        by_attribute || self.attribute("style").is_some_and(hides)
    }
}

/// Whether an element with this name has no content.
#[must_use]
pub fn is_void(name: &str) -> bool {
    VOID.contains(&name)
}

/// Whether a `style` says that nothing is shown; JSX writes it as `{{display: 'none'}}`.
fn hides(style: &str) -> bool {
    let style = plain_style(&entities::read(style, Place::Attribute));
    style.split([';', ',', '{', '}']).any(|declaration| {
        let Some((name, value)) = declaration.split_once(':') else {
            return false;
        };
        let value = value.split('!').next().unwrap_or_default();
        let value = value.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\'' | '"'));
        let is = |known: &str| value.eq_ignore_ascii_case(known);
        match name.trim().to_ascii_lowercase().as_str() {
            "display" => is("none"),
            "visibility" => is("hidden") || is("collapse"),
            _ => false,
        }
    })
}

/// A `style` without comments and escapes (CSS Syntax, sections 4.3.2 and 4.3.7).
fn plain_style(style: &str) -> String {
    let mut plain = String::with_capacity(style.len());
    let mut rest = style;
    while let Some(at) = rest.find(['/', '\\']) {
        let (before, sign) = rest.split_at(at);
        plain.push_str(before);
        if let Some(comment) = sign.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
        } else if let Some(escape) = sign.strip_prefix('\\') {
            let digits = escape.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
            let (digits, after) = escape.split_at(digits);
            let number = u32::from_str_radix(digits, 16).ok();
            plain.extend(number.and_then(char::from_u32));
            rest = if digits.is_empty() {
                after
            } else {
                after.strip_prefix([' ', '\t', '\n']).unwrap_or(after)
            };
        } else {
            plain.push('/');
            rest = &sign[1..];
        }
    }
    plain.push_str(rest);
    plain
}

/// Cuts `html` into tokens.
#[must_use]
pub fn tokens(html: &str) -> Tokens<'_> {
    Tokens {
        rest: html,
        raw: None,
        endless: [false; RAW_TEXT.len()],
        unfinished: None,
    }
}

/// The start tag at the beginning of `text`, as `CommonMark` has it (section 6.6); but attributes' names may be any. `None` where there
/// is none, or where it holds a blank line.
pub(in crate::post) fn start_tag(text: &str) -> Option<Tag<'_>> {
    let name = text.strip_prefix('<')?;
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let (tag, _) = read_tag(text, 1, true)?;
    (!tag.written.contains("\n\n")).then_some(tag)
}

/// Where `html` ends in the middle of a tag or a comment: where that begins.
pub(in crate::post) fn unfinished(html: &str) -> Option<usize> {
    let mut tokens = tokens(html);
    tokens.by_ref().for_each(drop);
    tokens.unfinished.map(|left| html.len() - left)
}

/// The tokens of a text.
#[derive(Clone)]
pub struct Tokens<'a> {
    rest: &'a str,
    /// The raw content that comes next.
    raw: Option<&'a str>,
    /// Which elements of [`RAW_TEXT`] are known to end nowhere in the rest.
    endless: [bool; RAW_TEXT.len()],
    /// How long the tag or comment is in whose middle the text ends.
    unfinished: Option<usize>,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if let Some(raw) = self.raw.take() {
            return Some(Token::Raw(raw));
        }
        while !self.rest.is_empty() {
            let rest = self.rest;
            match rest.as_bytes() {
                [b'<', b'a'..=b'z' | b'A'..=b'Z', ..] => return Some(self.start()),
                [b'<', b'/', b'a'..=b'z' | b'A'..=b'Z', ..] => {
                    let Some((tag, after)) = read_tag(rest, 2, false) else {
                        return Some(self.last());
                    };
                    self.rest = after;
                    return Some(Token::End(tag.name));
                }
                [b'<', b'!' | b'?' | b'/', ..] => {
                    self.rest = match after_comment(rest) {
                        Some(after) => after,
                        // what browsers and the author's own tool hide stays hidden
                        None if rest.starts_with("<!--") => {
                            self.unfinished = Some(rest.len());
                            ""
                        }
                        None => return Some(self.last()),
                    };
                }
                _ => return Some(Token::Text(self.take(text_end(rest)))),
            }
        }
        None
    }
}

/// Where the text at the start of `rest` ends, which begins with no markup.
fn text_end(rest: &str) -> usize {
    let is_markup = |at: &usize| {
        let next = rest.as_bytes().get(at + 1);
        next.is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, b'!' | b'?' | b'/'))
    };
    memchr::memchr_iter(b'<', rest.as_bytes())
        .find(is_markup)
        .unwrap_or(rest.len())
}

/// What follows the comment at the start of `text`, or what the standard reads as one; `None` where it does not end.
fn after_comment(text: &str) -> Option<&str> {
    let markup = text.get(1..)?;
    match markup.strip_prefix("!--") {
        Some(comment) if comment.starts_with('>') => comment.get(1..),
        Some(comment) if comment.starts_with("->") => comment.get(2..),
        Some(comment) => comment_end(comment).map(|end| &comment[end..]),
        None => markup.split_once('>').map(|(_, rest)| rest),
    }
}

/// Where the comment ends whose content begins `text`.
fn comment_end(text: &str) -> Option<usize> {
    memchr::memchr_iter(b'>', text.as_bytes()).find_map(|at| {
        let content = &text.as_bytes()[..at];
        (content.ends_with(b"--") || content.ends_with(b"--!")).then_some(at + 1)
    })
}

impl<'a> Tokens<'a> {
    fn take(&mut self, end: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// All that is left, which begins markup and does not end it, as text.
    fn last(&mut self) -> Token<'a> {
        self.unfinished = Some(self.rest.len());
        Token::Text(std::mem::take(&mut self.rest))
    }

    /// The start tag that comes next, and its raw content after it where it has some; text where either does not end.
    fn start(&mut self) -> Token<'a> {
        let Some((tag, after)) = read_tag(self.rest, 1, false) else {
            return self.last();
        };
        self.rest = after;
        if tag.name == "plaintext" {
            return Token::Text(tag.written);
        }
        let raw = RAW_TEXT.iter().position(|&name| name == tag.name);
        if let Some(place) = raw.filter(|_| !tag.closes_itself) {
            match self.raw_text(place) {
                Some(content) => self.raw = Some(content),
                // what shows something is no word in a sentence
                None if tag.name == "iframe" && tag.attribute("src").is_some() => {}
                None => return Token::Text(tag.written),
            }
        }
        Token::Start(tag)
    }

    /// The raw content of the element at `place` in [`RAW_TEXT`], and goes past its end tag; `None` where it has none.
    fn raw_text(&mut self, place: usize) -> Option<&'a str> {
        let (name, is_endless) = (RAW_TEXT.get(place)?, self.endless.get_mut(place)?);
        if *is_endless {
            return None;
        }
        let found = memchr::memmem::find_iter(self.rest.as_bytes(), b"</").find(|at| {
            let after = &self.rest[at + 2..];
            let named = after.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
            named && !after[name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-')
        });
        *is_endless = found.is_none();
        let content = self.take(found?);
        let end = self.rest.find('>').map_or(self.rest.len(), |end| end + 1);
        self.take(end);
        Some(content)
    }
}

/// The tag at the start of `text`, its name `skip` bytes on, and what follows it; `None` where it does not end. A `strict` one holds no
/// `<` but in quotes.
fn read_tag(text: &str, skip: usize, strict: bool) -> Option<(Tag<'_>, &str)> {
    let named = text.get(skip..)?;
    let end = named.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>') || (strict && c == '<'))?;
    let mut tag = Tag {
        name: named[..end].to_ascii_lowercase(),
        ..Tag::default()
    };
    let mut rest = &named[end..];
    loop {
        let next = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if let Some(after) = next.strip_prefix('>') {
            tag.closes_itself = rest[..rest.len() - next.len()].ends_with('/') && !is_void(&tag.name);
            tag.written = &text[..text.len() - after.len()];
            return Some((tag, after));
        }
        let (name, value, after) = attribute(next, strict)?;
        rest = after;
        if tag.attributes.len() < MAX_ATTRIBUTES && tag.attribute(&name).is_none() {
            tag.attributes.push((name, value));
        }
    }
}

/// The attribute at the start of `text`, and what follows it; `None` where the text ends first. A `strict` one holds no `<` but in
/// quotes.
fn attribute(text: &str, strict: bool) -> Option<(String, &str, &str)> {
    let is_refused = |text: &str| strict && text.contains('<');
    // an equals sign may begin a name, but not end one
    let first = text.chars().next().map_or(0, char::len_utf8);
    let ends_name = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '=') || (strict && c == '<');
    let end = first + text[first..].find(ends_name)?;
    if is_refused(&text[..end]) || is_refused(text[end..].get(..1).unwrap_or_default()) {
        return None;
    }
    let name = text[..end].to_ascii_lowercase();
    let Some(rest) = text[end..].trim_ascii_start().strip_prefix('=') else {
        return Some((name, "", &text[end..]));
    };
    let rest = rest.trim_ascii_start();
    for quote in ['"', '\''] {
        if let Some(quoted) = rest.strip_prefix(quote) {
            let (value, rest) = quoted.split_once(quote)?;
            return Some((name, value, rest));
        }
    }
    let end = rest.find(|c: char| c.is_ascii_whitespace() || c == '>' || (strict && c == '<'))?;
    (!is_refused(rest[end..].get(..1).unwrap_or_default())).then_some((name, &rest[..end], &rest[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(html: &str) -> String {
        let piece = |token| match token {
            Token::Text(text) => format!("[{text}]"),
            Token::Start(tag) => {
                let attributes = tag.attributes.iter().map(|(name, value)| format!(" {name}={value}"));
                let closes = if tag.closes_itself { "!" } else { "" };
                format!("<{}{}{closes}>", tag.name, attributes.collect::<Vec<_>>().concat())
            }
            Token::End(name) => format!("</{name}>"),
            Token::Raw(text) => format!("({text})"),
        };
        tokens(html).map(piece).collect()
    }

    #[test]
    fn cuts_as_the_standard_does() {
        let cases = [
            ("text alone", "a &amp; b", "[a &amp; b]"),
            ("tags in any case", "<B>x</B >", "<b>[x]</b>"),
            (
                "quotes of both kinds and none",
                "<a HREF=x title='>' id=\"<\">",
                "<a href=x title=> id=<>",
            ),
            ("no value", "<input checked disabled/>", "<input checked= disabled=>"),
            (
                "closed at once",
                "<p/>a<p / >b<video src=x />c<br/>d",
                "<p!>[a]<p>[b]<video src=x!>[c]<br>[d]",
            ),
            ("a slash of a value", "<p a=b/>c", "<p a=b/>[c]"),
            (
                "frame closed at once",
                "<iframe src='x' />a</iframe>",
                "<iframe src=x!>[a]</iframe>",
            ),
            ("frame that is not closed", "<iframe src=x>a", "<iframe src=x>[a]"),
            ("frame of nothing", "the <iframe> b", "[the ][<iframe>][ b]"),
            ("the first of two", "<a id=1 id=2>", "<a id=1>"),
            ("a sign that is no tag", "1 < 2 <3<", "[1 < 2 <3<]"),
            (
                "comments",
                "a<!-- <b> -->c<!-->d<!doctype x>e<?php x ?>f<!-- g --!>h<!--->i",
                "[a][c][d][e][f][h][i]",
            ),
            ("what only looks like a comment, without an end", "a<?php b", "[a][<?php b]"),
            ("a declaration without an end", "a<!b", "[a][<!b]"),
            ("a comment without an end", "a<!-- b", "[a]"),
            ("a tag without an end", "a<b c='", "[a][<b c=']"),
            ("an end tag without an end", "a</b", "[a][</b]"),
            ("script", "<script>a<b></SCRIPT >c", "<script>(a<b>)[c]"),
            ("script without an end", "<script>a</scripty>b", "[<script>][a]</scripty>[b]"),
            (
                "script without an end after one with",
                "<script>a</script><Script x>b",
                "<script>(a)[<Script x>][b]",
            ),
            ("plaintext", "<plaintext>a<b>", "[<plaintext>][a]<b>"),
        ];
        for (name, html, expected) in cases {
            assert_eq!(cut(html), expected, "{name}");
        }
    }

    #[test]
    fn a_tag_has_so_many_attributes_and_no_more() {
        let html = format!(
            "<a {}>",
            (0..100).map(|n| format!("a{n}=\"{n}\" ")).collect::<Vec<_>>().concat()
        );
        let Some(Token::Start(tag)) = tokens(&html).next() else {
            panic!("no tag");
        };
        assert_eq!(tag.attributes.len(), MAX_ATTRIBUTES);
        assert_eq!(tag.attribute("a0"), Some("0"));
        assert_eq!(tag.attribute("a31"), Some("31"));
        assert_eq!(tag.attribute("a32"), None);
        // those that are there twice take no place
        let html = format!("<a {} b=2>", "a=1 ".repeat(100));
        let Some(Token::Start(tag)) = tokens(&html).next() else {
            panic!("no tag");
        };
        assert_eq!(tag.attribute("b"), Some("2"));
    }

    #[test]
    fn hidden_elements() {
        let hidden = [
            "<p hidden>",
            "<p HIDDEN=''>",
            "<p hidden=false>",
            "<p style='display:none'>",
            "<p style='color:red; DISPLAY : None !important'>",
            "<p style=visibility:hidden>",
            "<tr style='visibility: collapse'>",
            "<p style={{display:'none'}}>",
        ];
        let shown = [
            "<p>",
            "<p hidden={false}>",
            "<p class=hidden>",
            "<p style='display:block'>",
            "<p style='visibility:visible'>",
            "<p style='x-display:none'>",
            "<p style='overflow:hidden'>",
            "<p data-hidden>",
        ];
        for (html, expected) in hidden
            .map(|html| (html, true))
            .into_iter()
            .chain(shown.map(|html| (html, false)))
        {
            let Some(Token::Start(tag)) = tokens(html).next() else {
                panic!("{html}");
            };
            assert_eq!(tag.is_hidden(), expected, "{html}");
        }
    }

    #[test]
    fn where_html_ends_within_a_tag_or_a_comment() {
        let cases = [
            ("<p>a</p>", None),
            ("a < b", None),
            ("a<b c='", Some(1)),
            ("<p>é</p", Some(5)),
            ("a <!-- b", Some(2)),
            ("<!-- a --> b <!-- c", Some(13)),
            ("<script>a", None),
            ("<script><!-- </script>a", None),
            ("<?php a", Some(0)),
            ("", None),
        ];
        for (html, expected) in cases {
            assert_eq!(unfinished(html), expected, "{html}");
        }
    }
}
