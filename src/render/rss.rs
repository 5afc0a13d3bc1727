//! stub
use super::FeedPage;

/// Writes `page`.
#[must_use]
pub fn write(page: &FeedPage) -> Vec<u8> {
    let _ = page;
    Vec::new()
}
