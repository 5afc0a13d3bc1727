//! Code in Markdown: where a text holds it, which nobody may rewrite, and how text is written as it.
//!
//! [`ranges`] reads lines as `CommonMark` 0.31.2 does (sections 4.4, 4.5, 6.1) but keeps no tree: in rare nestings it errs towards prose.

use std::collections::HashMap;
use std::ops::Range;

use super::super::html::token::start_tag;
use super::container::Containers;

/// What an open block of code waits for.
enum Block {
    None,
    /// A fence of this character, at least this long.
    Fence(char, usize),
    /// A line that holds this.
    Until(&'static str),
    /// The end of a comment, in which nothing is code.
    Comment,
}

/// The code in `markdown`, in order, apart from each other.
pub(super) fn ranges(markdown: &str) -> Vec<Range<usize>> {
    find(markdown).into_iter().map(|(range, _)| range).collect()
}

/// The code in `markdown`, and of each whether it is that of `<code>` or `<pre>`, where other tags still are tags.
pub(super) fn find(markdown: &str) -> Vec<(Range<usize>, bool)> {
    let mut code = Vec::new();
    let mut block = Block::None;
    let mut paragraph = 0..0;
    let mut after_blank = true;
    let mut in_list = false;
    let mut at = 0;
    let mut containers = None;
    // where the container ends that the open block stands in
    let mut limit = markdown.len();
    for line in markdown.split_inclusive('\n') {
        let here = at..at + line.len();
        at = here.end;
        if here.start >= limit {
            limit = markdown.len();
            block = Block::None;
            paragraph = here.start..here.start;
            after_blank = true;
        }
        match block {
            Block::Fence(mark, length) => {
                code.push((here, false));
                if closes(line, mark, length) {
                    block = Block::None;
                }
                continue;
            }
            Block::Until(end) => {
                code.push((here, true));
                if contains(line, end) {
                    block = Block::None;
                }
                continue;
            }
            Block::Comment => {
                paragraph.end = here.end;
                if line.contains("-->") {
                    block = Block::None;
                    paragraph = here.end..here.end;
                }
                continue;
            }
            Block::None => {}
        }
        let content = within_containers(line);
        let indent = indent(line);
        let blank = line.trim().is_empty();
        let indented = indent >= 4 && !blank && !in_list && after_blank;
        block = if indented { Block::None } else { opened_by(content) };
        limit = markdown.len();
        if !matches!(block, Block::None) && content.len() < line.len() {
            limit = containers.get_or_insert_with(|| Containers::of(markdown)).end(here.start);
        }
        if blank || indented || !matches!(block, Block::None) || is_tag_line(content) {
            spans(markdown, &paragraph, &mut code);
            paragraph = here.end..here.end;
        } else {
            paragraph.end = here.end;
        }
        if matches!(block, Block::Comment) {
            after_blank = false;
            continue;
        }
        if indented {
            code.push((here, false));
            // the next line is code too if it is as deep
            continue;
        }
        if !matches!(block, Block::None) {
            code.push((here, matches!(block, Block::Until(_))));
        }
        if is_item(line) {
            in_list = true;
        } else if !blank && indent == 0 && after_blank {
            in_list = false;
        }
        after_blank = blank || is_heading(content);
    }
    spans(markdown, &paragraph, &mut code);
    code
}

/// What the line `content` opens.
fn opened_by(content: &str) -> Block {
    for mark in ['`', '~'] {
        let length = content.chars().take_while(|&c| c == mark).count();
        if length >= 3 && !(mark == '`' && content[length..].contains('`')) {
            return Block::Fence(mark, length);
        }
    }
    let is_pre = starts(content, "<pre") && content[4..].starts_with(['>', ' ', '\t', '\n']);
    if is_pre && !contains(content, "</pre") && !content.trim_end().ends_with("/>") {
        return Block::Until("</pre");
    }
    if content.starts_with("<!--") && !content.get(4..).unwrap_or_default().contains("-->") {
        return Block::Comment;
    }
    Block::None
}

fn closes(line: &str, mark: char, length: usize) -> bool {
    let line = line.trim_start_matches([' ', '\t', '>']).trim_end();
    line.len() >= length && line.chars().all(|c| c == mark)
}

/// The line without the marks of quotes and list items before its content.
fn within_containers(line: &str) -> &str {
    let mut rest = line.trim_start();
    loop {
        let next = match rest.strip_prefix('>') {
            Some(quoted) => quoted,
            None if is_item(rest) => rest.split_once([' ', '\t']).map_or("", |(_, content)| content),
            None => return rest,
        };
        rest = next.trim_start();
    }
}

/// Whether the line begins a list item or a footnote, so that what is indented below it belongs to it.
fn is_item(line: &str) -> bool {
    let line = line.trim_start();
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let after = match line.as_bytes().first() {
        Some(b'-' | b'+' | b'*') => &line[1..],
        Some(b'0'..=b'9') if digits < 10 && line[digits..].starts_with(['.', ')']) => &line[digits + 1..],
        Some(b'[') => return line.starts_with("[^") && line.contains("]:"),
        _ => return false,
    };
    after.starts_with([' ', '\t', '\n'])
}

fn is_heading(content: &str) -> bool {
    content.starts_with('#')
}

/// Whether the line is a template tag alone, which no code span reaches across.
fn is_tag_line(content: &str) -> bool {
    let content = content.trim();
    (content.starts_with("{%") && content.ends_with("%}")) || (content.starts_with("{{") && content.ends_with("}}"))
}

fn indent(line: &str) -> usize {
    line.bytes()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .map(|byte| if byte == b'\t' { 4 } else { 1 })
        .sum()
}

fn starts(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start))
}

