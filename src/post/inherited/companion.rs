//! Parses companions: files from which posts inherit fields.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use camino::{Utf8Path, Utf8PathBuf};
use serde::de::IgnoredAny;

use super::target::{CascadeTarget, list_items};
use super::{glob, meta, script};
use crate::diagnostic::{Diagnostic, Position, Severity};
use crate::post::dating;
use crate::post::fields::{self, fold_key};
use crate::post::front_matter;
use crate::post::node::{Node, Value};
use crate::post::people::People;
use crate::post::visibility::is_about_visibility;
use crate::source_file::SourceFile;

/// Names of files with data for all posts in their folder and below: those of `MkDocs` Material's plugin `meta`.
pub(crate) const FOLDER_META: [&str; 2] = [".meta.yml", ".meta.yaml"];

/// Names of files that describe the authors of posts in their folder and below. In a folder of data they are for the folder around that.
pub(crate) const AUTHORS: [&str; 4] = ["authors.yml", "authors.yaml", ".authors.yml", ".authors.yaml"];

/// The kind of a companion.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CompanionKind {
    /// A section's `_index.md`.
    Section,
    /// Data in JSON. Invalid JSON is always an error; JSON that is too large or too deep only where `is_certain`, because any other file
    /// may be something else.
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
    /// The people that posts name by a key.
    People {
        /// Whether the file is about one person, who has the key in its name.
        is_of_one: bool,
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
    pub(super) fn name(self) -> &'static str {
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
    pub(super) fn is_additional(self) -> bool {
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
pub(super) struct Rule {
    pub(super) kind: RuleKind,
    scope: RuleScope,
    pub(super) fields: Vec<(String, Node)>,
}

/// A file with fields for other files' posts.
#[derive(Clone, Debug)]
pub struct Companion {
    pub(super) path: Utf8PathBuf,
    pub(super) text: Box<str>,
    pub(super) rules: Vec<Rule>,
    /// The people that it describes.
    pub(super) people: People,
    /// Why the file is not understood. Its posts are then held back, because the fields that they would inherit are unknown.
    pub(super) error: Option<Diagnostic>,
    /// What is wrong with a file about people. Posts show keys in place of the names then.
    pub(super) warning: Option<Diagnostic>,
    pub(super) hash: u64,
}

impl Companion {
    /// Parses the companion `file`.
    #[must_use]
    pub fn parse(file: &SourceFile, kind: CompanionKind) -> Companion {
        let hash = hash_of(&(&file.path, &file.bytes, &kind));
        let mut companion = Companion {
            path: file.path.clone(),
            text: Box::default(),
            rules: Vec::new(),
            people: People::default(),
            error: None,
            warning: None,
            hash,
        };
        let text = match file.text() {
            Ok(text) => text,
            Err(error) => {
                companion.refuse(&kind, error);
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
            CompanionKind::People { is_of_one } => {
                let parse = if is_of_one { People::parse_person } else { People::parse_data };
                match parse(&file.path, &text) {
                    Ok(people) => companion.people = people,
                    Err(error) => companion.refuse(&kind, error),
                }
            }
            CompanionKind::HugoSettings => companion.parse_hugo_settings(&text),
            CompanionKind::SiteSettings { below } => companion.parse_site_settings(&text, &below),
        }
        companion
    }

    /// Returns a companion at `path` that could not be read because of `error`.
    #[must_use]
    pub(crate) fn unreadable(path: &Utf8Path, kind: &CompanionKind, error: Diagnostic) -> Companion {
        let mut companion = Companion {
            path: path.to_owned(),
            text: Box::default(),
            rules: Vec::new(),
            people: People::default(),
            hash: hash_of(&(path, &error)),
            error: None,
            warning: None,
        };
        companion.refuse(kind, error);
        companion
    }

    /// Records that the file is not understood because of `error`. Names are not worth holding posts back.
    fn refuse(&mut self, kind: &CompanionKind, mut error: Diagnostic) {
        if matches!(kind, CompanionKind::People { .. }) {
            error.severity = Severity::Warning;
            error
                .message
                .push_str("; posts show the keys of their authors, not the names");
            self.warning = Some(error);
        } else {
            self.error = Some(holding_error(error));
        }
    }

    /// Returns whether no post inherits anything from it.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.people.is_empty() && self.error.is_none() && self.warning.is_none()
    }

    /// Returns its path below the posts folder, which begins with `../` if it is above that.
    #[must_use]
    pub(crate) fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Returns the error in it. Posts that would inherit from it are held back then.
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
            Err(error) if is_certain || keys.keys().any(|key| may_hold_back(key)) => {
                self.error = Some(holding_error(error));
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
                    format!("this script sets `{word}`, and feedmill runs no scripts, so the posts that it is for are held back");
                let diagnostic = Diagnostic::new(Severity::Error, "script-data", &self.path, message)
                    .at(text, Position::of(text, offset), word.chars().count())
                    .mend(format!("write `{word}` in the front matter of each post, or in a .json file"));
                self.error = Some(diagnostic);
            }
        }
    }

    fn parse_hugo_settings(&mut self, text: &str) {
        let fields = match self.path.extension() {
            Some("toml") => self.parse_fenced("+++", text).ok(),
            Some("json") => front_matter::parse(&self.path, text).ok().map(|parts| parts.fields),
            _ => self.parse_yaml(text).ok(),
        };
        for (key, node) in fields.unwrap_or_default() {
            if key.eq_ignore_ascii_case("cascade") {
                self.add_cascade(&node);
            }
        }
    }

    fn parse_folder_meta(&mut self, text: &str) {
        let has_content = text.lines().any(|line| {
            let line = line.trim();
            !line.is_empty() && !line.starts_with('#') && !line.starts_with("---") && !line.starts_with("...")
        });
        match self.parse_yaml(text) {
            Ok(fields) if fields.is_empty() && has_content => {
                let message = "contains no `key: value`".to_owned();
                let diagnostic = Diagnostic::new(Severity::Error, "yaml-syntax", &self.path, message);
                self.error = Some(holding_error(diagnostic.mend("write a line like `draft: true`")));
            }
            Ok(fields) => self.add(RuleKind::Data, RuleScope::All, inherited_fields(&fields)),
            Err(error) => self.error = Some(holding_error(error)),
        }
    }

    /// The fields of `text`, a whole file of YAML. If it is read leniently, so that a line may be lost, and has no inherited field, that is
    /// an error.
    fn parse_yaml(&self, text: &str) -> Result<Vec<(String, Node)>, Diagnostic> {
        self.parse_fenced("---", text)
    }

    /// The fields of `text`, a whole file in the dialect of front matter between lines of `fence`.
    fn parse_fenced(&self, fence: &str, text: &str) -> Result<Vec<(String, Node)>, Diagnostic> {
        let text = text.trim_start_matches('\u{feff}');
        let begins_with_fence = text.lines().next().is_some_and(|line| line.trim_end() == fence);
        // parsed as front matter, which records the position of each value
        let (fenced, added) = if begins_with_fence {
            (format!("{text}\n{fence}\n"), 0)
        } else {
            (format!("{fence}\n{text}\n{fence}\n"), 1)
        };
        let to_own_line = |mut diagnostic: Diagnostic| {
            if let Some(position) = &mut diagnostic.position {
                position.line = position.line.saturating_sub(added).max(1);
            }
            diagnostic
        };
        let mut parts = front_matter::parse(&self.path, &fenced).map_err(to_own_line)?;
        for (_, node) in &mut parts.fields {
            move_lines(node, &|line| line.saturating_sub(added));
        }
        let has_any = parts
            .fields
            .iter()
            .any(|(key, node)| is_inherited(key, node) || matches!(key.as_str(), "cascade" | "defaults"));
        match parts.remarks.into_iter().next() {
            Some(remark) if !has_any => Err(to_own_line(remark)),
            _ => Ok(parts.fields),
        }
    }

    fn parse_site_settings(&mut self, text: &str, below: &str) {
        let Ok(fields) = self.parse_yaml(text) else {
            return;
        };
        let defaults = fields.iter().filter(|(key, _)| key == "defaults");
        for entry in defaults.flat_map(|(_, node)| list_items(node)) {
            let Some(values) = fields::first_in(entry, &["values"]) else {
                continue;
            };
            let Value::Map(map) = &values.value else { continue };
            let word = |key| fields::first_in(entry, &[key]).and_then(fields::text).map(str::to_owned);
            let scope = RuleScope::Site {
                path: word("scope.path")
                    .or_else(|| in_scope(entry, "path"))
                    .unwrap_or_default()
                    .trim_matches('/')
                    .to_owned(),
                collection: in_scope(entry, "type"),
                below: below.to_owned(),
            };
            self.add(RuleKind::Defaults, scope, inherited_fields(map));
        }
    }
}

