//! Hides the comments of templates and of other dialects of Markdown.

use std::collections::HashMap;

use memchr::memmem;

use super::super::super::line;
use super::HiddenScanner;

impl HiddenScanner<'_> {
    /// Whether `%%` is between two numbers, as the remainder of a division in R.
    fn is_modulo(&self, at: usize) -> bool {
        let before = self.text.get(..at).unwrap_or_default().trim_end_matches([' ', '\t']);
        let after = self.from(at + 2).trim_start_matches([' ', '\t']);
        let is_apart = before.len() < at && after.len() < self.text.len() - at - 2;
        is_apart && before.ends_with(|c: char| c.is_ascii_digit()) && after.starts_with(|c: char| c.is_ascii_digit())
    }

    /// Hides a comment of Obsidian: `%%` to `%%`, over several lines only if it begins a line.
    pub(super) fn scan_percent_comment(&mut self, at: usize) {
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
    pub(super) fn scan_nunjucks(&mut self, at: usize) {
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
    pub(super) fn scan_remark(&mut self, at: usize) {
        if let Some(end) = self.find("<<}", at + 3)
            && self.inline_end(at).is_some_and(|paragraph| end < paragraph)
        {
            self.hide(at..end + 3, "");
        }
    }

    /// Hides a comment of Liquid, and skips blocks in which its tags are text.
    pub(super) fn scan_liquid(&mut self, at: usize) {
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
    pub(super) fn scan_expression(&mut self, at: usize) {
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
    pub(super) fn scan_kramdown(&mut self, at: usize) {
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
    pub(super) fn scan_script_comment(&mut self, at: usize) {
        if let Some(end) = self.find_in_container(at, "*/}", at + 3) {
            if self.text.get(at + 3..end).is_some_and(line::is_more) {
                self.at = end + 3;
            } else {
                self.hide(at..end + 3, "");
            }
        }
    }

    /// Hides a comment of ERB or JSP, which ends with `sign`.
    pub(super) fn hide_up_to(&mut self, at: usize, sign: &'static str) {
        if let Some(end) = self.find(sign, at + 3) {
            self.hide(at..end + sign.len(), "");
        }
    }
}
