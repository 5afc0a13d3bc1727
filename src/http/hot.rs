//! The short way for what nearly every request is for: the newest feeds of the site, which are finished with it.
//!
//! They are answered before warp sees the request, by the same functions as behind its filter ([`super::filter`]): a chain of filters
//! costs more than the answer. Whatever is not plainly such a request is left to the filter.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response, request};

use super::door::{Asked, Door};
use super::finished::finished_feed;
use super::routes::{Request, answer_target};
use super::target::Target;
use crate::index::Scope;
use crate::render::Place;
use crate::site::Site;
use crate::time::Timestamp;

/// Answers requests for the newest feeds of what `site` gives, and no others.
pub fn hot<S>(
    site: S,
    door: Door,
) -> impl Fn(&request::Parts, Option<SocketAddr>) -> Option<Response<Bytes>> + Clone + Send + Sync + 'static
where
    S: Fn() -> Arc<Site> + Clone + Send + Sync + 'static,
{
    move |head, peer| {
        let reads = head.method == Method::GET || head.method == Method::HEAD;
        if !reads || head.uri.query().is_some() {
            return None;
        }
        let (path, headers) = (head.uri.path(), &head.headers);
        let format = finished_feed(path, headers)?;
        let site = site();
        if !site.has_newest(format) {
            return None;
        }
        let target = Target::Feed(Scope::Site, Place::Newest, format);
        let asked = Asked {
            peer: peer.map(|peer| peer.ip()),
            method: &head.method,
            path,
            query: "",
        };
        let (visit, refusal) = door.enter(asked, Some(&target), headers);
        let response = refusal.unwrap_or_else(|| {
            let request = Request {
                path,
                query: "",
                headers,
                now: Timestamp::now(),
            };
            answer_target(&site, Some(&target), &request)
        });
        Some(door.leave(&visit, &site, response, |body| body.len() as u64))
    }
}
