//! Code with its parts named, for pages: keywords, strings, comments and a few more, as classes of `span` elements.
//!
//! Written for the purpose, and small: one scanner that a table of `grammar`s drives, and a few for languages made of lines or marks.
//! It reads tokens, not syntax, so now and then a name is not what it says. In return it goes over a text once, from the start to the
//! end, whatever the text is: highlighters made of regular expressions took a tenth of a second for 40 kB of Rust, and longer for one
//! hostile line of C++. It never changes a character of the code, and never fails: a language that it does not know stays plain.
//!
//! Only pages show it. It runs when a page is asked for, not when a post is published.

mod code;
mod grammar;
mod lines;
mod markup;
mod scan;
mod shell;
mod stylesheet;

use scan::Piece;

/// A block longer than this, in bytes, stays plain: it is a file and no sample.
pub const MAX_BLOCK: usize = 64 * 1024;

/// A block with a line longer than this, in bytes, stays plain: it is not made to be read.
pub const MAX_LINE: usize = 4 * 1024;

/// What a part of code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// A name of an attribute, a key or a property; an annotation.
    Attribute,
    /// A comment.
    Comment,
    /// A value that has a name: `true`, `None`, `MAX`.
    Constant,
    /// What a change takes out.
    Deleted,
    /// A name of a function, a macro, a command or a target.
    Function,
    /// A heading, in prose or in a change.
    Heading,
    /// What a change puts in.
    Inserted,
    /// A word of the language.
    Keyword,
    /// A number.
    Number,
    /// A sign that computes or compares.
    Operator,
    /// A sign that parts or joins.
    Punctuation,
    /// A string or a character.
    String,
    /// A name of an element.
    Tag,
    /// A name of a type.
    Type,
    /// A name of a variable, where its form tells.
    Variable,
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 15] = [
        Class::Attribute,
        Class::Comment,
        Class::Constant,
        Class::Deleted,
        Class::Function,
        Class::Heading,
        Class::Inserted,
        Class::Keyword,
        Class::Number,
        Class::Operator,
        Class::Punctuation,
        Class::String,
        Class::Tag,
        Class::Type,
        Class::Variable,
    ];

    /// The class as style sheets know it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Class::Attribute => "hl-attribute",
            Class::Comment => "hl-comment",
            Class::Constant => "hl-constant",
            Class::Deleted => "hl-deleted",
            Class::Function => "hl-function",
            Class::Heading => "hl-heading",
            Class::Inserted => "hl-inserted",
            Class::Keyword => "hl-keyword",
            Class::Number => "hl-number",
            Class::Operator => "hl-operator",
            Class::Punctuation => "hl-punctuation",
            Class::String => "hl-string",
            Class::Tag => "hl-tag",
            Class::Type => "hl-type",
            Class::Variable => "hl-variable",
        }
    }
}

/// `code`, plain text in `language`, as HTML in which nothing but `span` elements with classes is markup.
///
/// The language goes by the first word of a fence's info string, in any case: `rust`, `rs`, `Rust,ignore`. `None` where it is not known,
/// or where the code is longer than [`MAX_BLOCK`] or a line of it longer than [`MAX_LINE`]: then it is to be shown as it is.
#[must_use]
pub fn html(code: &str, language: &str) -> Option<String> {
    if code.len() > MAX_BLOCK || code.lines().any(|line| line.len() > MAX_LINE) {
        return None;
    }
    let pieces = pieces(code, language)?;
    let mut html = String::with_capacity(code.len() * 3);
    let mut open: Option<Class> = None;
    // blanks show no colour: a run of one class goes on over them, and does not begin or end with them
    let mut blanks = "";
    for (class, text) in pieces {
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

/// The pieces of `code`, which put together are `code`; `None` where the language is not known.
fn pieces<'a>(code: &'a str, language: &str) -> Option<Vec<Piece<'a>>> {
    let name: String = language
        .chars()
        .take_while(|&c| c.is_alphanumeric() || matches!(c, '+' | '#' | '-' | '_' | '.'))
        .flat_map(char::to_lowercase)
        .collect();
    let mut pieces = Vec::new();
    match name.as_str() {
        "html" | "htm" | "xhtml" | "xml" | "svg" | "rss" | "atom" | "plist" | "vue" | "svelte" | "xsl" | "xslt" | "opml" => {
            markup::lex(code, &mut pieces);
        }
        "css" | "scss" | "less" | "sass" => stylesheet::lex(code, &mut pieces),
        "yaml" | "yml" => lines::yaml(code, &mut pieces),
        "toml" | "ini" | "cfg" | "conf" | "properties" | "dotenv" | "env" | "editorconfig" | "gitconfig" | "systemd" => {
            lines::settings(code, &mut pieces);
        }
        "markdown" | "md" | "mdx" => lines::markdown(code, &mut pieces),
        "diff" | "patch" => lines::diff(code, &mut pieces),
        "sh" | "bash" | "shell" | "zsh" | "fish" | "ksh" | "shellscript" => shell::script(code, &mut pieces),
        "console" | "terminal" | "shell-session" | "shellsession" | "sh-session" | "session" => shell::session(code, &mut pieces),
        "dockerfile" | "docker" | "containerfile" => shell::dockerfile(code, &mut pieces),
        "makefile" | "make" | "mk" | "justfile" | "just" => shell::makefile(code, &mut pieces),
        name => code::lex(code, grammar::named(name)?, &mut pieces),
    }
    Some(pieces)
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
