//! Parses the words after the fence of a block of code: ```` ```rust,ignore title="a.rs" {1,3} ````.
//!
//! The language is the first word. Each tool has its own options after it (lines to mark, line numbers, classes), which are left out.

/// The words after a fence.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FenceInfo<'a> {
    /// The language; may be empty.
    pub(super) language: &'a str,
    /// The title, usually the name of a file.
    pub(super) title: Option<&'a str>,
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
    }
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

/// The value of the option `key` in `info`.
fn value_of<'a>(info: &'a str, key: &str) -> Option<&'a str> {
    let at = info.find(key)?;
    let is_own = info
        .get(..at)?
        .chars()
        .next_back()
        .is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '-');
    let value = info.get(at + key.len()..).filter(|_| is_own)?;
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
        let cases = [
            ("", "", None),
            ("rust", "rust", None),
            ("rust,ignore", "rust", None),
            ("rust title=\"a.rs\" {1,3}", "rust", Some("a.rs")),
            ("js{1,3-4}", "js", None),
            ("js/1-2,4/0", "js", None),
            ("ts:line-numbers {1}", "ts", None),
            ("jsx:title=src/a.js", "jsx", Some("src/a.js")),
            ("js [config.js]", "js", Some("config.js")),
            ("python hl_lines=\"2 3\" linenums='1'", "python", None),
            ("{.python .wide #a}", "python", None),
            ("{ .yaml .annotate title=\"A b\" }", "yaml", Some("A b")),
            ("{r setup, echo=FALSE}", "r", None),
            ("{python}", "python", None),
            ("{1,3}", "", None),
            ("title=\"a.txt\"", "", Some("a.txt")),
            ("c++", "c++", None),
            ("c# subtitle=x", "c#", None),
            ("objective-c", "objective-c", None),
        ];
        for (info, language, title) in cases {
            assert_eq!(parse(info), FenceInfo { language, title }, "{info}");
        }
    }
}
