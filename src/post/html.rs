//! stub
/// `html` cleaned for feeds: every URL absolute against `url`, the post's own address.
#[must_use]
pub fn for_feed(html: &str, url: &str) -> String {
    let _ = url;
    html.to_owned()
}

/// `html` cleaned for the post's page at `url`: URLs stay as they are.
#[must_use]
pub fn for_page(html: &str) -> String {
    html.to_owned()
}

/// The text of `html`: no tags, entities read, white space folded.
#[must_use]
pub fn text(html: &str) -> String {
    html.to_owned()
}
