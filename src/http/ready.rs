//! What of a site is finished, so that a request for it is answered at once and on the spot. Anything else is made on a thread of its own.

use std::sync::Arc;

use http::HeaderMap;

use super::delta;
use super::negotiate;
use super::query;
use super::reply::is_made;
use super::routes::{LONGEST_QUERY, Request};
use super::shared;
use super::target::Target;
use crate::index::Scope;
use crate::render::encode::Document;
use crate::render::{Format, Place};
use crate::site::Site;
use crate::site::pages::PageKey;

/// What a request asks for, if to answer it is no work, for what it is answered with is there; `None` for all else, and for whether
/// requests are wanted here, which is not the site's to say.
pub(super) fn finished(site: &Site, request: &Request) -> Option<Target> {
    // nearly every request is for one of these: no more of its path need be read
    let name = request.path.strip_prefix('/')?;
    let newest = Format::ALL.into_iter().find(|format| format.file_name() == name);
    let target = match newest {
        Some(format) => Target::Feed(Scope::Site, Place::Newest, format),
        None => Target::read(request.path).filter(|target| *target != Target::Readiness)?,
    };
    is_ready(site, Some(&target), request).then_some(target)
}

/// Whether to answer a request for `target` is no work. Another request may make the site forget what is there in the same moment: then
/// making it is this one's work after all.
pub(super) fn is_ready(site: &Site, target: Option<&Target>, request: &Request) -> bool {
    let made = |document: Option<Arc<Document>>| document.is_some_and(|document| is_made(&document, request.headers));
    let page = |name| made(site.ready_page(&name));
    match target {
        Some(Target::Health | Target::Readiness) => true,
        Some(Target::Feed(scope, place, format)) => is_whole(request.headers) && made(site.ready_feed(scope, *place, *format)),
        Some(Target::Page(scope, number)) => page(PageKey::List(scope.clone(), *number)),
        Some(Target::Year(year, number)) => page(PageKey::Year(*year, *number)),
        Some(Target::Years) => page(PageKey::Years),
        Some(Target::Directory(kind)) => page(PageKey::Directory(*kind)),
        Some(Target::Subscribe(scope)) => page(PageKey::Subscribe(scope.clone())),
        Some(Target::Style) => is_made(site.theme().style(), request.headers),
        // what is shared is not looked for here
        Some(Target::Address(address)) if !address.starts_with(shared::PATH) => page(PageKey::Post(address.clone())),
        Some(Target::Listing) if request.query.len() <= LONGEST_QUERY => {
            let query = query::read(request.query, site.config().list.per_page);
            let listed = query.ok().and_then(|query| site.ready_listing(&query));
            listed.is_some_and(|listed| is_made(&listed.0, request.headers))
        }
        _ => false,
    }
}

/// Whether the whole of a feed is wanted: not what is new in it, and not what a person is shown in its place.
fn is_whole(headers: &HeaderMap) -> bool {
    !headers.contains_key(delta::A_IM) && !negotiate::is_opened_by_a_person(headers)
}
