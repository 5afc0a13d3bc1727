//! Fields that a post inherits from other files: its section, the data beside it, the settings of its site.
//!
//! A [`Companion`] is such a file, parsed once. [`Inherited`] holds the fields that one post inherits from all its companions;
//! [`read_with`](super::read_with) reads a post together with them. Only fields about visibility and dates are inherited, except from
//! Nikola's `.meta` files; and the names of authors. This module does not look for companions: `source::folder` does.
//!
//! - Hugo: `cascade` in a section's `_index.md` applies to all posts below; the front matter of a post, or of a nearer section, wins.
//! - Zola: `draft = true` in `_index.md` hides the whole section.
//! - Eleventy: `notes/notes.json`, `notes/notes.11tydata.json` and similar files apply to all posts in `notes`, `hello.json` to `hello.md`;
//!   the front matter wins. Scripts are not run: if one computes a key of visibility, its posts are held back.
//! - `MkDocs` Material: `.meta.yml` applies to all posts beside and below it; the front matter, or a nearer file, wins.
//! - Nikola: `hello.meta` contains the front matter of `hello.md`.
//! - Jekyll: `defaults` in `_config.yml` apply to the paths that they name; the front matter wins.
//! - `authors.yml` of Docusaurus, `MkDocs` Material, Jekyll and others has the names of authors, whom posts name by a key.
//! - Posts beside an `index.md` that is a draft are drafts.
//!
//! ```
//! use std::sync::Arc;
//!
//! use feedmill::config::Config;
//! use feedmill::post::inherited::{Companion, CompanionKind, Inherited};
//! use feedmill::post::{Status, read_with};
//! use feedmill::source_file::SourceFile;
//!
//! let file = |path: &str, text: &str| SourceFile {
//!     path: path.into(),
//!     bytes: text.as_bytes().into(),
//!     modified: "2026-01-31T09:00:00Z".parse().unwrap(),
//! };
//! let section = file("notes/_index.md", "---\ncascade: {draft: true}\n---\n");
//! let section = Arc::new(Companion::parse(&section, CompanionKind::Section));
//! let mut inherited = Inherited::default();
//! inherited.add(&section, "notes/hello.md".into(), "posts", |_| true);
//!
//! let post = file("notes/hello.md", "---\ndate: 2026-01-01\n---\nHello.\n");
//! let reading = read_with(&post, &inherited, &Config::default()).unwrap();
//! assert_eq!(reading.post.status, Status::Draft);
//! ```

mod companion;
mod glob;
mod meta;
mod script;
mod target;

use std::hash::Hash;
use std::sync::Arc;

use camino::Utf8Path;

pub(crate) use self::companion::{AUTHORS, FOLDER_META};
pub use self::companion::{Companion, CompanionKind, RuleKind};
use self::companion::{hash_of, move_lines};
use super::fields::fold_key;
use super::node::{Node, Value};
use super::people::People;
use super::visibility::{hides, is_about_visibility};
use super::{Origin, ParsedPost};
use crate::diagnostic::{Diagnostic, Position};

/// Why the rules about folders hold a post back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HoldReason {
    /// It is always held back.
    Always,
    /// It is held back if its only date is the file's time.
    IfUndated,
}

/// The fields that one post inherits.
#[derive(Clone, Debug, Default)]
pub struct Inherited {
    /// The rules that apply, in order of precedence.
    rules: Vec<(Arc<Companion>, usize)>,
    /// The companions that are not understood.
    broken: Vec<Arc<Companion>>,
    /// The companions that describe people, the nearest first.
    people: Vec<Arc<Companion>>,
    /// Whether its tool separates tags by spaces; `None` if the tool is not known.
    splits_tags: Option<bool>,
    hold: Option<HoldReason>,
    /// The hash of the reason for `hold`.
    hold_reason: u64,
}

/// Added to the line numbers of inherited fields, once for the first rule, twice for the second and so on, so that a position shows which
/// rule a field came from. Removed before a diagnostic is shown.
const LINES_A_RULE: usize = 1 << 24;

