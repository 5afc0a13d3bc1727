//! Holds back a post whose file shows that its author has not finished it: conflict markers and placeholders of templates.

use super::characters::is_invisible;
use super::fields::{self, Fields};
use super::remarks::Remarks;

/// Keys with which plugins of Obsidian mark their own files, which are not posts, without `-`, `_` and capitals.
const PLUGINS: [(&str, &str); 3] = [
    ("excalidrawplugin", "a drawing of Excalidraw"),
    ("kanbanplugin", "a board of Kanban"),
    ("databaseplugin", "a table of a plugin"),
];

/// Holds the post back for every sign that it is not finished. `body` is the text after the front matter.
pub(super) fn hold_unfinished(fields: &Fields, body: &str, remarks: &mut Remarks) {
    if let Some((offset, line)) = find_conflict(remarks.text(), body) {
        let message = "two versions of this file were to be merged, and both are still here";
        let mend = "choose what is to stay, and delete the lines of `<<<<<<<`, `=======` and `>>>>>>>`";
        remarks.hold_at("conflict-markers", offset, line.chars().count(), message, mend);
    }
    for (key, node) in fields.all(&["title", "linkTitle"]) {
        if let Some(text) = fields::text(node).filter(|text| is_placeholder(text)) {
            let shown: String = text.chars().take(60).collect();
            let message = format!("`{shown}` is a placeholder of a template");
            let mend = format!("write a `{key}`; a placeholder that is meant stands between backticks");
            remarks.hold_value("placeholder", node, message, &mend);
        }
    }
    for (plugin, what) in PLUGINS {
        if let Some((_, node)) = fields.all(&[plugin]).first() {
            remarks.hold_value(
                "not-a-post",
                node,
                format!("this is {what}, not a post"),
                "write `draft: true`, or move the file elsewhere",
            );
        }
    }
}

/// Returns whether `text` is, or begins or ends with, a placeholder that a template tool has not replaced: `{{title}}`,
/// `<% tp.date.now() %>`, `{{ .Name }}`. One between backticks is meant as text.
pub(super) fn is_placeholder(text: &str) -> bool {
    /// How the names of placeholders begin.
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
        // the placeholder alone
        (Some((_, "")), _) => true,
        (first, last) => first.is_some_and(|(inner, _)| is_name(inner)) || last.is_some_and(|(_, inner)| is_name(inner)),
    }
}

/// Returns the offset and the first line of a merge conflict in `text`: all three markers, at the start of lines and outside code.
fn find_conflict<'a>(text: &'a str, body: &str) -> Option<(usize, &'a str)> {
    if !text.contains("<<<<<<<") {
        return None;
    }
    let body_at = text.len() - body.len();
    let mut code = CodeLines::default();
    let mut found: Option<(usize, &str)> = None;
    let mut has_separator = false;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let at = offset;
        offset += line.len();
        let line = line.trim_end_matches(['\n', '\r']);
        if at >= body_at && code.contains(line) {
            continue;
        }
        match conflict_marker(line) {
            Some('<') => {
                found = Some((at, line));
                has_separator = false;
            }
            Some('=') if found.is_some() => has_separator = true,
            Some('>') if has_separator => return found,
            _ => {}
        }
    }
    None
}

/// The character of the conflict marker that `line` is: seven of them at the start, then the end or a space.
fn conflict_marker(line: &str) -> Option<char> {
    ['<', '=', '>'].into_iter().find(|&sign| {
        let rest = line.trim_start_matches(sign);
        line.len() - rest.len() == 7 && (rest.is_empty() || rest.starts_with(' '))
    })
}

/// Tracks which lines of a text are code: those between fences, and between `<pre>` and `</pre>`. Indented code is not tracked: what
/// it contains is never at the start of a line.
#[derive(Default)]
pub(super) struct CodeLines {
    /// The character and the length of the open fence.
    fence: Option<(char, usize)>,
    in_pre: bool,
}

