//! Fields that a post inherits from other files: its section, the data beside it, the settings of its site.
//!
//! A [`Companion`] is such a file, parsed once. [`Inherited`] holds the fields that one post inherits from all its companions;
//! [`read_with`](super::read_with) reads a post together with them. Only fields about visibility and dates are inherited: what a post
//! says or links to is always in its own file. This module does not look for companions: `source::folder` does.
//!
//! - Hugo: `cascade` in a section's `_index.md` applies to all posts below; the front matter of a post, or of a nearer section, wins.
//! - Zola: `draft = true` in `_index.md` hides the whole section.
//! - Eleventy: `notes/notes.json`, `notes/notes.11tydata.json` and similar files apply to all posts in `notes`, `hello.json` to `hello.md`;
//!   the front matter wins. Scripts are not run: if one computes a key of visibility, its posts are held back.
//! - `MkDocs` Material: `.meta.yml` applies to all posts beside and below it; the front matter, or a nearer file, wins.
//! - Nikola: `hello.meta` contains the front matter of `hello.md`.
//! - Jekyll: `defaults` in `_config.yml` apply to the paths that they name; the front matter wins.
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
//! assert_eq!(reading.post.standing, Status::Draft);
//! ```

mod glob;
mod meta;
mod script;
mod settings;
mod target;

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use serde::de::IgnoredAny;

use super::fields::{self, fold_key};
use super::front_matter::{self, Node, Value};
use super::visibility::is_about_visibility;
use super::{Origin, Reading, dating};
use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::source_file::SourceFile;

use self::target::CascadeTarget;

/// Names of files with data for all posts in their folder and below: those of `MkDocs` Material's plugin `meta`.
pub(crate) const FOLDER_META: [&str; 2] = [".meta.yml", ".meta.yaml"];

/// The kind of a companion.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CompanionKind {
    /// A section's `_index.md`.
    Section,
    /// Data in JSON. Invalid JSON is always an error; JSON that is too large or too deep only where `is_certain`, because any other file may be
    /// something else.
    Data {
        /// Whether only such data has a name like this.
        is_certain: bool,
    },
    /// A script that computes data.
    Script,
    /// Data in YAML, with a name of [`FOLDER_META`].
    FolderMeta,
    /// The front matter of a post, in its own file.
    Meta,
    /// The `index.md` of a folder.
    Bundle {
        /// Whether it is a draft.
        is_draft: bool,
    },
    /// The settings of a Hugo site, which may have a `cascade`.
    HugoSettings,
    /// Jekyll's `_config.yml`.
    SiteSettings {
        /// The path from its folder to the posts folder: empty, or a folder's name.
        below: String,
    },
}

/// The kind of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleKind {
    /// A section that is a draft.
    Section,
    /// Hugo's `cascade`.
    Cascade,
    /// Data for a folder or a post.
    Data,
    /// The front matter in its own file.
    Meta,
    /// A folder's `index.md` that is a draft.
    Bundle,
    /// Jekyll's defaults.
    Defaults,
}

impl RuleKind {
    fn name(self) -> &'static str {
        match self {
            RuleKind::Section => "section",
            RuleKind::Cascade => "cascade",
            RuleKind::Data => "data",
            RuleKind::Meta => "front matter",
            RuleKind::Bundle => "its page",
            RuleKind::Defaults => "defaults",
        }
    }

    /// Whether keys of visibility count in addition to those of the post's own file, which otherwise replace them.
    fn is_additional(self) -> bool {
        matches!(self, RuleKind::Section | RuleKind::Meta | RuleKind::Bundle)
    }
}

/// The posts below a companion to which a rule applies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum RuleScope {
    All,
    /// Those of Hugo's `target`.
    Cascade(CascadeTarget),
    /// Those of Jekyll's `scope`.
    Site {
        path: String,
        collection: Option<String>,
        below: String,
    },
}

/// Fields that posts inherit from a companion.
#[derive(Clone, Debug)]
struct Rule {
    kind: RuleKind,
    scope: RuleScope,
    fields: Vec<(String, Node)>,
}

/// A file with fields for other files' posts.
#[derive(Clone, Debug)]
pub struct Companion {
    path: Utf8PathBuf,
    text: Box<str>,
    rules: Vec<Rule>,
    /// Why the file is not understood. Its posts are then held back, because the fields that they would inherit are unknown.
    error: Option<Diagnostic>,
    hash: u64,
}

