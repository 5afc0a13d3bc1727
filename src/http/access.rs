//! The access log: one event for each response, if it is turned on, with no more about people than an operator needs.
//!
//! Addresses are cut to their network (IPv4 to 24 bits, IPv6 to 48). Of the query only the parameters that choose a page or a filter are
//! written. User agents and referrers are not. Another format, [`combined`], has all of that, for readers of logs that need it.

mod combined;

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode, Version};
use url::form_urlencoded;

use self::combined::CombinedLine;
use super::network::logged_network;
use super::shared_drafts;
use crate::diagnostic::printable;
use crate::metrics::RequestKind;
use crate::time::Timestamp;

/// The tracing target of its events: `feedmill::access=info` in a log filter turns it on.
pub const TARGET: &str = "feedmill::access";
/// The tracing target of events whose message is a line in the combined format.
pub const COMBINED_TARGET: &str = "feedmill::combined_access";

/// The rest of a path after this is not written: readers of the log may not read drafts.
const SECRET_PATH: &str = shared_drafts::PATH;
/// The parameters whose values are written. None is a person's free text.
const SHOWN: [&str; 7] = ["page", "per_page", "tag", "author", "section", "lang", "year"];
/// The most characters of a text that are written.
const MAX_CHARACTERS: usize = 200;
/// The most parameters that are written.
const MAX_PARAMETERS: usize = 10;

/// What the log says of a request.
#[derive(Clone, Copy, Debug)]
pub struct LoggedRequest<'a> {
    /// The id of the request.
    pub id: &'a str,
    /// The address of the client, if it is known: behind a trusted proxy, the one that the proxy names.
    pub client: Option<IpAddr>,
    /// The method.
    pub method: &'a Method,
    /// The path, percent-encoded as in the request line.
    pub path: &'a str,
    /// The query, percent-encoded as in the request line.
    pub query: &'a str,
    /// The version of HTTP.
    pub version: Version,
    /// The header.
    pub headers: &'a HeaderMap,
}

/// Whether responses are logged.
#[must_use]
pub fn is_on() -> bool {
    are_events_on() || is_combined_on()
}

fn are_events_on() -> bool {
    tracing::enabled!(target: TARGET, tracing::Level::INFO)
}

fn is_combined_on() -> bool {
    tracing::enabled!(target: COMBINED_TARGET, tracing::Level::INFO)
}

/// A line of the log, in each format that is on. It is written once the response was sent.
#[derive(Clone, Debug)]
pub struct AccessLine {
    event: Option<AccessEvent>,
    combined: Option<CombinedLine>,
}

/// The fields of an event.
#[derive(Clone, Debug)]
struct AccessEvent {
    id: String,
    peer: String,
    method: String,
    address: String,
    kind: RequestKind,
    status: StatusCode,
    took: Duration,
}

impl AccessLine {
    /// Returns the line of a request that was answered with `status` after `took`.
    #[must_use]
    pub fn new(request: &LoggedRequest<'_>, kind: RequestKind, status: StatusCode, took: Duration) -> AccessLine {
        AccessLine {
            event: are_events_on().then(|| AccessEvent {
                id: request.id.to_owned(),
                peer: peer(request.client),
                method: one_line(request.method.as_str()),
                address: address(request.path, request.query),
                kind,
                status,
                took,
            }),
            combined: is_combined_on().then(|| CombinedLine::new(request, status)),
        }
    }

    /// Returns the line of a request that could not be read, and was answered with `status`.
    #[must_use]
    pub fn unreadable(peer_address: Option<SocketAddr>, status: StatusCode) -> AccessLine {
        let client = peer_address.map(|peer| peer.ip());
        AccessLine {
            event: are_events_on().then(|| AccessEvent {
                id: "-".to_owned(),
                peer: peer(client),
                method: "-".to_owned(),
                address: "-".to_owned(),
                kind: RequestKind::Other,
                status,
                took: Duration::ZERO,
            }),
            combined: is_combined_on().then(|| CombinedLine::unreadable(client, status)),
        }
    }

    /// Writes the line. `bytes` of the response's body were sent.
    pub fn write(&self, bytes: u64) {
        if let Some(event) = &self.event {
            event.write(bytes);
        }
        if let Some(line) = &self.combined {
            tracing::info!(target: COMBINED_TARGET, "{}", line.text(bytes, Timestamp::now()));
        }
    }
}

impl AccessEvent {
    fn write(&self, bytes: u64) {
        // whole microseconds: more digits are noise
        let milliseconds = f64::from(u32::try_from(self.took.as_micros()).unwrap_or(u32::MAX)) / 1000.0;
        tracing::info!(
            target: TARGET,
            id = self.id,
            peer = self.peer,
            method = self.method,
            address = self.address,
            kind = self.kind.name(),
            status = self.status.as_u16(),
            bytes,
            milliseconds
        );
    }
}

/// The network of a client, if it is known.
fn peer(client: Option<IpAddr>) -> String {
    client.map_or_else(|| "-".to_owned(), |client| logged_network(client).to_string())
}

/// Returns path and query on one line, without secrets and personal data.
fn address(path: &str, query: &str) -> String {
    let cut = |text: &str| one_line(text).chars().take(MAX_CHARACTERS).collect::<String>();
    // a token is secret, also after another spelling of the path
    let mut address = match path.split_once(SECRET_PATH) {
        Some((before, _)) => format!("{}{SECRET_PATH}…", cut(before)),
        None => cut(path),
    };
    for (n, (name, value)) in form_urlencoded::parse(query.as_bytes()).take(MAX_PARAMETERS).enumerate() {
        address.push(if n == 0 { '?' } else { '&' });
        if SHOWN.contains(&&*name) {
            let _ = write!(address, "{name}={}", cut(&value));
        } else {
            // an unknown name may be personal data too
            address.push_str(if name == "q" { "q=…" } else { "…" });
        }
    }
    address
}

/// Returns `text` without characters that could end a line, control a terminal, or change the order of a line.
fn one_line(text: &str) -> String {
    let safe = |c| match c {
        '\t' => ' ',
        // marks, embeddings, overrides and isolates of the bidirectional algorithm (UAX 9), and the separators of lines and paragraphs
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c => c,
    };
    printable(text).chars().map(safe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_data_is_not_written() {
        let cases = [
            ("/rss.xml", "", "/rss.xml"),
            (
                "/api/posts",
                "page=2&q=my+illness&tag=c%2B%2B",
                "/api/posts?page=2&q=…&tag=c++",
            ),
            ("/", "token=secret&ann@example.com", "/?…&…"),
            ("/shared/c2VjcmV0/a.png", "", "/shared/…"),
            ("/blog/shared/c2VjcmV0", "page=2", "/blog/shared/…?page=2"),
            ("/a\nb\u{1b}[31m", "tag=x%0Ay", "/a\u{fffd}b\u{fffd}[31m?tag=x\u{fffd}y"),
            (
                "/\u{202e}fdp.a\u{2069}",
                "tag=%E2%80%AEx%E2%80%A8status=200&page=\u{61c}1",
                "/\u{fffd}fdp.a\u{fffd}?tag=\u{fffd}x\u{fffd}status=200&page=\u{fffd}1",
            ),
            ("/a\tb\r\nc\u{85}d", "", "/a b\u{fffd}\u{fffd}c\u{fffd}d"),
        ];
        for (path, query, expected) in cases {
            assert_eq!(address(path, query), expected, "{path}?{query}");
        }
        assert!(address(&"/a".repeat(3000), &"x&".repeat(3000)).chars().count() < 300);
    }
}
