//! Translates links in a line: bare addresses, addresses with spaces, and Obsidian's wikilinks.

use memchr::memmem;

use super::super::{line, spaced, wikilink};
use super::{MAX_SPAN, MAX_TAG, Translator, bounded};

impl Translator<'_> {
    /// Ends the bare address here before emphasis or punctuation of Chinese or Japanese, which do not belong to it.
    pub(super) fn end_address(&mut self, prose: &str) -> Option<usize> {
        let scheme = ["https", "http"].into_iter().find(|scheme| self.out.ends_with(scheme))?;
        let before = self.out.get(..self.out.len() - scheme.len())?;
        if before.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '<' | '"' | '\'' | '=' | '/'))
            || before.ends_with("](")
        {
            return None;
        }
        let ends = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"') || is_wide_punctuation(c);
        let run = prose.get(..prose.find(ends).unwrap_or(prose.len()))?;
        if before.ends_with('[') || run.contains(['[', ']']) {
            // the text of a link
            return None;
        }
        let run = run.split("**").next()?;
        let run = run.trim_end_matches(['.', ',', ':', ';', '!', '?', '*', '_', '~', ')', '\'']);
        if run.len() <= "://".len() || self.in_address() || self.in_html_tag() {
            return None;
        }
        self.out.truncate(before.len());
        let address = format!("<{scheme}{run}>");
        self.out.push_str(&address);
        Some(run.len())
    }

    /// Escapes a dollar sign that would begin a formula across a link.
    pub(super) fn escape_dollar(&mut self, prose: &str) -> Option<usize> {
        if self.out.ends_with('$') {
            return None;
        }
        let near = bounded(prose.get(1..)?, MAX_TAG);
        let (formula, _) = near.split_once('$')?;
        let is_across = formula.contains("](") && !formula.contains("\n\n");
        is_across.then(|| {
            self.out.push_str("\\$");
            1
        })
    }

    /// Writes the spaces in an address so that it is one.
    pub(super) fn translate_spaced_address(&mut self, prose: &str) -> Option<usize> {
        let (address, length) = spaced::parse(prose)?;
        self.out.push_str("](");
        self.out.push_str(&address.replace(' ', "%20"));
        Some(length)
    }

    /// Translates a link or an embed of Obsidian, which may contain code. A link whose label is defined is one of Markdown.
    pub(super) fn translate_wikilink(&mut self) -> Option<usize> {
        let link = wikilink::parse(bounded(self.rest(), MAX_SPAN))?;
        if self.is_defined(link.inner) {
            return None;
        }
        self.out.push_str(&link.markdown());
        Some(link.length)
    }

    /// Whether there is a link definition for `label`.
    fn is_defined(&mut self, label: &str) -> bool {
        let text = self.text;
        let labels = self
            .labels
            .get_or_insert_with(|| line::definitions(text).map(|(label, _)| fold_label(label)).collect());
        labels.contains(&fold_label(label))
    }
}

/// Whether the address whose part after `://` is at the start of `rest` seems to contain more than itself: emphasis, or words after
/// punctuation of Chinese or Japanese.
pub(super) fn contains_more_than_address(rest: &[u8]) -> bool {
    let end = rest
        .iter()
        .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'<' | b'>' | b'"'))
        .unwrap_or(rest.len());
    let run = rest.get(..end.min(MAX_TAG)).unwrap_or_default();
    memmem::find(run, b"**").is_some() || run.iter().any(|&byte| matches!(byte, 0xe3 | 0xef))
}

/// Whether `c` is a mark of Chinese or Japanese, which is not part of an address.
fn is_wide_punctuation(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{3020}' | '\u{ff01}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}')
}

/// `label` in the form in which labels are compared (`CommonMark`, section 4.7): without regard to case and white space.
fn fold_label(label: &str) -> String {
    label.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
