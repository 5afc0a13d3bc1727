//! Tags around Markdown: notices, details, quotes, tabs, and words between tags of HTML.

use super::markup::{destination, image};
use super::{Meaning, Shortcode};
use crate::post::markdown::{admonition, inline_html};

/// Tags that only arrange their content.
const GROUPS: [&str; 41] = [
    "subtabs",
    "gp",
    "grouppicture",
    "linkgrid",
    "tabs",
    "tabgroup",
    "tabpane",
    "steps",
    "columns",
    "column",
    "row",
    "col",
    "cards",
    "cardgroup",
    "cardgrid",
    "accordion",
    "div",
    "center",
    "section",
    "panels",
    "md",
    "markdown",
    "markdownify",
    "rendertemplate",
    "lead",
    "math",
    "katex",
    "mathjax",
    "wrap",
    "fullwidth",
    "wide",
    "container",
    "grid",
    "filetree",
    "linkcards",
    "codegroup",
    "code-group",
    "bleed",
    "timeline",
    "language",
    "fragment",
];

impl Shortcode<'_> {
    /// The meaning of a tag around blocks of Markdown.
    pub(super) fn block(&self, name: &str) -> Option<Meaning> {
        let block = |start: String, end: &str| {
            Some(Meaning::Block {
                start,
                end: end.to_owned(),
            })
        };
        if let Some(alert) = self.alert(name) {
            return match self.named("text").or_else(|| self.named("message")) {
                Some(text) => Some(Meaning::Markdown(format!("\n\n{alert}\n\n{text}\n\n{}\n\n", admonition::END))),
                None => block(alert, admonition::END),
            };
        }
        match name {
            "details" | "expand" | "collapse" | "collapsible" | "fold" | "folding" | "spoiler" | "accordion-item"
            | "expandable" => {
                let title = self.title().unwrap_or_else(|| "Details".to_owned());
                block(format!("<details>\n<summary>{}</summary>", inline_html(&title)), "</details>")
            }
            "quote" | "blockquote" | "pullquote" | "centerquote" | "cq" => {
                let cite = self.quoted().map(|cite| format!("<footer>{cite}</footer>\n"));
                block(
                    "<blockquote>".to_owned(),
                    &format!("{}</blockquote>", cite.unwrap_or_default()),
                )
            }
            "tab" | "tabitem" | "tabpanel" | "card" | "linkcard" | "panel" | "step" => {
                let title = self.title().map(|title| match self.named("href").map(destination) {
                    Some(address) => format!("**[{}]({address})**", title.replace(['[', ']'], "")),
                    None => format!("**{title}**"),
                });
                block(title.unwrap_or_default(), "")
            }
            _ if GROUPS.contains(&name) => block(String::new(), ""),
            _ => None,
        }
    }

    /// The start of the alert that this tag begins, if it is one: `{% note info A title %}`, `{{< tip "A title" >}}`, `<Aside type="tip">`.
    fn alert(&self, name: &str) -> Option<String> {
        let is_general = [
            "alert",
            "admonition",
            "callout",
            "notice",
            "hint",
            "note",
            "aside",
            "message",
            "box",
            "infobox",
        ]
        .contains(&name);
        let named = ["type", "variant", "level", "kind", "context", "style", "color"]
            .iter()
            .find_map(|key| self.named(key));
        let first = self.argument(&[], 0).filter(|first| admonition::alert_kind(first).is_some());
        let kind = match named.filter(|named| admonition::alert_kind(named).is_some()).or(first) {
            Some(kind) if is_general => kind,
            _ if is_general && admonition::alert_kind(name).is_none() => "note",
            _ => name,
        };
        admonition::alert_kind(kind)?;
        // not the summary of a post, and not a quote
        if !is_general
            && [
                "summary",
                "quote",
                "cite",
                "example",
                "key",
                "read",
                "question",
                "default",
                "primary",
                "secondary",
            ]
            .contains(&name)
        {
            return None;
        }
        let title = self.title_after(first.filter(|_| is_general));
        Some(admonition::start(kind, title.as_deref()))
    }

    /// The title: by its name, else all that is written without a name.
    fn title(&self) -> Option<String> {
        self.title_after(None)
    }

    /// The title, without the word `kind` before it.
    fn title_after(&self, kind: Option<&str>) -> Option<String> {
        let keys = [
            "title", "heading", "label", "summary", "header", "name", "tabName", "value", "author",
        ];
        if let Some(title) = keys.iter().find_map(|key| self.named(key)) {
            return Some(title.to_owned());
        }
        let flags = ["no-icon", "simple", "modern", "flat", "open", "true", "false"];
        let words = self
            .arguments
            .iter()
            .filter(|(name, value)| name.is_empty() && !flags.contains(value));
        let words: Vec<&str> = words.map(|&(_, value)| value.trim()).collect();
        let skipped = usize::from(kind.is_some() && words.first().copied() == kind);
        let title = words.get(skipped..).unwrap_or_default().join(" ");
        // commas are separators of arguments, and marks in a title
        let plain = self.written.trim_matches(['"', '\'']);
        let title = if skipped == 0 && !self.written.contains('=') && words.len() > 1 {
            plain.to_owned()
        } else {
            title
        };
        Some(title).filter(|title| !title.is_empty())
    }

    /// Who is quoted, as HTML: `Ann Ott, A book`, `Ann Ott https://a.test A page` (Hexo), or named arguments.
    fn quoted(&self) -> Option<String> {
        let named = |names: &[&str]| names.iter().find_map(|name| self.named(name)).map(str::to_owned);
        let words: Vec<&str> = self
            .written
            .split_whitespace()
            .map(|word| word.trim_matches(['"', '\'']))
            .collect();
        let address_at = words.iter().position(|word| word.contains("://"));
        let (who, address, source) = match address_at.filter(|_| !self.written.contains('=')) {
            Some(at) => {
                let after = words.get(at + 1..).unwrap_or_default().join(" ");
                (Some(words[..at].join(" ")), Some(words[at].to_owned()), Some(after))
            }
            None => (
                named(&["author", "by", "attribution"]).or_else(|| self.title()),
                named(&["link", "url", "href", "cite"]).filter(|link| link.contains("://")),
                named(&["source", "title", "caption"]),
            ),
        };
        let source = source.filter(|source| !source.is_empty() && Some(source) != who.as_ref());
        let source = match (address, source) {
            (Some(address), source) => {
                let shown = source.unwrap_or_else(|| address.split_once("://").map_or("", |(_, rest)| rest).to_owned());
                Some(format!("<a href=\"{}\">{}</a>", destination(&address), inline_html(&shown)))
            }
            (None, source) => source.map(|source| inline_html(&source)),
        };
        let who = who.filter(|who| !who.is_empty()).map(|who| inline_html(&who));
        match (who, source) {
            (Some(who), Some(source)) => Some(format!("{who}, <cite>{source}</cite>")),
            (Some(who), None) => Some(who),
            (None, source) => source.map(|source| format!("<cite>{source}</cite>")),
        }
    }

    /// The meaning of a tag around words.
    pub(super) fn span(&self, name: &str) -> Option<Meaning> {
        let span = |start: &str, end| {
            Some(Meaning::Span {
                start: start.to_owned(),
                end,
            })
        };
        match name {
            "kbd" | "keyboard" => span("<kbd>", "</kbd>"),
            "mark" | "hl" => span("<mark>", "</mark>"),
            "sub" => span("<sub>", "</sub>"),
            "sup" => span("<sup>", "</sup>"),
            "u" | "underline" => span("<u>", "</u>"),
            "small" => span("<small>", "</small>"),
            "thumbnail" => span(&image(self.argument(&["src", "url"], 0)?, self.named("alt")), ""),
            "color" | "font" | "span" | "nowrap" | "label" | "badge" => span("", ""),
            "button" | "btn" | "cta" | "linkbutton" => {
                let address = ["href", "link", "url", "relref", "ref", "to"]
                    .iter()
                    .find_map(|key| self.named(key))?;
                span(&format!("<a href=\"{}\">", destination(address)), "</a>")
            }
            _ => None,
        }
    }
}
