//! Splits HTML into tokens, like the tokenizer of the HTML standard (section 13.2.5) without its states for documents.
//!
//! It never fails, and its time is linear. Comments, doctypes and processing instructions are left out. Character references stay as they
//! are written.
//!
//! It differs from browsers in two ways, so that no text disappears: `<iframe … />` is closed at once, as in JSX and XHTML; and a tag of
//! something that never ends (`<script>` in a sentence, a tag without its `>`) is text.

use super::entities::{self, TextPosition};

/// Elements whose content is always text (section 13.1.2, raw text and escapable raw text).
pub(in crate::post) const RAW_TEXT: [&str; 8] = ["iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"];

/// Elements that have no content (section 13.1.2, void elements, and some that browsers treat in the same way).
#[rustfmt::skip]
const VOID: [&str; 18] = [
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen", "link", "meta", "param",
    "source", "track", "wbr",
];

/// Further attributes of a tag are left out: each is compared with all others.
const MAX_ATTRIBUTES: usize = 32;

/// A token of HTML.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// Text, with its character references as written.
    Text(&'a str),
    /// A start tag.
    Start(Tag<'a>),
    /// The name of an end tag, in lower case.
    End(String),
    /// The content of the raw-text element whose start tag came before. Its end tag is left out.
    Raw(&'a str),
}

/// A start tag.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tag<'a> {
    /// The name, in lower case.
    pub(crate) name: String,
    /// Names in lower case, and values with their character references as written; only the first attribute of each name.
    pub(crate) attributes: Vec<(String, &'a str)>,
    /// Whether it closes itself: `<p />`.
    pub(crate) closes_itself: bool,
    /// The whole tag, as it is written.
    pub(crate) written: &'a str,
}

impl<'a> Tag<'a> {
    /// Returns the value of the attribute `name`.
    #[must_use]
    pub(crate) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|&(_, value)| value)
    }

    /// Returns whether browsers do not show the element: `hidden`, `style="display: none"`.
    #[must_use]
    pub(crate) fn is_hidden(&self) -> bool {
        let by_attribute = self.attribute("hidden").is_some_and(|value| !value.starts_with('{'));
        by_attribute || self.attribute("style").is_some_and(is_hiding_style)
    }
}

/// Returns whether an element with this name has no content.
#[must_use]
pub(crate) fn is_void(name: &str) -> bool {
    VOID.contains(&name)
}

/// Whether `style` hides the element; in JSX it is written `{{display: 'none'}}`.
fn is_hiding_style(style: &str) -> bool {
    let style = plain_style(&entities::decode(style, TextPosition::Attribute));
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

/// `style` without comments and escapes (CSS Syntax, sections 4.3.2 and 4.3.7).
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

/// Splits `html` into tokens.
#[must_use]
pub(crate) fn tokens(html: &str) -> Tokens<'_> {
    Tokens {
        rest: html,
        raw: None,
        endless: [false; RAW_TEXT.len()],
        unfinished: None,
    }
}

/// Returns the start tag at the beginning of `text`, as in `CommonMark` (section 6.6), but with any names of attributes. `None` if there is
/// none, or if it contains a blank line.
pub(in crate::post) fn start_tag(text: &str) -> Option<Tag<'_>> {
    let name = text.strip_prefix('<')?;
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let (tag, _) = parse_tag(text, 1, true)?;
    (!tag.written.contains("\n\n")).then_some(tag)
}

/// Returns the offset of the tag or comment in which `html` ends.
pub(in crate::post) fn unfinished(html: &str) -> Option<usize> {
    let mut tokens = tokens(html);
    tokens.by_ref().for_each(drop);
    tokens.unfinished.map(|left| html.len() - left)
}

/// An iterator over tokens.
#[derive(Clone)]
pub(crate) struct Tokens<'a> {
    rest: &'a str,
    /// The raw content that comes next.
    raw: Option<&'a str>,
    /// Which elements of [`RAW_TEXT`] have no end tag in the rest.
    endless: [bool; RAW_TEXT.len()],
    /// The length of the tag or comment in which the text ends.
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
                [b'<', b'a'..=b'z' | b'A'..=b'Z', ..] => return Some(self.start_tag()),
                [b'<', b'/', b'a'..=b'z' | b'A'..=b'Z', ..] => {
                    let Some((tag, after)) = parse_tag(rest, 2, false) else {
                        return Some(self.rest_as_text());
                    };
                    self.rest = after;
                    return Some(Token::End(tag.name));
                }
                [b'<', b'!' | b'?' | b'/', ..] => {
                    self.rest = match after_comment(rest) {
                        Some(after) => after,
                        // browsers and the author's own tool hide the rest too
                        None if rest.starts_with("<!--") => {
                            self.unfinished = Some(rest.len());
                            ""
                        }
                        None => return Some(self.rest_as_text()),
                    };
                }
                _ => return Some(Token::Text(self.take(text_end(rest)))),
            }
        }
        None
    }
}

