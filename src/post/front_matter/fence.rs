//! Front matter between two fences: `---`, `+++`, `;;;`, `---json` and similar lines.

use super::key::KeyLine;
use super::mapping::ParsedFields;
use super::parts::{Dialect, FileText, FrontMatterText, Parts, is_blank, lines};
use super::{json, toml, yaml};
use crate::diagnostic::{Diagnostic, Position, Severity};

/// An opening fence.
struct Fence<'a> {
    format: FenceFormat<'a>,
    /// By how many spaces it is indented.
    indent: usize,
    /// The line that closes it.
    close: &'a str,
    /// Whether it names its format, so that it cannot be a rule in the text.
    is_named: bool,
    /// Whether it is a mistyped `---`.
    is_mistyped: bool,
}

/// The format of a front matter between fences.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FenceFormat<'a> {
    Yaml,
    Toml,
    Json,
    /// A programming language: it would have to be run.
    Program(&'a str),
}

impl<'a> Fence<'a> {
    /// Parses `line` as an opening fence.
    fn parse(line: &'a str) -> Option<Fence<'a>> {
        let indent = indent(line);
        if indent > MOST_INDENT {
            return None;
        }
        let line = line.trim_start_matches(is_blank);
        if is_mistyped(line) {
            return Some(Fence {
                format: FenceFormat::Yaml,
                indent,
                close: line.trim_end(),
                is_named: false,
                is_mistyped: true,
            });
        }
        let first = line.chars().next().filter(|first| matches!(first, '-' | '+' | ';'))?;
        let name = line.trim_start_matches(first);
        let (close, _) = line.split_at_checked(line.len() - name.len())?;
        let format = match (first, close.len(), name.trim()) {
            // three dashes or more, as in Hexo
            ('-', 3.., "") | ('-', 3, "yaml" | "yml") => FenceFormat::Yaml,
            ('+', 3, "") | ('-', 3, "toml") => FenceFormat::Toml,
            (';', 3.., "") | ('-', 3, "json") => FenceFormat::Json,
            ('-', 3, program @ ("js" | "javascript" | "coffee" | "cson")) => FenceFormat::Program(program),
            _ => return None,
        };
        let is_named = !name.trim().is_empty();
        Some(Fence {
            format,
            indent,
            close,
            is_named,
            is_mistyped: false,
        })
    }

    fn is_closed_by(&self, line: &str) -> bool {
        let line = if indent(line) <= self.indent {
            line.trim_start_matches(is_blank)
        } else {
            line
        };
        let line = line.trim_end();
        line == self.close
            || (line == "..." && self.close == "---" && self.format == FenceFormat::Yaml)
            || (self.is_mistyped && is_dashes(line))
    }
}

/// In spaces. A line with a deeper indent is code in Markdown.
const MOST_INDENT: usize = 3;

/// The number of spaces at the start of `line`, without invisible characters.
fn indent(line: &str) -> usize {
    let inner = line.trim_start_matches(is_blank);
    let before = line.get(..line.len() - inner.len()).unwrap_or("");
    before.chars().filter(|c| c.is_whitespace()).count()
}

/// Whether `line` is two or more dashes, also long ones.
fn is_dashes(line: &str) -> bool {
    let line = line.trim_end();
    line.len() > 1 && line.chars().all(|c| matches!(c, '-' | '–' | '—'))
}

/// Whether `line` is a `---` that was mistyped, or changed by a program that replaces punctuation.
fn is_mistyped(line: &str) -> bool {
    is_dashes(line) && (line.trim_end() == "--" || !line.trim_end().is_ascii())
}

/// Returns whether `text` begins with a fence.
pub(super) fn is_fence(text: &str) -> bool {
    lines(text).next().is_some_and(|(_, line)| Fence::parse(line).is_some())
}

/// Parses a file whose first line is a fence.
pub(super) fn parse_fenced<'a>(file: FileText<'_, 'a>, start: usize) -> Result<Option<Parts<'a>>, Diagnostic> {
    let Some((_, opening)) = lines(file.from(start)).next() else {
        return Ok(None);
    };
    let Some(fence) = Fence::parse(opening) else {
        return Ok(None);
    };
    let inner = start + opening.len() + 1;
    let at = Position::of(file.text, start);
    if let FenceFormat::Program(program) = fence.format {
        let message = format!("front matter in `{program}` is a program, and programs are not run");
        return Err(file.refuse("front-matter-program", at, message, "write it as YAML".to_owned()));
    }
    let closing = lines(file.from(inner)).find(|(_, line)| fence.is_closed_by(line));
    let end = closing.map_or(file.text.len(), |(at, _)| inner + at);
    let written = file.text.get(inner..end).unwrap_or("");
    let content = classify(written, closing.is_some(), fence.is_mistyped);
    // a rule above a text without any sign of a front matter
    if content != FencedContent::Fields && (closing.is_none() || fence.is_mistyped) {
        return Ok(None);
    }
    let Some((_, closing)) = closing else {
        return Err(unclosed(file, at, &fence));
    };
    if content == FencedContent::Prose && !fence.is_named {
        return Ok(Some(no_front_matter(file, at, &fence)));
    }
    let (dialect, ParsedFields { fields, remarks }) = parse_content(file.front_matter(inner, end)?, at, &fence)?;
    Ok(Some(Parts {
        dialect,
        fields,
        body: file.from(end + closing.len() + 1),
        remarks,
    }))
}

/// The error for a front matter that is not closed.
fn unclosed(file: FileText<'_, '_>, at: Position, fence: &Fence<'_>) -> Diagnostic {
    let close = fence.close;
    let message = format!("the front matter that begins here is never closed by a line of `{close}`");
    let mend = format!("put a line of `{close}` between the front matter and the text");
    file.refuse("front-matter-unclosed", at, message, mend)
}

/// The parts of a file with text between two rules.
fn no_front_matter<'a>(file: FileText<'_, 'a>, at: Position, fence: &Fence<'_>) -> Parts<'a> {
    let message = format!(
        "nothing between this `{0}` and the next is a key with a value; it is read as text",
        fence.close
    );
    let note = Diagnostic::new(Severity::Note, "front-matter-none", file.path, message);
    Parts {
        dialect: Dialect::None,
        fields: Vec::new(),
        body: file.text,
        remarks: vec![note.at(file.text, at, fence.close.len())],
    }
}

