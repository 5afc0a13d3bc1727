//! Reads a post's enclosures (audio, video and other files) from its front matter.
//!
//! A file is a text or a mapping at one of [`KEYS`], or at any key that no other reader knows if it is the address of sound or video:
//! `podcast_file: 1.mp3`. The length, the duration and the type of a file that is a text are at keys beside it: `podcast_bytes: 12345`.

mod quantity;

use self::quantity::{parse_bytes, parse_clock, parse_duration};
use super::Enclosure;
use super::fields::{self, FieldKey, Fields};
use super::node::{Node, Value};
use super::reference::{ParsedReference, ReferenceForm};
use crate::config::PostSettings;

/// Further files are left out.
const MOST_ENCLOSURES: usize = 20;

/// Keys of files of any kind.
const KEYS: [&str; 5] = ["enclosure", "enclosures", "audio", "video", "attachments"];

/// Keys of the address in a mapping, by precedence.
const ADDRESS: [&str; 9] = ["url", "src", "file", "href", "path", "audio", "mp3", "link", "filename"];

// The keys below are in lower case, without `-` and `_`.

/// Keys of the number of bytes.
const LENGTH: [&str; 6] = ["length", "bytes", "size", "sizeinbytes", "filesize", "contentlength"];
/// Keys of the duration.
const DURATION: [&str; 4] = ["duration", "durationinseconds", "durationseconds", "runningtime"];
/// Keys of the media type.
const MEDIA_TYPE: [&str; 4] = ["type", "mimetype", "mime", "mediatype"];
/// What a key that describes a file may begin with: `podcast_bytes`.
const PREFIXES: [&str; 10] = [
    "",
    "podcast",
    "audio",
    "video",
    "enclosure",
    "episode",
    "media",
    "file",
    "mp3",
    "itunes:",
];
/// Words in keys of sound and video, whose values may contain spaces.
const MEDIA_WORDS: [&str; 9] = [
    "audio",
    "podcast",
    "episode",
    "enclosure",
    "media",
    "sound",
    "mp3",
    "video",
    "file",
];

/// In bytes. A longer text is not an address.
const LONGEST_ADDRESS: usize = 2000;

/// Returns the enclosures of a post in the author's order, each address once. The keys of all other fields have to be known by now.
pub(super) fn read_enclosures(fields: &Fields, settings: &PostSettings) -> Vec<Enclosure> {
    let mut found: Vec<Enclosure> = Vec::new();
    for (key, node) in fields.all(&KEYS) {
        let is_list = matches!(node.value, Value::List(_));
        for node in fields::elements(node) {
            let described = if is_list { None } else { Some((key, fields)) };
            add(&mut found, enclosure(node, described), settings);
        }
    }
    for key in fields.keys().filter(|key| !key.is_known()) {
        let is_list = matches!(key.node().value, Value::List(_));
        for node in fields::elements(key.node()) {
            let described = if is_list { None } else { Some((key.name(), fields)) };
            let found_here = enclosure(node, described).filter(|enclosure| is_media_at(key, enclosure));
            if found_here.is_some() && !matches!(node.value, Value::Map(_)) {
                key.set_known();
            }
            add(&mut found, found_here, settings);
        }
    }
    found
}

/// Adds `enclosure`, whose address is below `posts.enclosure_base` if it is a plain path of sound or video.
fn add(found: &mut Vec<Enclosure>, enclosure: Option<Enclosure>, settings: &PostSettings) {
    let Some(mut enclosure) = enclosure else { return };
    if let Some(base) = settings.enclosure_base.as_ref().filter(|_| is_media(&enclosure.media_type))
        && ParsedReference::parse(&enclosure.url)
            .is_some_and(|written| written.form == ReferenceForm::Address && !written.is_from_root)
        && !enclosure.url.starts_with('.')
    {
        enclosure.url = format!(
            "{}/{}",
            base.as_str().trim_end_matches('/'),
            enclosure.url.replace(' ', "%20")
        );
    }
    if !found.iter().any(|known| known.url == enclosure.url) && found.len() < MOST_ENCLOSURES {
        found.push(enclosure);
    }
}

/// The enclosure in `node`. What a text does not contain is in the keys beside it: `described` has its own key and those.
fn enclosure(node: &Node, described: Option<(&str, &Fields)>) -> Option<Enclosure> {
    let about = match (&node.value, described) {
        (Value::Map(map), _) => Description::Mapping(map),
        (_, Some((key, fields))) => Description::Beside(key, fields),
        _ => Description::Nothing,
    };
    let url = match &node.value {
        Value::Scalar { .. } => fields::name(node),
        _ => fields::first_in(node, &ADDRESS).and_then(fields::text),
    }?;
    let guessed = guess_media_type(url);
    // the fields of a post are about its sound, not about another file of it
    let about = if is_media(&guessed) || matches!(about, Description::Mapping(_)) {
        about
    } else {
        Description::Nothing
    };
    Some(Enclosure {
        url: url.to_owned(),
        media_type: about
            .first(&MEDIA_TYPE, |text| is_media_type(text).then(|| text.to_owned()))
            .unwrap_or(guessed),
        length: about.first(&LENGTH, parse_bytes).unwrap_or(0),
        // some call the duration the length
        duration: about
            .first(&DURATION, parse_duration)
            .or_else(|| about.first(&["length"], parse_clock)),
        title: fields::first_in(node, &["title", "name"])
            .and_then(fields::text)
            .map(str::to_owned),
    })
}

