//! Parses companions that are whole files of settings: those of a site, and `.meta.yml` of a folder.

use super::is_inherited;
use super::{Companion, RuleKind, RuleScope, fields, holding_error, inherited_fields, list_items, move_lines};
use crate::diagnostic::{Diagnostic, Severity};
use crate::post::front_matter::{self, Node, Value};

impl Companion {
    pub(super) fn parse_hugo_settings(&mut self, text: &str) {
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

    pub(super) fn parse_folder_meta(&mut self, text: &str) {
        let has_content = text.lines().any(|line| {
            let line = line.trim();
            !line.is_empty() && !line.starts_with('#') && !line.starts_with("---") && !line.starts_with("...")
        });
        match self.parse_yaml(text) {
            Ok(fields) if fields.is_empty() && has_content => {
                let message = "holds no `key: value`".to_owned();
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

    pub(super) fn parse_settings(&mut self, text: &str, below: &str) {
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

fn in_scope(entry: &Node, key: &str) -> Option<String> {
    let scope = fields::first_in(entry, &["scope"])?;
    fields::first_in(scope, &[key]).and_then(fields::text).map(str::to_owned)
}
