//! Front matter between two fences: `---`, `+++`, `;;;`, `---json` and their like.

use super::key::KeyLine;
use super::{Diagnostic, Dialect, File, Parts, Position, Reading, Severity, is_blank, json, lines, toml, yaml};

/// An opening fence.
struct Fence<'a> {
    format: Format<'a>,
    /// How far in it stands.
    indent: usize,
    /// What the line that closes it says.
    close: &'a str,
    /// Whether it says its format, so that nothing else is meant.
    is_named: bool,
    /// Whether it is no fence of any tool, but what became of `---`.
    is_mistyped: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format<'a> {
    Yaml,
    Toml,
    Json,
    /// A programming language, which would have to be run.
    Program(&'a str),
}

impl<'a> Fence<'a> {
    fn open(line: &'a str) -> Option<Fence<'a>> {
        let indent = indent(line);
        if indent > MOST_INDENT {
            return None;
        }
        let line = line.trim_start_matches(is_blank);
        if is_mistyped(line) {
            return Some(Fence {
                format: Format::Yaml,
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
            // any number of dashes from three on, as Hexo has it
            ('-', 3.., "") | ('-', 3, "yaml" | "yml") => Format::Yaml,
            ('+', 3, "") | ('-', 3, "toml") => Format::Toml,
            (';', 3.., "") | ('-', 3, "json") => Format::Json,
            ('-', 3, program @ ("js" | "javascript" | "coffee" | "cson")) => Format::Program(program),
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
            || (line == "..." && self.close == "---" && self.format == Format::Yaml)
            || (self.is_mistyped && is_dashes(line))
    }
}

/// A line further in is code to Markdown.
const MOST_INDENT: usize = 3;

/// How many spaces `line` begins with, between signs that nobody sees.
fn indent(line: &str) -> usize {
    let inner = line.trim_start_matches(is_blank);
    let before = line.get(..line.len() - inner.len()).unwrap_or("");
    before.chars().filter(|c| c.is_whitespace()).count()
}

/// Whether `line` is two dashes or more, or a long one.
fn is_dashes(line: &str) -> bool {
    let line = line.trim_end();
    line.len() > 1 && line.chars().all(|c| matches!(c, '-' | '–' | '—'))
}

/// Whether `line` is what a finger too quick or a program that mends punctuation makes of `---`.
fn is_mistyped(line: &str) -> bool {
    is_dashes(line) && (line.trim_end() == "--" || !line.trim_end().is_ascii())
}

/// Whether `text` begins with a fence.
pub(super) fn opens(text: &str) -> bool {
    lines(text).next().is_some_and(|(_, line)| Fence::open(line).is_some())
}

/// The parts of a file whose first line is a fence.
pub(super) fn read<'a>(file: File<'_, 'a>, start: usize) -> Result<Option<Parts<'a>>, Diagnostic> {
    let Some((_, opening)) = lines(file.from(start)).next() else {
        return Ok(None);
    };
    let Some(fence) = Fence::open(opening) else {
        return Ok(None);
    };
    let inner = start + opening.len() + 1;
    let at = Position::of(file.text, start);
    if let Format::Program(program) = fence.format {
        let message = format!("front matter in `{program}` is a program, and programs are not run");
        return Err(file.refuse("front-matter-program", at, message, "write it as YAML".to_owned()));
    }
    let closing = lines(file.from(inner)).find(|(_, line)| fence.is_closed_by(line));
    let end = closing.map_or(file.text.len(), |(at, _)| inner + at);
    let body = closing.map_or("", |(_, line)| file.from(end + line.len() + 1));
    let written = file.text.get(inner..end).unwrap_or("");
    let shape = shape(written, closing.is_some(), fence.is_mistyped);
    // a rule above a text that has none of what front matter has
    if shape != Shape::Fields && (closing.is_none() || fence.is_mistyped) {
        return Ok(None);
    }
    if closing.is_none() {
        let message = format!(
            "the front matter that begins here is never closed by a line of `{}`",
            fence.close
        );
        let mend = format!("put a line of `{}` between the front matter and the text", fence.close);
        return Err(file.refuse("front-matter-unclosed", at, message, mend));
    }
    if shape == Shape::Prose && !fence.is_named {
        let message = format!(
            "nothing between this `{0}` and the next is a key with a value; it is read as text",
            fence.close
        );
        let note = Diagnostic::new(Severity::Note, "front-matter-none", file.path, message).at(file.text, at, fence.close.len());
        return Ok(Some(Parts {
            dialect: Dialect::None,
            fields: Vec::new(),
            body: file.text,
            remarks: vec![note],
        }));
    }
    let block = file.block(inner, end)?;
    let (dialect, Reading { fields, mut remarks }) = match fence.format {
        Format::Toml => (Dialect::Toml, toml::read(block)?),
        Format::Json => (Dialect::Json, json::read(block)?),
        _ => match json::read_if_strict(block) {
            Some(reading) => (Dialect::Json, reading),
            None => (Dialect::Yaml, yaml::read(block)?),
        },
    };
    if fence.is_mistyped {
        let message = format!("`{}` is read as `---`", fence.close);
        let mend = "write `---`, and let no program make other dashes of it".to_owned();
        remarks.insert(0, file.warn("front-matter-dashes", at, message, mend));
    }
    Ok(Some(Parts {
        dialect,
        fields,
        body,
        remarks,
    }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Nothing, or comments alone.
    Empty,
    /// Keys with values.
    Fields,
    /// Text between two rules.
    Prose,
}

/// What `text`, which follows a fence, looks like. Its first paragraph decides, in which one key that tools know is enough; a key that
/// none knows has to stand right below the fence, and that one must be well typed. Where the fence is closed, `draft: true` counts wherever it stands: the worst reading
/// of it is as text.
fn shape(text: &str, is_closed: bool, is_mistyped: bool) -> Shape {
    let is_blank = |line: &&str| line.trim().is_empty();
    let mut rest = text
        .lines()
        .skip_while(|line| is_blank(line) || line.starts_with('#'))
        .peekable();
    let Some(first) = rest.peek().copied() else {
        return Shape::Empty;
    };
    let at_once = !is_mistyped && !text.lines().next().is_some_and(|line| line.trim().is_empty());
    let is_field = |line: &str| KeyLine::split(line.trim_start()).is_some_and(|key| key.is_known());
    let is_guarding = |line: &str| KeyLine::split(line.trim_start()).is_some_and(|key| key.is_guarding());
    let guards = is_closed && text.lines().any(is_guarding);
    // a mapping in braces begins with a key too
    let first = first.strip_prefix('{').map_or(first, str::trim_start);
    if guards
        || is_json(text)
        || (at_once && KeyLine::split(first).is_some())
        || rest.take_while(|line| !is_blank(line)).any(is_field)
    {
        Shape::Fields
    } else {
        Shape::Prose
    }
}

/// Whether `text` begins as JSON does, with or without the outer braces that Hexo leaves out. Template tags begin differently.
fn is_json(text: &str) -> bool {
    let inner = text.trim_start();
    let inner = inner.strip_prefix('{').map_or(inner, str::trim_start);
    inner.starts_with('"') || (inner.starts_with('}') && text.trim_start().starts_with('{'))
}
