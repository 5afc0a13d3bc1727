//! Routes: which response an address has. A function of the request, the site and the instant, without I/O.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use url::form_urlencoded;

use super::delta;
use super::error_page::{self, lost_post};
use super::links;
use super::negotiate::{self, Subscription, subscription};
use super::problem::{problem, too_many_searches};
use super::query::{self, LONGEST_QUERY};
use super::ready::Ready;
use super::redirect;
use super::reply::{RedirectCaching, ResponsePolicy, moved, reply};
use super::request::Request;
use super::target::{Target, markdown_addresses};
use crate::index::Scope;
use crate::index::search::Busy;
use crate::render::encode::Document;
use crate::render::listing::Links;
use crate::render::pages::theme;
use crate::render::{Format, Place, feed_path};
use crate::site::{FormerSlug, Site, TextUnavailable, Unavailable};

/// The longest path that is answered, in bytes.
const LONGEST_PATH: usize = 4096;

/// The methods that are answered.
pub(super) const READING: &str = "GET, HEAD, OPTIONS";
/// The same for an address that also takes forms.
pub(super) const TAKING_FORMS: &str = "GET, HEAD, POST, OPTIONS";

/// Returns the response to a request with a method that has no document: it is not one of those `allowed`, or OPTIONS.
pub(super) fn answer_other_method(method: &Method, allowed: &'static str) -> Response<Bytes> {
    let known = [
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::PATCH,
        Method::TRACE,
        Method::CONNECT,
    ];
    let mut response = if method == Method::OPTIONS {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        // for scripts of other sites that read feeds with conditions (Fetch, section 3.2.2)
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD"));
        let fields =
            HeaderValue::from_static("Accept, A-IM, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since, Range");
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, fields);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
        response
    } else if known.contains(method) {
        problem(
            StatusCode::METHOD_NOT_ALLOWED,
            &format!("this address supports only {allowed}"),
        )
    } else {
        problem(
            StatusCode::NOT_IMPLEMENTED,
            "this server does not support the method of the request",
        )
    };
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

/// Returns the response of `site` to `request`.
#[must_use]
pub fn answer(site: &Site, request: &Request) -> Response<Bytes> {
    answer_with(site, request, None)
}

/// Returns the response of `site` to `request`, with the document that [`super::ready::find_ready`] has found.
pub(super) fn answer_with(site: &Site, request: &Request, ready: Option<Ready>) -> Response<Bytes> {
    let response = respond(site, request, ready);
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    if is_error && error_page::wants_page(error_page::is_for_people(request.target), request.headers) {
        error_page::site_page(site, response)
    } else {
        response
    }
}

fn respond(site: &Site, request: &Request, ready: Option<Ready>) -> Response<Bytes> {
    if request.path.len() > LONGEST_PATH || request.query.len() > LONGEST_QUERY {
        return problem(
            StatusCode::URI_TOO_LONG,
            "the address is too long: path and query may have 4096 bytes each",
        );
    }
    let config = site.config();
    // a configured redirect wins over a document at the same address
    if !config.redirect.is_empty()
        && config.redirect.next(request.path, &config.base()).is_some()
        && let Some(location) = redirect::destination(site, request)
    {
        return moved(&location, RedirectCaching::Hour);
    }
    if let Some(location) = redirect::destination_by_query(site, request) {
        return moved(&location, RedirectCaching::Revalidate);
    }
    let Some(target) = request.target else {
        return problem(StatusCode::BAD_REQUEST, "the path must be UTF-8, percent-encoded");
    };
    find(site, target, request, ready).unwrap_or_else(|| not_found(site, target, request))
}

/// Returns the response with the document that `target` names, if there is one.
fn find(site: &Site, target: &Target, request: &Request, ready: Option<Ready>) -> Option<Response<Bytes>> {
    let (document, ready_listing) = match ready {
        Some(Ready::Document(document)) => (Some(document), None),
        Some(Ready::Listing(listing)) => (None, Some(listing)),
        Some(Ready::Constant) | None => (None, None),
    };
    let page = |document: Option<Arc<Document>>, scope| document.map(|document| page(site, &document, scope, request));
    let other = |document: &Document| other_document(site, document, request);
    match target {
        Target::Feed(scope, place, format) => feed_page(site, scope, *place, *format, request).or_else(|| {
            let document = document.or_else(|| site.feed(scope, *place, *format))?;
            Some(feed(site, &document, (scope, *place, *format), request))
        }),
        Target::Subscription(scope) => subscribed(site, scope, request),
        Target::Subscribe(scope) => page(document.or_else(|| site.subscribe_page(scope)), scope),
        Target::Page(scope, number) => page(document.or_else(|| site.page(scope, *number)), scope),
        Target::Year(year, number) => page(document.or_else(|| site.year_page(*year, *number)), &Scope::Site),
        Target::Years => page(document.or_else(|| site.years_page()), &Scope::Site),
        Target::Directory(kind) => page(document.or_else(|| site.directory_page(*kind)), &Scope::Site),
        Target::Address(address) => post(site, address, document, request),
        Target::Search => search(site, request),
        Target::Hub => hub(site, request),
        Target::Style => Some(style(site, request)),
        Target::Icon => Some(icon(site, "image/svg+xml", theme::ICON, request)),
        Target::RasterIcon => Some(icon(site, "image/png", theme::RASTER_ICON, request)),
        Target::Listing => Some(listing(site, ready_listing, request)),
        Target::Listed(slug) => match site.listed_post(slug) {
            Ok(document) => document.as_ref().map(other),
            Err(TextUnavailable) => Some(lost_post(Unavailable::Temporarily)),
        },
        Target::Scopes(kind) => Some(other(&site.scopes(*kind))),
        Target::Description => Some(other(&site.openapi())),
        Target::Health | Target::Readiness => Some(health()),
        Target::Outline => Some(other(&site.outline())),
        Target::Map(part) => site.map(*part).as_deref().map(other),
        Target::Robots => Some(other(&site.robots())),
        // files are not part of the site: `media` opens them; a stream of events has no end
        Target::Media(_) | Target::Moved(_) | Target::Events => None,
    }
}

