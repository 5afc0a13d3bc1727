//! Parses Nikola's files of front matter: lines of `.. title: Hello`, a fenced front matter, or, from its first versions, one value on
//! each line in a fixed order.

use camino::Utf8Path;

use crate::diagnostic::{Diagnostic, Position};
use crate::post::front_matter::{self, Dialect, Node, Value};

/// In bytes. A larger file is not front matter.
const LARGEST: usize = 64 * 1024;

/// The keys of the lines of the oldest form.
const ORDER: [&str; 6] = ["title", "slug", "date", "tags", "link", "description"];

/// Returns the fields of `text`, the content of the file at `path`.
pub(super) fn parse_meta(path: &Utf8Path, text: &str) -> Result<Vec<(String, Node)>, Diagnostic> {
    if text.len() > LARGEST {
        return Ok(Vec::new());
    }
    let is_dotted = text.lines().any(|line| line.trim_start().starts_with(".. "));
    if is_dotted {
        return Ok(fields(text, |_, line| {
            let (key, value) = line.trim_start().strip_prefix(".. ")?.split_once(':')?;
            Some((key.trim().to_owned(), value))
        }));
    }
    let parts = front_matter::parse(path, text)?;
    if parts.dialect != Dialect::None {
        return Ok(parts.fields);
    }
    Ok(fields(text, |number, line| Some(((*ORDER.get(number)?).to_owned(), line))))
}

fn fields<'a>(text: &'a str, split: impl Fn(usize, &'a str) -> Option<(String, &'a str)>) -> Vec<(String, Node)> {
    let lines = text.lines().enumerate();
    let fields = lines.filter_map(|(number, line)| {
        let (key, value) = split(number, line)?;
        let column = line.len() - value.trim_start().len() + 1;
        let value = value.trim();
        let value = if value.is_empty() {
            Value::Null
        } else {
            Value::Scalar {
                text: value.to_owned(),
                plain: true,
            }
        };
        let position = Position {
            line: number + 1,
            column,
        };
        Some((key, Node { value, position }))
    });
    fields.collect()
}
