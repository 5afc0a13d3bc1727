//! What went wrong, for machines and people alike: `application/problem+json` (RFC 9457).

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

/// An answer that says what went wrong. `detail` is for the client: it names no file and no internals.
#[must_use]
pub fn problem(status: StatusCode, detail: &str) -> Response<Bytes> {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "detail": detail,
    });
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    // an error is nothing to keep: what is missing now may be there in a moment
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
