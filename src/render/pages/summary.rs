//! A post in a list of posts.

use serde::Serialize;

use super::address::Addresses;
use super::page::{Link, PageDate, display_name, has_rtl_letters};
use super::preview::visibility_name;
use crate::config::Config;
use crate::post::{Direction, Post, Visibility};
use crate::render::clean;
use crate::render::xml_text::one_line;

/// The most characters of a summary: lists are skimmed.
const LONGEST: usize = 300;

/// The value of one post in a list for templates.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    /// Whether it is a page, whose date readers do not see.
    is_page: bool,
    url: String,
    title: String,
    summary: String,
    date: PageDate,
    tags: Vec<Link>,
    /// Its language, if that is not the site's.
    language: Option<String>,
    /// Its text direction, if that may differ from the page's.
    direction: Option<&'static str>,
    /// Why it is not public, on pages for its author.
    state: Option<&'static str>,
}

impl Summary {
    pub(super) fn new(post: &Post, config: &Config, addresses: &Addresses) -> Summary {
        let site = &config.site.language;
        let language = post.language.as_deref().and_then(clean::language);
        let language = language.filter(|language| !language.eq_ignore_ascii_case(site));
        let title = display_name(post);
        Summary {
            is_page: post.kind.is_page(),
            url: addresses.post(&post.address),
            summary: shortened(&one_line(&post.summary)),
            date: PageDate::new(post.date, site),
            tags: tags(post, addresses),
            direction: if post.direction == Direction::of_language(site) {
                // a post in another language without a `lang` field
                (language.is_none() && has_rtl_letters(&title)).then_some("auto")
            } else {
                Some(post.direction.as_str())
            },
            language,
            title,
            state: None,
        }
    }

    /// The same summary with the name of the post's visibility.
    pub(super) fn with_visibility(self, visibility: Visibility) -> Summary {
        Summary {
            state: Some(visibility_name(visibility)),
            ..self
        }
    }
}

/// The tags of `post`, as links.
pub(super) fn tags(post: &Post, addresses: &Addresses) -> Vec<Link> {
    let tags = clean::tags(&post.tags).into_iter();
    tags.map(|name| Link {
        url: addresses.tag(&name),
        name,
    })
    .collect()
}

/// `text` up to the last word within [`LONGEST`].
fn shortened(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(LONGEST) else {
        return text.to_owned();
    };
    let start = text.get(..end).unwrap_or(text);
    let end = start.rfind(char::is_whitespace).unwrap_or(end);
    format!(
        "{}…",
        start.get(..end).unwrap_or(start).trim_end_matches(['.', ',', ';', ':', ' '])
    )
}
