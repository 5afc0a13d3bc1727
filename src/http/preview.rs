//! The site as its author sees it (`serve --preview`): with unpublished posts, and pages that follow the files.
//!
//! Feeds, listing, search and maps are the public ones. A preview has a loopback listener of its own and answers only requests with its
//! [`key`]. The public listener shows no draft, whatever the header of a request says.

pub mod events;
pub mod key;

use bytes::Bytes;
use http::{HeaderValue, Response, header};

use self::events::Events;
use self::key::PreviewKey;
use super::confidential;
use super::error_page::{self, lost_post};
use super::request::Request;
use super::routes;
use super::target::{Target, markdown_addresses};
use crate::index::Scope;
use crate::post::Post;
use crate::render::pages::{self, preview};
use crate::site::{Site, TextUnavailable, Unavailable};

/// The path of the script that reloads pages.
pub const SCRIPT: &str = "/preview.js";

/// The parts of a preview.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Notifies open pages of each new site.
    pub events: Events,
    /// The key that a request needs.
    pub key: PreviewKey,
}

/// Returns the response of `site` to a request of its author.
#[must_use]
pub fn answer(site: &Site, request: &Request) -> Response<Bytes> {
    if request.path == SCRIPT {
        return script();
    }
    let is_page = matches!(
        request.target,
        None | Some(
            Target::Page(..)
                | Target::Year(..)
                | Target::Years
                | Target::Directory(_)
                | Target::Search
                | Target::Subscribe(_)
                | Target::Moved(_)
                | Target::Address(_)
        )
    );
    if !is_page {
        return routes::answer(site, request);
    }
    // the script is added to the uncoded bytes of a page, and no cache keeps the result
    let mut headers = request.headers.clone();
    for name in [
        header::ACCEPT_ENCODING,
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        header::IF_MODIFIED_SINCE,
        header::IF_UNMODIFIED_SINCE,
    ] {
        headers.remove(name);
    }
    let request = Request::new(request.target, request.path, request.query, &headers, request.now);
    let response = author_only(site, &request).unwrap_or_else(|| routes::answer(site, &request));
    confidential::for_author(with_script(site, response))
}

/// Returns a response that only the author gets.
fn author_only(site: &Site, request: &Request) -> Option<Response<Bytes>> {
    let config = site.config();
    if config.redirect.next(request.path, &config.base()).is_some() {
        return None;
    }
    match request.target? {
        Target::Page(Scope::Site, 1) => Some(html(site.previewed_home())),
        Target::Address(address) => {
            if let Some(post) = site.unpublished_at(address) {
                return Some(
                    site.previewed_post(post)
                        .map_or_else(|TextUnavailable| lost_post(Unavailable::Temporarily), html),
                );
            }
            let post = markdown_addresses(address).find_map(|address| site.unpublished_at(&address))?;
            Some(markdown(site, post))
        }
        _ => None,
    }
}

fn html(html: String) -> Response<Bytes> {
    let mut response = with_type(pages::MEDIA_TYPE, html.into());
    error_page::add_security_fields(response.headers_mut());
    response
}

/// Returns the Markdown of `post`.
fn markdown(site: &Site, post: &Post) -> Response<Bytes> {
    match site.text(post) {
        Some(text) => with_type("text/markdown; charset=utf-8", Bytes::copy_from_slice(text.as_bytes())),
        None => lost_post(Unavailable::Temporarily),
    }
}

fn with_type(media_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

fn script() -> Response<Bytes> {
    let script = Bytes::from_static(include_bytes!("preview/preview.js"));
    confidential::for_author(with_type("text/javascript; charset=utf-8", script))
}

/// Adds the script to a page, and makes redirects to the site relative, so that they stay on this machine.
fn with_script(site: &Site, mut response: Response<Bytes>) -> Response<Bytes> {
    let is_page = response.headers().get(header::CONTENT_TYPE) == Some(&HeaderValue::from_static(pages::MEDIA_TYPE));
    if is_page && let Ok(html) = std::str::from_utf8(response.body()) {
        let html = preview::with_script(html, SCRIPT, site.built());
        *response.body_mut() = html.into();
    }
    let headers = response.headers_mut();
    if is_page {
        headers.remove(header::CONTENT_LENGTH);
        headers.remove(header::ETAG);
        headers.remove(header::LAST_MODIFIED);
    }
    if let Some(policy) = headers
        .get(header::CONTENT_SECURITY_POLICY)
        .and_then(|policy| policy.to_str().ok())
        && let Ok(policy) = HeaderValue::try_from(format!("{policy}; script-src 'self'; connect-src 'self'"))
    {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let base = site.config().base();
    let location = headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
    if let Some(path) = location.and_then(|location| location.strip_prefix(&base))
        && path.starts_with('/')
        && let Ok(path) = HeaderValue::try_from(path)
    {
        headers.insert(header::LOCATION, path);
    }
    response
}
