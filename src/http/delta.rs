//! Deltas of feeds: RFC 3229 with the instance manipulation `feed`.
//!
//! A client that names a version that it has, and sends `A-IM: feed`, gets a feed of only the items that are new or changed since: 226,
//! with the tag of the whole feed. If the version is unknown, or nothing was added to it, the client gets the plain response.
//! `If-Modified-Since` alone gets the plain response too, because a date does not name a version.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use super::conditional::if_none_match_tags;
use super::negotiate::is_accepted;
use super::request::Request;
use crate::index::Scope;
use crate::render::Format;
use crate::site::Site;

/// The field in which a client asks for a delta.
pub const A_IM: HeaderName = HeaderName::from_static("a-im");
const IM: HeaderName = HeaderName::from_static("im");
const DELTA_BASE: HeaderName = HeaderName::from_static("delta-base");

/// Returns the delta to send instead of `whole`, if the client asks for one and there is one.
#[must_use]
pub fn delta(site: &Site, scope: &Scope, format: Format, request: &Request, whole: &Response<Bytes>) -> Option<Response<Bytes>> {
    let manipulations = request.headers.get_all(A_IM).iter().filter_map(|value| value.to_str().ok());
    if whole.status() != StatusCode::OK || !is_accepted(manipulations, "feed") {
        return None;
    }
    let held = if_none_match_tags(request.headers);
    let (document, base) = site.delta(scope, format, &held)?;
    let coding = request.codings.iter().next()?;
    let mut response = whole.clone();
    *response.status_mut() = StatusCode::IM_USED;
    *response.body_mut() = document.encoded(coding).bytes.clone();
    let headers = response.headers_mut();
    headers.insert(IM, HeaderValue::from_static("feed"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding, A-IM, If-None-Match"));
    // caches that do not know deltas must not keep one; others may (section 10.8)
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, im"));
    if held.len() > 1 {
        headers.insert(DELTA_BASE, HeaderValue::try_from(base).ok()?);
    }
    Some(response)
}