/// Why the rules about folders hold a post back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hold {
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
    hold: Option<Hold>,
    /// The hash of the reason for `hold`.
    hold_reason: u64,
}

/// Added to the line numbers of inherited fields, once for the first rule, twice for the second and so on, so that a position shows which
/// rule a field came from. Removed before a diagnostic is shown.
const LINES_A_RULE: usize = 1 << 24;

impl Companion {
    /// Parses the companion `file`.
    #[must_use]
    pub fn parse(file: &SourceFile, kind: CompanionKind) -> Companion {
        let hash = hash_of(&(&file.path, &file.bytes, &kind));
        let mut companion = Companion {
            path: file.path.clone(),
            text: Box::default(),
            rules: Vec::new(),
            error: None,
            hash,
        };
        let text = match file.text() {
            Ok(text) => text,
            Err(error) => {
                companion.error = Some(holding_error(error));
                return companion;
            }
        };
        companion.text = text.as_ref().into();
        match kind {
            CompanionKind::Section => companion.parse_section(&text),
            CompanionKind::Data { is_certain } => companion.parse_data(&text, is_certain),
            CompanionKind::Script => companion.parse_script(&text),
            CompanionKind::FolderMeta => companion.parse_folder_meta(&text),
            CompanionKind::Meta => match meta::parse_meta(&file.path, &text) {
                Ok(fields) => companion.add(RuleKind::Meta, RuleScope::All, fields),
                Err(error) => companion.error = Some(holding_error(error)),
            },
            CompanionKind::Bundle { is_draft } => {
                if is_draft {
                    companion.add(RuleKind::Bundle, RuleScope::All, vec![draft(Position { line: 1, column: 1 })]);
                }
            }
            CompanionKind::HugoSettings => companion.parse_hugo_settings(&text),
            CompanionKind::SiteSettings { below } => companion.parse_settings(&text, &below),
        }
        companion
    }

    /// Returns a companion at `path` that could not be read because of `error`.
    #[must_use]
    pub(crate) fn unreadable(path: &Utf8Path, error: Diagnostic) -> Companion {
        Companion {
            path: path.to_owned(),
            text: Box::default(),
            rules: Vec::new(),
            hash: hash_of(&(path, &error)),
            error: Some(holding_error(error)),
        }
    }

    /// Returns whether no post inherits anything from it.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.error.is_none()
    }

    /// Returns the error because of which the posts that would inherit from it are held back.
    #[must_use]
    pub fn error(&self) -> Option<&Diagnostic> {
        self.error.as_ref()
    }

    fn add(&mut self, kind: RuleKind, scope: RuleScope, fields: Vec<(String, Node)>) {
        if !fields.is_empty() {
            self.rules.push(Rule { kind, scope, fields });
        }
    }

    fn parse_section(&mut self, text: &str) {
        let parts = match front_matter::parse(&self.path, text) {
            Ok(parts) => parts,
            Err(error) => {
                self.error = Some(holding_error(error));
                return;
            }
        };
        for (key, node) in &parts.fields {
            let key = fold_key(key).collect::<String>();
            if matches!(key.as_str(), "draft" | "drafts" | "isdraft") && fields::boolean(node) != Some(false) {
                self.add(RuleKind::Section, RuleScope::All, vec![("draft".to_owned(), node.clone())]);
            }
            if key == "cascade" {
                self.add_cascade(node);
            }
        }
        // the lenient reading may have lost a line
        let head = text.get(..text.len() - parts.body.len()).unwrap_or_default();
        if let Some(remark) = parts.remarks.first().filter(|_| self.rules.is_empty())
            && (head.contains("cascade") || head.contains("draft"))
        {
            self.error = Some(holding_error(remark.clone()));
        }
    }

    fn add_cascade(&mut self, node: &Node) {
        for entry in list_items(node) {
            if let Value::Map(map) = &entry.value {
                let target = CascadeTarget::from_entry(map);
                if target.is_for_posts() {
                    self.add(RuleKind::Cascade, RuleScope::Cascade(target), inherited_fields(map));
                }
            }
        }
    }

    fn parse_data(&mut self, text: &str, is_certain: bool) {
        let json = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        // for these tools an empty file has no data
        if json.is_empty() {
            return;
        }
        if let Err(error) = serde_json::from_str::<IgnoredAny>(json) {
            self.error = Some(holding_error(self.invalid_json(text, json, &error)));
            return;
        }
        // an array or a single value is data of another kind
        let Ok(keys) = serde_json::from_str::<BTreeMap<String, Option<IgnoredAny>>>(json) else {
            return;
        };
        match front_matter::parse(&self.path, text) {
            Ok(parts) => self.add(RuleKind::Data, RuleScope::All, inherited_fields(&parts.fields)),
            // valid JSON that is too large or too deep; without a key of visibility it is probably not data for posts
            Err(error) if is_certain || keys.keys().any(|key| is_about_visibility(key)) => {
                self.error = Some(holding_error(error))
            }
            Err(_) => {}
        }
    }

    /// The error for the end `json` of the file's `text`, which is not JSON.
    fn invalid_json(&self, text: &str, json: &str, error: &serde_json::Error) -> Diagnostic {
        let start = Position::of(text, text.len() - json.len());
        let position = Position {
            line: start.line + error.line().max(1) - 1,
            column: error.column().max(1),
        };
        let reason = error.to_string();
        let reason = reason.split(" at line ").next().unwrap_or_default();
        let message = format!("this is not JSON: {reason}");
        Diagnostic::new(Severity::Error, "json-syntax", &self.path, message)
            .at(text, position, 1)
            .mend("correct the JSON, without comments and without a comma after the last entry")
    }

    fn parse_script(&mut self, text: &str) {
        match script::parse_script(text) {
            Ok(fields) => self.add(RuleKind::Data, RuleScope::All, fields),
            Err(script::ComputedKey { offset, word }) => {
                let message =
                    format!("sets `{word}`, and what it computes is not known here, so the posts it is for are held back");
                let diagnostic = Diagnostic::new(Severity::Error, "script-data", &self.path, message)
                    .at(text, Position::of(text, offset), word.chars().count())
                    .mend(format!("write `{word}` in the front matter of each post, or in a .json file"));
                self.error = Some(diagnostic);
            }
        }
    }
}

