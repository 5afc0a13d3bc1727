//! Compares addresses of the old site with addresses here.
//!
//! Tools use different ends of a page's address (`/hello`, `/hello/`, `/hello.html`, `/hello/index.html`) and different starts (a
//! folder, a date), but usually the same name.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use url::Url;

use super::feed::OldFeed;
use crate::config::{addresses_with_parameters, is_parameter};
use crate::post::slug::slugify;

/// Query parameters that only say where a reader came from.
const TRACKING: [&str; 5] = ["fbclid", "gclid", "mc_cid", "mc_eid", "ref"];

/// `url` without its fragment and without parameters that only say where a reader came from.
#[must_use]
pub(crate) fn without_tracking(mut url: Url) -> Url {
    url.set_fragment(None);
    if url.query().is_some() {
        let kept: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(name, _)| !name.starts_with("utm_") && !TRACKING.contains(&&**name))
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        if kept.is_empty() {
            url.set_query(None);
        } else {
            url.query_pairs_mut().clear().extend_pairs(kept);
        }
    }
    url
}

/// The host of `url` without `www.`, which makes no difference.
#[must_use]
pub fn host(url: &Url) -> Option<&str> {
    let host = url.host_str()?;
    Some(host.strip_prefix("www.").unwrap_or(host))
}

/// The hosts of the site that `feed` names, as [`host`] returns them; empty if it names none.
#[must_use]
pub(crate) fn own_hosts(feed: &OldFeed) -> BTreeSet<String> {
    let own = [feed.home.as_ref(), feed.address.as_ref()].into_iter().flatten();
    own.filter_map(|url| host(url).map(str::to_owned)).collect()
}

/// The path of `url` with its one parameter, percent-decoded: `/?p=123`. `None` if it has no query, or another one.
#[must_use]
pub(crate) fn address_with_parameter(url: &Url) -> Option<String> {
    let query = url.query().filter(|query| is_parameter(query))?;
    addresses_with_parameters(url.path(), query).next()
}

/// The percent-decoded path of `url`; `None` if it is not UTF-8, or if the URL has a query.
#[must_use]
pub(crate) fn decoded_path(url: &Url) -> Option<String> {
    if url.query().is_some() {
        return None;
    }
    Some(percent_decode_str(url.path()).decode_utf8().ok()?.into_owned())
}

/// `path` in lower case and without the ends that tools add. It is the same for all addresses that tools give one page.
#[must_use]
pub(crate) fn fold_path(path: &str) -> String {
    const INDEXES: [&str; 4] = ["/index.html", "/index.htm", "/index.php", "/index"];
    const PAGES: [&str; 7] = [".html", ".htm", ".xhtml", ".php", ".aspx", ".asp", ".md"];
    let path = path.to_lowercase();
    let mut rest = path.trim_end_matches('/');
    if let Some(shorter) = INDEXES.iter().find_map(|index| rest.strip_suffix(index)) {
        rest = shorter.trim_end_matches('/');
    } else if let Some(shorter) = PAGES.iter().find_map(|page| rest.strip_suffix(page)) {
        rest = shorter;
    }
    rest.to_owned()
}

/// The name of the page at `path`, as a slug: its last part without a date at the start. Empty if there is none.
#[must_use]
pub fn page_name(path: &str) -> String {
    let folded = fold_path(path);
    let last = folded.rsplit('/').next().unwrap_or_default();
    let dated = |text: &str| {
        let (year, rest) = text.split_at_checked(4)?;
        let (month_and_day, rest) = rest.split_at_checked(7)?;
        let is_date = year.bytes().all(|byte| byte.is_ascii_digit())
            && month_and_day
                .bytes()
                .enumerate()
                .all(|(i, byte)| if i % 3 == 0 { byte == b'-' } else { byte.is_ascii_digit() });
        (is_date && !rest.is_empty()).then(|| rest.to_owned())
    };
    slugify(&dated(last).unwrap_or_else(|| last.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracking_parameters_are_removed() {
        let cases = [
            (
                "https://a.example/x?utm_source=rss&utm_medium=feed#top",
                "https://a.example/x",
            ),
            ("https://a.example/?p=12&utm_source=rss", "https://a.example/?p=12"),
            ("https://a.example/x", "https://a.example/x"),
        ];
        for (written, expected) in cases {
            assert_eq!(without_tracking(written.parse().unwrap()).as_str(), expected);
        }
    }

    #[test]
    fn all_addresses_of_one_page_are_the_same() {
        for path in [
            "/notes/Hello",
            "/notes/hello/",
            "/notes/hello.html",
            "/notes/hello/index.html",
            "/notes/hello.php",
        ] {
            assert_eq!(fold_path(path), "/notes/hello", "{path}");
        }
        assert_eq!(fold_path("/"), "");
        assert_eq!(fold_path("/release-1.5"), "/release-1.5");
    }

    #[test]
    fn names() {
        let cases = [
            ("/2026/01/31/hello-world.html", "hello-world"),
            ("/2026-01-31-hello/", "hello"),
            ("/ios-8.1.1.html", "ios-8-1-1"),
            ("/caf\u{e9}", "cafe"),
            ("/", ""),
            ("/2026-01-31/", "2026-01-31"),
            ("/index.html", ""),
        ];
        for (path, expected) in cases {
            assert_eq!(page_name(path), expected, "{path}");
        }
    }
}
