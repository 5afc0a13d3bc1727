//! Finds the hidden parts of a text, and tags that would hide the following text, in one pass. Nothing is searched twice for the same sign.

mod elements;
mod templates;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use memchr::{memchr3_iter, memmem};

use super::super::container::Containers;
use super::super::{code, line};
use super::{EMPTY, Edit, EditReason, Edits, Remark};

/// In bytes: the longest marks of quotes and items before a block.
const MOST_MARKS: usize = 200;

/// Scans `text`.
pub(super) fn scan(text: &str) -> Edits {
    let (in_html, code): (Vec<_>, Vec<_>) = code::find(text).into_iter().partition(|&(_, is_html)| is_html);
    let mut in_html = in_html.into_iter().map(|(range, _)| range).peekable();
    let mut definitions = comment_definitions(text).peekable();
    let mut scanner = HiddenScanner {
        text,
        code: code.into_iter().map(|(range, _)| range).collect(),
        comments: None,
        at: 0,
        raw_until: 0,
        ahead: HashMap::new(),
        endless: HashSet::new(),
        ends: None,
        next_blank: 0,
        containers: None,
        tag_until: 0,
        found: Edits::default(),
    };
    let mut code = 0;
    for place in memchr3_iter(b'<', b'{', b'%', text.as_bytes()) {
        while let Some(definition) = definitions.next_if(|&definition| definition < place) {
            scanner.scan_definition(definition);
        }
        while scanner.code.get(code).is_some_and(|range| range.end <= place) {
            code += 1;
        }
        let in_code = scanner.code.get(code).is_some_and(|range| range.contains(&place));
        while in_html.next_if(|range| range.end <= place).is_some() {}
        // in `<code>` and `<pre>` tags of HTML are tags, those of templates are text
        let is_tag = text.as_bytes().get(place) == Some(&b'<') && !scanner.from(place).starts_with("<%");
        let in_code = in_code || (!is_tag && in_html.peek().is_some_and(|range| range.contains(&place)));
        if place >= scanner.at && !in_code && !scanner.is_escaped(place) {
            scanner.scan_construct(place);
        }
    }
    definitions.for_each(|definition| scanner.scan_definition(definition));
    scanner.found
}

/// Returns the offsets of definitions of links that may be comments: `[//]: # (so)`, `[comment]: <> (so)`.
pub(super) fn comment_definitions(text: &str) -> impl Iterator<Item = usize> {
    memmem::find_iter(text.as_bytes(), b"]:").filter_map(|end| {
        let before = text.get(..end)?;
        let mut labels = COMMENT_LABELS.iter();
        let label = labels.find(|label| {
            let start = before.len().checked_sub(label.len());
            let written = start.and_then(|start| before.get(start..));
            written.is_some_and(|written| written.eq_ignore_ascii_case(label))
        })?;
        let start = end - label.len();
        (start > 0 && text.as_bytes().get(start - 1) == Some(&b'[')).then(|| start - 1)
    })
}

/// The labels of definitions of links that are comments.
const COMMENT_LABELS: [&str; 4] = ["//", "comment", "comments", "hidden"];

/// Scans a text front to back.
struct HiddenScanner<'a> {
    text: &'a str,
    code: Vec<Range<usize>>,
    /// Everything before this offset was scanned.
    at: usize,
    /// Template tags before this offset are text.
    raw_until: usize,
    /// The next offset of each sign that was searched for, so that nothing is searched twice for the same sign.
    ahead: HashMap<&'static str, usize>,
    /// The names and opening delimiters of blocks without an end in the rest of the text.
    endless: HashSet<(&'static str, &'static str)>,
    /// The offsets of the end tags of each element; found when first needed.
    ends: Option<HashMap<String, Vec<usize>>>,
    /// The offset of the blank line that was found last.
    next_blank: usize,
    /// The quotes and items of the text; found when first needed.
    containers: Option<Containers>,
    /// The ends of Liquid's comments by their starts; found when first needed.
    comments: Option<HashMap<usize, usize>>,
    /// The end of the last start tag: no HTML comment begins in its attributes.
    tag_until: usize,
    found: Edits,
}

