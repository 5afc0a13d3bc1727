//! The door: requests in, answers out.
//!
//! [`server`] holds the connections, [`routes`] says which address answers what, [`target`] reads an address, [`query`] the
//! parameters of the listing, [`conditional`] spares what the client has already, [`problem`] says what went wrong. [`admin`] is the operator's own door.

pub mod admin;
pub mod conditional;
pub mod problem;
pub mod query;
pub mod routes;
pub mod server;
pub mod target;
