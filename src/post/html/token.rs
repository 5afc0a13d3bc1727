//! HTML text → tokens, as the HTML standard's tokenizer (section 13.2.5) would cut it, without its states for documents.
//!
//! It never fails and never looks at a byte twice. Comments, doctypes and processing instructions are left out. Character references
//! are left as they are written.

/// Elements whose content is text, whatever it looks like (section 13.1.2, raw text and escapable raw text).
const RAW_TEXT: [&str; 8] = ["iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"];

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
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tag<'a> {
    /// The name, in lower case.
    pub name: String,
    /// Names in lower case, values with their character references unread; the first of each name counts.
    pub attributes: Vec<(String, &'a str)>,
}

impl Tag<'_> {
    /// The value of the attribute `name`.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|&(_, value)| value)
    }
}

/// Cuts `html` into tokens.
#[must_use]
pub fn tokens(html: &str) -> Tokens<'_> {
    Tokens { rest: html, raw: None }
}

/// The tokens of a text.
pub struct Tokens<'a> {
    rest: &'a str,
    /// The element whose raw content comes next.
    raw: Option<&'static str>,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if let Some(name) = self.raw.take() {
            return Some(Token::Raw(self.raw_text(name)));
        }
        while !self.rest.is_empty() {
            let Some(markup) = self.rest.strip_prefix('<') else {
                let end = self.rest.find('<').unwrap_or(self.rest.len());
                return Some(Token::Text(self.take(end)));
            };
            match markup.bytes().next() {
                Some(b'a'..=b'z' | b'A'..=b'Z') => {
                    let tag = self.tag(1)?;
                    self.raw = RAW_TEXT.iter().copied().find(|&name| name == tag.name);
                    return Some(Token::Start(tag));
                }
                Some(b'/') if markup[1..].starts_with(|c: char| c.is_ascii_alphabetic()) => {
                    return Some(Token::End(self.tag(2)?.name));
                }
                Some(b'!' | b'?' | b'/') => self.skip_comment(markup),
                _ => return Some(Token::Text(self.take(1))),
            }
        }
        None
    }
}

impl<'a> Tokens<'a> {
    fn take(&mut self, end: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Goes past a comment, or what the standard reads as one; one that does not end reaches to the end.
    fn skip_comment(&mut self, markup: &'a str) {
        self.rest = match markup.strip_prefix("!--") {
            Some(comment) if comment.starts_with('>') => &comment[1..],
            Some(comment) if comment.starts_with("->") => &comment[2..],
            Some(comment) => comment.split_once("-->").map_or("", |(_, rest)| rest),
            None => markup.split_once('>').map_or("", |(_, rest)| rest),
        };
    }

    /// The tag that starts here, its name `skip` bytes on; `None`, and nothing left, where it does not end.
    fn tag(&mut self, skip: usize) -> Option<Tag<'a>> {
        let text = std::mem::take(&mut self.rest).get(skip..)?;
        let end = text.find(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>')?;
        let mut tag = Tag {
            name: text[..end].to_ascii_lowercase(),
            attributes: Vec::new(),
        };
        let mut text = &text[end..];
        loop {
            text = text.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            if let Some(rest) = text.strip_prefix('>') {
                self.rest = rest;
                return Some(tag);
            }
            let (name, value, rest) = attribute(text)?;
            text = rest;
            if tag.attributes.len() < MAX_ATTRIBUTES && tag.attribute(&name).is_none() {
                tag.attributes.push((name, value));
            }
        }
    }

    /// The raw content of the element `name`, up to and past its end tag.
    fn raw_text(&mut self, name: &str) -> &'a str {
        let mut from = 0;
        while let Some(at) = self.rest[from..].find("</").map(|at| from + at) {
            let after = &self.rest[at + 2..];
            let named = after.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
            let ended = named && !after[name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
            if ended {
                let content = self.take(at);
                let end = self.rest.find('>').map_or(self.rest.len(), |end| end + 1);
                self.take(end);
                return content;
            }
            from = at + 2;
        }
        self.take(self.rest.len())
    }
}

/// The attribute at the start of `text`, and what follows it; `None` where the text ends first.
fn attribute(text: &str) -> Option<(String, &str, &str)> {
    // an equals sign may begin a name, but not end one
    let first = text.chars().next().map_or(0, char::len_utf8);
    let end = first + text[first..].find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '='))?;
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
    let end = rest.find(|c: char| c.is_ascii_whitespace() || c == '>')?;
    Some((name, &rest[..end], &rest[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(html: &str) -> String {
        let piece = |token| match token {
            Token::Text(text) => format!("[{text}]"),
            Token::Start(tag) => {
                let attributes = tag.attributes.iter().map(|(name, value)| format!(" {name}={value}"));
                format!("<{}{}>", tag.name, attributes.collect::<Vec<_>>().concat())
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
            ("the first of two", "<a id=1 id=2>", "<a id=1>"),
            ("a sign that is no tag", "1 < 2 <3", "[1 ][<][ 2 ][<][3]"),
            ("comments", "a<!-- <b> -->c<!-->d<!doctype x>e<?php x ?>f", "[a][c][d][e][f]"),
            ("a comment without an end", "a<!-- b", "[a]"),
            ("a tag without an end", "a<b c='", "[a]"),
            ("script", "<script>a<b></SCRIPT >c", "<script>(a<b>)[c]"),
            ("script without an end", "<script>a</scripty>", "<script>(a</scripty>)"),
        ];
        for (name, html, expected) in cases {
            assert_eq!(cut(html), expected, "{name}");
        }
    }
}
