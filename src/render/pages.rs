//! Pages for people: their content ([`Page`]) and their theme ([`Theme`]).
//!
//! HTML as the living standard has it, with Open Graph, Twitter cards and JSON-LD (schema.org) in its head. There are no scripts, and
//! nothing from another host except what authors link to. Addresses on the site are paths, so that a page works at any address of the
//! site; addresses that leave the page (canonical, feeds, cards) are absolute.
//!
//! A page is made in two steps: the functions here collect its content, and [`Theme::render`] puts that into a template. The values of
//! a template are what `Serialize` writes of the types in here: `site` ([`theme`]), `head` (`head`) and `page` (one type for each
//! template).

mod address;
mod directory;
mod head;
mod hub;
mod list;
mod page;
mod post;
pub mod preview;
mod sample_pages;
pub mod static_error;
mod subscribe;
mod summary;
pub mod theme;
mod theme_files;

pub(crate) use self::address::home_path;
pub(crate) use self::directory::directory;
pub use self::directory::{Counted, years};
pub use self::hub::hub;
pub use self::list::{ListPage, SearchResult, Subject, Unpublished, list, search, withdrawn};
pub(crate) use self::list::{list_with_unpublished, not_found, temporarily_unavailable};
pub use self::page::Page;
pub use self::post::{NeighbourPosts, post, shared};
pub use self::subscribe::subscribe;
pub use self::theme::Theme;

/// The media type of pages.
pub(crate) const MEDIA_TYPE: &str = "text/html; charset=utf-8";

#[cfg(test)]
mod tests;
