//! Translates the template tags of other tools to plain Markdown.
//!
//! It parses Hugo's shortcodes (`{{< figure src="a.png" >}}`, `{{% ref "b.md" %}}`), tags and expressions of Liquid and Nunjucks (`{% image
//! "a" %}`, `{{ "/a" | url }}`) and Zola's calls (`{{ youtube(id="x") }}`). It does not run them, and knows only tags that can be
//! translated without the site that they come from.

mod block;
mod inline;
mod markup;
#[cfg(test)]
mod tests;

use markup::web_address;
pub(super) use markup::{EMBED, destination, image, link};

use super::jsx::JsxTag;
use crate::config::ShortcodeCall;
use crate::source_file::file_type::markdown_stem;

/// A parsed tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shortcode<'a> {
    /// The first word, without `end`.
    pub(super) name: &'a str,
    /// Whether it closes a block: `{{< /note >}}`, `{% endnote %}`.
    pub(super) closes: bool,
    /// The text after the name.
    written: &'a str,
    arguments: Vec<(&'a str, &'a str)>,
}

/// The translation of a tag.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Markdown.
    Markdown(String),
    /// The address of a post or a file: a link, unless it stands where an address does.
    Address {
        /// The address, escaped for a Markdown link or an HTML attribute.
        address: String,
        /// The text of the link, not escaped.
        shown: String,
    },
    /// The content up to the closing tag, as code in this language.
    Code(String),
    /// The content up to the closing tag, unchanged.
    Raw,
    /// Nothing: the content up to the closing tag is left out too.
    Comment,
    /// The content up to the closing tag, as Markdown, between lines of HTML or Markdown.
    Block {
        /// The lines before it.
        start: String,
        /// The lines after it.
        end: String,
    },
    /// The content up to the closing tag, between tags of HTML in the same line.
    Span {
        /// The start tag.
        start: String,
        /// The end tag.
        end: &'static str,
    },
    /// Nothing: a program would evaluate it.
    LeftOut,
    /// The tag is not known.
    Unknown,
}

/// Tags that only decide what is shown, of Liquid, Nunjucks, Twig and Tera.
const CONTROLS: [&str; 31] = [
    "if",
    "elsif",
    "elif",
    "elseif",
    "else",
    "unless",
    "case",
    "when",
    "for",
    "break",
    "continue",
    "cycle",
    "increment",
    "decrement",
    "tablerow",
    "assign",
    "set",
    "block",
    "extends",
    "import",
    "from",
    "macro",
    "call",
    "filter",
    "layout",
    "with",
    "autoescape",
    "load",
    "cache",
    "setasync",
    "ifversion",
];

/// Further arguments are left out.
const MAX_ARGUMENTS: usize = 32;

/// Parses the text between `{%` and `%}`, or `{{<` and `>}}`.
pub(super) fn parse_tag(inner: &str) -> Shortcode<'_> {
    let inner = inner.trim_matches('-').trim().trim_end_matches('/');
    let (slash, inner) = inner.strip_prefix('/').map_or((false, inner), |rest| (true, rest));
    let inner = inner.trim_start();
    let end = inner
        .find(|c: char| c.is_whitespace() || matches!(c, '(' | ',' | ':'))
        .unwrap_or(inner.len());
    let (name, rest) = inner.split_at(end);
    Shortcode {
        name: name.strip_prefix("end").unwrap_or(name),
        closes: slash || name.starts_with("end"),
        written: rest.trim(),
        arguments: parse_arguments(rest),
    }
}

/// Returns whether `written`, a tag with its delimiters, closes a block.
pub(super) fn closes(written: &str) -> bool {
    let inner = written.trim_start_matches(['{', '%', '<', '-', ' ']);
    inner.starts_with('/') || inner.starts_with("end")
}

/// Returns the name of `written`, a tag with its delimiters: `{{< note "a" >}}` → `note`.
pub(super) fn name_of(written: &str) -> &str {
    let inner = written.trim_start_matches(['{', '%', '<', '-', ' ']);
    let inner = inner.strip_prefix('/').unwrap_or(inner).trim_start();
    let end = inner
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':')))
        .unwrap_or(inner.len());
    inner.get(..end).unwrap_or_default()
}

