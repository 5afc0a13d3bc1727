//! Errors for programs: `application/problem+json` (RFC 9457).

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

/// The content of a [`problem`], as an extension of its response.
#[derive(Clone, Debug)]
pub struct ProblemDetails {
    status: StatusCode,
    detail: String,
}

impl ProblemDetails {
    /// Returns the document about the problem of the request with this `id`.
    #[must_use]
    pub fn for_request(&self, id: &str) -> Bytes {
        self.document(Some(format!("urn:feedmill:request:{id}")))
    }

    /// What went wrong, as a fragment in lower case.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    fn document(&self, instance: Option<String>) -> Bytes {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let (Some(instance), Some(body)) = (instance, body.as_object_mut()) {
            body.insert("instance".to_owned(), instance.into());
        }
        body.to_string().into()
    }
}

/// Returns an error response. `detail` is for the client: it names no file and no internals.
#[must_use]
pub fn problem(status: StatusCode, detail: &str) -> Response<Bytes> {
    let details = ProblemDetails {
        status,
        detail: detail.to_owned(),
    };
    let mut response = Response::new(details.document(None));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    // no cache may keep an error: what is missing now may exist in a moment
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.extensions_mut().insert(details);
    response
}

/// Returns a 503 after which the client may try again in `seconds`.
#[must_use]
pub fn unavailable(detail: &str, seconds: u32) -> Response<Bytes> {
    let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, detail);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// Returns the response to a request that finds too many searches running.
#[must_use]
pub fn too_many_searches() -> Response<Bytes> {
    unavailable("too many searches are running; try again in a second", 1)
}
