//! Only what is new in a feed: RFC 3229 with the instance manipulation `feed`.
//!
//! A client that says which edition it has, and `A-IM: feed`, is sent a whole feed of only the items that are new or changed since:
//! 226, with the tag of the feed as it stands. An edition that is not known, or to which nothing was added, makes no delta: then the
//! answer is the plain one. So does `If-Modified-Since` alone, for a date does not name an edition.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use super::conditional::held;
use super::negotiate::{self, names};
use crate::index::Scope;
use crate::render::Format;
use crate::site::Site;

/// What a client asks for a delta with.
pub const A_IM: HeaderName = HeaderName::from_static("a-im");
const IM: HeaderName = HeaderName::from_static("im");
const DELTA_BASE: HeaderName = HeaderName::from_static("delta-base");

/// The delta to answer with in the place of `whole`, where the client asked for one and there is one.
#[must_use]
pub fn delta(
    site: &Site,
    scope: &Scope,
    format: Format,
    headers: &HeaderMap,
    whole: &Response<Bytes>,
) -> Option<Response<Bytes>> {
    let text = |name: &HeaderName| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect::<Vec<_>>()
    };
    if whole.status() != StatusCode::OK || !headers.contains_key(A_IM) || !names(text(&A_IM), "feed") {
        return None;
    }
    let held = held(headers);
    let (document, base) = site.delta(scope, format, &held)?;
    let coding = negotiate::codings(text(&header::ACCEPT_ENCODING)).next()?;
    let mut response = whole.clone();
    *response.status_mut() = StatusCode::IM_USED;
    *response.body_mut() = document.encoded(coding).bytes.clone();
    let headers = response.headers_mut();
    headers.insert(IM, HeaderValue::from_static("feed"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding, A-IM, If-None-Match"));
    // caches that know nothing of deltas must not keep one; those that do may (section 10.8)
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, im"));
    if held.len() > 1 {
        headers.insert(DELTA_BASE, HeaderValue::try_from(base).ok()?);
    }
    Some(response)
}
