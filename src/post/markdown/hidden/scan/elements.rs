//! Hides the elements that browsers do not show, and repairs tags that would hide the following text.

use std::collections::HashMap;

use memchr::{memchr_iter, memmem};

use super::super::super::super::html::is_known;
use super::super::super::super::html::token::{RAW_TEXT, Tag, is_void, start_tag};
use super::super::super::container::HTML_BLOCKS;
use super::super::{EMPTY, Edit, EditReason};
use super::HiddenScanner;

/// Elements whose end tag is optional: they end at the next blank line at the latest.
const OPTIONAL_END_TAG: [&str; 9] = ["p", "li", "dt", "dd", "td", "th", "tr", "option", "rt"];

impl HiddenScanner<'_> {
    /// Hides or repairs the element of a start tag.
    pub(super) fn scan_tag(&mut self, at: usize) {
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
