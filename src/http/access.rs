//! The access log: one event an answer, for who turned it on, with no more about people than running a server needs.
//!
//! Addresses are cut to the network (IPv4 to 24 bits, IPv6 to 48), of the query only what chooses a page or a filter is written,
//! and neither agents nor referrers are.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use http::{Method, StatusCode, Uri};
use url::form_urlencoded;

use crate::diagnostic::printable;
use crate::metrics::RequestKind;

/// The target of its events: `feedmill::access=info` in a log filter turns it on.
pub const TARGET: &str = "feedmill::access";

/// What follows this in a path is not written: who reads the log may not read drafts.
const SECRETS: &str = super::shared::PATH;
/// Parameters whose values are written: none of them is free text of a person.
const SHOWN: [&str; 7] = ["page", "per_page", "tag", "author", "section", "lang", "year"];
/// Longer texts of a request are cut, in characters.
const LONGEST: usize = 200;
/// More parameters than this are not written.
const MOST_PARAMETERS: usize = 10;

/// A request, as the log tells it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The name of the request.
    pub id: &'a str,
    /// The address of the client, where it is known: behind a trusted proxy the one that the proxy names.
    pub client: Option<IpAddr>,
    /// The method.
    pub method: &'a Method,
    /// The path, as the request line has it.
    pub path: &'a str,
    /// The query, as the request line has it.
    pub query: &'a str,
}

/// Whether answers are logged.
#[must_use]
pub fn is_on() -> bool {
    tracing::enabled!(target: TARGET, tracing::Level::INFO)
}

/// A line of the log, which is written when the answer was sent.
#[derive(Clone, Debug)]
pub struct Line {
    id: String,
    peer: String,
    method: String,
    address: String,
    kind: RequestKind,
    status: StatusCode,
    took: Duration,
}

impl Line {
    /// The line of a request that was answered with `status` after `took`.
    #[must_use]
    pub fn new(asked: &Asked<'_>, kind: RequestKind, status: StatusCode, took: Duration) -> Line {
        Line {
            id: asked.id.to_owned(),
            peer: asked
                .client
                .map_or_else(|| "-".to_owned(), |client| network(client).to_string()),
            method: one_line(asked.method.as_str()),
            address: address(asked),
            kind,
            status,
            took,
        }
    }

    /// The line of a request that was refused with `status` before anything was looked for. `read` is what could be read of it: its
    /// method and its address.
    #[must_use]
    pub fn refused(peer: Option<IpAddr>, read: Option<(&Method, &Uri)>, status: StatusCode, took: Duration) -> Line {
        let (method, path, query) = read.map_or((None, "-", ""), |(method, uri)| {
            (Some(method), path(uri), uri.query().unwrap_or_default())
        });
        let asked = Asked {
            id: "-",
            client: peer,
            method: method.unwrap_or(&Method::GET),
            path,
            query,
        };
        let mut line = Line::new(&asked, RequestKind::Other, status, took);
        if method.is_none() {
            "-".clone_into(&mut line.method);
        }
        line
    }

    /// Writes the line; `bytes` of the answer's body were sent.
    pub fn write(&self, bytes: u64) {
        // whole microseconds: more digits say nothing
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

/// The path of `uri`; the host and port that CONNECT names instead of one.
#[must_use]
pub fn path(uri: &Uri) -> &str {
    let authority = || uri.authority().map_or("", |authority| authority.as_str());
    if uri.path_and_query().is_some() {
        uri.path()
    } else {
        authority()
    }
}

/// The network that `peer` is in: enough to tell one flood from another, too little to tell people apart.
#[must_use]
pub fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(peer) => {
            let [a, b, c, _] = peer.octets();
            Ipv4Addr::new(a, b, c, 0).into()
        }
        IpAddr::V6(peer) => {
            let [a, b, c, ..] = peer.segments();
            Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into()
        }
    }
}

/// Path and query without what is nobody's business, on one line.
fn address(asked: &Asked<'_>) -> String {
    let cut = |text: &str| one_line(text).chars().take(LONGEST).collect::<String>();
    // what is said there is a secret, whatever spelling of the path brings it
    let mut address = match asked.path.split_once(SECRETS) {
        Some((before, _)) => format!("{}{SECRETS}…", cut(before)),
        None => cut(asked.path),
    };
    for (n, (name, value)) in form_urlencoded::parse(asked.query.as_bytes())
        .take(MOST_PARAMETERS)
        .enumerate()
    {
        address.push(if n == 0 { '?' } else { '&' });
        if SHOWN.contains(&&*name) {
            let _ = write!(address, "{name}={}", cut(&value));
        } else {
            // a name that is not known may be a person's as well
            address.push_str(if name == "q" { "q=…" } else { "…" });
        }
    }
    address
}

/// `text` without what could end a line, drive a terminal, or show a line in another order than it has.
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
    fn addresses_are_cut_to_networks() {
        for (peer, expected) in [
            ("192.0.2.77", "192.0.2.0"),
            ("::ffff:192.0.2.77", "192.0.2.0"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
            ("::1", "::"),
        ] {
            assert_eq!(network(peer.parse().unwrap()).to_string(), expected, "{peer}");
        }
    }

    #[test]
    fn what_people_write_is_not_told() {
        let told = |path, query| {
            address(&Asked {
                id: "",
                client: None,
                method: &Method::GET,
                path,
                query,
            })
        };
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
            assert_eq!(told(path, query), expected, "{path}?{query}");
        }
        assert!(told(&"/a".repeat(3000), &"x&".repeat(3000)).chars().count() < 300);
    }
}
