//! Which address answers what: a function of a request and the site as it stands, and of nothing else.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use url::form_urlencoded;

use super::delta;
use super::error_page;
use super::links;
use super::negotiate::{self, Subscription, subscription};
use super::problem::problem;
use super::query;
use super::redirect;
use super::reply::{Keeping, ResponsePolicy, moved, reply};
use super::target::Target;
use crate::index::Scope;
use crate::index::search::Busy;
use crate::render::encode::Document;
use crate::render::pages::theme;
use crate::render::{Format, Place, feed_path};
use crate::site::{FormerSlug, Site, TextUnavailable, Unavailable};
use crate::time::Timestamp;

/// A longer path is refused: nothing here has one.
const LONGEST_PATH: usize = 4096;
/// A longer query is refused.
pub(super) const LONGEST_QUERY: usize = 4096;

/// The methods that are answered.
const ALLOWED: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// A request to read something.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The path, as the request line has it.
    pub path: &'a str,
    /// The query, without its `?`.
    pub query: &'a str,
    /// The header.
    pub headers: &'a HeaderMap,
    /// When it came.
    pub now: Timestamp,
}

/// What a request gets that does not read.
pub(super) fn other_method(method: &Method) -> Response<Bytes> {
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
        let asked =
            HeaderValue::from_static("Accept, A-IM, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since, Range");
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
        response
    } else if known.contains(method) {
        problem(
            StatusCode::METHOD_NOT_ALLOWED,
            "this address supports only GET, HEAD and OPTIONS",
        )
    } else {
        problem(
            StatusCode::NOT_IMPLEMENTED,
            "this server does not support the method of the request",
        )
    };
    response.headers_mut().insert(header::ALLOW, ALLOWED);
    response
}

/// The answer of `site` to a request that reads.
#[must_use]
pub fn answer(site: &Site, request: &Request) -> Response<Bytes> {
    answer_target(site, Target::read(request.path).as_ref(), request)
}

/// The answer of `site` to a request whose path asks for `target`; `None` where it cannot be read.
pub(super) fn answer_target(site: &Site, target: Option<&Target>, request: &Request) -> Response<Bytes> {
    let response = answered(site, target, request);
    let is_nothing = response.status().is_client_error() || response.status().is_server_error();
    if is_nothing && error_page::is_told_in_a_page(error_page::is_for_people(target), request.headers) {
        error_page::of_site(site, response)
    } else {
        response
    }
}

fn answered(site: &Site, target: Option<&Target>, request: &Request) -> Response<Bytes> {
    if request.path.len() > LONGEST_PATH || request.query.len() > LONGEST_QUERY {
        return problem(
            StatusCode::URI_TOO_LONG,
            "the address is too long: path and query may have 4096 bytes each",
        );
    }
    let config = site.config();
    // what the configuration says has moved, has moved, whatever is there
    if !config.redirect.is_empty()
        && config.redirect.next(request.path, &config.base()).is_some()
        && let Some(location) = redirect::destination(site, request.path, request.query)
    {
        return moved(&location, Keeping::Hour);
    }
    let Some(target) = target else {
        return problem(StatusCode::BAD_REQUEST, "the path must be UTF-8, percent-encoded");
    };
    let found = match target {
        Target::Feed(scope, place, format) => {
            opened(site, scope, *place, *format, request).or_else(|| feed(site, scope, *place, *format, request))
        }
        Target::Subscription(scope) => subscribed(site, scope, request),
        Target::Subscribe(scope) => site
            .subscribe_page(scope)
            .map(|document| page(site, &document, scope, request)),
        Target::Page(scope, number) => site
            .page(scope, *number)
            .map(|document| page(site, &document, scope, request)),
        Target::Year(year, number) => site
            .year_page(*year, *number)
            .map(|document| page(site, &document, &Scope::Site, request)),
        Target::Years => site.years_page().map(|document| page(site, &document, &Scope::Site, request)),
        Target::Directory(kind) => site
            .directory_page(*kind)
            .map(|document| page(site, &document, &Scope::Site, request)),
        Target::Search => search(site, request),
        Target::Style => Some(style(site, request)),
        Target::Icon => Some(match &config.site.icon {
            Some(icon) => moved(icon.as_str(), Keeping::Hour),
            None => discovery(site, &Document::new("image/svg+xml", theme::ICON), request),
        }),
        Target::RasterIcon => Some(match &config.site.icon {
            Some(icon) => moved(icon.as_str(), Keeping::Hour),
            None => discovery(site, &Document::new("image/png", theme::RASTER_ICON), request),
        }),
        Target::Listing => Some(listing(site, request)),
        Target::Listed(slug) => match site.listed_post(slug) {
            Ok(document) => document.map(|document| discovery(site, &document, request)),
            Err(TextUnavailable) => Some(lost(Unavailable::Temporarily)),
        },
        Target::Scopes(kind) => Some(discovery(site, &site.scopes(*kind), request)),
        Target::Description => Some(discovery(site, &site.openapi(), request)),
        Target::Health | Target::Readiness => Some(health()),
        Target::Outline => Some(discovery(site, &site.outline(), request)),
        Target::Map(part) => site.map(*part).map(|document| discovery(site, &document, request)),
        Target::Robots => Some(discovery(site, &site.robots(), request)),
        // a file is no part of the site: who asks for one is answered from the disk
        Target::Media(_) | Target::Moved(_) => None,
        Target::Address(address) => {
            at_address(site, address, request).unwrap_or_else(|TextUnavailable| Some(lost(Unavailable::Temporarily)))
        }
    };
    if let Some(found) = found {
        return found;
    }
    let keeping = match target {
        Target::Address(_) | Target::Listed(_) => Keeping::Asked,
        _ => Keeping::Hour,
    };
    redirect::destination(site, request.path, request.query)
        .map(|location| moved(&location, keeping))
        .or_else(|| lost_at(site, target))
        .unwrap_or_else(|| problem(StatusCode::NOT_FOUND, "there is nothing at this address"))
}

