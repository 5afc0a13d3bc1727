//! Line-based languages: YAML, settings (TOML, INI and similar), Markdown and diffs.

use super::class::Class;
use super::scan::{CodeScanner, Span, is_one_of, length_while};

/// Calls `take` for each line of `text`, without its end.
fn each_line<'a>(text: &'a str, spans: &mut Vec<Span<'a>>, mut take: impl FnMut(&mut CodeScanner<'a, '_>, &'a str)) {
    let mut scanner = CodeScanner::new(text, spans);
    while !scanner.rest().is_empty() {
        let line = scanner.line();
        if !line.is_empty() {
            let after = scanner.rest().len() - line.len();
            take(&mut scanner, line);
            // what `take` leaves is plain; it may also have taken some of the next lines
            let left = scanner.rest().len().saturating_sub(after);
            if left > 0 {
                scanner.take(left, None);
            }
        }
        if scanner.rest().starts_with('\n') {
            scanner.take(1, None);
        }
    }
}

/// Lexes a diff (`diff -u`).
pub(super) fn diff<'a>(text: &'a str, spans: &mut Vec<Span<'a>>) {
    each_line(text, spans, |scanner, line| {
        let class = match line {
            _ if ["+++ ", "--- ", "@@", "diff ", "*** "]
                .iter()
                .any(|mark| line.starts_with(mark)) =>
            {
                Some(Class::Heading)
            }
            _ if ["index ", "new file", "deleted file", "similarity ", "rename ", "\\ "]
                .iter()
                .any(|mark| line.starts_with(mark)) =>
            {
                Some(Class::Comment)
            }
            _ if line.starts_with(['+', '>']) => Some(Class::Inserted),
            _ if line.starts_with(['-', '<']) => Some(Class::Deleted),
            _ => None,
        };
        scanner.take_line(class);
    });
}

/// Lexes Markdown: headings, fences, quotes and items, code, links and emphasis.
pub(super) fn markdown<'a>(text: &'a str, spans: &mut Vec<Span<'a>>) {
    let mut fence: Option<&str> = None;
    each_line(text, spans, |scanner, line| {
        let content = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| content.starts_with(mark));
        if let Some(open) = fence {
            if mark == Some(open) {
                fence = None;
                scanner.take_line(Class::Punctuation);
            } else {
                scanner.take_line(Class::String);
            }
            return;
        }
        if mark.is_some() {
            fence = mark;
            return scanner.take_line(Class::Punctuation);
        }
        let hashes = length_while(line, |c| c == '#');
        if (1..=6).contains(&hashes) && line.get(hashes..).is_some_and(|after| after.starts_with(' ')) {
            return scanner.take_line(Class::Heading);
        }
        let indent = line.len() - content.len();
        let number = length_while(content, |c| c.is_ascii_digit());
        let item = if number > 0 { number } else { 0 };
        let item_end = content.get(item..).unwrap_or_default();
        let is_item = item_end.starts_with(". ") && number > 0 || number == 0 && item_end.starts_with(['-', '*', '+', '>']);
        if is_item
            && (item_end
                .get(1..)
                .is_none_or(|after| after.is_empty() || after.starts_with(' '))
                || content.starts_with('>'))
        {
            if indent > 0 {
                scanner.take(indent, None);
            }
            scanner.take(item + 1, Class::Punctuation);
        }
        inline(scanner);
    });
}

/// Takes the inline markup in the rest of a line of Markdown. Once the end of one kind is not found, that kind is not searched for
/// again, so the time is linear in the length of the line.
fn inline(scanner: &mut CodeScanner<'_, '_>) {
    const MARKS: [(&str, &str, Class); 6] = [
        ("`", "`", Class::String),
        ("**", "**", Class::Keyword),
        ("__", "__", Class::Keyword),
        ("](", ")", Class::Constant),
        ("<", ">", Class::Tag),
        ("![", "]", Class::Attribute),
    ];
    let mut missing = [false; MARKS.len()];
    while let line = scanner.line()
        && !line.is_empty()
    {
        let found = MARKS
            .iter()
            .zip(&mut missing)
            .find(|((open, ..), missing)| !**missing && line.starts_with(open));
        let Some(((open, close, class), missing)) = found else {
            let next = line.chars().next().map_or(1, char::len_utf8);
            let plain = length_while(line.get(next..).unwrap_or_default(), |c| !"`*_]<!".contains(c));
            scanner.take(next + plain, None);
            continue;
        };
        match line.get(open.len()..).and_then(|inner| inner.find(close)) {
            Some(end) => {
                scanner.take(open.len() + end + close.len(), *class);
            }
            None => *missing = true,
        }
    }
}

