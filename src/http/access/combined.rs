//! A line of the access log in the combined format, which Apache, nginx and readers of logs such as `GoAccess` share:
//!
//! ```text
//! 203.0.113.7 - - [31/Jan/2026:09:00:00 +0000] "GET /rss.xml HTTP/1.1" 200 5316 "-" "A reader/1.0"
//! ```
//!
//! Bytes of a client that could end a field are written as nginx writes them, `\x22` (the `default` of its `log_format`, `escape`). Secrets in
//! addresses are not written. All else is, as in other servers: who turns this format on has the addresses of people in the log.

use std::fmt::Write as _;
use std::net::IpAddr;

use http::{HeaderMap, HeaderName, StatusCode, Version, header};

use super::{LoggedRequest, SECRET_PATH};
use crate::time::Timestamp;

/// The most bytes of a client's text that are written.
const MAX_BYTES: usize = 8192;
/// The parameter whose value is the key of a preview.
const SECRET_PARAMETER: &str = "key";

/// A line without the time and the bytes, which are known once the response was sent.
#[derive(Clone, Debug)]
pub(super) struct CombinedLine {
    client: Option<IpAddr>,
    request: String,
    status: StatusCode,
    referrer: String,
    agent: String,
}

impl CombinedLine {
    pub(super) fn new(request: &LoggedRequest<'_>, status: StatusCode) -> CombinedLine {
        let query = if request.query.is_empty() {
            String::new()
        } else {
            format!("?{}", without_key(request.query))
        };
        let address = without_token(request.path);
        CombinedLine {
            client: request.client,
            request: escaped(format!("{} {address}{query} {}", request.method, version(request.version)).as_bytes()),
            status,
            referrer: without_token(&field(request.headers, header::REFERER)),
            agent: field(request.headers, header::USER_AGENT),
        }
    }

    /// The line of a request that could not be read.
    pub(super) fn unreadable(client: Option<IpAddr>, status: StatusCode) -> CombinedLine {
        CombinedLine {
            client,
            request: "-".to_owned(),
            status,
            referrer: "-".to_owned(),
            agent: "-".to_owned(),
        }
    }

    /// The line of a response. `bytes` is how much of its body was sent until `now`.
    pub(super) fn text(&self, bytes: u64, now: Timestamp) -> String {
        let CombinedLine {
            request,
            referrer,
            agent,
            ..
        } = self;
        let client = self
            .client
            .map_or_else(|| "-".to_owned(), |client| client.to_canonical().to_string());
        let (time, status) = (now.strftime("%d/%b/%Y:%H:%M:%S +0000"), self.status.as_u16());
        format!("{client} - - [{time}] \"{request}\" {status} {bytes} \"{referrer}\" \"{agent}\"")
    }
}

/// The first field of this name, escaped; `-` if there is none.
fn field(headers: &HeaderMap, name: HeaderName) -> String {
    match headers.get(name).map(http::HeaderValue::as_bytes) {
        None | Some([]) => "-".to_owned(),
        Some(value) => escaped(value),
    }
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        _ => "HTTP/1.1",
    }
}

/// `text` without a token of a shared draft.
fn without_token(text: &str) -> String {
    match text.split_once(SECRET_PATH) {
        Some((before, _)) => format!("{before}{SECRET_PATH}..."),
        None => text.to_owned(),
    }
}

/// `query` without the key of a preview.
fn without_key(query: &str) -> String {
    let is_key = |pair: &str| pair.split('=').next() == Some(SECRET_PARAMETER);
    let pairs = query.split('&').map(|pair| if is_key(pair) { "key=..." } else { pair });
    pairs.collect::<Vec<_>>().join("&")
}

/// `bytes` as nginx escapes them: a quotation mark, a backslash, control characters and all that is not ASCII.
fn escaped(bytes: &[u8]) -> String {
    let bytes = bytes.get(..MAX_BYTES).unwrap_or(bytes);
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'"' | b'\\' | 0..=0x1f | 0x7f.. => {
                let _ = write!(text, "\\x{byte:02X}");
            }
            _ => text.push(char::from(byte)),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Method};

    use super::*;

    fn line(path: &str, query: &str, referrer: &[u8], agent: &[u8]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(header::REFERER, HeaderValue::from_bytes(referrer).unwrap());
        headers.insert(header::USER_AGENT, HeaderValue::from_bytes(agent).unwrap());
        let request = LoggedRequest {
            id: "x",
            client: Some("::ffff:203.0.113.7".parse().unwrap()),
            method: &Method::GET,
            path,
            query,
            version: Version::HTTP_11,
            headers: &headers,
        };
        CombinedLine::new(&request, StatusCode::OK).text(42, "2026-01-31T09:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_line_has_the_fields_of_nginx() {
        assert_eq!(
            line("/api/posts", "q=a+b&page=2", b"https://example.org/a", b"Reader/1.0 (x; y)"),
            "203.0.113.7 - - [31/Jan/2026:09:00:00 +0000] \"GET /api/posts?q=a+b&page=2 HTTP/1.1\" 200 42 \
             \"https://example.org/a\" \"Reader/1.0 (x; y)\""
        );
        let unread = CombinedLine::unreadable(None, StatusCode::BAD_REQUEST).text(7, "2026-12-01T09:00:00.9Z".parse().unwrap());
        assert_eq!(unread, "- - - [01/Dec/2026:09:00:00 +0000] \"-\" 400 7 \"-\" \"-\"");
    }

    #[test]
    fn a_client_cannot_end_a_field() {
        let forged = line("/", "", b"a\" 200 1 \"b", b"caf\xc3\xa9 \\x22\t");
        assert!(
            forged.ends_with("\"a\\x22 200 1 \\x22b\" \"caf\\xC3\\xA9 \\x5Cx22\\x09\""),
            "{forged}"
        );
        assert_eq!(forged.matches('"').count(), 6);
        assert!(line("/", "", b"", b"").ends_with("\"-\" \"-\""));
        assert!(
            line(
                &"/a".repeat(90_000),
                &"x".repeat(90_000),
                &b"r".repeat(90_000),
                &b"\xff".repeat(90_000)
            )
            .len()
                < 60_000
        );
    }

    #[test]
    fn secrets_are_not_written() {
        let shared = line(
            "/blog/shared/c2VjcmV0",
            "key=c2VjcmV0&a=1",
            b"https://example.org/shared/c2VjcmV0",
            b"-",
        );
        assert!(!shared.contains("c2VjcmV0"), "{shared}");
        assert!(
            shared.contains("\"GET /blog/shared/...?key=...&a=1 HTTP/1.1\"")
                && shared.contains("\"https://example.org/shared/...\""),
            "{shared}"
        );
    }
}
