//! Who may read a post, by the words of any tool.
//!
//! The strictest word counts. A word that is plainly about this and not understood holds the post back, and so does a key that is one
//! letter from such a word: what stays in by mistake is mended in a minute, what went out never.

mod protected;
mod slips;
mod table;

use std::collections::HashMap;
use std::sync::LazyLock;

use self::table::{Effect, TABLE, WordRow};
use super::dating::{self, Dated};
use super::fields::{self, Fields};
use super::front_matter::Node;
use super::remarks::Remarks;
use super::{Origin, Status};

pub(super) use self::protected::is_protecting;
pub(super) use self::slips::hold_for_slips;

/// Keys that say that a post is a draft.
const DRAFT_KEYS: [&str; 3] = ["draft", "drafts", "isDraft"];

/// The rows of [`TABLE`] by their keys.
static ROWS: LazyLock<HashMap<&'static str, &'static WordRow>> = LazyLock::new(|| {
    let rows = TABLE.iter().flat_map(|row| row.keys.iter().map(move |key| (*key, row)));
    rows.collect()
});

/// Whether `key`, in whatever spelling, says who may read a post or when, and nothing else, so that of two values the stricter counts.
pub(super) fn is_guarding(key: &str) -> bool {
    const ADDRESSES: [&str; 2] = ["permalink", "url"];
    let folded: String = key
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    let key = folded.as_str();
    let says_something = |row: &&WordRow| row.otherwise != Effect::Nothing || !row.values.is_empty();
    (ROWS.get(key).is_some_and(says_something) && !ADDRESSES.contains(&key)) || dating::is_gate(key)
}

/// Whether `key`, in whatever spelling, is a word that is plainly about who may read a post or when.
pub(super) fn is_plain_word(key: &str) -> bool {
    let folded: String = key
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    ROWS.get(folded.as_str()).is_some_and(|row| row.is_guarded) || dating::is_gate(&folded)
}

/// Whether `key` says who may read a post, or in which lists and feeds it is, or is one letter from a word that does.
pub(super) fn is_about_visibility(key: &str) -> bool {
    let folded: String = fields::fold(key).collect();
    is_guarding(&folded) && !dating::is_gate(&folded) || is_about_feeds(&folded) || slips::is_slip(&folded)
}

/// What `key`, without `-`, `_` and capitals, says with the value `node`.
fn effect_of(key: &str, node: &Node) -> Option<Effect> {
    ROWS.get(key)?.effect_of(node)
}

/// One thing that the front matter says.
struct Said<'a> {
    effect: Effect,
    key: &'a str,
    node: &'a Node,
}

/// What is wanted with a post that has these fields, and what says so; `in_drafts` if it lies in a folder of drafts. `body` is what
/// follows its front matter.
pub(super) fn read(fields: &Fields, body: &str, in_drafts: bool, dated: &Dated, says: &mut Remarks) -> (Status, Origin) {
    let (text, body_at) = (says.text(), says.text().len() - body.len());
    let head = text.get(..body_at).unwrap_or_default();
    let all = said(fields, says.text());
    // an explicit `draft: false` rules over `published: false`, as in Hugo
    let is_finished = |said: &Said| said.effect == Effect::Public && said.key.eq_ignore_ascii_case("draft");
    let is_finished = all.iter().any(is_finished);
    let mut wanted = (Status::Published, Origin::Default);
    let mut doubts = Vec::new();
    for said in &all {
        let standing = match said.effect {
            Effect::Nothing | Effect::Public => continue,
            Effect::Draft if is_finished && said.key.eq_ignore_ascii_case("published") => continue,
            Effect::Scheduled if ends(said, dated) => continue,
            Effect::Scheduled | Effect::Held => {
                doubts.push(said);
                continue;
            }
            Effect::Unlisted => Status::Unlisted,
            Effect::Draft => Status::Draft,
            Effect::Private => Status::Private,
        };
        // the strictest wins, the first of equals
        if rank(standing) > rank(wanted.0) {
            wanted = (standing, Origin::Field(said.key.to_owned()));
        }
    }
    for doubt in doubts {
        hold(doubt, says);
    }
    if in_drafts && rank(Status::Draft) > rank(wanted.0) {
        wanted = (Status::Draft, Origin::FileName);
    }
    let may_be_seen = matches!(wanted.0, Status::Published | Status::Unlisted);
    if may_be_seen
        && fields.first(&DRAFT_KEYS).is_none()
        && let Some((offset, line)) = stray_draft(head)
    {
        let message = format!("`{line}` stands within another value, so this is taken as a draft");
        let mend = "write `draft: true` at the start of a line, above every table";
        says.at("draft-astray", offset, line.chars().count(), message, mend);
        wanted = (Status::Draft, Origin::Field("draft".to_owned()));
    }
    if wanted.0 != Status::Private
        && let Some(offset) = protected::find(body)
    {
        let message = "this text is to be encrypted, which feedmill does not do, so the post is private";
        says.at(
            "encrypted-text",
            body_at + offset,
            1,
            message,
            "write `private: true`, or take the shortcode away",
        );
        says.hide_line_of_last();
        wanted = (Status::Private, Origin::Text);
    }
    wanted
}

