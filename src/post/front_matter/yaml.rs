//! YAML (1.2) → a tree whose scalars keep their spelling.
//!
//! Built from a parser's events, with limits of our own. Anchors and aliases are followed, tags are not, but for `!!str`. What the
//! grammar refuses goes to the lenient reading, key by key; what exceeds a limit is refused for good.

mod tree;

use std::borrow::Cow;

use super::key::KeyLine;
use super::{Block, Diagnostic, Position, Reading, keep_last, lenient, warn_of_repeated};
pub(super) use tree::{Tree, strict};

/// The fields of `block`.
pub(super) fn read(block: Block<'_, '_>) -> Result<Reading, Diagnostic> {
    let mistake = match strict(block.text, block.line) {
        Ok(tree) => return Ok(settle(block, tree)),
        Err(mistake) => mistake,
    };
    if mistake.is_limit {
        return Err(refuse(block, &mistake));
    }
    // between a key's colon and its value a tab is as good as a space (YAML 1.2.2, section 6.2), whatever the parser says
    let text = indent_quoted(block.text).replace(":\t", ": ");
    if let Ok(tree) = strict(&text, block.line) {
        return Ok(settle(block, tree));
    }
    // a space for a tab: every place stays what it is
    let text = text.replace('\t', " ");
    if let Ok(tree) = strict(&text, block.line) {
        let mut reading = settle(block, tree);
        let message = "a tab stands where YAML wants spaces; it is read as one space".to_owned();
        let mend = "write spaces instead of tabs".to_owned();
        reading
            .remarks
            .insert(0, block.file.warn("yaml-tab", mistake.at, message, mend));
        return Ok(reading);
    }
    lenient::read_yaml(block, &text, &mistake)
}

/// `text` with a space before each line that goes on with a quoted text from the first column.
///
/// The grammar wants one (YAML 1.2.2, section 7.3), libyaml and js-yaml do not, and so posts have none: they were published.
fn indent_quoted(text: &str) -> String {
    let mut indented = String::with_capacity(text.len());
    let mut open = None;
    for line in text.split_inclusive('\n') {
        // a quote that nobody closed must not take `draft: true` for its text
        open = open.filter(|_| !KeyLine::split(line.trim_end()).is_some_and(|key| key.is_known()));
        if open.is_some() && !line.starts_with([' ', '\t', '\n']) {
            indented.push(' ');
        }
        indented.push_str(line);
        open = match open {
            Some(quote) if closes(line, quote) => None,
            Some(quote) => Some(quote),
            None => opened(line),
        };
    }
    indented
}

/// The quote that the value in `line` begins with, if the line does not close it.
fn opened(line: &str) -> Option<char> {
    let line = line.trim();
    let value = KeyLine::split(line)
        .map(|key| key.value)
        .or_else(|| line.strip_prefix("- "))?;
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let rest = value.get(1..)?;
    (!closes(rest, quote)).then_some(quote)
}

/// Whether `text` has a `quote` that is not escaped.
fn closes(text: &str, quote: char) -> bool {
    let escape = if quote == '"' { "\\\"" } else { "''" };
    text.replace("\\\\", "").replace(escape, "").contains(quote)
}

/// The refusal of a `block` that exceeds a limit.
pub(super) fn refuse(block: Block<'_, '_>, mistake: &Mistake) -> Diagnostic {
    let mend = "write it flat, as other posts have it".to_owned();
    block
        .file
        .refuse("front-matter-too-complex", mistake.at, mistake.why.to_string(), mend)
}

fn settle(block: Block<'_, '_>, tree: Tree) -> Reading {
    let mut repeated = tree.repeated;
    let fields = keep_last(tree.entries, &mut repeated);
    let remarks = warn_of_repeated(block.file, "yaml-duplicate-key", &repeated).collect();
    Reading { fields, remarks }
}

/// Why a text is not the YAML that is wanted.
pub(super) struct Mistake {
    pub(super) at: Position,
    /// In plain words, as a fragment.
    pub(super) why: Cow<'static, str>,
    /// Whether it may be YAML but is too much of it.
    pub(super) is_limit: bool,
}

impl Mistake {
    fn syntax(at: Position, why: &'static str) -> Mistake {
        Mistake {
            at,
            why: why.into(),
            is_limit: false,
        }
    }

    fn limit(at: Position, why: &'static str) -> Mistake {
        Mistake {
            at,
            why: why.into(),
            is_limit: true,
        }
    }
}

/// What the parser's message means to an author.
fn plainly(info: &str) -> Cow<'static, str> {
    const MEANINGS: [(&str, &str); 17] = [
        ("mapping values are not allowed", "a value without quotes may not hold `: `"),
        ("illegal placement of ':'", "a value without quotes may not hold `: `"),
        ("':' must be followed", "a space is missing after `:`"),
        ("tab", "a tab stands where YAML wants spaces"),
        ("unexpected end of stream", "a quote is opened and never closed"),
        ("document indicator", "a quote is opened and never closed"),
        ("trailing content after double-quoted", "text follows the closing quote"),
        ("did not find expected key", "this does not fit the lines before it"),
        ("simple key expect", "a `: ` after the key is missing"),
        ("expected ',' or ']'", "a list is opened with `[` and not closed"),
        ("expected ',' or '}'", "a mapping is opened with `{` and not closed"),
        ("flow construct", "a list or mapping is opened and not closed"),
        (
            "unknown anchor",
            "a value without quotes may not begin with `*`, which is YAML's sign for an alias",
        ),
        (
            "expected node content",
            "a value is missing, or a bracket stands where none can",
        ),
        ("escape", "between double quotes, `\\` has to be written twice"),
        ("recursion limit", "lists and mappings are nested too deep"),
        ("block sequence entries", "a list item needs a line of its own"),
    ];
    if let Some(sign) = info
        .strip_prefix("unexpected character: `")
        .and_then(|rest| rest.chars().next())
    {
        return format!("a value without quotes may not begin with `{sign}`").into();
    }
    match MEANINGS.iter().find(|(part, _)| info.contains(part)) {
        Some((_, meaning)) => (*meaning).into(),
        None => format!("this is not YAML: {info}").into(),
    }
}
