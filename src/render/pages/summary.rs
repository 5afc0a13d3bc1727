//! A post in a list of posts.

use serde::Serialize;

use super::address::Addresses;
use super::preview::state;
use super::{Day, Link, name, runs_left};
use crate::config::Config;
use crate::post::{Direction, Post, Visibility};
use crate::render::clean::{self, one_line};

/// A summary that is longer, in characters, is cut: a list is there to be looked through.
const LONGEST: usize = 300;

/// A post in a list, as templates are given it.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    url: String,
    title: String,
    summary: String,
    date: Day,
    tags: Vec<Link>,
    /// Its language, where that is not the site's.
    language: Option<String>,
    /// Which way it runs, where that may be another than the page's.
    direction: Option<&'static str>,
    /// What keeps it from being public, where its author looks at it.
    state: Option<&'static str>,
}

impl Summary {
    pub(super) fn of(post: &Post, config: &Config, addresses: &Addresses) -> Summary {
        let site = &config.site.language;
        let language = post.language.as_deref().and_then(clean::language);
        let language = language.filter(|language| !language.eq_ignore_ascii_case(site));
        let title = name(post);
        Summary {
            url: addresses.post(&post.address),
            summary: shortened(&one_line(&post.summary)),
            date: Day::of(post.date, site),
            tags: tags(post, addresses),
            direction: if post.direction == Direction::of_language(site) {
                // a post in another language that does not say so
                (language.is_none() && runs_left(&title)).then_some("auto")
            } else {
                Some(post.direction.as_str())
            },
            language,
            title,
            state: None,
        }
    }

    /// The same for a post that is not public, and what it is instead.
    pub(super) fn kept_back(self, visibility: Visibility) -> Summary {
        Summary {
            state: Some(state(visibility)),
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

/// `text` up to the last word that fits.
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
