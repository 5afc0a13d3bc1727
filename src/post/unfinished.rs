//! Signs in a file's own text that its author was not done with it.

use super::characters::is_invisible;
use super::fields::{self, Fields};
use super::remarks::Remarks;

/// Keys by which plugins of Obsidian know their own files, which are no posts, without `-`, `_` and capitals.
const PLUGINS: [(&str, &str); 3] = [
    ("excalidrawplugin", "a drawing of Excalidraw"),
    ("kanbanplugin", "a board of Kanban"),
    ("databaseplugin", "a table of a plugin"),
];

/// Holds the post back for every sign that its author was not done. `body` is what follows the front matter in the file's text.
pub(super) fn hold_for_signs(fields: &Fields, body: &str, says: &mut Remarks) {
    if let Some((offset, line)) = conflict(says.text(), body) {
        let message = "two versions of this file were to be merged, and both still stand here";
        let mend = "choose what is to stay, and delete the lines of `<<<<<<<`, `=======` and `>>>>>>>`";
        says.hold_at("conflict-markers", offset, line.chars().count(), message, mend);
    }
    for (key, node) in fields.all(&["title", "linkTitle"]) {
        if let Some(text) = fields::text(node).filter(|text| is_placeholder(text)) {
            let shown: String = text.chars().take(60).collect();
            let message = format!("`{shown}` is a placeholder of a template");
            let mend = format!("write a `{key}`; a placeholder that is meant stands between backticks");
            says.hold("placeholder", node, message, &mend);
        }
    }
    for (plugin, what) in PLUGINS {
        if let Some((_, node)) = fields.all(&[plugin]).first() {
            says.hold(
                "not-a-post",
                node,
                format!("this is {what} and no post"),
                "write `draft: true`, or move the file elsewhere",
            );
        }
    }
}

/// Whether `text` is, or begins or ends with, a placeholder that a template's tool was to fill in: `{{title}}`, `<% tp.date.now() %>`,
/// `{{ .Name }}`. One between backticks is shown as it is.
pub(super) fn is_placeholder(text: &str) -> bool {
    /// What tools put between their marks, as they begin.
    const NAMES: [&str; 12] = [
        "title", "date", "time", "value", "name", "now", ".name", ".title", ".date", "replace ", "tp.", "filename",
    ];
    let text = text.trim();
    if text.starts_with("<%") && text.ends_with("%>") || text.contains("<% tp.") || text.contains("<%* ") {
        return !text.contains('`');
    }
    let is_name = |inner: &str| {
        let inner = inner.trim().trim_matches('-').trim().to_lowercase();
        NAMES.iter().any(|name| {
            let rest = inner.strip_prefix(name.trim_end());
            rest.is_some_and(|rest| name.ends_with('.') || rest.is_empty() || rest.starts_with([':', ' ', '|']))
        })
    };
    let first = text.strip_prefix("{{").and_then(|rest| rest.split_once("}}"));
    let last = text.strip_suffix("}}").and_then(|rest| rest.rsplit_once("{{"));
    match (first, last) {
        // nothing else
        (Some((_, "")), _) => true,
        (first, last) => first.is_some_and(|(inner, _)| is_name(inner)) || last.is_some_and(|(_, inner)| is_name(inner)),
    }
}

/// Where in `text` a conflict of a merge begins, all three of whose marks stand at the start of lines and in no code, and its line.
fn conflict<'a>(text: &'a str, body: &str) -> Option<(usize, &'a str)> {
    if !text.contains("<<<<<<<") || !text.contains(">>>>>>>") {
        return None;
    }
    let body_at = text.len() - body.len();
    let mut code = Code::default();
    let mut found: Option<(usize, &str)> = None;
    let mut is_parted = false;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let at = offset;
        offset += line.len();
        let line = line.trim_end_matches(['\n', '\r']);
        if at >= body_at && code.holds(line) {
            continue;
        }
        match marked(line) {
            Some('<') => {
                found = Some((at, line));
                is_parted = false;
            }
            Some('=') if found.is_some() => is_parted = true,
            Some('>') if is_parted => return found,
            _ => {}
        }
    }
    None
}

/// The sign of which seven stand at the start of `line`, and nothing else or a space behind them.
fn marked(line: &str) -> Option<char> {
    ['<', '=', '>'].into_iter().find(|&sign| {
        let rest = line.trim_start_matches(sign);
        line.len() - rest.len() == 7 && (rest.is_empty() || rest.starts_with(' '))
    })
}

/// Which lines of a text are code: those between fences, and between `<pre>` and `</pre>`. Indented code does not begin at the start of
/// a line.
#[derive(Default)]
pub(super) struct Code {
    /// The sign and the length of the fence that is open.
    fence: Option<(char, usize)>,
    in_pre: bool,
}

