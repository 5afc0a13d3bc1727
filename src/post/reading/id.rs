//! The id of a post: the one in its front matter, or a tag URI (RFC 4151).

use std::fmt::{self, Write as _};

use super::super::characters::is_forbidden;
use super::super::dating::PostDate;
use super::super::fields::{self, Fields};
use super::super::remarks::Remarks;
use super::super::{Origin, PATH_PART};
use crate::config::Config;
use crate::time::Moment;

/// The keys of ids, by precedence: if a post has several, its `guid` is the one that an old feed used.
const ID_KEYS: [&str; 3] = ["guid", "id", "uuid"];

/// The most bytes of an id. A longer one is rejected.
const LONGEST_ID: usize = 1000;

/// The ids in the front matter, without duplicates, by precedence.
pub(super) fn ids(fields: &Fields, remarks: &mut Remarks) -> impl Iterator<Item = (String, Origin)> + use<> {
    let mut ids: Vec<(String, Origin)> = Vec::new();
    for (key, node) in fields.all(&ID_KEYS) {
        let Some(text) = fields::text(node) else {
            if !fields::is_blank(node) {
                remarks.warn_value(
                    "id-unusable",
                    node,
                    format!("this value of `{key}` is not used: an id is one text"),
                    "write one text, or leave the key out",
                );
            }
            continue;
        };
        if text.len() > LONGEST_ID || text.contains(|c: char| c.is_control() || is_forbidden(c)) {
            remarks.warn_value(
                "id-unusable",
                node,
                "this is not used: an id is one line of at most 1000 bytes",
                "write a shorter one, or leave the key out",
            );
        } else if ids.iter().all(|(id, _)| id != text) {
            ids.push((text.to_owned(), Origin::Field(key.into())));
        }
    }
    ids.into_iter()
}

/// The id of a post whose front matter contains none.
pub(super) fn made_id(config: &Config, dated: &PostDate, slug: &str) -> (String, Origin) {
    let id = tag_uri(config.authority(), dated.moment, &dated.origin, slug);
    (id, Origin::DateAndSlug)
}

/// `tag:example.com,2026-01-31:hello` (RFC 4151).
///
/// A date that changes when the file is touched is not used in an id. The authority is then dated with a year only, which
/// section 2.1 allows.
pub(super) fn tag_uri(authority: &str, date: Moment, date_origin: &Origin, slug: &str) -> String {
    let date: &dyn fmt::Display = if *date_origin == Origin::FileTime {
        &"2000"
    } else {
        &date.date()
    };
    let slug = percent_encoding::utf8_percent_encode(slug, PATH_PART);
    let mut uri = String::with_capacity(64 + authority.len());
    // writing to a string does not fail
    let _ = write!(uri, "tag:{authority},{date}:{slug}");
    uri
}
