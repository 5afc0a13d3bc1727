//! The operator's address: how the site and its watching are.

use std::convert::Infallible;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use warp::Filter;
use warp::filters::path::FullPath;

use super::problem::problem;

/// The filter that answers the operator: `/status` is what `status` gives at that moment.
pub fn routes<S>(status: S) -> impl Filter<Extract = (Response<Bytes>,), Error = Infallible> + Clone
where
    S: Fn() -> serde_json::Value + Clone + Send + Sync + 'static,
{
    let read = warp::get()
        .or(warp::head())
        .unify()
        .and(warp::path::full())
        .map(move |path: FullPath| match path.as_str() {
            "/status" => json(&status()),
            _ => problem(StatusCode::NOT_FOUND, "here is /status"),
        });
    read.or(warp::method().map(|method| super::routes::other_method(&method)))
        .unify()
}

fn json(value: &serde_json::Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(format!("{value:#}\n")));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
