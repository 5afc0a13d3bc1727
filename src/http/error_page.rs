//! What went wrong, for people: pages in the place of [`problem`](super::problem)s, for who would rather have a page.
//!
//! Where nothing is, or is any more, the page is one of the site's own, with a search and the newest posts. All else is told by a static
//! page, which needs nothing that could have failed.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use super::negotiate::{accepted, prefers_page};
use super::problem::Problem;
use super::target::Target;
use crate::render::pages::{self, static_error};
use crate::site::{Site, Unavailable};

/// What a page may do: show pictures and play sounds of anyone, and run nothing.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; img-src * data:; media-src *; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// Whether who asks with these headers is told in a page what goes wrong, where people ask for such a thing too ([`is_for_people`]).
#[must_use]
pub fn is_told_in_a_page(is_for_people: bool, headers: &HeaderMap) -> bool {
    is_for_people && prefers_page(accepted(headers))
}

/// Whether people ask for `target` too. What is there for programs alone says as data what goes wrong.
#[must_use]
pub fn is_for_people(target: Option<&Target>) -> bool {
    !matches!(
        target,
        Some(
            Target::Listing
                | Target::Listed(_)
                | Target::Scopes(_)
                | Target::Description
                | Target::Health
                | Target::Readiness
                | Target::Outline
                | Target::Map(_)
                | Target::Robots
        )
    )
}

/// `response` to a person, with the site's own page where there is nothing.
#[must_use]
pub fn of_site(site: &Site, response: Response<Bytes>) -> Response<Bytes> {
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

/// `response` to a person, with a static page where it tells of a problem. `home` gives the path of the site's first page.
#[must_use]
pub fn of_server<B: From<Bytes>>(home: impl FnOnce() -> String, mut response: Response<B>) -> Response<B> {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
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
    response.extensions_mut().remove::<Problem>();
    *response.body_mut() = html.into();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(pages::MEDIA_TYPE));
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    guard(headers);
    response
}

/// Adds to the `headers` of a page what keeps it from doing harm.
pub fn guard(headers: &mut HeaderMap) {
    let referrer = HeaderValue::from_static("strict-origin-when-cross-origin");
    let names: [(HeaderName, HeaderValue); 2] = [(header::CONTENT_SECURITY_POLICY, POLICY), (header::REFERRER_POLICY, referrer)];
    headers.extend(names);
}
