//! The feeds and the files that list addresses: one file for each standard.

pub(super) mod atom;
pub mod feed_page;
pub(super) mod item;
pub(super) mod json_feed;
pub mod opml;
pub mod private_feed;
pub mod robots;
pub(super) mod rss;
pub(super) mod serialized_item;
pub mod sitemap;
