//! A syntax highlighter for pages: keywords, strings, comments and a few other parts get classes of `span` elements.
//!
//! It is small: one lexer driven by a table of `grammar`s, and a few lexers for line-based and markup languages. It reads tokens, not
//! syntax, so it sometimes gives a name the wrong class. In return it reads any text once, from start to end: highlighters
//! based on regular expressions took a tenth of a second for 40 kB of Rust, and longer for one hostile line of C++. It never changes
//! a character of the code, and never fails: code in an unknown language stays plain.
//!
//! It is used only on pages, when a page is requested, not when a post is published.

mod class;
mod code;
mod grammar;
mod lines;
mod marked_lines;
mod markup;
mod scan;
mod shell;
mod stylesheet;

pub use self::class::Class;
pub use self::marked_lines::mark_lines;
use self::scan::Span;

/// The most bytes of a block. A longer one is a file rather than a sample, and stays plain.
const MAX_BLOCK: usize = 64 * 1024;

/// The most bytes of a line. A block with a longer one is not meant for reading, and stays plain.
const MAX_LINE: usize = 4 * 1024;

/// Highlights `code`, which is plain text in `language`. The only markup in the HTML is `span` elements with classes.
///
/// The language is the first word of a fence's info string, in any case: `rust`, `rs`, `Rust,ignore`. Returns `None` if it is
/// unknown, or if the code is longer than 64 KiB or has a line longer than 4 KiB.
#[must_use]
pub fn html(code: &str, language: &str) -> Option<String> {
    if code.len() > MAX_BLOCK || code.lines().any(|line| line.len() > MAX_LINE) {
        return None;
    }
    let spans = spans(code, language)?;
    let mut html = String::with_capacity(code.len() * 3);
    let mut open: Option<Class> = None;
    // blanks have no colour: an element continues over them, but does not begin or end with them
    let mut blanks = "";
    for (class, text) in spans {
        if text.trim().is_empty() && blanks.is_empty() {
            blanks = text;
            continue;
        }
        if class != open && open.is_some() {
            html.push_str("</span>");
        }
        html.push_str(std::mem::take(&mut blanks));
        if class != open
            && let Some(class) = class
        {
            html.push_str("<span class=\"");
            html.push_str(class.name());
            html.push_str("\">");
        }
        open = class;
        push_escaped(&mut html, text);
    }
    if open.is_some() {
        html.push_str("</span>");
    }
    html.push_str(blanks);
    Some(html)
}

/// Cuts `code` into spans; `None` if the language is unknown.
fn spans<'a>(code: &'a str, language: &str) -> Option<Vec<Span<'a>>> {
    let name: String = language
        .chars()
        .take_while(|&c| c.is_alphanumeric() || matches!(c, '+' | '#' | '-' | '_' | '.'))
        .flat_map(char::to_lowercase)
        .collect();
    let mut spans = Vec::new();
    match name.as_str() {
        "html" | "htm" | "xhtml" | "xml" | "svg" | "rss" | "atom" | "plist" | "vue" | "svelte" | "xsl" | "xslt" | "opml" => {
            markup::lex(code, &mut spans);
        }
        "css" | "scss" | "less" | "sass" => stylesheet::lex(code, &mut spans),
        "yaml" | "yml" => lines::yaml(code, &mut spans),
        "toml" | "ini" | "cfg" | "conf" | "properties" | "dotenv" | "env" | "editorconfig" | "gitconfig" | "systemd" => {
            lines::settings(code, &mut spans);
        }
        "markdown" | "md" | "mdx" => lines::markdown(code, &mut spans),
        "diff" | "patch" => lines::diff(code, &mut spans),
        "sh" | "bash" | "shell" | "zsh" | "fish" | "ksh" | "shellscript" => shell::script(code, &mut spans),
        "console" | "terminal" | "shell-session" | "shellsession" | "sh-session" | "session" => shell::session(code, &mut spans),
        "dockerfile" | "docker" | "containerfile" => shell::dockerfile(code, &mut spans),
        "makefile" | "make" | "mk" | "justfile" | "just" => shell::makefile(code, &mut spans),
        name => code::lex(code, grammar::named(name)?, &mut spans),
    }
    Some(spans)
}

fn push_escaped(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            c => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests;
