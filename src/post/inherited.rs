//! What a post has from other files than its own: the section it is in, the data beside it, the settings of its site.
//!
//! A [`Companion`] is such a file, read once. [`Inherited`] is what one post has from all of them; [`read_with`](super::read_with)
//! reads a post together with it. Which files are companions of which post is for who looks at the folder to say.
//!
//! - Hugo's `cascade` in a section's `_index.md` passes down to all below; the front matter of a post, or of a nearer section, wins.
//! - Zola's `draft = true` in `_index.md` hides the whole section.
//! - Eleventy reads `notes/notes.json`, `notes/notes.11tydata.json` and the like for all posts in `notes`, `hello.json` for `hello.md`; the
//!   front matter wins. A script cannot be evaluated: where it sets a word of visibility, posts are held back.
//! - `MkDocs` Material reads `.meta.yml` for all posts beside and below it; the front matter, or what is nearer, wins.
//! - Nikola keeps the front matter of `hello.md` in `hello.meta`.
//! - Jekyll's `defaults` in `_config.yml` pass to the paths that they name; the front matter wins.
//! - What lies beside an `index.md` that is a draft is a draft too.

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

use super::fields::{self, fold};
use super::front_matter::{self, Node, Value};
use super::visibility::is_about_visibility;
use super::{Origin, Reading, dating};
use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::source_file::SourceFile;

use self::target::Target;

/// What a file is called that has data for all posts in its folder and below: that of `MkDocs` Material's plugin `meta`.
pub const FOLDER_META: [&str; 2] = [".meta.yml", ".meta.yaml"];

/// What kind of companion a file is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A section's `_index.md`.
    Section,
    /// Data in JSON. Where `is_certain`, it can be nothing else, so that it is an error if it is too large or too deep to be read. What is
    /// not JSON is always an error.
    Data {
        /// Whether its name is one that only such data has.
        is_certain: bool,
    },
    /// Data that a script computes.
    Script,
    /// Data in YAML, called as [`FOLDER_META`] says.
    FolderMeta,
    /// The front matter of a post, in a file of its own.
    Meta,
    /// The `index.md` of a folder; whether it is a draft.
    Bundle {
        /// Whether it is not to be read by all.
        is_draft: bool,
    },
    /// The settings of a Hugo site, which may have a `cascade`.
    HugoSettings,
    /// Jekyll's `_config.yml`; the path from its folder to that of the posts.
    SiteSettings {
        /// Empty, or a folder's name.
        below: String,
    },
}

/// What a rule of a companion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// A draft that is a section.
    Section,
    /// Hugo's `cascade`.
    Cascade,
    /// Data for a folder or a post.
    Data,
    /// The front matter in a file of its own.
    Meta,
    /// A draft that is a folder's `index.md`.
    Bundle,
    /// Jekyll's defaults.
    Defaults,
}

impl What {
    fn name(self) -> &'static str {
        match self {
            What::Section => "section",
            What::Cascade => "cascade",
            What::Data => "data",
            What::Meta => "front matter",
            What::Bundle => "its page",
            What::Defaults => "defaults",
        }
    }

    /// Whether words of visibility count beside those of the post's own file, and not in their stead.
    fn counts_beside(self) -> bool {
        matches!(self, What::Section | What::Meta | What::Bundle)
    }
}

/// Which posts below a companion a rule is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Scope {
    All,
    /// Those that Hugo's `target` names.
    Target(Target),
    /// Those that Jekyll's `scope` names.
    Site {
        path: String,
        collection: Option<String>,
        below: String,
    },
}

/// Fields that posts have from a companion.
#[derive(Clone, Debug)]
pub struct Rule {
    what: What,
    scope: Scope,
    fields: Vec<(String, Node)>,
}

/// A file that says something about other posts than itself.
#[derive(Clone, Debug)]
pub struct Companion {
    path: Utf8PathBuf,
    text: Box<str>,
    rules: Vec<Rule>,
    /// Why it is not understood. What posts would have from it is then unknown, so they are held back.
    doubt: Option<Diagnostic>,
    hash: u64,
}

/// What the rules about folders say of a post, beside what files say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hold {
    /// It is held back.
    Always,
    /// It is held back where nothing but the file's time says when it is from.
    IfUndated,
}

/// What a post has from other files than its own.
#[derive(Clone, Debug, Default)]
pub struct Inherited {
    /// Rules, the one that wins first.
    rules: Vec<(Arc<Companion>, usize)>,
    doubts: Vec<Arc<Companion>>,
    hold: Option<Hold>,
    /// What tells the reason for that from others.
    reason: u64,
}

