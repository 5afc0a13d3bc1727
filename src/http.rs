//! The HTTP server: requests to responses.
//!
//! - [`server`] accepts connections, checks requests, and calls the one warp filter, [`filter`].
//! - [`target`] parses a path, [`base_path`] is the part of it that belongs to the address of the site, [`request`] is a parsed request, `ready` finds a document that exists already, [`routes`] returns a
//!   response, `redirect` follows old addresses. `renders_in_progress` joins requests for a document that is being rendered.
//! - [`request_context`] is what all requests share, with `rate_limit`, [`access`] (the access log) and `network`.
//! - `negotiate`, [`conditional`], `range` and `delta` follow the fields of a request (RFC 9110, RFC 3229). `reply` and `links`
//!   write the fields of a response. [`query`] parses the parameters of the listing.
//! - [`media`] serves files.
//! - [`events`] and the preview send events; `event_stream` is what they share.
//! - `problem` is an error for programs (RFC 9457), `error_page` for people.
//! - [`preview`] and [`shared_drafts`] show drafts to their author and to guests; `confidential` has the fields of such responses.
//! - [`admin`] serves status and metrics to operators.

pub mod access;
pub mod admin;
pub mod base_path;
pub mod conditional;
mod confidential;
mod delta;
mod error_page;
mod event_stream;
pub mod events;
pub mod filter;
mod host;
pub mod hub;
mod links;
pub mod media;
mod negotiate;
pub(crate) mod network;
pub mod preview;
mod problem;
pub mod query;
mod range;
mod rate_limit;
mod ready;
mod redirect;
mod renders_in_progress;
mod reply;
pub mod request;
pub mod request_context;
pub mod routes;
pub mod server;
pub mod shared_drafts;
pub mod target;
