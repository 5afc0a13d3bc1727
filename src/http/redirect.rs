//! Where a request is sent whose address has moved for good: to the end of the way, in one hop (301, RFC 9110, section 15.4.2).
//!
//! Several things move an address: the configuration ([`Redirects`](crate::config::Redirects)), another spelling of it
//! ([`Target::Moved`]), and what a post was ([`Site::moved`]). Here they are followed, one after the other, until nothing moves.

use super::routes::sources;
use super::target::Target;
use crate::config::path_on_site;
use crate::post::bare;
use crate::render::post_url;
use crate::site::{FormerSlug, Site};

/// The most steps in a row that the site itself can add to those of the configuration: a spelling, an alias, the post's own address.
const OWN_STEPS: usize = 3;

/// The absolute URL to which who asks for `path` with `query` is sent; `None` where nothing has moved. The query goes along, unless the
/// configuration says another. What leads round in a circle is not followed.
pub(super) fn destination(site: &Site, path: &str, query: &str) -> Option<String> {
    let base = site.config().base();
    let (mut path, mut query) = (path.to_owned(), query.to_owned());
    let mut location = None;
    for _ in 0..=site.config().redirect.len() * OWN_STEPS + OWN_STEPS {
        let Some(next) = step(site, &path, &base) else {
            return location;
        };
        let next = with_query(next, &query);
        let Some(here) = path_on_site(&next, &base) else {
            return Some(next);
        };
        let here = here.split('#').next().unwrap_or_default();
        let (new_path, new_query) = here.split_once('?').unwrap_or((here, ""));
        (path, query) = (new_path.to_owned(), new_query.to_owned());
        location = Some(next);
    }
    None
}

/// The URL that one step leads to from `path`.
fn step(site: &Site, path: &str, base: &str) -> Option<String> {
    let config = site.config();
    if let Some(to) = config.redirect.next(path, base) {
        return Some(if to.starts_with('/') { format!("{base}{to}") } else { to });
    }
    match Target::read(path)? {
        Target::Moved(to) => {
            // who is sent somewhere should find something there
            let stands = |to: &Target| to.scope().is_none_or(|scope| site.index.members(scope).is_some());
            let leads = config.redirect.next(&to, base).is_some() || Target::read(&to).is_some_and(|to| stands(&to));
            leads.then(|| format!("{base}{to}"))
        }
        Target::Listed(slug) if site.index.by_slug(&slug).is_none() => match site.former_slug(&slug)? {
            FormerSlug::Moved(slug) => Some(post_url(base, &format!("/api/posts/{slug}"))),
            FormerSlug::Unavailable(_) => None,
        },
        Target::Address(address) if !is_live(site, &address) => match site.moved(&address) {
            Some(to) => Some(post_url(base, &to)),
            None => respelled(site, &address, base),
        },
        _ => None,
    }
}

/// The URL that the configuration gives for what is at `address` in another spelling, or for the Markdown of the post there.
fn respelled(site: &Site, address: &str, base: &str) -> Option<String> {
    let redirects = &site.config().redirect;
    let page = bare(address);
    if page != address
        && let Some(to) = redirects.next(page, base)
    {
        return Some(if to.starts_with('/') { format!("{base}{to}") } else { to });
    }
    let to = redirects.next(address.strip_suffix(".md")?, base)?;
    let source = format!("{}.md", to.trim_end_matches('/'));
    let stands = Target::read(&source).is_some_and(|target| matches!(target, Target::Address(to) if is_live(site, &to)));
    stands.then(|| format!("{base}{source}"))
}

/// Whether a post, or its Markdown, is at `address`.
fn is_live(site: &Site, address: &str) -> bool {
    let is_post = |address: &str| site.index.by_address(address).is_some();
    is_post(address) || sources(address).any(|post| is_post(&post))
}

/// `url` with `query`, where it has none.
fn with_query(url: String, query: &str) -> String {
    let (page, fragment) = url.split_at(url.find('#').unwrap_or(url.len()));
    if query.is_empty() || page.contains('?') {
        return url;
    }
    format!("{page}?{query}{fragment}")
}