impl Rule {
    /// Whether it applies to the post at `path` in the posts folder called `root`. The companion is in `folder`.
    pub(super) fn applies_to(&self, path: &Utf8Path, root: &str, folder: &Utf8Path) -> bool {
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

/// `error` as the error that holds posts back.
fn holding_error(mut error: Diagnostic) -> Diagnostic {
    error.severity = Severity::Error;
    error.message.push_str("; the posts that this file is for are held back");
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

/// Whether a field with this key may keep a post from readers, now or until a date.
fn may_hold_back(key: &str) -> bool {
    let folded: String = fold_key(key).collect();
    is_about_visibility(&folded) || dating::is_schedule_key(&folded)
}

/// The text under `key` in Jekyll's `scope`.
fn in_scope(entry: &Node, key: &str) -> Option<String> {
    let scope = fields::first_in(entry, &["scope"])?;
    fields::first_in(scope, &[key]).and_then(fields::text).map(str::to_owned)
}

/// Changes the lines of `node` and of all nodes in it.
pub(super) fn move_lines(node: &mut Node, to: &impl Fn(usize) -> usize) {
    node.position.line = to(node.position.line);
    match &mut node.value {
        Value::List(list) => list.iter_mut().for_each(|node| move_lines(node, to)),
        Value::Map(map) => map.iter_mut().for_each(|(_, node)| move_lines(node, to)),
        _ => {}
    }
}

/// Returns a hash of `value`, valid while the program runs.
pub(super) fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