fn contains(text: &str, what: &str) -> bool {
    text.to_ascii_lowercase().contains(what)
}

/// Adds the code of a paragraph: from a run of backticks to the next run as long, and what stands in `<code>` or `<pre>`.
fn spans(markdown: &str, paragraph: &Range<usize>, code: &mut Vec<(Range<usize>, bool)>) {
    let text = markdown.get(paragraph.clone()).unwrap_or_default();
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut last_of_length = HashMap::new();
    for (at, _) in text.match_indices('`') {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end += 1,
            _ => runs.push(at..at + 1),
        }
    }
    for (index, run) in runs.iter().enumerate() {
        last_of_length.insert(run.len(), index);
    }
    let mut elements = elements(text).into_iter().peekable();
    let mut done = 0;
    let mut index = 0;
    while let Some(run) = runs.get(index) {
        while let Some(element) = elements.next_if(|element| element.start < run.start) {
            if element.start >= done {
                done = element.end;
                code.push((paragraph.start + element.start..paragraph.start + element.end, true));
            }
        }
        let escaped = text[..run.start].ends_with('\\') && !text[..run.start].ends_with("\\\\");
        let closable = last_of_length.get(&run.len()).is_some_and(|&last| last > index);
        index += 1;
        if escaped || !closable || run.start < done {
            continue;
        }
        // looked for only where it is known to be there, and never looked at again: the time stays linear
        if let Some(distance) = runs.iter().skip(index).position(|other| other.len() == run.len()) {
            let end = runs.get(index + distance).map_or(run.end, |close| close.end);
            code.push((paragraph.start + run.start..paragraph.start + end, false));
            done = end;
            index += distance + 1;
        }
    }
    for element in elements {
        if element.start >= done {
            done = element.end;
            code.push((paragraph.start + element.start..paragraph.start + element.end, true));
        }
    }
}