/// Lines of companions are counted from here on, each one's from another multiple, until they are told as its own.
const LINES: usize = 1 << 24;

impl Companion {
    /// Reads the companion `file`.
    #[must_use]
    pub fn read(file: &SourceFile, kind: Kind) -> Companion {
        let hash = hash_of(&(&file.path, &file.bytes, &kind));
        let mut companion = Companion {
            path: file.path.clone(),
            text: Box::default(),
            rules: Vec::new(),
            doubt: None,
            hash,
        };
        let text = match file.text() {
            Ok(text) => text,
            Err(error) => {
                companion.doubt = Some(in_doubt(error));
                return companion;
            }
        };
        companion.text = text.as_ref().into();
        match kind {
            Kind::Section => companion.read_section(&text),
            Kind::Data { is_certain } => companion.read_data(&text, is_certain),
            Kind::Script => companion.read_script(&text),
            Kind::FolderMeta => companion.read_folder_meta(&text),
            Kind::Meta => match meta::read(&file.path, &text) {
                Ok(fields) => companion.add(What::Meta, Scope::All, fields),
                Err(error) => companion.doubt = Some(in_doubt(error)),
            },
            Kind::Bundle { is_draft } => {
                if is_draft {
                    companion.add(What::Bundle, Scope::All, vec![draft(Position { line: 1, column: 1 })]);
                }
            }
            Kind::HugoSettings => companion.read_hugo_settings(&text),
            Kind::SiteSettings { below } => companion.read_settings(&text, &below),
        }
        companion
    }

    /// One at `path` that could not be read, because of `error`.
    #[must_use]
    pub fn unreadable(path: &Utf8Path, error: Diagnostic) -> Companion {
        Companion {
            path: path.to_owned(),
            text: Box::default(),
            rules: Vec::new(),
            hash: hash_of(&(path, &error)),
            doubt: Some(in_doubt(error)),
        }
    }

    /// Whether it says nothing to any post.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.rules.is_empty() && self.doubt.is_none()
    }

    /// Why posts are held back that would have something from it.
    #[must_use]
    pub fn doubt(&self) -> Option<&Diagnostic> {
        self.doubt.as_ref()
    }

    fn add(&mut self, what: What, scope: Scope, fields: Vec<(String, Node)>) {
        if !fields.is_empty() {
            self.rules.push(Rule { what, scope, fields });
        }
    }

    fn read_section(&mut self, text: &str) {
        let parts = match front_matter::parse(&self.path, text) {
            Ok(parts) => parts,
            Err(error) => {
                self.doubt = Some(in_doubt(error));
                return;
            }
        };
        for (key, node) in &parts.fields {
            let key = fold(key).collect::<String>();
            if matches!(key.as_str(), "draft" | "drafts" | "isdraft") && fields::truth(node) != Some(false) {
                self.add(What::Section, Scope::All, vec![("draft".to_owned(), node.clone())]);
            }
            if key == "cascade" {
                self.add_cascade(node);
            }
        }
        // what was read leniently may have lost a line
        let head = text.get(..text.len() - parts.body.len()).unwrap_or_default();
        if let Some(remark) = parts.remarks.first().filter(|_| self.rules.is_empty())
            && (head.contains("cascade") || head.contains("draft"))
        {
            self.doubt = Some(in_doubt(remark.clone()));
        }
    }

    fn add_cascade(&mut self, node: &Node) {
        for entry in entries(node) {
            if let Value::Map(map) = &entry.value {
                let target = Target::of(map);
                if target.is_for_posts() {
                    self.add(What::Cascade, Scope::Target(target), passed_down(map));
                }
            }
        }
    }

    fn read_data(&mut self, text: &str, is_certain: bool) {
        let json = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        // the tools take an empty file for no data
        if json.is_empty() {
            return;
        }
        if let Err(error) = serde_json::from_str::<IgnoredAny>(json) {
            self.doubt = Some(in_doubt(self.not_json(text, json, &error)));
            return;
        }
        // an array or a single value is data of another kind
        let Ok(keys) = serde_json::from_str::<BTreeMap<String, Option<IgnoredAny>>>(json) else {
            return;
        };
        match front_matter::parse(&self.path, text) {
            Ok(parts) => self.add(What::Data, Scope::All, passed_down(&parts.fields)),
            // sound JSON that is too large or too deep: where no key is about visibility it is only called as data for posts would be
            Err(error) if is_certain || keys.keys().any(|key| is_about_visibility(key)) => self.doubt = Some(in_doubt(error)),
            Err(_) => {}
        }
    }

    /// The error for `json`, with which the file's `text` ends, and which is not JSON.
    fn not_json(&self, text: &str, json: &str, error: &serde_json::Error) -> Diagnostic {
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

    fn read_script(&mut self, text: &str) {
        match script::read(text) {
            Ok(fields) => self.add(What::Data, Scope::All, fields),
            Err(script::Unclear { offset, word }) => {
                let message =
                    format!("sets `{word}`, and what it computes is not known here, so the posts it is for are held back");
                let diagnostic = Diagnostic::new(Severity::Error, "script-data", &self.path, message)
                    .at(text, Position::of(text, offset), word.chars().count())
                    .mend(format!("write `{word}` in the front matter of each post, or in a .json file"));
                self.doubt = Some(diagnostic);
            }
        }
    }
}

