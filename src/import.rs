//! Moves a blog here: posts from the exports of other tools, and ids and addresses from its old feed.
//!
//! - [`export`] reads an export, of a format that its content shows, and finds [`imported`] posts. [`importing`] turns them into files
//!   of Markdown ([`clean`], [`markdown`], [`links`], [`media`], [`files`]).
//! - A feed, in a file or a response ([`origin`]), is parsed to an [`OldFeed`] ([`feed`]). Its items are matched to the posts here
//!   ([`matching`]). The result is an [`Adoption`](adoption::Adoption) for each matched post ([`adoption`]).

pub mod address;
pub mod adoption;
mod clean;
pub(crate) mod export;
pub mod feed;
mod files;
pub mod imported;
pub mod importing;
mod links;
mod markdown;
pub mod matching;
pub mod media;
pub mod old_ids;
pub mod origin;
mod picture;
mod post_body;
mod remove_elements;
mod table;

pub use feed::{OldFeed, OldItem};
