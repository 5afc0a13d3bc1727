//! Push: subscribers are told of new posts at once (`WebSub`, <https://www.w3.org/TR/websub/>).
//!
//! [`hub`] takes requests for the site's own feeds ([`request`]), asks the callback whether it wants them, and sends it the newest document
//! after each change. [`announce`] says what is a change: also what happened while the program was down, never an upgrade.
//! The hub has no content of its own: a document is made from the site that stands when it is sent.
//!
//! [`ping`] tells the hubs of others, which have subscribers of their own.
//!
//! Callbacks are addresses that anybody may name, so they are connected to through [`outgoing`](crate::outgoing) only, in bounded number, and
//! a host that does not answer as a subscriber gets a few requests a minute and never a document.

pub mod announce;
mod calls;
pub mod hub;
pub mod ping;
mod queue;
pub mod request;
pub mod subscription;
mod timing;

pub use self::queue::Busy;
pub use self::timing::Timing;
