//! Pages for people: what they say ([`Page`]), and how they look ([`Theme`]).
//!
//! HTML as the living standard has it, with Open Graph, Twitter cards and JSON-LD (schema.org) in its head; no scripts, and nothing from
//! another host but what authors put there. Addresses on the site are paths, so that a page is right wherever the site is reached;
//! those that leave the page (canonical, feeds, cards) are absolute.
//!
//! A page is made in two steps: these functions say what is on it, and [`Theme::render`] puts that into a template. What templates are
//! given is what `Serialize` writes of the types in here: `site` ([`theme`]), `head` (`head`) and `page` (one type a template).

mod address;
mod directory;
pub mod fault;
mod head;
mod list;
mod post;
pub mod preview;
mod subscribe;
mod summary;
pub mod theme;
mod trial;

use minijinja::Value;
use minijinja::value::Serde;
use serde::Serialize;

use self::address::Addresses;
pub use self::directory::{Counted, directory, years};
use self::head::Head;
pub use self::list::{Found, Listed, Subject, Unpublished, awaited, list, list_with_unpublished, missing, search, withdrawn};
pub use self::post::{Around, post, shared};
pub use self::subscribe::subscribe;
pub use self::theme::Theme;
use crate::config::Config;
use crate::post::Post;
use crate::time::Moment;

use super::clean::one_line;

/// The media type of pages.
pub const MEDIA_TYPE: &str = "text/html; charset=utf-8";

/// What is on one page, in no look.
#[derive(Clone, Debug)]
pub struct Page {
    /// The name of the template it is for.
    template: &'static str,
    /// What its head says.
    head: Value,
    /// What the template makes the page of.
    body: Value,
}

impl Page {
    fn new<B: Serialize>(template: &'static str, head: Head, body: B) -> Page {
        Page {
            template,
            head: Value::from(Serde(head)),
            body: Value::from(Serde(body)),
        }
    }
}

/// A link on a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Link {
    name: String,
    url: String,
}

/// A day, for machines and people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Day {
    /// RFC 3339.
    iso: String,
    /// On the author's calendar: `31 January 2026` where pages are in English, else `2026-01-31`.
    text: String,
}

impl Day {
    fn of(moment: Moment, language: &str) -> Day {
        let date = moment.date();
        let is_english = language
            .split('-')
            .next()
            .is_some_and(|first| first.eq_ignore_ascii_case("en"));
        Day {
            iso: moment.rfc3339(),
            text: if is_english {
                date.strftime("%-d %B %Y").to_string()
            } else {
                date.to_string()
            },
        }
    }
}

/// The path of the first page of the site: `/`, or `/blog/` where its address has a path.
#[must_use]
pub fn home(config: &Config) -> String {
    Addresses::of(config).here("/")
}

/// What a post is called: its title, or its slug where it has none.
fn name(post: &Post) -> String {
    let title = one_line(&post.title);
    if title.is_empty() {
        post.slug.clone()
    } else {
        title.into_owned()
    }
}

/// Whether `text` holds letters that run from right to left.
fn runs_left(text: &str) -> bool {
    text.chars().any(
        |c| matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{1e900}'..='\u{1e95f}'),
    )
}

#[cfg(test)]
mod tests;