/// What describes a file.
enum Description<'a, 'f> {
    /// The mapping that contains its address.
    Mapping(&'a [(String, Node)]),
    /// The fields beside the one with this key.
    Beside(&'a str, &'a Fields<'f>),
    Nothing,
}

impl Description<'_, '_> {
    /// The first value that `parse` understands at one of `words`, which are in the order of precedence.
    fn first<T>(&self, words: &[&str], parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let parsed = |node: &Node| fields::text(node).and_then(&parse);
        match self {
            Description::Nothing => None,
            Description::Mapping(map) => words.iter().find_map(|word| {
                let mut named = map.iter().filter(|(key, _)| fields::fold_key(key).eq(word.chars()));
                named.find_map(|(_, node)| parsed(node))
            }),
            Description::Beside(own, fields) => {
                let own: String = fields::fold_key(own).collect();
                words.iter().find_map(|word| {
                    let mut named = fields.keys().filter(|key| describes(key.folded(), &own, word));
                    let found = named.find_map(|key| Some((key, parsed(key.node())?)));
                    found.map(|(key, value)| {
                        key.set_known();
                        value
                    })
                })
            }
        }
    }
}

/// Whether `key` is `word` about the field `own`: `podcast_bytes` and `bytes` about `podcast_file`.
fn describes(key: &str, own: &str, word: &str) -> bool {
    let prefix = key.strip_suffix(word);
    prefix.is_some_and(|prefix| PREFIXES.contains(&prefix) || own.starts_with(prefix))
}

/// Whether the value of `key`, which no other reader knows, is the address of sound or video.
fn is_media_at(key: &FieldKey, enclosure: &Enclosure) -> bool {
    let url = enclosure.url.as_str();
    let is_address = url.len() <= LONGEST_ADDRESS && !url.contains(char::is_control);
    let is_one_word = !url.contains(char::is_whitespace) || MEDIA_WORDS.iter().any(|word| key.folded().contains(word));
    is_address && is_one_word && is_media(&guess_media_type(url))
}

/// Whether a media type is that of sound or video.
fn is_media(media_type: &str) -> bool {
    media_type.starts_with("audio/") || media_type.starts_with("video/")
}

fn is_media_type(text: &str) -> bool {
    text.parse::<mime_guess::Mime>().is_ok()
}

/// The media type for the extension of `url`.
fn guess_media_type(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    mime_guess::from_path(path).first_or_octet_stream().to_string()
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
            (
                "podcast_file: 1.mp3\npodcast_bytes: '12,345'\npodcast_duration: 1h 2m 3s",
                "1.mp3 audio/mpeg 12345 3723s",
            ),
            (
                "file: https://a.example/1.m4a\nlength: '99'\nduration: '62:03'",
                "https://a.example/1.m4a audio/m4a 99 3723s",
            ),
            (
                "file: 1.mp3\nlength: '1:02:03'\nsize: 23.4 MB",
                "1.mp3 audio/mpeg 23400000 3723s",
            ),
            (
                "audio: 1.mp3\naudio_type: audio/x-mp3\nitunes:duration: 62:03",
                "1.mp3 audio/x-mp3 0 3723s",
            ),
            ("show: {file: 1.ogg, bytes: 5}", "1.ogg audio/ogg 5"),
            ("extra: {sound: 1.mp3?x=1}", "1.mp3?x=1 audio/mpeg 0"),
            ("sources: [1.mp3, 1.ogg]\nlength: 5", "1.mp3 audio/mpeg 0, 1.ogg audio/ogg 0"),
            ("episode_media: my song.mp3", "my song.mp3 audio/mpeg 0"),
            ("enclosure: a.pdf\nlength: 5\ntype: post", "a.pdf application/pdf 0"),
            // other fields
            ("mood: heard a.mp3\npodcast_file: ''\nfile: a.txt\nlength: 5", ""),
        ];
        let settings = PostSettings::default();
        for (front_matter, expected) in cases {
            let text = format!("---\n{front_matter}\n---\n");
            let parts = front_matter::parse("a.md".into(), &text).unwrap();
            let shown: Vec<String> = read_enclosures(&Fields::new(&parts.fields), &settings)
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

    #[test]
    fn sound_on_another_host() {
        let settings = PostSettings {
            enclosure_base: Some("https://media.example/show/".parse().unwrap()),
            ..PostSettings::default()
        };
        let cases = [
            ("podcast_file: a 1.mp3", "https://media.example/show/a%201.mp3"),
            ("audio: s1/a.mp3", "https://media.example/show/s1/a.mp3"),
            ("audio: ./a.mp3", "./a.mp3"),
            ("audio: /a.mp3", "/a.mp3"),
            ("audio: https://b.example/a.mp3", "https://b.example/a.mp3"),
            ("attachments: a.pdf", "a.pdf"),
        ];
        for (front_matter, expected) in cases {
            let text = format!("---\n{front_matter}\n---\n");
            let parts = front_matter::parse("a.md".into(), &text).unwrap();
            let found = read_enclosures(&Fields::new(&parts.fields), &settings);
            assert_eq!(
                found.iter().map(|file| file.url.as_str()).collect::<Vec<_>>(),
                [expected],
                "{front_matter}"
            );
        }
    }
}