/// The contents of `<code>` and `<pre>` in a paragraph.
fn elements(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    // the start tag that is open
    let mut open: Option<(usize, &str)> = None;
    let mut comment_until = 0;
    for at in memchr::memchr_iter(b'<', text.as_bytes()) {
        let rest = text.get(at..).unwrap_or_default();
        if at < comment_until {
            continue;
        }
        if let Some(comment) = rest.strip_prefix("<!--") {
            comment_until = comment.find("-->").map_or(at, |end| at + 4 + end);
            continue;
        }
        match open {
            Some((start, name)) => {
                let named = rest.strip_prefix("</").unwrap_or_default();
                if starts(named, name) && named[name.len()..].starts_with(['>', ' ', '\t', '\n']) {
                    found.push(start..at);
                    open = None;
                }
            }
            None => {
                let name = ["code", "pre"].into_iter().find(|name| starts(&rest[1..], name));
                let tag = name.and_then(|name| start_tag(rest).filter(|tag| tag.name == name && !tag.closes_itself));
                open = name.zip(tag).map(|(name, tag)| (at + tag.written.len(), name));
            }
        }
    }
    found
}

/// `text` as a code span.
pub(super) fn span(text: &str) -> String {
    let fence = "`".repeat(longest_run(text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Writes `content` as a fenced code block, on lines of its own, as deep as the line it begins on.
pub(super) fn push_block(out: &mut String, language: &str, content: &str) {
    let fence = "`".repeat(longest_run(content).max(2) + 1);
    // a line may be as long as the text: only its blank end is looked at
    let before = out.trim_end_matches([' ', '\t']);
    let begins_line = before.is_empty() || before.ends_with('\n');
    let indent = if begins_line {
        out.get(before.len()..).unwrap_or_default().to_owned()
    } else {
        String::new()
    };
    if !begins_line {
        out.push_str("\n\n");
    }
    out.push_str(&fence);
    out.push_str(language);
    out.push('\n');
    let content = content.strip_prefix('\n').unwrap_or(content);
    out.push_str(content.trim_end());
    out.push('\n');
    out.push_str(&indent);
    out.push_str(&fence);
    out.push('\n');
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_prose() {
        // code is what stands between `«` and `»`
        let cases = [
            ("spans", "a «`b`» c «``d ` e``» f"),
            ("a run without an end", "a ` b\n\nc ` d"),
            ("a span over lines", "a «`b\nc`» d"),
            ("an escaped mark", "a \\` b ` c"),
            ("a fence", "a\n«```rust\n»«`b\n»«```\n»c"),
            ("a fence without an end", "a\n«~~~\n»«b\n»«\n»«c»"),
            ("a longer fence", "«````\n»«```\n»«````\n»a"),
            ("a fence in a list", "- a\n\n«  ```\n»«  b\n»«  ```\n»\n- c"),
            ("a fence in a quote", "«> ```\n»«> b\n»«> ```\n»\nc"),
            ("a fence without an end in a quote", "«> ```\n»«> a\n»\nb"),
            (
                "a fence without an end in an item",
                "- a\n\n«  ```\n»«  b\n»«\n»- c `d\n\ne` f",
            ),
            ("a comment without an end in a quote", "> <!-- a\n\n«`b`»\n\n<!--\n`c`\n-->"),
            ("indented", "a\n\n«    b\n»«    c\n»d"),
            ("not indented code: a paragraph goes on", "a\n    b"),
            ("not indented code: in a list", "- a\n\n    b\n\nc"),
            ("preformatted", "«<pre>\n»«b\n»«</pre>\n»c"),
            ("elements", "a <code>«{# b #}»</code> c <pre>«<code>%%`d%%</code>»</pre>"),
            ("an element in a span", "«`<code>`» a </code> <code class=x>«b `»</code> `c"),
            ("an element in a comment", "<!-- <code> --> a </code> <code>b"),
            ("a comment", "<!--\n```\n`b`\n-->\n`c d\n\n«    e»"),
            ("no span across a tag", "{% x %} `a\n{% y %}\nb` c"),
        ];
        for (name, marked) in cases {
            let text = marked.replace(['«', '»'], "");
            let mut shown = text.clone();
            for range in ranges(&text).iter().rev() {
                shown.insert(range.end, '»');
                shown.insert(range.start, '«');
            }
            assert_eq!(shown, marked, "{name}");
        }
    }
}
