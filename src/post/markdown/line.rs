//! Recognises lines that have a meaning as a whole in other tools: [`classify`].

/// The meaning of a line of prose.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SpecialLine {
    /// Plain Markdown.
    Plain,
    /// The author's "more" marker.
    More,
    /// The place of a table of contents.
    Contents,
    /// Syntax of a tool, which is left out.
    Dropped,
    /// The first line of a script that ends at a blank line.
    Script,
    /// Replaced by this text.
    Replaced(String),
}

/// Markers of a table of contents, in lower case.
const CONTENTS: [&str; 7] = ["[toc]", "[[toc]]", "[[_toc_]]", "{{toc}}", "${toc}", "{:toc}", "{: toc}"];

/// Classifies a line; `after_blank` says that it begins a paragraph.
pub(super) fn classify(line: &str, after_blank: bool) -> SpecialLine {
    let content = line.trim();
    let first = content.bytes().next().unwrap_or_default();
    match first {
        b'#' if content.eq_ignore_ascii_case("# more") => SpecialLine::More,
        b'[' | b'{' | b'$' if is_contents(content) => SpecialLine::Contents,
        b'{' if is_attribute_list(content) => SpecialLine::Dropped,
        b'i' if after_blank && is_import(content) => SpecialLine::Dropped,
        b'e' if after_blank && is_export(content) => SpecialLine::Script,
        b':' if content.starts_with(":::") => container(line),
        b'>' => callout(line).map_or(SpecialLine::Plain, SpecialLine::Replaced),
        _ => SpecialLine::Plain,
    }
}

/// Returns whether a comment with this content is a "more" marker.
pub(super) fn is_more(comment: &str) -> bool {
    ["more", "truncate", "excerpt", "read more", "readmore"]
        .iter()
        .any(|marker| comment.trim().eq_ignore_ascii_case(marker))
}

/// Returns the definitions of links and footnotes in `text`: the label, and the line.
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

/// Whether `content` is an attribute list or options of kramdown: `{: .wide}`, `{::options toc_levels="2"/}`.
fn is_attribute_list(content: &str) -> bool {
    content.starts_with("{:") && content.ends_with('}') && !content[1..content.len() - 1].contains('}')
}

/// Whether `content` is an import of JavaScript: `import A from "b"`, `import "b"`. No sentence looks like that.
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

/// Whether `content` is an export of JavaScript: `export const a = …`.
fn is_export(content: &str) -> bool {
    let Some(rest) = content.strip_prefix("export ") else {
        return false;
    };
    let declares = ["const ", "let ", "var "].iter().any(|word| rest.starts_with(word)) && rest.contains('=');
    declares || rest.starts_with("function ") || rest.starts_with("async function ") || rest.starts_with("default ")
}

/// Removes the first or last line of a container, whose content stays; its title becomes a paragraph.
fn container(line: &str) -> SpecialLine {
    if line.len() - line.trim_start().len() > 3 {
        return SpecialLine::Plain;
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
        SpecialLine::Dropped
    } else {
        SpecialLine::Replaced(format!("\n**{title}**\n"))
    }
}

/// Translates a callout of Obsidian to an alert of GitHub, if it is not one already. Callouts have more kinds and can be folded: `> [!faq]-
/// Why?`.
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
        let replaced = |text: &str| SpecialLine::Replaced(text.to_owned());
        let cases = [
            ("# More", SpecialLine::More),
            ("# More or less", SpecialLine::Plain),
            ("[TOC]", SpecialLine::Contents),
            ("{:toc}", SpecialLine::Contents),
            ("{: .wide #x}", SpecialLine::Dropped),
            ("{:?} is how Rust says it {}", SpecialLine::Plain),
            ("import A, { b } from '../c';", SpecialLine::Dropped),
            ("import duties from China rose.", SpecialLine::Plain),
            ("export const meta = {", SpecialLine::Script),
            ("export controls let trade fall", SpecialLine::Plain),
            (":::", SpecialLine::Dropped),
            ("::: {.wide}", SpecialLine::Dropped),
            (":::tip Try it", replaced("\n**Try it**\n")),
            (":::note[Try it]", replaced("\n**Try it**\n")),
            ("    :::", SpecialLine::Plain),
            ("> [!note]", SpecialLine::Plain),
            ("> [!TIP] So", SpecialLine::Plain),
            ("> [!faq]- Why?", replaced("> [!NOTE] Why?")),
            ("> > [!bug]", replaced("> > [!CAUTION] Bug")),
            ("> quoted", SpecialLine::Plain),
        ];
        for (line, expected) in cases {
            assert_eq!(classify(line, true), expected, "{line}");
        }
        assert_eq!(classify("import 'a'", false), SpecialLine::Plain, "inside a paragraph");
    }
}