/// Lexes settings: sections, keys and values.
pub(super) fn settings<'a>(text: &'a str, spans: &mut Vec<Span<'a>>) {
    each_line(text, spans, |scanner, line| {
        let content = line.trim_start();
        if line.len() > content.len() {
            scanner.take(line.len() - content.len(), None);
        }
        if content.starts_with(['#', ';']) {
            scanner.take_line(Class::Comment);
        } else if let Some(end) = section_end(content) {
            scanner.take(end, Class::Heading);
            values(scanner, "#;", true);
        } else {
            let key = content.find('=').or_else(|| content.find(':')).unwrap_or(0);
            if key > 0 && !content.starts_with(['"', '\'', '[', '{']) {
                scanner.take(content.get(..key).unwrap_or_default().trim_end().len(), Class::Attribute);
            }
            values(scanner, "#;", true);
        }
    });
}

/// The length of a section's name, `[name]` or `[[name]]`; `None` for a list.
fn section_end(content: &str) -> Option<usize> {
    let end = content.strip_prefix('[')?.find(']')? + 2;
    let end = end + usize::from(content.starts_with("[[") && content.get(end..).is_some_and(|after| after.starts_with(']')));
    let after = content.get(end..).unwrap_or_default().trim_start();
    (after.is_empty() || after.starts_with('#')).then_some(end)
}

/// Lexes YAML: keys, values and indicators.
pub(super) fn yaml<'a>(text: &'a str, spans: &mut Vec<Span<'a>>) {
    // the indent of the key whose block of text continues
    let mut block: Option<usize> = None;
    each_line(text, spans, |scanner, line| {
        let content = line.trim_start();
        let indent = line.len() - content.len();
        if indent > 0 {
            scanner.take(indent, None);
        }
        if block.is_some_and(|key| indent > key) {
            return scanner.take_line(Class::String);
        }
        if !content.is_empty() {
            block = None;
        }
        if matches!(content, "---" | "...") || content.starts_with('%') {
            return scanner.take_line(Class::Punctuation);
        }
        while scanner.line().starts_with("- ") || scanner.line() == "-" {
            scanner.take(1, Class::Punctuation);
            let blanks = length_while(scanner.line(), |c| c == ' ');
            if blanks > 0 {
                scanner.take(blanks, None);
            }
        }
        let rest = scanner.line();
        let key = rest.find(": ").or_else(|| rest.ends_with(':').then(|| rest.len() - 1));
        if let Some(key) = key.filter(|&key| key > 0 && !rest.starts_with(['#', '{', '[', '&', '*', '!'])) {
            scanner.take(key, Class::Attribute);
            let value = scanner.line().trim_start_matches([':', ' ']);
            if value.starts_with(['|', '>']) {
                block = Some(indent);
            }
        }
        values(scanner, "#", false);
    });
}

/// Takes the values in the rest of a line, up to a comment that begins with one of `comments`. With `blocks`, strings in three
/// quotes can span lines.
fn values(scanner: &mut CodeScanner<'_, '_>, comments: &str, blocks: bool) {
    const WORDS: &str = "true false null yes no on off True False Null TRUE FALSE inf nan ~";
    while let Some(next) = scanner.peek().filter(|&next| next != '\n') {
        let rest = scanner.rest();
        let starts = scanner
            .before()
            .is_none_or(|before| before.is_whitespace() || ":=[{,".contains(before));
        match next {
            '"' if blocks && rest.starts_with("\"\"\"") => scanner.take_string(3, "\"\"\"", true, true, Class::String),
            '\'' if blocks && rest.starts_with("'''") => scanner.take_string(3, "'''", false, true, Class::String),
            '"' if starts => scanner.take_string(1, "\"", true, false, Class::String),
            '\'' if starts => scanner.take_string(1, "'", false, false, Class::String),
            c if starts && comments.contains(c) => return scanner.take_line(Class::Comment),
            '&' | '*' | '!' if starts && !blocks => {
                let name = length_while(rest.get(1..).unwrap_or_default(), |c| {
                    c.is_alphanumeric() || "-_!/.".contains(c)
                });
                scanner.take(1 + name, Class::Variable);
            }
            '=' | '|' | '>' => {
                scanner.take(1, Class::Operator);
            }
            c if c.is_alphanumeric() || "+-~.".contains(c) => {
                let end = length_while(rest, |c| c.is_alphanumeric() || "+-~._:/@$".contains(c)).max(1);
                let word = rest.get(..end).unwrap_or_default().trim_end_matches(':');
                let is_number = starts
                    && word.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit())
                    && word.chars().all(|c| c.is_ascii_alphanumeric() || "+-._:".contains(c));
                let is_key = blocks
                    && rest
                        .get(word.len()..)
                        .unwrap_or_default()
                        .trim_start_matches(' ')
                        .starts_with('=')
                    || !blocks && rest.get(word.len()..).is_some_and(|after| after.starts_with(": "));
                let class = match () {
                    () if is_key => Some(Class::Attribute),
                    () if starts && is_one_of(WORDS, word) => Some(Class::Constant),
                    () if is_number => Some(Class::Number),
                    () => None,
                };
                scanner.take(word.len(), class);
            }
            c if c.is_whitespace() => {
                scanner.take(length_while(rest, |c| c.is_whitespace() && c != '\n'), None);
            }
            c => {
                scanner.take(c.len_utf8(), None);
            }
        }
    }
}
