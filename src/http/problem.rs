//! What went wrong, for machines and people alike: `application/problem+json` (RFC 9457).

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

/// What a [`problem`] says, carried along with it as an extension of the response.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    detail: String,
}

impl Problem {
    /// The problem as the document of the request with the name `id`.
    #[must_use]
    pub fn told_of(&self, id: &str) -> Bytes {
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

/// An answer that says what went wrong. `detail` is for the client: it names no file and no internals.
#[must_use]
pub fn problem(status: StatusCode, detail: &str) -> Response<Bytes> {
    let problem = Problem {
        status,
        detail: detail.to_owned(),
    };
    let mut response = Response::new(problem.document(None));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    // an error is nothing to keep: what is missing now may be there in a moment
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.extensions_mut().insert(problem);
    response
}
