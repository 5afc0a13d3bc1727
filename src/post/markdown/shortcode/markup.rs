//! Pictures, links and escapes in Markdown and HTML.

/// Returns a Markdown image.
pub(in crate::post::markdown) fn image(source: &str, alt: Option<&str>) -> String {
    format!("![{}]({})", escaped_text(alt.unwrap_or_default()), destination(source))
}

/// Returns a Markdown link to `address`, which is escaped, with the text `shown`.
pub(in crate::post::markdown) fn link(address: &str, shown: &str) -> String {
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

/// The start tag of a link in place of something embedded. The class keeps it out of summaries, and cleaning removes it.
pub(in crate::post::markdown) const EMBED: &str = "<a class=\"embed\" ";

/// A link with this label in place of something embedded, if `url` is a web address.
pub(super) fn embed(url: &str, label: &str) -> Option<String> {
    let web = url.starts_with("https://") || url.starts_with("http://");
    web.then(|| format!("{EMBED}href=\"{}\">{}</a>", destination(url), escape(label)))
}

/// A link with its address as text, if `url` is a web address.
pub(super) fn web_address(url: &str) -> Option<String> {
    let web = url.starts_with("https://") || url.starts_with("http://");
    web.then(|| format!("<{}>", destination(url)))
}

/// `url`, escaped for a Markdown link or an HTML attribute.
pub(in crate::post::markdown) fn destination(url: &str) -> String {
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
pub(super) fn escape(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
