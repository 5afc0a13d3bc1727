//! Reads a post's tags and categories from its front matter, as any of the common tools writes them.

use smol_str::SmolStr;

use super::characters::composed;
use super::fields::{self, Fields};
use super::node::{Node, Value};
use crate::config::{PostSettings, SplitTags};

/// Further tags are left out: so many are a mistake.
const MOST_TAGS: usize = 100;
/// In characters. A longer tag is a sentence, and is left out.
const LONGEST_TAG: usize = 100;

/// Returns the tags of a post: `tags` first, then its categories; each once, in the first spelling.
///
/// With `is_jekyll` the post looks like one of Jekyll's, whose `tags` and `categories` are separated by spaces.
pub(super) fn read_tags(fields: &Fields, settings: &PostSettings, is_jekyll: bool) -> Vec<SmolStr> {
    let space = match settings.split_tags {
        SplitTags::Space => Some(true),
        SplitTags::Auto => Some(is_jekyll),
        SplitTags::Never => None,
    };
    let mut found = Vec::new();
    // Jekyll splits the plural keys at spaces and takes the singular ones as they are
    for (keys, plural) in [
        (&["tags", "taxonomies.tags"][..], true),
        (&["tag", "keywords"], false),
        (&["categories", "taxonomies.categories"], true),
        (&["category"], false),
    ] {
        if plural || found.is_empty() || keys[0] == "category" {
            let at_spaces = space.is_some_and(|jekyll| plural && jekyll || settings.split_tags == SplitTags::Space);
            found.extend(
                fields
                    .first(keys)
                    .map(|(_, node)| split_tags(node, at_spaces))
                    .unwrap_or_default(),
            );
        }
    }
    distinct(
        found
            .into_iter()
            .filter(|tag| !settings.drop_tags.iter().any(|drop| drop.eq_ignore_ascii_case(tag))),
    )
}

/// Returns `tags` without repetitions (compared by [`key`]), without empty and overlong ones, at most [`MOST_TAGS`].
fn distinct(tags: impl Iterator<Item = String>) -> Vec<SmolStr> {
    let mut seen = Vec::new();
    let mut is_new = |tag: &str| {
        let key = key(tag);
        let is_new = !seen.contains(&key);
        if is_new {
            seen.push(key);
        }
        is_new
    };
    tags.map(cleaned)
        .filter(|tag| !tag.is_empty() && tag.chars().count() <= LONGEST_TAG && is_new(tag))
        .take(MOST_TAGS)
        .map(SmolStr::from)
        .collect()
}

/// `tag` on one line, composed, with its character references decoded and without the `#` before it.
fn cleaned(tag: String) -> String {
    let decoded = html_escape::decode_html_entities(&tag);
    let line = fields::single_line(&decoded);
    let name = composed(line.trim_start_matches('#'));
    let other = (*name != *tag).then(|| name.into_owned());
    other.unwrap_or(tag)
}

/// The tags in `node`; a text is split at `;`, else at `,`, else at spaces where `at_spaces` is set.
fn split_tags(node: &Node, at_spaces: bool) -> Vec<String> {
    if let Value::Scalar { text, .. } = &node.value {
        let parts: Vec<&str> = if text.contains(';') {
            text.split(';').collect()
        } else if text.contains(',') {
            text.split(',').collect()
        } else if at_spaces {
            text.split_whitespace().collect()
        } else {
            vec![text]
        };
        let unquoted = |part: &str| {
            let inner = ['"', '\'']
                .iter()
                .find_map(|&quote| part.strip_prefix(quote)?.strip_suffix(quote));
            inner.unwrap_or(part).to_owned()
        };
        return parts.into_iter().map(|part| unquoted(part.trim())).collect();
    }
    let names = fields::elements(node).into_iter().flat_map(|node| match &node.value {
        Value::Map(map) => names_of(node, map),
        _ => fields::text(node).into_iter().collect(),
    });
    names.map(str::to_owned).collect()
}

/// The tags in a mapping: the one that it describes (`{name: Rust, slug: rust}`), or each of its keys (`{rust: , go: true}`).
fn names_of<'a>(node: &'a Node, map: &'a [(String, Node)]) -> Vec<&'a str> {
    if let Some(name) = fields::first_in(node, &["name", "label", "title", "slug", "id"]) {
        return fields::text(name).into_iter().collect();
    }
    let is_set =
        |node: &Node| node.value == Value::Null || fields::text(node).is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let keys = map.iter().filter(|(_, node)| is_set(node));
    keys.map(|(key, _)| key.as_str()).collect()
}

