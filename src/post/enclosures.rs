//! Reads a post's enclosures (audio, video and other files) from its front matter.

use super::Enclosure;
use super::fields::{self, Fields};
use super::node::{Node, Value};

/// Further files are left out.
const MOST_ENCLOSURES: usize = 20;

/// Returns the enclosures of a post in the author's order, each address once.
pub(super) fn read_enclosures(fields: &Fields) -> Vec<Enclosure> {
    let mut found: Vec<Enclosure> = Vec::new();
    for (_, node) in fields.all(&["enclosure", "enclosures", "audio", "video", "attachments"]) {
        for enclosure in fields::elements(node).into_iter().filter_map(enclosure) {
            if !found.iter().any(|known| known.url == enclosure.url) && found.len() < MOST_ENCLOSURES {
                found.push(enclosure);
            }
        }
    }
    found
}

fn enclosure(node: &Node) -> Option<Enclosure> {
    let part = |keys: &[&str]| fields::first_in(node, keys).and_then(fields::text);
    let url = match &node.value {
        Value::Scalar { .. } => fields::name(node),
        _ => part(&["url", "src", "file", "href", "path"]),
    }?;
    let media_type = part(&["type", "mime_type", "mime", "media_type"]).filter(|text| text.parse::<mime_guess::Mime>().is_ok());
    Some(Enclosure {
        url: url.to_owned(),
        media_type: media_type.map_or_else(|| guess_media_type(url), str::to_owned),
        length: part(&["length", "size", "size_in_bytes", "bytes"])
            .and_then(|text| text.parse().ok())
            .unwrap_or(0),
        duration: part(&["duration", "duration_in_seconds"]).and_then(parse_duration),
        title: part(&["title", "name"]).map(str::to_owned),
    })
}

/// The media type for the extension of `url`.
fn guess_media_type(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    mime_guess::from_path(path).first_or_octet_stream().to_string()
}

/// Parses a duration, `1:02:03`, `62:03` or `3723`, into seconds.
fn parse_duration(text: &str) -> Option<u64> {
    let parts: Vec<u64> = text.split(':').map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
    (parts.len() <= 3).then_some(())?;
    parts
        .into_iter()
        .try_fold(0u64, |sum, part| sum.checked_mul(60)?.checked_add(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::front_matter;

    #[test]
    fn enclosures_in_every_form() {
        let cases = [
            (
                "enclosure: https://example.com/a.mp3?x=1",
                "https://example.com/a.mp3?x=1 audio/mpeg 0",
            ),
            ("audio: a.ogg", "a.ogg audio/ogg 0"),
            ("video: {src: v.mp4, size: 12}", "v.mp4 video/mp4 12"),
            ("enclosure: {url: e, type: audio/mp4, length: 99}", "e audio/mp4 99"),
            (
                "enclosure: {url: e.pdf, type: not a type, length: -1}",
                "e.pdf application/pdf 0",
            ),
            ("enclosures: [a.mp3, b.mp3, a.mp3]", "a.mp3 audio/mpeg 0, b.mp3 audio/mpeg 0"),
            ("audio: {url: a.mp3, duration: '1:02:03'}", "a.mp3 audio/mpeg 0 3723s"),
            ("audio: {title: nothing}", ""),
            ("audio: false\nvideo: true", ""),
            ("audio: {url: a.xyz9}", "a.xyz9 application/octet-stream 0"),
        ];
        for (front_matter, expected) in cases {
            let text = format!("---\n{front_matter}\n---\n");
            let parts = front_matter::parse("a.md".into(), &text).unwrap();
            let shown: Vec<String> = read_enclosures(&Fields::new(&parts.fields))
                .into_iter()
                .map(
                    |Enclosure {
                         url,
                         media_type,
                         length,
                         duration,
                         ..
                     }| {
                        format!(
                            "{url} {media_type} {length}{}",
                            duration.map(|s| format!(" {s}s")).unwrap_or_default()
                        )
                    },
                )
                .collect();
            assert_eq!(shown.join(", "), expected, "{front_matter}");
        }
    }
}
