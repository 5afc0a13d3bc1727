//! The path of `site.base_url` at the beginning of a request's path.
//!
//! A site at `https://example.org/blog/` has its feed at `/rss.xml`, and the proxy in front takes `/blog` off. Where it does not, or nothing
//! is in front, `/blog/rss.xml` answers alike. What the site itself has at an address wins: a post at `/blog/rss.xml` stays there.

use crate::config::Config;
use crate::site::Site;

use super::target::Target;

/// The target of the event that says that requests come with the base path.
pub const EVENTS: &str = "feedmill::base_path";

/// The bytes at the beginning of `path` that are the path of the site and not of its document; 0 if there are none.
pub(super) fn length_of_base(site: &Site, path: &str) -> usize {
    let Some(base) = base_path(site.config()) else { return 0 };
    let is_below = path
        .strip_prefix(base)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if !is_below {
        return 0;
    }
    let is_own = match Target::parse(path) {
        Some(Target::Address(address)) => site.holder(&address).is_some(),
        // feedmill's own documents; a redirect to one of them is of less use than the site
        Some(Target::Moved(_)) | None => site.config().redirect.next(path, &site.config().base()).is_some(),
        Some(_) => true,
    };
    if is_own { 0 } else { base.len() }
}

/// `path` without its first `length` bytes, which [`length_of_base`] returned.
pub(super) fn without_base(path: &str, length: usize) -> &str {
    match path.get(length..) {
        None | Some("") => "/",
        Some(rest) => rest,
    }
}

/// The path of `site.base_url`, without a slash at its end: `/blog`. `None` if it has none.
pub(super) fn base_path(config: &Config) -> Option<&str> {
    let path = config.site.base_url.as_ref()?.path().trim_end_matches('/');
    (!path.is_empty()).then_some(path)
}