impl Rule {
    /// What it is.
    #[must_use]
    pub fn what(&self) -> What {
        self.what
    }

    /// Whether it is for the post at `path` in the folder of posts called `root`.
    /// The companion lies in `folder`.
    fn concerns(&self, path: &Utf8Path, root: &str, folder: &Utf8Path) -> bool {
        match &self.scope {
            Scope::All => true,
            Scope::Target(target) => target.concerns(path, root, folder),
            Scope::Site {
                path: scope,
                collection,
                below,
            } => {
                let place = Utf8Path::new(below).join(path);
                let is_in = |folder: &str| place.components().any(|part| part.as_str() == folder);
                let is_of_collection = match collection.as_deref() {
                    None | Some("") => true,
                    Some("pages") => !is_in("_posts") && !is_in("_drafts"),
                    Some(label) => is_in(&format!("_{label}")) || (label == "posts" && is_in("_drafts")),
                };
                let is_at = if scope.contains('*') {
                    glob::matches(scope, place.as_str()) || glob::matches(&format!("{scope}/**"), place.as_str())
                } else {
                    place.starts_with(scope)
                };
                is_of_collection && is_at
            }
        }
    }
}

impl Inherited {
    /// Adds what the post at `path`, in a folder of posts called `root`, has from `companion`, as far as `applies`. What was added before
    /// wins.
    pub fn add(&mut self, companion: &Arc<Companion>, path: &Utf8Path, root: &str, applies: impl Fn(What) -> bool) {
        let folder = companion.path.parent().unwrap_or(Utf8Path::new(""));
        for (number, rule) in companion.rules.iter().enumerate() {
            if applies(rule.what) && rule.concerns(path, root, folder) {
                self.rules.push((Arc::clone(companion), number));
            }
        }
        if companion.doubt.is_some() {
            self.doubts.push(Arc::clone(companion));
        }
    }

    /// Holds the post back by a rule about folders, for this `reason`.
    pub fn set_hold(&mut self, hold: Hold, reason: &impl Hash) {
        self.hold = Some(hold);
        self.reason = hash_of(reason);
    }

