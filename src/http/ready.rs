//! Finds what a request asks for, if it exists already. Such a request is answered at once; all others are rendered on a thread pool.

use std::sync::Arc;

use http::HeaderMap;

use super::delta;
use super::negotiate;
use super::query::{LONGEST_QUERY, parse_listing_query};
use super::reply::is_encoded;
use super::request::Request;
use super::shared_drafts;
use super::target::Target;
use crate::render::encode::Document;
use crate::render::listing::Links;
use crate::site::Site;
use crate::site::pages::PageKey;

/// The document that answers a request and exists already, in the coding that the client accepts.
#[derive(Debug)]
pub(super) enum Ready {
    /// A feed or a page.
    Document(Arc<Document>),
    /// A page of the listing, with its links.
    Listing(Arc<(Document, Links)>),
    /// A document that every site has, such as the style sheet.
    Constant,
}

/// Returns the document for `request`, if it exists already.
pub(super) fn find_ready(site: &Site, request: &Request) -> Option<Ready> {
    let page = match request.target? {
        Target::Health | Target::Readiness => return Some(Ready::Constant),
        Target::Style => return is_encoded(site.theme().style(), request).then_some(Ready::Constant),
        Target::Listing => return find_listing(site, request),
        Target::Feed(scope, place, format) => {
            let feed = wants_feed(request.headers).then(|| site.ready_feed(scope, *place, *format))??;
            return is_encoded(&feed, request).then_some(Ready::Document(feed));
        }
        Target::Page(scope, number) => PageKey::List(scope.clone(), *number),
        Target::Year(year, number) => PageKey::Year(*year, *number),
        Target::Years => PageKey::Years,
        Target::Directory(kind) => PageKey::Directory(*kind),
        Target::Subscribe(scope) => PageKey::Subscribe(scope.clone()),
        // shared drafts are looked for on the thread pool
        Target::Address(address) if !address.starts_with(shared_drafts::PATH) => PageKey::Post(address.clone()),
        _ => return None,
    };
    let page = site.ready_page(&page)?;
    is_encoded(&page, request).then_some(Ready::Document(page))
}

fn find_listing(site: &Site, request: &Request) -> Option<Ready> {
    if request.query.len() > LONGEST_QUERY {
        return None;
    }
    let query = parse_listing_query(request.query, site.config().list.per_page).ok()?;
    let listing = site.ready_listing(&query)?;
    is_encoded(&listing.0, request).then_some(Ready::Listing(listing))
}

/// Whether the client wants the whole feed: neither a delta nor the page that people see at its address.
fn wants_feed(headers: &HeaderMap) -> bool {
    !headers.contains_key(delta::A_IM) && !negotiate::is_browser_navigation(headers)
}
