//! Parses the `target` (or `_target`) of an entry of Hugo's `cascade`: patterns of paths, kinds, languages and environments.
//!
//! Anything in a target that is not understood does not narrow it: in doubt the entry applies.

use camino::Utf8Path;

use super::glob::{self, matches_path};
use crate::post::fields;
use crate::post::node::{Node, Value};
use crate::source_file::file_type::markdown_stem;

/// The environment in which a site is built for readers.
const ENVIRONMENT: &str = "production";

/// The posts to which an entry applies. An empty list of patterns matches all posts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct CascadeTarget {
    paths: Vec<String>,
    kinds: Vec<String>,
    languages: Vec<String>,
    environments: Vec<String>,
}

impl CascadeTarget {
    /// Returns the target of the entry with the fields `entry`.
    pub(super) fn from_entry(entry: &[(String, Node)]) -> CascadeTarget {
        let is_target = |key: &str| matches!(key.to_ascii_lowercase().as_str(), "_target" | "target");
        let mut targets = entry.iter().filter(|(key, _)| is_target(key)).map(|(_, node)| node);
        // if there are two, it is unknown which counts
        let (Some(node), None) = (targets.next(), targets.next()) else {
            return CascadeTarget::default();
        };
        let patterns = |keys: &[&str]| patterns(find_below(node, keys));
        let mut languages = patterns(&["lang"]);
        if languages.is_empty() {
            languages = patterns(&["sites", "matrix", "languages"]);
        }
        CascadeTarget {
            paths: patterns(&["path"]),
            kinds: patterns(&["kind"]),
            languages,
            environments: patterns(&["environment"]),
        }
    }

    /// Returns whether it may apply to posts.
    pub(super) fn is_for_posts(&self) -> bool {
        may_match(&self.kinds, "page") && may_match(&self.environments, ENVIRONMENT)
    }

    /// Returns whether it applies to the post at `path` in the posts folder called `root`. The file with the target is in `folder`.
    pub(super) fn applies_to(&self, path: &Utf8Path, root: &str, folder: &Utf8Path) -> bool {
        let is_in_language = language(path).is_none_or(|language| may_match(&self.languages, &language));
        let is_in_path = |pattern: &String| is_negated(pattern) || matches_path(pattern, path, root, folder);
        is_in_language && (self.paths.is_empty() || self.paths.iter().any(is_in_path))
    }
}

/// Returns the items of a list; a single value is a list of one.
pub(super) fn list_items(node: &Node) -> Vec<&Node> {
    match &node.value {
        Value::List(list) => list.iter().collect(),
        _ => vec![node],
    }
}

/// The value in `node` below the nested `keys`.
fn find_below<'a>(node: &'a Node, keys: &[&str]) -> Option<&'a Node> {
    keys.iter().try_fold(node, |node, key| fields::first_in(node, &[key]))
}

/// The patterns in `node`, a text or a list of texts; none if anything in it is not understood.
fn patterns(node: Option<&Node>) -> Vec<String> {
    let texts = node.into_iter().flat_map(list_items).map(|node| match &node.value {
        Value::Scalar { .. } => fields::text(node).map(str::to_lowercase),
        _ => None,
    });
    texts.collect::<Option<Vec<String>>>().unwrap_or_default()
}

fn is_negated(pattern: &str) -> bool {
    pattern.trim_start().starts_with('!')
}

/// Whether one of `patterns` matches `text`, or is not understood.
fn may_match(patterns: &[String], text: &str) -> bool {
    patterns.is_empty()
        || patterns
            .iter()
            .any(|pattern| is_negated(pattern) || glob::matches(pattern, text))
}

/// The language in the name of the post's file: `a.de.md`, `a.pt-br.md`.
fn language(path: &Utf8Path) -> Option<String> {
    let name = path.file_name()?.to_lowercase();
    let (_, tag) = markdown_stem(&name)?.rsplit_once('.')?;
    let (first, rest) = tag.split_once(['-', '_']).unwrap_or((tag, ""));
    let is_language = matches!(first.len(), 2 | 3) && first.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_region = rest.len() <= 8 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (is_language && is_region).then(|| tag.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::front_matter;

    /// Whether the entry `target` in `posts/_index.md` applies to the post at `path`.
    fn applies(target: &str, path: &str) -> bool {
        let text = format!("---\n{target}\n---\n");
        let parts = front_matter::parse("posts/_index.md".into(), &text).unwrap();
        let target = CascadeTarget::from_entry(&parts.fields);
        target.is_for_posts() && target.applies_to(path.into(), "content", "posts".into())
    }

    #[test]
    fn targets_match_posts() {
        let cases = [
            ("x: y", "posts/a.md", true),
            ("target: {path: /posts/**}", "posts/a.md", true),
            ("_target: {path: /posts/**}", "posts/a.md", true),
            ("CascadeTarget: {Path: /posts/**}", "posts/a.md", true),
            ("target: {path: /other/**}", "posts/a.md", false),
            ("target: {path: '{/other/**,/posts/a}'}", "posts/a.md", true),
            ("target: {path: [/other/**, /posts/*]}", "posts/a.md", true),
            ("target: {kind: page}", "posts/a.md", true),
            ("target: {kind: '{page,home}'}", "posts/a.md", true),
            ("target: {kind: [section, page]}", "posts/a.md", true),
            ("target: {kind: section}", "posts/a.md", false),
            ("target: {kind: Section, path: /posts/**}", "posts/a.md", false),
            ("target: {environment: production}", "posts/a.md", true),
            ("target: {environment: '{staging,production}'}", "posts/a.md", true),
            ("target: {environment: development}", "posts/a.md", false),
            ("target: {lang: de}", "posts/a.de.md", true),
            ("target: {lang: de}", "posts/a.en.md", false),
            ("target: {lang: '{de,en}'}", "posts/a.en.md", true),
            ("target: {lang: pt-*}", "posts/a.pt-br.md", true),
            ("target: {sites: {matrix: {languages: [de, fr]}}}", "posts/a.fr.md", true),
            ("target: {sites: {matrix: {languages: [de, fr]}}}", "posts/a.en.md", false),
            // a post without a language in its name may be in that language
            ("target: {lang: de}", "posts/a.md", true),
            ("target: {lang: de}", "posts/v2.0-notes.md", true),
            ("target: {sites: {matrix: {languages: de}}}", "posts/a.md", true),
            // anything that is not understood does not narrow the target
            ("target: everything", "posts/a.md", true),
            ("target: {path: }", "posts/a.md", true),
            ("target: {path: {glob: /other/**}}", "posts/a.md", true),
            ("target: {path: [/other/**, {x: y}]}", "posts/a.md", true),
            ("target: {path: '/{open'}", "posts/a.md", true),
            ("target: {path: '!/posts/**'}", "posts/a.md", true),
            ("target: {kind: {x: y}}", "posts/a.md", true),
            ("target: {lang: '!en'}", "posts/a.en.md", true),
            ("target: {weather: rain}", "posts/a.md", true),
            (
                "target: {sites: {matrix: {versions: [v1], roles: [guest]}}}",
                "posts/a.md",
                true,
            ),
            ("target: {path: /other/**}\n_target: {path: /posts/**}", "posts/a.md", true),
        ];
        for (target, path, expected) in cases {
            assert_eq!(applies(target, path), expected, "{target} {path}");
        }
    }
}
