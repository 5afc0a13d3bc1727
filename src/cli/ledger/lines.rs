//! Reads an export. All lines are checked before any is imported.

use std::collections::HashMap;
use std::io::{self, BufRead, Read};

use camino::{Utf8Component, Utf8Path};
use serde_json::Value;
use smol_str::SmolStr;

use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::identity::record::Record;
use crate::storage::{MAX_RECORD_BYTES, MAX_RECORDS};

/// The most problems that are reported.
const MOST_PROBLEMS: usize = 20;
/// The most bytes of a line that is drawn.
const LONGEST_DRAWN: usize = 400;
const WRITE_AS_EXPORTED: &str = "write one JSON object a line, as `feedmill ledger export` does";

/// The kind and key of `record`.
pub(super) fn key(record: &Record) -> (&'static str, String) {
    let (kind, key) = record.key();
    (kind, key.to_owned())
}

/// Reads the records in `from`, the content of the file `path`; or returns all problems, up to [`MOST_PROBLEMS`].
///
/// # Errors
///
/// The error of the system if `from` cannot be read.
pub(super) fn read_records(path: &Utf8Path, mut from: impl BufRead) -> io::Result<Result<Vec<Record>, Vec<Diagnostic>>> {
    let (mut records, mut problems) = (Vec::new(), Vec::new());
    let mut seen: HashMap<(&'static str, String), usize> = HashMap::new();
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        let limit = MAX_RECORD_BYTES + 2;
        if from.by_ref().take(limit as u64).read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        let is_cut = bytes.len() == limit && !bytes.ends_with(b"\n");
        let line = if number == 1 {
            bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes)
        } else {
            &bytes
        };
        let line = line.trim_ascii();
        let problem = if is_cut || line.len() > MAX_RECORD_BYTES {
            Some(LineProblem::new(
                format!("a line of over {MAX_RECORD_BYTES} bytes"),
                "shorten its title, tags and names",
            ))
        } else if line.is_empty() {
            None
        } else {
            match parse_line(line) {
                Err(problem) => Some(problem),
                Ok(record) => match seen.insert(key(&record), number) {
                    Some(first) => Some(LineProblem::new(
                        format!("the {} `{}` is in line {first} already", record.key().0, record.key().1),
                        "remove one of the two",
                    )),
                    None => {
                        records.push(record);
                        None
                    }
                },
            }
        };
        if let Some(problem) = problem {
            problems.push(problem.at(path, number, line));
            if is_cut || problems.len() == MOST_PROBLEMS {
                break;
            }
        }
        if records.len() > MAX_RECORDS {
            let problem = LineProblem::new(
                format!("over {MAX_RECORDS} records"),
                "split what they are about into several sites",
            );
            problems.push(problem.at(path, number, b""));
            break;
        }
    }
    Ok(if problems.is_empty() { Ok(records) } else { Err(problems) })
}

/// A problem with one line.
struct LineProblem {
    message: String,
    mend: &'static str,
    column: usize,
}

impl LineProblem {
    fn new(message: String, mend: &'static str) -> LineProblem {
        LineProblem {
            message,
            mend,
            column: 1,
        }
    }

    fn at(self, path: &Utf8Path, line: usize, text: &[u8]) -> Diagnostic {
        let mut diagnostic = Diagnostic::new(Severity::Error, "ledger-line", path, self.message).mend(self.mend);
        diagnostic.position = Some(Position {
            line,
            column: self.column,
        });
        let text = String::from_utf8_lossy(text);
        diagnostic.source_line = (text.len() <= LONGEST_DRAWN).then(|| text.into_owned());
        diagnostic
    }
}

fn parse_line(line: &[u8]) -> Result<Record, LineProblem> {
    let value: Value = serde_json::from_slice(line).map_err(|error| LineProblem {
        column: error.column().max(1),
        ..LineProblem::new(
            format!("this line is not JSON: {}", without_position(&error)),
            WRITE_AS_EXPORTED,
        )
    })?;
    if !value.is_object() {
        return Err(LineProblem::new("this line is no JSON object".to_owned(), WRITE_AS_EXPORTED));
    }
    let record: Record =
        serde_json::from_value(value.clone()).map_err(|error| LineProblem::new(without_position(&error), WRITE_AS_EXPORTED))?;
    if let Some(field) = unknown_field(&value, &record) {
        let message = format!("unknown field `{field}`");
        return Err(LineProblem::new(message, "write its name as an export does, or remove it"));
    }
    match invalid_value(&record) {
        Some((message, mend)) => Err(LineProblem::new(message.to_owned(), mend)),
        None => Ok(record),
    }
}

/// The message of `error` without its position, which is relative to the line.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or(&text).to_owned()
}

