//! Remarks about the markup of other tools in a text.

use super::super::markdown::{ForeignTag, Outline};
use super::super::remarks::Remarks;
use super::super::visibility;

/// The most names of tags in one diagnostic.
const MOST_NAMES: usize = 12;

/// Warns about the HTML and the shortcodes in a text that begins at byte `start` of the file.
pub(super) fn remark_markup(outline: &Outline, start: usize, remarks: &mut Remarks) {
    remark_unknown_shortcodes(outline, start, remarks);
    for found in outline.remarks() {
        remarks.warn_at(
            found.code,
            start + found.offset,
            found.length,
            found.message.as_str(),
            &found.mend,
        );
    }
}

/// Warns about tags of other tools that are not known, with the first of them and the count of each: those that are shown as code, and those
/// that are left out. The text begins at byte `start` of the file.
fn remark_unknown_shortcodes(outline: &Outline, start: usize, remarks: &mut Remarks) {
    let tags = outline
        .unknown_tags()
        .iter()
        .filter(|tag| !visibility::is_protecting(&tag.written));
    let (shown, left_out): (Vec<&ForeignTag>, Vec<&ForeignTag>) = tags.partition(|tag| tag.is_shown);
    if let Some((first, message)) = describe_tags(&shown, "shown as code") {
        let mend = "write it as Markdown or HTML, or give it a template in `[shortcodes]` of feedmill.toml";
        remarks.warn_at("shortcode-unknown", start + first.offset, first.length, message, mend);
    }
    if let Some((first, message)) = describe_tags(&left_out, "left out, because only its program could tell what it shows") {
        remarks.warn_at(
            "tag-left-out",
            start + first.offset,
            first.length,
            message,
            "write what it shows",
        );
        remarks.make_notes("tag-left-out");
    }
}

/// The place of the first of some tags, in bytes and characters.
struct TagPlace {
    offset: usize,
    length: usize,
}

/// Where the first of `tags` is, and the message about all of them, with this `consequence`; `None` if there are none.
fn describe_tags(tags: &[&ForeignTag], consequence: &str) -> Option<(TagPlace, String)> {
    let first = tags.first()?;
    let written = first.written.lines().next().unwrap_or_default();
    let message = match tags.len() {
        1 => format!("`{written}` is another tool's, and {consequence}"),
        count => {
            let others = if count == 2 {
                "one".to_owned()
            } else {
                (count - 1).to_string()
            };
            let names = count_names(tags);
            format!("`{written}` and {others} more like it are another tool's, and {consequence}: {names}")
        }
    };
    let place = TagPlace {
        offset: first.offset,
        length: written.chars().count(),
    };
    Some((place, message))
}

/// The names of `tags`, each with its count: `gallery` 3 times, `note`.
fn count_names(tags: &[&ForeignTag]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for tag in tags {
        match counts.iter().position(|(name, _)| *name == tag.name()) {
            Some(at) => counts[at].1 += 1,
            None if counts.len() < MOST_NAMES => counts.push((tag.name(), 1)),
            None => {}
        }
    }
    let named = counts.into_iter().map(|(name, count)| match count {
        1 => format!("`{name}`"),
        count => format!("`{name}` {count} times"),
    });
    named.collect::<Vec<_>>().join(", ")
}
