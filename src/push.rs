//! Push: subscribers are told of new posts (`WebSub`, <https://www.w3.org/TR/websub/>).
//!
//! [`announce`] says which feeds have to be announced after a change of the site, and after a restart.

pub mod announce;
