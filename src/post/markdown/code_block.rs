//! Tidies blocks of code: their language, title and marked lines, and the comments that tell another tool which lines to mark.

use comrak::Node;
use comrak::nodes::{NodeCodeBlock, NodeHtmlBlock, NodeValue};

use super::fence;
use crate::post::html::MARKED_LINES;

/// Comments of Docusaurus that stand alone on a line.
const LINE_COMMENTS: [&str; 3] = ["highlight-next-line", "highlight-start", "highlight-end"];

/// What comments begin and end with.
const COMMENTS: [(&str, &str); 6] = [("//", ""), ("#", ""), ("--", ""), ("%", ""), ("/*", "*/"), ("<!--", "-->")];

/// Keeps only the language, the title and the lines to mark of the words after the fence of each block of code.
pub(super) fn tidy(root: Node<'_>) {
    for node in root.descendants() {
        let mut data = node.data_mut();
        let NodeValue::CodeBlock(block) = &mut data.value else {
            continue;
        };
        take_language(block);
        let by_comments = take_marks(&mut block.literal);
        let fence = fence::parse(&block.info);
        let language = fence.language.to_owned();
        let mut lines = fence.lines;
        lines.extend(by_comments);
        if fence.title.is_none() && lines.is_empty() {
            block.info = language;
            continue;
        }
        // comrak writes no attributes of `pre`
        let attribute = |name: &str, value: &str| match value {
            "" => String::new(),
            value => format!(" {name}=\"{}\"", html_escape::encode_double_quoted_attribute(value)),
        };
        let class = match language.as_str() {
            "" => String::new(),
            language => format!("language-{language}"),
        };
        let literal = format!(
            "<pre{}{}><code{}>{}</code></pre>\n",
            attribute("title", fence.title.unwrap_or_default()),
            attribute(MARKED_LINES, &fence::written_ranges(&lines)),
            attribute("class", &class),
            html_escape::encode_safe(&block.literal)
        );
        let block_type = 1;
        data.value = NodeValue::HtmlBlock(NodeHtmlBlock { block_type, literal });
    }
}

/// Takes the language from the first line of indented code, where Python-Markdown has it: `:::python` or `#!python`.
fn take_language(block: &mut NodeCodeBlock) {
    if block.fenced {
        return;
    }
    let Some((first, rest)) = block.literal.split_once('\n') else {
        return;
    };
    let name = ["::::", ":::", "#!"].iter().find_map(|start| first.strip_prefix(start));
    let name = name.map(|name| name.split_whitespace().next().unwrap_or_default());
    let is_name = |name: &&str| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '#'))
    };
    if let Some(name) = name.filter(is_name).filter(|_| !rest.trim().is_empty()) {
        block.info = name.to_owned();
        block.literal = rest.to_owned();
    }
}

/// Leaves out the comments that name lines to mark, `// highlight-next-line` on a line of its own and `// [!code focus]` at the end of one,
/// and returns these lines.
fn take_marks(code: &mut String) -> Vec<(usize, usize)> {
    let mut marked: Vec<(usize, usize)> = Vec::new();
    if !code.contains("highlight-") && !code.contains("[!code ") {
        return marked;
    }
    let mut kept = String::with_capacity(code.len());
    let mut number = 0;
    // the number of following lines to mark
    let mut following = 0;
    let mut is_in_part = false;
    for line in code.split_inclusive('\n') {
        match line_comment(line.trim()) {
            Some("highlight-next-line") => following = 1,
            Some(part) => is_in_part = part == "highlight-start",
            None => {
                let (text, count) = without_mark(line);
                following = following.max(count);
                number += 1;
                if is_in_part || following > 0 {
                    let first = match marked.pop_if(|(_, last)| *last + 1 == number) {
                        Some((first, _)) => first,
                        None => number,
                    };
                    marked.push((first, number));
                }
                following = following.saturating_sub(1);
                kept.push_str(&text);
            }
        }
    }
    *code = kept;
    marked
}

/// The comment of Docusaurus that is `line`.
fn line_comment(line: &str) -> Option<&'static str> {
    let inner = line.strip_prefix('{').and_then(|line| line.strip_suffix('}')).unwrap_or(line);
    COMMENTS.iter().find_map(|(open, close)| {
        let comment = inner.strip_prefix(open).and_then(|inner| inner.strip_suffix(close))?.trim();
        LINE_COMMENTS.into_iter().find(|known| *known == comment)
    })
}

/// `line` without the mark at its end, and the number of lines, from this one on, that the mark is for.
fn without_mark(line: &str) -> (String, usize) {
    let (text, end) = line.split_at(line.trim_end().len());
    let cut = || {
        let (before, mark) = text.rsplit_once("[!code ")?;
        COMMENTS.iter().find_map(|(open, close)| {
            let before = before.trim_end().strip_suffix(open)?.trim_end();
            let (words, after) = mark.split_once(']')?;
            let is_mark = after.trim() == *close && words.len() < 40;
            let count = match words.split_once(':') {
                // marks a word
                Some(("word", _)) => 0,
                Some((_, count)) => count.parse().unwrap_or(1),
                None => 1,
            };
            is_mark.then(|| (format!("{before}{end}"), count))
        })
    };
    cut().unwrap_or_else(|| (line.to_owned(), 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code, the code without comments, and the lines that they mark.
    type Case<'a> = (&'a str, &'a str, &'a [(usize, usize)]);

    #[test]
    fn comments_for_other_tools() {
        let cases: [Case<'_>; 11] = [
            ("a\n// highlight-next-line\nb\nc\n", "a\nb\nc\n", &[(2, 2)]),
            ("  # highlight-start\na\nb\n  # highlight-end\nc\n", "a\nb\nc\n", &[(1, 2)]),
            ("{/* highlight-next-line */}\n<a>\n", "<a>\n", &[(1, 1)]),
            ("<!-- highlight-next-line -->\n<a>\n", "<a>\n", &[(1, 1)]),
            ("a // [!code focus]\nb # [!code ++:2]\nc\nd\n", "a\nb\nc\nd\n", &[(1, 3)]),
            ("a <!-- [!code --] -->\n", "a\n", &[(1, 1)]),
            ("a // [!code word:b]\n", "a\n", &[]),
            ("a // [!code hl:99999999999999999999]\n", "a\n", &[(1, 1)]),
            ("a // says highlight-next-line\n", "a // says highlight-next-line\n", &[]),
            ("\"[!code focus]\"\n", "\"[!code focus]\"\n", &[]),
            ("highlight-next-line\n", "highlight-next-line\n", &[]),
        ];
        for (code, expected, lines) in cases {
            let mut text = code.to_owned();
            assert_eq!(take_marks(&mut text), lines, "{code}");
            assert_eq!(text, expected, "{code}");
        }
    }
}
