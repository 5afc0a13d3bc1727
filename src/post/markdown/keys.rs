//! Translates marks of `PyMdown` Extensions that stand in a line: keys, `++ctrl+alt+delete++`, and proposed changes, `{++added++}`,
//! `{--removed--}`, `{~~old~>new~~}`, `{==marked==}`. A remark about a change, `{>>why<<}`, is hidden with other comments.
//!
//! `++` is also an operator: only names of keys between two of them are keys.

use std::fmt::Write as _;

/// Names of keys, and what is on them. Letters, digits and `f1` to `f24` are keys too.
#[rustfmt::skip]
const KEYS: [(&str, &str); 58] = [
    ("ctrl", "Ctrl"), ("control", "Ctrl"), ("alt", "Alt"), ("option", "Option"), ("shift", "Shift"), ("meta", "Meta"),
    ("cmd", "Cmd"), ("command", "Cmd"), ("win", "Win"), ("windows", "Win"), ("super", "Super"), ("fn", "Fn"), ("function", "Fn"),
    ("enter", "Enter"), ("return", "Return"), ("tab", "Tab"), ("space", "Space"), ("spacebar", "Space"), ("esc", "Esc"),
    ("escape", "Esc"), ("backspace", "Backspace"), ("del", "Del"), ("delete", "Del"), ("ins", "Ins"), ("insert", "Ins"),
    ("home", "Home"), ("end", "End"), ("page-up", "Page Up"), ("pageup", "Page Up"), ("page-down", "Page Down"),
    ("pagedown", "Page Down"), ("up", "Up"), ("arrow-up", "Up"), ("down", "Down"), ("arrow-down", "Down"), ("left", "Left"),
    ("arrow-left", "Left"), ("right", "Right"), ("arrow-right", "Right"), ("print-screen", "Print Screen"), ("pause", "Pause"),
    ("break", "Break"), ("caps-lock", "Caps Lock"), ("num-lock", "Num Lock"), ("scroll-lock", "Scroll Lock"), ("menu", "Menu"),
    ("plus", "+"), ("minus", "-"), ("equal", "="), ("comma", ","), ("period", "."), ("slash", "/"), ("backslash", "\\"),
    ("semicolon", ";"), ("colon", ":"), ("grave", "`"), ("tilde", "~"), ("question", "?"),
];

/// Translates the keys at the start of `text`, which comes after the character `before`. Returns HTML and the length.
pub(super) fn translate_keys(text: &str, before: Option<char>) -> Option<(String, usize)> {
    let inner = text.strip_prefix("++")?;
    let (inner, after) = inner.split_once("++")?;
    let is_apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '+');
    if !is_apart(before) || !is_apart(after.chars().next()) {
        return None;
    }
    let mut html = String::new();
    for name in inner.split('+') {
        let separator = if html.is_empty() { "" } else { "+" };
        let _ = write!(html, "{separator}<kbd>{}</kbd>", html_escape::encode_text(&label(name)?));
    }
    Some((html, text.len() - after.len()))
}

/// What is on the key `name`.
fn label(name: &str) -> Option<String> {
    if let Some(own) = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
        return (!own.is_empty() && !own.contains('"')).then(|| own.to_owned());
    }
    let name = name.to_ascii_lowercase();
    if let Some((_, label)) = KEYS.iter().find(|(known, _)| *known == name) {
        return Some((*label).to_owned());
    }
    let number = name.strip_prefix('f').and_then(|number| number.parse::<u8>().ok());
    let is_one = name.chars().count() == 1 && name.chars().all(char::is_alphanumeric);
    (is_one || number.is_some_and(|number| (1..=24).contains(&number))).then(|| name.to_uppercase())
}

/// Translates the change at the start of `text`. Returns Markdown and the length.
pub(super) fn translate_change(text: &str) -> Option<(String, usize)> {
    let (open, close) = [("{++", "++}"), ("{--", "--}"), ("{~~", "~~}"), ("{==", "==}")]
        .into_iter()
        .find(|(open, _)| text.starts_with(open))?;
    let (inner, after) = text.get(open.len()..)?.split_once(close)?;
    if inner.trim().is_empty() || inner.contains("\n\n") {
        return None;
    }
    let markdown = match open {
        "{++" => format!("<ins>{inner}</ins>"),
        "{--" => format!("<del>{inner}</del>"),
        "{==" => format!("<mark>{inner}</mark>"),
        _ => {
            let (old, new) = inner.split_once("~>")?;
            format!("<del>{old}</del><ins>{new}</ins>")
        }
    };
    Some((markdown, text.len() - after.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        let cases = [
            ("++ctrl++", Some("<kbd>Ctrl</kbd>")),
            ("++ctrl+alt+del++.", Some("<kbd>Ctrl</kbd>+<kbd>Alt</kbd>+<kbd>Del</kbd>")),
            ("++Ctrl+C++", Some("<kbd>Ctrl</kbd>+<kbd>C</kbd>")),
            ("++f12+\"A <key>\"++", Some("<kbd>F12</kbd>+<kbd>A &lt;key&gt;</kbd>")),
            ("++i", None),
            ("++i and j++", None),
            ("++ctrl++x", None),
            ("++f25++", None),
            ("++ + ++", None),
            ("++++", None),
        ];
        for (text, expected) in cases {
            let html = translate_keys(text, Some(' ')).map(|(html, _)| html);
            assert_eq!(html.as_deref(), expected, "{text}");
        }
        assert_eq!(translate_keys("++a++", Some('C')), None);
    }

    #[test]
    fn changes() {
        let cases = [
            ("{++a *b*++}", Some("<ins>a *b*</ins>")),
            ("{--a--} b", Some("<del>a</del>")),
            ("{~~a~>b~~}", Some("<del>a</del><ins>b</ins>")),
            ("{==a==}", Some("<mark>a</mark>")),
            ("{~~a~~}", None),
            ("{--a", None),
            ("{++a\n\nb++}", None),
            ("{++ ++}", None),
            ("{a}", None),
        ];
        for (text, expected) in cases {
            let markdown = translate_change(text).map(|(markdown, _)| markdown);
            assert_eq!(markdown.as_deref(), expected, "{text}");
        }
    }
}
