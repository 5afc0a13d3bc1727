//! Tags of JSX, as in MDX: `<Tabs values={[…]}>`, `<img src={require('./a.png').default} style={{…}} />`.
//!
//! Nothing is run. An attribute keeps its value if it is written out: a text, a number, the file of a `require`.

use std::fmt::Write as _;

use super::super::html::token::is_void;
use super::shortcode::destination;

/// The components of the common frameworks that are links.
const LINKS: [&str; 10] = [
    "A",
    "Anchor",
    "GatsbyLink",
    "IdealLink",
    "Link",
    "NavLink",
    "NextLink",
    "NuxtLink",
    "RouterLink",
    "TextLink",
];

/// In bytes: the longest tag.
const MAX_TAG: usize = 16 * 1024;

/// Further attributes are left out.
const MAX_ATTRIBUTES: usize = 32;

/// A start tag or an end tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct JsxTag<'a> {
    /// The name; empty for a fragment: `<>`.
    pub(super) name: &'a str,
    /// Whether it is an end tag.
    pub(super) closes: bool,
    /// Whether it closes itself.
    pub(super) closes_itself: bool,
    /// The attributes with values that are written out.
    pub(super) attributes: Vec<(&'a str, &'a str)>,
    /// Whether a brace is in it outside quotes, which HTML does not know.
    pub(super) has_braces: bool,
    /// In bytes.
    pub(super) length: usize,
}

/// Why a text does not begin with a tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TagError {
    /// Its syntax is another.
    Other,
    /// It does not end in the next bytes, as many as this.
    Endless(usize),
}

/// Parses the tag at the start of `text`.
pub(super) fn parse(text: &str) -> Result<JsxTag<'_>, TagError> {
    let rest = text.strip_prefix('<').ok_or(TagError::Other)?;
    let (closes, rest) = rest.strip_prefix('/').map_or((false, rest), |rest| (true, rest));
    let end = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':')))
        .unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    let is_fragment = name.is_empty() && rest.starts_with('>');
    if !is_fragment && !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err(TagError::Other);
    }
    let mut parser = TagParser {
        text,
        rest,
        tag: JsxTag {
            name,
            closes,
            closes_itself: false,
            attributes: Vec::new(),
            has_braces: false,
            length: 0,
        },
    };
    while parser.parse_next()? {}
    parser.tag.length = text.len() - parser.rest.len();
    Ok(parser.tag)
}

struct TagParser<'a> {
    text: &'a str,
    rest: &'a str,
    tag: JsxTag<'a>,
}

impl<'a> TagParser<'a> {
    /// Parses the next part of the tag; returns `false` at its end.
    fn parse_next(&mut self) -> Result<bool, TagError> {
        let before = self.rest.len();
        self.rest = self.rest.trim_start();
        let is_apart = self.rest.len() < before;
        if self.text.len() - self.rest.len() > MAX_TAG {
            return Err(TagError::Endless(MAX_TAG));
        }
        let Some(first) = self.rest.chars().next() else {
            return Err(TagError::Endless(self.text.len()));
        };
        match first {
            '>' => {
                self.skip(1);
                return Ok(false);
            }
            '/' if self.rest.starts_with("/>") => {
                self.tag.closes_itself = true;
                self.skip(2);
                return Ok(false);
            }
            '{' => {
                self.tag.has_braces = true;
                self.expression()?;
            }
            _ if is_apart => self.attribute()?,
            _ => return Err(TagError::Other),
        }
        Ok(true)
    }

    fn skip(&mut self, length: usize) {
        self.rest = self.rest.get(length..).unwrap_or_default();
    }

    fn attribute(&mut self) -> Result<(), TagError> {
        let rest = self.rest;
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.' | '@');
        let end = rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
        let name = rest.get(..end).filter(|name| !name.is_empty()).ok_or(TagError::Other)?;
        self.skip(end);
        let mut value = Some("");
        if self.rest.starts_with('=') {
            self.skip(1);
            value = match self.rest.chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    let (value, after) = self
                        .rest
                        .get(1..)
                        .and_then(|rest| rest.split_once(quote))
                        .ok_or(TagError::Other)?;
                    self.rest = after;
                    Some(value)
                }
                Some('{') => {
                    self.tag.has_braces = true;
                    literal(self.expression()?)
                }
                _ => {
                    let end = self
                        .rest
                        .find(|c: char| c.is_whitespace() || c == '>')
                        .ok_or(TagError::Other)?;
                    let value = self.rest.get(..end);
                    self.skip(end);
                    value
                }
            };
        }
        if let Some(value) = value.filter(|_| self.tag.attributes.len() < MAX_ATTRIBUTES) {
            self.tag.attributes.push((name, value));
        }
        Ok(())
    }

    /// Skips an expression in braces, and returns the text between them. Braces of a template, `{{ page.x }}`, are none of JSX.
    fn expression(&mut self) -> Result<&'a str, TagError> {
        let rest = self.rest;
        let end = balanced_end(rest).ok_or(TagError::Endless(self.text.len().min(MAX_TAG)))?;
        let inner = rest.get(1..end - 1).unwrap_or_default();
        if inner.starts_with('{') && !inner.contains(':') && !inner.contains("...") {
            return Err(TagError::Other);
        }
        self.skip(end);
        Ok(inner)
    }
}

