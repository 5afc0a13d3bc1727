//! Detects the source of a post under another name, by the first bytes of the file.
//!
//! A draft may be copied to `idea.txt`, exported as JSON, or kept by a tool as `.orig`. The name often does not show this; the first
//! [`HEAD`] bytes do. In doubt a text counts as a post, and is not served.

use std::borrow::Cow;

use camino::Utf8Path;

use crate::post::front_matter::{self, Dialect};
use crate::source_file::file_type::MediaKind;

/// How many bytes of a file are checked.
pub const HEAD: usize = 4096;

/// Whether a file of this `kind` that begins with `head`, its first [`HEAD`] bytes, looks like the source of a post.
#[must_use]
pub fn looks_like_post(kind: MediaKind, head: &[u8]) -> bool {
    let text = text_of(head);
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'));
    // front matter is looked for in every kind: a file may have any name
    begins_with_fence(text)
        || match kind {
            MediaKind::Binary | MediaKind::Container => false,
            MediaKind::Text => is_text_of_post(text),
            MediaKind::Json => is_json_of_posts(text),
            MediaKind::Xml => is_xml_of_posts(text),
        }
}

fn text_of(head: &[u8]) -> Cow<'_, str> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.as_chunks::<2>().0.iter().map(|&pair| unit(pair));
        char::decode_utf16(units)
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    };
    match head {
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)),
        _ => String::from_utf8_lossy(head),
    }
}

/// Whether `text` begins with a line that opens front matter: `---`, `--- yaml`, `+++`, `;;;`, `—-`.
fn begins_with_fence(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default().trim_end();
    let fence = line.trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim_end();
    let is_of = |signs: &[char]| fence.chars().count() >= 2 && fence.chars().all(|c| signs.contains(&c));
    (is_of(&['-', '–', '—']) && (fence.len() >= 3)) || (fence.len() >= 3 && (is_of(&['+']) || is_of(&[';'])))
}

/// Whether `text` begins like a post of any tool: with front matter, with a header of another markup, or with a Markdown heading.
fn is_text_of_post(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    let is_heading = |line: &str| {
        let rest = line.trim_start_matches('#');
        (1..=6).contains(&(line.len() - rest.len())) && rest.starts_with([' ', '\t']) && !rest.trim().is_empty()
    };
    let lower = first.to_lowercase();
    // Nikola and Pelican (reStructuredText), Org, AsciiDoc, Txt2tags
    let is_other_markup = [
        ".. title:",
        ".. slug:",
        ".. date:",
        ":title:",
        ":date:",
        ":slug:",
        ":status:",
        "#+",
        "= ",
        "%!",
    ]
    .iter()
    .any(|sign| lower.starts_with(sign));
    // captions and playlists begin with their own keywords
    let is_named = ["#extm3u", "webvtt", "begin:v"].iter().any(|sign| lower.starts_with(sign));
    if is_named {
        return false;
    }
    if is_heading(first) || is_other_markup {
        return true;
    }
    match front_matter::parse(Utf8Path::new(""), text) {
        Ok(parts) => parts.dialect != Dialect::None,
        // the front matter may end after the bytes that were read
        Err(_) => true,
    }
}

/// Whether `text` is a post in JSON, Eleventy's data file of a post, or the JSON database of another tool.
fn is_json_of_posts(text: &str) -> bool {
    const WORDS: [&str; 13] = [
        "\"draft\"",
        "\"published\"",
        "\"permalink\"",
        "\"layout\"",
        "\"eleventy",
        "\"warehouse\"",
        "\"mobiledoc\"",
        "\"lexical\"",
        "\"markdown\"",
        "\"visibility\"",
        "\"post_status\"",
        "\"tiddler",
        "\"private\"",
    ];
    let lower = text.to_lowercase();
    WORDS.iter().any(|word| lower.contains(word))
}