impl Code {
    /// Whether `line`, which follows those before it, is code or a fence.
    pub(super) fn holds(&mut self, line: &str) -> bool {
        let content = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '>' | '-' | '*'));
        let sign = content.chars().next().filter(|sign| matches!(sign, '`' | '~'));
        let length = sign.map_or(0, |sign| content.len() - content.trim_start_matches(sign).len());
        if let Some((open, least)) = self.fence {
            if sign == Some(open) && length >= least && content.trim_start_matches(open).trim().is_empty() {
                self.fence = None;
            }
            return true;
        }
        if self.in_pre {
            self.in_pre = !line.to_ascii_lowercase().contains("</pre");
            return true;
        }
        if let Some(sign) = sign.filter(|_| length >= 3) {
            // inline code may begin a line, too
            if sign == '~' || !content.trim_start_matches('`').contains('`') {
                self.fence = Some((sign, length));
                return true;
            }
        }
        let lower = line.to_ascii_lowercase();
        self.in_pre = lower.rfind("<pre").is_some_and(|at| !lower[at..].contains("</pre"));
        self.in_pre
    }
}

/// Whether nothing is written in `body`.
pub(super) fn is_blank(body: &str) -> bool {
    body.chars().all(|c| c.is_whitespace() || is_invisible(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFLICT: &str = "<<<<<<< HEAD\nOne.\n=======\nOther.\n>>>>>>> branch\n";

    fn begins(text: &str) -> Option<usize> {
        conflict(text, text).map(|(at, _)| at)
    }

    #[test]
    fn conflicts_are_found_where_all_marks_stand_in_their_order_and_in_no_code() {
        let three_way = "<<<<<<< a\nOne.\n||||||| b\nBefore.\n=======\nOther.\n>>>>>>> c\n";
        let cases = [
            (CONFLICT.to_owned(), Some(0)),
            (format!("Text.\n\n{CONFLICT}"), Some(7)),
            (CONFLICT.replace('\n', "\r\n"), Some(0)),
            (three_way.to_owned(), Some(0)),
            (format!("```\n{CONFLICT}```\n"), None),
            (format!("~~~ diff\n{CONFLICT}~~~\n"), None),
            (format!("````\n```\n{CONFLICT}````\n"), None),
            (format!("- a list\n\n  ```\n{CONFLICT}  ```\n"), None),
            (format!("<pre>\n{CONFLICT}</pre>\n"), None),
            (format!("```\ncode\n```\n{CONFLICT}"), Some(13)),
            (format!("<pre>code</pre>\n{CONFLICT}"), Some(16)),
            (format!("    {}", CONFLICT.trim_end().replace('\n', "\n    ")), None),
            (format!("> {}", CONFLICT.trim_end().replace('\n', "\n> ")), None),
            (CONFLICT.replace("=======", "---"), None),
            (CONFLICT.replace("<<<<<<<", "<<<<<<"), None),
            ("=======\n<<<<<<< a\n>>>>>>> b\n".to_owned(), None),
            (">>>>>>> b\n=======\n<<<<<<< a\n".to_owned(), None),
            ("A heading\n=======\n".to_owned(), None),
        ];
        for (text, expected) in cases {
            assert_eq!(begins(&text), expected, "{text:?}");
        }
        let front_matter = format!("---\ntitle: x\n{CONFLICT}---\nText.\n");
        assert_eq!(conflict(&front_matter, "Text.\n").map(|(at, _)| at), Some(13));
    }

    #[test]
    fn placeholders() {
        let open = [
            "{{title}}",
            "{{ title }}",
            "{{Title}}",
            "{{date}}",
            "{{date:YYYY-MM-DD}}",
            "{{ .Name }}",
            "{{ .Date }}",
            "{{ replace .Name \"-\" \" \" | title }}",
            "{{- .Name -}}",
            "<% tp.file.title %>",
            "<% tp.date.now(\"YYYY\") %>",
            "Notes <% tp.file.title %>",
            "<%* tR += x %>",
            "{{date}} {{title}}",
            "{{date}} - a day",
            "A day: {{date}}",
            "{{VALUE}}",
            "{{whatever}}",
        ];
        for text in open {
            assert!(is_placeholder(text), "{text}");
        }
        let filled = [
            "Using `{{title}}` in templates",
            "`{{title}}`",
            "Hello",
            "",
            "{{ curly }} and {{ braces }} explained",
            "What <%= means in ERB",
            "`<% tp.file.title %>` explained",
            "Go's {{ range }} and {{ end }}",
            "{{",
            "}}",
            "100% sure",
        ];
        for text in filled {
            assert!(!is_placeholder(text), "{text}");
        }
    }
}