impl<'a> Shortcode<'a> {
    /// The argument with one of `names`, else the one at this `index` among those without a name.
    fn argument(&self, names: &[&str], index: usize) -> Option<&'a str> {
        let mut unnamed = self.arguments.iter().filter(|(name, _)| name.is_empty());
        let unnamed = || {
            unnamed
                .nth(index)
                .map(|&(_, value)| value.trim())
                .filter(|value| !value.is_empty())
        };
        names.iter().find_map(|name| self.named(name)).or_else(unnamed)
    }

    /// The argument with this name.
    fn named(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.arguments.iter().find(|(known, _)| *known == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// The arguments for the template of an author, around `inner`.
    pub(super) fn call<'c>(&'c self, inner: &'c str) -> ShortcodeCall<'c> {
        let (positional, named): (Vec<_>, Vec<_>) = self.arguments.iter().copied().partition(|(name, _)| name.is_empty());
        ShortcodeCall {
            positional: positional.into_iter().map(|(_, value)| value).collect(),
            named,
            inner,
        }
    }

    /// The shortcode that means the same as a component of JSX.
    pub(super) fn of_component(tag: &'a JsxTag<'a>) -> Shortcode<'a> {
        Shortcode {
            name: tag.name,
            closes: false,
            written: "",
            arguments: tag.attributes.clone(),
        }
    }

    /// Returns its translation.
    pub(super) fn meaning(&self) -> Meaning {
        let name = self.name.to_ascii_lowercase();
        match name.as_str() {
            "raw" | "verbatim" => Meaning::Raw,
            "comment" | "capture" => Meaning::Comment,
            "highlight" | "codeblock" | "code" | "code-block" => Meaning::Code(self.language()),
            "mermaid" | "plantuml" => Meaning::Code(name.clone()),
            _ if !self.closes
                && let Some(meaning) = self.address_of_file(&name) =>
            {
                meaning
            }
            _ if CONTROLS.contains(&name.as_str()) => Meaning::LeftOut,
            "include" | "include_cached" | "partial" | "render" => self.included(),
            _ => self
                .inline(&name)
                .map(Meaning::Markdown)
                .or_else(|| self.block(&name))
                .or_else(|| self.span(&name))
                .unwrap_or(Meaning::Unknown),
        }
    }

    /// The meaning of an included file whose name says what it shows: `{% include youtube.html id="x" %}`.
    fn included(&self) -> Meaning {
        let file = self.argument(&[], 0).unwrap_or_default();
        let name = file
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .split('.')
            .next()
            .unwrap_or_default();
        let included = Shortcode {
            name,
            closes: false,
            written: "",
            arguments: self.arguments.iter().copied().filter(|(name, _)| !name.is_empty()).collect(),
        };
        let name = name.to_ascii_lowercase();
        included.inline(&name).map_or(Meaning::Unknown, Meaning::Markdown)
    }

    /// The address that the tag stands for.
    fn address_of_file(&self, name: &str) -> Option<Meaning> {
        let path = self.argument(&["path"], 0)?;
        let of = |address: String, shown: &str| {
            let shown = shown.to_owned();
            Some(Meaning::Address { address, shown })
        };
        match name {
            "post_url" => {
                let post = without_ending(path);
                of(format!("{}.md", destination(post)), post.rsplit('/').next().unwrap_or(post))
            }
            "post_path" => of(format!("{}.md", destination(without_ending(path))), path),
            // Hexo's own has the text of the link first
            "link" if self.unnamed(1).is_none() => of(destination(path), path),
            "ref" | "relref" | "asset_path" | "get_url" => of(destination(path), path),
            _ => None,
        }
    }

    /// The argument without a name at `index`, if it is not blank.
    fn unnamed(&self, index: usize) -> Option<&'a str> {
        self.argument(&[], index)
    }

    fn language(&self) -> String {
        let named = self.argument(&["lang", "language"], 0).unwrap_or_default();
        named
            .chars()
            .filter(|c| c.is_alphanumeric() || "+-#._".contains(*c))
            .collect()
    }
}