/// Whether the date of the post says when what is `said` to be scheduled is published: an embargo ends on a day of its own.
fn ends(said: &Said, dated: &Dated) -> bool {
    match &dated.origin {
        Origin::FileTime => false,
        Origin::Field(key) if is_embargo(said.key) => dating::is_gate(&fields::fold(key).collect::<String>()),
        _ => !is_embargo(said.key),
    }
}

fn is_embargo(key: &str) -> bool {
    let key: String = fields::fold(key).collect();
    table::EMBARGO.contains(&key.as_str())
}

/// Everything that `fields` say about who may read the post. What says nothing about it stays among the keys that mean nothing here.
fn said<'a>(fields: &Fields<'a>, text: &str) -> Vec<Said<'a>> {
    let mut all = Vec::new();
    for key in fields.keys() {
        let mut add = |name: &str, node: &'a Node| {
            let Some(row) = ROWS.get(name) else { return };
            let effect = row
                .effect_of(node)
                .or_else(|| hides_value(node, text).then_some(row.otherwise));
            // a key that is left blank is known as well
            if effect.map_or(row.otherwise, |effect| effect) != Effect::Nothing {
                key.set_known();
            }
            all.extend(effect.map(|effect| Said {
                effect,
                key: key.name(),
                node,
            }));
        };
        add(key.folded(), key.node());
        if key.folded() == "build" {
            for within in ["list", "render"] {
                if let Some(node) = fields::first_in(key.node(), &[within]) {
                    add(&format!("build.{within}"), node);
                }
            }
        }
    }
    all
}

/// Holds the post back for a value that is not understood. No value of a secret is repeated: none is ever in doubt.
fn hold(doubt: &Said, says: &mut Remarks) {
    let Said { effect, key, node } = doubt;
    let message = match (effect, fields::text(node)) {
        (Effect::Scheduled, _) if is_embargo(key) => "it is under an embargo, and nothing says until when".to_owned(),
        (Effect::Scheduled, _) => "it is to be published at a time that nothing names".to_owned(),
        (_, Some(text)) => format!("`{key}: {}` is not understood", shortened(text)),
        (_, None) => format!("`{key}` has not one value"),
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
    says.hold("standing-unclear", node, message, &mend);
}

/// Whether something stands in `text` where `node` was read as nothing: YAML takes the word in `draft: &true` and `draft: !true` for a
/// name, that in `draft: |true` for none at all, and its author meant something else.
pub(super) fn hides_value(node: &Node, text: &str) -> bool {
    if !fields::is_blank(node) {
        return false;
    }
    let line = text.split('\n').nth(node.position.line.saturating_sub(1)).unwrap_or_default();
    // a list may begin on the line after its key
    let value = line.split_once([':', '=', '：']).map_or(line, |(_, value)| value);
    let value = value.split(" #").next().unwrap_or_default();
    let words = value.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let has_words = words.into_iter().any(|word| !word.eq_ignore_ascii_case("null"));
    has_words || value.trim_start().starts_with(['&', '!', '*', '|', '>', '%', '@', '`'])
}

/// In characters: what of a value a message repeats.
const MOST_QUOTED: usize = 60;

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MOST_QUOTED) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// Keys that say that feeds do not carry a post.
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

/// Keys that say whether feeds carry a post.
const IN_FEEDS: [&str; 2] = ["feed", "rss"];

/// Whether `key` says whether feeds carry a post.
fn is_about_feeds(key: &str) -> bool {
    NOT_IN_FEEDS
        .iter()
        .chain(&IN_FEEDS)
        .any(|known| fields::fold(known).eq(fields::fold(key)))
}

/// Whether feeds may carry a post with these fields.
pub(super) fn in_feeds(fields: &Fields) -> bool {
    let says = |keys: &[&str], truth: bool| fields.all(keys).iter().any(|(_, node)| fields::truth(node) == Some(truth));
    !says(&NOT_IN_FEEDS, true) && !says(&IN_FEEDS, false)
}

/// What the author says of the last edit: whether it is too small to tell readers of.
pub(super) fn minor(fields: &Fields) -> Option<bool> {
    fields
        .first(&["minor", "minor_edit"])
        .and_then(|(_, node)| fields::truth(node))
}

/// Where `front_matter`, a text that gave none of [`DRAFT_KEYS`], holds a line that says `draft: true` nonetheless, and that line.
///
/// A slip of indentation, a quote left open or a table above it makes such a line part of another value.
fn stray_draft(front_matter: &str) -> Option<(usize, &str)> {
    let mut offset = 0;
    for line in front_matter.split_inclusive('\n') {
        let content = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '{'));
        let start = offset + line.len() - content.len();
        offset += line.len();
        let said = content.split_once([':', '=', '：']).filter(|(key, _)| {
            let key = key.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
            key.eq_ignore_ascii_case("draft")
        });
        let Some((_, value)) = said else { continue };
        let value = value.split(" #").next().unwrap_or_default();
        let value = value.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '}' | ']'));
        if fields::truth_in(value) == Some(true) {
            return Some((start, content.trim_end()));
        }
    }
    None
}

fn rank(standing: Status) -> u8 {
    match standing {
        Status::Published => 0,
        Status::Unlisted => 1,
        Status::Draft => 2,
        Status::Private => 3,
    }
}

#[cfg(test)]
mod tests;