/// The answer at an address where there once was a post, or for a slug that one had.
fn lost_at(site: &Site, target: &Target) -> Option<Response<Bytes>> {
    match target {
        Target::Address(address) => site.unavailable(address).map(lost),
        Target::Listed(slug) => match site.former_slug(slug)? {
            FormerSlug::Unavailable(gone) => Some(lost(gone)),
            FormerSlug::Moved(_) => None,
        },
        _ => None,
    }
}

/// What is said of a post that is `lost`.
pub(super) fn lost(lost: Unavailable) -> Response<Bytes> {
    let mut response = match lost {
        Unavailable::Withdrawn(_) => problem(StatusCode::GONE, "the post at this address was withdrawn by its author"),
        Unavailable::Temporarily => {
            let mut response = problem(
                StatusCode::SERVICE_UNAVAILABLE,
                "the post at this address cannot be read at the moment; try again in a minute",
            );
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
            response
        }
    };
    // for the page that says so to people
    response.extensions_mut().insert(lost);
    response
}

fn feed(site: &Site, scope: &Scope, place: Place, format: Format, request: &Request) -> Option<Response<Bytes>> {
    let document = site.feed(scope, place, format)?;
    let config = site.config();
    let link = || Some(links::of_feed(&config.base(), scope, place, format, site.archives(scope)));
    let mut terms = ResponsePolicy::feed(&config.cache, request.now, site.next_due()).linked(&link);
    if place != Place::Newest {
        return Some(reply(&document, request.headers, &terms, request.now));
    }
    terms.vary = if is_shown_to_people(format) {
        SHOWN
    } else {
        "Accept-Encoding, A-IM"
    };
    let whole = reply(&document, request.headers, &terms, request.now);
    Some(delta::delta(site, scope, format, request.headers, &whole).unwrap_or(whole))
}

/// What it depends on what there is at the address of a feed that people open too.
const SHOWN: &str = "Accept-Encoding, A-IM, Accept, Sec-Fetch-Dest, Sec-Fetch-Mode";

/// Whether browsers have no way to show feeds in `format`.
fn is_shown_to_people(format: Format) -> bool {
    matches!(format, Format::Rss | Format::Atom)
}

/// What a person gets who opens the address of a feed in a browser, which would show markup: the page that explains feeds.
fn opened(site: &Site, scope: &Scope, place: Place, format: Format, request: &Request) -> Option<Response<Bytes>> {
    if place != Place::Newest || !is_shown_to_people(format) || !negotiate::is_opened_by_a_person(request.headers) {
        return None;
    }
    let document = site.subscribe_page(scope)?;
    let mut response = page(site, &document, scope, request);
    let headers = response.headers_mut();
    // some shared caches do not heed `Vary`: none of them may ever give this to a feed reader
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static(SHOWN));
    if let Ok(location) = HeaderValue::try_from(format!("{}{}/subscribe", site.config().base(), scope.path())) {
        headers.insert(header::CONTENT_LOCATION, location);
    }
    Some(response)
}

