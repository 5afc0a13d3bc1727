//! Which keys pass from a section, from data and from settings to posts: those that say who may read a post, and when.

use super::fold;
use crate::post::fields;
use crate::post::front_matter::Node;

/// Words that make a key one about who may read a post.
const VISIBILITY: [&str; 22] = [
    "draft", "publish", "private", "public", "visib", "hidden", "hide", "unlist", "listed", "status", "state", "password",
    "passwd", "protect", "encrypt", "exclude", "headless", "build", "render", "noindex", "secret", "members",
];

/// Words that make a key one about when a post may be read.
const TIMES: [&str; 7] = ["expir", "embargo", "pubdate", "date", "unpublish", "golive", "release"];

/// Keys that have such a word and mean something else.
const OTHERS: [&str; 4] = ["update", "lastmod", "publisher", "dateformat"];

/// Whether `key` says who may read a post.
pub(super) fn is_about_visibility(key: &str) -> bool {
    let key: String = fold(key).collect();
    VISIBILITY.iter().any(|word| key.contains(word)) || key.starts_with("draf")
}

/// Whether a post has the field `key`, which is `node`, from a section, from data or from settings.
pub(super) fn passes_down(key: &str, node: &Node) -> bool {
    let folded: String = fold(key).collect();
    if folded == "permalink" {
        // an address, or a pattern of addresses, is that tool's own; `false` says that there is to be no page
        return fields::text(node).and_then(fields::truth_in) == Some(false);
    }
    let is_other = OTHERS.iter().any(|other| folded.contains(other));
    !is_other && (is_about_visibility(&folded) || TIMES.iter().any(|word| folded.contains(word)))
}
