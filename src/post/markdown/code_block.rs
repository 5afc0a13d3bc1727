//! Tidies blocks of code: their language and title, and the comments that tell another tool which lines to mark.

use comrak::Node;
use comrak::nodes::{NodeCodeBlock, NodeHtmlBlock, NodeValue};

use super::fence;

/// Comments of Docusaurus that stand alone on a line.
const LINE_COMMENTS: [&str; 3] = ["highlight-next-line", "highlight-start", "highlight-end"];

/// What comments begin and end with.
const COMMENTS: [(&str, &str); 6] = [("//", ""), ("#", ""), ("--", ""), ("%", ""), ("/*", "*/"), ("<!--", "-->")];

/// Keeps only the language of the words after the fence of each block of code, and leaves out the comments for another tool.
pub(super) fn tidy(root: Node<'_>) {
    for node in root.descendants() {
        let mut data = node.data_mut();
        let NodeValue::CodeBlock(block) = &mut data.value else {
            continue;
        };
        take_language(block);
        remove_marks(&mut block.literal);
        let fence = fence::parse(&block.info);
        let (title, language) = (fence.title.map(str::to_owned), fence.language.to_owned());
        match title {
            // comrak writes no attributes of `pre`
            Some(title) => {
                let class = match language.as_str() {
                    "" => String::new(),
                    language => format!(
                        " class=\"language-{}\"",
                        html_escape::encode_double_quoted_attribute(language)
                    ),
                };
                let literal = format!(
                    "<pre title=\"{}\"><code{class}>{}</code></pre>\n",
                    html_escape::encode_double_quoted_attribute(&title),
                    html_escape::encode_safe(&block.literal)
                );
                let block_type = 1;
                data.value = NodeValue::HtmlBlock(NodeHtmlBlock { block_type, literal });
            }
            None => block.info = language,
        }
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

/// Leaves out the comments that name lines to mark: `// highlight-next-line` on a line of its own, `// [!code focus]` at the end of one.
fn remove_marks(code: &mut String) {
    if !code.contains("highlight-") && !code.contains("[!code ") {
        return;
    }
    let kept = code
        .split_inclusive('\n')
        .filter(|line| !is_line_comment(line.trim()))
        .map(without_mark);
    *code = kept.collect();
}

fn is_line_comment(line: &str) -> bool {
    let inner = line.strip_prefix('{').and_then(|line| line.strip_suffix('}')).unwrap_or(line);
    COMMENTS.iter().any(|(open, close)| {
        let comment = inner.strip_prefix(open).and_then(|inner| inner.strip_suffix(close));
        comment.is_some_and(|comment| LINE_COMMENTS.contains(&comment.trim()))
    })
}

/// `line` without the mark at its end.
fn without_mark(line: &str) -> String {
    let (text, end) = line.split_at(line.trim_end().len());
    let cut = || {
        let (before, mark) = text.rsplit_once("[!code ")?;
        COMMENTS.iter().find_map(|(open, close)| {
            let before = before.trim_end().strip_suffix(open)?.trim_end();
            let (words, after) = mark.split_once(']')?;
            let is_mark = after.trim() == *close && words.len() < 40;
            is_mark.then(|| format!("{before}{end}"))
        })
    };
    cut().unwrap_or_else(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_for_other_tools() {
        let cases = [
            ("a\n// highlight-next-line\nb\n", "a\nb\n"),
            ("  # highlight-start\na\n  # highlight-end\n", "a\n"),
            ("{/* highlight-next-line */}\n<a>\n", "<a>\n"),
            ("<!-- highlight-next-line -->\n<a>\n", "<a>\n"),
            ("a // [!code focus]\nb # [!code ++:2]\n", "a\nb\n"),
            ("a <!-- [!code --] -->\n", "a\n"),
            ("a // says highlight-next-line\n", "a // says highlight-next-line\n"),
            ("\"[!code focus]\"\n", "\"[!code focus]\"\n"),
            ("highlight-next-line\n", "highlight-next-line\n"),
        ];
        for (code, expected) in cases {
            let mut code = code.to_owned();
            let written = code.clone();
            remove_marks(&mut code);
            assert_eq!(code, expected, "{written}");
        }
    }
}