/// The length of the text at the start of `rest`, up to the next markup.
fn text_end(rest: &str) -> usize {
    let is_markup = |at: &usize| {
        let next = rest.as_bytes().get(at + 1);
        next.is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, b'!' | b'?' | b'/'))
    };
    memchr::memchr_iter(b'<', rest.as_bytes())
        .find(is_markup)
        .unwrap_or(rest.len())
}

/// Returns what follows the comment at the start of `text`, also one that the standard treats as a comment; `None` if it does not end.
fn after_comment(text: &str) -> Option<&str> {
    let markup = text.get(1..)?;
    match markup.strip_prefix("!--") {
        Some(comment) if comment.starts_with('>') => comment.get(1..),
        Some(comment) if comment.starts_with("->") => comment.get(2..),
        Some(comment) => comment_end(comment).map(|end| &comment[end..]),
        None => markup.split_once('>').map(|(_, rest)| rest),
    }
}

/// The offset of the end of the comment whose content begins `text`.
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

    /// Returns the rest, which begins with markup that does not end, as text.
    fn rest_as_text(&mut self) -> Token<'a> {
        self.unfinished = Some(self.rest.len());
        Token::Text(std::mem::take(&mut self.rest))
    }

    /// Returns the next start tag, and sets its raw content; text if either does not end.
    fn start_tag(&mut self) -> Token<'a> {
        let Some((tag, after)) = parse_tag(self.rest, 1, false) else {
            return self.rest_as_text();
        };
        self.rest = after;
        if tag.name == "plaintext" {
            return Token::Text(tag.written);
        }
        let raw = RAW_TEXT.iter().position(|&name| name == tag.name);
        if let Some(index) = raw.filter(|_| !tag.closes_itself) {
            match self.raw_text(index) {
                Some(content) => self.raw = Some(content),
                // an element that shows something is not a word in a sentence
                None if tag.name == "iframe" && tag.attribute("src").is_some() => {}
                None => return Token::Text(tag.written),
            }
        }
        Token::Start(tag)
    }

    /// Returns the raw content of the element at `index` in [`RAW_TEXT`], and skips its end tag; `None` if it has none.
    fn raw_text(&mut self, index: usize) -> Option<&'a str> {
        let (name, is_endless) = (RAW_TEXT.get(index)?, self.endless.get_mut(index)?);
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

/// Parses the tag at the start of `text`, whose name begins after `skip` bytes, and returns the rest too; `None` if it does not end. A
/// `strict` tag contains no `<` outside quotes.
fn parse_tag(text: &str, skip: usize, strict: bool) -> Option<(Tag<'_>, &str)> {
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
        let (name, value, after) = parse_attribute(next, strict)?;
        rest = after;
        if tag.attributes.len() < MAX_ATTRIBUTES && tag.attribute(&name).is_none() {
            tag.attributes.push((name, value));
        }
    }
}

/// Parses the attribute at the start of `text`, and returns the rest too; `None` if the text ends first. A `strict` attribute contains no
/// `<` outside quotes.
fn parse_attribute(text: &str, strict: bool) -> Option<(String, &str, &str)> {
    let is_refused = |text: &str| strict && text.contains('<');
    // a name may begin with an equals sign, which otherwise ends it
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

    /// The tokens of `html`, in short form.
    fn shown(html: &str) -> String {
        let show = |token| match token {
            Token::Text(text) => format!("[{text}]"),
            Token::Start(tag) => {
                let attributes = tag.attributes.iter().map(|(name, value)| format!(" {name}={value}"));
                let closes = if tag.closes_itself { "!" } else { "" };
                format!("<{}{}{closes}>", tag.name, attributes.collect::<Vec<_>>().concat())
            }
            Token::End(name) => format!("</{name}>"),
            Token::Raw(text) => format!("({text})"),
        };
        tokens(html).map(show).collect()
    }

    #[test]
    fn tokens_follow_the_standard() {
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
            ("a sign that is not a tag", "1 < 2 <3<", "[1 < 2 <3<]"),
            (
                "comments",
                "a<!-- <b> -->c<!-->d<!doctype x>e<?php x ?>f<!-- g --!>h<!--->i",
                "[a][c][d][e][f][h][i]",
            ),
            ("a processing instruction without an end", "a<?php b", "[a][<?php b]"),
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
            assert_eq!(shown(html), expected, "{name}");
        }
    }

    #[test]
    fn the_number_of_attributes_is_limited() {
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
        // repeated attributes are not counted
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
    fn unfinished_tags_and_comments() {
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