/// The offset after the bracket that closes the one at the start of `text`, within the longest tag. Brackets in texts and comments of
/// JavaScript do not count.
pub(super) fn balanced_end(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut bytes = text.bytes().enumerate().take(MAX_TAG).peekable();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'"' | b'\'' | b'`' => loop {
                match bytes.next()?.1 {
                    b'\\' => drop(bytes.next()),
                    b'\n' if byte != b'`' => break,
                    end if end == byte => break,
                    _ => {}
                }
            },
            b'/' if bytes.peek().is_some_and(|&(_, next)| next == b'*') => {
                let comment = text.get(at..)?.find("*/")?;
                while bytes.next_if(|&(next, _)| next < at + comment + 2).is_some() {}
            }
            _ => {}
        }
    }
    None
}

/// The value of an expression that is written out.
fn literal(expression: &str) -> Option<&str> {
    let expression = expression.trim();
    if let Some(called) = ["require(", "useBaseUrl(", "import("]
        .iter()
        .find_map(|name| expression.strip_prefix(name))
    {
        return literal(called.split(')').next()?);
    }
    let quoted = ['"', '\'', '`']
        .iter()
        .find_map(|&quote| expression.strip_prefix(quote)?.strip_suffix(quote));
    match quoted {
        Some(text) => (!text.contains("${") && !text.contains(['"', '\'', '`'])).then_some(text),
        None => (!expression.is_empty() && expression.bytes().all(|byte| byte.is_ascii_digit())).then_some(expression),
    }
}

impl JsxTag<'_> {
    /// Returns whether it is a component, not an element of HTML.
    pub(super) fn is_component(&self) -> bool {
        self.name.is_empty() || self.name.starts_with(|c: char| c.is_ascii_uppercase()) || self.name.contains('.')
    }

    /// Returns the start tag of a link if it is one of a framework's links: `<Link to="/a">`.
    pub(super) fn link(&self) -> Option<String> {
        let is_link = LINKS.contains(&self.name) && !self.closes && !self.closes_itself;
        let address = ["to", "href", "url"].iter().find_map(|name| self.attribute(name));
        let address = address.filter(|address| is_link && !address.is_empty())?;
        Some(format!("<a href=\"{}\">", destination(address)))
    }

    /// Returns the value of the attribute `name`.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(known, _)| *known == name)
            .map(|&(_, value)| value)
    }

    /// Returns the tag in HTML.
    pub(super) fn html(&self) -> String {
        if self.closes {
            return format!("</{}>", self.name);
        }
        let mut html = format!("<{}", self.name);
        for (name, value) in &self.attributes {
            let name = if *name == "className" { "class" } else { *name };
            let _ = write!(html, " {name}=\"{}\"", value.replace('"', "&quot;").replace('\n', " "));
        }
        html.push('>');
        if self.closes_itself && !is_void(&self.name.to_ascii_lowercase()) {
            let _ = write!(html, "</{}>", self.name);
        }
        html
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        // the HTML of the tag, which ends at `|`
        let cases = [
            ("<Tabs>|a", "<Tabs>"),
            ("</Tabs>|", "</Tabs>"),
            ("<>|a", "<>"),
            ("<Tabs.Item a/>|", "<Tabs.Item a=\"\"></Tabs.Item>"),
            (
                "<b style={{color: \"a>b\", c: '}'}} className=\"x\">|c</b>",
                "<b class=\"x\">",
            ),
            (
                "<img\n  src={require('./a.png').default}\n  alt={\"b\"}\n/>|",
                "<img src=\"./a.png\" alt=\"b\">",
            ),
            (
                "<img src={useBaseUrl('/img/a.png')} width={40} {...rest} />|",
                "<img src=\"/img/a.png\" width=\"40\">",
            ),
            (
                "<Show entries={[\n  { a: import('b'), c: `}` /* } */ },\n\n]} d='\"'/>|e",
                "<Show d=\"&quot;\"></Show>",
            ),
            ("<a href={x}>|", "<a>"),
        ];
        for (marked, html) in cases {
            let (tag, after) = marked.split_once('|').unwrap();
            let text = format!("{tag}{after}");
            let parsed = parse(&text).unwrap();
            assert_eq!((parsed.html().as_str(), parsed.length), (html, tag.len()), "{text}");
        }
    }

    #[test]
    fn links() {
        let cases = [
            ("<Link to=\"/a b\">", Some("<a href=\"/a%20b\">")),
            ("<NavLink className='c' to={'/a'} exact>", Some("<a href=\"/a\">")),
            ("<Link href=/a>", Some("<a href=\"/a\">")),
            ("<Link to={a}>", None),
            ("<Link to=\"/a\" />", None),
            ("</Link>", None),
            ("<Linked to=\"/a\">", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text).unwrap().link().as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn other_texts() {
        for text in [
            "a",
            "<",
            "< a>",
            "<1>",
            "</ a>",
            "<a&b>",
            "<a \"b\">",
            "<a href={{ page.x }}/b>",
            "<a b=\"c>",
        ] {
            assert_eq!(parse(text), Err(TagError::Other), "{text}");
        }
        for text in ["<a ", "<A b={{c: 1}", "<A b={`c}/>"] {
            assert_eq!(parse(text), Err(TagError::Endless(text.len())), "{text}");
        }
        let long = format!("<A b={{[{}]}}>", "1, ".repeat(MAX_TAG));
        assert_eq!(parse(&long), Err(TagError::Endless(MAX_TAG)));
    }
}
