//! An element of an XML document with its content.

use std::fmt::Write as _;

/// An element with its content.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Element {
    /// Its name with the canonical prefix, such as `wp:status`; elements of RSS have none.
    pub(crate) name: String,
    /// Attributes, without prefixes.
    pub(crate) attributes: Vec<(String, String)>,
    /// Texts and elements in order.
    pub(crate) content: Vec<ElementContent>,
    /// The line at which it starts.
    pub(crate) line: usize,
    /// Whether its end is missing.
    pub(crate) is_cut: bool,
}

/// A part of an element's content.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ElementContent {
    Text(String),
    Element(Element),
}

impl Element {
    /// The attribute `name`; empty if it is missing.
    pub(crate) fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// Its elements.
    pub(crate) fn elements(&self) -> impl Iterator<Item = &Element> {
        self.content.iter().filter_map(|part| match part {
            ElementContent::Element(element) => Some(element),
            ElementContent::Text(_) => None,
        })
    }

    /// Its elements with the name `name`.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements().filter(move |element| element.name == name)
    }

    /// Its text and that of all its elements.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        self.add_text(&mut text);
        text
    }

    fn add_text(&self, text: &mut String) {
        for part in &self.content {
            match part {
                ElementContent::Text(part) => text.push_str(part),
                ElementContent::Element(element) => element.add_text(text),
            }
        }
    }

    /// The text of its first element with the name `name`, without white space around it; empty if there is none.
    pub(crate) fn text_of(&self, name: &str) -> String {
        self.all(name)
            .next()
            .map(|element| element.text().trim().to_owned())
            .unwrap_or_default()
    }

    /// Its content as HTML: elements are written as tags.
    pub(crate) fn html(&self) -> String {
        let mut html = String::new();
        self.add_html(&mut html);
        html
    }

    fn add_html(&self, html: &mut String) {
        for part in &self.content {
            match part {
                ElementContent::Text(text) => html.push_str(&html_escape::encode_text(text)),
                ElementContent::Element(element) => {
                    let name = element.name.rsplit(':').next().unwrap_or_default();
                    let _ = write!(html, "<{name}");
                    for (name, value) in &element.attributes {
                        let _ = write!(html, " {name}=\"{}\"", html_escape::encode_double_quoted_attribute(value));
                    }
                    html.push('>');
                    if !matches!(name, "br" | "hr" | "img" | "input" | "wbr" | "source") {
                        element.add_html(html);
                        let _ = write!(html, "</{name}>");
                    }
                }
            }
        }
    }

    /// About how much memory it takes, without its content.
    pub(super) fn size(&self) -> usize {
        let attributes: usize = self.attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.name.len() + attributes + 64
    }
}
