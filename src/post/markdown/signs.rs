//! Finds signs of other tools that mean something else in plain Markdown, or nothing: `==marked==`, `x^2^`, `H~2~O`, lists of definitions.
//!
//! Each is used only in a text in which all of that sign have the tool's form, so that `a == b` and `~struck~` stay.

use memchr::memmem;

use super::code;

/// The signs of other tools that a text uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each says one thing about the text")]
pub(super) struct Signs {
    /// `==marked==`
    pub(super) marks: bool,
    /// `x^2^`
    pub(super) superscripts: bool,
    /// `H~2~O`
    pub(super) subscripts: bool,
    /// A term, and `: its definition` on the next line.
    pub(super) definitions: bool,
}

/// Finds the signs in `markdown`.
pub(super) fn find(markdown: &str) -> Signs {
    let bytes = markdown.as_bytes();
    let may_mark = memmem::find(bytes, b"==").is_some();
    let may_raise = memchr::memchr(b'^', bytes).is_some();
    let may_lower = memchr::memchr(b'~', bytes).is_some();
    let definitions = memmem::find(bytes, b"\n:").is_some() && has_definitions(markdown);
    if !(may_mark || may_raise || may_lower) {
        return Signs {
            definitions,
            ..Signs::default()
        };
    }
    let prose = without_code(markdown);
    Signs {
        marks: may_mark && has_marks(&prose),
        superscripts: may_raise && has_scripts(&prose, '^'),
        subscripts: may_lower && has_scripts(&prose, '~'),
        definitions,
    }
}

/// `markdown` with spaces in place of its code.
fn without_code(markdown: &str) -> String {
    let mut prose = String::with_capacity(markdown.len());
    let mut done = 0;
    for range in code::ranges(markdown) {
        prose.push_str(markdown.get(done..range.start).unwrap_or_default());
        prose.push(if markdown.get(range.clone()).is_some_and(|code| code.ends_with('\n')) {
            '\n'
        } else {
            ' '
        });
        done = range.end;
    }
    prose.push_str(markdown.get(done..).unwrap_or_default());
    prose
}

/// Whether `==` marks words, and is never an operator between them. A line of `=` is the underline of a heading.
fn has_marks(prose: &str) -> bool {
    let mut is_found = false;
    for line in prose
        .lines()
        .filter(|line| line.contains("==") && !line.trim().chars().all(|c| c == '='))
    {
        let signs: Vec<usize> = line.match_indices("==").map(|(at, _)| at).collect();
        let (pairs, []) = signs.as_chunks::<2>() else {
            return false;
        };
        for &[start, end] in pairs {
            let before = line.get(..start).and_then(|before| before.chars().next_back());
            let after = line.get(end + 2..).and_then(|after| after.chars().next());
            let inner = line.get(start + 2..end).unwrap_or_default();
            let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '=');
            let is_tight = !inner.is_empty() && !inner.starts_with([' ', '=']) && !inner.ends_with([' ', '=']);
            if !is_tight || is_word(before) || is_word(after) {
                return false;
            }
            is_found = true;
        }
    }
    is_found
}

/// In characters: the longest text that is raised or lowered.
const MAX_SCRIPT: usize = 20;

/// Whether single `sign`s stand around short words directly after a letter, a digit or a bracket, and nowhere else.
fn has_scripts(prose: &str, sign: char) -> bool {
    let mut is_found = false;
    for line in prose.lines() {
        let mut rest = line;
        let mut before: Option<char> = None;
        while let Some(at) = rest.find(sign) {
            let (head, tail) = rest.split_at(at);
            let run = tail.chars().take_while(|&c| c == sign).count();
            let after = tail.get(run..).unwrap_or_default();
            before = head.chars().next_back().or(before.filter(|_| head.is_empty()));
            if run > 1 || after.starts_with('[') || before == Some('[') {
                // struck out, or a footnote
                before = Some(sign);
                rest = after;
                continue;
            }
            let Some((inner, following)) = after.split_once(sign) else {
                // alone: an exponent, a home directory, "about"
                break;
            };
            let is_word = |c: char| c.is_alphanumeric() || matches!(c, '+' | '-' | '−' | '(' | ')' | '*' | ',');
            let is_short = !inner.is_empty() && inner.chars().count() <= MAX_SCRIPT && inner.chars().all(is_word);
            let is_attached = before.is_some_and(|c| c.is_alphanumeric() || matches!(c, ')' | ']' | '*' | '_'));
            if !is_short || !is_attached || following.starts_with(sign) {
                return false;
            }
            is_found = true;
            before = Some(sign);
            rest = following;
        }
    }
    is_found
}

/// Whether a line begins with a colon and blanks, directly below a line of text or after one blank line.
fn has_definitions(markdown: &str) -> bool {
    let mut before = ["", ""];
    for line in markdown.lines() {
        let is_definition = line
            .strip_prefix(':')
            .is_some_and(|rest| rest.starts_with([' ', '\t']) && !rest.trim().is_empty());
        let term = if before[1].trim().is_empty() { before[0] } else { before[1] };
        if is_definition && term.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '`' | '*' | '_' | '[')) {
            return true;
        }
        before = [before[1], line];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks() {
        for text in [
            "==a==",
            "a ==b c== d",
            "**==a==**",
            "a\n===\n\n==b==",
            "「==标==」",
            "`a==b` ==c==",
        ] {
            assert!(find(text).marks, "{text}");
        }
        for text in [
            "a == b",
            "a==b",
            "a == b and c == d",
            "==a==b",
            "a\n====",
            "`==a==`",
            "==a",
            "==a== b == c",
            "a === b",
        ] {
            assert!(!find(text).marks, "{text}");
        }
    }

    #[test]
    fn raised_and_lowered() {
        for text in ["x^2^", "1^st^ and 2^nd^", "[^1] x^2^", "`^` x^n+1^"] {
            assert!(find(text).superscripts, "{text}");
        }
        for text in ["2^10", "a ^b^", "x^a b^", "^^", "[^1] [^2]", "a^[b]", "2^10 and x^2^ y^3"] {
            assert!(!find(text).superscripts, "{text}");
        }
        for text in ["H~2~O", "CO~2~ and ~~a~~"] {
            assert!(find(text).subscripts, "{text}");
        }
        for text in ["~a~", "~5 to ~6", "a~b", "H~2~O and ~struck~", "~/a and ~/b", "~~a~~"] {
            assert!(!find(text).subscripts, "{text}");
        }
    }

    #[test]
    fn definitions() {
        for text in ["A\n: b", "*A*\n\n:   b\n:   c"] {
            assert!(find(text).definitions, "{text}");
        }
        for text in [": b", "A\n:b", "# A\n: b", "A\n:::", "- a\n\n\n: b"] {
            assert!(!find(text).definitions, "{text}");
        }
    }
}