/// Whether `text` is an HTML page, or the XML export of another tool.
fn is_xml_of_posts(text: &str) -> bool {
    const WORDS: [&str; 6] = [
        "wordpress.org/export",
        "<html",
        "<article",
        "blogger.com",
        "xmlns:wp=",
        "docbook",
    ];
    let lower = text.to_lowercase();
    WORDS.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_are_detected_by_their_first_bytes() {
        use MediaKind::{Binary, Container, Json, Text, Xml};
        let cases: [(MediaKind, &[u8], bool); 51] = [
            (Text, b"---\ntitle: x\ndraft: true\n---\nIdea.\n", true),
            (Text, b"\xef\xbb\xbf---\ntitle: x\n---\n", true),
            (Text, b"\n\n---\ntitle: x\n", true),
            (Text, b"--- yaml\ntitle: x\n", true),
            (Text, b"+++\ntitle = 'x'\n+++\n", true),
            (Text, b";;;\n\"title\": \"x\"\n;;;\n", true),
            (Text, "—-\ntitle: x\n".as_bytes(), true),
            (Text, b"\xff\xfe-\0-\0-\0\n\0t\0:\0", true),
            (Text, b"\xfe\xff\0-\0-\0-\0\n\0t\0:", true),
            (Text, b"Title: Idea\nDate: 2027-01-01\n\nText.\n", true),
            (Text, b"Title: Idea\nStatus: draft\nText at once\n", true),
            (Text, b"<!-- draft: true -->\nText\n", true),
            (Text, b".. title: Idea\n.. status: draft\n\nText\n", true),
            (Text, b":title: Idea\n", true),
            (Text, b"#+TITLE: Idea\n", true),
            (Text, b"= Idea\n\nText\n", true),
            (Text, b"# Idea\n\nNot yet.\n", true),
            (Text, b"{\"title\": \"x\", \"draft\": true}\nText\n", true),
            (Text, b"Hello, this is a transcript.\n", false),
            (Text, b"name,age\nAda,36\n", false),
            (Text, b"BEGIN:VCALENDAR\nVERSION:2.0\n", false),
            (Text, b"WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n", false),
            (Text, b"#EXTM3U\n#EXT-X-VERSION:3\n", false),
            (Text, b"1\n00:00:01,000 --> 00:00:02,000\nHello\n", false),
            (Text, b"-----BEGIN PGP SIGNATURE-----\n", false),
            (Text, b"", false),
            (Text, b"#no-heading\n", false),
            (Text, b"####### Seven\n", false),
            (Text, b"# \nText\n", false),
            (Text, b"----------\nA table\n", true),
            (Json, b"---\ntitle: x\n---\n", true),
            (Json, b"\n \n---\ntitle: x\n---\n", true),
            (Binary, b"\xef\xbb\xbf---\ntitle: x\n---\n", true),
            (Json, b"{\"title\": \"x\", \"draft\": true}", true),
            (
                Json,
                b"{\"meta\":{\"version\":1,\"warehouse\":\"4.0.1\"},\"models\":{}}",
                true,
            ),
            (Json, b"{\"db\":[{\"data\":{\"posts\":[{\"mobiledoc\":\"\"}]}}]}", true),
            (Json, b"{\"type\":\"FeatureCollection\",\"features\":[]}", false),
            (Json, b"[1, 2, 3]", false),
            (Xml, b"<?xml version=\"1.0\"?>\n<gpx version=\"1.1\">", false),
            (Xml, b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", false),
            (
                Xml,
                b"<?xml version=\"1.0\"?>\n<rss xmlns:wp=\"http://wordpress.org/export/1.2/\">",
                true,
            ),
            (Xml, b"<html><body>x</body></html>", true),
            (Binary, b"\x89PNG\r\n\x1a\n", false),
            (Binary, b"GIF89a", false),
            (Binary, b"---\ntitle: x\n---\n", true),
            (Binary, b"# Idea\n", false),
            (Container, b"%PDF-1.7\n", false),
            (Container, b"PK\x03\x04", false),
            (Container, b"+++\ntitle = 'x'\n", true),
            (Container, b"", false),
            (Text, b"key: value of a table\nother: x\n", false),
        ];
        for (kind, head, expected) in cases {
            let shown = String::from_utf8_lossy(head);
            assert_eq!(looks_like_post(kind, head), expected, "{kind:?} {shown:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_cause_a_panic(head in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            for kind in [MediaKind::Binary, MediaKind::Text, MediaKind::Json, MediaKind::Xml] {
                let _ = looks_like_post(kind, &head);
            }
        }
    }
}