/// Returns the response at an address without a document: a redirect, 410, 503 or 404.
fn not_found(site: &Site, target: &Target, request: &Request) -> Response<Bytes> {
    let caching = match target {
        Target::Address(_) | Target::Listed(_) => RedirectCaching::Revalidate,
        _ => RedirectCaching::Hour,
    };
    if let Some(location) = redirect::destination(site, request) {
        return moved(&location, caching);
    }
    let lost = match target {
        Target::Address(address) => site.unavailable(address),
        Target::Listed(slug) => match site.former_slug(slug) {
            Some(FormerSlug::Unavailable(lost)) => Some(lost),
            Some(FormerSlug::Moved(_)) | None => None,
        },
        _ => None,
    };
    match lost {
        Some(lost) => lost_post(lost),
        None => problem(StatusCode::NOT_FOUND, "there is nothing at this address"),
    }
}

fn feed(site: &Site, document: &Document, (scope, place, format): (&Scope, Place, Format), request: &Request) -> Response<Bytes> {
    let config = site.config();
    let link = || {
        let archives = site.archives(scope);
        Some(links::feed_links(
            &config.base(),
            scope,
            place,
            format,
            archives,
            &config.hubs(),
        ))
    };
    let mut policy = ResponsePolicy::feed(&config.cache, request.now, site.next_due()).with_link(&link);
    if place != Place::Newest {
        return reply(document, request, &policy);
    }
    policy.vary = if is_xml(format) {
        VARY_OF_XML
    } else {
        "Accept-Encoding, A-IM"
    };
    let whole = reply(document, request, &policy);
    delta::delta(site, scope, format, request, &whole).unwrap_or(whole)
}

/// `Vary` at the address of an RSS or Atom feed.
const VARY_OF_XML: &str = "Accept-Encoding, A-IM, Accept, Sec-Fetch-Dest, Sec-Fetch-Mode";

/// Whether browsers show a feed in `format` as markup.
fn is_xml(format: Format) -> bool {
    matches!(format, Format::Rss | Format::Atom)
}

/// Returns the page that explains feeds, if a person opens the address of an XML feed in a browser.
fn feed_page(site: &Site, scope: &Scope, place: Place, format: Format, request: &Request) -> Option<Response<Bytes>> {
    if place != Place::Newest || !is_xml(format) || !negotiate::is_browser_navigation(request.headers) {
        return None;
    }
    let document = site.subscribe_page(scope)?;
    let mut response = page(site, &document, scope, request);
    let headers = response.headers_mut();
    // some shared caches ignore `Vary`: none of them may give this to a feed reader
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static(VARY_OF_XML));
    if let Ok(location) = HeaderValue::try_from(format!("{}{}/subscribe", site.config().base(), scope.path())) {
        headers.insert(header::CONTENT_LOCATION, location);
    }
    Some(response)
}

/// Returns the response to `{scope}/feed`: the feed or the page that the client prefers.
fn subscribed(site: &Site, scope: &Scope, request: &Request) -> Option<Response<Bytes>> {
    let (mut response, path) = match subscription(negotiate::accepted_types(request.headers)) {
        Subscription::Feed(format) => {
            let document = site.feed(scope, Place::Newest, format)?;
            let response = feed(site, &document, (scope, Place::Newest, format), request);
            (response, feed_path(&scope.path(), Place::Newest, format))
        }
        Subscription::Page => {
            let document = site.subscribe_page(scope)?;
            (page(site, &document, scope, request), format!("{}/subscribe", scope.path()))
        }
    };
    let status = response.status();
    let headers = response.headers_mut();
    let vary = match status {
        StatusCode::IM_USED => "Accept-Encoding, Accept, A-IM, If-None-Match",
        _ => "Accept-Encoding, Accept, A-IM",
    };
    headers.insert(header::VARY, HeaderValue::from_static(vary));
    // an error is not a representation of the feed, and is at no other address
    if status.is_client_error() {
        return Some(response);
    }
    if let Ok(location) = HeaderValue::try_from(format!("{}{path}", site.config().base())) {
        headers.insert(header::CONTENT_LOCATION, location);
    }
    Some(response)
}

