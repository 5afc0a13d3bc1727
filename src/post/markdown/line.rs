//! Recognises lines that have a meaning as a whole in other tools.

use super::attributes;
use super::jsx::balanced_end;

/// The meaning of a line that begins with a bracket or a dollar sign.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SpecialLine<'a> {
    /// Plain Markdown.
    Plain,
    /// The place of a table of contents.
    Contents,
    /// Syntax of a tool, which is left out.
    Dropped,
    /// The id of the block before it.
    Id(&'a str),
}

/// Comments at which a summary ends, in lower case.
const MORE: [&str; 6] = ["more", "truncate", "excerpt", "read more", "readmore", "pelican_end_summary"];

/// Markers of a table of contents, in lower case.
const CONTENTS: [&str; 7] = ["[toc]", "[[toc]]", "[[_toc_]]", "{{toc}}", "${toc}", "{:toc}", "{: toc}"];

/// Classifies a line with this content.
pub(super) fn classify(content: &str) -> SpecialLine<'_> {
    if is_contents(content) {
        return SpecialLine::Contents;
    }
    match attributes::parse(content) {
        Some(list) if list.length == content.len() => list.id.map_or(SpecialLine::Dropped, SpecialLine::Id),
        _ if is_kramdown(content) => SpecialLine::Dropped,
        _ => SpecialLine::Plain,
    }
}

/// Returns whether the line is a "more" marker of another tool.
pub(super) fn is_more_line(line: &str) -> bool {
    line.trim().eq_ignore_ascii_case("# more")
}

/// Returns whether a comment with this content is a "more" marker.
pub(super) fn is_more(comment: &str) -> bool {
    let comment = comment.trim();
    let is_nikola = comment.starts_with("TEASER_END");
    let is_one = |marker: &&str| comment.eq_ignore_ascii_case(marker);
    is_nikola || MORE.iter().any(is_one)
}

