//! A blog that has lived elsewhere: its old feed, and which of its items is which post here.
//!
//! Bytes become an [`OldFeed`] ([`feed`]), wherever they lie ([`origin`]); its items are matched to the posts here ([`matching`]); and
//! what is to be kept of that is an [`Adoption`] for each post ([`adoption`]). Posts themselves are not made here.

pub mod address;
pub mod adoption;
pub mod feed;
pub mod matching;
pub mod origin;

pub use adoption::Adoption;
pub use feed::{OldFeed, OldItem};