impl<'a> HiddenScanner<'a> {
    fn from(&self, at: usize) -> &'a str {
        self.text.get(at..).unwrap_or_default()
    }

    /// The offset of the next `sign` at or after `from`.
    fn find(&mut self, sign: &'static str, from: usize) -> Option<usize> {
        let known = self.ahead.get(sign).copied().filter(|&place| place >= from);
        let place = known.unwrap_or_else(|| self.from(from).find(sign).map_or(usize::MAX, |place| from + place));
        self.ahead.insert(sign, place);
        (place < self.text.len()).then_some(place)
    }

    /// The offset of the next blank line after `from`, or the end of the text; in a quote a blank line has the quote's mark.
    fn next_blank_line(&mut self, from: usize) -> usize {
        if self.next_blank <= from {
            let is_blank = |line: &str| line.trim_start_matches(['>', ' ', '\t', '\r']).is_empty();
            let mut at = from;
            let mut lines = self.from(from).split('\n');
            at += lines.next().map_or(0, str::len);
            for line in lines {
                if is_blank(line) {
                    break;
                }
                at += line.len() + 1;
            }
            self.next_blank = at;
        }
        self.next_blank
    }

    fn is_escaped(&self, at: usize) -> bool {
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        before.iter().rev().take(64).take_while(|&&byte| byte == b'\\').count() % 2 == 1
    }

    fn is_code(&self, at: usize) -> bool {
        let next = self.code.partition_point(|range| range.end <= at);
        self.code.get(next).is_some_and(|range| range.contains(&at))
    }

    /// Scans the construct that begins at `at`.
    fn scan_construct(&mut self, at: usize) {
        let rest = self.from(at);
        let is_raw = at < self.raw_until;
        match rest.as_bytes() {
            [b'<', b'!', b'-', b'-', ..] => self.scan_comment(at),
            [b'<', b'!' | b'?', ..] => self.scan_declaration(at),
            [b'<', b'%', b'#', ..] => self.hide_up_to(at, "%>"),
            [b'<', b'%', b'-', b'-', ..] => self.hide_up_to(at, "--%>"),
            [b'<', letter, ..] if letter.is_ascii_alphabetic() => self.scan_tag(at),
            [b'%', b'%', ..] => self.scan_percent_comment(at),
            _ if is_raw => {}
            [b'{', b'#', ..] => self.scan_nunjucks(at),
            [b'{', b'%', ..] => self.scan_liquid(at),
            [b'{', b'{', ..] => self.scan_expression(at),
            [b'{', b':', b':', ..] => self.scan_kramdown(at),
            [b'{', b'/', b'*', ..] => self.scan_script_comment(at),
            [b'{', b'>', b'>', ..] => self.scan_remark(at),
            _ => {}
        }
    }

    /// Hides `range`.
    fn hide(&mut self, range: Range<usize>, replacement: &'static str) {
        self.at = range.end;
        self.found.edits.push(Edit {
            range,
            replacement: replacement.into(),
            reason: EditReason::Hidden,
        });
    }

    /// Replaces `range`, which would hide the following text.
    fn repair(&mut self, range: Range<usize>, replacement: impl Into<Cow<'static, str>>) {
        self.at = range.end.max(range.start + 1);
        self.found.edits.push(Edit {
            range,
            replacement: replacement.into(),
            reason: EditReason::Repair,
        });
    }

    /// The text before `at` in its line, if it is only marks of quotes and items.
    fn marks_before(&self, at: usize) -> Option<&'a str> {
        let mut start = at.saturating_sub(MOST_MARKS);
        while !self.text.is_char_boundary(start) {
            start += 1;
        }
        let marks = self.text.get(start..at)?.rsplit('\n').next()?;
        let note = marks.split_once("[^").and_then(|(_, note)| note.split_once("]:"));
        let is_note = note.is_some_and(|(name, _)| !name.contains([' ', '`']));
        let (marks, rest) = marks.split_at(if is_note { marks.find("[^")? } else { marks.len() });
        let rest = rest.split_once("]:").map_or("", |(_, rest)| rest);
        let is_mark = |c: char| matches!(c, ' ' | '\t' | '>' | '-' | '*' | '+' | '.' | ')') || c.is_ascii_digit();
        let is_number = marks.contains(|c: char| c.is_ascii_digit()) && !marks.contains(['.', ')']);
        (marks.chars().chain(rest.chars()).all(is_mark) && !is_number).then_some(marks)
    }

    fn containers(&mut self) -> &mut Containers {
        let text = self.text;
        self.containers.get_or_insert_with(|| Containers::find(text))
    }

    /// The end of the quote or item at `at`, or of the text.
    fn container_end(&mut self, at: usize) -> usize {
        self.containers().end(at)
    }

    /// The latest offset at which a comment or element that begins at `at` may end.
    fn latest_end(&mut self, at: usize) -> usize {
        let text = self.text;
        self.containers().late_end(at, text)
    }

    /// The end of the paragraph, heading or cell at `at`; `None` in HTML.
    fn inline_end(&mut self, at: usize) -> Option<usize> {
        let text = self.text;
        let containers = self.containers();
        (!containers.is_html(at)).then(|| containers.block_end(at, text))
    }

    /// The offset of the next `sign` at or after `from`, in the quote or item at `at`.
    fn find_in_container(&mut self, at: usize, sign: &'static str, from: usize) -> Option<usize> {
        let found = self.find(sign, from)?;
        let is_in_line = self.find("\n", at).is_none_or(|line_end| found < line_end);
        (is_in_line || found < self.latest_end(at)).then_some(found)
    }

    /// Hides the text from `at` to the end of its quote or item, except the line breaks there; returns the message for the author.
    fn hide_the_rest(&mut self, at: usize, replacement: &'static str) -> &'static str {
        let end = self.container_end(at);
        let is_in_container = self.containers().is_in_container(at);
        let hidden = self.text.get(at..end).unwrap_or_default().trim_end();
        self.hide(at..at + hidden.len(), replacement);
        // nothing in it is scanned
        self.at = self.at.max(end);
        if is_in_container {
            "does not end, so nothing after it in its quote or list item is shown"
        } else {
            "does not end, so nothing after it is shown"
        }
    }

    fn remark(&mut self, code: &'static str, at: usize, length: usize, message: String, mend: impl Into<String>) {
        // only the first of each kind is reported
        if self.found.remarks.iter().all(|remark| remark.code != code) {
            self.found.remarks.push(Remark {
                code,
                offset: at,
                length,
                message,
                mend: mend.into(),
            });
        }
    }

    /// Hides an HTML comment. A "more" marker stays.
    fn scan_comment(&mut self, at: usize) {
        let rest = self.from(at);
        if rest.starts_with("<!-->") || rest.starts_with("<!--->") {
            return;
        }
        if at < self.tag_until {
            return;
        }
        let begins_line = self.marks_before(at).is_some();
        let mut end = self.find_in_container(at, "-->", at + 4);
        // a comment in the middle of a line must end in its paragraph, or is text (CommonMark, sections 4.6 and 6.6)
        if !begins_line && let Some(limit) = self.inline_end(at) {
            end = end.filter(|&end| end < limit);
        }
        if let Some(end) = end {
            let content = self.text.get(at + 4..end).unwrap_or_default();
            if content.trim().is_empty() || line::is_more(content) || line::is_tool_comment(content) {
                self.at = end + 3;
            } else {
                self.hide(at..end + 3, EMPTY);
            }
        } else if begins_line {
            let what = self.hide_the_rest(at, EMPTY);
            let message = format!("the comment that begins here {what}");
            self.remark("comment-unclosed", at, 4, message, "close it with `-->`");
        }
    }

    /// Hides a definition of a link at `at` that is a comment, if it begins a block or follows another one.
    fn scan_definition(&mut self, at: usize) {
        let follows = self.found.edits.last().is_some_and(|edit| {
            let between = self.text.get(edit.range.end..at).unwrap_or("x");
            edit.reason == EditReason::Definition && between.trim_start_matches(['>', ' ', '\t', '\r', '\n']).is_empty()
        });
        let is_out = at < self.at || self.is_code(at) || self.marks_before(at).is_none();
        if is_out || !(follows || self.containers().begins_block(at)) {
            return;
        }
        let end = self.next_blank_line(at).min(self.text.len());
        let written = self.text.get(at..end).unwrap_or_default();
        let Some((label, rest)) = written.split_once("]:") else {
            return;
        };
        let target = rest.trim_start_matches([' ', '\t']);
        let length = target.find(|c: char| c.is_ascii_whitespace()).unwrap_or(target.len());
        let (target, title) = target.split_at(length);
        let line = title.split('\n').next().unwrap_or_default();
        let inner = line.trim();
        let is_title = [('(', ')'), ('"', '"'), ('\'', '\'')]
            .iter()
            .any(|&(open, close)| inner.len() > 1 && inner.starts_with(open) && inner.ends_with(close));
        let over_lines = [('(', ")"), ('"', "\""), ('\'', "'")].iter().find_map(|&(open, close)| {
            let content = title.trim_start().strip_prefix(open)?;
            let found = content.find(close)?;
            let after = content.get(found + 1..)?;
            let is_last = after.split('\n').next().is_some_and(|rest| rest.trim().is_empty());
            is_last.then(|| written.len() - after.len())
        });
        let line_end = written.len() - title.len() + line.trim_end().len();
        let length = if is_title || inner.is_empty() && over_lines.is_none() {
            line_end
        } else if let Some(end) = over_lines {
            end
        } else {
            return;
        };
        if target.is_empty() || label.len() > 16 {
            return;
        }
        self.hide(at..at + length, EMPTY);
        if let Some(edit) = self.found.edits.last_mut() {
            edit.reason = EditReason::Definition;
        }
    }

    /// Repairs a declaration that does not end, which HTML would read as a comment.
    fn scan_declaration(&mut self, at: usize) {
        let rest = self.from(at);
        let end = match rest.as_bytes() {
            [b'<', b'?', ..] => "?>",
            _ if rest.starts_with("<![CDATA[") => "]]>",
            [b'<', b'!', letter, ..] if letter.is_ascii_alphabetic() => ">",
            _ => return,
        };
        if self.marks_before(at).is_some() && self.find(end, at + 2).is_none_or(|end| end >= self.container_end(at)) {
            self.repair(at..at + 1, "&lt;");
            let start = rest.get(..2).unwrap_or_default();
            let message = format!("`{start}` does not end, so it is shown as text");
            self.remark("html-unclosed", at, 2, message, format!("close it with `{end}`"));
        }
    }
}