impl Rule {
    /// Whether it applies to the post at `path` in the posts folder called `root`. The companion is in `folder`.
    fn applies_to(&self, path: &Utf8Path, root: &str, folder: &Utf8Path) -> bool {
        match &self.scope {
            RuleScope::All => true,
            RuleScope::Cascade(target) => target.applies_to(path, root, folder),
            RuleScope::Site {
                path: scope,
                collection,
                below,
            } => {
                let full_path = Utf8Path::new(below).join(path);
                let is_in = |folder: &str| full_path.components().any(|part| part.as_str() == folder);
                let is_in_collection = match collection.as_deref() {
                    None | Some("") => true,
                    Some("pages") => !is_in("_posts") && !is_in("_drafts"),
                    Some(label) => is_in(&format!("_{label}")) || (label == "posts" && is_in("_drafts")),
                };
                let is_in_path = if scope.contains('*') {
                    glob::matches(scope, full_path.as_str()) || glob::matches(&format!("{scope}/**"), full_path.as_str())
                } else {
                    full_path.starts_with(scope)
                };
                is_in_collection && is_in_path
            }
        }
    }
}

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
    }

    /// Holds the post back by a rule about folders, for this `reason`.
    pub fn set_hold(&mut self, hold: Hold, reason: &impl Hash) {
        self.hold = Some(hold);
        self.hold_reason = hash_of(reason);
    }

    /// Returns whether the post inherits nothing.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.broken.is_empty() && self.hold.is_none()
    }

    /// Returns a hash, valid while the program runs; 0 if it is empty.
    #[must_use]
    pub(crate) fn hash(&self) -> u64 {
        if self.is_empty() {
            return 0;
        }
        let rules = self.rules.iter().map(|(companion, number)| (companion.hash, *number));
        let broken = self.broken.iter().map(|companion| (companion.hash, usize::MAX));
        hash_of(&(rules.chain(broken).collect::<Vec<_>>(), self.hold, self.hold_reason)).max(1)
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
    pub(super) fn complete(&self, mut reading: Reading, written: &[(String, Node)], own: usize) -> Reading {
        for remark in reading.remarks.iter_mut().chain(&mut reading.held) {
            self.move_to_companion(remark);
        }
        let origins = |origin: &Origin| match origin {
            Origin::Field(key) => self.origin(key, written, own),
            _ => None,
        };
        let found = {
            let known = &reading.post.alike.origins;
            [
                &known.title,
                &known.id,
                &known.address,
                &known.date,
                &known.standing,
                &known.summary,
            ]
            .map(origins)
        };
        if found.iter().any(Option::is_some) {
            let known = reading.post.origins_mut();
            let places = [
                &mut known.title,
                &mut known.id,
                &mut known.address,
                &mut known.date,
                &mut known.standing,
                &mut known.summary,
            ];
            for (place, found) in places.into_iter().zip(found) {
                if let Some(found) = found {
                    *place = found;
                }
            }
        }
        for error in self.broken.iter().filter_map(|companion| companion.error.as_ref()) {
            reading.post.is_held = true;
            reading.remarks.push(error.clone());
            if reading.held.is_none() {
                reading.held = Some(error.clone());
            }
        }
        reading.post.is_held |= match self.hold {
            Some(Hold::Always) => true,
            Some(Hold::IfUndated) => reading.post.alike.origins.date == Origin::FileTime,
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

    /// The origin of the field `key`, if it is inherited.
    fn origin(&self, key: &str, written: &[(String, Node)], own: usize) -> Option<Origin> {
        if has_key(written.get(..own)?, key) {
            return None;
        }
        let holds = |name: &str, node: &Node| {
            let is_within = match &node.value {
                Value::Map(map) => map.iter().any(|(name, _)| name == key),
                _ => false,
            };
            name == key || is_within
        };
        let (_, node) = written.get(own..)?.iter().find(|(name, node)| holds(name, node))?;
        let (companion, rule) = self.rules.get((node.position.line / LINES_A_RULE).checked_sub(1)?)?;
        let kind = companion.rules.get(*rule)?.kind;
        let file = &companion.path;
        Some(Origin::Inherited(match kind {
            RuleKind::Bundle => format!("{}: {file}", kind.name()),
            _ => format!("{} in {file}, line {}", kind.name(), node.position.line % LINES_A_RULE),
        }))
    }
}

/// `error` as the error that holds posts back.
fn holding_error(mut error: Diagnostic) -> Diagnostic {
    error.severity = Severity::Error;
    error.message.push_str("; the posts it is for are held back");
    error
}

/// The field `draft: true`.
fn draft(position: Position) -> (String, Node) {
    let value = Value::Scalar {
        text: "true".to_owned(),
        plain: true,
    };
    ("draft".to_owned(), Node { value, position })
}

/// The items of a list; a single value is a list of one.
fn list_items(node: &Node) -> Vec<&Node> {
    match &node.value {
        Value::List(list) => list.iter().collect(),
        _ => vec![node],
    }
}

/// The fields of `map` about visibility and dates, also those below `params`.
fn inherited_fields(map: &[(String, Node)]) -> Vec<(String, Node)> {
    let mut inherited = Vec::new();
    for (key, node) in map {
        match &node.value {
            Value::Map(inner) if matches!(key.as_str(), "params" | "eleventyComputed" | "extra") => {
                inherited.extend(inherited_fields(inner));
            }
            _ if is_inherited(key, node) => inherited.push((key.clone(), node.clone())),
            _ => {}
        }
    }
    inherited
}

/// Whether posts inherit the field `key` with the value `node`: only keys that decide who may read a post, and when.
fn is_inherited(key: &str, node: &Node) -> bool {
    let folded: String = fold_key(key).collect();
    if folded == "permalink" {
        // an address or a pattern of addresses is another tool's; `false` means that there is no page
        return fields::text(node).and_then(fields::parse_boolean) == Some(false);
    }
    is_about_visibility(&folded) || dating::is_about_dates(&folded)
}

/// Whether `fields`, or those below `extra` and `params`, have `key` in any spelling.
fn has_key(fields: &[(String, Node)], key: &str) -> bool {
    fields.iter().any(|(name, node)| {
        let is_within = || match &node.value {
            Value::Map(inner) if matches!(name.as_str(), "extra" | "params") => has_key(inner, key),
            _ => false,
        };
        // a key without a value counts as not written
        (node.value != Value::Null && fold_key(name).eq(fold_key(key))) || is_within()
    })
}

/// Changes the lines of `node` and of all nodes in it.
fn move_lines(node: &mut Node, to: &impl Fn(usize) -> usize) {
    node.position.line = to(node.position.line);
    match &mut node.value {
        Value::List(list) => list.iter_mut().for_each(|node| move_lines(node, to)),
        Value::Map(map) => map.iter_mut().for_each(|(_, node)| move_lines(node, to)),
        _ => {}
    }
}

fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
