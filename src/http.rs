//! The HTTP server: requests to responses.
//!
//! [`server`] accepts connections. [`request_context`] holds what all requests share. [`fast_path`] answers requests for what is already
//! built, as `ready` decides; [`filter`] is the warp filter for all others, and `in_progress` joins requests for what is being built.
//! [`target`] parses a path, [`routes`] answers it, `redirect` answers old addresses. [`query`] parses the parameters of the listing.
//! [`negotiate`], [`conditional`], [`range`] and [`delta`] follow request headers (RFC 9110, RFC 3229); [`reply`] and [`links`] write
//! response headers. [`media`] serves files. [`problem`] is an error for programs (RFC 9457), [`error_page`] for people. [`rate_limit`]
//! limits clients, [`access`] is the access log. [`preview`] and [`shared`] show drafts to their author and to guests. [`admin`] serves
//! status and metrics to operators.

pub mod access;
pub mod admin;
pub mod conditional;
pub mod delta;
pub mod error_page;
pub mod fast_path;
pub mod filter;
mod in_progress;
pub mod links;
pub mod media;
pub mod negotiate;
pub mod preview;
pub mod problem;
pub mod query;
pub mod range;
pub mod rate_limit;
mod ready;
mod redirect;
pub mod reply;
pub mod request_context;
pub mod routes;
pub mod server;
pub mod shared;
pub mod target;
