//! Finds the code in Markdown, which must not be changed ([`find`]), and writes text as code.
//!
//! [`find`] follows the rules of `CommonMark` 0.31.2 for lines (sections 4.4, 4.5, 6.1) without building a tree. In rare nestings it takes
//! code for prose.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::Range;

use super::super::html::token::start_tag;
use super::container::Containers;

/// The open block of code, and how it ends.
enum OpenCode {
    None,
    /// With a fence of this character, at least this long.
    Fence(char, usize),
    /// With a line that contains this.
    Until(&'static str),
    /// A comment, which contains no code, with its end.
    Comment,
}

/// Returns the ranges of code in `markdown`, in order and without overlaps.
pub(super) fn ranges(markdown: &str) -> Vec<Range<usize>> {
    find(markdown).into_iter().map(|(range, _)| range).collect()
}

/// Returns the ranges of code in `markdown`, and whether each is the content of `<code>` or `<pre>`, in which tags are still tags.
pub(super) fn find(markdown: &str) -> Vec<(Range<usize>, bool)> {
    let mut finder = CodeFinder {
        markdown,
        code: Vec::new(),
        open: OpenCode::None,
        limit: markdown.len(),
        paragraph: 0..0,
        after_blank: true,
        in_list: false,
        containers: None,
    };
    let mut at = 0;
    for line in markdown.split_inclusive('\n') {
        let here = at..at + line.len();
        at = here.end;
        if here.start >= finder.limit {
            finder.leave_container(here.start);
        }
        if !finder.continue_block(line, &here) {
            finder.begin_line(line, here);
        }
    }
    add_inline_code(markdown, &finder.paragraph, &mut finder.code);
    finder.code
}

/// Finds code, line by line.
struct CodeFinder<'a> {
    markdown: &'a str,
    code: Vec<(Range<usize>, bool)>,
    open: OpenCode,
    /// The end of the container of the open block.
    limit: usize,
    paragraph: Range<usize>,
    after_blank: bool,
    in_list: bool,
    /// Found when first needed.
    containers: Option<Containers>,
}

impl CodeFinder<'_> {
    /// Ends the open block, because its container ends at `at`.
    fn leave_container(&mut self, at: usize) {
        self.limit = self.markdown.len();
        self.open = OpenCode::None;
        self.paragraph = at..at;
        self.after_blank = true;
    }

    /// Continues the open block with `line`, at `here`; returns `false` if no block is open.
    fn continue_block(&mut self, line: &str, here: &Range<usize>) -> bool {
        let is_last = match self.open {
            OpenCode::None => return false,
            OpenCode::Fence(mark, length) => {
                self.code.push((here.clone(), false));
                is_closing_fence(line, mark, length)
            }
            OpenCode::Until(end) => {
                self.code.push((here.clone(), true));
                contains_ignoring_case(line, end)
            }
            OpenCode::Comment => {
                let is_last = line.contains("-->");
                self.paragraph.end = here.end;
                if is_last {
                    self.paragraph = here.end..here.end;
                }
                is_last
            }
        };
        if is_last {
            self.open = OpenCode::None;
        }
        true
    }

    /// Takes `line`, at `here`, which does not belong to an open block.
    fn begin_line(&mut self, line: &str, here: Range<usize>) {
        let content = without_container_marks(line);
        let indent = indent(line);
        let is_blank = line.trim().is_empty();
        let is_indented = indent >= 4 && !is_blank && !self.in_list && self.after_blank;
        self.open = if is_indented { OpenCode::None } else { opened_by(content) };
        let is_open = !matches!(self.open, OpenCode::None);
        self.limit = self.markdown.len();
        if is_open && content.len() < line.len() {
            let containers = self.containers.get_or_insert_with(|| Containers::find(self.markdown));
            self.limit = containers.end(here.start);
        }
        if is_blank || is_indented || is_open || is_tag_line(content) {
            add_inline_code(self.markdown, &self.paragraph, &mut self.code);
            self.paragraph = here.end..here.end;
        } else {
            self.paragraph.end = here.end;
        }
        if matches!(self.open, OpenCode::Comment) {
            self.after_blank = false;
            return;
        }
        if is_indented {
            self.code.push((here, false));
            // `after_blank` stays: the next line is code too if it is indented as much
            return;
        }
        if is_open {
            self.code.push((here, matches!(self.open, OpenCode::Until(_))));
        }
        if is_item(line) {
            self.in_list = true;
        } else if !is_blank && indent == 0 && self.after_blank {
            self.in_list = false;
        }
        self.after_blank = is_blank || is_heading(content);
    }
}

