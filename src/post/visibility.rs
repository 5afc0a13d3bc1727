//! Reads from a front matter who may read the post, by the keys of all common tools.
//!
//! The strictest key counts. A value that is not understood, of a key that is only about visibility, holds the post back, and so does a
//! key that is one letter from such a key: a post that is held back by mistake is corrected in a minute, one that was published by
//! mistake cannot be taken back.

mod misspelled;
mod protected;
mod table;

use self::table::{Effect, ROWS, VisibilityRow};
use super::dating::{self, PostDate};
use super::fields::{self, Fields};
use super::node::Node;
use super::remarks::Remarks;
use super::{Origin, Status};

pub(super) use self::misspelled::hold_misspelled_keys;
pub(super) use self::protected::is_protecting;

/// Keys of drafts.
const DRAFT_KEYS: [&str; 3] = ["draft", "drafts", "isDraft"];

/// Returns whether `key`, in any spelling, decides who may read a post or when, and nothing else, so that the stricter of two values
/// counts.
pub(super) fn decides_visibility(key: &str) -> bool {
    const ADDRESSES: [&str; 2] = ["permalink", "url"];
    let folded = fold_alphanumeric(key);
    let key = folded.as_str();
    // rows of keys without an effect have no values
    let has_effect = |row: &&VisibilityRow| !row.values.is_empty();
    (ROWS.get(key).is_some_and(has_effect) && !ADDRESSES.contains(&key)) || dating::is_schedule_key(key)
}

/// The letters and digits of `key`, in lower case.
fn fold_alphanumeric(key: &str) -> String {
    let chars = key.chars().filter(|c| c.is_alphanumeric());
    chars.flat_map(char::to_lowercase).collect()
}

/// Returns whether `key`, in any spelling, is clearly about who may read a post or when.
pub(super) fn is_visibility_key(key: &str) -> bool {
    let folded = fold_alphanumeric(key);
    ROWS.get(folded.as_str()).is_some_and(|row| row.catches_misspellings) || dating::is_schedule_key(&folded)
}

/// Returns whether `key` decides who may read a post or which lists and feeds it is in, or is a misspelling of such a key.
pub(super) fn is_about_visibility(key: &str) -> bool {
    let folded: String = fields::fold_key(key).collect();
    decides_visibility(&folded) && !dating::is_schedule_key(&folded)
        || is_about_feeds(&folded)
        || misspelled::is_misspelled(&folded)
}

/// A field of the front matter that is about visibility.
struct VisibilityField<'a> {
    effect: Effect,
    key: &'a str,
    node: &'a Node,
}

/// Returns the status of a post with these fields, and where it came from. `in_drafts` says that the file is in a folder of drafts; `body`
/// is the text after the front matter.
pub(super) fn read_status(
    fields: &Fields,
    body: &str,
    in_drafts: bool,
    dated: &PostDate,
    remarks: &mut Remarks,
) -> (Status, Origin) {
    let (mut status, mut origin) = status_of_fields(fields, dated, remarks);
    if in_drafts && strictness(Status::Draft) > strictness(status) {
        (status, origin) = (Status::Draft, Origin::FileName);
    }
    let text = remarks.text();
    let body_start = text.len() - body.len();
    if matches!(status, Status::Published | Status::Unlisted)
        && fields.first(&DRAFT_KEYS).is_none()
        && let Some((offset, line)) = find_misplaced_draft(text.get(..body_start).unwrap_or_default())
    {
        let message = format!("`{line}` stands within another value, so this is taken as a draft");
        let mend = "write `draft: true` at the start of a line, above every table";
        remarks.warn_at("draft-astray", offset, line.chars().count(), message, mend);
        (status, origin) = (Status::Draft, Origin::Field("draft".into()));
    }
    if status != Status::Private
        && let Some(offset) = protected::find_protected(body)
    {
        let message = "this text is to be encrypted, which feedmill does not do, so the post is private";
        let mend = "write `private: true`, or remove the shortcode";
        remarks.warn_at("encrypted-text", body_start + offset, 1, message, mend);
        remarks.hide_line_of_last();
        (status, origin) = (Status::Private, Origin::Text);
    }
    (status, origin)
}

/// The strictest status in `fields`, and its key. Holds the post back for every field that is not understood.
fn status_of_fields(fields: &Fields, dated: &PostDate, remarks: &mut Remarks) -> (Status, Origin) {
    let all = visibility_fields(fields, remarks.text());
    // an explicit `draft: false` overrides `published: false`, as in Hugo
    let is_finished = |field: &VisibilityField| field.effect == Effect::Public && field.key.eq_ignore_ascii_case("draft");
    let is_finished = all.iter().any(is_finished);
    let mut strictest = (Status::Published, Origin::Default);
    for field in &all {
        let status = match field.effect {
            Effect::Nothing | Effect::Public => continue,
            Effect::Draft if is_finished && field.key.eq_ignore_ascii_case("published") => continue,
            Effect::Scheduled if has_publication_date(field, dated) => continue,
            Effect::Scheduled | Effect::Held => {
                hold_unclear(field, remarks);
                continue;
            }
            Effect::Unlisted => Status::Unlisted,
            Effect::Draft => Status::Draft,
            Effect::Private => Status::Private,
        };
        // the first of two equally strict ones
        if strictness(status) > strictness(strictest.0) {
            strictest = (status, Origin::Field(field.key.into()));
        }
    }
    strictest
}

/// Whether the post's date says when the scheduled post is published. An embargo needs a date of its own.
fn has_publication_date(field: &VisibilityField, dated: &PostDate) -> bool {
    match &dated.origin {
        Origin::FileTime => false,
        Origin::Field(key) if is_embargo(field.key) => dating::is_schedule_key(&fields::fold_key(key).collect::<String>()),
        _ => !is_embargo(field.key),
    }
}