/// Returns whether a comment with this content tells another tool to include a file or to begin a tab.
pub(super) fn is_tool_comment(comment: &str) -> bool {
    let comment = comment.trim_start();
    ["@include:", "tab ", "endtab"].iter().any(|start| comment.starts_with(start))
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

/// Whether `content` is a line of kramdown: options (`{::options toc_levels="2"/}`), the start or the end of an extension, or the first line
/// of a list of attributes.
fn is_kramdown(content: &str) -> bool {
    let is_extension = ["{::", "{:/"].iter().any(|start| content.starts_with(start)) && content.ends_with('}');
    let is_one = is_extension && !content[1..content.len() - 1].contains('}');
    let is_first = ["{: .", "{: #", "{:."].iter().any(|start| content.starts_with(start)) && !content.contains('}');
    is_one || is_first
}

/// Removes the list of one item at the end of `out`, above kramdown's table of contents, which replaces it.
pub(super) fn drop_contents_item(out: &mut String) {
    let mut nearby = out.len().saturating_sub(MAX_CONTENTS_ITEM);
    while !out.is_char_boundary(nearby) {
        nearby += 1;
    }
    let before = out[nearby..].trim_end_matches('\n');
    let Some(start) = before.rfind('\n').map(|newline| newline + 1).or((nearby == 0).then_some(0)) else {
        return;
    };
    let item = before.get(start..).unwrap_or_default();
    let start = nearby + start;
    if item.len() < 40 && (item.starts_with("* ") || item.starts_with("- ") || item.starts_with("1. ")) {
        out.truncate(start);
    }
}

/// In bytes: the longest item above a table of contents, with the line breaks around it.
const MAX_CONTENTS_ITEM: usize = 64;

/// Returns the length in bytes of the imports or of the export of JavaScript at the start of `text`, with the end of the line. It has at most
/// `most_lines`. No sentence looks like that.
pub(super) fn script_length(text: &str, most_lines: usize) -> Option<usize> {
    if text.starts_with("import ") {
        return imports_length(text);
    }
    let line = text.lines().next().unwrap_or_default();
    is_export(line).then(|| export_length(text, most_lines))
}

/// The length of `import A, { b } from "c"; import "d"`, also over several lines.
fn imports_length(text: &str) -> Option<usize> {
    let mut rest = text;
    loop {
        rest = rest
            .strip_prefix("import")
            .filter(|rest| rest.starts_with(char::is_whitespace))?
            .trim_start();
        let is_clause = |c: char| c.is_alphanumeric() || c.is_whitespace() || matches!(c, '_' | '$' | ',' | '{' | '}' | '*');
        let end = rest.find(|c: char| !is_clause(c))?;
        let (clause, module) = rest.split_at(end);
        let is_clause = clause.is_empty() || (clause.trim_end().ends_with("from") && !clause.contains("\n\n"));
        let quote = module.chars().next().filter(|&c| is_clause && matches!(c, '"' | '\''))?;
        let (module, after) = module.get(1..)?.split_once(quote)?;
        if module.is_empty() || module.contains('\n') {
            return None;
        }
        rest = after.trim_start_matches([';', ' ', '\t', '\r']);
        if let Some(after) = rest.strip_prefix('\n') {
            return Some(text.len() - after.len());
        }
        if rest.is_empty() {
            return Some(text.len());
        }
    }
}

/// Whether `line` is the first one of an export of JavaScript: `export const a = …`.
fn is_export(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("export ") else {
        return false;
    };
    let declares = ["const ", "let ", "var ", "type "].iter().any(|word| rest.starts_with(word)) && rest.contains('=');
    declares
        || ["function ", "async function ", "default ", "interface ", "class "]
            .iter()
            .any(|word| rest.starts_with(word))
        || (rest.starts_with(['{', '*']) && rest.contains(" from "))
}

/// The length of the export at the start of `text`: up to the end of the line in which its brackets are closed, or to a blank line if they
/// are not.
fn export_length(text: &str, most_lines: usize) -> usize {
    let paragraph = text.find("\n\n").map_or(text.len(), |end| end + 1);
    let mut length = 0;
    let mut closed_until = 0;
    for line in text.split_inclusive('\n').take(most_lines) {
        let is_blank = line.trim().is_empty();
        if length >= closed_until && is_blank {
            return length;
        }
        let mut at = length.max(closed_until);
        length += line.len();
        while let Some(open) = text.get(at..length).and_then(|rest| rest.find(['{', '[', '('])) {
            match text.get(at + open..).and_then(balanced_end) {
                Some(end) => at += open + end,
                None => return paragraph,
            }
            closed_until = at;
        }
        if length >= closed_until && line.trim_end().ends_with(';') {
            return length;
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let cases = [
            ("[TOC]", SpecialLine::Contents),
            ("{:toc}", SpecialLine::Contents),
            ("{: .wide #x}", SpecialLine::Id("x")),
            ("{: .wide}", SpecialLine::Dropped),
            ("{: .wide", SpecialLine::Dropped),
            ("{.wide}", SpecialLine::Dropped),
            ("{::options toc_levels=\"2\"/}", SpecialLine::Dropped),
            ("{:/nomarkdown}", SpecialLine::Dropped),
            ("{:?} is how Rust says it {}", SpecialLine::Plain),
            ("{x}", SpecialLine::Plain),
            ("[a](b)", SpecialLine::Plain),
        ];
        for (line, expected) in cases {
            assert_eq!(classify(line), expected, "{line}");
        }
        assert!(is_more_line("# More") && !is_more_line("# More or less"));
    }

    #[test]
    fn scripts() {
        // the script ends at `|`
        let cases = [
            "import A, { b } from '../c';\n|text",
            "import 'a'|",
            "import {\n  A,\n  B as C,\n} from \"d\";\n|\ntext",
            "import * as A from 'a'; import B from 'b'\n|import C from 'c'",
            "export const meta = {\n  a: 1,\n\n  b: [2],\n};\n|text",
            "export const a = 1\n|\ntext",
            "export default ({ children }) => (\n  <Layout>\n\n    {children}\n  </Layout>\n)\n|\ntext",
            "export function a() {\n  return `}\n\n${'}'}`\n}\n|\ntext",
            "export { a } from './b'\n|\ntext",
            "export const a = {\n  b\n|\ntext",
        ];
        for marked in cases {
            let text = marked.replace('|', "");
            assert_eq!(script_length(&text, 50), marked.find('|'), "{text}");
        }
        for text in [
            "import duties from China rose.",
            "import data from a 'CSV' file",
            "import controls",
            "export controls let trade fall",
            "important",
        ] {
            assert_eq!(script_length(text, 50), None, "{text}");
        }
    }
}