/// The block that a line with this `content` opens.
fn opened_by(content: &str) -> OpenCode {
    for mark in ['`', '~'] {
        let length = content.chars().take_while(|&c| c == mark).count();
        if length >= 3 && !(mark == '`' && content[length..].contains('`')) {
            return OpenCode::Fence(mark, length);
        }
    }
    let is_pre = starts_ignoring_case(content, "<pre") && content[4..].starts_with(['>', ' ', '\t', '\n']);
    if is_pre && !contains_ignoring_case(content, "</pre") && !content.trim_end().ends_with("/>") {
        return OpenCode::Until("</pre");
    }
    if content.starts_with("<!--") && !content.get(4..).unwrap_or_default().contains("-->") {
        return OpenCode::Comment;
    }
    OpenCode::None
}

fn is_closing_fence(line: &str, mark: char, length: usize) -> bool {
    let line = line.trim_start_matches([' ', '\t', '>']).trim_end();
    line.len() >= length && line.chars().all(|c| c == mark)
}

/// `line` without the marks of quotes and list items before its content.
fn without_container_marks(line: &str) -> &str {
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

/// Whether the line begins a list item or a footnote, to which the indented lines below belong.
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

/// Whether the line is only a template tag: a code span does not continue after it.
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

fn starts_ignoring_case(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start))
}

fn contains_ignoring_case(text: &str, what: &str) -> bool {
    text.to_ascii_lowercase().contains(what)
}

/// Adds the code of a paragraph: from a run of backticks to the next run of the same length, and the content of `<code>` and `<pre>`.
fn add_inline_code(markdown: &str, paragraph: &Range<usize>, code: &mut Vec<(Range<usize>, bool)>) {
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
    let mut elements = code_elements(text).into_iter().peekable();
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
        // searched for only if it exists, and then skipped, so that the time stays linear
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

/// The ranges of the contents of `<code>` and `<pre>` in a paragraph.
fn code_elements(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    // the end and the name of the open start tag
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
                if starts_ignoring_case(named, name) && named[name.len()..].starts_with(['>', ' ', '\t', '\n']) {
                    found.push(start..at);
                    open = None;
                }
            }
            None => {
                let name = ["code", "pre"]
                    .into_iter()
                    .find(|name| starts_ignoring_case(&rest[1..], name));
                let tag = name.and_then(|name| start_tag(rest).filter(|tag| tag.name == name && !tag.closes_itself));
                open = name.zip(tag).map(|(name, tag)| (at + tag.written.len(), name));
            }
        }
    }
    found
}

/// The start tag of an unknown tag of another tool that is shown as code. The class keeps it out of summaries, and cleaning removes it.
pub(super) const UNKNOWN_TAG: &str = "<code class=\"template-tag\">";

/// Returns `tag`, an unknown tag of another tool, as code in HTML, which is the same in Markdown and inside a block of HTML.
pub(super) fn unknown_tag(tag: &str) -> String {
    let mut out = UNKNOWN_TAG.to_owned();
    for c in tag.chars() {
        match c {
            _ if c.is_whitespace() => out.push(' '),
            // no mark of Markdown and no sign of HTML
            _ if c.is_ascii_punctuation() => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push_str("</code>");
    out
}

/// Returns `text` as a code span.
pub(super) fn code_span(text: &str) -> String {
    let fence = "`".repeat(longest_run(text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Writes `content` as a fenced code block on its own lines, with the indent of the line on which it begins.
pub(super) fn push_block(out: &mut String, language: &str, content: &str) {
    let fence = "`".repeat(longest_run(content).max(2) + 1);
    // only the white space at the end of the line is read, because a line may be as long as the text
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
        // code is between `«` and `»`
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
