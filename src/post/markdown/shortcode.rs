//! Translates the template tags of other tools to plain Markdown.
//!
//! It parses Hugo's shortcodes (`{{< figure src="a.png" >}}`, `{{% ref "b.md" %}}`), tags and expressions of Liquid and Nunjucks (`{% image
//! "a" %}`, `{{ "/a" | url }}`) and Zola's calls (`{{ youtube(id="x") }}`). It does not run them, and knows only tags that can be
//! translated without the site that they come from.

use std::borrow::Cow;
use std::fmt::Write as _;

use percent_encoding::utf8_percent_encode;

use super::admonition;
use super::jsx::JsxTag;
use crate::config::ShortcodeCall;
use crate::post::PATH_PART;
use crate::post::reference::WIKILINK;
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

/// Embedded videos, music and pictures: names, the address before the id, and the label of the link.
const HOSTS: [(&[&str], &str, &str); 12] = [
    (
        &[
            "youtube",
            "youtuber",
            "yt",
            "youtube-embed",
            "youtubeembed",
            "liteyoutubeembed",
            "lite-youtube",
            "youtube_embed",
        ],
        "https://www.youtube.com/watch?v=",
        "YouTube",
    ),
    (&["vimeo", "vimeo-embed"], "https://vimeo.com/", "Vimeo"),
    (&["instagram"], "https://www.instagram.com/p/", "Instagram"),
    (&["bilibili"], "https://www.bilibili.com/video/", "bilibili"),
    (&["streamable"], "https://streamable.com/", "Streamable"),
    (&["asciinema"], "https://asciinema.org/a/", "asciinema"),
    (&["loom"], "https://www.loom.com/share/", "Loom"),
    (&["speakerdeck"], "https://speakerdeck.com/player/", "Speaker Deck"),
    (&["jsfiddle"], "https://jsfiddle.net/", "JSFiddle"),
    (&["soundcloud"], "https://soundcloud.com/", "SoundCloud"),
    (&["dailymotion"], "https://www.dailymotion.com/video/", "Dailymotion"),
    (&["stackblitz"], "https://stackblitz.com/edit/", "StackBlitz"),
];

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

    /// The meaning of a tag around blocks of Markdown.
    fn block(&self, name: &str) -> Option<Meaning> {
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
                block(
                    format!("<details>\n<summary>{}</summary>", super::inline_html(&title)),
                    "</details>",
                )
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
                Some(format!(
                    "<a href=\"{}\">{}</a>",
                    destination(&address),
                    super::inline_html(&shown)
                ))
            }
            (None, source) => source.map(|source| super::inline_html(&source)),
        };
        let who = who.filter(|who| !who.is_empty()).map(|who| super::inline_html(&who));
        match (who, source) {
            (Some(who), Some(source)) => Some(format!("{who}, <cite>{source}</cite>")),
            (Some(who), None) => Some(who),
            (None, source) => source.map(|source| format!("<cite>{source}</cite>")),
        }
    }

    /// The meaning of a tag around words.
    fn span(&self, name: &str) -> Option<Meaning> {
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

    fn inline(&self, name: &str) -> Option<String> {
        if self.closes {
            return matches!(name, "rawhtml" | "html").then(String::new);
        }
        if let Some(&(_, host, label)) = HOSTS.iter().find(|(names, _, _)| names.contains(&name)) {
            return self.hosted(host, label);
        }
        match name {
            "figure" => self.figure(),
            "image" | "img" | "picture" | "asset_img" => self.picture(name),
            "image_with_class" => Some(image(&from_root(self.argument(&["src"], 0)?), self.argument(&["alt"], 2))),
            "video" | "audio" => {
                let source = self.argument(&["src", "url", "webm", "mp4", "mp3"], 0)?;
                if source.starts_with("http") && !source.contains("/media/") && !is_file(source) {
                    return embed(source, "Video");
                }
                is_file(source).then(|| format!("<{name} controls src=\"{}\"></{name}>", destination(source)))
            }
            "gist" => self.gist(),
            // the words of NexT, a theme of Hexo: `{% label info@words %}`, `{% btn /a, words, icon, title %}`
            "label" => self.written.split_once('@').map(|(_, words)| words.trim().to_owned()),
            "btn" | "button" if self.written.contains(',') && !self.written.contains('=') => {
                let mut parts = self.written.split(',').map(str::trim);
                let address = parts.next().unwrap_or_default();
                let mut words = [parts.next(), parts.nth(1)].into_iter().flatten();
                let shown = words.find(|words| !words.is_empty());
                Some(shown.map_or_else(String::new, |shown| link(&destination(address), shown)))
            }
            "tweet" | "twitter" | "x" => {
                let first = self.argument(&["id", "url"], 0)?;
                if first.starts_with("http") {
                    return embed(first, "X");
                }
                let second = self
                    .argument(&[], 1)
                    .filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
                let (user, id) = match (self.named("user"), second) {
                    (None, Some(id)) => (first, id),
                    (user, _) => (user.unwrap_or("i"), first),
                };
                embed(&format!("https://twitter.com/{user}/status/{id}"), "X")
            }
            "codepen" => {
                let (user, id) = (self.named("user"), self.named("id").or_else(|| self.named("slugHash")));
                match (user.or_else(|| self.argument(&[], 0)), id.or_else(|| self.argument(&[], 1))) {
                    (Some(url), _) if url.starts_with("http") => embed(url, "CodePen"),
                    (Some(user), Some(pen)) => embed(&format!("https://codepen.io/{user}/pen/{pen}"), "CodePen"),
                    _ => None,
                }
            }
            // the words in a badge, not those around one
            "badge" => Some(escape(self.named("text")?)),
            "embed" | "oembed" | "media" | "link_preview" | "bookmark" | "iframe" | "mastodon" | "toot" | "facebook"
            | "bluesky" => {
                let url = self.argument(&["url", "src", "href", "link"], 0)?;
                match self.named("title") {
                    Some(title) => embed(url, title),
                    None => address(url),
                }
            }
            "link" => Some(link(&destination(self.argument(&[], 1)?), self.argument(&[], 0)?)),
            "post_link" => {
                let post = self.argument(&[], 0)?;
                let title = self.argument(&[], 1).filter(|title| !matches!(*title, "true" | "false"));
                let name = utf8_percent_encode(without_ending(post), PATH_PART);
                Some(link(&format!("{WIKILINK}{name}"), title.unwrap_or(post)))
            }
            "asset_link" => {
                let file = self.argument(&[], 0)?;
                Some(link(&destination(file), self.argument(&[], 1).unwrap_or(file)))
            }
            "kbd" if !self.written.is_empty() => Some(format!("<kbd>{}</kbd>", escape(self.argument(&["text", "keys"], 0)?))),
            "br" => Some("<br>".to_owned()),
            "icon" | "fa" | "fas" | "fab" | "far" | "fontawesome" | "clear" | "clearfix" | "more" | "toc"
            | "table_of_contents" | "rawhtml" | "html" => Some(String::new()),
            _ => None,
        }
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

    /// A picture. In Hexo and Jekyll, words before its path are classes, and numbers after it are its size.
    fn picture(&self, name: &str) -> Option<String> {
        let named = ["src", "path", "url", "image_path", "file"]
            .iter()
            .find_map(|name| self.named(name));
        let unnamed: Vec<&str> = (0..MAX_ARGUMENTS).map_while(|index| self.unnamed(index)).collect();
        let is_path = |word: &&str| word.contains(['/', '.']) && !word.contains(' ');
        let at = unnamed.iter().position(is_path).unwrap_or_default();
        let path = named.or_else(|| unnamed.get(at).copied())?;
        let after = unnamed.get(if named.is_some() { 0 } else { at + 1 }..).unwrap_or_default();
        let is_size = |word: &&&str| word.bytes().all(|byte| byte.is_ascii_digit());
        let words: Vec<&str> = after.iter().skip_while(is_size).copied().collect();
        let alt = ["alt", "caption", "title"].iter().find_map(|name| self.named(name));
        // the last quoted text is the alternative one
        let alt = alt.or_else(|| words.last().map(|words| last_quoted(words)));
        let path = if name == "asset_img" { path.into() } else { from_root(path) };
        Some(image(&path, alt))
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

    fn figure(&self) -> Option<String> {
        let source = self.argument(&["src", "image_path", "url", "path", "link"], 0)?;
        let caption = [self.named("title"), self.named("caption")];
        let caption: Vec<String> = caption.into_iter().flatten().map(super::inline_html).collect();
        let alt = self.named("alt").map(escape).unwrap_or_default();
        let mut figure = format!("<figure><img src=\"{}\" alt=\"{alt}\">", destination(source));
        if let Some(link) = self.named("link").filter(|&link| link != source) {
            figure = figure.replacen("<img", &format!("<a href=\"{}\"><img", destination(link)), 1);
            figure.push_str("</a>");
        }
        if !caption.is_empty() {
            let _ = write!(figure, "<figcaption>{}</figcaption>", caption.join(". "));
        }
        figure.push_str("</figure>");
        Some(figure)
    }

    /// A link to a video or picture by its id at a host.
    fn hosted(&self, host: &str, label: &str) -> Option<String> {
        let keys = ["id", "video", "videoId", "url", "v", "code", "bvid"];
        let id = self.argument(&keys, 0)?;
        let label = self.named("title").or_else(|| self.named("label")).unwrap_or(label);
        if id.starts_with("http") {
            return embed(id, label);
        }
        let plain = id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        plain.then(|| embed(&format!("{host}{id}"), label)).flatten()
    }

    fn gist(&self) -> Option<String> {
        let first = self.argument(&["user"], 0)?;
        let second = self.argument(&["id"], 1);
        let path = match second {
            Some(id) if !first.contains('/') && !id.contains('.') => format!("{first}/{id}"),
            _ => first.to_owned(),
        };
        embed(&format!("https://gist.github.com/{path}"), "Gist")
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
        return quoted.and_then(address).map_or(Meaning::Unknown, Meaning::Markdown);
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

/// `path` as in templates: from the site's root if it contains a folder.
fn from_root(path: &str) -> Cow<'_, str> {
    let elsewhere = path.starts_with(['/', '.']) || path.contains("://") || !path.contains('/');
    if elsewhere { path.into() } else { format!("/{path}").into() }
}

/// Returns a Markdown image.
pub(super) fn image(source: &str, alt: Option<&str>) -> String {
    format!("![{}]({})", escaped_text(alt.unwrap_or_default()), destination(source))
}

/// Returns a Markdown link to `address`, which is escaped, with the text `shown`.
pub(super) fn link(address: &str, shown: &str) -> String {
    format!("[{}]({address})", escaped_text(shown))
}

/// `text`, escaped for Markdown, on one line.
fn escaped_text(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            _ if c.is_whitespace() => escaped.push(' '),
            _ if c.is_ascii_punctuation() => escaped.extend(['\\', c]),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// The last of several quoted texts in `words`: `"title text" "alt text"`; `words` itself if there are none.
fn last_quoted(words: &str) -> &str {
    let words = words.trim();
    let quoted = ['"', '\''].into_iter().find_map(|quote| {
        let inner = words.strip_prefix(quote)?.strip_suffix(quote)?;
        inner.rsplit(quote).next()
    });
    quoted.unwrap_or(words)
}

/// The name or path of a post without its ending.
fn without_ending(post: &str) -> &str {
    markdown_stem(post).unwrap_or(post)
}

/// The start tag of a link in place of something embedded. The class keeps it out of summaries, and cleaning removes it.
pub(super) const EMBED: &str = "<a class=\"embed\" ";

/// A link with this label in place of something embedded, if `url` is a web address.
fn embed(url: &str, label: &str) -> Option<String> {
    let web = url.starts_with("https://") || url.starts_with("http://");
    web.then(|| format!("{EMBED}href=\"{}\">{}</a>", destination(url), escape(label)))
}

/// Whether `path` names a file of sound or video.
fn is_file(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    [
        ".mp4", ".webm", ".ogv", ".mov", ".m4v", ".mp3", ".ogg", ".oga", ".m4a", ".wav", ".flac", ".opus",
    ]
    .iter()
    .any(|ending| lower.ends_with(ending))
}

/// A link with its address as text, if `url` is a web address.
fn address(url: &str) -> Option<String> {
    let web = url.starts_with("https://") || url.starts_with("http://");
    web.then(|| format!("<{}>", destination(url)))
}

/// `url`, escaped for a Markdown link or an HTML attribute.
pub(super) fn destination(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for c in url.trim().chars() {
        match c {
            ' ' => out.push_str("%20"),
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '"' => out.push_str("%22"),
            '(' => out.push_str("%28"),
            ')' => out.push_str("%29"),
            '\\' => out.push_str("%5C"),
            '`' => out.push_str("%60"),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// `text`, escaped for HTML, on one line.
fn escape(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        let cases = [
            (
                "youtube w7Ft2ymGmfc",
                "<a class=\"embed\" href=\"https://www.youtube.com/watch?v=w7Ft2ymGmfc\">YouTube</a>",
            ),
            (
                "youtube id=\"a-b_c\" autoplay=\"true\"",
                "<a class=\"embed\" href=\"https://www.youtube.com/watch?v=a-b_c\">YouTube</a>",
            ),
            (
                "vimeo 146022717",
                "<a class=\"embed\" href=\"https://vimeo.com/146022717\">Vimeo</a>",
            ),
            (
                "gist ann 50a7482715eac222e230d1e64dd9a89b",
                "<a class=\"embed\" href=\"https://gist.github.com/ann/50a7482715eac222e230d1e64dd9a89b\">Gist</a>",
            ),
            (
                "gist ann/12 file.rb",
                "<a class=\"embed\" href=\"https://gist.github.com/ann/12\">Gist</a>",
            ),
            (
                "tweet user=ann id=12",
                "<a class=\"embed\" href=\"https://twitter.com/ann/status/12\">X</a>",
            ),
            ("embed \"https://a.test/(x)\"", "<https://a.test/%28x%29>"),
            ("image \"a b.png\" \"A [fine] *day*\"", "![A \\[fine\\] \\*day\\*](a%20b.png)"),
            ("img assets/a.png", "![](/assets/a.png)"),
            ("image './a.png', 'A'", "![A](./a.png)"),
            ("image_with_class \"a.png\" \"wide\" \"A\"", "![A](a.png)"),
            ("asset_img wide a.png 100 200 \"'A title' 'A day'\"", "![A day](a.png)"),
            ("asset_img sub/a.png \"A title\" \"A day\"", "![A day](sub/a.png)"),
            ("img left round /images/a.png 100 A", "![A](/images/a.png)"),
            ("link \"A page\" https://a.test/b", "[A page](https://a.test/b)"),
            ("post_link notes/hello", "[notes\\/hello](wikilink:notes%2Fhello)"),
            ("post_link hello 'Well, hello' true", "[Well\\, hello](wikilink:hello)"),
            ("asset_link a.pdf \"The paper\"", "[The paper](a.pdf)"),
            (
                "figure src=\"/a.png\" title=\"One\" caption=\"a < b\" alt='\"x\"'",
                "<figure><img src=\"/a.png\" alt=\"&quot;x&quot;\"><figcaption>One. a &lt; b</figcaption></figure>",
            ),
            (
                "figure src=a.png link=\"https://b.test\"",
                "<figure><a href=\"https://b.test\"><img src=\"a.png\" alt=\"\"></a></figure>",
            ),
        ];
        for (written, expected) in cases {
            assert_eq!(
                parse_tag(written).meaning(),
                Meaning::Markdown(expected.to_owned()),
                "{written}"
            );
        }
        let addresses = [
            ("post_url 2020-01-02-hello", "2020-01-02-hello.md", "2020-01-02-hello"),
            (
                "post_url /sub/2020-01-02-hello.md",
                "/sub/2020-01-02-hello.md",
                "2020-01-02-hello",
            ),
            ("relref \"../a.md#x\"", "../a.md#x", "../a.md#x"),
            ("ref path=\"a b.md\" lang=\"de\"", "a%20b.md", "a b.md"),
            (
                "link _posts/2020-01-02-hello.md",
                "_posts/2020-01-02-hello.md",
                "_posts/2020-01-02-hello.md",
            ),
            ("asset_path a.pdf", "a.pdf", "a.pdf"),
            ("post_path hello", "hello.md", "hello"),
            ("get_url(path=\"@/blog/a.md\")", "@/blog/a.md", "@/blog/a.md"),
        ];
        for (written, address, shown) in addresses {
            let (address, shown) = (address.to_owned(), shown.to_owned());
            assert_eq!(parse_tag(written).meaning(), Meaning::Address { address, shown }, "{written}");
        }
        for unknown in [
            "",
            "include a.html",
            "youtube \"><script>\"",
            "youtube",
            "embed javascript:x",
            "gallery a",
            "include gallery.html",
            "gist",
        ] {
            assert_eq!(parse_tag(unknown).meaning(), Meaning::Unknown, "{unknown}");
        }
        assert_eq!(parse_tag("- raw -").meaning(), Meaning::Raw);
        assert_eq!(parse_tag("highlight c++ linenos").meaning(), Meaning::Code("c++".to_owned()));
        assert_eq!(parse_tag("codeblock lang:js").meaning(), Meaning::Code("js".to_owned()));
        for control in ["if a == b", "else", "endif", "assign a = 1", "for a in b", "set x = 1"] {
            assert_eq!(parse_tag(control).meaning(), Meaning::LeftOut, "{control}");
        }
        assert!(parse_tag("endhighlight").closes && parse_tag("/highlight").closes);
    }

    #[test]
    fn more_embeds() {
        let link = |url: &str, label: &str| format!("<a class=\"embed\" href=\"{url}\">{label}</a>");
        let cases = [
            (
                "youtube id=\"a\" title=\"A <film>\"",
                link("https://www.youtube.com/watch?v=a", "A &lt;film&gt;"),
            ),
            (
                "include youtube.html id=\"a\"",
                link("https://www.youtube.com/watch?v=a", "YouTube"),
            ),
            ("twitter ann 12", link("https://twitter.com/ann/status/12", "X")),
            (
                "tweet https://twitter.com/ann/status/12",
                link("https://twitter.com/ann/status/12", "X"),
            ),
            ("codepen ann AbC", link("https://codepen.io/ann/pen/AbC", "CodePen")),
            (
                "codepen user=\"ann\" id=\"AbC\"",
                link("https://codepen.io/ann/pen/AbC", "CodePen"),
            ),
            ("bilibili BV1x", link("https://www.bilibili.com/video/BV1x", "bilibili")),
            (
                "iframe src=\"https://a.test/\" title=\"A map\"",
                link("https://a.test/", "A map"),
            ),
            ("video src=\"a.mp4\"", "<video controls src=\"a.mp4\"></video>".to_owned()),
            (
                "include figure image_path=\"/a.png\" caption=\"b\"",
                "<figure><img src=\"/a.png\" alt=\"\"><figcaption>b</figcaption></figure>".to_owned(),
            ),
            ("kbd \"Ctrl\"", "<kbd>Ctrl</kbd>".to_owned()),
            ("icon \"far:copy\"", String::new()),
        ];
        for (written, expected) in cases {
            assert_eq!(parse_tag(written).meaning(), Meaning::Markdown(expected), "{written}");
        }
    }

    #[test]
    fn blocks() {
        let alert = |kind: &str, title: &str| {
            format!("<div class=\"markdown-alert markdown-alert-{kind}\">\n<p class=\"markdown-alert-title\">{title}</p>")
        };
        let cases = [
            ("note info A title", alert("note", "A title"), "</div>"),
            ("note", alert("note", "Note"), "</div>"),
            ("notice tip \"A *title*\"", alert("tip", "A <em>title</em>"), "</div>"),
            ("hint type=danger", alert("caution", "Danger"), "</div>"),
            ("alert title=\"x\" color=\"warning\"", alert("warning", "x"), "</div>"),
            ("tip \"Try, then buy\"", alert("tip", "Try, then buy"), "</div>"),
            (
                "details Why, oh why",
                "<details>\n<summary>Why, oh why</summary>".to_owned(),
                "</details>",
            ),
            (
                "details summary=\"a\" open=true",
                "<details>\n<summary>a</summary>".to_owned(),
                "</details>",
            ),
            (
                "quote Ann, A Book",
                "<blockquote>".to_owned(),
                "<footer>Ann, A Book</footer>\n</blockquote>",
            ),
            ("tab \"One\"", "**One**".to_owned(), ""),
            ("tabs", String::new(), ""),
        ];
        for (written, start, end) in cases {
            let end = end.to_owned();
            assert_eq!(parse_tag(written).meaning(), Meaning::Block { start, end }, "{written}");
        }
    }

    #[test]
    fn names() {
        let cases = [
            ("{{< gallery \"a\" >}}", "gallery"),
            ("{% a_b c %}", "a_b"),
            ("{%- endx -%}", "endx"),
            ("{{ page.title | x }}", "page.title"),
            ("{{< /x >}}", "x"),
            ("<Show", "Show"),
        ];
        for (written, name) in cases {
            assert_eq!(name_of(written), name, "{written}");
        }
    }

    #[test]
    fn expressions() {
        let cases = [
            (" site.baseurl ", ""),
            ("\"/about/\" | url", "/about/"),
            (" '/a b' | relative_url ", "/a%20b"),
            ("'/x' | prepend: site.baseurl", "/x"),
            ("\"https://a.test/b\" | player: \"A film\"", "<https://a.test/b>"),
            ("/* a note */", ""),
            (
                "youtube(id=\"abc\")",
                "<a class=\"embed\" href=\"https://www.youtube.com/watch?v=abc\">YouTube</a>",
            ),
        ];
        for (written, expected) in cases {
            assert_eq!(parse_expression(written), Meaning::Markdown(expected.to_owned()), "{written}");
        }
        for unknown in ["page.title", "\"ann\" | team_link", "gallery(text=\"x\")", ""] {
            assert_eq!(parse_expression(unknown), Meaning::Unknown, "{unknown}");
        }
    }
}
