//! Parses an old feed to an [`OldFeed`]: RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, JSON Feed 1.x; also a site map or a list of addresses.
//!
//! Only what identifies items is read, and every id is kept as written, because readers compare ids character by character
//! (RFC 4287, section 4.2.6.1). An item without an id gets its link as id, as in feed readers; no id is invented. Any other mistake
//! in a feed costs at most an item, and is noted.
//!
//! The crate `feed-rs` (3.0) is not used: it returns the same id for `&copy;`, an undeclared entity, and for
//! `&amp;copy;`, and the first must be refused. It also reads neither declared entities nor `isPermaLink`, `next_url` and
//! `feedburner:origLink`, and keeps nothing of a feed that is broken halfway.

mod addresses;
mod entities;
mod json;
mod old_feed;
#[cfg(test)]
mod tests;
mod xml;

use url::Url;

pub(super) use self::old_feed::parse_moment;
pub use self::old_feed::{OldFeed, OldItem};

/// Parses the feed document `bytes`, which was fetched from `found`.
///
/// # Errors
///
/// Why it is not a feed, or the position of a syntax error before the first item.
pub(crate) fn parse_feed(bytes: &[u8], found: Option<&Url>) -> Result<OldFeed, String> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    match text.first() {
        None => Err("it is empty".to_owned()),
        Some(b'{') => json::parse_json(text, found),
        // UTF-16 begins with its mark, or with the NUL of a `<`
        Some(b'<' | 0xfe | 0xff | 0) => match addresses::parse_site_map(bytes, found) {
            Some(list) => Ok(list),
            None => xml::parse_xml(bytes, found),
        },
        Some(_) => addresses::parse_lines(text, found)
            .ok_or_else(|| "it is neither XML nor JSON nor a list of addresses; name an RSS, Atom or JSON feed".to_owned()),
    }
}
