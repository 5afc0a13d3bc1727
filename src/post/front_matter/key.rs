//! Recognises lines with a key and a value.

use crate::post::characters::is_invisible;
use crate::post::visibility;

/// The parts of a line such as `title: Hello`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyLine<'a> {
    /// Without quotes.
    pub(super) key: &'a str,
    pub(super) separator: Separator,
    /// Without spaces around.
    pub(super) value: &'a str,
    /// The offset of the value in the line.
    pub(super) value_at: usize,
}

/// The separator between key and value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    /// `: `, or `:` at the line's end
    Colon,
    /// `:` without a space
    TightColon,
    /// The full-width colon of East Asian keyboards.
    WideColon,
    /// `=`
    Equals,
}

/// In bytes. A line with a later colon is a sentence.
const LONGEST_KEY: usize = 64;
/// `Key Words`, `Last Modified At`: four words before a colon are a sentence.
const MOST_WORDS: usize = 3;

impl<'a> KeyLine<'a> {
    /// Splits `line`, which begins with neither spaces nor tabs; `None` if it is not a key with a value.
    pub(super) fn split(line: &'a str) -> Option<KeyLine<'a>> {
        let at = line.find([':', '：', '='])?;
        let (before, after) = line.split_at_checked(at)?;
        let mut following = after.chars();
        let mark = following.next()?;
        let rest = following.as_str();
        let separator = match mark {
            '：' => Separator::WideColon,
            '=' => Separator::Equals,
            _ if rest.is_empty() || rest.starts_with([' ', '\t']) => Separator::Colon,
            _ => Separator::TightColon,
        };
        let unquoted = |quote| before.trim_end().strip_prefix(quote)?.strip_suffix(quote);
        let key = unquoted('"').or_else(|| unquoted('\'')).unwrap_or_else(|| before.trim_end());
        let key = key.trim_start_matches(is_invisible);
        let words = key.split(' ').count();
        let fits = match separator {
            Separator::Colon => words <= MOST_WORDS,
            Separator::WideColon => words == 1,
            Separator::TightColon => words == 1 && !rest.starts_with("//") && !rest.starts_with(':'),
            Separator::Equals => words == 1 && !rest.starts_with('='),
        };
        let value = rest.trim();
        let value_at = line.len() - rest.trim_start().len();
        (fits && is_key(key)).then_some(KeyLine {
            key,
            separator,
            value,
            value_at,
        })
    }

    /// Returns whether the key is one that tools know. Case, dashes and underscores do not matter.
    pub(super) fn is_known(&self) -> bool {
        let plain: String = self.key.chars().filter(char::is_ascii_alphanumeric).collect();
        KNOWN_KEYS.contains(&plain.to_ascii_lowercase().as_str()) || visibility::is_visibility_key(self.key)
    }

    /// Returns whether the value is a title.
    pub(super) fn is_title(&self) -> bool {
        ["title", "linktitle"]
            .iter()
            .any(|title| title.eq_ignore_ascii_case(self.key))
    }

    /// Returns whether the key may restrict who reads the post.
    pub(super) fn restricts_readers(&self) -> bool {
        const RESTRICTIONS: [&str; 11] = [
            "draft",
            "publish",
            "published",
            "private",
            "visibility",
            "post-status",
            "post_status",
            "dg-publish",
            "password",
            "encrypted",
            "unlisted",
        ];
        RESTRICTIONS.iter().any(|key| key.eq_ignore_ascii_case(self.key))
    }

    /// Returns whether a line with this key at the top of a file is always a header, even if it is the only line.
    pub(super) fn is_certain_header(&self) -> bool {
        const HEADER_KEYS: [&str; 14] = [
            "title",
            "date",
            "author",
            "authors",
            "tags",
            "tag",
            "category",
            "categories",
            "slug",
            "draft",
            "status",
            "link",
            "permalink",
            "layout",
        ];
        HEADER_KEYS.iter().any(|key| key.eq_ignore_ascii_case(self.key))
    }
}

/// Returns whether all values of a repeated key count, because it decides who may read the post.
pub(super) fn keeps_all_values(key: &str) -> bool {
    visibility::decides_visibility(key)
}

fn is_key(text: &str) -> bool {
    text.len() <= LONGEST_KEY
        && text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$'))
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$' | ' '))
}

/// The keys that tools know, in the spelling of [`KeyLine::is_known`].
const KNOWN_KEYS: [&str; 70] = [
    "alias",
    "aliases",
    "author",
    "authors",
    "categories",
    "category",
    "comments",
    "cover",
    "created",
    "createdat",
    "customexcerpt",
    "date",
    "description",
    "draft",
    "enclosure",
    "excerpt",
    "expirydate",
    "externalurl",
    "featureimage",
    "guid",
    "heroimage",
    "hidden",
    "id",
    "image",
    "images",
    "keywords",
    "lang",
    "language",
    "lastmod",
    "lastmodified",
    "lastmodifiedat",
    "lastupdate",
    "layout",
    "link",
    "linktitle",
    "locale",
    "modified",
    "number",
    "pathalias",
    "path",
    "permalink",
    "primaryauthor",
    "private",
    "pubdate",
    "pubdatetime",
    "publish",
    "publishdate",
    "published",
    "publishedat",
    "redirectfrom",
    "series",
    "slug",
    "status",
    "subtitle",
    "summary",
    "tag",
    "tags",
    "taxonomies",
    "template",
    "thumbnail",
    "title",
    "translationkey",
    "unlisted",
    "unpublishdate",
    "updated",
    "updatedat",
    "updateddate",
    "url",
    "uuid",
    "visibility",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_lines() {
        let cases = [
            ("title: Hello", Some(("title", Separator::Colon, "Hello", 7))),
            ("title:", Some(("title", Separator::Colon, "", 6))),
            ("\"title\":  Hello ", Some(("title", Separator::Colon, "Hello", 10))),
            ("Key Words: a", Some(("Key Words", Separator::Colon, "a", 11))),
            (
                "url: https://example.com",
                Some(("url", Separator::Colon, "https://example.com", 5)),
            ),
            ("draft:true", Some(("draft", Separator::TightColon, "true", 6))),
            ("标题：你好", Some(("标题", Separator::WideColon, "你好", 9))),
            ("title = \"A: B\"", Some(("title", Separator::Equals, "\"A: B\"", 8))),
            ("https://example.com", None),
            ("std::env", None),
            ("a == b", None),
            ("This is not a key: so", None),
            ("He said, “no”: so", None),
            ("- item: 1", None),
            ("\u{200b}draft: true", Some(("draft", Separator::Colon, "true", 10))),
            (": x", None),
            ("plain", None),
        ];
        for (line, expected) in cases {
            let split = KeyLine::split(line).map(|key| (key.key, key.separator, key.value, key.value_at));
            assert_eq!(split, expected, "{line:?}");
        }
    }

    #[test]
    fn known_keys() {
        for key in ["title", "Title", "publish-date", "last_modified_at", "pubDatetime"] {
            assert!(KeyLine::split(&format!("{key}: x")).unwrap().is_known(), "{key}");
        }
        assert!(!KeyLine::split("Note: x").unwrap().is_known());
    }
}
