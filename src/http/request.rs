//! A request to read something, as the routes get it.

use http::HeaderMap;

use super::negotiate::{AcceptedCodings, accepted_codings};
use super::target::Target;
use crate::time::Timestamp;

/// A GET or HEAD request. Its path is parsed once, and so is its `Accept-Encoding`.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// What its path asks for; `None` if it cannot be decoded.
    pub target: Option<&'a Target>,
    /// The path, percent-encoded as in the request line.
    pub path: &'a str,
    /// The query, without its `?`.
    pub query: &'a str,
    /// The header.
    pub headers: &'a HeaderMap,
    /// When it is answered.
    pub now: Timestamp,
    pub(super) codings: AcceptedCodings,
}

impl<'a> Request<'a> {
    /// Returns the request for `target`, which is what [`Target::parse`] returns for `path`.
    #[must_use]
    pub fn new(target: Option<&'a Target>, path: &'a str, query: &'a str, headers: &'a HeaderMap, now: Timestamp) -> Request<'a> {
        Request {
            target,
            path,
            query,
            headers,
            now,
            codings: accepted_codings(headers),
        }
    }
}
