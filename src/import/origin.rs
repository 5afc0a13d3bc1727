//! Where an old feed lies: in a file, at an address, or on standard input.
//!
//! What an address answers is bounded in size and time, and a feed's older documents (RFC 5005) are fetched from its own host only.
//! Addresses come from whoever runs the command, so any host may be named, as with any client of HTTP.

use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::str::FromStr;
use std::time::Duration;

use camino::Utf8PathBuf;
use ureq::tls::TlsConfig;
use ureq::{Agent, ResponseExt};
use url::Url;

use super::address;
use super::feed::{self, OldFeed};
use crate::diagnostic::plain_error;

/// The largest document read, in bytes.
const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// How many documents one feed may be made of.
const MOST_DOCUMENTS: usize = 500;
/// How long a document may take, with its redirects.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often one may lead elsewhere.
const MOST_REDIRECTS: u32 = 10;

/// Where a feed lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// On standard input: `-`.
    Input,
    /// At an http or https address.
    Address(Url),
    /// In a file.
    File(Utf8PathBuf),
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Origin, String> {
        if text == "-" {
            return Ok(Origin::Input);
        }
        match text.split_once("://") {
            None => Ok(Origin::File(text.into())),
            Some(("http" | "https", _)) => text
                .parse()
                .map(Origin::Address)
                .map_err(|error| format!("this is no valid address: {error}")),
            Some((scheme, _)) => Err(format!(
                "`{scheme}` addresses cannot be read; name a file or an http or https address"
            )),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Input => f.write_str("standard input"),
            Origin::Address(url) => url.fmt(f),
            Origin::File(path) => path.fmt(f),
        }
    }
}

impl Origin {
    /// Reads the feed that lies there, with its older documents where it was fetched from an address.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is no feed; in words. That an older document cannot be read is a note of the feed.
    pub fn read(&self) -> Result<OldFeed, String> {
        match self {
            Origin::Input => whole_file(io::stdin().lock()),
            Origin::File(path) => File::open(path)
                .map_err(|error| unreadable(path, &error))
                .and_then(whole_file),
            Origin::Address(url) => with_history(url, &agent()),
        }
    }
}

/// Why the file at `path` cannot be read; people often write an address without its scheme.
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

/// A feed that lies in one file.
fn whole_file(from: impl Read) -> Result<OldFeed, String> {
    let mut bytes = Vec::new();
    from.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| plain_error(&error))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(format!("it has more than {MOST_BYTES} bytes"));
    }
    let mut feed = feed::read(&bytes, None)?;
    if let Some(older) = &feed.older {
        let note = format!("older items are at {older}: name the feed's address, not a file, to have them read too");
        feed.notes.push(note);
    }
    Ok(feed)
}

fn agent() -> Agent {
    Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .max_redirects(MOST_REDIRECTS)
        .http_status_as_error(false)
        .user_agent(concat!("feedmill/", env!("CARGO_PKG_VERSION")))
        .accept("application/feed+json, application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.5")
        .accept_encoding("identity")
        .tls_config(TlsConfig::default())
        .build()
        .into()
}

/// The feed at `url` and all its older documents.
fn with_history(url: &Url, agent: &Agent) -> Result<OldFeed, String> {
    let (found, mut feed) = fetched(url, agent)?;
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
            match fetched(&older, agent) {
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

/// The one document at `url`, and where that was found in the end.
fn fetched(url: &Url, agent: &Agent) -> Result<(Url, OldFeed), String> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`{}` addresses cannot be read", url.scheme()));
    }
    let mut response = agent.get(url.as_str()).call().map_err(|error| match error {
        ureq::Error::Io(error) => plain_error(&error),
        other => other.to_string(),
    })?;
    if !response.status().is_success() {
        return Err(format!("the server answered {}", response.status()));
    }
    if let Some(coding) = response.headers().get("content-encoding")
        && coding != "identity"
    {
        return Err("the server answered with a compressed document that was not asked for".to_owned());
    }
    let found: Url = response.get_uri().to_string().parse().unwrap_or_else(|_| url.clone());
    let body = response.body_mut().with_config().limit(MOST_BYTES);
    let bytes = body.read_to_vec().map_err(|error| match error {
        ureq::Error::BodyExceedsLimit(most) => format!("it has more than {most} bytes"),
        other => other.to_string(),
    })?;
    let feed = feed::read(&bytes, Some(&found))?;
    Ok((found, feed))
}