/// Returns the translation of the expression between `{{` and `}}`, if it does not depend on the site.
pub(super) fn parse_expression(inner: &str) -> Meaning {
    let inner = inner.trim_matches('-').trim();
    if inner.starts_with("/*") || inner.starts_with("!--") {
        return Meaning::Markdown(String::new());
    }
    if inner.eq_ignore_ascii_case("more") || inner.eq_ignore_ascii_case("toc") {
        return Meaning::Markdown(String::new());
    }
    let mut parts = inner.split('|').map(str::trim);
    let value = parts.next().unwrap_or_default();
    let quoted = ['"', '\'']
        .iter()
        .find_map(|&quote| value.strip_prefix(quote)?.strip_suffix(quote));
    if !parts.all(is_neutral_filter) {
        return quoted.and_then(web_address).map_or(Meaning::Unknown, Meaning::Markdown);
    }
    match (quoted, value) {
        (Some(text), _) => Meaning::Markdown(destination(text)),
        (
            None,
            "site.baseurl" | "site.url" | "site.base_url" | "site.root" | "config.base_url" | ".Site.BaseURL" | "base_url",
        ) => Meaning::Markdown(String::new()),
        _ if value.contains('(') && value.ends_with(')') => call_meaning(&parse_tag(value)),
        _ => Meaning::Unknown,
    }
}

/// The meaning of a call of Zola in an expression, which is not closed: its content is an argument.
fn call_meaning(call: &Shortcode<'_>) -> Meaning {
    let body = call.named("body");
    match (call.meaning(), body) {
        (Meaning::Block { start, end }, Some(body)) => Meaning::Markdown(format!("\n\n{start}\n\n{body}\n\n{end}\n\n")),
        (Meaning::Span { start, end }, Some(body)) => Meaning::Markdown(format!("{start}{body}{end}")),
        (Meaning::Block { .. } | Meaning::Span { .. } | Meaning::Code(_) | Meaning::Raw | Meaning::Comment, _) => {
            Meaning::Unknown
        }
        (meaning, _) => meaning,
    }
}

/// Whether a filter only makes an address of a path, which feeds and pages do anyway, or changes nothing visible.
fn is_neutral_filter(filter: &str) -> bool {
    let name = filter.split([':', '(', ' ']).next().unwrap_or_default();
    let known = [
        "url",
        "relative_url",
        "absolute_url",
        "absURL",
        "relURL",
        "absLangURL",
        "relLangURL",
        "safe",
        "escape",
        "strip",
    ];
    known.contains(&name) || (name == "prepend" && filter.contains("site."))
}

/// Parses words, quoted texts and `name=value` pairs, separated by white space, commas and brackets.
fn parse_arguments(text: &str) -> Vec<(&str, &str)> {
    let between = |c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')');
    let mut arguments = Vec::new();
    let mut rest = text.trim_start_matches(between);
    while !rest.is_empty() && arguments.len() < MAX_ARGUMENTS {
        let named = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')));
        let mut name = "";
        if let Some(end) = named.filter(|&end| end > 0) {
            let after = rest[end..].trim_start();
            let sign = after.starts_with('=') || (after.starts_with(':') && !after.starts_with("://"));
            if sign {
                name = &rest[..end];
                rest = after[1..].trim_start();
            }
        }
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
        let quoted = quote.and_then(|quote| rest[1..].split_once(quote));
        let (value, after) = quoted.unwrap_or_else(|| rest.split_at(rest.find(between).unwrap_or(rest.len())));
        arguments.push((name, value));
        rest = after.trim_start_matches(between);
    }
    arguments
}

/// The name or path of a post without its ending.
fn without_ending(post: &str) -> &str {
    markdown_stem(post).unwrap_or(post)
}
