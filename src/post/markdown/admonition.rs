//! Admonitions of all tools: `!!! note "A title"`, `:::tip[A title]`, `> [!faq]- Why?`, `{% note info %}`. They become alerts of GitHub, so
//! that all look the same.

use super::inline_html;

/// The kinds of all tools, in lower case, by GitHub's kind.
const KINDS: [(&str, &[&str]); 5] = [
    (
        "note",
        &[
            "note",
            "info",
            "todo",
            "abstract",
            "summary",
            "tldr",
            "question",
            "help",
            "faq",
            "example",
            "quote",
            "cite",
            "seealso",
            "see-also",
            "default",
            "primary",
            "secondary",
            "notice",
            "aside",
            "admonition",
            "callout",
            "alert",
            "bell",
            "read",
            "experiment",
        ],
    ),
    ("tip", &["tip", "hint", "success", "check", "done", "idea", "goal"]),
    ("important", &["important", "key"]),
    ("warning", &["warning", "warn", "attention", "warnings"]),
    (
        "caution",
        &[
            "caution",
            "failure",
            "fail",
            "missing",
            "danger",
            "error",
            "bug",
            "critical",
            "exclamation",
        ],
    ),
];

/// GitHub's kind of a `kind` of any tool; `None` if no tool has it.
pub(super) fn alert_kind(kind: &str) -> Option<&'static str> {
    let kind = kind.to_ascii_lowercase();
    KINDS
        .iter()
        .find(|(_, kinds)| kinds.contains(&kind.as_str()))
        .map(|&(alert, _)| alert)
}

/// The class of a notice in a list of attributes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoticeClass {
    /// GitHub's kind.
    pub(super) kind: &'static str,
    /// Whether only a quote can be one.
    pub(super) is_of_quote: bool,
}

/// Returns the class of a notice in `list`, if it has one: `.prompt-tip` (Chirpy), `.notice--info` (Minimal Mistakes), `.note` (Just the
/// Docs).
pub(super) fn notice_class(list: &str) -> Option<NoticeClass> {
    let words = list.split(|c: char| c.is_whitespace() || matches!(c, '{' | '}' | ':' | '.'));
    words.into_iter().find_map(|class| {
        let (is_of_quote, kind) = match class.split_once('-') {
            Some(("prompt", kind)) => (true, kind),
            Some(("notice", kind)) => (false, kind.strip_prefix('-')?),
            None if class == "notice" => (false, "note"),
            None if ["note", "tip", "important", "warning", "caution"].contains(&class) => (true, class),
            _ => return None,
        };
        alert_kind(kind).map(|kind| NoticeClass { kind, is_of_quote })
    })
}

/// The end of what [`start`] begins.
pub(super) const END: &str = "</div>";

/// Returns the start of an alert as lines of HTML. Without a `title` its kind is shown; an empty title shows nothing.
pub(super) fn start(kind: &str, title: Option<&str>) -> String {
    let alert = alert_kind(kind).unwrap_or("note");
    let title = title.map_or_else(|| capitalized(kind), inline_html);
    let title = if title.is_empty() {
        String::new()
    } else {
        format!("\n<p class=\"markdown-alert-title\">{title}</p>")
    };
    format!("<div class=\"markdown-alert markdown-alert-{alert}\">{title}")
}

/// `kind` as a title.
fn capitalized(kind: &str) -> String {
    let mut letters = kind.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' '));
    let initial = letters.next().map(char::to_uppercase);
    initial.into_iter().flatten().chain(letters).collect()
}

/// The first line of an admonition of Python-Markdown: `!!! note "A title"`, `??? tip`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Admonition<'a> {
    /// The kind.
    pub(super) kind: &'a str,
    /// The title, if it has one; it may be empty.
    pub(super) title: Option<&'a str>,
}

/// Parses the line `content` of Python-Markdown.
pub(super) fn parse(content: &str) -> Option<Admonition<'_>> {
    let rest = ["!!!", "???+", "???"]
        .iter()
        .find_map(|mark| content.strip_prefix(mark))?
        .trim();
    let (words, title) = match rest.split_once('"') {
        Some((words, title)) => (words, Some(title.strip_suffix('"')?)),
        None => (rest, None),
    };
    let is_word = |word: &str| word.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
    let kind = words.split_whitespace().next()?;
    words.split_whitespace().all(is_word).then_some(Admonition { kind, title })
}

/// Translates a callout of Obsidian to an alert of GitHub, if it is not one already. Callouts have more kinds and can be folded: `> [!faq]-
/// Why?`.
pub(super) fn callout(line: &str) -> Option<String> {
    let inner = line.trim_start_matches([' ', '>', '-', '*', '+']);
    let marks = line.get(..line.len() - inner.len())?;
    if !marks.contains('>') {
        return None;
    }
    let (written, rest) = inner.strip_prefix("[!")?.split_once(']')?;
    let kind = written.split('|').next()?.trim();
    if kind.is_empty() || !kind.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ')) {
        return None;
    }
    let title = rest.strip_prefix(['-', '+']).unwrap_or(rest).trim();
    let alert = alert_kind(kind).unwrap_or("note");
    if alert.eq_ignore_ascii_case(written) && rest.trim() == title {
        return None;
    }
    let named = capitalized(kind);
    let title = if title.is_empty() { &named } else { title };
    Some(format!("{marks}[!{}] {title}", alert.to_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_lines() {
        let found = |kind, title| Some(Admonition { kind, title });
        let cases = [
            ("!!! note", found("note", None)),
            ("!!!note", found("note", None)),
            ("??? info inline end \"A *title*\"", found("info", Some("A *title*"))),
            ("???+ tip \"\"", found("tip", Some(""))),
            ("!!!", None),
            ("!!! no, really", None),
            ("!!! note \"a\" b", None),
        ];
        for (line, expected) in cases {
            assert_eq!(parse(line), expected, "{line}");
        }
    }

    #[test]
    fn callouts() {
        let cases = [
            ("> [!note]", None),
            ("> [!TIP] So", None),
            ("> [!faq]- Why?", Some("> [!NOTE] Why?")),
            ("> > [!bug]", Some("> > [!CAUTION] Bug")),
            ("- > [!tip]+", Some("- > [!TIP] Tip")),
            ("> [!note|wide] A `b`", Some("> [!NOTE] A `b`")),
            ("> [!reed-bed]", Some("> [!NOTE] Reed-bed")),
            ("> [!]", None),
            ("> quoted", None),
            ("[!faq] a", None),
        ];
        for (line, expected) in cases {
            assert_eq!(callout(line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn starts() {
        let start_of = |title: &str| format!("<div class=\"markdown-alert markdown-alert-tip\">{title}");
        assert_eq!(start("hint", None), start_of("\n<p class=\"markdown-alert-title\">Hint</p>"));
        assert_eq!(start("tip", Some("")), start_of(""));
        let title = "\n<p class=\"markdown-alert-title\">A <em>b</em> <code>&lt;c&gt;</code></p>";
        assert_eq!(start("tip", Some("A *b* `<c>`")), start_of(title));
    }
}
