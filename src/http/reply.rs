//! Responses with a document: conditional, in one coding, with the fields for caches.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::conditional::{ConditionResult, evaluate_conditions, http_date};
use super::problem::problem;
use super::request::Request;
use crate::config::CacheSettings;
use crate::render::encode::{Coding, Document};
use crate::time::Timestamp;

/// The field with the id of a request.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The header fields of a response besides those of its document. All of them but the `Lifetime` are the same for every response with the
/// document, and are kept with it.
#[derive(Clone, Copy)]
pub struct ResponsePolicy<'a> {
    lifetime: Lifetime<'a>,
    /// `Vary`.
    pub vary: &'static str,
    link: &'a dyn Fn() -> Option<String>,
    /// Adds further fields.
    add_fields: fn(&mut HeaderMap),
}

impl<'a> ResponsePolicy<'a> {
    /// Returns the policy of a feed at `now`. The next post appears or expires at `next_due`; no cache keeps the feed longer.
    #[must_use]
    pub fn feed(cache: &'a CacheSettings, now: Timestamp, next_due: Option<Timestamp>) -> ResponsePolicy<'a> {
        ResponsePolicy::with_lifetime(Lifetime::new(cache, cache.feeds, now, next_due))
    }

    /// Returns the policy of the listing and of pages.
    #[must_use]
    pub fn page(cache: &'a CacheSettings, now: Timestamp, next_due: Option<Timestamp>) -> ResponsePolicy<'a> {
        ResponsePolicy::with_lifetime(Lifetime::new(cache, cache.pages, now, next_due))
    }

    /// Returns the same with the `Link` that `link` returns.
    #[must_use]
    pub fn with_link(self, link: &'a dyn Fn() -> Option<String>) -> ResponsePolicy<'a> {
        ResponsePolicy { link, ..self }
    }

    /// Returns the same with the fields that `add_fields` adds.
    #[must_use]
    pub fn with_fields(self, add_fields: fn(&mut HeaderMap)) -> ResponsePolicy<'a> {
        ResponsePolicy { add_fields, ..self }
    }

    fn with_lifetime(lifetime: Lifetime<'a>) -> ResponsePolicy<'a> {
        ResponsePolicy {
            lifetime,
            vary: "Accept-Encoding",
            link: &|| None,
            add_fields: |_| {},
        }
    }
}

/// How long caches may keep a response (RFC 9111, section 5.2.2; RFC 5861).
#[derive(Clone, Copy)]
struct Lifetime<'a> {
    cache: &'a CacheSettings,
    /// If nothing is about to change.
    seconds: u32,
    /// The seconds until something changes.
    left: i64,
}

impl Lifetime<'_> {
    fn new(cache: &CacheSettings, seconds: u32, now: Timestamp, next_due: Option<Timestamp>) -> Lifetime<'_> {
        let left = next_due.map_or(i64::MAX, |due| due.duration_since(now).as_secs().max(0));
        Lifetime { cache, seconds, left }
    }

    /// Whether something changes before the lifetime ends.
    fn is_cut(self) -> bool {
        self.left < i64::from(self.seconds)
    }

    fn uncut(self) -> Self {
        Lifetime { left: i64::MAX, ..self }
    }

    /// The value of `Cache-Control`.
    fn cache_control(self) -> String {
        let Lifetime { cache, seconds, left } = self;
        if seconds == 0 {
            return "no-cache".to_owned();
        }
        let max_age = i64::from(seconds).min(left);
        let mut value = format!("public, max-age={max_age}");
        // what is about to change must not be used stale either
        if !self.is_cut() {
            let _ = write!(value, ", stale-while-revalidate={}", cache.stale_while_revalidate);
        }
        let _ = write!(value, ", stale-if-error={}", cache.stale_if_error);
        value
    }
}

/// Adds the fields of every response that is not confidential: scripts of any site may read it, and its type is what it says.
pub(super) fn add_common_fields(headers: &mut HeaderMap) {
    let exposed = HeaderValue::from_static("Content-Location, ETag, Last-Modified, Link, Retry-After, X-Request-Id");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    add_brief_fields(headers);
}

/// Adds the common fields of a brief 304. `RequestContext` sets the id of the request.
fn add_brief_fields(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(REQUEST_ID, HeaderValue::from_static(""));
}

/// Whether `document` exists in the coding in which `request` gets it.
#[must_use]
pub fn is_encoded(document: &Document, request: &Request) -> bool {
    choose_coding(document, request).is_none_or(|coding| document.already_encoded(coding).is_some())
}

/// Chooses the coding of the response: the one that the client prefers; `None` if it accepts none of them.
///
/// A document whose codings are still being made is sent in a coding that exists. A client that has the document in any coding is not
/// sent it again.
fn choose_coding(document: &Document, request: &Request) -> Option<Coding> {
    let accepted = request.codings.iter();
    let preferred = accepted.clone().next()?;
    if !document.is_staged() {
        return Some(preferred);
    }
    let is_held = |coding: &Coding| {
        document
            .already_encoded(*coding)
            .is_some_and(|made| mentions_tag(request.headers, &made.etag))
    };
    let held = accepted.clone().find(is_held);
    let mut accepted = accepted;
    let ready = || accepted.find(|&coding| document.is_ready(coding));
    Some(held.or_else(ready).unwrap_or(preferred))
}

/// Whether `If-None-Match` contains `etag`, perhaps in a malformed list.
fn mentions_tag(headers: &HeaderMap, etag: &str) -> bool {
    let mut values = headers.get_all(header::IF_NONE_MATCH).iter();
    values.any(|value| value == etag || value.to_str().is_ok_and(|value| value.contains(etag)))
}

