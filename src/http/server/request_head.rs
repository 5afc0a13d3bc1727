//! The head of a request, as the server passes it to the filter.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Uri, Version, request};
use tokio_util::sync::CancellationToken;
use warp::Filter;

/// The method, target, header and body of a request, and the address of the client.
///
/// It is an extension of the request that warp gets. The header is moved into it, not copied, so warp's own header filters find
/// nothing; [`request_head`] is the filter for it.
#[derive(Clone, Debug, Default)]
pub struct RequestHead {
    /// The method.
    pub method: Method,
    /// The target.
    pub uri: Uri,
    /// The version of HTTP.
    pub version: Version,
    /// The header.
    pub headers: HeaderMap,
    /// The other end of the connection: the client, or a proxy in front. A Unix socket has none.
    pub peer: Option<SocketAddr>,
    /// Cancelled once the listener takes no more requests: a response without an end must end.
    pub stopping: Arc<CancellationToken>,
    /// The body.
    pub body: Bytes,
}

impl RequestHead {
    pub(super) fn new(parts: request::Parts, peer: Option<SocketAddr>, stopping: Arc<CancellationToken>) -> RequestHead {
        RequestHead {
            method: parts.method,
            uri: parts.uri,
            version: parts.version,
            headers: parts.headers,
            peer,
            stopping,
            body: Bytes::new(),
        }
    }

    /// Returns the request that warp gets.
    pub(super) fn to_request<B>(self: &Arc<Self>, body: B) -> Request<B> {
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = self.version;
        request.extensions_mut().insert(Arc::clone(self));
        request
    }

    /// The path of the target; for CONNECT the host and port that it names.
    #[must_use]
    pub fn path(&self) -> &str {
        match self.uri.path_and_query() {
            Some(target) => target.path(),
            None => self.uri.authority().map_or("", |authority| authority.as_str()),
        }
    }

    /// The query of the target, without its `?`.
    #[must_use]
    pub fn query(&self) -> &str {
        self.uri.query().unwrap_or_default()
    }
}

/// The filter that extracts the head of a request.
pub fn request_head() -> impl Filter<Extract = (Arc<RequestHead>,), Error = Infallible> + Copy {
    warp::ext::optional::<Arc<RequestHead>>().map(Option::unwrap_or_default)
}
