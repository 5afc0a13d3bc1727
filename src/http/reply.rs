//! Documents as answers: coded, conditional, with the terms on which they may be kept.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::conditional::{Verdict, http_date, weigh};
use super::negotiate;
use super::problem::problem;
use crate::config::Cache;
use crate::render::encode::{Coding, Document};
use crate::time::Timestamp;

/// What an answer says of itself beside its document.
#[derive(Debug, Default)]
pub struct Terms {
    /// `Cache-Control`.
    pub cache_control: String,
    /// Request headers that decide about the answer, beside `Accept-Encoding`.
    pub vary: Vec<&'static str>,
    /// `Link`.
    pub link: Option<String>,
    /// `Content-Location`: the address of this very representation.
    pub content_location: Option<String>,
}

impl Terms {
    /// The terms of a feed at `now`, where the next post appears or goes at `next_due`: no cache sleeps past that.
    #[must_use]
    pub fn feed(cache: &Cache, now: Timestamp, next_due: Option<Timestamp>) -> Terms {
        Terms {
            cache_control: kept(cache, cache.feeds, now, next_due),
            ..Terms::default()
        }
    }

    /// The terms of the listing and of pages.
    #[must_use]
    pub fn page(cache: &Cache, now: Timestamp, next_due: Option<Timestamp>) -> Terms {
        Terms {
            cache_control: kept(cache, cache.pages, now, next_due),
            ..Terms::default()
        }
    }
}

fn kept(cache: &Cache, seconds: u32, now: Timestamp, next_due: Option<Timestamp>) -> String {
    if seconds == 0 {
        return "no-cache".to_owned();
    }
    let left = next_due.map_or(i64::MAX, |due| due.duration_since(now).as_secs().max(0));
    let max_age = i64::from(seconds).min(left);
    let mut value = format!("public, max-age={max_age}");
    // what is about to change may not be used stale either
    if max_age == i64::from(seconds) {
        let _ = write!(value, ", stale-while-revalidate={}", cache.stale_while_revalidate);
    }
    let _ = write!(value, ", stale-if-error={}", cache.stale_if_error);
    value
}

/// The coding to answer with, of those that are `accepted`: the first, but for a document whose codings are being made. That goes in one
/// that is there, and who holds another one of it already is not sent it again.
fn representation(
    document: &Document,
    mut accepted: impl Iterator<Item = Coding> + Clone,
    headers: &HeaderMap,
) -> Option<Coding> {
    let all = accepted.clone();
    let first = accepted.next()?;
    if !document.is_staged() {
        return Some(first);
    }
    let is_held = |coding: Coding| document.made(coding).is_some_and(|made| names(headers, &made.etag));
    let held = || all.clone().find(|&coding| is_held(coding));
    let ready = || all.clone().find(|&coding| document.is_ready(coding));
    Some(held().or_else(ready).unwrap_or(first))
}

/// Whether `If-None-Match` names `etag`, if perhaps in a list that is none.
fn names(headers: &HeaderMap, etag: &str) -> bool {
    let mut values = headers.get_all(header::IF_NONE_MATCH).iter();
    values.any(|value| value.to_str().is_ok_and(|value| value.contains(etag)))
}

/// `document` as the answer to a request with these headers: coded as it asks, or 304 if it has it already.
#[must_use]
pub fn reply(document: &Document, headers: &HeaderMap, terms: &Terms, now: Timestamp) -> Response<Bytes> {
    let accepted = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let Some(coding) = representation(document, negotiate::codings(accepted), headers) else {
        let mut response = problem(StatusCode::NOT_ACCEPTABLE, "this is sent as identity, gzip or br");
        response
            .headers_mut()
            .insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        return response;
    };
    let encoded = document.encoded(coding);
    // a date may not be ahead of the clock (RFC 9110, section 8.8.2.1); to write an earlier one would tell who goes by dates that
    // nothing changed, so for that second none is written
    let modified = document.modified.filter(|modified| modified.as_second() <= now.as_second());
    let (status, body) = match weigh(headers, &encoded.etag, modified) {
        Verdict::Proceed => (StatusCode::OK, encoded.bytes.clone()),
        Verdict::NotModified => (StatusCode::NOT_MODIFIED, Bytes::new()),
        Verdict::PreconditionFailed => {
            return problem(
                StatusCode::PRECONDITION_FAILED,
                "this is not the representation that was asked about",
            );
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    };
    if status == StatusCode::OK {
        set(header::CONTENT_TYPE, document.media_type);
        if coding != Coding::Identity {
            set(header::CONTENT_ENCODING, coding.name());
        }
    }
    set(header::ETAG, &encoded.etag);
    set(header::CACHE_CONTROL, &terms.cache_control);
    let vary: Vec<&str> = std::iter::once("Accept-Encoding").chain(terms.vary.iter().copied()).collect();
    set(header::VARY, &vary.join(", "));
    if let Some(modified) = modified.and_then(http_date) {
        set(header::LAST_MODIFIED, &modified);
    }
    if let Some(link) = &terms.link {
        set(header::LINK, link);
    }
    if let Some(address) = &terms.content_location {
        set(header::CONTENT_LOCATION, address);
    }
    response
}

/// What stands nowhere in a URI (RFC 3986, section 2), and what is not ASCII.
const UNFIT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// For how long the answer that sends a client elsewhere may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// For an hour: the configuration says where it leads, or it is another spelling.
    Hour,
    /// Only as long as it is asked about: a post that was renamed may be renamed back, and who kept both answers would go round in a
    /// circle.
    Asked,
}

impl Keeping {
    fn in_words(self) -> &'static str {
        match self {
            Keeping::Hour => "public, max-age=3600",
            Keeping::Asked => "no-cache",
        }
    }
}

/// The answer that sends a client to `location` for good.
#[must_use]
pub fn moved(location: &str, keeping: Keeping) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    let headers = response.headers_mut();
    // a request line may have held bytes that no URI has; what is percent-encoded already stays as it is
    let location = utf8_percent_encode(location, UNFIT).to_string();
    if let Ok(location) = HeaderValue::try_from(location) {
        headers.insert(header::LOCATION, location);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keeping.in_words()));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_whose_codings_are_being_made_goes_as_it_is_and_never_twice() {
        let document = Document::new("text/plain", "reeds and rushes ".repeat(40)).staged();
        let ask = |held: Option<&str>, accepted: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_str(accepted).unwrap());
            if let Some(held) = held {
                headers.insert(header::IF_NONE_MATCH, HeaderValue::from_str(held).unwrap());
            }
            let response = reply(&document, &headers, &Terms::default(), Timestamp::UNIX_EPOCH);
            let header = |name| {
                response
                    .headers()
                    .get(&name)
                    .map_or("", |value: &HeaderValue| value.to_str().unwrap())
            };
            let (coding, tag) = (header(header::CONTENT_ENCODING), header(header::ETAG));
            (response.status().as_u16(), coding.to_owned(), tag.to_owned())
        };
        let (status, coding, tag) = ask(None, "br, gzip");
        assert_eq!((status, coding.as_str()), (200, ""), "nobody waits for a coding");
        assert_eq!(ask(None, "gzip, identity;q=0").1, "gzip", "but who takes nothing else");
        assert_eq!(ask(None, "br, gzip").1, "gzip", "one that is there is taken");
        document.finish();
        assert_eq!(ask(None, "br, gzip").1, "br");
        assert_eq!(
            ask(Some(&tag), "br, gzip").0,
            304,
            "who holds another coding holds the document"
        );
        assert_eq!(ask(Some("\"another\""), "br, gzip").1, "br");
    }
}
