//! Tags that become a picture, a link or a few words: figures, embedded videos and posts, labels.

use std::borrow::Cow;
use std::fmt::Write as _;

use percent_encoding::utf8_percent_encode;

use super::markup::{destination, embed, escape, image, link, web_address};
use super::{MAX_ARGUMENTS, Shortcode, without_ending};
use crate::post::PATH_PART;
use crate::post::markdown::inline_html;
use crate::post::reference::WIKILINK;

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

impl Shortcode<'_> {
    /// The Markdown or HTML that the tag `name` becomes.
    pub(super) fn inline(&self, name: &str) -> Option<String> {
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
            "tweet" | "twitter" | "x" => self.tweet(),
            "codepen" => self.codepen(),
            // the words in a badge, not those around one
            "badge" => Some(escape(self.named("text")?)),
            "embed" | "oembed" | "media" | "link_preview" | "bookmark" | "iframe" | "mastodon" | "toot" | "facebook"
            | "bluesky" => {
                let url = self.argument(&["url", "src", "href", "link"], 0)?;
                match self.named("title") {
                    Some(title) => embed(url, title),
                    None => web_address(url),
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

    /// A link to a post on X, by its address, or by its number and the name of its author.
    fn tweet(&self) -> Option<String> {
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

    /// A link to a pen of `CodePen`.
    fn codepen(&self) -> Option<String> {
        let (user, id) = (self.named("user"), self.named("id").or_else(|| self.named("slugHash")));
        match (user.or_else(|| self.argument(&[], 0)), id.or_else(|| self.argument(&[], 1))) {
            (Some(url), _) if url.starts_with("http") => embed(url, "CodePen"),
            (Some(user), Some(pen)) => embed(&format!("https://codepen.io/{user}/pen/{pen}"), "CodePen"),
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

    fn figure(&self) -> Option<String> {
        let source = self.argument(&["src", "image_path", "url", "path", "link"], 0)?;
        let caption = [self.named("title"), self.named("caption")];
        let caption: Vec<String> = caption.into_iter().flatten().map(inline_html).collect();
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

/// `path` as in templates: from the site's root if it contains a folder.
fn from_root(path: &str) -> Cow<'_, str> {
    let elsewhere = path.starts_with(['/', '.']) || path.contains("://") || !path.contains('/');
    if elsewhere { path.into() } else { format!("/{path}").into() }
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

/// Whether `path` names a file of sound or video.
fn is_file(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    [
        ".mp4", ".webm", ".ogv", ".mov", ".m4v", ".mp3", ".ogg", ".oga", ".m4a", ".wav", ".flac", ".opus",
    ]
    .iter()
    .any(|ending| lower.ends_with(ending))
}
