//! A post in the JSON listing.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::config::Person;
use crate::post::Post;
use crate::post::reference::{Role, Targets};
use crate::render::address::{post_url, references, resolved};
use crate::render::{Content, clean, xml_text};
use crate::time::Moment;

/// A post in a listing. Fields that every post may have are always written, if necessary as `null`. Rare fields are only
/// written if the post has them.
#[derive(Serialize)]
pub(super) struct Entry<'a> {
    id: String,
    /// Only if it differs from the id.
    #[serde(skip_serializing_if = "Option::is_none")]
    atom_id: Option<String>,
    slug: &'a str,
    url: String,
    title: String,
    summary: String,
    date_published: Moment,
    date_modified: Moment,
    tags: Vec<String>,
    authors: Vec<Person>,
    section: Option<&'a str>,
    language: Option<String>,
    image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra: Option<&'a Map<String, Value>>,
    #[serde(flatten)]
    content: Option<WholeText>,
}

/// The whole text of a post; `null` if the page has no room for it, or if it cannot be read.
#[derive(Default, Serialize)]
pub(super) struct WholeText {
    content_html: Option<Arc<str>>,
    content_markdown: Option<Arc<str>>,
}

impl From<Content> for WholeText {
    fn from(content: Content) -> WholeText {
        WholeText {
            content_html: Some(content.html),
            content_markdown: Some(content.markdown),
        }
    }
}

impl WholeText {
    /// Its size in bytes.
    pub(super) fn length(&self) -> usize {
        self.content_html.as_ref().map_or(0, |html| html.len())
            + self.content_markdown.as_ref().map_or(0, |markdown| markdown.len())
    }
}

impl<'a> Entry<'a> {
    /// The entry of `post` on the site at `base`, with addresses that lead to `targets`. `author` is the author of posts that name none.
    pub(super) fn of(
        post: &'a Post,
        (base, targets): (&str, &Targets),
        author: Option<&Person>,
        content: Option<WholeText>,
    ) -> Entry<'a> {
        let url = post_url(base, &post.address);
        let references = references(post, base, targets);
        let absolute = |reference: &str, role| resolved(&references, reference, role);
        let authors = if post.authors.is_empty() {
            clean::people(author)
        } else {
            clean::people(&*post.authors)
        };
        Entry {
            id: clean::id(&post.id),
            atom_id: post.atom_id.as_deref().map(clean::id),
            slug: &post.slug,
            title: xml_text::one_line(&post.title).into_owned(),
            summary: xml_text::one_line(&post.summary).into_owned(),
            date_published: post.date,
            date_modified: post.modified().max(post.date),
            tags: clean::tags(&post.tags),
            authors,
            section: post.section.as_deref(),
            language: post.language.as_deref().and_then(clean::language),
            image: post.image.as_ref().and_then(|image| absolute(image, Role::Part)),
            external_url: post.link.as_ref().and_then(|link| absolute(link, Role::Link)),
            extra: post.extra.as_deref(),
            content,
            url,
        }
    }
}

/// A single post, with its neighbours.
#[derive(Serialize)]
struct SinglePost<'a> {
    #[serde(flatten)]
    entry: Entry<'a>,
    newer: Option<&'a str>,
    older: Option<&'a str>,
}

/// The document of one post on `site`, its address and what addresses lead to: its entry with the whole text `content`, and the slugs of the posts published directly after it
/// (`newer`) and before it (`older`).
#[must_use]
pub fn one(
    post: &Post,
    content: Content,
    site: (&str, &Targets),
    author: Option<&Person>,
    newer: Option<&Post>,
    older: Option<&Post>,
) -> Vec<u8> {
    let one = SinglePost {
        entry: Entry::of(post, site, author, Some(content.into())),
        newer: newer.map(|post| post.slug.as_str()),
        older: older.map(|post| post.slug.as_str()),
    };
    serde_json::to_vec(&one).unwrap_or_default() // these types have nothing that JSON cannot say
}
