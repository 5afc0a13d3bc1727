//! Deltas of feeds: RFC 3229 with the instance manipulation `feed`.
//!
//! A client that names a version that it has, and sends `A-IM: feed`, gets a feed of only the items that are new or changed since: 226,
//! with the tag of the whole feed. If the version is unknown, or nothing was added to it, the client gets the plain response.
//! `If-Modified-Since` alone gets the plain response too, because a date does not name a version.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use super::conditional::if_none_match_tags;
use super::negotiate::is_accepted;
use super::request::Request;
use crate::index::Scope;
use crate::render::Format;
use crate::render::encode::Coding;
use crate::site::Site;

/// The field in which a client asks for a delta.
pub const A_IM: HeaderName = HeaderName::from_static("a-im");
const IM: HeaderName = HeaderName::from_static("im");
const DELTA_BASE: HeaderName = HeaderName::from_static("delta-base");

/// Returns the delta to send instead of `whole`, if the client asks for one and there is one.
#[must_use]
pub fn delta(site: &Site, scope: &Scope, format: Format, request: &Request, whole: &Response<Bytes>) -> Option<Response<Bytes>> {
    let manipulations = request.headers.get_all(A_IM).iter().filter_map(|value| value.to_str().ok());
    if whole.status() != StatusCode::OK || !is_accepted(manipulations, "feed") {
        return None;
    }
    let held = if_none_match_tags(request.headers);
    let (document, base) = site.delta(scope, format, &held)?;
    // that of the whole feed, for which the header is; the one that the client prefers may not be made yet
    let named = whole.headers().get(header::CONTENT_ENCODING);
    let coding = Coding::ALL
        .into_iter()
        .find(|coding| named.is_some_and(|named| named == coding.name()));
    let coding = coding.unwrap_or(Coding::Identity);
    let mut response = whole.clone();
    *response.status_mut() = StatusCode::IM_USED;
    *response.body_mut() = document.encoded(coding).bytes.clone();
    let headers = response.headers_mut();
    headers.insert(IM, HeaderValue::from_static("feed"));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding, A-IM, If-None-Match"));
    // caches that do not know deltas must not keep one; others may (section 10.8)
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, im"));
    if held.len() > 1 {
        headers.insert(DELTA_BASE, HeaderValue::try_from(base).ok()?);
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::HeaderMap;

    use super::*;
    use crate::config::Config;
    use crate::http::routes::answer;
    use crate::http::target::Target;
    use crate::post::{Changes, Post, read};
    use crate::site::SiteInput;
    use crate::source_file::SourceFile;
    use crate::time::Timestamp;

    fn post(name: &str, config: &Config) -> Arc<Post> {
        let file = SourceFile {
            path: format!("{name}.md").into(),
            bytes: format!("---\ndate: 2026-01-01\n---\n{}\n", "Words. ".repeat(200))
                .into_bytes()
                .into(),
            modified: Timestamp::UNIX_EPOCH,
        };
        Arc::new(read(&file, config).unwrap().post)
    }

    fn rss(site: &Site, headers: &[(HeaderName, &str)]) -> Response<Bytes> {
        let target = Target::parse("/rss.xml");
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()));
        let headers: HeaderMap = headers.collect();
        answer(site, &Request::new(target.as_ref(), "/rss.xml", "", &headers, site.built()))
    }

    #[test]
    fn the_header_names_the_coding_of_the_delta_also_before_the_whole_feed_is_compressed() {
        let config = Arc::new(Config::default());
        let build = |names: &[&str], at: &str, previous: Option<&Site>| {
            let posts = names.iter().map(|name| post(name, &config)).collect();
            let input = SiteInput {
                changes: Changes::all(posts),
                ..SiteInput::default()
            };
            Site::build(&config, input, at.parse().unwrap(), previous)
        };
        let first = build(&["a"], "2026-02-01T00:00:00Z", None);
        let held = rss(&first, &[]).headers()[header::ETAG].to_str().unwrap().to_owned();
        let second = build(&["a", "b"], "2026-02-02T00:00:00Z", Some(&first));
        for is_finished in [false, true] {
            if is_finished {
                second.finish();
            }
            let wish = [
                (A_IM, "feed"),
                (header::IF_NONE_MATCH, &*held),
                (header::ACCEPT_ENCODING, "gzip"),
            ];
            let delta = rss(&second, &wish);
            assert_eq!(delta.status(), StatusCode::IM_USED);
            let coding = delta
                .headers()
                .get(header::CONTENT_ENCODING)
                .map(|value| value.to_str().unwrap());
            assert_eq!(coding, is_finished.then_some("gzip"));
            assert_eq!(delta.body().starts_with(b"\x1f\x8b"), is_finished);
        }
    }
}