/// The dialect and the fields of the front matter between the `fence` at `at` and its end.
fn parse_content(block: FrontMatterText<'_, '_>, at: Position, fence: &Fence<'_>) -> Result<(Dialect, ParsedFields), Diagnostic> {
    let (dialect, mut parsed) = match fence.format {
        FenceFormat::Toml => (Dialect::Toml, toml::parse_toml(block)?),
        FenceFormat::Json => (Dialect::Json, json::parse_json(block)?),
        _ => match json::parse_strict(block) {
            Some(parsed) => (Dialect::Json, parsed),
            None => (Dialect::Yaml, yaml::parse_yaml(block)?),
        },
    };
    if fence.is_mistyped {
        let message = format!("`{}` is read as `---`", fence.close);
        let mend = "write `---`, and check that no program replaced the hyphens by other dashes".to_owned();
        parsed
            .remarks
            .insert(0, block.file.warn("front-matter-dashes", at, message, mend));
    }
    Ok((dialect, parsed))
}

/// The kind of text between two fences.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FencedContent {
    /// Nothing, or only comments.
    Empty,
    /// Keys with values.
    Fields,
    /// Text between two rules.
    Prose,
}

/// Classifies `text`, which follows a fence. Its first paragraph decides: one known key in it is enough; an unknown key must be directly
/// below the fence, which must not be mistyped. If the fence is closed, `draft: true` counts anywhere, because to publish it as text
/// would be worst.
fn classify(text: &str, is_closed: bool, is_mistyped: bool) -> FencedContent {
    let is_blank = |line: &&str| line.trim().is_empty();
    let mut rest = text
        .lines()
        .skip_while(|line| is_blank(line) || line.starts_with('#'))
        .peekable();
    let Some(first) = rest.peek().copied() else {
        return FencedContent::Empty;
    };
    let at_once = !is_mistyped && !text.lines().next().is_some_and(|line| line.trim().is_empty());
    let is_field = |line: &str| KeyLine::split(line.trim_start()).is_some_and(|key| key.is_known());
    let restricts = |line: &str| KeyLine::split(line.trim_start()).is_some_and(|key| key.restricts_readers());
    let has_restriction = is_closed && text.lines().any(restricts);
    // a mapping in braces begins with a key too
    let first = first.strip_prefix('{').map_or(first, str::trim_start);
    if has_restriction
        || is_json(text)
        || (at_once && KeyLine::split(first).is_some())
        || rest.take_while(|line| !is_blank(line)).any(is_field)
    {
        FencedContent::Fields
    } else {
        FencedContent::Prose
    }
}

/// Whether `text` begins like JSON, with or without the outer braces, which Hexo omits. Template tags begin differently.
fn is_json(text: &str) -> bool {
    let inner = text.trim_start();
    let inner = inner.strip_prefix('{').map_or(inner, str::trim_start);
    inner.starts_with('"') || (inner.starts_with('}') && text.trim_start().starts_with('{'))
}
