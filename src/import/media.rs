//! Fetches the media of imported posts and puts them beside the posts.
//!
//! A file that is there already is not fetched again, so an import that was broken off goes on where it was. What cannot be fetched keeps
//! its old address, and the next import tries it again. The first bytes decide what a file is, because a server may answer with a page of text where a picture was.

use std::collections::HashMap;
use std::io::{self, Read};
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use ipnet::IpNet;
use url::Url;

use super::export::archive::Archive;
use super::files::write_new_with;
use crate::diagnostic::plain_error;
use crate::outgoing::{Client, FetchError, Limits, OutgoingRequest};
use crate::post::slug::slugify;

/// The limits of one file.
const LIMITS: Limits = Limits {
    bytes: 256 * 1024 * 1024,
    time: Duration::from_mins(5),
    redirects: 5,
};
/// The number of files that are fetched at a time.
const AT_A_TIME: usize = 4;
/// The most files of one post.
const MOST_FILES: usize = 1000;
/// The bytes that decide what a file is.
const HEAD: usize = 512;
/// The longest name of a file, without its ending.
const LONGEST_NAME: usize = 60;
/// Endings of files that are stored.
const ENDINGS: [&str; 16] = [
    "jpg", "png", "gif", "webp", "avif", "svg", "bmp", "heic", "mp3", "m4a", "ogg", "wav", "flac", "mp4", "webm", "pdf",
];

/// Why a path cannot be fetched, and the fix.
const NO_SITE: &str =
    "the export does not name the old site; delete the post's file and import again with `--from-url https://…`";

/// What happens to pictures, sound and video.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MediaMode {
    /// They are put beside the posts.
    Fetch,
    /// They stay where they are.
    #[default]
    Link,
    /// They are left out; a text describes them instead.
    None,
}

impl FromStr for MediaMode {
    type Err = String;

    fn from_str(text: &str) -> Result<MediaMode, String> {
        match text {
            "fetch" => Ok(MediaMode::Fetch),
            "link" => Ok(MediaMode::Link),
            "none" => Ok(MediaMode::None),
            _ => Err("write `fetch`, `link` or `none`".to_owned()),
        }
    }
}

/// The media of one post.
#[derive(Debug, Default)]
pub(crate) struct PostMedia {
    /// Their absolute addresses, in order.
    pub(crate) wanted: Vec<String>,
    /// The files that were stored, by address, relative to the post's folder.
    pub(crate) stored: HashMap<String, String>,
    /// Whether `stored` is complete.
    pub(crate) is_decided: bool,
    /// Whether those that were not stored are left out.
    pub(crate) drop_others: bool,
}

impl PostMedia {
    /// Adds the medium at `address`, once.
    pub(crate) fn want(&mut self, address: &str) {
        if !self.wanted.iter().any(|wanted| wanted == address) {
            self.wanted.push(address.to_owned());
        }
    }

    /// Those that were not stored.
    pub(crate) fn missing(&self) -> impl Iterator<Item = &String> {
        self.wanted.iter().filter(|address| !self.stored.contains_key(*address))
    }

    /// The address to write for the medium at `address`; `None` if it is left out.
    pub(crate) fn address_of(&self, address: &str) -> Option<String> {
        match self.stored.get(address) {
            Some(file) => Some(file.clone()),
            None if self.drop_others => None,
            None => Some(address.to_owned()),
        }
    }
}

/// Where the media of one post are.
#[derive(Debug)]
pub(crate) struct MediaPlace {
    folder: Utf8PathBuf,
    /// What addresses in the post have before the name of a file.
    prefix: String,
}

impl MediaPlace {
    /// The place for the media of the post whose file is `file` in the folder `posts`: the post's own folder, else one with the name of
    /// its file.
    pub(crate) fn of(posts: &Utf8Path, file: &Utf8Path) -> MediaPlace {
        let above = posts.join(file.parent().unwrap_or(Utf8Path::new("")));
        match file.file_stem() {
            None | Some("index") => MediaPlace {
                folder: above,
                prefix: String::new(),
            },
            Some(stem) => MediaPlace {
                folder: above.join(stem),
                prefix: format!("{stem}/"),
            },
        }
    }

