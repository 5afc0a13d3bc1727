//! Responses that only their author or their guest may read.

use http::{HeaderName, HeaderValue, Response, header};

/// Marks a response that scripts of other sites may not read. It is an extension of the response.
#[derive(Clone, Copy, Debug)]
pub struct Confidential;

/// Adds to a response of the preview that no cache keeps it, no search engine shows it, and no page of another site embeds it.
#[must_use]
pub fn for_author<B>(response: Response<B>) -> Response<B> {
    with_headers(
        response,
        [
            (header::CACHE_CONTROL, "no-store"),
            (HeaderName::from_static("x-robots-tag"), "noindex"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        ],
    )
}

/// Adds to a response about a shared draft that no cache keeps it, no search engine shows it, and no other site learns its address.
#[must_use]
pub fn for_guest<B>(response: Response<B>) -> Response<B> {
    with_headers(
        response,
        [
            (header::CACHE_CONTROL, "no-store, private"),
            (HeaderName::from_static("x-robots-tag"), "noindex, nofollow, noarchive"),
            (header::REFERRER_POLICY, "no-referrer"),
        ],
    )
}

fn with_headers<B>(mut response: Response<B>, fields: [(HeaderName, &'static str); 3]) -> Response<B> {
    response.extensions_mut().insert(Confidential);
    for (name, value) in fields {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
