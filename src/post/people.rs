//! The people in a site's data files, by the keys that posts write for them: `ann` → Ann Ott, <https://ann.example>.
//!
//! - Docusaurus' `authors.yml`, `MkDocs` Material's `.authors.yml`, Jekyll's `_data/authors.yml`, Hugo's `data/authors.toml`, Eleventy's
//!   `_data/authors.json`: a mapping of keys to people, or a list of people with keys in it ([`People::parse_data`]).
//! - `data/authors/ann.yml`, `authors/ann.json`, `authors/ann/_index.md`: one file for each person ([`People::parse_person`]).

use std::collections::BTreeMap;

use camino::Utf8Path;

use super::authors::{self, is_email, is_web};
use super::fields;
use super::front_matter;
use super::node::{Node, Value};
use super::tags::key;
use crate::config::Person;
use crate::diagnostic::Diagnostic;

/// Further people are not known.
const MOST_PEOPLE: usize = 2000;

/// The deepest nesting of lists and mappings around people: `authors: {ann: …}`.
const DEEPEST: usize = 3;

/// Keys of a mapping around all people.
const AROUND: [&str; 6] = ["authors", "author", "people", "team", "contributors", "members"];

/// Keys of a person's own key.
const KEYS: [&str; 9] = [
    "id",
    "key",
    "slug",
    "username",
    "short_name",
    "handle",
    "login",
    "nickname",
    "nick",
];

/// Keys of a name.
const NAMES: [&str; 4] = ["name", "display_name", "full_name", "nickname"];

/// People, by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People(BTreeMap<String, Person>);

impl People {
    /// Parses the data file `text`, read from `path`, in the language of its ending.
    pub(super) fn parse_data(path: &Utf8Path, text: &str) -> Result<People, Diagnostic> {
        let mut people = People::default();
        people.add_all(&parse_fields(path, text)?, DEEPEST);
        Ok(people)
    }