    /// The file with the name `name` and any ending of a medium, if it is there.
    fn existing(&self, name: &str) -> Option<String> {
        let mut files = ENDINGS.iter().map(|ending| format!("{name}.{ending}"));
        files.find(|file| self.folder.join(file).is_file())
    }
}

/// Where media come from.
pub(crate) struct MediaStore<'a> {
    client: &'a Client,
    archive: Option<&'a Mutex<Archive>>,
}

impl<'a> MediaStore<'a> {
    pub(crate) fn new(client: &'a Client, archive: Option<&'a Mutex<Archive>>) -> MediaStore<'a> {
        MediaStore { client, archive }
    }

    /// Notes which of the files that `media` wants are at `place` already.
    pub(crate) fn find_existing(media: &mut PostMedia, place: &MediaPlace) {
        for (address, name) in named(&media.wanted) {
            if let Some(file) = place.existing(&name) {
                media.stored.insert(address, format!("{}{file}", place.prefix));
            }
        }
    }

    /// A message about the media that are only a path, which leads nowhere here.
    pub(crate) fn media_without_site(&self, media: &PostMedia) -> Option<String> {
        // those in an archive are fetched from there
        if self.archive.is_some() {
            return None;
        }
        let mut paths = media.wanted.iter().filter(|address| address.parse::<Url>().is_err());
        let first = paths.next()?;
        let others = match paths.count() {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        Some(format!("the address {first}{others} leads nowhere: {NO_SITE}"))
    }

    /// Stores what `media` wants at `place`. Returns what could not be stored, in words.
    pub(crate) fn fetch_all(&self, media: &mut PostMedia, place: &MediaPlace) -> Vec<String> {
        let jobs: Vec<(String, String)> = named(&media.wanted);
        let next = AtomicUsize::new(0);
        let results = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..AT_A_TIME.min(jobs.len()) {
                scope.spawn(|| {
                    while let Some((address, name)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let result = self.fetch(address, name, place);
                        if let Ok(mut results) = results.lock() {
                            results.push((address.clone(), result));
                        }
                    }
                });
            }
        });
        let mut losses = Vec::new();
        for (address, result) in results.into_inner().unwrap_or_default() {
            match result {
                Ok(file) => {
                    media.stored.insert(address, format!("{}{file}", place.prefix));
                }
                Err(why) => losses.push(format!(
                    "{address} was not fetched, and its old address stays until an import with `--media fetch` gets it: {why}"
                )),
            }
        }
        losses.sort();
        losses
    }

    /// Stores the file at `address` as `name` with an ending at `place`. Returns its name.
    fn fetch(&self, address: &str, name: &str, place: &MediaPlace) -> Result<String, String> {
        if let Some(file) = place.existing(name) {
            return Ok(file);
        }
        let folder = &place.folder;
        if let Some(archive) = self.archive
            && let Ok(mut archive) = archive.lock()
            && let Some(bytes) = archive.read_media(address)
        {
            return store(bytes?.as_slice(), name, folder);
        }
        let url: Url = address.parse().map_err(|_| NO_SITE.to_owned())?;
        let response = self
            .client
            .send(&OutgoingRequest::get(&url), LIMITS)
            .map_err(|error| match error {
                FetchError::NotPublic(address) => format!("{error}; `--allow-network {}` allows it", IpNet::from(address)),
                _ => error.to_string(),
            })?;
        if !response.status().is_success() {
            return Err(format!("the server answered {}", response.status()));
        }
        store(response.into_reader(), name, folder)
    }
}

/// Addresses with a name for each, which no other one has.
fn named(wanted: &[String]) -> Vec<(String, String)> {
    let mut taken: HashMap<String, usize> = HashMap::new();
    let named = wanted.iter().take(MOST_FILES).map(|address| {
        let name = file_name(address);
        let n = taken.entry(name.clone()).or_default();
        *n += 1;
        let name = if *n == 1 { name } else { format!("{name}-{n}") };
        (address.clone(), name)
    });
    named.collect()
}

