//! Finds out which tool wrote an export, by its content.

use std::fs::File;
use std::io::Read;
use std::sync::{Arc, Mutex};

use camino::Utf8Path;
use serde_json::Value;
use url::Url;

use super::archive::Archive;
use super::feed_source::{self, FeedReading};
use super::ghost;
use super::medium;
use super::substack;
use super::wordpress::Wordpress;
use super::xml::Input;
use super::{Export, ListedFile, ReadProgress};
use crate::diagnostic::plain_error;
use crate::outgoing::Client;
use crate::time::Timestamp;

/// The bytes at the start of a file that are searched.
const HEAD: u64 = 256 * 1024;
/// The most bytes of a JSON document.
const LARGEST_JSON: u64 = 512 * 1024 * 1024;

/// How an export is opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenOptions<'a> {
    /// What was to be published before this instant and was not is a draft.
    pub(crate) now: Timestamp,
    /// The address of the old site, where the export does not say it.
    pub(crate) home: Option<&'a Url>,
    /// Whether a feed with summaries only is read.
    pub(crate) with_summaries: bool,
    /// Fetches feeds.
    pub(crate) client: &'a Client,
}

/// Opens the export at `source`, a path or an address.
///
/// # Errors
///
/// Why it cannot be read, or that it is not an export that is known.
pub(crate) fn open(source: &str, options: OpenOptions, progress: &mut ReadProgress) -> Result<Export, String> {
    if source.starts_with("http://") || source.starts_with("https://") {
        let url: Url = source
            .parse()
            .map_err(|error| format!("this is not a valid address: {error}"))?;
        return feed_source::fetch_all(&url, options, progress).map(listed);
    }
    let path = Utf8Path::new(source);
    if path.is_dir() {
        return open_archive(Archive::open(path)?, options)
            .map(listed)
            .map_err(|_| FOLDER.to_owned());
    }
    let mut head = Vec::new();
    let file = File::open(path).map_err(|error| plain_error(&error))?;
    file.take(HEAD).read_to_end(&mut head).map_err(|error| plain_error(&error))?;
    if head.starts_with(b"PK") {
        return open_archive(Archive::open(path)?, options).map(listed);
    }
    let text = String::from_utf8_lossy(&head);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with(['{', '[']) {
        return open_json(path, options).map(listed);
    }
    // UTF-16 begins with its mark, or with the NUL of a `<`
    if text.starts_with('<') || matches!(head.first(), Some(0xfe | 0xff | 0)) {
        if is_wxr(text) {
            return Ok(Export::Wordpress(Box::new(Wordpress::open(path, options.now, progress)?)));
        }
        let reading = FeedReading::new(options);
        return reading.read_file(Input::File(path.to_owned())).map(listed);
    }
    Err(UNKNOWN.to_owned())
}

fn listed(export: ListedFile) -> Export {
    Export::ListedFile(Box::new(export))
}

/// The message for a file that is not a known export.
const UNKNOWN: &str = "it is not an export that feedmill knows; known are those of WordPress and Squarespace (.xml), Ghost (.json), Substack, Medium \
                       and micro.blog (.zip, .bar), Blogger (.xml, .atom), and feeds (RSS, Atom, JSON Feed)";
/// The message for a folder that is not an unpacked export.
const FOLDER: &str = "it is a folder, but not an unpacked export of Substack, Medium or micro.blog; folders of Markdown from other tools need no \
                      import: `feedmill serve FOLDER` reads them as they are";

/// Whether a document that begins with `text` is a WXR export, also if it does not name its version.
fn is_wxr(text: &str) -> bool {
    ["wordpress.org/export/", "<wp:wxr_version", "<wp:post_type", "<wp:post_id"]
        .iter()
        .any(|mark| text.contains(mark))
}

fn open_json(path: &Utf8Path, options: OpenOptions) -> Result<ListedFile, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| plain_error(&error))?;
    file.take(LARGEST_JSON + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| plain_error(&error))?;
    if bytes.len() as u64 > LARGEST_JSON {
        return Err(format!("it has more than {LARGEST_JSON} bytes"));
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let value: Value = serde_json::from_slice(text).map_err(|error| format!("it is broken JSON: {error}"))?;
    if ghost::is_ghost(&value) {
        return Ok(ghost::read_ghost(&value, options.home, options.now));
    }
    drop(value);
    FeedReading::new(options)
        .read_file(Input::Memory(Arc::new(bytes)))
        .map_err(|_| UNKNOWN.to_owned())
}

fn open_archive(mut archive: Archive, options: OpenOptions) -> Result<ListedFile, String> {
    if let Some(table) = substack::table_name(&archive) {
        return substack::read_substack(archive, &table, options.home, options.now);
    }
    if let Some(name) = archive
        .names()
        .iter()
        .find(|name| *name == "feed.json" || name.ends_with("/feed.json"))
        .cloned()
    {
        let bytes = archive.read(&name).map_err(|why| format!("{name}: {why}"))?;
        let mut export = FeedReading::new(options).read_file(Input::Memory(Arc::new(bytes)))?;
        export.format = "micro.blog";
        export.archive = Some(Mutex::new(archive));
        return Ok(export);
    }
    if medium::is_medium(&mut archive) {
        return Ok(medium::read_medium(archive));
    }
    Err("it is an archive, but not one of Substack, Medium or micro.blog; if the export is a file in it, unpack it and name that file".to_owned())
}
