//! Errors for people: pages in place of [`problem`](super::problem)s, for clients that prefer a page.
//!
//! A missing or withdrawn post gets a page of the site, with a search and the newest posts. All other errors get a static page, which
//! needs nothing that could have failed.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use super::negotiate::{accepted_types, prefers_page};
use super::problem::{ProblemDetails, problem, unavailable};
use super::target::Target;
use crate::render::pages::{self, static_error};
use crate::site::{Site, Unavailable};

/// What a page may do: show pictures and play sounds from anywhere, and run nothing.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; img-src * data:; media-src *; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// Whether a client with these headers gets errors as pages; only where people may ask too ([`is_for_people`]).
#[must_use]
pub fn wants_page(is_for_people: bool, headers: &HeaderMap) -> bool {
    is_for_people && prefers_page(accepted_types(headers))
}

/// Whether people may ask for `target`. Addresses for programs alone answer errors as data.
#[must_use]
pub fn is_for_people(target: Option<&Target>) -> bool {
    !matches!(
        target,
        Some(
            Target::Listing
                | Target::Listed(_)
                | Target::Scopes(_)
                | Target::Events
                | Target::Description
                | Target::Health
                | Target::Readiness
                | Target::Outline
                | Target::Map(_)
                | Target::Robots
        )
    )
}

/// Returns `response` with a page of the site, if that has one for it.
#[must_use]
pub fn site_page(site: &Site, response: Response<Bytes>) -> Response<Bytes> {
    let document = match response.extensions().get::<Unavailable>() {
        Some(lost) => site.unavailable_page(lost),
        None if response.status() == StatusCode::NOT_FOUND => site.missing_page(),
        None => None,
    };
    match document {
        Some(document) => with_page(response, document.bytes().clone()),
        None => response,
    }
}

/// Returns `response` with a static page, if it is a problem. `home` returns the path of the site's first page.
#[must_use]
pub fn static_page<B: From<Bytes>>(home: impl FnOnce() -> String, mut response: Response<B>) -> Response<B> {
    let Some(problem) = response.extensions_mut().remove::<ProblemDetails>() else {
        return response;
    };
    let status = response.status();
    let title = match status {
        StatusCode::NOT_FOUND => "There is nothing at this address",
        StatusCode::TOO_MANY_REQUESTS => "Too many requests",
        StatusCode::SERVICE_UNAVAILABLE => "Temporarily unavailable",
        status if status.is_server_error() => "Something went wrong on the server",
        _ => "This request cannot be answered",
    };
    let mut detail = problem.detail().to_owned();
    if let Some(first) = detail.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let html = static_error::page(&home(), status.as_u16(), title, &format!("{detail}."));
    with_page(response, html.into_bytes().into())
}

fn with_page<B: From<Bytes>>(mut response: Response<B>, html: Bytes) -> Response<B> {
    response.extensions_mut().remove::<ProblemDetails>();
    *response.body_mut() = html.into();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(pages::MEDIA_TYPE));
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    add_security_fields(headers);
    response
}

/// Adds the security fields of pages to `headers`.
pub fn add_security_fields(headers: &mut HeaderMap) {
    let referrer = HeaderValue::from_static("strict-origin-when-cross-origin");
    let names: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::REFERRER_POLICY, referrer),
    ];
    headers.extend(names);
}

/// Returns the response about a post that is `lost`.
#[must_use]
pub fn lost_post(lost: Unavailable) -> Response<Bytes> {
    let mut response = match lost {
        Unavailable::Withdrawn(_) => problem(StatusCode::GONE, "the post at this address was withdrawn by its author"),
        Unavailable::Temporarily => unavailable(
            "the post at this address cannot be read at the moment; try again in a minute",
            60,
        ),
    };
    // for `site_page`
    response.extensions_mut().insert(lost);
    response
}
