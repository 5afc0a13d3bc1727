//! A page as data, and the values that all pages share.

use minijinja::Value;
use minijinja::value::Serde;
use serde::Serialize;

use super::head::Head;
use crate::post::Post;
use crate::render::xml_text::one_line;
use crate::time::Moment;

/// The content of one page, without a theme.
#[derive(Clone, Debug)]
pub struct Page {
    /// The name of its template.
    pub(super) template: &'static str,
    /// The value `head` of the template.
    pub(super) head: Value,
    /// The value `page` of the template.
    pub(super) body: Value,
}

impl Page {
    pub(super) fn new<B: Serialize>(template: &'static str, head: Head, body: B) -> Page {
        Page {
            template,
            head: Value::from(Serde(head)),
            body: Value::from(Serde(body)),
        }
    }
}

/// A link on a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Link {
    pub(super) name: String,
    pub(super) url: String,
}

/// A date, for machines and people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct PageDate {
    /// RFC 3339.
    pub(super) iso: String,
    /// On the author's calendar: `31 January 2026` if pages are in English, else `2026-01-31`.
    pub(super) text: String,
}

impl PageDate {
    pub(super) fn new(moment: Moment, language: &str) -> PageDate {
        let date = moment.date();
        let is_english = language
            .split('-')
            .next()
            .is_some_and(|first| first.eq_ignore_ascii_case("en"));
        PageDate {
            iso: moment.rfc3339(),
            text: if is_english {
                date.strftime("%-d %B %Y").to_string()
            } else {
                date.to_string()
            },
        }
    }
}

/// The title of a post, or its slug if it has none.
pub(super) fn display_name(post: &Post) -> String {
    let title = one_line(&post.title);
    if title.is_empty() {
        post.slug.to_string()
    } else {
        title.into_owned()
    }
}

/// Whether `text` contains letters that run from right to left.
pub(super) fn has_rtl_letters(text: &str) -> bool {
    text.chars().any(
        |c| matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{1e900}'..='\u{1e95f}'),
    )
}