fn is_embargo(key: &str) -> bool {
    let key: String = fields::fold_key(key).collect();
    table::EMBARGO.contains(&key.as_str())
}

/// The fields that are about visibility. The other fields stay unknown.
fn visibility_fields<'a>(fields: &Fields<'a>, text: &str) -> Vec<VisibilityField<'a>> {
    let mut all = Vec::new();
    for key in fields.keys() {
        let mut add = |name: &str, node: &'a Node| {
            let Some(row) = ROWS.get(name) else { return };
            let effect = row
                .effect_of(node)
                .or_else(|| fields::has_unread_value(node, text).then_some(row.otherwise));
            // a key without a value is known too
            if effect.map_or(row.otherwise, |effect| effect) != Effect::Nothing {
                key.set_known();
            }
            all.extend(effect.map(|effect| VisibilityField {
                effect,
                key: key.name(),
                node,
            }));
        };
        add(key.folded(), key.node());
        if key.folded() == "build" {
            for inner in ["list", "render"] {
                if let Some(node) = fields::first_in(key.node(), &[inner]) {
                    add(&format!("build.{inner}"), node);
                }
            }
        }
    }
    all
}

/// Holds the post back for a field that is not understood. The message may quote the value: the keys of secrets are always understood.
fn hold_unclear(field: &VisibilityField, remarks: &mut Remarks) {
    let VisibilityField { effect, key, node } = field;
    let message = match (effect, fields::text(node)) {
        (Effect::Scheduled, _) if is_embargo(key) => "it is under an embargo, and nothing says until when".to_owned(),
        (Effect::Scheduled, _) => "it is to be published at a time that nothing names".to_owned(),
        (_, Some(text)) => format!("`{key}: {}` is not understood", shortened(text)),
        (_, None) => format!("`{key}` does not have exactly one value"),
    };
    let folded = key.to_ascii_lowercase();
    let mend = if *effect == Effect::Scheduled && is_embargo(key) {
        "write `embargo_until` with a date, or delete the line".to_owned()
    } else if *effect == Effect::Scheduled {
        "write a `date`".to_owned()
    } else if folded.ends_with("status") || folded.ends_with("state") {
        format!("write `{key}: draft` or `{key}: published`")
    } else if folded.ends_with("visibility") {
        format!("write `{key}: public`, `{key}: unlisted` or `{key}: private`")
    } else {
        format!("write `{key}: true` or `{key}: false`")
    };
    remarks.hold_value("standing-unclear", node, message, &mend);
}

/// In characters: the longest part of a value that a message quotes.
const MOST_QUOTED: usize = 60;

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MOST_QUOTED) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// Keys that keep a post out of feeds.
const NOT_IN_FEEDS: [&str; 9] = [
    "hiddenInRss",
    "hiddenFromRss",
    "hiddenFromFeed",
    "disable_feed",
    "feed_exclude",
    "rss.exclude",
    "feed.exclude",
    "exclude_from_feed",
    "exclude_from_rss",
];

/// Keys that decide whether a post is in feeds.
const IN_FEEDS: [&str; 2] = ["feed", "rss"];

/// Whether `key` decides whether a post is in feeds.
fn is_about_feeds(key: &str) -> bool {
    NOT_IN_FEEDS
        .iter()
        .chain(&IN_FEEDS)
        .any(|known| fields::fold_key(known).eq(fields::fold_key(key)))
}

/// Returns whether a post with these fields may be in feeds.
pub(super) fn read_in_feeds(fields: &Fields) -> bool {
    let is_any = |keys: &[&str], value: bool| fields.all(keys).iter().any(|(_, node)| fields::boolean(node) == Some(value));
    !is_any(&NOT_IN_FEEDS, true) && !is_any(&IN_FEEDS, false)
}

/// Returns whether the author marked the last edit as minor, if that is written.
pub(super) fn read_minor(fields: &Fields) -> Option<bool> {
    fields
        .first(&["minor", "minor_edit"])
        .and_then(|(_, node)| fields::boolean(node))
}

/// Returns the offset and the text of a line `draft: true` in `front_matter`, which was parsed without any of [`DRAFT_KEYS`].
///
/// Wrong indentation, an open quote or a table above it can make such a line part of another value.
fn find_misplaced_draft(front_matter: &str) -> Option<(usize, &str)> {
    let mut offset = 0;
    for line in front_matter.split_inclusive('\n') {
        let content = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '{'));
        let start = offset + line.len() - content.len();
        offset += line.len();
        let field = content.split_once([':', '=', '：']).filter(|(key, _)| {
            let key = key.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
            key.eq_ignore_ascii_case("draft")
        });
        let Some((_, value)) = field else { continue };
        let value = value.split(" #").next().unwrap_or_default();
        let value = value.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '}' | ']'));
        if fields::parse_boolean(value) == Some(true) {
            return Some((start, content.trim_end()));
        }
    }
    None
}

/// Whether a field `key` with the value `node` hides a post, or keeps it out of lists. For a key that is not in the table it is assumed.
pub(super) fn hides(key: &str, node: &Node) -> bool {
    let folded: String = fields::fold_key(key).collect();
    let effect = ROWS.get(folded.as_str()).map(|row| row.effect_of(node));
    effect.is_none_or(|effect| matches!(effect, Some(Effect::Unlisted | Effect::Draft | Effect::Private)))
}

fn strictness(status: Status) -> u8 {
    match status {
        Status::Published => 0,
        Status::Unlisted => 1,
        Status::Draft => 2,
        Status::Private => 3,
    }
}

#[cfg(test)]
mod tests;