    /// Whether the post has nothing from anywhere.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.doubts.is_empty() && self.hold.is_none()
    }

    /// What tells it from others, while the program runs; 0 where it is empty.
    #[must_use]
    pub fn hash(&self) -> u64 {
        if self.is_empty() {
            return 0;
        }
        let rules = self.rules.iter().map(|(companion, number)| (companion.hash, *number));
        let doubts = self.doubts.iter().map(|companion| (companion.hash, usize::MAX));
        hash_of(&(rules.chain(doubts).collect::<Vec<_>>(), self.hold, self.reason)).max(1)
    }

    /// Adds the fields to those that were `written` in the post's own file, and says how many these were.
    pub(super) fn extend(&self, written: &mut Vec<(String, Node)>) -> usize {
        let own = written.len();
        for (number, (companion, rule)) in self.rules.iter().enumerate() {
            let Some(rule) = companion.rules.get(*rule) else { continue };
            let mut added = Vec::new();
            for (key, node) in &rule.fields {
                let is_written = has_key(written.get(..own).unwrap_or_default(), key);
                // rules of one file do not hide each other: the stricter counts
                let is_nearer = written
                    .iter()
                    .skip(own)
                    .any(|added| has_key(std::slice::from_ref(added), key) && !self.is_of(&added.1, companion));
                let counts = match rule.what {
                    what if what.counts_beside() && is_about_visibility(key) => true,
                    _ => !is_written && !is_nearer,
                };
                if counts {
                    let mut node = node.clone();
                    move_lines(&mut node, &|line| {
                        line.saturating_add(number.saturating_add(1).saturating_mul(LINES))
                    });
                    added.push((key.clone(), node));
                }
            }
            written.append(&mut added);
        }
        own
    }

    /// The `reading` of a post whose own file has the first `own` of the fields `written`, with the origins of the others, and held back
    /// where that is in doubt.
    pub(super) fn finished(&self, mut reading: Reading, written: &[(String, Node)], own: usize) -> Reading {
        for remark in reading.remarks.iter_mut().chain(&mut reading.held) {
            self.place(remark);
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
        for doubt in self.doubts.iter().filter_map(|companion| companion.doubt.as_ref()) {
            reading.post.is_held = true;
            reading.remarks.push(doubt.clone());
            if reading.held.is_none() {
                reading.held = Some(doubt.clone());
            }
        }
        reading.post.is_held |= match self.hold {
            Some(Hold::Always) => true,
            Some(Hold::IfUndated) => reading.post.alike.origins.date == Origin::FileTime,
            None => false,
        };
        reading
    }

    /// Whether the added field `node` is from `companion`.
    fn is_of(&self, node: &Node, companion: &Arc<Companion>) -> bool {
        let rule = (node.position.line / LINES).checked_sub(1);
        let rule = rule.and_then(|number| self.rules.get(number));
        rule.is_some_and(|(known, _)| Arc::ptr_eq(known, companion))
    }

    /// Has `remark` be about the companion that it is about.
    fn place(&self, remark: &mut Diagnostic) {
        let Some(Position { line, column }) = remark.position.filter(|position| position.line >= LINES) else {
            return;
        };
        let Some((companion, _)) = (line / LINES).checked_sub(1).and_then(|number| self.rules.get(number)) else {
            return;
        };
        let position = Position {
            line: line % LINES,
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

    /// Where the field `key` comes from, if not from the post's own file.
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
        let (companion, rule) = self.rules.get((node.position.line / LINES).checked_sub(1)?)?;
        let what = companion.rules.get(*rule)?.what;
        let file = &companion.path;
        Some(Origin::Inherited(match what {
            What::Bundle => format!("{}: {file}", what.name()),
            _ => format!("{} in {file}, line {}", what.name(), node.position.line % LINES),
        }))
    }
}

/// `error`, because of which posts are held back.
fn in_doubt(mut error: Diagnostic) -> Diagnostic {
    error.severity = Severity::Error;
    error.message.push_str("; the posts it is for are held back");
    error
}

fn draft(position: Position) -> (String, Node) {
    let value = Value::Scalar {
        text: "true".to_owned(),
        plain: true,
    };
    ("draft".to_owned(), Node { value, position })
}

/// What a list holds; what is none is an entry itself.
fn entries(node: &Node) -> Vec<&Node> {
    match &node.value {
        Value::List(list) => list.iter().collect(),
        _ => vec![node],
    }
}

/// The fields of `map` that say something about visibility or dates, also those below `params`.
fn passed_down(map: &[(String, Node)]) -> Vec<(String, Node)> {
    let mut passed = Vec::new();
    for (key, node) in map {
        match &node.value {
            Value::Map(inner) if matches!(key.as_str(), "params" | "eleventyComputed" | "extra") => {
                passed.extend(passed_down(inner));
            }
            _ if passes_down(key, node) => passed.push((key.clone(), node.clone())),
            _ => {}
        }
    }
    passed
}

/// Whether a post has the field `key`, which is `node`, from a section, from data or from settings: what says who may read it, and when.
fn passes_down(key: &str, node: &Node) -> bool {
    let folded: String = fold(key).collect();
    if folded == "permalink" {
        // an address, or a pattern of addresses, is that tool's own; `false` says that there is to be no page
        return fields::text(node).and_then(fields::truth_in) == Some(false);
    }
    is_about_visibility(&folded) || dating::is_about_dates(&folded)
}

/// Whether `fields`, or what stands below `extra` and `params`, have `key` in any spelling.
fn has_key(fields: &[(String, Node)], key: &str) -> bool {
    fields.iter().any(|(name, node)| {
        let is_within = || match &node.value {
            Value::Map(inner) if matches!(name.as_str(), "extra" | "params") => has_key(inner, key),
            _ => false,
        };
        // a key with nothing after it is not written
        (node.value != Value::Null && fold(name).eq(fold(key))) || is_within()
    })
}

/// Has `node`, and all in it, stand at another line.
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