/// `/feed`: whichever the client prefers.
fn subscribed(site: &Site, scope: &Scope, request: &Request) -> Option<Response<Bytes>> {
    let wanted = subscription(negotiate::accepted(request.headers));
    let mut response = match wanted {
        Subscription::Feed(format) => feed(site, scope, Place::Newest, format, request)?,
        Subscription::Page => site
            .subscribe_page(scope)
            .map(|document| page(site, &document, scope, request))?,
    };
    let path = match wanted {
        Subscription::Feed(format) => feed_path(&scope.path(), Place::Newest, format),
        Subscription::Page => format!("{}/subscribe", scope.path()),
    };
    let status = response.status();
    let headers = response.headers_mut();
    let vary = match status {
        StatusCode::IM_USED => "Accept-Encoding, Accept, A-IM, If-None-Match",
        _ => "Accept-Encoding, Accept, A-IM",
    };
    headers.insert(header::VARY, HeaderValue::from_static(vary));
    // what went wrong is no representation of anything, and stands nowhere else
    if status.is_client_error() {
        return Some(response);
    }
    if let Ok(location) = HeaderValue::try_from(format!("{}{path}", site.config().base())) {
        headers.insert(header::CONTENT_LOCATION, location);
    }
    Some(response)
}

/// The post at `address`, or its Markdown.
fn at_address(site: &Site, address: &str, request: &Request) -> Result<Option<Response<Bytes>>, TextUnavailable> {
    if let Some(document) = site.post_page(address)? {
        let page = page(site, &document, &Scope::Site, request);
        return Ok(Some(found_by(site, address, page)));
    }
    for post in sources(address) {
        if let Some(document) = site.post_source(&post)? {
            return Ok(Some(found_by(site, &post, discovery(site, &document, request))));
        }
    }
    Ok(None)
}

/// The addresses of the posts whose Markdown may be at `address`: with `.md` after it, where a slash at its end may stay away.
pub(super) fn sources(address: &str) -> impl Iterator<Item = String> {
    let post = address.strip_suffix(".md").into_iter();
    post.flat_map(|post| [post.to_owned(), format!("{post}/")])
}

/// `response` about the post at `address`, for crawlers too: what is unlisted is found by who knows its address, and by no search.
fn found_by(site: &Site, address: &str, mut response: Response<Bytes>) -> Response<Bytes> {
    if site.index.by_address(address).is_some_and(|post| !site.is_listed(post)) {
        hide(&mut response);
    }
    response
}

/// Keeps `response` out of the indexes of search engines.
fn hide(response: &mut Response<Bytes>) {
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
}

/// A document that is neither feed nor page.
fn discovery(site: &Site, document: &Document, request: &Request) -> Response<Bytes> {
    reply(
        document,
        request.headers,
        &ResponsePolicy::page(&site.config().cache, request.now, site.next_due()),
        request.now,
    )
}

fn listing(site: &Site, request: &Request) -> Response<Bytes> {
    let query = match query::read(request.query, site.config().list.per_page) {
        Ok(query) => query,
        Err(detail) => return problem(StatusCode::BAD_REQUEST, &detail),
    };
    match site.listing(&query) {
        Ok(listed) => {
            let (document, links) = &*listed;
            let link = || links.header();
            let terms = ResponsePolicy::page(&site.config().cache, request.now, site.next_due()).linked(&link);
            reply(document, request.headers, &terms, request.now)
        }
        Err(Busy) => busy(),
    }
}

pub(super) fn busy() -> Response<Bytes> {
    let mut response = problem(
        StatusCode::SERVICE_UNAVAILABLE,
        "too many searches are running; try again in a second",
    );
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// `/search?q=…&page=…`: parameters that others add to links are none of its business.
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
        Err(Busy) => busy(),
    };
    hide(&mut response);
    Some(response)
}

/// The style sheet: under the address that its pages name it never changes.
fn style(site: &Site, request: &Request) -> Response<Bytes> {
    let theme = site.theme();
    let is_named = request
        .query
        .strip_prefix("v=")
        .is_some_and(|version| version == theme.style_version());
    let terms = ResponsePolicy::page(&site.config().cache, request.now, None);
    let mut response = reply(theme.style(), request.headers, &terms, request.now);
    if is_named && matches!(response.status(), StatusCode::OK | StatusCode::NOT_MODIFIED) {
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

/// A page for people.
fn page(site: &Site, document: &Document, scope: &Scope, request: &Request) -> Response<Bytes> {
    let config = site.config();
    let link = || Some(links::of_page(&config.base(), scope));
    let terms = ResponsePolicy::page(&config.cache, request.now, site.next_due())
        .linked(&link)
        .guarded(error_page::guard);
    reply(document, request.headers, &terms, request.now)
}