    /// Parses the file `text` about one person, read from `path`: data, or a page with front matter.
    pub(super) fn parse_person(path: &Utf8Path, text: &str) -> Result<People, Diagnostic> {
        let fields = parse_fields(path, text)?;
        let stem = path.file_stem().unwrap_or_default();
        let name = if matches!(stem, "_index" | "index") {
            path.parent().and_then(Utf8Path::file_name).unwrap_or_default()
        } else {
            stem
        };
        let position = crate::diagnostic::Position { line: 1, column: 1 };
        let node = Node {
            value: Value::Map(fields),
            position,
        };
        let mut people = People::default();
        people.add(Some(name), &node);
        if people.0.is_empty() {
            // the title of a page is the name
            let title = fields::first_in(&node, &["title", "linkTitle"]);
            people.add(Some(name), title.unwrap_or(&node));
        }
        Ok(people)
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the person that `written` in a post means: by a key, by the path of the person's file, or by the name.
    pub(super) fn find(&self, written: &str) -> Option<&Person> {
        let name = written.rsplit('/').next().unwrap_or(written);
        let is_path = name.len() < written.len();
        let stem = name.rsplit_once('.').map(|(stem, _)| stem).filter(|_| is_path);
        let bare = written.strip_prefix('@');
        let names = [Some(written), bare, stem, Some(name)].into_iter().flatten();
        names.into_iter().find_map(|name| self.0.get(&key(name)))
    }

    /// Adds the people in the mapping `fields`: by its keys, or in a list or mapping around all.
    fn add_all(&mut self, fields: &[(String, Node)], depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        for (name, node) in fields {
            let is_around = AROUND.iter().any(|around| name.eq_ignore_ascii_case(around));
            match &node.value {
                Value::Map(inner) if is_around && name_of(node).is_none() => self.add_all(inner, depth),
                Value::List(list) => list.iter().for_each(|person| self.add_listed(person, depth)),
                _ => self.add(Some(name), node),
            }
        }
    }

    /// Adds the person in an element of a list: `{id: ann, name: Ann Ott}` or `{ann: {name: Ann Ott}}`.
    fn add_listed(&mut self, node: &Node, depth: usize) {
        match &node.value {
            Value::Map(inner) if name_of(node).is_none() => self.add_all(inner, depth),
            Value::Map(_) => self.add(None, node),
            _ => {}
        }
    }

    /// Adds the person in `node`, under `own_key` and every other key that the person has.
    fn add(&mut self, own_key: Option<&str>, node: &Node) {
        let Some(person) = person(node) else { return };
        let keys = KEYS
            .iter()
            .filter_map(|key| fields::first_in(node, &[key]).and_then(fields::text));
        let keys: Vec<String> = own_key
            .into_iter()
            .chain(keys)
            .chain([person.name.as_str()])
            .map(key)
            .collect();
        for key in keys {
            if !key.is_empty() && self.0.len() < MOST_PEOPLE {
                self.0.entry(key).or_insert_with(|| person.clone());
            }
        }
    }
}

/// The person that a mapping or a text describes; `None` if it has no name.
fn person(node: &Node) -> Option<Person> {
    if let Value::Scalar { text, .. } = &node.value {
        return authors::person(text);
    }
    let part = |keys: &[&str]| fields::first_in(node, keys).and_then(fields::text).map(str::to_owned);
    Some(Person {
        name: name_of(node)?,
        email: part(&["email", "mail"]).filter(|email| is_email(email)),
        url: part(&["url", "uri", "website", "web", "homepage", "link", "site"]).filter(|url| is_web(url)),
        ..Person::default()
    })
}

/// The name in the mapping `node`: `name: Ann Ott`, `name: {first: Ann, last: Ott}`, `first_name: Ann`.
fn name_of(node: &Node) -> Option<String> {
    let text = |node: &Node, keys: &[&str]| fields::first_in(node, keys).and_then(fields::text).map(authors::cleaned_name);
    let joined = |node: &Node| {
        let parts = [
            text(node, &["first", "first_name", "given_name"]),
            text(node, &["last", "last_name", "family_name"]),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    let whole = text(node, &NAMES);
    let in_parts = || {
        let name = fields::first_in(node, &["name"])?;
        text(name, &["display", "full"]).or_else(|| joined(name))
    };
    whole
        .or_else(in_parts)
        .or_else(|| joined(node))
        .filter(|name| !name.is_empty())
}

/// The fields of a whole file, whose ending tells its language. A list has the key `authors`.
fn parse_fields(path: &Utf8Path, text: &str) -> Result<Vec<(String, Node)>, Diagnostic> {
    let text = text.trim_start_matches('\u{feff}');
    let (fenced, added) = match path.extension() {
        Some("toml") => (format!("---toml\n{text}\n---\n"), 1),
        Some("json") if text.trim_start().starts_with('[') => (format!("{{\"authors\":{text}}}"), 0),
        Some("yml" | "yaml") => {
            let is_list = |line: &str| line.starts_with("- ");
            let is_comment = |line: &&str| line.trim().is_empty() || line.starts_with('#');
            let begins_with_fence = text.starts_with("---");
            let text = if begins_with_fence {
                text.split_once('\n').map_or("", |(_, rest)| rest)
            } else {
                text
            };
            let list = text.lines().find(|line| !is_comment(line)).is_some_and(is_list);
            let around = if list { "authors:\n" } else { "" };
            let added = 1 + usize::from(list) - usize::from(begins_with_fence);
            (format!("---yaml\n{around}{text}\n---\n"), added)
        }
        _ => (text.to_owned(), 0),
    };
    let parsed = front_matter::parse(path, &fenced).and_then(|parts| {
        // what a lenient reading makes of a broken file is not a name
        let is_broken = |remark: &&Diagnostic| remark.code.ends_with("-syntax");
        let error = parts.remarks.iter().find(is_broken).cloned();
        error.map_or(Ok(parts.fields), Err)
    });
    parsed.map_err(|mut error| {
        if let Some(position) = &mut error.position {
            position.line = position.line.saturating_sub(added).max(1);
        }
        error
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(people: &People, written: &str) -> String {
        people.find(written).map_or_else(String::new, |person| {
            let parts = [Some(&person.name), person.email.as_ref(), person.url.as_ref()];
            parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ")
        })
    }

    #[test]
    fn people_in_every_form_of_data() {
        let cases = [
            (
                "authors.yml",
                "ann:\n  name: Ann Ott\n  title: Engineer\n  url: https://ann.example\n  email: ann@example.com\n",
                "ann",
                "Ann Ott ann@example.com https://ann.example",
            ),
            (
                ".authors.yml",
                "authors:\n  ann:\n    name: Ann Ott\n    description: Author\n",
                "ann",
                "Ann Ott",
            ),
            (
                "_data/authors.yml",
                "# people\nann:\n  display_name: Ann Ott\n  web: https://ann.example\n",
                "Ann",
                "Ann Ott https://ann.example",
            ),
            (
                "_data/authors.yml",
                "- id: ann\n  name: Ann Ott\n- id: bob\n  name: Bob\n",
                "bob",
                "Bob",
            ),
            (
                "_data/authors.yml",
                "---\n- short_name: ann\n  name: Ann Ott\n",
                "ann",
                "Ann Ott",
            ),
            (
                "_data/people.yml",
                "base: &base\n  url: https://a.example\nann:\n  <<: *base\n  name: Ann Ott\n",
                "ann",
                "Ann Ott https://a.example",
            ),
            ("data/authors.toml", "[ann]\nname = \"Ann Ott\"\n", "ann", "Ann Ott"),
            (
                "data/authors.toml",
                "[ann.name]\nfirst = \"Ann\"\nlast = \"Ott\"\n",
                "ann",
                "Ann Ott",
            ),
            (
                "_data/authors.json",
                "{\"ann\": {\"first_name\": \"Ann\", \"last_name\": \"Ott\"}}",
                "ann",
                "Ann Ott",
            ),
            (
                "_data/authors.json",
                "[{\"slug\": \"ann\", \"name\": \"Ann Ott\"}]",
                "ann",
                "Ann Ott",
            ),
            (
                "authors.yml",
                "ann: Ann Ott <ann@example.com>\n",
                "@ann",
                "Ann Ott ann@example.com",
            ),
            ("authors.yml", "ann: {name: 'A &amp; B'}\n", "ann", "A & B"),
            ("authors.yml", "ann: {name: Ann Ott}\n", "Ann Ott", "Ann Ott"),
            ("authors.yml", "ann: {name: Ann Ott}\n", "content/authors/ann.md", "Ann Ott"),
            (
                "authors.yml",
                "ann: {title: Engineer, url: 'https://ann.example'}\n",
                "ann",
                "",
            ),
            ("authors.yml", "ann: {name: Ann Ott, url: 'javascript:a'}\n", "ann", "Ann Ott"),
            ("authors.yml", "", "ann", ""),
        ];
        for (path, text, written, expected) in cases {
            let people = People::parse_data(path.into(), text).unwrap();
            assert_eq!(shown(&people, written), expected, "{path}: {text}");
        }
    }

    #[test]
    fn people_with_files_of_their_own() {
        let cases = [
            ("data/authors/ann.yml", "name: Ann Ott\nbio: x\n", "Ann Ott"),
            (
                "authors/ann.json",
                "{\"name\": \"Ann Ott\", \"url\": \"https://ann.example\"}",
                "Ann Ott https://ann.example",
            ),
            (
                "authors/ann/_index.md",
                "---\ntitle: Ann Ott\nrole: x\n---\nText\n",
                "Ann Ott",
            ),
            (
                "authors/ann.md",
                "+++\nname = \"Ann Ott\"\ntitle = \"Engineer\"\n+++\n",
                "Ann Ott",
            ),
            ("authors/ann.md", "Only text\n", ""),
        ];
        for (path, text, expected) in cases {
            let people = People::parse_person(path.into(), text).unwrap();
            assert_eq!(shown(&people, "ann"), expected, "{path}: {text}");
        }
    }

    #[test]
    fn an_error_is_at_its_line() {
        let error = People::parse_data("authors.json".into(), "{\n\"ann\": {\n").unwrap_err();
        assert!(error.position.is_some(), "{error}");
        let many: Vec<String> = (0..MOST_PEOPLE + 500)
            .map(|number| format!("a{number}: {{name: b}}"))
            .collect();
        let people = People::parse_data("authors.yml".into(), &many.join("\n"));
        assert_eq!(people.unwrap().0.len(), MOST_PEOPLE);
    }
}
