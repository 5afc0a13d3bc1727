//! Parses the words after the fence of a block of code: ```` ```rust,ignore title="a.rs" {1,3} ````.
//!
//! The language is the first word. Each tool has its own options after it (lines to mark, line numbers, classes), which are left out.

use std::fmt::Write as _;

/// The most ranges of lines that are marked in a block.
const MAX_RANGES: usize = 100;

/// The words after a fence.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FenceInfo<'a> {
    /// The language; may be empty.
    pub(super) language: &'a str,
    /// The title, usually the name of a file.
    pub(super) title: Option<&'a str>,
    /// The first and the last line of each part to mark.
    pub(super) lines: Vec<(usize, usize)>,
}

/// Parses `info`, the words after a fence.
pub(super) fn parse(info: &str) -> FenceInfo<'_> {
    let info = info.trim();
    let title = ["title=", "filename=", "file=", "caption="]
        .iter()
        .find_map(|key| value_of(info, key))
        .or_else(|| bracketed(info));
    FenceInfo {
        language: language(info),
        title,
        lines: lines(info),
    }
}

/// The lines to mark: in braces (`{1,3-5}`), after a key (`hl_lines="1 3-5"`), or after a slash, as in Eleventy (`js/1,3-5`).
fn lines(info: &str) -> Vec<(usize, usize)> {
    let is_list = |c: char| c.is_ascii_digit() || matches!(c, ',' | '-' | ' ' | '"' | '\'' | '[' | ']' | '{');
    let braces = info.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    let braces = braces.map(|(list, _)| list).filter(|list| list.chars().all(is_list));
    let keys = ["hl_lines=", "highlight=", "mark=", "emphasize-lines=", "data-line="];
    let named = keys.iter().filter_map(|key| {
        // a list in braces was found already
        let list = after_key(info, key).filter(|list| !list.starts_with('{'))?;
        list.get(..list.find(|c| !is_list(c)).unwrap_or(list.len()))
    });
    let slashed = info.split_whitespace().next().and_then(|word| word.split_once('/'));
    let slashed = slashed.map(|(_, lists)| lists.split('/').next().unwrap_or_default());
    let lists = braces.chain(named).chain(slashed);
    let ranges = lists.flat_map(|list| list.split(|c: char| !(c.is_ascii_digit() || c == '-')));
    ranges.filter_map(parse_range).take(MAX_RANGES).collect()
}

fn parse_range(range: &str) -> Option<(usize, usize)> {
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let range = (first.parse().ok()?, last.parse().ok()?);
    (range.0 > 0 && range.0 <= range.1).then_some(range)
}

/// Parses what [`written_ranges`] writes; what is not a range is left out.
pub(crate) fn parse_ranges(text: &str) -> Vec<(usize, usize)> {
    text.split(',').filter_map(parse_range).take(MAX_RANGES).collect()
}

/// Writes `ranges` of lines: `1,3-5`.
pub(super) fn written_ranges(ranges: &[(usize, usize)]) -> String {
    let mut text = String::new();
    for (first, last) in ranges {
        let separator = if text.is_empty() { "" } else { "," };
        let _ = if first == last {
            write!(text, "{separator}{first}")
        } else {
            write!(text, "{separator}{first}-{last}")
        };
    }
    text
}

/// The language: the first word, or the first class of a list in braces.
fn language(info: &str) -> &str {
    let listed = info.strip_prefix('{');
    let word = match listed {
        Some(list) => {
            let mut words = list.split(|c: char| c.is_whitespace() || matches!(c, '}' | ','));
            let is_word = |word: &&str| !word.is_empty() && !word.contains('=') && !word.starts_with('#');
            words.find(is_word).unwrap_or_default()
        }
        None => info.split_whitespace().next().unwrap_or_default(),
    };
    let word = word.trim_start_matches('.');
    if word.starts_with(|c: char| c.is_ascii_digit()) && listed.is_some() {
        return "";
    }
    // the lines after a slash are Eleventy's
    let end = word.find(['{', ',', ':', '=', '[', '(', '"', '/']).unwrap_or(word.len());
    match word.get(end..) {
        // an option without a language
        Some(rest) if rest.starts_with('=') => "",
        _ => word.get(..end).unwrap_or_default(),
    }
}

/// The text after the option `key`, which ends in `=`.
fn after_key<'a>(info: &'a str, key: &str) -> Option<&'a str> {
    let at = info.find(key)?;
    let is_own = info
        .get(..at)?
        .chars()
        .next_back()
        .is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '-');
    info.get(at + key.len()..).filter(|_| is_own)
}

/// The value of the option `key` in `info`.
fn value_of<'a>(info: &'a str, key: &str) -> Option<&'a str> {
    let value = after_key(info, key)?;
    let value = match value.chars().next()? {
        quote @ ('"' | '\'') => value.get(1..)?.split(quote).next()?,
        _ => value.split(|c: char| c.is_whitespace() || c == '}').next()?,
    };
    Some(value.trim()).filter(|value| !value.is_empty())
}

/// The title in brackets: `js [config.js]`.
fn bracketed(info: &str) -> Option<&str> {
    let (_, after) = info.split_once(" [")?;
    after
        .split_once(']')
        .map(|(title, _)| title.trim())
        .filter(|title| !title.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_after_fences() {
        let cases: [(&str, &str, Option<&str>, &str); 24] = [
            ("", "", None, ""),
            ("rust", "rust", None, ""),
            ("rust,ignore", "rust", None, ""),
            ("rust title=\"a.rs\" {1,3}", "rust", Some("a.rs"), "1,3"),
            ("js{1,3-4}", "js", None, "1,3-4"),
            ("js/1-2,4/0", "js", None, "1-2,4"),
            ("ts:line-numbers {1}", "ts", None, "1"),
            ("jsx:title=src/a.js", "jsx", Some("src/a.js"), ""),
            ("js [config.js]", "js", Some("config.js"), ""),
            ("python hl_lines=\"2 3\" linenums='1'", "python", None, "2,3"),
            (
                "go {linenos=table,hl_lines=[8,\"15-17\"],linenostart=199}",
                "go",
                None,
                "8,15-17",
            ),
            ("rust,linenos,hl_lines=1 3-5 9", "rust", None, "1,3-5,9"),
            ("js mark={2} ins={3-4}", "js", None, "2,3-4"),
            ("{.python .wide #a}", "python", None, ""),
            ("{ .yaml .annotate title=\"A b\" }", "yaml", Some("A b"), ""),
            ("{ .py hl_lines=\"1\" }", "py", None, "1"),
            ("{r setup, echo=FALSE}", "r", None, ""),
            ("{python}", "python", None, ""),
            ("{1,3}", "", None, "1,3"),
            ("title=\"a.txt\"", "", Some("a.txt"), ""),
            ("c++", "c++", None, ""),
            ("c# subtitle=x", "c#", None, ""),
            ("objective-c", "objective-c", None, ""),
            ("js {0,5-2,99999999999999999999,7}", "js", None, "7"),
        ];
        for (info, language, title, lines) in cases {
            let lines = parse_ranges(lines);
            assert_eq!(parse(info), FenceInfo { language, title, lines }, "{info}");
        }
    }
}
