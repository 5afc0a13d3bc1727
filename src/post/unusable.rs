//! Warns about values of the front matter that are written but not used, because they have the wrong form: a list where one text belongs.
//!
//! Fields about visibility and dates have rules of their own, which hold a post back.

use super::authors;
use super::fields::{self, Fields};
use super::node::{Node, Value};
use super::remarks::Remarks;

/// Keys whose value is one text, and how to write it.
const TEXTS: [(&[&str], &str); 3] = [
    (
        &["summary", "description", "excerpt", "custom_excerpt"],
        "write it as one text, such as `summary: One sentence.`",
    ),
    (&["lang", "language", "locale"], "write one language, such as `lang: en`"),
    (
        &["slug", "permalink", "url"],
        "write one text, such as `slug: hello`, or leave the key out",
    ),
];

/// Keys of the address of the page that a post is about.
const LINKS: [&str; 3] = ["external_url", "externalLink", "external_link"];

/// Warns about the values that are not used.
pub(super) fn remark_unusable(fields: &Fields, remarks: &mut Remarks) {
    for (keys, mend) in TEXTS {
        for (key, node) in fields.all(keys).into_iter().filter(|(_, node)| is_compound(node)) {
            warn(key, node, "it is no text", mend, remarks);
        }
    }
    for (key, node) in authors::without_name(fields) {
        warn(
            key,
            node,
            "it has no name",
            "write `author: Ann Example`, or a mapping with `name`",
            remarks,
        );
    }
    for (key, node) in fields.all(&LINKS) {
        let is_link = fields::text(node).is_some_and(authors::is_web);
        if !is_link && !fields::is_blank(node) && fields::boolean(node).is_none() {
            let mend = "write an address such as `https://example.org/page`, or leave the key out";
            warn(key, node, "it is no http(s) address", mend, remarks);
        }
    }
}

/// Whether `node` is a list or a mapping with something in it.
fn is_compound(node: &Node) -> bool {
    matches!(node.value, Value::List(_) | Value::Map(_)) && !fields::is_blank(node)
}

fn warn(key: &str, node: &Node, why: &str, mend: &str, remarks: &mut Remarks) {
    remarks.warn_value(
        "value-unusable",
        node,
        format!("this value of `{key}` is not used: {why}"),
        mend,
    );
}
