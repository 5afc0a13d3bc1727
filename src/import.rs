//! Imports the ids and addresses of a blog's old feed.
//!
//! A file or a response ([`origin`]) is parsed to an [`OldFeed`] ([`feed`]). Its items are matched to the posts here ([`matching`]).
//! The result is an [`Adoption`](adoption::Adoption) for each matched post ([`adoption`]). No posts are created.

pub mod address;
pub mod adoption;
pub mod feed;
pub mod matching;
pub mod origin;

pub use feed::{OldFeed, OldItem};