/// A non-empty field that records do not have. It is probably misspelled, and would be ignored silently.
fn unknown_field<'a>(value: &'a Value, record: &Record) -> Option<&'a str> {
    let known = serde_json::to_value(record).ok()?;
    let is_empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    let mut fields = value.as_object()?.iter();
    let (name, _) = fields.find(|(name, value)| known.get(name).is_none() && !is_empty(value))?;
    Some(name)
}

/// A value that feedmill never writes, and how to fix it.
fn invalid_value(record: &Record) -> Option<(&'static str, &'static str)> {
    match record {
        Record::Post(post) => {
            let stays_inside = post.source.components().all(|part| matches!(part, Utf8Component::Normal(_)));
            let earlier = post.earlier.iter().map(|former| former.address.as_str());
            let mut addresses = [&post.wanted, &post.address].map(SmolStr::as_str).into_iter().chain(earlier);
            if post.id.trim().is_empty() {
                Some(("`id` is empty", "write the id that readers know the post by"))
            } else if post.source.as_str().is_empty() || !stays_inside {
                Some((
                    "`source` is not a path in the posts folder",
                    "write it relative to that folder, without `..`",
                ))
            } else if addresses.any(|address| !is_address(address)) {
                Some((
                    "an address does not begin with `/`",
                    "write addresses from the root of the site on",
                ))
            } else {
                None
            }
        }
        Record::Document(document) if !document.path.starts_with('/') => {
            Some(("`path` does not begin with `/`", "write paths from the root of the site on"))
        }
        Record::Document(_) | Record::Site(_) => None,
    }
}

/// Whether `address` is a path of the site or a whole URL, which a permalink pattern for another site produces.
fn is_address(address: &str) -> bool {
    ["/", "http://", "https://"].iter().any(|start| address.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str =
        r#"{"record":"document","path":"/a","tag":"1","modified":"2026-01-31T07:00:00Z","updated":"2026-01-31T07:00:00Z"}"#;

    fn post(from: &str, to: &str) -> String {
        let post = r#"{"record":"post","id":"i","source":"a.md","title":"t","slug":"a","wanted":"/a","address":"/a","date":"2026-01-31T09:00:00+02:00","is_dated":true,"first_served":"2026-01-31T07:00:00Z","tags":[],"in_feeds":true}"#;
        assert!(post.contains(from), "{from}");
        post.replace(from, to)
    }

    #[test]
    fn blanks_and_empty_lines_do_not_matter() {
        let text = format!("\u{feff}{DOCUMENT}\r\n\n   {}  \n", post("\":", "\" : "));
        let records = read_records("x".into(), text.as_bytes()).unwrap().unwrap();
        assert_eq!(
            records.iter().map(|record| record.key().0).collect::<Vec<_>>(),
            ["document", "post"]
        );
    }

    #[test]
    fn every_invalid_line_is_reported_with_its_position_and_fix() {
        let cases = [
            ("{", "x:2:1: error: this line is not JSON: EOF while parsing an object"),
            ("[]", "x:2:1: error: this line is no JSON object"),
            ("{\"record\":\"page\"}", "x:2:1: error: unknown variant `page`"),
            (
                "{\"record\":\"document\",\"path\":\"/\"}",
                "x:2:1: error: missing field `tag`",
            ),
            (
                &post("\"tags\":[]", "\"withdrawm\":\"2026-01-31T07:00:00Z\""),
                "x:2:1: error: unknown field `withdrawm`",
            ),
            (&post("\"id\":\"i\"", "\"id\":\" \""), "x:2:1: error: `id` is empty"),
            (
                &post("a.md", "../a.md"),
                "x:2:1: error: `source` is not a path in the posts folder",
            ),
            (
                &post("a.md", "/a.md"),
                "x:2:1: error: `source` is not a path in the posts folder",
            ),
            (
                &post("\"address\":\"/a\"", "\"address\":\"a\""),
                "x:2:1: error: an address does not begin with `/`",
            ),
            (&DOCUMENT.replace("/a", "a"), "x:2:1: error: `path` does not begin with `/`"),
            (DOCUMENT, "x:2:1: error: the document `/a` is in line 1 already"),
            (&"x".repeat(70_000), "x:2:1: error: a line of over 65536 bytes"),
        ];
        for (line, expected) in cases {
            let problems = read_records("x".into(), format!("{DOCUMENT}\n{line}\n").as_bytes())
                .unwrap()
                .unwrap_err();
            let message = problems[0].to_string();
            assert!(message.starts_with(expected) && problems.len() == 1, "{line:.80}: {message}");
            assert!(!problems[0].mend.is_empty());
        }
        let many = read_records("x".into(), "{\n".repeat(100).as_bytes()).unwrap().unwrap_err();
        assert_eq!(many.len(), MOST_PROBLEMS);
    }
}