impl Inherited {
    /// Adds the rules of `companion` that apply to the post at `path`, in a posts folder called `root`, and whose kind `applies`. Rules
    /// added earlier take precedence.
    pub fn add(&mut self, companion: &Arc<Companion>, path: &Utf8Path, root: &str, applies: impl Fn(RuleKind) -> bool) {
        let folder = companion.path.parent().unwrap_or(Utf8Path::new(""));
        for (number, rule) in companion.rules.iter().enumerate() {
            if applies(rule.kind) && rule.applies_to(path, root, folder) {
                self.rules.push((Arc::clone(companion), number));
            }
        }
        if companion.error.is_some() {
            self.broken.push(Arc::clone(companion));
        }
        if !companion.people.is_empty() || companion.warning.is_some() {
            self.people.push(Arc::clone(companion));
        }
    }

    /// Sets whether the tool of the post separates tags by spaces.
    pub(crate) fn set_splits_tags(&mut self, splits_tags: Option<bool>) {
        self.splits_tags = splits_tags;
    }

    /// Returns whether the tool of the post separates tags by spaces; `None` if the tool is not known.
    pub(super) fn splits_tags(&self) -> Option<bool> {
        self.splits_tags
    }

    /// Returns the people that the post may name by a key, the nearest first.
    pub(super) fn people(&self) -> Vec<&People> {
        self.people.iter().map(|companion| &companion.people).collect()
    }

    /// Holds the post back by a rule about folders, for this `reason`.
    pub fn set_hold(&mut self, hold: HoldReason, reason: &impl Hash) {
        self.hold = Some(hold);
        self.hold_reason = hash_of(reason);
    }

