//! Lines that mean something as a whole to other tools: [`read`].

/// What a line of prose is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Markdown.
    Plain,
    /// The author's "more" marker.
    More,
    /// The place of a table of contents.
    Contents,
    /// For a tool, not for readers: left out.
    Dropped,
    /// The first line of a script that ends at a blank line.
    Script,
    /// To be written otherwise.
    Instead(String),
}

/// Marks for a table of contents, in lower case.
const CONTENTS: [&str; 7] = ["[toc]", "[[toc]]", "[[_toc_]]", "{{toc}}", "${toc}", "{:toc}", "{: toc}"];

/// Reads a line; `after_blank` where it begins a paragraph.
pub(super) fn read(line: &str, after_blank: bool) -> Line {
    let content = line.trim();
    let first = content.bytes().next().unwrap_or_default();
    match first {
        b'#' if content.eq_ignore_ascii_case("# more") => Line::More,
        b'[' | b'{' | b'$' if is_contents(content) => Line::Contents,
        b'{' if is_attribute_list(content) => Line::Dropped,
        b'i' if after_blank && is_import(content) => Line::Dropped,
        b'e' if after_blank && is_export(content) => Line::Script,
        b':' if content.starts_with(":::") => container(line),
        b'>' => callout(line).map_or(Line::Plain, Line::Instead),
        _ => Line::Plain,
    }
}

/// Whether a comment that says this is a "more" marker.
pub(super) fn is_more(comment: &str) -> bool {
    ["more", "truncate", "excerpt", "read more", "readmore"]
        .iter()
        .any(|marker| comment.trim().eq_ignore_ascii_case(marker))
}

/// The lines of `text` that define links and footnotes: the label, and the line.
pub(super) fn definitions(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| {
        let start = line.trim_start_matches(' ');
        let (label, _) = start.strip_prefix('[')?.split_once("]:")?;
        (line.len() - start.len() < 4 && !label.contains(['[', ']'])).then_some((label, line))
    })
}

fn is_contents(content: &str) -> bool {
    content.len() < 12 && CONTENTS.iter().any(|mark| content.eq_ignore_ascii_case(mark))
}

/// kramdown's attribute lists and options: `{: .wide}`, `{::options toc_levels="2"/}`.
fn is_attribute_list(content: &str) -> bool {
    content.starts_with("{:") && content.ends_with('}') && !content[1..content.len() - 1].contains('}')
}

/// `import A from "b"`, `import "b"`: JavaScript, which no sentence looks like.
fn is_import(content: &str) -> bool {
    let Some(rest) = content.strip_prefix("import ") else {
        return false;
    };
    let rest = rest.trim_end().trim_end_matches(';');
    let module = rest.rsplit_once(" from ").map_or(rest, |(_, module)| module).trim();
    ['"', '\'']
        .iter()
        .any(|&quote| module.len() > 2 && module.starts_with(quote) && module.ends_with(quote))
}

/// `export const a = …`.
fn is_export(content: &str) -> bool {
    let Some(rest) = content.strip_prefix("export ") else {
        return false;
    };
    let declares = ["const ", "let ", "var "].iter().any(|word| rest.starts_with(word)) && rest.contains('=');
    declares || rest.starts_with("function ") || rest.starts_with("async function ") || rest.starts_with("default ")
}

/// The edges of a container go, its content stays; its title is a paragraph.
fn container(line: &str) -> Line {
    if line.len() - line.trim_start().len() > 3 {
        return Line::Plain;
    }
    let info = line.trim().trim_start_matches(':').trim();
    let name = info
        .find(|c: char| c.is_whitespace() || matches!(c, '[' | '{'))
        .unwrap_or(info.len());
    let title = info[name..].split('{').next().unwrap_or_default().trim();
    let title = title
        .strip_prefix('[')
        .and_then(|title| title.strip_suffix(']'))
        .unwrap_or(title);
    if title.is_empty() {
        Line::Dropped
    } else {
        Line::Instead(format!("\n**{title}**\n"))
    }
}

/// Obsidian's callouts have more kinds than GitHub's alerts and can be folded: `> [!faq]- Why?`. The same as an alert, if it needs to be.
fn callout(line: &str) -> Option<String> {
    let inner = line.trim_start_matches([' ', '>']);
    let marks = &line[..line.len() - inner.len()];
    let (kind, rest) = inner.strip_prefix("[!")?.split_once(']')?;
    let kind = kind.split('|').next()?.trim();
    if kind.is_empty() || !kind.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ')) {
        return None;
    }
    let title = rest.strip_prefix(['-', '+']).unwrap_or(rest).trim();
    let alert = match kind.to_ascii_lowercase().as_str() {
        "note" | "tip" | "important" | "warning" | "caution" if rest.trim() == title => return None,
        "tip" | "hint" | "success" | "check" | "done" => "TIP",
        "important" => "IMPORTANT",
        "warning" | "attention" => "WARNING",
        "caution" | "failure" | "fail" | "missing" | "danger" | "error" | "bug" => "CAUTION",
        _ => "NOTE",
    };
    let mut initial = kind.chars();
    let named: String = initial.next().map(|c| c.to_uppercase().chain(initial).collect())?;
    let title = if title.is_empty() { &named } else { title };
    Some(format!("{marks}[!{alert}] {title}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let instead = |text: &str| Line::Instead(text.to_owned());
        let cases = [
            ("# More", Line::More),
            ("# More or less", Line::Plain),
            ("[TOC]", Line::Contents),
            ("{:toc}", Line::Contents),
            ("{: .wide #x}", Line::Dropped),
            ("{:?} is how Rust says it {}", Line::Plain),
            ("import A, { b } from '../c';", Line::Dropped),
            ("import duties from China rose.", Line::Plain),
            ("export const meta = {", Line::Script),
            ("export controls let trade fall", Line::Plain),
            (":::", Line::Dropped),
            ("::: {.wide}", Line::Dropped),
            (":::tip Try it", instead("\n**Try it**\n")),
            (":::note[Try it]", instead("\n**Try it**\n")),
            ("    :::", Line::Plain),
            ("> [!note]", Line::Plain),
            ("> [!TIP] So", Line::Plain),
            ("> [!faq]- Why?", instead("> [!NOTE] Why?")),
            ("> > [!bug]", instead("> > [!CAUTION] Bug")),
            ("> quoted", Line::Plain),
        ];
        for (line, expected) in cases {
            assert_eq!(read(line, true), expected, "{line}");
        }
        assert_eq!(read("import 'a'", false), Line::Plain, "inside a paragraph");
    }
}
