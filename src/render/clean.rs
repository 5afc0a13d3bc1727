//! Cleans the content of documents: removes characters that XML forbids, and keeps only addresses that a reader can open.
//!
//! All formats write the same cleaned page, so that an id, a title or a date never differs between them.

use std::borrow::Cow;
use std::sync::Arc;

use super::address::web_address;
use super::xml_text::{one_line, xml_safe};
use super::{FeedPage, Withdrawn};
use crate::config::Person;
use crate::post::Enclosure;

/// Two noncharacters that the XML writers use as placeholders; [`xml_safe`] removes them from every text.
pub(super) const PLACEHOLDERS: [char; 2] = ['\u{fdd0}', '\u{fdd1}'];

/// Replaces the placeholders in `written`, the output of a crate, by these texts.
pub(super) fn replace_placeholders<const N: usize>(written: Vec<u8>, texts: [(&str, &str); N]) -> String {
    // the crates write texts, which are UTF-8
    let written = String::from_utf8(written).unwrap_or_default();
    texts.iter().fold(written, |written, (mark, text)| {
        if written.contains(mark) {
            written.replace(mark, text)
        } else {
            written
        }
    })
}

/// The media type of a file that names none (RFC 2046, section 4.5.1).
const UNKNOWN_MEDIA_TYPE: &str = "application/octet-stream";

/// `text` as one line; `None` if that is empty.
pub(super) fn some_line(text: &str) -> Option<String> {
    Some(one_line(text).into_owned()).filter(|line| !line.is_empty())
}

/// An id as its author wrote it. Readers compare ids character by character, so only characters that XML forbids are removed.
pub(super) fn id(text: &str) -> String {
    xml_safe(text).trim().to_owned()
}

/// `tags` as single lines without duplicates.
pub(super) fn tags<T: AsRef<str>>(tags: &[T]) -> Vec<String> {
    let mut clean = Vec::with_capacity(tags.len());
    for tag in tags.iter().filter_map(|tag| some_line(tag.as_ref())) {
        if !clean.contains(&tag) {
            clean.push(tag);
        }
    }
    clean
}

/// The authors that have a name, with their valid e-mail and web addresses.
pub(super) fn people<'a>(authors: impl IntoIterator<Item = &'a Person>) -> Vec<Person> {
    let clean = |person: &Person| {
        Some(Person {
            name: some_line(&person.name)?,
            email: person.email.as_deref().and_then(some_line).filter(|email| is_email(email)),
            url: person.url.as_deref().and_then(web_address),
            known_as: None,
        })
    };
    authors.into_iter().filter_map(clean).collect()
}

/// Whether `text` has the form of an e-mail address, as RSS and Atom need one: only `local@domain`.
fn is_email(text: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || r#"@()<>[]",;:\"#.contains(c));
    text.split_once('@')
        .is_some_and(|(local, domain)| plain(local) && plain(domain))
}

/// Whether `text` has the form of a language tag (RFC 5646, section 2.1): subtags of one to eight letters and digits, the first
/// of letters.
fn is_language(text: &str) -> bool {
    let is_subtag = |subtag: &str| (1..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.split('-').all(is_subtag)
        && !text
            .split('-')
            .next()
            .unwrap_or_default()
            .contains(|c: char| c.is_ascii_digit())
}

/// `text` if it is a language tag.
pub(super) fn language(text: &str) -> Option<String> {
    some_line(text).filter(|text| is_language(text))
}

/// Whether `text` is a media type without parameters (RFC 6838, section 4.2).
fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    text.split_once('/')
        .is_some_and(|(kind, subtype)| is_name(kind) && is_name(subtype))
}

/// A text of several lines; `None` if it is blank.
pub(super) fn some_text(text: Option<&Arc<str>>) -> Option<Arc<str>> {
    let text = text?;
    let clean = match xml_safe(text) {
        Cow::Borrowed(_) => Arc::clone(text),
        Cow::Owned(clean) => clean.into(),
    };
    (!clean.trim().is_empty()).then_some(clean)
}

pub(super) fn enclosure(enclosure: &Enclosure) -> Option<Enclosure> {
    Some(Enclosure {
        url: web_address(&enclosure.url)?,
        media_type: some_line(&enclosure.media_type)
            .filter(|media_type| is_media_type(media_type))
            .unwrap_or_else(|| UNKNOWN_MEDIA_TYPE.to_owned()),
        length: enclosure.length,
        duration: enclosure.duration,
        title: enclosure.title.as_deref().and_then(some_line),
    })
}

impl FeedPage {
    /// The page without anything that could break a document. Cleaning a second time changes nothing.
    pub(super) fn cleaned(&self) -> FeedPage {
        let base = one_line(&self.base).trim_end_matches('/').to_owned();
        let title = some_line(&self.title).unwrap_or_else(|| base.clone());
        FeedPage {
            scope_path: one_line(&self.scope_path).into_owned(),
            place: self.place,
            archives: self.archives,
            description: one_line(&self.description).into_owned(),
            language: language(&self.language).unwrap_or_default(),
            author: people(&self.author).pop(),
            copyright: self.copyright.as_deref().and_then(some_line),
            icon: self.icon.as_deref().and_then(web_address),
            image: self.image.as_deref().and_then(web_address),
            hubs: self.hubs.iter().filter_map(|hub| web_address(hub)).collect(),
            ttl: self.ttl,
            updated: self.updated,
            identity: one_line(&self.identity).trim_end_matches('/').to_owned(),
            withdrawn: self.withdrawn.iter().map(Withdrawn::cleaned).collect(),
            items: self.items.clone(),
            base,
            title,
        }
    }
}

impl Withdrawn {
    /// The withdrawn post, with its id cleaned as in its item.
    fn cleaned(&self) -> Withdrawn {
        Withdrawn {
            atom_id: id(&self.atom_id),
            at: self.at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_need_a_name_and_valid_addresses() {
        let person = |name: &str, email: Option<&str>, url: Option<&str>| Person {
            name: name.to_owned(),
            email: email.map(str::to_owned),
            url: url.map(str::to_owned),
            known_as: None,
        };
        let cases = [
            (person(" ", Some("a@example.com"), None), None),
            (
                person("Ann ", Some("a@example.com"), Some("https://example.com/ann")),
                Some(person("Ann", Some("a@example.com"), Some("https://example.com/ann"))),
            ),
            (person("Ann", Some("ann"), Some("/ann")), Some(person("Ann", None, None))),
            (
                person("Ann", Some("a@example.com (x)"), Some("javascript:alert(1)")),
                Some(person("Ann", None, None)),
            ),
        ];
        for (given, expected) in cases {
            assert_eq!(people([&given]).pop(), expected, "{given:?}");
        }
    }

    #[test]
    fn language_tags_and_media_types_are_checked() {
        let languages = [
            "en",
            "de-CH",
            "zh-Hant-TW",
            "x-klingon",
            "",
            "en_US",
            "en--US",
            "englisch?",
            "2de",
            "abcdefghi",
        ];
        assert_eq!(
            languages.map(is_language),
            [true, true, true, true, false, false, false, false, false, false]
        );
        let media_types = [
            "audio/mpeg",
            "application/vnd.a+json",
            "audio",
            "/",
            "a/b/c",
            "text/html; charset=utf-8",
        ];
        assert_eq!(media_types.map(is_media_type), [true, true, false, false, false, false]);
    }
}