    /// Returns whether the post inherits nothing.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        let has_fields = !self.rules.is_empty() || !self.broken.is_empty() || !self.people.is_empty();
        !has_fields && self.hold.is_none() && self.splits_tags.is_none()
    }

    /// Returns a hash, valid while the program runs; 0 if it is empty.
    #[must_use]
    pub(crate) fn hash(&self) -> u64 {
        if self.is_empty() {
            return 0;
        }
        let rules = self.rules.iter().map(|(companion, number)| (companion.hash, *number));
        let broken = self.broken.iter().map(|companion| (companion.hash, usize::MAX));
        let people = self.people.iter().map(|companion| (companion.hash, usize::MAX - 1));
        let companions: Vec<_> = rules.chain(broken).chain(people).collect();
        hash_of(&(companions, self.splits_tags, self.hold, self.hold_reason)).max(1)
    }

    /// Adds the inherited fields to the fields `written` in the post's own file, and returns the number of the latter.
    pub(super) fn extend_fields(&self, written: &mut Vec<(String, Node)>) -> usize {
        let own = written.len();
        for (number, (companion, rule)) in self.rules.iter().enumerate() {
            let Some(rule) = companion.rules.get(*rule) else { continue };
            let mut added = Vec::new();
            for (key, node) in &rule.fields {
                let is_written = has_key(written.get(..own).unwrap_or_default(), key);
                // rules of one file do not replace each other: the stricter counts
                let is_nearer = written
                    .iter()
                    .skip(own)
                    .any(|added| has_key(std::slice::from_ref(added), key) && !self.is_from(&added.1, companion));
                let counts = match rule.kind {
                    kind if kind.is_additional() && is_about_visibility(key) => true,
                    _ => !is_written && !is_nearer,
                };
                if counts {
                    let mut node = node.clone();
                    move_lines(&mut node, &|line| {
                        line.saturating_add(number.saturating_add(1).saturating_mul(LINES_A_RULE))
                    });
                    added.push((key.clone(), node));
                }
            }
            written.append(&mut added);
        }
        own
    }

    /// Completes the `reading` of a post whose file has the first `own` of the fields `written`: sets the origins of inherited fields,
    /// and holds the post back if a companion is not understood or a rule about folders says so.
    pub(super) fn complete(&self, mut reading: ParsedPost, written: &[(String, Node)], own: usize) -> ParsedPost {
        for remark in reading.remarks.iter_mut().chain(&mut reading.held) {
            self.move_to_companion(remark);
        }
        let known = &mut reading.post.origins;
        for place in [
            &mut known.title,
            &mut known.id,
            &mut known.address,
            &mut known.date,
            &mut known.summary,
        ] {
            if let Origin::Field(key) = &*place
                && let Some(found) = self.origin(key, written, own, |_| true)
            {
                *place = found;
            }
        }
        // a rule may be stricter than the post's own field with the same key
        if let Origin::Field(key) = &known.status
            && let Some(found) = self.origin(key, written, own, |node| hides(key, node))
        {
            known.status = found;
        }
        for error in self.broken.iter().filter_map(|companion| companion.error.as_ref()) {
            reading.post.is_held = true;
            reading.remarks.push(error.clone());
            if reading.held.is_none() {
                reading.held = Some(error.clone());
            }
        }
        let warnings = self.people.iter().filter_map(|companion| companion.warning.clone());
        reading.remarks.extend(warnings);
        reading.post.is_held |= match self.hold {
            Some(HoldReason::Always) => true,
            Some(HoldReason::IfUndated) => reading.post.origins.date == Origin::FileTime,
            None => false,
        };
        reading
    }

    /// Whether the inherited field `node` is from `companion`.
    fn is_from(&self, node: &Node, companion: &Arc<Companion>) -> bool {
        let rule = (node.position.line / LINES_A_RULE).checked_sub(1);
        let rule = rule.and_then(|number| self.rules.get(number));
        rule.is_some_and(|(known, _)| Arc::ptr_eq(known, companion))
    }

    /// Gives `remark`, if it is about an inherited field, the path and line of the companion.
    fn move_to_companion(&self, remark: &mut Diagnostic) {
        let Some(Position { line, column }) = remark.position.filter(|position| position.line >= LINES_A_RULE) else {
            return;
        };
        let Some((companion, _)) = (line / LINES_A_RULE).checked_sub(1).and_then(|number| self.rules.get(number)) else {
            return;
        };
        let position = Position {
            line: line % LINES_A_RULE,
            column,
        };
        let length = remark.length;
        let moved = std::mem::replace(remark, Diagnostic::new(remark.severity, remark.code, &companion.path, ""));
        *remark = Diagnostic {
            path: companion.path.clone(),
            ..moved
        }
        .at(&companion.text, position, length);
    }

    /// The origin of the field `key` whose value `counts`, if it is inherited.
    fn origin(&self, key: &str, written: &[(String, Node)], own: usize, counts: impl Fn(&Node) -> bool) -> Option<Origin> {
        if find_key(written.get(..own)?, key).is_some_and(&counts) {
            return None;
        }
        let has_it = |name: &str, node: &Node| match &node.value {
            Value::Map(map) if name != key => map.iter().any(|(name, node)| name == key && counts(node)),
            _ => name == key && counts(node),
        };
        let (_, node) = written.get(own..)?.iter().find(|(name, node)| has_it(name, node))?;
        let (companion, rule) = self.rules.get((node.position.line / LINES_A_RULE).checked_sub(1)?)?;
        let kind = companion.rules.get(*rule)?.kind;
        let file = &companion.path;
        let place = match kind {
            RuleKind::Bundle => format!("{}: {file}", kind.name()),
            _ => format!("{} in {file}, line {}", kind.name(), node.position.line % LINES_A_RULE),
        };
        Some(Origin::Inherited(place.into()))
    }
}

/// Whether `fields`, or those below `extra` and `params`, have `key` in any spelling.
fn has_key(fields: &[(String, Node)], key: &str) -> bool {
    find_key(fields, key).is_some()
}

/// The value of `key` in any spelling, in `fields` or those below `extra` and `params`.
fn find_key<'a>(fields: &'a [(String, Node)], key: &str) -> Option<&'a Node> {
    fields.iter().find_map(|(name, node)| match &node.value {
        // a key without a value counts as not written
        value if *value != Value::Null && fold_key(name).eq(fold_key(key)) => Some(node),
        Value::Map(inner) if matches!(name.as_str(), "extra" | "params") => find_key(inner, key),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
