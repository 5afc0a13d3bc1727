//! Small steps that several readers of exports need.

use std::fmt::Write as _;

use html_escape::encode_text;
use jiff::tz::Offset;
use serde_json::Value;

use crate::import::feed::parse_moment;
use crate::import::imported::ImportedDate;
use crate::post::html;
use crate::time::{Moment, Timestamp};

/// `text`, which may be HTML or have references of HTML, as plain text.
pub(super) fn plain(text: &str) -> String {
    html::text(text)
}

/// Adds `name` to `list` once.
pub(super) fn push_new(list: &mut Vec<String>, name: String) {
    if !name.is_empty() && !list.contains(&name) {
        list.push(name);
    }
}

/// Plain text as HTML: a blank line ends a paragraph.
pub(super) fn escaped_paragraphs(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let paragraphs = text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    let mut html = String::new();
    for paragraph in paragraphs {
        let _ = writeln!(html, "<p>{}</p>", encode_text(paragraph).replace('\n', "<br>"));
    }
    html
}

/// The date in a text, in UTC if it has no zone.
pub(super) fn date_in(text: &str) -> Option<ImportedDate> {
    parse_moment(text).map(ImportedDate::Zoned)
}

/// The date in a value of JSON: a text, or milliseconds since 1970.
pub(super) fn date_of(value: Option<&Value>) -> Option<ImportedDate> {
    match value? {
        Value::String(text) => date_in(text),
        Value::Number(number) => {
            let at = Timestamp::from_millisecond(number.as_i64()?).ok()?;
            Moment::new(at, Offset::UTC).map(ImportedDate::Zoned)
        }
        _ => None,
    }
}
