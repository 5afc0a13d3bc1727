//! Reads a post's authors from its front matter, as any of the common tools writes them.

use super::fields::{self, Fields};
use super::node::{Node, Value};
use super::tags::key;
use crate::config::Person;

/// Further authors are not read.
const MOST_AUTHORS: usize = 50;

/// Returns the authors of a post, each once (compared by [`key`]).
pub(super) fn read_authors(fields: &Fields) -> Vec<Person> {
    let mut people: Vec<Person> = Vec::new();
    for name in ["authors", "author", "primary_author"] {
        let nodes = fields.all(&[name]).into_iter().flat_map(|(_, node)| fields::elements(node));
        for person in nodes.flat_map(|node| persons(node, name == "authors")) {
            // two spellings of one name are one author, who has one feed
            let is_known = |known: &Person| key(&known.name) == key(&person.name);
            if people.len() < MOST_AUTHORS && !people.iter().any(is_known) {
                people.push(person);
            }
        }
        if !people.is_empty() {
            break;
        }
    }
    people
}

/// The people in `node`; a text may name several where `several` is set.
fn persons(node: &Node, several: bool) -> Vec<Person> {
    match &node.value {
        Value::Scalar { text, .. } if several => {
            // Pelican separates by `;`, and where there is none by `,`
            let separator = if text.contains(';') { ';' } else { ',' };
            text.split(separator).filter_map(person).collect()
        }
        Value::Scalar { text, .. } => person(text).into_iter().collect(),
        Value::Map(_) => {
            let part = |keys: &[&str]| fields::first_in(node, keys).and_then(fields::text).map(str::to_owned);
            let email = part(&["email", "mail"]).filter(|email| is_email(email));
            let url = part(&["url", "uri", "link", "website", "homepage"]).filter(|url| is_web(url));
            let name = part(&["name", "title", "id", "key"]).map(|name| fields::single_line(&name).into_owned());
            let name = name.filter(|name| !name.is_empty()).or_else(|| email.clone());
            name.map(|name| Person { name, email, url }).into_iter().collect()
        }
        Value::List(_) | Value::Null => Vec::new(),
    }
}

/// Parses `Ann`, `Ann <ann@example.com>`, `ann@example.com (Ann)` and `Ann (@ann)`: only an email address is removed from the name.
fn person(text: &str) -> Option<Person> {
    let text = fields::single_line(text);
    let cut = |open: char, close: char| {
        let (outside, inside) = text.strip_suffix(close)?.rsplit_once(open)?;
        Some((outside.trim().to_owned(), inside.trim().to_owned()))
    };
    let (name, email) = match (cut('<', '>'), cut('(', ')')) {
        (Some((name, email)), _) if is_email(&email) => (name, Some(email)),
        (_, Some((email, name))) if is_email(&email) => (name, Some(email)),
        _ => (text.to_string(), None),
    };
    let name = if name.is_empty() { email.clone()? } else { name };
    (!name.is_empty()).then_some(Person { name, email, url: None })
}

fn is_email(text: &str) -> bool {
    let plain =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')'));
    text.split_once('@')
        .is_some_and(|(local, host)| plain(local) && plain(host) && !host.contains('@'))
}

fn is_web(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::front_matter;

    #[test]
    fn authors_in_every_form() {
        let cases = [
            ("author: Ann", "Ann"),
            ("author: Ann <ann@example.com>", "Ann <ann@example.com>"),
            ("author: ann@example.com (Ann)", "Ann <ann@example.com>"),
            ("author: ann@example.com", "ann@example.com"),
            ("author: Ann (@ann)", "Ann (@ann)"),
            ("author: Ann, of Green Gables", "Ann, of Green Gables"),
            ("authors: Ann, Bob", "Ann | Bob"),
            ("authors: 'Gables, Ann; Bob'", "Gables, Ann | Bob"),
            ("authors: [ann, bob, ann]", "ann | bob"),
            (
                "author: {name: Ann, url: 'https://example.com', email: ann@example.com}",
                "Ann <ann@example.com> https://example.com",
            ),
            ("author: {name: Ann, url: 'javascript:alert(1)'}", "Ann"),
            (
                "authors: [{name: Ann}, {name: Bob, uri: 'http://b.example'}]",
                "Ann | Bob http://b.example",
            ),
            ("params: {author: Ann}", "Ann"),
            ("author: \"A\\enn\"", "Ann"),
            ("author: {name: \"A\\enn\"}", "Ann"),
            ("author: {}", ""),
            ("author: ''", ""),
            ("authors: ''\nauthor: Ann", "Ann"),
            (
                "authors: [{name: Ann Lee}, ann lee, 'ANN  LEE', {name: 'Ann  Lee'}]",
                "Ann Lee",
            ),
        ];
        for (front_matter, expected) in cases {
            let text = format!("---\n{front_matter}\n---\n");
            let parts = front_matter::parse("a.md".into(), &text).unwrap();
            let shown: Vec<String> = read_authors(&Fields::new(&parts.fields))
                .into_iter()
                .map(|Person { name, email, url }| {
                    let email = email
                        .filter(|email| *email != name)
                        .map(|email| format!(" <{email}>"))
                        .unwrap_or_default();
                    format!("{name}{email}{}", url.map(|url| format!(" {url}")).unwrap_or_default())
                })
                .collect();
            assert_eq!(shown.join(" | "), expected, "{front_matter}");
        }
    }
}
