//! Reads a post's authors from its front matter, as any of the common tools writes them.
//!
//! An author may be a key whose name is in a data file of the site ([`People`]).

use super::characters::composed;
use super::fields::{self, Fields};
use super::node::{Node, Value};
use super::people::People;
use super::tags::key;
use crate::config::Person;

/// Further authors are not read.
const MOST_AUTHORS: usize = 50;

/// Keys of authors, by precedence.
const KEYS: [&str; 5] = [
    "authors",
    "taxonomies.authors",
    "author",
    "taxonomies.author",
    "primary_author",
];

/// Returns the authors of a post, each once (compared by [`key`]). The names of keys are in `people`, the nearest first.
pub(super) fn read_authors(fields: &Fields, people: &[&People]) -> Vec<Person> {
    let mut found: Vec<Person> = Vec::new();
    for name in KEYS {
        let nodes = fields.all(&[name]).into_iter().flat_map(|(_, node)| fields::elements(node));
        for person in nodes.flat_map(|node| persons(node, name.ends_with("authors"), people)) {
            // two spellings of one name are one author, who has one feed
            let is_known = |known: &Person| key(&known.name) == key(&person.name);
            if found.len() < MOST_AUTHORS && !found.iter().any(is_known) {
                found.push(person);
            }
        }
        if !found.is_empty() {
            break;
        }
    }
    // Docusaurus has the address of the only author in a field of its own
    if let [only] = found.as_mut_slice()
        && let Some((_, _, url)) = fields.first_text(&["author_url"])
    {
        only.url = only.url.take().or_else(|| Some(url.to_owned()).filter(|url| is_web(url)));
    }
    found
}

/// Returns the mappings that are to be authors and contain no name, with their keys.
pub(super) fn without_name<'a>(fields: &Fields<'a>) -> Vec<(&'a str, &'a Node)> {
    let all = fields.all(&KEYS).into_iter();
    let each = all.flat_map(|(key, node)| fields::elements(node).into_iter().map(move |node| (key, node)));
    let is_nameless =
        |node: &Node| matches!(&node.value, Value::Map(map) if !map.is_empty()) && persons(node, false, &[]).is_empty();
    each.filter(|(_, node)| is_nameless(node)).collect()
}

/// The person who is called `written` in the data of the site: what the post itself says of the `person` counts more.
fn named(person: Person, written: &str, people: &[&People]) -> Person {
    let Some(known) = people.iter().find_map(|people| people.find(written)) else {
        return person;
    };
    let former = key(&person.name);
    Person {
        name: known.name.clone(),
        email: person.email.or_else(|| known.email.clone()),
        url: person.url.or_else(|| known.url.clone()),
        known_as: (former != key(&known.name)).then(|| former.into()),
    }
}

/// The people in `node`; a text may name several where `several` is set.
fn persons(node: &Node, several: bool, people: &[&People]) -> Vec<Person> {
    let of_text = |text: &str| person(text).map(|person| named(person, text.trim(), people));
    match &node.value {
        Value::Scalar { text, .. } if several => {
            // Pelican separates by `;`, and where there is none by `,`
            let separator = if text.contains(';') { ';' } else { ',' };
            // a name of the data may contain the separator
            if people.iter().any(|people| people.find(text.trim()).is_some()) {
                of_text(text).into_iter().collect()
            } else {
                text.split(separator).filter_map(of_text).collect()
            }
        }
        Value::Scalar { text, .. } => of_text(text).into_iter().collect(),
        Value::Map(_) => {
            let part = |keys: &[&str]| fields::first_in(node, keys).and_then(fields::text).map(str::to_owned);
            let email = part(&["email", "mail"]).filter(|email| is_email(email));
            let url = part(&["url", "uri", "link", "website", "homepage"]).filter(|url| is_web(url));
            // next to a key, a title is that of a job
            let written = part(&["name", "display_name", "label", "key", "id", "slug", "username", "title"]);
            let name = written.as_deref().map(cleaned_name).filter(|name| !name.is_empty());
            let person = name.or_else(|| email.clone()).map(|name| Person {
                name,
                email,
                url,
                known_as: None,
            });
            let written = written.unwrap_or_default();
            person.map(|person| named(person, &written, people)).into_iter().collect()
        }
        Value::List(_) | Value::Null => Vec::new(),
    }
}

/// Parses `Ann`, `Ann <ann@example.com>`, `ann@example.com (Ann)` and `Ann (@ann)`: only an email address is removed from the name.
pub(super) fn person(text: &str) -> Option<Person> {
    let text = cleaned_name(text);
    let cut = |open: char, close: char| {
        let (outside, inside) = text.strip_suffix(close)?.rsplit_once(open)?;
        Some((outside.trim().to_owned(), inside.trim().to_owned()))
    };
    let (name, email) = match (cut('<', '>'), cut('(', ')')) {
        (Some((name, email)), _) if is_email(&email) => (name, Some(email)),
        (_, Some((email, name))) if is_email(&email) => (name, Some(email)),
        _ => (text, None),
    };
    let name = if name.is_empty() { email.clone()? } else { name };
    (!name.is_empty()).then_some(Person {
        name,
        email,
        ..Person::default()
    })
}

/// `name` on one line, composed, with its character references decoded: tools that insert it into HTML make authors write `&amp;`.
pub(super) fn cleaned_name(name: &str) -> String {
    let decoded = html_escape::decode_html_entities(name);
    composed(&fields::single_line(&decoded)).into_owned()
}

pub(super) fn is_email(text: &str) -> bool {
    let plain =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')'));
    text.split_once('@')
        .is_some_and(|(local, host)| plain(local) && plain(host) && !host.contains('@'))
}

pub(super) fn is_web(text: &str) -> bool {
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
            ("taxonomies: {authors: [Ann, Bob]}", "Ann | Bob"),
            ("author: Ann\nauthor_url: https://a.example", "Ann https://a.example"),
            ("authors: [Ann, Bob]\nauthorURL: https://a.example", "Ann | Bob"),
            ("author: A &amp; B", "A & B"),
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
            let shown: Vec<String> = read_authors(&Fields::new(&parts.fields), &[])
                .into_iter()
                .map(|Person { name, email, url, .. }| {
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