/// Returns the key of a tag, an author or a section, by which it is compared and addressed: lower case, `-` for white space, without
/// the characters that are left out of every output, in Unicode's composed form.
///
/// `.` and `..` are spelled out: they cannot be a segment of a path (RFC 3986, section 5.2.4).
pub fn key(name: &str) -> String {
    let key = composed(&fields::single_line(name)).to_lowercase();
    match key.as_str() {
        "." => "dot".to_owned(),
        ".." => "dot-dot".to_owned(),
        _ if key.contains(' ') => key.replace(' ', "-"),
        _ => key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::front_matter;

    fn tags(front_matter: &str, is_jekyll: bool, split_tags: SplitTags) -> Vec<SmolStr> {
        let text = format!("---\n{front_matter}\n---\n");
        let parts = front_matter::parse("a.md".into(), &text).unwrap();
        read_tags(
            &Fields::new(&parts.fields),
            &PostSettings {
                split_tags,
                ..PostSettings::default()
            },
            is_jekyll,
        )
    }

    #[test]
    fn tags_in_every_form() {
        let cases: [(&str, &[&str]); 25] = [
            ("tags: a, \"b c\", '#d'", &["a", "b c", "d"]),
            ("tags: [{name: Rust lang, slug: rust}, {label: Go}]", &["Rust lang", "Go"]),
            ("tags: {title: Rust, slug: rust}", &["Rust"]),
            ("tags: [{slug: rust}]", &["rust"]),
            ("tags: {rust: , go: true, c: false}", &["rust", "go"]),
            ("tags: [Q &amp; A, 'a &lt; b']", &["Q & A", "a < b"]),
            ("tags: [\"Cafe\\u0301\", \"Caf\\u00e9\"]", &["Caf\u{e9}"]),
            ("tags: [a, b]", &["a", "b"]),
            ("tags:\n- presidential fellows\n- c++", &["presidential fellows", "c++"]),
            ("tags: a, b c", &["a", "b c"]),
            ("tags: a; b, c", &["a", "b, c"]),
            ("tags: one tag", &["one tag"]),
            ("tags: [Rust, rust, RUST]", &["Rust"]),
            ("tags: [a, ~, '', b]", &["a", "b"]),
            ("tags: [[a, b], c]", &["a", "b", "c"]),
            ("tags: [post, a, All]", &["a"]),
            ("tag: a b", &["a b"]),
            ("tags: a\ncategories: [b, A]", &["a", "b"]),
            ("tags: a\ncategory: b", &["a", "b"]),
            ("categories: b\ncategory: c", &["b", "c"]),
            ("tags: a\nkeywords: b", &["a"]),
            ("keywords: [b]", &["b"]),
            ("taxonomies: {tags: [x], categories: [y]}", &["x", "y"]),
            ("tags: ['#hash', 12, 1.10]", &["hash", "12", "1.10"]),
            ("tags: [\"a\\eb\", \"\\x01\"]", &["ab"]),
        ];
        for (front_matter, expected) in cases {
            assert_eq!(tags(front_matter, false, SplitTags::Auto), expected, "{front_matter}");
        }
    }

    #[test]
    fn a_text_is_split_at_spaces_for_jekyll_or_where_configured() {
        assert_eq!(
            tags("tags: release tools\ncategories: news", true, SplitTags::Auto),
            ["release", "tools", "news"]
        );
        assert_eq!(tags("tag: release tools", true, SplitTags::Auto), ["release tools"]);
        assert_eq!(tags("tags: release tools", true, SplitTags::Never), ["release tools"]);
        assert_eq!(tags("tag: release tools", false, SplitTags::Space), ["release", "tools"]);
    }

    #[test]
    fn the_number_and_length_of_tags_are_limited() {
        let many = format!("tags: [{}]", (0..500).map(|i| i.to_string()).collect::<Vec<_>>().join(","));
        assert_eq!(tags(&many, false, SplitTags::Auto).len(), MOST_TAGS);
        assert!(tags(&format!("tags: [{}]", "x".repeat(101)), false, SplitTags::Auto).is_empty());
    }

    #[test]
    fn keys() {
        for (name, expected) in [
            ("Rust", "rust"),
            ("C++", "c++"),
            ("a  B", "a-b"),
            ("日本語", "日本語"),
            ("..", "dot-dot"),
            ("a/b", "a/b"),
            ("Cafe\u{301}", "caf\u{e9}"),
            ("a\u{2}b \u{1}", "ab"),
        ] {
            assert_eq!(key(name), expected);
        }
    }
}
