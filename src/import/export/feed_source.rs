//! Reads a feed as posts: from a file, or from an address with its archives.

use std::collections::HashSet;
use std::io::Read;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::feed_items::{FeedFile, read_json, read_xml};
use super::recognise::OpenOptions;
use super::xml::{Input, XmlParts};
use super::{ListedFile, ReadProgress};
use crate::diagnostic::plain_error;
use crate::import::address;
use crate::import::imported::FoundItem;
use crate::outgoing::{Limits, OutgoingRequest};

/// The most bytes of a document.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// The most documents of one feed.
const MOST_DOCUMENTS: usize = 1000;
/// The pause between two requests.
const PAUSE: Duration = Duration::from_secs(1);
/// The media types of feeds.
const ACCEPT: &str = "application/feed+json, application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.5";

/// Reads documents of one feed.
#[derive(Clone, Copy, Debug)]
pub(super) struct FeedReading<'a> {
    options: OpenOptions<'a>,
}

impl<'a> FeedReading<'a> {
    pub(super) fn new(options: OpenOptions<'a>) -> FeedReading<'a> {
        FeedReading { options }
    }

    /// Reads the feed in `input`, which is not at an address.
    pub(super) fn read_file(self, input: Input) -> Result<ListedFile, String> {
        let mut document = self.read_document(input, None)?;
        if let Some(older) = document.older.take() {
            document.found.push(FoundItem::Mistake {
                place: "the feed".to_owned(),
                message: format!("older items are at {older}: import from the feed's address, not from a file, to have them too"),
            });
        }
        self.finish(document)
    }

    fn read_document(self, input: Input, found_at: Option<&Url>) -> Result<FeedFile, String> {
        let mut head = [0; 64];
        let bytes = match &input {
            Input::Memory(bytes) => {
                let n = bytes.len().min(head.len());
                head[..n].copy_from_slice(&bytes[..n]);
                Some(Arc::clone(bytes))
            }
            Input::File(path) => {
                let mut file = std::fs::File::open(path).map_err(|error| plain_error(&error))?;
                file.read(&mut head).map_err(|error| plain_error(&error))?;
                None
            }
        };
        let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&head).trim_ascii_start();
        if let (true, Some(bytes)) = (start.starts_with(b"{"), bytes) {
            let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
            let value: Value = serde_json::from_slice(text).map_err(|error| format!("it is broken JSON: {error}"))?;
            if !value.get("items").is_some_and(Value::is_array) {
                return Err("it is JSON, but no JSON Feed".to_owned());
            }
            return Ok(read_json(&value, found_at));
        }
        let document = read_xml(XmlParts::open(input)?, found_at, self.options.now);
        if document.format.is_empty() {
            if document.site.home.is_some() || document.site.feed.is_some() {
                return Err("it is a feed without items, so there is nothing to import".to_owned());
            }
            return Err("it is neither a feed nor an export that feedmill knows".to_owned());
        }
        Ok(document)
    }

    fn finish(self, document: FeedFile) -> Result<ListedFile, String> {
        let items = document
            .found
            .iter()
            .filter(|found| matches!(found, FoundItem::Post(_)))
            .count();
        if document.cut_items * 2 > items && !self.options.with_summaries {
            return Err(format!(
                "{} of its {items} items have only the beginning of their text; import an export of the tool instead, or take the summaries with \
                 --summaries",
                document.cut_items
            ));
        }
        let mut site = document.site;
        site.home = site.home.or_else(|| self.options.home.cloned());
        Ok(ListedFile {
            format: document.format,
            site,
            found: document.found,
            archive: None,
        })
    }

    fn fetch(self, url: &Url) -> Result<(Url, FeedFile), String> {
        let limits = Limits {
            bytes: MOST_BYTES,
            ..Limits::default()
        };
        let request = OutgoingRequest::get(url).with_header("Accept", ACCEPT);
        let response = self
            .options
            .client
            .send(&request, limits)
            .map_err(|error| error.to_string())?;
        if !response.status().is_success() {
            return Err(format!("the server answered {}", response.status()));
        }
        let found_at = response.url().clone();
        let bytes = response.read_to_vec().map_err(|error| error.to_string())?;
        let document = self.read_document(Input::Memory(Arc::new(bytes)), Some(&found_at))?;
        Ok((found_at, document))
    }
}

/// Fetches the feed at `url` and its older documents: those that it links to, else the pages of WordPress.
pub(super) fn fetch_all(url: &Url, options: OpenOptions, progress: &mut ReadProgress) -> Result<ListedFile, String> {
    let reading = FeedReading::new(options);
    let (found_at, mut document) = reading.fetch(url)?;
    document.site.feed = Some(url.clone());
    let mut seen = HashSet::from([url.clone(), found_at.clone()]);
    let mut ids = HashSet::new();
    keep_new(&mut document.found, &mut ids);
    let mut page = 1;
    loop {
        let linked = document.older.take();
        let is_guess = linked.is_none() && document.is_wordpress;
        let next = linked.or_else(|| {
            page += 1;
            is_guess.then(|| paged(&found_at, page))
        });
        let Some(next) = next.filter(|next| seen.insert(next.clone())) else {
            break;
        };
        let stop = |why: &str| FoundItem::Mistake {
            place: next.to_string(),
            message: format!("older items were not read: {why}"),
        };
        if seen.len() > MOST_DOCUMENTS {
            document
                .found
                .push(stop(&format!("there are more than {MOST_DOCUMENTS} documents")));
            break;
        }
        if address::host(&next) != address::host(&found_at) {
            document.found.push(stop("they are on another host; import from there too"));
            break;
        }
        progress(0, ids.len());
        thread::sleep(PAUSE);
        match reading.fetch(&next) {
            Ok((_, mut older)) => {
                keep_new(&mut older.found, &mut ids);
                if is_guess && older.found.is_empty() {
                    break;
                }
                document.cut_items += older.cut_items;
                document.older = older.older;
                document.found.append(&mut older.found);
            }
            // a page after the last one
            Err(_) if is_guess => break,
            Err(why) => {
                document.found.push(stop(&why));
                break;
            }
        }
    }
    reading.finish(document)
}

/// The address of a page of a feed of WordPress.
fn paged(feed: &Url, page: usize) -> Url {
    let mut url = feed.clone();
    url.query_pairs_mut().append_pair("paged", &page.to_string());
    url
}

/// Keeps the items whose ids are not in `ids`: documents of a feed overlap.
fn keep_new(found: &mut Vec<FoundItem>, ids: &mut HashSet<String>) {
    found.retain(|found| match found {
        FoundItem::Post(post) => post.id.is_empty() || ids.insert(post.id.clone()),
        _ => true,
    });
}
