//! What of a site is finished, so that a request for it is answered at once and on the spot. Anything else is made on a thread of its own.

use http::HeaderMap;

use super::delta;
use super::negotiate;
use super::query;
use super::reply::is_made;
use super::routes::{LONGEST_QUERY, Request};
use super::shared;
use super::target::Target;
use crate::render::Format;
use crate::site::Site;
use crate::site::pages::Name;

/// The format of the newest feed of the site, if that whole is what is asked for at `path`: it was finished with the site, so that
/// answering costs next to nothing, where [`Site::has_newest`].
pub(super) fn finished_feed(path: &str, headers: &HeaderMap) -> Option<Format> {
    let name = path.strip_prefix('/')?;
    let format = Format::ALL.into_iter().find(|format| format.file_name() == name)?;
    let is_whole = !headers.contains_key(delta::A_IM) && !negotiate::is_opened_by_a_person(headers);
    is_whole.then_some(format)
}

/// Whether to answer a request for `target` is no work, for what it is answered with is there. Another request may make the site forget
/// it in the same moment: then making it is this one's work after all.
pub(super) fn is_finished(site: &Site, target: Option<&Target>, request: &Request) -> bool {
    let page = |name| {
        let page = site.finished_page(&name);
        page.is_some_and(|page| is_made(&page, request.headers))
    };
    match target {
        Some(Target::Health | Target::Readiness) => true,
        Some(Target::Page(scope, number)) => page(Name::List(scope.clone(), *number)),
        Some(Target::Year(year, number)) => page(Name::Year(*year, *number)),
        Some(Target::Years) => page(Name::Years),
        Some(Target::Directory(kind)) => page(Name::Directory(*kind)),
        Some(Target::Subscribe(scope)) => page(Name::Subscribe(scope.clone())),
        // what is shared is not looked for here
        Some(Target::Address(address)) if !address.starts_with(shared::PATH) => page(Name::Post(address.clone())),
        Some(Target::Listing) if request.query.len() <= LONGEST_QUERY => {
            let query = query::read(request.query, site.config().list.per_page);
            let listed = query.ok().and_then(|query| site.finished_listing(&query));
            listed.is_some_and(|listed| is_made(&listed.0, request.headers))
        }
        _ => finished_feed(request.path, request.headers).is_some_and(|format| site.has_newest(format)),
    }
}
