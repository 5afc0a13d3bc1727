//! The address of the hub: it takes the forms of subscribers (`WebSub`, section 5.1), and explains itself to people.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use super::redirect;
use super::request::Request;
use super::server::RequestHead;
use super::target::Target;
use crate::config::path_on_site;
use crate::push::Busy;
use crate::push::hub::{Hub, Refusal};
use crate::push::request::{HubRequest, MAX_FORM_BYTES, parse_form};
use crate::push::subscription::Topic;
use crate::render::Place;
use crate::site::Site;
use crate::time::Timestamp;

/// After how many seconds a subscriber that is not served now should ask again.
const RETRY_SECONDS: u32 = 60;

/// The topic at `path` below the address of `site`, or the one to which that has moved. Archives are no topics.
#[must_use]
pub fn topic_at(site: &Site, path: &str) -> Option<Topic> {
    if let Some(topic) = topic_here(site, path) {
        return Some(topic);
    }
    let headers = http::HeaderMap::new();
    let target = Target::parse(path);
    let request = Request::new(target.as_ref(), path, "", &headers, Timestamp::UNIX_EPOCH);
    let moved = redirect::destination(site, &request)?;
    topic_here(site, path_on_site(&moved, &site.config().base())?)
}

fn topic_here(site: &Site, path: &str) -> Option<Topic> {
    match Target::parse(path)? {
        Target::Feed(scope, Place::Newest, format) if site.index.members(&scope).is_some() => Some(Topic { scope, format }),
        _ => None,
    }
}

/// Answers a form that was sent to the hub. The answer does not depend on what the callback says (section 5.1.2).
pub(super) fn answer_form(site: &Site, hub: &Arc<Hub>, head: &RequestHead) -> Response<Bytes> {
    let config = site.config();
    let base = config.base();
    let at_url = |url: &str| {
        let path = url
            .strip_prefix(&base)
            .filter(|path| path.starts_with('/') && !path.contains(['?', '#']));
        let topic = path.and_then(|path| topic_at(site, path));
        topic.ok_or_else(|| format!("hub.topic must be a feed of this site, such as {base}/atom.xml"))
    };
    if head.body.len() > MAX_FORM_BYTES {
        return plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            &format!("the form may have {MAX_FORM_BYTES} bytes"),
        );
    }
    let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    match parse_form(content_type, &head.body, config, at_url) {
        Err(reason) => plain(StatusCode::BAD_REQUEST, &reason),
        Ok(HubRequest::Publish) => plain(StatusCode::ACCEPTED, "this hub knows the news of its own feeds already"),
        Ok(HubRequest::Subscription(request)) => match hub.request(*request) {
            Ok(()) => plain(StatusCode::ACCEPTED, "the callback is asked next whether it wants this"),
            Err(refusal) => {
                let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, reason(refusal));
                response
                    .headers_mut()
                    .insert(header::RETRY_AFTER, HeaderValue::from(RETRY_SECONDS));
                response
            }
        },
    }
}

fn reason(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::NotReady => "subscriptions cannot be stored now; try again later",
        Refusal::Busy(Busy::Full) => "this hub has as many subscriptions as it takes",
        Refusal::Busy(Busy::HostIsFull) => "this hub has as many subscriptions for the host of the callback as it takes",
        Refusal::Busy(Busy::HostIsBusy) => "many requests for the host of the callback are not verified yet; try again later",
    }
}

fn plain(status: StatusCode, text: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(format!("{text}\n")));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
