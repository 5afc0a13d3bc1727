//! The site as its author sees it (`serve --preview`): with what is not published, and pages that follow the files.
//!
//! All that is for the world is as it is without: feeds, listing, search and maps. A preview has a loopback listener of its own and
//! answers only requests with its [`key`]; the public listener shows no draft, whatever a request's header says.

pub mod events;
pub mod key;

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use self::events::Events;
use self::key::Key;
use super::error_page;
use super::routes::{self, Request, lost, sources};
use super::target::Target;
use crate::index::Scope;
use crate::post::Post;
use crate::render::pages::{self, preview};
use crate::site::{Site, TextUnavailable, Unavailable};

/// Where the script is that pages reload themselves by.
pub const SCRIPT: &str = "/preview.js";

/// What tells an answer that scripts of other sites may not read.
#[derive(Clone, Copy, Debug)]
pub struct Confidential;

/// What proxies add. A client behind one may be on any machine.
const FORWARDED: [&str; 9] = [
    "cf-connecting-ip",
    "forwarded",
    "true-client-ip",
    "via",
    "x-client-ip",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];

/// What a preview needs beside the site.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Tells open pages of each new site.
    pub events: Events,
    /// What a request must have to be shown anything.
    pub key: Key,
}

/// Whether a request with these headers comes straight from this machine, and is meant for it: a page elsewhere can have its own name
/// lead here (DNS rebinding), and a proxy can listen to the world.
#[must_use]
pub fn is_here(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_proxied = FORWARDED.iter().any(|name| headers.contains_key(*name));
    !is_proxied && host.is_some_and(is_this_machine)
}

/// Whether `host`, as a `Host` field has it (RFC 9112, section 3.2), names this machine to itself (RFC 6761, section 6.3).
fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    };
    let name = name.to_ascii_lowercase();
    let is_loopback = name
        .parse::<IpAddr>()
        .is_ok_and(|address| address.to_canonical().is_loopback());
    is_loopback || name == "localhost" || name.ends_with(".localhost")
}

/// The answer of `site` to a request of its author.
#[must_use]
pub fn answer(site: &Site, request: &Request) -> Response<Bytes> {
    if request.path == SCRIPT {
        return script();
    }
    let target = Target::read(request.path);
    let is_page = matches!(
        target,
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
    // what is laid over a page is laid over its bytes, and none of it is kept by anybody
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
    let request = Request {
        headers: &headers,
        ..*request
    };
    let response = for_author(site, target.as_ref(), &request).unwrap_or_else(|| routes::answer(site, &request));
    confidential(live(site, response))
}

/// What only the author gets.
fn for_author(site: &Site, target: Option<&Target>, request: &Request) -> Option<Response<Bytes>> {
    let config = site.config();
    if config.redirect.next(request.path, &config.base()).is_some() {
        return None;
    }
    match target? {
        Target::Page(Scope::Site, 1) => Some(html(site.previewed_home())),
        Target::Address(address) => {
            if let Some(post) = site.unpublished_at(address) {
                return Some(
                    site.previewed_post(post)
                        .map_or_else(|TextUnavailable| lost(Unavailable::Temporarily), html),
                );
            }
            let post = sources(address).find_map(|address| site.unpublished_at(&address))?;
            Some(source(site, post))
        }
        _ => None,
    }
}

fn html(html: String) -> Response<Bytes> {
    let mut response = said(pages::MEDIA_TYPE, html.into());
    error_page::guard(response.headers_mut());
    response
}

/// The Markdown of `post`.
fn source(site: &Site, post: &Post) -> Response<Bytes> {
    match site.text(post) {
        Some(text) => said("text/markdown; charset=utf-8", Bytes::copy_from_slice(text.as_bytes())),
        None => lost(Unavailable::Temporarily),
    }
}

fn said(media_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

fn script() -> Response<Bytes> {
    let script = Bytes::from_static(include_bytes!("preview/preview.js"));
    confidential(said("text/javascript; charset=utf-8", script))
}

/// `response` with the script where it is a page, and leading to this machine where it leads to the site.
fn live(site: &Site, mut response: Response<Bytes>) -> Response<Bytes> {
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

/// `response` as nobody keeps it, finds it by a search, or reads it from a page of another site.
#[must_use]
pub fn confidential<B>(mut response: Response<B>) -> Response<B> {
    response.extensions_mut().insert(Confidential);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
    let policy = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(policy, HeaderValue::from_static("same-origin"));
    response
}

/// What is said where there are no more streams.
fn too_many() -> Response<Bytes> {
    let detail = "too many preview pages are open; close some of them";
    super::problem::problem(StatusCode::SERVICE_UNAVAILABLE, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_here() {
        let cases: [(&[(&str, &str)], bool); 14] = [
            (&[("host", "127.0.0.1:8080")], true),
            (&[("host", "localhost:8080")], true),
            (&[("host", "LOCALHOST")], true),
            (&[("host", "blog.localhost:1")], true),
            (&[("host", "[::1]:8080")], true),
            (&[("host", "127.1.2.3")], true),
            (&[("host", "[::ffff:127.0.0.1]")], true),
            (&[], false),
            (&[("host", "rebound.example:8080")], false),
            (&[("host", "localhost.example")], false),
            (&[("host", "192.0.2.1")], false),
            (&[("host", "[2001:db8::1]")], false),
            (&[("host", "localhost"), ("x-forwarded-for", "192.0.2.1")], false),
            (&[("host", "127.0.0.1"), ("via", "1.1 proxy")], false),
        ];
        for (fields, expected) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                headers.insert(HeaderName::try_from(*name).unwrap(), HeaderValue::from_static(value));
            }
            assert_eq!(is_here(&headers), expected, "{fields:?}");
        }
    }
}
