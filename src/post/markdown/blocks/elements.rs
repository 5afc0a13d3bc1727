//! Translates elements that stand alone on their lines: tags of JSX, and elements with `markdown="1"`.

use memchr::memmem;

use super::super::jsx::{self, JsxTag};
use super::super::shortcode::{Meaning, Shortcode};
use super::{BlockKind, BlockTranslator, OpenBlock};

/// The most different elements whose ends are searched for. No text has more.
const MAX_NAMES: usize = 200;

impl<'a> BlockTranslator<'a> {
    /// Translates a component with its content on one line: `<TabItem label="A">b</TabItem>`.
    pub(super) fn translate_one_line(&mut self, own: &str, start: usize, columns: usize) -> bool {
        let line = own.trim_end();
        let Some(tag) = jsx::parse(line)
            .ok()
            .filter(|tag| tag.is_component() && !tag.closes && !tag.closes_itself)
        else {
            return false;
        };
        let inner = line
            .get(tag.length..)
            .and_then(|rest| rest.strip_suffix(&format!("</{}>", tag.name)));
        let Some(inner) = inner.filter(|inner| !inner.contains(&format!("<{}", tag.name))) else {
            return false;
        };
        let Meaning::Block { start: opening, end } = Shortcode::of_component(&tag).meaning() else {
            return false;
        };
        if self.is_full() || opening.is_empty() && end.is_empty() {
            return false;
        }
        self.begun += usize::from(!end.is_empty());
        self.write_apart(&opening, columns);
        let offset = self.at + start + tag.length;
        self.out.extend(std::iter::repeat_n(' ', columns));
        self.copy(inner.trim(), offset);
        self.at += start + own.len();
        self.write_apart(&end, columns);
        true
    }

    /// Translates the tags that stand alone on their lines: those of JSX, and those with `markdown="1"`.
    pub(super) fn translate_element(&mut self, start: usize, columns: usize) -> bool {
        let text: &'a str = self.text;
        let mut tags = Vec::new();
        let mut at = self.at + start;
        loop {
            let rest = text.get(at..).unwrap_or_default();
            let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            let rest = rest.get(blank..).unwrap_or_default();
            if rest.is_empty() || rest.starts_with('\n') || rest.starts_with("\r\n") {
                at += blank + rest.find('\n').map_or(0, |newline| newline + 1);
                break;
            }
            if at + blank < self.no_tag_until {
                return false;
            }
            match jsx::parse(rest) {
                Ok(tag) => {
                    at += blank + tag.length;
                    tags.push(tag);
                }
                Err(jsx::TagError::Endless(length)) => {
                    self.no_tag_until = at + blank + length;
                    return false;
                }
                Err(jsx::TagError::Other) => return false,
            }
        }
        let is_own = tags.iter().any(|tag| self.is_own_tag(tag, at));
        if !is_own {
            self.count_elements(&tags);
            return false;
        }
        let begin = self.at + start;
        self.at = at;
        for tag in &tags {
            self.translate_tag(tag, columns, begin);
        }
        true
    }

    /// Whether `tag`, which ends before offset `after`, is translated: a component, braces, Markdown inside, or the end of an open block.
    fn is_own_tag(&mut self, tag: &JsxTag<'_>, after: usize) -> bool {
        let is_of_open = |block: &OpenBlock| matches!(&block.kind, BlockKind::Element(name, _) if name == tag.name);
        if tag.has_braces || tag.attribute("markdown").is_some() || (tag.closes && self.open.iter().any(is_of_open)) {
            return true;
        }
        // `<T>` alone is a word
        tag.is_component() && (tag.closes || tag.closes_itself || self.has_end(tag.name, after))
    }

    /// Counts elements with the names of open blocks, whose end tags do not end those blocks.
    fn count_elements(&mut self, tags: &[JsxTag<'_>]) {
        for tag in tags.iter().filter(|tag| !tag.closes && !tag.closes_itself) {
            for block in self.open.iter_mut().rev() {
                if let BlockKind::Element(name, inner) = &mut block.kind
                    && name == tag.name
                {
                    *inner += 1;
                    break;
                }
            }
        }
    }

    fn translate_tag(&mut self, tag: &JsxTag<'_>, columns: usize, begin: usize) {
        if tag.closes {
            return self.end_element(tag, columns);
        }
        let meaning = if let Some(start) = tag.link() {
            let end = "</a>".to_owned();
            Meaning::Block { start, end }
        } else if tag.is_component() {
            Shortcode::of_component(tag).meaning()
        } else {
            Meaning::Unknown
        };
        let (start, end) = match meaning {
            Meaning::Markdown(markdown) => (markdown, String::new()),
            Meaning::Block { start, end } => (start, end),
            _ if tag.is_component() => {
                if tag.closes_itself {
                    self.left_out.push((begin, format!("<{}", tag.name)));
                }
                (String::new(), String::new())
            }
            _ if tag.closes_itself => (tag.html(), String::new()),
            _ => (without_markdown(tag).html(), format!("</{}>", tag.name)),
        };
        if tag.closes_itself || self.is_full() || !self.has_end(tag.name, self.at) {
            // what does not end has no start either
            return self.write_apart(if end.is_empty() { &start } else { "" }, columns);
        }
        let indent = self.next_indent(0).saturating_sub(columns).min(8);
        self.open_block(BlockKind::Element(tag.name.to_owned(), 0), columns, indent, &start, &end);
    }

    /// Whether the element `name` ends at offset `from` or later.
    pub(super) fn has_end(&mut self, name: &str, from: usize) -> bool {
        if self.ends.len() >= MAX_NAMES && !self.ends.contains_key(name) {
            return false;
        }
        let text = self.text;
        let last = self.ends.entry(name.to_owned());
        let last = last.or_insert_with(|| memmem::rfind(text.as_bytes(), format!("</{name}").as_bytes()));
        last.is_some_and(|last| last >= from)
    }

    fn end_element(&mut self, tag: &JsxTag<'_>, columns: usize) {
        let mut open = self.open.iter_mut().enumerate().rev();
        let ended = open.find_map(|(index, block)| match &mut block.kind {
            BlockKind::Element(name, inner) if name == tag.name => Some((index, inner)),
            _ => None,
        });
        match ended {
            Some((index, 0)) => self.close_to(index),
            Some((_, inner)) => {
                *inner -= 1;
                self.write_apart(&tag.html(), columns);
            }
            None if tag.is_component() => self.write_apart("", columns),
            None => self.write_apart(&tag.html(), columns),
        }
    }
}

/// `tag` without the attribute that says that its content is Markdown.
fn without_markdown<'a>(tag: &JsxTag<'a>) -> JsxTag<'a> {
    JsxTag {
        attributes: tag
            .attributes
            .iter()
            .copied()
            .filter(|(name, _)| *name != "markdown")
            .collect(),
        ..*tag
    }
}
