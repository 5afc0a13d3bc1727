//! Finds the hidden parts of a text, and tags that would hide the following text, in one pass. Nothing is searched twice for the same sign.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use memchr::{memchr_iter, memchr3_iter, memmem};

use super::super::super::html::is_known;
use super::super::super::html::token::{RAW_TEXT, Tag, is_void, start_tag};
use super::super::container::{Containers, HTML_BLOCKS};
use super::super::{code, line};
use super::{EMPTY, Edit, EditReason, Edits, Remark};

/// In bytes: the longest marks of quotes and items before a block.
const MOST_MARKS: usize = 200;

/// Elements whose end tag is optional: they end at the next blank line at the latest.
const OPTIONAL_END_TAG: [&str; 9] = ["p", "li", "dt", "dd", "td", "th", "tr", "option", "rt"];

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

    /// Hides a comment of ERB or JSP, which ends with `sign`.
    fn hide_up_to(&mut self, at: usize, sign: &'static str) {
        if let Some(end) = self.find(sign, at + 3) {
            self.hide(at..end + sign.len(), "");
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

    /// The end of the comment of Liquid that begins at `at`. Comments may be nested.
    fn end_of_comment(&mut self, at: usize) -> Option<usize> {
        if self.comments.is_none() {
            let mut ends = HashMap::new();
            let mut open = Vec::new();
            for place in memmem::find_iter(self.text.as_bytes(), b"{%") {
                let blank = ['-', ' ', '\t', '\n'];
                let inner = self.from(place + 2).trim_start_matches(blank);
                let length = inner.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(inner.len());
                let (name, rest) = inner.split_at(length);
                let rest = rest.trim_start_matches(blank);
                if !rest.starts_with("%}") || self.is_code(place) {
                    continue;
                }
                if name == "comment" {
                    open.push(place);
                } else if name == "endcomment"
                    && let Some(start) = open.pop()
                {
                    ends.insert(start, self.text.len() - rest.len() + 2);
                }
            }
            self.comments = Some(ends);
        }
        let known = self.comments.as_ref().and_then(|ends| ends.get(&at)).copied();
        known.or_else(|| self.end_of_block("endcomment", at + 2, "{%", "%}"))
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

    /// Whether `%%` is between two numbers, as the remainder of a division in R.
    fn is_modulo(&self, at: usize) -> bool {
        let before = self.text.get(..at).unwrap_or_default().trim_end_matches([' ', '\t']);
        let after = self.from(at + 2).trim_start_matches([' ', '\t']);
        let is_apart = before.len() < at && after.len() < self.text.len() - at - 2;
        is_apart && before.ends_with(|c: char| c.is_ascii_digit()) && after.starts_with(|c: char| c.is_ascii_digit())
    }

    /// Hides a comment of Obsidian: `%%` to `%%`, over several lines only if it begins a line.
    fn scan_percent_comment(&mut self, at: usize) {
        let before = self.text.get(..at).unwrap_or_default();
        let begins_line = self.marks_before(at).is_some();
        if !begins_line && !before.ends_with([' ', '\t']) {
            return;
        }
        if !begins_line && self.is_modulo(at) {
            return;
        }
        let Some(end) = self.find_in_container(at, "%%", at + 2) else {
            return;
        };
        let is_in_line = self.find("\n", at).is_none_or(|line_end| end < line_end);
        if begins_line || is_in_line {
            self.hide(at..end + 2, "");
        }
    }

    /// Hides a comment of Nunjucks, `{# … #}`. An id in braces is not a comment.
    fn scan_nunjucks(&mut self, at: usize) {
        let inner = self.from(at + 2);
        let length = inner
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':')))
            .unwrap_or(inner.len());
        // `{#so .wide}`
        let after = at + 2 + length;
        let line_end = self.find("\n", after).unwrap_or(self.text.len());
        let close = self.find("}", after).filter(|&close| close < line_end);
        let is_id = length > 0 && close.is_some_and(|close| self.text.as_bytes().get(close - 1) != Some(&b'#'));
        let is_other = self.text.get(..at).is_some_and(|before| before.ends_with(['$', '{']));
        if !is_id
            && !is_other
            && let Some(end) = self.find("#}", at + 2)
        {
            self.hide(at..end + 2, "");
        }
    }

    /// Hides a remark about a change, `{>>why<<}`.
    fn scan_remark(&mut self, at: usize) {
        if let Some(end) = self.find("<<}", at + 3)
            && self.inline_end(at).is_some_and(|paragraph| end < paragraph)
        {
            self.hide(at..end + 3, "");
        }
    }

    /// Hides a comment of Liquid, and skips blocks in which its tags are text.
    fn scan_liquid(&mut self, at: usize) {
        let inner = self.from(at + 2).trim_start_matches(['-', ' ', '\t', '\n']);
        let name = inner
            .split(|c: char| !(c.is_ascii_alphabetic() || c == '#'))
            .next()
            .unwrap_or_default();
        match name {
            "#" => {
                if let Some(end) = self.find("%}", at + 2) {
                    self.hide(at..end + 2, "");
                }
            }
            "comment" => {
                if let Some(end) = self.end_of_comment(at) {
                    self.hide(at..end, "");
                } else {
                    let message = "the comment that begins here does not end, so what follows it is shown".to_owned();
                    self.remark("comment-unclosed", at, 2, message, "close it with `{% endcomment %}`");
                }
            }
            "raw" => self.raw_until = self.find("endraw", at).unwrap_or(self.raw_until),
            "verbatim" => self.raw_until = self.find("endverbatim", at).unwrap_or(self.raw_until),
            "highlight" => self.at = self.find("endhighlight", at).unwrap_or(self.at),
            "codeblock" => self.at = self.find("endcodeblock", at).unwrap_or(self.at),
            "code" => self.at = self.find("endcode", at).unwrap_or(self.at),
            _ => {}
        }
    }

    /// The end of the block that is closed by a tag `name` between `open` and `close`.
    fn end_of_block(&mut self, name: &'static str, from: usize, open: &'static str, close: &str) -> Option<usize> {
        if self.endless.contains(&(name, open)) {
            return None;
        }
        let mut from = from;
        loop {
            let Some(found) = self.find(name, from) else {
                self.endless.insert((name, open));
                return None;
            };
            let blank = ['-', ' ', '\t', '\n'];
            let before = self.text.get(..found)?.trim_end_matches(blank);
            let after = self.from(found + name.len()).trim_start_matches(blank);
            if before.ends_with(open) && after.starts_with(close) {
                return Some(self.text.len() - after.len() + close.len());
            }
            from = found + name.len();
        }
    }

    /// Hides a comment of Hugo's templates or of Handlebars, and Hugo's shortcode for comments.
    fn scan_expression(&mut self, at: usize) {
        let inner = self.from(at + 2);
        let content = inner.trim_start_matches(['-', ' ', '\t', '\n']);
        let end = if content.starts_with("/*") {
            self.find("*/", at + 4).and_then(|end| {
                let after = self.from(end + 2).trim_start_matches(['-', ' ', '\t', '\n']);
                after.starts_with("}}").then(|| self.text.len() - after.len() + 2)
            })
        } else if inner.starts_with("!--") {
            self.find("--}}", at + 5).map(|end| end + 4)
        } else if inner.starts_with('!') {
            self.find("}}", at + 2).map(|end| end + 2)
        } else if let Some(tag) = inner.strip_prefix(['<', '%']) {
            let is_comment = tag
                .trim_start()
                .strip_prefix("comment")
                .is_some_and(|rest| rest.starts_with([' ', '>', '%']));
            let (open, close) = if inner.starts_with('<') {
                ("{{<", ">}}")
            } else {
                ("{{%", "%}}")
            };
            is_comment
                .then(|| self.end_of_block("/comment", at + 3, open, close))
                .flatten()
        } else {
            None
        };
        if let Some(end) = end {
            self.hide(at..end, "");
        }
    }

    /// Hides a comment of kramdown: `{::comment}` to `{:/comment}`.
    fn scan_kramdown(&mut self, at: usize) {
        let options = at + "{::comment".len();
        if !self.from(at).starts_with("{::comment") {
            return;
        }
        let Some(end) = self.find("}", options) else {
            return;
        };
        let start = end + 1;
        let options = self.text.get(options..end).unwrap_or_default();
        if options.ends_with('/') {
            return self.hide(at..start, "");
        }
        let ends = [
            self.find_in_container(at, "{:/comment}", start).map(|end| end + 11),
            self.find_in_container(at, "{:/}", start).map(|end| end + 4),
        ];
        if let Some(end) = ends.into_iter().flatten().min() {
            self.hide(at..end, "");
        }
    }

    /// Hides a comment of MDX: `{/* … */}`. A "more" marker stays.
    fn scan_script_comment(&mut self, at: usize) {
        if let Some(end) = self.find_in_container(at, "*/}", at + 3) {
            if self.text.get(at + 3..end).is_some_and(line::is_more) {
                self.at = end + 3;
            } else {
                self.hide(at..end + 3, "");
            }
        }
    }

    /// Hides or repairs the element of a start tag.
    fn scan_tag(&mut self, at: usize) {
        let Some(tag) = start_tag(self.from(at)) else {
            return;
        };
        self.tag_until = at + tag.written.len();
        let name = tag.name.as_str();
        let is_raw = RAW_TEXT.contains(&name);
        if tag.is_hidden() || name == "template" {
            self.hide_element(at, &tag);
        } else if name == "plaintext" {
            self.escape_tag(at, &tag);
        } else if tag.closes_itself {
            if is_raw || (name == "pre" && self.marks_before(at).is_some()) {
                let end = at + tag.written.len();
                let slash = at + tag.written.rfind('/').unwrap_or_default();
                self.repair(slash..end, format!("></{name}>"));
            }
            if is_known(name) {
                let message = format!("`<{name} … />` means nothing in HTML, and is taken as closed here");
                let mend = format!("write `<{name} …></{name}>`");
                self.remark("html-self-closed", at, tag.written.chars().count(), message, mend);
            }
        } else if is_raw || name == "select" {
            self.scan_raw_text(at, &tag, is_raw);
        }
    }

    /// Scans an element whose content is text, or a `select`. One that does not end is a word in a sentence.
    fn scan_raw_text(&mut self, at: usize, tag: &Tag<'_>, is_raw: bool) {
        let content = at + tag.written.len();
        let mut limit = self.container_end(at);
        if self.marks_before(at).is_none() {
            limit = limit.min(self.next_blank_line(content));
        }
        match self.end_tag(&tag.name, content).filter(|&end| end < limit) {
            Some(end) if is_raw => {
                self.at = self.after_tag(end);
                if matches!(tag.name.as_str(), "script" | "style") {
                    self.found.edits.push(Edit {
                        range: at..self.at,
                        replacement: " ".into(),
                        reason: EditReason::Program,
                    });
                }
            }
            Some(_) => {}
            None if tag.name == "iframe" && tag.attribute("src").is_some() => {
                self.repair(content..content, "</iframe>");
                let message = "`<iframe>` does not end, and is taken as closed here".to_owned();
                self.remark(
                    "html-unclosed",
                    at,
                    tag.written.chars().count(),
                    message,
                    "write `</iframe>` after it",
                );
            }
            None => self.escape_tag(at, tag),
        }
    }

    /// Escapes `tag`, so that it is shown as it is written.
    fn escape_tag(&mut self, at: usize, tag: &Tag<'_>) {
        self.repair(at..at + 1, "&lt;");
        let message = format!("`<{}>` does not end, so it is shown as text", tag.name);
        let mend = format!("close it, or write it as code: `` `<{}>` ``", tag.name);
        self.remark("html-unclosed", at, tag.written.chars().count(), message, mend);
    }

    /// Hides an element that is not shown.
    fn hide_element(&mut self, at: usize, tag: &Tag<'_>) {
        let content = at + tag.written.len();
        let begins_block = self.marks_before(at).is_some();
        let replacement = if begins_block { EMPTY } else { "" };
        if is_void(&tag.name) || tag.closes_itself {
            return self.hide(at..content, replacement);
        }
        let end = if OPTIONAL_END_TAG.contains(&tag.name.as_str()) {
            let blank = self.next_blank_line(content).min(self.container_end(at)).max(content);
            let end = self.end_tag(&tag.name, content).map(|end| self.after_tag(end));
            let end = end.filter(|&end| end < blank).unwrap_or(blank);
            // the line breaks at the end still separate the texts around it
            Some(content.max(at + self.text.get(at..end).unwrap_or_default().trim_end().len()))
        } else {
            let limit = self.latest_end(at).max(content);
            self.end_of_element(&tag.name, content, limit).map(|end| self.after_tag(end))
        };
        match end {
            Some(end) => self.hide(at..end, replacement),
            // a word in a sentence about HTML
            None if tag.name == "template" && !tag.is_hidden() => self.escape_tag(at, tag),
            None => {
                let limit = if HTML_BLOCKS.contains(&tag.name.as_str()) {
                    None
                } else {
                    self.inline_end(at)
                };
                let what = match limit {
                    Some(limit) => {
                        let hidden = self.text.get(at..limit).unwrap_or_default().trim_end();
                        self.hide(at..content.max(at + hidden.len()), replacement);
                        "does not end, so nothing after it in its paragraph is shown"
                    }
                    None => self.hide_the_rest(at, replacement),
                };
                let message = format!("the hidden `<{}>` that begins here {what}", tag.name);
                let mend = format!("close it with `</{}>`", tag.name);
                self.remark("hidden-unclosed", at, tag.written.chars().count(), message, mend);
            }
        }
    }

    /// The offset after the end tag at `at`.
    fn after_tag(&self, at: usize) -> usize {
        self.from(at).find('>').map_or(self.text.len(), |end| at + end + 1)
    }

    /// The offset of the next end tag of `name` at or after `from`.
    fn end_tag(&mut self, name: &str, from: usize) -> Option<usize> {
        if self.ends.is_none() {
            let mut ends: HashMap<String, Vec<usize>> = HashMap::new();
            for at in memmem::find_iter(self.text.as_bytes(), b"</") {
                let named = self.from(at + 2);
                let length = named
                    .find(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
                    .unwrap_or(named.len());
                if (1..=16).contains(&length) && !self.is_code(at) {
                    ends.entry(named[..length].to_ascii_lowercase()).or_default().push(at);
                }
            }
            self.ends = Some(ends);
        }
        let ends = self.ends.as_ref()?.get(name)?;
        ends.get(ends.partition_point(|&end| end < from)).copied()
    }

    /// The offset, before `limit`, of the end tag of the element `name` whose content begins at `from`.
    fn end_of_element(&mut self, name: &str, from: usize, limit: usize) -> Option<usize> {
        // most have no end tag at all
        self.end_tag(name, from).filter(|&end| end < limit)?;
        let mut depth = 1_usize;
        let content = self.text.get(from..limit)?;
        for place in memchr_iter(b'<', content.as_bytes()) {
            let named = content.get(place + 1..)?;
            let (closes, named) = named.strip_prefix('/').map_or((false, named), |named| (true, named));
            let is_same = named.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
                && !named[name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
            if !is_same || self.is_code(from + place) {
                continue;
            }
            if !closes {
                let closes_itself = start_tag(self.from(from + place)).is_some_and(|tag| tag.closes_itself);
                depth += usize::from(!closes_itself);
                continue;
            }
            depth -= 1;
            if depth == 0 {
                return Some(from + place);
            }
        }
        None
    }
}
