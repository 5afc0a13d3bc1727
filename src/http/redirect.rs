//! Permanent redirects, in one hop to the final address (301, RFC 9110, section 15.4.2).
//!
//! Several things move an address: the configuration ([`Redirects`](crate::config::Redirects)), another spelling
//! ([`Target::Moved`]), another name of a tag or an author ([`Site::renamed_scope`]), and a post that was renamed ([`Site::moved`]). They are followed one after the other until nothing moves.

use super::request::Request;
use super::target::Target;
use crate::config::{addresses_with_parameters, path_on_site};
use crate::post::page_key;
use crate::render::post_url;
use crate::site::{AddressOwner, FormerSlug, Site};

/// The most steps in a row that the site adds to those of the configuration: a spelling, an alias, the post's own address.
const OWN_STEPS: usize = 3;

/// Returns the absolute URL that the address of `request` has moved to; `None` if it has not moved. The URL keeps the query, unless the
/// configuration gives another. A circle is not followed.
pub(super) fn destination(site: &Site, request: &Request) -> Option<String> {
    let base = site.config().base();
    let mut query = request.query.to_owned();
    let mut next = step(site, request.path, request.target, &base)?;
    for _ in 0..=site.config().redirect.len() * OWN_STEPS + OWN_STEPS {
        let location = with_query(next, &query);
        let Some(here) = path_on_site(&location, &base) else {
            return Some(location);
        };
        let here = here.split('#').next().unwrap_or_default();
        let (path, new_query) = here.split_once('?').unwrap_or((here, ""));
        let Some(following) = step(site, path, Target::parse(path).as_ref(), &base) else {
            return Some(location);
        };
        query = new_query.to_owned();
        next = following;
    }
    None
}

/// Returns the absolute URL to which the address of `request` leads by one parameter of its query, as in `/?p=123`: by the configuration,
/// or by the old addresses of a post. The query is not kept.
pub(super) fn destination_by_query(site: &Site, request: &Request) -> Option<String> {
    // the listing has parameters of its own
    if request.query.is_empty() || request.path.starts_with("/api/") {
        return None;
    }
    let base = site.config().base();
    let redirects = &site.config().redirect;
    let old = || addresses_with_parameters(request.path, request.query).find_map(|address| site.moved(&address));
    let mut next = redirects.next_with_query(request.path, request.query, &base).or_else(old)?;
    // what it leads to may itself have moved
    for _ in 0..=redirects.len() {
        match redirects.next(&next, &base) {
            Some(following) => next = following,
            None => break,
        }
    }
    Some(post_url(&base, &next))
}

/// Returns the URL one step from `path`, which asks for `target`.
fn step(site: &Site, path: &str, target: Option<&Target>, base: &str) -> Option<String> {
    let config = site.config();
    if let Some(to) = config.redirect.next(path, base) {
        return Some(if to.starts_with('/') { format!("{base}{to}") } else { to });
    }
    if let Some(to) = target.and_then(|target| target.path_in(&site.renamed_scope(target.scope()?)?)) {
        return Some(format!("{base}{to}"));
    }
    match target? {
        Target::Moved(to) => {
            // a redirect never leads to 404
            let exists = |to: &Target| {
                let has_posts = |scope| site.index.members(scope).is_some() || site.renamed_scope(scope).is_some();
                to.scope().is_none_or(has_posts)
            };
            let leads = config.redirect.next(to, base).is_some() || Target::parse(to).is_some_and(|to| exists(&to));
            leads.then(|| format!("{base}{to}"))
        }
        Target::Listed(slug) if site.index.by_slug(slug).is_none() => match site.former_slug(slug)? {
            FormerSlug::Moved(slug) => Some(post_url(base, &format!("/api/posts/{slug}"))),
            FormerSlug::Unavailable(_) => None,
        },
        Target::Address(address) if !is_live(site, address) => match site.moved(address) {
            Some(to) => Some(post_url(base, &to)),
            None => respelled(site, address, base),
        },
        _ => None,
    }
}

/// Returns the URL that the configuration has for another spelling of `address`, or for the post whose Markdown is there.
fn respelled(site: &Site, address: &str, base: &str) -> Option<String> {
    let redirects = &site.config().redirect;
    let page = page_key(address);
    if page != address
        && let Some(to) = redirects.next(page, base)
    {
        return Some(if to.starts_with('/') { format!("{base}{to}") } else { to });
    }
    let to = redirects.next(address.strip_suffix(".md")?, base)?;
    let source = format!("{}.md", to.trim_end_matches('/'));
    let exists = Target::parse(&source).is_some_and(|target| matches!(target, Target::Address(to) if is_live(site, &to)));
    exists.then(|| format!("{base}{source}"))
}

/// Whether a post, its Markdown or a static file is at `address`.
fn is_live(site: &Site, address: &str) -> bool {
    matches!(site.holder(address), Some(AddressOwner::Post(_) | AddressOwner::File(_)))
}

/// Adds `query` to `url`, if that has none.
fn with_query(url: String, query: &str) -> String {
    let (page, fragment) = url.split_at(url.find('#').unwrap_or(url.len()));
    if query.is_empty() || page.contains('?') {
        return url;
    }
    format!("{page}?{query}{fragment}")
}
