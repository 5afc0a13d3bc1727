//! The data of an event about a post: fields of its entry in the listing.

use serde::Serialize;

use super::Deleted;
use crate::post::Post;
use crate::render::{clean, post_url, xml_text};
use crate::time::{Moment, Timestamp};

#[derive(Serialize)]
struct Published<'a> {
    id: String,
    /// Only if it differs from the id.
    #[serde(skip_serializing_if = "Option::is_none")]
    atom_id: Option<String>,
    slug: &'a str,
    url: String,
    title: String,
    date_published: Moment,
    date_modified: Moment,
}

/// The data of an event about `post`, which is public on the site at `base`: one line of JSON.
#[must_use]
pub fn published(post: &Post, base: &str) -> String {
    json(&Published {
        id: clean::id(&post.id),
        atom_id: post.atom_id.as_deref().map(clean::id),
        slug: &post.slug,
        url: post_url(base, &post.address),
        title: xml_text::one_line(&post.title).into_owned(),
        date_published: post.date,
        date_modified: post.modified().max(post.date),
    })
}

/// The data of an event about `post`, which was withdrawn from the site at `base` at the instant `at`: one line of JSON.
#[must_use]
pub fn withdrawn(post: &Post, at: Timestamp, base: &str) -> String {
    json(&Deleted::of(post, at, base))
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default() // these types have nothing that JSON cannot say
}
