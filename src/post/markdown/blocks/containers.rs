//! Translates containers between lines of colons: `::: tip A title`.

use super::super::{admonition, inline_html};
use super::{BlockKind, BlockTranslator, OpenBlock};

impl BlockTranslator<'_> {
    /// Begins or ends a container between `:::`.
    pub(super) fn translate_container(&mut self, content: &str, columns: usize, length: usize) -> bool {
        if columns > 3 && !self.in_list {
            return false;
        }
        let colons = content.len() - content.trim_start_matches(':').len();
        let info = content.trim_matches(':').trim();
        if info.is_empty() {
            self.at += length;
            self.end_container(colons);
            return true;
        }
        let container = BlockContainer::parse(info);
        let ends = self.text.get(self.at + length..).is_some_and(|rest| rest.contains(":::"));
        let can_open = ends && !self.is_full();
        let (start, end) = match container.html() {
            Some(html) if can_open => html,
            // another name is that of a place in a design
            _ => (container.title.map(|title| format!("**{title}**")).unwrap_or_default(), ""),
        };
        self.at += length;
        if can_open {
            let indent = self.next_indent(0).saturating_sub(columns).min(4);
            let indent = if self.in_list { 0 } else { indent };
            self.open_block(BlockKind::Colons(colons), columns, indent, &start, end);
        } else {
            self.write_apart(&start, columns);
        }
        true
    }

    /// Ends the innermost container that a line of so many colons can end.
    fn end_container(&mut self, colons: usize) {
        let is_ended = |block: &OpenBlock| matches!(block.kind, BlockKind::Colons(least) if least <= colons);
        let any = |block: &OpenBlock| matches!(block.kind, BlockKind::Colons(_));
        let ended = self
            .open
            .iter()
            .rposition(is_ended)
            .or_else(|| self.open.iter().rposition(any));
        match ended {
            Some(index) => self.close_to(index),
            None => self.write_apart("", 0),
        }
    }
}

/// The first line of a container between `:::`, without its colons.
struct BlockContainer<'a> {
    name: &'a str,
    title: Option<&'a str>,
}

impl<'a> BlockContainer<'a> {
    /// Parses `tip`, `tip A title`, `tip[A title]{#id}`, `{.tip}`.
    fn parse(info: &'a str) -> Self {
        let braced = info.strip_prefix('{').and_then(|info| info.split_once('}'));
        let (head, rest) = braced.unwrap_or_else(|| {
            let end = info
                .find(|c: char| c.is_whitespace() || matches!(c, '[' | '{'))
                .unwrap_or(info.len());
            info.split_at(end)
        });
        let name = head
            .trim_start_matches(['.', ' '])
            .split_whitespace()
            .next()
            .unwrap_or_default();
        let rest = rest.trim();
        let title = match rest.strip_prefix('[') {
            Some(titled) => titled.rsplit_once(']').map_or(titled, |(title, _)| title),
            None => rest.split_once('{').map_or(rest, |(title, _)| title),
        };
        let title = Some(title.trim()).filter(|title| !title.is_empty());
        BlockContainer { name, title }
    }

    /// Its start and its end in HTML, if its name has a meaning.
    fn html(&self) -> Option<(String, &'static str)> {
        if self.name.eq_ignore_ascii_case("details") {
            let title = inline_html(self.title.unwrap_or("Details"));
            return Some((format!("<details>\n<summary>{title}</summary>"), "</details>"));
        }
        admonition::alert_kind(self.name)?;
        Some((admonition::start(self.name, self.title), admonition::END))
    }
}
