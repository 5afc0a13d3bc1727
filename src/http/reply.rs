//! Documents as answers: coded, conditional, with the terms on which they may be kept.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::conditional::{Verdict, http_date, weigh};
use super::negotiate;
use super::problem::problem;
use crate::config::CacheSettings;
use crate::render::encode::{Coding, Document};
use crate::time::Timestamp;

/// The name under which the log and a problem tell of one request.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What an answer says of itself beside its document. All that is the same for every answer with that document, which is all but its
/// `Lifetime`, is kept with it.
#[derive(Clone, Copy)]
pub struct ResponsePolicy<'a> {
    lifetime: Lifetime<'a>,
    /// `Vary`.
    pub vary: &'static str,
    link: &'a dyn Fn() -> Option<String>,
    /// Adds what else every answer about the document says.
    guard: fn(&mut HeaderMap),
}

impl<'a> ResponsePolicy<'a> {
    /// The terms of a feed at `now`, where the next post appears or goes at `next_due`: no cache sleeps past that.
    #[must_use]
    pub fn feed(cache: &'a CacheSettings, now: Timestamp, next_due: Option<Timestamp>) -> ResponsePolicy<'a> {
        ResponsePolicy::lasting(Lifetime::new(cache, cache.feeds, now, next_due))
    }

    /// The terms of the listing and of pages.
    #[must_use]
    pub fn page(cache: &'a CacheSettings, now: Timestamp, next_due: Option<Timestamp>) -> ResponsePolicy<'a> {
        ResponsePolicy::lasting(Lifetime::new(cache, cache.pages, now, next_due))
    }

    /// The same, with the `Link` that `link` makes.
    #[must_use]
    pub fn linked(self, link: &'a dyn Fn() -> Option<String>) -> ResponsePolicy<'a> {
        ResponsePolicy { link, ..self }
    }

    /// The same, with what `guard` adds.
    #[must_use]
    pub fn guarded(self, guard: fn(&mut HeaderMap)) -> ResponsePolicy<'a> {
        ResponsePolicy { guard, ..self }
    }

    fn lasting(lifetime: Lifetime<'a>) -> ResponsePolicy<'a> {
        ResponsePolicy {
            lifetime,
            vary: "Accept-Encoding",
            link: &|| None,
            guard: |_| {},
        }
    }
}

/// For how long an answer may be kept (RFC 9111, section 5.2.2; RFC 5861).
#[derive(Clone, Copy)]
struct Lifetime<'a> {
    cache: &'a CacheSettings,
    /// Where nothing is about to change.
    seconds: u32,
    /// Until something is.
    left: i64,
}

impl Lifetime<'_> {
    fn new(cache: &CacheSettings, seconds: u32, now: Timestamp, next_due: Option<Timestamp>) -> Lifetime<'_> {
        let left = next_due.map_or(i64::MAX, |due| due.duration_since(now).as_secs().max(0));
        Lifetime { cache, seconds, left }
    }

    /// Whether something changes before its time.
    fn is_cut(self) -> bool {
        self.left < i64::from(self.seconds)
    }

    fn uncut(self) -> Self {
        Lifetime { left: i64::MAX, ..self }
    }

    /// As `Cache-Control` has it.
    fn in_words(self) -> String {
        let Lifetime { cache, seconds, left } = self;
        if seconds == 0 {
            return "no-cache".to_owned();
        }
        let max_age = i64::from(seconds).min(left);
        let mut value = format!("public, max-age={max_age}");
        // what is about to change may not be used stale either
        if !self.is_cut() {
            let _ = write!(value, ", stale-while-revalidate={}", cache.stale_while_revalidate);
        }
        let _ = write!(value, ", stale-if-error={}", cache.stale_if_error);
        value
    }
}

/// Adds to `headers` what every answer says that is not confidential: it may be read by scripts of any site, is what it says it is, and
/// will have a name.
pub(super) fn open(headers: &mut HeaderMap) {
    let exposed = HeaderValue::from_static("Content-Location, ETag, Last-Modified, Link, Retry-After, X-Request-Id");
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    open_empty(headers);
}

/// What a brief answer says of it: scripts may read it, and it will have a name.
fn open_empty(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(REQUEST_ID, HeaderValue::from_static(""));
}

/// Whether `document` is there in the coding that a request with these headers is answered in.
#[must_use]
pub fn is_made(document: &Document, headers: &HeaderMap) -> bool {
    if Coding::ALL.into_iter().all(|coding| document.made(coding).is_some()) {
        return true;
    }
    let coding = representation(document, negotiate::codings(accepted_codings(headers)), headers);
    coding.is_none_or(|coding| document.made(coding).is_some())
}

fn accepted_codings(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    values.filter_map(|value| value.to_str().ok())
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
    values.any(|value| value == etag || value.to_str().is_ok_and(|value| value.contains(etag)))
}

/// `document` as the answer to a request with these headers: coded as it asks, or 304 if it has it already.
#[must_use]
pub fn reply(document: &Document, headers: &HeaderMap, terms: &ResponsePolicy<'_>, now: Timestamp) -> Response<Bytes> {
    let refused = |status, detail| {
        let mut response = problem(status, detail);
        (terms.guard)(response.headers_mut());
        response
    };
    let Some(coding) = representation(document, negotiate::codings(accepted_codings(headers)), headers) else {
        let mut response = refused(StatusCode::NOT_ACCEPTABLE, "this is sent as identity, gzip or br");
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
            return refused(
                StatusCode::PRECONDITION_FAILED,
                "this is not the representation that was asked about",
            );
        }
    };
    let is_sent = status == StatusCode::OK;
    let is_brief = !is_sent && is_answered_briefly(headers);
    let kept = encoded.header(!is_brief, || described(document, coding, !is_brief, terms));
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
    if terms.lifetime.is_cut() {
        set(response.headers_mut(), header::CACHE_CONTROL, terms.lifetime.in_words());
    }
    response
}

/// Whether who asks with these headers, and has what it asks for, is told what renews an answer that was kept, and not again what came
/// with that (RFC 9110, section 15.4.5): that is most of what a feed is asked for, and costs by its bytes. Who goes by dates may keep that
/// of the last answer, and a script of another site sees this answer as it is: they are told all.
fn is_answered_briefly(headers: &HeaderMap) -> bool {
    headers.contains_key(header::IF_NONE_MATCH) && !headers.contains_key(header::ORIGIN)
}

/// The header of answers with `document`, in full or with what renews one, where it changes at no time that is known.
fn described(document: &Document, coding: Coding, is_full: bool, terms: &ResponsePolicy<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    set(&mut headers, header::ETAG, document.encoded(coding).etag.clone());
    set(&mut headers, header::CACHE_CONTROL, terms.lifetime.uncut().in_words());
    headers.insert(header::VARY, HeaderValue::from_static(terms.vary));
    (terms.guard)(&mut headers);
    if !is_full {
        open_empty(&mut headers);
        return headers;
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(document.media_type));
    if coding != Coding::Identity {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    }
    if let Some(modified) = document.modified.and_then(http_date) {
        set(&mut headers, header::LAST_MODIFIED, modified);
    }
    if let Some(link) = (terms.link)() {
        set(&mut headers, header::LINK, link);
    }
    open(&mut headers);
    headers
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(name, value);
    }
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
            let cache = CacheSettings::default();
            let terms = ResponsePolicy::page(&cache, Timestamp::UNIX_EPOCH, None);
            let response = reply(&document, &headers, &terms, Timestamp::UNIX_EPOCH);
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