/// Returns the page of the post at `address`, or its Markdown. `page_document` is the page, if it exists already.
fn post(site: &Site, address: &str, page_document: Option<Arc<Document>>, request: &Request) -> Option<Response<Bytes>> {
    let found = match page_document {
        Some(document) => Ok(Some(document)),
        None => site.post_page(address),
    };
    match found {
        Ok(Some(document)) => {
            let response = page(site, &document, &Scope::Site, request);
            return Some(hide_unlisted(site, address, response));
        }
        Ok(None) => {}
        Err(TextUnavailable) => return Some(lost_post(Unavailable::Temporarily)),
    }
    for post in markdown_addresses(address) {
        match site.post_source(&post) {
            Ok(Some(document)) => return Some(hide_unlisted(site, &post, other_document(site, &document, request))),
            Ok(None) => {}
            Err(TextUnavailable) => return Some(lost_post(Unavailable::Temporarily)),
        }
    }
    None
}

/// Keeps `response` out of search engines if the post at `address` is unlisted.
fn hide_unlisted(site: &Site, address: &str, mut response: Response<Bytes>) -> Response<Bytes> {
    if site
        .index
        .by_address(address)
        .is_some_and(|post| site.is_hidden_from_engines(post))
    {
        hide(&mut response);
    }
    response
}

/// Keeps `response` out of search engines.
fn hide(response: &mut Response<Bytes>) {
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
}

/// Returns the response with a document that is neither a feed nor a page.
fn other_document(site: &Site, document: &Document, request: &Request) -> Response<Bytes> {
    let policy = ResponsePolicy::page(&site.config().cache, request.now, site.next_due());
    reply(document, request, &policy)
}

fn icon(site: &Site, media_type: &'static str, content: impl Into<Bytes>, request: &Request) -> Response<Bytes> {
    match &site.config().site.icon {
        Some(icon) => moved(icon.as_str(), RedirectCaching::Hour),
        None => other_document(site, &Document::new(media_type, content), request),
    }
}

/// Returns a page of the listing: `ready`, if it exists already.
fn listing(site: &Site, ready: Option<Arc<(Document, Links)>>, request: &Request) -> Response<Bytes> {
    let listing = match ready {
        Some(listing) => Ok(listing),
        None => match query::parse_listing_query(request.query, site.config().list.per_page) {
            Ok(query) => site.listing(&query),
            Err(detail) => return problem(StatusCode::BAD_REQUEST, &detail),
        },
    };
    match listing {
        Ok(listing) => {
            let (document, links) = &*listing;
            let link = || links.header();
            let policy = ResponsePolicy::page(&site.config().cache, request.now, site.next_due()).with_link(&link);
            reply(document, request, &policy)
        }
        Err(Busy) => too_many_searches(),
    }
}

/// Returns the response to `/search?q=…&page=…`. Other parameters are ignored.
fn search(site: &Site, request: &Request) -> Option<Response<Bytes>> {
    let (mut query, mut number) = (String::new(), 1);
    for (name, value) in form_urlencoded::parse(request.query.as_bytes()) {
        match &*name {
            "q" => query = value.into_owned(),
            "page" => number = value.parse().ok().filter(|number| *number > 0)?,
            _ => {}
        }
    }
    let mut response = match site.search_page(&query, number) {
        Ok(document) => page(site, &document?, &Scope::Site, request),
        Err(Busy) => too_many_searches(),
    };
    hide(&mut response);
    Some(response)
}

/// Returns the page about the hub, if the site has one.
fn hub(site: &Site, request: &Request) -> Option<Response<Bytes>> {
    let mut response = page(site, &site.hub_page()?, &Scope::Site, request);
    hide(&mut response);
    Some(response)
}

/// Returns the style sheet. At the versioned address, which pages link to, it never changes.
fn style(site: &Site, request: &Request) -> Response<Bytes> {
    let theme = site.theme();
    let is_versioned = request
        .query
        .strip_prefix("v=")
        .is_some_and(|version| version == theme.style_version());
    let policy = ResponsePolicy::page(&site.config().cache, request.now, None);
    let mut response = reply(theme.style(), request, &policy);
    if is_versioned && matches!(response.status(), StatusCode::OK | StatusCode::NOT_MODIFIED) {
        let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
        response.headers_mut().insert(header::CACHE_CONTROL, forever);
    }
    response
}

fn health() -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(b"ok\n"));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Returns the response with a page for people.
fn page(site: &Site, document: &Document, scope: &Scope, request: &Request) -> Response<Bytes> {
    let config = site.config();
    let link = || Some(links::page_links(&config.base(), scope));
    let policy = ResponsePolicy::page(&config.cache, request.now, site.next_due())
        .with_link(&link)
        .with_fields(error_page::add_security_fields);
    reply(document, request, &policy)
}
