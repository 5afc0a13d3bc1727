//! The door: requests in, answers out.
//!
//! [`server`] holds the connections, [`door`] is what every request meets, [`filter`] has requests answered and [`hot`] the most of them, `finished` knows which need no work, `in_progress` which are being made, [`routes`] says which address answers what,
//! [`target`] reads an address, `redirect` follows one that has moved, [`query`] reads the parameters of the listing, [`negotiate`] and
//! [`conditional`] what the client would rather have and what it has already; [`reply`] makes an answer of a document, [`delta`] only
//! what is new of it, [`links`] names its relatives, [`media`] and [`range`] give files, [`problem`] says what went wrong and [`fault`]
//! says it to people, [`pace`] who asks too often, [`access`] who asked what. [`preview`] shows the author what is not
//! published, [`shared`] whoever was given one draft. [`admin`] is the operator's door.

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