impl CodeLines {
    /// Returns whether `line`, the next line of the text, is code or a fence.
    pub(super) fn contains(&mut self, line: &str) -> bool {
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
            // a line may also begin with inline code
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

/// Returns whether `body` has no visible characters.
pub(super) fn is_blank(body: &str) -> bool {
    body.chars().all(|c| c.is_whitespace() || is_invisible(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::post::read;
    use crate::source_file::SourceFile;

    const CONFLICT: &str = "<<<<<<< HEAD\nOne.\n=======\nOther.\n>>>>>>> branch\n";

    fn conflict_offset(text: &str) -> Option<usize> {
        find_conflict(text, text).map(|(at, _)| at)
    }

    #[test]
    fn conflicts_have_all_markers_in_order_outside_code() {
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
            (format!("~~~ diff\ncode\n~~~\n{CONFLICT}"), Some(18)),
            (format!("```\ncode\n\n{CONFLICT}```\n"), None),
            (format!("```\n~~~\n{CONFLICT}```\n"), None),
            (format!("```inline``` code\n{CONFLICT}"), Some(18)),
            (format!("<pre>\ncode\n{CONFLICT}</pre>\n"), None),
            (format!("<pre>\ncode\n</pre>\n{CONFLICT}"), Some(18)),
            (format!("<pre>code</pre>\n{CONFLICT}"), Some(16)),
            (format!("    {}", CONFLICT.trim_end().replace('\n', "\n    ")), None),
            (format!("> {}", CONFLICT.trim_end().replace('\n', "\n> ")), None),
            (CONFLICT.replace("=======", "---"), None),
            (CONFLICT.replace("<<<<<<<", "<<<<<<"), None),
            (CONFLICT.replace("<<<<<<<", "<<<<<<<<"), None),
            (CONFLICT.replace(" HEAD", "HEAD"), None),
            (format!("A heading\n=======\n>>>>>>> quoted\n{CONFLICT}"), Some(33)),
            ("=======\n<<<<<<< a\n>>>>>>> b\n".to_owned(), None),
            (">>>>>>> b\n=======\n<<<<<<< a\n".to_owned(), None),
            ("A heading\n=======\n".to_owned(), None),
        ];
        for (text, expected) in cases {
            assert_eq!(conflict_offset(&text), expected, "{text:?}");
        }
        let front_matter = format!("---\ntitle: x\n{CONFLICT}---\nText.\n");
        assert_eq!(find_conflict(&front_matter, "Text.\n").map(|(at, _)| at), Some(13));
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
            "<% opens a tag",
            "How to close it with %>",
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

    #[test]
    fn an_unfinished_file_holds_its_post_back_and_says_where_and_why() {
        let cases = [
            ("title: x", CONFLICT, Some(("conflict-markers", 4))),
            ("title: '{{title}}'", "Text.", Some(("placeholder", 2))),
            ("linkTitle: '<% tp.file.title %>'", "Text.", Some(("placeholder", 2))),
            ("title: x\nexcalidraw-plugin: parsed", "Text.", Some(("not-a-post", 3))),
            ("title: '`{{title}}`'", "Text.", None),
            ("title: x", "{{title}}", None),
        ];
        for (front_matter, body, expected) in cases {
            let file = SourceFile {
                path: "2020-01-01-a.md".into(),
                bytes: format!("---\n{front_matter}\n---\n{body}").into_bytes().into(),
                modified: "2026-01-01T00:00:00Z".parse().unwrap(),
            };
            let held = read(&file, &Config::default()).unwrap().held;
            let found = held.map(|held| (held.code, held.position.unwrap().line));
            assert_eq!(found, expected, "{front_matter}");
        }
    }

    #[test]
    fn a_body_without_visible_characters_is_blank() {
        for body in ["", " \n\t", "\u{200b}", "\u{200b}\n "] {
            assert!(is_blank(body), "{body:?}");
        }
        for body in ["a", "\n.\n", "\u{200b}a"] {
            assert!(!is_blank(body), "{body:?}");
        }
    }
}