/// Returns the response with `document`: in the coding that the client prefers, or 304 if it has the document already.
#[must_use]
pub fn reply(document: &Document, request: &Request, policy: &ResponsePolicy<'_>) -> Response<Bytes> {
    let headers = request.headers;
    let refuse = |status, detail| {
        let mut response = problem(status, detail);
        (policy.add_fields)(response.headers_mut());
        response
    };
    let Some(coding) = choose_coding(document, request) else {
        let mut response = refuse(StatusCode::NOT_ACCEPTABLE, "this is sent as identity, gzip or br");
        response
            .headers_mut()
            .insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        return response;
    };
    let encoded = document.encoded(coding);
    // a date may not be ahead of the clock (RFC 9110, section 8.8.2.1), and with an earlier one clients that compare dates would miss
    // the change: for that second there is none
    let modified = document
        .modified
        .filter(|modified| modified.as_second() <= request.now.as_second());
    let (status, body) = match evaluate_conditions(headers, &encoded.etag, modified) {
        ConditionResult::Proceed => (StatusCode::OK, encoded.bytes.clone()),
        ConditionResult::NotModified => (StatusCode::NOT_MODIFIED, Bytes::new()),
        ConditionResult::PreconditionFailed => {
            return refuse(
                StatusCode::PRECONDITION_FAILED,
                "this is not the representation that was asked about",
            );
        }
    };
    let is_sent = status == StatusCode::OK;
    let is_brief = !is_sent && gets_brief_304(headers);
    let kept = encoded.header(!is_brief, || document_header(document, coding, !is_brief, policy));
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = kept.clone();
    if !is_sent {
        response.headers_mut().remove(header::CONTENT_TYPE);
        response.headers_mut().remove(header::CONTENT_ENCODING);
    }
    if !is_brief && modified.is_none() {
        response.headers_mut().remove(header::LAST_MODIFIED);
    }
    if policy.lifetime.is_cut() {
        set(response.headers_mut(), header::CACHE_CONTROL, policy.lifetime.cache_control());
    }
    response
}

/// Whether a 304 has only the fields that renew a kept response, and not all fields of that response (RFC 9110, section 15.4.5).
///
/// Most requests for feeds get a 304, and its cost grows with its bytes. A client that compares dates may keep the date of the last
/// response, and a script of another site reads this response as it is: they get all fields.
fn gets_brief_304(headers: &HeaderMap) -> bool {
    headers.contains_key(header::IF_NONE_MATCH) && !headers.contains_key(header::ORIGIN)
}

/// Returns the header of responses with `document`, full or brief, if nothing is about to change.
fn document_header(document: &Document, coding: Coding, is_full: bool, policy: &ResponsePolicy<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    set(&mut headers, header::ETAG, document.encoded(coding).etag.clone());
    set(&mut headers, header::CACHE_CONTROL, policy.lifetime.uncut().cache_control());
    headers.insert(header::VARY, HeaderValue::from_static(policy.vary));
    (policy.add_fields)(&mut headers);
    if !is_full {
        add_brief_fields(&mut headers);
        return headers;
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(document.media_type));
    if coding != Coding::Identity {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    }
    if let Some(modified) = document.modified.and_then(http_date) {
        set(&mut headers, header::LAST_MODIFIED, modified);
    }
    if let Some(link) = (policy.link)() {
        set(&mut headers, header::LINK, link);
    }
    add_common_fields(&mut headers);
    headers
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
}

/// ASCII characters that no URI contains (RFC 3986, section 2). Non-ASCII characters are encoded too.
const NOT_IN_URIS: &AsciiSet = &CONTROLS
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

/// How long caches may keep a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectCaching {
    /// An hour: the redirect is configured, or for another spelling.
    Hour,
    /// Only with revalidation: a renamed post may be renamed back, and a cache that kept both redirects would go in a circle.
    Revalidate,
}

impl RedirectCaching {
    fn cache_control(self) -> &'static str {
        match self {
            RedirectCaching::Hour => "public, max-age=3600",
            RedirectCaching::Revalidate => "no-cache",
        }
    }
}

/// Returns a permanent redirect to `location`.
#[must_use]
pub fn moved(location: &str, caching: RedirectCaching) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    let headers = response.headers_mut();
    // a request line may contain bytes that no URI contains; percent-encoded bytes stay as they are
    let location = utf8_percent_encode(location, NOT_IN_URIS).to_string();
    if let Ok(location) = HeaderValue::try_from(location) {
        headers.insert(header::LOCATION, location);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching.cache_control()));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_staged_document_is_sent_in_a_coding_that_exists_and_never_twice() {
        let document = Document::new("text/plain", "reeds and rushes ".repeat(40)).staged();
        let ask = |held: Option<&str>, accepted: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_str(accepted).unwrap());
            if let Some(held) = held {
                headers.insert(header::IF_NONE_MATCH, HeaderValue::from_str(held).unwrap());
            }
            let cache = CacheSettings::default();
            let policy = ResponsePolicy::page(&cache, Timestamp::UNIX_EPOCH, None);
            let request = Request::new(None, "/", "", &headers, Timestamp::UNIX_EPOCH);
            let response = reply(&document, &request, &policy);
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
        assert_eq!((status, coding.as_str()), (200, ""), "no client waits for a coding");
        assert_eq!(ask(None, "gzip, identity;q=0").1, "gzip", "unless it accepts no other");
        assert_eq!(ask(None, "br, gzip").1, "gzip", "an existing one is used");
        document.finish();
        assert_eq!(ask(None, "br, gzip").1, "br");
        assert_eq!(
            ask(Some(&tag), "br, gzip").0,
            304,
            "a client with another coding has the document"
        );
        assert_eq!(ask(Some("\"another\""), "br, gzip").1, "br");
    }
}
