//! Parses front matter in YAML 1.2 into fields that keep their spelling.
//!
//! The tree is built from the events of a parser, with limits of its own. Anchors and aliases are resolved; tags are ignored, except
//! `!!str`. A text that is not valid YAML goes to the lenient parser; one that exceeds a limit is refused.

pub(super) mod tree;

use self::tree::{YamlMapping, parse_strict, refuse};
use super::key::KeyLine;
use super::lenient;
use super::mapping::{ParsedFields, merge_repeated, warn_of_repeated};
use super::parts::FrontMatterText;
use crate::diagnostic::Diagnostic;

/// Parses `block`.
pub(super) fn parse_yaml(block: FrontMatterText<'_, '_>) -> Result<ParsedFields, Diagnostic> {
    let error = match parse_strict(block.text, block.line) {
        Ok(mapping) => return Ok(into_fields(block, mapping)),
        Err(error) => error,
    };
    if error.is_limit {
        return Err(refuse(block, &error));
    }
    // a tab is allowed between the colon and the value (YAML 1.2.2, section 6.2), but the parser refuses it
    let text = indent_quoted(block.text).replace(":\t", ": ");
    if let Ok(mapping) = parse_strict(&text, block.line) {
        return Ok(into_fields(block, mapping));
    }
    // a space for each tab keeps the positions
    let text = text.replace('\t', " ");
    if let Ok(mapping) = parse_strict(&text, block.line) {
        let mut parsed = into_fields(block, mapping);
        let message = "a tab stands where YAML wants spaces; it is read as one space".to_owned();
        let mend = "write spaces instead of tabs".to_owned();
        parsed.remarks.insert(0, block.file.warn("yaml-tab", error.at, message, mend));
        return Ok(parsed);
    }
    lenient::parse_yaml(block, &text, &error)
}

/// Returns `text` with a space before each line that continues a quoted text in the first column.
///
/// YAML 1.2.2, section 7.3, requires it, but libyaml and js-yaml do not, so published posts do not have it.
fn indent_quoted(text: &str) -> String {
    let mut indented = String::with_capacity(text.len());
    let mut open = None;
    for line in text.split_inclusive('\n') {
        // `draft: true` must not become part of an unclosed quote
        open = open.filter(|_| !KeyLine::split(line.trim_end()).is_some_and(|key| key.is_known()));
        if open.is_some() && !line.starts_with([' ', '\t', '\n']) {
            indented.push(' ');
        }
        indented.push_str(line);
        open = match open {
            Some(quote) if closes(line, quote) => None,
            Some(quote) => Some(quote),
            None => open_quote(line),
        };
    }
    indented
}

/// The quote at the start of the value in `line`, if the line does not close it.
fn open_quote(line: &str) -> Option<char> {
    let line = line.trim();
    let value = KeyLine::split(line)
        .map(|key| key.value)
        .or_else(|| line.strip_prefix("- "))?;
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let rest = value.get(1..)?;
    (!closes(rest, quote)).then_some(quote)
}

/// Whether `text` contains a `quote` that is not escaped.
fn closes(text: &str, quote: char) -> bool {
    let escape = if quote == '"' { "\\\"" } else { "''" };
    text.replace("\\\\", "").replace(escape, "").contains(quote)
}

/// Makes fields of `mapping`, the YAML of `block`.
fn into_fields(block: FrontMatterText<'_, '_>, mapping: YamlMapping) -> ParsedFields {
    let mut repeated = mapping.repeated;
    let fields = merge_repeated(mapping.entries, &mut repeated);
    let remarks = warn_of_repeated(block.file, "yaml-duplicate-key", &repeated).collect();
    ParsedFields { fields, remarks }
}
