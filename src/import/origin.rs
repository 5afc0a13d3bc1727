//! Reads an old feed from a file, an address or standard input.
//!
//! Responses are limited in size and time, and a feed's older documents (RFC 5005) are fetched from its own host only. The address
//! itself comes from the person who runs the command. If it is an address of this machine or of a private network, written as such,
//! that is allowed; redirects to one are not.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::str::FromStr;

use camino::Utf8PathBuf;
use ipnet::IpNet;
use url::Url;

use super::address;
use super::feed::{self, OldFeed};
use crate::diagnostic::plain_error;
use crate::outgoing::{Client, Limits, OutgoingRequest, address as outgoing_address};

/// The most bytes of a document.
const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// The most documents of one feed.
const MOST_DOCUMENTS: usize = 500;
/// The media types of feeds.
const ACCEPT: &str = "application/feed+json, application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.5";

/// The place of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedSource {
    /// On standard input: `-`.
    Input,
    /// At an http or https address.
    Address(Url),
    /// In a file.
    File(Utf8PathBuf),
}

impl FromStr for FeedSource {
    type Err = String;

    fn from_str(text: &str) -> Result<FeedSource, String> {
        if text == "-" {
            return Ok(FeedSource::Input);
        }
        match text.split_once("://") {
            None => Ok(FeedSource::File(text.into())),
            Some(("http" | "https", _)) => text
                .parse()
                .map(FeedSource::Address)
                .map_err(|error| format!("this is not a valid address: {error}")),
            Some((scheme, _)) => Err(format!(
                "`{scheme}` addresses cannot be read; name a file or an http or https address"
            )),
        }
    }
}

impl fmt::Display for FeedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FeedSource::Input => f.write_str("standard input"),
            FeedSource::Address(url) => url.fmt(f),
            FeedSource::File(path) => path.fmt(f),
        }
    }
}

impl FeedSource {
    /// Reads the feed, with its older documents if it is fetched from an address. Addresses in `networks` are allowed.
    ///
    /// # Errors
    ///
    /// Why it cannot be read or is not a feed. If an older document cannot be read, that is a note of the feed.
    pub(crate) fn read_feed(&self, networks: &[IpNet]) -> Result<OldFeed, String> {
        match self {
            FeedSource::Input => read_file(io::stdin().lock()),
            FeedSource::File(path) => File::open(path).map_err(|error| unreadable(path, &error)).and_then(read_file),
            FeedSource::Address(url) => {
                let allowed = networks.iter().copied().chain(outgoing_address::named_networks(url));
                fetch_with_history(url, &Client::new(allowed.collect()))
            }
        }
    }
}

/// Why the file at `path` cannot be read. People often write an address without its scheme.
fn unreadable(path: &Utf8PathBuf, error: &io::Error) -> String {
    let first = path.as_str().split('/').next().unwrap_or_default();
    let looks_like_address =
        error.kind() == io::ErrorKind::NotFound && first != path.as_str() && first.trim_start_matches('.').contains('.');
    if looks_like_address {
        format!("there is no such file; for an address, write https://{path}")
    } else {
        plain_error(error)
    }
}

/// Reads a feed from one file.
fn read_file(from: impl Read) -> Result<OldFeed, String> {
    let mut bytes = Vec::new();
    from.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| plain_error(&error))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("it has more than {MOST_BYTES} bytes"));
    }
    let mut feed = feed::parse_feed(&bytes, None)?;
    if !feed.parts.is_empty() {
        let note = format!(
            "it names {} more site maps: name its address, not a file, to have them read too",
            feed.parts.len()
        );
        feed.notes.push(note);
    }
    if let Some(older) = &feed.older {
        let note = format!("older items are at {older}: name the feed's address, not a file, to have them read too");
        feed.notes.push(note);
    }
    Ok(feed)
}

/// Fetches the feed at `url` and all its older documents.
fn fetch_with_history(url: &Url, client: &Client) -> Result<OldFeed, String> {
    let (found, mut feed) = fetch(url, client)?;
    fetch_parts(&mut feed, &found, client);
    let mut seen = HashSet::from([url.clone()]);
    let mut next = feed.older.clone();
    while let Some(older) = next.take() {
        if !seen.insert(older.clone()) {
            break;
        }
        let stop = |why: &str| format!("older items, at {older}, were not read: {why}");
        if seen.len() > MOST_DOCUMENTS {
            feed.notes
                .push(stop(&format!("there are more than {MOST_DOCUMENTS} documents")));
        } else if address::host(&older) != address::host(&found) {
            feed.notes
                .push(stop("they are on another host; fetch them, and name the files too"));
        } else {
            match fetch(&older, client) {
                Ok((_, document)) => {
                    next = document.older.clone();
                    feed.append(document);
                }
                Err(why) => feed.notes.push(stop(&why)),
            }
        }
    }
    Ok(feed)
}

/// Fetches the lists that `feed`, which is at `found`, names.
fn fetch_parts(feed: &mut OldFeed, found: &Url, client: &Client) {
    let parts = std::mem::take(&mut feed.parts);
    for part in parts.iter().take(MOST_DOCUMENTS) {
        let list = if address::host(part) == address::host(found) {
            fetch(part, client)
        } else {
            Err("it is on another host".to_owned())
        };
        match list {
            Ok((_, list)) => {
                feed.home = feed.home.take().or_else(|| list.home.clone());
                feed.append(list);
            }
            Err(why) => feed.notes.push(format!("{part} was not read: {why}")),
        }
    }
}

/// Fetches the document at `url`. Returns it with its address after redirects.
fn fetch(url: &Url, client: &Client) -> Result<(Url, OldFeed), String> {
    let limits = Limits {
        bytes: MOST_BYTES,
        ..Limits::default()
    };
    let request = OutgoingRequest::get(url).with_header("Accept", ACCEPT);
    let response = client.send(&request, limits).map_err(|error| error.to_string())?;
    if !response.status().is_success() {
        return Err(format!("the server answered {}", response.status()));
    }
    let found = response.url().clone();
    let bytes = response.read_to_vec().map_err(|error| error.to_string())?;
    let feed = feed::parse_feed(&bytes, Some(&found))?;
    Ok((found, feed))
}
