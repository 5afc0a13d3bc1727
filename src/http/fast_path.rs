//! The short way for what nearly every request is for: what is finished (`super::ready`), and needs no work.
//!
//! It is answered before warp sees the request, by the same functions as behind its filter ([`super::filter`]): a chain of filters
//! costs more than the answer. Whatever is not plainly such a request is left to the filter.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Response, request};

use super::ready::finished;
use super::request_context::{Asked, RequestContext};
use super::routes::{Request, answer_target};
use crate::site::Site;
use crate::time::Timestamp;

/// Answers requests for what is finished of the site that `site` gives, and no others.
pub fn fast_path<S>(
    site: S,
    context: RequestContext,
) -> impl Fn(&request::Parts, Option<SocketAddr>) -> Option<Response<Bytes>> + Clone + Send + Sync + 'static
where
    S: Fn() -> Arc<Site> + Clone + Send + Sync + 'static,
{
    move |head, peer| {
        let reads = head.method == Method::GET || head.method == Method::HEAD;
        // a preview checks its key first, and shows more than is finished
        if !reads || context.preview.is_some() {
            return None;
        }
        let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
        let headers = &head.headers;
        let site = site();
        let request = Request {
            path,
            query,
            headers,
            now: Timestamp::now(),
        };
        let target = finished(&site, &request)?;
        let asked = Asked {
            peer: peer.map(|peer| peer.ip()),
            method: &head.method,
            path,
            query,
        };
        let (visit, refusal) = context.enter(asked, Some(&target), headers);
        let response = refusal.unwrap_or_else(|| answer_target(&site, Some(&target), &request));
        Some(context.leave(&visit, &site, response, |body| body.len() as u64))
    }
}