/// A safe name for the file at `address`, without an ending.
fn file_name(address: &str) -> String {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let last = percent_encoding::percent_decode_str(last).decode_utf8_lossy();
    let stem = last.rsplit_once('.').map_or(&*last, |(stem, _)| stem);
    let slug: String = slugify(stem).chars().take(LONGEST_NAME).collect();
    match slug.trim_matches('-') {
        "" | "index" => "file".to_owned(),
        name => name.to_owned(),
    }
}

/// Stores what `reader` has as `name` with the ending of its type in `folder`.
fn store(mut reader: impl Read, name: &str, folder: &Utf8Path) -> Result<String, String> {
    let in_words = |error: io::Error| FetchError::from_io(error, LIMITS.bytes).to_string();
    let mut head = Vec::new();
    reader.by_ref().take(HEAD as u64).read_to_end(&mut head).map_err(in_words)?;
    let ending = ending(&head).ok_or("it is neither a picture nor sound nor video")?;
    let file = format!("{name}.{ending}");
    let path: Utf8PathBuf = folder.join(&file);
    let written = write_new_with(&path, |out| {
        io::copy(&mut head.as_slice().chain(reader), out)?;
        Ok(())
    });
    match written {
        Ok(()) => Ok(file),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(file),
        Err(error) => match FetchError::from_io(error, LIMITS.bytes) {
            FetchError::Connection(error) => Err(plain_error(&error)),
            other => Err(other.to_string()),
        },
    }
}

/// The ending for a file that begins with `head`; `None` if it is not a medium.
fn ending(head: &[u8]) -> Option<&'static str> {
    let brand = head.get(4..12).unwrap_or_default();
    if brand.starts_with(b"ftyp") {
        return Some(match &brand[4..] {
            b"avif" | b"avis" => "avif",
            b"heic" | b"heix" | b"mif1" => "heic",
            b"M4A " | b"M4B " => "m4a",
            _ => "mp4",
        });
    }
    if head.starts_with(b"RIFF") {
        return match head.get(8..12) {
            Some(b"WEBP") => Some("webp"),
            Some(b"WAVE") => Some("wav"),
            _ => None,
        };
    }
    let known: [(&[u8], &str); 13] = [
        (b"\xff\xd8\xff", "jpg"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"GIF8", "gif"),
        (b"BM", "bmp"),
        (b"ID3", "mp3"),
        (b"\xff\xfb", "mp3"),
        (b"\xff\xf3", "mp3"),
        (b"\xff\xf2", "mp3"),
        (b"OggS", "ogg"),
        (b"fLaC", "flac"),
        (b"\x1a\x45\xdf\xa3", "webm"),
        (b"%PDF-", "pdf"),
        (b"<svg", "svg"),
    ];
    if let Some((_, ending)) = known.iter().find(|(start, _)| head.starts_with(start)) {
        return Some(ending);
    }
    let text = std::str::from_utf8(head)
        .unwrap_or_default()
        .trim_start_matches('\u{feff}')
        .trim_start();
    (text.starts_with("<?xml") && text.contains("<svg")).then_some("svg")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_unique() {
        let addresses = [
            "https://a.example/up/Fjord%20at%20Night.JPG?x=1",
            "https://b.example/fjord-at-night.png",
            "https://a.example/..%2f..%2fetc%2fpasswd",
            "https://a.example/",
            "https://a.example/index.html",
            "https://a.example/%00.png",
        ];
        let wanted: Vec<String> = addresses.iter().map(|&address| address.to_owned()).collect();
        let names: Vec<String> = named(&wanted).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names[..2], ["fjord-at-night", "fjord-at-night-2"]);
        for name in &names {
            assert!(
                !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{name}"
            );
        }
    }

    #[test]
    fn the_first_bytes_say_what_a_file_is() {
        for (head, expected) in [
            (b"\xff\xd8\xff\xe0".as_slice(), Some("jpg")),
            (b"\x89PNG\r\n\x1a\n\0", Some("png")),
            (b"\0\0\0\x1cftypavif", Some("avif")),
            (b"\0\0\0\x1cftypisom", Some("mp4")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some("webp")),
            (b"<?xml version='1.0'?><svg>", Some("svg")),
            (b"<!DOCTYPE html><html>", None),
            (b"#!/bin/sh", None),
            (b"", None),
        ] {
            assert_eq!(ending(head), expected, "{head:?}");
        }
    }
}
